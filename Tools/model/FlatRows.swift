// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritScan

/// The rows as the learner reads them, in flat memory: the inner loops touch no array that threads share the count of
/// references of. Written once and never freed; the process ends with the training.
struct FlatRows: @unchecked Sendable {
    struct Text {
        var features: UnsafePointer<UInt32>
        var offsets: UnsafePointer<Int32>
        /// Running sums over the words before each word.
        var counts: UnsafePointer<SIMD16<Float>>
        var words: Int
        /// Places of the ones in what is the same for all windows.
        var hiding = 0
        var phase = 0
        var mean: SIMD16<Float>
        var facts: SIMD16<Float>
    }

    struct Span {
        var text: Int32
        var first: Int32
        var end: Int32
    }

    struct Row {
        var texts: UnsafeBufferPointer<Text>
        var windows: UnsafeBufferPointer<Span>
        /// Per window: the sixteen facts of ``TextFeatures/dense(_:_:into:)`` that no sum gives.
        var flags: UnsafePointer<SIMD16<Float>>
        var isAttack: Bool
    }

    let rows: [Row]

    init(_ documents: [Document]) {
        var scratch = [Float](repeating: 0, count: InjectionModel.denseCount)
        rows = documents.map { document in
            var texts = zip(document.texts, document.carriers).map { text, carrier in
                Text(
                    features: Self.copy(text.features), offsets: Self.copy(text.offsets),
                    counts: Self.copy(text.counts), words: text.wordCount, mean: carrier.mean, facts: carrier.facts)
            }
            var flags: [SIMD16<Float>] = []
            flags.reserveCapacity(document.windows.count)
            for (index, window) in document.windows {
                let text = Int(index)
                document.texts[text].dense(window, document.carriers[text], into: &scratch)
                texts[text].hiding = scratch[1..<8].firstIndex(of: 1) ?? 1
                texts[text].phase = scratch[56..<60].firstIndex(of: 1) ?? 56
                var lanes = SIMD16<Float>.zero
                for lane in 0..<16 { lanes[lane] = scratch[40 + lane] }
                flags.append(lanes)
            }
            let spans = document.windows.map {
                Span(text: $0.text, first: Int32($0.window.first), end: Int32($0.window.end))
            }
            return Row(
                texts: UnsafeBufferPointer(start: Self.copy(texts), count: texts.count),
                windows: UnsafeBufferPointer(start: Self.copy(spans), count: spans.count), flags: Self.copy(flags),
                isAttack: document.isAttack)
        }
    }

    private static func copy<Value>(_ values: [Value]) -> UnsafePointer<Value> {
        let memory = UnsafeMutablePointer<Value>.allocate(capacity: max(1, values.count))
        memory.initialize(from: values, count: values.count)
        return UnsafePointer(memory)
    }
}
