// SPDX-License-Identifier: Apache-2.0
public import WritCore
public import WritPolicy
public import WritScan
public import WritShell

/// Joins the engines: a call and what its session has done so far go in, a judgement comes out.
///
/// Pure but for what it is given: files are read through ``Surroundings/files`` alone, the clock is an argument. The
/// daemon, the batch commands, replay and the tests all come through here.
public struct Guard: Sendable {
    /// The policies in force.
    public let policies: PolicySet
    /// Looks at content; a rule names a detector by its ``Detector/scanner``.
    public let detectors: [any Detector]
    /// Judges packages that are added; nil when there is no index.
    public let packages: SupplyChain?
    /// Makes fingerprints of secrets.
    public let key: FingerprintKey

    /// What the rules of each phase ask the detectors for, worked out once.
    private let demands: [Phase: [ScannerDemand]]

    /// Creates a guard.
    public init(policies: PolicySet, detectors: [any Detector], packages: SupplyChain?, key: FingerprintKey) {
        self.policies = policies
        self.detectors = detectors
        self.packages = packages
        self.key = key
        demands = Dictionary(uniqueKeysWithValues: Phase.allCases.map { ($0, policies.scanners(in: $0)) })
    }

    /// What a judgement depends on beside the call and the session.
    public struct Surroundings: Sendable {
        /// Files that may be read to understand the call; nil when the file system is unknown.
        public var files: (any FileView)?
        public var facts: Facts
        public var host: HostCapabilities
        /// Seconds since 1970.
        public var now: Int64
        public var user: String
        public var isCaseInsensitive: Bool

        /// Creates surroundings.
        public init(
            files: (any FileView)? = nil, facts: Facts = Facts(), host: HostCapabilities = HostCapabilities(),
            now: Int64 = 0, user: String = "user", isCaseInsensitive: Bool = false
        ) {
            self.files = files
            self.facts = facts
            self.host = host
            self.now = now
            self.user = user
            self.isCaseInsensitive = isCaseInsensitive
        }
    }

    /// Judges a call.
    public func judge(_ call: Call, session: SessionState, in surroundings: Surroundings) -> Judgement {
        let request = request(for: call, session: session, in: surroundings)
        return Judgement(request: request, decision: policies.decide(request))
    }

    /// Everything that the decision on a call depends on.
    public func request(for call: Call, session: SessionState, in surroundings: Surroundings) -> PolicyRequest {
        let reading = CallReading(call, in: surroundings)
        var request = PolicyRequest(
            call: call, operations: reading.operations, facts: surroundings.facts, session: session,
            now: surroundings.now)
        request.commandText = reading.commandText
        request.host = surroundings.host
        inspect(&request, reading)
        return request
    }

    /// Runs the detectors that some rule asks for on the content that the call carries.
    private func inspect(_ request: inout PolicyRequest, _ reading: CallReading) {
        guard let demands = demands[request.phase], !demands.isEmpty else { return }
        let wanted = Set(demands.map(\.scanner))
        let context = ScanContext(key: key)
        for content in reading.contents {
            let scan = ScanRequest(text: content.text, phase: request.phase, path: content.path)
            var unveiling: Unveiling?
            for detector in detectors where wanted.contains(detector.policyName) {
                do {
                    if let reader = detector as? any UnveilingDetector {
                        let hidden = unveiling ?? Unveiler().unveil(scan.text, path: scan.path)
                        unveiling = hidden
                        request.findings += try reader.findings(in: scan, context, hidden)
                    } else {
                        request.findings += try detector.findings(in: scan, context)
                    }
                } catch {
                    request.scannerFaults.append(ScannerFault(scanner: detector.scanner, message: "\(error)"))
                }
            }
        }
        if wanted.contains("supply_chain"), let packages {
            let minimum = demands.compactMap(\.minimumWeeklyDownloads).max() ?? 0
            for operation in request.operations where operation.kind == .pkgInstall {
                guard let package = operation.package else { continue }
                request.findings += packages.read(package, minimumWeeklyDownloads: minimum).findings
            }
        }
    }
}

/// What was decided, and on what.
public struct Judgement: Sendable {
    public var request: PolicyRequest
    public var decision: Decision
}

extension Detector {
    /// The word for it under a rule's `scanner` key.
    var policyName: String {
        scanner == "code" ? "code_vuln" : scanner
    }
}
