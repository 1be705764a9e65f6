// SPDX-License-Identifier: Apache-2.0

public import WritCore
import WritWire

/// Gemini CLI's hooks.
public struct GeminiCLI: TableAdapter {
    /// Creates the adapter.
    public init() {}

    public static let table = AgentTable(
        "gemini-cli",
        fields: PayloadFields(message: ["prompt_response"], ambient: ["timestamp"]),
        events: [
            EventCapability(
                "BeforeTool", .beforeTool, canBlock: true, canAsk: true, isInstalled: true,
                limit: "carries no id of the call; an allow does not skip the host's own confirmation"),
            EventCapability(
                "AfterTool", .afterTool, canBlock: true, canReplaceOutput: true, canAddContext: true,
                isInstalled: true, limit: "a deny puts its reason in the output's place; the effect has happened"),
            EventCapability(
                "BeforeAgent", .prompt, canBlock: true, canAddContext: true, isInstalled: true,
                limit: "a refused prompt is dropped from the history"),
            EventCapability("BeforeModel", .other, canBlock: true),
            EventCapability("BeforeToolSelection", .other),
            EventCapability("AfterModel", .other, canBlock: true, limit: "fires for every piece of a stream"),
            EventCapability(
                "AfterAgent", .stop, canBlock: true, isInstalled: true, limit: "a deny makes the agent try again"),
            EventCapability("SessionStart", .sessionStart, canAddContext: true, isInstalled: true),
            EventCapability("SessionEnd", .sessionEnd, isInstalled: true, limit: "the host does not wait for it"),
            EventCapability("Notification", .other), EventCapability("PreCompress", .other),
        ],
        tools: tools, mcp: .single,
        answers: AnswerStyle(
            idle: [.deny: ["decision": "allow"], .emptyObject: .object([])],
            idleEvents: ["BeforeModel": .object([]), "AfterModel": .object([])], stop: .deny, replacement: .reason,
            halts: ["*"], haltStandsAlone: true, grants: false, askMessage: "systemMessage",
            tellsPerson: ["SessionStart"]),
        limits: [
            "A crash with exit code 1, a time-out and output that is no JSON object let the tool run.",
            "A person can list our hook under `hooksConfig.disabled`, or turn all hooks off there.",
            "Hooks of a project run in trusted folders only.",
        ])

    static let tools: [String: NativeTool] = [
        "run_shell_command": NativeTool(
            "Bash",
            ["dir_path": "working_directory", "directory": "working_directory", "is_background": "run_in_background"]),
        "read_file": NativeTool("Read", ["absolute_path": "file_path", "path": "file_path"]),
        "read_many_files": NativeTool("ReadMany", ["include": "paths"]),
        "write_file": NativeTool("Write"), "replace": NativeTool("Edit", ["allow_multiple": "replace_all"]),
        "edit": NativeTool("Edit", ["allow_multiple": "replace_all"]),
        "glob": NativeTool("Glob", ["dir_path": "path"]), "list_directory": NativeTool("LS", ["dir_path": "path"]),
        "grep_search": NativeTool("Grep", ["dir_path": "path", "include": "glob", "include_pattern": "glob"]),
        "search_file_content": NativeTool("Grep", ["dir_path": "path", "include": "glob"]),
        "web_fetch": NativeTool("WebFetch"), "google_web_search": NativeTool("WebSearch"),
        "web_search": NativeTool("WebSearch"), "write_todos": NativeTool("TodoWrite"),
        "todo_write": NativeTool("TodoWrite"), "save_memory": NativeTool("Remember", ["fact": "content"]),
        "activate_skill": NativeTool("Skill", ["name": "skill"]), "skill": NativeTool("Skill"),
        "ask_user": NativeTool("AskUserQuestion"), "enter_plan_mode": NativeTool("EnterPlanMode"),
        "exit_plan_mode": NativeTool("ExitPlanMode"), "complete_task": NativeTool("TaskUpdate"),
        "task": NativeTool("Agent"), "list_mcp_resources": NativeTool("ListMcpResourcesTool"),
        "read_mcp_resource": NativeTool("ReadMcpResourceTool", ["server_name": "server"]),
    ]

    public func fill(_ call: inout Call, _ event: String, _ payload: Payload) throws(PayloadFault) {
        try fillByTable(&call, event, payload)
        // The real server and tool; the name alone cannot say where one ends.
        if let context = payload.json["mcp_context"], let server = context["server_name"]?.string,
            let tool = context["tool_name"]?.string
        {
            call.tool = Tool(name: call.tool.name, action: .mcpCall, server: server, serverTool: tool)
            call.arguments = payload.value(\.input) ?? .object([])
        }
        if event == "BeforeModel" || event == "AfterModel" { call.arguments = .object([]) }
    }
}
