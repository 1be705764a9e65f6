// SPDX-License-Identifier: Apache-2.0
import WritCEL
import WritCore

/// What is so about an operation and what is not, a bit each: traits, where its data comes from, why it is opaque.
///
/// The upper half holds the opposite of the lower one, so that a set of bits of which one must be there can say "not".
/// Most conditions begin with such questions, and most operations answer them with no: a rule is left out by one `&`.
enum OperationMarks {
    private static let half: UInt64 = 32
    private static let taints: UInt64 = 16
    private static let opaque: UInt64 = 1 << 20
    private static let background: UInt64 = 1 << 21
    private static let pattern: UInt64 = 1 << 22
    private static let hasPath: UInt64 = 1 << 23
    private static let hasCause: UInt64 = 1 << 24
    /// The causes in the order of their cases, from here on.
    private static let causes: UInt64 = 25

    /// Every operation has one of these.
    static let any = UInt64.max

    static func of(_ operation: Operation) -> UInt64 {
        // Sixteen traits and three taints have names; a further one would not fit below the bits that follow.
        var marks = UInt64(operation.traits.rawValue & 0xFFFF)
        marks |= UInt64(operation.taints.rawValue & 0x07) << taints
        if operation.isOpaque { marks |= opaque }
        if operation.traits.contains(.background) || operation.kind == .shellBackground { marks |= background }
        if operation.isPattern { marks |= pattern }
        if !operation.path.isEmpty { marks |= hasPath }
        if let cause = operation.opaque { marks |= hasCause | bit(cause) }
        return marks | (~marks << half)
    }

    private static func bit(_ cause: Operation.Opaque) -> UInt64 {
        switch cause {
        case .unread: 1 << causes
        case .computed: 1 << (causes + 1)
        case .tainted: 1 << (causes + 2)
        case .limit: 1 << (causes + 3)
        case .unparsable: 1 << (causes + 4)
        }
    }

    /// Sets of marks of which an operation needs one each for a condition to be true, read from what the condition
    /// asks first.
    ///
    /// The terms of a conjunction are evaluated in their order and none of these can fail, so one that is false settles
    /// the condition, whatever follows.
    ///
    /// - Returns: the sets, and whether the condition asks nothing else.
    static func needed(by expression: CELExpression) -> (sets: [UInt64], isAll: Bool) {
        guard case .and(let terms) = expression.kind else {
            guard let set = alternatives(expression) else { return ([], false) }
            return ([set], true)
        }
        var sets: [UInt64] = []
        for term in terms {
            guard let set = alternatives(term) else { return (sets, false) }
            sets.append(set)
        }
        return (sets, true)
    }

    /// The marks of which one makes a term true; nil when it asks for something else.
    private static func alternatives(_ term: CELExpression) -> UInt64? {
        guard case .or(let terms) = term.kind else { return mark(term) }
        var set: UInt64 = 0
        for term in terms {
            guard let one = mark(term) else { return nil }
            set |= one
        }
        return set
    }

    /// The one mark that makes a question true.
    private static func mark(_ term: CELExpression) -> UInt64? {
        switch term.kind {
        case .identifier, .select: return mark(named: term.path)
        case .not(let operand): return mark(operand).map { opposite(of: $0) }
        case .binary(.isIn, let item, let container):
            guard case .constant(.string(let word)) = item.kind else { return nil }
            switch container.path {
            case "op.traits":
                return Operation.Traits.names.first { $0.name == word }.map { UInt64($0.trait.rawValue & 0xFFFF) }
            case "op.stdin_taint":
                return Operation.Taints.names.first { $0.name == word }.map {
                    UInt64($0.taint.rawValue & 0x07) << taints
                }
            default: return nil
            }
        case .binary(.equal, let left, let right): return equal(left, right) ?? equal(right, left)
        case .binary(.notEqual, let left, let right):
            return (equal(left, right) ?? equal(right, left)).map { opposite(of: $0) }
        default: return nil
        }
    }

    private static func mark(named path: String?) -> UInt64? {
        switch path {
        case "op.force": UInt64(Operation.Traits.force.rawValue)
        case "op.recursive": UInt64(Operation.Traits.recursive.rawValue)
        case "op.interpreter": UInt64(Operation.Traits.interpreter.rawValue)
        case "op.upload": UInt64(Operation.Traits.upload.rawValue)
        case "op.opaque": opaque
        case "op.background": background
        case "op.pattern": pattern
        default: nil
        }
    }

    private static func equal(_ variable: CELExpression, _ constant: CELExpression) -> UInt64? {
        guard case .constant(.string(let word)) = constant.kind else { return nil }
        switch variable.path {
        case "op.opaque_cause":
            return word.isEmpty ? opposite(of: hasCause) : Operation.Opaque(rawValue: word).map(bit)
        case "op.path": return word.isEmpty ? opposite(of: hasPath) : nil
        default: return nil
        }
    }

    private static func opposite(of mark: UInt64) -> UInt64 {
        mark << half | mark >> half
    }
}
