// SPDX-License-Identifier: Apache-2.0

import WritCore
import WritWire

/// Goose's hooks, shipped as a plugin folder. Only two of its events can stop something.
public struct Goose: TableAdapter {
    /// Creates the adapter.
    public init() {}

    public static let table = AgentTable(
        "goose",
        fields: PayloadFields(
            event: ["event", "hook_event_name"], directory: ["working_dir", "cwd"], toolUse: ["tool_call_id"],
            response: ["tool_response", "tool_output", "message"], failure: ["error", "message"],
            prompt: ["message", "prompt"], ambient: ["matcher_context"]),
        events: [
            EventCapability(
                "PreToolUse", .beforeTool, canBlock: true, onTimeout: .blocks, onCrash: .blocks, isInstalled: true,
                limit: "an ask is refused with its reason; a failure blocks since the entry says so"),
            EventCapability("PostToolUse", .afterTool, isInstalled: true),
            EventCapability("PostToolUseFailure", .afterTool),
            EventCapability("PreToolUseResult", .other),
            EventCapability("UserPromptSubmit", .prompt, isInstalled: true, limit: "a prompt cannot be refused"),
            EventCapability("SessionStart", .sessionStart, isInstalled: true),
            EventCapability("SessionEnd", .sessionEnd, isInstalled: true),
            EventCapability("Stop", .stop, canBlock: true, isInstalled: true, limit: "refusals are capped"),
            EventCapability("BeforeReadFile", .other, limit: "can only be watched"),
            EventCapability("AfterFileEdit", .other),
            EventCapability("BeforeShellExecution", .other, limit: "can only be watched"),
            EventCapability("AfterShellExecution", .other),
        ],
        tools: [
            "developer__shell": NativeTool("Bash"), "shell": NativeTool("Bash"),
            "developer__write": NativeTool("Write", ["path": "file_path"]),
            "write": NativeTool("Write", ["path": "file_path"]),
            "developer__edit": NativeTool(
                "Edit", ["path": "file_path", "before": "old_string", "after": "new_string"]),
            "edit": NativeTool("Edit", ["path": "file_path", "before": "old_string", "after": "new_string"]),
            "developer__text_editor": NativeTool(
                "Editor",
                ["path": "file_path", "file_text": "content", "old_str": "old_string", "new_str": "new_string"]),
            "developer__read": NativeTool("Read", ["path": "file_path"]), "developer__tree": NativeTool("LS"),
            "developer__analyze": NativeTool("LS"),
            "developer__image_processor": NativeTool("Read", ["path": "file_path"]),
            "memory__remember_memory": NativeTool("Remember", ["data": "content"]),
            "todo__todo_write": NativeTool("TodoWrite"), "subagent": NativeTool("Agent", ["instructions": "prompt"]),
            "delegate": NativeTool("Agent", ["instructions": "prompt"]),
        ],
        mcp: .bare, answers: AnswerStyle(idle: [.block: ["decision": "allow"]], grants: false),
        limits: ["Reading a file and running a command by other means than a tool can only be watched."])
}
