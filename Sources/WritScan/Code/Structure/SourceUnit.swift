// SPDX-License-Identifier: Apache-2.0

/// A source with its light structure: calls with their arguments, assignments, functions and imports, all as ranges of
/// tokens in order of place. There is no grammar behind it: a fragment, or code that does not compile, has one too.
struct SourceUnit {
    struct Argument {
        /// `name=value`, `name: value`; nil for a positional one.
        var name: String?
        var value: Range<Int>
    }

    struct Call {
        /// As written, with every separator as `.`, and `()` or `[]` for what stands between.
        var name: String
        /// The name's first token, the opening bracket, and the closing one (or the end of what there is).
        var start: Int
        var open: Int
        var close: Int
        var arguments: [Argument]
        var isNew: Bool

        var last: Substring { name.split(separator: ".").last ?? "" }
    }

    struct Assignment {
        var names: [String]
        /// The declared type, where one is written.
        var type: String?
        /// The first token of the target.
        var start: Int
        var at: Int
        var value: Range<Int>
        /// `+=` and the like: the old value stays a part.
        var isAugmented: Bool
        /// `for x in value`: the names hold an element.
        var isElement: Bool = false
    }

    struct Function {
        var name: String
        var parameters: [(name: String, type: String, isMarked: Bool)]
        var start: Int
        var body: Range<Int>
    }

    let bytes: UnsafeRawBufferPointer
    let language: CodeLanguage
    let tokens: [CodeToken]
    let comments: [Range<Int>]
    let holes: [Int: [Range<Int>]]
    /// The other bracket's token, or -1.
    private(set) var partner: [Int32]
    private(set) var calls: [Call] = []
    private(set) var assignments: [Assignment] = []
    private(set) var functions: [Function] = []
    /// What a local name stands for: `np` → `numpy`, `run` → `subprocess.run`.
    private(set) var aliases: [String: String] = [:]
    private(set) var imports: [(name: String, token: Int)] = []
    private var arrays: [String: [Int]] = [:]

    init(bytes: UnsafeRawBufferPointer, language: CodeLanguage) {
        self.bytes = bytes
        self.language = language
        let lexed = CodeLexer.tokens(of: bytes, language)
        tokens = lexed.tokens
        comments = lexed.comments
        holes = lexed.holes
        partner = Self.partners(of: lexed.tokens)
        readImports()
        readStructure()
        if language == .c || language == .cpp { readArrays() }
    }

    // MARK: Reading tokens

    func text(_ token: Int) -> String {
        guard tokens.indices.contains(token) else { return "" }
        return String(decoding: bytes.part(tokens[token].range), as: UTF8.self)
    }

    func kind(_ token: Int) -> CodeToken.Kind? {
        tokens.indices.contains(token) ? tokens[token].kind : nil
    }

    /// The token is a mark of exactly this byte.
    func isMark(_ token: Int, _ byte: Character) -> Bool {
        guard tokens.indices.contains(token) else { return false }
        let one = tokens[token]
        return one.kind == .mark && one.mark == byte.asciiValue && one.end - one.start == 1
    }

    func isMark(_ token: Int, text: StaticString) -> Bool {
        guard tokens.indices.contains(token), tokens[token].kind == .mark else { return false }
        return Int(tokens[token].end - tokens[token].start) == text.utf8CodeUnitCount
            && bytes.holds(text, at: Int(tokens[token].start))
    }

    func isWord(_ token: Int, _ text: StaticString) -> Bool {
        guard tokens.indices.contains(token), tokens[token].kind == .word else { return false }
        return Int(tokens[token].end - tokens[token].start) == text.utf8CodeUnitCount
            && bytes.holds(text, at: Int(tokens[token].start))
    }

    /// The bytes from the first token to the end of the last.
    func span(_ range: Range<Int>) -> Range<Int> {
        guard !range.isEmpty, range.lowerBound >= 0, range.upperBound <= tokens.count else { return 0..<0 }
        let low = Int(tokens[range.lowerBound].start)
        return low..<max(low, Int(tokens[range.upperBound - 1].end))
    }

    /// Skips a bracketed part: the token after its end, or the next one.
    func after(_ token: Int) -> Int {
        guard tokens.indices.contains(token) else { return token + 1 }
        let other = Int(partner[token])
        return other > token ? other + 1 : token + 1
    }

    private static func partners(of tokens: [CodeToken]) -> [Int32] {
        var partner = [Int32](repeating: -1, count: tokens.count)
        var open: [Int] = []
        for (i, token) in tokens.enumerated() where token.kind == .mark && token.end - token.start == 1 {
            switch token.mark {
            case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): open.append(i)
            case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
                let wanted =
                    token.mark == UInt8(ascii: ")")
                    ? UInt8(ascii: "(") : token.mark == UInt8(ascii: "]") ? UInt8(ascii: "[") : UInt8(ascii: "{")
                // A bracket that does not fit is skipped; one that was never closed is given up.
                if let at = open.suffix(8).lastIndex(where: { tokens[$0].mark == wanted }) {
                    partner[open[at]] = Int32(i)
                    partner[i] = Int32(open[at])
                    open.removeSubrange(at...)
                }
            default: break
            }
        }
        return partner
    }

    /// C: `type name[…]` stands between the two tokens.
    func isStackArray(_ name: String, at token: Int, from start: Int) -> Bool {
        guard let places = arrays[name] else { return false }
        return places.contains { $0 < token && $0 >= start }
    }

    /// The closing brace of the block that a token stands in, within 3,000 tokens before it.
    func blockEnd(around token: Int) -> Int {
        var at = token - 1
        var steps = 0
        while at >= 0, steps < 3_000 {
            if isMark(at, "}"), Int(partner[at]) >= 0 {
                at = Int(partner[at]) - 1
                steps += 1
                continue
            }
            if isMark(at, "{") { return Int(partner[at]) > token ? Int(partner[at]) : tokens.count }
            at -= 1
            steps += 1
        }
        return tokens.count
    }

    private mutating func readArrays() {
        for i in tokens.indices where isMark(i, "[") && kind(i - 1) == .word {
            guard kind(i - 2) == .word || isMark(i - 2, ">") || isMark(i - 2, ","), !isWord(i - 2, "return"),
                !isWord(i - 2, "delete"), !isWord(i - 2, "new"), !isWord(i - 2, "case"), !isWord(i - 2, "else")
            else { continue }
            let end = after(i)
            guard isMark(end, ";") || isMark(end, "=") || isMark(end, ",") || isMark(end, "[") else { continue }
            if arrays[text(i - 1), default: []].count < 50 { arrays[text(i - 1), default: []].append(i - 1) }
        }
    }

    // MARK: Imports

    private mutating func readImports() {
        for i in tokens.indices where tokens[i].kind == .word {
            switch language {
            case .python:
                guard i == 0 || tokens[i - 1].kind == .newline || isMark(i - 1, ";") || isMark(i - 1, ":") else {
                    continue
                }
                if isWord(i, "import") {
                    var at = i + 1
                    while at < tokens.count, kind(at) == .word {
                        let name = dotted(&at)
                        imports.append((name, i))
                        if isWord(at, "as"), kind(at + 1) == .word {
                            aliases[text(at + 1)] = name
                            at += 2
                        }
                        if isMark(at, ",") { at += 1 } else { break }
                    }
                } else if isWord(i, "from") {
                    var at = i + 1
                    guard kind(at) == .word else { continue }
                    let module = dotted(&at)
                    imports.append((module, i))
                    guard isWord(at, "import") else { continue }
                    at += 1
                    if isMark(at, "(") { at += 1 }
                    while kind(at) == .word {
                        let name = text(at)
                        imports.append((module + "." + name, i))
                        aliases[name] = module + "." + name
                        at += 1
                        if isWord(at, "as"), kind(at + 1) == .word {
                            aliases[text(at + 1)] = module + "." + name
                            at += 2
                        }
                        if isMark(at, ",") { at += 1 } else { break }
                    }
                }
            case .javascript, .typescript, .html:
                if isWord(i, "require"), isMark(i + 1, "("), kind(i + 2) == .string, isMark(i + 3, ")") {
                    let module = moduleName(i + 2)
                    imports.append((module, i))
                    guard isMark(i - 1, "=") else { continue }
                    // `const x = require("m").y` names the member.
                    let whole = isMark(i + 4, ".") && kind(i + 5) == .word ? module + "." + text(i + 5) : module
                    if kind(i - 2) == .word {
                        aliases[text(i - 2)] = whole
                    } else if isMark(i - 2, "}") {
                        members(from: Int(partner[i - 2]), to: i - 2, of: module)
                    }
                } else if isWord(i, "from"), kind(i + 1) == .string {
                    let module = moduleName(i + 1)
                    imports.append((module, i))
                    if kind(i - 1) == .word { aliases[text(i - 1)] = module }
                    if isMark(i - 1, "}") {
                        let open = Int(partner[i - 1])
                        members(from: open, to: i - 1, of: module)
                        if isMark(open - 1, ","), kind(open - 2) == .word { aliases[text(open - 2)] = module }
                    }
                }
            case .java, .kotlin, .scala, .csharp, .rust, .swift, .php:
                guard isWord(i, "import") || isWord(i, "using") || isWord(i, "use") else { continue }
                var at = i + 1
                if isWord(at, "static") { at += 1 }
                guard kind(at) == .word else { continue }
                imports.append((dotted(&at), i))
            case .go:
                guard isWord(i, "import") else { continue }
                var at = i + 1
                let end = isMark(at, "(") ? after(at) : at + 3
                while at < min(end, tokens.count) {
                    if kind(at) == .string {
                        let path = String(decoding: bytes.part(tokens[at].inner), as: UTF8.self)
                        imports.append((path, at))
                        if kind(at - 1) == .word, !isWord(at - 1, "import"), let last = path.split(separator: "/").last
                        {
                            aliases[text(at - 1)] = String(last)
                        }
                    }
                    at += 1
                }
            default: continue
            }
        }
    }

    private func dotted(_ at: inout Int) -> String {
        var name = text(at)
        at += 1
        while isMark(at, ".") || isMark(at, text: "::") || isMark(at, "\\") {
            guard kind(at + 1) == .word, name.utf8.count < 200 else { break }
            name += "." + text(at + 1)
            at += 2
        }
        return name
    }

    private func moduleName(_ token: Int) -> String {
        let name = String(decoding: bytes.part(tokens[token].inner), as: UTF8.self)
        return name.hasPrefix("node:") ? String(name.dropFirst(5)) : name
    }

    private mutating func members(from open: Int, to close: Int, of module: String) {
        var at = open + 1
        while open >= 0, at < close {
            if kind(at) == .word {
                let name = text(at)
                if isMark(at + 1, ":") || isWord(at + 1, "as"), kind(at + 2) == .word {
                    aliases[text(at + 2)] = module + "." + name
                    at += 2
                } else {
                    aliases[name] = module + "." + name
                }
            }
            at += 1
        }
    }

    // MARK: Structure

    private static let control: Set<String> = [
        "if", "for", "while", "switch", "catch", "return", "elif", "else", "foreach", "using", "lock", "match", "guard",
        "unless",
        "when", "and", "or", "not", "in", "until", "synchronized", "function", "func", "fn", "def", "fun", "new",
        "await", "yield",
        "throw", "case", "do", "try", "assert", "del", "typeof", "sizeof", "import", "from", "class", "lambda", "async",
        "raise", "with", "as", "is", "then", "end",
    ]
    private static let bare: Set<String> = [
        "echo", "print", "include", "include_once", "require", "require_once", "exec", "return", "exit", "die",
    ]

    private mutating func readStructure() {
        for i in tokens.indices {
            let token = tokens[i]
            guard token.kind == .mark else {
                if token.kind == .word { word(i) }
                continue
            }
            switch token.mark {
            case UInt8(ascii: "("):
                if kind(i - 1) == .word || isMark(i - 1, "]") || isMark(i - 1, ")") || isMark(i - 1, ">")
                    || isMark(i - 1, "&") && language == .ruby
                {
                    bracket(i)
                }
            case UInt8(ascii: "{") where [.go, .rust, .csharp, .swift].contains(language):
                // A composite literal: `tls.Config{…}`, `new Cookie { … }`.
                guard kind(i - 1) == .word, Int(partner[i]) > i else { break }
                let (name, start) = chain(endingAt: i - 1)
                guard let first = name.split(separator: ".").last?.utf8.first, first.isUpper, !name.isEmpty,
                    language != .swift
                else { break }
                if language == .rust || language == .go || isWord(start - 1, "new") {
                    calls.append(
                        Call(
                            name: name + "{}", start: start, open: i, close: Int(partner[i]), arguments: arguments(i),
                            isNew: true))
                }
            case UInt8(ascii: "=") where token.end - token.start == 1: assignment(i, isAugmented: false)
            case UInt8(ascii: ":") where isMark(i, text: ":="): assignment(i, isAugmented: false)
            case UInt8(ascii: "+") where isMark(i, text: "+="): assignment(i, isAugmented: true)
            case UInt8(ascii: ".") where isMark(i, text: ".="): assignment(i, isAugmented: true)
            case UInt8(ascii: "<") where language == .ruby && isMark(i, text: "<<"): assignment(i, isAugmented: true)
            case UInt8(ascii: "?") where isMark(i, text: "??="): assignment(i, isAugmented: true)
            default: break
            }
        }
    }

    private mutating func word(_ i: Int) {
        let name: String
        switch language {
        case .ruby:
            guard
                kind(i + 1) == .string || kind(i + 1) == .word || kind(i + 1) == .number || isMark(i + 1, ":")
                    || isMark(i + 1, text: "::")
                    || isMark(i + 1, "[") && i + 1 < tokens.count && tokens[i].end < tokens[i + 1].start
            else {
                if isWord(i, "def") { rubyFunction(i) }
                return
            }
            if isWord(i, "def") {
                rubyFunction(i)
                return
            }
            name = text(i)
            guard !Self.control.contains(name),
                ![
                    "do", "end", "begin", "rescue", "ensure", "module", "self", "nil", "true", "false", "super",
                    "elsif", "puts", "attr_reader",
                ].contains(name)
            else { return }
            if kind(i + 1) == .word {
                let next = text(i + 1)
                if Self.control.contains(next) || ["do", "rescue", "if", "unless"].contains(next) { return }
            }
            if isMark(i + 1, ":"), tokens[i].end == tokens[i + 1].start { return }
            if isMark(i + 1, text: "::"), tokens[i].end == tokens[i + 1].start { return }
        case .php:
            name = text(i)
            guard Self.bare.contains(name), !isMark(i - 1, text: "->"), name == "return" ? false : true else { return }
            if isMark(i + 1, "("), Int(partner[i + 1]) > 0, isMark(Int(partner[i + 1]) + 1, ";") { return }
            if isMark(i + 1, ";") { return }
        case .python:
            if isWord(i, "for") || isWord(i, "with") {
                forLoop(i)
                return
            }
            guard isWord(i, "exec") || isWord(i, "print"), kind(i + 1) == .string || kind(i + 1) == .word,
                i == 0 || kind(i - 1) == .newline
            else { return }
            name = text(i)
        case .javascript, .typescript, .html:
            if isWord(i, "of"), kind(i - 1) == .word {
                assignments.append(
                    Assignment(
                        names: [text(i - 1)], type: nil, start: i - 1, at: i,
                        value: (i + 1)..<statementEnd(i + 1, limit: 40), isAugmented: false, isElement: true))
            }
            return
        default: return
        }
        let (whole, start) = chain(endingAt: i)
        let end = statementEnd(i + 1, limit: 400)
        calls.append(
            Call(
                name: whole, start: start, open: i, close: end, arguments: arguments(from: i + 1, to: end), isNew: false
            ))
    }

    private mutating func forLoop(_ i: Int) {
        // `for a, b in value:` and `with value as name:`.
        var at = i + 1
        var names: [String] = []
        if isWord(i, "with") {
            let end = statementEnd(at, limit: 200)
            for j in at..<max(at, end) where isWord(j, "as") && kind(j + 1) == .word {
                assignments.append(
                    Assignment(names: [text(j + 1)], type: nil, start: i, at: i, value: (i + 1)..<j, isAugmented: false)
                )
                return
            }
            return
        }
        while at < tokens.count, at < i + 12, !isWord(at, "in") {
            if kind(at) == .word { names.append(text(at)) }
            at += 1
        }
        guard isWord(at, "in"), !names.isEmpty else { return }
        var end = at + 1
        while end < tokens.count, end - at < 120, kind(end) != .newline, !isMark(end, ":"), !isMark(end, "]"),
            !isMark(end, ")"), !isMark(end, "}"), !isWord(end, "if")
        { end = after(end) }
        assignments.append(
            Assignment(
                names: names, type: nil, start: i, at: at, value: (at + 1)..<min(end, tokens.count), isAugmented: false,
                isElement: true))
    }

    private mutating func rubyFunction(_ i: Int) {
        var at = i + 1
        while isMark(at + 1, "."), kind(at + 2) == .word { at += 2 }
        guard kind(at) == .word else { return }
        var parameters: [(name: String, type: String, isMarked: Bool)] = []
        var end = at + 1
        let stop = isMark(at + 1, "(") ? Int(partner[at + 1]) : min(tokens.count, at + 40)
        while end < max(stop, at + 1), kind(end) != .newline {
            if kind(end) == .word { parameters.append((text(end), "", false)) }
            end += 1
        }
        functions.append(
            Function(name: text(at), parameters: parameters, start: i, body: end..<nextDefinition(after: end)))
    }

    private func nextDefinition(after token: Int) -> Int {
        var at = token
        while at < tokens.count {
            if isWord(at, "def") { return at }
            at += 1
        }
        return tokens.count
    }

    /// The qualified name whose last word is at `end`, and its first token.
    func chain(endingAt end: Int) -> (String, Int) {
        var parts: [String] = [text(end)]
        var start = end
        var at = end - 1
        while at >= 1, parts.count < 16 {
            let isJoint =
                isMark(at, ".") || isMark(at, text: "->") || isMark(at, text: "::") || isMark(at, text: "?.")
                || isMark(at, text: "?->") || isMark(at, "\\")
            guard isJoint else { break }
            var before = at - 1
            // A chained call may begin on an earlier line.
            while before > 0, kind(before) == .newline { before -= 1 }
            var suffix = ""
            while before > 0,
                isMark(before, ")") || isMark(before, "]")
                    || isMark(before, "}") && isMark(before, "}") && [.go, .rust].contains(language)
            {
                let open = Int(partner[before])
                guard open > 0 else { return (parts.reversed().joined(separator: "."), start) }
                if isMark(before, ")"), isWord(open - 1, "require"), kind(open + 1) == .string {
                    parts.append(moduleName(open + 1))
                    return (parts.reversed().joined(separator: "."), open - 1)
                }
                suffix = (isMark(before, ")") ? "()" : isMark(before, "]") ? "[]" : "{}") + suffix
                before = open - 1
            }
            if kind(before) == .word {
                parts.append(text(before) + suffix)
                start = before
                at = before - 1
            } else {
                if kind(before) == .string { parts.append("\"\"") } else if !suffix.isEmpty { parts.append(suffix) }
                start = max(0, before + 1)
                break
            }
            while at > 0, kind(at) == .newline, isMark(at - 1, ".") || isMark(at - 1, text: "?.") { at -= 1 }
        }
        return (parts.reversed().joined(separator: "."), start)
    }

    private mutating func bracket(_ i: Int) {
        var end = i - 1
        // Generic arguments stand between the name and the bracket.
        if isMark(end, ">") {
            var back = end
            while back > 0, end - back < 12, !isMark(back, "<") { back -= 1 }
            guard isMark(back, "<"), kind(back - 1) == .word || isMark(back - 1, text: "::") else { return }
            end = isMark(back - 1, text: "::") ? back - 2 : back - 1
        }
        guard kind(end) == .word else { return }
        let name = text(end)
        if Self.control.contains(name), !isMark(end - 1, "."), !isMark(end - 1, text: "::"),
            !(name == "assert" || name == "import" || name == "with")
        {
            if ["function", "func", "fn"].contains(name) { function(i, name: "") }
            return
        }
        let close = Int(partner[i]) > i ? Int(partner[i]) : min(tokens.count, i + 200)
        if isDefinition(i, close: close, nameAt: end) {
            function(i, name: name)
            return
        }
        let (whole, start) = chain(endingAt: end)
        let isNew = isWord(start - 1, "new")
        calls.append(
            Call(
                name: whole, start: start, open: i, close: close, arguments: arguments(from: i + 1, to: close),
                isNew: isNew))
    }

    private func isDefinition(_ open: Int, close: Int, nameAt: Int) -> Bool {
        if isWord(nameAt - 1, "def") || isWord(nameAt - 1, "func") || isWord(nameAt - 1, "fn")
            || isWord(nameAt - 1, "function") || isWord(nameAt - 1, "fun")
        {
            return true
        }
        switch language {
        case .python, .ruby, .go, .rust, .shell, .sql, .swift:
            // A Go method: the receiver stands before the name.
            return language == .go && isMark(nameAt - 1, ")") && Int(partner[nameAt - 1]) > 0
                && isWord(Int(partner[nameAt - 1]) - 1, "func")
        default: break
        }
        guard Int(partner[open]) > open, !isMark(nameAt - 1, "."), !isMark(nameAt - 1, text: "->"),
            !isWord(nameAt - 1, "new")
        else { return false }
        var at = close + 1
        var steps = 0
        while at < tokens.count, steps < 12 {
            if isMark(at, "{") {
                return steps > 0
                    || kind(nameAt - 1) != nil && !isMark(nameAt - 1, "=") && !isMark(nameAt - 1, "(")
                        && !isMark(nameAt - 1, ",")
            }
            guard
                kind(at) == .word || kind(at) == .newline || isMark(at, ":") || isMark(at, ",") || isMark(at, "&")
                    || isMark(at, "*") || isMark(at, "<") || isMark(at, ">") || isMark(at, "[") || isMark(at, "]")
                    || isMark(at, "|") || isMark(at, ".") || isMark(at, "?")
            else { return false }
            if kind(at) == .newline, ![.java, .csharp, .c, .cpp, .php, .apex, .solidity].contains(language) {
                return false
            }
            if kind(at) == .word, Self.control.contains(text(at)) { return false }
            at += 1
            steps += 1
        }
        return false
    }

    private mutating func function(_ open: Int, name: String) {
        let close = Int(partner[open])
        guard close > open else { return }
        var parameters: [(name: String, type: String, isMarked: Bool)] = []
        for argument in arguments(from: open + 1, to: close).prefix(40) {
            var words: [String] = []
            var colon: Int?
            var isMarked = false
            if let named = argument.name { words.append(named) }
            var at = argument.value.lowerBound
            while at < argument.value.upperBound {
                if isMark(at, "=") { break }
                if isMark(at, ":"), colon == nil { colon = words.count }
                if isMark(at, "@") {
                    isMarked =
                        isMarked
                        || [
                            "RequestParam", "PathVariable", "RequestBody", "RequestHeader", "CookieValue", "QueryParam",
                            "PathParam", "FormParam", "HeaderParam", "ModelAttribute", "Query", "Body", "Param",
                        ].contains(text(at + 1))
                    at += 2
                    if isMark(at, "(") { at = after(at) }
                    continue
                }
                if isMark(at, "[") && isWord(at + 1, "FromQuery") || isWord(at + 1, "FromBody")
                    || isWord(at + 1, "FromRoute")
                {
                    isMarked = true
                }
                if kind(at) == .word { words.append(text(at)) }
                at = isMark(at, "(") || isMark(at, "[") || isMark(at, "<") ? max(at + 1, after(at)) : at + 1
            }
            if argument.name != nil, colon == nil { colon = 1 }
            guard !words.isEmpty else { continue }
            switch language {
            case .c, .cpp, .java, .csharp, .php, .apex, .solidity:
                parameters.append((words.last ?? "", words.dropLast().last ?? "", isMarked))
            default:
                let split = min(words.count, max(1, colon ?? 1))
                parameters.append((words[split - 1], words.dropFirst(split).first ?? "", isMarked))
            }
        }
        functions.append(Function(name: name, parameters: parameters, start: open, body: body(after: close)))
    }

    private func body(after close: Int) -> Range<Int> {
        if language == .python {
            let line = tokens[close].line
            // Definitions on one line end together: looking again for each would take quadratic time.
            if let last = functions.last, tokens[last.body.lowerBound].line == line {
                return close..<max(close, last.body.upperBound)
            }
            var definition = close
            while definition > 0, kind(definition - 1) != .newline { definition -= 1 }
            let column = self.column(definition)
            var at = close
            while at < tokens.count {
                if tokens[at].line > line, kind(at) != .newline, at > 0, kind(at - 1) == .newline,
                    self.column(at) <= column
                {
                    break
                }
                at += 1
            }
            return close..<at
        }
        var at = close + 1
        var steps = 0
        while at < tokens.count, steps < 30 {
            if isMark(at, "{") { return at..<max(at, Int(partner[at]) > at ? Int(partner[at]) : tokens.count) }
            if isMark(at, ";") || isMark(at, "=") { break }
            at += 1
            steps += 1
        }
        return close..<close
    }

    func column(_ token: Int) -> Int {
        guard tokens.indices.contains(token) else { return 0 }
        var at = Int(tokens[token].start)
        var count = 0
        while at > 0, bytes[at - 1] != 0x0A, count < 400 {
            at -= 1
            count += 1
        }
        return count
    }

    private func arguments(_ open: Int) -> [Argument] {
        arguments(from: open + 1, to: Int(partner[open]))
    }

    private func arguments(from low: Int, to high: Int) -> [Argument] {
        var result: [Argument] = []
        var start = low
        var at = low
        func close(_ end: Int) {
            var first = start
            while first < end, kind(first) == .newline { first += 1 }
            guard first < end, result.count < 64 else { return }
            var name: String?
            if kind(first) == .word || kind(first) == .string, first + 1 < end {
                if isMark(first + 1, "=")
                    || isMark(first + 1, ":") && language != .javascript && language != .typescript
                    || isMark(first + 1, text: "=>") && [.ruby, .php].contains(language)
                {
                    name =
                        kind(first) == .string
                        ? String(decoding: bytes.part(tokens[first].inner), as: UTF8.self) : text(first)
                    first += 2
                } else if isMark(first, ":") {
                    name = nil
                }
            } else if language == .ruby, isMark(first, ":"), kind(first + 1) == .word, isMark(first + 2, text: "=>"),
                first + 3 < end
            {
                name = text(first + 1)
                first += 3
            }
            result.append(Argument(name: name, value: first..<end))
        }
        while at < high, at < tokens.count {
            if isMark(at, ",") {
                close(at)
                start = at + 1
            }
            at = min(after(at), max(high, at + 1))
        }
        close(min(high, tokens.count))
        return result
    }

    private static let lineBased: Set<CodeLanguage> = [
        .python, .ruby, .go, .javascript, .typescript, .kotlin, .scala, .swift, .shell, .html,
    ]

    /// Where the expression that begins at `from` ends.
    private func statementEnd(_ from: Int, limit: Int) -> Int {
        var at = from
        let endsAtComma = language != .python && language != .ruby && language != .go
        while at < tokens.count, at - from < limit {
            let token = tokens[at]
            if token.kind == .newline {
                if Self.lineBased.contains(language) {
                    let before = at > from ? tokens[at - 1] : token
                    let continues =
                        before.kind == .mark && "+-*/%.,=&|?:<(".utf8.contains(before.mark) && language != .python
                    let next = at + 1 < tokens.count ? tokens[at + 1] : token
                    let leads =
                        next.kind == .mark
                        && (next.mark == UInt8(ascii: ".") || next.mark == UInt8(ascii: "?")
                            || next.mark == UInt8(ascii: "+")
                            || next.mark == UInt8(ascii: "|") && next.end - next.start == 2)
                        && language != .python && language != .go
                    if !continues && !leads && at > from { break }
                }
                at += 1
                continue
            }
            if token.kind == .mark {
                if token.mark == UInt8(ascii: ";") || token.mark == UInt8(ascii: ")") || token.mark == UInt8(ascii: "]")
                    || token.mark == UInt8(ascii: "}")
                {
                    break
                }
                if endsAtComma, token.mark == UInt8(ascii: ","), at > from { break }
            }
            if language == .ruby, token.kind == .word, isWord(at, "do") || isWord(at, "if") || isWord(at, "unless") {
                break
            }
            at = max(at + 1, after(at))
        }
        return min(at, tokens.count)
    }

    private mutating func assignment(_ i: Int, isAugmented: Bool) {
        guard i > 0 else { return }
        // The target: back to where the statement begins.
        var start = i
        var colon: Int?
        var steps = 0
        while start > 0, steps < 24 {
            let before = start - 1
            let token = tokens[before]
            if token.kind == .newline || isMark(before, ";") || isMark(before, "{") || isMark(before, "(")
                || isMark(before, "=")
            {
                break
            }
            if isMark(before, "}") || isMark(before, ")") || isMark(before, "]") {
                let open = Int(partner[before])
                guard open >= 0, before - open < 60 else { break }
                if isMark(before, "}"),
                    !(open > 0 && (isWord(open - 1, "const") || isWord(open - 1, "let") || isWord(open - 1, "var")))
                {
                    break
                }
                start = open
                steps += 1
                continue
            }
            if isMark(before, ":") { colon = before }
            start = before
            steps += 1
        }
        if [.python, .kotlin].contains(language), start > 0, isMark(start - 1, "("), !isMark(i, text: ":=") { return }
        guard start < i else { return }
        var names: [String] = []
        var type: String?
        if let colon, colon > start, language != .ruby {
            let (name, _) = chain(endingAt: colon - 1)
            names = [name]
            if kind(colon + 1) == .word { type = text(colon + 1) }
        } else if isMark(i - 1, "}") || isMark(i - 1, "]") && Int(partner[i - 1]) == start || isMark(i - 1, ")") {
            for at in max(start, Int(partner[i - 1]))..<i where kind(at) == .word && !isMark(at + 1, ":") {
                names.append(text(at))
            }
        } else {
            var at = i - 1
            while at >= start {
                if isMark(at, "]") {
                    // `a[i] = x` taints a.
                    let open = Int(partner[at])
                    guard open > start else { break }
                    at = open - 1
                    continue
                }
                guard kind(at) == .word else { break }
                let (name, first) = chain(endingAt: at)
                names.append(name)
                if isMark(first - 1, ",") {
                    at = first - 2
                } else {
                    var before = first - 1
                    while before >= start, isMark(before, "*") || isMark(before, "&") || isMark(before, ">") {
                        before -= 1
                    }
                    if before >= start, kind(before) == .word { type = text(before) }
                    if before >= start, isMark(before, "]"), kind(before - 2) == .word { type = text(before - 2) }
                    break
                }
            }
        }
        guard !names.isEmpty else { return }
        assignments.append(
            Assignment(
                names: names, type: type, start: start, at: i,
                value: (i + 1)..<max(i + 1, statementEnd(i + 1, limit: 300)), isAugmented: isAugmented))
    }
}
