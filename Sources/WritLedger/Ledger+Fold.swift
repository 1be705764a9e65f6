// SPDX-License-Identifier: Apache-2.0

extension Ledger {
    /// Brings all entries so far under a signed checkpoint: tiles, checkpoint, anchor, index, in this order.
    ///
    /// - Throws: ``LedgerError/Code/storage``; the entries stay in the journal and the next fold tries again.
    public func fold() throws(LedgerError) {
        monitor.lock()
        defer { monitor.unlock() }
        guard !state.isClosed else { throw LedgerError(.closed, "the ledger is closed", path: directory) }
        try foldLocked()
        updateIndex()
    }

    /// Brings the index up to the checkpoint, with the lock given up meanwhile. A failure never reaches the ledger.
    func updateIndex() {
        guard let index else { return }
        let reader = reader
        monitor.unlock()
        var failure: String?
        do {
            try index.update(from: reader)
        } catch {
            failure = "\(error)"
        }
        monitor.lock()
        state.indexError = failure
    }

    /// Folds with the lock held; it is given up while the disk works.
    func foldLocked() throws(LedgerError) {
        while state.isFolding { monitor.wait() }
        let goesOn = !state.isClosing && !state.isSuspect
        let mustSeal = state.segment.map { !goesOn || $0.length > options.segmentBytes } ?? false
        guard !state.pending.isEmpty || mustSeal || !state.sealed.isEmpty else {
            state.isSuspect = false
            return
        }
        state.isFolding = true
        let wasSuspect = state.isSuspect
        if mustSeal { sealSegment() }
        let batch = state.pending
        let dropped = state.sealed
        monitor.unlock()
        let result: Result<Void, LedgerError>
        do {
            try publish(batch, dropping: dropped)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        monitor.lock()
        // The checkpoint may stand although what came after it failed.
        let folded = Int(tiles.size - state.folded)
        state.pendingBytes -= state.pending.prefix(folded).reduce(0) { $0 + $1.bytes.count }
        state.pending.removeFirst(folded)
        state.folded = tiles.size
        state.synced = max(state.synced, tiles.size)
        state.isFolding = false
        monitor.broadcast()
        switch result {
        case .failure(let error):
            state.foldError = error
            throw error
        case .success:
            state.foldError = nil
            state.sealed.removeAll { dropped.contains($0) }
            if wasSuspect { state.isSuspect = false }
        }
    }

    /// Ends the open segment. What somebody was promised to be on the medium is made so first.
    private func sealSegment() {
        while state.isSyncing { monitor.wait() }
        guard let segment = state.segment else { return }
        if state.synced < state.syncWanted, !state.isSuspect { synchronize(segment) }
        closeFile(segment.file)
        state.sealed.append(segment.path)
        state.segment = nil
    }

    /// Runs without the lock, in the one thread that set `isFolding`.
    private func publish(
        _ batch: [LedgerEntry.Prepared], dropping sealed: [String]
    ) throws(LedgerError) {
        let older = tiles.size
        if !batch.isEmpty {
            var written = tiles
            try written.append(batch)
            let checkpoint = LedgerCheckpoint(origin: verifierKey.name, size: written.size, root: written.root)
            try Self.publish(checkpoint, directory: directory, options: options, signer: signer)
            tiles = written
            try tiles.removeStale(since: older)
        }
        for path in sealed { try options.disk.remove(path) }
    }

    static func publish(
        _ checkpoint: LedgerCheckpoint, directory: String, options: Options, signer: LedgerSigner
    ) throws(LedgerError) {
        let note = try signer.sign(checkpoint)
        try options.disk.replace("\(directory)/checkpoint", with: note)
        try options.disk.synchronizeDirectory(directory)
        guard let anchor = options.anchorPath else { return }
        if let slash = anchor.lastIndex(of: "/"), slash > anchor.startIndex {
            try options.disk.makeDirectories(String(anchor[..<slash]))
        }
        try options.disk.replace(anchor, with: note)
    }

    /// The background thread: it sleeps until there is something to fold, then lets more come for a while.
    func foldLoop() {
        monitor.lock()
        while true {
            awaitWork()
            if state.isClosing { break }
            do {
                try foldLocked()
                updateIndex()
            } catch {
                // Kept in `foldError`, and told by the next append that must wait for a fold; try again after a pause.
                monitor.wait(milliseconds: max(100, options.foldInterval))
            }
        }
        state.threadRuns = false
        monitor.broadcast()
        monitor.unlock()
    }

    private func awaitWork() {
        while state.pending.isEmpty, !state.isClosing { monitor.wait() }
        let deadline = ContinuousClock.now.advanced(by: .milliseconds(options.foldInterval))
        while !state.isClosing, state.pending.count < options.foldCount {
            let rest = ContinuousClock.now.duration(to: deadline)
            let milliseconds = rest.components.seconds * 1000 + rest.components.attoseconds / 1_000_000_000_000_000
            guard milliseconds > 0 else { break }
            monitor.wait(milliseconds: Int(milliseconds))
        }
    }
}
