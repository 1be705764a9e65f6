// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import WritCore

/// A signed token of three base64url parts (RFC 7515), in the one shape that Writ accepts.
///
/// The header has exactly `alg` EdDSA, `typ` and `kid`; the payload is one strict JSON object. What is signed and
/// verified are the received bytes, never a second writing of them. Parsing proves nothing: see ``isSigned(by:)``.
public struct CompactJWS: Sendable, Hashable {
    /// What a token is for; one kind is never taken for another.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case delegation = "writ+jwt"
        case revocations = "writ-rev+jwt"
        case proof = "writ-pop+jwt"

        /// The most bytes of such a token.
        public var maximumBytes: Int { self == .revocations ? DelegationLimits.listBytes : DelegationLimits.tokenBytes }
    }

    /// The token.
    public let text: String
    /// The thumbprint of the key that claims to have signed.
    public let keyID: String
    let payload: JSON
    let signingInput: [UInt8]
    private let signature: [UInt8]

    /// Takes a token apart.
    ///
    /// - Throws: ``DelegationError`` with `size`, `parse` or `header`.
    public init(parsing text: String, kind: Kind) throws(DelegationError) {
        guard text.utf8.count <= kind.maximumBytes else {
            throw DelegationError(.size, "the token is larger than \(kind.maximumBytes) bytes")
        }
        let parts = Array(text.utf8).split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw DelegationError(.parse, "a token has three parts") }
        guard let header = StrictBase64.urlBytes(parts[0]), let payload = StrictBase64.urlBytes(parts[1]),
            let signature = StrictBase64.urlBytes(parts[2])
        else { throw DelegationError(.parse, "a part is not base64url without padding") }
        guard signature.count == 64 else { throw DelegationError(.parse, "a signature has 64 bytes") }
        guard header.count <= DelegationLimits.headerBytes else {
            throw DelegationError(.size, "the header is larger than \(DelegationLimits.headerBytes) bytes")
        }
        let head = try StrictJSON.object(header, "the header")
        guard head.members?.count == 3, head["alg"] == "EdDSA", head["typ"] == .string(kind.rawValue),
            let keyID = head["kid"]?.string, keyID.utf8.count == 43
        else {
            throw DelegationError(
                .header, "the header must be exactly `alg` EdDSA, `typ` \(kind.rawValue) and `kid`, a key's thumbprint")
        }
        self.text = text
        self.keyID = keyID
        self.payload = try StrictJSON.object(payload, "the payload")
        self.signature = signature
        signingInput = Array(text.utf8.prefix(parts[0].count + 1 + parts[1].count))
    }

    /// Signs a payload, written so that equal payloads give equal bytes.
    init(signing payload: JSON, kind: Kind, with key: DelegationKey) throws(DelegationError) {
        let header: JSON = [
            "alg": "EdDSA", "kid": .string(key.publicKey.thumbprint), "typ": .string(kind.rawValue),
        ]
        let input = "\(StrictBase64.urlText(header.canonicalBytes)).\(StrictBase64.urlText(payload.canonicalBytes))"
        let signature = try key.signature(of: Array(input.utf8))
        // Read back: what was signed is what a verifier would take.
        try self.init(parsing: "\(input).\(StrictBase64.urlText(signature))", kind: kind)
    }

    /// The signature is the key's over the received bytes.
    public func isSigned(by key: DelegationPublicKey) -> Bool {
        key.isSignature(signature, of: signingInput)
    }

    /// SHA-256 of what was signed, base64url: the `par_hash` of derived links.
    public var hash: String { StrictBase64.urlText(Array(SHA256.hash(data: signingInput))) }
}

/// JSON in which nothing can be read in two ways.
enum StrictJSON {
    /// An object: valid UTF-8, no key twice, whole numbers of at most 53 bits, 16 deep, no hidden characters.
    static func object(
        _ bytes: [UInt8], _ what: String, maximumDepth: Int = DelegationLimits.nesting
    ) throws(DelegationError) -> JSON {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw DelegationError(.parse, "\(what) is not UTF-8")
        }
        let value: JSON
        do throws(JSONError) {
            value = try JSON(parsing: bytes, maximumDepth: maximumDepth)
        } catch {
            throw DelegationError(.parse, "\(what) is not strict JSON: \(error.message)")
        }
        guard value.members != nil else { throw DelegationError(.parse, "\(what) is not an object") }
        try check(value, what)
        return value
    }

    /// Recursion is bounded: the value was read with a limit of depth.
    private static func check(_ value: JSON, _ what: String) throws(DelegationError) {
        switch value {
        case .null, .bool: return
        case .integer(let number):
            guard (-DelegationLimits.number...DelegationLimits.number).contains(number) else {
                throw DelegationError(.parse, "\(what) has a number past 53 bits")
            }
        case .number: throw DelegationError(.parse, "\(what) has a number that is not whole")
        case .string(let text): try check(text, what)
        case .array(let elements): for element in elements { try check(element, what) }
        case .object(let members):
            for member in members {
                try check(member.key, what)
                try check(member.value, what)
            }
        }
    }

    private static func check(_ text: String, _ what: String) throws(DelegationError) {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return }
        guard !text.unicodeScalars.contains(where: VisibleText.isHidden) else {
            throw DelegationError(.parse, "\(what) has characters that nobody sees")
        }
    }
}
