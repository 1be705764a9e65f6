// SPDX-License-Identifier: Apache-2.0

import WritCore

/// Claude Code's transcript: one JSON object a line. Read for one question only: which tools ran.
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
    public static func hasUses(_ bytes: [UInt8]) -> Bool { !endedUses(in: bytes).isEmpty }
}
