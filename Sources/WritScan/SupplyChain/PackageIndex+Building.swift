// SPDX-License-Identifier: Apache-2.0
import WritCore

extension PackageIndex {
    /// The registries whose names Writ compares, as manifests and conditions call them.
    public static let registries = [
        "pypi", "npm", "crates", "go", "maven", "rubygems", "nuget", "packagist", "swift", "github-actions",
    ]

    /// The public list of one registry.
    public struct Listing: Sendable {
        /// One registered name with what is known of it.
        public struct Entry: Sendable {
            public var name: String
            /// Place among the most used, 1 the most.
            public var rank: Int?
            public var downloadsPerMonth: Int?
            public var lastRelease: Month?
            /// The day the name was first registered, as `yyyymmdd`.
            public var firstRelease: Int?

            /// Creates an entry.
            public init(
                name: String, rank: Int? = nil, downloadsPerMonth: Int? = nil, lastRelease: Month? = nil,
                firstRelease: Int? = nil
            ) {
                self.name = name
                self.rank = rank
                self.downloadsPerMonth = downloadsPerMonth
                self.lastRelease = lastRelease
                self.firstRelease = firstRelease
            }
        }

        public var ecosystem: String
        public var factKind: FactKind
        public var entries: [Entry]
        /// What is known to be wrong with packages of this registry.
        public var advisories: [Advisory] = []
        /// Lines of its text without a name, or with a value that could not be read; such a value is left out.
        public private(set) var skipped = 0

        /// Creates a listing.
        public init(ecosystem: String, factKind: FactKind, entries: [Entry], advisories: [Advisory] = []) {
            self.ecosystem = ecosystem
            self.factKind = factKind
            self.entries = entries
            self.advisories = advisories
        }

        /// Reads a tab-separated list. The first line names the columns: `name`, and any of `month` (`yyyy-mm` of the
        /// last release), `created` (`yyyy-mm-dd` of the first), `rank…` and `downloads…` (a month); others are passed
        /// over. Without ranks the downloads make them.
        public init(ecosystem: String, tabSeparated text: String) throws(Fault) {
            var lines = text.split(separator: "\n", omittingEmptySubsequences: true).makeIterator()
            guard let head = lines.next() else { throw Fault("the list is empty") }
            let columns = head.split(separator: "\t", omittingEmptySubsequences: false)
            guard let nameColumn = columns.firstIndex(of: "name") else {
                throw Fault("the list's first line names no column `name`")
            }
            let monthColumn = columns.firstIndex(of: "month")
            let createdColumn = columns.firstIndex(of: "created")
            let rankColumn = columns.firstIndex { $0.hasPrefix("rank") }
            let downloadsColumn = columns.firstIndex { $0.hasPrefix("downloads") }
            var entries: [Entry] = []
            var skipped = 0
            while let line = lines.next() {
                let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
                func field(_ column: Int?) -> Substring? {
                    guard let column, column < fields.count, !fields[column].isEmpty else { return nil }
                    return fields[column]
                }
                guard let name = field(nameColumn) else {
                    skipped += 1
                    continue
                }
                var entry = Entry(name: String(name))
                if let month = field(monthColumn) {
                    let parts = month.split(separator: "-").compactMap { Int($0) }
                    if parts.count == 2 { entry.lastRelease = Month(year: parts[0], month: parts[1]) }
                }
                entry.firstRelease = field(createdColumn).flatMap { Int($0.prefix(10).filter { $0 != "-" }) }
                entry.rank = field(rankColumn).flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
                entry.downloadsPerMonth = field(downloadsColumn).flatMap { Int($0) }
                let isUnread =
                    field(monthColumn) != nil && entry.lastRelease == nil
                    || field(createdColumn) != nil && entry.firstRelease == nil
                    || field(rankColumn) != nil && entry.rank == nil
                    || field(downloadsColumn) != nil && entry.downloadsPerMonth == nil
                if isUnread { skipped += 1 }
                entries.append(entry)
            }
            self.init(
                ecosystem: ecosystem, factKind: downloadsColumn == nil ? .lastRelease : .downloads, entries: entries)
            self.skipped = skipped
        }
    }

    /// Writes an index of some listings.
    ///
    /// - Parameters:
    ///   - day: what the lists are of, as `yyyymmdd`.
    ///   - popularCount: how many of the most used names of each registry are kept with their rank.
    public static func build(_ listings: [Listing], day: Int, popularCount: Int = 15_000) -> [UInt8] {
        var out = magics[1]
        append(UInt32(clamping: day), to: &out)
        out.append(UInt8(clamping: listings.count))
        for listing in listings {
            append(listing.ecosystem, to: &out)
            out.append(listing.factKind.rawValue)
            let popular = mostUsed(listing, count: popularCount)
            append(UInt32(clamping: popular.count), to: &out)
            for name in popular { append(name, to: &out) }

            var facts: [UInt64: UInt8] = [:]
            facts.reserveCapacity(listing.entries.count)
            for entry in listing.entries {
                facts[key(of: normalised(entry.name, in: listing.ecosystem))] = fact(entry, listing.factKind)
            }
            let keys = facts.keys.sorted()
            append(UInt32(clamping: keys.count), to: &out)
            var next = 0
            for bucket in 0...65_536 {
                while next < keys.count, Int(keys[next] >> 24) < bucket { next += 1 }
                append(UInt32(clamping: next), to: &out)
            }
            for key in keys { append(UInt32(key & 0xFF_FFFF) << 8 | UInt32(facts[key] ?? 0), to: &out) }
            appendNewcomers(of: listing, day: day, to: &out)
            appendAdvisories(of: listing, to: &out)
        }
        return out
    }

    /// Names first registered within ``newcomerDays`` of the lists' day, with that day.
    private static func appendNewcomers(of listing: Listing, day: Int, to out: inout [UInt8]) {
        let today = CivilDay.number(yyyymmdd: day) ?? 0
        var days: [UInt64: Int] = [:]
        var isDated = false
        for entry in listing.entries {
            guard let first = entry.firstRelease.flatMap({ CivilDay.number(yyyymmdd: $0) }) else { continue }
            isDated = true
            guard today - first < newcomerDays else { continue }
            days[key(of: normalised(entry.name, in: listing.ecosystem))] = max(0, first)
        }
        out.append(isDated ? 1 : 0)
        append(UInt32(clamping: days.count), to: &out)
        for (key, first) in days.sorted(by: { $0.key < $1.key }) {
            for shift in stride(from: 32, through: 0, by: -8) {
                out.append(UInt8(truncatingIfNeeded: key >> UInt64(shift)))
            }
            append(UInt32(clamping: first), to: &out)
        }
    }

    private static func appendAdvisories(of listing: Listing, to out: inout [UInt8]) {
        let usable = listing.advisories.filter { $0.ranges.count <= 255 && $0.name.utf8.count <= 255 }
        append(UInt32(clamping: usable.count), to: &out)
        for advisory in usable {
            append(normalised(advisory.name, in: listing.ecosystem), to: &out)
            append(advisory.id, to: &out)
            out.append(UInt8(advisory.severity.rawValue))
            out.append(UInt8(advisory.ranges.count))
            for range in advisory.ranges {
                append(range.introduced, to: &out)
                append(range.end, to: &out)
                out.append(range.isEndIncluded ? 1 : 0)
            }
        }
    }

    private static func mostUsed(_ listing: Listing, count: Int) -> [String] {
        let ranked = listing.entries.filter { $0.rank != nil }.sorted {
            ($0.rank ?? 0, $0.name) < ($1.rank ?? 0, $1.name)
        }
        let ordered =
            ranked.isEmpty
            ? listing.entries.sorted { ($1.downloadsPerMonth ?? 0, $0.name) < ($0.downloadsPerMonth ?? 0, $1.name) }
            : ranked
        var seen: Set<String> = []
        var names: [String] = []
        for entry in ordered where names.count < count {
            let name = normalised(entry.name, in: listing.ecosystem)
            if name.utf8.count <= 255, seen.insert(name).inserted { names.append(name) }
        }
        return names
    }

    private static func fact(_ entry: Listing.Entry, _ kind: FactKind) -> UInt8 {
        switch kind {
        case .lastRelease:
            guard let month = entry.lastRelease else { return 0 }
            return UInt8(clamping: (month.year - 2005) * 12 + month.month)
        case .downloads:
            guard let downloads = entry.downloadsPerMonth, downloads > 0 else { return 0 }
            let whole = downloads.bitWidth - 1 - downloads.leadingZeroBitCount
            let half = whole < 50 && downloads >= (1 << whole) * 181 / 128 ? 1 : 0
            return UInt8(clamping: 2 * whole + half + 1)
        }
    }

    private static func append(_ value: UInt32, to out: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { out.append(contentsOf: $0) }
    }

    private static func append(_ text: String, to out: inout [UInt8]) {
        let bytes = Array(text.utf8.prefix(255))
        out.append(UInt8(bytes.count))
        out.append(contentsOf: bytes)
    }
}
