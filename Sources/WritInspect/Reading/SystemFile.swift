// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Why a file could not be read.
public struct ReadFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// One line, lower case, no full stop.
    public let description: String

    init(_ description: String) {
        self.description = description
    }

    static func ofSystem(_ what: String) -> ReadFault {
        let code = errno
        return ReadFault(what + ": " + String(cString: strerror(code)).lowercased())
    }
}

/// What a path is.
enum FileKind {
    case file(size: Int)
    case folder
    case link
    case special
    case missing

    /// Does not follow a link at the end of the path.
    init(_ path: String) {
        var facts = stat()
        guard lstat(path, &facts) == 0 || SystemName.bytes(of: path).map({ lstat($0, &facts) == 0 }) == true else {
            self = .missing
            return
        }
        switch facts.st_mode & S_IFMT {
        case S_IFREG: self = .file(size: Int(facts.st_size))
        case S_IFDIR: self = .folder
        case S_IFLNK: self = .link
        default: self = .special
        }
    }
}

/// Names of files that are not UTF-8: in text each wrong byte is U+FFFD, and such a path opens nothing.
enum SystemName {
    private static let stand: Character = "\u{FFFD}"

    /// Whether a path may stand for one that is not UTF-8.
    static func isRepaired(_ path: String) -> Bool { path.contains(stand) }

    /// The path as the system has it, found by looking through the folders; nil when no bytes were repaired, and when
    /// several names look the same, because then nobody knows which is meant.
    static func bytes(of path: String) -> [CChar]? {
        guard path.hasPrefix("/"), isRepaired(path) else { return nil }
        var out: [CChar] = []
        for part in path.split(separator: "/") {
            var name = part.utf8.map { CChar(bitPattern: $0) }
            if part.contains(stand) {
                guard let only = entry(of: out.isEmpty ? [0x2F, 0] : out + [0], like: String(part)) else { return nil }
                name = only
            }
            out += [0x2F] + name
        }
        return out + [0]
    }

    /// The folder that was looked through last: many such names stand side by side.
    private struct Listing {
        var folder: [CChar] = []
        var changed = (seconds: 0, nanoseconds: 0)
        /// By what they look like; nil where several look the same.
        var names: [String: [CChar]?] = [:]
    }

    private static let last = Mutex(Listing())

    private static func entry(of folder: [CChar], like name: String) -> [CChar]? {
        var facts = stat()
        guard stat(folder, &facts) == 0 else { return nil }
        #if canImport(Darwin)
        let time = facts.st_mtimespec
        #else
        let time = facts.st_mtim
        #endif
        let changed = (seconds: Int(time.tv_sec), nanoseconds: Int(time.tv_nsec))
        return last.withLock { listing in
            if listing.folder != folder || listing.changed != changed {
                let names = repaired(in: folder)
                // A folder that changes right now may change again and keep its time.
                guard isOld(changed.seconds) else { return names[name] ?? nil }
                listing = Listing(folder: folder, changed: changed, names: names)
            }
            return listing.names[name] ?? nil
        }
    }

    private static func isOld(_ seconds: Int) -> Bool {
        var now = timespec()
        return clock_gettime(CLOCK_REALTIME, &now) == 0 && Int(now.tv_sec) - seconds >= 2
    }

    private static func repaired(in folder: [CChar]) -> [String: [CChar]?] {
        guard let open = opendir(folder) else { return [:] }
        defer { closedir(open) }
        var found: [String: [CChar]?] = [:]
        while let entry = readdir(open) {
            let bytes = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: field.pointee)) {
                    Array(UnsafeBufferPointer(start: $0, count: strlen($0)))
                }
            }
            guard bytes.contains(where: { UInt8(bitPattern: $0) >= 0x80 }) else { continue }
            let name = String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard name.contains(stand) else { continue }
            let isFirst = !found.keys.contains(name)
            found.updateValue(isFirst ? bytes : nil, forKey: name)
        }
        return found
    }
}

/// Memory that work on large content took.
enum SystemMemory {
    /// Gives what is free back to the system: each thread would keep as much as its largest work ever took.
    static func giveBack() {
        #if canImport(Glibc)
        _ = trim?(0)
        #endif
    }

    #if canImport(Glibc)
    private typealias Trim = @convention(c) @Sendable (UInt) -> Int32

    // The module of the C library leaves malloc.h out. The cast is that header's own declaration, malloc_trim(3):
    // `int malloc_trim(size_t pad)`; nil where the library has none.
    private static let trim: Trim? = dlsym(nil, "malloc_trim").map { unsafeBitCast($0, to: Trim.self) }
    #endif
}

/// A regular file or an open descriptor, read piece by piece.
public final class OpenFile: ByteSource {
    private let descriptor: Int32
    private let isOwned: Bool
    private var isAtEnd = false
    private var left: Int?

    /// Opens a regular file; anything else is refused, and a link is not followed.
    public init(_ path: String) throws(ReadFault) {
        let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        var found = open(path, flags)
        if found < 0, errno == ENOENT, let name = SystemName.bytes(of: path) { found = open(name, flags) }
        descriptor = found
        guard descriptor >= 0 else {
            throw errno == ELOOP ? ReadFault("is a symbolic link") : ReadFault.ofSystem("cannot be opened")
        }
        isOwned = true
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw ReadFault("is not a regular file")
        }
        left = Int(facts.st_size)
    }

    /// Takes a descriptor that someone else closes, such as standard input.
    public init(descriptor: Int32) {
        self.descriptor = descriptor
        isOwned = false
    }

    deinit {
        if isOwned { close(descriptor) }
    }

    public func read(_ most: Int) throws -> [UInt8] {
        guard !isAtEnd, most > 0 else { return [] }
        // One byte more than the file says, so that a whole file takes one call and its end is seen.
        let want = left.map { min(most, max($0, 0) + 1) } ?? min(most, 256 << 10)
        var failure = false
        let bytes = [UInt8](unsafeUninitializedCapacity: want) { buffer, count in
            count = 0
            while count < want {
                let got = systemRead(descriptor, buffer.baseAddress.map { $0 + count }, want - count)
                if got < 0, errno == EINTR { continue }
                if got < 0 { failure = true }
                if got <= 0 {
                    isAtEnd = true
                    return
                }
                count += got
            }
        }
        if failure { throw ReadFault.ofSystem("cannot be read") }
        if let known = left { left = known - bytes.count }
        return bytes
    }

    /// All of it.
    ///
    /// - Throws: above `limit` bytes.
    public func readAll(limit: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let more = try read(min(limit + 1, 1 << 20))
            if more.isEmpty { return all }
            if all.isEmpty { all = more } else { all += more }
            guard all.count <= limit else { throw ReadFault("is over \(limit >> 20) MiB") }
        }
    }
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
