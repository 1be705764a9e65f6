// SPDX-License-Identifier: Apache-2.0
import Foundation
import WritCore
import WritScan
import WritShell

/// The shipped detector on the rows it was learnt from: that quantising and reading agree with training, and its speed.
enum Check {
    static func run(_ model: InjectionModel, folder: String) {
        let detector = InjectionDetector(model: model)
        var benign: [Double] = []
        var attack: [Double] = []
        var blocked: [String: (Int, Int)] = [:]
        var times: [Double] = []
        let skills = try? SkillScanner { ShellAnalyzer.analyze($0, in: .example).operations }
        var asSkill: [String: SkillCount] = [:]
        var unicode: [String: (Int, Int)] = [:]
        let names =
            (try? FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".jsonl") }.sorted())
            ?? []
        for name in names {
            guard let data = FileManager.default.contents(atPath: folder + "/" + name) else { continue }
            for line in data.split(separator: 0x0A) {
                guard let row = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any],
                    let text = row["text"] as? String,
                    let kind = row["kind"] as? String, let label = row["label"] as? String
                else { continue }
                let request = ScanRequest(text, phase: Corpus.phase(kind))
                let start = Date()
                let (score, findings) = detector.judge(request)
                if request.text.count > 3500, request.text.count < 4700 {
                    times.append(Date().timeIntervalSince(start) * 1e6 * 4096 / Double(request.text.count))
                }
                if label == "attack" { attack.append(score) } else { benign.append(score) }
                blocked[label + " " + name, default: (0, 0)].1 += 1
                if score > model.thresholds[request.phase] ?? 1 { blocked[label + " " + name, default: (0, 0)].0 += 1 }
                _ = findings
                unicode[label + " " + name, default: (0, 0)].1 += 1
                if !Unveiler().unveil(request.text).findings.isEmpty {
                    unicode[label + " " + name, default: (0, 0)].0 += 1
                }
                if request.phase == .skill, let skills {
                    let found = skills.scan(files: Self.files(of: text)).map(\.finding)
                    let isStopped = found.contains { $0.confidence >= 0.9 }
                    var count = asSkill[label + " " + name] ?? SkillCount()
                    count.all += 1
                    if isStopped { count.rules += 1 }
                    if isStopped || score > model.thresholds[request.phase] ?? 1 { count.both += 1 }
                    if found.contains(where: { $0.severity == .critical }) { count.critical += 1 }
                    let told = found.filter { finding in Self.declared.contains { finding.rule.hasPrefix($0) } }
                    for level in Set(told.map(\.severity)) { count.told[level, default: 0] += 1 }
                    for rule in Set(told.map(\.rule)) { count.byRule[rule, default: 0] += 1 }
                    asSkill[label + " " + name] = count
                    if CommandLine.arguments.contains("verbose") {
                        for finding in found where label == "benign" && finding.confidence >= 0.9 {
                            print("   ", name, finding.rule, finding.line, row["id"] as? String ?? "")
                        }
                        for finding in told {
                            print("    told", name, label, finding.severity.name, finding.rule, finding.message)
                        }
                    }
                }
            }
        }
        benign.sort()
        let cut = benign.isEmpty ? 0 : benign[min(benign.count - 1, Int(Double(benign.count) * 0.99))]
        print(
            String(
                format:
                    "shipped weights on the rows they were learnt from: recall %.4f at 1 %% false positives, cut %.4f",
                Double(attack.count { $0 > cut }) / Double(max(1, attack.count)), cut))
        for (name, value) in blocked.sorted(by: { $0.key < $1.key }) { print("  blocked", name, value.0, "/", value.1) }
        for (name, value) in asSkill.sorted(by: { $0.key < $1.key }) {
            print(
                "  skill rules alone", value.rules, "with the model", value.both, "critical", value.critical, "of",
                value.all, name)
            let levels = value.told.sorted { $0.key > $1.key }.map { "\($0.key.name) \($0.value)" }
            print("    purposes and names:", levels.joined(separator: ", "))
            let rules = value.byRule.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            print("     ", rules.joined(separator: ", "))
        }
        for (name, value) in unicode.sorted(by: { $0.key < $1.key }) where value.0 > 0 {
            print("  unicode findings", name, value.0, "/", value.1)
        }
        times.sort()
        if !times.isEmpty {
            print(
                String(
                    format: "4 KB: median %.0f us, p99 %.0f us over %d texts", times[times.count / 2],
                    times[times.count * 99 / 100], times.count))
        }
    }

    /// Rules about what a skill declares.
    private static let declared = [
        "unexplained-", "purpose-mismatch", "undeclared-tool", "wide-tools", "name-look-alike", "claimed-publisher",
    ]

    /// What the skill scanner said of the skills of one source.
    private struct SkillCount {
        var all = 0
        var rules = 0
        var both = 0
        var critical = 0
        /// Skills with a finding of that level by the rules about what a skill declares.
        var told: [Severity: Int] = [:]
        var byRule: [String: Int] = [:]
    }

    /// A row that holds a folder names each file on a line of its own.
    private static func files(of text: String) -> [SkillFile] {
        let mark = "### FILE: "
        guard text.hasPrefix(mark) else { return [SkillFile(path: "SKILL.md", bytes: Array(text.utf8))] }
        var files: [SkillFile] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix(mark) {
                files.append(SkillFile(path: String(line.dropFirst(mark.count)), bytes: []))
            } else if !files.isEmpty {
                files[files.count - 1].bytes += Array(line.utf8) + [0x0A]
            }
        }
        return files
    }
}
