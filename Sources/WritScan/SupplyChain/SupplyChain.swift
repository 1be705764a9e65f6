// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// Judges packages before they are added, from a dated local index alone.
public struct SupplyChain: Sendable {
    /// What there is to say about one package.
    public struct Reading: Sendable, Hashable {
        public var standing: PackageIndex.Standing
        /// The well-known package that the name could be mistaken for.
        public var target: String?
        public var findings: [Finding]
    }

    /// Where what is known comes from.
    public let index: PackageIndex

    /// Creates a judge over an index.
    public init(index: PackageIndex) {
        self.index = index
    }

    /// Judges one package.
    ///
    /// - Parameter minimumWeeklyDownloads: names known to be used less get a finding; a name of which this is not known
    ///   gets one that says so. Zero asks nothing.
    public func read(_ package: Operation.Package, minimumWeeklyDownloads: Int = 0) -> Reading {
        let ecosystem = package.ecosystem.lowercased()
        let standing = index.standing(of: package.name, in: ecosystem)
        let name = PackageIndex.normalised(package.name, in: ecosystem)
        var findings: [Finding] = []
        let likeness = LookAlike.find(name, in: ecosystem, index: index)
        if let likeness {
            findings.append(
                finding(
                    "look-alike", severity: .high, confidence: confidence(likeness, standing),
                    message:
                        "`\(package.name)` is not `\(likeness.target)`, the package on place \(likeness.rank) of \(ecosystem), but looks like it (\(likeness.trick.rawValue))",
                    remedy: "install `\(likeness.target)` if that was meant"))
        }
        switch standing {
        case .popular: break
        case .registered(let downloads, _):
            if minimumWeeklyDownloads > 0, let downloads, downloads < minimumWeeklyDownloads {
                findings.append(
                    finding(
                        "rarely-used", severity: .medium, confidence: 0.6,
                        message:
                            "`\(package.name)` has at least \(downloads) downloads a week, fewer than \(minimumWeeklyDownloads)",
                        remedy: "look at its source and its authors first"))
            } else if minimumWeeklyDownloads > 0, downloads == nil {
                findings.append(
                    finding(
                        "use-unknown", severity: .low, confidence: 0.5,
                        message: "how much `\(package.name)` is used is unknown; the index of \(dayText) does not say",
                        remedy: "look at its source and its authors first"))
            }
        case .unknown where index.sections[ecosystem] != nil:
            findings.append(
                finding(
                    "unknown-package", severity: .medium, confidence: 0.5,
                    message: "`\(package.name)` is not in the index of \(dayText): new, private or invented",
                    remedy: "check the name's spelling and that the package is the one meant"))
        case .unknown: break
        }
        return Reading(standing: standing, target: likeness?.target, findings: findings)
    }

    /// Days since the name was first registered; nil when the index does not know, and at least the index's span of
    /// 400 days for names that were no newcomers.
    ///
    /// - Parameter today: days since 1970; nil takes the index's own day.
    public func ageInDays(of name: String, in ecosystem: String, today: Int? = nil) -> Int? {
        let ecosystem = ecosystem.lowercased()
        guard let section = index.sections[ecosystem], section.isDated else { return nil }
        guard let day = CivilDay.number(yyyymmdd: index.day) else { return nil }
        let name = PackageIndex.normalised(name, in: ecosystem)
        if let first = index.firstRelease(ofNormalised: name, in: ecosystem) { return max(0, (today ?? day) - first) }
        if case .unknown = index.standing(of: name, in: ecosystem) { return nil }
        return PackageIndex.newcomerDays + max(0, (today ?? day) - day)
    }

    private func confidence(_ likeness: LookAlike, _ standing: PackageIndex.Standing) -> Double {
        var confidence: Double
        switch likeness.trick {
        case .homoglyph: confidence = 0.9
        case .typo, .separator, .scope: confidence = 0.85
        case .order, .combination: confidence = 0.7
        }
        // A name that many use has stood its ground beside the better-known one.
        if case .registered(let downloads?, _) = standing, downloads > 2_000 { confidence -= 0.4 }
        return confidence
    }

    private var dayText: String {
        let text = String(index.day)
        guard text.count == 8 else { return text }
        return "\(text.prefix(4))-\(text.dropFirst(4).prefix(2))-\(text.suffix(2))"
    }

    private func finding(
        _ rule: String, severity: Severity, confidence: Double, message: String, remedy: String
    ) -> Finding {
        Finding(
            scanner: "supply_chain", rule: rule, category: rule == "look-alike" ? "typosquat" : "reputation",
            severity: severity, confidence: confidence,
            message: message, remedy: remedy)
    }
}
