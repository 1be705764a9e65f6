// SPDX-License-Identifier: Apache-2.0
import WritCore

/// PowerShell, as far as agents and attackers use it: cmdlets that touch files, the network and code. A cmdlet or method
/// that is not known makes the run opaque by name; nothing that is not known counts as harmless.
extension Evaluator {
    /// Runs PowerShell text.
    func runPowerShell(_ code: Value, _ state: inout ShellState, _ streams: Streams, isBatch: Bool = false) {
        guard codeDepth < Self.codeDepthLimit else {
            reachLimit("code within code deeper than is followed")
            return
        }
        // A variable of the shell that is not known stands as one that PowerShell does not know: `$_` within double quotes.
        var code = code
        if code.taints.isEmpty {
            code.pieces = code.pieces.map { piece in
                switch piece {
                case .unknown(.variable(let name)), .unknown(.environment(let name)): .text("$" + name)
                case .unknown, .text, .glob: piece
                }
            }
        }
        guard let text = code.literalText else {
            note(
                Operation(
                    .shellExec, traits: .interpreter, opaque: code.taints.isEmpty ? .computed : .tainted,
                    detail: "\(isBatch ? "cmd" : "PowerShell") code that is computed", taints: code.taints))
            return
        }
        codeDepth += 1
        depth += 1
        let outer = current
        var run = PowerShellRun(evaluator: self, state: state, isBatch: isBatch, source: text)
        run.taints = code.taints
        let output = run.walk(text, input: streams.input?.value)
        current = outer
        depth -= 1
        codeDepth -= 1
        write(output, to: streams)
        state.status = .unknown
    }
}

/// One walk over PowerShell code.
struct PowerShellRun {
    private static let nestingLimit = 24

    let evaluator: Evaluator
    var state: ShellState
    let isBatch: Bool
    let source: String
    /// Where the code itself comes from.
    var taints: Operation.Taints = []
    private var variables: [String: Value] = [:]
    private var functions: Set<String> = []
    private var nesting = 0

    init(evaluator: Evaluator, state: ShellState, isBatch: Bool, source: String) {
        self.evaluator = evaluator
        self.state = state
        self.isBatch = isBatch
        self.source = source
    }

    /// Walks statements; what they leave on the pipeline is the value.
    mutating func walk(_ text: String, input: Value?) -> Value {
        guard nesting < Self.nestingLimit, evaluator.step() else {
            evaluator.reachLimit("nested deeper than is followed")
            return .unknown(.limit)
        }
        nesting += 1
        defer { nesting -= 1 }
        var reader = PowerShellReader(text, isBatch: isBatch)
        var outputs: [Value] = []
        for statement in reader.read() {
            guard evaluator.stepsLeft > 0 else { break }
            var value = input
            for stage in statement.stages { value = run(stage, input: value) }
            if let value, !value.isEmpty { outputs.append(value) }
        }
        if reader.isCut { evaluator.reachLimit("more PowerShell than is read") }
        return outputs.count == 1 ? outputs[0] : Value.joined(outputs, separator: "\n")
    }

    // MARK: Stages

    private static let keywords: Set<String> = [
        "if", "elseif", "else", "foreach", "for", "while", "do", "until", "switch", "try", "catch", "finally", "trap",
        "function", "filter", "param", "begin", "process", "end", "return", "throw", "class", "enum", "using", "in",
    ]

    private mutating func run(_ words: [PowerShellWord], input: Value?) -> Value {
        guard evaluator.step() else { return .unknown(.limit) }
        var words = words[...]
        guard let first = words.first else { return Value("") }
        // `$x = …`, `$env:X = …`.
        if case .variable(let name)? = first.parts.first, words.count > 1,
            let sign = words[words.startIndex + 1].bareText,
            ["=", "+="].contains(sign), first.parts.count == 1
        {
            let value = run(Array(words.dropFirst(2)), input: input)
            var whole = value
            if sign == "+=", let before = variables[name] { whole = Value.joined([before, value], separator: "") }
            variables[name] = whole
            if name.hasPrefix("env:") {
                let name = String(name.dropFirst(4))
                var copy = state
                evaluator.noteVariables([name: whole], &copy, Streams())
                state.variables[name] = Variable(whole, isExported: true)
            }
            return Value("")
        }
        if let keyword = first.bareText?.lowercased(), Self.keywords.contains(keyword),
            !(keyword == "foreach" && input != nil)
        {
            return runKeyword(keyword, Array(words), input: input)
        }
        var isCalled = false
        if let sign = first.bareText, sign == "&" || sign == ".", words.count > 1 {
            words = words.dropFirst()
            isCalled = true
            if case .block(let code)? = words.first?.parts.first { return walk(code, input: input) }
        }
        guard let head = words.first else { return Value("") }
        if !isCalled, isExpression(head) { return expression(Array(words), input: input) }
        let name = value(of: head)
        guard let text = name.text else {
            evaluator.current.program = evaluator.current.program.isEmpty ? "powershell" : evaluator.current.program
            evaluator.note(
                Operation(
                    .shellExec, traits: .interpreter, opaque: name.taints.isEmpty ? .computed : .tainted,
                    detail: "PowerShell calls what is computed: \(name.display)", taints: name.taints))
            for word in words.dropFirst() { _ = value(of: word) }
            return .unknown(.output, taints: name.taints)
        }
        return call(text, Array(words.dropFirst()), input: input)
    }

    private mutating func runKeyword(_ keyword: String, _ words: [PowerShellWord], input: Value?) -> Value {
        if keyword == "function" || keyword == "filter", words.count > 1, let name = words[1].bareText {
            functions.insert(name.lowercased())
        }
        if keyword == "return" || keyword == "throw" { return run(Array(words.dropFirst()), input: input) }
        var outputs: [Value] = []
        // Conditions are walked for what they do, and every block counts: which one runs is mostly not known.
        for word in words.dropFirst() {
            for part in word.parts {
                switch part {
                case .group(let code): _ = walk(code, input: nil)
                case .block(let code): outputs.append(walk(code, input: input))
                case .bare, .quoted, .variable: continue
                }
            }
        }
        return Value.joined(outputs, separator: "\n")
    }

    private func isExpression(_ word: PowerShellWord) -> Bool {
        switch word.parts.first {
        case .quoted, .variable, .group, .block: return !isBatch
        case .bare(let text):
            guard let first = text.first else { return false }
            return first == "[" || first == "-" && text.count > 1 && !isBatch || first.isNumber
        case nil: return false
        }
    }

    // MARK: Values

    /// Words as an expression: `+` joins, any other operator makes the result unknown.
    private mutating func expression(_ words: [PowerShellWord], input: Value?) -> Value {
        var result = Value("")
        var isComputed = false
        for word in words {
            if let sign = word.bareText {
                if sign == "+" || sign == "," { continue }
                if sign.hasPrefix("-"), sign.count > 1, sign.dropFirst().allSatisfy(\.isLetter) {
                    isComputed = true
                    continue
                }
            }
            result.append(value(of: word, isExpression: true))
        }
        return isComputed ? .unknown(.output, taints: result.taints) : result
    }

    private mutating func value(of word: PowerShellWord, isExpression: Bool = false) -> Value {
        var result = Value("")
        var parts = word.parts[...]
        while let part = parts.popFirst() {
            switch part {
            case .quoted(let text): result.append(text: text)
            case .variable(let name): result.append(variable(name))
            case .block(let code):
                // A hash table or a block: what stands in it is looked at, and its text is kept.
                result.append(Value(code, taints: secrets(in: code)))
            case .group(let code):
                result.append(walk(code, input: nil))
            case .bare(let text):
                // `.Name(…)` and `::Name(…)`: a method is called.
                if case .group(let arguments)? = parts.first, let dot = Self.methodStart(text) {
                    parts.removeFirst()
                    result = method(
                        String(text[dot.name...]), of: String(text[..<dot.end]), receiver: result, arguments)
                    continue
                }
                if isExpression, text == "+" { continue }
                if isExpression, text.hasPrefix("."), text.count > 1,
                    text.dropFirst().allSatisfy({ $0.isLetter || $0 == "." })
                {
                    // A property: `.Content` of an answer is still the answer.
                    if !result.isKnown { continue }
                }
                if text.hasPrefix("["), text.hasSuffix("]"), !parts.isEmpty { continue }
                result.append(text: text)
            }
        }
        return result
    }

    private static func methodStart(_ text: String) -> (end: String.Index, name: String.Index)? {
        let name = text.lastIndex { $0 == "." || $0 == ":" }
        guard let name, text.index(after: name) < text.endIndex else { return nil }
        guard text[text.index(after: name)...].allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) else {
            return nil
        }
        let isStatic = text[name] == ":" && name > text.startIndex
        return (isStatic ? text.index(before: name) : name, text.index(after: name))
    }

    private func variable(_ name: String) -> Value {
        if let value = variables[name] { return value }
        if name.hasPrefix("env:") {
            let name = String(name.dropFirst(4))
            if ["USERPROFILE", "HOME"].contains(name.uppercased()) { return Value(evaluator.context.home) }
            return evaluator.value(of: name, state)
        }
        switch name {
        case "home": return Value(evaluator.context.home)
        case "profile": return Value(evaluator.context.home + "/.config/powershell/profile.ps1")
        case "pwd": return state.directories.count == 1 ? state.directories[0] : .unknown(.variable("PWD"))
        case "null", "true", "false": return Value(name == "null" ? "" : name)
        default: return .unknown(.variable(name))
        }
    }

    /// Secrets that a hash table or block names.
    private func secrets(in code: String) -> Operation.Taints {
        Self.secretVariables(in: code).isEmpty ? [] : .secret
    }

    private static func secretVariables(in code: String) -> [String] {
        var names: [String] = []
        var rest = code
        while let found = rest.firstPlace(of: "$env:"), names.count < 16 {
            rest = String(rest[found.upperBound...])
            let name = String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
            if Evaluator.isSecretName(name) { names.append(name) }
        }
        return names
    }

    // MARK: Methods

    private mutating func method(_ name: String, of type: String, receiver: Value, _ source: String) -> Value {
        var reader = PowerShellReader(source)
        var arguments: [Value] = []
        for statement in reader.read() {
            for words in statement.stages {
                for part in words.split(whereSeparator: { $0.bareText == "," }) {
                    arguments.append(expression(Array(part), input: nil))
                }
            }
        }
        let first = arguments.first ?? Value("")
        let taints = arguments.reduce(into: receiver.taints) { $0.formUnion($1.taints) }
        let owner = type.lowercased()
        switch name.lowercased() {
        case "downloadstring", "downloaddata", "openread", "getstringasync", "getasync":
            connect(first, traits: .download)
            return .unknown(.output, taints: origin(of: first))
        case "downloadfile", "downloadfileasync":
            connect(first, traits: .download)
            if arguments.count > 1 { write(arguments[1], content: .unknown(.output, taints: origin(of: first))) }
            return Value("")
        case "uploadstring", "uploaddata", "uploadfile", "postasync":
            var sent: Operation.Taints = []
            for argument in arguments.dropFirst() { sent.formUnion(argument.taints) }
            if name.lowercased() == "uploadfile", let file = arguments.last { sent.formUnion(read(file).taints) }
            connect(first, traits: .upload, taints: sent)
            return .unknown(.output, taints: origin(of: first))
        case "frombase64string": return decoded(first)
        case "getstring", "trim", "tostring", "replace", "substring", "split", "toupper", "tolower", "join", "concat",
            "format", "insert", "remove", "padleft", "trimstart", "trimend":
            if name.lowercased() == "getstring", first.isKnown, first.taints.contains(.decoded) { return first }
            return .unknown(.output, taints: taints)
        case "create" where owner.contains("scriptblock"):
            run(code: first)
            return Value("")
        case "invoke", "invokescript", "invokereturnasis":
            run(code: receiver.isEmpty ? first : receiver)
            return .unknown(.output)
        case "readalltext", "readalllines", "readallbytes", "opentext":
            return read(first)
        case "writealltext", "writealllines", "writeallbytes", "appendalltext", "copy", "move":
            if name.lowercased() == "copy" || name.lowercased() == "move" { _ = read(first) }
            let target = name.lowercased() == "copy" || name.lowercased() == "move" ? arguments.last ?? first : first
            write(target, content: arguments.last ?? Value(""))
            return Value("")
        case "delete" where owner.contains("file") || owner.contains("directory"):
            remove(first, isRecursive: owner.contains("directory"), isForced: false)
            return Value("")
        case "start" where owner.contains("process"):
            runProgram(arguments)
            return Value("")
        case "load", "loadfrom", "loadfile", "loadwithpartialname":
            opaque("loads code: \(first.display)", taints)
            return .unknown(.output, taints: taints)
        case "getenvironmentvariable":
            return first.text.map { evaluator.value(of: $0, state) } ?? .unknown(.output, taints: .secret)
        case "getenvironmentvariables":
            evaluator.note(Operation(.secretRead, detail: "shows the whole environment"))
            return .unknown(.output, taints: .secret)
        default:
            if Self.plainMethods.contains(name.lowercased()) { return .unknown(.output, taints: taints) }
            opaque("calls \(type)\(type.hasPrefix("[") ? "::" : ".")\(name)", taints)
            return .unknown(.output, taints: taints)
        }
    }

    private static let plainMethods: Set<String> = [
        "contains", "startswith", "endswith", "gettype", "equals", "indexof", "lastindexof", "getenumerator", "add",
        "addrange", "clear", "sort", "where", "foreach", "count", "max", "min", "round", "floor", "abs", "pow", "parse",
        "tryparse", "exists", "combine", "getfilename", "getdirectoryname", "getextension", "gettemppath",
        "getfolderpath", "isnullorempty", "isnullorwhitespace", "new", "ismatch", "match", "getbytes", "tobase64string",
        "getstream", "close", "dispose", "flush", "now", "adddays", "tochararray", "containskey", "compareto",
    ]

    // MARK: Effects

    private func path(_ value: Value) -> Value {
        var changed = value
        for (index, piece) in changed.pieces.enumerated() {
            guard case .text(let text) = piece else { continue }
            var plain = String(text.map { $0 == "\\" ? "/" : $0 })
            if index == 0 {
                if plain == "~" || plain.hasPrefix("~/") { plain = evaluator.context.home + plain.dropFirst() }
                let scalars = Array(plain.unicodeScalars.prefix(2))
                if scalars.count == 2, scalars[1] == ":", scalars[0].properties.isAlphabetic { plain = "/" + plain }
            }
            var pieces: [Value.Piece] = []
            // `*` and `?` are patterns here too.
            if plain.contains("*") || plain.contains("?") {
                for run in plain.split(separator: "*", omittingEmptySubsequences: false).enumerated() {
                    if run.offset > 0 { pieces.append(.glob("*")) }
                    if !run.element.isEmpty { pieces.append(.text(String(run.element))) }
                }
            } else {
                pieces = [.text(plain)]
            }
            if value.pieces.count == 1 { return Value(pieces: pieces, taints: value.taints, span: value.span) }
            changed.pieces[index] = .text(plain)
        }
        return changed
    }

    private func read(_ value: Value) -> Value {
        let text = value.text?.lowercased() ?? ""
        if text.hasPrefix("env:") {
            evaluator.note(Operation(.secretRead, detail: "shows the whole environment"))
            return .unknown(.output, taints: .secret)
        }
        return evaluator.noteRead(path(value), state)
    }

    private func write(_ value: Value, content: Value, appends: Bool = false) {
        let place = path(value)
        evaluator.noteWrite(place, appends: appends, state)
        evaluator.record(place, content, appends: appends, state)
    }

    private func remove(_ value: Value, isRecursive: Bool, isForced: Bool) {
        var traits: Operation.Traits = []
        if isRecursive { traits.insert(.recursive) }
        if isForced { traits.insert(.force) }
        evaluator.noteChange(.fileDelete, path(value), traits, state)
    }

    private func connect(
        _ address: Value, method: String = "", traits: Operation.Traits, taints: Operation.Taints = [],
        credentials: [Value] = []
    ) {
        let endpoint = Endpoint(address)
        var operation = Operation(
            .httpRequest, host: endpoint.host, port: endpoint.port, method: method, traits: traits,
            taints: taints.union(address.taints).subtracting(.fetched))
        if operation.taints.contains(.secret) { operation.traits.insert(.upload) }
        operation.authenticate(with: credentials)
        evaluator.note(operation)
    }

    /// Where an answer comes from: as for the shell's own programs, a known publisher is no stranger.
    private func origin(of address: Value) -> Operation.Taints {
        Publishers.vouch(for: address) ? .net : .fetched
    }

    private func opaque(_ detail: String, _ taints: Operation.Taints = []) {
        evaluator.note(
            Operation(
                .shellExec, traits: .interpreter, opaque: taints.isEmpty ? .computed : .tainted,
                detail: "PowerShell \(detail)", taints: taints))
    }

    private func decoded(_ value: Value) -> Value {
        guard let text = value.text, let bytes = PowerShellText.bytes(base64: text) else {
            return .unknown(.output, taints: value.taints.union(.decoded))
        }
        return Value(PowerShellText.string(bytes), taints: value.taints.union(.decoded))
    }

    private mutating func run(code: Value) {
        if code.isEmpty { return }
        guard let text = code.text else { return opaque("runs code that is computed", code.taints) }
        if !code.taints.isEmpty {
            evaluator.note(
                Operation(.shellExec, traits: .interpreter, detail: "PowerShell code in text", taints: code.taints))
        }
        _ = walk(text, input: nil)
    }

    private func runProgram(_ words: [Value]) {
        guard !words.isEmpty else { return }
        var copy = state
        evaluator.runNext(words, environment: [:], &copy, Streams())
    }

    // MARK: Cmdlets

    private struct Arguments {
        var named: [(name: String, value: Value?, word: PowerShellWord?)] = []
        var words: [Value] = []
        var blocks: [String] = []

        func has(_ name: String) -> Bool { named.contains { !$0.name.isEmpty && name.hasPrefix($0.name) } }

        func value(_ names: String..., at position: Int? = nil) -> Value? {
            for name in names {
                if let found = named.first(where: { !$0.name.isEmpty && name.hasPrefix($0.name) })?.value {
                    return found
                }
            }
            return position.flatMap { $0 < words.count ? words[$0] : nil }
        }
    }

    /// `-Name`; in `cmd` a slash and a letter or two, because longer ones are paths.
    private func isParameter(_ text: String) -> Bool {
        if isBatch { return text.hasPrefix("/") && text.utf8.count > 1 && (text.utf8.count < 4 || text.contains(":")) }
        return text.hasPrefix("-") && text.utf8.count > 1 && text.dropFirst().first?.isNumber != true
    }

    private mutating func arguments(_ words: [PowerShellWord]) -> Arguments {
        var result = Arguments()
        var pending: String?
        var joins = false
        for word in words {
            if word.bareText == "," {
                joins = true
                continue
            }
            if case .bare(let text)? = word.parts.first, isParameter(text) {
                pending = nil
                var name = text.dropFirst().lowercased()
                if let colon = name.firstIndex(of: ":") { name = String(name[..<colon]) }
                if isBatch { name = name == "s" ? "recurse" : name == "q" || name == "f" ? "force" : name }
                result.named.append((name, nil, nil))
                if !isBatch, !Cmdlets.isSwitch(name), !text.contains(":") { pending = name }
                continue
            }
            if case .block(let code)? = word.parts.first, word.parts.count == 1 { result.blocks.append(code) }
            let value = value(of: word)
            if pending != nil, let last = result.named.indices.last {
                result.named[last].value = value
                result.named[last].word = word
                pending = nil
            } else if joins, result.words.isEmpty == false || result.named.last?.value != nil {
                // A list: the parts of `a,b` are words of their own.
                result.words.append(value)
            } else {
                result.words.append(value)
            }
            joins = false
        }
        return result
    }

    private mutating func call(_ name: String, _ words: [PowerShellWord], input: Value?) -> Value {
        let canonical = Cmdlets.canonical(name)
        if functions.contains(canonical) {
            for word in words { _ = value(of: word) }
            return .unknown(.output)
        }
        var words = words
        // `> file` and `>> file`.
        var target: (word: PowerShellWord, appends: Bool)?
        if let place = words.firstIndex(where: { [">", ">>", "1>", "2>", "*>", "2>>"].contains($0.bareText ?? "") }) {
            if place + 1 < words.count { target = (words[place + 1], words[place].bareText == ">>") }
            words = Array(words[..<place])
        }
        let outer = evaluator.current
        evaluator.current.program = canonical
        evaluator.current.command = ([name] + words.map { $0.text ?? "…" }).joined(separator: " ")
        evaluator.current.arguments = [name] + words.map { $0.text ?? "…" }
        defer { evaluator.current = outer }
        let output = cmdlet(canonical, name, words, input: input)
        if let target {
            let place = value(of: target.word)
            if place.text?.lowercased() != "$null", !place.isEmpty {
                write(place, content: output, appends: target.appends)
            }
            return Value("")
        }
        return output
    }

    private mutating func cmdlet(_ name: String, _ original: String, _ words: [PowerShellWord], input: Value?) -> Value
    {
        let given = arguments(words)
        let operands = given.words
        switch name {
        case "remove-item":
            let places = given.value("path", "literalpath").map { [$0] + operands } ?? operands
            let isRecursive = given.has("recurse") || given.named.contains { ["rf", "fr"].contains($0.name) }
            let isForced = given.has("force") || given.named.contains { ["rf", "fr"].contains($0.name) }
            for place in places.isEmpty ? [input ?? .unknown(.output)] : places {
                remove(place, isRecursive: isRecursive, isForced: isForced)
            }
            return Value("")
        case "get-content", "select-string", "import-csv", "import-clixml":
            let place = given.value("path", "literalpath", at: name == "select-string" ? 1 : 0)
            return place.map { read($0) } ?? input ?? Value("")
        case "set-content", "add-content", "out-file", "tee-object", "export-csv", "export-clixml", "clear-content",
            "set-clipboard":
            guard let place = given.value("path", "filepath", "literalpath", at: 0) else { return Value("") }
            let content = given.value("value", "inputobject", at: 1) ?? input ?? Value("")
            write(place, content: content, appends: name == "add-content" || given.has("append"))
            return name == "tee-object" ? input ?? Value("") : Value("")
        case "new-item":
            if let place = given.value("path", at: 0) {
                var whole = place
                if let leaf = given.value("name") { whole = Value.joined([place, leaf], separator: "/") }
                if given.value("itemtype")?.text?.lowercased() == "symboliclink",
                    let source = given.value("value", "target")
                {
                    _ = read(source)
                }
                write(whole, content: given.value("value") ?? Value(""))
            }
            return Value("")
        case "copy-item", "move-item", "rename-item":
            if let from = given.value("path", "literalpath", at: 0) {
                let content = read(from)
                if let to = given.value("destination", "newname", at: 1) { write(to, content: content) }
                if name != "copy-item" { evaluator.noteSettings(evaluator.resolve(path(from), state)) }
            }
            return Value("")
        case "get-childitem", "get-item":
            let place = given.value("path", "literalpath", at: 0) ?? Value(".")
            if place.text?.lowercased().hasPrefix("env:") == true { return read(place) }
            let found = evaluator.resolve(path(place), state)
            evaluator.note(Operation(.fileSearch, path: found.path, isPattern: found.isPattern))
            return .unknown(.output)
        case "set-location", "push-location":
            if let place = given.value("path", "literalpath", at: 0) {
                state.directories = [evaluator.directory(path(place), state)]
            }
            return Value("")
        case "invoke-webrequest", "invoke-restmethod", "start-bitstransfer": return request(name, given, input)
        case "invoke-expression":
            run(code: given.value("command", at: 0) ?? input ?? Value(""))
            return .unknown(.output)
        case "invoke-command", "start-job", "start-threadjob", "measure-command", "foreach-object", "where-object":
            if let host = given.value("computername") {
                evaluator.note(Operation(.netConnect, host: Endpoint(host).host, detail: "PowerShell remoting"))
            }
            if let file = given.value("filepath") { runFile(file) }
            var outputs: [Value] = []
            variables["_"] = input ?? .unknown(.output)
            for block in given.blocks { outputs.append(walk(block, input: input)) }
            return name == "where-object" ? input ?? Value("") : Value.joined(outputs, separator: "\n")
        case "start-process": return startProcess(given)
        case "new-object":
            let type = given.value("typename", at: 0)?.text?.lowercased() ?? ""
            if type.hasSuffix("tcpclient") || type.hasSuffix("udpclient") {
                let list = given.value("argumentlist") ?? operands.dropFirst().first ?? Value("")
                let isShell = source.lowercased().contains("getstream")
                evaluator.note(
                    Operation(
                        .netConnect, host: Endpoint(list).host, traits: isShell ? .networkShell : [],
                        detail: "a socket"))
            } else if given.has("comobject") {
                opaque("makes an object of the system: \(given.value("comobject")?.display ?? "")")
            }
            return Value("")
        case "write-output", "write-host":
            return Value.joined(operands, separator: " ")
        case "import-module", "using":
            if let file = operands.first, file.contains("/") || file.contains("\\") || file.contains(".ps") {
                runFile(file)
            }
            return Value("")
        case "install-module", "install-package", "install-script", "save-module", "update-module":
            if let package = given.value("name", at: 0) {
                evaluator.note(
                    Operation(.pkgInstall, package: Operation.Package(ecosystem: "psgallery", name: package.display)))
            }
            return Value("")
        case "add-type", "invoke-item", "invoke-wmimethod", "invoke-cimmethod":
            opaque("runs code or opens what it is given: \(original)")
            return Value("")
        case "set-acl", "unblock-file":
            if let place = given.value("path", at: 0) { evaluator.noteChange(.fileMode, path(place), [], state) }
            return Value("")
        case "compress-archive", "expand-archive":
            if let from = given.value("path", "literalpath", at: 0) {
                let content = read(from)
                write(
                    given.value("destinationpath", at: 1) ?? Value("."),
                    content: .unknown(.output, taints: content.taints))
            }
            return Value("")
        case "stop-process":
            evaluator.note(Operation(.processSignal))
            return Value("")
        default: return other(name, original, words, given, input: input)
        }
    }

    private static let changes: [String: String] = [
        "stop-computer": "stops or restarts the machine", "restart-computer": "stops or restarts the machine",
        "set-executionpolicy": "weakens the machine's protections: which scripts may run",
        "set-mppreference": "weakens the machine's protections",
        "add-mppreference": "weakens the machine's protections",
        "disable-windowsoptionalfeature": "changes the system", "new-netfirewallrule": "firewall",
        "set-netfirewallprofile": "firewall", "remove-netfirewallrule": "firewall",
        "disable-netfirewallrule": "firewall", "clear-eventlog": "deletes logs", "remove-eventlog": "deletes logs",
        "wevtutil": "deletes logs", "format-volume": "changes disks", "clear-disk": "changes disks",
        "initialize-disk": "changes disks", "remove-partition": "changes disks", "diskpart": "changes disks",
        "new-localuser": "users, groups or passwords", "add-localgroupmember": "users, groups or passwords",
        "set-localuser": "users, groups or passwords", "stop-service": "starts, stops or changes services: stop",
        "set-service": "starts, stops or changes services: set",
        "remove-service": "starts, stops or changes services: stop",
        "clear-history": "clears the shell's history",
    ]
    private static let laters: Set<String> = [
        "register-scheduledtask", "new-scheduledtask", "set-scheduledtask", "new-service", "register-scheduledjob",
        "schtasks", "set-itemproperty", "new-itemproperty", "reg",
    ]

    private mutating func other(
        _ name: String, _ original: String, _ words: [PowerShellWord], _ given: Arguments, input: Value?
    ) -> Value {
        if let detail = Self.changes[name] {
            evaluator.note(Operation(.systemChange, traits: .irreversible, detail: detail))
            return Value("")
        }
        if Self.laters.contains(name) {
            evaluator.note(Operation(.configWrite, detail: "a service starts by itself: \(original)"))
            return Value("")
        }
        if Cmdlets.isHarmless(name) {
            for block in given.blocks { _ = walk(block, input: input) }
            let taints = given.words.reduce(into: input?.taints ?? []) { $0.formUnion($1.taints) }
            return input?.isKnown == true && name.hasPrefix("out-")
                ? input ?? Value("") : .unknown(.output, taints: taints)
        }
        if Cmdlets.isCmdlet(name) || original.contains("-") && !ProgramTable.builtIn.contains(original) {
            opaque("uses a command that is not known: \(original)")
            return .unknown(.output)
        }
        if original.lowercased().hasSuffix(".ps1") {
            runFile(Value(original))
            return .unknown(.output)
        }
        // A program of the system.
        var fields = [Value(original.lowercased().hasSuffix(".exe") ? String(original.dropLast(4)) : original)]
        for word in words where word.bareText != "," { fields.append(value(of: word)) }
        var copy = state
        var streams = Streams(captures: true)
        streams.input = input.map { Input($0) }
        return evaluator.capturing { evaluator.runNext(fields, environment: [:], &copy, streams) }
    }

    private func runFile(_ file: Value) {
        var copy = state
        evaluator.runFile(path(file), language: "powershell", arguments: [], &copy, Streams())
    }

    private mutating func request(_ name: String, _ given: Arguments, _ input: Value?) -> Value {
        guard let address = given.value("uri", "source", at: 0) ?? input else { return Value("") }
        var sent: Operation.Taints = []
        var traits: Operation.Traits = .download
        if let input, given.value("uri", "source", at: 0) != nil {
            sent.formUnion(input.taints.subtracting(.fetched))
            if !input.isEmpty { traits.insert(.upload) }
        }
        if let body = given.value("body", "form") {
            traits.insert(.upload)
            sent.formUnion(body.taints)
        }
        if let file = given.value("infile") {
            traits.insert(.upload)
            sent.formUnion(read(file).taints)
        }
        if given.has("skipcertificatecheck") { traits.insert(.unverified) }
        var credentials: [Value] = []
        if let headers = given.value("headers"), headers.taints.contains(.secret) {
            // `@{Authorization = "Bearer $env:TOKEN"; Accept = "*/*"}`: each header by itself.
            for line in headers.display.split(whereSeparator: { $0 == ";" || $0.isNewline }) {
                let named = Self.secretVariables(in: String(line))
                guard !named.isEmpty || !headers.display.contains("$env:") else { continue }
                if AuthenticationHeader.isOne(String(line.prefix { $0 != "=" })) {
                    credentials += named.map { .unknown(.environment($0), taints: .secret) }
                    if named.isEmpty { credentials.append(.unknown(.credential(""), taints: .secret)) }
                } else {
                    sent.insert(.secret)
                }
            }
        }
        for name in ["token", "credential"] {
            if let login = given.value(name), login.taints.contains(.secret) { credentials.append(login) }
        }
        connect(
            address, method: given.value("method")?.text?.uppercased() ?? "", traits: traits, taints: sent,
            credentials: credentials)
        let answer = Value.unknown(
            .output, taints: traits.contains(.unverified) ? .fetched : origin(of: address))
        if let file = given.value("outfile", "destination") {
            write(file, content: answer)
            return Value("")
        }
        return answer
    }

    private mutating func startProcess(_ given: Arguments) -> Value {
        guard let program = given.value("filepath", at: 0) else { return Value("") }
        if given.value("verb")?.text?.lowercased() == "runas" {
            evaluator.note(Operation(.privilegeRaise, detail: "runs as administrator"))
        }
        var fields = [program]
        let list = given.value("argumentlist", "args")
        for value in (list.map { [$0] } ?? []) + given.words where value != program { fields += value.splitIntoWords() }
        runProgram(fields)
        return Value("")
    }
}

/// Text in the encodings of PowerShell.
enum PowerShellText {
    /// Bytes of base64; nil when it is none, or longer than 1 MiB.
    static func bytes(base64 text: String) -> [UInt8]? {
        guard text.utf8.count <= 1 << 20 else { return nil }
        var bits: UInt32 = 0
        var count = 0
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = byte - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0") + 52
            case UInt8(ascii: "+"): digit = 62
            case UInt8(ascii: "/"): digit = 63
            case UInt8(ascii: "="), 0x20, 0x0A, 0x0D: continue
            default: return nil
            }
            bits = (bits << 6 | UInt32(digit)) & 0xFF_FFFF
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }

    /// UTF-16LE where every second byte of the beginning is zero, as in `-EncodedCommand`; else UTF-8.
    static func string(_ bytes: [UInt8]) -> String {
        let head = bytes.prefix(16)
        let isWide =
            bytes.count >= 2 && bytes.count.isMultiple(of: 2)
            && head.enumerated().filter { $0.offset % 2 == 1 }.allSatisfy { $0.element == 0 }
        guard isWide else { return String(decoding: bytes, as: UTF8.self) }
        let units = stride(from: 0, to: bytes.count, by: 2).map { UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8 }
        return String(decoding: units, as: UTF16.self)
    }
}
