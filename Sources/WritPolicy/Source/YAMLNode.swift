// SPDX-License-Identifier: Apache-2.0

/// A YAML value with its place. Scalars are read by the YAML 1.2 core schema: `yes` and `on` are strings.
public struct YAMLNode: Sendable, Hashable {
    /// A key with its value.
    public struct Member: Sendable, Hashable {
        public var key: String
        public var keyMark: SourceMark
        public var value: YAMLNode
    }

    /// What the node holds.
    public enum Content: Sendable, Hashable {
        case null
        case bool(Bool)
        case integer(Int64)
        case number(Double)
        case string(String)
        case sequence([YAMLNode])
        case mapping([Member])
    }

    public var content: Content
    /// Where it starts.
    public var mark: SourceMark
    /// A scalar as it was written, after quotes and escapes; empty for collections.
    public var text: String
    /// The scalar stood between quotes, or was a block scalar.
    public var isQuoted: Bool
    /// The scalar stood between double quotes, where a backslash is an escape.
    public var isDoubleQuoted: Bool

    /// Creates a node.
    public init(
        _ content: Content, mark: SourceMark = SourceMark(line: 1, column: 1), text: String = "",
        isQuoted: Bool = false, isDoubleQuoted: Bool = false
    ) {
        self.content = content
        self.mark = mark
        self.text = text
        self.isQuoted = isQuoted
        self.isDoubleQuoted = isDoubleQuoted
    }

    /// The value of a key; nil when this is no mapping or has no such key.
    public subscript(key: String) -> YAMLNode? {
        members?.first { $0.key == key }?.value
    }

    public var members: [Member]? {
        if case .mapping(let members) = content { members } else { nil }
    }

    public var elements: [YAMLNode]? {
        if case .sequence(let elements) = content { elements } else { nil }
    }

    public var string: String? {
        if case .string(let value) = content { value } else { nil }
    }

    /// `a string`, `a list` …, for messages.
    var typeName: String {
        switch content {
        case .null: "nothing"
        case .bool: "a boolean"
        case .integer: "a whole number"
        case .number: "a number"
        case .string: "a string"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}
