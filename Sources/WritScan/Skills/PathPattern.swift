// SPDX-License-Identifier: Apache-2.0

/// A glob over relative paths: `*` and `?` stop at `/`, `**` crosses it, a pattern without `/` matches at any depth, and
/// one that names a folder matches all below it. Bytes, case-sensitive.
public struct PathPattern: Sendable, Hashable {
    /// As written.
    public let text: String
    private let segments: [[UInt8]]

    /// Compiles a pattern; nil when it is empty, longer than 1,024 bytes, absolute or has `..`.
    public init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= 1024, !text.hasPrefix("/") else { return nil }
        var parts = text.utf8.split(separator: UInt8(ascii: "/")).map { Array($0) }
        guard !parts.isEmpty, !parts.contains(Array("..".utf8)) else { return nil }
        parts.removeAll { $0 == [UInt8(ascii: ".")] }
        let isAnywhere = parts.count == 1 && !text.dropLast().contains("/")
        if isAnywhere { parts.insert(Array("**".utf8), at: 0) }
        self.text = text
        segments = parts
    }

    /// The path, or a folder that it lies in, matches.
    public func matches(_ path: String) -> Bool {
        let names = path.utf8.split(separator: UInt8(ascii: "/")).map { Array($0) }
        // One row of "the first n segments match up to here"; time is the product of the two lengths.
        var row = [Bool](repeating: false, count: segments.count + 1)
        row[0] = true
        func spread() {
            for at in segments.indices where row[at] && Self.isDeep(segments[at]) { row[at + 1] = true }
        }
        spread()
        for name in names {
            if row[segments.count] { return true }
            var next = [Bool](repeating: false, count: segments.count + 1)
            for at in segments.indices where row[at] {
                if Self.isDeep(segments[at]) {
                    next[at] = true
                } else if Self.matches(segments[at], name) {
                    next[at + 1] = true
                }
            }
            row = next
            spread()
        }
        return row[segments.count]
    }

    private static func isDeep(_ segment: [UInt8]) -> Bool { segment == [UInt8(ascii: "*"), UInt8(ascii: "*")] }

    /// Greedy with one point of return.
    private static func matches(_ glob: [UInt8], _ name: [UInt8]) -> Bool {
        var (g, n, star, mark) = (0, 0, -1, 0)
        while n < name.count {
            if g < glob.count, glob[g] == UInt8(ascii: "*") {
                (star, mark) = (g, n)
                g += 1
            } else if g < glob.count, glob[g] == UInt8(ascii: "?") || glob[g] == name[n] {
                g += 1
                n += 1
            } else if star >= 0 {
                mark += 1
                (g, n) = (star + 1, mark)
            } else {
                return false
            }
        }
        while g < glob.count, glob[g] == UInt8(ascii: "*") { g += 1 }
        return g == glob.count
    }
}
