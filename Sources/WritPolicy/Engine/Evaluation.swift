// SPDX-License-Identifier: Apache-2.0
import WritCEL
import WritCore
import WritPattern

/// The lists of a document as conditions see them.
struct CELMapBox: Sendable {
    let map: CELMap
}

enum CompiledLists {
    static func map(of document: PolicyDocument) -> CELMapBox {
        CELMapBox(
            map: CELMap(
                document.lists.sorted { $0.key < $1.key }.map { name, items in
                    (name, CELValue.list(items.map { .string($0.value) }))
                }))
    }
}

/// How a rule came out for one operation.
enum RuleOutcome {
    /// Why a rule has no say.
    enum Miss {
        case phase, expired, scanner
        case key(Matcher.Key)
        /// The call's arguments are others than a delegation names.
        case arguments
        /// What an operation does is not known, and the grant does not speak of such operations.
        case opaque
        /// Text that is only carried as data, of which the rule does not speak.
        case data
        case whenFalse, unlessTrue
        case grantFault(String)
        /// The session has none of the flow's labels.
        case label
        indirect case waived(CompiledRule.Waiver)
    }

    case match(detail: String)
    /// The rule could not be evaluated and applies for that reason.
    case fault(String)
    case miss(Miss)

    var applies: Bool {
        switch self {
        case .match, .fault: true
        case .miss: false
        }
    }
}

/// One request on its way through the rules. Lives for one decision.
final class Evaluation {
    /// Units that one condition may spend.
    static let conditionBudget = 10_000

    /// Held once, by the activation: a request is large.
    var request: PolicyRequest { activation.request }
    private let phase: Phase
    private let now: Int64
    let subject: RequestSubject
    let roots: SplitRoots
    let views: [OperationView]
    let activation: Activation
    let scope: FunctionScope
    private var cachedTexts: [String]?

    init(_ request: PolicyRequest, hash: (@Sendable ([UInt8]) -> String)?) {
        phase = request.phase
        now = request.now
        subject = RequestSubject(request)
        let roots = SplitRoots(request.roots)
        self.roots = roots
        var operations = request.operations
        if operations.isEmpty, request.phase == .toolCall {
            operations = [Operation(request.call.tool.action)]
        }
        // Past the limit the rest is judged all the same; that there is so much of it is an operation of its own.
        if operations.count > 200 {
            operations.append(Operation(.shellExec, opaque: .limit, detail: "more than 200 operations"))
        }
        var views: [OperationView] = []
        views.reserveCapacity(operations.count)
        for index in operations.indices { views.append(OperationView(operations[index], index: index, roots: roots)) }
        self.views = views
        activation = Activation(request, hash: hash)
        scope = FunctionScope(roots: request.roots, fingerprints: request.session.fingerprints)
    }

    // MARK: Rules

    /// A grant or restriction on one operation, a flow, or a scanner rule on the call.
    func outcome(_ rule: CompiledRule, _ view: OperationView?, lists: CELMapBox, reading: Matcher.Reading)
        -> RuleOutcome
    {
        guard rule.applies(in: phase) else { return .miss(.phase) }
        if let expires = rule.expires, now >= expires { return .miss(.expired) }
        if let view, view.operation.role == .data, !rule.seesData { return .miss(.data) }
        if let key = rule.matcher.firstMismatch(view, subject, roots, reading) { return .miss(.key(key)) }
        if let arguments = rule.arguments, !arguments.fits(request, reading) { return .miss(.arguments) }
        if reading == .grant, let view, let cause = view.operation.opaque, !rule.seesOpaque {
            // Naming a command grants running it with what it reads; nothing else about opaque code can be granted.
            guard cause == .unread, rule.matcher.commands != nil else { return .miss(.opaque) }
        }
        if let source = rule.source, !startsFlow(source, view) { return .miss(.label) }
        var detail = ""
        if let scanner = rule.scanner {
            switch hit(scanner) {
            case nil: return .miss(.scanner)
            case .match(let text)?: detail = text
            case .fault(let text)?: return waivable(rule, view, .fault(text))
            case .miss?: return .miss(.scanner)
            }
        }
        // What an operation has already said no to, its marks have left out.
        let isSettled =
            view.map { view in rule.when?.facts.isAllMarks == true && rule.hasMarks(of: view) } ?? false
        if isSettled, rule.unless == nil { return waivable(rule, view, .match(detail: detail)) }
        activation.view = view
        activation.lists = lists.map
        if !isSettled, let when = rule.when {
            do throws(CELFault) {
                if try !when.holds(activation, budget: Self.conditionBudget) { return .miss(.whenFalse) }
            } catch {
                if reading == .grant { return .miss(.grantFault(error.description)) }
                return waivable(rule, view, .fault("`when`: \(error.description)"))
            }
        }
        if let unless = rule.unless {
            do throws(CELFault) {
                if try unless.holds(activation, budget: Self.conditionBudget) { return .miss(.unlessTrue) }
            } catch {
                // An exception that cannot be established is none: a grant falls, a restriction stands.
                if reading == .grant { return .miss(.grantFault(error.description)) }
            }
        }
        return waivable(rule, view, .match(detail: detail))
    }

    private func waivable(_ rule: CompiledRule, _ view: OperationView?, _ outcome: RuleOutcome) -> RuleOutcome {
        for waiver in rule.waivers where applies(waiver, view) { return .miss(.waived(waiver)) }
        return outcome
    }

    func applies(_ waiver: CompiledRule.Waiver, _ view: OperationView?) -> Bool {
        request.now < waiver.until && waiver.matcher.firstMismatch(view, subject, roots, .grant) == nil
    }

    /// Some operation of the request, or the request itself, is matched. For examples and tests of single rules.
    func matches(_ rule: CompiledRule, lists: CELMapBox) -> Bool {
        let reading: Matcher.Reading = rule.isGrant ? .grant : .restriction
        if rule.scanner != nil, !rule.needsOperation {
            return outcome(rule, nil, lists: lists, reading: reading).applies
        }
        return views.contains { outcome(rule, $0, lists: lists, reading: reading).applies }
    }

    private func startsFlow(_ source: CompiledRule.Source, _ view: OperationView?) -> Bool {
        if let view, view.operation.taints.contains(.secret), source.labels.contains(where: { $0.matches("secret") }) {
            return true
        }
        return request.session.labels.contains { label in
            switch source.reach {
            case .session: break
            case .task:
                let task = request.facts.task.id
                if !label.task.isEmpty, !task.isEmpty, label.task != task { return false }
            case .seconds(let seconds):
                if label.age > seconds { return false }
            }
            let name = label.name.hasPrefix("tool:") ? String(label.name.dropFirst(5)) : label.name
            return source.labels.contains { $0.matches(name) }
        }
    }

    // MARK: Scanners

    private func hit(_ scanner: ScannerBinding) -> RuleOutcome? {
        if scanner.name == "tool_call" {
            guard let patterns = scanner.patterns else { return .match(detail: "") }
            return hit(patterns)
        }
        if let fault = request.scannerFaults.first(where: { ScannerBinding.canonical($0.scanner) == scanner.name }) {
            return .fault("the scanner `\(scanner.name)` failed: \(quoted(fault.message))")
        }
        var best: Finding?
        for finding in request.findings where scanner.accepts(finding, in: request.phase) {
            guard let current = best else {
                best = finding
                continue
            }
            if (finding.severity, finding.confidence, current.rule) > (
                current.severity, current.confidence, finding.rule
            ) {
                best = finding
            }
        }
        guard let best else { return nil }
        return .match(detail: Wording.sentences(best))
    }

    private func hit(_ patterns: ScannerBinding.Patterns) -> RuleOutcome? {
        let isShell =
            subject.toolKind == .shellExec || subject.toolKind == .shellBackground
            || ToolAliases.shellTools.contains(request.call.tool.name)
        if let name = patterns.toolName {
            let kinds = ToolAliases.kinds(of: name)
            let isShellName = kinds & Matcher.bit(.shellExec) != 0
            let isMeant =
                (isShellName && isShell) || kinds & Matcher.bit(subject.toolKind) != 0
                || ToolPattern(name).matches(subject.tool) || ToolPattern(name).matches(subject.rawTool)
                || ToolPattern(name).matches(request.call.tool.name)
            if !isMeant { return nil }
        }
        if let allowed = patterns.allowedTools {
            let isAllowed = allowed.contains {
                $0.matches(subject.tool) || $0.matches(subject.rawTool) || $0.matches(request.call.tool.name)
                    || ToolAliases.kinds(of: $0.source) & Matcher.bit(subject.toolKind) != 0
            }
            if !isAllowed { return .match(detail: "The tool is not on the list of allowed tools.") }
        }
        for text in texts(isShell: isShell) {
            for pattern in patterns.blocked where pattern.matches(text) {
                return .match(detail: "It matches the pattern `\(pattern.source)`.")
            }
        }
        if let allowed = patterns.allowed {
            for command in subCommands(isShell: isShell)
            where !allowed.contains(where: { $0.matchesWhole(command) }) {
                return .match(detail: "A part of it matches no allowed pattern.")
            }
        }
        return nil
    }

    /// Raw text, normalised text, and each sub-command's canonical text.
    private func texts(isShell: Bool) -> [String] {
        if let cachedTexts { return cachedTexts }
        var texts: [String] = []
        if isShell, !request.commandText.isEmpty {
            texts = [request.commandText]
            let normalised = ShellText.normalised(request.commandText)
            if normalised != request.commandText { texts.append(normalised) }
        } else {
            collect(request.call.arguments, into: &texts, depth: 0)
        }
        for operation in request.operations where operation.role == .executed && !operation.command.isEmpty {
            if !texts.contains(operation.command) { texts.append(operation.command) }
        }
        cachedTexts = texts
        return texts
    }

    private func subCommands(isShell: Bool) -> [String] {
        var commands: [String] = []
        for operation in request.operations where operation.role == .executed {
            if operation.isOpaque { commands.append("…") }
            if !operation.command.isEmpty, !commands.contains(operation.command) { commands.append(operation.command) }
        }
        if commands.isEmpty { return texts(isShell: isShell) }
        return commands
    }

    private func collect(_ value: JSON, into texts: inout [String], depth: Int) {
        guard depth < 200 else { return }
        switch value {
        case .string(let text): texts.append(text)
        case .array(let elements): for element in elements { collect(element, into: &texts, depth: depth + 1) }
        case .object(let members): for member in members { collect(member.value, into: &texts, depth: depth + 1) }
        case .null, .bool, .integer, .number: break
        }
    }
}

/// Shell text as a pattern's author thinks of it.
enum ShellText {
    /// Quotes and escaping backslashes removed, continued lines joined.
    static func normalised(_ text: String) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count)
        var isEscaped = false
        for byte in text.utf8 {
            if isEscaped {
                isEscaped = false
                if byte != 0x0A { out.append(byte) }
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte != UInt8(ascii: "'"), byte != UInt8(ascii: "\"") {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

extension Facts {
    /// The facts under which examples and tests run unless they say otherwise: a well-behaved, registered agent whose
    /// MCP server is pinned. Never used for a real call.
    static func baseline() -> Facts {
        var facts = Facts()
        facts.mcp.pinned = true
        facts.agent.registered = true
        return facts
    }
}
