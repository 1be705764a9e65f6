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

    /// Reads a patch; linear in its length. Bytes are compared, since a mark that combines with the last letter of a
    /// header must not hide it.
    public init(_ text: String) {
        var reader = Reader()
        var hasBegun = false
        for line in Array(text.utf8).split(separator: 0x0A, omittingEmptySubsequences: false) {
            let line = line.last == 0x0D ? line.dropLast() : line
            if !reader.isInUpdate || line.starts(with: "***".utf8), let header = Header(line) {
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

        init?(_ line: ArraySlice<UInt8>) {
            let line = line.trimmed
            guard line.starts(with: "***".utf8) else { return nil }
            func path(after word: String) -> String? {
                guard line.starts(with: word.utf8) else { return nil }
                return String(decoding: line.dropFirst(word.utf8.count).trimmed, as: UTF8.self)
            }
            if line.elementsEqual("*** Begin Patch".utf8) {
                self = .begin
            } else if line.elementsEqual("*** End Patch".utf8) {
                self = .end
            } else if line.elementsEqual("*** End of File".utf8) {
                self = .endOfFile
            } else if let path = path(after: "*** Add File:") {
                self = .add(path)
            } else if let path = path(after: "*** Update File:") {
                self = .update(path)
            } else if let path = path(after: "*** Delete File:") {
                self = .delete(path)
            } else if let path = path(after: "*** Move to:") {
                self = .move(path)
            } else if line.starts(with: "*** Environment ID:".utf8) {
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
        private var added: [UInt8] = []
        private var edits: [Edit] = []
        private var old: [ArraySlice<UInt8>] = []
        private var new: [ArraySlice<UInt8>] = []

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
        mutating func take(_ line: ArraySlice<UInt8>) -> Bool {
            guard let current else { return line.trimmed.isEmpty }
            switch current.change {
            case .add:
                guard line.first == UInt8(ascii: "+") else { return line.trimmed.isEmpty }
                added += line.dropFirst()
                added.append(0x0A)
            case .delete: return line.trimmed.isEmpty
            case .update:
                if line.starts(with: "@@".utf8) {
                    closeEdit()
                    return true
                }
                switch line.first {
                case UInt8(ascii: "+"): new.append(line.dropFirst())
                case UInt8(ascii: "-"): old.append(line.dropFirst())
                case UInt8(ascii: " "):
                    old.append(line.dropFirst())
                    new.append(line.dropFirst())
                case nil:
                    old.append([])
                    new.append([])
                default: return false
                }
            }
            return true
        }

        private mutating func closeEdit() {
            guard !old.isEmpty || !new.isEmpty else { return }
            edits.append(Edit(old: text(old), new: text(new)))
            old = []
            new = []
        }

        private func text(_ lines: [ArraySlice<UInt8>]) -> String {
            String(decoding: Array(lines.joined(separator: [0x0A])), as: UTF8.self)
        }

        mutating func close() {
            guard var file = current else { return }
            closeEdit()
            switch file.change {
            case .add: file.change = .add(content: String(decoding: added, as: UTF8.self))
            case .update: file.change = .update(edits)
            case .delete: break
            }
            files.append(file)
            current = nil
            added = []
            edits = []
        }
    }
}

extension ArraySlice<UInt8> {
    fileprivate var trimmed: ArraySlice<UInt8> {
        var text = self
        while let first = text.first, first == 0x20 || first == 0x09 || first == 0x0D { text = text.dropFirst() }
        while let last = text.last, last == 0x20 || last == 0x09 || last == 0x0D { text = text.dropLast() }
        return text
    }
}
