// SPDX-License-Identifier: Apache-2.0
import WritAgents
import WritCore
import WritDaemon
import WritLedger
import WritWire

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What the ledger says of an agent's real deliveries: when each event was last seen, and whether the agent's own program
/// started the hook.
struct Evidence {
    struct Seen {
        /// Milliseconds since 1970.
        var last: Int64
        /// The newest delivery whose hook the agent's own program started; nil for none.
        var measured: Int64?
    }

    var events: [String: Seen] = [:]

    /// The newest delivery of any event.
    var last: Int64? { events.values.map(\.last).max() }
    var measured: Int64? { events.values.compactMap(\.measured).max() }

    /// Reads the newest entries of an agent; empty when there is no ledger.
    ///
    /// - Parameter program: the agent's own program; deliveries from before it was replaced prove nothing of it.
    init(_ agent: String, in reader: LedgerReader?, program: String?) throws {
        guard let reader else { return }
        var query = LedgerQuery()
        query.kind = .decision
        query.agent = agent
        query.limit = 2_000
        query.newestFirst = true
        let since = program.map(lastChange) ?? 0
        for item in try reader.entries(matching: query) {
            let entry = item.entry
            guard !entry.session.hasPrefix(Canary.sessionPrefix),
                let event = entry.record["native_event"]?.string
            else { continue }
            // Some agents name no session with a prompt; then the canary's own words tell.
            if entry.session.isEmpty, entry.record.text.contains("writ-canary-") { continue }
            let isMeasured = entry.record["host"]?.string != nil && entry.time >= since
            var seen = events[event] ?? Seen(last: entry.time, measured: nil)
            if isMeasured, seen.measured == nil { seen.measured = entry.time }
            events[event] = seen
        }
    }

    /// The home's ledger; nil when there is none yet.
    static func reader(_ home: WritHome) throws -> LedgerReader? {
        var facts = stat()
        guard stat(home.ledger, &facts) == 0 else { return nil }
        return try LedgerReader(at: home.ledger)
    }
}
