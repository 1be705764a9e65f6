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
    /// What shells offer. A shell asks as its generated script does: `writ ---completion COMMAND -- ARGUMENT …`.
    @Suite struct Completion {
        /// What is offered for the last word of a command line; `argument` is an option, or `positional@0`.
        private func offer(_ machine: Machine, _ command: String, _ argument: String, _ begun: String = "") throws -> [String] {
            let words = ["writ"] + command.split(separator: " ").map(String.init) + ["--home", machine.home.home, begun]
            let outcome = try Program(
                path: Machine.writ,
                arguments: ["---completion"] + command.split(separator: " ").map(String.init)
                    + ["--", argument, "\(words.count - 1)", "\(begun.count)"] + words
            ).run()
            #expect(outcome.code == 0 && outcome.error.isEmpty, "\(command): \(outcome.error)")
            return outcome.output.split(separator: "\n").map(String.init)
        }

        @Test func `names on this machine are offered from its files, and no daemon is started`() throws {
            let machine = try Machine()
            defer { machine.end() }
            // Before anything was there.
            for (command, argument) in [
                ("explain", "positional@0"), ("delegation show", "positional@0"), ("approve", "positional@0"),
                ("log", "--session"), ("budget reset", "positional@0"), ("delegation anchors", "--remove"),
            ] {
                #expect(try offer(machine, command, argument) == [], "\(command)")
            }
            for (command, session) in [("forbidden-tool", "s-1"), ("ls", "s-2"), ("ls", "$(touch pwned)"), ("ls", "a b")] {
                _ = try machine.hook().run(machine.bash(command, session: session))
            }
            try machine.stop()
            // Without the ledger's own folder: the test reads there itself, through an index.
            func files() throws -> [String] {
                try FileManager.default.subpathsOfDirectory(atPath: machine.root).filter { !$0.contains("/ledger/") }.sorted()
            }
            let before = try files()
            let ids = try machine.entries().reversed().map { String($0.id.suffix(8)) }
            let first = String(try #require(try machine.entries().last { $0.kind == .decision }).id.suffix(8))
            let cases: [(command: String, argument: String, begun: String, words: [String])] = [
                ("log", "--session", "", ["s-2", "s-1"]), ("log", "--session", "s-1", ["s-1"]),
                ("log", "--session", "x", []), ("log", "--rule", "", ["user/trial/forbidden"]),
                ("delegation bind", "--session", "", ["claude-code:s-2", "claude-code:s-1"]),
                ("explain", "positional@0", String(first.prefix(5)), [first]),
                ("flow clear", "--decision", "", ids),
                ("policy waive", "positional@0", "user/", ["forbidden", "stop-all", "forbidden-search"].map { "user/trial/\($0)" }),
                ("policy waive", "positional@0", "builtin/self-protection", []),
                ("policy show", "positional@0", "tri", ["trial"]),
            ]
            for item in cases {
                let words = try offer(machine, item.command, item.argument, item.begun)
                #expect(words == item.words, "\(item)")
            }
            #expect(try offer(machine, "policy waive", "positional@0", "builtin/exfiltration/").contains("builtin/exfiltration/force-push"))
            #expect(machine.daemon == nil)
            // Nothing is written, either.
            #expect(try files() == before)
            // A damaged file is no offer and no message.
            try machine.write("?", to: machine.home.state + "/delegations.json")
            try machine.write("?", to: machine.policyFile)
            #expect(try offer(machine, "delegation show", "positional@0") == [])
            #expect(try offer(machine, "policy waive", "positional@0", "user/") == [])
        }

        @Test func `a name that a shell would run is not offered to it`() throws {
            let machine = try Machine()
            defer { machine.end() }
            for session in ["good-1", "$(touch \(machine.root)/pwned)", "`touch \(machine.root)/pwned`", "-x"] {
                _ = try machine.hook().run(machine.bash("ls", session: session))
            }
            let script = try Program(path: Machine.writ, arguments: ["--generate-completion-script", "bash"]).run().output
            try machine.write(
                script + """

                    COMP_LINE='writ log --session '; COMP_POINT=${#COMP_LINE}
                    COMP_WORDS=('\(Machine.writ)' log --session ''); COMP_CWORD=3; COMPREPLY=()
                    WRIT_HOME='\(machine.home.home)' _writ writ '' --session
                    printf '[%s]' "${COMPREPLY[@]}"
                    """, to: machine.root + "/try.bash")
            let outcome = try Program(path: "/bin/bash", arguments: [machine.root + "/try.bash"]).run()
            #expect(outcome.output == "[good-1]", "\(outcome.output)\(outcome.error)")
            #expect(access(machine.root + "/pwned", F_OK) != 0)
        }

        #if os(Linux)
        @Test func `writs are offered by what a person types`() throws {
            let machine = try Machine(policy: nil)
            defer { machine.end() }
            let person = try Delegations.Person(machine)
            let id = try person.issue()
            for command in ["show", "bind", "unbind", "run", "revoke", "derive"] {
                #expect(try offer(machine, "delegation \(command)", "positional@0") == [String(id.suffix(8))], "\(command)")
                #expect(try offer(machine, "delegation \(command)", "positional@0", String(id.prefix(6))).last == id)
            }
            #expect(try offer(machine, "delegation revoke", "--task") == ["T-1842"])
        }
        #endif
    }
}
