// SPDX-License-Identifier: Apache-2.0

public import WritCore

/// Claude Code's command hooks, which many agents copy.
public struct ClaudeCode: TableAdapter {
    /// Creates the adapter.
    public init() {}

    public static let table = AgentTable(
        "claude-code", events: eventTable, tools: tools, mcp: .doubled,
        answers: AnswerStyle(halts: ["*"]),
        limits: [
            "A file named with @ in a prompt is read without an event.",
            "A missing or crashing hook lets the call through; only exit code 2 and a readable object stop it.",
            "Hooks in settings wait until the folder is trusted; -p and the SDK take every folder as trusted.",
        ])

    static let eventTable: [EventCapability] = [
        EventCapability(
            "PreToolUse", .beforeTool, canBlock: true, canAsk: true, canGrant: true, canAddContext: true,
            isInstalled: true, limit: "files named with @ in a prompt are read without this event"),
        EventCapability(
            "PermissionRequest", .permissionRequest, canBlock: true, canAsk: true, canGrant: true, isInstalled: true,
            limit: "exit code 2 is not honoured"),
        EventCapability(
            "PostToolUse", .afterTool, canBlock: true, canReplaceOutput: true, canAddContext: true, isInstalled: true,
            limit: "a deny adds feedback beside the result; the effect has happened"),
        EventCapability(
            "PostToolUseFailure", .afterTool, canAddContext: true, isInstalled: true,
            limit: "the error text reaches the model whatever is answered"),
        EventCapability(
            "UserPromptSubmit", .prompt, canBlock: true, canAddContext: true, isInstalled: true,
            limit: "a prompt can be refused, not rewritten"),
        EventCapability("SessionStart", .sessionStart, canAddContext: true, isInstalled: true),
        EventCapability(
            "SessionEnd", .sessionEnd, isInstalled: true, limit: "all hooks together have 1.5 seconds"),
        EventCapability("SubagentStart", .subagentStart, canAddContext: true, isInstalled: true),
        EventCapability(
            "SubagentStop", .subagentStop, canBlock: true, isInstalled: true, limit: "a deny keeps it running"),
        EventCapability(
            "Stop", .stop, canBlock: true, canAddContext: true, isInstalled: true,
            limit: "a deny keeps it running, at most 8 times in a row"),
        EventCapability(
            "ConfigChange", .configChange, canBlock: true, isInstalled: true,
            limit: "managed settings cannot be refused; the reason is not shown"),
        EventCapability("UserPromptExpansion", .prompt, canBlock: true),
        EventCapability("PostToolBatch", .other, canBlock: true, canAddContext: true),
        EventCapability("PreCompact", .other, canBlock: true),
        EventCapability("PostCompact", .other),
        EventCapability("PermissionDenied", .other),
        EventCapability("Elicitation", .other, canBlock: true),
        EventCapability("ElicitationResult", .other, canBlock: true),
        EventCapability("Setup", .other, canAddContext: true),
        EventCapability("InstructionsLoaded", .other),
        EventCapability("Notification", .other),
        EventCapability("StopFailure", .other),
        EventCapability("CwdChanged", .other),
        EventCapability("DirectoryAdded", .other),
        EventCapability("FileChanged", .other),
        EventCapability("WorktreeRemove", .other),
        EventCapability("TaskCreated", .other),
        EventCapability("TaskCompleted", .other, canBlock: true, limit: "a deny keeps the task open"),
        EventCapability("TeammateIdle", .other, canBlock: true, limit: "a deny keeps the teammate at work"),
        EventCapability(
            "WorktreeCreate", .other, canBlock: true, onCrash: .blocks,
            limit: "a hook here must make the worktree itself, so none is installed"),
        EventCapability("MessageDisplay", .other),
    ]

    /// Its names are the common ones.
    static let tools: [String: NativeTool] = Dictionary(
        uniqueKeysWithValues: [
            "Bash", "Monitor", "PowerShell", "BashOutput", "TaskOutput", "KillShell", "KillBash", "TaskStop", "Read",
            "NotebookRead", "Write", "Edit", "MultiEdit", "NotebookEdit", "Glob", "Grep", "LS", "WebFetch",
            "WebSearch", "Task", "Agent", "ReadMcpResourceTool", "ListMcpResourcesTool", "Skill", "SlashCommand",
            "TodoWrite", "TaskCreate", "TaskUpdate", "TaskGet", "TaskList", "ToolSearch", "AskUserQuestion",
            "EnterPlanMode", "ExitPlanMode",
        ].map { ($0, NativeTool($0)) })

    /// The canonical tool behind a native name: a built-in one, one of an MCP server, or one that is not known.
    public static func tool(_ name: String) -> Tool {
        CommonTools.normalized(name, .object([]), by: table).tool
    }

    public func fill(_ call: inout Call, _ event: String, _ payload: Payload) throws(PayloadFault) {
        // Cursor plays Claude Code to the hooks in its settings.
        if let version = try payload.text("cursor_version") {
            call.agent.kind = "cursor"
            call.agent.version = version
            call.session = try payload.text("conversation_id") ?? call.session
        }
        if event == "PermissionDenied" {
            guard let name = try payload.text("tool_name"), !name.isEmpty else {
                throw PayloadFault("the event has no `tool_name`", event: event)
            }
            use(name, payload.json["tool_input"] ?? .object([]), in: &call)
        } else if call.event == .prompt, event != "UserPromptSubmit" {
            // A command that is expanded; its text need not be called a prompt.
            call.tool = Tool(name: event, action: .toolOther)
            call.arguments = payload.rest
            call.prompt = payload.json["prompt"]?.string
        } else {
            try fillByTable(&call, event, payload)
        }
    }
}
