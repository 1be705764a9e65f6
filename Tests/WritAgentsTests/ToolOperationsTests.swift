// SPDX-License-Identifier: Apache-2.0
import Testing
import WritAgents
import WritCore

@Suite struct ToolOperationsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var tool: String
        var input: String
        var operations: [WritCore.Operation]
        var testDescription: String { "\(tool) \(input)" }
    }

    @Test(arguments: [
        Case(tool: "Read", input: #"{"file_path":"a.txt"}"#, operations: [.init(.fileRead, path: "/proj/shop/a.txt")]),
        Case(
            tool: "Read", input: #"{"file_path":"/proj/shop/../../etc/./passwd"}"#,
            operations: [.init(.fileRead, path: "/etc/passwd")]),
        Case(
            tool: "Read", input: #"{"file_path":"~/.ssh/id_ed25519"}"#,
            operations: [.init(.fileRead, path: "/home/dana/.ssh/id_ed25519")]),
        Case(
            tool: "Read", input: #"{"file_path":"/proc/self/root/etc/shadow"}"#,
            operations: [.init(.fileRead, path: "/etc/shadow")]),
        Case(
            tool: "Read", input: "{}",
            operations: [.init(.fileRead, isPattern: true, opaque: .computed, detail: "no path given")]),
        Case(
            tool: "Write", input: #"{"file_path":"../x","content":"c"}"#,
            operations: [.init(.fileWrite, path: "/proj/x")]),
        Case(
            tool: "NotebookEdit", input: #"{"notebook_path":"n.ipynb","new_source":"1"}"#,
            operations: [.init(.fileWrite, path: "/proj/shop/n.ipynb")]),
        Case(
            tool: "WebFetch", input: #"{"url":"https://user:pw@Docs.Example.org:8443/a?b=@c"}"#,
            operations: [.init(.httpRequest, host: "docs.example.org", port: 8443, method: "GET")]),
        Case(
            tool: "WebFetch", input: #"{"url":"http://good.example\\@evil.example/"}"#,
            operations: [.init(.httpRequest, host: "good.example", port: 80, method: "GET")]),
        Case(
            tool: "WebFetch", input: #"{"url":"https://[::1]:9/x"}"#,
            operations: [.init(.httpRequest, host: "::1", port: 9, method: "GET")]),
        Case(
            tool: "WebFetch", input: #"{"url":"https://example.org./"}"#,
            operations: [.init(.httpRequest, host: "example.org", port: 443, method: "GET")]),
        Case(
            tool: "WebFetch", input: #"{"url":"file:///etc/passwd"}"#,
            operations: [.init(.fileRead, path: "/etc/passwd")]),
        Case(
            tool: "WebSearch", input: #"{"query":"swift"}"#,
            operations: [.init(.httpRequest, method: "GET", detail: "WebSearch")]),
        Case(
            tool: "Glob", input: #"{"pattern":"../../home/*/.ssh/*"}"#,
            operations: [.init(.fileSearch, path: "/home/*/.ssh/*", isPattern: true, traits: .recursive)]),
        Case(
            tool: "Glob", input: #"{"pattern":"/etc/*","path":"src"}"#,
            operations: [.init(.fileSearch, path: "/etc/*", isPattern: true, traits: .recursive)]),
        Case(
            tool: "Grep", input: #"{"pattern":"key","path":"/home/dana/.aws/credentials"}"#,
            operations: [
                .init(.fileSearch, path: "/home/dana/.aws/credentials", traits: .recursive),
                .init(.fileRead, path: "/home/dana/.aws/credentials", traits: .potential),
            ]),
        Case(
            tool: "Grep", input: #"{"pattern":"key","glob":"../../*.env"}"#,
            operations: [.init(.fileSearch, path: "/*.env", isPattern: true, traits: .recursive)]),
        Case(
            tool: "Agent", input: #"{"subagent_type":"explorer","prompt":"go"}"#,
            operations: [.init(.agentSpawn, detail: "explorer")]),
        Case(tool: "Bash", input: #"{"command":"ls"}"#, operations: []),
        Case(tool: "TodoWrite", input: #"{"todos":[]}"#, operations: []),
        Case(
            tool: "mcp__fs__delete_file", input: #"{"path":"../../etc/hosts"}"#,
            operations: [
                .init(.mcpCall, detail: "mcp:fs/delete_file"),
                .init(.fileDelete, path: "/etc/hosts", traits: .potential),
            ]),
        Case(
            tool: "mcp__web__get", input: #"{"q":{"target":"wss://x.example:7/a"},"f":"file:///home/dana/.netrc"}"#,
            operations: [
                .init(.mcpCall, detail: "mcp:web/get"),
                .init(.netConnect, host: "x.example", port: 7, method: "GET"),
                .init(.fileRead, path: "/home/dana/.netrc", traits: .potential),
            ]),
        Case(
            tool: "NewTool", input: #"{"files":["a","/b/*"]}"#,
            operations: [
                .init(.toolOther, detail: "NewTool"),
                .init(.fileRead, path: "/proj/shop/a", traits: .potential),
                .init(.fileRead, path: "/b/*", isPattern: true, traits: .potential),
            ]),
    ])
    func `what a call's arguments mean`(_ given: Case) throws {
        #expect(ToolOperations.operations(of: try ClaudeDecodeTests.call(given.tool, given.input)) == given.operations)
    }

    @Test func `texts that some interpreter runs`() throws {
        func commands(_ tool: String, _ input: String) throws -> [CommandText] {
            ToolOperations.commands(of: try ClaudeDecodeTests.call(tool, input))
        }
        #expect(
            try commands("Bash", #"{"command":"ls","description":"rm"}"#)
                == [CommandText(place: "command", text: "ls", dialect: .shell)])
        #expect(
            try commands("PowerShell", #"{"command":"dir"}"#)
                == [CommandText(place: "command", text: "dir", dialect: .powershell)])
        #expect(try commands("Read", #"{"file_path":"x","command":"ls"}"#) == [])
        #expect(
            try commands("mcp__db__run", #"{"sql":"DROP TABLE t","steps":[{"cmd":"id"},{"code":"1+1"}],"note":"rm"}"#)
                == [
                    CommandText(place: "sql", text: "DROP TABLE t", dialect: .sql),
                    CommandText(place: "steps.0.cmd", text: "id", dialect: .shell),
                    CommandText(place: "steps.1.code", text: "1+1", dialect: .code),
                ])
    }

    @Test func `what an edit puts in counts, not what it takes out`() throws {
        let call = try ClaudeDecodeTests.call(
            "MultiEdit",
            #"{"file_path":"a","edits":[{"old_string":"gone","new_string":"one"},{"old_string":"x","new_string":"two"}]}"#)
        #expect(ToolOperations.contents(of: call).map(\.text) == ["one", "two"])
        #expect(ToolOperations.contents(of: call).map(\.path) == ["/proj/shop/a", "/proj/shop/a"])
        let fetch = try ClaudeDecodeTests.call("WebFetch", #"{"url":"https://a.example","prompt":"sum up"}"#)
        #expect(ToolOperations.contents(of: fetch).map(\.text) == ["sum up"])
    }
}
