// SPDX-License-Identifier: Apache-2.0
import WritCore

@testable import WritDelegation

/// Makes tokens that no honest signer makes: any header, any claims, any key.
enum Forge {
    static func token(
        _ payload: [UInt8], by key: DelegationKey, kind: CompactJWS.Kind = .delegation, header: JSON? = nil
    ) throws -> String {
        let header =
            header
            ?? ["alg": "EdDSA", "kid": .string(key.publicKey.thumbprint), "typ": .string(kind.rawValue)]
        let input = "\(StrictBase64.urlText(header.canonicalBytes)).\(StrictBase64.urlText(payload))"
        return "\(input).\(StrictBase64.urlText(try key.signature(of: Array(input.utf8))))"
    }

    /// The claims of a link, changed, signed as they are.
    static func link(
        _ link: Delegation, by key: DelegationKey, header: JSON? = nil, _ change: (inout JSON) -> Void = { _ in }
    ) throws -> String {
        var claims = try link.claims()
        change(&claims)
        return try token(claims.canonicalBytes, by: key, header: header)
    }

    /// A link below a parent's token, changed after everything was filled in, signed by the parent's holder.
    static func below(
        _ parent: String, _ link: Delegation, by key: DelegationKey, header: JSON? = nil,
        _ change: (inout JSON) -> Void = { _ in }
    ) throws -> String {
        var child = link
        child.issuer = key.publicKey.urn
        child.parentHash = try CompactJWS(parsing: parent, kind: .delegation).hash
        return "\(parent)~\(try self.link(child, by: key, header: header, change))"
    }
}

extension JSON {
    /// Sets a claim at a path of keys.
    mutating func set(at path: String..., to value: JSON?) {
        self = replaced(path[...], value)
    }

    private func replaced(_ path: ArraySlice<String>, _ value: JSON?) -> JSON {
        guard let key = path.first else { return value ?? .null }
        var copy = self
        if path.count == 1, value == nil {
            return .object((members ?? []).filter { $0.key != key })
        }
        copy.set(key, (self[key] ?? .object([])).replaced(path.dropFirst(), value))
        return copy
    }
}
