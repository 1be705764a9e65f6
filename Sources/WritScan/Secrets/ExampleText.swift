// SPDX-License-Identifier: Apache-2.0

/// Reads an example of a rule's table: what stands in the repository is not yet the token, see ``SecretRules``.
enum ExampleText {
    /// The text that the example stands for. The same example always gives the same text.
    static func expand(_ example: String) -> [UInt8] {
        let bytes = Array(example.utf8)
        var out: [UInt8] = []
        var state: UInt64 = 0x5DEE_CE66_D12F_3A4B
        var at = 0
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "<"), at + 1 < bytes.count, bytes[at + 1] == UInt8(ascii: "<") {
                at += 2
            } else if bytes[at] == UInt8(ascii: "\\"), at + 1 < bytes.count, bytes[at + 1] == UInt8(ascii: "n") {
                out.append(0x0A)
                at += 2
            } else if bytes[at] == UInt8(ascii: "{"), let (count, alphabet, end) = generator(bytes, at) {
                for _ in 0..<count {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    out.append(alphabet[Int((state >> 33) % UInt64(alphabet.count))])
                }
                at = end
            } else {
                out.append(bytes[at])
                at += 1
            }
        }
        return out
    }

    private static func generator(_ bytes: [UInt8], _ open: Int) -> (Int, [UInt8], Int)? {
        guard let close = bytes[open...].firstIndex(of: UInt8(ascii: "}")), close - open < 20 else { return nil }
        let inner = String(decoding: bytes[(open + 1)..<close], as: UTF8.self)
        let parts = inner.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let count = Int(parts[0]), (1...4096).contains(count) else { return nil }
        let digits = "0123456789"
        let lower = "abcdefghijklmnopqrstuvwxyz"
        let alphabet: String
        switch parts[1] {
        case "alnum": alphabet = lower + lower.uppercased() + digits
        case "alpha": alphabet = lower + lower.uppercased()
        case "lower": alphabet = lower
        case "upper": alphabet = lower.uppercased()
        case "UPPER": alphabet = lower.uppercased() + digits
        case "loweralnum": alphabet = lower + digits
        case "digit": alphabet = digits
        case "hex": alphabet = digits + "abcdef"
        case "HEX": alphabet = digits + "ABCDEF"
        case "base64": alphabet = lower + lower.uppercased() + digits + "+/"
        case "url64": alphabet = lower + lower.uppercased() + digits + "-_"
        case "lower32": alphabet = lower + "234567"
        case "bech32": alphabet = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
        case "base32": alphabet = lower.uppercased() + "234567"
        case "x": alphabet = "x"
        default: return nil
        }
        return (count, Array(alphabet.utf8), close + 1)
    }
}
