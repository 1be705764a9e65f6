// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore
import WritLedger
import WritWire

extension EndToEnd {
    /// The vectors in the repository, played through the real hook.
    @Suite struct EveryAgent {
        @Test func `a hook without its daemon closes every event of every agent in that event's spelling`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let vectors = try AgentVector.all()
            #expect(vectors.count > 180)
            for vector in vectors {
                let found = try vector.answer(machine, nil, ["--daemon", "/nonexistent/writ"])
                #expect(found == vector.expected("closed"), "\(vector.agent) \(vector.event)")
                // What cannot be read is closed as the same event.
                let torn = try vector.answer(machine, Array("torn".utf8), ["--daemon", "/nonexistent/writ"])
                #expect(torn["exit_code"] == found["exit_code"], "\(vector.agent) \(vector.event)")
            }
        }

        @Test func `a call that policy forbids is refused on every agent, and stands in the ledger once`() throws {
            let machine = try Machine()
            defer { machine.end() }
            var agents: [String: Int] = [:]
            for vector in try AgentVector.all() where vector.moment == "before_tool" && vector.tool == "Bash" {
                let found = try vector.answer(machine, vector.payload(running: "forbidden-tool --now"))
                #expect(found == vector.expected("deny"), "\(vector.agent) \(vector.event)")
                // Two events or two spellings of an event are two ways of one call.
                agents[vector.agent] = 1
                #expect(try vector.answer(machine) == vector.expected("allow"), "\(vector.agent) \(vector.event)")
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
                return outcome.output.isEmpty ? "" : AgentVector.shape(try JSON(parsing: outcome.output))
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
