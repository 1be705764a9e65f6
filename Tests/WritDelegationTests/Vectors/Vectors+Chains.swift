// SPDX-License-Identifier: Apache-2.0
import WritCore

@testable import WritDelegation

extension Vectors {
    /// What holds, and what is no writ at all.
    static func chains() throws -> [JSON] {
        let one = try rootToken()
        let two = try pair()
        let three = try Forge.below(two.last(of: "~"), grandchild, by: Example.holders[1]).below(two)
        let full = try Example.root.signedAsRoot(by: Example.anchorKey)
        let key = Example.anchorKey
        let kid = JSON.string(key.publicKey.thumbprint)
        func raw(_ text: String, header: JSON? = nil) throws -> String {
            try Forge.token(Array(text.utf8), by: key, header: header)
        }
        func header(_ json: JSON) throws -> String { try Forge.link(root, by: key, header: json) }
        let claims = String(decoding: try root.claims().canonicalBytes, as: UTF8.self)
        let parts = one.split(separator: ".").map(String.init)
        let deep = String(repeating: "[", count: 16) + String(repeating: "]", count: 16)
        return [
            chain("one link", one, holds(1, one)),
            chain("two links", two, holds(2, two)),
            chain("three links", three, holds(3, three)),
            chain("every kind of claim", full, holds(1, full)),
            chain("nothing", "", fails(.parse, 0)),
            chain("nine links", Array(repeating: "a.b.c", count: 9).joined(separator: "~"), fails(.hops)),
            chain(
                "a header over 512 bytes",
                try header(["alg": "EdDSA", "kid": kid, "typ": .string(String(repeating: "w", count: 500))]),
                fails(.size, 0)),
            chain("two parts", parts[0] + "." + parts[1], fails(.parse, 0)),
            chain("four parts", one + ".", fails(.parse, 0)),
            chain("padding", "\(parts[0]).\(parts[1])=.\(parts[2])", fails(.parse, 0)),
            chain("loose bits in the last group", try looseBits(one), fails(.parse, 0)),
            chain("a line end after the token", one + "\n", fails(.parse, 0)),
            chain("a separator at the end", one + "~", fails(.parse, 1)),
            chain("a key twice", try raw(#"{"jti":"a",\#(claims.dropFirst())"#), fails(.parse, 0)),
            chain("a float", try raw(#"{"iat":1.0}"#), fails(.parse, 0)),
            chain("a number past 53 bits", try raw(#"{"iat":9007199254740992}"#), fails(.parse, 0)),
            chain("17 deep", try raw(#"{"a":\#(deep)}"#), fails(.parse, 0)),
            chain("a lone surrogate", try raw(#"{"jti":"\ud800"}"#), fails(.parse, 0)),
            chain("bytes that are not UTF-8", try Forge.token([0x7B, 0xFF, 0x7D], by: key), fails(.parse, 0)),
            chain(
                "a right-to-left override in the intent",
                try rootToken { $0.set(at: "writ", "task", "intent", to: "a\u{202E}b") }, fails(.parse, 0)),
            chain("a list for a payload", try raw("[]"), fails(.parse, 0)),
            chain("no algorithm", try header(["alg": "none", "kid": kid, "typ": "writ+jwt"]), fails(.header, 0)),
            chain("a symmetric algorithm", try header(["alg": "HS256", "kid": kid, "typ": "writ+jwt"]), fails(.header, 0)),
            chain("another type", try header(["alg": "EdDSA", "kid": kid, "typ": "JWT"]), fails(.header, 0)),
            chain("a list's type", try header(["alg": "EdDSA", "kid": kid, "typ": "writ-rev+jwt"]), fails(.header, 0)),
            chain("no key id", try header(["alg": "EdDSA", "typ": "writ+jwt"]), fails(.header, 0)),
            chain(
                "a key in the header",
                try header(["alg": "EdDSA", "jwk": key.publicKey.jwk, "kid": kid, "typ": "writ+jwt"]), fails(.header, 0)),
        ]
    }

    /// One claim of a link that is otherwise as it should be.
    static func links() throws -> [JSON] {
        func inRoot(_ name: String, _ code: DelegationError.Code, _ change: (inout JSON) -> Void) throws -> JSON {
            chain(name, try rootToken(change), fails(code, 0))
        }
        func inChild(_ name: String, _ code: DelegationError.Code, _ change: (inout JSON) -> Void) throws -> JSON {
            chain(name, try pair(change), fails(code, 1))
        }
        return [
            try inRoot("an unknown claim", .claims) { $0.set(at: "act", to: ["sub": "b"]) },
            try inRoot("an unknown claim in `writ`", .claims) { $0.set(at: "writ", "unless", to: []) },
            try inRoot("no expiry", .claims) { $0.set(at: "exp", to: nil) },
            try inRoot("an audience that is no list", .claims) { $0.set(at: "aud", to: "writ:acme") },
            try inRoot("an empty list of actions", .claims) { $0.set(at: "writ", "grants", to: [["actions": []]]) },
            try inRoot("a grant of nothing in particular", .claims) { $0.set(at: "writ", "grants", to: [[:]]) },
            try inRoot("an unknown constraint", .claims) {
                $0.set(at: "writ", "grants", to: [["tools": ["t"], "args": ["a": ["regex": ".*"]]]])
            },
            try inRoot("a holder's key with its private half", .claims) { $0.set(at: "cnf", "jwk", "d", to: "AA") },
            try inRoot("a holder's key under which anybody can sign", .claims) {
                $0.set(at: "cnf", "jwk", "x", to: .string(StrictBase64.urlText([UInt8](repeating: 0, count: 32))))
            },
            try inRoot("a negative budget", .claims) { $0.set(at: "writ", "budgets", "calls", to: -1) },
            try inRoot("another version", .version) { $0.set(at: "writ", "v", to: 2) },
            try inRoot("expires before it begins", .times) { $0.set(at: "exp", to: .integer(now - 101)) },
            try inRoot("a root of another issuer", .issuer) { $0.set(at: "iss", to: "https://writ.other.example") },
            try inRoot("a root with a depth", .depth) { $0.set(at: "del_depth", to: 1) },
            try inRoot("a root with a parent", .parentHash) {
                $0.set(at: "par_hash", to: .string(StrictBase64.urlText([UInt8](repeating: 9, count: 32))))
            },
            try inChild("a derived link of another issuer", .issuer) { $0.set(at: "iss", to: "https://writ.acme.example") },
            try inChild("a depth left out", .depth) { $0.set(at: "del_depth", to: 2) },
            try inChild("a greatest depth that grew", .depth) { $0.set(at: "del_max_depth", to: 3) },
            chain(
                "deeper than the root allows",
                try Forge.below(
                    try Forge.link(root, by: Example.anchorKey) { $0.set(at: "del_max_depth", to: 0) }, child,
                    by: Example.holders[0]
                ) { $0.set(at: "del_max_depth", to: 0) }, fails(.depth, 1)),
            try inChild("no parent", .parentHash) { $0.set(at: "par_hash", to: nil) },
            try inChild("another parent", .parentHash) {
                $0.set(at: "par_hash", to: .string(StrictBase64.urlText([UInt8](repeating: 9, count: 32))))
            },
            try inChild("the parent's id", .duplicateID) { $0.set(at: "jti", to: .string(ids[0])) }.withoutLink,
            try inChild("another person", .principal) { $0.set(at: "writ", "principal", "sub", to: "bob@acme.example") },
            try inChild("a person authenticated later", .principal) {
                $0.set(at: "writ", "principal", "at", to: .integer(now))
            },
            try inChild("another task", .task) { $0.set(at: "writ", "task", "id", to: "T-1843") },
            try inChild("a task whose id only begins alike", .task) { $0.set(at: "writ", "task", "id", to: "T-18421") },
            try inChild("another workflow", .task) { $0.set(at: "writ", "task", "workflow", to: "release") },
            try inChild("an agent that is no delegate", .delegate) { $0.set(at: "writ", "agent", "id", to: "deployer") },
            try inChild("delegates of its own", .delegate) { $0.set(at: "writ", "delegates", to: ["agent:deployer"]) },
            try inChild("a second audience", .audience) { $0.set(at: "aud", to: ["writ:acme", "writ:other"]) },
            try inChild("another environment", .environment) { $0.set(at: "writ", "env", to: ["production"]) },
            try inChild("a larger budget", .budget) { $0.set(at: "writ", "budgets", "calls", to: 301) },
            try inChild("no budget below one", .budget) { $0.set(at: "writ", "budgets", to: nil) },
            try inChild("expires after its parent", .times) { $0.set(at: "exp", to: .integer(now + 7_101)) },
            try inChild("begins before its parent", .times) { $0.set(at: "nbf", to: .integer(now - 101)) },
            try inChild("issued before its parent", .times) { $0.set(at: "iat", to: .integer(now - 101)) },
        ]
    }
}

extension JSON {
    /// The same vector, with no link at fault.
    fileprivate var withoutLink: JSON {
        var vector = self
        vector.set(at: "expect", "link", to: .null)
        return vector
    }
}

extension String {
    fileprivate func last(of separator: Character) -> String {
        split(separator: separator).last.map(String.init) ?? ""
    }

    /// This pair of tokens, whose first is the last of a chain, at the end of that chain.
    fileprivate func below(_ chain: String) -> String { "\(chain)~\(last(of: "~"))" }
}

extension Vectors {
    /// The token with the last character of its signature changed in the bits that no byte of it has.
    fileprivate static func looseBits(_ token: String) throws -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        guard let last = token.last, let index = alphabet.firstIndex(of: last) else { return token }
        return token.dropLast() + String(alphabet[index ^ 1])
    }
}
