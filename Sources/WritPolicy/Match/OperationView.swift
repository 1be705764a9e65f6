// SPDX-License-Identifier: Apache-2.0
import WritCore

/// One operation with what matching needs to know about it, worked out once for all rules. A class, because it is
/// large and handed to every rule.
final class OperationView: Sendable {
    let operation: Operation
    /// The kind as a bit of ``Matcher/kinds``.
    let kindBit: UInt64
    let index: Int
    let path: OperationPath?
    let host: String
    let address: IPAddress?
    let isHostUnknown: Bool

    init(_ operation: Operation, index: Int, roots: SplitRoots) {
        self.operation = operation
        self.index = index
        kindBit = Matcher.bit(operation.kind)
        path =
            operation.path.isEmpty
            ? nil
            : OperationPath(
                operation.path, isPattern: operation.isPattern, isRecursive: operation.traits.contains(.recursive),
                roots: roots)
        host = operation.host.isEmpty ? "" : HostText.normalized(operation.host)
        isHostUnknown = HostText.isUnknown(host)
        address = host.isEmpty ? nil : IPAddress(host)
    }

    /// The words by which rules are looked up; nil when what is not known makes every rule a candidate.
    func keys(tool: String, server: String?) -> [UInt64]? {
        if isHostUnknown || path?.parts != nil { return nil }
        // So many words could use up what a condition may spend on them, and then its rule applies.
        if operation.arguments.count > 256 || operation.arguments.contains(where: CommandPattern.isUnknown) {
            return nil
        }
        var keys: [UInt64] = []
        keys.reserveCapacity(12 + operation.arguments.count)
        keys.append(RuleKey.tool(tool))
        if let server { keys.append(RuleKey.server(server)) }
        if !operation.program.isEmpty { keys.append(RuleKey.program(operation.program)) }
        for argument in operation.arguments {
            keys.append(RuleKey.argument(argument))
            if let option = CommandPattern.longOption(argument) { keys.append(RuleKey.option(option)) }
        }
        if let path {
            for index in 0..<path.segments.count {
                let segment = path.segments[index]
                keys.append(RuleKey.segment(segment))
                if let key = RuleKey.ending(of: segment) { keys.append(key) }
            }
            if path.segments.count == 0 { return nil }
        }
        if !host.isEmpty {
            if address != nil { keys.append(RuleKey.address) }
            keys.append(RuleKey.host(host))
            var rest = host.utf8[...]
            while let dot = rest.firstIndex(of: UInt8(ascii: ".")) {
                rest = rest[rest.index(after: dot)...]
                keys.append(RuleKey.host(rest))
            }
        }
        if let package = operation.package { keys.append(RuleKey.package(package.name)) }
        return keys
    }
}

/// Hashes of the words by which rules are looked up (FNV-1a). Two words with one hash cost time, nothing else.
enum RuleKey {
    private static func hash(_ kind: UInt8, _ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        hash = (hash ^ UInt64(kind)) &* 0x100_0000_01B3
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }

    static func program(_ name: String) -> UInt64 { hash(1, name.utf8) }
    static func segment(_ bytes: some Sequence<UInt8>) -> UInt64 { hash(2, bytes) }
    static func host(_ name: String) -> UInt64 { hash(3, name.utf8) }
    static func host(_ bytes: some Sequence<UInt8>) -> UInt64 { hash(3, bytes) }
    static func tool(_ name: String) -> UInt64 { hash(4, name.utf8) }
    static func server(_ name: String) -> UInt64 { hash(5, name.utf8) }
    static func package(_ name: String) -> UInt64 { hash(6, name.utf8) }
    /// One of the words of a command, the program included.
    static func argument(_ word: String) -> UInt64 { hash(7, word.utf8) }

    /// What a word has from its last dot on, the dot included; nil when it has none.
    static func ending(of word: some BidirectionalCollection<UInt8>) -> UInt64? {
        word.lastIndex(of: UInt8(ascii: ".")).map { hash(8, word[$0...]) }
    }

    /// A long option by its name, whether it has a value or not.
    static func option(_ name: some Sequence<UInt8>) -> UInt64 { hash(10, name) }

    /// The host is an address.
    static let address = hash(9, [])
}
