// SPDX-License-Identifier: Apache-2.0
import WritCEL
public import WritCore

/// How a decision came about, rule by rule: what `explain` prints.
public struct DecisionTrace: Sendable, Hashable {
    /// One rule on one operation.
    public struct Step: Sendable, Hashable {
        /// `<layer>/<policy>/<rule>`.
        public var rule: String
        public var layer: Layer
        public var action: String
        /// An index into the call's operations; nil for rules about the whole call.
        public var operation: Int?
        public var applies: Bool
        /// Why it applies or does not: the first matcher or part of the condition that failed, with its value.
        public var because: String
        public var mark: SourceMark
        public var file: String
    }

    /// What stands where no rule grants an operation.
    public struct Base: Sendable, Hashable {
        /// `<layer>/<policy>/defaults`.
        public var id: String
        public var verdict: Verdict
        public var operation: Int
    }

    public var steps: [Step]
    public var bases: [Base]
    /// What would make the call allowed, in sentences; empty for an allowed call.
    public var alternatives: [String]
}

/// Collects a trace while a decision is made.
final class TraceRecorder {
    private(set) var steps: [DecisionTrace.Step] = []
    private(set) var bases: [DecisionTrace.Base] = []
    private let files: [String: String]
    /// A call of many operations under many rules must not fill the memory.
    private static let limit = 20_000

    init(files: [String: String]) {
        self.files = files
    }

    func record(_ rule: CompiledRule, _ operation: Int?, _ outcome: RuleOutcome, _ evaluation: Evaluation) {
        guard steps.count < Self.limit else { return }
        steps.append(
            DecisionTrace.Step(
                rule: rule.id, layer: rule.layer, action: rule.action.rawValue, operation: operation,
                applies: outcome.applies, because: because(rule, outcome, evaluation), mark: rule.mark,
                file: files[rule.id] ?? ""))
    }

    func base(_ id: String, _ verdict: Verdict, _ operation: Int) {
        guard bases.count < Self.limit else { return }
        bases.append(DecisionTrace.Base(id: id, verdict: verdict, operation: operation))
    }

    private func because(_ rule: CompiledRule, _ outcome: RuleOutcome, _ evaluation: Evaluation) -> String {
        switch outcome {
        case .match(let detail): return detail.isEmpty ? "everything matches" : detail
        case .fault(let text): return "could not be evaluated and applies for that reason: \(text)"
        case .miss(let miss):
            switch miss {
            case .phase: return "belongs to another phase"
            case .expired: return "has expired"
            case .scanner: return "the scanner `\(rule.scanner?.name ?? "")` found nothing that it answers"
            case .key(let key): return "`\(key.rawValue)` does not match"
            case .arguments: return "the arguments are not those that it names"
            case .opaque: return "what the operation does is not known, and the grant does not speak of `op.opaque`"
            case .data: return "the text is carried as data, and the rule does not speak of `op.role`"
            case .whenFalse: return rule.when.map { Self.failing($0, evaluation, wanted: true) } ?? "`when` is false"
            case .unlessTrue: return "`unless` is true: \(quoted(rule.unless?.program.source ?? ""))"
            case .grantFault(let text): return "could not be evaluated, and so grants nothing: \(text)"
            case .label: return "the session has none of the flow's labels"
            case .waived(let waiver): return "waived by \(quoted(waiver.approvedBy)): \(waiver.reason)"
            }
        }
    }

    /// The first term of a conjunction that is not true, with the values of its variables.
    private static func failing(_ condition: Condition, _ evaluation: Evaluation, wanted: Bool) -> String {
        let ast = condition.program.ast
        var terms = [ast]
        if case .and(let parts) = ast.kind { terms = parts }
        let environment = PolicyEnvironments(PolicyOptions()).of(evaluation.request.phase)
        for term in terms {
            // Parts of a condition that compiled compile too, unless they speak of a macro's variable.
            guard let part = try? CELProgram(term.text, in: environment) else { continue }
            let truth: Bool?
            do throws(CELFault) {
                truth = try part.holds(evaluation.activation, budget: Evaluation.conditionBudget)
            } catch {
                truth = nil
            }
            if truth == wanted { continue }
            let values = part.slots.prefix(3).compactMap { slot -> String? in
                guard slot < Variable.bySlot.count else { return nil }
                let variable = Variable.bySlot[slot]
                guard variable != .call, variable != .callArgs, variable != .lists,
                    let value = try? evaluation.activation.value(of: variable)
                else { return nil }
                return "`\(variable.rawValue)` is \(quoted(Self.text(value)))"
            }
            let what = truth == nil ? "cannot be evaluated" : "is false"
            return "\(quoted(term.text)) \(what)" + (values.isEmpty ? "" : " (\(values.joined(separator: ", ")))")
        }
        return "`when` is false"
    }

    private static func text(_ value: CELValue) -> String {
        switch value {
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .string(let value): value
        case .list(let values): "[" + values.prefix(5).map(text).joined(separator: ", ") + "]"
        default: "…"
        }
    }
}

extension PolicySet {
    /// The answer to a request, with every rule's part in it. Slower than ``decide(_:)`` and equal to it.
    public func decideTraced(_ request: PolicyRequest) -> (decision: Decision, trace: DecisionTrace) {
        var files: [String: String] = [:]
        for layer in layers {
            for rule in layer.rules { files[rule.id] = layer.documents[rule.document].file }
        }
        let recorder = TraceRecorder(files: files)
        var deciding = Deciding(self, request, trace: recorder)
        let decision = deciding.run()
        return (
            decision,
            DecisionTrace(
                steps: recorder.steps, bases: recorder.bases,
                alternatives: alternatives(decision, request, recorder.bases))
        )
    }

    private func alternatives(
        _ decision: Decision, _ request: PolicyRequest, _ bases: [DecisionTrace.Base]
    ) -> [String] {
        guard decision.verdict > .allow else { return [] }
        let gates = self.gates
        var out: [String] = []
        for reason in decision.reasons where reason.verdict == decision.verdict {
            if let base = bases.first(where: { $0.id == reason.rule }) {
                let kind =
                    request.operations.indices.contains(base.operation)
                    ? request.operations[base.operation].kind : request.call.tool.action
                let layer = reason.rule.split(separator: "/").first.map(String.init) ?? ""
                if layer == Layer.delegation.name {
                    out.append("a writ that grants `\(kind.rawValue)` here would cover it")
                    continue
                }
                out.append("a grant for `\(kind.rawValue)` in the layer `\(layer)` would cover it")
                continue
            }
            let rule = rules.first { $0.id == reason.rule }
            if reason.verdict == .ask {
                if let gate = rule.flatMap(gate(of:)) {
                    let approvers = gates[gate]?.approvers.joined(separator: ", ") ?? "its approvers"
                    out.append("an approval of the gate `\(gate)` by \(approvers)")
                } else {
                    out.append("a person's consent to `\(reason.rule)`")
                }
            } else if let rule, rule.layer != .delegation {
                out.append("`\(reason.rule)` forbids it; a waiver in that policy would lift it")
            } else {
                out.append("`\(reason.rule)` forbids it")
            }
        }
        return out
    }
}
