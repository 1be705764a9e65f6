// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCore

/// Notes for the model that came with an event whose host cannot pass them on: the session's next event that can carries
/// them.
final class HeldNotes: Sendable {
    private static let maximumSessions = 1_024
    private static let maximumNotes = 8

    private let held = Mutex<[String: [String]]>([:])

    /// Holds the decision's notes back, or adds to it what was held.
    func pass(_ decision: inout Decision, session: String, canAddContext: Bool) {
        let notes = decision.obligations.compactMap { if case .annotate(let text) = $0 { text } else { nil } }
        held.withLock { held in
            if canAddContext {
                for note in held.removeValue(forKey: session) ?? [] where !notes.contains(note) {
                    decision.obligations.append(.annotate(note))
                }
            } else if !notes.isEmpty {
                // Forgotten notes cost words, no protection: the labels and the ledger have it all.
                if held[session] == nil, held.count >= Self.maximumSessions { held.removeAll() }
                var all = held[session] ?? []
                for note in notes where !all.contains(note) { all.append(note) }
                held[session] = all.suffix(Self.maximumNotes)
            }
        }
    }
}
