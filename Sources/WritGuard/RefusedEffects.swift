// SPDX-License-Identifier: Apache-2.0
public import WritCore
public import WritPolicy

/// What was refused in a session, so that the same effect in another spelling is recognised.
///
/// An effect is an operation's kind with what it is done to, whichever program, tool or language does it. A spelling is
/// a call's tool with its arguments. Bounded: the oldest effects give way.
public struct RefusedEffects: Sendable, Hashable {
    /// More effects of one session are not kept.
    public static let maximumEffects = 128
    /// More spellings of one effect are counted as the last.
    public static let maximumSpellings = 16

    private struct Effect: Sendable, Hashable {
        /// Digest of the effect.
        var name: String
        /// Digests of the calls that tried it, the first refused one first.
        var spellings: [String]
        /// The agent was told that it was recognised.
        var isTold = false
    }

    private var effects: [Effect] = []

    /// Nothing was refused.
    public init() {}

    /// Nothing was refused.
    public var isEmpty: Bool { effects.isEmpty }

    /// A call that tries what was refused, in other words.
    public struct Recognition: Sendable, Hashable {
        /// 1 for the first other spelling.
        public var number: Int
        /// The agent has not been told yet.
        public var isFirst: Bool
        /// What it adds to the decision.
        public var reason: Decision.Reason

        /// Told once, whatever the decision is.
        public static let note =
            "This is another way to do what was refused before in this session; other words do not change the answer. "
            + "Ask the person, or do something else."
    }

    /// Recognises a variant of something refused; nil when the call is none, or is the refused one itself.
    public func recognise(_ request: PolicyRequest, limits: VariantLimits) -> Recognition? {
        guard !effects.isEmpty, Self.counts(request) else { return nil }
        let names = Set(Self.names(of: request.operations))
        let spelling = Self.spelling(of: request.call)
        var found: (number: Int, isTold: Bool)?
        for effect in effects where names.contains(effect.name) {
            let number = effect.spellings.firstIndex(of: spelling) ?? effect.spellings.count
            guard number > 0, number > found?.number ?? 0 else { continue }
            found = (number, effect.isTold)
        }
        guard let found else { return nil }
        let verdict: Verdict = found.number >= limits.halt ? .halt : found.number >= limits.ask ? .ask : .allow
        let count = found.number + 1
        return Recognition(
            number: found.number, isFirst: !found.isTold,
            reason: Decision.Reason(
                rule: "session/variant", verdict: verdict, severity: verdict == .halt ? .critical : .high,
                message: "This is way number \(count) to do what was refused in this session.", tags: ["writ:variant"]))
    }

    /// Takes a judgement into account.
    public mutating func note(_ judgement: Judgement) {
        let request = judgement.request
        guard Self.counts(request) else { return }
        let spelling = Self.spelling(of: request.call)
        if !request.approvedGates.isEmpty, judgement.decision.verdict == .allow {
            // A person wants it done: from here on it is no refused effect.
            let names = Set(Self.names(of: request.operations))
            effects.removeAll { names.contains($0.name) }
            return
        }
        var tried = Set(Self.names(of: request.operations))
        for index in effects.indices where tried.contains(effects[index].name) {
            if !effects[index].spellings.contains(spelling), effects[index].spellings.count < Self.maximumSpellings {
                effects[index].spellings.append(spelling)
            }
            if judgement.variant != nil { effects[index].isTold = true }
            tried.remove(effects[index].name)
        }
        guard judgement.decision.verdict >= .deny else { return }
        for name in Self.refused(judgement) where tried.contains(name) {
            if effects.count >= Self.maximumEffects { effects.removeFirst() }
            effects.append(Effect(name: name, spellings: [spelling]))
            tried.remove(name)
        }
    }

    private static func counts(_ request: PolicyRequest) -> Bool {
        request.call.event == .beforeTool || request.call.event == .permissionRequest
    }

    /// The effects that the refusal was about: those of the operations that rules name, and others of their kind, since
    /// one reason stands for all operations that a rule says the same about.
    private static func refused(_ judgement: Judgement) -> [String] {
        let operations = judgement.request.operations
        var meant: [WritCore.Operation] = []
        for reason in judgement.decision.reasons where reason.verdict >= .ask {
            guard let index = reason.operation, operations.indices.contains(index) else { continue }
            let kind = operations[index].kind
            if kind == .shellExec || kind == .shellBackground {
                meant.append(operations[index])
            } else {
                meant += operations.filter { $0.kind == kind }
            }
        }
        return names(of: meant)
    }

    private static func names(of operations: [WritCore.Operation]) -> [String] {
        operations.compactMap { operation in
            guard operation.role == .executed, let text = text(of: operation) else { return nil }
            return String(Engines.digest(Array(text.utf8)).prefix(16))
        }
    }

    private static func spelling(of call: Call) -> String {
        let text: JSON = [.string(call.tool.name), call.arguments]
        return String(Engines.digest(text.canonicalBytes).prefix(16))
    }

    /// The effect in words that do not depend on who has it; nil when what it is done to is not known.
    static func text(of operation: WritCore.Operation) -> String? {
        let kind = operation.kind.rawValue
        switch operation.kind {
        case .fileRead, .fileWrite, .fileDelete, .fileSearch, .fileMode, .secretRead, .configWrite, .memoryWrite:
            let place = place(of: operation)
            return place.isEmpty ? nil : "\(kind) \(place)"
        case .netConnect, .httpRequest, .browserNavigate:
            guard !operation.host.isEmpty else { return nil }
            let carries = operation.traits.contains(.upload) || operation.taints.contains(.secret)
            return "net \(operation.host) \(carries)"
        case .shellExec, .shellBackground:
            let words = [operation.program] + operation.arguments.dropFirst()
            guard !operation.program.isEmpty, !words.contains("…") else { return nil }
            return "exec \(words.joined(separator: "\u{0}"))"
        case .gitPush, .gitFetch, .gitConfig, .gitCommit, .gitDiscard, .gitRewrite:
            let traits = operation.traits.intersection([.force, .wide, .unverified, .irreversible])
            return "\(kind) \(operation.remote) \(operation.branch) \(operation.path) \(traits.rawValue)"
        case .pkgInstall, .pkgPublish:
            guard let package = operation.package else { return nil }
            return "\(kind) \(package.ecosystem):\(package.name)"
        case .netListen, .mcpCall, .mcpResource, .agentSpawn, .deployApply, .resourceDelete, .resourceWrite,
            .processSignal, .privilegeRaise, .systemChange, .toolOther:
            let resource = [operation.path, operation.host, operation.method, operation.detail].filter { !$0.isEmpty }
            let words = resource.isEmpty ? [operation.program] + operation.arguments.dropFirst() : resource
            return words.allSatisfy(\.isEmpty) ? nil : "\(kind) \(words.joined(separator: "\u{0}"))"
        }
    }

    /// A folder and everything below it are one place: `x`, `x/*` and `x/**` are gone alike.
    private static func place(of operation: WritCore.Operation) -> String {
        guard operation.isPattern else { return operation.path }
        var kept: [Substring] = []
        for part in operation.path.split(separator: "/") {
            if part.contains(where: { "*?[".contains($0) }) { break }
            kept.append(part)
        }
        return kept.isEmpty ? "" : "/" + kept.joined(separator: "/")
    }
}

extension RefusedEffects {
    /// What must outlive the daemon.
    public var json: JSON {
        .array(
            effects.map { effect in
                [
                    "effect": .string(effect.name), "told": .bool(effect.isTold),
                    "spellings": .array(effect.spellings.map { .string($0) }),
                ]
            })
    }

    /// Reads what ``json`` wrote; nil when it is not whole.
    public init?(_ json: JSON) {
        guard let items = json.array else { return nil }
        for item in items.prefix(Self.maximumEffects) {
            guard let name = item["effect"]?.string, let isTold = item["told"]?.bool,
                let spellings = item["spellings"]?.array?.compactMap(\.string), !spellings.isEmpty
            else { return nil }
            effects.append(Effect(name: name, spellings: spellings, isTold: isTold))
        }
    }
}
