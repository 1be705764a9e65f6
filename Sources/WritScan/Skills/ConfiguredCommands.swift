// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Commands that settings make run by themselves: hooks, MCP servers, tasks, life cycles of packages and containers.
enum ConfiguredCommands {
    struct Command {
        /// For the shell engine.
        var text: String
        var isPowerShell: Bool
        var span: SourceSpan
        /// The key it stands under, for people.
        var key: String
    }

    /// Commands of one file that are read.
    private static let most = 500

    /// Settings outside agents' folders that make programs run.
    static func runs(_ path: String) -> Bool {
        let parts = path.lowercased().split(separator: "/")
        guard let name = parts.last else { return false }
        if names.contains(String(name)) { return true }
        let folder = parts.dropLast().last.map(String.init) ?? ""
        return name == "tasks.json" && folder == ".vscode" || name == "devcontainer.json"
            || folder == ".devcontainer"
                && name.hasSuffix(".json")
    }

    /// Shell scripts that git runs.
    static func isGitHook(_ path: String) -> Bool {
        let parts = path.lowercased().split(separator: "/")
        return parts.dropLast().last.map { $0 == ".husky" || $0 == ".githooks" || $0 == "git-hooks" } ?? false
    }

    private static let names: Set<String> = [
        "package.json", "composer.json", ".devcontainer.json", ".pre-commit-config.yaml", ".lefthook.yml",
        "lefthook.yml",
    ]

    /// The value is a command, whatever is beside it.
    private static let keys: Set<String> = [
        "command", "cmd", "bash", "powershell", "pwsh", "run", "runcommand", "shellcommand", "exec", "script", "entry",
        "apikeyhelper", "awsauthrefresh", "awscredentialexport", "otelheadershelper", "statusline", "notify",
        "initializecommand", "oncreatecommand", "updatecontentcommand", "poststartcommand", "postattachcommand",
        "postcreatecommand", "command_windows", "commandwindows", "onstart", "setup", "startcommand", "install",
        "start", "terminals", "tool_discoverycommand", "tooldiscoverycommand", "toolcallcommand",
    ]

    /// Scripts that installing a package runs.
    private static let lifeCycle: Set<String> = [
        "preinstall", "install", "postinstall", "prepare", "preprepare", "postprepare", "prepublish", "prepublishonly",
        "prepack", "postpack", "dependencies", "preuninstall", "postuninstall",
        "pre-install-cmd", "post-install-cmd", "pre-update-cmd", "post-update-cmd", "post-autoload-dump",
        "pre-autoload-dump", "post-root-package-install", "post-create-project-cmd",
    ]

    static func read(_ bytes: UnsafeRawBufferPointer, path: String) -> (commands: [Command], isCut: Bool) {
        let (tree, isCut) = SettingsTree.read(bytes, path: path)
        var out: [Command] = []
        let name = path.lowercased().split(separator: "/").last.map(String.init) ?? ""
        if name == "package.json" || name == "composer.json" {
            if case .table(let entries)? = tree["scripts"] {
                for entry in entries where lifeCycle.contains(entry.key.lowercased()) {
                    add(entry.value, entry.key, arguments: nil, isShell: true, to: &out)
                }
            }
        } else {
            walk(tree, 0, &out)
        }
        return (out, isCut || out.count >= most)
    }

    private static func walk(_ tree: SettingsTree, _ depth: Int, _ out: inout [Command]) {
        guard depth < SettingsTree.depth, out.count < most else { return }
        switch tree {
        case .text, .other: return
        case .list(let items):
            for item in items { walk(item, depth + 1, &out) }
        case .table(let entries):
            let arguments = (tree["args"] ?? tree["arguments"])?.strings
            let isShell = tree["type"]?.string?.text.lowercased() == "shell"
            for entry in entries {
                let key = entry.key.lowercased()
                if keys.contains(key) {
                    let own = key == "command" || key == "cmd" ? arguments : nil
                    add(entry.value, entry.key, arguments: own, isShell: isShell, to: &out)
                }
                if case .text = entry.value { continue }
                walk(entry.value, depth + 1, &out)
            }
        }
    }

    private static func add(
        _ value: SettingsTree, _ key: String, arguments: [String]?, isShell: Bool, to out: inout [Command]
    ) {
        let isPowerShell = key.lowercased().hasPrefix("powershell") || key.lowercased() == "pwsh"
        switch value {
        case .text(let text, let span):
            guard text.utf8.count <= 1 << 18, !text.isEmpty else { return }
            var line = text
            if let arguments, !arguments.isEmpty {
                // A program's path may hold blanks; a shell's line is one already.
                line = isShell || text.contains(" ") ? text : quoted(text)
                for argument in arguments { line += " " + (isShell ? argument : quoted(argument)) }
            }
            out.append(Command(text: line, isPowerShell: isPowerShell, span: span, key: key))
        case .list(let items):
            let words = items.compactMap { $0.string?.text }
            guard let first = items.first?.string else { return }
            let last = items.last?.string?.span.end ?? first.span.end
            out.append(
                Command(
                    text: (words + (arguments ?? [])).map(quoted).joined(separator: " "), isPowerShell: isPowerShell,
                    span: SourceSpan(start: first.span.start, end: max(first.span.end, last)), key: key))
        case .table(let entries):
            // Commands side by side, each under a name; the keys that are commands themselves are read anyway.
            for entry in entries where !keys.contains(entry.key.lowercased()) {
                if case .table = entry.value { continue }
                add(entry.value, key, arguments: nil, isShell: isShell, to: &out)
            }
        case .other: return
        }
    }

    /// Words of the commands that may be files, as they are written; variables for the project's folder are taken off.
    static func references(_ bytes: UnsafeRawBufferPointer, path: String) -> [String] {
        let signs: Set<Character> = [" ", "\t", "\n", "\"", "'", ";", "|", "&", "(", ")", "<", ">", "`", "="]
        var out: [String] = []
        for command in read(bytes, path: path).commands {
            for word in command.text.split(whereSeparator: { signs.contains($0) }) {
                var word = word
                while let slash = word.firstIndex(of: "/"), word.hasPrefix("$") || word.hasPrefix("./") {
                    word = word[word.index(after: slash)...]
                }
                if word.contains(".") || word.contains("/"), word.utf8.count < 512, out.count < 1000 {
                    out.append(String(word))
                }
            }
        }
        return out
    }

    /// One word for the shell.
    static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy {
                $0.isWord || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ".")
                    || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "@")
            }
        if isPlain { return word }
        return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
