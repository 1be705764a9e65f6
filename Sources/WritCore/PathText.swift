// SPDX-License-Identifier: Apache-2.0

/// Paths as text: what can be said about them without asking a file system.
public enum PathText {
    /// The absolute path that `path` names for a process in `directory`, without `.`, `..`, doubled or trailing `/`.
    ///
    /// `~` and `~/…` are the home. `/proc/self/root`, `/proc/self/cwd` and their numbered forms are seen through, since
    /// they name the same files by another road. `..` above the root stays at the root, as in the kernel.
    public static func absolute(_ path: String, in directory: String, home: String) -> String {
        if isNormal(path) { return path }
        var out: [UInt8] = []
        out.reserveCapacity(max(directory.utf8.count, home.utf8.count) + path.utf8.count + 2)
        var path = path
        path.withUTF8 { bytes in
            var rest = bytes[...]
            if bytes.first == tilde, bytes.count == 1 || bytes[1] == slash {
                append(home, to: &out)
                rest = rest.dropFirst()
            } else if bytes.first != slash {
                append(directory, to: &out)
            }
            forEachSegment(of: UnsafeBufferPointer(rebasing: rest)) { part in
                switch part.count {
                case 1 where part[0] == dot: return
                case 2 where part[0] == dot && part[1] == dot:
                    out.removeSubrange((out.lastIndex(of: slash) ?? out.startIndex)...)
                case 4 where part.elementsEqual("root".utf8) && isProcess(out): out = []
                case 3 where part.elementsEqual("cwd".utf8) && isProcess(out):
                    out = []
                    append(directory, to: &out)
                default:
                    out.append(slash)
                    out.append(contentsOf: part)
                }
            }
        }
        return out.isEmpty ? "/" : String(decoding: out, as: UTF8.self)
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
        let bytes = path.utf8
        guard let last = bytes.lastIndex(where: { $0 != slash }) else { return path }
        let end = bytes.index(after: last)
        let start = bytes[..<end].lastIndex(of: slash).map { bytes.index(after: $0) } ?? bytes.startIndex
        return start == bytes.startIndex && end == bytes.endIndex ? path : String(path[start..<end])
    }

    private static var slash: UInt8 { UInt8(ascii: "/") }
    private static var dot: UInt8 { UInt8(ascii: ".") }
    private static var tilde: UInt8 { UInt8(ascii: "~") }

    /// Absolute already, with nothing to take out of it. Says no to what only may be so.
    private static func isNormal(_ path: String) -> Bool {
        var path = path
        return path.withUTF8 { bytes in
            guard bytes.count > 1, bytes[0] == slash, bytes[bytes.count - 1] != slash else { return false }
            // What stands below the folder of processes may be another road to somewhere.
            if bytes.starts(with: "/proc/".utf8) { return false }
            // A segment that begins with a dot may be nothing else.
            for at in 1..<bytes.count where bytes[at - 1] == slash {
                if bytes[at] == slash || bytes[at] == dot { return false }
            }
            return true
        }
    }

    private static func forEachSegment(
        of path: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        var at = 0
        while at < path.count {
            if path[at] == slash {
                at += 1
                continue
            }
            let start = at
            while at < path.count, path[at] != slash { at += 1 }
            body(UnsafeBufferPointer(rebasing: path[start..<at]))
        }
    }

    /// The segments of a path as they are.
    private static func append(_ path: String, to out: inout [UInt8]) {
        var path = path
        path.withUTF8 { bytes in
            forEachSegment(of: bytes) { part in
                out.append(slash)
                out.append(contentsOf: part)
            }
        }
    }

    private static func isProcess(_ path: [UInt8]) -> Bool {
        guard path.starts(with: "/proc/".utf8) else { return false }
        let parts = path.split(separator: slash)
        let isTask = parts.count == 4 && parts[2].elementsEqual("task".utf8)
        guard parts.count == 2 || isTask else { return false }
        return parts[1].elementsEqual("self".utf8) || parts[1].elementsEqual("thread-self".utf8)
            || parts[1].allSatisfy { (48...57).contains($0) }
    }
}
