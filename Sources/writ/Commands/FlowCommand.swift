// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritCore
import WritDaemon
import WritGuard
import WritLedger
import WritPolicy
import WritWire

struct FlowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flow", abstract: "Take labels off sessions, and off files that prototypes left behind.",
        subcommands: [FlowClear.self, FlowReviewed.self, FlowPrototypes.self])
}

struct FlowClear: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear", abstract: "Take a label off a session; the ledger keeps that.",
        discussion: """
            Name the session by one of its decisions. A label that a flow of the organisation, the team or the project \
            watches is taken off only where that flow has `clear`, and its gate asks for one person at most.

            Example:
              writ flow clear secret --decision 4f1c22ab
            """)

    @OptionGroup var home: HomeOptions

    @Option(help: "The id of a decision of the session, as `writ log` shows it.", completion: Offer.entries)
    var decision: String

    @Argument(help: "The label.", completion: Offer.labels)
    var label: String

    func run() throws {
        let home = try home.resolve()
        let entry = try LedgerLookup.entry(decision, in: try LedgerReader(at: home.ledger))
        guard !entry.session.isEmpty else { throw CommandFault("that decision belongs to no session") }
        try refuseAbove(try MachinePolicies.load(home))
        guard try HomeState.clear(label: label, agent: entry.agent, session: entry.session, of: home) else {
            throw CommandFault("the session does not have the label `\(label)`")
        }
        Terminal.line("the label \(Terminal.harmless(label)) is off the session")
    }

    private func refuseAbove(_ policies: PolicySet) throws {
        let gates = policies.gates
        for flow in policies.flows(from: label) where ![.builtin, .user].contains(flow.layer) {
            guard let gate = flow.clearedBy else {
                throw CommandFault(
                    "the flow `\(flow.id)` watches this label, and nothing clears it there",
                    hint: "begin a new session")
            }
            if let found = gates[gate], found.count > 1 || found.authentication != "any" {
                throw CommandFault(
                    "the flow `\(flow.id)` is cleared through `\(gate)`, which asks for more than one person's word",
                    hint: "begin a new session")
            }
        }
    }
}

struct FlowReviewed: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reviewed", abstract: "Say that you have reviewed what agents wrote below a folder.",
        discussion: """
            Sessions that meet the files of prototypes are no longer labelled `prototyping` for it, and those that read \
            agents' memory no longer take over the labels of the sessions that wrote it.
            """)

    @OptionGroup var home: HomeOptions

    @Argument(help: "The folder or file.", completion: .file())
    var path: String

    func run() throws {
        let count = try HomeState.clearPrototypes(below: CurrentFolder.absolute(path), of: try home.resolve())
        guard count > 0 else {
            throw CommandFault("nothing there was written by a prototyping session, or to be read by agents")
        }
        Terminal.line("\(count) entries are reviewed")
    }
}

struct FlowPrototypes: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prototypes", abstract: "List what prototyping sessions wrote and nobody has reviewed.")

    @OptionGroup var home: HomeOptions

    func run() throws {
        let paths = try HomeState.prototypes(of: try home.resolve())
        if paths.folders.isEmpty, paths.files.isEmpty { Terminal.line("nothing waits for a review") }
        for path in paths.folders.map({ $0 + "/" }).sorted() + paths.files.sorted() {
            Terminal.line(Terminal.harmless(path))
        }
    }
}
