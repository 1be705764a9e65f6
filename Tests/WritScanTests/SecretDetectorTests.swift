// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
@testable import WritScan

@Suite struct SecretRulesTests {
    @Test func `every built-in rule finds its matches and nothing in its counter-examples`() throws {
        let detector = try SecretDetector(rules: .builtIn())
        let faults = try detector.verifyExamples()
        for fault in faults { print("FAULT", fault) }
        #expect(faults == [])
    }

    @Test func `there are at least 250 rules, each with its own id`() throws {
        let rules = try SecretRules.builtIn().rules
        #expect(rules.count >= 250)
        #expect(Set(rules.map(\.id)).count == rules.count)
        for group in ["api_keys", "private_keys", "database_urls", "aws_credentials"] {
            #expect(rules.contains { $0.group == group })
        }
    }

    @Test func `a table with an unknown key is refused with its line`() {
        var rules = SecretRules(rules: [])
        #expect(throws: SecretRules.Fault(table: "mine", line: 2, message: "unknown key `keywrd`")) {
            try rules.add(table: Array("rule a\n  keywrd x\n".utf8), named: "mine")
        }
    }
}
