// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
internal import Darwin
#else
internal import Glibc
#endif

/// The few file operations that the ledger needs, each with an error that names the path and the remedy.
///
/// A gate may stand before every change, so that tests can fill the disk or pull the plug at any operation.
package struct Disk: Sendable {
    /// A change that is about to happen.
    package enum Operation: Sendable, Hashable {
        case create, write(bytes: Int), synchronize, rename, remove, truncate, makeDirectory
    }

    /// What becomes of it.
    package enum Answer: Sendable, Hashable {
        case proceed
        /// It fails with this `errno`.
        case fail(Int32)
        /// It is said to have been done. For tests, which would spend their time waiting for the medium.
        case pretend
        /// Of a write, only so many bytes arrive, then the disk is full.
        case short(Int)
    }

    private let gate: (@Sendable (Operation, String) -> Answer)?

    /// A disk; without a gate it is the machine's own.
    package init(gate: (@Sendable (Operation, String) -> Answer)? = nil) {
        self.gate = gate
    }

    // MARK: Reading

    /// The file's bytes; nil when there is no such file.
    func read(_ path: String, limit: Int) throws(LedgerError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw Self.failure("can't be opened", path, errno)
        }
        defer { close(file) }
        return try Self.contents(of: file, path, limit: limit)
    }

    static func contents(of file: Int32, _ path: String, limit: Int) throws(LedgerError) -> [UInt8] {
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure("can't be read", path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw LedgerError(.damaged, "is no file", path: path) }
        let count = Int(status.st_size)
        guard count <= limit else {
            throw LedgerError(.damaged, "has \(count) bytes, more than the \(limit) possible", path: path)
        }
        var fault: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(file, buffer.baseAddress?.advanced(by: filled), count - filled, off_t(filled))
                if got < 0, errno == EINTR { continue }
                if got < 0 { fault = errno }
                if got <= 0 { break }
                filled += got
            }
        }
        guard fault == 0 else { throw failure("can't be read", path, fault) }
        return bytes
    }

    /// The names in a folder, sorted; none when there is no such folder.
    func list(_ path: String) throws(LedgerError) -> [String] {
        guard let folder = opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw Self.failure("can't be listed", path, errno)
        }
        defer { closedir(folder) }
        var names: [String] = []
        while let item = readdir(folder) {
            let name = withUnsafeBytes(of: &item.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    // MARK: Changing

    /// Creates or empties a file for writing.
    func create(_ path: String, mode: mode_t = 0o600) throws(LedgerError) -> Int32 {
        try ask(.create, path, "can't be created")
        let file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
        guard file >= 0 else { throw Self.failure("can't be created", path, errno) }
        return file
    }

    /// Opens an existing file for writing.
    func openForWriting(_ path: String) throws(LedgerError) -> Int32 {
        try ask(.create, path, "can't be opened")
        let file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { throw Self.failure("can't be opened for writing", path, errno) }
        return file
    }

    /// Writes all bytes at an offset.
    func write(_ bytes: [UInt8], to file: Int32, at offset: Int, _ path: String) throws(LedgerError) {
        var limit = bytes.count
        var fault: Int32 = 0
        if let gate {
            switch gate(.write(bytes: bytes.count), path) {
            case .proceed, .pretend: break
            case .fail(let number): (limit, fault) = (0, number)
            case .short(let count): (limit, fault) = (min(count, limit), ENOSPC)
            }
        }
        var done = 0
        bytes.withUnsafeBytes { buffer in
            while done < limit {
                let wrote = pwrite(file, buffer.baseAddress?.advanced(by: done), limit - done, off_t(offset + done))
                if wrote < 0, errno == EINTR { continue }
                if wrote <= 0 {
                    fault = wrote < 0 ? errno : ENOSPC
                    break
                }
                done += wrote
            }
        }
        guard done == bytes.count else { throw Self.failure("can't be written", path, fault) }
    }

    /// Cuts a file.
    func truncate(_ file: Int32, to length: Int, _ path: String) throws(LedgerError) {
        try ask(.truncate, path, "can't be cut")
        guard ftruncate(file, off_t(length)) == 0 else { throw Self.failure("can't be cut", path, errno) }
    }

    /// Waits until the file's bytes are on the medium.
    func synchronize(_ file: Int32, _ path: String) throws(LedgerError) {
        guard try ask(.synchronize, path, "can't be synchronised") else { return }
        #if canImport(Darwin)
        // fsync leaves the bytes in the drive's cache there.
        let result = fcntl(file, F_FULLFSYNC) == 0 ? 0 : fsync(file)
        #else
        let result = fdatasync(file)
        #endif
        guard result == 0 else { throw Self.failure("can't be synchronised", path, errno) }
    }

    /// Waits until a folder's names are on the medium.
    func synchronizeDirectory(_ path: String) throws(LedgerError) {
        guard try ask(.synchronize, path, "can't be synchronised") else { return }
        let file = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw Self.failure("can't be opened", path, errno) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw Self.failure("can't be synchronised", path, errno) }
    }

    /// Puts a whole file in place at once: readers see the old one or the new one.
    func replace(_ path: String, with bytes: [UInt8], mode: mode_t = 0o600) throws(LedgerError) {
        let temporary = path + ".tmp"
        let file = try create(temporary, mode: mode)
        do {
            defer { close(file) }
            try write(bytes, to: file, at: 0, temporary)
            try synchronize(file, temporary)
        } catch {
            unlink(temporary)
            throw error
        }
        try rename(temporary, to: path)
    }

    func rename(_ path: String, to target: String) throws(LedgerError) {
        try ask(.rename, target, "can't be put in place")
        #if canImport(Darwin)
        let result = Darwin.rename(path, target)
        #else
        let result = Glibc.rename(path, target)
        #endif
        guard result == 0 else { throw Self.failure("can't be put in place", target, errno) }
    }

    /// Removes a file; it is no error when there is none.
    func remove(_ path: String) throws(LedgerError) {
        try ask(.remove, path, "can't be removed")
        guard unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR else {
            throw Self.failure("can't be removed", path, errno)
        }
    }

    /// Removes an empty folder; a folder with content stays.
    func removeEmptyDirectory(_ path: String) {
        rmdir(path)
    }

    /// Makes a folder and those above it, for the owner only.
    func makeDirectories(_ path: String) throws(LedgerError) {
        if isDirectory(path) { return }
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw Self.failure("can't be created", path, errno)
        }
        try makeDirectories(String(path[..<slash]))
        try ask(.makeDirectory, path, "can't be created")
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Self.failure("can't be created", path, errno) }
    }

    /// True when the operation is to be done.
    @discardableResult
    private func ask(_ operation: Operation, _ path: String, _ what: String) throws(LedgerError) -> Bool {
        guard let gate else { return true }
        switch gate(operation, path) {
        case .proceed: return true
        case .pretend: return false
        case .fail(let number): throw Self.failure(what, path, number)
        case .short: throw Self.failure(what, path, ENOSPC)
        }
    }

    static func failure(_ what: String, _ path: String, _ number: Int32) -> LedgerError {
        let hint: String
        switch number {
        case ENOSPC, EDQUOT: hint = "free some space; the ledger goes on by itself"
        case EROFS: hint = "mount the file system for writing, or choose another state folder"
        case EACCES, EPERM: hint = "give the owner of the daemon access to it, or choose another state folder"
        case EMFILE, ENFILE: hint = "raise the limit on open files"
        case EIO: hint = "the medium reports an error; move the ledger to a sound one"
        case ENOENT: hint = "restore the folder, or restart the daemon to create it anew"
        default: hint = "see the system's log"
        }
        return LedgerError(.storage, "\(what): \(String(cString: strerror(number)))", path: path, hint: hint)
    }
}

/// The right to be the one writer, held as long as the value lives; the kernel gives it back when the process dies.
struct WriterLock: ~Copyable {
    private let file: Int32

    init(_ path: String) throws(LedgerError) {
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw Disk.failure("can't be opened", path, errno) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            close(file)
            guard number == EWOULDBLOCK else { throw Disk.failure("can't be locked", path, number) }
            throw LedgerError(
                .locked, "another process writes this ledger", path: path,
                hint: "stop it with `writ daemon stop`, or choose another state folder")
        }
    }

    deinit { close(file) }
}

func closeFile(_ file: Int32) {
    close(file)
}
