// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritTestSupport

@testable import WritPolicy

/// Links of delegations as layers of policy.
@Suite struct DelegatedTests {
    static func link(
        _ id: String = "w1", environments: [String] = ["production"], _ change: (inout DelegatedAuthority) -> Void
    ) throws -> PolicyLayer {
        var authority = DelegatedAuthority(id: id, notBefore: 0, expires: 1_000_000, environments: environments)
        change(&authority)
        return try .delegated(authority)
    }

    private static let read = Fixture.request([.init(.fileRead, path: "/srv/project/a")])
    private static let write = Fixture.request([.init(.fileWrite, path: "/srv/project/src/a")])

    @Test func `what no grant covers is denied, and the other layers still decide what is granted`() throws {
        let link = try Self.link { $0.grants = [.init(actions: ["file.read"], paths: ["$repo/**"])] }
        let alone = PolicySet([link])
        #expect(alone.decide(Self.read).verdict == .allow)
        let denied = alone.decide(Self.write)
        #expect(denied.verdict == .deny)
        #expect(denied.reasons.map(\.rule) == ["writ/w1/defaults"])
        #expect(
            denied.message
                == "writ[defaults]: Writing `/srv/project/src/a` is not granted: the writ `w1` does not cover it.")
        let strict = PolicySet([
            link,
            try Fixture.layer(
                "version: \"2\"\ndefaults: {decision: deny}\nrules: [{name: w, action: allow, match: {actions: [file.write]}}]"),
        ])
        // Neither lends the other its grants.
        #expect(strict.decide(Self.read).reasons.first?.rule == "user/policy/defaults")
        #expect(strict.decide(Self.write).reasons.first?.rule == "writ/w1/defaults")
        // A grant of a link never lets the host skip its own question.
        #expect(!alone.decide(Self.read).isExplicitGrant)
        #expect(PolicySet([link]).digest == PolicySet([]).digest)
    }

    @Test func `in other phases a link says nothing`() throws {
        let set = PolicySet([try Self.link { $0.denials = [.init(actions: ["*"])] }])
        for phase in Phase.allCases where phase != .toolCall {
            var request = Self.write
            request.phase = phase
            #expect(set.decide(request).verdict == .allow)
        }
    }

    @Test func `every link of a chain must grant, any denies, any asks`() throws {
        let wide = try Self.link("root") {
            $0.grants = [.init(actions: ["*"])]
            $0.denials = [.init(actions: ["pkg.publish"])]
        }
        let narrow = try Self.link("leaf") {
            $0.grants = [.init(actions: ["file.*"], paths: ["$repo/**"]), .init(actions: ["pkg.publish"])]
            $0.questions = [.init(.init(paths: ["$repo/src/**"]))]
        }
        let rows: [(WritCore.Operation, Verdict, String?)] = [
            (.init(.fileRead, path: "/srv/project/a"), .allow, nil),
            (.init(.fileWrite, path: "/srv/project/src/a"), .ask, "writ/leaf/ask-1"),
            (.init(.fileRead, path: "/etc/passwd"), .deny, "writ/leaf/defaults"),
            (.init(.gitPush), .deny, "writ/leaf/defaults"), (.init(.pkgPublish), .deny, "writ/root/deny-1"),
        ]
        for chain in [[wide, narrow], [narrow, wide]] {
            for (operation, verdict, rule) in rows {
                let decision = PolicySet(chain).decide(Fixture.request([operation]))
                #expect(decision.verdict == verdict, "\(operation)")
                if let rule { #expect(decision.reasons.first?.rule == rule) }
            }
        }
    }

    @Test func `what is asked about is not granted by that`() throws {
        let set = PolicySet([try Self.link { $0.questions = [.init(.init(actions: ["file.read"]))] }])
        #expect(set.decide(Self.read).verdict == .deny)
        var approved = Self.read
        approved.approvedGates = [PolicyRequest.hostPrompt]
        #expect(set.decide(approved).verdict == .deny)
    }

    @Test func `arguments are part of a capability`() throws {
        let set = PolicySet([
            try Self.link {
                $0.grants = [
                    .init(
                        tools: ["mcp:git/create_pull_request"],
                        arguments: [.init("base", [.oneOf(["main", "dev"])]), .init("title", [.anyValue])]),
                    .init(tools: ["mcp:git/list"]),
                ]
                $0.denials = [.init(tools: ["mcp:git/list"], arguments: [.init("all", [.exact(true)])])]
            }
        ])
        func verdict(_ tool: String, _ arguments: JSON) -> Verdict {
            set.decide(
                Fixture.request([.init(.mcpCall)]) {
                    $0.call.tool = Tool(name: "t", action: .mcpCall, server: "git", serverTool: tool)
                    $0.call.arguments = arguments
                }
            ).verdict
        }
        let rows: [(String, JSON, Verdict)] = [
            ("create_pull_request", ["base": "dev", "title": "x"], .allow),
            ("create_pull_request", ["base": "release", "title": "x"], .deny),
            ("create_pull_request", ["base": "dev"], .deny), ("create_pull_request", [:], .deny),
            ("create_pull_request", ["base": "dev", "title": "x", "force": true], .deny),
            ("list", ["page": 1, "all": false], .allow), ("list", ["all": true], .deny), ("list", ["page": 1], .deny),
            ("list", ["all": "TRUE", "page": 1], .deny),
        ]
        for (tool, arguments, expected) in rows {
            #expect(verdict(tool, arguments) == expected, "\(tool) \(arguments.text)")
        }
        // A tool is shown as long as some arguments could make a call of it allowed.
        for (tool, isShown) in [("create_pull_request", true), ("list", true), ("merge", false)] {
            let request = Fixture.request([.init(.mcpCall)]) {
                $0.call.tool = Tool(name: "t", action: .mcpCall, server: "git", serverTool: tool)
            }
            #expect(set.couldUse(request) == isShown)
        }
    }

    @Test func `a question names a gate of the policies in force, and one that is not there closes`() throws {
        func gates(_ name: String, _ layer: Layer, _ gate: String = "boss") throws -> PolicyLayer {
            try Fixture.layer(
                "version: \"2\"\nmetadata: {name: \(name)}\napprovals: {\(gate): {approvers: ['user:ann'], expires: 5m}}\nrules: [{name: r, action: ask, approval: \(gate), match: {actions: [git.push]}}]",
                as: layer)
        }
        func link(_ gate: String?) throws -> PolicyLayer {
            try Self.link {
                $0.grants = [.init(actions: ["*"])]
                $0.questions = [.init(.init(actions: ["file.write"]), gate: gate)]
            }
        }
        let rows: [(layers: [PolicyLayer], gate: String?, verdict: Verdict, asks: String?)] = [
            ([], nil, .ask, nil), ([], "boss", .deny, nil),
            ([try gates("p", .user)], "boss", .ask, "user/p/boss"),
            ([try gates("p", .user)], "user/p/boss", .ask, "user/p/boss"),
            ([try gates("p", .user)], "bos", .deny, nil), ([try gates("p", .user)], "user/q/boss", .deny, nil),
            ([try gates("p", .user), try gates("o", .organization)], "boss", .ask, "organization/o/boss"),
            // The project's file cannot say who is asked.
            ([try gates("p", .project)], "boss", .deny, nil),
        ]
        for row in rows {
            let set = PolicySet(row.layers + [try link(row.gate)])
            let decision = set.decide(Self.write)
            #expect(decision.verdict == row.verdict, "\(row.gate ?? "-")")
            #expect(decision.gate == row.asks)
            var approved = Self.write
            approved.approvedGates = [row.asks ?? PolicyRequest.hostPrompt]
            #expect(set.decide(approved).verdict == (row.verdict == .ask ? .allow : .deny))
        }
        #expect(
            PolicySet([try link("boss")]).decide(Self.write).message
                == "writ[ask-1]: The rule could not be evaluated (there is no gate `boss`), so it applies.")
    }

    private struct WholeCase: Sendable {
        let what: String
        /// The reason of the link against the call; nil when it has none.
        let rule: String?
        let request: PolicyRequest
        let link: @Sendable (inout DelegatedAuthority) -> Void

        init(
            _ what: String, _ rule: String? = nil, profile: String = "prototyping",
            link: @escaping @Sendable (inout DelegatedAuthority) -> Void = { _ in },
            request: (inout PolicyRequest) -> Void = { _ in }
        ) {
            self.what = what
            self.rule = rule
            self.link = link
            self.request = Fixture.request(
                [.init(.fileRead, path: "/srv/project/a")], profile: profile, change: request)
        }
    }

    private static func environments(_ names: String...) -> @Sendable (inout DelegatedAuthority) -> Void {
        { $0.environments = names }
    }

    private static func revisions(_ least: [String: Int]) -> @Sendable (inout DelegatedAuthority) -> Void {
        { $0.minimumRevisions = least }
    }

    private static let wholeCases = [
        WholeCase("inside"), WholeCase("at its end, within the skew", request: { $0.now = 1_000_029 }),
        WholeCase("expired", "time", request: { $0.now = 1_000_030 }),
        WholeCase("just before, within the skew", link: { $0.notBefore = 500 }, request: { $0.now = 470 }),
        WholeCase("not yet", "time", link: { $0.notBefore = 500 }, request: { $0.now = 469 }),
        WholeCase("a time past all numbers", "time", link: { $0.expires = .max }),
        WholeCase("the strictest counts", link: environments("prototyping", "production")),
        WholeCase("not for production", "environment", profile: "production", link: environments("prototyping")),
        WholeCase("not for guarded", "environment", profile: "guarded", link: environments("prototyping")),
        WholeCase("no profile is prototyping", profile: "", link: environments("prototyping")),
        WholeCase("an unknown profile is strict", "environment", profile: "lab", link: environments("guarded")),
        WholeCase("an unknown profile by its name", profile: "lab", link: environments("lab")),
        WholeCase("a name that is no profile", "environment", link: environments("staging")),
        WholeCase(
            "the environment's own name", profile: "production", link: environments("staging"),
            request: { $0.facts.environment.name = "staging" }),
        WholeCase("nowhere", "environment", link: environments()),
        WholeCase("nowhere, without a name", "environment", link: environments("")),
        WholeCase("another product", "agent", link: { $0.agentKind = "codex" }),
        WholeCase("the product", link: { $0.agentKind = "test" }),
        WholeCase("another sub-agent", "agent", link: { $0.agentName = "reviewer" }),
        WholeCase(
            "the sub-agent", link: { $0.agentName = "reviewer" }, request: { $0.call.agent.type = "reviewer" }),
        WholeCase("an old policy", "policy", link: revisions(["acme": 15])),
        WholeCase("a policy that is new enough", link: revisions(["acme": 14])),
        WholeCase("a policy that is not there", "policy", link: revisions(["acme": 1, "other": 0])),
        WholeCase("a policy that only the project has", "policy", link: revisions(["own": 1])),
    ]

    @Test func `time, environment, agent and the revision of policies are asked of the whole call`() throws {
        let others = [
            try Fixture.layer(
                "version: \"2\"\nmetadata: {name: acme, revision: 14}\ndefaults: {decision: allow}\nrules: []",
                as: .organization),
            try Fixture.layer("version: \"2\"\nmetadata: {name: acme, revision: 99}\nrules: []", as: .user),
            try Fixture.layer("version: \"2\"\nmetadata: {name: own, revision: 99}\nrules: []", as: .project),
        ]
        for c in Self.wholeCases {
            let link = try Self.link {
                $0.grants = [.init(actions: ["*"])]
                c.link(&$0)
            }
            let decision = PolicySet(others + [link]).decide(c.request)
            #expect(decision.verdict == (c.rule == nil ? .allow : .deny), "\(c.what)")
            #expect(
                decision.reasons.filter { $0.verdict > .allow }.map(\.rule) == (c.rule.map { ["writ/w1/\($0)"] } ?? []),
                "\(c.what)")
        }
    }

    @Test func `budgets of a link count calls, operations that change something, and nothing of others`() throws {
        let link = try Self.link("a-1") {
            $0.grants = [.init(actions: ["*"])]
            $0.calls = 3
            $0.writes = 2
            $0.costCents = 500
        }
        let set = PolicySet([link])
        let twice = Fixture.request([
            .init(.fileWrite, path: "/srv/project/a"), .init(.fileDelete, path: "/srv/project/b"),
            .init(.fileRead, path: "/srv/project/c"),
        ])
        #expect(
            set.charges(for: twice).map { "\($0.account) \($0.amount) \($0.per) \($0.owner ?? "-") \($0.meter ?? "-")" } == [
                "writ/a-1/calls 1 writ a-1 -", "writ/a-1/cost_usd_cents 1 writ a-1 cost_usd_cents",
                "writ/a-1/writes 2 writ a-1 -",
            ])
        // For longer than the link lives, so that nothing of it is forgotten in between.
        #expect(set.charges(for: twice).allSatisfy { $0.window == 1_000_120 })
        let rows: [(used: [String: Double], request: PolicyRequest, rule: String?)] = [
            ([:], twice, nil), (["writ/a-1/calls": 2], twice, nil), (["writ/a-1/calls": 3], Self.read, "writ/a-1/calls"),
            (["writ/a-1/writes": 1], twice, "writ/a-1/writes"), (["writ/a-1/writes": 2], Self.read, nil),
            (["writ/a-1/cost_usd_cents": 500], Self.read, "writ/a-1/cost_usd_cents"),
            (["writ/b-1/calls": 3, "user/p/calls": 9], Self.read, nil),
        ]
        for row in rows {
            var request = row.request
            request.session.used = row.used
            let decision = set.decide(request)
            #expect(decision.verdict == (row.rule == nil ? .allow : .deny), "\(row.used)")
            if let rule = row.rule { #expect(decision.reasons.first?.rule == rule) }
        }
        let none = PolicySet([
            try Self.link {
                $0.grants = [.init(actions: ["*"])]
                $0.calls = 0
            }
        ])
        #expect(none.decide(Self.read).verdict == .deny)
    }

    @Test func `a link that cannot be used is refused with what is wrong`() {
        let rows: [(String, (inout DelegatedAuthority) -> Void)] = [
            ("writ: the id of a writ is not a name", { $0.id = "a/b" }),
            ("writ: the id of a writ is not a name", { $0.id = "" }),
            ("writ: the id of a writ is not a name", { $0.id = "a#b\nc" }),
            ("writ w: the grant 1 names nothing (`actions: [\"*\"]` grants everything)", { $0.grants = [.init()] }),
            (
                "writ w:1:1: unknown action `file.raed` (did you mean `file.read`?)",
                { $0.grants = [.init(actions: ["file.raed"])] }
            ),
            ("writ w:1:1: there is no list `all`", { $0.grants = [.init(paths: ["list:all"])] }),
            (
                "writ w:1:1: the command `a; b` holds shell syntax (name one program with its sub-command; operations are judged apart)",
                { $0.denials = [.init(commands: ["a; b"])] }
            ),
            ("writ w: the budget `calls` is negative", { $0.calls = -1 }),
            (
                "writ w:1:1: in `ask-1`: nothing is said of the argument `x`",
                { $0.questions = [.init(.init(tools: ["t"], arguments: [.init("x", [])]))] }
            ),
        ]
        for (message, change) in rows {
            let error = #expect(throws: PolicyErrors.self) { try Self.link("w", change) }
            #expect(error?.errors.first?.description == message)
        }
    }

    @Test func `text of a token means itself alone`() throws {
        let texts = [
            "x'], tools: ['*", "*\"]}\nrules: [{action: allow}]", "{tool}", "mcp:*/*\u{0}", "list", "a\n- action: allow",
        ]
        for text in texts {
            let set = PolicySet([try Self.link { $0.grants = [.init(tools: [text])] }])
            #expect(set.decide(Self.read).verdict == .deny, "\(text)")
            let denied = PolicySet([
                try Self.link {
                    $0.grants = [.init(actions: ["*"])]
                    $0.denials = [.init(tools: [text])]
                }
            ])
            #expect(denied.decide(Self.read).verdict == .allow, "\(text)")
        }
    }

    @Test func `the trace of a decision tells what a writ lacks`() throws {
        let set = PolicySet([
            try Self.link { $0.grants = [.init(actions: ["file.write"], arguments: [.init("a", [.exact(1)])])] }
        ])
        let (_, trace) = set.decideTraced(Self.write)
        #expect(trace.steps.map(\.because) == ["the arguments are not those that it names"])
        #expect(trace.alternatives == ["a writ that grants `file.write` here would cover it"])
    }

    @Test func `no file belongs to the layer of delegations`() {
        #expect(Layer(name: "writ") == nil)
        #expect(!Fixture.errors("version: \"2\"\nmetadata: {name: p, layer: writ}\nrules: []").isEmpty)
    }
}
