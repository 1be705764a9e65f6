// SPDX-License-Identifier: Apache-2.0
import Foundation
import WritCore
import WritWire

/// One event of an agent from the conformance vectors, with what a hook has to answer to it.
struct AgentVector: Sendable {
    let agent: String
    let event: String
    let moment: String
    let tool: String
    let payload: JSON
    private let answers: JSON

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Conformance/agents").standardizedFileURL.path

    /// Every vector of every agent in the repository.
    static func all() throws -> [AgentVector] {
        var all: [AgentVector] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where name.hasSuffix(".json") {
            let file = try JSON(parsing: Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))))
            for vector in file["vectors"]?.array ?? [] {
                all.append(
                    AgentVector(
                        agent: file["agent"]?.string ?? "", event: vector["event"]?.string ?? "",
                        moment: vector["moment"]?.string ?? "", tool: vector["tool"]?.string ?? "",
                        payload: vector["payload"] ?? .null, answers: vector["answers"] ?? .null))
            }
        }
        return all
    }

    /// The first event of each agent before a command runs.
    static func commands() throws -> [AgentVector] {
        var seen: Set<String> = []
        return try all().filter { $0.moment == "before_tool" && $0.tool == "Bash" && seen.insert($0.agent).inserted }
    }

    /// The first event of each agent at which a refusal would trap it; some agents have none.
    static func ends() throws -> [AgentVector] {
        var seen: Set<String> = []
        return try all().filter { ["stop", "session_end"].contains($0.moment) && seen.insert($0.agent).inserted }
    }

    /// The payload with another command: plain words, since it may stand in JSON within JSON.
    func payload(running command: String) -> [UInt8] {
        Array(payload.text.replacingOccurrences(of: "git status", with: command).utf8)
    }

    /// Starts the hook as this agent's settings do.
    func program(_ machine: Machine, _ extra: [String] = []) -> Program {
        Program(path: Machine.hook, arguments: [agent, "--home", machine.home.home, "--event", event] + extra)
    }

    /// What the hook answers, without the words.
    func answer(_ machine: Machine, _ payload: [UInt8]? = nil, _ extra: [String] = []) throws -> JSON {
        Self.shape(try program(machine, extra).run(payload ?? self.payload.bytes))
    }

    /// What it has to answer to a decision (`allow`, `deny`, `closed` …), without the words.
    func expected(_ decision: String) -> JSON {
        let answer = answers[decision]
        return [
            "exit_code": answer?["exit_code"] ?? .null, "stdout": Self.shape(answer?["stdout"] ?? ""),
            "stderr": .bool(answer?["stderr"] != ""),
        ]
    }

    static func shape(_ outcome: Program.Outcome) -> JSON {
        let output: JSON
        if outcome.output.isEmpty {
            output = ""
        } else {
            do { output = shape(try JSON(parsing: outcome.output)) } catch { output = .string("no JSON: \(outcome.output)") }
        }
        return [
            "exit_code": .integer(Int64(outcome.wasLate ? -1 : outcome.code)), "stdout": output,
            "stderr": .bool(!outcome.error.isEmpty),
        ]
    }

    /// Keys, and the words that a host reads; sentences differ.
    static func shape(_ value: JSON, key: String = "") -> JSON {
        switch value {
        case .object(let members): return .object(members.map { .init($0.key, shape($0.value, key: $0.key)) })
        case .string where key.lowercased().hasSuffix("reason") || key.lowercased().hasSuffix("message"): return "…"
        case .string where key.lowercased().contains("context"): return "…"
        default: return value
        }
    }
}
