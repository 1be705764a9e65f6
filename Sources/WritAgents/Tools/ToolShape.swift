// SPDX-License-Identifier: Apache-2.0

public import WritCore

/// What the arguments of one native tool mean.
public struct ToolShape: Sendable, Hashable {
    public var action: Operation.Kind
    /// Keys whose values are paths.
    public var paths: [String]
    /// Key of a pattern below the path.
    public var glob: String?
    /// Searching shows what is in the files.
    public var readsContent: Bool
    /// Key of the text that a shell runs.
    public var command: String?
    public var dialect: CommandText.Dialect
    /// Keys whose values are URLs.
    public var urls: [String]
    /// Keys whose values are text that is written, sent or given to a model.
    public var contents: [String]
    /// Key that names what is used: a sub-agent's type, a skill, a server.
    public var name: String?
    /// Key of a patch in the envelope of ``PatchEnvelope``.
    public var patch: String?
    /// Paths may be patterns that the tool expands itself.
    public var takesPatterns: Bool
    /// Its arguments reach no file, host or program by themselves.
    public var isInert: Bool

    /// Creates a shape.
    public init(
        _ action: Operation.Kind, paths: [String] = [], glob: String? = nil, readsContent: Bool = false,
        command: String? = nil, dialect: CommandText.Dialect = .shell, urls: [String] = [], contents: [String] = [],
        name: String? = nil, patch: String? = nil, takesPatterns: Bool = false, isInert: Bool = false
    ) {
        self.action = action
        self.paths = paths
        self.glob = glob
        self.readsContent = readsContent
        self.command = command
        self.dialect = dialect
        self.urls = urls
        self.contents = contents
        self.name = name
        self.patch = patch
        self.takesPatterns = takesPatterns
        self.isInert = isInert
    }

    /// The shape of a tool in the common vocabulary; nil when no table knows it.
    public static func of(_ tool: Tool) -> ToolShape? {
        // A tool of an unknown kind may bear a common name by chance.
        guard tool.server == nil, let shape = table[tool.name], shape.action == tool.action else { return nil }
        return shape
    }
}

/// Text in a call's arguments that some program runs.
public struct CommandText: Sendable, Hashable {
    /// Which language it is in.
    public enum Dialect: String, Sendable, Hashable {
        case shell, powershell, sql
        /// A programming language that the argument does not name.
        case code
    }

    /// Where in the arguments: keys and indices joined by dots.
    public var place: String
    public var text: String
    public var dialect: Dialect

    /// Creates a command's text.
    public init(place: String, text: String, dialect: Dialect) {
        self.place = place
        self.text = text
        self.dialect = dialect
    }
}
