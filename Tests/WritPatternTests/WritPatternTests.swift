// SPDX-License-Identifier: Apache-2.0
import Testing
import WritPattern

@Suite struct PatternTests {
    @Test func `finds the groups of the first match`() throws {
        let pattern = try Pattern(#"(\w+)@(\w+)(\.org)?"#)
        let text = Array("to ada@example now".utf8)
        let found = text.withUnsafeBytes { pattern.firstMatch(in: $0) }
        #expect(found == [3..<14, 3..<6, 7..<14, nil])
    }

    @Test func `an empty text is searched, not trapped on`() throws {
        #expect(try Pattern("^$").matches(""))
        #expect(try !Pattern("a").matches(""))
    }

    @Test func `a look-ahead is refused with RE2's message`() {
        #expect(throws: Pattern.Fault(message: "invalid perl operator: (?=")) { try Pattern("a(?=b)") }
    }
}
