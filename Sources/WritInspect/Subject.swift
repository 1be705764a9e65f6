// SPDX-License-Identifier: Apache-2.0
public import WritCore
public import WritScan

/// What is being looked at: which content, how it is named in reports, and which part of it counts.
public struct Subject: Sendable, Hashable {
    /// As reports name it: relative to the folder that is scanned where possible, `-` for standard input.
    public var path: String
    /// How the content reaches a model; nil lets the path decide, see ``AgentPlaces/phase(of:)``.
    public var phase: Phase?
    /// The commit whose change or message this is, in hexadecimal.
    public var commit: String?
    /// What the content was before, when a change is looked at.
    public var change: Change?
    /// The content is some lines of a file: their numbers there, one a line of the content.
    public var lineNumbers: [Int]?
    /// The agent whose configuration or skill this is, when a machine is looked at.
    public var agent: String?
    /// Other files that what this one says depends on: the source beside bytecode, the `SKILL.md` of a script, the
    /// scripts of a `SKILL.md`.
    public var siblings: [SkillFile] = []

    /// Creates a subject.
    public init(
        path: String, phase: Phase? = nil, commit: String? = nil, change: Change? = nil, lineNumbers: [Int]? = nil,
        agent: String? = nil
    ) {
        self.path = path
        self.phase = phase
        self.commit = commit
        self.change = change
        self.lineNumbers = lineNumbers
        self.agent = agent
    }
}

/// What one file was before a change.
public struct Change: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable {
        case added, changed, removed
    }

    public var kind: Kind
    /// The versions before: one, or one a parent of a merge; empty for an added file, and where the old version is too
    /// large to hold, so that every line counts as added.
    public var previous: [[UInt8]]

    /// Creates a change.
    public init(kind: Kind, previous: [[UInt8]]) {
        self.kind = kind
        self.previous = previous
    }
}

/// A finding with all that a report says of it.
public struct LocatedFinding: Sendable, Hashable {
    public var path: String
    public var commit: String?
    public var agent: String?
    public var finding: Finding
    /// The last line of what was found, 1-based.
    public var endLine: Int
    /// 1-based columns in Unicode scalars; nil where the line's beginning is not known.
    public var column: Int?
    public var endColumn: Int?
    /// Names the finding across runs, moves and machines; see ``FindingIdentity``. 16 hexadecimal digits.
    public var identity: String
    /// The line, made harmless and without secrets; nil where there is none.
    public var excerpt: Excerpt?
    /// Why it does not count, when a suppression covers it.
    public var suppression: Suppression?

    /// Creates a finding about a file as a whole, outside of any content.
    public init(path: String, finding: Finding) {
        self.path = path
        self.finding = finding
        endLine = finding.line
        identity = FindingIdentity.make(finding, path: path, line: [], secret: [], occurrence: 0)
    }

    init(
        path: String, commit: String?, agent: String?, finding: Finding, endLine: Int, column: Int?, endColumn: Int?,
        identity: String, excerpt: Excerpt?, suppression: Suppression?
    ) {
        self.path = path
        self.commit = commit
        self.agent = agent
        self.finding = finding
        self.endLine = endLine
        self.column = column
        self.endColumn = endColumn
        self.identity = identity
        self.excerpt = excerpt
        self.suppression = suppression
    }
}

/// Something that was not read, or not as usual: nothing is passed over in silence.
public struct Note: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Could not be opened or read: the scan is incomplete.
        case unreadable
        /// Read for secrets alone.
        case binary
        /// A container whose parts were not opened; its bytes were read for secrets.
        case container
        /// Left out by `.gitignore`.
        case ignored
        /// Left out by settings or options.
        case excluded
        /// A symbolic link, whose target is read only where it lies inside.
        case link
        /// A device, socket or pipe.
        case special
        /// Read in windows: what spans two of them may be missed by detectors other than secrets.
        case windows
        /// A limit ended the work.
        case limit
        /// About settings: an expired or unused suppression.
        case settings
    }

    public var kind: Kind
    /// Nil when it is about the scan as a whole.
    public var path: String?
    /// One line, lower case, no full stop.
    public var message: String
    /// How many things it stands for.
    public var count: Int

    /// Creates a note.
    public init(_ kind: Kind, path: String? = nil, _ message: String, count: Int = 1) {
        self.kind = kind
        self.path = path
        self.message = message
        self.count = count
    }
}

/// What one subject gave.
public struct Inspection: Sendable {
    public var findings: [LocatedFinding] = []
    public var notes: [Note] = []
    public var review: [ReviewItem] = []
    public var bytes = 0
    /// The answer came from the cache.
    public var wasCached = false

    /// Nothing yet.
    public init() {}
}
