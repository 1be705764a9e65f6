// SPDX-License-Identifier: Apache-2.0

/// Bounds for the text of an expression. Every default accepts what the specification asks every implementation to
/// accept, and nothing that a person would write by hand comes near them.
public struct CELLimits: Sendable, Hashable {
    /// Bytes of source.
    public var sourceBytes: Int
    /// Nodes of the syntax tree.
    public var nodes: Int
    /// Levels of nesting, of parentheses as of the tree.
    public var depth: Int
    /// Macros inside macros.
    public var macroDepth: Int
    /// Units that folding constants may spend while loading.
    public var foldingBudget: Int
    /// Reads `cel.block`, `cel.index`, `cel.iterVar` and `cel.accuVar`, which the conformance suite alone uses.
    var hasTestMacros = false

    /// Creates bounds. A depth above 200 counts as 200: the passes over the tree are recursive.
    public init(
        sourceBytes: Int = 4 << 10, nodes: Int = 1_000, depth: Int = 80, macroDepth: Int = 3,
        foldingBudget: Int = 20_000
    ) {
        self.sourceBytes = sourceBytes
        self.nodes = nodes
        self.depth = min(depth, 200)
        self.macroDepth = macroDepth
        self.foldingBudget = foldingBudget
    }
}

/// Why an expression was refused while loading.
public struct CELError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One line, lower case, no full stop, input in backticks.
    public let message: String
    /// Byte offset in the source.
    public let offset: Int
    /// From 1.
    public let line: Int
    /// From 1, in Unicode scalars.
    public let column: Int
    /// What the reader can do next.
    public let hint: String?

    /// Creates an error whose place is known.
    public init(message: String, offset: Int, line: Int, column: Int, hint: String? = nil) {
        self.message = message
        self.offset = offset
        self.line = line
        self.column = column
        self.hint = hint
    }

    /// `line:column: message (hint)`
    public var description: String {
        let text = "\(line):\(column): \(message)"
        guard let hint else { return text }
        return "\(text) (\(hint))"
    }
}

/// Why an evaluation gave no value.
public struct CELFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of fault it is.
    public enum Code: String, Sendable, Hashable {
        case noSuchOverload, noSuchKey, noSuchField, unknownName, overflow, divisionByZero, outOfRange, badArgument
        case repeatedKey, function
        /// The evaluation cost more than its budget. The one fault that `&&`, `||` and the macros never absorb.
        case budget
    }

    /// The kind, for programs.
    public let code: Code
    /// One line, lower case, no full stop. Never holds more than a few words of the data.
    public let message: String
    /// Byte offset of the part that failed; nil when the caller's activation failed.
    public internal(set) var offset: Int?
    /// From 1; nil with ``offset``.
    public internal(set) var line: Int?
    /// From 1, in Unicode scalars; nil with ``offset``.
    public internal(set) var column: Int?

    /// Creates a fault; its place is filled in by the evaluation.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// `line:column: message`
    public var description: String {
        guard let line, let column else { return message }
        return "\(line):\(column): \(message)"
    }

    func at(_ offset: Int) -> CELFault {
        guard self.offset == nil else { return self }
        var copy = self
        copy.offset = offset
        return copy
    }

    func located(in source: [UInt8]) -> CELFault {
        guard let offset else { return self }
        var copy = self
        (copy.line, copy.column) = position(of: offset, in: source)
        return copy
    }
}

/// Line and column from 1, the column in Unicode scalars.
func position(of offset: Int, in source: [UInt8]) -> (line: Int, column: Int) {
    var line = 1
    var column = 1
    for byte in source.prefix(offset) {
        if byte == 0x0A {
            line += 1
            column = 1
        } else if byte & 0xC0 != 0x80 {
            column += 1
        }
    }
    return (line, column)
}

/// What an evaluation may still spend. One unit is about one step of the evaluator, or 16 bytes of text looked at.
struct Meter {
    var left: Int

    mutating func charge(_ units: Int) throws(CELFault) {
        left &-= units
        if left < 0 { throw CELFault(.budget, "costs more than its budget") }
    }

    /// For finding a key: its text is read once.
    mutating func charge(key: CELValue) throws(CELFault) {
        if case .string(let text) = key { try charge(bytes: text.utf8.count) } else { try charge(1) }
    }

    /// For reading or making this many bytes.
    mutating func charge(bytes: Int) throws(CELFault) {
        try charge(1 + bytes >> 4)
    }
}
