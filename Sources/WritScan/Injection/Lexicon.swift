// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Words and phrases by what they do in an instruction to an agent: who is addressed, what is overridden, what is asked
/// for, what is to be kept quiet. Several languages; read from `models/lexicon.table`.
package struct Lexicon: Sendable {
    /// Open addressing; a slot is a key and a class, class 0 is empty.
    private var keys: [UInt32]
    private var values: [UInt8]
    private let mask: Int
    /// Names of the classes, from 1.
    package let classNames: [String]
    private var plainTable: [UInt8]
    /// Words of honest writing, learnt: a filter of two bits a word. Empty before it is learnt.
    package var vocabulary: [UInt8] = []
    /// Bytes of ``vocabulary``.
    package static let vocabularyBytes = 1 << 15
    private var lanes: [Int]

    /// An empty lexicon.
    package static let empty = Lexicon(entries: [], names: [], plain: [])

    /// Reads the table: `class NAME` with lines `words a | b c | d` below; the class `plain` marks everyday words.
    package init(table: some StringProtocol) throws {
        let outline = try Outline(parsing: table)
        var names: [String] = []
        var entries: [(UInt32, UInt8)] = []
        var plain: Set<UInt32> = []
        for node in outline.nodes where node.keyword == "class" {
            let isPlain = node.value == "plain"
            if !isPlain {
                guard names.count < 250 else { break }
                names.append(node.value)
            }
            for line in node.values("words") {
                for phrase in line.split(separator: "|") {
                    let hashes = Self.hashes(of: String(phrase))
                    if isPlain {
                        plain.formUnion(hashes)
                    } else if !hashes.isEmpty, hashes.count <= Self.phraseLength {
                        entries.append((Self.key(hashes), UInt8(names.count)))
                    }
                }
            }
        }
        self.init(entries: entries, names: names, plain: plain)
    }

    private init(entries: [(UInt32, UInt8)], names: [String], plain: Set<UInt32>) {
        var size = 1024
        while size < entries.count * 4 { size *= 2 }
        keys = Array(repeating: 0, count: size)
        values = Array(repeating: 0, count: size)
        mask = size - 1
        classNames = names
        lanes = [-1] + names.map { Self.lane(named: $0) }
        plainTable = Array(repeating: 0, count: 8192)
        for hash in plain { plainTable[Int(hash & 0xFFFF) >> 3] |= 1 << UInt8(hash & 7) }
        for (key, value) in entries {
            var slot = Int(key) & mask
            while values[slot] != 0, keys[slot] != key { slot = (slot + 1) & mask }
            if values[slot] == 0 {
                keys[slot] = key
                values[slot] = value
            }
        }
    }

    /// The most words of one phrase.
    static let phraseLength = 4

    /// An everyday word of prose (a small filter by hash; a rare false yes does no harm).
    @inline(__always)
    func isPlainWord(_ hash: UInt32) -> Bool {
        plainTable[Int(hash & 0xFFFF) >> 3] & (1 << UInt8(hash & 7)) != 0
    }

    /// Which words are counted by themselves, besides being features.
    private static func lane(named name: String) -> Int {
        switch name {
        case "mention": TextFeatures.Lane.mention
        case "tongue": TextFeatures.Lane.tongue
        case "you": TextFeatures.Lane.secondPerson
        case "firstperson": TextFeatures.Lane.firstPerson
        case "please": TextFeatures.Lane.please
        default: -1
        }
    }

    @inline(__always)
    func lane(of found: UInt8) -> Int? {
        let lane = lanes[Int(found)]
        return lane < 0 ? nil : lane
    }

    /// A word that honest writing uses, as far as it was learnt (a filter: a rare false yes does no harm).
    @inline(__always)
    func isWritten(_ hash: UInt32) -> Bool {
        if vocabulary.isEmpty { return false }
        let first = Int(hash & 0x3FFFF)
        let second = Int(TextFeatures.mix(hash, 77) & 0x3FFFF)
        return vocabulary[first >> 3] & (1 << UInt8(first & 7)) != 0
            && vocabulary[second >> 3] & (1 << UInt8(second & 7)) != 0
    }

    /// Adds a word to the vocabulary.
    package mutating func learn(_ hash: UInt32) {
        if vocabulary.isEmpty { vocabulary = Array(repeating: 0, count: Self.vocabularyBytes) }
        for bit in [Int(hash & 0x3FFFF), Int(TextFeatures.mix(hash, 77) & 0x3FFFF)] {
            vocabulary[bit >> 3] |= 1 << UInt8(bit & 7)
        }
    }

    /// A word that alone has a class.
    func isWord(_ hash: UInt32) -> Bool {
        lookUp(TextFeatures.mix(hash, 0)) != 0
    }

    /// The classes that a word completes, longest phrase first.
    struct Classes {
        var found: SIMD4<UInt8> = .zero
        var count = 0
        var at = 0

        mutating func next() -> UInt8? {
            guard at < count else { return nil }
            defer { at += 1 }
            return found[at]
        }
    }

    @inline(__always)
    func classes(ending hash: UInt32, after phrase: inout SIMD4<UInt32>) -> Classes {
        phrase = SIMD4(hash, phrase[0], phrase[1], phrase[2])
        var out = Classes()
        var key: UInt32 = 0
        for length in 0..<Self.phraseLength {
            if phrase[length] == 0 { break }
            key = TextFeatures.mix(phrase[length], key)
            let value = lookUp(key)
            if value != 0 {
                out.found[out.count] = value
                out.count += 1
            }
        }
        return out
    }

    @inline(__always)
    private func lookUp(_ key: UInt32) -> UInt8 {
        var slot = Int(key) & mask
        while values[slot] != 0 {
            if keys[slot] == key { return values[slot] }
            slot = (slot + 1) & mask
        }
        return 0
    }

    /// Words are mixed from the last to the first, as ``classes(ending:after:)`` meets them.
    private static func key(_ hashes: [UInt32]) -> UInt32 {
        var key: UInt32 = 0
        for hash in hashes.reversed() { key = TextFeatures.mix(hash, key) }
        return key
    }

    package static func hashes(of phrase: String) -> [UInt32] {
        var features = TextFeatures()
        return Array(phrase.utf8).withUnsafeBytes { features.wordHashes($0) }
    }
}

extension TextFeatures {
    /// The hashes of the words of a phrase.
    mutating func wordHashes(_ bytes: UnsafeRawBufferPointer) -> [UInt32] {
        read(bytes, lexicon: .empty)
        return hashes
    }
}
