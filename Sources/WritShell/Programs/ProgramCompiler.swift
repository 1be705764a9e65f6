// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Why a program table was refused.
public struct ProgramTableFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// The table's name.
    public let table: String
    /// One line, with the bad word in backticks.
    public let message: String
    /// 1-based.
    public let line: Int

    /// `table:line: message`.
    public var description: String { "\(table):\(line): \(message)" }
}

/// Makes a ``ProgramDefinition`` of the lines of a table.
struct ProgramCompiler: Sendable {
    let table: String
    /// Lines before the program in its table.
    let offset: Int
    /// Lines that `use NAME` brings in.
    let shared: @Sendable (String) -> [Outline.Node]?
    /// Only whoever tries the examples needs them; a command that is judged does not wait for them.
    var readsExamples = true

    func definition(_ node: Outline.Node, name: String) throws(ProgramTableFault) -> ProgramDefinition {
        try definition(node, name: name, parent: nil)
    }

    private func definition(
        _ node: Outline.Node, name: String, parent: ProgramDefinition.Draft?
    ) throws(ProgramTableFault) -> ProgramDefinition {
        var draft = ProgramDefinition.Draft(name: name)
        if let parent {
            draft.style = parent.style
            draft.allowsAbbreviations = parent.allowsAbbreviations
            if parent.isInherited {
                // Same indices as in the parent, so that what was seen before the sub-command keeps its meaning.
                draft.options = parent.options
                draft.isInherited = true
            }
        }
        let lines = try expanded(node.children, depth: 0)
        // Options first: conditions and sub-commands refer to them.
        for line in lines { try addOption(line, to: &draft) }
        for line in lines where line.keyword == "option" {
            let spelling = Self.spelling(line.value)
            guard let index = draft.options.lastIndex(where: { $0.spellings.first == spelling }) else { continue }
            let words = Self.afterFirstWord(line.value)
            guard !words.isEmpty else { continue }
            draft.options[index].actions.append(try action(words, line: line.line, draft: draft))
        }
        for line in lines { try addRule(line, to: &draft) }
        for line in lines where line.keyword == "command" {
            let names = line.value.words.map(String.init)
            guard let first = names.first else { throw fault("sub-command without a name", line) }
            let parent = draft
            let command = ProgramDefinition.Later { () throws(ProgramTableFault) in
                try definition(line, name: first, parent: parent)
            }
            for name in names { draft.commands[name] = command }
        }
        return ProgramDefinition(draft)
    }

    private func expanded(_ nodes: [Outline.Node], depth: Int) throws(ProgramTableFault) -> [Outline.Node] {
        guard nodes.contains(where: { $0.keyword == "use" }) else { return nodes }
        guard depth < 4 else {
            throw ProgramTableFault(table: table, message: "`use` goes too deep", line: nodes[0].line + offset)
        }
        var all: [Outline.Node] = []
        for node in nodes {
            guard node.keyword == "use" else {
                all.append(node)
                continue
            }
            for name in node.value.split(separator: " ") {
                guard let lines = shared(String(name)) else { throw fault("nothing shared is called `\(name)`", node) }
                all += try expanded(lines, depth: depth + 1)
            }
        }
        return all
    }

    private func fault(_ message: String, _ node: Outline.Node) -> ProgramTableFault {
        ProgramTableFault(table: table, message: message, line: node.line + offset)
    }

    private static func spelling(_ value: String) -> String? {
        value.firstWord.parts(at: UInt8(ascii: ",")).first.map { part in
            part.utf8.firstIndex(of: UInt8(ascii: "=")).map { equals in
                equals == part.startIndex ? String(part) : String(part[..<equals])
            } ?? String(part)
        }
    }

    private static func afterFirstWord(_ value: String) -> Substring {
        guard let blank = value.utf8.firstIndex(of: 0x20) else { return "" }
        return Substring(value.utf8[blank...].drop { $0 == 0x20 })
    }

    // MARK: Options

    private func addOption(_ line: Outline.Node, to draft: inout ProgramDefinition.Draft) throws(ProgramTableFault) {
        switch line.keyword {
        case "flags":
            for word in line.value.words {
                draft.options.append(
                    .init(
                        spellings: word.parts(at: UInt8(ascii: ",")).map(String.init), values: 0, isOptional: false,
                        actions: []))
            }
        case "values":
            for word in line.value.words {
                draft.options.append(
                    .init(
                        spellings: word.parts(at: UInt8(ascii: ",")).map(String.init), values: 1, isOptional: false,
                        actions: []))
            }
        case "option":
            var word = line.value.firstWord
            guard !word.isEmpty else { throw fault("option without a spelling", line) }
            var values = 0
            var isOptional = false
            var isNumeric = false
            // `=` before the end belongs to a `key=` spelling of the keys style, which always takes a value.
            if word.hasSuffix("=?") {
                word = word.dropLast(2)
                values = 1
                isOptional = true
            } else if word.hasSuffix("=#") {
                word = word.dropLast(2)
                values = 1
                isOptional = true
                isNumeric = true
            } else if word.hasSuffix("=") {
                word = word.dropLast()
                values = 1
            } else if let last = word.last, let digit = last.wholeNumberValue, word.dropLast().hasSuffix("="), digit > 0
            {
                word = word.dropLast(2)
                values = digit
            }
            let spellings = word.parts(at: UInt8(ascii: ",")).map(String.init)
            draft.options.append(
                .init(spellings: spellings, values: values, isOptional: isOptional, isNumeric: isNumeric, actions: []))
        default: break
        }
    }

    // MARK: Everything else

    private func addRule(_ line: Outline.Node, to draft: inout ProgramDefinition.Draft) throws(ProgramTableFault) {
        switch line.keyword {
        case "option", "flags", "values", "command", "use": break
        case "style":
            guard let style = ProgramDefinition.Style(rawValue: line.value) else {
                throw fault("no style is called `\(line.value)`", line)
            }
            draft.style = style
        case "inherit": draft.isInherited = true
        case "exact-options": draft.allowsAbbreviations = false
        case "trait":
            for word in line.value.words { draft.traits.insert(try trait(word, line.line)) }
        case "arg":
            guard let number = Int(line.value.prefix { $0 != " " }), number > 0 else {
                throw fault("`arg` needs a number", line)
            }
            draft.places.append(
                (.at(number - 1), try action(Self.afterFirstWord(line.value), line: line.line, draft: draft)))
        case "last": draft.places.append((.last, try action(line.value[...], line: line.line, draft: draft)))
        case "rest": draft.places.append((.rest, try action(line.value[...], line: line.line, draft: draft)))
        case "all": draft.places.append((.all, try action(line.value[...], line: line.line, draft: draft)))
        case "effect": draft.fixed.append(try action(line.value[...], line: line.line, draft: draft))
        case "op":
            let kind = line.value.prefix { $0 != " " }
            let text = "op:\(kind) " + Self.afterFirstWord(line.value)
            draft.fixed.append(try action(text[...], line: line.line, draft: draft))
        case "output":
            let word = line.value.prefix { $0 != " " }
            let rest = try action(Self.afterFirstWord(line.value), line: line.line, draft: draft)
            let output: Effect.Output
            switch word {
            case "passes": output = .passesInput
            case "decodes": output = .decodes
            case "network": output = .network
            case "secret": output = .secret
            case "plain": output = .plain
            default: throw fault("no output is called `\(word)`", line)
            }
            draft.outputs.append(.init(output: output, conditions: rest.conditions))
        case "run", "join": draft.tails.append(try tail(line, draft))
        case "reader":
            guard let reader = ProgramReaders.named[line.value] else {
                throw fault("no reader is called `\(line.value)`", line)
            }
            draft.reader = reader
        case "match", "no_match":
            guard readsExamples else { break }
            let mustMatch = line.keyword == "match"
            let parts = line.value.split(separator: " => ", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 {
                draft.examples.append(
                    .init(
                        command: String(parts[0]), expected: String(parts[1]), mustMatch: mustMatch,
                        line: line.line + offset))
            } else if line.value.hasSuffix(" =>") {
                draft.examples.append(
                    .init(
                        command: String(line.value.dropLast(3)), expected: "", mustMatch: mustMatch,
                        line: line.line + offset))
            } else {
                throw fault("an example needs ` => `", line)
            }
        default: throw fault("no line begins with `\(line.keyword)`", line)
        }
    }

    private func tail(_ line: Outline.Node, _ draft: ProgramDefinition.Draft) throws(ProgramTableFault)
        -> ProgramDefinition.Tail
    {
        var words = line.value.split(separator: " ")[...]
        guard let number = words.popFirst().flatMap({ Int($0) }), number > 0 else {
            throw fault("`\(line.keyword)` needs a number", line)
        }
        var tail = ProgramDefinition.Tail(from: number - 1)
        if line.keyword == "join" { tail.joins = words.popFirst().map(String.init) ?? "sh" }
        while let word = words.popFirst() {
            switch word {
            case "remote": tail.isRemote = true
            case "no-input": tail.takesInput = false
            case "input-arguments": tail.takesInputArguments = true
            case "assignments": tail.takesAssignments = true
            case "permute": tail.isPermuting = true
            case "if":
                for word in words { tail.conditions.append(try condition(word, line.line, draft)) }
                words = []
            default: throw fault("`\(word)` is not understood here", line)
            }
        }
        return tail
    }

    private func action(_ text: Substring, line: Int, draft: ProgramDefinition.Draft) throws(ProgramTableFault)
        -> TableAction
    {
        var action = TableAction(roles: [], traits: [], conditions: [], detail: "")
        var text = text
        if text.hasPrefix(": ") {
            action.detail = String(text.dropFirst(2))
            text = ""
        } else if let (before, after) = Self.splitAtColon(text) {
            action.detail = String(after)
            text = before
        }
        var isCondition = false
        for word in text.words {
            if word == "if" {
                isCondition = true
            } else if isCondition {
                action.conditions.append(try condition(word, line, draft))
            } else if word.hasPrefix("+") {
                action.traits.insert(try trait(word.dropFirst(), line))
            } else {
                action.roles.append(try role(word, line))
            }
        }
        return action
    }

    /// The parts around the first ` : `. By bytes: tables are read when a hook starts.
    private static func splitAtColon(_ text: Substring) -> (Substring, Substring)? {
        let utf8 = text.utf8
        var index = utf8.startIndex
        while let colon = utf8[index...].firstIndex(of: UInt8(ascii: ":")) {
            let next = utf8.index(after: colon)
            if colon > utf8.startIndex, next < utf8.endIndex, utf8[utf8.index(before: colon)] == 0x20,
                utf8[next] == 0x20
            {
                return (text[..<utf8.index(before: colon)], text[utf8.index(after: next)...])
            }
            index = next
        }
        return nil
    }

    private func trait(_ word: Substring, _ line: Int) throws(ProgramTableFault) -> Operation.Traits {
        guard let found = Operation.Traits.names.first(where: { $0.name == word }) else {
            throw ProgramTableFault(table: table, message: "no trait is called `\(word)`", line: line + offset)
        }
        return found.trait
    }

    private func role(_ word: Substring, _ line: Int) throws(ProgramTableFault) -> ValueRole {
        if let equals = word.firstIndex(of: "=") {
            return .fixed(try role(word[..<equals], line), String(word[word.index(after: equals)...]))
        }
        let parts = word.split(separator: ":", maxSplits: 1)
        let name = parts.first ?? ""
        let parameter = parts.count == 2 ? String(parts[1]) : ""
        switch (name, parameter.isEmpty) {
        case ("ignore", true): return .ignore
        case ("read", true): return .read
        case ("write", true): return .write
        case ("append", true): return .append
        case ("delete", true): return .delete
        case ("search", true): return .search
        case ("mode", true): return .mode
        case ("connect", true): return .connect
        case ("listen", true): return .listen
        case ("upload", true): return .upload
        case ("text", true): return .text
        case ("directory", true): return .directory
        case ("data", true): return .data
        case ("form", true): return .form
        case ("source", true): return .source
        case ("target", true): return .target
        case ("at", true): return .at
        case ("header", true): return .header
        case ("credential", true): return .credential
        case ("code", false): return .code(parameter)
        case ("file", false): return .file(parameter)
        case ("input", false): return .input(parameter)
        case ("run", true): return .run
        case ("words", true): return .words
        case ("package", false): return .package(.pkgInstall, parameter)
        case ("publish", false): return .package(.pkgPublish, parameter)
        case ("env", true): return .environment
        case ("method", true): return .method(nil)
        case ("method", false): return .method(parameter)
        case ("unread", true): return .unread
        case ("escape", true): return .escape
        case ("secret", true): return .secret
        case ("op", false):
            guard let kind = Operation.Kind(rawValue: parameter) else {
                throw ProgramTableFault(
                    table: table, message: "no operation is called `\(parameter)`", line: line + offset)
            }
            return .operation(kind)
        default: throw ProgramTableFault(table: table, message: "no role is called `\(word)`", line: line + offset)
        }
    }

    private func condition(
        _ word: Substring, _ line: Int, _ draft: ProgramDefinition.Draft
    ) throws(ProgramTableFault) -> TableCondition {
        let isNegated = word.hasPrefix("!")
        let text = isNegated ? word.dropFirst() : word
        if text == "noargs" { return .count(1, isNegated: !isNegated) }
        if text == "args" { return .count(1, isNegated: isNegated) }
        if text == "input" { return .input(isNegated: isNegated) }
        if text.hasPrefix("args>"), let number = Int(text.dropFirst(5)) {
            return .count(number + 1, isNegated: isNegated)
        }
        var name = text
        var glob: TableCondition.Glob?
        if let equals = text.dropFirst().firstIndex(of: "=") {
            name = text[..<equals]
            glob = TableCondition.Glob(text[text.index(after: equals)...])
        }
        if let glob, name == "any" { return .anyArgument(glob, isNegated: isNegated) }
        if let glob, let number = Int(name), number > 0 { return .argument(number - 1, glob, isNegated: isNegated) }
        guard let index = draft.options.lastIndex(where: { $0.spellings.contains(String(name)) }) else {
            throw ProgramTableFault(
                table: table, message: "the condition `\(word)` names no option of the program", line: line + offset)
        }
        if let glob { return .optionValue(index, glob, isNegated: isNegated) }
        return .option(index, isNegated: isNegated)
    }
}

/// By bytes: a program's lines are read while the first command that names it waits.
extension StringProtocol where SubSequence == Substring {
    fileprivate var words: [Substring] { self[...].parts(at: 0x20) }

    fileprivate var firstWord: Substring { self[..<(utf8.firstIndex(of: 0x20) ?? endIndex)] }
}

extension Substring {
    fileprivate func parts(at byte: UInt8) -> [Substring] { utf8.split(separator: byte).map { Substring($0) } }
}
