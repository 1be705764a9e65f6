// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritAgents
import WritCore

/// Recorded events with the answer that each verdict must be spelled as, when a checkout has them beside it. The answers
/// themselves are also spelled out in ``ClaudeAnswerTests``.
@Suite struct GoldenSampleTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../shared/reference/hook-samples").standardizedFileURL.path

    /// `WRIT_HOOK_SAMPLES` names another place.
    private static var samples: String { ProcessInfo.processInfo.environment["WRIT_HOOK_SAMPLES"] ?? folder }

    private static func json(_ path: String) throws -> JSON {
        try JSON(parsing: Array(try Data(contentsOf: URL(fileURLWithPath: path))))
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: samples + "/manifest.json"), "no hook samples here"))
    func `every recorded answer is spelled as the host expects`() throws {
        let manifest = try Self.json(Self.samples + "/manifest.json")
        var checked = 0
        for sample in manifest["samples"]?.array ?? [] {
            guard let agent = sample["agent"]?.string, let adapter = Agents.adapter(agent),
                let stem = sample["stem"]?.string
            else { continue }
            let payload = Array(try Data(contentsOf: URL(fileURLWithPath: "\(Self.samples)/\(stem).json")))
            let event = sample["event"]?.string ?? ""
            // With the event in the hook's arguments, and without: some payloads do not name it.
            for named in [event, ""] {
                let delivery = try adapter.decode(payload, in: HookContext(home: "/home/dana", event: named))
                #expect(delivery.event == event, "\(stem)")
                for outcome in sample["outcomes"]?.array?.compactMap(\.string) ?? [] {
                    // Rewriting a call before it runs is left out on purpose.
                    if outcome == "modify", delivery.call.event != .afterTool { continue }
                    let expected = try Self.json("\(Self.samples)/\(stem).\(outcome).json")
                    let answer = answer(adapter, delivery, outcome, expected)
                    #expect(answer.exitCode == expected["exit_code"]?.integer.map(Int32.init), "\(stem).\(outcome)")
                    #expect(answer.error.isEmpty == (expected["stderr"] == ""), "\(stem).\(outcome)")
                    let printed: JSON = answer.output.isEmpty ? "" : try JSON(parsing: answer.output)
                    #expect(shape(printed) == shape(expected["stdout"] ?? ""), "\(stem).\(outcome)")
                    checked += 1
                }
            }
        }
        #expect(checked == 260)
    }

    private func answer(
        _ adapter: any AgentAdapter, _ delivery: Delivery, _ outcome: String, _ expected: JSON
    ) -> HookAnswer {
        let output = expected["stdout"] ?? ""
        let specific = output["hookSpecificOutput"]
        switch outcome {
        case "deny": return adapter.encode(Decision(.deny, message: "no"), for: delivery)
        case "ask": return adapter.encode(Decision(.ask, message: "sure?"), for: delivery)
        case "stop": return adapter.encode(Decision(.halt, message: "no"), for: delivery)
        case "context":
            return adapter.encode(Decision(.allow, obligations: [.annotate("note")]), for: delivery)
        case "modify":
            let replacement =
                specific?["updatedToolOutput"] ?? output["modifiedResult"] ?? output["updated_mcp_tool_output"]
            return adapter.encode(Decision(.allow), for: delivery, replacement: replacement)
        default:
            let word = specific?["permissionDecision"] ?? specific?["decision"]?["behavior"] ?? output["behavior"]
            return adapter.encode(Decision(.allow, isExplicitGrant: word == "allow"), for: delivery)
        }
    }

    /// Keys, and the words that a host reads; sentences are ours.
    private func shape(_ value: JSON, key: String = "") -> JSON {
        switch value {
        case .object(let members):
            return .object(members.map { JSON.Member($0.key, shape($0.value, key: $0.key)) }.sorted { $0.key < $1.key })
        case .string where key.lowercased().hasSuffix("reason") || key.lowercased().hasSuffix("message"): return "…"
        case .string where key == "additionalContext" || key == "additional_context": return "…"
        default: return value
        }
    }
}
