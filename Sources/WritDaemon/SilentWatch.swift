// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCore
import WritWire

/// Sessions that worked without a single event raise an alarm, once each: looked for while the daemon runs, on a thread of
/// its own, since transcripts are many and calls wait for nothing.
final class SilentWatch: Sendable {
    private static let interval: Int64 = 60_000
    private static let maximumSessions = 4_096

    private struct State {
        /// Sessions with an event since this daemon began; the ledger's index may lag behind them.
        var seen: Set<String> = []
        var reported: Set<String>
        var last: Int64 = 0
        var thread: WorkerThread?
        var isLooking = false
        var isOver = false
    }

    private let home: WritHome
    private let file: LineFile
    private let state: Mutex<State>

    /// Reads which sessions were reported before.
    init(home: WritHome) throws(DaemonFault) {
        self.home = home
        file = LineFile(path: home.state + "/silent-sessions", loss: "which silent sessions were reported")
        var reported: Set<String> = []
        for value in try file.read().suffix(Self.maximumSessions) { if let key = value.string { reported.insert(key) } }
        state = Mutex(State(reported: reported))
    }

    /// Notes that a session sends events.
    func note(agent: String, session: String) {
        guard !session.isEmpty else { return }
        state.withLock { state in
            if state.seen.count >= Self.maximumSessions { state.seen.removeAll() }
            state.seen.insert("\(agent)|\(session)")
        }
    }

    /// Begins to look, unless it has just been done.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970.
    ///   - isKnown: whether the ledger has an entry of the session. Called on another thread.
    ///   - report: gets one line and the agent for each session that is new. Called on another thread.
    func look(
        now: Int64, isKnown: @escaping @Sendable (SilentSessions.Session) throws -> Bool,
        report: @escaping @Sendable (_ message: String, _ agent: String) -> Void
    ) {
        let ended = state.withLock { state -> WorkerThread?? in
            guard !state.isOver, !state.isLooking, now - state.last >= Self.interval else { return nil }
            state.isLooking = true
            state.last = now
            defer { state.thread = nil }
            return .some(state.thread)
        }
        guard let ended else { return }
        ended?.join()
        let thread = WorkerThread { [self] in
            search(isKnown, report)
            state.withLock { $0.isLooking = false }
        }
        state.withLock { state in
            state.thread = thread
            if thread == nil { state.isLooking = false }
        }
    }

    private func search(
        _ isKnown: (SilentSessions.Session) throws -> Bool, _ report: (_ message: String, _ agent: String) -> Void
    ) {
        do {
            let found = try SilentSessions.found(home, since: SilentSessions.installed(home)) { session in
                let isNoted = state.withLock { $0.seen.contains(session.key) || $0.reported.contains(session.key) }
                return try isNoted || isKnown(session)
            }
            for session in found where !state.withLock({ $0.isOver }) {
                // Written first: an alarm is rather lost with its daemon than raised at every start.
                try file.append([.string(session.key)])
                state.withLock { _ = $0.reported.insert(session.key) }
                report(
                    "session \(session.name) ran tools without a single event: its hooks were off or dead",
                    session.agent)
            }
        } catch {
            report("which sessions ran without events cannot be told: \(error)", "")
        }
    }

    /// Waits for a look that is under way; afterwards there is none.
    func end() {
        let thread = state.withLock { state in
            state.isOver = true
            defer { state.thread = nil }
            return state.thread
        }
        thread?.join()
    }
}
