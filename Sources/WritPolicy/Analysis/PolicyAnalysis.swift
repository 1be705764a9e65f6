// SPDX-License-Identifier: Apache-2.0
import WritCEL
public import WritCore
import WritPattern

/// Static analysis of policies, without a solver: containment of matchers, contradictions of simple comparisons, and a
/// witness call that the engine is asked about before anything is reported.
public struct PolicyAnalysis {
    let layers: [PolicyLayer]
    private let set: PolicySet
    private let now: Int64
    private let host: HostProfile?
    private var findings: [PolicyFinding] = []

    /// What a host can do, by phase; what is missing it can do.
    public struct HostProfile: Sendable, Hashable {
        public var name: String
        public var capabilities: [Phase: HostCapabilities]

        /// Creates a profile.
        public init(name: String, capabilities: [Phase: HostCapabilities]) {
            self.name = name
            self.capabilities = capabilities
        }
    }

    /// Analyses layers together.
    ///
    /// - Parameters:
    ///   - now: seconds since 1970, for what has expired.
    ///   - host: when given, rules that it cannot honour are reported.
    /// - Returns: findings in the order of the layers and files; quadratic in the number of rules.
    public static func run(_ layers: [PolicyLayer], now: Int64 = 0, host: HostProfile? = nil) -> [PolicyFinding] {
        var analysis = PolicyAnalysis(layers: layers, now: now, host: host)
        analysis.run()
        return analysis.findings
    }

    private init(layers: [PolicyLayer], now: Int64, host: HostProfile?) {
        self.layers = layers.sorted { $0.layer < $1.layer }
        set = PolicySet(layers)
        self.now = now
        self.host = host
    }

    /// Pairs of more rules than this are not compared: it would take minutes.
    private static let maximumRules = 2_000

    private mutating func run() {
        let isLarge = layers.reduce(0) { $0 + $1.rules.count } > Self.maximumRules
        if isLarge, let layer = layers.last, let document = layer.documents.first {
            section(
                .gap, level: .note, document, layer, "rules",
                "there are more than \(Self.maximumRules) rules: whether one makes another needless was not looked at")
        }
        for layer in layers {
            for rule in layer.rules {
                let isDead = neverMatches(rule, layer)
                regexTraps(rule, layer)
                textTraps(rule, layer)
                names(rule, layer)
                withoutEffect(rule, layer)
                unenforceable(rule, layer)
                if isDead || isLarge { continue }
                let isCovered = shadowed(rule, layer)
                if rule.isGrant {
                    tooWide(rule, layer)
                    if !isCovered { denied(rule, layer) }
                }
            }
            for document in layer.documents {
                sections(document, layer)
                for test in document.tests { table(of: test, document, layer) }
            }
            budgets(layer)
            labels(layer)
            lists(layer)
            egress(layer)
        }
        gaps()
    }

    mutating func add(
        _ kind: PolicyFinding.Kind, level: PolicyFinding.Level = .warning, _ rule: CompiledRule, _ layer: PolicyLayer,
        _ message: String, other: CompiledRule? = nil, hint: String? = nil, witness: PolicyRequest? = nil
    ) {
        findings.append(
            PolicyFinding(
                kind: kind, level: level, subject: rule.id, other: other?.id, message: message, hint: hint,
                file: layer.documents[rule.document].file, at: rule.mark, witness: witness.map(Sampler.line),
                request: witness))
    }

    // MARK: Asking the engine

    private func lists(_ rule: CompiledRule, _ layer: PolicyLayer) -> CELMapBox {
        CompiledLists.map(of: layer.documents[rule.document])
    }

    private func applies(_ rule: CompiledRule, _ layer: PolicyLayer, _ request: PolicyRequest) -> Bool {
        var request = request
        request.now = now
        if let scanner = rule.scanner, scanner.name != "tool_call" { return true }
        let evaluation = Evaluation(request, hash: nil)
        return FunctionScope.$current.withValue(evaluation.scope) {
            evaluation.matches(rule, lists: lists(rule, layer))
        }
    }

    /// A call that the rule really matches.
    func witness(_ rule: CompiledRule, _ layer: PolicyLayer) -> PolicyRequest? {
        Sampler(layer: layer).requests(for: rule).first { applies(rule, layer, $0) }
    }

    // MARK: Findings

    private mutating func neverMatches(_ rule: CompiledRule, _ layer: PolicyLayer) -> Bool {
        guard let reason = reasonForNothing(rule) else { return false }
        // The engine has the last word: a rule that some sampled call matches is not dead, whatever was derived. Only
        // what no engine produces (a path on a call that has none) is not asked about.
        let samples = Sampler(layer: layer).requests(for: rule)
        if !reason.hasPrefix("these actions"), rule.expires.map({ now < $0 }) ?? true, rule.scanner == nil,
            samples.contains(where: { applies(rule, layer, $0) && !isFault(rule, layer, $0) })
        {
            return false
        }
        add(
            .neverMatches, rule, layer, "the rule \(quoted(rule.name)) matches nothing: \(reason)",
            witness: samples.first)
        return true
    }

    private func isFault(_ rule: CompiledRule, _ layer: PolicyLayer, _ request: PolicyRequest) -> Bool {
        let evaluation = Evaluation(request, hash: nil)
        let box = lists(rule, layer)
        return FunctionScope.$current.withValue(evaluation.scope) {
            evaluation.views.contains { view in
                if case .fault = evaluation.outcome(
                    rule, view, lists: box, reading: rule.isGrant ? .grant : .restriction)
                {
                    return true
                }
                return false
            }
        }
    }

    private func reasonForNothing(_ rule: CompiledRule) -> String? {
        let matcher = rule.matcher
        if let expires = rule.expires, now >= expires, now > 0 { return "it has expired" }
        if rule.phases.isEmpty { return "it has no phase" }
        if let key = emptyKey(matcher) { return "`\(key)` is empty" }
        if let kinds = matcher.kinds {
            let own = WritCore.Operation.Kind.allCases.filter { kinds & Matcher.bit($0) != 0 }
            if matcher.paths != nil,
                own.allSatisfy({
                    $0 == .mcpCall || $0 == .agentSpawn || $0 == .netConnect || $0 == .netListen || $0 == .processSignal
                        || $0 == .browserNavigate
                })
            {
                return "these actions have no path"
            }
            if matcher.hosts != nil, !own.contains(where: Sampler.carriesHost) { return "these actions have no host" }
            if matcher.packages != nil, !own.contains(.pkgInstall), !own.contains(.pkgPublish) {
                return "these actions have no package"
            }
            if matcher.commands != nil, own.allSatisfy({ $0 == .mcpCall || $0 == .mcpResource || $0 == .agentSpawn }) {
                return "these actions run no program"
            }
            if let tools = matcher.tools, matcher.toolKinds == 0, !tools.isEmpty,
                tools.allSatisfy({ $0.source.hasPrefix("mcp:") }),
                !own.contains(where: { $0 == .mcpCall || $0 == .mcpResource })
            {
                return "MCP tools have other actions than these"
            }
        } else if matcher.packages != nil, matcher.commands?.isEmpty == true {
            return "no package operation is such a command"
        }
        return Contradiction.reason(
            when: rule.when, unless: rule.unless, kinds: matcher.kinds, commands: matcher.commands,
            faultsApply: !rule.isGrant)
    }

    private func emptyKey(_ matcher: Matcher) -> String? {
        if matcher.kinds == 0 { return "actions" }
        if matcher.tools?.isEmpty == true { return "tools" }
        if matcher.commands?.isEmpty == true { return "commands" }
        if matcher.paths?.isEmpty == true { return "paths" }
        if matcher.hosts?.isEmpty == true { return "hosts" }
        if matcher.packages?.isEmpty == true { return "packages" }
        let names: [(String, [WordGlob]?)] = [
            ("users", matcher.users), ("groups", matcher.groups), ("roles", matcher.roles), ("agents", matcher.agents),
            ("workflows", matcher.workflows), ("environment", matcher.environment), ("repos", matcher.repos),
        ]
        return names.first { $0.1?.isEmpty == true }?.0
    }

    private static func strength(_ action: PolicyDocument.Rule.Action) -> Int? {
        switch action {
        case .ask: 1
        case .deny: 2
        case .halt: 3
        case .allow, .alert, .log, .redact: nil
        }
    }

    private func isLive(_ rule: CompiledRule) -> Bool {
        rule.waivers.isEmpty && rule.expires == nil && reasonForNothing(rule) == nil
    }

    /// Another rule says at least as much wherever this one applies.
    private mutating func shadowed(_ rule: CompiledRule, _ layer: PolicyLayer) -> Bool {
        guard rule.scanner == nil, rule.waivers.isEmpty else { return false }
        for other in layers where other.layer <= layer.layer {
            for candidate in other.rules where candidate.id != rule.id {
                guard candidate.scanner == nil, Self.startsWhere(candidate.source, rule.source), isLive(candidate),
                    makesNeedless(candidate, other, rule, layer),
                    Containment.covers(candidate.matcher, rule.matcher, rule.isGrant ? .grant : .restriction),
                    Containment.isWeaker(candidate, than: rule)
                else { continue }
                // Of two equal rules the later one is the needless one.
                let isMutual =
                    Self.startsWhere(rule.source, candidate.source) && makesNeedless(rule, layer, candidate, other)
                    && Containment.covers(rule.matcher, candidate.matcher, rule.isGrant ? .grant : .restriction)
                    && Containment.isWeaker(rule, than: candidate)
                if isMutual, other.layer == layer.layer,
                    (candidate.document, candidate.mark) > (rule.document, rule.mark)
                {
                    continue
                }
                guard let witness = witness(rule, layer), applies(candidate, other, witness) else { continue }
                add(
                    .shadowed, rule, layer,
                    "the rule \(quoted(rule.name)) adds nothing to \(quoted(candidate.name)), which says as much of every such call",
                    other: candidate, hint: "delete one of them, or make them differ", witness: witness)
                return true
            }
        }
        return false
    }

    private func makesNeedless(
        _ strong: CompiledRule, _ strongLayer: PolicyLayer, _ weak: CompiledRule, _ weakLayer: PolicyLayer
    ) -> Bool {
        // What is denied is recorded and told as well.
        if strong.action == .deny || strong.action == .halt, weak.action == .alert || weak.action == .log {
            return weak.obligations.allSatisfy(strong.obligations.contains)
        }
        if let a = Self.strength(strong.action), let b = Self.strength(weak.action) {
            if a == b, strong.gate != weak.gate { return false }
            return a >= b && weak.obligations.allSatisfy(strong.obligations.contains)
        }
        // A grant makes another one needless only where both lift the same default.
        return strong.isGrant && weak.isGrant && strongLayer.layer == weakLayer.layer
            && strong.seesOpaque == weak.seesOpaque
            && (strong.matcher.commands == nil) == (weak.matcher.commands == nil)
            && weak.obligations.allSatisfy(strong.obligations.contains) && strong.limits == nil && weak.limits == nil
    }

    /// A flow or rule with the first source counts wherever one with the second does.
    private static func startsWhere(_ outer: CompiledRule.Source?, _ inner: CompiledRule.Source?) -> Bool {
        guard let outer else { return true }
        guard let inner else { return false }
        return (outer.reach == .session || outer.reach == inner.reach)
            && inner.labels.allSatisfy { label in outer.labels.contains { $0.source == label.source } }
    }

    /// Restrictions that kill a grant, or only meet it.
    private mutating func denied(_ grant: CompiledRule, _ layer: PolicyLayer) {
        guard let witness = witness(grant, layer) else { return }
        for other in layers {
            for rule in other.rules where rule.action == .deny || rule.action == .halt {
                guard rule.scanner == nil, rule.source == nil, isLive(rule) else { continue }
                if Containment.covers(rule.matcher, grant.matcher, .grant), Containment.isWeaker(rule, than: grant),
                    set.decide(witness).verdict >= .deny, applies(rule, other, witness)
                {
                    add(
                        .deadGrant, grant, layer,
                        "the grant \(quoted(grant.name)) has no effect: \(quoted(rule.name)) denies all of it",
                        other: rule,
                        hint: "delete the grant, or narrow the restriction", witness: witness)
                    return
                }
            }
        }
        for other in layers {
            for rule in other.rules where rule.action == .deny || rule.action == .halt {
                guard rule.scanner == nil, rule.source == nil, isLive(rule), rule.matcher.namesOperations else {
                    continue
                }
                let samples = Sampler(layer: other).requests(for: rule)
                guard let meeting = samples.first(where: { applies(grant, layer, $0) && applies(rule, other, $0) })
                else {
                    continue
                }
                add(
                    .conflict, level: .note, grant, layer,
                    "the grant \(quoted(grant.name)) and \(quoted(rule.name)) meet; the restriction wins", other: rule,
                    witness: meeting)
            }
        }
    }

    private mutating func tooWide(_ rule: CompiledRule, _ layer: PolicyLayer) {
        guard let why = width(rule) else {
            // Code is followed where it can be read, and what cannot be read no grant covers: worth a look, no more.
            if let runner = rule.matcher.commands?.first(where: Self.runsAnything) {
                add(
                    .tooWide, level: .note, rule, layer,
                    "the grant \(quoted(rule.name)) opens whatever code `\(runner.source)` is given",
                    witness: witness(rule, layer))
            }
            return
        }
        add(
            .tooWide, rule, layer, "the grant \(quoted(rule.name)) \(why)", hint: "name what is needed",
            witness: witness(rule, layer))
    }

    private func width(_ rule: CompiledRule) -> String? {
        let matcher = rule.matcher
        let readsOperation =
            rule.when.map { condition in
                condition.program.slots.contains { (Variable.opKind.slot...Variable.opPattern.slot).contains($0) }
                    || condition.reads(.callTool, .callArgs, .callRawTool)
            } ?? false
        if !matcher.namesOperations, !readsOperation { return "opens every operation" }
        if let kinds = matcher.kinds {
            let all = WritCore.Operation.Kind.allCases.reduce(UInt64(0)) { $0 | Matcher.bit($1) }
            let isNarrow =
                matcher.commands != nil || matcher.paths != nil || matcher.hosts != nil || matcher.tools != nil
            if kinds == all, !isNarrow, !readsOperation { return "opens every action" }
            if kinds & (Matcher.bit(.shellExec) | Matcher.bit(.shellBackground)) != 0, !isNarrow,
                !(rule.when?.reads(.opProgram, .opArgv, .opCommand, .opCommandHash) ?? false)
            {
                return "opens every command"
            }
        }
        if matcher.commands?.contains(where: { $0.isEverything || $0.program.isAny }) == true {
            return "opens every program"
        }
        if let paths = matcher.paths, let wide = paths.first(where: isWide),
            !(rule.when?.reads(.opPath, .opPaths) ?? false)
        {
            return "opens \(quoted(wide.source))"
        }
        if let tools = matcher.tools, let wide = tools.first(where: \.isEverything),
            matcher.commands == nil, matcher.paths == nil, !(rule.when?.reads(.callTool, .mcpServer, .mcpTool) ?? false)
        {
            return "opens \(quoted(wide.source))"
        }
        if let hosts = matcher.hosts {
            for host in hosts {
                switch host.shape {
                case .any: return "opens every host"
                case .network(_, let prefix) where prefix < 8: return "opens \(quoted(host.source))"
                case .below(let name) where !name.contains("."): return "opens every host below \(quoted(name))"
                default: break
                }
            }
        }
        if let packages = matcher.packages, packages.contains(where: { $0.name.isAny && $0.ecosystem?.isAny ?? true }) {
            return "opens every package"
        }
        return nil
    }

    private func isWide(_ glob: PathGlob) -> Bool {
        switch glob.root {
        case .none:
            glob.parts.allSatisfy { part in
                part == .anything || { if case .word(let word) = part { word.isAny } else { false } }()
            }
        case .home: glob.parts == [.anything] || glob.parts.isEmpty
        case .repo, .work, .tmp: false
        }
    }

    private mutating func regexTraps(_ rule: CompiledRule, _ layer: PolicyLayer) {
        if let patterns = rule.scanner?.patterns {
            for pattern in patterns.blocked {
                for trap in RegexLint.traps(pattern.source) {
                    add(
                        .regexTrap, rule, layer, "the pattern \(quoted(pattern.source)) \(trap.message)",
                        hint: trap.hint)
                }
            }
            for pattern in patterns.allowed ?? [] {
                for trap in RegexLint.traps(pattern.source) {
                    add(
                        .regexTrap, rule, layer, "the pattern \(quoted(pattern.source)) \(trap.message)",
                        hint: trap.hint)
                }
                if [".*", "^.*$", ".+", "(.*)", "(?s).*"].contains(pattern.source) {
                    add(.tooWide, rule, layer, "the pattern \(quoted(pattern.source)) allows every command")
                }
            }
        }
        for condition in [rule.when, rule.unless].compactMap(\.self) {
            for source in Self.expressions(in: condition.program.ast) {
                for trap in RegexLint.traps(source) {
                    add(.regexTrap, rule, layer, "the pattern \(quoted(source)) \(trap.message)", hint: trap.hint)
                }
                if rule.isGrant, rule.unless.map({ !$0.program.ast.isSame(as: condition.program.ast) }) ?? true,
                    RegexLint.isUnanchored(source)
                {
                    add(
                        .regexTrap, rule, layer,
                        "the grant \(quoted(rule.name)) rests on \(quoted(source)), which matches anywhere in the text",
                        hint: "hold it with `^` and `$`")
                }
            }
        }
    }

    static func expressions(in expression: CELExpression) -> [String] {
        var out: [String] = []
        switch expression.kind {
        case .memberCall(_, "matches", let arguments):
            if case .constant(.string(let text))? = arguments.first?.kind { out.append(text) }
        case .call("matches", let arguments):
            if case .constant(.string(let text))? = arguments.last?.kind { out.append(text) }
        default: break
        }
        return out + expression.children.flatMap(expressions)
    }

    private mutating func withoutEffect(_ rule: CompiledRule, _ layer: PolicyLayer) {
        let document = layer.documents[rule.document]
        guard let source = document.rules.first(where: { $0.name == rule.name }) else { return }
        let isFinal = rule.action == .deny || rule.action == .halt
        if isFinal, source.limits != nil {
            add(
                .withoutEffect, rule, layer,
                "`limits` on \(quoted(rule.name)) count nothing: what is denied is never granted")
        }
        if isFinal {
            for obligation in source.obligations
            where ["redact", "sandbox", "max_bytes", "rate", "scan"].contains(obligation.word) {
                add(
                    .withoutEffect, rule, layer,
                    "the obligation `\(obligation.word)` on \(quoted(rule.name)) is never carried out: the call is denied"
                )
            }
        }
        if rule.scanner != nil, rule.action == .redact, rule.phases == [.toolCall] {
            add(
                .unenforceable, rule, layer,
                "the rule \(quoted(rule.name)) redacts what a tool is called with, which ends as a denial",
                hint: "use `block`, or the scope `tool_response` or `output`")
        }
        if rule.isGrant, source.onError != nil {
            add(
                .withoutEffect, level: .note, rule, layer,
                "`on_error` on the grant \(quoted(rule.name)) has no effect: it grants nothing")
        }
        if layer.layer == .project, rule.isGrant {
            add(
                .withoutEffect, level: .note, rule, layer,
                "the grant \(quoted(rule.name)) of a project opens nothing that a higher layer has not opened")
        }
    }

    private mutating func unenforceable(_ rule: CompiledRule, _ layer: PolicyLayer) {
        guard let host else { return }
        for phase in Phase.allCases where rule.phases.contains(phase) {
            guard let capabilities = host.capabilities[phase] else { continue }
            var missing: String?
            switch rule.action {
            case .deny, .halt: if !capabilities.canBlock && !capabilities.canReplaceContent { missing = "cannot block" }
            case .ask: if !capabilities.canAsk { missing = "cannot ask" }
            case .redact: if !capabilities.canReplaceContent { missing = "cannot replace content" }
            case .alert: if !capabilities.canAddContext { missing = "cannot add context" }
            case .allow, .log: break
            }
            for obligation in rule.obligations where missing == nil {
                switch obligation {
                case .redact, .maxBytes: if !capabilities.canReplaceContent { missing = "cannot replace content" }
                case .annotate: if !capabilities.canAddContext { missing = "cannot add context" }
                case .sandbox, .scan, .taint, .notify, .rate: break
                }
            }
            if let missing {
                add(
                    .unenforceable, rule, layer,
                    "\(host.name) \(missing) in the phase `\(phase.rawValue)`, which \(quoted(rule.name)) needs",
                    hint: "Writ denies, asks itself or labels the session instead")
            }
        }
    }

    mutating func section(
        _ kind: PolicyFinding.Kind, level: PolicyFinding.Level = .warning, _ document: PolicyDocument,
        _ layer: PolicyLayer, _ name: String, _ message: String, at mark: SourceMark? = nil, hint: String? = nil
    ) {
        findings.append(
            PolicyFinding(
                kind: kind, level: level, subject: "\(layer.layer.name)/\(document.name)/\(name)", other: nil,
                message: message, hint: hint, file: document.file, at: mark, witness: nil, request: nil))
    }

    private mutating func sections(_ document: PolicyDocument, _ layer: PolicyLayer) {
        if document.dialect == .two, document.defaults.decision == .allow, layer.layer == .organization {
            section(.tooWide, level: .note, document, layer, "defaults", "the organization allows what no rule covers")
        }
        for profile in document.profiles where profile.name == "production" {
            if profile.writ == .ignored {
                section(.tooWide, document, layer, "profiles", "the profile `production` ignores delegations")
            }
            if profile.decision == .allow {
                section(.tooWide, document, layer, "profiles", "the profile `production` allows what no rule covers")
            }
        }
        if let egress = document.egress, !egress.allowsByDefault {
            for entry in egress.allow where entry.ports == nil && entry.methods == nil {
                for host in entry.hosts where host.value == "*" || host.value == "0.0.0.0/0" {
                    section(
                        .tooWide, document, layer, "egress", "the egress entry \(quoted(host.value)) opens every host",
                        at: host.mark)
                }
            }
        }
        let usedGates = Set(
            document.rules.compactMap(\.gate?.value)
                + document.flows.flatMap { [$0.gate?.value, $0.clearedBy?.value].compactMap(\.self) })
        for gate in document.gates {
            let people = Set(gate.approvers.filter { $0.hasPrefix("user:") })
            let isClosed = people.count == Set(gate.approvers).count
            if isClosed, people.count < gate.count {
                section(
                    .unsatisfiableGate, document, layer, gate.name,
                    "the gate \(quoted(gate.name)) needs \(gate.count) people and names \(people.count)", at: gate.mark)
            } else if isClosed, gate.excludesDelegator, people.count == gate.count {
                section(
                    .unsatisfiableGate, level: .note, document, layer, gate.name,
                    "the gate \(quoted(gate.name)) cannot be satisfied when one of its people delegates", at: gate.mark)
            }
            if gate.expires == 0 {
                section(
                    .unsatisfiableGate, document, layer, gate.name,
                    "approvals of the gate \(quoted(gate.name)) expire at once", at: gate.mark)
            }
            if !usedGates.contains(gate.name) {
                section(
                    .unused, level: .note, document, layer, gate.name, "nothing uses the gate \(quoted(gate.name))",
                    at: gate.mark, hint: "unless a writ asks it")
            }
        }
        for waiver in document.waivers where now > 0 && now >= waiver.until {
            section(
                .unused, document, layer, waiver.rule.value, "the waiver of \(quoted(waiver.rule.value)) has ended",
                at: waiver.rule.mark, hint: "delete it")
        }
    }

    private mutating func budgets(_ layer: PolicyLayer) {
        for (document, budget) in layer.documents.flatMap({ document in document.budgets.map { (document, $0) } }) {
            guard let compiled = layer.budgets.first(where: { $0.id.hasSuffix("/\(document.name)/\(budget.name)") }),
                let matcher = compiled.matcher, let key = emptyKey(matcher)
            else { continue }
            section(
                .neverMatches, document, layer, budget.name,
                "the budget \(quoted(budget.name)) counts nothing: `\(key)` is empty", at: budget.mark)
        }
    }

    /// Actions that the root's rules never name, where a default decides alone.
    private mutating func gaps() {
        guard let root = set.root else { return }
        let layer = set.layers[root]
        guard let document = layer.documents.first, layer.rules.contains(where: { $0.matcher.kinds != nil }) else {
            return
        }
        let named = layer.rules.reduce(UInt64(0)) { $0 | ($1.scanner == nil ? $1.matcher.kinds ?? 0 : 0) }
        let open = layer.rules.contains { $0.scanner == nil && $0.matcher.kinds == nil }
        let silent = WritCore.Operation.Kind.allCases.filter { named & Matcher.bit($0) == 0 }
        guard !open, !silent.isEmpty else { return }
        section(
            .gap, level: .note, document, layer, "defaults",
            "no rule speaks of \(silent.map { "`\($0.rawValue)`" }.joined(separator: ", ")); the default decides")
    }
}
