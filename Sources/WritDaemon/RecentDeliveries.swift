// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritAgents
import WritCore

/// The decisions of the last seconds, so that one call delivered several times is decided and recorded once: agents
/// read each other's hook settings, and some have two events for one call.
///
/// The same id is the same call. Without ids, the same call on another way (another entry, another event) is; on the
/// same way it is a new one, since an agent may do the same thing twice.
final class RecentDeliveries: Sendable {
    /// On which way an event came: the agent in the hook's arguments, and the event's own name.
    struct Route: Hashable, Sendable {
        var agent: String
        var event: String
    }

    /// What was decided, before it is spelled for one event.
    struct Decided: Sendable {
        var decision: Decision
        var replacement: JSON?
    }

    /// What two deliveries of one call have in common.
    private struct Key: Hashable, Sendable {
        private let agent: String
        private let session: String
        private let event: Call.Event
        private let tool: Tool
        private let content: Int

        /// Nil for events that are about nothing in particular.
        init?(_ call: Call) {
            guard call.event != .other else { return nil }
            agent = call.agent.kind
            session = call.session
            event = call.event
            // Two events of one call may use different names of the tool.
            tool = Tool(
                name: call.tool.server == nil ? call.tool.name : "", action: call.tool.action,
                serverTool: call.tool.serverTool)
            var hasher = Hasher()
            if call.tool.action == .shellExec, let command = call.arguments["command"]?.string {
                // Events differ in what they say beside the command.
                hasher.combine(command)
                hasher.combine(call.workingDirectory)
            } else {
                hasher.combine(call.arguments)
            }
            hasher.combine(call.response)
            hasher.combine(call.prompt)
            content = hasher.finalize()
        }
    }

    private struct Entry {
        var toolUse: String?
        var routes: Set<Route>
        var decided: Decided
        var until: Int64
    }

    private static let milliseconds: Int64 = 5_000
    private static let maximumCount = 2_048
    /// Of one call in one session.
    private static let maximumEntries = 64

    /// Deliveries of equal calls; whoever comes second waits at its lock until the first has decided.
    private final class Slot: Sendable {
        let entries = Mutex<[Entry]>([])
    }

    private struct State {
        var slots: [Key: Slot] = [:]
        var order: [Key] = []
    }

    private let state = Mutex(State())

    /// The decision on the same call if it was delivered a moment ago, and otherwise what `decide` says.
    ///
    /// - Throws: what `decide` throws; then nothing is remembered, and the next delivery decides anew.
    func decision(
        on call: Call, by route: Route, now: Int64, _ decide: () throws -> Decided
    ) throws -> Decided {
        guard let key = Key(call) else { return try decide() }
        let toolUse = call.toolUse?.isEmpty == false ? call.toolUse : nil
        return try slot(key).entries.withLock { entries in
            entries.removeAll { $0.until <= now }
            for index in entries.indices {
                let entry = entries[index]
                if let toolUse, let known = entry.toolUse {
                    guard toolUse == known else { continue }
                } else if entry.routes.contains(route) {
                    continue
                }
                entries[index].routes.insert(route)
                if entry.toolUse == nil { entries[index].toolUse = toolUse }
                return entry.decided
            }
            let decided = try decide()
            if entries.count >= Self.maximumEntries { entries.removeFirst() }
            entries.append(Entry(toolUse: toolUse, routes: [route], decided: decided, until: now + Self.milliseconds))
            return decided
        }
    }

    private func slot(_ key: Key) -> Slot {
        state.withLock { state in
            if let slot = state.slots[key] { return slot }
            let slot = Slot()
            state.slots[key] = slot
            state.order.append(key)
            if state.order.count > Self.maximumCount {
                let half = Self.maximumCount / 2
                for key in state.order.prefix(half) { state.slots[key] = nil }
                state.order.removeFirst(half)
            }
            return slot
        }
    }
}
