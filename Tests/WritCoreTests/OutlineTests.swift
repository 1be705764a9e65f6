// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@Suite struct OutlineTests {
    @Test func `indentation says what a line belongs to, and values are raw`() throws {
        let outline = try Outline(
            parsing: """
                # A table.
                rule one
                  pattern  a\\b "c"  d

                  group keys
                    note deep
                rule two
                """)
        typealias Node = Outline.Node
        #expect(
            outline.nodes == [
                Node(
                    keyword: "rule", value: "one", line: 2,
                    children: [
                        Node(keyword: "pattern", value: "a\\b \"c\"  d", line: 3, children: []),
                        Node(
                            keyword: "group", value: "keys", line: 5,
                            children: [Node(keyword: "note", value: "deep", line: 6, children: [])]),
                    ]),
                Node(keyword: "rule", value: "two", line: 7, children: []),
            ])
    }

    @Test(arguments: [
        ("a\n   b", "line 2: odd indentation"), ("a\n    b", "line 2: indented too deep"),
        ("a\n\tb", "line 2: tab in the indentation"),
    ])
    func `a wrong indentation is named with its line`(text: String, message: String) {
        let fault = #expect(throws: Outline.Fault.self) { try Outline(parsing: text) }
        #expect(fault?.description == message)
    }
}
