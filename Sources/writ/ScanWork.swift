// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritInspect
import WritScan

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Which folder a scan is about: what paths in reports are relative to, and where settings lie.
struct ScanPlace {
    /// Absolute, links resolved.
    let root: String
    /// What was named, absolute; nil for standard input.
    let paths: [String?]
    /// Named, but not there.
    let missing: [String]
    private let program: String?

    init(paths: [String], git: String?) throws {
        guard let here = FileListing.resolve(".") else { throw CommandFault("the working folder is gone") }
        var found: [String?] = []
        var missing: [String] = []
        for path in paths.isEmpty ? ["."] : paths {
            if path == "-" {
                found.append(nil)
            } else if let real = FileListing.resolve(path) {
                found.append(real)
            } else {
                missing.append(path)
            }
        }
        self.paths = found
        self.missing = missing
        root = FileListing.root(of: found.compactMap { $0 }.first ?? here, workingDirectory: here)
        program = git
    }

    /// The whole of the root is scanned.
    var coversRoot: Bool { paths.contains(root) }

    func repository(home: String, takesBare: Bool) throws -> Git? {
        try Git(
            at: root, program: program, home: getenv("HOME").map { String(cString: $0) } ?? home,
            indexFile: getenv("GIT_INDEX_FILE").map { String(cString: $0) }, takesBare: takesBare)
    }

    /// The same for any folder, for listing files: the index is always the repository's own.
    func repository(of folder: String) throws -> Git? {
        try Git(at: folder, program: program, home: getenv("HOME").map { String(cString: $0) } ?? "/nonexistent")
    }

    /// Where the repository comes from, for what its skills say about their publisher; nil where that cannot be told.
    ///
    /// - Parameter repository: the one that the scan is about, where it is opened already.
    func origin(_ repository: Git?) -> String? {
        do {
            return try (repository ?? self.repository(of: root))?.origin()
        } catch {
            // Without git nothing speaks for a claim. The scan itself says what it needs git for.
            return nil
        }
    }

    /// The settings' bytes; nil when there are none.
    func settingsFile() throws -> [UInt8]? {
        let path = root + "/" + ScanSettings.path
        guard access(path, F_OK) == 0 else { return nil }
        do {
            return try OpenFile(path).readAll(limit: 1 << 20)
        } catch {
            throw CommandFault("\(ScanSettings.path) \(error)")
        }
    }

    func writeSettings(_ bytes: [UInt8]) throws {
        let folder = root + "/.writ"
        if mkdir(folder, 0o777) != 0, errno != EEXIST { throw CommandFault("\(folder) cannot be made") }
        let path = root + "/" + ScanSettings.path
        let draft = path + ".\(getpid())"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw CommandFault("\(ScanSettings.path) cannot be written") }
        Terminal.write(String(decoding: bytes, as: UTF8.self), to: descriptor)
        let isWritten = fsync(descriptor) == 0
        close(descriptor)
        guard isWritten, rename(draft, path) == 0 else {
            unlink(draft)
            throw CommandFault("\(ScanSettings.path) cannot be written")
        }
    }
}

/// What one scan reads.
struct ScanWork {
    var items: [WorkItem]
    var notes: [Note] = []
    var subject: String
    /// As far as they are known before.
    var bytes = 0
    /// The settings are part of the change that is scanned.
    var settingsChange: LocatedFinding?

    /// Those of the items that are files.
    var files: [ListedFile] { items.compactMap { item in if case .file(let file) = item { file } else { nil } } }

    /// Some file may say whose it is. What changes and histories hold is not looked through for that.
    var mayClaim: Bool {
        items.contains { item in
            if case .file(let file) = item { InstructionFiles.isInstruction(file.path) } else { true }
        }
    }

    /// Files and standard input.
    init(files place: ScanPlace, exclude: [PathPattern], places: AgentPlaces?, ignores: Bool) throws {
        var listing = FileListing(root: place.root, exclude: exclude, places: places)
        items = []
        for path in place.paths {
            if let path {
                listing.add(path, git: ignores ? { try place.repository(of: $0) } : nil)
            } else {
                items.append(.stream(descriptor: 0, path: "-"))
            }
        }
        listing.finish()
        items += listing.files.map { .file($0) }
        notes = listing.notes + place.missing.map { Note(.unreadable, path: $0, "there is no such file") }
        bytes = items.count == listing.files.count ? listing.files.reduce(0) { $0 + $1.size } : 0
        subject =
            place.paths.count == 1
            ? place.paths[0].map { Excerpt.harmless($0) } ?? "standard input" : "\(place.paths.count) paths"
    }

    /// Every agent's files on this machine and in the working folder's repository.
    init(machine place: ScanPlace, home: String, places: AgentPlaces, exclude: [PathPattern]) {
        var listing = FileListing(root: "/", exclude: [])
        listing.addAgents(places, home: home, repositories: [place.root])
        var inside = FileListing(root: place.root, exclude: exclude, places: places)
        if place.root != home { inside.add(place.root, git: { try place.repository(of: $0) }) }
        for file in inside.files {
            guard let known = places.place(inRepository: file.path) else { continue }
            listing.add(
                instruction: file.location, as: file.location, phase: AgentPlaces.phase(of: known.kind),
                agent: known.agent)
        }
        listing.finish()
        items = listing.files.map { .file($0) }
        notes = listing.notes
        bytes = listing.files.reduce(0) { $0 + $1.size }
        subject = "agents on this machine"
    }

    /// Changes of the index or the work tree.
    init(changes repository: Git, base: String, isStaged: Bool, name: String, exclude: [PathPattern]) throws {
        let all = try repository.items(changedSince: base, staged: isStaged)
        items = []
        var excluded = 0
        for item in all {
            guard case .change(let change) = item else { continue }
            if change.path == ScanSettings.path { settingsChange = Self.settingsFinding }
            if exclude.contains(where: { $0.matches(change.path) }) { excluded += 1 } else { items.append(item) }
        }
        if excluded > 0 {
            notes.append(
                Note(.excluded, "left out by `exclude` in \(ScanSettings.path) or `--exclude`", count: excluded))
        }
        subject = name
    }

    /// Commits.
    init(history repository: Git, range: String?, limit: Int, exclude: [PathPattern]) throws {
        let (all, isCut) = try repository.items(history: range, limit: limit)
        items = all.map { item in
            guard case .commit(let commit, let changes) = item, !exclude.isEmpty else { return item }
            return .commit(commit, changes.filter { change in !exclude.contains { $0.matches(change.path) } })
        }
        if isCut {
            notes.append(Note(.limit, "commits older than the newest \(limit) are not read; see --max-commits"))
        }
        if !exclude.isEmpty {
            notes.append(Note(.excluded, "paths are left out of every commit by `exclude`", count: exclude.count))
        }
        subject = "history of \(range.map { Excerpt.harmless($0) } ?? "HEAD")"
    }

    private static let settingsFinding = LocatedFinding(
        path: ScanSettings.path,
        finding: Finding(
            scanner: "scan", rule: "scan-settings-changed", category: "scan_settings", severity: .low, confidence: 1,
            message: "this change alters what scans report; what it suppresses counts once it is merged",
            remedy: "let a person who may accept risks look at it"))
}

/// The running program's file.
enum ProgramFile {
    /// Changes whenever the program is built or replaced: its rules and models are part of it.
    static let identity: String = {
        #if canImport(Glibc)
        let path = "/proc/self/exe"
        #else
        let path = CommandLine.arguments.first ?? ""
        #endif
        let facts = identity(of: path)
        return facts.isEmpty ? "unknown \(Moment.now)" : facts
    }()

    /// Changes whenever a file is replaced; empty when there is none.
    static func identity(of path: String) -> String {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return "" }
        #if canImport(Glibc)
        let changed = facts.st_mtim
        #else
        let changed = facts.st_mtimespec
        #endif
        return "\(facts.st_ino) \(facts.st_size) \(changed.tv_sec).\(changed.tv_nsec)"
    }
}
