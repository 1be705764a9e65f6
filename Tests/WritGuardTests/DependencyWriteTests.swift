// SPDX-License-Identifier: Apache-2.0
import Testing
import WritAgents
import WritCore
import WritGuard
import WritPolicy
import WritScan

private let folder = "/home/dev/project"

private func call(_ tool: String, _ arguments: JSON, agent: String = "claude-code") -> Call {
    Call(
        agent: AgentIdentity(kind: agent), session: "s", tool: Agents.tool(tool, of: agent),
        arguments: arguments, workingDirectory: folder, workspace: folder, home: "/home/dev")
}

private let guardian = Result { try Engines.guardian() }

private func judge(_ call: Call, files: [String: String] = [:]) throws -> Judgement {
    var surroundings = Guard.Surroundings(now: 1_795_000_000, user: "dev")
    surroundings.previous = { path in files[path].map { Array($0.utf8) } }
    return try guardian.get().judge(call, session: SessionState(), in: surroundings)
}

@Suite struct DependencyWriteTests {
    @Test func `a look-alike in a manifest is asked about, however it gets there`() throws {
        let files = [
            folder + "/requirements.txt": "requests==2.32.0\nflask==3.0.0\n",
            folder + "/package.json": "{\n  \"dependencies\": {\n    \"express\": \"4.0.0\"\n  }\n}\n",
        ]
        let patch =
            "*** Begin Patch\n*** Update File: requirements.txt\n@@\n requests==2.32.0\n+reqeusts==2.32.0\n flask==3.0.0\n*** End Patch"
        let rows: [(name: String, call: Call, verdict: Verdict)] = [
            ("a whole file", call("Write", ["file_path": "requirements.txt", "content": "requests==2.32.0\nreqeusts==1.0\n"]), .ask),
            (
                "an edit of lines",
                call("Edit", ["file_path": "requirements.txt", "old_string": "flask==3.0.0", "new_string": "flask==3.0.0\nreqeusts"]),
                .ask
            ),
            (
                "an edit that is no file by itself",
                call("Edit", ["file_path": "package.json", "old_string": "\"express\"", "new_string": "\"expresss\": \"1.0.0\",\n    \"express\""]),
                .ask
            ),
            (
                "the last of several edits",
                call(
                    "MultiEdit",
                    [
                        "file_path": "package.json",
                        "edits": [
                            ["old_string": "4.0.0", "new_string": "4.0.1"],
                            ["old_string": "\"express\": \"4.0.1\"", "new_string": "\"expresss\": \"4.0.1\""],
                        ],
                    ]), .ask
            ),
            ("a patch", call("apply_patch", ["patch": .string(patch)], agent: "codex"), .ask),
            ("a well-known package", call("Write", ["file_path": "requirements.txt", "content": "requests==2.32.0\nnumpy==2.0.0\n"]), .allow),
            ("a new version", call("Edit", ["file_path": "requirements.txt", "old_string": "3.0.0", "new_string": "3.0.1"]), .allow),
            ("another file", call("Write", ["file_path": "notes.txt", "content": "reqeusts\n"]), .allow),
        ]
        for row in rows {
            let judgement = try judge(row.call, files: files)
            #expect(judgement.decision.verdict == row.verdict, "\(row.name): \(judgement.request.findings)")
        }
        // What was there before is not this change's doing.
        let old = [folder + "/requirements.txt": "reqeusts==1.0\nflask==3.0.0\n"]
        let edit = call("Edit", ["file_path": "requirements.txt", "old_string": "3.0.0", "new_string": "3.0.1"])
        #expect(try judge(edit, files: old).decision.verdict == .allow)
    }

    @Test func `packages from elsewhere are told, not stopped`() throws {
        let files = [folder + "/requirements.txt": "requests==2.32.0\n"]
        let edit = call(
            "Write",
            ["file_path": "requirements.txt", "content": "--index-url http://p.example/simple\nrequests==2.32.0\n"])
        let judgement = try judge(edit, files: files)
        #expect(judgement.decision.verdict == .allow)
        #expect(judgement.request.findings.contains { $0.rule == "index-changed" })
        #expect(judgement.decision.reasons.contains { $0.rule.hasSuffix("moved-dependency") })
    }

    @Test func `the age of a package that a command adds is known to conditions`() throws {
        let facts = try judge(call("Bash", ["command": "pip install requests"])).request.facts.packages
        let unknown = try judge(call("Bash", ["command": "pip install zz-nobody-has-this-name"])).request.facts.packages
        #expect(unknown == [:])
        // The index that ships need not date its names; where it does, an old name is old.
        #expect(facts.allSatisfy { $0.key == "pypi:requests" && $0.value.isKnown && $0.value.days >= 400 })
    }
}
