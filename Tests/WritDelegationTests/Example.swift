// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritDelegation

/// One organisation, one person, a few keys: what the tests of this module are about.
enum Example {
    static let now: Int64 = 1_790_000_100
    static let issuer = "https://writ.acme.example"
    static let audience = "writ:acme"

    /// The key of a seed of 32 equal bytes.
    static func key(_ byte: UInt8) -> DelegationKey {
        guard let key = DelegationKey(seed: [UInt8](repeating: byte, count: 32)) else { preconditionFailure() }
        return key
    }

    static let anchorKey = key(1)
    static let anchors = TrustAnchors([
        .init(
            issuer: issuer, key: anchorKey.publicKey, notBefore: now - 86_400, notAfter: now + 86_400)
    ])
    /// Of the agent that holds the root, of its sub-agent, and of that one's.
    static let holders = [key(2), key(3), key(4)]

    static let root = Delegation(
        id: "01a11f92-3c00-7000-8000-000000000001", issuer: issuer, issuedAt: now - 100, notBefore: now - 100,
        expires: now + 7_100, audience: [audience], holder: holders[0].publicKey.bytes, maximumDepth: 2,
        principal: .init(
            subject: "alice@acme.example", identityProvider: "https://login.acme.example", methods: ["webauthn"],
            authenticatedAt: now - 200),
        agent: .init(id: "coding-assistant", kind: "claude-code"),
        task: .init(id: "T-1842", workflow: "bugfix", intent: "Fix the date parser", origin: "ticket:1842"),
        environments: ["prototyping"],
        grants: [
            .init(actions: ["file.read", "file.search"], paths: ["$repo/**"]),
            .init(actions: ["file.write"], paths: ["$repo/src/**", "$repo/tests/**"]),
            .init(actions: ["shell.exec"], commands: ["swift build", "swift test", "git status"]),
            .init(
                tools: ["mcp:git/create_pull_request"],
                arguments: [.init("base", [.oneOf(["main", "dev"])]), .init("labels", [.subset(["bug", "docs"])])]),
        ],
        denials: [.init(actions: ["pkg.publish"])],
        questions: [.init(.init(tools: ["mcp:git/create_*"]), gate: "maintainer")],
        budgets: .init(calls: 300, writes: 80, costCents: 500), minimumRevisions: ["acme-production": 14])

    static func expectation(now: Int64 = now) -> DelegationChain.Expectation {
        .init(audience: audience, now: now)
    }

    /// A verified chain of 1 to 3 links.
    static func chain(_ count: Int) throws -> DelegationChain {
        var chain = try DelegationChain.verify(
            root.signedAsRoot(by: anchorKey), anchors: anchors, expecting: expectation())
        for index in 1..<max(count, 1) {
            let narrowing = Delegation.Narrowing(
                id: "01a11f92-3c00-7000-8000-00000000000\(index + 1)", holder: holders[index].publicKey.bytes,
                issuedAt: now - 50 + Int64(index), expires: now + 1_700, agent: .init(id: "reviewer-\(index)"))
            let derived = try Delegation.derive(from: chain, narrowing, signedBy: holders[index - 1])
            chain = try DelegationChain.verify(derived.text, anchors: anchors, expecting: expectation())
        }
        return chain
    }
}
