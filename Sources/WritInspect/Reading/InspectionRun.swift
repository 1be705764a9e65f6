// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import Synchronization
internal import WritCore
internal import WritScan

/// One thing that a run looks at.
public enum WorkItem: Sendable {
    case file(ListedFile)
    /// A descriptor that is read to its end.
    case stream(descriptor: Int32, path: String)
    /// A change between a tree and the index or the work tree.
    case change(GitChangeItem)
    /// A commit's message and the lines that it adds.
    case commit(String, [GitChangeItem])

    /// Bytes, as far as they are known before.
    var size: Int {
        switch self {
        case .file(let file): file.size
        case .stream, .change, .commit: 0
        }
    }
}

/// A changed path, for callers that only pass it on.
public struct GitChangeItem: Sendable {
    let change: GitChange
    /// The new content lies in the work tree.
    let isInWorkTree: Bool

    /// The path after the change.
    public var path: String { change.path }
}

/// Looks at many things with a few threads, and hands over what they gave in the order of the items.
public struct InspectionRun: Sendable {
    /// Bytes of one version that a change may have; above it every line counts as added.
    public static let versionLimit = 16 << 20

    private let inspector: Inspector
    private let git: Git?
    private let workers: Int

    /// Creates a run.
    ///
    /// - Parameter workers: threads, at least 1. Each holds a window of content, see ``WindowReader``.
    public init(inspector: Inspector, git: Git? = nil, workers: Int) {
        self.inspector = inspector
        self.git = git
        self.workers = max(1, workers)
    }

    /// Where a run is.
    public struct Progress: Sendable {
        public var done = 0
        public var count = 0
        public var bytes = 0
    }

    /// Looks at all items.
    ///
    /// - Parameters:
    ///   - each: gets the result of every item, in order, one at a time; what could not be read is a note.
    ///   - progress: is called now and then from any thread.
    /// - Throws: when a detector could not do its work.
    public func run(
        _ items: [WorkItem], progress: @Sendable (Progress) -> Void = { _ in },
        each: @Sendable (Inspection) throws -> Void
    ) throws {
        let next = Atomic<Int>(0)
        let state = Mutex(Ordered())
        DispatchQueue.concurrentPerform(iterations: min(workers, max(1, items.count))) { _ in
            var objects: GitObjects?
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < items.count, !state.withLock({ $0.failure != nil }) else { return }
                let result: Result<Inspection, any Error> = Result { try look(at: items[index], &objects) }
                let here = state.withLock { state -> Progress in
                    switch result {
                    case .success(let inspection): state.waiting[index] = inspection
                    case .failure(let error): state.failure = state.failure ?? error
                    }
                    state.drain(each)
                    return Progress(done: state.done, count: items.count, bytes: state.bytes)
                }
                progress(here)
            }
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    private struct Ordered {
        var waiting: [Int: Inspection] = [:]
        var done = 0
        var bytes = 0
        var failure: (any Error)?

        mutating func drain(_ each: (Inspection) throws -> Void) {
            while failure == nil, let ready = waiting.removeValue(forKey: done) {
                done += 1
                bytes += ready.bytes
                do { try each(ready) } catch { failure = error }
            }
        }
    }

    // MARK: Items

    private func look(at item: WorkItem, _ objects: inout GitObjects?) throws -> Inspection {
        switch item {
        case .file(let file):
            return try reading(file.path) {
                var subject = Subject(path: file.path, phase: file.phase, agent: file.agent)
                if let source = Self.source(ofBytecode: file.location) {
                    // An empty one stands for a source that is too large to compare.
                    let text = try OpenFile(source).read(1 << 20)
                    subject.siblings = [SkillFile(path: source, bytes: text.count < 1 << 20 ? text : [])]
                }
                for other in file.company {
                    do {
                        let bytes = try OpenFile(other).read(FileListing.companionSize)
                        subject.siblings.append(SkillFile(path: other, bytes: bytes))
                    } catch is ReadFault {
                        // It is said when that file's own turn comes; this one is read all the same.
                        continue
                    }
                }
                return try inspector.inspect(subject, try OpenFile(file.location))
            }
        case .stream(let descriptor, let path):
            return try reading(path) {
                try inspector.inspect(Subject(path: path), OpenFile(descriptor: descriptor))
            }
        case .change(let item): return try look(at: item, &objects)
        case .commit(let commit, let changes): return try look(at: commit, changes, &objects)
        }
    }

    /// The source that lies beside compiled Python: `x.py` for `x.pyc` and for `__pycache__/x.cpython-313.pyc`.
    private static func source(ofBytecode path: String) -> String? {
        guard path.hasSuffix(".pyc") || path.hasSuffix(".pyo") else { return nil }
        var folders = path.split(separator: "/", omittingEmptySubsequences: false)
        let name = folders.removeLast().prefix { $0 != "." }
        if folders.last == "__pycache__" { folders.removeLast() }
        let source = (folders + ["\(name).py"]).joined(separator: "/")
        if case .file = FileKind(source) { return source }
        return nil
    }

    /// A file that cannot be read is a note; a detector that fails ends the run.
    private func reading(_ path: String, _ body: () throws -> Inspection) throws -> Inspection {
        do {
            return try body()
        } catch let fault as ReadFault {
            var result = Inspection()
            result.notes.append(Note(.unreadable, path: path, fault.description))
            return result
        }
    }

    private func content(_ object: String, _ objects: inout GitObjects?) throws -> (bytes: [UInt8], isWhole: Bool)? {
        guard let git, !object.allSatisfy({ $0 == "0" }) else { return nil }
        let open = try objects ?? git.objects()
        objects = open
        return try open.content(object, limit: Self.versionLimit)
    }

    private func look(at item: GitChangeItem, _ objects: inout GitObjects?) throws -> Inspection {
        let change = item.change
        var result = Inspection()
        if let note = Self.unreadable(change) {
            result.notes.append(note)
            return result
        }
        var previous: [[UInt8]] = []
        var notes: [Note] = []
        for object in change.oldObjects {
            if let old = try content(object, &objects) {
                if old.isWhole {
                    previous.append(old.bytes)
                } else {
                    notes.append(
                        Note(
                            .limit, path: change.path,
                            "the version before is over \(Self.versionLimit >> 20) MiB: every line counts as added"))
                    previous = []
                    break
                }
            }
        }
        var subject = Subject(path: change.path)
        var new: [UInt8] = []
        if !change.isRemoved {
            if item.isInWorkTree, change.newObject.allSatisfy({ $0 == "0" }) {
                guard let git else { return result }
                let read: Inspection? = try reading(change.path) {
                    let file = try OpenFile(git.root + "/" + change.path)
                    let bytes = try file.read(Self.versionLimit)
                    if try file.read(1).isEmpty {
                        new = bytes
                        return Inspection()
                    }
                    // Too large to compare: all of it, in windows.
                    return try inspector.inspect(subject, try OpenFile(git.root + "/" + change.path))
                }
                if let read, !read.notes.isEmpty || !read.findings.isEmpty || read.bytes > 0 { return read }
            } else if let found = try content(change.newObject, &objects) {
                new = found.bytes
                if !found.isWhole {
                    notes.append(
                        Note(
                            .unreadable, path: change.path,
                            "is over \(Self.versionLimit >> 20) MiB: only its beginning was read"))
                }
            } else {
                result.notes.append(Note(.unreadable, path: change.path, "its content is missing in the repository"))
                return result
            }
        }
        let kind: Change.Kind = change.isRemoved ? .removed : previous.isEmpty ? .added : .changed
        let what = Change(kind: kind, previous: previous)
        subject.change = what
        result = try inspector.inspect(subject, change: what, new)
        result.notes += notes
        return result
    }

    private static func unreadable(_ change: GitChange) -> Note? {
        if change.isSubmodule {
            return Note(.special, path: change.path, "is a submodule: its own commits are not read")
        }
        if change.isLink { return Note(.link, path: change.path, "symbolic links are not followed") }
        return nil
    }

    private func look(
        at commit: String, _ changes: [GitChangeItem], _ objects: inout GitObjects?
    ) throws -> Inspection {
        var result = Inspection()
        guard let raw = try content(commit, &objects) else {
            result.notes.append(Note(.unreadable, path: commit, "the commit cannot be read"))
            return result
        }
        // A commit's message follows its headers.
        let message = raw.bytes.indices.dropLast().first { raw.bytes[$0] == 0x0A && raw.bytes[$0 + 1] == 0x0A }
        if let message {
            let text = Array(raw.bytes[(message + 2)...])
            let short = String(commit.prefix(12))
            var found = try inspector.inspect(
                Subject(path: "message of \(short)", phase: inspector.options.phase ?? .toolResponse, commit: commit),
                BytesInMemory(text))
            found.bytes = text.count
            result.join(found)
        }
        for item in changes {
            let change = item.change
            if let note = Self.unreadable(change) {
                result.notes.append(note)
                continue
            }
            if change.isRemoved { continue }
            guard let new = try content(change.newObject, &objects) else { continue }
            if !new.isWhole {
                result.notes.append(
                    Note(
                        .unreadable, path: change.path,
                        "in \(commit.prefix(12)) it is over \(Self.versionLimit >> 20) MiB: only its beginning was read"
                    ))
            }
            var lines: LineSet?
            for object in change.oldObjects {
                guard let old = try content(object, &objects), old.isWhole else { continue }
                let added = LineDiff.added(before: old.bytes, after: new.bytes)
                lines = lines?.intersection(added) ?? added
            }
            var subject = Subject(path: change.path, commit: commit)
            if let lines, ContentKind(new.bytes) == .text {
                guard !lines.isEmpty else { continue }
                let (text, numbers) = LineDiff.text(of: lines, in: new.bytes)
                subject.lineNumbers = numbers
                result.join(try inspector.inspect(subject, BytesInMemory(text)))
            } else {
                // New, or no text: all of it.
                subject.lineNumbers = []
                result.join(try inspector.inspect(subject, BytesInMemory(new.bytes)))
            }
        }
        return result
    }
}

extension Inspection {
    mutating func join(_ other: Inspection) {
        findings += other.findings
        notes += other.notes
        review += other.review
        bytes += other.bytes
    }
}

extension Git {
    /// Everything that the index, or the work tree, has changed since a tree.
    ///
    /// - Parameter staged: the index alone; otherwise the work tree with untracked files that are not ignored.
    public func items(changedSince tree: String, staged: Bool) throws -> [WorkItem] {
        var items = try changes(from: tree, staged: staged).map {
            GitChangeItem(change: $0, isInWorkTree: !staged)
        }
        if !staged {
            let zeros = String(repeating: "0", count: 40)
            items += try untracked().map { path in
                GitChangeItem(
                    change: GitChange(
                        path: path, oldPath: path, status: "A", modes: ["000000", "100644"], objects: [zeros, zeros]),
                    isInWorkTree: true)
            }
        }
        return items.sorted { $0.path < $1.path }.map { .change($0) }
    }

    /// The tree that staged content is compared with: the last commit's, or the empty one.
    public func lastTree() throws -> String {
        try object("HEAD") ?? emptyTree()
    }

    /// The commit that a branch was made from.
    ///
    /// - Throws: when `base` names no commit, or shares none with `HEAD`.
    public func base(_ base: String) throws -> String {
        guard let commit = try object(base) else { throw ReadFault("`\(Excerpt.harmless(base))` names no commit") }
        guard let shared = try mergeBase(with: commit) else {
            throw ReadFault("`\(Excerpt.harmless(base))` and HEAD share no commit; is the clone shallow?")
        }
        return shared
    }

    /// A file's content in a tree; nil when it has none, or more than 1 MiB.
    public func content(of path: String, in tree: String) throws -> [UInt8]? {
        guard let found = try objects().content(tree + ":" + path, limit: 1 << 20), found.isWhole else { return nil }
        return found.bytes
    }

    /// The commits of a range with what they add.
    ///
    /// - Returns: the items, and whether older commits were left out.
    public func items(history range: String?, limit: Int) throws -> (items: [WorkItem], isCut: Bool) {
        guard try range != nil || object("HEAD") != nil else { throw ReadFault("the repository has no commits yet") }
        let commits = try commits(range, limit: limit)
        let read = Array(commits.prefix(limit))
        var changes: [String: [GitChangeItem]] = [:]
        try self.changes(of: read) { commit, list in
            changes[commit, default: []] += list.map { GitChangeItem(change: $0, isInWorkTree: false) }
        }
        return (read.map { .commit($0, changes[$0] ?? []) }, commits.count > limit)
    }
}

extension GitChange {
    init(path: String, oldPath: String, status: String, modes: [String], objects: [String]) {
        self.path = path
        self.oldPath = oldPath
        self.status = status
        self.modes = modes
        self.objects = objects
    }
}
