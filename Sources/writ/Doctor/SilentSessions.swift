// SPDX-License-Identifier: Apache-2.0
import WritAgents
import WritCore
import WritLedger
import WritWire

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Sessions of Claude Code that ran tools and of which the ledger knows no event, told from their transcripts.
enum SilentSessions {
    private static let maximumFiles = 200
    private static let piece = 256 << 10

    /// The sessions' names, newest first.
    ///
    /// - Parameter since: only transcripts that began later, in milliseconds since 1970.
    static func found(_ home: WritHome, in reader: LedgerReader?, since: Int64) throws -> [String] {
        let root = home.home + "/.claude/projects"
        var files: [(path: String, session: String, changed: Int64)] = []
        for folder in names(in: root) {
            for name in names(in: "\(root)/\(folder)") where name.hasSuffix(".jsonl") {
                let path = "\(root)/\(folder)/\(name)"
                let changed = Evidence.changed(path)
                if changed >= since { files.append((path, String(name.dropLast(6)), changed)) }
            }
        }
        files.sort { $0.changed > $1.changed }
        var silent: [String] = []
        for file in files.prefix(maximumFiles) {
            guard let start = began(file.path), start >= since else { continue }
            var query = LedgerQuery()
            query.session = file.session
            query.limit = 1
            if let reader, try !reader.entries(matching: query).isEmpty { continue }
            guard let bytes = bytes(file.path, fromEnd: true), Transcript.hasUses(bytes) else { continue }
            silent.append(file.session)
        }
        return silent
    }

    /// When Writ was first put into Claude Code's settings; nil when it is not known.
    static func installed(_ home: WritHome) -> Int64? {
        names(in: home.state + "/installed").filter { $0.hasPrefix("claude-code-") }
            .map { Evidence.changed("\(home.state)/installed/\($0)") }.min()
    }

    /// The first time that stands in a transcript.
    private static func began(_ path: String) -> Int64? {
        guard let bytes = bytes(path, fromEnd: false) else { return nil }
        for line in bytes.split(separator: UInt8(ascii: "\n")).prefix(20) {
            let json: JSON
            do { json = try JSON(parsing: Array(line)) } catch { continue }
            if let time = json["timestamp"]?.string.flatMap(milliseconds) { return time }
        }
        return nil
    }

    /// `2026-01-31T12:34:56.789Z`; nil for anything else.
    static func milliseconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == 0x2D, bytes[10] == UInt8(ascii: "T"), bytes.last == UInt8(ascii: "Z")
        else {
            return nil
        }
        func number(_ range: Range<Int>) -> Int32? { Int32(String(decoding: bytes[range], as: UTF8.self)) }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19)
        else { return nil }
        var parts = tm()
        parts.tm_year = year - 1900
        parts.tm_mon = month - 1
        parts.tm_mday = day
        parts.tm_hour = hour
        parts.tm_min = minute
        parts.tm_sec = second
        return Int64(timegm(&parts)) * 1000
    }

    private static func bytes(_ path: String, fromEnd: Bool) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
        let count = min(Int(facts.st_size), piece)
        var bytes = [UInt8](repeating: 0, count: count)
        let got = pread(file, &bytes, count, fromEnd ? off_t(facts.st_size) - off_t(count) : 0)
        return got < 0 ? nil : Array(bytes.prefix(got))
    }

    static func names(in folder: String) -> [String] {
        guard let listing = opendir(folder) else { return [] }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing), names.count < 10_000 {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}
