// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// Puts findings into the code as comments, above the lines they are about.
public enum CodeAnnotator {
    /// The text with one comment line for each finding that has a line, indented like it. A line inside of a string or
    /// a comment, or one that continues another, gets its comment above where that begins. JSON has no comments: it
    /// comes back unchanged. Text inside JSX elements is taken for code.
    public static func annotate(_ text: [UInt8], _ findings: [Finding], language: CodeLanguage) -> [UInt8] {
        guard language != .json, !findings.isEmpty else { return text }
        return text.withUnsafeBytes { bytes in
            let unit = SourceUnit(bytes: bytes, language: language)
            var starts = [0]
            for (i, byte) in bytes.enumerated() where byte == 0x0A { starts.append(i + 1) }
            let solid = inside(unit, lines: starts.count)
            var notes: [Int: [Finding]] = [:]
            for finding in findings where finding.line >= 1 && finding.line <= starts.count {
                var line = finding.line - 1
                while line > 0, solid[line] || continues(bytes, starts, line, language) { line -= 1 }
                notes[line, default: []].append(finding)
            }
            var out: [UInt8] = []
            out.reserveCapacity(bytes.count + findings.count * 120)
            for line in starts.indices {
                let end = line + 1 < starts.count ? starts[line + 1] : bytes.count
                for finding in notes[line] ?? [] {
                    var indent = starts[line]
                    while indent < end, bytes[indent].isBlank { indent += 1 }
                    let isMarkup = language == .html || language == .php && !isCode(bytes, starts[line])
                    let (open, close) = isMarkup ? ("<!-- ", " -->") : (opener(language), "")
                    out += bytes.part(starts[line]..<indent)
                    out += Array((open + note(finding) + close + "\n").utf8)
                }
                out += bytes.part(starts[line]..<end)
            }
            return out
        }
    }

    private static func note(_ finding: Finding) -> String {
        var text =
            "WRIT " + (finding.cwe.map { $0 + " " } ?? "") + "(" + finding.severity.name + "): " + finding.message
        if !finding.remedy.isEmpty { text += ". " + finding.remedy }
        // Nothing in a message may end the comment or the line.
        let safe = text.utf8.map { $0 < 0x20 ? 0x20 : $0 }
        return String(decoding: safe, as: UTF8.self).split(separator: "-->").joined(separator: "->")
            .split(separator: "?>").joined(separator: "? >")
    }

    private static func opener(_ language: CodeLanguage) -> String {
        switch language {
        case .python, .ruby, .shell, .dockerfile, .terraform, .yaml: "# "
        case .sql: "-- "
        case .html: "<!-- "
        case .javascript, .typescript, .java, .kotlin, .scala, .go, .c, .cpp, .csharp, .php, .rust, .swift, .solidity,
            .apex, .json, .other:
            "// "
        }
    }

    /// Lines that begin inside of a token.
    private static func inside(_ unit: SourceUnit, lines: Int) -> [Bool] {
        var solid = [Bool](repeating: false, count: lines)
        var counter = LineCounter(firstLine: 0)
        var spans = unit.comments.map { $0 }
        for token in unit.tokens where token.kind == .string { spans.append(token.range) }
        spans.sort { $0.lowerBound < $1.lowerBound }
        for span in spans {
            let first = counter.line(of: span.lowerBound, in: unit.bytes)
            let last = counter.line(of: max(span.lowerBound, span.upperBound - 1), in: unit.bytes)
            if last > first { for line in (first + 1)...last where line < lines { solid[line] = true } }
        }
        return solid
    }

    private static func continues(
        _ bytes: UnsafeRawBufferPointer, _ starts: [Int], _ line: Int, _ language: CodeLanguage
    ) -> Bool {
        var last = starts[line] - 2
        while last > 0, bytes[last] == 0x0D || bytes[last].isBlank { last -= 1 }
        return bytes.byte(last) == UInt8(ascii: "\\")
    }

    /// PHP: the place lies behind an opening tag that was not closed, or there is no tag at all.
    private static func isCode(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Bool {
        var at = offset
        while at > 0 {
            at -= 1
            if bytes.holds("?>", at: at) { return false }
            if bytes.holds("<?", at: at) { return true }
        }
        return !bytes.prefix(4_096).contains(UInt8(ascii: "<"))
    }
}
