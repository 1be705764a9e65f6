// SPDX-License-Identifier: Apache-2.0
import WritCEL
import WritCore
import WritPattern

/// Turns the typed rules of one document into compiled ones; every fault gets its place.
struct RuleCompiler {
    let document: PolicyDocument
    /// The place of the document in its layer.
    let index: Int
    let layer: Layer
    let options: PolicyOptions
    let environments: PolicyEnvironments
    let diagnostics: Diagnostics
    let conditions: ConditionBook

    private var prefix: String { "\(layer.name)/\(document.name)/" }

    func rules() -> [CompiledRule] {
        let waivers = compiledWaivers()
        return document.rules.map { rule($0, waivers[$0.name] ?? []) }
            + document.flows.map { flow($0, waivers[$0.name] ?? []) }
    }

    private func compiledWaivers() -> [String: [CompiledRule.Waiver]] {
        var waivers: [String: [CompiledRule.Waiver]] = [:]
        var all = document.waivers.map { ($0.rule.value, $0) }
        for (rule, beside) in options.waivers.sorted(by: { $0.key < $1.key }) where rule.hasPrefix(prefix) {
            all += beside.map { (String(rule.dropFirst(prefix.count)), $0) }
        }
        for (rule, waiver) in all {
            waivers[rule, default: []].append(
                .init(
                    until: waiver.until, matcher: matcher(waiver.match), reason: waiver.reason,
                    approvedBy: waiver.approvedBy))
        }
        return waivers
    }

    private func rule(_ rule: PolicyDocument.Rule, _ waivers: [CompiledRule.Waiver]) -> CompiledRule {
        let phases = rule.scanner?.phases ?? [.toolCall]
        let message = rule.message.isEmpty ? rule.description : rule.message
        let compiled = CompiledRule(
            id: prefix + rule.name, name: rule.name, layer: layer, document: index, mark: rule.mark,
            action: rule.action,
            severity: rule.severity, tags: rule.tags, message: MessageTemplate(message), phases: phases,
            matcher: matcher(rule.match), when: condition(rule.when, phases), unless: condition(rule.unless, phases),
            scanner: rule.scanner.map(scanner), source: nil,
            // A link of a delegation names a gate of the policies that it meets.
            gate: rule.gate.map { layer == .delegation ? $0.value : prefix + $0.value },
            onError: rule.onError,
            limits: rule.limits.map { limits in
                CompiledBudget(
                    id: prefix + rule.name + "#limits", name: rule.name, layer: layer, per: limits.per,
                    count: limits.count, meter: nil, limit: 0, matcher: nil, key: nil, outcome: "any",
                    window: limits.window, then: limits.then, waivers: [])
            }, obligations: rule.obligations, expires: rule.expires, waivers: waivers,
            arguments: arguments(rule))
        note(rule, compiled)
        checkLabels(compiled)
        return compiled
    }

    private func arguments(_ rule: PolicyDocument.Rule) -> ArgumentMatcher? {
        if rule.arguments.isEmpty { return nil }
        do throws(ArgumentFault) {
            return try ArgumentMatcher(rule.arguments)
        } catch {
            diagnostics.error(.unknownValue, "in \(quoted(rule.name)): \(error.message)", at: rule.mark)
            return nil
        }
    }

    private func flow(_ flow: PolicyDocument.Flow, _ waivers: [CompiledRule.Waiver]) -> CompiledRule {
        let compiled = CompiledRule(
            id: prefix + flow.name, name: flow.name, layer: layer, document: index, mark: flow.mark,
            action: flow.action,
            severity: flow.severity, tags: flow.tags, message: MessageTemplate(flow.message), phases: [.toolCall],
            matcher: matcher(flow.to), when: condition(flow.when, [.toolCall]),
            unless: condition(flow.unless, [.toolCall]), scanner: nil,
            source: .init(labels: flow.from.map { ToolPattern($0.value) }, reach: flow.within),
            gate: flow.gate.map { prefix + $0.value }, onError: nil, limits: nil, obligations: [], expires: nil,
            waivers: waivers)
        checkLabels(compiled)
        return compiled
    }

    func budgets() -> [CompiledBudget] {
        let waivers = compiledWaivers()
        return document.budgets.map { budget in
            var key: Condition?
            if let source = budget.key { key = condition(source, [.toolCall], expecting: .string) }
            let isWhole = budget.match == PolicyDocument.Match()
            return CompiledBudget(
                id: prefix + budget.name, name: budget.name, layer: layer, per: budget.per,
                count: budget.count, meter: budget.meter, limit: budget.limit ?? 0,
                matcher: isWhole ? nil : matcher(budget.match), key: key, outcome: budget.outcome,
                window: budget.window, then: budget.then, waivers: waivers[budget.name] ?? [],
                countsWrites: budget.countsWrites, owner: layer == .delegation ? document.name : nil)
        }
    }

    func egress() -> CompiledEgress? {
        document.egress.map { egress in
            func entry(_ entry: PolicyDocument.Egress.Entry) -> CompiledEgress.Entry {
                .init(
                    hosts: hosts(entry.hosts) ?? [], ports: entry.ports.map { Set($0) },
                    methods: entry.methods.map { Set($0) })
            }
            return CompiledEgress(
                id: prefix + "egress", layer: layer, allowsByDefault: egress.allowsByDefault,
                allow: egress.allow.map(entry), deny: egress.deny.map(entry),
                allowsPrivateAddresses: egress.allowsPrivateAddresses)
        }
    }

    func mcp() -> CompiledMCP? {
        document.mcp.map { mcp in
            CompiledMCP(
                id: prefix + "mcp", layer: layer,
                servers: Dictionary(mcp.servers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }),
                unknownServer: mcp.unknownServer, pinsDefinitions: mcp.pinsDefinitions,
                onDefinitionChange: mcp.onDefinitionChange, hidesDenied: mcp.hidesDenied)
        }
    }

    // MARK: Matching

    /// Items with `list:name` replaced by that list.
    private func expanded(_ items: [Marked<String>]?) -> [Marked<String>]? {
        guard let items else { return nil }
        var out: [Marked<String>] = []
        for item in items {
            guard item.value.hasPrefix("list:") else {
                out.append(item)
                continue
            }
            let name = String(item.value.dropFirst(5))
            guard let list = document.lists[name] else {
                diagnostics.error(
                    .unknownReference, "there is no list \(quoted(name))", at: item.mark,
                    hint: Suggestion.nearest(to: name, in: document.lists.keys).map { "did you mean `\($0)`?" })
                continue
            }
            if diagnostics.takes(list.count, at: item.mark) { out += list }
        }
        return out
    }

    private func words(_ items: [Marked<String>]?) -> [WordGlob]? {
        expanded(items)?.map { WordGlob($0.value) }
    }

    private func hosts(_ items: [Marked<String>]?) -> [HostPattern]? {
        expanded(items)?.compactMap { item in
            do throws(HostPattern.Fault) {
                return try HostPattern(item.value)
            } catch {
                diagnostics.error(.badHost, "\(quoted(item.value)) \(error.message)", at: item.mark, hint: error.hint)
                return nil
            }
        }
    }

    func matcher(_ match: PolicyDocument.Match) -> Matcher {
        var matcher = Matcher()
        if let actions = expanded(match.actions) {
            matcher.kinds = actions.reduce(into: 0) { $0 |= kinds($1) }
        }
        if let tools = expanded(match.tools) {
            matcher.tools = tools.map { ToolPattern($0.value) }
            matcher.toolKinds = tools.reduce(into: 0) { $0 |= ToolAliases.kinds(of: $1.value) }
        }
        matcher.commands = expanded(match.commands)?.compactMap { item in
            do throws(CommandPattern.Fault) {
                return try CommandPattern(item.value)
            } catch {
                diagnostics.error(
                    .badPattern, "the command \(quoted(item.value)) \(error.message)", at: item.mark, hint: error.hint)
                return nil
            }
        }
        matcher.paths = expanded(match.paths)?.compactMap { item in
            do throws(PathGlob.Fault) {
                return try PathGlob(item.value)
            } catch {
                diagnostics.error(
                    .badGlob, "the path \(quoted(item.value)) \(error.message)", at: item.mark, hint: error.hint)
                return nil
            }
        }
        matcher.hosts = hosts(match.hosts)
        matcher.packages = expanded(match.packages)?.map { PackagePattern($0.value) }
        matcher.users = words(match.users)
        matcher.groups = words(match.groups)
        matcher.roles = words(match.roles)
        matcher.agents = words(match.agents)
        matcher.workflows = words(match.workflows)
        matcher.environment = words(match.environment)
        matcher.repos = words(match.repos)
        return matcher
    }

    private func kinds(_ item: Marked<String>) -> UInt64 {
        let word = item.value
        if let kind = Operation.Kind(rawValue: word) { return Matcher.bit(kind) }
        if word == "*" { return Operation.Kind.allCases.reduce(0) { $0 | Matcher.bit($1) } }
        if word.hasSuffix(".*") {
            let family = word.dropLast()
            let found = Operation.Kind.allCases.filter { $0.rawValue.hasPrefix(family) }
            if !found.isEmpty { return found.reduce(0) { $0 | Matcher.bit($1) } }
        }
        diagnostics.error(
            .unknownValue, "unknown action \(quoted(word))", at: item.mark,
            hint: Suggestion.hint(for: word, in: Operation.Kind.allCases.map(\.rawValue)))
        return 0
    }

    // MARK: Conditions

    private func condition(
        _ source: Marked<String>?, _ phases: Set<Phase>, expecting type: CELType = .bool
    ) -> Condition? {
        guard let source else { return nil }
        let name = "\(type) \(Phase.allCases.map { phases.contains($0) ? "1" : "0" }.joined()) \(source.value)"
        if conditions.isChecked, let facts = conditions.facts[name],
            let phase = Phase.allCases.last(where: phases.contains)
        {
            return Condition(checked: source, facts: facts, in: environments, phase, expecting: type)
        }
        var compiled: CELProgram?
        // The condition must make sense wherever the rule applies.
        for phase in Phase.allCases where phases.contains(phase) {
            guard let program = program(source, phase, expecting: type) else { return nil }
            compiled = program
        }
        guard let compiled else { return nil }
        let condition = Condition(program: compiled, mark: source.mark)
        conditions.note(name, condition.facts)
        return condition
    }

    private func program(_ source: Marked<String>, _ phase: Phase, expecting type: CELType) -> CELProgram? {
        do throws(CELError) {
            return try CELProgram(source.value, in: environments.of(phase), expecting: type)
        } catch {
            // A block scalar begins on the next line; a quoted one after its quote.
            let isFirstLine = error.line == 1
            let mark = SourceMark(
                line: source.mark.line + error.line - 1,
                column: isFirstLine ? source.mark.column + error.column : error.column)
            diagnostics.error(.badCondition, "in the condition: \(error.message)", at: mark, hint: error.hint)
            return nil
        }
    }

    // MARK: Scanners

    private func scanner(_ scanner: PolicyDocument.Scanner) -> ScannerBinding {
        var patterns: ScannerBinding.Patterns?
        if scanner.blockedPatterns != nil || scanner.allowedPatterns != nil || scanner.allowedTools != nil {
            patterns = .init(
                toolName: scanner.toolName?.value, blocked: regexes(scanner.blockedPatterns) ?? [],
                allowed: regexes(scanner.allowedPatterns),
                allowedTools: scanner.allowedTools?.map { ToolPattern($0.value) })
        } else if let toolName = scanner.toolName {
            patterns = .init(toolName: toolName.value, blocked: [], allowed: nil, allowedTools: nil)
        }
        for group in scanner.groups ?? [] where !options.detectorGroups.contains(group.value) {
            diagnostics.error(
                .unknownValue, "unknown detector group \(quoted(group.value))", at: group.mark,
                hint: Suggestion.hint(for: group.value, in: options.detectorGroups.sorted()))
        }
        let named = scanner.groups.map { Set($0.map(\.value)) }
        let groups = named?.contains("all") == true ? nil : named
        var ignored: Set<String> = []
        if scanner.checksTyposquat == false { ignored.insert("typosquat") }
        if scanner.checksReputation == false { ignored.insert("reputation") }
        // How a dependency is pinned and where it comes from is for rules that name these groups: the seed's rule asks
        // about names alone.
        if scanner.groups == nil { ignored.formUnion(["pin", "source", "drift", "limit"]) }
        return ScannerBinding(
            name: ScannerBinding.canonical(scanner.name), patterns: patterns,
            groups: groups, minimumConfidence: scanner.confidences(options),
            minimumSeverity: scanner.minimumSeverity ?? .info, ignoredCategories: ignored)
    }

    private func regexes(_ sources: [Marked<String>]?) -> [Pattern]? {
        sources?.compactMap { source in
            if source.value.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\t" && $0 != "\n" }) {
                diagnostics.error(
                    .badPattern, "the pattern \(quoted(source.value)) holds a control character", at: source.mark,
                    hint: "write patterns between single quotes")
                return nil
            }
            do throws(Pattern.Fault) {
                return try Pattern(source.value, .dotMatchesNewline)
            } catch {
                diagnostics.error(
                    .badPattern, "the pattern \(quoted(source.value)) is refused: \(error.message)", at: source.mark,
                    hint: "RE2 syntax, without look-around and back-references")
                return nil
            }
        }
    }

    // MARK: Notes

    /// Labels only restrict: whatever a session touches, it never gains by it.
    private func checkLabels(_ rule: CompiledRule) {
        let grows = rule.restsOnLabel
        let shrinks = rule.restsOnNoLabel
        let isRefused =
            switch rule.action {
            case .allow: grows
            case .ask, .deny, .halt, .alert, .log, .redact: shrinks
            }
        guard isRefused else { return }
        let mark = rule.when.flatMap { $0.reads(.sessionTaints) ? $0.mark : nil } ?? rule.unless?.mark ?? rule.mark
        diagnostics.error(
            .badCondition,
            rule.action == .allow
                ? "the grant \(quoted(rule.name)) would open up when the session gets a label"
                : "the rule \(quoted(rule.name)) would fall away when the session gets a label",
            at: mark, hint: "labels only restrict: use them in grants under `!`, in restrictions without")
    }

    /// What a reader of the rule would not expect.
    private func note(_ rule: PolicyDocument.Rule, _ compiled: CompiledRule) {
        // What was checked before was noted before.
        guard !conditions.isChecked else { return }
        if document.dialect == .one, rule.action == .allow {
            diagnostics.note(
                "W122", "grant-without-effect",
                "the rule \(quoted(rule.name)) grants what dialect 1.0 allows anyway", at: rule.mark,
                hint: "with `allowed_patterns` or `allowed_tools` use `action: block`")
        }
        if let scanner = rule.scanner { PatternLint.note(scanner, diagnostics) }
        let isRestriction = [.ask, .deny, .halt].contains(rule.action) && rule.scanner == nil
        if isRestriction, let when = compiled.when, AbsenceLint.absorbsAbsence(when.program.ast) {
            diagnostics.note(
                "W210", "absent-argument-escapes",
                "the restriction \(quoted(rule.name)) does not apply when the agent leaves the argument out",
                at: when.mark, hint: "restrict the absent case as well: `!has(x) || …`")
        }
        if compiled.isGrant, rule.expires == nil, let when = compiled.when,
            when.reads(.mcpReadOnly, .mcpDestructive)
        {
            diagnostics.note(
                "W211", "grant-on-hint", "the grant \(quoted(rule.name)) rests on what the server says about itself",
                at: when.mark, hint: "name the tools instead")
        }
    }
}

/// Which way a condition can change when the session gets a label.
struct LabelPolarity {
    private(set) var canTurnTrue = false
    private(set) var canTurnFalse = false

    init(_ expression: CELExpression) {
        walk(expression, isPositive: true)
    }

    private mutating func walk(_ expression: CELExpression, isPositive: Bool) {
        switch expression.kind {
        case .and(let terms), .or(let terms): for term in terms { walk(term, isPositive: isPositive) }
        case .not(let operand): walk(operand, isPositive: !isPositive)
        case .binary(.isIn, let item, let container) where container.path == "session.taints":
            if isPositive { canTurnTrue = true } else { canTurnFalse = true }
            both(item)
        default: both(expression)
        }
    }

    /// Anything else that looks at the labels (their number, a macro over them) can turn either way.
    private mutating func both(_ expression: CELExpression) {
        if expression.path == "session.taints" {
            canTurnTrue = true
            canTurnFalse = true
        }
        for child in expression.children { both(child) }
    }
}

/// Finds conditions that turn false when the agent leaves something out.
enum AbsenceLint {
    /// A conjunction with `has(call.args.…)`: without the argument a restriction is absorbed to false.
    static func absorbsAbsence(_ expression: CELExpression) -> Bool {
        switch expression.kind {
        case .and(let terms):
            return terms.contains { isPresenceOfArgument($0) }
        case .or(let terms): return terms.contains { absorbsAbsence($0) }
        case .conditional(_, let then, let otherwise): return absorbsAbsence(then) || absorbsAbsence(otherwise)
        default: return isPresenceOfArgument(expression)
        }
    }

    private static func isPresenceOfArgument(_ expression: CELExpression) -> Bool {
        switch expression.kind {
        case .has(let operand, _): return operand.path.map { $0 == "call.args" || $0.hasPrefix("call.args.") } ?? false
        case .binary(.isIn, _, let container): return container.path == "call.args"
        default: return false
        }
    }
}
