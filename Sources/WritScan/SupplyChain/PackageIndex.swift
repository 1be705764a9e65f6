// SPDX-License-Identifier: Apache-2.0
internal import Crypto
public import WritCore

/// What is known, on one day, about the packages of some registries: the most used names with their rank, and a compact
/// set of all registered names with one fact each.
///
/// The set holds 40 bits of each name's SHA-256, so a name that was never registered is taken for a registered one about
/// once in a million. Layout, little-endian:
///
///     "WRITPKG1"  u32 day (yyyymmdd)  u8 ecosystems
///     each: u8 length, name   u8 fact kind   u32 popular count, then u8 length + name each, by rank
///           u32 registered count   65,537 × u32 first slot of a bucket   4 bytes each: 24 bits of hash, fact
public struct PackageIndex: Sendable {
    /// What the byte beside a registered name says.
    public enum FactKind: UInt8, Sendable, Hashable {
        /// Months from January 2005 to the last release; 0 when it is not known.
        case lastRelease = 1
        /// Twice the binary logarithm of the downloads a month, rounded down, plus one; 0 when it is not known.
        case downloads = 2
    }

    /// What the index says of a name.
    public enum Standing: Sendable, Hashable {
        /// Among the most used, 1 the most.
        case popular(rank: Int)
        /// Registered. At most one of the facts is known.
        case registered(downloadsPerWeek: Int?, lastRelease: Month?)
        /// Not held: new, private, invented, or of a registry that the index does not cover.
        case unknown
    }

    /// A calendar month.
    public struct Month: Sendable, Hashable {
        public var year: Int
        /// 1 to 12.
        public var month: Int

        /// Creates a month.
        public init(year: Int, month: Int) {
            self.year = year
            self.month = month
        }
    }

    /// Why the bytes are no index.
    public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        public let description: String

        init(_ description: String) {
            self.description = description
        }
    }

    struct Section: Sendable {
        var factKind: FactKind
        var popular: [String]
        var ranks: [String: Int]
        var buckets: Int
        var slots: Int
        var count: Int
    }

    static let magic = Array("WRITPKG1".utf8)

    /// The day the lists are of, as `yyyymmdd`.
    public let day: Int
    let sections: [String: Section]
    private let bytes: [UInt8]

    /// Reads an index. Costs about 2 ms for 30,000 popular names.
    public init(bytes: [UInt8]) throws(Fault) {
        var reader = IndexReader(bytes: bytes)
        guard try reader.take(8).elementsEqual(Self.magic) else { throw Fault("not a package index") }
        day = Int(try reader.u32())
        var sections: [String: Section] = [:]
        for _ in 0..<(try reader.u8()) {
            let name = try reader.text()
            guard let kind = FactKind(rawValue: try reader.u8()) else { throw Fault("unknown kind of fact") }
            let popularCount = Int(try reader.u32())
            guard popularCount <= 1 << 20 else { throw Fault("too many popular names") }
            var popular: [String] = []
            var ranks: [String: Int] = [:]
            popular.reserveCapacity(popularCount)
            ranks.reserveCapacity(popularCount)
            for rank in 0..<popularCount {
                let name = try reader.text()
                popular.append(name)
                ranks[name] = rank + 1
            }
            let count = Int(try reader.u32())
            let buckets = reader.at
            _ = try reader.take(65_537 * 4)
            let slots = reader.at
            _ = try reader.take(count.multipliedReportingOverflow(by: 4).partialValue)
            sections[name] = Section(
                factKind: kind, popular: popular, ranks: ranks, buckets: buckets, slots: slots, count: count)
        }
        guard reader.at == bytes.count else { throw Fault("text after the end of the index") }
        self.sections = sections
        self.bytes = bytes
    }

    /// The registries that it covers.
    public var ecosystems: [String] {
        sections.keys.sorted()
    }

    /// The most used names of a registry, by rank, in normalised spelling.
    public func popular(in ecosystem: String) -> [String] {
        sections[ecosystem]?.popular ?? []
    }

    /// The rank of a name in normalised spelling, when it is among the most used.
    func rank(ofNormalised name: String, in ecosystem: String) -> Int? {
        sections[ecosystem]?.ranks[name]
    }

    /// What the index says of a name, in any spelling that its registry takes for the same.
    public func standing(of name: String, in ecosystem: String) -> Standing {
        guard let section = sections[ecosystem] else { return .unknown }
        let name = Self.normalised(name, in: ecosystem)
        if let rank = section.ranks[name] { return .popular(rank: rank) }
        let key = Self.key(of: name)
        let bucket = section.buckets + 4 * Int(key >> 24)
        var slot = Int(u32(at: bucket))
        let end = min(Int(u32(at: bucket + 4)), section.count)
        while slot < end {
            let value = u32(at: section.slots + 4 * slot)
            if value >> 8 == UInt32(key & 0xFF_FFFF) {
                return Self.standing(fact: UInt8(value & 0xFF), kind: section.factKind)
            }
            slot += 1
        }
        return .unknown
    }

    private static func standing(fact: UInt8, kind: FactKind) -> Standing {
        guard fact > 0 else { return .registered(downloadsPerWeek: nil, lastRelease: nil) }
        switch kind {
        case .lastRelease:
            let months = Int(fact) - 1
            return .registered(
                downloadsPerWeek: nil, lastRelease: Month(year: 2005 + months / 12, month: months % 12 + 1))
        case .downloads:
            // The lower end of the bucket: a promise, not a guess.
            let half = Int(fact) - 1
            let lower = half.isMultiple(of: 2) ? 1 << (half / 2) : (1 << (half / 2)) * 181 / 128
            return .registered(downloadsPerWeek: lower * 7 / 30, lastRelease: nil)
        }
    }

    // `at` lies inside: the reader took these ranges.
    private func u32(at offset: Int) -> UInt32 {
        guard offset >= 0, offset + 4 <= bytes.count else { return 0 }
        return UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8 | UInt32(bytes[offset + 2]) << 16
            | UInt32(bytes[offset + 3]) << 24
    }

    /// The spelling that stands for all that a registry takes for the same name (PEP 503 for PyPI).
    public static func normalised(_ name: String, in ecosystem: String) -> String {
        guard ecosystem == "pypi" else { return name.lowercased() }
        var out: [UInt8] = []
        for byte in name.lowercased().utf8 {
            if byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") {
                if out.last != UInt8(ascii: "-") { out.append(UInt8(ascii: "-")) }
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// 40 bits that stand for a normalised name.
    static func key(of name: String) -> UInt64 {
        var key: UInt64 = 0
        for byte in SHA256.hash(data: Array(name.utf8)).prefix(5) { key = key << 8 | UInt64(byte) }
        return key
    }
}

private struct IndexReader {
    let bytes: [UInt8]
    var at = 0

    mutating func take(_ count: Int) throws(PackageIndex.Fault) -> ArraySlice<UInt8> {
        guard count >= 0, count <= bytes.count - at else { throw PackageIndex.Fault("the index is cut short") }
        defer { at += count }
        return bytes[at..<at + count]
    }

    mutating func u8() throws(PackageIndex.Fault) -> UInt8 {
        try take(1).first ?? 0
    }

    mutating func u32() throws(PackageIndex.Fault) -> UInt32 {
        try take(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    mutating func text() throws(PackageIndex.Fault) -> String {
        String(decoding: try take(Int(try u8())), as: UTF8.self)
    }
}
