// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritAgents
import WritCore
import WritDaemon
import WritGuard
import WritLedger
import WritWire

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show which agents are guarded, how that is known, and what waits for a person.",
        discussion: """
            One line for each agent that is on this machine or was seen: at which levels Writ is installed, its last \
            event, and how it is known that a refusal reaches it.

            How it is known:
              measured   the agent's own program started the hook, after it was last replaced
              simulated  `writ doctor` played canaries through the installed entry
              broken     `writ doctor` found something wrong; run it again for what
              declared   installed; nothing but the host's documentation says what happens
              unknown    not installed

            Then the daemon with the policies in force and the writs it keeps, the ledger, events that a hook had to \
            answer by itself, alarms of the last day, sessions whose transcript shows tools and of which no event is \
            known, and calls that wait for a person. Nothing is started and nothing is changed.

            Exit codes:
              0  nothing is wrong
              1  a guarded agent is broken, the ledger cannot be read, or a session ran tools without an event
            """)

    @OptionGroup var place: PlaceOptions

    func run() throws {
        let report = try StatusReport(home: try place.resolvedHome(), directory: try place.folder())
        if place.json { Terminal.line(report.json.text) } else { report.show() }
        if !report.isSound { throw ExitCode(1) }
    }
}

/// All that `writ status` shows.
struct StatusReport {
    var coverage: [Coverage] = []
    /// The daemon's own account; nil when none runs.
    var daemon: JSON?
    var profile = ""
    var ledgerEntries: UInt64 = 0
    var ledgerFault = ""
    /// Events that hooks answered by themselves and no daemon has taken up yet.
    var unanswered = 0
    var alarms: [LedgerEntry] = []
    var silent: [SilentSessions.Session] = []
    /// Calls that wait for a person; nil when nobody can be asked.
    var waiting: Int?

    var isSound: Bool {
        ledgerFault.isEmpty && silent.isEmpty
            && coverage.allSatisfy { $0.faults.isEmpty && ($0.levels.isEmpty || $0.proof != .broken) }
    }

    init(home: WritHome, directory: String) throws {
        var reader: LedgerReader?
        do {
            reader = try Evidence.reader(home)
            if let reader {
                _ = try reader.checkpoint()
                ledgerEntries = try reader.count()
                var query = LedgerQuery()
                query.kind = .alarm
                query.since = Moment.now - 86_400_000
                query.newestFirst = true
                query.limit = 1_000
                alarms = try reader.entries(matching: query).map(\.entry)
            }
        } catch {
            ledgerFault = "\(error)"
            reader = nil
        }
        coverage = try Coverage.all(
            home, directory: directory, path: Examiner.environment["PATH"] ?? "", reader: reader)
        let client = DaemonClient(home: home)
        do {
            daemon = try JSON(parsing: client.control(.status, by: Deadline(after: 2_000)).output)
            let list: JSON = ["do": "list", "all": false]
            let answer = try JSON(
                parsing: client.control(.approval, payload: list.bytes, by: Deadline(after: 2_000)).output)
            waiting = answer["approvals"]?.array?.count
        } catch {
            // Without a daemon no call waits; it comes with the next event.
            daemon = nil
        }
        let place = try HomeState.place(of: directory, home: home)
        profile = place.2.profile.rawValue
        unanswered = StatusReport.lines(home.unanswered)
        let guarded = Set(coverage.filter { !$0.levels.isEmpty }.map(\.agent))
        silent = try SilentSessions.found(
            home, since: SilentSessions.installed(home).filter { guarded.contains($0.key) }
        ) { session in
            try reader?.knows(session: session.name) ?? false
        }
    }

    private static func lines(_ path: String) -> Int {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = read(file, &bytes, bytes.count)
        return count <= 0 ? 0 : bytes[..<count].count { $0 == 0x0A }
    }

    var json: JSON {
        [
            "sound": .bool(isSound), "agents": .array(coverage.map(\.json)), "daemon": daemon ?? .null,
            "profile": .string(profile),
            "ledger": ["entries": .integer(Int64(clamping: ledgerEntries)), "fault": .string(ledgerFault)],
            "unanswered": .integer(Int64(unanswered)),
            "alarms": .array(
                alarms.map { ["time": .integer($0.time), "agent": .string($0.agent), "message": .string($0.message)] }),
            "silent_sessions": .array(silent.map { .string($0.name) }),
            "waiting": waiting.map { .integer(Int64($0)) } ?? .null,
        ]
    }

    func show() {
        if coverage.isEmpty { Terminal.line("No agent was found on this machine.") }
        for item in coverage { show(item) }
        Terminal.line()
        if let daemon {
            let layers = (daemon["layers"]?.array ?? []).map { layer in
                "\(layer["layer"]?.string ?? "") \(layer["policies"]?.array?.count ?? 0)"
            }
            field("daemon", Terminal.styled("runs", .green) + ", profile here: \(profile)")
            field("policies", Terminal.harmless(layers.joined(separator: ", ")))
            let writs = daemon["writs"]?.integer ?? 0
            let sessions = daemon["sessions_under_writs"]?.integer ?? 0
            if writs + sessions > 0 {
                field("writs", "\(writs) kept, \(sessions) session(s) under one: `writ delegation list`")
            }
            for fault in daemon["faults"]?.array ?? [] {
                field("", Terminal.styled(Terminal.harmless(fault.string ?? ""), .red))
            }
        } else {
            field("daemon", "does not run; the next event starts it. Profile here: \(profile)")
        }
        field(
            "ledger",
            ledgerFault.isEmpty
                ? "\(ledgerEntries) entries, checkpoint signed (`writ ledger verify` proves all)"
                : Terminal.styled(Terminal.harmless(ledgerFault), .red))
        if unanswered > 0 {
            field("unanswered", Terminal.styled("\(unanswered) events were refused by hooks alone", .yellow))
        }
        if let first = alarms.first {
            let text = String(Terminal.harmless(first.message).prefix(52))
            field("alarms", Terminal.styled("\(alarms.count) in 24 h, last: \(text)", .yellow))
        }
        for session in silent.prefix(5) {
            let name = "\(Terminal.harmless(session.name)) (\(session.agent))"
            field("silent", Terminal.styled("tools ran without an event: \(name)", .red))
        }
        if let waiting { field("approvals", waiting == 0 ? "none waits" : "\(waiting) wait: `writ approvals`") }
    }

    private func field(_ name: String, _ value: String) {
        Terminal.line("\(name.padded(to: 12))\(value)")
    }

    private func show(_ item: Coverage) {
        let style: Terminal.Style
        switch item.proof {
        case .measured, .simulated: style = .green
        case .broken: style = .red
        case .declared, .unknown: style = .yellow
        }
        let levels = item.levels.isEmpty ? "not installed" : item.levels.joined(separator: "+")
        let age = item.proven.map { " \(DoctorReport.age($0))" } ?? ""
        let proof = Terminal.styled((item.proof.rawValue + age).padded(to: 17), style)
        let seen = item.last.map { "\(item.lastEvent ?? "") \(DoctorReport.age($0)) ago" } ?? "no event seen"
        Terminal.line(
            "\(Terminal.styled(item.agent.padded(to: 14), .bold))\(levels.padded(to: 15))\(proof) \(Terminal.harmless(seen))"
        )
        for fault in item.faults { Terminal.line(Terminal.styled("  ✗ \(Terminal.harmless(fault))", .red)) }
    }
}
