// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// What a scan found, gathered item by item, with suppressions applied.
public struct ScanReport: Sendable {
    /// Findings that count, in the order of the items.
    public private(set) var findings: [LocatedFinding] = []
    /// Findings that a suppression covers.
    public private(set) var suppressed: [LocatedFinding] = []
    public private(set) var notes: [Note] = []
    public private(set) var review: [ReviewItem] = []
    public private(set) var files = 0
    public private(set) var bytes = 0
    public private(set) var cached = 0
    /// What was scanned, in words.
    public var subject: String
    /// Milliseconds, once the scan has ended.
    public var milliseconds = 0

    /// Findings that are kept; above it they are only counted.
    public static let findingLimit = 50_000
    /// Notes of one kind that are kept one by one.
    public static let noteLimit = 1_000

    private let settings: ScanSettings
    private let today: Day
    private var unlisted = 0
    private var used: Set<Int> = []
    private var expiredUse: Set<Int> = []
    private var noteCounts: [Note.Kind: Int] = [:]

    /// Starts a report.
    public init(subject: String, settings: ScanSettings, today: Day) {
        self.subject = subject
        self.settings = settings
        self.today = today
    }

    /// Takes what one item gave.
    public mutating func add(_ inspection: Inspection) {
        files += 1
        bytes += inspection.bytes
        if inspection.wasCached { cached += 1 }
        review += inspection.review
        for note in inspection.notes { add(note) }
        for found in inspection.findings { add(found) }
    }

    /// Takes a finding.
    public mutating func add(_ found: LocatedFinding) {
        var found = found
        for (index, suppression) in settings.suppressions.enumerated() where suppression.covers(found) {
            if suppression.expires < today {
                expiredUse.insert(index)
                continue
            }
            used.insert(index)
            found.suppression = suppression
            break
        }
        if found.suppression != nil {
            if suppressed.count < Self.findingLimit { suppressed.append(found) }
        } else if findings.count < Self.findingLimit {
            findings.append(found)
        } else {
            unlisted += 1
        }
    }

    /// Takes a note.
    public mutating func add(_ note: Note) {
        let count = noteCounts[note.kind, default: 0]
        noteCounts[note.kind] = count + 1
        if count < Self.noteLimit {
            notes.append(note)
        } else if let last = notes.lastIndex(where: {
            $0.kind == note.kind && $0.path == nil && $0.message == Self.more
        }) {
            notes[last].count += note.count
        } else {
            notes.append(Note(note.kind, Self.more, count: note.count))
        }
    }

    private static let more = "more of the same kind"

    /// Takes items for review that no file gave.
    public mutating func add(_ item: ReviewItem) { review.append(item) }

    /// Ends the scan: says which suppressions expired or cover nothing.
    ///
    /// - Parameter isWhole: everything was scanned, so that a suppression without a finding is out of date.
    public mutating func finish(isWhole: Bool, milliseconds: Int) {
        self.milliseconds = milliseconds
        for (index, suppression) in settings.suppressions.enumerated() {
            let name = suppression.fingerprint ?? suppression.rule ?? ""
            let place = "\(ScanSettings.path):\(suppression.line)"
            if suppression.expires < today {
                add(
                    Note(
                        .settings, path: place,
                        "the suppression of \(name) expired on \(suppression.expires)\(expiredUse.contains(index) ? "; its finding is back" : "")"
                    ))
            } else if isWhole, !used.contains(index) {
                add(Note(.settings, path: place, "the suppression of \(name) covers nothing: delete it"))
            }
        }
        if unlisted > 0 {
            add(Note(.limit, "\(unlisted) more findings are counted but not listed", count: unlisted))
        }
    }

    /// Every finding that counts, also those that are not listed.
    public var findingCount: Int { findings.count + unlisted }

    /// Something could not be read: the scan says less than it should.
    public var isIncomplete: Bool { notes.contains { $0.kind == .unreadable } }

    /// How many findings have each severity, the worst first; none for those that do not occur.
    public var counts: [(severity: Severity, count: Int)] {
        Severity.allCases.reversed().map { level in
            (level, findings.reduce(0) { $0 + ($1.finding.severity == level ? 1 : 0) })
        }.filter { $0.1 > 0 }
    }

    /// The scan's result as an exit code: 2 when something could not be read, 1 when a finding is at least that severe,
    /// 3 when a change needs review, otherwise 0.
    public func exitCode(failOn: Severity) -> Int32 {
        if isIncomplete { return 2 }
        if unlisted > 0 || findings.contains(where: { $0.finding.severity >= failOn }) { return 1 }
        return review.isEmpty ? 0 : 3
    }
}
