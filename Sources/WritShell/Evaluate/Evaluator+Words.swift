// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Words become fields: braces, tildes, parameters, commands, arithmetic, splitting, and globs left live.
extension Evaluator {
    /// Collects the fields of one word.
    struct FieldBuilder {
        var fields: [Value] = []
        var value = Value("")
        var isOpen = false
        /// Fields are split and globs live (arguments), or not (assignments, here-documents).
        let splits: Bool
        let separators: [UInt8]

        mutating func append(text: String) {
            value.append(text: text)
            isOpen = true
        }

        mutating func append(_ other: Value) {
            value.append(other)
            isOpen = true
        }

        mutating func close() {
            if isOpen { fields.append(value) }
            value = Value("")
            isOpen = false
        }

        /// Adds the result of an unquoted expansion: it is split at separators and its globs are live.
        mutating func appendSplitting(_ other: Value) {
            guard splits else {
                append(other)
                return
            }
            value.taints.formUnion(other.taints)
            for piece in other.pieces {
                guard case .text(let text) = piece else {
                    value.append(piece)
                    isOpen = true
                    continue
                }
                var run: [UInt8] = []
                var isAfterBlank = false
                for byte in text.utf8 {
                    if separators.contains(byte) {
                        if !run.isEmpty {
                            Evaluator.appendLive(run, to: &value)
                            isOpen = true
                            run = []
                        }
                        let isBlank = byte == 0x20 || byte == 0x09 || byte == 0x0A
                        if isOpen {
                            let taints = value.taints
                            close()
                            value.taints = taints
                        } else if !isBlank, !isAfterBlank {
                            fields.append(Value("", taints: value.taints))
                        }
                        isAfterBlank = isBlank
                    } else {
                        run.append(byte)
                    }
                }
                if !run.isEmpty {
                    Evaluator.appendLive(run, to: &value)
                    isOpen = true
                }
                if fields.count > 4_096 {
                    value = .unknown(.limit, taints: value.taints)
                    isOpen = true
                    return
                }
            }
        }
    }

    /// Adds text whose glob characters are live.
    static func appendLive(_ bytes: [UInt8], to value: inout Value) {
        guard bytes.contains(where: { $0 == 0x2A || $0 == 0x3F || $0 == 0x5B }) else {
            value.append(text: String(decoding: bytes, as: UTF8.self))
            return
        }
        var start = 0
        var at = 0
        while at < bytes.count {
            var end = at
            switch bytes[at] {
            case 0x2A, 0x3F: end = at + 1
            case 0x5B:
                // `[…]` within one path segment; an open bracket alone is text.
                var close = at + 1
                if close < bytes.count, bytes[close] == 0x21 || bytes[close] == 0x5E { close += 1 }
                if close < bytes.count, bytes[close] == 0x5D { close += 1 }
                while close < bytes.count, bytes[close] != 0x5D, bytes[close] != 0x2F { close += 1 }
                if close < bytes.count, bytes[close] == 0x5D { end = close + 1 }
            default: break
            }
            if end > at {
                if start < at { value.append(text: String(decoding: bytes[start..<at], as: UTF8.self)) }
                value.append(.glob(String(decoding: bytes[at..<end], as: UTF8.self)))
                at = end
                start = end
            } else {
                at += 1
            }
        }
        if start < bytes.count { value.append(text: String(decoding: bytes[start...], as: UTF8.self)) }
    }

    func separators(_ state: ShellState) -> [UInt8] {
        guard let variable = state.variables["IFS"] else { return [0x20, 0x09, 0x0A] }
        if case .unset = variable.content { return [0x20, 0x09, 0x0A] }
        return Array((variable.scalars.first?.text ?? " \t\n").utf8)
    }

    // MARK: - Whole words

    /// The fields that a word of a command becomes.
    func fields(of word: Word, _ state: inout ShellState, into fields: inout [Value]) {
        if word.parts.count == 1 {
            switch word.parts[0] {
            case .literal(let text):
                if !text.utf8.contains(where: { Self.isSpecial($0) }) {
                    fields.append(Value(pieces: [.text(text)], span: word.span))
                    return
                }
            case .quoted(let text):
                fields.append(Value(text, span: word.span))
                return
            default: break
            }
        }
        guard step() else { return }
        var words = [word]
        let hasBrace = word.parts.contains {
            if case .literal(let text) = $0 { text.utf8.contains(0x7B) } else { false }
        }
        if hasBrace {
            guard let expanded = BraceExpansion.words(of: word) else {
                fields.append(.unknown(.limit, span: word.span))
                return
            }
            words = expanded
        }
        for word in words {
            var builder = FieldBuilder(splits: true, separators: separators(state))
            for (index, part) in word.parts.enumerated() {
                expand(part, isFirst: index == 0, isQuoted: false, &builder, &state)
            }
            builder.close()
            for var field in builder.fields {
                field.span = word.span
                fields.append(field)
            }
        }
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x2A, 0x3F, 0x5B, 0x7B, 0x7E, 0x3D: true
        default: false
        }
    }

    /// A word that is neither split nor matched against files: right of `=`, after `case`, in `[[`, a here-document.
    func single(_ word: Word, _ state: inout ShellState) -> Value {
        if word.parts.count == 1 {
            switch word.parts[0] {
            case .literal(let text) where !text.utf8.contains(0x7E): return Value(text, span: word.span)
            case .quoted(let text): return Value(text, span: word.span)
            default: break
            }
        }
        guard step() else { return .unknown(.limit, span: word.span) }
        var builder = FieldBuilder(splits: false, separators: [])
        for (index, part) in word.parts.enumerated() {
            expand(part, isFirst: index == 0, isQuoted: false, isAssignment: true, &builder, &state)
        }
        var value =
            builder.fields.isEmpty
            ? builder.value : Value.joined(builder.fields + (builder.isOpen ? [builder.value] : []), separator: " ")
        value.span = word.span
        return value
    }

    /// A here-document: parts as in double quotes.
    func document(_ word: Word, _ state: inout ShellState) -> Value {
        var builder = FieldBuilder(splits: false, separators: [])
        for part in word.parts { expand(part, isFirst: false, isQuoted: true, &builder, &state) }
        builder.close()
        var value = Value.joined(builder.fields, separator: " ")
        value.span = word.span
        return value
    }

    /// A pattern with `\` before every quoted character that would be special; nil when it is not known.
    func patternText(_ word: Word, _ state: inout ShellState) -> String? {
        var text = ""
        for part in word.parts {
            switch part {
            case .literal(let literal):
                // Extended patterns, when they are on: what they match is not followed.
                if literal.utf8.contains(0x28),
                    ["?(", "*(", "+(", "@(", "!("].contains(where: { literal.contains($0) })
                {
                    return nil
                }
                text += literal
            case .quoted(let quoted): text += Self.escaped(quoted)
            case .pattern(let name, let words):
                for word in words { _ = patternText(word, &state) }
                _ = name
                return nil
            case .doubleQuoted:
                guard let value = single(Word(parts: [part], span: word.span), &state).text else { return nil }
                text += Self.escaped(value)
            case .parameter, .command, .arithmetic, .process:
                guard let value = single(Word(parts: [part], span: word.span), &state).literalText else { return nil }
                text += value
            }
        }
        return text
    }

    private static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x2A || $0 == 0x3F || $0 == 0x5B || $0 == 0x5C }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if scalar == "*" || scalar == "?" || scalar == "[" || scalar == "\\" { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
        return result
    }

    // MARK: - Parts

    private func expand(
        _ part: Word.Part, isFirst: Bool, isQuoted: Bool, isAssignment: Bool = false, _ builder: inout FieldBuilder,
        _ state: inout ShellState
    ) {
        switch part {
        case .literal(let text):
            if isQuoted {
                builder.append(text: text)
            } else {
                expandLiteral(text, isFirst: isFirst, isAssignment: isAssignment, &builder, state)
            }
        case .quoted(let text): builder.append(text: text)
        case .doubleQuoted(let parts):
            // `"$@"` without arguments is no field; `""` is one.
            if !parts.contains(where: Self.isList) { builder.append(text: "") }
            for part in parts { expand(part, isFirst: false, isQuoted: true, &builder, &state) }
        case .parameter(let parameter): expand(parameter, isQuoted: isQuoted, &builder, &state)
        case .command(let script, _):
            let value = substitute(script, &state)
            if isQuoted || !builder.splits { builder.append(value) } else { builder.appendSplitting(value) }
        case .arithmetic(let word):
            let number = arithmetic(word, &state)
            builder.append(number.map { Value(String($0)) } ?? .unknown(.variable("arithmetic")))
        case .process(let isInput, let script, let span):
            builder.append(process(isInput: isInput, script, span, state))
        case .pattern(let name, let words):
            // Extended globs: what they match is some text; every alternative is expanded for its effects.
            for word in words { _ = single(word, &state) }
            builder.append(Value(pieces: [.glob(name == "!" ? "*" : "*")]))
        }
    }

    private static func isList(_ part: Word.Part) -> Bool {
        guard case .parameter(let parameter) = part else { return false }
        if parameter.name == "@" { return true }
        return parameter.index?.constantText == "@"
    }

    private func expandLiteral(
        _ text: String, isFirst: Bool, isAssignment: Bool, _ builder: inout FieldBuilder, _ state: ShellState
    ) {
        var rest = Substring(text)
        if isFirst, text.utf8.first == 0x7E {
            let end = text.utf8.firstIndex { $0 == 0x2F || (isAssignment && $0 == 0x3A) } ?? text.endIndex
            if let home = tilde(text[text.index(after: text.startIndex)..<end], state) {
                builder.append(home)
                rest = text[end...]
            }
        } else if isFirst, !isAssignment, let (name, user) = Self.tildeAfterName(text),
            let home = tilde(user, state)
        {
            // `dd of=~/x`: what looks like an assignment is treated as one, also where it is an argument.
            builder.append(text: String(name))
            builder.append(home)
            rest = text[user.endIndex...]
        } else if isFirst, dialect == .zsh, text.utf8.first == 0x3D, text.utf8.count > 1 {
            // zsh: `=ls` is the path of `ls`.
            builder.append(text: "/usr/bin/")
            rest = text.dropFirst()
        }
        if isAssignment, rest.utf8.contains(0x7E), rest.utf8.contains(0x3A) {
            // `PATH=~/a:~/b`: a tilde after a colon counts too.
            for (index, field) in rest.split(separator: ":", omittingEmptySubsequences: false).enumerated() {
                if index > 0 { builder.append(text: ":") }
                let end = field.utf8.firstIndex(of: 0x2F) ?? field.endIndex
                if index > 0, field.utf8.first == 0x7E,
                    let home = tilde(field[field.index(after: field.startIndex)..<end], state)
                {
                    builder.append(home)
                    builder.append(text: String(field[end...]))
                } else {
                    builder.append(text: String(field))
                }
            }
            return
        }
        if rest.isEmpty { return }
        builder.isOpen = true
        if builder.splits {
            Self.appendLive(Array(rest.utf8), to: &builder.value)
        } else {
            builder.value.append(text: String(rest))
        }
    }

    /// `name=` and the user in `name=~user/…`.
    private static func tildeAfterName(_ text: String) -> (name: Substring, user: Substring)? {
        guard let equals = text.utf8.firstIndex(of: 0x3D), equals != text.startIndex else { return nil }
        let tilde = text.utf8.index(after: equals)
        guard tilde < text.endIndex, text.utf8[tilde] == 0x7E else { return nil }
        let name = text[..<equals].utf8
        guard
            name.allSatisfy({ ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || $0 >= 0x30 && $0 <= 0x39 || $0 == 0x5F }),
            let first = name.first, first < 0x30 || first > 0x39
        else { return nil }
        let start = text.utf8.index(after: tilde)
        return (text[...equals], text[start..<(text.utf8[start...].firstIndex(of: 0x2F) ?? text.endIndex)])
    }

    /// What `~name` stands for.
    func tilde(_ name: Substring, _ state: ShellState) -> Value? {
        switch name {
        case "": return value(of: "HOME", state)
        case "+": return state.directories.count == 1 ? state.directories[0] : .unknown(.variable("PWD"))
        case "-": return value(of: "OLDPWD", state)
        case "root": return Value("/root")
        default:
            guard
                name.utf8.allSatisfy({
                    ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || $0 >= 0x30 && $0 <= 0x39 || $0 == 0x5F || $0 == 0x2D
                        || $0 == 0x2E
                })
            else { return nil }
            if name == context.user { return Value(context.home) }
            return Value("/home/" + name)
        }
    }

    // MARK: - Substitutions

    /// `$(…)`: the output without line ends at its end.
    func substitute(_ script: ShellScript, _ state: inout ShellState) -> Value {
        guard step(), nesting < Self.nestingLimit else {
            reachLimit("nested deeper than is followed")
            return .unknown(.limit)
        }
        nesting += 1
        defer { nesting -= 1 }
        // `$(<file)`
        let outer = current
        defer { current = outer }
        var copy = state
        var streams = Streams()
        streams.captures = true
        frames.append(Frame(kind: .shell))
        var output = capturing { run(script, &copy, streams) }
        frames.removeLast()
        state.status = copy.status
        output = output.withoutTrailingNewlines
        if output.taints.isEmpty, !output.isKnown, let name = Self.recipeVariable(script),
            state.functions[name] == nil
        {
            return .unknown(.environment(name))
        }
        return output
    }

    /// `$(CC) -o x x.c`: a line of a make recipe, where `$(CC)` is a variable. No program has such a name.
    private static func recipeVariable(_ script: ShellScript) -> String? {
        guard script.statements.count == 1, let statement = script.statements.first, statement.rest.isEmpty,
            statement.first.commands.count == 1, let command = statement.first.commands.first,
            command.redirections.isEmpty, case .simple(let assignments, let words) = command.body, assignments.isEmpty,
            words.count == 1, let name = words[0].constantText, name.utf8.count > 1,
            name.utf8.allSatisfy({ $0 >= 0x41 && $0 <= 0x5A || $0 >= 0x30 && $0 <= 0x39 || $0 == 0x5F }),
            name.utf8.first.map({ $0 > 0x39 }) == true, !ProgramTable.builtIn.contains(name)
        else { return nil }
        return name
    }

    /// `<(…)` and `>(…)`: a path whose content is the output, or whose writer feeds the script.
    private func process(isInput: Bool, _ script: ShellScript, _ span: SourceSpan, _ state: ShellState) -> Value {
        guard step() else { return .unknown(.limit) }
        let path = "/dev/fd/\(descriptorPaths)"
        descriptorPaths += 1
        if isInput {
            var copy = state
            let outer = current
            var streams = Streams()
            streams.captures = true
            let output = capturing { run(script, &copy, streams) }
            current = outer
            files[path] = WrittenFile(content: output)
        } else {
            sinks.append(Sink(path: path, script: script, span: span))
        }
        return Value(path)
    }
}
