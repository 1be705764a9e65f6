// SPDX-License-Identifier: Apache-2.0
package import WritCore

/// A run of units of one text, as the model sees it.
package struct Window: Sendable, Hashable {
    /// Words, half open.
    package var first: Int
    package var end: Int

    package init(first: Int, end: Int) {
        self.first = first
        self.end = end
    }
}

/// What is the same for all windows of a text.
package struct Carrier: Sendable {
    package var phase: Phase
    package var hiding: Hiding
    /// Means over the whole content, for telling what is out of place in it.
    package var mean: SIMD16<Float> = .zero

    package init(phase: Phase, hiding: Hiding) {
        self.phase = phase
        self.hiding = hiding
    }

    /// What else is known about the whole content, from its length to whether it speaks about attacks.
    package var facts: SIMD16<Float> = .zero

    package mutating func measure(_ text: TextFeatures) {
        let words = Float(max(1, text.wordCount))
        mean = (text.counts.last ?? .zero) / words
        let foreign = mean[TextFeatures.Lane.foreign]
        let tongue = mean[TextFeatures.Lane.tongue]
        let mention = mean[TextFeatures.Lane.mention]
        let english = mean[TextFeatures.Lane.plainWord]
        facts[1] = words < 8 ? 1 : 0
        facts[2] = words < 16 ? 1 : 0
        facts[3] = words < 40 ? 1 : 0
        facts[5] = min(1, mention * 10)
        facts[6] = mention > 0.02 && words > 30 ? 1 : 0
        facts[7] = mention > 0.05 ? 1 : 0
        facts[8] = words > 6 && tongue > 0.06 && english > 0.08 ? 1 : 0
        facts[9] = foreign > 0.1 && english > 0.1 ? 1 : 0
        facts[10] = foreign > 0.5 ? 1 : 0
        facts[11] = mean[TextFeatures.Lane.secondPerson] > 0 ? 1 : 0
        facts[12] = mean[TextFeatures.Lane.firstPerson] > 0 ? 1 : 0
        facts[13] = mean[TextFeatures.Lane.please] > 0 ? 1 : 0
        facts[14] = mean[TextFeatures.Lane.punctuation] > 1 ? 1 : 0
        facts[15] = mean[TextFeatures.Lane.listed] > 0.5 ? 1 : 0
        if phase != .input {
            facts[0] = mention * words > 4 ? 1 : 0
            facts[4] = mention * words > 12 ? 1 : 0
        }
    }

    @inline(__always)
    static func logarithm(_ value: Float) -> Float {
        // Enough of a logarithm for a feature: exponent and linear mantissa. The same on every machine.
        Float(value.exponent) + value.significand - 1
    }
}

extension TextFeatures {
    /// Calls `body` with every window: runs of units up to the limits. A unit longer than a window is cut into
    /// half-overlapping pieces.
    @inline(__always)
    package func forEachWindow(_ body: (Window) -> Void) {
        var unit = 0
        let last = units.count - 1
        while unit < last {
            let first = Int(units[unit])
            var next = unit + 1
            while next <= last, next - unit <= Self.windowUnits {
                let end = Int(units[next])
                if end - first > Self.windowWords {
                    if next == unit + 1 {
                        var at = first
                        while at < end {
                            body(Window(first: at, end: min(end, at + Self.windowWords)))
                            at += Self.windowWords / 2
                        }
                    }
                    break
                }
                if end > first { body(Window(first: first, end: end)) }
                next += 1
            }
            unit += 1
        }
    }

    /// Features of a window besides its words: what sort of words and signs, also compared with the whole content.
    package func dense(_ window: Window, _ carrier: Carrier, into out: inout [Float]) {
        for i in out.indices { out[i] = 0 }
        let words = Float(window.end - window.first)
        let share = (counts[window.end] - counts[window.first]) / words
        out[0] = 1
        out[1 + Self.index(carrier.hiding)] = 1
        let flags = flags(window, words, share, carrier)
        for lane in 0..<16 {
            out[8 + lane] = share[lane]
            out[24 + lane] = share[lane] - carrier.mean[lane]
            out[40 + lane] = flags[lane]
            out[60 + lane] = carrier.facts[lane]
        }
        out[56 + Self.index(carrier.phase)] = 1
    }

    @inline(__always)
    private func flags(
        _ window: Window, _ words: Float, _ share: SIMD16<Float>, _ carrier: Carrier
    ) -> SIMD16<Float> {
        let mean = carrier.mean
        var out = SIMD16<Float>.zero
        out[0] = Carrier.logarithm(words) / 6
        out[1] = words < 4 ? 1 : 0
        out[2] = words < 8 ? 1 : 0
        out[3] = share[Lane.foreign] > 0.5 && mean[Lane.foreign] < 0.3 ? 1 : 0
        out[4] = share[Lane.plainWord] > 0.4 && mean[Lane.plainWord] < 0.2 ? 1 : 0
        out[5] = share[Lane.quoted] > 0.5 ? 1 : 0
        out[6] = share[Lane.punctuation] > 1 ? 1 : 0
        out[7] = share[Lane.capitals] > 0.5 && words > 3 ? 1 : 0
        let opens = window.first == 0
        let closes = window.end == counts.count - 1
        out[8] = opens ? 1 : 0
        out[9] = closes ? 1 : 0
        out[10] = opens && closes ? 1 : 0
        // Another language than the rest of the content.
        out[11] = share[Lane.tongue] > 0.15 && mean[Lane.tongue] < 0.08 && words > 4 ? 1 : 0
        out[12] = share[Lane.unknown] > 0.5 && mean[Lane.unknown] < 0.25 && words > 4 ? 1 : 0
        out[13] = share[Lane.secondPerson] > 0 && mean[Lane.secondPerson] < 0.02 ? 1 : 0
        out[14] = share[Lane.please] > 0 ? 1 : 0
        out[15] = share[Lane.mention] > 0 ? 1 : 0
        return out
    }

    /// What is the same for all windows of a text.
    func denseConstant(_ carrier: Carrier, weights: [Float]) -> Float {
        var out = weights[0] + weights[1 + Self.index(carrier.hiding)] + weights[56 + Self.index(carrier.phase)]
        for lane in 0..<16 {
            out -= carrier.mean[lane] * weights[24 + lane]
            out += carrier.facts[lane] * weights[60 + lane]
        }
        return out
    }

    /// The product of ``dense(_:_:into:)`` and all weights.
    package func denseScore(_ window: Window, _ carrier: Carrier, dense: [Float]) -> Float {
        let (shares, flags) = Self.laneWeights(dense)
        return denseConstant(carrier, weights: dense) + denseScore(window, carrier, shares, flags)
    }

    static func laneWeights(_ dense: [Float]) -> (shares: SIMD16<Float>, flags: SIMD16<Float>) {
        var shares = SIMD16<Float>.zero
        var flags = SIMD16<Float>.zero
        for lane in 0..<16 {
            shares[lane] = dense[8 + lane] + dense[24 + lane]
            flags[lane] = dense[40 + lane]
        }
        return (shares, flags)
    }

    /// The rest of the product of ``dense(_:_:into:)`` and the weights.
    @inline(__always)
    func denseScore(_ window: Window, _ carrier: Carrier, _ shares: SIMD16<Float>, _ flags: SIMD16<Float>) -> Float {
        let words = Float(window.end - window.first)
        let share = (counts[window.end] - counts[window.first]) / words
        return (share * shares).sum() + (self.flags(window, words, share, carrier) * flags).sum()
    }

    /// Words that were written in disguise (digits or look-alikes for letters) anywhere in the text, as far as what is
    /// under the disguise is a known word, and how many words there are.
    package var disguised: Float {
        guard let total = counts.last else { return 0 }
        return total[Lane.folded] + total[Lane.lookAlike]
    }

    /// Enough words are in disguise to be no accident.
    package static func isDisguised(_ disguised: Float, _ words: Float) -> Bool {
        disguised >= max(words < 16 ? 1 : 2, 0.04 * words)
    }

    private static func index(_ phase: Phase) -> Int {
        switch phase {
        case .input: 0
        case .skill: 1
        case .contextFile: 2
        case .toolResponse, .output, .toolCall: 3
        }
    }

    private static func index(_ hiding: Hiding) -> Int {
        switch hiding {
        case .plain: 0
        case .comment, .docstring: 1
        case .stringValue, .frontMatter: 2
        case .htmlComment: 3
        case .linkTitle, .referenceDefinition, .altText: 4
        case .hiddenElement, .tagCharacters, .variationSelectors, .zeroWidth, .privateUse, .terminalEscape: 5
        case .percentEncoding, .base64, .hexadecimal, .gzip, .rot13, .spacedLetters, .braille: 6
        }
    }
}
