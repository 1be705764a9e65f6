// SPDX-License-Identifier: Apache-2.0

/// The right edge of the tiles on disk, and how it grows.
///
/// A value: when a write fails half way the old value is still right, and the files that were written are written again.
struct TileWriter: Sendable {
    let directory: String
    let disk: Disk
    private(set) var stack = TileStack()
    /// The entry bundle that isn't full yet.
    private var bundle: [UInt8] = []

    var size: UInt64 { stack.size }
    var root: LedgerHash { stack.frontier.root }

    /// Takes up the edge of a tree of this size and root.
    ///
    /// - Throws: ``LedgerError/Code/damaged`` when the files at the edge don't give that root.
    init(directory: String, disk: Disk, checkpoint: LedgerCheckpoint?) throws(LedgerError) {
        self.directory = directory
        self.disk = disk
        guard let checkpoint, checkpoint.size > 0 else { return }
        let tiles = TileReader(directory: directory, disk: disk)
        var levels: [[LedgerHash]] = []
        var index = checkpoint.size / 256
        for (level, width) in TileStack.widths(size: checkpoint.size).enumerated() {
            levels.append(width == 0 ? [] : try tiles.hashes(level: level, index: index, width: width))
            index /= 256
        }
        guard let stack = TileStack(size: checkpoint.size, levels: levels), stack.frontier.root == checkpoint.root
        else {
            throw LedgerError(
                .damaged, "the tiles don't give the root of the checkpoint", path: directory + "/tile",
                hint: "`writ ledger verify` names the file; restore it from a copy")
        }
        self.stack = stack
        let leaves = levels.first ?? []
        if !leaves.isEmpty {
            let entries = try tiles.entries(index: checkpoint.size / 256, width: leaves.count)
            guard entries.map({ LedgerHash.leaf($0) }) == leaves else {
                throw LedgerError(
                    .damaged, "the entries don't match their hashes",
                    path: directory + "/" + TilePath.entries(index: checkpoint.size / 256, width: leaves.count),
                    hint: "restore the file from a copy")
            }
            for entry in entries { EntryBundle.append(entry, to: &bundle) }
        }
    }

    /// Writes what these entries add, ready for a checkpoint over all of them.
    mutating func append(_ entries: [LedgerEntry.Prepared]) throws(LedgerError) {
        var folders: Set<String> = []
        let start = size
        var touched = Set(0..<1)
        for entry in entries {
            EntryBundle.append(entry.bytes, to: &bundle)
            var full: [TileStack.Full] = []
            try stack.append(entry.leaf) { (tile) throws(LedgerError) in full.append(tile) }
            for tile in full {
                touched.insert(tile.level + 1)
                try write(Self.bytes(tile.hashes), TilePath.hashes(level: tile.level, index: tile.index), &folders)
                if tile.level == 0 {
                    try write(bundle, TilePath.entries(index: tile.index), &folders)
                    bundle = []
                }
            }
        }
        guard size > start else { return }
        var index = size / 256
        for (level, hashes) in stack.levels.enumerated() {
            if !hashes.isEmpty, touched.contains(level) {
                let path = TilePath.hashes(level: level, index: index, width: hashes.count)
                try write(Self.bytes(hashes), path, &folders)
                if level == 0 {
                    try write(bundle, TilePath.entries(index: index, width: hashes.count), &folders)
                }
            }
            index /= 256
        }
        for folder in folders.sorted(by: >) { try disk.synchronizeDirectory(folder) }
    }

    /// Removes the partial tiles that the last checkpoint no longer needs; `older` is the size of the one before.
    func removeStale(since older: UInt64) throws(LedgerError) {
        var (first, last) = (older / 256, size / 256)
        for level in stack.levels.indices {
            // A fold that failed may have left partial files anywhere between.
            for index in first...last {
                let width = index == last ? stack.levels[level].count : 0
                try removePartials(TilePath.hashes(level: level, index: index), keeping: width)
                if level == 0 { try removePartials(TilePath.entries(index: index), keeping: width) }
            }
            (first, last) = (first / 256, last / 256)
        }
    }

    /// Removes what an interrupted fold left beyond the checkpoint. Its entries are still in the journal.
    func removeOrphans() throws(LedgerError) {
        var index = size / 256
        var level = 0
        while level < stack.levels.count || disk.exists("\(directory)/tile/\(level)") {
            let width = level < stack.levels.count ? stack.levels[level].count : 0
            var paths = [TilePath.hashes(level: level, index: index)]
            if level == 0 { paths.append(TilePath.entries(index: index)) }
            for path in paths { try removePartials(path, keeping: width) }
            var beyond = index
            while true {
                var paths = [TilePath.hashes(level: level, index: beyond)]
                if level == 0 { paths.append(TilePath.entries(index: beyond)) }
                let present = paths.filter { disk.exists("\(directory)/\($0)") || disk.exists("\(directory)/\($0).p") }
                for path in present {
                    try disk.remove("\(directory)/\(path)")
                    if beyond > index { try removePartials(path, keeping: 0) }
                }
                if present.isEmpty, beyond > index { break }
                beyond += 1
            }
            index /= 256
            level += 1
        }
    }

    private func removePartials(_ path: String, keeping width: Int) throws(LedgerError) {
        let folder = "\(directory)/\(path).p"
        for name in try disk.list(folder) where name != String(width) { try disk.remove("\(folder)/\(name)") }
        if width == 0 { disk.removeEmptyDirectory(folder) }
    }

    private func write(_ bytes: [UInt8], _ path: String, _ folders: inout Set<String>) throws(LedgerError) {
        let whole = "\(directory)/\(path)"
        guard let slash = whole.lastIndex(of: "/") else { return }
        let folder = String(whole[..<slash])
        if !folders.contains(folder) {
            try disk.makeDirectories(folder)
            folders.insert(folder)
            // A new folder's own name must last as well.
            var above = folder
            while above != directory, let slash = above.lastIndex(of: "/") {
                above = String(above[..<slash])
                folders.insert(above)
            }
        }
        try disk.replace(whole, with: bytes)
    }

    static func bytes(_ hashes: [LedgerHash]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(hashes.count * LedgerHash.count)
        for hash in hashes { hash.append(to: &out) }
        return out
    }
}

/// Reads tiles and entry bundles. A partial file may have been replaced by a wider one in the meantime; then its
/// beginning is taken, since a tile only ever grows.
struct TileReader: Sendable {
    let directory: String
    let disk: Disk

    func hashes(level: Int, index: UInt64, width: Int) throws(LedgerError) -> [LedgerHash] {
        let (bytes, path) = try bytes(
            of: { TilePath.hashes(level: level, index: index, width: $0) }, width: width, limit: 256 * 32)
        guard bytes.count % 32 == 0, bytes.count >= width * 32 else {
            throw LedgerError(.damaged, "has \(bytes.count) bytes, not \(width * 32)", path: path)
        }
        return bytes.withUnsafeBytes { all in
            (0..<width).compactMap { LedgerHash(UnsafeRawBufferPointer(rebasing: all[$0 * 32..<$0 * 32 + 32])) }
        }
    }

    func entries(index: UInt64, width: Int) throws(LedgerError) -> [[UInt8]] {
        let (bytes, path) = try bytes(
            of: { TilePath.entries(index: index, width: $0) }, width: width, limit: EntryBundle.maximumBytes)
        guard let ranges = EntryBundle.ranges(bytes), ranges.count >= width else {
            throw LedgerError(.damaged, "the entries' lengths don't add up", path: path)
        }
        return ranges.prefix(width).map { Array(bytes[$0]) }
    }

    /// The hash of a perfect subtree, from the tile that it lies in.
    func node(size: UInt64) -> MerkleTree.NodeSource {
        { (level, index) throws(LedgerError) in
            let tileLevel = level / 8
            let height = level % 8
            let first = index << UInt64(height)
            let tile = first / 256
            let span = size >> UInt64(8 * tileLevel)
            let width = Int(min(256, span - min(span, tile * 256)))
            let start = Int(first % 256)
            guard start + (1 << height) <= width else {
                throw LedgerError(.range, "no subtree \(index) at level \(level) in a tree of \(size)")
            }
            let hashes = try self.hashes(level: tileLevel, index: tile, width: width)
            return MerkleTree.root(hashes[start..<start + (1 << height)])
        }
    }

    /// The bytes of the file of this width, or of a wider one, and its relative path.
    func bytes(
        of path: (Int) -> String, width: Int, limit: Int
    ) throws(LedgerError) -> (bytes: [UInt8], path: String) {
        for candidate in [width, TileStack.width] {
            if let bytes = try disk.read("\(directory)/\(path(candidate))", limit: limit) {
                return (bytes, path(candidate))
            }
        }
        let wider = try disk.list("\(directory)/\(path(TileStack.width)).p").compactMap { Int($0) }
            .filter { $0 > width && $0 < 256 }.sorted()
        for candidate in wider {
            if let bytes = try disk.read("\(directory)/\(path(candidate))", limit: limit) {
                return (bytes, path(candidate))
            }
        }
        throw LedgerError(
            .damaged, "is missing", path: path(width), hint: "restore it from a copy of the ledger's folder")
    }
}
