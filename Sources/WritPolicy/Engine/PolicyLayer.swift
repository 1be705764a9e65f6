// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// The policies of one layer, compiled. Evaluated on its own; nothing in it can loosen another layer.
public struct PolicyLayer: Sendable {
    /// A policy file as the caller found it.
    public struct Source: Sendable, Hashable {
        /// For messages; also names a policy of dialect 1.0.
        public var file: String
        public var bytes: [UInt8]

        /// Creates a source.
        public init(file: String, bytes: [UInt8]) {
            self.file = file
            self.bytes = bytes
        }
    }

    public let layer: Layer
    public let documents: [PolicyDocument]
    /// The files it was made from.
    public let sources: [Source]
    /// What the authors should know.
    public let notes: [PolicyNote]
    /// Digest of the sources' bytes; empty without a hash function. Of a link of a delegation its id.
    public let digest: String
    let rules: [CompiledRule]
    let budgets: [CompiledBudget]
    let egress: [CompiledEgress]
    let mcp: [CompiledMCP]
    let options: PolicyOptions
    /// For ``Layer/delegation``.
    var link: CompiledLink?

    /// Reads and compiles the policies of a layer.
    ///
    /// - Throws: every fault of every file, with places. Nothing of a layer with a fault is used.
    public static func load(
        _ layer: Layer, _ sources: [Source], options: PolicyOptions = PolicyOptions()
    ) throws(PolicyErrors) -> PolicyLayer {
        let environments = PolicyEnvironments(options)
        var documents: [PolicyDocument] = []
        var notes: [PolicyNote] = []
        var errors: [PolicyError] = []
        var rules: [CompiledRule] = []
        var budgets: [CompiledBudget] = []
        var egress: [CompiledEgress] = []
        var mcp: [CompiledMCP] = []
        for source in sources {
            do throws(PolicyErrors) {
                let key = PolicyCache.key(of: source, layer, options)
                let kept = key.flatMap { options.cache?.read($0) }.flatMap { CachedPolicy($0, file: source.file) }
                let (root, document, readNotes) = try PolicyDocument.reading(
                    source.bytes, file: source.file, kept: kept?.root)
                let conditions = ConditionBook(checked: kept?.facts)
                let diagnostics = Diagnostics(file: source.file)
                if let stated = document.layer, stated.value != layer, layer != .builtin {
                    diagnostics.error(
                        .wrongLayer, "the policy says it belongs to `\(stated.value.name)`", at: stated.mark,
                        hint: "it is loaded as `\(layer.name)`")
                }
                if documents.contains(where: { $0.name == document.name }) {
                    diagnostics.error(
                        .duplicateName, "the layer already has a policy named \(quoted(document.name))",
                        at: SourceMark(line: 1, column: 1), hint: "give it another `metadata.name`")
                }
                let compiler = RuleCompiler(
                    document: document, index: documents.count, layer: layer, options: options,
                    environments: environments,
                    diagnostics: diagnostics, conditions: conditions)
                let own = compiler.rules()
                let counted = compiler.budgets()
                let hosts = compiler.egress()
                let servers = compiler.mcp()
                try diagnostics.throwIfAny()
                if let kept {
                    notes += kept.notes
                } else {
                    Examples.check(document, own, options, diagnostics)
                    try diagnostics.throwIfAny()
                    let all = readNotes + diagnostics.notes
                    notes += all
                    if let key {
                        options.cache?.write(
                            key, CachedPolicy(root: root, notes: all, facts: conditions.facts).bytes)
                    }
                }
                documents.append(document)
                rules += own
                budgets += counted
                if let hosts { egress.append(hosts) }
                if let servers { mcp.append(servers) }
            } catch {
                errors += error.errors
            }
        }
        if !errors.isEmpty { throw PolicyErrors(errors) }
        var digested: [UInt8] = []
        for source in sources { digested += Array("\(source.bytes.count):".utf8) + source.bytes }
        return PolicyLayer(
            layer: layer, documents: documents, sources: sources, notes: notes, digest: options.hash?(digested) ?? "",
            rules: rules,
            budgets: budgets, egress: egress, mcp: mcp, options: options)
    }

    /// The highest revision of its policies.
    public var revision: Int { documents.map(\.revision).max() ?? 0 }

    /// May decide what happens where no rule says anything: dialect 2, and not the project, whose file an agent or a
    /// stranger may have written.
    var canBeRoot: Bool {
        layer != .builtin && layer != .project && layer != .delegation && documents.contains { $0.dialect == .two }
    }

    /// What the layer itself says about uncovered operations in a profile, with the policy that says it; of several
    /// the strictest.
    func statedDefault(profile: String) -> (verdict: Verdict, id: String)? {
        var found: (verdict: Verdict, id: String)?
        for document in documents {
            let own = document.profiles.first { $0.name == profile }?.decision ?? document.defaults.decision
            guard let own, own > found?.verdict ?? .allow || found == nil else { continue }
            found = (own, "\(layer.name)/\(document.name)/defaults")
        }
        return found
    }

    /// What a failing scanner or consent ends as.
    func onError(document: Int, profile: String) -> Verdict {
        guard documents.indices.contains(document) else { return .deny }
        let document = documents[document]
        return document.profiles.first { $0.name == profile }?.onError ?? document.defaults.onError
            ?? Posture.onError(profile)
    }
}

/// What the three profiles mean where no policy says otherwise.
public enum Posture {
    /// Operations that no rule covers. An unknown profile is judged like production.
    public static func decision(_ profile: String) -> Verdict {
        switch profile {
        case "", "prototyping": .allow
        case "guarded": .ask
        default: .deny
        }
    }

    /// Failing scanners.
    public static func onError(_ profile: String) -> Verdict {
        switch profile {
        case "", "prototyping", "guarded": .ask
        default: .deny
        }
    }
}

/// Runs the `examples` of rules when a policy loads.
enum Examples {
    static func check(
        _ document: PolicyDocument, _ rules: [CompiledRule], _ options: PolicyOptions, _ diagnostics: Diagnostics
    ) {
        for (rule, compiled) in zip(document.rules, rules) {
            guard !rule.examples.isEmpty || !rule.counterexamples.isEmpty else { continue }
            guard let expand = options.expand else {
                diagnostics.note(
                    "W130", "examples-not-run", "the examples of \(quoted(rule.name)) were not run", at: rule.mark,
                    hint: "they need the shell engine")
                continue
            }
            let lists = CompiledLists.map(of: document)
            for (example, isMatch) in rule.examples.map({ ($0, true) }) + rule.counterexamples.map({ ($0, false) }) {
                let hit = matches(compiled, lists, command: example.value, operations: expand(example.value))
                if hit != isMatch {
                    diagnostics.error(
                        .exampleFailed,
                        "the rule \(quoted(rule.name)) \(isMatch ? "does not match" : "matches") its example \(quoted(example.value))",
                        at: example.mark)
                }
            }
        }
    }

    /// The rule matches some operation of the command.
    static func matches(
        _ rule: CompiledRule, _ lists: CELMapBox, command: String, operations: [Operation]
    ) -> Bool {
        let call = Call(
            tool: Tool(name: "Bash", action: .shellExec), arguments: ["command": .string(command)],
            workingDirectory: ExamplePlace.project, workspace: ExamplePlace.project, home: ExamplePlace.home)
        let request = PolicyRequest(call: call, phase: .toolCall, operations: operations, facts: Facts.baseline())
        let evaluation = Evaluation(request, hash: nil)
        return FunctionScope.$current.withValue(evaluation.scope) {
            evaluation.matches(rule, lists: lists)
        }
    }
}
