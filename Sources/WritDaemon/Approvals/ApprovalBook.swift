// SPDX-License-Identifier: Apache-2.0
import WritCore

/// All approvals that matter now. A value: what happens is decided here, and the caller writes it down.
///
/// Bounded: a session can have ``perSession`` open requests, of which the oldest gives way, so that no flood of one
/// session pushes out another's; past ``maximumOpen`` in all, the session with the most gives way. Every loss is an event.
struct ApprovalBook: Sendable, Hashable {
    static let perSession = 16
    static let maximumOpen = 256
    /// Answered, used and expired ones that are kept to be shown.
    static let maximumEnded = 128
    /// How long a request waits for an answer after it was last made, in milliseconds.
    static let waiting: Int64 = 15 * 60 * 1000
    /// How long after its use an approval covers the host's own question about the same call, in milliseconds.
    static let following: Int64 = 30 * 1000
    /// Wrong answers after which a request ends.
    static let maximumFailures = 5

    /// Oldest first.
    private(set) var all: [Approval] = []

    init() {}

    /// How a call stands.
    enum Standing: Sendable, Hashable {
        case unknown
        case waiting(Approval)
        case given(Approval)
        case denied(Approval)
        /// Passed a moment ago, and this is the host asking about it.
        case followed(Approval)
    }

    /// Ends what is over.
    mutating func sweep(now: Int64) -> [ApprovalEvent] {
        var events: [ApprovalEvent] = []
        for index in all.indices where all[index].state.isOpen && all[index].until <= now {
            all[index].state = .expired
            events.append(ApprovalEvent(kind: .expired, approval: all[index]))
        }
        trim()
        return events
    }

    /// How the call with this binding stands; sweep first.
    func standing(_ binding: String, isHostsQuestion: Bool, now: Int64) -> Standing {
        for approval in all.reversed() where approval.binding == binding {
            switch approval.state {
            case .waiting: return .waiting(approval)
            case .given: return .given(approval)
            case .denied where approval.until > now: return .denied(approval)
            case .used where isHostsQuestion && !approval.isFollowed && approval.usedAt + Self.following > now:
                return .followed(approval)
            case .denied, .used, .expired, .dropped: continue
            }
        }
        return .unknown
    }

    /// Takes up a request, or prolongs the wait of the same one.
    mutating func ask(_ request: Approval, now: Int64) -> (approval: Approval, events: [ApprovalEvent]) {
        if let index = all.lastIndex(where: { $0.binding == request.binding && $0.state == .waiting }) {
            all[index].until = now + Self.waiting
            return (all[index], [])
        }
        var events: [ApprovalEvent] = []
        let own = all.indices.filter { isWaiting($0, in: request) }
        if own.count >= Self.perSession, let oldest = own.first { events.append(drop(oldest)) }
        let open = all.indices.filter { all[$0].state.isOpen }
        if open.count >= Self.maximumOpen {
            let waiting = open.filter { all[$0].state == .waiting }
            let bySession = Dictionary(grouping: waiting) { "\(all[$0].agent)|\(all[$0].session)" }
            let most = bySession.map(\.value.count).max() ?? 0
            let oldest = waiting.first { bySession["\(all[$0].agent)|\(all[$0].session)"]?.count == most }
            if let oldest { events.append(drop(oldest)) }
        }
        all.append(request)
        events.append(ApprovalEvent(kind: .requested, approval: request))
        trim()
        return (request, events)
    }

    /// Uses an approval up. Nil when there is nothing to use (any more).
    mutating func use(_ id: String, now: Int64) -> ApprovalEvent? {
        guard let index = index(id), all[index].state == .given, all[index].until > now, all[index].usesLeft > 0 else {
            return nil
        }
        all[index].usesLeft -= 1
        all[index].usedAt = now
        all[index].isFollowed = false
        if all[index].usesLeft == 0 { all[index].state = .used }
        return ApprovalEvent(kind: .used, approval: all[index])
    }

    /// Lets the host's own question about a call that has just passed go the same way, once.
    mutating func follow(_ id: String) {
        if let index = index(id) { all[index].isFollowed = true }
    }

    /// A person's answer. Nil when the request does not wait.
    mutating func answer(_ id: String, agrees: Bool, by person: String, now: Int64) -> ApprovalEvent? {
        guard let index = index(id), all[index].state == .waiting || (!agrees && all[index].state == .given) else {
            return nil
        }
        all[index].state = agrees ? .given : .denied
        all[index].answeredBy = person
        all[index].answeredAt = now
        all[index].until = now + (agrees ? all[index].lifetime : Self.waiting)
        return ApprovalEvent(kind: agrees ? .given : .denied, approval: all[index])
    }

    /// A challenge was not answered as it should. Too many of them end the request.
    mutating func fail(_ id: String, now: Int64) -> [ApprovalEvent] {
        guard let index = index(id), all[index].state == .waiting else { return [] }
        all[index].failures += 1
        var events = [ApprovalEvent(kind: .refused, approval: all[index], detail: "the answer was not the challenge")]
        if all[index].failures >= Self.maximumFailures {
            all[index].state = .expired
            events.append(ApprovalEvent(kind: .expired, approval: all[index]))
        }
        return events
    }

    /// The machine was started anew: what a person agreed to was meant for before, and whether it was used up may not
    /// have reached the disk.
    mutating func startAnew() {
        for index in all.indices where all[index].state == .given { all[index].state = .expired }
    }

    /// The approval of this id.
    func approval(_ id: String) -> Approval? { index(id).map { all[$0] } }

    private func index(_ id: String) -> Int? { all.lastIndex { $0.id == id } }

    private func isWaiting(_ index: Int, in request: Approval) -> Bool {
        all[index].state == .waiting && all[index].agent == request.agent && all[index].session == request.session
    }

    private mutating func drop(_ index: Int) -> ApprovalEvent {
        all[index].state = .dropped
        return ApprovalEvent(kind: .dropped, approval: all[index])
    }

    /// The oldest ended ones go first, and denials, which still count, after all others.
    private mutating func trim() {
        var excess = all.lazy.filter { !$0.state.isOpen }.count - Self.maximumEnded
        for sparesDenials in [true, false] where excess > 0 {
            all.removeAll { approval in
                guard excess > 0, !approval.state.isOpen, !(sparesDenials && approval.state == .denied) else {
                    return false
                }
                excess -= 1
                return true
            }
        }
    }
}

extension ApprovalBook {
    var json: JSON { .array(all.map(\.json)) }

    /// Nil when it is not whole.
    init?(_ json: JSON) {
        guard let items = json.array else { return nil }
        for item in items {
            guard let approval = Approval(item) else { return nil }
            all.append(approval)
        }
    }
}
