// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCore
import WritDelegation
import WritGuard
import WritScan
import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The daemon's side of writs: keeps them and their keys, says which a call is under, narrows them for sub-agents, and
/// takes what people say about them.
///
/// All of it lies in one file of mode 0600, sealed with the machine's key, and is written before anything that rests on
/// it is released. A file that is damaged or was changed by somebody else closes: nobody can say which sessions were
/// under writs, so no agent uses a tool until a person has removed the file.
final class Delegations: Sendable {
    /// How long a question to a person can be answered, in milliseconds.
    static let patience: Int64 = 2 * 60 * 1000
    /// The longest life of a writ that is issued here, in seconds; shorter where it holds in production.
    static let longestLife: Int64 = 24 * 3_600
    static let longestLifeInProduction: Int64 = 8 * 3_600
    static let maximumQuestions = 64
    private static let purpose = "writ delegations v1"
    private static let maximumCache = 2_048

    /// What waits for a person's word.
    enum Action: Sendable {
        case issue(Delegation, holder: DelegationKey, folder: String?)
        case bind(id: String, place: DelegationBook.Place)
        case unbind(id: String)
    }

    struct Question: Sendable {
        var challenge: String
        var until: Int64
        var action: Action
    }

    struct State: Sendable {
        var book = DelegationBook()
        /// By the process that asked.
        var questions: [ProcessFacts.Identity: Question] = [:]
        var revocations = Revocations.none
        /// The lists in ``DelegationBook/revocations``, read; the own one among them.
        var lists: [RevocationList] = []
        /// What verifying found, by the chain's text, since whoever derives a link chooses its id; of the anchors of this
        /// generation.
        var verified: [String: Result<DelegationChain, DelegationError>] = [:]
        var generation = 0
    }

    let path: String
    let key: FingerprintKey
    let people: Approvals
    /// Signs roots and the machine's own revocations.
    let issuer: DelegationKey
    /// This machine, as writs name it.
    let audience: String
    let anchors: DelegationAnchors
    let state: Mutex<State>
    /// What was wrong with the kept file; nil when it was whole.
    let fault: String?
    private let isQuiet: Atomic<Bool>

    /// Takes up what an earlier daemon kept.
    ///
    /// - Parameters:
    ///   - path: the file; a missing one is an empty one.
    ///   - key: seals the file.
    ///   - people: tells people from agents, and asks them.
    ///   - issuer: the machine's own key.
    init(
        path: String, key: FingerprintKey, people: Approvals, issuer: DelegationKey, audience: String,
        anchors: DelegationAnchors
    ) throws(DaemonFault) {
        self.path = path
        self.key = key
        self.people = people
        self.issuer = issuer
        self.audience = audience
        self.anchors = anchors
        var state = State()
        var fault: String?
        if let bytes = try SmallFile.read(path, limit: 64 << 20) {
            if let kept = Self.open(bytes, key) {
                state.book = kept.book
                if kept.boot != people.boot { state.book.startAnew() }
                _ = state.book.sweep { people.view.facts($0.number)?.identity == $0 }
                if let problem = Self.readLists(&state, anchors.current, issuer) { fault = "\(path): \(problem)" }
            } else {
                fault =
                    "\(path): is damaged or was changed by somebody else, so no agent uses a tool; remove it, when no "
                    + "agent works, to forget all writs"
            }
        }
        self.fault = fault
        isQuiet = Atomic(fault == nil && state.book.isEmpty)
        self.state = Mutex(state)
    }

    /// What is wrong with the file of writs and with that of anchors now.
    var faults: [String] { [fault, anchors.current.fault].compactMap { $0 } }

    // MARK: - Calls

    /// The writs that a call is under, and that its session stays under.
    ///
    /// - Parameters:
    ///   - session: the agent's name of the session, or what stands for it.
    ///   - hook: the process that asked, as the system names it.
    /// - Throws: when what must not be forgotten cannot be written; the caller closes.
    func standing(
        of call: Call, session: String, hook: Int32, now: Int64
    ) throws -> (standing: DelegationStanding, events: [DelegationEvent]) {
        if isQuiet.load(ordering: .acquiring) { return (DelegationStanding(), []) }
        if let fault {
            return (DelegationStanding(fault: DelegationFault(code: DelegationFault.store, message: fault)), [])
        }
        let anchors = anchors.current
        var origin = DelegationBook.Origin(
            session: "\(call.agent.kind)|\(session)", agent: call.agent.kind, workspace: call.workspace)
        origin.realWorkspace = Self.real(call.workspace)
        (origin.processes, origin.agentProcess) = lineage(of: hook)
        return try state.withLock { state in
            var next = state
            var events: [DelegationEvent] = []
            let found = next.book.standing(of: origin, now: now)
            if found.isNew { events.append(Self.event(found, agent: call.agent.kind, session: session)) }
            var standing = DelegationStanding()
            for id in found.writs {
                do throws(DelegationFault) {
                    var chain = try chain(id, &next, anchors)
                    if let name = Self.subagent(of: call) {
                        let child = DelegationBook.Child(session: origin.session, parent: id, agent: name)
                        let before = next.book.children[child]
                        chain = try derived(chain, for: child, call, &next, anchors, now: now)
                        if chain.leaf.id != before?.id {
                            events.append(
                                Self.event(chain, from: id, before: before?.id, for: child, session: session))
                        }
                    }
                    standing.chains.append(chain)
                } catch {
                    standing.fault = standing.fault ?? error
                }
            }
            standing.revocationAge = Self.revocationAge(standing.chains, next.lists, own: issuer.publicKey.urn, now)
            if found.mustBeKept || !events.isEmpty { try keep(next) }
            state = next
            return (standing, events)
        }
    }

    /// Whether the writs still hold: their times, and what was revoked. Profile and agent are policy's to compare.
    func check(_ standing: DelegationStanding, now: Int64) -> DelegationFault? {
        if let fault = standing.fault { return fault }
        let revocations = state.withLock { $0.revocations }
        for chain in standing.chains {
            do throws(DelegationError) {
                try chain.check(.init(audience: audience, now: now, revocations: revocations))
            } catch {
                return Self.fault(error, chain)
            }
        }
        return nil
    }

    /// For `writ status`: the writs that have not ended, revoked ones too, and the sessions that are under any.
    func count(now: Int64) -> (writs: Int, sessions: Int) {
        state.withLock { state in
            (state.book.writs.count { $0.until > now }, state.book.sessions.values.count { !$0.writs.isEmpty })
        }
    }

    /// The last eight characters: the first ones of ids made in the same minute are the same.
    static func short(_ id: String) -> String { String(id.suffix(8)) }

    /// The verified chain of a writ; times and revocation are not looked at.
    func chain(
        _ id: String, _ state: inout State, _ anchors: DelegationAnchors.Reading
    ) throws(DelegationFault) -> DelegationChain {
        guard let writ = state.book.writ(id) else {
            throw DelegationFault(
                code: DelegationFault.store,
                message: "The session is under the writ `\(Self.short(id))`, which is not kept here any more. "
                    + Self.nextStep(id))
        }
        return try chain(writ, &state, anchors)
    }

    func chain(
        _ writ: DelegationBook.Writ, _ state: inout State, _ anchors: DelegationAnchors.Reading
    ) throws(DelegationFault) -> DelegationChain {
        if state.generation != anchors.generation || state.verified.count >= Self.maximumCache {
            state.verified = [:]
            state.generation = anchors.generation
        }
        // Written once only: a copy of the state that is written to is a copy of all of it.
        let known = state.verified[writ.chain]
        let result = known ?? verify(writ, anchors)
        if known == nil { state.verified[writ.chain] = result }
        switch result {
        case .success(let chain): return chain
        case .failure(let error):
            throw DelegationFault(
                code: error.code.rawValue,
                message: Self.sentence(
                    "the session's writ `\(Self.short(writ.id))` is refused: \(error.message) "
                        + "(\(error.code.rawValue))", writ.id))
        }
    }

    /// Verifies what does not move on, as of when the writ came here. Times and revocation are looked at for each call.
    private func verify(
        _ writ: DelegationBook.Writ, _ anchors: DelegationAnchors.Reading
    ) -> Result<DelegationChain, DelegationError> {
        do throws(DelegationError) {
            return .success(
                try DelegationChain.verify(
                    writ.chain, anchors: anchors.anchors, expecting: .init(audience: audience, now: writ.since)))
        } catch {
            return .failure(error)
        }
    }

    // MARK: - Sub-agents

    /// The name of the sub-agent that makes a call; nil where the agent itself does.
    static func subagent(of call: Call) -> String? {
        // A type without an id is the role of the agent itself; starting and ending a sub-agent is the agent's own doing.
        guard let id = call.agent.id, !id.isEmpty, call.event != .subagentStart, call.event != .subagentStop else {
            return nil
        }
        return id
    }

    private static func event(
        _ chain: DelegationChain, from parent: String, before: String?, for child: DelegationBook.Child, session: String
    ) -> DelegationEvent {
        let own = short(chain.leaf.id)
        var event = DelegationEvent(
            kind: .derived, writ: chain.leaf.id,
            message: "\(own) was derived from \(short(parent)) for the sub-agent \(child.agent)",
            agent: String(child.session.prefix { $0 != "|" }), session: session,
            detail: [.init("parent", .string(parent)), .init("until", .integer(chain.leaf.expires))])
        if let before {
            event.kind = .renewed
            event.message = "\(own) takes the place of \(short(before)) for the sub-agent \(child.agent)"
            event.detail.append(.init("replaces", .string(before)))
        }
        return event
    }

    /// Whether a sub-agent that makes a call gets a new link in the place of its own: near its end or after it, while
    /// the parent's own lasts longer. A link that was revoked has no successor.
    private func isDue(
        _ kept: DelegationBook.Writ, below parent: DelegationChain, _ state: inout State,
        _ anchors: DelegationAnchors.Reading, now: Int64
    ) -> Bool {
        guard now >= kept.until - Delegation.subAgentRenewal, kept.until < parent.leaf.expires else { return false }
        do {
            try parent.check(.init(audience: audience, now: now, revocations: state.revocations))
            // As of when it held, so that its end does not hide that it was revoked.
            try chain(kept, &state, anchors).check(
                .init(audience: audience, now: kept.since, revocations: state.revocations))
            return true
        } catch {
            // It stays as it is, and the check of the call says why it does not hold.
            return false
        }
    }

    /// The narrower chain of a sub-agent, made at its first call and renewed while it works.
    private func derived(
        _ chain: DelegationChain, for child: DelegationBook.Child, _ call: Call, _ state: inout State,
        _ anchors: DelegationAnchors.Reading, now: Int64
    ) throws(DelegationFault) -> DelegationChain {
        if let kept = state.book.children[child], !isDue(kept, below: chain, &state, anchors, now: now) {
            return try self.chain(kept, &state, anchors)
        }
        do {
            try chain.check(.init(audience: audience, now: now, revocations: state.revocations))
            let derived = try narrowed(chain, for: call, key: holder(of: child.parent, state.book), now: now)
            let writ = DelegationBook.Writ(
                id: derived.link.id, chain: derived.text, key: nil, origin: .derived, since: now,
                until: derived.link.expires, by: "the daemon")
            guard state.book.keep(writ, for: child, now: now) else {
                throw DelegationFault(
                    code: DelegationError.Code.hops.rawValue,
                    message: "Too many sub-agents work at once to give each its own writ.")
            }
            return try self.chain(writ, &state, anchors)
        } catch let fault as DelegationFault {
            throw fault
        } catch let error as DelegationError {
            throw Self.subagentFault(error, chain)
        } catch {
            throw DelegationFault(code: DelegationFault.store, message: "The sub-agent's writ cannot be made: \(error)")
        }
    }

    private func holder(of id: String, _ book: DelegationBook) -> DelegationKey? {
        book.writ(id)?.key.flatMap { DelegationKey(seed: $0) }
    }

    private func narrowed(
        _ chain: DelegationChain, for call: Call, key: DelegationKey?, now: Int64
    ) throws(DelegationError) -> Delegation.Derived {
        let leaf = chain.leaf
        // Whose key is elsewhere cannot be narrowed here; any key but the holder's is refused with the right words.
        let key = key ?? issuer
        var random = SystemRandomNumberGenerator()
        let name = call.agent.type.flatMap { $0.isEmpty ? nil : $0 } ?? call.agent.id ?? ""
        let agent = Delegation.Agent(id: name, kind: call.agent.kind)
        let id = Delegation.newID(at: now.multipliedReportingOverflow(by: 1000).partialValue, using: &random)
        let holder = DelegationKey().publicKey.bytes
        var narrowing = leaf.subAgentChild(id: id, holder: holder, agent: agent, now: now)
        if leaf.delegates.contains("agent:\(name)") {
            narrowing.grants = nil
            narrowing.denials = []
        }
        return try Delegation.derive(from: chain, narrowing, signedBy: key)
    }

    private static func subagentFault(_ error: DelegationError, _ chain: DelegationChain) -> DelegationFault {
        switch error.code {
        case .depth, .delegate, .key, .hops:
            DelegationFault(
                code: error.code.rawValue,
                message: "The writ `\(short(chain.leaf.id))` cannot be narrowed for this sub-agent: \(error.message) "
                    + "(\(error.code.rawValue)). Do the work without a sub-agent, or a person issues a writ with "
                    + "`--max-depth` or `delegates`.")
        default: fault(error, chain)
        }
    }

    /// The path without symbolic links; as it is where it leads nowhere.
    static func real(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    private static func event(
        _ standing: DelegationBook.Standing, agent: String, session: String
    ) -> DelegationEvent {
        var event = DelegationEvent(
            kind: .entered, writ: standing.writs.last ?? "",
            message: "the session is under \(standing.writs.map(short).joined(separator: ", "))", agent: agent,
            session: session, detail: [.init("writs", .array(standing.writs.map { .string($0) }))])
        if !standing.starters.isEmpty {
            event.message += ", as \(standing.starters.joined(separator: ", ")) below whose agent it works"
            event.detail.append(.init("started_by", .array(standing.starters.map { .string($0) })))
        }
        return event
    }

    /// The processes above a hook, itself among them, and the one that is the agent's own.
    ///
    /// What stands between an agent and its hook is a shell with a command, or a program that starts another. A shell
    /// that takes a person's commands is nobody's agent: all that the person starts there would be below it.
    private func lineage(
        of hook: Int32
    ) -> (all: Set<ProcessFacts.Identity>, agent: ProcessFacts.Identity?) {
        var all: Set<ProcessFacts.Identity> = []
        var agent: ProcessFacts.Identity?
        var isDecided = false
        var next = people.view.facts(hook)
        while let facts = next, facts.identity.number > 1, all.count < AgentProcesses.maximumDepth {
            if !isDecided, !all.isEmpty, let details = people.view.details(facts.identity.number) {
                // What adopted a hook whose agent has ended is above every agent of the machine.
                if ProgramKind.isPersonsSide(facts, details) || ProgramKind.adopts(facts, details) {
                    isDecided = true
                } else if !ProgramKind.starters.contains(details.programName) {
                    agent = facts.identity
                    isDecided = true
                }
            }
            all.insert(facts.identity)
            next = people.view.facts(facts.parent).flatMap { $0.identity.start <= facts.identity.start ? $0 : nil }
        }
        return (all, agent)
    }

    // MARK: - Words

    static func fault(_ error: DelegationError, _ chain: DelegationChain) -> DelegationFault {
        let link = error.link.flatMap { chain.links.indices.contains($0) ? chain.links[$0] : nil } ?? chain.leaf
        let what =
            switch error.code {
            case .expired: "the session's writ `\(short(link.id))` (\(link.task.id)) has ended"
            case .revoked: "the session's writ `\(short(link.id))` (\(link.task.id)) was revoked"
            default: "the session's writ `\(short(link.id))` does not hold: \(error.message)"
            }
        return DelegationFault(
            code: error.code.rawValue, message: sentence("\(what) (\(error.code.rawValue))", chain.root.id))
    }

    static func sentence(_ what: String, _ id: String) -> String {
        "\(what.prefix(1).uppercased())\(what.dropFirst()). \(nextStep(id))"
    }

    private static func nextStep(_ id: String) -> String {
        "A person issues another for the same place (`writ delegation issue …`), or lets the session go with "
            + "`writ delegation unbind \(short(id))`."
    }

    // MARK: - The file

    func keep(_ state: State) throws(DaemonFault) {
        let body: JSON = ["v": 1, "boot": .string(people.boot), "book": state.book.json]
        try SealedFile.write(body, to: path, purpose: Self.purpose, key: key)
        isQuiet.store(fault == nil && state.book.isEmpty, ordering: .releasing)
    }

    static func open(_ bytes: [UInt8], _ key: FingerprintKey) -> (book: DelegationBook, boot: String)? {
        guard let body = SealedFile.open(bytes, purpose: purpose, key: key), let boot = body["boot"]?.string,
            let book = body["book"].flatMap({ DelegationBook($0) })
        else { return nil }
        return (book, boot)
    }
}
