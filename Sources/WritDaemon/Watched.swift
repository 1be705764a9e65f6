// SPDX-License-Identifier: Apache-2.0

import Synchronization
import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A value made from files, made again when they change; the last good one stays in force when that fails.
///
/// Whoever asks gets a whole value, old or new, and never waits for another caller's check. The files are looked at
/// at most once in `interval`, by one caller.
public final class Watched<Value: Sendable>: Sendable {
    private struct State {
        var value: Value
        var identities: [FileIdentity]
        var nextCheck: UInt64
        var isChecking = false
        var fault: String?
        var generation = 0
    }

    private let paths: @Sendable () -> [String]
    private let load: @Sendable () throws -> Value
    private let nanoseconds: UInt64
    private let state: Mutex<State>
    /// Held while the files are looked at, so that a later look never ends before an earlier one.
    private let turn = Mutex(())

    /// Loads the first value.
    ///
    /// - Parameters:
    ///   - interval: milliseconds between two looks at the files.
    ///   - paths: files and folders whose change means that the value may be another; asked again for each look. A
    ///     folder changes when a file is added, removed or renamed in it.
    ///   - load: makes the value. What it throws is described in ``fault``.
    /// - Throws: what `load` throws for the first value.
    public init(
        interval: Int = 1000, paths: @escaping @Sendable () -> [String], load: @escaping @Sendable () throws -> Value
    ) throws {
        self.paths = paths
        self.load = load
        nanoseconds = UInt64(clamping: interval) &* 1_000_000
        // Looked at before loading, so that a change during the load is seen by the next look.
        let identities = paths().map { FileIdentity($0) }
        state = Mutex(
            State(value: try load(), identities: identities, nextCheck: Deadline.now &+ nanoseconds))
    }

    /// The value in force. Looks at the files when the interval has passed.
    public var current: Value {
        let (value, isDue) = state.withLock { state in
            let isDue = !state.isChecking && Deadline.now >= state.nextCheck
            if isDue { state.isChecking = true }
            return (state.value, isDue)
        }
        guard isDue else { return value }
        guard turn.withLockIfAvailable({ _ in check(force: false) }) != nil else {
            state.withLock { $0.isChecking = false }
            return value
        }
        return state.withLock { $0.value }
    }

    /// Looks at the files now and loads whether or not they changed; ``fault`` says how that went.
    ///
    /// Waits for a look that another caller has begun: that one may have seen the files as they were before.
    public func reload() {
        turn.withLock { _ in check(force: true) }
    }

    /// Why the last load was refused; nil when the value in force is that of the files.
    public var fault: String? { state.withLock { $0.fault } }

    /// Counts the values, from 0.
    public var generation: Int { state.withLock { $0.generation } }

    private func check(force: Bool) {
        let identities = paths().map { FileIdentity($0) }
        let isChanged = state.withLock { $0.identities != identities }
        var fresh: Result<Value, any Error>?
        if force || isChanged { fresh = Result { try load() } }
        state.withLock { state in
            state.isChecking = false
            state.nextCheck = Deadline.now &+ nanoseconds
            state.identities = identities
            switch fresh {
            case .success(let value):
                state.value = value
                state.fault = nil
                state.generation += 1
            case .failure(let error): state.fault = String(describing: error)
            case nil: break
            }
        }
    }
}

/// What tells one state of a file from another without reading it.
public struct FileIdentity: Sendable, Hashable {
    private let fields: [Int64]
    /// The path names a folder.
    let isFolder: Bool
    /// Nanoseconds since 1970 of the last change; nil for a missing file.
    private let changedAt: Int64?

    /// The last change is so young that another one might leave the same times behind.
    var isRecent: Bool {
        guard let changedAt else { return false }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) &* 1_000_000_000 &+ Int64(now.tv_nsec) &- changedAt < 50_000_000
    }

    /// The path names something.
    var exists: Bool { changedAt != nil }

    /// The identity in letters, to stand in the name of what depends on the file.
    var text: String { fields.map(String.init).joined(separator: ".") }

    /// Looks at a path; a missing file has an identity too.
    public init(_ path: String) {
        var facts = stat()
        guard stat(path, &facts) == 0 else {
            fields = [Int64(errno)]
            isFolder = false
            changedAt = nil
            return
        }
        #if canImport(Darwin)
        let (changed, written) = (facts.st_ctimespec, facts.st_mtimespec)
        #else
        let (changed, written) = (facts.st_ctim, facts.st_mtim)
        #endif
        isFolder = facts.st_mode & S_IFMT == S_IFDIR
        changedAt = Int64(changed.tv_sec) &* 1_000_000_000 &+ Int64(changed.tv_nsec)
        fields = [
            Int64(truncatingIfNeeded: facts.st_dev), Int64(truncatingIfNeeded: facts.st_ino), Int64(facts.st_size),
            Int64(written.tv_sec), Int64(written.tv_nsec), Int64(changed.tv_sec), Int64(changed.tv_nsec),
        ]
    }
}
