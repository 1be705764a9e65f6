// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// Finds text that a reader does not see or sees as something else: the scanner `unicode`.
public struct UnicodeDetector: UnveilingDetector {
    public let scanner = "unicode"

    /// Creates a detector.
    public init() {}

    public func findings(
        in request: ScanRequest, _ context: ScanContext, _ unveiling: Unveiling
    ) throws -> [Finding] {
        var findings = Array(unveiling.findings.prefix(context.findingLimit))
        if unveiling.isCut {
            // What was not unveiled was not looked at either: that is said, never passed over.
            findings.append(
                Finding(
                    scanner: scanner, rule: "unveil-limit", category: "hidden_text", severity: .medium, confidence: 1,
                    message: "more text is hidden in it than is unveiled",
                    remedy: "look at the file before a model reads it, or split it"))
        }
        return findings
    }
}
