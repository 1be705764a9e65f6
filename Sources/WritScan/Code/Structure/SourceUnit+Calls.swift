// SPDX-License-Identifier: Apache-2.0

/// Calls and definitions at an opening bracket, with arguments and parameters.
extension SourceUnit {
    mutating func bracket(_ i: Int) {
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

    func isDefinition(_ open: Int, close: Int, nameAt: Int) -> Bool {
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

    mutating func function(_ open: Int, name: String) {
        let close = Int(partner[open])
        guard close > open else { return }
        var parameters: [Parameter] = []
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
            // `url="https://…"`, `url: str = "https://…"`: the value where no caller names one.
            var initial: Int?
            let last = argument.value.upperBound - 1
            if kind(last) == .string, argument.name != nil && argument.value.count == 1 || isMark(last - 1, "=") {
                initial = last
            }
            switch language {
            case .c, .cpp, .java, .csharp, .php, .apex, .solidity:
                parameters.append(
                    Parameter(
                        name: words.last ?? "", type: words.dropLast().last ?? "", isMarked: isMarked, initial: initial)
                )
            default:
                let split = min(words.count, max(1, colon ?? 1))
                parameters.append(
                    Parameter(
                        name: words[split - 1], type: words.dropFirst(split).first ?? "", isMarked: isMarked,
                        initial: initial))
            }
        }
        functions.append(Function(name: name, parameters: parameters, start: open, body: body(after: close)))
    }

    func body(after close: Int) -> Range<Int> {
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
            // Scala and Kotlin: the body follows an equals sign, in braces or as one expression.
            if isMark(at, "="), language == .scala || language == .kotlin {
                var next = at + 1
                while next < tokens.count, next < at + 30, kind(next) != .newline {
                    if isMark(next, "{") {
                        return next..<max(next, Int(partner[next]) > next ? Int(partner[next]) : tokens.count)
                    }
                    next += 1
                }
                return close..<next
            }
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

    func arguments(_ open: Int) -> [Argument] {
        arguments(from: open + 1, to: Int(partner[open]))
    }

    func arguments(from low: Int, to high: Int) -> [Argument] {
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
}
