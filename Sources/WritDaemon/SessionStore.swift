// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCore
import WritGuard
import WritLedger
import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The sessions that the daemon knows, in memory and in one small file each, so that labels outlive the daemon.
///
/// Decisions of one session are made one after the other, because each depends on what the ones before left; sessions
/// do not wait for each other.
final class SessionStore: Sendable {
    private final class Slot: Sendable {
        let tracker: Mutex<SessionTracker>

        init(_ tracker: SessionTracker) {
            self.tracker = Mutex(tracker)
        }
    }

    private struct State {
        var slots: [String: Slot] = [:]
        var order: [String] = []
    }

    /// More sessions than this are not kept in memory; the oldest is read again from its file when it comes back.
    private static let maximumSessions = 4_096

    private let directory: String
    private let withholding: Withholding
    private let state = Mutex(State())

    /// Sessions kept below `directory`, which is made when it is missing.
    ///
    /// - Parameter withholding: takes secrets out of what is kept. A host or path that held one is not recognised by
    ///   the next daemon; labels are.
    init(directory: String, withholding: Withholding) throws(DaemonFault) {
        self.directory = directory
        self.withholding = withholding
        do { try WritHome.makeFolders(directory) } catch { throw DaemonFault(error.message) }
    }

    /// Lets `body` use and change a session alone; what must not be forgotten is written before this returns.
    ///
    /// - Returns: what `body` returns.
    /// - Throws: ``DaemonFault`` when the session's file cannot be read or written; the caller closes.
    func with<Result>(
        _ id: String, now: Int64, _ body: (inout SessionTracker) throws -> (result: Result, mustKeep: Bool)
    ) throws -> Result {
        let slot = try slot(id, now: now)
        return try slot.tracker.withLock { tracker in
            let (result, mustKeep) = try body(&tracker)
            if mustKeep { try keep(tracker) }
            return result
        }
    }

    /// Writes every session down; at the daemon's end.
    ///
    /// - Returns: what could not be written. Only counts: what must not be forgotten was written when it changed.
    func keepAll() -> [String] {
        let slots = state.withLock { Array($0.slots.values) }
        return slots.compactMap { slot in
            slot.tracker.withLock { tracker -> String? in
                do throws(DaemonFault) {
                    try keep(tracker)
                    return nil
                } catch {
                    return error.message
                }
            }
        }
    }

    private func slot(_ id: String, now: Int64) throws(DaemonFault) -> Slot {
        if let slot = state.withLock({ $0.slots[id] }) { return slot }
        let fresh = Slot(try read(id) ?? SessionTracker(id: id, now: now))
        return state.withLock { state in
            if let slot = state.slots[id] { return slot }
            if state.order.count >= Self.maximumSessions, let oldest = state.order.first {
                state.order.removeFirst()
                state.slots[oldest] = nil
            }
            state.order.append(id)
            state.slots[id] = fresh
            return fresh
        }
    }

    /// The file is named by a digest: a session's own name comes from outside and may hold anything.
    private static func name(_ id: String) -> String {
        String(LedgerHash(hashing: Array(id.utf8)).description.prefix(32))
    }

    private func read(_ id: String) throws(DaemonFault) -> SessionTracker? {
        let path = "\(directory)/\(Self.name(id)).json"
        guard let bytes = try SmallFile.read(path, limit: 4 << 20) else { return nil }
        do {
            var json = try JSON(parsing: bytes)
            if json["id"]?.string == Self.name(id) {
                json.set("id", .string(id))
                if let tracker = SessionTracker(json) { return tracker }
            }
        } catch {
            throw DaemonFault("\(path): the session's labels are damaged (\(error)); remove the file to forget them")
        }
        throw DaemonFault("\(path): the session's labels are damaged; remove the file to forget them")
    }

    private func keep(_ tracker: SessionTracker) throws(DaemonFault) {
        let name = Self.name(tracker.id)
        var json = tracker.json
        json.set("id", .string(name))
        do { json = try withholding.json(json) } catch {
            throw DaemonFault("the session's state cannot be searched for secrets: \(error)")
        }
        try SmallFile.write(json.bytes, to: "\(directory)/\(name).json")
    }
}
