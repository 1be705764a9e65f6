// SPDX-License-Identifier: Apache-2.0
import WritCore

extension Reader {
    /// Assignments, words and redirections; or `NAME () BODY`, which starts like them.
    @inline(never)
    mutating func readSimple() throws(Stop) -> Command {
        let start = at
        var assignments: [Assignment] = []
        // Words are gathered beside those of the commands around this one, so that their list is made once.
        let mark = gathered.count
        var redirections: [Redirection] = []
        var stop = at
        while true {
            skipBlanks()
            let next = current
            if Byte.isMeta(next) {
                if next == Byte.less || next == Byte.greater {
                    if byte(at + 1) != Byte.openParen {
                        redirections.append(try readRedirection())
                        stop = at
                        continue
                    }
                } else if next == Byte.ampersand, byte(at + 1) == Byte.greater {
                    redirections.append(try readRedirection())
                    stop = at
                    continue
                } else if next == Byte.openParen {
                    if gathered.count == mark + 1, assignments.isEmpty, redirections.isEmpty {
                        gathered.removeLast()
                        return try readFunction(start: start, nameEnd: stop)
                    }
                    if dialect != .zsh { throw unexpected() }
                } else {
                    break
                }
            } else if Byte.isDigit(next) || next == Byte.openBrace {
                if let redirection = try readPrefixedRedirection() {
                    redirections.append(redirection)
                    stop = at
                    continue
                }
            } else if Byte.isNameStart(next),
                gathered.count == mark || startsArray() && Reader.takesArrays(gathered[mark])
            {
                var word: Word?
                if let assignment = try readAssignment(mustBeArray: gathered.count > mark, word: &word) {
                    assignments.append(assignment)
                    // `declare -a x=(1)` declares `x`, too.
                    if gathered.count > mark {
                        let name = span(at, at).start
                        gathered.append(
                            Word(
                                parts: [.literal(assignment.name)],
                                span: SourceSpan(
                                    start: assignment.span.start,
                                    end: min(name, assignment.span.start + assignment.name.utf8.count))))
                    }
                    stop = at
                    continue
                }
                if let word {
                    gathered.append(word)
                    stop = at
                    continue
                }
            }
            if dialect == .zsh, next == Byte.closeBrace, openBraces > 0, Byte.isMeta(byte(at + 1)) { break }
            let before = at
            let word = try readWord(isCommandName: gathered.count == mark)
            gathered.append(word)
            stop = at
            if at == before { throw unexpected() }
        }
        if gathered.count == mark, assignments.isEmpty, redirections.isEmpty { throw unexpected() }
        return Command(
            body: .simple(assignments: assignments, words: takeGathered(from: mark)), redirections: redirections,
            span: span(start, stop))
    }

    /// The words gathered since a mark, as a list of just their number.
    private mutating func takeGathered(from mark: Int) -> [Word] {
        if gathered.count == mark { return [] }
        let words = Array(gathered[mark...])
        gathered.removeLast(words.count)
        return words
    }

    /// `NAME=(` or `NAME+=(` stands at the cursor.
    private func startsArray() -> Bool {
        var offset = skipContinuations(nameEnd(at))
        if byte(offset) == Byte.plus { offset += 1 }
        return byte(offset) == Byte.equals && byte(offset + 1) == Byte.openParen
    }

    /// Builtins after which bash reads `NAME=(…)` as an assignment.
    private static func takesArrays(_ word: Word) -> Bool {
        guard word.parts.count == 1, case .literal(let name) = word.parts[0] else { return false }
        switch name {
        case "declare", "typeset", "local", "export", "readonly", "alias", "eval", "let": return true
        default: return false
        }
    }

    /// `NAME ()`, with the cursor at the parenthesis.
    @inline(never)
    private mutating func readFunction(start: Int, nameEnd: Int) throws(Stop) -> Command {
        let opened = at
        at += 1
        skipBlanks()
        guard current == Byte.closeParen else {
            at = opened
            throw unexpected()
        }
        at += 1
        return try readFunctionBody(name: text(start, nameEnd), start: start)
    }

    /// Whether `<(` or `>(` starts here, which is part of a word.
    func startsProcess() -> Bool {
        (current == Byte.less || current == Byte.greater) && byte(at + 1) == Byte.openParen
    }

    // MARK: Assignments

    /// An assignment at the cursor, or nil with the cursor where it was; or nil with the word that was read because it
    /// looks like an assignment up to its subscript, which may hold blanks and metacharacters either way.
    ///
    /// With `mustBeArray` only `NAME=(…)` counts: other assignments among a builtin's arguments are plain words.
    @inline(never)
    private mutating func readAssignment(mustBeArray: Bool, word: inout Word?) throws(Stop) -> Assignment? {
        let start = at
        let nameEnd = nameEnd(at)
        var offset = skipContinuations(nameEnd)
        var index: Word?
        switch byte(offset) {
        case Byte.equals: break
        case Byte.plus where byte(offset + 1) == Byte.equals: break
        case Byte.openBracket:
            // `declare a[0]=(…)` is refused by bash, and `declare a[0]=1` is a word.
            if mustBeArray { return nil }
            at = offset
            let subscripted = try readSubscript()
            offset = at
            if byte(offset) == Byte.equals || byte(offset) == Byte.plus && byte(offset + 1) == Byte.equals {
                index = subscripted
                break
            }
            var parts: [Word.Part] = [.literal(name(start, nameEnd) + "[")]
            for part in subscripted.parts {
                if case .literal(let inner) = part { appendLiteral(inner, to: &parts) } else { parts.append(part) }
            }
            appendLiteral("]", to: &parts)
            word = try readWord(from: start, after: parts)
            return nil
        default: return nil
        }
        let appends = byte(offset) == Byte.plus
        offset += appends ? 2 : 1
        if mustBeArray, byte(offset) != Byte.openParen { return nil }
        at = offset
        let name = name(start, nameEnd)
        let value: Assignment.Value
        if current == Byte.openParen {
            value = .array(try readArray())
        } else if Byte.isMeta(current), !startsProcess() {
            value = .word(nil)
        } else {
            value = .word(try readWord())
        }
        return Assignment(name: name, index: index, appends: appends, value: value, span: span(start, at))
    }

    /// `( … )` after `NAME=`.
    @inline(never)
    private mutating func readArray() throws(Stop) -> [Assignment.Element] {
        let opened = at
        try enter()
        at += 1
        var elements: [Assignment.Element] = []
        while true {
            try skipNewlines()
            if current == Byte.closeParen { break }
            if at >= end { throw fail("unclosed `(` of an array", at: at, opened: opened) }
            if Byte.isMeta(current), !startsProcess() {
                if dialect != .zsh || current != Byte.openParen { throw unexpectedElement() }
            }
            var index: Word?
            if current == Byte.openBracket {
                let state = save()
                let start = at
                index = try readSubscript()
                if current == Byte.equals {
                    at += 1
                } else if current == Byte.plus, byte(at + 1) == Byte.equals {
                    at += 2
                } else {
                    index = nil
                    try chargeRetry(from: start)
                    restore(state)
                }
            }
            if index != nil, Byte.isMeta(current), !startsProcess() {
                elements.append(Assignment.Element(index: index, value: Word(parts: [], span: span(at, at))))
                continue
            }
            elements.append(Assignment.Element(index: index, value: try readWord()))
        }
        at += 1
        depth -= 1
        return elements
    }

    private mutating func unexpectedElement() -> Stop {
        let stop = unexpected()
        failure?.dropsLine = true
        return stop
    }

    // MARK: Redirections

    /// The redirections after a compound command.
    mutating func readRedirections() throws(Stop) -> [Redirection] {
        var redirections: [Redirection] = []
        while true {
            let state = at
            skipBlanks()
            switch current {
            case Byte.less where byte(at + 1) != Byte.openParen, Byte.greater where byte(at + 1) != Byte.openParen:
                redirections.append(try readRedirection())
            case Byte.ampersand where byte(at + 1) == Byte.greater:
                redirections.append(try readRedirection())
            case UInt8(ascii: "0")...UInt8(ascii: "9"), Byte.openBrace:
                guard let redirection = try readPrefixedRedirection() else { return redirections }
                redirections.append(redirection)
            default:
                at = state
                return redirections
            }
        }
    }

    /// `3>`, `{fd}>`; nil with the cursor where it was when the digits or braces are a word.
    @inline(never)
    private mutating func readPrefixedRedirection() throws(Stop) -> Redirection? {
        let start = at
        var offset = at
        var descriptor: Int?
        var variable: String?
        if byte(offset) == Byte.openBrace {
            offset += 1
            guard Byte.isNameStart(byte(offset)) else { return nil }
            while Byte.isName(byte(offset)) { offset += 1 }
            if byte(offset) == Byte.openBracket {
                while offset < end, byte(offset) != Byte.closeBracket, !Byte.isMeta(byte(offset)) { offset += 1 }
                guard byte(offset) == Byte.closeBracket else { return nil }
                offset += 1
            }
            guard byte(offset) == Byte.closeBrace else { return nil }
            variable = text(start + 1, offset)
            offset += 1
        } else {
            var value = 0
            while Byte.isDigit(byte(offset)) {
                if offset - start > 9 { return nil }
                value = value * 10 + Int(byte(offset) &- UInt8(ascii: "0"))
                offset += 1
            }
            descriptor = value
        }
        let sign = byte(offset)
        guard sign == Byte.less || sign == Byte.greater, byte(offset + 1) != Byte.openParen else { return nil }
        at = offset
        var redirection = try readRedirection()
        redirection.descriptor = descriptor
        redirection.variable = variable
        redirection.span = span(start, at)
        return redirection
    }

    /// An operator with its target, at the operator.
    @inline(never)
    private mutating func readRedirection() throws(Stop) -> Redirection {
        let start = at
        let first = current
        let second = byte(at + 1)
        let third = byte(at + 2)
        let kind: Redirection.Operator
        let length: Int
        switch (first, second) {
        case (Byte.ampersand, _):
            (kind, length) = third == Byte.greater ? (.appendOutputAndErrors, 3) : (.outputAndErrors, 2)
        case (Byte.less, Byte.less):
            if third == Byte.less {
                (kind, length) = (.hereString, 3)
            } else if third == Byte.minus {
                (kind, length) = (.hereDocumentStripped, 3)
            } else {
                (kind, length) = (.hereDocument, 2)
            }
        case (Byte.less, Byte.ampersand): (kind, length) = (.duplicateInput, 2)
        case (Byte.less, Byte.greater): (kind, length) = (.readWrite, 2)
        case (Byte.less, _): (kind, length) = (.input, 1)
        case (_, Byte.greater): (kind, length) = (.append, 2)
        case (_, Byte.ampersand): (kind, length) = (.duplicateOutput, 2)
        case (_, Byte.bar): (kind, length) = (.clobber, 2)
        default: (kind, length) = (.output, 1)
        }
        at += length
        // zsh: `>!`, `>>|`, `>&!` overwrite whatever the options say.
        if dialect == .zsh, first != Byte.less, current == Byte.bang || current == Byte.bar && kind != .clobber,
            Byte.isMeta(byte(at + 1)) || current == Byte.bar
        {
            at += 1
        }
        skipBlanks()
        if Byte.isMeta(current), !startsProcess(), !(dialect == .zsh && current == Byte.openParen) {
            throw unexpected()
        }
        if kind == .hereDocument || kind == .hereDocumentStripped {
            return try readHereDocument(kind, start: start)
        }
        let target = try readWord()
        return Redirection(operator: kind, target: target, span: span(start, at))
    }
}
