// SPDX-License-Identifier: Apache-2.0

public import WritCore
import WritWire

/// An adapter that is mostly its table. What a table cannot say overrides one of the steps.
public protocol TableAdapter: AgentAdapter {
    /// What there is to know of the agent.
    static var table: AgentTable { get }

    /// The event, when the payload does not name it and the hook's arguments do not either; empty when it cannot be
    /// told.
    func event(of fields: JSON) -> String

    /// What the event is about: tool, arguments, response, prompt.
    func fill(_ call: inout Call, _ event: String, _ payload: Payload) throws(PayloadFault)
}

extension TableAdapter {
    public var kind: String { Self.table.kind }
    public var events: [EventCapability] { Self.table.events }
    public var limits: [String] { Self.table.limits }

    public func event(of fields: JSON) -> String { "" }

    public func decode(_ bytes: [UInt8], in context: HookContext) throws(PayloadFault) -> Delivery {
        let json: JSON
        do {
            json = try JSON(parsing: bytes)
        } catch {
            throw PayloadFault("the event is not readable JSON: \(error.message)", event: context.event)
        }
        guard json.members != nil else { throw PayloadFault("the event is no JSON object", event: context.event) }
        var payload = Payload(json: json, fields: Self.table.fields, event: context.event)
        let named = try payload.text(\.event)
        var event = named ?? context.event
        if event.isEmpty { event = self.event(of: json) }
        guard !event.isEmpty else {
            throw PayloadFault("the event has no `\(Self.table.fields.event.first ?? "hook_event_name")`")
        }
        payload.event = event
        let home = PathText.absolute(context.home, in: "/", home: "/")
        let working = PathText.absolute(
            try payload.directory() ?? context.workingDirectory, in: context.workingDirectory, home: home)
        var call = Call(
            event: Self.table.capability(of: event)?.canonical ?? .other,
            agent: AgentIdentity(
                kind: kind, version: try payload.text(\.version), id: try payload.text(\.agentID),
                type: try payload.text(\.agentType), model: try payload.text(\.model)),
            session: try payload.text(\.session) ?? "", workingDirectory: working,
            workspace: context.workspace(workingDirectory: working), home: home, toolUse: try payload.text(\.toolUse),
            transcript: try payload.text(\.transcript), mode: try payload.text(\.mode))
        try fill(&call, event, payload)
        return Delivery(
            event: event, call: call, isRepeatedStop: payload.value(\.repeatedStop)?.bool ?? false)
    }

    public func fill(_ call: inout Call, _ event: String, _ payload: Payload) throws(PayloadFault) {
        try fillByTable(&call, event, payload)
    }

    /// What an event of this kind is about in nearly every agent.
    func fillByTable(_ call: inout Call, _ event: String, _ payload: Payload) throws(PayloadFault) {
        switch call.event {
        case .beforeTool, .permissionRequest, .afterTool:
            guard let name = try payload.text(\.tool), !name.isEmpty else {
                throw PayloadFault("the event has no `\(payload.fields.tool.first ?? "tool_name")`", event: event)
            }
            use(name, payload.value(\.input) ?? .object([]), in: &call)
            if call.event == .afterTool { call.response = payload.value(\.response) ?? payload.value(\.failure) }
        case .prompt:
            guard let prompt = try payload.text(\.prompt) else {
                throw PayloadFault("the event has no `\(payload.fields.prompt.first ?? "prompt")`", event: event)
            }
            call.prompt = prompt
        case .stop, .subagentStop:
            call.response = payload.value(\.message)
            call.arguments = payload.rest
        case .configChange:
            call.tool = Tool(name: event, action: .configWrite)
            call.arguments = payload.rest
        case .subagentStart:
            call.tool = Tool(name: event, action: .agentSpawn)
            call.arguments = payload.rest
        case .sessionStart, .sessionEnd, .other:
            call.tool = Tool(name: event, action: .toolOther)
            call.arguments = payload.rest
            call.prompt = payload.json["prompt"]?.string
        }
    }

    /// Puts a tool and its arguments into the call, in the common vocabulary.
    func use(_ name: String, _ input: JSON, in call: inout Call) {
        let normal = CommonTools.normalized(name, input, by: Self.table)
        call.tool = normal.tool
        call.arguments = normal.arguments
        CommonTools.settle(&call)
    }

    public func closed(_ event: String, reason: String) -> HookAnswer {
        let answer = ClosedAnswer.answer(agent: kind, event: event, reason: AnswerText.capped(reason))
        return HookAnswer(
            exitCode: answer.exitCode, output: String(decoding: answer.output, as: UTF8.self),
            error: String(decoding: answer.error, as: UTF8.self))
    }

    public func capability(for delivery: Delivery) -> EventCapability? {
        Self.table.capability(of: delivery.event)
    }

    public func encode(_ decision: Decision, for delivery: Delivery, replacement: JSON?) -> HookAnswer {
        AnswerWriter.answer(
            decision, delivery, capability(for: delivery), Self.table, replacement: replacement)
    }
}

/// A payload with its agent's names of fields.
public struct Payload: Sendable {
    /// The whole object.
    public let json: JSON
    let fields: PayloadFields
    /// For faults.
    var event: String

    /// The first of the field's spellings that is there.
    func value(_ field: KeyPath<PayloadFields, [String]>) -> JSON? {
        for key in fields[keyPath: field] {
            guard let value = json[key], value != .null else { continue }
            return value
        }
        return nil
    }

    /// A field that is absent, null or a string; anything else is no event of this agent.
    func text(_ field: KeyPath<PayloadFields, [String]>) throws(PayloadFault) -> String? {
        for key in fields[keyPath: field] {
            if let text = try text(key) { return text }
        }
        return nil
    }

    /// The same for a key of its own.
    func text(_ key: String) throws(PayloadFault) -> String? {
        switch json[key] {
        case nil, .null: return nil
        case .string(let value): return value
        default: throw PayloadFault("`\(key)` is no string", event: event)
        }
    }

    /// Where the event happens. Some agents name a list of roots; the first is the one that is worked in.
    func directory() throws(PayloadFault) -> String? {
        for key in fields.directory {
            if key.hasPrefix("workspace"), let roots = json[key]?.array {
                if let first = roots.first?.string, !first.isEmpty { return first }
            } else if let text = try text(key), !text.isEmpty {
                return text
            }
        }
        return nil
    }

    /// What is the event's own.
    var rest: JSON {
        let common = fields.common
        return .object((json.members ?? []).filter { !common.contains($0.key) })
    }
}
