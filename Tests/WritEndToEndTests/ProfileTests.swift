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

extension Machine {
    /// Runs git in the workspace.
    func git(_ arguments: String...) throws {
        let outcome = try Program(
            path: "/usr/bin/git",
            arguments: ["-C", workspace, "-c", "user.name=t", "-c", "user.email=t@example.com"] + arguments,
            environment: ["PATH": "/usr/bin:/bin", "HOME": root, "GIT_CONFIG_NOSYSTEM": "1"]
        ).run()
        if outcome.code != 0 { throw Trouble("git \(arguments): \(outcome.error)") }
    }

    static let hasGit = access("/usr/bin/git", X_OK) == 0

    /// The settings of the person, as the commands write them.
    func settle(_ json: String) throws {
        try write(json, to: home.config + "/settings.json")
        _ = try writ("daemon", "reload")
    }

    func word(_ command: String, session: String = "s1") throws -> String {
        try hook(["--deadline-ms", "20000"]).heard(bash(command, session: session)).word
    }

    /// What a call is answered.
    func heard(_ command: String, session: String = "s1") throws -> String {
        try hook(["--deadline-ms", "20000"]).heard(bash(command, session: session)).description
    }
}

extension EndToEnd {
    @Suite struct Profiles {
        @Test func `the profile comes from the settings and the repository's remote and branch`() throws {
            let machine = try Machine(policy: nil)
            defer { machine.end() }
            // Not settled: ordinary work is not interrupted.
            #expect(try machine.word("ls") == "allow")
            #expect(try machine.word("some-unknown-tool --x") == "allow")
            guard Machine.hasGit else {
                print("skipped: no git")
                return
            }
            try machine.git("init", "-q", "-b", "main")
            try machine.git("remote", "add", "origin", "https://someone@git.example.com:8443/Pay/ledger.git")
            #expect(
                try machine.writ(
                    "profile", "set", "production", "--remote", "git.example.com/pay/*", "--branch", "main"
                ).code == 0)
            #expect(try machine.writ("profile", "set", "guarded", "--remote", "git.example.com/**").code == 0)
            _ = try machine.writ("daemon", "reload")
            #expect(try machine.word("some-unknown-tool --x") == "deny")
            #expect(try machine.word("git status") == "allow")
            #expect(try machine.word("kubectl get secrets") == "deny")
            #expect(try machine.word("kubectl apply -f web.yaml") == "deny")
            // Another branch of it is guarded: what is unknown asks, ordinary work does not.
            try machine.git("checkout", "-q", "-b", "fix")
            #expect(try machine.word("some-unknown-tool --x") == "ask")
            #expect(try machine.word("kubectl get secrets") == "ask")
            #expect(try machine.word("ls -la && grep -rn TODO .") == "allow")
            #expect(try machine.word("git push origin fix") == "ask")
            // What it pushes to is the production branch, wherever it pushes from.
            #expect(try machine.word("git push origin main") == "deny")
            // Pointing the remote elsewhere leaves nothing behind.
            try machine.git("remote", "set-url", "origin", "https://example.org/other.git")
            #expect(try machine.word("some-unknown-tool --y") == "ask")
            let record = try #require(try machine.entries().last { $0.kind == .decision }).record
            #expect(record["profile"]?["name"] == "guarded")
            #expect(record["profile"]?["because"] == "rule 2: remote git.example.com/**")
            let id = try #require(try machine.entries().last { $0.kind == .decision }).id
            let explained = try machine.writ("explain", id)
            #expect(explained.output.contains("guarded  (rule 2: remote git.example.com/**)"), "\(explained.output)")
            let shown = try machine.writ("profile", "show", machine.workspace, "--json")
            #expect(try JSON(parsing: Array(shown.output.utf8))["profile"] == "guarded")
        }

        @Test func `what cannot be read is judged as strictly as it might have to be`() throws {
            let machine = try Machine(policy: nil)
            defer { machine.end() }
            try FileManager.default.createDirectory(
                atPath: machine.workspace + "/.git", withIntermediateDirectories: true)
            try machine.write("ref: refs/heads/main\n", to: machine.workspace + "/.git/HEAD")
            try machine.write("[include]\n\tpath = ../elsewhere\n", to: machine.workspace + "/.git/config")
            _ = try machine.startDaemon()
            try machine.settle(
                #"{"profiles": {"rules": [{"remote": "git.example.com/pay/*", "profile": "production"}]}}"#)
            #expect(try machine.word("some-unknown-tool") == "deny")
            // Settings that are no settings: the strictest, and the fault is told.
            try machine.settle(#"{"profiles": {"defualt": "prototyping"}}"#)
            #expect(try machine.word("some-unknown-tool") == "deny")
            let faults = try machine.status()["faults"]?.array?.compactMap(\.string) ?? []
            #expect(faults.contains { $0.contains("unknown key `defualt`") }, "\(faults)")
            try machine.settle(#"{"profiles": {"default": "prototyping"}}"#)
            #expect(try machine.word("some-unknown-tool") == "allow")
        }

        @Test func `what a prototype wrote is met behind a label when it is put into service`() throws {
            let machine = try Machine(policy: nil)
            defer { machine.end() }
            _ = try machine.startDaemon()
            #expect(
                try machine.hook().heard(
                    machine.tool(
                        "Write", ["file_path": .string(machine.workspace + "/deploy/web.yaml"), "content": "x: 1"],
                        session: "prototype")
                ) == .silence)
            // A daemon that starts anew still knows it.
            try machine.stop()
            try machine.settle(#"{"profiles": {"default": "guarded"}}"#)
            let heard = try machine.heard("kubectl apply -f deploy/web.yaml", session: "release")
            #expect(heard.hasPrefix("ask"), "\(heard)")
            let record = try #require(try machine.entries().last { $0.kind == .decision })
            #expect(record.rules.contains("builtin/production/prototype-meets-production"), "\(record.rules)")
            // In production it is refused; once a person has reviewed it, the barrier is open.
            try machine.settle(#"{"profiles": {"default": "production"}}"#)
            _ = try machine.heard("kubectl apply -f deploy/web.yaml", session: "other")
            let refused = try #require(try machine.entries().last { $0.kind == .decision })
            #expect(refused.rules.contains("builtin/production/prototype-in-production"), "\(refused.rules)")
            #expect(try machine.writ("flow", "prototypes").output == machine.workspace + "/deploy/web.yaml\n")
            #expect(try machine.writ("flow", "reviewed", machine.workspace + "/deploy").code == 0)
            _ = try machine.heard("kubectl apply -f deploy/web.yaml", session: "third")
            let open = try #require(try machine.entries().last { $0.kind == .decision })
            #expect(!open.rules.contains { $0.contains("prototype") }, "\(open.rules)")
            try machine.expectSoundLedger()
        }
    }

    @Suite struct Layers {
        private static func forbidding(_ program: String, layer: String, revision: Int = 1) -> String {
            """
            version: "2"
            metadata: {name: \(layer)-rules, layer: \(layer), owner: tests, revision: \(revision)}
            rules:
              - name: forbidden
                action: deny
                match: {actions: [shell.exec]}
                when: 'op.program == "\(program)"'
                message: 'It runs a forbidden tool.'

            """
        }

        @Test(arguments: [false, true])
        func `a project's policy counts as its default branch has it`(_ isPacked: Bool) throws {
            guard Machine.hasGit else {
                print("skipped: no git")
                return
            }
            let machine = try Machine(policy: nil)
            defer { machine.end() }
            let policy = machine.workspace + "/.writ/policy.yaml"
            try FileManager.default.createDirectory(
                atPath: machine.workspace + "/.writ", withIntermediateDirectories: true)
            try machine.write(Self.forbidding("tool-a", layer: "project"), to: policy)
            try machine.git("init", "-q", "-b", "main")
            // Without a commit there is nothing but the working tree.
            #expect(try machine.word("tool-a") == "deny")
            for turn in 0..<30 {
                try machine.write(String(repeating: "line \(turn)\n", count: 50), to: machine.workspace + "/notes")
                try machine.git("add", "-A")
                try machine.git("commit", "-q", "-m", "turn \(turn)")
            }
            if isPacked { try machine.git("gc", "-q", "--aggressive", "--prune=now") }
            // What the agent writes there counts for nothing until it is on the default branch.
            try machine.write(Self.forbidding("tool-b", layer: "project"), to: policy)
            #expect(try machine.word("tool-a") == "deny")
            #expect(try machine.word("tool-b") == "allow")
            try machine.git("checkout", "-q", "-b", "feature")
            try machine.git("commit", "-q", "-a", "-m", "another tool")
            #expect(try machine.word("tool-a") == "deny")
            #expect(try machine.word("tool-b") == "allow")
            try machine.git("branch", "-f", "main", "feature")
            if isPacked { try machine.git("pack-refs", "--all") }
            #expect(try machine.word("tool-a") == "allow")
            #expect(try machine.word("tool-b") == "deny")
            // A policy that does not load leaves the last good one in force, and is told.
            try machine.write("version: \"2\"\nruels: []\n", to: policy)
            try machine.git("commit", "-q", "-a", "-m", "broken")
            try machine.git("branch", "-f", "main", "feature")
            #expect(try machine.word("tool-b") == "deny")
            let faults = try machine.status()["faults"]?.array?.compactMap(\.string) ?? []
            #expect(faults.contains { $0.contains("unknown key `ruels`") }, "\(faults)")
            // To a daemon that never saw a good one it is a layer that is missing.
            machine.killDaemon()
            #expect(try machine.word("make") == "deny")
        }

        @Test func `the team's folder is a layer, and no agent writes there`() throws {
            let machine = try Machine(policy: nil)
            defer { machine.end() }
            let folder = machine.root + "/team"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try machine.write(Self.forbidding("tool-t", layer: "team"), to: folder + "/team.yaml")
            #expect(try machine.writ("policy", "team", folder).code == 0)
            #expect(try machine.word("tool-t") == "deny")
            let write = machine.tool("Write", ["file_path": .string(folder + "/team.yaml"), "content": "x"])
            #expect(try machine.hook().heard(write).description.contains("writ[policy-folders]"))
            #expect(try machine.word("rm \(folder)/team.yaml") == "deny")
        }

        @Test func `the organisation's policy must be signed, and an older one is refused`() throws {
            let machine = try Machine(policy: nil)
            defer { machine.end() }
            let (folder, key) = (machine.root + "/organisation", machine.root + "/policy.key")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let policy = folder + "/acme.yaml"
            func sign(_ text: String) throws -> String {
                try machine.write(text, to: policy)
                let outcome = try Program(
                    path: Machine.writ, arguments: ["policy", "sign", "--key", key, policy]
                ).run()
                return outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
            }
            let public1 = try sign(Self.forbidding("tool-1", layer: "organization", revision: 5))
            #expect(public1.hasPrefix("ed25519:"))
            #expect(try machine.writ("policy", "trust", public1, "--folder", folder).code == 0)
            _ = try machine.startDaemon()
            #expect(try machine.word("tool-1") == "deny")
            // Changed without a signature: the last good one stays.
            try machine.write(Self.forbidding("tool-2", layer: "organization", revision: 6), to: policy)
            let unsigned = try machine.writ("daemon", "reload")
            #expect(unsigned.error.contains("the signature does not fit the policy"), "\(unsigned.error)")
            #expect(try machine.word("tool-1") == "deny")
            #expect(try machine.word("tool-2") == "allow")
            // Signed and older: refused, by a daemon that starts anew as well.
            _ = try sign(Self.forbidding("tool-2", layer: "organization", revision: 4))
            let older = try machine.writ("daemon", "reload")
            #expect(older.error.contains("revision 4 is older than 5"), "\(older.error)")
            #expect(try machine.word("tool-1") == "deny")
            machine.killDaemon()
            #expect(try machine.word("make") == "deny")
            let faults = try machine.status()["faults"]?.array?.compactMap(\.string) ?? []
            #expect(faults.contains { $0.contains("revision 4 is older than 5") }, "\(faults)")
            // Signed and newer: in force.
            _ = try sign(Self.forbidding("tool-2", layer: "organization", revision: 6))
            #expect(try machine.writ("daemon", "reload").code == 0)
            #expect(try machine.word("tool-2") == "deny")
            #expect(try machine.word("tool-1") == "allow")
        }
    }

    @Suite struct Accounts {
        private static let policy = """
            version: "2"
            metadata: {name: trial, layer: user, owner: tests, revision: 1}
            budgets:
              - {name: deletions, per: session, actions: [file.delete], count: 2, window: 1h, then: deny}
              - {name: fetches, per: user, actions: [git.fetch], count: 1, then: ask}

            """

        @Test func `a budget runs out, outlives the daemon, and is given back by a person`() throws {
            let machine = try Machine(policy: Self.policy)
            defer { machine.end() }
            #expect(try machine.word("rm a.txt") == "allow")
            #expect(try machine.word("rm b.txt") == "allow")
            #expect(try machine.heard("rm c.txt").contains("The budget `deletions` is used up"))
            // Another session has its own; a person's is shared by all.
            #expect(try machine.word("rm a.txt", session: "s2") == "allow")
            #expect(try machine.word("git fetch", session: "s2") == "allow")
            #expect(try machine.word("git fetch", session: "s3") == "ask")
            machine.killDaemon()
            #expect(try machine.word("rm d.txt") == "deny")
            let shown = try machine.writ("budget").output
            #expect(shown.contains("2 of 2"), "\(shown)")
            #expect(shown.contains("user/trial/deletions"), "\(shown)")
            #expect(try machine.writ("budget", "reset", "user/trial/nothing").code == 2)
            #expect(try machine.writ("budget", "reset", "user/trial/deletions").code == 0)
            #expect(try machine.word("rm d.txt") == "allow")
            // What was not done does not stand in the ledger as done.
            let given = try machine.entries().map(\.message).filter { $0.contains("was given back") }
            #expect(given.count == 1 && given.first?.contains("user/trial/deletions") == true, "\(given)")
        }
    }

    @Suite struct KeptPolicies {
        @Test func `a damaged cache changes nothing but the time of a start`() throws {
            let machine = try Machine()
            defer { machine.end() }
            let folder = machine.home.state + "/cache"
            func entries() throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { folder + "/" + $0 }
            }
            #expect(try machine.word("forbidden-tool") == "deny")
            let kept = try entries()
            #expect(kept.count >= 10)
            var facts = stat()
            for path in kept {
                #expect(stat(path, &facts) == 0 && facts.st_mode & 0o777 == 0o600, "\(path)")
            }
            // One entry under another's name, cut short, flipped, empty, a folder: each is nothing.
            let bytes = try kept.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
            for (index, path) in kept.enumerated() {
                unlink(path)
                var changed = bytes[index]
                switch index % 5 {
                case 0: changed = bytes[(index + 1) % bytes.count]
                case 1: changed = changed.dropLast(1)
                case 2: changed[40] ^= 1
                case 3: changed = Data()
                default:
                    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
                    continue
                }
                try changed.write(to: URL(fileURLWithPath: path))
            }
            machine.killDaemon()
            #expect(try machine.word("forbidden-tool") == "deny")
            #expect(try machine.word("rm -rf /") == "deny")
            #expect(try machine.word("ls") == "allow")
            #expect(try machine.status()["faults"] == [])
            // What was damaged was written anew, and is what it was.
            for (index, path) in kept.enumerated() where index % 5 != 4 {
                #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes[index], "\(path)")
            }
        }
    }

    @Suite struct Waiving {
        @Test func `a waiver sets a rule aside for a time, and never one of a layer above`() throws {
            let machine = try Machine(policy: nil)
            defer { machine.end() }
            _ = try machine.startDaemon()
            let command = "git push --force origin feature"
            #expect(try machine.word(command) == "ask")
            let waived = try machine.writ(
                "policy", "waive", "builtin/exfiltration/force-push", "--until", "1d", "--reason", "new history")
            #expect(waived.code == 0, "\(waived.error)")
            _ = try machine.writ("daemon", "reload")
            #expect(try machine.word(command) == "allow")
            let record = try #require(try machine.entries().last { $0.kind == .decision }).record
            #expect(record.text.contains("new history"))
            for rule in ["builtin/self-protection/writ-files", "organization/acme/x", "builtin/nothing/x", "x"] {
                let outcome = try machine.writ("policy", "waive", rule, "--until", "1d", "--reason", "no")
                #expect(outcome.code != 0, "\(rule)")
            }
            #expect(try machine.writ("policy", "waive", "builtin/exfiltration/force-push", "--remove").code == 0)
            _ = try machine.writ("daemon", "reload")
            #expect(try machine.word(command) == "ask")
        }

        @Test func `a person takes a label off a session`() throws {
            let machine = try Machine(
                policy: """
                    version: "2"
                    metadata: {name: trial, layer: user, owner: tests, revision: 1}
                    rules:
                      - name: mark
                        action: log
                        match: {actions: [shell.exec], commands: [marking-tool]}
                        obligations: [{taint: marked}]
                    flows:
                      - {name: marked-pushes, from: [marked], to: {actions: [git.push]}, action: deny}

                    """)
            defer { machine.end() }
            #expect(try machine.word("marking-tool") == "allow")
            #expect(try machine.word("git push origin x") == "deny")
            let id = try #require(try machine.entries().last { $0.kind == .decision }).id
            let outcome = try machine.writ("flow", "clear", "marked", "--decision", id)
            #expect(outcome.code == 0, "\(outcome.error)")
            #expect(try machine.word("git push origin x") == "allow")
            #expect(try machine.writ("flow", "clear", "marked", "--decision", id).code != 0)
        }
    }
}
