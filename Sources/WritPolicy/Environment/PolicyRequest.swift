// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// Everything that a decision depends on. Recorded with the decision, it makes the decision repeatable.
///
/// Every field has a zero value that says "nothing known"; no grant can rest on one. The caller fills in what it
/// knows from trusted places, never from the agent's own words.
public struct PolicyRequest: Sendable, Hashable {
    /// The large parts: everybody reads them and hardly anybody changes them, so that all copies of a request share
    /// them.
    @usableFromInline
    final class Ground: Sendable, Hashable {
        @usableFromInline let call: Call
        @usableFromInline let facts: Facts
        @usableFromInline let session: SessionState

        @usableFromInline
        init(call: Call, facts: Facts, session: SessionState) {
            self.call = call
            self.facts = facts
            self.session = session
        }

        @usableFromInline
        static func == (left: Ground, right: Ground) -> Bool {
            left === right
                || left.call == right.call && left.facts == right.facts && left.session == right.session
        }

        @usableFromInline
        func hash(into hasher: inout Hasher) {
            hasher.combine(call)
            hasher.combine(facts)
            hasher.combine(session)
        }
    }

    @usableFromInline var ground: Ground

    @inlinable public var call: Call {
        get { ground.call }
        set { ground = Ground(call: newValue, facts: ground.facts, session: ground.session) }
    }
    @inlinable public var facts: Facts {
        get { ground.facts }
        set { ground = Ground(call: ground.call, facts: newValue, session: ground.session) }
    }
    @inlinable public var session: SessionState {
        get { ground.session }
        set { ground = Ground(call: ground.call, facts: ground.facts, session: newValue) }
    }
    /// Which rules look at the call. From the call's event unless content is looked at on its own.
    public var phase: Phase
    /// What the call would do. Empty in the phase `tool_call` stands for one operation of the tool's own kind.
    public var operations: [Operation]
    /// The shell command as the agent wrote it, for pattern rules; empty when there is none.
    public var commandText: String
    /// What the scanners saw in this call's content.
    public var findings: [Finding]
    /// Scanners that could not do their work.
    public var scannerFaults: [ScannerFault]
    /// What other engines say (delegation, kill switch, sequences): joined by maximum with what policy says.
    public var further: [Decision.Reason]
    /// In ``approvedGates``: a person has consented to this very call where no gate is named.
    public static let hostPrompt = ""
    /// Gates (full ids) that have agreed to this very call; the caller has checked and used up the approvals.
    public var approvedGates: Set<String>
    /// Seconds since 1970.
    public var now: Int64
    public var roots: PathRoots
    /// What the agent's host can carry out in this phase.
    public var host: HostCapabilities

    /// Creates a request for a call; roots come from the call's folders, the shell text from its arguments.
    public init(
        call: Call, phase: Phase? = nil, operations: [Operation] = [], findings: [Finding] = [], facts: Facts = Facts(),
        session: SessionState = SessionState(), now: Int64 = 0
    ) {
        ground = Ground(call: call, facts: facts, session: session)
        self.phase = phase ?? call.phase
        self.operations = operations
        self.findings = findings
        self.now = now
        commandText = call.arguments["command"]?.string ?? ""
        scannerFaults = []
        further = []
        approvedGates = []
        roots = PathRoots(
            repo: facts.repo.root.isEmpty ? call.workspace : facts.repo.root, home: call.home, work: call.workspace)
        host = HostCapabilities()
    }
}

/// A scanner that crashed, ran out of time or got more than it can read.
public struct ScannerFault: Sendable, Hashable {
    public var scanner: String
    /// A few words for people.
    public var message: String

    /// Creates a fault.
    public init(scanner: String, message: String) {
        self.scanner = scanner
        self.message = message
    }
}

/// What an agent's host does with an answer in one phase.
public struct HostCapabilities: Sendable, Hashable {
    public var canBlock: Bool
    public var canAsk: Bool
    /// Text that flows back can be replaced; needed for redaction.
    public var canReplaceContent: Bool
    public var canAddContext: Bool

    /// Creates capabilities; a host can do everything unless stated.
    public init(
        canBlock: Bool = true, canAsk: Bool = true, canReplaceContent: Bool = true, canAddContext: Bool = true
    ) {
        self.canBlock = canBlock
        self.canAsk = canAsk
        self.canReplaceContent = canReplaceContent
        self.canAddContext = canAddContext
    }
}

/// What is known about the people, the task and the place, from trusted sources.
public struct Facts: Sendable, Hashable {
    /// The delegating person.
    public struct User: Sendable, Hashable {
        public var id = ""
        public var groups: [String] = []
        public var roles: [String] = []
        public var mfa = false
        /// The highest risk class this person may delegate.
        public var ceiling = 0
        /// Creates an unknown person.
        public init() {}
    }

    /// The agent, beyond what the call says about it.
    public struct Agent: Sendable, Hashable {
        public var registered = false
        public var parent = ""
        public var chain: [String] = []
        public var trust = 0
        /// Creates an unknown agent.
        public init() {}
    }

    /// The task, from the delegation or the registry, never from the model.
    public struct Task: Sendable, Hashable {
        public var id = ""
        public var workflow = ""
        public var intent = ""
        public var ticket = ""
        public var origin = ""
        /// Seconds since 1970.
        public var started: Int64 = 0
        /// Creates an unknown task.
        public init() {}
    }

    /// The delegation.
    public struct Writ: Sendable, Hashable {
        public var present = false
        public var id = ""
        public var issuer = ""
        public var depth = 0
        /// Seconds since 1970.
        public var expires: Int64 = 0
        public var environments: [String] = []
        /// The ids of all links, the root's first; ``id`` is the last.
        public var chain: [String] = []
        /// Age of the revocation list in seconds; nil when there is none.
        public var revocationAge: Int?
        /// Creates an absent delegation.
        public init() {}
    }

    /// Where the agent runs.
    public struct Environment: Sendable, Hashable {
        /// `prototyping`, `guarded`, `production` or a policy's own; empty counts as `prototyping`.
        public var profile = ""
        public var name = ""
        public var ci = false
        public var os = ""
        public var sandbox = ""
        public var offline = false
        /// Creates an unknown environment.
        public init() {}
    }

    /// The repository that the agent works in.
    public struct Repo: Sendable, Hashable {
        /// Absolute path; empty outside a repository.
        public var root = ""
        public var remote = ""
        public var branch = ""
        public var defaultBranch = ""
        public var protected = false
        public var visibility = ""
        public var trusted = false
        /// Creates an unknown repository.
        public init() {}
    }

    /// The MCP server of the call, for calls of MCP tools.
    public struct MCP: Sendable, Hashable {
        /// The tool's definition is the one that was approved.
        public var pinned = false
        public var readOnlyHint = false
        public var destructiveHint = false
        /// Who the server has proved to be.
        public var identity = ""
        /// Creates an unknown server.
        public init() {}
    }

    /// The content that is looked at, in the phases that have one.
    public struct Content: Sendable, Hashable {
        public var source = ""
        public var origin = ""
        public var mime = ""
        public var path = ""
        /// In bytes.
        public var size = 0
        public var trusted = false
        /// Creates unknown content.
        public init() {}
    }

    /// How the call before this one ended.
    public struct Last: Sendable, Hashable {
        public var tool = ""
        /// `succeeded`, `failed`, `denied` or empty.
        public var outcome = ""
        public var exitCode = 0
        /// Creates the absence of a call.
        public init() {}
    }

    /// How old a package is, from the local index.
    public struct PackageAge: Sendable, Hashable {
        public var days: Int
        public var isKnown: Bool
        /// Creates an age.
        public init(days: Int, isKnown: Bool) {
            self.days = days
            self.isKnown = isKnown
        }
    }

    public var user = User()
    public var agent = Agent()
    public var task = Task()
    public var writ = Writ()
    public var environment = Environment()
    public var repo = Repo()
    public var mcp = MCP()
    public var content = Content()
    public var last = Last()
    /// By `ecosystem:name`.
    public var packages: [String: PackageAge] = [:]
    /// SHA-256 of the call's canonical form, lower-case hexadecimal; empty when nobody has computed it.
    public var callHash = ""

    /// Creates facts of which nothing is known.
    public init() {}
}

/// What has happened in the session so far, as the decision sees it. The caller keeps it; deciding only reads it.
public struct SessionState: Sendable, Hashable {
    /// What the session has touched.
    public struct Label: Sendable, Hashable {
        /// `untrusted`, `secret`, `pii`, `private_repo`, a policy's own, or the canonical name of a tool that was used.
        public var name: String
        /// Seconds since it was last set.
        public var age: Int
        /// The task in which it was set; empty when unknown, which counts as the present one.
        public var task: String

        /// The labels that Writ sets by itself.
        public static let known: Set<String> = ["untrusted", "secret", "pii", "private_repo", "memory", "prototyping"]

        /// Creates a label.
        public init(_ name: String, age: Int = 0, task: String = "") {
            self.name = name
            self.age = age
            self.task = task
        }
    }

    public var id = ""
    /// In seconds.
    public var age = 0
    /// Calls so far.
    public var calls = 0
    /// Calls so far that were denied.
    public var denied = 0
    public var labels: [Label] = []
    /// Named counts for conditions.
    public var counts: [String: Int] = [:]
    /// Hosts contacted so far.
    public var hosts: [String] = []
    /// How much of each budget is used, by ``BudgetCharge/account``.
    public var used: [String: Double] = [:]
    /// Keyed fingerprints of the secrets seen so far.
    public var fingerprints: Set<String> = []
    /// A `halt` has stopped the session and nobody has resumed it.
    public var isHalted = false

    /// Creates the state of a session that has just begun.
    public init() {}
}
