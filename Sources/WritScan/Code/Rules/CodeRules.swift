// SPDX-License-Identifier: Apache-2.0
internal import WritCore
internal import WritPattern
internal import WritResources

/// The rules of the `code` detector, read from tables, with an index from what a file holds to the rules it concerns.
///
///     rule python-sql-built
///       language python
///       category injection
///       cwe CWE-89
///       severity high
///       confidence 0.85
///       message SQL is put together from a value that is not constant
///       fix Pass the value as a parameter of the query
///       call *.execute *.executemany
///       when arg0 built
///       match cur.execute("select * from t where id=" + x)
///       no_match cur.execute("select * from t where id=?", (x,))
///
///     flow python
///       source request.args.*
///       local sys.argv*
///       sanitizer shlex.quote int
///       builder *.format
///
/// Triggers: `call`, `import` (globs), `assign`, `string`, `text` (expressions; `words` names literals of which one
/// must be in the file), `entry`, `block` (globs over paths in configuration). A condition is `subject predicate`:
/// subjects `arg0`…, `any`, `last`, `args`, `kw:NAME`, `receiver`, `value`, `name`, `line`, `near` (three lines each way), `raw` (the
/// same with comments), `function`, `block`,
/// `file`, `path`; predicates `matches RE`, `text RE`, `dynamic`, `built`, `untrusted`, `remote`, `constant`,
/// `anchored` (begins with what does not come from outside), `wide` (a range of addresses that lets in much of the
/// internet), `made RE` (by a call of that name), `present`, `absent`, `atleast N`, and for C `onstack`, `freed`, `lone`.
/// ` || ` separates alternatives. In examples `\n` is a line break.
public struct CodeRules: Sendable {
    public private(set) var rules: [CodeRule] = []
    private(set) var flows: [CodeLanguage: Flow.Names] = [:]
    private(set) var indexes: [CodeLanguage: Index] = [:]

    /// What one language's rules are found by.
    struct Index: Sendable {
        var calls = GlobIndex()
        var imports = GlobIndex()
        var assignments: [Int] = []
        /// Rules with text or string triggers, by the keyword that must be there.
        var words: KeywordIndex?
        var wordRules: [[Int]] = []
        var always: [Int] = []
        var entries: [(glob: [UInt8], rule: Int)] = []
        var blocks: [(glob: [UInt8], rule: Int)] = []
    }

    /// Why a table was refused.
    public typealias Fault = RuleTableFault

    /// The rules that ship with Writ.
    public static func builtIn() throws(Fault) -> CodeRules {
        var all = CodeRules()
        for resource in Resource.all(under: "code/") { try all.add(table: Array(resource.bytes), named: resource.name) }
        try all.index()
        return all
    }

    /// Creates an empty set.
    public init() {}

    /// Adds a table; ``index()`` follows the last one.
    public mutating func add(table: [UInt8], named name: String) throws(Fault) {
        for node in try Outline.nodes(of: table, named: name) {
            switch node.keyword {
            case "rule": rules.append(try Self.rule(node, table: name))
            case "flow":
                for word in node.value.split(separator: " ") {
                    guard let language = CodeLanguage(name: String(word)) else {
                        throw Fault(table: name, line: node.line, message: "unknown language `\(word)`")
                    }
                    var names = flows[language] ?? Flow.Names()
                    for child in node.children {
                        for glob in child.value.split(separator: " ") {
                            switch child.keyword {
                            case "source": names.sources.add(String(glob), id: 0)
                            case "local": names.locals.add(String(glob), id: 0)
                            case "sanitizer": names.sanitizers.add(String(glob), id: 0)
                            case "builder": names.builders.add(String(glob), id: 0)
                            default:
                                throw Fault(table: name, line: child.line, message: "unknown key `\(child.keyword)`")
                            }
                        }
                    }
                    flows[language] = names
                }
            default:
                throw Fault(table: name, line: node.line, message: "expected `rule` or `flow`, got `\(node.keyword)`")
            }
        }
    }

    /// Builds the index. Call once after the last table.
    public mutating func index() throws(Fault) {
        indexes = [:]
        for language in CodeLanguage.allCases {
            var index = Index()
            var words: [String: Int] = [:]
            var lists: [[Int]] = []
            for (id, rule) in rules.enumerated() where rule.languages.contains(language) {
                var needsWords = false
                for trigger in rule.triggers {
                    switch trigger {
                    case .call(let glob): index.calls.add(glob, id: id)
                    case .module(let glob): index.imports.add(glob, id: id)
                    case .assignment: index.assignments.append(id)
                    case .string, .text: needsWords = true
                    case .entry(let glob): index.entries.append((Array(glob.utf8), id))
                    case .block(let glob): index.blocks.append((Array(glob.utf8), id))
                    }
                }
                guard needsWords else { continue }
                if rule.words.isEmpty { index.always.append(id) }
                for word in rule.words {
                    if let place = words[word] {
                        lists[place].append(id)
                    } else {
                        words[word] = lists.count
                        lists.append([id])
                    }
                }
            }
            if !lists.isEmpty {
                var ordered = [[UInt8]](repeating: [], count: lists.count)
                for (word, place) in words { ordered[place] = Array(word.utf8) }
                do {
                    index.words = try KeywordIndex(ordered)
                } catch {
                    throw Fault(table: language.rawValue, line: 0, message: error.description)
                }
            }
            index.wordRules = lists
            indexes[language] = index
        }
    }

    private static let known: Set<String> = [
        "language", "category", "cwe", "severity", "confidence", "message", "fix", "call", "import", "assign", "string",
        "text",
        "entry", "block", "when", "unless", "words", "match", "no_match",
    ]

    private static func rule(_ node: Outline.Node, table: String) throws(Fault) -> CodeRule {
        func fault(_ message: String, _ line: Int? = nil) -> Fault {
            Fault(table: table, line: line ?? node.line, message: "rule `\(node.value)`: \(message)")
        }
        for child in node.children where !known.contains(child.keyword) {
            throw fault("unknown key `\(child.keyword)`", child.line)
        }
        guard !node.value.isEmpty else { throw fault("needs an id") }
        var languages: Set<CodeLanguage> = []
        for word in node.values("language").flatMap({ $0.split(separator: " ") }) {
            guard let language = CodeLanguage(name: String(word)) else { throw fault("unknown language `\(word)`") }
            languages.insert(language)
        }
        guard !languages.isEmpty else { throw fault("needs `language`") }
        guard let message = node.value("message"), let fix = node.value("fix"), let cwe = node.value("cwe") else {
            throw fault("needs `message`, `fix` and `cwe`")
        }
        guard let severity = Severity(name: node.value("severity") ?? "medium") else { throw fault("unknown severity") }
        guard let confidence = Double(node.value("confidence") ?? "0.7"), (0...1).contains(confidence) else {
            throw fault("`confidence` is not between 0 and 1")
        }
        var triggers: [CodeRule.Trigger] = []
        var when: [[CodeRule.Condition]] = []
        var unless: [[CodeRule.Condition]] = []
        for child in node.children {
            let globs = child.value.split(separator: " ").map(String.init)
            switch child.keyword {
            case "call": triggers += globs.map { .call($0) }
            case "import": triggers += globs.map { .module($0) }
            case "assign": triggers.append(.assignment(try pattern(child.value, fault)))
            case "string": triggers.append(.string(try pattern(child.value, fault)))
            case "text": triggers.append(.text(try pattern(child.value, fault)))
            case "entry": triggers += globs.map { .entry($0) }
            case "block": triggers += globs.map { .block($0) }
            case "when": when.append(try conditions(child, fault))
            case "unless": unless.append(try conditions(child, fault))
            default: continue
            }
        }
        guard !triggers.isEmpty else { throw fault("has no trigger, such as `call`") }
        return CodeRule(
            id: node.value, category: node.value("category") ?? "vulnerability", cwe: cwe, severity: severity,
            confidence: confidence, languages: languages, message: message, fix: fix, matches: node.values("match"),
            noMatches: node.values("no_match"), triggers: triggers, when: when, unless: unless,
            words: node.values("words").flatMap { $0.split(separator: " ").map(String.init) })
    }

    private static func pattern(_ source: String, _ fault: (String, Int?) -> Fault) throws(Fault) -> LazyPattern {
        guard !source.isEmpty else { throw fault("an expression is empty", nil) }
        return LazyPattern(source)
    }

    private static func conditions(_ node: Outline.Node, _ fault: (String, Int?) -> Fault) throws(Fault) -> [CodeRule
        .Condition]
    {
        var result: [CodeRule.Condition] = []
        var rest = Substring(node.value)
        var pieces: [Substring] = []
        while let cut = rest.firstRange(of: " || ") {
            pieces.append(rest[..<cut.lowerBound])
            rest = rest[cut.upperBound...]
        }
        pieces.append(rest)
        for piece in pieces {
            let parts = piece.split(separator: " ", maxSplits: 2)
            guard parts.count >= 2 else { throw fault("a condition needs a subject and a predicate", node.line) }
            let word = parts[0]
            let subject: CodeRule.Subject
            switch word {
            case "any": subject = .any
            case "last": subject = .last
            case "args": subject = .arguments
            case "receiver": subject = .receiver
            case "value": subject = .value
            case "name": subject = .name
            case "line": subject = .line
            case "near": subject = .near
            case "raw": subject = .raw
            case "function": subject = .function
            case "block": subject = .block
            case "file": subject = .file
            case "path": subject = .path
            case _ where word.hasPrefix("kw:"): subject = .keyword(String(word.dropFirst(3)))
            case _ where word.hasPrefix("arg"):
                guard let number = Int(word.dropFirst(3)), (0..<64).contains(number) else {
                    throw fault("unknown subject `\(word)`", node.line)
                }
                subject = .argument(number)
            default: throw fault("unknown subject `\(word)`", node.line)
            }
            let predicate: CodeRule.Predicate
            switch parts[1] {
            case "matches":
                guard parts.count == 3 else { throw fault("`matches` needs an expression", node.line) }
                predicate = .matches(LazyPattern(String(parts[2])))
            case "text":
                guard parts.count == 3 else { throw fault("`text` needs an expression", node.line) }
                predicate = .text(LazyPattern(String(parts[2])))
            case "made":
                guard parts.count == 3 else { throw fault("`made` needs an expression", node.line) }
                predicate = .made(LazyPattern(String(parts[2])))
            case "atleast":
                guard parts.count == 3, let number = Int(parts[2]) else {
                    throw fault("`atleast` needs a number", node.line)
                }
                predicate = .atLeast(number)
            case "dynamic": predicate = .dynamic
            case "built": predicate = .built
            case "untrusted": predicate = .untrusted
            case "remote": predicate = .remote
            case "constant": predicate = .constant
            case "anchored": predicate = .anchored
            case "wide": predicate = .wideRange
            case "present": predicate = .present
            case "absent": predicate = .absent
            case "onstack": predicate = .onStack
            case "freed": predicate = .freed
            case "lone": predicate = .lone
            default: throw fault("unknown predicate `\(parts[1])`", node.line)
            }
            result.append(CodeRule.Condition(subject: subject, predicate: predicate))
        }
        return result
    }
}

extension Substring {
    /// The first place of a short literal.
    func firstRange(of needle: String) -> Range<Index>? {
        var at = startIndex
        while at < endIndex {
            if self[at...].hasPrefix(needle) { return at..<index(at, offsetBy: needle.count) }
            at = index(after: at)
        }
        return nil
    }
}
