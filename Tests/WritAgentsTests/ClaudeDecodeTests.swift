// SPDX-License-Identifier: Apache-2.0
import Testing
import WritAgents
import WritCore

@Suite struct ClaudeDecodeTests {
    static let context = HookContext(home: "/home/dana", workingDirectory: "/elsewhere")

    static func decode(_ text: String, _ context: HookContext = context) throws -> Delivery {
        try ClaudeCode().decode(Array(text.utf8), in: context)
    }

    /// A call of a tool in `/proj/shop`.
    static func call(_ tool: String, _ input: String = "{}") throws -> Call {
        try decode(
            #"{"hook_event_name":"PreToolUse","cwd":"/proj/shop","tool_name":"\#(tool)","tool_input":\#(input)}"#
        ).call
    }

    @Test func `all fields of an event are read`() throws {
        let delivery = try Self.decode(
            """
            {"session_id":"s1","prompt_id":"p","transcript_path":"/t.jsonl","cwd":"/proj/shop/./src/..",
             "permission_mode":"plan","effort":{"level":"low"},"hook_event_name":"PreToolUse","tool_name":"Bash",
             "tool_input":{"command":"ls","timeout":5},"tool_use_id":"toolu_1","agent_id":"a1","agent_type":"helper",
             "model":"m1","new_in_a_later_version":[1]}
            """, HookContext(home: "/home/dana", projectDirectory: "/proj"))
        #expect(
            delivery
                == Delivery(
                    event: "PreToolUse",
                    call: Call(
                        event: .beforeTool,
                        agent: AgentIdentity(kind: "claude-code", id: "a1", type: "helper", model: "m1"),
                        session: "s1", tool: Tool(name: "Bash", action: .shellExec),
                        arguments: ["command": "ls", "timeout": 5], workingDirectory: "/proj/shop", workspace: "/proj",
                        home: "/home/dana", toolUse: "toolu_1", transcript: "/t.jsonl", mode: "plan")))
    }

    @Test(arguments: [
        ("Bash", Operation.Kind.shellExec), ("PowerShell", .shellExec), ("Monitor", .shellExec), ("Read", .fileRead),
        ("Write", .fileWrite), ("Edit", .fileWrite), ("MultiEdit", .fileWrite), ("NotebookEdit", .fileWrite),
        ("WebFetch", .httpRequest), ("WebSearch", .httpRequest), ("Glob", .fileSearch), ("Grep", .fileSearch),
        ("Task", .agentSpawn), ("Agent", .agentSpawn), ("Skill", .toolOther), ("bash", .toolOther),
        ("SomethingNew", .toolOther), ("mcp_", .toolOther), ("mcp__", .toolOther),
    ])
    func `a tool's action`(_ name: String, _ action: Operation.Kind) throws {
        #expect(try Self.call(name).tool == Tool(name: name, action: action))
    }

    @Test(arguments: [
        ("mcp__git__push", "git", "push", "mcp:git/push"), ("mcp__a__b__c", "a", "b__c", "mcp:a/b__c"),
        ("mcp__plugin_x_y__do", "plugin_x_y", "do", "mcp:plugin_x_y/do"), ("mcp__alone", "alone", "", "mcp:alone/"),
    ])
    func `a tool of an MCP server`(_ name: String, _ server: String, _ tool: String, _ canonical: String) throws {
        let found = try Self.call(name).tool
        #expect(found == Tool(name: name, action: .mcpCall, server: server, serverTool: tool))
        #expect(found.canonicalName == canonical)
    }

    @Test func `events beside the tools`() throws {
        func read(_ event: String, _ rest: String) throws -> Delivery {
            try Self.decode(#"{"hook_event_name":"\#(event)","session_id":"s","cwd":"/w"\#(rest)}"#)
        }
        let prompt = try read("UserPromptSubmit", #","prompt":"hello""#)
        #expect(prompt.call.event == .prompt)
        #expect(prompt.call.prompt == "hello")

        let after = try read("PostToolUse", #","tool_name":"Bash","tool_input":{},"tool_response":{"stdout":"x"}"#)
        #expect(after.call.event == .afterTool)
        #expect(after.call.response == ["stdout": "x"])
        let failed = try read("PostToolUseFailure", #","tool_name":"Bash","tool_input":{},"error":"boom""#)
        #expect(failed.call.event == .afterTool)
        #expect(failed.call.response == "boom")

        let stop = try read("SubagentStop", #","stop_hook_active":true,"last_assistant_message":"done""#)
        #expect(stop.call.event == .subagentStop)
        #expect(stop.isRepeatedStop)
        #expect(stop.call.response == "done")
        #expect(try !read("Stop", "").isRepeatedStop)

        let config = try read("ConfigChange", #","source":"user_settings","file_path":"/home/dana/.claude/settings.json""#)
        #expect(config.call.event == .configChange)
        #expect(config.call.tool == Tool(name: "ConfigChange", action: .configWrite))
        #expect(
            config.call.arguments
                == ["source": "user_settings", "file_path": "/home/dana/.claude/settings.json"])

        #expect(try read("SessionStart", #","source":"startup""#).call.event == .sessionStart)
        #expect(try read("SessionEnd", #","reason":"clear""#).call.event == .sessionEnd)
        #expect(try read("SubagentStart", "").call.tool.action == .agentSpawn)
        #expect(try read("NotYetInvented", "").call.event == .other)
    }

    @Test(arguments: [
        ("", "the event is not readable JSON: unexpected end of text", ""),
        ("[]", "the event is no JSON object", ""), ("{}", "the event has no `hook_event_name`", ""),
        (#"{"hook_event_name":"PreToolUse"}"#, "the event has no `tool_name`", "PreToolUse"),
        (#"{"hook_event_name":"PreToolUse","tool_name":7}"#, "`tool_name` is no string", "PreToolUse"),
        (#"{"hook_event_name":"UserPromptSubmit"}"#, "the event has no `prompt`", "UserPromptSubmit"),
        (#"{"hook_event_name":"Stop","cwd":[]}"#, "`cwd` is no string", "Stop"),
        (#"{"hook_event_name":"Stop","hook_event_name":"Stop"}"#, "the event is not readable JSON: duplicate key", ""),
    ])
    func `what is no event is refused`(_ text: String, _ message: String, _ event: String) {
        let fault = #expect(throws: PayloadFault.self) { try Self.decode(text) }
        #expect(fault == PayloadFault(message, event: event))
    }

    @Test(arguments: [
        ("", "/proj/shop"), ("/proj", "/proj"), ("/", "/proj/shop"), ("/home", "/proj/shop"),
        ("/home/dana", "/proj/shop"), ("relative", "/proj/shop"), ("/proj/shop/../shop", "/proj/shop"),
    ])
    func `the agent's claim cannot make the whole machine its workspace`(_ claim: String, _ workspace: String) throws {
        let context = HookContext(home: "/home/dana", projectDirectory: claim)
        let delivery = try Self.decode(#"{"hook_event_name":"Stop","cwd":"/proj/shop"}"#, context)
        #expect(delivery.call.workspace == workspace)
    }

    @Test func `10,000 random and truncated events get a closed, well-formed answer`() throws {
        let whole = Array(
            #"{"session_id":"s","cwd":"/w","hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"ls \"ä\" \u00e9"},"tool_use_id":"t"}"#
                .utf8)
        var generator = SystemRandomNumberGenerator()
        let adapter = ClaudeCode()
        var refused = 0
        for round in 0..<10_000 {
            var bytes = whole
            switch round % 3 {
            case 0: bytes.removeLast(Int.random(in: 1...whole.count, using: &generator))
            case 1:
                for _ in 0..<Int.random(in: 1...8, using: &generator) {
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
                }
            default:
                bytes = (0..<Int.random(in: 0..<200, using: &generator)).map { _ in
                    .random(in: 0...255, using: &generator)
                }
            }
            let answer: HookAnswer
            do throws(PayloadFault) {
                let delivery = try adapter.decode(bytes, in: Self.context)
                _ = ToolOperations.operations(of: delivery.call)
                _ = ToolOperations.commands(of: delivery.call)
                _ = ToolOperations.contents(of: delivery.call)
                answer = adapter.encode(Decision(.deny, message: "no"), for: delivery)
                // A neutral answer would be an allow, except where nothing can be stopped.
                guard adapter.events.contains(where: { $0.event == delivery.event && !$0.canBlock }) == false else {
                    continue
                }
            } catch {
                refused += 1
                answer = adapter.closed(error.event, reason: "writ: \(error.message)")
                #expect(answer.exitCode == 2)
            }
            #expect(answer.exitCode == 2 || !answer.output.isEmpty)
            if !answer.output.isEmpty { #expect(try JSON(parsing: answer.output).members != nil) }
        }
        #expect(refused > 6_000)
    }
}

@Suite struct ClaudeAnswerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var event: String
        var decision: Decision
        var output: JSON?
        var testDescription: String { "\(event) \(decision.verdict.name)" }
    }

    private static func permission(_ verdict: String, _ reason: String = "m") -> JSON {
        [
            "hookSpecificOutput": [
                "hookEventName": "PreToolUse", "permissionDecision": .string(verdict),
                "permissionDecisionReason": .string(reason),
            ]
        ]
    }

    private static let deny = Decision(.deny, message: "m")
    private static let block: JSON = ["decision": "block", "reason": "m"]

    @Test(arguments: [
        Case(event: "PreToolUse", decision: Decision(.allow, message: "m"), output: nil),
        Case(
            event: "PreToolUse", decision: Decision(.allow, message: "m", isExplicitGrant: true),
            output: permission("allow")),
        Case(event: "PreToolUse", decision: Decision(.ask, message: "m"), output: permission("ask")),
        Case(event: "PreToolUse", decision: deny, output: permission("deny")),
        Case(
            event: "PreToolUse", decision: Decision(.deny, reasons: [.init(rule: "a/b/c", verdict: .deny)]),
            output: permission("deny", "writ[a/b/c]: refused by policy")),
        Case(
            event: "PermissionRequest", decision: deny,
            output: [
                "hookSpecificOutput": [
                    "hookEventName": "PermissionRequest",
                    "decision": ["behavior": "deny", "message": "m", "interrupt": false],
                ]
            ]),
        Case(event: "PermissionRequest", decision: Decision(.ask, message: "m"), output: nil),
        Case(event: "UserPromptSubmit", decision: deny, output: block),
        Case(event: "UserPromptSubmit", decision: Decision(.ask, message: "m"), output: block),
        Case(event: "PostToolUse", decision: deny, output: block),
        Case(event: "ConfigChange", decision: deny, output: block),
        Case(event: "SessionEnd", decision: deny, output: nil),
        Case(
            event: "SessionStart", decision: deny,
            output: ["hookSpecificOutput": ["hookEventName": "SessionStart", "additionalContext": "m"]]),
        Case(event: "Stop", decision: deny, output: block),
        Case(
            event: "Stop", decision: Decision(.halt, message: "m"), output: ["continue": false, "stopReason": "m"]),
    ])
    func `a verdict in the host's spelling`(_ given: Case) throws {
        let answer = ClaudeCode().encode(given.decision, for: Delivery(event: given.event, call: Call()))
        #expect(answer == HookAnswer(output: given.output.map { $0.text + "\n" } ?? ""))
    }

    @Test func `an event that is not known is refused by the exit code`() {
        let answer = ClaudeCode().encode(Self.deny, for: Delivery(event: "NotYetInvented", call: Call()))
        #expect(answer == HookAnswer(exitCode: 2, error: "m\n"))
    }

    @Test func `a stop that follows from a refused stop is not refused again`() {
        let delivery = Delivery(event: "Stop", call: Call(), isRepeatedStop: true)
        #expect(ClaudeCode().encode(Self.deny, for: delivery) == HookAnswer())
    }

    @Test func `every installed event that can block is refused when nothing can be decided, or would trap the agent`() {
        let adapter = ClaudeCode()
        var neutral: [String] = []
        for row in adapter.events where row.canBlock {
            if adapter.closed(row.event, reason: "no") == HookAnswer() { neutral.append(row.event) }
        }
        #expect(neutral == ["SubagentStop", "Stop", "PreCompact", "TaskCompleted", "TeammateIdle"])
    }

    @Test func `a reason is cut at what the host shows`() throws {
        let long = Decision(.deny, message: String(repeating: "🙂", count: 20_000))
        let answer = ClaudeCode().encode(long, for: Delivery(event: "PostToolUse", call: Call()))
        let reason = try #require(try JSON(parsing: answer.output)["reason"]?.string)
        #expect(reason.utf16.count <= 10_000)
        #expect(reason.hasSuffix("🙂…"))
    }
}
