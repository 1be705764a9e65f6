// SPDX-License-Identifier: Apache-2.0
internal import Crypto
import WritCore

/// A package index with the Ed25519 signature of whoever made it: what is fetched counts only when a key that the person
/// chose vouches for it.
public enum SignedIndex {
    /// Why an index is not taken.
    public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        public let description: String

        init(_ description: String) {
            self.description = description
        }
    }

    private static let context = Array("writ package index v1\n".utf8)
    private static let head = "writ-index-v1 "

    /// A new pair of keys, each 32 bytes in base64.
    public static func newKeys() -> (secret: String, open: String) {
        let key = Curve25519.Signing.PrivateKey()
        return (
            StrictBase64.text(Array(key.rawRepresentation)), StrictBase64.text(Array(key.publicKey.rawRepresentation))
        )
    }

    /// The text of a signature file.
    public static func sign(_ bytes: [UInt8], secret: String) throws(Fault) -> String {
        guard let raw = decoded(secret, count: 32) else { throw Fault("the secret key is not 32 bytes in base64") }
        do {
            let signature = try Curve25519.Signing.PrivateKey(rawRepresentation: raw).signature(for: context + bytes)
            return head + StrictBase64.text(Array(signature)) + "\n"
        } catch {
            throw Fault("the secret key cannot sign")
        }
    }

    /// The index, when the signature is the key's.
    ///
    /// - Parameters:
    ///   - signature: the text of the signature file.
    ///   - key: the public key in base64.
    public static func open(_ bytes: [UInt8], signature: String, key: String) throws(Fault) -> PackageIndex {
        guard let raw = decoded(key, count: 32) else { throw Fault("the public key is not 32 bytes in base64") }
        let text = LineText.trimmed(signature)
        guard text.hasPrefix(head), let signature = decoded(text.dropFirst(head.count), count: 64) else {
            throw Fault("the signature file is not one of an index")
        }
        do {
            let key = try Curve25519.Signing.PublicKey(rawRepresentation: raw)
            guard key.isValidSignature(signature, for: context + bytes) else {
                throw Fault("the signature is not of this key, or the index was changed")
            }
        } catch let fault as Fault {
            throw fault
        } catch {
            throw Fault("the public key is no Ed25519 key")
        }
        do {
            return try PackageIndex(bytes: bytes)
        } catch {
            throw Fault(error.description)
        }
    }

    /// The text is a public key.
    public static func isKey(_ text: String) -> Bool {
        decoded(text, count: 32) != nil
    }

    private static func decoded(_ text: some StringProtocol, count: Int) -> [UInt8]? {
        StrictBase64.bytes(String(text)).flatMap { $0.count == count ? $0 : nil }
    }
}
