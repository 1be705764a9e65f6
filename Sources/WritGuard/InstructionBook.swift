// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// Who wrote the files that instruct agents, and what the writing session had touched: what a later session takes over
/// when it reads them.
///
/// Bounded: past the limit what is forgotten of a file is kept for all files together, so labels are never lost, only
/// told apart less well.
public struct InstructionBook: Sendable, Hashable {
    /// The label of a session that has read what an agent wrote to be read by agents.
    public static let label = "memory"

    /// One writing.
    public struct Entry: Sendable, Hashable {
        /// Absolute.
        public var path: String
        /// SHA-256 of the whole file as it was written, in hexadecimal; nil when only a part is known.
        public var digest: String?
        /// Of the session, when it wrote.
        public var labels: [String]
        public var agent: String
        public var session: String
        /// Seconds since 1970.
        public var time: Int64

        /// Creates an entry.
        public init(
            path: String, digest: String?, labels: [String], agent: String = "", session: String = "", time: Int64 = 0
        ) {
            self.path = path
            self.digest = digest
            self.labels = labels
            self.agent = agent
            self.session = session
            self.time = time
        }
    }

    private static let maximumPerFile = 8

    private let limit: Int
    /// By path, oldest first.
    private var files: [String: [Entry]] = [:]
    /// Labels of writings that are no longer told apart.
    private var folded: Set<String> = []
    private var isFolded = false

    /// Remembers nothing yet.
    ///
    /// - Parameter limit: files that are told apart.
    public init(limit: Int = 4_096) {
        self.limit = max(1, limit)
    }

    /// Everything that is known, in the order of paths and times.
    public var entries: [Entry] { files.sorted { $0.key < $1.key }.flatMap(\.value) }

    /// Takes a writing up.
    ///
    /// - Returns: whether it says something that was not known.
    public mutating func note(_ entry: Entry) -> Bool {
        guard entry.path.hasPrefix("/"), entry.path.utf8.count <= 4_096 else { return false }
        var known = files[entry.path] ?? []
        if known.contains(where: { $0.digest == entry.digest && Set(entry.labels).isSubset(of: $0.labels) }) {
            return false
        }
        if files[entry.path] == nil, files.count >= limit {
            folded.formUnion(entry.labels)
            isFolded = true
            return true
        }
        known.append(entry)
        if known.count > Self.maximumPerFile {
            // The two oldest become one that stands for any content.
            let oldest = known.removeFirst()
            known[0].labels = Array(Set(known[0].labels).union(oldest.labels)).sorted()
            known[0].digest = nil
        }
        files[entry.path] = known
        return true
    }

    /// The labels that reading a file brings.
    ///
    /// - Parameter digest: of what stands in it now. The writings that left exactly this count; when none did, all do.
    public func labels(of path: String, digest: String?) -> [String] {
        guard let known = files[path] else { return isFolded ? ([Self.label] + folded.sorted()).unique : [] }
        let same = known.filter { $0.digest != nil && $0.digest == digest }
        return ([Self.label] + (same.isEmpty ? known : same).flatMap(\.labels)).unique
    }

    /// The files at or below a folder.
    public func paths(below folder: String) -> [String] {
        if folder == "/" { return files.keys.sorted() }
        return files.keys.filter { PathText.isUnder($0, folder) }.sorted()
    }

    /// A person has looked at everything at or below `path`.
    ///
    /// - Returns: how many files were taken out.
    public mutating func remove(below path: String) -> Int {
        let gone = paths(below: path)
        for path in gone { files[path] = nil }
        return gone.count
    }
}

extension InstructionBook.Entry {
    /// As a line of a file.
    public var json: JSON {
        var json: JSON = [
            "path": .string(path), "labels": .array(labels.map { .string($0) }), "agent": .string(agent),
            "session": .string(session), "time": .integer(time),
        ]
        if let digest { json.set("sha256", .string(digest)) }
        return json
    }

    /// Reads a line; nil when it is not whole.
    public init?(_ json: JSON) {
        guard let path = json["path"]?.string, let labels = json["labels"]?.array, let time = json["time"]?.integer
        else { return nil }
        self.init(
            path: path, digest: json["sha256"]?.string, labels: labels.compactMap(\.string),
            agent: json["agent"]?.string ?? "", session: json["session"]?.string ?? "", time: time)
    }
}

extension [String] {
    /// Each once, in order.
    fileprivate var unique: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
