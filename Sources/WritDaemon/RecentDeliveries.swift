// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritAgents
import WritCore
import WritWire

/// The answers of the last seconds, so that an event delivered twice is decided and recorded once: agents read each
/// other's hook settings, and two entries then start the same hook, mostly at the same moment.
final class RecentDeliveries: Sendable {
    /// What makes two deliveries the same event.
    struct Key: Hashable, Sendable {
        private let agent: String
        private let session: String
        private let event: String
        private let toolUse: String
        private let payload: Int

        /// Nil for events without an id of their own: two equal prompts are two prompts.
        init?(_ delivery: Delivery, _ payload: [UInt8]) {
            guard let toolUse = delivery.call.toolUse, !toolUse.isEmpty else { return nil }
            agent = delivery.call.agent.kind
            session = delivery.call.session
            event = delivery.event
            self.toolUse = toolUse
            var hasher = Hasher()
            hasher.combine(payload)
            self.payload = hasher.finalize()
        }
    }

    private static let milliseconds: Int64 = 5_000
    private static let maximumCount = 2_048

    /// One event's answer; whoever comes second waits at its lock until the first has decided.
    private final class Slot: Sendable {
        let answer = Mutex<(answer: HookResponse, until: Int64)?>(nil)
    }

    private struct State {
        var slots: [Key: Slot] = [:]
        var order: [Key] = []
    }

    private let state = Mutex(State())

    /// The answer to the same event if it was given a moment ago, and otherwise what `decide` answers.
    ///
    /// - Throws: what `decide` throws; then nothing is remembered, and the next delivery decides anew.
    func answer(_ key: Key?, now: Int64, _ decide: () throws -> HookResponse) throws -> HookResponse {
        guard let key else { return try decide() }
        return try slot(key).answer.withLock { known in
            if let known, known.until > now { return known.answer }
            let answer = try decide()
            known = (answer, now + Self.milliseconds)
            return answer
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
