// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritAgents
import WritCore
import WritGuard
import WritLedger
import WritPolicy
import WritScan
public import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// What the daemon answers with: decodes an event, judges it, records it, and only then spells the answer.
///
/// Its own failures close: whatever cannot be decoded, judged or recorded is answered as a refusal where the event can
/// be refused.
public final class GuardService: Sendable {
    private let home: WritHome
    private let files: PolicyFiles
    private let policies: Watched<Guard>
    private let sessions: SessionStore
    private let withholding: Withholding
    private let approvals: Approvals
    private let delegations: Delegations
    private let delegated = DelegatedGuards()
    private let places: Places
    private let projects: ProjectPolicies
    private let prototypes: PrototypeFiles
    private let instructions: InstructionWatch
    private let held = HeldNotes()
    private let budgets: BudgetFile
    private let ledger: Ledger
    private let ids = Mutex(EntryIDs())
    private let recent = RecentDeliveries()
    private let hosts = HostPrograms()
    private let watch: SessionWatch
    private let silent: SilentWatch
    private let settings: SettingsWatch
    private let isClosed = Mutex(false)

    /// Opens what the daemon owns. Costs the reading of policies and tables; the first call should not wait for more.
    ///
    /// - Throws: ``DaemonFault`` with the file and the remedy when the home cannot be used.
    public init(home: WritHome) throws(DaemonFault) {
        self.home = home
        watch = SessionWatch(home: home)
        do {
            try WritHome.makeFolders(home.state)
            try WritHome.makeFolders(home.config)
        } catch {
            throw DaemonFault(error.message)
        }
        let key = FingerprintKey(bytes: try Self.secret(at: home.state + "/fingerprint.key"))
        let files = PolicyFiles(home: home, key: key, isDaemon: true)
        self.files = files
        do {
            let detectors = try Engines.detectors()
            withholding = Withholding(detectors: detectors, key: key)
            let builtIn = try Engines.packageIndex()
            policies = try Watched(
                paths: { files.watchedPaths + PackageIndexFile.paths(home) },
                load: {
                    let index = PackageIndexFile.load(home) ?? builtIn
                    return Guard(
                        policies: files.load(), detectors: detectors, packages: index.map { SupplyChain(index: $0) },
                        key: key)
                })
        } catch {
            throw DaemonFault("what ships with Writ cannot be read: \(error)")
        }
        sessions = try SessionStore(directory: home.state + "/sessions", withholding: withholding)
        places = try Places(home: home, withholding: withholding)
        projects = ProjectPolicies(key: key)
        prototypes = try PrototypeFiles(home: home, withholding: withholding)
        instructions = try InstructionWatch(home: home, withholding: withholding)
        budgets = try BudgetFile(home: home, withholding: withholding)
        settings = try SettingsWatch(home: home, withholding: withholding)
        silent = try SilentWatch(home: home)
        do throws(LedgerError) {
            var options = Ledger.Options(
                origin: "writ.local/\(try Self.machine(home))", anchorPath: home.config + "/ledger.anchor")
            options.foldInterval = 1000
            ledger = try Ledger(at: home.state + "/ledger", options: options)
        } catch {
            throw DaemonFault(error.description)
        }
        approvals = try Approvals(home: home, key: key, withholding: withholding)
        delegations = try Delegations(home: home, key: key, people: approvals)
        for alarm in ledger.recovery.alarms { note(.alarm, alarm) }
        for fault in delegations.faults + (approvals.fault.map { [$0] } ?? []) { note(.alarm, fault) }
        for unanswered in Unanswered.take(from: home) {
            note(
                .alarm, "a hook answered \(unanswered.event) by itself: \(unanswered.cause)", agent: unanswered.agent)
        }
        note(.start, "the daemon serves \(home.home), policies \(policies.current.policies.digest.prefix(16))")
        for fault in files.faults { note(.alarm, fault) }
        lookForSilentSessions()
    }

    /// The closures that the socket server calls.
    public var services: DaemonServer.Services {
        DaemonServer.Services(
            answer: { self.answer($0) },
            status: { self.status },
            reload: { self.reload() },
            hook: { self.learn(hook: $0) },
            approval: { self.answer($0, from: $1) })
    }

    /// Writes down what is still in memory. Call once, after the server has returned.
    public func close() {
        guard
            isClosed.withLock({ isClosed in
                defer { isClosed = true }
                return !isClosed
            })
        else { return }
        silent.end()
        for fault in sessions.keepAll() { note(.alarm, fault) }
        note(.stop, "the daemon ends")
        do throws(LedgerError) {
            try ledger.close()
        } catch {
            // Nothing acknowledged is lost: the next start takes it up from the journal.
            complain("the ledger could not be closed: \(error.message)")
        }
    }

    /// Answers one event.
    public func answer(_ request: HookRequest) -> HookResponse {
        guard let adapter = Agents.adapter(request.agent, for: request.payload) else {
            let reason = "writ: `\(String(request.agent.prefix(40)))` is no agent that this version knows"
            note(.alarm, reason)
            let closed = ClosedAnswer.answer(agent: request.agent, event: request.event, reason: reason)
            return HookResponse(exitCode: closed.exitCode, output: closed.output, error: closed.error)
        }
        let context = HookContext(
            home: home.home, workingDirectory: request.workingDirectory, projectDirectory: request.projectDirectory,
            event: request.event)
        let delivery: Delivery
        do throws(PayloadFault) {
            delivery = try adapter.decode(request.payload, in: context)
        } catch {
            let reason = "writ: the event could not be read: \(error.message)"
            note(.alarm, reason, agent: request.agent)
            return Self.response(adapter.closed(error.event, reason: reason))
        }
        do {
            return try decide(delivery, request, adapter)
        } catch {
            let reason = "writ: no decision could be recorded: \(error)"
            complain(reason)
            return Self.response(adapter.closed(delivery.event, reason: reason))
        }
    }

    private func decide(
        _ delivery: Delivery, _ request: HookRequest, _ adapter: any AgentAdapter
    ) throws -> HookResponse {
        let milliseconds = Self.milliseconds
        let route = RecentDeliveries.Route(agent: request.agent, event: delivery.event)
        let decided = try recent.decision(on: delivery.call, by: route, now: milliseconds) {
            try decideAnew(delivery, request, adapter, at: milliseconds)
        }
        // One decision; each delivery has it in the spelling of its own event.
        return Self.response(adapter.encode(decided.decision, for: delivery, replacement: decided.replacement))
    }

    private func decideAnew(
        _ delivery: Delivery, _ request: HookRequest, _ adapter: any AgentAdapter, at milliseconds: Int64
    ) throws -> RecentDeliveries.Decided {
        let now = milliseconds / 1000
        var delivery = delivery
        delivery.call.id = newID(at: milliseconds)
        let call = delivery.call
        let session = delivery.call.session.isEmpty ? "process-\(request.parent)" : delivery.call.session
        let (standing, delegationEvents) = try delegations.standing(
            of: call, session: session, hook: request.process, now: now)
        try record(delegationEvents)
        let place = try places.place(of: call, settings: files.settings, delegated: standing.environments)
        let base = policies.current
        let generation = policies.generation
        let judging = DelegatedJudging(
            standing, fault: delegations.check(standing, now: now),
            base: projects.guardian(base, generation: generation, for: place.repository), generation: generation,
            guards: delegated)
        let guardian = judging.guardian
        let (settled, instructed) = try sessions.with("\(delivery.call.agent.kind)|\(session)", now: now) { tracker in
            var surroundings = Guard.Surroundings(
                files: SystemFiles(written: tracker.written), now: now, user: Self.user,
                isCaseInsensitive: Self.hasCaseInsensitiveFiles)
            surroundings.facts.repo = place.repository.facts
            surroundings.facts.environment.profile = place.choice.profile.rawValue
            surroundings.facts.environment.os = Self.system
            judging.fill(&surroundings.facts, revocationAge: standing.revocationAge)
            surroundings.refusals = judging.refusals
            surroundings.previous = SystemFiles.previous
            surroundings.host = Self.host(of: delivery, adapter)
            let folder = place.repository.facts.root.isEmpty ? call.workspace : place.repository.facts.root
            let reader = InstructionWatch.Reader(call: call, guardian: guardian, surroundings: surroundings)
            surroundings.labels = { [prototypes, instructions] in
                prototypes.labels(for: $0, in: folder) + instructions.labels(for: $0, reader)
            }
            surroundings.profile = { [places, files] operations in
                places.choice(for: operations, of: call, above: place, settings: files.settings)
            }
            let start = try instructions.start("\(call.agent.kind)|\(session)", reader)
            let news = try settings.news(reader, isStart: start != nil)
            let isLabelled = tracker.bring((start?.labels ?? []).union(news.labels).sorted(), now: now)
            var state = tracker.state(now: now)
            state.used = budgets.used(by: call, surroundings.facts, under: guardian.policies, now: now)
            var judgement = guardian.judge(call, session: state, refusals: tracker.refusals, in: surroundings)
            start?.add(to: &judgement)
            news.add(to: &judgement)
            for line in news.lines { note(.alarm, line, agent: call.agent.kind) }
            let settled = try approvals.settle(judgement, policies: guardian.policies, now: milliseconds)
            let mustKeep = tracker.note(settled.effect, now: now)
            try prototypes.note(settled.effect)
            try instructions.note(settled.effect)
            try budgets.note(settled.effect, under: guardian.policies, now: now)
            return ((settled, start?.record), mustKeep || isLabelled)
        }
        try record(settled.events)
        let judgement = settled.judgement
        var record = try LedgerRecord.json(
            judgement, event: delivery.event, digest: guardian.policies.digest, guardian: guardian)
        let judged = judgement.request
        // What the operations name was stricter than where the call comes from.
        let choice =
            judged.facts.environment.profile == place.choice.profile.rawValue
            ? place.choice
            : places.choice(for: judged.operations, of: call, above: place, settings: files.settings) ?? place.choice
        record.set("profile", ["name": .string(choice.profile.rawValue), "because": .string(choice.because)])
        let seen = Self.facts(request.facts)
        if !seen.isEmpty { record.set("hook", .array(seen.map { .string($0) })) }
        if let variant = judgement.variant { record.set("variant", .integer(Int64(variant.number))) }
        if let instructed { record.set("instructions", try withholding.json(instructed)) }
        if let approval = settled.approval { record.set("approval", approval.outcome) }
        if !judgement.request.approvedGates.isEmpty { record.set("approved", true) }
        if let program = hosts.program(above: request.process, of: delivery.call.agent.kind) {
            record.set("host", .string(program))
        }
        let entry = LedgerEntry(
            id: delivery.call.id, time: milliseconds, kind: .decision, agent: delivery.call.agent.kind,
            session: try withholding.text(delivery.call.session),
            tool: try withholding.text(delivery.call.tool.canonicalName), verdict: judgement.decision.verdict,
            message: record["message"]?.string ?? "",
            rules: judgement.decision.reasons.prefix(20).map(\.rule), record: record)
        // Released only once it is in the ledger; production asks for more than that it was handed to the kernel.
        let isProduction = judgement.request.facts.environment.profile == "production"
        try ledger.append(entry, durability: isProduction ? .synced : .written)
        var answer = settled.answer
        held.pass(
            &answer, session: "\(call.agent.kind)|\(session)", canAddContext: judgement.request.host.canAddContext)
        silent.note(agent: call.agent.kind, session: call.session)
        lookForSilentSessions()
        for fault in watch.faults(on: delivery.call) {
            note(.alarm, fault, agent: delivery.call.agent.kind)
            if delivery.call.event == .sessionStart { answer.obligations.append(.annotate("Writ: \(fault)")) }
        }
        return RecentDeliveries.Decided(
            decision: answer, replacement: try guardian.replacement(for: judgement))
    }

    /// Once a minute at most, and beside the calls: whether an agent worked without its hooks.
    private func lookForSilentSessions() {
        silent.look(now: Self.milliseconds) { [ledger] session in
            try ledger.reader.knows(session: session.name)
        } report: { [weak self] message, agent in
            self?.note(.alarm, message, agent: agent)
        }
    }

    /// The name of a ledger entry; in the order of time.
    private func newID(at milliseconds: Int64) -> String {
        ids.withLock { ids in
            var random = SystemRandomNumberGenerator()
            return ids.next(time: milliseconds, using: &random)
        }
    }

    /// Writes down what happened to approvals.
    private func record(_ events: [ApprovalEvent]) throws {
        for event in events {
            let time = Self.milliseconds
            try ledger.append(
                LedgerEntry(
                    id: newID(at: time), time: time, kind: event.ledgerKind, agent: event.approval.agent,
                    session: event.approval.session, tool: event.approval.tool, message: event.message,
                    record: try withholding.json(event.ledgerRecord)))
        }
    }

    /// Writes down what happened to writs.
    private func record(_ events: [DelegationEvent]) throws {
        for event in events {
            let time = Self.milliseconds
            try ledger.append(
                LedgerEntry(
                    id: newID(at: time), time: time, kind: event.kind == .refused ? .alarm : .delegation,
                    agent: event.agent,
                    session: try withholding.text(event.session), message: try withholding.text(event.message),
                    record: try withholding.json(event.record)))
        }
    }

    private func learn(hook process: Int32) {
        do {
            try approvals.note(hook: process)
        } catch {
            note(.alarm, "which processes are an agent's could not be kept: \(error)")
        }
    }

    private func answer(_ payload: [UInt8], from process: Int32) -> JSON {
        do {
            if let request = Self.delegationRequest(payload) {
                let (answer, events) = try delegations.serve(request, peer: process, now: Self.milliseconds)
                try record(events)
                return answer
            }
            let (answer, events) = try approvals.serve(payload, peer: process, now: Self.milliseconds)
            try record(events)
            return answer
        } catch {
            complain("an answer of a person could not be recorded: \(error)")
            return ["ok": false, "error": .string("it could not be recorded: \(error)")]
        }
    }

    /// A command about writs comes in the same frame as one about approvals.
    private static func delegationRequest(_ payload: [UInt8]) -> JSON? {
        do {
            let request = try JSON(parsing: payload)
            return request["do"]?.string?.hasPrefix("delegation.") == true ? request : nil
        } catch {
            // Who answers approvals says what is wrong with it.
            return nil
        }
    }

    private var status: [JSON.Member] {
        let set = policies.current.policies
        let writs = delegations.count(now: Self.milliseconds / 1000)
        return [
            .init("policies", .string(set.digest)),
            .init(
                "layers",
                .array(
                    set.layers.map { layer in
                        [
                            "layer": .string(layer.layer.name),
                            "policies": .array(layer.documents.map { .string($0.name) }),
                        ]
                    })),
            .init("policies_loaded_in_us", .integer(Int64(files.loadMicroseconds))),
            .init("faults", .array((files.faults + projects.faults + delegations.faults).map { .string($0) })),
            .init("writs", .integer(Int64(writs.writs))),
            .init("sessions_under_writs", .integer(Int64(writs.sessions))),
            .init("ledger_entries", .integer(Int64(clamping: ledger.count))),
            .init("ledger_key", .string(ledger.verifierKey.description)),
        ]
    }

    private func reload() -> JSON {
        let before = policies.current.policies.digest
        files.acceptMissing()
        policies.reload()
        let faults = files.faults
        let after = policies.current.policies.digest
        if before != after { note(.policy, "policies \(before.prefix(16)) gave way to \(after.prefix(16))") }
        for fault in faults { note(.alarm, fault) }
        return [
            "reloaded": .bool(faults.isEmpty), "changed": .bool(before != after), "policies": .string(after),
            "faults": .array(faults.map { .string($0) }),
        ]
    }

    /// Records what a person did with what the daemon keeps.
    func record(_ message: String) {
        note(.policy, message)
    }

    /// Records what is no decision. A failure here fails nobody's call; it is written beside.
    private func note(_ kind: LedgerEntry.Kind, _ message: String, agent: String = "") {
        let time = Self.milliseconds
        let id = newID(at: time)
        do {
            try ledger.append(
                LedgerEntry(id: id, time: time, kind: kind, agent: agent, message: try withholding.text(message)))
        } catch {
            complain("\(kind.rawValue) could not be recorded: \(error)")
        }
    }

    /// Where the ledger cannot be written: one line in the daemon's log, which is the standard error of its process.
    private func complain(_ message: String) {
        let line = Array("writ: \(message)\n".utf8)
        _ = write(2, line, line.count)
    }

    // MARK: - What the machine says

    private static func response(_ answer: HookAnswer) -> HookResponse {
        HookResponse(exitCode: answer.exitCode, output: answer.output, error: answer.error)
    }

    private static func host(of delivery: Delivery, _ adapter: any AgentAdapter) -> HostCapabilities {
        guard let event = adapter.capability(for: delivery) else { return HostCapabilities() }
        return HostCapabilities(
            canBlock: event.canBlock, canAsk: event.canAsk, canReplaceContent: event.canReplaceOutput,
            canAddContext: event.canAddContext)
    }

    /// What the hook saw of its environment. It loosens nothing; it stands in the record for whoever asks later.
    private static func facts(_ facts: HookRequest.Facts) -> [String] {
        let names: [(HookRequest.Facts, String)] = [
            (.homeDisagrees, "home-disagrees"), (.homeFromEnvironment, "home-from-environment"),
            (.remoteAgent, "remote-agent"), (.loaderVariables, "loader-variables"), (.startedDaemon, "started-daemon"),
        ]
        return names.filter { facts.contains($0.0) }.map(\.1)
    }

    private static var milliseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    private static let user: String = {
        guard let entry = getpwuid(getuid()) else { return "user" }
        return String(cString: entry.pointee.pw_name)
    }()

    #if canImport(Darwin)
    private static let system = "macos"
    private static let hasCaseInsensitiveFiles = true
    #else
    private static let system = "linux"
    private static let hasCaseInsensitiveFiles = false
    #endif

    /// 32 random bytes that stay on this machine; made when there are none.
    static func secret(at path: String) throws(DaemonFault) -> [UInt8] {
        if let bytes = try SmallFile.read(path, limit: 64) {
            guard bytes.count == 32 else {
                throw DaemonFault("\(path): is damaged; restore it, or remove it to begin with new fingerprints")
            }
            return bytes
        }
        var random = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
        try SmallFile.write(bytes, to: path)
        return bytes
    }

    /// Names this machine in the ledger's origin: random, because a host name says more than is needed.
    private static func machine(_ home: WritHome) throws(LedgerError) -> String {
        do {
            let bytes = try secret(at: home.state + "/machine.id")
            return String(Engines.digest(bytes).prefix(16))
        } catch {
            throw LedgerError(.storage, error.message)
        }
    }
}
