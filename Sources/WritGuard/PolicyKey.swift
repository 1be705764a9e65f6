// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Foundation

/// A public key that signs policies: Ed25519, spelled `ed25519:` and the base64 of its 32 bytes.
public struct PolicyKey: Sendable, Hashable, CustomStringConvertible {
    private static let prefix = "ed25519:"
    private let bytes: [UInt8]

    /// Reads the spelling; nil for anything that is not 32 bytes of base64.
    public init?(_ text: String) {
        guard text.hasPrefix(Self.prefix), text.utf8.count <= 64,
            let data = Data(base64Encoded: String(text.dropFirst(Self.prefix.count))), data.count == 32
        else { return nil }
        bytes = Array(data)
    }

    fileprivate init(_ key: Curve25519.Signing.PublicKey) {
        bytes = Array(key.rawRepresentation)
    }

    public var description: String { Self.prefix + Data(bytes).base64EncodedString() }

    /// The signature, as a `.sig` file holds it (the base64 of 64 bytes), is this key's over exactly these bytes.
    public func verifies(_ signature: [UInt8], over text: [UInt8]) -> Bool {
        let trimmed = String(decoding: signature, as: UTF8.self).filter { !$0.isWhitespace }
        guard signature.count <= 256, let data = Data(base64Encoded: trimmed), data.count == 64 else { return false }
        do {
            let key = try Curve25519.Signing.PublicKey(rawRepresentation: bytes)
            return key.isValidSignature(data, for: text)
        } catch {
            // Bytes that are no point of the curve sign nothing.
            return false
        }
    }
}

/// The private half of a ``PolicyKey``. Whoever signs keeps it away from agents.
public struct PolicySigner: Sendable {
    private static let prefix = "ed25519-private:"
    private let key: Curve25519.Signing.PrivateKey

    /// A new key.
    public init() {
        key = Curve25519.Signing.PrivateKey()
    }

    /// Reads ``secretText``; nil for anything else.
    public init?(_ text: String) {
        let trimmed = text.filter { !$0.isWhitespace }
        guard trimmed.hasPrefix(Self.prefix), trimmed.utf8.count <= 128,
            let data = Data(base64Encoded: String(trimmed.dropFirst(Self.prefix.count)))
        else { return nil }
        do { key = try Curve25519.Signing.PrivateKey(rawRepresentation: data) } catch { return nil }
    }

    /// What policies are checked with.
    public var publicKey: PolicyKey { PolicyKey(key.publicKey) }

    /// The private key as text, for a file of mode 0600.
    public var secretText: String { Self.prefix + key.rawRepresentation.base64EncodedString() }

    /// The base64 of a signature over exactly these bytes.
    ///
    /// - Throws: what the system's cryptography throws.
    public func signature(over text: [UInt8]) throws -> String {
        try key.signature(for: text).base64EncodedString()
    }
}
