// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// What the embedded tests of a policy say, and which rules they exercise.
public struct PolicyTestReport: Sendable, Hashable {
    /// One test that did not come out as expected.
    public struct Failure: Sendable, Hashable, CustomStringConvertible {
        public var policy: String
        public var test: String
        public var file: String
        public var mark: SourceMark
        /// What differs, one line each: `decision: expected deny, got allow`.
        public var differences: [String]
        /// The first rule that had a say, for the reader who wonders why.
        public var because: String

        public var description: String {
            "\(file):\(mark.line):\(mark.column): test \(quoted(test)) fails: \(differences.joined(separator: "; "))"
                + (because.isEmpty ? "" : " (\(because))")
        }
    }

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
                let diagnostics = Diagnostics(file: document.file)
                var reader = GivenReader(layer: layer, diagnostics: diagnostics)
                let request = reader.request(test.given)
                let faults = diagnostics.errors.map(\.description)
                let (decision, trace) = set.decideTraced(request)
                exercised.formUnion(trace.steps.filter(\.applies).map(\.rule))
                let differences = faults + Self.differences(test, decision)
                if differences.isEmpty {
                    report.passed += 1
                } else {
                    report.failures.append(
                        .init(
                            policy: document.name, test: test.name, file: document.file, mark: test.mark,
                            differences: differences, because: Self.because(test, decision, trace)))
                }
            }
        }
        report.unexercised = set.rules.map(\.id).filter { !exercised.contains($0) }.sorted()
        return report
    }

    static func differences(_ test: PolicyDocument.Test, _ decision: Decision) -> [String] {
        var out: [String] = []
        if decision.verdict != test.decision {
            out.append("decision: expected \(test.decision.name), got \(decision.verdict.name)")
        }
        let deciding = decision.reasons.filter { $0.verdict == decision.verdict }
        for name in test.by where !deciding.contains(where: { isNamed(name, $0.rule) }) {
            let got = deciding.map { shortName($0.rule) }.joined(separator: ", ")
            out.append("by: expected \(name), got \(got.isEmpty ? "no rule" : got)")
        }
        let obliged = decision.obligations.map(\.word)
        for word in test.obligations where !obliged.contains(word) {
            out.append(
                "obligations: expected \(word), got \(obliged.isEmpty ? "none" : obliged.joined(separator: ", "))")
        }
        if let gate = test.gate, decision.gate.map(shortName) != gate {
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
        _ test: PolicyDocument.Test, _ decision: Decision, _ trace: DecisionTrace
    ) -> String {
        // The rule that was expected and had no say explains more than the one that had.
        for name in test.by {
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
