// SPDX-License-Identifier: Apache-2.0

/// What the hook must know of an agent to refuse without a daemon: how the event is named in a payload, and how each
/// event says no. One array an agent, made only when that agent calls, so the number of agents costs nothing.
struct HookEvents {
    typealias Row = (event: String, spelling: ClosedAnswer.Spelling)

    /// The payload's key that names the event; nil when none does.
    let key: StaticString?
    let rows: [Row]
    /// For an event that is not in the table.
    let unknown: ClosedAnswer.Spelling

    private init(_ key: StaticString?, _ rows: [Row], unknown: ClosedAnswer.Spelling = .exitCode) {
        self.key = key
        self.rows = rows
        self.unknown = unknown
    }

    static func of(_ agent: String) -> HookEvents {
        switch agent {
        case "claude-code": claudeCode
        case "cursor": cursor
        case "codex": codex
        case "gemini-cli": geminiCLI
        case "copilot-cli": copilotCLI
        case "vscode": vscode
        case "windsurf": windsurf
        case "kiro": kiro
        case "opencode": opencode
        case "qwen-code": qwenCode
        case "cline": cline
        case "amp": amp
        case "factory-droid": factoryDroid
        case "goose": goose
        default: other
        }
    }

    private static let other = HookEvents("hook_event_name", [])

    private static let claudeCode = HookEvents(
        "hook_event_name",
        [
            ("PreToolUse", .permissionDecision), ("PermissionRequest", .permissionBehavior),
            ("UserPromptSubmit", .block), ("UserPromptExpansion", .block), ("PostToolUse", .block),
            ("PostToolBatch", .block), ("ConfigChange", .block), ("Elicitation", .decline),
            ("ElicitationResult", .decline),
            // Cannot stop anything.
            ("SessionStart", .neutral), ("SessionEnd", .neutral), ("Setup", .neutral), ("SubagentStart", .neutral),
            ("PostToolUseFailure", .neutral), ("PermissionDenied", .neutral), ("Notification", .neutral),
            ("InstructionsLoaded", .neutral), ("StopFailure", .neutral), ("PostCompact", .neutral),
            ("CwdChanged", .neutral), ("DirectoryAdded", .neutral), ("FileChanged", .neutral),
            ("WorktreeRemove", .neutral), ("MessageDisplay", .neutral), ("TaskCreated", .neutral),
            // Refused, they would trap the agent.
            ("Stop", .neutral), ("SubagentStop", .neutral), ("PreCompact", .neutral), ("TeammateIdle", .neutral),
            ("TaskCompleted", .neutral),
        ])

    private static let cursor = HookEvents(
        "hook_event_name",
        [
            ("preToolUse", .permission), ("beforeShellExecution", .permission), ("beforeMCPExecution", .permission),
            ("beforeReadFile", .shortPermission), ("beforeTabFileRead", .shortPermission),
            ("subagentStart", .shortPermission), ("beforeSubmitPrompt", .promptStop),
            // With `failClosed`, silence would be a failure.
            ("sessionStart", .emptyObject), ("sessionEnd", .emptyObject), ("postToolUse", .emptyObject),
            ("postToolUseFailure", .emptyObject), ("afterShellExecution", .emptyObject),
            ("afterMCPExecution", .emptyObject), ("afterFileEdit", .emptyObject), ("afterTabFileEdit", .emptyObject),
            ("subagentStop", .emptyObject), ("preCompact", .emptyObject), ("stop", .emptyObject),
            ("afterAgentResponse", .emptyObject), ("afterAgentThought", .emptyObject), ("workspaceOpen", .emptyObject),
        ])

    private static let codex = HookEvents(
        "hook_event_name",
        [
            ("PreToolUse", .permissionDecision), ("PermissionRequest", .shortBehavior), ("PostToolUse", .block),
            ("UserPromptSubmit", .block), ("SessionStart", .neutral), ("SessionEnd", .neutral),
            ("PreCompact", .neutral), ("PostCompact", .neutral), ("SubagentStart", .neutral),
            ("SubagentStop", .emptyObject), ("Stop", .emptyObject),
        ])

    private static let geminiCLI = HookEvents(
        "hook_event_name",
        [
            ("BeforeTool", .deny), ("AfterTool", .deny), ("BeforeAgent", .deny), ("BeforeModel", .deny),
            ("AfterModel", .deny), ("SessionStart", .emptyObject), ("SessionEnd", .emptyObject),
            ("BeforeToolSelection", .emptyObject), ("AfterAgent", .emptyObject), ("Notification", .emptyObject),
            ("PreCompress", .emptyObject),
        ])

    /// Both spellings of each name: the one in the settings chooses the payload's dialect.
    private static let copilotCLI = HookEvents(
        "hook_event_name",
        [
            ("preToolUse", .flatPermission), ("PreToolUse", .flatPermission), ("permissionRequest", .flatBehavior),
            ("PermissionRequest", .flatBehavior), ("postToolUse", .emptyObject), ("PostToolUse", .emptyObject),
            ("postToolUseFailure", .emptyObject), ("PostToolUseFailure", .emptyObject),
            ("userPromptSubmitted", .emptyObject), ("UserPromptSubmit", .emptyObject),
            ("userPromptTransformed", .emptyObject), ("sessionStart", .emptyObject), ("SessionStart", .emptyObject),
            ("sessionEnd", .emptyObject), ("SessionEnd", .emptyObject), ("agentStop", .emptyObject),
            ("Stop", .emptyObject), ("subagentStart", .emptyObject), ("SubagentStart", .emptyObject),
            ("subagentStop", .emptyObject), ("SubagentStop", .emptyObject), ("preCompact", .emptyObject),
            ("PreCompact", .emptyObject), ("errorOccurred", .emptyObject), ("ErrorOccurred", .emptyObject),
            ("notification", .emptyObject), ("Notification", .emptyObject),
        ])

    private static let vscode = HookEvents(
        "hookEventName",
        [
            ("PreToolUse", .permissionDecision), ("PostToolUse", .block), ("UserPromptSubmit", .halt),
            ("SessionStart", .goOn), ("PreCompact", .goOn), ("SubagentStart", .goOn), ("SubagentStop", .goOn),
            ("Stop", .goOn),
        ])

    private static let windsurf = HookEvents(
        "agent_action_name",
        [
            ("pre_run_command", .exitCode), ("pre_read_code", .exitCode), ("pre_write_code", .exitCode),
            ("pre_mcp_tool_use", .exitCode), ("pre_user_prompt", .exitCode), ("post_run_command", .neutral),
            ("post_read_code", .neutral), ("post_write_code", .neutral), ("post_mcp_tool_use", .neutral),
            ("post_cascade_response", .neutral), ("post_cascade_response_with_transcript", .neutral),
            ("post_setup_worktree", .neutral),
        ])

    /// The names of the older agent files and those of the newer hook files.
    private static let kiro = HookEvents(
        "hook_event_name",
        [
            ("preToolUse", .exitCode), ("PreToolUse", .exitCode), ("userPromptSubmit", .exitCode),
            ("UserPromptSubmit", .exitCode), ("preTaskExec", .exitCode), ("PreTaskExec", .exitCode),
            ("postToolUse", .neutral), ("PostToolUse", .neutral), ("agentSpawn", .neutral), ("AgentSpawn", .neutral),
            ("sessionStart", .neutral), ("SessionStart", .neutral), ("sessionEnd", .neutral), ("SessionEnd", .neutral),
            ("stop", .neutral), ("Stop", .neutral), ("postTaskExec", .neutral), ("PostTaskExec", .neutral),
            ("PostFileCreate", .neutral), ("PostFileSave", .neutral), ("PostFileDelete", .neutral),
            ("Manual", .neutral),
        ])

    private static let opencode = HookEvents(
        "hook_event_name",
        [
            ("tool.execute.before", .plugin), ("tool.execute.after", .plugin), ("command.execute.before", .plugin),
            ("permission.ask", .plugin), ("chat.message", .plugin), ("session.created", .emptyObject),
            ("session.idle", .emptyObject), ("session.deleted", .emptyObject),
        ], unknown: .plugin)

    private static let qwenCode = HookEvents(
        "hook_event_name",
        [
            ("PreToolUse", .permissionDecision), ("PermissionRequest", .permissionBehavior), ("PostToolUse", .block),
            ("UserPromptSubmit", .block), ("PostToolUseFailure", .neutral), ("PermissionDenied", .neutral),
            ("SessionStart", .neutral), ("SessionEnd", .neutral), ("SessionDelete", .neutral),
            ("MessageDisplay", .neutral), ("Notification", .neutral), ("SubagentStart", .neutral),
            ("SubagentStop", .neutral), ("Stop", .neutral), ("PreCompact", .neutral), ("TodoCreated", .neutral),
            ("TodoCompleted", .neutral),
        ])

    /// The events' names as files are called, and the names that the library puts in the payload.
    private static let cline = HookEvents(
        "hookName",
        [
            ("PreToolUse", .cancel), ("tool_call", .cancel), ("UserPromptSubmit", .cancel), ("prompt_submit", .cancel),
            ("PostToolUse", .emptyObject), ("tool_result", .emptyObject), ("TaskStart", .emptyObject),
            ("agent_start", .emptyObject), ("TaskResume", .emptyObject), ("agent_resume", .emptyObject),
            ("TaskCancel", .emptyObject), ("agent_abort", .emptyObject), ("TaskComplete", .emptyObject),
            ("agent_end", .emptyObject), ("TaskError", .emptyObject), ("agent_error", .emptyObject),
            ("PreCompact", .emptyObject), ("Notification", .emptyObject), ("SessionShutdown", .emptyObject),
            ("session_shutdown", .emptyObject),
        ], unknown: .cancel)

    private static let amp = HookEvents(
        "hook_event_name",
        [
            ("tool.call", .plugin), ("tool.result", .plugin), ("session.start", .emptyObject),
            ("agent.start", .emptyObject), ("agent.end", .emptyObject),
        ], unknown: .plugin)

    private static let factoryDroid = HookEvents(
        "hook_event_name",
        [
            ("PreToolUse", .permissionDecision), ("PermissionRequest", .permissionBehavior), ("PostToolUse", .block),
            ("UserPromptSubmit", .block), ("Notification", .neutral), ("Stop", .neutral), ("SubagentStop", .neutral),
            ("PreCompact", .neutral), ("SessionStart", .neutral), ("SessionEnd", .neutral),
        ])

    private static let goose = HookEvents(
        "event",
        [
            ("PreToolUse", .block), ("PreToolUseResult", .neutral), ("PostToolUse", .neutral),
            ("PostToolUseFailure", .neutral), ("UserPromptSubmit", .neutral), ("SessionStart", .neutral),
            ("SessionEnd", .neutral), ("Stop", .neutral), ("BeforeReadFile", .neutral), ("AfterFileEdit", .neutral),
            ("BeforeShellExecution", .neutral), ("AfterShellExecution", .neutral),
        ])
}
