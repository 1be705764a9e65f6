// SPDX-License-Identifier: Apache-2.0
import WritAgents
import WritCore
public import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Sessions that ran tools and of which no event is known, told from their transcripts: an agent that was started without
/// its hooks, or whose hooks have died.
public enum SilentSessions {
    /// A session by its agent and name.
    public struct Session: Sendable, Hashable {
        public var agent: String
        public var name: String

        /// `agent|name`, as sessions are called everywhere in the daemon.
        public var key: String { "\(agent)|\(name)" }
    }

    /// Newest transcripts first; older ones than these many are not looked at.
    private static let maximumFiles = 200
    private static let piece = 256 << 10

    /// Where an agent keeps transcripts, below the home.
    private struct Store: Sendable {
        var agent: String
        /// Folders, each a glob of one `*` for any name, down to the files.
        var folders: [String]
        /// The session's name, from the path's last parts.
        var name: @Sendable (_ folder: Substring, _ file: String) -> String?
    }

    private static let stores: [Store] = [
        Store(agent: "claude-code", folders: [".claude", "projects", "*"]) { _, file in
            file.hasSuffix(".jsonl") ? String(file.dropLast(6)) : nil
        },
        // rollout-2026-01-31T12-00-00-<id of 36 letters>.jsonl
        Store(agent: "codex", folders: [".codex", "sessions", "*", "*", "*"]) { _, file in
            file.hasPrefix("rollout-") && file.hasSuffix(".jsonl") && file.utf8.count > 48
                ? String(file.dropLast(6).suffix(36)) : nil
        },
        Store(agent: "copilot-cli", folders: [".copilot", "session-state", "*"]) { folder, file in
            file == "events.jsonl" ? String(folder) : nil
        },
    ]

    /// The sessions, newest first.
    ///
    /// - Parameters:
    ///   - isKnown: whether any event of the session is known.
    ///   - since: only transcripts that began later, in milliseconds since 1970, for each agent; those of other agents are
    ///     not looked at.
    public static func found(
        _ home: WritHome, since: [String: Int64], isKnown: (Session) throws -> Bool
    ) throws -> [Session] {
        var files: [(path: String, session: Session, changed: Int64, since: Int64)] = []
        for store in stores {
            guard let since = since[store.agent] else { continue }
            var folders = [home.home]
            for part in store.folders {
                folders = folders.flatMap { folder in
                    part == "*" ? visibleNames(in: folder).map { "\(folder)/\($0)" } : ["\(folder)/\(part)"]
                }
            }
            for folder in folders {
                let last = folder.split(separator: "/").last ?? ""
                for file in visibleNames(in: folder) {
                    guard let name = store.name(last, file) else { continue }
                    let path = "\(folder)/\(file)"
                    let changed = lastChange(of: path)
                    if changed >= since {
                        files.append((path, Session(agent: store.agent, name: name), changed, since))
                    }
                }
            }
        }
        files.sort { $0.changed > $1.changed }
        var silent: [Session] = []
        for file in files.prefix(maximumFiles) {
            guard let start = began(file.path), start >= file.since, try !isKnown(file.session) else { continue }
            guard let bytes = filePart(file.path, atMost: piece, fromEnd: true),
                Transcript.hasUses(bytes, of: file.session.agent)
            else {
                continue
            }
            silent.append(file.session)
        }
        return silent
    }

    /// When Writ was first put into the settings of each agent; agents of which it is not known are left out.
    public static func installed(_ home: WritHome) -> [String: Int64] {
        let records = visibleNames(in: home.state + "/installed")
        var times: [String: Int64] = [:]
        for store in stores {
            let own = records.filter { $0.hasPrefix(store.agent + "-") }
            times[store.agent] = own.map { lastChange(of: "\(home.state)/installed/\($0)") }.min()
        }
        return times
    }

    /// The first time that stands in a transcript.
    private static func began(_ path: String) -> Int64? {
        guard let bytes = filePart(path, atMost: piece, fromEnd: false) else { return nil }
        for line in bytes.split(separator: UInt8(ascii: "\n")).prefix(20) {
            let json: JSON
            do { json = try JSON(parsing: Array(line)) } catch { continue }
            let time = json["timestamp"] ?? json["data"]?["startTime"]
            if let time = time?.string.flatMap(milliseconds) { return time }
        }
        return nil
    }

    /// `2026-01-31T12:34:56.789Z`; nil for anything else.
    public static func milliseconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == 0x2D, bytes[10] == UInt8(ascii: "T"), bytes.last == UInt8(ascii: "Z")
        else {
            return nil
        }
        func number(_ range: Range<Int>) -> Int? { Int(String(decoding: bytes[range], as: UTF8.self)) }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19),
            let days = CivilDay.number(year: year, month: month, day: day)
        else { return nil }
        return Int64(((days * 24 + hour) * 60 + minute) * 60 + second) * 1000
    }
}
