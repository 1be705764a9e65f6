// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Why a settings file was left as it is.
public struct SettingsFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// One line, lower case, no full stop; holds no value of the file.
    public let message: String
    /// The file that a person must look at.
    public let file: String
    /// 1-based, when the place is known.
    public let line: Int?
    /// 1-based, in Unicode scalars.
    public let column: Int?
    /// What to do about it.
    public let hint: String

    /// Creates a fault.
    public init(_ message: String, file: String, line: Int? = nil, column: Int? = nil, hint: String = "") {
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.hint = hint
    }

    init(_ fault: SettingsSyntaxFault, file: String, text: [UInt8]) {
        var line = 1
        var column = 1
        for byte in text.prefix(fault.offset) {
            if byte == 0x0A {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        if line == 1, text.starts(with: SettingsText.mark), column > 1 { column -= 1 }
        self.init(
            fault.message, file: file, line: line, column: column,
            hint: "correct the file and run the command again; nothing was changed")
    }

    public var description: String {
        guard let line, let column else { return "\(file): \(message)" }
        return "\(file):\(line):\(column): \(message)"
    }
}

/// A settings file on disk that others edit too.
///
/// A symbolic link is followed to the file it names, which is what gets replaced. The new text goes to a file in the same
/// folder, reaches the disk, and takes the old one's name in one step, with its mode and owner; a reader sees the old text
/// or the new one. Extended attributes and access control lists are not carried over.
struct SettingsFile: Sendable {
    /// The path as people know it.
    let path: String
    /// Of a file that is made, before the umask.
    var newMode: mode_t = 0o644
    /// Longer files are neither read nor made, so that whatever was written can be read again.
    var maximumLength = SettingsText.maximumLength
    /// Called between reading and replacing; tests edit the file there.
    var beforeReplacing: @Sendable () -> Void = {}

    init(_ path: String) {
        self.path = path
    }

    /// What was there at one moment.
    struct Snapshot: Sendable {
        /// The file itself, links followed.
        var target: String
        /// Nil when there is no file.
        var bytes: [UInt8]?
        fileprivate var identity: Identity?
    }

    fileprivate struct Identity: Sendable, Hashable {
        var device: UInt64
        var inode: UInt64
        var mode: mode_t
        var owner: uid_t
        var group: gid_t
    }

    enum Change: Sendable {
        case write([UInt8])
        case remove
        case nothing
    }

    /// Reads the file, lets `change` decide, and carries it out. When someone else edits the file meanwhile, `change` is
    /// asked again about the new text, at most eight times.
    func edit<Result>(
        _ change: (Snapshot) throws(SettingsFault) -> (Change, Result)
    ) throws(SettingsFault) -> Result {
        for _ in 0..<8 {
            let snapshot = try read()
            let (change, result) = try change(snapshot)
            switch change {
            case .nothing: return result
            case .write(let bytes):
                guard bytes.count <= maximumLength else { throw fault("the file would be over \(limit)") }
                if try write(bytes, over: snapshot) { return result }
            case .remove:
                beforeReplacing()
                guard try isCurrent(snapshot) else { continue }
                guard unlink(snapshot.target) == 0 || errno == ENOENT else {
                    throw fault("cannot remove the file: \(words(errno))")
                }
                return result
            }
        }
        throw fault("another program keeps changing the file", hint: "close it and run the command again")
    }

    private var limit: String { "\(maximumLength >> 20) MiB" }

    func read() throws(SettingsFault) -> Snapshot {
        let target = try resolve()
        let descriptor = open(target, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let code = errno
            if code == ENOENT { return Snapshot(target: target, bytes: nil, identity: nil) }
            throw fault("cannot read the file: \(words(code))")
        }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw fault("cannot read the file: \(words(errno))") }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw fault("this is no regular file") }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = buffer.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw fault("cannot read the file: \(words(errno))") }
            if count == 0 { break }
            bytes += buffer[..<count]
            guard bytes.count <= maximumLength else { throw fault("the file is over \(limit)") }
        }
        return Snapshot(target: target, bytes: bytes, identity: Identity(facts))
    }

    /// Follows links by hand, since the file that the last one names need not exist yet.
    private func resolve() throws(SettingsFault) -> String {
        var target = path
        for _ in 0..<40 {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = buffer.withUnsafeMutableBytes { raw in
                raw.bindMemory(to: CChar.self).baseAddress.map { readlink(target, $0, raw.count) } ?? -1
            }
            if count < 0 { return target }
            guard count < buffer.count else { break }
            let next = String(decoding: buffer[..<count], as: UTF8.self)
            target = next.hasPrefix("/") ? next : folder(of: target) + "/" + next
        }
        throw fault("too many symbolic links", hint: "let the path name a file")
    }

    /// Whether the file is still what the snapshot shows.
    private func isCurrent(_ snapshot: Snapshot) throws(SettingsFault) -> Bool {
        let now = try read()
        return now.target == snapshot.target && now.identity == snapshot.identity && now.bytes == snapshot.bytes
    }

    /// False when the file is no longer what the snapshot shows.
    private func write(_ bytes: [UInt8], over snapshot: Snapshot) throws(SettingsFault) -> Bool {
        let parent = folder(of: snapshot.target)
        if let identity = snapshot.identity {
            // A rename would get past this mode, but whoever set it does not want the file changed.
            guard identity.mode & 0o222 != 0, access(snapshot.target, W_OK) == 0 else {
                throw fault("the file is read-only", hint: "make it writable (`chmod u+w`) or run as its owner")
            }
        } else {
            try makeFolders(parent)
        }
        let temporary = "\(parent)/.writ-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).tmp"
        // New files can be read by others as the umask allows; a copy of an existing one starts closed.
        let mode: mode_t = snapshot.identity == nil ? newMode : 0o600
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            throw fault("cannot write in `\(parent)`: \(words(errno))", hint: "the folder must be writable")
        }
        var isTemporaryThere = true
        defer { if isTemporaryThere { unlink(temporary) } }
        try fill(descriptor, bytes, like: snapshot.identity)
        beforeReplacing()
        guard try isCurrent(snapshot) else { return false }
        if snapshot.identity == nil {
            // A link, unlike a rename, replaces nothing that has come in between.
            guard link(temporary, snapshot.target) == 0 else {
                if errno == EEXIST { return false }
                throw fault("cannot put the file in place: \(words(errno))")
            }
        } else {
            guard rename(temporary, snapshot.target) == 0 else {
                throw fault("cannot put the file in place: \(words(errno))")
            }
            isTemporaryThere = false
        }
        let directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directory >= 0 {
            // Best effort: some file systems refuse to sync a folder, and the file is in place.
            _ = fsync(directory)
            close(directory)
        }
        return true
    }

    private func fill(_ descriptor: Int32, _ bytes: [UInt8], like identity: Identity?) throws(SettingsFault) {
        defer { close(descriptor) }
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { raw in
                systemWrite(descriptor, raw.baseAddress.map { $0 + sent }, raw.count - sent)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw fault("cannot write the new text: \(words(errno))") }
            sent += count
        }
        if let identity {
            // Owner before mode: a change of owner clears bits of the mode.
            var facts = stat()
            guard fstat(descriptor, &facts) == 0 else { throw fault("cannot write the new text: \(words(errno))") }
            if facts.st_uid != identity.owner || facts.st_gid != identity.group {
                guard fchown(descriptor, identity.owner, identity.group) == 0 else {
                    throw fault("cannot keep the file's owner and group: \(words(errno))", hint: "run as its owner")
                }
            }
            guard fchmod(descriptor, identity.mode & 0o7777) == 0 else {
                throw fault("cannot keep the file's mode: \(words(errno))")
            }
        }
        guard fsync(descriptor) == 0 else { throw fault("cannot write the new text: \(words(errno))") }
    }

    private func makeFolders(_ path: String) throws(SettingsFault) {
        if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
        let code = errno
        guard code == ENOENT, path != "/", !path.isEmpty else {
            throw fault("cannot make the folder `\(path)`: \(words(code))")
        }
        try makeFolders(folder(of: path))
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw fault("cannot make the folder `\(path)`: \(words(errno))")
        }
    }

    private func folder(of path: String) -> String {
        guard let cut = path.lastIndex(of: "/") else { return "." }
        return cut == path.startIndex ? "/" : String(path[..<cut])
    }

    private func fault(_ message: String, hint: String = "") -> SettingsFault {
        SettingsFault(message, file: path, hint: hint)
    }

    private func words(_ code: Int32) -> String {
        strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }
}

extension SettingsFile.Identity {
    fileprivate init(_ facts: stat) {
        device = UInt64(truncatingIfNeeded: facts.st_dev)
        inode = UInt64(truncatingIfNeeded: facts.st_ino)
        mode = facts.st_mode
        owner = facts.st_uid
        group = facts.st_gid
    }
}

// `SettingsFile` has members of the same names.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}

private func systemWrite(_ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, buffer, count)
}
