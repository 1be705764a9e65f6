// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Recipes of a justfile: what is asked for, after what it depends on.
extension Evaluator {
    func justScripts(_ words: [Value], in folder: String) -> BuildScripts? {
        var goals: [String] = []
        var settings: [String: Value] = [:]
        var rest = words[...]
        while let word = rest.popFirst() {
            guard let text = word.text else { return nil }
            if ["-f", "--justfile", "-d", "--working-directory"].contains(text) { return nil }
            if text.hasPrefix("-") {
                if ["-n", "--dry-run", "-l", "--list", "--show", "-s", "--summary", "--fmt", "--dump"].contains(text) {
                    return nil
                }
                continue
            }
            if goals.isEmpty, let (name, value) = word.split(at: UInt8(ascii: "=")), let name = name.text {
                settings[name] = value
            } else {
                goals.append(text)
            }
        }
        guard let file = nearest(["justfile", "Justfile", ".justfile"], from: folder) else { return nil }
        var build = BuildScripts()
        build.taints = file.text.taints
        guard let text = file.text.literalText else { return file.text.taints.isEmpty ? nil : build }
        let recipes = JustFile(text)
        let first = goals.first ?? recipes.order.first ?? ""
        var open = [first]
        var done: Set<String> = []
        var found: [JustFile.Recipe] = []
        while let name = open.popLast(), found.count < 64 {
            guard let recipe = recipes.named[name] else {
                // A word behind a recipe may be its argument.
                if name == first { return nil }
                continue
            }
            guard done.insert(name).inserted else { continue }
            found.append(recipe)
            open += recipe.needs
        }
        if first == goals.first {
            for goal in goals.dropFirst() { if let more = recipes.named[goal] { found.append(more) } }
        }
        let values = recipes.variables.merging(settings.mapValues { $0 }) { _, given in given }
        for recipe in found.reversed() {
            var lines: [Value] = []
            for line in recipe.lines { lines.append(JustFile.filled(line, values)) }
            guard !lines.isEmpty else { continue }
            let whole = Value.joined(lines, separator: "\n")
            build.scripts.append(
                BuildScripts.Script(
                    code: whole, directory: Value(file.folder), language: Self.interpreter(of: whole),
                    source: "the recipe \(recipe.name)"))
        }
        return build
    }
}

/// The recipes of a justfile. Settings, attributes and modules are passed over.
struct JustFile {
    struct Recipe {
        var name: String
        var needs: [String] = []
        var lines: [String] = []
    }

    var order: [String] = []
    var named: [String: Recipe] = [:]
    var variables: [String: Value] = [:]

    init(_ text: String) {
        var open: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).prefix(20_000) {
            let isIndented = line.hasPrefix(" ") || line.hasPrefix("\t")
            let plain = line.trimmingBlanks
            if isIndented, let name = open {
                var code = plain
                while let first = code.first, first == "@" || first == "-" { code = code.dropFirst() }
                if !plain.isEmpty { named[name]?.lines.append(String(code)) }
                continue
            }
            if plain.isEmpty || plain.hasPrefix("#") || plain.hasPrefix("[") { continue }
            open = nil
            if let sign = String(plain).firstPlace(of: ":=") {
                let whole = String(plain)
                let name = whole[..<sign.lowerBound].split(separator: " ").last.map(String.init) ?? ""
                variables[name] = Self.expression(whole[sign.upperBound...].trimmingBlanks)
                continue
            }
            guard let colon = plain.firstIndex(of: ":") else { continue }
            let head = plain[..<colon].split(separator: " ")
            guard var name = head.first.map(String.init) else { continue }
            while name.hasPrefix("@") { name.removeFirst() }
            let tail = plain[plain.index(after: colon)...].split(whereSeparator: { " ()&".contains($0) })
            named[name] = Recipe(name: name, needs: tail.prefix { $0 != "#" }.map(String.init))
            order.append(name)
            open = name
        }
    }

    /// A string; any other expression is not known.
    private static func expression(_ text: Substring) -> Value {
        guard let quote = text.first, quote == "\"" || quote == "'", text.count > 1, text.last == quote,
            !text.dropFirst().dropLast().contains(quote)
        else { return .unknown(text.hasPrefix("`") ? .output : .variable("just")) }
        return Value(String(text.dropFirst().dropLast()))
    }

    /// A line with `{{name}}` replaced; parameters and functions are not known.
    static func filled(_ line: String, _ values: [String: Value]) -> Value {
        var result = Value("")
        var rest = line
        while let start = rest.firstPlace(of: "{{") {
            result.append(text: String(rest[..<start.lowerBound]))
            let behind = String(rest[start.upperBound...])
            guard let end = behind.firstPlace(of: "}}") else { break }
            let name = String(behind[..<end.lowerBound][...].trimmingBlanks)
            result.append(values[name] ?? .unknown(.variable(name)))
            rest = String(behind[end.upperBound...])
        }
        result.append(text: rest)
        return result
    }
}
