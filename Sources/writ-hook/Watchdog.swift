// SPDX-License-Identifier: Apache-2.0

import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The last line of defence: when a signal ends the hook, or the timer says that it hangs, the closed answer is printed
/// all the same.
enum Watchdog {
    /// Bytes that a signal handler may print. Allocated once for each answer and never freed, so that a handler that
    /// runs at any moment reads whole memory.
    private struct Armed {
        let output: UnsafeMutablePointer<UInt8>
        let outputCount: Int
        let error: UnsafeMutablePointer<UInt8>
        let errorCount: Int
        let code: Int32
    }

    // Written by the only thread of this process with the signals blocked, read by the handler on the same thread.
    nonisolated(unsafe) private static var armed: UnsafeMutablePointer<Armed>?

    /// Chooses what a signal prints from now on, and sets the timer.
    static func arm(_ answer: HookResponse, milliseconds: Int) {
        let fresh = UnsafeMutablePointer<Armed>.allocate(capacity: 1)
        fresh.initialize(
            to: Armed(
                output: copy(answer.output), outputCount: answer.output.count, error: copy(answer.error),
                errorCount: answer.error.count, code: answer.exitCode))
        block()
        armed = fresh
        for number in [SIGTERM, SIGINT, SIGHUP, SIGALRM, SIGQUIT, SIGXCPU] { signal(number, Watchdog.handle) }
        signal(SIGPIPE, SIG_IGN)
        // Whoever started the hook may have had signals blocked, and a blocked timer would let the hook hang.
        unblockAll()
        var timer = itimerval()
        timer.it_value.tv_sec = milliseconds / 1000
        timer.it_value.tv_usec = numericCast(milliseconds % 1000 * 1000)
        #if canImport(Darwin)
        setitimer(ITIMER_REAL, &timer, nil)
        #else
        setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
        #endif
    }

    /// Prints an answer and ends the process. From here on signals wait, so that two answers never mix.
    static func finish(_ answer: HookResponse) -> Never {
        block()
        let printed = answer.output.withUnsafeBufferPointer { put($0.baseAddress, $0.count, on: 1) }
        answer.error.withUnsafeBufferPointer { _ = put($0.baseAddress, $0.count, on: 2) }
        // A refusal that could not be printed must not look like consent.
        _exit(printed ? answer.exitCode : 2)
    }

    // Only write(2) and _exit(2) from here: both are safe in a signal handler.
    private static let handle: @convention(c) (Int32) -> Void = { _ in
        guard let armed = Watchdog.armed else { _exit(2) }
        let answer = armed.pointee
        let printed = put(answer.output, answer.outputCount, on: 1)
        _ = put(answer.error, answer.errorCount, on: 2)
        _exit(printed ? answer.code : 2)
    }

    private static func put(_ bytes: UnsafePointer<UInt8>?, _ count: Int, on descriptor: Int32) -> Bool {
        guard let bytes else { return true }
        var sent = 0
        while sent < count {
            let step = write(descriptor, bytes + sent, count - sent)
            if step > 0 {
                sent += step
            } else if step < 0, errno == EAGAIN {
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                if poll(&entry, 1, 1000) == 0 { return false }
            } else if step < 0, errno == EINTR {
                continue
            } else {
                return false
            }
        }
        return true
    }

    private static func copy(_ bytes: [UInt8]) -> UnsafeMutablePointer<UInt8> {
        let room = UnsafeMutablePointer<UInt8>.allocate(capacity: max(bytes.count, 1))
        room.initialize(repeating: 0, count: max(bytes.count, 1))
        for (index, byte) in bytes.enumerated() { room[index] = byte }
        return room
    }

    private static func block() {
        var all = sigset_t()
        sigfillset(&all)
        sigprocmask(SIG_BLOCK, &all, nil)
    }

    private static func unblockAll() {
        var none = sigset_t()
        sigemptyset(&none)
        sigprocmask(SIG_SETMASK, &none, nil)
    }
}
