// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore
import WritLedger
import WritWire

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

extension EndToEnd {
    /// `writ init`, `writ doctor` and `writ status` with the real hook and daemon.
    @Suite struct Doctor {
        private static let agents = [
            "claude-code", "cursor", "codex", "gemini-cli", "copilot-cli", "vscode", "windsurf", "kiro", "opencode",
            "qwen-code", "cline", "amp", "factory-droid", "goose",
        ]

        private func run(_ machine: Machine, _ words: [String], path: String = "/usr/bin:/bin") throws -> Program.Outcome {
            try Program(
                path: Machine.writ, arguments: words + ["--home", machine.home.home],
                environment: ["PATH": path, "HOME": machine.home.home]
            ).run()
        }

        private func json(_ machine: Machine, _ words: [String], path: String = "/usr/bin:/bin") throws -> JSON {
            try JSON(parsing: Array(run(machine, words + ["--json"], path: path).output.utf8))
        }

        private func doctor(_ machine: Machine, _ agents: String...) throws -> (code: Int32, json: JSON) {
            let words = ["doctor"] + agents + ["--directory", machine.workspace, "--json"]
            let outcome = try run(machine, words)
            return (outcome.code, try JSON(parsing: Array(outcome.output.utf8)))
        }

        @Test func `a machine where nothing was installed has a status`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let home = machine.home.home + "/fresh"
            try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
            let outcome = try Program(
                path: Machine.writ, arguments: ["status", "--json", "--home", home],
                environment: ["PATH": "/usr/bin:/bin", "HOME": home]
            ).run()
            #expect(outcome.code == 0, "\(outcome)")
            #expect(try JSON(parsing: Array(outcome.output.utf8))["agents"] == .array([]))
        }

        private func outcomes(_ json: JSON) -> Set<String> {
            Set((json["agents"]?.array ?? []).flatMap { ($0["checks"]?.array ?? []).compactMap { $0["outcome"]?.string } })
        }

        private func faults(_ json: JSON) -> String {
            (json["agents"]?.array ?? []).flatMap { ($0["faults"]?.array ?? []).compactMap(\.string) }
                .joined(separator: "\n")
        }

        @Test func `a refusal refuses in every agent's settings, user and project`() throws {
            let machine = try Machine()
            defer { machine.end() }
            for agent in Self.agents {
                #expect(try run(machine, ["install", agent]).code == 0)
                #expect(try run(machine, ["install", agent, "--project", "--directory", machine.workspace]).code == 0)
            }
            let (code, json) = try doctor(machine)
            #expect(code == 0, "\(json.text)")
            #expect(outcomes(json) == ["denied"])
            let items = json["agents"]?.array ?? []
            #expect(items.count == 2 * Self.agents.count)
            for item in items {
                #expect(item["checks"]?.array?.isEmpty == false, "\(item.text)")
                #expect(item["checks"]?.array?.allSatisfy { $0["harmless"]?.string == "allowed" } == true, "\(item.text)")
                #expect(item["checks"]?.array?.allSatisfy { $0["mode"]?.string == "simulated" } == true)
                #expect(item["seen"]?.array?.isEmpty == true, "a canary is no delivery: \(item.text)")
            }
            var facts = stat()
            #expect(stat(machine.home.state + "/doctor.json", &facts) == 0)
            #expect(facts.st_mode & 0o777 == 0o600)
            let status = try self.json(machine, ["status", "--directory", machine.workspace])
            #expect(Set((status["agents"]?.array ?? []).compactMap { $0["proof"]?.string }) == ["simulated"])
        }

        @Test func `what keeps a refusal from refusing is found, and is a regression`() throws {
            let hook = Machine.hook
            let rows: [(name: String, agent: String, file: String, edit: (String) -> String, says: String)] = [
                (
                    "missing", "claude-code", ".claude/settings.json",
                    { $0.replacingOccurrences(of: hook, with: "/nowhere/writ-hook") }, "does not exist"
                ),
                (
                    "not executable", "codex", ".codex/hooks.json",
                    { $0.replacingOccurrences(of: hook, with: "/etc/hostname-none/writ-hook") }, "does not exist"
                ),
                (
                    "relative", "gemini-cli", ".gemini/settings.json",
                    { $0.replacingOccurrences(of: hook, with: "writ-hook") }, "PATH decides"
                ),
                (
                    "off", "claude-code", ".claude/settings.json",
                    { $0.replacingOccurrences(of: "{\n  \"hooks\"", with: "{\n  \"disableAllHooks\": true,\n  \"hooks\"") },
                    "disableAllHooks"
                ),
                (
                    "kiro off", "kiro", ".kiro/hooks/writ.json",
                    { $0.replacingOccurrences(of: "\"enabled\":true", with: "\"enabled\":false") }, "switched off"
                ),
                (
                    "event gone", "cursor", ".cursor/hooks.json",
                    { $0.replacingOccurrences(of: "\"beforeShellExecution\"", with: "\"elsewhere\"") },
                    "not registered: beforeShellExecution"
                ),
                (
                    "consents", "goose", ".agents/plugins/writ/hooks/hooks.json",
                    { $0.replacingOccurrences(of: "\"command\": \"", with: "\"command\": \"true \")") }, ""
                ),
            ]
            for row in rows {
                let machine = try Machine()
                defer { machine.end() }
                #expect(try run(machine, ["install", row.agent]).code == 0)
                #expect(try doctor(machine, row.agent).code == 0, "\(row.name)")
                let path = "\(machine.home.home)/\(row.file)"
                let before = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
                let after = row.edit(before)
                #expect(after != before, "\(row.name): \(before)")
                try machine.write(after, to: path)
                let (code, json) = try doctor(machine, row.agent)
                #expect(code == 1, "\(row.name): \(json.text)")
                #expect(faults(json).contains(row.says) || row.says.isEmpty, "\(row.name): \(json.text)")
                if row.name != "off" {
                    #expect(json["regressions"]?.array?.isEmpty == false, "\(row.name): \(json.text)")
                    let status = try self.json(machine, ["status", "--directory", machine.workspace])
                    #expect(status["sound"] == false, "\(row.name): \(status.text)")
                }
            }
        }

        @Test func `a hook without a daemon is closed, not denied`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let alone = machine.root + "/writ-hook"
            try FileManager.default.copyItem(atPath: Machine.hook, toPath: alone)
            #expect(try run(machine, ["install", "claude-code"]).code == 0)
            let path = machine.home.home + "/.claude/settings.json"
            let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
            try machine.write(text.replacingOccurrences(of: Machine.hook, with: alone), to: path)
            let (code, json) = try doctor(machine, "claude-code")
            #expect(code == 1)
            #expect(outcomes(json) == ["closed"], "\(json.text)")
            #expect(json["faults"]?.array?.isEmpty == false)
        }

        @Test func `B50 only a hook that the agent's own program started counts as measured, until the program is replaced`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let bin = machine.root + "/bin"
            try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
            let program = bin + "/claude"
            try machine.write("#!/bin/sh\n\(Machine.hook) claude-code --home \(machine.home.home)\nexit $?\n", to: program)
            chmod(program, 0o755)
            utimes(program, [timeval(tv_sec: 1_000_000_000, tv_usec: 0), timeval(tv_sec: 1_000_000_000, tv_usec: 0)])
            let path = bin + ":/usr/bin:/bin"
            #expect(try run(machine, ["install", "claude-code"]).code == 0)
            func proof() throws -> String? {
                let status = try json(machine, ["status", "--directory", machine.workspace], path: path)
                return status["agents"]?.array?.first { $0["agent"]?.string == "claude-code" }?["proof"]?.string
            }
            #expect(try proof() == "declared")
            // A replay is a delivery, and proves nothing of the agent.
            #expect(try machine.hook().heard(machine.bash("ls", id: "replayed")) == .silence)
            #expect(try proof() == "declared")
            #expect(try run(machine, ["doctor", "claude-code"], path: path).code == 0)
            #expect(try proof() == "simulated")
            #expect(try Program(path: program).run(machine.bash("ls", id: "real", session: "s2")).code == 0)
            #expect(try proof() == "measured")
            // The agent was replaced: what was measured was another program.
            utimes(program, [timeval(tv_sec: 4_000_000_000, tv_usec: 0), timeval(tv_sec: 4_000_000_000, tv_usec: 0)])
            #expect(try proof() == "simulated")
        }

        @Test func `init guards what is there, and uninstall puts every byte back`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let home = machine.home.home
            let bin = machine.root + "/bin"
            for folder in [bin, home + "/.claude", home + "/.gemini"] {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            }
            let settings = "{\n  // mine\n  \"model\": \"x\"\n}\n"
            try machine.write(settings, to: home + "/.claude/settings.json")
            try machine.write("{}", to: home + "/.gemini/settings.json")
            try machine.write("#!/bin/sh\n", to: bin + "/goose")
            chmod(bin + "/goose", 0o755)
            let path = bin + ":/usr/bin:/bin"
            func names(_ json: JSON) -> [String] { (json["agents"]?.array ?? []).compactMap { $0["agent"]?.string } }
            let plan = try json(machine, ["init", "--dry-run"], path: path)
            #expect(names(plan) == ["claude-code", "gemini-cli", "goose"])
            #expect(!FileManager.default.fileExists(atPath: home + "/.agents"))
            // Nobody can be asked, so nothing is done.
            #expect(try run(machine, ["init"], path: path).code == 1)
            #expect(!FileManager.default.fileExists(atPath: home + "/.agents"))
            let outcome = try run(machine, ["init", "--yes"], path: path)
            #expect(outcome.code == 0, "\(outcome.output)\(outcome.error)")
            #expect(outcome.milliseconds < 60_000)
            for agent in ["claude-code", "gemini-cli", "goose"] {
                #expect(outcome.output.contains("protected      \(agent)"), "\(outcome.output)")
            }
            #expect(try run(machine, ["uninstall", "--all"]).code == 0)
            let back = String(decoding: try Data(contentsOf: URL(fileURLWithPath: home + "/.claude/settings.json")), as: UTF8.self)
            #expect(back == settings)
            #expect(!FileManager.default.fileExists(atPath: home + "/.agents"))
            #expect(try run(machine, ["doctor", "claude-code"]).code == 1)
        }

        @Test func `a session's start and end are checked against settings and transcript`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let home = machine.home.home
            #expect(try run(machine, ["install", "claude-code"]).code == 0)
            try machine.write("{\"disableAllHooks\": true}", to: home + "/.claude/settings.local.json")
            let start = try machine.hook().run(machine.event("SessionStart", [.init("source", "startup")]))
            #expect(start.output.contains("disableAllHooks"), "\(start.output)")
            let transcript = machine.root + "/t.jsonl"
            func line(_ id: String) -> String {
                "{\"message\":{\"content\":[{\"type\":\"tool_use\",\"id\":\"\(id)\",\"name\":\"Bash\"}]}}\n"
                    + "{\"message\":{\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"\(id)\"}]}}\n"
            }
            try machine.write(line("seen") + line("unseen"), to: transcript)
            #expect(try machine.hook().heard(machine.bash("ls", id: "seen")) == .silence)
            let stop: JSON = [
                "session_id": "s1", "transcript_path": .string(transcript), "cwd": .string(machine.workspace),
                "hook_event_name": "Stop",
            ]
            #expect(try machine.hook().heard(stop.bytes) == .silence)
            let alarms = try machine.entries().filter { $0.kind == .alarm }.map(\.message)
            #expect(alarms.contains { $0.contains("disableAllHooks") }, "\(alarms)")
            #expect(alarms.contains("a tool ran without an event in session s1: Bash"), "\(alarms)")
            // A session of which no event is known at all.
            let silent = home + "/.claude/projects/p/quiet.jsonl"
            try FileManager.default.createDirectory(atPath: home + "/.claude/projects/p", withIntermediateDirectories: true)
            try machine.write("{\"timestamp\":\"2099-01-01T00:00:00.000Z\"}\n" + line("x"), to: silent)
            let status = try json(machine, ["status", "--directory", machine.workspace])
            #expect(status["silent_sessions"]?.array?.compactMap(\.string) == ["quiet"])
        }
    }
}
