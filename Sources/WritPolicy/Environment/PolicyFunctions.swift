// SPDX-License-Identifier: Apache-2.0
import WritCEL
import WritCore

/// What functions of conditions need to know about the request that is being decided.
struct FunctionScope: Sendable {
    let roots: PathRoots
    let fingerprints: Set<String>

    /// Set around each decision; functions see their arguments alone otherwise.
    @TaskLocal static var current: FunctionScope?
}

/// The functions of conditions. All are pure; none does I/O.
struct PolicyFunctions: Sendable {
    /// The keyed fingerprint of a text, as the secret detectors compute it; nil when there is none.
    let fingerprint: (@Sendable (String) -> String)?

    func define(in environment: inout CELEnvironment) {
        environment.define("glob", parameters: [.string, .string], result: .bool, cost: 5) { arguments in
            .bool(try Self.glob(Self.text(arguments, 0), Self.text(arguments, 1)))
        }
        environment.define("under", parameters: [.string, .string], result: .bool, cost: 5) { arguments in
            .bool(try Self.under(Self.text(arguments, 0), Self.text(arguments, 1)))
        }
        environment.define("at", parameters: [.string, .string], result: .bool, cost: 5) { arguments in
            .bool(try Self.at(Self.text(arguments, 0), Self.text(arguments, 1)))
        }
        environment.define("host_in", parameters: [.string, .list(.string)], result: .bool, cost: 5) { arguments in
            let host = HostText.normalized(try Self.text(arguments, 0))
            let items = arguments.count > 1 ? arguments[1].list ?? [] : []
            // A host that is not known is in no list.
            if host.isEmpty || HostText.isUnknown(host) { return .bool(false) }
            let address = IPAddress(host)
            for item in items {
                guard let text = item.string else {
                    throw FunctionFault(text: "the list holds something else than hosts")
                }
                do throws(HostPattern.Fault) {
                    if try HostPattern(text).matches(host, address) { return .bool(true) }
                } catch {
                    throw FunctionFault(text: "\(quoted(text)) \(error.message)")
                }
            }
            return .bool(false)
        }
        environment.define("cidr", parameters: [.string, .string], result: .bool, cost: 2) { arguments in
            let text = try Self.text(arguments, 1)
            guard case .network(let network, let prefix)? = try? HostPattern(text).shape else {
                throw FunctionFault(text: "\(quoted(text)) is no CIDR block")
            }
            guard let address = IPAddress(HostText.normalized(try Self.text(arguments, 0))) else { return .bool(false) }
            return .bool(network.contains(address, prefix: prefix))
        }
        environment.define("severity", parameters: [.string], result: .int) { arguments in
            let word = try Self.text(arguments, 0)
            guard let severity = Severity(name: word) else {
                throw FunctionFault(text: "\(quoted(word)) is no severity")
            }
            return .int(Int64(severity.rawValue))
        }
        environment.define("arg", parameters: [.map(.string, .dyn), .string, .dyn], result: .dyn, cost: 2) {
            arguments in
            guard arguments.count == 3, case .map(let call) = arguments[0] else {
                throw FunctionFault(text: "needs a call")
            }
            var value = call["args"] ?? .map(CELMap([]))
            for part in try Self.text(arguments, 1).split(separator: ".") {
                guard case .map(let map) = value, let next = map[String(part)] else { return arguments[2] }
                value = next
            }
            return value
        }
        environment.define("sql_kind", parameters: [.string], result: .string, cost: 10) { arguments in
            .string(SQLKind.of(try Self.text(arguments, 0)))
        }
        environment.define("semver", parameters: [.string], result: .string, cost: 2) { arguments in
            let text = try Self.text(arguments, 0)
            guard let key = SemanticVersion.sortKey(text) else {
                throw FunctionFault(text: "\(quoted(text)) is no semantic version")
            }
            return .string(key)
        }
        environment.define("fingerprint_seen", parameters: [.string], result: .bool, cost: 50) {
            [fingerprint] arguments in
            guard let fingerprint, let scope = FunctionScope.current else {
                throw FunctionFault(text: "no fingerprints are kept here")
            }
            return .bool(scope.fingerprints.contains(fingerprint(try Self.text(arguments, 0))))
        }
    }

    private static func text(_ arguments: [CELValue], _ index: Int) throws -> String {
        guard index < arguments.count, let text = arguments[index].string else {
            throw FunctionFault(text: "needs a string")
        }
        return text
    }

    /// A path glob when the pattern holds a slash, a word glob otherwise.
    private static func glob(_ text: String, _ pattern: String) throws -> Bool {
        guard pattern.contains("/") else { return WordGlob(pattern).matches(text) }
        let glob: PathGlob
        do throws(PathGlob.Fault) {
            glob = try PathGlob(pattern)
        } catch {
            throw FunctionFault(text: "\(quoted(pattern)) \(error.message)")
        }
        let segments = PathSegments(text)
        if glob.root == .none { return glob.matches(segments) }
        guard let scope = FunctionScope.current else {
            throw FunctionFault(text: "\(glob.root.rawValue) is not known here")
        }
        return SplitRoots(scope.roots).segments(of: glob.root).contains { root in
            segments.depth(under: root).map { glob.matches(segments, from: $0) } ?? false
        }
    }

    /// Whether a path, or a pattern as it is written, is exactly a place below a root.
    private static func at(_ path: String, _ place: String) throws -> Bool {
        let word = place.prefix { $0 != "/" }
        let rest = place.dropFirst(word.count)
        guard let kind = word == "~" ? .home : PathGlob.Root(rawValue: String(word)), kind != .none else {
            throw FunctionFault(text: "\(quoted(place)) does not begin with a root")
        }
        guard let scope = FunctionScope.current else { throw FunctionFault(text: "\(quoted(place)) is not known here") }
        return roots(kind, scope).contains { $0.count > 1 && path == $0 + rest }
    }

    private static func roots(_ kind: PathGlob.Root, _ scope: FunctionScope) -> [String] {
        switch kind {
        case .none: []
        case .repo: [scope.roots.repo]
        case .home: [scope.roots.home]
        case .work: [scope.roots.work]
        case .tmp: scope.roots.tmp
        }
    }

    private static func under(_ path: String, _ root: String) throws -> Bool {
        guard root.hasPrefix("$") || root.hasPrefix("~") else {
            guard root.hasPrefix("/") else { throw FunctionFault(text: "\(quoted(root)) is not absolute") }
            return PathText.isUnder(path, root.count > 1 && root.hasSuffix("/") ? String(root.dropLast()) : root)
        }
        guard let scope = FunctionScope.current else { throw FunctionFault(text: "\(quoted(root)) is not known here") }
        let word = root.prefix { $0 != "/" }
        let rest = root.dropFirst(word.count)
        guard let kind = word == "~" ? .home : PathGlob.Root(rawValue: String(word)) else {
            throw FunctionFault(text: "\(quoted(word)) is no root")
        }
        // A root that is not known has nothing under it.
        return roots(kind, scope).contains { $0.count > 1 && PathText.isUnder(path, $0 + rest) }
    }
}

/// Why a function gave no value; its text is shown to people.
struct FunctionFault: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}

/// What an SQL text does, by its strongest statement.
enum SQLKind {
    /// `select`, `insert`, `update`, `delete`, `merge`, `create`, `drop`, `alter`, `truncate`, `grant`, `revoke`,
    /// `call`, `copy`, `set`, `show`, `explain`, `transaction`, `multiple` for several statements, `other`.
    static func of(_ text: String) -> String {
        var words: [String] = []
        var statements = 0
        var sawWord = false
        var at = text.utf8.startIndex
        let bytes = text.utf8
        func peek(_ index: String.UTF8View.Index) -> UInt8? {
            let next = bytes.index(after: index)
            return next < bytes.endIndex ? bytes[next] : nil
        }
        while at < bytes.endIndex, words.count < 10_000 {
            let byte = bytes[at]
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"):
                // Quotes end at the next one of their kind; a doubled one only begins another text.
                at =
                    bytes[bytes.index(after: at)...].firstIndex(of: byte).map { bytes.index(after: $0) }
                    ?? bytes.endIndex
            case UInt8(ascii: "-") where peek(at) == byte, UInt8(ascii: "#"):
                at = bytes[at...].firstIndex(of: 0x0A) ?? bytes.endIndex
            case UInt8(ascii: "/") where peek(at) == UInt8(ascii: "*"):
                // `/*! … */` runs in MySQL: what stands in it is read.
                var end = bytes.index(at, offsetBy: 2)
                if end < bytes.endIndex, bytes[end] == UInt8(ascii: "!") {
                    at = bytes.index(after: end)
                    continue
                }
                while end < bytes.endIndex, !(bytes[end] == UInt8(ascii: "*") && peek(end) == UInt8(ascii: "/")) {
                    end = bytes.index(after: end)
                }
                at = end < bytes.endIndex ? bytes.index(end, offsetBy: 2) : end
            case UInt8(ascii: ";"):
                if sawWord { statements += 1 }
                sawWord = false
                at = bytes.index(after: at)
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
                var end = at
                while end < bytes.endIndex, isWord(bytes[end]) { end = bytes.index(after: end) }
                words.append(text[at..<end].lowercased())
                sawWord = true
                at = end
            default:
                at = bytes.index(after: at)
            }
        }
        if sawWord { statements += 1 }
        guard let first = words.first else { return "other" }
        if statements > 1 { return "multiple" }
        let strongest = words.lazy.compactMap { changing[$0] }.first
        switch first {
        case "select", "table", "values":
            return words.contains("into") ? "create" : "select"
        case "with":
            if let strongest { return strongest }
            return words.contains("select") ? (words.contains("into") ? "create" : "select") : "other"
        case "explain", "describe", "desc":
            return words.contains("analyze") || words.contains("analyse") ? strongest ?? "explain" : "explain"
        case "show": return "show"
        case "begin", "start", "commit", "rollback", "savepoint", "end", "release": return "transaction"
        case "call", "exec", "execute", "do": return "call"
        case "copy", "load", "unload", "export", "import": return "copy"
        case "set", "reset", "use", "pragma": return "set"
        default: return changing[first] ?? "other"
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 48...57, UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static let changing = [
        "insert": "insert", "update": "update", "delete": "delete", "merge": "merge", "replace": "insert",
        "upsert": "insert", "create": "create", "drop": "drop", "alter": "alter", "rename": "alter",
        "truncate": "truncate", "grant": "grant", "revoke": "revoke", "vacuum": "alter", "attach": "alter",
    ]
}

/// Semantic versions as texts that sort as the versions do (semver.org 2.0.0, section 11; build metadata is ignored).
enum SemanticVersion {
    static func sortKey(_ text: String) -> String? {
        var rest = Substring(text.prefix(256))
        if rest.hasPrefix("v") { rest = rest.dropFirst() }
        rest = rest.prefix { $0 != "+" }
        let dash = rest.firstIndex(of: "-")
        let core = rest[..<(dash ?? rest.endIndex)].split(separator: ".", omittingEmptySubsequences: false)
        guard (1...3).contains(core.count) else { return nil }
        var key = ""
        for index in 0..<3 {
            guard let number = index < core.count ? padded(core[index]) : padded("0") else { return nil }
            key += number + "."
        }
        // `~` sorts after everything a pre-release can begin with.
        guard let dash else { return key + "~" }
        for part in rest[rest.index(after: dash)...].split(separator: ".", omittingEmptySubsequences: false) {
            guard !part.isEmpty else { return nil }
            // Numbers sort before words, and a longer list after its beginning.
            key += padded(part).map { "0" + $0 } ?? "1" + part
            key += " "
        }
        return key
    }

    private static func padded(_ digits: Substring) -> String? {
        guard !digits.isEmpty, digits.utf8.count <= 18, digits.utf8.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        return String(repeating: "0", count: 18 - digits.utf8.count) + digits
    }
}
