// SPDX-License-Identifier: Apache-2.0
import WritAgents
import WritCore
import WritWire

/// The answers of the last seconds, so that an event delivered twice is decided and recorded once: agents read each
/// other's hook settings, and two entries then start the same hook.
struct RecentDeliveries: Sendable {
    /// What makes two deliveries the same event.
    struct Key: Hashable, Sendable {
        private let session: String
        private let event: String
        private let toolUse: String
        private let payload: Int

        /// Nil for events without an id of their own: two equal prompts are two prompts.
        init?(_ delivery: Delivery, _ payload: [UInt8]) {
            guard let toolUse = delivery.call.toolUse, !toolUse.isEmpty else { return nil }
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

    private var answers: [Key: (answer: HookResponse, until: Int64)] = [:]
    private var order: [Key] = []

    func answer(_ key: Key?, now: Int64) -> HookResponse? {
        guard let key, let known = answers[key], known.until > now else { return nil }
        return known.answer
    }

    mutating func remember(_ answer: HookResponse, for key: Key?, now: Int64) {
        guard let key else { return }
        if answers.updateValue((answer, now + Self.milliseconds), forKey: key) == nil { order.append(key) }
        if order.count > Self.maximumCount {
            let half = Self.maximumCount / 2
            for key in order.prefix(half) { answers[key] = nil }
            order.removeFirst(half)
        }
    }
}
