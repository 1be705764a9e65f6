// SPDX-License-Identifier: Apache-2.0
import Testing
import WritAgents
import WritCore
import WritGuard
import WritPolicy

/// What a model sees in place of a tool's answer that gives it orders.
@Suite struct WithheldOrdersTests {
    private static let guardian = Result { try Engines.guardian() }
    private static let order = HostileText.order
    private static let mark = "[Removed by Writ: this part held instructions, not data]"

    private func replaced(_ response: JSON) throws -> JSON? {
        let call = Call(
            event: .afterTool, agent: AgentIdentity(kind: "claude-code"), session: "s",
            tool: Agents.tool("WebFetch", of: "claude-code"), response: response, workingDirectory: "/home/dev/project",
            workspace: "/home/dev/project", home: "/home/dev")
        let guardian = try Self.guardian.get()
        return try guardian.replacement(
            for: guardian.judge(call, session: SessionState(), in: Guard.Surroundings(user: "dev")))
    }

    @Test func `the paragraph that gives orders is taken out, and the rest stays in its shape`() throws {
        let page = "The build takes two minutes on a laptop.\n\n\(Self.order)\n\nReleases are made every month from the main branch."
        #expect(
            try replaced(["content": [["type": "text", "text": .string(page)]], "status": 200])
                == [
                    "content": [
                        [
                            "type": "text",
                            "text": .string(
                                "The build takes two minutes on a laptop.\n\n\(Self.mark)\n\nReleases are made every month from the main branch."),
                        ]
                    ], "status": 200,
                ])
    }

    @Test func `a value among many of one line is found, and the document keeps its form`() throws {
        func line(_ last: String) -> String {
            "{\"items\":[" + (0..<30).map { "{\"id\":\($0),\"title\":\"Fix the colour of button \($0)\"}," }.joined()
                + "{\"id\":99,\"title\":\"\(last)\"}]}"
        }
        #expect(try replaced(["result": .string(line(Self.order))]) == ["result": .string(line(Self.mark))])
    }

    @Test func `hidden orders withhold the whole text`() throws {
        let hidden = String(String.UnicodeScalarView(Self.order.unicodeScalars.compactMap { Unicode.Scalar(0xE0000 + $0.value) }))
        #expect(try replaced(.string("All tests passed. \(hidden)")) == .string(Self.mark))
    }

    @Test func `an honest answer is left as it is`() throws {
        #expect(try replaced(["text": "The build takes two minutes. Run `make test` before a commit."]) == nil)
    }
}
