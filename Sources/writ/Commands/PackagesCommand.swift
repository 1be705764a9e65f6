// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritCore
import WritGuard
import WritScan

struct PackagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "packages", abstract: "Judge packages before they are added.", subcommands: [PackagesCheck.self])
}

struct PackagesCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say whether package names are well known, unknown, or look like another's.",
        discussion: """
            Answers from the local index alone; nothing is asked of the network.

            Example: writ packages check --ecosystem npm lodash expresss
            """)

    @Flag(help: "Read {id, ecosystem, name} objects, one a line, from standard input; answer one a line.")
    var jsonl = false

    @Option(help: "The registry: pypi, npm.")
    var ecosystem = "pypi"

    @Argument(help: "Package names.")
    var names: [String] = []

    func run() throws {
        guard let index = try Engines.packageIndex() else {
            throw ValidationError("the built-in package index is missing")
        }
        let judge = SupplyChain(index: index)
        if jsonl {
            Batch.run { row in
                guard let name = row["name"]?.string else { throw BatchError("no `name`") }
                return answer(judge.read(.init(ecosystem: row["ecosystem"]?.string ?? ecosystem, name: name)))
            }
            return
        }
        guard !names.isEmpty else { throw ValidationError("name a package, or give --jsonl") }
        var isStopped = false
        for name in names {
            let reading = judge.read(.init(ecosystem: ecosystem, name: name))
            let verdict = Self.verdict(reading)
            isStopped = isStopped || verdict > .allow
            Terminal.line("\(verdict.name)  \(Terminal.harmless(name))  \(Self.describe(reading.standing))")
            for finding in reading.findings { Terminal.line("       \(Terminal.harmless(finding.message))") }
        }
        if isStopped { throw ExitCode(1) }
    }

    /// A look-alike of which we are fairly sure is asked about; what is merely unknown is said, not stopped.
    static func verdict(_ reading: SupplyChain.Reading) -> Verdict {
        reading.findings.contains { $0.rule == "look-alike" && $0.confidence >= 0.7 } ? .ask : .allow
    }

    private func answer(_ reading: SupplyChain.Reading) -> JSON {
        [
            "decision": .string(Self.verdict(reading).name),
            "target": reading.target.map { .string($0) } ?? .null,
            "findings": .array(reading.findings.map(FindingReport.json)),
        ]
    }

    private static func describe(_ standing: PackageIndex.Standing) -> String {
        switch standing {
        case .popular(let rank): "well known, place \(rank)"
        case .registered(let downloads?, _): "registered, at least \(downloads) downloads a week"
        case .registered(_, let month?):
            "registered, last release \(month.year)-\(month.month < 10 ? "0" : "")\(month.month)"
        case .registered: "registered"
        case .unknown: "unknown"
        }
    }
}
