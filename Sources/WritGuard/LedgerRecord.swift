// SPDX-License-Identifier: Apache-2.0
public import WritCore
import WritPolicy
import WritScan

/// What the ledger keeps of a judgement: all that repeating the decision needs, why it came out so, and no secret.
public enum LedgerRecord {
    /// A string longer than this keeps its beginning, its length and its fingerprint.
    private static let maximumString = 16 << 10

    /// The record, with secrets replaced by keyed fingerprints.
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
            bare.request.commandText = ""
            bare.request.operations = bare.request.operations.map { Operation($0.kind, program: $0.program) }
            bare.decision.message = "withheld: it cannot be told from a secret"
            // Names of tools, sessions and folders come from outside as well.
            return try Withholding(detectors: guardian.detectors, key: guardian.key).json(
                raw(bare, event: event, digest: digest, key: guardian.key))
        }
    }

    private static func raw(_ judgement: Judgement, event: String, digest: String, key: FingerprintKey) -> JSON {
        var request = judgement.request
        // A delegation belongs to the call and not to the policies: what its links said is kept with the call, so that
        // policies can be tried on the record without the tokens.
        request.further += judgement.decision.reasons.filter {
            $0.verdict > .allow && $0.rule.hasPrefix("\(Layer.delegation.name)/")
        }
        var record = RequestRecord(
            request: request, verdict: judgement.decision.verdict,
            rules: judgement.decision.reasons.prefix(20).map(\.rule), policy: digest
        ).json
        if let request = record["request"] { record.set("request", bounded(request, key)) }
        record.set("native_event", .string(event))
        record.set("message", .string(judgement.decision.message))
        record.set(
            "reasons",
            .array(
                judgement.decision.reasons.prefix(20).map { reason in
                    var value: JSON = ["rule": .string(reason.rule), "verdict": .string(reason.verdict.name)]
                    if let operation = reason.operation { value.set("operation", .integer(Int64(operation))) }
                    if !reason.message.isEmpty { value.set("message", .string(reason.message)) }
                    return value
                }))
        if let score = judgement.codeSafety { record.set("code_safety", .integer(Int64(score.value))) }
        let call = judgement.request.call
        if let response = call.response { record.set("response", summary(of: response, key)) }
        if let prompt = call.prompt { record.set("prompt", bounded(.string(prompt), key)) }
        if let toolUse = call.toolUse { record.set("tool_use", .string(toolUse)) }
        if let mode = call.mode { record.set("mode", .string(mode)) }
        return record
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
            let fingerprint = key.fingerprint(of: Array(text.utf8))
            return .string("\(text.prefix(2_000)) … (\(text.utf8.count) bytes, fingerprint \(fingerprint))")
        case .array(let elements): return .array(elements.map { bounded($0, key) })
        case .object(let members): return .object(members.map { JSON.Member($0.key, bounded($0.value, key)) })
        case .null, .bool, .integer, .number: return value
        }
    }
}
