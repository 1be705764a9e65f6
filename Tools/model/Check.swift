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
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".jsonl") }.sorted()) ?? []
        for name in names {
            guard let data = FileManager.default.contents(atPath: folder + "/" + name) else { continue }
            for line in data.split(separator: 0x0A) {
                guard let row = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any], let text = row["text"] as? String,
                    let kind = row["kind"] as? String, let label = row["label"] as? String
                else { continue }
                let request = ScanRequest(text, phase: Corpus.phase(kind))
                let start = Date()
                let (score, findings) = detector.judge(request)
                if request.text.count > 3500, request.text.count < 4700 { times.append(Date().timeIntervalSince(start) * 1e6 * 4096 / Double(request.text.count)) }
                if label == "attack" { attack.append(score) } else { benign.append(score) }
                blocked[label + " " + name, default: (0, 0)].1 += 1
                if score > model.thresholds[request.phase] ?? 1 { blocked[label + " " + name, default: (0, 0)].0 += 1 }
                _ = findings
            }
        }
        benign.sort()
        let cut = benign.isEmpty ? 0 : benign[min(benign.count - 1, Int(Double(benign.count) * 0.99))]
        print(String(format: "shipped weights on the rows they were learnt from: recall %.4f at 1 %% false positives, cut %.4f", Double(attack.count { $0 > cut }) / Double(max(1, attack.count)), cut))
        for (name, value) in blocked.sorted(by: { $0.key < $1.key }) { print("  blocked", name, value.0, "/", value.1) }
        times.sort()
        if !times.isEmpty { print(String(format: "4 KB: median %.0f us, p99 %.0f us over %d texts", times[times.count / 2], times[times.count * 99 / 100], times.count)) }
    }
}
