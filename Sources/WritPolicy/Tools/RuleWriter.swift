// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Writes rules as policy text.
struct RuleWriter {
    struct Draft: Sendable, Hashable {
        var name: String
        var action: String
        /// Keys of `match` with their items.
        var match: [(key: String, items: [String])] = []
        var when: String?
        var message: String?
        var severity: String?
        var examples: [String] = []
        var counterexamples: [String] = []

        static func == (left: Draft, right: Draft) -> Bool { left.text == right.text }
        func hash(into hasher: inout Hasher) { hasher.combine(text) }

        var text: String {
            var out = "  - name: \(name)\n    action: \(action)\n"
            if let severity { out += "    severity: \(severity)\n" }
            if !match.isEmpty {
                out += "    match:\n"
                for (key, items) in match {
                    out += "      \(key): [\(items.map(RuleWriter.quoted).joined(separator: ", "))]\n"
                }
            }
            if let when { out += "    when: \(RuleWriter.quoted(when))\n" }
            if let message { out += "    message: \(RuleWriter.quoted(message))\n" }
            if !examples.isEmpty || !counterexamples.isEmpty {
                out += "    examples:\n"
                if !examples.isEmpty {
                    out += "      match: [\(examples.map(RuleWriter.quoted).joined(separator: ", "))]\n"
                }
                if !counterexamples.isEmpty {
                    out += "      no_match: [\(counterexamples.map(RuleWriter.quoted).joined(separator: ", "))]\n"
                }
            }
            return out
        }
    }

    /// A single-quoted scalar. Line ends and what cannot be shown become blanks: a rule is read by people.
    static func quoted(_ text: String) -> String {
        var clean = ""
        for scalar in text.unicodeScalars {
            clean.unicodeScalars.append(
                InvisibleText.isInvisible(scalar) || scalar == "\n" || scalar == "\r" || scalar == "\t" ? " " : scalar)
        }
        return "'" + clean.replacing("'", with: "''") + "'"
    }

    private var used: Set<String> = []

    /// A name made of words, unlike all before it.
    mutating func name(_ words: String...) -> String {
        let joined = words.joined(separator: "-").lowercased()
        var text = ""
        for character in joined {
            if character.isASCII, character.isLetter || character.isNumber {
                text.append(character)
            } else if text.last != "-", !text.isEmpty {
                text.append("-")
            }
        }
        while text.last == "-" { text.removeLast() }
        text = String(text.prefix(60))
        if text.isEmpty { text = "rule" }
        var name = text
        var count = 2
        while !used.insert(name).inserted {
            name = "\(text)-\(count)"
            count += 1
        }
        return name
    }

    static func document(name: String, layer: Layer, _ rules: [Draft], tail: String = "") -> String {
        var text = "version: \"2\"\nmetadata: {name: \(name), layer: \(layer.name), revision: 1}\n"
        if !rules.isEmpty { text += "\nrules:\n" + rules.map(\.text).joined() }
        return text + tail
    }
}
