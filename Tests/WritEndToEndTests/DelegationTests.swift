// SPDX-License-Identifier: Apache-2.0
#if os(Linux)
import Foundation
import Testing
import WritCore
import WritLedger
import WritWire

extension EndToEnd {
    @Suite struct Delegations {
        /// Nothing but the writ speaks about plain commands.
        static let grants = """
            grants:
              - {actions: [file.read, file.search], paths: ['$repo/**']}
              - {actions: [file.write], paths: ['$repo/src/**']}
              - {actions: [shell.exec], commands: ['ls *', 'ls', 'git status']}
              - {actions: [agent.spawn]}
            deny:
              - {actions: [file.read], paths: ['$repo/private/**']}

            """

        /// A person at a terminal of their own.
        struct Person {
            let machine: Machine

            init(_ machine: Machine) throws {
                self.machine = machine
                try machine.write(Delegations.grants, to: machine.root + "/grants.yaml")
            }

            /// Runs a command that asks, and answers the challenge.
            func confirm(_ command: String, answer: String? = nil) throws -> (question: String, said: String) {
                let seat = try Seat(in: machine.workspace)
                seat.type("\(Person.line(command, machine)); echo '~do''ne~'")
                let question = try seat.read(until: "\n> ")
                let challenge = try #require(question.firstMatch(of: /type  ([a-z0-9]{6})  and/), "\(question)")
                seat.type(answer ?? String(challenge.1))
                return (question, try seat.read(until: "~done~"))
            }

            /// Issues a writ and returns its id.
            func issue(_ more: String = "--folder .", answer: String? = nil) throws -> String {
                let (question, said) = try confirm(
                    "issue --task T-1842 --workflow bugfix --intent 'Fix the date parser' "
                        + "--grants \(machine.root)/grants.yaml \(more)", answer: answer)
                #expect(question.contains("T-1842 (bugfix)") && question.contains("Fix the date parser"), "\(question)")
                let id = try #require(said.firstMatch(of: /issued ([0-9a-f-]{36})/), "\(said)")
                return String(id.1)
            }

            /// The command with the machine's home, which stands before what belongs to another program.
            static func line(_ command: String, _ machine: Machine) -> String {
                let words = command.split(separator: " ", maxSplits: 1)
                return "\(Machine.writ) delegation \(words[0]) --home \(machine.home.home) \(words.dropFirst().first ?? "")"
            }
        }

        /// An agent in a terminal of its own: what the test itself sent would make the person's terminals an agent's.
        struct Agent {
            let machine: Machine
            let agent: Approvals.Agent

            init(_ machine: Machine) throws {
                self.machine = machine
                agent = try Approvals.Agent(machine)
            }

            /// What a call is answered: `allow`, or the decision and its reason.
            func call(
                _ tool: String, _ input: JSON, session: String = "s1", subagent: String? = nil
            ) throws -> String {
                var members: [JSON.Member] = [.init("tool_name", .string(tool)), .init("tool_input", input)]
                if let subagent {
                    members += [.init("agent_id", .string(subagent)), .init("agent_type", "explorer")]
                }
                let said = try agent.hook(machine.event("PreToolUse", members, session: session))
                guard let start = said.firstIndex(of: "{"), let end = said.lastIndex(of: "}") else { return "allow" }
                let decision = try JSON(parsing: String(said[start...end]))["hookSpecificOutput"]
                return "\(decision?["permissionDecision"]?.string ?? said): "
                    + (decision?["permissionDecisionReason"]?.string ?? "")
            }

            func shell(_ command: String, session: String = "s1") throws -> String {
                try call("Bash", ["command": .string(command)], session: session)
            }

            func word(_ command: String, session: String = "s1") throws -> String {
                String(try shell(command, session: session).prefix { $0 != ":" })
            }
        }

        private func write(_ machine: Machine, _ path: String) -> JSON {
            ["file_path": .string(machine.workspace + "/" + path), "content": "x"]
        }

        @Test func `what a person has granted passes, and nothing else does`() throws {
            let machine = try Machine(policy: nil)
            defer { machine.end() }
            let person = try Person(machine)
            let agent = try Agent(machine)
            // Without a writ a prototype may do this.
            #expect(try agent.word("some-unknown-tool --x", session: "s0") == "allow")
            // By another name of the same folder.
            try FileManager.default.createSymbolicLink(
                atPath: machine.root + "/link", withDestinationPath: machine.workspace)
            let id = try person.issue("--folder \(machine.root)/link")
            #expect(try agent.word("ls -la") == "allow")
            #expect(try agent.call("Write", write(machine, "src/date.swift")) == "allow")
            let outside = try agent.call("Write", write(machine, "deploy/web.yaml"))
            #expect(outside.hasPrefix("deny") && outside.contains(id), "\(outside)")
            #expect(try agent.word("some-unknown-tool --x") == "deny")
            let excluded = try agent.call("Read", ["file_path": .string(machine.workspace + "/private/key")])
            #expect(excluded.hasPrefix("deny"), "\(excluded)")
            // The session from before came under it as well, since it works in the folder.
            #expect(try agent.word("some-unknown-tool --x", session: "s0") == "deny")
            let record = try #require(try machine.entries().last { $0.kind == .decision })
            #expect(record.record["request"]?["facts"]?["writ"]?["id"]?.string == id, "\(record.record.text)")
            let explained = try machine.writ("explain", record.id).output
            #expect(explained.contains("Fix the date parser") && explained.contains("link by link:\n  \(id)\n"), "\(explained)")
            let events = try machine.entries().filter { $0.kind == .delegation }.compactMap { $0.record["event"]?.string }
            #expect(events == ["issued", "entered", "entered"])
            // The bindings outlive the daemon.
            machine.killDaemon()
            #expect(try agent.word("some-unknown-tool --x") == "deny")
            #expect(try agent.word("ls") == "allow")
            let list = try JSON(parsing: Array(machine.writ("delegation", "list", "--json").output.utf8))
            #expect(list["writs"]?.array?.count == 1)
            #expect(list["writs"]?.array?.first?["sessions"] == 2)
            #expect(list["writs"]?.array?.first?["state"] == "valid")
            // And it verifies without the daemon.
            try machine.stop()
            let token = try machine.writ("delegation", "show", id, "--token").output
            try machine.write(token, to: machine.root + "/writ.jwt")
            try machine.stop()
            let verified = try machine.writ("delegation", "verify", machine.root + "/writ.jwt")
            #expect(verified.code == 0 && verified.output.contains("the writ holds"), "\(verified.output)\(verified.error)")
            try machine.expectSoundLedger()
        }

        @Test func `a revoked writ denies every call until another takes its place`() throws {
            let machine = try Machine(policy: nil)
            defer { machine.end() }
            let person = try Person(machine)
            let agent = try Agent(machine)
            let id = try person.issue()
            #expect(try agent.word("ls") == "allow")
            let revoked = try machine.writ("delegation", "revoke", String(id.suffix(8)))
            #expect(revoked.code == 0 && revoked.output.contains("revoked: 1 "), "\(revoked.output)\(revoked.error)")
            let refusal = try agent.shell("ls")
            #expect(refusal.hasPrefix("deny") && refusal.contains("WRIT_E_REVOKED"), "\(refusal)")
            #expect(refusal.contains("writ delegation issue"), "\(refusal)")
            let verified = try machine.writ("delegation", "verify", "--json", try token(machine, id))
            #expect(try JSON(parsing: verified.output.filter { $0 != "\n" })["code"] == "WRIT_E_REVOKED")
            // A daemon that starts anew knows it, and another session does not get around it.
            machine.killDaemon()
            #expect(try agent.shell("ls", session: "s2").contains("WRIT_E_REVOKED"))
            let (question, _) = try person.confirm("unbind \(id)", answer: "wrong")
            #expect(question.contains("off all places"), "\(question)")
            #expect(try agent.shell("ls").contains("WRIT_E_REVOKED"))
            // Its successor takes its place in the folder, for the sessions that were under it too.
            let next = try person.issue()
            #expect(try agent.word("ls") == "allow")
            #expect(try agent.word("some-unknown-tool") == "deny")
            // Taken off, policies alone speak.
            let (_, said) = try person.confirm("unbind \(next)")
            #expect(said.contains("taken off 3 places and sessions"), "\(said)")
            #expect(try agent.word("some-unknown-tool") == "allow")
            try machine.expectSoundLedger()
        }

        private func token(_ machine: Machine, _ id: String) throws -> String {
            let path = machine.root + "/\(id).jwt"
            try machine.write(machine.writ("delegation", "show", id, "--token").output, to: path)
            return path
        }

        @Test func `an agent can neither issue nor bind nor take off`() throws {
            let machine = try Machine(policy: nil)
            defer { machine.end() }
            let person = try Person(machine)
            let agent = try Agent(machine)
            let id = try person.issue("")
            #expect(try agent.word("ls") == "allow")
            for command in [
                "issue --task T-1 --intent x --grants \(machine.root)/grants.yaml --folder .",
                "bind \(id) --folder /", "unbind \(id)", "run \(id) -- true",
                "derive \(id) --grants \(machine.root)/grants.yaml",
            ] {
                let said = try agent.agent.run("{ \(Person.line(command, machine)); } < /dev/null 2>&1")
                #expect(said.contains("belongs to an agent"), "\(command): \(said)")
            }
            // Nor does policy let it try.
            #expect(try agent.word("writ delegation unbind \(id)") == "deny")
            #expect(try agent.word("writ delegation list") == "allow")
            let refused = try machine.entries().filter { $0.record["event"] == "refused" }
            #expect(refused.count == 5)
            // A wrong answer changes nothing.
            let (_, said) = try person.confirm("bind \(id) --folder .", answer: "abcdef")
            #expect(said.contains("that was not the challenge"), "\(said)")
            #expect(try agent.word("some-unknown-tool") == "allow")
            let (question, bound) = try person.confirm("bind \(id) --session claude-code:s1")
            #expect(question.contains("session claude-code|s1") && bound.contains("bound"), "\(question)\(bound)")
            #expect(try agent.word("some-unknown-tool") == "deny")
            #expect(try agent.word("some-unknown-tool", session: "s2") == "allow")
        }

        @Test func `a sub-agent gets less, and none where the depth is used up`() throws {
            let machine = try Machine(policy: nil)
            defer { machine.end() }
            let person = try Person(machine)
            let agent = try Agent(machine)
            let id = try person.issue("--folder . --max-depth 1")
            #expect(try agent.call("Write", write(machine, "src/a.swift")) == "allow")
            let read: JSON = ["file_path": .string(machine.workspace + "/src/a.swift")]
            #expect(try agent.call("Read", read, subagent: "a1") == "allow")
            let denied = try agent.call("Write", write(machine, "src/a.swift"), subagent: "a1")
            #expect(denied.hasPrefix("deny"), "\(denied)")
            let record = try #require(try machine.entries().last { $0.kind == .decision })
            #expect(record.record["request"]?["facts"]?["writ"]?["depth"] == 1, "\(record.record.text)")
            #expect(record.record["request"]?["facts"]?["writ"]?["id"]?.string != id)
            let derived = try machine.entries().filter { $0.record["event"] == "derived" }
            #expect(derived.count == 1)
            #expect(derived.first?.record["parent"]?.string == id)
            // Revoking the parent ends what was derived from it.
            #expect(try machine.writ("delegation", "revoke", id).code == 0)
            #expect(try agent.call("Read", read, subagent: "a1").contains("WRIT_E_REVOKED"))

            let flat = try person.issue("--folder . --max-depth 0")
            #expect(try agent.call("Read", read) == "allow")
            let none = try agent.call("Read", read, subagent: "a2")
            #expect(none.contains("WRIT_E_DEPTH") && none.contains(flat.suffix(8)), "\(none)")
        }

        @Test func `what sub-agents do is charged to the agent's writ`() throws {
            let machine = try Machine(policy: nil)
            defer { machine.end() }
            let person = try Person(machine)
            let agent = try Agent(machine)
            try machine.write(Self.grants + "budgets: {calls: 3}\n", to: machine.root + "/grants.yaml")
            _ = try person.issue("--folder .")
            var heard: [String] = []
            for (number, subagent) in [nil, "a1", "a2", nil, "a1"].enumerated() {
                let read: JSON = ["file_path": .string(machine.workspace + "/src/\(number).swift")]
                heard.append(try agent.call("Read", read, subagent: subagent))
            }
            #expect(heard.prefix(3) == ["allow", "allow", "allow"], "\(heard)")
            #expect(heard.dropFirst(3).allSatisfy { $0.hasPrefix("deny") && $0.contains("`calls` is used up") }, "\(heard)")
        }

        @Test func `what must have a writ has none until a person issues one`() throws {
            let machine = try Machine(
                policy: """
                    version: "2"
                    metadata: {name: trial, layer: user, owner: tests, description: 'Needs a writ.', revision: 1}
                    profiles: {production: {writ: required}}
                    rules:
                      - {name: looking, action: allow, match: {actions: [shell.exec, file.read, file.search]}}

                    """)
            defer { machine.end() }
            try machine.settle(#"{"profiles": {"default": "production"}}"#)
            let person = try Person(machine)
            let agent = try Agent(machine)
            let refusal = try agent.shell("ls")
            #expect(refusal.contains("needs a delegation"), "\(refusal)")
            // One for a prototype does not hold here.
            let relaxed = try person.issue()
            #expect(try agent.shell("ls").contains("does not hold in the profile `production`"))
            _ = try person.confirm("unbind \(relaxed)")
            _ = try person.issue("--folder . --environment production")
            #expect(try agent.word("ls") == "allow")
            #expect(try agent.word("some-unknown-tool") == "deny")
        }

        @Test func `the profile is at least that of the writ`() throws {
            let machine = try Machine(policy: nil)
            defer { machine.end() }
            let person = try Person(machine)
            let agent = try Agent(machine)
            _ = try person.issue("--folder . --environment guarded")
            #expect(try agent.word("ls") == "allow")
            let record = try #require(try machine.entries().last { $0.kind == .decision })
            #expect(record.record["profile"]?["name"] == "guarded")
            let shown = try machine.writ("profile", "show", machine.workspace, "--json")
            #expect(try JSON(parsing: shown.output)["profile"] == "guarded")
            #expect(try JSON(parsing: shown.output)["because"] == "the delegation")
        }

        @Test func `a damaged store closes`() throws {
            let machine = try Machine(policy: nil)
            defer { machine.end() }
            let agent = try Agent(machine)
            _ = try Person(machine).issue("--folder \(machine.root)/elsewhere")
            #expect(try agent.word("ls") == "allow")
            try machine.stop()
            let path = machine.home.state + "/delegations.json"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try machine.write(text.replacing("T-1842", with: "T-1843").replacing("folder", with: "folded"), to: path)
            let refusal = try agent.shell("ls")
            #expect(refusal.hasPrefix("deny") && refusal.contains("WRIT_E_STORE"), "\(refusal)")
            #expect(try machine.status()["faults"]?.array?.contains { $0.string?.contains("delegations.json") == true } == true)
            #expect(try machine.writ("delegation", "list").code == 2)
            try machine.stop()
            try FileManager.default.removeItem(atPath: path)
            #expect(try agent.word("ls") == "allow")
        }

        @Test func `what was done, what a person declined and what could not be done end with codes of their own`() throws {
            let machine = try Machine(policy: nil)
            defer { machine.end() }
            let person = try Person(machine)
            // The daemon that a command starts is not the terminal's: it outlives it, and what is typed there.
            #expect(try machine.writ("delegation", "list").code == 0)
            let daemon = try #require(machine.daemon)
            #expect(getsid(daemon) == daemon)
            let id = try person.issue()
            let token = try token(machine, id)
            let garbage = machine.root + "/garbage"
            try machine.write("a.b.c", to: garbage)
            let grants = machine.root + "/grants.yaml"
            let cases: [(words: [String], code: Int32)] = [
                (["list"], 0), (["list", "--json"], 0), (["show", id], 0), (["show", id, "--json"], 0),
                (["anchors"], 0), (["verify", token], 0), (["verify", garbage], 1), (["verify", "/nowhere"], 2),
                // Of no such writ, whatever was to be done with it.
                (["show", "ffffffff"], 2), (["show", "ffffffff", "--json"], 2), (["unbind", "ffffffff"], 2),
                (["bind", "ffffffff", "--folder", "/"], 2), (["run", "ffffffff", "--", "true"], 2),
                (["derive", "ffffffff", "--grants", grants], 2), (["revoke", "ffffffff"], 2),
                (["import", garbage], 2), (["import", "/nowhere"], 2), (["import", token], 2),
                (["anchors", "--remove", "https://nobody.example"], 2), (["revoke"], 2), (["bind", id], 2),
                // By nobody who can be asked: the test has no terminal.
                (["unbind", id], 2), (["unbind", id, "--json"], 2), (["run", id, "--", "true"], 2),
                (["issue", "--task", "T", "--intent", "x", "--grants", grants], 2),
                (["issue", "--task", "T", "--intent", "x", "--grants", "/nowhere"], 2),
                (["derive", id, "--grants", grants], 2),
                (["revoke", id], 0), (["verify", token], 1),
            ]
            for (words, code) in cases {
                let outcome = try Program(
                    path: Machine.writ,
                    arguments: ["delegation", words[0], "--home", machine.home.home] + words.dropFirst()
                ).run()
                #expect(outcome.code == code, "\(words): \(outcome.output)\(outcome.error)")
                #expect(!(outcome.output + outcome.error).isEmpty || words.contains("--"), "\(words)")
            }
            let (_, declined) = try person.confirm("unbind \(id); echo \"code $?\"", answer: "wrong")
            #expect(declined.contains("that was not the challenge") && declined.contains("code 1"), "\(declined)")
            let (_, agreed) = try person.confirm("unbind \(id); echo \"code $?\"")
            #expect(agreed.contains("taken off") && agreed.contains("code 0"), "\(agreed)")
        }

        @Test func `a program that a person starts under a writ is under it`() throws {
            let machine = try Machine(policy: nil)
            defer { machine.end() }
            let person = try Person(machine)
            let agent = try Agent(machine)
            let id = try person.issue("")
            let file = machine.root + "/under.json"
            try machine.write(
                String(decoding: machine.bash("some-unknown-tool", session: "r1"), as: UTF8.self), to: file)
            try machine.write("\(Machine.hook) claude-code --home \(machine.home.home) < \(file)\n", to: machine.root + "/one.sh")
            let said = try Seat(in: machine.workspace).run(Person.line("run \(id) -- bash \(machine.root)/one.sh", machine))
            #expect(said.contains("deny") && said.contains(id), "\(said)")
            // Another session of the person's is not.
            #expect(try agent.word("some-unknown-tool", session: "r2") == "allow")
            // The one that was stays under it, wherever it goes on.
            #expect(try agent.word("some-unknown-tool", session: "r1") == "deny")
        }

        @Test func `what an agent starts in another folder is under the agent's writ`() throws {
            let machine = try Machine(policy: nil)
            defer { machine.end() }
            let id = try Person(machine).issue()
            // A program of another name than a shell's stands for the agents.
            let program = machine.root + "/some-agent"
            try FileManager.default.copyItem(atPath: "/bin/bash", toPath: program)
            let elsewhere = machine.root + "/home/elsewhere"
            try FileManager.default.createDirectory(atPath: elsewhere, withIntermediateDirectories: true)
            func event(_ name: String, in folder: String) throws -> String {
                let file = machine.root + "/\(name).json"
                let text = String(decoding: machine.bash("some-unknown-tool", session: name), as: UTF8.self)
                try machine.write(text.replacing(machine.workspace, with: folder), to: file)
                return "\(Machine.hook) claude-code --home \(machine.home.home) < \(file)"
            }
            func script(_ name: String, _ lines: String...) throws -> String {
                try machine.write((lines + ["true"]).joined(separator: "\n") + "\n", to: machine.root + "/" + name)
                return "\(program) \(machine.root)/\(name)"
            }
            let below = try script("below.sh", "echo below:", event("below", in: elsewhere))
            let gone = try script("gone.sh", event("gone", in: elsewhere))
            let above = try script(
                "above.sh", "echo above:", event("above", in: machine.workspace), "bash -c '\(below); true'",
                "(setsid \(gone) > \(machine.root)/gone.txt & ) ; sleep 1; echo gone: ; cat \(machine.root)/gone.txt")
            let said = try Seat(in: machine.workspace).run(above)
            func heard(_ from: String, _ to: String) throws -> Substring {
                let start = try #require(said.firstRange(of: "\(from):\n")?.upperBound, "\(said)")
                let end = try #require(said[start...].firstRange(of: "\(to)")?.lowerBound, "\(said)")
                return said[start..<end]
            }
            #expect(try heard("above", "below:\n").contains(id), "\(said)")
            #expect(try heard("below", "gone:\n").contains(id), "\(said)")
            // Who lets go of the agent first is below nobody; the guide says so.
            #expect(try !heard("gone", "~done~").contains("deny"), "\(said)")
            // Neither is what a person starts beside it.
            let beside = try script("beside.sh", "echo beside:", event("beside", in: elsewhere))
            #expect(try !Seat(in: machine.workspace).run(beside).contains("deny"))
            let entered = try machine.entries().filter { $0.record["event"] == "entered" }
            #expect(entered.map(\.session) == ["above", "below"])
            #expect(entered.last?.record["started_by"] == ["claude-code|above"])
        }
    }
}
#endif
