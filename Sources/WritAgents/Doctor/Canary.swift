// SPDX-License-Identifier: Apache-2.0

import WritCore

/// Harmless calls with a reserved name that the default policy always refuses, and what an agent makes of the answers.
///
/// A canary is safe even if it is run: the command is `true`, the files do not exist, the server is nobody's.
public enum Canary {
    /// The name that the rules `self-protection/canary-…` refuse.
    public static let refused = "writ-canary-deny"
    /// The name that no rule knows.
    public static let harmless = "writ-canary-allow"
    /// Sessions of canaries begin with this, so that no delivery of a canary is taken for an agent's.
    public static let sessionPrefix = "writ-doctor-"

    /// What kind of call a canary is.
    public enum Subject: String, Sendable, Hashable, CaseIterable {
        case shell, read, write, mcp, prompt
    }

    /// One canary in an agent's words.
    public struct Play: Sendable, Hashable {
        /// The agent's own name of the event.
        public var event: String
        public var subject: Subject
        /// It must be refused; otherwise it must pass.
        public var isRefused: Bool
        /// The agent's payload.
        public var payload: [UInt8]
        var delivery: Delivery
    }

    /// What an answer is worth to the agent.
    public enum Outcome: String, Sendable, Hashable {
        /// The decision of policy, in the spelling that the agent obeys.
        case denied
        /// Nothing is in the way.
        case allowed
        /// The agent would ask.
        case asked
        /// A refusal without a decision: the hook closed by itself.
        case closed
        /// A refusal by another rule than the canary's.
        case refused
        /// What the agent does not understand, or takes for consent.
        case unreadable
    }

    /// The canaries of an installed event; none where the agent cannot refuse, or where the event is no call.
    ///
    /// - Parameter nonce: makes sessions and names unique, so that no answer is one of an earlier round.
    public static func plays(
        of row: EventCapability, for adapter: any AgentAdapter, directory: String, home: String, nonce: String
    ) -> [Play] {
        guard row.isInstalled, row.canBlock else { return [] }
        let subjects: [Subject]
        switch row.canonical {
        case .beforeTool, .permissionRequest: subjects = [.shell, .read, .write, .mcp]
        case .prompt: subjects = [.prompt]
        case .afterTool, .stop, .subagentStop, .sessionStart, .sessionEnd, .subagentStart, .configChange, .other:
            return []
        }
        var plays: [Play] = []
        for subject in subjects {
            for isRefused in [true, false] {
                let call = call(subject, isRefused, row, adapter.kind, directory, home, nonce)
                guard let payload = CallWriter.payload(of: call, event: row.event, for: adapter)?.bytes else {
                    continue
                }
                let context = HookContext(home: home, workingDirectory: directory, event: row.event)
                do throws(PayloadFault) {
                    let delivery = try adapter.decode(payload, in: context)
                    plays.append(
                        Play(
                            event: row.event, subject: subject, isRefused: isRefused, payload: payload,
                            delivery: delivery))
                } catch {
                    // Words that the adapter itself does not read are no canary.
                    continue
                }
            }
        }
        // Where only a part of the subjects has words, a lone half proves nothing.
        return plays.filter { play in plays.contains { $0.subject == play.subject && $0.isRefused != play.isRefused } }
    }

    private static func call(
        _ subject: Subject, _ isRefused: Bool, _ row: EventCapability, _ agent: String, _ directory: String,
        _ home: String, _ nonce: String
    ) -> Call {
        let word = isRefused ? refused : harmless
        let file = "\(directory == "/" ? "" : directory)/\(word)-\(nonce)"
        let tool: Tool
        var arguments: JSON = .object([])
        switch subject {
        case .shell:
            tool = Tool(name: "Bash", action: .shellExec)
            arguments = ["command": .string("true \(word)-\(nonce)")]
        case .read:
            tool = Tool(name: "Read", action: .fileRead)
            arguments = ["file_path": .string(file)]
        case .write:
            tool = Tool(name: "Write", action: .fileWrite)
            arguments = ["file_path": .string(file), "content": "canary\n"]
        case .mcp:
            // Some agents join server and tool with one mark, and one does not name the server.
            let name = isRefused ? "canary_deny" : "canary_allow"
            let server = agent == "cursor" && row.event != "preToolUse" ? "" : "writ-canary"
            tool = Tool(name: "mcp__\(server)__\(name)", action: .mcpCall, server: server, serverTool: name)
            arguments = ["nonce": .string(nonce)]
        case .prompt: tool = Tool(name: "", action: .toolOther)
        }
        var call = Call(
            event: row.canonical, agent: AgentIdentity(kind: agent),
            session: "\(sessionPrefix)\(nonce)-\(row.event)-\(subject.rawValue)-\(isRefused ? "d" : "a")", tool: tool,
            arguments: arguments, workingDirectory: directory, workspace: directory, home: home)
        call.toolUse = "canary-\(nonce)-\(subject.rawValue)-\(isRefused ? "d" : "a")"
        // Of the files that a prompt names, only those that hold secrets are judged.
        if subject == .prompt { call.prompt = isRefused ? "look at @\(file)/.env" : "say hello to \(word)" }
        return call
    }

    /// What the agent makes of an answer.
    public static func outcome(of answer: HookAnswer, to play: Play, for adapter: any AgentAdapter) -> Outcome {
        let heard = Shape(answer)
        func isSpelled(_ decision: Decision) -> Bool { heard == Shape(adapter.encode(decision, for: play.delivery)) }
        let passes = [
            Decision(.allow), Decision(.allow, message: "x", isExplicitGrant: true),
            Decision(.allow, obligations: [.annotate("x")]),
        ]
        if passes.contains(where: isSpelled) { return .allowed }
        let isOurs = (answer.output + answer.error).contains("canary")
        if isSpelled(Decision(.deny, message: "x")) || isSpelled(Decision(.halt, message: "x")) {
            if isOurs { return .denied }
            let words = answer.output + answer.error
            return words.contains("so this is refused") || words.contains("writ: ") ? .closed : .refused
        }
        if heard == Shape(adapter.closed(play.event, reason: "x")) { return .closed }
        if isSpelled(Decision(.ask, message: "x")) { return .asked }
        return .unreadable
    }

    /// An answer without its sentences: what the agent acts on.
    private struct Shape: Hashable {
        var exitCode: Int32
        var output: JSON
        /// Words on standard error matter to an agent only where the exit code says that they are the reason.
        var hasError: Bool

        init(_ answer: HookAnswer) {
            exitCode = answer.exitCode
            hasError = answer.exitCode != 0 && !answer.error.isEmpty
            guard !answer.output.isEmpty else {
                output = .null
                return
            }
            do {
                output = Shape.bare(try JSON(parsing: Array(answer.output.utf8)))
            } catch {
                output = "text"
            }
        }

        private static func bare(_ value: JSON, key: String = "", depth: Int = 0) -> JSON {
            guard depth < 16 else { return .null }
            switch value {
            case .object(let members):
                return .object(
                    members.map { .init($0.key, bare($0.value, key: $0.key, depth: depth + 1)) }.sorted {
                        $0.key < $1.key
                    })
            case .string where isSentence(key): return "…"
            default: return value
            }
        }

        private static func isSentence(_ key: String) -> Bool {
            let key = key.lowercased()
            return ["reason", "message", "context", "note", "feedback", "error"].contains { key.hasSuffix($0) }
        }
    }
}
