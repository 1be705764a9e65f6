// SPDX-License-Identifier: Apache-2.0
public import WritCore
public import WritPolicy

/// How a session's state changes with what happens in it. Labels only grow.
public struct SessionTracker: Sendable, Hashable {
    /// When something was set, so that ages can be told later.
    private struct Mark: Sendable, Hashable {
        var name: String
        var at: Int64
    }

    /// More names than this are not kept apart: the label says what matters, the name says where from.
    private static let maximumLabels = 256
    private static let maximumHosts = 256
    private static let maximumWritten = 4_096

    public let id: String
    /// Seconds since 1970.
    public private(set) var startedAt: Int64
    public private(set) var lastCallAt: Int64
    public private(set) var calls = 0
    public private(set) var denied = 0
    public private(set) var isHalted = false
    /// Absolute paths of files that the agent wrote in this session.
    public private(set) var written: Set<String> = []
    /// What was refused, to recognise it in other words.
    public private(set) var refusals = RefusedEffects()
    private var labels: [Mark] = []
    private var hosts: [String] = []
    private var counts: [String: Int] = [:]

    /// Begins a session.
    public init(id: String, now: Int64) {
        self.id = id
        startedAt = now
        lastCallAt = now
    }

    /// The state as a decision sees it.
    public func state(now: Int64) -> SessionState {
        var state = SessionState()
        state.id = id
        state.age = Int(clamping: max(0, now - startedAt))
        state.calls = calls
        state.denied = denied
        state.labels = labels.map { .init($0.name, age: Int(clamping: max(0, now - $0.at))) }
        state.counts = counts
        state.hosts = hosts
        state.isHalted = isHalted
        return state
    }

    /// Takes a judgement into account.
    ///
    /// - Returns: whether something changed that must not be forgotten when the daemon ends: a label, a halt, a file
    ///   that the agent wrote, because running it later is judged by what is in it, or something refused.
    public mutating func note(_ judgement: Judgement, now: Int64) -> Bool {
        let before = (labels, isHalted, written.count)
        let refused = refusals
        let call = judgement.request.call
        lastCallAt = now
        switch call.event {
        case .beforeTool, .permissionRequest: noteTool(judgement, now: now)
        case .afterTool: noteResponse(judgement, now: now)
        case .prompt, .sessionStart, .sessionEnd, .subagentStart, .subagentStop, .stop, .configChange, .other: break
        }
        return before.0 != labels || before.1 != isHalted || before.2 != written.count || refused != refusals
    }

    /// A person lets a halted session go on.
    public mutating func resume() {
        isHalted = false
    }

    private mutating func noteTool(_ judgement: Judgement, now: Int64) {
        calls += 1
        refusals.note(judgement)
        let verdict = judgement.decision.verdict
        if verdict >= .deny { denied += 1 }
        if verdict == .halt { isHalted = true }
        for operation in judgement.request.operations { counts[operation.kind.rawValue, default: 0] += 1 }
        // What was denied has no effect; what was asked about may have one.
        guard verdict < .deny else { return }
        // What the operations brought in (``Guard/Surroundings/labels``) stays.
        for name in judgement.request.session.labels { label(name.name, now) }
        if judgement.request.facts.environment.profile == Profile.prototyping.rawValue,
            judgement.request.operations.contains(where: { $0.role == .executed })
        {
            label(PrototypePaths.label, now)
        }
        for operation in judgement.request.operations {
            switch operation.kind {
            case .secretRead: label("secret", now)
            case .fileWrite where !operation.isPattern && written.count < Self.maximumWritten:
                written.insert(operation.path)
            default: break
            }
            if !operation.host.isEmpty, hosts.count < Self.maximumHosts, !hosts.contains(operation.host) {
                hosts.append(operation.host)
            }
        }
        for obligation in judgement.decision.obligations {
            if case .taint(let name) = obligation { label(name, now) }
        }
    }

    private mutating func noteResponse(_ judgement: Judgement, now: Int64) {
        let tool = judgement.request.call.tool
        switch tool.action {
        case .httpRequest, .netConnect, .browserNavigate: label("untrusted", now)
        case .mcpCall, .mcpResource:
            label("untrusted", now)
            label(tool.canonicalName, now)
        default: break
        }
        for finding in judgement.request.findings {
            if finding.scanner == "secrets" { label("secret", now) }
            if finding.scanner == "prompt_injection" || finding.scanner == "unicode" { label("untrusted", now) }
        }
        for obligation in judgement.decision.obligations {
            if case .taint(let name) = obligation { label(name, now) }
        }
    }

    /// The host has put something with these labels into the session by itself.
    ///
    /// - Returns: whether one of them is new.
    public mutating func bring(_ names: [String], now: Int64) -> Bool {
        let before = labels.count
        for name in names { label(name, now) }
        return labels.count > before
    }

    /// A person takes a label off the session.
    ///
    /// - Returns: whether it had it.
    public mutating func clear(label name: String) -> Bool {
        let before = labels.count
        labels.removeAll { $0.name == name }
        return labels.count < before
    }

    private mutating func label(_ name: String, _ now: Int64) {
        if labels.contains(where: { $0.name == name }) || labels.count >= Self.maximumLabels { return }
        labels.append(Mark(name: name, at: now))
    }
}

extension SessionTracker {
    /// What must outlive the daemon, as JSON.
    public var json: JSON {
        [
            "v": 1, "id": .string(id), "started": .integer(startedAt), "last": .integer(lastCallAt),
            "calls": .integer(Int64(clamping: calls)), "denied": .integer(Int64(clamping: denied)),
            "halted": .bool(isHalted),
            "labels": .array(labels.map { ["name": .string($0.name), "at": .integer($0.at)] }),
            "hosts": .array(hosts.map { .string($0) }),
            "written": .array(written.sorted().map { .string($0) }), "refusals": refusals.json,
            "counts": .object(
                counts.sorted { $0.key < $1.key }.map { .init($0.key, .integer(Int64(clamping: $0.value))) }),
        ]
    }

    /// Reads what an earlier daemon kept; nil when it is not whole.
    public init?(_ json: JSON) {
        guard json["v"]?.integer == 1, let id = json["id"]?.string, let started = json["started"]?.integer,
            let last = json["last"]?.integer, let calls = json["calls"]?.integer, let denied = json["denied"]?.integer,
            let isHalted = json["halted"]?.bool, let labels = json["labels"]?.array, let hosts = json["hosts"]?.array,
            let written = json["written"]?.array, let counts = json["counts"]?.members
        else { return nil }
        self.id = id
        startedAt = started
        lastCallAt = last
        self.calls = Int(clamping: calls)
        self.denied = Int(clamping: denied)
        self.isHalted = isHalted
        if let kept = json["refusals"] {
            guard let refusals = RefusedEffects(kept) else { return nil }
            self.refusals = refusals
        }
        for label in labels {
            guard let name = label["name"]?.string, let at = label["at"]?.integer else { return nil }
            self.labels.append(Mark(name: name, at: at))
        }
        self.hosts = hosts.compactMap(\.string)
        self.written = Set(written.compactMap(\.string))
        for count in counts { self.counts[count.key] = count.value.integer.map { Int(clamping: $0) } }
    }
}
