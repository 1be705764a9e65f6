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
    @Suite struct Reloads {
        private static func policy(_ program: String) -> String {
            """
            version: "2"
            metadata: {name: trial, layer: user, owner: tests, description: 'One program.', revision: 1}
            rules:
              - name: forbidden
                action: deny
                match: {actions: [shell.exec]}
                when: 'op.program == "\(program)" || op.program == "always-forbidden"'
                message: 'It runs a forbidden tool.'

            """
        }

        @Test func `a policy that changes under load drops no call`() throws {
            let machine = try Machine(policy: Self.policy("tool-0"))
            defer { machine.end() }
            _ = try machine.startDaemon()
            let wrong = try concurrently(404, threads: 8) { index -> String? in
                if index % 101 == 100 {
                    let turn = index / 101 + 1
                    try machine.write(Self.policy("tool-\(turn)"), to: machine.policyFile)
                    let outcome = try machine.writ("daemon", "reload")
                    return outcome.code == 0 ? nil : outcome.error
                }
                // What every version agrees on is answered the same throughout.
                let expected = index % 2 == 0 ? "allow" : "deny"
                let command = index % 2 == 0 ? "ls" : "always-forbidden"
                let heard = try machine.hook(["--deadline-ms", "20000"]).heard(machine.bash(command, id: "t\(index)"))
                return heard.word == expected ? nil : "t\(index): \(heard)"
            }.compactMap { $0 }
            #expect(wrong == [])
            #expect(try machine.decisions().count == 400)
            #expect(try machine.hook().heard(machine.bash("tool-4")).word == "deny")
            #expect(try machine.hook().heard(machine.bash("tool-3")) == .silence)
            let changes = try machine.entries().filter { $0.kind == .policy }
            #expect(!changes.isEmpty)
            try machine.expectSoundLedger()
        }

        @Test func `a changed policy counts within two seconds without being asked to`() throws {
            let machine = try Machine(policy: Self.policy("tool-1"))
            defer { machine.end() }
            #expect(try machine.hook().heard(machine.bash("tool-2")) == .silence)
            try machine.write(Self.policy("tool-2"), to: machine.policyFile)
            usleep(1_100_000)
            _ = try machine.hook().run(machine.bash("ls"))
            #expect(try machine.hook().heard(machine.bash("tool-2")).word == "deny")
            // A file beside it counts as well.
            let second = Self.policy("tool-3").replacingOccurrences(of: "name: trial", with: "name: second")
            try machine.write(second, to: machine.home.config + "/policies/second.yaml")
            #expect(try machine.writ("daemon", "reload").code == 0)
            #expect(try machine.hook().heard(machine.bash("tool-3")).word == "deny")
        }

        struct Fault: Sendable, CustomTestStringConvertible {
            var name: String
            var text: String
            /// What the message says after the file's name.
            var message: String
            var testDescription: String { name }
        }

        static let faults = [
            Fault(name: "broken YAML", text: "version: \"2\"\nrules: [\n  - name", message: ":3:"),
            Fault(
                name: "unknown key", text: policy("tool-9").replacingOccurrences(of: "match:", with: "matches:"),
                message: ":6:5: unknown key `matches` in a rule (did you mean `match`?)"),
            Fault(
                name: "bad regex",
                text: """
                    version: "2"
                    metadata: {name: trial, layer: user, owner: tests, description: 'One program.', revision: 1}
                    rules:
                      - name: forbidden
                        action: deny
                        match: {actions: [shell.exec]}
                        when: 'op.command.matches("(unclosed")'

                    """, message: ":7:"),
            Fault(
                name: "unfinished condition",
                text: policy("tool-9").replacingOccurrences(of: "\"tool-9\"", with: ""), message: ":7:"),
            Fault(name: "empty file", text: "", message: ":"),
            Fault(name: "no text", text: "\u{0}\u{1}\u{2}", message: ":"),
        ]

        @Test(arguments: faults)
        func `a faulty policy leaves the last good one in force and says where`(_ fault: Fault) throws {
            let machine = try Machine(policy: Self.policy("tool-1"))
            defer { machine.end() }
            _ = try machine.startDaemon()
            try machine.write(fault.text, to: machine.policyFile)
            let outcome = try machine.writ("daemon", "reload")
            #expect(outcome.code == 1)
            let expected = machine.policyFile + fault.message
            #expect(outcome.error.contains(expected), "\(outcome.error)")
            #expect(outcome.error.contains("the last good policy stays in force"), "\(outcome.error)")
            #expect(try machine.hook().heard(machine.bash("tool-1")).word == "deny")
            #expect(try machine.hook().heard(machine.bash("ls")) == .silence)
            let shown = try machine.status()["faults"]?.array?.compactMap(\.string) ?? []
            #expect(shown.contains { $0.contains(expected) }, "\(shown)")
            #expect(try machine.entries().contains { $0.kind == .alarm && $0.message.contains(expected) })
            // Repaired, it counts again.
            try machine.write(Self.policy("tool-2"), to: machine.policyFile)
            #expect(try machine.writ("daemon", "reload").code == 0)
            #expect(try machine.status()["faults"] == [])
            #expect(try machine.hook().heard(machine.bash("tool-2")).word == "deny")
        }

        @Test func `without a good policy nearly everything is denied, and the reason is told`() throws {
            let machine = try Machine(policy: "version: \"2\"\nruels: []\n")
            defer { machine.end() }
            #expect(try machine.hook().heard(machine.bash("npm test")).word == "deny")
            let shown = try machine.status()["faults"]?.array?.compactMap(\.string) ?? []
            let expected = machine.policyFile + ":2:1: unknown key `ruels`"
            #expect(shown.contains { $0.contains(expected) && $0.contains("nearly everything is denied") }, "\(shown)")
        }

        @Test func `a policy that vanishes stays in force until a person says that it shall go`() throws {
            let machine = try Machine(policy: Self.policy("tool-1"))
            defer { machine.end() }
            _ = try machine.startDaemon()
            unlink(machine.policyFile)
            usleep(1_100_000)
            _ = try machine.hook().run(machine.bash("ls"))
            #expect(try machine.hook().heard(machine.bash("tool-1")).word == "deny")
            let shown = try machine.status()["faults"]?.array?.compactMap(\.string) ?? []
            #expect(
                shown == [
                    "\(machine.policyFile): is missing (restore it, or run `writ daemon reload` to do without it) "
                        + "(the last good policy stays in force)"
                ])
            #expect(try machine.writ("daemon", "reload").code == 0)
            #expect(try machine.hook().heard(machine.bash("tool-1")) == .silence)
        }

        @Test func `what cannot be read as a policy file is a fault, not silence`() throws {
            let machine = try Machine(policy: Self.policy("tool-1"))
            defer { machine.end() }
            _ = try machine.startDaemon()
            // A pipe in a file's place must not hang the daemon either.
            let pipe = machine.home.config + "/policies/pipe.yaml"
            #expect(mkfifo(pipe, 0o600) == 0)
            let outcome = try machine.writ("daemon", "reload")
            #expect(outcome.code == 1)
            #expect(outcome.error.contains("\(pipe): is not a regular file"), "\(outcome.error)")
            #expect(try machine.hook().heard(machine.bash("tool-1")).word == "deny")
        }
    }

    @Suite struct PinnedHome {
        @Test func `an installed hook obeys no other home than the pinned one`() throws {
            let machine = try Machine()
            let other = try Machine(policy: nil)
            defer {
                machine.end()
                other.end()
            }
            let environment = [
                "WRIT_HOME": other.home.home, "HOME": other.home.home, "XDG_RUNTIME_DIR": other.root,
                "XDG_CONFIG_HOME": other.home.config, "XDG_STATE_HOME": other.home.state, "TMPDIR": other.root,
                "PATH": other.root, "WRIT_DISABLE": "1", "WRIT_BYPASS": "1", "WRIT_POLICY": "/dev/null",
            ]
            // Cold and warm: neither the start of the daemon nor the way to it is led astray.
            for id in ["cold", "warm"] {
                let heard = try machine.hook(environment: environment).heard(machine.bash("forbidden-tool", id: id))
                #expect(heard.description.contains("writ[forbidden]"), "\(heard)")
            }
            #expect(try machine.decisions() == ["cold": [.deny], "warm": [.deny]])
            #expect(access(other.home.state, F_OK) != 0)
            // That the environment disagreed is on record.
            let seen = try machine.entries().filter { $0.kind == .decision }.map { $0.record["hook"] ?? [] }
            #expect(seen == [["home-disagrees", "started-daemon"], ["home-disagrees"]])
        }

        @Test func `files in the workspace change nothing`() throws {
            let machine = try Machine()
            defer { machine.end() }
            for name in [".writ.yaml", ".writ/policy.yaml", ".config/writ/policy.yaml", ".writ-disable", "writ.yaml"] {
                let path = machine.workspace + "/" + name
                try FileManager.default.createDirectory(
                    atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path,
                    withIntermediateDirectories: true)
                try machine.write("version: \"2\"\ndefaults: {decision: allow}\nrules: []\n", to: path)
            }
            #expect(try machine.hook().heard(machine.bash("forbidden-tool")).word == "deny")
        }
    }
}
