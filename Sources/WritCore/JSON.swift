// SPDX-License-Identifier: Apache-2.0

/// A JSON value that keeps what security depends on: the order of keys, and whole numbers as whole numbers.
///
/// The reader follows RFC 8259 and is stricter where readers differ from each other: a duplicate key is an error,
/// because two programs that pick different ones disagree about what a call does. It is iterative in nothing but
/// depth-limited, linear in its input and never traps.
public enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([Member])

    /// A key with its value.
    public struct Member: Sendable, Hashable {
        public var key: String
        public var value: JSON

        /// Creates a member.
        public init(_ key: String, _ value: JSON) {
            self.key = key
            self.value = value
        }
    }

    /// The value of a key; nil when this is no object or has no such key.
    public subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        for member in members where member.key == key { return member.value }
        return nil
    }

    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    public var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int64(exactly: value)
        case .null, .bool, .string, .array, .object: nil
        }
    }

    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        case .null, .bool, .string, .array, .object: nil
        }
    }

    public var array: [JSON]? {
        if case .array(let value) = self { value } else { nil }
    }

    public var members: [Member]? {
        if case .object(let value) = self { value } else { nil }
    }

    /// Sets a key of an object, in place of the old value or at the end. Anything else becomes an object first.
    public mutating func set(_ key: String, _ value: JSON) {
        var members = self.members ?? []
        if let index = members.firstIndex(where: { $0.key == key }) {
            members[index].value = value
        } else {
            members.append(Member(key, value))
        }
        self = .object(members)
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) {
        self = .string(value)
    }

    public init(booleanLiteral value: Bool) {
        self = .bool(value)
    }

    public init(integerLiteral value: Int64) {
        self = .integer(value)
    }

    public init(arrayLiteral elements: JSON...) {
        self = .array(elements)
    }

    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}

/// Why a text is not JSON.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One line, lower case, no full stop.
    public let message: String
    /// Byte offset of the fault.
    public let offset: Int

    public var description: String { "\(message) at byte \(offset)" }
}
