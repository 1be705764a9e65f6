// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritScan

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Finds the files that instruct an agent where a session begins: those that the host loads by itself first.
struct InstructionWalk {
    /// A file to look at.
    struct File: Hashable {
        var path: String
        var kind: AgentPlaces.Kind
    }

    /// Entries of folders that are looked at; past it ``isCut`` is set.
    private static let maximumEntries = 4_000
    private static let maximumDepth = 8

    private(set) var files: [File] = []
    /// There may be more files than were found.
    private(set) var isCut = false
    private var seen: Set<String> = []
    private var entries = 0

    /// - Parameters:
    ///   - root: the repository, or the workspace outside one.
    ///   - folder: where the session works, at or below `root`.
    init(_ places: AgentPlaces, agent: String, root: String, folder: String, home: String) {
        let own = places.places.filter { $0.agent == agent || $0.agent == "cross-tool" }
        for kind in [AgentPlaces.Kind.instructions, .memory, .mcp, .hooks, .skills] {
            for place in own where place.kind == kind {
                switch place.root {
                // An agent that starts in a folder takes that for its project, too.
                case .project, .nested: for folder in Self.folders(from: root, to: folder) { expand(folder, place) }
                // Skills, plugins and settings of the person are not what a repository brings in.
                case .home where kind == .instructions || kind == .memory: expand(home, place, workspace: root)
                case .home, .machine: break
                }
            }
        }
    }

    /// The folders from the root down to one in it.
    private static func folders(from root: String, to folder: String) -> [String] {
        guard !root.isEmpty, folder != root, PathText.isUnder(folder, root) else { return [root] }
        var all = [root]
        var path = root
        for part in folder.dropFirst(root.utf8.count).split(separator: "/").prefix(maximumDepth * 4) {
            path += "/" + part
            all.append(path)
        }
        return all
    }

    private mutating func expand(_ root: String, _ place: AgentPlaces.Place, workspace: String? = nil) {
        guard root.hasPrefix("/"), root != "/" else { return }
        var bases = [root]
        var parts = place.path.split(separator: "/").map(String.init)[...]
        while let part = parts.popFirst() {
            if part == "**" {
                guard let whole = PathPattern("./" + place.path) else { return }
                for base in bases {
                    walk(base, place, depth: 0) { whole.matches(String($0.dropFirst(root.count + 1))) }
                }
                return
            }
            guard part.contains("*") || part.contains("?") else {
                bases = bases.map { $0 + "/" + part }
                continue
            }
            guard let pattern = PathPattern("./" + part) else { return }
            bases = bases.flatMap { base in
                list(base).filter { name in
                    // Hosts name a workspace's own folder by its path; other workspaces' are not loaded.
                    if let workspace, part == "*", !parts.isEmpty { return name == Self.folderName(of: workspace) }
                    return pattern.matches(name)
                }.map { base + "/" + $0 }
            }
        }
        for base in bases {
            if place.isFolder {
                walk(base, place, depth: 0) { _ in true }
            } else if Self.kind(of: base) == .file {
                add(base, place.kind)
            }
        }
    }

    /// How hosts spell a path as the name of one folder.
    private static func folderName(of path: String) -> String {
        String(
            decoding: path.utf8.map { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    byte
                default: UInt8(ascii: "-")
                }
            }, as: UTF8.self)
    }

    private mutating func walk(
        _ folder: String, _ place: AgentPlaces.Place, depth: Int, _ counts: (String) -> Bool
    ) {
        guard depth < Self.maximumDepth else {
            isCut = true
            return
        }
        for name in list(folder) {
            let path = folder + "/" + name
            switch Self.kind(of: path) {
            case .file: if counts(path) { add(path, place.kind) }
            case .folder: walk(path, place, depth: depth + 1, counts)
            case .other: break
            }
        }
    }

    private mutating func add(_ path: String, _ kind: AgentPlaces.Kind) {
        if seen.insert(path).inserted { files.append(File(path: path, kind: kind)) }
    }

    private mutating func list(_ folder: String) -> [String] {
        guard let listing = opendir(folder) else { return [] }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = entryName(entry)
            if name == "." || name == ".." { continue }
            entries += 1
            guard entries <= Self.maximumEntries else {
                isCut = true
                break
            }
            names.append(name)
        }
        return names.sorted()
    }

    private enum Entry { case file, folder, other }

    /// Links are followed, as hosts do; depth and entries bound what a link in a circle costs.
    private static func kind(of path: String) -> Entry {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return .other }
        switch facts.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        default: return .other
        }
    }
}
