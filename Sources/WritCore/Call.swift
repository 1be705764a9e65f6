// SPDX-License-Identifier: Apache-2.0

/// One event from an agent, in the same words whichever agent sent it.
///
/// A call says what is about to happen (or has just happened) and who caused it. It carries no judgement; engines turn
/// it into ``Operation``s and ``Finding``s, and policy turns those into a ``Decision``.
public struct Call: Sendable, Hashable {
    /// What kind of moment in the agent's life this is.
    public enum Event: String, Sendable, Hashable, CaseIterable {
        case beforeTool = "before_tool"
        case afterTool = "after_tool"
        case prompt
        case permissionRequest = "permission_request"
        case sessionStart = "session_start"
        case sessionEnd = "session_end"
        case subagentStart = "subagent_start"
        case subagentStop = "subagent_stop"
        case stop
        case configChange = "config_change"
        /// An event that Writ does not know; judged like a tool that it does not know.
        case other
    }

    /// Unique for each delivery; also the name of the ledger entry. Set by the daemon.
    public var id: String
    /// The moment.
    public var event: Event
    /// Who makes the call.
    public var agent: AgentIdentity
    /// The agent's own name of the conversation; empty when it has none.
    public var session: String
    /// What the agent means to use.
    public var tool: Tool
    /// The tool's input, as the agent gave it.
    public var arguments: JSON
    /// What came back, in ``Event/afterTool``.
    public var response: JSON?
    /// The text that a person wrote, in ``Event/prompt``.
    public var prompt: String?
    /// Absolute path in which the tool runs.
    public var workingDirectory: String
    /// Absolute path of the folder the agent was started for; operations outside it are judged more strictly.
    public var workspace: String
    /// Absolute path of the person's home.
    public var home: String
    /// The agent's own id of this tool use; joins the events before and after it, and duplicate deliveries.
    public var toolUse: String?
    /// Where the agent writes its transcript.
    public var transcript: String?
    /// The agent's mode (`default`, `plan`, `bypassPermissions` …) in its own words.
    public var mode: String?

    /// Creates a call; every field that the agent did not give has the empty value.
    public init(
        id: String = "", event: Event = .beforeTool, agent: AgentIdentity = AgentIdentity(kind: "unknown"),
        session: String = "", tool: Tool = Tool(name: "", action: .toolOther), arguments: JSON = .object([]),
        response: JSON? = nil, prompt: String? = nil, workingDirectory: String = "/", workspace: String = "/",
        home: String = "/root", toolUse: String? = nil, transcript: String? = nil, mode: String? = nil
    ) {
        self.id = id
        self.event = event
        self.agent = agent
        self.session = session
        self.tool = tool
        self.arguments = arguments
        self.response = response
        self.prompt = prompt
        self.workingDirectory = workingDirectory
        self.workspace = workspace
        self.home = home
        self.toolUse = toolUse
        self.transcript = transcript
        self.mode = mode
    }

    /// Which way the content of this call flows, and so which rules look at it.
    public var phase: Phase {
        switch event {
        case .beforeTool, .permissionRequest, .configChange, .subagentStart, .other: .toolCall
        case .afterTool: .toolResponse
        case .prompt: .input
        case .sessionStart, .sessionEnd, .subagentStop, .stop: .output
        }
    }
}

/// Which way content flows: the scope of a scanner rule.
public enum Phase: String, Sendable, Hashable, CaseIterable {
    case input
    case toolCall = "tool_call"
    case toolResponse = "tool_response"
    case output
    case contextFile = "context_file"
    case skill
}

/// Who makes a call.
public struct AgentIdentity: Sendable, Hashable {
    /// The product, in Writ's spelling: `claude-code`, `cursor`, `codex` …
    public var kind: String
    /// Its version, when the agent says so.
    public var version: String?
    /// The sub-agent's own id, when the call comes from one.
    public var id: String?
    /// The sub-agent's type, when the call comes from one.
    public var type: String?
    /// The model, when the agent says so.
    public var model: String?

    /// Creates an identity.
    public init(kind: String, version: String? = nil, id: String? = nil, type: String? = nil, model: String? = nil) {
        self.kind = kind
        self.version = version
        self.id = id
        self.type = type
        self.model = model
    }
}

/// What an agent means to use, with the action that it stands for.
public struct Tool: Sendable, Hashable {
    /// The name that is the same for every agent: one of a fixed vocabulary (`Bash`, `Read`, `Write` …) where the tool
    /// is known, otherwise the agent's own (`mcp__git__push`, `summon`).
    public var name: String
    /// The agent's own name, where it is another one (`run_shell_command`).
    public var native: String?
    /// The canonical action. What no adapter knows is ``Operation/Kind/toolOther``.
    public var action: Operation.Kind
    /// The MCP server, for ``Operation/Kind/mcpCall``.
    public var server: String?
    /// The tool's name on its MCP server.
    public var serverTool: String?

    /// Creates a tool.
    public init(
        name: String, action: Operation.Kind, server: String? = nil, serverTool: String? = nil, native: String? = nil
    ) {
        self.name = name
        self.native = native
        self.action = action
        self.server = server
        self.serverTool = serverTool
    }

    /// The name that policies use: `mcp:<server>/<tool>` for MCP, ``name`` otherwise.
    public var canonicalName: String {
        guard let server, let serverTool else { return name }
        return "mcp:\(server)/\(serverTool)"
    }
}
