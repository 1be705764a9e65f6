// SPDX-License-Identifier: Apache-2.0

import WritCore
import WritWire

/// OpenCode, through Writ's plugin: the events are the plugin's hooks, the answers its own small objects.
public struct OpenCode: TableAdapter {
    /// Creates the adapter.
    public init() {}

    public static let table = AgentTable(
        "opencode",
        fields: PayloadFields(ambient: ["timestamp"]),
        events: [
            EventCapability(
                "tool.execute.before", .beforeTool, canBlock: true, onTimeout: .blocks, onCrash: .blocks,
                isInstalled: true, limit: "an ask is refused with its reason"),
            EventCapability(
                "tool.execute.after", .afterTool, canBlock: true, canReplaceOutput: true, canAddContext: true,
                onTimeout: .blocks, onCrash: .blocks, isInstalled: true,
                limit: "a deny puts its reason in the output's place; not called when the tool throws"),
            EventCapability(
                "chat.message", .prompt, canBlock: true, onTimeout: .blocks, onCrash: .blocks, isInstalled: true),
            EventCapability("session.created", .sessionStart, isInstalled: true),
            EventCapability("session.idle", .stop, isInstalled: true),
            EventCapability("session.deleted", .sessionEnd, isInstalled: true),
            EventCapability("permission.ask", .permissionRequest, canBlock: true),
            EventCapability("command.execute.before", .other, canBlock: true),
        ],
        tools: [
            "bash": NativeTool("Bash", ["workdir": "working_directory"]),
            "read": NativeTool("Read", ["filePath": "file_path"]),
            "write": NativeTool("Write", ["filePath": "file_path"]),
            "edit": NativeTool(
                "Edit",
                [
                    "filePath": "file_path", "oldString": "old_string", "newString": "new_string",
                    "replaceAll": "replace_all",
                ]),
            "multiedit": NativeTool("MultiEdit", ["filePath": "file_path"]),
            "patch": NativeTool("ApplyPatch", ["patchText": "patch"]),
            "apply_patch": NativeTool("ApplyPatch", ["patchText": "patch"]),
            "glob": NativeTool("Glob"), "grep": NativeTool("Grep", ["include": "glob"]), "list": NativeTool("LS"),
            "webfetch": NativeTool("WebFetch"), "websearch": NativeTool("WebSearch"), "task": NativeTool("Agent"),
            "todowrite": NativeTool("TodoWrite"), "todoread": NativeTool("TaskList"),
            "skill": NativeTool("Skill", ["name": "skill"]), "question": NativeTool("AskUserQuestion"),
        ],
        mcp: .underscored,
        answers: AnswerStyle(
            idle: [.plugin: ["verdict": "allow"], .emptyObject: .object([])], context: .top("note"),
            replacement: .top("output"), grants: false),
        limits: [
            "Other plugins run in the same process and can change a call after Writ has seen it.",
            "The plugin refuses when the hook is missing, crashes or hangs.",
        ])
}
