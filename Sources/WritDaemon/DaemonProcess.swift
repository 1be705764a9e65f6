// SPDX-License-Identifier: Apache-2.0

public import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// What a process does first when it becomes the daemon.
public enum DaemonProcess {
    /// Cuts the ties to whoever started this process: closes every inherited descriptor from 3 up, leads its own session,
    /// leaves the working directory, makes new files private, and raises the limit of open files to what is allowed.
    ///
    /// Call before anything opens a file. Standard input, output and error stay as the starter set them.
    public static func detach() {
        closeDescriptors(from: 3)
        // Fails for a process that leads its session already, which is what is wanted.
        _ = setsid()
        _ = chdir("/")
        umask(0o077)
        signal(SIGPIPE, SIG_IGN)
        // A starter's blocked signals would make the daemon deaf to `kill`.
        var none = sigset_t()
        sigemptyset(&none)
        sigprocmask(SIG_SETMASK, &none, nil)
        raiseFileLimit()
    }

    /// A daemon of this home runs, be it only to finish.
    public static func serves(_ home: WritHome) -> Bool {
        DaemonLock.isHeld(home)
    }

    static func raiseFileLimit() {
        var limit = rlimit()
        #if os(Linux)
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
        let files = RLIMIT_NOFILE
        #endif
        guard getrlimit(files, &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 16_384)
        _ = setrlimit(files, &limit)
    }

    static func closeDescriptors(from first: Int32) {
        #if os(Linux)
        // The kernel knows which are open; asking for each number up to a limit of a million would take long.
        if let folder = opendir("/proc/self/fd") {
            var open: [Int32] = []
            while let entry = readdir(folder) {
                let name = entryName(entry)
                if let number = Int32(name), number >= first, number != dirfd(folder) { open.append(number) }
            }
            closedir(folder)
            for number in open { close(number) }
            return
        }
        #endif
        for number in first..<4096 { close(number) }
    }

    /// Bytes of memory that this process holds now; 0 where the system does not say.
    public static var residentBytes: Int {
        #if os(Linux)
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(file, &bytes, bytes.count)
        guard count > 0 else { return 0 }
        let fields = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
        #else
        var usage = rusage()
        guard getrusage(RUSAGE_SELF, &usage) == 0 else { return 0 }
        return Int(usage.ru_maxrss)
        #endif
    }
}
