// SPDX-License-Identifier: Apache-2.0
import Foundation
import WritCore
import WritScan

/// Logistic regression on the strongest window of each document, learnt by AdaGrad with a fixed order of rows.
struct Learner {
    var weights = [Float](repeating: 0, count: TextFeatures.buckets)
    var gradients = [Float](repeating: 1e-6, count: TextFeatures.buckets)
    var dense = [Float](repeating: 0, count: InjectionModel.denseCount)
    var denseGradients = [Float](repeating: 1e-3, count: InjectionModel.denseCount)
    var rate: Float = Tuning.number("RATE", 0.25)
    var decay: Float = Tuning.number("DECAY", 2e-6)
    private var scratch = [Float](repeating: 0, count: InjectionModel.denseCount)
    private var noise = SplitMix(state: 3)
    private let dropout = Tuning.number("DROPOUT", 0.4)
    /// Features of too few sources, which teach a source rather than the matter.
    private var frozen = [Bool](repeating: false, count: TextFeatures.buckets)
    private var sums: [[Float]] = []

    /// Best window and its score.
    mutating func best(_ document: Document) -> (index: Int, score: Float) {
        sums.removeAll(keepingCapacity: true)
        for text in document.texts {
            var running: [Float] = []
            running.reserveCapacity(text.wordCount + 1)
            var total: Float = 0
            running.append(0)
            text.features.withUnsafeBufferPointer { features in
                weights.withUnsafeBufferPointer { weights in
                    for word in 0..<text.wordCount {
                        for i in Int(text.offsets[word])..<Int(text.offsets[word + 1]) {
                            total += weights[Int(features[i])]
                        }
                        running.append(total)
                    }
                }
            }
            sums.append(running)
        }
        var best = -1
        var top: Float = -.infinity
        for (index, entry) in document.windows.enumerated() {
            let text = Int(entry.text)
            let window = entry.window
            let sum = sums[text][window.end] - sums[text][window.first]
            document.texts[text].dense(window, document.carriers[text], into: &scratch)
            for i in Tuning.masked { scratch[i] = 0 }
            var score = sum * TextFeatures.norm(window)
            for i in 0..<scratch.count { score += scratch[i] * dense[i] }
            if score > top {
                top = score
                best = index
            }
        }
        return (best, best < 0 ? -20 : top)
    }

    mutating func step(_ document: Document, weight: Float) {
        let (index, score) = best(document)
        guard index >= 0 else { return }
        let probability = 1 / (1 + exponential(-score))
        let error = (probability - (document.isAttack ? 1 : 0)) * weight
        if abs(error) < 1e-4 { return }
        let text = document.texts[Int(document.windows[index].text)]
        let window = document.windows[index].window
        let norm = TextFeatures.norm(window)
        let gradient = error * norm
        let first = Int(text.offsets[window.first])
        let end = Int(text.offsets[window.end])
        text.features.withUnsafeBufferPointer { features in
            weights.withUnsafeMutableBufferPointer { weights in
                gradients.withUnsafeMutableBufferPointer { gradients in
                    for i in first..<end {
                        let bucket = Int(features[i])
                        if frozen[bucket] { continue }
                        if dropout > 0, Float(noise.next() >> 40) < dropout * 16_777_216 { continue }
                        let g = gradient + decay * weights[bucket]
                        gradients[bucket] += g * g
                        weights[bucket] -= rate * g / gradients[bucket].squareRoot()
                    }
                }
            }
        }
        text.dense(window, document.carriers[Int(document.windows[index].text)], into: &scratch)
        for i in Tuning.masked { scratch[i] = 0 }
        for i in 0..<scratch.count where scratch[i] != 0 {
            let g = error * scratch[i]
            denseGradients[i] += g * g
            dense[i] -= rate * g / denseGradients[i].squareRoot()
        }
    }

    mutating func train(_ corpus: Corpus, rows: [Int], rounds: Int, seed: UInt64) {
        var counts = [Float](repeating: 0, count: corpus.sources.count * 2)
        func key(_ d: Document) -> Int { d.source * 2 + (d.isAttack ? 1 : 0) }
        for row in rows { counts[key(corpus.documents[row])] += 1 }
        // Every source counts with the square root of its size, so that none is the whole truth.
        var weights = counts.map { $0 > 0 ? 1 / powf($0, Tuning.number("BALANCE", 0.5)) : 0 }
        for side in 0..<2 {
            var total: Float = 0
            var number: Float = 0
            for i in 0..<corpus.sources.count {
                total += weights[i * 2 + side] * counts[i * 2 + side]
                number += counts[i * 2 + side]
            }
            for i in 0..<corpus.sources.count where total > 0 {
                weights[i * 2 + side] = min(Tuning.number("CAP", 4), weights[i * 2 + side] * number / total)
            }
        }
        var masks = [UInt64](repeating: 0, count: TextFeatures.buckets)
        for row in rows where corpus.documents[row].source < corpus.sources.count - 1 {
            let document = corpus.documents[row]
            let source = document.payload >= 0 ? document.payload : document.source
            for text in document.texts {
                for feature in text.features { masks[Int(feature)] |= 1 << UInt64(source & 63) }
            }
        }
        let least = Int(Tuning.number("SOURCES", 3))
        for bucket in masks.indices { frozen[bucket] = masks[bucket].nonzeroBitCount < least }
        var order = rows
        var generator = SplitMix(state: seed)
        let base = rate
        for round in 0..<rounds {
            rate = base * (1 - 0.8 * Float(round) / Float(rounds))
            order.shuffle(using: &generator)
            for row in order {
                let document = corpus.documents[row]
                step(document, weight: weights[key(document)])
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
    static let masked: [Int] = (ProcessInfo.processInfo.environment["MASK"] ?? "").split(separator: ",").flatMap {
        part -> [Int] in
        let ends = part.split(separator: "-").compactMap { Int($0) }
        return ends.count == 2 ? Array(ends[0]...ends[1]) : ends
    }
}
