// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCEL
import WritCore
import WritPattern

/// A condition with what the engine must know about it.
///
/// One that an earlier load has checked is compiled when it is first evaluated.
final class Condition: Sendable {
    private final class Compiled: Sendable {
        let program: CELProgram
        init(_ program: CELProgram) { self.program = program }
    }

    private struct Pending: Sendable {
        let source: String
        let environments: PolicyEnvironments
        let phase: Phase
        let type: CELType
    }

    let mark: SourceMark
    let facts: ConditionFacts
    /// Compiled on loading; nil for one that was checked before.
    private let ready: Compiled?
    private let late = AtomicLazyReference<Compiled>()
    private let pending: Pending?

    init(program: CELProgram, mark: SourceMark) {
        self.mark = mark
        facts = ConditionFacts(program)
        pending = nil
        ready = Compiled(program)
    }

    /// A condition that compiled before, in this build and this environment.
    init(
        checked source: Marked<String>, facts: ConditionFacts, in environments: PolicyEnvironments, _ phase: Phase,
        expecting type: CELType
    ) {
        mark = source.mark
        self.facts = facts
        ready = nil
        pending = Pending(source: source.value, environments: environments, phase: phase, type: type)
    }

    /// For analysis and explanations; a copy, so the hot path asks ``holds(_:budget:)``.
    var program: CELProgram { (ready ?? compiledLate()).program }

    /// The truth of the condition.
    func holds(_ activation: some CELActivation, budget: Int) throws(CELFault) -> Bool {
        if let ready { return try ready.program.holds(activation, budget: budget) }
        return try compiledLate().program.holds(activation, budget: budget)
    }

    private func compiledLate() -> Compiled {
        if let late = late.load() { return late }
        var program = Self.failing
        if let pending {
            do throws(CELError) {
                program = try CELProgram(
                    pending.source, in: pending.environments.of(pending.phase), expecting: pending.type)
            } catch {
                // It compiled when it was checked. Should it not now, it fails whenever it is asked, which closes.
            }
        }
        return late.storeIfNil(Compiled(program))
    }

    /// Fails at every evaluation: there is no such index.
    private static let failing: CELProgram = {
        do throws(CELError) {
            return try CELProgram("dyn([true])[1] == true", in: CELEnvironment(), expecting: nil)
        } catch {
            // Invariant: the text above is CEL.
            preconditionFailure("\(error)")
        }
    }()

    func reads(_ variables: Variable...) -> Bool {
        variables.contains { facts.slots.contains($0.slot) }
    }
}

/// Text told to the agent, with the places where the operation's own words go: `{path}`, `{host}` …
struct MessageTemplate: Sendable, Hashable {
    enum Part: Sendable, Hashable {
        case text(String)
        case field(String)
    }

    static let fields = [
        "command", "program", "path", "host", "tool", "package", "branch", "remote", "detail", "action", "method",
    ]

    let parts: [Part]

    /// Braces around a word that is no field stay as they are: shell text in messages is full of them.
    init(_ text: String) {
        var parts: [Part] = []
        var rest = Substring(text)
        var plain = ""
        while let open = rest.firstIndex(of: "{") {
            plain += rest[..<open]
            let after = rest.index(after: open)
            if let close = rest[after...].firstIndex(of: "}"), Self.fields.contains(String(rest[after..<close])) {
                if !plain.isEmpty { parts.append(.text(plain)) }
                plain = ""
                parts.append(.field(String(rest[after..<close])))
                rest = rest[rest.index(after: close)...]
            } else {
                plain += "{"
                rest = rest[after...]
            }
        }
        plain += rest
        if !plain.isEmpty { parts.append(.text(plain)) }
        self.parts = parts
    }

    var isEmpty: Bool { parts.isEmpty }
    /// Speaks of the operation itself, so that nothing has to be said before it.
    var namesOperation: Bool { parts.contains { if case .field = $0 { true } else { false } } }
}

/// A rule or flow, ready to be evaluated.
///
/// A class, because it is large and read for every operation: handing it on costs one count.
final class CompiledRule: Sendable {
    /// Where a flow starts.
    struct Source: Sendable {
        let labels: [ToolPattern]
        let reach: PolicyDocument.Flow.Reach
    }

    struct Waiver: Sendable {
        let until: Int64
        let matcher: Matcher
        let reason: String
        let approvedBy: String
    }

    let id: String
    let name: String
    let layer: Layer
    /// Which document of the layer, for its lists and defaults.
    let document: Int
    let mark: SourceMark
    let action: PolicyDocument.Rule.Action
    let severity: Severity
    let tags: [String]
    let message: MessageTemplate
    let phases: Set<Phase>
    private let phaseBits: UInt8
    let matcher: Matcher
    let when: Condition?
    let unless: Condition?
    let scanner: ScannerBinding?
    let source: Source?
    let gate: String?
    let onError: Verdict?
    let limits: CompiledBudget?
    let obligations: [Obligation]
    let expires: Int64?
    let waivers: [Waiver]
    /// Nil where any arguments fit.
    let arguments: ArgumentMatcher?
    /// A grant names operations that nobody can see through only if its condition looks at them.
    let seesOpaque: Bool
    /// Speaks of text that is only carried as data.
    let seesData: Bool
    /// Looks at the call's arguments.
    let readsArguments: Bool
    /// Needs an operation to be evaluated.
    let needsOperation: Bool
    let isGrant: Bool
    /// A label can make the rule apply.
    let restsOnLabel: Bool
    /// A label can make the rule fall away.
    let restsOnNoLabel: Bool

    private static func bit(_ phase: Phase) -> UInt8 {
        switch phase {
        case .input: 1
        case .toolCall: 2
        case .toolResponse: 4
        case .output: 8
        case .contextFile: 16
        case .skill: 32
        }
    }

    func applies(in phase: Phase) -> Bool { phaseBits & Self.bit(phase) != 0 }

    /// The operation has what the condition first asks for.
    func hasMarks(of view: OperationView) -> Bool {
        when?.facts.marks.allSatisfy { $0 & view.marks != 0 } ?? true
    }

    init(
        id: String, name: String, layer: Layer, document: Int, mark: SourceMark,
        action: PolicyDocument.Rule.Action, severity: Severity, tags: [String], message: MessageTemplate,
        phases: Set<Phase>, matcher: Matcher, when: Condition?, unless: Condition?, scanner: ScannerBinding?,
        source: Source?, gate: String?, onError: Verdict?, limits: CompiledBudget?, obligations: [Obligation],
        expires: Int64?, waivers: [Waiver], arguments: ArgumentMatcher? = nil
    ) {
        self.id = id
        self.name = name
        self.layer = layer
        self.document = document
        self.mark = mark
        self.action = action
        self.severity = severity
        self.tags = tags
        self.message = message
        self.phases = phases
        phaseBits = phases.reduce(0) { $0 | Self.bit($1) }
        self.matcher = matcher
        self.when = when
        self.unless = unless
        self.scanner = scanner
        self.source = source
        self.gate = gate
        self.onError = onError
        self.limits = limits
        self.obligations = obligations
        self.expires = expires
        self.waivers = waivers
        self.arguments = arguments
        func reads(_ variables: Variable...) -> Bool {
            [when, unless].contains { condition in
                condition.map { condition in variables.contains { condition.facts.slots.contains($0.slot) } } ?? false
            }
        }
        seesOpaque = reads(.opOpaque, .opOpaqueCause)
        seesData = reads(.opRole)
        readsArguments = arguments != nil || reads(.call, .callArgs, .callSize, .callHash)
        let slots = Variable.opKind.slot...Variable.opPattern.slot
        let readsOperation = [when, unless].contains { $0?.facts.slots.contains(where: slots.contains) ?? false }
        needsOperation =
            readsOperation || matcher.kinds != nil || matcher.commands != nil || matcher.paths != nil
            || matcher.hosts != nil || matcher.packages != nil
        isGrant = scanner == nil && source == nil && action == .allow
        let own = when?.facts
        let exception = unless?.facts
        restsOnLabel = own?.canTurnTrue ?? false || exception?.canTurnFalse ?? false
        restsOnNoLabel = own?.canTurnFalse ?? false || exception?.canTurnTrue ?? false
    }
}

/// What a scanner rule listens to.
struct ScannerBinding: Sendable {
    /// The patterns of a `tool_call` rule.
    struct Patterns: Sendable {
        let toolName: String?
        let blocked: [Pattern]
        let allowed: [Pattern]?
        let allowedTools: [ToolPattern]?
    }

    let name: String
    let patterns: Patterns?
    let groups: Set<String>?
    let minimumConfidence: [Phase: Double]
    let minimumSeverity: Severity
    let ignoredCategories: Set<String>

    /// The finding is one that the rule answers.
    func accepts(_ finding: Finding, in phase: Phase) -> Bool {
        guard Self.canonical(finding.scanner) == name else { return false }
        if let groups, !groups.contains(finding.category), !groups.contains(finding.rule) { return false }
        // Written so that a confidence that is no number counts.
        return !(finding.confidence < minimumConfidence[phase] ?? 0.5) && finding.severity >= minimumSeverity
            && !ignoredCategories.contains(finding.category)
    }

    /// Scanners have had more than one name.
    static func canonical(_ scanner: String) -> String {
        scanner == "code" ? "code_vuln" : scanner
    }
}

/// A budget, or the limits of a rule.
struct CompiledBudget: Sendable {
    let id: String
    let name: String
    let layer: Layer
    let per: String
    /// Nil with a meter.
    let count: Int?
    let meter: String?
    let limit: Double
    /// Nil: whole calls are counted.
    let matcher: Matcher?
    let key: Condition?
    let outcome: String
    let window: Int?
    let then: Verdict
    let waivers: [CompiledRule.Waiver]
    /// Counts the operations that change something.
    var countsWrites = false
    /// The link of a delegation whose budget it is: one account, whoever works under it.
    var owner: String?

    /// The operation is one that the budget counts; whole calls are counted by their first.
    func counts(_ view: OperationView, _ evaluation: Evaluation) -> Bool {
        if countsWrites { return view.operation.writes }
        guard let matcher else { return true }
        return matcher.firstMismatch(view, evaluation.subject, evaluation.roots, .restriction) == nil
    }

    var countsCalls: Bool { matcher == nil && !countsWrites }
}

/// Compiled `egress`.
struct CompiledEgress: Sendable {
    struct Entry: Sendable {
        let hosts: [HostPattern]
        let ports: Set<Int>?
        let methods: Set<String>?

        /// Everything is known and matches.
        func covers(_ view: OperationView) -> Bool {
            guard hosts.contains(where: { $0.matches(view.host, view.address) }) else { return false }
            if let ports, !ports.contains(view.operation.port) { return false }
            if let methods, !methods.contains(view.operation.method) { return false }
            return true
        }

        /// What is known matches.
        func touches(_ view: OperationView) -> Bool {
            guard view.isHostUnknown || hosts.contains(where: { $0.matches(view.host, view.address) }) else {
                return false
            }
            if let ports, view.operation.port != 0, !ports.contains(view.operation.port) { return false }
            if let methods, !view.operation.method.isEmpty, !methods.contains(view.operation.method) { return false }
            return true
        }

        func names(_ view: OperationView) -> Bool {
            hosts.contains { pattern in
                switch pattern.shape {
                case .exact(let name): name == view.host
                case .network: pattern.matches(view.host, view.address)
                case .any, .below: false
                }
            }
        }
    }

    let id: String
    let layer: Layer
    let allowsByDefault: Bool
    let allow: [Entry]
    let deny: [Entry]
    let allowsPrivateAddresses: Bool
}

/// Compiled `mcp`.
struct CompiledMCP: Sendable {
    let id: String
    let layer: Layer
    let servers: [String: PolicyDocument.MCP.Server]
    let unknownServer: Verdict?
    let pinsDefinitions: Bool
    let onDefinitionChange: Verdict
    let hidesDenied: Bool
}
