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
    /// Natural logarithm of the content's words.
    package var size: Float = 0

    package init(phase: Phase, hiding: Hiding) {
        self.phase = phase
        self.hiding = hiding
    }

    package mutating func measure(_ text: TextFeatures) {
        let words = Float(max(1, text.wordCount))
        mean = (text.counts.last ?? .zero) / words
        size = Self.logarithm(words)
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

    /// Features of a window besides its words.
    package func dense(_ window: Window, _ carrier: Carrier, into out: inout [Float]) {
        for i in out.indices { out[i] = 0 }
        let words = Float(window.end - window.first)
        let share = (counts[window.end] - counts[window.first]) / words
        out[0] = 1
        out[1 + Self.index(carrier.phase)] = 1
        out[7 + Self.index(carrier.hiding)] = 1
        let length = Carrier.logarithm(words)
        out[15] = length / 6
        out[16] = words < 4 ? 1 : 0
        out[17] = words < 8 ? 1 : 0
        for lane in 0..<8 {
            out[18 + lane] = share[lane]
            out[26 + lane] = share[lane] - carrier.mean[lane]
        }
        out[34] = carrier.size / 12
        out[35] = max(0, carrier.size - length) / 8
        out[36] = window.first == 0 ? 1 : 0
        out[37] = window.end == wordCount ? 1 : 0
        out[38] = share[Lane.foreign] > 0.5 && carrier.mean[Lane.foreign] < 0.3 ? 1 : 0
        out[39] = share[Lane.plainWord] > 0.4 && carrier.mean[Lane.plainWord] < 0.2 ? 1 : 0
        out[40] = share[Lane.folded] > 0.12 ? 1 : 0
        out[41] = share[Lane.lookAlike] > 0.06 ? 1 : 0
        out[42] = share[Lane.quoted] > 0.5 ? 1 : 0
        out[43] = share[Lane.punctuation] > 1 ? 1 : 0
        out[44] = share[Lane.capitals] > 0.5 && words > 3 ? 1 : 0
    }

    private static func index(_ phase: Phase) -> Int {
        switch phase {
        case .input: 0
        case .toolResponse: 1
        case .output, .toolCall: 2
        case .contextFile: 3
        case .skill: 4
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
