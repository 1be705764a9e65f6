// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritUnveil

/// Unveils the input with every decoder there is, then reads it as the injection model does. A trap, a hang, a place
/// outside the input or more output than the limits allow is a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzUnveiler(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let unveiler = Unveiler()
    for path in [nil, "index.html", "a.json", "a.yaml", "a.toml", "a.svg", "a.md"] {
        let unveiling = unveiler.unveil(bytes, path: path)
        var size = 0
        for text in unveiling.texts {
            size += text.text.count
            precondition(text.place.start >= 0 && text.place.end <= count, "a place outside the input")
            precondition(text.depth <= unveiler.limits.depth, "deeper than the limit")
        }
        precondition(size <= count * unveiler.limits.growth + unveiler.limits.floor, "more than the limit")
        for finding in unveiling.findings {
            precondition(finding.span.start >= 0 && finding.span.end <= count, "a finding outside the input")
        }
    }
    for phase in [Phase.input, .toolResponse] {
        let (read, _) = reader.read(bytes, phase: phase)
        for text in read.texts { precondition(text.units.last == Int32(text.wordCount), "words without a unit") }
    }
    return 0
}

nonisolated(unsafe) private var reader = DocumentReader(lexicon: .empty)
