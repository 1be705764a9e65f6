// SPDX-License-Identifier: Apache-2.0
internal import WritCore
internal import WritResources

/// Which words explain which capabilities, and what tools let an agent do: `inspect/purposes.table`.
struct PurposeTable: Sendable {
    /// What there is to say of a capability that nothing explains.
    struct Weight: Sendable, Hashable {
        var does: String
        var severity: Severity
        var confidence: Double
        /// A heading explains it too.
        var countsHeadings: Bool
    }

    /// What a tool lets an agent do without anything else.
    enum Grant: String, Sendable, Hashable, CaseIterable {
        case read, write, network, run, all
    }

    private(set) var weights: [Capability: Weight] = [:]
    /// Capabilities that a whole word explains.
    private var words: [String: Set<Capability>] = [:]
    /// The same for words that begin so, by their first three letters.
    private var beginnings: [String: [(start: String, explains: Set<Capability>)]] = [:]
    private var grants: [String: Grant] = [:]

    init(table: some StringProtocol) throws {
        for node in try Outline(parsing: table).nodes {
            func fault(_ message: String) -> Outline.Fault { Outline.Fault(message: message, line: node.line) }
            switch node.keyword {
            case "capability":
                guard let capability = Capability(rawValue: node.value), weights[capability] == nil else {
                    throw fault("unknown or repeated capability `\(node.value)`")
                }
                guard let does = node.value("does"),
                    let severity = node.value("severity").flatMap(Severity.init(name:)),
                    let confidence = node.value("confidence").flatMap(Double.init), (0...1).contains(confidence),
                    let told = node.value("told"), told == "anywhere" || told == "above"
                else { throw fault("a capability has `does`, `severity`, `confidence` and `told`") }
                weights[capability] = Weight(
                    does: does, severity: severity, confidence: confidence, countsHeadings: told == "anywhere")
            case "purpose":
                let names = node.values("explains").flatMap { $0.split(separator: " ") }
                let explains = Set(names.compactMap { Capability(rawValue: String($0)) })
                guard !explains.isEmpty, explains.count == Set(names).count else {
                    throw fault("`explains` names what is no capability")
                }
                for word in node.values("words").flatMap({ $0.split(separator: " ") }) {
                    guard word.hasSuffix("*") else {
                        words[String(word), default: []].formUnion(explains)
                        continue
                    }
                    let start = String(word.dropLast())
                    guard start.utf8.count >= 3 else { throw fault("`\(word)` begins too many words") }
                    beginnings[String(start.prefix(3)), default: []].append((start, explains))
                }
            case "tool":
                guard let grant = Grant(rawValue: node.value) else { throw fault("unknown grant `\(node.value)`") }
                for name in node.values("names").flatMap({ $0.split(separator: " ") }) { grants[String(name)] = grant }
            default: throw fault("expected `capability`, `purpose` or `tool`")
            }
        }
        if let missing = Capability.allCases.first(where: { weights[$0] == nil }) {
            throw Outline.Fault(message: "nothing is said of `\(missing.rawValue)`", line: 1)
        }
    }

    static func embedded() throws -> PurposeTable {
        guard let resource = Resource.named("inspect/purposes.table") else {
            throw InjectionModel.Fault(message: "the table of purposes is missing")
        }
        return try PurposeTable(table: resource.text)
    }

    /// The capabilities that any of the words explains.
    func explained(by words: Set<String>) -> Set<Capability> {
        var out: Set<Capability> = []
        for word in words {
            if let found = self.words[word] { out.formUnion(found) }
            for entry in beginnings[String(word.prefix(3))] ?? [] where word.hasPrefix(entry.start) {
                out.formUnion(entry.explains)
            }
        }
        return out
    }

    /// What the tools of a declaration let an agent do; nil when one of them is not known, such as a server's.
    ///
    /// `Bash(git add:*)` runs what it names and is counted as ``Grant/run``.
    func grants(of tools: [String]) -> Set<Grant>? {
        var out: Set<Grant> = []
        for tool in tools {
            if let whole = grants[tool] {
                out.insert(whole)
            } else if let known = grants[String(tool.prefix { $0 != "(" && $0 != "/" && $0 != ":" })] {
                out.insert(known)
            } else {
                return nil
            }
        }
        return out
    }
}
