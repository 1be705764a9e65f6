// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// How strictly a call is judged, from relaxed to strict. The raw values are the words of `env.profile`.
public enum Profile: String, Sendable, Hashable, Comparable, CaseIterable {
    case prototyping, guarded, production

    public static func < (left: Profile, right: Profile) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .prototyping: 0
        case .guarded: 1
        case .production: 2
        }
    }
}

/// What a person or an administrator has settled for a machine: `settings.json` beside the policies.
///
/// A closed schema: what is not understood is a fault, so that a slip of the pen is never a missing rule.
public struct MachineSettings: Sendable, Hashable {
    /// Which repositories a profile is for. The keys that are stated must all fit.
    public struct ProfileRule: Sendable, Hashable {
        /// A glob over `host/owner/name`, without regard to case: `*` stays within a segment, `**` crosses.
        public var remote: String?
        /// A glob over the branch.
        public var branch: String?
        /// An absolute folder; the repository, or the workspace, is it or lies below it.
        public var folder: String?
        public var profile: Profile

        /// Creates a rule.
        public init(remote: String? = nil, branch: String? = nil, folder: String? = nil, profile: Profile) {
            self.remote = remote
            self.branch = branch
            self.folder = folder
            self.profile = profile
        }

        /// As `writ profile list` shows it.
        public var text: String {
            let parts = [
                remote.map { "remote \($0)" }, branch.map { "branch \($0)" }, folder.map { "folder \($0)" },
            ].compactMap { $0 }
            return parts.isEmpty ? "everywhere" : parts.joined(separator: ", ")
        }
    }

    /// Why settings were refused: one line, lower case, no full stop.
    public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        public let message: String
        public var description: String { message }
    }

    /// The profile where no rule fits; nil leaves it to other settings, and in the end to `prototyping`.
    public var profile: Profile?
    public var profileRules: [ProfileRule]
    /// An absolute folder with the team's policies.
    public var teamFolder: String?
    /// An absolute folder with the organisation's policies; nil for the usual one.
    public var organizationFolder: String?
    /// Keys that sign the organisation's policies, as ``PolicyKey`` spells them. With any, a policy without a good
    /// signature is refused.
    public var organizationKeys: [String]

    /// More rules or keys than this are refused.
    public static let maximumEntries = 1_000

    /// Creates settings; nothing is settled unless stated.
    public init(
        profile: Profile? = nil, profileRules: [ProfileRule] = [], teamFolder: String? = nil,
        organizationFolder: String? = nil, organizationKeys: [String] = []
    ) {
        self.profile = profile
        self.profileRules = profileRules
        self.teamFolder = teamFolder
        self.organizationFolder = organizationFolder
        self.organizationKeys = organizationKeys
    }

    /// What counts while settings that should be there cannot be read.
    public static let closed = MachineSettings(profile: .production)

    /// Reads a settings file.
    ///
    /// - Throws: ``Fault`` that names the first key that is wrong.
    public init(_ bytes: [UInt8]) throws(Fault) {
        self.init()
        let json: JSON
        do { json = try JSON(parsing: bytes) } catch { throw Fault(message: "is not JSON: \(error)") }
        for member in try Self.members(json, "the settings", ["profiles", "layers"]) {
            if member.key == "profiles" {
                try readProfiles(member.value)
            } else {
                try readLayers(member.value)
            }
        }
    }

    private mutating func readProfiles(_ json: JSON) throws(Fault) {
        for member in try Self.members(json, "`profiles`", ["default", "rules"]) {
            if member.key == "default" {
                profile = try Self.profile(member.value, "`profiles.default`")
                continue
            }
            guard let rules = member.value.array, rules.count <= Self.maximumEntries else {
                throw Fault(message: "`profiles.rules` must be a list of at most \(Self.maximumEntries) rules")
            }
            for (index, rule) in rules.enumerated() { profileRules.append(try Self.rule(rule, index + 1)) }
        }
    }

    private static func rule(_ json: JSON, _ number: Int) throws(Fault) -> ProfileRule {
        let place = "rule \(number) of `profiles.rules`"
        var rule = ProfileRule(profile: .production)
        var hasProfile = false
        for member in try members(json, place, ["remote", "branch", "folder", "profile"]) {
            switch member.key {
            case "remote": rule.remote = try text(member.value, "`remote` in \(place)")
            case "branch": rule.branch = try text(member.value, "`branch` in \(place)")
            case "folder": rule.folder = try folder(member.value, "`folder` in \(place)")
            default:
                rule.profile = try profile(member.value, "`profile` in \(place)")
                hasProfile = true
            }
        }
        guard hasProfile else { throw Fault(message: "\(place) names no `profile`") }
        guard rule.remote != nil || rule.branch != nil || rule.folder != nil else {
            throw Fault(message: "\(place) says nowhere where it applies; `profiles.default` is for everywhere")
        }
        return rule
    }

    private mutating func readLayers(_ json: JSON) throws(Fault) {
        for member in try Self.members(json, "`layers`", ["team", "organization"]) {
            if member.key == "team" {
                teamFolder = try Self.folder(member.value, "`layers.team`")
                continue
            }
            for one in try Self.members(member.value, "`layers.organization`", ["folder", "keys"]) {
                if one.key == "folder" {
                    organizationFolder = try Self.folder(one.value, "`layers.organization.folder`")
                    continue
                }
                guard let keys = one.value.array, keys.count <= Self.maximumEntries else {
                    throw Fault(message: "`layers.organization.keys` must be a list of keys")
                }
                for key in keys {
                    guard let text = key.string, PolicyKey(text) != nil else {
                        throw Fault(
                            message: "`layers.organization.keys` holds what is no key; one looks like `ed25519:…`")
                    }
                    organizationKeys.append(text)
                }
            }
        }
    }

    private static func members(_ json: JSON, _ place: String, _ known: [String]) throws(Fault) -> [JSON.Member] {
        guard let members = json.members else { throw Fault(message: "\(place) must be an object") }
        for member in members where !known.contains(member.key) {
            throw Fault(
                message:
                    "\(place) has the unknown key `\(String(member.key.prefix(40)))`; there are \(known.joined(separator: ", "))"
            )
        }
        return members
    }

    private static func text(_ json: JSON, _ place: String) throws(Fault) -> String {
        guard let text = json.string, !text.isEmpty, text.utf8.count <= 1_024 else {
            throw Fault(message: "\(place) must be a text of at most 1,024 bytes")
        }
        return text
    }

    private static func folder(_ json: JSON, _ place: String) throws(Fault) -> String {
        let text = try text(json, place)
        guard text.hasPrefix("/"), PathText.absolute(text, in: "/", home: "/") == text else {
            throw Fault(message: "\(place) must be an absolute path without `.`, `..` or a slash at its end")
        }
        return text
    }

    private static func profile(_ json: JSON, _ place: String) throws(Fault) -> Profile {
        guard let profile = json.string.flatMap(Profile.init(rawValue:)) else {
            throw Fault(
                message: "\(place) must be one of \(Profile.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return profile
    }

    /// The settings as a file holds them.
    public var json: JSON {
        var profiles: [JSON.Member] = []
        if let profile { profiles.append(.init("default", .string(profile.rawValue))) }
        if !profileRules.isEmpty {
            profiles.append(
                .init(
                    "rules",
                    .array(
                        profileRules.map { rule in
                            var members: [JSON.Member] = []
                            if let remote = rule.remote { members.append(.init("remote", .string(remote))) }
                            if let branch = rule.branch { members.append(.init("branch", .string(branch))) }
                            if let folder = rule.folder { members.append(.init("folder", .string(folder))) }
                            return .object(members + [.init("profile", .string(rule.profile.rawValue))])
                        })))
        }
        var organization: [JSON.Member] = []
        if let organizationFolder { organization.append(.init("folder", .string(organizationFolder))) }
        if !organizationKeys.isEmpty {
            organization.append(.init("keys", .array(organizationKeys.map { .string($0) })))
        }
        var layers: [JSON.Member] = []
        if let teamFolder { layers.append(.init("team", .string(teamFolder))) }
        if !organization.isEmpty { layers.append(.init("organization", .object(organization))) }
        var all: [JSON.Member] = []
        if !profiles.isEmpty { all.append(.init("profiles", .object(profiles))) }
        if !layers.isEmpty { all.append(.init("layers", .object(layers))) }
        return .object(all)
    }
}
