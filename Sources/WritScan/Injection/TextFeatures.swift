// SPDX-License-Identifier: Apache-2.0
package import WritCore

/// Words of a text with their hashed features, cut into units (lines and sentences) of which windows are made.
///
/// Training and run time share this code: what a weight was learnt for is what it is used for. Letters are folded while
/// they are read (case, marks, look-alikes, digits for letters, characters of no width), so places stay places in the
/// original bytes. Buffers are reused by ``read(_:lexicon:)``.
package struct TextFeatures {
    /// Feature buckets.
    package static let buckets = 1 << 20
    /// The most words of one window.
    package static let windowWords = 80
    /// The most units of one window.
    package static let windowUnits = 8

    /// Per word: where it starts and ends in the text.
    package private(set) var starts: [Int32] = []
    package private(set) var ends: [Int32] = []
    /// Buckets of all words, flat; those of word `i` are `offsets[i]..<offsets[i + 1]`.
    package private(set) var features: [UInt32] = []
    package private(set) var offsets: [Int32] = []
    /// Running sums of what is counted about words; entry `i` is over the words before `i`.
    package private(set) var counts: [SIMD16<Float>] = []
    /// First word of each unit, and the number of words at the end.
    package private(set) var units: [Int32] = []

    /// The lanes of ``counts``.
    package enum Lane {
        static let folded = 0
        static let lookAlike = 1
        static let split = 2
        static let capitals = 3
        static let foreign = 4
        static let quoted = 5
        static let punctuation = 6
        static let plainWord = 7
        /// A word of honest writing, by the learnt vocabulary.
        static let vocabulary = 8
        /// Letters alone, not in the vocabulary.
        static let unknown = 9
        /// Talk about attacks rather than an attack.
        static let mention = 10
        /// A function word of a language other than English.
        static let tongue = 11
        static let secondPerson = 12
        static let firstPerson = 13
        static let please = 14
        /// On a line of a search result (`path:12:`), which quotes what it found.
        static let listed = 15
    }

    /// Hashes of the words.
    private(set) var hashes: [UInt32] = []
    private var word: [UInt32] = []
    private var seen: [Seen] = Array(repeating: Seen(), count: TextFeatures.slots)
    private var recent: [(class: UInt8, word: Int32)] = []
    /// What sort of content this is: the same words mean other things in a prompt, in data and in a skill.
    private var setting: UInt32 = 0

    /// The word at which a bucket was met last.
    private struct Seen {
        var bucket: UInt32 = .max
        var word: UInt32 = 0
    }

    private static let slots = 1024
    /// More than one word can have: ten of its own, and six for each of at most four classes.
    private static let featuresOfWord = 64

    package init() {}

    package var wordCount: Int { starts.count }

    private mutating func clear() {
        starts.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        features.removeAll(keepingCapacity: true)
        offsets.removeAll(keepingCapacity: true)
        counts.removeAll(keepingCapacity: true)
        units.removeAll(keepingCapacity: true)
        recent.removeAll(keepingCapacity: true)
        hashes.removeAll(keepingCapacity: true)
        counts.append(.zero)
        units.append(0)
    }

    /// Room for the words of a text of so many bytes, so that buffers do not grow word by word.
    private mutating func reserve(_ bytes: Int) {
        let words = min(bytes / 5, 1 << 14) + 8
        guard counts.capacity < words else { return }
        starts.reserveCapacity(words)
        ends.reserveCapacity(words)
        hashes.reserveCapacity(words)
        offsets.reserveCapacity(words)
        counts.reserveCapacity(words)
        features.reserveCapacity(words * 9)
    }

    /// Reads one text. Linear time; at most `limit` bytes are meant to be given at once.
    package mutating func read(_ bytes: UnsafeRawBufferPointer, lexicon: Lexicon, phase: Phase = .contextFile) {
        clear()
        reserve(bytes.count)
        setting = Self.setting(of: phase)
        // The two buffers that every feature goes through are borrowed for the whole text: checking on each access that
        // nobody else holds them costs a tenth of the time. `seen` is taken out of `self` meanwhile, `gathered` lies on
        // the stack, and both pointers end with this call.
        var seen = self.seen
        self.seen = []
        seen.withUnsafeMutableBufferPointer { seen in
            seen.update(repeating: Seen())
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.featuresOfWord) { gathered in
                read(bytes, lexicon, Reader(seen: seen, gathered: gathered))
            }
        }
        self.seen = seen
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer, _ lexicon: Lexicon, _ start: Reader) {
        var reader = start
        reader.isListed = Self.isSearchResult(bytes, 0)
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            if byte < 0x80 {
                if byte.isAlphanumeric || byte == 0x5F || (Self.isLetterSign(byte) && Self.startsWord(bytes, at)) {
                    at = readWord(bytes, at, &reader, lexicon)
                    continue
                }
                at = readSign(bytes, at, &reader)
                continue
            }
            let (value, length) = decodeScalar(bytes, at)
            let glyph = Glyph(value)
            if glyph != .visible {
                at += length
                continue
            }
            if Self.isIdeograph(value) {
                emitIdeograph(value, at, at + length, &reader, lexicon)
                at += length
                continue
            }
            if Folding.ascii(value) != 0 || Self.isLetter(value) {
                at = readWord(bytes, at, &reader, lexicon)
                continue
            }
            switch value {
            case 0x3002, 0xFF01, 0xFF1F, 0x2026, 0x0964: closeUnit(&reader, hard: true)
            case 0x201C, 0x201D, 0x201E, 0xAB, 0xBB, 0x300C, 0x300D: sign(UInt32(0x22), &reader)
            default: break
            }
            at += length
        }
        closeUnit(&reader, hard: true)
        if units.last != Int32(starts.count) { units.append(Int32(starts.count)) }
        offsets.append(Int32(features.count))
    }

    /// Content by who wrote it for whom: a prompt by the user, instructions in force, data.
    @inline(__always)
    private static func setting(of phase: Phase) -> UInt32 {
        switch phase {
        case .input: 0
        case .skill: 1
        case .contextFile: 2
        case .toolResponse, .output, .toolCall: 3
        }
    }

    private struct Reader {
        /// Where buckets were met last, one slot for each remainder.
        let seen: UnsafeMutableBufferPointer<Seen>
        /// The features of the word that is being read.
        let gathered: UnsafeMutableBufferPointer<UInt32>
        var gatheredCount = 0

        init(seen: UnsafeMutableBufferPointer<Seen>, gathered: UnsafeMutableBufferPointer<UInt32>) {
            self.seen = seen
            self.gathered = gathered
        }

        /// The next word is the first of its unit.
        var opensUnit = true
        /// Hashes of the last two words; the boundary marker at a start.
        var last: UInt32 = TextFeatures.boundary
        var before: UInt32 = 0
        /// Hashes of the last words for phrases of the lexicon.
        var phrase: SIMD4<UInt32> = .zero
        var pendingSign: UInt32 = 0
        var isQuoted = false
        var isFenced = false
        var isListed = false
        var lineIsBlank = true
        var signs: Float = 0
    }

    private static let boundary: UInt32 = 0x51ED_270B

    @inline(__always)
    static func mix(_ a: UInt32, _ b: UInt32) -> UInt32 {
        var x = (a &* 0x9E37_79B1) ^ b
        x ^= x >> 15
        x = x &* 0x85EB_CA77
        x ^= x >> 13
        x = x &* 0xC2B2_AE3D
        return x ^ (x >> 16)
    }

    @inline(__always)
    private static func isLetterSign(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "@") || byte == UInt8(ascii: "$") || byte == UInt8(ascii: "|") || byte == UInt8(ascii: "+")
            || byte == UInt8(ascii: "!")
    }

    /// A line of a search result: a path, a number between colons, what was found. Looks at most 200 bytes ahead.
    private static func isSearchResult(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Bool {
        var at = start
        let end = min(bytes.count, start + 200)
        var named = false
        while at < end {
            let byte = bytes[at]
            if byte <= 0x20 { return false }
            if byte == UInt8(ascii: "."), bytes.byte(at + 1).isAlphanumeric { named = true }
            if byte == UInt8(ascii: ":") || byte == UInt8(ascii: "-"), named {
                var digits = at + 1
                while digits < end, bytes[digits].isDigit { digits += 1 }
                if digits > at + 1, digits < end, bytes[digits] == byte { return true }
            }
            at += 1
        }
        return false
    }

    /// A sign that stands for a letter opens a word only when a letter follows at once.
    @inline(__always)
    private static func startsWord(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Bool {
        bytes.byte(at + 1).isLetter && !bytes.byte(at &- 1).isAlphanumeric && bytes[at] != UInt8(ascii: "@")
            && bytes[at] != UInt8(ascii: "|") && bytes[at] != UInt8(ascii: "!")
    }

    @inline(__always)
    private static func isLetter(_ value: UInt32) -> Bool {
        (0xC0..<0x2000).contains(value) || (0x2C00..<0x2E00).contains(value) || (0xA000..<0xD7B0).contains(value)
            || (0xF900..<0xFB00).contains(value) || (0xFB1D..<0xFE00).contains(value)
    }

    /// Scripts without spaces between words: every character is a word.
    @inline(__always)
    private static func isIdeograph(_ value: UInt32) -> Bool {
        (0x3040..<0xA000).contains(value) || (0xAC00..<0xD7B0).contains(value) || (0xE00..<0x1000).contains(value)
            || (0xF900..<0xFB00).contains(value) || (0x20000..<0x32000).contains(value)
            || (0x2800..<0x2900).contains(value)
    }

    private mutating func readSign(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ reader: inout Reader) -> Int {
        let byte = bytes[at]
        switch byte {
        case 0x0A, 0x0D:
            let hard = reader.lineIsBlank
            closeUnit(&reader, hard: hard)
            reader.lineIsBlank = true
            reader.isQuoted = reader.isFenced
            reader.isListed = Self.isSearchResult(bytes, at + 1)
            return at + 1
        case 0x20, 0x09: return at + 1
        case UInt8(ascii: "\\"):
            let next = bytes.byte(at + 1)
            if next == UInt8(ascii: "n") || next == UInt8(ascii: "r") {
                closeUnit(&reader, hard: false)
                return at + 2
            }
            if next == UInt8(ascii: "t") || next == UInt8(ascii: "\"") { return at + 2 }
            reader.signs += 1
            return at + 1
        case UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?"), UInt8(ascii: ";"):
            let next = bytes.byte(at + 1)
            if byte == UInt8(ascii: "?") || byte == UInt8(ascii: "!") { sign(UInt32(byte), &reader) }
            if next == 0 || next == 0x20 || next == 0x0A || next == 0x09 || next == 0x22 || next == 0x5C {
                closeUnit(&reader, hard: byte != UInt8(ascii: ";"))
            }
            return at + 1
        case UInt8(ascii: ","), UInt8(ascii: "'"): return at + 1
        default: break
        }
        var end = at + 1
        while end < bytes.count, bytes[end] == byte, end - at < 256 { end += 1 }
        let run = end - at
        if byte == UInt8(ascii: "`"), run >= 3 {
            reader.isFenced.toggle()
            reader.isQuoted = reader.isFenced
        } else if byte == UInt8(ascii: "`") || byte == UInt8(ascii: "\"") {
            if !reader.isFenced { reader.isQuoted.toggle() }
        }
        reader.lineIsBlank = false
        sign(UInt32(byte) | UInt32(min(run, 3)) << 8, &reader)
        return end
    }

    private mutating func sign(_ code: UInt32, _ reader: inout Reader) {
        reader.signs += 1
        if reader.pendingSign != 0, reader.pendingSign < 0x10000 {
            reader.pendingSign = Self.mix(reader.pendingSign, code) | 0x10000
        } else {
            reader.pendingSign = code
        }
    }

    private mutating func closeUnit(_ reader: inout Reader, hard: Bool) {
        let count = Int32(starts.count)
        if units.last != count { units.append(count) }
        reader.opensUnit = true
        if hard {
            reader.before = 0
            reader.last = Self.boundary
            reader.phrase = .zero
        }
    }

    private mutating func emitIdeograph(
        _ value: UInt32, _ start: Int, _ end: Int, _ reader: inout Reader, _ lexicon: Lexicon
    ) {
        var count = SIMD16<Float>.zero
        count[Lane.foreign] = 1
        emit(Self.mix(value, 11), prefix: 0, start, end, count, &reader, lexicon)
    }

    /// Reads a word from `at`, which starts one, and returns where it ends.
    private mutating func readWord(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ reader: inout Reader, _ lexicon: Lexicon
    ) -> Int {
        var at = start
        word.removeAll(keepingCapacity: true)
        var letters = 0
        var digits = 0
        var upper = 0
        var foreign = 0
        var styled = 0
        var split = 0
        var digitBeforeLetter = false
        var signs = 0
        var pending = false
        while at < bytes.count, at - start < 96 {
            let byte = bytes[at]
            if byte < 0x80 {
                if byte.isLetter {
                    letters += 1
                    if byte.isUpper { upper += 1 }
                    if pending { digitBeforeLetter = true }
                    word.append(UInt32(byte | 0x20))
                } else if byte.isDigit {
                    digits += 1
                    pending = true
                    word.append(UInt32(byte))
                } else if byte == UInt8(ascii: "'"), bytes.byte(at + 1).isLetter {
                    // Keep `don't` one word, without its apostrophe.
                } else if Self.isLetterSign(byte), at + 1 < bytes.count,
                    bytes[at + 1].isAlphanumeric || bytes[at + 1] >= 0x80
                        || (Self.isLetterSign(bytes[at + 1]) && bytes.byte(at + 2).isLetter),
                    byte != UInt8(ascii: "|") || letters > 0
                {
                    signs += 1
                    pending = true
                    word.append(UInt32(byte))
                } else {
                    break
                }
                at += 1
                continue
            }
            let (value, length) = decodeScalar(bytes, at)
            let glyph = Glyph(value)
            if glyph == .zeroWidth || glyph == .softHyphen || glyph == .filler || glyph == .selector || glyph == .mark {
                if glyph != .softHyphen { split += 1 }
                at += length
                continue
            }
            guard glyph == .visible, !Self.isIdeograph(value) else { break }
            if (0x300...0x36F).contains(value) {
                at += length
                continue
            }
            let ascii = Folding.ascii(value)
            guard ascii != 0 || Self.isLetter(value) else { break }
            letters += 1
            if pending { digitBeforeLetter = true }
            if Folding.isForeign(value) || ascii == 0 {
                foreign += 1
                word.append(value)
            } else {
                if value >= 0x1D00 || (0x250..<0x2B0).contains(value), !(0x1F1E6...0x1F1FF).contains(value) {
                    styled += 1
                }
                word.append(UInt32(ascii))
            }
            at += length
        }
        // One letter between two backslashes, again and again.
        let isSeparated =
            word.count == 1 && bytes.byte(start &- 1) == UInt8(ascii: "\\") && bytes.byte(at) == UInt8(ascii: "\\")
            && !Self.isEscape(word[0])
        // A word that is not read to its end goes on as the next word: no byte is skipped.
        if at == start { return start + 1 }
        reader.lineIsBlank = false
        let isMixed = foreign > 0 && foreign < letters
        let isFolded =
            letters >= 1 && digits + signs > 0 && word.count >= 3 && (digitBeforeLetter || endsInDisguise) && !isCode()
        var hash: UInt32 = 0x811C_9DC5
        var prefix: UInt32 = 0
        var index = 0
        if letters == 0 {
            hash = Self.mix(UInt32(min(digits, 5)), 17)
        } else {
            for value in word {
                var folded = value
                if isMixed, value >= 0x80 {
                    let ascii = Folding.ascii(value)
                    if ascii != 0 { folded = UInt32(ascii) }
                } else if value >= 0x391, value < 0x430, value != 0x3C2 {
                    folded = value + 0x20
                }
                if isFolded, folded < 0x80 { folded = UInt32(Self.letter(for: UInt8(folded))) }
                if folded == 0x6C || folded == 0x31 { folded = 0x69 }
                hash = (hash ^ folded) &* 0x0100_0193
                index += 1
                if index == 5 { prefix = hash }
            }
            if index <= 6 { prefix = 0 }
        }
        var count = SIMD16<Float>.zero
        // A disguise counts when what is under it is a word that instructions use.
        if isFolded || isMixed || styled > 1 {
            let isKnown = lexicon.isPlainWord(hash) || lexicon.isWord(hash)
            let isWritten = word.count >= 4 && lexicon.isWritten(hash)
            if isFolded, isKnown || isWritten { count[Lane.folded] = 1 }
            if isMixed || styled > 1 { count[Lane.lookAlike] = isKnown || isWritten ? 1 : 0.25 }
        }
        if letters > 0, lexicon.isWritten(hash) {
            count[Lane.vocabulary] = 1
        } else if letters > 0, digits + signs == 0, word.count >= 3 {
            count[Lane.unknown] = 1
        }
        if isSeparated { count[Lane.lookAlike] = 1 }
        if split > 0 { count[Lane.split] = 1 }
        if upper > 1, upper == letters { count[Lane.capitals] = 1 }
        if foreign > 0, !isMixed { count[Lane.foreign] = 1 }
        emit(hash, prefix: prefix, start, at, count, &reader, lexicon)
        return at
    }

    /// Letters that stand for something after a backslash in source code and patterns.
    private static func isEscape(_ value: UInt32) -> Bool {
        switch value {
        case 0x30, 0x62, 0x64, 0x66, 0x6E, 0x70, 0x72...0x78: true
        default: false
        }
    }

    /// The last sign stands for a letter at the end of many words; a digit that counts (`step5`) rarely does.
    private var endsInDisguise: Bool {
        guard let last = word.last, word.count > 3, word[word.count - 2] > 0x39 else { return false }
        return last == 0x37 || last == 0x33 || last == 0x30 || last == 0x24 || last == 0x40
    }

    /// Looks like an identifier, a number with a unit or a hash rather than a word in disguise.
    private func isCode() -> Bool {
        guard let first = word.first else { return true }
        if first == 0x30, word.count > 1, word[1] == 0x78 { return true }
        // Ordinals: `1st`, `3rd`.
        if word.count == 3, first <= 0x39, word[1] > 0x39, word[2] > 0x39 { return true }
        var hexadecimal = true
        var leadingDigits = 0
        var inLead = true
        for value in word {
            let isDigit = value >= 0x30 && value <= 0x39
            if inLead, isDigit { leadingDigits += 1 } else { inLead = false }
            if !(isDigit || (value >= 0x61 && value <= 0x66)) { hexadecimal = false }
        }
        return (hexadecimal && word.count >= 4) || leadingDigits > 2 || word.count > 24
    }

    @inline(__always)
    private static func letter(for byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "0"): UInt8(ascii: "o")
        case UInt8(ascii: "1"), UInt8(ascii: "!"), UInt8(ascii: "|"): UInt8(ascii: "i")
        case UInt8(ascii: "3"): UInt8(ascii: "e")
        case UInt8(ascii: "4"), UInt8(ascii: "@"): UInt8(ascii: "a")
        case UInt8(ascii: "5"), UInt8(ascii: "$"): UInt8(ascii: "s")
        case UInt8(ascii: "7"), UInt8(ascii: "+"): UInt8(ascii: "t")
        case UInt8(ascii: "8"): UInt8(ascii: "b")
        case UInt8(ascii: "9"), UInt8(ascii: "6"): UInt8(ascii: "g")
        default: byte
        }
    }

    /// Gathers a feature of the word `word`.
    @inline(__always)
    private static func add(_ hash: UInt32, _ word: UInt32, _ reader: inout Reader) {
        let bucket = hash & UInt32(Self.buckets - 1)
        let slot = Int(bucket) & (Self.slots - 1)
        // A feature that repeats within a window counts once: repetition is no evidence, and tables would add up.
        if reader.seen[slot].bucket == bucket, word &- reader.seen[slot].word < 32 { return }
        guard reader.gatheredCount < Self.featuresOfWord else { return }
        reader.seen[slot] = Seen(bucket: bucket, word: word)
        reader.gathered[reader.gatheredCount] = bucket
        reader.gatheredCount += 1
    }

    private mutating func emit(
        _ hash: UInt32, prefix: UInt32, _ start: Int, _ end: Int, _ counted: SIMD16<Float>, _ reader: inout Reader,
        _ lexicon: Lexicon
    ) {
        let index = Int32(starts.count)
        offsets.append(Int32(features.count))
        starts.append(Int32(start))
        ends.append(Int32(end))
        hashes.append(hash)
        let word = UInt32(truncatingIfNeeded: starts.count)
        reader.gatheredCount = 0
        Self.add(Self.mix(hash, 1), word, &reader)
        let pair = Self.mix(reader.last, hash)
        Self.add(Self.mix(pair, 2), word, &reader)
        // Once more for this kind of content: "please send" is ordinary in a prompt and not in data.
        Self.add(Self.mix(hash, 130 + setting), word, &reader)
        Self.add(Self.mix(pair, 140 + setting), word, &reader)
        if reader.before != 0 {
            Self.add(Self.mix(Self.mix(Self.mix(reader.before, reader.last), hash), 3), word, &reader)
            Self.add(Self.mix(Self.mix(reader.before, hash), 4), word, &reader)
        }
        if prefix != 0 { Self.add(Self.mix(prefix, 5), word, &reader) }
        if reader.pendingSign != 0 {
            Self.add(Self.mix(reader.pendingSign, 6), word, &reader)
            Self.add(Self.mix(Self.mix(reader.pendingSign, hash), 7), word, &reader)
            reader.pendingSign = 0
        }
        if reader.opensUnit {
            Self.add(Self.mix(hash, 120 + setting), word, &reader)
            reader.opensUnit = false
        }
        reader.before = reader.last
        reader.last = hash
        var classes = lexicon.classes(ending: hash, after: &reader.phrase)
        var count = counted
        while let found = classes.next() {
            if let lane = lexicon.lane(of: found) {
                count[lane] = 1
                if lane == Lane.tongue || lane == Lane.please { continue }
            }
            addClass(found, index, word, &reader)
        }
        features.append(contentsOf: UnsafeBufferPointer(rebasing: reader.gathered[..<reader.gatheredCount]))
        if reader.isQuoted { count[Lane.quoted] = 1 }
        if reader.isListed { count[Lane.listed] = 1 }
        count[Lane.punctuation] = min(reader.signs, 8)
        reader.signs = 0
        if lexicon.isPlainWord(hash) { count[Lane.plainWord] = 1 }
        counts.append((counts.last ?? .zero) + count)
    }

    /// A class of words was met: it counts alone and together with the ones shortly before it, in order.
    private mutating func addClass(_ found: UInt8, _ index: Int32, _ word: UInt32, _ reader: inout Reader) {
        Self.add(Self.mix(UInt32(found), 101), word, &reader)
        Self.add(Self.mix(UInt32(found), 110 + setting), word, &reader)
        var first: UInt8 = 0
        for old in recent.reversed() where index - old.word <= 14 {
            Self.add(Self.mix(Self.mix(UInt32(old.class), UInt32(found)), 102), word, &reader)
            if first != 0 {
                let two = Self.mix(UInt32(old.class), UInt32(first))
                Self.add(Self.mix(Self.mix(two, UInt32(found)), 103), word, &reader)
            } else {
                first = old.class
            }
        }
        if recent.count >= 4 { recent.removeFirst() }
        recent.append((found, index))
    }
}
