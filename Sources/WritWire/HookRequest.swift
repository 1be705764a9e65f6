// SPDX-License-Identifier: Apache-2.0

/// One event on its way from a hook to the daemon.
///
/// All of it is a claim by a process of the same user; nothing in it loosens a verdict.
public struct HookRequest: Sendable, Hashable {
    /// What the hook saw of its environment: whether things are there, not what they say.
    public struct Facts: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        /// `WRIT_HOME` is set and names another home than the pinned one. It was ignored.
        public static let homeDisagrees = Facts(rawValue: 1 << 0)
        /// No home was pinned; the environment named it. So no installed hook.
        public static let homeFromEnvironment = Facts(rawValue: 1 << 1)
        /// The agent runs in a vendor's cloud (`CLAUDE_CODE_REMOTE`, `CURSOR_CODE_REMOTE`).
        public static let remoteAgent = Facts(rawValue: 1 << 2)
        /// A dynamic loader variable (`LD_PRELOAD`, `LD_AUDIT`, `DYLD_INSERT_LIBRARIES`) is set.
        public static let loaderVariables = Facts(rawValue: 1 << 3)
        /// The hook had to start the daemon.
        public static let startedDaemon = Facts(rawValue: 1 << 4)
    }

    /// The agent's name in the hook's arguments.
    public var agent: String
    /// The home the hook obeys.
    public var home: String
    /// The event named by `--event`; empty when the payload alone says it.
    public var event: String
    /// The hook's own working directory.
    public var workingDirectory: String
    /// The folder that the agent says it was started for (`CLAUDE_PROJECT_DIR` …); empty when it says nothing.
    public var projectDirectory: String
    public var process: Int32
    public var parent: Int32
    /// When the hook started, in milliseconds since 1970.
    public var startedAt: UInt64
    /// How long the hook will still wait, in milliseconds. An answer after that reaches nobody.
    public var deadline: UInt32
    public var facts: Facts
    /// What the agent wrote to the hook's standard input.
    public var payload: [UInt8]

    /// Creates a request.
    public init(
        agent: String, home: String, event: String = "", workingDirectory: String = "/", projectDirectory: String = "",
        process: Int32 = 0, parent: Int32 = 0, startedAt: UInt64 = 0, deadline: UInt32 = 8000, facts: Facts = [],
        payload: [UInt8]
    ) {
        self.agent = agent
        self.home = home
        self.event = event
        self.workingDirectory = workingDirectory
        self.projectDirectory = projectDirectory
        self.process = process
        self.parent = parent
        self.startedAt = startedAt
        self.deadline = deadline
        self.facts = facts
        self.payload = payload
    }

    /// The frame of this request.
    ///
    /// - Throws: ``FrameFault`` when the payload or the paths are past the limits of ``Frame``.
    public func frame() throws(FrameFault) -> [UInt8] {
        var header = FieldWriter()
        header.text(agent)
        header.text(home)
        header.text(event)
        header.text(workingDirectory)
        header.text(projectDirectory)
        header.word(UInt32(bitPattern: process))
        header.word(UInt32(bitPattern: parent))
        header.long(startedAt)
        header.word(deadline)
        header.word(facts.rawValue)
        return try Frame.join(.hook, header: header.bytes, payload: payload)
    }

    /// Reads header and payload, which follow a prefix of kind ``Frame/Kind/hook``.
    public init(_ prefix: Frame.Prefix, body: [UInt8]) throws(FrameFault) {
        guard prefix.kind == .hook, body.count == prefix.bodyLength else { throw FrameFault("frame is cut short") }
        var header = FieldReader(body[..<prefix.headerLength])
        agent = try header.text()
        home = try header.text()
        event = try header.text()
        workingDirectory = try header.text()
        projectDirectory = try header.text()
        process = Int32(bitPattern: try header.word())
        parent = Int32(bitPattern: try header.word())
        startedAt = try header.long()
        deadline = try header.word()
        facts = Facts(rawValue: try header.word())
        // Later versions may add fields at the end of the header; they are skipped.
        payload = Array(body[prefix.headerLength...])
    }
}

/// What the daemon answers, byte for byte what the hook prints.
public struct HookResponse: Sendable, Hashable {
    /// 0 to 255.
    public var exitCode: Int32
    public var output: [UInt8]
    public var error: [UInt8]

    /// Creates a response.
    public init(exitCode: Int32 = 0, output: [UInt8] = [], error: [UInt8] = []) {
        self.exitCode = exitCode
        self.output = output
        self.error = error
    }

    /// Creates a response from text.
    public init(exitCode: Int32 = 0, output: String, error: String = "") {
        self.init(exitCode: exitCode, output: Array(output.utf8), error: Array(error.utf8))
    }

    /// The frame of this response: the error text is the header's rest, the output the payload.
    ///
    /// - Throws: ``FrameFault`` when the output is past 16 MiB or the error text past 60,000 bytes.
    public func frame() throws(FrameFault) -> [UInt8] {
        var header = FieldWriter()
        header.word(UInt32(bitPattern: exitCode))
        header.word(UInt32(clamping: error.count))
        header.bytes.append(contentsOf: error)
        return try Frame.join(.answer, header: header.bytes, payload: output)
    }

    /// Reads header and payload, which follow a prefix of kind ``Frame/Kind/answer``.
    public init(_ prefix: Frame.Prefix, body: [UInt8]) throws(FrameFault) {
        guard prefix.kind == .answer, body.count == prefix.bodyLength else { throw FrameFault("frame is cut short") }
        var header = FieldReader(body[..<prefix.headerLength])
        exitCode = Int32(bitPattern: try header.word())
        guard (0...255).contains(exitCode) else { throw FrameFault("exit code out of range") }
        let length = try header.word()
        guard length <= UInt32(Frame.maximumHeader) else { throw FrameFault("field is too long") }
        error = try header.bytes(Int(length))
        output = Array(body[prefix.headerLength...])
    }
}

extension Frame {
    /// A frame that only asks: ``Kind/status``, ``Kind/stop``, ``Kind/reload`` or, with a payload, ``Kind/approval``.
    public static func control(_ kind: Kind, payload: [UInt8] = []) throws(FrameFault) -> [UInt8] {
        try join(kind, header: [], payload: payload)
    }
}
