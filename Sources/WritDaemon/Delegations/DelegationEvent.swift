// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Something that happened to writs, for the ledger.
struct DelegationEvent: Sendable, Hashable {
    /// The word in the ledger.
    enum Kind: String, Sendable, Hashable {
        case issued, bound, unbound, derived, revoked, imported
        /// A sub-agent that works longer than its writ lasted got another, the parent's still being in force.
        case renewed
        /// A session came under a writ.
        case entered
        /// Somebody who is no person, or who did not know the challenge, tried to change something.
        case refused
    }

    var kind: Kind
    /// The writ's id; empty where several or none is meant.
    var writ = ""
    /// One line for people.
    var message: String
    var agent = ""
    var session = ""
    /// What else a reader of the ledger needs.
    var detail: [JSON.Member] = []

    var record: JSON {
        .object([.init("event", .string(kind.rawValue)), .init("writ", .string(writ))] + detail)
    }
}
