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
    package var mean: SIMD8<Float> = .zero

    package init(phase: Phase, hiding: Hiding) {
        self.phase = phase
        self.hiding = hiding
    }

    package mutating func measure(_ text: TextFeatures) {
        let words = Float(max(1, text.wordCount))
        mean = (text.counts.last ?? .zero) / words
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
        for lane in 0..<8 {
            out[8 + lane] = share[lane]
            out[16 + lane] = share[lane] - carrier.mean[lane]
        }
        let flags = Self.flags(words, share, carrier.mean)
        for lane in 0..<8 { out[24 + lane] = flags[lane] }
    }

    private static func flags(_ words: Float, _ share: SIMD8<Float>, _ mean: SIMD8<Float>) -> SIMD8<Float> {
        SIMD8(
            Carrier.logarithm(words) / 6,
            words < 4 ? 1 : 0,
            words < 8 ? 1 : 0,
            share[Lane.foreign] > 0.5 && mean[Lane.foreign] < 0.3 ? 1 : 0,
            share[Lane.plainWord] > 0.4 && mean[Lane.plainWord] < 0.2 ? 1 : 0,
            share[Lane.quoted] > 0.5 ? 1 : 0,
            share[Lane.punctuation] > 1 ? 1 : 0,
            share[Lane.capitals] > 0.5 && words > 3 ? 1 : 0)
    }

    /// What is the same for all windows of a text.
    func denseConstant(_ carrier: Carrier, weights: [Float]) -> Float {
        var out = weights[0] + weights[1 + Self.index(carrier.hiding)]
        for lane in 0..<8 { out -= carrier.mean[lane] * weights[16 + lane] }
        return out
    }

    /// The rest of the product of ``dense(_:_:into:)`` and the weights.
    @inline(__always)
    func denseScore(_ window: Window, _ carrier: Carrier, _ shares: SIMD8<Float>, _ flags: SIMD8<Float>) -> Float {
        let words = Float(window.end - window.first)
        let share = (counts[window.end] - counts[window.first]) / words
        return (share * shares).sum() + (Self.flags(words, share, carrier.mean) * flags).sum()
    }

    /// Words that were written in disguise (digits or look-alikes for letters) anywhere in the text, as far as what is
    /// under the disguise is a known word, and how many words there are.
    package var disguised: Float {
        guard let total = counts.last else { return 0 }
        return total[Lane.folded] + total[Lane.lookAlike]
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
