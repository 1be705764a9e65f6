// SPDX-License-Identifier: Apache-2.0

import WritCore
import WritWire

/// Spells a decision for one event: what the event's refusal looks like comes from the table of closed answers, what
/// else the host understands from its ``AnswerStyle``.
struct AnswerWriter {
    private let delivery: Delivery
    private let capability: EventCapability?
    private let spelling: ClosedAnswer.Spelling
    private let style: AnswerStyle
    private var top: [JSON.Member] = []
    private var specific: [JSON.Member] = []
    private var notes: [String] = []
    private var isRefused = false
    private var exitCode: Int32 = 0
    private var error = ""

    private init(_ delivery: Delivery, _ capability: EventCapability?, _ table: AgentTable) {
        self.delivery = delivery
        self.capability = capability
        style = table.answers
        let closed = ClosedAnswer.spelling(agent: table.kind, event: delivery.event)
        if style.blocksMCP, closed == .permissionDecision, delivery.call.tool.action == .mcpCall {
            spelling = .block
        } else {
            spelling = closed
        }
    }

    static func answer(
        _ decision: Decision, _ delivery: Delivery, _ capability: EventCapability?, _ table: AgentTable,
        replacement: JSON?
    ) -> HookAnswer {
        var writer = AnswerWriter(delivery, capability, table)
        for case .annotate(let text) in decision.obligations { writer.notes.append(text) }
        switch decision.verdict {
        case .allow:
            if decision.isExplicitGrant { writer.grant(AnswerText.message(decision, "allowed by policy")) }
            if let replacement { writer.replace(replacement, decision.message) }
        case .ask: writer.ask(AnswerText.message(decision, "a person must agree to this"))
        case .deny:
            writer.refuse(AnswerText.message(decision, "refused by policy"))
            writer.withhold(replacement)
        case .halt: writer.halt(AnswerText.message(decision, "stopped by policy"))
        }
        return writer.printed
    }

    private var canBlock: Bool { capability?.canBlock ?? true }
    private var moment: Call.Event { capability?.canonical ?? delivery.call.event }
    private var canAddContext: Bool { capability?.canAddContext ?? false }

    private mutating func put(_ key: String, _ value: JSON) {
        top.append(JSON.Member(key, value))
    }

    private mutating func putSpecific(_ key: String, _ value: JSON) {
        specific.append(JSON.Member(key, value))
    }

    // MARK: Verdicts

    private mutating func grant(_ message: String) {
        guard style.grants, capability?.canGrant ?? false else { return }
        switch spelling {
        case .permissionDecision:
            putSpecific("permissionDecision", "allow")
            putSpecific("permissionDecisionReason", .string(message))
        case .permissionBehavior, .shortBehavior: putSpecific("decision", ["behavior": "allow"])
        case .flatPermission:
            put("permissionDecision", "allow")
            put("permissionDecisionReason", .string(message))
        case .flatBehavior: put("behavior", "allow")
        // The others say as much with what they print for every allow.
        case .neutral, .emptyObject, .goOn, .permission, .shortPermission, .promptStop, .halt, .block, .deny, .decline,
            .cancel, .plugin, .exitCode:
            break
        }
    }

    private mutating func ask(_ message: String) {
        guard capability?.canAsk ?? false else {
            // What cannot be asked is refused.
            refuse(message)
            return
        }
        switch spelling {
        case .permissionDecision:
            putSpecific("permissionDecision", "ask")
            putSpecific("permissionDecisionReason", .string(message))
        case .flatPermission:
            put("permissionDecision", "ask")
            put("permissionDecisionReason", .string(message))
        // The host is about to ask by itself; saying nothing lets it.
        case .permissionBehavior, .shortBehavior, .flatBehavior: break
        case .permission, .shortPermission:
            put("permission", "ask")
            put("user_message", .string(message))
            // The model waits for a person; a server's own call tells it nothing more.
            if delivery.call.tool.action == .shellExec { put("agent_message", "writ: waiting for the user") }
        case .deny:
            put("decision", "ask")
            put(style.askMessage ?? "reason", .string(message))
        case .cancel:
            put("review", true)
            put("errorMessage", .string(message))
        case .plugin:
            put("verdict", "ask")
            put("reason", .string(message))
        case .neutral, .emptyObject, .goOn, .promptStop, .halt, .block, .decline, .exitCode: refuse(message)
        }
    }

    private mutating func refuse(_ message: String, interrupt: Bool = false) {
        guard canBlock else {
            // It has happened, or cannot be stopped; the model is told all the same.
            if canAddContext { notes.append(message) }
            return
        }
        isRefused = true
        let reason = JSON.string(message)
        switch spelling {
        case .permissionDecision:
            putSpecific("permissionDecision", "deny")
            putSpecific("permissionDecisionReason", reason)
        case .permissionBehavior:
            putSpecific("decision", ["behavior": "deny", "message": reason, "interrupt": .bool(interrupt)])
        case .shortBehavior: putSpecific("decision", ["behavior": "deny", "message": reason])
        case .flatPermission:
            put("permissionDecision", "deny")
            put("permissionDecisionReason", reason)
        case .flatBehavior:
            put("behavior", "deny")
            put("message", reason)
            put("interrupt", .bool(interrupt))
        case .permission:
            put("permission", "deny")
            put("user_message", reason)
            put("agent_message", reason)
        case .shortPermission:
            put("permission", "deny")
            put("user_message", reason)
        case .promptStop:
            put("continue", false)
            put("user_message", reason)
        case .halt:
            put("continue", false)
            put("stopReason", reason)
            put("systemMessage", reason)
        case .block:
            put("decision", "block")
            put("reason", reason)
            // The host shows the person the reason, and the model the note.
            if style.tellsPerson.contains(delivery.event) { notes.append(message) }
        case .deny:
            put("decision", "deny")
            put("reason", reason)
        case .decline: putSpecific("action", "decline")
        case .cancel:
            put("cancel", true)
            put("errorMessage", reason)
        case .plugin:
            put("verdict", "deny")
            put("reason", reason)
        case .exitCode:
            exitCode = 2
            error = message
        case .neutral, .emptyObject, .goOn: refuseStop(reason)
        }
    }

    /// The agent shall not end yet, or not compact.
    private mutating func refuseStop(_ reason: JSON) {
        // Refused again and again it would go on for ever.
        if delivery.isRepeatedStop {
            isRefused = false
            return
        }
        switch style.stop {
        case .block:
            put("decision", "block")
            put("reason", reason)
        case .deny:
            put("decision", "deny")
            put("reason", reason)
        case .nestedBlock:
            putSpecific("decision", "block")
            putSpecific("reason", reason)
        case .followUp: put("followup_message", reason)
        }
    }

    private mutating func halt(_ message: String) {
        let isEnd = moment == .stop || moment == .subagentStop
        let canHalt = style.halts.contains(delivery.event) || style.halts.contains("*")
        if canHalt {
            put("continue", false)
            put("stopReason", .string(message))
            isRefused = true
            if style.haltStandsAlone || spelling == .halt { return }
        }
        // To end is what is asked for.
        if !isEnd { refuse(message, interrupt: true) }
    }

    /// A refused output is in the model's context all the same where the host only comments on it.
    private mutating func withhold(_ replacement: JSON?) {
        guard let replacement, capability?.canReplaceOutput ?? false else { return }
        // There the refusal itself stands in the output's place.
        if case .reason = style.replacement { return }
        replace(replacement, "")
    }

    private mutating func replace(_ replacement: JSON, _ message: String) {
        guard capability?.canReplaceOutput ?? false else {
            // The host shows the output as it is; the model is at least told what it holds.
            if canAddContext { notes.append("Writ could not withhold a part of this output; do not repeat it.") }
            return
        }
        let isMCP = delivery.call.tool.action == .mcpCall
        switch style.replacement {
        case .specific: putSpecific(isMCP ? "updatedMCPToolOutput" : "updatedToolOutput", replacement)
        case .top(let key): put(key, replacement)
        case .topForMCP(let key): if isMCP { put(key, replacement) }
        case .reason:
            isRefused = true
            put("decision", spelling == .deny ? "deny" : "block")
            put("reason", .string(AnswerWriter.text(of: replacement)))
            return
        }
        if canAddContext { notes.append(message.isEmpty ? "Writ withheld a part of this output." : message) }
    }

    /// The part of an output that the model reads.
    private static func text(of output: JSON) -> String {
        if let text = output.string { return text }
        for key in ["llmContent", "output", "stdout", "text"] {
            if let text = output[key]?.string { return text }
        }
        return output.text
    }

    // MARK: Printing

    private var printed: HookAnswer {
        var top = top
        var specific = specific
        if canAddContext, !notes.isEmpty, style.notesRefusals || !isRefused {
            let text = AnswerText.capped(notes.joined(separator: "\n"))
            switch style.context {
            case .specific: specific.append(JSON.Member("additionalContext", .string(text)))
            case .top(let key): top.append(JSON.Member(key, .string(text)))
            case .plain:
                if !isRefused { return HookAnswer(output: text + "\n") }
            }
            if moment == .sessionStart, style.tellsPerson.contains(delivery.event) {
                top.append(JSON.Member("systemMessage", "Writ is on."))
            }
        }
        if !specific.isEmpty {
            // The host ignores an object whose event is not its own.
            specific.insert(JSON.Member("hookEventName", .string(delivery.event)), at: 0)
            top.append(JSON.Member("hookSpecificOutput", .object(specific)))
        }
        if exitCode != 0 { return HookAnswer(exitCode: exitCode, error: error + "\n") }
        if !top.isEmpty { return HookAnswer(output: JSON.object(top).text + "\n") }
        guard let idle = style.idleEvents[delivery.event] ?? style.idle[spelling] else { return HookAnswer() }
        return HookAnswer(output: idle.text + "\n")
    }
}
