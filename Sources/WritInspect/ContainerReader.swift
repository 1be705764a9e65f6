// SPDX-License-Identifier: Apache-2.0
public import WritScan

/// Takes containers apart: archives, office documents, compressed files.
public protocol ContainerReader: Sendable {
    /// The parts of a container that ``ContentKind`` recognised, or of a notebook.
    ///
    /// - Parameters:
    ///   - path: the container's path.
    ///   - bytes: its beginning, or all of it.
    ///   - isWhole: the bytes are all of it.
    /// - Returns: parts with their text, and notes for what was not opened. No parts and no notes: not opened at all.
    func members(of path: String, _ bytes: [UInt8], isWhole: Bool) throws -> ContainerParts
}

/// What a container holds, as far as it was opened.
public struct ContainerParts: Sendable, Hashable {
    /// Parts of parts stand behind a `!` in their path.
    public var members: [ContainerContents.Member]
    public var notes: [Note]
    /// A part unfolds to many times its size, past every limit.
    public var isBomb: Bool

    /// Creates parts.
    public init(members: [ContainerContents.Member] = [], notes: [Note] = [], isBomb: Bool = false) {
        self.members = members
        self.notes = notes
        self.isBomb = isBomb
    }
}

/// Opens nothing: every container is reported as not opened.
public struct ClosedContainers: ContainerReader {
    /// Creates the reader.
    public init() {}

    public func members(of path: String, _ bytes: [UInt8], isWhole: Bool) -> ContainerParts { ContainerParts() }
}
