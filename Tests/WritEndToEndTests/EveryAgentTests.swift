// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore
import WritLedger
import WritWire

extension EndToEnd {
    /// The vectors in the repository, played through the real hook.
    @Suite struct EveryAgent {
        private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Conformance/agents").standardizedFileURL.path

        private static func vectors() throws -> [(agent: String, vector: JSON)] {
            var all: [(String, JSON)] = []
            for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where name.hasSuffix(".json") {
                let file = try JSON(parsing: Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))))
                for vector in file["vectors"]?.array ?? [] { all.append((file["agent"]?.string ?? "", vector)) }
            }
            return all
        }

        /// Keys, and the words that a host reads; sentences differ.
        private func shape(_ value: JSON, key: String = "") -> JSON {
            switch value {
            case .object(let members):
                return .object(members.map { .init($0.key, shape($0.value, key: $0.key)) })
            case .string where key.lowercased().hasSuffix("reason") || key.lowercased().hasSuffix("message"): return "…"
            case .string where key.lowercased().contains("context"): return "…"
            default: return value
            }
        }

        private func run(
            _ machine: Machine, _ agent: String, _ vector: JSON, _ payload: JSON, _ extra: [String]
        ) throws -> JSON {
            try run(machine, agent, vector, payload.bytes, extra)
        }

        private func run(
            _ machine: Machine, _ agent: String, _ vector: JSON, _ payload: [UInt8], _ extra: [String]
        ) throws -> JSON {
            let event = vector["event"]?.string ?? ""
            let outcome = try Program(
                path: Machine.hook, arguments: [agent, "--home", machine.home.home, "--event", event] + extra,
                environment: ["PATH": "/usr/bin:/bin"]
            ).run(payload)
            return [
                "exit_code": .integer(Int64(outcome.code)),
                "stdout": outcome.output.isEmpty ? "" : shape(try JSON(parsing: outcome.output)),
                "stderr": .bool(!outcome.error.isEmpty),
            ]
        }

        private func expected(_ answer: JSON?) -> JSON {
            [
                "exit_code": answer?["exit_code"] ?? .null, "stdout": shape(answer?["stdout"] ?? ""),
                "stderr": .bool(answer?["stderr"] != ""),
            ]
        }

        @Test func `a hook without its daemon closes every event of every agent in that event's spelling`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let vectors = try Self.vectors()
            #expect(vectors.count > 180)
            for (agent, vector) in vectors {
                let found = try run(machine, agent, vector, vector["payload"] ?? .null, ["--daemon", "/nonexistent/writ"])
                #expect(found == expected(vector["answers"]?["closed"]), "\(agent) \(vector["event"]?.text ?? "")")
                // What cannot be read is closed as the same event.
                let torn = try run(machine, agent, vector, "torn", ["--daemon", "/nonexistent/writ"])
                #expect(torn["exit_code"] == found["exit_code"], "\(agent) \(vector["event"]?.text ?? "")")
            }
        }

        @Test func `a daemon that hangs, and an event past the limit, close every agent's call in its spelling`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let padding = [UInt8](repeating: UInt8(ascii: "x"), count: 17 << 20)
            let daemon = try FakeDaemon(machine.home) { _ in usleep(400_000) }
            defer { daemon.end() }
            var seen: Set<String> = []
            for (agent, vector) in try Self.vectors() where vector["moment"] == "before_tool" {
                guard seen.insert(agent).inserted, let payload = vector["payload"] else { continue }
                let closed = expected(vector["answers"]?["closed"])
                let hung = try run(machine, agent, vector, payload, ["--daemon", "any", "--deadline-ms", "200"])
                #expect(hung == closed, "\(agent) hung")
                let large = Array(payload.bytes.dropLast()) + Array(",\"padding\":\"".utf8) + padding + Array("\"}".utf8)
                #expect(try run(machine, agent, vector, large, ["--daemon", "any"]) == closed, "\(agent) oversized")
            }
            #expect(seen.count == 14)
        }

        @Test func `a call that policy forbids is refused on every agent, and stands in the ledger once`() throws {
            let machine = try Machine()
            defer { machine.end() }
            var agents: [String: Int] = [:]
            for (agent, vector) in try Self.vectors() where vector["moment"] == "before_tool" && vector["tool"] == "Bash" {
                let text = (vector["payload"] ?? .null).text.replacingOccurrences(of: "git status", with: "forbidden-tool --now")
                let found = try run(machine, agent, vector, try JSON(parsing: text), [])
                #expect(found == expected(vector["answers"]?["deny"]), "\(agent) \(vector["event"]?.text ?? "")")
                // Two events or two spellings of an event are two ways of one call.
                agents[agent] = 1
                let harmless = try run(machine, agent, vector, vector["payload"] ?? .null, [])
                #expect(harmless == expected(vector["answers"]?["allow"]), "\(agent) \(vector["event"]?.text ?? "")")
            }
            let denied = try machine.entries().filter { $0.kind == .decision && $0.verdict == .deny }
            #expect(Dictionary(denied.map { ($0.agent, 1) }) { $0 + $1 } == agents)
            #expect(agents.count == 14)
            try machine.expectSoundLedger()
        }

        @Test func `one call that comes on several ways is decided once, and each way hears it in its own spelling`() throws {
            let machine = try Machine()
            defer { machine.end() }
            func hear(_ agent: String, _ payload: JSON) throws -> JSON {
                let outcome = try Program(
                    path: Machine.hook, arguments: [agent, "--home", machine.home.home],
                    environment: ["PATH": "/usr/bin:/bin"]
                ).run(payload.bytes)
                return outcome.output.isEmpty ? "" : shape(try JSON(parsing: outcome.output))
            }
            let command: JSON = ["command": "forbidden-tool --now"]
            // VS Code starts its own entry and the one in Claude Code's settings.
            let code: JSON = [
                "hookEventName": "PreToolUse", "sessionId": "v", "cwd": .string(machine.workspace),
                "timestamp": "2026-01-01T00:00:00Z", "tool_name": "run_in_terminal", "tool_input": command,
                "tool_use_id": "t1",
            ]
            let denied: JSON = [
                "hookSpecificOutput": [
                    "hookEventName": "PreToolUse", "permissionDecision": "deny", "permissionDecisionReason": "…",
                ]
            ]
            #expect(try hear("vscode", code) == denied)
            #expect(try hear("claude-code", code) == denied)
            // Cursor has two events for a command.
            var generic: JSON = [
                "conversation_id": "c", "cursor_version": "2.6", "cwd": .string(machine.workspace),
                "hook_event_name": "preToolUse", "tool_name": "Shell", "tool_input": command, "tool_use_id": "t2",
            ]
            let refused: JSON = ["permission": "deny", "user_message": "…", "agent_message": "…"]
            #expect(try hear("cursor", generic) == refused)
            let shell: JSON = [
                "conversation_id": "c", "cursor_version": "2.6", "cwd": .string(machine.workspace),
                "hook_event_name": "beforeShellExecution", "command": "forbidden-tool --now", "sandbox": false,
            ]
            #expect(try hear("cursor", shell) == refused)
            // The same again is another call.
            generic.set("tool_use_id", "t3")
            #expect(try hear("cursor", generic) == refused)
            // Copilot CLI reads Claude Code's settings too, and names nothing in its own dialect.
            let copilot: JSON = [
                "sessionId": "p", "timestamp": 1, "cwd": .string(machine.workspace), "toolName": "bash",
                "toolArgs": command,
            ]
            let flat: JSON = ["permissionDecision": "deny", "permissionDecisionReason": "…"]
            #expect(try hear("copilot-cli", copilot) == flat)
            #expect(try hear("claude-code", copilot) == flat)
            let counted = try machine.entries().filter { $0.kind == .decision }.map(\.agent)
            #expect(counted == ["vscode", "cursor", "cursor", "copilot-cli"])
        }
    }
}
