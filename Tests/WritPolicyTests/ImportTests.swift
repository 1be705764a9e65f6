// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritPolicy

/// What other tools were told, entry by entry: the rule that it becomes, or why there is none.
@Suite struct ImportTests {
    /// One entry of a list, and `key: items` of its rule without the actions; empty when it is left out.
    private struct Row {
        let entry: String
        let action: String
        let match: String
        var leftOut: String?
    }

    private func check(_ rows: [Row], _ entries: PolicyImport.Entries) throws {
        for row in rows {
            let result = PolicyImport.permissions(
                .object([.init("permissions", .object([.init(row.action, [.string(row.entry)])]))]), of: entries)
            let lines = result.text.split(separator: "\n").filter { $0.hasPrefix("      ") && !$0.contains("actions:") }
            #expect(lines.map { $0.drop { $0 == " " } }.joined(separator: " ") == row.match, "\(row.entry)")
            if let leftOut = row.leftOut {
                #expect(result.leftOut.contains { $0.contains(leftOut) }, "\(row.entry): \(result.leftOut)")
            } else {
                #expect(result.leftOut.isEmpty, "\(row.entry): \(result.leftOut)")
            }
            if result.hasRules { _ = try Fixture.layer(result.text) }
        }
    }

    @Test func `entries of Claude Code`() throws {
        try check(
            [
                Row(entry: "Bash(npm run test:*)", action: "allow", match: "commands: ['npm run test']"),
                Row(
                    entry: "Bash(ls -l)", action: "allow", match: "commands: ['ls -l']",
                    leftOut: "granted one exact text"),
                Row(entry: "Bash(rm -rf *)", action: "deny", match: "commands: ['rm -rf']"),
                Row(entry: "Bash(/bin/rm:*)", action: "deny", match: "commands: ['rm']"),
                Row(entry: "Bash(/opt/x/git:*)", action: "allow", match: "", leftOut: "grants one file"),
                Row(entry: "Bash(A=1 make:*)", action: "deny", match: "", leftOut: "sets a variable"),
                Row(entry: "Bash(a && b)", action: "deny", match: "", leftOut: "holds shell syntax"),
                // A folder stands for what it holds; a grant takes only what its author wrote.
                Row(entry: "Read(./keys)", action: "deny", match: "paths: ['$repo/keys', '$repo/keys/**']"),
                Row(entry: "Read(keys/)", action: "ask", match: "paths: ['$repo/**/keys/**']"),
                Row(entry: "Read(docs)", action: "allow", match: "paths: ['$repo/**/docs']"),
                Row(entry: "Read(docs/**)", action: "allow", match: "paths: ['$repo/docs/**']"),
                Row(entry: "Edit(/ci)", action: "deny", match: "paths: ['$repo/ci', '$repo/ci/**']"),
                Row(entry: "Read(//etc/shadow)", action: "deny", match: "paths: ['/etc/shadow', '/etc/shadow/**']"),
                Row(entry: "Read(~/.ssh/**)", action: "deny", match: "paths: ['$home/.ssh/**']"),
                Row(entry: "WebFetch(domain:*.example.com)", action: "allow", match: "hosts: ['*.example.com']"),
                Row(entry: "WebFetch(example.com)", action: "allow", match: "", leftOut: "names no domain"),
                Row(entry: "mcp__git__list_*", action: "allow", match: "tools: ['mcp:git/list_*']"),
                Row(entry: "mcp__git", action: "deny", match: "tools: ['mcp:git/*']"),
                Row(entry: "mcp__git(x)", action: "allow", match: "", leftOut: "the argument was left out"),
                Row(
                    entry: "Task(Explore)", action: "deny", match: "tools: ['Task']",
                    leftOut: "the argument was left out"),
                Row(entry: "Task(Explore)", action: "allow", match: "", leftOut: "the argument was left out"),
            ], .claudeCode)
    }

    @Test func `entries of Cursor`() throws {
        try check(
            [
                Row(entry: "Shell(git)", action: "allow", match: "commands: ['git']"),
                Row(entry: "Shell(curl:*)", action: "deny", match: "commands: ['curl']"),
                Row(
                    entry: "Shell(npm:run test)", action: "allow", match: "commands: ['npm run test']",
                    leftOut: "granted one exact text"),
                Row(entry: "Read(/etc/passwd)", action: "deny", match: "paths: ['/etc/passwd', '/etc/passwd/**']"),
                Row(entry: "Read(.env*)", action: "deny", match: "paths: ['$repo/**/.env*', '$repo/**/.env*/**']"),
                Row(entry: "Write(package.json)", action: "allow", match: "paths: ['$repo/package.json']"),
                Row(entry: "WebFetch(*.example.com)", action: "allow", match: "hosts: ['*.example.com']"),
                Row(entry: "Mcp(git:list_*)", action: "allow", match: "tools: ['mcp:git/list_*']"),
                Row(entry: "Mcp(git)", action: "allow", match: "", leftOut: "names no server and tool"),
            ], .cursor)
    }

    @Test func `settings that are no list of texts, and others that were not looked at, are told`() throws {
        let settings = try JSON(
            parsing: #"{"permissions": {"deny": "Bash", "ask": [1], "mode": "x"}, "hooks": {}, "version": 1}"#)
        #expect(
            PolicyImport.permissions(settings).leftOut == [
                "`permissions.ask` holds what is no text: `1`", "`permissions.deny` is no list",
                "`permissions.mode` has no counterpart", "only `permissions` is read, not `hooks`",
            ])
    }

    @Test func `entries of opencode`() throws {
        let settings = try JSON(
            parsing: """
                {"permission": {"*": "allow", "edit": {"*": "deny", "docs/*.md": "allow", "src/*": "deny"},
                 "read": {"keys/*.pem": "ask"}, "grep": {"x": "deny"}, "bash": {"ls": 7}, "doom_loop": "ask", "list": "ask"},
                 "agent": {"build": {"permission": {"bash": "allow"}}}}
                """)
        let result = PolicyImport.opencode(settings)
        let matches = result.text.split(separator: "\n").filter { $0.contains("paths:") || $0.contains("name: a") }
        #expect(
            matches.map { $0.drop { $0 == " " } } == [
                "- name: allow-write-docs-md", "paths: ['$repo/docs/*.md']", "paths: ['$repo/src/**']",
                "- name: ask-read-keys-pem", "paths: ['$repo/keys/**/*.pem', '$repo/keys/**/*.pem/**']",
                "- name: ask-read-files",
            ])
        #expect(
            result.leftOut == [
                "`*` `*`: allow was a fallback; set `defaults.decision` instead, since here the strictest rule wins",
                "`edit`: the last entry that fits counted; here the strictest does",
                "`edit` `*`: deny was a fallback; set `defaults.decision` instead, since here the strictest rule wins",
                "`grep` `x`: what is searched for is not looked at", "`bash`: the action for `ls` is no word",
                "`doom_loop` has no counterpart", "only `permission` is read, not `agent`",
            ])
        #expect(
            PolicyImport.opencode(["permission": "ask"]).leftOut == [
                "`permission` is `ask` for everything; set `defaults.decision` instead"
            ])
        _ = try Fixture.layer(result.text)
    }

    @Test func `a Codex pattern is carried over whole or not at all`() throws {
        let nine = "[" + (1...9).map { "\"w\($0)\"" }.joined(separator: ", ") + "]"
        let result = PolicyImport.codex(
            """
            prefix_rule(pattern=[\(nine), \(nine), "only"], decision="allow")
            prefix_rule(pattern=["ls", 7], decision="allow")
            prefix_rule(pattern=[], decision="allow")
            prefix_rule(pattern=["/usr/bin/git", "status"], decision="allow")
            prefix_rule(pattern=["/bin/rm"], decision="forbidden")
            prefix_rule(pattern=["rm", "a b"], decision="forbidden", unknown=1)
            prefix_rule(pattern=["mv"], decision=["allow"])
            prefix_rule(pattern=["echo", "\\x41"], decision="allow")
            prefix_rule(pattern=["cp"], decision="forbidden")
            """)
        #expect(try Fixture.layer(result.text).documents[0].rules.map(\.name) == ["deny-rm"])
        #expect(
            result.leftOut == [
                "the rule in line 1 has a pattern that is no list of words, or stands for over 64",
                "the rule in line 2 has a pattern that is no list of words, or stands for over 64",
                "the rule in line 3 has a pattern that is no list of words, or stands for over 64",
                "the rule in line 4 grants one file, and a rule knows programs by their names: any of that name would be",
                "line 6: `unknown` has no counterpart", "the rule in line 6 names no plain command",
                "line 7: the decision is no word",
                "line 8: an escape that is not understood; what follows is left out",
            ])
        let long = PolicyImport.codex(String(repeating: "#", count: (1 << 20) + 1))
        #expect(long.leftOut == ["the text is longer than 1 MiB; what follows is left out"])
    }

    @Test func `a record with a part of another type is not decided`() throws {
        let request = Fixture.request([Operation(.gitPush)])
        let good = RequestRecord(request: request, verdict: .deny).json
        #expect(RequestRecord(good) != nil)
        for key in ["ops", "findings", "facts", "state", "roots", "host_lacks"] {
            var body = try #require(good["request"])
            body.set(key, "x")
            var bad = good
            bad.set("request", body)
            #expect(RequestRecord(bad) == nil, "\(key)")
        }
    }
}
