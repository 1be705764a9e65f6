// SPDX-License-Identifier: Apache-2.0

public import WritCore

/// Files that a prompt names for the host to read: `@path` in its text, and what is attached to it. No tool is used for
/// them, so no other event tells of them.
public enum PromptReferences {
    /// More references than this are not read.
    private static let maximumCount = 256

    /// A read for each file that the prompt names.
    public static func operations(of call: Call) -> [Operation] {
        guard call.event == .prompt else { return [] }
        var paths = call.prompt.map { named(in: $0) } ?? []
        for attachment in call.arguments["attachments"]?.array ?? [] {
            if let path = attachment.string ?? (attachment["file_path"] ?? attachment["filePath"])?.string {
                paths.append(path)
            }
        }
        return paths.prefix(maximumCount).map { path in
            let isPattern = path.utf8.contains { "*?[".utf8.contains($0) }
            return Operation(
                .fileRead, path: PathText.absolute(path, in: call.workingDirectory, home: call.home),
                isPattern: isPattern)
        }
    }

    /// Words after an `@` that begins a word. A quoted one may hold blanks, and a backslash keeps a blank in.
    static func named(in prompt: String) -> [String] {
        let bytes = Array(prompt.utf8)
        var found: [String] = []
        var at = 0
        while at < bytes.count, found.count < maximumCount {
            let isStart = bytes[at] == UInt8(ascii: "@") && (at == 0 || !isWord(bytes[at - 1]))
            at += 1
            guard isStart, at < bytes.count else { continue }
            var word: [UInt8] = []
            let quote = bytes[at] == UInt8(ascii: "\"") || bytes[at] == UInt8(ascii: "'") ? bytes[at] : nil
            if quote != nil { at += 1 }
            while at < bytes.count {
                let byte = bytes[at]
                if let quote, byte == quote { break }
                if quote == nil, byte <= 0x20 { break }
                if byte == UInt8(ascii: "\\"), at + 1 < bytes.count {
                    at += 1
                    word.append(bytes[at])
                } else {
                    word.append(byte)
                }
                at += 1
            }
            while let last = word.last, quote == nil, ".,;:!?)]}>`".utf8.contains(last) { word.removeLast() }
            // `@path#L10-20` and `@path:10` name a part of a file.
            if quote == nil, let mark = word.firstIndex(of: UInt8(ascii: "#")) { word.removeSubrange(mark...) }
            if !word.isEmpty { found.append(String(decoding: word, as: UTF8.self)) }
        }
        return found
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
            true
        default: byte >= 0x80
        }
    }
}
