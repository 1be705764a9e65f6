// SPDX-License-Identifier: Apache-2.0
import WritCore

/// A compiled `match`: keys are ANDed, the items of a key ORed.
struct Matcher: Sendable, Hashable {
    /// A key of `match`, in the order in which they are tried.
    enum Key: String, Sendable, Hashable, CaseIterable {
        case actions, tools, commands, paths, hosts, packages, users, groups, roles, agents, workflows, environment,
            repos
    }

    /// A grant must cover all that an operation may mean, a restriction is touched by any of it.
    enum Reading: Sendable, Hashable {
        case grant, restriction
    }

    /// A bit for each kind of operation; nil for all.
    var kinds: UInt64?
    var tools: [ToolPattern]?
    /// Kinds that a tool alias stands for (`shell_execute`).
    var toolKinds: UInt64 = 0
    var commands: [CommandPattern]?
    var paths: [PathGlob]?
    var hosts: [HostPattern]?
    var packages: [PackagePattern]?
    var users: [WordGlob]?
    var groups: [WordGlob]?
    var roles: [WordGlob]?
    var agents: [WordGlob]?
    var workflows: [WordGlob]?
    var environment: [WordGlob]?
    var repos: [WordGlob]?

    static func bit(_ kind: Operation.Kind) -> UInt64 { 1 << UInt64(kind.index) }

    /// Says something about operations, and not only about who asks.
    var namesOperations: Bool {
        kinds != nil || tools != nil || commands != nil || paths != nil || hosts != nil || packages != nil
    }

    func accepts(_ kind: Operation.Kind) -> Bool {
        kinds.map { $0 & Self.bit(kind) != 0 } ?? true
    }

    /// The first key that does not match; nil when all do.
    func firstMismatch(
        _ view: OperationView?, _ subject: RequestSubject, _ roots: SplitRoots, _ reading: Reading
    ) -> Key? {
        if let view {
            if let kinds, kinds & view.kindBit == 0 { return .actions }
            if let commands {
                let isHit =
                    reading == .grant
                    ? commands.contains { $0.covers(view.operation) } : commands.contains { $0.touches(view.operation) }
                if !isHit { return .commands }
            }
            if let paths {
                guard let path = view.path else { return .paths }
                let isHit =
                    reading == .grant
                    ? paths.contains { $0.covers(path) } : paths.contains { $0.touches(path, roots: roots) }
                if !isHit { return .paths }
            }
            if let hosts {
                guard !view.host.isEmpty else { return .hosts }
                let isHit =
                    view.isHostUnknown
                    ? reading == .restriction : hosts.contains { $0.matches(view.host, view.address) }
                if !isHit { return .hosts }
            }
            if let packages {
                guard let package = view.operation.package else { return .packages }
                if !packages.contains(where: { $0.matches(package.ecosystem, package.name) }) { return .packages }
            }
        } else if kinds != nil || commands != nil || paths != nil || hosts != nil || packages != nil {
            return .actions
        }
        if let tools {
            let isKind = toolKinds & subject.toolKindBit != 0
            if !isKind, !tools.contains(where: { $0.matches(subject.tool) || $0.matches(subject.rawTool) }) {
                return .tools
            }
        }
        if let users, !users.contains(where: { $0.matches(subject.user) }) { return .users }
        if let groups, !Self.any(groups, subject.groups) { return .groups }
        if let roles, !Self.any(roles, subject.roles) { return .roles }
        if let agents, !Self.any(agents, subject.agents) { return .agents }
        if let workflows, !workflows.contains(where: { $0.matches(subject.workflow) }) { return .workflows }
        if let environment, !Self.any(environment, subject.environments) { return .environment }
        if let repos, subject.repo.isEmpty || !repos.contains(where: { $0.matches(subject.repo) }) { return .repos }
        return nil
    }

    private static func any(_ globs: [WordGlob], _ words: [String]) -> Bool {
        globs.contains { glob in words.contains { glob.matches($0) } }
    }

    /// Words of which an operation has at least one if it matches; nil when nothing can be said.
    var lookupKeys: [UInt64]? {
        if let commands, let keys = Self.keys(commands, \.lookupKey) { return keys }
        if let hosts, let keys = Self.keys(hosts, \.lookupKey) { return keys }
        if let packages, packages.allSatisfy({ $0.name.isLiteral }) {
            return packages.map { RuleKey.package($0.name.text) }
        }
        if let tools, toolKinds == 0, tools.allSatisfy({ $0.isLiteral || $0.server != nil }) {
            return tools.map { $0.isLiteral ? RuleKey.tool($0.source) : RuleKey.server($0.server ?? "") }
        }
        if let paths, let keys = Self.keys(paths, \.lookupKey) { return keys }
        return nil
    }

    /// The key of each pattern; nil when one has none.
    private static func keys<Pattern>(_ patterns: [Pattern], _ key: (Pattern) -> UInt64?) -> [UInt64]? {
        var keys: [UInt64] = []
        for pattern in patterns {
            guard let key = key(pattern) else { return nil }
            keys.append(key)
        }
        return keys
    }
}

/// Who asks, in the forms that are compared; worked out once for a request.
final class RequestSubject: Sendable {
    let tool: String
    /// The agent's own name of it.
    let rawTool: String
    let toolKind: Operation.Kind
    let toolKindBit: UInt64
    let user: String
    let groups: [String]
    let roles: [String]
    let agents: [String]
    let workflow: String
    let environments: [String]
    let repo: String

    init(_ request: PolicyRequest) {
        tool = request.call.tool.canonicalName
        rawTool = request.call.tool.native ?? tool
        toolKind = request.call.tool.action
        toolKindBit = Matcher.bit(toolKind)
        user = request.facts.user.id
        groups = request.facts.user.groups
        roles = request.facts.user.roles
        let agent = request.call.agent
        agents = [agent.kind] + [agent.id, agent.type].compactMap(\.self)
        workflow = request.facts.task.workflow
        let environment = request.facts.environment
        environments = [environment.profile.isEmpty ? "prototyping" : environment.profile, environment.name]
        repo = request.facts.repo.remote.isEmpty ? "" : RemoteText.normalized(request.facts.repo.remote)
    }
}
