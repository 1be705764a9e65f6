// SPDX-License-Identifier: Apache-2.0
import WritCore

/// One operation with what matching needs to know about it, worked out once for all rules. A class, because it is
/// large and handed to every rule.
final class OperationView: Sendable {
    let operation: Operation
    /// The kind as a bit of ``Matcher/kinds``.
    let kindBit: UInt64
    let marks: UInt64
    let index: Int
    let path: OperationPath?
    let host: String
    let address: IPAddress?
    let isHostUnknown: Bool

    init(_ operation: Operation, index: Int, roots: SplitRoots) {
        self.operation = operation
        self.index = index
        kindBit = Matcher.bit(operation.kind)
        marks = OperationMarks.of(operation)
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

    /// Rules can be looked up by the operation's words; false when what is not known makes every rule a candidate.
    var hasKeys: Bool {
        if isHostUnknown || path?.parts != nil { return false }
        // So many words could use up what a condition may spend on them, and then its rule applies.
        if operation.arguments.count > 256 || operation.arguments.contains(where: CommandPattern.isUnknown) {
            return false
        }
        return path?.segments.count != 0
    }

    /// Hands on the words by which rules are looked up; see ``hasKeys``.
    func forEachKey(tool: String, rawTool: String, server: String?, _ body: (UInt64) -> Void) {
        body(RuleKey.tool(tool))
        if rawTool != tool { body(RuleKey.tool(rawTool)) }
        if let server { body(RuleKey.server(server)) }
        if !operation.program.isEmpty { body(RuleKey.program(operation.program)) }
        for argument in operation.arguments {
            body(RuleKey.argument(argument))
            if let option = CommandPattern.longOption(argument) { body(RuleKey.option(option)) }
        }
        if let path {
            for index in 0..<path.segments.count {
                let segment = path.segments[index]
                body(RuleKey.segment(segment))
                if let key = RuleKey.ending(of: segment) { body(key) }
            }
        }
        if !host.isEmpty {
            if address != nil { body(RuleKey.address) }
            body(RuleKey.host(host))
            var rest = host.utf8[...]
            while let dot = rest.firstIndex(of: UInt8(ascii: ".")) {
                rest = rest[rest.index(after: dot)...]
                body(RuleKey.host(rest))
            }
        }
        if let package = operation.package { body(RuleKey.package(package.name)) }
    }
}

/// Hashes of the words by which rules are looked up (FNV-1a). Two words with one hash cost time, nothing else.
enum RuleKey {
    private static func hash(_ kind: UInt8, _ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        hash = (hash ^ UInt64(kind)) &* 0x100_0000_01B3
        let direct: Void? = bytes.withContiguousStorageIfAvailable { bytes in
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        if direct == nil { for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 } }
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
