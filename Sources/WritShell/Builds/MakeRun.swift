// SPDX-License-Identifier: Apache-2.0
import WritCore

extension Evaluator {
    /// The recipes that `make` would run for its goals, expanded.
    func makeScripts(_ words: [Value], in folder: String) -> BuildScripts? {
        var goals: [String] = []
        var given: [String: Value] = [:]
        var names: [String] = []
        var isDry = false
        var rest = words[...]
        while let word = rest.popFirst() {
            guard let text = word.text else {
                // A goal or a value that is computed: any recipe can be meant.
                if let (name, value) = word.split(at: UInt8(ascii: "=")), let name = name.text {
                    given[name] = value
                    continue
                }
                return nil
            }
            switch text {
            case "-f", "--file", "--makefile": if let name = rest.popFirst()?.text { names.append(name) }
            case "-C", "--directory", "-I", "-o", "-W", "-E", "--eval": rest = rest.dropFirst()
            case "-n", "--just-print", "--dry-run", "--recon", "-q", "-t", "--version", "--help": isDry = true
            case "-j", "-l": if let next = rest.first?.text, Int(next) != nil { rest = rest.dropFirst() }
            default:
                if text.hasPrefix("-f") {
                    names.append(String(text.dropFirst(2)))
                } else if text.hasPrefix("--file=") || text.hasPrefix("--makefile=") {
                    names += text.split(separator: "=", maxSplits: 1).dropFirst().map(String.init)
                } else if text.hasPrefix("-") {
                    continue
                } else if let (name, value) = word.split(at: UInt8(ascii: "=")), let name = name.text {
                    given[name.filter { $0 != ":" }] = value
                } else {
                    goals.append(text)
                }
            }
        }
        let paths =
            names.isEmpty
            ? ["GNUmakefile", "makefile", "Makefile"].map { PathText.absolute($0, in: folder, home: context.home) }
            : names.map { PathText.absolute($0, in: folder, home: context.home) }
        let texts = paths.compactMap { knownText($0) }
        guard let first = texts.first, names.isEmpty || texts.count == names.count else { return nil }
        var run = MakeRun(evaluator: self, folder: folder, given: given)
        run.build.taints = texts.reduce(into: []) { $0.formUnion($1.taints) }
        for text in names.isEmpty ? [first] : texts {
            guard let text = text.literalText else { return run.build.taints.isEmpty ? nil : run.build }
            run.read(MakeFile(text), depth: 0)
        }
        if !isDry { run.make(goals) }
        return run.build
    }
}

/// One run of make: variables and rules in the order of the file, then the goals with what they need.
struct MakeRun {
    private static let depthLimit = 24
    private static let expansionLimit = 20_000
    private static let targetLimit = 500

    let evaluator: Evaluator
    let folder: String
    let given: [String: Value]
    var build = BuildScripts()
    private var variables: [String: Variable] = [:]
    private var rules: [MakeFile.Rule] = []
    private var expansionsLeft = MakeRun.expansionLimit
    private var recipes: [Value] = []

    private struct Variable {
        var text: String
        /// Expanded when it was set.
        var value: Value?
    }

    init(evaluator: Evaluator, folder: String, given: [String: Value]) {
        self.evaluator = evaluator
        self.folder = folder
        self.given = given
    }

    // MARK: Reading

    mutating func read(_ file: MakeFile, depth: Int) {
        if file.isCut { build.isWhole = false }
        for item in file.items {
            switch item {
            case .assignment(let assignment): assign(assignment)
            case .rule(let rule):
                let targets = rule.targets.flatMap { words(of: $0) }
                let needs = rule.needs.flatMap { words(of: $0) }
                rules.append(MakeFile.Rule(targets: targets, needs: needs, recipe: rule.recipe))
            case .include(let names, let isOptional):
                for name in words(of: names) {
                    let path = PathText.absolute(name, in: folder, home: evaluator.context.home)
                    if depth < 8, let text = evaluator.knownText(path) {
                        build.taints.formUnion(text.taints)
                        if let text = text.literalText { read(MakeFile(text), depth: depth + 1) }
                    } else if !isOptional || depth >= 8 {
                        build.isWhole = false
                    }
                }
            case .text(let text): _ = expand(text)
            }
        }
    }

    private mutating func assign(_ assignment: MakeFile.Assignment) {
        let name = assignment.name
        // One of two values, and nobody knows which: the last one is followed, and the run is not known as a whole.
        if assignment.isConditional, variables[name] != nil { build.isWhole = false }
        switch assignment.sign {
        case "?=": if variables[name] == nil { variables[name] = Variable(text: assignment.value) }
        case "+=":
            let before = variables[name]
            if let value = before?.value {
                let whole = Value.joined([value, expand(assignment.value)], separator: " ")
                variables[name] = Variable(text: "", value: whole)
            } else {
                variables[name] = Variable(text: (before.map { $0.text + " " } ?? "") + assignment.value)
            }
        case "!=": variables[name] = Variable(text: "", value: shell(expand(assignment.value)))
        case ":=": variables[name] = Variable(text: "", value: expand(assignment.value))
        default: variables[name] = Variable(text: assignment.value)
        }
    }

    /// The words of a text after expansion; what is not known is left out.
    private mutating func words(of text: String) -> [String] {
        if !text.utf8.contains(0x24) { return text.split(whereSeparator: { " \t".contains($0) }).map(String.init) }
        return expand(text).splitIntoWords().compactMap(\.text)
    }

    // MARK: Running

    mutating func make(_ goals: [String]) {
        var goals = goals
        if goals.isEmpty {
            if let name = variables[".DEFAULT_GOAL"] { goals = words(of: name.text) }
            let first = rules.lazy.flatMap(\.targets).first { !$0.hasPrefix(".") && !$0.contains("%") }
            if goals.isEmpty, let first { goals = [first] }
        }
        var seen: Set<String> = []
        for goal in goals { reach(goal, &seen, depth: 0) }
        if goals.isEmpty
            || recipes.isEmpty && !goals.allSatisfy({ goal in rules.contains { $0.targets.contains(goal) } })
        {
            // Built-in rules, or a goal that no rule at hand makes.
            build.isWhole = false
        }
        let isOneShell = rules.contains { $0.targets.contains(".ONESHELL") }
        let language = shellName
        for recipe in isOneShell && !recipes.isEmpty ? [Value.joined(recipes, separator: "\n")] : recipes {
            build.scripts.append(
                BuildScripts.Script(code: recipe, directory: Value(folder), language: language, source: "the make file")
            )
        }
    }

    /// What `SHELL` names, when it is an interpreter of another language.
    private var shellName: String {
        let name = (variables["SHELL"]?.value?.text ?? variables["SHELL"]?.text ?? "sh").split(separator: " ").first
        return name.flatMap { Languages.name(of: String($0).baseName) } ?? "sh"
    }

    private mutating func reach(_ target: String, _ seen: inout Set<String>, depth: Int) {
        guard seen.insert(target).inserted else { return }
        if seen.count > Self.targetLimit || depth > 64 {
            build.isWhole = false
            return
        }
        var found: [(rule: MakeFile.Rule, stem: String)] = []
        for rule in rules where rule.targets.contains(target) { found.append((rule, "")) }
        if !found.contains(where: { !$0.rule.recipe.isEmpty }) {
            for rule in rules {
                guard let stem = rule.targets.lazy.compactMap({ MakeFile.stem(of: target, in: $0) }).first else {
                    continue
                }
                found.append((rule, stem))
                break
            }
        }
        for (rule, stem) in found {
            let needs = rule.needs.map { need in
                need.contains("%")
                    ? need.split(separator: "%", omittingEmptySubsequences: false).joined(separator: stem) : need
            }
            for need in needs { reach(need, &seen, depth: depth + 1) }
            let automatic: [String: String] = [
                "@": target, "<": needs.first ?? "", "^": needs.joined(separator: " "),
                "+": needs.joined(separator: " "),
                "?": needs.joined(separator: " "), "*": stem, "|": "", "%": "",
            ]
            for line in rule.recipe {
                let code = expand(line, automatic: automatic)
                for line in Self.lines(of: code) {
                    let plain = Self.withoutMarks(line)
                    if !plain.isEmpty { recipes.append(plain) }
                }
            }
        }
    }

    /// A recipe line that a variable made of several is as many commands; a continued line is one.
    private static func lines(of code: Value) -> [Value] {
        guard let text = code.text, text.contains("\n") else { return [code] }
        var lines: [String] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
            if let last = lines.last, last.hasSuffix("\\") {
                lines[lines.count - 1] = last + "\n" + line
            } else {
                lines.append(String(line))
            }
        }
        return lines.map { Value($0, taints: code.taints) }
    }

    /// `@`, `-` and `+` in front say how make runs the line.
    private static func withoutMarks(_ line: Value) -> Value {
        guard case .text(let text)? = line.pieces.first else { return line }
        return line.dropping(text.utf8.prefix { [0x40, 0x2D, 0x2B, 0x20, 0x09].contains($0) }.count)
    }

    // MARK: Expansion

    private mutating func expand(_ text: String, automatic: [String: String] = [:], depth: Int = 0) -> Value {
        guard text.utf8.contains(0x24) else { return Value(text) }
        expansionsLeft -= 1
        guard depth < Self.depthLimit, expansionsLeft > 0 else {
            build.isWhole = false
            return .unknown(.limit)
        }
        var result = Value("")
        let bytes = Array(text.utf8)
        var at = 0
        var start = 0
        func flush(_ end: Int) {
            if end > start { result.append(text: String(decoding: bytes[start..<end], as: UTF8.self)) }
        }
        while at < bytes.count {
            guard bytes[at] == 0x24, at + 1 < bytes.count else {
                at += 1
                continue
            }
            flush(at)
            let next = bytes[at + 1]
            if next == 0x24 {
                result.append(text: "$")
                at += 2
            } else if next == 0x28 || next == 0x7B {
                let end = Self.closing(bytes, at + 1)
                let inner = String(decoding: bytes[(at + 2)..<end], as: UTF8.self)
                result.append(reference(inner, automatic, depth))
                at = min(bytes.count, end + 1)
            } else {
                result.append(variable(String(decoding: [next], as: UTF8.self), automatic, depth))
                at += 2
            }
            start = at
        }
        flush(bytes.count)
        return result
    }

    private static func closing(_ bytes: [UInt8], _ open: Int) -> Int {
        let (left, right) = bytes[open] == 0x28 ? (UInt8(0x28), UInt8(0x29)) : (UInt8(0x7B), UInt8(0x7D))
        var depth = 0
        for at in open..<bytes.count {
            if bytes[at] == left { depth += 1 }
            if bytes[at] == right {
                depth -= 1
                if depth == 0 { return at }
            }
        }
        return bytes.count
    }

    /// What stands in `$(…)`: a function with its arguments, a substitution, or a name.
    private mutating func reference(_ inner: String, _ automatic: [String: String], _ depth: Int) -> Value {
        let name = inner.prefix { $0 != " " && $0 != "\t" }
        if name.count < inner.count {
            let rest = String(inner.dropFirst(name.count).drop { $0 == " " || $0 == "\t" })
            return function(String(name), rest, automatic, depth)
        }
        if let colon = inner.firstIndex(of: ":"), let equals = inner[colon...].firstIndex(of: "=") {
            let from = String(inner[inner.index(after: colon)..<equals])
            let to = String(inner[inner.index(after: equals)...])
            let value = variable(String(inner[..<colon]), automatic, depth)
            let hasStem = from.contains("%")
            return mapped(value) { word in
                Self.substituted(word, hasStem ? from : "%" + from, hasStem ? to : "%" + to)
            }
        }
        let plain = inner.utf8.contains(0x24) ? expand(inner, automatic: automatic, depth: depth + 1).text : inner
        return plain.map { variable($0, automatic, depth) } ?? .unknown(.variable("make"))
    }

    private mutating func variable(_ name: String, _ automatic: [String: String], _ depth: Int) -> Value {
        if let text = automatic[name] { return Value(text) }
        if name.count == 2, let first = name.first, let text = automatic[String(first)] {
            // `$(@D)` and `$(@F)`.
            return mapped(Value(text)) { name.last == "D" ? Self.folder(of: $0) : $0.baseName }
        }
        if let value = given[name] { return value }
        if let variable = variables[name] {
            return variable.value ?? expand(variable.text, automatic: automatic, depth: depth + 1)
        }
        switch name {
        case "MAKE": return Value("make")
        case "RM": return Value("rm -f")
        case "CC": return Value("cc")
        case "CXX": return Value("c++")
        case "AR": return Value("ar")
        case "SHELL": return Value("/bin/sh")
        case "CURDIR": return Value(folder)
        case "MAKEFLAGS", "MFLAGS", "MAKECMDGOALS", "MAKEFILE_LIST", "ARFLAGS", "CFLAGS", "CXXFLAGS", "CPPFLAGS",
            "LDFLAGS",
            "LDLIBS", "ARGS":
            return Value("")
        default: break
        }
        if let text = evaluator.context.inherited(name) { return Value(text) }
        let taints: Operation.Taints = Evaluator.isSecretName(name) ? .secret : []
        return .unknown(.environment(name), taints: taints)
    }

    private mutating func function(_ name: String, _ rest: String, _ automatic: [String: String], _ depth: Int) -> Value
    {
        var parts = Self.arguments(rest)
        func argument(_ index: Int) -> String { index < parts.count ? parts[index] : "" }
        switch name {
        case "shell": return shell(expand(rest, automatic: automatic, depth: depth + 1))
        case "info", "warning", "error": return Value("")
        case "eval":
            let text = expand(rest, automatic: automatic, depth: depth + 1)
            if let text = text.text, depth < 4 { read(MakeFile(text), depth: 6) } else { build.isWhole = false }
            return Value("")
        case "strip": return mapped(expand(rest, automatic: automatic, depth: depth + 1)) { $0 }
        case "addprefix", "addsuffix":
            let more = expand(argument(0), automatic: automatic, depth: depth + 1)
            let value = expand(argument(1), automatic: automatic, depth: depth + 1)
            guard let more = more.text else { return .unknown(.variable("make"), taints: value.taints) }
            return mapped(value) { name == "addprefix" ? more + $0 : $0 + more }
        case "notdir": return mapped(expand(rest, automatic: automatic, depth: depth + 1)) { $0.baseName }
        case "dir": return mapped(expand(rest, automatic: automatic, depth: depth + 1)) { Self.folder(of: $0) + "/" }
        case "abspath", "realpath":
            let value = expand(rest, automatic: automatic, depth: depth + 1)
            let (folder, home) = (folder, evaluator.context.home)
            return mapped(value) { PathText.absolute($0, in: folder, home: home) }
        case "wildcard":
            // Names that match are not known; the pattern is, and the shell expands it.
            return expand(rest, automatic: automatic, depth: depth + 1)
        case "patsubst", "subst":
            let from = expand(argument(0), automatic: automatic, depth: depth + 1).text
            let to = expand(argument(1), automatic: automatic, depth: depth + 1).text
            let value = expand(argument(2), automatic: automatic, depth: depth + 1)
            guard let from, let to else { return .unknown(.variable("make"), taints: value.taints) }
            if name == "patsubst" { return mapped(value) { Self.substituted($0, from, to) } }
            return value.replacing(from, with: Value(to))
        case "firstword", "lastword", "sort":
            let value = expand(rest, automatic: automatic, depth: depth + 1)
            guard let text = value.text else { return value }
            let words = text.split(whereSeparator: { " \t\n".contains($0) }).map(String.init)
            switch name {
            case "firstword": return Value(words.first ?? "", taints: value.taints)
            case "lastword": return Value(words.last ?? "", taints: value.taints)
            default: return Value(words.sorted().joined(separator: " "), taints: value.taints)
            }
        case "if":
            let condition = expand(argument(0), automatic: automatic, depth: depth + 1)
            let yes = expand(argument(1), automatic: automatic, depth: depth + 1)
            let no = expand(argument(2), automatic: automatic, depth: depth + 1)
            if let text = condition.text { return text[...].trimmingBlanks.isEmpty ? no : yes }
            // One of two, and nobody knows which.
            build.isWhole = false
            return yes.isEmpty ? no : yes
        case "or", "and":
            let values = parts.map { expand($0, automatic: automatic, depth: depth + 1) }
            if values.contains(where: { !$0.isKnown }) { build.isWhole = false }
            let firstKnown = values.first { !$0.isEmpty } ?? Value("")
            return name == "or" ? firstKnown : values.contains { $0.isEmpty } ? Value("") : values.last ?? Value("")
        case "call":
            guard let called = expand(argument(0), automatic: automatic, depth: depth + 1).text else {
                return .unknown(.variable("make"))
            }
            parts.removeFirst()
            var inner = automatic
            for (index, part) in parts.enumerated().prefix(16) {
                inner["\(index + 1)"] = expand(part, automatic: automatic, depth: depth + 1).text ?? "*"
            }
            return expand(variables[called.filter { $0 != " " }]?.text ?? "", automatic: inner, depth: depth + 1)
        default:
            var taints: Operation.Taints = []
            for part in parts { taints.formUnion(expand(part, automatic: automatic, depth: depth + 1).taints) }
            return .unknown(.variable("make"), taints: taints)
        }
    }

    /// Parts at commas outside of parentheses.
    private static func arguments(_ text: String) -> [String] {
        var parts: [[UInt8]] = [[]]
        var depth = 0
        for byte in text.utf8 {
            if byte == 0x28 || byte == 0x7B { depth += 1 }
            if byte == 0x29 || byte == 0x7D { depth -= 1 }
            if byte == 0x2C, depth <= 0, parts.count < 64 {
                parts.append([])
            } else {
                parts[parts.count - 1].append(byte)
            }
        }
        return parts.map { String(decoding: $0, as: UTF8.self) }
    }

    private func mapped(_ value: Value, _ change: (String) -> String) -> Value {
        guard let text = value.text else { return value }
        let words = text.split(whereSeparator: { " \t\n".contains($0) }).map { change(String($0)) }
        return Value(words.joined(separator: " "), taints: value.taints)
    }

    private static func substituted(_ word: String, _ from: String, _ to: String) -> String {
        guard let stem = MakeFile.stem(of: word, in: from) else { return word == from ? to : word }
        return to.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false).joined(separator: stem)
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// `$(shell …)`: it runs while the file is read, and its output becomes text.
    private func shell(_ code: Value) -> Value {
        var state = ShellState(directory: Value(folder))
        let output = evaluator.capturing {
            var streams = Streams()
            streams.captures = true
            evaluator.runCode(code, language: "sh", name: Value("sh"), arguments: [], &state, streams)
        }
        guard let text = output.withoutTrailingNewlines.text else { return output.withoutTrailingNewlines }
        return Value(String(text.map { $0 == "\n" ? " " : $0 }), taints: output.taints)
    }
}
