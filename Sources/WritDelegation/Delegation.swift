// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// One link of a writ: what a signer lets a holder do, for whom, for which task, where and until when.
///
/// A link is a claim until ``DelegationChain`` has verified it. What a chain allows is what every link of it allows.
public struct Delegation: Sendable, Hashable {
    /// The person in whose name everything happens; the same in every link of a chain.
    public struct Principal: Sendable, Hashable {
        public var subject: String
        /// Who vouched for the person: an issuer's URL, or empty on a machine of one's own.
        public var identityProvider: String
        /// How the person was authenticated (RFC 8176 names).
        public var methods: [String]
        /// When, in seconds since 1970.
        public var authenticatedAt: Int64

        /// Creates a principal.
        public init(
            subject: String, identityProvider: String = "", methods: [String] = [], authenticatedAt: Int64 = 0
        ) {
            self.subject = subject
            self.identityProvider = identityProvider
            self.methods = methods
            self.authenticatedAt = authenticatedAt
        }
    }

    /// The agent that holds the link; empty parts are not restricted.
    public struct Agent: Sendable, Hashable {
        public var id: String
        /// As in ``AgentIdentity/kind``.
        public var kind: String
        public var instance: String

        /// Creates an agent.
        public init(id: String = "", kind: String = "", instance: String = "") {
            self.id = id
            self.kind = kind
            self.instance = instance
        }
    }

    /// What the agent is to do. A derived link's id is the parent's, or begins with it and a slash.
    public struct Task: Sendable, Hashable {
        public var id: String
        public var workflow: String
        public var intent: String
        /// Where the task came from, such as `ticket:1842`.
        public var origin: String

        /// Creates a task.
        public init(id: String, workflow: String = "", intent: String = "", origin: String = "") {
            self.id = id
            self.workflow = workflow
            self.intent = intent
            self.origin = origin
        }
    }

    /// Which operations. Each list that is not empty must fit; the words mean what they mean under a rule's `match`.
    public struct Capability: Sendable, Hashable {
        public var actions: [String]
        public var tools: [String]
        public var commands: [String]
        public var paths: [String]
        public var hosts: [String]
        public var packages: [String]
        /// Where any argument of a tool is named, arguments that are not named are refused.
        public var arguments: [ArgumentRule]

        /// Creates a capability.
        public init(
            actions: [String] = [], tools: [String] = [], commands: [String] = [], paths: [String] = [],
            hosts: [String] = [], packages: [String] = [], arguments: [ArgumentRule] = []
        ) {
            self.actions = actions
            self.tools = tools
            self.commands = commands
            self.paths = paths
            self.hosts = hosts
            self.packages = packages
            self.arguments = arguments
        }
    }

    /// What is asked of a person before it happens.
    public struct Question: Sendable, Hashable {
        public var capability: Capability
        /// A gate of the policies by its name; nil asks whoever the host asks.
        public var gate: String?

        /// Creates a question.
        public init(_ capability: Capability, gate: String? = nil) {
            self.capability = capability
            self.gate = gate
        }
    }

    /// How much; nil is not restricted. A call under a derived link is charged to every link above it.
    public struct Budgets: Sendable, Hashable {
        public var calls: Int?
        public var writes: Int?
        public var costCents: Int?

        /// Creates budgets.
        public init(calls: Int? = nil, writes: Int? = nil, costCents: Int? = nil) {
            self.calls = calls
            self.writes = writes
            self.costCents = costCents
        }
    }

    /// Unique (UUID version 7); the name that budgets, revocations and the ledger use. Claim `jti`.
    public var id: String
    /// A root's issuer names itself; a derived link's is the thumbprint URN of its parent's holder.
    public var issuer: String
    /// Seconds since 1970, as the other times.
    public var issuedAt: Int64
    public var notBefore: Int64
    public var expires: Int64
    public var audience: [String]
    /// The Ed25519 public key that may derive from this link and prove possession of it: 32 bytes.
    public var holder: [UInt8]
    /// 0 in a root.
    public var depth: Int
    public var maximumDepth: Int
    /// SHA-256 of the parent's signing input, base64url; nil in a root.
    public var parentHash: String?

    public var principal: Principal
    public var agent: Agent
    public var task: Task
    /// Profiles and names of environments in which the link holds; the first decides nothing, the strictest does.
    public var environments: [String]
    public var grants: [Capability]
    public var denials: [Capability]
    public var questions: [Question]
    public var budgets: Budgets
    /// Who may be given a derived link: `agent:NAME` of sub-agents.
    public var delegates: [String]
    /// The least revision of policies, by name, that must be in force.
    public var minimumRevisions: [String: Int]

    /// Creates a link that grants nothing.
    public init(
        id: String, issuer: String, issuedAt: Int64, notBefore: Int64, expires: Int64, audience: [String],
        holder: [UInt8], depth: Int = 0, maximumDepth: Int = 0, parentHash: String? = nil, principal: Principal,
        agent: Agent = Agent(), task: Task, environments: [String], grants: [Capability] = [],
        denials: [Capability] = [], questions: [Question] = [], budgets: Budgets = Budgets(),
        delegates: [String] = [], minimumRevisions: [String: Int] = [:]
    ) {
        self.id = id
        self.issuer = issuer
        self.issuedAt = issuedAt
        self.notBefore = notBefore
        self.expires = expires
        self.audience = audience
        self.holder = holder
        self.depth = depth
        self.maximumDepth = maximumDepth
        self.parentHash = parentHash
        self.principal = principal
        self.agent = agent
        self.task = task
        self.environments = environments
        self.grants = grants
        self.denials = denials
        self.questions = questions
        self.budgets = budgets
        self.delegates = delegates
        self.minimumRevisions = minimumRevisions
    }
}
