// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// A parsed script: statements in order. All spans are byte offsets into the text that was parsed.
public struct ShellScript: Sendable, Hashable {
    public var statements: [Statement]

    /// Creates a script.
    public init(statements: [Statement] = []) {
        self.statements = statements
    }
}

/// Pipelines joined by `&&` and `||`, ended by `;`, `&` or a newline.
public struct Statement: Sendable, Hashable {
    /// How a pipeline follows the one before it.
    public enum Joiner: Sendable, Hashable {
        case and, or
    }

    public var first: Pipeline
    public var rest: [Next]
    public var isBackground: Bool
    public var span: SourceSpan

    /// A further pipeline with what joins it.
    public struct Next: Sendable, Hashable {
        public var joiner: Joiner
        public var pipeline: Pipeline

        /// Creates a further pipeline.
        public init(joiner: Joiner, pipeline: Pipeline) {
            self.joiner = joiner
            self.pipeline = pipeline
        }
    }

    /// Creates a statement.
    public init(first: Pipeline, rest: [Next] = [], isBackground: Bool = false, span: SourceSpan) {
        self.first = first
        self.rest = rest
        self.isBackground = isBackground
        self.span = span
    }
}

/// Commands joined by `|` or `|&`.
public struct Pipeline: Sendable, Hashable {
    public var commands: [Command]
    /// For each command but the last: its standard error goes down the pipe too (`|&`).
    public var carriesErrors: [Bool]
    public var isNegated: Bool
    public var isTimed: Bool
    public var span: SourceSpan

    /// Creates a pipeline.
    public init(
        commands: [Command], carriesErrors: [Bool] = [], isNegated: Bool = false, isTimed: Bool = false,
        span: SourceSpan
    ) {
        self.commands = commands
        self.carriesErrors = carriesErrors
        self.isNegated = isNegated
        self.isTimed = isTimed
        self.span = span
    }
}

/// One command with its redirections.
public struct Command: Sendable, Hashable {
    /// What kind of command it is.
    ///
    /// What nearly every command is stands in the command itself; the larger and rarer kinds stand apart.
    public enum Body: Sendable, Hashable {
        case simple(assignments: [Assignment], words: [Word])
        case subshell(ShellScript)
        case group(ShellScript)
        case conditional(branches: [Branch], otherwise: ShellScript?)
        indirect case loop(until: Bool, condition: ShellScript, body: ShellScript)
        /// `for NAME [in WORDS]`; nil words are the positional parameters.
        indirect case forEach(name: String, words: [Word]?, body: ShellScript)
        /// `for ((a; b; c))`; the expressions as words, because they expand like double quotes.
        indirect case forArithmetic(initial: Word?, condition: Word?, step: Word?, body: ShellScript)
        indirect case select(name: String, words: [Word]?, body: ShellScript)
        indirect case switchCase(subject: Word, arms: [Arm])
        indirect case function(name: String, body: Command)
        /// `((…))`
        indirect case arithmetic(Word)
        /// `[[ … ]]`
        case test(Condition)
        indirect case coprocess(name: String?, body: Command)
    }

    /// `if`/`elif` with its body.
    public struct Branch: Sendable, Hashable {
        public var condition: ShellScript
        public var body: ShellScript

        /// Creates a branch.
        public init(condition: ShellScript, body: ShellScript) {
            self.condition = condition
            self.body = body
        }
    }

    /// One arm of `case`.
    public struct Arm: Sendable, Hashable {
        /// `;;`, `;&`, `;;&`.
        public enum End: Sendable, Hashable {
            case leave, fallThrough, testNext
        }

        public var patterns: [Word]
        public var body: ShellScript
        public var end: End

        /// Creates an arm.
        public init(patterns: [Word], body: ShellScript, end: End) {
            self.patterns = patterns
            self.body = body
            self.end = end
        }
    }

    public var body: Body
    public var redirections: [Redirection]
    public var span: SourceSpan

    /// Creates a command.
    public init(body: Body, redirections: [Redirection] = [], span: SourceSpan) {
        self.body = body
        self.redirections = redirections
        self.span = span
    }
}

/// What stands between `[[` and `]]`.
public indirect enum Condition: Sendable, Hashable {
    case word(Word)
    case unary(operator: String, Word)
    /// `==`, `!=`, `=`, `=~`, `<`, `>`, `-eq` …
    case binary(operator: String, Word, Word)
    case not(Condition)
    case and(Condition, Condition)
    case or(Condition, Condition)
}

/// `NAME=value`, `NAME+=value`, `NAME[index]=value`, `NAME=(…)`.
public struct Assignment: Sendable, Hashable {
    /// The right-hand side.
    public enum Value: Sendable, Hashable {
        case word(Word?)
        case array([Element])
    }

    /// An element of a compound assignment, with its index or key when it is given.
    public struct Element: Sendable, Hashable {
        public var index: Word?
        public var value: Word

        /// Creates an element.
        public init(index: Word?, value: Word) {
            self.index = index
            self.value = value
        }
    }

    public var name: String
    public var index: Word?
    public var appends: Bool
    public var value: Value
    public var span: SourceSpan

    /// Creates an assignment.
    public init(name: String, index: Word? = nil, appends: Bool = false, value: Value, span: SourceSpan) {
        self.name = name
        self.index = index
        self.appends = appends
        self.value = value
        self.span = span
    }
}

/// A redirection or here-document.
public struct Redirection: Sendable, Hashable {
    /// The operator.
    public enum Operator: String, Sendable, Hashable {
        case input = "<"
        case output = ">"
        case append = ">>"
        case clobber = ">|"
        case readWrite = "<>"
        case duplicateInput = "<&"
        case duplicateOutput = ">&"
        case outputAndErrors = "&>"
        case appendOutputAndErrors = "&>>"
        case hereDocument = "<<"
        case hereDocumentStripped = "<<-"
        case hereString = "<<<"
    }

    public var `operator`: Operator
    /// The number before the operator, or nil for the operator's own default.
    public var descriptor: Int?
    /// `{NAME}` before the operator.
    public var variable: String?
    /// The target; the delimiter as written for a here-document.
    public var target: Word
    /// A here-document's text: one quoted part when its delimiter was quoted, otherwise parts that expand.
    public var document: Word?
    public var span: SourceSpan

    /// Creates a redirection.
    public init(
        operator: Operator, descriptor: Int? = nil, variable: String? = nil, target: Word, document: Word? = nil,
        span: SourceSpan
    ) {
        self.operator = `operator`
        self.descriptor = descriptor
        self.variable = variable
        self.target = target
        self.document = document
        self.span = span
    }
}

/// A word: parts that are expanded and joined.
public struct Word: Sendable, Hashable {
    public var parts: [Part]
    public var span: SourceSpan

    /// A piece of a word.
    public enum Part: Sendable, Hashable {
        /// Unquoted text: tilde, braces and glob characters in it are live.
        case literal(String)
        /// Text that nothing expands: single quotes, `$'…'`, `\x`, here-documents with a quoted delimiter.
        case quoted(String)
        case doubleQuoted([Part])
        indirect case parameter(Parameter)
        /// `$(…)`, `` `…` ``, with the place of the script inside.
        indirect case command(ShellScript, SourceSpan)
        /// `$((…))`, `$[…]`
        indirect case arithmetic(Word)
        /// `<(…)` and `>(…)`.
        indirect case process(isInput: Bool, ShellScript, SourceSpan)
        /// `?(a|b)` and its like; the operator is `?`, `*`, `+`, `@` or `!`.
        indirect case pattern(operator: Character, [Word])
    }

    /// Creates a word.
    public init(parts: [Part], span: SourceSpan) {
        self.parts = parts
        self.span = span
    }

    /// The text when the word holds literal and quoted parts only, without any expansion of braces, tildes or globs.
    public var constantText: String? {
        var text = ""
        for part in parts {
            switch part {
            case .literal(let piece), .quoted(let piece): text += piece
            case .doubleQuoted(let inner):
                guard let piece = Word(parts: inner, span: span).constantText else { return nil }
                text += piece
            case .parameter, .command, .arithmetic, .process, .pattern: return nil
            }
        }
        return text
    }
}

/// `$NAME`, `${…}` in all its forms.
public struct Parameter: Sendable, Hashable {
    /// What is done with the value.
    public indirect enum Operation: Sendable, Hashable {
        case none
        /// `${#x}`
        case length
        /// `-`, `=`, `?`, `+`, with `:` when empty counts as unset.
        case fallback(operator: Character, treatsEmptyAsUnset: Bool, Word)
        /// `#`, `##`, `%`, `%%`.
        case trim(operator: String, Word)
        /// `/`, `//`, `/#`, `/%`.
        case replace(operator: String, pattern: Word, replacement: Word?)
        /// `:offset[:length]`; arithmetic as words.
        case slice(offset: Word, length: Word?)
        /// `^`, `^^`, `,`, `,,`.
        case changeCase(operator: String, Word?)
        /// `@Q`, `@P`, `@E`, `@A`, `@a`, `@U`, `@u`, `@L`, `@K`, `@k`.
        case transform(Character)
        /// `${!prefix*}`, `${!prefix@}`, `${!array[@]}`.
        case names
    }

    /// Name, digit string, or one of `@ * # ? - $ ! 0 _`.
    public var name: String
    /// `[…]`; `@` and `*` are literal words.
    public var index: Word?
    /// `${!x}`
    public var isIndirect: Bool
    public var operation: Operation
    public var span: SourceSpan

    /// Creates an expansion.
    public init(
        name: String, index: Word? = nil, isIndirect: Bool = false, operation: Operation = .none, span: SourceSpan
    ) {
        self.name = name
        self.index = index
        self.isIndirect = isIndirect
        self.operation = operation
        self.span = span
    }
}
