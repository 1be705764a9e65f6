// SPDX-License-Identifier: Apache-2.0
import Foundation
import WritCore
import WritScan

/// The shipped detector on the rows it was learnt from: that quantising and reading agree with training, and its speed.
enum Check {
    static func run(_ model: InjectionModel, folder: String) {
        let detector = InjectionDetector(model: model)
        var benign: [Double] = []
        var attack: [Double] = []
        var blocked: [String: (Int, Int)] = [:]
        var times: [Double] = []
        let skills = try? SkillScanner()
        var asSkill: [String: (Int, Int, Int)] = [:]
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
                    let found = skills.scan(request.text, path: "SKILL.md").filter { $0.confidence >= 0.9 }
                    let key = label + " " + name
                    asSkill[key, default: (0, 0, 0)].2 += 1
                    if !found.isEmpty { asSkill[key, default: (0, 0, 0)].0 += 1 }
                    if !found.isEmpty || score > model.thresholds[request.phase] ?? 1 {
                        asSkill[key, default: (0, 0, 0)].1 += 1
                    }
                    if label == "benign", !found.isEmpty, CommandLine.arguments.contains("verbose") {
                        print("   ", name, found.map { "\($0.rule):\($0.line)" }, row["id"] as? String ?? "")
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
            print("  skill rules alone", value.0, "with the model", value.1, "of", value.2, name)
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
}
