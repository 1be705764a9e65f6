// SPDX-License-Identifier: Apache-2.0

/// A literal.
public enum CELConstant: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])

    /// The value it stands for.
    public var value: CELValue {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        case .uint(let value): .uint(value)
        case .double(let value): .double(value)
        case .string(let value): .string(value)
        case .bytes(let value): .bytes(value)
        }
    }
}

/// A binary operator other than `&&` and `||`, which take any number of operands.
public enum CELOperator: String, Sendable, Hashable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isIn = "in"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case modulo = "%"
}

/// A macro that binds variables.
public enum CELMacro: String, Sendable, Hashable {
    case all
    case exists
    case existsOne = "exists_one"
    case map
    case filter
    case transformList, transformMap, transformMapEntry
    case sortBy
    case bind
    case optionalMap = "optMap"
    case optionalFlatMap = "optFlatMap"
}

/// The syntax tree of an expression, with the place of each part.
public struct CELExpression: Sendable, Hashable {
    /// An element of a list literal.
    public struct Element: Sendable, Hashable {
        /// The element, or the value of the entry.
        public let value: CELExpression
        /// `[?x]`: left out when `x` is an empty optional.
        public let isOptional: Bool
    }

    /// An entry of a map literal.
    public struct Entry: Sendable, Hashable {
        /// The key.
        public let key: CELExpression
        /// The element, or the value of the entry.
        public let value: CELExpression
        /// `{?k: x}`: left out when `x` is an empty optional.
        public let isOptional: Bool
    }

    /// What an expression is made of.
    public indirect enum Kind: Sendable, Hashable {
        case constant(CELConstant)
        /// A name; a leading `.` makes it absolute.
        case identifier(String)
        case select(CELExpression, field: String, isOptional: Bool)
        /// `has(x.f)`.
        case has(CELExpression, field: String)
        case index(CELExpression, CELExpression, isOptional: Bool)
        case not(CELExpression)
        case negate(CELExpression)
        case binary(CELOperator, CELExpression, CELExpression)
        /// `a && b && …`
        case and([CELExpression])
        /// `a || b || …`
        case or([CELExpression])
        case conditional(CELExpression, CELExpression, CELExpression)
        case call(String, [CELExpression])
        case memberCall(CELExpression, String, [CELExpression])
        case list([Element])
        case map([Entry])
        /// `over.all(variables, arguments)`; `cel.bind(x, over, argument)`.
        case macro(CELMacro, over: CELExpression, variables: [String], [CELExpression])
    }

    /// What it is.
    public let kind: Kind
    /// Bytes of the source.
    public let range: Range<Int>
    let depth: Int

    /// The dotted name when this is nothing but names: `op.git.remote`.
    public var path: String? {
        switch kind {
        case .identifier(let name): name
        case .select(let operand, let field, false): operand.path.map { "\($0).\(field)" }
        default: nil
        }
    }

    /// The parts, from left to right.
    public var children: [CELExpression] {
        switch kind {
        case .constant, .identifier: []
        case .select(let operand, _, _), .has(let operand, _), .not(let operand), .negate(let operand): [operand]
        case .index(let operand, let index, _): [operand, index]
        case .binary(_, let left, let right): [left, right]
        case .and(let terms), .or(let terms): terms
        case .conditional(let condition, let then, let otherwise): [condition, then, otherwise]
        case .call(_, let arguments): arguments
        case .memberCall(let target, _, let arguments): [target] + arguments
        case .list(let elements): elements.map(\.value)
        case .map(let entries): entries.flatMap { [$0.key, $0.value] }
        case .macro(_, let over, _, let arguments): [over] + arguments
        }
    }

    /// The expression in one spelling: two sources that differ in blanks, quotes or needless parentheses print alike.
    public var text: String {
        var out = ""
        write(to: &out, binding: 0)
        return out
    }

    /// Equal but for the place in the source.
    public func isSame(as other: CELExpression) -> Bool {
        text == other.text
    }

    // 0 conditional, 1 or, 2 and, 3 relation, 4 sum, 5 product, 6 unary, 7 member.
    private func write(to out: inout String, binding: Int) {
        let own = precedence
        if own < binding { out += "(" }
        switch kind {
        case .constant(let constant): out += constant.text
        case .identifier(let name): out += name
        case .select(let operand, let field, let isOptional):
            operand.write(to: &out, binding: 7)
            out += isOptional ? ".?" : "."
            out += CELExpression.selector(field)
        case .has(let operand, let field):
            out += "has("
            operand.write(to: &out, binding: 7)
            out += ".\(CELExpression.selector(field)))"
        case .index(let operand, let index, let isOptional):
            operand.write(to: &out, binding: 7)
            out += isOptional ? "[?" : "["
            index.write(to: &out, binding: 0)
            out += "]"
        case .not(let operand):
            out += "!"
            operand.write(to: &out, binding: 6)
        case .negate(let operand):
            out += "-"
            if case .constant = operand.kind {
                out += "("
                operand.write(to: &out, binding: 0)
                out += ")"
            } else {
                operand.write(to: &out, binding: 6)
            }
        case .binary(let operation, let left, let right):
            left.write(to: &out, binding: own)
            out += " \(operation.rawValue) "
            right.write(to: &out, binding: own + 1)
        case .and(let terms): CELExpression.write(terms, " && ", binding: own + 1, to: &out)
        case .or(let terms): CELExpression.write(terms, " || ", binding: own + 1, to: &out)
        case .conditional(let condition, let then, let otherwise):
            condition.write(to: &out, binding: 1)
            out += " ? "
            then.write(to: &out, binding: 1)
            out += " : "
            otherwise.write(to: &out, binding: 0)
        case .call(let name, let arguments):
            out += "\(name)("
            CELExpression.write(arguments, ", ", binding: 0, to: &out)
            out += ")"
        case .memberCall(let target, let name, let arguments):
            target.write(to: &out, binding: 7)
            out += ".\(name)("
            CELExpression.write(arguments, ", ", binding: 0, to: &out)
            out += ")"
        case .list(let elements):
            out += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { out += ", " }
                if element.isOptional { out += "?" }
                element.value.write(to: &out, binding: 0)
            }
            out += "]"
        case .map(let entries):
            out += "{"
            for (index, entry) in entries.enumerated() {
                if index > 0 { out += ", " }
                if entry.isOptional { out += "?" }
                entry.key.write(to: &out, binding: 0)
                out += ": "
                entry.value.write(to: &out, binding: 0)
            }
            out += "}"
        case .macro(.bind, let over, let variables, let arguments):
            out += "cel.bind(\(variables.joined(separator: ", ")), "
            CELExpression.write([over] + arguments, ", ", binding: 0, to: &out)
            out += ")"
        case .macro(let macro, let over, let variables, let arguments):
            over.write(to: &out, binding: 7)
            let name = macro == .existsOne && variables.count == 2 ? "existsOne" : macro.rawValue
            out += ".\(name)(\(variables.joined(separator: ", ")), "
            CELExpression.write(arguments, ", ", binding: 0, to: &out)
            out += ")"
        }
        if own < binding { out += ")" }
    }

    private var precedence: Int {
        switch kind {
        case .conditional: 0
        case .or: 1
        case .and: 2
        case .binary(let operation, _, _):
            switch operation {
            case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .isIn: 3
            case .add, .subtract: 4
            case .multiply, .divide, .modulo: 5
            }
        case .not, .negate: 6
        case .constant(.int(let value)) where value < 0: 6
        case .constant(.double(let value)) where value.sign == .minus: 6
        case .constant, .identifier, .select, .has, .index, .call, .memberCall, .list, .map, .macro: 7
        }
    }

    private static func write(_ parts: [CELExpression], _ separator: String, binding: Int, to out: inout String) {
        for (index, part) in parts.enumerated() {
            if index > 0 { out += separator }
            part.write(to: &out, binding: binding)
        }
    }

    private static func selector(_ field: String) -> String {
        let isPlain =
            !field.isEmpty && !Lexer.keywords.contains(field)
            && field.utf8.enumerated().allSatisfy { Lexer.isLetter($1) || ($0 > 0 && Lexer.isDigit($1)) }
        return isPlain ? field : "`\(field)`"
    }
}

extension CELConstant {
    /// The literal that reads back as this value.
    public var text: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .int(let value): String(value)
        case .uint(let value): "\(value)u"
        case .double(let value):
            value.description.contains(where: { $0 == "." || $0 == "e" }) ? "\(value)" : "\(value).0"
        case .string(let value): quoted(value)
        case .bytes(let value):
            "b\""
                + value.map { byte in
                    switch byte {
                    case 0x22: "\\\""
                    case 0x5C: "\\\\"
                    case 0x20..<0x7F: String(Unicode.Scalar(byte))
                    default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
                    }
                }.joined() + "\""
        }
    }
}

/// A string literal that reads back as the text; control and direction characters are escaped.
func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar.value {
        case 0x22: out += "\\\""
        case 0x5C: out += "\\\\"
        case 0x07: out += "\\a"
        case 0x08: out += "\\b"
        case 0x09: out += "\\t"
        case 0x0A: out += "\\n"
        case 0x0B: out += "\\v"
        case 0x0C: out += "\\f"
        case 0x0D: out += "\\r"
        case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069:
            let hex = String(scalar.value, radix: 16)
            out += "\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out + "\""
}
