// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritDelegation
import WritGuard
import WritLedger
import WritPolicy
import WritScan
import WritWire

extension Delegations {
    /// The writs of a home.
    convenience init(home: WritHome, key: FingerprintKey, people: Approvals) throws(DaemonFault) {
        let seed = try GuardService.secret(at: home.state + "/delegation.key")
        guard let issuer = DelegationKey(seed: seed) else {
            throw DaemonFault("\(home.state)/delegation.key: is damaged; remove it to begin with a new key")
        }
        let name = Engines.digest(try GuardService.secret(at: home.state + "/machine.id")).prefix(16)
        try self.init(
            path: home.state + "/delegations.json", key: key, people: people, issuer: issuer,
            audience: "writ.local/\(name)",
            anchors: DelegationAnchors(
                path: DelegationAnchors.path(of: home),
                own: TrustAnchors.Anchor(issuer: issuer.publicKey.urn, key: issuer.publicKey)))
    }
}

/// A call's guard with the layers of its writs, and what they say against it.
struct DelegatedJudging {
    var guardian: Guard
    var layers: [DelegationLayers] = []
    var refusals: [Decision.Reason] = []

    init(
        _ standing: DelegationStanding, fault: DelegationFault?, base: Guard, generation: Int, guards: DelegatedGuards
    ) {
        guardian = base
        var fault = fault
        if !standing.chains.isEmpty {
            do throws(DelegationLayers.Fault) {
                (guardian, layers) = try guards.guardian(base, generation: generation, under: standing.chains)
            } catch {
                fault =
                    fault
                    ?? DelegationFault(
                        code: error.code,
                        message:
                            "The session's writ `\(Delegations.short(error.link))` cannot be used: \(error.message).")
            }
        }
        guard let fault else { return }
        refusals = [DelegationLayers.refusal(code: fault.code, message: fault.message)]
    }

    /// What the writs prove; of several the one that ends first speaks, and who must consent are all.
    func fill(_ facts: inout Facts, revocationAge: Int?) {
        // A writ that does not hold proves nothing.
        guard refusals.isEmpty, let first = layers.min(by: { $0.ends < $1.ends }) else { return }
        first.fill(&facts, revocationAge: revocationAge)
        for other in layers {
            facts.writ.chain += other.chain.map(\.id).filter { !facts.writ.chain.contains($0) }
        }
    }
}

extension DelegationLayers {
    fileprivate var ends: Int64 { chain.map(\.expires).min() ?? 0 }
}
