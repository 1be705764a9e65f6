// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// A tree as people and programs read it: one node for each part, with what it says and where it stood.
public struct ShellTree: Sendable, Hashable {
    /// The part's name: `simple`, `word`, `parameter` …
    public var kind: String
    /// What the part says beyond its children: text of a literal, an operator, a name.
    public var detail: String
    public var span: SourceSpan?
    public var children: [ShellTree]

    /// The nodes of a script; recursion is as deep as the parser's limits allow.
    public init(_ script: ShellScript) {
        self.init("script", children: script.statements.map(ShellTree.init))
    }

    /// Two spaces a level, a node a line: `kind detail`. Literals stand in single quotes with `\n`, `\t`, `\\` and
    /// `\'` escaped; words that are one literal are written in one line. Spans are left out.
    public static func describe(_ script: ShellScript) -> String {
        var text = ""
        for statement in script.statements { ShellTree(statement).append(to: &text, depth: 0) }
        return text
    }

    /// `{"kind", "detail", "start", "end", "children"}` with empty members left out.
    public var json: JSON {
        var members = [JSON.Member("kind", .string(kind))]
        if !detail.isEmpty { members.append(JSON.Member("detail", .string(detail))) }
        if let span {
            members.append(JSON.Member("start", .integer(Int64(span.start))))
            members.append(JSON.Member("end", .integer(Int64(span.end))))
        }
        if !children.isEmpty { members.append(JSON.Member("children", .array(children.map(\.json)))) }
        return .object(members)
    }

    private init(_ kind: String, _ detail: String = "", span: SourceSpan? = nil, children: [ShellTree] = []) {
        self.kind = kind
        self.detail = detail
        self.span = span
        self.children = children
    }

    private func append(to text: inout String, depth: Int) {
        text += String(repeating: "  ", count: depth) + kind
        if !detail.isEmpty { text += " " + detail }
        if children.count == 1, children[0].children.isEmpty, children[0].kind == "literal" || children[0].kind == "quoted" {
            text += " " + (children[0].kind == "quoted" ? "quoted " : "") + children[0].detail + "\n"
            return
        }
        text += "\n"
        for child in children { child.append(to: &text, depth: depth + 1) }
    }

    private static func quote(_ text: String) -> String {
        var quoted = "'"
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\r": quoted += "\\r"
            case "\\": quoted += "\\\\"
            case "'": quoted += "\\'"
            default:
                if scalar.value < 32 || scalar.value == 127 {
                    quoted += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
                } else {
                    quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "'"
    }

    // MARK: Nodes

    private static func list(_ kind: String, _ script: ShellScript) -> ShellTree {
        ShellTree(kind, children: script.statements.map(ShellTree.init))
    }

    private init(_ statement: Statement) {
        var children = [ShellTree(statement.first)]
        for next in statement.rest {
            children.append(ShellTree(next.joiner == .and ? "and" : "or", children: [ShellTree(next.pipeline)]))
        }
        if children.count == 1, !statement.isBackground {
            self = children[0]
        } else {
            self.init("statement", statement.isBackground ? "&" : "", span: statement.span, children: children)
        }
    }

    private init(_ pipeline: Pipeline) {
        var flags: [String] = []
        if pipeline.isTimed { flags.append("time") }
        if pipeline.isNegated { flags.append("!") }
        if pipeline.carriesErrors.contains(true) {
            flags.append(pipeline.carriesErrors.map { $0 ? "|&" : "|" }.joined(separator: " "))
        }
        if flags.isEmpty, pipeline.commands.count == 1 {
            self.init(pipeline.commands[0])
        } else {
            self.init(
                "pipeline", flags.joined(separator: " "), span: pipeline.span,
                children: pipeline.commands.map(ShellTree.init))
        }
    }

    private init(_ command: Command) {
        switch command.body {
        case .simple(let assignments, let words):
            self.init("simple", children: assignments.map(ShellTree.init) + words.map { ShellTree("word", $0) })
        case .subshell(let script): self = .list("subshell", script)
        case .group(let script): self = .list("group", script)
        case .conditional(let branches, let otherwise):
            self.init("if")
            for branch in branches {
                children.append(.list("condition", branch.condition))
                children.append(.list("then", branch.body))
            }
            if let otherwise { children.append(.list("else", otherwise)) }
        case .loop(let until, let condition, let body):
            self.init(until ? "until" : "while", children: [.list("condition", condition), .list("do", body)])
        case .forEach(let name, let words, let body): self.init(loop: "for", name, words, body)
        case .select(let name, let words, let body): self.init(loop: "select", name, words, body)
        case .forArithmetic(let initial, let condition, let step, let body):
            self.init("for-arithmetic")
            for (kind, word) in [("initial", initial), ("condition", condition), ("step", step)] {
                if let word { children.append(ShellTree(kind, word)) }
            }
            children.append(.list("do", body))
        case .switchCase(let subject, let arms):
            self.init("case", children: [ShellTree("subject", subject)])
            for arm in arms {
                let end =
                    switch arm.end {
                    case .leave: ""
                    case .fallThrough: ";&"
                    case .testNext: ";;&"
                    }
                let patterns = arm.patterns.map { ShellTree("pattern", $0) }
                children.append(ShellTree("arm", end, children: patterns + [.list("body", arm.body)]))
            }
        case .function(let name, let body):
            self.init("function", ShellTree.quote(name), children: [ShellTree(body)])
        case .arithmetic(let word): self.init("arithmetic", word)
        case .test(let condition): self.init("test", children: [ShellTree(condition)])
        case .coprocess(let name, let body):
            self.init("coproc", name.map(ShellTree.quote) ?? "", children: [ShellTree(body)])
        }
        span = command.span
        children += command.redirections.map(ShellTree.init)
    }

    private init(loop kind: String, _ name: String, _ words: [Word]?, _ body: ShellScript) {
        self.init(kind, ShellTree.quote(name))
        if let words { children.append(ShellTree("in", children: words.map { ShellTree("word", $0) })) }
        children.append(.list("do", body))
    }

    private init(_ condition: Condition) {
        switch condition {
        case .word(let word): self.init("word", word)
        case .unary(let name, let word): self.init("unary", name, children: [ShellTree("word", word)])
        case .binary(let name, let left, let right):
            self.init("binary", name, children: [ShellTree("word", left), ShellTree("word", right)])
        case .not(let inner): self.init("not", children: [ShellTree(inner)])
        case .and(let left, let right): self.init("and", children: [ShellTree(left), ShellTree(right)])
        case .or(let left, let right): self.init("or", children: [ShellTree(left), ShellTree(right)])
        }
    }

    private init(_ assignment: Assignment) {
        self.init("assign", ShellTree.quote(assignment.name) + (assignment.appends ? " +=" : ""), span: assignment.span)
        if let index = assignment.index { children.append(ShellTree("index", index)) }
        switch assignment.value {
        case .word(let word): if let word { children.append(ShellTree("value", word)) }
        case .array(let elements):
            children.append(
                ShellTree(
                    "array",
                    children: elements.map { element in
                        let value = ShellTree("value", element.value)
                        guard let index = element.index else { return value }
                        return ShellTree("element", children: [ShellTree("index", index), value])
                    }))
        }
    }

    private init(_ redirection: Redirection) {
        var detail = redirection.operator.rawValue
        if let descriptor = redirection.descriptor { detail = "\(descriptor)" + detail }
        if let variable = redirection.variable { detail = "{\(variable)}" + detail }
        self.init("redirect", detail, span: redirection.span, children: [ShellTree("word", redirection.target)])
        if let document = redirection.document { children.append(ShellTree("document", document)) }
    }

    private init(_ kind: String, _ word: Word) {
        self.init(kind, span: word.span, children: word.parts.map(ShellTree.init))
    }

    private init(_ part: Word.Part) {
        switch part {
        case .literal(let text): self.init("literal", ShellTree.quote(text))
        case .quoted(let text): self.init("quoted", ShellTree.quote(text))
        case .doubleQuoted(let parts): self.init("double-quoted", children: parts.map(ShellTree.init))
        case .parameter(let parameter): self.init(parameter)
        case .command(let script, let span):
            self = .list("command", script)
            self.span = span
        case .arithmetic(let word): self.init("arithmetic", word)
        case .process(let isInput, let script, let span):
            self = .list("process", script)
            detail = isInput ? "<" : ">"
            self.span = span
        case .pattern(let sign, let alternatives):
            self.init("extended", String(sign), children: alternatives.map { ShellTree("word", $0) })
        }
    }

    private init(_ parameter: Parameter) {
        if parameter.isUnreadable {
            self.init("unreadable", span: parameter.span)
            if case .fallback(_, _, let word) = parameter.operation { children = [ShellTree("text", word)] }
            return
        }
        self.init("parameter", (parameter.isIndirect ? "!" : "") + parameter.name, span: parameter.span)
        if let index = parameter.index { children.append(ShellTree("index", index)) }
        switch parameter.operation {
        case .none: break
        case .length: children.append(ShellTree("length"))
        case .fallback(let sign, let treats, let word):
            children.append(ShellTree("fallback \(treats ? ":" : "")\(sign)", word))
        case .trim(let sign, let word): children.append(ShellTree("trim \(sign)", word))
        case .replace(let sign, let pattern, let replacement):
            children.append(ShellTree("replace \(sign)", pattern))
            if let replacement { children.append(ShellTree("with", replacement)) }
        case .slice(let offset, let length):
            children.append(ShellTree("offset", offset))
            if let length { children.append(ShellTree("length", length)) }
        case .changeCase(let sign, let word):
            children.append(word.map { ShellTree("case \(sign)", $0) } ?? ShellTree("case \(sign)"))
        case .transform(let letter): children.append(ShellTree("transform \(letter)"))
        case .names: children.append(ShellTree("names"))
        }
    }
}
