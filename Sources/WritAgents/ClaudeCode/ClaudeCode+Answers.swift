// SPDX-License-Identifier: Apache-2.0

public import WritCore

extension ClaudeCode {
    public func encode(_ decision: Decision, for delivery: Delivery, replacement: JSON?) -> HookAnswer {
        var answer = Answer(event: delivery.event, capability: capability(of: delivery.event))
        answer.note(decision.obligations)
        switch decision.verdict {
        case .allow:
            if decision.isExplicitGrant { answer.grant(message(decision, "allowed by policy")) }
            if let replacement { answer.replace(replacement, of: delivery.call.tool, decision.message) }
        case .ask: answer.ask(message(decision, "a person must agree to this"), delivery)
        case .deny: answer.refuse(message(decision, "refused by policy"), delivery)
        case .halt: answer.halt(message(decision, "stopped by policy"), delivery)
        }
        return answer.printed
    }

    /// What the host shows; the name of the rule stands in where the decision says nothing.
    private func message(_ decision: Decision, _ otherwise: String) -> String {
        if !decision.message.isEmpty { return ClaudeCode.capped(decision.message) }
        guard let rule = decision.reasons.first?.rule else { return "writ: \(otherwise)" }
        return ClaudeCode.capped("writ[\(rule)]: \(otherwise)")
    }

    /// The host moves what is longer than 10,000 characters to a file that the model may never open. It counts UTF-16
    /// units.
    static func capped(_ text: String) -> String {
        guard text.utf16.count > 10_000 else { return text }
        var units = 0
        var kept = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            units += scalar.utf16.count
            if units > 9_999 { break }
            kept.append(scalar)
        }
        return String(kept) + "…"
    }

    /// The object under construction: members of the top level and of `hookSpecificOutput`.
    private struct Answer {
        let event: String
        let capability: EventCapability?
        private var top: [JSON.Member] = []
        private var specific: [JSON.Member] = []
        private var notes: [String] = []

        init(event: String, capability: EventCapability?) {
            self.event = event
            self.capability = capability
        }

        private var canBlock: Bool { capability?.canBlock ?? true }
        private var canAddContext: Bool { capability?.canAddContext ?? false }

        mutating func note(_ obligations: [Obligation]) {
            for case .annotate(let text) in obligations { notes.append(text) }
        }

        mutating func grant(_ message: String) {
            switch event {
            case "PreToolUse": permission("allow", message)
            case "PermissionRequest": behavior([JSON.Member("behavior", "allow")])
            default: break
            }
        }

        mutating func replace(_ replacement: JSON, of tool: Tool, _ message: String) {
            guard event == "PostToolUse" else { return }
            let key = tool.action == .mcpCall ? "updatedMCPToolOutput" : "updatedToolOutput"
            specific.append(JSON.Member(key, replacement))
            notes.append(message.isEmpty ? "Writ withheld a part of this output." : message)
        }

        mutating func ask(_ message: String, _ delivery: Delivery) {
            switch event {
            case "PreToolUse": permission("ask", message)
            // The host is about to ask by itself; saying nothing lets it.
            case "PermissionRequest": break
            // No other event can ask, and what cannot be asked is refused.
            default: refuse(message, delivery)
            }
        }

        mutating func refuse(_ message: String, _ delivery: Delivery) {
            switch event {
            case "PreToolUse": permission("deny", message)
            case "PermissionRequest":
                behavior([
                    JSON.Member("behavior", "deny"), JSON.Member("message", .string(message)),
                    JSON.Member("interrupt", false),
                ])
            case "Elicitation", "ElicitationResult": specific.append(JSON.Member("action", "decline"))
            case "Stop" where delivery.isRepeatedStop, "SubagentStop" where delivery.isRepeatedStop: break
            default:
                if canBlock {
                    top.append(JSON.Member("decision", "block"))
                    top.append(JSON.Member("reason", .string(message)))
                } else if canAddContext {
                    // It has happened, or cannot be stopped; the model is told all the same.
                    notes.append(message)
                }
            }
        }

        mutating func halt(_ message: String, _ delivery: Delivery) {
            top.append(JSON.Member("continue", false))
            top.append(JSON.Member("stopReason", .string(message)))
            switch event {
            // To end is what is asked for.
            case "Stop", "SubagentStop": break
            case "PermissionRequest":
                behavior([
                    JSON.Member("behavior", "deny"), JSON.Member("message", .string(message)),
                    JSON.Member("interrupt", true),
                ])
            default: refuse(message, delivery)
            }
        }

        private mutating func permission(_ verdict: String, _ message: String) {
            specific.append(JSON.Member("permissionDecision", .string(verdict)))
            specific.append(JSON.Member("permissionDecisionReason", .string(message)))
        }

        private mutating func behavior(_ members: [JSON.Member]) {
            specific.append(JSON.Member("decision", .object(members)))
        }

        var printed: HookAnswer {
            var top = top
            var specific = specific
            if canAddContext, !notes.isEmpty {
                specific.append(
                    JSON.Member("additionalContext", .string(ClaudeCode.capped(notes.joined(separator: "\n")))))
            }
            if !specific.isEmpty {
                // The host ignores an object whose event is not its own.
                specific.insert(JSON.Member("hookEventName", .string(event)), at: 0)
                top.append(JSON.Member("hookSpecificOutput", .object(specific)))
            }
            return top.isEmpty ? HookAnswer() : HookAnswer(output: JSON.object(top).text + "\n")
        }
    }
}
