// SPDX-License-Identifier: Apache-2.0

/// What a derived link may never have more of than its parent, beside what it grants: grants need no comparison, since
/// a call must be granted by every link.
enum ScalarInvariants {
    /// Checks one link below another. The signature is not looked at.
    static func check(_ child: Delegation, below parent: Delegation, parentHash: String) throws(DelegationError) {
        guard child.depth == parent.depth + 1, child.depth <= parent.maximumDepth else {
            throw DelegationError(
                .depth, "depth \(child.depth) does not follow depth \(parent.depth) of at most \(parent.maximumDepth)")
        }
        guard child.maximumDepth <= parent.maximumDepth else {
            throw DelegationError(
                .depth, "the greatest depth grew from \(parent.maximumDepth) to \(child.maximumDepth)")
        }
        guard let hash = child.parentHash, hash.isSame(as: parentHash) else {
            throw DelegationError(.parentHash, "the link was derived from another parent")
        }
        try checkTimes(child, below: parent)
        if let audience = firstName(of: child.audience, notIn: parent.audience) {
            throw DelegationError(.audience, "the audience \(Shown.text(audience)) is not among the parent's")
        }
        if let environment = firstName(of: child.environments, notIn: parent.environments) {
            throw DelegationError(.environment, "the environment \(Shown.text(environment)) is not among the parent's")
        }
        guard child.principal.isSame(as: parent.principal) else {
            throw DelegationError(
                .principal,
                "the person \(Shown.text(child.principal.subject)) is not who the parent names, in every detail")
        }
        guard child.task.isWithin(parent.task) else {
            let (own, given) = (Shown.text(child.task.id), Shown.text(parent.task.id))
            throw DelegationError(.task, "the task \(own) is neither \(given) in every detail nor a part of it")
        }
        try checkDelegates(child, below: parent)
        try check(child.budgets.calls, parent.budgets.calls, "calls")
        try check(child.budgets.writes, parent.budgets.writes, "writes")
        try check(child.budgets.costCents, parent.budgets.costCents, "cents")
    }

    private static func checkTimes(_ child: Delegation, below parent: Delegation) throws(DelegationError) {
        guard child.expires <= parent.expires else {
            throw DelegationError(.times, "the link expires after its parent")
        }
        guard child.notBefore >= parent.notBefore, child.issuedAt >= parent.issuedAt else {
            throw DelegationError(.times, "the link begins before its parent")
        }
    }

    /// A parent that names delegates may be derived for them alone, and they for no others.
    private static func checkDelegates(_ child: Delegation, below parent: Delegation) throws(DelegationError) {
        if parent.delegates.isEmpty { return }
        guard parent.delegates.contains(where: { $0.isSame(as: "agent:\(child.agent.id)") }) else {
            throw DelegationError(
                .delegate, "the agent \(Shown.text(child.agent.id)) is not one that the parent may delegate to")
        }
        // Without names of its own a link could be derived for anybody.
        guard !child.delegates.isEmpty || child.depth >= child.maximumDepth,
            firstName(of: child.delegates, notIn: parent.delegates) == nil
        else { throw DelegationError(.delegate, "the link may be delegated to agents that the parent does not name") }
    }

    private static func firstName(of names: [String], notIn others: [String]) -> String? {
        names.first { name in !others.contains { $0.isSame(as: name) } }
    }

    private static func check(_ child: Int?, _ parent: Int?, _ what: String) throws(DelegationError) {
        guard let parent else { return }
        guard let child else {
            throw DelegationError(.budget, "the link has no budget of \(what), its parent has \(parent)")
        }
        guard child <= parent else {
            throw DelegationError(.budget, "\(child) \(what) are more than the parent's \(parent)")
        }
    }
}

extension Delegation.Task {
    /// The same task, or a part of it by its id, of the same workflow and origin: policies grant by those. A part may
    /// say its intent in other words.
    func isWithin(_ other: Self) -> Bool {
        guard workflow.isSame(as: other.workflow), origin.isSame(as: other.origin) else { return false }
        if id.isSame(as: other.id) { return intent.isSame(as: other.intent) }
        return id.utf8.starts(with: "\(other.id)/".utf8)
    }
}
