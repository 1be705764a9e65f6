// SPDX-License-Identifier: Apache-2.0
internal import WritScan

/// Opens archives, office documents, PDF and notebooks in memory, within limits that keep a scan small.
public struct OpenContainers: ContainerReader {
    /// Bytes of a container that are read; what stands behind them is a note.
    public static let longest = 16 << 20

    private let limits: ContainerLimits

    /// Creates the reader.
    ///
    /// - Parameters:
    ///   - total: bytes of all parts of one container together.
    ///   - member: bytes of one part.
    public init(total: Int = 24 << 20, member: Int = 8 << 20) {
        var limits = ContainerLimits()
        limits.total = total
        limits.member = member
        self.limits = limits
    }

    public func members(of path: String, _ bytes: [UInt8], isWhole: Bool) -> ContainerParts {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        guard let contents = Container.open(bytes, path: name, limits: limits) else { return ContainerParts() }
        // The names of parts are the file's own words.
        var parts = ContainerParts(
            members: contents.members, notes: contents.gaps.map { Note(.container, Excerpt.harmless($0)) },
            isBomb: contents.isBomb)
        if !isWhole {
            parts.notes.append(
                Note(
                    .container,
                    "only parts in the first \(Self.longest >> 20) MiB were opened; of the rest, its bytes were read for secrets"
                ))
        }
        return parts
    }
}
