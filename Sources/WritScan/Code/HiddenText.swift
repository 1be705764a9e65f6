// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Characters that make code read as something else: bidirectional controls, invisible characters, letters of another
/// alphabet inside a word.
enum HiddenText {
    static func findings(in unit: SourceUnit, scanner: String) -> [Finding] {
        let bytes = unit.bytes
        var found: [Finding] = []
        var counter = LineCounter()
        var at = 0
        while at < bytes.count, found.count < 200 {
            guard bytes[at] >= 0xC2 else {
                at += 1
                continue
            }
            guard let (scalar, length) = scalar(bytes, at) else {
                at += 1
                continue
            }
            let start = at
            at += length
            let isBidi = (0x202A...0x202E).contains(scalar) || (0x2066...0x2069).contains(scalar)
            let isInvisible =
                scalar == 0x200B || scalar == 0x2060 || scalar == 0x00AD || scalar == 0x3164 || scalar == 0xFFA0
                || (0xE0000...0xE007F).contains(scalar) || scalar == 0xFEFF && start > 0
            guard isBidi || isInvisible else { continue }
            // A soft hyphen or zero-width space in prose is common; next to a letter of code it is not.
            if isInvisible, !(0xE0000...0xE007F).contains(scalar),
                !(bytes.byte(start - 1).isWord && bytes.byte(at).isWord) && scalar != 0x3164 && scalar != 0xFFA0
            {
                continue
            }
            found.append(
                Finding(
                    scanner: scanner, rule: isBidi ? "code-bidi-control" : "code-invisible-character",
                    category: "obfuscation",
                    severity: .high, confidence: isBidi ? 0.9 : 0.7, span: SourceSpan(start: start, end: at),
                    line: counter.line(of: start, in: bytes), cwe: isBidi ? "CWE-1007" : "CWE-451",
                    message: isBidi
                        ? "a bidirectional control character makes this line read differently from what runs"
                        : "an invisible character stands inside a word",
                    remedy: "Remove the character, or write it as an escape"))
        }
        found += mixedWords(in: unit, scanner: scanner)
        return found
    }

    /// A word of ASCII letters with a Cyrillic or Greek look-alike among them.
    private static func mixedWords(in unit: SourceUnit, scanner: String) -> [Finding] {
        var found: [Finding] = []
        for token in unit.tokens where token.kind == .word && found.count < 100 {
            let text = unit.bytes.part(token.range)
            guard text.contains(where: { $0 >= 0x80 }), text.contains(where: \.isLetter) else { continue }
            var at = 0
            while at < text.count {
                guard text[at] >= 0x80, let (value, length) = scalar(text, at) else {
                    at += 1
                    continue
                }
                at += length
                guard lookAlikes.contains(value) else { continue }
                found.append(
                    Finding(
                        scanner: scanner, rule: "code-mixed-alphabet", category: "obfuscation", severity: .medium,
                        confidence: 0.8, span: SourceSpan(start: Int(token.start), end: Int(token.end)),
                        line: Int(token.line),
                        cwe: "CWE-1007", message: "a name mixes look-alike letters of two alphabets",
                        remedy: "Write the name with letters of one alphabet"))
                break
            }
        }
        return found
    }

    private static let lookAlikes: Set<UInt32> = [
        0x0430, 0x0435, 0x043E, 0x0440, 0x0441, 0x0445, 0x0443, 0x0456, 0x0458, 0x0455, 0x0410, 0x0412, 0x0415, 0x041A,
        0x041C, 0x041D, 0x041E, 0x0420, 0x0421, 0x0422, 0x0425, 0x03BF, 0x0391, 0x0392, 0x0395, 0x039F, 0x03A1, 0x03A4,
    ]

    private static func scalar(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> (UInt32, Int)? {
        let first = bytes.byte(at)
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0
        guard length > 0, at + length <= bytes.count else { return nil }
        var value = UInt32(first) & (0x7F >> UInt32(length))
        for i in 1..<length {
            guard bytes[at + i] & 0xC0 == 0x80 else { return nil }
            value = value << 6 | UInt32(bytes[at + i] & 0x3F)
        }
        return (value, length)
    }
}
