// SPDX-License-Identifier: Apache-2.0
import WritAgents
import WritWire

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Starts a hook the way an agent does: its program or its shell, its variables, its folder, three pipes.
struct HookRunner {
    /// This process's variables with the agent's own and those of its settings on top.
    var environment: [String: String]
    var directory: String
    /// The longest wait for one answer.
    var patience = 15_000

    struct Outcome {
        var answer: HookAnswer
        var milliseconds: Int
        /// Why there is no answer; nil when the hook ended by itself.
        var fault: String?
    }

    func run(_ start: HookStart, payload: [UInt8]) -> Outcome {
        let begin = Self.now
        func failed(_ fault: String) -> Outcome {
            Outcome(answer: HookAnswer(exitCode: -1), milliseconds: Self.now - begin, fault: fault)
        }
        var variables = environment
        for (name, value) in start.environment { variables[name] = value }
        let words: [String]
        switch start.way {
        case .program(let path, let arguments): words = [path] + arguments
        case .line(let shell, let text): words = [shell, "-c", text]
        }
        let name = words[0]
        let program: String
        if name.hasPrefix("/") {
            program = name
        } else if name.contains("/") {
            program = "\(directory)/\(name)"
        } else if let found = AgentPresence.find(name, path: variables["PATH"] ?? "/usr/bin:/bin") {
            program = found
        } else {
            return failed("`\(name)` is not on the agent's PATH")
        }
        guard access(program, F_OK) == 0 else { return failed("`\(program)` does not exist") }
        guard access(program, X_OK) == 0 else { return failed("`\(program)` may not be run") }
        var pipes: [Int32] = []
        defer { for end in pipes where end >= 0 { close(end) } }
        for _ in 0..<3 {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { return failed("no pipe: \(Self.words(errno))") }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            pipes += ends
        }
        let child: pid_t
        switch spawn(program, words, variables, start.directory ?? directory, [pipes[0], pipes[3], pipes[5]]) {
        case .success(let process): child = process
        case .failure(let fault): return failed(fault.message)
        }
        for index in [0, 3, 5] {
            close(pipes[index])
            pipes[index] = -1
        }
        let texts = exchange(payload, &pipes, until: begin + patience)
        if texts == nil { kill(child, SIGKILL) }
        var status: Int32 = 0
        while waitpid(child, &status, 0) == -1, errno == EINTR {}
        guard let texts else { return failed("no answer within \(patience / 1000) seconds") }
        let signal = status & 0x7F
        guard signal == 0 else { return failed("the hook was ended by signal \(signal)") }
        let answer = HookAnswer(
            exitCode: status >> 8 & 0xFF, output: String(decoding: texts.0, as: UTF8.self),
            error: String(decoding: texts.1, as: UTF8.self))
        return Outcome(answer: answer, milliseconds: Self.now - begin, fault: nil)
    }

    private struct SpawnFault: Error {
        let message: String
    }

    private func spawn(
        _ program: String, _ words: [String], _ variables: [String: String], _ folder: String, _ streams: [Int32]
    ) -> Result<pid_t, SpawnFault> {
        // This command has one thread, so the folder can be lent to the child by standing in it for a moment.
        let here = open(".", O_RDONLY | O_CLOEXEC)
        defer {
            if here >= 0 {
                _ = fchdir(here)
                close(here)
            }
        }
        guard chdir(folder) == 0 else {
            return .failure(SpawnFault(message: "the folder `\(folder)` cannot be entered: \(Self.words(errno))"))
        }
        do {
            return .success(
                try Launch(
                    program, Array(words.dropFirst()), environment: variables.map { "\($0.key)=\($0.value)" },
                    streams: streams.map { .descriptor($0) }
                ).start())
        } catch {
            return .failure(SpawnFault(message: "`\(program)` cannot be started: \(error.reason)"))
        }
    }

    /// Feeds and reads at the same time; nil when the time is over or the answer has no end.
    private func exchange(_ input: [UInt8], _ pipes: inout [Int32], until end: Int) -> ([UInt8], [UInt8])? {
        var sent = 0
        var texts: [[UInt8]] = [[], []]
        _ = fcntl(pipes[1], F_SETFL, O_NONBLOCK)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        func shut(_ index: Int, _ pipes: inout [Int32]) {
            close(pipes[index])
            pipes[index] = -1
        }
        while pipes[1] >= 0 || pipes[2] >= 0 || pipes[4] >= 0 {
            let left = end - Self.now
            guard left > 0 else { return nil }
            var entries = [
                pollfd(fd: pipes[1], events: Int16(POLLOUT), revents: 0),
                pollfd(fd: pipes[2], events: Int16(POLLIN), revents: 0),
                pollfd(fd: pipes[4], events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&entries, 3, Int32(clamping: left + 1))
            if entries[0].revents != 0 {
                let count = input.withUnsafeBytes {
                    write(pipes[1], $0.baseAddress.map { $0 + sent }, input.count - sent)
                }
                if count > 0 { sent += count }
                if sent == input.count || (count < 0 && errno != EAGAIN && errno != EINTR) { shut(1, &pipes) }
            }
            for (text, index) in [2, 4].enumerated() where entries[text + 1].revents != 0 {
                let count = read(pipes[index], &buffer, buffer.count)
                if count > 0 {
                    texts[text] += buffer[..<count]
                    guard texts[text].count <= 1 << 20 else { return nil }
                } else if count == 0 || errno != EINTR {
                    shut(index, &pipes)
                }
            }
        }
        return (texts[0], texts[1])
    }

    private static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int(time.tv_sec) * 1000 + Int(time.tv_nsec) / 1_000_000
    }

    private static func words(_ code: Int32) -> String {
        strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }
}
