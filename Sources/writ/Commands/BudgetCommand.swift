// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritCore
import WritDaemon
import WritGuard
import WritPolicy
import WritWire

struct BudgetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "budget", abstract: "Show how much of each budget is used, and give one back.",
        subcommands: [BudgetShow.self, BudgetReset.self], defaultSubcommand: BudgetShow.self)
}

struct BudgetShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the accounts of all budgets and limits.")

    @OptionGroup var home: HomeOptions

    @Flag(help: "Print the accounts as JSON.")
    var json = false

    func run() throws {
        let home = try home.resolve()
        let limits = try MachinePolicies.load(home).budgetLimits
        let lines = try HomeState.budgets(of: home).lines(now: Moment.now / 1000)
        if json {
            Terminal.line(
                JSON.array(
                    lines.map { line in
                        [
                            "account": .string(line.account), "per": .string(line.per), "owner": .string(line.owner),
                            "used": .number(line.used),
                            "limit": limits[BudgetAccounts.budget(of: line.account)].map { .number($0) } ?? .null,
                            "window": line.window.map { .integer(Int64($0)) } ?? .null,
                        ]
                    }
                ).prettyText)
            return
        }
        if lines.isEmpty {
            Terminal.line(limits.isEmpty ? "no policy has a budget or limit" : "nothing is used yet")
            return
        }
        for line in lines {
            let limit = limits[BudgetAccounts.budget(of: line.account)]
            let amount = "\(Self.text(line.used)) of \(limit.map(Self.text) ?? "? (its policy is gone)")"
            let isFull = limit.map { line.used >= $0 } ?? false
            let window = line.window.map { " in \($0) s" } ?? ""
            Terminal.line(
                "\(Terminal.styled(amount.padded(to: 14), isFull ? .yellow : .bold)) \(Terminal.harmless(line.account))"
                    + "  \(line.per) \(Terminal.harmless(line.owner))\(window)")
        }
    }

    private static func text(_ amount: Double) -> String {
        amount.rounded() == amount && amount.magnitude < 1e15 ? String(Int64(amount)) : String(amount)
    }
}

struct BudgetReset: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset", abstract: "Give a budget back; the ledger keeps that.",
        discussion: "The daemon ends for it; the next call starts it again.")

    @OptionGroup var home: HomeOptions

    @Option(help: "Only this owner's account, as `writ budget` shows it.", completion: Offer.budgetOwners)
    var owner: String?

    @Argument(help: "The budget's full id, as `writ budget` shows it.", completion: Offer.budgets)
    var budget: String

    func run() throws {
        let count = try HomeState.resetBudget(budget, owner: owner, of: try home.resolve())
        guard count > 0 else {
            throw CommandFault("nothing is used of `\(budget)`", hint: "`writ budget` shows what is")
        }
        Terminal.line("\(count) accounts are empty again")
    }
}
