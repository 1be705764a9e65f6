// SPDX-License-Identifier: Apache-2.0

public import WritCore
import WritWire

/// The hooks of GitHub Copilot CLI and of the cloud agent, in both payload dialects: the spelling of the event's name
/// in the settings chooses which one is sent.
public struct CopilotCLI: TableAdapter {
    /// Creates the adapter.
    public init() {}

    public static let table = AgentTable(
        "copilot-cli",
        fields: PayloadFields(
            session: ["sessionId", "session_id"], transcript: ["transcriptPath", "transcript_path"],
            agentID: ["agentId", "agent_id"], agentType: ["agentType", "agent_type", "agentName", "agent_name"],
            tool: ["toolName", "tool_name"], input: ["toolArgs", "toolInput", "tool_input", "tool_args"],
            response: ["toolResult", "tool_result"], message: ["response"], ambient: ["timestamp"]),
        events: rows("preToolUse", "PreToolUse") {
            EventCapability(
                $0, .beforeTool, canBlock: true, canAsk: true, canGrant: true, onCrash: .blocks, isInstalled: $1,
                limit: "the cloud agent takes an ask for a deny; carries no id of the call")
        }
            + rows("permissionRequest", "PermissionRequest") {
                EventCapability(
                    $0, .permissionRequest, canBlock: true, canAsk: true, canGrant: true, isInstalled: $1,
                    limit: "not sent for reads, nor by the cloud agent")
            }
            + rows("postToolUse", "PostToolUse") {
                EventCapability($0, .afterTool, canReplaceOutput: true, canAddContext: true, isInstalled: $1)
            }
            + rows("postToolUseFailure", "PostToolUseFailure") {
                EventCapability($0, .afterTool, isInstalled: $1)
            }
            + rows("userPromptSubmitted", "UserPromptSubmit") {
                EventCapability($0, .prompt, isInstalled: $1, limit: "a prompt cannot be refused")
            }
            + rows("sessionStart", "SessionStart") {
                EventCapability($0, .sessionStart, canAddContext: true, isInstalled: $1)
            } + rows("sessionEnd", "SessionEnd") { EventCapability($0, .sessionEnd, isInstalled: $1) }
            + rows("agentStop", "Stop") {
                EventCapability(
                    $0, .stop, canBlock: true, isInstalled: $1, limit: "a deny keeps it running, at most 8 times")
            }
            + rows("subagentStart", "SubagentStart") {
                EventCapability(
                    $0, .subagentStart, canAddContext: true, isInstalled: $1,
                    limit: "the built-in general-purpose sub-agent sends none")
            }
            + rows("subagentStop", "SubagentStop") {
                EventCapability($0, .subagentStop, canBlock: true, isInstalled: $1)
            }
            + [
                "userPromptTransformed", "preCompact", "PreCompact", "errorOccurred", "ErrorOccurred", "notification",
                "Notification",
            ].map {
                EventCapability($0, .other)
            },
        tools: [
            "bash": NativeTool("Bash", ["cwd": "working_directory"]),
            "powershell": NativeTool("PowerShell", ["cwd": "working_directory"]),
            "write_bash": NativeTool("WriteStdin"), "write_powershell": NativeTool("WriteStdin"),
            "read_bash": NativeTool("BashOutput"), "read_powershell": NativeTool("BashOutput"),
            "stop_bash": NativeTool("KillShell"), "stop_powershell": NativeTool("KillShell"),
            "view": NativeTool("Read", ["path": "file_path"]),
            "create": NativeTool("Write", ["path": "file_path", "file_text": "content"]),
            "edit": NativeTool("Edit", ["path": "file_path", "old_str": "old_string", "new_str": "new_string"]),
            "str_replace_editor": NativeTool(
                "Editor",
                ["path": "file_path", "old_str": "old_string", "new_str": "new_string", "file_text": "content"]),
            "apply_patch": NativeTool("ApplyPatch", ["input": "patch", "command": "patch"]),
            "grep": NativeTool("Grep"), "rg": NativeTool("Grep"), "glob": NativeTool("Glob"),
            "web_fetch": NativeTool("WebFetch"), "web_search": NativeTool("WebSearch"),
            "task": NativeTool("Agent", ["agent_type": "subagent_type"]),
            "ask_user": NativeTool("AskUserQuestion"), "update_todo": NativeTool("TodoWrite"),
            "skill": NativeTool("Skill"), "store_memory": NativeTool("Remember", ["fact": "content"]),
        ].merging(ClaudeCode.tools) { own, _ in own },
        mcp: .dashed,
        answers: AnswerStyle(
            idle: [.flatPermission: .object([]), .flatBehavior: .object([]), .emptyObject: .object([])],
            context: .top("additionalContext"), replacement: .top("modifiedResult")),
        limits: [
            "A time-out lets the call through, policy hooks included; a crash stops a tool.",
            "In prompt mode hooks of a repository run in trusted folders only.",
            "The cloud agent reads `.github/hooks` alone, and needs the hook's program on its own machine.",
            "It also starts the hooks in Claude Code's settings; such a second delivery is decided once.",
        ])

    /// Installed under its own spelling, understood under both.
    private static func rows(
        _ camel: String, _ pascal: String, _ row: (_ name: String, _ isInstalled: Bool) -> EventCapability
    ) -> [EventCapability] {
        [row(camel, true), row(pascal, false)]
    }

    /// The older dialect names no event: what an event carries says which one it is.
    public func event(of fields: JSON) -> String {
        func has(_ key: String) -> Bool { fields[key] != nil }
        if has("toolName") {
            if has("toolResult") { return "postToolUse" }
            if has("error") { return "postToolUseFailure" }
            if has("toolInput"), !has("toolArgs") { return "permissionRequest" }
            return "preToolUse"
        }
        if has("transformedPrompt") { return "userPromptTransformed" }
        if has("errorContext") { return "errorOccurred" }
        if has("notification_type") { return "notification" }
        if has("agentId") || has("response") { return "subagentStop" }
        if has("agentName") { return "subagentStart" }
        if has("stopReason") || has("stop_hook_active") { return "agentStop" }
        if has("trigger") { return "preCompact" }
        if has("source") { return "sessionStart" }
        if has("reason") { return "sessionEnd" }
        return has("prompt") ? "userPromptSubmitted" : ""
    }
}
