// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Hosts whose installers people run by name: `shell/publishers.table`.
///
/// That a text comes from one of them does not make it harmless. It says who answers for it, so that a person can be
/// asked a question that has an answer; of anybody else's text nobody can say that.
enum Publishers {
    private static let hosts: Set<String> = {
        var hosts: Set<String> = []
        for node in EmbeddedTable.nodes("shell/publishers.table") where node.keyword == "host" {
            for host in node.value.split(separator: " ") { hosts.insert(String(host)) }
        }
        return hosts
    }()

    private static let registries: Set<String> = {
        var hosts: Set<String> = []
        for node in EmbeddedTable.nodes("shell/publishers.table") where node.keyword == "registry" {
            for host in node.value.split(separator: " ") { hosts.insert(String(host)) }
        }
        return hosts
    }()

    /// Whether packages come from a place that everybody uses: a public registry or mirror, a known publisher, a forge,
    /// this machine, or the network of the house. What is not known counts as no other place.
    static func supply(_ value: Value) -> Bool {
        let known = value.knownPrefix
        let plain = known.hasPrefix("git+") ? value.dropping(4) : value
        if plain.startsUnknown || vouch(for: plain) { return true }
        let host = Endpoint(plain).host
        if host.isEmpty || host.utf8.contains(0xE2) || registries.contains(host) || hosts.contains(host) { return true }
        if host == "localhost" || host == "::1" || host == "[::1]" { return true }
        // Numbers alone: `10.example.org` is a name that anybody can have.
        let isNumeric = host.utf8.allSatisfy { $0 == 0x2E || $0 >= 0x30 && $0 <= 0x39 }
        if isNumeric, ["127.", "10.", "192.168."].contains(where: { host.hasPrefix($0) }) { return true }
        if !host.utf8.contains(0x2E) || host.hasSuffix(".local") || host.hasSuffix(".internal") { return true }
        guard let dot = host.utf8.firstIndex(of: 0x2E) else { return false }
        return registries.contains("*" + host[dot...]) || hosts.contains("*" + host[dot...])
    }

    /// Whether a URL is one of a known publisher: `https`, the usual port, no user in it, and a host of the table.
    static func vouch(for value: Value) -> Bool {
        // What is not known of it must lie behind the host.
        let known = value.knownPrefix
        guard known.hasPrefix("https://") else { return false }
        let rest = known.dropFirst(8)
        guard let slash = rest.utf8.firstIndex(of: 0x2F) ?? (value.isKnown ? rest.endIndex : nil) else { return false }
        let authority = rest[..<slash]
        if authority.utf8.contains(0x40) { return false }
        let endpoint = Endpoint(text: "https://" + authority)
        guard endpoint.port == 443 else { return false }
        if hosts.contains(endpoint.host) { return true }
        guard let dot = endpoint.host.utf8.firstIndex(of: 0x2E) else { return false }
        return hosts.contains("*" + endpoint.host[dot...])
    }
}
