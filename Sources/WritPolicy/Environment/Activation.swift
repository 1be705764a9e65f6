// SPDX-License-Identifier: Apache-2.0
import WritCEL
import WritCore

/// Gives conditions the values of one request and, in the phase `tool_call`, of one operation at a time.
///
/// Values are made when a condition asks for them. Lives for one decision on one thread.
final class Activation: CELActivation {
    let request: PolicyRequest
    /// By reference: an operation is large, and one is set for every rule that is asked.
    var view: OperationView? {
        didSet { if view !== oldValue { argumentWords = nil } }
    }
    /// The lists of the document whose rule is evaluated.
    var lists = Activation.noLists
    private static let noLists = CELMap([] as [(String, CELValue)])
    private var argumentWords: CELValue?
    private var arguments: CELValue?
    private var findings: CELValue?
    private var branchReach: BranchReach?
    private let commandHash: (@Sendable ([UInt8]) -> String)?

    init(_ request: PolicyRequest, hash: (@Sendable ([UInt8]) -> String)?) {
        self.request = request
        commandHash = hash
    }

    func value(slot: Int) throws(CELFault) -> CELValue {
        guard slot >= 0, slot < Variable.bySlot.count else { throw CELFault(.unknownName, "variable has no value") }
        return try value(of: Variable.bySlot[slot])
    }

    func value(of variable: Variable) throws(CELFault) -> CELValue {
        switch variable {
        case .call: return callMap
        case .callID: return .string(request.call.id)
        case .callPhase: return .string(request.phase.rawValue)
        case .callTool: return .string(request.call.tool.canonicalName)
        case .callRawTool: return .string(request.call.tool.native ?? request.call.tool.name)
        case .callArgs: return argumentMap
        case .callHash: return .string(request.facts.callHash)
        case .callCwd: return .string(request.call.workingDirectory)
        case .callSize: return .int(Int64(request.call.arguments.bytes.count))
        case .userID: return .string(request.facts.user.id)
        case .userGroups: return Self.strings(request.facts.user.groups)
        case .userRoles: return Self.strings(request.facts.user.roles)
        case .userMFA: return .bool(request.facts.user.mfa)
        case .userCeiling: return .int(Int64(request.facts.user.ceiling))
        case .agentID: return .string(request.call.agent.id ?? "")
        case .agentKind: return .string(request.call.agent.kind)
        case .agentVersion: return .string(request.call.agent.version ?? "")
        case .agentModel: return .string(request.call.agent.model ?? "")
        case .agentRegistered: return .bool(request.facts.agent.registered)
        case .agentParent: return .string(request.facts.agent.parent)
        case .agentChain: return Self.strings(request.facts.agent.chain)
        case .agentTrust: return .int(Int64(request.facts.agent.trust))
        case .taskID: return .string(request.facts.task.id)
        case .taskWorkflow: return .string(request.facts.task.workflow)
        case .taskIntent: return .string(request.facts.task.intent)
        case .taskTicket: return .string(request.facts.task.ticket)
        case .taskOrigin: return .string(request.facts.task.origin)
        case .taskStarted: return Self.moment(request.facts.task.started)
        case .writPresent: return .bool(request.facts.writ.present)
        case .writID: return .string(request.facts.writ.id)
        case .writIssuer: return .string(request.facts.writ.issuer)
        case .writDepth: return .int(Int64(request.facts.writ.depth))
        case .writExpires: return Self.moment(request.facts.writ.expires)
        case .writEnvironments: return Self.strings(request.facts.writ.environments)
        case .envProfile: return .string(request.facts.environment.profile)
        case .envName: return .string(request.facts.environment.name)
        case .envCI: return .bool(request.facts.environment.ci)
        case .envOS: return .string(request.facts.environment.os)
        case .envSandbox: return .string(request.facts.environment.sandbox)
        case .envOffline: return .bool(request.facts.environment.offline)
        case .repoRoot: return .string(request.facts.repo.root)
        case .repoRemote: return .string(request.facts.repo.remote)
        case .repoBranch: return .string(request.facts.repo.branch)
        case .repoDefaultBranch: return .string(request.facts.repo.defaultBranch)
        case .repoProtected:
            let reach = branchReach ?? BranchReach(request)
            branchReach = reach
            return .bool(reach.isProtected(view?.operation, in: request.facts.repo))
        case .repoVisibility: return .string(request.facts.repo.visibility)
        case .repoTrusted: return .bool(request.facts.repo.trusted)
        case .sessionID: return .string(request.session.id.isEmpty ? request.call.session : request.session.id)
        case .sessionAge: return .duration(CELDuration(seconds: Int64(request.session.age)))
        case .sessionCalls: return .int(Int64(request.session.calls))
        case .sessionDenied: return .int(Int64(request.session.denied))
        case .sessionTaints: return Self.strings(request.session.labels.map(\.name))
        case .sessionCounts: return .map(CELMap(request.session.counts.map { ($0.key, CELValue.int(Int64($0.value))) }))
        case .sessionHosts: return Self.strings(request.session.hosts)
        case .mcpServer: return .string(request.call.tool.server ?? "")
        case .mcpTool: return .string(request.call.tool.serverTool ?? "")
        case .mcpPinned: return .bool(request.facts.mcp.pinned)
        case .mcpReadOnly: return .bool(request.facts.mcp.readOnlyHint)
        case .mcpDestructive: return .bool(request.facts.mcp.destructiveHint)
        case .mcpIdentity: return .string(request.facts.mcp.identity)
        case .contentSource: return .string(request.facts.content.source)
        case .contentOrigin: return .string(request.facts.content.origin)
        case .contentMime: return .string(request.facts.content.mime)
        case .contentPath: return .string(request.facts.content.path)
        case .contentSize: return .int(Int64(request.facts.content.size))
        case .contentTrusted: return .bool(request.facts.content.trusted)
        case .findings: return findingList
        case .lastTool: return .string(request.facts.last.tool)
        case .lastOutcome: return .string(request.facts.last.outcome)
        case .lastExitCode: return .int(Int64(request.facts.last.exitCode))
        case .lists: return .map(lists)
        case .now: return Self.moment(request.now)
        default:
            guard let view else { throw CELFault(.unknownName, "there is no operation") }
            if variable == .opArgv {
                if let argumentWords { return argumentWords }
                let words = Self.strings(view.operation.arguments)
                argumentWords = words
                return words
            }
            return value(of: variable, of: view)
        }
    }

    private func value(of variable: Variable, of view: OperationView) -> CELValue {
        switch variable {
        case .opKind: return .string(view.operation.kind.rawValue)
        case .opProgram: return .string(view.operation.program)
        case .opArgv: return Self.strings(view.operation.arguments)
        case .opCommand: return .string(view.operation.command)
        case .opCommandHash: return .string(commandHash?(Array(view.operation.command.utf8)) ?? view.operation.command)
        case .opPath: return .string(view.operation.path)
        case .opPaths: return Self.strings(view.operation.path.isEmpty ? [] : [view.operation.path])
        case .opHost: return .string(view.operation.host)
        case .opPort: return .int(Int64(view.operation.port))
        case .opMethod: return .string(view.operation.method)
        case .opPackageEcosystem: return .string(view.operation.package?.ecosystem ?? "")
        case .opPackageName: return .string(view.operation.package?.name ?? "")
        case .opPackageVersion: return .string(view.operation.package?.version ?? "")
        case .opPackageAge: return .int(Int64(packageAge(view.operation)?.days ?? 0))
        case .opPackageKnown: return .bool(packageAge(view.operation)?.isKnown ?? false)
        case .opGitRemote: return .string(view.operation.remote)
        case .opGitBranch: return .string(view.operation.branch)
        case .opForce: return .bool(view.operation.traits.contains(.force))
        case .opWrites: return .bool(view.operation.writes)
        case .opOpaque: return .bool(view.operation.isOpaque)
        case .opDepth: return .int(Int64(view.operation.depth))
        case .opInterpreter: return .bool(view.operation.traits.contains(.interpreter))
        case .opStdinTaint:
            return Self.strings(Operation.Taints.names.filter { view.operation.taints.contains($0.taint) }.map(\.name))
        case .opBackground:
            return .bool(view.operation.traits.contains(.background) || view.operation.kind == .shellBackground)
        case .opTraits:
            return Self.strings(Operation.Traits.names.filter { view.operation.traits.contains($0.trait) }.map(\.name))
        case .opDetail: return .string(view.operation.detail)
        case .opRecursive: return .bool(view.operation.traits.contains(.recursive))
        case .opOpaqueCause: return .string(view.operation.opaque?.rawValue ?? "")
        case .opRole: return .string(view.operation.role.rawValue)
        case .opUpload: return .bool(view.operation.traits.contains(.upload))
        case .opPattern: return .bool(view.operation.isPattern)
        default: return .null
        }
    }

    private func packageAge(_ operation: Operation) -> Facts.PackageAge? {
        operation.package.flatMap { request.facts.packages["\($0.ecosystem):\($0.name)"] }
    }

    private var argumentMap: CELValue {
        if let arguments { return arguments }
        var value = Self.value(request.call.arguments, depth: 0)
        if case .map = value {} else { value = .map(CELMap([])) }
        arguments = value
        return value
    }

    private var callMap: CELValue {
        .map(
            CELMap([
                ("args", argumentMap), ("id", .string(request.call.id)), ("phase", .string(request.phase.rawValue)),
                ("tool", .string(request.call.tool.canonicalName)),
                ("raw_tool", .string(request.call.tool.native ?? request.call.tool.name)),
                ("hash", .string(request.facts.callHash)), ("cwd", .string(request.call.workingDirectory)),
                ("size", .int(Int64(request.call.arguments.bytes.count))),
            ]))
    }

    private var findingList: CELValue {
        if let findings { return findings }
        let value = CELValue.list(
            request.findings.map { finding in
                .map(
                    CELMap([
                        ("scanner", .string(finding.scanner)), ("rule", .string(finding.rule)),
                        ("category", .string(finding.category)), ("severity", .int(Int64(finding.severity.rawValue))),
                        ("confidence", .double(finding.confidence)), ("line", .int(Int64(finding.line))),
                    ]))
            })
        findings = value
        return value
    }

    private static func strings(_ values: [String]) -> CELValue { .list(values.map { .string($0) }) }

    private static func moment(_ seconds: Int64) -> CELValue { .timestamp(CELTimestamp(seconds: seconds)) }

    /// Whole numbers stay whole; deeper than the JSON reader goes there is nothing.
    static func value(_ json: JSON, depth: Int) -> CELValue {
        guard depth < 200 else { return .null }
        switch json {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .integer(let value): return .int(value)
        case .number(let value): return .double(value)
        case .string(let value): return .string(value)
        case .array(let elements): return .list(elements.map { value($0, depth: depth + 1) })
        case .object(let members): return .map(CELMap(members.map { ($0.key, value($0.value, depth: depth + 1)) }))
        }
    }
}

extension Operation {
    /// Nobody can say what the operation does. That a script was not read is another matter: its name is known, and a
    /// policy that names the command knows what it grants.
    var isOpaque: Bool {
        switch opaque {
        case .computed, .tainted, .limit, .unparsable: true
        case .unread, nil: false
        }
    }

    /// Changes something.
    var writes: Bool {
        if traits.contains(.dryRun) { return false }
        switch kind {
        case .fileWrite, .fileDelete, .fileMode, .gitCommit, .gitPush, .gitConfig, .gitDiscard, .gitRewrite,
            .pkgInstall,
            .pkgPublish, .memoryWrite, .configWrite, .deployApply, .resourceDelete, .resourceWrite, .processSignal,
            .privilegeRaise, .systemChange:
            return true
        case .netConnect, .httpRequest, .mcpCall:
            return traits.contains(.upload) || ["POST", "PUT", "PATCH", "DELETE"].contains(method)
        case .fileRead, .fileSearch, .shellExec, .shellBackground, .netListen, .mcpResource, .gitFetch, .secretRead,
            .browserNavigate, .agentSpawn, .toolOther:
            return false
        }
    }
}
