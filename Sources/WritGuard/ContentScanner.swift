// SPDX-License-Identifier: Apache-2.0
public import WritCore
public import WritScan

/// All detectors over one piece of content, for scans outside a call.
public struct ContentScanner: Sendable {
    /// What was seen.
    public struct Result: Sendable {
        public var findings: [Finding]
        /// The default policy would not let this content pass in its phase.
        public var isBlocked: Bool
        /// By scanner, a probability that the content as a whole is what the scanner looks for.
        public var scores: [String: Double]
    }

    private let detectors: [any Detector]
    private let context: ScanContext

    /// Loads the built-in rules.
    public init(key: FingerprintKey = .random()) throws {
        detectors = try Engines.detectors()
        context = ScanContext(key: key)
    }

    /// Looks at the content.
    ///
    /// - Throws: when a detector could not do its work; nothing found is never concluded from that.
    public func scan(_ request: ScanRequest) throws -> Result {
        var findings: [Finding] = []
        for detector in detectors { findings += try detector.findings(in: request, context) }
        var scores: [String: Double] = [:]
        for finding in findings { scores[finding.scanner] = max(scores[finding.scanner] ?? 0, finding.confidence) }
        return Result(findings: findings, isBlocked: findings.contains(where: Self.blocks), scores: scores)
    }

    /// Secrets of the groups that the default policy names, and whatever is at least high and likely.
    private static func blocks(_ finding: Finding) -> Bool {
        finding.severity >= .high && finding.confidence >= 0.5
    }
}
