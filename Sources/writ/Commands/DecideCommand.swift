// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritAgents
import WritCore
import WritGuard
import WritPolicy

struct Decide: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Judge calls without running them, as the daemon would.",
        discussion: """
            Uses the built-in default policy and the profile `prototyping` unless told otherwise. Every call is its own \
            session, nothing is recorded, the file system is unknown, and the machine's own configuration is not read.

            Exits 0 when the call would be allowed, 1 when not, 2 when it could not be judged; with --jsonl 0 when every \
            line was answered.

            Examples:
              writ decide 'rm -rf ~'
              writ decide --tool Read --args '{"file_path": "/home/dev/.ssh/id_ed25519"}'
              writ decide --jsonl < calls.jsonl      {id, tool, args, cwd, agent} a line
            """)

    @Flag(help: "Read {id, tool, args, cwd, agent} objects, one a line, from standard input; answer one a line.")
    var jsonl = false

    @Option(help: ArgumentHelp("Policy files that count beside the default.", valueName: "file"), completion: .file())
    var policy: [String] = []

    @Flag(help: "Leave the default policy out; only those of --policy count.")
    var noDefault = false

    @Option(
        help: "prototyping, guarded, production, or one that a policy defines.", completion: Offer.profiles)
    var profile = "prototyping"

    @Option(help: "The tool's name.")
    var tool = "Bash"

    @Option(help: "The tool's arguments as JSON.")
    var args: String?

    @Option(help: ArgumentHelp("The working directory, which is the workspace.", valueName: "folder"))
    var cwd = "/home/dev/project"

    @Flag(help: "Print the answer as JSON.")
    var json = false

    @Argument(help: "A shell command.")
    var command: String?

    func run() throws {
        var sources: [PolicyLayer.Source] = []
        for path in policy { sources.append(try PolicyArguments.source(path)) }
        let guardian = try PolicyArguments.explained {
            try Engines.guardian(policies: sources, replacesDefault: noDefault)
        }
        if jsonl {
            Batch.run { row in
                answer(
                    Self.call(
                        tool: row["tool"]?.string ?? "Bash", arguments: row["args"] ?? .object([]),
                        directory: row["cwd"]?.string ?? cwd, agent: row["agent"]?.string ?? "claude-code"),
                    guardian)
            }
            return
        }
        let arguments: JSON
        if let args {
            do { arguments = try JSON(parsing: args) } catch {
                throw ValidationError("--args is not JSON: \(error)")
            }
        } else if let command {
            arguments = ["command": .string(command)]
        } else {
            throw ValidationError("give a command, --args or --jsonl")
        }
        let result = answer(Self.call(tool: tool, arguments: arguments, directory: cwd, agent: "claude-code"), guardian)
        if json {
            Terminal.line(result.text)
        } else {
            Terminal.line(EntryText.verdict(result["decision"]?.string.flatMap(Verdict.init(name:))).trimmingBlanks)
            if let reason = result["reason"]?.string, !reason.isEmpty { Terminal.line(Terminal.harmless(reason)) }
        }
        if result["decision"]?.string != "allow" { throw ExitCode(1) }
    }

    private func answer(_ call: Call, _ guardian: Guard) -> JSON {
        let start = Stopwatch.now
        var surroundings = Guard.Surroundings(user: "dev")
        surroundings.facts.environment.profile = profile
        let judgement = guardian.judge(call, session: SessionState(), in: surroundings)
        let micros = (Stopwatch.now - start) / 1000
        let reasons = judgement.decision.reasons
        var categories: [String] = []
        for tag in reasons.flatMap(\.tags) where !categories.contains(tag) { categories.append(tag) }
        return [
            "decision": .string(judgement.decision.verdict.name), "reason": .string(judgement.decision.message),
            "rules": .array(reasons.map { .string($0.rule) }), "categories": .array(categories.map { .string($0) }),
            "micros": .integer(Int64(micros)),
        ]
    }

    private static func call(tool: String, arguments: JSON, directory: String, agent: String) -> Call {
        Agents.call(of: tool, arguments, agent: agent, workingDirectory: directory, home: "/home/dev")
    }
}
