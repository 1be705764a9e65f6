// SPDX-License-Identifier: Apache-2.0

import WritCore
import WritWire

/// Claude Code's command hooks.
public struct ClaudeCode: AgentAdapter {
    /// Creates the adapter.
    public init() {}

    public var kind: String { "claude-code" }

    public var events: [EventCapability] { ClaudeCode.eventTable }

    public func decode(_ payload: [UInt8], in context: HookContext) throws(PayloadFault) -> Delivery {
        let fields: JSON
        do {
            fields = try JSON(parsing: payload)
        } catch {
            throw PayloadFault("the event is not readable JSON: \(error.message)", event: context.event)
        }
        guard fields.members != nil else { throw PayloadFault("the event is no JSON object", event: context.event) }
        let event = try text("hook_event_name", of: fields, event: context.event) ?? context.event
        guard !event.isEmpty else { throw PayloadFault("the event has no `hook_event_name`") }

        let directory = try text("cwd", of: fields, event: event)
        let home = PathText.absolute(context.home, in: "/", home: "/")
        let working = PathText.absolute(directory ?? context.workingDirectory, in: context.workingDirectory, home: home)
        var call = Call(
            event: capability(of: event)?.canonical ?? .other,
            agent: AgentIdentity(
                kind: kind, id: try text("agent_id", of: fields, event: event),
                type: try text("agent_type", of: fields, event: event),
                model: try text("model", of: fields, event: event)),
            session: try text("session_id", of: fields, event: event) ?? "",
            workingDirectory: working, workspace: context.workspace(workingDirectory: working), home: home,
            toolUse: try text("tool_use_id", of: fields, event: event),
            transcript: try text("transcript_path", of: fields, event: event),
            mode: try text("permission_mode", of: fields, event: event))
        try fill(&call, event, fields)
        return Delivery(event: event, call: call, isRepeatedStop: fields["stop_hook_active"]?.bool ?? false)
    }

    public func closed(_ event: String, reason: String) -> HookAnswer {
        let answer = ClosedAnswer.answer(agent: kind, event: event, reason: ClaudeCode.capped(reason))
        return HookAnswer(
            exitCode: answer.exitCode, output: String(decoding: answer.output, as: UTF8.self),
            error: String(decoding: answer.error, as: UTF8.self))
    }

    func capability(of event: String) -> EventCapability? {
        ClaudeCode.eventTable.first { $0.event == event }
    }

    /// What the event is about.
    private func fill(_ call: inout Call, _ event: String, _ fields: JSON) throws(PayloadFault) {
        switch event {
        case "PreToolUse", "PermissionRequest", "PostToolUse", "PostToolUseFailure", "PermissionDenied":
            guard let name = try text("tool_name", of: fields, event: event), !name.isEmpty else {
                throw PayloadFault("the event has no `tool_name`", event: event)
            }
            call.tool = ClaudeCode.tool(name)
            call.arguments = fields["tool_input"] ?? .object([])
            if event == "PostToolUse" { call.response = fields["tool_response"] }
            if event == "PostToolUseFailure" { call.response = fields["error"] }
        case "UserPromptSubmit":
            guard let prompt = try text("prompt", of: fields, event: event) else {
                throw PayloadFault("the event has no `prompt`", event: event)
            }
            call.prompt = prompt
        case "Stop", "SubagentStop":
            call.response = fields["last_assistant_message"]
            call.arguments = rest(of: fields)
        case "ConfigChange":
            call.tool = Tool(name: event, action: .configWrite)
            call.arguments = rest(of: fields)
        case "SubagentStart":
            call.tool = Tool(name: event, action: .agentSpawn)
            call.arguments = rest(of: fields)
        default:
            call.tool = Tool(name: event, action: .toolOther)
            call.arguments = rest(of: fields)
            call.prompt = fields["prompt"]?.string
        }
    }

    /// A field that is absent, null or a string; anything else is no event of this agent.
    private func text(_ key: String, of fields: JSON, event: String) throws(PayloadFault) -> String? {
        switch fields[key] {
        case nil, .null: return nil
        case .string(let value): return value
        default: throw PayloadFault("`\(key)` is no string", event: event)
        }
    }

    /// What is the event's own.
    private func rest(of fields: JSON) -> JSON {
        let common: Set<String> = [
            "session_id", "prompt_id", "transcript_path", "cwd", "permission_mode", "effort", "hook_event_name",
        ]
        return .object((fields.members ?? []).filter { !common.contains($0.key) })
    }
}
