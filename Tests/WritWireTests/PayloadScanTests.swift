// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WritWire

@Suite struct PayloadScanTests {
    @Test(
        arguments: [
            (#"{"hook_event_name":"Stop"}"#, "Stop"),
            (" {\n\t\"a\" : [1, {\"b\": null}], \"hook_event_name\" : \"PreToolUse\" }\r\n", "PreToolUse"),
            (#"{"a":"\"hook_event_name\":\"Stop\"","hook_event_name":"PreToolUse"}"#, "PreToolUse"),
            (#"{"tool_input":{"hook_event_name":"Stop"},"hook_event_name":"PreToolUse"}"#, "PreToolUse"),
            (#"{"hook_event_name":"Stop","hook_event_name":"Stop"}"#, "Stop"),
            (#"{"x":[{"hook_event_name":"Stop"}]}"#, nil),
            (#"{"x":"hook_event_name","y":"Stop"}"#, nil),
            (#"["hook_event_name","Stop"]"#, nil),
            (#"{"hook_event_name":"Stop","hook_event_name":"PreToolUse"}"#, nil),
            (#"{"hook_event_name":1}"#, nil),
            (#"{"hook_event_name":{"hook_event_name":"Stop"}}"#, nil),
            (#"{"hook_event_name":"St\u006fp"}"#, nil),
            (#"{"hook_event_name":"Stop""#, nil),
            (#"{"hook_event_name":"Stop"} x"#, nil),
            (#"{"hook_event_name":"Stop","tool_input":{"a":"#, nil),
            (#"{"a":"\"#, nil), ("", nil), ("{", nil), ("null", nil), ("{}", nil),
            ("{\"hook_event_name\":\"\(String(repeating: "a", count: 65))\"}", nil),
        ] as [(String, String?)])
    func `only the plain value of a top-level key is found`(_ payload: String, _ event: String?) {
        #expect(PayloadScan.topLevelString("hook_event_name", in: Array(payload.utf8)) == event)
    }

    @Test func `deep and long payloads end without an answer`() {
        let deep = Array(("{\"a\":" + String(repeating: "[", count: 100_000)).utf8)
        #expect(PayloadScan.topLevelString("hook_event_name", in: deep) == nil)
        let long = Array("{\"a\":\"\(String(repeating: "x", count: 1_000_000))\",\"hook_event_name\":\"Stop\"}".utf8)
        #expect(PayloadScan.topLevelString("hook_event_name", in: long) == "Stop")
    }
}

@Suite struct ClosedAnswerTests {
    private static let reason = "writ: no \"answer\" \\ in\ntime"
    private static let quoted = #""writ: no \"answer\" \\ in time""#

    @Test(
        arguments: [
            (
                "PreToolUse", 2,
                #"{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":R}}"#
            ),
            (
                "PermissionRequest", 0,
                #"{"hookSpecificOutput":{"hookEventName":"PermissionRequest","decision":{"behavior":"deny","message":R,"interrupt":false}}}"#
            ),
            ("UserPromptSubmit", 2, #"{"decision":"block","reason":R}"#),
            ("UserPromptExpansion", 2, #"{"decision":"block","reason":R}"#),
            ("PostToolUse", 2, #"{"decision":"block","reason":R}"#),
            ("PostToolBatch", 2, #"{"decision":"block","reason":R}"#),
            ("ConfigChange", 2, #"{"decision":"block","reason":R}"#),
            ("Elicitation", 2, #"{"hookSpecificOutput":{"hookEventName":"Elicitation","action":"decline"}}"#),
            ("SomethingNew", 2, ""), ("", 2, ""),
        ] as [(String, Int32, String)])
    func `a gating event is refused in its own spelling`(_ event: String, _ code: Int32, _ output: String) {
        let answer = ClosedAnswer.answer(agent: "claude-code", event: event, reason: Self.reason)
        let expected = output.isEmpty ? "" : replaced(output) + "\n"
        #expect(answer == HookResponse(exitCode: code, output: expected, error: Self.reason + "\n"))
    }

    private func replaced(_ text: String) -> String {
        let parts = text.split(separator: ":R", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.joined(separator: ":" + Self.quoted)
    }

    @Test(arguments: ["Stop", "SubagentStop", "SessionStart", "SessionEnd", "SubagentStart", "PostToolUseFailure"])
    func `an event whose refusal would trap the agent is answered with silence`(_ event: String) {
        #expect(ClosedAnswer.answer(agent: "claude-code", event: event, reason: Self.reason) == HookResponse())
    }

    @Test func `an unknown agent is refused with exit code 2`() {
        let answer = ClosedAnswer.answer(agent: "nobody", event: "Stop", reason: "no")
        #expect(answer == HookResponse(exitCode: 2, output: "", error: "no\n"))
    }

    @Test func `naming a harmless event never opens a harmful one`() {
        #expect(ClosedAnswer.event(agent: "claude-code", argument: "PreToolUse", payload: "Stop") == "PreToolUse")
        #expect(ClosedAnswer.event(agent: "claude-code", argument: "Stop", payload: "PreToolUse") == "PreToolUse")
        #expect(ClosedAnswer.event(agent: "claude-code", argument: "", payload: "Stop") == "Stop")
        #expect(ClosedAnswer.event(agent: "claude-code", argument: "PreToolUse", payload: nil) == "PreToolUse")
    }
}
