// SPDX-License-Identifier: Apache-2.0
import Foundation
import WritCore
import WritScan

/// Logistic regression on the strongest window of each document, learnt by AdaGrad with a fixed order of rows, over
/// several draws of the sources.
struct Learner {
    var weights = [Float](repeating: 0, count: TextFeatures.buckets)
    var gradients = [Float](repeating: 1e-6, count: TextFeatures.buckets)
    var dense = [Float](repeating: 0, count: InjectionModel.denseCount)
    var denseGradients = [Float](repeating: 1e-3, count: InjectionModel.denseCount)
    var rate: Float = Tuning.number("RATE", 0.25)
    var decay: Float = Tuning.number("DECAY", 2e-6)
    private var noise = SplitMix(state: 3)
    private let dropout = Tuning.number("DROPOUT", 0.1)
    /// Features of too few sources, which teach a source rather than the matter.
    private var frozen = [Bool](repeating: false, count: TextFeatures.buckets)
    private var running: [Float] = []
    /// The strongest windows of each row when it was last read whole, so that most rounds look at those alone.
    private var scores: [Float] = []
    private var shortlists: [[Int32]] = []

    /// The dense weights as the windows of one row use them.
    private struct Lanes {
        var shares = SIMD16<Float>.zero
        var means = SIMD16<Float>.zero
        var flags = SIMD16<Float>.zero
        var facts = SIMD16<Float>.zero

        init(_ dense: [Float]) {
            for lane in 0..<16 {
                shares[lane] = dense[8 + lane] + dense[24 + lane]
                means[lane] = dense[24 + lane]
                flags[lane] = dense[40 + lane]
                facts[lane] = dense[60 + lane]
            }
        }
    }

    private func constant(_ text: FlatRows.Text, _ lanes: Lanes) -> Float {
        dense[0] + dense[text.hiding] + dense[text.phase] + (text.facts * lanes.facts).sum()
            - (text.mean * lanes.means).sum()
    }

    private static func share(_ text: FlatRows.Text, _ window: FlatRows.Span) -> SIMD16<Float> {
        (text.counts[Int(window.end)] - text.counts[Int(window.first)]) / Float(window.end - window.first)
    }

    private static func norm(_ window: FlatRows.Span) -> Float {
        TextFeatures.norm(Window(first: Int(window.first), end: Int(window.end)))
    }

    private func score(_ row: FlatRows.Row, _ index: Int, _ lanes: Lanes) -> Float {
        let window = row.windows[index]
        let text = row.texts[Int(window.text)]
        var sum: Float = 0
        weights.withUnsafeBufferPointer { weights in
            for i in Int(text.offsets[Int(window.first)])..<Int(text.offsets[Int(window.end)]) {
                sum += weights[Int(text.features[i])]
            }
        }
        return sum * Self.norm(window) + constant(text, lanes) + (Self.share(text, window) * lanes.shares).sum()
            + (row.flags[index] * lanes.flags).sum()
    }

    /// Best window and its score.
    mutating func best(_ row: FlatRows.Row) -> (index: Int, score: Float) {
        scores.removeAll(keepingCapacity: true)
        let lanes = Lanes(dense)
        var best = -1
        var top: Float = -.infinity
        var last: Int32 = -1
        var fixed: Float = 0
        for index in row.windows.indices {
            let window = row.windows[index]
            let text = row.texts[Int(window.text)]
            if window.text != last {
                last = window.text
                fixed = constant(text, lanes)
                sum(text)
            }
            let words = running[Int(window.end)] - running[Int(window.first)]
            let score =
                words * Self.norm(window) + fixed + (Self.share(text, window) * lanes.shares).sum()
                + (row.flags[index] * lanes.flags).sum()
            scores.append(score)
            if score > top {
                top = score
                best = index
            }
        }
        return (best, best < 0 ? -20 : top)
    }

    /// The running sums of the weights of a text's words.
    private mutating func sum(_ text: FlatRows.Text) {
        if running.count <= text.words { running = [Float](repeating: 0, count: text.words + 1) }
        running.withUnsafeMutableBufferPointer { running in
            weights.withUnsafeBufferPointer { weights in
                var total: Float = 0
                for word in 0..<text.words {
                    for i in Int(text.offsets[word])..<Int(text.offsets[word + 1]) {
                        total += weights[Int(text.features[i])]
                    }
                    running[word + 1] = total
                }
            }
        }
    }

    /// The places of the highest of ``scores``, highest first.
    private func strongest(_ count: Int) -> [Int32] {
        var out: [Int32] = []
        for (index, score) in scores.enumerated() {
            if out.count == count, let last = out.last, score <= scores[Int(last)] { continue }
            let place = out.firstIndex { scores[Int($0)] < score } ?? out.count
            out.insert(Int32(index), at: place)
            if out.count > count { out.removeLast() }
        }
        return out
    }

    private mutating func strongest(_ document: FlatRows.Row, row: Int, whole: Bool) -> (index: Int, score: Float) {
        if whole || document.windows.count <= 6 {
            let found = best(document)
            if document.windows.count > 6 {
                shortlists[row] = strongest(5)
            }
            return found
        }
        let lanes = Lanes(dense)
        var out = (index: -1, score: -Float.infinity)
        for index in shortlists[row] {
            let value = score(document, Int(index), lanes)
            if value > out.score { out = (Int(index), value) }
        }
        return out
    }

    mutating func step(_ document: FlatRows.Row, row: Int, whole: Bool, weight: Float) {
        let (index, score) = strongest(document, row: row, whole: whole)
        guard index >= 0 else { return }
        let probability = 1 / (1 + exponential(-score))
        let error = (probability - (document.isAttack ? 1 : 0)) * weight
        if abs(error) < 1e-4 { return }
        let window = document.windows[index]
        let text = document.texts[Int(window.text)]
        let gradient = error * Self.norm(window)
        let first = Int(text.offsets[Int(window.first)])
        let end = Int(text.offsets[Int(window.end)])
        weights.withUnsafeMutableBufferPointer { weights in
            gradients.withUnsafeMutableBufferPointer { gradients in
                for i in first..<end {
                    let bucket = Int(text.features[i])
                    if frozen[bucket] { continue }
                    if dropout > 0, Float(noise.next() >> 40) < dropout * 16_777_216 { continue }
                    let g = gradient + decay * weights[bucket]
                    gradients[bucket] += g * g
                    weights[bucket] -= rate * g / gradients[bucket].squareRoot()
                }
            }
        }
        let share = Self.share(text, window)
        learn(0, error, 1)
        learn(text.hiding, error, 1)
        learn(text.phase, error, 1)
        for lane in 0..<16 {
            learn(8 + lane, error, share[lane])
            learn(24 + lane, error, share[lane] - text.mean[lane])
            learn(40 + lane, error, document.flags[index][lane])
            learn(60 + lane, error, text.facts[lane])
        }
    }

    private mutating func learn(_ index: Int, _ error: Float, _ value: Float) {
        guard value != 0 else { return }
        let g = error * value
        denseGradients[index] += g * g
        dense[index] -= rate * g / denseGradients[index].squareRoot()
    }

    /// Learns from all sources once and from several draws of them, and averages the weights: what only a few sources
    /// have in common counts for less, and one order of rows does not decide. The sum of averages is linear, so the
    /// detector pays nothing for it.
    mutating func train(_ corpus: Corpus, rows: [Int], rounds: Int, seed: UInt64) {
        let draws = Int(Tuning.number("DRAWS", 4))
        let share = Tuning.number("WHOLE", 0.33)
        trainOnce(corpus, rows: rows, rounds: rounds + 2, seed: seed)
        guard draws > 0 else { return }
        for i in weights.indices { weights[i] *= share }
        for i in dense.indices { dense[i] *= share }
        // The last two sources, rows composed here and our own examples, are in every draw.
        let sources = Array(0..<(corpus.sources.count - 2))
        let leftOut = Int((Float(sources.count) * Tuning.number("LEFT_OUT", 0.3)).rounded())
        let thins = Tuning.number("FAST", 0) == 0
        var generator = SplitMix(state: seed &+ 100)
        var rest = sources
        for draw in 0..<draws {
            var left: Set<Int> = []
            while left.count < leftOut {
                // Every source is left out about as often as any other.
                if rest.isEmpty { rest = sources }
                left.insert(rest.remove(at: Int(generator.next() % UInt64(rest.count))))
            }
            let drawn = rows.filter {
                let document = corpus.documents[$0]
                // Skills have few sources, and a composed row is as much another source's as its payload is.
                let source = document.payload >= 0 ? document.payload : document.source
                if document.phase != .skill, left.contains(source) { return false }
                // Honest files are many and alike: half of them a draw is enough.
                return document.isAttack || document.phase != .contextFile || !thins || document.topic >= 0
                    || generator.next() & 1 == 1
            }
            var part = Learner()
            part.trainOnce(corpus, rows: drawn, rounds: rounds, seed: seed &+ UInt64(draw) &+ 1)
            let weight = (1 - share) / Float(draws)
            for i in weights.indices { weights[i] += part.weights[i] * weight }
            for i in dense.indices { dense[i] += part.dense[i] * weight }
        }
    }

    private mutating func trainOnce(_ corpus: Corpus, rows: [Int], rounds: Int, seed: UInt64) {
        // Every source counts with the square root of its size, so that none is the whole truth, and in every phase
        // attacks weigh as much as honest rows: what is left out must not move what remains.
        let phases = Phase.allCases
        func side(_ d: Document) -> Int { (phases.firstIndex(of: d.phase) ?? 0) * 2 + (d.isAttack ? 1 : 0) }
        func key(_ d: Document) -> Int { d.source * phases.count * 2 + side(d) }
        var counts = [Float](repeating: 0, count: corpus.sources.count * phases.count * 2)
        for row in rows { counts[key(corpus.documents[row])] += 1 }
        var weights = counts.map { $0 > 0 ? 1 / powf($0, Tuning.number("BALANCE", 0.5)) : 0 }
        var numbers = [Float](repeating: 0, count: phases.count)
        var totals = [Float](repeating: 0, count: phases.count * 2)
        for row in rows {
            let document = corpus.documents[row]
            numbers[side(document) / 2] += 1
            totals[side(document)] += weights[key(document)]
        }
        for index in weights.indices where weights[index] > 0 {
            let side = index % (phases.count * 2)
            let share = numbers[side / 2] / 2 * (side % 2 == 0 ? Tuning.number("HONEST", 1) : 1)
            weights[index] = min(Tuning.number("CAP", 8), weights[index] * share / totals[side])
            // Our own examples stand for more sources than one where the labelled ones are few or alike.
            let phase = phases[side / 2]
            if index / (phases.count * 2) == corpus.sources.count - 1, phase == .input || phase == .toolResponse {
                weights[index] *= Tuning.number("OWN", 4)
            }
        }
        var masks = [UInt64](repeating: 0, count: TextFeatures.buckets)
        for row in rows where corpus.documents[row].source != corpus.sources.count - 2 {
            let document = corpus.documents[row]
            // A topic of our own texts is as good as a source; sources are fewer than forty.
            let source =
                document.topic >= 0
                ? 40 + document.topic % 24 : document.payload >= 0 ? document.payload : document.source
            for text in document.texts {
                for feature in text.features { masks[Int(feature)] |= 1 << UInt64(source & 63) }
            }
        }
        let least = Int(Tuning.number("SOURCES", 3))
        for bucket in masks.indices { frozen[bucket] = masks[bucket].nonzeroBitCount < least }
        var rowWeights = [Float](repeating: 0, count: corpus.documents.count)
        for row in rows { rowWeights[row] = weights[key(corpus.documents[row])] }
        var order = rows
        var generator = SplitMix(state: seed)
        let base = rate
        shortlists = Array(repeating: [], count: corpus.documents.count)
        for round in 0..<rounds {
            let whole = round % 2 == 0
            rate = base * (1 - 0.8 * Float(round) / Float(rounds))
            order.shuffle(using: &generator)
            for row in order {
                step(corpus.flat.rows[row], row: row, whole: whole, weight: rowWeights[row])
            }
        }
    }
}

func exponential(_ x: Float) -> Float { expf(x) }

struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Settings of experiments, from the environment.
enum Tuning {
    static func number(_ name: String, _ standard: Float) -> Float {
        ProcessInfo.processInfo.environment[name].flatMap(Float.init) ?? standard
    }
}
