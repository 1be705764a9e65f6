// SPDX-License-Identifier: Apache-2.0
import WritCEL
import WritCore
import WritPattern

/// A condition with what the engine must know about it.
struct Condition: Sendable {
    let program: CELProgram
    let mark: SourceMark

    func reads(_ variables: Variable...) -> Bool {
        variables.contains { program.slots.contains($0.slot) }
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

/// A rule, flow or waiver target, ready to be evaluated. One per rule of a document.
struct CompiledRule: Sendable {
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
    /// Which document of the set, for its lists and defaults.
    var document: Int
    let mark: SourceMark
    let action: PolicyDocument.Rule.Action
    let severity: Severity
    let tags: [String]
    let message: MessageTemplate
    let phases: Set<Phase>
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
    var waivers: [Waiver] = []

    /// A grant names operations that nobody can see through only if its condition looks at them.
    var seesOpaque: Bool {
        (when?.reads(.opOpaque, .opOpaqueCause) ?? false) || (unless?.reads(.opOpaque, .opOpaqueCause) ?? false)
    }

    /// Speaks of text that is only carried as data.
    var seesData: Bool { (when?.reads(.opRole) ?? false) || (unless?.reads(.opRole) ?? false) }

    /// Needs an operation to be evaluated.
    var needsOperation: Bool {
        let opSlots = Variable.opKind.slot...Variable.opPattern.slot
        return matcher.kinds != nil || matcher.commands != nil || matcher.paths != nil || matcher.hosts != nil
            || matcher.packages != nil || when?.program.slots.contains(where: opSlots.contains) == true
            || unless?.program.slots.contains(where: opSlots.contains) == true
    }

    var isGrant: Bool { scanner == nil && source == nil && action == .allow }
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
    let minimumConfidence: Double
    let minimumSeverity: Severity
    let ignoredCategories: Set<String>

    /// The finding is one that the rule answers.
    func accepts(_ finding: Finding) -> Bool {
        guard Self.canonical(finding.scanner) == name else { return false }
        if let groups, !groups.contains(finding.category), !groups.contains(finding.rule) { return false }
        // Written so that a confidence that is no number counts.
        return !(finding.confidence < minimumConfidence) && finding.severity >= minimumSeverity
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
    var document: Int
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
    var waivers: [CompiledRule.Waiver] = []
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
            guard view.isHostUnknown || hosts.contains(where: { $0.matches(view.host, view.address) }) else { return false }
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
