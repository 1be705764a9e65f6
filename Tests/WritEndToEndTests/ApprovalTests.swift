// SPDX-License-Identifier: Apache-2.0
#if os(Linux)
import Foundation
import Testing
import WritCore
import WritLedger
import WritWire

extension EndToEnd {
    @Suite struct Approvals {
        static let policy = """
            version: "2"
            metadata: {name: trial, layer: user, owner: tests, description: 'Asks.', revision: 1}
            profiles: {prototyping: {hosts_ask: broker}}
            rules:
              - name: careful
                action: ask
                match: {actions: [shell.exec]}
                when: 'op.program == "careful-tool"'
                message: 'It runs the careful tool.'
              - name: prompts
                action: ask
                scanner: secrets
                scope: [input]
                message: 'The prompt holds a secret.'

            """

        /// An agent in a person's terminal: a program that does what it is told, hooks and shell commands alike.
        struct Agent {
            let machine: Machine
            let seat: Seat

            init(_ machine: Machine) throws {
                self.machine = machine
                try machine.write("while read -r line; do eval \"$line\"; echo '~en''d~'; done\n", to: machine.root + "/agent.sh")
                seat = try Seat(in: machine.workspace)
                seat.type("exec 3</dev/null; bash \(machine.root)/agent.sh")
            }

            /// Runs a command and returns what it prints.
            func run(_ command: String) throws -> String {
                seat.type(command)
                return try seat.read(until: "~end~")
            }

            /// Sends an event through the hook, as the agent does before a tool runs.
            func hook(_ payload: [UInt8]) throws -> String {
                let file = machine.root + "/payload.json"
                try machine.write(String(decoding: payload, as: UTF8.self), to: file)
                return try run("\(Machine.hook) claude-code --home \(machine.home.home) < \(file)")
            }

            /// Calls the careful tool.
            func call(_ id: String) throws -> String {
                try hook(machine.bash("careful-tool --now", id: id))
            }
        }

        private func id(_ text: String) throws -> String {
            let match = try #require(text.firstMatch(of: /writ approve ([a-z0-9]{6})`/), "\(text)")
            return String(match.1)
        }

        /// A person at a terminal of their own reads the question and answers it.
        private func approve(_ id: String, _ machine: Machine, answer: String? = nil) throws -> (String, String) {
            let seat = try Seat(in: machine.root)
            seat.type("\(Machine.writ) approve \(id) --home \(machine.home.home); echo '~do''ne~'")
            let question = try seat.read(until: "\n> ")
            let challenge = try #require(question.firstMatch(of: /type  ([a-z0-9]{6})  and/), "\(question)")
            seat.type(answer ?? String(challenge.1))
            return (question, try seat.read(until: "~done~"))
        }

        @Test func `a person agrees at their terminal, and the same call passes once`() throws {
            let machine = try Machine(policy: Self.policy)
            defer { machine.end() }
            let agent = try Agent(machine)
            let id = try id(try agent.call("t1"))
            let list = try machine.writ("approvals", "--json")
            let waiting = try JSON(parsing: list.output)["approvals"]?.array ?? []
            #expect(waiting.map { $0["id"]?.string } == [id])
            #expect(waiting.first?["state"] == "waiting")
            #expect((waiting.first?["left_ms"]?.integer ?? 0) > 800_000)

            let (question, wrong) = try approve(id, machine, answer: "wrong")
            #expect(question.contains("careful-tool --now") && question.contains("It runs the careful tool."), "\(question)")
            #expect(wrong.contains("that was not the challenge"), "\(wrong)")
            #expect(try agent.call("t2").contains(id))
            let (_, right) = try approve(id, machine)
            #expect(right.contains("approved: the same call passes once"), "\(right)")

            // The answer outlives the daemon.
            machine.killDaemon()
            #expect(try agent.call("t3").contains("permissionDecision") == false)
            #expect(try agent.call("t4").contains("\"deny\""))
            let events = try machine.entries().compactMap { $0.record["event"]?.string }
            #expect(events == ["requested", "refused", "given", "used", "requested"])
            #expect(try machine.decisions() == ["t1": [.ask], "t2": [.ask], "t3": [.allow], "t4": [.ask]])
            try machine.expectSoundLedger()
        }

        @Test func `a person refuses, and a variant of the call is recognised`() throws {
            let machine = try Machine(policy: Self.policy)
            defer { machine.end() }
            let agent = try Agent(machine)
            let id = try id(try agent.call("t1"))
            // What waits outlives the daemon, and a person's command starts another.
            machine.killDaemon()
            #expect(try machine.writ("approvals").output.contains("\(id)  waiting"))
            machine.killDaemon()
            for (words, code) in [(["approve", "zzzzzz"], 2), (["deny", "zzzzzz"], 2), (["approvals"], 0)] as [([String], Int32)] {
                let outcome = try Program(path: Machine.writ, arguments: words + ["--home", machine.home.home]).run()
                #expect(outcome.code == code, "\(words): \(outcome.error)")
            }
            let seat = try Seat(in: machine.root)
            #expect(try seat.run("\(Machine.writ) deny \(id) --home \(machine.home.home)").contains("refused"))
            #expect(try agent.call("t2").contains("A person has refused this call"))
            #expect(try agent.hook(machine.bash("env careful-tool --now", id: "t3")).contains("another way to do what was"))
            #expect(try machine.writ("approvals", "--all").output.contains("\(id)  denied"))
        }

        /// Events that have no question of their own in the agent's format.
        @Test func `a prompt that policy asks about waits as well`() throws {
            let machine = try Machine(policy: Self.policy)
            defer { machine.end() }
            let agent = try Agent(machine)
            let secret = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
            let prompt = machine.event("UserPromptSubmit", [.init("prompt", .string("use \(secret)"))])
            let refusal = try agent.hook(prompt)
            #expect(refusal.contains("\"decision\":\"block\""), "\(refusal)")
            let (question, answer) = try approve(try id(refusal), machine)
            #expect(!question.contains(secret))
            #expect(answer.contains("approved"))
            #expect(try agent.hook(prompt).contains("block") == false)
            #expect(try agent.hook(prompt).contains("\"decision\":\"block\""))
        }

        /// What an agent could try. `WRIT` is the command, `STEAL` a program that opens a pseudo-terminal, reads the
        /// challenge there and types it.
        static let attempts = [
            "WRIT", "setsid WRIT", "setsid -w WRIT", "setsid -f WRIT; sleep 1", "nohup WRIT", "(nohup WRIT & ); sleep 1",
            "( (setsid WRIT &) & ); sleep 1", "bash -c 'WRIT'", "setsid -w bash -ic 'WRIT'", "script -qc 'WRIT' /dev/null",
            "(setsid script -qc 'WRIT' /dev/null &); sleep 1", "STEAL", "setsid STEAL", "STEAL --orphan; sleep 4",
            "STEAL --orphan --shell; sleep 4", "env -i WRIT", "nice WRIT", "timeout 5 WRIT", "WRIT & wait",
            "echo abcdef | WRIT", "(exec -a login WRIT)", "unshare --fork --pid --mount-proc WRIT", "sudo -n WRIT",
            "at now <<< 'WRIT'; sleep 1", "systemd-run --user --pty WRIT", "systemd-run --user WRIT; sleep 1",
            "tmux -L trial new-session -d 'WRIT; sleep 2'; sleep 1; tmux -L trial capture-pane -p",
        ]

        @Test func `an agent cannot agree with itself`() throws {
            let machine = try Machine(policy: Self.policy)
            defer { machine.end() }
            let agent = try Agent(machine)
            let id = try id(try agent.call("t1"))
            try machine.write(Self.thief, to: machine.root + "/steal.py")
            let python = try Program(path: "/bin/sh", arguments: ["-c", "command -v python3"], environment: ProcessInfo.processInfo.environment).run()
            let interpreter = python.output.trimmingCharacters(in: .whitespacesAndNewlines)
            if interpreter.isEmpty { print("no python3: attempts with a pseudo-terminal of a program are left out") }
            let command = "\(Machine.writ) approve \(id) --home \(machine.home.home)"
            for attempt in Self.attempts {
                if attempt.contains("STEAL"), interpreter.isEmpty { continue }
                let line =
                    attempt
                    .replacing("STEAL", with: "\(interpreter) \(machine.root)/steal.py \(id) \(machine.home.home)")
                    .replacing("WRIT", with: command)
                let output = try agent.run("{ \(line); } < /dev/null > \(machine.root)/out 2>&1")
                let said = try String(contentsOfFile: machine.root + "/out", encoding: .utf8)
                #expect(!said.contains("approved"), "\(attempt): \(said)\(output)")
                let refusal = try agent.call("after \(attempt)")
                #expect(refusal.contains(id), "\(attempt): \(refusal)")
            }
            #expect(try machine.entries().contains { $0.record["event"] == "given" || $0.record["event"] == "used" } == false)
            // Each try that reached the daemon stands in the ledger.
            let tries = try machine.entries().filter { $0.kind == .alarm && $0.record["event"] == "refused" }
            #expect(tries.count >= 12, "\(tries.map(\.message))")
            // And a person still can.
            #expect(try approve(id, machine).1.contains("approved"))
        }

        private static let thief = """
            import os, pty, re, select, sys, time
            command = ["\(Machine.writ)", "approve", sys.argv[1], "--home", sys.argv[2]]
            if "--orphan" in sys.argv:
                if os.fork(): os._exit(0)
                os.setsid()
                if os.fork(): os._exit(0)
                time.sleep(1)
            child, terminal = pty.fork()
            if child == 0:
                if "--shell" in sys.argv: os.execv("/bin/bash", ["bash", "--norc", "-i"])
                os.execv(command[0], command)
            if "--shell" in sys.argv: os.write(terminal, (" ".join(command) + "\\n").encode())
            text, end = b"", time.time() + 3
            while time.time() < end:
                if not select.select([terminal], [], [], 0.1)[0]: continue
                try: text += os.read(terminal, 4096)
                except OSError: break
                found = re.search(rb"type  (\\w+)  and", text)
                if found: os.write(terminal, found.group(1) + b"\\n")
            os.write(1, text)

            """
    }
}
#endif
