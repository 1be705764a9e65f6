// SPDX-License-Identifier: Apache-2.0

import WritCore
import WritWire

/// How an agent's answers differ from those of the agents it copies: what the spelling of an event's refusal
/// (``WritWire/ClosedAnswer/Spelling``) leaves open.
struct AnswerStyle: Sendable {
    /// How an end of the agent is refused, so that it goes on. Closed answers never do that.
    enum Stop: Sendable {
        case block, deny, nestedBlock, followUp
    }

    /// Where a note for the model goes.
    enum Context: Sendable {
        /// `hookSpecificOutput.additionalContext`
        case specific
        /// A key of the top level.
        case top(String)
        /// The text itself; the host puts standard output before the model.
        case plain
    }

    /// How the model is shown another output than the tool's.
    enum Replacement: Sendable {
        /// `hookSpecificOutput.updatedToolOutput`, for MCP `updatedMCPToolOutput`.
        case specific
        /// The reason of a refusal takes the place of the output.
        case reason
        /// A key of the top level.
        case top(String)
        /// A key of the top level, for tools of MCP servers alone.
        case topForMCP(String)
    }

    /// Printed when there is nothing to say, by how the event refuses; silence where nothing stands here.
    var idle: [ClosedAnswer.Spelling: JSON] = [:]
    /// The same for single events.
    var idleEvents: [String: JSON] = [:]
    var stop = Stop.block
    var context = Context.specific
    var replacement = Replacement.specific
    /// Events where `continue: false` ends the agent.
    var halts: Set<String> = []
    /// A halt is `continue: false` alone, without the event's own refusal.
    var haltStandsAlone = false
    /// A grant is printed in so many words.
    var grants = true
    /// A refusal may carry a note beside it.
    var notesRefusals = true
    /// Refusals of tools of MCP servers take the older shape.
    var blocksMCP = false
    /// The question's own key beside the decision; nil to leave it with the reason's.
    var askMessage: String?
    /// Notes for the person as well.
    var tellsPerson: Set<String> = []
}

/// What a host shows.
enum AnswerText {
    static func message(_ decision: Decision, _ otherwise: String) -> String {
        // The name of the rule stands in where the decision says nothing.
        if !decision.message.isEmpty { return capped(decision.message) }
        guard let rule = decision.reasons.first?.rule else { return "writ: \(otherwise)" }
        return capped("writ[\(rule)]: \(otherwise)")
    }

    /// Claude Code moves what is longer than 10,000 characters to a file that the model may never open, and others cut
    /// it. It counts UTF-16 units.
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
}
