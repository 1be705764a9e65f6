// SPDX-License-Identifier: Apache-2.0
internal import Crypto
public import WritCore

/// A short signature by which the holder of a writ shows that this one call is its own (`writ-pop+jwt`).
///
/// A writ that comes over a network is worth nothing without it: whoever reads the writ could send it again. On the
/// local socket the operating system says who the caller is, and none is needed.
public struct ProofOfPossession: Sendable, Hashable {
    /// The call that a proof is for.
    public struct Use: Sendable, Hashable {
        /// As policies name it: ``Tool/canonicalName``.
        public var tool: String
        /// Who is asked: the receiving server's own name.
        public var server: String
        /// SHA-256 of the arguments' canonical bytes, base64url.
        public var argumentsHash: String

        /// Describes a call.
        public init(tool: String, server: String, arguments: JSON) {
            self.tool = tool
            self.server = server
            argumentsHash = StrictBase64.urlText(Array(SHA256.hash(data: arguments.canonicalBytes)))
        }
    }

    /// The link that is used.
    public let id: String
    /// Chosen at random by the holder, 16 to 64 characters.
    public let nonce: String
    /// Seconds since 1970.
    public let issuedAt: Int64
    private let use: Use

    /// Signs a proof.
    ///
    /// - Parameters:
    ///   - delegation: the link that is used: the leaf of a chain.
    ///   - nonce: never the same twice; 16 to 64 letters, digits and `-._:`.
    ///   - key: the private half of the link's holder.
    /// - Throws: ``DelegationError`` with `key` for another key than the holder's, `claims` for a bad nonce.
    public static func sign(
        _ use: Use, under delegation: Delegation, nonce: String, now: Int64, with key: DelegationKey
    ) throws(DelegationError) -> String {
        guard key.publicKey.bytes == delegation.holder else {
            throw DelegationError(.key, "the key is not that of the link's holder")
        }
        let claims: JSON = [
            "jti": .string(delegation.id), "tool": .string(use.tool), "server": .string(use.server),
            "args": .string(use.argumentsHash), "nonce": .string(nonce), "iat": .integer(now),
        ]
        _ = try ProofOfPossession(claims: claims)
        return try CompactJWS(signing: claims, kind: .proof, with: key).text
    }

    /// Verifies that the holder of a verified chain's leaf makes this call now, for the first time.
    ///
    /// - Parameters:
    ///   - text: the proof, at most 16 KiB.
    ///   - use: the call as the verifier sees it.
    ///   - now: seconds since 1970; 30 s to both sides are accepted.
    ///   - replay: what was used before. It changes only where the proof holds.
    /// - Throws: ``DelegationError`` with `size`, `parse`, `header`, `claims`, `key`, `signature`, `possession` or
    ///   `replay`.
    @discardableResult
    public static func verify(
        _ text: String, of chain: DelegationChain, for use: Use, now: Int64, replay: inout ReplayCache
    ) throws(DelegationError) -> ProofOfPossession {
        let token = try CompactJWS(parsing: text, kind: .proof)
        let proof = try ProofOfPossession(claims: token.payload)
        guard let holder = DelegationPublicKey(chain.leaf.holder), token.isSigned(by: holder) else {
            throw DelegationError(.signature, "the proof is not signed by the writ's holder")
        }
        guard token.keyID.isSame(as: holder.thumbprint) else {
            throw DelegationError(.key, "the proof's header names another key than the holder's")
        }
        guard proof.id.isSame(as: chain.leaf.id) else {
            throw DelegationError(.possession, "the proof is for another writ")
        }
        guard proof.use.tool.isSame(as: use.tool), proof.use.server.isSame(as: use.server),
            proof.use.argumentsHash.isSame(as: use.argumentsHash)
        else { throw DelegationError(.possession, "the proof is for another call") }
        let present = replay.present(now)
        guard proof.issuedAt >= present.addingClamped(-DelegationLimits.proofWindow),
            proof.issuedAt <= now.addingClamped(DelegationLimits.proofWindow)
        else { throw DelegationError(.possession, "the proof is not from the last 30 s") }
        try replay.use(proof, now: now)
        return proof
    }

    private init(claims json: JSON) throws(DelegationError) {
        let fields = try Fields(json, "the proof", required: ["jti", "tool", "server", "args", "nonce", "iat"])
        id = try fields.identifier("jti")
        nonce = try fields.identifier("nonce")
        guard nonce.utf8.count >= 16 else { throw Fields.fault("the proof's nonce has fewer than 16 characters") }
        issuedAt = try fields.time("iat")
        var use = Use(tool: try fields.text("tool"), server: try fields.text("server"), arguments: .null)
        use.argumentsHash = try fields.text("args")
        self.use = use
    }
}

/// The proofs of the last minute, so that none is taken twice. A value of bounded size; share it behind a lock.
public struct ReplayCache: Sendable {
    private struct Name: Hashable {
        let id: String
        let nonce: String
    }

    private var used: [Name: Int64] = [:]
    private var latest = Int64.min
    private let capacity: Int

    /// Creates an empty cache.
    ///
    /// - Parameter capacity: how many proofs may be in use at once; when they are, more are refused until the oldest
    ///   are past their time. About 200 bytes each.
    public init(capacity: Int = 65_536) {
        self.capacity = capacity
    }

    /// The latest time that was seen: a clock that is set back opens no window again.
    func present(_ now: Int64) -> Int64 { max(now, latest) }

    mutating func use(_ proof: ProofOfPossession, now: Int64) throws(DelegationError) {
        let name = Name(id: proof.id, nonce: proof.nonce)
        guard used[name] == nil else { throw DelegationError(.replay, "the proof was used before") }
        if used.count >= capacity {
            let oldest = present(now).addingClamped(-DelegationLimits.proofWindow)
            used = used.filter { $0.value >= oldest }
        }
        guard used.count < capacity else { throw DelegationError(.replay, "too many proofs are in use at once") }
        latest = present(now)
        used[name] = proof.issuedAt
    }
}
