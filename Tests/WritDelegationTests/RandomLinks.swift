// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritDelegation
import WritTestSupport

/// Links with anything in them that the format allows.
struct RandomLinks {
    static let holders = (2...5).map { Example.key($0) }
    var random: SeededGenerator

    mutating func one<T>(of choices: [T]) -> T {
        choices[Int.random(in: 0..<choices.count, using: &random)]
    }

    mutating func number(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &random) }

    mutating func some(_ choices: [String], atLeast least: Int = 0) -> [String] {
        (0..<Int(number(Int64(least)...3))).map { _ in one(of: choices) }
    }

    mutating func text() -> String { one(of: ["a", "ü-é", "x y", "$repo/**", "\"q\"\\", "日本", "e\u{301}", "😀", "~.~"]) }
    mutating func maybe() -> String { Bool.random(using: &random) ? text() : "" }

    mutating func value(_ depth: Int = 0) -> JSON {
        switch number(0...(depth > 2 ? 3 : 5)) {
        case 0: .null
        case 1: .bool(Bool.random(using: &random))
        case 2: .integer(one(of: [0, -1, 7, DelegationLimits.number, -DelegationLimits.number]))
        case 3: .string(maybe())
        case 4: .array((0..<number(0...2)).map { _ in value(depth + 1) })
        default: .object([.init(text(), value(depth + 1))])
        }
    }

    mutating func values() -> [JSON] { (0..<number(1...3)).map { _ in value() } }

    /// Kinds in the order in which they are written.
    mutating func constraints() -> [ArgumentRule.Constraint] {
        let all: [ArgumentRule.Constraint] = [
            .anyValue, .contains(value()), .exact(value()), .hostIn(some(["a.example", "*.b.example"], atLeast: 1)),
            .notOneOf(values()), .oneOf(values()), .pathUnder(text()), .range(number(-5...0), nil), .subset(values()),
        ]
        let kept = all.filter { _ in number(0...3) == 0 }
        return kept.isEmpty ? [one(of: all)] : kept
    }

    mutating func capability() -> Delegation.Capability {
        var capability = Delegation.Capability(
            actions: some(["file.read", "file.write", "shell.exec", "git.*"], atLeast: 1),
            tools: some(["Bash", "mcp:git/*"]), commands: some(["swift test"]), paths: some(["$repo/**"]),
            hosts: some(["a.example"]), packages: some(["npm:left-pad"]))
        if number(0...2) == 0 {
            capability.arguments = ["a", "b", "c"].prefix(Int(number(1...3))).map { .init($0, constraints()) }
        }
        return capability
    }

    mutating func capabilities() -> [Delegation.Capability] { (0..<number(0...3)).map { _ in capability() } }

    mutating func link() -> Delegation {
        let begin = number(0...1_000_000)
        return Delegation(
            id: Delegation.newID(at: number(0...1 << 40), using: &random), issuer: text(),
            issuedAt: begin + number(0...5), notBefore: begin + number(0...5), expires: begin + number(6...10_000),
            audience: some(["a", "b", "c"], atLeast: 1), holder: one(of: Self.holders).publicKey.bytes,
            depth: Int(number(0...8)), maximumDepth: Int(number(0...7)),
            parentHash: Bool.random(using: &random) ? String(repeating: "A", count: 43) : nil,
            principal: .init(
                subject: text(), identityProvider: maybe(), methods: some(["pwd", "otp"]), authenticatedAt: number(0...3)),
            agent: .init(id: maybe(), kind: maybe(), instance: maybe()),
            task: .init(id: text(), workflow: maybe(), intent: maybe(), origin: maybe()),
            environments: some(["prototyping", "guarded", "production"], atLeast: 1), grants: capabilities(),
            denials: capabilities(), questions: capabilities().map { .init($0, gate: maybeGate()) },
            budgets: budgets(), delegates: some(["agent:a", "agent:b"]),
            minimumRevisions: Bool.random(using: &random) ? ["acme": 3, "b": 0] : [:])
    }

    mutating func maybeGate() -> String? { Bool.random(using: &random) ? "maintainer" : nil }

    mutating func budgets() -> Delegation.Budgets {
        func draw(_ links: inout RandomLinks) -> Int? { Bool.random(using: &links.random) ? Int(links.number(0...5)) : nil }
        return .init(calls: draw(&self), writes: draw(&self), costCents: draw(&self))
    }

    /// A child of a link that keeps to its parent in most points, and may break any.
    mutating func child(of parent: Delegation, hash: String, issuer: String) -> Delegation {
        var child = parent
        child.id = Delegation.newID(at: number(0...1 << 40), using: &random)
        child.issuer = issuer
        child.depth = parent.depth + 1
        child.parentHash = hash
        child.holder = one(of: Self.holders).publicKey.bytes
        let other = link()
        for _ in 0..<number(0...2) {
            switch number(0...15) {
            case 0: child.depth = other.depth
            case 1: child.maximumDepth = other.maximumDepth
            case 2: child.parentHash = other.parentHash
            case 3: child.issuer = other.issuer
            case 4: child.expires += number(-3...3)
            case 5: child.notBefore += number(-3...3)
            case 6: child.issuedAt += number(-3...3)
            case 7: child.audience = other.audience
            case 8: child.environments = other.environments
            case 9: child.principal = number(0...1) == 0 ? other.principal : .init(subject: "e\u{301}")
            case 10: child.task.id += one(of: ["/a", "a", "/", ""])
            case 11: child.task = other.task
            case 12: child.budgets = other.budgets
            case 13: child.delegates = other.delegates
            case 14: child.agent = .init(id: one(of: ["a", "b", "c"]))
            default: (child.grants, child.denials, child.questions) = (other.grants, other.denials, other.questions)
            }
        }
        return child
    }
}
