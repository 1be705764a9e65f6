// SPDX-License-Identifier: Apache-2.0
import WritCore

/// A finding as the batch commands and reports spell it; offsets in UTF-8 bytes.
enum FindingReport {
    static func json(_ finding: Finding) -> JSON {
        var value: JSON = [
            "scanner": .string(finding.scanner), "rule": .string(finding.rule), "category": .string(finding.category),
            "severity": .string(finding.severity.name), "confidence": .number(finding.confidence),
            "line": .integer(Int64(finding.line)), "start": .integer(Int64(finding.span.start)),
            "end": .integer(Int64(finding.span.end)), "message": .string(finding.message),
        ]
        if let cwe = finding.cwe { value.set("cwe", .string(cwe)) }
        if !finding.remedy.isEmpty { value.set("remedy", .string(finding.remedy)) }
        if let fingerprint = finding.fingerprint { value.set("fingerprint", .string(fingerprint)) }
        return value
    }
}
