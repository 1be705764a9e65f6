// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Builds the request of an embedded test from its `given`.
///
/// What is not given is that of a well-behaved agent (``Facts/baseline()``) in ``ExamplePlace``.
struct GivenReader {
    static let repo = ExamplePlace.project
    static let home = ExamplePlace.home
    static let roots = PathRoots(repo: repo, home: home, work: repo)

    let layer: PolicyLayer
    let diagnostics: Diagnostics
    private(set) var facts = Facts.baseline()

    init(layer: PolicyLayer, diagnostics: Diagnostics) {
        self.layer = layer
        self.diagnostics = diagnostics
    }

    static let keys = [
        "command", "op", "ops", "call", "session", "user", "agent", "task", "writ", "env", "repo", "mcp", "content",
        "last", "findings", "phase", "now", "approved",
    ]

    mutating func request(_ given: YAMLNode) -> PolicyRequest {
        for member in given.members ?? [] where !Self.keys.contains(member.key) {
            diagnostics.error(
                .unknownKey, "unknown key \(quoted(member.key)) in `given`", at: member.keyMark,
                hint: Suggestion.hint(for: member.key, in: Self.keys))
        }
        let phase = given["phase"].flatMap { node in
            let phase = node.string.flatMap { Phase(rawValue: $0) }
            if phase == nil { diagnostics.error(.unknownValue, "unknown phase \(quoted(node.text))", at: node.mark) }
            return phase
        }
        var operations: [Operation] = []
        if let node = given["op"] { operations.append(operation(node)) }
        for node in given["ops"]?.elements ?? [] { operations.append(operation(node)) }
        var call = Call(
            agent: AgentIdentity(kind: "test"), tool: Tool(name: "", action: operations.first?.kind ?? .toolOther),
            workingDirectory: Self.repo, workspace: Self.repo, home: Self.home)
        if let node = given["command"] {
            let command = node.string ?? node.text
            call.tool = Tool(name: "Bash", action: .shellExec)
            call.arguments = ["command": .string(command)]
            if let expand = layer.options.expand {
                operations += expand(command)
            } else {
                diagnostics.error(
                    .unreadable, "`command` needs the shell engine", at: node.mark, hint: "give `op` instead")
            }
        }
        if let node = given["call"] { read(node, into: &call) }
        if let node = given["agent"] { readAgent(node, into: &call) }
        readFacts(given)
        if facts.mcp.identity.isEmpty, given["mcp"]?["identity"] == nil, let server = call.tool.server {
            facts.mcp.identity = layer.mcp.lazy.compactMap { $0.servers[server]?.identity }.first ?? ""
        }
        var request = PolicyRequest(
            call: call, phase: phase ?? .toolCall, operations: operations, facts: facts,
            now: given["now"].flatMap { Moment.unix($0.string ?? $0.text) } ?? 0)
        request.roots = Self.roots
        if let node = given["session"] { read(node, into: &request.session) }
        for node in given["findings"]?.elements ?? [] { request.findings.append(finding(node)) }
        request.approvedGates = Set(strings(given["approved"]))
        return request
    }

    // MARK: Parts

    private func each(
        _ node: YAMLNode, _ what: String, _ keys: [String], _ body: (String, YAMLNode) -> Void
    ) {
        guard let members = node.members else {
            diagnostics.error(.wrongType, "`\(what)` must be a mapping, not \(node.typeName)", at: node.mark)
            return
        }
        for member in members {
            guard keys.contains(member.key) else {
                diagnostics.error(
                    .unknownKey, "unknown key \(quoted(member.key)) in `\(what)`", at: member.keyMark,
                    hint: Suggestion.hint(for: member.key, in: keys))
                continue
            }
            body(member.key, member.value)
        }
    }

    private func strings(_ node: YAMLNode?) -> [String] {
        guard let node else { return [] }
        if let elements = node.elements { return elements.map { $0.string ?? $0.text } }
        return [node.string ?? node.text]
    }

    private func bool(_ node: YAMLNode) -> Bool {
        if case .bool(let value) = node.content { return value }
        diagnostics.error(.wrongType, "expected `true` or `false`, not \(quoted(node.text))", at: node.mark)
        return false
    }

    private func integer(_ node: YAMLNode) -> Int {
        if case .integer(let value) = node.content { return Int(clamping: value) }
        diagnostics.error(.wrongType, "expected a whole number, not \(quoted(node.text))", at: node.mark)
        return 0
    }

    private func text(_ node: YAMLNode) -> String { node.string ?? node.text }

    /// `$repo/src` and the like stand for the test's own folders.
    private func path(_ node: YAMLNode) -> String {
        let text = text(node)
        for (root, folder) in [("$repo", Self.repo), ("$home", Self.home), ("$work", Self.repo), ("$tmp", "/tmp")]
        where text == root || text.hasPrefix(root + "/") {
            return folder + text.dropFirst(root.count)
        }
        return PathText.absolute(text, in: Self.repo, home: Self.home)
    }

    private func operation(_ node: YAMLNode) -> Operation {
        var operation = Operation(.toolOther)
        let keys = [
            "kind", "program", "argv", "command", "path", "host", "port", "method", "package", "git", "force", "traits",
            "recursive", "interpreter", "background", "upload", "opaque", "opaque_cause", "depth", "stdin_taint",
            "detail", "role", "pattern",
        ]
        each(node, "op", keys) { key, value in
            switch key {
            case "kind":
                guard let kind = Operation.Kind(rawValue: text(value)) else {
                    diagnostics.error(
                        .unknownValue, "unknown action \(quoted(text(value)))", at: value.mark,
                        hint: Suggestion.hint(for: text(value), in: Operation.Kind.allCases.map(\.rawValue)))
                    return
                }
                operation.kind = kind
            case "program": operation.program = text(value)
            case "argv":
                operation.arguments = strings(value)
                operation.program = operation.arguments.first.map { PathText.name($0) } ?? ""
                operation.command = operation.arguments.joined(separator: " ")
            case "command": operation.command = text(value)
            case "path": operation.path = path(value)
            case "host": operation.host = text(value)
            case "port": operation.port = integer(value)
            case "method": operation.method = text(value).uppercased()
            case "package":
                operation.package = Operation.Package(
                    ecosystem: value["ecosystem"].map(text) ?? "", name: value["name"].map(text) ?? "",
                    version: value["version"].map(text) ?? "")
            case "git":
                operation.remote = value["remote"].map(text) ?? ""
                operation.branch = value["branch"].map(text) ?? ""
            case "force": set(.force, bool(value), &operation)
            case "recursive": set(.recursive, bool(value), &operation)
            case "interpreter": set(.interpreter, bool(value), &operation)
            case "background": set(.background, bool(value), &operation)
            case "upload": set(.upload, bool(value), &operation)
            case "traits":
                for name in strings(value) {
                    guard let trait = Operation.Traits.names.first(where: { $0.name == name })?.trait else {
                        diagnostics.error(.unknownValue, "unknown trait \(quoted(name))", at: value.mark)
                        continue
                    }
                    operation.traits.insert(trait)
                }
            case "opaque": operation.opaque = bool(value) ? .computed : nil
            case "opaque_cause": operation.opaque = Operation.Opaque(rawValue: text(value))
            case "depth": operation.depth = integer(value)
            case "stdin_taint":
                for name in strings(value) {
                    if let taint = Operation.Taints.names.first(where: { $0.name == name })?.taint {
                        operation.taints.insert(taint)
                    } else {
                        diagnostics.error(.unknownValue, "unknown taint \(quoted(name))", at: value.mark)
                    }
                }
            case "detail": operation.detail = text(value)
            case "role": operation.role = text(value) == "data" ? .data : .executed
            case "pattern": operation.isPattern = bool(value)
            default: break
            }
        }
        return operation
    }

    private func set(_ trait: Operation.Traits, _ isOn: Bool, _ operation: inout Operation) {
        if isOn { operation.traits.insert(trait) }
    }

    private func read(_ node: YAMLNode, into call: inout Call) {
        each(node, "call", ["id", "tool", "raw_tool", "args", "cwd"]) { key, value in
            switch key {
            case "id": call.id = text(value)
            case "tool":
                let name = text(value)
                if name.hasPrefix("mcp:"), let slash = name.firstIndex(of: "/") {
                    let server = name[name.index(name.startIndex, offsetBy: 4)..<slash]
                    call.tool = Tool(
                        name: call.tool.name, action: .mcpCall, server: String(server),
                        serverTool: String(name[name.index(after: slash)...]))
                } else {
                    call.tool.name = name
                    if ToolAliases.shellTools.contains(name) { call.tool.action = .shellExec }
                }
            case "raw_tool": call.tool.name = text(value)
            case "args": call.arguments = value.json
            case "cwd": call.workingDirectory = path(value)
            default: break
            }
        }
    }

    /// What a call says of its agent, and what is known of it besides.
    private mutating func readAgent(_ node: YAMLNode, into call: inout Call) {
        var facts = facts
        var agent = call.agent
        read(node, "agent", into: &facts, besides: ["id", "kind", "version", "model"]) { key, value in
            switch key {
            case "id": agent.id = text(value)
            case "kind": agent.kind = text(value)
            case "version": agent.version = text(value)
            default: agent.model = text(value)
            }
        }
        self.facts = facts
        call.agent = agent
    }

    private mutating func readFacts(_ given: YAMLNode) {
        var facts = facts
        for section in FactSection.all where section.name != "agent" {
            if let node = given[section.name] { read(node, section.name, into: &facts) }
        }
        self.facts = facts
    }

    /// Reads the facts of a section; other keys that it may have go to `take`.
    private func read(
        _ node: YAMLNode, _ name: String, into facts: inout Facts, besides others: [String] = [],
        _ take: (String, YAMLNode) -> Void = { _, _ in }
    ) {
        let fields = FactSection.all.first { $0.name == name }?.fields ?? []
        each(node, name, others + fields.map(\.name)) { key, value in
            guard let field = fields.first(where: { $0.name == key })?.field else { return take(key, value) }
            switch field {
            case .text(let path): facts[keyPath: path] = text(value)
            case .texts(let path): facts[keyPath: path] = strings(value)
            case .flag(let path): facts[keyPath: path] = bool(value)
            case .number(let path): facts[keyPath: path] = integer(value)
            case .folder(let path): facts[keyPath: path] = self.path(value)
            case .moment(let path): facts[keyPath: path] = Moment.unix(text(value)) ?? 0
            case .age(let path): facts[keyPath: path] = Moment.seconds(of: text(value))
            }
        }
    }

    private func read(_ node: YAMLNode, into session: inout SessionState) {
        var state = session
        let keys = ["id", "age", "calls", "denied", "taints", "counts", "hosts", "used", "halted"]
        each(node, "session", keys) { key, value in
            switch key {
            case "id": state.id = text(value)
            case "age": state.age = Moment.seconds(of: text(value)) ?? 0
            case "calls": state.calls = integer(value)
            case "denied": state.denied = integer(value)
            case "taints": state.labels = strings(value).map { SessionState.Label($0) }
            case "counts":
                for member in value.members ?? [] { state.counts[member.key] = integer(member.value) }
            case "hosts": state.hosts = strings(value)
            case "used":
                for member in value.members ?? [] {
                    let amount: Double =
                        switch member.value.content {
                        case .integer(let count): Double(count)
                        case .number(let amount): amount
                        default: 0
                        }
                    // A short name means a budget of this layer.
                    let ids = layer.budgets.filter { $0.name == member.key }.map(\.id)
                    for id in ids.isEmpty ? [member.key] : ids { state.used[id] = amount }
                }
            default: state.isHalted = bool(value)
            }
        }
        session = state
    }

    private func finding(_ node: YAMLNode) -> Finding {
        var finding = Finding(
            scanner: "", rule: "", category: "", severity: .high, confidence: 1, message: "Found by the test.")
        each(node, "findings", ["scanner", "rule", "category", "severity", "confidence"]) { key, value in
            switch key {
            case "scanner": finding.scanner = text(value)
            case "rule": finding.rule = text(value)
            case "category": finding.category = text(value)
            case "severity": finding.severity = Severity(name: text(value)) ?? .high
            default:
                if case .number(let number) = value.content { finding.confidence = number }
                if case .integer(let number) = value.content { finding.confidence = Double(number) }
            }
        }
        return finding
    }
}
