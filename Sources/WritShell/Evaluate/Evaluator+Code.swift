// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Code in text and in files: shells within shells, and other languages.
extension Evaluator {
    /// Runs a file by an interpreter.
    func runFile(
        _ path: Value, language: String, arguments: [Value], _ state: inout ShellState, _ streams: Streams
    ) {
        if let text = path.text, text == "-" || text == "/dev/stdin" || text == "/dev/fd/0" {
            let input = streams.input?.value ?? .unknown(.output)
            if streams.input == nil { return }
            runCode(
                input, language: language, name: path, arguments: arguments, &state, Streams(captures: streams.captures)
            )
            return
        }
        // Some interpreters take addresses for files.
        if path.knownPrefix.hasPrefix("https://") || path.knownPrefix.hasPrefix("http://") {
            let endpoint = Endpoint(path)
            note(Operation(.httpRequest, host: endpoint.host, port: endpoint.port, traits: .download))
            note(
                Operation(
                    .shellExec, traits: .interpreter, opaque: .tainted, detail: "\(language) code from the network",
                    taints: Publishers.vouch(for: path) ? .net : .fetched))
            write(.unknown(.output), to: streams)
            return
        }
        let place = resolve(path, state)
        var content: Value?
        if let written = files[place.path] {
            content = written.content
        } else if !place.isPattern, remote == nil {
            content = context.files?.contents(of: place.path).map { Value($0) }
        }
        if !place.path.hasPrefix("/dev/fd/") {
            note(Operation(.fileRead, path: place.path, isPattern: place.isPattern, depth: depth))
        }
        guard let content, content.isKnown || !content.taints.isEmpty || content.pieces.count > 1 else {
            note(
                Operation(
                    .shellExec, path: place.path, isPattern: place.isPattern, traits: .interpreter,
                    opaque: path.isKnown || content == nil ? .unread : .computed,
                    detail: "\(language) file \(path.display)"))
            noteFetched(place)
            write(.unknown(.output), to: streams)
            return
        }
        runCode(content, language: language, name: path, arguments: arguments, &state, streams)
    }

    /// Runs code that an interpreter gets, one level deeper.
    func runCode(
        _ code: Value, language: String, name: Value, arguments: [Value], _ state: inout ShellState, _ streams: Streams
    ) {
        let kind = Languages.name(of: language) ?? language
        if kind == "powershell" || kind == "cmd" {
            runPowerShell(code, &state, streams, isBatch: kind == "cmd")
            return
        }
        guard Languages.isShell(language) else {
            runInline(code, language: kind, &state, streams)
            return
        }
        // What a new shell inherits: exported variables and functions; not aliases, arguments, traps.
        var inner = state
        inner.variables = state.variables.filter { $0.value.isExported }
        inner.aliases = [:]
        inner.arguments = arguments
        inner.hasUnknownArguments = false
        inner.scriptName = name
        inner.hasEnded = false
        let outer = (frames, dialect)
        frames = []
        if language == "zsh" || current.program == "zsh" { dialect = .zsh } else if dialect == .zsh { dialect = .bash }
        depth += 1
        runShellCode(code, &inner, streams)
        depth -= 1
        (frames, dialect) = outer
        state.status = inner.status
    }

    /// Runs text as shell code in a state: what `eval`, `source`, `trap` and `-c` share.
    func runShellCode(_ code: Value, _ state: inout ShellState, _ streams: Streams) {
        let outer = current
        defer { current = outer }
        if !code.isKnown { noteUnknownCode(code) }
        guard codeDepth < Self.codeDepthLimit else {
            reachLimit("code within code deeper than is followed")
            return
        }
        guard let text = sourceText(of: code, &state) else {
            write(.unknown(.output, taints: code.taints), to: streams)
            state.status = .unknown
            return
        }
        codeDepth += 1
        defer { codeDepth -= 1 }
        let outcome = ShellParser.parse(text, dialect: dialect)
        let outerSpan = baseSpan
        if baseSpan == nil { baseSpan = code.span ?? current.span }
        run(outcome.script, &state, streams)
        baseSpan = outerSpan
        current = outer
        if let error = outcome.error {
            note(
                Operation(
                    .shellExec, traits: .interpreter, opaque: error.isLimit ? .limit : .unparsable,
                    detail: error.message))
        }
    }

    /// Says that code is not known in full.
    private func noteUnknownCode(_ code: Value) {
        var opaque: Operation.Opaque?
        if !code.taints.isEmpty {
            opaque = .tainted
        } else {
            var isBlank = true
            for piece in code.pieces {
                switch piece {
                case .text(let text): if text.contains(where: { !$0.isWhitespace }) { isBlank = false }
                case .glob: continue
                case .unknown(.output), .unknown(.limit): opaque = .computed
                case .unknown(.settings): opaque = opaque ?? .unread
                case .unknown: continue
                }
            }
            if isBlank, opaque != .unread { opaque = .computed }
        }
        guard let opaque else { return }
        if let last = operations.last(where: { $0.kind == .shellExec }), last.command == current.command,
            last.opaque == opaque
        {
            return
        }
        note(
            Operation(
                .shellExec, traits: .interpreter, opaque: opaque,
                detail: opaque == .unread
                    ? "settings that a program prints" : "code that is computed: \(String(code.display.prefix(80)))",
                taints: code.taints))
    }

    /// Code as text; what is unknown stands as a variable of its own. Nil when nothing of it is known.
    private func sourceText(of code: Value, _ state: inout ShellState) -> String? {
        if let text = code.literalText { return text }
        var text = ""
        var hasText = false
        for piece in code.pieces {
            switch piece {
            case .text(let known), .glob(let known):
                text += known
                hasText = true
            case .unknown(let why):
                let name = "__writ_\(placeholders)"
                placeholders += 1
                state.variables[name] = Variable(.unknown(why, taints: code.taints), isExported: true)
                text += "${\(name)}"
            }
        }
        return hasText ? text : nil
    }

    /// Code in another language: its calls become operations.
    private func runInline(_ code: Value, language: String, _ state: inout ShellState, _ streams: Streams) {
        guard codeDepth < Self.codeDepthLimit else {
            reachLimit("code within code deeper than is followed")
            return
        }
        if !code.isKnown, !code.taints.isEmpty || code.literalText == nil {
            let isAllUnknown = code.pieces.allSatisfy { if case .unknown = $0 { true } else { false } }
            if isAllUnknown || !code.taints.isEmpty {
                note(
                    Operation(
                        .shellExec, traits: .interpreter, opaque: code.taints.isEmpty ? .computed : .tainted,
                        detail: "\(language) code that is computed", taints: code.taints))
                if isAllUnknown { return }
            }
        }
        codeDepth += 1
        depth += 1
        defer {
            codeDepth -= 1
            depth -= 1
        }
        let text = code.literalText ?? code.display
        var found: [InlineCode.Effect] = []
        switch language {
        case "awk": found = AwkProgram.effects(text)
        case "vim", "ed":
            guard let shell = Self.escapeOfEditor(text, isVim: language == "vim") else { return }
            if !shell.isEmpty { found = [.shell(Value(shell))] }
            found.append(.computed("\(language) code is not read", []))
        case "gdb", "less":
            guard let shell = Self.escape(from: language, text) else { return }
            found = [shell.isEmpty ? .computed("\(language) code is not read", []) : .shell(Value(shell))]
        case "sed": found = SedScript.effects(code)
        case "sql", "sqlite", "psql", "mysql": noteSQL(code, state)
        case "redis": noteRedis(code)
        case "mongo":
            noteMongo(code)
            runInline(code, language: "javascript", &state, streams)
            return
        default:
            guard let grammar = InlineLanguage.named(language) else {
                found = OtherCode.effects(text, language: language)
                for effect in found { apply(effect, language: language, &state, streams) }
                if OtherCode.isPlain(text, language: language) {
                    note(Operation(.shellExec, traits: .interpreter, opaque: .unread, detail: "\(language) code"))
                    return
                }
                note(
                    Operation(
                        .shellExec, traits: .interpreter, opaque: .computed, detail: "\(language) code is not read"))
                return
            }
            var reader = InlineCode(grammar: grammar, text: text)
            found = reader.find()
        }
        for effect in found { apply(effect, language: language, &state, streams) }
    }

    /// The shell command in a command of a debugger or pager; empty where it does what is not read, nil where it only looks.
    private static func escape(from language: String, _ text: String) -> String? {
        let line = text.drop { $0 == " " }
        if line.hasPrefix("!") { return String(line.dropFirst()) }
        let word = String(line.prefix { $0 != " " && $0 != "/" })
        if language == "less" {
            return line.isEmpty || line.allSatisfy({ $0.isNumber || $0 == "%" })
                || "FGgp/?&nN-".contains(line.prefix(1))
                ? nil : ""
        }
        if word == "shell" { return String(line.dropFirst(5).drop { $0 == " " }) }
        return looks.contains(word) ? nil : ""
    }

    /// The same of commands of editors: `:!x`, `!x`, `r !x`; nil where all of them only edit.
    private static func escapeOfEditor(_ text: String, isVim: Bool) -> String? {
        if isVim {
            var line = text.drop { $0 == ":" || $0 == " " }
            for word in ["silent! ", "silent ", "sil! ", "r ", "read ", "%", "w "] where line.hasPrefix(word) {
                line = line.dropFirst(word.count)
            }
            if line.hasPrefix("!") { return String(line.dropFirst()) }
            if line.contains("|") || line.contains("\\=") || line.contains("!") { return "" }
            let isEdit =
                line.hasPrefix("s/") || line.hasPrefix("s#") || line.hasPrefix("set ") || line.hasPrefix("/")
                || ["q", "qa", "wq", "wqa", "x", "xa", "w", "wa", "qall", "noh", "syntax on", "syntax off"].contains(
                    String(line))
                || !line.isEmpty && line.allSatisfy { $0.isNumber || $0 == "," || $0 == "$" || $0 == "d" }
            return isEdit ? nil : ""
        }
        // A script on ed's input: one line that runs something is enough.
        let lines = text.split(separator: "\n")
        guard let line = lines.first(where: { $0.contains("!") }) else {
            return lines.contains { $0.hasPrefix("e ") || $0.hasPrefix("r ") || $0.hasPrefix("w /") } ? "" : nil
        }
        let place = line.firstIndex(of: "!") ?? line.endIndex
        let isEscape = ["", "r ", "w ", "e ", "r", "w", "e"].contains(line[..<place])
        return isEscape ? String(line[place...].dropFirst()) : ""
    }

    /// Commands of debuggers that show or step.
    private static let looks: Set<String> = [
        "bt", "backtrace", "where", "info", "frame", "f", "up", "down", "list", "l", "print", "p", "x", "disassemble",
        "thread", "threads", "break", "b", "tbreak", "watch", "continue", "c", "run", "r", "start", "next", "n", "step",
        "s", "finish", "quit", "q", "display", "set", "register", "memory", "image", "show", "delete", "until", "ptype",
    ]

    /// `os.path.expanduser('~/x')`, `Path.home() / 'x'`: what code means by `~` is the home.
    private func atHome(_ effect: InlineCode.Effect) -> InlineCode.Effect {
        func home(_ path: Value) -> Value {
            guard case .text(let text)? = path.pieces.first, text == "~" || text.hasPrefix("~/") else { return path }
            var path = path
            path.pieces[0] = .text(context.home + text.dropFirst())
            return path
        }
        switch effect {
        case .read(let path): return .read(home(path))
        case .write(let path): return .write(home(path))
        case .delete(let path, let isRecursive): return .delete(home(path), isRecursive: isRecursive)
        case .mode(let path, let loosens): return .mode(home(path), loosens: loosens)
        case .search(let path): return .search(home(path))
        case .program(let words): return .program(words.map(home))
        case .connect, .listen, .shell, .code, .secret, .computed, .networkShell, .signal, .sql, .rights: return effect
        }
    }

    private func apply(
        _ effect: InlineCode.Effect, language: String, _ state: inout ShellState, _ streams: Streams
    ) {
        switch atHome(effect) {
        case .read(let path): noteRead(path, state, wantsContent: false)
        case .write(let path): noteWrite(path, appends: false, state)
        case .delete(let path, let isRecursive):
            let place = resolve(path, state)
            note(
                Operation(
                    .fileDelete, path: place.path, isPattern: place.isPattern, traits: isRecursive ? .recursive : []))
            noteSettings(place)
        case .mode(let path, let loosens):
            let place = resolve(path, state)
            note(
                Operation(
                    .fileMode, path: place.path, isPattern: place.isPattern, traits: loosens ? .loosens : []))
            noteSettings(place)
        case .rights: note(Operation(.privilegeRaise, detail: "takes the rights of another user"))
        case .search(let path):
            let place = resolve(path, state)
            note(Operation(.fileSearch, path: place.path, isPattern: place.isPattern))
        case .connect(let value, let sends, let taints, var credentials):
            let endpoint = Endpoint(value)
            var address = value
            if let (rest, user) = value.withoutUser, user.mayHoldSecret {
                credentials.append(user)
                address = rest
                if !rest.mayHoldSecret { address.taints.remove(.secret) }
            }
            var operation = Operation(
                endpoint.isHTTP || value.startsUnknown ? .httpRequest : .netConnect, host: endpoint.host,
                port: endpoint.port, traits: sends ? .upload : .download,
                taints: taints.union(address.taints).subtracting(.fetched))
            operation.authenticate(with: credentials)
            note(operation)
        case .listen: note(Operation(.netListen))
        case .shell(let code):
            var inner = state
            runCode(code, language: "sh", name: Value("sh"), arguments: [], &inner, Streams())
        case .program(let words):
            var inner = state
            if words.contains(where: { $0.isKnown }) || words.count > 1 {
                runNext(words, environment: [:], &inner, Streams())
            } else {
                note(Operation(.shellExec, opaque: .computed, detail: "a program that the code computes"))
            }
        case .code(let code): runInline(code, language: language, &state, Streams())
        case .secret(let what): note(Operation(.secretRead, detail: what))
        case .computed(let what, let taints):
            note(
                Operation(
                    .shellExec, traits: .interpreter, opaque: taints.isEmpty ? .computed : .tainted, detail: what,
                    taints: taints))
        case .networkShell: note(Operation(.netConnect, traits: .networkShell, detail: "a shell tied to a socket"))
        case .signal: note(Operation(.processSignal))
        case .sql(let text): noteSQL(text, state)
        }
    }
}
