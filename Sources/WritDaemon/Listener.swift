// SPDX-License-Identifier: Apache-2.0

import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The socket at which hooks knock: mode 0600, in a folder of mode 0700, and watched for being replaced.
struct Listener: ~Copyable {
    let descriptor: Int32
    private let path: String
    private let inode: UInt64

    /// Binds the home's socket. Whatever lies at its path is removed: the caller holds the daemon's lock, so it is a dead
    /// daemon's socket or a stranger's.
    init(_ home: WritHome) throws(DaemonFault) {
        path = home.socket
        do { try home.prepareRuntime() } catch { throw DaemonFault(error.message) }
        let socket: Int32
        do { socket = try Channel.unixSocket() } catch { throw DaemonFault("cannot make a socket") }
        unlink(path)
        let code: Int32
        do {
            code = try Channel.withAddress(path) { address, length in
                bind(socket, address, length) == 0 ? 0 : errno
            }
        } catch {
            close(socket)
            throw DaemonFault("the socket's path `\(path)` is too long")
        }
        var facts = stat()
        guard code == 0, chmod(path, 0o600) == 0, lstat(path, &facts) == 0, listen(socket, 4096) == 0 else {
            let reason = systemText(code == 0 ? errno : code)
            close(socket)
            throw DaemonFault("cannot listen at `\(path)`: \(reason)")
        }
        inode = UInt64(facts.st_ino)
        descriptor = socket
    }

    deinit {
        close(descriptor)
    }

    /// The path still leads here.
    var isInPlace: Bool {
        var facts = stat()
        return lstat(path, &facts) == 0 && UInt64(facts.st_ino) == inode && facts.st_mode & S_IFMT == S_IFSOCK
    }

    /// Takes the path away, so that no new hook comes; those that wait are still served.
    func remove() {
        if isInPlace { unlink(path) }
    }

    enum Knock {
        case connection(Int32)
        case none
        /// No descriptors or memory left; try again later.
        case exhausted
    }

    /// Takes the next waiting connection of the same user.
    func next() -> Knock {
        while true {
            let connection = accept(descriptor, nil, nil)
            guard connection >= 0 else {
                switch errno {
                case EINTR, ECONNABORTED: continue
                case EAGAIN: return .none
                default: return .exhausted
                }
            }
            Channel.makePrivate(connection)
            do {
                if try Channel.peer(of: connection).user == geteuid() { return .connection(connection) }
                close(connection)
            } catch {
                // Who cannot be named is not served.
                close(connection)
            }
        }
    }
}
