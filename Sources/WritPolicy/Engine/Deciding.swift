// SPDX-License-Identifier: Apache-2.0
import WritCEL
import WritCore

/// One decision in the making: every layer on every operation, joined by maximum.
struct Deciding {
    let set: PolicySet
    let evaluation: Evaluation
    let profile: String
    /// Conditions that read arguments count in the call's favour: for lists of tools, where there are no arguments.
    let ignoresArguments: Bool
    /// Looks at every rule and writes down how it came out.
    var trace: TraceRecorder?

    private let bases: Bases
    private let environments: UInt64
    private var reasons: [ReasonKey: Decision.Reason] = [:]
    private var obligations: Set<Obligation> = []
    private var openGates: Set<String> = []
    private var uncovered = false
    /// For each operation, whether the root grants it in so many words.
    private var grantedOperations = 0
    private var neededOperations = 0

    private struct ReasonKey: Hashable {
        let rule: String
        let verdict: Verdict
    }

    init(_ set: PolicySet, _ request: PolicyRequest, ignoresArguments: Bool = false, trace: TraceRecorder? = nil) {
        self.set = set
        self.ignoresArguments = ignoresArguments
        self.trace = trace
        evaluation = Evaluation(request, hash: set.hash)
        profile = request.facts.environment.profile
        bases = set.bases(in: profile)
        environments = set.index.environmentBits(evaluation.subject)
    }

    private var request: PolicyRequest { evaluation.request }

    mutating func run() -> Decision {
        FunctionScope.$current.withValue(evaluation.scope) {
            if request.phase == .toolCall {
                for view in evaluation.views { decide(view) }
                for egress in set.egress { for view in evaluation.views { decide(egress, view) } }
                for mcp in set.mcp { decide(mcp) }
                for budget in set.budgets { decide(budget) }
                if set.namesProfiles { profiles() }
                for link in set.links { decide(link) }
            }
            for position in set.index.whole[request.phase] ?? [] { apply(position, nil) }
        }
        if request.session.isHalted {
            add(
                "session/halted", .halt, .critical, nil,
                "The session was stopped; a person must resume it before anything else is done.")
        }
        for layer in set.broken { emergency(layer) }
        for reason in request.further { add(reason) }
        return decision()
    }

    // MARK: Operations

    private mutating func decide(_ view: OperationView) {
        // A bit for each layer; a set has far fewer than 64.
        var granted: UInt64 = 0
        var consented: UInt64 = 0
        let isEffect = view.operation.role == .executed
        let candidates =
            trace == nil
            ? set.index.candidates(
                view, evaluation.subject, server: server, environments: environments,
                marks: ignoresArguments ? OperationMarks.any : view.marks)
            : set.index.buckets[view.operation.kind.index].all
        for position in candidates {
            let rule = set.rules[position]
            let layer = set.places[position].layer
            if rule.isGrant {
                guard isEffect, grant(position, rule, view) else { continue }
                granted |= 1 << UInt64(layer & 63)
            } else {
                let applies = apply(position, view)
                // Consent that hangs on a label restricts alone: a label opens nothing, not even to a question. What a
                // rule covers it also touches, but for commands so long that only a part of them is looked at.
                // What a link of a delegation asks about, it has not granted by that.
                if rule.action == .ask, rule.layer != .delegation, rule.source == nil, rule.scanner == nil, isEffect,
                    !rule.restsOnLabel,
                    applies || view.operation.arguments.count > 256 || ignoresArguments, covers(position, rule, view)
                {
                    consented |= 1 << UInt64(layer & 63)
                }
            }
        }
        if isEffect { base(view, granted, consented) }
    }

    private var server: String? { request.call.tool.server.map { "mcp:\($0)" } }

    /// A grant on an operation; records what it asks for.
    private mutating func grant(_ position: Int, _ rule: CompiledRule, _ view: OperationView) -> Bool {
        if ignoresArguments, rule.readsArguments {
            return rule.matcher.firstMismatch(view, evaluation.subject, evaluation.roots, .grant) == nil
        }
        let outcome = evaluation.outcome(rule, view, lists: set.lists[set.places[position].lists], reading: .grant)
        trace?.record(rule, view.index, outcome, evaluation)
        guard outcome.applies else { return false }
        add(rule.id, .allow, rule.severity, view.index, "", rule.tags)
        obligations.formUnion(rule.obligations)
        if let limits = rule.limits { exceed(limits, by: 1, view.index) }
        return true
    }

    private func covers(_ position: Int, _ rule: CompiledRule, _ view: OperationView) -> Bool {
        if ignoresArguments, rule.readsArguments { return true }
        return evaluation.outcome(rule, view, lists: set.lists[set.places[position].lists], reading: .grant).applies
    }

    /// What each layer says about an operation that none of its rules grants.
    private mutating func base(_ view: OperationView, _ granted: UInt64, _ consented: UInt64) {
        neededOperations += 1
        let isExplicit = granted & bases.mask != 0
        if isExplicit {
            grantedOperations += 1
        } else if consented & bases.mask == 0 {
            fallTo(bases.verdict, bases.id, view)
        }
        for other in bases.others where (granted | consented) & other.mask == 0 {
            fallTo(other.verdict, other.id, view, link: other.link)
        }
    }

    private mutating func fallTo(_ verdict: Verdict, _ id: String, _ view: OperationView, link: String? = nil) {
        if verdict == .allow {
            uncovered = true
            trace?.base(id, .allow, view.index)
            return
        }
        trace?.base(id, verdict, view.index)
        let phrase = Wording.phrase(view.operation, request.call)
        let what = verdict == .ask ? "needs a person's consent" : "is not granted"
        let why = link.map { "the writ `\($0)` does not cover it" } ?? "no rule covers it"
        add(id, verdict, .medium, view.index, "\(phrase) \(what): \(why).")
    }

    // MARK: Restrictions

    /// A restriction, consent, flow, alert or scanner rule.
    ///
    /// - Returns: whether the rule has a say.
    @discardableResult
    private mutating func apply(_ position: Int, _ view: OperationView?) -> Bool {
        let rule = set.rules[position]
        // Without arguments a restriction that looks at them says nothing yet.
        if ignoresArguments, rule.readsArguments { return false }
        let place = set.places[position]
        let outcome = evaluation.outcome(rule, view, lists: set.lists[place.lists], reading: .restriction)
        trace?.record(rule, view?.index, outcome, evaluation)
        let detail: String
        var fault: String?
        switch outcome {
        case .miss(.waived(let waiver)):
            add(
                rule.id, .allow, rule.severity, view?.index,
                "Waived by \(quoted(waiver.approvedBy)): \(waiver.reason)", rule.tags)
            return false
        case .miss: return false
        case .match(let text): detail = text
        case .fault(let text):
            detail = ""
            fault = text
        }
        var onError: Verdict {
            rule.onError ?? set.layers[place.layer].onError(document: rule.document, profile: profile)
        }
        var verdict: Verdict
        switch rule.action {
        case .deny: verdict = .deny
        case .halt: verdict = .halt
        case .ask: verdict = fault == nil ? .ask : max(.ask, onError)
        case .allow: verdict = .allow
        case .alert, .log:
            verdict = fault != nil && rule.onError != nil ? onError : .allow
        case .redact:
            // Nothing is rewritten on its way out; what cannot be redacted does not pass.
            let canRedact = request.phase != .toolCall && request.host.canReplaceContent
            verdict = fault == nil ? (canRedact ? .allow : .deny) : onError
            if fault == nil, canRedact { obligations.insert(.redact(groups: redactedGroups(rule))) }
        }
        // A scanner that failed ends as `on_error` says, never above what its rule would do, never as allow.
        if rule.scanner != nil, fault != nil, verdict > .ask, rule.onError == .ask { verdict = .ask }
        var isApproved = false
        var gate = rule.gate
        if rule.layer == .delegation, let named = rule.gate {
            gate = set.gateNames[named]
            if gate == nil, verdict == .ask {
                verdict = .deny
                fault = "there is no gate \(quoted(named))"
            }
        }
        if verdict == .ask, let gate {
            if request.approvedGates.contains(gate) {
                verdict = .allow
                isApproved = true
            } else {
                openGates.insert(gate)
            }
        }
        let text = message(rule, view, detail, fault, verdict, isApproved)
        add(rule.id, verdict, rule.severity, view?.index, text, rule.tags, gate: gate)
        obligations.formUnion(rule.obligations)
        if rule.action == .alert, !text.isEmpty { obligations.insert(.annotate(text)) }
        if rule.action == .ask, let limits = rule.limits { exceed(limits, by: 1, view?.index) }
        return true
    }

    private func redactedGroups(_ rule: CompiledRule) -> [String] {
        guard let scanner = rule.scanner else { return [] }
        if let groups = scanner.groups { return groups.sorted() }
        return Set(request.findings.filter { scanner.accepts($0, in: request.phase) }.map(\.category)).sorted()
    }

    private func message(
        _ rule: CompiledRule, _ view: OperationView?, _ detail: String, _ fault: String?, _ verdict: Verdict,
        _ isApproved: Bool
    ) -> String {
        if isApproved { return "Approved." }
        if let fault { return "The rule could not be evaluated (\(fault)), so it applies." }
        let own = Wording.fill(rule.message, view?.operation, request.call)
        if rule.message.namesOperation { return own }
        let phrase = view.map { Wording.phrase($0.operation, request.call) } ?? Wording.phrase(request)
        let what =
            switch verdict {
            case .allow: "is recorded"
            case .ask: "needs a person's consent"
            case .deny: "is not allowed"
            case .halt: "stops the session"
            }
        var parts = ["\(phrase) \(what)."]
        if !own.isEmpty { parts.append(Wording.sentence(own)) }
        if !detail.isEmpty, parts.count < 3 { parts.append(Wording.sentence(detail)) }
        return parts.joined(separator: " ")
    }

    // MARK: Budgets

    private mutating func decide(_ budget: CompiledBudget) {
        var amounts: [String: (amount: Int, view: Int?)] = [:]
        guard !budget.countsCalls else {
            guard let first = evaluation.views.first(where: { $0.operation.role == .executed }) else { return }
            let account = account(budget, first)
            exceed(budget, account: account, by: 1, nil)
            return
        }
        for view in evaluation.views where view.operation.role == .executed {
            guard budget.counts(view, evaluation) else { continue }
            if budget.waivers.contains(where: { evaluation.applies($0, view) }) { continue }
            let account = account(budget, view)
            amounts[account, default: (0, view.index)].amount += 1
        }
        for (account, entry) in amounts { exceed(budget, account: account, by: entry.amount, entry.view) }
    }

    private func account(_ budget: CompiledBudget, _ view: OperationView) -> String {
        evaluation.account(budget, view, lists: set.lists)
    }

    private mutating func exceed(_ limits: CompiledBudget, by amount: Int, _ view: Int?) {
        exceed(limits, account: limits.id, by: amount, view)
    }

    private mutating func exceed(_ budget: CompiledBudget, account: String, by amount: Int, _ view: Int?) {
        let used = request.session.used[account] ?? 0
        let isBeyond: Bool
        if let count = budget.count {
            // How this call will end is not known yet, so a budget of failures counts those that are over.
            let now = budget.outcome == "any" ? Double(amount) : 0
            isBeyond = budget.outcome == "any" ? used + now > Double(count) : used >= Double(count)
        } else {
            isBeyond = !(used < budget.limit)
        }
        guard isBeyond else { return }
        let limit = budget.count.map(String.init) ?? Wording.number(budget.limit)
        let meter = budget.meter.map { " \($0)" } ?? ""
        add(
            budget.id, budget.then, .medium, view,
            "The budget `\(budget.name)` is used up: \(limit)\(meter) for each \(budget.per)\(Wording.window(budget.window))."
        )
    }

    // MARK: Egress and MCP

    private mutating func decide(_ egress: CompiledEgress, _ view: OperationView) {
        let operation = view.operation
        guard operation.role == .executed, operation.kind != .netListen else { return }
        let isNetwork = [.netConnect, .httpRequest, .browserNavigate].contains(operation.kind)
        guard !view.host.isEmpty || isNetwork else { return }
        if view.host.isEmpty || view.isHostUnknown {
            if !egress.allowsByDefault {
                add(egress.id, .deny, .high, view.index, "The host is not known, and only listed hosts may be reached.")
            } else if !egress.deny.isEmpty || !egress.allowsPrivateAddresses {
                add(egress.id, .ask, .high, view.index, "The host is not known, and some hosts may not be reached.")
            }
            return
        }
        if egress.deny.contains(where: { $0.touches(view) }) {
            add(egress.id, .deny, .high, view.index, "The host `\(Wording.short(view.host))` may not be reached.")
            return
        }
        let allowed = egress.allow.filter { $0.covers(view) }
        if !egress.allowsPrivateAddresses, HostText.isPrivate(view.host, view.address),
            !allowed.contains(where: { $0.names(view) })
        {
            add(
                egress.id, .deny, .high, view.index,
                "The host `\(Wording.short(view.host))` lies in a private network, which may not be reached.")
            return
        }
        if allowed.isEmpty, !egress.allowsByDefault {
            add(
                egress.id, .deny, .high, view.index,
                "The host `\(Wording.short(view.host))` is not among those that may be reached this way.")
        }
    }

    private mutating func decide(_ mcp: CompiledMCP) {
        guard let server = request.call.tool.server else { return }
        guard let known = mcp.servers[server] else {
            if let verdict = mcp.unknownServer, verdict > .allow {
                add(
                    mcp.id, verdict, .high, nil,
                    "The MCP server `\(Wording.short(server))` is not one that policy lists.")
            }
            return
        }
        if let identity = known.identity, identity != request.facts.mcp.identity {
            add(
                mcp.id, .deny, .high, nil,
                "The MCP server `\(Wording.short(server))` has not proved to be `\(Wording.short(identity))`.")
        }
        if mcp.pinsDefinitions, !request.facts.mcp.pinned, mcp.onDefinitionChange > .allow {
            add(
                mcp.id, mcp.onDefinitionChange, .high, nil,
                "The definition of `\(Wording.short(request.call.tool.canonicalName))` is not the one that was approved."
            )
        }
    }

    // MARK: Profiles

    private mutating func profiles() {
        for layer in set.layers {
            for document in layer.documents {
                guard let settings = document.profiles.first(where: { $0.name == profile }) else { continue }
                let id = "\(layer.layer.name)/\(document.name)/profiles"
                let writ = request.facts.writ
                if settings.writ == .required, !writ.present {
                    add(id, .deny, .high, nil, "The profile `\(profile)` needs a delegation, and the call has none.")
                }
                if let limit = settings.maximumRevocationAge, settings.writ != .ignored,
                    writ.present || settings.writ == .required, (writ.revocationAge ?? Int.max) > limit
                {
                    add(id, .deny, .high, nil, "The revocation list is older than policy accepts.")
                }
            }
        }
    }

    // MARK: Delegations

    /// What a link of a delegation asks of the call as a whole.
    private mutating func decide(_ link: (compiled: CompiledLink, missing: (policy: String, revision: Int)?)) {
        let (link, missing) = link
        func deny(_ what: String, _ message: String, _ deciding: inout Deciding) {
            deciding.add("writ/\(link.id)/\(what)", .deny, .high, nil, message)
        }
        let skew = DelegatedAuthority.clockSkew
        if request.now >= link.expires.addingReportingOverflow(skew).partialValue {
            deny("time", "The writ `\(link.id)` has expired.", &self)
        } else if request.now < link.notBefore.subtractingReportingOverflow(skew).partialValue {
            deny("time", "The writ `\(link.id)` does not hold yet.", &self)
        }
        if !link.holds(profile: profile, environment: request.facts.environment.name) {
            let name = profile.isEmpty ? "prototyping" : profile
            deny("environment", "The writ `\(link.id)` does not hold in the profile `\(Wording.short(name))`.", &self)
        }
        if !link.fits(request.call.agent, evaluation.subject.agents) {
            deny("agent", "The writ `\(link.id)` was given to another agent.", &self)
        }
        if let missing {
            deny(
                "policy",
                "The writ `\(link.id)` needs revision \(missing.revision) of the policy \(quoted(missing.policy)), which is not in force.",
                &self)
        }
    }

    /// A layer that must be there is not: what is left is reading in the repository, and not even that in production.
    private mutating func emergency(_ layer: Layer) {
        let id = "error/\(layer.name)-policy"
        let message = "The policy of the layer `\(layer.name)` could not be loaded; `writ policy check` says why."
        guard request.phase == .toolCall else { return }
        let isProduction = !["", "prototyping", "guarded"].contains(profile)
        for view in evaluation.views where view.operation.role == .executed {
            let isReading = view.operation.kind == .fileRead || view.operation.kind == .fileSearch
            let isInside = view.path?.offset(below: .repo) != nil && view.path?.isUnknown == false
            if isProduction || !isReading || !isInside { add(id, .deny, .high, view.index, message) }
        }
    }

    // MARK: Joining

    private mutating func add(
        _ rule: String, _ verdict: Verdict, _ severity: Severity, _ operation: Int?, _ message: String,
        _ tags: [String] = [], gate: String? = nil
    ) {
        add(
            Decision.Reason(
                rule: rule, verdict: verdict, severity: severity, operation: operation, message: message, tags: tags),
            gate: gate)
    }

    /// The first operation stands for all that one rule says the same about.
    private mutating func add(_ reason: Decision.Reason, gate: String? = nil) {
        var reason = reason
        if reason.verdict == .ask, gate == nil, request.approvedGates.contains(PolicyRequest.hostPrompt) {
            reason.verdict = .allow
            reason.message = "Approved."
        }
        let key = ReasonKey(rule: reason.rule, verdict: reason.verdict)
        if let old = reasons[key], (old.operation ?? -1) <= (reason.operation ?? -1) { return }
        reasons[key] = reason
    }

    private func decision() -> Decision {
        let sorted = reasons.values.sorted {
            if $0.verdict != $1.verdict { return $0.verdict > $1.verdict }
            if $0.severity != $1.severity { return $0.severity > $1.severity }
            return ($0.rule, $0.operation ?? -1) < ($1.rule, $1.operation ?? -1)
        }
        let verdict = sorted.first?.verdict ?? .allow
        var decision = Decision(verdict, reasons: Array(sorted.prefix(64)))
        if verdict == .allow {
            decision.isExplicitGrant =
                request.phase == .toolCall && neededOperations > 0 && grantedOperations == neededOperations
                && !uncovered
        } else if let worst = sorted.first {
            decision.message = "writ[\(worst.rule.split(separator: "/").last ?? "")]: \(worst.message)"
        }
        decision.obligations = Obligations.joined(obligations)
        if verdict == .ask { decision.gate = openGates.min() }
        if request.phase == .toolResponse, verdict >= .deny, !request.host.canBlock, !request.host.canReplaceContent {
            // The text is already on its way: say what it is, and judge everything after it more strictly.
            decision.obligations.append(.annotate("Writ: what came back is not to be trusted. \(decision.message)"))
            decision.obligations.append(.taint(label: "untrusted"))
        }
        return decision
    }
}

/// What each layer says about operations that it does not grant, in one profile.
struct Bases: Sendable {
    /// The layers whose grants lift the default.
    var mask: UInt64 = 0
    var verdict: Verdict
    var id: String
    /// Layers below the root that state a default of their own.
    var others: [(mask: UInt64, verdict: Verdict, id: String, link: String?)] = []

    init(_ layers: [PolicyLayer], root: Int?, profile: String) {
        func bit(_ position: Int) -> UInt64 { 1 << UInt64(position & 63) }
        if let root, let stated = layers[root].statedDefault(profile: profile) {
            mask = bit(root)
            (verdict, id) = stated
        } else {
            for position in layers.indices where position == root || layers[position].layer == .builtin {
                mask |= bit(position)
            }
            verdict = Posture.decision(profile)
            id = (root.map { layers[$0].layer } ?? .builtin).name + "/defaults"
        }
        for (position, layer) in layers.enumerated() where position != root && layer.layer != .builtin {
            guard let stated = layer.statedDefault(profile: profile), stated.verdict > .allow else { continue }
            others.append((bit(position), stated.verdict, stated.id, layer.link?.id))
        }
    }
}

/// Joins obligations: they commute, and of two the tighter one counts.
enum Obligations {
    static func joined(_ all: Set<Obligation>) -> [Obligation] {
        var groups: Set<String> = []
        var scanners: Set<String> = []
        var bytes: Int?
        var rates: [Int: Int] = [:]
        var others: [(String, Obligation)] = []
        for obligation in all {
            switch obligation {
            case .redact(let names): groups.formUnion(names)
            case .scan(let names): scanners.formUnion(names)
            case .maxBytes(let count): bytes = min(bytes ?? count, count)
            case .rate(let count, let seconds): rates[seconds] = min(rates[seconds] ?? count, count)
            case .annotate(let text): others.append(("1" + text, obligation))
            case .sandbox(let profile): others.append(("2" + profile, obligation))
            case .taint(let label): others.append(("3" + label, obligation))
            case .notify(let channel): others.append(("4" + channel, obligation))
            }
        }
        var joined: [Obligation] = []
        if !groups.isEmpty { joined.append(.redact(groups: groups.sorted())) }
        if !scanners.isEmpty { joined.append(.scan(scanners: scanners.sorted())) }
        if let bytes { joined.append(.maxBytes(bytes)) }
        joined += rates.sorted { $0.key < $1.key }.map { .rate(count: $0.value, seconds: $0.key) }
        return joined + others.sorted { $0.0 < $1.0 }.map(\.1)
    }
}
