// SPDX-License-Identifier: Apache-2.0
import WritCore

/// A call that waits for a person's answer, and what became of it.
struct Approval: Sendable, Hashable {
    /// Where it stands.
    enum State: String, Sendable, Hashable {
        /// Nobody has answered yet.
        case waiting
        /// A person has agreed; the same call passes once.
        case given
        /// A person has refused; the same call is refused until the end.
        case denied
        /// The call has passed.
        case used
        /// Nobody answered, or the call did not come again in time.
        case expired
        /// Too many others of the session came after it.
        case dropped

        var isOpen: Bool { self == .waiting || self == .given }
    }

    /// What a person types: ``Approvals/idLength`` letters and digits.
    var id: String
    /// What the answer is bound to: ``CallBinding``.
    var binding: String
    /// The agent's kind and its conversation.
    var agent: String
    var session: String
    var tool: String
    /// What the person is shown, without secrets: the call's arguments, its operations and why it is asked.
    var shown: Shown
    /// Gates that must agree; the empty name is the person at the terminal.
    var gates: [String]
    /// Why no answer can be given here; empty when one can.
    var obstacle = ""
    /// In milliseconds since 1970.
    var askedAt: Int64
    /// When the present state ends, in milliseconds since 1970.
    var until: Int64
    /// How long an answer can be used, in milliseconds.
    var lifetime: Int64
    var usesLeft: Int
    var state = State.waiting
    /// Who answered: user, terminal and process.
    var answeredBy = ""
    var answeredAt: Int64 = 0
    var usedAt: Int64 = 0
    /// The host's own question about a call that passed was covered.
    var isFollowed = false
    /// Wrong answers to its challenges.
    var failures = 0

    /// What a person sees before they answer.
    struct Shown: Sendable, Hashable {
        var workingDirectory = ""
        /// The command, or the arguments as JSON.
        var call = ""
        var operations: [String] = []
        var reasons: [String] = []
        /// Labels of the session, such as `untrusted`.
        var labels: [String] = []
        /// Bytes of the call that are not shown; 0 when all of it is.
        var hidden = 0
    }
}

/// Something that happened to an approval, for the ledger.
struct ApprovalEvent: Sendable, Hashable {
    /// The word in the ledger.
    enum Kind: String, Sendable, Hashable {
        case requested, given, denied, used, expired, dropped
        /// Somebody who is no person, or who did not know the challenge, tried to answer.
        case refused
    }

    var kind: Kind
    var approval: Approval
    /// Why, for ``Kind/refused``.
    var detail = ""
}

extension Approval {
    /// For the file and for `--json`.
    var json: JSON {
        [
            "id": .string(id), "binding": .string(binding), "agent": .string(agent), "session": .string(session),
            "tool": .string(tool), "cwd": .string(shown.workingDirectory), "call": .string(shown.call),
            "operations": .array(shown.operations.map { .string($0) }),
            "reasons": .array(shown.reasons.map { .string($0) }), "labels": .array(shown.labels.map { .string($0) }),
            "hidden": .integer(Int64(clamping: shown.hidden)), "gates": .array(gates.map { .string($0) }),
            "obstacle": .string(obstacle), "asked": .integer(askedAt), "until": .integer(until),
            "lifetime": .integer(lifetime), "uses": .integer(Int64(clamping: usesLeft)),
            "state": .string(state.rawValue),
            "by": .string(answeredBy), "answered": .integer(answeredAt), "used": .integer(usedAt),
            "followed": .bool(isFollowed), "failures": .integer(Int64(clamping: failures)),
        ]
    }

    /// Reads what ``json`` wrote; nil when something is missing.
    init?(_ json: JSON) {
        func text(_ key: String) -> String? { json[key]?.string }
        func texts(_ key: String) -> [String]? { json[key]?.array?.compactMap(\.string) }
        guard let id = text("id"), let binding = text("binding"), let agent = text("agent"),
            let session = text("session"), let tool = text("tool"), let directory = text("cwd"),
            let call = text("call"),
            let operations = texts("operations"), let reasons = texts("reasons"), let labels = texts("labels"),
            let hidden = json["hidden"]?.integer, let gates = texts("gates"), let obstacle = text("obstacle"),
            let asked = json["asked"]?.integer, let until = json["until"]?.integer,
            let lifetime = json["lifetime"]?.integer, let uses = json["uses"]?.integer,
            let state = text("state").flatMap({ State(rawValue: $0) }), let by = text("by"),
            let answered = json["answered"]?.integer, let used = json["used"]?.integer,
            let isFollowed = json["followed"]?.bool, let failures = json["failures"]?.integer
        else { return nil }
        self.init(
            id: id, binding: binding, agent: agent, session: session, tool: tool,
            shown: Shown(
                workingDirectory: directory, call: call, operations: operations, reasons: reasons, labels: labels,
                hidden: Int(clamping: hidden)),
            gates: gates, obstacle: obstacle, askedAt: asked, until: until, lifetime: lifetime,
            usesLeft: Int(clamping: uses), state: state, answeredBy: by, answeredAt: answered, usedAt: used,
            isFollowed: isFollowed, failures: Int(clamping: failures))
    }
}
