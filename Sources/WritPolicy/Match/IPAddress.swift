// SPDX-License-Identifier: Apache-2.0

/// An address, read as generously as the C library reads it: an agent that writes `0x7f.1` reaches loopback.
struct IPAddress: Sendable, Hashable {
    /// 4 or 16 bytes.
    let bytes: [UInt8]

    var width: Int { bytes.count * 8 }

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads dotted, short, octal, hexadecimal and plain-number IPv4, and IPv6 with or without an embedded IPv4. An
    /// IPv4 address mapped into IPv6 is that IPv4 address.
    init?(_ text: String) {
        if text.utf8.count > 64 { return nil }
        if text.utf8.contains(UInt8(ascii: ":")) {
            guard let bytes = Self.six(text) else { return nil }
            let isMapped = bytes[0..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
            self.bytes = isMapped ? Array(bytes[12...]) : bytes
        } else {
            guard let bytes = Self.four(text) else { return nil }
            self.bytes = bytes
        }
    }

    /// inet_aton(3): one to four parts, the last fills what is left.
    private static func four(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...4).contains(parts.count) else { return nil }
        var values: [UInt64] = []
        for part in parts {
            guard let first = part.utf8.first, (48...57).contains(first) else { return nil }
            let value: UInt64?
            if part.hasPrefix("0x") || part.hasPrefix("0X") {
                value = part.count == 2 ? 0 : UInt64(part.dropFirst(2), radix: 16)
            } else if part.count > 1, part.hasPrefix("0") {
                value = UInt64(part.dropFirst(), radix: 8)
            } else {
                value = UInt64(part)
            }
            guard let value, value <= 0xFFFF_FFFF else { return nil }
            values.append(value)
        }
        let last = values.removeLast()
        var bytes: [UInt8] = []
        for value in values {
            guard value <= 255 else { return nil }
            bytes.append(UInt8(value))
        }
        let left = 4 - bytes.count
        guard left == 4 || last < (1 << UInt64(8 * left)) else { return nil }
        for index in stride(from: left - 1, through: 0, by: -1) {
            bytes.append(UInt8(truncatingIfNeeded: last >> UInt64(8 * index)))
        }
        return bytes
    }

    private static func six(_ text: String) -> [UInt8]? {
        let zoneless = text.prefix { $0 != "%" }
        var head: [UInt8] = []
        var tail: [UInt8] = []
        var sawGap = false
        let halves = zoneless.split(separator: "::", maxSplits: 2, omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return nil }
        sawGap = halves.count == 2
        for (index, half) in halves.enumerated() where !half.isEmpty {
            var bytes: [UInt8] = []
            let groups = half.split(separator: ":", omittingEmptySubsequences: false)
            for (position, group) in groups.enumerated() {
                if group.contains(".") {
                    guard position == groups.count - 1, let last = four(String(group)),
                        group.split(separator: ".").count == 4
                    else { return nil }
                    bytes += last
                } else {
                    guard (1...4).contains(group.utf8.count), let value = UInt16(group, radix: 16),
                        group.utf8.first != 0x2B, group.utf8.first != 0x2D
                    else { return nil }
                    bytes += [UInt8(value >> 8), UInt8(value & 0xFF)]
                }
            }
            if index == 0 { head = bytes } else { tail = bytes }
        }
        let length = head.count + tail.count
        guard sawGap ? length <= 14 : length == 16 else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - length) + tail
    }

    /// `other` lies in the block of this address.
    func contains(_ other: IPAddress, prefix: Int) -> Bool {
        guard bytes.count == other.bytes.count else { return false }
        var left = prefix
        for (a, b) in zip(bytes, other.bytes) {
            if left <= 0 { return true }
            let mask = left >= 8 ? 0xFF : UInt8(truncatingIfNeeded: 0xFF00 >> left)
            if a & mask != b & mask { return false }
            left -= 8
        }
        return true
    }

    /// Not on the public Internet: private, shared, loopback, link-local (where cloud metadata lives), unspecified,
    /// multicast, reserved, unique-local, and IPv6 that carries such an IPv4 address (NAT64, 6to4).
    var isPrivate: Bool {
        if bytes.count == 4 {
            switch (bytes[0], bytes[1]) {
            case (0, _), (10, _), (127, _), (169, 254), (192, 168), (198, 18), (198, 19): return true
            case (172, let second): return (16...31).contains(second)
            case (100, let second): return (64...127).contains(second)
            case (192, 0): return bytes[2] == 0
            default: return bytes[0] >= 224
            }
        }
        if bytes[0] & 0xFE == 0xFC || bytes[0] == 0xFF { return true }
        if bytes[0] == 0xFE, bytes[1] & 0xC0 == 0x80 || bytes[1] & 0xC0 == 0xC0 { return true }
        if bytes[0..<12].allSatisfy({ $0 == 0 }) { return true }
        if bytes[0..<12] == [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0] {
            return IPAddress(bytes: Array(bytes[12...])).isPrivate
        }
        if bytes[0] == 0x20, bytes[1] == 0x02 { return IPAddress(bytes: Array(bytes[2..<6])).isPrivate }
        return false
    }
}

extension HostText {
    /// The machine itself or its network neighbours, by address or by name.
    static func isPrivate(_ host: String, _ address: IPAddress?) -> Bool {
        if let address { return address.isPrivate }
        if host == "localhost" || host == "metadata" { return true }
        return [".localhost", ".local", ".internal", ".lan", ".home.arpa", ".localdomain"].contains {
            host.hasSuffix($0)
        }
    }
}
