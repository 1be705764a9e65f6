// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// Reads manifests, lock files, images and workflows, and judges what they bring in.
public struct DependencyDetector: Detector {
    /// What is known of the project and its owner.
    public struct Settings: Sendable, Hashable {
        /// Names that must never come from a public registry, as globs (`@acme/*`, `acme-*`).
        public var internalNames: [String] = []
        /// Names with fewer downloads a week get a finding; 0 asks nothing.
        public var minimumWeeklyDownloads = 0
        /// Days that a name must have been registered for; 0 asks nothing.
        public var minimumAgeDays = 0
        /// The day the reading is of, as days since 1970; nil takes the index's own day.
        public var today: Int?

        /// Creates the settings of a project of which nothing is known.
        public init() {}
    }

    public let packages: SupplyChain
    public let settings: Settings

    public var scanner: String { "supply_chain" }

    /// Creates a detector over an index.
    public init(packages: SupplyChain, settings: Settings = Settings()) {
        self.packages = packages
        self.settings = settings
    }

    public func findings(in request: ScanRequest, _ context: ScanContext) throws -> [Finding] {
        guard let path = request.path, let kind = DependencyFile(path: path) else { return [] }
        let reading = kind.read(request.text)
        var places = LineSpans(request.text)
        var findings = findings(in: reading, kind)
        for index in findings.indices { findings[index].span = places.span(ofLine: findings[index].line) }
        guard findings.count > context.findingLimit else { return findings }
        findings.removeLast(findings.count - context.findingLimit)
        findings.append(
            Finding(
                scanner: scanner, rule: "scan-limit", category: "limit", severity: .medium, confidence: 1,
                message: "only the first \(context.findingLimit) findings are told"))
        return findings
    }

    /// What there is to say of a file's contents as they stand, in order of line.
    public func findings(in reading: DependencyReading, _ kind: DependencyFile) -> [Finding] {
        var findings: [Finding] = []
        for gap in reading.gaps {
            findings.append(finding("unread-dependencies", "limit", .low, 1, line: 1, "a part was not read: \(gap)"))
        }
        for setting in reading.indexes { findings += self.findings(for: setting) }
        var seen: Set<String> = []
        for dependency in reading.dependencies {
            findings += pins(dependency, kind)
            findings += origin(dependency)
            guard seen.insert(dependency.ecosystem + " " + dependency.name + " " + dependency.requirement).inserted
            else {
                continue
            }
            findings += reputation(dependency, kind)
        }
        return findings.sorted { ($0.line, $0.rule) < ($1.line, $1.rule) }
    }

    /// What the name says: look-alikes, unknown and rare names, known bad versions, internal names.
    func reputation(_ dependency: Dependency, _ kind: DependencyFile) -> [Finding] {
        switch dependency.source {
        case .registry, .index: break
        // What comes from elsewhere has no registry's name.
        case .git, .archive, .path: return []
        }
        var findings: [Finding] = []
        let isInternal = settings.internalNames.contains { Glob.matches($0, dependency.name) }
        if isInternal {
            if case .registry = dependency.source, kind.isLock {
                findings.append(
                    finding(
                        "dependency-confusion", "confusion", .high, 0.85, line: dependency.line,
                        "`\(dependency.name)` is an internal name, but is taken from the public registry",
                        "name the internal registry for it and reserve the name in public"))
            }
            return findings
        }
        if case .index = dependency.source { return [] }
        let package = Operation.Package(
            ecosystem: dependency.ecosystem, name: dependency.name, version: dependency.requirement)
        let minimum = kind.isLock ? 0 : settings.minimumWeeklyDownloads
        for var found in packages.read(package, minimumWeeklyDownloads: minimum).findings {
            // A lock file follows from its manifest; its many names that few know say nothing by being there.
            if kind.isLock, found.rule != "look-alike" || found.confidence < 0.8 { continue }
            found.line = dependency.line
            findings.append(found)
        }
        let exact = kind.isLock ? PackageVersion(in: dependency.requirement) : Self.pinned(dependency)
        for advisory in packages.index.advisories(for: dependency.name, in: dependency.ecosystem)
        where exact.map(advisory.covers) ?? advisory.coversAll {
            findings.append(
                finding(
                    advisory.isMalware ? "malicious-package" : "known-vulnerability", "advisory", advisory.severity,
                    0.95,
                    line: dependency.line,
                    "`\(([dependency.name, dependency.requirement].filter { !$0.isEmpty }).joined(separator: " "))` is named in \(advisory.id)",
                    advisory.fixed.map { "take \($0) or later" } ?? "take another package"))
        }
        if settings.minimumAgeDays > 0,
            let age = packages.ageInDays(of: dependency.name, in: dependency.ecosystem, today: settings.today),
            age < settings.minimumAgeDays
        {
            findings.append(
                finding(
                    "too-new", "reputation", .medium, 0.8, line: dependency.line,
                    "`\(dependency.name)` has been registered for \(age) days, fewer than \(settings.minimumAgeDays)",
                    "wait, or read its source first"))
        }
        return findings
    }

    /// The version that a manifest fixes; nil when it leaves a choice.
    private static func pinned(_ dependency: Dependency) -> PackageVersion? {
        let text = dependency.requirement
        let isFixed =
            text.hasPrefix("==") || text.hasPrefix("=") && !text.hasPrefix("=>") || text.first?.isNumber == true
            || dependency.ecosystem == "go"
        guard isFixed, !text.contains(","), !text.contains("*"), !text.contains("|"), !text.contains(" ") else {
            return nil
        }
        return PackageVersion(in: text)
    }

    /// References that can be moved under the project's feet.
    private func pins(_ dependency: Dependency, _ kind: DependencyFile) -> [Finding] {
        switch dependency.ecosystem {
        case "github-actions":
            let reference = dependency.requirement
            if Self.isCommit(reference) { return [] }
            let isOwn = dependency.name.hasPrefix("actions/") || dependency.name.hasPrefix("github/")
            let isBranch = ["main", "master", "develop", "dev", "latest", "head"].contains(reference.lowercased())
            return [
                finding(
                    "unpinned-action", "pin", isBranch ? .medium : isOwn ? .info : .low, 0.9, line: dependency.line,
                    "the action `\(dependency.name)` is taken by \(isBranch ? "branch" : "tag") `\(reference)`, which its owner can move",
                    "name the commit of forty digits, with the tag in a comment")
            ]
        case "docker"
        where dependency.integrity.isEmpty && (dependency.requirement.isEmpty || dependency.requirement == "latest"):
            return [
                finding(
                    "unpinned-image", "pin", .low, 0.9, line: dependency.line,
                    "the image `\(dependency.name)` is taken in whatever version is newest",
                    "name a version, better with its digest")
            ]
        case "npm", "pypi", "crates", "rubygems", "packagist":
            guard !kind.isLock, ["*", "latest", "x", ">=0", ">= 0", ">=0.0.0"].contains(dependency.requirement) else {
                return []
            }
            return [
                finding(
                    "unbounded-version", "pin", .info, 0.9, line: dependency.line,
                    "`\(dependency.name)` is taken in whatever version is newest", "name a version")
            ]
        default: return []
        }
    }

    /// Packages from outside a registry.
    private func origin(_ dependency: Dependency) -> [Finding] {
        switch dependency.source {
        case .registry, .path: return []
        case .index(let url): return insecure(url, dependency.line)
        case .archive(let url):
            return insecure(url, dependency.line) + [
                finding(
                    "archive-dependency", "source", .low, dependency.integrity.isEmpty ? 0.8 : 0.4,
                    line: dependency.line,
                    "`\(dependency.name)` is a file at \(Self.host(url)), which no registry vouches for",
                    "take it from a registry, or demand its hash")
            ]
        case .git(let url, let reference):
            guard dependency.ecosystem != "go", dependency.ecosystem != "swift" else {
                return insecure(url, dependency.line)
            }
            guard !Self.isCommit(reference) else { return insecure(url, dependency.line) }
            return insecure(url, dependency.line) + [
                finding(
                    "git-dependency", "source", .low, 0.8, line: dependency.line,
                    "`\(dependency.name)` is whatever \(Self.host(url)) gives\(reference.isEmpty ? "" : " for `\(reference)`")",
                    "name a commit, or take it from a registry")
            ]
        }
    }

    private func insecure(_ url: String, _ line: Int) -> [Finding] {
        guard url.hasPrefix("http://") || url.hasPrefix("git://") || url.hasPrefix("git+http://") else { return [] }
        let host = Self.host(url)
        if host == "localhost" || host == "127.0.0.1" || host == "[::1]" { return [] }
        return [
            finding(
                "unencrypted-source", "source", .high, 0.9, line: line,
                "packages come from \(host) without encryption: whoever is on the way can replace them", "use https")
        ]
    }

    private func findings(for setting: IndexSetting) -> [Finding] {
        var findings = insecure(setting.url, setting.line)
        guard !LockTables.isUsual(setting.url), !setting.url.hasPrefix("replace-with ") else { return findings }
        if setting.isAdditional, setting.ecosystem == "pypi" {
            findings.append(
                finding(
                    "additional-index", "confusion", .medium, 0.7, line: setting.line,
                    "packages are asked for at \(Self.host(setting.url)) beside the usual registry: a name that only one of them should hold can be taken on the other",
                    "use one registry that mirrors both, or bind names to registries"))
        }
        return findings
    }

    static func isCommit(_ text: String) -> Bool {
        (text.utf8.count == 40 || text.utf8.count == 64)
            && text.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (97...102).contains(byte) || (65...70).contains(byte)
            }
    }

    /// The host of an address, never its user or password.
    static func host(_ url: String) -> String {
        var body = Substring(url)
        if let mark = url.firstRange(of: "://") { body = url[mark.upperBound...] }
        body = body.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if let user = body.lastIndex(of: "@") { body = body[body.index(after: user)...] }
        if body.hasPrefix("[") { return String(body.prefix { $0 != "]" }) + "]" }
        return String(body.prefix { $0 != ":" })
    }

    func finding(
        _ rule: String, _ category: String, _ severity: Severity, _ confidence: Double, line: Int, _ message: String,
        _ remedy: String = ""
    ) -> Finding {
        Finding(
            scanner: scanner, rule: rule, category: category, severity: severity, confidence: confidence, line: line,
            message: message, remedy: remedy)
    }
}

/// `*` in names.
enum Glob {
    /// Linear in the text: a star is tried as short as possible and never again once the next one matched.
    static func matches(_ pattern: String, _ text: String) -> Bool {
        let pattern = Array(pattern.utf8)
        let text = Array(text.utf8)
        var at = 0
        var place = 0
        var star: (pattern: Int, text: Int)?
        while place < text.count {
            if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
                star = (at, place)
                at += 1
            } else if at < pattern.count, pattern[at] == text[place] {
                at += 1
                place += 1
            } else if let last = star {
                at = last.pattern + 1
                place = last.text + 1
                star = (last.pattern, last.text + 1)
            } else {
                return false
            }
        }
        while at < pattern.count, pattern[at] == UInt8(ascii: "*") { at += 1 }
        return at == pattern.count
    }
}

/// The byte ranges of lines, for line numbers that only grow.
private struct LineSpans {
    private let bytes: [UInt8]
    private var line = 1
    private var start = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func span(ofLine wanted: Int) -> SourceSpan {
        while line < wanted, let end = bytes[start...].firstIndex(of: 10) {
            start = end + 1
            line += 1
        }
        return SourceSpan(start: start, end: bytes[start...].firstIndex(of: 10) ?? bytes.count)
    }
}
