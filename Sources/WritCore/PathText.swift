// SPDX-License-Identifier: Apache-2.0

/// Paths as text: what can be said about them without asking a file system.
public enum PathText {
    /// The absolute path that `path` names for a process in `directory`, without `.`, `..`, doubled or trailing `/`.
    ///
    /// `~` and `~/…` are the home. `/proc/self/root`, `/proc/self/cwd` and their numbered forms are seen through, since
    /// they name the same files by another road. `..` above the root stays at the root, as in the kernel.
    public static func absolute(_ path: String, in directory: String, home: String) -> String {
        var parts: [Substring] = []
        var rest = Substring(path)
        if path == "~" || path.hasPrefix("~/") {
            parts = split(home)
            rest = path.dropFirst()
        } else if !path.hasPrefix("/") {
            parts = split(directory)
        }
        for part in rest.split(separator: "/", omittingEmptySubsequences: true) {
            switch part {
            case ".": continue
            case "..": _ = parts.popLast()
            case "root" where isProcess(parts): parts = []
            case "cwd" where isProcess(parts): parts = split(directory)
            default: parts.append(part)
            }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// `path` is `root` or lies below it. Both absolute and normalised: compares whole segments, so that `/proj2` is
    /// not under `/proj`.
    public static func isUnder(_ path: String, _ root: String) -> Bool {
        if root == "/" { return path.hasPrefix("/") }
        guard path.hasPrefix(root) else { return false }
        return path.utf8.count == root.utf8.count
            || path.utf8[path.utf8.index(path.utf8.startIndex, offsetBy: root.utf8.count)] == UInt8(ascii: "/")
    }

    /// The last segment.
    public static func name(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    private static func split(_ path: String) -> [Substring] {
        path.split(separator: "/", omittingEmptySubsequences: true)
    }

    private static func isProcess(_ parts: [Substring]) -> Bool {
        guard parts.count >= 2, parts[0] == "proc" else { return false }
        let isTask = parts.count == 4 && parts[2] == "task"
        guard parts.count == 2 || isTask else { return false }
        return parts[1] == "self" || parts[1] == "thread-self" || parts[1].utf8.allSatisfy { (48...57).contains($0) }
    }
}
