// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritCore
import WritLedger
import WritWire

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

struct Log: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what agents did and what Writ answered.",
        discussion: """
            Examples:
              writ log --follow
              writ log --decision deny --since 24h
              writ log --agent claude-code --json | jq .record
            """)

    @OptionGroup var home: HomeOptions

    @Flag(name: .shortAndLong, help: "Go on printing new entries until interrupted.")
    var follow = false

    @Option(help: "Only calls of this agent (claude-code, cursor …).", completion: Offer.agents)
    var agent: String?

    @Option(help: "Only calls of this session.", completion: Offer.sessions)
    var session: String?

    @Option(help: "Only this decision: allow, ask, deny or halt.", completion: Offer.decisions)
    var decision: String?

    @Option(help: "Only entries that name this rule.", completion: Offer.recentRules)
    var rule: String?

    @Option(help: ArgumentHelp("Only entries so recent: 90s, 10m, 24h, 7d.", valueName: "age"))
    var since: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("At most so many of the newest entries.", valueName: "count"))
    var limit = 50

    @Flag(help: "Print whole entries as JSON, one a line.")
    var json = false

    func run() throws {
        let home = try home.resolve()
        var query = LedgerQuery()
        query.agent = agent
        query.session = session
        query.rule = rule
        query.limit = limit
        query.newestFirst = true
        if let decision {
            guard let verdict = Verdict(name: decision) else {
                throw ValidationError("`\(decision)` is no decision; use allow, ask, deny or halt")
            }
            query.verdict = verdict
        }
        if let since {
            guard let time = Moment.ago(since) else {
                throw ValidationError("`\(since)` is no age; use 90s, 10m, 24h or 7d")
            }
            query.since = time
        }
        let reader = try LedgerReader(at: home.ledger)
        let entries = try reader.entries(matching: query).reversed()
        for item in entries { try show(item, reader) }
        guard follow else {
            if entries.isEmpty, !json { Terminal.error("no entry matches") }
            return
        }
        query.newestFirst = false
        query.limit = 1000
        var next = try reader.count()
        while true {
            for item in try reader.entries(from: next) {
                next = item.index + 1
                if query.matches(item) { try show(item, reader) }
            }
            usleep(200_000)
        }
    }

    private func show(_ item: LedgerReader.Item, _ reader: LedgerReader) throws {
        if json {
            var value = try reader.resolved(item.entry).json
            value.set("index", .integer(Int64(clamping: item.index)))
            Terminal.line(value.text)
        } else {
            Terminal.line(EntryText.line(item.entry))
        }
    }
}

/// Ledger entries on one line, for people.
enum EntryText {
    static func line(_ entry: LedgerEntry) -> String {
        let time = Terminal.styled(Moment.text(entry.time), .dim)
        let id = Terminal.styled(shortID(entry.id), .dim)
        let what =
            entry.kind == .decision ? summary(entry) : "\(entry.kind.rawValue)  \(Terminal.harmless(entry.message))"
        return "\(time)  \(id)  \(verdict(entry.verdict))  \(what)"
    }

    /// Enough of an id to name an entry with: the time part changes slowly, the end is random.
    static func shortID(_ id: String) -> String {
        String(id.suffix(8))
    }

    static func verdict(_ verdict: Verdict?) -> String {
        guard let verdict else { return "     " }
        let text = verdict.name + String(repeating: " ", count: 5 - verdict.name.count)
        switch verdict {
        case .allow: return Terminal.styled(text, .green)
        case .ask: return Terminal.styled(text, .yellow)
        case .deny, .halt: return Terminal.styled(text, .red)
        }
    }

    private static func summary(_ entry: LedgerEntry) -> String {
        let call = entry.record["request"]?["call"]
        let event = call?["event"]?.string ?? ""
        let subject = subject(of: call)
        let rule =
            entry.verdict == .allow
            ? "" : entry.rules.first.map { "  " + Terminal.styled(Terminal.harmless($0), .dim) } ?? ""
        let name = Terminal.harmless(event == "before_tool" ? entry.tool : "\(entry.tool) \(event)")
        // Only a change to code that is not without fault says its score.
        let score = entry.record["code_safety"]?.integer.map { $0 < 100 ? "  code safety \($0)" : "" } ?? ""
        return "\(Terminal.styled(name.trimmingBlanks, .bold))  \(Terminal.harmless(subject))\(score)\(rule)"
    }

    /// The one argument that says what a call is about.
    private static func subject(of call: JSON?) -> String {
        guard let arguments = call?["args"] else { return "" }
        for key in ["command", "file_path", "path", "url", "pattern", "query", "prompt", "description"] {
            if let text = arguments[key]?.string { return String(text.prefix(120)) }
        }
        guard let members = arguments.members, let first = members.first(where: { $0.value.string != nil }) else {
            return ""
        }
        return String((first.value.string ?? "").prefix(120))
    }
}

extension String {
    var trimmingBlanks: String {
        var text = Substring(self)
        while text.last == " " { text.removeLast() }
        while text.first == " " { text.removeFirst() }
        return String(text)
    }
}
