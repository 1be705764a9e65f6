// SPDX-License-Identifier: Apache-2.0

/// The word that a person most likely meant.
enum Suggestion {
    /// The nearest of `words` within two edits (one for short words); nil when none is near.
    static func nearest(to word: String, in words: some Sequence<String>) -> String? {
        let limit = word.count <= 4 ? 1 : 2
        var best: (word: String, distance: Int)?
        for candidate in words {
            let distance = edits(from: word.lowercased(), to: candidate.lowercased(), limit: limit)
            guard distance <= limit else { continue }
            // Ties go to the alphabetically first, so that messages do not depend on the order of a set.
            if let current = best, (current.distance, current.word) <= (distance, candidate) { continue }
            best = (candidate, distance)
        }
        return best?.word
    }

    /// `did you mean …`, or the list of what is accepted.
    static func hint(for word: String, in words: [String]) -> String? {
        if let near = nearest(to: word, in: words) { return "did you mean `\(near)`?" }
        guard !words.isEmpty, words.count <= 40 else { return nil }
        return "one of \(words.sorted().joined(separator: ", "))"
    }

    /// Damerau-Levenshtein distance (adjacent swaps count once), or `limit + 1` when it is larger.
    private static func edits(from left: String, to right: String, limit: Int) -> Int {
        let a = Array(left.utf8.prefix(64))
        let b = Array(right.utf8.prefix(64))
        if abs(a.count - b.count) > limit { return limit + 1 }
        var older: [Int] = []
        var old = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var cost = min(old[j] + (a[i] == b[j] ? 0 : 1), old[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, older[j - 1] + 1) }
                row.append(cost)
            }
            older = old
            old = row
        }
        return old[b.count]
    }
}
