// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritCore
import WritShell

struct ShellCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shell", abstract: "See how Writ understands shell commands.",
        subcommands: [ShellExplain.self, ShellCheck.self])
}

struct ShellCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say whether a script is complete and well formed, as `bash -n` would.",
        discussion: """
            Without arguments the script is read from standard input. Exits 0 when it is well formed, 1 when not.

            Example:
              writ shell check 'for f in *; do echo "$f"'
            """)

    @Flag(help: "Read {id, script} objects, one a line, from standard input; answer {id, ok, error} one a line.")
    var jsonl = false

    @Argument(help: "The script.")
    var script: String?

    func run() throws {
        if jsonl {
            Batch.run { row in
                guard let script = row["script"]?.string else { throw BatchError("no `script`") }
                let error = ShellParser.parse(script).error
                return ["ok": .bool(error == nil), "error": error.map { .string(Self.text($0)) } ?? .null]
            }
            return
        }
        let source: [UInt8]
        if let script {
            source = Array(script.utf8)
        } else {
            source = try StandardInput.readAll(limit: 64 << 20)
        }
        guard let error = ShellParser.parse(source).error else { return }
        Terminal.error(Self.text(error))
        throw ExitCode(1)
    }

    private static func text(_ error: ShellSyntaxError) -> String {
        "\(error.line):\(error.column): \(error.message)"
    }
}

struct ShellExplain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show the operations that running a command would have.",
        discussion: """
            Nothing is run. What cannot be known is said, with the cause.

            Example:
              writ shell explain 'cd /tmp && curl -s u.example | tee x | sh'
            """)

    @Option(help: ArgumentHelp("The directory that the command would run in.", valueName: "folder"))
    var cwd = "/home/dev/project"

    @Option(help: ArgumentHelp("The home of the person.", valueName: "folder"))
    var homeDirectory = "/home/dev"

    @Flag(help: "Print tree and operations as JSON.")
    var json = false

    @Argument(help: "The command.")
    var command: String

    func run() throws {
        let analysis = ShellAnalyzer.analyze(
            command,
            in: ShellContext(workingDirectory: cwd, workspace: cwd, home: homeDirectory, user: "dev"))
        let explanation = ShellExplanation(analysis)
        Terminal.line(
            json ? explanation.json.prettyText : explanation.text(isColoured: Terminal.hasColour).trimmingNewlines)
        if analysis.syntaxError != nil { throw ExitCode(1) }
    }
}
