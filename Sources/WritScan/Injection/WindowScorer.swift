// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Scores the windows of one piece of content.
struct WindowScorer {
    /// A window above the threshold.
    struct Hit {
        var span: SourceSpan
        var probability: Double
        var hiding: Hiding
    }

    /// Content is read in pieces of this many bytes, which overlap by ``overlap``, so that memory stays bounded.
    private static let piece = 1 << 18
    private static let overlap = 4096
    /// The share of a window's score that a part of it must reach to stand for it.
    private static let nearly: Float = 0.85
    /// Candidates that are kept for findings.
    private static let kept = 64

    private let model: InjectionModel
    /// The model's weights of shares and flags, as the windows use them.
    private let lanes: (shares: SIMD16<Float>, flags: SIMD16<Float>)
    private var whole: Carrier
    private var text = TextFeatures()
    private var running: [Float] = []
    private var candidates: [(score: Float, start: Int, end: Int, hiding: Hiding)] = []
    private var top: Float = -.infinity
    private var disguised: Float = 0
    private var words: Float = 0

    init(model: InjectionModel, phase: Phase) {
        self.model = model
        lanes = TextFeatures.laneWeights(model.dense)
        whole = Carrier(phase: phase, hiding: .plain)
    }

    /// The probability of the strongest window.
    var best: Double { top == -.infinity ? 0 : model.probability(of: top, whole.phase) }

    /// Enough words are written in disguise to be no accident.
    var isDisguised: Bool { TextFeatures.isDisguised(disguised, words) }

    mutating func read(whole bytes: UnsafeRawBufferPointer) {
        var at = 0
        repeat {
            let end = min(bytes.count, at + Self.piece)
            text.read(bytes.part(at..<end), lexicon: model.lexicon, phase: whole.phase)
            if at == 0 { whole.measure(text) }
            words += Float(text.wordCount)
            disguised += text.disguised
            score(whole, base: at, place: nil)
            at = end == bytes.count ? end : end - Self.overlap
        } while at < bytes.count
    }

    mutating func read(hidden: Unveiled) {
        var carrier = whole
        carrier.hiding = hidden.hiding
        hidden.text.withUnsafeBytes { bytes in
            var at = 0
            repeat {
                let end = min(bytes.count, at + Self.piece)
                text.read(bytes.part(at..<end), lexicon: model.lexicon, phase: whole.phase)
                score(carrier, base: 0, place: hidden.place)
                at = end == bytes.count ? end : end - Self.overlap
            } while at < bytes.count
        }
    }

    private mutating func score(_ carrier: Carrier, base: Int, place: SourceSpan?) {
        running.removeAll(keepingCapacity: true)
        running.reserveCapacity(text.wordCount + 1)
        running.append(0)
        var total: Int32 = 0
        model.weights.withUnsafeBufferPointer { weights in
            text.features.withUnsafeBufferPointer { features in
                for word in 0..<text.wordCount {
                    let first = Int(text.offsets[word])
                    let end = Int(text.offsets[word + 1])
                    for i in first..<end { total &+= Int32(weights[Int(features[i])]) }
                    running.append(Float(total))
                }
            }
        }
        var found: [(score: Float, window: Window)] = []
        var peak: Float = -.infinity
        let scale = model.scale
        let constant = text.denseConstant(carrier, weights: model.dense)
        let (shares, flags) = lanes
        text.forEachWindow { window in
            var score = (running[window.end] - running[window.first]) * scale * TextFeatures.norm(window) + constant
            score += text.denseScore(window, carrier, shares, flags)
            if score > peak { peak = score }
            if score > 0 { found.append((score, window)) }
        }
        top = max(top, peak)
        guard !found.isEmpty else { return }
        // The strongest windows that do not overlap.
        found.sort { $0.score > $1.score }
        var taken: [Window] = []
        for (score, window) in found.prefix(512) where taken.count < Self.kept {
            if taken.contains(where: { $0.first < window.end && window.first < $0.end }) { continue }
            taken.append(window)
            let narrow = Self.narrowest(in: window, scoring: score * Self.nearly, of: found)
            let start = place?.start ?? base + Int(text.starts[narrow.first])
            let end = place?.end ?? base + Int(text.ends[narrow.end - 1])
            candidates.append((score, start, end, carrier.hiding))
        }
        if candidates.count > Self.kept * 4 {
            candidates.sort { $0.score > $1.score }
            candidates.removeLast(candidates.count - Self.kept)
        }
    }

    /// The shortest window inside another that scores as much: honest lines beside an attack can add a little to its
    /// score, and do not belong to the place that is told of or taken out. `found` is sorted by score.
    private static func narrowest(
        in window: Window, scoring least: Float, of found: [(score: Float, window: Window)]
    ) -> Window {
        var out = window
        for (score, other) in found.prefix(512) {
            if score < least { break }
            let isInside = other.first >= window.first && other.end <= window.end
            if isInside, other.end - other.first < out.end - out.first { out = other }
        }
        return out
    }

    /// The strongest places with at least this probability, one for each place.
    func hits(from threshold: Double, most: Int) -> [Hit] {
        var out: [Hit] = []
        for candidate in candidates.sorted(by: { $0.score > $1.score }) where out.count < most {
            let probability = model.probability(of: candidate.score, whole.phase)
            if probability < threshold { break }
            if out.contains(where: { $0.span.start < candidate.end && candidate.start < $0.span.end }) { continue }
            out.append(
                Hit(
                    span: SourceSpan(start: candidate.start, end: candidate.end), probability: probability,
                    hiding: candidate.hiding))
        }
        return out
    }
}
