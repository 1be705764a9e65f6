// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Code in Markdown: fences, commands in a line of text, commands that a host runs while it loads the file; or a short
/// text without any of them.
enum ShellBlocks {
    struct Block {
        var script: String
        var span: SourceSpan
        var line: Int
        /// The host runs it without a question: `` !`command` ``.
        var isAutomatic = false
        /// It is the text itself, with whatever is not code in it.
        var isWhole = false
    }

    private struct Fence {
        var start: Int
        var line: Int
        var sign: UInt8
        var length: Int
        var form: ScriptForm?
    }

    static func blocks(in bytes: [UInt8]) -> [Block] {
        var out: [Block] = []
        var open: Fence?
        var at = 0
        var line = 0
        var isFenced = false
        func close(_ fence: Fence, _ end: Int) {
            guard let form = fence.form, end > fence.start else { return }
            let text = String(decoding: bytes[fence.start..<end], as: UTF8.self)
            out.append(
                Block(
                    script: form.command(for: form == .shell ? withoutPrompts(text) : text),
                    span: SourceSpan(start: fence.start, end: end), line: fence.line))
        }
        while at < bytes.count {
            line += 1
            let end = bytes[at...].firstIndex(of: 0x0A) ?? bytes.count
            var text = bytes[at..<end]
            while let first = text.first, first.isBlank || first == UInt8(ascii: ">") { text = text.dropFirst() }
            let sign = text.first ?? 0
            let run = text.prefix { $0 == sign }.count
            if sign == 0x60 || sign == 0x7E, run >= 3 {
                isFenced = true
                if let fence = open {
                    // A fence ends with the same sign, at least as often, and nothing behind it.
                    if sign == fence.sign, run >= fence.length, text.dropFirst(run).allSatisfy({ $0 <= 0x20 }) {
                        close(fence, at)
                        open = nil
                    }
                } else {
                    let name = text.dropFirst(run).filter { $0 != UInt8(ascii: "{") }.drop { $0 <= 0x20 }
                        .prefix { $0 > 0x20 && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "}") }
                    open = Fence(
                        start: min(bytes.count, end + 1), line: line + 1, sign: sign, length: run,
                        form: ScriptForm(fence: String(decoding: name.map(\.lowercased), as: UTF8.self)))
                }
            } else if open == nil {
                inline(bytes, at, end, line, &out)
            }
            at = end + 1
        }
        // What is never closed goes on to the end.
        if let open { close(open, bytes.count) }
        // A few lines without Markdown are commands as they are: a script's excerpt, a settings value.
        if !isFenced, bytes.count <= 4096, line <= 16, !bytes.isEmpty {
            out.append(
                Block(
                    script: String(decoding: bytes, as: UTF8.self), span: SourceSpan(start: 0, end: bytes.count),
                    line: 1, isWhole: true))
        }
        return out
    }

    /// Code spans that hold more than a name.
    private static func inline(_ bytes: [UInt8], _ start: Int, _ end: Int, _ line: Int, _ out: inout [Block]) {
        var at = start
        while at < end {
            guard bytes[at] == 0x60 else {
                at += 1
                continue
            }
            let first = at + 1
            var close = first
            while close < end, bytes[close] != 0x60 { close += 1 }
            guard close < end else { return }
            let text = bytes[first..<close]
            let isAutomatic = at > start && bytes[at - 1] == UInt8(ascii: "!")
            if isAutomatic || (text.count >= 12 && text.contains(0x20) && text.contains(where: joins)) {
                out.append(
                    Block(
                        script: String(decoding: text, as: UTF8.self), span: SourceSpan(start: first, end: close),
                        line: line, isAutomatic: isAutomatic))
            }
            at = close + 1
        }
    }

    /// Signs without which one program's output reaches no other.
    private static func joins(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "|") || byte == UInt8(ascii: "$") || byte == UInt8(ascii: ";") || byte == UInt8(ascii: "<")
            || byte == UInt8(ascii: "&") || byte == UInt8(ascii: "@") || byte == UInt8(ascii: ">")
    }

    /// A terminal's session as the commands that were typed.
    private static func withoutPrompts(_ text: String) -> String {
        guard text.hasPrefix("$ ") || text.contains("\n$ ") else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("$ ") ? $0.dropFirst(2) : $0 }.joined(separator: "\n")
    }
}
