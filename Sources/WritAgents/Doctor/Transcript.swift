// SPDX-License-Identifier: Apache-2.0

import WritCore

/// Transcripts: one JSON object a line. Read for one question only: which tools ran.
public enum Transcript {
    /// A tool that the agent has used.
    public struct Use: Sendable, Hashable {
        /// The id of the use.
        public var use: String
        /// The agent's own name of the tool.
        public var tool: String
    }

    /// Longer lines are passed over; a tool's output may be of any size.
    private static let maximumLine = 1 << 20

    /// The uses that have both a call and a result in these lines, in order. A use whose tool the host answers by itself,
    /// such as a question to the person, still has an event, and is here as well.
    ///
    /// - Parameter bytes: the end of a transcript; a first line that is cut off is passed over.
    public static func endedUses(in bytes: [UInt8]) -> [Use] {
        var calls: [Use] = []
        var ended: Set<String> = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.count <= maximumLine {
            let json: JSON
            do { json = try JSON(parsing: Array(line)) } catch { continue }
            // A sub-agent's calls carry its own ids and come with events of their own session.
            guard json["isSidechain"]?.bool != true else { continue }
            for part in json["message"]?["content"]?.array ?? [] {
                switch part["type"]?.string {
                case "tool_use":
                    guard let use = part["id"]?.string, let tool = part["name"]?.string else { continue }
                    calls.append(Use(use: use, tool: tool))
                case "tool_result":
                    // An error may be a refusal, by a person or by a hook: nothing ran.
                    guard let use = part["tool_use_id"]?.string, part["is_error"]?.bool != true else { continue }
                    ended.insert(use)
                default: continue
                }
            }
        }
        return calls.filter { ended.contains($0.use) }
    }

    /// Whether any tool ran in a transcript of which no event is known.
    ///
    /// - Parameter agent: whose transcript it is: `claude-code`, `codex` or `copilot-cli`; nothing is known of others.
    public static func hasUses(_ bytes: [UInt8], of agent: String) -> Bool {
        guard agent != "claude-code" else { return !endedUses(in: bytes).isEmpty }
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.count <= maximumLine {
            let json: JSON
            do { json = try JSON(parsing: Array(line)) } catch { continue }
            switch (agent, json["type"]?.string) {
            case ("codex", "response_item"):
                let kind = json["payload"]?["type"]?.string
                if kind == "function_call_output" || kind == "custom_tool_call_output" { return true }
            case ("copilot-cli", "tool.execution_complete"):
                if json["data"]?["success"]?.bool == true { return true }
            default: continue
            }
        }
        return false
    }
}
