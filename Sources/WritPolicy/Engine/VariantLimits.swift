// SPDX-License-Identifier: Apache-2.0

/// What an agent's tries to do a refused thing in other words lead to.
public struct VariantLimits: Sendable, Hashable {
    /// From this variant on a person is asked; 1 is the first other spelling.
    public var ask: Int
    /// From this one on the session is stopped.
    public var halt: Int

    /// Where no policy says otherwise.
    public static let usual = VariantLimits(ask: 3, halt: 5)

    /// Creates limits.
    public init(ask: Int, halt: Int) {
        self.ask = ask
        self.halt = halt
    }
}

extension VariantLimits {
    /// Those that layers state together: the root's where it states any, and tighter ones of the other layers.
    static func joined(_ layers: [PolicyLayer], root: Int?) -> VariantLimits {
        var limits: VariantLimits?
        func tighten(_ layer: PolicyLayer) {
            for stated in layer.documents.compactMap(\.defaults.variants) {
                limits = VariantLimits(
                    ask: min(limits?.ask ?? .max, stated.ask), halt: min(limits?.halt ?? .max, stated.halt))
            }
        }
        if let root { tighten(layers[root]) }
        if limits == nil { limits = .usual }
        for (position, layer) in layers.enumerated() where position != root { tighten(layer) }
        return limits ?? .usual
    }
}
