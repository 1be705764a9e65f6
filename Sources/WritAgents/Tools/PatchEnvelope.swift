// SPDX-License-Identifier: Apache-2.0

/// A patch in the envelope of `apply_patch`: several files that are added, changed, deleted or moved in one text.
///
/// Every path is found even where the patch would not apply. What cannot be read makes ``isWhole`` false.
public struct PatchEnvelope: Sendable, Hashable {
    /// One replacement in a file.
    public struct Edit: Sendable, Hashable {
        /// Context and removed lines.
        public var old: String
        /// Context and added lines.
        public var new: String
    }

    /// What happens to a file.
    public enum Change: Sendable, Hashable {
        case add(content: String)
        case update([Edit])
        case delete
    }

    /// A file of the patch.
    public struct File: Sendable, Hashable {
        /// As written.
        public var path: String
        /// The new path, as written, when the file is moved.
        public var movedTo: String?
        public var change: Change
    }

    /// More files than this are not read.
    public static let maximumFiles = 2_000

    public private(set) var files: [File] = []
    /// Every line was understood.
    public private(set) var isWhole = true

    /// Reads a patch; linear in its length.
    public init(_ text: String) {
        var reader = Reader()
        var hasBegun = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let line = line.last == "\r" ? line.dropLast() : line
            if !reader.isInUpdate || line.hasPrefix("***"), let header = Header(line) {
                switch header {
                case .begin: hasBegun = true
                case .end, .note: reader.close()
                case .endOfFile: break
                case .add(let path): reader.open(File(path: path, change: .add(content: "")))
                case .update(let path): reader.open(File(path: path, change: .update([])))
                case .delete(let path): reader.open(File(path: path, change: .delete))
                case .move(let path): reader.move(path)
                case .unknown: isWhole = false
                }
                if reader.files.count > Self.maximumFiles { break }
            } else if !reader.take(line) {
                isWhole = false
            }
        }
        reader.close()
        files = Array(reader.files.prefix(Self.maximumFiles))
        if !hasBegun || files.isEmpty || reader.files.count > Self.maximumFiles || reader.isBroken { isWhole = false }
    }

    private enum Header {
        case begin, end, endOfFile, note, unknown
        case add(String), update(String), delete(String), move(String)

        init?(_ line: Substring) {
            let line = line.trimmed
            guard line.hasPrefix("***") else { return nil }
            func path(after word: String) -> String? {
                line.hasPrefix(word) ? String(line.dropFirst(word.count).trimmed) : nil
            }
            if line == "*** Begin Patch" {
                self = .begin
            } else if line == "*** End Patch" {
                self = .end
            } else if line == "*** End of File" {
                self = .endOfFile
            } else if let path = path(after: "*** Add File:") {
                self = .add(path)
            } else if let path = path(after: "*** Update File:") {
                self = .update(path)
            } else if let path = path(after: "*** Delete File:") {
                self = .delete(path)
            } else if let path = path(after: "*** Move to:") {
                self = .move(path)
            } else if line.hasPrefix("*** Environment ID:") {
                self = .note
            } else {
                self = .unknown
            }
        }
    }

    private struct Reader {
        var files: [File] = []
        var current: File?
        var isBroken = false
        private var added = ""
        private var edits: [Edit] = []
        private var old: [Substring] = []
        private var new: [Substring] = []

        var isInUpdate: Bool {
            if case .update = current?.change { true } else { false }
        }

        mutating func open(_ file: File) {
            close()
            current = file
            if file.path.isEmpty { isBroken = true }
        }

        mutating func move(_ path: String) {
            guard isInUpdate, current?.movedTo == nil, !path.isEmpty else {
                isBroken = true
                // A path is never passed over.
                if !path.isEmpty { files.append(File(path: path, change: .update([]))) }
                return
            }
            current?.movedTo = path
        }

        /// False for a line that has no place where it stands.
        mutating func take(_ line: Substring) -> Bool {
            guard let current else { return line.trimmed.isEmpty }
            switch current.change {
            case .add:
                guard line.first == "+" else { return line.trimmed.isEmpty }
                added += line.dropFirst()
                added += "\n"
            case .delete: return line.trimmed.isEmpty
            case .update:
                if line.hasPrefix("@@") {
                    closeEdit()
                    return true
                }
                switch line.first {
                case "+": new.append(line.dropFirst())
                case "-": old.append(line.dropFirst())
                case " ":
                    old.append(line.dropFirst())
                    new.append(line.dropFirst())
                case nil:
                    old.append("")
                    new.append("")
                default: return false
                }
            }
            return true
        }

        private mutating func closeEdit() {
            guard !old.isEmpty || !new.isEmpty else { return }
            edits.append(Edit(old: old.joined(separator: "\n"), new: new.joined(separator: "\n")))
            old = []
            new = []
        }

        mutating func close() {
            guard var file = current else { return }
            closeEdit()
            switch file.change {
            case .add: file.change = .add(content: added)
            case .update: file.change = .update(edits)
            case .delete: break
            }
            files.append(file)
            current = nil
            added = ""
            edits = []
        }
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text = text.dropFirst() }
        while let last = text.last, last == " " || last == "\t" { text = text.dropLast() }
        return text
    }
}
