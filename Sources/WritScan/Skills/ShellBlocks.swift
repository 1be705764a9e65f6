// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Shell code in Markdown fences, or a short text without any.
enum ShellBlocks {
    struct Block {
        var script: String
        var span: SourceSpan
        var line: Int
    }

    private static let names: Set<String> = ["", "sh", "bash", "zsh", "shell", "console", "terminal"]

    static func blocks(in bytes: [UInt8]) -> [Block] {
        var out: [Block] = []
        var open: (start: Int, line: Int, isShell: Bool)?
        var at = 0
        var line = 0
        var isFenced = false
        while at < bytes.count {
            line += 1
            let end = bytes[at...].firstIndex(of: 0x0A) ?? bytes.count
            var text = bytes[at..<end]
            while let first = text.first, first.isBlank { text = text.dropFirst() }
            if text.starts(with: [0x60, 0x60, 0x60]) || text.starts(with: [0x7E, 0x7E, 0x7E]) {
                isFenced = true
                if let block = open {
                    if block.isShell, at - block.start <= 65_536 {
                        out.append(
                            Block(
                                script: String(decoding: bytes[block.start..<at], as: UTF8.self),
                                span: SourceSpan(start: block.start, end: at), line: block.line))
                    }
                    open = nil
                } else {
                    let name = String(decoding: text.dropFirst(3).filter { !$0.isBlank && $0 != 0x0D }, as: UTF8.self)
                    open = (min(bytes.count, end + 1), line + 1, names.contains(name))
                }
            }
            at = end + 1
        }
        // A few lines without Markdown are commands as they are: a script's excerpt, a settings value.
        if !isFenced, bytes.count <= 4096, line <= 16, !bytes.isEmpty {
            out.append(
                Block(
                    script: String(decoding: bytes, as: UTF8.self), span: SourceSpan(start: 0, end: bytes.count),
                    line: 1))
        }
        return out
    }
}
