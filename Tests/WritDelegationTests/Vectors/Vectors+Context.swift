// SPDX-License-Identifier: Apache-2.0
import WritCore

@testable import WritDelegation

extension Vectors {
    /// The same chain at other times, in other places, under other keys and lists.
    static func contexts() throws -> [JSON] {
        let one = try rootToken()
        let two = try pair()
        let stranger = Example.key(9)
        let strangers = try Forge.link(root, by: stranger)
        let anchorsKid: JSON = [
            "alg": "EdDSA", "kid": .string(Example.anchorKey.publicKey.thumbprint), "typ": "writ+jwt",
        ]
        let othersKid: JSON = ["alg": "EdDSA", "kid": .string(stranger.publicKey.thumbprint), "typ": "writ+jwt"]
        func at(_ time: Int64) -> [JSON.Member] { [.init("now", .integer(time))] }
        func revoked(_ name: String, _ entry: RevocationList.Entry, _ link: Int64 = 0) throws -> JSON {
            chain(name, two, fails(.revoked, link), [.init("revocations", [.string(try list([entry]))])])
        }
        let unrelated: [RevocationList.Entry] = [
            .id(ids[8]), .principal("mallory@acme.example"), .agent("other"), .task("T-18"), .task("T-1842/build"),
            .key(stranger.publicKey.thumbprint), .issuedBefore(now - 100),
        ]
        let fresh = try list(unrelated)
        return [
            chain("a key that is no anchor", strangers, fails(.anchor, 0)),
            chain(
                "an anchor before its time",
                try rootToken {
                    $0.set(at: "iat", to: .integer(now - 86_401))
                    $0.set(at: "nbf", to: .integer(now - 86_401))
                }, fails(.anchorWindow, 0)),
            chain(
                "an anchor after its time", one, fails(.anchorWindow, 0),
                [
                    .init(
                        "anchors",
                        TrustAnchors([
                            .init(issuer: Example.issuer, key: Example.anchorKey.publicKey, notAfter: now - 101)
                        ]).json)
                ]),
            chain(
                "a stranger under the anchor's name", try Forge.link(root, by: stranger, header: anchorsKid),
                fails(.signature, 0)),
            chain(
                "a derived link that its parent's holder did not sign",
                try Forge.below(one, child, by: stranger), fails(.signature, 1)),
            chain(
                "another key's name in the header",
                try Forge.below(one, child, by: Example.holders[0], header: othersKid), fails(.key, 1)),
            chain("the leaf alone", two.split(separator: "~").last.map(String.init) ?? "", fails(.anchor, 0)),
            chain("the root twice", "\(one)~\(one)", fails(.signature, 1)),
            chain("for another verifier", one, fails(.audience, 0), [.init("audience", "writ:other")]),
            chain("in another environment", one, fails(.environment, 0), [.init("environment", "production")]),
            chain("in its environment", one, holds(1, one), [.init("environment", "prototyping")]),
            chain("lives longer than accepted", two, fails(.lifetime, 0), [.init("max_lifetime", 7_199)]),
            chain("lives as long as accepted", two, holds(2, two), [.init("max_lifetime", 7_200)]),
            chain("30 s after the leaf's end", two, holds(2, two), at(now + 1_730)),
            chain("31 s after the leaf's end", two, fails(.expired, 1), at(now + 1_731)),
            chain("31 s after the root's end", one, fails(.expired, 0), at(now + 7_131)),
            chain("30 s before the root's time", one, holds(1, one), at(now - 130)),
            chain("31 s before the root's time", one, fails(.notYet, 0), at(now - 131)),
            chain("31 s before the leaf's time", two, fails(.notYet, 1), at(now - 81)),
            try revoked("the root's id revoked", .id(ids[0])),
            try revoked("the leaf's id revoked", .id(ids[1]), 1),
            try revoked("the person revoked", .principal("alice@acme.example")),
            try revoked("an ancestor's agent revoked", .agent("coding-assistant")),
            try revoked("the task revoked, of which the leaf's is a part", .task("T-1842")),
            try revoked("the leaf's part of the task revoked", .task("T-1842/review"), 1),
            try revoked("the anchor's key revoked", .key(Example.anchorKey.publicKey.thumbprint)),
            try revoked("the leaf's holder revoked", .key(Example.holders[1].publicKey.thumbprint), 1),
            try revoked("everything issued before revoked", .issuedBefore(now - 99)),
            try revoked("everything revoked", .all),
            chain("others revoked", two, holds(2, two), [.init("revocations", [.string(fresh)])]),
            chain("no list where one is asked for", two, fails(.staleList), [.init("max_revocation_age", 60)]),
            chain(
                "a list as old as accepted", two, holds(2, two),
                [.init("max_revocation_age", 60), .init("revocations", [.string(fresh)])]),
            chain(
                "a list older than accepted", two, fails(.staleList),
                [.init("max_revocation_age", 59), .init("revocations", [.string(fresh)])]),
        ]
    }

    /// Lists, proofs, derivations and files of anchors by themselves.
    static func others() throws -> [JSON] {
        try lists() + proofs() + derivations() + [
            anchorsFile("anchors", Example.anchors.json, ["count": 1]),
            anchorsFile("anchors of another version", ["v": 2, "anchors": []], fails(.version)),
            anchorsFile(
                "an anchor without a beginning",
                [
                    "v": 1, "anchors": [["iss": "a", "jwk": Example.anchorKey.publicKey.jwk]],
                ], fails(.claims)),
            anchorsFile(
                "an anchor with an unknown member",
                [
                    "v": 1,
                    "anchors": [["iss": "a", "jwk": Example.anchorKey.publicKey.jwk, "nbf": 0, "for": "roots"]],
                ], fails(.claims)),
        ]
    }

    private static func anchorsFile(_ name: String, _ file: JSON, _ expect: JSON) -> JSON {
        vector("anchors", name, [.init("file", file)], expect)
    }

    private static func lists() throws -> [JSON] {
        func list(_ name: String, _ text: String, _ expect: JSON, highest: Int64 = 7) -> JSON {
            vector("list", name, [.init("text", .string(text)), .init("highest_seen", .integer(highest))], expect)
        }
        let good = try Vectors.list([.all, .id(ids[0])])
        let stranger = try RevocationList(
            issuer: Example.issuer, sequence: 7, issuedAt: now, next: now + 60, entries: []
        ).signed(by: Example.key(9))
        let two = try Forge.token(
            Array(
                #"{"iat":\#(now),"iss":"\#(Example.issuer)","next":\#(now),"revoke":[{"jti":"a","task":"b"}],"seq":8}"#
                    .utf8), by: Example.anchorKey, kind: .revocations)
        return [
            list("a list as new as the one before", good, ["entries": 2, "seq": 7]),
            list("a list older than one seen", good, fails(.rollback), highest: 8),
            list("a list from the future", try Vectors.list([], at: now + 31), fails(.notYet)),
            list("a stranger's list", stranger, fails(.anchor)),
            list("a link for a list", try rootToken(), fails(.header)),
            list("an entry of two members", two, fails(.claims)),
        ]
    }

    private static func proofs() throws -> [JSON] {
        let two = try pair()
        let use = ProofOfPossession.Use(tool: "mcp:git/push", server: "git.acme.example", arguments: ["branch": "dev"])
        let leaf = try Delegation(
            claims: CompactJWS(parsing: two.split(separator: "~").last.map(String.init) ?? "", kind: .delegation).payload)
        func sign(_ nonce: String, at time: Int64 = now) throws -> String {
            try ProofOfPossession.sign(use, under: leaf, nonce: nonce, now: time, with: Example.holders[1])
        }
        func proof(_ name: String, _ proofs: [String], _ expect: JSON, tool: String = "mcp:git/push") -> JSON {
            vector(
                "proof", name,
                [
                    .init("text", .string(two)), .init("proofs", .array(proofs.map(JSON.string))),
                    .init("tool", .string(tool)), .init("server", .string(use.server)),
                    .init("arguments", ["branch": "dev"]),
                ], expect)
        }
        let nonces = ["nonce-0000000001", "nonce-0000000002"]
        var other = leaf
        other.id = ids[7]
        let another = try ProofOfPossession.sign(use, under: other, nonce: nonces[0], now: now, with: Example.holders[1])
        var parents = leaf
        parents.holder = Example.holders[0].publicKey.bytes
        let byParent = try ProofOfPossession.sign(
            use, under: parents, nonce: nonces[0], now: now, with: Example.holders[0])
        return [
            proof("two proofs", [try sign(nonces[0]), try sign(nonces[1])], ["proofs": 2]),
            proof("a proof of 30 s ago", [try sign(nonces[0], at: now - 30)], ["proofs": 1]),
            proof("a proof of 31 s ago", [try sign(nonces[0], at: now - 31)], fails(.possession)),
            proof("a proof of 31 s from now", [try sign(nonces[0], at: now + 31)], fails(.possession)),
            proof("a proof for another tool", [try sign(nonces[0])], fails(.possession), tool: "mcp:git/delete"),
            proof("a proof for another writ", [another], fails(.possession)),
            proof("a proof by the parent's holder", [byParent], fails(.signature)),
            proof("the same proof twice", [try sign(nonces[0]), try sign(nonces[0])], fails(.replay)),
            proof("the same nonce at another time", [try sign(nonces[0]), try sign(nonces[0], at: now - 1)], fails(.replay)),
        ]
    }

    private static func derivations() throws -> [JSON] {
        let one = try rootToken()
        func derive(_ name: String, _ grants: [Delegation.Capability], _ expect: JSON, agent: String = "reviewer") -> JSON {
            vector(
                "derive", name,
                [
                    .init("text", .string(one)), .init("agent", .string(agent)),
                    .init("grants", .array(grants.map(\.json))),
                ], expect)
        }
        return [
            derive("grants among the parent's", [.init(actions: ["file.read"], paths: ["$repo/docs/**"])], ["links": 2]),
            derive("a derivation for an agent that is no delegate", [], fails(.delegate), agent: "deployer"),
        ]
    }
}
