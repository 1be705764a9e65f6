// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritTestSupport

@testable import WritPolicy

struct RefusedCase: Sendable, CustomTestStringConvertible {
    let source: String, error: String
    var testDescription: String { error }
}

@Suite struct SourceTests {
    @Test(arguments: [
        RefusedCase(
            source: "version: \"2\"\nrules:\n  - name: a\n    action: deny\n    match:\n      pathes: ['/x']",
            error: "p.yaml:6:7: unknown key `pathes` in `match` (did you mean `paths`?)"),
        RefusedCase(
            source: "version: \"2\"\nrules: [{name: a, action: dney}]",
            error: "p.yaml:2:27: `action` cannot be `dney` (did you mean `deny`?)"),
        RefusedCase(
            source: "version: \"2\"\nrules: [{name: a, action: deny, match: {paths: ['src/**']}}]",
            error: "p.yaml:2:49: the path `src/**` is not absolute (start with `$repo/`, `$home/`, `/` or `**/`)"),
        RefusedCase(
            source: "version: \"2\"\nrules: [{name: a, action: deny, match: {actions: [file.wirte]}}]",
            error: "p.yaml:2:51: unknown action `file.wirte` (did you mean `file.write`?)"),
        RefusedCase(
            source: "version: \"2\"\nrules: [{name: a, action: ask, approval: boss}]",
            error: "p.yaml:2:42: the gate `boss` is not defined under `approvals`"),
        RefusedCase(
            source: "version: \"2\"\nrules: [{name: a, action: deny, when: 'op.knd == 1'}]",
            error: "p.yaml:2:40: in the condition: unknown field `knd` of `op` (did you mean `kind`?)"),
        RefusedCase(
            source: "version: \"2\"\nrules: [{name: a, action: deny, when: '1 + 1'}]",
            error: "p.yaml:2:40: in the condition: expected bool, got int"),
        RefusedCase(
            source:
                "version: \"2\"\nrules: [{name: a, scanner: secrets, action: block, scope: output, when: 'op.force'}]",
            error: "p.yaml:2:74: in the condition: `op.force` exists in the phase `tool_call` alone"),
        RefusedCase(
            source:
                "version: \"2\"\nrules: [{name: a, scanner: tool_call, action: block, config: {blocked_patterns: ['(?=x)']}}]",
            error:
                "p.yaml:2:82: the pattern `(?=x)` is refused: invalid perl operator: (?= (RE2 syntax, without look-around and back-references)"
        ),
        RefusedCase(
            source:
                "version: \"2\"\nrules: [{name: a, scanner: tool_call, action: block, config: {blocked_patterns: [\"env\\b\"]}}]",
            error:
                "p.yaml:2:82: the pattern `env?` has a backslash between double quotes (write patterns between single quotes)"
        ),
        RefusedCase(
            source:
                "version: \"2\"\nrules: [{name: a, scanner: secrets, action: block, config: {patterns: [api_key]}}]",
            error: "p.yaml:2:72: unknown detector group `api_key` (did you mean `api_keys`?)"),
        RefusedCase(
            source: "version: \"2\"\nmcp: {hide_denied: on}",
            error: "p.yaml:2:20: `hide_denied` must be `true` or `false`, not `on`"),
        RefusedCase(
            source: "version: \"2\"\nrules:\n  - {name: a, action: deny}\n  - {name: a, action: ask}",
            error: "p.yaml:4:12: the name `a` is already used in line 3"),
        RefusedCase(
            source: "version: \"2\"\na: &x [1]\nb: *x",
            error: "p.yaml:2:4: the anchor `&x` is not accepted in a policy (write the value out, or use `lists`)"),
        RefusedCase(
            source: "version: \"2\"\nrules: !!seq []",
            error: "p.yaml:2:8: the tag `tag:yaml.org,2002:seq` is not accepted in a policy (delete it)"),
        RefusedCase(
            source: "version: \"2\"\nrules: []\nrules: []",
            error: "p.yaml:2:1: the key `rules` stands twice in one mapping (keep one of them)"),
        RefusedCase(
            source: "version: \"2\"\n---\nversion: \"2\"", error: "p.yaml:2:1: a policy file holds one document"),
        RefusedCase(
            source: "version: \"2\"\n# \u{202E}hidden",
            error:
                "p.yaml:2:3: the invisible character U+202E is not accepted in a policy (delete it, also from comments)"
        ),
        RefusedCase(
            source: "version: \"2\"\nrules: [{name: a, action: allow, when: '\"seen\" in session.taints'}]",
            error:
                "p.yaml:2:40: the grant `a` would open up when the session gets a label (labels only restrict: use them in grants under `!`, in restrictions without)"
        ),
        RefusedCase(
            source: "version: \"2\"\nrules: [{name: a, action: deny, unless: 'size(session.taints) > 1'}]",
            error:
                "p.yaml:2:41: the rule `a` would fall away when the session gets a label (labels only restrict: use them in grants under `!`, in restrictions without)"
        ),
        RefusedCase(
            source: "version: \"3\"",
            error: "p.yaml:1:10: version `3` is not known (`\"2\"`, or `\"1.0\"` for scanner rules)"),
        RefusedCase(
            source: "version: \"2\"\nrules: [{name: a, action: deny, match: {hosts: ['https://x']}}]",
            error: "p.yaml:2:49: `https://x` is no CIDR block (`10.0.0.0/8`; hosts stand without scheme and path)"),
        RefusedCase(
            source: "version: \"2\"\nrules: [{name: a, action: deny, match: {commands: ['ls | rm']}}]",
            error:
                "p.yaml:2:52: the command `ls | rm` holds shell syntax (name one program with its sub-command; operations are judged apart)"
        ),
    ])
    func `a fault has its place and a remedy`(_ c: RefusedCase) {
        #expect(Fixture.errors(c.source) == [c.error])
    }

    @Test func `all faults are reported at once`() {
        let errors = Fixture.errors(
            """
            version: "2"
            defaults: {decision: alow}
            rules:
              - {name: a b, action: deny}
              - {name: c, action: deny, match: {hosts: [a/b]}}
            """)
        #expect(errors.count == 2)
    }

    @Test func `yes, on and off are strings`() throws {
        let layer = try Fixture.layer("version: \"2\"\nlists: {answers: [yes, on, off, no]}")
        #expect(layer.documents[0].lists["answers"]?.map(\.value) == ["yes", "on", "off", "no"])
    }

    @Test func `hostile documents end with a message`() {
        let deep = "version: \"2\"\nlists: " + String(repeating: "[", count: 5_000)
        #expect(Fixture.errors(deep).count == 1)
        let nested =
            "version: \"2\"\nx: " + String(repeating: "{a: ", count: 100) + "1" + String(repeating: "}", count: 100)
        #expect(Fixture.errors(nested) == ["p.yaml:2:125: nested more than 32 deep"])
        let wide = "version: \"2\"\nrules:\n" + String(repeating: "  - {name: 'a b'}\n", count: 5_000)
        #expect(Fixture.errors(wide).count == Diagnostics.limit)
        let large = String(repeating: "#", count: (1 << 20) + 1)
        #expect(Fixture.errors(large) == ["p.yaml: the file has 1048577 bytes (at most 1048576)"])
        let escapes = "version: \"1.0\"\nrules: [\"" + String(repeating: "\\.", count: 400_000) + "\"]"
        #expect(Fixture.errors(escapes).count == 1)
        let many = "version: \"2\"\nrules:\n" + (0..<6_000).map { "  - {name: r\($0), action: deny}\n" }.joined()
        #expect(Fixture.errors(many) == ["p.yaml:5003:5: `rules` has 6000 entries (at most 5000)"])
        let long = "version: \"2\"\nlists:\n  a: [" + Array(repeating: "x", count: 6_000).joined(separator: ",") + "]\n"
        #expect(Fixture.errors(long) == ["p.yaml:3:10007: `a` has 6000 entries (at most 5000)"])
        let product =
            "version: \"2\"\nlists: {a: [" + Array(repeating: "/x", count: 4_000).joined(separator: ",") + "]}\nrules:\n"
            + (0..<100).map { "  - {name: r\($0), action: deny, match: {paths: ['list:a']}}\n" }.joined()
        #expect(
            Fixture.errors(product) == [
                "p.yaml:29:47: lists make more than 100000 items of this policy (match what the items have in common)"
            ])
        var laughs = "version: \"2\"\na0: &a0 [x,x,x,x,x,x,x,x,x]\n"
        for level in 1..<30 {
            laughs +=
                "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",") + "]\n"
        }
        #expect(Fixture.errors(laughs).count == 1)
    }

    @Test func `garbage never traps the reader`() {
        var generator = SeededWords(seed: 11)
        let pieces = [
            "version: \"2\"\n", "version: \"1.0\"\n", "rules:\n", "  - name: a\n", "    action: deny\n", "\"", "'",
            "\\", "{", "}",
            "[", "]", ": ", "- ", "? ", "|\n", ">\n", "&a", "*a", "!!x", "#", "\n", " ", "\t", "a", "é", "\u{0}", "<<",
            "%YAML",
            "---\n", "...\n", "when: 'op.force'\n", "\"\\x\"",
        ]
        for _ in 0..<3_000 {
            let text = (0..<Int.random(in: 1...12, using: &generator)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &generator)]
            }.joined()
            _ = Fixture.errors(text)
        }
    }

    @Test func `escapes are doubled between double quotes alone, and places stay the author's`() {
        let source = #"""
            version: "1.0"
            a: "x\.y \" \\ \b" # "\."
            b: '\.'
            c: |
              "\."
            d: ["\s", plain "\d"]
            """#
        let pass = EscapePass(source, rewriting: true)
        #expect(
            pass.text == #"""
                version: "1.0"
                a: "x\\.y \" \\ \\b" # "\."
                b: '\.'
                c: |
                  "\."
                d: ["\\s", plain "\d"]
                """#)
        #expect(pass.rewrites.map { "\($0.line):\($0.column)" } == ["2:6", "2:16", "6:6"])
        #expect(pass.original(SourceMark(line: 2, column: 18)) == SourceMark(line: 2, column: 16))
    }
}

/// The seeded generator under a short name.
typealias SeededWords = SeededGenerator
