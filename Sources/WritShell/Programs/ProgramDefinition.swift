// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCore

/// One program or sub-command of the tables, ready to read arguments with. Immutable once made.
final class ProgramDefinition: Sendable {
    /// How arguments are told apart from options.
    enum Style: String, Sendable {
        /// Short clusters, long options with `=` or the next word, options anywhere, `--` ends them.
        case gnu
        /// As ``gnu``, but the first word that is no option ends them.
        case posix
        /// Words such as `-name` are one option each; no clusters.
        case single
        /// As ``gnu``, but the first word may be a cluster without its dash: `tar xzf`.
        case bundled
        /// `key=value` words: `dd if=a of=b`.
        case keys
        /// As ``single``, and `/x` is an option too.
        case slash
        /// No options at all.
        case raw
    }

    struct Option: Sendable {
        var spellings: [String]
        /// How many values it takes, 0 for a flag.
        var values: Int
        /// The value is there only when it is attached: `-ifoo`, `--in-place=foo`.
        var isOptional: Bool
        /// An attached value is only one when it is a number: `-l0`, but `-lane` is four flags.
        var isNumeric = false
        var actions: [TableAction]
    }

    /// Which of the words that are no options an action is for.
    enum Place: Sendable, Equatable {
        case at(Int)
        case last
        /// Those that no other line claims.
        case rest
        case all
    }

    /// The words from a position on are the next program, or text for an interpreter.
    struct Tail: Sendable {
        var from: Int
        var isRemote = false
        var takesInput = true
        var takesInputArguments = false
        /// `NAME=value` words before the program are its environment.
        var takesAssignments = false
        /// The words, joined with blanks, are code in this language.
        var joins: String?
        var conditions: [TableCondition] = []
        /// Options are taken after the first words too, up to the tail: `ssh HOST -p 22 COMMAND`.
        var isPermuting = false
    }

    struct OutputRule: Sendable {
        var output: Effect.Output
        var conditions: [TableCondition]
    }

    let name: String
    let style: Style
    let allowsAbbreviations: Bool
    let options: [Option]
    /// Option index by ASCII code of its letter; -1 for none.
    let shorts: [Int16]
    let longs: [String: Int]
    let places: [(place: Place, action: TableAction)]
    let fixed: [TableAction]
    let outputs: [OutputRule]
    let tails: [Tail]
    let commands: [String: Later]
    /// Options of this level are accepted after the sub-command too.
    let isInherited: Bool
    let traits: Operation.Traits
    let reader: ProgramReader?
    let examples: [ProgramExample]

    // Indices that make the common cases cheap.
    let hasPlus: Int?
    let stopsAtFirst: Bool

    init(_ draft: Draft) {
        name = draft.name
        style = draft.style
        allowsAbbreviations = draft.allowsAbbreviations
        options = draft.options
        var shorts = [Int16](repeating: -1, count: 128)
        var longs: [String: Int] = [:]
        var plus: Int?
        for (index, option) in draft.options.enumerated() {
            for spelling in option.spellings {
                let bytes = Array(spelling.utf8)
                if bytes == [0x2B] {
                    plus = index
                } else if bytes.count == 2, bytes[0] == 0x2D, bytes[1] < 128, draft.style != .single {
                    shorts[Int(bytes[1])] = Int16(truncatingIfNeeded: index)
                } else {
                    longs[spelling] = index
                }
            }
        }
        self.shorts = shorts
        self.longs = longs
        hasPlus = plus
        places = draft.places
        fixed = draft.fixed
        outputs = draft.outputs
        tails = draft.tails
        commands = draft.commands
        isInherited = draft.isInherited
        traits = draft.traits
        reader = draft.reader
        examples = draft.examples
        stopsAtFirst = draft.style == .posix || !draft.tails.isEmpty || !draft.commands.isEmpty
    }

    /// A sub-command, whose lines are read when it is first met: big programs have dozens, and a call needs one.
    final class Later: Sendable {
        private enum State {
            case unread
            case made(ProgramDefinition)
            case faulty(ProgramTableFault)
        }

        private let state = Mutex(State.unread)
        private let make: @Sendable () throws(ProgramTableFault) -> ProgramDefinition

        init(_ make: @escaping @Sendable () throws(ProgramTableFault) -> ProgramDefinition) {
            self.make = make
        }

        func get() throws(ProgramTableFault) -> ProgramDefinition {
            switch state.withLock({ $0 }) {
            case .made(let definition): return definition
            case .faulty(let fault): throw fault
            case .unread: break
            }
            do {
                // Made outside the lock: two threads may do the same work once, and neither waits.
                let definition = try make()
                state.withLock { $0 = .made(definition) }
                return definition
            } catch {
                state.withLock { $0 = .faulty(error) }
                throw error
            }
        }
    }

    /// What a definition is made of while its lines are read.
    struct Draft: Sendable {
        var name: String
        var style = Style.gnu
        var allowsAbbreviations = true
        var options: [Option] = []
        var places: [(place: Place, action: TableAction)] = []
        var fixed: [TableAction] = []
        var outputs: [OutputRule] = []
        var tails: [Tail] = []
        var commands: [String: Later] = [:]
        var isInherited = false
        var traits: Operation.Traits = []
        var reader: ProgramReader?
        var examples: [ProgramExample] = []
    }
}

/// A command line in a table, with what it must (or must not) read as.
struct ProgramExample: Sendable {
    var command: String
    var expected: String
    var mustMatch: Bool
    var line: Int
}

/// What one line of a table does with a value.
struct TableAction: Sendable {
    var roles: [ValueRole]
    var traits: Operation.Traits
    var conditions: [TableCondition]
    var detail: String
}

/// What a value is to a program.
enum ValueRole: Sendable {
    case ignore, read, write, append, delete, search, mode, connect, listen, upload, text, directory
    /// `@file` or text that is sent.
    case data
    /// `name=@file` or `name=text` that is sent.
    case form
    /// A URL, or else a file that is read.
    case source
    /// A URL that is sent to, or else a file that is written.
    case target
    /// A file when it begins with `@`.
    case at
    /// A header that is sent: `@file` is read, a credential in a header that logs in is in its place, any other is data.
    case header
    /// A name or password for the other side.
    case credential
    case code(String)
    case file(String)
    case input(String)
    /// A program without arguments.
    case run
    /// A command line that is split at blanks, without a shell.
    case words
    case package(Operation.Kind, String)
    case environment
    /// The HTTP method; nil when the value is it.
    case method(String?)
    case operation(Operation.Kind)
    case unread
    /// Commands can be run from inside: an editor's or a pager's escape.
    case escape
    case secret
    indirect case fixed(ValueRole, String)
}

/// What must hold for a line to count.
enum TableCondition: Sendable {
    case option(Int, isNegated: Bool)
    case optionValue(Int, Glob, isNegated: Bool)
    case count(Int, isNegated: Bool)
    case argument(Int, Glob, isNegated: Bool)
    case anyArgument(Glob, isNegated: Bool)
    case input(isNegated: Bool)

    /// A text with `*` anywhere in it; case is ignored.
    struct Glob: Sendable {
        private let parts: [String]

        init(_ pattern: some StringProtocol) {
            parts = pattern.lowercased().split(separator: "*", omittingEmptySubsequences: false).map(String.init)
        }

        func matches(_ value: Value) -> Bool {
            let text = value.display.lowercased()
            guard parts.count > 1, let first = parts.first, let last = parts.last else {
                return text == parts.first ?? ""
            }
            var rest = text.utf8[...]
            guard rest.starts(with: first.utf8) else { return false }
            rest = rest.dropFirst(first.utf8.count)
            guard rest.count >= last.utf8.count, rest.suffix(last.utf8.count).elementsEqual(last.utf8) else {
                return false
            }
            rest = rest.dropLast(last.utf8.count)
            for part in parts.dropFirst().dropLast() where !part.isEmpty {
                guard let start = rest.firstPlace(of: part.utf8) else { return false }
                rest = rest[start...].dropFirst(part.utf8.count)
            }
            return true
        }
    }
}
