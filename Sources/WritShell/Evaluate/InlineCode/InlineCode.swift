// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Finds what inline code in a scripting language does with files, processes and the network.
///
/// It is a reading of calls, not an interpreter: strings, their joins and variables that are set once are followed; what
/// a call gets otherwise is unknown. Code that builds code is reported as computed.
struct InlineCode {
    enum Effect {
        case read(Value)
        case write(Value)
        case delete(Value, isRecursive: Bool)
        case mode(Value, loosens: Bool)
        /// Takes the rights of another user.
        case rights
        case search(Value)
        /// `taints` are those of the data; what logs in stands apart.
        case connect(Value, sends: Bool, taints: Operation.Taints, credentials: [Value] = [])
        case listen
        case shell(Value)
        case program([Value])
        /// More code in the same language.
        case code(Value)
        case secret(String)
        case computed(String, Operation.Taints)
        case networkShell
        case signal
        /// Statements for a database.
        case sql(Value)
    }

    /// An argument or the right side of an assignment.
    struct Expression {
        var value: Value
        var list: [Value]?
        /// `name=` before it.
        var keyword = ""
        /// Where in it secrets stand.
        var secrets: [Secret] = []
    }

    static let effectLimit = 100

    let language: InlineLanguage
    private(set) var tokens: [CodeToken]
    private let isCut: Bool
    var effects: [Effect] = []
    private(set) var variables: [String: Expression] = [:]
    /// What imported names stand for: `o` for `os`, `run` for `subprocess.run`.
    private var aliases: [String: String] = [:]
    var usesSocket = false
    var listens = false
    var tiesStreams = false
    var startsShell = false
    /// A folder far from the working directory that the code has looked through.
    var walked: Value?
    /// 1 for files whose names are found, 2 for whole folders.
    var deletesFound = 0

    init(grammar: InlineLanguage, text: String) {
        language = grammar
        let tokenizer = CodeTokenizer(text, grammar)
        tokens = tokenizer.tokens
        isCut = tokenizer.isCut
    }

    /// The effects, in the order of the text.
    mutating func find() -> [Effect] {
        readImports()
        var at = 0
        while at < tokens.count, effects.count < Self.effectLimit {
            switch tokens[at] {
            case .command(let code):
                effects.append(.shell(filled(code)))
                at += 1
            case .name:
                // A chain is read as a whole, so a name after a dot follows a call or a string.
                at = at > 0 && tokens[at - 1] == .symbol(".") ? method(at) : chain(at)
            case .string, .number, .symbol, .newline: at += 1
            }
        }
        if let walked, deletesFound > 0 {
            effects.append(.delete(walked, isRecursive: !walked.display.contains("*") || deletesFound > 1))
        }
        if isCut { effects.append(.computed("more code than is read", [])) }
        if usesSocket && (tiesStreams || startsShell) || listens && tiesStreams { effects.append(.networkShell) }
        return effects
    }

    // MARK: - Names

    /// Reads `a.b.c` at `at`: the name with aliases replaced, and the place after it.
    func dotted(_ at: Int) -> (name: String, end: Int) {
        guard case .name(let first) = tokens[at] else { return ("", at + 1) }
        var name = aliases[first] ?? (first.hasPrefix("$") && aliases[first] == nil ? first : first)
        var end = at + 1
        if first == "require" || first == "__import__" || first == "import", end + 2 < tokens.count,
            tokens[end] == .symbol("("),
            case .string(let module) = tokens[end + 1], let text = module.text, tokens[end + 2] == .symbol(")")
        {
            name = Self.module(text)
            end += 3
        }
        while end + 1 < tokens.count, tokens[end] == .symbol("."), case .name(let next) = tokens[end + 1] {
            name += "." + next
            end += 2
            if name.utf8.count > 200 { break }
        }
        return (name, end)
    }

    private static func module(_ text: String) -> String {
        text.hasPrefix("node:") ? String(text.dropFirst(5)) : text == "fs/promises" ? "fs.promises" : text
    }

    private mutating func chain(_ at: Int) -> Int {
        let (name, end) = dotted(at)
        if assign(name, at, end) { return end }
        if end < tokens.count, tokens[end] == .symbol("+=") || tokens[end] == .symbol(".="),
            let before = variables[name]
        {
            // What grows is not known any more.
            variables[name] = Expression(
                value: .unknown(.variable(name), taints: before.value.taints), secrets: before.secrets)
        }
        if let access = environment(name, end) {
            note(access.value)
            return end
        }
        if language.name == "javascript", name == "$" || name.hasSuffix(".$"), end < tokens.count,
            case .string(let text) = tokens[end]
        {
            // `$`…`` of zx, execa and Bun.
            effects.append(.shell(filled(text)))
            return end + 1
        }
        if language.name == "php", Self.callers.contains(name), callBack(end) { return end }
        if let action = action(of: name) {
            call(action, name, end)
        } else if let dot = name.lastIndex(of: "."), let action = language.actions[String(name[dot...])] {
            // A method of an object that holds a path: `p.unlink()`.
            let object = String(name[..<dot])
            call(action, name, end, receiver: variables[object]?.value)
        } else if name.contains(".") {
            request(name, end)
            let parts = name.split(separator: ".")
            if let object = parts.first, variables[String(object)]?.value.taints.contains(.net) == true {
                sendLater(parts.last.map(String.init) ?? "", end)
            }
        }
        return end
    }

    /// `request(…).end(secret)`, `socket.write(secret)`: what is given to an open connection leaves over the last one.
    private mutating func sendLater(_ name: String, _ end: Int) {
        guard ["end", "write", "send", "sendall", "puts", "print"].contains(name), end < tokens.count,
            tokens[end] == .symbol("("), !secrets(from: end, to: closing(end)).isEmpty,
            let last = effects.lastIndex(where: { if case .connect = $0 { true } else { false } }),
            case .connect(let address, _, let taints, let credentials) = effects[last]
        else { return }
        effects[last] = .connect(address, sends: true, taints: taints.union(.secret), credentials: credentials)
    }

    /// `session.post("https://…")`: a method of any object that is given a URL.
    private mutating func request(_ name: String, _ end: Int) {
        guard end < tokens.count, tokens[end] == .symbol("(") else { return }
        let word = name.split(separator: ".").last.map(String.init) ?? ""
        guard Self.requests.contains(word) else { return }
        let arguments = arguments(from: end).arguments
        guard arguments.prefix(2).contains(where: { Self.isURL($0.value) }) else { return }
        call(["get", "head", "urlopen", "open"].contains(word) ? .connect : .send, name, end)
    }

    private static let requests: Set<String> = [
        "get", "post", "put", "patch", "delete", "head", "request", "send", "fetch", "urlopen", "open", "post_form",
    ]

    /// `.name(…)` after a call or a string: `Path('x').unlink()`.
    private mutating func method(_ at: Int) -> Int {
        guard case .name(let name) = tokens[at] else { return at + 1 }
        if let action = language.actions["." + name] {
            var receiver: Value?
            // The constant in the parentheses before it, and before calls that leave it what it is.
            var end = at - 2
            while end >= 5, tokens[end] == .symbol(")"), tokens[end - 1] == .symbol("("),
                case .name(let step) = tokens[end - 2], ["expanduser", "resolve", "absolute"].contains(step),
                tokens[end - 3] == .symbol(".")
            {
                end -= 4
            }
            if end >= 3, tokens[end] == .symbol(")"), case .string(let text) = tokens[end - 1],
                tokens[end - 2] == .symbol("(")
            {
                receiver = filled(text)
            }
            call(action, name, at + 1, receiver: receiver ?? .unknown(.variable("object")))
        } else {
            request(name, at + 1)
            if name == "end" || name == "send" { sendLater(name, at + 1) }
        }
        return at + 1
    }

    func action(of name: String) -> InlineLanguage.Action? {
        if let found = language.actions[name] { return found }
        guard
            name.hasPrefix("builtins.") || name.hasPrefix("__builtins__.") || name.hasPrefix("globalThis.")
                || name.hasPrefix("window.") || name.hasPrefix("Kernel.") || name.hasPrefix("CORE.GLOBAL.")
                || name.hasPrefix("CORE.") || name.hasPrefix("_G.")
        else { return nil }
        return name.lastIndex(of: ".").flatMap { language.actions[String(name[name.index(after: $0)...])] }
    }

    /// The environment as a whole is every secret of the session; one variable only that one.
    private mutating func note(_ access: Value) {
        guard access.taints.contains(.secret) else { return }
        if case .unknown(.environment(let name))? = access.pieces.first {
            effects.append(.secret("environment \(name)"))
        } else {
            effects.append(.secret("environment"))
        }
    }

    // MARK: - Imports

    private mutating func readImports() {
        var at = 0
        while at < tokens.count {
            defer { at += 1 }
            guard case .name(let word) = tokens[at] else { continue }
            switch (language.name, word) {
            case ("python", "import"):
                if at > 1, case .name = tokens[at - 1] { continue }
                var place = at + 1
                while place < tokens.count, case .name = tokens[place] {
                    let (module, end) = dotted(place)
                    place = end
                    if place + 1 < tokens.count, tokens[place] == .name("as"), case .name(let alias) = tokens[place + 1]
                    {
                        aliases[alias] = module
                        place += 2
                    }
                    guard place < tokens.count, tokens[place] == .symbol(",") else { break }
                    place += 1
                }
            case ("python", "from"):
                guard at + 1 < tokens.count else { continue }
                let (module, end) = dotted(at + 1)
                guard end < tokens.count, tokens[end] == .name("import") else { continue }
                var place = end + 1
                while place < tokens.count, tokens[place] != .newline {
                    if case .name(let name) = tokens[place] {
                        aliases[name] = module + "." + name
                        if place + 2 < tokens.count, tokens[place + 1] == .name("as"),
                            case .name(let alias) = tokens[place + 2]
                        {
                            aliases[alias] = module + "." + name
                            place += 2
                        }
                    } else if tokens[place] == .symbol("*") {
                        for call in language.actions.keys where call.hasPrefix(module + ".") {
                            aliases[String(call.dropFirst(module.utf8.count + 1))] = call
                        }
                    }
                    place += 1
                }
            case ("javascript", "require"), ("javascript", "from"), ("javascript", "import"):
                var place = at + 1
                if place < tokens.count, tokens[place] == .symbol("(") { place += 1 }
                guard place < tokens.count, case .string(let text) = tokens[place], let text = text.text else {
                    continue
                }
                bindModule(Self.module(text), before: at, word)
            default: continue
            }
        }
    }

    /// `const {a, b: c} = require('m')`, `import * as m from 'm'`.
    private mutating func bindModule(_ module: String, before at: Int, _ word: String) {
        var place = at - 1
        if word == "require" {
            if place >= 0, tokens[place] == .name("await") { place -= 1 }
            guard place >= 0, tokens[place] == .symbol("=") else { return }
            place -= 1
        }
        guard place >= 0 else { return }
        if tokens[place] == .symbol("}") {
            place -= 1
            var names: [String] = []
            while place >= 0, tokens[place] != .symbol("{") {
                if case .name(let name) = tokens[place] {
                    names.append(name)
                    if place >= 2, tokens[place - 1] == .symbol(":") || tokens[place - 1] == .name("as"),
                        case .name(let original) = tokens[place - 2]
                    {
                        aliases[name] = module + "." + original
                        place -= 3
                        continue
                    }
                    aliases[name] = module + "." + name
                }
                place -= 1
            }
        } else if case .name(let name) = tokens[place] {
            aliases[name] = module
        }
    }

    // MARK: - Assignments

    private mutating func assign(_ name: String, _ at: Int, _ end: Int) -> Bool {
        guard end < tokens.count, tokens[end] == .symbol("="), !name.contains(".") || language.name == "python" else {
            return false
        }
        if at > 0, tokens[at - 1] == .symbol("(") || tokens[at - 1] == .symbol(",") {
            // A keyword argument, not an assignment.
            if language.name == "python" || language.name == "ruby" { return false }
        }
        // `x = os.system`: the name is another name of the call.
        if end + 1 < tokens.count, case .name = tokens[end + 1] {
            let (target, after) = dotted(end + 1)
            if after >= tokens.count || tokens[after] == .newline, action(of: target) != nil { aliases[name] = target }
        }
        var (expression, after) = expression(from: end + 1)
        if expression.value.taints.contains(.secret) { expression.secrets = secrets(from: end + 1, to: after) }
        if let before = variables[name] {
            expression.secrets += before.secrets.prefix(16)
            // Set again: either value.
            let taints = (variables[name]?.value.taints ?? []).union(expression.value.taints)
            if variables[name]?.value != expression.value {
                expression = Expression(value: .unknown(.variable(name), taints: taints), secrets: expression.secrets)
            }
        }
        variables[name] = expression
        return true
    }

    // MARK: - Expressions

    /// Reads up to a comma, a closing bracket or the end of the statement.
    private func expression(from start: Int) -> (expression: Expression, end: Int) {
        var at = start
        var level = 0
        var value = Value("")
        var list: [Value]?
        var isPlain = true
        var taints = Operation.Taints()
        var keyword = ""
        var expectsOperand = true
        var hidden: [Value] = []
        scan: while at < tokens.count {
            switch tokens[at] {
            case .newline:
                if level == 0 { break scan }
            case .symbol(let symbol):
                switch symbol {
                case "(", "[", "{":
                    if level == 0, symbol == "[", expectsOperand, value.isEmpty {
                        let (items, end) = items(from: at + 1)
                        list = items
                        at = end
                        expectsOperand = false
                        continue scan
                    }
                    level += 1
                    if symbol != "(" { isPlain = false }
                case ")", "]", "}":
                    if level == 0 { break scan }
                    level -= 1
                case ",":
                    if level == 0 { break scan }
                case language.joiner: expectsOperand = true
                default: if level == 0 { isPlain = false }
                }
            case .string(let text):
                if level == 0 {
                    value.append(filled(text))
                    expectsOperand = false
                }
            case .number(let text):
                if level == 0 { value.append(text: text) }
            case .command: isPlain = false
            case .name(let name):
                if level == 0, at + 1 < tokens.count, tokens[at + 1] == .symbol("=") || tokens[at + 1] == .symbol(":"),
                    value.isEmpty, keyword.isEmpty,
                    language.name != "perl", language.name != "php"
                {
                    keyword = name
                    at += 2
                    continue scan
                }
                let (full, end) = dotted(at)
                if let access = environment(full, end) {
                    taints.formUnion(access.value.taints)
                    if level == 0 { value.append(access.value) } else { hidden.append(access.value) }
                    at = access.end
                    expectsOperand = false
                    continue scan
                }
                if let action = action(of: full) {
                    switch action {
                    case .connect, .send, .socket:
                        let address = end < tokens.count ? arguments(from: end).arguments.first?.value : nil
                        taints.formUnion(address.map(Publishers.vouch) == true ? .net : .fetched)
                    case .decode: taints.insert(.decoded)
                    default: break
                    }
                }
                if full.hasSuffix(".recv")
                    || full.hasSuffix(".read")
                        && variables[String(full.dropLast(5))]?.value.taints.contains(.net) == true
                {
                    taints.formUnion(.fetched)
                }
                if let known = constant(full, end) {
                    if level == 0 { value.append(known.value) }
                    at = known.end
                    expectsOperand = false
                    continue scan
                }
                if let variable = variables[full] ?? variables[full.prefix { $0 != "." }.description] {
                    taints.formUnion(variable.value.taints)
                    if level > 0 || full.contains("."), variable.value.taints.contains(.secret) {
                        hidden.append(variable.value)
                    }
                    if level == 0 {
                        if full.contains(".") {
                            isPlain = false
                        } else if let items = variable.list {
                            list = items
                        } else {
                            value.append(variable.value)
                        }
                    }
                } else if level == 0, !["my", "our", "new", "await", "local"].contains(full) {
                    isPlain = false
                }
                at = end
                expectsOperand = false
                continue scan
            }
            at += 1
        }
        if !isPlain {
            let prefix = value.knownPrefix
            // One credential in another form is still that one; the environment is not.
            if value.taints.contains(.secret) { hidden.append(value) }
            let rest: Value.Unknown =
                hidden.isEmpty
                ? .variable("expression")
                : hidden.count == 1 ? hidden[0].credentials?.last.map { .credential($0) } ?? .output : .output
            value = prefix.isEmpty || list != nil ? .unknown(rest) : Value(pieces: [.text(prefix), .unknown(rest)])
        }
        value.taints.formUnion(taints)
        return (Expression(value: value, list: list, keyword: keyword), at)
    }

    /// Calls whose result is known: `os.path.expanduser('~/x')`, `os.path.join('a', 'b')`, `chr(47)`.
    private func constant(_ name: String, _ end: Int) -> (value: Value, end: Int)? {
        guard end < tokens.count, tokens[end] == .symbol("(") else { return nil }
        let kinds: Set<String> = [
            "os.path.expanduser", "os.path.join", "path.join", "path.resolve", "File.join", "File.expand_path", "chr",
            "String.fromCharCode",
            "Path", "pathlib.Path", "os.path.abspath", "str", "os.homedir", "Path.home", "pathlib.Path.home",
            "base64.b64decode", "atob",
            "Base64.decode64", "base64_decode", "decode_base64", "MIME.Base64.decode_base64", "bytes.fromhex", "String",
            "Pathname.new", "glob", "glob.glob", "Dir.glob", "URI", "URL", "tempfile.mkdtemp", "tempfile.gettempdir",
            "os.tmpdir", "fs.mkdtempSync", "Dir.mktmpdir", "Dir.tmpdir",
        ]
        guard kinds.contains(name) else { return nil }
        let (arguments, after) = arguments(from: end)
        switch name {
        case "os.homedir", "Path.home", "pathlib.Path.home": return (Value("~"), after)
        case "tempfile.mkdtemp", "tempfile.gettempdir", "os.tmpdir", "fs.mkdtempSync", "Dir.mktmpdir", "Dir.tmpdir":
            return (Value(pieces: [.text("/tmp/"), .unknown(.output)]), after)
        case "os.path.join", "path.join", "path.resolve", "File.join":
            return (Value.joined(arguments.map(\.value), separator: "/"), after)
        case "chr", "String.fromCharCode":
            var text = ""
            for argument in arguments {
                guard let number = argument.value.text.flatMap({ UInt32($0) }), let scalar = Unicode.Scalar(number)
                else { return nil }
                text.unicodeScalars.append(scalar)
            }
            return (Value(text), after)
        case "base64.b64decode", "atob", "Base64.decode64", "base64_decode", "decode_base64",
            "MIME.Base64.decode_base64":
            guard let text = arguments.first?.value.text, let bytes = TextFilters.base64(text) else { return nil }
            var place = after
            while place + 3 < tokens.count, tokens[place] == .symbol("."), tokens[place + 1] == .name("decode"),
                tokens[place + 2] == .symbol("(")
            {
                place = self.arguments(from: place + 2).end
            }
            return (Value(String(decoding: bytes, as: UTF8.self), taints: .decoded), place)
        case "bytes.fromhex": return nil
        default: return arguments.first.map { ($0.value, after) }
        }
    }

    /// The items of a list, and the place after its bracket.
    private func items(from start: Int) -> (items: [Value], end: Int) {
        var items: [Value] = []
        var at = start
        while at < tokens.count, tokens[at] != .symbol("]"), items.count < 64 {
            if tokens[at] == .newline || tokens[at] == .symbol(",") {
                at += 1
                continue
            }
            let (expression, end) = expression(from: at)
            items.append(expression.value)
            at = max(end, at + 1)
            if end < tokens.count, tokens[end] == .symbol(")") || tokens[end] == .symbol("}") { break }
        }
        return (items, min(tokens.count, at + 1))
    }

    /// The arguments of a call whose parenthesis is at `open`, and the place after it. Without one, those up to the end of
    /// the statement.
    func arguments(from open: Int) -> (arguments: [Expression], end: Int) {
        var arguments: [Expression] = []
        var at = open
        if at < tokens.count, tokens[at] == .symbol("(") { at += 1 }
        while at < tokens.count, arguments.count < 32 {
            if tokens[at] == .newline, open < tokens.count, tokens[open] != .symbol("(") { break }
            if tokens[at] == .symbol(")") { return (arguments, at + 1) }
            if tokens[at] == .symbol(",") || tokens[at] == .newline {
                at += 1
                continue
            }
            let (expression, end) = expression(from: at)
            arguments.append(expression)
            guard end > at else { break }
            at = end
        }
        return (arguments, at)
    }

    /// The place of the parenthesis that closes the one at `open`.
    func closing(_ open: Int) -> Int {
        var level = 0
        var at = open
        while at < tokens.count, at < open + 400 {
            if tokens[at] == .symbol("(") { level += 1 }
            if tokens[at] == .symbol(")") {
                level -= 1
                if level <= 0 { return at }
            }
            at += 1
        }
        return at
    }

    /// A string with the variables in it filled in.
    func filled(_ value: Value) -> Value {
        if value.isKnown { return value }
        var result = Value("", taints: value.taints)
        for piece in value.pieces {
            if case .unknown(.variable(let name)) = piece {
                if let known = interpolated(name) {
                    result.append(known)
                    continue
                }
            }
            result.append(piece)
        }
        return result
    }
}
