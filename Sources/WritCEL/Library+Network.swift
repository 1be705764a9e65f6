// SPDX-License-Identifier: Apache-2.0

extension Lens where T == CELNetwork {
    static var address: Lens { network(CELNetwork.addressType) { $0.prefix == nil } }
    static var block: Lens { network(CELNetwork.blockType) { $0.prefix != nil } }

    private static func network(_ type: CELType, _ isOfType: @escaping @Sendable (CELNetwork) -> Bool) -> Lens {
        Lens(
            type: type, read: { if case .network(let value) = $0, isOfType(value) { value } else { nil } },
            make: { .network($0) })
    }
}

extension Library {
    /// Whether a text is an address or a block: here the fault is the answer, and says no more than "no".
    private static func isRead(_ read: () throws(CELFault) -> CELNetwork) -> Bool {
        do {
            _ = try read()
            return true
        } catch {
            return false
        }
    }

    /// The network extension: `ip("192.0.2.1")`, `cidr("192.0.2.0/24").containsIP("192.0.2.1")`.
    static let networks: [Row] =
        [
            unary("ip", .function, .string, .address) { text, _ throws(CELFault) in try CELNetwork(address: text) },
            unary("isIP", .function, .string, .bool) { text, _ throws(CELFault) in
                isRead { () throws(CELFault) in try CELNetwork(address: text) }
            },
            unary("ip.isCanonical", .function, .string, .bool) { text, _ throws(CELFault) in
                sameText(try CELNetwork(address: text).text, text)
            },
            unary("string", .function, .address, .string) { address, _ throws(CELFault) in address.text },
            unary("family", .member, .address, .int) { address, _ throws(CELFault) in
                address.address.count == 4 ? 4 : 6
            },
            unary("cidr", .function, .string, .block) { text, _ throws(CELFault) in try CELNetwork(block: text) },
            unary("isCIDR", .function, .string, .bool) { text, _ throws(CELFault) in
                isRead { () throws(CELFault) in try CELNetwork(block: text) }
            },
            unary("string", .function, .block, .string) { block, _ throws(CELFault) in block.text },
            binary("containsIP", .member, .block, .address, .bool) { block, address, _ throws(CELFault) in
                block.contains(address)
            },
            binary("containsIP", .member, .block, .string, .bool) { block, text, _ throws(CELFault) in
                block.contains(try CELNetwork(address: text))
            },
            binary("containsCIDR", .member, .block, .block, .bool) { block, other, _ throws(CELFault) in
                block.contains(other)
            },
            binary("containsCIDR", .member, .block, .string, .bool) { block, text, _ throws(CELFault) in
                block.contains(try CELNetwork(block: text))
            },
            unary("ip", .member, .block, .address) { block, _ throws(CELFault) in block.plain },
            unary("masked", .member, .block, .block) { block, _ throws(CELFault) in block.masked },
            unary("prefixLength", .member, .block, .int) { block, _ throws(CELFault) in Int64(block.prefix ?? 0) },
        ] + kinds

    private static let kinds: [Row] = [
        kind("isUnspecified") { $0.isUnspecified }, kind("isLoopback") { $0.isLoopback },
        kind("isGlobalUnicast") { $0.isGlobalUnicast }, kind("isLinkLocalMulticast") { $0.isLinkLocalMulticast },
        kind("isLinkLocalUnicast") { $0.isLinkLocalUnicast },
    ]

    private static func kind(_ name: String, _ body: @escaping @Sendable (CELNetwork) -> Bool) -> Row {
        unary(name, .member, .address, .bool) { address, _ throws(CELFault) in body(address) }
    }
}
