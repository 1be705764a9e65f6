// SPDX-License-Identifier: Apache-2.0
import WritCore

/// What zsh adds to the grammar, as far as agents meet it. Forms without a place in the tree are written with the parts
/// that mean the same; what is left is an error or an unreadable expansion.
extension Reader {
    /// `() { … } ARGUMENTS`, `repeat N …`, `foreach`; nil when none starts here.
    @inline(never)
    mutating func readZshCommand() throws(Stop) -> Command? {
        let start = at
        if current == Byte.openParen { return try readAnonymousFunction() }
        guard takeZshWord("repeat") else { return nil }
        skipBlanks()
        try enter()
        let count = try readWord()
        let body = try readZshShortBody()
        depth -= 1
        return Command(
            body: .forArithmetic(initial: nil, condition: count, step: nil, body: body), span: span(start, at))
    }

    /// `() { … } ARGUMENTS` as a function with an impossible name and the call that runs it at once.
    private mutating func readAnonymousFunction() throws(Stop) -> Command? {
        let start = at
        let state = save()
        at += 1
        skipBlanks()
        guard current == Byte.closeParen else {
            restore(state)
            return nil
        }
        at += 1
        let name = "(anonymous)"
        let function = try readFunctionBody(name: name, start: start)
        var words = [Word(parts: [.quoted(name)], span: span(start, start + 1))]
        skipBlanks()
        while !Byte.isMeta(current) {
            words.append(try readWord())
            skipBlanks()
        }
        let whole = span(start, at)
        let commands = [function, Command(body: .simple(assignments: [], words: words), span: whole)]
        let statements = commands.map { Statement(first: Pipeline(commands: [$0], span: $0.span), span: $0.span) }
        return Command(body: .group(ShellScript(statements: statements)), span: whole)
    }

    private mutating func takeZshWord(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        for offset in 0..<count where byte(at + offset) != word.utf8Start[offset] { return false }
        guard Byte.isMeta(byte(at + count)), byte(at + count) != Byte.openParen else { return false }
        at += count
        return true
    }

    /// `always { … }` after a group: both run, one after the other.
    mutating func readZshAlways(after script: ShellScript) throws(Stop) -> Command.Body {
        let state = save()
        skipBlanks()
        guard takeZshWord("always") else {
            restore(state)
            return .group(script)
        }
        skipBlanks()
        guard let cleanup = try readZshBraces() else { throw unexpected() }
        return .group(ShellScript(statements: script.statements + cleanup.statements))
    }

    /// `{ … }` in place of `do … done` or `then … fi`; nil when no brace is here.
    mutating func readZshBraces() throws(Stop) -> ShellScript? {
        guard current == Byte.openBrace, Byte.isMeta(byte(at + 1)) else { return nil }
        let opened = at
        try enter()
        at += 1
        openBraces += 1
        let script = try readList()
        openBraces -= 1
        guard take(.closeBrace) else { throw notClosed("{", opened: opened) }
        depth -= 1
        return script
    }

    /// The body of a short loop: `do … done`, `{ … }` or one command.
    mutating func readZshShortBody() throws(Stop) -> ShellScript {
        try skipNewlines()
        if current == Byte.semicolon { at += 1 }
        try skipNewlines()
        if let script = try readZshBraces() { return script }
        let start = at
        if take(.do) {
            let script = try readFilledList()
            try expect(.done, of: "do", opened: start)
            return script
        }
        try enter()
        let command = try readCommand()
        depth -= 1
        let pipeline = Pipeline(commands: [command], span: command.span)
        return ShellScript(statements: [Statement(first: pipeline, span: command.span)])
    }

    /// `(a b)` after a loop's variable.
    mutating func readZshLoopWords() throws(Stop) -> [Word]? {
        let state = save()
        skipBlanks()
        guard current == Byte.openParen else {
            restore(state)
            return nil
        }
        let opened = at
        at += 1
        var words: [Word] = []
        while true {
            try skipNewlines()
            if current == Byte.closeParen { break }
            if at >= end || Byte.isMeta(current) && !startsProcess() { throw notClosed("(", opened: opened) }
            words.append(try readWord())
        }
        at += 1
        skipBlanks()
        if current == Byte.semicolon { at += 1 }
        try skipNewlines()
        return words
    }

    /// A parenthesis inside of a word: `=(…)`, glob qualifiers and alternatives. False when it ends the word.
    @inline(never)
    mutating func readZshParen(
        isFirst: Bool, run: Int, isCommandName: Bool, into parts: inout [Word.Part]
    ) throws(Stop) -> Bool {
        if at == run + 1, byte(run) == Byte.equals, parts.isEmpty {
            let start = at - 1
            at += 1
            let script = try readSubstitution(opened: start)
            parts.append(.process(isInput: true, script, span(start, at)))
            return true
        }
        if isCommandName { return false }
        let opened = at
        appendLiteral(run, at, to: &parts)
        try enter()
        at += 1
        parts.append(.literal("("))
        while true {
            if at >= end { throw fail("unclosed `(` of a pattern", at: at, opened: opened) }
            if current == Byte.closeParen { break }
            if Byte.isMeta(current), current != Byte.openParen {
                appendLiteral(at, at + 1, to: &parts)
                at += 1
            } else {
                let word = try readWord()
                parts += word.parts
            }
        }
        appendLiteral(at, at + 1, to: &parts)
        at += 1
        depth -= 1
        return true
    }
}
