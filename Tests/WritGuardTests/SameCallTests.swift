// SPDX-License-Identifier: Apache-2.0
import Testing
import WritAgents
import WritCore
import WritGuard
import WritPolicy
import WritTestSupport

@Suite struct SameCallTests {
    /// The record without what is the agent's own: its name, and its own names of things.
    private func common(_ record: JSON) -> JSON {
        guard case .object(let members) = record else { return record }
        let own: Set = ["agent", "native_tool", "native_event", "tool_use", "mode", "agent_id", "agent_type", "model"]
        return .object(
            members.filter { !own.contains($0.key) }.map { .init($0.key, common($0.value)) })
    }

    @Test func `the same calls have one decision and one record, whichever agent makes them`() throws {
        let guardian = try Engines.guardian()
        var count = 0
        var verdicts: [Verdict: Int] = [:]
        for (tool, arguments) in SameCalls.all {
            var expected: (decision: Decision, record: JSON)?
            for adapter in Agents.all {
                let given = Call(
                    event: .beforeTool, agent: AgentIdentity(kind: adapter.kind), session: "s1", tool: tool,
                    arguments: arguments, workingDirectory: SameCalls.directory, workspace: SameCalls.directory,
                    home: SameCalls.home)
                let rows = adapter.events.filter { $0.canonical == .beforeTool && $0.isInstalled }
                let found = rows.lazy.compactMap { row in
                    CallWriter.payload(of: given, event: row.event, for: adapter).map { (row.event, $0) }
                }.first
                guard let (event, payload) = found else { continue }
                let context = HookContext(home: SameCalls.home, workingDirectory: SameCalls.directory, event: event)
                var call = try adapter.decode(payload.bytes, in: context).call
                // Some hosts' events name no server and no conversation.
                if adapter.kind == "cursor", tool.server != nil { continue }
                call.session = "s1"
                if call.tool.server != nil { call.tool.name = tool.name }
                let judgement = guardian.judge(call, session: SessionState(), in: Guard.Surroundings(user: "dana"))
                let record = common(
                    try LedgerRecord.json(judgement, event: event, digest: "digest", guardian: guardian))
                count += 1
                guard let first = expected else {
                    expected = (judgement.decision, record)
                    verdicts[judgement.decision.verdict, default: 0] += 1
                    continue
                }
                let name = "\(adapter.kind) \(tool.name) \(arguments.text)"
                #expect(judgement.decision == first.decision, "\(name)")
                #expect(record == first.record, "\(name)")
            }
        }
        print("judged \(count) calls: \(verdicts.map { "\($0.key.name) \($0.value)" }.sorted().joined(separator: ", "))")
        #expect(count > 2_500)
        // Data that is all allowed would prove little.
        #expect(verdicts[.deny, default: 0] > 30 && verdicts[.allow, default: 0] > 30)
    }
}
