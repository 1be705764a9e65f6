// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// What a skill, an agent's definition, a command or a rule says about itself: front matter and headings.
struct SkillDeclaration: Sendable, Hashable {
    /// Empty when none is declared.
    var name = ""
    var description = ""
    /// As written in `allowed-tools` or `tools`, in lower case; nil when the key is missing.
    var tools: [String]?
    /// Where the tools stand.
    var toolsLine = 1
    var nameSpan = SourceSpan(start: 0, end: 0)
    var nameLine = 1
    /// Who is said to have made it.
    var author = ""
    /// Words of name, description and tags, in lower case.
    var words: Set<String> = []
    /// Words of the headings.
    var headingWords: Set<String> = []
    /// Enough of it is written in words that the table could hold.
    var isReadable = false

    /// Bytes of a file in which front matter and headings are looked for.
    private static let reach = 256 << 10
    /// Words that are kept.
    private static let most = 4_000

    /// Nil for a text that declares nothing: no front matter with a name or a description.
    init?(_ bytes: [UInt8]) {
        guard bytes.starts(with: Array("---".utf8)) else { return nil }
        let part = bytes.count > Self.reach ? Array(bytes.prefix(Self.reach)) : bytes
        let tree = part.withUnsafeBytes { SettingsTree.read($0, path: ".md").tree }
        guard case .table(let entries) = tree else { return nil }
        var tags: [String] = []
        for entry in entries {
            switch entry.key.lowercased() {
            case "name":
                if let found = entry.value.string {
                    name = found.text
                    nameSpan = found.span
                }
            case "description", "when_to_use", "when-to-use":
                description += " " + (entry.value.string?.text ?? "")
            case "tags", "keywords", "category", "title", "argument-hint", "applyto", "globs", "paths":
                tags += (entry.value.strings ?? []) + [entry.value.string?.text ?? ""]
            case "author", "publisher", "vendor", "maintainer", "creator":
                author += " " + Self.text(of: entry.value, depth: 0)
            case "metadata":
                tags.append(Self.text(of: entry.value, depth: 0))
                author += " " + (entry.value["author"]?.string?.text ?? "")
            case "allowed-tools", "allowed_tools", "tools":
                let place: SourceSpan?
                switch entry.value {
                case .text(let text, let span):
                    tools = Self.tools(in: text)
                    place = span
                case .list(let items):
                    tools = items.compactMap { $0.string.flatMap { Self.tools(in: $0.text).first } }
                    place = items.first?.string?.span
                // A table of switches: `bash: true`.
                case .table(let switches):
                    tools = switches.filter { $0.value.string?.text.lowercased() != "false" }
                        .map { $0.key.lowercased() }
                    place = switches.first?.value.string?.span
                case .other: place = nil
                }
                if let place { toolsLine = Self.line(of: place.start, in: part) }
            default: break
            }
        }
        if name.isEmpty, description.allSatisfy(\.isWhitespace) { return nil }
        nameLine = Self.line(of: nameSpan.start, in: part)
        author = String(LineText.trimmed(author))
        description = String(LineText.trimmed(description))
        Self.collect(name + " " + description + " " + tags.joined(separator: " "), into: &words)
        headingWords = Self.headings(part)
        isReadable = Self.isReadable(description.isEmpty ? name : description)
    }

    private static func text(of tree: SettingsTree, depth: Int) -> String {
        guard depth < 4 else { return "" }
        switch tree {
        case .text(let text, _): return text
        case .list(let items): return items.map { Self.text(of: $0, depth: depth + 1) }.joined(separator: " ")
        case .table(let entries):
            return entries.map { $0.key + " " + Self.text(of: $0.value, depth: depth + 1) }.joined(separator: " ")
        case .other: return ""
        }
    }

    /// `Read, Bash(git add:*, git commit:*)` and `Bash(ls *) Read`: commas and blanks part, brackets hold together.
    static func tools(in text: String) -> [String] {
        var out: [String] = []
        var word = ""
        var depth = 0
        func flush() {
            let name = LineText.trimmed(word)
            if !name.isEmpty, out.count < 200 { out.append(name.lowercased()) }
            word = ""
        }
        for sign in text {
            switch sign {
            case "(": depth += 1
            case ")": depth = max(0, depth - 1)
            case "\"", "'", "[", "]": continue
            default: break
            }
            if depth == 0, sign == "," || sign == " " || sign == "\n" || sign == "\t" {
                flush()
            } else {
                word.append(sign)
            }
        }
        flush()
        return out
    }

    private static func line(of offset: Int, in bytes: [UInt8]) -> Int {
        var lines = LineCounter()
        return bytes.withUnsafeBytes { lines.line(of: offset, in: $0) }
    }

    /// Words of letters, digits and inner hyphens, in lower case; a word of several parts counts whole and in parts.
    static func collect(_ text: String, into words: inout Set<String>) {
        for word in text.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "-" }) {
            guard words.count < most else { return }
            words.insert(String(word))
            if word.contains("-") { for part in word.split(separator: "-") { words.insert(String(part)) } }
        }
    }

    /// Words of `# headings` outside of fences.
    private static func headings(_ bytes: [UInt8]) -> Set<String> {
        var words: Set<String> = []
        var isFenced = false
        for line in bytes.split(separator: 0x0A) {
            let text = line.drop { $0.isBlank }
            if text.starts(with: Array("```".utf8)) || text.starts(with: Array("~~~".utf8)) { isFenced.toggle() }
            guard !isFenced, text.first == UInt8(ascii: "#"), text.count < 400 else { continue }
            let title = text.drop { $0 == UInt8(ascii: "#") }
            guard title.first?.isBlank == true else { continue }
            collect(String(decoding: title, as: UTF8.self), into: &words)
        }
        return words
    }

    /// Two words of Latin letters, and no more of other letters: the table's words are English.
    private static func isReadable(_ text: String) -> Bool {
        let words = text.split { !$0.isLetter }.prefix(400)
        let latin = words.count { $0.count >= 3 && $0.utf8.allSatisfy { $0 < 0x80 } }
        return latin >= 2 && latin * 2 >= words.count { $0.count >= 2 }
    }
}
