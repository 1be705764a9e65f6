// SPDX-License-Identifier: Apache-2.0

import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The one daemon of a home: holds the lock file for as long as it lives. The system lets go of it when the process ends,
/// however it ends.
struct DaemonLock: ~Copyable {
    private let descriptor: Int32
    private let path: String

    private init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Takes the lock and writes this process's number into the file; nil when another process has it.
    static func take(_ home: WritHome) throws(DaemonFault) -> DaemonLock? {
        let path = home.daemonLock
        while true {
            let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard file >= 0 else { throw DaemonFault("cannot open `\(path)`: \(systemText(errno))") }
            guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
                close(file)
                return nil
            }
            // The file may have been removed between opening and locking; then this lock guards nothing.
            guard DaemonLock.names(path, file) else {
                close(file)
                continue
            }
            let text = Array("\(getpid())\n".utf8)
            guard ftruncate(file, 0) == 0, pwrite(file, text, text.count, 0) == text.count else {
                let code = errno
                close(file)
                throw DaemonFault("cannot write `\(path)`: \(systemText(code))")
            }
            return DaemonLock(descriptor: file, path: path)
        }
    }

    /// Another process holds the lock of this home.
    static func isHeld(_ home: WritHome) -> Bool {
        let file = open(home.daemonLock, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return false }
        defer { close(file) }
        return flock(file, LOCK_EX | LOCK_NB) != 0
    }

    deinit {
        // The file stays: removing it would let two daemons lock two files of one name.
        close(descriptor)
    }

    /// The path still names the file that is locked.
    var isInPlace: Bool { DaemonLock.names(path, descriptor) }

    private static func names(_ path: String, _ descriptor: Int32) -> Bool {
        var byPath = stat()
        var byDescriptor = stat()
        return lstat(path, &byPath) == 0 && fstat(descriptor, &byDescriptor) == 0
            && byPath.st_ino == byDescriptor.st_ino && byPath.st_dev == byDescriptor.st_dev
    }
}

/// Why a daemon cannot serve.
public struct DaemonFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// One line with the remedy where there is one, lower case, no full stop.
    public let message: String
    /// Another daemon serves this home already; nothing is wrong.
    public let isAlreadyRunning: Bool

    init(_ message: String, isAlreadyRunning: Bool = false) {
        self.message = message
        self.isAlreadyRunning = isAlreadyRunning
    }

    public var description: String { message }
    /// What `writ daemon run` exits with: 75 tells the hook that started it to wait for the other one.
    public var exitCode: Int32 { isAlreadyRunning ? 75 : 1 }
}

/// The system's words for an error number.
func systemText(_ code: Int32) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
}
