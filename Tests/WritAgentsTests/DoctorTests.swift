// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore
import WritWire

@testable import WritAgents

@Suite struct DoctorTests {
    private func folder() throws -> String {
        let root = NSTemporaryDirectory() + "writ-doctor-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        return root
    }

    private func put(_ text: String, at path: String) throws {
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    @Test func `each answer to a canary is told by what the agent would do`() {
        let rule = "It is a canary of Writ, which is always refused."
        var count = 0
        for adapter in Agents.all {
            for row in adapter.events {
                for play in Canary.plays(of: row, for: adapter, directory: "/w", home: "/home/dana", nonce: "1") {
                    count += 1
                    func outcome(_ decision: Decision) -> Canary.Outcome {
                        Canary.outcome(of: adapter.encode(decision, for: play.delivery), to: play, for: adapter)
                    }
                    let name = "\(adapter.kind) \(row.event) \(play.subject)"
                    #expect(outcome(Decision(.deny, message: rule)) == .denied, "\(name)")
                    #expect(outcome(Decision(.deny, message: "Another rule.")) == .refused, "\(name)")
                    #expect(outcome(Decision(.allow)) == .allowed, "\(name)")
                    let closed = adapter.closed(row.event, reason: "writ: no daemon answers, so this is refused")
                    #expect(Canary.outcome(of: closed, to: play, for: adapter) == .closed, "\(name)")
                    for answer in [
                        HookAnswer(exitCode: 127, error: "writ-hook: not found"), HookAnswer(output: "canary"),
                        HookAnswer(exitCode: 1, output: "{}"), HookAnswer(output: "{\"unknown\":true}\n"),
                    ] {
                        // Where plain output is a note to the model, a word is one.
                        let isNote = adapter.kind == "kiro" && play.subject == .prompt && answer.output == "canary"
                        #expect(
                            Canary.outcome(of: answer, to: play, for: adapter) == (isNote ? .allowed : .unreadable),
                            "\(name) \(answer)")
                    }
                }
            }
        }
        #expect(count > 150)
    }

    @Test func `every agent has a canary that is a shell command, and one for each file tool that it knows`() {
        for adapter in Agents.all {
            let subjects = Set(
                adapter.events.flatMap {
                    Canary.plays(of: $0, for: adapter, directory: "/w", home: "/home/dana", nonce: "1")
                }.map(\.subject))
            #expect(subjects.isSuperset(of: [.shell, .read, .write, .mcp]), "\(adapter.kind): \(subjects)")
        }
    }

    @Test func `what was installed is found again as the agent would start it`() throws {
        for layout in HookLayout.all {
            let root = try folder()
            defer { do { try FileManager.default.removeItem(atPath: root) } catch { print("left behind: \(root)") } }
            let home = try WritHome(root)
            let hook = "/opt/my writ/writ-hook"
            let installer = try Installer(layout, hook: hook, home: home)
            var levels: [InstallLevel] = [.user, .project(directory: root + "/p")]
            if !layout.managed.isEmpty { levels.append(.managed(path: root + "/managed")) }
            for level in levels {
                #expect(InstalledHooks(installer, level).isEmpty, "\(layout.agent)")
                try installer.install(level)
                let hooks = InstalledHooks(installer, level)
                #expect(hooks.faults == [])
                for event in layout.events {
                    let start = hooks.start(for: event.name)
                    #expect(start != nil, "\(layout.agent) \(level) \(event.name)")
                    // A script of ours is started itself.
                    #expect(start?.program == hook || start?.program == start?.file, "\(layout.agent) \(event.name)")
                }
                try installer.uninstall(level)
                #expect(InstalledHooks(installer, level).isEmpty, "\(layout.agent)")
            }
        }
    }

    @Test func `an entry that vanished is missed, one that was uninstalled is not`() throws {
        for layout in HookLayout.all {
            let root = try folder()
            defer { do { try FileManager.default.removeItem(atPath: root) } catch { print("left behind: \(root)") } }
            let home = try WritHome(root)
            let installer = try Installer(layout, hook: "/opt/writ-hook", home: home)
            func lost() -> [String] { InstalledHooks.lost(layout, home: home, directory: root + "/p") }
            #expect(lost() == [])
            try installer.install(.user)
            #expect(lost() == [])
            let file = installer.places(of: .user)[0].path
            try FileManager.default.removeItem(atPath: file)
            #expect(lost() == ["\(file): Writ's entries are gone from it"])
            try installer.install(.user)
            try installer.uninstall(.user)
            #expect(lost() == [])
        }
    }

    @Test func `settings that switch hooks off are found in every file that can hold them`() throws {
        let rows: [(agent: String, file: String, text: String, isFound: Bool)] = [
            ("claude-code", ".claude/settings.json", "{\"disableAllHooks\": true}", true),
            ("claude-code", ".claude/settings.local.json", "{\"disableAllHooks\": true}", true),
            ("claude-code", "p/.claude/settings.json", "{ /* x */ \"disableAllHooks\": true }", true),
            ("claude-code", "p/.claude/settings.local.json", "{\"disableAllHooks\": true}", true),
            ("claude-code", ".claude/settings.json", "{\"disableAllHooks\": false}", false),
            ("claude-code", ".claude/settings.json", "{", true),
            ("gemini-cli", ".gemini/settings.json", "{\"hooksConfig\": {\"enabled\": false}}", true),
            ("gemini-cli", "p/.gemini/settings.json", "{\"hooksConfig\": {\"disabled\": [\"writ\"]}}", true),
            ("gemini-cli", ".gemini/settings.json", "{\"hooksConfig\": {\"disabled\": [\"other\"]}}", false),
            ("qwen-code", ".qwen/settings.json", "{\"disableAllHooks\": true}", true),
            ("codex", ".codex/config.toml", "[features]\nhooks = false\n", true),
            ("codex", ".codex/config.toml", "[features]\nhooks = true\n", false),
            ("copilot-cli", ".copilot/hooks/writ.json", "{\"disableAllHooks\": true}", true),
            ("cursor", ".claude/settings.json", "{\"disableAllHooks\": true}", false),
        ]
        for row in rows {
            let root = try folder()
            defer { do { try FileManager.default.removeItem(atPath: root) } catch { print("left behind: \(root)") } }
            try put(row.text, at: "\(root)/\(row.file)")
            let found = DisablingSettings.found(agent: row.agent, home: root, directory: root + "/p")
            #expect(found.isEmpty != row.isFound, "\(row): \(found)")
        }
    }

    @Test func `variables of the settings reach the hook, and those that lead elsewhere are named`() throws {
        let root = try folder()
        defer { do { try FileManager.default.removeItem(atPath: root) } catch { print("left behind: \(root)") } }
        try put("{\"env\": {\"A\": \"1\", \"LD_PRELOAD\": \"/x.so\"}}", at: root + "/.claude/settings.json")
        try put("{\"env\": {\"A\": \"2\"}}", at: root + "/p/.claude/settings.json")
        let found = DisablingSettings.environment(agent: "claude-code", home: root, directory: root + "/p")
        #expect(found.variables == ["A": "2", "LD_PRELOAD": "/x.so"])
        #expect(
            found.warnings == ["\(root)/.claude/settings.json: `env` sets LD_PRELOAD for everything that the agent starts"])
    }

    @Test func `an agent is found by its program or its folder, not by what Writ itself has put there`() throws {
        let root = try folder()
        defer { do { try FileManager.default.removeItem(atPath: root) } catch { print("left behind: \(root)") } }
        #expect(AgentPresence.all.map(\.agent) == HookLayout.all.map(\.agent))
        for layout in HookLayout.all {
            try Installer(layout, hook: "/opt/writ-hook", home: try WritHome(root)).install(.user)
        }
        for presence in AgentPresence.all {
            let trace = presence.trace(home: root, path: root + "/bin")
            #expect(!trace.isFound, "\(trace)")
        }
        for presence in AgentPresence.all {
            let program = "\(root)/bin/\(presence.programs[0])"
            try put("#!/bin/sh\n", at: program)
            #expect(chmod(program, 0o755) == 0)
            #expect(presence.trace(home: root, path: "relative:\(root)/bin").program == program)
            try FileManager.default.createDirectory(
                atPath: "\(root)/other/\(presence.folders[0])", withIntermediateDirectories: true)
            #expect(presence.trace(home: root + "/other", path: "").isFound || presence.folders.count > 1)
        }
    }

    @Test func `a transcript tells which tools ran`() {
        let lines = """
            {"type":"assistant","message":{"content":[{"type":"tool_use","id":"a","name":"Bash","input":{}}]}}
            {"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"a","content":"x"}]}}
            {"type":"assistant","message":{"content":[{"type":"tool_use","id":"b","name":"Read"},{"type":"text"}]}}
            {"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"b","is_error":true}]}}
            {"type":"assistant","message":{"content":[{"type":"tool_use","id":"c","name":"Write"}]}}
            {"isSidechain":true,"message":{"content":[{"type":"tool_use","id":"d","name":"Bash"}]}}
            {"isSidechain":true,"message":{"content":[{"type":"tool_result","tool_use_id":"d"}]}}
            """
        let cut = Array("ent\":[]}}\n".utf8)
        #expect(Transcript.endedUses(in: cut + Array(lines.utf8)) == [.init(use: "a", tool: "Bash")])
        #expect(Transcript.endedUses(in: Array("[1,2]\nnull\n{}\n".utf8)) == [])
    }
}
