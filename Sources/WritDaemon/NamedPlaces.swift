// SPDX-License-Identifier: Apache-2.0
import WritCore

/// The places that the operations of a call name, beyond where the call comes from.
struct NamedPlaces {
    /// Folders in which something is changed or a program is sent to work; absolute.
    private(set) var folders: [String] = []
    /// Folders of which everything below may be meant.
    private(set) var trees: [String] = []
    /// Remotes that are given as URLs, and branches, of pushes; either may be empty.
    private(set) var pushes: [(remote: String, branch: String)] = []
    /// There were more than are kept.
    private(set) var isCut = false

    private static let limit = 256
    private static let changers: Set<String> = ["cd", "pushd", "chdir"]
    /// Options of many programs that name the folder they work in.
    private static let options: Set<String> = [
        "-C", "--git-dir", "--work-tree", "-chdir", "--chdir", "--cwd", "--directory", "--dir", "--prefix",
        "--project-directory", "--working-directory", "--workdir", "--root-dir", "--manifest-path",
    ]

    private let home: String
    /// Where the next program runs, as far as `cd` before it says.
    private var directory: String
    private var seen: Set<String> = []

    init(call: Call) {
        home = call.home
        directory = call.workingDirectory
    }

    /// Takes up what one operation names, in the order in which they come.
    mutating func add(_ operation: Operation) {
        switch operation.kind {
        case .fileRead, .fileSearch: return
        case .shellExec, .shellBackground: addArguments(operation)
        case .gitPush:
            let isURL = operation.remote.contains("/") || operation.remote.contains(":")
            if isURL || !operation.branch.isEmpty, pushes.count < Self.limit {
                pushes.append((isURL ? operation.remote : "", operation.branch))
            }
        default: break
        }
        guard operation.path.hasPrefix("/") else { return }
        if operation.isPattern {
            let stem = operation.path.prefix { $0 != "*" && $0 != "?" && $0 != "[" }
            let slash = stem.lastIndex(of: "/") ?? stem.startIndex
            let base = slash == stem.startIndex ? "/" : String(stem[..<slash])
            keep(folder: base)
            keep(tree: base)
        } else {
            keep(folder: Self.parent(operation.path))
            // It may be a folder itself: a repository that is moved, linked or removed.
            if operation.kind != .fileWrite || operation.traits.contains(.recursive) {
                keep(folder: operation.path)
                keep(tree: operation.path)
            }
        }
    }

    private mutating func addArguments(_ operation: Operation) {
        let words = operation.arguments
        if Self.changers.contains(operation.program) {
            guard let target = words.dropFirst().last(where: { !$0.hasPrefix("-") }) else { return }
            directory = PathText.absolute(target, in: directory, home: home)
            return keep(folder: directory)
        }
        for (index, word) in words.enumerated().dropFirst() where word.hasPrefix("-") {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard Self.options.contains(String(parts[0])) else { continue }
            let value = parts.count == 2 ? String(parts[1]) : index + 1 < words.count ? words[index + 1] : ""
            guard !value.isEmpty else { continue }
            let path = PathText.absolute(value, in: directory, home: home)
            keep(folder: path)
            // `--git-dir DIR/.git`, `--manifest-path DIR/Cargo.toml`
            keep(folder: Self.parent(path))
        }
    }

    private static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    private mutating func keep(folder: String) {
        guard seen.insert(folder).inserted else { return }
        if folders.count < Self.limit { folders.append(folder) } else { isCut = true }
    }

    private mutating func keep(tree: String) {
        guard trees.last != tree else { return }
        if trees.count < Self.limit { trees.append(tree) } else { isCut = true }
    }
}
