// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Code in languages without a reader: R, Julia, Elixir, AppleScript, Tcl, Lisp, a Java shell and others.
///
/// Two things are told of it. A call that is named like one that runs or deletes, with a text beside it, is that; and code
/// that names nothing that could run, read, write, send or build code is as harmless as a script that nobody has read.
/// Everything else stays computed.
enum OtherCode {
    private static let textLimit = 20_000

    /// What runs or deletes in plain sight.
    static func effects(_ code: String, language: String) -> [InlineCode.Effect] {
        let bytes = Array(code.utf8.prefix(textLimit))
        var effects: [InlineCode.Effect] = []
        var at = 0
        // The words before a text, without blanks and brackets: `system(`, `do shell script `, `(shell-command `.
        var before: [UInt8] = []
        while at < bytes.count, effects.count < 32 {
            let byte = bytes[at]
            if byte == 0x22 || byte == 0x27 || byte == 0x60 {
                var text: [UInt8] = []
                at += 1
                while at < bytes.count, bytes[at] != byte {
                    if bytes[at] == 0x5C, at + 1 < bytes.count { at += 1 }
                    text.append(bytes[at])
                    at += 1
                }
                let word = String(decoding: before, as: UTF8.self).lowercased()
                let value = Value(String(decoding: text, as: UTF8.self))
                if runs.contains(where: { word.hasSuffix($0) }) {
                    effects.append(.shell(value))
                } else if let found = deletes.first(where: { word.hasSuffix($0.name) }) {
                    effects.append(.delete(value, isRecursive: found.isRecursive))
                }
                before = []
            } else if byte == 0x0A || byte == 0x3B || byte == 0x2C {
                before = []
            } else if byte != 0x28 && byte != 0x5B && byte != 0x7B {
                // One blank at most, and none at the end.
                if byte != 0x20 || before.last != 0x20 { before.append(byte) }
            }
            at += 1
            while before.last == 0x20, at < bytes.count, bytes[at] == 0x22 || bytes[at] == 0x27 || bytes[at] == 0x60 {
                before.removeLast()
            }
        }
        if language == "tcl" || language == "expect" { effects += commands(code) }
        return effects
    }

    /// `exec rm x`, `spawn rm x`: Tcl's words are those of a shell.
    private static func commands(_ code: String) -> [InlineCode.Effect] {
        code.split(whereSeparator: { $0 == "\n" || $0 == ";" }).prefix(32).compactMap { line in
            let line = line.drop { $0 == " " || $0 == "[" }
            for word in ["exec ", "spawn ", "system "] where line.hasPrefix(word) {
                return .shell(Value(String(line.dropFirst(word.count))))
            }
            return nil
        }
    }

    /// Whether nothing in it is named like something that could do harm.
    static func isPlain(_ code: String, language: String) -> Bool {
        guard ["r", "other", "tcl", "elisp"].contains(language), code.utf8.count <= 400 else { return false }
        let text = code.lowercased()
        if text.contains("`") || text.contains("|") || text.contains("!") || text.contains("://") { return false }
        return !marks.contains { text.holds($0) }
    }

    private static let runs = [
        "system", "system2", "shell", "shell script", "shell-command", "run", "exec", "os.cmd", "os:cmd", "popen",
        "run-shell-command", "call-process", "run-program", "callcommand", "system.cmd", "sys.command", "sh", "spawn",
    ]

    private static let deletes: [(name: String, isRecursive: Bool)] = [
        ("rm_rf!", true), ("rm_rf", true), ("unlink", true), ("delete-directory", true), ("rm", true),
        ("removedirectoryrecursive", true), ("deletedir", true), ("remove_dir_all", true), ("file.rm!", false),
        ("file.rm", false), ("file.remove", false), ("delete-file", false), ("file delete", false),
        ("sys.remove", false),
    ]

    /// Parts of names of what runs, reads, writes, sends, loads, or makes code; also of what looks a name up.
    private static let marks: [StaticString] = [
        "system", "shell", "exec", "run", "spawn", "popen", "cmd", "command", "process", "eval", "parse", "compile",
        "load", "source", "include", "import", "require", "library(", "download", "http", "url", "socket", "connect",
        "tcp",
        "open", "read", "write", "save", "delete", "unlink", "remove", "rm", "file", "path", "mkdir", "dir.create",
        "setwd", "rename", "move", "copy",
        "chmod", "env", "sys", "getfield", "apply", "invoke", "reflect", "class", "symbol", "port", "node", "rpc",
        "remote",
        "ffi", "ccall", "dyn", "native", "unsafe", "tell ", "keystroke", "clipboard", "password", "secret", "send",
        "os:", "os.", ".os", "io.popen", "slurp", "spit", "base", "call", "install", "quit", "kill", "exit(", "macro",
        "quote", "get(", "get0", "match.fun", "getfunction", "intern", "filter(", "reduce(", "map(",
    ]
}
