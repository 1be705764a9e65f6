// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A moment on the monotonic clock after which waiting is useless.
public struct Deadline: Sendable, Hashable, Comparable {
    /// Nanoseconds of the monotonic clock.
    private let at: UInt64

    /// The moment `milliseconds` from now.
    public init(after milliseconds: Int) {
        at = Deadline.now &+ UInt64(clamping: milliseconds) &* 1_000_000
    }

    /// Whole milliseconds left, rounded up; 0 when it has passed.
    public var remaining: Int {
        let now = Deadline.now
        return now >= at ? 0 : Int(clamping: (at - now &+ 999_999) / 1_000_000)
    }

    public var hasPassed: Bool { Deadline.now >= at }

    public static func < (left: Deadline, right: Deadline) -> Bool { left.at < right.at }

    /// Nanoseconds of the monotonic clock.
    package static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
    }

    /// Milliseconds since 1970.
    public static var wallClock: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(clamping: time.tv_sec) &* 1000 &+ UInt64(clamping: time.tv_nsec) / 1_000_000
    }

    /// Sleeps, but not past the deadline.
    package func sleep(milliseconds: Int) {
        let time = min(milliseconds, remaining)
        if time > 0 { usleep(UInt32(clamping: time * 1000)) }
    }
}
