// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCore
import WritGuard
import WritPolicy
import WritScan
import WritWire

/// The daemon's side of approvals: turns questions that a host cannot put into refusals with an id, takes people's
/// answers, and lets the same call pass once.
///
/// Everything is kept in one file, sealed with the machine's key, and written before anything that rests on it is
/// released.
final class Approvals: Sendable {
    /// Letters and digits of an id, and of a challenge.
    static let idLength = 6
    /// How long a challenge can be answered, in milliseconds.
    static let challengeLifetime: Int64 = 2 * 60 * 1000
    private static let purpose = "writ approvals v1"
    private static let maximumChallenges = 64

    private struct Challenge: Sendable {
        var text: String
        var peer: ProcessFacts.Identity
        var until: Int64
    }

    private struct State: Sendable {
        var book = ApprovalBook()
        var agents = AgentProcesses()
        var challenges: [String: Challenge] = [:]
    }

    private let path: String
    private let key: FingerprintKey
    private let withholding: Withholding
    let view: any ProcessView
    private let board: any QuestionBoard
    let boot: String
    private let program: String?
    let user: (number: UInt32, name: String)
    private let state: Mutex<State>
    /// What was wrong with the kept file; nil when it was whole.
    let fault: String?

    /// Takes up what an earlier daemon kept.
    ///
    /// - Parameters:
    ///   - path: the file; a missing one is an empty one, a damaged one holds no approval and trusts no process.
    ///   - boot: a name of this start of the machine; what was given before it is void.
    ///   - program: the only executable that may answer.
    init(
        path: String, key: FingerprintKey, withholding: Withholding, view: any ProcessView, board: any QuestionBoard,
        boot: String, program: String?, user: (number: UInt32, name: String)
    ) throws(DaemonFault) {
        self.path = path
        self.key = key
        self.withholding = withholding
        self.view = view
        self.board = board
        self.boot = boot
        self.program = program
        self.user = user
        var state = State()
        var fault: String?
        if let bytes = try SmallFile.read(path, limit: 16 << 20) {
            if let kept = Self.open(bytes, key) {
                state.book = kept.book
                if kept.boot == boot { state.agents = kept.agents } else { state.book.startAnew() }
            } else {
                fault = "\(path): is damaged or was changed by somebody else; all approvals in it are void"
                state.agents = .ofUnknownPast
            }
        }
        self.fault = fault
        self.state = Mutex(state)
    }

    // MARK: - Agents

    /// Learns which processes are agents' from a hook that has just asked something.
    func note(hook process: Int32) throws {
        try state.withLock { state in
            let view = view
            if state.agents.note(hook: process, in: view) { try keep(state) }
        }
    }

    // MARK: - Calls

    /// A judgement with what people said about the call.
    struct Settled: Sendable {
        /// What is recorded.
        var judgement: Judgement
        /// What the agent is told.
        var answer: Decision
        /// What the session learns: a call that waits for a person has had no effect.
        var effect: Judgement
        var events: [ApprovalEvent] = []
        /// The approval that the call waits for, was refused by or was passed by.
        var approval: Approval?

        init(_ judgement: Judgement) {
            self.judgement = judgement
            answer = judgement.decision
            effect = judgement
        }
    }

    /// Looks up, asks for or uses up an approval where the decision is to ask and the host cannot.
    ///
    /// - Throws: when the file cannot be written; the caller closes.
    func settle(_ judgement: Judgement, policies: PolicySet, now: Int64) throws -> Settled {
        var settled = Settled(judgement)
        let request = judgement.request
        guard judgement.decision.verdict == .ask, request.host.canBlock, Self.canRepeat(request.call.event) else {
            return settled
        }
        let isHostsBusiness =
            request.host.canAsk && !policies.asksThroughBroker(profile: request.facts.environment.profile)
        // Whoever sits at the host's prompt agrees for nobody but themselves.
        if isHostsBusiness, judgement.decision.gate == nil { return settled }
        let terms = GateTerms(request, policies, user: user.name)
        if isHostsBusiness, let terms, terms.obstacle.isEmpty { return settled }
        guard let terms else {
            return refuse(&settled, "No approval can let it pass.")
        }
        let binding = CallBinding.digest(of: request, policies: policies.digest, gates: terms.gates)
        return try state.withLock { state in
            var next = state
            settled.events = next.book.sweep(now: now)
            let isHostsQuestion = request.call.event == .permissionRequest
            switch next.book.standing(binding, isHostsQuestion: isHostsQuestion, now: now) {
            case .given(let approval):
                guard let event = next.book.use(approval.id, now: now) else {
                    return refuse(&settled, "The approval `\(approval.id)` has ended.")
                }
                settled.events.append(event)
                pass(&settled, terms, policies, event.approval)
            case .followed(let approval):
                next.book.follow(approval.id)
                pass(&settled, terms, policies, approval)
            case .denied(let approval):
                settled.approval = approval
                _ = refuse(
                    &settled,
                    "A person has refused this call (`\(approval.id)`). Do not try it again, nor another way to do the same."
                )
            case .waiting, .unknown:
                let made = next.book.ask(try draft(judgement, terms, binding, now, next.book), now: now)
                settled.events += made.events
                settled.approval = made.approval
                _ = refuse(&settled, Self.invitation(made.approval))
            }
            // Used up before the call is let go: a crash from here on costs an approval, never a second run.
            try keep(next)
            state = next
            return settled
        }
    }

    private func pass(_ settled: inout Settled, _ terms: GateTerms, _ policies: PolicySet, _ approval: Approval) {
        var judgement = settled.judgement
        judgement.request.approvedGates = Set(terms.gates)
        judgement.decision = policies.decide(judgement.request)
        let events = settled.events
        settled = Settled(judgement)
        settled.events = events
        settled.approval = approval
    }

    private func refuse(_ settled: inout Settled, _ why: String) -> Settled {
        settled.answer.verdict = .deny
        settled.answer.message = [settled.answer.message, why].filter { !$0.isEmpty }.joined(separator: " ")
        settled.effect.decision.verdict = .deny
        return settled
    }

    /// What came back, and what has ended, cannot be done again.
    private static func canRepeat(_ event: Call.Event) -> Bool {
        switch event {
        case .beforeTool, .permissionRequest, .prompt, .configChange, .subagentStart, .other: true
        case .afterTool, .sessionStart, .sessionEnd, .subagentStop, .stop: false
        }
    }

    private static func invitation(_ approval: Approval) -> String {
        guard approval.obstacle.isEmpty else {
            return "It cannot be approved on this machine: \(approval.obstacle). Do something else instead."
        }
        return """
            It waits for a person as `\(approval.id)`. Tell them: `writ approve \(approval.id)`, typed in a terminal of \
            their own, lets exactly this call pass once; the request ends in \(ApprovalBook.waiting / 60_000) minutes. \
            Repeat the call unchanged after they agreed. Before that, repeating it or doing the same another way is \
            refused too.
            """
    }

    private func draft(
        _ judgement: Judgement, _ terms: GateTerms, _ binding: String, _ now: Int64, _ book: ApprovalBook
    ) throws -> Approval {
        let call = judgement.request.call
        var shown = ApprovalText.shown(judgement.request, judgement.decision)
        shown.call = try withholding.text(shown.call)
        shown.workingDirectory = try withholding.text(shown.workingDirectory)
        shown.operations = try shown.operations.map { try withholding.text($0) }
        shown.reasons = try shown.reasons.map { try withholding.text($0) }
        var id = Self.random()
        while book.approval(id) != nil { id = Self.random() }
        return Approval(
            id: id, binding: binding, agent: call.agent.kind, session: try withholding.text(call.session),
            tool: try withholding.text(call.tool.canonicalName), shown: shown, gates: terms.gates,
            obstacle: terms.obstacle, askedAt: now, until: now + ApprovalBook.waiting, lifetime: terms.lifetime,
            usesLeft: terms.uses)
    }

    /// Letters and digits that are not taken for one another.
    static func random() -> String {
        let letters = Array("23456789abcdefghjkmnpqrstuvwxyz".utf8)
        var random = SystemRandomNumberGenerator()
        return String(
            decoding: (0..<idLength).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] },
            as: UTF8.self)
    }

    // MARK: - People

    /// Answers a command: a JSON object with `do` (`list`, `challenge`, `answer`, `deny`) and `id`.
    ///
    /// - Parameter peer: the process at the other end of the socket, as the system names it.
    /// - Returns: a JSON object with `ok`, and what happened, for the ledger.
    func serve(_ payload: [UInt8], peer: Int32, now: Int64) throws -> (answer: JSON, events: [ApprovalEvent]) {
        let request: JSON
        do { request = try JSON(parsing: payload) } catch { return (Self.fault("the request is no JSON"), []) }
        let id = request["id"]?.string?.lowercased() ?? ""
        switch request["do"]?.string {
        case "list": return try list(all: request["all"]?.bool ?? false, now: now)
        case "challenge": return try challenge(id, peer: peer, now: now)
        case "answer": return try answer(id, text: request["text"]?.string ?? "", peer: peer, now: now)
        case "deny": return try deny(id, peer: peer, now: now)
        default: return (Self.fault("the request is of no known kind"), [])
        }
    }

    private func list(all: Bool, now: Int64) throws -> (JSON, [ApprovalEvent]) {
        let (book, events) = try sweep(now)
        let items = book.all.filter { all || $0.state.isOpen }.map { approval -> JSON in
            var json = approval.json
            json.set("left_ms", .integer(approval.state.isOpen ? max(0, approval.until - now) : 0))
            return json
        }
        return (["ok": true, "now": .integer(now), "approvals": .array(items)], events)
    }

    private func sweep(_ now: Int64) throws -> (ApprovalBook, [ApprovalEvent]) {
        try state.withLock { state in
            var next = state
            let events = next.book.sweep(now: now)
            if !events.isEmpty { try keep(next) }
            state = next
            return (state.book, events)
        }
    }

    /// Puts the question and a challenge onto the person's terminal.
    private func challenge(_ id: String, peer: Int32, now: Int64) throws -> (JSON, [ApprovalEvent]) {
        let (book, swept) = try sweep(now)
        guard let approval = book.approval(id) else { return (Self.fault(Self.unknown(id)), swept) }
        guard approval.state == .waiting else { return (Self.fault(Self.over(approval)), swept) }
        guard approval.obstacle.isEmpty else {
            return (Self.fault("`\(id)` cannot be approved here: \(approval.obstacle)"), swept)
        }
        do throws(NotAPerson) {
            let facts = try check(peer)
            let challenge = Challenge(
                text: Self.random(), peer: facts.identity, until: now + Self.challengeLifetime)
            state.withLock { state in
                state.challenges = state.challenges.filter { $0.value.until > now }
                if state.challenges.count >= Self.maximumChallenges { state.challenges = [:] }
                state.challenges[id] = challenge
            }
            try board.show(
                ApprovalText.question(approval, challenge: challenge.text, now: now), on: facts.terminal)
            return (["ok": true, "id": .string(id)], swept)
        } catch {
            return refused(approval, error, swept)
        }
    }

    private func answer(_ id: String, text: String, peer: Int32, now: Int64) throws -> (JSON, [ApprovalEvent]) {
        let (book, swept) = try sweep(now)
        guard let approval = book.approval(id) else { return (Self.fault(Self.unknown(id)), swept) }
        let facts: ProcessFacts
        do throws(NotAPerson) { facts = try check(peer) } catch { return refused(approval, error, swept) }
        // One challenge, one answer, by the process that it was shown to.
        let challenge = state.withLock { $0.challenges.removeValue(forKey: id) }
        guard let challenge, challenge.until > now, challenge.peer == facts.identity else {
            return (Self.fault("the question has ended; run `writ approve \(id)` again"), swept)
        }
        let given = text.lowercased().filter { !$0.isWhitespace }
        return try state.withLock { state in
            var next = state
            guard given == challenge.text else {
                let events = next.book.fail(id, now: now)
                try keep(next)
                state = next
                return (
                    Self.declined("that was not the challenge; the call stays refused"), swept + events
                )
            }
            guard let event = next.book.answer(id, agrees: true, by: person(facts), now: now) else {
                return (Self.fault(Self.over(approval)), swept)
            }
            try keep(next)
            state = next
            return (
                [
                    "ok": true, "id": .string(id), "state": .string(event.approval.state.rawValue),
                    "until": .integer(event.approval.until), "left_ms": .integer(event.approval.until - now),
                ], swept + [event]
            )
        }
    }

    private func deny(_ id: String, peer: Int32, now: Int64) throws -> (JSON, [ApprovalEvent]) {
        let (book, swept) = try sweep(now)
        guard let approval = book.approval(id) else { return (Self.fault(Self.unknown(id)), swept) }
        let facts: ProcessFacts
        do throws(NotAPerson) { facts = try check(peer, needsTerminal: false) } catch {
            return refused(approval, error, swept)
        }
        return try state.withLock { state in
            var next = state
            guard let event = next.book.answer(id, agrees: false, by: person(facts), now: now) else {
                return (Self.fault(Self.over(approval)), swept)
            }
            next.challenges[id] = nil
            try keep(next)
            state = next
            return (["ok": true, "id": .string(id), "state": .string(event.approval.state.rawValue)], swept + [event])
        }
    }

    /// The process, when it is a person's.
    ///
    /// - Throws: ``NotAPerson`` with the first thing that does not hold.
    func check(_ peer: Int32, needsTerminal: Bool = true) throws(NotAPerson) -> ProcessFacts {
        #if os(Linux)
        let agents = state.withLock { $0.agents }
        return try PersonCheck.check(
            view, peer, agents: agents, user: user.number, program: program, needsTerminal: needsTerminal)
        #else
        throw NotAPerson(
            .stranger,
            "this system does not tell Writ who started a process, so nothing can be approved from a terminal")
        #endif
    }

    /// Puts a question onto a person's terminal.
    func show(_ question: String, to facts: ProcessFacts) throws(NotAPerson) {
        try board.show(question, on: facts.terminal)
    }

    /// User, terminal and process, for the ledger.
    func person(_ facts: ProcessFacts) -> String {
        #if os(Linux)
        let terminal = SystemProcesses.path(ofTerminal: facts.terminal) ?? "no terminal"
        #else
        let terminal = "no terminal"
        #endif
        return "\(user.name), \(terminal), process \(facts.identity.number)"
    }

    private func refused(
        _ approval: Approval, _ refusal: NotAPerson, _ swept: [ApprovalEvent]
    ) -> (JSON, [ApprovalEvent]) {
        var answer = Self.fault(refusal.message)
        answer.set("kind", .string(refusal.kind.rawValue))
        return (answer, swept + [ApprovalEvent(kind: .refused, approval: approval, detail: refusal.message)])
    }

    private static func fault(_ message: String) -> JSON { ["ok": false, "error": .string(message)] }

    /// The answer where a person was asked and did not agree, in distinction to what could not be done.
    static func declined(_ message: String) -> JSON {
        var answer = fault(message)
        answer.set("declined", true)
        return answer
    }

    private static func unknown(_ id: String) -> String {
        "no call waits as `\(String(id.prefix(20)))`; `writ approvals` shows those that do"
    }

    private static func over(_ approval: Approval) -> String {
        switch approval.state {
        case .waiting: "`\(approval.id)` waits"
        case .given: "`\(approval.id)` is approved already; the agent has to make the call again"
        case .denied: "`\(approval.id)` was refused"
        case .used: "`\(approval.id)` is used up: the call has passed"
        case .expired, .dropped: "`\(approval.id)` has ended; when the agent makes the call again it gets another"
        }
    }

    // MARK: - The file

    private func keep(_ state: State) throws(DaemonFault) {
        let body: JSON = [
            "v": 1, "boot": .string(boot), "agents": state.agents.json, "approvals": state.book.json,
        ]
        try SealedFile.write(body, to: path, purpose: Self.purpose, key: key)
    }

    static func open(
        _ bytes: [UInt8], _ key: FingerprintKey
    ) -> (book: ApprovalBook, agents: AgentProcesses, boot: String)? {
        guard let body = SealedFile.open(bytes, purpose: purpose, key: key), let boot = body["boot"]?.string,
            let book = body["approvals"].flatMap({ ApprovalBook($0) }),
            let agents = body["agents"].flatMap({ AgentProcesses($0) })
        else { return nil }
        return (book, agents, boot)
    }
}

/// Opens the existential once, so that the rule is written for one kind of view.
private enum PersonCheck {
    static func check(
        _ view: some ProcessView, _ peer: Int32, agents: AgentProcesses, user: UInt32, program: String?,
        needsTerminal: Bool
    ) throws(NotAPerson) -> ProcessFacts {
        try PersonRule(view: view, agents: agents, user: user, program: program).check(
            peer, needsTerminal: needsTerminal)
    }
}
