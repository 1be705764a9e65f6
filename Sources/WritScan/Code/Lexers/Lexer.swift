// SPDX-License-Identifier: Apache-2.0

/// Cuts a source into tokens. One pass, linear in the input; every byte sequence has an answer.
///
/// A string that never ends stops at the end of its line (or of the source, where the language lets strings span
/// lines and closes them later), so that one stray quote does not hide the rest of a fragment.
struct CodeLexer {
    private let bytes: UnsafeRawBufferPointer
    private let dialect: Dialect
    private var at = 0
    private var line = 1
    private var out = CodeTokens()
    private var open: [UInt8] = []
    private var heredocs: [(tag: [UInt8], isRaw: Bool, token: Int)] = []
    private let isPython: Bool
    private var unclosed: Set<UInt8> = []

    static func tokens(of bytes: UnsafeRawBufferPointer, _ language: CodeLanguage) -> CodeTokens {
        var lexer = CodeLexer(bytes: bytes, dialect: .of(language), isPython: language == .python)
        lexer.run()
        return lexer.out
    }

    private init(bytes: UnsafeRawBufferPointer, dialect: Dialect, isPython: Bool) {
        self.bytes = bytes
        self.dialect = dialect
        self.isPython = isPython
        out.tokens.reserveCapacity(bytes.count / 5)
    }

    private mutating func run() {
        if dialect.isPHP { skipMarkup(isStart: true) }
        while at < bytes.count {
            let byte = bytes[at]
            switch byte {
            case 0x20, 0x09, 0x0D, 0x0C: at += 1
            case 0x0A: newline()
            case UInt8(ascii: "\\") where bytes.byte(at + 1) == 0x0A:
                at += 2
                line += 1
            default:
                if comment() { continue }
                if dialect.isPHP, bytes.holds("?>", at: at) {
                    emit(.mark, at, at + 2, mark: UInt8(ascii: ";"))
                    at += 2
                    skipMarkup(isStart: false)
                    continue
                }
                if string() { continue }
                if byte.isDigit {
                    number()
                } else if byte.isWord || byte >= 0x80
                    || dialect.wordStarts.contains(byte)
                        && (dialect.hasTemplates || bytes.byte(at + 1).isWord || bytes.byte(at + 1) == byte
                            || bytes.byte(at + 1) >= 0x80)
                {
                    word()
                } else {
                    mark()
                }
            }
        }
    }

    private mutating func emit(
        _ kind: CodeToken.Kind, _ start: Int, _ end: Int, mark: UInt8 = 0, inner: Range<Int>? = nil, line: Int? = nil
    ) {
        out.tokens.append(
            CodeToken(
                kind: kind, mark: mark, start: Int32(truncatingIfNeeded: start), end: Int32(truncatingIfNeeded: end),
                innerStart: Int32(truncatingIfNeeded: inner?.lowerBound ?? start),
                innerEnd: Int32(truncatingIfNeeded: inner?.upperBound ?? end),
                line: Int32(truncatingIfNeeded: line ?? self.line)))
    }

    private mutating func newline() {
        let innermost = open.last ?? 0
        let isHidden =
            innermost == UInt8(ascii: "(") || innermost == UInt8(ascii: "[")
            || innermost == UInt8(ascii: "{") && isPython
        if !isHidden { emit(.newline, at, at + 1, mark: 0x0A) }
        at += 1
        line += 1
        if !heredocs.isEmpty { readHeredocs() }
    }

    /// PHP: everything up to the next opening tag is markup. A source without any tag is taken for code.
    private mutating func skipMarkup(isStart: Bool) {
        let start = at
        while at < bytes.count {
            if bytes[at] == 0x0A { line += 1 }
            if bytes[at] == UInt8(ascii: "<"), bytes.byte(at + 1) == UInt8(ascii: "?") {
                at += bytes.holds("<?php", at: at) ? 5 : bytes.holds("<?=", at: at) ? 3 : 2
                // `<?= x` writes x: the same as `echo x`.
                if bytes.byte(at - 1) == UInt8(ascii: "=") { emit(.word, at - 3, at) }
                return
            }
            at += 1
        }
        if isStart {
            at = start
            line = 1
        }
    }

    // MARK: Comments

    private mutating func comment() -> Bool {
        let byte = bytes[at]
        for opener in dialect.lineComments where byte == opener[0] {
            guard opener.count == 1 || bytes.byte(at + 1) == opener[1] else { continue }
            // `$#`, `${x#y}` and `a#b` in a shell, `#[attribute]` in PHP.
            if opener.count == 1, at > 0, dialect.wordStarts.contains(UInt8(ascii: "$")), !dialect.isPHP,
                !dialect.isRuby,
                !bytes[at - 1].isBlank, bytes[at - 1] != 0x0A, bytes[at - 1] != UInt8(ascii: ";")
            {
                continue
            }
            if dialect.isPHP, opener.count == 1, bytes.byte(at + 1) == UInt8(ascii: "[") { continue }
            let start = at
            while at < bytes.count, bytes[at] != 0x0A {
                if dialect.isPHP, bytes.holds("?>", at: at) { break }
                at += 1
            }
            out.comments.append(start..<at)
            return true
        }
        if dialect.isRuby, byte == UInt8(ascii: "="), bytes.holds("=begin", at: at), at == 0 || bytes[at - 1] == 0x0A {
            let start = at
            while at < bytes.count {
                if bytes[at] == 0x0A {
                    line += 1
                    if bytes.holds("=end", at: at + 1) {
                        at += 5
                        break
                    }
                }
                at += 1
            }
            out.comments.append(start..<min(at, bytes.count))
            return true
        }
        guard dialect.hasBlockComments, byte == UInt8(ascii: "/"), bytes.byte(at + 1) == UInt8(ascii: "*") else {
            return false
        }
        let start = at
        var depth = 1
        at += 2
        while at < bytes.count, depth > 0 {
            if bytes[at] == 0x0A { line += 1 }
            if bytes[at] == UInt8(ascii: "*"), bytes.byte(at + 1) == UInt8(ascii: "/") {
                depth -= 1
                at += 2
            } else if dialect.nestsBlockComments, bytes[at] == UInt8(ascii: "/"),
                bytes.byte(at + 1) == UInt8(ascii: "*")
            {
                depth += 1
                at += 2
            } else {
                at += 1
            }
        }
        at = min(at, bytes.count)
        out.comments.append(start..<at)
        return true
    }

    // MARK: Words, numbers, marks

    private mutating func word() {
        let start = at
        at += 1
        while at < bytes.count,
            bytes[at].isWord || bytes[at] >= 0x80
                || dialect.wordStarts.contains(UInt8(ascii: "$")) && bytes[at] == UInt8(ascii: "$") && !dialect.isPHP
        { at += 1 }
        if dialect.isRuby, at < bytes.count, bytes[at] == UInt8(ascii: "?") || bytes[at] == UInt8(ascii: "!"),
            bytes.byte(at + 1) != UInt8(ascii: "=")
        {
            at += 1
        }
        // A Rust macro's name carries its exclamation mark.
        if dialect.hasRustRaw, bytes.byte(at) == UInt8(ascii: "!"), bytes.byte(at + 1) != UInt8(ascii: "=") { at += 1 }
        emit(.word, start, at)
    }

    private mutating func number() {
        let start = at
        while at < bytes.count, bytes[at].isWord || bytes[at] == UInt8(ascii: ".") && bytes.byte(at + 1).isDigit {
            at += 1
        }
        emit(.number, start, at)
    }

    private mutating func mark() {
        let byte = bytes[at]
        switch byte {
        case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): open.append(byte)
        case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): if !open.isEmpty { open.removeLast() }
        default: break
        }
        let start = at
        at += 1
        for longer in Self.longMarks where longer.first == byte {
            var i = 1
            while i < longer.count, bytes.byte(start + i) == longer[i] { i += 1 }
            if i == longer.count {
                at = start + i
                break
            }
        }
        emit(.mark, start, at, mark: byte)
    }

    private static let longMarks: [[UInt8]] = [
        "===", "!==", "...", "<=>", "**=", "??=", "<<=", ">>=", "?->", "==", "!=", "<=", ">=", "&&", "||", "->", "=>",
        "::", ":=", "+=", "-=",
        ".=", "*=", "/=", "%=", "|=", "&=", "^=", "++", "--", "?.", "??", "<<", "**", "//", "<-", "|>",
    ].map { Array($0.utf8) }

    // MARK: Strings

    private mutating func string() -> Bool {
        let byte = bytes[at]
        let quote = UInt8(ascii: "\"")
        let apostrophe = UInt8(ascii: "'")
        let backtick = UInt8(ascii: "`")
        if dialect.hasPrefixes, byte.isLetter, let prefix = pythonPrefix() {
            let start = at
            at += prefix.length
            quoted(start: start, isRaw: prefix.isRaw, braces: prefix.isFormat)
            return true
        }
        if dialect.hasCSharpStrings, byte == UInt8(ascii: "$") || byte == UInt8(ascii: "@") {
            var i = at
            var isRaw = false
            var isFormat = false
            while bytes.byte(i) == UInt8(ascii: "$") || bytes.byte(i) == UInt8(ascii: "@") {
                if bytes[i] == UInt8(ascii: "@") { isRaw = true } else { isFormat = true }
                i += 1
            }
            if bytes.byte(i) == quote {
                let start = at
                at = i
                quoted(start: start, isRaw: isRaw, braces: isFormat, spans: isRaw)
                return true
            }
        }
        if dialect.hasRustRaw, byte == UInt8(ascii: "r") || byte == UInt8(ascii: "b") {
            var i = at + 1
            if byte == UInt8(ascii: "b"), bytes.byte(i) == UInt8(ascii: "r") { i += 1 }
            let isRaw = bytes.byte(i - 1) == UInt8(ascii: "r")
            var hashes = 0
            while isRaw, bytes.byte(i) == UInt8(ascii: "#"), hashes < 64 {
                hashes += 1
                i += 1
            }
            if bytes.byte(i) == quote {
                let start = at
                at = i
                if isRaw { fenced(start: start, hashes: hashes) } else { quoted(start: start) }
                return true
            }
        }
        if dialect.hasSwiftRaw, byte == UInt8(ascii: "#") {
            var i = at
            while bytes.byte(i) == UInt8(ascii: "#"), i - at < 64 { i += 1 }
            if bytes.byte(i) == quote {
                let start = at
                let hashes = i - at
                at = i
                fenced(start: start, hashes: hashes)
                return true
            }
        }
        if byte == UInt8(ascii: "s") || byte == UInt8(ascii: "f"), dialect.hasDollarHoles, dialect.hasCharacters,
            bytes.byte(at + 1) == quote
        {
            let start = at
            at += 1
            quoted(start: start, dollars: true)
            return true
        }
        if byte == quote {
            quoted(start: at, dollars: dialect.hasDollarHoles)
            return true
        }
        if byte == apostrophe {
            if dialect.hasCharacters { return character() }
            quoted(start: at, isRaw: dialect.isPHP || dialect.isRuby || dialect.hasDollarHoles, plain: true)
            return true
        }
        if byte == backtick {
            if dialect.hasTemplates {
                template()
                return true
            }
            if dialect.hasBacktickStrings {
                quoted(
                    start: at, isRaw: !dialect.hasDollarHoles && !dialect.hasHashHoles, dollars: dialect.hasDollarHoles,
                    spans: true)
                return true
            }
        }
        if byte == UInt8(ascii: "<"), dialect.hasHeredocs, heredocOpening() { return true }
        if dialect.isRuby, byte == UInt8(ascii: "%"), percentLiteral() { return true }
        if byte == UInt8(ascii: "/"), dialect.hasRegexLiterals, isRegexPlace() { return regex() }
        return false
    }

    private func pythonPrefix() -> (length: Int, isRaw: Bool, isFormat: Bool)? {
        if at > 0, bytes[at - 1].isWord { return nil }
        var isRaw = false
        var isFormat = false
        for length in 1...3 {
            switch bytes.byte(at + length - 1) | 0x20 {
            case UInt8(ascii: "r"): isRaw = true
            case UInt8(ascii: "f"), UInt8(ascii: "t"): isFormat = true
            case UInt8(ascii: "b"), UInt8(ascii: "u"): break
            default: return nil
            }
            let next = bytes.byte(at + length)
            if next == UInt8(ascii: "\"") || next == UInt8(ascii: "'") { return (length, isRaw, isFormat) }
        }
        return nil
    }

    /// From the opening quote at `at`.
    private mutating func quoted(
        start: Int, isRaw: Bool = false, braces: Bool = false, dollars: Bool = false, spans: Bool = false,
        plain: Bool = false
    ) {
        let quote = bytes[at]
        let firstLine = line
        var width = 1
        if dialect.hasTripleQuotes, bytes.byte(at + 1) == quote, bytes.byte(at + 2) == quote { width = 3 }
        let mayspan = width == 3 || (spans || dialect.spansLines) && !unclosed.contains(quote)
        let open = at
        at += width
        let inner = at
        var holes: [Range<Int>] = []
        var breaks = 0
        var closed = false
        while at < bytes.count {
            let byte = bytes[at]
            if byte == quote {
                if width == 3 {
                    if bytes.byte(at + 1) == quote, bytes.byte(at + 2) == quote {
                        closed = true
                        break
                    }
                } else if (dialect.doublesQuotes || isRaw && dialect.hasCSharpStrings), bytes.byte(at + 1) == quote {
                    at += 1
                } else {
                    closed = true
                    break
                }
            } else if byte == 0x0A {
                if !mayspan { break }
                breaks += 1
            } else if byte == UInt8(ascii: "\\"),
                !(isRaw && (dialect.hasCSharpStrings || dialect.hasDollarHoles && !dialect.isPHP))
            {
                if dialect.hasBackslashHoles, bytes.byte(at + 1) == UInt8(ascii: "(") {
                    holes.append(hole(from: at + 2, close: UInt8(ascii: ")"), open: UInt8(ascii: "(")))
                    continue
                }
                at += 1
                if bytes.byte(at) == 0x0A { breaks += 1 }
            } else if braces, byte == UInt8(ascii: "{") {
                if bytes.byte(at + 1) == byte {
                    at += 1
                } else {
                    holes.append(hole(from: at + 1, close: UInt8(ascii: "}"), open: byte))
                    continue
                }
            } else if dialect.hasHashHoles, !plain, byte == UInt8(ascii: "#"), bytes.byte(at + 1) == UInt8(ascii: "{") {
                holes.append(hole(from: at + 2, close: UInt8(ascii: "}"), open: UInt8(ascii: "{")))
                continue
            } else if dollars, byte == UInt8(ascii: "$") {
                if bytes.byte(at + 1) == UInt8(ascii: "{") || bytes.byte(at + 1) == UInt8(ascii: "(") {
                    let opener = bytes[at + 1]
                    holes.append(
                        hole(
                            from: at + 2, close: opener == UInt8(ascii: "{") ? UInt8(ascii: "}") : UInt8(ascii: ")"),
                            open: opener))
                    continue
                }
                if bytes.byte(at + 1).isLetter || bytes.byte(at + 1) == 0x5F
                    || bytes.byte(at + 1).isDigit && dialect.wordStarts.contains(byte) && !dialect.isPHP
                    || bytes.byte(at + 1) == UInt8(ascii: "@")
                {
                    let from = dialect.isPHP ? at : at + 1
                    at += 2
                    while at < bytes.count, bytes[at].isWord { at += 1 }
                    holes.append(from..<at)
                    continue
                }
            }
            at += 1
        }
        at = min(at, bytes.count)
        if !closed, mayspan, width == 1 {
            // Never closed: taken for a stray quote that ends with its line, and so is every later one of its kind;
            // looking for each one's end anew would take quadratic time.
            unclosed.insert(quote)
            at = inner
            while at < bytes.count, bytes[at] != 0x0A { at += 1 }
            breaks = 0
            holes.removeAll { $0.upperBound > at }
        }
        let end = closed ? min(bytes.count, at + width) : at
        finish(start: start, end: end, inner: inner..<at, holes: holes, line: firstLine)
        line += breaks
        at = max(end, open + 1)
    }

    private mutating func finish(start: Int, end: Int, inner: Range<Int>, holes: [Range<Int>], line firstLine: Int) {
        emit(.string, start, end, inner: inner, line: firstLine)
        if !holes.isEmpty {
            out.tokens[out.tokens.count - 1].hasHoles = true
            out.holes[out.tokens.count - 1] = holes
        }
    }

    /// The expression from `from` to its closing mark; moves behind it. A hole ends with its line or after 2,000 bytes.
    private mutating func hole(from: Int, close: UInt8, open: UInt8) -> Range<Int> {
        var depth = 1
        at = from
        while at < bytes.count, at - from < 2_000 {
            let byte = bytes[at]
            if byte == open { depth += 1 }
            if byte == close {
                depth -= 1
                if depth == 0 {
                    at += 1
                    return from..<(at - 1)
                }
            }
            if byte == 0x0A { return from..<at }
            at += 1
        }
        return from..<at
    }

    private mutating func template() {
        let start = at
        let firstLine = line
        var breaks = 0
        var holes: [Range<Int>] = []
        at += 1
        while at < bytes.count, bytes[at] != UInt8(ascii: "`") {
            if bytes[at] == UInt8(ascii: "\\") { at += 1 }
            if bytes.byte(at) == UInt8(ascii: "$"), bytes.byte(at + 1) == UInt8(ascii: "{") {
                // Templates nest inside holes: only braces are counted.
                var depth = 1
                let from = at + 2
                at = from
                while at < bytes.count, at - from < 4_000, depth > 0 {
                    let byte = bytes[at]
                    if byte == 0x0A { breaks += 1 }
                    if byte == UInt8(ascii: "{") { depth += 1 }
                    if byte == UInt8(ascii: "}") { depth -= 1 }
                    at += 1
                }
                holes.append(from..<max(from, at - 1))
                continue
            }
            if bytes.byte(at) == 0x0A { breaks += 1 }
            at += 1
        }
        at = min(at, bytes.count)
        let inner = (start + 1)..<max(start + 1, at)
        at = min(bytes.count, at + 1)
        finish(start: start, end: at, inner: inner, holes: holes, line: firstLine)
        line += breaks
    }

    private mutating func character() -> Bool {
        let start = at
        var i = at + 1
        if bytes.byte(i) == UInt8(ascii: "\\") { i += 1 }
        i += 1
        while i < bytes.count, i - start < 12, bytes[i] != UInt8(ascii: "'"), bytes[i] != 0x0A,
            bytes[i] >= 0x80 || bytes[i].isHexDigit || bytes[i] == UInt8(ascii: "{") || bytes[i] == UInt8(ascii: "}")
        { i += 1 }
        if bytes.byte(i) == UInt8(ascii: "'") {
            at = i + 1
            emit(.number, start, at)
            return true
        }
        // A Rust lifetime or Scala symbol: a mark of its own.
        at += 1
        emit(.mark, start, at, mark: UInt8(ascii: "'"))
        return true
    }

    private mutating func fenced(start: Int, hashes: Int) {
        let firstLine = line
        var width = 1
        if dialect.hasSwiftRaw, bytes.byte(at + 1) == UInt8(ascii: "\""), bytes.byte(at + 2) == UInt8(ascii: "\"") {
            width = 3
        }
        at += width
        let inner = at
        var breaks = 0
        while at < bytes.count {
            if bytes[at] == 0x0A { breaks += 1 }
            if bytes[at] == UInt8(ascii: "\"") {
                var i = 0
                while i < width + hashes, bytes.byte(at + i) == (i < width ? UInt8(ascii: "\"") : UInt8(ascii: "#")) {
                    i += 1
                }
                if i == width + hashes { break }
            }
            at += 1
        }
        let end = min(bytes.count, at + width + hashes)
        finish(start: start, end: end, inner: inner..<at, holes: [], line: firstLine)
        line += breaks
        at = end
    }

    /// A slash begins an expression where a value cannot end before it.
    private func isRegexPlace() -> Bool {
        guard let last = out.tokens.last(where: { $0.kind != .newline }) else { return true }
        switch last.kind {
        case .number, .string: return false
        case .mark:
            return last.mark != UInt8(ascii: ")") && last.mark != UInt8(ascii: "]") && last.mark != UInt8(ascii: "}")
        case .word:
            let text = bytes.part(last.range)
            return ["return", "typeof", "case", "in", "of", "if", "unless", "when", "and", "or"].contains {
                text.elementsEqual($0.utf8)
            }
        case .newline: return true
        }
    }

    private mutating func regex() -> Bool {
        var i = at + 1
        var inClass = false
        while i < bytes.count, i - at < 2_000, bytes[i] != 0x0A {
            if bytes[i] == UInt8(ascii: "\\") {
                i += 2
                continue
            }
            if bytes[i] == UInt8(ascii: "[") { inClass = true }
            if bytes[i] == UInt8(ascii: "]") { inClass = false }
            if bytes[i] == UInt8(ascii: "/"), !inClass {
                let start = at
                let end = i
                i += 1
                while i < bytes.count, bytes[i].isLetter { i += 1 }
                at = i
                emit(.string, start, i, inner: (start + 1)..<end)
                return true
            }
            i += 1
        }
        return false
    }

    private mutating func percentLiteral() -> Bool {
        var i = at + 1
        if bytes.byte(i).isLetter, "qQxwWiIrs".utf8.contains(bytes[i]) { i += 1 }
        let opener = bytes.byte(i)
        guard
            let close = [
                UInt8(ascii: "("): UInt8(ascii: ")"), UInt8(ascii: "["): UInt8(ascii: "]"),
                UInt8(ascii: "{"): UInt8(ascii: "}"), UInt8(ascii: "<"): UInt8(ascii: ">"),
                UInt8(ascii: "|"): UInt8(ascii: "|"),
            ][opener]
        else { return false }
        if let last = out.tokens.last, i == at + 1, last.kind != .mark, last.kind != .newline { return false }
        let start = at
        let firstLine = line
        var depth = 1
        var breaks = 0
        var holes: [Range<Int>] = []
        at = i + 1
        let inner = at
        while at < bytes.count, at - inner < 4_000 {
            if bytes[at] == 0x0A { breaks += 1 }
            if bytes[at] == UInt8(ascii: "#"), bytes.byte(at + 1) == UInt8(ascii: "{") {
                holes.append(hole(from: at + 2, close: UInt8(ascii: "}"), open: UInt8(ascii: "{")))
                continue
            }
            if bytes[at] == close { depth -= 1 } else if bytes[at] == opener { depth += 1 }
            if depth == 0 { break }
            at += 1
        }
        guard at < bytes.count, depth == 0 else {
            at = start
            return false
        }
        at += 1
        finish(start: start, end: at, inner: inner..<(at - 1), holes: holes, line: firstLine)
        line += breaks
        return true
    }

    private mutating func heredocOpening() -> Bool {
        var i = at + (dialect.isPHP ? 3 : 2)
        guard bytes.holds(dialect.isPHP ? "<<<" : "<<", at: at) else { return false }
        if dialect.isRuby {
            guard bytes.byte(i) == UInt8(ascii: "~") || bytes.byte(i) == UInt8(ascii: "-") || bytes.byte(i).isUpper
            else { return false }
            if !bytes.byte(i).isUpper { i += 1 }
        }
        while dialect.isPHP, bytes.byte(i).isBlank { i += 1 }
        let quote = bytes.byte(i)
        let isQuoted = quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"")
        if isQuoted { i += 1 }
        let start = i
        while bytes.byte(i).isWord { i += 1 }
        guard i > start, i - start <= 64 else { return false }
        let tag = Array(bytes.part(start..<i))
        if isQuoted { i += 1 }
        finish(start: at, end: min(bytes.count, i), inner: i..<i, holes: [], line: line)
        heredocs.append((tag, quote == UInt8(ascii: "'"), out.tokens.count - 1))
        at = min(bytes.count, i)
        return true
    }

    private mutating func readHeredocs() {
        let waiting = heredocs
        heredocs = []
        for document in waiting {
            let inner = at
            var holes: [Range<Int>] = []
            while at < bytes.count {
                var i = at
                while bytes.byte(i).isBlank { i += 1 }
                if bytes.part(i..<(i + document.tag.count)).elementsEqual(document.tag),
                    !bytes.byte(i + document.tag.count).isWord
                {
                    let end = at
                    at = i + document.tag.count
                    out.tokens[document.token].innerStart = Int32(truncatingIfNeeded: inner)
                    out.tokens[document.token].innerEnd = Int32(truncatingIfNeeded: end)
                    break
                }
                while at < bytes.count, bytes[at] != 0x0A {
                    let next = bytes.byte(at + 1)
                    let begins =
                        dialect.isRuby
                        ? bytes[at] == UInt8(ascii: "#") && next == UInt8(ascii: "{")
                        : bytes[at] == UInt8(ascii: "{") && next == UInt8(ascii: "$")
                            || bytes[at] == UInt8(ascii: "$") && next.isLetter
                    if !document.isRaw, begins {
                        let from = at
                        if bytes[at] == UInt8(ascii: "$") {
                            at += 1
                            while bytes.byte(at).isWord { at += 1 }
                            holes.append(from..<at)
                        } else {
                            holes.append(
                                hole(
                                    from: dialect.isRuby ? at + 2 : at + 1, close: UInt8(ascii: "}"),
                                    open: UInt8(ascii: "{")))
                        }
                        continue
                    }
                    at += 1
                }
                if at < bytes.count {
                    at += 1
                    line += 1
                }
            }
            if !holes.isEmpty {
                out.tokens[document.token].hasHoles = true
                out.holes[document.token] = holes
            }
        }
    }
}
