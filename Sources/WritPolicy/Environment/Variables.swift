// SPDX-License-Identifier: Apache-2.0
import WritCEL
import WritCore

/// The variables of conditions. The raw value is the path; the order of the cases is the order of the slots, which is
/// the same in every phase.
enum Variable: String, CaseIterable {
    case call, callID = "call.id", callPhase = "call.phase", callTool = "call.tool", callRawTool = "call.raw_tool"
    case callArgs = "call.args", callHash = "call.hash", callCwd = "call.cwd", callSize = "call.size"
    case opKind = "op.kind", opProgram = "op.program", opArgv = "op.argv", opCommand = "op.command"
    case opCommandHash = "op.command_hash", opPath = "op.path", opPaths = "op.paths", opHost = "op.host"
    case opPort = "op.port", opMethod = "op.method"
    case opPackageEcosystem = "op.package.ecosystem", opPackageName = "op.package.name"
    case opPackageVersion = "op.package.version", opPackageAge = "op.package.age_days"
    case opPackageKnown = "op.package.known"
    case opGitRemote = "op.git.remote", opGitBranch = "op.git.branch", opForce = "op.force", opWrites = "op.writes"
    case opOpaque = "op.opaque", opDepth = "op.depth", opInterpreter = "op.interpreter"
    case opStdinTaint = "op.stdin_taint", opBackground = "op.background"
    case opTraits = "op.traits", opDetail = "op.detail", opRecursive = "op.recursive"
    case opOpaqueCause = "op.opaque_cause", opRole = "op.role", opUpload = "op.upload", opPattern = "op.pattern"
    case userID = "user.id", userGroups = "user.groups", userRoles = "user.roles", userMFA = "user.mfa"
    case userCeiling = "user.ceiling"
    case agentID = "agent.id", agentKind = "agent.kind", agentVersion = "agent.version", agentModel = "agent.model"
    case agentRegistered = "agent.registered", agentParent = "agent.parent", agentChain = "agent.chain"
    case agentTrust = "agent.trust"
    case taskID = "task.id", taskWorkflow = "task.workflow", taskIntent = "task.intent", taskTicket = "task.ticket"
    case taskOrigin = "task.origin", taskStarted = "task.started"
    case writPresent = "writ.present", writID = "writ.id", writIssuer = "writ.issuer", writDepth = "writ.depth"
    case writExpires = "writ.expires", writEnvironments = "writ.environments"
    case envProfile = "env.profile", envName = "env.name", envCI = "env.ci", envOS = "env.os"
    case envSandbox = "env.sandbox", envOffline = "env.offline"
    case repoRoot = "repo.root", repoRemote = "repo.remote", repoBranch = "repo.branch"
    case repoDefaultBranch = "repo.default_branch", repoProtected = "repo.protected"
    case repoVisibility = "repo.visibility", repoTrusted = "repo.trusted"
    case sessionID = "session.id", sessionAge = "session.age", sessionCalls = "session.calls"
    case sessionDenied = "session.denied", sessionTaints = "session.taints", sessionCounts = "session.counts"
    case sessionHosts = "session.hosts"
    case mcpServer = "mcp.server", mcpTool = "mcp.tool", mcpPinned = "mcp.pinned"
    case mcpReadOnly = "mcp.read_only_hint", mcpDestructive = "mcp.destructive_hint", mcpIdentity = "mcp.identity"
    case contentSource = "content.source", contentOrigin = "content.origin", contentMime = "content.mime"
    case contentPath = "content.path", contentSize = "content.size", contentTrusted = "content.trusted"
    case findings
    case lastTool = "last.tool", lastOutcome = "last.outcome", lastExitCode = "last.exit_code"
    case lists, now

    /// The slot in every environment.
    var slot: Int { Self.slots[self] ?? 0 }
    private static let slots = Dictionary(uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })
    static let bySlot = allCases

    var type: CELType {
        switch self {
        case .call, .callArgs: .map(.string, .dyn)
        case .callSize, .opPort, .opPackageAge, .opDepth, .userCeiling, .agentTrust, .writDepth, .sessionCalls,
            .sessionDenied, .contentSize, .lastExitCode:
            .int
        case .opPackageKnown, .opForce, .opWrites, .opOpaque, .opInterpreter, .opBackground, .opRecursive, .opUpload,
            .opPattern, .userMFA, .agentRegistered, .writPresent, .envCI, .envOffline, .repoProtected, .repoTrusted,
            .mcpPinned, .mcpReadOnly, .mcpDestructive, .contentTrusted:
            .bool
        case .opArgv, .opPaths, .opStdinTaint, .opTraits, .userGroups, .userRoles, .agentChain, .writEnvironments,
            .sessionTaints, .sessionHosts:
            .list(.string)
        case .taskStarted, .writExpires, .now: .timestamp
        case .sessionAge: .duration
        case .sessionCounts: .map(.string, .int)
        case .findings: .list(.record("finding"))
        case .lists: .map(.string, .list(.string))
        default: .string
        }
    }

    /// What an expression can be about in a phase; nil when it can.
    private static func reason(_ group: String, in phase: Phase) -> String? {
        switch (group, phase) {
        case ("op", .toolCall), ("last", .toolCall), ("mcp", .toolCall), ("mcp", .toolResponse): nil
        case ("op", _): "exists in the phase `tool_call` alone"
        case ("last", _): "exists in the phase `tool_call` alone"
        case ("mcp", _): "exists in the phases `tool_call` and `tool_response`"
        case ("content", .toolCall): "does not exist in the phase `tool_call`"
        default: nil
        }
    }

    /// The environment of one phase.
    static func environment(for phase: Phase, functions: PolicyFunctions) -> CELEnvironment {
        var environment = CELEnvironment()
        environment.declareRecord(
            "finding",
            [
                "scanner": .string, "rule": .string, "category": .string, "severity": .int, "confidence": .double,
                "line": .int,
            ])
        for variable in allCases {
            let slot = environment.declare(variable.rawValue, variable.type)
            // Invariant: slots are handed out in order, so that activations need no table.
            precondition(slot == variable.slot, "slots follow the cases")
        }
        for group in ["op", "last", "mcp", "content"] {
            if let reason = reason(group, in: phase) { environment.withhold(group, because: reason) }
        }
        functions.define(in: &environment)
        return environment
    }
}
