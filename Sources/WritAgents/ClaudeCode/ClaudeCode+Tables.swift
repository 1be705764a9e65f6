// SPDX-License-Identifier: Apache-2.0

public import WritCore

extension ClaudeCode {
    static let eventTable: [EventCapability] = [
        EventCapability(
            "PreToolUse", .beforeTool, canBlock: true, canAsk: true, canGrant: true, canAddContext: true,
            isInstalled: true, limit: "files named with @ in a prompt are read without this event"),
        EventCapability(
            "PermissionRequest", .permissionRequest, canBlock: true, canAsk: true, canGrant: true, isInstalled: true,
            limit: "exit code 2 is not honoured"),
        EventCapability(
            "PostToolUse", .afterTool, canBlock: true, canReplaceOutput: true, canAddContext: true, isInstalled: true,
            limit: "a deny adds feedback beside the result; the effect has happened"),
        EventCapability(
            "PostToolUseFailure", .afterTool, canAddContext: true, isInstalled: true,
            limit: "the error text reaches the model whatever is answered"),
        EventCapability(
            "UserPromptSubmit", .prompt, canBlock: true, canAddContext: true, isInstalled: true,
            limit: "a prompt can be refused, not rewritten"),
        EventCapability("SessionStart", .sessionStart, canAddContext: true, isInstalled: true),
        EventCapability(
            "SessionEnd", .sessionEnd, isInstalled: true, limit: "all hooks together have 1.5 seconds"),
        EventCapability("SubagentStart", .subagentStart, canAddContext: true, isInstalled: true),
        EventCapability(
            "SubagentStop", .subagentStop, canBlock: true, isInstalled: true, limit: "a deny keeps it running"),
        EventCapability(
            "Stop", .stop, canBlock: true, canAddContext: true, isInstalled: true,
            limit: "a deny keeps it running, at most 8 times in a row"),
        EventCapability(
            "ConfigChange", .configChange, canBlock: true, isInstalled: true,
            limit: "managed settings cannot be refused; the reason is not shown"),
        EventCapability("UserPromptExpansion", .prompt, canBlock: true),
        EventCapability("PostToolBatch", .other, canBlock: true, canAddContext: true),
        EventCapability("PreCompact", .other, canBlock: true),
        EventCapability("PostCompact", .other),
        EventCapability("PermissionDenied", .other),
        EventCapability("Elicitation", .other, canBlock: true),
        EventCapability("ElicitationResult", .other, canBlock: true),
        EventCapability("Setup", .other, canAddContext: true),
        EventCapability("InstructionsLoaded", .other),
        EventCapability("Notification", .other),
        EventCapability("StopFailure", .other),
        EventCapability("CwdChanged", .other),
        EventCapability("DirectoryAdded", .other),
        EventCapability("FileChanged", .other),
        EventCapability("WorktreeRemove", .other),
        EventCapability("MessageDisplay", .other),
    ]

    /// Built-in tools and what their arguments mean.
    static let toolTable: [String: ToolShape] = [
        "Bash": ToolShape(.shellExec, command: "command"),
        "Monitor": ToolShape(.shellExec, command: "command"),
        "PowerShell": ToolShape(.shellExec, command: "command", dialect: .powershell),
        "BashOutput": ToolShape(.toolOther, isInert: true),
        "TaskOutput": ToolShape(.toolOther, isInert: true),
        "KillShell": ToolShape(.processSignal, isInert: true),
        "KillBash": ToolShape(.processSignal, isInert: true),
        "TaskStop": ToolShape(.processSignal, isInert: true),
        "Read": ToolShape(.fileRead, paths: ["file_path"]),
        "NotebookRead": ToolShape(.fileRead, paths: ["notebook_path"]),
        "Write": ToolShape(.fileWrite, paths: ["file_path"], contents: ["content"]),
        "Edit": ToolShape(.fileWrite, paths: ["file_path"], contents: ["new_string"]),
        "MultiEdit": ToolShape(.fileWrite, paths: ["file_path"], contents: ["edits"]),
        "NotebookEdit": ToolShape(.fileWrite, paths: ["notebook_path"], contents: ["new_source"]),
        "Glob": ToolShape(.fileSearch, paths: ["path"], glob: "pattern"),
        "Grep": ToolShape(.fileSearch, paths: ["path"], glob: "glob", readsContent: true),
        "LS": ToolShape(.fileSearch, paths: ["path"]),
        "WebFetch": ToolShape(.httpRequest, urls: ["url"], contents: ["prompt"]),
        "WebSearch": ToolShape(.httpRequest, contents: ["query"]),
        "Task": ToolShape(.agentSpawn, contents: ["prompt"], name: "subagent_type"),
        "Agent": ToolShape(.agentSpawn, contents: ["prompt"], name: "subagent_type"),
        "ReadMcpResourceTool": ToolShape(.mcpResource, urls: ["uri"], name: "server"),
        "ListMcpResourcesTool": ToolShape(.mcpResource, name: "server"),
        "Skill": ToolShape(.toolOther, contents: ["args"], name: "skill", isInert: true),
        "SlashCommand": ToolShape(.toolOther, contents: ["command"], isInert: true),
        "TodoWrite": ToolShape(.toolOther, contents: ["todos"], isInert: true),
        "TaskCreate": ToolShape(.toolOther, contents: ["description"], isInert: true),
        "TaskUpdate": ToolShape(.toolOther, contents: ["description"], isInert: true),
        "TaskGet": ToolShape(.toolOther, isInert: true),
        "TaskList": ToolShape(.toolOther, isInert: true),
        "ToolSearch": ToolShape(.toolOther, isInert: true),
        "AskUserQuestion": ToolShape(.toolOther, isInert: true),
        "EnterPlanMode": ToolShape(.toolOther, isInert: true),
        "ExitPlanMode": ToolShape(.toolOther, contents: ["plan"], isInert: true),
    ]

    /// The canonical tool behind a native name: a built-in one, one of an MCP server, or one that is not known.
    public static func tool(_ name: String) -> Tool {
        if let shape = toolTable[name] { return Tool(name: name, action: shape.action) }
        if let (server, tool) = mcpName(name, prefix: "mcp__") {
            return Tool(name: name, action: .mcpCall, server: server, serverTool: tool)
        }
        return Tool(name: name, action: .toolOther)
    }

    /// `mcp__<server>__<tool>`. The first `__` after the prefix ends the server's name; a server whose own name holds
    /// `__` cannot be told from a tool that does.
    static func mcpName(_ name: String, prefix: String) -> (server: String, tool: String)? {
        guard name.hasPrefix(prefix) else { return nil }
        let bytes = Array(name.utf8.dropFirst(prefix.utf8.count))
        let mark = UInt8(ascii: "_")
        guard bytes.count > 2 else { return nil }
        for index in 1..<(bytes.count - 1) where bytes[index] == mark && bytes[index + 1] == mark {
            return (
                String(decoding: bytes[..<index], as: UTF8.self), String(decoding: bytes[(index + 2)...], as: UTF8.self)
            )
        }
        return (String(decoding: bytes, as: UTF8.self), "")
    }
}
