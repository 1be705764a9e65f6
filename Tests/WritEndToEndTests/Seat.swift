// SPDX-License-Identifier: Apache-2.0
#if os(Linux)
import Glibc
import WritWire

/// A terminal with a shell that takes commands, as a person opens one: the shell leads the terminal's session, and the
/// test holds the other side.
final class Seat: Sendable {
    private let leader: Int32
    private let shell: pid_t

    init(in folder: String) throws {
        var leader: Int32 = -1
        var follower: Int32 = -1
        guard openpty(&leader, &follower, nil, nil, nil) == 0, let name = ttyname(follower) else {
            throw Trouble("no pseudo-terminal")
        }
        close(follower)
        self.leader = leader
        _ = fcntl(leader, F_SETFD, FD_CLOEXEC)
        _ = fcntl(leader, F_SETFL, O_NONBLOCK)
        // The first terminal that a session's leader opens is its own.
        let terminal = Launch.Stream.file(String(cString: name), flags: O_RDWR)
        var launch = Launch(
            "/bin/bash", ["--norc", "--noprofile", "-i"],
            environment: ["PATH=/usr/bin:/bin", "PS1=", "TERM=dumb", "HISTFILE=/dev/null", "HOME=\(folder)"],
            streams: [terminal, terminal, terminal])
        launch.leadsSession = true
        do throws(Launch.Fault) {
            shell = try launch.start()
        } catch {
            throw Trouble("no shell: \(error.reason)")
        }
        type("cd '\(folder)'; stty -echo; bind 'set enable-bracketed-paste off' 2>/dev/null; echo '~re''ady~'")
        _ = try read(until: "~ready~")
    }

    deinit {
        kill(shell, SIGKILL)
        var status: Int32 = 0
        while waitpid(shell, &status, 0) == -1, errno == EINTR {}
        close(leader)
    }

    /// Types a line.
    func type(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = write(leader, bytes, bytes.count)
    }

    /// What stands on the terminal up to a piece of text.
    func read(until mark: String, milliseconds: Int = 20_000) throws -> String {
        let end = Program.now + UInt64(milliseconds) * 1_000_000
        var seen: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while Program.now < end {
            var entry = pollfd(fd: leader, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 50) > 0 else { continue }
            let count = Glibc.read(leader, &buffer, buffer.count)
            guard count > 0 else { break }
            seen += buffer[..<count]
            // With its line end a carriage return is one character, in which a search for the line end finds nothing.
            let text = String(decoding: seen.filter { $0 != 0x0D }, as: UTF8.self)
            if text.contains(mark) { return text }
        }
        throw Trouble("`\(mark)` does not appear, but: \(String(decoding: seen, as: UTF8.self))")
    }

    /// Runs a command to its end.
    func run(_ command: String) throws -> String {
        type("\(command); echo '~do''ne~'")
        return try read(until: "~done~")
    }
}
#endif
