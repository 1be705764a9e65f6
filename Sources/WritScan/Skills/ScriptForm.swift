// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Languages of scripts that the shell engine reads.
enum ScriptForm {
    case shell, python, node, ruby, perl, php, powerShell

    /// By the file's ending or its first line; nil for what is no script.
    init?(_ bytes: [UInt8], path: String) {
        let name = path.split(separator: "/").last ?? ""
        switch name.lastIndex(of: ".").map({ name[name.index(after: $0)...].lowercased() }) ?? "" {
        case "sh", "bash", "zsh", "ksh", "command": self = .shell
        case "py", "pyw": self = .python
        case "js", "mjs", "cjs", "ts", "mts", "cts": self = .node
        case "rb": self = .ruby
        case "pl": self = .perl
        case "php": self = .php
        case "ps1", "psm1": self = .powerShell
        default:
            guard bytes.starts(with: [0x23, 0x21]) else { return nil }
            let line = String(decoding: bytes.prefix(128).prefix { $0 != 0x0A }, as: UTF8.self)
            if line.contains("python") {
                self = .python
            } else if line.contains("node") || line.contains("deno") || line.contains("bun") {
                self = .node
            } else if line.contains("ruby") {
                self = .ruby
            } else if line.contains("perl") {
                self = .perl
            } else if line.contains("pwsh") {
                self = .powerShell
            } else if line.contains("sh") {
                self = .shell
            } else {
                return nil
            }
        }
    }

    /// By the name of a fence in Markdown.
    init?(fence name: String) {
        switch name {
        case "", "sh", "bash", "zsh", "shell", "console", "terminal", "shell-session", "shellsession", "bat", "cmd":
            self = .shell
        case "python", "py", "python3": self = .python
        case "js", "javascript", "node", "mjs", "ts", "typescript": self = .node
        case "ruby", "rb": self = .ruby
        case "perl": self = .perl
        case "php": self = .php
        case "powershell", "ps1", "pwsh": self = .powerShell
        default: return nil
        }
    }

    /// A command that runs the text.
    func command(for text: String) -> String {
        switch self {
        case .shell: text
        case .python: "python3 -c " + ConfiguredCommands.quoted(text)
        case .node: "node -e " + ConfiguredCommands.quoted(text)
        case .ruby: "ruby -e " + ConfiguredCommands.quoted(text)
        case .perl: "perl -e " + ConfiguredCommands.quoted(text)
        case .php: "php -r " + ConfiguredCommands.quoted(text)
        case .powerShell: "pwsh -Command " + ConfiguredCommands.quoted(text)
        }
    }
}
