// SPDX-License-Identifier: Apache-2.0

/// Assignments, and where a statement ends.
extension SourceUnit {
    static let lineBased: Set<CodeLanguage> = [
        .python, .ruby, .go, .javascript, .typescript, .kotlin, .scala, .swift, .shell, .html,
    ]

    /// Where the expression that begins at `from` ends.
    func statementEnd(_ from: Int, limit: Int) -> Int {
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

    /// Python: the `=` names an argument or a default, because a bracket around it is open.
    private func isArgument(_ mark: Int) -> Bool {
        var at = mark - 1
        var steps = 0
        while at >= 0, steps < 200 {
            if isMark(at, "(") { return !isMark(mark, text: ":=") }
            if isMark(at, "[") || isMark(at, "{") { return false }
            if isMark(at, ")") || isMark(at, "]") || isMark(at, "}"), Int(partner[at]) >= 0 { at = Int(partner[at]) }
            // A statement begins at the first column; inside of brackets a line may as well, but seldom does.
            if kind(at) == .newline, column(at + 1) == 0 { return false }
            at -= 1
            steps += 1
        }
        return false
    }

    mutating func assignment(_ i: Int, isAugmented: Bool) {
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
        if language == .python, isArgument(i) { return }
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
