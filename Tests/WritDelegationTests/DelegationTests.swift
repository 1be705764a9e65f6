// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritDelegation

@Suite struct DelegationTests {
    @Test func `a link reads back from its claims`() throws {
        let claims = try Example.root.claims()
        #expect(try Delegation(claims: claims) == Example.root)
    }

    @Test(arguments: 1...3) func `a chain verifies`(_ count: Int) throws {
        let chain = try Example.chain(count)
        #expect(chain.links.count == count)
        #expect(chain.root == Example.root)
        #expect(try DelegationChain.unverifiedLinks(chain.text) == chain.links)
        #expect(chain.tokens.joined(separator: "~") == chain.text)
        #expect(chain.digest == DelegationChain.digest(of: chain.text))
    }

    @Test func `a key shows nothing of its secret`() {
        let key = Example.key(7)
        let texts = ["\(key)", String(reflecting: key), String(describing: Mirror(reflecting: key).children.map { $0 })]
        for text in texts { #expect(!text.contains("0707")) }
        var dumped = ""
        dump(key, to: &dumped)
        #expect(!dumped.contains("PrivateKey") && !dumped.contains("7, 7"))
    }
}
