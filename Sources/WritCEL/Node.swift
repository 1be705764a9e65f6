// SPDX-License-Identifier: Apache-2.0

/// What an evaluation carries along.
struct Frame {
    let activation: any CELActivation
    /// Variables of macros; each macro has its own places.
    var locals: [CELValue]
    var meter: Meter
}

/// A step of a compiled program. The tree is as deep as the syntax tree, which the parser bounds.
protocol Node: AnyObject, Sendable {
    /// Byte offset in the source, for faults.
    var offset: Int { get }

    /// The value if it is known while loading.
    var constant: CELValue? { get }

    func value(_ frame: inout Frame) throws(CELFault) -> CELValue
    func truth(_ frame: inout Frame) throws(CELFault) -> Bool
}

extension Node {
    var constant: CELValue? { nil }

    func fault(_ code: CELFault.Code, _ message: String) -> CELFault {
        CELFault(code, message).at(offset)
    }
}

/// A node that computes a value; as a condition the value has to be a bool.
protocol ValueNode: Node {}

extension ValueNode {
    func truth(_ frame: inout Frame) throws(CELFault) -> Bool {
        guard case .bool(let truth) = try value(&frame) else { throw fault(.noSuchOverload, "expected a bool") }
        return truth
    }
}

/// A node that is true or false.
protocol TruthNode: Node {}

extension TruthNode {
    func value(_ frame: inout Frame) throws(CELFault) -> CELValue { .bool(try truth(&frame)) }
}

final class ConstantNode: ValueNode {
    let offset: Int
    let known: CELValue

    init(_ offset: Int, _ known: CELValue) {
        self.known = known
        self.offset = offset
    }

    var constant: CELValue? { known }
    func value(_ frame: inout Frame) throws(CELFault) -> CELValue { known }
}

/// Fails whenever it is evaluated: what an unchecked program has in the place of a name that means nothing.
final class FaultNode: ValueNode {
    let offset: Int
    let known: CELFault

    init(_ offset: Int, _ known: CELFault) {
        self.known = known.at(offset)
        self.offset = offset
    }

    func value(_ frame: inout Frame) throws(CELFault) -> CELValue { throw known }
}

final class SlotNode: ValueNode {
    let offset: Int
    let slot: Int

    init(_ offset: Int, _ slot: Int) {
        self.slot = slot
        self.offset = offset
    }

    func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
        do throws(CELFault) {
            return try frame.activation.value(slot: slot)
        } catch {
            throw error.at(offset)
        }
    }
}

/// `has(path)` of a declared path: it is always there, so what counts is whether it is set.
final class IsSetNode: TruthNode {
    let offset: Int
    let slot: Int

    init(_ offset: Int, _ slot: Int) {
        self.slot = slot
        self.offset = offset
    }

    func truth(_ frame: inout Frame) throws(CELFault) -> Bool {
        do throws(CELFault) {
            return !(try frame.activation.value(slot: slot)).isZero
        } catch {
            throw error.at(offset)
        }
    }
}

final class LocalNode: ValueNode {
    let offset: Int
    let index: Int

    init(_ offset: Int, _ index: Int) {
        self.index = index
        self.offset = offset
    }

    func value(_ frame: inout Frame) throws(CELFault) -> CELValue { frame.locals[index] }
}

/// `&&` and `||`: the deciding value wins over any fault before or after it, except that of the budget.
final class LogicNode: TruthNode {
    let offset: Int
    let terms: [any Node]
    let deciding: Bool

    init(_ offset: Int, _ terms: [any Node], deciding: Bool) {
        self.terms = terms
        self.deciding = deciding
        self.offset = offset
    }

    func truth(_ frame: inout Frame) throws(CELFault) -> Bool {
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

final class NotNode: TruthNode {
    let offset: Int
    let operand: any Node

    init(_ offset: Int, _ operand: any Node) {
        self.operand = operand
        self.offset = offset
    }

    func truth(_ frame: inout Frame) throws(CELFault) -> Bool { !(try operand.truth(&frame)) }
}

final class NegateNode: ValueNode {
    let offset: Int
    let operand: any Node

    init(_ offset: Int, _ operand: any Node) {
        self.operand = operand
        self.offset = offset
    }

    func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
        switch try operand.value(&frame) {
        case .int(let value):
            guard value != .min else { throw fault(.overflow, "int overflow") }
            return .int(-value)
        case .double(let value): return .double(-value)
        case let value: throw fault(.noSuchOverload, "no such overload: -\(value.type.name)")
        }
    }
}

final class ConditionalNode: Node {
    let offset: Int
    let condition: any Node, then: any Node, otherwise: any Node

    init(_ offset: Int, _ condition: any Node, _ then: any Node, _ otherwise: any Node) {
        self.condition = condition
        self.then = then
        self.otherwise = otherwise
        self.offset = offset
    }

    func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
        try condition.truth(&frame) ? try then.value(&frame) : try otherwise.value(&frame)
    }

    func truth(_ frame: inout Frame) throws(CELFault) -> Bool {
        try condition.truth(&frame) ? try then.truth(&frame) : try otherwise.truth(&frame)
    }
}

final class EqualNode: TruthNode {
    let offset: Int
    let left: any Node, right: any Node
    let expected: Bool

    init(_ offset: Int, _ left: any Node, _ right: any Node, expected: Bool) {
        self.left = left
        self.right = right
        self.expected = expected
        self.offset = offset
    }

    func truth(_ frame: inout Frame) throws(CELFault) -> Bool {
        let a = try left.value(&frame)
        let b = try right.value(&frame)
        return try areEqual(a, b, &frame.meter) == expected
    }
}

final class OrderNode: TruthNode {
    let offset: Int
    let operation: CELOperator
    let left: any Node, right: any Node

    init(_ offset: Int, _ operation: CELOperator, _ left: any Node, _ right: any Node) {
        self.operation = operation
        self.left = left
        self.right = right
        self.offset = offset
    }

    func truth(_ frame: inout Frame) throws(CELFault) -> Bool {
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
final class MembershipNode: TruthNode {
    let offset: Int
    let element: any Node, container: any Node

    init(_ offset: Int, _ element: any Node, _ container: any Node) {
        self.element = element
        self.container = container
        self.offset = offset
    }

    func truth(_ frame: inout Frame) throws(CELFault) -> Bool {
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
final class SetNode: TruthNode {
    let offset: Int
    let element: any Node
    let texts: Set<CELKey>

    init(_ offset: Int, _ element: any Node, _ texts: Set<CELKey>) {
        self.element = element
        self.texts = texts
        self.offset = offset
    }

    func truth(_ frame: inout Frame) throws(CELFault) -> Bool {
        guard case .string(let text) = try element.value(&frame) else { return false }
        try frame.meter.charge(bytes: text.utf8.count)
        return texts.contains(.string(text))
    }
}

final class SelectNode: ValueNode {
    let offset: Int
    let operand: any Node
    let field: String

    init(_ offset: Int, _ operand: any Node, _ field: String) {
        self.operand = operand
        self.field = field
        self.offset = offset
    }

    func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
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

final class HasNode: TruthNode {
    let offset: Int
    let operand: any Node
    let field: String

    init(_ offset: Int, _ operand: any Node, _ field: String) {
        self.operand = operand
        self.field = field
        self.offset = offset
    }

    func truth(_ frame: inout Frame) throws(CELFault) -> Bool {
        switch try operand.value(&frame) {
        case .map(let map), .optional(.map(let map)?): return map[field] != nil
        case .optional(nil): return false
        case let other: throw fault(.noSuchField, "type `\(other.type.name)` has no fields")
        }
    }
}

final class IndexNode: ValueNode {
    let offset: Int
    let operand: any Node, index: any Node
    let isOptional: Bool

    init(_ offset: Int, _ operand: any Node, _ index: any Node, isOptional: Bool) {
        self.operand = operand
        self.index = index
        self.isOptional = isOptional
        self.offset = offset
    }

    func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
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
final class OptionalSelectNode: ValueNode {
    let offset: Int
    let operand: any Node
    let field: String

    init(_ offset: Int, _ operand: any Node, _ field: String) {
        self.operand = operand
        self.field = field
        self.offset = offset
    }

    func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
        switch try operand.value(&frame) {
        case .map(let map), .optional(.map(let map)?): return .optional(map[field])
        case .optional(nil): return .optional(nil)
        case let other: throw fault(.noSuchField, "type `\(other.type.name)` has no fields")
        }
    }
}

final class ListNode: ValueNode {
    let offset: Int
    let elements: [(node: any Node, isOptional: Bool)]

    init(_ offset: Int, _ elements: [(node: any Node, isOptional: Bool)]) {
        self.elements = elements
        self.offset = offset
    }

    func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
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

final class MapNode: ValueNode {
    let offset: Int
    let entries: [(key: any Node, value: any Node, isOptional: Bool)]

    init(_ offset: Int, _ entries: [(key: any Node, value: any Node, isOptional: Bool)]) {
        self.entries = entries
        self.offset = offset
    }

    func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
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
final class CallNode: ValueNode {
    let offset: Int
    let arguments: [any Node]
    let body: Overload.Body

    init(_ offset: Int, _ arguments: [any Node], _ body: @escaping Overload.Body) {
        self.arguments = arguments
        self.body = body
        self.offset = offset
    }

    func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
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
final class DispatchNode: ValueNode {
    let offset: Int
    let name: String
    let arguments: [any Node]
    let overloads: [Overload]

    init(_ offset: Int, _ name: String, _ arguments: [any Node], _ overloads: [Overload]) {
        self.name = name
        self.arguments = arguments
        self.overloads = overloads
        self.offset = offset
    }

    func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
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
final class FallbackNode: ValueNode {
    let offset: Int
    let operand: any Node, other: any Node
    let keepsOptional: Bool

    init(_ offset: Int, _ operand: any Node, _ other: any Node, keepsOptional: Bool) {
        self.operand = operand
        self.other = other
        self.keepsOptional = keepsOptional
        self.offset = offset
    }

    func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
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
