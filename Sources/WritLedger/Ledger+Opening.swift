// SPDX-License-Identifier: Apache-2.0

extension Ledger {
    /// Reads the signing key, or makes one.
    static func signer(directory: String, options: Options) throws(LedgerError) -> LedgerSigner {
        let disk = options.disk
        let path = options.keyPath ?? "\(directory)/key"
        let signer: LedgerSigner
        if let bytes = try disk.read(path, limit: 4096) {
            guard let found = LedgerSigner(text: String(decoding: bytes, as: UTF8.self)) else {
                throw LedgerError(
                    .key, "the signing key is damaged", path: path,
                    hint: "restore it from a copy, or move the ledger's folder aside to begin a new one")
            }
            signer = found
        } else {
            guard !disk.exists("\(directory)/checkpoint") else {
                throw LedgerError(
                    .key, "the signing key is missing", path: path,
                    hint: "restore it from a copy, or move the ledger's folder aside to begin a new one")
            }
            guard let made = LedgerSigner(name: options.origin) else {
                throw LedgerError(.key, "`\(options.origin.prefix(64))` is no name for a key: no spaces, no `+`")
            }
            if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
                try disk.makeDirectories(String(path[..<slash]))
            }
            try disk.replace(path, with: Array(made.text.utf8))
            signer = made
        }
        let text = Array("\(signer.verifierKey)\n".utf8)
        if try disk.read("\(directory)/vkey", limit: 4096) != text {
            guard !disk.exists("\(directory)/vkey") || !disk.exists("\(directory)/checkpoint") else {
                throw LedgerError(
                    .key, "the public key beside the ledger isn't that of the signing key", path: "\(directory)/vkey",
                    hint: "`writ ledger verify` tells which of the two the checkpoints are signed with")
            }
            try disk.replace("\(directory)/vkey", with: text, mode: 0o644)
        }
        return signer
    }

    /// Brings the folder and the memory to one state: checkpoint, edge of the tiles, journal, anchor.
    struct Opening {
        let directory: String
        let options: Options
        let signer: LedgerSigner
        var state = State()
        var tiles: TileWriter
        var recovery = Recovery()
        private var disk: Disk { options.disk }
        private let checkpoint: LedgerCheckpoint?

        init(directory: String, options: Options, signer: LedgerSigner) throws(LedgerError) {
            self.directory = directory
            self.options = options
            self.signer = signer
            let path = "\(directory)/checkpoint"
            if let note = try options.disk.read(path, limit: 1 << 20) {
                checkpoint = try located(path) { () throws(LedgerError) in
                    try LedgerCheckpoint(signed: note, key: signer.verifierKey)
                }
            } else {
                let hasTiles = try !options.disk.list("\(directory)/tile").isEmpty
                let journal = try options.disk.list("\(directory)/journal")
                guard !hasTiles || journal.contains(Journal.fileName(first: 0)) else {
                    throw LedgerError(
                        .damaged, "the checkpoint is missing but there are tiles", path: path,
                        hint: "restore it from a copy, or move the ledger's folder aside to begin a new one")
                }
                checkpoint = nil
            }
            tiles = try TileWriter(directory: directory, disk: options.disk, checkpoint: checkpoint)
        }

        mutating func run() throws(LedgerError) {
            try removeTemporaries()
            state.frontier = tiles.stack.frontier
            state.next = tiles.size
            state.folded = tiles.size
            state.synced = tiles.size
            try checkAnchor()
            try replayJournal()
            try tiles.removeOrphans()
            guard checkpoint == nil else { return }
            let first = LedgerCheckpoint(origin: signer.verifierKey.name, size: 0, root: .empty)
            try Ledger.publish(first, directory: directory, options: options, signer: signer)
        }

        /// The checkpoint outside the folder must be of this tree, and not beyond it.
        private mutating func checkAnchor() throws(LedgerError) {
            guard let path = options.anchorPath, let note = try disk.read(path, limit: 1 << 20) else { return }
            let problem: String
            do {
                let anchor = try LedgerCheckpoint(signed: note, key: signer.verifierKey)
                if anchor.size <= tiles.size {
                    let reader = TileReader(directory: directory, disk: disk)
                    let root = try MerkleTree.root(size: anchor.size, node: reader.node(size: tiles.size))
                    if root == anchor.root { return }
                    problem = "the ledger differs from its anchor at \(anchor.size) entries"
                } else {
                    problem = "the ledger has \(tiles.size) entries, its anchor \(anchor.size): entries were removed"
                }
            } catch {
                problem = "the anchor can't be used: \(error.message)"
            }
            guard options.setsDamageAside else {
                throw LedgerError(
                    .rolledBack, problem, path: path,
                    hint: "restore the ledger's folder; if you removed it yourself, remove the anchor too")
            }
            let aside = try freeName(path + ".rejected")
            try disk.rename(path, to: aside)
            recovery.alarms.append("\(problem); the anchor was set aside as `\(aside)`")
        }

        private mutating func replayJournal() throws(LedgerError) {
            let names = try disk.list("\(directory)/journal").filter(Journal.isFileName)
            for (position, name) in names.enumerated() {
                let path = "\(directory)/journal/\(name)"
                do {
                    try replay(path, isLast: position == names.count - 1)
                } catch {
                    guard options.setsDamageAside, error.code == .damaged else { throw error }
                    let aside = try freeName("\(directory)/journal/damaged-\(name)")
                    try disk.rename(path, to: aside)
                    state.sealed.removeAll { $0 == path }
                    recovery.alarms.append("\(path): \(error.message); it was set aside as `\(aside)`")
                }
            }
        }

        private mutating func replay(_ path: String, isLast: Bool) throws(LedgerError) {
            guard let bytes = try disk.read(path, limit: 1 << 30) else { return }
            let segment = try located(path) { () throws(LedgerError) in try Journal.segment(bytes) }
            guard let segment else {
                recovery.tornBytes += bytes.count
                try disk.remove(path)
                return
            }
            func damaged(_ message: String) -> LedgerError {
                LedgerError(
                    .damaged, message, path: path,
                    hint: "`writ ledger verify` shows what is sound; restore the file from a copy")
            }
            guard segment.first <= state.next else {
                throw damaged("the journal misses entries \(state.next) to \(segment.first - 1)")
            }
            guard try root(at: segment.first) == segment.seed else {
                throw damaged("the journal doesn't continue this ledger at entry \(segment.first)")
            }
            for record in segment.records where record.index == state.next {
                let entry = LedgerEntry.Prepared(bytes: Array(bytes[record.entry]))
                state.frontier.append(entry.leaf)
                state.pending.append(entry)
                state.pendingBytes += entry.bytes.count
                state.next += 1
                recovery.replayed += 1
            }
            switch segment.tail {
            case .clean: break
            case .torn(let count): recovery.tornBytes += count
            case .damaged(let message):
                let problem = "\(message), before entry \(segment.next) at byte \(segment.length)"
                guard options.setsDamageAside else { throw damaged(problem) }
                // A copy is set aside; the sound beginning stays, for it may be in no tile yet.
                let aside = try freeName("\(directory)/journal/damaged-\(Journal.fileName(first: segment.first))")
                try disk.replace(aside, with: bytes)
                recovery.alarms.append(
                    "\(path): \(problem); what came before was kept, the whole was set aside as `\(aside)`")
            }
            guard isLast, segment.next == state.next else {
                state.sealed.append(path)
                return
            }
            let file = try disk.openForWriting(path)
            if segment.tail != .clean {
                do {
                    try disk.truncate(file, to: segment.length, path)
                } catch {
                    closeFile(file)
                    throw error
                }
            }
            state.segment = Segment(path: path, file: file, length: segment.length, link: segment.link)
        }

        /// The root of the first `size` entries, from the tiles and from what was replayed.
        private func root(at size: UInt64) throws(LedgerError) -> LedgerHash {
            if size == state.next { return state.frontier.root }
            guard size > tiles.size else {
                let reader = TileReader(directory: directory, disk: disk)
                return try MerkleTree.root(size: size, node: reader.node(size: tiles.size))
            }
            var frontier = tiles.stack.frontier
            for entry in state.pending.prefix(Int(size - tiles.size)) { frontier.append(entry.leaf) }
            return frontier.root
        }

        private func removeTemporaries() throws(LedgerError) {
            for folder in ["", "/blob"] {
                for name in try disk.list(directory + folder) where name.hasSuffix(".tmp") {
                    try disk.remove("\(directory)\(folder)/\(name)")
                }
            }
        }

        private func freeName(_ path: String) throws(LedgerError) -> String {
            for number in 1...1000 where !disk.exists("\(path)-\(number)") { return "\(path)-\(number)" }
            throw LedgerError(.storage, "a thousand damaged files stand beside it", path: path, hint: "remove some")
        }
    }
}

/// Gives an error the path that the inner function couldn't know.
func located<Value>(_ path: String, _ body: () throws(LedgerError) -> Value) throws(LedgerError) -> Value {
    do {
        return try body()
    } catch {
        throw LedgerError(error.code, error.message, path: error.path ?? path, hint: error.hint)
    }
}
