// SPDX-License-Identifier: Apache-2.0

extension AssignmentReader {
    /// Words after the telling one that do not change what the name holds.
    private static let trailing: Set<String> = [
        "value", "val", "string", "str", "text", "txt", "data", "base64", "b64", "hex", "prod", "production", "dev",
        "devel",
        "development", "test", "tests", "testing", "staging", "stage", "live", "sandbox", "default", "old", "new",
        "current",
        "temp", "tmp", "plain", "clear", "raw", "env", "backup", "root", "admin", "user", "const", "bytes", "literal",
        "variable", "var", "qa", "uat", "a", "b", "v", "master", "main", "db", "local", "remote", "property", "prop",
        "param",
        "s", "here", "enc", "encoded", "override", "fallback", "base", "initial", "confirmation", "confirm", "again",
        "repeat",
    ]
    /// A name with one of these holds something else than a secret.
    private static let disarming: Set<String> = [
        "public", "pub", "csrf", "xsrf", "page", "continuation", "next", "cursor", "pagination", "label", "hint",
        "placeholder", "prompt", "error", "regex", "pattern", "message", "title", "foreign", "primary", "partition",
        "sort", "cache", "idempotency", "keyboard", "synthesis", "lexer", "parser", "syntax", "eof", "stop", "pad",
        "unk",
        "sep", "cls", "mask", "translation", "i18n", "locale", "css", "column", "field", "input", "forgot", "reset",
        "change", "show", "hide", "toggle", "no", "without", "missing", "invalid", "type", "kind", "scheme", "ssh-rsa",
        "thumbprint", "fingerprint", "checksum", "integrity", "digest", "sha", "sha1", "sha256", "md5", "antiforgery",
        "verification", "site", "sitekey",
    ]
    private static let passwordWords: Set<String> = [
        "password", "passwd", "pwd", "pass", "passphrase", "passcode", "pw", "passwort", "passw", "psw", "pswd",
        "contrasena",
        "senha", "passwords", "userpass", "rootpw", "userpw",
    ]
    private static let secretWords: Set<String> = [
        "secret", "credential", "credentials", "creds", "cred", "auth", "salt", "authorization",
    ]
    private static let tokenWords: Set<String> = ["token", "tokens", "jwt", "bearer", "pat", "tok"]
    private static let keyQualifiers: Set<String> = [
        "api", "secret", "private", "access", "auth", "encryption", "encrypt", "encryptor", "enc", "signing", "sign",
        "signature", "account", "app", "application", "client", "service", "storage", "shared", "session", "license",
        "crypt", "crypto", "cipher", "aes", "des", "hmac", "jwt", "admin", "server", "consumer", "subscription",
        "deploy",
        "web", "hash", "cookie", "security", "master", "decryption", "decrypt", "rest", "secure", "product", "priv",
        "apps", "write", "read", "user", "customer", "merchant", "developer", "dev", "prod", "live", "test", "rsa",
        "sas",
        "integration", "ingestion", "instrumentation", "sdk", "org", "project", "team", "s3", "aws", "azure", "gcp",
        "google", "maps", "firebase", "stripe", "openai", "algolia", "sendgrid", "mailgun", "twilio", "pusher",
        "github",
        "gitlab", "slack", "datadog", "facebook", "twitter", "amazon", "django", "rails", "flask", "laravel",
    ]

    private static let constants: Set<[UInt8]> = Set(
        ["true", "false", "null", "none", "nil", "undefined", "string", "required", "optional"].map { Array($0.utf8) })
    private static let hashPrefixes: [[UInt8]] = [
        "sha512-", "sha384-", "sha256-", "sha1-", "md5-", "sha256:", "sha512:", "sha1:", "md5:", "h1:",
    ].map { Array($0.utf8) }

    /// What a name says its value is; nil when it names something else.
    static func kind(ofName name: [UInt8], isCall: Bool) -> Kind? {
        var name = name
        while let first = name.first, !first.isAlphanumeric { name.removeFirst() }
        while let last = name.last, !last.isAlphanumeric { name.removeLast() }
        // `config.secret.length`: the last part counts.
        if let dot = name.lastIndex(of: UInt8(ascii: ".")) {
            let tail = Array(name[(dot + 1)...])
            // Properties files qualify with dots (`spring.datasource.password.prod`): the part before a trailing word.
            if trailing.contains(String(decoding: tail.map(\.lowercased), as: UTF8.self)) {
                return kind(ofName: Array(name[..<dot]), isCall: isCall)
            }
            let head = Array(name[..<dot])
            return kind(ofWords: words(tail), before: words(head).last, isCall: isCall)
        }
        return kind(ofWords: words(name), before: nil, isCall: isCall)
    }

    private static func words(_ name: [UInt8]) -> [String] {
        var all: [String] = []
        ValueShape.forEachWord(name) { all.append(String(decoding: $0.map(\.lowercased), as: UTF8.self)) }
        return all
    }

    private static func kind(ofWords all: [String], before: String?, isCall: Bool) -> Kind? {
        var words = all
        guard !words.isEmpty, words.count <= 12 else { return nil }
        if words.contains(where: disarming.contains) { return nil }
        if isCall {
            // Only a call that takes the value: `setPassword("…")`, `.password("…")`.
            guard ["set", "with", "add"].contains(words[0]) || words.count == 1 && before != nil else { return nil }
        }
        while words.count > 1, let last = words.last, trailing.contains(last) { words.removeLast() }
        guard let last = words.last else { return nil }
        let qualifier = words.dropLast().last ?? before
        if passwordWords.contains(last) {
            // What is stored of a password is no password.
            if let qualifier, ["encoded", "encrypted", "hashed", "hash", "sealed"].contains(qualifier) { return nil }
            return .password
        }
        if secretWords.contains(last) {
            if last == "auth" || last == "authorization" || last == "salt" { return .token }
            return .secret
        }
        if tokenWords.contains(last) { return last == "pat" || last == "tok" ? .weakKey : .token }
        if last == "key" || last == "keys" {
            guard let qualifier else { return .weakKey }
            return keyQualifiers.contains(qualifier)
                || keyQualifiers.contains { qualifier.hasSuffix($0) && $0.count > 2 }
                ? .key : .weakKey
        }
        // `dbpassword`, `clientsecret`, `authtoken`, `apikey`: written without a break.
        for ending in ["password", "passwd", "passphrase", "pwd"] where last.hasSuffix(ending) { return .password }
        if last.hasPrefix("passwor") || last.hasPrefix("passwd"), last.count <= 10 { return .password }
        if last.hasSuffix("secret") || last.hasSuffix("credentials") { return .secret }
        if last.hasSuffix("token") { return .token }
        for ending in [
            "apikey", "secretkey", "accesskey", "authkey", "privatekey", "appkey", "accountkey", "masterkey",
        ]
        where last.hasSuffix(ending) { return .key }
        return nil
    }

    /// How likely the value is a credential; nil when it is not.
    static func confidence(of value: [UInt8], kind: Kind, name: [UInt8], isQuoted: Bool) -> Double? {
        // The search for spelled-out stand-ins costs most, and few values come so far.
        guard let shape = shapeConfidence(of: value, kind: kind, name: name, isQuoted: isQuoted),
            !ValueShape.isPlaceholder(value, .strict)
        else { return nil }
        return shape
    }

    private static func shapeConfidence(of value: [UInt8], kind: Kind, name: [UInt8], isQuoted: Bool) -> Double? {
        let count = value.count
        guard count >= (kind == .password ? 4 : 8), count <= 512 else { return nil }
        let isKeyMaterial = kind != .password && isQuoted && count >= 48 && isPunctuated(value)
        if !isKeyMaterial, isTemplate(value, isQuoted: isQuoted) { return nil }
        var digits = 0
        var lowers = 0
        var uppers = 0
        var hexes = 0
        var signs = 0
        for byte in value {
            if byte.isDigit {
                digits += 1
            } else if byte.isLower {
                lowers += 1
            } else if byte.isUpper {
                uppers += 1
            } else {
                signs += 1
            }
            if byte.isHexDigit { hexes += 1 }
            // Blanks belong to prose; control bytes and non-ASCII to text that is no token.
            if byte == 0x20, isKeyMaterial { continue }
            if byte <= 0x20 || byte >= 0x7F { return nil }
        }
        if isReference(value) { return nil }
        let letters = lowers + uppers
        let wordiness = ValueShape.wordiness(value)
        let entropy = ValueShape.entropy(value)
        let folded = value.map(\.lowercased)
        if folded == name.map(\.lowercased) { return nil }
        if constants.contains(folded) { return nil }

        if kind == .password {
            guard letters > 0 || (isQuoted && digits >= 6), count <= 200 else { return nil }
            if namesPassword(value, digits: digits, isQuoted: isQuoted) { return nil }
            if wordiness >= 0.75 {
                // Words alone are labels, keys of messages, names of variables; with digits or signs they are passwords.
                let isDecorated = digits > 0 && specials(value, besides: "_-.") > 0
                let isNumbered = digits == 1 && signs == 0 && isQuoted && value.last?.isDigit == true && count >= 6
                guard isDecorated || digits >= 2 && signs <= 1 || isNumbered && spellsPassword(name) else { return nil }
                return isQuoted ? 0.5 : 0.45
            }
            if digits == 0, signs == 0, uppers == 0 || lowers == 0 {
                // One case, letters only: a password when no word, and long enough that it is no abbreviation.
                guard wordiness < 0.5, count >= (isQuoted ? 5 : 6) else { return nil }
                return isQuoted ? 0.55 : 0.45
            }
            if !isQuoted, digits == 0, specials(value, besides: "_-.") == 0, wordiness > 0.4 { return nil }
            if count < 6, digits == 0 { return nil }
            return count >= 8 && wordiness < 0.4 ? 0.8 : 0.6
        }
        if kind == .token, ValueShape.isUUID(value), namesRequest(name) { return nil }
        if digits == count, count > 32 { return nil }
        // The scope of an AWS signature holds the identifier of a key, not the key.
        if ValueShape.containsSequence(value, Array("/aws4_request".utf8)) { return nil }

        guard digits > 0 || (count >= 16 && uppers >= 3 && lowers >= 3) else { return nil }
        guard letters >= 2 || kind != .weakKey && count >= 16 && digits == count else { return nil }
        if digits == count && count < 20 { return nil }
        if wordiness >= 0.6 { return nil }
        if isHash(value) { return nil }
        let isHex = hexes == count
        let least: Double = isHex ? (count >= 24 ? 2.9 : 2.6) : count >= 24 ? 3.3 : count >= 16 ? 3.0 : 2.7
        guard entropy >= least else { return nil }
        if kind == .weakKey {
            // A bare `key` names a thousand things; only what can hardly be anything else counts.
            guard isQuoted, count >= 24, !isHex, !ValueShape.isUUID(value), entropy >= 3.9, wordiness < 0.25,
                digits >= 2,
                uppers >= 2, lowers >= 2
            else { return nil }
            return 0.5
        }
        if count < 12 && !isQuoted { return nil }
        if count < 12 && (digits < 2 || wordiness > 0.35) { return nil }
        if !isQuoted, wordiness > 0.4 { return nil }
        if ValueShape.isUUID(value) { return 0.55 }
        return count >= 16 && wordiness < 0.3 ? 0.85 : 0.65
    }

    /// Random text over all that a keyboard has, as generators of keys for PHP programs write it: blanks and brackets too.
    private static func isPunctuated(_ value: [UInt8]) -> Bool {
        var signs = 0
        var blanks = 0
        var digits = 0
        for byte in value {
            if byte == 0x20 { blanks += 1 } else if byte.isDigit { digits += 1 } else if !byte.isLetter { signs += 1 }
        }
        return signs * 6 >= value.count && digits >= 2 && blanks * 12 <= value.count
            && ValueShape.wordiness(value) < 0.3 && ValueShape.entropy(value) >= 4.4
    }

    /// The value is what a password is called, or part of a syntax, and no password: `KRB5_PASSWORD`, `new_password`,
    /// `required|string`, `--ask-pass`, `!vault`, `/var/www/html`.
    private static func namesPassword(_ value: [UInt8], digits: Int, isQuoted: Bool) -> Bool {
        guard let first = value.first else { return true }
        if !isQuoted, first == UInt8(ascii: "-") || first == UInt8(ascii: "*") { return true }
        if !isQuoted, first == UInt8(ascii: "!"), value.dropFirst().allSatisfy({ $0.isLower || $0 == 0x2D }) {
            return true
        }
        if first == UInt8(ascii: "/"), value.dropFirst().contains(UInt8(ascii: "/")),
            value.allSatisfy({ $0.isWord || "/.-".utf8.contains($0) })
        {
            return true
        }
        let folded = value.map(\.lowercased)
        if specials(value, besides: "_-.:") == 0, digits < 2,
            telling.contains(where: { ValueShape.containsSequence(folded, $0) })
        {
            return true
        }
        // Constants of a program, and words set apart, are names.
        if digits < 3, value.contains(0x5F), value.allSatisfy({ $0.isUpper || $0.isDigit || $0 == 0x5F }) {
            return true
        }
        if digits == 0, value.contains(where: { $0 == 0x5F || $0 == 0x2D }),
            value.split(whereSeparator: { $0 == 0x5F || $0 == 0x2D }).allSatisfy({ part in
                part.allSatisfy(\.isLower) && (part.count <= 3 || ValueShape.wordiness(Array(part)) > 0.5)
            })
        {
            return true
        }
        let choices = value.split(separator: UInt8(ascii: "|"))
        return choices.count > 1 && choices.allSatisfy { ValueShape.wordiness(Array($0)) > 0.4 || $0.count < 5 }
    }

    private static let telling: [[UInt8]] = ["passw", "passphrase", "pwd", "secret", "token", "credential"].map {
        Array($0.utf8)
    }

    /// `pass` and `pw` name many things; these name one.
    private static func spellsPassword(_ name: [UInt8]) -> Bool {
        let folded = name.map(\.lowercased)
        return ["passw", "pwd"].contains { ValueShape.containsSequence(folded, Array($0.utf8)) }
    }

    /// A UUID under one of these tells requests apart, so that a repeated one does nothing.
    private static func namesRequest(_ name: [UInt8]) -> Bool {
        let folded = name.map(\.lowercased)
        return ["request", "lock", "client", "lifecycle", "idempot", "update", "product", "sequence"].contains {
            ValueShape.containsSequence(folded, Array($0.utf8))
        }
    }

    private static func specials(_ value: [UInt8], besides allowed: StaticString) -> Int {
        let kept = UnsafeBufferPointer(start: allowed.utf8Start, count: allowed.utf8CodeUnitCount)
        return value.reduce(0) { $1.isAlphanumeric || kept.contains($1) ? $0 : $0 + 1 }
    }

    /// A variable, an interpolation or a call stands where the secret would.
    private static func isTemplate(_ value: [UInt8], isQuoted: Bool) -> Bool {
        guard let first = value.first, let last = value.last else { return true }
        if first == UInt8(ascii: "$") || first == UInt8(ascii: "%") && last == first { return true }
        if first == UInt8(ascii: "<"), value.contains(UInt8(ascii: ">")) { return true }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") || first == UInt8(ascii: "(") { return true }
        if first == UInt8(ascii: "@"),
            value.dropFirst().allSatisfy({ $0.isWord || $0 == 0x2E || $0 == 0x2F || $0 == 0x40 })
        {
            return true
        }
        for i in value.indices.dropLast() {
            let pair = (value[i], value[i + 1])
            if pair.0 == UInt8(ascii: "$"), pair.1 == UInt8(ascii: "{") || pair.1 == UInt8(ascii: "(") { return true }
            if pair.0 == UInt8(ascii: "{"), pair.1 == UInt8(ascii: "{") || pair.1 == UInt8(ascii: "%") { return true }
            if pair.0 == UInt8(ascii: "#"), pair.1 == UInt8(ascii: "{") { return true }
            if pair.0 == UInt8(ascii: "%"), "sdv(@".utf8.contains(pair.1), isQuoted || pair.1 == UInt8(ascii: "(") {
                return true
            }
            if pair.0 == UInt8(ascii: "-"), pair.1 == UInt8(ascii: ">") { return true }
            // `'"+password+"'`: text that is put together; `process.env?.PASSWORD`: a member that may be missing.
            if pair.0 == UInt8(ascii: "+"), pair.1.isQuote, i > value.startIndex { return true }
            if pair.0.isQuote, pair.1 == UInt8(ascii: "+"), i == value.startIndex { return true }
            if !isQuoted, pair.0 == UInt8(ascii: "?"), pair.1 == UInt8(ascii: ".") { return true }
            if pair.0 == UInt8(ascii: ":"), pair.1 == UInt8(ascii: ":") { return true }
            if pair.0 == UInt8(ascii: "{"), let close = value[i...].firstIndex(of: UInt8(ascii: "}")),
                value[(i + 1)..<close].allSatisfy({ $0.isWord || $0 == 0x2E })
            {
                return true
            }
        }
        if !isQuoted, value.contains(UInt8(ascii: "(")) || value.contains(UInt8(ascii: "[")) { return true }
        return false
    }

    /// A path, an address, a version, a date, a type, a mail address: things that names with `key` or `token` point at.
    private static func isReference(_ value: [UInt8]) -> Bool {
        if ValueShape.containsSequence(value, Array("://".utf8)) { return true }
        if let first = value.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "~") {
            if ValueShape.wordiness(value) > 0.3 { return true }
        }
        if value.starts(with: Array("./".utf8)) || value.starts(with: Array("../".utf8)) { return true }
        // `file.pem`, `host.example.com`, `com.acme.Thing`: dotted words.
        if let dot = value.lastIndex(of: UInt8(ascii: ".")), dot > 0 {
            let ending = value[(dot + 1)...]
            if !ending.isEmpty, ending.count <= 5, ending.allSatisfy(\.isLetter), ValueShape.wordiness(value) > 0.3 {
                return true
            }
            let parts = value.split(separator: UInt8(ascii: "."))
            if parts.count >= 2,
                parts.allSatisfy({ part in
                    part.first?.isLetter == true && part.allSatisfy(\.isWord) && ValueShape.wordiness(Array(part)) > 0.4
                })
            {
                return true
            }
            if value.allSatisfy({ $0.isDigit || $0 == 0x2E || $0 == 0x2D || $0 == 0x76 }) { return true }
        }
        if value.contains(UInt8(ascii: "@")), value.last?.isLetter == true, value.contains(UInt8(ascii: ".")),
            ValueShape.wordiness(value) > 0.6
        {
            return true
        }
        return false
    }

    /// Integrity values of lock files and registries.
    private static func isHash(_ value: [UInt8]) -> Bool {
        hashPrefixes.contains { value.starts(with: $0) } || publicKeyPrefixes.contains { value.starts(with: $0) }
    }

    /// How public keys (SubjectPublicKeyInfo of P-256, P-384, RSA, Ed25519, X25519) and SSH's begin in base64.
    private static let publicKeyPrefixes: [[UInt8]] = [
        "MFkwEwYHKoZIzj0C", "MHYwEAYHKoZIzj0C", "MIIBIjANBgkq", "MIGfMA0GCSqG", "MIICIjANBgkq", "MCowBQYDK2V",
        "AAAAB3NzaC1yc2E", "AAAAC3NzaC1lZDI1NTE5", "AAAAE2VjZHNh",
    ].map { Array($0.utf8) }
}
