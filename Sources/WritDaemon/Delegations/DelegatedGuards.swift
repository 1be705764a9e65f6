// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritDelegation
import WritGuard
import WritPolicy

/// The guards of calls under writs: a layer for each link, joined once and kept, because joining takes as long as
/// loading policies.
final class DelegatedGuards: Sendable {
    private struct Key: Hashable {
        /// What the guard below was made of.
        var generation: Int
        var policies: String
        var broken: Set<Layer>
        var chains: [String]
    }

    private static let maximumKept = 64

    private let kept = Mutex<[Key: Guard]>([:])
    private let compiled = Mutex<[String: DelegationLayers]>([:])

    /// The guard of a call under chains, and what they prove about it.
    ///
    /// - Parameter generation: changes when what `base` was made of does.
    /// - Throws: ``DelegationLayers/Fault`` for a link that no call can be judged by.
    func guardian(
        _ base: Guard, generation: Int, under chains: [DelegationChain]
    ) throws(DelegationLayers.Fault) -> (guardian: Guard, layers: [DelegationLayers]) {
        var all: [DelegationLayers] = []
        for chain in chains { all.append(try layers(of: chain)) }
        let key = Key(
            generation: generation, policies: base.policies.digest, broken: base.policies.broken,
            chains: chains.map(\.digest))
        if let guardian = kept.withLock({ $0[key] }) { return (guardian, all) }
        let guardian = try DelegationLayers.guardian(base, under: all)
        kept.withLock { kept in
            if kept.count >= Self.maximumKept { kept.removeAll() }
            kept[key] = guardian
        }
        return (guardian, all)
    }

    private func layers(of chain: DelegationChain) throws(DelegationLayers.Fault) -> DelegationLayers {
        let digest = chain.digest
        if let known = compiled.withLock({ $0[digest] }) { return known }
        let layers = try DelegationLayers(chain.links)
        compiled.withLock { compiled in
            if compiled.count >= Self.maximumKept { compiled.removeAll() }
            compiled[digest] = layers
        }
        return layers
    }
}
