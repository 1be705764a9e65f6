// SPDX-License-Identifier: Apache-2.0
import Foundation
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
    /// What goes wrong around the real hook, for every agent: each ends in the answer that its table promises, and the
    /// end of a session is never what suffers.
    @Suite struct FailingHooks {
        /// A call of every agent is closed in its own spelling, and where the agent ends nothing holds it.
        private func expectClosed(
            _ machine: Machine, _ name: String, _ extra: [String] = [], _ location: SourceLocation = #_sourceLocation
        ) throws {
            let commands = try AgentVector.commands()
            #expect(commands.count == 14, sourceLocation: location)
            let vectors = commands + (try AgentVector.ends())
            // Some wait for their deadline: all at once.
            let wrong = try concurrently(vectors.count, threads: vectors.count) { index -> String? in
                let vector = vectors[index]
                let found = try vector.answer(machine, nil, extra)
                return found == vector.expected("closed") ? nil : "\(name): \(vector.agent) \(vector.event): \(found.text)"
            }.compactMap { $0 }
            #expect(wrong == [], sourceLocation: location)
        }

        /// A call of every agent is decided: what policy forbids is denied, what it does not is not.
        private func expectDecided(
            _ machine: Machine, _ name: String, _ location: SourceLocation = #_sourceLocation
        ) throws {
            let vectors = try AgentVector.commands()
            // Both at once, on every agent at once.
            let wrong = try concurrently(vectors.count * 2, threads: vectors.count * 2) { index -> String? in
                let vector = vectors[index / 2]
                let isForbidden = index % 2 == 0
                let command = isForbidden ? "forbidden-tool --now" : "ls -la \(name)"
                let found = try vector.answer(machine, vector.payload(running: command), ["--deadline-ms", "60000"])
                let expected = vector.expected(isForbidden ? "deny" : "allow")
                return found == expected ? nil : "\(name): \(vector.agent) \(command): \(found.text)"
            }.compactMap { $0 }
            #expect(wrong == [], sourceLocation: location)
        }

        @Test func `B43 a daemon that crashes, hangs, hangs up or talks nonsense closes every agent's call`() throws {
            let frame = try HookResponse(output: "").frame()
            let rows: [(name: String, serve: @Sendable (Int32) throws -> Void)] = [
                ("hangs", { _ in usleep(600_000) }), ("hangs up", { _ in }),
                ("dies half-way", { put($0, Array(frame.prefix(frame.count / 2))) }),
                ("talks nonsense", { put($0, Array("HTTP/1.1 200 OK\r\n\r\n".utf8)) }),
            ]
            for row in rows {
                let machine = try Machine()
                defer { machine.end() }
                let daemon = try FakeDaemon(machine.home, serve: row.serve)
                defer { daemon.end() }
                try expectClosed(machine, row.name, ["--daemon", "any", "--deadline-ms", "400"])
            }
        }

        @Test func `B43 a missing daemon, a missing program and a home that is none close every agent's call`() throws {
            let machine = try Machine()
            defer { machine.end() }
            try expectClosed(machine, "no program", ["--daemon", "/nonexistent/writ"])
            try expectClosed(machine, "no daemon", ["--daemon", "/bin/false"])
            try machine.write("a file", to: machine.root + "/file")
            try expectClosed(machine.at(try WritHome(machine.root + "/file/home")), "no home")
        }

        @Test func `B43 an event past the limit closes every agent's call`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let padding = [UInt8](repeating: UInt8(ascii: "x"), count: 16 << 20)
            for vector in try AgentVector.commands() {
                let large = Array(vector.payload.bytes.dropLast()) + Array(",\"padding\":\"".utf8) + padding + Array("\"}".utf8)
                #expect(try vector.answer(machine, large, ["--daemon", "any"]) == vector.expected("closed"), "\(vector.agent)")
            }
        }

        @Test func `a signal that can be caught closes every agent's call`() throws {
            let machine = try Machine()
            defer { machine.end() }
            for vector in try AgentVector.commands() {
                // The agent holds standard input open and stops the hook before it has read anything.
                let script = """
                    mkfifo "$1/in"; exec 3<>"$1/in"
                    "$2" "$3" --event "$4" --home "$5" <&3 & child=$!
                    sleep 0.1; kill -TERM $child; wait $child; code=$?; rm "$1/in"; exit $code
                    """
                let outcome = try Program(
                    path: "/bin/bash",
                    arguments: [
                        "-c", script, "sh", machine.root, Machine.hook, vector.agent, vector.event, machine.home.home,
                    ]
                ).run()
                #expect(AgentVector.shape(outcome) == vector.expected("closed"), "\(vector.agent)")
            }
        }

        /// What a host does with a hook that was killed is its own affair. Where the table says that it blocks because the
        /// entry asks for it, the entry does.
        @Test func `entries ask the host to block on a dead hook wherever it lets one choose`() throws {
            let machine = try Machine()
            defer { machine.end() }
            for (agent, file, switched) in [
                ("cursor", ".cursor/hooks.json", #""failClosed": true"#),
                ("goose", ".agents/plugins/writ/hooks/hooks.json", #""on_failure": "block""#),
            ] {
                #expect(try machine.writ("install", agent, "--quiet").code == 0)
                let text = try String(contentsOfFile: machine.home.home + "/" + file, encoding: .utf8)
                #expect(text.contains(switched), "\(agent)")
            }
            // Doctor says which agents let a call through when the hook is dead.
            let table = try Program(path: Machine.writ, arguments: ["agents", "table"]).run().output
            #expect(table.components(separatedBy: "crash lets through").count == 10)
        }

        @Test func `B43 a broken policy denies on every agent, and the last good one stays in force`() throws {
            let machine = try Machine()
            defer { machine.end() }
            _ = try machine.startDaemon()
            try expectDecided(machine, "whole")
            try machine.write("version: \"2\"\nruels: []\n", to: machine.policyFile)
            #expect(try machine.writ("daemon", "reload").code == 1)
            try expectDecided(machine, "last-good")
            // Cold, there is none: nearly everything is denied, in so many words.
            try machine.stop()
            for vector in try AgentVector.commands() {
                let found = try vector.answer(machine, vector.payload(running: "npm test"))
                #expect(found == vector.expected("deny"), "\(vector.agent)")
            }
            try machine.expectSoundLedger()
        }

        @Test func `two events at once on every agent, with no daemon yet, are each decided and recorded once`() throws {
            let machine = try Machine()
            defer { machine.end() }
            try expectDecided(machine, "cold")
            let count = try AgentVector.commands().count
            let verdicts = try machine.entries().filter { $0.kind == .decision }.compactMap(\.verdict)
            #expect(verdicts.count(where: { $0 == .deny }) == count)
            #expect(verdicts.count(where: { $0 == .allow }) == count)
            try machine.expectSoundLedger()
        }

        /// A superuser writes wherever the file system lets it, so the whole home becomes a file system that lets nobody.
        @Test(.enabled(if: SmallDisk.isPossible || geteuid() != 0, "needs to mount a file system, or not to be root"))
        func `B43 a read-only home closes every agent's call`() throws {
            let machine = try Machine()
            let home = machine.home.home
            defer { machine.end() }
            if geteuid() != 0 {
                chmod(home, 0o500)
                defer { chmod(home, 0o700) }
                try expectClosed(machine, "read-only home")
                return
            }
            let disk = try SmallDisk(at: home, kilobytes: 1_024)
            defer { disk.end() }
            try disk.remount("ro")
            try expectClosed(machine, "read-only home")
        }

        @Test(.enabled(if: SmallDisk.isPossible, "needs to mount a file system"))
        func `B43 a full disk closes every agent's call, and what was let through is on record`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let disk = try SmallDisk(at: machine.home.state, kilobytes: 3_072)
            defer {
                machine.killDaemon()
                disk.end()
            }
            _ = try machine.startDaemon()
            try disk.fill()
            var allowed = 0
            for vector in try AgentVector.commands() {
                var isClosed = false
                // What a page still has room for may go through.
                for _ in 0..<20 where !isClosed {
                    let found = try vector.answer(machine, vector.payload(running: "echo " + String(repeating: "x", count: 3_000)))
                    if found == vector.expected("allow") { allowed += 1 }
                    isClosed = found == vector.expected("closed")
                    #expect(isClosed || found == vector.expected("allow"), "\(vector.agent): \(found.text)")
                }
                #expect(isClosed, "\(vector.agent) is never closed on a full disk")
            }
            try disk.empty()
            try expectDecided(machine, "room")
            let found = try machine.entries().filter { $0.kind == .decision && $0.verdict == .allow }
            #expect(found.count == allowed + (try AgentVector.commands().count))
            try machine.expectSoundLedger()
        }
    }
}

private func put(_ descriptor: Int32, _ bytes: [UInt8]) {
    _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
}
