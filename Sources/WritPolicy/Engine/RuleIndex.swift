// SPDX-License-Identifier: Apache-2.0
import WritCEL
import WritCore

/// Finds the rules that can have a say on an operation without looking at the others.
///
/// Rules are kept by the kind of operation, and within it by a word that the operation must have (its program, a
/// segment of its path, its host, its tool, its package). What has no such word stands in the open list. Of these, rules
/// of another environment are left out, and rules whose condition first asks what is not so about the operation.
struct RuleIndex: Sendable {
    struct Bucket: Sendable {
        var open: [Int] = []
        var keyed = KeyTable()
        var all: [Int] = []
    }

    /// What is known of a rule without asking it.
    private struct Sieve: Sendable {
        /// The bit of its list of environments in ``RuleIndex/environments``; the last one for rules without a list.
        var environment: UInt64
        /// Of each an operation needs one mark; see ``OperationMarks``.
        var first: UInt64
        var second: UInt64
    }

    /// By ``Operation/Kind/index``; for the phase `tool_call`.
    private(set) var buckets: [Bucket]
    /// Rules about the whole call, by phase.
    private(set) var whole: [Phase: [Int]] = [:]
    /// By the rule's position.
    private var sieves: [Sieve] = []
    /// The different lists of environments that rules name, as far as there are bits for them.
    private var environments: [[WordGlob]] = []

    private static let everywhere: UInt64 = 1 << 63

    init(_ rules: [CompiledRule]) {
        buckets = Array(repeating: Bucket(), count: Operation.Kind.allCases.count)
        sieves.reserveCapacity(rules.count)
        var keyed = [[(key: UInt64, position: Int)]](repeating: [], count: buckets.count)
        for (position, rule) in rules.enumerated() {
            let marks = rule.when?.facts.marks ?? []
            sieves.append(
                Sieve(
                    environment: environmentBit(rule.matcher.environment),
                    first: marks.first ?? OperationMarks.any,
                    second: marks.count > 1 ? marks[1] : OperationMarks.any))
            if rule.scanner != nil, !rule.needsOperation {
                for phase in rule.phases { whole[phase, default: []].append(position) }
                continue
            }
            guard rule.phases.contains(.toolCall) else { continue }
            let keys = rule.matcher.lookupKeys ?? ConditionKeys.of(rule)
            for kind in Operation.Kind.allCases where rule.matcher.accepts(kind) {
                buckets[kind.index].all.append(position)
                if let keys {
                    for key in Set(keys) { keyed[kind.index].append((key, position)) }
                } else {
                    buckets[kind.index].open.append(position)
                }
            }
        }
        for index in buckets.indices { buckets[index].keyed = KeyTable(keyed[index]) }
    }

    private mutating func environmentBit(_ globs: [WordGlob]?) -> UInt64 {
        guard let globs else { return Self.everywhere }
        if let index = environments.firstIndex(of: globs) { return 1 << UInt64(index) }
        guard environments.count < 63 else { return Self.everywhere }
        environments.append(globs)
        return 1 << UInt64(environments.count - 1)
    }

    /// The bits of the lists that name an environment of the request, for ``candidates(_:_:server:environments:marks:)``.
    func environmentBits(_ subject: RequestSubject) -> UInt64 {
        var bits = Self.everywhere
        for (index, globs) in environments.enumerated()
        where globs.contains(where: { glob in subject.environments.contains { glob.matches($0) } }) {
            bits |= 1 << UInt64(index)
        }
        return bits
    }

    /// The rules to look at for one operation, each once.
    ///
    /// - Parameters:
    ///   - environments: of the request; see ``environmentBits(_:)``.
    ///   - marks: the operation's, or all of them where conditions are not asked.
    func candidates(
        _ view: OperationView, _ subject: RequestSubject, server: String?, environments: UInt64, marks: UInt64
    ) -> [Int] {
        let kind = view.operation.kind.index
        var found: [Int] = []
        func consider(_ position: Int) {
            let sieve = sieves[position]
            if sieve.environment & environments != 0, sieve.first & marks != 0, sieve.second & marks != 0 {
                found.append(position)
            }
        }
        guard buckets[kind].keyed.isEmpty || view.hasKeys else {
            for position in buckets[kind].all { consider(position) }
            return found
        }
        for position in buckets[kind].open { consider(position) }
        if buckets[kind].keyed.isEmpty { return found }
        let open = found.count
        view.forEachKey(tool: subject.tool, rawTool: subject.rawTool, server: server) { key in
            for position in buckets[kind].keyed[key] where !found[open...].contains(position) { consider(position) }
        }
        return found
    }
}

/// Positions of rules by the hash of a word, for reading alone.
///
/// The words of operations are looked up far more often than a rule is found, so a look-up is a few comparisons. Only
/// rules put keys in: an operation cannot make it slow.
struct KeyTable: Sendable {
    /// A power of two of places, at most half of them taken; `end` 0 is a free one.
    private var slots: [(key: UInt64, start: Int32, end: Int32)] = []
    private var positions: [Int] = []

    init() {}

    init(_ entries: [(key: UInt64, position: Int)]) {
        guard !entries.isEmpty else { return }
        var lists: [UInt64: [Int]] = [:]
        for entry in entries { lists[entry.key, default: []].append(entry.position) }
        var size = 4
        while size < lists.count * 2 { size *= 2 }
        slots = Array(repeating: (0, 0, 0), count: size)
        for (key, list) in lists {
            var place = Int(truncatingIfNeeded: key) & (size - 1)
            while slots[place].end != 0 { place = (place + 1) & (size - 1) }
            let start = Int32(truncatingIfNeeded: positions.count)
            positions += list
            slots[place] = (key, start, Int32(truncatingIfNeeded: positions.count))
        }
    }

    var isEmpty: Bool { slots.isEmpty }

    /// The positions kept under a key; none for most.
    subscript(key: UInt64) -> ArraySlice<Int> {
        let mask = slots.count - 1
        guard mask > 0 else { return [] }
        var place = Int(truncatingIfNeeded: key) & mask
        while slots[place].end != 0 {
            if slots[place].key == key { return positions[Int(slots[place].start)..<Int(slots[place].end)] }
            place = (place + 1) & mask
        }
        return []
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
