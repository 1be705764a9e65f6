// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Host and port that text names: a URL, `host:port`, `user@host:path`, `/dev/tcp/host/port`.
struct Endpoint: Sendable, Hashable {
    var host: String
    var port = 0
    var scheme = ""

    /// The endpoint of `/dev/tcp/host/port` and `/dev/udp/host/port`.
    static func device(_ value: Value) -> Endpoint? {
        let text = value.display
        guard text.hasPrefix("/dev/tcp/") || text.hasPrefix("/dev/udp/") else { return nil }
        let fields = text.dropFirst(9).split(separator: "/", omittingEmptySubsequences: true)
        return Endpoint(
            host: fields.first.map { String($0) } ?? "…", port: fields.count > 1 ? Int(fields[1]) ?? 0 : 0,
            scheme: text.hasPrefix("/dev/udp/") ? "udp" : "tcp")
    }

    /// Reads an endpoint from what a program takes as one.
    init(_ value: Value) {
        self.init(text: value.display)
    }

    init(host: String, port: Int = 0, scheme: String = "") {
        self.host = host
        self.port = port
        self.scheme = scheme
    }

    init(text: String) {
        var rest = Substring(text)
        scheme = ""
        port = 0
        if let mark = text.firstPlace(of: "://") {
            scheme = rest[..<mark.lowerBound].lowercased()
            rest = rest[mark.upperBound...]
            rest = Substring(rest.utf8.prefix { $0 != 0x2F && $0 != 0x3F && $0 != 0x23 && $0 != 0x5C })
        } else {
            rest = Substring(rest.utf8.prefix { $0 != 0x2F && $0 != 0x3F })
        }
        // The last `@` ends the user: `https://trusted@evil/` goes to `evil`.
        if let at = rest.utf8.lastIndex(of: 0x40) { rest = rest[rest.utf8.index(after: at)...] }
        if rest.hasPrefix("["), let close = rest.firstIndex(of: "]") {
            host = String(rest[rest.index(after: rest.startIndex)..<close])
            rest = rest[rest.index(after: close)...]
            if rest.hasPrefix(":") { port = Int(rest.dropFirst()) ?? 0 }
        } else if let colon = rest.firstIndex(of: ":") {
            host = String(rest[..<colon])
            port = Int(rest[rest.index(after: colon)...].prefix { $0.isNumber }) ?? 0
        } else {
            host = String(rest)
        }
        host = host.lowercased()
        while host.hasSuffix("."), host.utf8.count > 1 { host = String(host.dropLast()) }
        host = Self.canonicalAddress(host)
        if port < 0 || port > 65_535 { port = 0 }
        if port == 0 {
            switch scheme {
            case "http", "ws": port = 80
            case "https", "wss": port = 443
            case "ssh", "git+ssh", "sftp", "scp": port = 22
            case "ftp": port = 21
            case "git": port = 9_418
            default: break
            }
        }
    }

    var isHTTP: Bool { scheme == "http" || scheme == "https" }

    /// IPv4 addresses in one spelling: `0x7f000001`, `2130706433` and `127.1` are `127.0.0.1`.
    private static func canonicalAddress(_ host: String) -> String {
        guard let first = host.utf8.first, first >= 0x30 && first <= 0x39 else { return host }
        let fields = host.split(separator: ".", omittingEmptySubsequences: false)
        guard fields.count <= 4 else { return host }
        var numbers: [UInt32] = []
        for field in fields {
            let number: UInt32? =
                if field.hasPrefix("0x") {
                    UInt32(field.dropFirst(2), radix: 16)
                } else if field.hasPrefix("0"), field.count > 1 {
                    UInt32(field, radix: 8)
                } else { UInt32(field) }
            guard let number else { return host }
            numbers.append(number)
        }
        guard let last = numbers.popLast() else { return host }
        let room = 4 - numbers.count
        guard numbers.allSatisfy({ $0 < 256 }), room == 4 || last < UInt32(1) << UInt32(8 * room) else { return host }
        var address = last
        for (index, number) in numbers.enumerated() { address |= number << UInt32(24 - 8 * index) }
        return [24, 16, 8, 0].map { String((address >> UInt32($0)) & 255) }.joined(separator: ".")
    }
}
