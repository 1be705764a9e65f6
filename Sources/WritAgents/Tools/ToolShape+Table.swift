// SPDX-License-Identifier: Apache-2.0

import WritCore

extension ToolShape {
    /// What the arguments of each common tool mean.
    static let table: [String: ToolShape] = [
        "Bash": ToolShape(.shellExec, command: "command"),
        // What is typed into a program that runs already.
        "WriteStdin": ToolShape(.shellExec, command: "input"),
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
        // What it does stands in `command`.
        "Editor": ToolShape(.fileWrite, paths: ["file_path"], contents: ["content", "new_string"]),
        "ReadMany": ToolShape(.fileRead, paths: ["paths", "file_path"], takesPatterns: true),
        "EditMany": ToolShape(.fileWrite, paths: ["paths"], contents: ["edits"]),
        "ApplyPatch": ToolShape(.fileWrite, contents: ["patch"], patch: "patch"),
        "Delete": ToolShape(.fileDelete, paths: ["file_path"]),
        "Move": ToolShape(.fileWrite, paths: ["file_path", "destination"]),
        "MakeFolder": ToolShape(.fileWrite, paths: ["file_path"]),
        "Glob": ToolShape(.fileSearch, paths: ["path"], glob: "pattern"),
        "Grep": ToolShape(.fileSearch, paths: ["path"], glob: "glob", readsContent: true),
        "LS": ToolShape(.fileSearch, paths: ["path"]),
        "WebFetch": ToolShape(.httpRequest, urls: ["url", "urls"], contents: ["prompt"]),
        "Browse": ToolShape(.browserNavigate, urls: ["url"], contents: ["text"]),
        "WebSearch": ToolShape(.httpRequest, contents: ["query"]),
        "Task": ToolShape(.agentSpawn, contents: ["prompt"], name: "subagent_type"),
        "Agent": ToolShape(.agentSpawn, contents: ["prompt"], name: "subagent_type"),
        "ReadMcpResourceTool": ToolShape(.mcpResource, urls: ["uri"], name: "server"),
        "ListMcpResourcesTool": ToolShape(.mcpResource, name: "server"),
        "Remember": ToolShape(.memoryWrite, contents: ["content"]),
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
}
