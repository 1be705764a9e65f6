// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCore
import WritGuard
import WritPolicy
import WritWire

/// ``PrototypePaths`` across sessions and daemons: one JSON string a line, appended as files are written.
final class PrototypeFiles: Sendable {
    private let path: String
    private let withholding: Withholding
    private let paths: Mutex<PrototypePaths>

    /// Reads what earlier daemons kept, and writes it anew without what has been folded together since.
    init(home: WritHome, withholding: Withholding) throws(DaemonFault) {
        path = Self.path(of: home)
        self.withholding = withholding
        let kept = try Self.read(path)
        paths = Mutex(kept)
        if !kept.files.isEmpty || !kept.folders.isEmpty { try Self.save(kept, to: path) }
    }

    static func path(of home: WritHome) -> String { home.state + "/prototypes" }

    private static func lines(_ path: String) -> LineFile { LineFile(path: path, loss: "what prototypes wrote") }

    /// What a file of this kind holds.
    static func read(_ path: String) throws(DaemonFault) -> PrototypePaths {
        var kept = PrototypePaths()
        for text in try lines(path).entries(\.string) {
            if text.hasSuffix("/") { kept.insert(folder: String(text.dropLast())) } else { _ = kept.insert(file: text) }
        }
        return kept
    }

    static func save(_ paths: PrototypePaths, to path: String) throws(DaemonFault) {
        try lines(path).write((paths.folders.sorted().map { $0 + "/" } + paths.files.sorted()).map { .string($0) })
    }

    /// The label that operations bring into a session.
    func labels(for operations: [Operation], in folder: String) -> [String] {
        paths.withLock { $0.isMet(by: operations, in: folder) } ? [PrototypePaths.label] : []
    }

    /// Takes up what an allowed call under `prototyping` writes. Written before the call is answered.
    func note(_ judgement: Judgement) throws {
        guard judgement.request.facts.environment.profile == Profile.prototyping.rawValue,
            judgement.request.phase == .toolCall, judgement.decision.verdict < .deny
        else { return }
        let written = judgement.request.operations.filter {
            $0.kind == .fileWrite && !$0.isPattern && $0.role == .executed && $0.path.hasPrefix("/")
                && !$0.path.hasPrefix("/dev/")
        }
        guard !written.isEmpty else { return }
        try paths.withLock { paths in
            var news: [JSON] = []
            for operation in written {
                // A name that holds a secret is not written down; the folder above it stands for it.
                var kept = operation.path
                while try withholding.text(kept) != kept, let slash = kept.lastIndex(of: "/") {
                    kept = String(kept[..<slash])
                }
                if kept.isEmpty { continue }
                if kept != operation.path {
                    if paths.covers(kept) { continue }
                    paths.insert(folder: kept)
                    news.append(.string(kept + "/"))
                } else if paths.insert(file: kept) {
                    news.append(.string(kept))
                }
            }
            try Self.lines(path).append(news)
        }
    }

    /// A person has reviewed what lies at or below `folder`.
    ///
    /// - Returns: how many entries that were.
    func clear(below folder: String) throws(DaemonFault) -> Int {
        try paths.withLock { paths throws(DaemonFault) in
            var left = paths
            let count = left.remove(below: folder)
            try Self.save(left, to: path)
            paths = left
            return count
        }
    }
}
