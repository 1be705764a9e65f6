// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritScan

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Reads objects and branches from a repository's own files, loose and packed, without git: a repository can make git
/// run programs, and a daemon that starts one for every new commit would wait for it.
///
/// Everything is hostile: sizes, depths and counts are bounded, and what does not fit is a fault. Format: gitformat-pack,
/// gitrepository-layout. Not read: branches kept in reftables, and objects that only a promisor remote has.
struct GitObjects {
    /// Why a repository could not be read: one line, lower case, no full stop.
    struct Fault: Error, Sendable, Hashable {
        let message: String
        init(_ message: String) { self.message = message }
    }

    enum Kind: Int {
        case commit = 1
        case tree, blob, tag
    }

    struct Object {
        var kind: Kind
        var bytes: [UInt8]
    }

    /// Larger objects are not read.
    static let maximumBytes = 4 << 20
    private static let maximumDeltas = 256
    /// Of all deltas of one object together: without it a small pack would take a gibibyte.
    private static let maximumDeltaBytes = 16 << 20

    /// The common git folder, absolute.
    let folder: String

    // MARK: Branches

    /// The commit that a full reference name stands for; nil when there is none.
    func commit(of reference: String) throws(Fault) -> String? {
        var name = reference
        for _ in 0..<5 {
            guard Self.isReferenceName(name) else { throw Fault("a branch has an impossible name") }
            let loose = try text(name)
            guard let text = loose == nil ? try packed(name) : loose else { return nil }
            if text.hasPrefix("ref: ") {
                name = String(text.dropFirst(5)).trimmedBlanks
                continue
            }
            guard Self.isID(text) else { throw Fault("`\(name)` names no object") }
            return text
        }
        throw Fault("`\(reference)` leads in a circle")
    }

    /// Branches are kept in a form that is not read here.
    var hasReftable: Bool { FileIdentity("\(folder)/reftable").isFolder }

    private func text(_ name: String) throws(Fault) -> String? {
        let path = "\(folder)/\(name)"
        if FileIdentity(path).isFolder { return nil }
        guard let bytes = try file(path, limit: 4 << 10) else { return nil }
        return String(decoding: bytes, as: UTF8.self).trimmedBlanks
    }

    private func packed(_ name: String) throws(Fault) -> String? {
        guard let bytes = try file("\(folder)/packed-refs", limit: 32 << 20) else { return nil }
        let wanted = Array(" \(name)".utf8)
        for line in bytes.split(separator: UInt8(ascii: "\n"))
        where line.count > wanted.count && line.suffix(wanted.count).elementsEqual(wanted) {
            let id = String(decoding: line.dropLast(wanted.count), as: UTF8.self)
            if Self.isID(id) { return id }
        }
        return nil
    }

    static func isID(_ text: String) -> Bool {
        (text.utf8.count == 40 || text.utf8.count == 64)
            && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    private static func isReferenceName(_ name: String) -> Bool {
        (name == "HEAD" || name.hasPrefix("refs/")) && name.utf8.count <= 512
            && !name.split(separator: "/", omittingEmptySubsequences: false).contains {
                $0.isEmpty || $0 == ".." || $0 == "."
            }
            && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }

    // MARK: Files in commits

    /// The file's bytes as a commit has it; nil when the commit has none of that name.
    func file(_ path: [String], at commit: String) throws(Fault) -> [UInt8]? {
        guard let object = try object(commit), object.kind == .commit else {
            throw Fault("the commit \(commit.prefix(12)) is missing")
        }
        let first = String(decoding: object.bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        guard first.hasPrefix("tree "), Self.isID(String(first.dropFirst(5))) else {
            throw Fault("the commit \(commit.prefix(12)) is damaged")
        }
        var id = String(first.dropFirst(5))
        for (index, name) in path.enumerated() {
            guard let tree = try self.object(id), tree.kind == .tree else {
                throw Fault("the folder \(id.prefix(12)) is missing or damaged")
            }
            guard let entry = try Self.entry(name, in: tree.bytes, idBytes: id.utf8.count / 2) else { return nil }
            let isLast = index == path.count - 1
            guard entry.mode == (isLast ? "100644" : "40000") || isLast && entry.mode == "100755" else {
                throw Fault("`\(path.joined(separator: "/"))` is no plain file in the commit \(commit.prefix(12))")
            }
            id = entry.id
        }
        guard let blob = try self.object(id), blob.kind == .blob else {
            throw Fault("the file \(id.prefix(12)) is missing")
        }
        return blob.bytes
    }

    private static func entry(
        _ name: String, in tree: [UInt8], idBytes: Int
    ) throws(Fault) -> (mode: String, id: String)? {
        let wanted = Array(name.utf8)
        var at = 0
        while at < tree.count {
            guard let space = tree[at...].firstIndex(of: 0x20), let end = tree[space...].firstIndex(of: 0),
                tree.count - end > idBytes
            else { throw Fault("a folder of the repository is damaged") }
            if tree[(space + 1)..<end].elementsEqual(wanted) {
                return (String(decoding: tree[at..<space], as: UTF8.self), Hex.text(tree[(end + 1)...(end + idBytes)]))
            }
            at = end + idBytes + 1
        }
        return nil
    }

    // MARK: Objects

    /// An object; nil when the repository does not have it.
    func object(_ id: String) throws(Fault) -> Object? {
        for folder in try objectFolders() {
            if let object = try loose(id, in: folder) { return object }
            if let object = try packed(id, in: folder, depth: 0) { return object }
        }
        return nil
    }

    /// The repository's own folder, and those that it borrows from.
    private func objectFolders() throws(Fault) -> [String] {
        var folders = ["\(folder)/objects"]
        var next = 0
        while next < folders.count {
            let base = folders[next]
            next += 1
            guard let bytes = try file("\(base)/info/alternates", limit: 64 << 10) else { continue }
            for line in bytes.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "#") {
                let path = PathText.absolute(String(decoding: line, as: UTF8.self), in: base, home: "/")
                if !folders.contains(path) { folders.append(path) }
                guard folders.count <= 8 else { throw Fault("the repository borrows objects from too many others") }
            }
        }
        return folders
    }

    private func loose(_ id: String, in folder: String) throws(Fault) -> Object? {
        guard let bytes = try file("\(folder)/\(id.prefix(2))/\(id.dropFirst(2))", limit: Self.maximumBytes) else {
            return nil
        }
        let head = Inflate.zlib(bytes, limit: 32).out
        guard let end = head.firstIndex(of: 0) else { throw Fault("the object \(id.prefix(12)) is damaged") }
        let words = String(decoding: head[..<end], as: UTF8.self).split(separator: " ")
        let kinds: [Substring: Kind] = ["commit": .commit, "tree": .tree, "blob": .blob, "tag": .tag]
        guard words.count == 2, let kind = kinds[words[0]], let size = Int(words[1]), size >= 0,
            size <= Self.maximumBytes
        else { throw Fault("the object \(id.prefix(12)) is damaged or too large") }
        let whole = Inflate.zlib(bytes, limit: end + 1 + size).out
        guard whole.count == end + 1 + size else { throw Fault("the object \(id.prefix(12)) is damaged") }
        return Object(kind: kind, bytes: Array(whole[(end + 1)...]))
    }

    private func packed(_ id: String, in folder: String, depth: Int) throws(Fault) -> Object? {
        guard let listing = opendir("\(folder)/pack") else { return nil }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = entryName(entry)
            if name.hasSuffix(".idx") { names.append(String(name.dropLast(4))) }
            guard names.count <= 4_096 else { throw Fault("the repository has too many packs") }
        }
        for name in names.sorted() {
            let index = try PackFile("\(folder)/pack/\(name).idx")
            guard let offset = try index.offset(of: id) else { continue }
            let pack = try PackFile("\(folder)/pack/\(name).pack")
            return try object(at: offset, in: pack, index: index, folder, depth, idBytes: id.utf8.count / 2)
        }
        return nil
    }

    /// An object of a pack, with the deltas that it is made of applied.
    private func object(
        at start: Int, in pack: borrowing PackFile, index: borrowing PackFile, _ folder: String, _ depth: Int,
        idBytes: Int
    ) throws(Fault) -> Object {
        var deltas: [[UInt8]] = []
        var at = start
        while true {
            let entry = try pack.entry(at: at, idBytes: idBytes)
            var base: Object?
            switch entry.type {
            case 1...4:
                guard let kind = Kind(rawValue: entry.type) else { throw Fault("a pack is damaged") }
                base = Object(kind: kind, bytes: try pack.inflated(entry))
            case 6:
                guard entry.baseDistance > 0, entry.baseDistance < at else { throw Fault("a pack is damaged") }
                deltas.append(try pack.inflated(entry))
                at -= entry.baseDistance
            case 7:
                deltas.append(try pack.inflated(entry))
                if let offset = try index.offset(of: entry.baseID) {
                    at = offset
                } else {
                    guard depth < 4, let other = try packed(entry.baseID, in: folder, depth: depth + 1) else {
                        throw Fault("a pack is damaged")
                    }
                    base = other
                }
            default: throw Fault("a pack is damaged")
            }
            guard deltas.count <= Self.maximumDeltas else { throw Fault("a pack has too long chains") }
            guard deltas.reduce(0, { $0 + $1.count }) <= Self.maximumDeltaBytes else {
                throw Fault("a pack has too large deltas")
            }
            guard var object = base else { continue }
            for delta in deltas.reversed() { object.bytes = try Self.applied(delta, to: object.bytes) }
            return object
        }
    }

    private static func applied(_ delta: [UInt8], to base: [UInt8]) throws(Fault) -> [UInt8] {
        let damaged = Fault("a pack is damaged")
        var at = 0
        func next() throws(Fault) -> Int {
            guard at < delta.count else { throw damaged }
            defer { at += 1 }
            return Int(delta[at])
        }
        func size() throws(Fault) -> Int {
            var value = 0
            for shift in stride(from: 0, to: 35, by: 7) {
                let byte = try next()
                value |= (byte & 127) << shift
                if byte & 128 == 0 { return value }
            }
            throw damaged
        }
        guard try size() == base.count else { throw damaged }
        let wanted = try size()
        guard wanted <= maximumBytes else { throw Fault("an object is too large") }
        var out: [UInt8] = []
        out.reserveCapacity(wanted)
        while at < delta.count {
            let code = try next()
            if code & 128 != 0 {
                var offset = 0
                var length = 0
                for bit in 0..<4 where code & 1 << bit != 0 { offset |= try next() << (8 * bit) }
                for bit in 0..<3 where code & 16 << bit != 0 { length |= try next() << (8 * bit) }
                if length == 0 { length = 0x10000 }
                guard offset <= base.count, length <= base.count - offset, length <= wanted - out.count else {
                    throw damaged
                }
                out += base[offset..<(offset + length)]
            } else {
                guard code > 0, code <= delta.count - at, code <= wanted - out.count else { throw damaged }
                out += delta[at..<(at + code)]
                at += code
            }
        }
        guard out.count == wanted else { throw damaged }
        return out
    }

    private func file(_ path: String, limit: Int) throws(Fault) -> [UInt8]? {
        do { return try SmallFile.read(path, limit: limit) } catch { throw Fault(error.message) }
    }
}

/// A pack or its index, open for reading at any place.
private struct PackFile: ~Copyable {
    struct Entry {
        var type: Int
        var size: Int
        /// Of an offset delta.
        var baseDistance = 0
        /// Of a reference delta.
        var baseID = ""
        /// Where its compressed bytes begin.
        var start: Int
    }

    private let descriptor: Int32
    private let size: Int

    init(_ path: String) throws(GitObjects.Fault) {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw GitObjects.Fault("\(path): cannot be read: \(systemText(errno))") }
        var facts = stat()
        guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            close(file)
            throw GitObjects.Fault("\(path): is not a regular file")
        }
        descriptor = file
        size = Int(facts.st_size)
    }

    deinit { close(descriptor) }

    private func bytes(_ count: Int, at offset: Int, atLeast least: Int? = nil) throws(GitObjects.Fault) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max(0, min(count, size - offset)))
        guard offset >= 0, bytes.count >= least ?? count else { throw GitObjects.Fault("a pack is cut short") }
        var at = 0
        while at < bytes.count {
            let read = bytes.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress.map { $0 + at }, buffer.count - at, off_t(offset + at))
            }
            if read < 0, errno == EINTR { continue }
            guard read > 0 else { throw GitObjects.Fault("a pack cannot be read") }
            at += read
        }
        return bytes
    }

    private func number(at offset: Int) throws(GitObjects.Fault) -> Int {
        try bytes(4, at: offset).reduce(0) { $0 << 8 | Int($1) }
    }

    /// Of an index, version 2: where the object begins in its pack.
    func offset(of id: String) throws(GitObjects.Fault) -> Int? {
        let wanted = Self.bytes(of: id)
        guard let first = wanted.first else { return nil }
        let head = try bytes(8, at: 0)
        guard head == [0xFF, 0x74, 0x4F, 0x63, 0, 0, 0, 2] else {
            throw GitObjects.Fault("a pack's index has an unknown format")
        }
        let total = try number(at: 8 + 4 * 255)
        var low = first == 0 ? 0 : try number(at: 8 + 4 * (Int(first) - 1))
        var high = try number(at: 8 + 4 * Int(first))
        let names = 8 + 4 * 256
        guard low <= high, high <= total, total <= size / 28 else {
            throw GitObjects.Fault("a pack's index is damaged")
        }
        while low < high {
            let middle = (low + high) / 2
            let found = try bytes(wanted.count, at: names + middle * wanted.count)
            if found == wanted {
                let offsets = names + total * (wanted.count + 4)
                let short = try number(at: offsets + 4 * middle)
                guard short & 0x8000_0000 != 0 else { return short }
                let long = offsets + 4 * total + 8 * (short & 0x7FFF_FFFF)
                let high = try number(at: long)
                guard high < 1 << 30 else { throw GitObjects.Fault("a pack's index is damaged") }
                return high << 32 | (try number(at: long + 4))
            }
            if found.lexicographicallyPrecedes(wanted) { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    private static func bytes(of id: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var half: UInt8?
        for character in id.utf8 {
            let value = character <= 57 ? character &- 48 : character &- 87
            if let first = half {
                bytes.append(first << 4 | value & 15)
                half = nil
            } else {
                half = value & 15
            }
        }
        return bytes
    }

    /// Of a pack: what an entry is, without its bytes.
    func entry(at offset: Int, idBytes: Int) throws(GitObjects.Fault) -> Entry {
        let damaged = GitObjects.Fault("a pack is damaged")
        let head = try bytes(64, at: offset, atLeast: 4)
        var at = 0
        func next() throws(GitObjects.Fault) -> Int {
            guard at < head.count else { throw damaged }
            defer { at += 1 }
            return Int(head[at])
        }
        var byte = try next()
        var entry = Entry(type: byte >> 4 & 7, size: byte & 15, start: 0)
        var shift = 4
        while byte & 128 != 0 {
            guard shift < 40 else { throw damaged }
            byte = try next()
            entry.size |= (byte & 127) << shift
            shift += 7
        }
        guard entry.size <= GitObjects.maximumBytes else { throw GitObjects.Fault("an object is too large") }
        if entry.type == 6 {
            byte = try next()
            entry.baseDistance = byte & 127
            while byte & 128 != 0 {
                guard entry.baseDistance < 1 << 40 else { throw damaged }
                byte = try next()
                entry.baseDistance = (entry.baseDistance + 1) << 7 | byte & 127
            }
        } else if entry.type == 7 {
            var id = ""
            for _ in 0..<idBytes {
                let byte = try next()
                id += String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
            }
            entry.baseID = id
        }
        entry.start = offset + at
        return entry
    }

    /// Of a pack: the bytes of an entry.
    func inflated(_ entry: Entry) throws(GitObjects.Fault) -> [UInt8] {
        // Deflate never grows data by more than this, so that the rest of the pack need not be read.
        let packed = try bytes(entry.size + entry.size / 1_000 + 256, at: entry.start, atLeast: 1)
        let out = Inflate.zlib(packed, limit: entry.size).out
        guard out.count == entry.size else { throw GitObjects.Fault("a pack is damaged") }
        return out
    }
}

extension String {
    var trimmedBlanks: String {
        var text = Substring(self)
        while let last = text.last, last.isWhitespace { text.removeLast() }
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        return String(text)
    }
}
