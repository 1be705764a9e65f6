// SPDX-License-Identifier: Apache-2.0

public import WritCore

/// One line of the log: what happened, to whom, and why.
///
/// On disk an entry is one JSON object in canonical form (keys sorted, no blanks), so that control characters, line
/// breaks, terminal escapes and bidi controls in any field stand there as `\u` escapes and can't break a line or steer
/// a terminal. The ledger doesn't redact: secrets must be replaced before.
public struct LedgerEntry: Sendable, Hashable {
    /// What kind of event an entry records. Readers keep kinds that they don't know.
    public struct Kind: RawRepresentable, Sendable, Hashable {
        /// The word in the log.
        public let rawValue: String

        /// A kind of this name.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// A call was judged.
        public static let decision = Kind(rawValue: "decision")
        /// The daemon began to write.
        public static let start = Kind(rawValue: "start")
        /// The daemon ended in order.
        public static let stop = Kind(rawValue: "stop")
        /// The policy in force changed.
        public static let policy = Kind(rawValue: "policy")
        /// Something that a person must look at.
        public static let alarm = Kind(rawValue: "alarm")
        /// A person answered a request.
        public static let approval = Kind(rawValue: "approval")
        /// A writ was issued, bound, derived or revoked.
        public static let delegation = Kind(rawValue: "delegation")
        /// An agent's session began or ended.
        public static let session = Kind(rawValue: "session")
    }

    /// A record that was too long for an entry and lies in a file named after its hash.
    public struct Blob: Sendable, Hashable {
        /// SHA-256 of the file `blob/<hash>`.
        public let hash: LedgerHash
        /// Its size in bytes.
        public let bytes: Int
    }

    /// The form of the entry; this code writes 1.
    public var version: Int64
    /// Unique, and sorted by time: see ``EntryIDs``.
    public var id: String
    /// Milliseconds since 1 January 1970 UTC.
    public var time: Int64
    /// What happened.
    public var kind: Kind
    /// The agent's kind, such as `claude-code`; empty where no agent is meant.
    public var agent: String
    /// The agent's own name of the conversation.
    public var session: String
    /// The tool's canonical name.
    public var tool: String
    /// The answer to a call; nil for what isn't a decision.
    public var verdict: Verdict?
    /// What the agent was told, or what happened.
    public var message: String
    /// Rules that had a say, the one that decided first.
    public var rules: [String]
    /// The request as it was judged, for replay.
    public var record: JSON
    /// Set when the whole entry lies in a blob; then the other fields may be cut and ``record`` is null.
    public var blob: Blob?

    /// Creates an entry.
    public init(
        id: String, time: Int64, kind: Kind, agent: String = "", session: String = "", tool: String = "",
        verdict: Verdict? = nil, message: String = "", rules: [String] = [], record: JSON = .null
    ) {
        version = 1
        self.id = id
        self.time = time
        self.kind = kind
        self.agent = agent
        self.session = session
        self.tool = tool
        self.verdict = verdict
        self.message = message
        self.rules = rules
        self.record = record
    }

    /// The entry as a JSON object; empty fields are left out.
    public var json: JSON {
        // Sorted already, so that the canonical form has nothing to move.
        var members: [JSON.Member] = []
        if !agent.isEmpty { members.append(.init("agent", .string(agent))) }
        if let blob {
            members.append(
                .init("blob", ["bytes": .integer(Int64(blob.bytes)), "sha256": .string(blob.hash.description)]))
        }
        members.append(.init("id", .string(id)))
        members.append(.init("kind", .string(kind.rawValue)))
        if !message.isEmpty { members.append(.init("message", .string(message))) }
        if record != .null { members.append(.init("record", record)) }
        if !rules.isEmpty { members.append(.init("rules", .array(rules.map { .string($0) }))) }
        if !session.isEmpty { members.append(.init("session", .string(session))) }
        members.append(.init("time", .integer(time)))
        if !tool.isEmpty { members.append(.init("tool", .string(tool))) }
        members.append(.init("v", .integer(version)))
        if let verdict { members.append(.init("verdict", .string(verdict.name))) }
        return .object(members)
    }

    /// Reads an entry from its bytes.
    ///
    /// - Throws: ``LedgerError/Code/damaged`` when it isn't one; the error doesn't repeat the bytes.
    public init(bytes: [UInt8]) throws(LedgerError) {
        do {
            try self.init(JSON(parsing: bytes))
        } catch let error as LedgerError {
            throw error
        } catch {
            throw LedgerError(.damaged, "an entry is no JSON: \(error)")
        }
    }

    private init(_ json: JSON) throws(LedgerError) {
        guard let version = json["v"]?.integer, let id = json["id"]?.string, let time = json["time"]?.integer,
            let kind = json["kind"]?.string
        else { throw LedgerError(.damaged, "an entry lacks `v`, `id`, `time` or `kind`") }
        var verdict: Verdict?
        if let name = json["verdict"]?.string {
            verdict = Verdict(name: name)
            guard verdict != nil else { throw LedgerError(.damaged, "an entry has an unknown verdict") }
        }
        self.init(
            id: id, time: time, kind: Kind(rawValue: kind), agent: json["agent"]?.string ?? "",
            session: json["session"]?.string ?? "", tool: json["tool"]?.string ?? "", verdict: verdict,
            message: json["message"]?.string ?? "", rules: (json["rules"]?.array ?? []).compactMap(\.string),
            record: json["record"] ?? .null)
        self.version = version
        if let blob = json["blob"] {
            guard let hash = blob["sha256"]?.string.flatMap(Hex.bytes).flatMap({ LedgerHash($0) }),
                let count = blob["bytes"]?.integer.flatMap({ Int(exactly: $0) })
            else { throw LedgerError(.damaged, "an entry names no sound blob") }
            self.blob = Blob(hash: hash, bytes: count)
        }
    }
}

extension LedgerEntry {
    /// The greatest entry with all that belongs to it, blob included, in bytes.
    public static let maximumBytes = 64 << 20

    /// The entry in the form that is stored, made outside every lock.
    struct Prepared: Sendable {
        let bytes: [UInt8]
        let leaf: LedgerHash
        /// What goes into `blob/<hash>` first.
        let blob: (hash: LedgerHash, bytes: [UInt8])?

        /// For tests and for entries that are known to fit.
        init(bytes: [UInt8]) {
            self.bytes = bytes
            leaf = .leaf(bytes)
            blob = nil
        }

        init(bytes: [UInt8], blob: (hash: LedgerHash, bytes: [UInt8])) {
            self.bytes = bytes
            leaf = .leaf(bytes)
            self.blob = blob
        }
    }

    func prepared() throws(LedgerError) -> Prepared {
        let bytes = json.canonicalBytes
        if bytes.count <= EntryBundle.maximumEntry { return Prepared(bytes: bytes) }
        guard bytes.count <= Self.maximumBytes else {
            throw LedgerError(
                .tooLarge, "an entry of \(bytes.count) bytes; at most \(Self.maximumBytes) fit",
                hint: "record a hash of the content instead of the content")
        }
        let hash = LedgerHash(hashing: bytes)
        var stub = LedgerEntry(
            id: id.cut(to: 128), time: time, kind: Kind(rawValue: kind.rawValue.cut(to: 128)),
            agent: agent.cut(to: 256), session: session.cut(to: 256), tool: tool.cut(to: 512), verdict: verdict,
            message: message.cut(to: 2048), rules: rules.prefix(16).map { $0.cut(to: 256) })
        stub.version = version
        stub.blob = Blob(hash: hash, bytes: bytes.count)
        return Prepared(bytes: stub.json.canonicalBytes, blob: (hash, bytes))
    }
}

extension String {
    /// At most so many bytes, cut between scalars.
    fileprivate func cut(to limit: Int) -> String {
        if utf8.count <= limit { return self }
        var kept = String.UnicodeScalarView()
        var bytes = 0
        for scalar in unicodeScalars {
            bytes += UTF8.width(scalar)
            if bytes > limit { break }
            kept.append(scalar)
        }
        return String(kept)
    }
}

/// Makes entry ids in the manner of UUID version 7 (RFC 9562): 48 bits of milliseconds, a 12-bit counter within the
/// millisecond, 62 random bits. Ids of one source sort in the order in which they were made.
public struct EntryIDs: Sendable {
    private var last: UInt64 = 0
    private var counter: UInt64 = 0

    /// A source.
    public init() {}

    /// The next id.
    ///
    /// - Parameter time: milliseconds since 1 January 1970 UTC. When the clock steps back, the last time counts on.
    public mutating func next(time: Int64, using generator: inout some RandomNumberGenerator) -> String {
        let now = UInt64(max(0, time)) & 0xFFFF_FFFF_FFFF
        if now > last {
            (last, counter) = (now, 0)
        } else if counter == 0xFFF {
            (last, counter) = ((last + 1) & 0xFFFF_FFFF_FFFF, 0)
        } else {
            counter += 1
        }
        let high = last << 16 | 0x7000 | counter
        let random: UInt64 = generator.next()
        let low = random & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        var bytes: [UInt8] = []
        BigEndian.append(high, to: &bytes)
        BigEndian.append(low, to: &bytes)
        let text = Array(Hex.text(bytes).utf8)
        return [text[0..<8], text[8..<12], text[12..<16], text[16..<20], text[20..<32]]
            .map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-")
    }
}
