// SPDX-License-Identifier: Apache-2.0

internal import GRDB
internal import Synchronization
public import WritCore

/// Which entries are asked for; nil fields match all.
public struct LedgerQuery: Sendable, Hashable {
    /// What kind of event.
    public var kind: LedgerEntry.Kind?
    /// The agent's kind.
    public var agent: String?
    /// The conversation.
    public var session: String?
    /// The tool's canonical name.
    public var tool: String?
    /// The answer.
    public var verdict: Verdict?
    /// Any of the entry's rules.
    public var rule: String?
    /// The entry's id.
    public var id: String?
    /// From this time on, in milliseconds since 1 January 1970 UTC.
    public var since: Int64?
    /// Before this time.
    public var until: Int64?
    /// Only entries behind this index.
    public var after: UInt64?
    /// At most so many.
    public var limit = 100
    /// The newest instead of the oldest `limit` entries, newest first.
    public var newestFirst = false

    /// A query for everything.
    public init() {}

    /// Says whether an entry is asked for, wherever it stands.
    public func matches(_ item: LedgerReader.Item) -> Bool {
        let entry = item.entry
        return (kind ?? entry.kind) == entry.kind && (agent ?? entry.agent) == entry.agent
            && (session ?? entry.session) == entry.session && (tool ?? entry.tool) == entry.tool
            && (verdict == nil || verdict == entry.verdict) && (rule.map(entry.rules.contains) ?? true)
            && (id ?? entry.id) == entry.id && (since ?? .min) <= entry.time && (until.map { entry.time < $0 } ?? true)
            && (after.map { item.index > $0 } ?? true)
    }
}

extension LedgerReader {
    /// Whether any event of a session stands in the log; as ``entries(matching:)`` knows it.
    public func knows(session: String) throws(LedgerError) -> Bool {
        var query = LedgerQuery()
        query.session = session
        query.limit = 1
        return try !entries(matching: query).isEmpty
    }

    /// The entries that a query asks for. The index only says where to look; what is returned stands in the ledger.
    public func entries(matching query: LedgerQuery) throws(LedgerError) -> [Item] {
        let limit = max(0, query.limit)
        var indexed: UInt64 = 0
        var found: [Item] = []
        if let index, let answer = index.positions(query, reader: self) {
            indexed = answer.size
            var bundle: (index: UInt64, entries: [[UInt8]])?
            for position in answer.positions {
                let number = position / 256
                if bundle?.index != number {
                    let width = Int(min(256, answer.size - number * 256))
                    bundle = (number, try tiles.entries(index: number, width: width))
                }
                guard let entries = bundle?.entries, Int(position % 256) < entries.count else { continue }
                let item = Item(index: position, entry: try LedgerEntry(bytes: entries[Int(position % 256)]))
                if query.matches(item) {
                    found.append(item)
                } else {
                    // The index says what the ledger doesn't: read the ledger itself, and build the index anew.
                    index.discard()
                    (indexed, found) = (0, [])
                    break
                }
            }
        }
        var tail: [Item] = []
        var next = max(indexed, query.after.map { $0 &+ 1 } ?? 0)
        while true {
            let items = try entries(from: next, limit: 1024)
            guard let last = items.last else { break }
            tail += items.filter(query.matches)
            if query.newestFirst, tail.count > limit { tail.removeFirst(tail.count - limit) }
            if !query.newestFirst, found.count + tail.count >= limit { break }
            next = last.index + 1
        }
        return Array((query.newestFirst ? tail.reversed() + found : found + tail).prefix(limit))
    }
}

/// A SQLite table beside the ledger, to find entries fast. The ledger is the truth: whatever is missing, damaged,
/// behind or ahead here is built anew from it.
final class LedgerIndex: Sendable {
    private static let schema = 1
    private let directory: String
    private let database = Mutex<DatabaseQueue?>(nil)
    private var path: String { directory + "/index.sqlite" }

    init(directory: String) {
        self.directory = directory
    }

    /// Brings the table up to the newest checkpoint.
    func update(from reader: LedgerReader) throws {
        do {
            try fill(from: reader)
        } catch is DatabaseError {
            discard()
            try fill(from: reader)
        }
    }

    /// Where the entries of a query stand, up to which size the index knows; nil when there is no usable index.
    func positions(_ query: LedgerQuery, reader: LedgerReader) -> (positions: [UInt64], size: UInt64)? {
        do {
            try update(from: reader)
            return try open().read { database in
                var terms: [String] = []
                var values: [any DatabaseValueConvertible] = []
                func add(_ term: String, _ value: (any DatabaseValueConvertible)?) {
                    guard let value else { return }
                    terms.append(term)
                    values.append(value)
                }
                add("kind = ?", query.kind?.rawValue)
                add("agent = ?", query.agent)
                add("session = ?", query.session)
                add("tool = ?", query.tool)
                add("verdict = ?", query.verdict?.name)
                // Rules stand one a line.
                add("instr(rule, char(10) || ? || char(10)) > 0", query.rule)
                add("id = ?", query.id)
                add("time >= ?", query.since)
                add("time < ?", query.until)
                add("\"index\" > ?", query.after.map { Int64(clamping: $0) })
                let condition = terms.isEmpty ? "" : " WHERE " + terms.joined(separator: " AND ")
                let order = query.newestFirst ? "DESC" : "ASC"
                let sql = "SELECT \"index\" FROM entry\(condition) ORDER BY \"index\" \(order) LIMIT ?"
                values.append(Int64(max(0, query.limit)))
                let rows = try Int64.fetchAll(database, sql: sql, arguments: StatementArguments(values))
                let size = try Int64.fetchOne(database, sql: "SELECT size FROM state") ?? 0
                return (rows.map { UInt64(clamping: $0) }, UInt64(clamping: size))
            }
        } catch {
            // A read-only folder or a full disk: the caller reads the ledger itself, which is slower and just as right.
            return nil
        }
    }

    /// Forgets the table; the next use builds it anew.
    func discard() {
        database.withLock { $0 = nil }
        for suffix in ["", "-wal", "-shm"] {
            do {
                try Disk().remove(path + suffix)
            } catch {
                // Stays as it is; opening it fails again and the ledger is read instead.
                continue
            }
        }
    }

    /// Whether every row is what the ledger's entry gives, as far as the index goes; nil when there is no index.
    func isFaithful(_ reader: LedgerReader) throws -> Bool? {
        guard Disk().exists(path), !Disk().isDirectory(path) else { return nil }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        return try DatabaseQueue(path: path, configuration: configuration).read { database in
            // A writer makes the tables and the version in one transaction: before it there is no index yet.
            let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
            if version == 0, tables == 0 { return nil }
            guard let state = try Row.fetchOne(database, sql: "SELECT size, key FROM state") else { return nil }
            // After the index, which a writer may be filling: the checkpoint is never behind it.
            let whole = try reader.checkpoint()?.size ?? 0
            let size = UInt64(clamping: state["size"] as Int64)
            guard size <= whole, state["key"] as String == reader.key.description else { return false }
            var rows: UInt64 = 0
            var bundle: [[UInt8]] = []
            let cursor = try Row.fetchCursor(database, sql: "SELECT * FROM entry ORDER BY \"index\"")
            while let row = try cursor.next() {
                guard (row["index"] as Int64) == Int64(clamping: rows), rows < size else { return false }
                if rows % 256 == 0 {
                    bundle = try reader.tiles.entries(index: rows / 256, width: Int(min(256, whole - rows)))
                }
                let wanted = Self.row(rows, try LedgerEntry(bytes: bundle[Int(rows % 256)]))
                guard StatementArguments(row.databaseValues) == wanted else { return false }
                rows += 1
            }
            return rows == size
        }
    }

    /// Runs SQL on the table, for tests.
    func execute(_ sql: String) throws {
        try open().write { try $0.execute(sql: sql) }
    }

    private func open() throws -> DatabaseQueue {
        try database.withLock { kept in
            if let kept, Disk().exists(path) { return kept }
            var configuration = Configuration()
            configuration.busyMode = .timeout(5)
            configuration.prepareDatabase { database in
                try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
            }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.write { database in
                let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
                if version == Self.schema { return }
                try database.execute(
                    sql: """
                        DROP TABLE IF EXISTS entry; DROP TABLE IF EXISTS state;
                        CREATE TABLE entry("index" INTEGER PRIMARY KEY, id TEXT NOT NULL, time INTEGER NOT NULL,
                            kind TEXT NOT NULL, agent TEXT NOT NULL, session TEXT NOT NULL, tool TEXT NOT NULL,
                            verdict TEXT, rule TEXT NOT NULL, summary TEXT NOT NULL);
                        CREATE INDEX entry_id ON entry(id);
                        CREATE INDEX entry_time ON entry(time);
                        CREATE INDEX entry_session ON entry(session, "index");
                        CREATE INDEX entry_agent ON entry(agent, "index");
                        CREATE INDEX entry_verdict ON entry(verdict, "index");
                        CREATE TABLE state(size INTEGER NOT NULL, root TEXT NOT NULL, key TEXT NOT NULL);
                        PRAGMA user_version = \(Self.schema);
                        """)
            }
            kept = queue
            return queue
        }
    }

    private func fill(from reader: LedgerReader) throws {
        guard let checkpoint = try reader.checkpoint() else { return }
        let queue = try open()
        while true {
            let isDone = try queue.write { database in
                try Self.fill(database, from: reader, to: checkpoint)
            }
            if isDone { return }
        }
    }

    /// Adds up to 2,048 entries in one transaction; true when all are in.
    private static func fill(
        _ database: Database, from reader: LedgerReader, to checkpoint: LedgerCheckpoint
    ) throws -> Bool {
        var size: UInt64 = 0
        if let row = try Row.fetchOne(database, sql: "SELECT size, root, key FROM state") {
            let (known, root, key) = (row["size"] as Int64, row["root"] as String, row["key"] as String)
            let rows = try Int64.fetchOne(database, sql: "SELECT coalesce(max(\"index\"), -1) + 1 FROM entry") ?? 0
            size = UInt64(clamping: known)
            // A newer index than this checkpoint is another process's work.
            let whole = try reader.checkpoint()?.size ?? 0
            var isSame = size <= whole && rows == known && key == reader.key.description
            if isSame {
                isSame = try MerkleTree.root(size: size, node: reader.tiles.node(size: whole)).description == root
            }
            if !isSame {
                try database.execute(sql: "DELETE FROM entry; DELETE FROM state")
                size = 0
            }
        }
        if size >= checkpoint.size { return true }
        let insert = try database.cachedStatement(
            sql: "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        let end = min(checkpoint.size, (size / 256 + 8) * 256)
        for (index, bytes) in try reader.rawEntries(from: size, limit: Int(end - size)) {
            let entry = try LedgerEntry(bytes: bytes)
            try insert.execute(arguments: row(index, entry))
        }
        let root = try MerkleTree.root(size: end, node: reader.tiles.node(size: checkpoint.size))
        try database.execute(sql: "DELETE FROM state")
        try database.execute(
            sql: "INSERT INTO state VALUES (?, ?, ?)",
            arguments: [Int64(end), root.description, reader.key.description])
        return end == checkpoint.size
    }

    private static func row(_ index: UInt64, _ entry: LedgerEntry) -> StatementArguments {
        let rules = entry.rules.isEmpty ? "" : "\n" + entry.rules.joined(separator: "\n") + "\n"
        return [
            Int64(clamping: index), entry.id, entry.time, entry.kind.rawValue, entry.agent, entry.session, entry.tool,
            entry.verdict?.name, rules, String(entry.message.prefix(200)),
        ]
    }
}
