// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// Where a policy stands. The higher, the more it binds; no layer can loosen another.
public enum Layer: Int, Sendable, Hashable, Comparable, CaseIterable {
    /// Writ's own rules.
    case builtin
    case organization, team, project, user
    /// A link of a delegation. No file: it comes with a session and restricts alone.
    case delegation

    /// The word in policies and in rules' ids.
    public var name: String {
        switch self {
        case .builtin: "builtin"
        case .organization: "organization"
        case .team: "team"
        case .project: "project"
        case .user: "user"
        case .delegation: "writ"
        }
    }

    /// Reads the word of a layer that files belong to.
    public init?(name: String) {
        guard let found = Self.allCases.first(where: { $0.name == name && $0 != .delegation }) else { return nil }
        self = found
    }

    /// Higher layers are smaller.
    public static func < (left: Layer, right: Layer) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// A value with its place in the policy file.
public struct Marked<Value: Sendable & Hashable>: Sendable, Hashable {
    public var value: Value
    public var mark: SourceMark

    /// Creates a marked value.
    public init(_ value: Value, _ mark: SourceMark) {
        self.value = value
        self.mark = mark
    }
}

/// A policy as its author wrote it: typed, checked against the schema, not yet compiled.
public struct PolicyDocument: Sendable, Hashable {
    /// Which language the document is written in.
    public enum Dialect: String, Sendable, Hashable {
        /// Scanner rules alone; reads the policies of the Rune agent firewall.
        case one = "1.0"
        case two = "2"
    }

    public struct Defaults: Sendable, Hashable {
        public var decision: Verdict?
        public var onError: Verdict?
        /// What trying a refused effect in other words leads to; nil for what other layers and Writ say.
        public var variants: VariantLimits?
    }

    public struct Profile: Sendable, Hashable {
        /// Whether a call needs a delegation.
        public enum Writ: String, Sendable, Hashable {
            case required, optional, ignored
        }

        public var name: String
        public var decision: Verdict?
        public var onError: Verdict?
        public var writ: Writ?
        /// In seconds.
        public var maximumRevocationAge: Int?
        /// The host's own prompt (true) or Writ's broker (false) asks; nil when not stated.
        public var hostsAskNatively: Bool?
    }

    public struct Gate: Sendable, Hashable {
        public var name: String
        /// `role:…`, `group:…`, `user:…`.
        public var approvers: [String]
        public var count: Int
        public var excludesDelegator: Bool
        /// In seconds.
        public var expires: Int
        /// `any`, `mfa`, `webauthn`.
        public var authentication: String
        public var channels: [String]
        /// An approval holds for calls of the same shape, not only for this one.
        public var isForPattern: Bool
        public var maximumUses: Int
        public var mark: SourceMark
    }

    /// The keys are ANDed, the items of a key are ORed. A missing key matches everything; an empty list nothing.
    public struct Match: Sendable, Hashable {
        public var users: [Marked<String>]?
        public var groups: [Marked<String>]?
        public var roles: [Marked<String>]?
        public var agents: [Marked<String>]?
        public var workflows: [Marked<String>]?
        public var environment: [Marked<String>]?
        public var actions: [Marked<String>]?
        public var tools: [Marked<String>]?
        public var commands: [Marked<String>]?
        public var paths: [Marked<String>]?
        public var hosts: [Marked<String>]?
        public var packages: [Marked<String>]?
        public var repos: [Marked<String>]?

        /// Creates a match that matches everything.
        public init() {}
    }

    public struct Limits: Sendable, Hashable {
        public var count: Int
        /// In seconds; nil for good.
        public var window: Int?
        public var per: String
        public var then: Verdict
    }

    public struct Scanner: Sendable, Hashable {
        public var name: String
        public var phases: Set<Phase>
        public var toolName: Marked<String>?
        public var blockedPatterns: [Marked<String>]?
        public var allowedPatterns: [Marked<String>]?
        public var allowedTools: [Marked<String>]?
        /// Detector groups; nil for all.
        public var groups: [Marked<String>]?
        /// For the phases that ``thresholds`` leaves out.
        public var minimumConfidence: Double?
        public var thresholds: [Phase: Double] = [:]
        public var minimumSeverity: Severity?
        public var checksTyposquat: Bool?
        public var checksReputation: Bool?
        public var minimumWeeklyDownloads: Int?
        public var languages: [String]?
    }

    public struct Rule: Sendable, Hashable {
        /// What a matching rule does.
        public enum Action: String, Sendable, Hashable {
            case allow, ask, deny, halt, alert, log, redact
        }

        public var name: String
        public var mark: SourceMark
        public var action: Action
        public var description: String
        public var message: String
        public var messageMark: SourceMark?
        public var severity: Severity
        public var tags: [String]
        /// Seconds since 1970.
        public var expires: Int64?
        public var match: Match
        public var when: Marked<String>?
        public var unless: Marked<String>?
        public var gate: Marked<String>?
        public var limits: Limits?
        public var obligations: [Obligation]
        public var examples: [Marked<String>]
        public var counterexamples: [Marked<String>]
        public var scanner: Scanner?
        public var onError: Verdict?
        /// Of delegations alone; in files conditions say this.
        public var arguments: [ArgumentRule] = []
    }

    public struct MCP: Sendable, Hashable {
        public struct Server: Sendable, Hashable {
            public var name: String
            public var url: String?
            public var command: String?
            public var identity: String?
        }

        public var servers: [Server]
        public var unknownServer: Verdict?
        public var pinsDefinitions: Bool
        public var onDefinitionChange: Verdict
        public var hidesDenied: Bool
    }

    public struct Egress: Sendable, Hashable {
        public struct Entry: Sendable, Hashable {
            public var hosts: [Marked<String>]
            /// Nil for all.
            public var ports: [Int]?
            /// Upper case; nil for all.
            public var methods: [String]?
        }

        public var allowsByDefault: Bool
        public var allow: [Entry]
        public var deny: [Entry]
        public var allowsPrivateAddresses: Bool
    }

    public struct Budget: Sendable, Hashable {
        public var name: String
        public var mark: SourceMark
        public var per: String
        public var count: Int?
        public var meter: String?
        public var limit: Double?
        public var match: Match
        public var key: Marked<String>?
        /// `any`, `succeeded`, `failed`.
        public var outcome: String
        /// In seconds; nil for good.
        public var window: Int?
        public var then: Verdict
        /// Counts the operations that change something, of whatever kind. Of delegations alone.
        public var countsWrites = false
    }

    public struct Flow: Sendable, Hashable {
        /// How long a label counts.
        public enum Reach: Sendable, Hashable {
            case session, task
            case seconds(Int)
        }

        public var name: String
        public var mark: SourceMark
        public var from: [Marked<String>]
        public var to: Match
        public var when: Marked<String>?
        public var unless: Marked<String>?
        public var action: Rule.Action
        public var gate: Marked<String>?
        public var within: Reach
        public var clearedBy: Marked<String>?
        public var message: String
        public var severity: Severity
        public var tags: [String]
    }

    public struct Waiver: Sendable, Hashable {
        public var rule: Marked<String>
        public var reason: String
        public var approvedBy: String
        /// Seconds since 1970.
        public var until: Int64
        public var match: Match

        /// Creates a waiver.
        public init(rule: Marked<String>, reason: String, approvedBy: String, until: Int64, match: Match) {
            self.rule = rule
            self.reason = reason
            self.approvedBy = approvedBy
            self.until = until
            self.match = match
        }
    }

    public var dialect: Dialect
    /// As the caller named it.
    public var file: String
    public var name: String
    /// The layer that the document names itself.
    public var layer: Marked<Layer>?
    public var owner: String
    public var revision: Int
    public var defaults: Defaults
    public var profiles: [Profile]
    public var lists: [String: [Marked<String>]]
    public var gates: [Gate]
    public var rules: [Rule]
    public var mcp: MCP?
    public var egress: Egress?
    public var budgets: [Budget]
    public var flows: [Flow]
    public var waivers: [Waiver]
    public var tests: [Test]
}
