// SPDX-License-Identifier: Apache-2.0
internal import Crypto
public import WritCore

/// An Ed25519 public key: an anchor's, or that of a link's holder.
public struct DelegationPublicKey: Sendable, Hashable {
    /// Thirty-two bytes.
    public let bytes: [UInt8]

    /// Takes 32 bytes; nil for any other number, and for the few keys under which anybody can sign.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 32, !Self.isWeak(bytes) else { return nil }
        self.bytes = bytes
    }

    /// Reads a JSON Web Key with exactly `kty` OKP, `crv` Ed25519 and `x` (RFC 8037); nil for anything else.
    public init?(jwk: JSON) {
        guard let members = jwk.members, members.count == 3, jwk["kty"] == "OKP", jwk["crv"] == "Ed25519",
            let x = jwk["x"]?.string, x.utf8.count == 43, let bytes = StrictBase64.urlBytes(x.utf8)
        else { return nil }
        self.init(bytes)
    }

    /// The key as a JSON Web Key.
    public var jwk: JSON { ["crv": "Ed25519", "kty": "OKP", "x": .string(StrictBase64.urlText(bytes))] }

    /// SHA-256 of the key's members in order (RFC 7638), base64url: 43 characters. The `kid` of what it signs.
    public var thumbprint: String { StrictBase64.urlText(Array(SHA256.hash(data: jwk.canonicalBytes))) }

    /// The thumbprint as a name (RFC 9278): the issuer of links that this key's holder derives.
    public var urn: String { "urn:ietf:params:oauth:jwk-thumbprint:sha-256:\(thumbprint)" }

    /// The signature is this key's over exactly these bytes.
    func isSignature(_ signature: [UInt8], of bytes: [UInt8]) -> Bool {
        do {
            return try Curve25519.Signing.PublicKey(rawRepresentation: self.bytes)
                .isValidSignature(signature, for: bytes)
        } catch {
            // Not a point of the curve: it has signed nothing.
            return false
        }
    }

    /// One of the points of small order: whoever holds no secret at all can make signatures that hold under them.
    private static func isWeak(_ bytes: [UInt8]) -> Bool {
        var plain = bytes
        // The sign of x does not matter.
        plain[31] &= 0x7F
        return weak.contains(plain)
    }

    /// The y of the eight points of small order, with the spellings above 2^255 - 19.
    private static let weak: Set<[UInt8]> = {
        let zeros = [UInt8](repeating: 0, count: 31)
        let ones = [UInt8](repeating: 0xFF, count: 30) + [0x7F]
        let order8 = [
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        ]
        return Set([[0] + zeros, [1] + zeros, [0xEC] + ones, [0xED] + ones, [0xEE] + ones])
            .union(order8.compactMap(Hex.bytes))
    }()
}

/// A private Ed25519 key. It has no text: whoever keeps it asks for its ``seed`` and puts that in a file of mode 0600.
public struct DelegationKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let key: Curve25519.Signing.PrivateKey
    /// What others check its signatures with.
    public let publicKey: DelegationPublicKey

    /// A new key from the system's generator.
    public init() {
        key = Curve25519.Signing.PrivateKey()
        publicKey = DelegationPublicKey(of: key)
    }

    /// The key of a seed; nil unless it is 32 bytes.
    public init?(seed: [UInt8]) {
        guard seed.count == 32 else { return nil }
        do { key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed) } catch { return nil }
        publicKey = DelegationPublicKey(of: key)
    }

    /// The secret itself: 32 bytes.
    public var seed: [UInt8] { Array(key.rawRepresentation) }

    /// Names the public half alone.
    public var description: String { "DelegationKey(\(publicKey.thumbprint))" }
    /// As ``description``.
    public var debugDescription: String { description }
    /// Shows nothing of the secret to whoever prints the insides.
    public var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey.thumbprint]) }

    func signature(of bytes: [UInt8]) throws(DelegationError) -> [UInt8] {
        do {
            return Array(try key.signature(for: bytes))
        } catch {
            throw DelegationError(.signature, "the system's cryptography could not sign")
        }
    }
}

extension DelegationPublicKey {
    /// The public half of a key is never one of the weak ones.
    fileprivate init(of key: Curve25519.Signing.PrivateKey) {
        bytes = Array(key.publicKey.rawRepresentation)
    }
}
