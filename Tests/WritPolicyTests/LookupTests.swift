// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritTestSupport

@testable import WritPolicy

/// Rules are found by a word that an operation must have. None that applies may be missed for that.
@Suite struct LookupTests {
    private static func touch(_ path: String, change: (inout WritCore.Operation) -> Void = { _ in }) -> WritCore.Operation {
        var operation = WritCore.Operation(.fileRead, path: path)
        change(&operation)
        return operation
    }

    @Test func `a rule is found by option, argument, file ending and address`() throws {
        let many = "run " + Array(repeating: "x", count: 400).joined(separator: " ")
        let rows: [(rule: String, operation: WritCore.Operation, isDenied: Bool)] = [
            ("match: {commands: ['git push --force']}", Fixture.exec("git push origin --force"), true),
            ("match: {commands: ['git push --force']}", Fixture.exec("git -C a push --force=yes"), true),
            ("match: {commands: ['git push --force']}", Fixture.exec("git push -- --force"), false),
            ("match: {commands: ['git push --force']}", Fixture.exec("git push --forced"), false),
            ("match: {commands: ['git push --force']}", Fixture.exec("git push …"), true),
            ("match: {commands: ['* --force']}", Fixture.exec("tool --force"), true),
            ("match: {commands: ['rm -rf']}", Fixture.exec("rm -f -r a"), true),
            ("match: {commands: ['rm -rf']}", Fixture.exec("rm -r a"), false),
            ("match: {actions: [shell.exec]}, when: 'op.argv.exists(a, a == \"--all\")'", Fixture.exec("run --all"), true),
            (
                "match: {actions: [shell.exec]}, when: 'op.argv.exists(a, \"--all\" == a || a in [\"-a\", \"-A\"])'",
                Fixture.exec("run -A"), true
            ),
            (
                "match: {actions: [shell.exec]}, when: 'op.argv.exists(a, a == \"--all\" && op.depth == 0)'",
                Fixture.exec("run --all"), true
            ),
            (
                "match: {actions: [shell.exec]}, when: 'op.argv.exists(a, a == \"--all\" || a.startsWith(\"-\"))'",
                Fixture.exec("run -b"), true
            ),
            ("match: {actions: [shell.exec]}, when: 'op.argv.exists(a, a == \"--all\")'", Fixture.exec("run all"), false),
            ("match: {actions: [shell.exec]}, when: 'op.argv.exists(a, a == \"--all\")'", Fixture.exec(many), false),
            ("match: {paths: ['**/*.pem']}", Self.touch("/srv/a/key.pem"), true),
            ("match: {paths: ['**/*.pem']}", Self.touch("/srv/a/.pem"), true),
            ("match: {paths: ['**/*.pem']}", Self.touch("/srv/a/key.pem.txt"), false),
            ("match: {paths: ['**/*.tar.gz']}", Self.touch("/srv/a.tar.gz"), true),
            ("match: {paths: ['/*.d/**']}", Self.touch("/conf.d/x"), true),
            ("match: {paths: ['**/*.p?m']}", Self.touch("/srv/a/key.pem"), true),
            ("match: {paths: ['**/*.pem']}", Self.touch("/srv/a/*") { $0.isPattern = true }, false),
            ("match: {paths: ['**/*.pem']}", Self.touch("/srv/a/*.pem") { $0.isPattern = true }, true),
            ("match: {actions: [file.read]}, when: 'op.path.endsWith(\".key\")'", Self.touch("/srv/a.key"), true),
            ("match: {actions: [file.read]}, when: 'op.path.endsWith(\"id.key\")'", Self.touch("/srv/id.key"), true),
            ("match: {actions: [file.read]}, when: 'op.path.endsWith(\".d/a\")'", Self.touch("/srv/x.d/a"), true),
            ("match: {actions: [file.read]}, when: 'op.path.endsWith(\"key\")'", Self.touch("/srv/key"), true),
            ("match: {actions: [file.read]}, when: 'op.path.endsWith(\".key\")'", Self.touch("/srv/a.key/b"), false),
            ("match: {hosts: [10.0.0.0/8]}", WritCore.Operation(.netConnect, host: "10.1.2.3"), true),
            ("match: {hosts: [127.0.0.1]}", WritCore.Operation(.netConnect, host: "0x7f.1"), true),
            ("match: {hosts: ['*.example.com', 10.0.0.0/8]}", WritCore.Operation(.netConnect, host: "a.b.Example.com."), true),
            ("match: {hosts: [10.0.0.0/8]}", WritCore.Operation(.netConnect, host: "ten.example.com"), false),
        ]
        for row in rows {
            let rules = "version: \"2\"\nrules:\n  - {name: a, action: deny, \(row.rule)}\n"
            let set = PolicySet([try Fixture.layer(rules)])
            let decision = set.decide(Fixture.request([row.operation]))
            #expect((decision.verdict == .deny) == row.isDenied, "\(row.rule) \(row.operation.command)\(row.operation.path)")
        }
    }

    @Test func `a rule that asks first what an operation is not is left out, and no other`() throws {
        let conditions = [
            "op.force", "!op.force", "op.recursive && op.path != \"\"", "op.opaque", "!op.opaque",
            "op.opaque_cause == \"\"", "op.opaque_cause == \"computed\"", "\"unread\" != op.opaque_cause",
            "op.opaque_cause == \"no such cause\"", "\"net\" in op.stdin_taint && op.interpreter",
            "\"wide\" in op.traits || op.upload", "!(\"wide\" in op.traits) && op.depth == 0",
            "op.background && op.program == \"run\"", "op.pattern || op.path == \"\"", "op.depth > 0 && op.force",
        ]
        var operations = [Fixture.exec("run a"), Self.touch("/a/b")]
        for trait in WritCore.Operation.Traits.names.map(\.trait) {
            operations.append(Self.touch("/a/b") { $0.traits = [trait, .recursive] })
        }
        for cause in WritCore.Operation.Opaque.allCases {
            var operation = Fixture.exec("run a")
            operation.opaque = cause
            operation.taints = [.net, .secret]
            operations.append(operation)
            operation.traits = .interpreter
            operations.append(operation)
        }
        operations.append(Self.touch("/a/*") { $0.isPattern = true })
        operations.append(WritCore.Operation(.shellBackground, program: "run"))
        for condition in conditions {
            let rules = "version: \"2\"\nrules:\n  - {name: a, action: deny, when: '\(condition)'}\n"
            let set = PolicySet([try Fixture.layer(rules)])
            for operation in operations {
                let request = Fixture.request([operation])
                // A trace asks every rule.
                #expect(set.decide(request) == set.decideTraced(request).decision, "\(condition) \(operation)")
            }
        }
    }

    @Test func `a rule of another environment is left out, and no other`() throws {
        let rules = """
            version: "2"
            rules:
              - {name: a, action: deny, match: {environment: [guarded], actions: [shell.exec]}}
              - {name: b, action: ask, match: {environment: ['prod*', staging], actions: [shell.exec]}}
              - {name: c, action: alert, match: {environment: [prototyping], actions: [shell.exec]}, message: x}
            """
        let set = PolicySet([try Fixture.layer(rules)])
        let rows: [(profile: String, name: String, verdict: Verdict)] = [
            ("", "", .allow), ("prototyping", "", .allow), ("guarded", "", .deny), ("guarded", "staging", .deny),
            ("prototyping", "staging", .ask), ("production", "", .ask), ("other", "prod-1", .ask), ("other", "", .deny),
        ]
        for row in rows {
            var request = Fixture.request([Fixture.exec("ls")])
            request.facts.environment.profile = row.profile
            request.facts.environment.name = row.name
            let decision = set.decide(request)
            #expect(decision == set.decideTraced(request).decision)
            #expect(decision.verdict == row.verdict, "\(row)")
        }
    }

    @Test func `a table of keys finds every position under its key`() {
        var random = SeededGenerator(seed: 7)
        for count in [0, 1, 2, 3, 17, 400] {
            // Few bits, so that many keys want the same place.
            let entries = (0..<count).map { (key: random.next() & 0xF00F, position: $0) }
            let table = KeyTable(entries)
            for key in Set(entries.map(\.key) + [0, 1, 0xF00F, .max]) {
                #expect(Array(table[key]) == entries.filter { $0.key == key }.map(\.position))
            }
        }
    }
}
