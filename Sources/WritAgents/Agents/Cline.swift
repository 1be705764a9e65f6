// SPDX-License-Identifier: Apache-2.0

public import WritCore
import WritWire

/// Cline's hooks, of the editor's extension and of the library behind its command line: files named after their
/// event, with two dialects of payloads.
public struct Cline: TableAdapter {
    /// Creates the adapter.
    public init() {}

    public static let table = AgentTable(
        "cline",
        fields: PayloadFields(
            event: ["hookName"], session: ["taskId"], directory: ["workspaceRoots"], version: ["clineVersion"],
            ambient: ["timestamp", "userId", "workspaceInfo", "iteration"]),
        events: [
            EventCapability(
                "PreToolUse", .beforeTool, canBlock: true, isInstalled: true,
                limit: "the extension cannot ask, so an ask is refused with its reason"),
            EventCapability("tool_call", .beforeTool, canBlock: true, canAsk: true, limit: "the library's PreToolUse"),
            EventCapability(
                "PostToolUse", .afterTool, canAddContext: true, isInstalled: true,
                limit: "a note reaches the next request, not this one"),
            EventCapability("tool_result", .afterTool, canAddContext: true, limit: "the library's PostToolUse"),
            EventCapability("UserPromptSubmit", .prompt, canBlock: true, canAddContext: true, isInstalled: true),
            EventCapability(
                "prompt_submit", .prompt, canBlock: true, canAddContext: true, limit: "the library's UserPromptSubmit"),
            EventCapability("TaskStart", .sessionStart, canAddContext: true, isInstalled: true),
            EventCapability("agent_start", .sessionStart, canAddContext: true),
            EventCapability("TaskResume", .sessionStart, canAddContext: true, isInstalled: true),
            EventCapability("agent_resume", .sessionStart, canAddContext: true),
            EventCapability("TaskComplete", .stop, isInstalled: true), EventCapability("agent_end", .stop),
            EventCapability("TaskCancel", .sessionEnd, isInstalled: true), EventCapability("agent_abort", .sessionEnd),
            EventCapability("TaskError", .other), EventCapability("agent_error", .other),
            EventCapability("PreCompact", .other), EventCapability("Notification", .other),
            EventCapability("SessionShutdown", .sessionEnd), EventCapability("session_shutdown", .sessionEnd),
        ],
        tools: [
            "execute_command": NativeTool("Bash"), "run_commands": NativeTool("Bash"),
            "run_command": NativeTool("Bash"), "bash": NativeTool("Bash"),
            "read_file": NativeTool("Read", ["path": "file_path"]),
            "read_files": NativeTool("ReadMany", ["files": "paths"]),
            "write_to_file": NativeTool("Write", ["path": "file_path"]),
            "write_file": NativeTool("Write", ["path": "file_path"]),
            "new_file": NativeTool("Write", ["path": "file_path"]),
            "replace_in_file": NativeTool("Edit", ["path": "file_path", "diff": "new_string"]),
            "editor": NativeTool(
                "Editor",
                [
                    "path": "file_path", "file_text": "content", "old_str": "old_string", "new_str": "new_string",
                    "old_text": "old_string", "new_text": "new_string",
                ]),
            "apply_patch": NativeTool("ApplyPatch", ["input": "patch"]),
            "search_files": NativeTool("Grep", ["regex": "pattern", "file_pattern": "glob"]),
            "search_codebase": NativeTool("Grep"), "list_files": NativeTool("LS"),
            "list_code_definition_names": NativeTool("LS"), "web_fetch": NativeTool("WebFetch"),
            "fetch_web_content": NativeTool("WebFetch"), "web_search": NativeTool("WebSearch"),
            "browser_action": NativeTool("Browse"), "new_task": NativeTool("Agent", ["context": "prompt"]),
            "use_subagents": NativeTool("Agent"), "spawn_agent": NativeTool("Agent"),
            "skills": NativeTool("Skill"), "use_skill": NativeTool("Skill", ["skill_name": "skill"]),
            "ask_followup_question": NativeTool("AskUserQuestion"), "ask_question": NativeTool("AskUserQuestion"),
            "attempt_completion": NativeTool("TaskUpdate", ["result": "description"]),
            "plan_mode_respond": NativeTool("ExitPlanMode", ["response": "plan"]),
            "focus_chain": NativeTool("TodoWrite"),
        ],
        mcp: .bare,
        answers: AnswerStyle(
            idle: [.cancel: .object([]), .emptyObject: .object([])], context: .top("contextModification"),
            grants: false),
        limits: [
            "A failing hook is passed over, so every refusal is an object with exit code 0.",
            "Hooks are off in `--yolo` mode, and in the extension until they are turned on in its settings.",
            "A time-out lets the call through.",
        ])

    public func fill(_ call: inout Call, _ event: String, _ payload: Payload) throws(PayloadFault) {
        if let model = payload.json["model"]?["slug"]?.string { call.agent.model = model }
        switch call.event {
        case .beforeTool, .afterTool:
            let isAfter = call.event == .afterTool
            let details =
                payload.json[isAfter ? "tool_result" : "tool_call"]
                ?? payload.json[isAfter ? "postToolUse" : "preToolUse"]
            guard let details, let name = (details["name"] ?? details["toolName"])?.string, !name.isEmpty else {
                throw PayloadFault("the event has no tool", event: event)
            }
            call.toolUse = details["id"]?.string
            let input = details["input"] ?? details["parameters"] ?? .object([])
            if name == "use_mcp_tool", let server = input["server_name"]?.string, let tool = input["tool_name"]?.string
            {
                call.tool = Tool(
                    name: "mcp__\(server)__\(tool)", action: .mcpCall, server: server, serverTool: tool, native: name)
                let arguments = input["arguments"] ?? .object([])
                call.arguments = arguments.string.map(CommonTools.unpacked) ?? arguments
            } else if name == "access_mcp_resource" {
                call.tool = Tool(name: "ReadMcpResourceTool", action: .mcpResource, native: name)
                call.arguments = input
                call.arguments.rename("server_name", to: "server")
            } else {
                use(name, input, in: &call)
            }
            if isAfter { call.response = details["output"] ?? details["result"] ?? details["error"] }
        case .prompt:
            let prompt = payload.json["userPromptSubmit"]?["prompt"] ?? payload.json["prompt"]
            guard let text = prompt?.string else { throw PayloadFault("the event has no `prompt`", event: event) }
            call.prompt = text
            if let attachments = payload.json["userPromptSubmit"]?["attachments"] {
                call.arguments.set("attachments", attachments)
            }
        default: try fillByTable(&call, event, payload)
        }
    }
}
