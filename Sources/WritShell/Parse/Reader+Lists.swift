// SPDX-License-Identifier: Apache-2.0
import WritCore

extension Reader {
    /// The whole text; on a fault the statements before it, with ``failure`` set.
    mutating func readScript() -> ShellScript {
        var script = ShellScript()
        var first: Failure?
        let outerDepth = depth
        while true {
            do throws(Stop) {
                try readList(into: &script.statements)
                if at >= end { break }
                throw unexpected()
            } catch {
                first = first ?? failure
                // After a fault inside of `NAME=(…)` bash drops the line it has reached, with all commands that were
                // still open, and runs what follows. Every other fault ends the script.
                guard failure?.dropsLine == true, let newline = find(Byte.newline, from: at) else { break }
                failure = nil
                at = newline + 1
                depth = outerDepth
                gathered = []
                pending = []
                insideSubstitution = false
                openBraces = 0
            }
        }
        failure = first
        if !documents.isEmpty { DocumentFilling(documents: documents).fill(&script) }
        return script
    }

    /// Statements up to something that ends a list: `)`, `;;`, a closing reserved word or the end.
    mutating func readList() throws(Stop) -> ShellScript {
        var script = ShellScript()
        try readList(into: &script.statements)
        return script
    }

    /// Statements where at least one must stand.
    mutating func readFilledList() throws(Stop) -> ShellScript {
        let script = try readList()
        if script.statements.isEmpty { throw unexpected() }
        return script
    }

    private mutating func readList(into statements: inout [Statement]) throws(Stop) {
        while true {
            try skipNewlines()
            switch current {
            case 0 where at >= end: return
            case Byte.closeParen: return
            case Byte.semicolon:
                let next = byte(at + 1)
                if next == Byte.semicolon || next == Byte.ampersand { return }
                if dialect == .zsh || dialect == .bash && next == Byte.bar { return }
                throw unexpected()
            default: break
            }
            if let found = reserved(), found.word.closes { return }
            statements.append(try readStatement())
            if statements.count == Self.manyStatements, depth == 0 { reserve(&statements) }
            // zsh: `if [[ … ]] {`; the brace is the body and not another command.
            if dialect == .zsh, current == Byte.openBrace, byte(at - 1) != Byte.semicolon,
                byte(at - 1) != Byte.ampersand
            {
                return
            }
        }
    }

    private static let manyStatements = 4_096

    /// What has been read of a long script says how many statements are to come: a list that grows step by step is
    /// moved, and touches twice the memory.
    private func reserve(_ statements: inout [Statement]) {
        let expected = 1.05 * Double(statements.count) * Double(end) / Double(max(1, at))
        statements.reserveCapacity(Int(min(expected, 1_048_576)))
    }

    @inline(never)
    private mutating func readStatement() throws(Stop) -> Statement {
        let start = at
        var statement = Statement(first: try readPipeline(), span: SourceSpan(start: 0, end: 0))
        var stop = at
        while true {
            skipBlanks()
            let next = current
            let after = byte(at + 1)
            if next == Byte.ampersand, after == Byte.ampersand {
                at += 2
                try skipNewlines()
                statement.rest.append(Statement.Next(joiner: .and, pipeline: try readPipeline()))
                stop = at
            } else if next == Byte.bar, after == Byte.bar {
                at += 2
                try skipNewlines()
                statement.rest.append(Statement.Next(joiner: .or, pipeline: try readPipeline()))
                stop = at
            } else {
                break
            }
        }
        statement.span = span(start, stop)
        switch current {
        case Byte.semicolon:
            let next = byte(at + 1)
            if next != Byte.semicolon, next != Byte.ampersand { at += 1 }
        case Byte.ampersand:
            at += 1
            statement.isBackground = true
            if dialect == .zsh, current == Byte.bar || current == Byte.bang { at += 1 }
            if current == Byte.semicolon, dialect != .zsh { throw unexpected() }
        case Byte.newline, Byte.closeParen: break
        case 0 where at >= end: break
        default:
            // `{ { a; } }`: after a compound command a closing word needs no `;`.
            if let found = reserved(), found.word.closes || dialect == .zsh && found.word == .openBrace { break }
            throw unexpected()
        }
        return statement
    }

    @inline(never)
    private mutating func readPipeline() throws(Stop) -> Pipeline {
        let start = at
        var isNegated = false
        var isTimed = false
        while let found = reserved() {
            if found.word == .bang {
                isNegated.toggle()
                at = found.end
            } else if found.word == .time {
                isTimed = true
                at = found.end
                skipBlanks()
                for option in [UInt8(ascii: "p"), Byte.minus]
                where current == Byte.minus && byte(at + 1) == option && Byte.isMeta(byte(at + 2)) {
                    at += 2
                    skipBlanks()
                }
            } else {
                break
            }
            skipBlanks()
        }
        var commands: [Command] = []
        var carriesErrors: [Bool] = []
        if isNegated || isTimed || at > start, endsPipeline() {
            commands.append(Command(body: .simple(assignments: [], words: []), span: span(at, at)))
            return Pipeline(commands: commands, isNegated: isNegated, isTimed: isTimed, span: span(start, at))
        }
        commands.append(try readCommand())
        var stop = at
        while true {
            skipBlanks()
            guard current == Byte.bar, byte(at + 1) != Byte.bar else { break }
            at += 1
            let carries = current == Byte.ampersand
            if carries { at += 1 }
            try skipNewlines()
            // `a | time b` measures `b` alone, which the tree has no place for.
            if let found = reserved(), found.word == .time {
                at = found.end
                skipBlanks()
            }
            carriesErrors.append(carries)
            commands.append(try readCommand())
            stop = at
        }
        return Pipeline(
            commands: commands, carriesErrors: carriesErrors, isNegated: isNegated, isTimed: isTimed,
            span: span(start, stop))
    }

    /// Whether `!` or `time` stands alone here.
    private func endsPipeline() -> Bool {
        switch current {
        case Byte.newline, Byte.closeParen: true
        case Byte.semicolon: true
        case Byte.ampersand: byte(at + 1) != Byte.greater
        case Byte.bar: byte(at + 1) == Byte.bar
        default: at >= end
        }
    }

    /// A command, at its first byte.
    mutating func readCommand() throws(Stop) -> Command {
        if dialect == .zsh, let command = try readZshCommand() { return command }
        if current == Byte.openParen, let command = try readCompound() { return command }
        if let found = reserved() {
            if found.word == .function { return try readFunctionKeyword(after: found.end) }
            if found.word == .coproc { return try readCoprocess(after: found.end) }
            if let command = try readCompound() { return command }
            if found.word.closes || found.word == .in || found.word == .bang { throw unexpected() }
        }
        return try readSimple()
    }
}
