// SPDX-License-Identifier: Apache-2.0
public import WritCore
import WritPolicy
import WritScan

/// What a decision depended on, as the ledger keeps it: enough to repeat the decision, and no secret.
public enum RequestRecord {
    /// The longest string that is kept whole; what is longer keeps its beginning, its length and its fingerprint.
    private static let maximumString = 16 << 10

    /// The record of a judgement with secrets replaced by keyed fingerprints.
    ///
    /// - Throws: what the secrets detector throws. A record that cannot be searched is not written.
    public static func json(_ judgement: Judgement, event: String, digest: String, guardian: Guard) throws -> JSON {
        let whole = raw(judgement, event: event, digest: digest, key: guardian.key)
        let text = whole.bytes
        var findings: [Finding] = []
        for detector in guardian.detectors where detector.scanner == "secrets" {
            findings += try detector.findings(
                in: ScanRequest(text: text, phase: .output), ScanContext(key: guardian.key))
        }
        if findings.isEmpty { return whole }
        do {
            return try JSON(parsing: try Redactor.redact(text, findings))
        } catch is JSONError {
            // A finding that ends inside an escape would break the text: then nothing of the arguments is kept.
            var bare = judgement
            bare.request.call.arguments = ["withheld": true]
            bare.request.call.response = nil
            bare.request.call.prompt = nil
            bare.request.operations = bare.request.operations.map { Operation($0.kind, program: $0.program) }
            bare.decision.message = "withheld: it cannot be told from a secret"
            // Names of tools, sessions and folders come from outside as well.
            return try Withholding(detectors: guardian.detectors, key: guardian.key).json(
                raw(bare, event: event, digest: digest, key: guardian.key))
        }
    }

    private static func raw(_ judgement: Judgement, event: String, digest: String, key: FingerprintKey) -> JSON {
        let request = judgement.request
        let call = request.call
        var agent: JSON = ["kind": .string(call.agent.kind)]
        if let id = call.agent.id { agent.set("id", .string(id)) }
        if let type = call.agent.type { agent.set("type", .string(type)) }
        if let model = call.agent.model { agent.set("model", .string(model)) }
        var what: JSON = [
            "event": .string(call.event.rawValue), "native_event": .string(event), "agent": agent,
            "tool": .string(call.tool.canonicalName), "action": .string(call.tool.action.rawValue),
            "args": bounded(call.arguments, key), "cwd": .string(call.workingDirectory),
            "workspace": .string(call.workspace), "home": .string(call.home),
        ]
        if call.tool.name != call.tool.canonicalName { what.set("raw_tool", .string(call.tool.name)) }
        if let response = call.response { what.set("response", summary(of: response, key)) }
        if let prompt = call.prompt { what.set("prompt", bounded(.string(prompt), key)) }
        if let toolUse = call.toolUse { what.set("tool_use", .string(toolUse)) }
        if let mode = call.mode { what.set("mode", .string(mode)) }

        var record: JSON = [
            "call": what, "phase": .string(request.phase.rawValue),
            "operations": .array(request.operations.map { bounded(json($0), key) }),
            "decision": [
                "verdict": .string(judgement.decision.verdict.name), "message": .string(judgement.decision.message),
                "reasons": .array(judgement.decision.reasons.prefix(20).map(json)),
            ],
            "policies": .string(digest), "now": .integer(request.now),
        ]
        if !request.findings.isEmpty {
            record.set("findings", .array(request.findings.prefix(100).map(json)))
        }
        if !request.scannerFaults.isEmpty {
            record.set("scanner_faults", .array(request.scannerFaults.map { .string("\($0.scanner): \($0.message)") }))
        }
        record.set("session", json(request.session))
        record.set(
            "facts",
            [
                "profile": .string(request.facts.environment.profile), "os": .string(request.facts.environment.os),
                "repo_root": .string(request.facts.repo.root), "repo_remote": .string(request.facts.repo.remote),
                "repo_branch": .string(request.facts.repo.branch),
                "repo_default_branch": .string(request.facts.repo.defaultBranch),
                "repo_protected": .bool(request.facts.repo.protected),
            ])
        return record
    }

    /// An operation with the fields that apply.
    public static func json(_ operation: Operation) -> JSON {
        var value: JSON = ["kind": .string(operation.kind.rawValue)]
        func set(_ key: String, _ text: String) {
            if !text.isEmpty { value.set(key, .string(text)) }
        }
        set("program", operation.program)
        if !operation.arguments.isEmpty {
            value.set("argv", .array(operation.arguments.prefix(64).map { .string($0) }))
        }
        set("command", operation.command)
        set("path", operation.path)
        if operation.isPattern { value.set("is_pattern", true) }
        set("host", operation.host)
        if operation.port != 0 { value.set("port", .integer(Int64(operation.port))) }
        set("method", operation.method)
        if let package = operation.package {
            value.set(
                "package",
                [
                    "ecosystem": .string(package.ecosystem), "name": .string(package.name),
                    "version": .string(package.version),
                ])
        }
        set("remote", operation.remote)
        set("branch", operation.branch)
        let traits = Operation.Traits.names.filter { operation.traits.contains($0.trait) }.map(\.name)
        if !traits.isEmpty { value.set("traits", .array(traits.map { .string($0) })) }
        let taints = Operation.Taints.names.filter { operation.taints.contains($0.taint) }.map(\.name)
        if !taints.isEmpty { value.set("taints", .array(taints.map { .string($0) })) }
        if let opaque = operation.opaque { value.set("opaque", .string(opaque.rawValue)) }
        set("detail", operation.detail)
        if operation.depth > 0 { value.set("depth", .integer(Int64(operation.depth))) }
        if let span = operation.span {
            value.set("span", [.integer(Int64(span.start)), .integer(Int64(span.end))])
        }
        if operation.role == .data { value.set("role", "data") }
        return value
    }

    private static func json(_ reason: Decision.Reason) -> JSON {
        var value: JSON = ["rule": .string(reason.rule), "verdict": .string(reason.verdict.name)]
        if let operation = reason.operation { value.set("operation", .integer(Int64(operation))) }
        if !reason.message.isEmpty { value.set("message", .string(reason.message)) }
        return value
    }

    private static func json(_ finding: Finding) -> JSON {
        var value: JSON = [
            "scanner": .string(finding.scanner), "rule": .string(finding.rule), "category": .string(finding.category),
            "severity": .string(finding.severity.name), "confidence": .number(finding.confidence),
            "line": .integer(Int64(finding.line)),
        ]
        if let fingerprint = finding.fingerprint { value.set("fingerprint", .string(fingerprint)) }
        return value
    }

    private static func json(_ session: SessionState) -> JSON {
        [
            "id": .string(session.id), "age": .integer(Int64(clamping: session.age)),
            "calls": .integer(Int64(clamping: session.calls)), "denied": .integer(Int64(clamping: session.denied)),
            "labels": .array(session.labels.map { .string($0.name) }), "halted": .bool(session.isHalted),
        ]
    }

    /// A tool's output is not kept: its size and a fingerprint say whether two were the same.
    private static func summary(of response: JSON, _ key: FingerprintKey) -> JSON {
        let bytes = response.bytes
        return ["bytes": .integer(Int64(bytes.count)), "fingerprint": .string(key.fingerprint(of: bytes))]
    }

    private static func bounded(_ value: JSON, _ key: FingerprintKey) -> JSON {
        switch value {
        case .string(let text):
            guard text.utf8.count > maximumString else { return value }
            return [
                "beginning": .string(String(text.prefix(2_000))), "bytes": .integer(Int64(text.utf8.count)),
                "fingerprint": .string(key.fingerprint(of: Array(text.utf8))),
            ]
        case .array(let elements): return .array(elements.map { bounded($0, key) })
        case .object(let members): return .object(members.map { JSON.Member($0.key, bounded($0.value, key)) })
        case .null, .bool, .integer, .number: return value
        }
    }
}
