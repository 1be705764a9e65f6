// SPDX-License-Identifier: Apache-2.0

/// The kinds of files by which dependencies come into a project, known by their names.
public enum DependencyFile: String, Sendable, Hashable, CaseIterable {
    // Python
    case requirements, pyproject, pipfile, setupPy, setupCfg, pipfileLock, poetryLock, uvLock, pipSettings, conda
    // JavaScript
    case packageJSON, packageLock, yarnLock, pnpmLock, bunLock, npmSettings
    // Rust, Go
    case cargoToml, cargoLock, cargoSettings, goMod, goSum
    // Java
    case pom, gradle, gradleCatalog, gradleLock
    // Ruby, .NET, Swift
    case gemfile, gemfileLock, gemspec, msbuild, packagesConfig, nugetLock, packageSwift, packageResolved
    // PHP
    case composer, composerLock
    // Images and workflows
    case dockerfile, compose, actions

    /// The kind of a file, by its path alone; nil for other files.
    public init?(path: String) {
        let parts = path.split(separator: "/")
        guard let last = parts.last else { return nil }
        let name = last.lowercased()
        if let kind = Self.names[name] {
            self = kind
            return
        }
        let folders = parts.dropLast().map { $0.lowercased() }
        switch true {
        case (name.hasSuffix(".txt") || name.hasSuffix(".in"))
            && (name.hasPrefix("requirements") || name.hasSuffix("requirements.txt") || name.hasPrefix("constraints")
                || folders.last == "requirements"):
            self = .requirements
        case name.hasSuffix(".gemspec"): self = .gemspec
        case name.hasSuffix(".csproj"), name.hasSuffix(".fsproj"), name.hasSuffix(".vbproj"): self = .msbuild
        case name.hasSuffix(".gradle"), name.hasSuffix(".gradle.kts"): self = .gradle
        case name.hasSuffix(".versions.toml"): self = .gradleCatalog
        case name.hasPrefix("dockerfile."), name.hasSuffix(".dockerfile"), name.hasPrefix("containerfile."):
            self = .dockerfile
        case (name.hasPrefix("docker-compose") || name.hasPrefix("compose"))
            && (name.hasSuffix(".yml") || name.hasSuffix(".yaml")):
            self = .compose
        case (name.hasSuffix(".yml") || name.hasSuffix(".yaml")) && folders.suffix(2) == [".github", "workflows"]:
            self = .actions
        case name.hasPrefix("package@swift-") && name.hasSuffix(".swift"): self = .packageSwift
        case (name == "config.toml" || name == "config") && folders.last == ".cargo": self = .cargoSettings
        default: return nil
        }
    }

    private static let names: [String: DependencyFile] = [
        "pyproject.toml": .pyproject, "pipfile": .pipfile, "setup.py": .setupPy, "setup.cfg": .setupCfg,
        "pipfile.lock": .pipfileLock, "poetry.lock": .poetryLock, "uv.lock": .uvLock, "pdm.lock": .poetryLock,
        "pip.conf": .pipSettings, "pip.ini": .pipSettings, "environment.yml": .conda, "environment.yaml": .conda,
        "package.json": .packageJSON, "package-lock.json": .packageLock, "npm-shrinkwrap.json": .packageLock,
        "yarn.lock": .yarnLock, "pnpm-lock.yaml": .pnpmLock, "bun.lock": .bunLock, ".npmrc": .npmSettings,
        ".yarnrc": .npmSettings, ".yarnrc.yml": .npmSettings,
        "cargo.toml": .cargoToml, "cargo.lock": .cargoLock, "go.mod": .goMod, "go.sum": .goSum,
        "pom.xml": .pom, "build.gradle": .gradle, "build.gradle.kts": .gradle, "libs.versions.toml": .gradleCatalog,
        "gradle.lockfile": .gradleLock,
        "gemfile": .gemfile, "gems.rb": .gemfile, "gemfile.lock": .gemfileLock, "gems.locked": .gemfileLock,
        "packages.config": .packagesConfig, "directory.packages.props": .msbuild,
        "directory.build.props": .msbuild, "packages.lock.json": .nugetLock,
        "package.swift": .packageSwift, "package.resolved": .packageResolved,
        "composer.json": .composer, "composer.lock": .composerLock,
        "dockerfile": .dockerfile, "containerfile": .dockerfile, "action.yml": .actions, "action.yaml": .actions,
    ]

    /// Holds what was resolved rather than what was asked for.
    public var isLock: Bool {
        switch self {
        case .pipfileLock, .poetryLock, .uvLock, .packageLock, .yarnLock, .pnpmLock, .bunLock, .cargoLock, .goSum,
            .gradleLock, .gemfileLock, .nugetLock, .packageResolved, .composerLock:
            true
        default: false
        }
    }

    /// The manifests that a lock file follows from; empty for what is no lock file.
    public var manifests: [DependencyFile] {
        switch self {
        case .pipfileLock: [.pipfile]
        case .poetryLock, .uvLock: [.pyproject]
        case .packageLock, .yarnLock, .pnpmLock, .bunLock: [.packageJSON]
        case .cargoLock: [.cargoToml]
        case .goSum: [.goMod]
        case .gradleLock: [.gradle, .gradleCatalog]
        case .gemfileLock: [.gemfile, .gemspec]
        case .nugetLock: [.msbuild]
        case .packageResolved: [.packageSwift]
        case .composerLock: [.composer]
        default: []
        }
    }

    /// Reads a file of this kind.
    ///
    /// Tolerant: half-written and invalid files give what can be read of them, and ``DependencyReading/gaps`` says so.
    /// Time is linear in the text; at most 64 MiB are read.
    public func read(_ bytes: [UInt8]) -> DependencyReading {
        let limit = 64 << 20
        var text = String(decoding: bytes.prefix(limit), as: UTF8.self)
        if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        var reading = DependencyReading()
        if bytes.count > limit { reading.gaps.append("only the first 64 MiB were read") }
        switch self {
        case .requirements: PythonFiles.requirements(text, &reading)
        case .pyproject: PythonFiles.pyproject(text, &reading)
        case .pipfile: PythonFiles.pipfile(text, &reading)
        case .setupPy: PythonFiles.setupPy(text, &reading)
        case .setupCfg: PythonFiles.setupCfg(text, &reading)
        case .pipfileLock: PythonFiles.pipfileLock(text, &reading)
        case .poetryLock, .uvLock: PythonFiles.lockTables(text, &reading)
        case .pipSettings: PythonFiles.pipSettings(text, &reading)
        case .conda: PythonFiles.conda(text, &reading)
        case .packageJSON: NodeFiles.packageJSON(text, &reading)
        case .packageLock: NodeFiles.packageLock(text, &reading)
        case .yarnLock: NodeFiles.yarnLock(text, &reading)
        case .pnpmLock: NodeFiles.pnpmLock(text, &reading)
        case .bunLock: NodeFiles.bunLock(text, &reading)
        case .npmSettings: NodeFiles.settings(text, &reading)
        case .cargoToml: RustFiles.manifest(text, &reading)
        case .cargoLock: RustFiles.lock(text, &reading)
        case .cargoSettings: RustFiles.settings(text, &reading)
        case .goMod: GoFiles.module(text, &reading)
        case .goSum: GoFiles.sums(text, &reading)
        case .pom: JavaFiles.pom(text, &reading)
        case .gradle: JavaFiles.gradle(text, &reading)
        case .gradleCatalog: JavaFiles.catalog(text, &reading)
        case .gradleLock: JavaFiles.lock(text, &reading)
        case .gemfile, .gemspec: RubyFiles.manifest(text, &reading)
        case .gemfileLock: RubyFiles.lock(text, &reading)
        case .msbuild, .packagesConfig: DotNetFiles.project(text, &reading)
        case .nugetLock: DotNetFiles.lock(text, &reading)
        case .packageSwift: SwiftFiles.manifest(text, &reading)
        case .packageResolved: SwiftFiles.resolved(text, &reading)
        case .composer: PHPFiles.manifest(text, &reading)
        case .composerLock: PHPFiles.lock(text, &reading)
        case .dockerfile: ImageFiles.dockerfile(text, &reading)
        case .compose: ImageFiles.compose(text, &reading)
        case .actions: ImageFiles.actions(text, &reading)
        }
        return reading
    }
}
