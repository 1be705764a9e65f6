// SPDX-License-Identifier: Apache-2.0

import WritCore
import WritWire

/// Hooks of agent mode in VS Code: Claude Code's answers, its own payloads and tools.
public struct VSCode: TableAdapter {
    /// Creates the adapter.
    public init() {}

    public static let table = AgentTable(
        "vscode",
        fields: PayloadFields(
            event: ["hookEventName", "hook_event_name"], session: ["sessionId", "session_id"],
            agentID: ["agentId", "agent_id"], agentType: ["agentType", "agent_type"], ambient: ["timestamp"]),
        events: [
            EventCapability(
                "PreToolUse", .beforeTool, canBlock: true, canAsk: true, canGrant: true, canAddContext: true,
                isInstalled: true, limit: "matchers in the settings are ignored: the hook sees every tool"),
            EventCapability(
                "PostToolUse", .afterTool, canBlock: true, canAddContext: true, isInstalled: true,
                limit: "a deny adds feedback beside the result"),
            EventCapability(
                "UserPromptSubmit", .prompt, canBlock: true, isInstalled: true, limit: "a deny ends the request"),
            EventCapability("SessionStart", .sessionStart, canAddContext: true, isInstalled: true),
            EventCapability("SubagentStart", .subagentStart, canAddContext: true, isInstalled: true),
            EventCapability("SubagentStop", .subagentStop, canBlock: true, isInstalled: true),
            EventCapability("Stop", .stop, canBlock: true, isInstalled: true),
            EventCapability("PreCompact", .other),
        ],
        tools: [
            "runTerminalCommand": NativeTool("Bash", ["cwd": "working_directory"]),
            "run_in_terminal": NativeTool("Bash", ["cwd": "working_directory", "isBackground": "run_in_background"]),
            "send_to_terminal": NativeTool("WriteStdin", ["command": "input", "text": "input"]),
            "get_terminal_output": NativeTool("BashOutput"), "kill_terminal": NativeTool("KillShell"),
            "readFile": NativeTool("Read", ["filePath": "file_path", "path": "file_path"]),
            "read_file": NativeTool("Read", ["filePath": "file_path", "path": "file_path"]),
            "createFile": NativeTool("Write", ["filePath": "file_path", "path": "file_path"]),
            "create_file": NativeTool("Write", ["filePath": "file_path", "path": "file_path"]),
            "editFiles": NativeTool("EditMany", ["files": "paths"]),
            "insert_edit_into_file": NativeTool("Edit", ["filePath": "file_path", "code": "new_string"]),
            "replace_string_in_file": NativeTool(
                "Edit", ["filePath": "file_path", "oldString": "old_string", "newString": "new_string"]),
            "multi_replace_string_in_file": NativeTool("EditMany", ["replacements": "paths"]),
            "apply_patch": NativeTool("ApplyPatch", ["input": "patch"]),
            "deleteFile": NativeTool("Delete", ["filePath": "file_path", "path": "file_path"]),
            "create_directory": NativeTool("MakeFolder", ["dirPath": "file_path"]),
            "edit_notebook_file": NativeTool("NotebookEdit", ["filePath": "notebook_path", "newCode": "new_source"]),
            "list_dir": NativeTool("LS"), "file_search": NativeTool("Glob", ["query": "pattern"]),
            "grep_search": NativeTool("Grep", ["query": "pattern", "includePattern": "glob"]),
            "fetch": NativeTool("WebFetch"), "fetch_webpage": NativeTool("WebFetch"),
            "open_simple_browser": NativeTool("Browse"),
            "runSubagent": NativeTool("Agent", ["agentName": "subagent_type"]),
            "manage_todo_list": NativeTool("TodoWrite"), "vscode_askQuestions": NativeTool("AskUserQuestion"),
        ],
        mcp: .single,
        answers: AnswerStyle(
            idle: [
                .permissionDecision: ["continue": true], .block: ["continue": true], .halt: ["continue": true],
                .goOn: ["continue": true],
            ], stop: .nestedBlock, halts: ["*"], tellsPerson: ["PostToolUse"]),
        limits: [
            "Names of tools change between versions; a tool that is not in the table is judged by its arguments.",
            "With remote folders the hook runs where the extension host runs.",
            "A crash and a time-out let the call through; an organisation can turn hooks off.",
            "It also starts the hooks in Claude Code's settings; such a second delivery is decided once.",
        ])
}
