// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// What the embedded tests of a policy say, and which rules they exercise.
public struct PolicyTestReport: Sendable, Hashable {
    /// One test that did not come out as expected.
    public struct Failure: Sendable, Hashable, CustomStringConvertible {
        public var policy: String
        public var test: String
        /// Which row of the test's table: `row 3 (git push)`.
        public var row: String?
        public var file: String
        public var mark: SourceMark
        /// What differs, one line each: `decision: expected deny, got allow`.
        public var differences: [String]
        /// The first rule that had a say, for the reader who wonders why.
        public var because: String

        public var description: String {
            "\(file):\(mark.line):\(mark.column): \(summary)" + (because.isEmpty ? "" : " (\(because))")
        }

        /// Which test fails, and how, without the place.
        var summary: String {
            "test \(quoted(test))\(row.map { ", \($0)," } ?? "") fails: \(differences.joined(separator: "; "))"
        }
    }

    /// Calls that came out as expected: of a table, every row is one.
    public var passed: Int
    public var failures: [Failure]
    /// Full ids of rules that no test matches.
    public var unexercised: [String]
    /// Rules in all.
    public var rules: Int

    /// All tests pass.
    public var isGood: Bool { failures.isEmpty }
}

/// Runs the tests that policies carry. Each layer is tested alone, with the same engine that enforces.
public enum PolicyTests {
    /// Runs the tests of a layer.
    public static func run(_ layer: PolicyLayer) -> PolicyTestReport {
        let set = PolicySet([layer])
        var report = PolicyTestReport(passed: 0, failures: [], unexercised: [], rules: set.rules.count)
        var exercised: Set<String> = []
        for document in layer.documents {
            for test in document.tests {
                for number in 0..<test.count {
                    let row = test.table?.rows[number]
                    let expect = row.map { test.expect.with($0.expect) } ?? test.expect
                    let given = row.flatMap { test.table?.given($0, in: test.given) } ?? test.given
                    let diagnostics = Diagnostics(file: document.file)
                    var reader = GivenReader(layer: layer, diagnostics: diagnostics)
                    let request = reader.request(given)
                    let faults = diagnostics.errors.map(\.description)
                    let (decision, trace) = set.decideTraced(request)
                    exercised.formUnion(trace.steps.filter(\.applies).map(\.rule))
                    let differences = faults + Self.differences(expect, decision)
                    guard !differences.isEmpty else {
                        report.passed += 1
                        continue
                    }
                    report.failures.append(
                        .init(
                            policy: document.name, test: test.name, row: test.table?.title(of: number),
                            file: document.file, mark: row?.mark ?? test.mark, differences: differences,
                            because: Self.because(expect, decision, trace)))
                }
            }
        }
        report.unexercised = set.rules.map(\.id).filter { !exercised.contains($0) }.sorted()
        return report
    }

    static func differences(_ expect: PolicyDocument.Expectation, _ decision: Decision) -> [String] {
        var out: [String] = []
        if let expected = expect.decision, decision.verdict != expected {
            out.append("decision: expected \(expected.name), got \(decision.verdict.name)")
        }
        let deciding = decision.reasons.filter { $0.verdict == decision.verdict }
        for name in expect.by ?? [] where !deciding.contains(where: { isNamed(name, $0.rule) }) {
            let got = deciding.map { shortName($0.rule) }.joined(separator: ", ")
            out.append("by: expected \(name), got \(got.isEmpty ? "no rule" : got)")
        }
        let obliged = decision.obligations.map(\.word)
        for word in expect.obligations ?? [] where !obliged.contains(word) {
            out.append(
                "obligations: expected \(word), got \(obliged.isEmpty ? "none" : obliged.joined(separator: ", "))")
        }
        if let gate = expect.gate, decision.gate.map(shortName) != gate {
            out.append("gate: expected \(gate), got \(decision.gate.map(shortName) ?? "none")")
        }
        return out
    }

    private static func isNamed(_ name: String, _ rule: String) -> Bool {
        rule == name || shortName(rule) == name
    }

    private static func shortName(_ id: String) -> String {
        id.split(separator: "/").last.map(String.init) ?? id
    }

    private static func because(
        _ expect: PolicyDocument.Expectation, _ decision: Decision, _ trace: DecisionTrace
    ) -> String {
        // The rule that was expected and had no say explains more than the one that had.
        for name in expect.by ?? [] {
            if let step = trace.steps.first(where: { isNamed(name, $0.rule) && !$0.applies }) {
                return "\(shortName(step.rule)): \(step.because)"
            }
        }
        return decision.reasons.first.map { "\(shortName($0.rule)): \($0.message)" } ?? ""
    }
}

extension Obligation {
    /// The key of policies.
    public var word: String {
        switch self {
        case .redact: "redact"
        case .annotate: "annotate"
        case .sandbox: "sandbox"
        case .scan: "scan"
        case .maxBytes: "max_bytes"
        case .taint: "taint"
        case .notify: "notify"
        case .rate: "rate"
        }
    }
}
