// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Microseconds on a clock that never goes back.
func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
}

/// What a child process left.
struct Outcome {
    var microseconds: Double
    var status: Int32
    var output: [UInt8]
}

/// Starts a program, feeds it, collects its output and waits; the time is from before the start to after the end.
func spawn(_ arguments: [String], input: [UInt8] = [], environment: [String]? = nil) -> Outcome {
    var inPipe: [Int32] = [0, 0]
    var outPipe: [Int32] = [0, 0]
    guard pipe(&inPipe) == 0, pipe(&outPipe) == 0 else { fatalError("no pipe: errno \(errno)") }
    for descriptor in inPipe + outPipe { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    #if canImport(Glibc)
    var actions = posix_spawn_file_actions_t()
    #else
    var actions: posix_spawn_file_actions_t?
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, inPipe[0], 0)
    posix_spawn_file_actions_adddup2(&actions, outPipe[1], 1)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var envp: [UnsafeMutablePointer<CChar>?] = (environment ?? ["PATH=/usr/bin:/bin"]).map { strdup($0) } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }

    var child: pid_t = 0
    let start = now()
    guard posix_spawn(&child, arguments[0], &actions, nil, &argv, &envp) == 0 else {
        fatalError("cannot start \(arguments[0]): errno \(errno)")
    }
    close(inPipe[0])
    close(outPipe[1])
    var sent = 0
    while sent < input.count {
        let count = input.withUnsafeBytes { write(inPipe[1], $0.baseAddress.map { $0 + sent }, input.count - sent) }
        if count <= 0 { break }
        sent += count
    }
    close(inPipe[1])
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = read(outPipe[0], &buffer, buffer.count)
        if count <= 0 { break }
        output.append(contentsOf: buffer[..<count])
    }
    close(outPipe[0])
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    return Outcome(microseconds: now() - start, status: status >> 8 & 0xFF, output: output)
}

extension Array where Element == Double {
    /// The value below which this share of the values lies.
    func quantile(_ share: Double) -> Double {
        guard !isEmpty else { return .nan }
        let sorted = sorted()
        return sorted[Swift.min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }
}
