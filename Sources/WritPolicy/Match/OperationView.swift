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
        if operation.arguments.contains(where: CommandPattern.isUnknown) { return nil }
        var keys: [UInt64] = [RuleKey.tool(tool)]
        if let server { keys.append(RuleKey.server(server)) }
        if !operation.program.isEmpty { keys.append(RuleKey.program(operation.program)) }
        if let path {
            for index in 0..<path.segments.count { keys.append(RuleKey.segment(path.segments[index])) }
            if path.segments.count == 0 { return nil }
        }
        if !host.isEmpty {
            keys.append(RuleKey.host(host))
            var rest = Substring(host)
            while let dot = rest.firstIndex(of: ".") {
                rest = rest[rest.index(after: dot)...]
                keys.append(RuleKey.host(String(rest)))
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
    static func tool(_ name: String) -> UInt64 { hash(4, name.utf8) }
    static func server(_ name: String) -> UInt64 { hash(5, name.utf8) }
    static func package(_ name: String) -> UInt64 { hash(6, name.utf8) }
}
