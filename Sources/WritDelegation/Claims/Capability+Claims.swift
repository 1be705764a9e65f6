// SPDX-License-Identifier: Apache-2.0
public import WritCore

extension Delegation.Capability {
    private static let lists = ["actions", "tools", "commands", "paths", "hosts", "packages"]

    /// Reads a capability: an object with at least one of `actions`, `tools`, `commands`, `paths`, `hosts`, `packages`
    /// (lists of 1 to 128 texts of at most 512 bytes) and `args` (up to 32 names, each with its constraint).
    ///
    /// An empty object or list is refused: it could be taken for "everything" or for "nothing".
    /// - Throws: ``DelegationError`` with `claims`; `place` begins its message.
    public init(_ json: JSON, place: String = "capability") throws(DelegationError) {
        let fields = try Fields(json, place, optional: Self.lists + ["args"])
        guard json.members?.isEmpty == false else { throw Fields.fault("\(place) names nothing") }
        func patterns(_ key: String) throws(DelegationError) -> [String] {
            try fields.texts(key, limit: DelegationLimits.pattern, count: DelegationLimits.patterns)
        }
        self.init(
            actions: try patterns("actions"), tools: try patterns("tools"), commands: try patterns("commands"),
            paths: try patterns("paths"), hosts: try patterns("hosts"), packages: try patterns("packages"))
        guard let args = fields["args"] else { return }
        guard let members = args.members, (1...DelegationLimits.arguments).contains(members.count) else {
            throw Fields.fault("\(place).args is not an object of 1 to \(DelegationLimits.arguments)")
        }
        for member in members {
            let name = try Fields.text(.string(member.key), "a name in \(place).args", DelegationLimits.name)
            let constraints = try ArgumentRule.Constraint.list(member.value, "\(place).args.\(Shown.text(name))")
            arguments.append(ArgumentRule(name, constraints))
        }
        arguments.sort { $0.name.utf16.lexicographicallyPrecedes($1.name.utf16) }
    }

    /// The capability as claims.
    public var json: JSON {
        var object = MemberList()
        object.add("actions", actions)
        object.add("tools", tools)
        object.add("commands", commands)
        object.add("paths", paths)
        object.add("hosts", hosts)
        object.add("packages", packages)
        if !arguments.isEmpty {
            object.add(
                "args",
                .object(
                    arguments.map { argument in
                        JSON.Member(argument.name, .object(argument.constraints.map(\.member)))
                    }))
        }
        return object.json
    }
}

extension Delegation.Question {
    /// Reads a question: a capability with `gate` beside its lists.
    ///
    /// - Throws: ``DelegationError`` with `claims`.
    public init(_ json: JSON, place: String = "question") throws(DelegationError) {
        guard let members = json.members else { throw Fields.fault("\(place) is not an object") }
        let gate = json["gate"]
        self.init(try Delegation.Capability(.object(members.filter { $0.key != "gate" }), place: place))
        if let gate { self.gate = try Fields.text(gate, "\(place).gate", DelegationLimits.name) }
    }

    /// The question as claims.
    public var json: JSON {
        var json = capability.json
        if let gate { json.set("gate", .string(gate)) }
        return json
    }
}

extension ArgumentRule.Constraint {
    /// Reads the constraints of one argument: an object with one or more kinds, each at most once.
    static func list(_ json: JSON, _ place: String) throws(DelegationError) -> [Self] {
        guard let members = json.members, !members.isEmpty else {
            throw Fields.fault("\(place) is not an object of constraints")
        }
        var constraints: [Self] = []
        for member in members.sorted(by: { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }) {
            constraints.append(try one(member.key, member.value, place))
        }
        return constraints
    }

    private static func one(_ kind: String, _ json: JSON, _ place: String) throws(DelegationError) -> Self {
        let at = "\(place).\(kind)"
        func values() throws(DelegationError) -> [JSON] {
            guard let values = json.array, (1...DelegationLimits.patterns).contains(values.count) else {
                throw Fields.fault("\(at) is not a list of 1 to \(DelegationLimits.patterns)")
            }
            for value in values { try check(value, at) }
            return values
        }
        switch kind {
        case "exact":
            try check(json, at)
            return .exact(json)
        case "one_of": return .oneOf(try values())
        case "not_one_of": return .notOneOf(try values())
        case "subset": return .subset(try values())
        case "contains":
            try check(json, at)
            return .contains(json)
        case "range": return try range(json, at)
        case "path_under": return .pathUnder(try Fields.text(json, at, DelegationLimits.pattern))
        case "host_in":
            var hosts: [String] = []
            for value in try values() { hosts.append(try Fields.text(value, at, DelegationLimits.pattern)) }
            return .hostIn(hosts)
        case "any_value":
            guard json == true else { throw Fields.fault("\(at) is not true") }
            return .anyValue
        default: throw Fields.fault("unknown constraint \(Shown.text(kind)) in \(place)")
        }
    }

    private static func range(_ json: JSON, _ place: String) throws(DelegationError) -> Self {
        let fields = try Fields(json, place, optional: ["min", "max"])
        func bound(_ key: String) throws(DelegationError) -> Int64? {
            guard let value = fields[key] else { return nil }
            guard case .integer(let number) = value,
                (-DelegationLimits.number...DelegationLimits.number).contains(number)
            else { throw Fields.fault("\(place).\(key) is not a whole number") }
            return number
        }
        let (least, most) = (try bound("min"), try bound("max"))
        guard least != nil || most != nil else { throw Fields.fault("\(place) has no bound") }
        if let least, let most, least > most { throw Fields.fault("\(place) is empty") }
        return .range(least, most)
    }

    /// The size of a value is bounded by the token's, its depth by the reader's.
    private static func check(_ value: JSON, _ place: String) throws(DelegationError) {
        switch value {
        case .null, .bool, .integer: return
        case .number: throw Fields.fault("\(place) has a number that is not whole")
        case .string(let text):
            if !text.isEmpty { _ = try Fields.text(value, place, DelegationLimits.pattern) }
        case .array(let elements): for element in elements { try check(element, place) }
        case .object(let members): for member in members { try check(member.value, place) }
        }
    }

    /// The constraint as a member of its argument's object.
    var member: JSON.Member {
        switch self {
        case .exact(let value): JSON.Member("exact", value)
        case .oneOf(let values): JSON.Member("one_of", .array(values))
        case .notOneOf(let values): JSON.Member("not_one_of", .array(values))
        case .range(let least, let most):
            JSON.Member(
                "range",
                .object(
                    (least.map { [JSON.Member("min", .integer($0))] } ?? [])
                        + (most.map { [JSON.Member("max", .integer($0))] } ?? [])))
        case .subset(let values): JSON.Member("subset", .array(values))
        case .contains(let value): JSON.Member("contains", value)
        case .pathUnder(let path): JSON.Member("path_under", .string(path))
        case .hostIn(let hosts): JSON.Member("host_in", .array(hosts.map(JSON.string)))
        case .anyValue: JSON.Member("any_value", true)
        }
    }
}
