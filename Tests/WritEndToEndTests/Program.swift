// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import WritCore
import WritWire

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// A program that runs to its end, with its three streams in pipes as an agent gives them.
struct Program: Sendable {
    var path: String
    var arguments: [String] = []
    var environment: [String: String] = ["PATH": "/usr/bin:/bin"]
    /// The longest wait for the program and for the end of its pipes, in milliseconds.
    var patience = 30_000

    /// What a program left behind.
    struct Outcome: Sendable {
        /// The exit code, or 1000 and the number of the signal that ended it.
        var code: Int32
        var output: String
        var error: String
        /// From before the start until all pipes were at their end, in milliseconds.
        var milliseconds: Int
        /// The pipes did not end in time; the program was killed.
        var wasLate = false
    }

    /// Runs it and feeds it the input; a program may stop reading before the end.
    func run(_ input: [UInt8] = []) throws -> Outcome {
        let start = Program.now
        // One at a time: a program started between a pipe's making and its marking would inherit it.
        let (stdin, stdout, stderr, child) = try Program.starting.withLock { _ in
            let pipes = (try Pipe.make(), try Pipe.make(), try Pipe.make())
            let child = try spawn([pipes.0.out, pipes.1.into, pipes.2.into])
            return (pipes.0, pipes.1, pipes.2, child)
        }
        [stdin.out, stdout.into, stderr.into].forEach { close($0) }
        let deadline = start + UInt64(patience) * 1_000_000
        let (texts, wasLate) = Program.exchange(input, stdin.into, [stdout.out, stderr.out], until: deadline)
        if wasLate { kill(child, SIGKILL) }
        var status: Int32 = 0
        while waitpid(child, &status, 0) == -1, errno == EINTR {}
        let signal = status & 0x7F
        return Outcome(
            code: signal == 0 ? status >> 8 & 0xFF : 1000 + signal, output: String(decoding: texts[0], as: UTF8.self),
            error: String(decoding: texts[1], as: UTF8.self), milliseconds: Int((Program.now - start) / 1_000_000),
            wasLate: wasLate)
    }

    /// Starts it with nothing to read and nowhere to write, and does not wait.
    func start() throws -> pid_t {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        return try Program.starting.withLock { _ in try spawn([null, null, null]) }
    }

    private static let starting = Mutex(())

    static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private func spawn(_ streams: [Int32]) throws -> pid_t {
        do throws(Launch.Fault) {
            return try Launch(
                path, arguments, environment: environment.map { "\($0.key)=\($0.value)" },
                streams: streams.map { .descriptor($0) }
            ).start()
        } catch {
            throw Trouble("cannot start \(path): \(error.reason)")
        }
    }

    /// Feeds and reads at the same time, so that no side waits for the other.
    private static func exchange(
        _ input: [UInt8], _ into: Int32, _ outs: [Int32], until deadline: UInt64
    ) -> (texts: [[UInt8]], wasLate: Bool) {
        var texts = outs.map { _ in [UInt8]() }
        var open = outs.map { _ in true }
        var sent = 0
        var feeds = true
        if input.isEmpty {
            close(into)
            feeds = false
        }
        defer {
            if feeds { close(into) }
            for (index, out) in outs.enumerated() where open[index] { close(out) }
        }
        _ = fcntl(into, F_SETFL, O_NONBLOCK)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while feeds || open.contains(true) {
            let now = Program.now
            guard now < deadline else { return (texts, true) }
            var entries = [pollfd(fd: feeds ? into : -1, events: Int16(POLLOUT), revents: 0)]
            entries += outs.enumerated().map {
                pollfd(fd: open[$0.offset] ? $0.element : -1, events: Int16(POLLIN), revents: 0)
            }
            _ = poll(&entries, nfds_t(entries.count), Int32((deadline - now) / 1_000_000 + 1))
            if entries[0].revents != 0 {
                let count = input.withUnsafeBytes { write(into, $0.baseAddress.map { $0 + sent }, input.count - sent) }
                if count > 0 { sent += count }
                if sent == input.count || (count < 0 && errno != EAGAIN && errno != EINTR) {
                    close(into)
                    feeds = false
                }
            }
            for index in outs.indices where entries[index + 1].revents != 0 {
                let count = read(outs[index], &buffer, buffer.count)
                if count > 0 {
                    texts[index] += buffer[..<count]
                } else if count == 0 || errno != EINTR {
                    close(outs[index])
                    open[index] = false
                }
            }
        }
        return (texts, false)
    }

    private enum Pipe {
        static func make() throws -> (out: Int32, into: Int32) {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { throw Trouble("cannot make a pipe: \(String(cString: strerror(errno)))") }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            return (ends[0], ends[1])
        }
    }
}

/// Why a test could not be carried out.
struct Trouble: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

private struct Concurrent<Result: Sendable>: Sendable {
    var next = 0
    var results: [Int: Result] = [:]
    var fault: (any Error)?
}

/// Runs a piece of work `count` times on `threads` threads and returns the results in order.
func concurrently<Result: Sendable>(
    _ count: Int, threads: Int, _ work: @escaping @Sendable (Int) throws -> Result
) throws -> [Result] {
    let state = Mutex(Concurrent<Result>())
    let group = DispatchGroup()
    for _ in 0..<min(threads, count) {
        group.enter()
        let thread = Thread {
            defer { group.leave() }
            while true {
                let index = state.withLock { state in
                    defer { state.next += 1 }
                    return state.next
                }
                guard index < count, state.withLock({ $0.fault == nil }) else { return }
                do {
                    let result = try work(index)
                    state.withLock { $0.results[index] = result }
                } catch {
                    state.withLock { $0.fault = error }
                }
            }
        }
        thread.start()
    }
    group.wait()
    return try state.withLock { state in
        if let fault = state.fault { throw fault }
        return (0..<count).compactMap { state.results[$0] }
    }
}
