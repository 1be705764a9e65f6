// SPDX-License-Identifier: Apache-2.0

/// A value of the Common Expression Language.
public enum CELValue: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case list([CELValue])
    case map(CELMap)
    case timestamp(CELTimestamp)
    case duration(CELDuration)
    case type(CELType)
    indirect case optional(CELValue?)
    /// An IP address or a block of them.
    indirect case network(CELNetwork)

    /// The type, with lists and maps as `list(dyn)` and `map(dyn, dyn)`.
    public var type: CELType {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        case .list: .list(.dyn)
        case .map: .map(.dyn, .dyn)
        case .timestamp: .timestamp
        case .duration: .duration
        case .type: .type(.dyn)
        case .optional: .optional(.dyn)
        case .network(let value): value.type
        }
    }

    /// `false`, zero, empty or null: what an absent field has, and what `has(record.field)` calls not set.
    public var isZero: Bool {
        switch self {
        case .null: true
        case .bool(let value): !value
        case .int(let value): value == 0
        case .uint(let value): value == 0
        case .double(let value): value == 0
        case .string(let value): value.isEmpty
        case .bytes(let value): value.isEmpty
        case .list(let value): value.isEmpty
        case .map(let value): value.isEmpty
        case .timestamp(let value): value == CELTimestamp(seconds: 0)
        case .duration(let value): value.nanoseconds == 0
        case .type: false
        case .optional(let value): value == nil
        case .network: false
        }
    }

    /// The `bool` this is; nil for any other type.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The `string` this is; nil for any other type.
    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// An `int`, or a `uint` that fits.
    public var integer: Int64? {
        switch self {
        case .int(let value): value
        case .uint(let value): Int64(exactly: value)
        default: nil
        }
    }

    /// The `list` this is; nil for any other type.
    public var list: [CELValue]? {
        if case .list(let value) = self { value } else { nil }
    }
}

/// Same type and same value; any NaN equals any NaN, maps compare without order. The language's own `==` also
/// compares numbers of different types.
extension CELValue: Equatable {
    /// Costs time in the size written out: parts that are shared count each time.
    public static func == (left: CELValue, right: CELValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.uint(let a), .uint(let b)): a == b
        case (.double(let a), .double(let b)): a == b || (a.isNaN && b.isNaN)
        case (.string(let a), .string(let b)): sameText(a, b)
        case (.bytes(let a), .bytes(let b)): a == b
        case (.list(let a), .list(let b)): a == b
        case (.map(let a), .map(let b)): a == b
        case (.timestamp(let a), .timestamp(let b)): a == b
        case (.duration(let a), .duration(let b)): a == b
        case (.type(let a), .type(let b)): a.name == b.name
        case (.optional(let a), .optional(let b)): a == b
        case (.network(let a), .network(let b)): a == b
        default: false
        }
    }
}

extension CELValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral
{
    /// A `string`.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A `bool`.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An `int`.
    public init(integerLiteral value: Int64) { self = .int(value) }
    /// A `double`.
    public init(floatLiteral value: Double) { self = .double(value) }
    /// A `list`.
    public init(arrayLiteral elements: CELValue...) { self = .list(elements) }
}

/// Byte-wise: Swift's `==` calls canonically equivalent texts equal, the language does not.
@inline(__always)
func sameText(_ a: String, _ b: String) -> Bool {
    let count = a.utf8.count
    guard count == b.utf8.count else { return false }
    let direct = a.utf8.withContiguousStorageIfAvailable { x in
        b.utf8.withContiguousStorageIfAvailable { y in x.elementsEqual(y) }
    }
    if case .some(.some(let result)) = direct { return result }
    return a.utf8.elementsEqual(b.utf8)
}

/// What a map finds its entries by: numbers that are equal share a key.
enum CELKey: Hashable {
    case bool(Bool)
    case int(Int64)
    case large(UInt64)
    case string(String)

    /// Nil for what cannot be a key.
    init?(_ value: CELValue) {
        switch value {
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .uint(let value): self = Int64(exactly: value).map { .int($0) } ?? .large(value)
        case .string(let value): self = .string(value)
        default: return nil
        }
    }

    /// For looking up: a whole double finds the integer it equals.
    init?(lookup value: CELValue) {
        guard case .double(let double) = value else {
            self.init(value)
            return
        }
        if let int = Int64(exactly: double) {
            self = .int(int)
        } else if let large = UInt64(exactly: double) {
            self = .large(large)
        } else {
            return nil
        }
    }

    static func == (left: CELKey, right: CELKey) -> Bool {
        switch (left, right) {
        case (.string(let a), .string(let b)): sameText(a, b)
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.large(let a), .large(let b)): a == b
        default: false
        }
    }

    func hash(into hasher: inout Hasher) {
        switch self {
        case .bool(let value): hasher.combine(value)
        case .int(let value): hasher.combine(value)
        case .large(let value): hasher.combine(value)
        case .string(let value):
            var value = value
            value.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }
}

/// A map from booleans, integers and strings to values. Keeps the order of its entries, compares without it.
///
/// A value type whose copies share their storage.
public struct CELMap: Sendable {
    // Small maps are searched one by one; beyond this an index answers, or a hostile map would cost quadratic time.
    private static let indexed = 8

    private final class Storage: Sendable {
        let entries: [(key: CELKey, original: CELValue, value: CELValue)]
        let index: [CELKey: Int]

        init(_ entries: [(key: CELKey, original: CELValue, value: CELValue)], _ index: [CELKey: Int]) {
            self.entries = entries
            self.index = index
        }
    }

    private let storage: Storage

    /// Creates a map; nil when a key is repeated (as numbers: `1` and `1u` are one key) or cannot be a key.
    public init?(_ entries: [(key: CELValue, value: CELValue)]) {
        var rows: [(key: CELKey, original: CELValue, value: CELValue)] = []
        rows.reserveCapacity(entries.count)
        var index: [CELKey: Int] = [:]
        for entry in entries {
            guard let key = CELKey(entry.key) else { return nil }
            if entries.count > CELMap.indexed {
                guard index.updateValue(rows.count, forKey: key) == nil else { return nil }
            } else if rows.contains(where: { $0.key == key }) {
                return nil
            }
            rows.append((key, entry.key, entry.value))
        }
        storage = Storage(rows, index)
    }

    /// Creates a map from strings; of a repeated key the last value stands.
    public init(_ entries: [(String, CELValue)] = []) {
        var index: [CELKey: Int] = [:]
        var rows: [(key: CELKey, original: CELValue, value: CELValue)] = []
        for (key, value) in entries {
            let row = (key: CELKey.string(key), original: CELValue.string(key), value: value)
            if let old = index.updateValue(rows.count, forKey: row.key) {
                index[row.key] = old
                rows[old] = row
            } else {
                rows.append(row)
            }
        }
        storage = Storage(rows, rows.count > CELMap.indexed ? index : [:])
    }

    /// Number of entries.
    public var count: Int { storage.entries.count }
    /// Has no entries.
    public var isEmpty: Bool { storage.entries.isEmpty }
    /// The keys in their order.
    public var keys: [CELValue] { storage.entries.map(\.original) }
    /// Keys with their values in their order.
    public var entries: [(key: CELValue, value: CELValue)] { storage.entries.map { ($0.original, $0.value) } }

    /// The value of a key; a number finds an equal number of another type.
    public subscript(key: CELValue) -> CELValue? {
        guard let key = CELKey(lookup: key) else { return nil }
        return value(of: key)
    }

    /// The value of a string key.
    public subscript(key: String) -> CELValue? { value(of: .string(key)) }

    func entry(at index: Int) -> (key: CELValue, value: CELValue) {
        (storage.entries[index].original, storage.entries[index].value)
    }

    func value(of key: CELKey) -> CELValue? {
        if storage.entries.count > CELMap.indexed {
            guard let row = storage.index[key] else { return nil }
            return storage.entries[row].value
        }
        for entry in storage.entries where entry.key == key { return entry.value }
        return nil
    }
}

extension CELMap: Equatable {
    /// Equal keys with equal values, in any order.
    public static func == (left: CELMap, right: CELMap) -> Bool {
        guard left.count == right.count else { return false }
        return left.storage.entries.allSatisfy { right.value(of: $0.key) == $0.value }
    }
}
