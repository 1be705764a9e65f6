// SPDX-License-Identifier: Apache-2.0
import Testing
import WritAgents
import WritCore
import WritDelegation
import WritGuard
import WritPolicy
import WritScan

/// Verified chains under the guard that decides.
@Suite struct DelegationLayersTests {
    private static let now: Int64 = 1_800_000_000

    private static func link(
        _ id: String, depth: Int = 0, grants: [Delegation.Capability] = [.init(actions: ["*"])],
        budgets: Delegation.Budgets = .init(), environments: [String] = ["prototyping", "production"],
        change: (inout Delegation) -> Void = { _ in }
    ) -> Delegation {
        var link = Delegation(
            id: id, issuer: depth == 0 ? "https://writ.example" : "urn:key:\(depth)", issuedAt: now - 100 + Int64(depth),
            notBefore: now - 100, expires: now + 3_600 - Int64(depth), audience: ["writ:example"],
            holder: Array(repeating: 1, count: 32), depth: depth, maximumDepth: 3,
            principal: .init(subject: "alice@example.com", methods: ["pwd", "otp"]),
            agent: .init(id: depth == 0 ? "" : "reviewer-\(depth)", kind: "claude-code"),
            task: .init(
                id: "T-1" + String(repeating: "/a", count: depth), workflow: "bugfix", intent: "Fix it",
                origin: "ticket:1842"),
            environments: environments, grants: grants, budgets: budgets)
        change(&link)
        return link
    }

    private static func call(_ tool: String, _ arguments: JSON, session: String = "s", type: String? = nil) -> Call {
        Call(
            agent: AgentIdentity(kind: "claude-code", type: type), session: session,
            tool: Agents.tool(tool, of: "claude-code"), arguments: arguments,
            workingDirectory: "/home/dev/project", workspace: "/home/dev/project", home: "/home/dev")
    }

    private static func surroundings(_ chain: DelegationLayers, profile: String = "prototyping") -> Guard.Surroundings {
        var facts = Facts()
        facts.environment.profile = profile
        chain.fill(&facts, revocationAge: 60)
        return Guard.Surroundings(facts: facts, now: now, user: "dev")
    }

    private static let work = [
        link(
            "root",
            grants: [
                .init(actions: ["file.read", "file.search"], paths: ["$repo/**"]),
                .init(actions: ["file.write"], paths: ["$repo/src/**", "$repo/tests/**"]),
                .init(actions: ["shell.exec"], commands: ["swift build", "swift test", "git status"]),
            ])
    ]

    @Test func `a session under a writ does what is granted, whichever tool it uses`() throws {
        let chain = try DelegationLayers(Self.work)
        let guardian = try DelegationLayers.guardian(try Engines.guardian(), under: [chain])
        let rows: [(Call, Verdict)] = [
            (Self.call("Read", ["file_path": "src/a.swift"]), .allow),
            (Self.call("Write", ["file_path": "src/a.swift", "content": "x"]), .allow),
            (Self.call("Write", ["file_path": "docs/a.md", "content": "x"]), .deny),
            (Self.call("Read", ["file_path": "/etc/hosts"]), .deny),
            (Self.call("Bash", ["command": "git status"]), .allow),
            (Self.call("Bash", ["command": "git status && touch docs/x"]), .deny),
            (Self.call("Bash", ["command": "npm publish"]), .deny),
            (Self.call("WebFetch", ["url": "https://example.com", "prompt": "x"]), .deny),
            // What the built-in policies deny, no writ opens.
            (Self.call("Read", ["file_path": "/home/dev/.ssh/id_ed25519"]), .deny),
        ]
        for (call, verdict) in rows {
            let judgement = guardian.judge(call, session: SessionState(), in: Self.surroundings(chain))
            #expect(judgement.decision.verdict == verdict, "\(call.arguments.text): \(judgement.decision.message)")
        }
    }

    @Test func `the facts say who delegated what to whom`() throws {
        let chain = try DelegationLayers([Self.link("root"), Self.link("mid", depth: 1), Self.link("leaf", depth: 2)])
        var facts = Facts()
        facts.user.id = "somebody"
        facts.user.groups = ["admins"]
        facts.task.id = "claimed"
        chain.fill(&facts, revocationAge: 7)
        var expected = Facts()
        expected.user.id = "alice@example.com"
        expected.user.mfa = true
        expected.task.id = "T-1/a/a"
        expected.task.workflow = "bugfix"
        expected.task.intent = "Fix it"
        expected.task.origin = "ticket:1842"
        expected.task.ticket = "1842"
        expected.task.started = Self.now - 100
        expected.writ.present = true
        expected.writ.id = "leaf"
        expected.writ.issuer = "https://writ.example"
        expected.writ.depth = 2
        expected.writ.expires = Self.now + 3_598
        expected.writ.environments = ["prototyping", "production"]
        expected.writ.chain = ["root", "mid", "leaf"]
        expected.writ.revocationAge = 7
        expected.agent.chain = ["claude-code", "reviewer-1", "reviewer-2"]
        expected.agent.parent = "reviewer-1"
        #expect(facts == expected)
    }

    @Test func `two kinds of proof are two factors, two proofs of a kind are one`() throws {
        let rows: [([String], Bool)] = [
            ([], false), (["pwd"], false), (["pwd", "pin"], false), (["otp", "hwk"], false), (["pwd", "otp"], true),
            (["webauthn"], false), (["webauthn", "fpt"], true), (["mfa"], true), (["user", "x"], false),
        ]
        for (methods, expected) in rows {
            var facts = Facts()
            facts.user.mfa = !expected
            try DelegationLayers([Self.link("w") { $0.principal.methods = methods }]).fill(&facts, revocationAge: nil)
            #expect(facts.user.mfa == expected, "\(methods)")
        }
    }

    @Test func `only who holds the last link makes calls`() throws {
        let chain = try DelegationLayers([Self.link("root"), Self.link("leaf", depth: 1)])
        let guardian = try DelegationLayers.guardian(try Engines.guardian(), under: [chain])
        for (type, verdict) in [(nil, Verdict.deny), ("reviewer-1", .allow), ("planner", .deny)] {
            let call = Self.call("Read", ["file_path": "a"], type: type)
            let judgement = guardian.judge(call, session: SessionState(), in: Self.surroundings(chain))
            #expect(judgement.decision.verdict == verdict, "\(type ?? "-")")
        }
    }

    @Test func `ten sub-agents share what their parent has`() throws {
        let base = try Engines.guardian()
        let root = Self.link("root", budgets: .init(calls: 20)) { $0.agent = .init() }
        var accounts = BudgetAccounts()
        var allowed = 0
        for index in 0..<100 {
            let child = Self.link("child-\(index % 10)", depth: 1, budgets: .init(calls: 15)) { $0.agent = .init() }
            let chain = try DelegationLayers([root, child])
            let guardian = try DelegationLayers.guardian(base, under: [chain])
            let call = Self.call("Read", ["file_path": "a"], session: "s\(index % 10)")
            let surroundings = Self.surroundings(chain)
            let owners = BudgetAccounts.Owners(call: call, facts: surroundings.facts)
            var session = SessionState()
            session.used = accounts.used(by: owners, kinds: guardian.policies.budgetKinds, now: Self.now)
            let judgement = guardian.judge(call, session: session, in: surroundings)
            if judgement.decision.verdict == .allow {
                allowed += 1
                _ = accounts.charge(guardian.policies.charges(for: judgement.request), to: owners, now: Self.now)
            } else {
                #expect(judgement.decision.reasons.first?.rule == "writ/root/calls")
            }
        }
        #expect(allowed == 20)
        #expect(
            accounts.lines(now: Self.now).map { "\($0.account) \($0.owner) \(Int($0.used))" } == (0..<10).map {
                "writ/child-\($0)/calls child-\($0) 2"
            } + ["writ/root/calls root 20"])
    }

    @Test func `several chains hold at once, and a link does not pass for another of its id`() throws {
        let base = try Engines.guardian()
        let read = Delegation.Capability(actions: ["file.read"])
        let narrow = Self.link("root", grants: [read], budgets: .init(calls: 5)) { $0.agent = .init() }
        let wide = Self.link("root", depth: 1) { $0.agent = .init() }
        let other = Self.link("other") { $0.agent = .init() }
        let one = try DelegationLayers([narrow, Self.link("leaf", depth: 1) { $0.agent = .init() }])
        let two = try DelegationLayers([other, wide])
        let write = Self.call("Write", ["file_path": "src/a", "content": "x"])
        for chains in [[one, two], [two, one], [one], [one, one]] {
            let guardian = try DelegationLayers.guardian(base, under: chains)
            let judgement = guardian.judge(write, session: SessionState(), in: Self.surroundings(one))
            #expect(judgement.decision.reasons.first?.rule == "writ/root/defaults")
            let charges = guardian.policies.charges(for: judgement.request).filter { $0.owner != nil }
            #expect(charges.map { "\($0.account) \($0.amount)" } == ["writ/root/calls 1"])
        }
        // The same link as a leaf and above another one is charged once.
        let parent = try DelegationLayers([narrow.with { $0.agent.kind = "claude-code" }])
        let child = try DelegationLayers([
            narrow.with { $0.agent.kind = "claude-code" }, Self.link("leaf", depth: 1) { $0.agent = .init() },
        ])
        let both = try DelegationLayers.guardian(base, under: [parent, child])
        #expect(both.policies.layers.filter { $0.layer == .delegation }.count == 3)
        let judgement = both.judge(write, session: SessionState(), in: Self.surroundings(child))
        #expect(both.policies.charges(for: judgement.request).filter { $0.owner != nil }.map(\.amount) == [1])
        let many = try (0..<70).map { index in try DelegationLayers([Self.link("w\(index)")]) }
        #expect(throws: DelegationLayers.Fault.self) { _ = try DelegationLayers.guardian(base, under: many) }
    }

    @Test func `what a policy counts per writ is counted for every link`() throws {
        let policy = try PolicyLayer.load(
            .user,
            [
                .init(
                    file: "p.yaml",
                    bytes: Array(
                        "version: \"2\"\nmetadata: {name: p}\nbudgets: [{name: reads, per: writ, count: 3, actions: [file.read], then: deny}]".utf8))
            ])
        let base = try Engines.guardian().adding([policy])
        var accounts = BudgetAccounts()
        var verdicts: [Verdict] = []
        for index in 0..<4 {
            let chain = try DelegationLayers([
                Self.link("root"), Self.link("child-\(index)", depth: 1) { $0.agent = .init() },
            ])
            let guardian = try DelegationLayers.guardian(base, under: [chain])
            let call = Self.call("Read", ["file_path": "a"])
            let surroundings = Self.surroundings(chain)
            let owners = BudgetAccounts.Owners(call: call, facts: surroundings.facts)
            var session = SessionState()
            session.used = accounts.used(by: owners, kinds: guardian.policies.budgetKinds, now: Self.now)
            let judgement = guardian.judge(call, session: session, in: surroundings)
            verdicts.append(judgement.decision.verdict)
            _ = accounts.charge(guardian.policies.charges(for: judgement.request), to: owners, now: Self.now)
        }
        #expect(verdicts == [.allow, .allow, .allow, .deny])
    }

    @Test func `a profile that needs a delegation has one`() throws {
        let policy = try PolicyLayer.load(
            .organization,
            [
                .init(
                    file: "p.yaml",
                    bytes: Array(
                        """
                        version: "2"
                        metadata: {name: acme, revision: 3}
                        profiles: {production: {decision: deny, writ: required, max_revocation_age: 5m}}
                        rules:
                          - {name: read, action: allow, match: {actions: [file.read]}, when: 'writ.issuer == "https://writ.example" && user.id == "alice@example.com"'}
                        """.utf8))
            ])
        let base = try Engines.guardian().adding([policy])
        let rows: [(environments: [String], age: Int?, least: Int, verdict: Verdict, rule: String)] = [
            (["production"], 60, 3, .allow, ""), (["production"], 301, 3, .deny, "organization/acme/profiles"),
            (["production"], nil, 3, .deny, "organization/acme/profiles"),
            (["prototyping"], 60, 3, .deny, "writ/w/environment"), (["production"], 60, 4, .deny, "writ/w/policy"),
        ]
        for row in rows {
            let chain = try DelegationLayers([
                Self.link("w", environments: row.environments) { $0.minimumRevisions = ["acme": row.least] }
            ])
            var surroundings = Self.surroundings(chain, profile: "production")
            surroundings.facts.writ.revocationAge = row.age
            let call = Self.call("Read", ["file_path": "src/a"])
            let decision = try DelegationLayers.guardian(base, under: [chain]).judge(call, session: SessionState(), in: surroundings).decision
            #expect(decision.verdict == row.verdict, "\(row) \(decision.message)")
            if !row.rule.isEmpty { #expect(decision.reasons.first?.rule == row.rule) }
        }
        var bare = Guard.Surroundings(now: Self.now, user: "dev")
        bare.facts.environment.profile = "production"
        let without = base.judge(Self.call("Read", ["file_path": "src/a"]), session: SessionState(), in: bare)
        #expect(without.decision.verdict == .deny)
    }

    @Test func `the environments that all links name choose how strictly a call is judged`() throws {
        let rows: [([[String]], [String], Profile)] = [
            ([["prototyping"]], ["prototyping"], .prototyping), ([["guarded", "production"]], ["guarded", "production"], .guarded),
            ([["prototyping", "production"], ["production"]], ["production"], .production),
            // Links that were not checked against each other hold nowhere.
            ([["prototyping"], ["guarded"]], ["production"], .production), ([["staging"]], ["staging"], .production),
            ([[]], ["production"], .production),
        ]
        for (links, expected, profile) in rows {
            let chain = try DelegationLayers(
                links.enumerated().map { Self.link("w\($0.offset)", depth: $0.offset, environments: $0.element) })
            #expect(chain.environments == expected)
            #expect(
                ProfileChoice.choose(for: WorkPlace(folder: "/w"), settings: [], delegated: chain.environments).profile
                    == profile)
        }
    }

    @Test func `a writ that does not hold denies every tool call, and nothing else`() throws {
        let guardian = try Engines.guardian()
        var surroundings = Guard.Surroundings(now: Self.now, user: "dev")
        surroundings.refusals = [
            DelegationLayers.refusal(
                code: "WRIT_E_EXPIRED",
                message:
                    "The session works under a writ that does not hold: link 1: the time is past. A person can bind another one."
            )
        ]
        let denied = guardian.judge(Self.call("Read", ["file_path": "a"]), session: SessionState(), in: surroundings)
        #expect(denied.decision.verdict == .deny)
        #expect(
            denied.decision.message
                == "writ[WRIT_E_EXPIRED]: The session works under a writ that does not hold: link 1: the time is past. A person can bind another one."
        )
        var after = Self.call("Read", ["file_path": "a"])
        after.event = .afterTool
        after.response = "text"
        #expect(guardian.judge(after, session: SessionState(), in: surroundings).decision.verdict == .allow)
        var prompt = Self.call("Read", [:])
        prompt.event = .prompt
        prompt.prompt = "hello"
        #expect(guardian.judge(prompt, session: SessionState(), in: surroundings).decision.verdict == .allow)
    }

    @Test func `a chain that cannot be used says which link`() {
        let rows: [([Delegation], String)] = [
            ([], "WRIT_E_CLAIMS: a chain has 1 to 16 links"),
            ([Self.link("a"), Self.link("a")], "WRIT_E_CLAIMS: two links of the chain have one id"),
            ([Self.link("a"), Self.link("b\nc")], "WRIT_E_CLAIMS: the id of a writ is not a name"),
            ([Self.link("a"), Self.link("b", grants: [.init()])], "WRIT_E_CLAIMS: b: the grant 1 names nothing"),
            ((0..<17).map { Self.link("w\($0)") }, "WRIT_E_CLAIMS: a chain has 1 to 16 links"),
        ]
        for (links, message) in rows {
            let fault = #expect(throws: DelegationLayers.Fault.self) { _ = try DelegationLayers(links) }
            #expect(fault?.description == message)
            if let fault { #expect(DelegationLayers.refusal(code: fault.code, message: fault.message).verdict == .deny) }
        }
    }

    @Test func `the ledger's record repeats the decision without the tokens`() throws {
        let chain = try DelegationLayers(Self.work)
        let base = try Engines.guardian()
        let guardian = try DelegationLayers.guardian(base, under: [chain])
        for (tool, arguments) in [
            ("Read", ["file_path": "src/a.swift"]), ("Write", ["file_path": "docs/a.md", "content": "x"]),
        ] as [(String, JSON)] {
            let judgement = guardian.judge(
                Self.call(tool, arguments), session: SessionState(), in: Self.surroundings(chain))
            let json = try LedgerRecord.json(
                judgement, event: "PreToolUse", digest: guardian.policies.digest, guardian: guardian)
            let record = try #require(RequestRecord(json))
            #expect(record.request.facts == judgement.request.facts)
            #expect(record.policy == base.policies.digest)
            #expect(base.policies.decide(record.request).verdict == judgement.decision.verdict)
        }
    }
}

extension Delegation {
    fileprivate func with(_ change: (inout Delegation) -> Void) -> Delegation {
        var link = self
        change(&link)
        return link
    }
}
