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

    /// Compares what a write replaces with what it puts in; nil without a detector for code.
    private let changes: Result<(CodeDetector, CodeDiff), any Error>?

    /// What the rules of each phase ask the detectors for, worked out once.
    let demands: [Phase: [ScannerDemand]]
    /// The names of those detectors.
    let wanted: [Phase: Set<String>]

    /// Creates a guard.
    public init(policies: PolicySet, detectors: [any Detector], packages: SupplyChain?, key: FingerprintKey) {
        self.policies = policies
        self.detectors = detectors
        self.packages = packages
        self.key = key
        changes = detectors.lazy.compactMap { $0 as? CodeDetector }.first.map { detector in
            Result { (detector, try CodeDiff(detector: detector)) }
        }
        demands = Dictionary(uniqueKeysWithValues: Phase.allCases.map { ($0, policies.scanners(in: $0)) })
        wanted = demands.mapValues { Set($0.map(\.scanner)) }
    }

    /// The same guard with further layers in force.
    public func adding(_ layers: [PolicyLayer]) -> Guard {
        Guard(
            policies: PolicySet(policies.layers + layers, broken: policies.broken), detectors: detectors,
            packages: packages, key: key)
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
        /// Labels that the operations of a call bring into its session before it is judged; they can only restrict.
        public var labels: (@Sendable ([Operation]) -> [String])?
        /// The profile of the places that the operations of a call name, where it is stricter than that of ``facts``.
        public var profile: (@Sendable ([Operation]) -> ProfileChoice?)?
        /// What other parts of Writ say against every tool call, such as a delegation that has expired.
        public var refusals: [Decision.Reason] = []
        /// What stands in a file that a call is about to write, by absolute path; nil where it cannot be had. Asked for
        /// the files that a call writes, no others.
        public var previous: (@Sendable (String) -> [UInt8]?)?

        /// Creates surroundings.
        public init(
            files: (any FileView)? = nil, facts: Facts = Facts(), host: HostCapabilities = HostCapabilities(),
            now: Int64 = 0, user: String = "user", isCaseInsensitive: Bool = false,
            labels: (@Sendable ([Operation]) -> [String])? = nil
        ) {
            self.labels = labels
            self.files = files
            self.facts = facts
            self.host = host
            self.now = now
            self.user = user
            self.isCaseInsensitive = isCaseInsensitive
        }
    }

    /// Judges a call.
    ///
    /// - Parameter refusals: what was refused in the session before; a variant of it is recognised and told of.
    public func judge(
        _ call: Call, session: SessionState, refusals: RefusedEffects = RefusedEffects(), in surroundings: Surroundings
    ) -> Judgement {
        var (request, review, instructions) = review(of: call, session: session, in: surroundings)
        let variant = refusals.recognise(request, limits: policies.variantLimits)
        if let variant { request.further.append(variant.reason) }
        var judgement = Judgement(request: request, decision: decide(request, surroundings.refusals), variant: variant)
        judgement.instructions = instructions.writes
        judgement.decision.obligations += instructions.obligations
        if variant?.isFirst == true {
            if judgement.decision.verdict == .allow {
                judgement.decision.obligations.append(.annotate("Writ: \(RefusedEffects.Recognition.note)"))
            } else {
                judgement.decision.message += " " + RefusedEffects.Recognition.note
            }
        }
        annotate(&judgement, review)
        return judgement
    }

    /// Adds the review of written code, where a rule or a refusal makes the agent read it.
    private func annotate(_ judgement: inout Judgement, _ review: CodeReview) {
        guard !review.isEmpty else { return }
        judgement.codeSafety = CodeSafetyScore(review.findings)
        let isSaid = judgement.decision.obligations.contains { if case .annotate = $0 { true } else { false } }
        let phase = judgement.request.phase
        if isSaid || judgement.decision.verdict > .allow,
            let text = review.annotated({ policies.isWanted($0, in: phase) })
        {
            judgement.decision.obligations.append(.annotate(text))
        }
    }

    private func decide(_ request: PolicyRequest, _ refusals: [Decision.Reason]) -> Decision {
        let decision = policies.decide(request)
        guard request.call.event == .prompt, !request.operations.isEmpty else { return decision }
        // The host reads the files that a prompt names without a call, so they are judged like the call that it saves.
        var reading = request
        reading.phase = .toolCall
        reading.further += refusals
        reading.call.event = .beforeTool
        reading.call.tool = Tool(name: "Read", action: .fileRead)
        let read = policies.decide(reading)
        return read.verdict > decision.verdict ? read : decision
    }

    /// Everything that the decision on a call depends on.
    public func request(for call: Call, session: SessionState, in surroundings: Surroundings) -> PolicyRequest {
        review(of: call, session: session, in: surroundings).0
    }

    private func review(
        of call: Call, session: SessionState, in surroundings: Surroundings
    ) -> (PolicyRequest, CodeReview, (writes: [InstructionWrite], obligations: [Obligation])) {
        let reading = CallReading.of(call, in: surroundings)
        var request = PolicyRequest(
            call: call, operations: reading.operations, facts: surroundings.facts, session: session,
            now: surroundings.now)
        request.commandText = reading.commandText
        request.host = surroundings.host
        if request.phase == .toolCall { request.further += surroundings.refusals }
        addAges(to: &request, now: surroundings.now)
        if let stricter = surroundings.profile?(reading.operations) {
            request.facts.environment.profile = stricter.profile.rawValue
        }
        for label in surroundings.labels?(reading.operations) ?? []
        where !request.session.labels.contains(where: { $0.name == label }) {
            request.session.labels.append(.init(label))
        }
        var review = CodeReview()
        inspect(&request, reading, &review)
        let instructions = readInstructions(&request, reading, in: surroundings)
        return (request, review, instructions)
    }

    /// What conditions may ask of the packages that the call adds.
    private func addAges(to request: inout PolicyRequest, now: Int64) {
        guard let packages else { return }
        for package in request.operations.packagesInstalled {
            let key = "\(package.ecosystem):\(package.name)"
            guard request.facts.packages[key] == nil,
                let days = packages.ageInDays(
                    of: package.name, in: package.ecosystem, today: now > 0 ? Int(now / 86_400) : nil)
            else { continue }
            request.facts.packages[key] = .init(days: days, isKnown: true)
        }
    }

    /// The confidence that some rule of the phase counts findings of the detector from; nil when no rule asks for it.
    func threshold(of detector: any Detector, in phase: Phase) -> Double? {
        demands[phase]?.lazy.filter { $0.scanner == detector.policyName }.map(\.minimumConfidence).min()
    }

    /// Runs the detectors that some rule asks for on the content that the call carries.
    private func inspect(_ request: inout PolicyRequest, _ reading: CallReading, _ review: inout CodeReview) {
        guard let demands = demands[request.phase], let wanted = wanted[request.phase], !demands.isEmpty else { return }
        let context = ScanContext(key: key)
        for content in reading.contents {
            let text = ScanRequest(text: content.text, phase: request.phase, path: content.path)
            let faults = scan(text, wanted) { detector, found in
                if request.phase == .toolCall, detector is CodeDetector, let changes {
                    let (code, diff) = try changes.get()
                    request.findings += try review.add(content, found: found, with: code, diff, context)
                } else {
                    request.findings += found
                }
            }
            request.scannerFaults += faults
        }
        if wanted.contains("supply_chain"), let packages {
            let minimum = demands.compactMap(\.minimumWeeklyDownloads).max() ?? 0
            for package in request.operations.packagesInstalled {
                request.findings += packages.read(package, minimumWeeklyDownloads: minimum).findings
            }
            if !reading.dependencyChanges.isEmpty {
                var settings = DependencyDetector.Settings()
                settings.minimumWeeklyDownloads = minimum
                let detector = DependencyDetector(packages: packages, settings: settings)
                for change in reading.dependencyChanges {
                    request.findings += detector.drift(path: change.path, before: change.before, after: change.after)
                        .prefix(context.findingLimit)
                }
            }
        }
    }

    /// Runs the wanted detectors over a text, each on its own.
    ///
    /// - Parameter take: gets what one detector found, before the next runs.
    /// - Returns: which of them could not do their work, `take` included.
    func scan(
        _ scan: ScanRequest, _ wanted: Set<String>, take: (any Detector, [Finding]) throws -> Void
    ) -> [ScannerFault] {
        let context = ScanContext(key: key)
        var faults: [ScannerFault] = []
        var unveiling: Unveiling?
        for detector in detectors where wanted.contains(detector.policyName) {
            var scan = scan
            scan.threshold = threshold(of: detector, in: scan.phase)
            do {
                if let reader = detector as? any UnveilingDetector {
                    let hidden = unveiling ?? Unveiler().unveil(scan.text, path: scan.path)
                    unveiling = hidden
                    try take(detector, reader.findings(in: scan, context, hidden))
                } else {
                    try take(detector, detector.findings(in: scan, context))
                }
            } catch {
                faults.append(ScannerFault(scanner: detector.scanner, message: "\(error)"))
            }
        }
        return faults
    }
}

/// What was decided, and on what.
public struct Judgement: Sendable {
    public var request: PolicyRequest
    public var decision: Decision
    /// The call tries what was refused in the session before.
    public var variant: RefusedEffects.Recognition?
    /// What the call writes into files that instruct agents.
    public var instructions: [InstructionWrite] = []
    /// How safe the code that the call writes looks; nil where it writes none.
    public var codeSafety: CodeSafetyScore?

    /// Creates a judgement.
    public init(
        request: PolicyRequest, decision: Decision, variant: RefusedEffects.Recognition? = nil,
        codeSafety: CodeSafetyScore? = nil
    ) {
        self.request = request
        self.decision = decision
        self.variant = variant
        self.codeSafety = codeSafety
    }
}

extension [WritCore.Operation] {
    /// By place, because an operation is large and hardly any installs something.
    fileprivate var packagesInstalled: [WritCore.Operation.Package] {
        var packages: [WritCore.Operation.Package] = []
        for index in indices where self[index].kind == .pkgInstall {
            if let package = self[index].package { packages.append(package) }
        }
        return packages
    }
}

extension Detector {
    /// The word for it under a rule's `scanner` key.
    var policyName: String {
        scanner == "code" ? "code_vuln" : scanner
    }
}
