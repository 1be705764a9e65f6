// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

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
}
