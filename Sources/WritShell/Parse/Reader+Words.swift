// SPDX-License-Identifier: Apache-2.0
import WritCore

extension Reader {
    // MARK: Pieces of text

    /// Adds unquoted text; joins it to unquoted text before it.
    @inline(never)
    func appendLiteral(_ start: Int, _ stop: Int, to parts: inout [Word.Part]) {
        guard start < stop else { return }
        appendLiteral(text(start, stop), to: &parts)
    }

    func appendLiteral(_ piece: String, to parts: inout [Word.Part]) {
        if case .literal(var before)? = parts.last {
            parts.removeLast()
            before += piece
            parts.append(.literal(before))
        } else {
            parts.append(.literal(piece))
        }
    }

    /// Adds text that nothing expands; joins it to such text before it. Empty text counts: `''` is a word.
    @inline(never)
    func appendQuoted(_ piece: String, to parts: inout [Word.Part]) {
        if case .quoted(var before)? = parts.last {
            parts.removeLast()
            before += piece
            parts.append(.quoted(before))
        } else {
            parts.append(.quoted(piece))
        }
    }

    @inline(never)
    func appendQuoted(_ start: Int, _ stop: Int, to parts: inout [Word.Part]) {
        guard start < stop else { return }
        appendQuoted(text(start, stop), to: &parts)
    }

    // MARK: Unquoted words

    /// A word up to a blank or metacharacter. The caller has seen that one starts here.
    mutating func readWord(isCommandName: Bool = false) throws(Stop) -> Word {
        let start = at
        while !Byte.endsRun(current) { at += 1 }
        // Nearly all words are a run of plain bytes.
        if Byte.isMeta(current), at > start, current != Byte.openParen, !startsProcess() {
            return Word(parts: [.literal(text(start, at))], span: span(start, at))
        }
        return try readWordSlowly(from: start, run: start, after: [], isCommandName: isCommandName)
    }

    /// The rest of a word whose first parts were read already, up to the cursor.
    mutating func readWord(from start: Int, after parts: [Word.Part]) throws(Stop) -> Word {
        try readWordSlowly(from: start, run: at, after: parts, isCommandName: false)
    }

    /// The rest of a word that has more than plain bytes, with the cursor at the first of these.
    @inline(never)
    private mutating func readWordSlowly(
        from start: Int, run: Int, after parts: [Word.Part], isCommandName: Bool
    ) throws(Stop) -> Word {
        var parts = parts
        var run = run
        while true {
            let next = current
            if !Byte.endsRun(next) {
                at += 1
                continue
            }
            switch next {
            case Byte.openParen:
                let sign = at > run ? byte(at - 1) : 0
                if isPatternSign(sign),
                    !(isCommandName && (byte(at + 1) == Byte.closeParen || sign == Byte.bang && at == run + 1))
                {
                    appendLiteral(run, at - 1, to: &parts)
                    parts.append(try readPattern(sign: sign))
                    run = at
                    continue
                }
                if dialect == .zsh,
                    try readZshParen(isFirst: at == start, run: run, isCommandName: isCommandName, into: &parts)
                {
                    run = at
                    continue
                }
            case Byte.less, Byte.greater:
                if byte(at + 1) == Byte.openParen {
                    appendLiteral(run, at, to: &parts)
                    try readProcess(isInput: next == Byte.less, into: &parts)
                    run = at
                    continue
                }
            case Byte.backslash, Byte.singleQuote, Byte.doubleQuote, Byte.backquote, Byte.dollar:
                appendLiteral(run, at, to: &parts)
                try readQuoteOrExpansion(into: &parts)
                run = at
                continue
            default: break
            }
            appendLiteral(run, at, to: &parts)
            return Word(parts: parts, span: span(start, at))
        }
    }

    private func isPatternSign(_ byte: UInt8) -> Bool {
        switch byte {
        case Byte.question, Byte.star, Byte.plus, Byte.atSign, Byte.bang: true
        default: false
        }
    }

    /// `?(a|b)`, with the cursor at the parenthesis. Blanks and newlines inside are part of the pattern.
    @inline(never)
    private mutating func readPattern(sign: UInt8) throws(Stop) -> Word.Part {
        let opened = at
        try enter()
        at += 1
        var alternatives: [Word] = []
        while true {
            alternatives.append(try readAlternative())
            if current == Byte.bar {
                at += 1
            } else if current == Byte.closeParen {
                at += 1
                break
            } else {
                throw fail("unclosed `(` of a pattern", at: end, opened: opened)
            }
        }
        depth -= 1
        return .pattern(operator: Character(UnicodeScalar(sign)), alternatives)
    }

    /// One alternative of a pattern, up to `|`, `)` or the end.
    @inline(never)
    private mutating func readAlternative() throws(Stop) -> Word {
        let start = at
        var parts: [Word.Part] = []
        var run = at
        var open = 0
        loop: while at < end {
            let next = current
            switch next {
            case Byte.bar where open == 0: break loop
            case Byte.closeParen:
                if open == 0 { break loop }
                open -= 1
                at += 1
            case Byte.openParen:
                let sign = at > run ? byte(at - 1) : 0
                if isPatternSign(sign) {
                    appendLiteral(run, at - 1, to: &parts)
                    parts.append(try readPattern(sign: sign))
                    run = at
                } else {
                    open += 1
                    at += 1
                }
            case Byte.backslash, Byte.singleQuote, Byte.doubleQuote, Byte.backquote, Byte.dollar:
                appendLiteral(run, at, to: &parts)
                try readQuoteOrExpansion(into: &parts)
                run = at
            default: at += 1
            }
        }
        appendLiteral(run, at, to: &parts)
        return Word(parts: parts, span: span(start, at))
    }

    /// What starts with `\ ' " $` or a backquote outside of quotes.
    @inline(never)
    mutating func readQuoteOrExpansion(into parts: inout [Word.Part]) throws(Stop) {
        switch current {
        case Byte.backslash: readBackslash(into: &parts)
        case Byte.singleQuote: try readSingleQuotes(into: &parts)
        case Byte.doubleQuote: try readDoubleQuotes(into: &parts)
        case Byte.backquote: try readBackquotes(into: &parts, isQuoted: false)
        default: try readDollar(into: &parts, isQuoted: false)
        }
    }

    /// The right side of `=~`: parentheses nest and hold blanks, `|` is plain.
    mutating func readRegex() throws(Stop) -> Word {
        let start = at
        var parts: [Word.Part] = []
        var run = at
        var opened: [Int] = []
        loop: while true {
            let next = current
            switch next {
            case 0 where at >= end:
                if let first = opened.first { throw fail("unclosed `(` of a pattern", at: at, opened: first) }
                break loop
            case Byte.openParen:
                opened.append(at)
                at += 1
            case Byte.closeParen:
                if opened.isEmpty { break loop }
                opened.removeLast()
                at += 1
            case Byte.space, Byte.tab, Byte.newline, Byte.semicolon, Byte.ampersand, Byte.less, Byte.greater:
                if opened.isEmpty {
                    if startsProcess() {
                        appendLiteral(run, at, to: &parts)
                        try readProcess(isInput: next == Byte.less, into: &parts)
                        run = at
                        continue loop
                    }
                    break loop
                }
                at += 1
            case Byte.backslash, Byte.singleQuote, Byte.doubleQuote, Byte.backquote, Byte.dollar:
                appendLiteral(run, at, to: &parts)
                try readQuoteOrExpansion(into: &parts)
                run = at
            default: at += 1
            }
        }
        appendLiteral(run, at, to: &parts)
        return Word(parts: parts, span: span(start, at))
    }

    // MARK: Quotes

    /// `\x` outside of quotes.
    @inline(never)
    mutating func readBackslash(into parts: inout [Word.Part]) {
        let next = byte(at + 1)
        if next == Byte.newline {
            at += 2
        } else if at + 1 >= end {
            // A backslash that ends the text stands for itself.
            appendQuoted("\\", to: &parts)
            at += 1
        } else {
            // Of a character that is broken off only what is there: `;` behind half a character ends the command.
            let whole = min(at + 1 + Reader.scalarLength(next), end)
            var stop = at + 2
            while stop < whole, byte(stop) & 0xC0 == 0x80 { stop += 1 }
            appendQuoted(at + 1, stop, to: &parts)
            at = stop
        }
    }

    /// Bytes of the UTF-8 character that starts with a byte, so that an escape does not cut one in two.
    private static func scalarLength(_ first: UInt8) -> Int {
        switch first {
        case 0xc2...0xdf: 2
        case 0xe0...0xef: 3
        case 0xf0...0xf4: 4
        default: 1
        }
    }

    @inline(never)
    mutating func readSingleQuotes(into parts: inout [Word.Part]) throws(Stop) {
        let opened = at
        guard let close = find(Byte.singleQuote, from: at + 1) else {
            throw fail("unterminated single quote", at: end, opened: opened)
        }
        appendQuoted(text(at + 1, close), to: &parts)
        at = close + 1
    }

    @inline(never)
    mutating func readDoubleQuotes(into parts: inout [Word.Part]) throws(Stop) {
        let opened = at
        try enter()
        at += 1
        var inner: [Word.Part] = []
        while true {
            let run = at
            var next = current
            while next != Byte.doubleQuote, next != Byte.dollar, next != Byte.backslash, next != Byte.backquote {
                if next == 0, at >= end { throw fail("unterminated double quote", at: at, opened: opened) }
                at += 1
                next = current
            }
            appendQuoted(run, at, to: &inner)
            switch next {
            case Byte.doubleQuote:
                at += 1
                depth -= 1
                parts.append(.doubleQuoted(inner))
                return
            case Byte.dollar: try readDollar(into: &inner, isQuoted: true)
            case Byte.backquote: try readBackquotes(into: &inner, isQuoted: true)
            default: readBackslashInQuotes(into: &inner, escapesQuote: true)
            }
        }
    }

    /// A backslash inside of double quotes or a here-document, which escapes few characters.
    @inline(never)
    mutating func readBackslashInQuotes(
        into parts: inout [Word.Part], escapesQuote: Bool, escapesBrace: Bool = false
    ) {
        let next = byte(at + 1)
        switch next {
        case Byte.newline: at += 2
        case Byte.dollar, Byte.backquote, Byte.backslash:
            appendQuoted(at + 1, at + 2, to: &parts)
            at += 2
        case Byte.doubleQuote where escapesQuote, Byte.closeBrace where escapesBrace:
            appendQuoted(at + 1, at + 2, to: &parts)
            at += 2
        default:
            appendQuoted(at, at + 1, to: &parts)
            at += 1
        }
    }

    /// `$'…'`, with the cursor at the dollar sign.
    @inline(never)
    mutating func readEscapedQuotes(into parts: inout [Word.Part]) throws(Stop) {
        let opened = at
        at += 2
        // The end is found first: a backslash hides one character whatever it means there.
        var close = at
        while close < end, base[close] != Byte.singleQuote { close += base[close] == Byte.backslash ? 2 : 1 }
        guard close < end else { throw fail("unterminated `$'`", at: end, opened: opened) }
        let outerEnd = end
        end = close
        var bytes: [UInt8] = []
        while at < end {
            let next = current
            at += 1
            if next != Byte.backslash {
                bytes.append(next)
            } else if !readEscape(into: &bytes) {
                // A NUL ends the text for bash, though not the quotes.
                break
            }
        }
        end = outerEnd
        at = close + 1
        appendQuoted(String(decoding: bytes, as: UTF8.self), to: &parts)
    }

    /// What follows a backslash in `$'…'`; false when it stands for NUL.
    private mutating func readEscape(into bytes: inout [UInt8]) -> Bool {
        let letter = current
        if at >= end {
            bytes.append(Byte.backslash)
            return true
        }
        at += 1
        switch letter {
        case UInt8(ascii: "a"): bytes.append(7)
        case UInt8(ascii: "b"): bytes.append(8)
        case UInt8(ascii: "e"), UInt8(ascii: "E"): bytes.append(27)
        case UInt8(ascii: "f"): bytes.append(12)
        case UInt8(ascii: "n"): bytes.append(10)
        case UInt8(ascii: "r"): bytes.append(13)
        case UInt8(ascii: "t"): bytes.append(9)
        case UInt8(ascii: "v"): bytes.append(11)
        case Byte.backslash, Byte.singleQuote, Byte.doubleQuote, Byte.question: bytes.append(letter)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            at -= 1
            let value = readDigits(base: 8, most: 3) & 0xff
            if value == 0 { return false }
            bytes.append(UInt8(value))
        case UInt8(ascii: "x"):
            var braces = false
            if current == Byte.openBrace {
                braces = true
                at += 1
            }
            let start = at
            let value = readDigits(base: 16, most: braces ? Int.max : 2) & 0xff
            if at == start {
                if braces { at -= 1 }
                bytes += [Byte.backslash, letter]
                return true
            }
            if braces, current == Byte.closeBrace { at += 1 }
            if value == 0 { return false }
            bytes.append(UInt8(value))
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let start = at
            let value = readDigits(base: 16, most: letter == UInt8(ascii: "u") ? 4 : 8)
            if at == start {
                bytes += [Byte.backslash, letter]
                return true
            }
            if value == 0 { return false }
            bytes += Array(String(UnicodeScalar(UInt32(truncatingIfNeeded: value)) ?? "\u{FFFD}").utf8)
        case UInt8(ascii: "c"):
            guard at < end else {
                bytes += [Byte.backslash, letter]
                return true
            }
            var control = current
            at += 1
            if control == Byte.backslash, current == Byte.backslash { at += 1 }
            control = control == Byte.question ? 0x7f : control & 0x1f
            if control == 0 { return false }
            bytes.append(control)
        default: bytes += [Byte.backslash, letter]
        }
        return true
    }

    private mutating func readDigits(base: Int, most: Int) -> Int {
        var value = 0
        var count = 0
        while count < most {
            let next = current
            let digit: Int
            switch next {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = Int(next &- UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = Int(next &- UInt8(ascii: "a")) + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = Int(next &- UInt8(ascii: "A")) + 10
            default: return value
            }
            if digit >= base { return value }
            value = (value &* base &+ digit) & 0xffff_ffff
            at += 1
            count += 1
        }
        return value
    }
}
