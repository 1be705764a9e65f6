// SPDX-License-Identifier: Apache-2.0

import WritCore

/// Qwen Code: Claude Code's events and answers over Gemini CLI's tools.
public struct QwenCode: TableAdapter {
    /// Creates the adapter.
    public init() {}

    public static let table = AgentTable(
        "qwen-code",
        fields: PayloadFields(toolUse: ["tool_use_id", "tool_call_id"], ambient: ["timestamp"]),
        events: [
            EventCapability(
                "PreToolUse", .beforeTool, canBlock: true, canAsk: true, canGrant: true, canAddContext: true,
                isInstalled: true, limit: "an ask is a deny in headless and background runs"),
            EventCapability(
                "PermissionRequest", .permissionRequest, canBlock: true, canAsk: true, canGrant: true,
                isInstalled: true),
            EventCapability(
                "PostToolUse", .afterTool, canBlock: true, canAddContext: true, isInstalled: true,
                limit: "a deny adds feedback beside the result"),
            EventCapability("PostToolUseFailure", .afterTool, canAddContext: true, isInstalled: true),
            EventCapability("UserPromptSubmit", .prompt, canBlock: true, canAddContext: true, isInstalled: true),
            EventCapability("SessionStart", .sessionStart, canAddContext: true, isInstalled: true),
            EventCapability("SessionEnd", .sessionEnd, isInstalled: true),
            EventCapability("SubagentStart", .subagentStart, canAddContext: true, isInstalled: true),
            EventCapability("SubagentStop", .subagentStop, canBlock: true, isInstalled: true),
            EventCapability("Stop", .stop, canBlock: true, isInstalled: true),
            EventCapability("PreCompact", .other), EventCapability("SessionDelete", .other),
            EventCapability("MessageDisplay", .other), EventCapability("Notification", .other),
            EventCapability("PermissionDenied", .other), EventCapability("TodoCreated", .other),
            EventCapability("TodoCompleted", .other),
        ],
        tools: GeminiCLI.tools.merging(["agent": NativeTool("Agent"), "lsp": NativeTool("ToolSearch")]) { _, new in new
        },
        mcp: .single, answers: AnswerStyle(halts: ["*"]),
        limits: [
            "A crash other than exit code 2 and a time-out let the call through.",
            "`disableAllHooks` in any settings file turns hooks off.",
        ])
}
