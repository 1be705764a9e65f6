// SPDX-License-Identifier: Apache-2.0

/// The walk over the tokens: chains of names, loops, calls.
extension SourceUnit {
    static let control: Set<String> = [
        "if", "for", "while", "switch", "catch", "return", "elif", "else", "foreach", "using", "lock", "match", "guard",
        "unless",
        "when", "and", "or", "not", "in", "until", "synchronized", "function", "func", "fn", "def", "fun", "new",
        "await", "yield",
        "throw", "case", "do", "try", "assert", "del", "typeof", "sizeof", "import", "from", "class", "lambda", "async",
        "raise", "with", "as", "is", "then", "end",
    ]
    static let bare: Set<String> = [
        "echo", "print", "include", "include_once", "require", "require_once", "exec", "return", "exit", "die",
    ]

    mutating func readStructure() {
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

    mutating func word(_ i: Int) {
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

    mutating func forLoop(_ i: Int) {
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

    mutating func rubyFunction(_ i: Int) {
        var at = i + 1
        while isMark(at + 1, "."), kind(at + 2) == .word { at += 2 }
        guard kind(at) == .word else { return }
        var parameters: [Parameter] = []
        var end = at + 1
        let stop = isMark(at + 1, "(") ? Int(partner[at + 1]) : min(tokens.count, at + 40)
        while end < max(stop, at + 1), kind(end) != .newline {
            if kind(end) == .word { parameters.append(Parameter(name: text(end), type: "", isMarked: false)) }
            end += 1
        }
        functions.append(
            Function(name: text(at), parameters: parameters, start: i, body: end..<nextDefinition(after: end)))
    }

    func nextDefinition(after token: Int) -> Int {
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
}
