// SPDX-License-Identifier: Apache-2.0

public import WritCore

/// The adapters' other direction: a call in the common vocabulary, as an agent would send it.
///
/// Vectors and tests are made with it, so that the same call can be put in every agent's words.
public enum CallWriter {
    /// A payload that ``AgentAdapter/decode(_:in:)`` reads as this call; nil when the agent has no words for it.
    ///
    /// - Parameter event: the agent's own name of the event; its canonical moment is what the payload is about.
    public static func payload(of call: Call, event: String, for adapter: any AgentAdapter) -> JSON? {
        guard let adapter = adapter as? any TableAdapter else { return nil }
        let table = type(of: adapter).table
        guard let capability = table.capability(of: event) else { return nil }
        var writer = Writer(table: table, call: call, event: event, moment: capability.canonical)
        return writer.payload()
    }

    private struct Writer {
        let table: AgentTable
        let call: Call
        let event: String
        let moment: Call.Event
        var out: JSON = .object([])

        init(table: AgentTable, call: Call, event: String, moment: Call.Event) {
            self.table = table
            self.call = call
            self.event = event
            self.moment = moment
        }

        private mutating func put(_ keys: [String], _ value: JSON?) {
            guard let key = keys.first, let value else { return }
            out.set(key, value)
        }

        private var isPascalCopilot: Bool {
            table.kind == "copilot-cli" && event.first?.isUppercase == true
        }

        mutating func payload() -> JSON? {
            putCommon()
            switch moment {
            case .beforeTool, .permissionRequest, .afterTool:
                guard putTool() else { return nil }
            case .prompt: putPrompt()
            case .stop, .subagentStop:
                put(table.fields.message, call.response)
                if table.kind == "copilot-cli" { out.set("stopReason", "end_turn") }
            case .sessionStart: out.set("source", "startup")
            case .sessionEnd: out.set("reason", "other")
            case .other where event == "PermissionDenied":
                guard putTool() else { return nil }
            case .subagentStart, .configChange, .other:
                for member in call.arguments.members ?? [] { out.set(member.key, member.value) }
            }
            return out
        }

        private mutating func putCommon() {
            let fields = table.fields
            switch table.kind {
            // Its own dialect names no event.
            case "copilot-cli": if isPascalCopilot { out.set("hook_event_name", .string(event)) }
            default: put(fields.event, .string(event))
            }
            if isPascalCopilot {
                out.set("session_id", .string(call.session))
            } else if table.kind != "windsurf" || moment != .prompt {
                put(fields.session, .string(call.session))
            }
            if let version = call.agent.version { put(fields.version, .string(version)) }
            switch table.kind {
            case "windsurf": break
            case "cline": out.set("workspaceRoots", [.string(call.workingDirectory)])
            case "cursor" where !["preToolUse", "postToolUse", "beforeShellExecution"].contains(event):
                out.set("workspace_roots", [.string(call.workingDirectory)])
            default: put(fields.directory, .string(call.workingDirectory))
            }
            if let transcript = call.transcript, table.kind != "windsurf", table.kind != "kiro", table.kind != "cline",
                table.kind != "copilot-cli"
            {
                put(fields.transcript, .string(transcript))
            }
        }

        private mutating func putPrompt() {
            let prompt = JSON.string(call.prompt ?? "")
            switch (table.kind, event) {
            case ("windsurf", _): out.set("tool_info", ["user_prompt": prompt])
            case ("cline", "UserPromptSubmit"): out.set("userPromptSubmit", ["prompt": prompt])
            default: put(table.fields.prompt, prompt)
            }
        }

        // MARK: Tools

        private mutating func putTool() -> Bool {
            switch table.kind {
            case "windsurf": return putWindsurf()
            case "cursor" where event != "preToolUse" && !event.hasPrefix("postToolUse"): return putCursor()
            default: break
            }
            guard let (name, input) = native() else { return false }
            switch table.kind {
            case "cline":
                let isAfter = moment == .afterTool
                if event == "tool_call" || event == "tool_result" {
                    var details: JSON = ["name": .string(name), "input": input]
                    if let id = call.toolUse { details.set("id", .string(id)) }
                    if isAfter { details.set("output", call.response ?? .null) }
                    out.set(event, details)
                } else {
                    var details: JSON = ["toolName": .string(name), "parameters": input]
                    if isAfter { details.set("result", call.response ?? .null) }
                    out.set(isAfter ? "postToolUse" : "preToolUse", details)
                }
                return true
            case "copilot-cli":
                out.set(isPascalCopilot ? "tool_name" : "toolName", .string(name))
                let key = moment == .permissionRequest ? "toolInput" : "toolArgs"
                out.set(isPascalCopilot ? "tool_input" : key, input)
                if moment == .afterTool {
                    out.set(isPascalCopilot ? "tool_result" : "toolResult", call.response ?? .null)
                }
                return true
            default: break
            }
            put(table.fields.tool, .string(name))
            put(table.fields.input, input)
            if let id = call.toolUse, hasIDs { put(table.fields.toolUse, .string(id)) }
            if moment == .afterTool {
                let isFailure = event.hasSuffix("Failure")
                let response = call.response ?? .null
                let isText = table.kind == "cursor" && !isFailure
                put(
                    isFailure ? table.fields.failure : table.fields.response, isText ? .string(response.text) : response
                )
            }
            return true
        }

        private var hasIDs: Bool {
            moment != .permissionRequest && !["gemini-cli", "kiro", "factory-droid"].contains(table.kind)
        }

        /// Name and arguments in the agent's own words.
        private func native() -> (name: String, input: JSON)? {
            if let server = call.tool.server, let tool = call.tool.serverTool {
                if table.kind == "cline" {
                    return (
                        "use_mcp_tool",
                        ["server_name": .string(server), "tool_name": .string(tool), "arguments": call.arguments]
                    )
                }
                return table.mcp.join(server, tool).map { ($0, call.arguments) }
            }
            let name = call.tool.name
            let arguments = call.arguments
            // The common spelling itself, where the agent has it.
            if table.tools[name]?.name == name, table.tools[name]?.keys.isEmpty == true { return (name, arguments) }
            if let found = find(name) { return (found.name, renamed(arguments, found.tool)) }
            if let found = find("Editor"), let word = ["Write": "create", "Edit": "str_replace"][name] {
                var input = renamed(arguments, found.tool)
                input.set("command", .string(word))
                return (found.name, input)
            }
            if name == "Read", let found = find("ReadMany"), let path = arguments["file_path"] {
                let key = found.tool.keys.first { $0.value == "paths" }?.key ?? "paths"
                return (found.name, .object([.init(key, [["mode": "Line", "path": path]])]))
            }
            if let found = find("ApplyPatch"), let patch = envelope() {
                return (found.name, renamed(["patch": .string(patch)], found.tool))
            }
            if name == "Write", let found = find("MultiEdit") {
                let edit: JSON = ["old_string": "", "new_string": arguments["content"] ?? ""]
                return (found.name, renamed(["file_path": arguments["file_path"] ?? "", "edits": [edit]], found.tool))
            }
            return nil
        }

        private func find(_ common: String) -> (name: String, tool: NativeTool)? {
            table.tools.filter { $0.value.name == common }.min { $0.key < $1.key }.map { ($0.key, $0.value) }
        }

        private func renamed(_ arguments: JSON, _ tool: NativeTool) -> JSON {
            var input = arguments
            for (own, common) in tool.keys.sorted(by: { $0.key > $1.key }) { input.rename(common, to: own) }
            return input
        }

        /// The change as a patch of one file.
        private func envelope() -> String? {
            guard let path = call.arguments["file_path"]?.string else { return nil }
            func lines(_ text: String, _ mark: String) -> String {
                text.split(separator: "\n", omittingEmptySubsequences: false).map { "\(mark)\($0)\n" }.joined()
            }
            switch call.tool.name {
            case "Write":
                guard var content = call.arguments["content"]?.string, content.hasSuffix("\n") else { return nil }
                content.removeLast()
                return "*** Begin Patch\n*** Add File: \(path)\n\(lines(content, "+"))*** End Patch"
            case "Edit":
                guard let old = call.arguments["old_string"]?.string, let new = call.arguments["new_string"]?.string,
                    call.arguments.members?.count == 3
                else { return nil }
                return
                    "*** Begin Patch\n*** Update File: \(path)\n@@\n\(lines(old, "-"))\(lines(new, "+"))*** End Patch"
            case "Delete": return "*** Begin Patch\n*** Delete File: \(path)\n*** End Patch"
            default: return nil
            }
        }

        private mutating func putWindsurf() -> Bool {
            let arguments = call.arguments
            var details: JSON
            switch event {
            case "pre_run_command", "post_run_command":
                guard call.tool.name == "Bash", let command = arguments["command"] else { return false }
                details = ["command_line": command, "cwd": .string(call.workingDirectory)]
            case "pre_read_code", "post_read_code":
                guard call.tool.name == "Read", let path = arguments["file_path"] else { return false }
                details = ["file_path": path]
            case "pre_write_code", "post_write_code":
                guard let path = arguments["file_path"] else { return false }
                let edit: JSON
                switch call.tool.name {
                case "Write": edit = ["old_string": "", "new_string": arguments["content"] ?? ""]
                case "Edit":
                    edit = ["old_string": arguments["old_string"] ?? "", "new_string": arguments["new_string"] ?? ""]
                default: return false
                }
                details = ["file_path": path, "edits": [edit]]
            case "pre_mcp_tool_use", "post_mcp_tool_use":
                guard let server = call.tool.server, let tool = call.tool.serverTool else { return false }
                details = [
                    "mcp_server_name": .string(server), "mcp_tool_name": .string(tool), "mcp_tool_arguments": arguments,
                ]
                if moment == .afterTool { details.set("mcp_result", call.response ?? .null) }
            default: return false
            }
            out.set("tool_info", details)
            return true
        }

        private mutating func putCursor() -> Bool {
            switch event {
            case "beforeShellExecution":
                guard call.tool.name == "Bash", let command = call.arguments["command"] else { return false }
                out.set("command", command)
                out.set("sandbox", false)
            case "beforeReadFile", "beforeTabFileRead":
                guard call.tool.name == "Read", let path = call.arguments["file_path"] else { return false }
                out.set("file_path", path)
                out.set("content", "")
            case "beforeMCPExecution":
                guard let tool = call.tool.serverTool else { return false }
                out.set("tool_name", .string(tool))
                out.set("tool_input", .string(call.arguments.text))
                out.set("command", "npx -y example-server")
            case "afterShellExecution":
                guard call.tool.name == "Bash", let command = call.arguments["command"] else { return false }
                out.set("command", command)
                out.set("output", call.response?["stdout"] ?? "")
            case "afterMCPExecution":
                guard let tool = call.tool.serverTool else { return false }
                out.set("tool_name", .string(tool))
                out.set("tool_input", .string(call.arguments.text))
                out.set("result_json", .string(call.response?.text ?? ""))
            default: return false
            }
            return true
        }
    }
}

extension MCPNaming {
    /// The agent's name of a server's tool; nil when it cannot name the server.
    func join(_ server: String, _ tool: String) -> String? {
        let name: String
        switch self {
        case .doubled: name = "mcp__\(server)__\(tool)"
        case .single: name = "mcp_\(server)_\(tool)"
        case .dashed: name = "\(server)-\(tool)"
        case .at: name = "@\(server)/\(tool)"
        case .bare: name = "\(server)__\(tool)"
        case .underscored: name = "\(server)_\(tool)"
        case .nameless: return server.isEmpty ? "MCP:\(tool)" : nil
        }
        // A name that would be cut at another place is none.
        guard let (foundServer, foundTool) = split(name), foundServer == server, foundTool == tool else { return nil }
        return name
    }
}
