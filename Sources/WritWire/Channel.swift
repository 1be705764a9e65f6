// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
package import Darwin
#elseif canImport(Musl)
package import Musl
#else
package import Glibc
#endif

/// A file descriptor that is closed once, when its owner lets go of it.
public struct Channel: ~Copyable, Sendable {
    /// The descriptor; valid for as long as this value lives.
    package let descriptor: Int32

    /// Takes over an open descriptor.
    package init(owning descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Gives the descriptor away; the caller closes it.
    package consuming func release() -> Int32 {
        let value = descriptor
        discard self
        return value
    }
}

/// Why nothing came of talking to the other side.
public enum ChannelFault: Error, Sendable, Hashable {
    /// Nobody listens at the socket.
    case absent
    /// The other side went away before it had read the request, so the request had no effect.
    case reset
    /// The other side went away, or sent what is no frame.
    case broken(String)
    /// The deadline passed.
    case late
    /// The socket belongs to someone else.
    case stranger(String)
    case system(String)
}

extension Channel {
    /// Connects to a Unix socket.
    ///
    /// A full queue of connections is waited for; a missing or dead socket is ``ChannelFault/absent``.
    package static func connect(to path: String, by deadline: Deadline) throws(ChannelFault) -> Channel {
        var pause = 1
        while true {
            let descriptor = try unixSocket()
            let channel = Channel(owning: descriptor)
            let code = try withAddress(path) { address, length in
                repeatedly { connectSystem(descriptor, address, length) } == 0 ? 0 : errno
            }
            switch code {
            case 0: return channel
            // What stands in the folder's way is named by whoever prepares the folder.
            case ENOENT, ENOTDIR, ECONNREFUSED: throw .absent
            case EACCES:
                throw .system("`\(path)` may not be used by this user; run `chmod 700` on its folder")
            case EAGAIN, EINPROGRESS:
                guard !deadline.hasPassed else { throw .late }
                deadline.sleep(milliseconds: pause)
                pause = min(pause * 2, 16)
            default: throw .system("cannot connect to `\(path)`: \(text(of: code))")
            }
        }
    }

    /// User and process at the other end of a Unix socket.
    package static func peer(of descriptor: Int32) throws(ChannelFault) -> (user: UInt32, process: Int32) {
        #if canImport(Darwin)
        var user: uid_t = 0
        var group: gid_t = 0
        guard getpeereid(descriptor, &user, &group) == 0 else { throw .system("no peer: \(text(of: errno))") }
        var process: pid_t = 0
        var length = socklen_t(MemoryLayout<pid_t>.size)
        // SOL_LOCAL and LOCAL_PEERPID are not imported.
        guard getsockopt(descriptor, 0, 2, &process, &length) == 0 else { return (user, 0) }
        return (user, process)
        #else
        // struct ucred { pid_t pid; uid_t uid; gid_t gid; }
        var fields: [UInt32] = [0, 0, 0]
        var length = socklen_t(12)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &fields, &length) == 0, length == 12 else {
            throw .system("no peer: \(text(of: errno))")
        }
        return (fields[1], Int32(bitPattern: fields[0]))
        #endif
    }

    /// Writes everything, or throws. The descriptor is non-blocking.
    package static func write(_ bytes: [UInt8], to descriptor: Int32, by deadline: Deadline) throws(ChannelFault) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { raw in
                guard let base = raw.baseAddress else { return 0 }
                return send(descriptor, base + sent, raw.count - sent, noSignal)
            }
            if count > 0 {
                sent += count
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: try wait(descriptor, for: Int16(POLLOUT), by: deadline)
            case EPIPE, ECONNRESET: throw .reset
            default: throw .broken("cannot write: \(text(of: errno))")
            }
        }
    }

    /// Writes what can be written now, without waiting; -1 with `errno` set when nothing can.
    package static func sendNow(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Int {
        bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return 0 }
            return repeatedly { send(descriptor, base, raw.count, noSignal) }
        }
    }

    /// Reads exactly `count` bytes, or throws.
    package static func read(
        _ count: Int, from descriptor: Int32, by deadline: Deadline
    ) throws(ChannelFault) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(min(count, 65_536))
        while out.count < count {
            switch try readSome(upTo: min(count - out.count, 65_536), from: descriptor, into: &out) {
            case .read: continue
            case .end: throw .broken("the daemon went away before it had answered")
            case .later: try wait(descriptor, for: Int16(POLLIN), by: deadline)
            }
        }
        return out
    }

    package enum Progress {
        case read, end, later
    }

    /// Appends what can be read now.
    package static func readSome(
        upTo limit: Int, from descriptor: Int32, into out: inout [UInt8]
    ) throws(ChannelFault) -> Progress {
        let start = out.count
        var code: Int32 = 0
        var count = 0
        // Room grows with what has come, never with what was promised.
        out.append(contentsOf: repeatElement(0, count: limit))
        out.withUnsafeMutableBytes { raw in
            guard let base = raw.baseAddress else { return }
            count = repeatedly { readSystem(descriptor, base + start, limit) }
            code = errno
        }
        out.removeLast(limit - max(count, 0))
        if count > 0 { return .read }
        if count == 0 { return .end }
        switch code {
        case EAGAIN: return .later
        case ECONNRESET: throw .reset
        default: throw .broken("cannot read: \(text(of: code))")
        }
    }

    /// Waits until a descriptor is ready or has failed; what failed shows on the next read or write.
    package static func wait(_ descriptor: Int32, for events: Int16, by deadline: Deadline) throws(ChannelFault) {
        while true {
            var entry = pollfd(fd: descriptor, events: events, revents: 0)
            let ready = poll(&entry, 1, Int32(clamping: deadline.remaining))
            if ready > 0 { return }
            if ready == 0 { throw .late }
            guard errno == EINTR else { throw .system("cannot wait: \(text(of: errno))") }
            if deadline.hasPassed { throw .late }
        }
    }

    /// A non-blocking Unix socket that no child inherits.
    package static func unixSocket() throws(ChannelFault) -> Int32 {
        #if os(Linux)
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        #else
        let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { throw .system("cannot make a socket: \(text(of: errno))") }
        #if !os(Linux)
        makePrivate(descriptor)
        #endif
        return descriptor
    }

    /// Sets close-on-exec and non-blocking, and on Darwin no signal for a closed peer.
    package static func makePrivate(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        #if canImport(Darwin)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &yes, socklen_t(MemoryLayout<Int32>.size))
        #endif
    }

    /// Calls with the address of a socket's path.
    package static func withAddress<Result>(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) throws(ChannelFault) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < WritHome.socketPathLimit else { throw .system("the socket's path is too long: `\(path)`") }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    #if canImport(Darwin)
    private static let noSignal: Int32 = 0
    #else
    private static let noSignal = Int32(MSG_NOSIGNAL)
    #endif
}

/// Repeats a system call that a signal interrupted.
package func repeatedly(_ call: () -> Int) -> Int {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}

// `Channel` has members of the same names.
private func connectSystem(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Int {
    Int(connect(descriptor, address, length))
}

private func readSystem(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
