// SPDX-License-Identifier: Apache-2.0
import WritCore

/// The processes that agents are made of, as their hooks' ancestors show them.
///
/// A hook is started by its agent, so the agent is among the hook's ancestors. Each hook's chain is walked from its
/// parent upwards, and every process is an agent's until one is on the person's side
/// (``ProgramKind/isPersonsSide(_:_:)``): a shell that leads a terminal's session and takes commands, a terminal, a
/// multiplexer, a login or a desktop. Whatever else stands in between is marked too, also when it is only a wrapper: a
/// process too many means one terminal less to approve from, a process too few would be a way around.
struct AgentProcesses: Sendable, Hashable {
    /// More live processes than this are not told apart; then nothing can be approved.
    static let maximumCount = 4_096
    static let maximumDepth = 128

    private(set) var known: Set<ProcessFacts.Identity> = []
    /// The control groups that agents run in.
    private(set) var groups: Set<String> = []
    /// When the first agent of this start of the machine began, in ticks; nil when none was seen.
    private(set) var firstStart: UInt64?
    /// An agent was seen that could not be remembered.
    private(set) var isOverfull = false
    /// Hooks' parents whose chains were walked already.
    private var walked: Set<ProcessFacts.Identity> = []

    init() {}

    /// Of what was before nothing is known, so nothing counts as older than the first agent.
    static var ofUnknownPast: AgentProcesses {
        var agents = AgentProcesses()
        agents.firstStart = 0
        return agents
    }

    func contains(_ identity: ProcessFacts.Identity) -> Bool { known.contains(identity) }

    /// Marks the agent above a hook.
    ///
    /// - Returns: whether something was learnt that must not be forgotten.
    mutating func note(hook number: Int32, in view: some ProcessView) -> Bool {
        guard let hook = view.facts(number), let parent = view.facts(hook.parent) else { return false }
        if walked.contains(parent.identity) { return false }
        var found: [(facts: ProcessFacts, details: ProcessDetails)] = []
        var next: ProcessFacts? = parent
        while let facts = next, facts.identity.number > 1, found.count < Self.maximumDepth {
            if known.contains(facts.identity) {
                // All above is known, and what is below is told by it: a wrapper for each call is not kept.
                found = []
                break
            }
            guard let details = view.details(facts.identity.number), !ProgramKind.isPersonsSide(facts, details) else {
                break
            }
            found.append((facts, details))
            // A parent that is younger than its child is another process under an old number.
            next = view.facts(facts.parent).flatMap { $0.identity.start <= facts.identity.start ? $0 : nil }
        }
        if known.count + found.count > Self.maximumCount { forgetEnded(view) }
        if walked.count >= Self.maximumCount { walked = [] }
        walked.insert(parent.identity)
        let before = (known.count, groups.count, firstStart, isOverfull)
        for (facts, details) in found {
            firstStart = min(firstStart ?? .max, facts.identity.start)
            guard known.count < Self.maximumCount, groups.count < Self.maximumCount else {
                isOverfull = true
                continue
            }
            known.insert(facts.identity)
            groups.insert(details.group)
        }
        return before != (known.count, groups.count, firstStart, isOverfull)
    }

    /// A process that has ended is nobody's parent any more.
    private mutating func forgetEnded(_ view: some ProcessView) {
        known = known.filter { view.facts($0.number)?.identity == $0 }
        walked = []
    }
}

extension AgentProcesses {
    /// What must outlive the daemon, as JSON.
    var json: JSON {
        var json: JSON = [
            "known": .array(
                known.sorted { ($0.number, $0.start) < ($1.number, $1.start) }.map {
                    [.integer(Int64($0.number)), .integer(Int64(clamping: $0.start))]
                }),
            "groups": .array(groups.sorted().map { .string($0) }), "overfull": .bool(isOverfull),
        ]
        if let firstStart { json.set("first", .integer(Int64(clamping: firstStart))) }
        return json
    }

    /// Reads what an earlier daemon kept; nil when it is not whole.
    init?(_ json: JSON) {
        guard let known = json["known"]?.array, let groups = json["groups"]?.array,
            let isOverfull = json["overfull"]?.bool
        else { return nil }
        for item in known {
            guard let pair = item.array, pair.count == 2, let number = pair[0].integer.flatMap({ Int32(exactly: $0) }),
                let start = pair[1].integer.flatMap({ UInt64(exactly: $0) })
            else { return nil }
            self.known.insert(.init(number: number, start: start))
        }
        self.groups = Set(groups.compactMap(\.string))
        self.isOverfull = isOverfull
        firstStart = json["first"]?.integer.flatMap { UInt64(exactly: $0) }
        if firstStart == nil, !self.known.isEmpty { return nil }
    }
}
