// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// The members of one object of claims: each must be asked for by name, and what nobody knows is an error.
struct Fields {
    /// Where the object stands, for messages: `writ.grants[2]`.
    let place: String
    private let value: JSON

    init(_ value: JSON, _ place: String, required: [String] = [], optional: [String] = []) throws(DelegationError) {
        guard let members = value.members else { throw Self.fault("\(place) is not an object") }
        for member in members where !required.contains(member.key) && !optional.contains(member.key) {
            throw Self.fault("unknown claim \(Shown.text(member.key)) in \(place)")
        }
        for key in required where value[key] == nil { throw Self.fault("\(place) has no `\(key)`") }
        self.place = place
        self.value = value
    }

    static func fault(_ message: String) -> DelegationError { DelegationError(.claims, message) }

    subscript(key: String) -> JSON? { value[key] }

    func has(_ key: String) -> Bool { value[key] != nil }

    /// Text that is not empty; empty only where the claim is missing.
    func text(_ key: String, limit: Int = DelegationLimits.name) throws(DelegationError) -> String {
        guard let claim = value[key] else { return "" }
        return try Self.text(claim, "\(place).\(key)", limit)
    }

    /// A number of at least 0; 0 where the claim is missing.
    func number(_ key: String, limit: Int64 = DelegationLimits.number) throws(DelegationError) -> Int64 {
        try optionalNumber(key, limit: limit) ?? 0
    }

    func optionalNumber(_ key: String, limit: Int64 = DelegationLimits.number) throws(DelegationError) -> Int64? {
        guard let claim = value[key] else { return nil }
        guard case .integer(let number) = claim, (0...limit).contains(number) else {
            throw Self.fault("\(place).\(key) is not a whole number from 0 to \(limit)")
        }
        return number
    }

    func time(_ key: String) throws(DelegationError) -> Int64 { try number(key, limit: DelegationLimits.time) }

    func texts(
        _ key: String, limit: Int = DelegationLimits.name, count: Int = DelegationLimits.names
    ) throws(DelegationError) -> [String] {
        var texts: [String] = []
        for (index, element) in try list(key, count: count).enumerated() {
            texts.append(try Self.text(element, "\(place).\(key)[\(index)]", limit))
        }
        return texts
    }

    /// A list; empty where the claim is missing. Written empty it could be taken for "none" or for "any", so it is refused.
    func list(_ key: String, count: Int, mayBeEmpty: Bool = false) throws(DelegationError) -> [JSON] {
        guard let claim = value[key] else { return [] }
        guard let list = claim.array, list.count <= count, mayBeEmpty || !list.isEmpty else {
            throw Self.fault("\(place).\(key) is not a list of \(mayBeEmpty ? 0 : 1) to \(count)")
        }
        return list
    }

    static func text(_ value: JSON, _ place: String, _ limit: Int) throws(DelegationError) -> String {
        guard let text = value.string, !text.isEmpty, text.utf8.count <= limit else {
            throw fault("\(place) is not a text of 1 to \(limit) bytes")
        }
        guard !text.unicodeScalars.contains(where: VisibleText.isHidden) else {
            throw fault("\(place) has characters that nobody sees")
        }
        return text
    }

    /// Letters, digits and `-._:`: what an id needs, and nothing that looks like another.
    func identifier(_ key: String) throws(DelegationError) -> String {
        let text = try text(key, limit: 64)
        guard Self.isIdentifier(text) else {
            throw Self.fault("\(place).\(key) is not an id of letters, digits, `-`, `.`, `_` and `:`")
        }
        return text
    }

    static func isIdentifier(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 64
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"): true
                default: false
                }
            }
    }
}

/// The members of an object in the making; what is empty is left out.
struct MemberList {
    private var members: [JSON.Member] = []

    mutating func add(_ key: String, _ value: JSON?) {
        if let value { members.append(JSON.Member(key, value)) }
    }

    mutating func add(_ key: String, _ text: String) {
        if !text.isEmpty { add(key, .string(text)) }
    }

    mutating func add(_ key: String, _ texts: [String]) {
        if !texts.isEmpty { add(key, .array(texts.map(JSON.string))) }
    }

    mutating func add(_ key: String, list: [JSON]) {
        if !list.isEmpty { add(key, .array(list)) }
    }

    /// The object.
    var json: JSON { .object(members) }
    /// The object; nil when it is empty.
    var jsonUnlessEmpty: JSON? { members.isEmpty ? nil : json }
}

extension String {
    /// The same bytes. `==` takes two spellings of a letter for one, which is wrong where names give rights.
    func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
