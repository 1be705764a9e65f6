// SPDX-License-Identifier: Apache-2.0
import Testing
import WritAgents
import WritCore
import WritGuard
import WritPolicy
import WritScan

private let folder = "/home/dev/project"

private func call(_ tool: String, _ arguments: JSON) -> Call {
    Call(
        agent: AgentIdentity(kind: "claude-code"), session: "s", tool: Agents.tool(tool, of: "claude-code"),
        arguments: arguments, workingDirectory: folder, workspace: folder, home: "/home/dev")
}

private func notes(_ judgement: Judgement) -> [String] {
    judgement.decision.obligations.compactMap { if case .annotate(let text) = $0 { text } else { nil } }
}

private func judge(_ guardian: Guard, _ call: Call, files: [String: String] = [:]) -> Judgement {
    var surroundings = Guard.Surroundings(user: "dev")
    surroundings.previous = { path in files[path].map { Array($0.utf8) } }
    return guardian.judge(call, session: SessionState(), in: surroundings)
}

@Suite struct CodeReviewTests {
    private static let query = """
        def view(request):
            n = request.GET["n"]
            cursor.execute("select * from t where n = '" + n + "'")

        """
    private static let bound = """
        def view(request):
            cursor.execute("select * from t where n = %s", (request.GET["n"],))

        """

    @Test func `weak code is let through and comes back with its warnings`() throws {
        let guardian = try Engines.guardian()
        let rows: [(name: String, call: Call, warning: String)] = [
            (
                "a new file", call("Write", ["file_path": "app/view.py", "content": .string(Self.query)]),
                "    # WRIT CWE-89 (high): "
            ),
            (
                "an edit",
                call(
                    "Edit",
                    [
                        "file_path": "app/a.js", "old_string": "run()",
                        "new_string": "db.query(\"SELECT * FROM t WHERE id = \" + req.query.id)",
                    ]), "// WRIT CWE-89 (high): "
            ),
            (
                "several edits",
                call(
                    "MultiEdit",
                    [
                        "file_path": "app/view.py",
                        "edits": [["old_string": "pass", "new_string": .string(Self.query)]],
                    ]), "    # WRIT CWE-89 (high): "
            ),
        ]
        for row in rows {
            let judgement = judge(guardian, row.call)
            #expect(judgement.decision.verdict == .allow, "\(row.name)")
            #expect(notes(judgement).contains { $0.contains(row.warning) }, "\(row.name): \(notes(judgement))")
            #expect((judgement.codeSafety?.value ?? 100) < 100, "\(row.name)")
        }
    }

    @Test func `sound code gets no note and the whole score`() throws {
        let guardian = try Engines.guardian()
        let calls = [
            call("Write", ["file_path": "app/view.py", "content": .string(Self.bound)]),
            call("Edit", ["file_path": "a.go", "old_string": "a", "new_string": "func f() int { return 1 }"]),
        ]
        for call in calls {
            let judgement = judge(guardian, call)
            #expect(judgement.decision.verdict == .allow)
            #expect(notes(judgement) == [])
            #expect(judgement.codeSafety?.value == 100)
        }
        let prose = judge(guardian, call("Write", ["file_path": "notes.md", "content": "eval(x)"]))
        #expect(prose.codeSafety == nil)
    }

    @Test func `what stood there before is not the doing of a change`() throws {
        let guardian = try Engines.guardian()
        let write = call(
            "Write", ["file_path": "app/view.py", "content": .string(Self.query + "\ndef other():\n    return 1\n")])
        let old = judge(guardian, write, files: ["\(folder)/app/view.py": Self.query])
        #expect(notes(old) == [])
        #expect(old.codeSafety?.value == 100)
        // The same habit once more is.
        let twice = call("Write", ["file_path": "app/view.py", "content": .string(Self.query + Self.query)])
        #expect(notes(judge(guardian, twice, files: ["\(folder)/app/view.py": Self.query])).count >= 1)
    }

    @Test func `what a change takes away counts`() throws {
        let guardian = try Engines.guardian()
        let rows: [(rule: String, path: String, before: String, after: String)] = [
            (
                "diff-tests-removed", "tests/test_a.py",
                "def test_a():\n    assert f() == 1\n\ndef test_b():\n    assert g() == 2\n",
                "def test_a():\n    assert f() == 1\n"
            ),
            (
                "diff-assertions-removed", "tests/test_a.py", "def test_a():\n    x = f()\n    assert x == 1\n",
                "def test_a():\n    x = f()\n"
            ),
            (
                "diff-authorization-removed", "app/views.py", "@login_required\ndef v(request):\n    return 1\n",
                "def v(request):\n    return 1\n"
            ),
            (
                "diff-protection-off", "app/net.py", "requests.get(\"https://api.example.org/\" + p)\n",
                "requests.get(\"https://api.example.org/\" + p, verify=False)\n"
            ),
        ]
        for row in rows {
            let edit = call(
                "Edit",
                ["file_path": .string(row.path), "old_string": .string(row.before), "new_string": .string(row.after)])
            let write = call("Write", ["file_path": .string(row.path), "content": .string(row.after)])
            for judgement in [
                judge(guardian, edit), judge(guardian, write, files: ["\(folder)/\(row.path)": row.before]),
            ] {
                #expect(judgement.request.findings.map(\.rule).contains(row.rule), "\(row.rule)")
                #expect(judgement.decision.verdict == .allow, "\(row.rule)")
                #expect(!notes(judgement).isEmpty, "\(row.rule)")
                #expect((judgement.codeSafety?.value ?? 100) < 100, "\(row.rule)")
            }
        }
    }

    @Test func `code that hides what it does needs consent`() throws {
        let guardian = try Engines.guardian()
        let rows: [(path: String, text: String)] = [
            ("a.py", "import base64\nexec(base64.b64decode('cHJpbnQoMSk='))\n"),
            ("a.js", "eval(atob('YWxlcnQoMSk='))\n"),
            ("a.sh", "echo aGVsbG8= | base64 -d | sh\n"),
            ("a.php", "<?php eval(base64_decode('ZWNobyAxOw=='));\n"),
            ("a.c", "/* \u{202E} } \u{2066}if (isAdmin)\u{2069} \u{2066} begin */\n"),
            ("a.swift", "let isAdmin = false /* \u{202E} */\n"),
        ]
        for row in rows {
            let judgement = judge(guardian, call("Write", ["file_path": .string(row.path), "content": .string(row.text)]))
            #expect(judgement.decision.verdict == .ask, "\(row.path): \(judgement.request.findings.map(\.rule))")
        }
    }

    @Test func `a policy that blocks refuses the write with the fix`() throws {
        let policy = """
            version: "2"
            metadata: {name: strict, layer: user}
            rules:
              - name: no-weak-code
                scanner: code_vuln
                action: block
                scope: tool_call
                config: {min_severity: high, min_confidence: 0.5}
                message: 'It has a weakness.'
            """
        let guardian = try Engines.guardian(policies: [.init(file: "strict.yaml", bytes: Array(policy.utf8))])
        let judgement = judge(
            guardian, call("Write", ["file_path": "app/view.py", "content": .string(Self.query)]))
        #expect(judgement.decision.verdict == .deny)
        #expect(judgement.decision.message.contains("value"), "\(judgement.decision.message)")
        let record = try LedgerRecord.json(judgement, event: "PreToolUse", digest: "d", guardian: guardian)
        #expect(record["code_safety"]?.integer.map { $0 < 100 } == true)
    }
}
