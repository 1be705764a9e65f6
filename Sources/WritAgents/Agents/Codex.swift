// SPDX-License-Identifier: Apache-2.0

public import WritCore
import WritWire

/// Codex's hooks. Its output schema rejects unknown keys, and a rejected answer lets the tool run, so answers are
/// minimal.
public struct Codex: TableAdapter {
    /// Creates the adapter.
    public init() {}

    public static let table = AgentTable(
        "codex",
        events: [
            EventCapability(
                "PreToolUse", .beforeTool, canBlock: true, isInstalled: true,
                limit: "an ask is reported as a failure and the tool runs, so it becomes a deny"),
            EventCapability(
                "PermissionRequest", .permissionRequest, canBlock: true, canAsk: true, canGrant: true, isInstalled: true
            ),
            EventCapability(
                "PostToolUse", .afterTool, canBlock: true, canReplaceOutput: true, canAddContext: true,
                isInstalled: true, limit: "a deny puts its reason in the output's place; the effect has happened"),
            EventCapability("UserPromptSubmit", .prompt, canBlock: true, canAddContext: true, isInstalled: true),
            EventCapability("SessionStart", .sessionStart, canAddContext: true, isInstalled: true),
            EventCapability("SessionEnd", .sessionEnd, isInstalled: true),
            EventCapability("SubagentStart", .subagentStart, canAddContext: true, isInstalled: true),
            EventCapability("SubagentStop", .subagentStop, canBlock: true, isInstalled: true),
            EventCapability("Stop", .stop, canBlock: true, isInstalled: true),
            EventCapability("PreCompact", .other), EventCapability("PostCompact", .other),
        ],
        tools: [
            "Bash": NativeTool("Bash"), "shell": NativeTool("Bash", ["workdir": "working_directory"]),
            "local_shell": NativeTool("Bash", ["workdir": "working_directory"]),
            "exec_command": NativeTool("Bash", ["cmd": "command", "workdir": "working_directory"]),
            "write_stdin": NativeTool("WriteStdin", ["chars": "input"]),
            "apply_patch": NativeTool("ApplyPatch", ["command": "patch", "input": "patch"]),
            "update_plan": NativeTool("TodoWrite", ["plan": "todos"]),
            "view_image": NativeTool("Read", ["path": "file_path"]),
            "web_search": NativeTool("WebSearch"),
        ],
        mcp: .doubled,
        answers: AnswerStyle(
            idle: [.emptyObject: .object([])], replacement: .reason,
            halts: ["SessionStart", "UserPromptSubmit", "PostToolUse", "PreCompact", "PostCompact", "Stop"],
            notesRefusals: false, blocksMCP: true),
        limits: [
            "A hook that nobody has reviewed under /hooks is skipped, and a changed entry must be reviewed again.",
            "Web search and what is typed into a running shell fire no event; files are read by commands alone.",
            "A crash, a time-out, an empty reason and an unknown key all let the tool run.",
        ])

    public func encode(_ decision: Decision, for delivery: Delivery, replacement: JSON?) -> HookAnswer {
        var decision = decision
        // A bare grant is an unsupported answer before a tool, and means nothing that silence does not.
        if delivery.event == "PreToolUse" {
            decision.isExplicitGrant = false
            decision.obligations = []
        }
        return AnswerWriter.answer(
            decision, delivery, capability(for: delivery), Self.table, replacement: replacement)
    }
}
