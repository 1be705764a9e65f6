// SPDX-License-Identifier: Apache-2.0
public import WritCore

extension Delegation {
    /// Reads the claims of a link. Nothing is proved by it.
    ///
    /// Every set of keys is closed: a claim that this version does not know may be a restriction, so it is an error.
    /// - Throws: ``DelegationError`` with `claims`, `version` or `times`.
    public init(claims json: JSON) throws(DelegationError) {
        let fields = try Fields(
            json, "the link",
            required: ["iss", "jti", "iat", "nbf", "exp", "aud", "cnf", "del_depth", "del_max_depth", "writ"],
            optional: ["par_hash"])
        let writ = try Self.writFields(json["writ"] ?? .null)
        let confirmation = try Fields(json["cnf"] ?? .null, "cnf", required: ["jwk"])
        guard let holder = DelegationPublicKey(jwk: confirmation["jwk"] ?? .null) else {
            throw Fields.fault("cnf.jwk is not exactly an Ed25519 public key")
        }
        let task = try Fields(
            writ["task"] ?? .null, "writ.task", required: ["id"], optional: ["workflow", "intent", "origin"])
        self.init(
            id: try fields.identifier("jti"), issuer: try fields.text("iss"), issuedAt: try fields.time("iat"),
            notBefore: try fields.time("nbf"), expires: try fields.time("exp"), audience: try fields.texts("aud"),
            holder: holder.bytes, principal: try Principal(writ["principal"] ?? .null),
            task: Task(
                id: try task.text("id"), workflow: try task.text("workflow"),
                intent: try task.text("intent", limit: DelegationLimits.prose), origin: try task.text("origin")),
            environments: try writ.texts("env"))
        depth = Int(try fields.number("del_depth", limit: Int64(DelegationLimits.links)))
        maximumDepth = Int(try fields.number("del_max_depth", limit: Int64(DelegationLimits.links - 1)))
        try readPlace(fields)
        try readLimits(writ)
        if let agent = writ["agent"] { self.agent = try Agent(agent) }
        grants = try Self.capabilities(writ, "grants")
        denials = try Self.capabilities(writ, "deny")
        for (index, question) in try writ.list("ask", count: DelegationLimits.capabilities).enumerated() {
            questions.append(try Question(question, place: "writ.ask[\(index)]"))
        }
    }

    private static func writFields(_ json: JSON) throws(DelegationError) -> Fields {
        guard json.members == nil || json["v"] == nil || json["v"] == 1 else {
            throw DelegationError(.version, "writ.v is not 1, the one version that is known here")
        }
        return try Fields(
            json, "writ", required: ["v", "principal", "task", "env", "grants"],
            optional: ["agent", "deny", "ask", "budgets", "delegates", "policy"])
    }

    private static func capabilities(_ writ: Fields, _ key: String) throws(DelegationError) -> [Capability] {
        var capabilities: [Capability] = []
        let list = try writ.list(key, count: DelegationLimits.capabilities, mayBeEmpty: key == "grants")
        for (index, json) in list.enumerated() {
            capabilities.append(try Capability(json, place: "writ.\(key)[\(index)]"))
        }
        return capabilities
    }

    private mutating func readPlace(_ fields: Fields) throws(DelegationError) {
        if fields.has("par_hash") {
            let hash = try fields.text("par_hash")
            guard hash.utf8.count == 43, StrictBase64.urlBytes(hash.utf8) != nil else {
                throw Fields.fault("par_hash is not a SHA-256 in base64url")
            }
            parentHash = hash
        }
        guard notBefore < expires, issuedAt < expires else {
            throw DelegationError(.times, "the link expires before it begins")
        }
    }

    private mutating func readLimits(_ writ: Fields) throws(DelegationError) {
        if let json = writ["budgets"] {
            let keys = ["calls", "writes", "cost_usd_cents"]
            let fields = try Fields(json, "writ.budgets", optional: keys)
            guard keys.contains(where: fields.has) else { throw Fields.fault("writ.budgets is empty") }
            budgets = Budgets(
                calls: try fields.optionalNumber("calls").map { Int($0) },
                writes: try fields.optionalNumber("writes").map { Int($0) },
                costCents: try fields.optionalNumber("cost_usd_cents").map { Int($0) })
        }
        delegates = try writ.texts("delegates")
        for delegate in delegates where !delegate.hasPrefix("agent:") || delegate.utf8.count < 7 {
            throw Fields.fault("writ.delegates has \(Shown.text(delegate)), which is not `agent:` and a name")
        }
        guard let json = writ["policy"] else { return }
        let policy = try Fields(json, "writ.policy", required: ["min_revision"])
        guard let members = policy["min_revision"]?.members, (1...DelegationLimits.names).contains(members.count) else {
            throw Fields.fault("writ.policy.min_revision is not an object of 1 to \(DelegationLimits.names)")
        }
        for member in members {
            let name = try Fields.text(.string(member.key), "a name in writ.policy.min_revision", DelegationLimits.name)
            guard case .integer(let revision) = member.value, (0...DelegationLimits.number).contains(revision) else {
                throw Fields.fault("writ.policy.min_revision has a revision that is not a whole number")
            }
            minimumRevisions[name] = Int(revision)
        }
    }

    /// The link as claims, after checking that they read back to the same link.
    ///
    /// Arguments of a capability are sorted by name, constraints by kind: equal meaning is one text.
    /// - Throws: ``DelegationError`` as ``init(claims:)`` does.
    public func claims() throws(DelegationError) -> JSON {
        let json = try unchecked()
        // The writer has no rules of its own: what the strict reader takes is what may be signed.
        _ = try Self.init(claims: StrictJSON.object(json.canonicalBytes, "the link"))
        return json
    }

    private func unchecked() throws(DelegationError) -> JSON {
        guard let key = DelegationPublicKey(holder) else { throw Fields.fault("the holder is no Ed25519 public key") }
        var object = MemberList()
        object.add("iss", JSON.string(issuer))
        object.add("jti", JSON.string(id))
        object.add("iat", .integer(issuedAt))
        object.add("nbf", .integer(notBefore))
        object.add("exp", .integer(expires))
        object.add("aud", .array(audience.map(JSON.string)))
        object.add("cnf", ["jwk": key.jwk])
        object.add("del_depth", .integer(Int64(depth)))
        object.add("del_max_depth", .integer(Int64(maximumDepth)))
        object.add("par_hash", parentHash.map(JSON.string))
        var writ = MemberList()
        writ.add("v", 1)
        writ.add("principal", principal.json)
        writ.add("agent", agent.json)
        writ.add("task", task.json)
        writ.add("env", .array(environments.map(JSON.string)))
        writ.add("grants", .array(grants.map(\.json)))
        writ.add("deny", list: denials.map(\.json))
        writ.add("ask", list: questions.map(\.json))
        writ.add("budgets", budgets.json)
        writ.add("delegates", delegates)
        if !minimumRevisions.isEmpty {
            let revisions = minimumRevisions.sorted { $0.key < $1.key }
                .map { JSON.Member($0.key, .integer(Int64($0.value))) }
            writ.add("policy", ["min_revision": .object(revisions)])
        }
        object.add("writ", writ.json)
        return object.json
    }
}

extension Delegation.Principal {
    init(_ json: JSON) throws(DelegationError) {
        let fields = try Fields(json, "writ.principal", required: ["sub"], optional: ["idp", "amr", "at"])
        self.init(
            subject: try fields.text("sub"), identityProvider: try fields.text("idp"), methods: try fields.texts("amr"),
            authenticatedAt: try fields.time("at"))
    }

    var json: JSON {
        var object = MemberList()
        object.add("sub", JSON.string(subject))
        object.add("idp", identityProvider)
        object.add("amr", methods)
        if authenticatedAt != 0 { object.add("at", .integer(authenticatedAt)) }
        return object.json
    }

    /// Byte for byte the same person.
    func isSame(as other: Self) -> Bool { json.canonicalBytes == other.json.canonicalBytes }
}

extension Delegation.Agent {
    init(_ json: JSON) throws(DelegationError) {
        let fields = try Fields(json, "writ.agent", optional: ["id", "kind", "instance"])
        self.init(
            id: try fields.text("id"), kind: try fields.text("kind"), instance: try fields.text("instance"))
        guard self != Self() else { throw Fields.fault("writ.agent is empty") }
    }

    var json: JSON? {
        var object = MemberList()
        object.add("id", id)
        object.add("kind", kind)
        object.add("instance", instance)
        return object.jsonUnlessEmpty
    }
}

extension Delegation.Task {
    fileprivate var json: JSON {
        var object = MemberList()
        object.add("id", JSON.string(id))
        object.add("workflow", workflow)
        object.add("intent", intent)
        object.add("origin", origin)
        return object.json
    }
}

extension Delegation.Budgets {
    fileprivate var json: JSON? {
        var object = MemberList()
        object.add("calls", calls.map { .integer(Int64($0)) })
        object.add("writes", writes.map { .integer(Int64($0)) })
        object.add("cost_usd_cents", costCents.map { .integer(Int64($0)) })
        return object.jsonUnlessEmpty
    }
}
