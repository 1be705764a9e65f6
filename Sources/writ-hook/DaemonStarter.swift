// SPDX-License-Identifier: Apache-2.0

import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Starts the daemon when none answers, at most one at a time over all hooks of this home.
struct DaemonStarter: ~Copyable {
    private let home: WritHome
    private let program: String
    private var lock: Int32 = -1
    private var child: pid_t = 0
    private var pause = 1
    /// This hook started a daemon.
    private(set) var hasStarted = false

    init(home: WritHome, program: String) {
        self.home = home
        self.program = program
    }

    deinit {
        if lock >= 0 { close(lock) }
    }

    /// Nobody answered: does the next thing that helps. The caller then tries again.
    mutating func help(by deadline: Deadline) throws(StartFault) {
        if child > 0 {
            try lookAfterChild()
        } else if lock < 0 {
            do { try home.prepareRuntime() } catch { throw StartFault(message: error.message) }
            try takeLock()
            // Whoever had the lock may have started one in the meantime: ask once more before starting another.
            if lock >= 0 { return }
        } else if !hasStarted {
            try start()
        }
        deadline.sleep(milliseconds: pause)
        pause = min(pause * 2, 8)
    }

    private mutating func takeLock() throws(StartFault) {
        let descriptor = open(home.startLock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw StartFault(message: "cannot open `\(home.startLock)`: \(reason(errno))") }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
            lock = descriptor
        } else {
            close(descriptor)
        }
    }

    private mutating func lookAfterChild() throws(StartFault) {
        var status: Int32 = 0
        guard waitpid(child, &status, WNOHANG) == child else { return }
        child = 0
        let code = status & 0x7F == 0 ? status >> 8 & 0xFF : 128
        // 0 and 75: another daemon is there, or on its way out and its successor may start.
        if code == 0 || code == 75 { return hasStarted = false }
        throw StartFault(message: "`\(program)` ended at once with code \(code); see `\(home.daemonLog)`")
    }

    private mutating func start() throws(StartFault) {
        var facts = stat()
        if lstat(home.daemonLog, &facts) == 0, facts.st_size > 1 << 20 { unlink(home.daemonLog) }

        // The daemon closes what it inherits too; this way nothing is open even before it runs. Each number is asked,
        // because an agent may have left any of them open.
        for descriptor in 3..<4096 as Range<Int32> { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        // This process needs its directory no more; the daemon must not pin the agent's.
        _ = chdir("/")
        let launch = Launch.daemon(program, of: home)
        do {
            child = try launch.start()
        } catch {
            child = 0
            throw StartFault(message: "cannot start the daemon `\(program)`: \(error.reason)")
        }
        hasStarted = true
    }

    private func reason(_ code: Int32) -> String {
        strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }
}

struct StartFault: Error {
    let message: String
}
