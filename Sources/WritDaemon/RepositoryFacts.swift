// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritPolicy

/// What a working copy's own files say about it: root, branch, remote, default branch. Reads a few small files and runs
/// nothing, because a repository can make git run programs.
enum RepositoryFacts {
    /// The facts of the repository that holds `directory`; nothing known when there is none.
    static func read(at directory: String) -> Facts.Repo {
        var repo = Facts.Repo()
        guard let (root, git) = find(from: directory) else { return repo }
        repo.root = root
        let common = commonFolder(git)
        if let head = text("\(git)/HEAD") { repo.branch = branch(head) }
        if let configuration = text("\(common)/config") { repo.remote = remote(configuration) }
        if let head = text("\(common)/refs/remotes/origin/HEAD") {
            let prefix = "ref: refs/remotes/origin/"
            if head.hasPrefix(prefix) { repo.defaultBranch = String(head.dropFirst(prefix.count)) }
        }
        let main: Set<String> = repo.defaultBranch.isEmpty ? ["main", "master"] : [repo.defaultBranch]
        repo.protected = main.contains(repo.branch) || repo.branch.hasPrefix("release")
        return repo
    }

    private static func find(from directory: String) -> (root: String, git: String)? {
        var path = directory
        for _ in 0..<64 {
            let candidate = path == "/" ? "/.git" : path + "/.git"
            if exists("\(candidate)/HEAD") { return (path, candidate) }
            // A worktree or submodule: a file that names the folder.
            if let link = text(candidate), link.hasPrefix("gitdir: ") {
                let target = PathText.absolute(String(link.dropFirst(8)), in: path, home: "/")
                if exists("\(target)/HEAD") { return (path, target) }
            }
            guard path != "/", let slash = path.lastIndex(of: "/") else { return nil }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
        return nil
    }

    private static func commonFolder(_ git: String) -> String {
        guard let common = text("\(git)/commondir") else { return git }
        return PathText.absolute(common, in: git, home: "/")
    }

    private static func exists(_ path: String) -> Bool {
        text(path) != nil
    }

    private static func branch(_ head: String) -> String {
        let prefix = "ref: refs/heads/"
        return head.hasPrefix(prefix) ? String(head.dropFirst(prefix.count)) : ""
    }

    /// The URL of `origin`, else of the first remote, without credentials.
    private static func remote(_ configuration: String) -> String {
        var section = ""
        var first = ""
        for line in configuration.split(separator: "\n") {
            let line = String(line).trimmedBlanks
            if line.hasPrefix("[") {
                section = line
            } else if section.hasPrefix("[remote "), line.hasPrefix("url"), let equals = line.firstIndex(of: "=") {
                let url = withoutCredentials(String(line[line.index(after: equals)...]).trimmedBlanks)
                if section.hasPrefix("[remote \"origin\"") { return url }
                if first.isEmpty { first = url }
            }
        }
        return first
    }

    private static func withoutCredentials(_ url: String) -> String {
        guard let scheme = url.range(of: "://"), let at = url[scheme.upperBound...].firstIndex(of: "@"),
            !url[scheme.upperBound..<at].contains("/")
        else { return url }
        return String(url[..<scheme.upperBound]) + String(url[url.index(after: at)...])
    }

    private static func text(_ path: String) -> String? {
        do {
            guard let bytes = try SmallFile.read(path, limit: 256 << 10) else { return nil }
            return String(decoding: bytes, as: UTF8.self).trimmedBlanks
        } catch {
            // A folder, or what cannot be read, says nothing; no grant rests on an empty fact.
            return nil
        }
    }
}

extension String {
    fileprivate var trimmedBlanks: String {
        var text = Substring(self)
        while let last = text.last, last.isWhitespace { text.removeLast() }
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        return String(text)
    }

    fileprivate func range(of text: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
