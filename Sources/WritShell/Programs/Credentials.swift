// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Headers of HTTP whose value logs in.
enum AuthenticationHeader {
    static func isOne(_ name: String) -> Bool {
        let lowered = name.lowercased()
        return words.contains { lowered.contains($0) }
    }

    /// `Authorization`, `Proxy-Authorization`, `X-Auth-Token`, `PRIVATE-TOKEN`, `X-Api-Key`, `Ocp-Apim-Subscription-Key`,
    /// `Cookie` and their like. A value that goes to the host in such a header goes to whom it logs in to.
    private static let words = [
        "auth", "token", "api-key", "apikey", "api_key", "access-key", "subscription-key", "cookie", "password",
    ]
}

/// Where the credentials of single services belong, after the names that their documentation gives to variables.
struct CredentialHomes: Sendable {
    static let builtIn = CredentialHomes()

    private var hosts: [String: [String]] = [:]

    private init() {
        for node in EmbeddedTable.nodes("shell/credential-homes.table") where node.keyword == "service" {
            var names: [Substring] = []
            var homes: [String] = []
            for line in node.children {
                let words = line.value.split(separator: " ")
                if line.keyword == "variable" { names += words } else { homes += words.map(String.init) }
            }
            for name in names { hosts[String(name)] = homes }
        }
    }

    /// Whether a host is one that the variable's credential is for. True where nobody can say: a name without an entry,
    /// a host that is not known, this machine.
    func accepts(_ variable: String, at host: String) -> Bool {
        guard let homes = hosts[variable] else { return true }
        if host.isEmpty || host.utf8.contains(0xE2) || host == "localhost" || host.hasPrefix("127.") || host == "::1" {
            return true
        }
        return homes.contains { host == $0 || host.hasSuffix("." + $0) }
    }
}

extension Operation {
    /// What logs in at the host: a credential that is for it is used there, any other one leaks.
    mutating func authenticate(with credentials: [Value]) {
        for credential in credentials where credential.taints.contains(.secret) {
            if let names = credential.credentials,
                names.allSatisfy({ CredentialHomes.builtIn.accepts($0, at: host) })
            {
                traits.insert(.authenticates)
            } else {
                taints.insert(.secret)
                traits.insert(.upload)
            }
        }
    }
}

extension Value.Unknown {
    /// It stands for one credential.
    var isCredential: Bool {
        switch self {
        case .credential: true
        case .environment(let name): Evaluator.isSecretName(name)
        case .output, .variable, .limit, .settings: false
        }
    }
}

extension Value {
    /// Credentials make up all that is secret in it: at most a name and a password, and not whole files, the environment
    /// or what a program computes.
    var credentials: [String]? {
        guard taints.contains(.secret) else { return nil }
        var names: [String] = []
        var hasText = false
        for piece in pieces {
            switch piece {
            case .unknown(.environment(let name)): if Evaluator.isSecretName(name) { names.append(name) }
            case .unknown(.credential(let name)): names.append(name)
            case .unknown(.variable): continue
            case .unknown(.output), .unknown(.limit), .unknown(.settings), .glob: return nil
            case .text(let text):
                if text.utf8.dropLast().contains(0x0A) || text.utf8.count > 1_024 { return nil }
                hasText = true
            }
        }
        // Known text that came out of a secret place, or a part of a variable.
        if names.isEmpty, hasText || !pieces.isEmpty { names.append("") }
        return names.count <= 2 && !names.isEmpty ? names : nil
    }

    /// The same credential after a filter that keeps it whole in another form; nil when it is more than one.
    var asCredential: Value? {
        guard let names = credentials else { return nil }
        return .unknown(.credential(names.last ?? ""), taints: taints)
    }

    /// A URL without its user part, and that part: `https://user:password@host/` has one.
    var withoutUser: (rest: Value, user: Value)? {
        var before: [Piece] = []
        var user: [Piece] = []
        var hasScheme = false
        for (index, piece) in pieces.enumerated() {
            guard case .text(let text) = piece else {
                if !hasScheme { return nil }
                user.append(piece)
                continue
            }
            var rest = Substring(text)
            if !hasScheme {
                guard let mark = text.firstPlace(of: "://") else { return nil }
                before = Array(pieces[..<index]) + [.text(String(rest[..<mark.upperBound]))]
                rest = rest[mark.upperBound...]
                hasScheme = true
            }
            let authority = rest.utf8.prefix { $0 != 0x2F && $0 != 0x3F && $0 != 0x23 && $0 != 0x5C }
            if let at = authority.lastIndex(of: 0x40) {
                user.append(.text(String(rest[..<at])))
                let after = Piece.text(String(rest[rest.index(after: at)...]))
                return (
                    Value(pieces: before + [after] + pieces[(index + 1)...], taints: taints, span: span),
                    Value(pieces: user, taints: taints, span: span)
                )
            }
            if authority.endIndex < rest.endIndex { return nil }
            if !rest.isEmpty { user.append(.text(String(rest))) }
        }
        return nil
    }

    /// Some of what is not known in it can be secret.
    var mayHoldSecret: Bool {
        taints.contains(.secret)
            && pieces.contains { piece in
                switch piece {
                case .unknown(.environment(let name)): Evaluator.isSecretName(name)
                case .unknown: true
                case .text, .glob: false
                }
            }
    }
}
