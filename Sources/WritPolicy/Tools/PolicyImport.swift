// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// Policies made from what other tools were told.
public struct PolicyImport: Sendable, Hashable {
    /// Policy text that loads.
    public var text: String
    /// What could not be carried over, or means something else here; one line each, for the reader to act on.
    public var leftOut: [String]

    // MARK: Flattened text

    /// Rebuilds a policy of dialect 1.0 that has lost its indentation.
    ///
    /// The keys of dialect 1.0 are a closed set, so where each line belongs is decided by its key. Text before the
    /// version and after the last rule is left out. The result is dialect 1.0, with its patterns untouched.
    public static func flattened(_ source: String) throws(PolicyErrors) -> PolicyImport {
        let ruleKeys = ["scanner", "action", "severity", "scope", "description", "config"]
        let lists = ["blocked_patterns", "allowed_patterns", "allowed_tools", "patterns"]
        let configKeys = lists + ["tool_name", "check_typosquat", "check_reputation", "min_weekly_downloads"]
        var out: [String] = []
        var leftOut: [String] = []
        var started = false
        var inRules = false
        var inConfig = false
        var list: String?
        for (number, line) in source.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let text = trimmed(line)
            if text.isEmpty || text.hasPrefix("#") { continue }
            let key = String(text.prefix { $0 != ":" && $0 != " " })
            if !started {
                guard key == "version" else { continue }
                started = true
                out.append(text)
                continue
            }
            if !inRules {
                guard text == "rules:" else { break }
                inRules = true
                out.append("rules:")
                continue
            }
            let (kept, prose) = cut(text)
            if kept.hasPrefix("- name:") {
                out.append("  " + kept)
                (inConfig, list) = (false, nil)
            } else if ruleKeys.contains(key), kept.hasPrefix(key + ":") {
                out.append("    " + kept)
                (inConfig, list) = (key == "config", nil)
            } else if inConfig, configKeys.contains(key), kept.hasPrefix(key + ":") {
                out.append("      " + kept)
                list = lists.contains(key) && kept == key + ":" ? key : nil
            } else if list != nil, kept.hasPrefix("- ") {
                out.append("        " + kept)
            } else {
                leftOut.append("line \(number + 1) and what follows is no part of a policy: \(quoted(text))")
                break
            }
            if let prose { leftOut.append("line \(number + 1): text after the value: \(quoted(prose))") }
        }
        guard started, out.count > 2 else {
            throw PolicyErrors([
                PolicyError(
                    .syntax, "there is no policy of dialect 1.0 in the text", file: "import",
                    hint: "it begins with the line `version: \"1.0\"`, then `rules:`, then one key a line")
            ])
        }
        return PolicyImport(text: out.joined(separator: "\n") + "\n", leftOut: leftOut)
    }

    private static func trimmed(_ line: Substring) -> String {
        var text = line
        while let first = text.first, first == " " || first == "\t" { text = text.dropFirst() }
        while let last = text.last, last == " " || last == "\t" || last == "\r" { text = text.dropLast() }
        return String(text)
    }

    /// The line up to the end of its double-quoted value, and what stands after it.
    private static func cut(_ line: String) -> (kept: String, prose: String?) {
        guard let colon = line.firstIndex(of: ":") else { return (line, nil) }
        let value = line[line.index(after: colon)...].drop { $0 == " " }
        guard value.first == "\"" else { return (line, nil) }
        var at = value.index(after: value.startIndex)
        while at < value.endIndex, value[at] != "\"" {
            if value[at] == "\\" { at = value.index(after: at) }
            if at < value.endIndex { at = value.index(after: at) }
        }
        guard at < value.endIndex else { return (line, nil) }
        let end = value.index(after: at)
        let prose = trimmed(value[end...])
        return (String(line[..<end]), prose.isEmpty || prose.hasPrefix("#") ? nil : prose)
    }

    /// The policy with what does not load taken out and listed: examples that do not hold here, and rules that are
    /// refused. Other tools compare text, so that both happens to honest input.
    public func loading(_ options: PolicyOptions = PolicyOptions()) -> PolicyImport {
        var copy = self
        // Each round takes something out; faults of one rule can hide others of it.
        for _ in 0..<64 {
            let errors: [PolicyError]
            do throws(PolicyErrors) {
                _ = try PolicyLayer.load(.user, [.init(file: "import", bytes: Array(copy.text.utf8))], options: options)
                return copy
            } catch {
                errors = error.errors
            }
            var lines = copy.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            let places = errors.compactMap { error in error.at.map { (error, $0.line - 1) } }
            // From the last to the first, so that the places before stay where they are.
            // A second fault of a rule that is out already would be taken for one of the rule that moved up.
            var last = lines.count
            for (error, place) in places.sorted(by: { $0.1 > $1.1 }) where place < last {
                guard let start = lines[...place].lastIndex(where: { $0.hasPrefix("  - name:") }) else { continue }
                let end = lines[(start + 1)...].firstIndex { !$0.hasPrefix("    ") } ?? lines.endIndex
                guard place < end else { continue }
                last = start
                let examples = lines[start..<end].firstIndex(of: "    examples:")
                if error.code == .exampleFailed, let examples {
                    copy.leftOut.append("\(error.message); its examples are left out")
                    lines.removeSubrange(examples..<end)
                } else {
                    let name = lines[start].dropFirst("  - name: ".count)
                    copy.leftOut.append("the rule `\(name)` is left out: \(error.message)")
                    lines.removeSubrange(start..<end)
                }
            }
            let text = lines.joined(separator: "\n")
            guard text != copy.text else { return copy }
            copy.text = text
        }
        return copy
    }

    /// Some rule was carried over.
    public var hasRules: Bool { text.contains("\n  - name:") }

    // MARK: Permission lists

    /// Whose entries are read: they look alike and differ in what they mean.
    public enum Entries: Sendable, Hashable {
        case claudeCode, cursor, opencode
    }

    /// Claude Code's `permissions` of `settings.json`, or Cursor's of `cli-config.json`.
    ///
    /// Paths are relative to the repository. A prefix rule on command text becomes a rule on the command itself, so
    /// that other spellings of it are covered as well.
    public static func permissions(
        _ settings: JSON, of entries: Entries = .claudeCode, name: String = "imported"
    ) -> PolicyImport {
        var drafts: [RuleWriter.Draft] = []
        var leftOut: [String] = []
        var writer = RuleWriter()
        let permissions = settings["permissions"] ?? .object([])
        for list in ["allow", "ask", "deny"] {
            guard let items = permissions[list] else { continue }
            guard let items = items.array else {
                leftOut.append("`permissions.\(list)` is no list")
                continue
            }
            for item in items {
                guard let entry = item.string else {
                    leftOut.append(
                        "`permissions.\(list)` holds what is no text: \(quoted(String(item.text.prefix(60))))")
                    continue
                }
                if let draft = draft(entry, list, entries, &writer, &leftOut) { drafts.append(draft) }
            }
        }
        if settings["permissions"]?.members == nil { leftOut.append("there is no object `permissions`") }
        let known = ["allow", "ask", "deny"]
        for member in permissions.members ?? [] where !known.contains(member.key) {
            leftOut.append("`permissions.\(member.key)` has no counterpart")
        }
        leftOut += unread(settings, besides: "permissions")
        return PolicyImport(text: RuleWriter.document(name: name, layer: .user, drafts), leftOut: leftOut)
    }

    /// Other settings can allow and forbid too, so that they were not looked at is said.
    private static func unread(_ settings: JSON, besides key: String) -> [String] {
        let others = (settings.members ?? []).map(\.key).filter { $0 != key && $0 != "$schema" && $0 != "version" }
        guard !others.isEmpty else { return [] }
        let shown = others.prefix(12).map { quoted($0) }.joined(separator: ", ") + (others.count > 12 ? ", …" : "")
        return ["only `\(key)` is read, not \(shown)"]
    }

    private static func draft(
        _ entry: String, _ action: String, _ entries: Entries, _ writer: inout RuleWriter, _ leftOut: inout [String]
    ) -> RuleWriter.Draft? {
        var tool = Substring(entry)
        var argument: String?
        if let open = entry.firstIndex(of: "("), entry.hasSuffix(")") {
            tool = entry[..<open]
            argument = String(entry[entry.index(after: open)...].dropLast())
        }
        if argument?.isEmpty == true || argument == "*" { argument = nil }
        var draft = RuleWriter.Draft(name: "", action: action)
        switch tool {
        case "Bash", "Shell":
            draft.match = [("actions", ["shell.exec"])]
            if let argument {
                guard let command = command(argument, entry, action, entries, &leftOut) else { return nil }
                draft.match.append(("commands", [command]))
            }
            draft.name = writer.name(action, argument ?? "commands")
        case "Read", "Grep", "Glob", "LS":
            draft.match = [("actions", ["file.read", "file.search"])]
            draft.name = writer.name(action, "read", argument ?? "files")
            return path(argument, draft, entries)
        case "Edit", "Write", "MultiEdit", "NotebookEdit":
            draft.match = [("actions", ["file.write", "file.delete"])]
            draft.name = writer.name(action, "write", argument ?? "files")
            return path(argument, draft, entries)
        case "WebFetch":
            draft.match = [("actions", ["http.request", "browser.navigate"])]
            if let argument {
                let isMarked = argument.hasPrefix("domain:")
                guard isMarked || entries == .cursor else {
                    leftOut.append("\(quoted(entry)) names no domain")
                    return nil
                }
                draft.match.append(("hosts", [isMarked ? String(argument.dropFirst(7)) : argument]))
            }
            draft.name = writer.name(action, "fetch", argument ?? "web")
        case let name where name.hasPrefix("mcp__"):
            let parts = name.dropFirst(5).split(separator: "_", omittingEmptySubsequences: false)
            let joined = name.dropFirst(5)
            if let gap = joined.range(of: "__") {
                draft.match = [("tools", ["mcp:\(joined[..<gap.lowerBound])/\(joined[gap.upperBound...])"])]
            } else {
                draft.match = [("tools", ["mcp:\(joined)/*"])]
            }
            draft.name = writer.name(action, parts.joined(separator: "-"))
            if argument != nil {
                leftOut.append("\(quoted(entry)): the argument was left out, the rule speaks of the tool")
                if action == "allow" { return nil }
            }
        case let name where name.hasPrefix("Mcp"):
            guard let argument, let colon = argument.firstIndex(of: ":") else {
                leftOut.append("\(quoted(entry)) names no server and tool")
                return nil
            }
            draft.match = [("tools", ["mcp:\(argument[..<colon])/\(argument[argument.index(after: colon)...])"])]
            draft.name = writer.name(action, argument)
        default:
            draft.match = [("tools", [String(tool)])]
            draft.name = writer.name(action, String(tool))
            if argument != nil {
                leftOut.append("\(quoted(entry)): the argument was left out, the rule speaks of the tool")
                if action == "allow" { return nil }
            }
        }
        return draft
    }

    /// `git push:*`, `npm run test*` → command patterns.
    private static func command(
        _ argument: String, _ entry: String, _ action: String, _ entries: Entries, _ leftOut: inout [String]
    ) -> String? {
        var text = argument
        for suffix in [":*", " *"] where text.hasSuffix(suffix) { text.removeLast(2) }
        // Cursor's `npm:run test`: the program, then its arguments.
        if entries == .cursor, let colon = text.firstIndex(of: ":"), !text[..<colon].contains(" ") {
            text.replaceSubrange(colon...colon, with: " ")
        }
        var words = text.split(separator: " ").map(String.init)
        if let first = words.first, first.contains("=") {
            leftOut.append("\(quoted(entry)) sets a variable, which rules on commands do not look at")
            return nil
        }
        if let first = words.first, first.contains("/"), let base = first.split(separator: "/").last {
            guard action != "allow" else {
                leftOut.append(
                    "\(quoted(entry)) grants one file, and a rule knows programs by their names: any of that name would be"
                )
                return nil
            }
            words[0] = String(base)
            text = words.joined(separator: " ")
        }
        do throws(CommandPattern.Fault) {
            _ = try CommandPattern(text)
        } catch {
            leftOut.append(
                "\(quoted(entry)) \(error.message), which rules on operations do not need: name the commands one by one"
            )
            return nil
        }
        // Cursor names the program alone, and means it with whatever follows.
        let isWhole = entries == .cursor ? argument.contains(":") || argument.contains(" ") : true
        if action == "allow", isWhole, !argument.hasSuffix("*") {
            leftOut.append("\(quoted(entry)) granted one exact text; here it grants the command with any arguments")
        }
        return text
    }

    private static func path(
        _ argument: String?, _ draft: RuleWriter.Draft, _ entries: Entries
    ) -> RuleWriter.Draft? {
        guard let argument else { return draft }
        var draft = draft
        draft.match.append(("paths", globs(argument, entries, restricts: draft.action != "allow")))
        return draft
    }

    /// The hosts' paths as globs.
    ///
    /// Claude Code reads them like gitignore: `//x` is absolute, `/x` and `./x` belong to the repository, a name without a
    /// slash is meant in every folder, and a folder stands for what it holds. Cursor's `/x` is absolute, and
    /// opencode's `*` crosses slashes. Where a host is unclear a restriction takes the wider reading and a grant the
    /// narrower one.
    static func globs(_ path: String, _ entries: Entries = .claudeCode, restricts: Bool = true) -> [String] {
        var path = path
        let isFolder = path.hasSuffix("/")
        while path.hasSuffix("/"), path.utf8.count > 1 { path.removeLast() }
        if entries == .opencode, restricts {
            path = path.split(separator: "/", omittingEmptySubsequences: false).map { segment in
                segment == "*" ? "**" : segment.contains("*") && segment != "**" ? "**/" + segment : String(segment)
            }.joined(separator: "/")
        }
        var glob: String
        if entries == .claudeCode, path.hasPrefix("//") {
            glob = String(path.dropFirst())
        } else if path.hasPrefix("~/") {
            glob = "$home/" + path.dropFirst(2)
        } else if path == "~" {
            glob = "$home"
        } else if path.hasPrefix("**") {
            glob = path
        } else if path.hasPrefix("./") {
            glob = "$repo/" + path.dropFirst(2)
        } else if path.hasPrefix("/") {
            glob = entries == .claudeCode ? "$repo" + path : path
        } else if path.contains("/") || (entries != .claudeCode && !restricts) {
            glob = "$repo/" + path
        } else {
            glob = "$repo/**/" + path
        }
        if glob.hasSuffix("**") { return [glob] }
        if isFolder { return [glob + "/**"] }
        // What the name of a folder forbids is also what lies in it.
        return restricts ? [glob, glob + "/**"] : [glob]
    }

    /// opencode's `permission` map: `{"edit": "ask", "bash": {"git push": "deny", "*": "ask"}}`.
    public static func opencode(_ settings: JSON, name: String = "imported") -> PolicyImport {
        var drafts: [RuleWriter.Draft] = []
        var leftOut: [String] = []
        var writer = RuleWriter()
        if let word = settings["permission"]?.string {
            leftOut.append("`permission` is \(quoted(word)) for everything; set `defaults.decision` instead")
        } else if settings["permission"]?.members == nil {
            leftOut.append("there is no object `permission`")
        }
        for member in settings["permission"]?.members ?? [] {
            var entries: [(pattern: String, action: String)] = []
            if let word = member.value.string {
                entries = [("*", word)]
            } else if let members = member.value.members {
                for entry in members {
                    guard let action = entry.value.string else {
                        leftOut.append("`\(member.key)`: the action for \(quoted(entry.key)) is no word")
                        continue
                    }
                    entries.append((entry.key, action))
                }
            } else {
                leftOut.append("`permission.\(member.key)` is neither a word nor an object")
            }
            if Set(entries.filter { $0.pattern != "*" }.map(\.action)).count > 1 {
                leftOut.append("`\(member.key)`: the last entry that fits counted; here the strictest does")
            }
            for (pattern, action) in entries {
                guard ["allow", "ask", "deny"].contains(action) else {
                    leftOut.append("`\(member.key)`: unknown action \(quoted(action))")
                    continue
                }
                let argument = pattern == "*" ? nil : pattern
                if pattern == "*", member.key == "*" || (entries.count > 1 && action != "allow") {
                    leftOut.append(
                        "`\(member.key)` `*`: \(action) was a fallback; set `defaults.decision` instead, since here the strictest rule wins"
                    )
                    continue
                }
                let tool: String
                switch member.key {
                case "bash": tool = "Bash"
                case "edit", "write", "patch": tool = "Edit"
                case "read", "list": tool = "Read"
                case "glob", "grep":
                    tool = "Grep"
                    if let argument {
                        leftOut.append("`\(member.key)` \(quoted(argument)): what is searched for is not looked at")
                        continue
                    }
                case "webfetch": tool = "WebFetch"
                case "external_directory", "doom_loop":
                    leftOut.append("`\(member.key)` has no counterpart")
                    continue
                case "task": tool = "Task"
                default: tool = member.key
                }
                let entry = argument.map { "\(tool)(\(tool == "WebFetch" ? "domain:" : "")\($0))" } ?? tool
                if let draft = draft(entry, action, .opencode, &writer, &leftOut) { drafts.append(draft) }
            }
        }
        leftOut += unread(settings, besides: "permission")
        return PolicyImport(text: RuleWriter.document(name: name, layer: .user, drafts), leftOut: leftOut)
    }

    // MARK: Codex

    /// Codex's `prefix_rule(pattern=[…], decision="…", justification="…", match=[…], not_match=[…])`.
    public static func codex(_ source: String, name: String = "imported") -> PolicyImport {
        var drafts: [RuleWriter.Draft] = []
        var leftOut: [String] = []
        var writer = RuleWriter()
        var reader = LiteralReader(source)
        while let call = reader.nextCall() {
            guard call.name == "prefix_rule" else {
                leftOut.append("`\(call.name)` in line \(call.line) has no counterpart")
                continue
            }
            for member in call.arguments.members ?? [] where !prefixRuleKeys.contains(member.key) {
                leftOut.append("line \(call.line): \(quoted(member.key)) has no counterpart")
            }
            guard let patterns = prefixes(call.arguments["pattern"]) else {
                leftOut.append(
                    "the rule in line \(call.line) has a pattern that is no list of words, or stands for over 64")
                continue
            }
            let isByPath = patterns.contains { $0[0].contains("/") }
            let good = patterns.map { words in
                ([words[0].split(separator: "/").last.map(String.init) ?? words[0]] + words.dropFirst()).joined(
                    separator: " ")
            }
            // A word with a blank in it would be read as two.
            let isPlain = patterns.joined().allSatisfy { word in
                !word.isEmpty && !word.contains { $0 == " " || $0 == "\t" }
            }
            guard isPlain, good.allSatisfy({ (try? CommandPattern($0)) != nil }) else {
                leftOut.append("the rule in line \(call.line) names no plain command")
                continue
            }
            let action: String
            if let decision = call.arguments["decision"], decision.string == nil {
                leftOut.append("line \(call.line): the decision is no word")
                continue
            }
            switch call.arguments["decision"]?.string ?? "allow" {
            case "forbidden": action = "deny"
            case "prompt": action = "ask"
            case "allow": action = "allow"
            case let other:
                leftOut.append("line \(call.line): unknown decision \(quoted(other))")
                continue
            }
            if action == "allow", isByPath {
                leftOut.append(
                    "the rule in line \(call.line) grants one file, and a rule knows programs by their names: any of that name would be"
                )
                continue
            }
            func examples(_ key: String) -> [String] {
                (call.arguments[key]?.array ?? []).compactMap { item in
                    item.string ?? item.array.map { $0.compactMap(\.string).joined(separator: " ") }
                }
            }
            drafts.append(
                RuleWriter.Draft(
                    name: writer.name(action, good[0]), action: action,
                    match: [("actions", ["shell.exec"]), ("commands", good)],
                    message: call.arguments["justification"]?.string, examples: examples("match"),
                    counterexamples: examples("not_match")))
        }
        if let fault = reader.fault { leftOut.append(fault + "; what follows is left out") }
        return PolicyImport(text: RuleWriter.document(name: name, layer: .user, drafts), leftOut: leftOut)
    }

    private static let prefixRuleKeys = ["pattern", "decision", "justification", "match", "not_match"]

    /// The token prefixes that a pattern stands for; nil when some of it is not understood. A pattern that were cut short
    /// would speak of more commands than its author meant.
    private static func prefixes(_ pattern: JSON?) -> [[String]]? {
        guard let elements = pattern?.array, !elements.isEmpty else { return nil }
        var prefixes: [[String]] = [[]]
        for element in elements {
            let alternatives = element.string.map { [$0] } ?? (element.array ?? []).compactMap(\.string)
            guard !alternatives.isEmpty, alternatives.count == element.array?.count ?? 1 else { return nil }
            guard prefixes.count * alternatives.count <= 64 else { return nil }
            prefixes = prefixes.flatMap { prefix in alternatives.map { prefix + [$0] } }
        }
        return prefixes
    }
}

extension Substring {
    fileprivate func range(of word: String) -> Range<Index>? {
        var at = startIndex
        while at < endIndex {
            if self[at...].hasPrefix(word) { return at..<index(at, offsetBy: word.count) }
            at = index(after: at)
        }
        return nil
    }
}

/// Reads calls with keyword arguments and literal values, the part of Starlark that rule files are written in.
private struct LiteralReader {
    struct Call {
        let name: String
        let line: Int
        let arguments: JSON
    }

    private let bytes: [UInt8]
    private var at = 0
    private var line = 1
    private(set) var fault: String?

    init(_ source: String) {
        bytes = Array(source.utf8)
        if bytes.count > 1 << 20 { fault = "the text is longer than 1 MiB" }
    }

    mutating func nextCall() -> Call? {
        while fault == nil {
            skipBlanks()
            guard at < bytes.count else { return nil }
            let name = word()
            if name.isEmpty {
                fault = "line \(line): expected a call"
                return nil
            }
            skipBlanks()
            let start = line
            guard take("(") else {
                fault = "line \(line): only calls are understood"
                return nil
            }
            var arguments = JSON.object([])
            while fault == nil {
                skipBlanks()
                if take(")") { return Call(name: name, line: start, arguments: arguments) }
                let key = word()
                skipBlanks()
                guard !key.isEmpty, take("=") else {
                    fault = "line \(line): expected `name=value`"
                    return nil
                }
                arguments.set(key, value(depth: 0))
                skipBlanks()
                _ = take(",")
            }
        }
        return nil
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    private mutating func skipBlanks() {
        while at < bytes.count {
            switch bytes[at] {
            case 0x0A:
                line += 1
                at += 1
            case 0x20, 0x09, 0x0D: at += 1
            case UInt8(ascii: "#"): while at < bytes.count, bytes[at] != 0x0A { at += 1 }
            default: return
            }
        }
    }

    private mutating func word() -> String {
        let start = at
        while at < bytes.count {
            switch bytes[at] {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "."): at += 1
            default: return String(decoding: bytes[start..<at], as: UTF8.self)
            }
        }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func value(depth: Int) -> JSON {
        skipBlanks()
        guard depth < 8, at < bytes.count else {
            fault = fault ?? "line \(line): expected a value"
            return .null
        }
        let byte = bytes[at]
        if byte == UInt8(ascii: "["), take("[") {
            var elements: [JSON] = []
            while fault == nil {
                skipBlanks()
                if take("]") { return .array(elements) }
                elements.append(value(depth: depth + 1))
                skipBlanks()
                _ = take(",")
            }
            return .null
        }
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { return .string(string(byte)) }
        let name = word()
        switch name {
        case "True": return true
        case "False": return false
        case "None": return .null
        default:
            if let number = Int64(name) { return .integer(number) }
            fault = fault ?? "line \(line): expected a value"
            return .null
        }
    }

    private mutating func string(_ quote: UInt8) -> String {
        at += 1
        var out: [UInt8] = []
        while at < bytes.count, bytes[at] != quote, bytes[at] != 0x0A {
            if bytes[at] == UInt8(ascii: "\\"), at + 1 < bytes.count {
                at += 1
                switch bytes[at] {
                case UInt8(ascii: "n"): out.append(0x0A)
                case UInt8(ascii: "t"): out.append(0x09)
                case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): out.append(bytes[at])
                default:
                    fault = fault ?? "line \(line): an escape that is not understood"
                    return ""
                }
            } else {
                out.append(bytes[at])
            }
            at += 1
        }
        if at < bytes.count, bytes[at] == quote {
            at += 1
        } else {
            fault = fault ?? "line \(line): the text has no end"
        }
        return String(decoding: out, as: UTF8.self)
    }
}
