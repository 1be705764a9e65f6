// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// The public keys that may sign root links and revocation lists, each within its time.
///
/// A key is replaced by overlap: the new one is added before the old one ends.
public struct TrustAnchors: Sendable, Hashable {
    /// One key.
    public struct Anchor: Sendable, Hashable {
        /// The issuer that this key signs as; roots that name another are refused.
        public var issuer: String
        /// The key.
        public var key: DelegationPublicKey
        /// What it signs may be issued from this second since 1970 on.
        public var notBefore: Int64
        /// The last such second; nil has no end.
        public var notAfter: Int64?

        /// Creates an anchor.
        public init(issuer: String, key: DelegationPublicKey, notBefore: Int64 = 0, notAfter: Int64? = nil) {
            self.issuer = issuer
            self.key = key
            self.notBefore = notBefore
            self.notAfter = notAfter
        }

        func covers(_ time: Int64) -> Bool {
            notBefore <= time && (notAfter.map { time <= $0 } ?? true)
        }
    }

    /// All of them, in their order.
    public let anchors: [Anchor]

    /// No anchors: nothing verifies.
    public static let none = TrustAnchors([])

    /// Creates a set.
    public init(_ anchors: [Anchor]) {
        self.anchors = anchors
    }

    /// Both sets.
    public func adding(_ others: TrustAnchors) -> TrustAnchors { TrustAnchors(anchors + others.anchors) }

    /// Reads `{"v":1,"anchors":[{"iss":…,"jwk":{…},"nbf":…,"exp":…},…]}`; `exp` may be missing.
    ///
    /// - Parameter bytes: at most 256 KiB of strict JSON with at most 256 anchors.
    /// - Throws: ``DelegationError`` with `size`, `parse`, `version` or `claims`.
    public init(parsing bytes: [UInt8]) throws(DelegationError) {
        guard bytes.count <= DelegationLimits.anchorBytes else {
            throw DelegationError(.size, "the anchors take more than \(DelegationLimits.anchorBytes) bytes")
        }
        let json = try StrictJSON.object(bytes, "the anchors")
        guard json["v"] == nil || json["v"] == 1 else {
            throw DelegationError(.version, "the anchors' `v` is not 1, the one version that is known here")
        }
        let fields = try Fields(json, "the anchors", required: ["v", "anchors"])
        var anchors: [Anchor] = []
        for (index, entry) in try fields.list("anchors", count: DelegationLimits.anchors, mayBeEmpty: true).enumerated()
        {
            let place = "anchors[\(index)]"
            let anchor = try Fields(entry, place, required: ["iss", "jwk", "nbf"], optional: ["exp"])
            guard let key = DelegationPublicKey(jwk: anchor["jwk"] ?? .null) else {
                throw Fields.fault("\(place).jwk is not exactly an Ed25519 public key")
            }
            let end = try anchor.optionalNumber("exp", limit: DelegationLimits.time)
            anchors.append(
                Anchor(
                    issuer: try anchor.text("iss"), key: key, notBefore: try anchor.time("nbf"), notAfter: end))
        }
        self.init(anchors)
    }

    /// The form that ``init(parsing:)`` reads.
    public var json: JSON {
        let entries = anchors.map { anchor in
            var object = MemberList()
            object.add("iss", JSON.string(anchor.issuer))
            object.add("jwk", anchor.key.jwk)
            object.add("nbf", .integer(anchor.notBefore))
            object.add("exp", anchor.notAfter.map { .integer($0) })
            return object.json
        }
        return ["v": 1, "anchors": .array(entries)]
    }

    /// The anchors whose key has this thumbprint.
    func named(_ keyID: String) -> [Anchor] {
        anchors.filter { $0.key.thumbprint == keyID }
    }

    /// The anchor that signed a token issued at a time.
    func signer(of token: CompactJWS, issuer: String, at time: Int64) throws(DelegationError) -> Anchor {
        let known = named(token.keyID)
        guard !known.isEmpty else {
            throw DelegationError(.anchor, "the key \(Shown.text(token.keyID)) is no trust anchor")
        }
        let inTime = known.filter { $0.covers(time) }
        guard let first = inTime.first else {
            throw DelegationError(.anchorWindow, "the anchor's key was not to sign at that time")
        }
        guard let anchor = inTime.first(where: { $0.issuer.isSame(as: issuer) }) else {
            throw DelegationError(
                .issuer, "the issuer \(Shown.text(issuer)) is not \(Shown.text(first.issuer)), whose key this is")
        }
        guard token.isSigned(by: anchor.key) else {
            throw DelegationError(.signature, "the signature is not that of the anchor's key over these bytes")
        }
        return anchor
    }
}
