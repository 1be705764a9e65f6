// SPDX-License-Identifier: Apache-2.0

import WritCore

/// Settings of agents that keep hooks from running, or change the surroundings that a hook runs in.
public enum DisablingSettings {
    private enum Sign: Sendable {
        /// A key of a JSON file with the value that turns hooks off.
        case json([String], JSON)
        /// A list that names entries which do not count.
        case names([String], String)
        /// A key of a TOML file.
        case toml([String], String)
    }

    private struct Row: Sendable {
        var agents: Set<String>
        /// `~/` is the home, a plain name is below the project, the rest is absolute.
        var files: [String]
        var sign: Sign
        var says: String
    }

    private static let rows: [Row] = [
        Row(
            agents: ["claude-code"],
            files: [
                "~/.claude/settings.json", "~/.claude/settings.local.json", ".claude/settings.json",
                ".claude/settings.local.json", "/etc/claude-code/managed-settings.json",
            ], sign: .json(["disableAllHooks"], true), says: "`disableAllHooks` is true, so no hook runs"),
        Row(
            agents: ["gemini-cli"],
            files: ["~/.gemini/settings.json", ".gemini/settings.json", "/etc/gemini-cli/settings.json"],
            sign: .json(["hooksConfig", "enabled"], false), says: "`hooksConfig.enabled` is false, so no hook runs"),
        Row(
            agents: ["gemini-cli"],
            files: ["~/.gemini/settings.json", ".gemini/settings.json", "/etc/gemini-cli/settings.json"],
            sign: .names(["hooksConfig", "disabled"], "writ"), says: "`hooksConfig.disabled` names Writ's hook"),
        Row(
            agents: ["qwen-code"],
            files: ["~/.qwen/settings.json", ".qwen/settings.json", "/etc/qwen-code/settings.json"],
            sign: .json(["disableAllHooks"], true), says: "`disableAllHooks` is true, so no hook runs"),
        Row(
            agents: ["codex"],
            files: ["~/.codex/config.toml", ".codex/config.toml", "/etc/codex/requirements.toml"],
            sign: .toml(["features", "hooks"], "false"), says: "`features.hooks` is false, so no hook runs"),
        Row(
            agents: ["copilot-cli"],
            files: [
                "~/.copilot/hooks/writ.json", ".github/hooks/writ.json", "~/.copilot/config.json",
                "~/.copilot/settings.json", ".github/copilot/settings.json",
            ], sign: .json(["disableAllHooks"], true), says: "`disableAllHooks` is true, so the hooks do not run"),
        Row(
            agents: ["vscode"], files: ["~/.copilot/hooks/writ-vscode.json", ".github/hooks/writ-vscode.json"],
            sign: .json(["disableAllHooks"], true), says: "`disableAllHooks` is true, so the hooks do not run"),
        Row(
            agents: ["factory-droid"], files: ["~/.factory/settings.json", ".factory/settings.json"],
            sign: .json(["disableAllHooks"], true), says: "`disableAllHooks` is true, so no hook runs"),
    ]

    /// Where an agent's settings set variables for everything that it starts, weakest first.
    private static let environments: [String: [String]] = [
        "claude-code": [
            "~/.claude/settings.json", ".claude/settings.json", ".claude/settings.local.json",
            "/etc/claude-code/managed-settings.json",
        ],
        "qwen-code": ["~/.qwen/settings.json", ".qwen/settings.json"],
    ]

    /// Variables that lead a program to other files, other libraries or other code.
    private static let leading: Set<String> = [
        "BASH_ENV", "DYLD_INSERT_LIBRARIES", "DYLD_LIBRARY_PATH", "ENV", "HOME", "LD_AUDIT", "LD_LIBRARY_PATH",
        "LD_PRELOAD", "PATH", "SHELL", "WRIT_HOME", "ZDOTDIR",
    ]

    private static func absolute(_ file: String, home: String, directory: String) -> String {
        if file.hasPrefix("/") { return file }
        if file.hasPrefix("~/") { return home + file.dropFirst(1) }
        return directory == "/" ? "/" + file : directory + "/" + file
    }

    /// What keeps the agent's hooks from running, one line each with its file.
    ///
    /// A file that cannot be read is a line as well, since nobody knows what it says.
    public static func found(agent: String, home: String, directory: String) -> [String] {
        var found: [String] = []
        for row in rows where row.agents.contains(agent) {
            for file in row.files {
                let path = absolute(file, home: home, directory: directory)
                do {
                    guard let bytes = try SettingsFile(path).read().bytes else { continue }
                    if try holds(bytes, row.sign) { found.append("\(path): \(row.says)") }
                } catch let fault as SettingsFault {
                    found.append(fault.description)
                } catch let fault as SettingsSyntaxFault {
                    found.append(SettingsFault(fault, file: path, text: []).description)
                } catch {
                    found.append("\(path): cannot be read")
                }
            }
        }
        return found.reduce(into: []) { list, line in if !list.contains(line) { list.append(line) } }
    }

    private static func holds(_ bytes: [UInt8], _ sign: Sign) throws -> Bool {
        switch sign {
        case .json(let path, let value): return try member(bytes, path) == value
        case .names(let path, let name):
            return try member(bytes, path)?.array?.contains { $0.string == name } == true
        case .toml(let path, let word): return try TOMLText(bytes).holds(path, word)
        }
    }

    private static func member(_ bytes: [UInt8], _ path: [String]) throws -> JSON? {
        let text = try SettingsText(bytes)
        return try text.node(at: path).flatMap { text.value(of: $0) }
    }

    /// The variables that the agent's settings set for what it starts, and which of them lead elsewhere.
    public static func environment(
        agent: String, home: String, directory: String
    ) -> (variables: [String: String], warnings: [String]) {
        var variables: [String: String] = [:]
        var warnings: [String] = []
        for file in environments[agent] ?? [] {
            let path = absolute(file, home: home, directory: directory)
            do {
                guard let bytes = try SettingsFile(path).read().bytes else { continue }
                for member in try member(bytes, ["env"])?.members ?? [] {
                    variables[member.key] = member.value.string
                    if leading.contains(member.key) {
                        warnings.append("\(path): `env` sets \(member.key) for everything that the agent starts")
                    }
                }
            } catch {
                // The same file is named by ``found(agent:home:directory:)``.
                continue
            }
        }
        return (variables, warnings)
    }
}
