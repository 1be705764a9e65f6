// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Writes a tree as canonical shell text: one statement a line, `${x}` for `$x`, `$(…)` for backquotes, single quotes
/// for quoted text. Reading the text again and printing that gives the same text.
///
/// The tree must come from ``ShellParser``; it is walked recursively, so it is as deep as the parser's limits allow.
public struct ShellPrinter {
    private var out = ""
    /// Texts of here-documents that go behind the next newline, with their delimiters.
    private var documents: [(text: String, delimiter: String)] = []
    private var indentation = 0

    private init() {}

    /// A script as text; ends without a newline unless a here-document ends it.
    public static func print(_ script: ShellScript) -> String {
        var printer = ShellPrinter()
        printer.write(script)
        printer.flushDocuments()
        return printer.out
    }

    /// A word as text.
    public static func print(_ word: Word) -> String {
        var printer = ShellPrinter()
        printer.write(word)
        return printer.out
    }

    // MARK: Commands

    private mutating func write(_ script: ShellScript) {
        for (index, statement) in script.statements.enumerated() {
            if index > 0 { newline() }
            write(statement)
        }
    }

    private mutating func newline() {
        out += "\n"
        if !documents.isEmpty {
            let waiting = documents
            documents = []
            for document in waiting { out += document.text + document.delimiter + "\n" }
        }
        for _ in 0..<indentation { out += "    " }
    }

    private mutating func flushDocuments() {
        guard !documents.isEmpty else { return }
        let outer = indentation
        indentation = 0
        newline()
        indentation = outer
    }

    /// A list between two words, indented.
    private mutating func writeBlock(_ script: ShellScript) {
        indentation += 1
        newline()
        write(script)
        indentation -= 1
        newline()
    }

    private mutating func write(_ statement: Statement) {
        write(statement.first)
        for next in statement.rest {
            out += next.joiner == .and ? " && " : " || "
            write(next.pipeline)
        }
        if statement.isBackground { out += " &" }
    }

    private mutating func write(_ pipeline: Pipeline) {
        if pipeline.isTimed { out += "time " }
        if pipeline.isNegated { out += "! " }
        if !pipeline.isTimed, !pipeline.isNegated, let only = pipeline.commands.first, only.isEmpty {
            // `! !` negates nothing twice; without the signs nothing would be left to read.
            out += "! !"
            return
        }
        for (index, command) in pipeline.commands.enumerated() {
            if index > 0 {
                let carries = index - 1 < pipeline.carriesErrors.count && pipeline.carriesErrors[index - 1]
                out += carries ? " |& " : " | "
            }
            write(command)
        }
    }

    private mutating func write(_ command: Command) {
        var redirections = command.redirections[...]
        switch command.body {
        case .simple(let assignments, let words):
            // Redirections in front stay there, lest the first word become a reserved one.
            if let first = words.first {
                while let redirection = redirections.first, redirection.span.start < first.span.start {
                    write(redirection)
                    redirections.removeFirst()
                }
                if redirections.count < command.redirections.count { out += " " }
            }
            writeSimple(assignments, words)
        case .subshell(let script):
            out += "("
            writeBlock(script)
            out += ")"
        case .group(let script):
            out += "{"
            writeBlock(script)
            out += "}"
        case .conditional(let branches, let otherwise):
            for (index, branch) in branches.enumerated() {
                out += index == 0 ? "if " : "elif "
                writeCondition(branch.condition, then: "then")
                writeBlock(branch.body)
            }
            if let otherwise {
                out += "else"
                writeBlock(otherwise)
            }
            out += "fi"
        case .loop(let until, let condition, let body):
            out += until ? "until " : "while "
            writeCondition(condition, then: "do")
            writeBlock(body)
            out += "done"
        case .forEach(let name, let words, let body): writeLoop("for", name, words, body)
        case .select(let name, let words, let body): writeLoop("select", name, words, body)
        case .forArithmetic(let initial, let condition, let step, let body):
            out += "for (("
            if let initial { write(initial) }
            out += ";"
            if let condition { write(condition) }
            out += ";"
            if let step { write(step) }
            out += ")); do"
            writeBlock(body)
            out += "done"
        case .switchCase(let subject, let arms): writeCase(subject, arms)
        case .function(let name, let body):
            out += "function \(name) () "
            write(body)
        case .arithmetic(let word):
            out += "(("
            write(word)
            out += "))"
        case .test(let condition):
            out += "[[ "
            write(condition, binding: 0)
            out += " ]]"
        case .coprocess(let name, let body):
            out += "coproc "
            if let name { out += name + " " }
            write(body)
        }
        for redirection in redirections { write(redirection) }
    }

    private mutating func writeSimple(_ assignments: [Assignment], _ words: [Word]) {
        var pieces = 0
        // Assignments behind the first word belong to `declare` and its like; their names stand among the words.
        let boundary = words.first?.span.start ?? Int.max
        for assignment in assignments where assignment.span.start < boundary {
            if pieces > 0 { out += " " }
            write(assignment)
            pieces += 1
        }
        let late = assignments.drop { $0.span.start < boundary }
        var next = late.startIndex
        for word in words {
            if pieces > 0 { out += " " }
            if next < late.endIndex, late[next].span.start == word.span.start {
                write(late[next])
                next += 1
            } else {
                write(word)
            }
            pieces += 1
        }
    }

    /// The commands between `if` and `then`.
    private mutating func writeCondition(_ script: ShellScript, then word: String) {
        indentation += 1
        write(script)
        indentation -= 1
        if documents.isEmpty, script.statements.last?.isBackground != true {
            out += "; "
        } else {
            newline()
        }
        out += word
    }

    private mutating func writeLoop(_ keyword: String, _ name: String, _ words: [Word]?, _ body: ShellScript) {
        out += "\(keyword) \(name)"
        if let words {
            out += " in"
            for word in words {
                out += " "
                write(word)
            }
        }
        out += "; do"
        writeBlock(body)
        out += "done"
    }

    private mutating func writeCase(_ subject: Word, _ arms: [Command.Arm]) {
        out += "case "
        write(subject)
        out += " in"
        for arm in arms {
            newline()
            out += "("
            for (index, pattern) in arm.patterns.enumerated() {
                if index > 0 { out += " | " }
                write(pattern)
            }
            out += ")"
            if arm.body.statements.isEmpty { out += " " } else { writeBlock(arm.body) }
            switch arm.end {
            case .leave: out += ";;"
            case .fallThrough: out += ";&"
            case .testNext: out += ";;&"
            }
        }
        newline()
        out += "esac"
    }

    private mutating func write(_ condition: Condition, binding: Int) {
        switch condition {
        case .word(let word): write(word)
        case .unary(let name, let word):
            out += name + " "
            write(word)
        case .binary(let name, let left, let right):
            write(left)
            out += " \(name) "
            write(right)
        case .not(let inner):
            out += "! "
            write(inner, binding: 3)
        case .and(let left, let right): writeJoined(left, "&&", right, own: 2, binding: binding)
        case .or(let left, let right): writeJoined(left, "||", right, own: 1, binding: binding)
        }
    }

    private mutating func writeJoined(
        _ left: Condition, _ sign: String, _ right: Condition, own: Int, binding: Int
    ) {
        if own < binding { out += "( " }
        write(left, binding: own)
        out += " \(sign) "
        write(right, binding: own)
        if own < binding { out += " )" }
    }

    private mutating func write(_ assignment: Assignment) {
        out += assignment.name
        if let index = assignment.index {
            out += "["
            write(index)
            out += "]"
        }
        out += assignment.appends ? "+=" : "="
        switch assignment.value {
        case .word(let word): if let word { write(word) }
        case .array(let elements):
            out += "("
            for (index, element) in elements.enumerated() {
                if index > 0 { out += " " }
                if let key = element.index {
                    out += "["
                    write(key)
                    out += "]="
                }
                write(element.value)
            }
            out += ")"
        }
    }

    private mutating func write(_ redirection: Redirection) {
        if let last = out.utf8.last, last != UInt8(ascii: " "), last != UInt8(ascii: "\n") { out += " " }
        if let variable = redirection.variable { out += "{\(variable)}" }
        if let descriptor = redirection.descriptor { out += String(descriptor) }
        out += redirection.operator.rawValue
        guard let document = redirection.document else {
            out += " "
            write(redirection.target)
            return
        }
        let isQuoted = !redirection.target.parts.allSatisfy { if case .literal = $0 { true } else { false } }
        var body = ShellPrinter()
        for part in document.parts {
            if isQuoted, case .quoted(let text) = part { body.out += text } else { body.writeInDocument(part) }
        }
        if !body.out.isEmpty, body.out.utf8.last != UInt8(ascii: "\n") { body.out += "\n" }
        // A text that ended inside of backquotes may end in a continuation, which would swallow the delimiter.
        if !isQuoted, body.out.endsInContinuation { body.out += "\n" }
        var delimiter = redirection.target.constantText ?? "EOF"
        if delimiter.utf8.contains(UInt8(ascii: "\n")) { delimiter = "EOF" }
        // A line that begins like the delimiter could end the text early, inside of `$(…)` even when it goes on.
        if delimiter.isEmpty, !body.out.isEmpty { delimiter = "EOF" }
        while body.out.hasLine(startingWith: delimiter) { delimiter += "_" }
        // `<<-x` would strip tabs.
        if delimiter.utf8.first == UInt8(ascii: "-") { out += " " }
        if isQuoted { writeQuoted(delimiter) } else { out += delimiter }
        documents.append((body.out, delimiter))
    }

    // MARK: Words

    private mutating func write(_ word: Word) {
        var parts = word.parts[...]
        while let part = parts.popFirst() {
            // A `$` that stands for itself must not meet what it would join with.
            if case .literal(let text) = part, text.utf8.last == UInt8(ascii: "$"), let next = parts.first {
                out += String(text.unicodeScalars.dropLast())
                if case .quoted(let more) = next {
                    parts.removeFirst()
                    writeQuoted("$" + more)
                } else {
                    writeQuoted("$")
                }
            } else {
                write(part)
            }
        }
    }

    private mutating func write(_ part: Word.Part) {
        switch part {
        case .literal(let text): out += text
        case .quoted(let text): writeQuoted(text)
        case .doubleQuoted(let parts):
            out += "\""
            for part in parts { writeInQuotes(part, quotes: "\"") }
            out += "\""
        case .parameter(let parameter): write(parameter, inQuotes: false)
        case .command(let script, _): writeSubstitution("$(", script)
        case .arithmetic(let word):
            // `$[a)b]` cannot be written with parentheses.
            out += word.hasBalancedParentheses ? "$((" : "$["
            write(word)
            out += word.hasBalancedParentheses ? "))" : "]"
        case .process(let isInput, let script, _): writeSubstitution(isInput ? "<(" : ">(", script)
        case .pattern(let sign, let alternatives):
            out.append(sign)
            out += "("
            for (index, alternative) in alternatives.enumerated() {
                if index > 0 { out += "|" }
                write(alternative)
            }
            out += ")"
        }
    }

    private mutating func writeQuoted(_ text: String) {
        out += "'"
        for scalar in text.unicodeScalars {
            if scalar == "'" { out += "'\\''" } else { out.unicodeScalars.append(scalar) }
        }
        out += "'"
    }

    /// A part inside of double quotes; `quotes` names the characters that need a backslash besides `\ $` and backquotes.
    private mutating func writeInQuotes(_ part: Word.Part, quotes: String) {
        switch part {
        case .literal(let text), .quoted(let text):
            for scalar in text.unicodeScalars {
                if scalar == "\\" || scalar == "$" || scalar == "`" || quotes.unicodeScalars.contains(scalar) {
                    out += "\\"
                }
                out.unicodeScalars.append(scalar)
            }
        case .parameter(let parameter): write(parameter, inQuotes: true)
        case .doubleQuoted, .command, .arithmetic, .process, .pattern: write(part)
        }
    }

    private mutating func writeInDocument(_ part: Word.Part) {
        writeInQuotes(part, quotes: "")
    }

    private mutating func writeSubstitution(_ opener: String, _ script: ShellScript) {
        let outer = documents
        documents = []
        out += opener
        // `$((` would be arithmetic.
        if script.startsWithParenthesis { out += " " }
        indentation += 1
        write(script)
        indentation -= 1
        if !documents.isEmpty { newline() }
        out += ")"
        documents = outer
    }

    private mutating func write(_ parameter: Parameter, inQuotes: Bool) {
        if parameter.isUnreadable, case .fallback(_, _, let word) = parameter.operation {
            // A tail that could not be read, and not braces, is written as it stood.
            if word.span == parameter.span, let text = word.constantText {
                out += text
                return
            }
            if let source = parameter.index?.constantText {
                out += source
                return
            }
            out += "${"
            writeOperand(word, isText: inQuotes)
            out += "}"
            return
        }
        out += "${"
        switch parameter.operation {
        case .length: out += "#"
        case .names: out += "!"
        case .none, .fallback, .trim, .replace, .slice, .changeCase, .transform: if parameter.isIndirect { out += "!" }
        }
        out += parameter.name
        if let index = parameter.index {
            out += "["
            write(index)
            out += "]"
        }
        switch parameter.operation {
        case .none, .length: break
        case .fallback(let sign, let treatsEmpty, let word):
            if treatsEmpty { out += ":" }
            out.append(sign)
            writeOperand(word, isText: inQuotes)
        case .trim(let sign, let word):
            out += sign
            writeOperand(word, isText: false)
        case .replace(let sign, let pattern, let replacement):
            out += sign
            writeOperand(pattern, isText: false)
            if let replacement {
                out += "/"
                writeOperand(replacement, isText: false)
            }
        case .slice(let offset, let length):
            out += ":"
            // `:-` would be a fallback.
            if let first = ShellPrinter.print(offset).utf8.first, "-=?+".utf8.contains(first) { out += " " }
            writeOperand(offset, isText: true)
            if let length {
                out += ":"
                writeOperand(length, isText: true)
            }
        case .changeCase(let sign, let word):
            out += sign
            if let word { writeOperand(word, isText: false) }
        case .transform(let letter):
            out += "@"
            out.append(letter)
        case .names: if parameter.index == nil { out += "@" }
        }
        out += "}"
    }

    private mutating func writeOperand(_ word: Word, isText: Bool) {
        if !isText { return write(word) }
        for part in word.parts { writeInQuotes(part, quotes: "}\"") }
    }
}

extension Command {
    /// What stands behind a bare `!` or `time`.
    fileprivate var isEmpty: Bool {
        guard redirections.isEmpty, case .simple(let assignments, let words) = body else { return false }
        return assignments.isEmpty && words.isEmpty
    }
}

extension ShellScript {
    /// Whether its text begins with `(`.
    fileprivate var startsWithParenthesis: Bool {
        guard let pipeline = statements.first?.first, !pipeline.isNegated, !pipeline.isTimed,
            let command = pipeline.commands.first
        else { return false }
        switch command.body {
        case .subshell, .arithmetic: return true
        case .simple, .group, .conditional, .loop, .forEach, .forArithmetic, .select, .switchCase, .function, .test,
            .coprocess:
            return false
        }
    }
}

extension Word {
    /// Whether each `)` of the expression's own text closes a `(`; quoted ones do not count.
    fileprivate var hasBalancedParentheses: Bool {
        var open = 0
        var isQuoted = false
        for part in parts {
            guard case .literal(let text) = part else { continue }
            var isEscaped = false
            for byte in text.utf8 {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "'") {
                    isQuoted.toggle()
                } else if isQuoted {
                    continue
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "(") {
                    open += 1
                } else if byte == UInt8(ascii: ")") {
                    open -= 1
                    if open < 0 { return false }
                }
            }
        }
        return open == 0
    }
}

extension String {
    /// Whether its last line end is escaped.
    fileprivate var endsInContinuation: Bool {
        let tail = utf8.reversed()
        return tail.first == UInt8(ascii: "\n") && tail.dropFirst().prefix { $0 == UInt8(ascii: "\\") }.count % 2 == 1
    }

    /// Whether a line begins with a text, tabs before it left out of account.
    fileprivate func hasLine(startingWith start: String) -> Bool {
        guard !start.isEmpty else { return false }
        return utf8.split(separator: UInt8(ascii: "\n")).contains { line in
            line.drop { $0 == UInt8(ascii: "\t") }.starts(with: start.utf8)
        }
    }
}
