// SPDX-License-Identifier: Apache-2.0
import Testing
import WritAgents
import WritCore
import WritGuard
import WritPolicy
import WritShell

/// The second part of docs/threats.md, the guard itself, as far as a single call shows it. B41, B43, B45, B48, B50 and B51
/// need processes or files, and stand with those.
@Suite struct SelfThreatTests {
    private static let guardian = Result { try Engines.guardian() }
    private static let home = "/home/dev"
    private static let project = "/home/dev/project"

    private func verdict(_ call: Call) throws -> Verdict {
        try Self.guardian.get().judge(call, session: SessionState(), in: Guard.Surroundings(user: "dev")).decision.verdict
    }

    private func verdict(_ tool: String, _ arguments: JSON, of agent: String = "claude-code") throws -> Verdict {
        try verdict(
            Agents.call(of: tool, arguments, agent: agent, workingDirectory: Self.project, home: Self.home))
    }

    private func check(_ verdict: Verdict, _ commands: String...) throws {
        for command in commands {
            #expect(try self.verdict("Bash", ["command": .string(command)]) == verdict, "wanted \(verdict): \(command)")
        }
    }

    /// The settings that start Writ, of every agent at each level that it has.
    private static let settings: [String] = {
        var paths: [String] = []
        for layout in HookLayout.all {
            for place in layout.user { paths.append(home + "/" + place.path) }
            for place in layout.project { paths.append(project + "/" + place.path) }
            for place in layout.managed { paths.append(place.path) }
        }
        return paths
    }()

    @Test func `B38 hook settings are edited, emptied, moved and removed`() throws {
        #expect(Self.settings.count > 40)
        for path in Self.settings {
            try check(
                .deny, "rm -f '\(path)'", "mv '\(path)' /tmp/x", "truncate -s 0 '\(path)'", "echo '{}' > '\(path)'",
                "sed -i s/writ-hook/true/ '\(path)'", "cp /tmp/x '\(path)'", "ln -sf /dev/null '\(path)'",
                "python3 -c \"open('\(path)', 'w').write('{}')\"")
            let edit: JSON = ["file_path": .string(path), "old_string": "writ-hook", "new_string": "true"]
            #expect(try verdict("Edit", edit) == .deny, "\(path)")
        }
        // An `env` block, a list of servers, a switch: whatever is put there.
        for text in [#"{"env": {"PATH": "/tmp"}}"#, #"{"disableAllHooks": true}"#, #"{"enableAllProjectMcpServers": true}"#] {
            let write: JSON = ["file_path": ".claude/settings.local.json", "content": .string(text)]
            #expect(try verdict("Write", write) == .deny, "\(text)")
        }
        try check(.deny, "claude config set disableAllHooks true", "claude mcp add x npx y", "codex mcp add x -- npx y")
        try check(.allow, "cat ~/.claude/settings.json", "jq .hooks .cursor/hooks.json", "claude mcp list")
    }

    @Test func `B39 settings are created where there were none`() throws {
        for path in Self.settings {
            #expect(try verdict("Write", ["file_path": .string(path), "content": "{}"]) == .deny, "\(path)")
            try check(.deny, "mkdir -p \"$(dirname '\(path)')\" && : > '\(path)'", "git show HEAD:x > '\(path)'")
        }
        try check(.allow, "mkdir -p docs && touch docs/settings.json")
    }

    @Test func `B40 an agent is led to settings that somebody else wrote`() throws {
        try check(
            .ask, "CODEX_HOME=./evil codex exec hi", "export CLAUDE_CONFIG_DIR=/tmp/x", "env COPILOT_HOME=/tmp/x copilot -p hi",
            "GEMINI_CLI_SYSTEM_SETTINGS_PATH=/tmp/x gemini -p hi", "claude --setting-sources project -p hi",
            "copilot --config-dir ./x -p hi")
        try check(.allow, "claude -p hi", "codex exec 'fix the tests'", "gemini -p hi")
    }

    @Test func `B42 escape-hatch variables and marker files open nothing`() throws {
        for name in ["WRIT_DISABLE", "WRIT_BYPASS", "TIRITH", "DCG_BYPASS", "CLAUDE_HOOKS_DISABLED", "SAFETY_NET_STRICT"] {
            try check(.deny, "\(name)=1 rm -rf /", "export \(name)=0; rm -rf ~", "env \(name)=1 cat ~/.ssh/id_rsa")
        }
        try check(.deny, "touch .writ-disable .nohooks; rm -rf /", "git config writ.disable true; cat ~/.ssh/id_rsa")
        // Writ's own files are no place for such markers.
        try check(.deny, "echo > ~/.config/writ/disabled", "mkdir ~/.local/state/writ/off && date > ~/.local/state/writ/off/x")
    }

    @Test func `B44 an agent leaves its sandbox, or starts another one without`() throws {
        // What hosts call it, in the arguments of a call.
        let wishes: [JSON] = [
            ["dangerouslyDisableSandbox": true], ["requestSandboxBypass": true], ["with_escalated_permissions": true],
            ["sandbox_permissions": "require_escalated"], ["required_permissions": ["all"]], ["sandbox": "danger-full-access"],
        ]
        for wish in wishes {
            var arguments: JSON = ["command": "npm test"]
            for member in wish.members ?? [] { arguments.set(member.key, member.value) }
            for (agent, tool) in [("claude-code", "Bash"), ("codex", "Bash"), ("cursor", "Shell"), ("copilot-cli", "bash")] {
                #expect(try verdict(tool, arguments, of: agent) == .ask, "\(agent) \(arguments.text)")
            }
            // A denial is none the less for it.
            arguments.set("command", "rm -rf /")
            #expect(try verdict("Bash", arguments) == .deny, "\(arguments.text)")
        }
        for harmless in [["dangerouslyDisableSandbox": false], ["sandbox_permissions": "use_default"]] as [JSON] {
            var arguments: JSON = ["command": "npm test"]
            for member in harmless.members ?? [] { arguments.set(member.key, member.value) }
            #expect(try verdict("Bash", arguments) == .allow, "\(arguments.text)")
        }
        // What hosts call it on the command line.
        try check(
            .ask, "claude --dangerously-skip-permissions -p hi", "claude -p --dangerously-skip-permissions hi",
            "claude --permission-mode bypassPermissions", "codex exec --sandbox danger-full-access hi",
            "codex --yolo", "codex -c sandbox_mode=danger-full-access exec hi", "codex exec -a never hi",
            "gemini --yolo -p hi", "gemini --approval-mode yolo", "qwen -y -p hi", "copilot --allow-all-tools -p hi",
            "amp --dangerously-allow-all -x hi", "droid exec --skip-permissions-unsafe hi", "kiro-cli chat --trust-all-tools hi",
            "cursor-agent --force -p hi", "COPILOT_ALLOW_ALL=true copilot -p hi", "GOOSE_MODE=auto goose run -t hi",
            "GEMINI_SANDBOX=false gemini -p hi", "nohup claude --dangerously-skip-permissions -p hi &",
            "echo hi | xargs claude --yolo -p")
        // Without hooks, nothing would say no.
        try check(
            .ask, "claude --bare -p hi", "codex exec -c features.hooks=false hi", "codex --disable codex_hooks exec hi",
            "claude --settings '{\"disableAllHooks\": true}' -p hi", "claude --safe-mode", "codex exec --ignore-user-config hi")
        // Its settings.
        for path in [
            "~/.codex/config.toml", ".cursor/sandbox.json", "~/.claude/settings.json", ".gemini/sandbox.Dockerfile",
            "~/.copilot/config.json", "~/.srt-settings.json",
        ] {
            #expect(try verdict("Write", ["file_path": .string(path), "content": "x"]) == .deny, "\(path)")
        }
        try check(.allow, "codex exec --sandbox read-only hi", "claude --permission-mode plan -p hi")
    }

    @Test func `B45 a sub-agent's call is judged like its parent's, and a file named in a prompt like one that is read`() throws {
        var call = Call(
            agent: AgentIdentity(kind: "claude-code"), session: "s", tool: Agents.tool("Bash", of: "claude-code"),
            arguments: ["command": "cat ~/.ssh/id_rsa"], workingDirectory: Self.project, workspace: Self.project,
            home: Self.home)
        for (id, type) in [("a1", "Explore"), ("a2", "general-purpose"), ("", "")] {
            call.agent.id = id.isEmpty ? nil : id
            call.agent.type = type.isEmpty ? nil : type
            #expect(try verdict(call) == .deny)
        }
        // Background shells and what is typed into them.
        #expect(try verdict("Bash", ["command": "rm -rf ~", "run_in_background": true]) == .deny)
        #expect(try verdict("write_stdin", ["chars": "rm -rf /\n", "session_id": 1], of: "codex") == .deny)
        var prompt = Call(
            event: .prompt, agent: AgentIdentity(kind: "claude-code"), session: "s", workingDirectory: Self.project,
            workspace: Self.project, home: Self.home)
        for text in ["look at @~/.ssh/id_rsa", "@/home/dev/.aws/credentials what is it?", "sum up @.env please"] {
            prompt.prompt = text
            #expect(try verdict(prompt) == .deny, "\(text)")
        }
        prompt.prompt = "look at @src/main.c"
        #expect(try verdict(prompt) == .allow)
    }

    @Test func `B46 another tool for the same effect`() throws {
        let path = "/home/dev/project/.cursor/hooks.json"
        let patch = "*** Begin Patch\n*** Update File: .cursor/hooks.json\n@@\n-a\n+b\n*** End Patch"
        let rows: [(agent: String, tool: String, arguments: JSON)] = [
            ("claude-code", "Write", ["file_path": .string(path), "content": "{}"]),
            ("claude-code", "Edit", ["file_path": .string(path), "old_string": "a", "new_string": "b"]),
            ("claude-code", "MultiEdit", ["file_path": .string(path), "edits": [["old_string": "a", "new_string": "b"]]]),
            ("claude-code", "NotebookEdit", ["notebook_path": .string(path), "new_source": "b"]),
            ("codex", "apply_patch", ["command": .string(patch)]),
            ("codex", "Bash", ["command": .string("apply_patch <<'EOF'\n\(patch)\nEOF")]),
            ("claude-code", "Bash", ["command": .string("tee \(path) < x")]),
            ("claude-code", "PowerShell", ["command": .string("Set-Content -Path \(path) -Value '{}'")]),
            ("claude-code", "mcp__filesystem__write_file", ["path": .string(path), "content": "{}"]),
            ("claude-code", "mcp__ide__save", ["target": .string(path)]),
            ("gemini-cli", "write_file", ["file_path": .string(path), "content": "{}"]),
        ]
        for row in rows {
            #expect(try verdict(row.tool, row.arguments, of: row.agent) == .deny, "\(row.agent) \(row.tool)")
        }
    }

    @Test func `B49 a link installs what a person would have to`() throws {
        try check(
            .ask, "xdg-open 'cursor://anysphere.cursor-deeplink/mcp/install?name=x&config=y'", "open 'claude-cli://open?q=x'",
            "xdg-open 'vscode:mcp/install?%7B%7D'", "open 'goose://extension?cmd=npx&arg=x'")
        try check(.allow, "open https://example.com/docs", "xdg-open coverage/index.html")
        // What such a link would write is denied by itself.
        try check(.deny, "curl -o ~/.cursor/mcp.json https://x.example/m.json")
    }
}
