// SPDX-License-Identifier: Apache-2.0
public import WritCore
public import WritScan
internal import Yams

/// A finding that a person decided to live with, for a while.
public struct Suppression: Sendable, Hashable {
    /// The rule's id; nil for any.
    public var rule: String?
    /// Where; nil for anywhere.
    public var path: PathPattern?
    /// The identity of one finding; nil for any that rule and path cover.
    public var fingerprint: String?
    /// Why, in a person's words.
    public var reason: String
    /// The last day on which it holds.
    public var expires: Day
    /// The line in the settings file.
    public var line: Int

    /// Creates a suppression.
    public init(
        rule: String? = nil, path: PathPattern? = nil, fingerprint: String? = nil, reason: String, expires: Day,
        line: Int = 0
    ) {
        self.rule = rule
        self.path = path
        self.fingerprint = fingerprint
        self.reason = reason
        self.expires = expires
        self.line = line
    }

    /// The finding is one that it names, whatever the day.
    public func covers(_ found: LocatedFinding) -> Bool {
        if let fingerprint, fingerprint != found.identity { return false }
        if let rule, rule != found.finding.rule { return false }
        if let path, !path.matches(found.path) { return false }
        return true
    }
}

/// `.writ/scan.yaml`: what a repository's owners decided about its scans.
///
///     version: 1
///     detectors: [secrets, prompt_injection, unicode, skill, code]
///     fail_on: medium
///     min_confidence: {secrets: 0.5}
///     exclude: [vendor/, '*.min.js']
///     internal_packages: ['@acme/*']
///     minimum_age_days: 30
///     minimum_weekly_downloads: 500
///     suppressions:
///       - rule: weak-hash
///         path: legacy/**
///         fingerprint: 0123456789abcdef
///         reason: The old protocol needs MD5 until the migration in March.
///         expires: 2027-03-31
public struct ScanSettings: Sendable, Hashable {
    /// Nil: what the command chooses.
    public var detectors: Set<DetectorName>?
    public var failOn: Severity?
    /// By scanner, the probability from which a finding is reported.
    public var minimumConfidence: [String: Double] = [:]
    /// Paths that are not read; each is counted in the report.
    public var exclude: [PathPattern] = []
    public var suppressions: [Suppression] = []
    /// Names of packages that must never come from a public registry, with `*`.
    public var internalPackages: [String] = []
    /// Days that a package's name must have been registered for; 0 asks nothing.
    public var minimumAgeDays = 0
    /// Downloads a week that a package must have; 0 asks nothing.
    public var minimumWeeklyDownloads = 0

    /// Where it lies in a repository.
    public static let path = ".writ/scan.yaml"
    /// The longest a suppression may hold, in days.
    public static let longest = 366
    static let sizeLimit = 1 << 20

    /// Nothing set.
    public init() {}

    /// Why a file was refused.
    public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        public let file: String
        /// 1-based.
        public let line: Int
        /// One line, lower case, no full stop.
        public let message: String

        /// `file:line: message`.
        public var description: String { "\(file):\(line): \(message)" }
    }

    /// Reads a file: one document of at most 1 MiB; unknown keys are errors.
    ///
    /// - Parameter today: expiry days may lie at most ``longest`` days after it.
    public init(parsing bytes: [UInt8], file: String = ScanSettings.path, today: Day) throws(Fault) {
        func fault(_ message: String, _ line: Int) -> Fault { Fault(file: file, line: line, message: message) }
        guard bytes.count <= Self.sizeLimit else { throw fault("is over \(Self.sizeLimit >> 20) MiB", 1) }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw fault("is not UTF-8", 1) }
        let root: Node?
        do {
            root = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            throw fault("is not valid YAML", Self.line(of: error))
        } catch {
            throw fault("is not valid YAML", 1)
        }
        guard let root else { return }
        var reader = SettingsReader(file: file, today: today)
        self = try reader.read(root)
    }

    private static func line(of error: YamlError) -> Int {
        switch error {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        case .duplicatedKeysInMapping(_, let context): context.mark.line
        default: 1
        }
    }

    /// The lines of one suppression, to be put at the end of the `suppressions` list.
    public static func text(of suppression: Suppression) -> String {
        var facts: [String] = []
        if let rule = suppression.rule { facts.append("rule: \(quoted(rule))") }
        if let path = suppression.path { facts.append("path: \(quoted(path.text))") }
        if let fingerprint = suppression.fingerprint { facts.append("fingerprint: \(quoted(fingerprint))") }
        facts.append("reason: \(quoted(suppression.reason))")
        facts.append("expires: \(suppression.expires)")
        return facts.enumerated().map { ($0.offset == 0 ? "  - " : "    ") + $0.element + "\n" }.joined()
    }

    /// The file with one suppression more. Comments and order stay; a file without suppressions gets the list.
    ///
    /// - Throws: ``Fault`` when the result would not load, for instance since the list is written in brackets.
    public static func adding(
        _ suppression: Suppression, to bytes: [UInt8], file: String = ScanSettings.path, today: Day
    ) throws(Fault) -> [UInt8] {
        let before = try ScanSettings(parsing: bytes, file: file, today: today)
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        if lines.isEmpty { lines = ["version: 1"] }
        let entry = text(of: suppression).dropLast().split(separator: "\n").map(String.init)
        if let head = lines.firstIndex(where: { $0.hasPrefix("suppressions:") }) {
            lines[head] = "suppressions:"
            // The list ends before the next key that stands at the margin.
            var end = head + 1
            while end < lines.count,
                lines[end].isEmpty || lines[end].hasPrefix(" ") || lines[end].hasPrefix("#")
                    || lines[end].hasPrefix("-")
            { end += 1 }
            while end > head + 1, lines[end - 1].isEmpty || lines[end - 1].hasPrefix("#") { end -= 1 }
            let indent = lines[head + 1..<end].first { $0.drop { $0 == " " }.hasPrefix("-") }.map {
                $0.prefix { $0 == " " }.count
            }
            let shift = (indent ?? 2) - 2
            lines.insert(
                contentsOf: entry.map {
                    shift >= 0 ? String(repeating: " ", count: shift) + $0 : String($0.dropFirst(-shift))
                },
                at: end)
        } else {
            lines += ["suppressions:"] + entry
        }
        let text = lines.joined(separator: "\n") + "\n"
        let after = try ScanSettings(parsing: Array(text.utf8), file: file, today: today)
        guard after.suppressions.count == before.suppressions.count + 1 else {
            throw Fault(
                file: file, line: 1,
                message: "`suppressions` is written in a form that cannot be extended; add it by hand")
        }
        return Array(text.utf8)
    }

    private static func quoted(_ text: String) -> String {
        "'" + text.replacing("'", with: "''") + "'"
    }
}

/// Walks the parsed file.
private struct SettingsReader {
    let file: String
    let today: Day

    private func fault(_ message: String, _ node: Node) -> ScanSettings.Fault {
        ScanSettings.Fault(file: file, line: node.mark?.line ?? 1, message: message)
    }

    private func pairs(
        _ node: Node, _ what: String, keys: [String]
    ) throws(ScanSettings.Fault) -> [(key: String, keyNode: Node, value: Node)] {
        guard case .mapping(let mapping) = node else { throw fault("\(what) must be keys with values", node) }
        guard mapping.anchor == nil else { throw fault("anchors are not accepted", node) }
        var result: [(String, Node, Node)] = []
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key, !keys.isEmpty else { throw fault("a key must be a word", key) }
            guard keys.contains(scalar.string) else {
                throw fault(
                    "unknown key `\(Self.short(scalar.string))`; there are \(keys.joined(separator: ", "))", key)
            }
            guard !result.contains(where: { $0.0 == scalar.string }) else {
                throw fault("the key `\(scalar.string)` stands twice", key)
            }
            result.append((scalar.string, key, value))
        }
        return result
    }

    private func text(_ node: Node, _ what: String) throws(ScanSettings.Fault) -> String {
        guard case .scalar(let scalar) = node, scalar.anchor == nil else {
            throw fault("`\(what)` must be a text", node)
        }
        let text = scalar.string
        guard !text.isEmpty, text.utf8.count <= 1024,
            text.unicodeScalars.allSatisfy({ !Excerpt.isInvisible($0) || $0.value == 0xA0 })
        else { throw fault("`\(what)` is empty, too long or holds invisible characters", node) }
        return text
    }

    private func list(_ node: Node, _ what: String) throws(ScanSettings.Fault) -> [Node] {
        if case .scalar(let scalar) = node, scalar.string.isEmpty { return [] }
        guard case .sequence(let sequence) = node, sequence.anchor == nil else {
            throw fault("`\(what)` must be a list", node)
        }
        guard sequence.count <= 10_000 else { throw fault("`\(what)` has more than 10,000 entries", node) }
        return Array(sequence)
    }

    private func number(_ node: Node, _ what: String, most: Int) throws(ScanSettings.Fault) -> Int {
        guard let number = Int(try text(node, what)), (0...most).contains(number) else {
            throw fault("`\(what)` must be a number from 0 to \(most)", node)
        }
        return number
    }

    mutating func read(_ root: Node) throws(ScanSettings.Fault) -> ScanSettings {
        var settings = ScanSettings()
        if case .scalar(let scalar) = root, scalar.string.isEmpty { return settings }
        let keys = [
            "version", "detectors", "fail_on", "min_confidence", "exclude", "internal_packages", "minimum_age_days",
            "minimum_weekly_downloads", "suppressions",
        ]
        for (key, _, value) in try pairs(root, "the file", keys: keys) {
            switch key {
            case "version":
                guard try text(value, key) == "1" else { throw fault("`version` must be 1", value) }
            case "detectors":
                var names: Set<DetectorName> = []
                for node in try list(value, key) {
                    let word = try text(node, key)
                    guard let name = DetectorName(rawValue: word) else {
                        throw fault("there is no detector `\(Self.short(word))`; there are \(Self.detectors)", node)
                    }
                    names.insert(name)
                }
                guard !names.isEmpty else { throw fault("`detectors` is empty", value) }
                settings.detectors = names
            case "fail_on":
                guard let level = Severity(name: try text(value, key)) else {
                    throw fault("`fail_on` must be info, low, medium, high or critical", value)
                }
                settings.failOn = level
            case "min_confidence":
                for (name, _, number) in try pairs(
                    value, "`min_confidence`", keys: DetectorName.allCases.map(\.rawValue))
                {
                    guard let least = Double(try text(number, name)), (0...1).contains(least) else {
                        throw fault("`\(name)` must be a number from 0 to 1", number)
                    }
                    settings.minimumConfidence[name] = least
                }
            case "exclude":
                for node in try list(value, key) {
                    guard let pattern = PathPattern(try text(node, key)) else {
                        throw fault("`exclude` needs patterns of relative paths", node)
                    }
                    settings.exclude.append(pattern)
                }
            case "internal_packages":
                for node in try list(value, key) { settings.internalPackages.append(try text(node, key)) }
            case "minimum_age_days":
                settings.minimumAgeDays = try number(value, key, most: 3_650)
            case "minimum_weekly_downloads":
                settings.minimumWeeklyDownloads = try number(value, key, most: 1_000_000_000)
            default:
                for node in try list(value, key) { settings.suppressions.append(try suppression(node)) }
            }
        }
        return settings
    }

    private func suppression(_ node: Node) throws(ScanSettings.Fault) -> Suppression {
        var found = Suppression(reason: "", expires: today, line: node.mark?.line ?? 0)
        var hasExpiry = false
        let keys = ["rule", "path", "fingerprint", "reason", "expires"]
        for (key, _, value) in try pairs(node, "a suppression", keys: keys) {
            let text = try text(value, key)
            switch key {
            case "rule": found.rule = text
            case "path":
                guard let pattern = PathPattern(text) else { throw fault("`path` must be a relative pattern", value) }
                found.path = pattern
            case "fingerprint":
                guard FindingIdentity.isValid(text) else {
                    throw fault("`fingerprint` must be 16 hexadecimal digits, as a report shows them", value)
                }
                found.fingerprint = text
            case "reason": found.reason = text
            default:
                guard let day = Day(text) else { throw fault("`expires` must be a day such as 2027-01-31", value) }
                guard day <= today.adding(ScanSettings.longest) else {
                    throw fault("`expires` is more than a year away", value)
                }
                found.expires = day
                hasExpiry = true
            }
        }
        guard found.rule != nil || found.fingerprint != nil else {
            throw fault("a suppression needs `rule` or `fingerprint`", node)
        }
        guard found.reason.utf8.count >= 10 else {
            throw fault("a suppression needs a `reason` of at least 10 characters", node)
        }
        guard hasExpiry else { throw fault("a suppression needs `expires`, at most a year away", node) }
        return found
    }

    private static var detectors: String { DetectorName.allCases.map(\.rawValue).joined(separator: ", ") }

    private static func short(_ text: String) -> String { Excerpt.harmless(String(text.prefix(40))) }
}
