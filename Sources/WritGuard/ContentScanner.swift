// SPDX-License-Identifier: Apache-2.0
public import WritCore
import WritPolicy
public import WritScan

/// All detectors over one piece of content, and what the default policy says of it: for scans outside a call.
public struct ContentScanner: Sendable {
    /// What was seen.
    public struct Result: Sendable {
        public var findings: [Finding]
        /// The default policy stops this content in its phase.
        public var isBlocked: Bool
        /// By scanner, a probability that the content as a whole is what the scanner looks for.
        public var scores: [String: Double]
    }

    private let guardian: Guard
    private let context: ScanContext

    /// Loads the built-in rules and policies.
    public init(key: FingerprintKey = .random()) throws {
        guardian = try Engines.guardian(key: key)
        context = ScanContext(key: key)
    }

    /// Looks at the content.
    ///
    /// - Throws: when a detector could not do its work; nothing found is never concluded from that.
    public func scan(_ request: ScanRequest) throws -> Result {
        var findings: [Finding] = []
        var scores: [String: Double] = [:]
        let unveiling = Unveiler().unveil(request.text, path: request.path)
        for detector in guardian.detectors {
            var request = request
            request.threshold = request.threshold ?? guardian.threshold(of: detector, in: request.phase)
            if let injection = detector as? InjectionDetector {
                // Its score says something below the threshold too.
                let (score, found) = injection.judge(request, unveiling)
                findings += found
                scores[detector.scanner] = score
            } else if let reader = detector as? any UnveilingDetector {
                findings += try reader.findings(in: request, context, unveiling)
            } else {
                findings += try detector.findings(in: request, context)
            }
        }
        for finding in findings { scores[finding.scanner] = max(scores[finding.scanner] ?? 0, finding.confidence) }
        var question = PolicyRequest(
            call: Call(event: Self.event(of: request.phase)), phase: request.phase, findings: findings)
        question.facts.content.path = request.path ?? ""
        question.facts.content.size = request.text.count
        return Result(
            findings: findings, isBlocked: guardian.policies.decide(question).verdict > .allow, scores: scores)
    }

    private static func event(of phase: Phase) -> Call.Event {
        switch phase {
        case .input: .prompt
        case .toolResponse: .afterTool
        case .toolCall: .beforeTool
        case .output, .contextFile, .skill: .stop
        }
    }
}
