// SPDX-License-Identifier: Apache-2.0

/// A glob over one word: `*` stands for any bytes, `?` for one. Compiled once, matched without allocation.
///
/// Cost is at most the product of the two lengths, and linear with a single `*`.
struct WordGlob: Sendable, Hashable {
    private enum Shape: Sendable, Hashable {
        case any, literal, pattern
    }

    let bytes: [UInt8]
    private let shape: Shape

    init(_ text: some StringProtocol) {
        self.init(Array(text.utf8))
    }

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes == [UInt8(ascii: "*")] {
            shape = .any
        } else {
            shape = bytes.contains(where: { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }) ? .pattern : .literal
        }
    }

    /// Matches every word.
    var isAny: Bool { shape == .any }
    /// Holds no wildcard.
    var isLiteral: Bool { shape == .literal }
    /// The bytes behind the last wildcard: every word matched ends with them.
    var literalTail: ArraySlice<UInt8> {
        let wild = bytes.lastIndex { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
        return bytes[(wild.map { $0 + 1 } ?? 0)...]
    }
    var text: String { String(decoding: bytes, as: UTF8.self) }

    func matches(_ word: String) -> Bool {
        var word = word
        return word.withUTF8 { matches(UnsafeRawBufferPointer($0)[...]) }
    }

    func matches(_ word: ArraySlice<UInt8>) -> Bool {
        switch shape {
        case .any: true
        case .literal: word.elementsEqual(bytes)
        case .pattern: word.withUnsafeBytes { Self.search(bytes, UnsafeRawBufferPointer($0), isSymbolic: false) }
        }
    }

    func matches(_ word: Slice<UnsafeRawBufferPointer>) -> Bool {
        switch shape {
        case .any: true
        case .literal: word.elementsEqual(bytes)
        case .pattern: Self.search(bytes, UnsafeRawBufferPointer(rebasing: word), isSymbolic: false)
        }
    }

    /// Every word that `other` matches is matched by this glob. May say no where that is true, never yes where it is
    /// not: the wildcards of `other` are taken as letters that only a `*` can stand for.
    func covers(_ other: WordGlob) -> Bool {
        if isAny { return true }
        return other.bytes.withUnsafeBytes { Self.search(bytes, $0, isSymbolic: true) }
    }

    /// Some word is matched by both.
    func overlaps(_ other: WordGlob) -> Bool {
        if isAny || other.isAny { return true }
        if other.isLiteral { return matches(other.bytes[...]) }
        if isLiteral { return other.matches(bytes[...]) }
        let a = bytes
        let b = other.bytes
        let star = UInt8(ascii: "*")
        // row[j]: the rest of `a` from i and the rest of `b` from j have a word in common.
        var below = [Bool](repeating: false, count: b.count + 1)
        for i in stride(from: a.count, through: 0, by: -1) {
            var row = [Bool](repeating: false, count: b.count + 1)
            for j in stride(from: b.count, through: 0, by: -1) {
                if i == a.count, j == b.count {
                    row[j] = true
                } else if i < a.count, a[i] == star {
                    row[j] = below[j] || (j < b.count && row[j + 1])
                } else if j < b.count, b[j] == star {
                    row[j] = row[j + 1] || (i < a.count && below[j])
                } else if i < a.count, j < b.count {
                    let same = a[i] == b[j] || a[i] == UInt8(ascii: "?") || b[j] == UInt8(ascii: "?")
                    row[j] = same && below[j + 1]
                }
            }
            below = row
        }
        return below[0]
    }

    /// Greedy search that only ever goes back to the last `*`.
    private static func search(_ pattern: [UInt8], _ word: UnsafeRawBufferPointer, isSymbolic: Bool) -> Bool {
        var p = 0
        var w = 0
        var star = -1
        var resume = 0
        while w < word.count {
            let isWild = isSymbolic && (word[w] == UInt8(ascii: "*") || word[w] == UInt8(ascii: "?"))
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = p
                resume = w
                p += 1
            } else if p < pattern.count, !isWild, pattern[p] == UInt8(ascii: "?") || pattern[p] == word[w] {
                p += 1
                w += 1
            } else if p < pattern.count, isSymbolic, word[w] == UInt8(ascii: "?"), pattern[p] == UInt8(ascii: "?") {
                p += 1
                w += 1
            } else if star >= 0 {
                p = star + 1
                resume += 1
                w = resume
            } else {
                return false
            }
        }
        while p < pattern.count, pattern[p] == UInt8(ascii: "*") { p += 1 }
        return p == pattern.count
    }
}
