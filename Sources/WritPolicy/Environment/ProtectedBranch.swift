// SPDX-License-Identifier: Apache-2.0
import WritCore

extension Facts.Repo {
    /// A branch of this name is one that others build on: the default branch, or `main` and `master` while that is not
    /// known, and what begins with `release`. A name that is partly computed counts as one, whatever
    /// it begins with (`fix-$x` pushes to `main` when `x` is `:main`); no name is none.
    public func protects(_ branch: String) -> Bool {
        if branch.isEmpty { return false }
        if branch.contains("…") || branch.contains("*") || branch.contains("$") { return true }
        return branch == defaultBranch || (defaultBranch.isEmpty && (branch == "main" || branch == "master"))
            || branch.hasPrefix("release")
    }
}

/// Where a call goes beyond the branch that its repository stands on.
///
/// `repo.protected` is read from the repository before the call runs, so a call that leaves the repository, or changes
/// the branch, and then commits or pushes would be judged by a branch that it no longer works on.
struct BranchReach: Sendable, Hashable {
    /// Some operation stands for a folder of another repository, or of none that is known.
    private(set) var leavesRepository = false
    /// Some operation may change to a protected branch.
    private(set) var entersProtectedBranch = false

    /// Looks through the operations of a call in their order.
    init(_ request: PolicyRequest) {
        let repo = request.facts.repo
        let root = repo.root.isEmpty ? request.call.workspace : repo.root
        var directory = request.call.workingDirectory
        func isOutside(_ path: String) -> Bool {
            !root.isEmpty && (path.contains("…") || path.contains("*") || !PathText.isUnder(path, root))
        }
        if !directory.isEmpty { leavesRepository = isOutside(directory) }
        for operation in request.operations where operation.role == .executed {
            if operation.detail.hasPrefix("environment GIT_DIR")
                || operation.detail.hasPrefix("environment GIT_WORK_TREE")
            {
                leavesRepository = true
            }
            let words = operation.arguments
            switch operation.program {
            case "cd", "pushd", "chdir":
                // `cd -` and `popd` lead back to where the call was before.
                guard let target = words.dropFirst().last(where: { !$0.hasPrefix("-") }) else { continue }
                directory = PathText.absolute(target, in: directory, home: request.call.home)
                leavesRepository = leavesRepository || isOutside(directory)
            case "env":
                for (index, word) in words.enumerated() where word == "-C" || word == "--chdir" {
                    let target = index + 1 < words.count ? words[index + 1] : "…"
                    let folder = PathText.absolute(target, in: directory, home: request.call.home)
                    leavesRepository = leavesRepository || isOutside(folder)
                }
                for word in words where word.hasPrefix("--chdir=") {
                    let folder = PathText.absolute(String(word.dropFirst(8)), in: directory, home: request.call.home)
                    leavesRepository = leavesRepository || isOutside(folder)
                }
            case "git":
                let (folder, subcommand) = Self.place(words, in: directory, home: request.call.home)
                leavesRepository = leavesRepository || isOutside(folder)
                if Self.enters(words.dropFirst(subcommand), repo) { entersProtectedBranch = true }
            default: break
            }
        }
    }

    /// The folder that git's own options send it to, and the place of its subcommand.
    private static func place(_ words: [String], in directory: String, home: String) -> (folder: String, at: Int) {
        var folder = directory
        var at = 1
        while at < words.count, words[at].hasPrefix("-") {
            let parts = words[at].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            var value = parts.count == 2 ? parts[1] : nil
            let takesValue = ["-C", "-c", "--git-dir", "--work-tree", "--namespace", "--super-prefix", "--config-env"]
            if value == nil, takesValue.contains(parts[0]) {
                at += 1
                value = at < words.count ? words[at] : "…"
            }
            if let value, ["-C", "--git-dir", "--work-tree"].contains(parts[0]) {
                folder = PathText.absolute(value, in: folder, home: home)
            }
            at += 1
        }
        return (folder, at)
    }

    /// A git command may end on a protected branch: `words` begins with its subcommand.
    private static func enters(_ words: ArraySlice<String>, _ repo: Facts.Repo) -> Bool {
        func isProtected(_ word: String) -> Bool {
            word == "-" || word.contains("@{")
                || repo.protects(word.hasPrefix("refs/heads/") ? String(word.dropFirst(11)) : word)
        }
        switch words.first {
        case "checkout", "switch":
            // `git checkout main -- file` takes a file and stays where it is.
            if let end = words.firstIndex(of: "--"), end + 1 < words.endIndex { return false }
            return words.dropFirst().contains(where: isProtected)
        case "symbolic-ref": return words.dropFirst().contains(where: isProtected)
        case "rebase":
            // The second name is the branch that is rebased, and that git goes to.
            let names = words.dropFirst().filter { !$0.hasPrefix("-") }
            return names.count > 1 && names.last.map(isProtected) ?? false
        default: return false
        }
    }

    /// `repo.protected`, for one operation of the call or, without one, for the call as a whole.
    func isProtected(_ operation: WritCore.Operation?, in repo: Facts.Repo) -> Bool {
        if repo.protected || entersProtectedBranch { return true }
        guard let operation else { return false }
        switch operation.kind {
        case .gitPush:
            // A branch that is named is looked at by its name, in whichever repository it is.
            if operation.traits.contains(.wide) || repo.protects(operation.branch) { return true }
            return leavesRepository
        case .gitCommit, .gitRewrite, .gitDiscard, .gitConfig: return leavesRepository
        case .shellExec, .shellBackground: return leavesRepository && operation.program == "git"
        default: return false
        }
    }
}
