// SPDX-License-Identifier: Apache-2.0

/// What an agent is told when no verdict could be reached, in its own spelling: the compiled-in safe side.
///
/// Events that can stop something are refused. Events that cannot, or whose refusal would trap the agent (a refused
/// Stop makes it go on for ever), are answered neutrally. An event whose name is not known is refused with exit code 2,
/// which is the one refusal nearly every agent understands.
public enum ClosedAnswer {
    /// How an event says no.
    public enum Spelling: Sendable, Hashable {
        /// Nothing printed, exit code 0.
        case neutral
        /// `hookSpecificOutput.permissionDecision`, and exit code 2.
        case permissionDecision
        /// `hookSpecificOutput.decision.behavior`; exit code 0, because 2 is not honoured here.
        case permissionBehavior
        /// Top-level `decision: block`, and exit code 2.
        case block
        /// `hookSpecificOutput.action: decline`, and exit code 2.
        case decline
        /// Reason on standard error, exit code 2.
        case exitCode
    }

    /// How `agent` spells a refusal of `event`; an empty event means that its name could not be read.
    public static func spelling(agent: String, event: String) -> Spelling {
        guard agent == "claude-code" else { return .exitCode }
        for row in claudeCode where row.event == event { return row.spelling }
        return .exitCode
    }

    /// The answer to print.
    ///
    /// - Parameter reason: one sentence without quotes of the payload; shown to the model or the person.
    public static func answer(agent: String, event: String, reason: String) -> HookResponse {
        let text = quoted(reason)
        let name = quoted(event)
        switch spelling(agent: agent, event: event) {
        case .neutral: return HookResponse()
        case .permissionDecision:
            let output =
                "{\"hookSpecificOutput\":{\"hookEventName\":\(name),\"permissionDecision\":\"deny\","
                + "\"permissionDecisionReason\":\(text)}}\n"
            return HookResponse(exitCode: 2, output: output, error: reason + "\n")
        case .permissionBehavior:
            let output =
                "{\"hookSpecificOutput\":{\"hookEventName\":\(name),\"decision\":{\"behavior\":\"deny\","
                + "\"message\":\(text),\"interrupt\":false}}}\n"
            return HookResponse(exitCode: 0, output: output, error: reason + "\n")
        case .block:
            return HookResponse(
                exitCode: 2, output: "{\"decision\":\"block\",\"reason\":\(text)}\n", error: reason + "\n")
        case .decline:
            let output = "{\"hookSpecificOutput\":{\"hookEventName\":\(name),\"action\":\"decline\"}}\n"
            return HookResponse(exitCode: 2, output: output, error: reason + "\n")
        case .exitCode: return HookResponse(exitCode: 2, output: "", error: reason + "\n")
        }
    }

    /// The event to close for, when the hook's arguments and its payload may each name one: the one that is refused,
    /// so that naming a harmless event never opens a harmful one.
    public static func event(agent: String, argument: String, payload: String?) -> String {
        guard let payload else { return argument }
        if argument.isEmpty { return payload }
        return spelling(agent: agent, event: payload) == .neutral ? argument : payload
    }

    private static let claudeCode: [(event: String, spelling: Spelling)] = [
        ("PreToolUse", .permissionDecision), ("PermissionRequest", .permissionBehavior),
        ("UserPromptSubmit", .block), ("UserPromptExpansion", .block), ("PostToolUse", .block),
        ("PostToolBatch", .block), ("ConfigChange", .block), ("Elicitation", .decline),
        ("ElicitationResult", .decline),
        // Cannot stop anything.
        ("SessionStart", .neutral), ("SessionEnd", .neutral), ("Setup", .neutral), ("SubagentStart", .neutral),
        ("PostToolUseFailure", .neutral), ("InstructionsLoaded", .neutral), ("Notification", .neutral),
        ("PermissionDenied", .neutral), ("StopFailure", .neutral), ("PostCompact", .neutral),
        ("CwdChanged", .neutral), ("DirectoryAdded", .neutral), ("FileChanged", .neutral),
        ("WorktreeRemove", .neutral), ("MessageDisplay", .neutral),
        // Could, but a refusal would trap the agent.
        ("Stop", .neutral), ("SubagentStop", .neutral), ("PreCompact", .neutral), ("TeammateIdle", .neutral),
        ("TaskCompleted", .neutral),
    ]

    /// A JSON string; control characters become spaces.
    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            default: out.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
            }
        }
        return out + "\""
    }
}
