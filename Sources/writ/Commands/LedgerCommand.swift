// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritCore
import WritLedger
import WritWire

struct LedgerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Prove that the record of decisions is whole.",
        subcommands: [LedgerVerify.self, LedgerKey.self])
}

struct LedgerVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every entry, tile, checkpoint and the journal.",
        discussion: """
            Finds any changed bit, and truncation against the checkpoint kept outside the ledger's folder. What only a \
            witness on another machine could find is stated in the report. Exits 0 when the ledger is sound, 1 when not.
            """)

    @OptionGroup var home: HomeOptions

    @Option(help: ArgumentHelp("The public key printed by `writ ledger key`, kept elsewhere.", valueName: "vkey"))
    var key: String?

    @Option(
        help: ArgumentHelp("The ledger's folder, when it is not this machine's.", valueName: "folder"),
        completion: .directory)
    var ledger: String?

    @Option(help: ArgumentHelp("The checkpoint kept outside the folder.", valueName: "file"), completion: .file())
    var anchor: String?

    @Flag(help: "Print the report as JSON.")
    var json = false

    func run() throws {
        let home = try home.resolve()
        var trusted: LedgerVerifierKey?
        if let key {
            guard let parsed = LedgerVerifierKey(key) else {
                throw ValidationError("`\(key)` is no verifier key; `writ ledger key` prints one")
            }
            trusted = parsed
        }
        let directory = ledger ?? home.ledger
        let report = LedgerVerifier.verify(
            directory, anchorPath: anchor ?? (ledger == nil ? home.ledgerAnchor : nil), trustedKey: trusted
        ) { progress in
            if progress.total > 10_000 { Terminal.progress("verified \(progress.entries) of \(progress.total)") }
        }
        Terminal.endProgress()
        Terminal.line(json ? report.json.text : report.text)
        if !report.isSound { throw ExitCode(1) }
    }
}

struct LedgerKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Print the public key of the ledger; keep a copy elsewhere.")

    @OptionGroup var home: HomeOptions

    func run() throws {
        Terminal.line(try LedgerReader(at: home.resolve().ledger).key.description)
    }
}
