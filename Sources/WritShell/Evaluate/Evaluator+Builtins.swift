// SPDX-License-Identifier: Apache-2.0
import WritCore

/// What the shell does itself.
extension Evaluator {
    private static let builtins: Set<String> = [
        ":", "true", "false", "wait", "jobs", "fg", "times", "umask", "ulimit", "type", "help", "bind",
        "complete",
        "compgen", "compopt", "logout", "suspend", "caller", "setopt", "unsetopt", "autoload", "rehash", "emulate",
        "zstyle",
        "zle", "bindkey", "compdef", "compinit", "noglob", "nocorrect", "fc", "dirs", "disown", "echo", "print",
        "printf",
        "pwd", "cd", "chdir", "pushd", "popd", "export", "declare", "typeset", "local", "readonly", "integer", "float",
        "unset", "alias", "unalias", "trap", "set", "shift", "shopt", "enable", "hash", "zmodload", "source", ".",
        "eval",
        "exec",
        "command", "builtin", "read", "mapfile", "readarray", "getopts", "let", "test", "[", "return", "exit", "break",
        "continue", "history", "bg", "ztcp",
    ]

    /// Runs a builtin; false when the name is none, or when the tables know more about it.
    func runBuiltin(_ name: String, _ fields: [Value], _ state: inout ShellState, _ streams: Streams) -> Bool {
        // One look-up spares the comparisons below for the many programs that are no builtins.
        guard Self.builtins.contains(name) else { return false }
        switch name {
        case ":", "true", "false", "wait", "jobs", "fg", "times", "umask", "ulimit", "type", "help",
            "bind", "complete", "compgen", "compopt", "logout", "suspend", "caller", "setopt", "unsetopt", "autoload",
            "rehash", "emulate", "zstyle", "zle", "bindkey", "compdef", "compinit", "noglob", "nocorrect", "fc", "dirs":
            note(Operation(.shellExec))
            if name == "noglob" || name == "nocorrect", fields.count > 1 {
                runNext(Array(fields.dropFirst()), environment: [:], &state, streams)
                return true
            }
            state.status = name == "false" ? .failure : name == ":" || name == "true" ? .success : .unknown
            if name != ":", name != "true", name != "false" { write(.unknown(.output), to: streams) }
        case "disown":
            note(Operation(.shellBackground, traits: .background))
            state.status = .unknown
        case "echo", "print":
            note(Operation(.shellExec))
            write(TextModels.echo(fields), to: streams)
            state.status = .success
        case "printf": runPrintf(fields, &state, streams)
        case "pwd":
            note(Operation(.shellExec))
            var output = value(of: "PWD", state)
            output.append(text: "\n")
            write(output, to: streams)
            state.status = .success
        case "cd", "chdir", "pushd", "popd": changeDirectory(name, fields, &state, streams)
        case "export", "declare", "typeset", "local", "readonly", "integer", "float":
            declare(name, fields, &state, streams)
        case "unset": unset(fields, &state)
        case "alias": defineAliases(fields, &state)
        case "unalias":
            note(Operation(.shellExec))
            for field in fields.dropFirst() {
                if let text = field.text { state.aliases[text] = nil }
                if field.text == "-a" { state.aliases = [:] }
            }
        case "trap": runTrap(fields, &state)
        case "set": runSet(fields, &state, streams)
        case "shift":
            note(Operation(.shellExec))
            let count = fields.count > 1 ? fields[1].text.flatMap { Int($0) } ?? 0 : 1
            if count >= 0, count <= state.arguments.count { state.arguments.removeFirst(count) }
            state.status = .success
        case "shopt":
            note(Operation(.shellExec))
            state.status = .success
        case "hash":
            note(Operation(.shellExec))
            // `hash -p /bin/rm ls`: from now on `ls` is that program.
            if fields.count > 3, fields[1].text == "-p", let path = fields[2].text, let name = fields[3].text {
                copies[name] = PathText.name(path)
            }
        case "enable":
            note(Operation(.shellExec))
            enable(fields, &state)
        case "zmodload":
            note(Operation(.shellExec, detail: "loads a module into the shell"))
        case "source", ".": runSource(fields, &state, streams)
        case "eval":
            var taints = Operation.Taints()
            for field in fields { taints.formUnion(field.taints) }
            note(Operation(.shellExec, traits: .interpreter, taints: taints))
            guard fields.count > 1 else { return true }
            var code = Value.joined(Array(fields.dropFirst()), separator: " ")
            code.span = fields[1].span.map { SourceSpan(start: $0.start, end: fields.last?.span?.end ?? $0.end) }
            runShellCode(code, &state, streams)
        case "exec": runExec(fields, &state, streams)
        case "command", "builtin": runCommand(name, fields, &state, streams)
        case "read": runRead(fields, &state, streams)
        case "mapfile", "readarray": runMapfile(fields, &state, streams)
        case "getopts":
            note(Operation(.shellExec))
            if fields.count > 2, let variable = fields[2].text {
                state.variables[variable] = Variable(.unknown(.variable(variable)))
                state.variables["OPTARG"] = Variable(.unknown(.variable("OPTARG")))
            }
            state.status = .unknown
        case "let":
            note(Operation(.shellExec))
            var result: Int?
            for field in fields.dropFirst() { result = arithmeticValue(of: field, &state) }
            state.status = result.map { $0 == 0 ? .failure : .success } ?? .unknown
        case "test", "[":
            note(Operation(.shellExec))
            state.status = testStatus(fields)
        case "return", "exit", "break", "continue": leave(name, fields, &state)
        case "history":
            note(Operation(.shellExec))
            if fields.contains(where: { $0.text == "-c" || $0.text == "-d" || $0.text == "-w" }) {
                note(Operation(.configWrite, detail: "log shell history"))
            } else {
                note(Operation(.secretRead, detail: "shell-history"))
                write(.unknown(.output, taints: .secret), to: streams)
            }
        case "ztcp":
            note(Operation(.shellExec))
            connectSocket(fields, &state)
        case "bg":
            note(Operation(.shellBackground, traits: .background))
        default: return false
        }
        return true
    }

    /// zsh's own sockets: `ztcp host port` leaves a descriptor in `REPLY`, `ztcp -l port` waits for somebody.
    private func connectSocket(_ fields: [Value], _ state: inout ShellState) {
        var operands: [Value] = []
        var descriptor = 62
        var listens = false
        var at = 1
        while at < fields.count {
            let text = fields[at].text ?? ""
            if text == "-c" || text == "-L" { return }
            if text == "-d", at + 1 < fields.count {
                descriptor = fields[at + 1].text.flatMap { Int($0) } ?? descriptor
                at += 1
            } else if text.hasPrefix("-") {
                listens = listens || text.holds("l")
            } else {
                operands.append(fields[at])
            }
            at += 1
        }
        let host = listens ? "0.0.0.0" : operands.first?.display ?? "…"
        let port = (listens ? operands.first : operands.dropFirst().first)?.text.flatMap { Int($0) } ?? 0
        note(Operation(listens ? .netListen : .netConnect, host: host, port: port, detail: "a socket of the shell"))
        state.descriptors[descriptor] = .network(host)
        state.variables["REPLY"] = Variable(Value(String(descriptor)))
        state.status = .unknown
    }

    // MARK: - Directories

    private func changeDirectory(_ name: String, _ fields: [Value], _ state: inout ShellState, _ streams: Streams) {
        note(Operation(.shellExec))
        state.status = .unknown
        let here = state.directories.count == 1 ? state.directories[0] : .unknown(.variable("PWD"))
        var operands = fields.dropFirst().filter { field in
            guard let text = field.text, text.hasPrefix("-"), text != "-" else { return true }
            return false
        }
        if name == "popd" {
            if let last = state.directoryStack.popLast() { state.directories = [last] }
            return
        }
        if name == "pushd" {
            if operands.isEmpty {
                if let last = state.directoryStack.popLast() {
                    state.directoryStack.append(here)
                    state.directories = [last]
                }
                return
            }
            state.directoryStack.append(here)
            if state.directoryStack.count > 64 { state.directoryStack.removeFirst() }
        }
        var target: Value
        if operands.isEmpty {
            target = value(of: "HOME", state)
        } else {
            target = operands.removeFirst()
            if target.text == "-" { target = value(of: "OLDPWD", state) }
        }
        if target.isEmpty { return }
        // `CDPATH` sends a relative name elsewhere.
        if let path = state.variables["CDPATH"]?.scalars.first, let text = target.text, !text.hasPrefix("/"),
            !text.hasPrefix(".")
        {
            _ = path
            state.directories = [.unknown(.variable("CDPATH"))]
            return
        }
        let directory = directory(target, state)
        state.variables["OLDPWD"] = Variable(here)
        state.directories = [directory]
        if directory.text == nil || directory.text != here.text { state.status = .unknown }
    }

    // MARK: - Variables

    private func declare(_ name: String, _ fields: [Value], _ state: inout ShellState, _ streams: Streams) {
        note(Operation(.shellExec))
        state.status = .success
        var isExported = name == "export"
        var attribute = Variable.Attribute.none
        var isList = false
        var isMap = false
        var prints = fields.count == 1
        var exportsFunctions = false
        var operands: [Value] = []
        for field in fields.dropFirst() {
            if let text = field.text, text.utf8.count > 1, text.hasPrefix("-") || text.hasPrefix("+"), operands.isEmpty
            {
                for letter in text.dropFirst() {
                    switch letter {
                    case "x": isExported = text.hasPrefix("-")
                    case "i": attribute = .integer
                    case "l": attribute = .lower
                    case "u": attribute = .upper
                    case "n" where name != "export": attribute = .reference
                    case "a": isList = true
                    case "A": isMap = true
                    case "p": prints = true
                    case "f": exportsFunctions = true
                    default: continue
                    }
                }
            } else {
                operands.append(field)
            }
        }
        if prints, operands.isEmpty, !exportsFunctions {
            // `export -p`, `declare`: the whole environment.
            note(Operation(.secretRead, detail: "environment"))
            write(.unknown(.output, taints: .secret), to: streams)
            return
        }
        let isLocal =
            name == "local" || (name == "declare" || name == "typeset") && !fields.contains { $0.text == "-g" }
        if isLocal, let frame = frames.indices.last(where: { frames[$0].kind != .loop }),
            frames[frame].kind == .function
        {
            for operand in operands {
                guard let variable = Self.assignment(operand)?.name ?? operand.text,
                    frames[frame].hidden[variable] == nil
                else { continue }
                frames[frame].hidden[variable] = .some(state.variables[variable])
            }
        }
        for operand in operands {
            guard let (variable, key, appends, given) = Self.assignment(operand) else {
                if let text = operand.text, !exportsFunctions {
                    var old = state.variables[text] ?? Variable(value(of: text, state))
                    if name == "local" { old = Variable(content: .unset) }
                    if state.variables[text] == nil, name != "export" { old.content = .unset }
                    if isList, case .unset = old.content { old.content = .list([:]) }
                    if isMap { old.content = .map([:]) }
                    old.isExported = old.isExported || isExported
                    if attribute != .none { old.attribute = attribute }
                    state.variables[text] = old
                }
                continue
            }
            var declared = appends ? state.variables[variable] ?? Variable(content: .unset) : Variable(content: .unset)
            if isMap { declared.content = .map([:]) } else if isList { declared.content = .list([:]) }
            if attribute != .none { declared.attribute = attribute == .reference ? .none : attribute }
            declared.isExported = isExported || state.variables[variable]?.isExported == true
            if given.text?.hasPrefix("(") == true, given.text?.hasSuffix(")") == true {
                assignCompound(variable, declared, given, &state)
            } else {
                state.variables[variable] = declared
                assign(variable, key: key, given, appends: appends, &state)
            }
            if attribute == .reference { state.variables[variable]?.attribute = .reference }
            noteVariables([variable: given], &state, streams)
        }
    }

    /// `declare -a x=(a b)` when the parser leaves it as text.
    private func assignCompound(_ name: String, _ declared: Variable, _ value: Value, _ state: inout ShellState) {
        state.variables[name] = declared
        guard let text = value.text else { return }
        let outcome = ShellParser.parse("\(name)=\(text)", dialect: dialect)
        guard outcome.error == nil,
            case .simple(let assignments, _)? = outcome.script.statements.first?.first.commands.first?.body
        else { return }
        for assignment in assignments { assign(assignment, &state) }
    }

    /// `NAME=value`, `NAME+=value`, `NAME[key]=value` as one field.
    static func assignment(_ field: Value) -> (name: String, key: String?, appends: Bool, value: Value)? {
        guard case .text(let head)? = field.pieces.first, let equals = head.utf8.firstIndex(of: 0x3D) else {
            return nil
        }
        var name = head[..<equals]
        let appends = name.utf8.last == 0x2B
        if appends { name = name.dropLast() }
        var key: String?
        if let open = name.utf8.firstIndex(of: 0x5B), name.utf8.last == 0x5D {
            key = String(name[name.index(after: open)..<name.index(before: name.endIndex)])
            name = name[..<open]
        }
        guard let first = name.utf8.first, !(first >= 0x30 && first <= 0x39),
            name.utf8.allSatisfy({
                ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || $0 >= 0x30 && $0 <= 0x39 || $0 == 0x5F
            })
        else { return nil }
        var value = Value(String(head[head.index(after: equals)...]), taints: field.taints, span: field.span)
        for piece in field.pieces.dropFirst() { value.append(piece) }
        return (String(name), key, appends, value)
    }

    private func unset(_ fields: [Value], _ state: inout ShellState) {
        note(Operation(.shellExec))
        for field in fields.dropFirst() {
            guard let text = field.text, !text.hasPrefix("-") else { continue }
            if let found = DangerousVariables.builtIn.class(of: text), found == .guard {
                note(Operation(.configWrite, detail: "environment \(text) (guard)"))
            }
            if text.hasSuffix("]"), let open = text.firstIndex(of: "[") {
                let key = String(text[text.index(after: open)...].dropLast())
                switch state.variables[String(text[..<open])]?.content {
                case .list(var items)?:
                    if let index = Int(key) { items[index] = nil }
                    state.variables[String(text[..<open])]?.content = .list(items)
                case .map(var items)?:
                    items[key] = nil
                    state.variables[String(text[..<open])]?.content = .map(items)
                default: break
                }
                continue
            }
            state.functions[text] = nil
            state.variables[text] = Variable(content: .unset)
        }
        state.status = .success
    }

    private func defineAliases(_ fields: [Value], _ state: inout ShellState) {
        note(Operation(.shellExec))
        for field in fields.dropFirst() {
            guard case .text(let head)? = field.pieces.first, let equals = head.firstIndex(of: "="),
                equals != head.startIndex
            else { continue }
            var value = Value(String(head[head.index(after: equals)...]), taints: field.taints, span: field.span)
            for piece in field.pieces.dropFirst() { value.append(piece) }
            state.aliases[String(head[..<equals])] = value
        }
        state.status = .success
    }

    private func enable(_ fields: [Value], _ state: inout ShellState) {
        let texts = fields.dropFirst().compactMap(\.text)
        if texts.contains("-f") {
            note(
                Operation(.shellExec, traits: .interpreter, opaque: .unread, detail: "a builtin loaded from a library"))
        }
        if texts.contains("-n") {
            for text in texts where !text.hasPrefix("-") { state.disabledBuiltins.insert(text) }
        } else {
            for text in texts { state.disabledBuiltins.remove(text) }
        }
    }

    private func runSet(_ fields: [Value], _ state: inout ShellState, _ streams: Streams) {
        note(Operation(.shellExec))
        state.status = .success
        if fields.count == 1 {
            note(Operation(.secretRead, detail: "environment"))
            write(.unknown(.output, taints: .secret), to: streams)
            return
        }
        var at = 1
        while at < fields.count {
            guard let text = fields[at].text, text.hasPrefix("-") || text.hasPrefix("+"), text != "-" else { break }
            if text == "--" {
                state.arguments = Array(fields[(at + 1)...])
                state.hasUnknownArguments = fields[(at + 1)...].contains { !$0.isKnown }
                if state.hasUnknownArguments, fields.count == at + 2 { state.arguments = [] }
                return
            }
            if text.hasSuffix("o") { at += 1 }
            at += 1
        }
        if at < fields.count { state.arguments = Array(fields[at...]) }
    }

    // MARK: - Code

    private func runTrap(_ fields: [Value], _ state: inout ShellState) {
        note(Operation(.shellExec))
        state.status = .success
        guard fields.count > 2,
            let first = fields.dropFirst().first(where: { $0.text?.hasPrefix("-") != true || $0.text == "-" })
        else { return }
        if first.text == "-" || first.isEmpty { return }
        var copy = state
        depth += 1
        runShellCode(first, &copy, Streams())
        depth -= 1
    }

    private func runSource(_ fields: [Value], _ state: inout ShellState, _ streams: Streams) {
        let operands = fields.dropFirst(fields.count > 1 && fields[1].text == "--" ? 2 : 1)
        guard let path = operands.first else {
            // Without a file it only complains.
            note(Operation(.shellExec))
            return
        }
        let place = resolve(path, state)
        let content: Value? =
            path.text == "/dev/stdin"
            ? streams.input?.value
            : files[place.path]?.content
                ?? (place.isPattern ? nil : context.files?.contents(of: place.path).map { Value($0) })
        guard let content else {
            note(
                Operation(
                    .shellExec, path: place.path, isPattern: place.isPattern, traits: .interpreter, opaque: .unread,
                    detail: "sourced file \(path.display)"))
            note(Operation(.fileRead, path: place.path, isPattern: place.isPattern))
            state.status = .unknown
            return
        }
        note(Operation(.shellExec, traits: .interpreter, taints: content.taints))
        let outer = (state.arguments, state.hasUnknownArguments)
        if operands.count > 1 { state.arguments = Array(operands.dropFirst()) }
        frames.append(Frame(kind: .function))
        runShellCode(content, &state, streams)
        let frame = frames.removeLast()
        for exit in frame.exits {
            var path = exit
            path.hasEnded = false
            if state.hasEnded { state = path } else { state.join(path) }
        }
        if fields.count > 2 { (state.arguments, state.hasUnknownArguments) = outer }
    }

    private func runExec(_ fields: [Value], _ state: inout ShellState, _ streams: Streams) {
        note(Operation(.shellExec))
        var at = 1
        while at < fields.count, let text = fields[at].text, text.hasPrefix("-"), text.utf8.count > 1 {
            at += text == "-a" ? 2 : 1
        }
        guard at < fields.count else {
            state.status = .success
            return
        }
        runNext(Array(fields[at...]), environment: [:], &state, streams)
        state.hasEnded = true
    }

    private func runCommand(_ name: String, _ fields: [Value], _ state: inout ShellState, _ streams: Streams) {
        var at = 1
        while at < fields.count, let text = fields[at].text, text.hasPrefix("-"), text.utf8.count > 1 {
            if name == "command", text.holds("v") || text.holds("V") {
                note(Operation(.shellExec))
                var path = Value(pieces: [.text("/usr/bin/")])
                if fields.count > at + 1 { path.append(fields[at + 1]) }
                write(path, to: streams)
                state.status = .unknown
                return
            }
            at += 1
        }
        note(Operation(.shellExec))
        guard at < fields.count else { return }
        let outer = current
        begin(Array(fields[at...]), span: current.span)
        dispatch(Array(fields[at...]), &state, streams, usesFunctions: false)
        current = outer
    }

    // MARK: - Input

    private func runRead(_ fields: [Value], _ state: inout ShellState, _ streams: Streams) {
        note(Operation(.shellExec))
        var names: [String] = []
        var array: String?
        var isRaw = false
        var source = streams.input
        var at = 1
        while at < fields.count {
            let text = fields[at].text ?? "REPLY"
            at += 1
            guard text.hasPrefix("-"), text.utf8.count > 1 else {
                names.append(text)
                continue
            }
            var letters = Substring(text.dropFirst())
            while let letter = letters.popFirst() {
                switch letter {
                case "r": isRaw = true
                case "a":
                    array = letters.isEmpty ? (at < fields.count ? fields[at].text : nil) : String(letters)
                    if letters.isEmpty { at += 1 }
                    letters = ""
                case "d", "n", "N", "p", "t", "i", "u":
                    let argument = letters.isEmpty ? (at < fields.count ? fields[at].text : nil) : String(letters)
                    if letters.isEmpty { at += 1 }
                    letters = ""
                    if letter == "u", let number = argument.flatMap({ Int($0) }) {
                        switch state.descriptors[number] {
                        case .data(let data)?: source = Input(data)
                        case .network?: source = Input(.unknown(.output, taints: .fetched))
                        case .file?, nil: source = Input(.unknown(.output))
                        }
                    }
                default: continue
                }
            }
        }
        _ = isRaw
        if names.isEmpty, array == nil { names = ["REPLY"] }
        guard let source, source.value.isKnown, let text = source.value.text else {
            let taints = source?.value.taints ?? []
            for name in names + (array.map { [$0] } ?? []) {
                var pieces: [Value.Piece] = [.unknown(.variable(name))]
                // Lines of a listing all begin alike: `find src | while read -r f`.
                if names.count == 1, let source, case .text(let head)? = source.value.pieces.first, !head.contains("\n")
                {
                    pieces.insert(.text(head), at: 0)
                }
                state.variables[name] = Variable(Value(pieces: pieces, taints: taints))
            }
            state.status = .unknown
            return
        }
        if text.isEmpty {
            state.status = .failure
            for name in names { state.variables[name] = Variable(Value("")) }
            return
        }
        let end = text.utf8.firstIndex(of: 0x0A) ?? text.endIndex
        let line = text[..<end]
        let rest = end < text.endIndex ? text[text.utf8.index(after: end)...] : ""
        source.value = Value(String(rest), taints: source.value.taints)
        let taints = source.value.taints
        let marks = separators(state)
        var words: [String] = []
        var remainder = line
        let wanted = array == nil ? names.count : Int.max
        func isMark(_ byte: UInt8) -> Bool { marks.contains(byte) }
        while true {
            while let first = remainder.utf8.first, isMark(first), first == 0x20 || first == 0x09 {
                remainder = remainder.dropFirst()
            }
            if remainder.isEmpty { break }
            if words.count == wanted - 1 {
                while let last = remainder.utf8.last, isMark(last), last == 0x20 || last == 0x09 {
                    remainder = remainder.dropLast()
                }
                words.append(String(remainder))
                break
            }
            let stop = remainder.utf8.firstIndex(where: isMark) ?? remainder.endIndex
            words.append(String(remainder[..<stop]))
            if stop == remainder.endIndex || words.count > 4_096 { break }
            remainder = remainder[remainder.utf8.index(after: stop)...]
        }
        if let array {
            var items: [Int: Value] = [:]
            for (index, word) in words.enumerated() { items[index] = Value(word, taints: taints) }
            state.variables[array] = Variable(content: .list(items))
        }
        for (index, name) in names.enumerated() {
            assign(name, Value(index < words.count ? words[index] : "", taints: taints), &state)
        }
        state.status = .success
    }

    private func runMapfile(_ fields: [Value], _ state: inout ShellState, _ streams: Streams) {
        note(Operation(.shellExec))
        let name = fields.last?.text.flatMap { $0.hasPrefix("-") || fields.count == 1 ? nil : $0 } ?? "MAPFILE"
        if let text = streams.input?.value.text {
            var items: [Int: Value] = [:]
            for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: true).prefix(4_096).enumerated()
            {
                items[index] = Value(String(line), taints: streams.input?.value.taints ?? [])
            }
            state.variables[name] = Variable(content: .list(items))
        } else {
            state.variables[name] = Variable(
                content: .list([0: .unknown(.variable(name), taints: streams.input?.value.taints ?? [])]))
        }
        state.status = .success
    }

    private func runPrintf(_ fields: [Value], _ state: inout ShellState, _ streams: Streams) {
        note(Operation(.shellExec))
        state.status = .success
        var operands = Array(fields.dropFirst())
        var variable: String?
        if operands.count > 2, operands[0].text == "-v" {
            variable = operands[1].text
            operands.removeFirst(2)
        }
        if operands.first?.text == "--" { operands.removeFirst() }
        let output = TextModels.printf(operands)
        if let variable {
            assign(variable, output, &state)
        } else {
            write(output, to: streams)
        }
    }

    // MARK: - Control

    private func leave(_ name: String, _ fields: [Value], _ state: inout ShellState) {
        note(Operation(.shellExec))
        if let code = fields.count > 1 ? fields[1].text : nil { state.status = code == "0" ? .success : .failure }
        switch name {
        case "exit": state.hasEnded = true
        case "return":
            guard let frame = frames.indices.last(where: { frames[$0].kind != .loop }) else { return }
            if frames[frame].kind == .function {
                frames[frame].exits.append(state)
                if frames[frame].exits.count > 8 { frames[frame].exits.removeFirst() }
            }
            state.hasEnded = true
        default:
            guard let last = frames.indices.last, frames[last].kind == .loop else { return }
            let levels = fields.count > 1 ? fields[1].text.flatMap { Int($0) } ?? 1 : 1
            let frame = max(0, last - max(0, min(levels, 64) - 1))
            guard frames[frame].kind == .loop else { return }
            if name == "break" { frames[frame].exits.append(state) } else { frames[frame].continues.append(state) }
            if frames[frame].exits.count > 8 { frames[frame].exits.removeFirst() }
            if frames[frame].continues.count > 8 { frames[frame].continues.removeFirst() }
            state.hasEnded = true
        }
    }

    /// `[ … ]` for plain strings and numbers.
    private func testStatus(_ fields: [Value]) -> ExitStatus {
        var operands = Array(fields.dropFirst())
        if fields[0].text == "[" { operands = operands.dropLast() }
        var isNegated = false
        while operands.first?.text == "!" {
            operands.removeFirst()
            isNegated.toggle()
        }
        func answer(_ holds: Bool) -> ExitStatus { holds != isNegated ? .success : .failure }
        switch operands.count {
        case 0: return answer(false)
        case 1: return operands[0].text.map { answer(!$0.isEmpty) } ?? .unknown
        case 2:
            guard let text = operands[1].text else { return .unknown }
            switch operands[0].text {
            case "-n": return answer(!text.isEmpty)
            case "-z": return answer(text.isEmpty)
            default: return .unknown
            }
        case 3:
            guard let left = operands[0].text, let name = operands[1].text, let right = operands[2].text else {
                return .unknown
            }
            switch name {
            case "=", "==": return answer(left == right)
            case "!=": return answer(left != right)
            case "-eq", "-ne", "-lt", "-le", "-gt", "-ge":
                guard let first = Int(left), let second = Int(right) else { return .unknown }
                return answer(Self.compare(first, name, second))
            default: return .unknown
            }
        default: return .unknown
        }
    }
}
