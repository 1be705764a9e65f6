// SPDX-License-Identifier: Apache-2.0
import WritCore

#if canImport(Darwin)
internal import Darwin
#else
internal import Glibc
#endif

/// Checks a whole ledger against its signed checkpoint: every entry, tile, journal record and blob, and the copy of the
/// checkpoint outside the folder. It reads only, one bundle after the other, also while a daemon writes.
public struct LedgerVerifier {
    /// How far a verification is.
    public struct Progress: Sendable, Hashable {
        /// Entries checked so far.
        public let entries: UInt64
        /// Entries under the checkpoint.
        public let total: UInt64
        /// Bytes read so far.
        public let bytes: UInt64
    }

    private let directory: String
    private let anchorPath: String?
    private let trustedKey: LedgerVerifierKey?
    private let disk = Disk()
    private var report: LedgerReport
    private var stack = TileStack()
    private var blobs: Set<LedgerHash> = []

    private static let restore = "restore the file from a copy of the ledger's folder"

    /// Verifies the ledger in a folder. Damage is a value in the report, never an error.
    ///
    /// - Parameters:
    ///   - anchorPath: the copy of the checkpoint outside the folder; nil when there is none.
    ///   - trustedKey: the key printed at the first start; nil takes the one in the folder, and the report says so.
    ///   - progress: called after each 256 entries.
    public static func verify(
        _ directory: String, anchorPath: String? = nil, trustedKey: LedgerVerifierKey? = nil,
        progress: (Progress) -> Void = { _ in }
    ) -> LedgerReport {
        var verifier = LedgerVerifier(directory: directory, anchorPath: anchorPath, trustedKey: trustedKey)
        verifier.run(progress)
        return verifier.report
    }

    private init(directory: String, anchorPath: String?, trustedKey: LedgerVerifierKey?) {
        self.directory = directory
        self.anchorPath = anchorPath
        self.trustedKey = trustedKey
        report = LedgerReport(directory: directory, key: "unknown", isKeyTrusted: trustedKey != nil)
    }

    private mutating func run(_ progress: (Progress) -> Void) {
        guard let key = key() else { return }
        report.key = key.description
        var anchor = readAnchor(key)
        // A writer may fold the journal into tiles while this reads; then go on to the newer checkpoint.
        for attempt in 0..<50 {
            let checkpoint: LedgerCheckpoint
            do {
                guard let note = try disk.read("\(directory)/checkpoint", limit: 1 << 20) else {
                    fault("checkpoint", "is missing", Self.restore)
                    return
                }
                report.bytes += attempt == 0 ? UInt64(note.count) : 0
                checkpoint = try LedgerCheckpoint(signed: note, key: key)
            } catch {
                fault("checkpoint", error.message, Self.restore)
                return
            }
            guard checkpoint.size >= stack.size else {
                fault("checkpoint", "went back while it was read", "run the verification again")
                return
            }
            readEntries(to: checkpoint, anchor: &anchor, progress)
            if stack.size < checkpoint.size { break }
            checkEdge(checkpoint)
            report.entries = checkpoint.size
            let root = stack.frontier.root
            report.root = root.description
            if root != checkpoint.root {
                fault("checkpoint", "its root isn't that of the entries", Self.restore)
            }
            if readJournal() { break }
        }
        if let anchor {
            report.anchor = .fails
            let isRead = report.entries == stack.size
            fault(
                anchorPath ?? "",
                !isRead
                    ? "couldn't be compared: the entries can't be read that far"
                    : "the ledger has \(stack.size) entries, its anchor \(anchor.size): entries were removed",
                "restore the ledger's folder from a copy")
        }
        readBlobs()
        readFolders()
        readIndex(key)
    }

    /// The index is no evidence, but people look through it.
    private mutating func readIndex(_ key: LedgerVerifierKey) {
        guard report.isSound else { return }
        let index = LedgerIndex(directory: directory)
        let reader = LedgerReader(directory: directory, key: key, disk: disk, index: nil)
        let remedy = "remove index.sqlite and its -wal and -shm: it is built anew from the ledger"
        do {
            if try index.isFaithful(reader) == false {
                fault("index.sqlite", "the index differs from the ledger", remedy)
            }
        } catch let error as LedgerError {
            fault("index.sqlite", "the index can't be compared: \(error.message)", remedy)
        } catch {
            // SQLite's own message may quote content.
            fault("index.sqlite", "the index can't be read", remedy)
        }
    }

    private mutating func fault(_ file: String, _ message: String, _ remedy: String, entry: UInt64? = nil) {
        report.add(LedgerReport.Fault(file: file, entry: entry, message: message, remedy: remedy))
    }

    // MARK: Key, anchor

    private mutating func key() -> LedgerVerifierKey? {
        var found: LedgerVerifierKey?
        do {
            found = try LedgerReader.key(directory: directory, disk: disk)
        } catch {
            fault("vkey", error.message, "restore it from a copy, or give the key printed at the first start")
        }
        if let trustedKey, let other = found, other != trustedKey {
            fault("vkey", "isn't the trusted key: the ledger was replaced", "restore the ledger's folder from a copy")
        }
        do {
            if let bytes = try disk.read("\(directory)/key", limit: 4096) {
                let signer = LedgerSigner(text: String(decoding: bytes, as: UTF8.self))
                if signer == nil {
                    fault("key", "the signing key is damaged", Self.restore)
                } else if signer?.verifierKey != trustedKey ?? found {
                    fault("key", "isn't the key of this ledger", Self.restore)
                }
            }
        } catch {
            // Somebody who may only read the log has no right to the key, and needs none.
            report.notes.append("the signing key wasn't checked: \(error.message)")
        }
        return trustedKey ?? found
    }

    private mutating func readAnchor(_ key: LedgerVerifierKey) -> LedgerCheckpoint? {
        guard let anchorPath else { return nil }
        do {
            guard let note = try disk.read(anchorPath, limit: 1 << 20) else {
                report.notes.append("there is no anchor at \(anchorPath)")
                return nil
            }
            return try LedgerCheckpoint(signed: note, key: key)
        } catch {
            report.anchor = .fails
            fault(anchorPath, error.message, "the anchor or the ledger was replaced: compare with a copy of both")
            return nil
        }
    }

    // MARK: Tree

    private mutating func readEntries(
        to checkpoint: LedgerCheckpoint, anchor: inout LedgerCheckpoint?, _ progress: (Progress) -> Void
    ) {
        let tiles = TileReader(directory: directory, disk: disk)
        compareAnchor(&anchor)
        while stack.size < checkpoint.size {
            let start = stack.size
            let index = start / 256
            let width = Int(min(256, checkpoint.size - index * 256))
            let name = TilePath.entries(index: index, width: width)
            let entries: [[UInt8]]
            var hashes: [LedgerHash] = []
            do {
                entries = try bundle(index, width, isWhole: true)
                hashes = try tiles.hashes(level: 0, index: index, width: width)
            } catch {
                fault(error.path ?? name, error.message, Self.restore, entry: start)
                // Without its entries the tree can't be told; the hashes at least let the rest be checked.
                guard hashes.count == width || recover(index, width, &hashes) else { return }
                for hash in hashes.dropFirst(Int(start % 256)) { append(hash) }
                continue
            }
            report.bundles += 1
            for (offset, entry) in entries.enumerated().dropFirst(Int(start % 256)) {
                let leaf = LedgerHash.leaf(entry)
                if offset < hashes.count, hashes[offset] != leaf {
                    fault(
                        name,
                        "an entry isn't the one that was appended, or `\(TilePath.hashes(level: 0, index: index, width: width))` changed",
                        Self.restore, entry: stack.size)
                }
                noteBlob(entry)
                append(leaf)
                compareAnchor(&anchor)
            }
            progress(Progress(entries: stack.size, total: checkpoint.size, bytes: report.bytes))
        }
    }

    /// One bundle with exactly `width` entries; a wider file is a newer one.
    private mutating func bundle(_ index: UInt64, _ width: Int, isWhole: Bool) throws(LedgerError) -> [[UInt8]] {
        let tiles = TileReader(directory: directory, disk: disk)
        let (bytes, path) = try tiles.bytes(
            of: { TilePath.entries(index: index, width: $0) }, width: width, limit: EntryBundle.maximumBytes)
        report.bytes += UInt64(bytes.count)
        guard let ranges = EntryBundle.ranges(bytes), ranges.count >= width else {
            throw LedgerError(.damaged, "the entries' lengths don't add up", path: path)
        }
        guard path != TilePath.entries(index: index, width: width) || ranges.count == width else {
            throw LedgerError(.damaged, "has more entries than its name says", path: path)
        }
        return ranges.prefix(width).map { Array(bytes[$0]) }
    }

    private func recover(_ index: UInt64, _ width: Int, _ hashes: inout [LedgerHash]) -> Bool {
        do {
            hashes = try TileReader(directory: directory, disk: disk).hashes(level: 0, index: index, width: width)
            return true
        } catch {
            return false
        }
    }

    private mutating func append(_ leaf: LedgerHash) {
        var full: [TileStack.Full] = []
        do {
            try stack.append(leaf) { (tile) throws(LedgerError) in full.append(tile) }
        } catch {
            fault("tile", error.message, Self.restore)
        }
        for tile in full { check(tile.hashes, level: tile.level, index: tile.index) }
    }

    private mutating func checkEdge(_ checkpoint: LedgerCheckpoint) {
        var index = checkpoint.size / 256
        for (level, hashes) in stack.levels.enumerated() {
            if !hashes.isEmpty { check(hashes, level: level, index: index) }
            index /= 256
        }
    }

    /// Compares a tile file with what the entries give.
    private mutating func check(_ expected: [LedgerHash], level: Int, index: UInt64) {
        let name = TilePath.hashes(level: level, index: index, width: expected.count)
        report.tiles += 1
        do {
            let (bytes, path) = try TileReader(directory: directory, disk: disk).bytes(
                of: { TilePath.hashes(level: level, index: index, width: $0) }, width: expected.count, limit: 256 * 32)
            report.bytes += UInt64(bytes.count)
            let isExact = path == name
            let wanted = TileWriter.bytes(expected)
            if isExact ? bytes != wanted : !bytes.starts(with: wanted) {
                fault(
                    path, "the hashes aren't those of the entries", Self.restore,
                    entry: index << UInt64(8 * (level + 1)))
            }
        } catch {
            fault(error.path ?? name, error.message, Self.restore, entry: index << UInt64(8 * (level + 1)))
        }
    }

    private mutating func compareAnchor(_ anchor: inout LedgerCheckpoint?) {
        guard let head = anchor, head.size == stack.size else { return }
        anchor = nil
        if stack.frontier.root == head.root {
            report.anchor = .holds(size: head.size)
        } else {
            report.anchor = .fails
            fault(
                anchorPath ?? "", "the ledger's first \(head.size) entries aren't those of its anchor",
                "history was rewritten after that checkpoint: restore the ledger's folder from a copy")
        }
    }

    // MARK: Journal

    /// False when the writer has moved on in the meantime.
    private mutating func readJournal() -> Bool {
        var notes: [String] = []
        var faults: [(String, String, UInt64?)] = []
        var tail = stack.frontier
        var count: UInt64 = 0
        var bytesRead: UInt64 = 0
        var newBlobs: [[UInt8]] = []
        do {
            for name in try disk.list("\(directory)/journal") where Journal.isFileName(name) {
                let file = "journal/\(name)"
                guard let bytes = try disk.read("\(directory)/\(file)", limit: 1 << 30) else { return false }
                bytesRead += UInt64(bytes.count)
                let segment: Journal.Segment
                do {
                    guard let found = try Journal.segment(bytes) else {
                        notes.append(
                            "\(file): \(bytes.count) bytes of an unfinished header; nothing was acknowledged in it")
                        continue
                    }
                    segment = found
                } catch {
                    faults.append((file, error.message, nil))
                    continue
                }
                if Journal.fileName(first: segment.first) != name {
                    faults.append((file, "the journal's name isn't that of its first entry", segment.first))
                    continue
                }
                if segment.first > tail.size {
                    // Either the writer has folded meanwhile, or a segment is gone.
                    if try LedgerCheckpoint(
                        signed: disk.read("\(directory)/checkpoint", limit: 1 << 20) ?? [],
                        key: checkpointKey
                    ).size > stack.size {
                        return false
                    }
                    faults.append((file, "the journal misses entries \(tail.size) to \(segment.first - 1)", tail.size))
                    continue
                }
                if try seed(at: segment.first, tail) != segment.seed {
                    faults.append((file, "the journal doesn't continue the tree", segment.first))
                    continue
                }
                for record in segment.records {
                    if record.index == tail.size {
                        tail.append(record.leaf)
                        count += 1
                        newBlobs.append(Array(bytes[record.entry]))
                    } else if record.index < stack.size, try leaf(record.index) != record.leaf {
                        faults.append((file, "a record differs from the entry in the tiles", record.index))
                    }
                }
                switch segment.tail {
                case .clean: break
                case .torn(let torn):
                    notes.append(
                        "\(file): \(torn) bytes of an unfinished record, never acknowledged; the next start cuts them")
                case .damaged(let message):
                    faults.append((file, "\(message), at byte \(segment.length)", segment.next))
                }
            }
        } catch {
            faults.append((error.path ?? "journal", error.message, nil))
        }
        for entry in newBlobs { noteBlob(entry) }
        report.bytes += bytesRead
        report.journalEntries = count
        report.notes += notes
        for (file, message, entry) in faults {
            fault(
                file, message,
                "restore the file from a copy, or start with the damage set aside; "
                    + "entries under the checkpoint aren't concerned", entry: entry)
        }
        return true
    }

    private var checkpointKey: LedgerVerifierKey {
        // Invariant: `run` got this far with a key, and its text reads back.
        LedgerVerifierKey(report.key) ?? LedgerVerifierKey(name: "", publicKey: [])
    }

    private func seed(at size: UInt64, _ tail: MerkleFrontier) throws(LedgerError) -> LedgerHash? {
        if size == tail.size { return tail.root }
        // A later segment that starts before the end of an earlier one never happens.
        guard size <= stack.size else { return nil }
        return try MerkleTree.root(
            size: size, node: TileReader(directory: directory, disk: disk).node(size: stack.size))
    }

    private func leaf(_ index: UInt64) throws(LedgerError) -> LedgerHash? {
        let width = Int(min(256, stack.size - index / 256 * 256))
        let hashes = try TileReader(directory: directory, disk: disk).hashes(
            level: 0, index: index / 256, width: width)
        return hashes[Int(index % 256)]
    }

    // MARK: Blobs and names

    private mutating func noteBlob(_ entry: [UInt8]) {
        // A cheap look first: nearly no entry has a blob, and reading JSON costs more than all hashing.
        guard entry.hasObject(under: "blob") else { return }
        do {
            if let blob = try LedgerEntry(bytes: entry).blob { blobs.insert(blob.hash) }
        } catch {
            report.notes.append("an entry couldn't be read: \(error.message)")
        }
    }

    private mutating func readBlobs() {
        do {
            for name in try disk.list("\(directory)/blob") {
                guard let hash = Hex.bytes(name).flatMap({ LedgerHash($0) }) else {
                    if name.hasSuffix(".tmp") {
                        report.notes.append("blob/\(name): left by a crash; the next start removes it")
                    } else {
                        fault("blob/\(name)", "isn't a name of the ledger's", "move it away")
                    }
                    continue
                }
                guard let bytes = try disk.read("\(directory)/blob/\(name)", limit: LedgerEntry.maximumBytes) else {
                    continue
                }
                report.bytes += UInt64(bytes.count)
                report.blobs += 1
                if LedgerHash(hashing: bytes) != hash { fault("blob/\(name)", "its content changed", Self.restore) }
                if blobs.remove(hash) == nil {
                    report.notes.append("blob/\(name): no entry names it; its entry was never acknowledged")
                }
            }
        } catch {
            fault(error.path ?? "blob", error.message, Self.restore)
        }
        for hash in blobs.map(\.description).sorted() {
            fault("blob/\(hash)", "is missing", Self.restore)
        }
    }

    private mutating func readFolders() {
        do {
            for name in try disk.list("\(directory)/journal") where !Journal.isFileName(name) {
                report.notes.append("journal/\(name): set aside; not part of the ledger")
            }
        } catch {
            fault("journal", error.message, Self.restore)
        }
    }
}

extension [UInt8] {
    /// Says whether an object stands here under this key: `"key":{`.
    fileprivate func hasObject(under key: String) -> Bool {
        let wanted = Array("\"\(key)\":".utf8)
        return withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return false }
            var at = 0
            // Braces are rarer than anything else in the key.
            while let brace = memchr(start + at, 0x7B, bytes.count - at) {
                let offset = start.distance(to: UnsafeRawPointer(brace))
                if offset >= wanted.count, memcmp(start + (offset - wanted.count), wanted, wanted.count) == 0 {
                    return true
                }
                at = offset + 1
            }
            return false
        }
    }
}
