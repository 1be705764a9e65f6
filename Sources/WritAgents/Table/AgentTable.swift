// SPDX-License-Identifier: Apache-2.0

import WritCore

/// What a table can say of an agent's hook format. The rest is code beside it, in the same file.
public struct AgentTable: Sendable {
    /// The adapter's name.
    public var kind: String
    /// Where each field stands in a payload.
    var fields: PayloadFields
    public var events: [EventCapability]
    /// The agent's built-in tools by their own names.
    var tools: [String: NativeTool]
    /// How the agent names tools of MCP servers.
    var mcp: MCPNaming
    var answers: AnswerStyle
    /// What else of the host a person should know, one sentence each.
    public var limits: [String]

    private let capabilities: [String: EventCapability]

    init(
        _ kind: String, fields: PayloadFields = PayloadFields(), events: [EventCapability],
        tools: [String: NativeTool], mcp: MCPNaming, answers: AnswerStyle = AnswerStyle(), limits: [String] = []
    ) {
        self.kind = kind
        self.fields = fields
        self.events = events
        self.tools = tools
        self.mcp = mcp
        self.answers = answers
        self.limits = limits
        capabilities = Dictionary(events.map { ($0.event, $0) }) { first, _ in first }
    }

    func capability(of event: String) -> EventCapability? {
        capabilities[event]
    }
}

/// The payload's keys, each with the spellings that versions and dialects of one agent use; the first one there counts.
struct PayloadFields: Sendable {
    var event = ["hook_event_name"]
    var session = ["session_id"]
    var directory = ["cwd"]
    var transcript = ["transcript_path"]
    var mode = ["permission_mode"]
    var model = ["model"]
    var version: [String] = []
    var toolUse = ["tool_use_id"]
    var agentID = ["agent_id"]
    var agentType = ["agent_type"]
    var tool = ["tool_name"]
    var input = ["tool_input"]
    var response = ["tool_response"]
    var failure = ["error"]
    var prompt = ["prompt"]
    var message = ["last_assistant_message"]
    var repeatedStop = ["stop_hook_active"]
    /// Said of every event, and of no interest to a rule.
    var ambient = ["prompt_id", "effort", "timestamp", "turn_id", "generation_id"]

    /// Keys that are no argument of an event.
    var common: Set<String> {
        Set(event + session + directory + transcript + mode + version + ambient)
    }
}

/// A built-in tool of an agent in the common vocabulary of ``ToolShape``.
struct NativeTool: Sendable {
    /// The common name.
    var name: String
    /// The agent's own keys of arguments with the common ones.
    var keys: [String: String]

    init(_ name: String, _ keys: [String: String] = [:]) {
        self.name = name
        self.keys = keys
    }
}

/// How an agent names the tools of MCP servers.
enum MCPNaming: Sendable {
    /// `mcp__server__tool`
    case doubled
    /// `mcp_server_tool`; the first `_` ends the server's name.
    case single
    /// `server-tool`; the last `-` ends the server's name.
    case dashed
    /// `@server/tool`
    case at
    /// `server__tool`
    case bare
    /// `server_tool`; the first `_` ends the server's name.
    case underscored
    /// `MCP:tool`; the server is not named.
    case nameless

    /// Server and tool; nil when the name is none of an MCP tool. A server whose own name holds the separator cannot be
    /// told from a tool that does.
    func split(_ name: String) -> (server: String, tool: String)? {
        switch self {
        case .doubled: MCPNaming.cut(name, after: "mcp__", at: "__")
        case .single: MCPNaming.cut(name, after: "mcp__", at: "__") ?? MCPNaming.cut(name, after: "mcp_", at: "_")
        case .dashed: MCPNaming.cut(name, after: "mcp__", at: "__") ?? MCPNaming.cutLast(name, at: UInt8(ascii: "-"))
        case .at: MCPNaming.cut(name, after: "@", at: "/")
        case .bare:
            MCPNaming.cut(name, after: "mcp__", at: "__") ?? MCPNaming.cut(name, after: "", at: "__", isPair: true)
        case .underscored: MCPNaming.cut(name, after: "", at: "_", isPair: true)
        case .nameless: MCPNaming.rest(of: name, after: "MCP:").map { ("", String(decoding: $0, as: UTF8.self)) }
        }
    }

    /// - Parameter isPair: the separator must be there; otherwise a name without one is a server's.
    private static func cut(
        _ name: String, after prefix: String, at separator: String, isPair: Bool = false
    ) -> (server: String, tool: String)? {
        guard let bytes = rest(of: name, after: prefix) else { return nil }
        let mark = Array(separator.utf8)
        guard bytes.count > mark.count else { return nil }
        for index in 1...(bytes.count - mark.count) where bytes[index..<(index + mark.count)].elementsEqual(mark) {
            return (
                String(decoding: bytes[..<index], as: UTF8.self),
                String(decoding: bytes[(index + mark.count)...], as: UTF8.self)
            )
        }
        return isPair ? nil : (String(decoding: bytes, as: UTF8.self), "")
    }

    private static func cutLast(_ name: String, at separator: UInt8) -> (server: String, tool: String)? {
        let bytes = Array(name.utf8)
        guard let index = bytes.lastIndex(of: separator), index > 0 else { return nil }
        return (
            String(decoding: bytes[..<index], as: UTF8.self), String(decoding: bytes[(index + 1)...], as: UTF8.self)
        )
    }

    /// Bytes, since a mark that combines with the prefix's last letter must not hide it.
    private static func rest(of name: String, after prefix: String) -> [UInt8]? {
        name.utf8.starts(with: prefix.utf8) ? Array(name.utf8.dropFirst(prefix.utf8.count)) : nil
    }
}
