// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import WritCore

/// A verified writ: links from the root to the leaf, each derived from the one before.
///
/// There is no other way to make one than ``verify(_:anchors:expecting:)``. What the chain allows is what every link
/// allows. Time and revocation move on after the verification: ``check(_:)`` before each use of a kept chain.
public struct DelegationChain: Sendable, Hashable {
    /// What a verifier asks of a chain.
    public struct Expectation: Sendable, Hashable {
        /// The verifier's own name, which must be an audience of every link.
        public var audience: String
        /// Seconds since 1970.
        public var now: Int64
        /// The profile or environment in which the call happens; nil when that is looked at elsewhere.
        public var environment: String?
        public var revocations: Revocations
        /// The most seconds since the oldest revocation list was issued; nil asks for no list.
        public var maximumRevocationAge: Int64?
        /// The most seconds that any link may live from `iat` to `exp`; nil asks for none.
        public var maximumLifetime: Int64?

        /// Creates an expectation.
        public init(
            audience: String, now: Int64, environment: String? = nil, revocations: Revocations = .none,
            maximumRevocationAge: Int64? = nil, maximumLifetime: Int64? = nil
        ) {
            self.audience = audience
            self.now = now
            self.environment = environment
            self.revocations = revocations
            self.maximumRevocationAge = maximumRevocationAge
            self.maximumLifetime = maximumLifetime
        }
    }

    /// Stands between the tokens of a chain's text. It is no character of a token, and safe in headers and variables.
    public static let separator: Character = "~"

    /// From the root to the leaf; never empty.
    // Invariant: as many links as key ids and hashes, and at least one. Only `verify` makes chains.
    public let links: [Delegation]
    /// The text that was verified.
    public let text: String
    /// SHA-256 of exactly the bytes of ``text``, lower-case hexadecimal: a key for caches.
    public let digest: String
    /// The anchor that the root was signed by.
    public let anchor: TrustAnchors.Anchor
    private let keyIDs: [String]
    private let hashes: [String]

    /// The link that speaks for the present holder.
    public var leaf: Delegation { links[links.count - 1] }
    /// The link that the anchor signed.
    public var root: Delegation { links[0] }
    /// The tokens, in the order of ``links``.
    public var tokens: [String] { text.split(separator: Self.separator).map(String.init) }
    /// SHA-256 of what the leaf's signer signed: the `par_hash` of links below it.
    public var leafHash: String { hashes[hashes.count - 1] }

    /// ``digest`` of a text that is not verified yet.
    public static func digest(of text: String) -> String { Hex.text(SHA256.hash(data: Array(text.utf8))) }

    /// Verifies the text of a chain: tokens from the root to the leaf with `~` between them, nothing around them.
    ///
    /// The order is: sizes and number of links; strict reading of every token; the root's key among the anchors, in its
    /// time, and its signature; for each link the key that must sign, signature, and what may not grow; audience and
    /// environment; times, with 30 s for clocks that differ; revocation. The first error ends it. Proof of possession is
    /// the next step where the text came over a network: ``ProofOfPossession/verify(_:of:for:now:replay:)``.
    ///
    /// - Parameters:
    ///   - text: at most 64 KiB and 8 links.
    ///   - anchors: the keys that may sign roots.
    ///   - expectation: who verifies, when, and what else must hold.
    /// - Throws: ``DelegationError`` with the index of the link at fault.
    public static func verify(
        _ text: String, anchors: TrustAnchors, expecting expectation: Expectation
    ) throws(DelegationError) -> DelegationChain {
        let tokens = try read(text)
        let links = try read(tokens)
        let anchor = try verifyRoot(tokens, links, anchors)
        for index in links.indices.dropFirst() {
            do throws(DelegationError) {
                try verifyLink(links[index], tokens[index], below: links[index - 1], tokens[index - 1].hash)
            } catch {
                throw error.inLink(index)
            }
        }
        // Budgets and revocations go by the id: two links of one name would share them.
        guard Set(links.map(\.id)).count == links.count else {
            throw DelegationError(.duplicateID, "two links of the chain have one id")
        }
        let chain = DelegationChain(
            links: links, text: text, digest: digest(of: text), anchor: anchor, keyIDs: tokens.map(\.keyID),
            hashes: tokens.map(\.hash))
        try chain.check(expectation)
        return chain
    }

    /// What changes while a chain is kept: audience and environment, times, revocation. Signatures are not looked at again.
    ///
    /// - Throws: ``DelegationError`` with `audience`, `environment`, `lifetime`, `notYet`, `expired`, `staleList` or
    ///   `revoked`.
    public func check(_ expectation: Expectation) throws(DelegationError) {
        for (index, link) in links.enumerated() {
            guard link.audience.contains(where: { $0.isSame(as: expectation.audience) }) else {
                throw DelegationError(
                    .audience, "the writ is not for \(Shown.text(expectation.audience))", link: index)
            }
            if let environment = expectation.environment,
                !link.environments.contains(where: { $0.isSame(as: environment) })
            {
                throw DelegationError(
                    .environment, "the writ does not hold in \(Shown.text(environment))", link: index)
            }
        }
        for (index, link) in links.enumerated() { try Self.checkTimes(link, index, expectation) }
        try checkRevocation(expectation)
    }

    /// What a chain says, for people who look at it. Nothing of it is proved: no signature is checked.
    ///
    /// - Throws: ``DelegationError`` with `size`, `hops`, `parse`, `header`, `claims`, `version` or `times`.
    public static func unverifiedLinks(_ text: String) throws(DelegationError) -> [Delegation] {
        try read(read(text))
    }

    private static func read(_ tokens: [CompactJWS]) throws(DelegationError) -> [Delegation] {
        var links: [Delegation] = []
        for (index, token) in tokens.enumerated() {
            do throws(DelegationError) {
                links.append(try Delegation(claims: token.payload))
            } catch {
                throw error.inLink(index)
            }
        }
        return links
    }

    private static func read(_ text: String) throws(DelegationError) -> [CompactJWS] {
        guard text.utf8.count <= DelegationLimits.chainBytes else {
            throw DelegationError(.size, "the chain is larger than \(DelegationLimits.chainBytes) bytes")
        }
        let parts = text.utf8.split(separator: UInt8(ascii: "~"), omittingEmptySubsequences: false)
        guard parts.count <= DelegationLimits.links else {
            throw DelegationError(.hops, "the chain has more than \(DelegationLimits.links) links")
        }
        var tokens: [CompactJWS] = []
        for (index, part) in parts.enumerated() {
            do throws(DelegationError) {
                tokens.append(try CompactJWS(parsing: String(decoding: part, as: UTF8.self), kind: .delegation))
            } catch {
                throw error.inLink(index)
            }
        }
        return tokens
    }

    private static func verifyRoot(
        _ tokens: [CompactJWS], _ links: [Delegation], _ anchors: TrustAnchors
    ) throws(DelegationError) -> TrustAnchors.Anchor {
        guard let token = tokens.first, let root = links.first else {
            throw DelegationError(.parse, "the chain is empty")
        }
        do throws(DelegationError) {
            let anchor = try anchors.signer(of: token, issuer: root.issuer, at: root.issuedAt)
            guard root.depth == 0 else { throw DelegationError(.depth, "the first link has depth \(root.depth)") }
            guard root.parentHash == nil else { throw DelegationError(.parentHash, "the first link names a parent") }
            return anchor
        } catch {
            throw error.inLink(0)
        }
    }

    private static func verifyLink(
        _ link: Delegation, _ token: CompactJWS, below parent: Delegation, _ parentHash: String
    ) throws(DelegationError) {
        guard let holder = DelegationPublicKey(parent.holder), token.isSigned(by: holder) else {
            throw DelegationError(.signature, "the signature is not that of the parent's holder over these bytes")
        }
        guard token.keyID.isSame(as: holder.thumbprint) else {
            throw DelegationError(.key, "the header names another key than the parent's holder's")
        }
        guard link.issuer.isSame(as: holder.urn) else {
            throw DelegationError(.issuer, "the issuer is not the parent's holder")
        }
        try ScalarInvariants.check(link, below: parent, parentHash: parentHash)
    }

    private static func checkTimes(
        _ link: Delegation, _ index: Int, _ expectation: Expectation
    ) throws(DelegationError) {
        // Times of a link are bounded by the reader: these sums can't overflow; the present is the caller's.
        if let most = expectation.maximumLifetime, link.expires - link.issuedAt > most {
            throw DelegationError(
                .lifetime, "the writ lives for \(link.expires - link.issuedAt) s, more than \(most) s", link: index)
        }
        let latest = expectation.now.addingClamped(DelegationLimits.skew)
        guard link.notBefore <= latest, link.issuedAt <= latest else {
            throw DelegationError(
                .notYet, "the writ holds only from \(max(link.notBefore, link.issuedAt)) on", link: index)
        }
        guard expectation.now <= link.expires + DelegationLimits.skew else {
            throw DelegationError(.expired, "the writ expired at \(link.expires)", link: index)
        }
    }

    private func checkRevocation(_ expectation: Expectation) throws(DelegationError) {
        let revocations = expectation.revocations
        // What is known to be taken back is told before what can't be known.
        if let (link, reason) = revocations.first(in: links, signedBy: keyIDs) {
            throw DelegationError(.revoked, "\(reason) was revoked", link: link)
        }
        guard let age = expectation.maximumRevocationAge else { return }
        guard let issued = revocations.listIssuedAt else {
            throw DelegationError(.staleList, "there is no revocation list")
        }
        guard expectation.now <= issued.addingClamped(age) else {
            throw DelegationError(.staleList, "the revocation list is older than \(age) s")
        }
    }
}
