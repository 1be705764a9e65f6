// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Takes off what hides text: characters without a glyph, markup that is not shown, encodings. No judgement is made here
/// beyond "a reader would not see this".
///
/// Deterministic, linear in the content and bounded by ``UnveilLimits``; every byte is looked at.
public struct Unveiler: Sendable {
    /// The limits in force.
    public var limits: UnveilLimits

    /// Creates an unveiler.
    public init(limits: UnveilLimits = UnveilLimits()) {
        self.limits = limits
    }

    /// Everything hidden in `bytes`.
    ///
    /// - Parameter path: the file's name or path when known. A whole HTML page may hide its menus; a README may not.
    public func unveil(_ bytes: [UInt8], path: String? = nil) -> Unveiling {
        bytes.withUnsafeBytes { unveil($0, path: path) }
    }

    func unveil(_ bytes: UnsafeRawBufferPointer, path: String? = nil) -> Unveiling {
        var pass = UnveilPass(limits: limits, content: bytes.count)
        let kinds = ByteKinds(bytes)
        if kinds.hasHigh || kinds.hasEscape { InvisibleText.read(bytes, into: &pass) }
        if kinds.hasMarkup { HiddenMarkup.read(bytes, path: path, into: &pass) }
        // Values first: what is found in one has the name of its key.
        StringValues.read(bytes, path: path, into: &pass)
        EncodedText.read(bytes, at: nil, hiding: nil, depth: 0, into: &pass)
        pass.findings.sort { $0.span.start < $1.span.start }
        return Unveiling(texts: pass.texts, findings: pass.located(in: bytes), isCut: pass.isCut)
    }
}

/// Which readers are worth running: one look at every byte.
private struct ByteKinds {
    var hasHigh = false
    var hasEscape = false
    var hasMarkup = false

    init(_ bytes: UnsafeRawBufferPointer) {
        // Without branches, so that the compiler takes many bytes at once.
        var high: UInt8 = 0
        var markup: UInt8 = 0
        var escape: UInt8 = 0
        for byte in bytes {
            high |= byte
            markup |= (byte == UInt8(ascii: "<") ? 1 : 0) | (byte == UInt8(ascii: "]") ? 1 : 0)
            escape |= (byte == 0x1B ? 1 : 0) | (byte == 0x08 ? 1 : 0) | (byte == 0x7F ? 1 : 0)
        }
        hasHigh = high >= 0x80
        hasEscape = escape != 0
        hasMarkup = markup != 0
    }
}

/// The state of one unveiling.
struct UnveilPass {
    let limits: UnveilLimits
    private(set) var texts: [Unveiled] = []
    var findings: [Finding] = []
    private(set) var isCut = false
    private var budget: Int

    init(limits: UnveilLimits, content: Int) {
        self.limits = limits
        let (product, overflow) = content.multipliedReportingOverflow(by: limits.growth)
        budget = overflow ? Int.max : product.addingReportingOverflow(limits.floor).partialValue
    }

    /// For what is found inside an unveiled text.
    init(limits: UnveilLimits, room: Int) {
        self.limits = limits
        budget = max(0, room)
    }

    /// Bytes that may still be unveiled.
    var room: Int { budget }

    /// Keeps a text; false when a limit cut it.
    @discardableResult
    mutating func keep(_ text: [UInt8], _ start: Int, _ end: Int, _ hiding: Hiding, depth: Int = 0, key: String = "")
        -> Bool
    {
        guard !text.isEmpty else { return true }
        guard texts.count < limits.texts, text.count <= budget else {
            isCut = true
            return false
        }
        budget -= text.count
        texts.append(
            Unveiled(text: text, place: SourceSpan(start: start, end: end), hiding: hiding, depth: depth, key: key))
        return true
    }

    mutating func cut() { isCut = true }

    /// Counts decoded bytes that are not kept, so that looking into them is bounded too; false when none are left.
    mutating func spend(_ count: Int) -> Bool {
        guard count <= budget else {
            isCut = true
            return false
        }
        budget -= count
        return true
    }

    /// Takes off what hides text in a text that only decoding brought to light.
    ///
    /// - Parameters:
    ///   - place: where its outermost layer stands.
    ///   - hiding: how that was hidden; nil for a value of a document.
    ///   - depth: the layers that were taken off so far.
    mutating func unveil(
        inside text: [UInt8], _ place: SourceSpan, hiding: Hiding?, depth: Int, key: String = ""
    ) {
        text.withUnsafeBytes { bytes in
            var inner = UnveilPass(limits: limits, room: room)
            let kinds = ByteKinds(bytes)
            if kinds.hasHigh || kinds.hasEscape { InvisibleText.read(bytes, into: &inner) }
            if kinds.hasMarkup { HiddenMarkup.read(bytes, path: nil, into: &inner) }
            for found in inner.texts {
                // What no reader sees stays that, whatever it is wrapped in.
                let how = found.hiding.isInvisibleToReader ? found.hiding : hiding ?? found.hiding
                keep(found.text, place.start, place.end, how, depth: depth + 1, key: key)
            }
            for finding in inner.findings { take(finding, at: place) }
            if inner.isCut { cut() }
            if depth < limits.depth {
                StringValues.read(bytes, path: nil, at: place, hiding: hiding, depth: depth + 1, key: key, into: &self)
            }
            EncodedText.read(bytes, at: place, hiding: hiding, depth: depth, into: &self)
        }
    }

    /// Takes a finding in an unveiled text over to the place where that text stands; once, however often the text came
    /// to light there.
    mutating func take(_ finding: Finding, at place: SourceSpan) {
        guard
            !findings.contains(where: {
                $0.rule == finding.rule && $0.span.start < place.end && place.start < $0.span.end
            })
        else { return }
        find(
            finding.rule, finding.severity, place.start, place.end, confidence: finding.confidence, finding.message,
            finding.remedy)
    }

    mutating func find(
        _ rule: String, _ severity: Severity, _ start: Int, _ end: Int, confidence: Double = 0.99, _ message: String,
        _ remedy: String
    ) {
        guard findings.count <= limits.findings else { return }
        if findings.count == limits.findings {
            findings.append(
                Finding(
                    scanner: "unicode", rule: "unicode-limit", category: "hidden_text", severity: .high,
                    confidence: 1, span: SourceSpan(start: start, end: end),
                    message: "more hidden text than is listed here", remedy: "treat the whole file as hostile"))
            isCut = true
            return
        }
        findings.append(
            Finding(
                scanner: "unicode", rule: rule, category: "hidden_text", severity: severity, confidence: confidence,
                span: SourceSpan(start: start, end: end), cwe: "CWE-1007", message: message, remedy: remedy))
    }

    /// The findings with their lines; they are in order of place.
    func located(in bytes: UnsafeRawBufferPointer) -> [Finding] {
        var lines = LineCounter()
        return findings.map { finding in
            var out = finding
            out.line = lines.line(of: finding.span.start, in: bytes)
            return out
        }
    }
}
