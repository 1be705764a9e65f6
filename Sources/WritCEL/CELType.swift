// SPDX-License-Identifier: Apache-2.0

/// The static type of an expression, and what a value of type `type` denotes.
public indirect enum CELType: Sendable, Hashable {
    /// Any type; checked while evaluating.
    case dyn
    case null, bool, int, uint, double, string, bytes, timestamp, duration
    case list(CELType)
    case map(CELType, CELType)
    /// A type as a value: `type(1)` has the type `type(int)`.
    case type(CELType)
    case optional(CELType)
    /// A type known by its name alone, such as `net.IP`, with its parameters.
    case opaque(String, [CELType])
    /// A map with string keys whose fields the environment declares (``CELEnvironment/declareRecord(_:_:)``): an
    /// undeclared field is an error while loading instead of a missing key while deciding.
    case record(String)
    /// A type parameter of a generic function; equal names in one signature stand for one type.
    case parameter(String)

    /// The spelling people read in messages: `map(string, int)`.
    public var description: String {
        switch self {
        case .dyn: "dyn"
        case .null: "null_type"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .timestamp: "google.protobuf.Timestamp"
        case .duration: "google.protobuf.Duration"
        case .list(let element): "list(\(element.description))"
        case .map(let key, let value): "map(\(key.description), \(value.description))"
        case .type(let type): "type(\(type.description))"
        case .optional(let type): "optional_type(\(type.description))"
        case .opaque(let name, let parameters):
            parameters.isEmpty ? name : "\(name)(\(parameters.map(\.description).joined(separator: ", ")))"
        case .record(let name): name
        case .parameter(let name): name
        }
    }

    /// The name the type has as a value: parameters of lists and maps do not count.
    public var name: String {
        switch self {
        case .list: "list"
        case .map, .record: "map"
        case .type: "type"
        case .optional: "optional_type"
        case .opaque(let name, _): name
        default: description
        }
    }

    /// The types that can be named in an expression (`int`, `list` …).
    static let named: [String: CELType] = [
        "null_type": .null, "bool": .bool, "int": .int, "uint": .uint, "double": .double, "string": .string,
        "bytes": .bytes, "list": .list(.dyn), "map": .map(.dyn, .dyn), "type": .type(.dyn),
        "optional_type": .optional(.dyn), "google.protobuf.Timestamp": .timestamp,
        "google.protobuf.Duration": .duration, "net.IP": CELNetwork.addressType, "net.CIDR": CELNetwork.blockType,
    ]
}

extension CELType: CustomStringConvertible {}
