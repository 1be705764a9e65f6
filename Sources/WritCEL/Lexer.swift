// SPDX-License-Identifier: Apache-2.0

/// A fault of the text before its line and column are known.
struct SyntaxFault: Error {
    let message: String
    let offset: Int
    var hint: String?
}

struct Token {
    enum Kind: Equatable {
        case end
        case name(String)
        /// `` `content-type` ``
        case escapedName(String)
        /// Digits with their `0x`; the parser adds the sign before it checks the range.
        case int(String)
        case uint(String)
        case double(String)
        case string(String)
        case bytes([UInt8])
        case punctuation(Punctuation)
    }

    let kind: Kind
    let range: Range<Int>
}

enum Punctuation: String {
    case leftParenthesis = "(", rightParenthesis = ")", leftBracket = "[", rightBracket = "]", leftBrace = "{"
    case rightBrace = "}", comma = ",", dot = ".", colon = ":", question = "?", not = "!", minus = "-", plus = "+"
    case star = "*", slash = "/", percent = "%", less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">="
    case equal = "==", notEqual = "!=", and = "&&", or = "||"
}

/// Splits the text of an expression. One pass, no recursion, linear.
struct Lexer {
    static let keywords: Set<String> = ["true", "false", "null", "in"]
    /// May be fields and methods, never variables or functions.
    static let reserved: Set<String> = [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
        "namespace", "return", "var", "void", "while",
    ]

    let source: [UInt8]
    var at = 0

    init(_ source: [UInt8]) {
        self.source = source
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    static func isLetter(_ byte: UInt8) -> Bool {
        byte == 0x5F || (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
    }

    static func hexDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte - 0x30)
        case 0x41...0x46: UInt32(byte - 0x41 + 10)
        case 0x61...0x66: UInt32(byte - 0x61 + 10)
        default: nil
        }
    }

    private func peek(_ ahead: Int = 0) -> UInt8 {
        at + ahead < source.count ? source[at + ahead] : 0
    }

    mutating func tokens() throws(SyntaxFault) -> [Token] {
        var tokens: [Token] = []
        while true {
            let token = try next()
            tokens.append(token)
            if case .end = token.kind { return tokens }
        }
    }

    private mutating func next() throws(SyntaxFault) -> Token {
        skipBlanks()
        let start = at
        guard at < source.count else { return Token(kind: .end, range: at..<at) }
        let byte = source[at]
        if Lexer.isLetter(byte) {
            if let token = try literalWithPrefix() { return token }
            while Lexer.isLetter(peek()) || Lexer.isDigit(peek()) { at += 1 }
            return Token(kind: .name(text(start..<at)), range: start..<at)
        }
        if Lexer.isDigit(byte) || (byte == 0x2E && Lexer.isDigit(peek(1))) { return try number() }
        if byte == 0x22 || byte == 0x27 { return try string(isRaw: false, isBytes: false, start: start) }
        if byte == 0x60 { return try escapedName() }
        if let two = at + 1 < source.count ? Punctuation(rawValue: text(at..<at + 2)) : nil {
            at += 2
            return Token(kind: .punctuation(two), range: start..<at)
        }
        guard byte < 0x80, let one = Punctuation(rawValue: String(Unicode.Scalar(byte))) else {
            throw unexpectedCharacter()
        }
        at += 1
        return Token(kind: .punctuation(one), range: start..<at)
    }

    private func unexpectedCharacter() -> SyntaxFault {
        let scalar = String(decoding: source[at...].prefix(4), as: UTF8.self).unicodeScalars.first ?? "?"
        let hint: String? =
            switch scalar {
            case "&": "write `&&`"
            case "|": "write `||`"
            case "=": "write `==` to compare"
            case "\u{201C}", "\u{201D}", "\u{2018}", "\u{2019}": "write plain quotes"
            default: nil
            }
        let shown =
            scalar.value > 0x20 && scalar.value != 0x7F && scalar.properties.generalCategory != .format
            ? "`\(scalar)`" : "U+" + String(scalar.value, radix: 16, uppercase: true)
        return SyntaxFault(message: "unexpected character \(shown)", offset: at, hint: hint)
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: source[range], as: UTF8.self)
    }

    private mutating func skipBlanks() {
        while at < source.count {
            switch source[at] {
            case 0x20, 0x09, 0x0A, 0x0C, 0x0D: at += 1
            case 0x2F where peek(1) == 0x2F:
                while at < source.count, source[at] != 0x0A { at += 1 }
            default: return
            }
        }
    }

    private mutating func number() throws(SyntaxFault) -> Token {
        let start = at
        var isDouble = false
        if peek() == 0x30, peek(1) | 0x20 == 0x78 {
            at += 2
            while Lexer.hexDigit(peek()) != nil { at += 1 }
            guard at > start + 2 else { throw SyntaxFault(message: "expected hexadecimal digits", offset: at) }
        } else {
            while Lexer.isDigit(peek()) { at += 1 }
            if peek() == 0x2E, Lexer.isDigit(peek(1)) {
                isDouble = true
                at += 1
                while Lexer.isDigit(peek()) { at += 1 }
            }
            if peek() | 0x20 == 0x65 {
                var ahead = 1
                if peek(1) == 0x2B || peek(1) == 0x2D { ahead = 2 }
                guard Lexer.isDigit(peek(ahead)) else {
                    throw SyntaxFault(message: "expected digits of the exponent", offset: at + ahead)
                }
                isDouble = true
                at += ahead
                while Lexer.isDigit(peek()) { at += 1 }
            }
        }
        let digits = text(start..<at)
        var kind: Token.Kind = isDouble ? .double(digits) : .int(digits)
        if !isDouble, peek() | 0x20 == 0x75 {
            at += 1
            kind = .uint(digits)
        }
        if Lexer.isLetter(peek()) { throw SyntaxFault(message: "unexpected character in a number", offset: at) }
        return Token(kind: kind, range: start..<at)
    }

    private mutating func escapedName() throws(SyntaxFault) -> Token {
        let start = at
        at += 1
        while at < source.count, source[at] != 0x60 {
            let byte = source[at]
            guard Lexer.isLetter(byte) || Lexer.isDigit(byte) || "-./ ".utf8.contains(byte) else {
                throw SyntaxFault(message: "unexpected character in a quoted field name", offset: at)
            }
            at += 1
        }
        guard at < source.count, at > start + 1 else {
            throw SyntaxFault(message: "field name in backticks does not end or is empty", offset: start)
        }
        at += 1
        return Token(kind: .escapedName(text(start + 1..<at - 1)), range: start..<at)
    }

    private mutating func literalWithPrefix() throws(SyntaxFault) -> Token? {
        let start = at
        var isRaw = false
        var isBytes = false
        var ahead = 0
        while ahead < 2 {
            switch peek(ahead) | 0x20 {
            case 0x72 where !isRaw: isRaw = true
            case 0x62 where !isBytes: isBytes = true
            default: return nil
            }
            ahead += 1
            if peek(ahead) == 0x22 || peek(ahead) == 0x27 {
                at += ahead
                return try string(isRaw: isRaw, isBytes: isBytes, start: start)
            }
        }
        return nil
    }

    private mutating func string(isRaw: Bool, isBytes: Bool, start: Int) throws(SyntaxFault) -> Token {
        let quote = source[at]
        let isTriple = peek(1) == quote && peek(2) == quote
        at += isTriple ? 3 : 1
        var out: [UInt8] = []
        while true {
            guard at < source.count else {
                throw SyntaxFault(message: "text in quotes does not end", offset: start)
            }
            let byte = source[at]
            if byte == quote, !isTriple || (peek(1) == quote && peek(2) == quote) {
                at += isTriple ? 3 : 1
                break
            }
            if byte == 0x0A || byte == 0x0D, !isTriple {
                throw SyntaxFault(
                    message: "text in quotes does not end on its line", offset: start,
                    hint: "write `\\n`, or three quotes on both sides")
            }
            if byte == 0x5C, !isRaw {
                try escape(isBytes: isBytes, into: &out)
                continue
            }
            out.append(byte)
            at += 1
        }
        let kind: Token.Kind = isBytes ? .bytes(out) : .string(String(decoding: out, as: UTF8.self))
        return Token(kind: kind, range: start..<at)
    }

    private mutating func escape(isBytes: Bool, into out: inout [UInt8]) throws(SyntaxFault) {
        let start = at
        at += 1
        let byte = peek()
        at += 1
        let code: UInt32
        switch byte {
        case 0x61: code = 0x07
        case 0x62: code = 0x08
        case 0x66: code = 0x0C
        case 0x6E: code = 0x0A
        case 0x72: code = 0x0D
        case 0x74: code = 0x09
        case 0x76: code = 0x0B
        case 0x5C, 0x3F, 0x22, 0x27, 0x60: code = UInt32(byte)
        case 0x78, 0x58: code = try hex(2, start)
        case 0x75 where !isBytes: code = try hex(4, start)
        case 0x55 where !isBytes: code = try hex(8, start)
        case 0x30...0x33:
            guard peek() & 0xF8 == 0x30, peek(1) & 0xF8 == 0x30 else {
                throw SyntaxFault(message: "expected three octal digits after `\\`", offset: start)
            }
            code = UInt32(byte - 0x30) << 6 | UInt32(peek() - 0x30) << 3 | UInt32(peek(1) - 0x30)
            at += 2
        default:
            throw SyntaxFault(
                message: "unknown escape in a text", offset: start,
                hint: "write `\\\\` for a backslash, or r\"…\" for a pattern")
        }
        if isBytes {
            out.append(UInt8(truncatingIfNeeded: code))
            return
        }
        guard let scalar = Unicode.Scalar(code) else {
            throw SyntaxFault(message: "escape names no Unicode character", offset: start)
        }
        out.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
    }

    private mutating func hex(_ count: Int, _ start: Int) throws(SyntaxFault) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<count {
            guard let digit = Lexer.hexDigit(peek()) else {
                throw SyntaxFault(message: "expected \(count) hexadecimal digits", offset: start)
            }
            code = code << 4 | digit
            at += 1
        }
        return code
    }
}
