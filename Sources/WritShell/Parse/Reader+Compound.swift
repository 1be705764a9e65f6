// SPDX-License-Identifier: Apache-2.0
import WritCore

extension Reader {
    /// A compound command with its redirections, or nil when none starts here. Leaves the cursor where it was then.
    @inline(never)
    mutating func readCompound() throws(Stop) -> Command? {
        let start = at
        let body: Command.Body
        if current == Byte.openParen {
            try enter()
            if byte(at + 1) == Byte.openParen, !openedSubshells.contains(at), let word = try readArithmeticCommand() {
                body = .arithmetic(word)
            } else {
                body = try readSubshell()
            }
        } else {
            guard let found = reserved() else { return nil }
            switch found.word {
            case .if:
                try enter()
                at = found.end
                body = try readIf(opened: start)
            case .while, .until:
                try enter()
                at = found.end
                body = try readWhile(until: found.word == .until, opened: start)
            case .for:
                try enter()
                at = found.end
                body = try readFor(opened: start)
            case .select:
                try enter()
                at = found.end
                body = try readSelect(opened: start)
            case .case:
                try enter()
                at = found.end
                body = try readCase(opened: start)
            case .openBrace:
                try enter()
                body = try readGroup()
            case .openTest:
                try enter()
                at = found.end
                body = try readTest(opened: start)
            case .then, .else, .elif, .fi, .do, .done, .esac, .in, .closeBrace, .function, .time, .coproc, .bang:
                return nil
            }
        }
        depth -= 1
        let redirections = try readRedirections()
        return Command(body: body, redirections: redirections, span: span(start, at))
    }

    @inline(never)
    private mutating func readSubshell() throws(Stop) -> Command.Body {
        let opened = at
        at += 1
        let script = try readFilledList()
        guard current == Byte.closeParen else { throw notClosed("(", opened: opened) }
        at += 1
        return .subshell(script)
    }

    /// `((…))`, or nil with the cursor back where it was when the second `(` opens a subshell after all.
    @inline(never)
    private mutating func readArithmeticCommand() throws(Stop) -> Word? {
        let opened = at
        let state = save()
        at += 2
        if let word = try readArithmetic(opened: opened) { return word }
        try chargeRetry(from: opened)
        restore(state)
        openedSubshells.insert(opened)
        return nil
    }

    @inline(never)
    private mutating func readGroup() throws(Stop) -> Command.Body {
        let opened = at
        at += 1
        openBraces += 1
        let script = dialect == .zsh ? try readList() : try readFilledList()
        openBraces -= 1
        guard take(.closeBrace) else { throw notClosed("{", opened: opened) }
        if dialect == .zsh { return try readZshAlways(after: script) }
        return .group(script)
    }

    mutating func notClosed(_ what: String, opened: Int) -> Stop {
        at >= end ? fail("unclosed `\(what)`", at: at, opened: opened) : unexpected()
    }

    @inline(never)
    private mutating func readIf(opened: Int) throws(Stop) -> Command.Body {
        var branches: [Command.Branch] = []
        var otherwise: ShellScript?
        while true {
            let condition = try readFilledList()
            if dialect == .zsh, let body = try readZshBraces() {
                branches.append(Command.Branch(condition: condition, body: body))
                let state = save()
                skipBlanks()
                if take(.elif) { continue }
                if take(.else) {
                    skipBlanks()
                    otherwise = try readZshBraces()
                    if otherwise == nil { throw unexpected() }
                } else {
                    restore(state)
                }
                return .conditional(branches: branches, otherwise: otherwise)
            }
            try expect(.then, of: "if", opened: opened)
            branches.append(Command.Branch(condition: condition, body: try readFilledList()))
            if take(.elif) { continue }
            if take(.else) { otherwise = try readFilledList() }
            try expect(.fi, of: "if", opened: opened)
            return .conditional(branches: branches, otherwise: otherwise)
        }
    }

    @inline(never)
    private mutating func readWhile(until: Bool, opened: Int) throws(Stop) -> Command.Body {
        let condition = try readFilledList()
        if dialect == .zsh, let body = try readZshBraces() {
            return .loop(until: until, condition: condition, body: body)
        }
        try expect(.do, of: until ? "until" : "while", opened: opened)
        let body = try readFilledList()
        try expect(.done, of: until ? "until" : "while", opened: opened)
        return .loop(until: until, condition: condition, body: body)
    }

    /// `do … done` or `{ … }`.
    private mutating func readLoopBody(of opener: String, opened: Int) throws(Stop) -> ShellScript {
        if let found = reserved(), found.word == .openBrace {
            let brace = at
            at = found.end
            openBraces += 1
            let body = try readFilledList()
            openBraces -= 1
            guard take(.closeBrace) else { throw notClosed("{", opened: brace) }
            return body
        }
        if dialect == .zsh, let found = reserved(), found.word == .do {
        } else if dialect == .zsh {
            return try readZshShortBody()
        }
        try expect(.do, of: opener, opened: opened)
        let body = try readFilledList()
        try expect(.done, of: opener, opened: opened)
        return body
    }

    @inline(never)
    private mutating func readFor(opened: Int) throws(Stop) -> Command.Body {
        skipBlanks()
        if current == Byte.openParen, byte(at + 1) == Byte.openParen {
            return try readForArithmetic(opened: opened)
        }
        let (name, words) = try readLoopHead(of: "for")
        let body = try readLoopBody(of: "for", opened: opened)
        return .forEach(name: name, words: words, body: body)
    }

    @inline(never)
    private mutating func readSelect(opened: Int) throws(Stop) -> Command.Body {
        let (name, words) = try readLoopHead(of: "select")
        let body = try readLoopBody(of: "select", opened: opened)
        return .select(name: name, words: words, body: body)
    }

    /// `NAME [in WORDS]` and what separates it from the body.
    private mutating func readLoopHead(of opener: String) throws(Stop) -> (name: String, words: [Word]?) {
        skipBlanks()
        if Byte.isMeta(current) { throw unexpected() }
        let start = at
        _ = try readWord()
        let name = text(start, at)
        if dialect == .zsh, let words = try readZshLoopWords() { return (name, words) }
        skipBlanks()
        if current == Byte.semicolon, byte(at + 1) != Byte.semicolon {
            at += 1
            try skipNewlines()
            return (name, nil)
        }
        try skipNewlines()
        guard take(.in) else { return (name, nil) }
        var words: [Word] = []
        while true {
            skipBlanks()
            if Byte.isMeta(current), !startsProcess() { break }
            words.append(try readWord())
        }
        if current == Byte.semicolon, byte(at + 1) != Byte.semicolon {
            at += 1
        } else if current != Byte.newline {
            throw unexpected()
        }
        try skipNewlines()
        return (name, words)
    }

    @inline(never)
    private mutating func readForArithmetic(opened: Int) throws(Stop) -> Command.Body {
        at += 2
        var expressions: [Word?] = []
        while true {
            let start = at
            var parts: [Word.Part] = []
            let closing = try readArithmeticParts(into: &parts, closing: Byte.closeParen, separator: Byte.semicolon)
            expressions.append(isBlank(start, at) ? nil : Word(parts: parts, span: span(start, at)))
            at += 1
            if closing == Byte.semicolon { continue }
            if closing == Byte.closeParen, current == Byte.closeParen {
                at += 1
                break
            }
            if at > end { throw fail("unclosed `((`", at: end, opened: opened) }
            throw unexpected()
        }
        guard expressions.count == 3 else {
            throw fail("`for ((` needs three expressions", at: opened)
        }
        skipBlanks()
        if current == Byte.semicolon, byte(at + 1) != Byte.semicolon { at += 1 }
        try skipNewlines()
        let body = try readLoopBody(of: "for", opened: opened)
        return .forArithmetic(initial: expressions[0], condition: expressions[1], step: expressions[2], body: body)
    }

    private func isBlank(_ start: Int, _ stop: Int) -> Bool {
        var offset = start
        while offset < stop {
            let next = byte(offset)
            if next != Byte.space, next != Byte.tab, next != Byte.newline { return false }
            offset += 1
        }
        return true
    }

    @inline(never)
    private mutating func readCase(opened: Int) throws(Stop) -> Command.Body {
        skipBlanks()
        if Byte.isMeta(current), !startsProcess() { throw unexpected() }
        let subject = try readWord()
        try skipNewlines()
        if dialect == .zsh, current == Byte.openBrace {
            at += 1
        } else {
            try expect(.in, of: "case", opened: opened)
        }
        var arms: [Command.Arm] = []
        while true {
            try skipNewlines()
            if let found = reserved(), found.word == .esac || dialect == .zsh && found.word == .closeBrace {
                at = found.end
                break
            }
            if at >= end { throw fail("missing `esac` for `case`", at: at, opened: opened) }
            var arm = Command.Arm(patterns: [], body: ShellScript(), end: .leave)
            if current == Byte.openParen {
                at += 1
                skipBlanks()
            }
            while true {
                if Byte.isMeta(current), !startsProcess(), !(dialect == .zsh && current == Byte.openParen) {
                    throw unexpected()
                }
                arm.patterns.append(try readWord())
                skipBlanks()
                if current == Byte.bar {
                    at += 1
                    skipBlanks()
                } else if current == Byte.closeParen {
                    at += 1
                    break
                } else {
                    throw unexpected()
                }
            }
            arm.body = try readList()
            var isLast = true
            if current == Byte.semicolon {
                isLast = false
                let next = byte(at + 1)
                if next == Byte.semicolon {
                    let tests = byte(at + 2) == Byte.ampersand
                    arm.end = tests ? .testNext : .leave
                    at += tests ? 3 : 2
                } else if next == Byte.ampersand {
                    arm.end = .fallThrough
                    at += 2
                } else if next == Byte.bar, dialect == .zsh {
                    arm.end = .testNext
                    at += 2
                } else {
                    throw unexpected()
                }
            }
            arms.append(arm)
            if isLast {
                if dialect == .zsh, take(.closeBrace) { break }
                try expect(.esac, of: "case", opened: opened)
                break
            }
        }
        return .switchCase(subject: subject, arms: arms)
    }

    /// `function NAME [()] BODY`.
    @inline(never)
    mutating func readFunctionKeyword(after keyword: Int) throws(Stop) -> Command {
        let start = at
        at = keyword
        skipBlanks()
        if Byte.isMeta(current), !startsProcess() { throw unexpected() }
        let nameStart = at
        _ = try readWord()
        let name = text(nameStart, at)
        skipBlanks()
        if current == Byte.openParen {
            let state = save()
            at += 1
            skipBlanks()
            if current == Byte.closeParen { at += 1 } else { restore(state) }
        }
        return try readFunctionBody(name: name, start: start)
    }

    /// The body after a function's name; it must be a compound command.
    mutating func readFunctionBody(name: String, start: Int) throws(Stop) -> Command {
        try skipNewlines()
        try enter()
        guard let body = try readCompound() else {
            if dialect == .zsh, at < end, !Byte.isMeta(current) {
                let body = try readCommand()
                depth -= 1
                return Command(body: .function(name: name, body: body), span: span(start, at))
            }
            throw unexpected()
        }
        depth -= 1
        return Command(body: .function(name: name, body: body), span: span(start, at))
    }

    /// `coproc [NAME] COMMAND`; only a compound command can have a name.
    @inline(never)
    mutating func readCoprocess(after keyword: Int) throws(Stop) -> Command {
        let start = at
        at = keyword
        skipBlanks()
        try enter()
        var name: String?
        let state = save()
        if Byte.isNameStart(current), reserved() == nil {
            var stop = at
            while Byte.isName(byte(stop)) { stop += 1 }
            let word = text(at, stop)
            at = stop
            if Byte.isMeta(current) {
                skipBlanks()
                if startsCompound() { name = word }
            }
            if name == nil { restore(state) }
        }
        let body: Command
        if let compound = try readCompound() { body = compound } else { body = try readSimple() }
        depth -= 1
        return Command(body: .coprocess(name: name, body: body), span: span(start, at))
    }

    private func startsCompound() -> Bool {
        if current == Byte.openParen { return true }
        guard let found = reserved() else { return false }
        switch found.word {
        case .if, .while, .until, .for, .select, .case, .openBrace, .openTest: return true
        case .then, .else, .elif, .fi, .do, .done, .esac, .in, .closeBrace, .function, .time, .coproc, .bang:
            return false
        }
    }

    // MARK: Going back

    /// Where reading can be taken up again when a guess was wrong.
    struct State {
        var at: Int
        var pending: [PendingDocument]
        var documents: Int
        var depth: Int
        var openBraces: Int
        var gathered: Int
    }

    func save() -> State {
        State(
            at: at, pending: pending, documents: documents.count, depth: depth, openBraces: openBraces,
            gathered: gathered.count)
    }

    mutating func restore(_ state: State) {
        at = state.at
        pending = state.pending
        documents.removeLast(documents.count - state.documents)
        depth = state.depth
        openBraces = state.openBraces
        gathered.removeLast(max(0, gathered.count - state.gathered))
        failure = nil
    }
}
