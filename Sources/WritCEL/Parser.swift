// SPDX-License-Identifier: Apache-2.0

/// Reads an expression by precedence. Both the recursion of the parser and the depth of the tree are bounded, so the
/// passes that walk the tree need no guard of their own.
struct Parser {
    let tokens: [Token]
    let limits: CELLimits
    var at = 0
    var nodes = 0
    var nesting = 0
    var macros = 0

    static func parse(_ source: [UInt8], _ limits: CELLimits) throws(SyntaxFault) -> CELExpression {
        guard source.count <= limits.sourceBytes else {
            throw SyntaxFault(message: "expression is longer than \(limits.sourceBytes) bytes", offset: 0)
        }
        var lexer = Lexer(source)
        var parser = Parser(tokens: try lexer.tokens(), limits: limits)
        let expression = try parser.expression()
        guard case .end = parser.current.kind else { throw parser.unexpected("expected an operator or the end") }
        return expression
    }

    init(tokens: [Token], limits: CELLimits) {
        self.tokens = tokens
        self.limits = limits
    }

    // Invariant: `tokens` ends with `.end`, and nothing advances past it.
    private var current: Token { tokens[at] }

    private mutating func advance() {
        if at + 1 < tokens.count { at += 1 }
    }

    private func isAt(_ punctuation: Punctuation) -> Bool {
        current.kind == .punctuation(punctuation)
    }

    private mutating func skip(_ punctuation: Punctuation) -> Bool {
        guard isAt(punctuation) else { return false }
        advance()
        return true
    }

    private mutating func expect(_ punctuation: Punctuation) throws(SyntaxFault) {
        guard skip(punctuation) else { throw unexpected("expected `\(punctuation.rawValue)`") }
    }

    private func unexpected(_ message: String) -> SyntaxFault {
        let shown: String
        switch current.kind {
        case .end: shown = "the end"
        case .name(let name): shown = "`\(name.prefix(40))`"
        case .escapedName(let name): shown = "`\(name.prefix(40))`"
        case .int, .uint, .double: shown = "a number"
        case .string, .bytes: shown = "a text"
        case .punctuation(let punctuation): shown = "`\(punctuation.rawValue)`"
        }
        return SyntaxFault(message: "\(message), got \(shown)", offset: current.range.lowerBound)
    }

    private mutating func make(_ kind: CELExpression.Kind, _ start: Int) throws(SyntaxFault) -> CELExpression {
        let end = at > 0 ? tokens[at - 1].range.upperBound : start
        nodes += 1
        guard nodes <= limits.nodes else {
            throw SyntaxFault(message: "expression has more than \(limits.nodes) parts", offset: start)
        }
        let flat = CELExpression(kind: kind, range: start..<max(start, end), depth: 1)
        let depth = 1 + (flat.children.lazy.map(\.depth).max() ?? 0)
        guard depth <= limits.depth else { throw tooDeep(start) }
        return CELExpression(kind: kind, range: flat.range, depth: depth)
    }

    private func tooDeep(_ offset: Int) -> SyntaxFault {
        SyntaxFault(message: "expression is nested more than \(limits.depth) deep", offset: offset)
    }

    private mutating func expression() throws(SyntaxFault) -> CELExpression {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= limits.depth else { throw tooDeep(current.range.lowerBound) }
        let start = current.range.lowerBound
        let condition = try binary(1)
        guard skip(.question) else { return condition }
        let then = try binary(1)
        try expect(.colon)
        let otherwise = try expression()
        return try make(.conditional(condition, then, otherwise), start)
    }

    private var operation: (precedence: Int, kind: CELOperator?)? {
        switch current.kind {
        case .punctuation(.or): (1, nil)
        case .punctuation(.and): (2, nil)
        case .punctuation(.equal): (3, .equal)
        case .punctuation(.notEqual): (3, .notEqual)
        case .punctuation(.less): (3, .less)
        case .punctuation(.lessOrEqual): (3, .lessOrEqual)
        case .punctuation(.greater): (3, .greater)
        case .punctuation(.greaterOrEqual): (3, .greaterOrEqual)
        case .name("in"): (3, .isIn)
        case .punctuation(.plus): (4, .add)
        case .punctuation(.minus): (4, .subtract)
        case .punctuation(.star): (5, .multiply)
        case .punctuation(.slash): (5, .divide)
        case .punctuation(.percent): (5, .modulo)
        default: nil
        }
    }

    private mutating func binary(_ minimum: Int) throws(SyntaxFault) -> CELExpression {
        let start = current.range.lowerBound
        var left = try unary()
        while let (precedence, kind) = operation, precedence >= minimum {
            if let kind {
                advance()
                let right = try binary(precedence + 1)
                left = try make(.binary(kind, left, right), start)
            } else {
                var terms = [left]
                let separator: Punctuation = precedence == 1 ? .or : .and
                while skip(separator) { terms.append(try binary(precedence + 1)) }
                left = try make(precedence == 1 ? .or(terms) : .and(terms), start)
            }
        }
        return left
    }

    private mutating func unary() throws(SyntaxFault) -> CELExpression {
        let start = current.range.lowerBound
        guard isAt(.not) || isAt(.minus) else { return try member() }
        let isNot = isAt(.not)
        var starts: [Int] = []
        while isAt(isNot ? .not : .minus) {
            // The last minus before a number belongs to it: the smallest int has no positive counterpart.
            if !isNot, at + 1 < tokens.count {
                switch tokens[at + 1].kind {
                case .int, .double:
                    var operand = try member()
                    for start in starts.reversed() { operand = try make(.negate(operand), start) }
                    return operand
                default: break
                }
            }
            starts.append(current.range.lowerBound)
            guard starts.count <= limits.depth else { throw tooDeep(start) }
            advance()
        }
        var operand = try member()
        for start in starts.reversed() { operand = try make(isNot ? .not(operand) : .negate(operand), start) }
        return operand
    }

    private mutating func member() throws(SyntaxFault) -> CELExpression {
        let start = current.range.lowerBound
        var operand = try primary()
        while true {
            if skip(.dot) {
                let isOptional = skip(.question)
                let place = current.range.lowerBound
                let field: String
                var isEscaped = false
                switch current.kind {
                case .name(let name) where !Lexer.keywords.contains(name): field = name
                case .escapedName(let name):
                    field = name
                    isEscaped = true
                default: throw unexpected("expected a field name")
                }
                advance()
                if !isOptional, !isEscaped, skip(.leftParenthesis) {
                    operand = try memberCall(operand, field, start, place)
                } else {
                    operand = try make(.select(operand, field: field, isOptional: isOptional), start)
                }
            } else if skip(.leftBracket) {
                let isOptional = skip(.question)
                let index = try expression()
                try expect(.rightBracket)
                operand = try make(.index(operand, index, isOptional: isOptional), start)
            } else if isAt(.leftBrace), operand.path != nil {
                throw SyntaxFault(
                    message: "messages are not supported", offset: start, hint: "write a map: {\"key\": …}")
            } else {
                return operand
            }
        }
    }

    private mutating func memberCall(
        _ target: CELExpression, _ name: String, _ start: Int, _ place: Int
    ) throws(SyntaxFault) -> CELExpression {
        if limits.hasTestMacros, target.path == "cel" {
            if name == "block" { return try block(start) }
            if let name = try generatedName(name) { return try make(.identifier(name), start) }
        }
        guard let (macro, variables, isBind) = try macro(target, name, place) else {
            return try make(.memberCall(target, name, try arguments()), start)
        }
        if isBind { return try bind(start) }
        macros += 1
        defer { macros -= 1 }
        guard macros <= limits.macroDepth else {
            throw SyntaxFault(message: "macros are nested more than \(limits.macroDepth) deep", offset: place)
        }
        var names: [String] = []
        for _ in 0..<variables {
            names.append(try variable(of: name))
            try expect(.comma)
        }
        guard Set(names).count == names.count else {
            throw SyntaxFault(message: "`\(name)` needs two different variables", offset: place)
        }
        // The count above goes by commas, and a comma may have nothing after it.
        guard !isAt(.rightParenthesis) else { throw unexpected("`\(name)` needs an expression after its variables") }
        let arguments = try arguments()
        return try make(.macro(macro, over: target, variables: names, arguments), start)
    }

    /// The macro a call is, by its name and the number of its arguments; any other call is a function's.
    private func macro(
        _ target: CELExpression, _ name: String, _ place: Int
    ) throws(SyntaxFault) -> (CELMacro, variables: Int, isBind: Bool)? {
        let count = argumentCount()
        switch (name, count) {
        case ("bind", 3) where target.path == "cel": return (.bind, 1, true)
        case ("all", 2): return (.all, 1, false)
        case ("all", 3): return (.all, 2, false)
        case ("exists", 2): return (.exists, 1, false)
        case ("exists", 3): return (.exists, 2, false)
        case ("exists_one", 2), ("existsOne", 2): return (.existsOne, 1, false)
        case ("exists_one", 3), ("existsOne", 3): return (.existsOne, 2, false)
        case ("map", 2), ("map", 3): return (.map, 1, false)
        case ("filter", 2): return (.filter, 1, false)
        case ("transformList", 3), ("transformList", 4): return (.transformList, 2, false)
        case ("transformMap", 3), ("transformMap", 4): return (.transformMap, 2, false)
        case ("transformMapEntry", 3), ("transformMapEntry", 4): return (.transformMapEntry, 2, false)
        case ("sortBy", 2): return (.sortBy, 1, false)
        case ("optMap", 2): return (.optionalMap, 1, false)
        case ("optFlatMap", 2): return (.optionalFlatMap, 1, false)
        default: return nil
        }
    }

    /// Arguments up to the parenthesis that closes the call, counted without reading them. Looks at each token of the
    /// call, and calls nest at most `limits.depth` deep.
    private func argumentCount() -> Int {
        var depth = 0
        var count = 1
        var index = at
        if current.kind == .punctuation(.rightParenthesis) { return 0 }
        while index < tokens.count {
            switch tokens[index].kind {
            case .punctuation(.leftParenthesis), .punctuation(.leftBracket), .punctuation(.leftBrace): depth += 1
            case .punctuation(.rightParenthesis), .punctuation(.rightBracket), .punctuation(.rightBrace):
                depth -= 1
                if depth < 0 { return count }
            case .punctuation(.comma) where depth == 0: count += 1
            default: break
            }
            index += 1
        }
        return count
    }

    private mutating func variable(of macro: String) throws(SyntaxFault) -> String {
        if limits.hasTestMacros, case .name("cel") = current.kind {
            advance()
            try expect(.dot)
            guard case .name(let kind) = current.kind else { throw unexpected("expected a field name") }
            advance()
            try expect(.leftParenthesis)
            guard let name = try generatedName(kind) else { throw unexpected("expected the name of a variable") }
            return name
        }
        guard case .name(let name) = current.kind, !Lexer.keywords.contains(name), !Lexer.reserved.contains(name) else {
            throw unexpected("`\(macro)` needs the name of a variable")
        }
        advance()
        guard isAt(.comma) else {
            throw SyntaxFault(
                message: "`\(macro)` needs the name of a variable", offset: tokens[at - 1].range.lowerBound)
        }
        return name
    }

    /// `index(1)`, `iterVar(0, 1)` or `accuVar(0, 1)` behind the parenthesis: a name that no source can spell.
    private mutating func generatedName(_ kind: String) throws(SyntaxFault) -> String? {
        guard kind == "index" || kind == "iterVar" || kind == "accuVar" else { return nil }
        var name = "@" + kind
        repeat {
            guard case .int(let digits) = current.kind else { throw unexpected("expected a number") }
            advance()
            name += ":" + digits
        } while skip(.comma)
        try expect(.rightParenthesis)
        return name
    }

    /// `cel.block([a, b], body)`: each element has a name for those after it and for the body.
    private mutating func block(_ start: Int) throws(SyntaxFault) -> CELExpression {
        try expect(.leftBracket)
        var values: [CELExpression] = []
        while !skip(.rightBracket) {
            values.append(try expression())
            guard skip(.comma) || isAt(.rightBracket) else { throw unexpected("expected `,` or `]`") }
        }
        try expect(.comma)
        var body = try expression()
        try expect(.rightParenthesis)
        for (index, value) in values.enumerated().reversed() {
            body = try make(.macro(.bind, over: value, variables: ["@index:\(index)"], [body]), start)
        }
        return body
    }

    private mutating func bind(_ start: Int) throws(SyntaxFault) -> CELExpression {
        let name = try variable(of: "cel.bind")
        try expect(.comma)
        let value = try expression()
        try expect(.comma)
        let body = try expression()
        try expect(.rightParenthesis)
        return try make(.macro(.bind, over: value, variables: [name], [body]), start)
    }

    /// After the opening parenthesis.
    private mutating func arguments() throws(SyntaxFault) -> [CELExpression] {
        var arguments: [CELExpression] = []
        if skip(.rightParenthesis) { return arguments }
        while true {
            arguments.append(try expression())
            if skip(.rightParenthesis) { return arguments }
            guard skip(.comma) else { throw unexpected("expected `,` or `)`") }
        }
    }

    private mutating func primary() throws(SyntaxFault) -> CELExpression {
        let token = current
        let start = token.range.lowerBound
        switch token.kind {
        case .punctuation(.leftParenthesis):
            advance()
            let inner = try expression()
            try expect(.rightParenthesis)
            return inner
        case .punctuation(.leftBracket):
            advance()
            return try list(start)
        case .punctuation(.leftBrace):
            advance()
            return try map(start)
        case .punctuation(.dot):
            advance()
            return try name(start, prefix: ".")
        case .punctuation(.minus):
            advance()
            return try number(isNegative: true, start)
        case .int, .uint, .double:
            return try number(isNegative: false, start)
        case .string(let text):
            advance()
            return try make(.constant(.string(text)), start)
        case .bytes(let bytes):
            advance()
            return try make(.constant(.bytes(bytes)), start)
        case .name("true"), .name("false"):
            advance()
            return try make(.constant(.bool(token.kind == .name("true"))), start)
        case .name("null"):
            advance()
            return try make(.constant(.null), start)
        case .name: return try name(start, prefix: "")
        case .end, .escapedName, .punctuation: throw unexpected("expected a value")
        }
    }

    private mutating func number(isNegative: Bool, _ start: Int) throws(SyntaxFault) -> CELExpression {
        let sign = isNegative ? "-" : ""
        let constant: CELConstant?
        let kind: String
        switch current.kind {
        case .int(let digits):
            kind = "an int"
            let isHex = digits.count > 1 && digits.utf8.dropFirst().first.map { $0 | 0x20 == 0x78 } == true
            constant = Int64(sign + (isHex ? String(digits.dropFirst(2)) : digits), radix: isHex ? 16 : 10).map {
                .int($0)
            }
        case .uint(let digits):
            kind = "a uint"
            let isHex = digits.count > 1 && digits.utf8.dropFirst().first.map { $0 | 0x20 == 0x78 } == true
            constant = UInt64(isHex ? String(digits.dropFirst(2)) : digits, radix: isHex ? 16 : 10).map { .uint($0) }
        case .double(let digits):
            kind = "a double"
            constant = Double(sign + (digits.hasPrefix(".") ? "0" : "") + digits).flatMap {
                $0.isFinite ? .double($0) : nil
            }
        default: throw unexpected("expected a number")
        }
        guard let constant else { throw SyntaxFault(message: "number does not fit \(kind)", offset: start) }
        advance()
        return try make(.constant(constant), start)
    }

    private mutating func name(_ start: Int, prefix: String) throws(SyntaxFault) -> CELExpression {
        guard case .name(let name) = current.kind, !Lexer.keywords.contains(name) else {
            throw unexpected("expected a name")
        }
        guard !Lexer.reserved.contains(name) else {
            throw SyntaxFault(message: "`\(name)` is a reserved word", offset: current.range.lowerBound)
        }
        advance()
        guard skip(.leftParenthesis) else { return try make(.identifier(prefix + name), start) }
        if name == "has", prefix.isEmpty {
            let arguments = try arguments()
            guard arguments.count == 1, case .select(let operand, let field, _) = arguments[0].kind else {
                throw SyntaxFault(message: "`has` needs one field, as in has(a.b)", offset: start)
            }
            guard case .select(_, _, let isOptional) = arguments[0].kind, !isOptional else {
                throw SyntaxFault(message: "`has` needs a plain field", offset: start)
            }
            return try make(.has(operand, field: field), start)
        }
        return try make(.call(prefix + name, try arguments()), start)
    }

    private mutating func list(_ start: Int) throws(SyntaxFault) -> CELExpression {
        var elements: [CELExpression.Element] = []
        while !skip(.rightBracket) {
            let isOptional = skip(.question)
            elements.append(CELExpression.Element(value: try expression(), isOptional: isOptional))
            guard skip(.comma) || isAt(.rightBracket) else { throw unexpected("expected `,` or `]`") }
        }
        return try make(.list(elements), start)
    }

    private mutating func map(_ start: Int) throws(SyntaxFault) -> CELExpression {
        var entries: [CELExpression.Entry] = []
        while !skip(.rightBrace) {
            let isOptional = skip(.question)
            let key = try expression()
            try expect(.colon)
            entries.append(CELExpression.Entry(key: key, value: try expression(), isOptional: isOptional))
            guard skip(.comma) || isAt(.rightBrace) else { throw unexpected("expected `,` or `}`") }
        }
        return try make(.map(entries), start)
    }
}
