// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritCore
import WritGuard
import WritShell

struct ShellCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shell", abstract: "See how Writ understands shell commands.", subcommands: [ShellExplain.self, ShellCheck.self])
}

struct ShellCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say whether a script is complete and well formed, as `bash -n` would.",
        discussion: """
            Without arguments the script is read from standard input. Exits 0 when it is well formed, 1 when not.

            Example: writ shell check 'for f in *; do echo "$f"'
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

            Example: writ shell explain 'cd /tmp && curl -s u.example | tee x | sh'
            """)

    @Option(help: "The directory that the command would run in.")
    var cwd = "/home/dev/project"

    @Option(help: "The home of the person.")
    var homeDirectory = "/home/dev"

    @Flag(help: "Print tree and operations as JSON.")
    var json = false

    @Flag(help: "Print the syntax tree too.")
    var tree = false

    @Argument(help: "The command.")
    var command: String

    func run() throws {
        let analysis = ShellAnalyzer.analyze(
            command,
            in: ShellContext(workingDirectory: cwd, workspace: cwd, home: homeDirectory, user: "dev"))
        if json {
            Terminal.line(
                JSON.object([
                    .init("command", .string(command)), .init("tree", ShellTree(analysis.script).json),
                    .init("operations", .array(analysis.operations.map(RequestRecord.json))),
                    .init(
                        "error",
                        analysis.syntaxError.map { .string("\($0.line):\($0.column): \($0.message)") } ?? .null),
                ]).prettyText)
            return
        }
        if tree { Terminal.line(Terminal.styled(ShellTree.describe(analysis.script), .dim)) }
        if let error = analysis.syntaxError {
            Terminal.line(Terminal.styled("not a complete script: \(error.line):\(error.column): \(error.message)", .yellow))
        }
        for operation in analysis.operations { Terminal.line(OperationText.line(operation)) }
        if analysis.operations.isEmpty { Terminal.line("nothing is done") }
    }
}

/// One operation on one line, for people.
enum OperationText {
    static func line(_ operation: Operation) -> String {
        var parts: [String] = []
        func add(_ label: String, _ text: String) {
            if !text.isEmpty { parts.append("\(label) \(Terminal.harmless(text))") }
        }
        add("path", operation.path)
        add("host", operation.host + (operation.port > 0 ? ":\(operation.port)" : ""))
        add("method", operation.method)
        if let package = operation.package {
            add("package", "\(package.ecosystem):\(package.name)\(package.version.isEmpty ? "" : "@" + package.version)")
        }
        add("remote", operation.remote)
        add("branch", operation.branch)
        add("", operation.detail)
        let traits = Operation.Traits.names.filter { operation.traits.contains($0.trait) }.map(\.name)
        add("traits", traits.joined(separator: ", "))
        let taints = Operation.Taints.names.filter { operation.taints.contains($0.taint) }.map(\.name)
        add("carries", taints.joined(separator: ", "))
        let kind = Terminal.styled(operation.kind.rawValue.padded(to: 16), .bold)
        let opaque = operation.opaque.map { Terminal.styled("  opaque (\($0.rawValue))", .yellow) } ?? ""
        let command = operation.command.isEmpty ? "" : Terminal.styled("  ← \(Terminal.harmless(operation.command))", .dim)
        return "\(kind) \(parts.joined(separator: "  ").trimmingBlanks)\(opaque)\(command)"
    }
}

extension String {
    func padded(to width: Int) -> String {
        count < width ? self + String(repeating: " ", count: width - count) : self
    }
}
