// SPDX-License-Identifier: Apache-2.0
import WritCEL
import WritCore

/// What a call uses of a budget, for whoever keeps the accounts.
public struct BudgetCharge: Sendable, Hashable {
    /// The key of ``SessionState/used``: the budget's id, with the value of its `key` when it has one.
    public var account: String
    /// `<layer>/<policy>/<name>`.
    public var budget: String
    /// `call`, `session`, `task`, `writ`, `agent`, `user`, `repo`: whose account it is.
    public var per: String
    /// In seconds; nil for good.
    public var window: Int?
    /// `any`, `succeeded`, `failed`: charged when the call has ended so.
    public var outcome: String
    /// What is summed; nil for a count.
    public var meter: String?
    /// How many, for a count. The caller measures meters.
    public var amount: Int
    /// The link of a delegation whose own budget it is: charged to that link, not to the one the call is made under.
    public var owner: String?

    /// Creates a charge.
    public init(
        account: String, budget: String, per: String, window: Int?, outcome: String, meter: String?, amount: Int,
        owner: String? = nil
    ) {
        self.account = account
        self.budget = budget
        self.per = per
        self.window = window
        self.outcome = outcome
        self.meter = meter
        self.amount = amount
        self.owner = owner
    }
}

extension PolicySet {
    /// Some budget or limit counts something.
    public var hasBudgets: Bool { !budgets.isEmpty || rules.contains { $0.limits != nil } }

    /// By the id of each budget, and of each rule's limits, whose account it is: the word under `per`.
    public var budgetKinds: [String: String] {
        var kinds: [String: String] = [:]
        for budget in budgets { kinds[budget.id] = budget.per }
        for rule in rules { if let limits = rule.limits { kinds[limits.id] = limits.per } }
        return kinds
    }

    /// By the id of each budget and of each rule's limits, how much of it there is: a count, or the sum of a meter.
    public var budgetLimits: [String: Double] {
        var limits: [String: Double] = [:]
        for budget in budgets { limits[budget.id] = budget.count.map(Double.init) ?? budget.limit }
        for rule in rules { if let own = rule.limits { limits[own.id] = own.count.map(Double.init) ?? own.limit } }
        return limits
    }

    /// The accounts that an allowed call is charged to.
    public func charges(for request: PolicyRequest) -> [BudgetCharge] {
        guard request.phase == .toolCall else { return [] }
        let evaluation = Evaluation(request, hash: hash)
        var charges: [String: BudgetCharge] = [:]
        func charge(_ budget: CompiledBudget, _ account: String) {
            let empty = BudgetCharge(
                account: account, budget: budget.id, per: budget.per, window: budget.window, outcome: budget.outcome,
                meter: budget.meter, amount: 0, owner: budget.owner)
            charges[account, default: empty].amount += 1
        }
        FunctionScope.$current.withValue(evaluation.scope) {
            let executed = evaluation.views.filter { $0.operation.role == .executed }
            var links: Set<String> = []
            for budget in budgets {
                // A link that holds for two reasons is charged once.
                if budget.owner != nil, !links.insert(budget.id).inserted { continue }
                guard !budget.countsCalls else {
                    if let first = executed.first { charge(budget, evaluation.account(budget, first, lists: lists)) }
                    continue
                }
                for view in executed where budget.counts(view, evaluation) {
                    charge(budget, evaluation.account(budget, view, lists: lists))
                }
            }
            for (position, rule) in rules.enumerated() {
                guard let limits = rule.limits else { continue }
                let reading: Matcher.Reading = rule.isGrant ? .grant : .restriction
                let isUsed = executed.contains {
                    evaluation.outcome(rule, $0, lists: lists[places[position].lists], reading: reading).applies
                }
                if isUsed { charge(limits, limits.id) }
            }
        }
        return charges.values.sorted { $0.account < $1.account }
    }
}

extension Evaluation {
    /// The account of a budget that an operation belongs to. A key that has no value counts as one value.
    func account(_ budget: CompiledBudget, _ view: OperationView, lists: [CELMapBox]) -> String {
        guard let key = budget.key else { return budget.id }
        activation.view = view
        do throws(CELFault) {
            let value = try key.program.evaluate(activation, budget: Self.conditionBudget)
            return "\(budget.id)#\(value.string ?? "")"
        } catch {
            return "\(budget.id)#"
        }
    }
}
