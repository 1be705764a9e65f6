// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import WritCore

/// Names a finding so that a suppression or a code host recognises it again.
///
/// The identity is taken from the rule, the path and the line's own text, not from the line's number: moving code does
/// not change it, changing the line does. Of a secret it holds 16 bits of a hash: enough that another secret in the
/// same place is another finding, too few to confirm a guess of what it was.
enum FindingIdentity {
    /// 16 hexadecimal digits.
    ///
    /// - Parameters:
    ///   - line: the text of the line without secrets.
    ///   - secret: the bytes of the credential; empty for other findings.
    ///   - occurrence: how many findings of this file had the same rule, line and secret before.
    static func make(_ finding: Finding, path: String, line: [UInt8], secret: [UInt8], occurrence: Int) -> String {
        var hash = SHA256()
        func add(_ part: some Sequence<UInt8>) {
            hash.update(data: Array(part))
            hash.update(data: [0])
        }
        add("writ finding 1".utf8)
        add(finding.scanner.utf8)
        add(finding.rule.utf8)
        add(path.utf8)
        add(squeezed(line))
        add(secret.isEmpty ? [] : Array(SHA256.hash(data: Array("writ secret 1".utf8) + secret).prefix(2)))
        add(String(occurrence).utf8)
        return Hex.text(hash.finalize().prefix(8))
    }

    /// 32 hexadecimal digits for a text.
    static func digest(_ text: String) -> String {
        Hex.text(SHA256.hash(data: Array(text.utf8)).prefix(16))
    }

    /// Runs of blanks count as one, so that indentation changes nothing.
    static func squeezed(_ line: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        for byte in line.prefix(4096) {
            let isBlank = byte == 0x20 || byte == 0x09 || byte == 0x0D
            if isBlank, out.isEmpty || out.last == 0x20 { continue }
            out.append(isBlank ? 0x20 : byte)
        }
        if out.last == 0x20 { out.removeLast() }
        return out
    }

    static func isValid(_ text: String) -> Bool {
        text.utf8.count == 16 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
