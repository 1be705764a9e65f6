// SPDX-License-Identifier: Apache-2.0
import WritCEL
import WritCore

/// Makes calls that a rule is likely to match, for witnesses. Whether they do is for the engine to say.
struct Sampler {
    static let limit = 48
    let layer: PolicyLayer

    /// Calls made from the rule's matcher, turned towards its condition.
    func requests(for rule: CompiledRule) -> [PolicyRequest] {
        var out: [PolicyRequest] = []
        let matcher = rule.matcher
        let kinds = WritCore.Operation.Kind.allCases.filter { matcher.accepts($0) && isSensible($0, matcher) }
        let commands = matcher.commands.map { $0.map(words) } ?? [[]]
        let paths = matcher.paths.map { $0.map(path) } ?? [""]
        let hosts = matcher.hosts.map { $0.map(host) } ?? [""]
        let packages = matcher.packages ?? []
        let tools = matcher.tools.map { $0.map(\.source) } ?? [""]
        for kind in kinds.prefix(8) {
            for command in commands.prefix(4) {
                for path in paths.prefix(4) {
                    for host in hosts.prefix(3) {
                        for tool in tools.prefix(3) {
                            guard out.count < Self.limit else { return out }
                            var operation = WritCore.Operation(kind)
                            operation.arguments = command
                            operation.program = command.first ?? ""
                            operation.command = command.joined(separator: " ")
                            operation.path = path.isEmpty && Self.carriesPath(kind) ? ExamplePlace.project + "/x" : path
                            operation.host = host
                            if let package = packages.first {
                                operation.package = .init(
                                    ecosystem: package.ecosystem.map(instance) ?? "npm", name: instance(package.name))
                            }
                            out += turned(request(rule, operation, tool: tool), rule)
                        }
                    }
                }
            }
        }
        return out
    }

    /// Kinds that have a path of their own.
    static func carriesPath(_ kind: WritCore.Operation.Kind) -> Bool {
        switch kind {
        case .fileRead, .fileWrite, .fileDelete, .fileSearch, .fileMode, .secretRead, .configWrite, .memoryWrite: true
        default: false
        }
    }

    /// Kinds that can have a host.
    static func carriesHost(_ kind: WritCore.Operation.Kind) -> Bool {
        switch kind {
        case .netConnect, .netListen, .httpRequest, .browserNavigate, .gitPush, .gitFetch, .mcpCall, .mcpResource,
            .pkgInstall, .pkgPublish, .deployApply, .resourceDelete, .resourceWrite, .shellExec:
            true
        default: false
        }
    }

    private func isSensible(_ kind: WritCore.Operation.Kind, _ matcher: Matcher) -> Bool {
        if matcher.paths != nil, !Self.carriesPath(kind), matcher.kinds == nil { return false }
        if matcher.hosts != nil, !Self.carriesHost(kind), matcher.kinds == nil { return false }
        if matcher.packages != nil, kind != .pkgInstall, kind != .pkgPublish { return false }
        return true
    }

    private func request(_ rule: CompiledRule, _ operation: WritCore.Operation, tool: String) -> PolicyRequest {
        let matcher = rule.matcher
        var call = Call(
            agent: AgentIdentity(kind: matcher.agents?.first.map(instance) ?? "claude-code"),
            tool: Tool(name: operation.kind == .shellExec ? "Bash" : "Tool", action: operation.kind),
            workingDirectory: GivenReader.repo, workspace: GivenReader.repo, home: GivenReader.home)
        let name = instance(WordGlob(tool))
        if name.hasPrefix("mcp:"), let slash = name.firstIndex(of: "/") {
            call.tool = Tool(
                name: name, action: .mcpCall, server: String(name[name.index(name.startIndex, offsetBy: 4)..<slash]),
                serverTool: String(name[name.index(after: slash)...]))
        } else if !name.isEmpty {
            call.tool.name = name
        }
        if call.tool.server == nil, operation.kind == .mcpCall || operation.kind == .mcpResource {
            call.tool = Tool(name: "mcp__server__tool", action: operation.kind, server: "server", serverTool: "tool")
        }
        if !operation.command.isEmpty { call.arguments = ["command": .string(operation.command)] }
        var facts = Facts.baseline()
        facts.user.id = matcher.users?.first.map(instance) ?? ""
        facts.user.groups = matcher.groups?.first.map { [instance($0)] } ?? []
        facts.user.roles = matcher.roles?.first.map { [instance($0)] } ?? []
        facts.task.workflow = matcher.workflows?.first.map(instance) ?? ""
        facts.environment.profile = matcher.environment?.first.map(instance) ?? ""
        facts.repo.remote = matcher.repos?.first.map(instance) ?? ""
        if let server = call.tool.server {
            facts.mcp.identity = layer.mcp.lazy.compactMap { $0.servers[server]?.identity }.first ?? ""
        }
        var request = PolicyRequest(call: call, phase: .toolCall, operations: [operation], facts: facts)
        request.roots = GivenReader.roots
        if let source = rule.source {
            request.session.labels = source.labels.map { .init(instance(WordGlob($0.source))) }
        }
        return request
    }

    // MARK: Instances

    private func instance(_ glob: WordGlob) -> String {
        glob.text.replacing("*", with: "x").replacing("?", with: "x")
    }

    private func words(_ pattern: CommandPattern) -> [String] {
        let program = instance(pattern.program)
        return [program] + pattern.words.map(instance) + pattern.optionWords
    }

    private func path(_ glob: PathGlob) -> String {
        let root =
            switch glob.root {
            case .none: ""
            case .repo, .work: GivenReader.repo
            case .home: GivenReader.home
            case .tmp: "/tmp"
            }
        var parts = glob.parts.map { part in
            switch part {
            case .anything: "x"
            case .word(let word): instance(word)
            }
        }
        // A floating glob is met inside the repository first of all.
        if glob.isFloating { parts[0] = String(GivenReader.repo.dropFirst()) }
        return root + "/" + parts.joined(separator: "/")
    }

    private func host(_ pattern: HostPattern) -> String {
        switch pattern.shape {
        case .any: "host.example"
        case .exact(let name): name
        case .below(let name): "x." + name
        case .network(let address, _):
            address.bytes.count == 4
                ? address.bytes.map(String.init).joined(separator: ".")
                : stride(from: 0, to: 16, by: 2).map {
                    String(UInt16(address.bytes[$0]) << 8 | UInt16(address.bytes[$0 + 1]), radix: 16)
                }.joined(separator: ":")
        }
    }

    // MARK: Conditions

    /// The request, and the request with what the condition's terms ask for.
    private func turned(_ request: PolicyRequest, _ rule: CompiledRule) -> [PolicyRequest] {
        var turned = request
        if let when = rule.when { satisfy(when.program.ast, true, &turned) }
        if let unless = rule.unless { satisfy(unless.program.ast, false, &turned) }
        return turned == request ? [request] : [turned, request]
    }

    private func satisfy(_ expression: CELExpression, _ wanted: Bool, _ request: inout PolicyRequest) {
        switch expression.kind {
        case .and(let terms):
            for term in wanted ? terms : Array(terms.prefix(1)) { satisfy(term, wanted, &request) }
        case .or(let terms):
            for term in wanted ? Array(terms.prefix(1)) : terms { satisfy(term, wanted, &request) }
        case .not(let operand): satisfy(operand, !wanted, &request)
        case .binary(.equal, let left, let right):
            if wanted { assign(left, right, &request) }
        case .binary(.notEqual, let left, let right):
            if !wanted { assign(left, right, &request) } else { assign(left, other: right, &request) }
        case .binary(.isIn, let left, let right):
            guard wanted else { return }
            if case .list(let elements) = right.kind, let first = elements.first {
                assign(left, first.value, &request)
            } else if case .constant(.string(let text)) = left.kind {
                add(text, to: right.path, &request)
            }
        case .binary(.greater, let left, let right), .binary(.greaterOrEqual, let left, let right):
            if case .constant(.int(let value)) = right.kind {
                setInteger(left.path, wanted ? value &+ 1 : value &- 1, &request)
            }
        case .binary(.less, let left, let right), .binary(.lessOrEqual, let left, let right):
            if case .constant(.int(let value)) = right.kind {
                setInteger(left.path, wanted ? value &- 1 : value &+ 1, &request)
            }
        case .identifier, .select: setBool(expression.path, wanted, &request)
        case .has(let operand, let field):
            guard wanted, operand.path == "call.args", request.call.arguments[field] == nil else { return }
            request.call.arguments.set(field, "x")
        case .memberCall(let target, "startsWith", let arguments):
            if wanted, case .constant(.string(let text))? = arguments.first?.kind {
                setString(target.path, text, &request)
            }
        default: break
        }
    }

    private func assign(_ variable: CELExpression, _ constant: CELExpression, _ request: inout PolicyRequest) {
        guard case .constant(let value) = constant.kind else { return }
        switch value {
        case .string(let text):
            if let path = variable.path, path.hasPrefix("call.args.") {
                request.call.arguments.set(String(path.dropFirst(10)), .string(text))
            } else {
                setString(variable.path, text, &request)
            }
        case .int(let number):
            if let path = variable.path, path.hasPrefix("call.args.") {
                request.call.arguments.set(String(path.dropFirst(10)), .integer(number))
            } else {
                setInteger(variable.path, number, &request)
            }
        case .bool(let flag): setBool(variable.path, flag, &request)
        default: break
        }
    }

    /// Something else than the constant, so that the argument is at least there.
    private func assign(_ variable: CELExpression, other: CELExpression, _ request: inout PolicyRequest) {
        guard let path = variable.path, path.hasPrefix("call.args.") else { return }
        request.call.arguments.set(String(path.dropFirst(10)), "else")
    }

    private func setString(_ path: String?, _ text: String, _ request: inout PolicyRequest) {
        guard let path else { return }
        switch path {
        case "op.program":
            request.operations[0].program = text
            if request.operations[0].arguments.isEmpty { request.operations[0].arguments = [text] }
        case "op.path": request.operations[0].path = text
        case "op.host": request.operations[0].host = text
        case "op.method": request.operations[0].method = text
        case "op.git.branch": request.operations[0].branch = text
        case "op.git.remote": request.operations[0].remote = text
        case "op.detail": request.operations[0].detail = text
        case "op.command": request.operations[0].command = text
        case "op.kind": if let kind = WritCore.Operation.Kind(rawValue: text) { request.operations[0].kind = kind }
        case "op.opaque_cause": request.operations[0].opaque = WritCore.Operation.Opaque(rawValue: text)
        case "op.role": request.operations[0].role = text == "data" ? .data : .executed
        case "task.workflow": request.facts.task.workflow = text
        case "task.origin": request.facts.task.origin = text
        case "repo.branch": request.facts.repo.branch = text
        case "repo.visibility": request.facts.repo.visibility = text
        case "env.profile": request.facts.environment.profile = text
        case "env.name": request.facts.environment.name = text
        case "user.id": request.facts.user.id = text
        case "last.outcome": request.facts.last.outcome = text
        case "agent.kind": request.call.agent.kind = text
        default: break
        }
    }

    private func setInteger(_ path: String?, _ value: Int64, _ request: inout PolicyRequest) {
        // What no engine produces is no witness.
        let number = path.map(Contradiction.isCount) == true ? max(0, Int(clamping: value)) : Int(clamping: value)
        switch path {
        case "op.depth": request.operations[0].depth = number
        case "op.port": request.operations[0].port = min(number, 65_535)
        case "session.calls": request.session.calls = number
        case "session.denied": request.session.denied = number
        case "agent.trust": request.facts.agent.trust = number
        case "user.ceiling": request.facts.user.ceiling = number
        case "last.exit_code": request.facts.last.exitCode = number
        default:
            if let path, path.hasPrefix("call.args.") {
                request.call.arguments.set(String(path.dropFirst(10)), .integer(value))
            }
        }
    }

    private func setBool(_ path: String?, _ flag: Bool, _ request: inout PolicyRequest) {
        func trait(_ trait: WritCore.Operation.Traits) {
            if flag { request.operations[0].traits.insert(trait) } else { request.operations[0].traits.remove(trait) }
        }
        switch path {
        case "op.force": trait(.force)
        case "op.recursive": trait(.recursive)
        case "op.interpreter": trait(.interpreter)
        case "op.background": trait(.background)
        case "op.upload": trait(.upload)
        case "op.opaque": request.operations[0].opaque = flag ? .computed : nil
        case "op.pattern": request.operations[0].isPattern = flag
        case "repo.protected": request.facts.repo.protected = flag
        case "repo.trusted": request.facts.repo.trusted = flag
        case "mcp.pinned": request.facts.mcp.pinned = flag
        case "mcp.read_only_hint": request.facts.mcp.readOnlyHint = flag
        case "mcp.destructive_hint": request.facts.mcp.destructiveHint = flag
        case "agent.registered": request.facts.agent.registered = flag
        case "writ.present": request.facts.writ.present = flag
        case "user.mfa": request.facts.user.mfa = flag
        case "env.ci": request.facts.environment.ci = flag
        case "env.offline": request.facts.environment.offline = flag
        default: break
        }
    }

    private func add(_ text: String, to path: String?, _ request: inout PolicyRequest) {
        switch path {
        case "op.stdin_taint":
            if let taint = WritCore.Operation.Taints.names.first(where: { $0.name == text })?.taint {
                request.operations[0].taints.insert(taint)
            }
        case "op.traits":
            if let trait = WritCore.Operation.Traits.names.first(where: { $0.name == text })?.trait {
                request.operations[0].traits.insert(trait)
            }
        case "session.taints": request.session.labels.append(.init(text))
        case "user.groups": request.facts.user.groups.append(text)
        case "user.roles": request.facts.user.roles.append(text)
        case "op.argv": request.operations[0].arguments.append(text)
        default: break
        }
    }

    /// The call in a line.
    static func line(_ request: PolicyRequest) -> String {
        let operation = request.operations.first ?? WritCore.Operation(request.call.tool.action)
        var parts = [operation.kind.rawValue]
        if !operation.command.isEmpty { parts.append("`\(Wording.short(operation.command))`") }
        if operation.command.isEmpty, !operation.program.isEmpty {
            parts.append("`\(Wording.short(operation.program))`")
        }
        if !operation.path.isEmpty { parts.append("`\(Wording.short(operation.path))`") }
        if !operation.host.isEmpty { parts.append("to `\(Wording.short(operation.host))`") }
        if let package = operation.package { parts.append("`\(package.ecosystem):\(Wording.short(package.name))`") }
        if request.call.tool.server != nil { parts.append("by `\(request.call.tool.canonicalName)`") }
        return parts.joined(separator: " ")
    }
}
