// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritDelegation

@testable import WritDaemon

/// Writs in the small world of approvals: the person is process 99, the agent's shell 70, its hook 90.
private struct DelegationWorld {
    static let now: Int64 = 1_700_000_000
    static let issuer = DelegationKey()
    /// A team's, which a file names.
    static let team = DelegationKey()

    let world: ApprovalWorld
    var delegations: Delegations

    init() throws {
        world = try ApprovalWorld()
        let anchors = TrustAnchors([.init(issuer: "https://team.example", key: Self.team.publicKey)])
        try SmallFile.write(anchors.json.bytes, to: world.folder.path + "/anchors.json")
        delegations = try Self.open(world)
    }

    private static func open(_ world: ApprovalWorld) throws -> Delegations {
        try Delegations(
            path: world.folder.path + "/delegations.json", key: world.key, people: world.approvals, issuer: issuer,
            audience: "writ.local/test",
            anchors: DelegationAnchors(
                path: world.folder.path + "/anchors.json",
                own: .init(issuer: issuer.publicKey.urn, key: issuer.publicKey)))
    }

    mutating func restart() throws { delegations = try Self.open(world) }

    /// A request; the time is the world's unless stated.
    func ask(_ request: JSON, peer: Int32 = 99, at seconds: Int64 = now) throws -> JSON {
        try delegations.serve(request, peer: peer, now: seconds * 1000).answer
    }

    static let terms: JSON = ["grants": [["actions": ["file.read"], "paths": ["$repo/**"]], ["actions": ["file.write"]]]]

    static func request(_ changes: [(String, JSON)] = []) -> JSON {
        var request: JSON = [
            "do": "delegation.issue", "task": "T-1", "intent": "Fix it", "terms": terms, "for": 3600,
            "environments": ["prototyping"], "folder": "/w", "max_depth": 1,
        ]
        for (key, value) in changes { request.set(key, value) }
        return request
    }

    /// Issues a writ as the person does.
    func issue(_ changes: [(String, JSON)] = [], at seconds: Int64 = now) throws -> String {
        let asked = try ask(Self.request(changes), at: seconds)
        #expect(asked["ok"] == true, "\(asked.text)")
        let answer = try ask(
            ["do": "delegation.answer", "text": .string(world.board.challenge)], at: seconds)
        return try #require(answer["id"]?.string, "\(answer.text)")
    }

    /// The code that a call of a session is refused with; empty when its writs hold, `none` without one.
    func code(
        _ session: String = "s1", in workspace: String = "/w", subagent: String? = nil, at seconds: Int64 = now
    ) throws -> String {
        let call = Call(
            agent: AgentIdentity(kind: "claude-code", id: subagent, type: subagent == nil ? nil : "explorer"),
            session: session, workspace: workspace)
        let standing = try delegations.standing(of: call, session: session, hook: 90, now: seconds).standing
        if standing.chains.isEmpty, standing.fault == nil { return "none" }
        return delegations.check(standing, now: seconds)?.code ?? ""
    }
}

@Test func `a writ holds from its issue to its end, over restarts, and denies after it`() throws {
    var world = try DelegationWorld()
    #expect(try world.code() == "none")
    let id = try world.issue()
    let now = DelegationWorld.now
    for _ in 0..<2 {
        #expect(try world.code() == "")
        #expect(try world.code("s2", in: "/w/sub") == "")
        #expect(try world.code("s3", in: "/elsewhere") == "none")
        #expect(try world.code("s1", in: "/elsewhere", at: now + 3_630) == "")
        #expect(try world.code("s1", in: "/elsewhere", at: now + 3_631) == "WRIT_E_EXPIRED")
        try world.restart()
    }
    // A successor in the folder, for its sessions too.
    let next = try world.issue(at: now + 4_000)
    #expect(try world.code("s1", in: "/elsewhere", at: now + 4_000) == "")
    let list = try world.ask(["do": "delegation.list", "all": true], at: now + 4_000)["writs"]?.array ?? []
    #expect(list.map { $0["id"]?.string } == [next, id])
    #expect(list.map { $0["state"]?.string } == ["valid", "has ended"])
    #expect(list.map { $0["sessions"]?.integer } == [2, 0])
}

@Test func `what cannot be issued is refused with the reason, before anybody is asked`() throws {
    let world = try DelegationWorld()
    let cases: [(changes: [(String, JSON)], reason: String)] = [
        ([("terms", ["deny": []])], "the terms have no `grants`"),
        ([("terms", ["grants": [], "grant": []])], "unknown key `grant`"),
        ([("terms", "all")], "no mapping"),
        ([("terms", ["grants": [["action": ["file.read"]]]])], "unknown claim `action`"),
        ([("for", 30)], "from 1 minute to 24 hours"),
        ([("for", 90_000)], "from 1 minute to 24 hours"),
        ([("for", 30_000), ("environments", ["production"])], "8 hours where it holds in production"),
        ([("environments", ["staging"])], "`staging` is no profile"),
        ([("folder", "relative")], "must be an absolute path"),
        ([("max_depth", 99)], "del_max_depth"),
        ([("task", "")], "writ.task.id"),
        ([("intent", "a\u{202E}b")], "characters that nobody sees"),
    ]
    for (changes, reason) in cases {
        let answer = try world.ask(DelegationWorld.request(changes))
        #expect(answer["ok"] == false && answer["error"]?.string?.contains(reason) == true, "\(reason): \(answer.text)")
    }
    #expect(world.world.board.last == "")
    // What is shown is what is granted.
    _ = try world.ask(DelegationWorld.request())
    for text in ["T-1", "Fix it", "dev", "prototyping", "file.read in $repo/**", "file.write", "every session in /w"] {
        #expect(world.world.board.last.contains(text), "\(text)")
    }
}

@Test func `only a person changes who may do what`() throws {
    let world = try DelegationWorld()
    let id = try world.issue()
    let requests: [JSON] = [
        DelegationWorld.request(), ["do": "delegation.bind", "id": .string(id), "folder": "/"],
        ["do": "delegation.unbind", "id": .string(id)], ["do": "delegation.run", "id": .string(id)],
        [
            "do": "delegation.derive", "id": .string(id), "terms": DelegationWorld.terms, "for": 600,
            "environments": [],
        ], ["do": "delegation.answer", "text": .string(world.world.board.challenge)],
    ]
    for request in requests {
        let (answer, events) = try world.delegations.serve(request, peer: 70, now: DelegationWorld.now * 1000)
        #expect(answer["ok"] == false && answer["kind"] == "agent", "\(request.text): \(answer.text)")
        #expect(events.map(\.kind) == [.refused])
    }
    // One question, one answer, in time, by who was asked.
    _ = try world.ask(["do": "delegation.unbind", "id": .string(id)])
    let challenge = JSON.string(world.world.board.challenge)
    #expect(try world.ask(["do": "delegation.answer", "text": challenge], peer: 98)["ok"] == false)
    #expect(try world.ask(["do": "delegation.answer", "text": challenge], at: DelegationWorld.now + 121)["ok"] == false)
    #expect(try world.ask(["do": "delegation.answer", "text": challenge])["ok"] == false)
    #expect(try world.code() == "")
    _ = try world.ask(["do": "delegation.unbind", "id": .string(id)])
    let answer = try world.ask(["do": "delegation.answer", "text": .string(world.world.board.challenge)])
    #expect(answer["count"] == 2)
    #expect(try world.code() == "none")
}

@Test func `what a narrower writ would grant beyond its parent is shown by a call`() throws {
    let world = try DelegationWorld()
    let id = try world.issue()
    let cases: [(grants: JSON, refusal: String?)] = [
        ([["actions": ["file.read"], "paths": ["$repo/src/**"]]], nil),
        ([["actions": ["file.write"], "paths": ["$repo/**"]]], nil),
        // Not shown by any call that was tried: it passes here, and calls are asked of both links.
        ([["actions": ["file.read"]]], nil),
        ([["actions": ["git.push"]]], "grant 1 goes beyond the writ: it would let pass "),
        (
            [["actions": ["file.write"]], ["actions": ["file.read"], "paths": ["/etc/**"]]],
            "grant 2 goes beyond the writ: it would let pass "
        ),
    ]
    for (grants, refusal) in cases {
        let answer = try world.ask([
            "do": "delegation.derive", "id": .string(id), "terms": ["grants": grants], "for": 600, "environments": [],
        ])
        #expect(answer["ok"]?.bool == (refusal == nil), "\(answer.text)")
        if let refusal {
            #expect(answer["error"]?.string?.hasPrefix(refusal) == true, "\(answer.text)")
            #expect(answer["code"] == "WRIT_E_OUTSIDE")
        }
    }
}

@Test func `a sub-agent has one narrower writ of its own, where the depth allows it`() throws {
    var world = try DelegationWorld()
    let id = try world.issue()
    let now = DelegationWorld.now
    func leaf(_ world: DelegationWorld, _ name: String, at seconds: Int64) throws -> Delegation? {
        let call = Call(
            agent: AgentIdentity(kind: "claude-code", id: name, type: "explorer"), session: "s1", workspace: "/w")
        return try world.delegations.standing(of: call, session: "s1", hook: 90, now: seconds).standing.chains.first?.leaf
    }
    let first = try #require(try leaf(world, "a1", at: now))
    #expect(first.id != id && first.depth == 1 && first.agent.id == "explorer")
    #expect(first.expires == now + 1_800)
    #expect(first.grants.map(\.actions) == [["file.read"]])
    #expect(first.denials.first?.actions.contains("file.write") == true)
    try world.restart()
    #expect(try leaf(world, "a1", at: now + 60)?.id == first.id)
    #expect(try leaf(world, "a2", at: now + 60)?.id != first.id)
    // Starting it is the agent's own doing.
    let start = Call(
        event: .subagentStart, agent: AgentIdentity(kind: "claude-code", id: "a3"), session: "s1", workspace: "/w")
    #expect(try world.delegations.standing(of: start, session: "s1", hook: 90, now: now).standing.chains.first?.leaf.id == id)
    // With everything for a name that the writ delegates to, and nothing for others.
    var terms = DelegationWorld.terms
    terms.set("delegates", ["agent:explorer"])
    _ = try world.issue([("terms", terms), ("folder", "/x")])
    let call = Call(agent: AgentIdentity(kind: "claude-code", id: "a", type: "explorer"), session: "x", workspace: "/x")
    let named = try world.delegations.standing(of: call, session: "x", hook: 90, now: now).standing.chains.first?.leaf
    #expect(named?.grants.count == 2 && named?.denials == [])
    let other = Call(agent: AgentIdentity(kind: "claude-code", id: "b", type: "writer"), session: "x", workspace: "/x")
    #expect(try world.delegations.standing(of: other, session: "x", hook: 90, now: now).standing.fault?.code == "WRIT_E_DELEGATE")
    _ = try world.issue([("max_depth", 0), ("folder", "/y")])
    #expect(try world.code("y", in: "/y") == "")
    #expect(try world.code("y", in: "/y", subagent: "a1") == "WRIT_E_DEPTH")
}

@Test func `a sub-agent that works gets its writ anew, and never beyond its parent`() throws {
    var world = try DelegationWorld()
    // The parent lasts for an hour and a half.
    let id = try world.issue([("for", 5_400)])
    let now = DelegationWorld.now
    func call(at seconds: Int64, _ name: String = "a1") throws -> (leaf: Delegation?, kinds: [DelegationEvent.Kind]) {
        let call = Call(
            agent: AgentIdentity(kind: "claude-code", id: name, type: "explorer"), session: "s1", workspace: "/w")
        let (standing, events) = try world.delegations.standing(of: call, session: "s1", hook: 90, now: now + seconds)
        return (standing.chains.first?.leaf, events.map(\.kind))
    }
    let steps: [(at: Int64, kinds: [DelegationEvent.Kind], until: Int64)] = [
        (0, [.entered, .derived], 1_800), (1_199, [], 1_800), (1_200, [.renewed], 3_000), (1_900, [], 3_000),
        // Also after its end: it waited for a long build.
        (3_700, [.renewed], 5_400), (5_300, [], 5_400), (5_430, [], 5_400),
    ]
    var last: Delegation?
    for step in steps {
        let (leaf, kinds) = try call(at: step.at)
        #expect(kinds == step.kinds && leaf?.expires == now + step.until, "at \(step.at)")
        #expect((leaf?.id == last?.id) == kinds.isEmpty)
        #expect(leaf?.grants == last?.grants ?? leaf?.grants && leaf?.depth == 1)
        #expect(try world.code(subagent: "a1", at: now + step.at) == "", "at \(step.at)")
        last = leaf
        try world.restart()
    }
    #expect(try world.code(subagent: "a1", at: now + 5_431) == "WRIT_E_EXPIRED")

    // A sub-agent's writ that was revoked by itself stays so, however long its parent lasts.
    world = try DelegationWorld()
    let parent = try world.issue([("for", 5_400)])
    let child = try #require(try call(at: 0).leaf)
    #expect(parent != id && child.depth == 1)
    _ = try world.ask(["do": "delegation.revoke", "revoke": [["id": .string(child.id)]]])
    for second in [10, 1_500, 2_000] as [Int64] {
        #expect(try call(at: second).kinds == [])
        let code = try world.code(subagent: "a1", at: now + second)
        #expect(code == (second < 1_830 ? "WRIT_E_REVOKED" : "WRIT_E_EXPIRED"))
    }
    #expect(try call(at: 2_000, "a2").kinds == [.derived])
}

@Test func `what is revoked holds no more, here and after a restart`() throws {
    let now = DelegationWorld.now
    let cases: [(entry: (String) -> JSON, isRevoked: Bool)] = [
        ({ ["id": .string($0)] }, true), ({ ["id": .string(String($0.suffix(8)))] }, true), ({ _ in ["task": "T-1"] }, true),
        ({ _ in ["task": "T-2"] }, false), ({ _ in ["principal": "dev"] }, true), ({ _ in ["agent": "codex"] }, false),
        ({ _ in ["issued_before": .integer(now)] }, false), ({ _ in ["issued_before": .integer(now + 1)] }, true),
        ({ _ in ["all": true] }, true),
    ]
    for (entry, isRevoked) in cases {
        var world = try DelegationWorld()
        let id = try world.issue()
        _ = try world.code(subagent: "a1")
        // No person is needed.
        let answer = try world.ask(["do": "delegation.revoke", "revoke": [entry(id)]], peer: 70)
        #expect(answer["count"]?.integer == (isRevoked ? 1 : 0), "\(entry(id).text): \(answer.text)")
        for _ in 0..<2 {
            #expect(try world.code() == (isRevoked ? "WRIT_E_REVOKED" : ""), "\(entry(id).text)")
            #expect(try world.code(subagent: "a1") == (isRevoked ? "WRIT_E_REVOKED" : ""), "\(entry(id).text)")
            try world.restart()
        }
        #expect(try world.ask(["do": "delegation.revoke", "revoke": [entry(id)]])["sequence"] == 2)
    }
    let world = try DelegationWorld()
    for wrong in [["id": "ffff"], ["who": "me"], [:]] as [JSON] {
        #expect(try world.ask(["do": "delegation.revoke", "revoke": [wrong]])["ok"] == false, "\(wrong.text)")
    }
}

@Test func `another anchor's writs and lists are taken up when they verify`() throws {
    var world = try DelegationWorld()
    let now = DelegationWorld.now
    func root(_ id: String, audience: String = "writ.local/test") -> Delegation {
        Delegation(
            id: id, issuer: "https://team.example", issuedAt: now - 10, notBefore: now - 10, expires: now + 3_600,
            audience: [audience], holder: DelegationWorld.issuer.publicKey.bytes, maximumDepth: 1,
            principal: .init(subject: "alice"), task: .init(id: "T-9"), environments: ["prototyping"],
            grants: [.init(actions: ["file.read"])])
    }
    func list(_ sequence: Int64, _ entries: [RevocationList.Entry]) throws -> String {
        try RevocationList(
            issuer: "https://team.example", sequence: sequence, issuedAt: now - 100, next: now + 100, entries: entries
        ).signed(by: DelegationWorld.team)
    }
    func take(_ text: String) throws -> String {
        let answer = try world.ask(["do": "delegation.import", "text": .string(text)], peer: 70)
        return answer["id"]?.string ?? answer["sequence"].map(\.text) ?? answer["code"]?.string ?? answer.text
    }
    let token = try root("team-1").signedAsRoot(by: DelegationWorld.team)
    #expect(try take(token + "\n") == "team-1")
    #expect(try take(token).contains("is here already"))
    #expect(try take(try root("team-2").signedAsRoot(by: DelegationKey())) == "WRIT_E_ANCHOR")
    #expect(try take(try root("team-3", audience: "other").signedAsRoot(by: DelegationWorld.team)) == "WRIT_E_AUDIENCE")
    #expect(try take("a.b.c") == "WRIT_E_PARSE")
    // It counts once a person has bound it; without a list its age is unknown.
    #expect(try world.code() == "none")
    _ = try world.ask(["do": "delegation.bind", "id": "team-1", "folder": "/w"])
    _ = try world.ask(["do": "delegation.answer", "text": .string(world.world.board.challenge)])
    #expect(try world.code(subagent: "a1") == "")
    let call = Call(agent: AgentIdentity(kind: "claude-code"), session: "s1", workspace: "/w")
    func age() throws -> Int? {
        try world.delegations.standing(of: call, session: "s1", hook: 90, now: now).standing.revocationAge
    }
    #expect(try age() == nil)
    #expect(try take(try list(7, [])) == "7")
    #expect(try age() == 100)
    #expect(try take(try list(6, [])) == "WRIT_E_ROLLBACK")
    #expect(try take(try list(8, [.id("team-1")])) == "8")
    #expect(try world.code() == "WRIT_E_REVOKED")
    try world.restart()
    #expect(try take(try list(7, [])) == "WRIT_E_ROLLBACK")
    #expect(try world.code() == "WRIT_E_REVOKED")
}

@Test func `a writ for one agent leaves others alone in a folder, and no other below its process`() throws {
    let world = try DelegationWorld()
    let id = try world.issue([("agent", "claude-code")])
    let answer = try world.ask(["do": "delegation.run", "id": .string(id)])
    #expect(answer["ok"] == true, "\(answer.text)")
    func chains(_ agent: String, in workspace: String, hook: Int32) throws -> [String] {
        let call = Call(agent: AgentIdentity(kind: agent), session: "\(agent)\(hook)\(workspace)", workspace: workspace)
        return try world.delegations.standing(of: call, session: call.session, hook: hook, now: DelegationWorld.now)
            .standing.chains.map(\.leaf.id)
    }
    #expect(try chains("claude-code", in: "/w", hook: 90) == [id])
    #expect(try chains("codex", in: "/w", hook: 90) == [])
    // Process 99 is what the person started.
    #expect(try chains("codex", in: "/elsewhere", hook: 99) == [id])
    #expect(try chains("claude-code", in: "/elsewhere", hook: 99) == [id])
}

@Test func `a session that an agent starts elsewhere is under the writs of the one that started it`() throws {
    var world = try DelegationWorld()
    let id = try world.issue()
    func chains(_ session: String, in workspace: String, hook: Int32, agent: String = "claude-code") throws -> [String] {
        let call = Call(agent: AgentIdentity(kind: agent), session: session, workspace: workspace)
        return try world.delegations.standing(of: call, session: session, hook: hook, now: DelegationWorld.now)
            .standing.chains.map(\.leaf.id)
    }
    // Not before the agent's own session is known to be under it.
    #expect(try chains("early", in: "/elsewhere", hook: 91, agent: "codex") == [])
    #expect(try chains("s1", in: "/w", hook: 90) == [id])
    try world.restart()
    #expect(try chains("below", in: "/elsewhere", hook: 91, agent: "codex") == [id])
    #expect(try chains("early", in: "/elsewhere", hook: 91, agent: "codex") == [id])
    // One process that serves several sessions has not started one by another; a person's agents are their own.
    #expect(try chains("beside", in: "/elsewhere", hook: 92) == [])
    #expect(try chains("person's", in: "/elsewhere", hook: 93) == [])
    #expect(try chains("person", in: "/elsewhere", hook: 99) == [])
    // What adopts a hook whose agent has ended is no agent: everybody's sessions are below it.
    #expect(try chains("s2", in: "/w", hook: 94) == [id])
    #expect(try chains("anybody's", in: "/elsewhere", hook: 95) == [])
    // It stays under it, also when nobody is above it any more.
    #expect(try chains("below", in: "/third", hook: 99, agent: "codex") == [id])
    let call = Call(agent: AgentIdentity(kind: "codex"), session: "new", workspace: "/elsewhere")
    let events = try world.delegations.standing(of: call, session: "new", hook: 91, now: DelegationWorld.now).events
    #expect(
        events.map(\.message) == [
            "the session is under \(Delegations.short(id)), as claude-code|s1 below whose agent it works"
        ])
    #expect(events.first?.record["started_by"] == ["claude-code|s1"])
    // What takes the place of the writ does so for all of them, and so does letting them go.
    _ = try world.ask(["do": "delegation.unbind", "id": .string(id)])
    _ = try world.ask(["do": "delegation.answer", "text": .string(world.world.board.challenge)])
    #expect(try chains("below", in: "/elsewhere", hook: 91, agent: "codex") == [])
}

@Test func `a file that somebody has changed denies everything`() throws {
    var world = try DelegationWorld()
    _ = try world.issue([("folder", "/elsewhere")])
    let path = world.world.folder.path + "/delegations.json"
    var bytes = try #require(try SmallFile.read(path, limit: 1 << 20))
    for at in [0, bytes.count / 2, bytes.count - 1] {
        bytes[at] ^= 1
        try SmallFile.write(bytes, to: path)
        try world.restart()
        #expect(try world.code() == "WRIT_E_STORE")
        #expect(try world.ask(["do": "delegation.list"])["ok"] == false)
        bytes[at] ^= 1
    }
    try SmallFile.write(bytes, to: path)
    try world.restart()
    #expect(try world.code() == "none")
    #expect(try world.code(in: "/elsewhere") == "")
}
