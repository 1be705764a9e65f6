// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore
import WritLedger
import WritWire

extension EndToEnd {
    /// The tools around policies, as people and pipelines call them.
    @Suite struct PolicyToolTests {
        private static let push = """
            version: "2"
            metadata: {name: p, revision: 1}
            rules:
              - {name: a, action: deny, match: {actions: [git.push]}}

            """

        private static let files: [(name: String, text: String)] = [
            ("good.yaml", push + "tests:\n  - {name: t, given: {op: {kind: git.push}}, expect: {decision: deny}}\n"),
            ("failing.yaml", push + "tests:\n  - {name: t, given: {op: {kind: git.push}}, expect: {decision: allow}}\n"),
            ("broken.yaml", "version: \"2\"\nrules: [{name: a, action: denny}]\n"), ("empty.yaml", ""),
            ("note.json", "{}"),
            ("call.json", #"{"args": {"command": "git push origin main"}, "profile": "production"}"#),
            ("suite.json", #"{"tests": 1}"#),
            ("settings.json", #"{"permissions": {"deny": ["Bash(rm:*)"], "allow": ["Task(x)"]}}"#),
            ("flat.txt", "version: \"1.0\"\nrules:\n- name: a\nscanner: nothing\naction: block\n"),
        ]

        private func machine() throws -> Machine {
            let machine = try Machine()
            for (name, text) in Self.files { try machine.write(text, to: machine.workspace + "/" + name) }
            return machine
        }

        private func run(_ machine: Machine, _ line: String) throws -> Program.Outcome {
            let words = line.split(separator: " ").map { word in
                word.contains(".") && !word.hasPrefix("-") ? machine.workspace + "/" + word : String(word)
            }
            return try Program(
                path: Machine.writ, arguments: words,
                environment: ["PATH": "/usr/bin:/bin", "WRIT_HOME": machine.home.home]
            ).run()
        }

        @Test func `the exit code says done, no, or not done`() throws {
            let machine = try machine()
            defer { machine.end() }
            let rows: [(line: String, code: Int32)] = [
                ("policy check good.yaml", 0), ("policy check failing.yaml", 1), ("policy check broken.yaml", 2),
                ("policy check empty.yaml", 2), ("policy check none.yaml", 2), ("policy check good.yaml none.yaml", 2),
                ("policy check", 2), ("policy check --json --sarif good.yaml", 2), ("policy check --host nobody good.yaml", 2),
                ("policy check --layer nowhere good.yaml", 2), ("policy check ./", 2),
                ("policy test good.yaml", 0), ("policy test failing.yaml", 1), ("policy test broken.yaml", 2),
                ("policy test empty.yaml", 2), ("policy test none.yaml", 2), ("policy test failing.yaml none.yaml", 2),
                ("policy test", 2),
                ("policy diff good.yaml broken.yaml", 2), ("policy diff good.yaml none.yaml", 2),
                ("policy diff good.yaml good.yaml --fail-on nothing", 2),
                // There is no ledger on this machine.
                ("policy diff good.yaml good.yaml", 2), ("policy suggest", 2), ("policy suggest --minimum 0", 2),
                ("explain 12345678", 2),
                ("policy upgrade good.yaml", 2), ("policy upgrade none.yaml", 2),
                ("policy import --from claude settings.json", 0), ("policy import --from claude note.json", 2),
                ("policy import --from claude none.json", 2), ("policy import --from rune flat.txt", 2),
                ("policy import --from nobody settings.json", 2), ("policy import --from codex empty.yaml", 2),
                ("policy eval 1", 0), ("policy eval 1/0", 2), ("policy eval x", 2), ("policy eval 1 --bindings []", 2),
                ("policy conformance note.json", 2), ("policy conformance empty.yaml", 2),
                ("policy conformance none.json", 2),
                ("policy schema", 0), ("policy schema more", 2), ("policy new", 0), ("policy new --template nothing", 2),
                ("policy show", 0), ("policy show nothing", 2), ("policy nothing", 2), ("policy --help", 0),
                ("explain call.json", 0), ("explain note.json", 2), ("explain none.json", 2), ("nothing", 2),
                ("--version", 0), ("decide", 2), ("scan --nothing", 2),
            ]
            for (line, code) in rows {
                let outcome = try run(machine, line)
                #expect(outcome.code == code, "writ \(line): \(outcome.output) \(outcome.error)")
                if code == 2 {
                    // What went wrong is said, and nowhere in the words of the language that it is written in.
                    #expect(!(outcome.error + outcome.output).isEmpty, "writ \(line)")
                    #expect(!outcome.error.contains("Swift."), "writ \(line): \(outcome.error)")
                }
                #expect(!outcome.output.contains("\u{1B}"), "writ \(line): colours without a terminal")
            }
        }

        @Test func `one file that cannot be read hides nothing of the others`() throws {
            let machine = try machine()
            defer { machine.end() }
            let checked = try run(machine, "policy check --json none.yaml good.yaml broken.yaml")
            let reports = try #require(try JSON(parsing: checked.output).array)
            #expect(reports.map { $0["ok"]?.bool } == [false, true, false])
            #expect(reports[0]["errors"]?.array?.first?["code"]?.string == "unreadable")
            let tested = try run(machine, "policy test none.yaml good.yaml")
            #expect(tested.output == "1 passed, 0 failed, 1 of 2 files not tested\n")
            #expect(tested.error.contains("none.yaml: cannot be read"))
            let rows = try run(machine, "policy test --json none.yaml good.yaml").output.split(separator: "\n")
            #expect(try rows.map { try JSON(parsing: String($0))["passed"]?.integer } == [nil, 1])
        }

        /// Lines of the guide that a reader would type, and commands in its text that are whole (`… --option 'value'`).
        private func guideCommands(_ guide: String) -> [String] {
            var found: [String] = []
            // What the fence of the block that is read says; nil outside of one.
            var fence: Substring?
            for line in guide.split(separator: "\n", omittingEmptySubsequences: false) {
                if line.hasPrefix("```") { fence = fence == nil ? line.dropFirst(3) : nil }
                if fence == "", line.hasPrefix("writ ") { found.append(String(line)) }
                if line.hasPrefix("    $ writ ") { found.append(String(line.dropFirst(6))) }
                for code in line.split(separator: "`") where code.hasPrefix("writ policy eval '") {
                    found.append(String(code))
                }
            }
            return found
        }

        @Test func `the commands of the guide run as they stand`() throws {
            let machine = try machine()
            defer { machine.end() }
            let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent()
            let guide = try String(contentsOf: root.appending(path: "docs/policy.md"), encoding: .utf8)
            // The guide saves its first policy before it asks what it does.
            let first = try #require(guide.components(separatedBy: "```yaml\n").dropFirst().first)
            let policy = try #require(first.components(separatedBy: "```").first)
            try machine.write(policy, to: machine.home.config + "/policy.yaml")
            let commands = guideCommands(guide)
            #expect(commands.count >= 5, "\(commands)")
            for command in commands {
                let outcome = try Program(
                    path: "/bin/sh", arguments: ["-c", command],
                    environment: [
                        "PATH": Machine.executables + ":/usr/bin:/bin", "HOME": machine.home.home,
                        "WRIT_HOME": machine.home.home,
                    ]
                ).run()
                // `writ decide` answers 1 for what is denied.
                let expected: Int32 = command.hasPrefix("writ decide") ? 1 : 0
                #expect(outcome.code == expected, "\(command): \(outcome.output) \(outcome.error)")
                if command.hasPrefix("writ decide") { #expect(outcome.output.hasPrefix("deny\n"), "\(outcome)") }
            }
        }

        @Test func `a host that cannot ask is named`() throws {
            let machine = try machine()
            defer { machine.end() }
            try machine.write(
                Self.push.replacingOccurrences(of: "deny", with: "ask"), to: machine.workspace + "/ask.yaml")
            #expect(try run(machine, "policy check ask.yaml").code == 0)
            #expect(try run(machine, "policy check --host claude-code ask.yaml").code == 0)
            let outcome = try run(machine, "policy check --host cline ask.yaml")
            #expect(outcome.code == 1)
            #expect(outcome.output.contains("unenforceable: cline cannot ask in the phase `tool_call`"), "\(outcome)")
        }

        @Test func `a replay fails on what it is told to fail on`() throws {
            let machine = try machine()
            defer { machine.end() }
            try machine.write("version: \"2\"\n", to: machine.workspace + "/open.yaml")
            _ = try machine.startDaemon()
            _ = try machine.hook().heard(machine.bash("git push"))
            let rows: [(line: String, code: Int32)] = [
                ("policy diff good.yaml open.yaml --no-default", 0),
                ("policy diff good.yaml open.yaml --no-default --fail-on loosened", 1),
                ("policy diff open.yaml good.yaml --no-default --fail-on loosened", 0),
                ("policy diff open.yaml good.yaml --no-default --fail-on loosened --fail-on changed", 1),
                ("policy diff good.yaml good.yaml --no-default --fail-on changed --fail-on undecided", 0),
                ("policy suggest", 0),
            ]
            for (line, code) in rows {
                let outcome = try run(machine, line)
                #expect(outcome.code == code, "writ \(line): \(outcome.output) \(outcome.error)")
            }
            let json = try JSON(
                parsing: try run(machine, "policy diff good.yaml open.yaml --no-default --json").output)
            #expect(json["table"]?["deny"]?["allow"]?.integer == 1, "\(json.text)")
            #expect(json["loosened"]?.bool == true && json["undecided"]?.integer == 0)
            let id = try #require(try machine.entries().first { $0.kind == .decision }?.id)
            #expect(try run(machine, "explain \(id)").code == 0)
            #expect(try run(machine, "explain --json --all \(id.suffix(8))").code == 0)
            #expect(try run(machine, "explain nothing-of-this-name").code == 2)
        }

        @Test func `a call from a file is explained`() throws {
            let machine = try machine()
            defer { machine.end() }
            let text = try run(machine, "explain call.json").output
            #expect(text.hasPrefix("deny\n"), "\(text)")
            #expect(text.contains("production") && text.contains("git.push") && text.contains("\nRules\n"), "\(text)")
            let json = try JSON(parsing: try run(machine, "explain --json call.json").output)
            #expect(json["verdict_now"]?.string == "deny")
            #expect(json["profile"]?.string == "production")
        }
    }
}
