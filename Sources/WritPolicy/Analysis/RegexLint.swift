// SPDX-License-Identifier: Apache-2.0
import WritPattern

/// Patterns that do not mean what they look like.
enum RegexLint {
    /// The traps of one pattern, each a sentence's end with its remedy.
    static func traps(_ source: String) -> [(message: String, hint: String)] {
        var out: [(message: String, hint: String)] = []
        // What does not compile has been reported with its place; the other traps are read from the text.
        if let pattern = try? Pattern(source), pattern.matches("") {
            out.append(("matches every text, even an empty one", "delete the empty alternative, or ask for something"))
        }
        if let word = hostWithBareDot(source) {
            out.append(("has a bare `.` in \(quoted(word)), which stands for any character", "write `\\.`"))
        }
        if let word = negatedWord(source) {
            out.append(
                (
                    "has the class \(quoted(word)), which excludes letters and not a word",
                    "match the word in a rule of its own, or use `host_in`"
                ))
        }
        return out
    }

    private static let endings = [
        "com", "org", "net", "io", "dev", "example", "internal", "local", "ai", "co", "app", "cloud", "gov", "edu",
        "test",
    ]

    /// `evil.com` without a backslash before its dot.
    private static func hostWithBareDot(_ source: String) -> String? {
        let bytes = Array(source.utf8)
        func isWord(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || byte == 0x2D
        }
        var inClass = false
        for (at, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "["), at == 0 || bytes[at - 1] != UInt8(ascii: "\\") { inClass = true }
            if byte == UInt8(ascii: "]"), at == 0 || bytes[at - 1] != UInt8(ascii: "\\") { inClass = false }
            guard !inClass, byte == UInt8(ascii: "."), at >= 2, isWord(bytes[at - 1]), isWord(bytes[at - 2]) else {
                continue
            }
            var end = at + 1
            while end < bytes.count, isWord(bytes[end]) { end += 1 }
            let word = String(decoding: bytes[(at + 1)..<end], as: UTF8.self).lowercased()
            let isQuantified =
                end < bytes.count && [UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?")].contains(bytes[end])
            guard endings.contains(word), !isQuantified else { continue }
            var start = at
            while start > 0, isWord(bytes[start - 1]) { start -= 1 }
            return String(decoding: bytes[start..<end], as: UTF8.self)
        }
        return nil
    }

    /// `[^github.com]`: a negated class that spells a word.
    private static func negatedWord(_ source: String) -> String? {
        var rest = Substring(source)
        while let open = rest.firstIndex(of: "[") {
            let after = rest.index(after: open)
            guard let close = rest[after...].firstIndex(of: "]") else { return nil }
            let body = rest[after..<close]
            if body.hasPrefix("^") {
                let letters = body.dropFirst()
                let run = letters.filter { $0.isLetter }.count
                let isRange = letters.contains("-") || letters.contains("\\")
                if run >= 4, !isRange, letters.contains(".") || Set(letters).count < letters.count || run >= 6 {
                    return "[\(body)]"
                }
            }
            rest = rest[rest.index(after: close)...]
        }
        return nil
    }

    /// The expression, read as a set of texts, is not held at both ends.
    static func isUnanchored(_ source: String) -> Bool {
        !(source.hasPrefix("^") || source.hasPrefix("\\A")) || !(source.hasSuffix("$") || source.hasSuffix("\\z"))
    }
}
