// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// A decided call as the ledger keeps it: everything that deciding it again needs, and what was decided.
///
/// Secrets in the arguments must have been replaced by fingerprints before; this type writes what it is given. Fields
/// with their zero value are left out, so that records stay short.
public struct RequestRecord: Sendable, Hashable {
    public var request: PolicyRequest
    public var verdict: Verdict
    /// The rules that reached the verdict.
    public var rules: [String]
    /// Digest of the policies that decided.
    public var policy: String
    /// A person agreed to an `ask`.
    public var wasApproved: Bool

    /// Creates a record.
    public init(
        request: PolicyRequest, verdict: Verdict, rules: [String] = [], policy: String = "", wasApproved: Bool = false
    ) {
        self.request = request
        self.verdict = verdict
        self.rules = rules
        self.policy = policy
        self.wasApproved = wasApproved
    }

    /// One line of a ledger.
    public var json: JSON {
        var out = JSON.object([])
        out.set("request", request.json)
        out.set("verdict", .string(verdict.name))
        if !rules.isEmpty { out.set("rules", .array(rules.map { .string($0) })) }
        if !policy.isEmpty { out.set("policy", .string(policy)) }
        if wasApproved { out.set("approved", true) }
        return out
    }

    /// Reads a record; nil when what deciding needs is missing or has another type.
    public init?(_ json: JSON) {
        guard let body = json["request"], let request = PolicyRequest(json: body),
            let verdict = json["verdict"]?.string.flatMap({ Verdict(name: $0) })
        else { return nil }
        self.init(
            request: request, verdict: verdict, rules: (json["rules"]?.array ?? []).compactMap(\.string),
            policy: json["policy"]?.string ?? "", wasApproved: json["approved"]?.bool ?? false)
    }
}

extension PolicyRequest {
    /// What ``RequestRecord`` keeps of a request.
    public var json: JSON {
        var w = FieldWriter()
        w.set("phase", phase.rawValue)
        var callFields = FieldWriter()
        callFields.set("id", call.id)
        callFields.set("event", call.event.rawValue)
        callFields.set("session", call.session)
        callFields.set("tool", call.tool.name)
        callFields.set("native_tool", call.tool.native ?? "")
        callFields.set("action", call.tool.action.rawValue)
        callFields.set("server", call.tool.server ?? "")
        callFields.set("server_tool", call.tool.serverTool ?? "")
        if call.arguments != .object([]) { callFields.json.set("args", call.arguments) }
        callFields.set("cwd", call.workingDirectory)
        callFields.set("workspace", call.workspace)
        callFields.set("home", call.home)
        callFields.set("agent", call.agent.kind)
        callFields.set("agent_id", call.agent.id ?? "")
        callFields.set("agent_type", call.agent.type ?? "")
        callFields.set("agent_version", call.agent.version ?? "")
        callFields.set("model", call.agent.model ?? "")
        w.json.set("call", callFields.json)
        w.set("command", commandText)
        w.set("ops", operations.map(\.recordJSON))
        w.set("findings", findings.map(\.recordJSON))
        w.set("faults", scannerFaults.map { ["scanner": .string($0.scanner), "message": .string($0.message)] })
        w.set(
            "further",
            further.map {
                ["rule": .string($0.rule), "verdict": .string($0.verdict.name), "message": .string($0.message)]
            })
        w.set("approved_gates", approvedGates.sorted())
        w.json.set("facts", facts.recordJSON)
        w.json.set("state", session.recordJSON)
        w.set("now", Int(now))
        w.json.set(
            "roots",
            [
                "repo": .string(roots.repo), "home": .string(roots.home), "work": .string(roots.work),
                "tmp": .array(roots.tmp.map { .string($0) }),
            ])
        let lacks = [
            host.canBlock ? nil : "block", host.canAsk ? nil : "ask", host.canReplaceContent ? nil : "replace",
            host.canAddContext ? nil : "context",
        ].compactMap(\.self)
        w.set("host_lacks", lacks)
        return w.json
    }

    /// Reads what ``json`` wrote; nil when something that decisions depend on is missing or of another type.
    public init?(json: JSON) {
        guard let phase = json["phase"]?.string.flatMap({ Phase(rawValue: $0) }), let body = json["call"],
            let action = body["action"]?.string.flatMap({ WritCore.Operation.Kind(rawValue: $0) })
        else { return nil }
        // What is there with another type is not what was written; to read it as absent could loosen.
        for key in ["ops", "findings", "faults", "further", "approved_gates", "host_lacks"] {
            if let value = json[key], value.array == nil { return nil }
        }
        for key in ["facts", "state", "roots"] {
            if let value = json[key], value.members == nil { return nil }
        }
        let r = FieldReader(body)
        let agent = AgentIdentity(
            kind: r.text("agent"), version: r.optional("agent_version"), id: r.optional("agent_id"),
            type: r.optional("agent_type"), model: r.optional("model"))
        let call = Call(
            id: r.text("id"), event: Call.Event(rawValue: r.text("event")) ?? .other, agent: agent,
            session: r.text("session"),
            tool: Tool(
                name: r.text("tool"), action: action, server: r.optional("server"),
                serverTool: r.optional("server_tool"), native: r.optional("native_tool")),
            arguments: body["args"] ?? .object([]), workingDirectory: r.text("cwd"), workspace: r.text("workspace"),
            home: r.text("home"))
        var operations: [WritCore.Operation] = []
        for item in json["ops"]?.array ?? [] {
            guard let operation = WritCore.Operation(record: item) else { return nil }
            operations.append(operation)
        }
        self.init(
            call: call, phase: phase, operations: operations,
            findings: (json["findings"]?.array ?? []).map(Finding.init(record:)),
            facts: Facts(record: json["facts"] ?? .object([])),
            session: SessionState(record: json["state"] ?? .object([])),
            now: json["now"]?.integer ?? 0)
        commandText = json["command"]?.string ?? ""
        scannerFaults = (json["faults"]?.array ?? []).map {
            ScannerFault(scanner: $0["scanner"]?.string ?? "", message: $0["message"]?.string ?? "")
        }
        further = (json["further"]?.array ?? []).map {
            Decision.Reason(
                rule: $0["rule"]?.string ?? "", verdict: $0["verdict"]?.string.flatMap { Verdict(name: $0) } ?? .deny,
                message: $0["message"]?.string ?? "")
        }
        approvedGates = Set((json["approved_gates"]?.array ?? []).compactMap(\.string))
        if let roots = json["roots"] {
            let r = FieldReader(roots)
            self.roots = PathRoots(
                repo: r.text("repo"), home: r.text("home"), work: r.text("work"), tmp: r.texts("tmp"))
        }
        let lacks = Set((json["host_lacks"]?.array ?? []).compactMap(\.string))
        host = HostCapabilities(
            canBlock: !lacks.contains("block"), canAsk: !lacks.contains("ask"),
            canReplaceContent: !lacks.contains("replace"), canAddContext: !lacks.contains("context"))
    }
}

/// Writes fields that say something.
private struct FieldWriter {
    var json = JSON.object([])

    mutating func set(_ key: String, _ text: String) { if !text.isEmpty { json.set(key, .string(text)) } }
    mutating func set(_ key: String, _ flag: Bool) { if flag { json.set(key, true) } }
    mutating func set(_ key: String, _ number: Int) { if number != 0 { json.set(key, .integer(Int64(number))) } }
    mutating func set(_ key: String, _ texts: [String]) {
        if !texts.isEmpty { json.set(key, .array(texts.map { .string($0) })) }
    }
    mutating func set(_ key: String, _ values: [JSON]) { if !values.isEmpty { json.set(key, .array(values)) } }
}

private struct FieldReader {
    private var values: [String: JSON] = [:]

    init(_ json: JSON) {
        for member in json.members ?? [] { values[member.key] = member.value }
    }

    func text(_ key: String) -> String { values[key]?.string ?? "" }
    func optional(_ key: String) -> String? { values[key]?.string }
    func flag(_ key: String) -> Bool { values[key]?.bool ?? false }
    func number(_ key: String) -> Int { values[key]?.integer.map { Int(clamping: $0) } ?? 0 }
    func texts(_ key: String) -> [String] { (values[key]?.array ?? []).compactMap(\.string) }
    func value(_ key: String) -> JSON? { values[key] }
}

extension WritCore.Operation {
    fileprivate var recordJSON: JSON {
        var w = FieldWriter()
        w.set("kind", kind.rawValue)
        w.set("program", program)
        w.set("argv", arguments)
        w.set("command", command)
        w.set("path", path)
        w.set("pattern", isPattern)
        w.set("host", host)
        w.set("port", port)
        w.set("method", method)
        if let package { w.set("package", [package.ecosystem, package.name, package.version]) }
        w.set("remote", remote)
        w.set("branch", branch)
        w.set("traits", Traits.names.filter { traits.contains($0.trait) }.map(\.name))
        w.set("opaque", opaque?.rawValue ?? "")
        w.set("detail", detail)
        w.set("depth", depth)
        w.set("taints", Taints.names.filter { taints.contains($0.taint) }.map(\.name))
        if role == .data { w.set("role", role.rawValue) }
        return w.json
    }

    fileprivate init?(record: JSON) {
        let r = FieldReader(record)
        guard let kind = Kind(rawValue: r.text("kind")) else { return nil }
        self.init(
            kind, program: r.text("program"), arguments: r.texts("argv"), command: r.text("command"),
            path: r.text("path"),
            isPattern: r.flag("pattern"), host: r.text("host"), port: r.number("port"), method: r.text("method"),
            remote: r.text("remote"), branch: r.text("branch"), detail: r.text("detail"), depth: r.number("depth"))
        let parts = r.texts("package")
        if parts.count == 3 { package = Package(ecosystem: parts[0], name: parts[1], version: parts[2]) }
        for name in r.texts("traits") {
            if let trait = Traits.names.first(where: { $0.name == name })?.trait { traits.insert(trait) }
        }
        for name in r.texts("taints") {
            if let taint = Taints.names.first(where: { $0.name == name })?.taint { taints.insert(taint) }
        }
        if let word = r.optional("opaque") {
            // A cause of a later version is still a cause.
            opaque = Opaque(rawValue: word) ?? .computed
        }
        if r.text("role") == "data" { role = .data }
    }
}

extension Finding {
    fileprivate var recordJSON: JSON {
        [
            "scanner": .string(scanner), "rule": .string(rule), "category": .string(category),
            "severity": .string(severity.name), "confidence": .number(confidence), "message": .string(message),
        ]
    }

    fileprivate init(record: JSON) {
        let r = FieldReader(record)
        self.init(
            scanner: r.text("scanner"), rule: r.text("rule"), category: r.text("category"),
            severity: Severity(name: r.text("severity")) ?? .critical, confidence: r.value("confidence")?.double ?? 1,
            message: r.text("message"))
    }
}

extension SessionState {
    fileprivate var recordJSON: JSON {
        var w = FieldWriter()
        w.set("id", id)
        w.set("age", age)
        w.set("calls", calls)
        w.set("denied", denied)
        w.set(
            "labels",
            labels.map { ["name": .string($0.name), "age": .integer(Int64($0.age)), "task": .string($0.task)] as JSON })
        if !counts.isEmpty {
            w.json.set(
                "counts", .object(counts.sorted { $0.key < $1.key }.map { .init($0.key, .integer(Int64($0.value))) }))
        }
        w.set("hosts", hosts)
        if !used.isEmpty {
            w.json.set("used", .object(used.sorted { $0.key < $1.key }.map { .init($0.key, .number($0.value)) }))
        }
        w.set("fingerprints", fingerprints.sorted())
        w.set("halted", isHalted)
        return w.json
    }

    fileprivate init(record: JSON) {
        self.init()
        let r = FieldReader(record)
        id = r.text("id")
        age = r.number("age")
        calls = r.number("calls")
        denied = r.number("denied")
        labels = (r.value("labels")?.array ?? []).map {
            Label(
                $0["name"]?.string ?? "", age: $0["age"]?.integer.map { Int(clamping: $0) } ?? 0,
                task: $0["task"]?.string ?? "")
        }
        for member in r.value("counts")?.members ?? [] {
            counts[member.key] = member.value.integer.map { Int(clamping: $0) }
        }
        hosts = r.texts("hosts")
        for member in r.value("used")?.members ?? [] { used[member.key] = member.value.double }
        fingerprints = Set(r.texts("fingerprints"))
        isHalted = r.flag("halted")
    }
}

extension Facts {
    fileprivate var recordJSON: JSON {
        var out = JSON.object([])
        for section in FactSection.all {
            var w = FieldWriter()
            for (name, field) in section.fields {
                switch field {
                case .text(let path), .folder(let path): w.set(name, self[keyPath: path])
                case .texts(let path): w.set(name, self[keyPath: path])
                case .flag(let path): w.set(name, self[keyPath: path])
                case .number(let path): w.set(name, self[keyPath: path])
                case .moment(let path): w.set(name, Int(self[keyPath: path]))
                case .age(let path):
                    // No age is not the age 0.
                    if let age = self[keyPath: path] { w.json.set(name, .integer(Int64(age))) }
                }
            }
            if w.json != .object([]) { out.set(section.name, w.json) }
        }
        if !packages.isEmpty {
            out.set(
                "packages",
                .object(
                    packages.sorted { $0.key < $1.key }.map {
                        .init($0.key, ["days": .integer(Int64($0.value.days)), "known": .bool($0.value.isKnown)])
                    }))
        }
        if !callHash.isEmpty { out.set("call_hash", .string(callHash)) }
        return out
    }

    fileprivate init(record: JSON) {
        self.init()
        for section in FactSection.all {
            guard let values = record[section.name] else { continue }
            let r = FieldReader(values)
            for (name, field) in section.fields {
                switch field {
                case .text(let path), .folder(let path): self[keyPath: path] = r.text(name)
                case .texts(let path): self[keyPath: path] = r.texts(name)
                case .flag(let path): self[keyPath: path] = r.flag(name)
                case .number(let path): self[keyPath: path] = r.number(name)
                case .moment(let path): self[keyPath: path] = Int64(r.number(name))
                case .age(let path): self[keyPath: path] = r.value(name)?.integer.map { Int(clamping: $0) }
                }
            }
        }
        for member in record["packages"]?.members ?? [] {
            packages[member.key] = PackageAge(
                days: member.value["days"]?.integer.map { Int(clamping: $0) } ?? 0,
                isKnown: member.value["known"]?.bool ?? false)
        }
        callHash = record["call_hash"]?.string ?? ""
    }
}
