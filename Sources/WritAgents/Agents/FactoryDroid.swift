// SPDX-License-Identifier: Apache-2.0

import WritCore

/// Factory Droid: Claude Code's events and answers with tools of its own.
public struct FactoryDroid: TableAdapter {
    /// Creates the adapter.
    public init() {}

    public static let table = AgentTable(
        "factory-droid",
        fields: PayloadFields(message: ["last_assistant_message", "task_result"], ambient: ["message_id"]),
        events: [
            EventCapability(
                "PreToolUse", .beforeTool, canBlock: true, canAsk: true, canGrant: true, canAddContext: true,
                isInstalled: true),
            EventCapability("PermissionRequest", .permissionRequest, canBlock: true, canAsk: true, canGrant: true),
            EventCapability(
                "PostToolUse", .afterTool, canBlock: true, canAddContext: true, isInstalled: true,
                limit: "a deny adds feedback beside the result"),
            EventCapability("UserPromptSubmit", .prompt, canBlock: true, canAddContext: true, isInstalled: true),
            EventCapability("SessionStart", .sessionStart, canAddContext: true, isInstalled: true),
            EventCapability("SessionEnd", .sessionEnd, isInstalled: true),
            EventCapability("SubagentStop", .subagentStop, canBlock: true, isInstalled: true),
            EventCapability("Stop", .stop, canBlock: true, isInstalled: true),
            EventCapability("Notification", .other), EventCapability("PreCompact", .other),
        ],
        tools: [
            "Execute": NativeTool("Bash", ["cwd": "working_directory"]), "Read": NativeTool("Read"),
            "Edit": NativeTool("Edit", ["old_str": "old_string", "new_str": "new_string"]),
            "MultiEdit": NativeTool("MultiEdit"), "Create": NativeTool("Write"),
            "ApplyPatch": NativeTool("ApplyPatch", ["input": "patch"]),
            "LS": NativeTool("LS", ["directory_path": "path"]),
            "Glob": NativeTool("Glob", ["patterns": "pattern", "folder": "path"]),
            "Grep": NativeTool("Grep", ["glob_pattern": "glob"]), "Task": NativeTool("Agent"),
            "FetchUrl": NativeTool("WebFetch"), "WebSearch": NativeTool("WebSearch"),
            "TodoWrite": NativeTool("TodoWrite"), "Skill": NativeTool("Skill"),
            "ExitSpecMode": NativeTool("ExitPlanMode"),
        ],
        mcp: .doubled, answers: AnswerStyle(halts: ["*"]),
        limits: [
            "A crash other than exit code 2 lets the call through; what a time-out does is not documented.",
            "Hooks are read once, when a session starts.",
        ])
}
