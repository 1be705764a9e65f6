// SPDX-License-Identifier: Apache-2.0

public import WritCore

/// One coding agent's hook format: its bytes to a ``WritCore/Call``, a decision to its spelling of it.
///
/// An adapter is a value without state. What it knows about its agent (events, what each can do, tools and their
/// arguments) is data, so that reports and installers read the same tables as the code.
public protocol AgentAdapter: Sendable {
    /// The agent's name in the hook's arguments and in ``WritCore/AgentIdentity/kind``.
    var kind: String { get }
    /// What each event can and cannot do on this host.
    var events: [EventCapability] { get }
    /// What a person should know of the host beside its events, one sentence each.
    var limits: [String] { get }

    /// What this very event can do; narrower than its row in ``events`` where the host treats some tools differently.
    /// Nil for an event that is not in the table.
    func capability(for delivery: Delivery) -> EventCapability?

    /// Reads one event.
    ///
    /// Unknown fields, unknown events and missing optional fields are accepted. The call's `id` is left empty.
    /// - Throws: ``PayloadFault`` when the bytes are no event of this agent; the caller answers ``closed(_:reason:)``.
    func decode(_ payload: [UInt8], in context: HookContext) throws(PayloadFault) -> Delivery

    /// Spells a decision. An allow is silence, unless policy granted the call in so many words.
    ///
    /// - Parameter replacement: after a tool ran, what the model shall see instead of ``WritCore/Call/response``, in the
    ///   same shape; nil to leave the output as it is.
    func encode(_ decision: Decision, for delivery: Delivery, replacement: JSON?) -> HookAnswer

    /// The answer when no decision could be reached; `event` is empty when its name is not known.
    func closed(_ event: String, reason: String) -> HookAnswer
}

extension AgentAdapter {
    /// Spells a decision that replaces nothing.
    public func encode(_ decision: Decision, for delivery: Delivery) -> HookAnswer {
        encode(decision, for: delivery, replacement: nil)
    }
}

/// What the hook knows beside the payload.
public struct HookContext: Sendable, Hashable {
    /// The person's home, from the hook's pinned argument.
    public var home: String
    /// Where the hook ran; used when the payload names no directory.
    public var workingDirectory: String
    /// The folder that the agent says it was started for; empty when it says nothing.
    public var projectDirectory: String
    /// The event in the hook's arguments; used when the payload names none.
    public var event: String

    /// Creates a context.
    public init(home: String, workingDirectory: String = "/", projectDirectory: String = "", event: String = "") {
        self.home = home
        self.workingDirectory = workingDirectory
        self.projectDirectory = projectDirectory
        self.event = event
    }

    /// The folder to judge by. The agent's claim counts unless it would make all of the machine, or all homes, the
    /// workspace: its environment can be set by a repository's settings.
    func workspace(workingDirectory: String) -> String {
        guard projectDirectory.hasPrefix("/") else { return workingDirectory }
        let claimed = PathText.absolute(projectDirectory, in: "/", home: home)
        if claimed == "/" || (claimed != workingDirectory && PathText.isUnder(home, claimed)) {
            return workingDirectory
        }
        return claimed
    }
}

/// One event, understood.
public struct Delivery: Sendable, Hashable {
    /// The agent's own name of the event.
    public var event: String
    public var call: Call
    /// The agent was refused its end before, and this end follows from that. Refusing again could trap it.
    public var isRepeatedStop: Bool

    /// Creates a delivery.
    public init(event: String, call: Call, isRepeatedStop: Bool = false) {
        self.event = event
        self.call = call
        self.isRepeatedStop = isRepeatedStop
    }
}

/// What a hook prints and how it ends.
public struct HookAnswer: Sendable, Hashable {
    public var exitCode: Int32
    /// Standard output: empty, or one JSON object with a line end.
    public var output: String
    /// Standard error.
    public var error: String

    /// Creates an answer; without arguments, silence.
    public init(exitCode: Int32 = 0, output: String = "", error: String = "") {
        self.exitCode = exitCode
        self.output = output
        self.error = error
    }
}

/// Why bytes are no event.
public struct PayloadFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// One line, lower case, no full stop; holds nothing of the payload's values.
    public let message: String
    /// The event's name, when that much could be read.
    public let event: String

    /// Creates a fault.
    public init(_ message: String, event: String = "") {
        self.message = message
        self.event = event
    }

    public var description: String { message }
}

/// What one event of one agent can do: Writ's honest list of what a decision is worth there.
public struct EventCapability: Sendable, Hashable {
    /// What the host does with the call when the hook does not answer.
    public enum Outcome: String, Sendable, Hashable {
        case proceeds, blocks
    }

    /// The agent's own name.
    public var event: String
    public var canonical: Call.Event
    /// A deny stops what the event is about.
    public var canBlock: Bool
    /// An ask reaches a person through the host's own prompt.
    public var canAsk: Bool
    /// An explicit grant skips the host's own prompt.
    public var canGrant: Bool
    /// What the model sees of a tool's output can be replaced.
    public var canReplaceOutput: Bool
    /// A note can be put before the model.
    public var canAddContext: Bool
    public var onTimeout: Outcome
    public var onCrash: Outcome
    /// The installer registers for it.
    public var isInstalled: Bool
    /// What the host does not do although one might think so; empty when there is nothing to say.
    public var limit: String

    /// Creates a capability; by default the event can only be watched.
    public init(
        _ event: String, _ canonical: Call.Event, canBlock: Bool = false, canAsk: Bool = false, canGrant: Bool = false,
        canReplaceOutput: Bool = false, canAddContext: Bool = false, onTimeout: Outcome = .proceeds,
        onCrash: Outcome = .proceeds, isInstalled: Bool = false, limit: String = ""
    ) {
        self.event = event
        self.canonical = canonical
        self.canBlock = canBlock
        self.canAsk = canAsk
        self.canGrant = canGrant
        self.canReplaceOutput = canReplaceOutput
        self.canAddContext = canAddContext
        self.onTimeout = onTimeout
        self.onCrash = onCrash
        self.isInstalled = isInstalled
        self.limit = limit
    }
}
