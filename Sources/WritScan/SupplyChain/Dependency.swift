// SPDX-License-Identifier: Apache-2.0

/// One package that a manifest asks for or a lock file holds.
public struct Dependency: Sendable, Hashable {
    /// Where the package is taken from.
    public enum Source: Sendable, Hashable {
        /// The ecosystem's usual registry, or whichever one the machine is set to.
        case registry
        /// A registry that the file names.
        case index(String)
        /// A repository; `reference` is a commit, tag or branch, empty when none is named.
        case git(url: String, reference: String)
        /// A file on the network.
        case archive(String)
        /// A folder or file of this machine.
        case path(String)
    }

    /// `pypi`, `npm`, `crates`, `go`, `maven`, `rubygems`, `nuget`, `packagist`, `swift`, `docker`,
    /// `github-actions`, `conda`.
    public var ecosystem: String
    /// As written; `group:artifact` for Maven, `owner/repository` for actions.
    public var name: String
    /// The versions asked for, or the one locked, as written; empty when none is named.
    public var requirement: String
    public var source: Source
    /// The content hashes that the file demands, as written, in order, joined by a blank; empty when it demands none.
    public var integrity: String
    /// The lock file says that the package runs code of its own when it is installed.
    public var runsInstallScript: Bool
    /// 1-based.
    public var line: Int

    /// Creates a dependency.
    public init(
        _ ecosystem: String, _ name: String, _ requirement: String = "", source: Source = .registry,
        integrity: String = "", runsInstallScript: Bool = false, line: Int = 1
    ) {
        self.ecosystem = ecosystem
        self.name = name
        self.requirement = requirement
        self.source = source
        self.integrity = integrity
        self.runsInstallScript = runsInstallScript
        self.line = line
    }
}

/// A registry that a file makes its package tool use.
public struct IndexSetting: Sendable, Hashable {
    public var ecosystem: String
    public var url: String
    /// Asked beside the usual one: whoever registers a private name on either of the two can answer for it.
    public var isAdditional: Bool
    /// npm's `@scope` that it is for; empty when it is for all packages.
    public var scope: String
    /// 1-based.
    public var line: Int

    /// Creates a setting.
    public init(_ ecosystem: String, url: String, isAdditional: Bool = false, scope: String = "", line: Int) {
        self.ecosystem = ecosystem
        self.url = url
        self.isAdditional = isAdditional
        self.scope = scope
        self.line = line
    }
}

/// What a dependency file says.
public struct DependencyReading: Sendable, Hashable {
    /// The most dependencies that are read of one file.
    public static let limit = 200_000

    public var dependencies: [Dependency] = []
    public var indexes: [IndexSetting] = []
    /// What could not be read, in words for people. A file with gaps is never called clean.
    public var gaps: [String] = []

    /// Creates an empty reading.
    public init() {}

    mutating func add(_ dependency: Dependency) {
        guard !dependency.name.isEmpty else { return }
        if dependencies.count < Self.limit {
            dependencies.append(dependency)
        } else if dependencies.count == Self.limit, gaps.last != Self.tooMany {
            gaps.append(Self.tooMany)
        }
    }

    private static let tooMany = "only the first \(limit) dependencies were read"
}
