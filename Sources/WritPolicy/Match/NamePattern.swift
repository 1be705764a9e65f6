// SPDX-License-Identifier: Apache-2.0

/// A tool's name: `mcp:git/get_*`, `Bash`. `*` stays within a part between slashes.
struct ToolPattern: Sendable, Hashable {
    let source: String
    private let parts: [WordGlob]

    init(_ source: String) {
        self.source = source
        parts = source.split(separator: "/", omittingEmptySubsequences: false).map { WordGlob($0) }
    }

    func matches(_ name: String) -> Bool {
        if parts.count == 1 {
            // Without a slash in the pattern, a name with one is not meant, but `*` is every tool.
            return parts[0].isAny || (!name.utf8.contains(UInt8(ascii: "/")) && parts[0].matches(name))
        }
        var rest = Substring(name)
        for (index, part) in parts.enumerated() {
            guard index < parts.count - 1 else { return !rest.contains("/") && part.matches(String(rest)) }
            guard let slash = rest.firstIndex(of: "/") else { return false }
            guard part.matches(String(rest[..<slash])) else { return false }
            rest = rest[rest.index(after: slash)...]
        }
        return false
    }

    /// Every tool, or every tool of every server.
    var isEverything: Bool { ["*", "*/*", "mcp:*", "mcp:*/*"].contains(source) }

    var isLiteral: Bool { parts.allSatisfy(\.isLiteral) }

    /// The server by which rules are looked up: `mcp:git`.
    var server: String? { parts.count == 2 && parts[0].isLiteral ? parts[0].text : nil }
}

/// A package: `npm:left-pad`, `pypi:*`, or a name in every ecosystem. `*` stands for any text.
struct PackagePattern: Sendable, Hashable {
    let source: String
    let ecosystem: WordGlob?
    let name: WordGlob

    init(_ source: String) {
        self.source = source
        if let colon = source.firstIndex(of: ":") {
            ecosystem = WordGlob(source[..<colon].lowercased())
            name = WordGlob(source[source.index(after: colon)...])
        } else {
            ecosystem = nil
            name = WordGlob(source)
        }
    }

    func matches(_ ecosystem: String, _ name: String) -> Bool {
        (self.ecosystem?.matches(ecosystem) ?? true) && self.name.matches(name)
    }
}

/// A repository's remote, in the one form in which remotes are compared: `host/path`, without scheme, user and `.git`.
enum RemoteText {
    static func normalized(_ remote: String) -> String {
        var text = Substring(remote)
        if let scheme = text.range(of: "://") {
            text = text[scheme...]
            let end = text.firstIndex(of: "/") ?? text.endIndex
            if let at = text[..<end].lastIndex(of: "@") { text = text[text.index(after: at)...] }
            // A port says nothing about whose repository it is.
            let slash = text.firstIndex(of: "/") ?? text.endIndex
            if let colon = text[..<slash].lastIndex(of: ":") {
                return trimmed(String(text[..<colon]).lowercased() + text[slash...])
            }
        } else if let colon = text.firstIndex(of: ":"), !text[..<colon].contains("/") {
            // scp-like: user@host:path
            var host = text[..<colon]
            if let at = host.lastIndex(of: "@") { host = host[host.index(after: at)...] }
            let path = text[text.index(after: colon)...].drop { $0 == "/" }
            return trimmed(host.lowercased() + "/" + path)
        }
        let slash = text.firstIndex(of: "/") ?? text.endIndex
        return trimmed(text[..<slash].lowercased() + text[slash...])
    }

    private static func trimmed(_ text: String) -> String {
        var text = text
        while text.hasSuffix("/") { text.removeLast() }
        if text.hasSuffix(".git") { text.removeLast(4) }
        return text
    }
}

extension Substring {
    /// The index after the first occurrence of a word.
    fileprivate func range(of word: String) -> Index? {
        var at = startIndex
        while at < endIndex {
            if self[at...].hasPrefix(word) { return index(at, offsetBy: word.count) }
            at = index(after: at)
        }
        return nil
    }
}
