// SPDX-License-Identifier: Apache-2.0
public import WritCore
public import WritDelegation
public import WritPolicy

/// A verified chain as policy: a layer for each link, and the facts that it proves.
///
/// Each layer restricts alone, so a call needs the grant of every link, and what the policies deny stays denied. Made
/// once for a chain; joining it with a guard costs as much as loading policies, so whoever holds the guard keeps it.
public struct DelegationLayers: Sendable {
    /// Why a link cannot be used. A session that is bound to it is denied everything: see ``refusal(code:message:)``.
    public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        /// As ``DelegationError`` names it.
        public let code: String
        /// The id of the link; empty where it is no name.
        public let link: String
        /// One line for people.
        public let message: String

        init(_ errors: PolicyErrors, of link: Delegation) {
            let first = errors.errors.first
            let isName = first?.code != .badName
            self.init(
                code: DelegationLayers.claims, link: isName ? link.id : "",
                message: first?.message ?? "it cannot be used")
        }

        init(code: String, link: String, message: String) {
            self.code = code
            self.link = link
            self.message = message
        }

        public var description: String { "\(code): \(link.isEmpty ? "" : "\(link): ")\(message)" }
    }

    /// More links than this are refused.
    public static let maximumLinks = 16

    /// The root's first.
    public let chain: [Delegation]
    /// In the order of the chain.
    public let layers: [PolicyLayer]
    /// What the layers were made of.
    private let authorities: [DelegatedAuthority]

    /// Compiles a chain that has been verified, the root first.
    ///
    /// - Throws: what in it no call can be judged by: an item that is no pattern, an id that is no name, a link twice.
    public init(_ chain: [Delegation]) throws(Fault) {
        guard let leaf = chain.last, chain.count <= Self.maximumLinks else {
            throw Fault(code: Self.claims, link: "", message: "a chain has 1 to \(Self.maximumLinks) links")
        }
        guard Set(chain.map(\.id)).count == chain.count else {
            throw Fault(code: Self.claims, link: "", message: "two links of the chain have one id")
        }
        var layers: [PolicyLayer] = []
        // Who makes the calls holds the last link; the others were given to those above.
        let authorities = chain.map { $0.authority(isLeaf: $0.id == leaf.id) }
        for (link, authority) in zip(chain, authorities) {
            do throws(PolicyErrors) {
                layers.append(try .delegated(authority))
            } catch {
                throw Fault(error, of: link)
            }
        }
        self.chain = chain
        self.layers = layers
        self.authorities = authorities
    }

    static let claims = "WRIT_E_CLAIMS"

    /// The guard of calls under chains: `base` with a layer for each link, each of which must grant.
    ///
    /// Links that say the same count once. An id alone makes no link another's equal, since who derives a link chooses
    /// its id.
    /// - Throws: when there are more links than a decision can hold apart.
    public static func guardian(_ base: Guard, under chains: [DelegationLayers]) throws(Fault) -> Guard {
        var seen: Set<DelegatedAuthority> = []
        var layers: [PolicyLayer] = []
        for chain in chains {
            for (authority, layer) in zip(chain.authorities, chain.layers) where seen.insert(authority).inserted {
                layers.append(layer)
            }
        }
        guard base.policies.layers.count + layers.count <= PolicySet.maximumLayers else {
            throw Fault(code: claims, link: "", message: "there are too many links to judge a call by")
        }
        return layers.isEmpty ? base : base.adding(layers)
    }

    /// For ``ProfileChoice/choose(for:settings:delegated:)``: the environments that all links name.
    public var environments: [String] {
        let common = (chain.last?.environments ?? []).filter { name in
            chain.allSatisfy { $0.environments.contains(name) }
        }
        // What holds nowhere is judged in the strictest way, and denied by its own layer.
        return common.isEmpty ? [Profile.production.rawValue] : common
    }

    /// Puts into the facts who delegated what to whom.
    ///
    /// - Parameter revocationAge: seconds since the revocation list was made; nil where there is none.
    public func fill(_ facts: inout Facts, revocationAge: Int?) {
        guard let root = chain.first, let leaf = chain.last else { return }
        let person = root.principal
        if facts.user.id != person.subject {
            // What is known of another person says nothing about this one.
            facts.user = Facts.User()
            facts.user.id = person.subject
        }
        facts.user.mfa = Self.isMultiFactor(person.methods)
        facts.task = Facts.Task()
        facts.task.id = leaf.task.id
        facts.task.workflow = leaf.task.workflow
        facts.task.intent = leaf.task.intent
        facts.task.origin = leaf.task.origin
        if leaf.task.origin.hasPrefix("ticket:") { facts.task.ticket = String(leaf.task.origin.dropFirst(7)) }
        facts.task.started = root.issuedAt
        facts.writ.present = true
        facts.writ.id = leaf.id
        facts.writ.issuer = root.issuer
        facts.writ.depth = leaf.depth
        facts.writ.expires = chain.map(\.expires).min() ?? leaf.expires
        facts.writ.environments = environments
        facts.writ.chain = chain.map(\.id)
        facts.writ.revocationAge = revocationAge
        let names = chain.map { $0.agent.id.isEmpty ? $0.agent.kind : $0.agent.id }
        facts.agent.chain = names
        facts.agent.parent = names.dropLast().last ?? ""
    }

    /// Two different kinds of proof, or the word for it (RFC 8176).
    private static func isMultiFactor(_ methods: [String]) -> Bool {
        if methods.contains("mfa") { return true }
        let kinds: [Set<String>] = [
            ["pwd", "pin", "kba"], ["hwk", "swk", "otp", "sc", "sms", "tel", "pop", "webauthn"],
            ["face", "fpt", "iris", "retina", "vbm"],
        ]
        return kinds.count { kind in methods.contains(where: kind.contains) } > 1
    }

    /// The reason that denies every tool call of a session whose delegation is expired, revoked, not to be verified or
    /// not to be used: for ``Guard/Surroundings/refusals``.
    ///
    /// - Parameters:
    ///   - code: as ``DelegationError`` names it, `WRIT_E_EXPIRED`; the last part of the reason's rule.
    ///   - message: whole sentences for people and the agent.
    public static func refusal(code: String, message: String) -> Decision.Reason {
        Decision.Reason(rule: "error/\(code)", verdict: .deny, severity: .high, message: message)
    }
}

extension Delegation {
    /// The link in the words of policies.
    func authority(isLeaf: Bool) -> DelegatedAuthority {
        var authority = DelegatedAuthority(
            id: id, notBefore: notBefore, expires: expires, environments: environments)
        if isLeaf {
            authority.agentKind = agent.kind
            authority.agentName = agent.id
        }
        authority.grants = grants.map(\.authority)
        authority.denials = denials.map(\.authority)
        authority.questions = questions.map { .init($0.capability.authority, gate: $0.gate) }
        authority.calls = budgets.calls
        authority.writes = budgets.writes
        authority.costCents = budgets.costCents
        authority.minimumRevisions = minimumRevisions
        return authority
    }
}

extension Delegation.Capability {
    /// The capability in the words of policies.
    var authority: DelegatedAuthority.Capability {
        .init(
            actions: actions, tools: tools, commands: commands, paths: paths, hosts: hosts, packages: packages,
            arguments: arguments)
    }
}

extension Delegation {
    /// Whether the grants of this link lie within those of the link above it; see ``DelegatedComparison``.
    ///
    /// - Throws: as ``DelegationLayers/init(_:)``.
    public func comparison(below parent: Delegation) throws(DelegationLayers.Fault) -> DelegatedComparison {
        do throws(PolicyErrors) {
            return try .of(authority(isLeaf: false), below: parent.authority(isLeaf: false))
        } catch {
            throw DelegationLayers.Fault(error, of: self)
        }
    }
}
