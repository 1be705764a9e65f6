// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritPolicy

/// What the gates of a call ask of whoever agrees, as far as this machine can tell.
struct GateTerms: Sendable, Hashable {
    /// How long an answer can be used where no gate says it, in milliseconds.
    static let lifetime: Int64 = 5 * 60 * 1000
    /// More gates than this on one call are refused.
    private static let maximumGates = 16

    /// Full ids; the empty one stands for the person at the terminal.
    var gates: [String]
    var lifetime = GateTerms.lifetime
    var uses = 1
    /// Why nobody can agree on this machine; empty when somebody can.
    var obstacle = ""

    /// The terms of all gates that a call needs to pass; nil when no approval would let it pass.
    init?(_ request: PolicyRequest, _ policies: PolicySet, user: String) {
        var trial = request
        trial.approvedGates = []
        while true {
            let decision = policies.decide(trial)
            if decision.verdict == .allow { break }
            let gate = decision.gate ?? PolicyRequest.hostPrompt
            guard decision.verdict == .ask, trial.approvedGates.count < Self.maximumGates,
                trial.approvedGates.insert(gate).inserted
            else { return nil }
        }
        gates = trial.approvedGates.sorted()
        let known = policies.gates
        var times: [Int64] = []
        var uses: [Int] = []
        for name in gates {
            guard name != PolicyRequest.hostPrompt else {
                uses.append(1)
                continue
            }
            guard let gate = known[name] else {
                obstacle = "the gate `\(name)` is not defined"
                continue
            }
            times.append(Int64(clamping: gate.expires) * 1000)
            uses.append(gate.maximumUses)
            if let reason = Self.obstacle(gate, delegator: request.facts.user.id, user: user), obstacle.isEmpty {
                obstacle = "the gate `\(name)` \(reason)"
            }
        }
        lifetime = times.min() ?? Self.lifetime
        self.uses = max(1, uses.min() ?? 1)
    }

    /// Roles, groups and strong authentication come from an identity provider; a terminal knows the user alone.
    private static func obstacle(_ gate: PolicyDocument.Gate, delegator: String, user: String) -> String? {
        if !gate.channels.isEmpty, !gate.channels.contains("cli") {
            return "is answered by way of \(gate.channels.joined(separator: ", "))"
        }
        if gate.authentication != "any", !gate.authentication.isEmpty { return "asks for \(gate.authentication)" }
        if gate.count > 1 { return "needs \(gate.count) people" }
        guard gate.approvers.contains("user:\(user)") else {
            return "needs \(gate.approvers.joined(separator: " or ")), and the user here is `\(user)`"
        }
        if gate.excludesDelegator, delegator.isEmpty || delegator == user {
            return "needs somebody else than who the agent works for"
        }
        return nil
    }
}
