// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritScan

@Suite struct SecretRulesTests {
    @Test func `every built-in rule finds its matches and nothing in its counter-examples`() throws {
        let detector = try SecretDetector(rules: .builtIn())
        #expect(try detector.verifyExamples() == [])
    }

    @Test func `there are at least 250 rules, each with its own id`() throws {
        let rules = try SecretRules.builtIn().rules
        #expect(rules.count >= 250)
        #expect(Set(rules.map(\.id)).count == rules.count)
        for group in ["api_keys", "private_keys", "database_urls", "aws_credentials"] {
            #expect(rules.contains { $0.group == group })
        }
    }

    @Test func `a policy's words name groups, and a wrong word names nothing`() throws {
        let rules = try SecretRules.builtIn()
        #expect(rules.groups(named: "api_keys") == ["api_keys", "tokens", "webhooks"])
        #expect(rules.groups(named: "private_keys") == ["private_keys"])
        #expect(rules.groups(named: "all") == Set(rules.groups))
        #expect(rules.groups(named: "apikeys") == nil)
        #expect(
            rules.groups == [
                "api_keys", "aws_credentials", "database_urls", "passwords", "private_keys", "tokens", "webhooks",
            ])
    }

    @Test func `a user's rule runs like a built-in one, and its examples are checked`() throws {
        var rules = SecretRules(rules: [])
        let table = """
            rule acme-key
              name Acme key
              group api_keys
              keyword acme_
              token acme_[a-f0-9]{24}
              match id acme_{24:hex}
              no_match acme_{24:x}
              match acme_short
            """
        try rules.add(table: Array(table.utf8), named: "mine")
        #expect(
            try SecretDetector(rules: rules).verifyExamples() == ["rule `acme-key` misses its example `acme_short`"])
    }

    @Test func `a table with an unknown key is refused with its line`() {
        var rules = SecretRules(rules: [])
        #expect(throws: SecretRules.Fault(table: "mine", line: 2, message: "unknown key `keywrd`")) {
            try rules.add(table: Array("rule a\n  keywrd x\n".utf8), named: "mine")
        }
    }
}
