// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritScan

/// Recall and false alarms on the labelled rows beside the checkout, which are not part of the project.
@Suite struct MeasuredSecretsTests {
    struct Tally {
        var secrets = 0
        var found = 0
        var others = 0
        var alarms = 0
        var misses: [String] = []

        var recall: Double { Double(found) / Double(max(1, secrets)) }
        var alarmRate: Double { Double(alarms) / Double(max(1, others)) }
    }

    @Test func `recall and false alarms on labelled rows stay within the bars`() throws {
        guard let folder = LabelledRows.folder("secrets") else {
            print("SKIPPED: no labelled rows at ../shared/data/secrets; recall and false alarms were not measured")
            return
        }
        let detector = try SecretDetector(rules: .builtIn())
        let context = ScanContext(key: .random())
        var tallies: [String: Tally] = [:]
        for name in ["gitleaks-rules", "detect-secrets-tests", "env-templates", "lockfile-hashes"] {
            var tally = Tally()
            for line in try LabelledRows.lines("\(folder)/\(name).jsonl") {
                let row = try JSON(parsing: line)
                let text = (row["parts"]?.array ?? []).compactMap(\.string).joined()
                let findings = try detector.findings(in: ScanRequest(text), context)
                let flagged = !findings.isEmpty
                if row["label"]?.string == "secret" {
                    tally.secrets += 1
                    if flagged {
                        tally.found += 1
                    } else {
                        tally.misses.append("missed [\(row["rule"]?.string ?? "")] \(text.prefix(50))")
                    }
                } else {
                    tally.others += 1
                    if flagged {
                        tally.alarms += 1
                        tally.misses.append(
                            "flagged \(findings.map(\.rule)) [\(row["rule"]?.string ?? "")] \(text.prefix(70))")
                    }
                }
            }
            print(
                "secrets \(name): recall \(tally.found)/\(tally.secrets), false alarms \(tally.alarms)/\(tally.others)")
            for miss in tally.misses.prefix(60) { print("   ", miss.split(separator: "\n").joined(separator: "⏎")) }
            tallies[name] = tally
        }
        #expect(try #require(tallies["gitleaks-rules"]).recall >= 0.95)
        #expect(try #require(tallies["gitleaks-rules"]).alarmRate <= 0.02)
        #expect(try #require(tallies["detect-secrets-tests"]).recall >= 0.90)
        #expect(try #require(tallies["detect-secrets-tests"]).alarmRate <= 0.02)
        #expect(try #require(tallies["env-templates"]).alarmRate <= 0.01)
        #expect(try #require(tallies["lockfile-hashes"]).alarmRate <= 0.001)
    }
}
