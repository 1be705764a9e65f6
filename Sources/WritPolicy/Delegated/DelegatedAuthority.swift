// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// One link of a verified delegation, in the words of policies.
///
/// It becomes a layer below all others, which restricts alone: what none of its grants covers is denied, whatever the
/// other layers say, and nothing in it opens what they refuse. The links of a chain are layers of their own, so a call
/// needs the grant of each.
public struct DelegatedAuthority: Sendable, Hashable {
    /// Which operations, and with which arguments.
    public struct Capability: Sendable, Hashable {
        public var match: PolicyDocument.Match
        /// Empty: any arguments.
        public var arguments: [ArgumentRule]

        /// Creates a capability.
        public init(_ match: PolicyDocument.Match, arguments: [ArgumentRule] = []) {
            self.match = match
            self.arguments = arguments
        }

        /// Creates a capability from the items of `match`; an empty list says nothing about its key.
        public init(
            actions: [String] = [], tools: [String] = [], commands: [String] = [], paths: [String] = [],
            hosts: [String] = [], packages: [String] = [], arguments: [ArgumentRule] = []
        ) {
            func items(_ texts: [String]) -> [Marked<String>]? {
                texts.isEmpty ? nil : texts.map { Marked($0, DelegatedAuthority.mark) }
            }
            var match = PolicyDocument.Match()
            match.actions = items(actions)
            match.tools = items(tools)
            match.commands = items(commands)
            match.paths = items(paths)
            match.hosts = items(hosts)
            match.packages = items(packages)
            self.init(match, arguments: arguments)
        }
    }

    /// What is asked of a person before it happens. It grants nothing by itself.
    public struct Question: Sendable, Hashable {
        public var capability: Capability
        /// A gate of the policies in force, by its name or its full id; nil asks whoever the host asks.
        public var gate: String?

        /// Creates a question.
        public init(_ capability: Capability, gate: String? = nil) {
            self.capability = capability
            self.gate = gate
        }
    }

    /// A token has no lines.
    static let mark = SourceMark(line: 1, column: 1)

    /// Letters, digits, `-`, `_` and `.`, at most 100: part of rules' ids and of budgets' accounts.
    public var id: String
    /// Seconds since 1970, both ends inclusive but for ``clockSkew``.
    public var notBefore: Int64
    public var expires: Int64
    /// Profiles and names of environments; empty: it holds nowhere.
    public var environments: [String]
    /// Of whoever makes the calls, as ``AgentIdentity/kind``; empty: any.
    public var agentKind = ""
    /// One of the words that `agents` of a `match` sees; empty: any.
    public var agentName = ""
    public var grants: [Capability] = []
    public var denials: [Capability] = []
    public var questions: [Question] = []
    /// How many calls; nil: any number.
    public var calls: Int?
    /// How many operations that change something.
    public var writes: Int?
    public var costCents: Int?
    /// The least revision of policies, by name.
    public var minimumRevisions: [String: Int] = [:]

    /// Seconds by which clocks may differ.
    public static let clockSkew: Int64 = 30
    /// More capabilities of one kind than this are refused.
    static let maximumCapabilities = 256

    /// Creates a link that grants nothing.
    public init(id: String, notBefore: Int64, expires: Int64, environments: [String]) {
        self.id = id
        self.notBefore = notBefore
        self.expires = expires
        self.environments = environments
    }
}

/// What of a link is not a rule.
struct CompiledLink: Sendable {
    let id: String
    let notBefore: Int64
    let expires: Int64
    let environments: [String]
    let agentKind: String
    let agentName: String
    let minimumRevisions: [(policy: String, revision: Int)]

    /// It holds for calls that are judged in this profile: at most as strictly as the strictest profile that it names.
    /// The name of an environment that is no profile stands for itself alone.
    func holds(profile: String, environment: String) -> Bool {
        let profile = profile.isEmpty ? "prototyping" : profile
        return environments.contains { named in
            if named == profile || !environment.isEmpty && named == environment { return true }
            guard Posture.profiles.contains(named) else { return false }
            return Posture.rank(profile) <= Posture.rank(named)
        }
    }

    /// The call comes from the agent that it was given to.
    func fits(_ agent: AgentIdentity, _ words: [String]) -> Bool {
        (agentKind.isEmpty || agent.kind == agentKind) && (agentName.isEmpty || words.contains(agentName))
    }

    /// The first of its demands on policies that is not met by what is in force.
    func missingRevision(_ layers: [PolicyLayer]) -> (policy: String, revision: Int)? {
        minimumRevisions.first { demand in
            // The project's file, which an agent may have written, proves nothing. Of equal names the highest counts.
            let named = layers.lazy.filter { $0.layer != .delegation && $0.layer != .project }
                .flatMap(\.documents).first { $0.name == demand.policy }
            return named.map { $0.revision < demand.revision } ?? true
        }
    }
}

extension Posture {
    /// The profiles that Writ knows, from the most relaxed.
    public static let profiles = ["prototyping", "guarded", "production"]

    /// How strict a profile is; one that is not known is as strict as production.
    static func rank(_ profile: String) -> Int {
        profile.isEmpty ? 0 : profiles.firstIndex(of: profile) ?? profiles.count - 1
    }
}

extension PolicyLayer {
    /// The layer that a link is.
    ///
    /// - Throws: what in it cannot be used; a call under such a link is to be denied.
    public static func delegated(_ authority: DelegatedAuthority) throws(PolicyErrors) -> PolicyLayer {
        let file = "writ \(authority.id)"
        let diagnostics = Diagnostics(file: file)
        let isName = authority.id.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || "-_.".utf8.contains(byte)
        }
        guard isName, (1...100).contains(authority.id.utf8.count) else {
            // Of what is no name, nothing goes into a message.
            throw PolicyErrors([PolicyError(.badName, "the id of a writ is not a name", file: "writ")])
        }
        let document = document(of: authority, diagnostics)
        try diagnostics.throwIfAny()
        // Nothing of a machine's settings reaches into a link: no waivers, no lists, no fingerprints.
        let options = PolicyOptions()
        let compiler = RuleCompiler(
            document: document, index: 0, layer: .delegation, options: options,
            environments: PolicyEnvironments(options), diagnostics: diagnostics, conditions: ConditionBook())
        let rules = compiler.rules()
        let budgets = compiler.budgets()
        try diagnostics.throwIfAny()
        return PolicyLayer(
            layer: .delegation, documents: [document], sources: [], notes: [], digest: authority.id, rules: rules,
            budgets: budgets, egress: [], mcp: [], options: options,
            link: CompiledLink(
                id: authority.id, notBefore: authority.notBefore, expires: authority.expires,
                environments: authority.environments, agentKind: authority.agentKind, agentName: authority.agentName,
                minimumRevisions: authority.minimumRevisions.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
    }

    private static func document(
        of authority: DelegatedAuthority, _ diagnostics: Diagnostics
    ) -> PolicyDocument {
        typealias Rule = PolicyDocument.Rule
        func rules(
            _ word: String, _ action: Rule.Action, _ capabilities: [DelegatedAuthority.Capability],
            gates: [String?] = []
        ) -> [Rule] {
            if capabilities.count > DelegatedAuthority.maximumCapabilities {
                diagnostics.error(
                    .tooMany, "there are more than \(DelegatedAuthority.maximumCapabilities) capabilities", at: nil)
                return []
            }
            return capabilities.enumerated().map { index, capability in
                if action == .allow, capability.match == PolicyDocument.Match(), capability.arguments.isEmpty {
                    diagnostics.error(
                        .missingKey, "the grant \(index + 1) names nothing", at: nil,
                        hint: "`actions: [\"*\"]` grants everything")
                }
                let gate = gates.indices.contains(index) ? gates[index] : nil
                return Rule(
                    name: "\(word)-\(index + 1)", mark: DelegatedAuthority.mark, action: action, description: "",
                    message: action == .deny ? "The writ `\(authority.id)` excludes it." : "", messageMark: nil,
                    severity: .medium, tags: [], expires: nil, match: capability.match, when: nil, unless: nil,
                    gate: gate.map { Marked($0, DelegatedAuthority.mark) }, limits: nil, obligations: [], examples: [],
                    counterexamples: [], scanner: nil, onError: nil, arguments: capability.arguments)
            }
        }
        func budget(_ name: String, count: Int?, meter: String? = nil, limit: Int? = nil) -> PolicyDocument.Budget? {
            guard count != nil || limit != nil else { return nil }
            if count ?? 0 < 0 || limit ?? 0 < 0 {
                diagnostics.error(.unknownValue, "the budget `\(name)` is negative", at: nil)
            }
            // What was used stays until the link is over, and then leaves the accounts.
            let (length, isOver) = authority.expires.subtractingReportingOverflow(authority.notBefore)
            let window = isOver ? Int(Int32.max) : Int(clamping: min(max(length, 0), Int64(Int32.max) - 120) + 120)
            return PolicyDocument.Budget(
                name: name, mark: DelegatedAuthority.mark, per: "writ", count: count, meter: meter,
                limit: limit.map { Double($0) }, match: PolicyDocument.Match(), key: nil, outcome: "any",
                window: window, then: .deny, countsWrites: name == "writes")
        }
        return PolicyDocument(
            dialect: .two, file: diagnostics.file, name: authority.id, layer: nil, owner: "", revision: 0,
            defaults: .init(decision: .deny, onError: .deny), profiles: [], lists: [:], gates: [],
            rules: rules("grant", .allow, authority.grants) + rules("deny", .deny, authority.denials)
                + rules("ask", .ask, authority.questions.map(\.capability), gates: authority.questions.map(\.gate)),
            mcp: nil, egress: nil,
            budgets: [
                budget("calls", count: authority.calls), budget("writes", count: authority.writes),
                budget("cost_usd_cents", count: nil, meter: "cost_usd_cents", limit: authority.costCents),
            ].compactMap(\.self), flows: [], waivers: [], tests: [])
    }
}
