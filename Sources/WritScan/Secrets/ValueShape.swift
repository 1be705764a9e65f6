// SPDX-License-Identifier: Apache-2.0
internal import WritCore
internal import WritResources

/// What can be said about a string without knowing what it is for: how random it looks, and whether it stands for a
/// secret that is not there.
enum ValueShape {
    /// Shannon entropy of the bytes, in bits a byte.
    static func entropy(_ value: [UInt8]) -> Double {
        guard !value.isEmpty else { return 0 }
        var counts = [Int](repeating: 0, count: 256)
        for byte in value { counts[Int(byte)] += 1 }
        var bits = 0.0
        let total = Double(value.count)
        for count in counts where count > 0 {
            let share = Double(count) / total
            bits -= share * binaryLogarithm(share)
        }
        return bits
    }

    /// The share of the value that reads as words or identifiers: 1 for `getUserName`, near 0 for random text.
    static func wordiness(_ value: [UInt8]) -> Double {
        guard !value.isEmpty else { return 0 }
        var covered = 0
        var separators = 0
        forEachWord(value) { word in
            if word.count >= 3, surprise(word) < (word.count >= 6 ? 4.9 : 4.5) { covered += word.count }
        }
        for byte in value where byte == 0x5F || byte == 0x2D || byte == 0x2E || byte == 0x20 || byte == 0x2F || byte == 0x3A {
            separators += 1
        }
        return Double(covered) / Double(max(1, value.count - separators))
    }

    /// Mean cost of the letters in bits, by how letters follow each other in words.
    static func surprise(_ word: ArraySlice<UInt8>) -> Double {
        var before = 0
        var total = 0
        for byte in word {
            let letter = Int(byte.lowercased) - 0x60
            guard letter >= 1, letter <= 26 else { continue }
            total += Int(letterCosts[before * 27 + letter])
            before = letter
        }
        return Double(total) / 8 / Double(max(1, word.count))
    }

    /// The parts of an identifier: split at what is no letter and at changes to upper case.
    static func forEachWord(_ value: [UInt8], _ body: (ArraySlice<UInt8>) -> Void) {
        var start = 0
        while start < value.count {
            guard value[start].isLetter else {
                start += 1
                continue
            }
            var end = start + 1
            if value[start].isUpper, end < value.count, value[end].isUpper {
                while end < value.count, value[end].isUpper { end += 1 }
                // `HTTPServer`: the last capital begins the next word.
                if end < value.count, value[end].isLower, end - start > 1 { end -= 1 }
            } else {
                while end < value.count, value[end].isLower { end += 1 }
            }
            body(value[start..<end])
            start = end
        }
    }

    /// How strictly stand-ins are told from secrets.
    enum Filler: String {
        /// Masks, words, runs, counting, repetition: for values of free form.
        case strict
        /// The same without counting (`12345678-ABCD…`), which documentation of real formats and tests share.
        case lenient
        /// Only masks (`XXXXXXXX`, `****`) and spelled-out words: for forms too specific to occur by chance.
        case mask
        /// Nothing: the form itself is the finding.
        case accepted
    }

    /// The value stands for a secret that is not there.
    static func isPlaceholder(_ value: [UInt8], _ filler: Filler) -> Bool {
        if filler == .accepted { return false }
        if isMasked(value) || spellsPlaceholder(value) { return true }
        if filler == .mask { return false }
        var repeats = 0
        var run = 1
        var longest = 1
        var distinct = Set<UInt8>()
        for i in value.indices {
            distinct.insert(value[i])
            if i > 0, value[i] == value[i - 1] {
                repeats += 1
                run += 1
                longest = max(longest, run)
            } else {
                run = 1
            }
        }
        let count = value.count
        if count >= 8, Double(repeats) > 0.4 * Double(count) || longest >= max(6, count / 3) { return true }
        if count >= 12, distinct.count <= 4 { return true }
        if isPeriodic(value) { return true }
        return filler == .strict && isCounting(value)
    }

    private static func isMasked(_ value: [UInt8]) -> Bool {
        var run = 0
        var before: UInt8 = 0
        for byte in value {
            let folded = byte | 0x20
            let isMask = folded == UInt8(ascii: "x") || byte == UInt8(ascii: "*") || byte == UInt8(ascii: "#")
            if byte == UInt8(ascii: "."), before == byte { run += 1 } else if isMask { run = byte == before || run == 0 ? run + 1 : 1 } else { run = 0 }
            before = byte
            if run >= (byte == UInt8(ascii: ".") ? 2 : 5) { return true }
            if byte == UInt8(ascii: "*"), run >= 3 { return true }
            if byte == 0xA6 || byte == 0xA2, value.count > 2 {
                // `…` and `•` in UTF-8 end in these bytes.
                if containsSequence(value, [0xE2, 0x80, byte]) { return true }
            }
        }
        return false
    }

    /// Words that nobody's random generator makes; short ones need the strict tests around them.
    private static let words: [[UInt8]] = [
        "example", "placeholder", "redacted", "changeme", "change_me", "change-me", "replaceme", "replace_me",
        "replace-me", "yourapi", "your_", "your-", "yoursecret", "yourtoken", "yourpass", "insert_", "insert-",
        "_here", "-here", "dummy", "not_a_real", "notareal", "not-a-real", "deadbeefdeadbeef", "foobar",
        "0123456789abcdef", "abcdefghijkl", "1234567890123456", "removed", "censored", "obfuscated", "scrubbed",
        "<secret", "supersecret", "sanitized", "put_your", "mysecret", "my_secret", "my-secret", "mypassword",
        "fill_in", "fillme", "todo_", "template", "undefined", "localhost",
    ].map { Array($0.utf8) }

    private static func spellsPlaceholder(_ value: [UInt8]) -> Bool {
        let folded = value.map(\.lowercased)
        return words.contains { containsSequence(folded, $0) }
    }

    private static func isPeriodic(_ value: [UInt8]) -> Bool {
        guard value.count >= 12 else { return false }
        for period in 2...8 where value.count >= 3 * period {
            var same = 0
            for i in period..<value.count where value[i] == value[i - period] { same += 1 }
            if Double(same) > 0.6 * Double(value.count - period) { return true }
        }
        return false
    }

    private static func isCounting(_ value: [UInt8]) -> Bool {
        guard value.count >= 6 else { return false }
        var steps = 0
        for i in 1..<value.count {
            let (a, b) = (Int(value[i - 1]), Int(value[i]))
            if b == a + 1 || (a == 0x39 && b == 0x30) || (a == 0x39 && (b | 0x20) == 0x61) { steps += 1 }
        }
        return Double(steps) >= 0.6 * Double(value.count - 1)
    }

    /// 8-4-4-4-12 hexadecimal digits.
    static func isUUID(_ value: [UInt8]) -> Bool {
        guard value.count == 36 else { return false }
        for (i, byte) in value.enumerated() {
            if i == 8 || i == 13 || i == 18 || i == 23 {
                if byte != 0x2D { return false }
            } else if !byte.isHexDigit {
                return false
            }
        }
        return true
    }

    static func containsSequence(_ value: [UInt8], _ part: [UInt8]) -> Bool {
        guard let first = part.first, part.count <= value.count else { return false }
        var at = 0
        while at <= value.count - part.count {
            if value[at] == first {
                var i = 1
                while i < part.count, value[at + i] == part[i] { i += 1 }
                if i == part.count { return true }
            }
            at += 1
        }
        return false
    }

    private static let letterCosts: [UInt8] = {
        guard let resource = Resource.named("secrets/letters.table") else { return flat }
        do {
            let rows = try Outline(parsing: Array(resource.bytes)).nodes
            let costs = rows.flatMap { row in
                (row.value("costs") ?? "").split(separator: " ").map { UInt8($0) ?? 48 }
            }
            return costs.count == 27 * 27 ? costs : flat
        } catch {
            // An embedded table that does not parse fails its own test; until then every letter costs the same.
            return flat
        }
    }()

    private static let flat = [UInt8](repeating: 38, count: 27 * 27)

    // The core library has no logarithm without a C library; this one is exact to 1e-9 on (0, 1].
    private static func binaryLogarithm(_ x: Double) -> Double {
        let exponent = Double(x.exponent)
        let fraction = x.significand
        let y = (fraction - 1) / (fraction + 1)
        let square = y * y
        var term = y
        var sum = 0.0
        for k in 0..<12 {
            sum += term / Double(2 * k + 1)
            term *= square
        }
        return exponent + 2 * sum * 1.442_695_040_888_963_4
    }
}
