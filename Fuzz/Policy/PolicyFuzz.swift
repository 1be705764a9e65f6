// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritPolicy

/// Loads the input as a policy, and reads it as one that lost its indentation. What loads is checked, its tests are run,
/// and a few calls are decided with it below an organisation's policy. A trap, a hang, a sanitizer report, or a call
/// that the input's layer lets through where the organisation alone would not is a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPolicy(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    do throws(PolicyErrors) {
        _ = try PolicyImport.flattened(String(decoding: bytes, as: UTF8.self))
    } catch {
        _ = error.errors.map(\.description)
    }
    let source = PolicyLayer.Source(file: "policy.yaml", bytes: bytes)
    do throws(PolicyErrors) {
        let layer = try PolicyLayer.load(.user, [source])
        _ = PolicyTests.run(layer)
        let alone = PolicySet([organization])
        let both = PolicySet([organization, layer])
        for request in requests {
            precondition(both.decide(request).verdict >= alone.decide(request).verdict, "a lower layer loosened")
            _ = both.decideTraced(request).1.alternatives
        }
        if count <= 2_048 { _ = PolicyCheck.run(.user, [source]).sarif.text }
    } catch {
        _ = error.errors.map(\.description)
    }
    return 0
}

/// Loads or the fuzzer is built wrong.
private let organization: PolicyLayer = {
    let text = """
        version: "2"
        defaults: {decision: ask, on_error: deny}
        rules:
          - {name: read, action: allow, match: {actions: [file.read, shell.exec]}}
          - {name: keys, action: deny, match: {paths: ['**/.ssh/**']}}
        """
    do throws(PolicyErrors) {
        return try PolicyLayer.load(.organization, [.init(file: "organization.yaml", bytes: Array(text.utf8))])
    } catch {
        preconditionFailure(error.errors.map(\.description).joined(separator: "\n"))
    }
}()

private let requests: [PolicyRequest] = {
    func request(_ operations: [Operation], _ tool: Tool, _ arguments: JSON = .object([])) -> PolicyRequest {
        let call = Call(
            agent: AgentIdentity(kind: "fuzz"), tool: tool, arguments: arguments, workingDirectory: "/srv/project",
            workspace: "/srv/project", home: "/home/dev")
        var session = SessionState()
        session.labels = [.init("secret"), .init("untrusted", age: 90)]
        var request = PolicyRequest(call: call, operations: operations, facts: Facts(), session: session, now: 1_000)
        request.commandText = arguments["command"]?.string ?? ""
        return request
    }
    return [
        request(
            [
                Operation(
                    .shellExec, program: "git", arguments: ["git", "push", "-f"], command: "git push -f", traits: .force
                ),
                Operation(.gitPush, host: "git.example.com", traits: .force),
            ], Tool(name: "Bash", action: .shellExec), ["command": "git push -f"]),
        request([Operation(.fileRead, path: "/home/dev/.ssh/id_ed25519")], Tool(name: "Read", action: .fileRead)),
        request(
            [Operation(.fileWrite, path: "/srv/project/*/a", isPattern: true)], Tool(name: "Edit", action: .fileWrite)),
        request(
            [Operation(.netConnect, host: "10.0.0.1", port: 80, taints: .secret)],
            Tool(name: "Bash", action: .shellExec)),
        request(
            [Operation(.mcpCall)], Tool(name: "mcp__db__query", action: .mcpCall, server: "db", serverTool: "query"),
            ["query": "drop table x", "rows": 7]),
        request([], Tool(name: "Unknown", action: .toolOther)),
    ]
}()
