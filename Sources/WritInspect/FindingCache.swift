// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Synchronization
public import WritCore

/// Where the cache's files lie: the user's cache folder, never a repository.
public protocol CacheStorage: Sendable {
    /// The file's bytes; nil when there is none.
    func read(_ name: String) -> [UInt8]?
    /// Replaces a file in one step. A cache that cannot be written is no error.
    func write(_ name: String, _ bytes: [UInt8])
}

/// Remembers the findings of content that was looked at before, by a hash of content, path, phase and settings.
///
/// 256 small files, each read when it is first needed, sealed with a key of the user's and bounded; what was not used
/// for longest goes first. What does not open is as if it were not there.
public final class FindingCache: Sendable {
    /// Names one content under one path.
    public struct Key: Sendable, Hashable {
        let bytes: [UInt8]

        /// Hashes the content.
        ///
        /// - Parameter surroundings: what the findings depend on besides, such as the manifests above a file.
        public init(path: String, phase: Phase, content: [UInt8], surroundings: String = "") {
            var hash = SHA256()
            hash.update(data: Array(path.utf8) + [0] + Array(phase.rawValue.utf8) + [0])
            if !surroundings.isEmpty { hash.update(data: Array(surroundings.utf8) + [0]) }
            hash.update(data: content)
            bytes = Array(hash.finalize().prefix(16))
        }
    }

    /// Bytes of one file at most: 64 MiB for all.
    public static let shardLimit = 256 << 10
    private static let magic = Array("writ findings 1\n".utf8)

    private struct Entry {
        var day: UInt16
        var findings: [UInt8]
    }

    private struct Shard {
        var entries: [[UInt8]: Entry]
        var isChanged = false
    }

    private struct State {
        var shards: [Int: Shard] = [:]
        var stored = 0
    }

    private let storage: any CacheStorage
    private let identity: [UInt8]
    private let key: SymmetricKey
    private let today: UInt16
    private let state = Mutex(State())

    /// Opens the cache.
    ///
    /// - Parameters:
    ///   - identity: names everything besides content that findings depend on: the program, its rules and models, the
    ///     detectors and thresholds.
    ///   - key: 32 bytes that are the user's alone.
    ///   - today: for the order in which entries go.
    public init(storage: any CacheStorage, identity: String, key: [UInt8], today: Day) {
        self.storage = storage
        self.identity = Array(SHA256.hash(data: Array(identity.utf8)))
        self.key = SymmetricKey(data: key)
        self.today = UInt16(clamping: today.number)
    }

    /// What this content gave; nil when that is not known.
    public func findings(for key: Key) -> [LocatedFinding]? {
        guard let first = key.bytes.first else { return nil }
        let stored: [UInt8]? = state.withLock { state in
            load(Int(first), &state)
            guard let entry = state.shards[Int(first)]?.entries[key.bytes] else { return nil }
            if entry.day != today {
                state.shards[Int(first)]?.entries[key.bytes]?.day = today
                state.shards[Int(first)]?.isChanged = true
            }
            return entry.findings
        }
        guard let stored else { return nil }
        return stored.isEmpty ? [] : FindingRecord.read(stored)
    }

    /// Keeps what this content gave.
    public func remember(_ findings: [LocatedFinding], for key: Key) {
        guard let first = key.bytes.first else { return }
        let bytes = findings.isEmpty ? [] : FindingRecord.bytes(of: findings)
        guard bytes.count <= Self.shardLimit / 8 else { return }
        state.withLock { state in
            load(Int(first), &state)
            state.shards[Int(first)]?.entries[key.bytes] = Entry(day: today, findings: bytes)
            state.shards[Int(first)]?.isChanged = true
        }
    }

    /// Writes what changed.
    public func save() {
        state.withLock { state in
            for (number, shard) in state.shards where shard.isChanged {
                storage.write(Self.name(number), sealed(shard))
                state.shards[number]?.isChanged = false
            }
        }
    }

    private static func name(_ shard: Int) -> String {
        "findings-" + Hex.text([UInt8(truncatingIfNeeded: shard)])
    }

    private func load(_ number: Int, _ state: inout State) {
        guard state.shards[number] == nil else { return }
        state.shards[number] = storage.read(Self.name(number)).flatMap(opened) ?? Shard(entries: [:])
    }

    /// Magic, identity, code, then entries: key, day, length, findings.
    private func sealed(_ shard: Shard) -> [UInt8] {
        let newest = shard.entries.sorted { ($1.value.day, $0.key[0]) < ($0.value.day, $1.key[0]) }
        var body: [UInt8] = []
        for (key, entry) in newest {
            guard body.count + 22 + entry.findings.count <= Self.shardLimit else { continue }
            body += key
            body += Self.bytes(UInt32(entry.day), 2) + Self.bytes(UInt32(entry.findings.count), 4)
            body += entry.findings
        }
        let code = HMAC<SHA256>.authenticationCode(for: Self.magic + identity + body, using: key)
        return Self.magic + identity + Array(code) + body
    }

    private func opened(_ bytes: [UInt8]) -> Shard? {
        let head = Self.magic.count + 64
        guard bytes.count >= head, bytes.count <= Self.shardLimit + head, bytes.starts(with: Self.magic),
            bytes[Self.magic.count..<Self.magic.count + 32].elementsEqual(identity)
        else { return nil }
        let body = bytes[head...]
        guard
            HMAC<SHA256>.isValidAuthenticationCode(
                bytes[Self.magic.count + 32..<head], authenticating: Self.magic + identity + body, using: key)
        else { return nil }
        var shard = Shard(entries: [:])
        var at = head
        while at + 22 <= bytes.count {
            let count = Self.number(bytes, at + 18, 4)
            guard count <= bytes.count - at - 22 else { return nil }
            shard.entries[Array(bytes[at..<at + 16])] = Entry(
                day: UInt16(truncatingIfNeeded: Self.number(bytes, at + 16, 2)),
                findings: Array(bytes[at + 22..<at + 22 + count]))
            at += 22 + count
        }
        return shard
    }

    private static func bytes(_ value: UInt32, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
    }

    private static func number(_ bytes: [UInt8], _ at: Int, _ count: Int) -> Int {
        (0..<count).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
    }
}

/// Findings as the cache keeps them. They hold excerpts without secrets, and no secret.
enum FindingRecord {
    static func bytes(of findings: [LocatedFinding]) -> [UInt8] {
        JSON.array(findings.map(json)).bytes
    }

    /// Nil for anything that is not a whole record.
    static func read(_ bytes: [UInt8]) -> [LocatedFinding]? {
        let json: JSON
        do { json = try JSON(parsing: bytes) } catch {
            // A damaged record is none: the file is read anew.
            return nil
        }
        guard let rows = json.array else { return nil }
        let findings = rows.compactMap(finding)
        return findings.count == rows.count ? findings : nil
    }

    private static func json(_ found: LocatedFinding) -> JSON {
        let finding = found.finding
        var excerpt = JSON.null
        if let shown = found.excerpt {
            excerpt = [
                .string(shown.text), .integer(Int64(shown.mark.lowerBound)), .integer(Int64(shown.mark.upperBound)),
            ]
        }
        return [
            .string(finding.scanner), .string(finding.rule), .string(finding.category), .string(finding.severity.name),
            .number(finding.confidence), .integer(Int64(finding.span.start)), .integer(Int64(finding.span.end)),
            .integer(Int64(finding.line)), .integer(Int64(found.endLine)), finding.cwe.map { .string($0) } ?? .null,
            .string(finding.message), .string(finding.remedy), finding.environment.map { .string($0) } ?? .null,
            found.column.map { .integer(Int64($0)) } ?? .null, found.endColumn.map { .integer(Int64($0)) } ?? .null,
            .string(found.identity), excerpt,
        ]
    }

    private static func finding(_ row: JSON) -> LocatedFinding? {
        guard let v = row.array, v.count == 17, let scanner = v[0].string, let rule = v[1].string,
            let category = v[2].string, let severity = v[3].string.flatMap({ Severity(name: $0) }),
            let confidence = v[4].double, let start = v[5].integer, let end = v[6].integer, let line = v[7].integer,
            let endLine = v[8].integer, let message = v[10].string, let remedy = v[11].string,
            let identity = v[15].string
        else { return nil }
        var excerpt: Excerpt?
        if let parts = v[16].array, parts.count == 3, let text = parts[0].string, let low = parts[1].integer,
            let high = parts[2].integer, low >= 0, high >= low
        {
            excerpt = Excerpt(text: text, mark: Int(low)..<Int(high))
        }
        return LocatedFinding(
            path: "", commit: nil, agent: nil,
            finding: Finding(
                scanner: scanner, rule: rule, category: category, severity: severity, confidence: confidence,
                span: SourceSpan(start: Int(start), end: Int(end)), line: Int(line), cwe: v[9].string, message: message,
                remedy: remedy, environment: v[12].string),
            endLine: Int(endLine), column: v[13].integer.map { Int($0) }, endColumn: v[14].integer.map { Int($0) },
            identity: identity, excerpt: excerpt, suppression: nil)
    }
}
