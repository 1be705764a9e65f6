// SPDX-License-Identifier: Apache-2.0
import Foundation

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// A file system of its own at a folder, small enough to be filled. Only for a superuser on Linux.
struct SmallDisk: Sendable {
    let path: String

    /// Whether this process may mount: tried once, because a container may forbid it even to the superuser.
    static let isPossible: Bool = {
        #if os(Linux)
        guard geteuid() == 0 else { return false }
        do {
            let disk = try SmallDisk(at: "/tmp/writ-e2e-disk-\(getpid())", kilobytes: 64)
            disk.end()
            rmdir(disk.path)
            return true
        } catch {
            return false
        }
        #else
        return false
        #endif
    }()

    init(at path: String, kilobytes: Int) throws {
        self.path = path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try SmallDisk.run("mount", "-t", "tmpfs", "-o", "size=\(kilobytes)k,mode=700", "none", path)
    }

    /// Makes it `ro` or `rw`; waits a moment for a daemon that is still closing its files.
    func remount(_ mode: String) throws {
        for turn in 0..<50 {
            do {
                try SmallDisk.run("mount", "-o", "remount,\(mode)", path)
                return
            } catch {
                guard turn < 49 else { throw error }
                usleep(100_000)
            }
        }
    }

    /// Writes until nothing more fits.
    func fill() throws {
        let file = open(path + "/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Trouble("cannot write \(path)/filler") }
        defer { close(file) }
        let block = [UInt8](repeating: 7, count: 4_096)
        while write(file, block, block.count) > 0 {}
    }

    func empty() throws {
        guard unlink(path + "/filler") == 0 else { throw Trouble("cannot remove \(path)/filler") }
    }

    /// Takes it away, whoever still uses it.
    func end() {
        do { try SmallDisk.run("umount", "-l", path) } catch { print("\(error)") }
    }

    private static func run(_ name: String, _ arguments: String...) throws {
        for folder in ["/bin", "/usr/bin", "/sbin", "/usr/sbin"] where access("\(folder)/\(name)", X_OK) == 0 {
            let outcome = try Program(path: "\(folder)/\(name)", arguments: arguments).run()
            guard outcome.code == 0 else { throw Trouble("\(name): \(outcome.error)") }
            return
        }
        throw Trouble("no program `\(name)`")
    }
}
