// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// One piece of content to look at.
public struct ScanRequest: Sendable, Hashable {
    /// The content, as it is: any encoding, any size. A detector reads every byte or says that it did not.
    public var text: [UInt8]
    /// Which way the content flows.
    public var phase: Phase
    /// Path or file name it has or will have, when known; changes what some rules expect.
    public var path: String?
    /// Programming language in lower case, when known.
    public var language: String?
    /// The confidence from which whoever asks takes findings into account. A detector whose findings rest on a score
    /// reports from there; nil: from what it was calibrated to.
    public var threshold: Double?

    /// Creates a request.
    public init(text: [UInt8], phase: Phase = .output, path: String? = nil, language: String? = nil) {
        self.text = text
        self.phase = phase
        self.path = path
        self.language = language
    }

    /// Creates a request from text.
    public init(_ text: String, phase: Phase = .output, path: String? = nil, language: String? = nil) {
        self.init(text: Array(text.utf8), phase: phase, path: path, language: language)
    }
}

/// What every detector is given besides the content.
public struct ScanContext: Sendable {
    /// Makes fingerprints of what is found.
    public var key: FingerprintKey
    /// The most findings one detector returns for one request; above it comes a finding `scan-limit` in place of the
    /// rest.
    public var findingLimit: Int

    /// Creates a context.
    public init(key: FingerprintKey, findingLimit: Int = 2_000) {
        self.key = key
        self.findingLimit = max(1, findingLimit)
    }
}

/// Looks for one kind of thing in content. Pure: the same request and context give the same findings.
public protocol Detector: Sendable {
    /// The word in ``WritCore/Finding/scanner``.
    var scanner: String { get }

    /// Everything found, in order of place. Time is linear in the content.
    ///
    /// - Throws: when the detector could not do its work; the caller closes, it never treats this as "nothing found".
    func findings(in request: ScanRequest, _ context: ScanContext) throws -> [Finding]
}

/// A detector that works on what ``Unveiler`` brings to light, so that content is unveiled once for all of them.
public protocol UnveilingDetector: Detector {
    /// As ``Detector/findings(in:_:)``, with what is hidden in the request's text.
    func findings(in request: ScanRequest, _ context: ScanContext, _ unveiling: Unveiling) throws -> [Finding]
}

extension UnveilingDetector {
    public func findings(in request: ScanRequest, _ context: ScanContext) throws -> [Finding] {
        try findings(in: request, context, Unveiler().unveil(request.text, path: request.path))
    }
}
