// SPDX-License-Identifier: Apache-2.0

/// Standard base 64 (RFC 4648 section 4), strict: one text for each value, so that no bit of it can change unseen.
package enum StrictBase64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    package static func text(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        var at = 0
        while at < bytes.count {
            let have = min(3, bytes.count - at)
            var group = UInt32(bytes[at]) << 16
            if have > 1 { group |= UInt32(bytes[at + 1]) << 8 }
            if have > 2 { group |= UInt32(bytes[at + 2]) }
            for position in 0..<4 {
                let six = Int(group >> UInt32(18 - 6 * position)) & 63
                out.append(position <= have ? alphabet[six] : UInt8(ascii: "="))
            }
            at += 3
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The bytes; nil for text that is not how ``text(_:)`` would spell them.
    package static func bytes(_ text: String) -> [UInt8]? {
        var group: UInt32 = 0
        var have = 0
        var padding = 0
        var out: [UInt8] = []
        for unit in text.utf8 {
            let six: UInt32
            switch unit {
            case 0x41...0x5A: six = UInt32(unit - 0x41)
            case 0x61...0x7A: six = UInt32(unit - 0x61 + 26)
            case 0x30...0x39: six = UInt32(unit - 0x30 + 52)
            case 0x2B: six = 62
            case 0x2F: six = 63
            case 0x3D:
                padding += 1
                six = 0
            default: return nil
            }
            if padding > 0, unit != 0x3D { return nil }
            group = group << 6 | six
            have += 1
            if have == 4 {
                out.append(UInt8(truncatingIfNeeded: group >> 16))
                out.append(UInt8(truncatingIfNeeded: group >> 8))
                out.append(UInt8(truncatingIfNeeded: group))
                (group, have) = (0, 0)
            }
        }
        guard have == 0, padding <= 2, out.count >= padding else { return nil }
        out.removeLast(padding)
        // Loose bits in the last group would be a second spelling of the same value.
        return self.text(out) == text ? out : nil
    }

    /// The URL-safe form without padding (RFC 4648 section 5, as RFC 7515 asks).
    package static func urlText(_ bytes: [UInt8]) -> String {
        let units = text(bytes).utf8.prefix { $0 != UInt8(ascii: "=") }
        return String(
            decoding: units.map { unit in
                switch unit {
                case UInt8(ascii: "+"): UInt8(ascii: "-")
                case UInt8(ascii: "/"): UInt8(ascii: "_")
                default: unit
                }
            }, as: UTF8.self)
    }

    /// The bytes; nil for text that is not how ``urlText(_:)`` would spell them.
    package static func urlBytes(_ text: some Collection<UInt8>) -> [UInt8]? {
        var units: [UInt8] = []
        units.reserveCapacity(text.count + 3)
        for unit in text {
            switch unit {
            case UInt8(ascii: "-"): units.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): units.append(UInt8(ascii: "/"))
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): return nil
            default: units.append(unit)
            }
        }
        while units.count % 4 != 0 { units.append(UInt8(ascii: "=")) }
        return bytes(String(decoding: units, as: UTF8.self))
    }
}
