// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritCore
import WritGuard
import WritScan

struct Scan: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look for secrets and other findings in files or standard input.",
        discussion: """
            Reads whole files, never a beginning only. Exits 0 when nothing is found, 1 when something is, 2 when a file
            could not be read.

            Examples:
              writ scan src
              git diff | writ scan -
              writ scan --json config.yml
            """)

    @Flag(help: "Read {id, text, as, path, language} objects, one a line, from standard input; answer one a line.")
    var jsonl = false

    @Flag(help: "Print findings as JSON, one file a line.")
    var json = false

    @Option(help: "How the content flows: input, tool_response, output, context_file, skill.")
    var `as` = "output"

    @Argument(help: "Files and folders; - is standard input.", completion: .file())
    var paths: [String] = []

    func run() throws {
        let scanner = try ContentScanner()
        if jsonl {
            Batch.run { row in
                guard let text = row["text"]?.string else { throw BatchError("no `text`") }
                return try report(
                    scanner.scan(
                        ScanRequest(
                            text, phase: try self.phase(row["as"]?.string ?? `as`), path: row["path"]?.string,
                            language: row["language"]?.string)))
            }
            return
        }
        guard !paths.isEmpty else { throw ValidationError("name files or folders, or give - for standard input") }
        let phase = try self.phase(`as`)
        var found = 0
        var unread = 0
        for path in paths {
            try FileTree.visit(path) { file, content in
                switch content {
                case .failure(let fault):
                    unread += 1
                    Terminal.error(fault.description)
                case .success(let bytes):
                    let result = try scanner.scan(ScanRequest(text: bytes, phase: phase, path: file))
                    found += result.findings.count
                    show(result, file)
                }
            }
        }
        Terminal.endProgress()
        if unread > 0 { throw ExitCode(2) }
        if found > 0 { throw ExitCode(1) }
    }

    private func phase(_ name: String) throws -> Phase {
        guard let phase = Phase(rawValue: name) else {
            throw ValidationError(
                "`\(name)` is no phase; there are \(Phase.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return phase
    }

    private func show(_ result: ContentScanner.Result, _ file: String) {
        if json {
            if !result.findings.isEmpty {
                Terminal.line(
                    JSON.object([
                        .init("path", .string(file)),
                        .init("findings", .array(result.findings.map(FindingReport.json))),
                    ]).text)
            }
            return
        }
        for finding in result.findings {
            let severity = Terminal.styled(finding.severity.name, finding.severity >= .high ? .red : .yellow)
            Terminal.line(
                "\(Terminal.harmless(file)):\(finding.line): \(severity): \(Terminal.harmless(finding.message)) [\(finding.scanner)/\(finding.rule)]"
            )
            if !finding.remedy.isEmpty { Terminal.line("    \(Terminal.harmless(finding.remedy))") }
        }
    }

    private func report(_ result: ContentScanner.Result) -> JSON {
        [
            "blocked": .bool(result.isBlocked), "findings": .array(result.findings.map(FindingReport.json)),
            "scores": .object(result.scores.sorted { $0.key < $1.key }.map { .init($0.key, .number($0.value)) }),
        ]
    }
}
