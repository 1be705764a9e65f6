// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritAgents

@Suite struct SettingsTextTests {
    struct Edit: Sendable, CustomTestStringConvertible {
        var name: String
        var before: String
        var after: String
        var testDescription: String { name }
    }

    @Test(arguments: [
        Edit(name: "no text", before: "", after: "{\n  \"k\": 1\n}\n"),
        Edit(name: "an empty object", before: "{}", after: "{\n  \"k\": 1\n}"),
        Edit(name: "no last line end", before: "{\n  \"a\": 1\n}", after: "{\n  \"a\": 1,\n  \"k\": 1\n}"),
        Edit(name: "four blanks", before: "{\n    \"a\": 1\n}\n", after: "{\n    \"a\": 1,\n    \"k\": 1\n}\n"),
        Edit(name: "tabs", before: "{\n\t\"a\": 1\n}\n", after: "{\n\t\"a\": 1,\n\t\"k\": 1\n}\n"),
        Edit(name: "CRLF", before: "{\r\n  \"a\": 1\r\n}\r\n", after: "{\r\n  \"a\": 1,\r\n  \"k\": 1\r\n}\r\n"),
        Edit(name: "a mark", before: "\u{FEFF}{\n  \"a\": 1\n}\n", after: "\u{FEFF}{\n  \"a\": 1,\n  \"k\": 1\n}\n"),
        Edit(name: "a trailing comma", before: "{\n  \"a\": 1,\n}\n", after: "{\n  \"a\": 1,\n  \"k\": 1,\n}\n"),
        Edit(
            name: "a comment after the last value", before: "{\n  \"a\": 1 // one\n}\n",
            after: "{\n  \"a\": 1, // one\n  \"k\": 1\n}\n"),
        Edit(
            name: "a comment on a line of its own", before: "{\n  \"a\": 1\n  // more to come\n}\n",
            after: "{\n  \"a\": 1,\n  // more to come\n  \"k\": 1\n}\n"),
        Edit(
            name: "a comment after the trailing comma", before: "{\n  \"a\": 1, // one\n}\n",
            after: "{\n  \"a\": 1, // one\n  \"k\": 1,\n}\n"),
        Edit(
            name: "nothing but a comment inside", before: "{\n  // empty\n}\n",
            after: "{\n  // empty\n  \"k\": 1\n}\n"),
        Edit(name: "one line", before: "{\"a\": 1}", after: "{\"a\": 1, \"k\": 1}"),
        Edit(name: "one dense line", before: "{\"a\":1}", after: "{\"a\":1,\"k\":1}"),
        Edit(
            name: "brackets and quotes in strings", before: "{\n  \"a\": \"}\\\"//\"\n}\n",
            after: "{\n  \"a\": \"}\\\"//\",\n  \"k\": 1\n}\n"),
        Edit(
            name: "a block comment before the end", before: "{\n  \"a\": 1 /* } */ }\n",
            after: "{\n  \"a\": 1, /* } */\n  \"k\": 1\n}\n"),
    ])
    func `a member is added in the style of the text`(_ edit: Edit) throws {
        var text = try SettingsText(Array(edit.before.utf8))
        try text.add("k", 1, at: [])
        #expect(String(decoding: text.bytes, as: UTF8.self) == edit.after)
    }

    @Test(arguments: [
        Edit(name: "first", before: "{\n  \"k\": 1,\n  \"b\": 2\n}\n", after: "{\n  \"b\": 2\n}\n"),
        Edit(name: "last", before: "{\n  \"b\": 2,\n  \"k\": 1\n}\n", after: "{\n  \"b\": 2\n}\n"),
        Edit(name: "last with a comma", before: "{\n  \"b\": 2,\n  \"k\": 1,\n}\n", after: "{\n  \"b\": 2,\n}\n"),
        Edit(name: "only", before: "{\n  \"k\": 1\n}\n", after: "{}\n"),
        Edit(name: "one line", before: "{\"b\": 2, \"k\": 1}", after: "{\"b\": 2}"),
        Edit(name: "first on one line", before: "{\"k\": 1, \"b\": 2}", after: "{\"b\": 2}"),
        Edit(name: "CRLF", before: "{\r\n\t\"b\": 2,\r\n\t\"k\": 1\r\n}", after: "{\r\n\t\"b\": 2\r\n}"),
        Edit(
            name: "a comment stays", before: "{\n  \"b\": 2, // two\n  \"k\": 1 // one\n}\n",
            after: "{\n  \"b\": 2 // two\n // one\n}\n"),
        Edit(
            name: "a line comment before it swallows nothing", before: "{\n  // note\n  \"k\": 1, \"b\": 2\n}\n",
            after: "{\n  // note\n  \"b\": 2\n}\n"),
        Edit(name: "only, beside a comment", before: "{\n  // c\n  \"k\": 1\n}\n", after: "{\n  // c\n}\n"),
    ])
    func `a member is taken out with its line and its comma`(_ edit: Edit) throws {
        var text = try SettingsText(Array(edit.before.utf8))
        let index = try #require(text.root.members?.firstIndex { $0.key == "k" })
        try text.remove(index, from: text.root)
        #expect(String(decoding: text.bytes, as: UTF8.self) == edit.after)
    }

    @Test(arguments: [
        "{", "[1,", "{\"a\" 1}", "{\"a\": }", "{'a': 1}", "{} {}", "{\"a\": 01}", "/* open", "{\"a\": \"open", "{,}", "[,]",
        "{\"a\": \"\\x\"}", "{\"a\": \"line\nend\"}", "nul", "{\"a\": 1 \"b\": 2}", "\\", "{\"a\": \"\\",
    ])
    func `what is no settings text is refused`(_ text: String) {
        #expect(throws: SettingsSyntaxFault.self) { try SettingsText(Array(text.utf8)) }
    }

    @Test func `depth is limited and random bytes never trap`() throws {
        let open = Array(repeating: UInt8(ascii: "["), count: 100_000)
        #expect(throws: SettingsSyntaxFault.self) { try SettingsText(open) }
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("{}[]\",:/*\\ \n\r\t1atrue".utf8)
        for _ in 0..<5_000 {
            let bytes = (0..<Int.random(in: 0..<40, using: &generator)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            var text: SettingsText
            do { text = try SettingsText(bytes) } catch { continue }
            guard text.root.members != nil else { continue }
            // What could be read can be added to; the result is read again inside.
            try text.add("a key that is new", ["x": 1], at: [])
        }
    }
}
