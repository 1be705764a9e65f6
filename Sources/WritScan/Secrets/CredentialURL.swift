// SPDX-License-Identifier: Apache-2.0

/// A URL with `user:password@` in it (RFC 3986, userinfo).
struct CredentialURL {
    var user: Range<Int>
    var password: Range<Int>
    var host: [UInt8]
    private let passwordBytes: [UInt8]
    private let userBytes: [UInt8]

    /// Reads the authority that starts right after `://`.
    init?(_ bytes: UnsafeRawBufferPointer, schemeStart: Int, authorityStart: Int) {
        guard schemeStart == 0 || !bytes.byte(schemeStart - 1).isAlphanumeric else { return nil }
        var at = authorityStart
        var colon: Int?
        var sign: Int?
        let limit = min(bytes.count, authorityStart + 400)
        while at < limit {
            let byte = bytes[at]
            if byte <= 0x20 || byte.isQuote || byte == UInt8(ascii: "/") || byte == 0x5C || byte == UInt8(ascii: "?")
                || byte == UInt8(ascii: "<") && at == authorityStart || byte >= 0x7F
            {
                break
            }
            if byte == UInt8(ascii: ":"), colon == nil { colon = at }
            if byte == UInt8(ascii: "@") { sign = at }
            if byte == UInt8(ascii: "#"), sign != nil { break }
            at += 1
        }
        guard let colon, let sign, colon < sign, colon + 1 < sign else { return nil }
        user = authorityStart..<colon
        password = colon + 1..<sign
        passwordBytes = Array(bytes[password])
        userBytes = Array(bytes[user])
        var host = Array(bytes[(sign + 1)..<at])
        if let port = host.lastIndex(of: UInt8(ascii: ":")), !host.contains(UInt8(ascii: "]")) {
            host.removeSubrange(port...)
        }
        self.host = host.map(\.lowercased)
        guard !host.isEmpty,
            host.allSatisfy({
                $0.isWord || $0 == 0x2D || $0 == 0x2E || $0 == 0x5B || $0 == 0x5D || $0 == 0x3A || $0 == 0x2C
            })
        else { return nil }
        guard passwordBytes.count >= 3, passwordBytes.count <= 256 else { return nil }
    }

    /// The host is this machine, a private network, or a name without a domain as containers have.
    var isLocal: Bool {
        let text = String(decoding: host, as: UTF8.self)
        return text.hasPrefix("localhost") || text.hasPrefix("127.") || text.hasPrefix("10.")
            || text.hasPrefix("192.168.")
            || text.hasPrefix("[::1]") || text.hasSuffix(".local") || text.hasSuffix(".test")
            || text.hasSuffix(".internal")
            || text == "0.0.0.0" || !text.contains(".")
    }

    static let common: Set<String> = [
        "password", "pass", "passwd", "pwd", "secret", "user", "username", "token", "test", "admin", "root", "postgres",
        "guest",
        "mysql", "mongo", "redis", "rabbitmq", "pw", "p", "foo", "bar", "baz", "x", "xxx", "123", "pass123", "mypass",
        "mypassword", "dbpass", "db_password", "db_pass", "dbpassword", "key", "api_key", "apikey", "app", "dev",
        "local",
        "auth", "bob", "alice", "me", "my", "some", "port", "host", "yourpassword", "your_password", "p4ssw0rd",
        "s3cret",
        "s3cr3t", "pa55w0rd", "passw0rd", "p%40ss", "1234", "12345", "123456", "access_token", "github_token",
        "private",
        "x-oauth-basic", "x-access-token", "oauth2", "gitlab-ci-token", "abc123", "password1", "password123", "pswd",
    ]

    /// Nobody's credential: a variable, an instruction, the words everybody writes in documentation, a reserved host.
    func isPlaceholder(isDatabase: Bool) -> Bool {
        let word = String(decoding: passwordBytes.map(\.lowercased), as: UTF8.self)
        if Self.common.contains(word) { return true }
        if ValueShape.isPlaceholder(passwordBytes, .strict) { return true }
        if let first = passwordBytes.first, "$<{[%(*&".utf8.contains(first), !isPercentEncoded { return true }
        if passwordBytes.contains(where: { "{}<>()|".utf8.contains($0) }) { return true }
        if userBytes.contains(where: { "{}<>()$|".utf8.contains($0) }) { return true }
        for i in passwordBytes.indices.dropLast() where passwordBytes[i] == UInt8(ascii: "$") {
            if passwordBytes[i + 1] == UInt8(ascii: "{") || passwordBytes[i + 1].isUpper { return true }
        }
        let domain = String(decoding: host, as: UTF8.self)
        for reserved in [
            "example.com", "example.org", "example.net", "example", "host", "hostname", "server", "yourhost",
        ]
        where domain == reserved || domain.hasSuffix(".example.com") || domain.hasSuffix(".example") { return true }
        // A word as password for a service of one's own machine is what compose files and tests are full of.
        if isLocal, ValueShape.wordiness(passwordBytes) > 0.7, !passwordBytes.contains(where: \.isDigit) { return true }
        if passwordBytes == userBytes { return true }
        return false
    }

    private var isPercentEncoded: Bool {
        passwordBytes.count > 2 && passwordBytes[0] == UInt8(ascii: "%") && passwordBytes[1].isHexDigit
            && passwordBytes[2].isHexDigit
    }
}
