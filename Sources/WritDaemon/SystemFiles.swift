// SPDX-License-Identifier: Apache-2.0
import WritShell

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The machine's files as the shell engine may see them: symbolic links of all, contents only of what the agent wrote
/// in this session.
struct SystemFiles: FileView {
    /// Longer files are not read to be understood; running one is opaque.
    static let maximumScriptBytes = 1 << 20

    let written: Set<String>

    func contents(of path: String) -> String? {
        guard written.contains(path) else { return nil }
        do {
            return try SmallFile.read(path, limit: Self.maximumScriptBytes).map { String(decoding: $0, as: UTF8.self) }
        } catch {
            // Unread is its own answer: the operation is opaque.
            return nil
        }
    }

    /// What a file holds before a call writes it, for telling what the change takes away.
    @Sendable static func previous(_ path: String) -> [UInt8]? {
        do {
            return try SmallFile.read(path, limit: maximumScriptBytes)
        } catch {
            // Not readable, or too long: then the new text is judged by itself, as that of a new file is.
            return nil
        }
    }

    func resolved(_ path: String) -> String? {
        // The last part may not exist yet: then its folder is what counts.
        if let whole = realPath(path) { return whole }
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return nil }
        guard let folder = resolved(String(path[..<slash])) else { return nil }
        return folder == "/" ? String(path[slash...]) : folder + path[slash...]
    }

    func exists(_ path: String) -> Bool? {
        if access(path, F_OK) == 0 { return true }
        // A folder that may not be looked into says nothing.
        return errno == ENOENT || errno == ENOTDIR ? false : nil
    }

    private func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
