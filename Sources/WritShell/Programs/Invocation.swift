// SPDX-License-Identifier: Apache-2.0
import WritCore

/// The arguments of one program, told apart, and the effects found so far.
///
/// Arguments are known in part at most; a word of which not even the first character is known counts as no option.
struct Invocation {
    struct Occurrence {
        var option: Int
        var value: Value?
    }

    /// Base name of the program.
    let program: String
    let arguments: [Value]
    let input: InputFacts
    var definition: ProgramDefinition
    var occurrences: [Occurrence] = []
    /// Words that are no options, without the sub-commands.
    var words: [Value] = []
    /// The next program and its arguments, or the text for an interpreter.
    var tail: [Value] = []
    var tailRule: ProgramDefinition.Tail?
    var hasTerminator = false
    var canonicalWords: [String]
    var unknownOptions = 0
    var hasUnknownCommand = false
    /// `--help` stands among the program's own options.
    private var asksForHelp = false

    private(set) var effects: [Effect] = []
    /// Traits that flags give to everything the program does.
    var traits: Operation.Traits = []
    var environment: [String: Value] = [:]
    var method: (name: Value, isExplicit: Bool)?
    private var sends = false
    /// A reader sets this when its effects replace what the lines of the table say about words.
    var skipsTable = false

    init(program: String, arguments: [Value], input: InputFacts, definition: ProgramDefinition) {
        self.program = program
        self.arguments = arguments
        self.input = input
        self.definition = definition
        canonicalWords = [program]
    }

    // MARK: Telling arguments apart

    /// Reads all arguments and makes the effects.
    mutating func read() {
        var index = 1
        while true {
            guard let command = parse(from: &index) else { break }
            if !definition.isInherited {
                emitOptions()
                definition.reader?.global(&self)
                occurrences = []
            }
            words = []
            definition = command
        }
        emitAll()
    }

    /// Parses until the end, or to a sub-command, which it returns with the index after it.
    private mutating func parse(from index: inout Int) -> ProgramDefinition? {
        let command = definition
        var isOptionless = command.style == .raw
        var isFirst = true
        while index < arguments.count {
            let argument = arguments[index]
            defer { isFirst = false }
            if !isOptionless, case .text(let text)? = argument.pieces.first {
                switch parseOption(text, argument, at: &index, isFirst: isFirst) {
                case .option: continue
                case .terminator:
                    isOptionless = true
                    hasTerminator = true
                    index += 1
                    continue
                case .word: break
                }
            }
            if command.stopsAtFirst {
                if !command.commands.isEmpty, words.isEmpty, !hasTerminator || command.style != .posix {
                    if let next = subcommand(argument, of: command) {
                        index += 1
                        return next
                    }
                }
                if !command.tails.isEmpty {
                    switch takesTail(from: index, argument) {
                    case .tail: return nil
                    case .assignment:
                        index += 1
                        continue
                    case .neither: break
                    }
                }
                if command.style == .posix, command.tails.isEmpty { isOptionless = true }
            }
            words.append(argument)
            index += 1
        }
        return nil
    }

    private mutating func subcommand(_ argument: Value, of command: ProgramDefinition) -> ProgramDefinition? {
        guard let text = argument.text else {
            hasUnknownCommand = true
            return nil
        }
        // `*` stands for any word.
        guard let found = command.commands[text] ?? command.commands["*"] else { return nil }
        do {
            let definition = try found.get()
            canonicalWords.append(text)
            return definition
        } catch {
            // Faulty lines of a table: nothing is known of what the sub-command does.
            hasUnknownCommand = true
            return nil
        }
    }

    private enum Taken { case tail, assignment, neither }

    /// Takes the rest as the next program when a tail begins here.
    private mutating func takesTail(from index: Int, _ argument: Value) -> Taken {
        for tail in definition.tails {
            guard tail.conditions.allSatisfy({ holds($0) }) else { continue }
            if tail.takesAssignments, let (name, value) = assignment(argument) {
                environment[name] = value
                return .assignment
            }
            guard words.count >= tail.from else { continue }
            self.tail = Array(arguments[index...])
            tailRule = tail
            return .tail
        }
        return .neither
    }

    func assignment(_ value: Value) -> (String, Value)? {
        guard let (name, rest) = value.split(at: UInt8(ascii: "=")), let text = name.text, !text.isEmpty else {
            return nil
        }
        for (offset, byte) in text.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"):
                continue
            case UInt8(ascii: "0")...UInt8(ascii: "9") where offset > 0: continue
            default: return nil
            }
        }
        return (text, rest)
    }

    private enum Parsed { case option, terminator, word }

    private mutating func parseOption(_ text: String, _ argument: Value, at index: inout Int, isFirst: Bool) -> Parsed {
        let command = definition
        let bytes = text.utf8
        guard let first = bytes.first else { return .word }
        if first == UInt8(ascii: "-") {
            // `-` alone is a file; `-` and something unknown is an option nobody can name.
            guard bytes.count > 1 else {
                if argument.pieces.count == 1 { return .word }
                unknownOptions += 1
                index += 1
                return .option
            }
            let isLong = bytes[bytes.index(after: bytes.startIndex)] == UInt8(ascii: "-")
            if isLong, bytes.count == 2, argument.pieces.count == 1 { return .terminator }
            if isLong || command.style == .single || command.style == .slash {
                return parseLong(text, argument, at: &index)
            }
            if !command.longs.isEmpty, bytes.count > 2, command.longs[text] != nil {
                return parseLong(text, argument, at: &index)
            }
            return parseCluster(argument, from: 1, at: &index)
        }
        switch command.style {
        case .keys:
            guard let (name, value) = argument.split(at: UInt8(ascii: "=")), let key = name.text else { return .word }
            guard let option = command.longs[key] else { return .word }
            index += 1
            occurrences.append(.init(option: option, value: value))
            return .option
        case .bundled where isFirst:
            return parseCluster(argument, from: 0, at: &index)
        case .slash where first == UInt8(ascii: "/"):
            return command.longs[text.lowercased()] == nil ? .word : parseLong(text, argument, at: &index)
        case .gnu, .posix, .single, .bundled, .slash, .raw:
            guard first == UInt8(ascii: "+"), let plus = command.hasPlus else { return .word }
            index += 1
            occurrences.append(.init(option: plus, value: argument.dropping(1)))
            return .option
        }
    }

    private mutating func parseLong(_ text: String, _ argument: Value, at index: inout Int) -> Parsed {
        let command = definition
        var name = text
        var attached: Value?
        let utf8 = text.utf8
        if let equals = utf8.firstIndex(of: UInt8(ascii: "=")) {
            name = String(text[..<equals])
            attached = argument.dropping(utf8.distance(from: utf8.startIndex, to: equals) + 1)
        } else if argument.pieces.count > 1 {
            // `--opt$X`: the option's own name is not known.
            unknownOptions += 1
            index += 1
            return .option
        }
        if command.style == .slash { name = name.lowercased() }
        var found = command.longs[name]
        if found == nil, command.style == .single || command.style == .slash, name.hasPrefix("--") {
            // Such programs mostly take `--name` for `-name`.
            found = command.longs[String(name.dropFirst())]
        }
        if found == nil, command.allowsAbbreviations, name.utf8.count > 2,
            command.style != .single || name.utf8.count > 3
        {
            found = abbreviation(name)
        }
        if found == nil, command.style == .single, attached == nil,
            let (index, value) = attachedToSingle(argument, name)
        {
            found = index
            attached = value
        }
        index += 1
        guard let option = found else {
            // `cargo yank --version 1.0`: with a word behind it, in a sub-command, it may take a value.
            if name == "--help" || name == "--version" && (canonicalWords.count == 1 || index >= arguments.count),
                attached == nil
            {
                asksForHelp = true
            } else {
                unknownOptions += 1
            }
            return .option
        }
        if name == "--help" || name == "--version", definition.options[option].values == 0 { asksForHelp = true }
        take(option, attached: attached, at: &index)
        return .option
    }

    /// `-Dname` and `-Lpath` in programs of single-dash long options: an option of one letter with its value.
    private func attachedToSingle(_ argument: Value, _ name: String) -> (Int, Value)? {
        let letter = String(name.prefix(2))
        guard name.utf8.count > 2, let option = definition.longs[letter], definition.options[option].values > 0 else {
            return nil
        }
        return (option, argument.dropping(2))
    }

    /// The option that a shortened long name means; of several, the first that has effects.
    private func abbreviation(_ name: String) -> Int? {
        var best: Int?
        for (index, option) in definition.options.enumerated() {
            for spelling in option.spellings where spelling.hasPrefix(name) && spelling.utf8.count > 2 {
                if !option.actions.isEmpty { return index }
                best = best ?? index
            }
        }
        return best
    }

    private mutating func take(_ option: Int, attached: Value?, at index: inout Int) {
        let rule = definition.options[option]
        guard rule.values > 0 else {
            occurrences.append(.init(option: option, value: nil))
            return
        }
        if let attached {
            occurrences.append(.init(option: option, value: attached))
            return
        }
        if rule.isOptional {
            occurrences.append(.init(option: option, value: nil))
            return
        }
        let last = min(index + rule.values, arguments.count) - 1
        if last >= index {
            for each in index...last { occurrences.append(.init(option: option, value: arguments[each])) }
            index = last + 1
        } else {
            occurrences.append(.init(option: option, value: nil))
        }
    }

    private mutating func parseCluster(_ argument: Value, from start: Int, at index: inout Int) -> Parsed {
        let command = definition
        let known = argument.knownPrefix
        let count = known.utf8.count
        var offset = 0
        var bundledValues: [Int] = []
        for byte in known.utf8 {
            defer { offset += 1 }
            if offset < start { continue }
            let option = byte < 128 ? Int(command.shorts[Int(byte)]) : -1
            guard option >= 0 else {
                if start == 0 { return .word }
                // `-5` of head and others is no option of its own.
                if byte < UInt8(ascii: "0") || byte > UInt8(ascii: "9") { unknownOptions += 1 }
                continue
            }
            let rule = command.options[option]
            if rule.values == 0 {
                occurrences.append(.init(option: option, value: nil))
                continue
            }
            if start == 0 {
                // Old bundled style: values follow the cluster in the order of their letters.
                bundledValues.append(option)
                continue
            }
            if rule.isNumeric {
                // Digits after it are skipped as such by the loop.
                occurrences.append(.init(option: option, value: nil))
                continue
            }
            index += 1
            let hasMore = offset + 1 < count || argument.pieces.count > 1
            take(option, attached: hasMore ? argument.dropping(offset + 1) : nil, at: &index)
            return .option
        }
        if argument.pieces.count > 1 { unknownOptions += 1 }
        index += 1
        for option in bundledValues { take(option, attached: nil, at: &index) }
        return .option
    }

    // MARK: Asking

    /// Whether an option was given, by one of its spellings.
    func has(_ spelling: String) -> Bool {
        occurrences.contains { definition.options[$0.option].spellings.contains(spelling) }
    }

    /// The values given to an option, by one of its spellings.
    func values(_ spelling: String) -> [Value] {
        occurrences.compactMap { definition.options[$0.option].spellings.contains(spelling) ? $0.value : nil }
    }

    func holds(_ condition: TableCondition) -> Bool {
        switch condition {
        case .option(let option, let isNegated):
            return occurrences.contains { $0.option == option } != isNegated
        case .optionValue(let option, let glob, let isNegated):
            return occurrences.contains { $0.option == option && $0.value.map(glob.matches) ?? false } != isNegated
        case .count(let least, let isNegated):
            return (words.count + tail.count >= least) != isNegated
        case .argument(let position, let glob, let isNegated):
            return (position < words.count && glob.matches(words[position])) != isNegated
        case .anyArgument(let glob, let isNegated):
            return words.contains { glob.matches($0) } != isNegated
        case .input(let isNegated):
            return input.isProvided != isNegated
        }
    }

    // MARK: Making effects

    /// Adds an effect, with connections before what is sent over them.
    mutating func add(_ effect: Effect) {
        effects.append(effect)
    }

    mutating func add(
        _ kind: Operation.Kind, _ detail: String = "", traits: Operation.Traits = [], method: String = "",
        remote: String = "", branch: String = ""
    ) {
        effects.append(
            .operation(
                Operation(
                    kind, method: method, remote: remote, branch: branch, traits: traits.union(self.traits),
                    detail: detail)))
    }

    private mutating func emitAll() {
        // Command-wide traits and methods come from flags anywhere, so they are gathered first.
        for option in Set(occurrences.map(\.option)) {
            for action in definition.options[option].actions where action.roles.isEmpty {
                if action.conditions.allSatisfy({ holds($0) }) { traits.formUnion(action.traits) }
            }
        }
        for action in definition.fixed where action.roles.isEmpty {
            if action.conditions.allSatisfy({ holds($0) }) { traits.formUnion(action.traits) }
        }
        for occurrence in occurrences {
            for action in definition.options[occurrence.option].actions {
                for case .method(let name) in action.roles {
                    if let name {
                        if method == nil { method = (Value(name), false) }
                    } else if let value = occurrence.value {
                        method = (value, true)
                    }
                }
            }
        }
        definition.reader?.read(&self)
        emitOptions()
        if !skipsTable { emitWords() }
        if !definition.commands.isEmpty, !words.isEmpty, definition.places.isEmpty, definition.fixed.isEmpty,
            !skipsTable,
            !hasUnknownCommand, let first = words.first
        {
            // A plugin, or a sub-command that is newer than the table.
            effects.append(.unread("the sub-command \(first.display), which is not in the table"))
        }
        // Help is shown instead of doing anything; an option of which nothing is known could have taken the word as its value.
        let onlyHelps = asksForHelp && unknownOptions == 0 && tail.isEmpty
        for action in definition.fixed where !action.roles.isEmpty {
            if onlyHelps {
                switch action.roles.first {
                case .operation, .escape, .input: continue
                default: break
                }
            }
            perform(action, on: nil)
        }
        emitTail()
        let hasOutput = effects.contains { if case .output = $0 { true } else { false } }
        for rule in definition.outputs where !hasOutput && rule.conditions.allSatisfy({ holds($0) }) {
            effects.append(.output(rule.output))
            break
        }
        arrange()
    }

    private mutating func emitOptions() {
        var applying: [Int: [TableAction]] = [:]
        for occurrence in occurrences {
            let option = occurrence.option
            let actions =
                applying[option]
                ?? definition.options[option].actions.filter { action in
                    !action.roles.isEmpty && action.conditions.allSatisfy { holds($0) }
                }
            applying[option] = actions
            for action in actions { perform(applying: action, on: occurrence.value) }
        }
    }

    private mutating func emitWords() {
        guard !words.isEmpty, !definition.places.isEmpty else { return }
        // What a line's condition says holds for all words: it is asked once, since it may look at all of them.
        let places = definition.places.filter { _, action in action.conditions.allSatisfy { holds($0) } }
        let hasLast = words.count > 1 && places.contains { place, _ in place == .last }
        for (index, word) in words.enumerated() {
            var isClaimed = false
            for (place, action) in places {
                switch place {
                case .at(let position):
                    guard position == index else { continue }
                    isClaimed = true
                    perform(applying: action, on: word)
                case .last:
                    guard hasLast, index == words.count - 1 else { continue }
                    isClaimed = true
                    perform(applying: action, on: word)
                case .all: perform(applying: action, on: word)
                case .rest: continue
                }
            }
            guard !isClaimed else { continue }
            for (place, action) in places where place == .rest { perform(applying: action, on: word) }
        }
    }

    private mutating func emitTail() {
        guard let rule = tailRule, !tail.isEmpty else { return }
        if let language = rule.joins {
            let whole = Value.joining(tail)
            if rule.isRemote {
                add(
                    .run(
                        [Value("sh"), Value("-c"), whole], environment: environment, takesInput: rule.takesInput,
                        isRemote: true))
            } else if environment.isEmpty {
                add(.code(whole, language: language))
            } else {
                add(
                    .run(
                        [Value(language), Value("-c"), whole], environment: environment, takesInput: rule.takesInput,
                        isRemote: false))
            }
        } else if rule.takesInputArguments {
            add(.runWithInputArguments(tail))
        } else {
            add(.run(tail, environment: environment, takesInput: rule.takesInput, isRemote: rule.isRemote))
        }
    }

    /// Does what a line says with a value.
    mutating func perform(_ action: TableAction, on value: Value?) {
        guard action.conditions.allSatisfy({ holds($0) }) else { return }
        perform(applying: action, on: value)
    }

    private mutating func perform(applying action: TableAction, on value: Value?) {
        for role in action.roles {
            perform(role, on: value, traits: traits.union(action.traits), detail: action.detail)
        }
    }

    private static func isStream(_ value: Value) -> Bool {
        guard let text = value.text else { return false }
        return text.isEmpty || text == "-" || text == "/dev/stdout" || text == "/dev/stderr" || text == "/dev/stdin"
            || text == "/dev/tty"
    }

    mutating func perform(_ role: ValueRole, on value: Value?, traits: Operation.Traits, detail: String) {
        switch role {
        case .ignore: return
        case .fixed(let role, let literal): return perform(role, on: Value(literal), traits: traits, detail: detail)
        case .operation(let kind):
            var text = detail
            // The evaluator fills path, host and command; people want to see on what.
            let shown = value.map { [$0] } ?? (kind == .privilegeRaise ? [] : Array(words.prefix(3)))
            if !shown.isEmpty, !text.isEmpty { text += ": " + shown.map(\.display).joined(separator: " ") }
            let verb = canonicalWords.count > 1 ? canonicalWords[canonicalWords.count - 1] : ""
            effects.append(.operation(Operation(kind, method: verb, traits: traits, detail: text)))
            return
        case .unread: return effects.append(.unread(detail.isEmpty ? value?.display ?? program : detail))
        case .escape:
            effects.append(
                .operation(
                    Operation(
                        .shellExec, traits: [.escape, .potential],
                        detail: detail.isEmpty ? "can run commands from inside" : detail)))
            return
        case .secret:
            var text = detail.isEmpty ? "reads secrets" : detail
            if let value { text += ": " + value.display }
            effects.append(.operation(Operation(.secretRead, traits: traits, detail: text)))
            return
        case .method: return
        case .input(let language): return effects.append(.codeInput(language: language))
        case .read, .write, .append, .delete, .search, .mode, .connect, .listen, .upload, .text, .data, .form,
            .directory,
            .source, .target, .at, .header, .credential, .code, .file, .run, .words, .package, .environment:
            break
        }
        guard let value else { return }
        switch role {
        case .read: if !Self.isStream(value) { effects.append(.read(value)) }
        case .write: if !Self.isStream(value) { effects.append(.write(value, appends: false)) }
        case .append: if !Self.isStream(value) { effects.append(.write(value, appends: true)) }
        case .delete: effects.append(.delete(value, traits: traits))
        case .search: effects.append(.search(value))
        case .mode: effects.append(.mode(value, traits: traits))
        case .connect: effects.append(.connect(value, method: method?.name.display.uppercased() ?? "", traits: traits))
        case .listen: effects.append(.listen(value))
        case .upload: send(file: value)
        case .text: send(text: value)
        case .data:
            if value.hasPrefix("@") { send(file: value.dropping(1)) } else { send(text: value) }
        case .form:
            guard let (_, content) = value.split(at: UInt8(ascii: "=")) else { return send(text: value) }
            if content.hasPrefix("@") || content.hasPrefix("<") {
                let file = content.dropping(1)
                send(file: file.split(at: UInt8(ascii: ";"))?.before ?? file)
            } else {
                send(text: content)
            }
        case .header:
            if value.hasPrefix("@") {
                perform(.read, on: value.dropping(1), traits: traits, detail: detail)
            } else {
                authenticate(header: value)
            }
        case .credential: authenticate(value)
        case .at: if value.hasPrefix("@") { perform(.read, on: value.dropping(1), traits: traits, detail: detail) }
        case .source:
            if Self.isURL(value) {
                if value.hasPrefix("file") {
                    // `file:` and, of the clouds' tools, `fileb://`.
                    let scheme = value.hasPrefix("fileb://") ? 8 : value.hasPrefix("file://") ? 7 : 5
                    effects.append(.read(value.dropping(scheme)))
                } else {
                    perform(.connect, on: value, traits: traits, detail: detail)
                }
            } else {
                perform(.read, on: value, traits: traits, detail: detail)
            }
        case .target:
            if Self.isURL(value) {
                effects.append(
                    .connect(value, method: method?.name.display.uppercased() ?? "", traits: traits.union(.upload)))
            } else {
                perform(.write, on: value, traits: traits, detail: detail)
            }
        case .directory: effects.append(.directory(value))
        case .code(let language): effects.append(.code(value, language: language))
        case .file(let language):
            if value.text == "-" || value.text == "/dev/stdin" {
                effects.append(.codeInput(language: language))
            } else {
                effects.append(.codeFile(value, language: language))
            }
        case .run: effects.append(.run([value], environment: environment, takesInput: true, isRemote: false))
        case .words:
            let parts = value.splitIntoWords()
            if !parts.isEmpty {
                effects.append(.run(parts, environment: environment, takesInput: true, isRemote: false))
            }
        case .package(let kind, let ecosystem):
            if kind == .pkgInstall, Self.isURL(value), !value.hasPrefix("file:") {
                effects.append(.connect(value, method: "", traits: traits.union(.download)))
            }
            effects.append(.package(kind, ecosystem: ecosystem, name: value, traits: traits))
        case .environment:
            if let (name, value) = assignment(value) { environment[name] = value }
        case .ignore, .fixed, .operation, .unread, .escape, .secret, .method, .input: break
        }
    }

    mutating func send(file: Value) {
        sends = true
        if Self.isStream(file) {
            effects.append(.uploadText(.unknown(.output)))
        } else {
            effects.append(.upload(file: file))
        }
    }

    mutating func send(text: Value) {
        sends = true
        effects.append(.uploadText(text))
    }

    /// A header: a credential in one that logs in is where it belongs, in any other it is data that leaves.
    mutating func authenticate(header: Value) {
        guard header.taints.contains(.secret) else { return }
        guard let (name, value) = header.split(at: UInt8(ascii: ":")), AuthenticationHeader.isOne(name.display) else {
            return send(text: header)
        }
        authenticate(value)
    }

    /// A credential in its place; what is no secret is of no interest.
    mutating func authenticate(_ credential: Value) {
        if credential.taints.contains(.secret) { effects.append(.authenticate(credential)) }
    }

    /// Marks the connections as sending without saying what: standard input goes there.
    mutating func dropSentText() {
        if case .uploadText? = effects.last { effects.removeLast() }
    }

    /// Makes the last file that is read a connection, for programs that take hosts without a scheme.
    mutating func replaceLastRead(by host: Value, method: String) {
        if case .read? = effects.last { effects.removeLast() }
        effects.append(.connect(host, method: method, traits: traits.union(.download)))
    }

    static func isURL(_ value: Value) -> Bool {
        let known = value.knownPrefix
        guard let range = known.firstPlace(of: "://") else { return known.hasPrefix("file:") || known.hasPrefix("s3:") }
        return known[..<range.lowerBound].utf8.allSatisfy { byte in
            (byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z"))
                || (byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z"))
                || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")) || byte == UInt8(ascii: "+")
                || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: ".")
        }
    }

    /// Directories come first, and connections before what is sent over them, which they are marked with.
    private mutating func arrange() {
        func rank(_ effect: Effect) -> Int {
            switch effect {
            case .directory: 0
            case .connect, .listen: sends ? 1 : 2
            case .upload, .uploadText, .authenticate: 3
            case .output: 5
            case .run, .runWithInputArguments, .code, .codeFile, .codeInput: 4
            case .read, .write, .delete, .search, .mode, .package, .unread, .operation: 2
            }
        }
        var previous = 0
        var isSorted = true
        for effect in effects {
            let each = rank(effect)
            if each < previous { isSorted = false }
            previous = each
        }
        if !isSorted {
            // Stable: equal ranks keep the order of the arguments.
            effects = (0...5).flatMap { wanted in effects.filter { rank($0) == wanted } }
        }
        guard sends else { return }
        for (index, effect) in effects.enumerated() {
            if case .connect(let host, let method, let traits) = effect {
                effects[index] = .connect(host, method: method, traits: traits.union(.upload))
            }
        }
    }
}
