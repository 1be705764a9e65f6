// SPDX-License-Identifier: Apache-2.0
import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Where the daemon puts its question: straight onto the terminal's device, so that only who sees that terminal knows
/// the challenge, and so that what is shown is what is asked.
protocol QuestionBoard: Sendable {
    /// Writes text to the terminal with this device number.
    func show(_ text: String, on terminal: UInt64) throws(NotAPerson)
}

/// The machine's terminals.
struct PersonTerminal: QuestionBoard {
    func show(_ text: String, on terminal: UInt64) throws(NotAPerson) {
        #if os(Linux)
        guard let path = SystemProcesses.path(ofTerminal: terminal) else {
            throw NotAPerson(.noTerminal, "the terminal is of a kind that Writ does not know")
        }
        // Without O_NOCTTY the daemon, which leads a session, would make the terminal its own.
        let file = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { throw NotAPerson(.noTerminal, "the terminal `\(path)` cannot be written to") }
        defer { close(file) }
        var facts = stat()
        // Another namespace's terminals have the same paths.
        guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFCHR,
            UInt64(truncatingIfNeeded: facts.st_rdev) & 0xFFFF_FFFF == terminal & 0xFFFF_FFFF
        else { throw NotAPerson(.noTerminal, "`\(path)` is another terminal") }
        do throws(ChannelFault) {
            try Self.write(Array(text.utf8), to: file)
        } catch {
            throw NotAPerson(.noTerminal, "the terminal `\(path)` does not take the question")
        }
        #else
        throw NotAPerson(.noTerminal, "approvals from a terminal are not supported on this system")
        #endif
    }

    private static func write(_ bytes: [UInt8], to file: Int32) throws(ChannelFault) {
        let deadline = Deadline(after: 2_000)
        var at = 0
        while at < bytes.count {
            let count = repeatedly { writeBytes(bytes, from: at, to: file) }
            if count > 0 {
                at += count
            } else if count < 0, errno == EAGAIN {
                try Channel.wait(file, for: Int16(POLLOUT), by: deadline)
            } else {
                throw .broken("the terminal is closed")
            }
        }
    }
}
