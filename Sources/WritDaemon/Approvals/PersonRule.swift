// SPDX-License-Identifier: Apache-2.0

/// Why a process is not taken for a person's.
struct NotAPerson: Error, Sendable, Hashable {
    /// The word in the ledger.
    enum Kind: String, Sendable, Hashable {
        case gone, stranger, namespace, traced, agent, orphan, noTerminal = "no_terminal", background
        case leader, holder, multiplexer, overfull
    }

    let kind: Kind
    /// One sentence for people: what is wrong, and where it would work.
    let message: String

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}

/// Decides whether a process that wants to answer for a person is one that no agent can have started, at a terminal
/// that no agent has opened.
///
/// Three things must hold, each of them by what the system says and not by what the process says:
///
/// 1. *No ancestor is an agent's.* The chain from the process to the first one holds no marked process.
/// 2. *No ancestor is adopted.* A process whose parent ended gets another one, and its past is lost. So each step
///    upwards must be proven, until a process is reached that began before the first agent did, that a login made, or
///    that is a terminal of the desktop. A step is proven when both are of one session (nobody joins a session, one is
///    born into it), or when the child leads the session of a terminal that its parent holds, or when the parent is a
///    login.
/// 3. *The terminal is a person's.* The process is in the foreground of its session's terminal, the session's leader is
///    among its ancestors, and whoever holds the other side of the terminal is among the leader's ancestors and is no
///    program that lets others type into it.
struct PersonRule<View: ProcessView> {
    let view: View
    let agents: AgentProcesses
    /// The user that the daemon runs as.
    let user: UInt32
    /// The only executable that may ask, by absolute path; nil in tests of the rest.
    var program: String?

    private typealias Link = (facts: ProcessFacts, details: ProcessDetails)
    private let place = "run `writ` in a terminal window that you opened yourself, outside the agent"

    init(view: View, agents: AgentProcesses, user: UInt32, program: String? = nil) {
        self.view = view
        self.agents = agents
        self.user = user
        self.program = program
    }

    /// The process with its terminal.
    ///
    /// - Parameter needsTerminal: false for what does no harm when the terminal is not a person's.
    /// - Throws: ``NotAPerson`` with the first thing that does not hold.
    func check(_ number: Int32, needsTerminal: Bool = true) throws(NotAPerson) -> ProcessFacts {
        let chain = try chain(from: number)
        guard let peer = chain.first else { throw NotAPerson(.gone, "the process has ended") }
        guard peer.details.user == user, peer.details.effectiveUser == user else {
            throw NotAPerson(.stranger, "the process belongs to another user")
        }
        guard !peer.details.program.isEmpty else { throw NotAPerson(.gone, "the process has ended") }
        if let program, peer.details.program != program {
            throw NotAPerson(.stranger, "the process is not the `writ` that this daemon belongs to")
        }
        guard view.sharesNamespaces(number) else {
            throw NotAPerson(.namespace, "the process runs in a container or namespace of its own; \(place)")
        }
        guard !peer.details.isTraced else {
            throw NotAPerson(.traced, "another process controls this one (a debugger or tracer)")
        }
        guard !agents.isOverfull else {
            throw NotAPerson(.overfull, "more agents run than can be told apart; end some and restart the daemon")
        }
        if let agent = chain.first(where: { agents.contains($0.facts.identity) }) {
            throw NotAPerson(
                .agent, "process \(agent.facts.identity.number) above this one belongs to an agent; \(place)")
        }
        try checkOrigin(chain)
        if needsTerminal { try checkTerminal(chain) }
        return peer.facts
    }

    private func chain(from number: Int32) throws(NotAPerson) -> [Link] {
        var chain: [Link] = []
        var next = number
        while next > 0 {
            guard chain.count < AgentProcesses.maximumDepth else {
                throw NotAPerson(.orphan, "too many processes stand above this one")
            }
            guard let facts = view.facts(next), let details = view.details(next) else {
                throw NotAPerson(.gone, "a process above this one cannot be seen")
            }
            if let child = chain.last, facts.identity.start > child.facts.identity.start {
                throw NotAPerson(.orphan, "a process above this one is younger than its child")
            }
            chain.append((facts, details))
            next = facts.parent
        }
        return chain
    }

    /// Each step from the process upwards is a birth, not an adoption, up to one that no agent can have started.
    private func checkOrigin(_ chain: [Link]) throws(NotAPerson) {
        // Before the first agent there was nobody who could have started anything for it.
        guard let firstStart = agents.firstStart else { return }
        for (index, child) in chain.enumerated() {
            if child.facts.identity.start < firstStart { return }
            if isLogin(child) || isDesktopTerminal(child) { return }
            // Put into this container from outside of it: nobody inside can do that, and orphans go to process 1.
            if child.facts.parent == 0, child.facts.identity.number != 1 { return }
            guard chain.indices.contains(index + 1) else { break }
            let parent = chain[index + 1]
            guard !ProgramKind.adopts(parent.facts, parent.details) else { break }
            let isOfOneSession = parent.facts.session == child.facts.session
            let isOfItsTerminal =
                child.facts.isSessionLeader && child.facts.terminal != 0
                && view.holders(ofTerminal: child.facts.terminal).contains(parent.facts.identity.number)
            // A login's own part that runs as the user has the login's other part for a parent.
            let isLoginsPart =
                isLogin(parent)
                || (ProgramKind.logins.contains(parent.details.programName) && chain.indices.contains(index + 2)
                    && isLogin(chain[index + 2]))
            guard isOfOneSession || isOfItsTerminal || isLoginsPart else { break }
        }
        throw NotAPerson(
            .orphan,
            "nobody can tell who started this process: its parents have ended, or began after an agent did; \(place)")
    }

    private func isLogin(_ link: Link) -> Bool {
        guard ProgramKind.logins.contains(link.details.programName) else { return false }
        // A program of this user can call itself anything; another user's it cannot become.
        return link.details.effectiveUser != user || (link.details.isSystemProgram && user == 0)
    }

    /// A terminal of the desktop that was started as one, and not by something that runs beside an agent.
    private func isDesktopTerminal(_ link: Link) -> Bool {
        guard link.details.isSystemProgram, ProgramKind.terminals.contains(link.details.programName) else {
            return false
        }
        let unit = link.details.group.split(separator: "/").last ?? ""
        guard unit.hasSuffix(".service") || unit.hasSuffix(".scope"), !unit.hasPrefix("run-"),
            !unit.hasPrefix("session-")
        else { return false }
        return !agents.groups.contains(link.details.group)
    }

    private func checkTerminal(_ chain: [Link]) throws(NotAPerson) {
        guard let peer = chain.first, peer.facts.terminal != 0 else {
            throw NotAPerson(.noTerminal, "the process has no terminal; \(place)")
        }
        guard peer.facts.foreground == peer.facts.group else {
            throw NotAPerson(.background, "the process is not in the foreground of its terminal")
        }
        guard let position = chain.firstIndex(where: { $0.facts.identity.number == peer.facts.session }),
            chain[position].facts.terminal == peer.facts.terminal
        else {
            throw NotAPerson(.leader, "whoever opened this terminal's session is not above this process; \(place)")
        }
        let above = chain[position...]
        let holders = view.holders(ofTerminal: peer.facts.terminal)
        guard !holders.isEmpty else { return try checkUnseenHolder(of: peer.facts.terminal, above) }
        for link in above where holders.contains(link.facts.identity.number) {
            try checkHolder(link)
        }
        let ancestors = Set(above.map(\.facts.identity.number))
        guard holders.allSatisfy({ ancestors.contains($0) }) else {
            throw NotAPerson(.holder, "a program that did not open this terminal's session holds it; \(place)")
        }
    }

    /// A console has no other side, a login's is another user's, and one from outside a container is outside.
    private func checkUnseenHolder(of terminal: UInt64, _ above: ArraySlice<Link>) throws(NotAPerson) {
        if terminal >> 8 & 0xFFF == 4 { return }
        for link in above {
            if isLogin(link) { return }
            if link.facts.parent == 0, link.facts.identity.number != 1 { return }
            try checkHolder(link)
        }
        throw NotAPerson(.holder, "nobody can be seen to hold this terminal; \(place)")
    }

    private func checkHolder(_ link: Link) throws(NotAPerson) {
        let name = link.details.programName
        guard ProgramKind.multiplexers.contains(name) || ProgramKind.editors.contains(name) else { return }
        throw NotAPerson(
            .multiplexer,
            "every program of yours can read and type into a terminal of `\(name)`, an agent too; run `writ` in a "
                + "terminal window outside it")
    }
}
