// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritTestSupport

@testable import WritDelegation

/// What must hold for any link and any text.
@Suite struct ChainPropertyTests {
    private func holds(_ text: String) -> Bool {
        do throws(DelegationError) {
            _ = try DelegationChain.verify(text, anchors: Example.anchors, expecting: Example.expectation())
            return true
        } catch {
            return false
        }
    }

    @Test func `any link reads back from what was signed`() throws {
        var links = RandomLinks(random: SeededGenerator(seed: 1))
        for _ in 0..<1_000 {
            let link = links.link()
            let bytes = try link.claims().canonicalBytes
            let back = try Delegation(claims: JSON(parsing: bytes))
            #expect(back == link)
            #expect(try back.claims().canonicalBytes == bytes)
        }
    }

    @Test func `no bit of a chain can be flipped`() throws {
        let text = try Vectors.pair()
        var bytes = Array(text.utf8)
        #expect(holds(text))
        for index in bytes.indices {
            for bit in 0..<8 {
                bytes[index] ^= 1 << bit
                // A text is UTF-8: what is not, is another text.
                if holds(String(decoding: bytes, as: UTF8.self)) { Issue.record("bit \(bit) of byte \(index)") }
                bytes[index] ^= 1 << bit
            }
        }
    }

    @Test func `links hold in their order alone`() throws {
        let tokens = try Example.chain(3).tokens
        var sequences: [[Int]] = [[]]
        var holding: [[Int]] = []
        for _ in 0..<4 {
            sequences = sequences.flatMap { sequence in tokens.indices.map { sequence + [$0] } }
            holding += sequences.filter { holds($0.map { tokens[$0] }.joined(separator: "~")) }
        }
        #expect(holding == [[0], [0, 1], [0, 1, 2]])
    }

    @Test func `a cut text does not hold`() throws {
        let chain = try Example.chain(3)
        let ends = Set((1...3).map { chain.tokens.prefix($0).joined(separator: "~").utf8.count })
        for count in 0...chain.text.utf8.count {
            #expect(holds(String(decoding: chain.text.utf8.prefix(count), as: UTF8.self)) == ends.contains(count))
        }
    }

    /// The keys sign whatever they are given; a chain that verifies has only narrowed.
    @Test func `whatever a child says, a chain that holds never grew`() throws {
        var links = RandomLinks(random: SeededGenerator(seed: 2))
        let anchors = TrustAnchors([.init(issuer: "a", key: Example.anchorKey.publicKey)])
        var (held, failed) = (0, [String: Int]())
        for _ in 0..<1_000 {
            var root = links.link()
            (root.issuer, root.depth, root.parentHash, root.audience) = ("a", 0, nil, ["a", "b"])
            (root.task.id, root.delegates) = ("T", links.number(0...1) == 0 ? [] : ["agent:a", "agent:b"])
            if root.maximumDepth < 2 { root.maximumDepth = 2 }
            if !root.delegates.isEmpty { root.agent = .init(id: "a") }
            var chain = [root]
            var text = try root.signedAsRoot(by: Example.anchorKey)
            var last = text
            for _ in 0..<2 {
                guard let parent = chain.last,
                    let key = RandomLinks.holders.first(where: { $0.publicKey.bytes == parent.holder })
                else { break }
                let hash = try CompactJWS(parsing: last, kind: .delegation).hash
                let child = links.child(of: parent, hash: hash, issuer: key.publicKey.urn)
                do throws(DelegationError) {
                    last = try CompactJWS(signing: child.claims(), kind: .delegation, with: key).text
                } catch {
                    // Not even written by its own rules.
                    break
                }
                text += "~" + last
                chain.append(child)
            }
            do throws(DelegationError) {
                let verified = try DelegationChain.verify(
                    text, anchors: anchors, expecting: .init(audience: "a", now: root.expires))
                #expect(verified.links == chain)
                #expect(Self.onlyNarrows(chain), "\(text)")
                held += 1
            } catch {
                failed[error.code.rawValue, default: 0] += 1
            }
        }
        // The generator reaches both sides, and most of the rules.
        #expect(held > 100)
        #expect(failed.count >= 10, "\(failed)")
    }

    /// Said once more, over whole chains and in other words than the engine's.
    private static func onlyNarrows(_ chain: [Delegation]) -> Bool {
        func within(_ child: Int?, _ parent: Int?) -> Bool { parent == nil || (child ?? .max) <= (parent ?? 0) }
        for (index, link) in chain.enumerated() {
            for above in chain.prefix(index) {
                guard link.expires <= above.expires, link.notBefore >= above.notBefore, link.issuedAt >= above.issuedAt,
                    link.maximumDepth <= above.maximumDepth, link.depth == index, index <= above.maximumDepth,
                    Set(link.audience).isSubset(of: above.audience),
                    Set(link.environments).isSubset(of: above.environments),
                    Array(link.principal.subject.unicodeScalars) == Array(above.principal.subject.unicodeScalars),
                    link.principal == above.principal,
                    link.task.id == above.task.id || link.task.id.hasPrefix(above.task.id + "/"),
                    link.task.workflow == above.task.workflow,
                    within(link.budgets.calls, above.budgets.calls), within(link.budgets.writes, above.budgets.writes),
                    within(link.budgets.costCents, above.budgets.costCents),
                    above.delegates.isEmpty || above.delegates.contains("agent:\(link.agent.id)"), link.id != above.id
                else { return false }
            }
        }
        return true
    }

    @Test func `broken text is refused and never traps`() throws {
        var random = SeededGenerator(seed: 3)
        let chains = [Array(try Vectors.rootToken().utf8), Array(try Vectors.pair().utf8)]
        let words = ["~", ".", "=", "e30", "\u{0}", "AAAA", "\n", "é", "-_"].map { Array($0.utf8) }
        var held = 0
        for round in 0..<60_000 {
            var bytes = chains[round % 8 == 0 ? 1 : 0]
            mutate(&bytes, words, &random)
            if holds(String(decoding: bytes, as: UTF8.self)), !chains.contains(bytes) { held += 1 }
        }
        #expect(held == 0)
    }

    @Test func `broken claims are refused or read back`() throws {
        var random = SeededGenerator(seed: 4)
        let link = try Vectors.root.claims().canonicalBytes
        let list = Array(#"{"iss":"a","seq":1,"iat":2,"next":3,"revoke":[{"jti":"a"},{"all":true}]}"#.utf8)
        let words = [
            "null", "{}", "[]", "[1]", "-1", "9007199254740993", "1e3", "\"\"", "true", "{\"all\":true}", ",", "[[[[",
            "\"\\ud800\"", "\"grants\":", "\"v\":2", "\u{202E}",
        ].map { Array($0.utf8) }
        var read = 0
        for round in 0..<40_000 {
            var bytes = round % 4 == 0 ? list : link
            mutate(&bytes, words, &random)
            do throws(DelegationError) {
                let json = try StrictJSON.object(bytes, "the payload")
                if round % 4 == 0 {
                    _ = try RevocationList.Entry(json)
                } else {
                    let link = try Delegation(claims: json)
                    let again = try Delegation(claims: link.claims())
                    #expect(again == link)
                    read += 1
                }
            } catch {
                #expect(error.message.utf8.count < 600)
                #expect(!error.message.unicodeScalars.contains { $0.value < 0x20 })
            }
        }
        #expect(read > 100)
    }

    private func mutate(_ bytes: inout [UInt8], _ words: [[UInt8]], _ random: inout SeededGenerator) {
        for _ in 0...Int.random(in: 0..<3, using: &random) {
            let at = Int.random(in: 0...bytes.count, using: &random)
            let end = min(bytes.count, at + Int.random(in: 0..<8, using: &random))
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes.removeSubrange(at..<end)
            case 1: bytes.replaceSubrange(at..<end, with: words[Int.random(in: 0..<words.count, using: &random)])
            case 2: bytes.insert(contentsOf: bytes[at..<end], at: at)
            case 3: if at < bytes.count { bytes[at] = UInt8.random(in: 0...255, using: &random) }
            default: bytes.removeLast(min(bytes.count, Int.random(in: 0..<40, using: &random)))
            }
        }
    }
}
