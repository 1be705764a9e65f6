// SPDX-License-Identifier: Apache-2.0

import WritCore
import WritWire

/// Amp, through Writ's plugin: the events are the plugin's, the answers its own small objects.
public struct Amp: TableAdapter {
    /// Creates the adapter.
    public init() {}

    public static let table = AgentTable(
        "amp", fields: PayloadFields(ambient: ["timestamp"]),
        events: [
            EventCapability(
                "tool.call", .beforeTool, canBlock: true, canAsk: true, onTimeout: .blocks, onCrash: .blocks,
                isInstalled: true, limit: "an ask needs a foreground thread; elsewhere the plugin refuses"),
            EventCapability(
                "tool.result", .afterTool, canBlock: true, canReplaceOutput: true, onTimeout: .blocks,
                onCrash: .blocks, isInstalled: true, limit: "a deny puts its reason in the output's place"),
            EventCapability("session.start", .sessionStart, isInstalled: true),
            EventCapability("agent.start", .prompt, isInstalled: true, limit: "a prompt cannot be refused"),
            EventCapability("agent.end", .stop, isInstalled: true),
        ],
        tools: [
            "Bash": NativeTool("Bash", ["cmd": "command", "cwd": "working_directory"]),
            "Read": NativeTool("Read", ["path": "file_path"]),
            "create_file": NativeTool("Write", ["path": "file_path"]),
            "edit_file": NativeTool("Edit", ["path": "file_path", "old_str": "old_string", "new_str": "new_string"]),
            "delete_file": NativeTool("Delete", ["path": "file_path"]),
            "apply_patch": NativeTool("ApplyPatch", ["input": "patch"]),
            "glob": NativeTool("Glob", ["filePattern": "pattern"]), "Grep": NativeTool("Grep"),
            "list_directory": NativeTool("LS"), "read_web_page": NativeTool("WebFetch"),
            "web_search": NativeTool("WebSearch"), "Task": NativeTool("Agent"), "todo_write": NativeTool("TodoWrite"),
            "skill": NativeTool("Skill", ["name": "skill"]),
        ],
        mcp: .doubled,
        answers: AnswerStyle(
            idle: [.plugin: ["verdict": "allow"], .emptyObject: .object([])], replacement: .top("output"),
            grants: false),
        limits: [
            "Without `--plugin-ready-timeout` a headless run can begin before plugins are there.",
            "Other plugins run in the same process, in no defined order.",
            "The plugin refuses when the hook is missing, crashes or hangs.",
        ])
}
