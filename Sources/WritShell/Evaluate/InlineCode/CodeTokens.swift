// SPDX-License-Identifier: Apache-2.0
import WritCore

/// A token of inline code.
enum CodeToken: Sendable, Hashable {
    case name(String)
    /// A string; unknown where an expression is interpolated. Names of the variables that stand in it are kept.
    case string(Value)
    case number(String)
    case symbol(String)
    /// A command in backquotes or `qx`, `%x`.
    case command(Value)
    case newline
}

/// Tells code apart into tokens. Total: unfinished strings end with the text.
struct CodeTokenizer {
    /// Most tokens; code beyond is not looked at, and says so.
    static let limit = 20_000

    let language: InlineLanguage
    let bytes: [UInt8]
    private var at = 0
    private(set) var tokens: [CodeToken] = []
    private(set) var isCut = false

    init(_ text: String, _ language: InlineLanguage) {
        self.language = language
        bytes = Array(text.utf8)
        while at < bytes.count {
            if tokens.count >= Self.limit {
                isCut = true
                break
            }
            next()
        }
    }

    private func starts(_ text: String) -> Bool {
        let prefix = text.utf8
        return at + prefix.count <= bytes.count && bytes[at..<(at + prefix.count)].elementsEqual(prefix)
    }

    private func isName(_ byte: UInt8) -> Bool {
        (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A || byte == 0x5F || byte >= 0x80
            || byte == 0x24 && language.name == "javascript"
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private mutating func next() {
        let byte = bytes[at]
        if byte == 0x0A || byte == 0x3B {
            if tokens.last != .newline { tokens.append(.newline) }
            at += 1
            return
        }
        if byte == 0x20 || byte == 0x09 || byte == 0x0D {
            at += 1
            return
        }
        if let comment = language.blockComment, starts(comment.open) {
            at += comment.open.utf8.count
            while at < bytes.count, !starts(comment.close) { at += 1 }
            at = min(bytes.count, at + comment.close.utf8.count)
            return
        }
        for comment in language.lineComments where starts(comment) {
            if comment == "#", language.name == "php" || language.name == "perl", at > 0, bytes[at - 1] == 0x24 {
                break
            }
            while at < bytes.count, bytes[at] != 0x0A { at += 1 }
            return
        }
        if byte == 0x22 || byte == 0x27 {
            string(prefix: "")
            return
        }
        if byte == 0x60 {
            at += 1
            let text = quoted(until: 0x60, open: nil, isRaw: language.hasRawBackquotes)
            tokens.append(language.runsBackquotes ? .command(text) : .string(text))
            return
        }
        if language.name == "lua", starts("[[") {
            at += 2
            let start = at
            while at < bytes.count, !starts("]]") { at += 1 }
            tokens.append(.string(Value(String(decoding: bytes[start..<at], as: UTF8.self))))
            at = min(bytes.count, at + 2)
            return
        }
        if language.hasSigils, byte == 0x24 || byte == 0x40 || byte == 0x25, at + 1 < bytes.count,
            isName(bytes[at + 1]) || bytes[at + 1] == 0x7B
        {
            if language.name == "ruby", byte == 0x25, bytes[at + 1] | 0x20 == 0x78 || bytes[at + 1] | 0x20 == 0x71,
                at + 2 < bytes.count, !isName(bytes[at + 2])
            {
                let runs = bytes[at + 1] | 0x20 == 0x78
                at += 2
                delimited(runs: runs, isRaw: false)
                return
            }
            at += 1
            let start = at
            if bytes[at] == 0x7B { return }
            while at < bytes.count, isName(bytes[at]) || isDigit(bytes[at]) { at += 1 }
            tokens.append(.name("$" + String(decoding: bytes[start..<at], as: UTF8.self)))
            return
        }
        if isName(byte) {
            name()
            return
        }
        if isDigit(byte) {
            let start = at
            while at < bytes.count, isDigit(bytes[at]) || isName(bytes[at]) || bytes[at] == 0x2E { at += 1 }
            tokens.append(.number(String(decoding: bytes[start..<at], as: UTF8.self)))
            return
        }
        if byte == 0x2F, language.hasRegularExpressions, mayBeExpression {
            at += 1
            var isInSet = false
            while at < bytes.count, bytes[at] != 0x0A, isInSet || bytes[at] != 0x2F {
                if bytes[at] == 0x5C {
                    at += 1
                } else if bytes[at] == 0x5B {
                    isInSet = true
                } else if bytes[at] == 0x5D {
                    isInSet = false
                }
                at += 1
            }
            at = min(bytes.count, at + 1)
            tokens.append(.symbol("//"))
            return
        }
        for long in ["::", "->", "=>", "==", "!=", "..", "&&", "||", "+=", ".=", ":=", "<<", "?."] where starts(long) {
            tokens.append(
                .symbol(long == "::" || long == "->" && language.name != "javascript" || long == "?." ? "." : long))
            at += 2
            return
        }
        tokens.append(.symbol(String(decoding: [byte], as: UTF8.self)))
        at += 1
    }

    /// A value cannot end here, so that `/` begins a regular expression.
    private var mayBeExpression: Bool {
        switch tokens.last {
        case nil, .newline?: true
        case .symbol(let symbol)?: symbol != ")" && symbol != "]" && symbol != "}"
        case .name(let name)?: ["return", "if", "unless", "and", "or", "not", "split", "grep", "when"].contains(name)
        case .string?, .number?, .command?: false
        }
    }

    private mutating func name() {
        let start = at
        while at < bytes.count, isName(bytes[at]) || isDigit(bytes[at]) { at += 1 }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        guard at < bytes.count else {
            tokens.append(.name(text))
            return
        }
        let lower = text.lowercased()
        if language.name == "python", bytes[at] == 0x22 || bytes[at] == 0x27,
            ["r", "b", "u", "f", "br", "rb", "fr", "rf"].contains(lower)
        {
            string(prefix: lower)
            return
        }
        if language.name == "perl", ["q", "qq", "qw", "qx", "m", "s", "tr", "y", "qr"].contains(text),
            bytes[at] != 0x2C, bytes[at] != 0x3D, bytes[at] != 0x29,
            !(bytes[at] == 0x20 && at + 1 < bytes.count && bytes[at + 1] == 0x3D)
        {
            if text == "m" || text == "qr" || text == "s" || text == "tr" || text == "y" {
                pattern(parts: text == "m" || text == "qr" ? 1 : 2)
            } else {
                delimited(runs: text == "qx", isRaw: text == "q" || text == "qw")
            }
            return
        }
        tokens.append(.name(text))
    }

    /// `s/…/…/flags`; the flag `e` runs the replacement.
    private mutating func pattern(parts: Int) {
        guard at < bytes.count else { return }
        let open = bytes[at]
        if open == 0x20 || open == 0x0A {
            tokens.append(.name("s"))
            return
        }
        at += 1
        for _ in 0..<parts {
            while at < bytes.count, bytes[at] != Self.closing(open) {
                if bytes[at] == 0x5C { at += 1 }
                at += 1
            }
            at = min(bytes.count, at + 1)
            if Self.closing(open) != open, parts == 2, at < bytes.count, bytes[at] == open { at += 1 }
        }
        while at < bytes.count, isName(bytes[at]) { at += 1 }
        tokens.append(.symbol("//"))
    }

    private static func closing(_ open: UInt8) -> UInt8 {
        switch open {
        case 0x28: 0x29
        case 0x5B: 0x5D
        case 0x7B: 0x7D
        case 0x3C: 0x3E
        default: open
        }
    }

    private mutating func delimited(runs: Bool, isRaw: Bool) {
        while at < bytes.count, bytes[at] == 0x20 { at += 1 }
        guard at < bytes.count else { return }
        let open = bytes[at]
        at += 1
        let text = quoted(until: Self.closing(open), open: Self.closing(open) == open ? nil : open, isRaw: isRaw)
        tokens.append(runs ? .command(text) : .string(text))
    }

    private mutating func string(prefix: String) {
        let quote = bytes[at]
        let triple = String(decoding: [quote, quote, quote], as: UTF8.self)
        if language.hasTripleQuotes, starts(triple) {
            at += 3
            let start = at
            while at < bytes.count, !starts(triple) {
                if bytes[at] == 0x5C { at += 1 }
                at += 1
            }
            let end = min(at, bytes.count)
            let text = String(decoding: bytes[min(start, end)..<end], as: UTF8.self)
            tokens.append(.string(prefix.contains("f") ? Self.interpolated(text, open: "{", names: true) : Value(text)))
            at = min(bytes.count, at + 3)
            return
        }
        at += 1
        let isRaw = prefix.contains("r") || quote == 0x27 && language.singleQuotesAreRaw
        var value = quoted(until: quote, open: nil, isRaw: isRaw, isSingle: quote == 0x27)
        if prefix.contains("f"), let text = value.text { value = Self.interpolated(text, open: "{", names: true) }
        tokens.append(.string(value))
    }

    /// Text up to a delimiter, with escapes and interpolation.
    private mutating func quoted(until close: UInt8, open: UInt8?, isRaw: Bool, isSingle: Bool = false) -> Value {
        var text: [UInt8] = []
        var level = 0
        while at < bytes.count {
            let byte = bytes[at]
            if byte == 0x5C, at + 1 < bytes.count {
                if isRaw, bytes[at + 1] != close, bytes[at + 1] != 0x5C || language.name == "python" {
                    text.append(byte)
                    at += 1
                    continue
                }
                text += [byte, bytes[at + 1]]
                at += 2
                continue
            }
            if !isRaw, !isSingle, language.name == "ruby", starts("#{") {
                // Quotes within an interpolation are its own.
                let end = min(bytes.count, bytes.closing(0x7D, of: 0x7B, from: at + 2) + 1)
                text += bytes[at..<end]
                at = end
                continue
            }
            if let open, byte == open { level += 1 }
            if byte == close {
                if level == 0 { break }
                level -= 1
            }
            text.append(byte)
            at += 1
        }
        at = min(bytes.count, at + 1)
        let raw = String(decoding: text, as: UTF8.self)
        if isRaw { return Value(raw.replacingEscapes(of: close)) }
        let decoded = Escapes.decoded(raw, style: .ansiC)
        let isTemplate = language.name == "javascript" ? close == 0x60 : !isSingle
        if let mark = language.interpolation, isTemplate { return Self.interpolated(decoded, open: mark, names: true) }
        if language.interpolatesVariables { return Self.variables(decoded) }
        return Value(decoded)
    }

    /// `{name}`, `${name}`, `#{…}`: each is unknown, and carries the name where it is one.
    private static func interpolated(_ text: String, open: String, names: Bool) -> Value {
        let bytes = Array(text.utf8)
        let mark = Array(open.utf8)
        var value = Value("")
        var start = 0
        var at = 0
        while at < bytes.count {
            guard at + mark.count <= bytes.count, bytes[at..<(at + mark.count)].elementsEqual(mark) else {
                at += 1
                continue
            }
            value.append(text: String(decoding: bytes[start..<at], as: UTF8.self))
            at += mark.count
            let inside = at
            at = bytes.closing(0x7D, of: 0x7B, from: at)
            value.append(Value.Piece.unknown(.variable(String(decoding: bytes[inside..<at], as: UTF8.self))))
            at = min(bytes.count, at + 1)
            start = at
        }
        value.append(text: String(decoding: bytes[start...], as: UTF8.self))
        return value
    }

    /// `$x` and `@x` in a string.
    private static func variables(_ text: String) -> Value {
        var value = Value("")
        var rest = Substring(text)
        while let mark = rest.firstIndex(where: { $0 == "$" || $0 == "@" }) {
            let after = rest.index(after: mark)
            guard after < rest.endIndex, rest[after].isLetter || rest[after] == "_" || rest[after] == "{" else {
                value.append(text: String(rest[...mark]))
                rest = rest[after...]
                continue
            }
            value.append(text: String(rest[..<mark]))
            let name = rest[after...].prefix { $0.isLetter || $0 == "_" || $0.isNumber || $0 == "{" || $0 == "}" }
            // `$ENV{HOME}` is an access, `${name}` a name.
            let isAccess = name.hasPrefix("ENV{")
            let plain = isAccess ? String(name) : name.filter { $0 != "{" && $0 != "}" }
            value.append(Value.Piece.unknown(.variable("$" + plain)))
            rest = rest[name.endIndex...]
        }
        value.append(text: String(rest))
        return value
    }
}

extension String {
    fileprivate func replacingEscapes(of close: UInt8) -> String {
        guard utf8.contains(0x5C) else { return self }
        var result: [UInt8] = []
        var isEscaped = false
        for byte in utf8 {
            if isEscaped {
                if byte != close, byte != 0x5C { result.append(0x5C) }
                result.append(byte)
                isEscaped = false
            } else if byte == 0x5C {
                isEscaped = true
            } else {
                result.append(byte)
            }
        }
        if isEscaped { result.append(0x5C) }
        return String(decoding: result, as: UTF8.self)
    }
}
