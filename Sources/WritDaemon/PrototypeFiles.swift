// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCore
import WritGuard
import WritPolicy
import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

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

    /// What a file of this kind holds.
    static func read(_ path: String) throws(DaemonFault) -> PrototypePaths {
        var kept = PrototypePaths()
        guard let bytes = try SmallFile.read(path, limit: 64 << 20) else { return kept }
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        for (index, line) in lines.enumerated() {
            let text: String?
            do { text = try JSON(parsing: Array(line)).string } catch {
                // The last line may have been cut short by a crash; the write it stood for was not answered.
                if index == lines.count - 1, bytes.last != UInt8(ascii: "\n") { continue }
                throw DaemonFault("\(path): is damaged in line \(index + 1); remove it to forget what prototypes wrote")
            }
            guard let text else { throw DaemonFault("\(path): is damaged in line \(index + 1)") }
            if text.hasSuffix("/") { kept.insert(folder: String(text.dropLast())) } else { _ = kept.insert(file: text) }
        }
        return kept
    }

    static func save(_ paths: PrototypePaths, to path: String) throws(DaemonFault) {
        let lines = paths.folders.sorted().map { $0 + "/" } + paths.files.sorted()
        try SmallFile.write(Array(lines.map { JSON.string($0).text + "\n" }.joined().utf8), to: path)
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
            var news = ""
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
                    news += JSON.string(kept + "/").text + "\n"
                } else if paths.insert(file: kept) {
                    news += JSON.string(kept).text + "\n"
                }
            }
            if !news.isEmpty { try append(Array(news.utf8)) }
        }
    }

    /// A person has reviewed what lies at or below `folder`.
    ///
    /// - Returns: how many entries that were.
    func clear(below folder: String) throws(DaemonFault) -> Int {
        var count = 0
        var fault: DaemonFault?
        paths.withLock { paths in
            var left = paths
            count = left.remove(below: folder)
            do throws(DaemonFault) {
                try Self.save(left, to: path)
                paths = left
            } catch { fault = error }
        }
        if let fault { throw fault }
        return count
    }

    private func append(_ bytes: [UInt8]) throws(DaemonFault) {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw DaemonFault("\(path): cannot be written: \(systemText(errno))") }
        defer { close(file) }
        let count = write(file, bytes, bytes.count)
        guard count == bytes.count else { throw DaemonFault("\(path): cannot be written: \(systemText(errno))") }
    }
}
