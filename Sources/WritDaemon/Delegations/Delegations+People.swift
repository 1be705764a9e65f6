// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCore
import WritDelegation
import WritGuard
import WritPolicy

/// What people, and commands in their name, do with writs.
///
/// Issuing, binding and taking off need a person who answers a challenge on a terminal of their own; starting a program
/// under a writ and deriving need a person's process; looking, revoking and importing need nothing but the user's
/// account, because they allow nobody anything.
extension Delegations {
    typealias Answer = (answer: JSON, events: [DelegationEvent])

    /// Answers a command: a JSON object with `do`.
    ///
    /// - Parameters:
    ///   - peer: the process at the other end of the socket, as the system names it.
    ///   - now: milliseconds since 1970.
    func serve(_ request: JSON, peer: Int32, now: Int64) throws -> Answer {
        let seconds = now / 1000
        if let fault { return (Self.fault(fault), []) }
        do {
            switch request["do"]?.string {
            case "delegation.list": return (list(all: request["all"]?.bool ?? false, seconds), [])
            case "delegation.show": return (try show(request, seconds), [])
            case "delegation.issue": return try propose(try issue(request, now), peer: peer, now: now)
            case "delegation.bind": return try propose(try bind(request), peer: peer, now: now)
            case "delegation.unbind": return try propose(.unbind(id: try named(request).id), peer: peer, now: now)
            case "delegation.answer": return try answer(request["text"]?.string ?? "", peer: peer, now: now)
            case "delegation.run": return try run(request, peer: peer, seconds)
            case "delegation.derive": return try derive(request, peer: peer, now)
            case "delegation.revoke": return try revoke(request, peer: peer, seconds)
            case "delegation.import": return try takeIn(request["text"]?.string ?? "", seconds)
            default: return (Self.fault("the request is of no known kind"), [])
            }
        } catch let error as NotAPerson {
            var answer = Self.fault(error.message)
            answer.set("kind", .string(error.kind.rawValue))
            return (answer, [DelegationEvent(kind: .refused, message: "a writ was not changed: \(error.message)")])
        } catch let error as DelegationError {
            var answer = Self.fault(error.message)
            answer.set("code", .string(error.code.rawValue))
            return (answer, [])
        } catch let error as DelegationLayers.Fault {
            return (Self.fault(error.message), [])
        } catch let error as Refusal {
            var answer = Self.fault(error.message)
            if let code = error.code { answer.set("code", .string(code)) }
            return (answer, [])
        }
    }

    /// What cannot be done, in a sentence for people.
    struct Refusal: Error {
        let message: String
        /// Where there is one that programs may rely on.
        var code: String?
    }

    static func fault(_ message: String) -> JSON { ["ok": false, "error": .string(message)] }

    private func named(_ request: JSON) throws -> DelegationBook.Writ {
        let text = request["id"]?.string?.lowercased() ?? ""
        guard let writ = state.withLock({ $0.book.find(text) }) else {
            throw Refusal(message: "there is no writ `\(text.prefix(60))`; `writ delegation list --all` shows them")
        }
        return writ
    }

    // MARK: - Looking

    private func list(all: Bool, _ now: Int64) -> JSON {
        let anchors = anchors.current
        return state.withLock { state in
            var items: [JSON] = []
            for writ in state.book.writs.reversed() {
                let item = summary(writ, &state, anchors, now)
                let isOfInterest =
                    item["state"] == "valid" || item["sessions"]?.integer ?? 0 > 0
                    || !(item["places"]?.array ?? []).isEmpty
                if all || isOfInterest { items.append(item) }
            }
            return ["ok": true, "writs": .array(items), "key": .string(issuer.publicKey.urn)]
        }
    }

    private func summary(
        _ writ: DelegationBook.Writ, _ state: inout State, _ anchors: DelegationAnchors.Reading, _ now: Int64
    ) -> JSON {
        let bindings = state.book.bindings.filter { $0.writ == writ.id }
        var json: JSON = [
            "id": .string(writ.id), "origin": .string(writ.origin.rawValue), "by": .string(writ.by),
            "until": .integer(writ.until), "left": .integer(max(0, writ.until - now)),
            "sessions": .integer(Int64(state.book.sessions.values.count { $0.writs.contains(writ.id) })),
            "places": .array(bindings.map { .string($0.place.text) }),
        ]
        do throws(DelegationFault) {
            let chain = try chain(writ, &state, anchors)
            let leaf = chain.leaf
            json.set("task", .string(leaf.task.id))
            json.set("workflow", .string(leaf.task.workflow))
            json.set("intent", .string(leaf.task.intent))
            json.set("principal", .string(leaf.principal.subject))
            json.set("agent", .string(leaf.agent.kind))
            json.set("environments", .array(leaf.environments.map { .string($0) }))
            json.set("depth", .integer(Int64(leaf.depth)))
            json.set("max_depth", .integer(Int64(leaf.maximumDepth)))
            json.set("state", "valid")
            do throws(DelegationError) {
                try chain.check(.init(audience: audience, now: now, revocations: state.revocations))
            } catch {
                json.set("state", .string(Self.word(error.code)))
                json.set("code", .string(error.code.rawValue))
            }
        } catch {
            json.set("state", "refused")
            json.set("code", .string(error.code))
            json.set("error", .string(error.message))
        }
        return json
    }

    private static func word(_ code: DelegationError.Code) -> String {
        switch code {
        case .expired: "has ended"
        case .revoked: "revoked"
        case .notYet: "not yet"
        default: "refused"
        }
    }

    private func show(_ request: JSON, _ now: Int64) throws -> JSON {
        let writ = try named(request)
        let anchors = anchors.current
        return try state.withLock { state in
            var json = summary(writ, &state, anchors, now)
            json.set("ok", true)
            json.set("chain", .string(writ.chain))
            var text = ["\(writ.id)  \(json["state"]?.string ?? "")"]
            do {
                let chain = try chain(writ, &state, anchors)
                json.set("links", .array(try chain.links.map { try $0.claims() }))
                for (index, link) in chain.links.enumerated() {
                    if chain.links.count > 1 { text += ["", "link \(index), \(link.id)"] }
                    text += DelegationText.lines(of: link, now: now)
                }
            } catch let error as DelegationFault {
                text.append("  \(error.message)")
            }
            text += DelegationText.aligned(
                "bound to", (json["places"]?.array ?? []).compactMap(\.string).flatMap(ApprovalText.visible))
            text += DelegationText.aligned("sessions", ["\(json["sessions"]?.integer ?? 0)"])
            text += DelegationText.aligned("\(writ.origin.rawValue)", ["by \(writ.by)"])
            json.set("text", .array(text.map { .string($0) }))
            return json
        }
    }

    // MARK: - Asking a person

    private func issue(_ request: JSON, _ now: Int64) throws -> Action {
        let seconds = now / 1000
        let holder = DelegationKey()
        var random = SystemRandomNumberGenerator()
        let environments = (request["environments"]?.array ?? []).compactMap(\.string)
        let chosen = environments.isEmpty ? [Profile.prototyping.rawValue] : environments
        if let other = chosen.first(where: { Profile(rawValue: $0) == nil }) {
            throw Refusal(
                message: "`\(other.prefix(60))` is no profile; a writ holds in prototyping, guarded or production")
        }
        let life = try Self.life(request, isProduction: chosen.contains(Profile.production.rawValue))
        let claims = try Self.claims(
            request,
            ["environments": chosen, "task": [request["task"]?.string ?? ""]],
            principal: ["sub": .string(people.user.name), "amr": ["user"], "at": .integer(seconds)])
        var object: [JSON.Member] = [
            .init("iss", .string(issuer.publicKey.urn)),
            .init("jti", .string(Delegation.newID(at: now, using: &random))),
            .init("iat", .integer(seconds)), .init("nbf", .integer(seconds)), .init("exp", .integer(seconds + life)),
            .init("aud", [.string(audience)]), .init("cnf", ["jwk": holder.publicKey.jwk]), .init("del_depth", 0),
        ]
        object.append(.init("del_max_depth", .integer(request["max_depth"]?.integer ?? 0)))
        object.append(.init("writ", claims))
        let link = try Delegation(claims: .object(object))
        let folder = request["folder"]?.string
        if let folder, !folder.hasPrefix("/") || folder.utf8.count > 4096 {
            throw Refusal(message: "the folder must be an absolute path")
        }
        return .issue(link, holder: holder, folder: folder.map(Self.real))
    }

    private static func life(_ request: JSON, isProduction: Bool) throws -> Int64 {
        let longest = isProduction ? longestLifeInProduction : longestLife
        guard let life = request["for"]?.integer, (60...longest).contains(life) else {
            throw Refusal(
                message: "a writ lives from 1 minute to \(longest / 3_600) hours"
                    + (isProduction ? " where it holds in production" : ""))
        }
        return life
    }

    /// The claim `writ` from a command's words and a file's.
    private static func claims(
        _ request: JSON, _ own: [String: [String]], principal: JSON
    ) throws -> JSON {
        let terms = request["terms"] ?? .null
        guard let members = terms.members else { throw Refusal(message: "the terms are no mapping with `grants`") }
        let known = ["grants", "deny", "ask", "budgets", "delegates", "policy"]
        if let other = members.first(where: { !known.contains($0.key) }) {
            throw Refusal(
                message: "the terms have an unknown key `\(other.key.prefix(40))`; there are "
                    + known.joined(separator: ", "))
        }
        guard terms["grants"] != nil else {
            throw Refusal(message: "the terms have no `grants`; what none covers is denied")
        }
        var task: [JSON.Member] = [.init("id", .string(own["task"]?.first ?? ""))]
        for key in ["workflow", "intent", "origin"] {
            if let text = request[key]?.string, !text.isEmpty { task.append(.init(key, .string(text))) }
        }
        var writ: [JSON.Member] = [
            .init("v", 1), .init("principal", principal), .init("task", .object(task)),
            .init("env", .array((own["environments"] ?? []).map { .string($0) })),
        ]
        if let agent = request["agent"]?.string, !agent.isEmpty {
            writ.append(.init("agent", ["kind": .string(agent)]))
        }
        writ += members.filter { member in
            // An empty list says what a missing one says.
            member.key == "grants" || !(member.value.array?.isEmpty ?? member.value.members?.isEmpty ?? false)
        }
        return .object(writ)
    }

    private func bind(_ request: JSON) throws -> Action {
        let writ = try named(request)
        if let folder = request["folder"]?.string, folder.hasPrefix("/"), folder.utf8.count <= 4096 {
            return .bind(id: writ.id, place: .folder(Self.real(folder)))
        }
        if let session = request["session"]?.string, session.contains("|"), session.utf8.count <= 1024 {
            return .bind(id: writ.id, place: .session(session))
        }
        throw Refusal(message: "name an absolute folder or a session")
    }

    /// Puts the question and a challenge onto the person's terminal.
    private func propose(_ action: Action, peer: Int32, now: Int64) throws -> Answer {
        let facts = try people.check(peer)
        let question = Question(challenge: Approvals.random(), until: now + Self.patience, action: action)
        let text = try words(of: action, challenge: question.challenge, now: now / 1000)
        state.withLock { state in
            state.questions = state.questions.filter { $0.value.until > now }
            if state.questions.count >= Self.maximumQuestions { state.questions = [:] }
            state.questions[facts.identity] = question
        }
        try people.show(text, to: facts)
        return (["ok": true, "asked": true], [])
    }

    private func words(of action: Action, challenge: String, now: Int64) throws -> String {
        switch action {
        case .issue(let link, _, let folder):
            let replaced = folder.map { over(at: .folder($0), agent: link.agent.kind, now: now) } ?? []
            return DelegationText.question(
                link, folder: folder, replaces: replaced, challenge: challenge, now: now)
        case .bind(let id, let place):
            let leaf = try leaf(of: id)
            return DelegationText.question(
                "Put \(place.text) under the writ \(Self.short(id))", leaf, challenge: challenge, now: now)
        case .unbind(let id):
            return DelegationText.question(
                "Take the writ \(Self.short(id)) off all places and sessions. What it denies is then up to the policies "
                    + "alone", readableLeaf(of: id), challenge: challenge, now: now)
        }
    }

    /// What can be shown of a writ that is taken off: it may be one that no longer verifies.
    private func readableLeaf(of id: String) -> Delegation? {
        do { return try leaf(of: id) } catch { return nil }
    }

    private func leaf(of id: String) throws -> Delegation {
        let anchors = anchors.current
        return try state.withLock { state in
            do throws(DelegationFault) { return try chain(id, &state, anchors).leaf } catch {
                throw Refusal(message: error.message)
            }
        }
    }

    /// Writs that are bound to a place and hold no more.
    private func over(at place: DelegationBook.Place, agent: String, now: Int64) -> [String] {
        let anchors = anchors.current
        return state.withLock { state in
            var probe = state
            let isOver = sorted(&probe, anchors, now).over
            return state.book.bindings.filter { $0.place == place && ($0.agent == agent || agent.isEmpty) }
                .map(\.writ).filter { isOver.contains($0) }
        }
    }

    /// The kept writs that hold, and those that have ended or were revoked. What does not verify is neither: it is
    /// repaired or taken off, not replaced.
    func sorted(
        _ state: inout State, _ anchors: DelegationAnchors.Reading, _ now: Int64
    ) -> (valid: Set<String>, over: Set<String>) {
        var (valid, over): (Set<String>, Set<String>) = ([], [])
        for writ in state.book.writs {
            do {
                try chain(writ, &state, anchors).check(
                    .init(audience: audience, now: now, revocations: state.revocations))
                valid.insert(writ.id)
            } catch let error as DelegationError {
                if error.code == .expired || error.code == .revoked { over.insert(writ.id) }
            } catch {
                continue
            }
        }
        return (valid, over)
    }

    private func answer(_ text: String, peer: Int32, now: Int64) throws -> Answer {
        let facts = try people.check(peer)
        // One question, one answer, by the process that it was shown to.
        guard let question = state.withLock({ $0.questions.removeValue(forKey: facts.identity) }), question.until > now
        else { throw Refusal(message: "the question has ended; run the command again") }
        guard text.lowercased().filter({ !$0.isWhitespace }) == question.challenge else {
            let event = DelegationEvent(
                kind: .refused, message: "a challenge about a writ was not answered as it should")
            return (Approvals.declined("that was not the challenge; nothing has changed"), [event])
        }
        let person = people.person(facts)
        switch question.action {
        case .issue(let link, let holder, let folder):
            return try issue(link, holder, folder: folder, by: person, now / 1000)
        case .bind(let id, let place): return try bind(id, to: place, by: person, now / 1000)
        case .unbind(let id): return try unbind(id, by: person)
        }
    }

    // MARK: - Doing

    private func issue(
        _ link: Delegation, _ holder: DelegationKey, folder: String?, by person: String, _ now: Int64
    ) throws -> Answer {
        let token = try link.signedAsRoot(by: issuer)
        let writ = DelegationBook.Writ(
            id: link.id, chain: token, key: holder.seed, origin: .issued, since: now, until: link.expires, by: person)
        let anchors = anchors.current
        return try state.withLock { state in
            var next = state
            _ = next.book.sweep { people.view.facts($0.number)?.identity == $0 }
            guard next.book.add(writ, now: now) else {
                throw Refusal(message: "\(DelegationBook.maximumWrits) writs are kept; take some off first")
            }
            var answer: JSON = ["ok": true, "id": .string(link.id), "until": .integer(link.expires)]
            var detail: [JSON.Member] = [
                .init("task", .string(link.task.id)), .init("intent", .string(link.task.intent)),
                .init("principal", .string(link.principal.subject)), .init("until", .integer(link.expires)),
                .init("by", .string(person)), .init("claims", try link.claims()["writ"] ?? .null),
            ]
            if let folder {
                let over = sorted(&next, anchors, now).over
                guard
                    let gone = next.book.bind(
                        link.id, to: .folder(folder), agent: link.agent.kind, by: person,
                        isOver: { over.contains($0) })
                else {
                    throw Refusal(message: "\(DelegationBook.maximumBindings) bindings are kept; take some off first")
                }
                answer.set("folder", .string(folder))
                answer.set("replaces", .array(gone.map { .string($0) }))
                detail.append(.init("folder", .string(folder)))
                detail.append(.init("replaces", .array(gone.map { .string($0) })))
            }
            try keep(next)
            state = next
            let message = "the writ \(Self.short(link.id)) for \(link.task.id) was issued by \(person)"
            return (answer, [DelegationEvent(kind: .issued, writ: link.id, message: message, detail: detail)])
        }
    }

    private func bind(
        _ id: String, to place: DelegationBook.Place, by person: String, _ now: Int64
    ) throws -> Answer {
        let anchors = anchors.current
        return try state.withLock { state in
            var next = state
            let leaf: Delegation
            do throws(DelegationFault) { leaf = try chain(id, &next, anchors).leaf } catch {
                throw Refusal(message: error.message)
            }
            // In a folder other agents may work beside; below a process, and in a session, they are denied.
            let agent = if case .folder = place { leaf.agent.kind } else { "" }
            let over = sorted(&next, anchors, now).over
            guard !over.contains(id) else { throw Refusal(message: "the writ holds no more; issue another") }
            _ = next.book.sweep { people.view.facts($0.number)?.identity == $0 }
            guard
                let gone = next.book.bind(
                    id, to: place, agent: agent, by: person, isOver: { over.contains($0) })
            else { throw Refusal(message: "\(DelegationBook.maximumBindings) bindings are kept; take some off first") }
            try keep(next)
            state = next
            let event = DelegationEvent(
                kind: .bound, writ: id, message: "\(place.text) is under the writ \(Self.short(id)), by \(person)",
                detail: [
                    .init(place.member.key, place.member.value), .init("by", .string(person)),
                    .init("replaces", .array(gone.map { .string($0) })),
                ])
            return (["ok": true, "id": .string(id), "replaces": .array(gone.map { .string($0) })], [event])
        }
    }

    private func unbind(_ id: String, by person: String) throws -> Answer {
        try state.withLock { state in
            var next = state
            let count = next.book.unbind(id)
            try keep(next)
            state = next
            let message = "the writ \(Self.short(id)) was taken off \(count) places and sessions by \(person)"
            return (
                ["ok": true, "id": .string(id), "count": .integer(Int64(count))],
                [DelegationEvent(kind: .unbound, writ: id, message: message, detail: [.init("by", .string(person))])]
            )
        }
    }

    /// The process, and all that it will start, is under the writ.
    private func run(_ request: JSON, peer: Int32, _ now: Int64) throws -> Answer {
        let facts = try people.check(peer)
        return try bind(named(request).id, to: .process(facts.identity), by: people.person(facts), now)
    }

    private func derive(_ request: JSON, peer: Int32, _ now: Int64) throws -> Answer {
        let facts = try people.check(peer)
        let writ = try named(request)
        let seconds = now / 1000
        let life = try Self.life(request, isProduction: false)
        let holder = DelegationKey()
        let anchors = anchors.current
        return try state.withLock { state in
            var next = state
            let parent: DelegationChain
            do throws(DelegationFault) { parent = try chain(writ, &next, anchors) } catch {
                throw Refusal(message: error.message)
            }
            try parent.check(.init(audience: audience, now: seconds, revocations: state.revocations))
            guard let key = writ.key.flatMap({ DelegationKey(seed: $0) }) ?? own(parent.leaf) else {
                throw Refusal(message: "the key of the writ's holder is not on this machine, so nothing can be derived")
            }
            var random = SystemRandomNumberGenerator()
            let agent = Delegation.Agent(kind: request["agent"]?.string ?? "")
            let environments = (request["environments"]?.array ?? []).compactMap(\.string)
            // Read by the one strict reader: a link that is never signed.
            let claims = try Self.claims(
                request,
                ["environments": environments.isEmpty ? parent.leaf.environments : environments, "task": ["-"]],
                principal: ["sub": "-"])
            let terms = try Delegation(claims: [
                "iss": "-", "jti": "-", "iat": 0, "nbf": 0, "exp": 1, "aud": ["-"],
                "cnf": ["jwk": holder.publicKey.jwk], "del_depth": 0, "del_max_depth": 0, "writ": claims,
            ])
            if case .outside(grant: let grant, witness: let witness) = try terms.comparison(below: parent.leaf) {
                throw Refusal(
                    message: "grant \(grant) goes beyond the writ: it would let pass \(witness)",
                    code: DelegationFault.outside)
            }
            let derived = try Delegation.derive(
                from: parent,
                Delegation.Narrowing(
                    id: Delegation.newID(at: now, using: &random), holder: holder.publicKey.bytes, issuedAt: seconds,
                    expires: min(parent.leaf.expires, seconds + life), agent: agent, environments: terms.environments,
                    grants: terms.grants, denials: terms.denials, questions: terms.questions,
                    budgets: terms.budgets == Delegation.Budgets() ? nil : terms.budgets,
                    delegates: terms.delegates.isEmpty ? nil : terms.delegates,
                    minimumRevisions: terms.minimumRevisions), signedBy: key)
            let person = people.person(facts)
            let child = DelegationBook.Writ(
                id: derived.link.id, chain: derived.text, key: holder.seed, origin: .derived, since: seconds,
                until: derived.link.expires, by: person)
            guard next.book.add(child, now: seconds) else {
                throw Refusal(message: "\(DelegationBook.maximumWrits) writs are kept; take some off first")
            }
            try keep(next)
            state = next
            let event = DelegationEvent(
                kind: .derived, writ: child.id,
                message: "\(Self.short(child.id)) was derived from \(Self.short(writ.id)) by \(person)",
                detail: [.init("parent", .string(writ.id)), .init("by", .string(person))])
            return (["ok": true, "id": .string(child.id), "until": .integer(child.until)], [event])
        }
    }

    /// Another machine may have issued the writ to this one.
    private func own(_ link: Delegation) -> DelegationKey? {
        link.holder == issuer.publicKey.bytes ? issuer : nil
    }
}
