// SPDX-License-Identifier: Apache-2.0

/// What is known about an expression's value at one place.
struct FlowValue: Sendable, Hashable {
    /// Where it may come from, from harmless to hostile. `local` is what the person at the machine chooses: arguments,
    /// environment, standard input.
    enum Origin: UInt8, Sendable, Comparable {
        case constant, safe, unknown, parameter, local, untrusted
        static func < (left: Origin, right: Origin) -> Bool { left.rawValue < right.rawValue }
    }

    var origin: Origin = .constant
    /// Text put together from a constant and something that is not.
    var isBuilt = false
    /// It holds constant text.
    var hasText = false
    /// The call or type it was made by.
    var maker: String?
    /// A string token of its text, for rules that look at it.
    var text: Int?
    /// It begins with something that does not come from outside: of an address the host, of a path the folder.
    var isAnchored = false

    mutating func join(_ other: FlowValue) {
        origin = max(origin, other.origin)
        isBuilt = isBuilt || other.isBuilt
        hasText = hasText || other.hasText
        if text == nil { text = other.text }
    }
}

/// Follows values through one function at a time, in order of the text: assignments set, sanitizers clean, sinks ask.
/// Branches are not told apart and calls are not entered; a function's parameters may hold anything.
struct Flow {
    /// What a language's tables say about names.
    struct Names: Sendable {
        var sources = GlobIndex()
        var locals = GlobIndex()
        var sanitizers = GlobIndex()
        var builders = GlobIndex()
    }

    /// Work that is left for one source, in tokens looked at. Hostile nesting makes every expression long; the
    /// budget keeps the whole linear with a small factor.
    final class Budget {
        private(set) var left: Int

        init(tokens: Int) { left = 150_000 + 12 * tokens }

        var isSpent: Bool { left <= 0 }

        func spend(_ amount: Int) { left -= amount }
    }

    private let unit: SourceUnit
    private let names: Names
    let budget: Budget
    private var scopes: [(end: Int, values: [String: FlowValue])] = [(Int.max, [:])]

    init(unit: SourceUnit, names: Names) {
        self.unit = unit
        self.names = names
        budget = Budget(tokens: unit.tokens.count)
    }

    /// What was freed, and up to which token that is certain.
    private var freed: [String: (from: Int, end: Int)] = [:]

    func isFreed(_ name: String, at token: Int) -> Bool {
        guard let place = freed[name] else { return false }
        return token > place.from && token < place.end
    }

    /// Leaves functions that ended before this token.
    mutating func move(to token: Int) {
        while scopes.count > 1, let last = scopes.last, last.end <= token { scopes.removeLast() }
    }

    mutating func enter(_ function: SourceUnit.Function) {
        var values: [String: FlowValue] = [:]
        for parameter in function.parameters {
            let type = parameter.type
            let isNumber =
                unit.language != .c && unit.language != .cpp
                && [
                    "int", "Int", "float", "double", "bool", "boolean", "Boolean", "long", "Long", "Integer", "number",
                    "size_t", "i32", "u32", "i64", "u64", "usize", "int64", "uint", "uint64", "Guid", "UUID",
                    "DateTime", "Double", "Bool",
                ].contains(type)
            values[parameter.name] = FlowValue(
                origin: isNumber
                    ? .safe
                    : parameter.isMarked
                        ? .untrusted
                        : parameter.name == "self" || parameter.name == "cls" || parameter.name == "this"
                            ? .safe : .parameter,
                maker: type.isEmpty ? nil : type, text: parameter.initial)
        }
        // Nested deeper than this, outer names are forgotten rather than kept.
        if scopes.count < 64 { scopes.append((function.body.upperBound, values)) }
    }

    mutating func assign(_ assignment: SourceUnit.Assignment, _ value: FlowValue) {
        if !freed.isEmpty { for name in assignment.names { freed[name] = nil } }
        for name in assignment.names {
            var new = value
            if let type = assignment.type,
                ![
                    "const", "let", "var", "final", "auto", "static", "val", "mut", "public", "private", "readonly",
                    "any", "string", "String", "str",
                ].contains(type), new.maker == nil
            {
                new.maker = type
            }
            if assignment.isAugmented {
                let old = lookup(name) ?? FlowValue(origin: .unknown)
                new.join(old)
                if new.hasText, new.origin >= .unknown { new.isBuilt = true }
                new.maker = old.maker
            }
            if assignment.isElement { new.maker = nil }
            set(name, new)
        }
    }

    mutating func set(_ name: String, _ value: FlowValue) {
        guard scopes[scopes.count - 1].values.count < 20_000 else { return }
        scopes[scopes.count - 1].values[name] = value
    }

    func lookup(_ name: String) -> FlowValue? {
        for scope in scopes.reversed() {
            if let found = scope.values[name] { return found }
        }
        return nil
    }

    /// A name with its first part replaced by what it was imported as.
    func resolved(_ name: String) -> String {
        guard !unit.aliases.isEmpty else { return name }
        let end = name.firstIndex { $0 == "." || $0 == "(" || $0 == "[" } ?? name.endIndex
        guard let full = unit.aliases[String(name[..<end])] else { return name }
        return full + name[end...]
    }

    /// The names a call may be known by: as imported, and by what made its receiver.
    func readings(of name: String) -> [String] {
        let first = resolved(name)
        guard let dot = name.lastIndex(of: ".") else { return [first] }
        let receiver = String(name[..<dot])
        if let maker = lookup(receiver)?.maker { return [first, resolved(maker) + "()" + name[dot...]] }
        return [first]
    }

    /// Out-parameters and builders: what a call does to its receiver or first argument.
    mutating func apply(_ call: SourceUnit.Call) {
        let last = String(call.last)
        switch last {
        case "append", "add", "push", "insert", "extend", "concat", "put", "write", "Append", "AppendLine",
            "AppendFormat", "WriteString", "push_str", "addAll", "appendFormat", "unshift":
            guard let dot = call.name.lastIndex(of: ".") else { return }
            let receiver = String(call.name[..<dot])
            var old = lookup(receiver) ?? FlowValue(origin: .constant)
            for argument in call.arguments { old.join(evaluate(argument.value)) }
            if old.hasText, old.origin >= .unknown { old.isBuilt = true }
            set(receiver, old)
        case "sprintf", "snprintf", "strcpy", "strcat", "strncpy", "strncat", "memcpy", "vsnprintf", "vsprintf",
            "sprintf_s":
            guard unit.language == .c || unit.language == .cpp, let first = call.arguments.first else { return }
            var value = FlowValue(origin: .constant)
            for argument in call.arguments.dropFirst() { value.join(evaluate(argument.value)) }
            if last.hasSuffix("cat"), let old = lookup(unit.text(first.value.lowerBound)) { value.join(old) }
            if value.hasText, value.origin >= .unknown { value.isBuilt = true }
            set(unit.text(first.value.lowerBound), value)
        case "free":
            guard unit.language == .c || unit.language == .cpp, let first = call.arguments.first, first.value.count == 1
            else { return }
            let name = unit.text(first.value.lowerBound)
            // `case` and one-armed branches without braces may not run: only a statement of its own counts.
            guard
                unit.isMark(call.start - 1, ";") || unit.isMark(call.start - 1, "{") || unit.isMark(call.start - 1, "}")
                    || unit.kind(call.start - 1) == .newline && !unit.isMark(call.start - 2, ")")
            else { return }
            freed[name] = (call.close, unit.blockEnd(around: call.start))
        case "gets", "fgets", "fread", "read", "recv", "scanf", "fscanf", "getline", "recvfrom":
            guard unit.language == .c || unit.language == .cpp else { return }
            for argument in call.arguments where unit.kind(argument.value.upperBound - 1) == .word {
                let name = unit.text(argument.value.upperBound - 1)
                if lookup(name)?.origin != .untrusted { set(name, FlowValue(origin: .untrusted)) }
            }
        default: return
        }
    }

    private static let numberEndings: [StaticString] = [
        ".to_i", ".to_f", ".length", ".size", ".count", ":d", ".length()", ".toFixed(2)",
    ]
    private static let quiet: Set<String> = [
        "not", "and", "or", "if", "else", "lambda", "new", "await", "return", "None", "True", "False", "null", "nil",
        "true",
        "false", "undefined", "in", "is", "typeof", "instanceof", "NULL", "nullptr", "const", "mut", "as", "for",
        "async",
        "yield", "then", "do", "end", "print", "move", "ref", "out", "unsafe", "try", "throw", "var", "let", "function",
    ]

    /// Words that are names in Python.
    private static let pythonNames: Set<String> = [
        "var", "let", "new", "const", "do", "end", "then", "move", "ref", "out", "function", "mut", "throw", "nil",
    ]

    /// What these make is what they are given, in another type.
    private static let conversions: Set<String> = ["string", "String", "str", "bytes", "byte"]

    /// The value of the expression in these tokens. At most 500 tokens are looked at; what lies beyond counts as unknown.
    func evaluate(_ range: Range<Int>) -> FlowValue {
        var value = FlowValue()
        var joins = false
        var dynamicParts = 0
        var at = range.lowerBound
        let end = min(range.upperBound, range.lowerBound + 500, unit.tokens.count)
        if range.upperBound > end { value.origin = .unknown }
        guard !budget.isSpent else { return FlowValue(origin: .unknown) }
        budget.spend(max(1, end - at))
        while at < end {
            let token = unit.tokens[at]
            switch token.kind {
            case .string:
                value.hasText = true
                if value.text == nil { value.text = at }
                if token.hasHoles {
                    for hole in unit.holes[at] ?? [] {
                        let part = evaluate(hole: hole)
                        value.origin = max(value.origin, part.origin)
                        if part.origin >= .unknown { value.isBuilt = true }
                    }
                }
                if unit.isMark(at + 1, "."), unit.kind(at + 2) == .word {
                    let method = unit.text(at + 2)
                    if method == "format" || method == "formatted" || method == "join" || method == "concat" {
                        joins = true
                    }
                    // What a method makes of constant text depends on its arguments alone.
                    if unit.isMark(at + 3, "("), unit.language != .php { at += 2 }
                }
                at += 1
            case .number, .newline: at += 1
            case .mark:
                switch token.mark {
                case UInt8(ascii: "+") where token.end - token.start == 1: joins = true
                case UInt8(ascii: "%") where value.hasText: joins = true
                case UInt8(ascii: ".") where unit.language == .php && token.end - token.start == 1: joins = true
                case UInt8(ascii: "<") where unit.isMark(at, text: "<<"):
                    joins = joins || unit.language == .ruby || unit.language == .cpp
                case UInt8(ascii: "|") where unit.language == .sql: joins = true
                case UInt8(ascii: "=") where unit.isMark(at, text: "=>"):
                    // A function literal: not a value that flows.
                    if unit.language == .javascript || unit.language == .typescript, value.origin < .untrusted,
                        at - range.lowerBound < 12
                    {
                        return FlowValue(origin: .safe)
                    }
                default: break
                }
                at += 1
            case .word: at = word(at, end, &value, &joins, &dynamicParts)
            }
        }
        if joins, value.hasText, value.origin >= .unknown { value.isBuilt = true }
        if value.origin < .unknown { value.isBuilt = false }
        return value
    }

    private func word(_ start: Int, _ end: Int, _ value: inout FlowValue, _ joins: inout Bool, _ parts: inout Int)
        -> Int
    {
        // Read the chain forward, without arguments.
        var name = unit.text(start)
        if Self.quiet.contains(name), unit.language != .python || !Self.pythonNames.contains(name) {
            if name == "function" || name == "lambda" { value.origin = max(value.origin, .safe) }
            return start + 1
        }
        if unit.isMark(start + 1, "="), !unit.isMark(start + 1, text: "==") { return start + 2 }
        if unit.isMark(start + 1, ":"), start > 0, unit.isMark(start - 1, "{") || unit.isMark(start - 1, ",") {
            return start + 2
        }
        var at = start + 1
        var known: FlowValue? = lookup(name)
        var isCall = false
        var steps = 0
        var opened = -1
        var isPure = false
        while at < end, steps < 24 {
            steps += 1
            if unit.isMark(at, ".") && !(unit.language == .php) || unit.isMark(at, text: "->")
                || unit.isMark(at, text: "::") || unit.isMark(at, text: "?.") || unit.isMark(at, text: "?->")
            {
                guard unit.kind(at + 1) == .word else { break }
                name += "." + unit.text(at + 1)
                at += 2
                if let more = lookup(name) { known = more }
                continue
            }
            if unit.isMark(at, "(") {
                isCall = true
                let reading = resolved(name)
                if names.sanitizers.first(matching: reading) != nil || Self.saysItCleans(name) {
                    value.origin = max(value.origin, .safe)
                    return max(at + 1, unit.after(at))
                }
                if names.sources.first(matching: reading + "()") != nil {
                    value.origin = .untrusted
                    return max(at + 1, unit.after(at))
                }
                if names.locals.first(matching: reading + "()") != nil {
                    value.origin = max(value.origin, .local)
                    return max(at + 1, unit.after(at))
                }
                if names.builders.first(matching: reading) != nil {
                    joins = true
                    isPure = isModuleOrType(name)
                }
                opened = at
                // A method of a chain: its arguments are scanned on their own after the chain is read.
                let close = unit.after(at)
                guard close < end, close > at + 1,
                    unit.isMark(close, ".") || unit.isMark(close, text: "->") || unit.isMark(close, text: "?.")
                        || unit.isMark(close, text: "::")
                else { break }
                let inner = evaluateShallow((at + 1)..<(close - 1))
                value.join(
                    FlowValue(
                        origin: inner.origin, isBuilt: inner.isBuilt, hasText: inner.hasText, maker: nil,
                        text: inner.text))
                name += "()"
                at = close
                continue
            }
            if unit.isMark(at, "[") {
                name += "[]"
                let close = unit.after(at)
                guard close <= end else { break }
                at = close
                continue
            }
            if unit.isMark(at, "{"), unit.language == .go || unit.language == .rust { break }
            break
        }
        let reading = resolved(name)
        if names.sources.first(matching: reading) != nil {
            value.origin = .untrusted
            return max(at, start + 1)
        }
        if names.locals.first(matching: reading) != nil {
            value.origin = max(value.origin, .local)
            return max(at, start + 1)
        }
        if isCall {
            if value.maker == nil, !isPure || !Self.conversions.contains(name) { value.maker = reading }
            if isPure || joins && known?.origin == .constant {
                // Its result is made of what it is given, which is looked at next, and of its receiver.
                if let known { value.join(FlowValue(origin: known.origin, hasText: known.hasText, text: known.text)) }
            } else if let known {
                value.join(
                    FlowValue(
                        origin: max(.unknown, known.origin), isBuilt: known.isBuilt, hasText: known.hasText, maker: nil,
                        text: known.text))
            } else {
                value.origin = max(value.origin, .unknown)
            }
            // Scanning goes on inside the bracket.
            return max(start + 1, opened + 1)
        }
        if let known {
            let isMember = name.contains(".") && known.maker != nil
            value.join(
                FlowValue(
                    origin: isMember ? max(.unknown, known.origin) : known.origin, isBuilt: known.isBuilt,
                    hasText: known.hasText, maker: nil, text: known.text))
            if value.maker == nil { value.maker = known.maker }
        } else if Self.looksConstant(name) {
            value.origin = max(value.origin, .safe)
        } else {
            value.origin = max(value.origin, .unknown)
        }
        return max(at, start + 1)
    }

    /// Arguments in the middle of a chain: words are looked up, nothing more.
    private func evaluateShallow(_ range: Range<Int>) -> FlowValue {
        var value = FlowValue()
        for at in range.prefix(60) {
            switch unit.kind(at) {
            case .string:
                value.hasText = true
                if value.text == nil { value.text = at }
                if unit.tokens[at].hasHoles { value.join(FlowValue(origin: .unknown, isBuilt: true, hasText: true)) }
            case .word:
                let name = unit.text(at)
                if let known = lookup(name) {
                    value.join(known)
                } else if !Self.looksConstant(name), !Self.quiet.contains(name) {
                    value.origin = max(value.origin, .unknown)
                }
            default: break
            }
        }
        value.maker = nil
        return value
    }

    /// The name of a function that makes text harmless, by what convention calls such: `sanitizePath`, `escape_html`.
    static func saysItCleans(_ name: String) -> Bool {
        let last = (name.split(separator: ".").last ?? "").lowercased()
        return last.contains("sanit") && !last.contains("unsanit") && !last.hasPrefix("is")
            || last.contains("escape") && !last.contains("unescape") && !last.hasPrefix("is")
            || last.hasPrefix("purif") || encoders.contains { last.hasSuffix($0) }
    }

    private static let encoders = [
        "htmlencode", "xmlencode", "ldapfilterencode", "ldapencode", "urlencode", "attributeencode", "scriptencode",
        "cssencode", "encodeforhtml", "encodeforldap", "encodefordn", "encodeforxpath",
    ]

    /// `String.format`, `path.join`, `sprintf`: a function by itself or of a module or type, not a method of a value.
    private func isModuleOrType(_ name: String) -> Bool {
        guard let dot = name.lastIndex(of: ".") else { return true }
        let receiver = name[..<dot]
        if receiver.contains("(") || receiver.contains("[") { return false }
        let root = String(receiver.prefix { $0 != "." })
        if lookup(root) != nil { return false }
        return unit.aliases[root] != nil || root.utf8.first?.isUpper == true || Self.modules.contains(String(receiver))
    }

    private static let modules: Set<String> = [
        "fmt", "strings", "path", "filepath", "os.path", "std", "util", "string", "bytes", "urllib.parse", "textwrap",
        "fs",
    ]

    /// Whether the expression begins with something that does not come from outside, and goes on after it: the host of
    /// an address, the first folder of a path. A constant alone is anchored, a name as what it was set to.
    func isAnchored(_ range: Range<Int>, depth: Int = 0) -> Bool {
        var at = range.lowerBound
        let end = min(range.upperBound, range.lowerBound + 300, unit.tokens.count)
        while at < end, unit.kind(at) == .newline { at += 1 }
        guard at < end, depth < 4, !budget.isSpent else { return false }
        budget.spend(4)
        if unit.kind(at) == .string { return isAnchored(string: at, end) }
        guard unit.kind(at) == .word else {
            return unit.isMark(at, "(") && unit.after(at) > at + 1
                ? isAnchored((at + 1)..<max(at + 1, unit.after(at) - 1), depth: depth + 1) : false
        }
        // The first operand: up to what joins it to the next.
        var operand = at
        while operand < end, !isJoin(operand) { operand = max(operand + 1, unit.after(operand)) }
        operand = min(operand, end)
        if operand < end {
            let value = evaluate(at..<operand)
            return value.origin <= .unknown || value.isAnchored
        }
        if operand == at + 1 { return lookup(unit.text(at))?.isAnchored ?? false }
        // A function that puts text together begins with its first argument.
        if let open = (at..<end).first(where: { unit.isMark($0, "(") }), unit.after(open) == end, open > at {
            let name = resolved(unit.chain(endingAt: open - 1).0)
            guard names.builders.first(matching: name) != nil else { return false }
            return isAnchored((open + 1)..<max(open + 1, end - 1), depth: depth + 1)
        }
        return false
    }

    private func isJoin(_ token: Int) -> Bool {
        unit.isMark(token, "+") || unit.language == .php && unit.isMark(token, ".")
            || unit.isMark(token, "%") && unit.language == .python
    }

    /// Behind a join stands an operand that does not come from outside, and another join.
    private func leadsOn(_ join: Int, _ end: Int) -> Bool {
        guard isJoin(join), unit.kind(join + 1) == .word else { return false }
        var next = join + 1
        while next < end, !isJoin(next) { next = max(next + 1, unit.after(next)) }
        return next < end && evaluate((join + 1)..<next).origin <= .unknown
    }

    private func isAnchored(string token: Int, _ end: Int) -> Bool {
        let inner = unit.tokens[token].inner
        var stop = inner.upperBound
        var isWhole = token + 1 == end
        if let hole = unit.holes[token]?.first {
            stop = min(stop, hole.lowerBound)
            isWhole = false
        }
        var text = Array(unit.bytes.part(inner.lowerBound..<min(stop, inner.lowerBound + 300)))
        if let hole = unit.holes[token]?.first, hole.lowerBound <= inner.lowerBound + 2 {
            // `"#{site}/path"`: what stands first is a value, and more follows.
            return inner.upperBound > hole.upperBound + 1 && evaluate(hole: hole).origin <= .unknown
        }
        // `%s` and `{}` are holes of a format; the marks that open a hole belong to no text.
        if !isWhole, let mark = text.firstIndex(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "{") }) {
            text = Array(text[..<mark])
        }
        while let last = text.last, last == UInt8(ascii: "$") || last == UInt8(ascii: "#") { text.removeLast() }
        if isWhole { return true }
        let header = Array("location:".utf8)
        if text.count >= header.count, zip(text, header).allSatisfy({ $0.lowercased == $1 }) {
            text = Array(text.dropFirst(header.count).drop { $0 == 0x20 })
            if text.isEmpty { return leadsOn(token + 1, end) }
        }
        if let colon = text.firstRange(of: Array("//".utf8)), colon.lowerBound < 12 {
            // Past the scheme and one byte of a host, a slash must close the host.
            let host = text[colon.upperBound...]
            if host.isEmpty {
                // `"https://" + host + …`: the next operand is the host.
                return leadsOn(token + 1, end)
            }
            return host.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
        }
        if text.first == UInt8(ascii: "/") { return text.count > 1 && text[1] != UInt8(ascii: "\\") }
        return text.count > 1 && !text.contains(UInt8(ascii: ":"))
    }

    /// `MAX_SIZE`, `Type.MEMBER`: names that convention keeps for constants.
    static func looksConstant(_ name: String) -> Bool {
        if name == "__file__" || name == "__dirname" || name == "__filename" || name == "__DIR__" || name == "__FILE__"
        {
            return true
        }
        let last = name.split(separator: ".").last ?? ""
        guard last.utf8.count >= 2, last.utf8.first?.isUpper == true else { return false }
        return last.utf8.allSatisfy { $0.isUpper || $0.isDigit || $0 == 0x5F }
    }

    /// An interpolated expression: its names, looked up.
    private func evaluate(hole: Range<Int>) -> FlowValue {
        var value = FlowValue()
        // A number is harmless wherever it comes from.
        for ending in Self.numberEndings where hole.count > ending.utf8CodeUnitCount {
            if unit.bytes.holds(ending, at: hole.upperBound - ending.utf8CodeUnitCount) {
                return FlowValue(origin: .safe)
            }
        }
        var at = hole.lowerBound
        let end = min(hole.upperBound, hole.lowerBound + 400)
        while at < end {
            let byte = unit.bytes.byte(at)
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                at += 1
                while at < end, unit.bytes.byte(at) != byte { at += 1 }
                at += 1
                continue
            }
            // A format such as `:02d` or `!r` follows the expression.
            if byte == UInt8(ascii: ":"), unit.language == .python || unit.language == .csharp { break }
            guard byte.isLetter || byte == 0x5F || byte == UInt8(ascii: "$") || byte == UInt8(ascii: "@") else {
                at += byte.isDigit ? 2 : 1
                continue
            }
            let start = at
            var name = ""
            while at < end,
                unit.bytes.byte(at).isWord || unit.bytes.byte(at) == UInt8(ascii: ".")
                    || unit.bytes.byte(at) == UInt8(ascii: "$") || unit.bytes.byte(at) == UInt8(ascii: "@")
            { at += 1 }
            name = String(decoding: unit.bytes.part(start..<at), as: UTF8.self)
            let reading = resolved(name)
            if unit.bytes.byte(at) == UInt8(ascii: "(") {
                if names.sanitizers.first(matching: reading) != nil || Self.saysItCleans(name) {
                    value.origin = max(value.origin, .safe)
                    var depth = 0
                    while at < end {
                        if unit.bytes.byte(at) == UInt8(ascii: "(") { depth += 1 }
                        if unit.bytes.byte(at) == UInt8(ascii: ")") { depth -= 1 }
                        at += 1
                        if depth == 0 { break }
                    }
                    continue
                }
                if names.sources.first(matching: reading + "()") != nil { value.origin = .untrusted }
            }
            let root = String(name.split(separator: ".").first ?? "")
            if names.sources.first(matching: reading) != nil
                || unit.bytes.byte(at) == UInt8(ascii: "[") && names.sources.first(matching: reading + "[]") != nil
            {
                value.origin = .untrusted
            } else if names.locals.first(matching: reading) != nil {
                value.origin = max(value.origin, .local)
            } else if let known = lookup(name) ?? lookup(root) {
                value.join(known)
            } else if Self.looksConstant(name) || Self.quiet.contains(name) {
                value.origin = max(value.origin, .safe)
            } else {
                value.origin = max(value.origin, .unknown)
            }
        }
        return value
    }
}
