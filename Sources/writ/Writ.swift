// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritCore

@main
struct Writ: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "writ",
        abstract: "The runtime security control plane for AI coding agents.",
        discussion: """
            Writ stands between a coding agent and everything it can touch: it understands every tool call, decides it \
            by policy, and records the decision in a tamper-evident ledger.

            Start with `writ init`; see what happened with `writ log` and why with `writ explain ID`.

            Every command ends with 0 when it is done; with 1 when it is done and the answer is no, such as a refused \
            call, a failed test or a finding; and with 2 when it could not be done. `writ scan --gate` has a 3.
            """,
        version: version,
        groupedSubcommands: [
            CommandGroup(
                name: "Protect",
                subcommands: [
                    InitCommand.self, StatusCommand.self, DoctorCommand.self, Install.self, Uninstall.self,
                    AgentsCommand.self, DaemonCommand.self,
                ]),
            CommandGroup(
                name: "Answer",
                subcommands: [ApprovalsCommand.self, Approve.self, Deny.self, DelegationCommand.self]),
            CommandGroup(
                name: "Understand",
                subcommands: [Log.self, Score.self, Explain.self, LedgerCommand.self, ShellCommand.self]),
            CommandGroup(
                name: "Write policy",
                subcommands: [
                    PolicyCommand.self, ProfileCommand.self, BudgetCommand.self, FlowCommand.self, ToolsCommand.self,
                ]),
            CommandGroup(
                name: "Check", subcommands: [Decide.self, Scan.self, PackagesCommand.self, IndexCommand.self]),
        ]
    )

    /// The version of the executables and of what they write into the ledger.
    static let version = "0.1.0"
}
