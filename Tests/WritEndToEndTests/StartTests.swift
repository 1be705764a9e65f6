// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritLedger
import WritWire

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

extension EndToEnd {
    @Suite struct Starts {
        @Test(arguments: [2, 50]) func `hooks that start at once end with one daemon`(_ count: Int) throws {
            let machine = try Machine()
            defer { machine.end() }
            let heard = try concurrently(count, threads: count) { index in
                try machine.hook(["--deadline-ms", "20000"]).heard(
                    machine.bash(index % 2 == 0 ? "ls" : "forbidden-tool", id: "t\(index)"))
            }
            #expect(heard.map(\.word) == (0..<count).map { $0 % 2 == 0 ? "allow" : "deny" })
            let entries = try machine.entries()
            #expect(entries.filter { $0.kind == .start }.count == 1)
            #expect(entries.filter { $0.kind == .decision }.count == count)
            #expect(try processes(naming: machine.root).count == 1)
        }

        @Test func `a cold start through pipes returns at once`() throws {
            let machine = try Machine()
            defer { machine.end() }
            var program = machine.hook()
            // The pipes end long before the daemon does; had it inherited one, this would wait for all of its life.
            program.patience = 8_000
            let outcome = try program.run(machine.bash("ls"))
            #expect(Heard(outcome) == .silence)
            let daemon = try #require(machine.daemon)
            #expect(kill(daemon, 0) == 0)
            #expect(outcome.milliseconds < 4_000, "\(outcome.milliseconds) ms")
            #if os(Linux)
            for number in 0...2 as ClosedRange<Int32> {
                let target = link("/proc/\(daemon)/fd/\(number)")
                #expect(target == "/dev/null" || target == machine.home.daemonLog, "\(number) is \(target)")
            }
            // It leads a session of its own and keeps nobody's folder busy.
            #expect(getsid(daemon) == daemon)
            #expect(link("/proc/\(daemon)/cwd") == "/")
            #endif
        }

        @Test func `a second daemon refuses to serve the same home`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let first = try machine.startDaemon()
            let second = try machine.writ("daemon", "run")
            #expect(second.code == 75, "\(second.error)")
            #expect(second.error.contains("another daemon serves"), "\(second.error)")
            #expect(machine.daemon == first)
        }

        @Test func `the daemon ends when nobody calls, and the next hook starts another`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let outcome = try machine.writ("daemon", "run", "--idle", "1")
            #expect(outcome.code == 0, "\(outcome.error)")
            #expect(outcome.milliseconds >= 1_000 && outcome.milliseconds < 15_000)
            #expect(try machine.writ("daemon", "status").code == 1)
            #expect(try machine.entries().map(\.kind) == [.start, .stop])
            #expect(access(machine.home.socket, F_OK) != 0)
            #expect(try machine.hook().heard(machine.bash("ls")) == .silence)
            try machine.expectSoundLedger()
        }

        @Test func `a daemon on its way out costs no call`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let wrong = try concurrently(61, threads: 7) { index -> String? in
                if index % 12 == 6 {
                    let outcome = try machine.writ("daemon", "stop")
                    return outcome.code == 0 ? nil : outcome.error
                }
                let expected = index % 2 == 0 ? "allow" : "deny"
                let heard = try machine.hook(["--deadline-ms", "20000"]).heard(
                    machine.bash(index % 2 == 0 ? "ls" : "forbidden-tool", id: "t\(index)"))
                return heard.word == expected ? nil : "t\(index): \(heard)"
            }.compactMap { $0 }
            #expect(wrong == [])
            try machine.stop()
            let found = try machine.decisions()
            #expect(found.count == 56)
            #expect(found.values.allSatisfy { $0.count == 1 })
            try machine.expectSoundLedger()
        }

        @Test func `the status is one object that says what serves`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let daemon = try machine.startDaemon()
            _ = try machine.hook().run(machine.bash("ls"))
            let status = try machine.status()
            #expect(status["pid"]?.integer == Int64(daemon))
            #expect(status["home"]?.string == machine.home.home)
            #expect(status["socket"]?.string == machine.home.socket)
            #expect(status["answered"]?.integer == 1)
            #expect(status["faults"] == [])
            let user = status["layers"]?.array?.first { $0["layer"] == "user" }
            #expect(user?["policies"] == ["trial"])
            #expect((status["resident_bytes"]?.integer ?? 0) > 1 << 20)
        }

        /// Daemons whose command line names a folder.
        private func processes(naming folder: String) throws -> [Substring] {
            let list = try Program(path: "/bin/ps", arguments: ["-eo", "pid,args"]).run().output
            return list.split(separator: "\n").filter { $0.contains(folder) && $0.contains("daemon run") }
        }

        private func link(_ path: String) -> String {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = bytes.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map { readlink(path, $0, buffer.count) } ?? -1
            }
            return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        }
    }
}
