// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// How safe a change looks, 0 to 100; 100 is nothing found.
///
/// Every finding of the `code` scanner costs `weight × confidence`, weights being 40 for critical, 20 for high, 8 for
/// medium, 2 for low and 0 for info. The second finding of the same rule costs half of that, the third a quarter, and
/// so on: one habit repeated is one thing to fix. The score is 100 less the sum, rounded, and never below 0.
public struct CodeSafetyScore: Sendable, Hashable {
    public let value: Int

    /// Scores these findings; those of other scanners are left out.
    public init(_ findings: [Finding]) {
        var cost = 0.0
        var seen: [String: Int] = [:]
        let ordered = findings.filter { $0.scanner == "code" }.sorted {
            (-$0.confidence, $0.span.start) < (-$1.confidence, $1.span.start)
        }
        for finding in ordered {
            let repeats = seen[finding.rule, default: 0]
            seen[finding.rule] = repeats + 1
            guard repeats < 16 else { continue }
            cost += Self.weight(finding.severity) * finding.confidence / Double(1 << repeats)
        }
        value = max(0, 100 - Int(min(cost, 100).rounded()))
    }

    private static func weight(_ severity: Severity) -> Double {
        switch severity {
        case .critical: 40
        case .high: 20
        case .medium: 8
        case .low: 2
        case .info: 0
        }
    }
}
