// SPDX-License-Identifier: Apache-2.0
import Foundation
import WritCore
import WritScan

/// What the scores of a run mean, by source.
struct Report {
    let corpus: Corpus
    let scores: [Float]

    /// Decided by what is hidden or disguised, without the model.
    func isForced(_ row: Int) -> Bool {
        let document = corpus.documents[row]
        return document.isHidden || TextFeatures.isDisguised(document.disguised, Float(document.texts[0].wordCount))
    }

    /// The calibration of each phase: equal shares of the rows in order of score, made monotone, and read as
    /// probabilities.
    func knots() -> [Phase: [InjectionModel.Knot]] {
        var out: [Phase: [InjectionModel.Knot]] = [:]
        for phase in Phase.allCases {
            let use: Phase = phase == .output || phase == .toolCall ? .toolResponse : phase
            let rows = (0..<corpus.rowCount).filter { corpus.documents[$0].phase == use && !isForced($0) }.sorted {
                scores[$0] < scores[$1]
            }
            let size = max(20, rows.count / 60)
            var bins: [(score: Double, attacks: Double, count: Double)] = []
            var at = 0
            while at < rows.count {
                let part = rows[at..<min(rows.count, at + size)]
                bins.append(
                    (
                        part.reduce(0) { $0 + Double(scores[$1]) },
                        Double(part.count { corpus.documents[$0].isAttack }), Double(part.count)
                    ))
                at += size
                while bins.count > 1,
                    bins[bins.count - 2].attacks / bins[bins.count - 2].count >= bins[bins.count - 1].attacks
                        / bins[bins.count - 1].count
                {
                    let last = bins.removeLast()
                    bins[bins.count - 1].score += last.score
                    bins[bins.count - 1].attacks += last.attacks
                    bins[bins.count - 1].count += last.count
                }
            }
            var knots = [InjectionModel.Knot(score: -20, probability: 0)]
            for bin in bins {
                let share = min(0.985, max(0.001, (bin.attacks + 0.2) / (bin.count + 1)))
                let score = Float(bin.score / bin.count)
                if let last = knots.last, score <= last.score || Float(share) <= last.probability { continue }
                knots.append(.init(score: score, probability: Float(share)))
            }
            knots.append(.init(score: 20, probability: 0.995))
            out[phase] = knots
        }
        return out
    }

    func model(_ learner: Learner, _ lexicon: Lexicon) -> InjectionModel {
        let sorted = learner.weights.map { abs($0) }.sorted()
        let top = sorted[sorted.count - 64]
        let scale = top / 127
        let weights = learner.weights.map { Int8(max(-127, min(127, ($0 / scale).rounded()))) }
        let knots = knots()
        let model = InjectionModel(
            lexicon: lexicon, weights: weights, scale: scale, dense: learner.dense, knots: knots, thresholds: [:])
        var out = model
        out.thresholds = thresholds(model)
        return out
    }

    /// Each phase blocks at most one in a hundred of its own honest rows of sources that were not learnt from; files,
    /// which are read all day and are rarely attacks, four in a thousand; skills, which are read once and rule the agent
    /// from then on, fifteen in a thousand.
    private func thresholds(_ model: InjectionModel) -> [Phase: Double] {
        var thresholds: [Phase: Double] = [:]
        for phase in Phase.allCases {
            let use: Phase = phase == .output || phase == .toolCall ? .toolResponse : phase
            let benign = (0..<corpus.rowCount).filter {
                !corpus.documents[$0].isAttack && corpus.documents[$0].phase == use
            }
            .map { final($0, model) }.sorted()
            let share = use == .contextFile ? 0.996 : use == .skill ? 0.985 : 0.99
            let cut = benign.isEmpty ? 0.9 : benign[min(benign.count - 1, Int(Double(benign.count) * share))]
            // Below one half no policy counts a finding unless it says so.
            thresholds[phase] = Double(Float(max(0.5, min(0.985, cut + 0.0005))))
        }
        return thresholds
    }

    func final(_ row: Int, _ model: InjectionModel) -> Double {
        isForced(row) ? 0.996 : model.probability(of: scores[row], corpus.documents[row].phase)
    }

    /// The probability that one in a hundred benign rows exceeds.
    func cut(_ model: InjectionModel) -> Double {
        let benign = (0..<corpus.rowCount).filter { !corpus.documents[$0].isAttack }.map { final($0, model) }.sorted()
        return benign[min(benign.count - 1, Int(Double(benign.count) * 0.99))]
    }

    func show() {
        let rows = 0..<corpus.rowCount
        let model = InjectionModel(lexicon: .empty, weights: [], scale: 1, dense: [], knots: knots(), thresholds: [:])
        let score = rows.map { final($0, model) }
        let cut = cut(model)
        let attacks = rows.filter { corpus.documents[$0].isAttack }
        let hit = attacks.count { score[$0] > cut }
        print(
            String(
                format: "recall at 1 %% false positives over all benign rows: %.4f (%d/%d) cut %.3f",
                Double(hit) / Double(attacks.count), hit, attacks.count, cut))
        var groups: [String: (hit: Int, of: Int, hidden: Int)] = [:]
        for row in rows {
            let d = corpus.documents[row]
            let subset = corpus.sources[d.source] == "composed-dev" ? "/" + d.subset : ""
            let name = (d.isAttack ? "attack " : "benign ") + corpus.sources[d.source] + subset
            groups[name, default: (0, 0, 0)].of += 1
            if score[row] > cut { groups[name, default: (0, 0, 0)].hit += 1 }
            if d.unicodeFindings > 0 { groups[name, default: (0, 0, 0)].hidden += 1 }
        }
        for phase in [Phase.input, .toolResponse, .contextFile, .skill] {
            let honest = rows.filter { !corpus.documents[$0].isAttack && corpus.documents[$0].phase == phase }.map {
                score[$0]
            }.sorted()
            let hostile = rows.filter { corpus.documents[$0].isAttack && corpus.documents[$0].phase == phase }
            guard !honest.isEmpty, !hostile.isEmpty else { continue }
            let own = honest[min(honest.count - 1, Int(Double(honest.count) * 0.99))]
            print(
                String(
                    format: "%@ alone: recall %.4f of %d at 1 %% of its own %d honest rows, cut %.4f", phase.rawValue,
                    Double(hostile.count { score[$0] > own }) / Double(hostile.count), hostile.count, honest.count, own)
            )
        }
        for (name, g) in groups.sorted(by: { $0.key < $1.key }) {
            print(
                name.padding(toLength: 48, withPad: " ", startingAt: 0)
                    + String(
                        format: "%.4f %5d/%-5d  hidden text in %d", Double(g.hit) / Double(g.of), g.hit, g.of, g.hidden)
            )
        }
    }

    /// Texts of our own, each topic scored by weights that had not seen it: attacks found at one and at ten in a hundred
    /// of the honest texts of that kind, and what the thresholds that would ship make of both.
    func showTopics() {
        let model = InjectionModel(lexicon: .empty, weights: [], scale: 1, dense: [], knots: knots(), thresholds: [:])
        let thresholds = thresholds(model)
        func row(_ name: String, _ rows: [Int]) {
            let honest = rows.filter { !corpus.documents[$0].isAttack }
            let attacks = rows.filter { corpus.documents[$0].isAttack }
            guard honest.count >= 20, attacks.count >= 20 else { return }
            let ordered = honest.map { scores[$0] }.sorted()
            func found(_ share: Double) -> Double {
                let cut = ordered[min(ordered.count - 1, Int(Double(ordered.count) * (1 - share)))]
                return Double(attacks.count { scores[$0] > cut }) / Double(attacks.count)
            }
            func blocked(_ rows: [Int]) -> Int {
                rows.count { final($0, model) > thresholds[corpus.documents[$0].phase] ?? 1 }
            }
            let pairs = attacks.reduce(0) { sum, attack in
                // Honest texts that score below the attack.
                var low = 0
                var high = ordered.count
                while low < high {
                    let middle = (low + high) / 2
                    if ordered[middle] < scores[attack] { low = middle + 1 } else { high = middle }
                }
                return sum + low
            }
            print(
                "own " + name.padding(toLength: 20, withPad: " ", startingAt: 0)
                    + String(
                        format: "at 1 %% %.3f at 10 %% %.3f area %.3f, over the threshold %d/%d attacks, %d/%d honest",
                        found(0.01), found(0.1), Double(pairs) / Double(attacks.count) / Double(ordered.count),
                        blocked(attacks), attacks.count, blocked(honest), honest.count))
        }
        let own = corpus.documents.indices.filter { corpus.documents[$0].topic >= 0 }
        row("all", own)
        for phase in [Phase.input, .toolResponse, .contextFile, .skill] {
            row(phase.rawValue, own.filter { corpus.documents[$0].phase == phase })
        }
        for (topic, name) in corpus.topics.enumerated() {
            row(name, own.filter { corpus.documents[$0].topic == topic })
        }
    }
}
