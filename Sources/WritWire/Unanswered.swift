// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The notes of hooks that had to answer by themselves, so that a guard that was not there shows in the ledger later.
public struct Unanswered: Sendable, Hashable {
    /// Milliseconds since 1970.
    public var time: UInt64
    public var agent: String
    public var event: String
    /// `absent`, `late`, `broken`, `stranger`, `oversized`, `signal`, `start` or `usage`.
    public var cause: String
    public var process: Int32

    /// Creates a note.
    public init(time: UInt64, agent: String, event: String, cause: String, process: Int32) {
        self.time = time
        self.agent = agent
        self.event = event
        self.cause = cause
        self.process = process
    }

    /// Past this many bytes nothing more is noted until the daemon has taken the notes.
    public static let maximumFile = 1 << 20

    var line: String {
        "\(time) \(Unanswered.word(agent)) \(Unanswered.word(event)) \(Unanswered.word(cause)) \(process)\n"
    }

    /// Reads a line; nil when it is no note.
    init?(line: Substring) {
        let fields = line.split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count == 5, let time = UInt64(fields[0]), let process = Int32(fields[4]) else { return nil }
        self.init(
            time: time, agent: String(fields[1]), event: String(fields[2]), cause: String(fields[3]), process: process)
    }

    /// Appends to the home's notes in one write. What fails here is not reported: the agent already gets its answer, and
    /// there is nowhere else to say it.
    public func append(to home: WritHome) {
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
        let descriptor = open(home.unanswered, flags, 0o600)
        guard descriptor >= 0 else { return }
        let channel = Channel(owning: descriptor)
        var facts = stat()
        guard fstat(channel.descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG,
            facts.st_size < Unanswered.maximumFile
        else { return }
        let bytes = Array(line.utf8)
        _ = write(channel.descriptor, bytes, bytes.count)
    }

    /// Takes all notes of a home, oldest first, and removes them. Lines that are no notes are skipped.
    public static func take(from home: WritHome) -> [Unanswered] {
        let taken = home.unanswered + ".taken"
        guard rename(home.unanswered, taken) == 0 else { return [] }
        let descriptor = open(taken, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return [] }
        let channel = Channel(owning: descriptor)
        defer { unlink(taken) }
        var bytes: [UInt8] = []
        while bytes.count <= 2 * maximumFile {
            do {
                guard try Channel.readSome(upTo: 65_536, from: channel.descriptor, into: &bytes) == .read else { break }
            } catch { break }
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { Unanswered(line: $0) }
    }

    /// At most 64 plain characters; never empty.
    private static func word(_ text: String) -> String {
        let plain = text.unicodeScalars.prefix(64).map { scalar -> Character in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".": Character(scalar)
            default: "?"
            }
        }
        return plain.isEmpty ? "-" : String(plain)
    }
}
