// SPDX-License-Identifier: Apache-2.0
import Testing
import WritAgents
import WritCore
import WritTestSupport

extension SameCalls {
    /// The call as it is before any agent has put it in words.
    static func call(_ given: (tool: Tool, arguments: JSON), agent: String) -> Call {
        Call(
            event: .beforeTool, agent: AgentIdentity(kind: agent), session: "s1", tool: given.tool,
            arguments: given.arguments, workingDirectory: directory, workspace: directory, home: home)
    }

    /// Decodes the call as each of the agent's events before a tool would carry it.
    static func decoded(
        _ given: (tool: Tool, arguments: JSON), by adapter: any AgentAdapter
    ) throws -> [(event: String, call: Call)] {
        var found: [(String, Call)] = []
        for row in adapter.events where row.canonical == .beforeTool && row.isInstalled {
            let call = call(given, agent: adapter.kind)
            guard let payload = CallWriter.payload(of: call, event: row.event, for: adapter) else { continue }
            let context = HookContext(home: home, workingDirectory: directory, event: row.event)
            found.append((row.event, try adapter.decode(payload.bytes, in: context).call))
        }
        return found
    }

    /// What every agent's call has in common: all but the agent's own words.
    static func common(_ call: Call) -> Call {
        var call = call
        call.agent = AgentIdentity(kind: "any")
        call.tool.native = nil
        call.toolUse = nil
        call.transcript = nil
        if call.tool.server != nil { call.tool.name = "mcp" }
        return call
    }
}

@Suite struct SameCallTests {
    @Test func `over 200 calls mean the same in every agent's words`() throws {
        #expect(SameCalls.all.count >= 240)
        var expressed: [String: Int] = [:]
        for given in SameCalls.all {
            let expected = SameCalls.common(SameCalls.call(given, agent: "any"))
            for adapter in Agents.all {
                for (event, call) in try SameCalls.decoded(given, by: adapter) {
                    expressed[adapter.kind, default: 0] += 1
                    var found = SameCalls.common(call)
                    // A server that its host does not name cannot be told.
                    if adapter.kind == "cursor", event == "beforeMCPExecution" { found.tool.server = given.tool.server }
                    // An event that names no folder happens in the hook's, one that names no conversation in none.
                    if found.session.isEmpty { found.session = "s1" }
                    #expect(found == expected, "\(adapter.kind) \(event) \(given.tool.name) \(given.arguments.text)")
                }
            }
        }
        // Calls that an agent has no words for are left out, so the counts say how much was compared.
        for adapter in Agents.all { #expect(expressed[adapter.kind, default: 0] >= 200, "\(adapter.kind)") }
        print("calls compared:", expressed.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
    }
}
