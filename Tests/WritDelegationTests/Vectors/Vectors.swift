// SPDX-License-Identifier: Apache-2.0
import WritCore

@testable import WritDelegation

/// The published test vectors: one fixed world, and what must come of each input.
enum Vectors {
    static let now = Example.now
    static let ids = (1...9).map { "01a11f92-3c00-7000-8000-00000000000\($0)" }

    /// As small as links can be.
    static let root = Delegation(
        id: ids[0], issuer: Example.issuer, issuedAt: now - 100, notBefore: now - 100, expires: now + 7_100,
        audience: [Example.audience], holder: Example.holders[0].publicKey.bytes, maximumDepth: 2,
        principal: .init(subject: "alice@acme.example", authenticatedAt: now - 200),
        agent: .init(id: "coding-assistant"), task: .init(id: "T-1842", workflow: "bugfix"),
        environments: ["prototyping"], grants: [.init(actions: ["file.read", "file.search"])],
        budgets: .init(calls: 300), delegates: ["agent:reviewer"])
    static let child = Delegation(
        id: ids[1], issuer: "", issuedAt: now - 50, notBefore: now - 50, expires: now + 1_700,
        audience: [Example.audience], holder: Example.holders[1].publicKey.bytes, depth: 1, maximumDepth: 2,
        principal: root.principal, agent: .init(id: "reviewer"), task: .init(id: "T-1842/review", workflow: "bugfix"),
        environments: ["prototyping"], grants: [.init(actions: ["file.read"])], budgets: .init(calls: 30),
        delegates: ["agent:reviewer"])
    static let grandchild: Delegation = {
        var link = child
        link.id = ids[2]
        link.depth = 2
        link.holder = Example.holders[2].publicKey.bytes
        return link
    }()

    static func rootToken(_ change: (inout JSON) -> Void = { _ in }) throws -> String {
        try Forge.link(root, by: Example.anchorKey, change)
    }

    static func pair(_ change: (inout JSON) -> Void = { _ in }) throws -> String {
        try Forge.below(rootToken(), child, by: Example.holders[0], change)
    }

    static func list(_ entries: [RevocationList.Entry], sequence: Int64 = 7, at time: Int64 = now - 60) throws -> String {
        try RevocationList(
            issuer: Example.issuer, sequence: sequence, issuedAt: time, next: time + 3_600, entries: entries
        ).signed(by: Example.anchorKey)
    }

    /// The whole file.
    static func document() throws -> JSON {
        let keys: [(String, DelegationKey)] =
            [("anchor", Example.anchorKey)] + Example.holders.enumerated().map { ("holder \($0.offset)", $0.element) }
        return [
            "about": """
            Writ test vectors. Each has an input, its context where it differs from the defaults here, and what must \
            come of it: the ids of a valid chain's links, or an error's code with the link at fault (null: none). \
            Seeds are those of test keys: never use them.
            """,
            "now": .integer(now), "audience": .string(Example.audience), "anchors": Example.anchors.json,
            "keys": .array(
                keys.map { name, key in
                    [
                        "name": .string(name), "seed": .string(StrictBase64.urlText(key.seed)),
                        "jwk": key.publicKey.jwk, "thumbprint": .string(key.publicKey.thumbprint),
                    ]
                }),
            "vectors": .array(try chains() + links() + contexts() + others()),
        ]
    }

    static func chain(_ name: String, _ text: String, _ expect: JSON, _ context: [JSON.Member] = []) -> JSON {
        vector("chain", name, [.init("text", .string(text))] + context, expect)
    }

    static func vector(_ kind: String, _ name: String, _ members: [JSON.Member], _ expect: JSON) -> JSON {
        .object(
            [.init("name", .string(name)), .init("kind", .string(kind))] + members + [.init("expect", expect)])
    }

    static func fails(_ code: DelegationError.Code, _ link: Int64? = nil) -> JSON {
        ["error": .string(code.rawValue), "link": link.map { .integer($0) } ?? .null]
    }

    static func holds(_ count: Int, _ text: String) -> JSON {
        ["ids": .array(ids.prefix(count).map(JSON.string)), "digest": .string(DelegationChain.digest(of: text))]
    }
}
