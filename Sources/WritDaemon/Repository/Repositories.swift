// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCore
import WritGuard
import WritPolicy

/// What a working copy's own files say about it. Reads a few small files and runs nothing, because a repository can make
/// git run programs.
struct Repository: Sendable {
    var facts = Facts.Repo()
    /// The URLs of all its remotes, without credentials.
    var remotes: [String] = []
    /// Nothing was unreadable, and nothing may be said elsewhere.
    var isCertain = true
    /// Where its objects and branches are; empty outside a repository.
    var gitFolder = ""
}

/// The repositories that calls come from, each read again when one of the files changes that it was read from.
final class Repositories: Sendable {
    private struct Entry {
        var repository: Repository
        var seen: [(path: String, identity: FileIdentity)]
    }

    /// More folders than this are not remembered at once.
    private static let maximumEntries = 512

    private let entries = Mutex<[String: Entry]>([:])

    /// What is known of the repository that holds `directory`.
    func repository(at directory: String) -> Repository {
        if let entry = entries.withLock({ $0[directory] }),
            entry.seen.allSatisfy({ FileIdentity($0.path) == $0.identity })
        {
            return entry.repository
        }
        var reader = RepositoryReader()
        let repository = reader.read(at: directory)
        // Looked at before it was read, so a change in between is found by the next look. What changed just now may
        // change again within the grain of the file system's clock.
        let isSettled = reader.seen.allSatisfy { !$0.identity.isRecent }
        entries.withLock { entries in
            if entries.count >= Self.maximumEntries { entries.removeAll() }
            entries[directory] = isSettled ? Entry(repository: repository, seen: reader.seen) : nil
        }
        return repository
    }
}

/// Reads one repository and remembers which files it looked at.
private struct RepositoryReader {
    private(set) var seen: [(path: String, identity: FileIdentity)] = []
    private var isCertain = true

    mutating func read(at directory: String) -> Repository {
        var repository = Repository()
        guard let (root, git) = find(from: directory) else {
            repository.isCertain = isCertain
            // There is one that does not let itself be read: its branch may be any.
            repository.facts.protected = !isCertain
            return repository
        }
        let common = text("\(git)/commondir").map { PathText.absolute($0, in: git, home: "/") } ?? git
        repository.gitFolder = common
        repository.facts.root = root
        if let head = text("\(git)/HEAD") { repository.facts.branch = Self.branch(head) }
        if let configuration = text("\(common)/config") { read(configuration, into: &repository) }
        if let head = text("\(common)/refs/remotes/origin/HEAD") {
            let prefix = "ref: refs/remotes/origin/"
            if head.hasPrefix(prefix) { repository.facts.defaultBranch = String(head.dropFirst(prefix.count)) }
        }
        repository.facts.protected = repository.facts.protects(repository.facts.branch)
        repository.isCertain = isCertain
        return repository
    }

    private mutating func find(from directory: String) -> (root: String, git: String)? {
        var path = directory
        for _ in 0..<64 {
            let candidate = path == "/" ? "/.git" : path + "/.git"
            if text("\(candidate)/HEAD") != nil { return (path, candidate) }
            // A worktree or submodule: a file that names the folder.
            if let link = text(candidate, isFolderFine: true), link.hasPrefix("gitdir: ") {
                let target = PathText.absolute(String(link.dropFirst(8)), in: path, home: "/")
                if text("\(target)/HEAD") != nil { return (path, target) }
            }
            guard path != "/", let slash = path.lastIndex(of: "/") else { return nil }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
        isCertain = false
        return nil
    }

    private static func branch(_ head: String) -> String {
        let prefix = "ref: refs/heads/"
        return head.hasPrefix(prefix) ? String(head.dropFirst(prefix.count)) : ""
    }

    /// The URLs of the remotes; that of `origin`, else of the first, is the repository's own.
    private mutating func read(_ configuration: String, into repository: inout Repository) {
        var section = ""
        for line in configuration.split(separator: "\n") {
            let line = String(line).trimmedBlanks
            if line.hasPrefix("[") {
                section = line.lowercased()
                // Included files and rewritten URLs say what is not read here.
                if section.hasPrefix("[include") || section.hasPrefix("[url ") { isCertain = false }
            } else if section.hasPrefix("[extensions"), line.lowercased().hasPrefix("worktreeconfig") {
                isCertain = false
            } else if section.hasPrefix("[remote "), line.lowercased().hasPrefix("url"),
                let equals = line.firstIndex(of: "=")
            {
                let url = Self.withoutCredentials(
                    Self.unquoted(String(line[line.index(after: equals)...]).trimmedBlanks))
                let isOrigin = section.hasPrefix("[remote \"origin\"")
                if repository.facts.remote.isEmpty || isOrigin { repository.facts.remote = url }
                guard repository.remotes.count < 64 else {
                    isCertain = false
                    return
                }
                repository.remotes.append(url)
            }
        }
    }

    private static func unquoted(_ text: String) -> String {
        text.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"") ? String(text.dropFirst().dropLast()) : text
    }

    private static func withoutCredentials(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://"), let at = url[scheme.upperBound...].firstIndex(of: "@"),
            !url[scheme.upperBound..<at].contains("/")
        else { return url }
        return String(url[..<scheme.upperBound]) + String(url[url.index(after: at)...])
    }

    /// The file's text; nil when there is none. What is there and cannot be read makes everything uncertain.
    private mutating func text(_ path: String, isFolderFine: Bool = false) -> String? {
        let identity = FileIdentity(path)
        seen.append((path, identity))
        if isFolderFine, identity.isFolder { return nil }
        do {
            guard let bytes = try SmallFile.read(path, limit: 256 << 10) else { return nil }
            return String(decoding: bytes, as: UTF8.self).trimmedBlanks
        } catch {
            isCertain = false
            return nil
        }
    }
}
