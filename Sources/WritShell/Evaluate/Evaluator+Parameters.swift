// SPDX-License-Identifier: Apache-2.0
import WritCore

/// `$x` and `${…}`.
extension Evaluator {
    /// What a parameter stands for before quoting decides what becomes of it.
    private enum Expansion {
        case one(Value)
        /// `$@`, `$*`, `${a[@]}`: several values; `star` ones are joined inside double quotes.
        case list([Value], isStar: Bool)
    }

    /// A parameter's value; `isSet` is nil when the environment may hold it.
    private struct Lookup {
        var value: Value
        var isSet: Bool?
    }

    func expand(_ parameter: Parameter, isQuoted: Bool, _ builder: inout FieldBuilder, _ state: inout ShellState) {
        switch resolve(parameter, &state, depth: 0) {
        case .one(let value):
            // A glob in a value stands for names that it was already replaced by, so quotes change nothing in it.
            if isQuoted || !builder.splits { builder.append(value) } else { builder.appendSplitting(value) }
        case .list(let values, let isStar):
            if isQuoted, isStar || !builder.splits {
                let separator = separators(state).first.map { String(decoding: [$0], as: UTF8.self) } ?? ""
                builder.append(Value.joined(values, separator: isStar ? separator : " "))
                return
            }
            for (index, value) in values.enumerated() {
                if index > 0 { builder.close() }
                if isQuoted || !builder.splits { builder.append(value) } else { builder.appendSplitting(value) }
            }
        }
    }

    // MARK: - Variables

    /// A variable's value, or what its being unset leaves.
    func value(of name: String, _ state: ShellState) -> Value {
        lookUp(name, nil, state).value
    }

    /// Names of variables that hold credentials.
    static func isSecretName(_ name: String) -> Bool {
        if name.utf8.count < 4 || name.utf8.count > 256 { return false }
        let upper = name.utf8.map { $0 >= 0x61 && $0 <= 0x7A ? $0 - 0x20 : $0 }
        if secretEnds.contains(where: { upper.count >= $0.count && upper.suffix($0.count).elementsEqual($0) }) {
            return true
        }
        return upper.indices.contains { at in
            secretParts.contains { part in
                part[0] == upper[at] && at + part.count <= upper.count
                    && upper[at..<(at + part.count)].elementsEqual(part)
            }
        }
    }

    private static let secretEnds: [[UInt8]] = ["_KEY", "_PAT"].map { Array($0.utf8) }
    private static let secretParts: [[UInt8]] = [
        "TOKEN", "SECRET", "PASSWORD", "PASSWD", "API_KEY", "APIKEY", "PRIVATE_KEY", "CREDENTIAL", "ACCESS_KEY",
    ].map { Array($0.utf8) }

    private func lookUp(_ name: String, _ key: String?, _ state: ShellState, depth: Int = 0) -> Lookup {
        if let special = lookUpSpecial(name, state) { return special }
        if let variable = state.variables[name] {
            if variable.attribute == .reference, depth < 8, let target = variable.scalars.first?.text, target != name {
                return lookUp(target, key, state, depth: depth + 1)
            }
            switch variable.content {
            case .unset: return Lookup(value: Value(""), isSet: false)
            case .scalar(let value):
                if let key, key != "0" { return Lookup(value: Value(""), isSet: false) }
                return Lookup(value: value, isSet: true)
            case .choice(let values):
                var taints = Operation.Taints()
                for value in values { taints.formUnion(value.taints) }
                return Lookup(value: .unknown(.variable(name), taints: taints), isSet: true)
            case .list(let items):
                guard let index = Int(key ?? "0") else { return Lookup(value: .unknown(.variable(name)), isSet: nil) }
                let place = index < 0 ? (items.keys.max() ?? -1) + 1 + index : index
                return Lookup(value: items[place] ?? Value(""), isSet: items[place] != nil)
            case .map(let items):
                return Lookup(value: items[key ?? "0"] ?? Value(""), isSet: items[key ?? "0"] != nil)
            }
        }
        if name == "HOME" { return Lookup(value: Value(context.environment[name] ?? context.home), isSet: true) }
        let taints: Operation.Taints = Self.isSecretName(name) ? .secret : []
        if name == "PWD" {
            return Lookup(
                value: state.directories.count == 1 ? state.directories[0] : .unknown(.variable(name)), isSet: true)
        }
        if let text = context.inherited(name) { return Lookup(value: Value(text, taints: taints), isSet: true) }
        if name == "FUNCNAME", let function = callStack.last { return Lookup(value: Value(function), isSet: true) }
        if name == "BASH_SOURCE" { return Lookup(value: state.scriptName, isSet: true) }
        return Lookup(value: .unknown(.environment(name), taints: taints), isSet: nil)
    }

    private func lookUpSpecial(_ name: String, _ state: ShellState) -> Lookup? {
        guard let first = name.utf8.first, !(first >= 0x41 && first <= 0x5A || first >= 0x61 && first <= 0x7A) else {
            return nil
        }
        if first >= 0x30 && first <= 0x39 {
            guard let index = Int(name) else { return Lookup(value: .unknown(.limit), isSet: nil) }
            if index == 0 { return Lookup(value: state.scriptName, isSet: true) }
            if index <= state.arguments.count { return Lookup(value: state.arguments[index - 1], isSet: true) }
            if state.hasUnknownArguments { return Lookup(value: .unknown(.variable(name)), isSet: nil) }
            return Lookup(value: Value(""), isSet: false)
        }
        switch name {
        case "#":
            if state.hasUnknownArguments { return Lookup(value: .unknown(.variable(name)), isSet: true) }
            return Lookup(value: Value(String(state.arguments.count)), isSet: true)
        case "?":
            switch state.status {
            case .success: return Lookup(value: Value("0"), isSet: true)
            case .failure: return Lookup(value: Value("1"), isSet: true)
            case .unknown: return Lookup(value: .unknown(.variable(name)), isSet: true)
            }
        case "$", "!", "_": return Lookup(value: .unknown(.variable(name)), isSet: true)
        case "-": return Lookup(value: Value("hBc"), isSet: true)
        default: return nil
        }
    }

    /// Sets a variable as an assignment does.
    func assign(_ name: String, key: String? = nil, _ value: Value, appends: Bool = false, _ state: inout ShellState) {
        var variable = state.variables[name] ?? Variable(content: .unset)
        if variable.attribute == .reference, let target = variable.scalars.first?.text, target != name,
            state.variables[target]?.attribute != .reference
        {
            assign(target, key: key, value, appends: appends, &state)
            return
        }
        var value = value
        switch variable.attribute {
        case .none, .reference: break
        case .lower: value = value.text.map { Value($0.lowercased(), taints: value.taints) } ?? value
        case .upper: value = value.text.map { Value($0.uppercased(), taints: value.taints) } ?? value
        case .integer:
            value = arithmeticValue(of: value, &state).map { Value(String($0)) } ?? .unknown(.variable(name))
        }
        func extended(_ old: Value?) -> Value {
            guard appends, let old else { return value }
            if variable.attribute == .integer, let first = old.text.flatMap({ Int($0) }),
                let second = value.text.flatMap({ Int($0) })
            {
                return Value(String(first &+ second))
            }
            var whole = old
            whole.append(value)
            return whole
        }
        switch variable.content {
        case .list(var items):
            let index = key.flatMap { Int($0) } ?? 0
            items[index] = extended(items[index])
            variable.content = items.count > 4_096 ? .scalar(.unknown(.limit)) : .list(items)
        case .map(var items):
            items[key ?? "0"] = extended(items[key ?? "0"])
            variable.content = items.count > 4_096 ? .scalar(.unknown(.limit)) : .map(items)
        case .scalar(let old):
            if let key, let index = Int(key) {
                var items = [0: old]
                items[index] = extended(index == 0 ? old : nil)
                variable.content = .list(items)
            } else {
                variable.content = .scalar(extended(old))
            }
        case .choice(let old):
            variable.content = appends ? .choice(old.map { extended($0) }) : .scalar(value)
        case .unset:
            if let key {
                variable.content = Int(key).map { .list([$0: value]) } ?? .map([key: value])
            } else if appends, state.variables[name] == nil {
                var whole = lookUp(name, nil, state).value
                if lookUp(name, nil, state).isSet == nil { whole = Value("") }
                whole.append(value)
                variable.content = .scalar(whole)
            } else {
                variable.content = .scalar(value)
            }
        }
        if context.inherited(name) != nil { variable.isExported = true }
        state.variables[name] = variable
    }

    /// Runs an assignment, whatever its form.
    func assign(_ assignment: Assignment, _ state: inout ShellState, isExported: Bool = false) {
        switch assignment.value {
        case .word(let word):
            let value = word.map { single($0, &state) } ?? Value("", span: assignment.span)
            let key = assignment.index.flatMap { self.key($0, of: assignment.name, &state) }
            assign(assignment.name, key: key, value, appends: assignment.appends, &state)
        case .array(let elements):
            var isMap = false
            if case .map? = state.variables[assignment.name]?.content { isMap = true }
            var list: [Int: Value] = [:]
            var map: [String: Value] = [:]
            if assignment.appends, let old = state.variables[assignment.name] {
                switch old.content {
                case .list(let items): list = items
                case .map(let items): map = items
                case .scalar(let value): list = [0: value]
                case .choice, .unset: break
                }
            }
            var next = (list.keys.max() ?? -1) + 1
            for element in elements {
                if let index = element.index {
                    let value = single(element.value, &state)
                    if isMap {
                        map[single(index, &state).display] = value
                    } else if let place = arithmetic(index, &state), place >= 0, place < 1 << 30 {
                        list[place] = value
                        next = place + 1
                    }
                } else {
                    var values: [Value] = []
                    fields(of: element.value, &state, into: &values)
                    for value in values {
                        list[next] = value
                        next += 1
                    }
                }
                if list.count > 4_096 || map.count > 4_096 { break }
            }
            var variable = state.variables[assignment.name] ?? Variable(content: .unset)
            variable.content = isMap ? .map(map) : .list(list)
            state.variables[assignment.name] = variable
        }
        if isExported { state.variables[assignment.name]?.isExported = true }
    }

    /// The key that an index stands for: a number for lists, text for maps.
    private func key(_ index: Word, of name: String, _ state: inout ShellState) -> String? {
        if case .map? = state.variables[name]?.content { return single(index, &state).display }
        return arithmetic(index, &state).map { String($0) } ?? "0"
    }

    // MARK: - Expansion

    private func resolve(_ parameter: Parameter, _ state: inout ShellState, depth: Int) -> Expansion {
        guard step() else { return .one(.unknown(.limit)) }
        if case .none = parameter.operation, parameter.index == nil, !parameter.isIndirect {
            switch parameter.name {
            case "@", "*": return arguments(parameter, state)
            case "": return .one(.unknown(.variable("")))
            default: return .one(lookUp(parameter.name, nil, state).value)
            }
        }
        if parameter.name.isEmpty {
            guard case .fallback(let form, _, let word) = parameter.operation else {
                return .one(.unknown(.variable("")))
            }
            _ = single(word, &state)
            let isRefused = form == "?" && Self.isNameAndBlank(word)
            return .one(.unknown(.variable(isRefused ? Self.badSubstitution : "")))
        }
        if parameter.isIndirect { return resolveIndirect(parameter, &state, depth: depth) }
        if case .names = parameter.operation { return resolveIndirect(parameter, &state, depth: depth) }
        let indexText = parameter.index?.constantText
        if parameter.name == "@" || parameter.name == "*" {
            guard case .list(let values, let isStar) = arguments(parameter, state) else {
                return .one(.unknown(.limit))
            }
            return apply(parameter.operation, to: values, isStar: isStar, isArguments: true, parameter, &state)
        }
        if indexText == "@" || indexText == "*" {
            return apply(
                parameter.operation, to: elements(of: parameter.name, state), isStar: indexText == "*",
                isArguments: false,
                parameter, &state)
        }
        let key = parameter.index.flatMap { self.key($0, of: parameter.name, &state) }
        let found = lookUp(parameter.name, key, state)
        return .one(apply(parameter.operation, to: found, parameter, &state))
    }

    private func arguments(_ parameter: Parameter, _ state: ShellState) -> Expansion {
        var values = state.arguments
        if state.hasUnknownArguments { values.append(.unknown(.variable("@"))) }
        return .list(values, isStar: parameter.name == "*")
    }

    private func elements(of name: String, _ state: ShellState) -> [Value] {
        guard let variable = state.variables[name] else {
            let found = lookUp(name, nil, state)
            return found.isSet == false ? [] : [found.value]
        }
        switch variable.content {
        case .list(let items): return items.sorted { $0.key < $1.key }.map(\.value)
        case .map(let items): return items.sorted { $0.key < $1.key }.map(\.value)
        case .scalar(let value): return [value]
        case .choice: return [.unknown(.variable(name))]
        case .unset: return []
        }
    }

    /// `${call x}`: a name, a blank, and more. `${ x; }` and the flags of zsh look different.
    private static func isNameAndBlank(_ word: Word) -> Bool {
        guard case .literal(let text)? = word.parts.first else { return false }
        let name = text.utf8.prefix {
            $0 >= 0x61 && $0 <= 0x7A || $0 >= 0x41 && $0 <= 0x5A || $0 >= 0x30 && $0 <= 0x39 || $0 == 0x5F
        }
        guard let first = name.first, first > 0x39 else { return false }
        return text.utf8.dropFirst(name.count).first == 0x20
    }

    private func resolveIndirect(_ parameter: Parameter, _ state: inout ShellState, depth: Int) -> Expansion {
        if case .names = parameter.operation {
            let isStar = parameter.index?.constantText == "*"
            if parameter.index != nil {
                guard let variable = state.variables[parameter.name] else { return .list([], isStar: isStar) }
                switch variable.content {
                case .list(let items): return .list(items.keys.sorted().map { Value(String($0)) }, isStar: isStar)
                case .map(let items): return .list(items.keys.sorted().map { Value($0) }, isStar: isStar)
                case .scalar: return .list([Value("0")], isStar: isStar)
                case .choice, .unset: return .list([], isStar: isStar)
                }
            }
            var names = state.variables.keys.filter { $0.hasPrefix(parameter.name) }.map { String($0) }
            for name in context.environment.keys where name.hasPrefix(parameter.name) && !names.contains(name) {
                names.append(name)
            }
            return .list(names.sorted().map { Value($0) }, isStar: false)
        }
        let key = parameter.index.flatMap { self.key($0, of: parameter.name, &state) }
        let name = lookUp(parameter.name, key, state).value
        guard depth < 8, let text = name.text, !text.isEmpty else {
            return .one(.unknown(.variable(parameter.name), taints: name.taints))
        }
        var target = Parameter(name: text, operation: parameter.operation, span: parameter.span)
        if let open = text.utf8.firstIndex(of: 0x5B), text.utf8.last == 0x5D {
            target.name = String(text[..<open])
            let inside = text[text.index(after: open)..<text.index(before: text.endIndex)]
            runHidden(String(inside), &state)
            target.index = Word(parts: [.literal(String(inside))], span: parameter.span)
        }
        return resolve(target, &state, depth: depth + 1)
    }

    /// Runs the command substitutions in text that the shell expands a second time: indexes, arithmetic, prompts.
    @discardableResult
    func runHidden(_ text: String, _ state: inout ShellState) -> Value? {
        guard text.utf8.contains(0x24) || text.utf8.contains(0x60), codeDepth < Self.codeDepthLimit else { return nil }
        codeDepth += 1
        defer { codeDepth -= 1 }
        let quoted = text.unicodeScalars.reduce(into: "") { whole, scalar in
            if scalar == "\"" { whole += "\\" }
            whole.unicodeScalars.append(scalar)
        }
        let outcome = ShellParser.parse(": \"\(quoted)\"", dialect: dialect)
        guard outcome.error == nil,
            case .simple(_, let words)? = outcome.script.statements.first?.first.commands.first?.body,
            words.count == 2
        else { return nil }
        let outer = baseSpan
        baseSpan = baseSpan ?? current.span
        defer { baseSpan = outer }
        return single(words[1], &state)
    }

    private func apply(
        _ operation: Parameter.Operation, to values: [Value], isStar: Bool, isArguments: Bool, _ parameter: Parameter,
        _ state: inout ShellState
    ) -> Expansion {
        switch operation {
        case .none: return .list(values, isStar: isStar)
        case .length:
            if state.hasUnknownArguments, isArguments { return .one(.unknown(.variable(parameter.name))) }
            return .one(Value(String(values.count)))
        case .slice(let offset, let length):
            guard let from = arithmetic(offset, &state) else {
                return .list([.unknown(.variable(parameter.name))], isStar: isStar)
            }
            let count = length.map { arithmetic($0, &state) }
            let items = isArguments ? [state.scriptName] + values : values
            let start = from < 0 ? items.count + from : (isArguments && from == 0 ? 0 : from)
            guard start >= 0, start <= items.count else { return .list([], isStar: isStar) }
            switch count {
            case .some(nil): return .list([.unknown(.variable(parameter.name))], isStar: isStar)
            case .some(let count?): return .list(Array(items[start...].prefix(max(0, count))), isStar: isStar)
            case nil: return .list(Array(items[start...]), isStar: isStar)
            }
        case .fallback(let name, let treatsEmptyAsUnset, let word):
            let isSet = !values.isEmpty && !(treatsEmptyAsUnset && values.allSatisfy(\.isEmpty))
            switch name {
            case "+": return isSet ? .one(single(word, &state)) : .list([], isStar: isStar)
            case "-", "=": return isSet ? .list(values, isStar: isStar) : .one(single(word, &state))
            default: return .list(values, isStar: isStar)
            }
        case .names: return .list(values, isStar: isStar)
        case .trim, .replace, .changeCase, .transform:
            var results: [Value] = []
            for value in values {
                results.append(apply(operation, to: Lookup(value: value, isSet: true), parameter, &state))
            }
            return .list(results, isStar: isStar)
        }
    }

    private func apply(
        _ operation: Parameter.Operation, to found: Lookup, _ parameter: Parameter, _ state: inout ShellState
    ) -> Value {
        let value = found.value
        let unknown = Value.unknown(.variable(parameter.name), taints: value.taints)
        switch operation {
        case .none, .names: return value
        case .length: return value.text.map { Value(String($0.unicodeScalars.count)) } ?? unknown
        case .fallback(let name, let treatsEmptyAsUnset, let word):
            var isSet = found.isSet
            if isSet == true, treatsEmptyAsUnset, value.isEmpty { isSet = false }
            switch name {
            case "+":
                if isSet == nil { metUndecided = true }
                return isSet == false || isSet == nil && assumesUnset ? Value("") : single(word, &state)
            case "?":
                if isSet != true { _ = single(word, &state) }
                return value
            case "=":
                if isSet == true { return value }
                let given = single(word, &state)
                assign(parameter.name, given, &state)
                return given
            default:
                // Nobody has seen the variable set: the default is what counts.
                return isSet == true ? value : single(word, &state)
            }
        case .trim(let name, let word):
            guard let pattern = patternText(word, &state), let text = value.text else { return unknown }
            return ShellPattern.trim(text, pattern, operator: name).map { Value($0, taints: value.taints) } ?? unknown
        case .replace(let name, let patternWord, let replacementWord):
            let replacement = replacementWord.map { single($0, &state) } ?? Value("")
            guard let pattern = patternText(patternWord, &state), let text = value.text, let with = replacement.text,
                let result = ShellPattern.replace(text, pattern, with: with, operator: name)
            else { return unknown.tainted(replacement.taints) }
            return Value(result, taints: value.taints.union(replacement.taints))
        case .slice(let offsetWord, let lengthWord):
            let offset = arithmetic(offsetWord, &state)
            let length = lengthWord.map { arithmetic($0, &state) }
            guard let text = value.text, let offset else { return unknown }
            let scalars = Array(text.unicodeScalars)
            let start = offset < 0 ? scalars.count + offset : offset
            guard start >= 0, start <= scalars.count else { return Value("") }
            var end = scalars.count
            if case .some(let given) = length {
                guard let given else { return unknown }
                end =
                    given < 0
                    ? scalars.count + given : min(scalars.count, start.addingReportingOverflow(given).partialValue)
            }
            guard end >= start else { return Value("") }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars[start..<end])
            return Value(String(view), taints: value.taints)
        case .changeCase(let name, let word):
            guard let text = value.text else {
                if let word { _ = patternText(word, &state) }
                return unknown
            }
            let isAll = name.utf8.count == 2
            let isUpper = name.hasPrefix("^")
            if let word {
                guard let pattern = patternText(word, &state) else { return unknown }
                var isOpen = true
                let changed = text.map { character -> String in
                    let matches = isOpen && ShellPattern.matches(pattern, String(character))
                    if !isAll { isOpen = false }
                    return matches ? (isUpper ? character.uppercased() : character.lowercased()) : String(character)
                }
                return Value(changed.joined(), taints: value.taints)
            }
            if isAll { return Value(isUpper ? text.uppercased() : text.lowercased(), taints: value.taints) }
            let head = text.prefix(1)
            return Value((isUpper ? head.uppercased() : head.lowercased()) + text.dropFirst(), taints: value.taints)
        case .transform(let name): return transform(name, value, parameter, &state)
        }
    }

    private func transform(_ name: Character, _ value: Value, _ parameter: Parameter, _ state: inout ShellState)
        -> Value
    {
        guard let text = value.text else { return .unknown(.variable(parameter.name), taints: value.taints) }
        switch name {
        case "U": return Value(text.uppercased(), taints: value.taints)
        case "L": return Value(text.lowercased(), taints: value.taints)
        case "u": return Value(text.prefix(1).uppercased() + text.dropFirst(), taints: value.taints)
        case "Q": return Value(Self.shellQuoted(text), taints: value.taints)
        case "A": return Value("\(parameter.name)=\(Self.shellQuoted(text))", taints: value.taints)
        case "E": return Value(Escapes.decoded(text, style: .ansiC), taints: value.taints)
        // The prompt's own substitutions run: `${x@P}` with `$(…)` in `x` is a command.
        case "P": return runHidden(text, &state).map { $0.tainted(value.taints) } ?? value
        case "a": return Value("")
        default: return value
        }
    }

    /// The text in single quotes.
    static func shellQuoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
