// SPDX-License-Identifier: Apache-2.0
import Foundation
import WritCore

@testable import WritPolicy

/// Policies and requests for tests.
enum Fixture {
    static func source(_ name: String) throws -> PolicyLayer.Source {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Cases")
        return PolicyLayer.Source(file: name, bytes: Array(try Data(contentsOf: folder.appending(path: name))))
    }

    static func layer(_ text: String, as layer: Layer = .user, options: PolicyOptions = PolicyOptions()) throws
        -> PolicyLayer
    {
        try PolicyLayer.load(layer, [.init(file: "policy.yaml", bytes: Array(text.utf8))], options: options)
    }

    /// The messages of a policy that is refused.
    static func errors(_ text: String, _ layer: Layer = .user) -> [String] {
        do throws(PolicyErrors) {
            _ = try PolicyLayer.load(layer, [.init(file: "p.yaml", bytes: Array(text.utf8))])
            return []
        } catch {
            return error.errors.map(\.description)
        }
    }

    static func request(
        _ operations: [WritCore.Operation] = [], tool: String = "Tool", profile: String = "",
        change: (inout PolicyRequest) -> Void = { _ in }
    ) -> PolicyRequest {
        let call = Call(
            agent: AgentIdentity(kind: "test"),
            tool: Tool(name: tool, action: operations.first?.kind ?? .toolOther), workingDirectory: "/srv/project",
            workspace: "/srv/project", home: "/home/dev")
        var facts = Facts()
        facts.environment.profile = profile
        var request = PolicyRequest(call: call, phase: .toolCall, operations: operations, facts: facts)
        change(&request)
        return request
    }

    static func shell(_ command: String, change: (inout PolicyRequest) -> Void = { _ in }) -> PolicyRequest {
        var request = request([exec(command)], tool: "Bash")
        request.call.tool = Tool(name: "Bash", action: .shellExec)
        request.call.arguments = ["command": .string(command)]
        request.commandText = command
        change(&request)
        return request
    }

    /// One plain program call, split at blanks.
    static func exec(_ command: String) -> WritCore.Operation {
        let words = command.split(separator: " ").map(String.init)
        return WritCore.Operation(.shellExec, program: words.first ?? "", arguments: words, command: command)
    }
}
