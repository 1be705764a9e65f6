// SPDX-License-Identifier: Apache-2.0

/// What an agent is told when no verdict could be reached, in its own spelling: the compiled-in safe side.
///
/// Events that can stop something are refused. Events that cannot, or whose refusal would trap the agent (a refused
/// Stop makes it go on for ever), are answered neutrally. An event whose name is not known is refused in the way that
/// the agent understands best: nearly everywhere exit code 2.
public enum ClosedAnswer {
    /// How an event says no, or that it says nothing.
    public enum Spelling: Sendable, Hashable {
        /// Nothing printed, exit code 0.
        case neutral
        /// `{}`: no opinion, for agents that take silence for a failure.
        case emptyObject
        /// `{"continue":true}`: no opinion.
        case goOn
        /// `hookSpecificOutput.permissionDecision`, and exit code 2.
        case permissionDecision
        /// `hookSpecificOutput.decision.behavior`; exit code 0, because 2 is not honoured here.
        case permissionBehavior
        /// The same without `interrupt`, which some agents refuse to read.
        case shortBehavior
        /// Top-level `permissionDecision`, and exit code 2.
        case flatPermission
        /// Top-level `behavior`, and exit code 2.
        case flatBehavior
        /// Top-level `permission` with a message for the person and one for the model, and exit code 2.
        case permission
        /// Top-level `permission` with a message for the person, and exit code 2.
        case shortPermission
        /// `continue: false` with a message for the person; exit code 0, because only the object is honoured here.
        case promptStop
        /// `continue: false`, `stopReason` and `systemMessage`, and exit code 2.
        case halt
        /// Top-level `decision: block`, and exit code 2.
        case block
        /// Top-level `decision: deny`, and exit code 2.
        case deny
        /// `hookSpecificOutput.action: decline`, and exit code 2.
        case decline
        /// `cancel: true`; exit code 0, because a failed hook is passed over.
        case cancel
        /// Writ's own object for its plugins, and exit code 2.
        case plugin
        /// Reason on standard error, exit code 2.
        case exitCode

        /// Says nothing against what is about to happen.
        public var isNeutral: Bool {
            switch self {
            case .neutral, .emptyObject, .goOn: true
            case .permissionDecision, .permissionBehavior, .shortBehavior, .flatPermission, .flatBehavior, .permission,
                .shortPermission, .promptStop, .halt, .block, .deny, .decline, .cancel, .plugin, .exitCode:
                false
            }
        }
    }

    /// How `agent` spells a refusal of `event`; an empty event means that its name could not be read.
    public static func spelling(agent: String, event: String) -> Spelling {
        let table = HookEvents.of(agent)
        for row in table.rows where row.event == event { return row.spelling }
        return table.unknown
    }

    /// Whether the table of `agent` has this event.
    public static func isKnown(agent: String, event: String) -> Bool {
        HookEvents.of(agent).rows.contains { $0.event == event }
    }

    /// The top-level key that names the event in the agent's payloads; nil when payloads do not name it.
    public static func eventKey(agent: String) -> StaticString? {
        HookEvents.of(agent).key
    }

    /// The answer to print.
    ///
    /// - Parameter reason: one sentence without quotes of the payload; shown to the model or the person.
    public static func answer(agent: String, event: String, reason: String) -> HookResponse {
        let text = quoted(reason)
        let name = quoted(event)
        func refusal(_ output: String, exitCode: Int32 = 2) -> HookResponse {
            HookResponse(exitCode: exitCode, output: output + "\n", error: reason + "\n")
        }
        switch spelling(agent: agent, event: event) {
        case .neutral: return HookResponse()
        case .emptyObject: return HookResponse(output: "{}\n")
        case .goOn: return HookResponse(output: "{\"continue\":true}\n")
        case .permissionDecision:
            return refusal(
                "{\"hookSpecificOutput\":{\"hookEventName\":\(name),\"permissionDecision\":\"deny\","
                    + "\"permissionDecisionReason\":\(text)}}")
        case .permissionBehavior:
            return refusal(
                "{\"hookSpecificOutput\":{\"hookEventName\":\(name),\"decision\":{\"behavior\":\"deny\","
                    + "\"message\":\(text),\"interrupt\":false}}}", exitCode: 0)
        case .shortBehavior:
            return refusal(
                "{\"hookSpecificOutput\":{\"hookEventName\":\(name),\"decision\":{\"behavior\":\"deny\","
                    + "\"message\":\(text)}}}", exitCode: 0)
        case .flatPermission:
            return refusal("{\"permissionDecision\":\"deny\",\"permissionDecisionReason\":\(text)}")
        case .flatBehavior:
            return refusal("{\"behavior\":\"deny\",\"message\":\(text),\"interrupt\":false}")
        case .permission:
            return refusal("{\"permission\":\"deny\",\"user_message\":\(text),\"agent_message\":\(text)}")
        case .shortPermission: return refusal("{\"permission\":\"deny\",\"user_message\":\(text)}")
        case .promptStop: return refusal("{\"continue\":false,\"user_message\":\(text)}", exitCode: 0)
        case .halt:
            return refusal("{\"continue\":false,\"stopReason\":\(text),\"systemMessage\":\(text)}")
        case .block: return refusal("{\"decision\":\"block\",\"reason\":\(text)}")
        case .deny: return refusal("{\"decision\":\"deny\",\"reason\":\(text)}")
        case .decline:
            return refusal("{\"hookSpecificOutput\":{\"hookEventName\":\(name),\"action\":\"decline\"}}")
        case .cancel: return refusal("{\"cancel\":true,\"errorMessage\":\(text)}", exitCode: 0)
        case .plugin: return refusal("{\"verdict\":\"deny\",\"reason\":\(text)}")
        case .exitCode: return HookResponse(exitCode: 2, output: "", error: reason + "\n")
        }
    }

    /// The event to close for, when the hook's arguments and its payload may each name one: the one that is refused,
    /// so that naming a harmless event never opens a harmful one.
    public static func event(agent: String, argument: String, payload: String?) -> String {
        guard let payload else { return argument }
        if argument.isEmpty { return payload }
        return spelling(agent: agent, event: payload).isNeutral ? argument : payload
    }

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
