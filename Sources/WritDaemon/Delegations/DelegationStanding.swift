// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritDelegation
import WritGuard

/// Why nothing passes for a session under a writ.
struct DelegationFault: Error, Sendable, Hashable {
    /// A code of ``DelegationError``, or ``store``.
    var code: String
    /// For the agent and the person: what is wrong, and the next step.
    var message: String

    /// The daemon's own file is damaged, or does not know a writ that a session is under.
    static let store = "WRIT_E_STORE"
    /// Whoever derives asked for more than the parent grants; of no verifier, who asks each link of a call apart.
    static let outside = "WRIT_E_OUTSIDE"
}

/// The writs that a call is under.
struct DelegationStanding: Sendable, Hashable {
    /// Verified; a call needs the consent of each. Empty for a call that is under none.
    var chains: [DelegationChain] = []
    /// Something is wrong with one of the writs, so no tool is used.
    var fault: DelegationFault?
    /// Seconds since the list of the issuer who heard longest nothing of revocations was signed; nil without a list.
    var revocationAge: Int?

    /// The environments of the writ that holds in the strictest ones; empty without a writ.
    var environments: [String] {
        func least(_ chain: DelegationChain) -> Profile {
            chain.leaf.environments.map { Profile(rawValue: $0) ?? .production }.min() ?? .production
        }
        return chains.max { least($0) < least($1) }?.leaf.environments ?? []
    }
}
