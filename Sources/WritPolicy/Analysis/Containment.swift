// SPDX-License-Identifier: Apache-2.0
import WritCEL
import WritCore

/// Whether one matcher matches everything that another matches. A yes is proved; a no may only mean "not decided".
enum Containment {
    /// Everything that `inner` matches, `outer` matches.
    static func covers(_ outer: Matcher, _ inner: Matcher, _ reading: Matcher.Reading) -> Bool {
        if let kinds = outer.kinds {
            guard let own = inner.kinds, own & ~kinds == 0 else { return false }
        }
        return items(outer.tools, inner.tools) { $0.covers($1) }
            && items(outer.commands, inner.commands) { $0.contains($1) }
            && items(outer.paths, inner.paths) { $0.contains($1, reading) }
            && items(outer.hosts, inner.hosts) { $0.contains($1) }
            && items(outer.packages, inner.packages) { $0.contains($1) }
            && items(outer.users, inner.users) { $0.covers($1) } && items(outer.groups, inner.groups) { $0.covers($1) }
            && items(outer.roles, inner.roles) { $0.covers($1) } && items(outer.agents, inner.agents) { $0.covers($1) }
            && items(outer.workflows, inner.workflows) { $0.covers($1) }
            && items(outer.environment, inner.environment) { $0.covers($1) }
            && items(outer.repos, inner.repos) { $0.covers($1) }
    }

    /// The same for two hosts as `egress` spells them.
    static func covers(host outer: String, _ inner: String) -> Bool {
        // What is no pattern has been reported with its place, and covers nothing.
        guard let outer = try? HostPattern(outer), let inner = try? HostPattern(inner) else { return false }
        return outer.contains(inner)
    }

    private static func items<Item>(_ outer: [Item]?, _ inner: [Item]?, _ covers: (Item, Item) -> Bool) -> Bool {
        guard let outer else { return true }
        guard let inner else { return false }
        // Long lists are not decided rather than compared for minutes.
        guard inner.count <= 1_000_000 / max(outer.count, 1) else { return false }
        return inner.allSatisfy { item in outer.contains { covers($0, item) } }
    }

    /// The terms of a conjunction, in one spelling.
    static func terms(_ condition: Condition?) -> [String] {
        guard let condition else { return [] }
        return terms(condition.program.ast)
    }

    static func terms(_ expression: CELExpression) -> [String] {
        if case .and(let parts) = expression.kind { return parts.flatMap(terms) }
        return [expression.text]
    }

    /// Whenever the conditions of `inner` hold, those of `outer` hold.
    static func isWeaker(_ outer: CompiledRule, than inner: CompiledRule) -> Bool {
        let known = Set(terms(inner.when))
        guard terms(outer.when).allSatisfy(known.contains) else { return false }
        guard let unless = outer.unless else { return true }
        return inner.unless.map { $0.program.ast.isSame(as: unless.program.ast) } ?? false
    }
}

extension ToolPattern {
    fileprivate func covers(_ other: ToolPattern) -> Bool {
        if source == "*" { return true }
        let own = source.split(separator: "/", omittingEmptySubsequences: false)
        let theirs = other.source.split(separator: "/", omittingEmptySubsequences: false)
        return own.count == theirs.count && zip(own, theirs).allSatisfy { WordGlob($0).covers(WordGlob($1)) }
    }
}

extension CommandPattern {
    fileprivate func contains(_ other: CommandPattern) -> Bool {
        guard program.covers(other.program), words.count <= other.words.count,
            zip(words, other.words).allSatisfy({ $0.covers($1) })
        else { return false }
        return optionWords.allSatisfy(other.optionWords.contains)
    }

    /// The options that it asks for, one by one.
    var optionWords: [String] {
        source.split(separator: " ").dropFirst().flatMap { word -> [String] in
            if word.hasPrefix("--") { return [String(word)] }
            if word.hasPrefix("-"), word.count > 1 { return word.dropFirst().map { "-\($0)" } }
            return []
        }
    }
}

extension PathGlob {
    fileprivate func contains(_ other: PathGlob, _ reading: Matcher.Reading) -> Bool {
        if isEverything { return true }
        // A restriction with a place is met by folders that are read as a whole, a floating one is not.
        if reading == .restriction, isFloating != other.isFloating { return false }
        guard root == other.root || isFloating else { return false }
        // A root in front of the other's parts is whole segments, which a leading `**` stands for.
        return Self.containsParts(parts, other.parts)
    }
}

extension HostPattern {
    fileprivate func contains(_ other: HostPattern) -> Bool {
        switch (shape, other.shape) {
        case (.any, _): true
        case (.exact(let a), .exact(let b)): a == b
        case (.below(let a), .exact(let b)): b.hasSuffix("." + a)
        case (.below(let a), .below(let b)): a == b || b.hasSuffix("." + a)
        case (.network(let a, let width), .network(let b, let narrow)):
            narrow >= width && a.contains(b, prefix: width)
        default: false
        }
    }
}

extension PackagePattern {
    fileprivate func contains(_ other: PackagePattern) -> Bool {
        if let ecosystem {
            guard let theirs = other.ecosystem, ecosystem.covers(theirs) else { return false }
        }
        return name.covers(other.name)
    }
}
