// SPDX-License-Identifier: Apache-2.0

import WritCore
import WritResources

/// The text of one entry: which program an agent starts, with which arguments, for which event.
struct HookEntry: Sendable {
    let agent: String
    /// Absolute path of the hook.
    let hook: String
    /// The home that it obeys.
    let home: String

    private var arguments: [String] { [agent, "--home", home] }

    /// The words as a line for a shell.
    private func line(_ words: [String]) -> String {
        ([hook] + words).map(HookEntry.quoted).joined(separator: " ")
    }

    /// One handler in JSON.
    func handler(_ spelling: HookLayout.Handler, for event: HookLayout.Event) -> JSON {
        let seconds = JSON.integer(Int64(event.timeout))
        let command = JSON.string(line(arguments))
        let named = arguments + ["--event", event.name]
        switch spelling {
        // With `args` the agent starts the program itself; no shell reads the paths.
        case .program:
            return [
                "type": "command", "command": .string(hook), "args": .array(arguments.map { .string($0) }),
                "timeout": seconds,
            ]
        case .line: return ["type": "command", "command": command, "timeout": seconds]
        case .named:
            return [
                "name": "writ", "type": "command", "command": command,
                "timeout": .integer(Int64(event.timeout) * 1000),
            ]
        case .failClosed:
            var handler: JSON = ["command": command, "timeout": seconds]
            if event.canBlock { handler.set("failClosed", true) }
            return handler
        case .bash: return ["type": "command", "bash": .string(line(named)), "timeoutSec": seconds]
        case .shown: return ["command": command, "show_output": true]
        case .onFailure:
            var handler: JSON = ["type": "command", "command": command, "timeout": seconds]
            if event.canBlock { handler.set("on_failure", "block") }
            return handler
        }
    }

    /// A block of TOML with every event.
    func toml(_ events: [HookLayout.Event]) -> String {
        events.map { event in
            """
            [[hooks.\(event.name)]]
            \(event.hasMatcher ? "matcher = \"*\"\n" : "")[[hooks.\(event.name).hooks]]
            type = "command"
            command = \(JSON.string(line(arguments)).text)
            timeout = \(event.timeout)
            """
        }.joined(separator: "\n")
    }

    /// The whole of a file of Writ's own; nil when the build lacks its resource.
    func text(_ kind: HookLayout.Text, _ events: [HookLayout.Event]) -> String? {
        switch kind {
        case .kiroHooks:
            let hooks = events.map { event -> JSON in
                var hook: JSON = ["name": .string("writ-\(event.name)"), "trigger": .string(event.name)]
                if event.hasMatcher { hook.set("matcher", ".*") }
                hook.set("action", ["type": "command", "command": .string(line(arguments))])
                hook.set("timeout", .integer(Int64(event.timeout)))
                hook.set("enabled", true)
                return hook
            }
            let lines = hooks.map { "    " + $0.text }.joined(separator: ",\n")
            return "{\n  \"version\": \"v1\",\n  \"hooks\": [\n\(lines)\n  ]\n}\n"
        case .goosePlugin:
            return """
                {
                  "name": "writ",
                  "version": "1.0.0",
                  "description": "Starts writ-hook for every event."
                }

                """
        case .script(let event):
            return """
                #!/bin/sh
                # Made by `writ install \(agent)`; `writ uninstall \(agent)` removes it.
                exec \(line(arguments + ["--event", event]))

                """
        case .plugin(let name):
            guard let template = Resource.named(name)?.text else { return nil }
            return template.replacing("@HOOK@", with: JSON.string(hook).text)
                .replacing("@ARGUMENTS@", with: JSON.array(arguments.map { .string($0) }).text)
        }
    }

    /// One word for a POSIX shell.
    static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.unicodeScalars.allSatisfy { scalar in
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9", "/", "-", "_", ".", "=", ":", ",", "@": true
                default: false
                }
            }
        if isPlain { return word }
        return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// Whether a handler in JSON starts a hook of Writ's. The program's name decides, not its folder, so that an older
    /// copy's entries are found too.
    static func isOwn(_ handler: JSON?) -> Bool {
        for key in ["command", "exec", "bash"] {
            guard let command = handler?[key]?.string else { continue }
            if name(of: command) == "writ-hook" { return true }
            guard handler?["args"] == nil else { continue }
            // A line for a shell: the program is its first word.
            let quote: Character? = command.first == "\"" || command.first == "'" ? command.first : nil
            let word = quote.map { mark in command.dropFirst().prefix { $0 != mark } } ?? command.prefix { $0 != " " }
            if name(of: String(word)) == "writ-hook" { return true }
        }
        return false
    }

    private static func name(of path: String) -> Substring {
        path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
    }
}

extension String {
    /// `Foundation` is not wanted here for this alone.
    fileprivate func replacing(_ mark: String, with text: String) -> String {
        var out = ""
        var rest = self[...]
        while let first = mark.first, let at = rest.firstIndex(of: first) {
            if rest[at...].hasPrefix(mark) {
                out += rest[..<at] + text
                rest = rest[rest.index(at, offsetBy: mark.count)...]
            } else {
                let next = rest.index(after: at)
                out += rest[..<next]
                rest = rest[next...]
            }
        }
        return out + rest
    }
}
