// SPDX-License-Identifier: Apache-2.0

/// Tests of a candidate that an expression cannot make.
enum SecretCheck {
    /// The confidence after the test; nil when the candidate is refused.
    static func confidence(_ check: SecretRule.Check, _ value: [UInt8], _ before: Double) -> Double? {
        switch check {
        case .jwt: return isJWT(value) ? before : nil
        case .uuid: return ValueShape.isUUID(value) ? before : nil
        case .github, .npm:
            // Six base62 digits of the CRC-32 of what stands before them, the prefix left out. A wrong one lowers the
            // confidence and does not refuse: older and enterprise tokens have none.
            return hasGitHubChecksum(value) ? 0.99 : min(before, 0.75)
        case .digits: return value.contains(where: \.isDigit) ? before : nil
        case .mixed:
            return value.contains(where: \.isDigit) && value.contains(where: \.isUpper)
                && value.contains(where: \.isLower)
                ? before : nil
        case .randomLetters:
            return ValueShape.wordiness(value) < 0.5 ? before : nil
        case .notWords: return ValueShape.wordiness(value) < 0.6 ? before : nil
        case .basic:
            let decoded = Base64.decode(value)
            guard let colon = decoded.firstIndex(of: UInt8(ascii: ":")), colon + 4 < decoded.count,
                !CredentialURL.common.contains(
                    String(decoding: decoded[(colon + 1)...].map(\.lowercased), as: UTF8.self)),
                decoded.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }),
                !ValueShape.isPlaceholder(Array(decoded[(colon + 1)...]), .strict)
            else { return nil }
            return before
        case .password:
            return AssignmentReader.confidence(of: value, kind: .password, name: [], isQuoted: true)
        case .userPassword:
            guard let colon = value.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            let password = Array(value[(colon + 1)...])
            guard !CredentialURL.common.contains(String(decoding: password.map(\.lowercased), as: UTF8.self)) else {
                return nil
            }
            return AssignmentReader.confidence(of: password, kind: .password, name: [], isQuoted: true)
        case .hex: return value.allSatisfy(\.isHexDigit) ? before : nil
        case .base64: return Base64.decode(value).isEmpty ? nil : before
        case .awsSecret:
            // 40 base64 characters; a git object's name is 40 hexadecimal ones, a path has words.
            guard !value.allSatisfy(\.isHexDigit), value.contains(where: \.isDigit), value.contains(where: \.isUpper),
                value.contains(where: \.isLower), ValueShape.wordiness(value) < 0.5
            else { return nil }
            return before
        }
    }

    private static func isJWT(_ value: [UInt8]) -> Bool {
        let parts = value.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count >= 2 else { return false }
        for part in parts.prefix(2) {
            guard part.count % 4 != 1 else { return false }
            var decoded = Base64.decode(part)
            while let last = decoded.last, last <= 0x20 { decoded.removeLast() }
            guard decoded.first == UInt8(ascii: "{"), decoded.last == UInt8(ascii: "}"), decoded.count > 4 else {
                return false
            }
        }
        let header = Base64.decode(parts[0])
        return ValueShape.containsSequence(header, Array("\"alg\"".utf8))
            || ValueShape.containsSequence(header, Array("\"typ\"".utf8))
    }

    private static func hasGitHubChecksum(_ value: [UInt8]) -> Bool {
        guard value.count >= 36, let underscore = value.lastIndex(of: UInt8(ascii: "_")) else { return false }
        let body = value[(underscore + 1)...]
        guard body.count > 6 else { return false }
        var sum = CRC32.checksum(body.dropLast(6))
        let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        var expected: [UInt8] = []
        for _ in 0..<6 {
            expected.append(digits[Int(sum % 62)])
            sum /= 62
        }
        return expected.reversed() == Array(body.suffix(6))
    }
}

/// CRC-32 as in zip and PNG (ISO 3309, reflected, polynomial 0x04C11DB7).
enum CRC32 {
    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return ~sum
    }
}
