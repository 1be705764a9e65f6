// SPDX-License-Identifier: Apache-2.0
internal import Crypto
import WritCore

/// What is known, on one day, about the packages of some registries: the most used names with their rank, and a compact
/// set of all registered names with one fact each.
///
/// The set holds 40 bits of each name's SHA-256, so a name that was never registered is taken for a registered one about
/// once in a million. Layout, little-endian:
///
///     "WRITPKG1"  u32 day (yyyymmdd)  u8 ecosystems
///     each: u8 length, name   u8 fact kind   u32 popular count, then u8 length + name each, by rank
///           u32 registered count   65,537 × u32 first slot of a bucket   4 bytes each: 24 bits of hash, fact
///
/// From "WRITPKG2" on each ecosystem ends with
///
///           u8 first releases are known   u32 newcomers   each: 40 bits of hash, big-endian, u32 day since 1970
///           u32 advisories   each: u8 length, name   u8 length, id   u8 severity
///                            u8 ranges, each: u8 length, first version   u8 length, last   u8 the last is included
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
        /// First releases were in the lists: a name that is no newcomer is older than ``newcomerDays``.
        var isDated = false
        /// The first release of each newcomer, in days since 1970.
        var newcomers: [UInt64: Int] = [:]
        var advisories: [String: [Advisory]] = [:]
        /// Of ``ranks``, made when the first name is compared with them.
        let known = LateKnownNames()
    }

    static let magics = [Array("WRITPKG1".utf8), Array("WRITPKG2".utf8)]
    /// A name counts as a newcomer for so long.
    static let newcomerDays = 400

    /// The day the lists are of, as `yyyymmdd`.
    public let day: Int
    let sections: [String: Section]
    private let bytes: [UInt8]

    /// Reads an index. Costs about 2 ms for 30,000 popular names.
    public init(bytes: [UInt8]) throws(Fault) {
        var reader = IndexReader(bytes: bytes)
        guard let edition = Self.magics.firstIndex(of: Array(try reader.take(8))) else {
            throw Fault("not a package index, or one of a later Writ")
        }
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
            var section = Section(
                factKind: kind, popular: popular, ranks: ranks, buckets: buckets, slots: slots, count: count)
            if edition > 0 {
                section.isDated = try reader.u8() == 1
                for _ in 0..<(try reader.u32()) {
                    let key = try reader.take(5).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                    section.newcomers[key] = Int(try reader.u32())
                }
                for _ in 0..<(try reader.u32()) {
                    let advisory = try reader.advisory()
                    section.advisories[advisory.name, default: []].append(advisory)
                }
            }
            sections[name] = section
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

    /// What is known to be wrong with a package.
    public func advisories(for name: String, in ecosystem: String) -> [Advisory] {
        sections[ecosystem]?.advisories[Self.normalised(name, in: ecosystem)] ?? []
    }

    /// How many advisories of a registry it holds.
    public func advisoryCount(in ecosystem: String) -> Int {
        sections[ecosystem]?.advisories.values.reduce(0) { $0 + $1.count } ?? 0
    }

    /// The first release of a name that was new when the lists were made, in days since 1970; nil for older and for
    /// unknown names.
    func firstRelease(ofNormalised name: String, in ecosystem: String) -> Int? {
        sections[ecosystem]?.newcomers[Self.key(of: name)]
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

    mutating func advisory() throws(PackageIndex.Fault) -> Advisory {
        let name = try text()
        let id = try text()
        guard let severity = Severity(rawValue: Int(try u8())) else { throw PackageIndex.Fault("unknown severity") }
        var ranges: [Advisory.Range] = []
        for _ in 0..<(try u8()) {
            let introduced = try text()
            let end = try text()
            ranges.append(.init(introduced: introduced, end: end, isEndIncluded: try u8() == 1))
        }
        return Advisory(id: id, name: name, severity: severity, ranges: ranges)
    }
}
