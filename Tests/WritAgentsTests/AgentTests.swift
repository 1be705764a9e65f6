// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritAgents
import WritCore
import WritTestSupport
import WritWire

@Suite struct AgentTests {
    @Test func `every agent has its own name, and its events are those that the hook can close`() {
        #expect(
            Agents.all.map(\.kind) == [
                "claude-code", "cursor", "codex", "gemini-cli", "copilot-cli", "vscode", "windsurf", "kiro", "opencode",
                "qwen-code", "cline", "amp", "factory-droid", "goose",
            ])
        for adapter in Agents.all {
            #expect(Set(adapter.events.map(\.event)).count == adapter.events.count, "\(adapter.kind)")
            for row in adapter.events where row.event != "WorktreeCreate" {
                #expect(ClosedAnswer.isKnown(agent: adapter.kind, event: row.event), "\(adapter.kind) \(row.event)")
            }
            #expect(adapter.events.contains { $0.isInstalled && $0.canonical == .beforeTool && $0.canBlock })
        }
    }

    /// What a host reads as a refusal, as far as it can be told from the answer alone.
    private func refuses(_ answer: HookAnswer) throws -> Bool {
        if answer.exitCode == 2 { return true }
        guard !answer.output.isEmpty, answer.output.hasPrefix("{") else { return false }
        let output = try JSON(parsing: answer.output)
        let specific = output["hookSpecificOutput"]
        let words = [
            output["decision"], output["permission"], output["permissionDecision"], output["behavior"], output["verdict"],
            specific?["permissionDecision"], specific?["decision"], specific?["decision"]?["behavior"],
        ].compactMap { $0?.string }
        return words.contains { ["deny", "block"].contains($0) } || output["continue"] == false
            || output["cancel"] == true || output["followup_message"] != nil || specific?["action"] == "decline"
    }

    @Test func `a deny is a refusal exactly where the table says that the event can block`() throws {
        for adapter in Agents.all {
            for row in adapter.events {
                let delivery = Delivery(event: row.event, call: Call(event: row.canonical))
                let deny = adapter.encode(Decision(.deny, message: "no"), for: delivery)
                #expect(try refuses(deny) == row.canBlock, "\(adapter.kind) \(row.event) \(deny)")
                #expect(try !refuses(adapter.encode(Decision(.allow), for: delivery)), "\(adapter.kind) \(row.event)")
                // What cannot be asked is refused; a prompt of the host's own asks by itself.
                let ask = adapter.encode(Decision(.ask, message: "sure?"), for: delivery)
                let canAsk = adapter.capability(for: delivery)?.canAsk ?? false
                #expect(try refuses(ask) == (row.canBlock && !canAsk), "\(adapter.kind) \(row.event) \(ask)")
            }
        }
    }

    /// Every key of a value, at any depth.
    private func keys(_ value: JSON) -> Set<String> {
        var found: Set<String> = []
        for member in value.members ?? [] { found.formUnion(keys(member.value).union([member.key])) }
        for element in value.array ?? [] { found.formUnion(keys(element)) }
        return found
    }

    @Test func `B47 no answer puts another input in place of the one that was judged, and an allow waives nothing`() throws {
        let rewriting: Set = [
            "updatedInput", "updated_input", "modifiedArgs", "overrideInput", "tool_input", "updatedPermissions",
            "modifiedPrompt", "tailToolCallRequest", "args",
        ]
        for adapter in Agents.all {
            for row in adapter.events {
                let delivery = Delivery(event: row.event, call: Call(event: row.canonical))
                for verdict in Verdict.allCases {
                    let answer = adapter.encode(Decision(verdict, message: "why"), for: delivery)
                    guard answer.output.hasPrefix("{") else { continue }
                    let output = try JSON(parsing: answer.output)
                    #expect(keys(output).isDisjoint(with: rewriting), "\(adapter.kind) \(row.event) \(verdict)")
                    // Where a word of consent would skip the host's own prompt, nothing is said.
                    guard verdict == .allow, row.canGrant, adapter.kind != "cursor" else { continue }
                    #expect(output["permissionDecision"] == nil && output["behavior"] == nil, "\(adapter.kind) \(row.event)")
                    let specific = output["hookSpecificOutput"]
                    #expect(specific?["permissionDecision"] == nil && specific?["decision"] == nil, "\(adapter.kind)")
                }
            }
        }
    }

    @Test func `without a decision everything is refused that can be, but the agent's end`() throws {
        for adapter in Agents.all {
            for row in adapter.events {
                let closed = adapter.closed(row.event, reason: "no daemon")
                let isTrap =
                    [.stop, .subagentStop].contains(row.canonical)
                    || ["PreCompact", "TeammateIdle", "TaskCompleted"].contains(row.event)
                #expect(try refuses(closed) == (row.canBlock && !isTrap), "\(adapter.kind) \(row.event) \(closed)")
            }
            // An event of a later version.
            #expect(try refuses(adapter.closed("never heard of", reason: "no daemon")), "\(adapter.kind)")
            #expect(try refuses(adapter.closed("", reason: "no daemon")), "\(adapter.kind)")
        }
    }

    @Test(arguments: [
        ("claude-code", "mcp__git__push", "git", "push"), ("codex", "mcp__a__b_c", "a", "b_c"),
        ("gemini-cli", "mcp_git_push_now", "git", "push_now"), ("qwen-code", "mcp__git__push", "git", "push"),
        ("copilot-cli", "github-mcp-get_file", "github-mcp", "get_file"), ("kiro", "@git/push", "git", "push"),
        ("goose", "git__push", "git", "push"), ("opencode", "git_push_now", "git", "push_now"),
        ("cursor", "MCP:push", "", "push"), ("vscode", "mcp_git_push", "git", "push"),
    ])
    func `a tool of an MCP server under the agent's own name`(
        _ agent: String, _ name: String, _ server: String, _ tool: String
    ) {
        #expect(Agents.tool(name, of: agent) == Tool(name: name, action: .mcpCall, server: server, serverTool: tool))
    }

    @Test(arguments: [
        ("claude-code", #"{"hook_event_name":"PreToolUse","session_id":"s"}"#, "claude-code"),
        ("claude-code", #"{"hook_event_name":"PreToolUse","cursor_version":"2"}"#, "claude-code"),
        ("claude-code", #"{"hook_event_name":"preToolUse","cursor_version":"2"}"#, "cursor"),
        ("claude-code", #"{"hookEventName":"PreToolUse","sessionId":"s"}"#, "vscode"),
        ("claude-code", #"{"hook_event_name":"PreToolUse","timestamp":"2026"}"#, "copilot-cli"),
        ("claude-code", #"{"sessionId":"s","toolName":"bash"}"#, "copilot-cli"),
        ("copilot-cli", #"{"hookEventName":"PreToolUse","sessionId":"s"}"#, "vscode"),
        ("vscode", #"{"hook_event_name":"PreToolUse","session_id":"s"}"#, "copilot-cli"),
        ("vscode", #"{"hookEventName":"PreToolUse"}"#, "vscode"),
        ("codex", #"{"hook_event_name":"PreToolUse","cursor_version":"2"}"#, "codex"), ("claude-code", "{", "claude-code"),
    ])
    func `who sent an event where hooks are shared`(_ claimed: String, _ payload: String, _ sender: String) {
        #expect(Agents.adapter(claimed, for: Array(payload.utf8))?.kind == sender)
    }

    @Test func `arguments that are text, lists and folders come out the same`() throws {
        func call(_ agent: String, _ tool: String, _ arguments: JSON) -> Call {
            Agents.call(of: tool, arguments, agent: agent, workingDirectory: "/proj", home: "/home/dana")
        }
        #expect(call("copilot-cli", "bash", #"{"command":"ls"}"#).arguments == ["command": "ls"])
        #expect(call("codex", "shell", ["command": ["bash", "-lc", "ls | wc"]]).arguments == ["command": "ls | wc"])
        #expect(call("codex", "shell", ["command": ["rm", "-rf", "a b"]]).arguments == ["command": "rm -rf 'a b'"])
        #expect(call("cline", "run_commands", ["commands": ["ls", ["command": "id"]]]).arguments == ["command": "ls\nid"])
        let moved = call("gemini-cli", "run_shell_command", ["command": "ls", "dir_path": "../x"])
        #expect(moved.workingDirectory == "/x")
        #expect(moved.arguments == ["command": "ls"])
        #expect(
            ToolOperations.operations(of: call("kiro", "fs_read", ["operations": [["path": "a"], ["path": "/b"]]]))
                == [.init(.fileRead, path: "/proj/a"), .init(.fileRead, path: "/b")])
        #expect(
            ToolOperations.operations(of: call("gemini-cli", "read_many_files", ["include": ["src/**", "x.md"]]))
                == [.init(.fileRead, path: "/proj/src/**", isPattern: true), .init(.fileRead, path: "/proj/x.md")])
        #expect(
            ToolOperations.operations(of: call("vscode", "editFiles", ["files": ["a", ".vscode/settings.json"]]))
                == [.init(.fileWrite, path: "/proj/a"), .init(.fileWrite, path: "/proj/.vscode/settings.json")])
        // A command that cannot be read is something that nobody knows, not nothing.
        #expect(
            ToolOperations.operations(of: call("copilot-cli", "bash", "not json"))
                == [.init(.shellExec, opaque: .unparsable, detail: "no command given")])
        // The agent reads its own key; another beside it must not hide it.
        #expect(
            ToolOperations.operations(of: call("copilot-cli", "view", ["file_path": "ok", "path": "/etc/shadow"]))
                == [.init(.fileRead, path: "/etc/shadow")])
    }

    @Test(arguments: [
        ("see @src/a.swift, @~/.ssh/id_rsa.", ["/proj/src/a.swift", "/home/dana/.ssh/id_rsa"]),
        ("mail dana@example.org", []), ("(@.env)", ["/proj/.env"]), (#"@"a b" and @c\ d"#, ["/proj/a b", "/proj/c d"]),
        ("@x#L1-3 @", ["/proj/x"]), ("ä@b", []),
    ])
    func `files that a prompt names are read without a tool`(_ prompt: String, _ paths: [String]) {
        var call = Call(event: .prompt, workingDirectory: "/proj", workspace: "/proj", home: "/home/dana")
        call.prompt = prompt
        #expect(PromptReferences.operations(of: call) == paths.map { .init(.fileRead, path: $0) })
    }

    @Test func `what is attached to a prompt is read without a tool`() throws {
        let payload: JSON = [
            "hook_event_name": "beforeSubmitPrompt", "conversation_id": "c", "workspace_roots": ["/proj"], "prompt": "hi",
            "attachments": [["type": "file", "file_path": ".env"], ["type": "rule", "filePath": "/r.mdc"]],
        ]
        let delivery = try Cursor().decode(payload.bytes, in: HookContext(home: "/home/dana"))
        #expect(
            PromptReferences.operations(of: delivery.call)
                == [.init(.fileRead, path: "/proj/.env"), .init(.fileRead, path: "/r.mdc")])
    }

    @Test func `10,000 random and truncated events of every agent get a well-formed answer`() throws {
        var generator = SystemRandomNumberGenerator()
        for adapter in Agents.all {
            for row in adapter.events where row.canBlock && row.isInstalled {
                let given = SameCalls.all[0]
                var call = SameCalls.call(given, agent: adapter.kind)
                call.prompt = "hello"
                guard let whole = CallWriter.payload(of: call, event: row.event, for: adapter)?.bytes else { continue }
                for round in 0..<250 {
                    var bytes = whole
                    if round % 2 == 0 {
                        bytes.removeLast(Int.random(in: 1...whole.count, using: &generator))
                    } else {
                        for _ in 0..<Int.random(in: 1...8, using: &generator) {
                            bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 32...126, using: &generator)
                        }
                    }
                    do throws(PayloadFault) {
                        let context = HookContext(home: "/home/dana", event: row.event)
                        let delivery = try adapter.decode(bytes, in: context)
                        _ = ToolOperations.operations(of: delivery.call)
                        _ = ToolOperations.commands(of: delivery.call)
                        _ = ToolOperations.contents(of: delivery.call)
                        _ = adapter.encode(Decision(.deny, message: "no"), for: delivery)
                    } catch {
                        let isTrap = [.stop, .subagentStop].contains(row.canonical)
                        if !isTrap, error.event == row.event {
                            #expect(try refuses(adapter.closed(error.event, reason: error.message)), "\(adapter.kind) \(row.event)")
                        }
                    }
                }
            }
        }
    }
}

@Suite struct ConformanceTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../..").standardizedFileURL.path
    /// `WRIT_GOLDEN=rewrite` writes the files anew; whoever does that reads the difference.
    private static var rewrites: Bool { ProcessInfo.processInfo.environment["WRIT_GOLDEN"] == "rewrite" }

    private static func kept(_ path: String, _ text: String) throws -> String {
        let url = URL(fileURLWithPath: "\(root)/\(path)")
        if rewrites {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
        return String(decoding: try Data(contentsOf: url), as: UTF8.self)
    }

    @Test func `the vectors in the repository are what the adapters do`() throws {
        for adapter in Agents.all {
            let text = Vectors.text(of: adapter)
            #expect(try Self.kept("Conformance/agents/\(adapter.kind).json", text) == text, "\(adapter.kind)")
            let vectors = try JSON(parsing: text)["vectors"]?.array ?? []
            #expect(vectors.count == adapter.events.count, "\(adapter.kind)")
            for vector in vectors { #expect(vector["fault"] == nil, "\(adapter.kind) \(vector.text)") }
        }
    }

    @Test func `the page about agents says what the tables say`() throws {
        let path = "docs/agents.md"
        let url = URL(fileURLWithPath: "\(Self.root)/\(path)")
        let page = String(decoding: try Data(contentsOf: url), as: UTF8.self)
        let mark = "<!-- From here on made from the tables: `writ agents table` -->\n"
        let parts = page.components(separatedBy: mark)
        #expect(parts.count == 2)
        let expected = (parts.first ?? "") + mark + "\n" + CapabilityTable.markdown
        #expect(try Self.kept(path, expected) == expected)
    }
}
