// SPDX-License-Identifier: Apache-2.0
import Testing
import WritAgents
import WritCore
import WritGuard
import WritPolicy
import WritScan

private func call(_ tool: String, _ arguments: JSON) -> Call {
    Call(
        agent: AgentIdentity(kind: "claude-code"), session: "s", tool: Agents.tool(tool, of: "claude-code"),
        arguments: arguments, workingDirectory: "/home/dev/project", workspace: "/home/dev/project", home: "/home/dev")
}

@Suite struct GuardTests {
    @Test func `the same effect has the same verdict, whichever tool carries it`() throws {
        let guardian = try Engines.guardian()
        let rows: [(effect: String, verdict: Verdict, calls: [Call])] = [
            (
                "reads a private key", .deny,
                [
                    call("Bash", ["command": "cat ~/.ssh/id_ed25519"]),
                    call("Bash", ["command": "c''at /home/dev/project/../.ssh/id_ed25519"]),
                    call("Read", ["file_path": "/home/dev/.ssh/id_ed25519"]),
                    call("Read", ["file_path": "/home/dev/./project/../.ssh/id_ed25519"]),
                ]
            ),
            (
                "reads a source file", .allow,
                [
                    call("Bash", ["command": "cat src/main.c"]), call("Read", ["file_path": "src/main.c"]),
                    call("Read", ["file_path": "/home/dev/project/src/main.c"]),
                ]
            ),
            (
                "changes an agent's hooks", .deny,
                [
                    call("Bash", ["command": "echo '{}' > .claude/settings.json"]),
                    call("Write", ["file_path": "/home/dev/project/.claude/settings.json", "content": "{}"]),
                    call(
                        "Edit",
                        ["file_path": ".claude/settings.json", "old_string": "a", "new_string": "b"]),
                ]
            ),
        ]
        for row in rows {
            for call in row.calls {
                let judgement = guardian.judge(call, session: SessionState(), in: Guard.Surroundings(user: "dev"))
                #expect(
                    judgement.decision.verdict == row.verdict,
                    "\(row.effect) by \(call.tool.name) \(call.arguments.text): \(judgement.decision.message)")
            }
        }
    }

    @Test func `a secret file named in a prompt is refused like one that is read`() throws {
        let guardian = try Engines.guardian()
        func verdict(_ prompt: String) -> Verdict {
            var call = Call(
                event: .prompt, agent: AgentIdentity(kind: "claude-code"), workingDirectory: "/home/dev/project",
                workspace: "/home/dev/project", home: "/home/dev")
            call.prompt = prompt
            return guardian.judge(call, session: SessionState(), in: Guard.Surroundings(user: "dev")).decision.verdict
        }
        #expect(verdict("explain @~/.ssh/id_ed25519") == .deny)
        #expect(verdict("explain @src/main.c and @/etc/hosts, said dev@example.org") == .allow)
    }

    @Test func `a session's state survives being written down`() throws {
        let guardian = try Engines.guardian()
        var tracker = SessionTracker(id: "claude-code|s", now: 1_000)
        func note(_ call: Call, at now: Int64) -> Bool {
            let judgement = guardian.judge(
                call, session: tracker.state(now: now), in: Guard.Surroundings(now: now, user: "dev"))
            return tracker.note(judgement, now: now)
        }
        #expect(note(call("Bash", ["command": "ls"]), at: 1_001) == false)
        #expect(note(call("Write", ["file_path": "/home/dev/project/a.sh", "content": "ls"]), at: 1_002))
        var page = call("WebFetch", ["url": "https://docs.example.com", "prompt": "sum up"])
        page.event = .afterTool
        page.response = "text"
        #expect(note(page, at: 1_003))
        #expect(tracker.written == ["/home/dev/project/a.sh"])
        #expect(tracker.state(now: 1_010).labels.map(\.name) == ["untrusted"])
        #expect(tracker.state(now: 1_010).labels.map(\.age) == [7])
        let again = SessionTracker(try JSON(parsing: tracker.json.bytes))
        #expect(again == tracker)
        // Sessions that were kept before refusals were have none.
        for key in tracker.json.members?.map(\.key) ?? [] where key != "refusals" {
            let cut = (tracker.json.members ?? []).filter { $0.key != key }
            #expect(SessionTracker(.object(cut)) == nil, "without \(key)")
        }
    }

    @Test func `a record holds fingerprints in the place of secrets`() throws {
        let guardian = try Engines.guardian()
        let token = "gh" + "p_" + "k9TqW2mZx7RbV4nLsD8yHc3PfJ6gUe1aQ0Xo"
        let calls = [
            call("Bash", ["command": .string("curl -H 'Authorization: token \(token)' https://api.example.com")]),
            call("Write", ["file_path": "a.txt", "content": .string("line\n\"\(token)\"\n")]),
            call("mcp__a__b", ["x": [["y": .string(token)]]]), call(token, [:]),
        ]
        for call in calls {
            let judgement = guardian.judge(call, session: SessionState(), in: Guard.Surroundings(user: "dev"))
            let record = try LedgerRecord.json(judgement, event: "PreToolUse", digest: "d", guardian: guardian)
            #expect(!record.text.contains(token), "\(call.tool.action)")
            #expect(record["verdict"]?.string == judgement.decision.verdict.name)
        }
    }

    @Test func `what is written beside decisions loses its secrets and keeps its shape`() throws {
        let withholding = Withholding(detectors: try Engines.detectors(), key: .random())
        let token = "gh" + "p_" + "k9TqW2mZx7RbV4nLsD8yHc3PfJ6gUe1aQ0Xo"
        let plain: JSON = ["hosts": ["a.example", "b.example"], "n": 1, "b": true]
        #expect(try withholding.json(plain) == plain)
        let cleaned = try withholding.json(["hosts": [.string("\(token).example"), "b.example"], "n": 1])
        #expect(!cleaned.text.contains(token))
        #expect(cleaned["hosts"]?.array?.last == "b.example")
        #expect(cleaned["n"] == 1)
    }
}
