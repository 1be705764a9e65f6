// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import WritCore
import WritDaemon
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
            Answers from the local index alone; nothing is asked of the network. With --manifest the names are read from \
            manifests, lock files, Dockerfiles and workflows, and how they are pinned and where they come from is judged \
            too. Exits 0 when nothing would be asked about, 1 when something would.

            Examples:
              writ packages check --ecosystem npm lodash expresss
              writ packages check --manifest package.json --manifest package-lock.json
            """)

    @Flag(help: "Read {id, ecosystem, name} objects, one a line, from standard input; answer one a line.")
    var jsonl = false

    @Option(help: "The registry: pypi, npm.", completion: .list(["pypi", "npm"]))
    var ecosystem = "pypi"

    @Option(
        help: ArgumentHelp("A file that asks for packages; may be repeated.", valueName: "file"), completion: .file())
    var manifest: [String] = []

    @OptionGroup var homeOptions: HomeOptions

    @Argument(help: "Package names.")
    var names: [String] = []

    func run() throws {
        guard let index = try PackageIndexFile.load(try homeOptions.resolve()) ?? Engines.packageIndex() else {
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
        guard !names.isEmpty || !manifest.isEmpty else {
            throw ValidationError("name a package, or give --manifest or --jsonl")
        }
        var isStopped = try check(manifest, judge)
        for name in names {
            let reading = judge.read(.init(ecosystem: ecosystem, name: name))
            let verdict = Self.verdict(reading)
            isStopped = isStopped || verdict > .allow
            Terminal.line("\(verdict.name)  \(Terminal.harmless(name))  \(Self.describe(reading.standing))")
            for finding in reading.findings { Terminal.line("       \(Terminal.harmless(finding.message))") }
        }
        if isStopped { throw ExitCode(1) }
    }

    /// Prints what there is to say of files; true when something would be asked about.
    private func check(_ files: [String], _ judge: SupplyChain) throws -> Bool {
        let detector = DependencyDetector(packages: judge)
        var isStopped = false
        for path in files {
            guard let kind = DependencyFile(path: path) else {
                throw ValidationError("`\(path)` is no dependency file that Writ knows")
            }
            let reading = kind.read(Array(try Data(contentsOf: URL(fileURLWithPath: path))))
            let findings = detector.findings(in: reading, kind)
            for finding in findings {
                Terminal.line(
                    "\(Terminal.harmless(path)):\(finding.line): \(finding.severity.name): \(Terminal.harmless(finding.message)) [\(finding.rule)]"
                )
                if !finding.remedy.isEmpty { Terminal.line("    \(Terminal.harmless(finding.remedy))") }
            }
            Terminal.line(
                "\(Terminal.harmless(path)): dependencies \(reading.dependencies.count), findings \(findings.count)")
            isStopped = isStopped || findings.contains { $0.severity >= .high && $0.confidence >= 0.7 }
        }
        return isStopped
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
