// SPDX-License-Identifier: Apache-2.0

public import WritCore
import WritWire

/// Cursor's hooks: one event for every tool, and older ones for commands, MCP calls and files. A command fires two of
/// them; only the older one can ask, so the newer passes a question on to it.
public struct Cursor: TableAdapter {
    /// Creates the adapter.
    public init() {}

    public static let table = AgentTable(
        "cursor",
        fields: PayloadFields(
            session: ["conversation_id", "session_id"], directory: ["cwd", "workspace_roots"],
            version: ["cursor_version"], toolUse: ["tool_use_id", "tool_call_id"], agentID: ["subagent_id"],
            agentType: ["subagent_type"], response: ["tool_output", "result_json", "output"],
            failure: ["error_message"], message: ["summary", "text"],
            ambient: ["generation_id", "user_email", "workspace_roots", "model"]),
        events: [
            EventCapability(
                "preToolUse", .beforeTool, canBlock: true, canGrant: true, onTimeout: .blocks, onCrash: .blocks,
                isInstalled: true, limit: "an ask is not enforced here: for commands and MCP calls the next event asks"),
            EventCapability(
                "beforeShellExecution", .beforeTool, canBlock: true, canAsk: true, canGrant: true, onTimeout: .blocks,
                onCrash: .blocks, isInstalled: true, limit: "carries no id of the call"),
            EventCapability(
                "beforeMCPExecution", .beforeTool, canBlock: true, canAsk: true, canGrant: true, onTimeout: .blocks,
                onCrash: .blocks, isInstalled: true, limit: "the server is known by its command or address alone"),
            EventCapability(
                "beforeReadFile", .beforeTool, canBlock: true, canGrant: true, onTimeout: .blocks, onCrash: .blocks,
                isInstalled: true),
            EventCapability("beforeTabFileRead", .beforeTool, canBlock: true, canGrant: true),
            EventCapability(
                "beforeSubmitPrompt", .prompt, canBlock: true, onTimeout: .blocks, onCrash: .blocks, isInstalled: true,
                limit: "a prompt can be refused, not rewritten"),
            EventCapability(
                "postToolUse", .afterTool, canReplaceOutput: true, canAddContext: true, isInstalled: true,
                limit: "output is replaced for MCP tools alone"),
            EventCapability("postToolUseFailure", .afterTool),
            EventCapability("afterShellExecution", .afterTool),
            EventCapability("afterMCPExecution", .afterTool),
            EventCapability("afterFileEdit", .other),
            EventCapability("afterTabFileEdit", .other),
            EventCapability(
                "sessionStart", .sessionStart, canAddContext: true, isInstalled: true, limit: "a deny is not enforced"),
            EventCapability("sessionEnd", .sessionEnd, isInstalled: true),
            EventCapability(
                "subagentStart", .subagentStart, canBlock: true, onTimeout: .blocks, onCrash: .blocks,
                isInstalled: true),
            EventCapability("subagentStop", .subagentStop, isInstalled: true),
            EventCapability(
                "stop", .stop, canBlock: true, isInstalled: true, limit: "a deny becomes a follow-up message"),
            EventCapability("preCompact", .other), EventCapability("afterAgentResponse", .other),
            EventCapability("afterAgentThought", .other), EventCapability("workspaceOpen", .other),
        ],
        tools: [
            "Shell": NativeTool("Bash"), "Read": NativeTool("Read", ["path": "file_path", "target_file": "file_path"]),
            "Write": NativeTool("Write", ["path": "file_path", "contents": "content"]),
            "Edit": NativeTool("Edit", ["path": "file_path"]),
            "StrReplace": NativeTool("Edit", ["path": "file_path"]),
            "MultiEdit": NativeTool("MultiEdit", ["path": "file_path"]),
            "ApplyPatch": NativeTool("ApplyPatch", ["input": "patch", "command": "patch"]),
            "Delete": NativeTool("Delete", ["path": "file_path", "target_file": "file_path"]),
            "EditNotebook": NativeTool(
                "NotebookEdit", ["target_notebook": "notebook_path", "new_string": "new_source"]),
            "Grep": NativeTool("Grep"),
            "Glob": NativeTool("Glob", ["glob_pattern": "pattern", "target_directory": "path"]),
            "LS": NativeTool("LS", ["target_directory": "path"]), "WebFetch": NativeTool("WebFetch"),
            "WebSearch": NativeTool("WebSearch", ["search_term": "query"]), "Task": NativeTool("Agent"),
            "TodoWrite": NativeTool("TodoWrite"),
        ],
        mcp: .nameless,
        answers: AnswerStyle(
            idle: [
                .permission: ["permission": "allow"], .shortPermission: ["permission": "allow"],
                .promptStop: ["continue": true], .emptyObject: .object([]),
            ], stop: .followUp, context: .top("additional_context"),
            replacement: .topForMCP("updated_mcp_tool_output"), grants: false),
        limits: [
            "Every answer is an explicit object, since silence counts as a failure when `failClosed` is set.",
            "Cloud agents run a part of the events only.",
            "Cursor also starts the hooks in Claude Code's settings; such a second delivery is decided once.",
        ])

    public func fill(_ call: inout Call, _ event: String, _ payload: Payload) throws(PayloadFault) {
        switch event {
        case "beforeShellExecution", "afterShellExecution":
            guard let command = try payload.text("command") else {
                throw PayloadFault("the event has no `command`", event: event)
            }
            use("Shell", ["command": .string(command)], in: &call)
            if event == "afterShellExecution" { call.response = payload.value(\.response) }
        case "beforeMCPExecution", "afterMCPExecution":
            guard let name = try payload.text("tool_name"), !name.isEmpty else {
                throw PayloadFault("the event has no `tool_name`", event: event)
            }
            use("MCP:" + name, payload.json["tool_input"] ?? .object([]), in: &call)
            if event == "afterMCPExecution" { call.response = Cursor.value(payload.value(\.response)) }
        case "beforeReadFile", "beforeTabFileRead":
            guard let path = try payload.text("file_path"), !path.isEmpty else {
                throw PayloadFault("the event has no `file_path`", event: event)
            }
            use("Read", ["file_path": .string(path)], in: &call)
        case "beforeSubmitPrompt":
            try fillByTable(&call, event, payload)
            if let attachments = payload.json["attachments"] { call.arguments.set("attachments", attachments) }
        case "postToolUse":
            try fillByTable(&call, event, payload)
            call.response = Cursor.value(call.response)
        default: try fillByTable(&call, event, payload)
        }
    }

    /// Output comes as JSON in a string.
    private static func value(_ output: JSON?) -> JSON? {
        guard let text = output?.string else { return output }
        do { return try JSON(parsing: text) } catch { return output }
    }

    public func capability(for delivery: Delivery) -> EventCapability? {
        guard var capability = Self.table.capability(of: delivery.event) else { return nil }
        switch delivery.event {
        case "preToolUse":
            // The event that follows asks.
            capability.canAsk = [.shellExec, .mcpCall].contains(delivery.call.tool.action)
        case "postToolUse": capability.canReplaceOutput = delivery.call.tool.action == .mcpCall
        default: break
        }
        return capability
    }

    public func encode(_ decision: Decision, for delivery: Delivery, replacement: JSON?) -> HookAnswer {
        var answer = AnswerWriter.answer(
            decision, delivery, capability(for: delivery), Self.table, replacement: replacement)
        guard delivery.event == "sessionStart", !delivery.call.session.isEmpty else { return answer }
        do {
            var output = try JSON(parsing: answer.output)
            guard output["additional_context"] != nil else { return answer }
            // What the agent starts can say which conversation it belongs to.
            output.set("env", ["WRIT_SESSION": .string(delivery.call.session)])
            answer.output = output.text + "\n"
        } catch {
            // Without an object there is nothing to add to.
        }
        return answer
    }
}
