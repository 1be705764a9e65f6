// SPDX-License-Identifier: Apache-2.0

/// A patch in the text of a command: `apply_patch <<'EOF' …`, which Codex carries out by itself though the call is one of
/// its shell.
struct EmbeddedPatch: Hashable {
    /// From `*** Begin Patch` to `*** End Patch`.
    var text: String
    /// The folder that a `cd` before it names; empty for the call's own, nil when it cannot be told.
    var folder: String?

    /// More than this many are not looked for.
    private static let maximumCount = 64

    /// Every patch of a command, in order; linear in its length.
    static func all(in command: String) -> [EmbeddedPatch] {
        guard mayHoldOne(command) else { return [] }
        let bytes = Array(command.utf8)
        guard let first = find("apply_patch", in: bytes[...]) ?? find("applypatch", in: bytes[...]) else { return [] }
        var found: [EmbeddedPatch] = []
        var at = first
        while found.count < maximumCount, let start = find("*** Begin Patch", in: bytes[at...]) {
            let end = find("*** End Patch", in: bytes[start...]).map { $0 + 13 } ?? bytes.count
            found.append(
                EmbeddedPatch(
                    text: String(decoding: bytes[start..<end], as: UTF8.self), folder: folder(before: bytes[..<first])))
            at = end
        }
        return found
    }

    /// Nearly no command holds the word, and every command is asked.
    private static func mayHoldOne(_ command: String) -> Bool {
        var command = command
        return command.withUTF8 { bytes in
            var at = 0
            while at + 5 <= bytes.count {
                if bytes[at] == UInt8(ascii: "p"), bytes[at + 1] == UInt8(ascii: "a"),
                    bytes[at + 2] == UInt8(ascii: "t"), bytes[at + 3] == UInt8(ascii: "c"),
                    bytes[at + 4] == UInt8(ascii: "h")
                {
                    return true
                }
                at += 1
            }
            return false
        }
    }

    private static func find(_ word: String, in bytes: ArraySlice<UInt8>) -> Int? {
        let mark = Array(word.utf8)
        guard let head = mark.first else { return nil }
        var rest = bytes
        while let at = rest.firstIndex(of: head) {
            if bytes[at...].starts(with: mark) { return at }
            rest = bytes[(at + 1)...]
        }
        return nil
    }

    /// What stands before the program: nothing, or `cd FOLDER &&`. Anything else may have gone anywhere.
    private static func folder(before bytes: ArraySlice<UInt8>) -> String? {
        let words = String(decoding: bytes, as: UTF8.self).split { $0 == " " || $0 == "\n" || $0 == "\t" }
        if words.isEmpty { return "" }
        guard words.count == 3, words[0] == "cd", words[2] == "&&" || words[2] == ";" else {
            return words.contains("cd") || words.contains("pushd") ? nil : ""
        }
        var folder = words[1]
        if let quote = folder.first, quote == "'" || quote == "\"", folder.last == quote, folder.count > 1 {
            folder = folder.dropFirst().dropLast()
        }
        let isPlain = !folder.utf8.contains { "$`*?[\\'\"".utf8.contains($0) }
        return isPlain ? String(folder) : nil
    }
}
