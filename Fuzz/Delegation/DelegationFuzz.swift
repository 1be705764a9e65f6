// SPDX-License-Identifier: Apache-2.0
import WritCore

@testable import WritDelegation

/// The input is read as a chain's text, a file of anchors and a list's entry; as a payload that a key signs whatever it
/// says, at the root and below a good root; and as claims. A trap, a hang, a sanitizer report, a chain that holds
/// without a signature, a child that has more than its parent, or claims that read back differently is a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzDelegation(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let text = String(decoding: bytes, as: UTF8.self)
    attempt { () throws(DelegationError) in
        _ = try DelegationChain.verify(text, anchors: world.anchors, expecting: world.expectation)
        preconditionFailure("text from outside holds")
    }
    attempt { () throws(DelegationError) in
        let anchors = try TrustAnchors(parsing: bytes)
        let again = sure { () throws(DelegationError) in try TrustAnchors(parsing: anchors.json.bytes) }
        precondition(again == anchors, "anchors read back differently")
    }
    attempt { () throws(DelegationError) in
        let json = try StrictJSON.object(bytes, "the input")
        attempt { () throws(DelegationError) in _ = try RevocationList.Entry(json) }
        try readBack(json)
        try sign(json)
    }
    return 0
}

private func attempt(_ body: () throws(DelegationError) -> Void) {
    do throws(DelegationError) {
        try body()
    } catch {
        precondition(error.description.utf8.count < 1_024, "a long message")
        precondition(!error.description.unicodeScalars.contains { $0.value < 0x20 }, "a control character in a message")
    }
}

private func readBack(_ json: JSON) throws(DelegationError) {
    let link = try Delegation(claims: json)
    let again = sure { () throws(DelegationError) in try Delegation(claims: link.claims()) }
    precondition(again == link, "claims read back differently")
}

/// What was read once must write, and read again.
private func sure<T>(_ body: () throws(DelegationError) -> T) -> T {
    do throws(DelegationError) {
        return try body()
    } catch {
        preconditionFailure(error.description)
    }
}

private func sign(_ json: JSON) throws(DelegationError) {
    for kind in [CompactJWS.Kind.revocations, .proof] {
        let token = try CompactJWS(signing: json, kind: kind, with: world.keys[0]).text
        attempt { () throws(DelegationError) in
            if kind == .proof {
                var replay = ReplayCache(capacity: 2)
                _ = try ProofOfPossession.verify(
                    token, of: world.chain, for: world.use, now: world.now, replay: &replay)
            } else {
                _ = try RevocationList.verify(token, anchors: world.anchors, highestSeen: 1, now: world.now)
            }
        }
    }
    attempt { () throws(DelegationError) in
        let root = try CompactJWS(signing: json, kind: .delegation, with: world.keys[0]).text
        _ = try DelegationChain.verify(root, anchors: world.anchors, expecting: world.expectation)
    }
    var child = json
    child.set("iss", .string(world.keys[1].publicKey.urn))
    child.set("par_hash", .string(world.chain.leafHash))
    child.set("del_depth", 1)
    let token = try CompactJWS(signing: child, kind: .delegation, with: world.keys[1]).text
    let chain = try DelegationChain.verify(
        "\(world.chain.text)~\(token)", anchors: world.anchors, expecting: world.expectation)
    let (leaf, root) = (chain.leaf, chain.root)
    precondition(
        leaf.principal == root.principal && leaf.expires <= root.expires && leaf.maximumDepth <= root.maximumDepth
            && Set(leaf.audience).isSubset(of: root.audience) && (leaf.budgets.calls ?? .max) <= 300
            && Set(leaf.environments).isSubset(of: root.environments) && leaf.task.id.hasPrefix(root.task.id),
        "a child has more than its parent")
}

/// One good root, and the keys of its signer and its holder.
private struct World {
    let now: Int64 = 1_790_000_100
    let keys: [DelegationKey]
    let anchors: TrustAnchors
    let chain: DelegationChain
    let use = ProofOfPossession.Use(tool: "mcp:git/push", server: "git.acme.example", arguments: ["branch": "dev"])
    var expectation: DelegationChain.Expectation { .init(audience: "writ:acme", now: now) }

    init() throws(DelegationError) {
        keys = [1, 2].compactMap { DelegationKey(seed: [UInt8](repeating: $0, count: 32)) }
        anchors = TrustAnchors([.init(issuer: "https://writ.acme.example", key: keys[0].publicKey)])
        let root = Delegation(
            id: "root", issuer: "https://writ.acme.example", issuedAt: now - 100, notBefore: now - 100,
            expires: now + 7_100, audience: ["writ:acme"], holder: keys[1].publicKey.bytes, maximumDepth: 2,
            principal: .init(subject: "alice@acme.example"), task: .init(id: "T-1842"),
            environments: ["prototyping"], budgets: .init(calls: 300))
        chain = try DelegationChain.verify(
            root.signedAsRoot(by: keys[0]), anchors: anchors, expecting: .init(audience: "writ:acme", now: now))
    }
}

/// It holds or the fuzzer is built wrong.
private let world: World = {
    do throws(DelegationError) {
        return try World()
    } catch {
        preconditionFailure(error.description)
    }
}()
