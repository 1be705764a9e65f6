// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore
import WritTestSupport

@testable import WritPolicy

/// Laws of deciding, on random policies and random calls. `WRIT_PROPERTY_CASES` asks for more cases than a quick run has.
@Suite struct PropertyTests {
    static let cases = ProcessInfo.processInfo.environment["WRIT_PROPERTY_CASES"].flatMap(Int.init) ?? 5_000
    static let seed: UInt64 = 20_261_121

    /// One thousand rules are compiled once; a random policy is a choice among them, which is quick and reaches the
    /// same states as reading a new file for each case.
    struct World {
        var generator: SeededGenerator
        let restrictions: [String]
        let grants: [String]
        let flows: [String]

        init(seed: UInt64) {
            generator = SeededGenerator(seed: seed)
            var generator = SeededGenerator(seed: seed &+ 1)
            restrictions = (0..<60).map { World.rule("r\($0)", ["ask", "deny", "halt"], &generator) }
            grants = (0..<60).map { World.rule("g\($0)", ["allow"], &generator) }
            flows = (0..<20).map { World.flow("f\($0)", &generator) }
        }

        static let conditions = [
            "op.force", "!op.force", "repo.protected", "call.args.n > 1", "has(call.args.n) && call.args.n > 1",
            "op.path.startsWith(\"/proj\")", "op.opaque", "session.calls > 3", "\"secret\" in session.taints",
            "call.args.missing == 1", "task.workflow in [\"bugfix\", \"docs\"]", "1 / int(size(op.path)) >= 0",
            "under(op.path, \"$repo\")", "host_in(op.host, lists.hosts)", "op.depth > 1 || op.role == \"data\"",
        ]

        static func match(_ g: inout SeededGenerator) -> String {
            var keys: [String] = []
            func maybe(_ key: String, _ items: [String], _ g: inout SeededGenerator) {
                guard Int.random(in: 0..<3, using: &g) == 0 else { return }
                let chosen = (0..<Int.random(in: 1...2, using: &g)).map { _ in
                    "'\(items.randomElement(using: &g) ?? "")'"
                }
                keys.append("\(key): [\(chosen.joined(separator: ", "))]")
            }
            maybe("actions", ["file.read", "file.write", "shell.exec", "net.connect", "git.*", "*"], &g)
            maybe("paths", ["$repo/**", "**/.env", "$home/.ssh/**", "/etc/*", "$repo/*/a"], &g)
            maybe("commands", ["git push", "rm -rf", "npm *", "make"], &g)
            maybe("hosts", ["*.acme.example", "evil.example", "10.0.0.0/8"], &g)
            maybe("tools", ["Bash", "mcp:git/*", "mcp:*/*"], &g)
            maybe("users", ["alice", "b*"], &g)
            return "{\(keys.joined(separator: ", "))}"
        }

        static func rule(_ name: String, _ actions: [String], _ g: inout SeededGenerator) -> String {
            // Labels only restrict: the loader refuses them the other way round.
            let isGrant = actions == ["allow"]
            let positive =
                conditions.filter { !isGrant || !$0.contains("taints") }
                + (isGrant ? ["!(\"secret\" in session.taints)"] : [])
            let negative = conditions.filter { isGrant || !$0.contains("taints") }
            var text = "  - {name: \(name), action: \(actions.randomElement(using: &g) ?? ""), match: \(match(&g))"
            if Bool.random(using: &g) { text += ", when: '\(positive.randomElement(using: &g) ?? "true")'" }
            if Int.random(in: 0..<4, using: &g) == 0 {
                text += ", unless: '\(negative.randomElement(using: &g) ?? "true")'"
            }
            return text + "}\n"
        }

        static func flow(_ name: String, _ g: inout SeededGenerator) -> String {
            let label = ["secret", "untrusted", "'mcp:mail/*'"].randomElement(using: &g) ?? "secret"
            let target =
                ["actions: [net.connect]", "actions: ['git.*']", "paths: ['$repo/**']"].randomElement(using: &g) ?? ""
            let action = ["ask", "deny", "halt"].randomElement(using: &g) ?? "ask"
            return "  - {name: \(name), from: [\(label)], to: {\(target)}, action: \(action)}\n"
        }

        static func document(_ name: String, _ default: String, _ rules: [String], _ flows: [String]) -> String {
            var text = "version: \"2\"\nmetadata: {name: \(name)}\nlists: {hosts: ['*.acme.example']}\n"
            if !`default`.isEmpty { text += "defaults: {decision: \(`default`)}\n" }
            if !rules.isEmpty { text += "rules:\n" + rules.joined() }
            if !flows.isEmpty { text += "flows:\n" + flows.joined() }
            return text
        }

        mutating func some(_ all: [String], _ limit: Int) -> [String] {
            (0..<Int.random(in: 0...limit, using: &generator)).map { _ in
                Int.random(in: 0..<all.count, using: &generator)
            }
            .reduce(into: Set<Int>()) { $0.insert($1) }.sorted().map { all[$0] }
        }

        mutating func request() -> PolicyRequest {
            let count = Int.random(in: 1...3, using: &generator)
            let operations = (0..<count).map { _ in operation() }
            var request = Fixture.request(
                operations, tool: "Bash", profile: ["", "guarded", "production"].randomElement(using: &generator) ?? "")
            if Int.random(in: 0..<3, using: &generator) == 0 {
                request.call.tool = Tool(name: "t", action: .mcpCall, server: "git", serverTool: "push")
            }
            if Bool.random(using: &generator) {
                request.call.arguments = ["n": .integer(Int64.random(in: 0...3, using: &generator))]
            }
            request.facts.repo.protected = Bool.random(using: &generator)
            request.facts.user.id = ["", "alice", "bob"].randomElement(using: &generator) ?? ""
            request.facts.task.workflow = ["", "bugfix"].randomElement(using: &generator) ?? ""
            request.session.calls = Int.random(in: 0...6, using: &generator)
            request.session.labels = ["secret", "untrusted", "mcp:mail/read"].filter { _ in
                Int.random(in: 0..<4, using: &generator) == 0
            }.map { SessionState.Label($0) }
            return request
        }

        private mutating func operation() -> WritCore.Operation {
            let kinds: [WritCore.Operation.Kind] = [.fileRead, .fileWrite, .shellExec, .netConnect, .gitPush, .mcpCall]
            var operation = WritCore.Operation(kinds.randomElement(using: &generator) ?? .fileRead)
            let paths = [
                "/srv/project/a", "/srv/project/x/.env", "/home/dev/.ssh/id", "/etc/passwd", "/srv/project/*/a", "/**", "",
            ]
            operation.path = paths.randomElement(using: &generator) ?? ""
            operation.isPattern = operation.path.contains("*")
            if operation.kind == .shellExec {
                let commands = ["git push", "git -c x push", "rm -fr a", "npm test", "make …", "ls"]
                let exec = Fixture.exec(commands.randomElement(using: &generator) ?? "ls")
                operation.program = exec.program
                operation.arguments = exec.arguments
            }
            operation.host =
                ["", "git.acme.example", "evil.example", "10.1.1.1", "…"].randomElement(using: &generator) ?? ""
            if Bool.random(using: &generator) { operation.traits.insert(.force) }
            if Int.random(in: 0..<4, using: &generator) == 0 { operation.traits.insert(.recursive) }
            if Int.random(in: 0..<6, using: &generator) == 0 {
                operation.opaque = WritCore.Operation.Opaque.allCases.randomElement(using: &generator)
            }
            if Int.random(in: 0..<8, using: &generator) == 0 { operation.role = .data }
            if Int.random(in: 0..<8, using: &generator) == 0 { operation.taints.insert(.secret) }
            return operation
        }
    }

    /// Calls for each policy, so that reading files does not take all the time.
    private static let callsPerPolicy = 50

    private func each(_ salt: UInt64, _ body: (inout World, Int) throws -> Void) rethrows {
        var world = World(seed: Self.seed &+ salt)
        for round in 0..<(Self.cases / Self.callsPerPolicy) { try body(&world, round) }
    }

    @Test func `adding a restriction or a flow never loosens`() throws {
        try each(1) { world, _ in
            let rules = world.some(world.grants, 6) + world.some(world.restrictions, 4)
            let flows = world.some(world.flows, 2)
            let decision = ["", "allow", "ask", "deny"].randomElement(using: &world.generator) ?? ""
            // Consent is a grant as well: where the default is to deny, it opens what it asks about.
            let isStrict = decision == "deny" || decision.isEmpty
            let more = world.some(world.restrictions, 3).filter {
                !rules.contains($0) && !(isStrict && $0.contains("action: ask"))
            }
            let moreFlows = world.some(world.flows, 2).filter { !flows.contains($0) }
            let before = PolicySet([try Fixture.layer(World.document("p", decision, rules, flows))])
            let after = PolicySet([try Fixture.layer(World.document("p", decision, rules + more, flows + moreFlows))])
            for _ in 0..<Self.callsPerPolicy {
                let request = world.request()
                let (old, new) = (before.decide(request), after.decide(request))
                #expect(new.verdict >= old.verdict, "seed \(Self.seed)\n\(request)")
            }
        }
    }

    @Test func `adding a layer below the root never loosens`() throws {
        try each(2) { world, _ in
            let decision = ["", "allow", "ask", "deny"].randomElement(using: &world.generator) ?? ""
            let root = try Fixture.layer(
                World.document("p", decision, world.some(world.grants, 6) + world.some(world.restrictions, 3), []),
                as: .organization)
            let below = ["", "allow", "ask", "deny"].randomElement(using: &world.generator) ?? ""
            let layer = [Layer.team, .project, .user].randomElement(using: &world.generator) ?? .team
            let more = try Fixture.layer(
                World.document(
                    "q", below, world.some(world.grants, 6) + world.some(world.restrictions, 3),
                    world.some(world.flows, 2)),
                as: layer)
            for _ in 0..<Self.callsPerPolicy {
                let request = world.request()
                let (old, new) = (PolicySet([root]).decide(request), PolicySet([root, more]).decide(request))
                #expect(new.verdict >= old.verdict, "seed \(Self.seed)\n\(request)")
            }
        }
    }

    @Test func `adding a label never loosens`() throws {
        try each(3) { world, _ in
            let rules = world.some(world.grants, 6) + world.some(world.restrictions, 6)
            let decision = ["", "allow", "ask", "deny"].randomElement(using: &world.generator) ?? ""
            let set = PolicySet([try Fixture.layer(World.document("p", decision, rules, world.some(world.flows, 2)))])
            for _ in 0..<Self.callsPerPolicy {
                var request = world.request()
                let old = set.decide(request)
                request.session.labels.append(SessionState.Label("secret"))
                #expect(set.decide(request).verdict >= old.verdict, "seed \(Self.seed)\n\(request)")
            }
        }
    }

    @Test func `order never matters`() throws {
        try each(4) { world, _ in
            let rules = world.some(world.grants, 6) + world.some(world.restrictions, 6)
            let flows = world.some(world.flows, 3)
            let shuffled = (rules.shuffled(using: &world.generator), flows.shuffled(using: &world.generator))
            let one = PolicySet([try Fixture.layer(World.document("p", "ask", rules, flows))])
            let other = PolicySet([try Fixture.layer(World.document("p", "ask", shuffled.0, shuffled.1))])
            for _ in 0..<Self.callsPerPolicy {
                var request = world.request()
                let decision = one.decide(request)
                #expect(decision == other.decide(request), "seed \(Self.seed)\n\(request)")
                #expect(decision == one.decideTraced(request).decision, "seed \(Self.seed)\n\(request)")
                request.operations.reverse()
                #expect(decision.verdict == one.decide(request).verdict, "seed \(Self.seed)\n\(request)")
            }
        }
    }

    @Test func `a condition that fails never allows`() throws {
        try each(5) { world, round in
            let failing = [
                "call.args.missing == 1", "1 / 0 == 1", "int(op.command) == 1", "semver(\"x\") < \"1\"",
                "call.args.n.m",
            ]
            let condition = failing[round % failing.count]
            let g = World.match(&world.generator)
            let grant = PolicySet([
                try Fixture.layer(
                    "version: \"2\"\ndefaults: {decision: deny}\nrules: [{name: a, action: allow, match: \(g), when: '\(condition)'}, {name: b, action: allow, match: \(g), unless: '\(condition)'}]"
                )
            ])
            let restriction = PolicySet([
                try Fixture.layer("version: \"2\"\nrules: [{name: a, action: deny, match: \(g), when: '\(condition)'}]")
            ])
            let plain = PolicySet([try Fixture.layer("version: \"2\"\nrules: [{name: a, action: deny, match: \(g)}]")])
            for _ in 0..<Self.callsPerPolicy {
                let request = world.request()
                if request.operations.contains(where: { $0.role == .executed }) {
                    #expect(grant.decide(request).verdict == .deny, "seed \(Self.seed)\n\(request)")
                }
                #expect(
                    restriction.decide(request).verdict == plain.decide(request).verdict,
                    "seed \(Self.seed)\n\(request)")
            }
        }
    }

    @Test func `an absent argument never satisfies a grant`() throws {
        let conditions = [
            "call.args.n > 1", "call.args.n != 5", "!(call.args.n == 5)", "call.args.n in [1, 2]", "call.args.n.m != 1",
            "call.args.n == 1 || call.args.n != 1", "has(call.args.n) && call.args.n != 5", "size(call.args.n) < 9",
            "arg(call, \"n\", 5) != 5", "!call.args.n",
        ]
        try each(6) { world, round in
            let condition = conditions[round % conditions.count]
            let set = PolicySet([
                try Fixture.layer(
                    "version: \"2\"\ndefaults: {decision: deny}\nrules: [{name: a, action: allow, when: '\(condition)'}]"
                )
            ])
            for _ in 0..<Self.callsPerPolicy {
                var request = world.request()
                request.call.arguments = Bool.random(using: &world.generator) ? [:] : ["other": 1]
                guard request.operations.contains(where: { $0.role == .executed }) else { continue }
                #expect(set.decide(request).verdict == .deny, "seed \(Self.seed)\n\(request)")
            }
        }
    }
}
