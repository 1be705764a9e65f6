// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// What would have been decided otherwise: recorded calls through two sets of policies.
///
/// Records are added one by one and not kept, so a ledger of any length can be replayed.
public struct PolicyDiff: Sendable {
    /// Calls whose verdict changes in one way for one reason.
    public struct Change: Sendable, Hashable {
        public var old: Verdict
        public var new: Verdict
        /// The rule that reaches the stricter verdict.
        public var rule: String
        public var count: Int
        /// Up to three calls, in a line each.
        public var samples: [String]

        /// The new policies allow more.
        public var isLoosened: Bool { new < old }
    }

    private struct Key: Hashable {
        let old: Verdict
        let new: Verdict
        let rule: String
    }

    private let old: PolicySet
    private let new: PolicySet
    private var groups: [Key: (count: Int, samples: [String])] = [:]
    /// Counts by old and new verdict.
    public private(set) var table: [Verdict: [Verdict: Int]] = [:]
    /// Records that lack what deciding needs. They are not counted as equal.
    public private(set) var undecided = 0
    public private(set) var records = 0

    /// Compares `new` with `old`.
    public init(old: PolicySet, new: PolicySet) {
        self.old = old
        self.new = new
    }

    /// Replays one line of a ledger.
    public mutating func add(_ line: JSON) {
        guard let record = RequestRecord(line) else {
            records += 1
            undecided += 1
            return
        }
        add(record)
    }

    /// Replays one record.
    public mutating func add(_ record: RequestRecord) {
        records += 1
        let before = old.decide(record.request)
        let after = new.decide(record.request)
        table[before.verdict, default: [:]][after.verdict, default: 0] += 1
        guard before.verdict != after.verdict else { return }
        let stricter = before.verdict > after.verdict ? before : after
        let key = Key(old: before.verdict, new: after.verdict, rule: stricter.reasons.first?.rule ?? "")
        groups[key, default: (0, [])].count += 1
        if let samples = groups[key]?.samples, samples.count < 3 {
            groups[key]?.samples.append(Sampler.line(record.request))
        }
    }

    /// Loosened calls first, then by count.
    public var changes: [Change] {
        groups.map {
            Change(
                old: $0.key.old, new: $0.key.new, rule: $0.key.rule, count: $0.value.count, samples: $0.value.samples)
        }
        .sorted {
            if $0.isLoosened != $1.isLoosened { return $0.isLoosened }
            return $0.count != $1.count ? $0.count > $1.count : ($0.rule, $0.new) < ($1.rule, $1.new)
        }
    }

    /// Some recorded call is allowed more than before.
    public var hasLoosened: Bool { groups.keys.contains { $0.new < $0.old } }

    /// Lines for people.
    public var text: String {
        var lines = ["\(records) calls, \(undecided) undecided"]
        for old in Verdict.allCases {
            for new in Verdict.allCases {
                if let count = table[old]?[new], count > 0 {
                    lines.append(
                        "\(old.name) -> \(new.name): \(count)"
                            + (new < old ? "  loosened" : new > old ? "  tightened" : ""))
                }
            }
        }
        for change in changes {
            lines.append("\(change.old.name) -> \(change.new.name) by \(change.rule): \(change.count)")
            lines += change.samples.map { "    \($0)" }
        }
        return lines.joined(separator: "\n")
    }

    public var json: JSON {
        [
            "records": .integer(Int64(records)), "undecided": .integer(Int64(undecided)),
            "loosened": .bool(hasLoosened),
            "table": .object(
                Verdict.allCases.compactMap { old in
                    table[old].map { counts in
                        JSON.Member(
                            old.name,
                            .object(
                                Verdict.allCases.compactMap { new in
                                    counts[new].map { JSON.Member(new.name, .integer(Int64($0))) }
                                }))
                    }
                }),
            "changes": .array(
                changes.map {
                    [
                        "old": .string($0.old.name), "new": .string($0.new.name), "rule": .string($0.rule),
                        "count": .integer(Int64($0.count)), "samples": .array($0.samples.map { .string($0) }),
                    ]
                }),
        ]
    }
}
