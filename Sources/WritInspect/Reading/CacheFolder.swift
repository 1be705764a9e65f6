// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// The user's own cache folder: mode 0700, files 0600, owned by the user. Anything else is not used.
public struct CacheFolder: CacheStorage {
    private let folder: String
    /// Seals what lies here: 32 bytes, made once.
    public let key: [UInt8]

    static let fileLimit = 64 << 20

    /// Opens or makes the folder.
    ///
    /// - Parameter folder: absolute.
    /// - Returns: nil when it cannot be used: a scan then goes without.
    public init?(_ folder: String) {
        self.folder = folder
        var path = ""
        for part in folder.split(separator: "/") {
            path += "/" + part
            if mkdir(path, 0o700) != 0, errno != EEXIST { return nil }
        }
        var facts = stat()
        guard lstat(folder, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR, facts.st_uid == geteuid(),
            facts.st_mode & 0o022 == 0
        else { return nil }
        guard let key = Self.key(folder + "/key") else { return nil }
        self.key = key
    }

    private static func key(_ path: String) -> [UInt8]? {
        let made = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if made >= 0 {
            defer { close(made) }
            var random = SystemRandomNumberGenerator()
            let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
            guard writeAll(made, bytes) else { return nil }
            return bytes
        }
        // Another process may be writing it right now; then this run goes without.
        guard let bytes = file(path), bytes.count == 32 else { return nil }
        return bytes
    }

    /// A private file of this user.
    private static func file(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG, facts.st_uid == geteuid(),
            facts.st_mode & 0o077 == 0, facts.st_size <= fileLimit
        else { return nil }
        var whole = true
        let size = Int(facts.st_size)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let got = systemRead(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
                if got < 0, errno == EINTR { continue }
                if got <= 0 {
                    whole = false
                    return
                }
                count += got
            }
        }
        return whole ? bytes : nil
    }

    public func read(_ name: String) -> [UInt8]? {
        Self.file(folder + "/" + name)
    }

    public func write(_ name: String, _ bytes: [UInt8]) {
        let path = folder + "/" + name
        let draft = path + ".\(getpid())"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return }
        let isWritten = writeAll(descriptor, bytes)
        close(descriptor)
        if !isWritten || rename(draft, path) != 0 { unlink(draft) }
    }
}

private func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { bytes in
        var at = 0
        while at < bytes.count {
            let count = write(descriptor, bytes.baseAddress.map { $0 + at }, bytes.count - at)
            if count > 0 {
                at += count
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
