// SPDX-License-Identifier: Apache-2.0

/// One effect that a call would have. Policies decide on operations, never on the look of a string.
public struct Operation: Sendable, Hashable {
    /// What is done. The raw values are the words of policies, of the ledger and of `op.kind`.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case fileRead = "file.read"
        case fileWrite = "file.write"
        case fileDelete = "file.delete"
        case fileSearch = "file.search"
        /// Owner, mode, attributes or ACL of a file.
        case fileMode = "file.mode"
        case shellExec = "shell.exec"
        case shellBackground = "shell.background"
        case netConnect = "net.connect"
        case netListen = "net.listen"
        case httpRequest = "http.request"
        case mcpCall = "mcp.call"
        case mcpResource = "mcp.resource"
        case gitCommit = "git.commit"
        case gitPush = "git.push"
        case gitFetch = "git.fetch"
        case gitConfig = "git.config"
        /// Uncommitted work is lost: `reset --hard`, `checkout -- .`, `clean -f`, `stash drop`.
        case gitDiscard = "git.discard"
        /// Commits become unreachable: rebase, amend, `branch -D`, filter-branch, reflog expiry.
        case gitRewrite = "git.rewrite"
        case pkgInstall = "pkg.install"
        case pkgPublish = "pkg.publish"
        case secretRead = "secret.read"
        case browserNavigate = "browser.navigate"
        case agentSpawn = "agent.spawn"
        case memoryWrite = "memory.write"
        /// Settings that make a program, the shell, an agent or the system act later by itself.
        case configWrite = "config.write"
        case deployApply = "deploy.apply"
        /// A remote, shared or managed resource is destroyed: a database, a table, a bucket, a cluster object, a volume.
        case resourceDelete = "resource.delete"
        /// A remote, shared or managed resource is created or changed.
        case resourceWrite = "resource.write"
        case processSignal = "process.signal"
        /// The program runs with more rights than the agent: sudo, su, setuid, privileged container.
        case privilegeRaise = "privilege.raise"
        /// The machine itself changes: services, users, firewall, mounts, kernel, power, logs, disks.
        case systemChange = "system.change"
        case toolOther = "tool.other"
    }

    /// Why nobody can say what an operation does.
    public enum Opaque: String, Sendable, Hashable, CaseIterable {
        /// A script, build file or test suite whose text is not at hand.
        case unread
        /// The program's name, or the code it gets, is computed while it runs.
        case computed
        /// Fetched, decoded or secret data becomes code, or leaves the machine.
        case tainted
        /// Past a stated limit of size, depth or count.
        case limit
        /// Text that is not a script in the language it was given as.
        case unparsable
    }

    /// What an operation has about it beyond its kind. A closed set, spelled in `op.traits`.
    public struct Traits: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        /// Asks no questions and overrides protections: `-f`, `--force`, `--no-verify`.
        public static let force = Traits(rawValue: 1 << 0)
        /// Acts on everything below.
        public static let recursive = Traits(rawValue: 1 << 1)
        /// What is there now cannot be got back.
        public static let irreversible = Traits(rawValue: 1 << 2)
        /// Data of this machine goes out with it.
        public static let upload = Traits(rawValue: 1 << 3)
        /// Data comes in with it.
        public static let download = Traits(rawValue: 1 << 4)
        /// The program that gets it runs text as code.
        public static let interpreter = Traits(rawValue: 1 << 5)
        /// Goes on after the call ends.
        public static let background = Traits(rawValue: 1 << 6)
        /// Ties a shell or a program to the network: reverse and bind shells.
        public static let networkShell = Traits(rawValue: 1 << 7)
        /// Checks are skipped: TLS verification, signatures, hooks, host keys.
        public static let unverified = Traits(rawValue: 1 << 8)
        /// Acts on another branch's or everybody's state: mirror, all branches, all namespaces.
        public static let wide = Traits(rawValue: 1 << 9)
        /// Only shows what it would do.
        public static let dryRun = Traits(rawValue: 1 << 10)
        /// Permissions become wider: world-writable, setuid, capabilities.
        public static let loosens = Traits(rawValue: 1 << 11)
        /// Happens through a program that can run anything (an interpreter's or editor's escape).
        public static let escape = Traits(rawValue: 1 << 12)
        /// The effect is one that the program can have, not one that its arguments ask for.
        public static let potential = Traits(rawValue: 1 << 13)
        /// What was fetched in it comes from well-known publishers alone, over verified connections.
        public static let published = Traits(rawValue: 1 << 14)
        /// A credential goes to the host in its place in the protocol (a header that logs in, the user part of a URL,
        /// a password option), and not as data.
        public static let authenticates = Traits(rawValue: 1 << 15)

        /// The names in `op.traits`, in the order of the bits.
        public static let names: [(trait: Traits, name: String)] = [
            (.force, "force"), (.recursive, "recursive"), (.irreversible, "irreversible"), (.upload, "upload"),
            (.download, "download"), (.interpreter, "interpreter"), (.background, "background"),
            (.networkShell, "network_shell"), (.unverified, "unverified"), (.wide, "wide"), (.dryRun, "dry_run"),
            (.loosens, "loosens"), (.escape, "escape"), (.potential, "potential"), (.published, "published"),
            (.authenticates, "authenticates"),
        ]
    }

    /// Where data comes from that reaches a program, a file or the network.
    public struct Taints: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8

        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// Fetched from the network.
        public static let net = Taints(rawValue: 1 << 0)
        /// Decoded, decrypted or decompressed.
        public static let decoded = Taints(rawValue: 1 << 1)
        /// Read from a credential store, a secret file or the environment.
        public static let secret = Taints(rawValue: 1 << 2)
        /// Goes with ``net`` unless the data comes from a well-known publisher over a verified connection. Operations
        /// don't carry it: they say ``Traits/published`` where it is missing.
        public static let stranger = Taints(rawValue: 1 << 3)
        /// Fetched from a place that nobody vouches for.
        public static let fetched: Taints = [.net, .stranger]

        /// The names in `op.stdin_taint`.
        public static let names: [(taint: Taints, name: String)] = [
            (.net, "net"), (.decoded, "decoded"), (.secret, "secret"),
        ]
    }

    /// Whether the text an operation was read from is run, or only carried as data.
    public enum Role: String, Sendable, Hashable {
        case executed
        case data
    }

    /// A package that is installed or published.
    public struct Package: Sendable, Hashable {
        /// `npm`, `pypi`, `crates`, `go`, `rubygems`, `apt`, `brew`, `docker` …
        public var ecosystem: String
        public var name: String
        /// The version asked for, as written; empty when none was.
        public var version: String

        /// Creates a package.
        public init(ecosystem: String, name: String, version: String = "") {
            self.ecosystem = ecosystem
            self.name = name
            self.version = version
        }
    }

    public var kind: Kind
    /// Base name of the program that has the effect; empty outside the shell.
    public var program: String
    /// The program's arguments, itself first, after all expansion; what is unknown stands as `…`.
    public var arguments: [String]
    /// The command as one canonical text: quotes removed, words joined by one space. For pattern rules.
    public var command: String
    /// Canonical absolute path, lexically normalised, symbolic links resolved when the file system was at hand.
    public var path: String
    /// `path` is a glob pattern (`*`, `**`, `?`) because part of it is not known or many files are meant.
    public var isPattern: Bool
    public var host: String
    public var port: Int
    /// HTTP method, upper case, or the verb of a resource command.
    public var method: String
    public var package: Package?
    /// Remote and branch of a git operation.
    public var remote: String
    public var branch: String
    public var traits: Traits
    public var opaque: Opaque?
    /// What exactly is not known, or what makes the operation what it is, in a few words for people.
    public var detail: String
    /// How many programs stand between the call and this effect: 0 for what the text names directly.
    public var depth: Int
    /// Where the data comes from that this operation gets or sends.
    public var taints: Taints
    /// The text that causes the operation, in bytes of the call's command; nil outside the shell.
    public var span: SourceSpan?
    public var role: Role

    /// Creates an operation; what does not apply has the empty value.
    public init(
        _ kind: Kind, program: String = "", arguments: [String] = [], command: String = "", path: String = "",
        isPattern: Bool = false, host: String = "", port: Int = 0, method: String = "", package: Package? = nil,
        remote: String = "", branch: String = "", traits: Traits = [], opaque: Opaque? = nil, detail: String = "",
        depth: Int = 0, taints: Taints = [], span: SourceSpan? = nil, role: Role = .executed
    ) {
        self.kind = kind
        self.program = program
        self.arguments = arguments
        self.command = command
        self.path = path
        self.isPattern = isPattern
        self.host = host
        self.port = port
        self.method = method
        self.package = package
        self.remote = remote
        self.branch = branch
        self.traits = traits
        self.opaque = opaque
        self.detail = detail
        self.depth = depth
        self.taints = taints
        self.span = span
        self.role = role
    }
}

extension Operation.Kind {
    /// The place in `allCases`. Written out, because it is asked for every operation and rule.
    public var index: Int {
        switch self {
        case .fileRead: 0
        case .fileWrite: 1
        case .fileDelete: 2
        case .fileSearch: 3
        case .fileMode: 4
        case .shellExec: 5
        case .shellBackground: 6
        case .netConnect: 7
        case .netListen: 8
        case .httpRequest: 9
        case .mcpCall: 10
        case .mcpResource: 11
        case .gitCommit: 12
        case .gitPush: 13
        case .gitFetch: 14
        case .gitConfig: 15
        case .gitDiscard: 16
        case .gitRewrite: 17
        case .pkgInstall: 18
        case .pkgPublish: 19
        case .secretRead: 20
        case .browserNavigate: 21
        case .agentSpawn: 22
        case .memoryWrite: 23
        case .configWrite: 24
        case .deployApply: 25
        case .resourceDelete: 26
        case .resourceWrite: 27
        case .processSignal: 28
        case .privilegeRaise: 29
        case .systemChange: 30
        case .toolOther: 31
        }
    }
}

/// A place in source text.
public struct SourceSpan: Sendable, Hashable {
    // A tree of a large script holds millions of spans, and no text that is read comes near four gigabytes.
    private var first: UInt32
    private var last: UInt32

    /// Byte offsets in UTF-8, half open. One past four gigabytes is kept as the largest number there is.
    public var start: Int {
        get { Self.wide(first) }
        set { first = UInt32(clamping: newValue) }
    }
    public var end: Int {
        get { Self.wide(last) }
        set { last = UInt32(clamping: newValue) }
    }

    /// Creates a span; `end` below `start` is raised to it.
    public init(start: Int, end: Int) {
        first = UInt32(clamping: start)
        last = UInt32(clamping: max(start, end))
    }

    private static func wide(_ offset: UInt32) -> Int { offset == .max ? .max : Int(offset) }
}
