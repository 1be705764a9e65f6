// SPDX-License-Identifier: Apache-2.0
import Foundation
import WritCore

/// Examples of our own, made from `examples.grammar` with a fixed seed.
struct Grammar {
    struct Example {
        var phase: Phase
        var isAttack: Bool
        var text: String
    }

    private var slots: [String: [String]] = [:]
    private var kinds: [(phase: Phase, isAttack: Bool, line: String)] = []

    init(_ source: String) {
        var phase = Phase.input
        var isAttack = false
        for line in source.split(separator: "\n") where !line.hasPrefix("# ") || line.contains("{") {
            let words = line.split(separator: " ")
            if words.count == 2, ["attack", "honest"].contains(words[1]),
                ["input", "tool", "skill", "context"].contains(words[0])
            {
                phase =
                    words[0] == "input"
                    ? .input : words[0] == "tool" ? .toolResponse : words[0] == "skill" ? .skill : .contextFile
                isAttack = words[1] == "attack"
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
