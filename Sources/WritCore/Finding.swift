// SPDX-License-Identifier: Apache-2.0

/// How bad something is. It travels to audit and reports; it never changes a decision by itself.
public enum Severity: Int, Sendable, Hashable, Comparable, CaseIterable {
    case info, low, medium, high, critical

    /// The word in policies and reports.
    public var name: String {
        switch self {
        case .info: "info"
        case .low: "low"
        case .medium: "medium"
        case .high: "high"
        case .critical: "critical"
        }
    }

    /// Reads the word.
    public init?(name: String) {
        guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }

    public static func < (left: Severity, right: Severity) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// What a scanner saw in a piece of content.
public struct Finding: Sendable, Hashable {
    /// `secrets`, `prompt_injection`, `unicode`, `code`, `supply_chain`, `skill`, `pii`.
    public var scanner: String
    /// The rule's stable id, such as `github-pat`.
    public var rule: String
    /// The group that policies name, such as `api_keys`.
    public var category: String
    public var severity: Severity
    /// A calibrated probability that this is what the rule says, 0 to 1.
    public var confidence: Double
    /// Where, in UTF-8 bytes of the text that was scanned.
    public var span: SourceSpan
    /// 1-based line of the start.
    public var line: Int
    /// `CWE-89` and the like; nil where none fits.
    public var cwe: String?
    /// One sentence: what was found. Never holds the secret itself.
    public var message: String
    /// One sentence: what to do instead.
    public var remedy: String
    /// A keyed fingerprint of the secret, so that it can be recognised again; nil for other findings.
    public var fingerprint: String?
    /// `production` or `development` for a credential whose form, name or place tells; nil where nothing does.
    public var environment: String?

    /// Creates a finding.
    public init(
        scanner: String, rule: String, category: String, severity: Severity, confidence: Double,
        span: SourceSpan = SourceSpan(start: 0, end: 0), line: Int = 1, cwe: String? = nil, message: String,
        remedy: String = "", fingerprint: String? = nil, environment: String? = nil
    ) {
        self.scanner = scanner
        self.rule = rule
        self.category = category
        self.severity = severity
        self.confidence = confidence
        self.span = span
        self.line = line
        self.cwe = cwe
        self.message = message
        self.remedy = remedy
        self.fingerprint = fingerprint
        self.environment = environment
    }
}
