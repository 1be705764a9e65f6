// SPDX-License-Identifier: Apache-2.0
public import WritCore
import WritPolicy
import WritScan

extension Guard {
    /// What the model shall see instead of a tool's output: the same shape with what the decision's redactions name
    /// replaced; nil when nothing is to be replaced.
    ///
    /// - Throws: what a detector throws; the caller closes rather than show what it could not search.
    public func replacement(for judgement: Judgement) throws -> JSON? {
        guard judgement.request.call.event == .afterTool, let response = judgement.request.call.response else {
            return nil
        }
        var groups: Set<String> = []
        var isWanted = false
        for case .redact(let named) in judgement.decision.obligations {
            isWanted = true
            groups.formUnion(named)
        }
        guard isWanted else { return nil }
        let cleaned = try replacing(response, groups)
        return cleaned == response ? nil : cleaned
    }

    private func replacing(_ value: JSON, _ groups: Set<String>) throws -> JSON {
        switch value {
        case .string(let text):
            let bytes = Array(text.utf8)
            let context = ScanContext(key: key)
            var findings: [Finding] = []
            for detector in detectors where detector.scanner == "secrets" || detector.scanner == "pii" {
                findings += try detector.findings(in: ScanRequest(text: bytes, phase: .toolResponse), context).filter {
                    groups.isEmpty || groups.contains($0.category) || groups.contains(detector.scanner)
                }
            }
            return findings.isEmpty
                ? value : .string(String(decoding: try Redactor.redact(bytes, findings), as: UTF8.self))
        case .array(let elements): return .array(try elements.map { try replacing($0, groups) })
        case .object(let members): return .object(try members.map { .init($0.key, try replacing($0.value, groups)) })
        case .null, .bool, .integer, .number: return value
        }
    }
}
