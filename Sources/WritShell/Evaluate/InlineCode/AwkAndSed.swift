// SPDX-License-Identifier: Apache-2.0
import WritCore

/// What awk programs do beyond text: `system`, pipes, files, sockets.
enum AwkProgram {
    static func effects(_ text: String) -> [InlineCode.Effect] {
        var effects: [InlineCode.Effect] = []
        let tokens = tokens(of: text)
        var at = 0
        while at < tokens.count, effects.count < 64 {
            switch tokens[at] {
            case .name("system") where at + 1 < tokens.count && tokens[at + 1] == .symbol("("):
                effects.append(.shell(value(tokens, from: at + 2).value))
            case .name("getline") where at + 1 < tokens.count && tokens[at + 1] == .symbol("<"):
                effects.append(.read(value(tokens, from: at + 2).value))
            case .name("print"), .name("printf"):
                var place = at + 1
                var level = 0
                // `print … > file`, `print … | "command"`; `>` inside parentheses compares.
                while place < tokens.count {
                    if tokens[place] == .newline || level == 0 && tokens[place] == .symbol("}") { break }
                    if tokens[place] == .symbol("(") { level += 1 }
                    if tokens[place] == .symbol(")") { level -= 1 }
                    if level <= 0, tokens[place] == .symbol(">") || tokens[place] == .symbol(">>") {
                        let path = value(tokens, from: place + 1).value
                        if let text = path.text, Evaluator.isSink(text) { break }
                        if path.knownPrefix.hasPrefix("/inet/") {
                            connect(path, &effects)
                        } else {
                            effects.append(.write(path))
                        }
                        break
                    }
                    if level <= 0, tokens[place] == .symbol("|") || tokens[place] == .symbol("|&") {
                        let command = value(tokens, from: place + 1).value
                        if command.knownPrefix.hasPrefix("/inet/") {
                            connect(command, &effects)
                        } else {
                            effects.append(.shell(command))
                        }
                        break
                    }
                    place += 1
                }
            case .symbol("|"), .symbol("|&"):
                // `"command" | getline`
                if at + 1 < tokens.count, tokens[at + 1] == .name("getline") {
                    var start = at - 1
                    while start > 0, isOperand(tokens[start - 1]) { start -= 1 }
                    if start >= 0 {
                        let command = value(tokens, from: start).value
                        if command.knownPrefix.hasPrefix("/inet/") {
                            connect(command, &effects)
                        } else {
                            effects.append(.shell(command))
                        }
                    }
                }
            case .string(let text) where text.knownPrefix.hasPrefix("/inet/"): connect(text, &effects)
            case .name("ENVIRON"):
                effects.append(.secret("environment"))
            case .directive(let what): effects.append(.computed(what, []))
            default: break
            }
            at += 1
        }
        return effects
    }

    private enum Token: Hashable {
        case name(String)
        case string(Value)
        case symbol(String)
        case newline
        /// `@load`, `@include`.
        case directive(String)
    }

    private static func connect(_ path: Value, _ effects: inout [InlineCode.Effect]) {
        let fields = path.display.split(separator: "/", omittingEmptySubsequences: false)
        let host = fields.count > 4 ? String(fields[4]) : "…"
        let port = fields.count > 5 ? String(fields[5]) : ""
        effects.append(.connect(Value(port.isEmpty ? host : host + ":" + port), sends: true, taints: []))
        effects.append(.networkShell)
    }

    private static func isOperand(_ token: Token) -> Bool {
        switch token {
        case .string, .name: true
        case .symbol(let symbol): symbol == "$" || symbol == ")"
        case .newline, .directive: false
        }
    }

    /// Operands side by side are joined; what is no string is unknown.
    private static func value(_ tokens: [Token], from start: Int) -> (value: Value, end: Int) {
        var value = Value("")
        var at = start
        while at < tokens.count {
            switch tokens[at] {
            case .string(let text): value.append(text)
            case .name(let name): value.append(Value.Piece.unknown(.variable(name)))
            case .symbol(let symbol):
                if symbol == "(" || symbol == "$" {
                    at += 1
                    continue
                }
                if symbol == ")" || symbol == "}" || symbol == ";" || symbol == "|" { return (value, at) }
                value.append(Value.Piece.unknown(.variable("expression")))
            case .newline, .directive: return (value, at)
            }
            at += 1
        }
        return (value, at)
    }

    private static func tokens(of text: String) -> [Token] {
        var tokens: [Token] = []
        let bytes = Array(text.utf8)
        var at = 0
        func isName(_ byte: UInt8) -> Bool {
            (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A || byte == 0x5F || byte >= 0x30 && byte <= 0x39
        }
        while at < bytes.count, tokens.count < 20_000 {
            let byte = bytes[at]
            switch byte {
            case 0x20, 0x09, 0x0D: at += 1
            case 0x0A, 0x3B:
                tokens.append(.newline)
                at += 1
            case 0x23:
                while at < bytes.count, bytes[at] != 0x0A { at += 1 }
            case 0x22:
                let start = at + 1
                at = start
                while at < bytes.count, bytes[at] != 0x22 {
                    if bytes[at] == 0x5C { at += 1 }
                    at += 1
                }
                let end = min(at, bytes.count)
                tokens.append(
                    .string(
                        Value(
                            Escapes.decoded(
                                String(decoding: bytes[start..<max(start, end)], as: UTF8.self), style: .ansiC))))
                at = min(bytes.count, at + 1)
            case 0x2F:
                var isRegex = true
                switch tokens.last {
                case .name?, .string?: isRegex = false
                case .symbol(let symbol)?: isRegex = symbol != ")" && symbol != "]"
                case .newline?, .directive?, nil: break
                }
                at += 1
                guard isRegex else { continue }
                while at < bytes.count, bytes[at] != 0x2F, bytes[at] != 0x0A {
                    if bytes[at] == 0x5C { at += 1 }
                    at += 1
                }
                at = min(bytes.count, at + 1)
                tokens.append(.symbol("//"))
            case 0x40:
                let start = at
                at += 1
                while at < bytes.count, isName(bytes[at]) { at += 1 }
                tokens.append(.directive(String(decoding: bytes[start..<at], as: UTF8.self)))
            case 0x7C where at + 1 < bytes.count && bytes[at + 1] == 0x7C:
                tokens.append(.symbol("||"))
                at += 2
            case 0x7C where at + 1 < bytes.count && bytes[at + 1] == 0x26:
                tokens.append(.symbol("|&"))
                at += 2
            case 0x3E where at + 1 < bytes.count && (bytes[at + 1] == 0x3E || bytes[at + 1] == 0x3D):
                tokens.append(.symbol(bytes[at + 1] == 0x3E ? ">>" : ">="))
                at += 2
            default:
                if isName(byte) {
                    let start = at
                    while at < bytes.count, isName(bytes[at]) { at += 1 }
                    tokens.append(.name(String(decoding: bytes[start..<at], as: UTF8.self)))
                } else {
                    tokens.append(.symbol(String(decoding: [byte], as: UTF8.self)))
                    at += 1
                }
            }
        }
        return tokens
    }
}

/// What sed scripts do beyond text: `e`, `w`, `r`, and the flags `e` and `w` of `s`.
enum SedScript {
    static func effects(_ script: Value) -> [InlineCode.Effect] {
        var effects: [InlineCode.Effect] = []
        let bytes = Array(script.display.utf8)
        var at = 0
        func blanks() {
            while at < bytes.count,
                bytes[at] == 0x20 || bytes[at] == 0x09 || bytes[at] == 0x0A || bytes[at] == 0x3B || bytes[at] == 0x7B
                    || bytes[at] == 0x7D
            {
                at += 1
            }
        }
        func skip(to mark: UInt8) {
            var isInSet = false
            while at < bytes.count, bytes[at] != mark || isInSet {
                if bytes[at] == 0x5C {
                    at += 1
                } else if bytes[at] == 0x5B, mark != 0x5B {
                    isInSet = true
                } else if bytes[at] == 0x5D {
                    isInSet = false
                }
                if at < bytes.count, bytes[at] == 0x0A { isInSet = false }
                at += 1
            }
            at = min(bytes.count, at + 1)
        }
        func line() -> String {
            while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x09 { at += 1 }
            let start = at
            while at < bytes.count, bytes[at] != 0x0A { at += 1 }
            return String(decoding: bytes[start..<at], as: UTF8.self)
        }
        while at < bytes.count, effects.count < 64 {
            blanks()
            guard at < bytes.count else { break }
            // Addresses.
            var isAddress = true
            while isAddress, at < bytes.count {
                switch bytes[at] {
                case 0x30...0x39, 0x24, 0x2C, 0x7E, 0x2B, 0x20, 0x21: at += 1
                case 0x2F:
                    at += 1
                    skip(to: 0x2F)
                    while at < bytes.count, bytes[at] == 0x49 || bytes[at] == 0x4D { at += 1 }
                case 0x5C where at + 1 < bytes.count:
                    let mark = bytes[at + 1]
                    at += 2
                    skip(to: mark)
                default: isAddress = false
                }
            }
            guard at < bytes.count else { break }
            let command = bytes[at]
            at += 1
            switch command {
            case UInt8(ascii: "s"), UInt8(ascii: "y"):
                guard at < bytes.count else { break }
                let mark = bytes[at]
                at += 1
                skip(to: mark)
                // The replacement: no sets in it.
                while at < bytes.count, bytes[at] != mark {
                    if bytes[at] == 0x5C { at += 1 }
                    at += 1
                }
                at = min(bytes.count, at + 1)
                var isDone = false
                while at < bytes.count, !isDone {
                    switch bytes[at] {
                    case UInt8(ascii: "e"):
                        effects.append(.computed("sed runs its text as a command", []))
                        at += 1
                    case UInt8(ascii: "w"):
                        at += 1
                        write(line(), &effects)
                    case UInt8(ascii: "g"), UInt8(ascii: "p"), UInt8(ascii: "i"), UInt8(ascii: "I"), UInt8(ascii: "m"),
                        UInt8(ascii: "M"), 0x30...0x39:
                        at += 1
                    default: isDone = true
                    }
                }
            case UInt8(ascii: "e"):
                let code = line()
                if code.isEmpty {
                    effects.append(.computed("sed runs its text as a command", []))
                } else {
                    effects.append(.shell(Value(code)))
                }
            case UInt8(ascii: "w"), UInt8(ascii: "W"): write(line(), &effects)
            case UInt8(ascii: "r"), UInt8(ascii: "R"):
                let path = line()
                if !path.isEmpty, !Evaluator.isSink(path) { effects.append(.read(Value(path))) }
            case UInt8(ascii: "a"), UInt8(ascii: "i"), UInt8(ascii: "c"):
                // Text to the end of the line, which a backslash continues.
                while at < bytes.count, bytes[at] != 0x0A {
                    if bytes[at] == 0x5C { at += 1 }
                    at += 1
                }
            case UInt8(ascii: "b"), UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: ":"), UInt8(ascii: "q"),
                UInt8(ascii: "Q"), UInt8(ascii: "l"), UInt8(ascii: "#"):
                while at < bytes.count, bytes[at] != 0x0A,
                    command == UInt8(ascii: "#") || bytes[at] != 0x3B && bytes[at] != 0x7D
                { at += 1 }
            default: break
            }
        }
        return effects
    }

    private static func write(_ path: String, _ effects: inout [InlineCode.Effect]) {
        if !path.isEmpty, !Evaluator.isSink(path) { effects.append(.write(Value(path))) }
    }
}
