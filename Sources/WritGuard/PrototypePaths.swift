// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// The files that sessions wrote under the profile `prototyping`: what nobody has reviewed, whichever session meets it.
///
/// Bounded: past the limit the folder with the most files stands for all that lies below it, so nothing is forgotten,
/// only told apart less well.
public struct PrototypePaths: Sendable, Hashable {
    /// The label of a session that prototypes, or meets what a prototype left behind.
    public static let label = "prototyping"
    private let limit: Int
    /// Absolute paths of files.
    public private(set) var files: Set<String> = []
    /// Absolute paths of folders that count as a whole.
    public private(set) var folders: Set<String> = []

    /// Remembers nothing yet.
    public init(limit: Int = 8_192) {
        self.limit = max(1, limit)
    }

    /// Takes a file up.
    ///
    /// - Returns: whether it is news.
    public mutating func insert(file: String) -> Bool {
        guard file.hasPrefix("/"), file.utf8.count <= 4_096, !covers(file) else { return false }
        files.insert(file)
        while files.count + folders.count > limit { fold() }
        return true
    }

    /// Takes a folder with all below it up.
    public mutating func insert(folder: String) {
        guard folder.hasPrefix("/"), folder != "/" else { return }
        folders.insert(folder)
        files = files.filter { !PathText.isUnder($0, folder) }
        folders = folders.filter { $0 == folder || !PathText.isUnder($0, folder) }
    }

    /// A person has looked at everything at or below `path`.
    ///
    /// - Returns: how many files and folders were taken out.
    public mutating func remove(below path: String) -> Int {
        let before = files.count + folders.count
        files = files.filter { !PathText.isUnder($0, path) }
        folders = folders.filter { !PathText.isUnder($0, path) }
        return before - files.count - folders.count
    }

    /// The path, or a folder above it, is one of them.
    public func covers(_ path: String) -> Bool {
        if files.contains(path) { return true }
        guard !folders.isEmpty else { return false }
        var parent = Substring(path)
        while let slash = parent.lastIndex(of: "/"), slash != parent.startIndex {
            if folders.contains(String(parent)) { return true }
            parent = parent[..<slash]
        }
        return folders.contains(String(parent))
    }

    /// One of them is `folder` or lies below it.
    public func reaches(into folder: String) -> Bool {
        covers(folder) || files.contains { PathText.isUnder($0, folder) }
            || folders.contains { PathText.isUnder($0, folder) }
    }

    /// The operations use one of them, or send out or put into service the repository that holds one.
    public func isMet(by operations: [Operation], in folder: String) -> Bool {
        guard !files.isEmpty || !folders.isEmpty else { return false }
        var asksFolder = false
        for operation in operations where operation.role == .executed {
            switch operation.kind {
            case .deployApply, .gitPush, .pkgPublish, .resourceWrite, .resourceDelete: asksFolder = true
            default: break
            }
            guard !operation.path.isEmpty else { continue }
            if operation.isPattern {
                let stem = operation.path.prefix { $0 != "*" && $0 != "?" && $0 != "[" }
                guard let slash = stem.lastIndex(of: "/") else { continue }
                let base = slash == stem.startIndex ? "/" : String(stem[..<slash])
                if base != "/", reaches(into: base) { return true }
            } else if covers(operation.path) {
                return true
            }
        }
        return asksFolder && !folder.isEmpty && folder != "/" && reaches(into: folder)
    }

    /// The folder that directly holds the most files takes their place.
    private mutating func fold() {
        var counts: [Substring: Int] = [:]
        for file in files {
            if let slash = file.lastIndex(of: "/"), slash != file.startIndex { counts[file[..<slash], default: 0] += 1 }
        }
        if let most = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }), most.value > 1 {
            insert(folder: String(most.key))
            return
        }
        // No folder holds two: the deepest entry gives way to the folder above it.
        let all = files.union(folders)
        guard let deepest = all.max(by: { ($0.utf8.count, $0) < ($1.utf8.count, $1) }),
            let slash = deepest.lastIndex(of: "/")
        else { return }
        files.remove(deepest)
        folders.remove(deepest)
        let parent = String(deepest[..<slash])
        // The root's own entries cannot be told apart any more; a folder `/` would label the whole machine.
        if !parent.isEmpty { insert(folder: parent) }
    }
}
