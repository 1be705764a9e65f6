// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore
import WritWire

@testable import WritAgents

@Suite struct EveryAgentInstallTests {
    @Test func `there is a layout for every agent, and it asks for the events of its table`() {
        #expect(HookLayout.all.map(\.agent) == Agents.all.map(\.kind))
        for layout in HookLayout.all {
            let table = Agents.adapter(layout.agent)?.events.filter(\.isInstalled).map(\.event)
            #expect(layout.events.map(\.name) == table)
        }
    }

    @Test func `what was not there before is made, and gone again without a trace`() throws {
        for layout in HookLayout.all {
            let place = try TemporaryHome()
            let installer = try place.installer(layout)
            for level in place.levels(layout) {
                let before = try place.tree()
                let report = try installer.install(level)
                #expect(report.createsFile && !report.isNoop, "\(layout.agent)")
                for file in report.files {
                    let text = try place.text(file.file)
                    if !file.file.hasSuffix("plugin.json") {
                        #expect(text.contains("/opt/writ/bin/writ-hook"), "\(layout.agent)")
                        #expect(text.contains(place.root), "\(layout.agent)")
                    }
                    if file.file.hasSuffix(".json") { _ = try JSON(parsing: text) }
                }
                let installed = try place.tree()
                #expect(try installer.install(level).isNoop, "\(layout.agent)")
                #expect(try place.tree() == installed)
                #expect(try installer.uninstall(level).removesFile, "\(layout.agent)")
                #expect(try place.tree() == before, "\(layout.agent) \(level)")
                #expect(try installer.uninstall(level).isNoop)
            }
        }
    }

    @Test func `an upgrade changes our entries and nothing else`() throws {
        for layout in HookLayout.all {
            let place = try TemporaryHome()
            for level in place.levels(layout) {
                let before = try place.tree()
                try place.installer(layout, hook: "/old/writ-hook").install(level)
                let report = try place.installer(layout).install(level)
                #expect(Set(report.changes.map(\.action)) == [.updated], "\(layout.agent)")
                for (_, text) in try place.tree() { #expect(!text.contains("/old/writ-hook"), "\(layout.agent)") }
                try place.installer(layout).uninstall(level)
                #expect(try place.tree() == before, "\(layout.agent)")
            }
        }
    }

    @Test func `an entry in the spelling of an older version is put into today's`() throws {
        let place = try TemporaryHome()
        let file = place.root + "/.copilot/hooks/writ.json"
        // Copilot CLI 1.0.36 knows no `exec` and starts nothing of a file that has it.
        try place.put(
            #"{"version": 1, "hooks": {"preToolUse": [{"type": "command", "exec": "/old/writ-hook", "args": ["copilot-cli"]}]}}"#,
            at: file)
        try place.installer(.copilotCLI).install(.user)
        let hooks = try JSON(parsing: try place.text(file))["hooks"]
        #expect(
            hooks?["preToolUse"] == [
                [
                    "type": "command",
                    "bash": .string("/opt/writ/bin/writ-hook copilot-cli --home \(place.root) --event preToolUse"),
                    "timeoutSec": 20,
                ]
            ])
        #expect(hooks?.members?.count == HookLayout.copilotCLI.events.count)
    }

    /// Files with others' hooks in them, in the shape of each agent that shares its file.
    private static func foreign(_ form: HookLayout.Form) -> [String]? {
        switch form {
        case .groups:
            return [
                "{}", "{\n  // mine\n  \"model\": \"x\",\n  \"hooks\": {},\n}\n",
                """
                {
                  "hooks": {
                    "PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "other"}]}],
                    "Stop": [ { "hooks": [ { "type": "command", "command": "say done" } ] } ] /* loud */
                  },
                  "unknown": [1, 2.50, 1e3]
                }
                """,
            ]
        case .handlers:
            return [
                "{}", "{\"version\": 1, \"hooks\": {}}",
                """
                {
                  "version": 1, // as it came
                  "hooks": {
                    "preToolUse": [ { "command": "other --flag" } ],
                    "stop": [],
                    "pre_run_command": [{ "command": "audit", "show_output": false }]
                  }
                }

                """,
            ]
        case .toml:
            return [
                "", "# rules of this machine\nallow_managed_hooks_only = true", "[features]\r\nhooks = true\r\n",
                "[hooks]\nmanaged_dir = \"/opt/hooks\"\n\n[[hooks.PreToolUse]]\nmatcher = '''a\n# writ end\n'''\n"
                    + "[[hooks.PreToolUse.hooks]]\ntype = \"command\"\ncommand = \"audit \\\" # x\"\n",
            ]
        case .own: return nil
        }
    }

    @Test func `others' hooks, comments and keys stay, and an uninstall puts every byte back`() throws {
        for layout in HookLayout.all {
            for shared in layout.user + layout.managed {
                guard let texts = Self.foreign(shared.form) else { continue }
                for before in texts {
                    let place = try TemporaryHome()
                    let isUser = layout.user.contains(shared)
                    let level: InstallLevel = isUser ? .user : .managed(path: place.root + "/etc/managed")
                    let file = isUser ? place.root + "/" + shared.path : place.root + "/etc/managed"
                    try place.put(before, at: file)
                    let installer = try place.installer(layout)
                    try installer.install(level)
                    let installed = try place.text(file)
                    #expect(installed != before)
                    #expect(try installer.install(level).isNoop)
                    // A person's edit since: only our entries go.
                    if case .toml = shared.form {
                        try place.put(installed + "# later\n", at: file)
                        try installer.uninstall(level)
                        let after = try place.text(file)
                        #expect(after.hasPrefix(before) && after.hasSuffix("# later\n"), "\(layout.agent)")
                        #expect(!after.contains("writ-hook"), "\(layout.agent)")
                    }
                    try place.put(before, at: file)
                    try installer.install(level)
                    try installer.uninstall(level)
                    #expect(try place.text(file) == before, "\(layout.agent)")
                }
            }
        }
    }

    @Test func `a file of somebody else where ours would stand is left alone, and nothing is half done`() throws {
        for layout in HookLayout.all {
            for own in layout.user {
                guard case .own = own.form else { continue }
                let place = try TemporaryHome()
                try place.put("somebody else's\n", at: place.root + "/" + own.path)
                let before = try place.tree()
                let fault = #expect(throws: SettingsFault.self) { try place.installer(layout).install(.user) }
                #expect(fault?.message == "a file of somebody else stands where Writ's would")
                #expect(try place.tree() == before, "\(layout.agent)")
                try place.installer(layout).uninstall(.user)
                #expect(try place.tree() == before, "\(layout.agent)")
            }
        }
    }

    @Test func `a fault in the last of several files takes the others back`() throws {
        let place = try TemporaryHome()
        var installer = try place.installer(.goose)
        let blocked = place.root + "/.agents/plugins/writ/plugin.json"
        installer.beforeReplacing = { [place] in
            guard !FileManager.default.fileExists(atPath: blocked) else { return }
            do { try place.put("somebody else's\n", at: blocked) } catch { Issue.record("\(error)") }
        }
        #expect(throws: SettingsFault.self) { try installer.install(.user) }
        installer.beforeReplacing = {}
        #expect(try place.tree().filter { !$0.value.isEmpty } == [".agents/plugins/writ/plugin.json": "somebody else's\n"])
    }

    @Test func `a symbolic link is followed, a read-only file is left, an edit in between is kept`() throws {
        for layout in HookLayout.all {
            guard let shared = layout.user.first, Self.foreign(shared.form) != nil else { continue }
            let place = try TemporaryHome()
            let file = place.root + "/" + shared.path
            try place.put("{\"mine\": 1}\n", at: place.root + "/dotfiles/file.json")
            try FileManager.default.createDirectory(
                atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: place.root + "/dotfiles/file.json")
            var installer = try place.installer(layout)
            try installer.install(.user)
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: file) == place.root + "/dotfiles/file.json")
            #expect(try place.text(file).contains("writ-hook"))
            try installer.uninstall(.user)
            #expect(try place.text(file) == "{\"mine\": 1}\n")

            try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: place.root + "/dotfiles/file.json")
            let fault = #expect(throws: SettingsFault.self) { try installer.install(.user) }
            #expect(fault?.message == "the file is read-only")
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: place.root + "/dotfiles/file.json")

            installer.beforeReplacing = { [place] in
                do {
                    let text = try place.text(file)
                    if !text.contains("since") { try place.put("{\"mine\": 1, \"since\": 2}\n", at: file) }
                } catch { Issue.record("\(error)") }
            }
            try installer.install(.user)
            let merged = try JSON(parsing: try place.text(file))
            #expect(merged["since"] == 2)
            #expect(merged["hooks"] != nil)
            let mode = try FileManager.default.attributesOfItem(atPath: place.root + "/dotfiles/file.json")[.posixPermissions]
            #expect(mode as? Int == 0o640)
        }
    }

    @Test func `an agent without settings for the machine says so`() throws {
        let place = try TemporaryHome()
        for layout in HookLayout.all where layout.managed.isEmpty {
            let fault = #expect(throws: SettingsFault.self) { try place.installer(layout).install(.managed(path: nil)) }
            #expect(fault?.message == "\(layout.agent) reads no hooks from settings of the machine")
        }
    }

    @Test func `scripts can be run, and paths with blanks and quotes are one word`() throws {
        let place = try TemporaryHome()
        let installer = try place.installer(.cline, hook: "/opt/it's here/writ-hook")
        try installer.install(.user)
        let script = place.root + "/Documents/Cline/Hooks/PreToolUse"
        #expect(try FileManager.default.attributesOfItem(atPath: script)[.posixPermissions] as? Int == 0o755)
        #expect(
            try place.text(script).hasSuffix(
                "exec '/opt/it'\\''s here/writ-hook' cline --home \(place.root) --event PreToolUse\n"))
    }

    @Test(arguments: [
        "hooks = {}\n", "hooks.PreToolUse = []\n", "[hooks]\nPreToolUse = [1]\n", "a = \"open\n", "a = [1\n", "[a\n", "= 1\n",
        "a\n", "a = 1]\n", "# writ begin: made by `writ install`, taken out by `writ uninstall`\n",
    ])
    func `TOML that cannot be added to is refused`(_ text: String) throws {
        let place = try TemporaryHome()
        try place.put(text, at: place.root + "/etc/managed")
        let level = InstallLevel.managed(path: place.root + "/etc/managed")
        #expect(throws: SettingsFault.self) { try place.installer(.codex).install(level) }
        #expect(try place.text(place.root + "/etc/managed") == text)
    }
}
