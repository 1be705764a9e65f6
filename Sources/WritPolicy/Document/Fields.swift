// SPDX-License-Identifier: Apache-2.0
import WritCore

/// A mapping read against a section of the schema: unknown keys are reported once, values by their type.
struct Fields {
    let mark: SourceMark
    let section: PolicySchema.Section
    /// A mapping has few keys: looking at each is faster than hashing them.
    private let members: [YAMLNode.Member]
    let diagnostics: Diagnostics

    init(_ node: YAMLNode, _ section: PolicySchema.Section, _ diagnostics: Diagnostics) {
        self.diagnostics = diagnostics
        self.section = section
        mark = node.mark
        guard let all = node.members else {
            diagnostics.error(.wrongType, "\(section.title) must be a mapping, not \(node.typeName)", at: node.mark)
            members = []
            return
        }
        var known: [YAMLNode.Member] = []
        known.reserveCapacity(all.count)
        for member in all {
            guard section.keys.contains(where: { $0.name == member.key }) else {
                diagnostics.error(
                    .unknownKey, "unknown key \(quoted(member.key)) in \(section.title)", at: member.keyMark,
                    hint: Suggestion.hint(for: member.key, in: section.keys.map(\.name)))
                continue
            }
            known.append(member)
        }
        for key in section.keys where key.isRequired && !known.contains(where: { $0.key == key.name }) {
            diagnostics.error(.missingKey, "\(section.title) needs the key `\(key.name)`", at: node.mark)
        }
        members = known
    }

    private func member(_ key: String) -> YAMLNode.Member? { members.last { $0.key == key } }

    func has(_ key: String) -> Bool { member(key) != nil }

    func keyMark(_ key: String) -> SourceMark? { member(key)?.keyMark }

    func node(_ key: String) -> YAMLNode? { member(key)?.value }

    func wrong(_ key: String, _ expected: String, _ node: YAMLNode) {
        diagnostics.error(.wrongType, "`\(key)` must be \(expected), not \(node.typeName)", at: node.mark)
    }

    /// A string. Numbers and booleans are not taken for one: `name: on` is a string in YAML 1.2, `name: 1` is a slip.
    func marked(_ key: String) -> Marked<String>? {
        guard let node = node(key) else { return nil }
        guard let text = node.string else {
            wrong(key, "a string", node)
            return nil
        }
        return Marked(text, node.mark)
    }

    func string(_ key: String) -> String? { marked(key)?.value }

    func bool(_ key: String) -> Bool? {
        guard let node = node(key) else { return nil }
        guard case .bool(let value) = node.content else {
            let isOldBoolean = ["yes", "no", "on", "off", "y", "n"].contains(node.text.lowercased())
            diagnostics.error(
                .wrongType,
                "`\(key)` must be `true` or `false`, not \(isOldBoolean ? quoted(node.text) : node.typeName)",
                at: node.mark)
            return nil
        }
        return value
    }

    func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let node = node(key) else { return nil }
        guard case .integer(let wide) = node.content else {
            wrong(key, "a whole number", node)
            return nil
        }
        guard let value = Int(exactly: wide), range.contains(value) else {
            diagnostics.error(
                .unknownValue, "`\(key)` must be between \(range.lowerBound) and \(range.upperBound), not \(wide)",
                at: node.mark)
            return nil
        }
        return value
    }

    func number(_ key: String, in range: ClosedRange<Double>) -> Double? {
        guard let node = node(key) else { return nil }
        let value: Double
        switch node.content {
        case .integer(let integer): value = Double(integer)
        case .number(let number): value = number
        case .null, .bool, .string, .sequence, .mapping:
            wrong(key, "a number", node)
            return nil
        }
        guard range.contains(value) else {
            diagnostics.error(
                .unknownValue, "`\(key)` must be between \(range.lowerBound) and \(range.upperBound)", at: node.mark)
            return nil
        }
        return value
    }

    /// One of the words that the schema lists for the key.
    func choice(_ key: String) -> String? {
        guard let marked = marked(key) else { return nil }
        guard let schema = section.keys.first(where: { $0.name == key }), case .choice(let words) = schema.shape else {
            return marked.value
        }
        guard words.contains(marked.value) else {
            diagnostics.error(
                .unknownValue, "`\(key)` cannot be \(quoted(marked.value))", at: marked.mark,
                hint: Suggestion.hint(for: marked.value, in: words))
            return nil
        }
        return marked.value
    }

    func verdict(_ key: String) -> Verdict? { choice(key).flatMap { Verdict(name: $0) } }

    func severity(_ key: String) -> Severity? { choice(key).flatMap { Severity(name: $0) } }

    /// A list of strings, or one string in its place.
    func strings(_ key: String) -> [Marked<String>]? {
        guard let node = node(key) else { return nil }
        if let text = node.string { return [Marked(text, node.mark)] }
        guard let elements = node.elements else {
            wrong(key, "a list of strings", node)
            return nil
        }
        guard isWithinLimit(key, elements) else { return nil }
        var out: [Marked<String>] = []
        for element in elements {
            guard let text = element.string else {
                diagnostics.error(
                    .wrongType, "`\(key)` must hold strings, not \(element.typeName)", at: element.mark,
                    hint: "write it between single quotes")
                continue
            }
            out.append(Marked(text, element.mark))
        }
        return out
    }

    /// A list of words, each one of those that the schema lists.
    func choices(_ key: String) -> [String]? {
        guard let items = strings(key) else { return nil }
        guard let schema = section.keys.first(where: { $0.name == key }), case .list(.choice(let words)) = schema.shape
        else { return items.map(\.value) }
        return items.compactMap { item in
            if words.contains(item.value) { return item.value }
            diagnostics.error(
                .unknownValue, "`\(key)` cannot hold \(quoted(item.value))", at: item.mark,
                hint: Suggestion.hint(for: item.value, in: words))
            return nil
        }
    }

    /// The elements of a list of mappings.
    func elements(_ key: String) -> [YAMLNode] {
        guard let node = node(key) else { return [] }
        guard let elements = node.elements else {
            wrong(key, "a list", node)
            return []
        }
        return isWithinLimit(key, elements) ? elements : []
    }

    /// Far above what people write by hand; what is generated belongs into several files.
    private static let maximumElements = 5_000

    private func isWithinLimit(_ key: String, _ elements: [YAMLNode]) -> Bool {
        guard elements.count > Self.maximumElements else { return true }
        diagnostics.error(
            .tooMany, "`\(key)` has \(elements.count) entries (at most \(Self.maximumElements))",
            at: elements[Self.maximumElements].mark)
        return false
    }

    /// The members of a mapping with free keys.
    func members(_ key: String) -> [YAMLNode.Member] {
        guard let node = node(key) else { return [] }
        guard let members = node.members else {
            wrong(key, "a mapping", node)
            return []
        }
        return members
    }

    /// A duration in seconds: a whole number with `s`, `m`, `h` or `d`.
    func duration(_ key: String) -> Int? {
        guard let marked = marked(key) else { return nil }
        guard let seconds = Moment.seconds(of: marked.value) else {
            diagnostics.error(
                .badDuration, "`\(key)` is no duration: \(quoted(marked.value))", at: marked.mark,
                hint: "a whole number with s, m, h or d: `10m`")
            return nil
        }
        return seconds
    }

    /// A date as seconds since 1970.
    func date(_ key: String) -> Int64? {
        guard let marked = marked(key) else { return nil }
        guard let seconds = Moment.unix(marked.value) else {
            diagnostics.error(
                .badDate, "`\(key)` is no date: \(quoted(marked.value))", at: marked.mark,
                hint: "`2026-12-31` or `2026-12-31T18:00:00Z`")
            return nil
        }
        return seconds
    }
}

/// Dates as policies spell them, for those who write policies.
public enum PolicyDate {
    /// Seconds since 1970 of `2026-12-31` (its first second, UTC) or `2026-12-31T18:00:00Z`; nil for anything else.
    public static func seconds(_ text: String) -> Int64? { Moment.unix(text) }
}

/// Durations and dates as policies spell them.
enum Moment {
    /// `10m` → 600. At most ten years, so that sums cannot overflow.
    static func seconds(of text: String) -> Int? {
        guard let unit = text.last, let count = Int(text.dropLast()), count >= 0, count <= 315_360_000,
            text.utf8.first != 0x2B
        else { return nil }
        let factor: Int
        switch unit {
        case "s": factor = 1
        case "m": factor = 60
        case "h": factor = 3_600
        case "d": factor = 86_400
        default: return nil
        }
        let seconds = count * factor
        return seconds <= 315_360_000 ? seconds : nil
    }

    /// `2026-12-31` (midnight UTC) or `2026-12-31T18:00:00Z`, as seconds since 1970.
    static func unix(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int64? {
            guard range.upperBound <= bytes.count, bytes[range].allSatisfy({ (48...57).contains($0) }) else {
                return nil
            }
            return bytes[range].reduce(0) { $0 * 10 + Int64($1 - 48) }
        }
        guard bytes.count == 10 || bytes.count == 20, let year = number(0..<4), bytes[4] == 0x2D,
            let month = number(5..<7), bytes[7] == 0x2D, let day = number(8..<10), year >= 1970,
            let days = CivilDay.number(year: Int(year), month: Int(month), day: Int(day))
        else { return nil }
        var seconds = Int64(days) * 86_400
        if bytes.count == 20 {
            guard bytes[10] == UInt8(ascii: "T"), let hour = number(11..<13), bytes[13] == UInt8(ascii: ":"),
                let minute = number(14..<16), bytes[16] == UInt8(ascii: ":"), let second = number(17..<19),
                bytes[19] == UInt8(ascii: "Z"), hour < 24, minute < 60, second < 60
            else { return nil }
            seconds += hour * 3_600 + minute * 60 + second
        }
        return seconds
    }
}
