// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// What was taken back, signed by an anchor (`writ-rev+jwt`).
///
/// A new list replaces the one before; it never has a lower number. Keep ``sequence`` and give it to the next reading.
public struct RevocationList: Sendable, Hashable {
    /// Whom or what an entry takes back. An entry that fits any link of a chain ends the chain.
    public enum Entry: Sendable, Hashable {
        /// The link of this id.
        case id(String)
        /// Every link in this person's name: `principal.sub`.
        case principal(String)
        /// Every link whose agent has this id, kind or instance.
        case agent(String)
        /// The task of this id and every part of it.
        case task(String)
        /// Every link that this key signed or holds, by its thumbprint.
        case key(String)
        /// Every link issued before this second.
        case issuedBefore(Int64)
        /// Everything.
        case all
    }

    /// Who publishes it: the issuer of an anchor.
    public var issuer: String
    /// Grows with every list.
    public var sequence: Int64
    /// Seconds since 1970.
    public var issuedAt: Int64
    /// When the next list is expected, at the latest.
    public var next: Int64
    /// At most 20,000.
    public var entries: [Entry]

    /// Creates a list that is not signed yet.
    public init(issuer: String, sequence: Int64, issuedAt: Int64, next: Int64, entries: [Entry]) {
        self.issuer = issuer
        self.sequence = sequence
        self.issuedAt = issuedAt
        self.next = next
        self.entries = entries
    }

    /// Reads and verifies a list of at most 1 MiB.
    ///
    /// - Parameters:
    ///   - highestSeen: the highest ``sequence`` that this machine has accepted from this issuer, nil for none.
    ///   - now: seconds since 1970; a list from the future is refused.
    /// - Throws: ``DelegationError`` with `size`, `parse`, `header`, `claims`, `anchor`, `anchorWindow`, `issuer`,
    ///   `signature`, `notYet` or `rollback`.
    public static func verify(
        _ text: String, anchors: TrustAnchors, highestSeen: Int64?, now: Int64
    ) throws(DelegationError) -> RevocationList {
        let token = try CompactJWS(parsing: text, kind: .revocations)
        let list = try RevocationList(claims: token.payload)
        _ = try anchors.signer(of: token, issuer: list.issuer, at: list.issuedAt)
        guard list.issuedAt <= now.addingClamped(DelegationLimits.skew) else {
            throw DelegationError(.notYet, "the revocation list is from the future")
        }
        if let highestSeen, list.sequence < highestSeen {
            throw DelegationError(
                .rollback, "revocation list \(list.sequence) is older than list \(highestSeen), which was seen before")
        }
        return list
    }

    /// The list as a token.
    ///
    /// - Throws: ``DelegationError`` with `claims` or `size`.
    public func signed(by key: DelegationKey) throws(DelegationError) -> String {
        let json = claims
        _ = try RevocationList(claims: StrictJSON.object(json.canonicalBytes, "the list"))
        return try CompactJWS(signing: json, kind: .revocations, with: key).text
    }

    private init(claims json: JSON) throws(DelegationError) {
        let fields = try Fields(json, "the list", required: ["iss", "seq", "iat", "next", "revoke"])
        self.init(
            issuer: try fields.text("iss"), sequence: try fields.number("seq"), issuedAt: try fields.time("iat"),
            next: try fields.time("next"), entries: [])
        let list = try fields.list("revoke", count: DelegationLimits.revocations, mayBeEmpty: true)
        for (index, json) in list.enumerated() { entries.append(try Entry(json, "revoke[\(index)]")) }
    }

    private var claims: JSON {
        [
            "iss": .string(issuer), "seq": .integer(sequence), "iat": .integer(issuedAt), "next": .integer(next),
            "revoke": .array(entries.map(\.json)),
        ]
    }
}

extension RevocationList.Entry {
    /// Reads an entry: an object with exactly one of `jti`, `principal`, `agent`, `task`, `key`, `issued_before`, `all`.
    ///
    /// - Throws: ``DelegationError`` with `claims`.
    public init(_ json: JSON, _ place: String = "entry") throws(DelegationError) {
        let fields = try Fields(
            json, place, optional: ["jti", "principal", "agent", "task", "key", "issued_before", "all"])
        guard let members = json.members, members.count == 1, let kind = members.first?.key else {
            throw Fields.fault("\(place) has not exactly one member")
        }
        switch kind {
        case "jti": self = .id(try fields.text(kind))
        case "principal": self = .principal(try fields.text(kind))
        case "agent": self = .agent(try fields.text(kind))
        case "task": self = .task(try fields.text(kind))
        case "key": self = .key(try fields.text(kind))
        case "issued_before": self = .issuedBefore(try fields.time(kind))
        default:
            guard fields[kind] == true else { throw Fields.fault("\(place).all is not true") }
            self = .all
        }
    }

    /// The entry as it stands in a list.
    public var json: JSON {
        switch self {
        case .id(let id): ["jti": .string(id)]
        case .principal(let subject): ["principal": .string(subject)]
        case .agent(let agent): ["agent": .string(agent)]
        case .task(let task): ["task": .string(task)]
        case .key(let thumbprint): ["key": .string(thumbprint)]
        case .issuedBefore(let time): ["issued_before": .integer(time)]
        case .all: ["all": true]
        }
    }
}

extension Int64 {
    /// The sum, at the end of the range when it lies beyond.
    func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : sum
    }
}
