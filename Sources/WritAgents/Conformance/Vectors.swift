// SPDX-License-Identifier: Apache-2.0

public import WritCore

/// Portable vectors: for each event of each agent a payload, and how each decision on it is spelled. Made from the
/// adapters, kept in the repository, and read by whoever wants to check an adapter of their own.
public enum Vectors {
    /// Changes when a field of a vector changes its meaning.
    public static let format = "writ-agent-vectors/1"

    /// All vectors of an agent.
    public static func json(of adapter: any AgentAdapter) -> JSON {
        var vectors: [JSON] = []
        for row in adapter.events {
            guard let sample = sample(row, adapter) else { continue }
            vectors.append(vector(row, sample, adapter))
        }
        return [
            "format": .string(format), "agent": .string(adapter.kind),
            "home": .string(home), "vectors": .array(vectors),
        ]
    }

    private static let home = "/home/dana"
    private static let directory = "/home/dana/src/shop"

    /// The first call that the agent has words for.
    private static func sample(_ row: EventCapability, _ adapter: any AgentAdapter) -> JSON? {
        let tools: [(Tool, JSON, JSON)] = [
            (Tool(name: "Bash", action: .shellExec), ["command": "git status"], ["stdout": "clean"]),
            (
                Tool(name: "Read", action: .fileRead), ["file_path": .string(directory + "/notes.md")], "Notes"
            ),
            (
                Tool(name: "Write", action: .fileWrite),
                ["file_path": .string(directory + "/notes.md"), "content": "Notes\n"], ["success": true]
            ),
            (
                Tool(name: "mcp__tracker__list", action: .mcpCall, server: "tracker", serverTool: "list"),
                ["limit": 3], ["content": [["type": "text", "text": "three issues"]]]
            ),
            (
                Tool(name: "MCP:list", action: .mcpCall, server: "", serverTool: "list"), ["limit": 3],
                ["content": [["type": "text", "text": "three issues"]]]
            ),
        ]
        for (tool, arguments, response) in tools {
            var call = Call(
                event: row.canonical, agent: AgentIdentity(kind: adapter.kind), session: "session-1", tool: tool,
                arguments: arguments, workingDirectory: directory, workspace: directory, home: home)
            call.toolUse = "call-1"
            call.prompt = "list the open issues"
            switch row.canonical {
            case .afterTool: call.response = response
            case .stop, .subagentStop: call.response = "Done."
            case .other where row.event == "PermissionDenied": break
            case .subagentStart, .configChange, .other: call.arguments = ["detail": "sample"]
            case .beforeTool, .prompt, .permissionRequest, .sessionStart, .sessionEnd: break
            }
            if let payload = CallWriter.payload(of: call, event: row.event, for: adapter) { return payload }
        }
        return nil
    }

    private static func vector(_ row: EventCapability, _ payload: JSON, _ adapter: any AgentAdapter) -> JSON {
        var vector: JSON = [
            "event": .string(row.event), "moment": .string(row.canonical.rawValue), "payload": payload,
        ]
        let context = HookContext(home: home, workingDirectory: directory, event: row.event)
        let delivery: Delivery
        do throws(PayloadFault) {
            delivery = try adapter.decode(payload.bytes, in: context)
        } catch {
            vector.set("fault", .string(error.message))
            return vector
        }
        if delivery.call.tool.name != "" { vector.set("tool", .string(delivery.call.tool.canonicalName)) }
        if delivery.call.arguments != .object([]) { vector.set("arguments", delivery.call.arguments) }
        var answers: JSON = .object([])
        func put(_ name: String, _ decision: Decision, _ replacement: JSON? = nil) {
            answers.set(name, answer(adapter.encode(decision, for: delivery, replacement: replacement)))
        }
        put("allow", Decision(.allow))
        put("grant", Decision(.allow, message: "reason", isExplicitGrant: true))
        put("ask", Decision(.ask, message: "reason"))
        put("deny", Decision(.deny, message: "reason"))
        put("halt", Decision(.halt, message: "reason"))
        if row.canAddContext { put("context", Decision(.allow, obligations: [.annotate("note")])) }
        if row.canReplaceOutput { put("replace", Decision(.allow), delivery.call.response) }
        answers.set("closed", answer(adapter.closed(row.event, reason: "reason")))
        vector.set("answers", answers)
        return vector
    }

    private static func answer(_ answer: HookAnswer) -> JSON {
        var value: JSON = ["exit_code": .integer(Int64(answer.exitCode))]
        do { value.set("stdout", answer.output.isEmpty ? "" : try JSON(parsing: answer.output)) } catch {
            value.set("stdout", .string(answer.output))
        }
        value.set("stderr", .string(answer.error))
        return value
    }
}

extension Vectors {
    /// The vectors of an agent as a file: one vector a line, so that a change shows as the lines it changes.
    public static func text(of adapter: any AgentAdapter) -> String {
        let json = json(of: adapter)
        var text = "{\n"
        for member in json.members ?? [] where member.key != "vectors" {
            text += "  \(JSON.string(member.key).text): \(member.value.text),\n"
        }
        let lines = (json["vectors"]?.array ?? []).map { "    " + $0.text }
        return text + "  \"vectors\": [\n\(lines.joined(separator: ",\n"))\n  ]\n}\n"
    }
}
