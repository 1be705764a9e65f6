// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritTestSupport

@testable import WritDelegation

/// Keys, ids, lists, caches and messages, each by itself.
@Suite struct PartsTests {
    @Test func `base64url has one text for each value`() {
        let rows: [(String, [UInt8]?)] = [
            ("", []), ("AA", [0]), ("AAA", [0, 0]), ("AAAA", [0, 0, 0]), ("-_8", [0xFB, 0xFF]), ("AB", nil), ("AAB", nil),
            ("A", nil), ("AAAAA", nil), ("AA==", nil), ("+/8", nil), ("A A", nil), ("AA\n", nil), ("é", nil),
        ]
        for (text, bytes) in rows {
            #expect(StrictBase64.urlBytes(text.utf8) == bytes, "\(text)")
            if let bytes { #expect(StrictBase64.urlText(bytes) == text) }
        }
    }

    /// The key and thumbprint of RFC 8037, appendices A.1 and A.3, and the signature of A.4.
    @Test func `a key has the thumbprint and signature of the standard's example`() throws {
        let seed = try #require(StrictBase64.urlBytes("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A".utf8))
        let key = try #require(DelegationKey(seed: seed))
        #expect(key.publicKey.thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
        #expect(
            key.publicKey.urn
                == "urn:ietf:params:oauth:jwk-thumbprint:sha-256:kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
        #expect(DelegationPublicKey(jwk: key.publicKey.jwk) == key.publicKey)
        let input = Array("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc".utf8)
        let signature = try #require(
            StrictBase64.urlBytes(
                "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg".utf8))
        #expect(key.publicKey.isSignature(signature, of: input))
    }

    @Test func `keys of the wrong size and keys that anybody can sign under are refused`() {
        #expect(DelegationKey(seed: [1, 2, 3]) == nil)
        #expect(DelegationPublicKey([1, 2, 3]) == nil)
        for first: UInt8 in [0, 1] { #expect(DelegationPublicKey([first] + [UInt8](repeating: 0, count: 31)) == nil) }
        #expect(DelegationPublicKey([1] + [UInt8](repeating: 0, count: 30) + [0x80]) == nil)
    }

    @Test func `new ids are UUIDs of version 7 in the order of time`() {
        var random = SeededGenerator(seed: 5)
        var last = ""
        for millisecond in 0..<1_000 {
            let id = Delegation.newID(at: 1_790_000_000_000 + Int64(millisecond), using: &random)
            let parts = id.split(separator: "-").map(\.count)
            #expect(parts == [8, 4, 4, 4, 12])
            #expect(id.dropFirst(14).hasPrefix("7") && "89ab".contains(id.dropFirst(19).first ?? " "))
            #expect(last < id)
            last = id
        }
    }

    @Test func `messages quote little and clean`() {
        let hostile = "a`\u{1B}[31m\u{202E}\n" + String(repeating: "x", count: 100)
        #expect(Shown.text(hostile) == "`a\u{FFFD}\u{FFFD}[31m\u{FFFD}\u{FFFD}" + String(repeating: "x", count: 51) + "…`")
    }

    @Test func `a link's description names the code and the link`() {
        let error = #expect(throws: DelegationError.self) {
            try DelegationChain.verify("a.b", anchors: .none, expecting: Example.expectation())
        }
        #expect(error?.description == "WRIT_E_PARSE: link 0: a token has three parts")
    }

    @Test func `what a writer may not sign it does not sign`() {
        let changes: [(DelegationError.Code, (inout Delegation) -> Void)] = [
            (.claims, { $0.audience = [] }), (.claims, { $0.environments = [] }), (.claims, { $0.id = "a b" }),
            (.claims, { $0.holder = [] }), (.claims, { $0.task.intent = String(repeating: "x", count: 1_025) }),
            (.claims, { $0.grants = [.init()] }), (.claims, { $0.delegates = ["reviewer"] }),
            (.claims, { $0.budgets.calls = -1 }), (.claims, { $0.maximumDepth = 8 }),
            (.parse, { $0.task.intent = "a\u{200B}b" }), (.parse, { $0.task.intent = "a\nb" }),
            (.parse, { $0.grants = [.init(tools: ["t"], arguments: [.init("a", [.exact(.number(0.5))])])] }),
            (.parse, { $0.grants = [.init(tools: ["t"], arguments: [.init("a", [.exact(1), .exact(2)])])] }),
            (.claims, { $0.grants = [.init(tools: ["t"], arguments: [.init("a", [])])] }),
            (.claims, { $0.grants = [.init(tools: ["t"], arguments: [.init("a", [.range(2, 1)])])] }),
            (.claims, { $0.grants = Array(repeating: .init(tools: ["t"]), count: 65) }),
            (.size, { $0.grants = Array(repeating: .init(tools: [String(repeating: "t", count: 512)]), count: 40) }),
            (.depth, { $0.depth = 1 }), (.parentHash, { $0.parentHash = "x" }), (.times, { $0.expires = $0.notBefore }),
        ]
        for (index, (code, change)) in changes.enumerated() {
            var link = Example.root
            change(&link)
            let error = #expect(throws: DelegationError.self, "\(index)") {
                try link.signedAsRoot(by: Example.anchorKey)
            }
            #expect(error?.code == code, "\(index): \(error?.description ?? "")")
        }
    }

    @Test func `revocation lists read back as they were signed`() throws {
        let entries: [RevocationList.Entry] = [
            .id("a"), .principal("b"), .agent("c"), .task("d"), .key("e"), .issuedBefore(5), .all,
        ]
        let list = RevocationList(
            issuer: Example.issuer, sequence: 3, issuedAt: Example.now, next: Example.now + 60, entries: entries)
        let text = try list.signed(by: Example.anchorKey)
        let back = try RevocationList.verify(text, anchors: Example.anchors, highestSeen: 3, now: Example.now)
        #expect(back == list)
    }

    @Test func `twenty thousand revocations are one list, and one more is refused`() throws {
        var list = RevocationList(
            issuer: Example.issuer, sequence: 3, issuedAt: Example.now, next: Example.now,
            entries: Array(repeating: .id("a"), count: 20_000))
        _ = try list.signed(by: Example.anchorKey)
        list.entries.append(.all)
        #expect(throws: DelegationError.self) { try list.signed(by: Example.anchorKey) }
    }

    @Test func `anchors read back, and overlap while a key is replaced`() throws {
        let old = TrustAnchors.Anchor(issuer: "a", key: Example.key(1).publicKey, notBefore: 0, notAfter: 100)
        let new = TrustAnchors.Anchor(issuer: "a", key: Example.key(2).publicKey, notBefore: 50)
        let anchors = TrustAnchors([old]).adding(TrustAnchors([new]))
        #expect(try TrustAnchors(parsing: anchors.json.bytes) == anchors)
        var root = Example.root
        root.issuer = "a"
        root.notBefore = 0
        for (seed, time, code) in [
            (1, 49, nil), (2, 49, .anchorWindow), (1, 75, nil), (2, 75, nil), (1, 100, nil), (1, 101, .anchorWindow),
            (2, 101, nil), (3, 75, .anchor),
        ] as [(UInt8, Int64, DelegationError.Code?)] {
            root.issuedAt = time
            let text = try root.signedAsRoot(by: Example.key(seed))
            do throws(DelegationError) {
                _ = try DelegationChain.verify(text, anchors: anchors, expecting: Example.expectation())
                #expect(code == nil)
            } catch {
                #expect(error.code == code)
            }
        }
    }

    @Test func `a full cache of proofs refuses until the oldest are past`() throws {
        let chain = try Example.chain(1)
        let use = ProofOfPossession.Use(tool: "Bash", server: "s", arguments: ["a": 1])
        var replay = ReplayCache(capacity: 2)
        func prove(_ nonce: Int, at time: Int64) throws -> DelegationError.Code? {
            let text = try ProofOfPossession.sign(
                use, under: chain.leaf, nonce: "nonce-\(1_000_000_000 + nonce)", now: time, with: Example.holders[0])
            do throws(DelegationError) {
                try ProofOfPossession.verify(text, of: chain, for: use, now: time, replay: &replay)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(try prove(1, at: 1_000) == nil)
        #expect(try prove(2, at: 1_010) == nil)
        #expect(try prove(3, at: 1_020) == .replay)
        #expect(try prove(3, at: 1_031) == nil)
        // A clock that was set back does not make the first good again.
        #expect(try prove(1, at: 1_000) == .possession)
    }

    @Test func `a kept chain is asked again for time and revocation`() throws {
        let chain = try Example.chain(2)
        try chain.check(Example.expectation())
        let late = #expect(throws: DelegationError.self) {
            try chain.check(Example.expectation(now: Example.now + 1_731))
        }
        #expect(late?.code == .expired && late?.link == 1)
        var expectation = Example.expectation()
        expectation.revocations.insert(.agent("claude-code"))
        let killed = #expect(throws: DelegationError.self) { try chain.check(expectation) }
        #expect(killed?.message == "the agent `coding-assistant` was revoked")
        expectation = Example.expectation(now: .max)
        expectation.maximumRevocationAge = .max
        #expect(throws: DelegationError.self) { try chain.check(expectation) }
    }

    @Test func `a sub-agent gets what only reads, for half an hour`() throws {
        let chain = try Example.chain(1)
        let narrowing = Example.root.subAgentChild(
            id: "sub", holder: Example.holders[1].publicKey.bytes, agent: .init(id: "explorer"), now: Example.now)
        let derived = try Delegation.derive(from: chain, narrowing, signedBy: Example.holders[0])
        let leaf = try DelegationChain.verify(derived.text, anchors: Example.anchors, expecting: Example.expectation())
            .leaf
        #expect(leaf == derived.link)
        #expect(leaf.grants == [Example.root.grants[0], Example.root.grants[2], Example.root.grants[3]])
        #expect(leaf.denials == [.init(actions: Delegation.notForSubAgents.map(\.rawValue))])
        #expect(leaf.expires == Example.now + 1_800)
        #expect(leaf.depth == 1 && leaf.maximumDepth == 2 && leaf.task == Example.root.task)
    }
}
