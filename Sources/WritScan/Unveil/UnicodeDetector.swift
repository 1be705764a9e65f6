// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// Finds text that a reader does not see or sees as something else: the scanner `unicode`.
public struct UnicodeDetector: Detector {
    public let scanner = "unicode"
    private let unveiler: Unveiler

    /// Creates a detector.
    public init(limits: UnveilLimits = UnveilLimits()) {
        unveiler = Unveiler(limits: limits)
    }

    public func findings(in request: ScanRequest, _ context: ScanContext) throws -> [Finding] {
        Array(unveiler.unveil(request.text, path: request.path).findings.prefix(context.findingLimit))
    }
}
