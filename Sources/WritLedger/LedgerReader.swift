// SPDX-License-Identifier: Apache-2.0

/// Reads a ledger's folder, while another process may write it. It takes no lock and changes nothing but the index.
///
/// What it gives is what stands in the files; whether they are whole is ``LedgerVerifier``'s question.
public struct LedgerReader: Sendable {
    /// An entry with its place.
    public struct Item: Sendable, Hashable {
        /// Counted from 0, for ever the same.
        public let index: UInt64
        /// As it stands in the log; see ``LedgerReader/resolved(_:)``.
        public let entry: LedgerEntry
    }

    /// The ledger's folder.
    public let directory: String
    /// The key that checkpoints must be signed with.
    public let key: LedgerVerifierKey
    let disk: Disk
    let index: LedgerIndex?
    var tiles: TileReader { TileReader(directory: directory, disk: disk) }

    /// Reads the ledger in a folder.
    ///
    /// - Parameter key: the key to trust; nil takes the one beside the ledger, which whoever can write there can change.
    /// - Throws: ``LedgerError/Code/key`` when there is no ledger.
    public init(at directory: String, key: LedgerVerifierKey? = nil) throws(LedgerError) {
        let disk = Disk()
        var trusted = key
        if trusted == nil { trusted = try Self.key(directory: directory, disk: disk) }
        guard let trusted else { throw LedgerError(.key, "no public key", path: directory) }
        self.init(directory: directory, key: trusted, disk: disk, index: LedgerIndex(directory: directory))
    }

    init(directory: String, key: LedgerVerifierKey, disk: Disk, index: LedgerIndex?) {
        self.directory = directory
        self.key = key
        self.disk = disk
        self.index = index
    }

    static func key(directory: String, disk: Disk) throws(LedgerError) -> LedgerVerifierKey {
        let path = "\(directory)/vkey"
        guard let bytes = try disk.read(path, limit: 4096) else {
            throw LedgerError(
                .key, "no ledger here: its public key is missing", path: path, hint: "an agent's first call makes one")
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasSuffix("\n"), let key = LedgerVerifierKey(String(text.dropLast())) else {
            throw LedgerError(.key, "the public key is damaged", path: path, hint: "restore it from a copy")
        }
        return key
    }

    /// The newest signed tree head; nil before the first.
    public func checkpoint() throws(LedgerError) -> LedgerCheckpoint? {
        let path = "\(directory)/checkpoint"
        guard let note = try disk.read(path, limit: 1 << 20) else { return nil }
        return try located(path) { () throws(LedgerError) in try LedgerCheckpoint(signed: note, key: key) }
    }

    /// The entries from an index on, the newest among them though no checkpoint covers them yet.
    ///
    /// To follow the log, ask again from the last index plus one.
    /// - Parameter limit: at most so many.
    public func entries(from start: UInt64, limit: Int = 1000) throws(LedgerError) -> [Item] {
        var items: [Item] = []
        for (index, bytes) in try rawEntries(from: start, limit: limit) {
            items.append(Item(index: index, entry: try LedgerEntry(bytes: bytes)))
        }
        return items
    }

    /// The whole entry, when it was too long and lies in a blob; itself otherwise.
    ///
    /// - Throws: ``LedgerError/Code/damaged`` when the blob is missing or isn't what the entry says.
    public func resolved(_ entry: LedgerEntry) throws(LedgerError) -> LedgerEntry {
        guard let blob = entry.blob else { return entry }
        let path = "\(directory)/blob/\(blob.hash)"
        guard let bytes = try disk.read(path, limit: LedgerEntry.maximumBytes), bytes.count == blob.bytes,
            LedgerHash(hashing: bytes) == blob.hash
        else {
            throw LedgerError(.damaged, "the record is missing or changed", path: path, hint: "restore it from a copy")
        }
        return try LedgerEntry(bytes: bytes)
    }

    /// How many entries there are, those without a checkpoint included.
    public func count() throws(LedgerError) -> UInt64 {
        let size = try checkpoint()?.size ?? 0
        return size + UInt64(try rawEntries(from: size, limit: .max).count)
    }

    /// Proves that an entry is in the tree of the newest checkpoint, or of an older size.
    public func inclusionProof(
        index: UInt64, size: UInt64? = nil
    ) throws(LedgerError) -> [LedgerHash] {
        let whole = try checkpoint()?.size ?? 0
        guard size ?? whole <= whole else {
            throw LedgerError(.range, "no checkpoint over \(size ?? whole) entries yet")
        }
        return try MerkleTree.inclusionProof(index: index, size: size ?? whole, node: tiles.node(size: whole))
    }

    /// Proves that the tree of one size extends that of a smaller one.
    public func consistencyProof(from older: UInt64, to size: UInt64) throws(LedgerError) -> [LedgerHash] {
        let whole = try checkpoint()?.size ?? 0
        guard size <= whole else { throw LedgerError(.range, "no checkpoint over \(size) entries yet") }
        return try MerkleTree.consistencyProof(from: older, to: size, node: tiles.node(size: whole))
    }

    /// The root of the first `size` entries, from the tiles.
    public func root(size: UInt64) throws(LedgerError) -> LedgerHash {
        let whole = try checkpoint()?.size ?? 0
        guard size <= whole else { throw LedgerError(.range, "no checkpoint over \(size) entries yet") }
        return try MerkleTree.root(size: size, node: tiles.node(size: whole))
    }

    // MARK: Bytes

    func rawEntries(from start: UInt64, limit: Int) throws(LedgerError) -> [(index: UInt64, bytes: [UInt8])] {
        var found: [(index: UInt64, bytes: [UInt8])] = []
        // The writer may move entries from the journal to the tiles between two looks; then look again.
        for _ in 0..<50 {
            let size = try checkpoint()?.size ?? 0
            var next = start + UInt64(found.count)
            while next < size, found.count < limit {
                let bundle = next / 256
                let entries = try tiles.entries(index: bundle, width: Int(min(256, size - bundle * 256)))
                for entry in entries.dropFirst(Int(next % 256)).prefix(limit - found.count) {
                    found.append((next, entry))
                    next += 1
                }
            }
            if found.count >= limit { return found }
            if try readJournal(from: next, limit: limit, to: &found) { return found }
        }
        throw LedgerError(
            .storage, "the journal changes faster than it can be read", path: "\(directory)/journal", hint: "try again")
    }

    /// Adds what the journal has from an index on; false when it has moved on and the tiles must be read again.
    private func readJournal(
        from start: UInt64, limit: Int, to found: inout [(index: UInt64, bytes: [UInt8])]
    ) throws(LedgerError) -> Bool {
        var next = start
        let names = try disk.list("\(directory)/journal").filter(Journal.isFileName)
        for (position, name) in names.enumerated() {
            // Segments before the last whose successor starts at or below `next` hold nothing new.
            if position + 1 < names.count, let following = UInt64(names[position + 1]), following <= next { continue }
            let path = "\(directory)/journal/\(name)"
            guard let bytes = try disk.read(path, limit: 1 << 30) else { return false }
            guard let segment = try located(path, { () throws(LedgerError) in try Journal.segment(bytes) }) else {
                continue
            }
            if segment.first > next { return false }
            for record in segment.records where record.index == next && found.count < limit {
                found.append((next, Array(bytes[record.entry])))
                next += 1
            }
        }
        // A fold may have removed segments before they were listed.
        if next > start { return true }
        return try checkpoint()?.size ?? 0 <= start
    }
}
