// SPDX-License-Identifier: Apache-2.0

/// What an evaluation carries along.
struct Frame {
    let activation: any CELActivation
    /// Variables of macros; each macro has its own places.
    var locals: [CELValue]
    var meter: Meter
}

/// A step of a compiled program. The tree is as deep as the syntax tree, which the parser bounds.
class Node: @unchecked Sendable {
    // Sendable: every stored property of this class and of its subclasses is a `let` of a Sendable type. The compiler
    // cannot see it because the class is not final.

    /// Byte offset in the source, for faults.
    let offset: Int

    init(_ offset: Int) {
        self.offset = offset
    }

    /// The value if it is known while loading.
    var constant: CELValue? { nil }

    func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
        // Every subclass overrides this function or `truth`; those that override `truth` come here.
        .bool(try truth(&frame))
    }

    func truth(_ frame: inout Frame) throws(CELFault) -> Bool {
        guard case .bool(let truth) = try value(&frame) else { throw fault(.noSuchOverload, "expected a bool") }
        return truth
    }

    final func fault(_ code: CELFault.Code, _ message: String) -> CELFault {
        CELFault(code, message).at(offset)
    }
}

final class ConstantNode: Node, @unchecked Sendable {
    let known: CELValue

    init(_ offset: Int, _ known: CELValue) {
        self.known = known
        super.init(offset)
    }

    override var constant: CELValue? { known }
    override func value(_ frame: inout Frame) throws(CELFault) -> CELValue { known }
}

/// Fails whenever it is evaluated: what an unchecked program has in the place of a name that means nothing.
final class FaultNode: Node, @unchecked Sendable {
    let known: CELFault

    init(_ offset: Int, _ known: CELFault) {
        self.known = known.at(offset)
        super.init(offset)
    }

    override func value(_ frame: inout Frame) throws(CELFault) -> CELValue { throw known }
}

final class SlotNode: Node, @unchecked Sendable {
    let slot: Int

    init(_ offset: Int, _ slot: Int) {
        self.slot = slot
        super.init(offset)
    }

    override func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
        do throws(CELFault) {
            return try frame.activation.value(slot: slot)
        } catch {
            throw error.at(offset)
        }
    }
}

/// `has(path)` of a declared path: it is always there, so what counts is whether it is set.
final class IsSetNode: Node, @unchecked Sendable {
    let slot: Int

    init(_ offset: Int, _ slot: Int) {
        self.slot = slot
        super.init(offset)
    }

    override func truth(_ frame: inout Frame) throws(CELFault) -> Bool {
        do throws(CELFault) {
            return !(try frame.activation.value(slot: slot)).isZero
        } catch {
            throw error.at(offset)
        }
    }
}

final class LocalNode: Node, @unchecked Sendable {
    let index: Int

    init(_ offset: Int, _ index: Int) {
        self.index = index
        super.init(offset)
    }

    override func value(_ frame: inout Frame) throws(CELFault) -> CELValue { frame.locals[index] }
}

/// `&&` and `||`: the deciding value wins over any fault before or after it, except that of the budget.
final class LogicNode: Node, @unchecked Sendable {
    let terms: [Node]
    let deciding: Bool

    init(_ offset: Int, _ terms: [Node], deciding: Bool) {
        self.terms = terms
        self.deciding = deciding
        super.init(offset)
    }

    override func truth(_ frame: inout Frame) throws(CELFault) -> Bool {
        var kept: CELFault?
        for term in terms {
            do throws(CELFault) {
                if try term.truth(&frame) == deciding { return deciding }
            } catch {
                if error.code == .budget { throw error }
                if kept == nil { kept = error }
            }
        }
        if let kept { throw kept }
        return !deciding
    }
}

final class NotNode: Node, @unchecked Sendable {
    let operand: Node

    init(_ offset: Int, _ operand: Node) {
        self.operand = operand
        super.init(offset)
    }

    override func truth(_ frame: inout Frame) throws(CELFault) -> Bool { !(try operand.truth(&frame)) }
}

final class NegateNode: Node, @unchecked Sendable {
    let operand: Node

    init(_ offset: Int, _ operand: Node) {
        self.operand = operand
        super.init(offset)
    }

    override func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
        switch try operand.value(&frame) {
        case .int(let value):
            guard value != .min else { throw fault(.overflow, "int overflow") }
            return .int(-value)
        case .double(let value): return .double(-value)
        case let value: throw fault(.noSuchOverload, "no such overload: -\(value.type.name)")
        }
    }
}

final class ConditionalNode: Node, @unchecked Sendable {
    let condition: Node, then: Node, otherwise: Node

    init(_ offset: Int, _ condition: Node, _ then: Node, _ otherwise: Node) {
        self.condition = condition
        self.then = then
        self.otherwise = otherwise
        super.init(offset)
    }

    override func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
        try condition.truth(&frame) ? try then.value(&frame) : try otherwise.value(&frame)
    }

    override func truth(_ frame: inout Frame) throws(CELFault) -> Bool {
        try condition.truth(&frame) ? try then.truth(&frame) : try otherwise.truth(&frame)
    }
}

final class EqualNode: Node, @unchecked Sendable {
    let left: Node, right: Node
    let expected: Bool

    init(_ offset: Int, _ left: Node, _ right: Node, expected: Bool) {
        self.left = left
        self.right = right
        self.expected = expected
        super.init(offset)
    }

    override func truth(_ frame: inout Frame) throws(CELFault) -> Bool {
        let a = try left.value(&frame)
        let b = try right.value(&frame)
        return try areEqual(a, b, &frame.meter) == expected
    }
}

final class OrderNode: Node, @unchecked Sendable {
    let operation: CELOperator
    let left: Node, right: Node

    init(_ offset: Int, _ operation: CELOperator, _ left: Node, _ right: Node) {
        self.operation = operation
        self.left = left
        self.right = right
        super.init(offset)
    }

    override func truth(_ frame: inout Frame) throws(CELFault) -> Bool {
        let a = try left.value(&frame)
        let b = try right.value(&frame)
        guard let order = try order(a, b, &frame.meter) else {
            throw fault(.noSuchOverload, "no such overload: \(a.type.name) \(operation.rawValue) \(b.type.name)")
        }
        return switch operation {
        case .less: order == .less
        case .lessOrEqual: order == .less || order == .same
        case .greater: order == .greater
        case .greaterOrEqual: order == .greater || order == .same
        default: false
        }
    }
}

/// `x in list` and `key in map`.
final class MembershipNode: Node, @unchecked Sendable {
    let element: Node, container: Node

    init(_ offset: Int, _ element: Node, _ container: Node) {
        self.element = element
        self.container = container
        super.init(offset)
    }

    override func truth(_ frame: inout Frame) throws(CELFault) -> Bool {
        let value = try element.value(&frame)
        switch try container.value(&frame) {
        case .list(let list):
            if case .string(let text) = value, text.utf8.count <= 64 {
                try frame.meter.charge(list.count)
                for case .string(let other) in list where sameText(text, other) { return true }
                return false
            }
            for other in list {
                try frame.meter.charge(1)
                if try areEqual(value, other, &frame.meter) { return true }
            }
            return false
        case .map(let map):
            try frame.meter.charge(key: value)
            return map[value] != nil
        case let other: throw fault(.noSuchOverload, "no such overload: \(value.type.name) in \(other.type.name)")
        }
    }
}

/// `x in [constants]` with many texts.
final class SetNode: Node, @unchecked Sendable {
    let element: Node
    let texts: Set<CELKey>

    init(_ offset: Int, _ element: Node, _ texts: Set<CELKey>) {
        self.element = element
        self.texts = texts
        super.init(offset)
    }

    override func truth(_ frame: inout Frame) throws(CELFault) -> Bool {
        guard case .string(let text) = try element.value(&frame) else { return false }
        try frame.meter.charge(bytes: text.utf8.count)
        return texts.contains(.string(text))
    }
}

final class SelectNode: Node, @unchecked Sendable {
    let operand: Node
    let field: String

    init(_ offset: Int, _ operand: Node, _ field: String) {
        self.operand = operand
        self.field = field
        super.init(offset)
    }

    override func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
        switch try operand.value(&frame) {
        case .map(let map):
            guard let value = map[field] else { throw fault(.noSuchKey, "no such key: `\(field.prefix(60))`") }
            return value
        case .optional(let held):
            // A field of an optional is optional.
            guard case .map(let map)? = held else {
                if held == nil { return .optional(nil) }
                throw fault(.noSuchField, "no such field: `\(field.prefix(60))`")
            }
            return .optional(map[field])
        case let other: throw fault(.noSuchField, "type `\(other.type.name)` has no fields")
        }
    }
}

final class HasNode: Node, @unchecked Sendable {
    let operand: Node
    let field: String

    init(_ offset: Int, _ operand: Node, _ field: String) {
        self.operand = operand
        self.field = field
        super.init(offset)
    }

    override func truth(_ frame: inout Frame) throws(CELFault) -> Bool {
        switch try operand.value(&frame) {
        case .map(let map), .optional(.map(let map)?): return map[field] != nil
        case .optional(nil): return false
        case let other: throw fault(.noSuchField, "type `\(other.type.name)` has no fields")
        }
    }
}

final class IndexNode: Node, @unchecked Sendable {
    let operand: Node, index: Node
    let isOptional: Bool

    init(_ offset: Int, _ operand: Node, _ index: Node, isOptional: Bool) {
        self.operand = operand
        self.index = index
        self.isOptional = isOptional
        super.init(offset)
    }

    override func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
        var container = try operand.value(&frame)
        let key = try index.value(&frame)
        var isOptional = isOptional
        if case .optional(let held) = container {
            guard let held else { return .optional(nil) }
            container = held
            isOptional = true
        }
        switch container {
        case .list(let list):
            let position: Int64? =
                switch key {
                case .int(let value): value
                case .uint(let value): Int64(exactly: value)
                case .double(let value): Int64(exactly: value)
                default: nil
                }
            guard let position, position >= 0, position < list.count else {
                if isOptional { return .optional(nil) }
                throw fault(.badArgument, "index out of range")
            }
            let value = list[Int(position)]
            return isOptional ? .optional(value) : value
        case .map(let map):
            try frame.meter.charge(key: key)
            let value = map[key]
            if isOptional { return .optional(value) }
            guard let value else { throw fault(.noSuchKey, "no such key: \(shown(key))") }
            return value
        case let other: throw fault(.noSuchOverload, "no such overload: \(other.type.name)[\(key.type.name)]")
        }
    }
}

/// `x.?field`
final class OptionalSelectNode: Node, @unchecked Sendable {
    let operand: Node
    let field: String

    init(_ offset: Int, _ operand: Node, _ field: String) {
        self.operand = operand
        self.field = field
        super.init(offset)
    }

    override func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
        switch try operand.value(&frame) {
        case .map(let map), .optional(.map(let map)?): return .optional(map[field])
        case .optional(nil): return .optional(nil)
        case let other: throw fault(.noSuchField, "type `\(other.type.name)` has no fields")
        }
    }
}

final class ListNode: Node, @unchecked Sendable {
    let elements: [(node: Node, isOptional: Bool)]

    init(_ offset: Int, _ elements: [(node: Node, isOptional: Bool)]) {
        self.elements = elements
        super.init(offset)
    }

    override func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
        var list: [CELValue] = []
        list.reserveCapacity(elements.count)
        for element in elements {
            let value = try element.node.value(&frame)
            if element.isOptional {
                guard case .optional(let held) = value else {
                    throw fault(.noSuchOverload, "expected an optional, got \(value.type.name)")
                }
                if let held { list.append(held) }
            } else {
                list.append(value)
            }
        }
        return .list(list)
    }
}

final class MapNode: Node, @unchecked Sendable {
    let entries: [(key: Node, value: Node, isOptional: Bool)]

    init(_ offset: Int, _ entries: [(key: Node, value: Node, isOptional: Bool)]) {
        self.entries = entries
        super.init(offset)
    }

    override func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
        var pairs: [(key: CELValue, value: CELValue)] = []
        for entry in entries {
            let key = try entry.key.value(&frame)
            let value = try entry.value.value(&frame)
            try frame.meter.charge(key: key)
            guard CELKey(key) != nil else { throw fault(.badArgument, "unsupported key type: \(key.type.name)") }
            if entry.isOptional {
                guard case .optional(let held) = value else {
                    throw fault(.noSuchOverload, "expected an optional, got \(value.type.name)")
                }
                if let held { pairs.append((key, held)) }
            } else {
                pairs.append((key, value))
            }
        }
        guard let map = CELMap(pairs) else { throw fault(.repeatedKey, "repeated key in a map") }
        return .map(map)
    }
}

/// A call whose overload is known while loading.
final class CallNode: Node, @unchecked Sendable {
    let arguments: [Node]
    let body: Overload.Body

    init(_ offset: Int, _ arguments: [Node], _ body: @escaping Overload.Body) {
        self.arguments = arguments
        self.body = body
        super.init(offset)
    }

    override func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
        var values: [CELValue] = []
        values.reserveCapacity(arguments.count)
        for argument in arguments { values.append(try argument.value(&frame)) }
        do throws(CELFault) {
            return try body(values, &frame.meter)
        } catch {
            throw error.at(offset)
        }
    }
}

/// A call whose overload depends on the values.
final class DispatchNode: Node, @unchecked Sendable {
    let name: String
    let arguments: [Node]
    let overloads: [Overload]

    init(_ offset: Int, _ name: String, _ arguments: [Node], _ overloads: [Overload]) {
        self.name = name
        self.arguments = arguments
        self.overloads = overloads
        super.init(offset)
    }

    override func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
        var values: [CELValue] = []
        values.reserveCapacity(arguments.count)
        for argument in arguments { values.append(try argument.value(&frame)) }
        for overload in overloads where overload.accepts(values) {
            do throws(CELFault) {
                return try overload.body(values, &frame.meter)
            } catch {
                throw error.at(offset)
            }
        }
        let types = values.map(\.type.name).joined(separator: ", ")
        throw fault(.noSuchOverload, "no such overload: \(name)(\(types))")
    }
}

/// `optional.or(other)` and `optional.orValue(other)`
final class FallbackNode: Node, @unchecked Sendable {
    let operand: Node, other: Node
    let keepsOptional: Bool

    init(_ offset: Int, _ operand: Node, _ other: Node, keepsOptional: Bool) {
        self.operand = operand
        self.other = other
        self.keepsOptional = keepsOptional
        super.init(offset)
    }

    override func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
        let value = try operand.value(&frame)
        guard case .optional(let held) = value else {
            throw fault(.noSuchOverload, "expected an optional, got \(value.type.name)")
        }
        guard let held else { return try other.value(&frame) }
        return keepsOptional ? value : held
    }
}

/// A key as messages show it: short, and never a long text.
func shown(_ key: CELValue) -> String {
    switch key {
    case .bool(let value): "`\(value)`"
    case .int(let value): "`\(value)`"
    case .uint(let value): "`\(value)`"
    case .double(let value): "`\(value)`"
    case .string(let value): "`\(value.prefix(60))`"
    default: "a \(key.type.name)"
    }
}
