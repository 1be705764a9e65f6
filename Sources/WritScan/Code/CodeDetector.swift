// SPDX-License-Identifier: Apache-2.0
public import WritCore
internal import WritPattern

/// Finds vulnerability patterns in code: tokens and a light structure for every language, values followed inside one
/// function, rules from tables.
///
/// A file above ``sizeLimit`` bytes is read up to it, and a finding `code-size-limit` says so.
public struct CodeDetector: Detector {
    public let scanner = "code"
    /// Bytes of one file that are read: 8 MiB.
    public static let sizeLimit = 8 << 20
    private let rules: CodeRules

    /// A detector with the rules that ship with Writ.
    public init() throws(CodeRules.Fault) {
        try self.init(rules: CodeRules.builtIn())
    }

    /// A detector with these rules, indexed.
    public init(rules: CodeRules) {
        self.rules = rules
    }

    public func findings(in request: ScanRequest, _ context: ScanContext) throws -> [Finding] {
        try request.text.withUnsafeBytes { whole in
            let bytes = whole.part(0..<Self.sizeLimit)
            var language =
                request.language.flatMap { CodeLanguage(name: $0) } ?? request.path.flatMap { CodeLanguage(path: $0) }
                ?? CodeLanguage(guessing: bytes)
            if language == .other { language = CodeLanguage(guessing: bytes) }
            var found = try findings(in: bytes, language, path: request.path ?? "")
            if whole.count > bytes.count {
                found.append(
                    Finding(
                        scanner: scanner, rule: "code-size-limit", category: "limit", severity: .info, confidence: 1,
                        span: SourceSpan(start: bytes.count, end: whole.count), line: 1,
                        message: "only the first \(Self.sizeLimit) bytes of this file were checked as code",
                        remedy: "Split the file, or check its source instead of what was built from it"))
            }
            return ScanLimit.cut(found, to: context.findingLimit, scanner: scanner)
        }
    }

    func findings(in bytes: UnsafeRawBufferPointer, _ language: CodeLanguage, path: String) throws -> [Finding] {
        let unit = SourceUnit(bytes: bytes, language: language)
        var pass = CodePass(unit: unit, rules: rules, path: path)
        try pass.run()
        var found = pass.findings
        found += HiddenText.findings(in: unit, scanner: scanner)
        return Self.merged(found)
    }

    /// One finding a line and weakness: the surest stays.
    private static func merged(_ all: [Finding]) -> [Finding] {
        var best: [String: Finding] = [:]
        for finding in all {
            let key = "\(finding.line) \(finding.cwe ?? finding.rule)"
            if let old = best[key], (old.severity, old.confidence) >= (finding.severity, finding.confidence) {
                continue
            }
            best[key] = finding
        }
        return best.values.sorted { ($0.span.start, $0.rule) < ($1.span.start, $1.rule) }
    }
}

/// The most findings one request gives.
enum ScanLimit {
    static func cut(_ found: [Finding], to limit: Int, scanner: String) -> [Finding] {
        guard found.count > limit else { return found }
        return Array(found.prefix(limit - 1)) + [
            Finding(
                scanner: scanner, rule: "scan-limit", category: "limit", severity: .info, confidence: 1,
                span: found[limit - 1].span, line: found[limit - 1].line,
                message: "\(found.count - limit + 1) more findings are left out", remedy: "Look at these first")
        ]
    }
}
