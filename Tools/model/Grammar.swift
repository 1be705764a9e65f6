// SPDX-License-Identifier: Apache-2.0
import Foundation
import WritCore

/// Examples of our own, made from `examples.grammar` with a fixed seed.
struct Grammar {
    struct Example {
        var phase: Phase
        var isAttack: Bool
        var text: String
        /// Which of ``WrittenTexts/topics``; none for what the grammar makes.
        var topic = -1
    }

    /// The phase and label that a line `PHASE attack` or `PHASE honest` gives to the lines below it.
    static func heading(_ line: Substring) -> (phase: Phase, isAttack: Bool)? {
        let words = line.split(separator: " ")
        guard words.count == 2, words[1] == "attack" || words[1] == "honest" else { return nil }
        let phases: [Substring: Phase] = [
            "input": .input, "tool": .toolResponse, "context": .contextFile, "skill": .skill,
        ]
        return phases[words[0]].map { ($0, words[1] == "attack") }
    }

    private var slots: [String: [String]] = [:]
    private var kinds: [(phase: Phase, isAttack: Bool, line: String)] = []

    init(_ source: String) {
        var phase = Phase.input
        var isAttack = false
        for line in source.split(separator: "\n") where !line.hasPrefix("# ") || line.contains("{") {
            if let heading = Self.heading(line) {
                (phase, isAttack) = heading
            } else if line.hasPrefix("slot "), let equals = line.range(of: " = ") {
                let name = line[line.index(line.startIndex, offsetBy: 5)..<equals.lowerBound]
                slots[String(name)] = line[equals.upperBound...].components(separatedBy: " | ")
            } else {
                kinds.append((phase, isAttack, String(line)))
            }
        }
    }

    func examples(of each: Int, _ generator: inout SplitMix) -> [Example] {
        var out: [Example] = []
        var seen: Set<String> = []
        for kind in kinds {
            for _ in 0..<each {
                let text = expand(kind.line, 0, &generator).replacingOccurrences(of: "\\n", with: "\n")
                if seen.insert(text).inserted {
                    out.append(Example(phase: kind.phase, isAttack: kind.isAttack, text: text))
                }
            }
        }
        return out
    }

    private func expand(_ line: String, _ depth: Int, _ generator: inout SplitMix) -> String {
        guard depth < 6 else { return "" }
        var out = ""
        var rest = Substring(line)
        while let open = rest.firstIndex(of: "{") {
            out += rest[..<open]
            rest = rest[rest.index(after: open)...]
            guard let close = rest.firstIndex(of: "}"), let choices = slots[String(rest[..<close])] else {
                out += "{"
                continue
            }
            out += expand(choices[Int(generator.next() % UInt64(choices.count))], depth + 1, &generator)
            rest = rest[rest.index(after: close)...]
        }
        return out + rest
    }
}

/// Texts written one by one for this project, in files by topic: what a grammar cannot give is variety. The form is that
/// of the grammar's kinds, without slots.
struct WrittenTexts {
    private(set) var topics: [String] = []
    private(set) var examples: [Grammar.Example] = []

    init(folder: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where name.hasSuffix(".txt") {
            var heading: (phase: Phase, isAttack: Bool)?
            for line in try String(contentsOfFile: folder + "/" + name, encoding: .utf8).split(separator: "\n") {
                if let found = Grammar.heading(line) {
                    heading = found
                } else if let heading {
                    examples.append(
                        Grammar.Example(
                            phase: heading.phase, isAttack: heading.isAttack,
                            text: line.replacingOccurrences(of: "\\n", with: "\n"), topic: topics.count))
                }
            }
            topics.append(String(name.dropLast(4)))
        }
    }
}
