// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritTestSupport

@testable import WritPolicy

/// Laws of delegation, on random chains whose links nobody has compared. `WRIT_PROPERTY_CASES` asks for more cases.
@Suite struct DelegatedPropertyTests {
    private static let seed: UInt64 = PropertyTests.seed &+ 700

    /// Some hundred random links; a random chain is a choice among them.
    private struct Links {
        var world: PropertyTests.World
        var authorities: [DelegatedAuthority] = []
        var layers: [PolicyLayer] = []
        /// The same link with its capabilities in another order.
        var shuffled: [PolicyLayer] = []

        init(seed: UInt64) throws {
            world = PropertyTests.World(seed: seed)
            for index in 0..<240 {
                let authority = Self.authority("w\(index)", &world.generator)
                authorities.append(authority)
                layers.append(try .delegated(authority))
                var other = authority
                other.grants.shuffle(using: &world.generator)
                other.denials.shuffle(using: &world.generator)
                other.questions.shuffle(using: &world.generator)
                for place in other.grants.indices {
                    other.grants[place].arguments.shuffle(using: &world.generator)
                }
                shuffled.append(try .delegated(other))
            }
        }

        static func some(_ items: [String], _ g: inout SeededGenerator) -> [String] {
            guard Int.random(in: 0..<3, using: &g) == 0 else { return [] }
            return (0..<Int.random(in: 1...2, using: &g)).map { _ in items.randomElement(using: &g) ?? "" }
        }

        static func capability(_ g: inout SeededGenerator) -> DelegatedAuthority.Capability {
            var capability = DelegatedAuthority.Capability(
                actions: some(["file.read", "file.write", "shell.exec", "net.connect", "git.*", "*"], &g),
                tools: some(["Bash", "mcp:git/*", "mcp:*/*"], &g),
                commands: some(["git push", "rm -rf", "npm *", "make"], &g),
                paths: some(["$repo/**", "**/.env", "$home/.ssh/**", "/etc/*", "$repo/*/a"], &g),
                hosts: some(["*.acme.example", "evil.example", "10.0.0.0/8"], &g))
            if Int.random(in: 0..<3, using: &g) == 0 { capability.arguments = [argument("n", &g)] }
            if Int.random(in: 0..<9, using: &g) == 0 { capability.arguments.append(argument("m", &g)) }
            if capability.match == PolicyDocument.Match() {
                capability.match = DelegatedAuthority.Capability(actions: ["*"]).match
            }
            return capability
        }

        static func argument(_ name: String, _ g: inout SeededGenerator) -> ArgumentRule {
            let all: [ArgumentRule.Constraint] = [
                .exact(1), .oneOf([1, 2]), .notOneOf([2]), .range(1, 2), .range(nil, 2), .anyValue, .subset([1, "a"]),
                .contains("a"), .pathUnder("$repo"), .hostIn(["*.acme.example"]),
            ]
            return ArgumentRule(name, (0..<Int.random(in: 1...2, using: &g)).compactMap { _ in all.randomElement(using: &g) })
        }

        static func authority(_ id: String, _ g: inout SeededGenerator) -> DelegatedAuthority {
            func capabilities(_ limit: Int, _ g: inout SeededGenerator) -> [DelegatedAuthority.Capability] {
                (0..<Int.random(in: 0...limit, using: &g)).map { _ in capability(&g) }
            }
            var authority = DelegatedAuthority(
                id: id, notBefore: 0, expires: Int.random(in: 0..<9, using: &g) == 0 ? -40 : 100,
                environments: Bool.random(using: &g) ? ["production"] : ["guarded"])
            authority.grants = capabilities(4, &g)
            if Int.random(in: 0..<2, using: &g) == 0 { authority.grants.append(.init(actions: ["*"])) }
            authority.denials = capabilities(1, &g)
            authority.questions = capabilities(1, &g).map {
                .init($0, gate: Int.random(in: 0..<3, using: &g) == 0 ? "missing" : nil)
            }
            if Int.random(in: 0..<5, using: &g) == 0 { authority.calls = Int.random(in: 0...2, using: &g) }
            return authority
        }

        mutating func chain(_ limit: Int) -> [Int] {
            (0..<Int.random(in: 0...limit, using: &world.generator)).map { _ in
                Int.random(in: 0..<layers.count, using: &world.generator)
            }.reduce(into: [Int]()) { if !$0.contains($1) { $0.append($1) } }
        }

        mutating func base() throws -> [PolicyLayer] {
            let decision = ["", "allow", "allow", "ask", "deny"].randomElement(using: &world.generator) ?? ""
            let rules = world.some(world.grants, 6) + world.some(world.restrictions, 2)
            return [try Fixture.layer(PropertyTests.World.document("p", decision, rules, []))]
        }

        mutating func request() -> PolicyRequest {
            var request = world.request()
            let values: [JSON] = [1, 2, 3, "a", ["a"], "/srv/project/a", "x.acme.example", .null]
            if Bool.random(using: &world.generator) {
                request.call.arguments = ["n": values.randomElement(using: &world.generator) ?? 1]
                if Int.random(in: 0..<3, using: &world.generator) == 0 {
                    request.call.arguments.set("m", values.randomElement(using: &world.generator) ?? 1)
                }
            }
            if Int.random(in: 0..<9, using: &world.generator) == 0 { request.session.used["writ/w1/calls"] = 2 }
            return request
        }
    }

    private func each(_ salt: UInt64, _ body: (inout Links, Int) throws -> Void) throws {
        var links = try Links(seed: Self.seed &+ salt)
        for round in 0..<(PropertyTests.cases / 10) { try body(&links, round) }
    }

    @Test func `adding a link never allows more, whatever it says`() throws {
        var verdicts: [Verdict: Int] = [:]
        try each(1) { links, round in
            let base = round % 4 == 0 ? [] : try links.base()
            let chain = links.chain(3)
            var more = chain
            more.insert(
                Int.random(in: 0..<links.layers.count, using: &links.world.generator),
                at: Int.random(in: 0...chain.count, using: &links.world.generator))
            let before = PolicySet(base + chain.map { links.layers[$0] })
            let after = PolicySet(base + more.map { links.layers[$0] })
            for _ in 0..<10 {
                let request = links.request()
                let (old, new) = (before.decide(request), after.decide(request))
                #expect(new.verdict >= old.verdict, "seed \(Self.seed)\n\(request)")
                #expect(!new.isExplicitGrant || old.isExplicitGrant, "seed \(Self.seed)\n\(request)")
                verdicts[new.verdict, default: 0] += 1
            }
        }
        // The cases reach every answer, so that the law is not kept by denying everything.
        for verdict in [Verdict.allow, .ask, .deny] { #expect(verdicts[verdict, default: 0] > PropertyTests.cases / 100) }
    }

    @Test func `neither the order of capabilities nor that of links matters`() throws {
        try each(2) { links, _ in
            let chain = links.chain(4)
            let one = PolicySet(chain.map { links.layers[$0] })
            let turned = PolicySet(chain.reversed().map { links.layers[$0] })
            let other = PolicySet(chain.shuffled(using: &links.world.generator).map { links.shuffled[$0] })
            for _ in 0..<10 {
                let request = links.request()
                let decision = one.decide(request)
                #expect(decision == turned.decide(request), "seed \(Self.seed)\n\(request)")
                #expect(decision.verdict == other.decide(request).verdict, "seed \(Self.seed)\n\(request)")
                #expect(decision == one.decideTraced(request).decision, "seed \(Self.seed)\n\(request)")
            }
        }
    }

    @Test func `a chain allows what each link allows alone, and nothing else`() throws {
        try each(3) { links, _ in
            let chain = links.chain(4)
            let whole = PolicySet(chain.map { links.layers[$0] })
            let alone = chain.map { PolicySet([links.layers[$0]]) }
            for _ in 0..<10 {
                var request = links.request()
                // Of the profile alone each set says the same.
                request.facts.environment.profile = "prototyping"
                let expected = alone.map { $0.decide(request).verdict }.max() ?? .allow
                #expect(whole.decide(request).verdict == expected, "seed \(Self.seed)\n\(request)")
            }
        }
    }

    @Test func `an absent argument never satisfies a grant, and never escapes a denial`() throws {
        try each(4) { links, round in
            let place = round % links.authorities.count
            var authority = links.authorities[place]
            for index in authority.grants.indices where authority.grants[index].arguments.isEmpty {
                authority.grants[index].arguments = [Links.argument("n", &links.world.generator)]
            }
            let grants = PolicySet([try .delegated(authority)])
            var denying = authority
            denying.grants = [.init(actions: ["*"])]
            denying.questions = []
            denying.calls = nil
            denying.expires = 100
            denying.environments = ["production"]
            var bare = denying
            for index in bare.denials.indices { bare.denials[index].arguments = [] }
            let (with, without) = (PolicySet([try .delegated(denying)]), PolicySet([try .delegated(bare)]))
            for _ in 0..<10 {
                var request = links.request()
                request.facts.environment.profile = ""
                request.call.arguments = Bool.random(using: &links.world.generator) ? [:] : ["other": 1]
                #expect(
                    with.decide(request).verdict == without.decide(request).verdict, "seed \(Self.seed)\n\(request)")
                guard request.operations.contains(where: { $0.role == .executed }) else { continue }
                #expect(grants.decide(request).verdict == .deny, "seed \(Self.seed)\n\(request)")
            }
        }
    }

    @Test func `a link's denial denies and its question asks, whatever else is granted`() throws {
        try each(5) { links, _ in
            let capability = Links.capability(&links.world.generator)
            var wide = DelegatedAuthority(id: "wide", notBefore: 0, expires: 100, environments: ["production"])
            wide.grants = [.init(actions: ["*"]), capability]
            var denying = wide
            denying.denials = [capability]
            var asking = wide
            asking.questions = [.init(capability)]
            let chain = links.chain(2).map { links.layers[$0] }
            let plain = PolicySet([try .delegated(wide)])
            let one = PolicySet(chain + [try .delegated(denying)])
            let other = PolicySet(chain + [try .delegated(asking)])
            var only = wide
            only.grants = [capability]
            let granted = PolicySet([try .delegated(only)])
            for _ in 0..<10 {
                var request = links.request()
                request.facts.environment.profile = ""
                // What the capability surely covers as a grant, it meets as a denial and as a question.
                guard granted.decide(request).verdict == .allow, plain.decide(request).verdict == .allow,
                    request.operations.contains(where: { $0.role == .executed })
                else { continue }
                #expect(one.decide(request).verdict >= .deny, "seed \(Self.seed)\n\(request)")
                #expect(other.decide(request).verdict >= .ask, "seed \(Self.seed)\n\(request)")
            }
        }
    }

    @Test func `a call is charged to every link that has a budget, once`() throws {
        try each(6) { links, _ in
            let chain = links.chain(4)
            let set = PolicySet(chain.map { links.layers[$0] })
            let expected = chain.filter { links.authorities[$0].calls != nil }.map { "writ/w\($0)/calls" }.sorted()
            for _ in 0..<10 {
                let request = links.request()
                guard request.operations.contains(where: { $0.role == .executed }) else { continue }
                let charges = set.charges(for: request)
                #expect(charges.map(\.account) == expected, "seed \(Self.seed)\n\(request)")
                #expect(charges.allSatisfy { $0.amount == 1 && $0.account == "writ/\($0.owner ?? "")/calls" })
            }
        }
    }
}
