// SPDX-License-Identifier: Apache-2.0

/// An IP address, or with a prefix a block of them, as the network extension reads both: strictly, one spelling of
/// IPv4, no zone. An IPv4 address mapped into IPv6 is that IPv4 address, and may not be written with dots.
public struct CELNetwork: Sendable, Hashable {
    /// 4 or 16 bytes.
    public let address: [UInt8]
    /// Bits that all addresses of the block share; nil for an address.
    public let prefix: Int?

    static let addressType = CELType.opaque("net.IP", [])
    static let blockType = CELType.opaque("net.CIDR", [])

    /// `net.IP` or `net.CIDR`.
    var type: CELType { prefix == nil ? CELNetwork.addressType : CELNetwork.blockType }

    private init(address: [UInt8], prefix: Int?) {
        self.address = address
        self.prefix = prefix
    }

    /// Reads an address: `192.0.2.1`, `2001:db8::1`.
    init(address text: String) throws(CELFault) {
        self.init(address: try CELNetwork.bytes(Substring(text), "address"), prefix: nil)
    }

    /// Reads a block: `192.0.2.0/24`. Bits behind the prefix stay as they are written.
    init(block text: String) throws(CELFault) {
        let parts = text.utf8.count > 64 ? [] : text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw CELNetwork.malformed("network block") }
        let address = try CELNetwork.bytes(parts[0], "network block")
        let digits = parts[1].utf8
        guard (1...3).contains(digits.count), digits.allSatisfy(Lexer.isDigit),
            digits.count == 1 || digits.first != UInt8(ascii: "0"), let prefix = Int(parts[1]),
            prefix <= address.count * 8
        else { throw CELNetwork.malformed("network block") }
        self.init(address: address, prefix: prefix)
    }

    /// The spelling of RFC 5952.
    public var text: String {
        let written = address.count == 4 ? address.map { String($0) }.joined(separator: ".") : six
        return prefix.map { "\(written)/\($0)" } ?? written
    }

    /// The longest run of two or more zero groups, the first of equals, is left out.
    private var six: String {
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(address[$0]) << 8 | UInt16(address[$0 + 1]) }
        var gap = 0..<0
        var start = 0
        while start < groups.count {
            var end = start
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - start > max(gap.count, 1) { gap = start..<end }
            start = max(end, start + 1)
        }
        func hex(_ groups: ArraySlice<UInt16>) -> String {
            groups.map { String($0, radix: 16) }.joined(separator: ":")
        }
        if gap.isEmpty { return hex(groups[...]) }
        return hex(groups[..<gap.lowerBound]) + "::" + hex(groups[gap.upperBound...])
    }

    /// The first address as it is written, without the prefix.
    var plain: CELNetwork { CELNetwork(address: address, prefix: nil) }

    /// The block with zeros behind its prefix.
    var masked: CELNetwork {
        var left = prefix ?? address.count * 8
        let bytes = address.map { byte -> UInt8 in
            defer { left -= 8 }
            return left >= 8 ? byte : left <= 0 ? 0 : byte & UInt8(truncatingIfNeeded: 0xFF00 >> left)
        }
        return CELNetwork(address: bytes, prefix: prefix)
    }

    /// Every address of the other lies in this block; addresses of the other family never do.
    func contains(_ other: CELNetwork) -> Bool {
        guard let prefix, other.address.count == address.count, other.prefix ?? prefix >= prefix else { return false }
        return CELNetwork(address: other.address, prefix: prefix).masked.address == masked.address
    }

    var isUnspecified: Bool { address.allSatisfy { $0 == 0 } }

    var isLoopback: Bool {
        address.count == 4 ? address[0] == 127 : address.dropLast().allSatisfy { $0 == 0 } && address[15] == 1
    }

    var isMulticast: Bool { address.count == 4 ? address[0] & 0xF0 == 224 : address[0] == 0xFF }

    var isLinkLocalMulticast: Bool {
        address.count == 4
            ? address[0] == 224 && address[1] == 0 && address[2] == 0 : address[0] == 0xFF && address[1] & 0x0F == 2
    }

    var isLinkLocalUnicast: Bool {
        address.count == 4
            ? address[0] == 169 && address[1] == 254 : address[0] == 0xFE && address[1] & 0xC0 == 0x80
    }

    /// Neither unspecified, loopback, multicast, link-local nor the broadcast address; private addresses are.
    var isGlobalUnicast: Bool {
        !isUnspecified && !isLoopback && !isMulticast && !isLinkLocalUnicast
            && !(address.count == 4 && address.allSatisfy { $0 == 255 })
    }

    // MARK: Reading

    private static func malformed(_ what: String) -> CELFault { CELFault(.badArgument, "text is no \(what)") }

    private static func bytes(_ text: Substring, _ what: String) throws(CELFault) -> [UInt8] {
        guard text.utf8.count <= 64 else { throw malformed(what) }
        guard text.utf8.contains(UInt8(ascii: ":")) else {
            guard let bytes = four(text) else { throw malformed(what) }
            return bytes
        }
        guard !text.utf8.contains(UInt8(ascii: "%")) else {
            throw CELFault(.badArgument, "a zone has no place in \(what == "address" ? "an" : "a") \(what)")
        }
        guard let bytes = six(text) else { throw malformed(what) }
        guard bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF else { return bytes }
        guard !text.utf8.contains(UInt8(ascii: ".")) else {
            throw CELFault(.badArgument, "an IPv4 address mapped into IPv6 must be written as the IPv4 address")
        }
        return Array(bytes[12...])
    }

    private static func four(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            let digits = part.utf8
            guard (1...3).contains(digits.count), digits.allSatisfy(Lexer.isDigit),
                digits.count == 1 || digits.first != UInt8(ascii: "0"), let byte = UInt8(part)
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func six(_ text: Substring) -> [UInt8]? {
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return nil }
        var sides: [[UInt8]] = []
        for (index, half) in halves.enumerated() {
            var bytes: [UInt8] = []
            let groups = half.isEmpty ? [] : half.split(separator: ":", omittingEmptySubsequences: false)
            for (position, group) in groups.enumerated() {
                if group.utf8.contains(UInt8(ascii: ".")) {
                    guard index == halves.count - 1, position == groups.count - 1, let last = four(group) else {
                        return nil
                    }
                    bytes += last
                } else {
                    guard (1...4).contains(group.utf8.count), group.utf8.allSatisfy({ Lexer.hexDigit($0) != nil }),
                        let value = UInt16(group, radix: 16)
                    else { return nil }
                    bytes += [UInt8(value >> 8), UInt8(value & 0xFF)]
                }
            }
            sides.append(bytes)
        }
        let length = sides.reduce(0) { $0 + $1.count }
        guard halves.count == 2 ? length <= 14 : length == 16 else { return nil }
        return sides[0] + [UInt8](repeating: 0, count: 16 - length) + (sides.count == 2 ? sides[1] : [])
    }
}
