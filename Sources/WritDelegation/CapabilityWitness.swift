// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Finds what a child's grants plainly have and its parent's have not.
///
/// Only actions and tools are compared, and only names without wildcards, in any case of letters: it says "outside"
/// where no reading of the parent's patterns could cover the child's. Paths, hosts and commands have many spellings;
/// they are left to the verifiers, who ask every link.
enum CapabilityWitness {
    /// A few words about the first grant of the child that no grant of the parent can cover; nil when there is none.
    static func outside(of parent: [Delegation.Capability], in child: [Delegation.Capability]) -> String? {
        for grant in child {
            if parent.isEmpty { return "anything" }
            // Each name on its own: a list grants any of its members.
            for list in lists {
                for name in grant[keyPath: list] where isPlain(name) {
                    if parent.allSatisfy({ !mayCover(name, $0[keyPath: list]) }) { return Shown.text(name) }
                }
            }
            // No single parent grant has room for the grant: one excludes its action, the other its tool.
            if !parent.contains(where: { mayMeet(grant, $0) }) {
                return "all of \(Shown.text(grant.json.text)) at once"
            }
        }
        return nil
    }

    private static let lists: [any KeyPath<Delegation.Capability, [String]> & Sendable] = [
        \.actions, \.tools,
    ]

    private static func mayMeet(_ child: Delegation.Capability, _ parent: Delegation.Capability) -> Bool {
        lists.allSatisfy { list in
            let names = child[keyPath: list]
            return names.isEmpty || names.contains { !isPlain($0) || mayCover($0, parent[keyPath: list]) }
        }
    }

    private static func mayCover(_ name: String, _ patterns: [String]) -> Bool {
        patterns.isEmpty || patterns.contains { !isPlain($0) || $0.lowercased() == name.lowercased() }
    }

    /// Letters, digits and marks that have no meaning of their own in a pattern; no list of policies by its name.
    private static func isPlain(_ text: String) -> Bool {
        !text.hasPrefix("list:")
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "/"): true
                default: false
                }
            }
    }
}
