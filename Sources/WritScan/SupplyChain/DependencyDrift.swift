// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// What a change of a dependency file does beyond what the new file shows by itself.
extension DependencyDetector {
    /// Compares a file before and after a change; findings stand on the lines of the new text.
    ///
    /// New dependencies are judged as in ``findings(in:_:)``; what was there before is not told again.
    ///
    /// - Parameter before: nil when the file is new.
    public func drift(path: String, before: [UInt8]?, after: [UInt8]) -> [Finding] {
        guard let kind = DependencyFile(path: path) else { return [] }
        let new = kind.read(after)
        guard let before else { return findings(in: new, kind) }
        let old = kind.read(before)
        let told = Set(findings(in: old, kind).map { Told($0) })
        var findings = findings(in: new, kind).filter { !told.contains(Told($0)) }

        let known = Dictionary(grouping: old.dependencies, by: Self.key)
        for dependency in new.dependencies {
            guard let earlier = known[Self.key(dependency)] else {
                if dependency.runsInstallScript {
                    findings.append(
                        finding(
                            "new-install-script", "drift", .medium, 0.7, line: dependency.line,
                            "`\(dependency.name)` is new and runs code of its own when it is installed",
                            "read its install script first"))
                }
                continue
            }
            let plain = dependency.atAnyLine
            if earlier.contains(where: { $0.atAnyLine == plain }) { continue }
            findings += changes(of: dependency, from: earlier, kind)
        }
        findings += settings(old: old.indexes, new: new.indexes)
        return findings.sorted { ($0.line, $0.rule) < ($1.line, $1.rule) }
    }

    /// A lock file that changed although no manifest beside it did: what the project asks for is the same, what it gets
    /// is not.
    ///
    /// - Parameter paths: every file that the change touches.
    public func strayLocks(_ paths: [String]) -> [(path: String, finding: Finding)] {
        var manifests: Set<String> = []
        for path in paths {
            if let kind = DependencyFile(path: path), !kind.isLock {
                manifests.insert(Self.folder(path) + " " + kind.rawValue)
                // A workspace has its manifests below the lock file.
                manifests.insert("* " + kind.rawValue)
            }
        }
        return paths.compactMap { path in
            guard let kind = DependencyFile(path: path), kind.isLock else { return nil }
            let isExplained = kind.manifests.contains { manifests.contains("* " + $0.rawValue) }
            guard !isExplained else { return nil }
            return (
                path,
                finding(
                    "lock-without-manifest", "drift", .low, 0.6, line: 1,
                    "the lock file changed, but no manifest did: other packages come in than before, and nobody asked for them",
                    "say what was updated, or restore the file")
            )
        }
    }

    private func changes(of new: Dependency, from earlier: [Dependency], _ kind: DependencyFile) -> [Finding] {
        var findings: [Finding] = []
        let same = earlier.first { $0.requirement == new.requirement && !$0.integrity.isEmpty }
        if same != nil, new.integrity.isEmpty, kind.isLock {
            findings.append(
                finding(
                    "integrity-removed", "drift", .medium, 0.8, line: new.line,
                    "`\(new.name)` has no content hash any more", "restore the hash"))
        } else if let same, !new.requirement.isEmpty, Self.contradict(same.integrity, new.integrity) {
            findings.append(
                finding(
                    "integrity-changed", "drift", .high, 0.9, line: new.line,
                    "`\(new.name)` \(new.requirement) has another content hash than before: the same version is not the same package",
                    "restore the hash and find out who changed it"))
        }
        let origins = Set(earlier.map { Self.origin($0.source) })
        let origin = Self.origin(new.source)
        if !origins.contains(origin), origin != "path" {
            findings.append(
                finding(
                    "source-changed", "drift", origins == ["path"] ? .low : .high, 0.85, line: new.line,
                    "`\(new.name)` comes from \(origin) now, not from \(origins.sorted().joined(separator: ", "))",
                    "check that the project's owner wants it"))
        }
        if new.ecosystem == "github-actions" {
            if earlier.contains(where: { Self.isCommit($0.requirement) }), !Self.isCommit(new.requirement) {
                findings.append(
                    finding(
                        "pin-removed", "drift", .medium, 0.9, line: new.line,
                        "the action `\(new.name)` was fixed to a commit and is taken by `\(new.requirement)` now",
                        "name a commit again"))
            }
            return findings
        }
        let latest = earlier.compactMap { PackageVersion(in: $0.requirement) }.max()
        if let latest, let version = PackageVersion(in: new.requirement), new.ecosystem != "docker",
            !Self.isCommit(new.requirement)
        {
            if version.breaking.first != latest.breaking.first || version.breaking.count != latest.breaking.count,
                version > latest
            {
                findings.append(
                    finding(
                        "major-upgrade", "drift", .low, 0.8, line: new.line,
                        "`\(new.name)` moves across a breaking version, to \(new.requirement)",
                        "read what changed and run the tests"))
            } else if version < latest {
                findings.append(
                    finding(
                        "downgrade", "drift", .low, 0.7, line: new.line,
                        "`\(new.name)` goes back to \(new.requirement)", "say why; fixes of later versions are lost"))
            }
        }
        if new.runsInstallScript, !earlier.contains(where: \.runsInstallScript) {
            findings.append(
                finding(
                    "new-install-script", "drift", .medium, 0.8, line: new.line,
                    "`\(new.name)` runs code of its own when it is installed, which it did not before",
                    "read its install script first"))
        }
        return findings
    }

    private func settings(old: [IndexSetting], new: [IndexSetting]) -> [Finding] {
        let known = Set(old.map { $0.scope + " " + $0.url })
        return new.filter { !known.contains($0.scope + " " + $0.url) && !LockTables.isUsual($0.url) }.map { setting in
            finding(
                "index-changed", "drift", .high, 0.8, line: setting.line,
                "\(setting.scope.isEmpty ? "packages" : "packages of \(setting.scope)") come from \(Self.host(setting.url)) now",
                "check that the project's owner wants it")
        }
    }

    private static func key(_ dependency: Dependency) -> String {
        dependency.ecosystem + " " + PackageIndex.normalised(dependency.name, in: dependency.ecosystem)
    }

    private static func origin(_ source: Dependency.Source) -> String {
        switch source {
        case .registry: "the usual registry"
        case .index(let url), .archive(let url): host(url)
        case .git(let url, _): "the repository \(repository(url))"
        case .path: "path"
        }
    }

    /// A repository's address without user, password and protocol.
    private static func repository(_ url: String) -> String {
        var path = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? Substring(url)
        if let user = path.firstIndex(of: "@") { path = path[path.index(after: user)...] }
        return String(path.hasSuffix(".git") ? path.dropLast(4) : path)
    }

    /// Hashes of the same kind of which none is shared. A package has many files; a list that grew is no contradiction.
    private static func contradict(_ old: String, _ new: String) -> Bool {
        func kind(_ text: some StringProtocol) -> String { String(text.prefix { $0 != "-" && $0 != ":" && $0 != "/" }) }
        let old = old.split(separator: " ")
        let new = new.split(separator: " ")
        // `sha512-…` and `sha256:…` name their kind; bare digests have it in their length.
        guard let one = old.first, let two = new.first, one.count == two.count else { return false }
        if kind(one).count < one.count, kind(one) != kind(two) { return false }
        return Set(old).isDisjoint(with: new)
    }

    private static func folder(_ path: String) -> Substring {
        path.lastIndex(of: "/").map { path[..<$0] } ?? ""
    }

    /// A finding without its place.
    private struct Told: Hashable {
        var rule: String
        var message: String

        init(_ finding: Finding) {
            rule = finding.rule
            message = finding.message
        }
    }
}

extension Dependency {
    /// The same, wherever it stands in its file.
    fileprivate var atAnyLine: Dependency {
        var copy = self
        copy.line = 0
        return copy
    }
}
