// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// One question to the daemon of a home.
public struct DaemonClient: Sendable {
    public var home: WritHome
    /// The only program that may answer, by absolute path; nil when any process of this user may.
    public var expectedProgram: String?

    /// Creates a client.
    public init(home: WritHome, expectedProgram: String? = nil) {
        self.home = home
        self.expectedProgram = expectedProgram
    }

    /// Sends a frame and waits for the answer.
    public func exchange(_ frame: [UInt8], by deadline: Deadline) throws(ChannelFault) -> HookResponse {
        let channel = try Channel.connect(to: home.socket, by: deadline)
        try check(channel.descriptor)
        try Channel.write(frame, to: channel.descriptor, by: deadline)
        do {
            let start = try Channel.read(Frame.prefixLength, from: channel.descriptor, by: deadline)
            let prefix = try Frame.prefix(start)
            let body = try Channel.read(prefix.bodyLength, from: channel.descriptor, by: deadline)
            return try HookResponse(prefix, body: body)
        } catch let fault as FrameFault {
            throw .broken(fault.message)
        } catch let fault as ChannelFault {
            throw fault
        } catch {
            throw .broken("no answer")
        }
    }

    /// Asks for status, stop, reload or about approvals; the answer's output is one JSON object.
    public func control(
        _ kind: Frame.Kind, payload: [UInt8] = [], by deadline: Deadline
    ) throws(ChannelFault) -> HookResponse {
        let frame: [UInt8]
        do { frame = try Frame.control(kind, payload: payload) } catch { throw .broken(error.message) }
        return try exchange(frame, by: deadline)
    }

    /// Whoever answers must be the same user, and the very program that belongs here: an agent runs as the same user
    /// and could bind a socket of its own in place of the daemon's.
    private func check(_ descriptor: Int32) throws(ChannelFault) {
        let peer = try Channel.peer(of: descriptor)
        guard peer.user == geteuid() else { throw .stranger("the socket belongs to user \(peer.user)") }
        #if os(Linux)
        guard let expectedProgram else { return }
        guard let program = ProgramPath.of(process: peer.process) else {
            throw .stranger("process \(peer.process) answers and its program cannot be seen")
        }
        guard program == expectedProgram || program == ProgramPath.real(expectedProgram) else {
            throw .stranger("another program answers at the socket")
        }
        #endif
    }
}

/// Where a running program's file is.
public enum ProgramPath {
    /// The absolute path of this process's own executable, symbolic links resolved; never from `PATH` or `argv`.
    public static var own: String? {
        #if os(Linux)
        return link("/proc/self/exe")
        #else
        var size: UInt32 = 4096
        var bytes = [CChar](repeating: 0, count: Int(size))
        guard _NSGetExecutablePath(&bytes, &size) == 0, let real = realpath(bytes, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
        #endif
    }

    /// The program beside this one.
    public static func sibling(_ name: String) -> String? {
        guard let own, let cut = own.lastIndex(of: "/") else { return nil }
        return own[...cut] + name
    }

    #if os(Linux)
    /// The path without symbolic links.
    static func real(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// The executable of another process; one that was replaced since by an upgrade still counts.
    static func of(process: Int32) -> String? {
        guard process > 0, let path = link("/proc/\(process)/exe") else { return nil }
        let replaced = " (deleted)"
        return path.hasSuffix(replaced) ? String(path.dropLast(replaced.utf8.count)) : path
    }

    /// Where a symbolic link of `/proc` leads; nil when it cannot be read or leads further than 4,095 bytes.
    package static func link(_ path: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = bytes.withUnsafeMutableBytes { raw in
            raw.bindMemory(to: CChar.self).baseAddress.map { readlink(path, $0, raw.count) } ?? -1
        }
        guard count > 0, count < 4096 else { return nil }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
    #endif
}
