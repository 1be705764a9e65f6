// SPDX-License-Identifier: Apache-2.0
import WritCore

/// A here-document whose text is still to come.
struct PendingDocument {
    /// Its place in ``Reader/documents``.
    var slot: Int
    var delimiter: [UInt8]
    /// No part of the delimiter was quoted, so the text expands.
    var expands: Bool
    var stripsTabs: Bool
}

extension Reader {
    /// The delimiter of `<<`, with the cursor at it. The text follows after the line's end, so the tree gets a
    /// placeholder: a word without parts whose span starts with the slot and ends nowhere.
    @inline(never)
    mutating func readHereDocument(_ kind: Redirection.Operator, start: Int) throws(Stop) -> Redirection {
        let delimiterStart = at
        let target = try readWord()
        let (delimiter, isQuoted) = unquoted(delimiterStart, at)
        let slot = documents.count
        documents.append(nil)
        pending.append(
            PendingDocument(
                slot: slot, delimiter: delimiter, expands: !isQuoted, stripsTabs: kind == .hereDocumentStripped))
        return Redirection(
            operator: kind, target: target, document: Word(parts: [], span: SourceSpan(start: slot, end: .max)),
            span: span(start, at))
    }

    /// A delimiter's bytes without its quotes; nothing in it expands.
    private func unquoted(_ start: Int, _ stop: Int) -> (bytes: [UInt8], isQuoted: Bool) {
        var bytes: [UInt8] = []
        var isQuoted = false
        var offset = start
        var quote: UInt8 = 0
        while offset < stop {
            let next = byte(offset)
            if quote != 0 {
                if next == quote {
                    quote = 0
                } else if next == Byte.backslash, quote == Byte.doubleQuote,
                    [Byte.backslash, Byte.doubleQuote, Byte.dollar, Byte.backquote].contains(byte(offset + 1))
                {
                    offset += 1
                    bytes.append(byte(offset))
                } else {
                    bytes.append(next)
                }
            } else if next == Byte.backslash {
                offset += 1
                if byte(offset) != Byte.newline {
                    isQuoted = true
                    if offset < stop { bytes.append(byte(offset)) }
                }
            } else if next == Byte.singleQuote || next == Byte.doubleQuote {
                isQuoted = true
                quote = next
            } else if next == Byte.dollar, byte(offset + 1) == Byte.singleQuote || byte(offset + 1) == Byte.doubleQuote {
                // `$'EOF'` and `$"EOF"` quote; their sign is not part of the delimiter.
                isQuoted = true
            } else {
                bytes.append(next)
            }
            offset += 1
        }
        return (bytes, isQuoted)
    }

    /// Reads the texts of all pending here-documents, with the cursor at the first line after the operators' line.
    @inline(never)
    mutating func readDocuments() throws(Stop) {
        let waiting = pending
        pending = []
        for document in waiting { try readDocument(document) }
    }

    private mutating func readDocument(_ document: PendingDocument) throws(Stop) {
        let start = at
        var bodyEnd = end
        var next = end
        var line = at
        var continues = false
        while line < end {
            var content = line
            if document.stripsTabs, !continues {
                while byte(content) == Byte.tab { content += 1 }
            }
            let stop = find(Byte.newline, from: content) ?? end
            if !continues, isDelimiter(document.delimiter, from: content, to: stop) {
                bodyEnd = line
                let after = content + document.delimiter.count
                // `)` of a command substitution may follow on the same line.
                next = after < stop ? after : min(stop + 1, end)
                break
            }
            continues = document.expands && endsInOddBackslashes(content, stop)
            line = stop < end ? stop + 1 : end
        }
        let body: Word
        if document.expands {
            body = try readDocumentText(start, bodyEnd, stripsTabs: document.stripsTabs)
        } else {
            body = Word(
                parts: [.quoted(documentText(start, bodyEnd, stripsTabs: document.stripsTabs))],
                span: span(start, bodyEnd))
        }
        documents[document.slot] = body
        at = next
    }

    private func isDelimiter(_ delimiter: [UInt8], from start: Int, to stop: Int) -> Bool {
        let count = delimiter.count
        guard stop - start >= count else { return false }
        for index in 0..<count where byte(start + index) != delimiter[index] { return false }
        if stop - start == count { return true }
        guard insideSubstitution else { return false }
        for offset in (start + count)..<stop where byte(offset) == Byte.closeParen { return true }
        return false
    }

    private func endsInOddBackslashes(_ start: Int, _ stop: Int) -> Bool {
        var offset = stop
        while offset > start, byte(offset - 1) == Byte.backslash { offset -= 1 }
        return (stop - offset) & 1 == 1
    }

    private func documentText(_ start: Int, _ stop: Int, stripsTabs: Bool) -> String {
        guard stripsTabs else { return text(start, stop) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(stop - start)
        var isLineStart = true
        for offset in start..<max(start, stop) {
            let next = byte(offset)
            if isLineStart, next == Byte.tab { continue }
            bytes.append(next)
            isLineStart = next == Byte.newline
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The parts of a text that expands. Faults in it are the business of the expansion, so what cannot be read stays
    /// as an unreadable part.
    private mutating func readDocumentText(_ start: Int, _ stop: Int, stripsTabs: Bool) throws(Stop) -> Word {
        let outerEnd = end
        let outerPending = pending
        let outerInside = insideSubstitution
        let outerDepth = depth
        end = stop
        at = start
        defer {
            end = outerEnd
            pending = outerPending
            insideSubstitution = outerInside
            depth = outerDepth
        }
        try enter()
        var parts: [Word.Part] = []
        var good = at
        do throws(Stop) {
            if stripsTabs { while current == Byte.tab { at += 1 } }
            while at < end {
                readPlainPiece(into: &parts, stripsTabs: stripsTabs)
                good = at
                try readLivePiece(into: &parts, stripsTabs: stripsTabs)
            }
        } catch {
            try forgive()
            let rest = Word(parts: [.quoted(text(good, stop))], span: span(good, stop))
            parts.append(.parameter(.unreadable(rest, span: span(good, stop))))
        }
        return Word(parts: parts, span: span(start, stop))
    }

    private mutating func readPlainPiece(into parts: inout [Word.Part], stripsTabs: Bool) {
        let start = at
        while at < end {
            let next = base[at]
            if next == Byte.dollar || next == Byte.backslash || next == Byte.backquote { break }
            at += 1
            if stripsTabs, next == Byte.newline, current == Byte.tab { break }
        }
        appendQuoted(start, at, to: &parts)
    }

    private mutating func readLivePiece(into parts: inout [Word.Part], stripsTabs: Bool) throws(Stop) {
        switch current {
        case Byte.tab where stripsTabs: while current == Byte.tab { at += 1 }
        case Byte.dollar: try readDollar(into: &parts, isQuoted: true, inDocument: true)
        case Byte.backquote: try readBackquotes(into: &parts, isQuoted: false)
        case Byte.backslash: readBackslashInQuotes(into: &parts, escapesQuote: false)
        default: break
        }
    }
}

/// Puts the texts of here-documents where the tree has placeholders.
///
/// They are read after the commands that they belong to, which by then are values inside of other values. One walk at the
/// end costs less than making every command patchable, and scripts without here-documents skip it.
struct DocumentFilling {
    let documents: [Word?]

    func fill(_ script: inout ShellScript) {
        for index in script.statements.indices {
            fill(&script.statements[index].first)
            for next in script.statements[index].rest.indices { fill(&script.statements[index].rest[next].pipeline) }
        }
    }

    private func fill(_ pipeline: inout Pipeline) {
        for index in pipeline.commands.indices { fill(&pipeline.commands[index]) }
    }

    private func fill(_ redirection: inout Redirection) {
        fill(&redirection.target)
        guard var document = redirection.document else { return }
        if document.span.end == .max {
            let slot = document.span.start
            let end = redirection.span.end
            let missing = Word(parts: [], span: SourceSpan(start: end, end: end))
            document = (slot < documents.count ? documents[slot] : nil) ?? missing
        }
        // The document may hold command substitutions with documents of their own.
        fill(&document)
        redirection.document = document
    }

    private func fill(_ command: inout Command) {
        for index in command.redirections.indices { fill(&command.redirections[index]) }
        let body = command.body
        // The placeholder keeps the payload uniquely referenced while it is changed.
        command.body = .simple(assignments: [], words: [])
        command.body = filled(body)
    }

    private func filled(_ body: consuming Command.Body) -> Command.Body {
        switch consume body {
        case .simple(var assignments, var words):
            for index in assignments.indices { fill(&assignments[index]) }
            fill(&words)
            return .simple(assignments: assignments, words: words)
        case .subshell(var script):
            fill(&script)
            return .subshell(script)
        case .group(var script):
            fill(&script)
            return .group(script)
        case .conditional(var branches, var otherwise):
            for index in branches.indices {
                fill(&branches[index].condition)
                fill(&branches[index].body)
            }
            if var script = otherwise {
                fill(&script)
                otherwise = script
            }
            return .conditional(branches: branches, otherwise: otherwise)
        case .loop(let until, var condition, var body):
            fill(&condition)
            fill(&body)
            return .loop(until: until, condition: condition, body: body)
        case .forEach(let name, var words, var body):
            fill(&words)
            fill(&body)
            return .forEach(name: name, words: words, body: body)
        case .forArithmetic(var initial, var condition, var step, var body):
            fill(&initial)
            fill(&condition)
            fill(&step)
            fill(&body)
            return .forArithmetic(initial: initial, condition: condition, step: step, body: body)
        case .select(let name, var words, var body):
            fill(&words)
            fill(&body)
            return .select(name: name, words: words, body: body)
        case .switchCase(var subject, var arms):
            fill(&subject)
            for index in arms.indices {
                fill(&arms[index].patterns)
                fill(&arms[index].body)
            }
            return .switchCase(subject: subject, arms: arms)
        case .function(let name, var body):
            fill(&body)
            return .function(name: name, body: body)
        case .arithmetic(var word):
            fill(&word)
            return .arithmetic(word)
        case .test(let condition): return .test(filled(condition))
        case .coprocess(let name, var body):
            fill(&body)
            return .coprocess(name: name, body: body)
        }
    }

    private func filled(_ condition: Condition) -> Condition {
        switch condition {
        case .word(var word):
            fill(&word)
            return .word(word)
        case .unary(let name, var word):
            fill(&word)
            return .unary(operator: name, word)
        case .binary(let name, var left, var right):
            fill(&left)
            fill(&right)
            return .binary(operator: name, left, right)
        case .not(let inner): return .not(filled(inner))
        case .and(let left, let right): return .and(filled(left), filled(right))
        case .or(let left, let right): return .or(filled(left), filled(right))
        }
    }

    private func fill(_ assignment: inout Assignment) {
        fill(&assignment.index)
        switch assignment.value {
        case .word(var word):
            fill(&word)
            assignment.value = .word(word)
        case .array(var elements):
            for index in elements.indices {
                fill(&elements[index].index)
                fill(&elements[index].value)
            }
            assignment.value = .array(elements)
        }
    }

    private func fill(_ word: inout Word?) {
        guard var present = word else { return }
        fill(&present)
        word = present
    }

    private func fill(_ words: inout [Word]?) {
        guard var present = words else { return }
        fill(&present)
        words = present
    }

    private func fill(_ words: inout [Word]) {
        for index in words.indices { fill(&words[index]) }
    }

    private func fill(_ word: inout Word) {
        fill(&word.parts)
    }

    private func fill(_ parts: inout [Word.Part]) {
        for index in parts.indices {
            switch parts[index] {
            case .literal, .quoted: break
            case .doubleQuoted(var inner):
                fill(&inner)
                parts[index] = .doubleQuoted(inner)
            case .parameter(var parameter):
                fill(&parameter.index)
                parameter.operation = filled(parameter.operation)
                parts[index] = .parameter(parameter)
            case .command(var script, let place):
                fill(&script)
                parts[index] = .command(script, place)
            case .arithmetic(var word):
                fill(&word)
                parts[index] = .arithmetic(word)
            case .process(let isInput, var script, let place):
                fill(&script)
                parts[index] = .process(isInput: isInput, script, place)
            case .pattern(let sign, var words):
                fill(&words)
                parts[index] = .pattern(operator: sign, words)
            }
        }
    }

    private func filled(_ operation: Parameter.Operation) -> Parameter.Operation {
        switch operation {
        case .none, .length, .transform, .names: return operation
        case .fallback(let sign, let treats, var word):
            fill(&word)
            return .fallback(operator: sign, treatsEmptyAsUnset: treats, word)
        case .trim(let sign, var word):
            fill(&word)
            return .trim(operator: sign, word)
        case .replace(let sign, var pattern, var replacement):
            fill(&pattern)
            fill(&replacement)
            return .replace(operator: sign, pattern: pattern, replacement: replacement)
        case .slice(var offset, var length):
            fill(&offset)
            fill(&length)
            return .slice(offset: offset, length: length)
        case .changeCase(let sign, var word):
            fill(&word)
            return .changeCase(operator: sign, word)
        }
    }
}
