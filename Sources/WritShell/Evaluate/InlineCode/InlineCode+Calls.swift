// SPDX-License-Identifier: Apache-2.0
import WritCore

/// What calls do: their arguments, calls by another name, and what the numbers in a call mean.
extension InlineCode {
    mutating func call(_ action: InlineLanguage.Action, _ name: String, _ end: Int, receiver: Value? = nil) {
        let hasParenthesis = end < tokens.count && tokens[end] == .symbol("(")
        // `.then(eval)`: what comes is run, whatever it is.
        if action == .eval, !hasParenthesis, end < tokens.count, tokens[end] == .symbol(")"), receiver == nil {
            effects.append(.computed("\(language.name) code that the code is given", []))
            return
        }
        if !hasParenthesis {
            guard language.callsWithoutParentheses, receiver == nil, end < tokens.count else { return }
            switch tokens[end] {
            case .string, .name, .command: break
            case .number where action == .mode: break
            default: return
            }
        }
        let arguments = arguments(from: end).arguments
        let first = receiver ?? arguments.first?.value ?? .unknown(.variable("argument"))
        switch action {
        case .shell:
            guard !arguments.isEmpty || receiver != nil else { return }
            startsShell = startsShell || first.display.contains("sh")
            if let list = arguments.first?.list {
                effects.append(.program(list))
            } else if arguments.count > 1, language.name == "perl" || language.name == "ruby",
                arguments[1].keyword.isEmpty
            {
                effects.append(.program(arguments.map(\.value)))
            } else {
                effects.append(.shell(first))
            }
        case .process: process(arguments, name)
        case .open: open(arguments, receiver: receiver)
        case .read where Self.isURL(first): connect(first, arguments, sends: false, from: end)
        case .read: effects.append(.read(first))
        case .write: effects.append(.write(first))
        case .move:
            let paths = (receiver.map { [$0] } ?? []) + arguments.map(\.value)
            if name.contains("copy") || name.contains("cp") || name.contains("link") {
                effects.append(.read(paths.first ?? first))
            } else {
                effects.append(.delete(paths.first ?? first, isRecursive: false))
            }
            if paths.count > 1 { effects.append(.write(paths[1])) }
        case .delete, .deleteTree:
            let paths =
                receiver.map { [$0] } ?? arguments.first?.list ?? arguments.filter { $0.keyword.isEmpty }.map(\.value)
            for path in language.callsWithoutParentheses ? paths : Array(paths.prefix(1)) {
                effects.append(.delete(path, isRecursive: action == .deleteTree))
            }
            if paths.isEmpty { effects.append(.delete(first, isRecursive: action == .deleteTree)) }
            // What a walk through a folder finds is what is deleted.
            if (paths.first ?? first).startsUnknown { deletesFound = max(deletesFound, action == .deleteTree ? 2 : 1) }
        case .mode:
            // perl and ruby name the mode first.
            let paths =
                language.callsWithoutParentheses && arguments.count > 1 ? arguments.dropFirst().map(\.value) : [first]
            let loosens = opensMode(from: end, to: hasParenthesis ? closing(end) : end + 8)
            for path in paths { effects.append(.mode(path, loosens: loosens)) }
        case .rights: effects.append(.rights)
        case .search:
            if ["/", "~"].contains(where: { first.hasPrefix($0) }) { walked = first }
            effects.append(.search(first.hasUnknown && arguments.isEmpty ? Value(".") : first))
        case .connect, .send:
            var place = first
            if name.hasSuffix(".request"), arguments.count > 1, first.text?.contains("://") != true {
                place = arguments[1].value
            }
            connect(place, arguments, sends: action == .send, from: end)
        case .socket:
            usesSocket = true
            var host = arguments.first?.value ?? .unknown(.variable("host"))
            if language.name == "javascript", arguments.count > 1, Int(host.display) != nil {
                host = arguments[1].value
            }
            // `connect(("host", 80))`: the tuple is one argument.
            if end + 2 < tokens.count, tokens[end + 1] == .symbol("("), case .string(let text) = tokens[end + 2] {
                host = filled(text)
            }
            effects.append(.connect(Value(pieces: host.pieces, taints: host.taints), sends: false, taints: []))
        case .listen:
            listens = true
            effects.append(.listen)
        case .eval: eval(first, name, arguments)
        case .decode, .environment: break
        case .signal: effects.append(.signal)
        case .sql:
            if let statement = arguments.first?.value, !statement.knownPrefix.isEmpty {
                effects.append(.sql(statement))
            }
        case .duplicate:
            // `client.pipe(shell.stdin)` in JavaScript; any other `pipe` only passes data on.
            if !name.hasSuffix("pipe") {
                tiesStreams = true
            } else if startsShell {
                for place in end..<min(closing(end), tokens.count) where tokens[place] == .name("stdin") {
                    tiesStreams = true
                }
            }
        }
    }

    static func isURL(_ value: Value) -> Bool {
        let known = value.knownPrefix
        return known.hasPrefix("http://") || known.hasPrefix("https://") || known.hasPrefix("ftp://")
    }

    private mutating func process(_ arguments: [Expression], _ name: String) {
        guard let first = arguments.first else { return }
        let usesShell =
            arguments.contains { $0.keyword == "shell" && !["False", "false", "0"].contains($0.value.display) }
            || tokensHold("shell", "True") && arguments.contains { $0.keyword == "shell" }
        if let list = first.list {
            if list.first?.display.hasSuffix("sh") == true { startsShell = true }
            if usesShell, let code = list.first { effects.append(.shell(code)) } else { effects.append(.program(list)) }
            return
        }
        if first.value.display.hasSuffix("sh") || first.value.display.contains("sh -i") { startsShell = true }
        if usesShell {
            effects.append(.shell(first.value))
            return
        }
        var words = [first.value]
        if arguments.count > 1 {
            if let list = arguments[1].list {
                // `execvp(path, [argv0, …])` names the program twice.
                words +=
                    name.contains("exec") && name.hasPrefix("os.") || name.contains("spawnv")
                    ? Array(list.dropFirst()) : list
            } else if name.contains("execl") || name.contains("spawnl") || name.hasSuffix("subprocess_exec") {
                words += arguments.dropFirst(name.hasSuffix("_exec") ? 1 : 2).filter { $0.keyword.isEmpty }.map(\.value)
            }
        } else if let text = first.value.text, text.contains(" ") {
            words = text.split(separator: " ").map { Value(String($0)) }
        }
        effects.append(.program(words))
    }

    private func tokensHold(_ name: String, _ value: String) -> Bool {
        tokens.contains(.name(name)) && tokens.contains(.name(value))
    }

    private mutating func open(_ arguments: [Expression], receiver: Value?) {
        var words = arguments
        if receiver != nil, let receiver { words.insert(Expression(value: receiver), at: 0) }
        // perl: `open(F, '>', 'x')`, `open F, ">x"`.
        if language.name == "perl", words.count > 1 {
            let mode = words[1].value
            let text = mode.knownPrefix
            if words.count > 2 {
                if text.contains("|") {
                    effects.append(.program(words[2...].map(\.value)))
                } else if text.contains(">") || text.contains("+") {
                    effects.append(.write(words[2].value))
                } else {
                    effects.append(.read(words[2].value))
                }
                return
            }
            if text.hasPrefix("|") || mode.text?.hasSuffix("|") == true {
                effects.append(.shell(Value(mode.display.filter { $0 != "|" })))
            } else if text.hasPrefix(">") || text.hasPrefix("+") {
                effects.append(.write(mode.droppingMarks))
            } else {
                effects.append(.read(mode.droppingMarks))
            }
            return
        }
        guard let path = words.first?.value else { return }
        if language.name == "ruby", let text = path.text, text.hasPrefix("|") {
            effects.append(.shell(Value(String(text.dropFirst()))))
            return
        }
        if path.text?.contains("://") == true {
            effects.append(.connect(path, sends: false, taints: []))
            return
        }
        let mode =
            words.first { $0.keyword == "mode" }?.value
            ?? (words.count > 1 && words[1].keyword.isEmpty ? words[1].value : Value("r"))
        let text = mode.display
        if text.contains("w") || text.contains("a") || text.contains("x") || text.contains("+") || text.contains("O_WR")
            || mode.text == nil
        {
            effects.append(.write(path))
        }
        if text.contains("r") || text.contains("+") || mode.text == nil { effects.append(.read(path)) }
    }

    private mutating func eval(_ code: Value, _ name: String, _ arguments: [Expression]) {
        if name.hasSuffix("pickle.loads") || name.hasSuffix("unserialize") || name.contains("marshal")
            || name == "Marshal.load" || name.contains("CDLL") || name.contains("dlopen") || name.contains("loadlib")
            || name.contains("LoadLibrary")
        {
            effects.append(.computed("\(name) of data", code.taints))
            return
        }
        if language.name == "perl" || language.name == "ruby", arguments.isEmpty || code.isEmpty { return }
        if name.hasSuffix("compile"), let text = code.text, text.utf8.count < 3 { return }
        if code.text != nil {
            effects.append(.code(code))
        } else {
            effects.append(.computed("\(language.name) code that the code computes", code.taints))
        }
    }

    /// A request: what logs in is told from what is sent.
    private mutating func connect(_ address: Value, _ arguments: [Expression], sends: Bool, from open: Int) {
        let end =
            open < tokens.count && tokens[open] == .symbol("(") ? closing(open) : self.arguments(from: open).end
        var taints = Operation.Taints()
        for argument in arguments {
            taints.formUnion(argument.value.taints)
            for item in argument.list ?? [] { taints.formUnion(item.taints) }
        }
        taints.subtract([.secret, .net, .stranger])
        var credentials: [Value] = []
        var isAddress = address.taints.contains(.secret)
        for secret in secrets(from: open, to: end) {
            if secret.logsIn(language.name) {
                credentials.append(secret.value)
            } else if isAddress, secret.keys.isEmpty {
                // It stands in the URL, whose parts are told apart later.
                isAddress = false
            } else {
                taints.insert(.secret)
            }
        }
        var sends = sends || taints.contains(.secret)
        for place in open..<min(end, tokens.count) {
            guard case .name(let word) = tokens[place] else { continue }
            if ["body", "data", "json", "files"].contains(word) { sends = true }
        }
        effects.append(
            .connect(address, sends: sends, taints: taints, credentials: Array(credentials.prefix(8))))
    }

    /// Functions that call what their first argument names.
    static let callers: Set<String> = [
        "array_map", "array_walk", "array_filter", "call_user_func", "call_user_func_array", "usort",
        "register_shutdown_function",
    ]

    /// `array_map("unlink", glob("/x/*"))`: false when the first argument names nothing of interest.
    mutating func callBack(_ end: Int) -> Bool {
        let arguments = arguments(from: end).arguments
        guard let name = arguments.first?.value.text, let action = action(of: name) else { return false }
        var at = end + 1
        while at < min(closing(end), tokens.count), tokens[at] != .symbol(",") { at += 1 }
        var value = arguments.count > 1 ? arguments[1].value : .unknown(.variable("argument"))
        if let list = arguments.count > 1 ? arguments[1].list : nil, let first = list.first { value = first }
        if at + 3 < tokens.count, case .name(let inner) = tokens[at + 1], self.action(of: inner) == .search,
            case .string(let folder) = tokens[at + 3]
        {
            value = filled(folder)
        }
        switch action {
        case .shell: effects.append(.shell(value))
        case .delete, .deleteTree: effects.append(.delete(value, isRecursive: action == .deleteTree))
        case .read: effects.append(.read(value))
        case .eval: effects.append(.computed("php code that the code computes", value.taints))
        default: return false
        }
        return true
    }

    /// A mode that gives the owner's rights to whoever runs the file, or that lets everybody write it.
    func opensMode(from start: Int, to end: Int) -> Bool {
        let end = min(end, tokens.count)
        guard start < end else { return false }
        return tokens[start..<end].contains { token in
            switch token {
            case .number(let text):
                let digits = text.drop { $0 == "0" || $0 == "o" || $0 == "O" }
                guard text.hasPrefix("0"), let mode = Int(digits, radix: 8) else { return false }
                return mode & 0o6002 != 0
            case .name(let name): return name.hasSuffix("S_ISUID") || name.hasSuffix("S_ISGID")
            default: return false
            }
        }
    }
}

extension Value {
    /// Without the `<`, `>` and blanks that perl's `open` takes before a path.
    fileprivate var droppingMarks: Value {
        guard case .text(let text)? = pieces.first else { return self }
        var value = self
        value.pieces[0] = .text(String(text.drop { $0 == ">" || $0 == "<" || $0 == "+" || $0 == " " }))
        return value
    }
}
