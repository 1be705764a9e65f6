// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// All layers together: the function from a request to a decision.
///
/// Deciding is pure: the same set and the same request give the same decision. Safe to share between threads.
///
/// The highest of organisation, team and user with a policy of dialect 2 is the **root**. Operations that no grant of
/// the root covers get the root's default; where it states none for the profile, Writ's own grants count beside the
/// root's and the profile's posture (``Posture``) is the default. Every other layer restricts alone, and says what
/// happens to uncovered operations only if it states a default.
public struct PolicySet: Sendable {
    /// From the highest down.
    public let layers: [PolicyLayer]
    /// Layers that should be there and could not be loaded, with nothing good to fall back to.
    public let broken: Set<Layer>
    let rules: [CompiledRule]
    /// For each rule, its layer and its document's lists.
    let places: [(layer: Int, lists: Int)]
    let lists: [CELMapBox]
    let budgets: [CompiledBudget]
    let egress: [CompiledEgress]
    let mcp: [CompiledMCP]
    /// Of delegations, with the first demand on policies that is not met.
    let links: [(compiled: CompiledLink, missing: (policy: String, revision: Int)?)]
    /// What links of delegations call a gate, by its full id.
    let gateNames: [String: String]
    let index: RuleIndex
    let root: Int?
    /// What layers say about operations that they do not grant, by profile; of every profile that some policy names.
    private let bases: [String: Bases]
    /// Some policy says something about profiles.
    let namesProfiles: Bool
    let hash: (@Sendable ([UInt8]) -> String)?
    /// A digest of all layers but delegations, which each call has its own of; empty where the layers have none.
    public let digest: String
    /// What an agent's tries to do a refused thing in other words lead to: the root's limits where it states any, and
    /// tighter ones of the other layers.
    public let variantLimits: VariantLimits

    /// More layers than this cannot be joined.
    public static let maximumLayers = 64

    /// Joins at most ``maximumLayers``. A layer may be given more than once; each is evaluated apart.
    public init(_ layers: [PolicyLayer], broken: Set<Layer> = []) {
        // Invariant: a layer is a bit of 64 while deciding. A caller gives one of each kind, and the links of a chain.
        precondition(layers.count <= Self.maximumLayers, "too many layers")
        let layers = layers.sorted { ($0.layer, $0.digest) < ($1.layer, $1.digest) }
        self.layers = layers
        self.broken = broken
        var rules: [CompiledRule] = []
        var places: [(layer: Int, lists: Int)] = []
        var lists: [CELMapBox] = []
        for (position, layer) in layers.enumerated() {
            for rule in layer.rules {
                rules.append(rule)
                places.append((position, lists.count + rule.document))
            }
            lists += layer.documents.map(CompiledLists.map)
        }
        self.rules = rules
        self.places = places
        self.lists = lists
        budgets = layers.flatMap(\.budgets)
        egress = layers.flatMap(\.egress)
        mcp = layers.flatMap(\.mcp)
        links = layers.compactMap { layer in layer.link.map { ($0, $0.missingRevision(layers)) } }
        gateNames = links.isEmpty ? [:] : Self.gateNames(layers)
        index = RuleIndex(rules)
        root = layers.firstIndex(where: \.canBeRoot)
        hash = layers.lazy.compactMap(\.options.hash).first
        let lasting = layers.filter { $0.layer != .delegation }
        digest = hash.map { $0(Array(lasting.map { "\($0.layer.name)=\($0.digest)\n" }.joined().utf8)) } ?? ""
        variantLimits = VariantLimits.joined(layers, root: root)
        let named = layers.flatMap(\.documents).flatMap(\.profiles).map(\.name)
        namesProfiles = !named.isEmpty
        let names = Set(named + ["", "prototyping", "guarded", "production"])
        var bases: [String: Bases] = [:]
        for name in names { bases[name] = Bases(layers, root: root, profile: name) }
        self.bases = bases
    }

    /// Full ids by themselves and by the gate's name: of one name the gate of the highest layer, and none where two
    /// policies of that layer have it. Not the project's, whose file an agent may have written.
    private static func gateNames(_ layers: [PolicyLayer]) -> [String: String] {
        var names: [String: String] = [:]
        for kind in Layer.allCases where kind != .project && kind != .delegation {
            var own: [String: [String]] = [:]
            for document in layers.filter({ $0.layer == kind }).flatMap(\.documents) {
                for gate in document.gates {
                    let id = "\(kind.name)/\(document.name)/\(gate.name)"
                    names[id] = id
                    own[gate.name, default: []].append(id)
                }
            }
            for (name, ids) in own where names[name] == nil { names[name] = ids.count == 1 ? ids[0] : "" }
        }
        return names.filter { !$0.value.isEmpty }
    }

    /// The full id of the gate that a rule asks; nil when it names none, or one that does not exist.
    func gate(of rule: CompiledRule) -> String? {
        rule.layer == .delegation ? rule.gate.flatMap { gateNames[$0] } : rule.gate
    }

    /// What layers say about operations that they do not grant.
    func bases(in profile: String) -> Bases {
        bases[profile] ?? Bases(layers, root: root, profile: profile)
    }

    /// The answer to a request.
    public func decide(_ request: PolicyRequest) -> Decision {
        var deciding = Deciding(self, request)
        return deciding.run()
    }

    /// The scanners that rules of a phase listen to, with the settings that they ask for.
    public func scanners(in phase: Phase) -> [ScannerDemand] {
        var demands: [ScannerDemand] = []
        for layer in layers {
            for document in layer.documents {
                for rule in document.rules {
                    if let scanner = rule.scanner, scanner.name != "tool_call", scanner.phases.contains(phase) {
                        demands.append(
                            ScannerDemand(
                                scanner: scanner.name, groups: scanner.groups?.map(\.value),
                                checksTyposquat: scanner.checksTyposquat ?? true,
                                checksReputation: scanner.checksReputation ?? true,
                                minimumWeeklyDownloads: scanner.minimumWeeklyDownloads,
                                languages: scanner.languages,
                                minimumConfidence: scanner.confidences(layer.options)[phase] ?? 0.5))
                    }
                    // A grant that must be scanned makes its scanners run in every phase that content passes.
                    for case .scan(let scanners) in rule.obligations {
                        demands += scanners.map {
                            ScannerDemand(
                                scanner: $0, minimumConfidence: layer.options.confidences[$0]?[phase] ?? 0.5)
                        }
                    }
                }
            }
        }
        var seen: Set<ScannerDemand> = []
        return demands.filter { seen.insert($0).inserted }
    }

    /// The full ids of all rules, flows and budgets.
    public var ids: Set<String> { Set(rules.map(\.id) + budgets.map(\.id)) }

    /// A flow that watches a label.
    public struct WatchingFlow: Sendable, Hashable {
        /// `<layer>/<policy>/<name>`.
        public var id: String
        public var layer: Layer
        /// The full id of the gate through which the label may be taken off; nil when nothing takes it off.
        public var clearedBy: String?
    }

    /// The flows that start at a label.
    public func flows(from label: String) -> [WatchingFlow] {
        layers.flatMap { layer in
            layer.documents.flatMap { document in
                document.flows.filter { $0.from.contains { ToolPattern($0.value).matches(label) } }.map { flow in
                    let prefix = "\(layer.layer.name)/\(document.name)/"
                    return WatchingFlow(
                        id: prefix + flow.name, layer: layer.layer, clearedBy: flow.clearedBy.map { prefix + $0.value })
                }
            }
        }
    }

    /// Whether some rule for this phase takes this finding into account.
    public func isWanted(_ finding: Finding, in phase: Phase) -> Bool {
        rules.contains { rule in
            guard let scanner = rule.scanner, rule.phases.contains(phase) else { return false }
            return scanner.accepts(finding, in: phase)
        }
    }

    /// The gates that rules name, by full id.
    public var gates: [String: PolicyDocument.Gate] {
        var gates: [String: PolicyDocument.Gate] = [:]
        for layer in layers {
            for document in layer.documents {
                for gate in document.gates { gates["\(layer.layer.name)/\(document.name)/\(gate.name)"] = gate }
            }
        }
        return gates
    }

    /// In this profile Writ itself asks the person, also where the agent's host could: some layer says
    /// `hosts_ask: broker`, and none can take that back.
    public func asksThroughBroker(profile: String) -> Bool {
        let name = profile.isEmpty ? "prototyping" : profile
        return layers.contains { layer in
            layer.documents.contains { document in
                document.profiles.contains { $0.name == name && $0.hostsAskNatively == false }
            }
        }
    }

    /// Whether tools that no call could use are to be left out of an MCP server's list.
    public var hidesDeniedTools: Bool { mcp.contains(where: \.hidesDenied) }

    /// Some arguments could make a call of this tool allowed or asked. Conditions that read arguments count in the
    /// tool's favour, so a tool is hidden only if every call is denied.
    public func couldUse(_ request: PolicyRequest) -> Bool {
        var deciding = Deciding(self, request, ignoresArguments: true)
        return deciding.run().verdict < .deny
    }
}

/// A scanner that some rule listens to.
public struct ScannerDemand: Sendable, Hashable {
    public var scanner: String
    /// Nil for all.
    public var groups: [String]?
    public var checksTyposquat: Bool
    public var checksReputation: Bool
    public var minimumWeeklyDownloads: Int?
    /// Nil for all.
    public var languages: [String]?
    /// Findings below it are of no use to the rule.
    public var minimumConfidence: Double

    init(
        scanner: String, groups: [String]? = nil, checksTyposquat: Bool = true, checksReputation: Bool = true,
        minimumWeeklyDownloads: Int? = nil, languages: [String]? = nil, minimumConfidence: Double = 0.5
    ) {
        self.scanner = scanner
        self.groups = groups
        self.checksTyposquat = checksTyposquat
        self.checksReputation = checksReputation
        self.minimumWeeklyDownloads = minimumWeeklyDownloads
        self.languages = languages
        self.minimumConfidence = minimumConfidence
    }
}
