// SPDX-License-Identifier: Apache-2.0
public import WritCore
internal import WritPattern
internal import Synchronization

/// Finds credentials in any content: hundreds of rules in one pass over the bytes, each hit confirmed on a small window.
///
/// One detector serves all threads. Making it costs a few milliseconds; expressions are compiled when a keyword first
/// asks for them. ``prepareForBulk(cached:)`` trades start-up for speed on large input.
public final class SecretDetector: Detector {
    public let scanner = "secrets"
    /// The rules it was made from.
    public let rules: SecretRules

    /// What a keyword's hit asks for.
    enum Target: Sendable, Hashable {
        case rule(Int, exact: [UInt8]?)
        /// The keyword in base64 (at offset `skip` bits aligned) or hexadecimal.
        case base64, hex
        /// Text that is written with escapes, or in parts.
        case escapes, joins
    }

    let keywords: [[UInt8]]
    let targets: [[Target]]
    let index: KeywordIndex
    let bulk = Mutex<PatternSet?>(nil)
    /// Input from this size on goes through the bulk matcher, where one was prepared.
    let bulkThreshold: Int

    /// Makes a detector.
    ///
    /// - Parameters:
    ///   - rules: the rules, see ``SecretRules/builtIn()``.
    ///   - bulkThreshold: size in bytes from which a prepared bulk matcher is used.
    /// - Throws: when the keywords are too many for one index.
    public init(rules: SecretRules, bulkThreshold: Int = 16 << 10) throws {
        self.rules = rules
        self.bulkThreshold = bulkThreshold
        var ids: [[UInt8]: Int] = [:]
        var keywords: [[UInt8]] = []
        var targets: [[Target]] = []
        func add(_ keyword: [UInt8], _ target: Target) {
            let folded = keyword.map(\.lowercased)
            if let id = ids[folded] {
                if !targets[id].contains(target) { targets[id].append(target) }
            } else {
                ids[folded] = keywords.count
                keywords.append(keyword)
                targets.append([target])
            }
        }
        for (number, rule) in rules.rules.enumerated() {
            for keyword in rule.keywords {
                let bytes = Array(keyword.utf8)
                add(bytes, .rule(number, exact: rule.isCaseSensitive ? bytes : nil))
                guard rule.isEncodable, bytes.count >= 4 else { continue }
                for form in Encoded.base64Forms(of: bytes) { add(form, .base64) }
                add(Array(Hex.text(bytes).utf8), .hex)
            }
        }
        for text in Encoded.escapeMarks { add(Array(text.utf8), .escapes) }
        for text in Encoded.joinMarks { add(Array(text.utf8), .joins) }
        self.keywords = keywords
        self.targets = targets
        index = try KeywordIndex(keywords)
    }

    public func findings(in request: ScanRequest, _ context: ScanContext) throws -> [Finding] {
        try request.text.withUnsafeBytes { bytes in
            let found = try candidates(in: bytes, path: request.path, depth: 0, limit: context.findingLimit)
            return report(found, in: bytes, path: request.path, context)
        }
    }

    /// Checks every rule's examples, as loading a user's table must.
    ///
    /// - Returns: what does not hold, one line each; empty when all do.
    public func verifyExamples() throws -> [String] {
        var faults: [String] = []
        for rule in rules.rules {
            for (examples, expected) in [(rule.matches, true), (rule.noMatches, false)] {
                for example in examples {
                    let text = ExampleText.expand(example)
                    let found = try text.withUnsafeBytes {
                        try candidates(in: $0, path: nil, depth: 0, limit: 100).contains { rules.rules[$0.rule].id == rule.id }
                    }
                    if found != expected {
                        faults.append("rule `\(rule.id)` \(expected ? "misses" : "finds") its example `\(example)`")
                    }
                }
            }
        }
        return faults
    }

    /// A confirmed hit, before overlaps are settled.
    struct Candidate {
        var rule: Int
        var range: Range<Int>
        var secret: [UInt8]
        var confidence: Double
        var environment: String?
        var note: String?
    }

    func candidates(in bytes: UnsafeRawBufferPointer, path: String?, depth: Int, limit: Int) throws -> Pass.Result {
        var pass = Pass(detector: self, bytes: bytes, depth: depth, limit: max(limit, 64) * 4)
        let bulkSet = bytes.count >= bulkThreshold ? bulk.withLock { $0 } : nil
        if let bulkSet {
            try bulkSet.forEachMatch(in: bytes) { id, _, end in pass.hit(id, end) }
        } else {
            index.forEachHit(in: bytes) { id, end in pass.hit(id, end) }
        }
        return try pass.finish()
    }

    private func report(
        _ found: Pass.Result, in bytes: UnsafeRawBufferPointer, path: String?, _ context: ScanContext, firstLine: Int = 1
    ) -> [Finding] {
        var lines = LineCounter(firstLine: firstLine)
        var findings: [Finding] = []
        for candidate in found.prefix(context.findingLimit) {
            findings.append(finding(candidate, line: lines.line(of: candidate.range.lowerBound, in: bytes), path: path, context))
        }
        if found.wasCut || found.count > context.findingLimit {
            let end = found.last?.range.upperBound ?? 0
            findings.append(Self.limitFinding(
                at: end..<bytes.count, line: lines.line(of: end, in: bytes),
                "More than \(context.findingLimit) credentials: the rest of the text was not listed."))
        }
        return findings
    }

    func finding(_ candidate: Candidate, line: Int, path: String?, _ context: ScanContext) -> Finding {
        let rule = rules.rules[candidate.rule]
        let environment = candidate.environment ?? rule.environment ?? EnvironmentHint.ofPath(path)
        var severity = rule.severity
        if environment == "development", severity > .low { severity = Severity(rawValue: severity.rawValue - 1) ?? .low }
        if candidate.confidence < 0.5, severity > .medium { severity = .medium }
        let note = candidate.note.map { ", \($0)" } ?? ""
        let place = environment.map { " (\($0))" } ?? ""
        return Finding(
            scanner: scanner, rule: rule.id, category: rule.group, severity: severity, confidence: candidate.confidence,
            span: SourceSpan(start: candidate.range.lowerBound, end: candidate.range.upperBound), line: line, cwe: "CWE-798",
            message: "\(rule.name)\(place)\(note).",
            remedy: "Keep it out of text and code: read it from the environment or a secret store, and revoke what was exposed.",
            fingerprint: context.key.fingerprint(of: candidate.secret), environment: environment)
    }

    static func limitFinding(at range: Range<Int>, line: Int, _ message: String) -> Finding {
        Finding(
            scanner: "secrets", rule: "scan-limit", category: "scan_limit", severity: .medium, confidence: 1,
            span: SourceSpan(start: range.lowerBound, end: range.upperBound), line: line, message: message,
            remedy: "Split the content, or raise the limit.")
    }
}
