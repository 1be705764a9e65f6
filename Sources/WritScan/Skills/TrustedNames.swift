// SPDX-License-Identifier: Apache-2.0
internal import WritCore
internal import WritResources

/// Names of widely used skills and servers, and who stands behind them: `inspect/names.table`.
struct TrustedNames: Sendable {
    struct Publisher: Sendable, Hashable {
        var name: String
        var says: [String]
        var homes: [String]
        var hosts: [String]
    }

    struct Server: Sendable, Hashable {
        var name: String
        var publisher: String?
        var packages: [String]
    }

    /// How well a name of the table is known, for the reach of tricks: a name of three letters is a neighbour of many
    /// honest ones, so that a slip says nothing about it.
    private static let rank = 450
    /// A shorter name that differs by a letter is a word of its own.
    private static let shortest = 5

    private(set) var publishers: [Publisher] = []
    private var servers: [String: Server] = [:]
    private let skillRanks: [String: Int]
    private let serverRanks: [String: Int]
    private let packageRanks: [String: Int]
    private let knownSkills: KnownNames
    private let knownServers: KnownNames
    private let knownPackages: KnownNames

    init(table: some StringProtocol) throws {
        var skills: Set<String> = []
        for node in try Outline(parsing: table).nodes {
            func words(_ key: String) -> [String] {
                node.values(key).flatMap { $0.split(separator: " ").map(String.init) }
            }
            switch node.keyword {
            case "publisher":
                publishers.append(
                    Publisher(name: node.value, says: words("says"), homes: words("homes"), hosts: words("hosts")))
            case "skills": skills.formUnion(words("names"))
            case "server":
                let by = node.value("by")
                guard by == nil || publishers.contains(where: { $0.name == by }) else {
                    throw Outline.Fault(message: "no publisher `\(by ?? "")`", line: node.line)
                }
                servers[node.value] = Server(name: node.value, publisher: by, packages: words("packages"))
            default:
                throw Outline.Fault(message: "expected `publisher`, `skills` or `server`", line: node.line)
            }
        }
        func ranked(_ names: some Sequence<String>) -> [String: Int] {
            Dictionary(names.map { ($0, Self.rank) }, uniquingKeysWith: { first, _ in first })
        }
        skillRanks = ranked(skills)
        serverRanks = ranked(servers.keys)
        packageRanks = ranked(servers.values.flatMap(\.packages))
        knownSkills = KnownNames(skillRanks.keys)
        knownServers = KnownNames(serverRanks.keys)
        knownPackages = KnownNames(packageRanks.keys)
    }

    static func embedded() throws -> TrustedNames {
        guard let resource = Resource.named("inspect/names.table") else {
            throw InjectionModel.Fault(message: "the table of trusted names is missing")
        }
        return try TrustedNames(table: resource.text)
    }

    // MARK: Look-alikes

    /// The well-known skill that a name could be mistaken for.
    func likeness(ofSkill name: String) -> (target: String, trick: String)? {
        likeness(name, skillRanks, knownSkills) ?? disguised(name)
    }

    /// The well-known server that a name could be mistaken for.
    func likeness(ofServer name: String) -> (target: String, trick: String)? {
        likeness(name, serverRanks, knownServers) ?? foreign(name)
    }

    /// The well-known server's package that a name could be mistaken for.
    func likeness(ofPackage name: String) -> (target: String, trick: String)? {
        likeness(name, packageRanks, knownPackages)
    }

    private func likeness(
        _ name: String, _ ranks: [String: Int], _ known: KnownNames
    ) -> (target: String, trick: String)? {
        let lower = name.lowercased()
        guard lower.utf8.count <= 64, let found = LookAlike.find(lower, among: ranks, known: known) else { return nil }
        switch found.trick {
        case .homoglyph: break
        case .typo:
            if min(found.target.utf8.count, lower.utf8.count) < Self.shortest { return nil }
            if lower.filter({ $0 != "-" }) == found.target.filter({ $0 != "-" }) { return nil }
        // `file-system`, `postgres-server` and `review-code` are honest names of other things.
        case .separator, .order, .scope: return nil
        case .combination:
            guard let word = lower.split(separator: "-").first(where: { $0 != found.target }),
                ["official", "original", "real", "fixed", "patched", "secure"].contains(word)
            else { return nil }
        }
        return (found.target, found.trick.rawValue)
    }

    /// A capital I among small letters, where names have no capitals, or letters of another alphabet.
    private func disguised(_ name: String) -> (target: String, trick: String)? {
        let scalars = Array(name.unicodeScalars)
        let capitals = scalars.count { $0.properties.isUppercase }
        for index in scalars.indices.dropFirst() where scalars[index] == "I" && capitals == 1 {
            let after = index + 1 < scalars.count ? scalars[index + 1] : "a"
            if scalars[index - 1].properties.isLowercase, after.properties.isLowercase {
                return (name.replacing("I", with: "l"), LookAlike.Trick.homoglyph.rawValue)
            }
        }
        return foreign(name)
    }

    /// Letters of another alphabet among Latin ones.
    private func foreign(_ name: String) -> (target: String, trick: String)? {
        let scalars = name.unicodeScalars
        guard scalars.contains(where: { $0.isASCII && $0.properties.isAlphabetic }),
            scalars.contains(where: { (0x370...0x58F).contains($0.value) })
        else { return nil }
        let plain = LookAlike.latin(name)
        return plain == name ? nil : (plain, LookAlike.Trick.homoglyph.rawValue)
    }

    // MARK: Claims

    /// The well-known server of this name.
    func server(_ name: String) -> Server? { servers[name.lowercased()] }

    func publisher(named name: String) -> Publisher? { publishers.first { $0.name == name } }

    /// The publisher that a text claims to be: "official" beside its name.
    func claim(in text: String) -> Publisher? {
        let words = text.lowercased().split { !$0.isLetter && !$0.isNumber }
        guard let at = words.firstIndex(where: { $0 == "official" }) else { return nil }
        let near = words[max(0, at - 2)..<min(words.count, at + 5)]
        guard near.contains(where: { Self.things.contains(String($0)) }) else { return nil }
        return publishers.first { publisher in publisher.says.contains { word in near.contains { $0 == word } } }
    }

    /// What is said to be official, when it speaks of itself.
    private static let things: Set<String> = ["skill", "skills", "plugin", "agent", "extension", "server", "command"]

    /// Whether a repository's origin is one of the publisher's on its code host. Elsewhere an owner's name says nothing
    /// about who it is.
    ///
    /// - Parameter origin: the URL of the remote, as git keeps it.
    static func isHome(origin: String, of publisher: Publisher) -> Bool {
        let lower = origin.lowercased()
        var rest = lower[...]
        if let scheme = lower.firstRange(of: "://") {
            guard ["https", "ssh", "git"].contains(lower[..<scheme.lowerBound]) else { return false }
            rest = lower[scheme.upperBound...]
        } else {
            // A host and a path with a colon between them; anything else is a folder.
            guard let colon = rest.firstIndex(of: ":"), !rest[..<colon].contains("/") else { return false }
        }
        let parts = rest.split(maxSplits: 2) { $0 == "/" || $0 == ":" }
        guard parts.count == 3, parts[0].split(separator: "@").last == "github.com" else { return false }
        return publisher.homes.contains { parts[1] == $0 }
    }

    /// The publisher that an author's name is.
    func publisher(author: String) -> Publisher? {
        let words = author.lowercased().split { !$0.isLetter && !$0.isNumber }
        guard words.count <= 3 else { return nil }
        return publishers.first { publisher in publisher.says.contains { word in words.contains { $0 == word } } }
    }
}
