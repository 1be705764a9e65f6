// SPDX-License-Identifier: Apache-2.0

public import WritCore

/// Windsurf Cascade's hooks: one event for each kind of action, answered by the exit code alone.
public struct Windsurf: TableAdapter {
    /// Creates the adapter.
    public init() {}

    public static let table = AgentTable(
        "windsurf",
        fields: PayloadFields(
            event: ["agent_action_name"], session: ["trajectory_id"], model: ["model_name"],
            ambient: ["execution_id", "timestamp"]),
        events: [
            EventCapability("pre_run_command", .beforeTool, canBlock: true, isInstalled: true, limit: noAsk),
            EventCapability("pre_read_code", .beforeTool, canBlock: true, isInstalled: true, limit: noAsk),
            EventCapability("pre_write_code", .beforeTool, canBlock: true, isInstalled: true, limit: noAsk),
            EventCapability("pre_mcp_tool_use", .beforeTool, canBlock: true, isInstalled: true, limit: noAsk),
            EventCapability(
                "pre_user_prompt", .prompt, canBlock: true, isInstalled: true, limit: "names no conversation"),
            EventCapability("post_run_command", .afterTool, isInstalled: true, limit: "carries no output"),
            EventCapability("post_read_code", .afterTool), EventCapability("post_write_code", .afterTool),
            EventCapability("post_mcp_tool_use", .afterTool, isInstalled: true),
            EventCapability("post_cascade_response", .stop),
            EventCapability("post_cascade_response_with_transcript", .stop),
            EventCapability("post_setup_worktree", .other),
        ],
        tools: [
            "run_command": NativeTool("Bash", ["command_line": "command", "cwd": "working_directory"]),
            "read_code": NativeTool("Read"), "write_code": NativeTool("MultiEdit"),
        ],
        mcp: .bare,
        limits: [
            "Exit code 2 with a reason on standard error is the only refusal; nothing can be asked, rewritten or noted.",
            "A crash and a time-out let the action through.",
        ])

    private static let noAsk = "nothing can be asked, so an ask is refused with its reason; carries no id of the call"

    public func fill(_ call: inout Call, _ event: String, _ payload: Payload) throws(PayloadFault) {
        let details = payload.json["tool_info"] ?? .object([])
        guard details.members != nil else { throw PayloadFault("`tool_info` is no object", event: event) }
        switch event {
        case "pre_user_prompt":
            guard let prompt = details["user_prompt"]?.string else {
                throw PayloadFault("the event has no `user_prompt`", event: event)
            }
            call.prompt = prompt
        case "pre_run_command", "post_run_command":
            guard details["command_line"]?.string != nil else {
                throw PayloadFault("the event has no `command_line`", event: event)
            }
            use("run_command", details, in: &call)
        case "pre_read_code", "post_read_code": use("read_code", details, in: &call)
        case "pre_write_code", "post_write_code": use("write_code", details, in: &call)
        case "pre_mcp_tool_use", "post_mcp_tool_use":
            guard let server = details["mcp_server_name"]?.string, let tool = details["mcp_tool_name"]?.string else {
                throw PayloadFault("the event has no `mcp_tool_name`", event: event)
            }
            call.tool = Tool(
                name: "mcp__\(server)__\(tool)", action: .mcpCall, server: server, serverTool: tool,
                native: "\(server)/\(tool)")
            let arguments = details["mcp_tool_arguments"] ?? .object([])
            call.arguments = arguments.string.map(CommonTools.unpacked) ?? arguments
            if call.event == .afterTool { call.response = details["mcp_result"] }
        case "post_cascade_response": call.response = details["response"]
        default:
            call.tool = Tool(name: event, action: .toolOther)
            call.arguments = details
        }
    }
}
