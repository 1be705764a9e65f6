// SPDX-License-Identifier: Apache-2.0
internal import WritCore

extension Delegation {
    /// The link as a signed root token.
    ///
    /// - Parameter key: a trust anchor's private key, whose anchor names this link's ``issuer``.
    /// - Throws: ``DelegationError`` with `claims`, `times`, `depth`, `parentHash` or `size` when no verifier would take it.
    public func signedAsRoot(by key: DelegationKey) throws(DelegationError) -> String {
        guard depth == 0 else { throw DelegationError(.depth, "a root has depth 0") }
        guard parentHash == nil else { throw DelegationError(.parentHash, "a root has no parent") }
        return try CompactJWS(signing: claims(), kind: .delegation, with: key).text
    }

    /// What a derived link changes. Nil is as in the parent; nothing here can make it more.
    public struct Narrowing: Sendable, Hashable {
        /// The new link's id; see ``Delegation/newID(at:using:)``.
        public var id: String
        /// The public key of whom the new link is for: 32 bytes.
        public var holder: [UInt8]
        /// Now, in seconds since 1970. The link begins then, or with its parent if that is later.
        public var issuedAt: Int64
        public var expires: Int64
        public var agent: Agent
        /// An id within the parent's task.
        public var task: Task?
        public var audience: [String]?
        public var environments: [String]?
        public var grants: [Capability]?
        /// Beside the parent's, which hold anyway.
        public var denials: [Capability]
        /// Beside the parent's, which hold anyway.
        public var questions: [Question]
        public var budgets: Budgets?
        public var maximumDepth: Int?
        public var delegates: [String]?
        public var minimumRevisions: [String: Int]

        /// Describes a link that may do what its parent may.
        public init(
            id: String, holder: [UInt8], issuedAt: Int64, expires: Int64, agent: Agent, task: Task? = nil,
            audience: [String]? = nil, environments: [String]? = nil, grants: [Capability]? = nil,
            denials: [Capability] = [], questions: [Question] = [], budgets: Budgets? = nil, maximumDepth: Int? = nil,
            delegates: [String]? = nil, minimumRevisions: [String: Int] = [:]
        ) {
            self.id = id
            self.holder = holder
            self.issuedAt = issuedAt
            self.expires = expires
            self.agent = agent
            self.task = task
            self.audience = audience
            self.environments = environments
            self.grants = grants
            self.denials = denials
            self.questions = questions
            self.budgets = budgets
            self.maximumDepth = maximumDepth
            self.delegates = delegates
            self.minimumRevisions = minimumRevisions
        }
    }

    /// A new link with the text of the whole chain that ends in it.
    public struct Derived: Sendable, Hashable {
        public let link: Delegation
        /// What ``DelegationChain/verify(_:anchors:expecting:)`` reads.
        public let text: String
    }

    /// Makes and signs a link below a verified chain.
    ///
    /// - Parameters:
    ///   - chain: whose leaf is the parent.
    ///   - key: the private half of the leaf's holder.
    /// - Throws: ``DelegationError`` with `key` for another key, or the code that a verifier would give where the link
    ///   breaks what its parent sets. Grants beyond the parent's are no fault here: what they say takes policy's patterns
    ///   to read, and every verifier asks each link apart.
    public static func derive(
        from chain: DelegationChain, _ narrowing: Narrowing, signedBy key: DelegationKey
    ) throws(DelegationError) -> Derived {
        let parent = chain.leaf
        guard key.publicKey.bytes == parent.holder else {
            throw DelegationError(.key, "the key is not that of the parent's holder")
        }
        guard chain.links.count < DelegationLimits.links else {
            throw DelegationError(.hops, "the chain has \(DelegationLimits.links) links already")
        }
        let link = Delegation(below: parent, hash: chain.leafHash, issuer: key.publicKey.urn, narrowing)
        try ScalarInvariants.check(link, below: parent, parentHash: chain.leafHash)
        guard !chain.links.contains(where: { $0.id == link.id }) else {
            throw DelegationError(.duplicateID, "the chain has a link of this id already")
        }
        let token = try CompactJWS(signing: link.claims(), kind: .delegation, with: key).text
        let text = "\(chain.text)\(DelegationChain.separator)\(token)"
        guard text.utf8.count <= DelegationLimits.chainBytes else {
            throw DelegationError(.size, "the chain would be larger than \(DelegationLimits.chainBytes) bytes")
        }
        return Derived(link: link, text: text)
    }

    private init(below parent: Delegation, hash: String, issuer: String, _ narrowing: Narrowing) {
        self.init(
            id: narrowing.id, issuer: issuer, issuedAt: narrowing.issuedAt,
            notBefore: max(parent.notBefore, narrowing.issuedAt), expires: narrowing.expires,
            audience: narrowing.audience ?? parent.audience, holder: narrowing.holder, depth: parent.depth + 1,
            maximumDepth: narrowing.maximumDepth ?? parent.maximumDepth, parentHash: hash, principal: parent.principal,
            agent: narrowing.agent, task: narrowing.task ?? parent.task,
            environments: narrowing.environments ?? parent.environments, grants: narrowing.grants ?? parent.grants,
            denials: narrowing.denials, questions: narrowing.questions, budgets: narrowing.budgets ?? parent.budgets,
            delegates: narrowing.delegates ?? parent.delegates, minimumRevisions: narrowing.minimumRevisions)
    }

    /// A UUID of version 7 (RFC 9562): sorted by time, 74 random bits.
    ///
    /// - Parameter milliseconds: since 1970.
    public static func newID(at milliseconds: Int64, using generator: inout some RandomNumberGenerator) -> String {
        let time = UInt64(clamping: milliseconds) & 0xFFFF_FFFF_FFFF
        let high = time << 16 | 0x7000 | UInt64.random(in: 0..<0x1000, using: &generator)
        let low = 1 << 63 | UInt64.random(in: 0..<(1 << 62), using: &generator)
        var text = ""
        for (index, byte) in (bytes(of: high) + bytes(of: low)).enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            text += Hex.text([byte])
        }
        return text
    }

    private static func bytes(of number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
    }
}
