// SPDX-License-Identifier: Apache-2.0

/// The append-only, tamper-evident log, with its one writer.
///
/// `append` is synchronous and safe from any thread. It writes one journal record and returns; tiles, checkpoint and
/// index follow in the background, in order. Whoever only reads uses ``LedgerReader``.
///
/// `@unchecked Sendable`: `state` and `lock` are touched only between `monitor.lock()` and `unlock()`; `tiles` and `index` only by
/// the one thread that has set `state.isFolding`; everything else is constant. A ledger must be closed: its thread keeps
/// it alive until then.
public final class Ledger: @unchecked Sendable {
    /// What an entry must survive before `append` returns.
    public enum Durability: Sendable, Hashable {
        /// Handed to the kernel: survives `kill -9` of the process, not the loss of power.
        case written
        /// On the medium: survives the loss of power. Concurrent callers share one synchronisation.
        case synced
    }

    /// How a ledger is opened.
    public struct Options: Sendable {
        /// The log's identity and key name, such as `writ.local/<host id>`; used when the key is created.
        public var origin: String
        /// Where the signing key lies; `<folder>/key` when nil. Created with mode 0600 when missing.
        public var keyPath: String?
        /// A file outside the ledger's folder that gets a copy of each checkpoint; nil for none.
        public var anchorPath: String?
        /// The default of `append`.
        public var durability: Durability = .written
        /// Entries reach tiles and checkpoint after at most so many milliseconds ...
        public var foldInterval: Int = 1000
        /// ... or when so many wait.
        public var foldCount: Int = 1024
        /// A segment of the journal is closed beyond this size in bytes.
        public var segmentBytes: Int = 1 << 20
        /// Open although the journal is damaged or the anchor contradicts: what is in the way is set aside under
        /// another name, and ``Ledger/Recovery/alarms`` says so. Otherwise opening throws.
        public var setsDamageAside = false
        /// Fold by itself in a thread. Without it the caller calls ``Ledger/fold()``.
        public var foldsInBackground = true
        /// Keep the SQLite index up to date.
        public var keepsIndex = true
        package var disk = Disk()

        /// Creates options.
        public init(origin: String, anchorPath: String? = nil) {
            self.origin = origin
            self.anchorPath = anchorPath
        }
    }

    /// What opening found and did.
    public struct Recovery: Sendable, Hashable {
        /// Entries that were in the journal only, and are in the ledger.
        public var replayed: UInt64 = 0
        /// Bytes of an unfinished record, never acknowledged, that were cut.
        public var tornBytes = 0
        /// Sentences that belong into an alarm entry; empty when all was well.
        public var alarms: [String] = []
    }

    struct Segment {
        let path: String
        let file: Int32
        var length: Int
        var link: LedgerHash
        /// The folder's entry for it is on the medium too.
        var isNamed = false
    }

    struct State {
        var next: UInt64 = 0
        var frontier = MerkleFrontier()
        /// The journal's open segment; made when the first record needs it.
        var segment: Segment?
        /// Older segments, to be removed once all that they hold is under a checkpoint.
        var sealed: [String] = []
        /// Entries from `folded` to `next`.
        var pending: [LedgerEntry.Prepared] = []
        var pendingBytes = 0
        var folded: UInt64 = 0
        /// Entries below this one are on the medium.
        var synced: UInt64 = 0
        /// Somebody was promised that entries below this one are on the medium.
        var syncWanted: UInt64 = 0
        var syncFailure: (below: UInt64, error: LedgerError)?
        var isSyncing = false
        var isFolding = false
        var isClosing = false
        var isClosed = false
        var threadRuns = false
        /// The segment may hold something else than `next` says; a fold from memory comes before the next record.
        var isSuspect = false
        var foldError: LedgerError?
        var indexError: String?
        var scratch: [UInt8] = []
    }

    /// The ledger's folder.
    public let directory: String
    /// What opening found.
    public let recovery: Recovery
    /// Verifies this ledger's checkpoints; print it and keep it elsewhere.
    public let verifierKey: LedgerVerifierKey

    let options: Options
    let signer: LedgerSigner
    let monitor = Monitor()
    var state: State
    var tiles: TileWriter
    let index: LedgerIndex?
    /// Held until `close`; nil afterwards.
    private var lock: WriterLock?

    /// At most so many bytes wait for their tiles; then `append` folds by itself first.
    static let maximumPendingBytes = 32 << 20

    /// Opens a ledger for writing, creating it when there is none, and takes up what a crash left.
    ///
    /// - Throws: ``LedgerError/Code/locked`` when another process writes it, ``LedgerError/Code/damaged`` or
    ///   ``LedgerError/Code/rolledBack`` when what is there can't be trusted, ``LedgerError/Code/storage``.
    public init(at directory: String, options: Options) throws(LedgerError) {
        let disk = options.disk
        self.directory = directory
        self.options = options
        for folder in ["", "/journal", "/tile", "/blob"] { try disk.makeDirectories(directory + folder) }
        lock = try WriterLock(directory + "/lock")
        signer = try Self.signer(directory: directory, options: options)
        verifierKey = signer.verifierKey
        var opening = try Opening(directory: directory, options: options, signer: signer)
        try opening.run()
        state = opening.state
        tiles = opening.tiles
        recovery = opening.recovery
        index = options.keepsIndex ? LedgerIndex(directory: directory) : nil
        if options.foldsInBackground {
            monitor.lock()
            state.threadRuns = detachThread { [self] in foldLoop() }
            monitor.unlock()
        }
    }

    deinit {
        if let segment = state.segment { closeFile(segment.file) }
    }

    /// Appends one entry.
    ///
    /// When it returns, the entry is durable in the sense asked for. When it throws, the entry isn't acknowledged; the
    /// ledger stays consistent and the next call tries anew.
    /// - Parameter durability: nil for the ledger's default.
    /// - Returns: the entry's index.
    @discardableResult
    public func append(_ entry: LedgerEntry, durability: Durability? = nil) throws(LedgerError) -> UInt64 {
        try append(prepared: [entry.prepared()], durability: durability).lowerBound
    }

    /// Appends several entries with one write and, where asked for, one synchronisation. All or none are acknowledged.
    @discardableResult
    public func append(
        contentsOf entries: [LedgerEntry], durability: Durability? = nil
    ) throws(LedgerError) -> Range<UInt64> {
        var prepared: [LedgerEntry.Prepared] = []
        prepared.reserveCapacity(entries.count)
        for entry in entries { prepared.append(try entry.prepared()) }
        return try append(prepared: prepared, durability: durability)
    }

    func append(prepared: [LedgerEntry.Prepared], durability: Durability?) throws(LedgerError) -> Range<UInt64> {
        let isSynced = (durability ?? options.durability) == .synced
        for case (let hash, let bytes)? in prepared.map(\.blob) { try write(blob: hash, bytes, isSynced: isSynced) }
        monitor.lock()
        defer { monitor.unlock() }
        while state.isSuspect || state.pendingBytes > Self.maximumPendingBytes {
            guard !state.isClosed else { break }
            try foldLocked()
        }
        guard !state.isClosed, !state.isClosing else {
            throw LedgerError(.closed, "the ledger is closed", path: directory)
        }
        let range = state.next..<state.next + UInt64(prepared.count)
        if !prepared.isEmpty { try writeRecords(prepared) }
        if isSynced {
            state.syncWanted = max(state.syncWanted, state.next)
            try waitUntilSynced(range.upperBound)
        }
        return range
    }

    /// How many entries there are, acknowledged or about to be.
    public var count: UInt64 {
        monitor.lock()
        defer { monitor.unlock() }
        return state.next
    }

    /// Why the last fold failed; nil when it succeeded. Entries stay safe in the journal meanwhile.
    public var foldError: LedgerError? {
        monitor.lock()
        defer { monitor.unlock() }
        return state.foldError
    }

    /// Why the last update of the index failed; nil when it succeeded. The ledger doesn't depend on it.
    public var indexError: String? {
        monitor.lock()
        defer { monitor.unlock() }
        return state.indexError
    }

    /// Reads this ledger, from any thread.
    public var reader: LedgerReader {
        LedgerReader(directory: directory, key: verifierKey, disk: options.disk, index: index)
    }

    /// Writes tiles, a checkpoint and the index for all that was appended, and ends. Later appends throw.
    ///
    /// - Throws: ``LedgerError/Code/storage`` when the last fold failed. All acknowledged entries are in the journal then.
    public func close() throws(LedgerError) {
        monitor.lock()
        defer { monitor.unlock() }
        guard !state.isClosed else { return }
        state.isClosing = true
        monitor.broadcast()
        while state.threadRuns { monitor.wait() }
        defer {
            if let segment = state.segment { closeFile(segment.file) }
            state.segment = nil
            state.isClosed = true
            lock = nil
            monitor.broadcast()
        }
        try foldLocked()
        updateIndex()
    }

    // MARK: Inside the lock

    private func writeRecords(_ entries: [LedgerEntry.Prepared]) throws(LedgerError) {
        var segment = try openSegment()
        state.scratch.removeAll(keepingCapacity: state.scratch.capacity < 1 << 20)
        var link = segment.link
        for (offset, entry) in entries.enumerated() {
            // Invariant: `Prepared` never holds more than `EntryBundle.maximumEntry` bytes.
            precondition(!entry.bytes.isEmpty && entry.bytes.count <= EntryBundle.maximumEntry)
            link = Journal.append(
                entry.bytes, leaf: entry.leaf, index: state.next + UInt64(offset), after: link, to: &state.scratch)
        }
        do {
            try options.disk.write(state.scratch, to: segment.file, at: segment.length, segment.path)
        } catch {
            do {
                try options.disk.truncate(segment.file, to: segment.length, segment.path)
            } catch {
                state.isSuspect = true
            }
            throw error
        }
        segment.length += state.scratch.count
        segment.link = link
        state.segment = segment
        let wasEmpty = state.pending.isEmpty
        for entry in entries {
            state.frontier.append(entry.leaf)
            state.pendingBytes += entry.bytes.count
            state.pending.append(entry)
        }
        state.next += UInt64(entries.count)
        if wasEmpty || state.pending.count >= options.foldCount { monitor.broadcast() }
    }

    private func openSegment() throws(LedgerError) -> Segment {
        if let segment = state.segment { return segment }
        let path = "\(directory)/journal/" + Journal.fileName(first: state.next)
        let seed = state.frontier.root
        let file = try options.disk.create(path)
        do {
            let header = Journal.header(first: state.next, seed: seed)
            try options.disk.write(header, to: file, at: 0, path)
        } catch {
            closeFile(file)
            try options.disk.remove(path)
            throw error
        }
        let segment = Segment(path: path, file: file, length: Journal.headerBytes, link: seed)
        state.segment = segment
        return segment
    }

    /// Waits until entries below `target` are on the medium. The first that comes synchronises for all that have
    /// written by then; the others wait for it.
    private func waitUntilSynced(_ target: UInt64) throws(LedgerError) {
        while state.synced < target {
            if let failure = state.syncFailure, target <= failure.below { throw failure.error }
            if state.isSyncing {
                monitor.wait()
                continue
            }
            guard let segment = state.segment else {
                // Sealed in the meantime, which synchronises what was promised; else the fold that sealed it will.
                if state.isFolding { monitor.wait() } else { try foldLocked() }
                continue
            }
            synchronize(segment)
        }
    }

    /// Synchronises the open segment, with the lock given up meanwhile.
    func synchronize(_ segment: Segment) {
        let goal = state.next
        state.isSyncing = true
        monitor.unlock()
        let result: Result<Void, LedgerError>
        do {
            try options.disk.synchronize(segment.file, segment.path)
            if !segment.isNamed { try options.disk.synchronizeDirectory("\(directory)/journal") }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        monitor.lock()
        state.isSyncing = false
        switch result {
        case .success:
            state.synced = max(state.synced, goal)
            if state.segment?.path == segment.path { state.segment?.isNamed = true }
        case .failure(let error):
            // After a failure the kernel may hold the pages for clean: only a fold from memory makes sure.
            state.syncFailure = (goal, error)
            state.isSuspect = true
        }
        monitor.broadcast()
    }

    private func write(blob hash: LedgerHash, _ bytes: [UInt8], isSynced: Bool) throws(LedgerError) {
        let path = "\(directory)/blob/\(hash)"
        if options.disk.exists(path) { return }
        // Two threads may write the same content at once; each needs a temporary name of its own.
        let temporary = "\(path).\(UInt64.random(in: 0 ... .max)).tmp"
        let file = try options.disk.create(temporary)
        do {
            defer { closeFile(file) }
            try options.disk.write(bytes, to: file, at: 0, temporary)
            if isSynced { try options.disk.synchronize(file, temporary) }
        } catch {
            try options.disk.remove(temporary)
            throw error
        }
        try options.disk.rename(temporary, to: path)
        if isSynced { try options.disk.synchronizeDirectory("\(directory)/blob") }
    }
}
