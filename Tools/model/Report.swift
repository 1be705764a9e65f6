// SPDX-License-Identifier: Apache-2.0
import Foundation
import WritCore
import WritScan

/// What the scores of a run mean, by source.
struct Report {
    let corpus: Corpus
    let scores: [Float]

    func score(_ row: Int) -> Float { corpus.documents[row].isHidden ? 100 : scores[row] }

    func show() {
        let rows = corpus.documents.indices
        let benign = rows.filter { !corpus.documents[$0].isAttack }.map(score).sorted()
        let cut = benign[min(benign.count - 1, Int(Double(benign.count) * 0.99))]
        let attacks = rows.filter { corpus.documents[$0].isAttack }
        let hit = attacks.count { score($0) > cut }
        print(String(format: "recall at 1 %% false positives over all benign rows: %.4f (%d/%d) cut %.3f", Double(hit) / Double(attacks.count), hit, attacks.count, cut))
        var groups: [String: (hit: Int, of: Int, hidden: Int)] = [:]
        for row in rows {
            let d = corpus.documents[row]
            let subset = corpus.sources[d.source] == "composed-dev" ? "/" + d.subset : ""
            let name = (d.isAttack ? "attack " : "benign ") + corpus.sources[d.source] + subset
            groups[name, default: (0, 0, 0)].of += 1
            if score(row) > cut { groups[name, default: (0, 0, 0)].hit += 1 }
            if d.unicodeFindings > 0 { groups[name, default: (0, 0, 0)].hidden += 1 }
        }
        for (name, g) in groups.sorted(by: { $0.key < $1.key }) {
            print(name.padding(toLength: 48, withPad: " ", startingAt: 0) + String(format: "%.4f %5d/%-5d  hidden text in %d", Double(g.hit) / Double(g.of), g.hit, g.of, g.hidden))
        }
    }
}
