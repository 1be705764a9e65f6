// SPDX-License-Identifier: Apache-2.0
import WritCore

/// A variable of the shell that is evaluated.
struct Variable: Sendable, Hashable {
    enum Content: Sendable, Hashable {
        case scalar(Value)
        /// One of these, depending on a condition that is not known.
        case choice([Value])
        case list([Int: Value])
        case map([String: Value])
        case unset
    }

    /// What `declare` does to values that are assigned.
    enum Attribute: Sendable, Hashable {
        case none, lower, upper, integer, reference
    }

    var content: Content
    var isExported = false
    var attribute = Attribute.none

    init(_ value: Value, isExported: Bool = false) {
        content = .scalar(value)
        self.isExported = isExported
    }

    init(content: Content, isExported: Bool = false, attribute: Attribute = .none) {
        self.content = content
        self.isExported = isExported
        self.attribute = attribute
    }
}

/// The success of a command, as far as it is known.
enum ExitStatus: Sendable, Hashable {
    case success, failure, unknown
}

/// What a file descriptor is tied to.
enum Descriptor: Sendable, Hashable {
    case network(String)
    case file(String)
    case data(Value)
}

/// Everything a shell process carries from one command to the next. Copies are cheap: a subshell is a copy.
struct ShellState: Sendable {
    /// Ways a value can stand; more become unknown.
    static let choiceLimit = 8

    var variables: [String: Variable] = [:]
    var functions: [String: Command] = [:]
    var aliases: [String: Value] = [:]
    /// `$1` and on.
    var arguments: [Value] = []
    /// There may be more arguments than `arguments` (`set -- $x` with an unknown `x`).
    var hasUnknownArguments = false
    var scriptName = Value("bash")
    /// Absolute, or with unknown parts. More than one when a condition decides.
    var directories: [Value]
    var directoryStack: [Value] = []
    var descriptors: [Int: Descriptor] = [:]
    var disabledBuiltins: Set<String> = []
    /// Nothing that follows in this path is run: after `exit`, `return`, `break`, `exec`.
    var hasEnded = false
    var status = ExitStatus.success
    /// `set -e` holds.
    var stopsAtError = false
    /// Some variable or the directory may stand for more than one value.
    var hasChoices = false

    init(directory: Value) {
        directories = [directory]
    }

    /// Takes over what another path may have left behind: where the two differ, both are possible.
    mutating func join(_ other: ShellState) {
        if other.hasEnded { return }
        if hasEnded {
            self = other
            return
        }
        if status != other.status { status = .unknown }
        hasChoices = hasChoices || other.hasChoices
        if variables != other.variables {
            hasChoices = true
            for (name, theirs) in other.variables {
                guard let ours = variables[name] else {
                    variables[name] = Self.either(
                        theirs, Variable(.unknown(.environment(name)), isExported: theirs.isExported))
                    continue
                }
                if ours != theirs { variables[name] = Self.either(ours, theirs) }
            }
            for name in variables.keys where other.variables[name] == nil {
                if let ours = variables[name] {
                    variables[name] = Self.either(
                        ours, Variable(.unknown(.environment(name)), isExported: ours.isExported))
                }
            }
        }
        if functions.count != other.functions.count || functions != other.functions {
            functions.merge(other.functions) { ours, _ in ours }
        }
        if aliases != other.aliases { aliases.merge(other.aliases) { ours, _ in ours } }
        if arguments != other.arguments {
            arguments = []
            hasUnknownArguments = true
        }
        if directories != other.directories {
            hasChoices = true
            for directory in other.directories where !directories.contains(directory) { directories.append(directory) }
            if directories.count > Self.choiceLimit { directories = [.unknown(.variable("PWD"))] }
        }
        if descriptors != other.descriptors { descriptors.merge(other.descriptors) { ours, _ in ours } }
    }

    /// Makes unknown what differs from an earlier state: what a loop changes has any value after it.
    mutating func widen(from earlier: ShellState) {
        for (name, variable) in variables where earlier.variables[name] != variable {
            var taints = Operation.Taints()
            for value in variable.values { taints.formUnion(value.taints) }
            variables[name]?.content = .scalar(.unknown(.variable(name), taints: taints))
        }
        if directories != earlier.directories { directories = [.unknown(.variable("PWD"))] }
        if arguments != earlier.arguments {
            arguments = []
            hasUnknownArguments = true
        }
    }

    private static func either(_ first: Variable, _ second: Variable) -> Variable {
        var joined = first
        joined.isExported = first.isExported || second.isExported
        var values: [Value] = []
        for value in first.scalars + second.scalars where !values.contains(value) { values.append(value) }
        if values.count > choiceLimit {
            var taints = Operation.Taints()
            for value in values { taints.formUnion(value.taints) }
            joined.content = .scalar(.unknown(.limit, taints: taints))
        } else if values.count == 1, let only = values.first {
            joined.content = .scalar(only)
        } else {
            joined.content = .choice(values)
        }
        return joined
    }
}

extension Variable {
    /// Every value it holds.
    var values: [Value] {
        switch content {
        case .scalar(let value): [value]
        case .choice(let values): values
        case .list(let items): Array(items.values)
        case .map(let items): Array(items.values)
        case .unset: []
        }
    }

    /// The values that `$name` may have.
    var scalars: [Value] {
        switch content {
        case .scalar(let value): [value]
        case .choice(let values): values
        case .list(let items): [items[0] ?? Value("")]
        case .map(let items): [items["0"] ?? Value("")]
        case .unset: [Value("")]
        }
    }
}
