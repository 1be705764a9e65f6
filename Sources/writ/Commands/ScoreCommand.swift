// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritCore
import WritLedger
import WritWire

struct Score: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show how safe the code looks that agents wrote, over time.",
        discussion: """
            Every change to code gets a score from 0 to 100 when it is decided: 100 less what its findings cost \
            (40, 20, 8 and 2 for critical, high, medium and low, times the finding's confidence, halved for each \
            further finding of the same rule). A change that was refused counts under `refused`, not in the average.

            Examples:
              writ score
              writ score --since 7d --by repository
              writ score --by session --json
            """)

    enum Grouping: String, ExpressibleByArgument, CaseIterable {
        case day, session, repository
    }

    @OptionGroup var home: HomeOptions

    @Option(help: ArgumentHelp("Only changes so recent: 90s, 10m, 24h, 7d.", valueName: "age"))
    var since: String?

    @Option(help: ArgumentHelp("One line for each day, session or repository.", valueName: "unit"))
    var by = Grouping.day

    @Flag(help: "Print one JSON object for each line.")
    var json = false

    func run() throws {
        var query = LedgerQuery()
        if let since {
            guard let time = Moment.ago(since) else {
                throw ValidationError("`\(since)` is no age; use 90s, 10m, 24h or 7d")
            }
            query.since = time
        }
        let reader = try LedgerReader(at: try home.resolve().ledger)
        var history = ScoreHistory()
        var next: UInt64 = 0
        let count = try reader.count()
        while next < count {
            let items = try reader.entries(from: next)
            guard let last = items.last else { break }
            next = last.index + 1
            for item in items where item.entry.kind == .decision && query.matches(item) {
                history.add(try reader.resolved(item.entry), by: by)
            }
        }
        if history.groups.isEmpty {
            if !json { Terminal.error("no change to code is in the ledger") }
            return
        }
        if !json {
            Terminal.line("  avg  low  changes  refused  \(by.rawValue)")
        }
        for (name, group) in history.groups.sorted(by: { ($0.value.first, $0.key) < ($1.value.first, $1.key) }) {
            Terminal.line(json ? group.json(by.rawValue, name).text : group.line(Terminal.harmless(name)))
        }
    }
}

/// Scores from the ledger, gathered in groups.
struct ScoreHistory {
    struct Group {
        /// When the first of its changes was decided, in milliseconds since 1970.
        var first: Int64
        var changes = 0
        var total = 0
        var lowest = 100
        var refused = 0

        var average: Int { changes == 0 ? 100 : (total + changes / 2) / changes }

        func line(_ name: String) -> String {
            func cell(_ number: Int, _ width: Int) -> String {
                let text = String(number)
                return String(repeating: " ", count: max(0, width - text.count)) + text
            }
            let scores = changes == 0 ? "    -    -" : cell(average, 5) + cell(lowest, 5)
            return "\(scores)\(cell(changes, 9))\(cell(refused, 9))  \(name)"
        }

        func json(_ key: String, _ name: String) -> JSON {
            var value: JSON = [
                "changes": .integer(Int64(changes)), "refused": .integer(Int64(refused)),
                "first": .integer(first),
            ]
            value.set(key, .string(name))
            if changes > 0 {
                value.set("average", .integer(Int64(average)))
                value.set("lowest", .integer(Int64(lowest)))
            }
            return value
        }
    }

    private(set) var groups: [String: Group] = [:]

    mutating func add(_ entry: LedgerEntry, by grouping: Score.Grouping) {
        guard entry.kind == .decision, let score = entry.record["code_safety"]?.integer else { return }
        let value = Int(min(100, max(0, score)))
        var group = groups[name(of: entry, grouping)] ?? Group(first: entry.time)
        if let verdict = entry.verdict, verdict >= .deny {
            group.refused += 1
        } else {
            group.changes += 1
            group.total += value
            group.lowest = min(group.lowest, value)
        }
        groups[name(of: entry, grouping)] = group
    }

    private func name(of entry: LedgerEntry, _ grouping: Score.Grouping) -> String {
        let name: String
        switch grouping {
        case .day: name = String(Moment.text(entry.time).prefix(10))
        case .session: name = entry.session
        case .repository:
            let request = entry.record["request"]
            name =
                request?["facts"]?["repo"]?["remote"]?.string ?? request?["repo"]?["remote"]?.string
                ?? request?["call"]?["workspace"]?.string ?? ""
        }
        return name.isEmpty ? "(none)" : name
    }
}
