// SPDX-License-Identifier: Apache-2.0
public import WritCore

extension Delegation {
    /// The most seconds that a sub-agent's link lives. While its sub-agent works it is renewed.
    public static let subAgentLifetime: Int64 = 30 * 60
    /// How many seconds before its end the link of a sub-agent that still works is renewed.
    public static let subAgentRenewal: Int64 = subAgentLifetime / 3

    /// What a sub-agent may not do unless somebody gives it so by name: write, publish, and start agents of its own.
    public static let notForSubAgents: [Operation.Kind] = [
        .fileWrite, .fileDelete, .fileMode, .gitCommit, .gitPush, .gitConfig, .gitDiscard, .gitRewrite, .pkgInstall,
        .pkgPublish, .memoryWrite, .configWrite, .deployApply, .resourceWrite, .resourceDelete, .agentSpawn,
        .privilegeRaise, .systemChange,
    ]

    /// The link that a sub-agent gets when nobody says otherwise: what the parent may without ``notForSubAgents``, for
    /// at most half an hour and no longer than the parent, for the parent's task.
    ///
    /// Those actions are taken out of the grants that name them, and denied besides: a grant may name them by a
    /// pattern, or allow a command that does them.
    public func subAgentChild(id: String, holder: [UInt8], agent: Agent, now: Int64) -> Narrowing {
        let kinds = Set(Self.notForSubAgents.map(\.rawValue))
        var kept: [Capability] = []
        for grant in grants {
            var narrowed = grant
            narrowed.actions.removeAll { kinds.contains($0) }
            // A list that became empty would mean any action.
            if narrowed.actions.isEmpty, !grant.actions.isEmpty { continue }
            kept.append(narrowed)
        }
        return Narrowing(
            id: id, holder: holder, issuedAt: now, expires: min(expires, now.addingClamped(Self.subAgentLifetime)),
            agent: agent, grants: kept, denials: [Capability(actions: Self.notForSubAgents.map(\.rawValue))])
    }
}
