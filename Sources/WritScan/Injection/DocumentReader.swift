// SPDX-License-Identifier: Apache-2.0
package import WritCore

extension TextFeatures {
    /// What a sum of weights is multiplied with, so that long windows do not win by their length.
    @inline(__always)
    package static func norm(_ window: Window) -> Float {
        1 / Float(window.end - window.first + 3).squareRoot()
    }
}

extension Unveiling {
    /// Rules that mean "there is text that a reader does not see".
    static let hidingRules: Set<String> = [
        "hidden-tag-characters", "hidden-variation-selectors", "hidden-zero-width", "zero-width-split",
        "hidden-element",
        "hidden-private-use", "terminal-concealed-text", "unicode-limit",
    ]

    /// Text that a reader does not see was found.
    package var hidesText: Bool {
        findings.contains { Self.hidingRules.contains($0.rule) }
    }
}

/// Turns content into the texts that are scored. Training reads rows with it, run time reads requests.
package struct DocumentReader {
    package var lexicon: Lexicon
    private let unveiler = Unveiler()

    package init(lexicon: Lexicon) {
        self.lexicon = lexicon
    }

    /// The texts of some content: itself first, then what was hidden in it.
    package struct Texts {
        package var texts: [TextFeatures] = []
        package var carriers: [Carrier] = []
    }

    package mutating func read(_ bytes: [UInt8], phase: Phase, path: String? = nil) -> (Texts, Unveiling) {
        let unveiling = unveiler.unveil(bytes, path: path)
        var out = Texts()
        var features = TextFeatures()
        bytes.withUnsafeBytes { features.read($0, lexicon: lexicon, phase: phase) }
        var whole = Carrier(phase: phase, hiding: .plain)
        whole.measure(features)
        out.texts.append(features)
        out.carriers.append(whole)
        for text in unveiling.texts {
            var hidden = TextFeatures()
            text.text.withUnsafeBytes { hidden.read($0, lexicon: lexicon, phase: phase) }
            var carrier = whole
            carrier.hiding = text.hiding
            out.texts.append(hidden)
            out.carriers.append(carrier)
        }
        return (out, unveiling)
    }
}
