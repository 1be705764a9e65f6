// SPDX-License-Identifier: Apache-2.0

/// Files that an instruction file brings in by `@path`, as hosts do when they load it (Claude Code, Gemini CLI, Qwen Code).
public enum InstructionImports {
    /// Imports of one file that are followed.
    public static let limit = 1_024
    /// Files that bring in files.
    public static let depth = 5

    /// The absolute paths that a file names: after a blank or at a line's start, outside of code. They need not exist.
    ///
    /// - Parameters:
    ///   - path: the file's own, absolute: relative names begin in its folder.
    ///   - home: what `~` stands for; empty leaves those out.
    public static func paths(in bytes: [UInt8], of path: String, home: String) -> [String] {
        guard bytes.contains(UInt8(ascii: "@")), let slash = path.lastIndex(of: "/") else { return [] }
        let folder = String(path[..<slash])
        var found: [String] = []
        var seen: Set<String> = []
        bytes.withUnsafeBytes { bytes in
            var code = CodeMarks()
            var at = code.begin(bytes, at: 0)
            while at < bytes.count, found.count < limit {
                let byte = bytes[at]
                if byte == 0x0A {
                    at = code.begin(bytes, at: at + 1)
                } else if byte == UInt8(ascii: "`") {
                    at = code.tick(bytes, at)
                } else if byte == UInt8(ascii: "@"), !code.isOpen, at == 0 || bytes[at - 1] <= 0x20 {
                    let start = at + 1
                    while at < bytes.count, bytes[at] > 0x20, at - start < 1_024 { at += 1 }
                    if let whole = absolute(bytes.part(start..<at), folder, home), seen.insert(whole).inserted {
                        found.append(whole)
                    }
                } else {
                    at += 1
                }
            }
        }
        return found
    }

    private static func absolute(_ name: UnsafeRawBufferPointer, _ folder: String, _ home: String) -> String? {
        var name = name
        while let last = name.last, ".,;:)".utf8.contains(last) { name = name.part(0..<(name.count - 1)) }
        // A mention of a person, a package or a folder is no file.
        guard name.count >= 3, name.last != UInt8(ascii: "/"),
            name.contains(UInt8(ascii: ".")) || name.contains(UInt8(ascii: "/")),
            let text = String(validating: name, as: UTF8.self)
        else { return nil }
        var parts: [Substring] = []
        let whole: String
        if text.hasPrefix("/") {
            whole = text
        } else if text.hasPrefix("~/") {
            guard home.hasPrefix("/") else { return nil }
            whole = home + text.dropFirst(1)
        } else {
            whole = folder + "/" + text
        }
        for part in whole.split(separator: "/") {
            switch part {
            case ".": continue
            case "..": _ = parts.popLast()
            default: parts.append(part)
            }
        }
        return "/" + parts.joined(separator: "/")
    }
}
