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
    /// What goes wrong on the way to a verdict never ends as consent.
    @Suite struct Closed {
        private static let events: [(event: String, members: [JSON.Member], heard: String)] = [
            ("PreToolUse", [.init("tool_name", "Bash"), .init("tool_input", ["command": "ls"])], "closed with deny"),
            ("PermissionRequest", [.init("tool_name", "Bash"), .init("tool_input", ["command": "ls"])], "deny"),
            ("PostToolUse", [.init("tool_name", "Bash"), .init("tool_response", "x")], "closed with block"),
            ("UserPromptSubmit", [.init("prompt", "hello")], "closed with block"),
            ("ConfigChange", [.init("source", "user_settings")], "closed with block"),
            ("Elicitation", [], "closed with decline"),
            ("Stop", [], "silence"), ("SubagentStop", [], "silence"), ("SessionStart", [], "silence"),
            ("SessionEnd", [.init("reason", "exit")], "silence"), ("NobodyKnowsIt", [], "refused"),
        ]

        private func expectClosed(
            _ machine: Machine, _ hook: Program, _ location: SourceLocation = #_sourceLocation
        ) throws {
            for row in Self.events {
                let heard = try hook.heard(machine.event(row.event, row.members))
                let text = row.event == "PermissionRequest" ? heard.word : heard.description
                #expect(text == row.heard, "\(row.event): \(heard)", sourceLocation: location)
            }
            #expect(try hook.heard(Array("{".utf8)) == .refused, sourceLocation: location)
        }

        @Test func `without a daemon and without a program to start, every event closes in its own spelling`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let alone = machine.root + "/writ-hook"
            try FileManager.default.copyItem(atPath: Machine.hook, toPath: alone)
            var hook = machine.hook()
            hook.path = alone
            try expectClosed(machine, hook)
            // The next daemon says so in the ledger.
            _ = try machine.hook().run(machine.bash("ls"))
            let notes = try machine.entries().filter { $0.message.contains("a hook answered") }
            #expect(notes.count == Self.events.count + 1)
            #expect(notes.first?.message == "a hook answered PreToolUse by itself: start")
        }

        /// What a server in the daemon's place does with the first connection.
        enum Impostor: String, CaseIterable, Sendable {
            case silent, hangsUp, halfFrame, wrongMagic, wrongKind, endlessHeader, badExitCode
        }

        @Test(arguments: Impostor.allCases)
        func `a broken daemon is no consent`(_ kind: Impostor) throws {
            let machine = try Machine()
            defer { machine.end() }
            let server = try FakeDaemon(machine.home) { connection in
                var bytes: [UInt8] = []
                let frame = try HookResponse(output: "").frame()
                switch kind {
                case .silent: usleep(3_000_000)
                case .hangsUp: break
                case .halfFrame: bytes = Array(frame.prefix(frame.count / 2))
                case .wrongMagic: bytes = Array("WRIX".utf8) + frame.dropFirst(4)
                case .wrongKind: bytes = try Frame.control(.status)
                case .endlessHeader: bytes = Array(frame.prefix(8)) + [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]
                case .badExitCode:
                    bytes = frame
                    bytes[18] = 7
                }
                _ = bytes.withUnsafeBytes { put(connection, $0) }
            }
            defer { server.end() }
            let hook = machine.hook(["--daemon", "any", "--deadline-ms", "800"])
            let outcome = try hook.run(machine.bash("ls"))
            #expect(Heard(outcome) == .closed("deny"))
            #expect(outcome.milliseconds < 2_500)
            #expect(try hook.heard(machine.event("Stop", [])) == .silence)
        }

        @Test func `B43 whoever took the socket is not believed`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let server = try FakeDaemon(machine.home) { connection in
                // The whole event is taken, and consent is given.
                var buffer = [UInt8](repeating: 0, count: 65_536)
                _ = read(connection, &buffer, buffer.count)
                _ = try HookResponse(output: "").frame().withUnsafeBytes { put(connection, $0) }
            }
            defer { server.end() }
            let outcome = try machine.hook().run(machine.bash("ls"))
            #expect(Heard(outcome) == .closed("deny"))
            #expect(outcome.error == "writ: another program answers at the socket, so this is refused\n")
        }

        @Test func `an event past the limit closes, and a large one is decided`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let daemon = try machine.startDaemon()
            let hook = machine.hook(["--deadline-ms", "60000"])
            let long = String(repeating: "a", count: 17 << 20)
            let outcome = try hook.run(machine.bash(long))
            #expect(outcome.code == 2)
            #expect(outcome.error == "writ: the event is larger than 16 MiB, so it is refused\n")
            #expect(try machine.hook(["--event", "PreToolUse"]).heard(machine.bash(long)) == .closed("deny"))
            let input: JSON = [
                "file_path": .string(machine.workspace + "/big.txt"), "content": .string(String(long.prefix(1 << 20))),
            ]
            #expect(try hook.heard(machine.tool("Write", input)) == .silence)
            #expect(machine.daemon == daemon)
        }

        @Test func `an event that never ends closes in time`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let slow = Program(
                path: "/bin/sh",
                arguments: ["-c", "(printf '{'; sleep 5) | \(Machine.hook) claude-code --deadline-ms 300 --home \(machine.root)"])
            let start = Program.now
            let outcome = try slow.run()
            #expect(outcome.code == 2)
            #expect(outcome.error.hasPrefix("writ: "))
            #expect((Program.now - start) / 1_000_000 < 7_000)
        }

        @Test func `a signal to the hook is no consent`() throws {
            let machine = try Machine()
            defer { machine.end() }
            for signal in ["TERM", "INT", "HUP", "QUIT", "ALRM"] {
                let script = """
                    mkfifo \(machine.root)/in.\(signal); exec 3<>\(machine.root)/in.\(signal)
                    \(Machine.hook) claude-code --event PreToolUse --home \(machine.home.home) <&3 & child=$!
                    sleep 0.2; kill -\(signal) $child; wait $child
                    """
                let outcome = try Program(path: "/bin/bash", arguments: ["-c", script]).run()
                #expect(Heard(outcome) == .closed("deny"), "\(signal)")
            }
        }

        @Test func `arguments that cannot be right close`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let rows: [[String]] = [
                [], ["claude-code", "--home"], ["claude-code", "--home", "relative"], ["claude-code", "--home", "/"],
                ["claude-code", "--home", "/a/../b"], ["claude-code", "--what"], ["claude-code", "twice"],
                ["claude-code", "--home", "/" + String(repeating: "a/", count: 600)],
                ["claude-code", "--deadline-ms", "0"], ["no-such-agent", "--home", machine.home.home],
            ]
            for row in rows {
                let program = Program(path: Machine.hook, arguments: row)
                let outcome = try program.run(machine.bash("ls"))
                #expect(outcome.code == 2, "\(row): \(outcome)")
                #expect(outcome.error.contains("writ"), "\(row): \(outcome)")
            }
        }

        // MARK: - Folders and disks

        @Test func `a run-time folder that is a file or another's is refused with the remedy`() throws {
            let machine = try Machine()
            defer { machine.end() }
            try FileManager.default.createDirectory(atPath: machine.home.state, withIntermediateDirectories: true)
            try machine.write("x", to: machine.home.runtime)
            try expectClosed(machine, machine.hook())
            let outcome = try machine.hook().run(machine.bash("ls"))
            #expect(outcome.error == "writ: `\(machine.home.runtime)` is not a folder; remove it and try again\n")
            let direct = try machine.writ("daemon", "run")
            #expect(direct.code == 1)
            #expect(direct.error.contains("is not a folder; remove it"), "\(direct.error)")
        }

        @Test(.enabled(if: geteuid() == 0, "needs to give a folder to another user"))
        func `a run-time folder of another user is refused`() throws {
            let machine = try Machine()
            defer { machine.end() }
            try FileManager.default.createDirectory(atPath: machine.home.runtime, withIntermediateDirectories: true)
            chown(machine.home.runtime, 65_534, 65_534)
            let outcome = try machine.hook().run(machine.bash("ls"))
            #expect(Heard(outcome) == .closed("deny"))
            #expect(outcome.error == "writ: `\(machine.home.runtime)` belongs to another user; remove it\n")
        }

        @Test func `a home too long for a socket has its run-time folder elsewhere`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let deep = machine.root + "/" + String(repeating: "deep/", count: 30) + "home"
            let home = try WritHome(deep)
            #expect(home.runtime.hasPrefix("/tmp/writ-"))
            defer { do { try FileManager.default.removeItem(atPath: home.runtime) } catch { print("\(error)") } }
            var hook = machine.hook()
            hook.arguments = ["claude-code", "--home", deep]
            #expect(try hook.heard(machine.bash("ls")) == .silence)
            try machine.at(home).stop()
        }

        @Test(.enabled(if: SmallDisk.isPossible, "needs to mount a file system"))
        func `a state folder that cannot be written closes, and says why`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let disk = try SmallDisk(at: machine.home.state, kilobytes: 4_096)
            defer {
                machine.killDaemon()
                disk.end()
            }
            _ = try machine.startDaemon()
            #expect(try machine.hook().heard(machine.bash("ls", id: "before")) == .silence)
            try machine.stop()
            try disk.remount("ro")
            try expectClosed(machine, machine.hook())
            let outcome = try machine.hook().run(machine.bash("ls", id: "cold"))
            #expect(Heard(outcome) == .closed("deny"))
            #expect(outcome.error.contains("Read-only file system"), "\(outcome.error)")
            try disk.remount("rw")
            #expect(try machine.hook().heard(machine.bash("ls", id: "after")) == .silence)
            #expect(try machine.decisions().filter { $0.value == [.allow] }.keys.sorted() == ["after", "before"])
            try machine.expectSoundLedger()
        }

        @Test(.enabled(if: SmallDisk.isPossible, "needs to mount a file system"))
        func `a full disk closes, and calls go on once there is room`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let disk = try SmallDisk(at: machine.home.state, kilobytes: 2_048)
            defer {
                machine.killDaemon()
                disk.end()
            }
            _ = try machine.startDaemon()
            #expect(try machine.hook().heard(machine.bash("ls", id: "before")) == .silence)
            try disk.fill()
            // What a page still has room for may go through; what is allowed must be on record all the same.
            var allowed: [String] = []
            var closed = 0
            for index in 0..<12 {
                let text = "echo " + String(repeating: "x", count: 3_000)
                let heard = try machine.hook().heard(machine.bash(text, id: "full\(index)", session: "s\(index)"))
                switch heard {
                case .silence: allowed.append("full\(index)")
                case .closed("deny"): closed += 1
                default: Issue.record("\(heard)")
                }
            }
            #expect(closed > 0)
            try disk.empty()
            #expect(try machine.hook().heard(machine.bash("ls", id: "after")) == .silence)
            let found = try machine.decisions()
            #expect((allowed + ["before", "after"]).filter { found[$0] != [.allow] } == [])
            try machine.expectSoundLedger()
        }
    }
}

private func put(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
