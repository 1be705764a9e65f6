// SPDX-License-Identifier: Apache-2.0

/// Ranges of network addresses in text (`10.0.0.0/8`, `::/0`), and whether they let in much of the internet.
enum AddressRange {
    /// Ranges that do not belong to the internet: private, shared, link-local and loopback.
    private static let inside: [(base: UInt32, length: Int)] = [
        (0x0A00_0000, 8), (0xAC10_0000, 12), (0xC0A8_0000, 16), (0x6440_0000, 10), (0xA9FE_0000, 16), (0x7F00_0000, 8),
    ]

    /// Somewhere in these bytes stands a range of 2^16 addresses or more that are not all private. A range of IPv6
    /// counts from /16 up. Linear.
    static func holdsWide(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var at = 0
        while at < bytes.count {
            guard bytes[at] == UInt8(ascii: "/") else {
                at += 1
                continue
            }
            let slash = at
            at += 1
            var length = 0
            let first = at
            while at < bytes.count, bytes[at].isDigit, at - first < 3 {
                length = length * 10 + Int(bytes[at] - UInt8(ascii: "0"))
                at += 1
            }
            guard at > first, !bytes.byte(at).isWord, bytes.byte(at) != UInt8(ascii: ".") else { continue }
            var start = slash
            while start > 0, slash - start < 45, isAddress(bytes[start - 1]) { start -= 1 }
            let text = bytes.part(start..<slash)
            if text.contains(UInt8(ascii: ":")) {
                if length <= 16, !isLocal6(text) { return true }
            } else if length <= 16, let address = address(text), !isInside(address, length) {
                return true
            }
        }
        return false
    }

    private static func isAddress(_ byte: UInt8) -> Bool {
        byte.isDigit || byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":")
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }

    private static func address(_ text: UnsafeRawBufferPointer) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy(\.isDigit) else { return nil }
            let number = part.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - UInt8(ascii: "0")) }
            guard number < 256 else { return nil }
            value = value << 8 | number
        }
        return value
    }

    private static func isInside(_ address: UInt32, _ length: Int) -> Bool {
        inside.contains { range in
            let shift = UInt32(32 - range.length)
            return length >= range.length && address >> shift == range.base >> shift
        }
    }

    /// Unique local (`fc00::/7`) and link-local (`fe80::/10`) addresses.
    private static func isLocal6(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.count > 3, text.byte(0) | 0x20 == UInt8(ascii: "f") else { return false }
        let second = text.byte(1) | 0x20
        return second == UInt8(ascii: "c") || second == UInt8(ascii: "d") || second == UInt8(ascii: "e")
    }
}
