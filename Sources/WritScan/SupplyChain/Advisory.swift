// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// A published statement that some versions of a package are unsafe.
public struct Advisory: Sendable, Hashable {
    /// Versions from one to another.
    public struct Range: Sendable, Hashable {
        /// The first one; empty or `0` for all from the beginning.
        public var introduced: String
        /// The last one, or the first that is safe again; empty when none is.
        public var end: String
        public var isEndIncluded: Bool

        /// Creates a range.
        public init(introduced: String, end: String, isEndIncluded: Bool) {
            self.introduced = introduced
            self.end = end
            self.isEndIncluded = isEndIncluded
        }
    }

    /// `GHSA-…`, `PYSEC-…`, `MAL-…`.
    public var id: String
    public var name: String
    public var severity: Severity
    /// Without ranges every version is meant.
    public var ranges: [Range]

    /// Creates an advisory.
    public init(id: String, name: String, severity: Severity, ranges: [Range]) {
        self.id = id
        self.name = name
        self.severity = severity
        self.ranges = ranges
    }

    /// The package itself is the attack.
    public var isMalware: Bool { id.hasPrefix("MAL-") }

    /// No version is safe.
    public var coversAll: Bool {
        ranges.isEmpty || ranges.contains { ($0.introduced.isEmpty || $0.introduced == "0") && $0.end.isEmpty }
    }

    /// The version to take instead; nil when there is none.
    public var fixed: String? {
        ranges.last { !$0.end.isEmpty && !$0.isEndIncluded }?.end
    }

    /// The version is unsafe. A boundary that is no version counts as unsafe.
    public func covers(_ version: PackageVersion) -> Bool {
        if coversAll { return true }
        return ranges.contains { range in
            if !range.introduced.isEmpty, range.introduced != "0", let first = PackageVersion(in: range.introduced),
                version < first
            {
                return false
            }
            guard !range.end.isEmpty, let end = PackageVersion(in: range.end) else { return true }
            return range.isEndIncluded ? version <= end : version < end
        }
    }

    /// Reads one record of the OSV format (schema 1.x): one advisory for each package that it names, by Writ's words for
    /// ecosystems. Withdrawn records give none.
    public static func read(osv record: JSON) -> [(ecosystem: String, advisory: Advisory)] {
        guard let id = record["id"]?.string, record["withdrawn"] == nil else { return [] }
        var found: [(ecosystem: String, advisory: Advisory)] = []
        for affected in record["affected"]?.array ?? [] {
            guard let name = affected["package"]?["name"]?.string,
                let ecosystem = affected["package"]?["ecosystem"]?.string.flatMap(Self.ecosystem)
            else { continue }
            var ranges: [Range] = []
            for range in affected["ranges"]?.array ?? [] where range["type"]?.string != "GIT" {
                var introduced: String?
                for event in range["events"]?.array ?? [] {
                    if let start = event["introduced"]?.string {
                        introduced = start
                    } else if let end = event["fixed"]?.string ?? event["last_affected"]?.string {
                        ranges.append(
                            Range(introduced: introduced ?? "0", end: end, isEndIncluded: event["fixed"] == nil))
                        introduced = nil
                    }
                }
                if let introduced { ranges.append(Range(introduced: introduced, end: "", isEndIncluded: false)) }
            }
            if ranges.isEmpty {
                ranges = (affected["versions"]?.array ?? []).compactMap(\.string).prefix(255).map {
                    Range(introduced: $0, end: $0, isEndIncluded: true)
                }
            }
            let severity = Self.severity(affected, record, isMalware: id.hasPrefix("MAL-"))
            found.append(
                (ecosystem, Advisory(id: id, name: name, severity: severity, ranges: Array(ranges.prefix(255)))))
        }
        return found
    }

    private static func ecosystem(_ osv: String) -> String? {
        // `Maven:https://…` names a registry of its own.
        switch osv.prefix(while: { $0 != ":" }) {
        case "PyPI": "pypi"
        case "npm": "npm"
        case "crates.io": "crates"
        case "Go": "go"
        case "Maven": "maven"
        case "RubyGems": "rubygems"
        case "NuGet": "nuget"
        case "Packagist": "packagist"
        case "SwiftURL": "swift"
        case "GitHub Actions": "github-actions"
        default: nil
        }
    }

    private static func severity(_ affected: JSON, _ record: JSON, isMalware: Bool) -> Severity {
        if isMalware { return .critical }
        let words = [record, affected].compactMap { value in
            (value["database_specific"]?["severity"] ?? value["ecosystem_specific"]?["severity"])?.string?.lowercased()
        }
        switch words.first {
        case "critical": return .critical
        case "high", "important": return .high
        case "low": return .low
        case "moderate", "medium": return .medium
        default: return .medium
        }
    }
}
