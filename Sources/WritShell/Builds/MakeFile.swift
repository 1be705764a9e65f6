// SPDX-License-Identifier: Apache-2.0
import WritCore

/// A make file as far as running it needs: variables, rules with their recipes, what it includes. Both branches of a
/// conditional count, because what decides between them is mostly the environment.
struct MakeFile {
    struct Rule {
        var targets: [String]
        var needs: [String]
        var recipe: [String]
    }

    struct Assignment {
        var name: String
        /// `=`, `:=`, `?=`, `+=` or `!=`.
        var sign: String
        var value: String
        /// It stands between `ifeq` and `endif`, so that it may not be made.
        var isConditional = false
    }

    enum Item {
        case assignment(Assignment)
        case rule(Rule)
        case include(String, isOptional: Bool)
        /// Text that make expands where it stands: `$(shell …)`, `$(eval …)`.
        case text(String)
    }

    /// Longer files are cut, and the cut is said.
    static let lineLimit = 20_000

    var items: [Item] = []
    var isCut = false

    init(_ text: String) {
        var lines: [String] = []
        var open: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if lines.count >= Self.lineLimit {
                isCut = true
                break
            }
            var whole = line.last == "\r" ? String(line.dropLast()) : String(line)
            if let before = open { whole = before + (before.hasPrefix("\t") ? "\n" : " ") + whole }
            if Self.endsInOddBackslashes(whole), whole.utf8.count < 65_536 {
                open = whole.hasPrefix("\t") ? whole : String(whole.dropLast())
            } else {
                lines.append(whole)
                open = nil
            }
        }
        if let open { lines.append(open) }
        read(lines[...])
    }

    private static func endsInOddBackslashes(_ line: String) -> Bool {
        line.utf8.reversed().prefix { $0 == 0x5C }.count % 2 == 1
    }

    private mutating func read(_ lines: ArraySlice<String>) {
        var lines = lines
        // The rule that recipe lines belong to.
        var place: Int?
        var conditions = 0
        while let line = lines.popFirst() {
            if line.hasPrefix("\t"), let place, case .rule(var rule) = items[place] {
                rule.recipe.append(String(line.dropFirst()))
                items[place] = .rule(rule)
                continue
            }
            var plain = Substring(line).trimmingBlanks
            if plain.isEmpty || plain.hasPrefix("#") { continue }
            let word = plain.prefix { $0 != " " && $0 != "\t" && $0 != "(" }
            switch word {
            case "ifeq", "ifneq", "ifdef", "ifndef":
                conditions += 1
                continue
            case "else": continue
            case "endif":
                conditions -= 1
                continue
            case "include", "-include", "sinclude":
                items.append(
                    .include(String(plain.dropFirst(word.count).trimmingBlanks), isOptional: word != "include"))
                place = nil
                continue
            case "define":
                let name = String(plain.dropFirst(6).trimmingBlanks.prefix { $0 != " " && $0 != "=" && $0 != ":" })
                var body: [String] = []
                while let next = lines.popFirst(), !Substring(next).trimmingBlanks.hasPrefix("endef") {
                    body.append(next)
                }
                items.append(
                    .assignment(Assignment(name: name, sign: "=", value: body.joined(separator: "\n"))))
                place = nil
                continue
            case "export", "override", "private", "unexport":
                plain = plain.dropFirst(word.count).trimmingBlanks
            case "vpath": continue
            default: break
            }
            if let hash = Self.commentStart(plain) { plain = plain[..<hash].trimmingBlanks }
            if var assignment = Self.assignment(plain) {
                assignment.isConditional = conditions > 0
                items.append(.assignment(assignment))
                place = nil
            } else if let rule = Self.rule(plain) {
                place = items.count
                items.append(.rule(rule))
            } else {
                items.append(.text(String(plain)))
                place = nil
            }
        }
    }

    private static func commentStart(_ line: Substring) -> Substring.Index? {
        var before: Character = " "
        var depth = 0
        for index in line.indices {
            switch line[index] {
            case "(", "{": depth += 1
            case ")", "}": depth -= 1
            case "#" where before != "\\" && depth <= 0: return index
            default: break
            }
            before = line[index]
        }
        return nil
    }

    private static func assignment(_ line: Substring) -> Assignment? {
        var depth = 0
        var sign: (start: Substring.Index, end: Substring.Index)?
        for index in line.indices {
            switch line[index] {
            case "(", "{": depth += 1
            case ")", "}": depth -= 1
            case "=" where depth <= 0:
                var start = index
                while start > line.startIndex {
                    let before = line.index(before: start)
                    guard ":?+!".contains(line[before]) else { break }
                    start = before
                }
                sign = (start, line.index(after: index))
            case ":" where depth <= 0:
                // A colon that no `=` follows ends the targets of a rule.
                let next = line[index...].drop { $0 == ":" }
                if next.first != "=" { return nil }
            default: break
            }
            if sign != nil { break }
        }
        guard let sign else { return nil }
        let name = line[..<sign.start].trimmingBlanks
        if name.isEmpty || name.contains(" ") { return nil }
        let kind = line[sign.start..<sign.end]
        return Assignment(
            name: String(name), sign: kind == "::=" || kind == ":::=" ? ":=" : String(kind),
            value: String(line[sign.end...].trimmingBlanks))
    }

    private static func rule(_ line: Substring) -> Rule? {
        var depth = 0
        guard
            let colon = line.indices.first(where: { index in
                switch line[index] {
                case "(", "{": depth += 1
                case ")", "}": depth -= 1
                default: break
                }
                return line[index] == ":" && depth <= 0
            })
        else { return nil }
        let targets = line[..<colon].split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "&" }).map(String.init)
        guard !targets.isEmpty else { return nil }
        var tail = line[colon...].drop { $0 == ":" }
        var recipe: [String] = []
        if let semicolon = tail.firstIndex(of: ";") {
            recipe = [String(tail[tail.index(after: semicolon)...].trimmingBlanks)]
            tail = tail[..<semicolon]
        }
        // `%.o: src/%.o: src/%.c`: the last part holds what is needed.
        let needs = (tail.split(separator: ":").last ?? "").split(whereSeparator: { " \t|".contains($0) })
        return Rule(targets: targets, needs: needs.map(String.init), recipe: recipe)
    }

    /// What `%` stands for when a pattern names a target; nil when it does not.
    static func stem(of target: String, in pattern: String) -> String? {
        guard let percent = pattern.firstIndex(of: "%") else { return nil }
        let head = pattern[..<percent]
        let tail = pattern[pattern.index(after: percent)...]
        guard target.count >= head.count + tail.count, target.hasPrefix(head), target.hasSuffix(tail) else {
            return nil
        }
        return String(target.dropFirst(head.count).dropLast(tail.count))
    }
}
