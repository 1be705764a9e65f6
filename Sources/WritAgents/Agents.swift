// SPDX-License-Identifier: Apache-2.0

public import WritCore
import WritWire

/// All adapters by name.
public enum Agents {
    /// Every agent that Writ speaks with.
    public static let all: [any AgentAdapter] = [
        ClaudeCode(), Cursor(), Codex(), GeminiCLI(), CopilotCLI(), VSCode(), Windsurf(), Kiro(), OpenCode(),
        QwenCode(), Cline(), Amp(), FactoryDroid(), Goose(),
    ]

    private static let byKind = Dictionary(all.map { ($0.kind, $0) }) { first, _ in first }

    /// The adapter of an agent; nil when Writ does not speak its format.
    public static func adapter(_ kind: String) -> (any AgentAdapter)? {
        byKind[kind]
    }

    /// The adapter of the agent that really sent a payload to a hook installed for `kind`.
    ///
    /// Cursor, Copilot CLI and VS Code also start the hooks in Claude Code's settings, and the last two read each
    /// other's files; each sends its own format and expects its own answers.
    public static func adapter(_ kind: String, for payload: [UInt8]) -> (any AgentAdapter)? {
        adapter(sender(of: payload, claimed: kind))
    }

    /// The agent that a payload's own keys name, where files are shared; `claimed` everywhere else.
    static func sender(of payload: [UInt8], claimed: String) -> String {
        guard ["claude-code", "copilot-cli", "vscode"].contains(claimed) else { return claimed }
        if PayloadScan.topLevelString("cursor_version", in: payload) != nil {
            // It sends its own events, or what Claude Code would send.
            let event = PayloadScan.topLevelString("hook_event_name", in: payload) ?? ""
            return ClosedAnswer.isKnown(agent: "cursor", event: event) ? "cursor" : claimed
        }
        if PayloadScan.topLevelString("hookEventName", in: payload) != nil { return "vscode" }
        let isSnake = PayloadScan.topLevelString("hook_event_name", in: payload) != nil
        switch claimed {
        case "claude-code":
            // Claude Code stamps no time on its events.
            if isSnake { return PayloadScan.hasTopLevelKey("timestamp", in: payload) ? "copilot-cli" : claimed }
            return PayloadScan.hasTopLevelKey("sessionId", in: payload) ? "copilot-cli" : claimed
        case "vscode":
            return isSnake || PayloadScan.hasTopLevelKey("sessionId", in: payload) ? "copilot-cli" : claimed
        default: return claimed
        }
    }

    /// A tool under the name that an agent uses for it, in the common vocabulary.
    ///
    /// An agent that is not known is taken for Claude Code, whose names many others use.
    public static func tool(_ name: String, of agent: String) -> Tool {
        CommonTools.normalized(name, .object([]), by: table(agent)).tool
    }

    /// A call of a tool as an agent spells it, in the common vocabulary; what batch commands judge.
    public static func call(
        of tool: String, _ arguments: JSON, agent: String, workingDirectory: String, home: String
    ) -> Call {
        let normal = CommonTools.normalized(tool, arguments, by: table(agent))
        var call = Call(
            agent: AgentIdentity(kind: agent), tool: normal.tool, arguments: normal.arguments,
            workingDirectory: workingDirectory, workspace: workingDirectory, home: home)
        CommonTools.settle(&call)
        return call
    }

    private static func table(_ agent: String) -> AgentTable {
        guard let adapter = adapter(agent) as? any TableAdapter else { return ClaudeCode.table }
        return type(of: adapter).table
    }
}
