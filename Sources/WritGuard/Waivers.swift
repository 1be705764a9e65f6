// SPDX-License-Identifier: Apache-2.0
public import WritCore
public import WritPolicy

/// The waivers that `writ policy waive` keeps beside the policies: a person sets a rule that ships with Writ, or one of
/// their own, aside for a time.
public struct Waivers: Sendable, Hashable {
    /// One waiver.
    public struct Waiver: Sendable, Hashable {
        /// The rule's full id, `<layer>/<policy>/<name>`.
        public var rule: String
        public var reason: String
        public var approvedBy: String
        /// Seconds since 1970; the waiver ends with it.
        public var until: Int64
        public var commands: [String]
        public var paths: [String]
        public var repos: [String]

        /// Creates a waiver.
        public init(
            rule: String, reason: String, approvedBy: String, until: Int64, commands: [String] = [],
            paths: [String] = [], repos: [String] = []
        ) {
            self.rule = rule
            self.reason = reason
            self.approvedBy = approvedBy
            self.until = until
            self.commands = commands
            self.paths = paths
            self.repos = repos
        }
    }

    public var waivers: [Waiver]

    /// Longer waivers are refused: whoever still needs one then says so again.
    public static let maximumSeconds: Int64 = 366 * 86_400

    /// Creates the collection.
    public init(_ waivers: [Waiver] = []) {
        self.waivers = waivers
    }

    /// Why a rule cannot be waived on this machine; nil when it can.
    ///
    /// What an organisation, a team or a project forbids is theirs to waive, in the policy that forbids it; what
    /// keeps agents from changing their guard is waived by nobody.
    public static func refusal(of rule: String) -> String? {
        let parts = rule.split(separator: "/")
        guard parts.count == 3, let layer = Layer(name: String(parts[0])) else {
            return "`\(rule.prefix(100))` is no rule's full id, which looks like `builtin/exfiltration/force-push`"
        }
        guard layer == .builtin || layer == .user else {
            return "`\(rule.prefix(200))` belongs to the layer `\(layer.name)`: only that policy can waive it"
        }
        if layer == .builtin, [Substring(DefaultPolicy.floor), "policy-folders"].contains(parts[1]) {
            return "`\(rule.prefix(200))` keeps agents from changing what guards them; it cannot be waived"
        }
        return nil
    }

    /// Reads the file.
    ///
    /// - Throws: ``MachineSettings/Fault`` with the number of the first waiver that is wrong.
    public init(_ bytes: [UInt8]) throws(MachineSettings.Fault) {
        self.init()
        let json: JSON
        do { json = try JSON(parsing: bytes) } catch {
            throw MachineSettings.Fault(message: "is not JSON: \(error)")
        }
        guard let all = json.array, all.count <= MachineSettings.maximumEntries else {
            throw MachineSettings.Fault(message: "must be a list of at most \(MachineSettings.maximumEntries) waivers")
        }
        for (index, one) in all.enumerated() {
            guard let rule = one["rule"]?.string, let reason = one["reason"]?.string, !reason.isEmpty,
                let by = one["approved_by"]?.string, let until = one["until"]?.integer,
                one.members?.allSatisfy({
                    ["rule", "reason", "approved_by", "until", "commands", "paths", "repos"].contains($0.key)
                }) == true
            else {
                throw MachineSettings.Fault(
                    message:
                        "waiver \(index + 1) must have `rule`, `reason`, `approved_by` and `until`, and nothing else"
                        + " but `commands`, `paths` and `repos`")
            }
            if let refusal = Self.refusal(of: rule) {
                throw MachineSettings.Fault(message: "waiver \(index + 1): \(refusal)")
            }
            func texts(_ key: String) throws(MachineSettings.Fault) -> [String] {
                guard let value = one[key] else { return [] }
                guard let list = value.array, list.count <= 100, list.allSatisfy({ $0.string?.isEmpty == false }) else {
                    throw MachineSettings.Fault(message: "`\(key)` of waiver \(index + 1) must be a list of texts")
                }
                return list.compactMap(\.string)
            }
            waivers.append(
                Waiver(
                    rule: rule, reason: reason, approvedBy: by, until: until, commands: try texts("commands"),
                    paths: try texts("paths"), repos: try texts("repos")))
        }
    }

    /// The waivers as a file holds them.
    public var json: JSON {
        func list(_ key: String, _ texts: [String]) -> [JSON.Member] {
            texts.isEmpty ? [] : [.init(key, .array(texts.map { .string($0) }))]
        }
        return .array(
            waivers.map { waiver in
                .object(
                    [
                        .init("rule", .string(waiver.rule)), .init("reason", .string(waiver.reason)),
                        .init("approved_by", .string(waiver.approvedBy)), .init("until", .integer(waiver.until)),
                    ] + list("commands", waiver.commands) + list("paths", waiver.paths) + list("repos", waiver.repos))
            })
    }

    /// As the engine takes them: by the rule's full id.
    public var byRule: [String: [PolicyDocument.Waiver]] {
        func marked(_ texts: [String]) -> [Marked<String>]? {
            texts.isEmpty ? nil : texts.map { Marked($0, SourceMark(line: 1, column: 1)) }
        }
        var all: [String: [PolicyDocument.Waiver]] = [:]
        for waiver in waivers {
            var match = PolicyDocument.Match()
            match.commands = marked(waiver.commands)
            match.paths = marked(waiver.paths)
            match.repos = marked(waiver.repos)
            all[waiver.rule, default: []].append(
                PolicyDocument.Waiver(
                    rule: Marked(waiver.rule, SourceMark(line: 1, column: 1)), reason: waiver.reason,
                    approvedBy: waiver.approvedBy, until: waiver.until, match: match))
        }
        return all
    }
}
