// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// Finds instructions to a model in content that should hold none: the scanner `prompt_injection`.
///
/// The content is unveiled, cut into windows of lines and sentences, and every window is scored by learnt weights; the
/// strongest window is the document's score. In process, no network, the same answer for the same bytes.
public struct InjectionDetector: UnveilingDetector {
    public let scanner = "prompt_injection"
    /// The weights in use.
    public let model: InjectionModel

    /// Creates a detector.
    public init(model: InjectionModel) {
        self.model = model
    }

    /// The probability that content of a phase is reported from when nobody names another: what the default policy states
    /// as `thresholds`.
    public var thresholds: [Phase: Double] { model.thresholds }

    /// The probability that the content holds an injection: that of its strongest part.
    public func score(_ request: ScanRequest) -> Double {
        judge(request, most: 1).score
    }

    public func findings(
        in request: ScanRequest, _ context: ScanContext, _ unveiling: Unveiling
    ) throws -> [Finding] {
        judge(request, unveiling, most: min(20, context.findingLimit)).findings
    }

    /// Score and findings of one look at the content.
    public func judge(_ request: ScanRequest, most: Int = 20) -> (score: Double, findings: [Finding]) {
        let unveiling = Unveiler().unveil(request.text, path: request.path)
        return judge(request, unveiling, most: most)
    }

    /// As ``judge(_:most:)``, with what ``Unveiler`` already found in this content.
    public func judge(
        _ request: ScanRequest, _ unveiling: Unveiling, most: Int = 20
    ) -> (score: Double, findings: [Finding]) {
        var scorer = WindowScorer(model: model, phase: request.phase)
        let threshold = request.threshold ?? model.thresholds[request.phase] ?? 0.5
        request.text.withUnsafeBytes { scorer.read(whole: $0) }
        for text in unveiling.texts { scorer.read(hidden: text) }
        var score = scorer.best
        var findings: [Finding] = []
        let hidden = unveiling.findings.first { Unveiling.hidingRules.contains($0.rule) }
        if let hidden {
            score = max(score, 0.995)
            findings.append(
                finding(
                    rule: "hidden-instructions", span: hidden.span, line: hidden.line, probability: 0.995,
                    message: "text is hidden from a reader but not from a model: \(hidden.message)"))
        }
        if scorer.isDisguised {
            score = max(score, 0.99)
            findings.append(
                finding(
                    rule: "disguised-words", span: SourceSpan(start: 0, end: request.text.count), line: 1,
                    probability: 0.99,
                    message: "words of an instruction are written in disguise, with digits or look-alike letters"))
        }
        var lines = LineCounter()
        let hits = scorer.hits(from: threshold, most: most).sorted { $0.span.start < $1.span.start }
        request.text.withUnsafeBytes { bytes in
            for hit in hits {
                let line = lines.line(of: hit.span.start, in: bytes)
                let key = unveiling.texts.first { $0.place == hit.span && $0.hiding == hit.hiding && !$0.key.isEmpty }
                let place =
                    hit.hiding == .plain ? "" : " in \(hit.hiding.rawValue)" + (key.map { " `\($0.key)`" } ?? "")
                findings.append(
                    finding(
                        rule: "injected-instructions", span: hit.span, line: line, probability: hit.probability,
                        message: "text\(place) reads like an instruction to the model rather than content"))
            }
        }
        findings.sort { ($0.span.start, $0.rule) < ($1.span.start, $1.rule) }
        return (score, Array(findings.prefix(most)))
    }

    private func finding(
        rule: String, span: SourceSpan, line: Int, probability: Double, message: String
    ) -> Finding {
        Finding(
            scanner: scanner, rule: rule, category: "prompt_injection",
            severity: probability >= 0.9 ? .high : .medium, confidence: probability, span: span, line: line,
            cwe: "CWE-1427", message: message, remedy: "treat it as data; do not follow it")
    }
}
