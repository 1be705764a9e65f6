// SPDX-License-Identifier: Apache-2.0

enum Order {
    case less, same, greater
    /// One side is not a number.
    case unordered
}

/// The language's `==`: numbers compare across types, other types are unequal to each other, NaN is unequal to all.
func areEqual(_ left: CELValue, _ right: CELValue, _ meter: inout Meter) throws(CELFault) -> Bool {
    switch (left, right) {
    case (.string(let a), .string(let b)):
        let count = a.utf8.count
        guard count == b.utf8.count else { return false }
        if count > 64 { try meter.charge(bytes: count) }
        return sameText(a, b)
    case (.bool(let a), .bool(let b)): return a == b
    case (.int(let a), .int(let b)): return a == b
    case (.uint(let a), .uint(let b)): return a == b
    case (.double(let a), .double(let b)): return a == b
    case (.null, .null): return true
    case (.bytes(let a), .bytes(let b)):
        guard a.count == b.count else { return false }
        try meter.charge(bytes: a.count)
        return a == b
    case (.list(let a), .list(let b)):
        guard a.count == b.count else { return false }
        for index in a.indices {
            // Shared parts make a small list large: each comparison is paid for.
            try meter.charge(1)
            if try !areEqual(a[index], b[index], &meter) { return false }
        }
        return true
    case (.map(let a), .map(let b)):
        guard a.count == b.count else { return false }
        for index in 0..<a.count {
            let entry = a.entry(at: index)
            try meter.charge(key: entry.key)
            guard let other = b[entry.key], try areEqual(entry.value, other, &meter) else { return false }
        }
        return true
    case (.timestamp(let a), .timestamp(let b)): return a == b
    case (.duration(let a), .duration(let b)): return a == b
    case (.type(let a), .type(let b)): return a.name == b.name
    case (.optional(let a), .optional(let b)):
        guard let a, let b else { return a == nil && b == nil }
        try meter.charge(1)
        return try areEqual(a, b, &meter)
    case (.network(let a), .network(let b)): return a == b
    case (.int, .uint), (.int, .double), (.uint, .int), (.uint, .double), (.double, .int), (.double, .uint):
        return try order(left, right, &meter) == .same
    default: return false
    }
}

/// Nil when the types have no order.
func order(_ left: CELValue, _ right: CELValue, _ meter: inout Meter) throws(CELFault) -> Order? {
    switch (left, right) {
    case (.int(let a), .int(let b)): return compare(a, b)
    case (.uint(let a), .uint(let b)): return compare(a, b)
    case (.double(let a), .double(let b)): return compare(a, b)
    case (.int(let a), .uint(let b)): return a < 0 ? .less : compare(UInt64(a), b)
    case (.uint(let a), .int(let b)): return b < 0 ? .greater : compare(a, UInt64(b))
    // As the specification has it, through the nearest double.
    case (.int(let a), .double(let b)): return compare(Double(a), b)
    case (.double(let a), .int(let b)): return compare(a, Double(b))
    case (.uint(let a), .double(let b)): return compare(Double(a), b)
    case (.double(let a), .uint(let b)): return compare(a, Double(b))
    case (.bool(let a), .bool(let b)): return a == b ? .same : b ? .less : .greater
    case (.string(let a), .string(let b)):
        try meter.charge(bytes: min(a.utf8.count, b.utf8.count))
        // UTF-8 has the order of code points.
        if sameText(a, b) { return .same }
        return a.utf8.lexicographicallyPrecedes(b.utf8) ? .less : .greater
    case (.bytes(let a), .bytes(let b)):
        try meter.charge(bytes: min(a.count, b.count))
        if a == b { return .same }
        return a.lexicographicallyPrecedes(b) ? .less : .greater
    case (.timestamp(let a), .timestamp(let b)): return compare(a, b)
    case (.duration(let a), .duration(let b)): return compare(a, b)
    default: return nil
    }
}

private func compare<T: Comparable>(_ a: T, _ b: T) -> Order {
    a < b ? .less : a > b ? .greater : a == b ? .same : .unordered
}

/// `+ - * / %`. Checked: no result ever wraps.
final class ArithmeticNode: ValueNode {
    let offset: Int
    let operation: CELOperator
    let left: any Node, right: any Node

    init(_ offset: Int, _ operation: CELOperator, _ left: any Node, _ right: any Node) {
        self.operation = operation
        self.left = left
        self.right = right
        self.offset = offset
    }

    func value(_ frame: inout Frame) throws(CELFault) -> CELValue {
        let a = try left.value(&frame)
        let b = try right.value(&frame)
        switch (a, b) {
        case (.int(let a), .int(let b)): return .int(try integer(a, b))
        case (.uint(let a), .uint(let b)): return .uint(try integer(a, b))
        case (.double(let a), .double(let b)):
            switch operation {
            case .add: return .double(a + b)
            case .subtract: return .double(a - b)
            case .multiply: return .double(a * b)
            case .divide: return .double(a / b)
            default: break
            }
        case (.string(let a), .string(let b)) where operation == .add:
            try frame.meter.charge(bytes: a.utf8.count + b.utf8.count)
            return .string(a + b)
        case (.bytes(let a), .bytes(let b)) where operation == .add:
            try frame.meter.charge(bytes: a.count + b.count)
            return .bytes(a + b)
        case (.list(let a), .list(let b)) where operation == .add:
            try frame.meter.charge(a.count + b.count)
            return .list(a + b)
        case (.timestamp(let a), .duration(let b)) where operation == .add:
            return .timestamp(try checked(a.adding(b)))
        case (.duration(let a), .timestamp(let b)) where operation == .add:
            return .timestamp(try checked(b.adding(a)))
        case (.timestamp(let a), .duration(let b)) where operation == .subtract:
            guard b.nanoseconds != .min else { throw fault(.outOfRange, "time out of range") }
            return .timestamp(try checked(a.adding(CELDuration(nanoseconds: -b.nanoseconds))))
        case (.timestamp(let a), .timestamp(let b)) where operation == .subtract:
            return .duration(try checked(a.since(b)))
        case (.duration(let a), .duration(let b)) where operation == .add || operation == .subtract:
            let (sum, overflow) =
                operation == .add
                ? a.nanoseconds.addingReportingOverflow(b.nanoseconds)
                : a.nanoseconds.subtractingReportingOverflow(b.nanoseconds)
            return .duration(try checked(overflow ? nil : CELDuration(nanoseconds: sum)))
        default: break
        }
        throw fault(.noSuchOverload, "no such overload: \(a.type.name) \(operation.rawValue) \(b.type.name)")
    }

    private func integer<T: FixedWidthInteger>(_ a: T, _ b: T) throws(CELFault) -> T {
        let result: (partialValue: T, overflow: Bool)
        switch operation {
        case .add: result = a.addingReportingOverflow(b)
        case .subtract: result = a.subtractingReportingOverflow(b)
        case .multiply: result = a.multipliedReportingOverflow(by: b)
        case .divide:
            guard b != 0 else { throw fault(.divisionByZero, "division by zero") }
            result = a.dividedReportingOverflow(by: b)
        default:
            guard b != 0 else { throw fault(.divisionByZero, "modulus by zero") }
            result = a.remainderReportingOverflow(dividingBy: b)
        }
        guard !result.overflow else { throw fault(.overflow, T.isSigned ? "int overflow" : "uint overflow") }
        return result.partialValue
    }

    private func checked<T>(_ value: T?) throws(CELFault) -> T {
        guard let value else { throw fault(.outOfRange, "time out of range") }
        return value
    }
}
