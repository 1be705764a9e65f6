// SPDX-License-Identifier: Apache-2.0

/// A host name in the form that is compared: lower case, no brackets, no final dot.
enum HostText {
    static func normalized(_ host: String) -> String {
        // Most hosts are in this form already.
        let isPlain = host.utf8.allSatisfy { ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x2D && $0 <= 0x39) || $0 == 0x2A }
        if isPlain, host.utf8.last != UInt8(ascii: ".") { return host }
        var text = host.lowercased()
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            text = String(text[text.index(after: text.startIndex)..<end])
        }
        while text.hasSuffix(".") { text.removeLast() }
        return text
    }

    /// Part of the name is computed while the command runs.
    static func isUnknown(_ host: String) -> Bool {
        host.contains("…") || host.contains("*") || host.contains("$")
    }
}

/// A pattern over hosts: a name, `*.name` for everything below it, an address, a CIDR block, or `*`.
struct HostPattern: Sendable, Hashable {
    enum Shape: Sendable, Hashable {
        case any
        case exact(String)
        /// Everything below, not the name itself.
        case below(String)
        case network(IPAddress, prefix: Int)
    }

    struct Fault: Error {
        let message: String
        let hint: String?
    }

    let source: String
    let shape: Shape

    init(_ source: String) throws(Fault) {
        self.source = source
        let text = HostText.normalized(source)
        guard !text.isEmpty, text.utf8.count <= 253 else { throw Fault(message: "is no host", hint: nil) }
        if text == "*" {
            shape = .any
            return
        }
        if let slash = text.lastIndex(of: "/") {
            guard let address = IPAddress(String(text[..<slash])), let prefix = Int(text[text.index(after: slash)...]),
                (0...address.width).contains(prefix)
            else {
                throw Fault(message: "is no CIDR block", hint: "`10.0.0.0/8`; hosts stand without scheme and path")
            }
            shape = .network(address, prefix: prefix)
            return
        }
        if let address = IPAddress(text) {
            shape = .network(address, prefix: address.width)
            return
        }
        let name = text.hasPrefix("*.") ? String(text.dropFirst(2)) : text
        guard !name.contains("*") else {
            throw Fault(message: "has a `*` that is not its first label", hint: "`*.example.com`")
        }
        let isName = name.unicodeScalars.allSatisfy {
            switch $0 {
            case "a"..."z", "0"..."9", "-", ".", "_": true
            default: $0.value >= 0x80 && $0.properties.isAlphabetic
            }
        }
        guard isName, !name.isEmpty, !name.hasPrefix("."), !name.contains("..") else {
            throw Fault(message: "is no host", hint: "a name without scheme, port and path")
        }
        shape = text.hasPrefix("*.") ? .below(name) : .exact(name)
    }

    /// The name by which rules are looked up; nil for blocks and `*`.
    var literal: String? {
        switch shape {
        case .exact(let name), .below(let name): name
        case .any, .network: nil
        }
    }

    /// A word that every host matched has; nil for `*`.
    var lookupKey: UInt64? {
        switch shape {
        case .exact(let name), .below(let name): RuleKey.host(name)
        case .network: RuleKey.address
        case .any: nil
        }
    }

    /// `host` is normalized; `address` is what it reads as when it is one.
    func matches(_ host: String, _ address: IPAddress?) -> Bool {
        switch shape {
        case .any: true
        case .exact(let name): host == name
        case .below(let name):
            host.utf8.count > name.utf8.count + 1 && host.hasSuffix(name)
                && host.utf8.dropLast(name.utf8.count).last == UInt8(ascii: ".")
        case .network(let network, let prefix): address.map { network.contains($0, prefix: prefix) } ?? false
        }
    }
}
