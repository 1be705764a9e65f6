// SPDX-License-Identifier: Apache-2.0

import WritCore

/// Kiro's hooks, in the IDE and in the CLI that was Amazon Q: the exit code refuses, standard output is context.
public struct Kiro: TableAdapter {
    /// Creates the adapter.
    public init() {}

    public static let table = AgentTable(
        "kiro", fields: PayloadFields(message: ["assistant_response"]),
        events: both("preToolUse") {
            EventCapability(
                $0, .beforeTool, canBlock: true, isInstalled: $1,
                limit: "an ask is refused with its reason; carries no id of the call")
        }
            + both("postToolUse") {
                EventCapability($0, .afterTool, canAddContext: true, isInstalled: $1)
            }
            + both("userPromptSubmit") {
                EventCapability(
                    $0, .prompt, canBlock: true, canAddContext: true, isInstalled: $1,
                    limit: "hooks in older agent files cannot refuse a prompt")
            }
            + both("agentSpawn") { name, _ in
                EventCapability(name, .sessionStart, canAddContext: true)
            }
            + both("sessionStart") {
                EventCapability($0, .sessionStart, canAddContext: true, isInstalled: $1)
            } + both("sessionEnd") { EventCapability($0, .sessionEnd, isInstalled: $1) }
            + both("stop") { EventCapability($0, .stop, isInstalled: $1) }
            + both("preTaskExec") { name, _ in EventCapability(name, .other, canBlock: true) }
            + both("postTaskExec") { name, _ in EventCapability(name, .other) }
            + ["PostFileCreate", "PostFileSave", "PostFileDelete", "Manual"].map { EventCapability($0, .other) },
        tools: [
            "execute_bash": NativeTool("Bash", ["cwd": "working_directory"]),
            "shell": NativeTool("Bash", ["cwd": "working_directory"]),
            "execute_cmd": NativeTool("PowerShell", ["cwd": "working_directory"]),
            "fs_read": NativeTool("ReadMany", ["operations": "paths", "path": "file_path"]),
            "read": NativeTool("ReadMany", ["operations": "paths", "path": "file_path"]),
            "fs_write": NativeTool("Editor", editor), "write": NativeTool("Editor", editor),
            "glob": NativeTool("Glob"), "grep": NativeTool("Grep", ["include": "glob"]),
            "web_fetch": NativeTool("WebFetch"), "web": NativeTool("WebFetch"), "web_search": NativeTool("WebSearch"),
            "subagent": NativeTool("Agent"), "use_subagent": NativeTool("Agent"),
            "todo_list": NativeTool("TodoWrite"), "knowledge": NativeTool("Remember"),
        ],
        mcp: .at, answers: AnswerStyle(context: .plain, grants: false),
        limits: [
            "Exit code 2 refuses; every other failure and, as far as is known, a time-out let the call through.",
            "Answers in JSON of the newer command line are not used, since their keys are not settled.",
            "A file of permissions for the machine is the stronger layer where rules of its kind are enough.",
        ])

    private static let editor = [
        "path": "file_path", "file_text": "content", "old_str": "old_string", "new_str": "new_string",
    ]

    /// Lower-case in older agent files and in payloads, upper-case in newer hook files.
    private static func both(
        _ name: String, _ row: (_ name: String, _ isInstalled: Bool) -> EventCapability
    ) -> [EventCapability] {
        let upper = name.prefix(1).uppercased() + name.dropFirst()
        return [row(name, false), row(upper, true)]
    }
}
