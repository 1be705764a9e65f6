// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import Testing
import WritCore
import WritWire

@testable import WritAgents

@Suite struct InstallerTests {
    /// The whole entry, as it stands in a fresh file.
    private static func entry(_ event: String, _ home: String, matcher: Bool = true, timeout: Int = 20) -> String {
        """
            "\(event)": [
              {\(matcher ? "\n        \"matcher\": \"*\"," : "")
                "hooks": [
                  {
                    "type": "command",
                    "command": "/opt/writ/bin/writ-hook",
                    "args": ["claude-code", "--home", "\(home)"],
                    "timeout": \(timeout)
                  }
                ]
              }
            ]
        """
    }

    private static func fresh(_ home: String) -> String {
        let entries = [
            entry("PreToolUse", home), entry("PermissionRequest", home), entry("PostToolUse", home),
            entry("PostToolUseFailure", home), entry("UserPromptSubmit", home, matcher: false),
            entry("SessionStart", home), entry("SessionEnd", home, timeout: 2), entry("SubagentStart", home),
            entry("SubagentStop", home), entry("Stop", home, matcher: false), entry("ConfigChange", home),
        ]
        return "{\n  \"hooks\": {\n" + entries.joined(separator: ",\n") + "\n  }\n}\n"
    }

    @Test func `a missing file is made, and goes again`() throws {
        let scene = try TemporaryHome()
        let installer = try scene.installer()
        let plan = try installer.install(.user)
        #expect(plan.createsFile)
        #expect(try scene.text() == Self.fresh(scene.root))
        #expect(try installer.planInstall(.user).isNoop)
        #expect(try installer.uninstall(.user).removesFile)
        #expect(!FileManager.default.fileExists(atPath: scene.root + "/.claude"))
        #expect(try installer.uninstall(.user).isNoop)
    }

    @Test func `every entry is an absolute program with a pinned home and no shell`() throws {
        let scene = try TemporaryHome()
        let installer = try scene.installer()
        try installer.install(.user)
        let hooks = try #require(try JSON(parsing: scene.text())["hooks"]?.members)
        #expect(Set(hooks.map(\.key)) == Set(ClaudeCode().events.filter(\.isInstalled).map(\.event)))
        for hook in hooks {
            let handler = hook.value.array?.first?["hooks"]?.array?.first
            #expect(handler?["command"] == "/opt/writ/bin/writ-hook")
            #expect(handler?["args"] == ["claude-code", "--home", .string(scene.root)])
        }
        #expect(throws: SettingsFault.self) { try scene.installer(hook: "writ-hook") }
    }

    @Test(arguments: [
        "{}", "", "{\n}\n", "{\n  \"model\": \"opus\"\n}", "{\r\n\t\"model\": \"opus\",\r\n}\r\n",
        "\u{FEFF}{\n    // mine\n    \"permissions\": {\"allow\": [\"Bash(ls)\",],},\n}\n",
        "{\"hooks\":{}}", "{\"hooks\": {\"PreToolUse\": []}}",
        """
        {
          "hooks": {
            // formats what was written
            "PostToolUse": [
              { "matcher": "Write", "hooks": [ { "type": "command", "command": "fmt" } ] }
            ],
            "Stop": [ { "hooks": [ { "type": "command", "command": "say done" } ] } ] /* loud */
          },
          "unknown": [1, 2.50, 1e3]
        }
        """,
    ])
    func `an uninstall puts every byte back`(_ before: String) throws {
        let scene = try TemporaryHome()
        try scene.put(before)
        let installer = try scene.installer()
        let plan = try installer.install(.user)
        #expect(plan.changes.count == 11)
        let installed = try scene.text()
        #expect(try installer.install(.user).isNoop)
        #expect(try scene.text() == installed)
        try installer.uninstall(.user)
        #expect(try scene.text() == before)
    }

    @Test func `only our entries go from a file that was edited since`() throws {
        let scene = try TemporaryHome()
        let before = """
            {
              "hooks": {
                "PreToolUse": [
                  { "matcher": "Bash", "hooks": [{ "type": "command", "command": "other" }] }
                ]
              }
            }
            """
        try scene.put(before)
        let installer = try scene.installer()
        try installer.install(.user)
        var edited = SettingsTextEditor(try scene.text())
        try edited.add("model", "opus")
        try scene.put(edited.text)
        // An upgrade on top of the edit must not make the old text the way back.
        try scene.installer(hook: "/usr/bin/writ-hook").install(.user)
        try installer.uninstall(.user)
        var expected = SettingsTextEditor(before)
        try expected.add("model", "opus")
        #expect(try scene.text() == expected.text)
    }

    @Test func `without a record our entries and what they leave empty go`() throws {
        let scene = try TemporaryHome()
        try scene.put("{\n  \"model\": \"opus\"\n}\n")
        let installer = try scene.installer()
        try installer.install(.user)
        try FileManager.default.removeItem(atPath: scene.home.state)
        try installer.uninstall(.user)
        #expect(try scene.text() == "{\n  \"model\": \"opus\"\n}\n")
    }

    @Test func `a changed path replaces our entries and keeps one of each`() throws {
        let scene = try TemporaryHome()
        try scene.installer(hook: "/old/writ-hook").install(.user)
        let plan = try scene.installer().install(.user)
        #expect(Set(plan.changes.map(\.action)) == [.updated])
        #expect(try scene.text() == Self.fresh(scene.root))
        try scene.installer().uninstall(.user)
        #expect(!FileManager.default.fileExists(atPath: scene.settings))
    }

    @Test func `a narrowed matcher, a double and a shell form are put right`() throws {
        let scene = try TemporaryHome()
        try scene.put(
            """
            {"hooks": {"PreToolUse": [
              {"matcher": "Bash", "hooks": [{"type": "command", "command": "/a b/writ-hook", "args": []}]},
              {"matcher": "*", "hooks": [{"type": "command", "command": "keep"}, {"type": "command", "command": "\\"/a b/writ-hook\\" claude-code"}]}
            ], "Notification": [{"hooks": [{"type": "command", "command": "/a/writ-hook claude-code"}]}]}}
            """)
        let plan = try scene.installer().install(.user)
        #expect(plan.changes.first == .init(event: "PreToolUse", action: .updated))
        #expect(plan.changes.last == .init(event: "Notification", action: .removed))
        let groups = try #require(try JSON(parsing: scene.text())["hooks"]?["PreToolUse"]?.array)
        #expect(groups.count == 2)
        #expect(groups.first == ["matcher": "*", "hooks": [["type": "command", "command": "keep"]]])
        #expect(groups.last?["matcher"] == "*")
    }

    @Test func `a link is followed, and the mode stays`() throws {
        let scene = try TemporaryHome()
        let real = scene.root + "/dotfiles/claude.json"
        try scene.put("{\"a\": 1}", at: real)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: real)
        try FileManager.default.createDirectory(atPath: scene.root + "/.claude", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: scene.settings, withDestinationPath: "../dotfiles/claude.json")
        let plan = try scene.installer().install(.user)
        #expect(plan.files.first?.file == scene.settings)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: scene.settings) == "../dotfiles/claude.json")
        #expect(try scene.text(real).contains("writ-hook"))
        let mode = try FileManager.default.attributesOfItem(atPath: real)[.posixPermissions] as? Int
        #expect(mode == 0o640)
        try scene.installer().uninstall(.user)
        #expect(try scene.text(real) == "{\"a\": 1}")
    }

    @Test func `an edit that comes in between is kept`() throws {
        let scene = try TemporaryHome()
        try scene.put("{\n  \"a\": 1\n}\n")
        let isDone = Mutex(false)
        var installer = try scene.installer()
        installer.beforeReplacing = {
            let isFirst = isDone.withLock { done in
                defer { done = true }
                return !done
            }
            guard isFirst else { return }
            do { try scene.put("{\n  \"a\": 2\n}\n") } catch { Issue.record(error) }
        }
        try installer.install(.user)
        #expect(try JSON(parsing: scene.text())["a"] == 2)
        #expect(try JSON(parsing: scene.text())["hooks"]?.members?.count == 11)
        #expect(try scene.names() == ["settings.json"])
        try installer.uninstall(.user)
        #expect(try scene.text() == "{\n  \"a\": 2\n}\n")
    }

    @Test func `a file that never holds still is left alone`() throws {
        let scene = try TemporaryHome()
        try scene.put("{}")
        let count = Mutex(0)
        var installer = try scene.installer()
        installer.beforeReplacing = {
            let number = count.withLock { value in
                value += 1
                return value
            }
            do { try scene.put("{\"n\": \(number)}") } catch { Issue.record(error) }
        }
        let fault = #expect(throws: SettingsFault.self) { try installer.install(.user) }
        #expect(fault?.message == "another program keeps changing the file")
        #expect(try scene.text() == "{\"n\": 8}")
        #expect(try scene.names() == ["settings.json"])
    }

    @Test(arguments: [
        ("{\n  \"a\": 1,\n  \"b\" 2\n}", "3:7: expected `:` after the key"),
        ("[]", "1:1: the file's value is no object"),
        ("{\"hooks\": 1}", "1:11: `hooks` is no object"),
        ("{\"hooks\": {\"Stop\": {}}}", "1:20: `Stop` is no array"),
        ("{\"hooks\": {}, \"hooks\": {}}", "1:15: `hooks` stands here twice"),
        ("{\"ä\": tru}", "1:7: expected a value"),
    ])
    func `a broken file is named with its place and left alone`(_ text: String, _ message: String) throws {
        let scene = try TemporaryHome()
        try scene.put(text)
        let fault = #expect(throws: SettingsFault.self) { try scene.installer().install(.user) }
        #expect(fault?.description == "\(scene.settings):\(message)")
        #expect(fault?.hint.isEmpty == false)
        #expect(try scene.text() == text)
        #expect(try scene.names() == ["settings.json"])
    }

    @Test func `a read-only file is left alone`() throws {
        let scene = try TemporaryHome()
        try scene.put("{}")
        try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: scene.settings)
        let fault = #expect(throws: SettingsFault.self) { try scene.installer().install(.user) }
        #expect(fault?.message == "the file is read-only")
        #expect(try scene.text() == "{}")
    }

    @Test func `the copy of the settings is for the owner alone`() throws {
        let scene = try TemporaryHome()
        try scene.put("{\"env\": {\"KEY\": \"value\"}}")
        try scene.installer().install(.user)
        let record = InstallRecord.path(of: scene.settings, agent: "claude-code", in: scene.home)
        let mode = try FileManager.default.attributesOfItem(atPath: record)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        try scene.installer().uninstall(.user)
        #expect(!FileManager.default.fileExists(atPath: record))
    }

    @Test func `a record that was tampered with is not a way back`() throws {
        let scene = try TemporaryHome()
        try scene.put("{}")
        try scene.installer().install(.user)
        let record = InstallRecord.path(of: scene.settings, agent: "claude-code", in: scene.home)
        for text in ["", "{}", "[", "{\"file\": \"\(scene.settings)\", \"original\": \"zz\", \"installed\": \"7b7\"}"] {
            try scene.put(text, at: record)
            #expect(try InstallRecord.read(of: scene.settings, agent: "claude-code", in: scene.home) == nil)
        }
        try scene.installer().uninstall(.user)
        #expect(try scene.text() == "{}")
    }

    @Test func `levels name their files`() throws {
        let scene = try TemporaryHome()
        let installer = try scene.installer()
        #expect(installer.places(of: .user).first?.path == scene.root + "/.claude/settings.json")
        #expect(installer.places(of: .project(directory: "/proj/shop")).first?.path == "/proj/shop/.claude/settings.json")
        #expect(installer.places(of: .managed(path: nil)).first?.path == "/etc/claude-code/managed-settings.json")
        #expect(installer.places(of: .managed(path: "/x.json")).first?.path == "/x.json")
    }

    @Test func `hooks that are turned off are pointed out`() throws {
        let scene = try TemporaryHome()
        try scene.put("{\"disableAllHooks\": true}")
        #expect(try scene.installer().planInstall(.user).notes.count == 1)
    }
}

/// A person's edit.
private struct SettingsTextEditor {
    var text: String

    init(_ text: String) {
        self.text = text
    }

    mutating func add(_ key: String, _ value: JSON) throws {
        var settings = try SettingsText(Array(text.utf8))
        try settings.add(key, value, at: [])
        text = String(decoding: settings.bytes, as: UTF8.self)
    }
}
