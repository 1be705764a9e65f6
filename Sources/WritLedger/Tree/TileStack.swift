// SPDX-License-Identifier: Apache-2.0

/// The unfinished tiles at the right edge of the tree, one for each level, as C2SP tlog-tiles cuts it: 256 hashes wide.
struct TileStack: Sendable {
    static let width = 256

    /// A tile that just became full.
    struct Full: Sendable {
        let level: Int
        let index: UInt64
        let hashes: [LedgerHash]
    }

    /// Leaves so far.
    private(set) var size: UInt64 = 0
    /// The hashes of the unfinished tile of each level, 0 to 255 of them.
    private(set) var levels: [[LedgerHash]] = []

    init() {}

    /// Takes up a tree from its unfinished tiles; nil when their widths aren't those of `size`.
    init?(size: UInt64, levels: [[LedgerHash]]) {
        var rest = size
        for level in levels {
            guard UInt64(level.count) == rest % 256 else { return nil }
            rest /= 256
        }
        guard rest == 0 else { return nil }
        self.size = size
        self.levels = levels
    }

    /// How many hashes the unfinished tile of each level has in a tree of `size`, from level 0 up to the last that has
    /// any tile at all.
    static func widths(size: UInt64) -> [Int] {
        var widths: [Int] = []
        var rest = size
        while rest > 0 {
            widths.append(Int(rest % 256))
            rest /= 256
        }
        return widths
    }

    /// Adds a leaf hash and hands over each tile that it fills.
    mutating func append(_ leaf: LedgerHash, full: (Full) throws(LedgerError) -> Void) throws(LedgerError) {
        var hash = leaf
        var level = 0
        var tiles = size
        while true {
            if levels.count == level { levels.append([]) }
            levels[level].append(hash)
            guard levels[level].count == Self.width else { break }
            let hashes = levels[level]
            levels[level] = []
            tiles /= 256
            try full(Full(level: level, index: tiles, hashes: hashes))
            hash = MerkleTree.root(hashes)
            level += 1
        }
        size += 1
    }

    /// The right edge in the form that gives roots.
    var frontier: MerkleFrontier {
        var peaks: [LedgerHash] = []
        for hashes in levels.reversed() {
            var start = 0
            for bit in stride(from: 7, through: 0, by: -1) where hashes.count & (1 << bit) != 0 {
                peaks.append(MerkleTree.root(hashes[start..<start + (1 << bit)]))
                start += 1 << bit
            }
        }
        // Invariant: the widths are the base-256 digits of the size, so their bits are the size's bits.
        return MerkleFrontier(size: size, peaks: peaks) ?? MerkleFrontier()
    }
}
