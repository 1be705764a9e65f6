// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Finds the well-known package that a name could be mistaken for.
///
/// Works by spelling out what a slip, a swap or a trick would have started from and looking that up: a few hundred
/// look-ups for an ordinary name, no index of neighbourhoods. Names over 64 bytes are compared by tricks only.
struct LookAlike: Sendable, Hashable {
    /// How the name differs from the well-known one.
    enum Trick: String, Sendable, Hashable {
        /// One letter missing, doubled, changed or two swapped.
        case typo
        /// Characters that look the same.
        case homoglyph
        /// The same letters with other separators, or none.
        case separator
        /// The scope of an npm package dropped, or spelled into the name.
        case scope
        /// The well-known name with a word that suggests it is the same (`python-`, `-js`, `-official`).
        case combination
        /// The words in another order.
        case order
    }

    var target: String
    var trick: Trick
    var rank: Int

    /// The best-known name of `ecosystem` that `name` is close to; nil when it is well known itself or close to none.
    ///
    /// - Parameter name: in the registry's normalised spelling.
    static func find(_ name: String, in ecosystem: String, index: PackageIndex) -> LookAlike? {
        guard let section = index.sections[ecosystem] else { return nil }
        return find(name, among: section.ranks, known: section.known.names(section.ranks))
    }

    /// The same among any names.
    ///
    /// - Parameters:
    ///   - ranks: the names with their places, 1 the best known; tricks reach as far as for packages.
    ///   - known: of these names.
    static func find(_ name: String, among ranks: [String: Int], known: KnownNames) -> LookAlike? {
        guard ranks[name] == nil else { return nil }
        let letters = Array(name.utf8)
        guard letters.count >= 2, letters.count <= 214 else { return nil }
        var search = Search(ranks: ranks, known: known, name: letters)
        search.homoglyphs()
        search.separators()
        search.scopes()
        if letters.count <= 64 { search.slips() }
        search.order()
        search.combinations()
        return search.best
    }
}

/// Two bits for the hash of each well-known name. Nearly all of the hundreds of spellings that a name could have come
/// from are no name at all, which shows without making a text of each.
final class KnownNames: Sendable {
    private let bits: [UInt64]

    init(_ names: some Collection<String>) {
        var size = 1_024
        while size < names.count * 16 { size *= 2 }
        var bits = [UInt64](repeating: 0, count: size / 64)
        for name in names {
            let hash = Self.hash(name.utf8)
            for place in [Int(truncatingIfNeeded: hash), Int(truncatingIfNeeded: hash >> 32)] {
                let bit = place & (size - 1)
                bits[bit >> 6] |= 1 << UInt64(bit & 63)
            }
        }
        self.bits = bits
    }

    /// False for what is no name. Beyond ASCII a name has more than one spelling, so that nothing is said about it.
    func mayHold(_ name: [UInt8]) -> Bool {
        if name.contains(where: { $0 >= 0x80 }) { return true }
        let hash = Self.hash(name)
        let mask = bits.count * 64 - 1
        let first = Int(truncatingIfNeeded: hash) & mask
        let second = Int(truncatingIfNeeded: hash >> 32) & mask
        return bits[first >> 6] & 1 << UInt64(first & 63) != 0 && bits[second >> 6] & 1 << UInt64(second & 63) != 0
    }

    /// FNV-1a.
    private static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }
}

/// Known names that are made once, by whoever asks first.
final class LateKnownNames: Sendable {
    private let made = AtomicLazyReference<KnownNames>()

    func names(_ ranks: [String: Int]) -> KnownNames {
        made.load() ?? made.storeIfNil(KnownNames(ranks.keys))
    }
}

private struct Search {
    let ranks: [String: Int]
    let known: KnownNames
    let name: [UInt8]
    var best: LookAlike?

    /// How well known a name must be for a trick to be taken seriously: a short name is a neighbour of many.
    private func reach(_ trick: LookAlike.Trick, length: Int) -> Int {
        switch trick {
        case .typo: length <= 3 ? 400 : length <= 4 ? 2_000 : 5_000
        case .homoglyph: length <= 4 ? 2_000 : 15_000
        case .separator, .scope: length <= 4 ? 1_000 : 15_000
        case .order: 5_000
        case .combination: 500
        }
    }

    private mutating func consider(_ candidate: [UInt8], _ trick: LookAlike.Trick) {
        guard known.mayHold(candidate), candidate != name, let text = String(validating: candidate, as: UTF8.self),
            let rank = ranks[text],
            rank <= reach(trick, length: min(candidate.count, name.count))
        else { return }
        // The first tricks are the more telling; among equals the better known wins.
        if let best, best.trick != trick || best.rank <= rank { return }
        best = LookAlike(target: text, trick: trick, rank: rank)
    }

    mutating func slips() {
        // `x1` beside `x2` is another version, not a slip.
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789-".utf8)
        for index in name.indices {
            var shorter = name
            shorter.remove(at: index)
            if !isDigit(name[index]) || index + 1 < name.count { consider(shorter, .typo) }
            if index + 1 < name.count, name[index] != name[index + 1] {
                var swapped = name
                swapped.swapAt(index, index + 1)
                consider(swapped, .typo)
            }
            var changed = name
            for letter in alphabet where letter != name[index] && !(isDigit(letter) && isDigit(name[index])) {
                changed[index] = letter
                consider(changed, .typo)
            }
        }
        for index in 0...name.count {
            for letter in alphabet where !(isDigit(letter) && index == name.count) {
                var longer = name
                longer.insert(letter, at: index)
                consider(longer, .typo)
            }
        }
    }

    mutating func homoglyphs() {
        let pairs: [(String, String)] = [
            ("0", "o"), ("1", "l"), ("1", "i"), ("l", "i"), ("rn", "m"), ("vv", "w"), ("cl", "d"), ("5", "s"),
            ("nn", "m"),
        ]
        for (one, two) in pairs {
            for (from, to) in [(Array(one.utf8), Array(two.utf8)), (Array(two.utf8), Array(one.utf8))] {
                var index = 0
                while index + from.count <= name.count {
                    if name[index..<index + from.count].elementsEqual(from) {
                        consider(Array(name[..<index]) + to + Array(name[(index + from.count)...]), .homoglyph)
                    }
                    index += 1
                }
                consider(replacingAll(from, with: to), .homoglyph)
            }
        }
        let folded = name.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        if folded.utf8.contains(where: { $0 >= 0x80 }) { consider(Array(LookAlike.latin(folded).utf8), .homoglyph) }
    }

    mutating func separators() {
        guard name.first != UInt8(ascii: "@") else { return }
        let bare = name.filter { !isSeparator($0) }
        if bare.count < name.count { consider(bare, .separator) }
        for index in 1..<max(1, name.count) where !isSeparator(name[index]) && !isSeparator(name[index - 1]) {
            var parted = name
            parted.insert(UInt8(ascii: "-"), at: index)
            consider(parted, .separator)
            parted[index] = UInt8(ascii: ".")
            consider(parted, .separator)
            parted[index] = UInt8(ascii: "_")
            consider(parted, .separator)
        }
        for index in name.indices where isSeparator(name[index]) {
            for other in Array("-_.".utf8) where other != name[index] {
                var changed = name
                changed[index] = other
                consider(changed, .separator)
            }
        }
    }

    mutating func scopes() {
        if name.first == UInt8(ascii: "@") { return }
        // `types-node` for `@types/node`.
        for index in name.indices where isSeparator(name[index]) && index > 0 {
            consider([UInt8(ascii: "@")] + name[..<index] + [UInt8(ascii: "/")] + name[(index + 1)...], .scope)
        }
    }

    mutating func order() {
        let words = name.split(whereSeparator: isSeparator)
        guard words.count == 2, name.first != UInt8(ascii: "@") else { return }
        consider(Array(words[1]) + [UInt8(ascii: "-")] + Array(words[0]), .order)
    }

    mutating func combinations() {
        let words = name.split(whereSeparator: isSeparator).map { String(decoding: $0, as: UTF8.self) }
        guard words.count == 2, name.first != UInt8(ascii: "@") else { return }
        let fillers: Set<String> = [
            "python", "py", "py3", "python3", "node", "nodejs", "js", "official", "original", "real", "pro", "secure",
            "fixed", "fix", "patched", "latest", "new", "updated", "free", "dev2",
        ]
        if fillers.contains(words[0]) { consider(Array(words[1].utf8), .combination) }
        if fillers.contains(words[1]) { consider(Array(words[0].utf8), .combination) }
    }

    private func replacingAll(_ from: [UInt8], with to: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var index = 0
        while index < name.count {
            if index + from.count <= name.count, name[index..<index + from.count].elementsEqual(from) {
                out += to
                index += from.count
            } else {
                out.append(name[index])
                index += 1
            }
        }
        return out
    }

    private func isDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte)
    }

    private func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
    }
}

extension LookAlike {
    /// Letters of other alphabets that are drawn like Latin ones, as those.
    static func latin(_ text: String) -> String {
        let twins: [Unicode.Scalar: Unicode.Scalar] = [
            "а": "a", "е": "e", "о": "o", "р": "p", "с": "c", "у": "y", "х": "x", "і": "i", "ј": "j", "ѕ": "s",
            "ԁ": "d",
            "ɡ": "g", "һ": "h", "ո": "n", "ν": "v", "ο": "o", "α": "a", "ρ": "p", "τ": "t", "ι": "i", "κ": "k",
            "ı": "i",
        ]
        return String(String.UnicodeScalarView(text.unicodeScalars.map { twins[$0] ?? $0 }))
    }
}
