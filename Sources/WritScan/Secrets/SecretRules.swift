// SPDX-License-Identifier: Apache-2.0
internal import WritCore
internal import WritResources

/// The rules of the `secrets` detector, read from tables.
///
///     rule github-pat
///       name GitHub personal access token
///       group api_keys
///       severity critical
///       keyword ghp_
///       token ghp_[A-Za-z0-9]{36}
///       check github
///       match GH = "ghp_{36:alnum}"
///       no_match ghp_{36:x}
///
/// One of `token`, `assigned`, `search N`, `assignment`, `pem`, `url` says how a keyword's hit becomes a match; the
/// secret is the expression's first group, or all of it. Examples never hold a real-looking token: `{N:class}` stands
/// for N generated characters (`alnum`, `alpha`, `lower`, `upper`, `digit`, `hex`, `HEX`, `base64`, `url64`, `x`),
/// `<<` for nothing (it splits a literal), `\n` for a line break. `\s` in a keyword is a blank.
public struct SecretRules: Sendable {
    /// In order of loading.
    public var rules: [SecretRule]

    /// Why a table was refused.
    public typealias Fault = RuleTableFault

    /// The rules that ship with Writ.
    public static func builtIn() throws(Fault) -> SecretRules {
        var all = SecretRules(rules: [])
        for resource in Resource.all(under: "secrets/") where resource.name != "secrets/letters.table" {
            try all.add(table: Array(resource.bytes), named: resource.name)
        }
        return all
    }

    /// Creates a set.
    public init(rules: [SecretRule]) {
        self.rules = rules
    }

    /// Adds a table's rules. The caller of a table that is not built in then runs ``SecretDetector/verifyExamples()``.
    public mutating func add(table: [UInt8], named name: String) throws(Fault) {
        for node in try Outline.nodes(of: table, named: name) {
            guard node.keyword == "rule" else {
                throw Fault(table: name, line: node.line, message: "expected `rule`, got `\(node.keyword)`")
            }
            rules.append(try Self.rule(node, table: name))
        }
    }

    /// The rules in these groups.
    public func only(groups: Set<String>) -> SecretRules {
        SecretRules(rules: rules.filter { groups.contains($0.group) })
    }

    /// The groups that a policy's word stands for: `api_keys` takes tokens and webhooks along, which open the same
    /// doors; `all` is every group. Nil for a word that names nothing.
    public func groups(named word: String) -> Set<String>? {
        switch word {
        case "all": return Set(groups)
        case "api_keys": return ["api_keys", "tokens", "webhooks"]
        default: return groups.contains(word) ? [word] : nil
        }
    }

    /// Every group, sorted.
    public var groups: [String] {
        Set(rules.map(\.group)).sorted()
    }

    private static let known: Set<String> = [
        "name", "group", "severity", "environment", "keyword", "token", "assigned", "search", "assignment", "pem",
        "url",
        "reach", "left", "right", "entropy", "filler", "check", "follow", "then", "encoded", "lead", "priority",
        "match",
        "no_match",
    ]

    private static func rule(_ node: Outline.Node, table: String) throws(Fault) -> SecretRule {
        func fault(_ message: String, _ line: Int? = nil) -> Fault {
            Fault(table: table, line: line ?? node.line, message: message)
        }
        for child in node.children where !known.contains(child.keyword) {
            throw fault("unknown key `\(child.keyword)`", child.line)
        }
        guard !node.value.isEmpty else { throw fault("a rule needs an id") }
        guard let name = node.value("name"), let group = node.value("group") else {
            throw fault("rule `\(node.value)` needs `name` and `group`")
        }
        guard let severity = Severity(name: node.value("severity") ?? "high") else {
            throw fault("rule `\(node.value)` has an unknown severity")
        }
        // Blanks separate keywords; `\s` stands for one inside.
        let keywords = node.values("keyword").flatMap { line in
            line.split(separator: " ").map { word in
                word.split(separator: #"\s"#, omittingEmptySubsequences: false).joined(separator: " ")
            }
        }
        guard !keywords.isEmpty, keywords.allSatisfy({ !$0.isEmpty }) else {
            throw fault("rule `\(node.value)` needs a `keyword`")
        }
        var shape = SecretRule.Shape.token
        var source: String?
        var shapes = 0
        for child in node.children {
            switch child.keyword {
            case "token":
                source = "^(?:" + child.value + ")"
            case "assigned":
                shape = .assigned
                source = glue + "(" + child.value + #")(?:[^A-Za-z0-9_\-]|$)"#
            case "search":
                let parts = child.value.split(separator: " ", maxSplits: 1)
                guard parts.count == 2, let before = Int(parts[0]), (0...4096).contains(before) else {
                    throw fault("`search` needs a length up to 4096 and an expression", child.line)
                }
                shape = .search(before)
                source = String(parts[1])
            case "assignment": shape = .assignment
            case "pem": shape = .pem
            case "url": shape = .url
            default: continue
            }
            shapes += 1
        }
        guard shapes == 1 else { throw fault("rule `\(node.value)` needs exactly one shape, such as `token`") }

        func number(_ key: String, _ fallback: Int) throws(Fault) -> Int {
            guard let text = node.value(key) else { return fallback }
            guard let value = Int(text), (0...65_536).contains(value) else { throw fault("`\(key)` is no length") }
            return value
        }
        func edge(_ key: String, _ fallback: SecretRule.Edge) throws(Fault) -> SecretRule.Edge {
            guard let text = node.value(key) else { return fallback }
            guard let value = SecretRule.Edge(rawValue: text) else { throw fault("unknown edge `\(text)`") }
            return value
        }
        var checks: [SecretRule.Check] = []
        for text in node.values("check").flatMap({ $0.split(separator: " ") }) {
            guard let check = SecretRule.Check(rawValue: String(text)) else { throw fault("unknown check `\(text)`") }
            checks.append(check)
        }
        var follow: (Int, UInt8)?
        if let text = node.value("follow") {
            let parts = text.split(separator: " ")
            guard parts.count == 2, let distance = Int(parts[0]), (0...256).contains(distance),
                let byte = parts[1].utf8.first
            else { throw fault("`follow` needs a distance and a character") }
            follow = (distance, byte)
        }
        var gate: (String, Int)?
        if let text = node.value("then") {
            let parts = text.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, let tail = Int(parts[0]), (0...256).contains(tail) else {
                throw fault("`then` needs a length and an expression of that length")
            }
            gate = (String(parts[1]), tail)
        }
        let isAssigned = if case .assigned = shape { true } else { false }
        guard let filler = ValueShape.Filler(rawValue: node.value("filler") ?? "lenient") else {
            throw fault("unknown `filler`")
        }
        guard let entropy = Double(node.value("entropy") ?? (isAssigned ? "2.8" : "2.4")) else {
            throw fault("`entropy` is no number")
        }
        let fallbackPriority =
            switch shape {
            case .token, .search: 30
            case .pem: 40
            case .assigned: 20
            case .url: 15
            case .assignment: 10
            }
        return SecretRule(
            id: node.value, name: name, group: group, severity: severity, environment: node.value("environment"),
            keywords: keywords, matches: node.values("match"), noMatches: node.values("no_match"), shape: shape,
            pattern: source.map(LazyPattern.init), reach: try number("reach", 512), left: try edge("left", .word),
            right: try edge("right", .word), entropy: entropy, filler: filler, checks: checks, follow: follow,
            needsDigitBefore: node.value("lead") == "digit", gate: gate,
            isEncodable: node.children.contains { $0.keyword == "encoded" },
            priority: try number("priority", fallbackPriority))
    }

    /// Between a keyword in a name and the value: the rest of the name, its closing quote, an operator, an opening
    /// quote. RE2 has no look-around, so the value's right edge is part of the expression.
    private static let glue =
        #"^(?i:[A-Za-z0-9_.\- ]{1,40})(?:\\?["'`\])]){0,3}[ \t]{0,16}(?:=>|:=|={1,3}|:|,|->|\(|>|\|\||\?\?|[ \t])[ \t]{0,16}(?i:bearer |token |basic |b|u|r|f|@|value=)?(?:\\?["'`(\[]){0,3}"#
}
