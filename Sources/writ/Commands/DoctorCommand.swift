// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritAgents
import WritCore
import WritDaemon
import WritLedger
import WritWire

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Play canary calls through the installed hooks and see whether a refusal refuses.",
        discussion: """
            For every agent and level (user, project, machine) at which Writ is installed, each event that can refuse \
            is played with a shell command, a file to read, a file to write, an MCP tool and a prompt: one canary that \
            the default policy always refuses, and one harmless call beside it. The hook is started as the agent's \
            settings say: its command line, its shell, the variables of its `env` blocks, its folder. Nothing is run; \
            the canaries are harmless even if they were.

            Results:
              denied      the decision of policy, in the spelling that the agent obeys
              closed      the hook refused by itself: no daemon, no time, no policy
              refused     another rule refused the canary
              asked       the agent would ask a person
              allowed     nothing stood in the way
              unreadable  nothing that the agent obeys: it lets the call through or breaks

            A result is `simulated`: this command started the hook. An event is `measured` only when the ledger holds a \
            delivery whose hook the agent's own program started, newer than that program.

            Also shown: what the host does when the hook is dead, missing or late (in red where it lets the call \
            through), settings that switch hooks off, entries that are missing or changed, hooks that cannot be run \
            or that others can write to, other programs named `writ-hook` on PATH, and what got worse since the last \
            time (kept in the state folder, `doctor.json`).

            Exit codes:
              0  every installed hook refuses what it must refuse
              1  something that should be protected is not, or got worse
              2  it could not be examined: arguments that make no sense

            Examples:
              writ doctor
              writ doctor claude-code codex
              writ doctor --json | jq '.agents[].checks[] | select(.outcome != "denied")'
            """)

    @Argument(
        help: "Agents to examine; without any, all at which Writ is installed.", completion: Offer.agents)
    var agents: [String] = []

    @OptionGroup var place: PlaceOptions

    func run() throws {
        let report = try DoctorReport.make(agents, home: try place.resolvedHome(), directory: try place.folder())
        if place.json { Terminal.line(report.json.text) } else { report.show() }
        if !report.isSound { throw ExitCode(1) }
    }
}

/// What the doctor found out about all agents asked for.
struct DoctorReport {
    var examinations: [Examination] = []
    /// Agents that were named and at which Writ is not installed.
    var missing: [String] = []
    /// Agents that are on this machine without Writ.
    var unguarded: [AgentPresence.Trace] = []
    var evidence: [String: Evidence] = [:]
    var worse: [String] = []
    var warnings: [String] = []
    var faults: [String] = []
    var milliseconds = 0

    var isSound: Bool {
        examinations.allSatisfy(\.isSound) && missing.isEmpty && worse.isEmpty && faults.isEmpty
    }

    /// Examines, keeps the results and compares them with the last ones.
    static func make(_ named: [String], home: WritHome, directory: String) throws -> DoctorReport {
        signal(SIGPIPE, SIG_IGN)
        for name in named where HookLayout.of(name) == nil {
            throw ValidationError("`\(name)` is no agent that Writ knows; `writ agents` lists them")
        }
        let begin = Moment.now
        var report = DoctorReport()
        let examiner = Examiner(home: home, directory: directory, hook: try PersonHome.hook())
        let path = Examiner.environment["PATH"] ?? ""
        var reader: LedgerReader?
        do { reader = try Evidence.reader(home) } catch { report.faults.append("the ledger cannot be read: \(error)") }
        var kept = KeptResults(home)
        var programs: [String: String] = [:]
        for layout in HookLayout.all where named.isEmpty || named.contains(layout.agent) {
            guard let adapter = Agents.adapter(layout.agent), let presence = AgentPresence.of(layout.agent) else {
                continue
            }
            let trace = presence.trace(home: home.home, path: path)
            let found = try examiner.examine(adapter, layout)
            if let program = trace.program { programs[layout.agent] = "\(program) \(lastChange(of: program))" }
            do {
                report.evidence[layout.agent] = try Evidence(layout.agent, in: reader, program: trace.program)
            } catch {
                report.faults.append("the ledger cannot be read: \(error)")
            }
            for level in kept.levels(of: layout.agent) where !found.contains(where: { $0.level == level }) {
                // Another project's results are not this one's loss.
                if level != "project" { report.worse += kept.drop(layout.agent, level: level) }
            }
            if found.isEmpty {
                if named.contains(layout.agent) {
                    report.missing.append(layout.agent)
                } else if trace.isFound {
                    report.unguarded.append(trace)
                }
            }
            report.examinations += found
        }
        report.worse += kept.merge(report.examinations, programs: programs, now: Moment.now)
        if !report.examinations.isEmpty {
            do {
                _ = try DaemonClient(home: home).control(.status, by: Deadline(after: 2_000))
            } catch {
                report.faults.append("no daemon answers at \(home.socket), although hooks were just played")
            }
        }
        try kept.write(home)
        report.warnings = examiner.surroundings()
        report.milliseconds = Int(Moment.now - begin)
        return report
    }

    // MARK: Printing

    var json: JSON {
        [
            "sound": .bool(isSound), "milliseconds": .integer(Int64(milliseconds)),
            "agents": .array(examinations.map { json(of: $0) }),
            "not_installed": .array(missing.map { .string($0) }),
            "unguarded": .array(unguarded.map { .string($0.agent) }),
            "regressions": .array(worse.map { .string($0) }), "faults": .array(faults.map { .string($0) }),
            "warnings": .array(warnings.map { .string($0) }),
        ]
    }

    private func json(of item: Examination) -> JSON {
        let seen = evidence[item.agent]?.events ?? [:]
        return [
            "agent": .string(item.agent), "level": .string(item.level), "sound": .bool(item.isSound),
            "files": .array(item.files.map { .string($0) }),
            "checks": .array(
                item.checks.map { check in
                    var value: JSON = [
                        "event": .string(check.event), "tool": .string(check.subject.rawValue), "mode": "simulated",
                        "outcome": .string(check.outcome.rawValue), "harmless": .string(check.harmless.rawValue),
                        "exit_code": .integer(Int64(check.exitCode)),
                        "milliseconds": .integer(Int64(check.milliseconds)),
                    ]
                    if !check.fault.isEmpty { value.set("fault", .string(check.fault)) }
                    return value
                }),
            "seen": .array(
                seen.sorted { $0.key < $1.key }.map { event, seen in
                    [
                        "event": .string(event), "last": .integer(seen.last),
                        "measured": seen.measured.map { .integer($0) } ?? .null,
                    ]
                }),
            "open_when_dead": .array(item.openWhenDead.map { .string($0) }),
            "faults": .array(item.faults.map { .string($0) }), "warnings": .array(item.warnings.map { .string($0) }),
        ]
    }

    func show() {
        for item in examinations { show(item) }
        for agent in missing { Terminal.line(Terminal.styled("\(agent): Writ is not installed", .red)) }
        for trace in unguarded {
            Terminal.line(
                Terminal.styled("\(trace.agent)", .bold)
                    + "  is on this machine without Writ: `writ install \(trace.agent)`")
        }
        for line in warnings { Terminal.line(Terminal.styled("! \(Terminal.harmless(line))", .yellow)) }
        for line in faults { Terminal.line(Terminal.styled("✗ \(Terminal.harmless(line))", .red)) }
        for line in worse { Terminal.line(Terminal.styled("✗ got worse: \(Terminal.harmless(line))", .red)) }
        let count = examinations.reduce(0) { $0 + $1.checks.count }
        if count == 0, missing.isEmpty {
            Terminal.line("Writ is installed for no agent; `writ init` does that.")
        } else {
            let sound = examinations.reduce(0) { $0 + $1.checks.count(where: \.isSound) }
            Terminal.line("\(sound) of \(count) canaries denied, in \(milliseconds) ms.")
        }
    }

    private func show(_ item: Examination) {
        Terminal.line(
            Terminal.styled(item.agent, .bold) + "  \(item.level)  "
                + Terminal.harmless(item.files.first ?? "") + (item.files.count > 1 ? " …" : ""))
        var events: [String] = []
        for check in item.checks where !events.contains(check.event) { events.append(check.event) }
        for event in events {
            let checks = item.checks.filter { $0.event == event }
            let seen = evidence[item.agent]?.events[event]
            let proof =
                seen?.measured.map { "measured \(Self.age($0)) ago" }
                ?? seen.map { "simulated, seen \(Self.age($0.last)) ago" } ?? "simulated, never seen"
            let slowest = checks.map(\.milliseconds).max() ?? 0
            let good = checks.filter(\.isSound).map(\.subject.rawValue)
            let head = "  \(event.padded(to: 22))"
            if !good.isEmpty {
                let mark = Terminal.styled("denied", .green)
                Terminal.line("\(head) \(mark) \(good.joined(separator: " "))  \(slowest) ms  \(proof)")
            }
            for check in checks where !check.isSound {
                let mark = Terminal.styled(check.outcome.rawValue, .red)
                let why = check.fault.isEmpty ? "exit code \(check.exitCode)" : Terminal.harmless(check.fault)
                Terminal.line("\(head) \(mark) \(check.subject.rawValue): \(why)")
            }
        }
        for fault in item.faults { Terminal.line(Terminal.styled("  ✗ \(Terminal.harmless(fault))", .red)) }
        for warning in item.warnings { Terminal.line(Terminal.styled("  ! \(Terminal.harmless(warning))", .yellow)) }
        if !item.openWhenDead.isEmpty {
            Terminal.line(Terminal.styled("  a dead or late hook lets calls through (the host's choice):", .red))
            Terminal.line(Terminal.styled("    \(item.openWhenDead.joined(separator: ", "))", .red))
        }
    }

    /// A span of time up to now, in the greatest unit that fits.
    static func age(_ time: Int64) -> String {
        let seconds = max(0, (Moment.now - time) / 1000)
        switch seconds {
        case ..<120: return "\(seconds) s"
        case ..<7_200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3600) h"
        default: return "\(seconds / 86_400) d"
        }
    }
}
