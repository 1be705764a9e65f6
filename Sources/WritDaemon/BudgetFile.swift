// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCore
import WritGuard
import WritPolicy
import WritWire

/// The accounts of budgets in one small file, so that they outlive the daemon. Changed accounts are written before the
/// call that changed them is answered.
final class BudgetFile: Sendable {
    private struct State {
        var accounts: BudgetAccounts
        /// Charges that wait for their call's end, by session and tool use.
        var pending: [String: (charges: [BudgetCharge], owners: BudgetAccounts.Owners)] = [:]
        var order: [String] = []
    }

    /// More calls than this are not waited for; the oldest counts as failed, which is what budgets of failures are for.
    private static let maximumPending = 1_024

    private let path: String
    private let withholding: Withholding
    private let state: Mutex<State>

    init(home: WritHome, withholding: Withholding) throws(DaemonFault) {
        path = Self.path(of: home)
        self.withholding = withholding
        state = Mutex(State(accounts: try Self.read(path)))
    }

    static func path(of home: WritHome) -> String { home.state + "/budgets.json" }

    static func read(_ path: String) throws(DaemonFault) -> BudgetAccounts {
        guard let bytes = try SmallFile.read(path, limit: 64 << 20) else { return BudgetAccounts() }
        let json: JSON
        do { json = try JSON(parsing: bytes) } catch {
            throw DaemonFault("\(path): the accounts are damaged (\(error)); remove the file to begin anew")
        }
        guard let accounts = BudgetAccounts(json) else {
            throw DaemonFault("\(path): the accounts are damaged; remove the file to begin anew")
        }
        return accounts
    }

    /// How much the call's owners have used.
    func used(by call: Call, _ facts: Facts, under policies: PolicySet, now: Int64) -> [String: Double] {
        guard policies.hasBudgets else { return [:] }
        return state.withLock {
            $0.accounts.used(
                by: BudgetAccounts.Owners(call: call, facts: facts), kinds: policies.budgetKinds, now: now)
        }
    }

    /// Charges a call that was let through, or asked about, and a call that has ended.
    func note(_ judgement: Judgement, under policies: PolicySet, now: Int64) throws {
        let call = judgement.request.call
        let name = call.toolUse.map { "\(call.agent.kind)|\(call.session)|\($0)" }
        if call.event == .afterTool {
            guard let name else { return }
            try state.withLock { state in
                guard let waiting = state.pending.removeValue(forKey: name) else { return }
                state.order.removeAll { $0 == name }
                let outcome = Self.hasFailed(call.response) ? "failed" : "succeeded"
                let due = waiting.charges.filter { $0.outcome == outcome }
                if state.accounts.charge(due, to: waiting.owners, now: now) { try keep(state.accounts) }
            }
            return
        }
        guard policies.hasBudgets, judgement.request.phase == .toolCall, judgement.decision.verdict < .deny,
            call.event != .permissionRequest
        else { return }
        let charges = policies.charges(for: judgement.request)
        guard !charges.isEmpty else { return }
        let owners = BudgetAccounts.Owners(judgement.request)
        try state.withLock { state in
            var isChanged = state.accounts.charge(charges.filter { $0.outcome == "any" }, to: owners, now: now)
            let later = charges.filter { $0.outcome != "any" }
            if !later.isEmpty, let name {
                if state.pending.updateValue((later, owners), forKey: name) == nil { state.order.append(name) }
                if state.order.count > Self.maximumPending, let first = state.order.first {
                    state.order.removeFirst()
                    if let lost = state.pending.removeValue(forKey: first) {
                        let failed = lost.charges.filter { $0.outcome == "failed" }
                        if state.accounts.charge(failed, to: lost.owners, now: now) { isChanged = true }
                    }
                }
            }
            if isChanged { try keep(state.accounts) }
        }
    }

    /// A person gives a budget back.
    ///
    /// - Returns: how many accounts were emptied.
    func reset(_ budget: String, owner: String?) throws -> Int {
        try state.withLock { state in
            let count = state.accounts.reset(budget, owner: owner)
            try keep(state.accounts)
            return count
        }
    }

    /// What the agent's own answer says about how the tool ended.
    private static func hasFailed(_ response: JSON?) -> Bool {
        guard let response else { return false }
        if response["is_error"]?.bool == true || response["success"]?.bool == false { return true }
        if response["interrupted"]?.bool == true || response["error"]?.string?.isEmpty == false { return true }
        for key in ["exit_code", "exitCode", "code"] {
            if let code = response[key]?.integer, code != 0 { return true }
        }
        return false
    }

    private func keep(_ accounts: BudgetAccounts) throws {
        // A key's value comes from the call, such as a path or a command.
        try SmallFile.write(try withholding.json(accounts.json).bytes, to: path)
    }
}
