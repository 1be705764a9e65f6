// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCore
import WritGuard
import WritPolicy
import WritScan
import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The files that instruct agents: looked at when a session starts and when they are read, and ``InstructionBook`` across
/// sessions and daemons.
final class InstructionWatch: Sendable {
    /// A longer file is not looked at; reading it makes the session untrusted.
    static let maximumFile = 1 << 20
    /// Files that one start looks at for the first time.
    static let maximumFresh = 200
    static let maximumMilliseconds: Int64 = 300
    /// Files that one start reads at all, known or not.
    static let maximumFiles = 2_000
    private static let maximumKnown = 8_192
    private static let maximumSessions = 4_096

    /// What decides what is said of a text: the same text means the same to the same policies in the same place.
    private struct Key: Hashable {
        var digest: String
        var path: String
        var policies: String
    }

    private struct State {
        var book: InstructionBook
        var known: [Key: InstructionReview] = [:]
        var sessions: Set<String> = []
    }

    private let file: LineFile
    private let withholding: Withholding
    private let state: Mutex<State>

    /// Reads what earlier daemons kept, and writes it anew without what no longer says anything.
    init(home: WritHome, withholding: Withholding) throws(DaemonFault) {
        file = Self.file(of: home)
        self.withholding = withholding
        let book = try Self.read(file)
        state = Mutex(State(book: book))
        if !book.entries.isEmpty { try file.write(book.entries.map(\.json)) }
    }

    static func file(of home: WritHome) -> LineFile {
        LineFile(path: home.state + "/instructions", loss: "who wrote agents' memory")
    }

    static func read(_ file: LineFile) throws(DaemonFault) -> InstructionBook {
        var book = InstructionBook()
        for entry in try file.entries(InstructionBook.Entry.init) { _ = book.note(entry) }
        return book
    }

    /// On whose behalf files are looked at.
    struct Reader {
        var call: Call
        var guardian: Guard
        var surroundings: Guard.Surroundings

        var root: String {
            surroundings.facts.repo.root.isEmpty ? call.workspace : surroundings.facts.repo.root
        }
    }

    // MARK: Reading

    /// The labels that the files bring which operations read.
    func labels(for operations: [Operation], _ reader: Reader) -> [String] {
        var labels: Set<String> = []
        for operation in operations
        where [.fileRead, .fileSearch].contains(operation.kind) && operation.role == .executed
            && operation.path.hasPrefix("/")
        {
            // A folder's own listing shows names; only what goes into its files reads them.
            let isDeep = operation.kind == .fileSearch || operation.traits.contains(.recursive)
            var folder = operation.path
            if operation.isPattern {
                let stem = folder.prefix { $0 != "*" && $0 != "?" && $0 != "[" }
                folder = stem.lastIndex(of: "/").map { String(stem[..<$0]) } ?? ""
                if folder.isEmpty, !isDeep { continue }
            }
            let known =
                isDeep || operation.isPattern
                ? state.withLock { $0.book.paths(below: folder.isEmpty ? "/" : folder) } : []
            for path in known.prefix(Self.maximumFiles) { labels.formUnion(self.labels(of: path, reader)) }
            if known.count > Self.maximumFiles { labels.insert("untrusted") }
            if !operation.isPattern, !known.contains(operation.path) {
                labels.formUnion(self.labels(of: operation.path, reader))
            }
        }
        return labels.sorted()
    }

    /// The labels that reading one file brings; none for ordinary files.
    private func labels(of path: String, _ reader: Reader) -> Set<String> {
        let place: AgentPlaces.Place?
        do {
            place = try Guard.agentPlaces().place(ofFile: path, home: reader.call.home, workspace: reader.root)
        } catch {
            return ["untrusted"]
        }
        guard let place else {
            return state.withLock { state in
                guard state.book.paths(below: path).contains(path) else { return [] }
                return Set(state.book.labels(of: path, digest: nil))
            }
        }
        let bytes: [UInt8]
        do throws(DaemonFault) {
            guard let read = try SmallFile.read(path, limit: Self.maximumFile) else { return [] }
            bytes = read
        } catch {
            // What cannot be looked at counts as the worse case.
            return Set(state.withLock { $0.book.labels(of: path, digest: nil) }).union(["untrusted"])
        }
        let (review, _, labels) = look(at: bytes, path, AgentPlaces.phase(of: place.kind), reader)
        return review.isSuspect ? labels.union(["untrusted"]) : labels
    }

    /// Looks at a text once; the next time the answer is known.
    private func look(
        at bytes: [UInt8], _ path: String, _ phase: Phase, _ reader: Reader
    ) -> (review: InstructionReview, isFresh: Bool, labels: Set<String>) {
        let digest = Engines.digest(bytes)
        let key = Key(digest: digest, path: path, policies: reader.guardian.policies.digest)
        let (known, labels) = state.withLock { ($0.known[key], Set($0.book.labels(of: path, digest: digest))) }
        if let known { return (known, false, labels) }
        let review = reader.guardian.review(
            instructions: bytes, at: path, phase: phase, for: reader.call, in: reader.surroundings)
        state.withLock { state in
            if state.known.count >= Self.maximumKnown { state.known.removeAll() }
            state.known[key] = review
        }
        return (review, true, labels)
    }

    private func isKnown(_ bytes: [UInt8], _ path: String, _ reader: Reader) -> Bool {
        let key = Key(digest: Engines.digest(bytes), path: path, policies: reader.guardian.policies.digest)
        return state.withLock { $0.known[key] != nil }
    }

    // MARK: Start of a session

    /// Looks at what the host loads by itself, when a session starts or is met for the first time.
    ///
    /// - Parameter session: the session's name with the agent's.
    /// - Returns: nil when this is no start.
    func start(_ session: String, _ reader: Reader) throws -> InstructionStart? {
        let isNew = state.withLock { state in
            if state.sessions.count >= Self.maximumSessions { state.sessions.removeAll() }
            return state.sessions.insert(session).inserted
        }
        guard isNew || reader.call.event == .sessionStart else { return nil }
        let began = Self.milliseconds
        let walk = InstructionWalk(
            try Guard.agentPlaces(), agent: reader.call.agent.kind, root: reader.root,
            folder: reader.call.workingDirectory, home: reader.call.home)
        var start = InstructionStart(isCut: walk.isCut)
        // What an instruction file brings in by `@path` is loaded with it, and so looked at like it.
        var files = walk.files.map { (file: $0, depth: 0) }
        var seen = Set(walk.files.map(\.path))
        var next = 0
        while next < files.count {
            let (found, depth) = files[next]
            next += 1
            let name =
                PathText.isUnder(found.path, reader.root) && found.path != reader.root
                ? String(found.path.dropFirst(reader.root.utf8.count).drop { $0 == "/" }) : found.path
            let bytes: [UInt8]
            do throws(DaemonFault) {
                guard let read = try SmallFile.read(found.path, limit: Self.maximumFile) else { continue }
                bytes = read
            } catch {
                start.leave(name, found.kind)
                continue
            }
            let isLate = Self.milliseconds - began >= Self.maximumMilliseconds
            if start.files >= Self.maximumFiles
                || (isLate || start.fresh >= Self.maximumFresh) && !isKnown(bytes, found.path, reader)
            {
                start.leave(name, found.kind)
                continue
            }
            if found.kind == .instructions || found.kind == .memory, depth < InstructionImports.depth {
                for path in InstructionImports.paths(in: bytes, of: found.path, home: reader.call.home)
                where !seen.contains(path) {
                    guard seen.count < Self.maximumFiles else {
                        start.leave(name, found.kind)
                        break
                    }
                    seen.insert(path)
                    // `@src/components` in a text about a tree: hosts bring in files.
                    if FileIdentity(path).isFolder { continue }
                    files.append((InstructionWalk.File(path: path, kind: .instructions), depth + 1))
                }
            }
            let (review, isFresh, labels) = look(at: bytes, found.path, AgentPlaces.phase(of: found.kind), reader)
            start.take(name, found.kind, review, isFresh: isFresh, labels)
        }
        return start
    }

    // MARK: Writing

    /// Takes up what a call writes into these files. Written before the call is answered.
    func note(_ judgement: Judgement) throws {
        guard judgement.request.phase == .toolCall, judgement.decision.verdict < .deny,
            !judgement.instructions.isEmpty
        else { return }
        let call = judgement.request.call
        let session = try withholding.text(call.session)
        try state.withLock { state in
            var news: [JSON] = []
            for write in judgement.instructions {
                let entry = InstructionBook.Entry(
                    path: write.path, digest: write.digest, labels: judgement.labels(passedOnBy: write),
                    agent: call.agent.kind, session: session, time: judgement.request.now)
                guard state.book.note(entry) else { continue }
                // A name that holds a secret is kept in memory alone.
                if try withholding.text(write.path) == write.path { news.append(entry.json) }
            }
            try file.append(news)
        }
    }

    /// A person has reviewed what lies at or below `folder`.
    ///
    /// - Returns: how many files that were.
    func clear(below folder: String) throws(DaemonFault) -> Int {
        try state.withLock { state throws(DaemonFault) in
            var left = state.book
            let count = left.remove(below: folder)
            if count > 0 { try file.write(left.entries.map(\.json)) }
            state.book = left
            return count
        }
    }

    private static var milliseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
