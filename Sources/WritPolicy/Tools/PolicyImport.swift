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
            for (error, place) in places.sorted(by: { $0.1 > $1.1 }) where lines.indices.contains(place) {
                guard let start = lines[...place].lastIndex(where: { $0.hasPrefix("  - name:") }) else { continue }
                let end = lines[(start + 1)...].firstIndex { !$0.hasPrefix("    ") } ?? lines.endIndex
                guard place < end else { continue }
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

    /// Claude Code's `permissions` of `settings.json`, or Cursor's of `cli-config.json`.
    ///
    /// Paths are relative to the repository. A prefix rule on command text becomes a rule on the command itself, so
    /// that other spellings of it are covered as well.
    public static func permissions(_ settings: JSON, name: String = "imported") -> PolicyImport {
        var drafts: [RuleWriter.Draft] = []
        var leftOut: [String] = []
        var writer = RuleWriter()
        let permissions = settings["permissions"] ?? .object([])
        for list in ["allow", "ask", "deny"] {
            for item in permissions[list]?.array ?? [] {
                guard let entry = item.string else {
                    leftOut.append(
                        "`permissions.\(list)` holds what is no text: \(quoted(String(item.text.prefix(60))))")
                    continue
                }
                if let draft = draft(entry, list, &writer, &leftOut) { drafts.append(draft) }
            }
        }
        if settings["permissions"]?.members == nil { leftOut.append("there is no object `permissions`") }
        let known = ["allow", "ask", "deny"]
        for member in permissions.members ?? [] where !known.contains(member.key) {
            leftOut.append("`permissions.\(member.key)` has no counterpart")
        }
        return PolicyImport(text: RuleWriter.document(name: name, layer: .user, drafts), leftOut: leftOut)
    }

    private static func draft(
        _ entry: String, _ action: String, _ writer: inout RuleWriter, _ leftOut: inout [String]
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
                guard let command = command(argument) else {
                    leftOut.append(
                        "\(quoted(entry)) holds shell syntax, which rules on operations do not need: name the commands one by one"
                    )
                    return nil
                }
                if action == "allow", !argument.hasSuffix("*") {
                    leftOut.append(
                        "\(quoted(entry)) granted one exact text; here it grants the command with any arguments")
                }
                draft.match.append(("commands", [command]))
            }
            draft.name = writer.name(action, argument ?? "commands")
        case "Read", "Grep", "Glob", "LS":
            draft.match = [("actions", ["file.read", "file.search"])]
            draft.name = writer.name(action, "read", argument ?? "files")
            return path(argument, draft)
        case "Edit", "Write", "MultiEdit", "NotebookEdit":
            draft.match = [("actions", ["file.write", "file.delete"])]
            draft.name = writer.name(action, "write", argument ?? "files")
            return path(argument, draft)
        case "WebFetch":
            draft.match = [("actions", ["http.request", "browser.navigate"])]
            if let argument {
                guard argument.hasPrefix("domain:") else {
                    leftOut.append("\(quoted(entry)) names no domain")
                    return nil
                }
                draft.match.append(("hosts", [String(argument.dropFirst(7))]))
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
                leftOut.append("\(quoted(entry)): the argument was left out, the rule speaks of the tool");
                if action == "allow" { return nil }
            }
        }
        return draft
    }

    /// `git push:*`, `npm run test*` → command patterns.
    private static func command(_ argument: String) -> String? {
        var text = argument
        for suffix in [":*", " *"] where text.hasSuffix(suffix) { text.removeLast(2) }
        guard (try? CommandPattern(text)) != nil else { return nil }
        return text
    }

    private static func path(_ argument: String?, _ draft: RuleWriter.Draft) -> RuleWriter.Draft? {
        guard let argument else { return draft }
        var draft = draft
        draft.match.append(("paths", [glob(argument)]))
        return draft
    }

    /// gitignore-like paths of the hosts as globs: `//x` is absolute, `/x` and `./x` belong to the repository, a name
    /// without a slash is meant in every folder.
    static func glob(_ path: String) -> String {
        if path.hasPrefix("//") { return String(path.dropFirst()) }
        if path.hasPrefix("~/") { return "$home/" + path.dropFirst(2) }
        if path.hasPrefix("**") { return path }
        if path.hasPrefix("./") { return "$repo/" + path.dropFirst(2) }
        if path.hasPrefix("/") { return "$repo" + path }
        return path.contains("/") ? "$repo/" + path : "$repo/**/" + path
    }

    /// opencode's `permission` map: `{"edit": "ask", "bash": {"git push": "deny", "*": "ask"}}`.
    public static func opencode(_ settings: JSON, name: String = "imported") -> PolicyImport {
        var drafts: [RuleWriter.Draft] = []
        var leftOut: [String] = []
        var writer = RuleWriter()
        if settings["permission"]?.members == nil { leftOut.append("there is no object `permission`") }
        for member in settings["permission"]?.members ?? [] {
            if member.value.string == nil, member.value.members == nil {
                leftOut.append("`permission.\(member.key)` is neither a word nor an object")
            }
            let entries: [(pattern: String, action: String)] =
                member.value.string.map { [("*", $0)] }
                ?? (member.value.members ?? []).compactMap { entry in entry.value.string.map { (entry.key, $0) } }
            for (pattern, action) in entries {
                guard ["allow", "ask", "deny"].contains(action) else {
                    leftOut.append("`\(member.key)`: unknown action \(quoted(action))")
                    continue
                }
                let argument = pattern == "*" ? nil : pattern
                if member.key == "bash", pattern == "*", entries.count > 1, action != "allow" {
                    leftOut.append(
                        "`bash` `*`: \(action) was a fallback; set `defaults.decision` instead, since here the strictest rule wins"
                    )
                    continue
                }
                let tool: String
                switch member.key {
                case "bash": tool = "Bash"
                case "edit", "write": tool = "Edit"
                case "read": tool = "Read"
                case "webfetch": tool = "WebFetch"
                default: tool = member.key
                }
                let entry = argument.map { "\(tool)(\(tool == "WebFetch" ? "domain:" : "")\($0))" } ?? tool
                if let draft = draft(entry, action, &writer, &leftOut) { drafts.append(draft) }
            }
        }
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
            var patterns: [[String]] = [[]]
            for element in call.arguments["pattern"]?.array ?? [] {
                let alternatives = element.string.map { [$0] } ?? (element.array ?? []).compactMap(\.string)
                patterns = patterns.flatMap { prefix in alternatives.map { prefix + [$0] } }
                if patterns.count > 64 { break }
            }
            let commands = patterns.filter { !$0.isEmpty }.map { words in
                ([words[0].split(separator: "/").last.map(String.init) ?? words[0]] + words.dropFirst()).joined(
                    separator: " ")
            }
            let good = commands.filter { (try? CommandPattern($0)) != nil }
            guard !good.isEmpty, good.count == commands.count else {
                leftOut.append("the rule in line \(call.line) names no plain command")
                continue
            }
            let action: String
            switch call.arguments["decision"]?.string ?? "allow" {
            case "forbidden": action = "deny"
            case "prompt": action = "ask"
            case "allow": action = "allow"
            case let other:
                leftOut.append("line \(call.line): unknown decision \(quoted(other))")
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
        if let fault = reader.fault { leftOut.append(fault) }
        return PolicyImport(text: RuleWriter.document(name: name, layer: .user, drafts), leftOut: leftOut)
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
        bytes = Array(source.utf8.prefix(1 << 20))
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
                default: out.append(bytes[at])
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
