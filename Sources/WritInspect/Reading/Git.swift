// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Asks git about a repository that may be hostile.
///
/// The program's path is pinned, its environment is made here, and everything in a configuration that names a program
/// (filters, text converters, external diffs, hooks, file system monitors, helpers) is switched off by name before the
/// first question that could run it. Nothing is fetched, nothing is written.
public final class Git: Sendable {
    /// The work tree's root, absolute.
    public let root: String
    private let program: String
    private let home: String
    private let overrides: [String]
    private let indexFile: String?

    /// Where git is looked for; an installation elsewhere is named by the caller.
    public static let usualPrograms = ["/usr/bin/git", "/usr/local/bin/git", "/opt/homebrew/bin/git"]

    /// Opens the repository that a folder lies in.
    ///
    /// - Parameters:
    ///   - program: absolute; nil for the first of ``usualPrograms``.
    ///   - home: where git finds the user's own `safe.directory`.
    ///   - indexFile: what `GIT_INDEX_FILE` says in a commit hook; obeyed when it lies in the repository's git folder.
    ///   - takesBare: a folder that is a repository without a work tree will do: only its commits can be read.
    /// - Returns: nil when the folder is in no repository.
    /// - Throws: when git is missing or refuses the repository.
    public init?(
        at folder: String, program: String? = nil, home: String, indexFile: String? = nil, takesBare: Bool = false
    ) throws(ReadFault) {
        guard let program = program ?? Self.usualPrograms.first(where: { access($0, X_OK) == 0 }) else {
            throw ReadFault("git is at none of \(Self.usualPrograms.joined(separator: ", ")); name it with `--git`")
        }
        guard program.hasPrefix("/") else { throw ReadFault("the path of git must be absolute") }
        let bare = takesBare && Self.isBare(folder) ? folder : nil
        guard let marker = bare ?? Self.repository(of: folder) else { return nil }
        self.program = program
        self.home = home
        // Listing names runs nothing that they mention.
        let names = try Self.output(
            program, Self.fixed + ["config", "--list", "--name-only", "-z"], Self.environment(home, nil), marker)
        overrides = names.map { Self.defused($0) } ?? []
        // A repository without a work tree has one folder for both.
        let question = [bare == nil ? "--show-toplevel" : "--absolute-git-dir", "--absolute-git-dir"]
        let answer = try Self.output(
            program, Self.fixed + overrides + ["rev-parse"] + question,
            Self.environment(home, nil), marker)
        guard let answer, let text = String(validating: answer, as: UTF8.self) else {
            throw ReadFault("git refuses the repository at \(marker): is it owned by another user?")
        }
        let lines = text.split(separator: "\n").map(String.init)
        guard lines.count == 2, lines[0].hasPrefix("/") else { throw ReadFault("\(marker) has no work tree") }
        root = lines[0]
        let inside = indexFile.map { $0.hasPrefix("/") ? $0 : lines[0] + "/" + $0 }
        self.indexFile = inside.flatMap { $0.hasPrefix(lines[1] + "/") && !$0.contains("/../") ? $0 : nil }
    }

    /// The nearest folder upwards with a `.git`.
    static func repository(of folder: String) -> String? {
        var at = folder
        while !at.isEmpty {
            if access(at == "/" ? "/.git" : at + "/.git", F_OK) == 0 { return at }
            guard let slash = at.lastIndex(of: "/"), at != "/" else { return nil }
            at = slash == at.startIndex ? "/" : String(at[..<slash])
        }
        return nil
    }

    /// The folder is a repository itself.
    private static func isBare(_ folder: String) -> Bool {
        ["HEAD", "objects", "refs"].allSatisfy { access(folder + "/" + $0, F_OK) == 0 }
            && access(folder + "/.git", F_OK) != 0
    }

    private static let fixed = [
        "--no-pager", "--no-optional-locks", "--literal-pathspecs", "-c", "core.fsmonitor=false", "-c",
        "core.hooksPath=/dev/null", "-c", "core.pager=cat", "-c", "core.untrackedCache=false", "-c",
        "core.sshCommand=false", "-c", "core.askPass=", "-c", "diff.external=", "-c", "credential.helper=", "-c",
        "protocol.allow=never", "-c", "gpg.program=false", "-c", "log.showSignature=false", "-c",
        "submodule.recurse=false",
        "-c", "core.quotePath=false", "-c", "maintenance.auto=false", "-c", "gc.auto=0",
    ]

    /// `-c name=` for every setting that names a program to run.
    private static func defused(_ names: [UInt8]) -> [String] {
        var result: [String] = []
        for part in names.split(separator: 0) {
            let name = String(decoding: part, as: UTF8.self)
            let lower = name.lowercased()
            let isFilter = lower.hasPrefix("filter.")
            let isDiff = lower.hasPrefix("diff.") && (lower.hasSuffix(".command") || lower.hasSuffix(".textconv"))
            let isMerge = lower.hasPrefix("merge.") && lower.hasSuffix(".driver")
            guard isFilter || isDiff || isMerge, !name.contains("=") else {
                if name.contains("="), isFilter || isDiff || isMerge {
                    // A name with `=` cannot be overridden on the command line: see `isTrusted`.
                    result.append("\u{0}")
                }
                continue
            }
            result += ["-c", lower.hasSuffix(".required") ? name + "=false" : name + "="]
        }
        return result
    }

    private static func environment(_ home: String, _ index: String?) -> [String] {
        var variables = [
            "PATH=/usr/bin:/bin", "LC_ALL=C", "HOME=" + home, "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0",
            "GIT_ALLOW_PROTOCOL=none", "GIT_NO_LAZY_FETCH=1", "GIT_PAGER=cat", "GIT_EDITOR=false", "GIT_ASKPASS=false",
            "GIT_NO_REPLACE_OBJECTS=1",
        ]
        if let index { variables.append("GIT_INDEX_FILE=" + index) }
        return variables
    }

    private static func output(
        _ program: String, _ arguments: [String], _ environment: [String], _ folder: String, limit: Int = 256 << 20
    ) throws(ReadFault) -> [UInt8]? {
        let child = try ChildProcess(program, ["-C", folder] + arguments, environment: environment)
        let all = try answer(of: child, limit: limit)
        return child.finish() == 0 ? all : nil
    }

    private static func answer(of child: ChildProcess, limit: Int = 256 << 20) throws(ReadFault) -> [UInt8] {
        child.endInput()
        var all: [UInt8] = []
        while true {
            let more = try child.read(1 << 20)
            if more.isEmpty { return all }
            all += more
            guard all.count <= limit else { throw ReadFault("git answers more than \(limit >> 20) MiB") }
        }
    }

    private func start(_ arguments: [String]) throws(ReadFault) -> ChildProcess {
        guard !overrides.contains("\u{0}") else {
            throw ReadFault(
                "the repository's configuration names a filter with `=` in its name, which cannot be switched off")
        }
        return try ChildProcess(
            program, ["-C", root] + Self.fixed + overrides + arguments, environment: Self.environment(home, indexFile))
    }

    /// Runs a question and takes the whole answer.
    func ask(_ arguments: [String]) throws(ReadFault) -> [UInt8] {
        let child = try start(arguments)
        let all = try Self.answer(of: child)
        guard child.finish() == 0 else { throw ReadFault("git \(arguments.first ?? "") failed") }
        return all
    }

    /// The URL of the remote `origin`, as the repository's own configuration has it; nil without exactly one.
    public func origin() -> String? {
        do {
            let urls = Self.texts(try ask(["config", "--local", "-z", "--get-all", "remote.origin.url"]))
            return urls.count == 1 ? urls[0] : nil
        } catch {
            // Git ends with an error where there is none.
            return nil
        }
    }

    /// Paths below a folder that are tracked, or neither tracked nor ignored; relative to the folder.
    func files(below folder: String) throws(ReadFault) -> [String] {
        var paths = Self.texts(
            try ask(["-C", folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]))
        // A conflict lists a path once a stage.
        paths.sort()
        var last: String?
        paths.removeAll { path in
            defer { last = path }
            return path == last
        }
        return paths
    }

    /// What `.gitignore` leaves out below a folder; a folder all of which is ignored is one entry with a `/`.
    func ignored(below folder: String) throws(ReadFault) -> [String] {
        Self.texts(
            try ask([
                "-C", folder, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory",
                "--no-empty-directory",
            ]))
    }

    /// Untracked paths that are not ignored, relative to the root.
    func untracked() throws(ReadFault) -> [String] {
        Self.texts(try ask(["ls-files", "-z", "--others", "--exclude-standard"]))
    }

    static func texts(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The object that a name stands for; nil when there is none. Names that look like options are refused.
    func object(_ name: String, as type: String = "commit") throws(ReadFault) -> String? {
        guard !name.hasPrefix("-"), name.utf8.count <= 1024 else { return nil }
        let child = try start(["rev-parse", "--verify", "--quiet", "--end-of-options", "\(name)^{\(type)}"])
        child.endInput()
        let line = try child.next(until: 0x0A)
        guard child.finish() == 0, let line else { return nil }
        return String(decoding: line, as: UTF8.self)
    }

    /// The best common ancestor of a commit and `HEAD`; nil when they have none.
    func mergeBase(with commit: String) throws(ReadFault) -> String? {
        let child = try start(["merge-base", commit, "HEAD"])
        child.endInput()
        let line = try child.next(until: 0x0A)
        guard child.finish() == 0, let line else { return nil }
        return String(decoding: line, as: UTF8.self)
    }

    /// The tree without files, in this repository's kind of hash.
    func emptyTree() throws(ReadFault) -> String {
        String(decoding: try ask(["hash-object", "-t", "tree", "/dev/null"]).prefix { $0 != 0x0A }, as: UTF8.self)
    }

    /// Starts a conversation about objects.
    func objects() throws(ReadFault) -> GitObjects {
        GitObjects(try start(["cat-file", "--batch"]))
    }

    /// Commits of a range, newest first, at most `limit` and one more.
    func commits(_ range: String?, limit: Int) throws(ReadFault) -> [String] {
        let range = range ?? "HEAD"
        guard !range.hasPrefix("-") else { throw ReadFault("`\(Excerpt.harmless(range))` is no range") }
        let text = try ask(["rev-list", "--max-count=\(limit + 1)", "--end-of-options", range, "--"])
        return text.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Changes of many commits, one after the other; merges show what none of their parents has.
    func changes(of commits: [String], _ body: (String, [GitChange]) throws -> Void) throws {
        for start in stride(from: 0, to: commits.count, by: 200) {
            let part = Array(commits[start..<min(commits.count, start + 200)])
            let child = try self.start(
                ["diff-tree", "--stdin", "-r", "-z", "--root", "-c", "-M", "--no-textconv", "--no-ext-diff"])
            try child.write(Array((part.joined(separator: "\n") + "\n").utf8))
            child.endInput()
            try Self.records(child) { commit, changes in try body(commit ?? "", changes) }
            guard child.finish() == 0 else { throw ReadFault("git diff-tree failed") }
        }
    }

    /// Changes between a tree and the index, or a tree and the work tree.
    func changes(from tree: String, staged: Bool) throws -> [GitChange] {
        let child = try start(
            ["diff-index"] + (staged ? ["--cached"] : []) + ["-z", "-M", "--no-textconv", "--no-ext-diff", tree, "--"])
        child.endInput()
        var all: [GitChange] = []
        try Self.records(child) { _, changes in all += changes }
        guard child.finish() == 0 else { throw ReadFault("git diff-index failed") }
        return all
    }

    /// Reads `--raw -z` records; a record without a colon is the commit that follows.
    private static func records(_ child: ChildProcess, _ body: (String?, [GitChange]) throws -> Void) throws {
        var commit: String?
        var changes: [GitChange] = []
        while let part = try child.next(until: 0) {
            guard part.first == UInt8(ascii: ":") else {
                if commit != nil || !changes.isEmpty { try body(commit, changes) }
                // diff-tree ends the commit's line with a line break or a NUL by version.
                var rest = part[...]
                if let newline = rest.firstIndex(of: 0x0A) { rest = rest[..<newline] }
                commit = String(decoding: rest, as: UTF8.self).split(separator: " ").first.map(String.init)
                changes = []
                if part.count > rest.count + 1 {
                    let record = Array(part[(rest.endIndex + 1)...])
                    if let change = try GitChange(record, child) { changes.append(change) }
                }
                continue
            }
            if let change = try GitChange(part, child) { changes.append(change) }
        }
        if commit != nil || !changes.isEmpty { try body(commit, changes) }
    }
}

/// One changed path of a `--raw` listing.
struct GitChange: Sendable, Hashable {
    var path: String
    /// The path before, for renames.
    var oldPath: String
    /// `A`, `D`, `M`, `R`, `C`, `T` and others; one letter a parent.
    var status: String
    /// Modes, in octal text: parents first, the result last.
    var modes: [String]
    /// Objects in the same order; all zeros where the work tree has the content, or nothing has.
    var objects: [String]

    var isRemoved: Bool { status.allSatisfy { $0 == "D" } }
    var newMode: String { modes.last ?? "" }
    var isRegular: Bool { newMode.hasPrefix("100") || isRemoved && modes.first?.hasPrefix("100") == true }
    var isLink: Bool { newMode == "120000" }
    var isSubmodule: Bool { newMode == "160000" }
    var newObject: String { objects.last ?? "" }
    var oldObjects: [String] { Array(objects.dropLast()) }

    /// Reads a record whose paths follow in the stream.
    init?(_ record: [UInt8], _ child: ChildProcess) throws {
        let text = String(decoding: record, as: UTF8.self)
        let parents = text.prefix { $0 == ":" }.count
        let fields = text.dropFirst(parents).split(separator: " ").map(String.init)
        guard parents >= 1, fields.count == 2 * (parents + 1) + 1, let status = fields.last,
            let first = try child.next(until: 0)
        else { return nil }
        modes = Array(fields[0...parents])
        objects = Array(fields[(parents + 1)...(2 * parents + 1)])
        self.status = String(status.prefix { $0.isLetter })
        oldPath = String(decoding: first, as: UTF8.self)
        path = oldPath
        // Two paths follow a rename or copy, in a listing with one parent alone.
        if parents == 1, status.hasPrefix("R") || status.hasPrefix("C"), let second = try child.next(until: 0) {
            path = String(decoding: second, as: UTF8.self)
        }
    }
}

/// A running `git cat-file --batch`. For one thread.
final class GitObjects {
    private let child: ChildProcess

    init(_ child: ChildProcess) {
        self.child = child
    }

    /// The object's bytes.
    ///
    /// - Returns: nil when there is no such object, or when it is larger than `limit`: then it is read past.
    func content(_ object: String, limit: Int) throws(ReadFault) -> (bytes: [UInt8], isWhole: Bool)? {
        guard object.utf8.allSatisfy({ $0 != 0x0A }) else { return nil }
        try child.write(Array((object + "\n").utf8))
        guard let header = try child.next(until: 0x0A) else { throw ReadFault("git ended early") }
        let words = String(decoding: header, as: UTF8.self).split(separator: " ")
        guard words.count == 3, let size = Int(words[2]), size >= 0 else { return nil }
        var bytes: [UInt8] = []
        var left = size
        while left > 0 {
            let more = try child.read(min(left, 1 << 16))
            guard !more.isEmpty else { throw ReadFault("git ended early") }
            left -= more.count
            if bytes.count < limit { bytes += more.prefix(limit - bytes.count) }
        }
        _ = try child.read(1)
        return (bytes, size <= limit)
    }
}
