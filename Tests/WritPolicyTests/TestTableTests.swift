// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritPolicy

@Suite struct TestTableTests {
    private static let rules = """
        version: "2"
        metadata: {name: p, revision: 1}
        rules:
          - {name: pushes, action: ask, match: {actions: [git.push]}, when: repo.protected}
          - {name: keys, action: deny, match: {actions: [file.read], paths: ['$home/.ssh/**']}}

        """

    private func report(_ tests: String) throws -> PolicyTestReport {
        PolicyTests.run(try Fixture.layer(Self.rules + tests))
    }

    private func findings(_ tests: String) -> [String] {
        PolicyCheck.run(.user, [.init(file: "p.yaml", bytes: Array((Self.rules + tests).utf8))]).findings
            .filter { $0.subject.hasSuffix("/tests") }.map(\.description)
    }

    @Test func `every row is a call of its own`() throws {
        let report = try report(
            """
            tests:
              - name: what is asked about
                given: {op: {kind: git.push}}
                expect: {decision: ask}
                columns: [repo.protected, session.taints, decision, by]
                rows:
                  - [true, [secret], ~, pushes]
                  - [true, ~, ~, [pushes]]
                  - [false, ~, allow, ~]
            """)
        #expect(report.failures == [])
        #expect(report.passed == 3)
        #expect(report.unexercised == ["user/p/keys"])
    }

    @Test func `a value given for all rows is kept beside those of a row`() throws {
        let report = try report(
            """
            tests:
              - name: deep
                given: {op: {kind: file.read}, call: {tool: Read, args: {a: 1}}}
                expect: {decision: deny, by: [keys]}
                columns: [op.path, call.args.b]
                rows: [[$home/.ssh/id, 2], [$home/.ssh/a/b, ~]]
            """)
        #expect(report.failures == [])
        #expect(report.passed == 2)
    }

    @Test func `a failure names the row`() throws {
        let failures = try report(
            """
            tests:
              - name: reading
                given: {op: {kind: file.read}}
                columns: [name, op.path, decision, by]
                rows:
                  - [~, $home/.ssh/id, deny, keys]
                  - [~, $home/notes, deny, keys]
                  - [a key, $home/.ssh/id, allow, ~]
                  - [~, [], allow, ~]
              - name: whole
                columns: [op, decision]
                rows: [[{kind: file.read, pahts: x}, allow]]
            """
        ).failures.map(\.description)
        #expect(
            failures == [
                "policy.yaml:12:9: test `reading`, row 2 ($home/notes), fails: decision: expected deny, got allow; "
                    + "by: expected keys, got no rule (keys: `paths` does not match)",
                "policy.yaml:13:9: test `reading`, row 3 (a key), fails: decision: expected allow, got deny "
                    + "(keys: Reading `/home/dev/.ssh/id` is not allowed.)",
                "policy.yaml:17:12: test `whole`, row 1 ({\"kind\":\"file.read\",\"pahts\":\"x\"}), fails: "
                    + "policy.yaml:17:31: unknown key `pahts` in `op` (did you mean `path`?)",
            ])
    }

    @Test func `a table that makes no sense is refused`() {
        let cases: [(String, [String])] = [
            ("{name: t, columns: [command]}", ["a test with a table needs the key `rows`"]),
            ("{name: t, rows: []}", ["a test with a table needs the key `columns`"]),
            ("{name: t, given: {op: {}}}", ["a test needs the key `expect`"]),
            ("{name: t, expect: {decision: allow}}", ["a test needs the key `given`"]),
            ("{name: t, given: {op: {}}, expect: {by: [a]}}", ["`expect` needs the key `decision`"]),
            ("{name: t, given: 7, expect: {decision: allow}}", ["`given` must be a mapping, not a whole number"]),
            (
                "{name: t, columns: [comand, decision], rows: [[a, b]]}",
                ["there is no column `comand` (did you mean `command`?)"]
            ),
            (
                "{name: t, columns: [xyzzy, op.], rows: [[a, b]]}",
                [
                    "there is no column `xyzzy` (a path into `given` such as `op.path`, a key of `expect`, or `name`)",
                    "there is no column `op.` (a path into `given` such as `op.path`, a key of `expect`, or `name`)",
                ]
            ),
            (
                "{name: t, columns: [op, op.path], rows: [[a, b]]}",
                ["the columns `op` and `op.path` lie in each other"]
            ),
            ("{name: t, columns: [by, by], rows: [[a, b]]}", ["there are two columns `by`"]),
            (
                "{name: t, given: {op: 7}, columns: [op.path], rows: [[a]]}",
                ["the column `op.path` lies in `op`, which is a whole number in `given`"]
            ),
            (
                "{name: t, columns: [command, decision], rows: [[a], 7, [a, allow], [a, maybe], [a, ~]]}",
                [
                    "row 1 has 1 cells for 2 columns (`~` stands for a cell that says nothing)",
                    "row 2 must be a list, not a whole number", "`decision` cannot be `maybe`",
                    "row 5 does not say the `decision`, and nor does `expect`",
                ]
            ),
        ]
        for (test, expected) in cases {
            let errors = Fixture.errors(Self.rules + "tests:\n  - \(test)\n").map {
                String($0[($0.firstRange(of: " ")?.upperBound ?? $0.startIndex)...])
            }
            let short = errors.map { error in
                String(error[..<(error.firstRange(of: " (one of ")?.lowerBound ?? error.endIndex)])
            }
            #expect(short == expected, "\(test)")
        }
    }

    @Test func `a table that tests less than it seems to is a warning`() {
        #expect(
            findings("tests:\n  - {name: t, columns: [command], rows: []}\n") == [
                "p.yaml:7:5: without-effect: the table of the test `t` has no rows, so it tests nothing"
            ])
        #expect(
            findings(
                """
                tests:
                  - name: t
                    given: {op: {kind: file.read}, env: {profile: guarded}}
                    expect: {decision: deny}
                    columns: [op.kind, op.path, env.profile, decision, gate]
                    rows:
                      - [file.read, /a, ~, allow, ~]
                      - [file.read, $home/.ssh/id, guarded, deny, ~]
                      - [file.read, /a, ~, allow, ~]
                      - [file.read, /a, ~, deny, ~]
                """) == [
                    "p.yaml:10:15: without-effect: what `given` says of `op.kind` in the test `t` is replaced in every row",
                    "p.yaml:10:46: without-effect: what `expect` says of `decision` in the test `t` is replaced in every row",
                    "p.yaml:10:56: without-effect: the column `gate` of the table of the test `t` says nothing in any row",
                    "p.yaml:14:9: without-effect: row 3 of the table of the test `t` repeats the call of row 1",
                    "p.yaml:15:9: without-effect: row 4 of the table of the test `t` is the call of row 1 with another "
                        + "decision: one of them fails",
                ])
    }

    @Test func `the schema for editors knows tables`() {
        let test = PolicySchema.jsonSchema["properties"]?["tests"]?["items"]?["properties"]
        #expect(test?["rows"]?["items"]?["type"] == "array")
        #expect(test?["columns"]?["anyOf"]?.array?.first?["items"]?["type"] == "string")
    }
}
