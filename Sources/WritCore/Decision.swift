// SPDX-License-Identifier: Apache-2.0

/// A point on the lattice `allow < ask < deny < halt`. The answer to a call is the maximum of everything that matched.
public enum Verdict: Int, Sendable, Hashable, Comparable, CaseIterable {
    case allow, ask, deny, halt

    /// The word in policies, answers and the ledger.
    public var name: String {
        switch self {
        case .allow: "allow"
        case .ask: "ask"
        case .deny: "deny"
        case .halt: "halt"
        }
    }

    /// Reads the word.
    public init?(name: String) {
        guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }

    public static func < (left: Verdict, right: Verdict) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// What Writ answers to a call, and why.
public struct Decision: Sendable, Hashable {
    /// One rule, default or error that had a say.
    public struct Reason: Sendable, Hashable {
        /// `<layer>/<policy>/<rule>`, or `<layer>/<policy>/defaults`, or `error/<what>`.
        public var rule: String
        public var verdict: Verdict
        public var severity: Severity
        /// Which operation, as an index into the call's operations; nil when the whole call is meant.
        public var operation: Int?
        /// One sentence for people and for the model: what is wrong, and what would be allowed instead.
        public var message: String
        /// `owasp:…`, `writ:…` tags of the rule; categories in reports.
        public var tags: [String]

        /// Creates a reason.
        public init(
            rule: String, verdict: Verdict, severity: Severity = .medium, operation: Int? = nil, message: String = "",
            tags: [String] = []
        ) {
            self.rule = rule
            self.verdict = verdict
            self.severity = severity
            self.operation = operation
            self.message = message
            self.tags = tags
        }
    }

    public var verdict: Verdict
    /// What the agent is told: the rule, the operation and the alternative, in one or two sentences.
    public var message: String
    /// Everything that reached the verdict, worst first; lesser matches after them.
    public var reasons: [Reason]
    /// Conditions on an allow: redaction, annotation, taint …
    public var obligations: [Obligation]
    /// The gate whose approval turns an `ask` into an `allow`; nil for the host's own prompt.
    public var gate: String?
    /// Policy says in so many words that this call is granted, so that a host's own prompt may be skipped.
    public var isExplicitGrant: Bool

    /// Creates a decision.
    public init(
        _ verdict: Verdict, message: String = "", reasons: [Reason] = [], obligations: [Obligation] = [],
        gate: String? = nil, isExplicitGrant: Bool = false
    ) {
        self.verdict = verdict
        self.message = message
        self.reasons = reasons
        self.obligations = obligations
        self.gate = gate
        self.isExplicitGrant = isExplicitGrant
    }
}

/// Something that must be done for a grant to hold. Obligations commute; of two the tighter one counts.
public enum Obligation: Sendable, Hashable {
    case redact(groups: [String])
    case annotate(String)
    case sandbox(profile: String)
    case scan(scanners: [String])
    case maxBytes(Int)
    case taint(label: String)
    case notify(channel: String)
    case rate(count: Int, seconds: Int)
}
