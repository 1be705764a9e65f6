// SPDX-License-Identifier: Apache-2.0
internal import Crypto
import WritCore

/// The machine's key for recognising a secret again without keeping it: HMAC-SHA256, truncated to 16 bytes.
///
/// Without the key a fingerprint says nothing, even about a weak password; whoever holds the key can test guesses, so
/// it stays on the machine (0600) and is never sent with a report.
public struct FingerprintKey: Sendable {
    private let key: SymmetricKey

    /// Takes the key's bytes: 32 random ones, kept by the caller.
    public init(bytes: [UInt8]) {
        key = SymmetricKey(data: bytes)
    }

    /// A key for this process alone: fingerprints cannot be compared with another's.
    public static func random() -> FingerprintKey {
        FingerprintKey(key: SymmetricKey(size: .bits256))
    }

    private init(key: SymmetricKey) {
        self.key = key
    }

    /// 32 hexadecimal digits.
    public func fingerprint(of secret: [UInt8]) -> String {
        Hex.text(HMAC<SHA256>.authenticationCode(for: secret, using: key).prefix(16))
    }

    /// The whole 32-byte code of `bytes` under a purpose's own key, so that codes of different purposes never mix.
    package func seal(_ bytes: [UInt8], purpose: String) -> [UInt8] {
        let own = SymmetricKey(data: Array(HMAC<SHA256>.authenticationCode(for: Array(purpose.utf8), using: key)))
        return Array(HMAC<SHA256>.authenticationCode(for: bytes, using: own))
    }

    /// `code` is what ``seal(_:purpose:)`` gives for these bytes; compared in constant time.
    package func isSealed(_ bytes: [UInt8], by code: [UInt8], purpose: String) -> Bool {
        let own = SymmetricKey(data: Array(HMAC<SHA256>.authenticationCode(for: Array(purpose.utf8), using: key)))
        return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: bytes, using: own)
    }
}
