// SPDX-License-Identifier: Apache-2.0
public import WritCore
internal import WritResources

/// Where every known agent keeps instructions, skills, memory, hooks and MCP configurations: `agents.table`.
public struct AgentPlaces: Sendable {
    /// What such a file does.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case instructions, skills, hooks, mcp, memory
    }

    /// What a pattern is relative to.
    public enum Root: String, Sendable, Hashable, CaseIterable {
        case home, project, nested, machine
    }

    /// One place.
    public struct Place: Sendable, Hashable {
        public var agent: String
        public var kind: Kind
        public var root: Root
        /// As in the table, without the last `/`.
        public var path: String
        /// Everything below it counts.
        public var isFolder: Bool
        let pattern: PathPattern
        /// Of a project's place, the same at any depth: an agent that starts in a folder takes that for its project.
        let deep: PathPattern?
    }

    /// In the table's order.
    public let places: [Place]
    /// The first fixed segments of the patterns for repositories: a path without any of them matches none.
    private let marks: Set<String>
    /// The same for the patterns of every root.
    private let allMarks: Set<String>

    /// The table that ships with Writ.
    public static func builtIn() throws -> AgentPlaces {
        guard let resource = Resource.named("inspect/agents.table") else {
            throw Outline.Fault(message: "the table of agents' files is missing", line: 1)
        }
        return try AgentPlaces(table: Array(resource.bytes))
    }

    /// Reads a table.
    public init(table: [UInt8]) throws(Outline.Fault) {
        var places: [Place] = []
        for node in try Outline(parsing: table).nodes {
            guard node.keyword == "agent", !node.value.isEmpty else {
                throw Outline.Fault(message: "expected `agent NAME`", line: node.line)
            }
            for child in node.children {
                let parts = child.value.split(separator: " ", maxSplits: 1)
                guard let root = Root(rawValue: child.keyword), parts.count == 2,
                    let kind = Kind(rawValue: String(parts[0]))
                else { throw Outline.Fault(message: "expected `ROOT KIND PATTERN`", line: child.line) }
                let isFolder = parts[1].hasSuffix("/")
                let path = String(isFolder ? parts[1].dropLast() : parts[1])
                guard path.hasPrefix("/") == (root == .machine) else {
                    throw Outline.Fault(message: "a machine's path is absolute, others are not", line: child.line)
                }
                let relative = String(path.drop { $0 == "/" })
                let deep = root == .project ? PathPattern("**/" + relative) : nil
                guard let pattern = PathPattern(root == .nested ? "**/" + relative : "./" + relative),
                    root != .project || deep != nil
                else { throw Outline.Fault(message: "not a path pattern: `\(path)`", line: child.line) }
                places.append(
                    Place(
                        agent: node.value, kind: kind, root: root, path: path, isFolder: isFolder, pattern: pattern,
                        deep: deep))
            }
        }
        self.places = places
        func firstFixed(_ place: Place) -> String? {
            place.path.split(separator: "/").map(String.init).first { !$0.contains("*") }
        }
        marks = Set(places.filter { $0.root == .project || $0.root == .nested }.compactMap(firstFixed))
        allMarks = Set(places.compactMap(firstFixed))
    }

    /// The place of a file in a repository; nil for ordinary files.
    ///
    /// - Parameter path: relative to the repository's root.
    public func place(inRepository path: String) -> Place? {
        guard path.split(separator: "/").contains(where: { marks.contains(String($0)) }) else { return nil }
        return places.first { place in
            (place.root == .project || place.root == .nested)
                && (place.pattern.matches(path) || place.deep?.matches(path) == true)
        }
    }

    /// The place of any file; nil for ordinary files. A path below the workspace is matched as the repository's own, one
    /// below the home as the person's, and what may lie at any depth counts wherever it lies.
    ///
    /// - Parameters:
    ///   - path: absolute and without `..`.
    ///   - home: the person's home; empty when it is not known.
    ///   - workspace: the repository's root; empty when there is none.
    public func place(ofFile path: String, home: String, workspace: String) -> Place? {
        guard path.hasPrefix("/"), path.split(separator: "/").contains(where: { allMarks.contains(String($0)) }) else {
            return nil
        }
        func relative(to root: String) -> String? {
            guard root.count > 1, path != root, PathText.isUnder(path, root) else { return nil }
            return String(path.dropFirst(root.utf8.count).drop { $0 == "/" })
        }
        if let inside = relative(to: workspace), let place = place(inRepository: inside) { return place }
        if let below = relative(to: home),
            let place = places.first(where: { $0.root == .home && $0.pattern.matches(below) })
        {
            return place
        }
        let whole = String(path.dropFirst())
        return places.first { place in
            (place.root == .machine || place.root == .nested) && place.pattern.matches(whole)
        }
    }

    /// The phase as which content of such a file reaches a model.
    public static func phase(of kind: Kind) -> Phase {
        switch kind {
        case .instructions, .memory: .contextFile
        case .skills, .hooks, .mcp: .skill
        }
    }
}
