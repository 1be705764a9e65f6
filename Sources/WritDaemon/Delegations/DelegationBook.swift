// SPDX-License-Identifier: Apache-2.0
import WritCore

/// The writs that a machine keeps and who acts under them. A value: what happens is decided here, and the caller writes
/// it down.
///
/// A session that came under a writ stays under it, also when the writ has ended: then nothing passes until a person
/// puts another in its place (``bind(_:to:agent:by:isOver:)``) or lets the session go (``unbind(_:)``).
struct DelegationBook: Sendable, Hashable {
    static let maximumWrits = 512
    static let maximumBindings = 512
    /// Sessions under writs; the one that was seen longest ago gives way.
    static let maximumSessions = 8_192
    static let maximumChildren = 1_024
    /// How long a session that is not seen any more stays known, in seconds.
    static let memory: Int64 = 30 * 86_400
    /// How long an ended writ that nobody acts under is kept to be shown, in seconds.
    static let afterlife: Int64 = 30 * 86_400

    /// A chain with the key that may derive from its last link.
    struct Writ: Sendable, Hashable {
        enum Origin: String, Sendable, Hashable { case issued, derived, imported }

        /// The last link's.
        var id: String
        /// As ``DelegationChain/text``.
        var chain: String
        /// The private half of the holder's key; nil when somebody else holds it.
        var key: [UInt8]?
        var origin: Origin
        /// Seconds since 1970: when it came here and verified, and when its last link ends.
        var since: Int64
        var until: Int64
        /// Who brought it.
        var by: String
    }

    /// Where a writ counts.
    enum Place: Sendable, Hashable {
        /// Sessions whose workspace is this folder or lies below it; without symbolic links, as it was when it was bound.
        case folder(String)
        /// One session, as `agent|session`.
        case session(String)
        /// Sessions below this process.
        case process(ProcessFacts.Identity)
    }

    struct Binding: Sendable, Hashable {
        var writ: String
        var place: Place
        /// An agent's kind, where only its sessions are meant; empty for every agent's.
        var agent: String
        var by: String
    }

    /// A session that came under writs.
    struct Session: Sendable, Hashable {
        var writs: [String]
        /// Seconds since 1970 of its last call, to the hour: it is only for forgetting.
        var seen: Int64
        /// The agent's own process, as the last call showed it; nil where none can be told from a person's shell.
        var process: ProcessFacts.Identity?
    }

    /// Whom a derived writ was made for.
    struct Child: Sendable, Hashable {
        var session: String
        var parent: String
        var agent: String
    }

    private(set) var writs: [Writ] = []
    private(set) var bindings: [Binding] = []
    private(set) var sessions: [String: Session] = [:]
    private(set) var children: [Child: Writ] = [:]
    /// Signed lists, by the key that signed them; the newest of each.
    var revocations: [String: String] = [:]

    init() {}

    /// Nothing here can concern a call.
    var isEmpty: Bool { bindings.isEmpty && sessions.isEmpty }

    func writ(_ id: String) -> Writ? { writs.first { $0.id == id } }

    /// The writ whose id is this or begins so, where only one does.
    func find(_ text: String) -> Writ? {
        if let writ = writ(text) { return writ }
        guard text.utf8.count >= 4 else { return nil }
        let fitting = writs.filter { $0.id.hasPrefix(text) || $0.id.hasSuffix(text) }
        return fitting.count == 1 ? fitting.first : nil
    }

    // MARK: Calls

    /// Where a call comes from.
    struct Origin: Sendable, Hashable {
        /// `agent|session`.
        var session: String
        var agent: String
        var workspace: String
        /// The same without symbolic links.
        var realWorkspace = ""
        /// The processes above the hook.
        var processes: Set<ProcessFacts.Identity> = []
        /// The nearest of them that is the agent's own: neither a shell that only started the hook nor a person's.
        var agentProcess: ProcessFacts.Identity?
    }

    /// What a call is under.
    struct Standing: Sendable, Hashable {
        /// The writs' ids.
        var writs: [String]
        /// The session is under one that it was not under before.
        var isNew: Bool
        /// Something was learnt that must be kept, before anything that rests on it is released.
        var mustBeKept: Bool
        /// The sessions below whose agents' processes it works, where a writ came from one.
        var starters: [String] = []
    }

    /// The writs that a call is under: those of its session, of its place, and of the session that started it.
    mutating func standing(of origin: Origin, now: Int64) -> Standing {
        let known = sessions[origin.session]
        var ids = known?.writs ?? []
        for binding in bindings where fits(binding, origin) && !ids.contains(binding.writ) { ids.append(binding.writ) }
        var starters: [String] = []
        for name in sessions.filter({ isStarted(origin, by: $0.key, $0.value) }).keys.sorted() {
            let more = sessions[name]?.writs.filter { !ids.contains($0) } ?? []
            guard !more.isEmpty else { continue }
            ids += more
            starters.append(name)
        }
        guard !ids.isEmpty else { return Standing(writs: [], isNew: false, mustBeKept: false) }
        let hour = now - now % 3_600
        let isNew = known?.writs != ids
        let process = known?.process.flatMap { origin.processes.contains($0) ? $0 : nil } ?? origin.agentProcess
        let hasMoved = known?.process != process
        if isNew || hasMoved || known?.seen != hour {
            sessions[origin.session] = Session(writs: ids, seen: hour, process: process)
            if sessions.count > Self.maximumSessions { forgetSessions(now: now) }
        }
        return Standing(writs: ids, isNew: isNew, mustBeKept: isNew || hasMoved, starters: starters)
    }

    /// Whether a call comes from below the process of another session's agent. Sessions that one process serves are
    /// beside each other, not below.
    private func isStarted(_ origin: Origin, by name: String, _ session: Session) -> Bool {
        guard let process = session.process, name != origin.session else { return false }
        return process != origin.agentProcess && origin.processes.contains(process)
    }

    private func fits(_ binding: Binding, _ origin: Origin) -> Bool {
        guard binding.agent.isEmpty || binding.agent == origin.agent else { return false }
        return switch binding.place {
        case .folder(let folder):
            PathText.isUnder(origin.workspace, folder) || PathText.isUnder(origin.realWorkspace, folder)
        case .session(let session): session == origin.session
        case .process(let process): origin.processes.contains(process)
        }
    }

    /// The writs of sessions in a folder, for the profile that they will have there.
    func writs(inFolder folder: String) -> [String] {
        bindings.compactMap { binding in
            guard case .folder(let own) = binding.place, PathText.isUnder(folder, own) else { return nil }
            return binding.writ
        }
    }

    // MARK: Changes

    /// Takes up a writ; false when there are too many.
    mutating func add(_ writ: Writ, now: Int64) -> Bool {
        forgetEnded(now: now)
        guard writs.count < Self.maximumWrits, self.writ(writ.id) == nil else { return false }
        writs.append(writ)
        return true
    }

    /// Binds a writ. What was bound to the same place and has ended gives way, for the sessions under it too.
    ///
    /// - Parameter isOver: whether a writ of this id has ended or is revoked.
    /// - Returns: the ids of the writs that gave way; nil when there are too many bindings.
    mutating func bind(
        _ id: String, to place: Place, agent: String, by person: String, isOver: (String) -> Bool
    ) -> [String]? {
        let over = Set(
            bindings.lazy.filter { $0.place == place && ($0.agent == agent || agent.isEmpty) }.map(\.writ).filter(
                isOver))
        bindings.removeAll { $0.place == place && over.contains($0.writ) || $0.writ == id && $0.place == place }
        // Sessions that came under it elsewhere stay: only this place has a successor.
        let stillBound = Set(bindings.map(\.writ))
        for gone in over where !stillBound.contains(gone) { replace(gone, by: id) }
        guard bindings.count < Self.maximumBindings else { return nil }
        bindings.append(Binding(writ: id, place: place, agent: agent, by: person))
        return over.sorted()
    }

    /// Takes a writ off everything that was bound to it.
    ///
    /// - Returns: how many places and sessions that were.
    mutating func unbind(_ id: String) -> Int {
        let before = bindings.count
        bindings.removeAll { $0.writ == id }
        var count = before - bindings.count
        for (name, session) in sessions where session.writs.contains(id) {
            count += 1
            let rest = session.writs.filter { $0 != id }
            sessions[name] = rest.isEmpty ? nil : Session(writs: rest, seen: session.seen, process: session.process)
        }
        children = children.filter { $0.key.parent != id }
        return count
    }

    /// Removes a writ that nobody is bound to; false when somebody is.
    mutating func remove(_ id: String) -> Bool {
        guard !isInUse(id) else { return false }
        writs.removeAll { $0.id == id }
        return true
    }

    private func isInUse(_ id: String) -> Bool {
        bindings.contains { $0.writ == id } || sessions.values.contains { $0.writs.contains(id) }
    }

    private mutating func replace(_ id: String, by successor: String) {
        for (name, session) in sessions where session.writs.contains(id) {
            var ids = session.writs.filter { $0 != id && $0 != successor }
            ids.append(successor)
            sessions[name] = Session(writs: ids, seen: session.seen, process: session.process)
        }
        children = children.filter { $0.key.parent != id }
    }

    /// Keeps what was derived for a sub-agent; false when there are too many that have not ended.
    mutating func keep(_ writ: Writ, for child: Child, now: Int64) -> Bool {
        if children.count >= Self.maximumChildren { children = children.filter { $0.value.until > now - 3_600 } }
        guard children.count < Self.maximumChildren || children[child] != nil else { return false }
        children[child] = writ
        return true
    }

    /// Bindings to processes that have ended.
    ///
    /// - Parameter isAlive: whether the process still runs.
    mutating func sweep(isAlive: (ProcessFacts.Identity) -> Bool) -> Bool {
        let before = bindings.count
        bindings.removeAll { if case .process(let process) = $0.place { !isAlive(process) } else { false } }
        return bindings.count != before
    }

    /// No process of an earlier start of the machine lives.
    mutating func startAnew() {
        bindings.removeAll { if case .process = $0.place { true } else { false } }
        for name in sessions.keys { sessions[name]?.process = nil }
    }

    // MARK: Reading what was kept

    mutating func restore(_ writ: Writ) -> Bool {
        guard writs.count < Self.maximumWrits, self.writ(writ.id) == nil else { return false }
        writs.append(writ)
        return true
    }

    mutating func restore(_ binding: Binding) -> Bool {
        guard bindings.count < Self.maximumBindings else { return false }
        bindings.append(binding)
        return true
    }

    mutating func restore(_ session: Session, _ name: String) -> Bool {
        guard sessions.count < Self.maximumSessions, sessions[name] == nil else { return false }
        sessions[name] = session
        return true
    }

    private mutating func forgetSessions(now: Int64) {
        sessions = sessions.filter { $0.value.seen > now - Self.memory }
        while sessions.count > Self.maximumSessions,
            let oldest = sessions.min(by: { ($0.value.seen, $0.key) < ($1.value.seen, $1.key) })
        {
            sessions[oldest.key] = nil
        }
    }

    private mutating func forgetEnded(now: Int64) {
        let book = self
        writs.removeAll { $0.until < now - Self.afterlife && !book.isInUse($0.id) }
    }
}
