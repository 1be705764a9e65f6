// SPDX-License-Identifier: Apache-2.0
import WritCEL
import WritCore

/// Finds conjunctions that nothing can satisfy, from comparisons of variables with constants.
struct Contradiction {
    private var equal: [String: CELConstant] = [:]
    private var unequal: [String: [CELConstant]] = [:]
    private var among: [String: [CELConstant]] = [:]
    private var prefixes: [String: [String]] = [:]
    private var lower: [String: Int64] = [:]
    private var upper: [String: Int64] = [:]
    private var truths: [String: Bool] = [:]
    private var faultsApply = false
    private(set) var found: String?

    /// Why the condition cannot hold; nil when nothing speaks against it.
    ///
    /// - Parameter faultsApply: a term that fails to evaluate makes the rule apply, as with restrictions; such terms
    ///   contradict nothing.
    static func reason(
        when: Condition?, unless: Condition?, kinds: UInt64?, commands: [CommandPattern]?, faultsApply: Bool
    ) -> String? {
        if let when, case .bool(false)? = when.program.constant { return "the condition is always false" }
        if let unless, case .bool(true)? = unless.program.constant { return "`unless` is always true" }
        var contradiction = Contradiction()
        contradiction.faultsApply = faultsApply
        if let when { contradiction.assume(when.program.ast, true) }
        if let unless { contradiction.assume(unless.program.ast, false) }
        if contradiction.found == nil, let kinds { contradiction.check(kinds) }
        if contradiction.found == nil, let commands { contradiction.check(commands) }
        return contradiction.found
    }

    private mutating func fail(_ text: String) {
        if found == nil { found = text }
    }

    private mutating func assume(_ expression: CELExpression, _ truth: Bool) {
        guard found == nil else { return }
        switch expression.kind {
        case .and, .or, .not: break
        default: if faultsApply, Self.mayFail(expression) { return }
        }
        let text = expression.text
        if faultsApply, Self.mayFail(expression) {
            // Only its parts say something.
        } else {
            if let known = truths[text], known != truth {
                return fail("\(quoted(text)) would have to be true and false")
            }
            truths[text] = truth
        }
        switch expression.kind {
        case .and(let terms):
            if truth { for term in terms { assume(term, true) } }
        case .or(let terms):
            if !truth {
                for term in terms { assume(term, false) }
            } else if terms.allSatisfy({ contradicts($0, true) }) {
                fail("no part of \(quoted(text)) can be true")
            }
        case .not(let operand): assume(operand, !truth)
        case .binary(let operation, let left, let right): compare(operation, left, right, truth)
        case .memberCall(let target, "startsWith", let arguments):
            guard truth, let path = target.path, case .constant(.string(let prefix))? = arguments.first?.kind else {
                return
            }
            for other in prefixes[path] ?? [] where !other.hasPrefix(prefix) && !prefix.hasPrefix(other) {
                fail("`\(path)` cannot start with both \(quoted(other)) and \(quoted(prefix))")
            }
            prefixes[path, default: []].append(prefix)
            if case .string(let value)? = equal[path], !value.hasPrefix(prefix) {
                fail("`\(path)` cannot be \(quoted(value)) and start with \(quoted(prefix))")
            }
        default: break
        }
    }

    /// Evaluating it can end without a value.
    private static func mayFail(_ expression: CELExpression) -> Bool {
        if let path = expression.path { return Variable(rawValue: path) == nil }
        switch expression.kind {
        case .constant: return false
        case .binary(let operation, let left, let right):
            switch operation {
            case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .isIn:
                return mayFail(left) || mayFail(right)
            case .add, .subtract, .multiply, .divide, .modulo: return true
            }
        case .and, .or, .not, .list: return expression.children.contains(where: mayFail)
        case .call("size", _), .memberCall(_, "size", _): return expression.children.contains(where: mayFail)
        case .memberCall(_, let name, _):
            return !["startsWith", "endsWith", "contains"].contains(name)
                || expression.children.contains(where: mayFail)
        default: return true
        }
    }

    /// The term alone contradicts what is assumed so far.
    private func contradicts(_ term: CELExpression, _ truth: Bool) -> Bool {
        var trial = self
        trial.assume(term, truth)
        return trial.found != nil
    }

    private mutating func compare(
        _ operation: CELOperator, _ left: CELExpression, _ right: CELExpression, _ truth: Bool
    ) {
        if case .constant(let constant) = left.kind {
            if case .constant(let other) = right.kind {
                compare(operation, constant, other, truth)
                return
            }
            switch operation {
            case .isIn:
                guard truth, case .string(let text) = constant, let path = right.path else { return }
                if let words = Self.words(inList: path), !words.contains(text) {
                    fail("`\(path)` never holds \(quoted(text))")
                }
                return
            case .equal, .notEqual: return compare(operation, right, left, truth)
            case .less: return compare(.greater, right, left, truth)
            case .lessOrEqual: return compare(.greaterOrEqual, right, left, truth)
            case .greater: return compare(.less, right, left, truth)
            case .greaterOrEqual: return compare(.lessOrEqual, right, left, truth)
            default: return
            }
        }
        guard let path = left.path ?? Self.size(left) else { return }
        if operation == .isIn, truth, case .list(let elements) = right.kind {
            var constants: [CELConstant] = []
            for element in elements {
                guard case .constant(let constant) = element.value.kind else { return }
                constants.append(constant)
            }
            if constants.isEmpty { return fail("`\(path)` is asked to be in an empty list") }
            if let value = equal[path], !constants.contains(value) {
                return fail("`\(path)` cannot be \(quoted(value.text)) and in the list")
            }
            if let words = Self.words(of: path), constants.allSatisfy({ !Self.isWord($0, words) }) {
                return fail("`\(path)` is never one of the list")
            }
            if let others = among[path], !others.contains(where: constants.contains) {
                return fail("`\(path)` cannot be in both lists")
            }
            among[path] = constants
            return
        }
        guard case .constant(let constant) = right.kind else { return }
        switch (operation, truth) {
        case (.equal, true), (.notEqual, false):
            if let value = equal[path], value != constant {
                return fail("`\(path)` cannot be both \(quoted(value.text)) and \(quoted(constant.text))")
            }
            if unequal[path]?.contains(constant) == true {
                return fail("`\(path)` cannot both be and not be \(quoted(constant.text))")
            }
            if let words = Self.words(of: path), !Self.isWord(constant, words) {
                return fail("`\(path)` is never \(quoted(constant.text))")
            }
            if let list = among[path], !list.contains(constant) {
                return fail("`\(path)` cannot be \(quoted(constant.text)) and in the list")
            }
            if case .string(let text) = constant, let prefix = prefixes[path]?.first(where: { !text.hasPrefix($0) }) {
                return fail("`\(path)` cannot be \(quoted(text)) and start with \(quoted(prefix))")
            }
            equal[path] = constant
            if case .int(let number) = constant {
                bound(path, above: number &- 1, below: nil)
                bound(path, above: nil, below: number &+ 1)
            }
        case (.equal, false), (.notEqual, true):
            if equal[path] == constant {
                return fail("`\(path)` cannot both be and not be \(quoted(constant.text))")
            }
            unequal[path, default: []].append(constant)
        default:
            guard case .int(let number) = constant, Self.isNumber(path) else { return }
            switch (operation, truth) {
            case (.greater, true), (.lessOrEqual, false): bound(path, above: number, below: nil)
            case (.greaterOrEqual, true), (.less, false): bound(path, above: number &- 1, below: nil)
            case (.less, true), (.greaterOrEqual, false): bound(path, above: nil, below: number)
            case (.lessOrEqual, true), (.greater, false): bound(path, above: nil, below: number &+ 1)
            default: break
            }
        }
    }

    /// Two constants: what the author may not see as one, `1 > 2`.
    private mutating func compare(_ operation: CELOperator, _ a: CELConstant, _ b: CELConstant, _ truth: Bool) {
        var result: Bool?
        switch operation {
        case .equal: result = a == b
        case .notEqual: result = a != b
        default:
            if case .int(let x) = a, case .int(let y) = b {
                switch operation {
                case .less: result = x < y
                case .lessOrEqual: result = x <= y
                case .greater: result = x > y
                case .greaterOrEqual: result = x >= y
                default: break
                }
            }
        }
        if let result, result != truth {
            fail("\(quoted(a.text)) and \(quoted(b.text)) are compared, which settles it")
        }
    }

    /// Whole numbers between two bounds, both excluded.
    private mutating func bound(_ path: String, above: Int64?, below: Int64?) {
        if let above { lower[path] = max(lower[path] ?? .min, above) }
        if let below { upper[path] = min(upper[path] ?? .max, below) }
        let low = max(lower[path] ?? .min, Self.isCount(path) ? -1 : .min)
        let high = min(upper[path] ?? .max, path == "op.port" ? 65_536 : .max)
        if low >= high &- 1, high != .max || low != .min { fail("no number satisfies what is asked of `\(path)`") }
    }

    private mutating func check(_ kinds: UInt64) {
        let left = WritCore.Operation.Kind.allCases.filter { kinds & Matcher.bit($0) != 0 }.map(\.rawValue)
        if case .string(let word)? = equal["op.kind"], !left.contains(word) {
            return fail("`op.kind` is never \(quoted(word)) under these `actions`")
        }
        if let list = among["op.kind"], !left.contains(where: { list.contains(.string($0)) }) {
            return fail("`op.kind` is never one of the list under these `actions`")
        }
        if let others = unequal["op.kind"], left.allSatisfy({ others.contains(.string($0)) }) {
            fail("`op.kind` is always one that the conditions leave out")
        }
    }

    private mutating func check(_ commands: [CommandPattern]) {
        if case .string(let word)? = equal["op.program"], !commands.contains(where: { $0.program.matches(word) }) {
            fail("`op.program` is never \(quoted(word)) under these `commands`")
        }
    }

    // MARK: What variables can be

    private static func isWord(_ constant: CELConstant, _ words: Set<String>) -> Bool {
        if case .string(let text) = constant { return words.contains(text) }
        return true
    }

    /// The values of a variable that has a closed set of them.
    private static func words(of path: String) -> Set<String>? {
        switch path {
        case "op.kind": Set(WritCore.Operation.Kind.allCases.map(\.rawValue))
        case "op.opaque_cause": Set(WritCore.Operation.Opaque.allCases.map(\.rawValue) + [""])
        case "op.role": ["executed", "data"]
        case "call.phase": Set(Phase.allCases.map(\.rawValue))
        case "last.outcome": ["", "succeeded", "failed", "denied"]
        default: nil
        }
    }

    private static func words(inList path: String) -> Set<String>? {
        switch path {
        case "op.traits": Set(WritCore.Operation.Traits.names.map(\.name))
        case "op.stdin_taint": Set(WritCore.Operation.Taints.names.map(\.name))
        default: nil
        }
    }

    private static func isNumber(_ path: String) -> Bool {
        Variable(rawValue: path)?.type == .int || path.hasPrefix("size(")
    }

    /// `size(x)` in one spelling, for what it is compared with.
    private static func size(_ expression: CELExpression) -> String? {
        switch expression.kind {
        case .call("size", let arguments): arguments.first?.path.map { "size(\($0))" }
        case .memberCall(let target, "size", _): target.path.map { "size(\($0))" }
        default: nil
        }
    }

    /// Never below zero.
    static func isCount(_ path: String) -> Bool {
        ["op.port", "op.depth", "session.calls", "session.denied", "content.size", "call.size", "writ.depth"].contains(
            path) || path.hasPrefix("size(")
    }
}
