// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// A program with pipes for input and output; what it says on standard error goes nowhere.
///
/// Nothing is inherited but the three streams, and the environment is the caller's alone.
final class ChildProcess {
    private var process: pid_t = 0
    private(set) var input: Int32 = -1
    private var output: Int32 = -1
    private var buffer: [UInt8] = []
    private var at = 0
    private var status: Int32?

    init(_ program: String, _ arguments: [String], environment: [String]) throws(ReadFault) {
        var into: [Int32] = [-1, -1]
        var out: [Int32] = [-1, -1]
        guard pipe(&into) == 0 else { throw ReadFault.ofSystem("no pipe") }
        guard pipe(&out) == 0 else {
            into.forEach { _ = close($0) }
            throw ReadFault.ofSystem("no pipe")
        }
        (into + out).forEach { _ = fcntl($0, F_SETFD, FD_CLOEXEC) }
        #if canImport(Darwin)
        var actions: posix_spawn_file_actions_t?
        #else
        var actions = posix_spawn_file_actions_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, into[0], 0)
        posix_spawn_file_actions_adddup2(&actions, out[1], 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { (words + variables).forEach { free($0) } }
        let fault = posix_spawn(&process, program, &actions, nil, &words, &variables)
        close(into[0])
        close(out[1])
        guard fault == 0 else {
            close(into[1])
            close(out[0])
            throw ReadFault("\(program) cannot be started")
        }
        input = into[1]
        output = out[0]
    }

    deinit {
        endInput()
        if output >= 0 { close(output) }
        if status == nil {
            kill(process, SIGKILL)
            var status: Int32 = 0
            while waitpid(process, &status, 0) == -1, errno == EINTR {}
        }
    }

    /// Writes all of it.
    func write(_ bytes: [UInt8]) throws(ReadFault) {
        var at = 0
        while at < bytes.count {
            let count = bytes.withUnsafeBytes { systemWrite(input, $0.baseAddress.map { $0 + at }, bytes.count - at) }
            if count > 0 {
                at += count
            } else if errno != EINTR {
                throw ReadFault.ofSystem("git does not read")
            }
        }
    }

    /// No more input will come.
    func endInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    /// Fills the buffer; false at the end of the output.
    private func fill() throws(ReadFault) -> Bool {
        if at > 1 << 16 || at == buffer.count {
            buffer.removeFirst(at)
            at = 0
        }
        let size = 1 << 16
        let old = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: size))
        let count = buffer.withUnsafeMutableBytes { bytes -> Int in
            while true {
                let count = systemRead(output, bytes.baseAddress.map { $0 + old }, size)
                if count >= 0 || errno != EINTR { return count }
            }
        }
        buffer.removeLast(size - max(0, count))
        if count < 0 { throw ReadFault.ofSystem("git cannot be read") }
        return count > 0
    }

    /// The bytes before the next `end`; nil when the output ends before it.
    ///
    /// - Throws: above `limit` bytes.
    func next(until end: UInt8, limit: Int = 1 << 20) throws(ReadFault) -> [UInt8]? {
        var searched = at
        while true {
            if let place = buffer[searched...].firstIndex(of: end) {
                let found = Array(buffer[at..<place])
                at = place + 1
                return found
            }
            guard buffer.count - at <= limit else { throw ReadFault("git answers more than is expected") }
            let pending = buffer.count - at
            guard try fill() else { return nil }
            searched = at + pending
        }
    }

    /// The next bytes, at most `most`; empty at the end.
    func read(_ most: Int) throws(ReadFault) -> [UInt8] {
        if at == buffer.count {
            guard try fill() else { return [] }
        }
        let end = min(buffer.count, at + most)
        defer { at = end }
        return Array(buffer[at..<end])
    }

    /// Waits for the end; the exit code, or -1 for a signal.
    func finish() -> Int {
        endInput()
        if let status { return Int(status) }
        var raw: Int32 = 0
        while waitpid(process, &raw, 0) == -1, errno == EINTR {}
        let code = raw & 0x7F == 0 ? raw >> 8 & 0xFF : -1
        status = code
        return Int(code)
    }
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}

private func systemWrite(_ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, buffer, count)
}
