// SPDX-License-Identifier: Apache-2.0
public import WritCore
public import WritScan

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// A file that will be read.
public struct ListedFile: Sendable, Hashable {
    /// How it is opened.
    public var location: String
    /// How reports name it.
    public var path: String
    public var size: Int
    public var phase: Phase?
    public var agent: String?
    /// Files to judge it with, by how they are opened: of a `SKILL.md` the scripts of its skill, of a script its
    /// `SKILL.md`.
    public var company: [String] = []

    /// Creates a file.
    public init(location: String, path: String, size: Int, phase: Phase? = nil, agent: String? = nil) {
        self.location = location
        self.path = path
        self.size = size
        self.phase = phase
        self.agent = agent
    }
}

/// The files below some paths, and what was left out.
public struct FileListing: Sendable {
    public private(set) var files: [ListedFile] = []
    public private(set) var notes: [Note] = []
    private let root: String
    private let exclude: [PathPattern]
    private let places: AgentPlaces?
    private var links = 0
    private var specials = 0
    private var excluded = 0
    private var ignored: [String] = []
    private var searched = 0

    /// Folders in folders that are followed.
    static let depthLimit = 128

    /// Starts an empty list.
    ///
    /// - Parameters:
    ///   - root: what reported paths are relative to, absolute.
    ///   - exclude: patterns of paths that are left out; they are counted.
    ///   - places: instruction files that are listed even where git ignores them.
    public init(root: String, exclude: [PathPattern] = [], places: AgentPlaces? = nil) {
        self.root = root
        self.exclude = exclude
        self.places = places
    }

    /// The path's absolute form with links resolved; nil when there is nothing.
    public static func resolve(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// The folder that reports and settings of a scan of this path are relative to: its repository, the working folder
    /// when it lies in there, or the path's own folder.
    public static func root(of path: String, workingDirectory: String) -> String {
        let folder: String
        if case .folder = FileKind(path) { folder = path } else { folder = parent(path) }
        if let repository = Git.repository(of: folder) { return repository }
        return PathText.isUnder(path, workingDirectory) ? workingDirectory : folder
    }

    /// The nearest folder upwards, or the folder itself, that is a repository's work tree; nil when none is.
    public static func repository(of folder: String) -> String? { Git.repository(of: folder) }

    private static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    /// Adds what a path names: a file, or all below a folder.
    ///
    /// - Parameters:
    ///   - path: absolute, links resolved.
    ///   - git: asks git what is ignored; nil takes every file but those of version control.
    public mutating func add(_ path: String, git: ((String) throws -> Git?)?) {
        switch FileKind(path) {
        case .file(let size): add(file: path, size: size, always: true)
        case .folder: folder(path, git, depth: 0)
        // It was named, so that passing over it would be a silence.
        case .link, .special: notes.append(Note(.unreadable, path: shown(path), "is not a regular file"))
        case .missing: notes.append(Note(.unreadable, path: shown(path), "there is no such file"))
        }
    }

    /// Adds one file that is known to matter, whatever is excluded.
    public mutating func add(instruction path: String, as shownPath: String, phase: Phase, agent: String) {
        guard case .file(let size) = FileKind(path) else { return }
        files.append(ListedFile(location: path, path: shownPath, size: size, phase: phase, agent: agent))
    }

    /// Puts files in order, each once, and turns counts into notes.
    public mutating func finish() {
        files.sort { ($0.path, $0.agent == nil ? 1 : 0) < ($1.path, $1.agent == nil ? 1 : 0) }
        var last: String?
        files.removeAll { file in
            defer { last = file.location }
            return file.location == last
        }
        markSkills()
        markReferences()
        markImports()
        joinSkills()
        if links > 0 { notes.append(Note(.link, "symbolic links are not followed", count: links)) }
        if specials > 0 { notes.append(Note(.special, "devices, sockets and pipes are not read", count: specials)) }
        if excluded > 0 {
            notes.append(
                Note(.excluded, "left out by `exclude` in \(ScanSettings.path) or `--exclude`", count: excluded))
        }
        if !ignored.isEmpty {
            let some = ignored.prefix(5).map { "`" + Excerpt.harmless($0) + "`" }.joined(separator: ", ")
            notes.append(
                Note(
                    .ignored,
                    "left out by .gitignore (\(some)\(ignored.count > 5 ? ", …" : "")); `--no-ignore` reads them",
                    count: ignored.count))
        }
    }

    /// Everything in a folder with a `SKILL.md` belongs to that skill, wherever the folder lies.
    private mutating func markSkills() {
        var roots: Set<String> = []
        for file in files where file.path.split(separator: "/").last?.lowercased() == "skill.md" {
            roots.insert(Self.parent(file.location))
        }
        guard !roots.isEmpty else { return }
        for index in files.indices where files[index].phase == nil {
            if let places, places.place(inRepository: files[index].path) != nil { continue }
            var folder = Self.parent(files[index].location)
            while folder.count > 1 {
                if roots.contains(folder) {
                    files[index].phase = .skill
                    break
                }
                folder = Self.parent(folder)
            }
        }
    }

    /// Scripts of one skill that are judged with its `SKILL.md`, and their bytes: what such a skill does, its first
    /// scripts show.
    static let companions = 64
    static let companionSize = 256 << 10

    /// Ties scripts to the `SKILL.md` in the nearest folder above, and that one to them.
    private mutating func joinSkills() {
        var roots: [String: Int] = [:]
        for index in files.indices where SkillScanner.declaresSkill(files[index].path) {
            roots[Self.parent(files[index].location)] = index
        }
        guard !roots.isEmpty else { return }
        for index in files.indices
        where SkillScanner.isScript(files[index].path) && files[index].size <= Self.companionSize {
            var folder = Self.parent(files[index].location)
            while folder.count > 1 {
                if let owner = roots[folder] {
                    // The nearest skill is the one whose purpose counts, whoever else names the script.
                    files[index].company = [files[owner].location]
                    if files[owner].company.count < Self.companions,
                        !files[owner].company.contains(files[index].location)
                    {
                        files[owner].company.append(files[index].location)
                    }
                    break
                }
                folder = Self.parent(folder)
            }
        }
    }

    /// Scripts that hooks, servers and tasks start are read as what they are part of.
    private mutating func markReferences() {
        guard let places else { return }
        var wanted: Set<String> = []
        for file in files where file.size <= 1 << 20 {
            let kind = places.place(inRepository: file.path)?.kind
            guard kind == .hooks || kind == .mcp || kind == .skills || SkillScanner.configuresCommands(file.path),
                [".json", ".jsonc", ".toml", ".yaml", ".yml", ".hook"].contains(where: { file.path.hasSuffix($0) })
            else { continue }
            let bytes: [UInt8]
            do {
                bytes = try OpenFile(file.location).readAll(limit: 1 << 20)
            } catch {
                // It is said when the file's own turn comes.
                continue
            }
            let own = Self.parent(file.location)
            for name in SkillScanner.references(in: bytes, path: file.path) {
                if name.hasPrefix("/") {
                    wanted.insert(name)
                } else {
                    for base in [root, own, Self.parent(own)] { wanted.insert(base + "/" + name) }
                }
            }
        }
        followSkills()
        guard !wanted.isEmpty else { return }
        for index in files.indices where files[index].phase == nil && wanted.contains(files[index].location) {
            if places.place(inRepository: files[index].path) == nil { files[index].phase = .skill }
        }
    }

    /// What an instruction file brings in by `@path` is an instruction file.
    private mutating func markImports() {
        guard let places else { return }
        var known: [String: Int] = [:]
        var open: [(index: Int, depth: Int)] = []
        for index in files.indices {
            guard places.place(inRepository: files[index].path)?.kind == .instructions, files[index].size <= 1 << 20
            else { continue }
            open.append((index, 0))
        }
        guard !open.isEmpty else { return }
        for index in files.indices { known[files[index].location] = index }
        while let next = open.popLast() {
            let bytes: [UInt8]
            do {
                bytes = try OpenFile(files[next.index].location).readAll(limit: 1 << 20)
            } catch {
                // It is said when the file's own turn comes.
                continue
            }
            for path in InstructionImports.paths(in: bytes, of: files[next.index].location, home: "") {
                guard let index = known[path], files[index].phase == nil,
                    places.place(inRepository: files[index].path) == nil
                else { continue }
                files[index].phase = .contextFile
                if next.depth < InstructionImports.depth, files[index].size <= 1 << 20 {
                    open.append((index, next.depth + 1))
                }
            }
        }
    }

    /// Scripts elsewhere that a skill names belong to it.
    private mutating func followSkills() {
        let owners = files.indices.filter { SkillScanner.declaresSkill(files[$0].path) && files[$0].size <= 1 << 20 }
        guard !owners.isEmpty else { return }
        var scripts: [String: Int] = [:]
        for index in files.indices
        where SkillScanner.isScript(files[index].path) && files[index].size <= Self.companionSize {
            scripts[files[index].location] = index
        }
        guard !scripts.isEmpty else { return }
        for owner in owners {
            let bytes: [UInt8]
            do {
                bytes = try OpenFile(files[owner].location).readAll(limit: 1 << 20)
            } catch {
                // It is said when the file's own turn comes.
                continue
            }
            for name in SkillScanner.scripts(namedIn: bytes) {
                for base in [Self.parent(files[owner].location), root] {
                    guard let script = scripts[name.hasPrefix("/") ? name : base + "/" + name] else { continue }
                    if files[script].phase == nil { files[script].phase = .skill }
                    if files[script].company.isEmpty { files[script].company = [files[owner].location] }
                    if files[owner].company.count < Self.companions,
                        !files[owner].company.contains(files[script].location)
                    {
                        files[owner].company.append(files[script].location)
                    }
                    break
                }
            }
        }
    }

    private func shown(_ path: String) -> String {
        guard PathText.isUnder(path, root), path != root else { return path }
        return String(path.dropFirst(root == "/" ? 1 : root.count + 1))
    }

    private mutating func add(file path: String, size: Int, always: Bool = false) {
        let shown = shown(path)
        if !always, exclude.contains(where: { $0.matches(shown) }) {
            excluded += 1
            return
        }
        files.append(ListedFile(location: path, path: shown, size: size, phase: nil, agent: nil))
    }

    private mutating func folder(_ path: String, _ git: ((String) throws -> Git?)?, depth: Int) {
        guard depth < Self.depthLimit else {
            notes.append(Note(.limit, path: shown(path), "folders are nested deeper than \(Self.depthLimit)"))
            return
        }
        if let git {
            do {
                if let repository = try git(path) {
                    try tracked(repository, path, git, depth: depth)
                    return
                }
            } catch {
                notes.append(Note(.settings, path: shown(path), "\(error); .gitignore is not applied"))
            }
        }
        walk(path, git, depth: depth)
    }

    private mutating func tracked(
        _ repository: Git, _ folder: String, _ git: @escaping (String) throws -> Git?, depth: Int
    ) throws {
        let listed = try repository.files(below: folder)
        let left = try repository.ignored(below: folder)
        for name in listed {
            let path = folder + "/" + (name.hasSuffix("/") ? String(name.dropLast()) : name)
            switch FileKind(path) {
            case .file(let size): add(file: path, size: size)
            // A submodule, or a repository inside this one.
            case .folder: self.folder(path, git, depth: depth + 1)
            case .link: links += 1
            case .special: specials += 1
            // In the index, but deleted.
            case .missing: unnamed(path)
            }
        }
        for name in left {
            let bare = name.hasSuffix("/") ? String(name.dropLast()) : name
            let path = folder + "/" + bare
            // What instructs an agent is read, ignored or not.
            if let places, places.place(inRepository: shown(path)) != nil {
                switch FileKind(path) {
                case .file(let size): add(file: path, size: size)
                case .folder: walk(path, nil, depth: depth + 1)
                case .link, .special, .missing: links += 1
                }
            } else {
                if name.hasSuffix("/") { instructions(below: path) }
                ignored.append(shown(path))
            }
        }
    }

    /// Entries of ignored folders that are looked through for instruction files.
    static let ignoredLimit = 200_000

    /// Agents load instructions and skills of the folders that they work in, ignored or not: those of packages that
    /// somebody else wrote.
    private mutating func instructions(below top: String) {
        guard let places else { return }
        var open = [(path: top, depth: 0)]
        while let next = open.popLast() {
            guard let folder = opendir(next.path) else { continue }
            defer { closedir(folder) }
            while let entry = readdir(folder) {
                let name = Self.name(entry)
                if name == "." || name == ".." || name == ".git" { continue }
                let path = next.path + "/" + name
                searched += 1
                if searched > Self.ignoredLimit {
                    if searched == Self.ignoredLimit + 1 {
                        notes.append(
                            Note(
                                .limit, path: shown(top),
                                "ignored folders hold more than \(Self.ignoredLimit) entries: instruction files in the rest are not read"
                            ))
                    }
                    return
                }
                let kind = Int32(entry.pointee.d_type)
                // Some file systems do not say what an entry is.
                let isFolder: Bool
                if kind == Int32(DT_UNKNOWN), case .folder = FileKind(path) {
                    isFolder = true
                } else {
                    isFolder = kind == Int32(DT_DIR)
                }
                if isFolder {
                    if next.depth < Self.depthLimit { open.append((path, next.depth + 1)) }
                } else if kind == Int32(DT_REG) || kind == Int32(DT_UNKNOWN) {
                    guard let place = places.place(inRepository: shown(path)), place.root == .nested,
                        place.kind == .instructions || place.kind == .skills, case .file(let size) = FileKind(path)
                    else { continue }
                    add(file: path, size: size)
                }
            }
        }
    }

    private mutating func walk(_ top: String, _ git: ((String) throws -> Git?)?, depth: Int) {
        var open = [(path: top, depth: depth)]
        while let next = open.popLast() {
            guard next.depth < Self.depthLimit else {
                notes.append(Note(.limit, path: shown(next.path), "folders are nested deeper than \(Self.depthLimit)"))
                continue
            }
            guard let folder = opendir(next.path) ?? SystemName.bytes(of: next.path).flatMap({ opendir($0) }) else {
                notes.append(
                    Note(.unreadable, path: shown(next.path), ReadFault.ofSystem("cannot be listed").description))
                continue
            }
            defer { closedir(folder) }
            while let entry = readdir(folder) {
                let name = Self.name(entry)
                if name == "." || name == ".." || name == ".git" { continue }
                let path = (next.path == "/" ? "" : next.path) + "/" + name
                switch FileKind(path) {
                case .file(let size): add(file: path, size: size)
                case .folder:
                    if git != nil, access(path + "/.git", F_OK) == 0 {
                        self.folder(path, git, depth: next.depth + 1)
                    } else {
                        open.append((path, next.depth + 1))
                    }
                case .link: links += 1
                case .special: specials += 1
                case .missing: unnamed(path)
                }
            }
        }
    }

    /// A name that is not UTF-8, and that another one looks like: it is there, and cannot be told from that.
    private mutating func unnamed(_ path: String) {
        guard SystemName.isRepaired(path) else { return }
        notes.append(Note(.unreadable, path: shown(path), "its name is not UTF-8, and looks like another one's"))
    }

    private static func name(_ entry: UnsafeMutablePointer<dirent>) -> String {
        withUnsafePointer(to: &entry.pointee.d_name) { field in
            field.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: field.pointee)) {
                String(cString: $0)
            }
        }
    }

    // MARK: Agents' files

    /// Adds every file of every known agent: on the machine, in the home, and in repositories' roots.
    public mutating func addAgents(_ places: AgentPlaces, home: String, repositories: [String]) {
        for place in places.places {
            let phase = AgentPlaces.phase(of: place.kind)
            switch place.root {
            case .home: expand(home, place, phase)
            case .machine: expand("", place, phase)
            case .project: for repository in repositories { expand(repository, place, phase) }
            case .nested: continue
            }
        }
    }

    private mutating func expand(_ root: String, _ place: AgentPlaces.Place, _ phase: Phase) {
        var found = [root]
        for part in place.path.split(separator: "/") {
            if part.contains("*") {
                guard let pattern = PathPattern("./" + part) else { return }
                found = found.flatMap { folder in
                    Self.names(in: folder).filter { pattern.matches($0) }.map { folder + "/" + $0 }
                }
            } else {
                found = found.map { $0 + "/" + part }
            }
        }
        for path in found.prefix(10_000) {
            // Agents follow links here: skills are often linked in from elsewhere.
            guard let real = Self.resolve(path) else { continue }
            if case .file(let size) = FileKind(real) {
                files.append(
                    ListedFile(location: real, path: path, size: size, phase: phase, agent: place.agent))
            } else if place.isFolder, case .folder = FileKind(real) {
                var below = FileListing(root: "/")
                below.walk(real, nil, depth: 0)
                for file in below.files {
                    files.append(
                        ListedFile(
                            location: file.location, path: path + file.location.dropFirst(real.count), size: file.size,
                            phase: phase, agent: place.agent))
                }
                notes += below.notes
                links += below.links
                specials += below.specials
            }
        }
    }

    private static func names(in folder: String) -> [String] {
        guard let open = opendir(folder) else { return [] }
        defer { closedir(open) }
        var names: [String] = []
        while let entry = readdir(open) {
            let name = name(entry)
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
