// SPDX-License-Identifier: Apache-2.0
internal import Synchronization
public import WritCore
public import WritScan

/// Judges manifests, lock files, images and workflows, and imports that no manifest covers.
public final class DependencyReview: FileDetector {
    public typealias Settings = DependencyDetector.Settings

    private let detector: Lazy<DependencyDetector>
    private let imports: Lazy<Imports>
    private let project: ProjectPackages?

    public var name: DetectorName { .supplyChain }

    /// Creates the detector; the index is loaded when the first file asks for it.
    ///
    /// - Parameters:
    ///   - project: the files around those that are looked at; without it imports are not judged.
    ///   - index: throws when there is none.
    public init(
        settings: Settings = Settings(), project: ProjectPackages? = nil,
        index: @escaping @Sendable () throws -> PackageIndex
    ) {
        self.project = project
        detector = Lazy { DependencyDetector(packages: SupplyChain(index: try index()), settings: settings) }
        imports = Lazy { Imports() }
    }

    public func reads(_ path: String) -> Bool {
        DependencyFile(path: path) != nil || Self.namesServers(path) || project?.covers(path) == true
    }

    public func surroundings(of path: String) -> String {
        DependencyFile(path: path) == nil ? project?.fingerprint(of: path) ?? "" : ""
    }

    public func findings(
        path: String, content: [UInt8], previous: [UInt8]?, _ context: ScanContext
    ) throws -> [Finding] {
        if DependencyFile(path: path) != nil {
            let detector = try detector.value()
            if let previous {
                return Self.calmed(detector.drift(path: path, before: previous, after: content))
            }
            return Self.calmed(
                try detector.findings(in: ScanRequest(text: content, phase: .output, path: path), context))
        }
        if Self.namesServers(path) { return try servers(path: path, content) }
        guard let project else { return [] }
        let missing = try imports.value().undeclared(
            path: path, text: String(decoding: content, as: UTF8.self), declared: project.declared(above: path),
            isLocal: project.isLocal)
        guard !missing.isEmpty else { return [] }
        // That a manifest forgets a package which exists is a matter of order, not of safety.
        return try detector.value().findings(for: missing).filter { $0.rule != "undeclared-import" }
    }

    /// Settings of agents, which may name MCP servers that a runner of packages fetches.
    private static func namesServers(_ path: String) -> Bool {
        [".json", ".jsonc", ".toml"].contains { path.hasSuffix($0) } && InstructionFiles.isInstruction(path)
    }

    private func servers(path: String, _ content: [UInt8]) throws -> [Finding] {
        let asked = SkillScanner.serverPackages(in: content, path: path)
        guard !asked.isEmpty else { return [] }
        let packages = try detector.value().packages
        let lines = LineIndex(content)
        return Self.calmed(
            asked.flatMap { server in
                packages.read(server.package).findings.map { finding in
                    var finding = finding
                    finding.line = server.line
                    let range = lines.range(ofLine: server.line) ?? 0..<0
                    finding.span = SourceSpan(start: range.lowerBound, end: range.upperBound)
                    return finding
                }
            })
    }

    /// Projects have packages of their own, and an index is never of today: a name that it does not hold is told, and is
    /// no reason to fail.
    private static func calmed(_ findings: [Finding]) -> [Finding] {
        findings.map { finding in
            guard finding.rule == "unknown-package" else { return finding }
            var finding = finding
            finding.severity = .low
            return finding
        }
    }

    /// Lock files of a change that no manifest explains.
    ///
    /// - Parameter paths: every file that the change touches.
    public func strayLocks(_ paths: [String]) throws -> [LocatedFinding] {
        guard paths.contains(where: { DependencyFile(path: $0)?.isLock == true }) else { return [] }
        return try detector.value().strayLocks(paths).map { LocatedFinding(path: $0.path, finding: $0.finding) }
    }
}

/// What the manifests of a tree ask for, and the names of its own modules. Files are read when they are first needed.
public final class ProjectPackages: Sendable {
    /// Manifests and lock files that are longer are not read for the names in them.
    static let longest = 8 << 20

    private struct Scope {
        var declared: [String: Set<String>] = [:]
        var fingerprint = ""
    }

    /// Files that ask for packages of Python or JavaScript, by the folder that they are for.
    private let manifests: [String: [ListedFile]]
    private let modules: Set<String>
    private let moduleFingerprint: String
    private let scopes = Mutex<[String: Scope]>([:])
    /// The names that the tree's own packages have.
    private let ownNames: Lazy<Set<String>>

    /// Looks at names alone.
    ///
    /// - Parameter files: all files of the tree.
    public init(files: [ListedFile]) {
        var manifests: [String: [ListedFile]] = [:]
        var modules: Set<String> = []
        for file in files {
            let parts = file.path.split(separator: "/")
            for part in parts.dropLast() { modules.insert(String(part)) }
            if let last = parts.last { modules.insert(String(last.prefix { $0 != "." })) }
            guard let kind = DependencyFile(path: file.path), Self.kinds.contains(kind), file.size <= Self.longest
            else {
                continue
            }
            var folders = parts.dropLast()
            // `requirements/dev.txt` is for the folder that holds `requirements`.
            if kind == .requirements, folders.last?.hasPrefix("requirements") == true { folders = folders.dropLast() }
            manifests[folders.joined(separator: "/"), default: []].append(file)
        }
        self.manifests = manifests
        self.modules = modules
        moduleFingerprint = Self.hash(modules)
        let packages = manifests.values.joined().filter { DependencyFile(path: $0.path) == .packageJSON }
        ownNames = Lazy {
            var names: Set<String> = []
            for file in packages {
                guard let bytes = Self.read(file), let name = Self.name(bytes) else { continue }
                names.insert(name)
            }
            return names
        }
    }

    private static let kinds: Set<DependencyFile> = [
        .requirements, .pyproject, .pipfile, .setupPy, .setupCfg, .pipfileLock, .poetryLock, .uvLock, .conda,
        .packageJSON,
        .packageLock, .yarnLock, .pnpmLock, .bunLock,
    ]

    /// The file is source whose imports some manifest should cover.
    func covers(_ path: String) -> Bool {
        guard !manifests.isEmpty, Self.isSource(path) else { return false }
        return !folders(above: path).isEmpty
    }

    func declared(above path: String) -> [String: Set<String>] { scope(of: path).declared }

    func fingerprint(of path: String) -> String {
        covers(path) ? scope(of: path).fingerprint + moduleFingerprint : ""
    }

    /// The tree holds a module or a package of that name.
    func isLocal(_ module: String) -> Bool {
        if modules.contains(module) { return true }
        do {
            return try ownNames.value().contains(module)
        } catch {
            return false
        }
    }

    private static func isSource(_ path: String) -> Bool {
        [".py", ".js", ".ts", ".jsx", ".tsx", ".mjs", ".cjs", ".mts", ".cts"].contains { path.hasSuffix($0) }
    }

    /// Folders with manifests, from the root to the file's own.
    private func folders(above path: String) -> [String] {
        var found: [String] = []
        if manifests[""] != nil { found.append("") }
        var at = path.startIndex
        while let slash = path[at...].firstIndex(of: "/") {
            let folder = String(path[..<slash])
            if manifests[folder] != nil { found.append(folder) }
            at = path.index(after: slash)
        }
        return found
    }

    private func scope(of path: String) -> Scope {
        let folders = folders(above: path)
        guard let key = folders.last else { return Scope() }
        if let known = scopes.withLock({ $0[key] }) { return known }
        var scope = Scope()
        var names: Set<String> = []
        for file in folders.flatMap({ manifests[$0] ?? [] }) {
            guard let bytes = Self.read(file), let kind = DependencyFile(path: file.path) else {
                // Without one of its manifests nothing can be called undeclared.
                scope.declared = [:]
                names = []
                break
            }
            for (ecosystem, found) in Imports.declared(by: kind.read(bytes).dependencies) {
                scope.declared[ecosystem, default: []].formUnion(found)
                for name in found { names.insert(ecosystem + " " + name) }
            }
        }
        scope.fingerprint = Self.hash(names)
        scopes.withLock { $0[key] = scope }
        return scope
    }

    private static func read(_ file: ListedFile) -> [UInt8]? {
        do {
            return try OpenFile(file.location).readAll(limit: longest)
        } catch {
            // The file itself is an item of the scan, which tells that it cannot be read.
            return nil
        }
    }

    private static func name(_ bytes: [UInt8]) -> String? {
        do {
            return try JSON(parsing: bytes)["name"]?.string
        } catch {
            return nil
        }
    }

    private static func hash(_ names: Set<String>) -> String {
        FindingIdentity.digest(names.sorted().joined(separator: "\n"))
    }
}
