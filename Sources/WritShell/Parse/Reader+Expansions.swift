// SPDX-License-Identifier: Apache-2.0
import WritCore

extension Reader {
    // MARK: Dollar signs

    /// What a `$` starts, with the cursor at it.
    @inline(never)
    mutating func readDollar(into parts: inout [Word.Part], isQuoted: Bool, inDocument: Bool = false) throws(Stop) {
        var start = at
        if byte(at + 1) == Byte.backslash, skipContinuations(at + 1) > at + 1 {
            // The sign and what it means may be on two lines; from here on it counts as standing on the second.
            start = skipContinuations(at + 1) - 1
            at = start
        }
        let next = byte(at + 1)
        if Byte.isNameStart(next) {
            at = nameEnd(at + 1)
            parts.append(.parameter(Parameter(name: name(start + 1, at), span: span(start, at))))
            return
        }
        switch next {
        case Byte.openParen:
            if byte(at + 2) == Byte.openParen {
                try readDollarParentheses(into: &parts)
            } else {
                try readCommandSubstitution(into: &parts)
            }
        case Byte.openBrace: try readBraces(into: &parts, isQuoted: isQuoted)
        case Byte.openBracket:
            at += 2
            var inner: [Word.Part] = []
            try enter()
            _ = try readArithmeticParts(into: &inner, closing: Byte.closeBracket, separator: Byte.closeBracket)
            guard current == Byte.closeBracket else { throw fail("unclosed `$[`", at: end, opened: start) }
            depth -= 1
            at += 1
            parts.append(.arithmetic(Word(parts: inner, span: span(start + 2, at - 1))))
        case Byte.singleQuote where !isQuoted: try readEscapedQuotes(into: &parts)
        case Byte.doubleQuote where !isQuoted:
            at += 1
            try readDoubleQuotes(into: &parts)
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            at += 2
            parts.append(.parameter(Parameter(name: text(start + 1, at), span: span(start, at))))
        case Byte.atSign, Byte.star, Byte.hash, Byte.question, Byte.minus, Byte.dollar, Byte.bang:
            at += 2
            parts.append(.parameter(Parameter(name: text(start + 1, at), span: span(start, at))))
        default:
            at += 1
            if byte(start) != Byte.dollar {
                appendSign(isQuoted: isQuoted, to: &parts)
            } else if isQuoted {
                appendQuoted(start, at, to: &parts)
            } else {
                appendLiteral(start, at, to: &parts)
            }
        }
    }

    @inline(never)
    /// A `$` that stands for itself although a continued line follows.
    private func appendSign(isQuoted: Bool, to parts: inout [Word.Part]) {
        if isQuoted {
            appendQuoted("$", to: &parts)
        } else if case .literal(let before)? = parts.last {
            parts[parts.count - 1] = .literal(before + "$")
        } else {
            parts.append(.literal("$"))
        }
    }

    private mutating func readCommandSubstitution(into parts: inout [Word.Part]) throws(Stop) {
        let start = at
        at += 2
        let script = try readSubstitution(opened: start)
        parts.append(.command(script, span(start, at)))
    }

    /// `$((…))`, or `$( (…) … )`, which looks like it until its `)` stand apart.
    @inline(never)
    private mutating func readDollarParentheses(into parts: inout [Word.Part]) throws(Stop) {
        let start = at
        let state = save()
        if !openedSubshells.contains(start) {
            at += 3
            try enter()
            if let word = try readArithmetic(opened: start) {
                depth -= 1
                parts.append(.arithmetic(word))
                return
            }
            try chargeRetry(from: start)
            restore(state)
            openedSubshells.insert(start)
        }
        let outerPending = pending
        let outerInside = insideSubstitution
        let outerBraces = openBraces
        do throws(Stop) {
            try readCommandSubstitution(into: &parts)
        } catch {
            // Neither one nor the other. Bash notices when it expands; until then only the parentheses matter.
            try forgive()
            try chargeRetry(from: start)
            restore(state)
            pending = outerPending
            insideSubstitution = outerInside
            openBraces = outerBraces
            at += 2
            var inner: [Word.Part] = []
            try enter()
            _ = try readArithmeticParts(into: &inner, closing: Byte.closeParen, separator: Byte.closeParen)
            if at >= end { throw fail("unclosed `$(`", at: at, opened: start) }
            depth -= 1
            at += 1
            let text = Word(parts: inner, span: span(start + 2, at - 1))
            parts.append(.parameter(.unreadableParentheses(text, source: self.text(start, at), span: span(start, at))))
        }
    }

    // MARK: Commands inside of words

    /// Commands up to `)`, with the cursor behind the opening parenthesis.
    @inline(never)
    mutating func readSubstitution(opened: Int) throws(Stop) -> ShellScript {
        try enter()
        let outerPending = pending
        let outerInside = insideSubstitution
        let outerBraces = openBraces
        pending = []
        insideSubstitution = true
        openBraces = 0
        let script = try readList()
        guard current == Byte.closeParen else {
            guard at >= end else { throw unexpected() }
            // The `$` may stand on the line before its parenthesis.
            let opener = byte(opened) == Byte.newline ? "$(" : shown(opened, opened + 2)
            throw fail("unclosed `\(opener)`", at: at, opened: opened)
        }
        at += 1
        // Here-documents without a text inside of the parentheses take it after them, before those of the outer command.
        pending += outerPending
        insideSubstitution = outerInside
        openBraces = outerBraces
        depth -= 1
        return script
    }

    /// `<(…)`, `>(…)`.
    @inline(never)
    mutating func readProcess(isInput: Bool, into parts: inout [Word.Part]) throws(Stop) {
        let start = at
        at += 2
        let script = try readSubstitution(opened: start)
        parts.append(.process(isInput: isInput, script, span(start, at)))
    }

    /// `` `…` ``: a script whose backslashes before `` ` \ $ `` (and `"` inside double quotes) are taken off first.
    ///
    /// The shell reads it only when it expands, so a fault in it is a warning, and the commands before it still count.
    @inline(never)
    mutating func readBackquotes(into parts: inout [Word.Part], isQuoted: Bool) throws(Stop) {
        let start = at
        try enter()
        at += 1
        var bytes: [UInt8] = []
        var origins: [Int] = []
        while true {
            let next = current
            if next == Byte.backquote { break }
            if next == 0, at >= end { throw fail("unterminated backquote", at: at, opened: start) }
            if next == Byte.backslash {
                let escaped = byte(at + 1)
                if escaped == Byte.backquote || escaped == Byte.backslash || escaped == Byte.dollar
                    || isQuoted && escaped == Byte.doubleQuote
                {
                    at += 1
                } else if at + 1 < end {
                    bytes.append(next)
                    origins.append(place(at))
                    at += 1
                }
            }
            bytes.append(current)
            origins.append(place(at))
            at += 1
        }
        origins.append(place(at))
        at += 1
        let script = bytes.withUnsafeBufferPointer { buffer in
            var inner = Reader(buffer, places: origins, inside: self)
            let script = inner.readScript()
            retries = inner.retries
            warnings += inner.warnings.prefix(max(0, 16 - warnings.count))
            failure = inner.failure
            return script
        }
        try forgive()
        depth -= 1
        parts.append(.command(script, span(start, at)))
    }

    // MARK: Arithmetic

    /// An expression up to `))`, with the cursor behind `((`; nil when its `)` stands alone.
    @inline(never)
    mutating func readArithmetic(opened: Int) throws(Stop) -> Word? {
        let start = at
        var parts: [Word.Part] = []
        _ = try readArithmeticParts(into: &parts, closing: Byte.closeParen, separator: Byte.closeParen)
        if at >= end { throw fail("unclosed `((`", at: at, opened: opened) }
        guard byte(at + 1) == Byte.closeParen else { return nil }
        let word = Word(parts: parts, span: span(start, at))
        at += 2
        return word
    }

    /// An expression up to `closing` or `separator` outside of nested parentheses or brackets; the cursor stays at it.
    /// Returns what stopped it, 0 at the end of the text.
    mutating func readArithmeticParts(
        into parts: inout [Word.Part], closing: UInt8, separator: UInt8
    ) throws(Stop) -> UInt8 {
        let opening = closing == Byte.closeBracket ? Byte.openBracket : Byte.openParen
        var open = 0
        var run = at
        while at < end {
            let next = base[at]
            if next == closing, open > 0 {
                open -= 1
                at += 1
                continue
            }
            if open == 0, next == closing || next == separator {
                appendLiteral(run, at, to: &parts)
                return next
            }
            switch next {
            case opening:
                open += 1
                at += 1
            case Byte.singleQuote:
                // Quotes hide parentheses here although their text stays part of the expression.
                let opened = at
                guard let close = find(Byte.singleQuote, from: at + 1) else {
                    throw fail("unterminated single quote", at: end, opened: opened)
                }
                at = close + 1
            case Byte.doubleQuote:
                appendLiteral(run, at, to: &parts)
                try readDoubleQuotes(into: &parts)
                run = at
            case Byte.backslash:
                if byte(at + 1) == Byte.newline {
                    appendLiteral(run, at, to: &parts)
                    at += 2
                    run = at
                } else {
                    at = min(at + 2, end)
                }
            case Byte.dollar:
                appendLiteral(run, at, to: &parts)
                // `$'` and `$"` are quotes here as well.
                try readDollar(into: &parts, isQuoted: false)
                run = at
            case Byte.backquote:
                appendLiteral(run, at, to: &parts)
                try readBackquotes(into: &parts, isQuoted: false)
                run = at
            default: at += 1
            }
        }
        appendLiteral(run, at, to: &parts)
        return 0
    }

    /// `[…]` with the cursor at the bracket.
    @inline(never)
    mutating func readSubscript() throws(Stop) -> Word {
        let opened = at
        guard let word = try readSubscript(inBraces: false) else {
            throw fail("unclosed `[`", at: end, opened: opened)
        }
        return word
    }

    /// Inside of `${…}` a brace ends it all, whatever brackets are open: nil then.
    @inline(never)
    private mutating func readSubscript(inBraces: Bool) throws(Stop) -> Word? {
        let opened = at
        at += 1
        var parts: [Word.Part] = []
        var run = at
        var open = 0
        loop: while at < end {
            switch current {
            case Byte.closeBracket:
                if open == 0 { break loop }
                open -= 1
                at += 1
            case Byte.openBracket:
                open += 1
                at += 1
            case Byte.closeBrace where inBraces: return nil
            case Byte.backslash, Byte.singleQuote, Byte.doubleQuote, Byte.backquote, Byte.dollar:
                appendLiteral(run, at, to: &parts)
                try enter()
                try readQuoteOrExpansion(into: &parts)
                depth -= 1
                run = at
            default: at += 1
            }
        }
        guard current == Byte.closeBracket else { return nil }
        appendLiteral(run, at, to: &parts)
        at += 1
        return Word(parts: parts, span: span(opened + 1, at - 1))
    }

    // MARK: Braces

    /// `${…}`, with the cursor at the dollar sign.
    @inline(never)
    mutating func readBraces(into parts: inout [Word.Part], isQuoted: Bool) throws(Stop) {
        let start = at
        try enter()
        at += 2
        let state = save()
        // `${ command; }` and `${| command; }` run commands in newer shells.
        if current == Byte.space || current == Byte.tab || current == Byte.newline || current == Byte.bar {
            if current == Byte.bar { at += 1 }
            if let script = try readBraceCommands() {
                depth -= 1
                parts.append(.command(script, span(start, at)))
                return
            }
            try chargeRetry(from: start)
            restore(state)
        }
        if var parameter = try readParameter(isQuoted: isQuoted) {
            at += 1
            parameter.span = span(start, at)
            depth -= 1
            parts.append(.parameter(parameter))
            return
        }
        // A form that no rule explains. Bash finds out when it expands; until then it only looks for the end.
        try chargeRetry(from: start)
        restore(state)
        let text = try readOperand(isQuoted: isQuoted, opened: start)
        guard current == Byte.closeBrace else { throw fail("unclosed `${`", at: end, opened: start) }
        at += 1
        depth -= 1
        if warnings.count < 16 { warnings.append(Failure(message: "bad substitution", at: place(start), opened: nil)) }
        parts.append(.parameter(.unreadable(text, span: span(start, at))))
    }

    @inline(never)
    private mutating func readBraceCommands() throws(Stop) -> ShellScript? {
        let outerPending = pending
        let outerInside = insideSubstitution
        let outerBraces = openBraces
        pending = []
        defer {
            pending = outerPending
            insideSubstitution = outerInside
            openBraces = outerBraces
        }
        openBraces = dialect == .zsh ? 1 : 0
        do throws(Stop) {
            let script = try readList()
            if !script.statements.isEmpty, current == Byte.closeBrace {
                at += 1
                return script
            }
        } catch {
            if failure?.isLimit == true { throw Stop() }
            failure = nil
        }
        return nil
    }

    /// What stands in the braces up to the closing one, where the cursor stays; nil when it is no known form.
    @inline(never)
    private mutating func readParameter(isQuoted: Bool) throws(Stop) -> Parameter? {
        let opened = at
        var parameter = Parameter(name: "", span: SourceSpan(start: 0, end: 0))
        var isLength = false
        let second = byte(at + 1)
        if current == Byte.hash, second != Byte.closeBrace {
            // `${#x}` is a length; `${#-x}` is `$#` with a fallback, unless the sign is the parameter: `${#-}`.
            if Byte.isName(second) || Byte.isSpecialParameter(second) && byte(at + 2) == Byte.closeBrace {
                isLength = true
                at += 1
            }
        } else if current == Byte.bang, second != Byte.closeBrace {
            if Byte.isName(second) || second == Byte.hash || second == Byte.atSign || second == Byte.star
                || Byte.isSpecialParameter(second) && byte(at + 2) == Byte.closeBrace
            {
                parameter.isIndirect = true
                at += 1
            }
        }
        at = skipContinuations(at)
        let nameStart = at
        if Byte.isNameStart(current) {
            at = nameEnd(at)
        } else if Byte.isDigit(current) {
            while Byte.isDigit(current) { at += 1 }
        } else if Byte.isSpecialParameter(current) {
            at += 1
        } else {
            return nil
        }
        parameter.name = name(nameStart, at)
        at = skipContinuations(at)
        if current == Byte.openBracket, Byte.isNameStart(byte(nameStart)) {
            guard let index = try readSubscript(inBraces: true) else { return nil }
            parameter.index = index
        }
        if isLength {
            parameter.operation = .length
            return current == Byte.closeBrace ? parameter : nil
        }
        guard let operation = try readOperation(of: &parameter, isQuoted: isQuoted, opened: opened - 2),
            current == Byte.closeBrace
        else { return nil }
        parameter.operation = operation
        return parameter
    }

    @inline(never)
    private mutating func readOperation(
        of parameter: inout Parameter, isQuoted: Bool, opened: Int
    ) throws(Stop) -> Parameter.Operation? {
        let sign = current
        let second = byte(at + 1)
        switch sign {
        case Byte.closeBrace:
            if parameter.isIndirect, let index = parameter.index, index.constantText == "@" || index.constantText == "*"
            {
                parameter.isIndirect = false
                return .names
            }
            return Parameter.Operation.none
        case Byte.minus, Byte.equals, Byte.question, Byte.plus:
            at += 1
            return .fallback(
                operator: Character(UnicodeScalar(sign)), treatsEmptyAsUnset: false,
                try readOperand(isQuoted: isQuoted, opened: opened))
        case Byte.colon:
            if second == Byte.minus || second == Byte.equals || second == Byte.question || second == Byte.plus {
                at += 2
                return .fallback(
                    operator: Character(UnicodeScalar(second)), treatsEmptyAsUnset: true,
                    try readOperand(isQuoted: isQuoted, opened: opened))
            }
            at += 1
            let offset = try readOperand(isQuoted: true, stop: Byte.colon, opened: opened)
            if current != Byte.colon { return .slice(offset: offset, length: nil) }
            at += 1
            return .slice(offset: offset, length: try readOperand(isQuoted: true, opened: opened))
        case Byte.hash, Byte.percent:
            let length = second == sign ? 2 : 1
            at += length
            let name = text(at - length, at)
            return .trim(operator: name, try readOperand(isQuoted: isQuoted, isPattern: true, opened: opened))
        case Byte.slash:
            let length = second == Byte.slash || second == Byte.hash || second == Byte.percent ? 2 : 1
            at += length
            let name = text(at - length, at)
            let pattern = try readOperand(isQuoted: isQuoted, isPattern: true, stop: Byte.slash, opened: opened)
            guard current == Byte.slash else {
                return .replace(operator: name, pattern: pattern, replacement: nil)
            }
            at += 1
            let replacement = try readOperand(isQuoted: isQuoted, isPattern: true, opened: opened)
            return .replace(operator: name, pattern: pattern, replacement: replacement)
        case Byte.caret, Byte.comma, Byte.tilde:
            let length = second == sign ? 2 : 1
            at += length
            let name = text(at - length, at)
            if current == Byte.closeBrace { return .changeCase(operator: name, nil) }
            return .changeCase(
                operator: name, try readOperand(isQuoted: isQuoted, isPattern: true, opened: opened))
        case Byte.atSign:
            at += 1
            if current == Byte.closeBrace, parameter.isIndirect, parameter.index == nil {
                parameter.isIndirect = false
                return .names
            }
            switch current {
            case UInt8(ascii: "Q"), UInt8(ascii: "P"), UInt8(ascii: "E"), UInt8(ascii: "A"), UInt8(ascii: "a"),
                UInt8(ascii: "U"), UInt8(ascii: "u"), UInt8(ascii: "L"), UInt8(ascii: "K"), UInt8(ascii: "k"):
                let letter = Character(UnicodeScalar(current))
                at += 1
                return .transform(letter)
            default: return nil
            }
        case Byte.star:
            at += 1
            guard parameter.isIndirect, parameter.index == nil else { return nil }
            parameter.isIndirect = false
            return .names
        default: return nil
        }
    }

    /// A word inside of `${…}` up to `}` or `stop`, where the cursor stays.
    ///
    /// Patterns keep their quoting even inside of double quotes; other operands are double-quoted text there, yet single
    /// quotes still hide a closing brace.
    @inline(never)
    private mutating func readOperand(
        isQuoted: Bool, isPattern: Bool = false, stop: UInt8 = Byte.closeBrace, opened: Int
    ) throws(Stop) -> Word {
        let start = at
        var parts: [Word.Part] = []
        var run = at
        var hiddenUntil = 0
        // `a ? b : c` and `(…)` in an offset.
        var questions = 0
        let isText = isQuoted && !isPattern
        loop: while true {
            let next = current
            if at >= end {
                throw fail("unclosed `${`", at: at, opened: opened)
            }
            switch next {
            case Byte.closeBrace where at >= hiddenUntil: break loop
            case stop where at >= hiddenUntil && !(stop == Byte.slash && at == start):
                if questions == 0 { break loop }
                questions -= 1
                at += 1
            case Byte.question where stop == Byte.colon:
                questions += 1
                at += 1
            case Byte.backslash:
                flush(run, isText, into: &parts)
                if isText {
                    readBackslashInQuotes(into: &parts, escapesQuote: true, escapesBrace: true)
                } else {
                    readBackslash(into: &parts)
                }
                run = at
            case Byte.singleQuote where isText:
                if at < hiddenUntil {
                    at += 1
                    continue loop
                }
                guard let close = find(Byte.singleQuote, from: at + 1) else {
                    throw fail("unterminated single quote", at: end, opened: at)
                }
                hiddenUntil = close + 1
                at += 1
            case Byte.doubleQuote where at < hiddenUntil, Byte.backquote where at < hiddenUntil,
                Byte.dollar where at < hiddenUntil:
                flush(run, isText, into: &parts)
                try readHidden(until: hiddenUntil - 1, into: &parts)
                run = at
            case Byte.singleQuote, Byte.doubleQuote, Byte.backquote:
                flush(run, isText, into: &parts)
                if next == Byte.backquote {
                    try readBackquotes(into: &parts, isQuoted: isText)
                } else {
                    try readQuoteOrExpansion(into: &parts)
                }
                run = at
            case Byte.dollar:
                flush(run, isText, into: &parts)
                try readDollar(into: &parts, isQuoted: isText)
                run = at
            case Byte.less, Byte.greater:
                if !isQuoted, byte(at + 1) == Byte.openParen {
                    flush(run, isText, into: &parts)
                    try readProcess(isInput: next == Byte.less, into: &parts)
                    run = at
                } else {
                    at += 1
                }
            default: at += 1
            }
        }
        flush(run, isText, into: &parts)
        return Word(parts: parts, span: span(start, at))
    }

    /// What starts with `" $` or a backquote between single quotes that are only text. The quotes hid it while bash
    /// looked for the end; when it expands they hide nothing, so what is not closed before them cannot be known.
    @inline(never)
    private mutating func readHidden(until close: Int, into parts: inout [Word.Part]) throws(Stop) {
        let start = at
        let state = save()
        let outerEnd = end
        let outerInside = insideSubstitution
        end = close
        defer { end = outerEnd }
        do throws(Stop) {
            switch current {
            case Byte.doubleQuote: try readDoubleQuotes(into: &parts)
            case Byte.backquote: try readBackquotes(into: &parts, isQuoted: true)
            default: try readDollar(into: &parts, isQuoted: true)
            }
        } catch {
            try forgive()
            restore(state)
            insideSubstitution = outerInside
            at = close
            let text = Word(parts: [.quoted(text(start, close))], span: span(start, close))
            parts.append(.parameter(.unreadable(text, span: span(start, close))))
        }
    }

    private func flush(_ run: Int, _ isText: Bool, into parts: inout [Word.Part]) {
        if isText { appendQuoted(run, at, to: &parts) } else { appendLiteral(run, at, to: &parts) }
    }
}
