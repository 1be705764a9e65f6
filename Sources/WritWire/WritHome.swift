// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Where Writ keeps its files, derived from one folder and from nothing else.
///
/// The hook, the daemon and the commands must agree on every path, and the hook may not obey its environment (an `env`
/// block in an agent's settings is a known way to lead a guard to an empty policy). So there is one rule: everything
/// lies below `home`, the person's home folder or the folder that stands in for it.
public struct WritHome: Sendable, Hashable {
    /// Absolute, normalised; the argument of `--home`.
    public let home: String

    /// Creates a home.
    ///
    /// - Throws: ``HomeFault`` when the path is not absolute, is `/`, holds `.` or `..` or a control character, or is
    ///   longer than 1,024 bytes.
    public init(_ path: String) throws(HomeFault) {
        var parts: [Substring] = []
        guard path.hasPrefix("/") else {
            throw HomeFault("the home `\(HomeFault.shown(path))` is not an absolute path")
        }
        guard path.utf8.count <= 1024 else { throw HomeFault("the home's path is longer than 1,024 bytes") }
        guard path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw HomeFault("the home's path holds a control character")
        }
        for part in path.split(separator: "/", omittingEmptySubsequences: true) {
            guard part != ".", part != ".." else {
                throw HomeFault("the home `\(HomeFault.shown(path))` holds `\(part)`")
            }
            parts.append(part)
        }
        guard !parts.isEmpty else { throw HomeFault("the home may not be `/`") }
        home = "/" + parts.joined(separator: "/")
    }

    /// The home for a person's own commands and for tests: `WRIT_HOME`, or else `HOME`. An installed hook never calls
    /// this.
    public static func ofEnvironment(_ lookup: (String) -> String?) throws(HomeFault) -> WritHome {
        if let path = lookup("WRIT_HOME"), !path.isEmpty { return try WritHome(path) }
        if let path = lookup("HOME"), !path.isEmpty { return try WritHome(path) }
        throw HomeFault("neither `WRIT_HOME` nor `HOME` is set; name the home with `--home`")
    }

    /// Policies and settings.
    public var config: String { home + "/.config/writ" }
    /// Ledger tiles, index, keys.
    public var state: String { home + "/.local/state/writ" }

    /// The package index that the person fetched, with its signature beside it (`.sig`).
    public var packageIndex: String { state + "/packages.index" }
    /// The public key that vouches for ``packageIndex``.
    public var packageIndexKey: String { config + "/packages.key" }

    /// Socket, lock and the notes of hooks that got no answer; mode 0700.
    ///
    /// Below ``state``, unless the socket's path would pass the system's limit: then a folder in `/tmp` whose name holds
    /// the user and a hash of the home. Others can create that name first, so its owner and mode are checked on use.
    public var runtime: String {
        let usual = state + "/run"
        if usual.utf8.count + 1 + WritHome.socketName.utf8.count < WritHome.socketPathLimit { return usual }
        return "/tmp/writ-\(geteuid())-\(WritHome.hash(home))"
    }

    public var socket: String { runtime + "/" + WritHome.socketName }
    /// Held by the daemon for as long as it lives.
    public var daemonLock: String { runtime + "/daemon.lock" }
    /// Held by the one hook that starts a daemon, so that a thousand hooks do not start a thousand.
    public var startLock: String { runtime + "/start.lock" }
    /// One line for each event that a hook had to answer by itself.
    public var unanswered: String { runtime + "/unanswered.log" }
    /// What the daemon prints to standard error.
    public var daemonLog: String { runtime + "/daemon.log" }

    static let socketName = "writ.sock"
    /// Bytes in `sockaddr_un.sun_path`, the closing zero included.
    static let socketPathLimit = MemoryLayout.size(ofValue: sockaddr_un().sun_path)

    /// FNV-1a, 64 bits: a short name for a path. Not a secret and not a proof.
    private static func hash(_ text: String) -> String {
        var value: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let hex = String(value, radix: 16)
        return String(repeating: "0", count: 16 - hex.utf8.count) + hex
    }
}

/// Why a home, or its run-time folder, cannot be used.
public struct HomeFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// One line with the remedy, lower case, no full stop.
    public let message: String

    /// Creates a fault.
    public init(_ message: String) {
        self.message = message
    }

    public var description: String { message }

    /// At most 200 bytes of a path, without control characters.
    static func shown(_ path: String) -> String {
        String(
            String.UnicodeScalarView(
                path.unicodeScalars.lazy.filter { $0.value >= 0x20 && $0.value != 0x7F }.prefix(200)))
    }
}

extension WritHome {
    /// Makes the run-time folder with mode 0700 where it is missing, and refuses one that someone else could use.
    ///
    /// Whoever can write to this folder can put a socket of their own in place of the daemon's.
    public func prepareRuntime() throws(HomeFault) {
        let path = runtime
        try checkRuntime(path, creating: true)
    }

    private func checkRuntime(_ path: String, creating: Bool) throws(HomeFault) {
        var facts = stat()
        guard lstat(path, &facts) == 0 else {
            let code = errno
            guard code == ENOENT, creating else { throw HomeFault("cannot look at `\(path)`: \(text(of: code))") }
            try WritHome.makeFolders(path)
            return try checkRuntime(path, creating: false)
        }
        guard facts.st_mode & S_IFMT == S_IFDIR else {
            throw HomeFault("`\(path)` is not a folder; remove it and try again")
        }
        guard facts.st_uid == geteuid() else { throw HomeFault("`\(path)` belongs to another user; remove it") }
        if facts.st_mode & 0o077 != 0 {
            guard chmod(path, 0o700) == 0 else { throw HomeFault("others can use `\(path)`; run `chmod 700` on it") }
        }
    }

    /// `mkdir -p` with mode 0700.
    public static func makeFolders(_ path: String) throws(HomeFault) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        let code = errno
        guard code == ENOENT, let cut = path.lastIndex(of: "/"), cut != path.startIndex else {
            throw HomeFault("cannot make the folder `\(path)`: \(text(of: code))")
        }
        try makeFolders(String(path[..<cut]))
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            throw HomeFault("cannot make the folder `\(path)`: \(text(of: errno))")
        }
    }
}

/// The system's words for an error number.
package func text(of code: Int32) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
}
