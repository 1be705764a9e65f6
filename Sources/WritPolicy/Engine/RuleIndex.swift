// SPDX-License-Identifier: Apache-2.0
import WritCEL
import WritCore

/// Finds the rules that can have a say on an operation without looking at the others.
///
/// Rules are kept by the kind of operation, and within it by a word that the operation must have (its program, a
/// segment of its path, its host, its tool, its package). What has no such word stands in the open list.
struct RuleIndex: Sendable {
    struct Bucket: Sendable {
        var open: [Int] = []
        var keyed: [UInt64: [Int]] = [:]
        var all: [Int] = []
    }

    /// By ``Operation/Kind/index``; for the phase `tool_call`.
    private(set) var buckets: [Bucket]
    /// Rules about the whole call, by phase.
    private(set) var whole: [Phase: [Int]] = [:]

    init(_ rules: [CompiledRule]) {
        buckets = Array(repeating: Bucket(), count: Operation.Kind.allCases.count)
        for (position, rule) in rules.enumerated() {
            if rule.scanner != nil, !rule.needsOperation {
                for phase in rule.phases { whole[phase, default: []].append(position) }
                continue
            }
            guard rule.phases.contains(.toolCall) else { continue }
            let keys = rule.matcher.lookupKeys ?? ConditionKeys.of(rule)
            for kind in Operation.Kind.allCases where rule.matcher.accepts(kind) {
                buckets[kind.index].all.append(position)
                if let keys {
                    for key in Set(keys) { buckets[kind.index].keyed[key, default: []].append(position) }
                } else {
                    buckets[kind.index].open.append(position)
                }
            }
        }
    }

    /// The rules to look at for one operation, each once.
    func candidates(_ view: OperationView, _ subject: RequestSubject, server: String?) -> [Int] {
        let bucket = buckets[view.operation.kind.index]
        guard !bucket.keyed.isEmpty else { return bucket.open }
        guard var keys = view.keys(tool: subject.tool, server: server) else { return bucket.all }
        if subject.rawTool != subject.tool { keys.append(RuleKey.tool(subject.rawTool)) }
        var found = bucket.open
        var lists = 0
        for key in keys {
            guard let rules = bucket.keyed[key] else { continue }
            found += rules
            lists += 1
        }
        // One rule can be found by several words; more than one list must be made unique.
        return lists > 1 ? Array(Set(found)) : found
    }
}

/// Words that an operation must have for a condition to be true, read from comparisons that stand in a conjunction.
enum ConditionKeys {
    static func of(_ rule: CompiledRule) -> [UInt64]? {
        rule.when?.facts.keys
    }

    /// `false && error` is false in CEL, so a comparison that fails settles a conjunction, whatever else is in it.
    static func of(_ expression: CELExpression) -> [UInt64]? {
        switch expression.kind {
        case .and(let terms):
            for term in terms {
                if let keys = of(term) { return keys }
            }
            return nil
        case .or(let terms):
            var all: [UInt64] = []
            for term in terms {
                guard let keys = of(term) else { return nil }
                all += keys
            }
            return all
        case .binary(.equal, let left, let right):
            return key(left, right) ?? key(right, left)
        case .binary(.isIn, let left, let right):
            guard case .list(let elements) = right.kind else { return nil }
            var all: [UInt64] = []
            for element in elements {
                guard let keys = key(left, element.value) else { return nil }
                all += keys
            }
            return all
        case .memberCall(let target, "endsWith", let arguments):
            // How the last segment ends; an ending with a slash in it says nothing about one segment.
            guard target.path == "op.path", arguments.count == 1,
                case .constant(.string(let ending)) = arguments[0].kind,
                let dot = ending.utf8.lastIndex(of: UInt8(ascii: ".")),
                !ending.utf8[dot...].contains(UInt8(ascii: "/"))
            else { return nil }
            return RuleKey.ending(of: ending.utf8).map { [$0] }
        case .macro(.exists, let over, let variables, let arguments):
            guard over.path == "op.argv", variables.count == 1, arguments.count == 1 else { return nil }
            return words(variables[0], arguments[0])
        default: return nil
        }
    }

    /// The words that the variable of a macro must be one of for this to be true.
    private static func words(_ variable: String, _ expression: CELExpression) -> [UInt64]? {
        func word(_ side: CELExpression, _ other: CELExpression) -> UInt64? {
            guard side.path == variable, case .constant(.string(let text)) = other.kind else { return nil }
            return RuleKey.argument(text)
        }
        switch expression.kind {
        case .binary(.equal, let left, let right): return (word(left, right) ?? word(right, left)).map { [$0] }
        case .binary(.isIn, let left, let right):
            guard case .list(let elements) = right.kind else { return nil }
            var all: [UInt64] = []
            for element in elements {
                guard !element.isOptional, let key = word(left, element.value) else { return nil }
                all.append(key)
            }
            return all
        case .and(let terms):
            for term in terms {
                if let keys = words(variable, term) { return keys }
            }
            return nil
        case .or(let terms):
            var all: [UInt64] = []
            for term in terms {
                guard let keys = words(variable, term) else { return nil }
                all += keys
            }
            return all
        default: return nil
        }
    }

    private static func key(_ variable: CELExpression, _ constant: CELExpression) -> [UInt64]? {
        guard case .constant(.string(let text)) = constant.kind, !text.isEmpty else { return nil }
        switch variable.path {
        case "op.program": return [RuleKey.program(text)]
        case "op.package.name": return [RuleKey.package(text)]
        case "call.tool": return [RuleKey.tool(text)]
        default: return nil
        }
    }
}
