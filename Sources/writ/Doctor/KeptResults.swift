// SPDX-License-Identifier: Apache-2.0
import WritAgents
import WritCore
import WritWire

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The doctor's last results, kept to notice what got worse.
struct KeptResults {
    private static let format = "writ-doctor/1"

    private var results: [String: JSON] = [:]
    private let path: String

    /// Reads what is kept; a file that cannot be read counts as none, and is replaced.
    init(_ home: WritHome) {
        path = home.state + "/doctor.json"
        guard let bytes = Self.bytes(path) else { return }
        do {
            let json = try JSON(parsing: bytes)
            guard json["format"]?.string == Self.format else { return }
            for member in json["results"]?.members ?? [] { results[member.key] = member.value }
        } catch {
            return
        }
    }

    var isEmpty: Bool { results.isEmpty }

    /// What was found out of an agent the last time: the worst outcome, with the time in milliseconds since 1970.
    func last(of agent: String) -> (isSound: Bool, time: Int64)? {
        let own = results.filter { $0.key.hasPrefix(agent + " ") }.map(\.value)
        guard let time = own.compactMap({ $0["time"]?.integer }).max() else { return nil }
        return (own.allSatisfy { $0["outcome"]?.string == "denied" }, time)
    }

    /// Takes new results in, and says what was sound and is not any more.
    mutating func merge(_ examinations: [Examination], programs: [String: String], now: Int64) -> [String] {
        var worse: [String] = []
        for examination in examinations {
            // What is not installed any more is no result; what was played replaces the last.
            let head = "\(examination.agent) \(examination.level) "
            let before = results.filter { $0.key.hasPrefix(head) }
            for key in before.keys { results[key] = nil }
            for check in examination.checks {
                let key = check.key(examination.agent, examination.level)
                if let old = before[key], old["outcome"]?.string == "denied", !check.isSound {
                    var line =
                        "\(key): was denied on \(Moment.text(old["time"]?.integer ?? 0)), is \(check.outcome.rawValue) now"
                    if let program = programs[examination.agent], let known = old["program"]?.string, known != program {
                        line += "; the agent's program has changed since"
                    }
                    worse.append(line)
                }
                var value: JSON = [
                    "outcome": .string(check.outcome.rawValue), "mode": "simulated",
                    "milliseconds": .integer(Int64(check.milliseconds)), "time": .integer(now),
                ]
                if let program = programs[examination.agent] { value.set("program", .string(program)) }
                results[key] = value
            }
            for key in before.keys.sorted() where results[key] == nil && before[key]?["outcome"]?.string == "denied" {
                worse.append("\(key): was denied, is not played any more")
            }
        }
        return worse
    }

    /// An agent whose hooks are gone: what was proven of it is a regression.
    mutating func drop(_ agent: String, level: String) -> [String] {
        let keys = results.keys.filter { $0.hasPrefix("\(agent) \(level) ") }
        for key in keys { results[key] = nil }
        return keys.isEmpty ? [] : ["\(agent) \(level): was installed, and is not any more"]
    }

    /// The levels of an agent that something is kept of.
    func levels(of agent: String) -> Set<String> {
        Set(
            results.keys.filter { $0.hasPrefix(agent + " ") }.compactMap { key in
                let words = key.split(separator: " ")
                return words.count > 1 ? String(words[1]) : nil
            })
    }

    /// Writes the file, for the owner alone, in one step.
    func write(_ home: WritHome) throws {
        let json: JSON = [
            "format": .string(Self.format),
            "results": .object(results.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) }),
        ]
        do throws(HomeFault) { try WritHome.makeFolders(home.state) } catch { throw CommandFault(error.message) }
        let new = path + ".new-\(getpid())"
        let file = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw CommandFault("the results cannot be kept: cannot write `\(new)`") }
        let bytes = json.bytes + [0x0A]
        let isWritten = bytes.withUnsafeBytes { Terminal.write($0, to: file) } && fsync(file) == 0
        close(file)
        guard isWritten, rename(new, path) == 0 else {
            unlink(new)
            throw CommandFault("the results cannot be kept: cannot write `\(path)`")
        }
    }

    private static func bytes(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0, facts.st_size <= 4 << 20 else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(facts.st_size))
        let count = read(file, &bytes, bytes.count)
        return count == bytes.count ? bytes : nil
    }
}
