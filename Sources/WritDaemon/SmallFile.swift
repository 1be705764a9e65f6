// SPDX-License-Identifier: Apache-2.0
import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Files that are read and written whole.
enum SmallFile {
    /// The file's bytes; nil when there is none.
    ///
    /// - Throws: ``DaemonFault`` when it cannot be read, is no regular file, or is longer than `limit`.
    static func read(_ path: String, limit: Int) throws(DaemonFault) -> [UInt8]? {
        // Without O_NONBLOCK a pipe put in the file's place would hang the daemon.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw DaemonFault("\(path): cannot be read: \(systemText(errno))")
        }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            throw DaemonFault("\(path): is not a regular file")
        }
        guard facts.st_size <= limit else { throw DaemonFault("\(path): is longer than \(limit) bytes") }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= limit {
            let count = readBytes(file, into: &buffer)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw DaemonFault("\(path): cannot be read: \(systemText(errno))") }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
        }
        throw DaemonFault("\(path): is longer than \(limit) bytes")
    }

    /// Replaces the file as a whole: readers see the old bytes or the new ones. Mode 0600.
    static func write(_ bytes: [UInt8], to path: String) throws(DaemonFault) {
        let fresh = path + ".new"
        let file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw DaemonFault("\(fresh): cannot be written: \(systemText(errno))") }
        var at = 0
        while at < bytes.count {
            let count = writeBytes(bytes, from: at, to: file)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let reason = systemText(errno)
                close(file)
                unlink(fresh)
                throw DaemonFault("\(fresh): cannot be written: \(reason)")
            }
            at += count
        }
        guard close(file) == 0, rename(fresh, path) == 0 else {
            throw DaemonFault("\(path): cannot be replaced: \(systemText(errno))")
        }
    }
}
