// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritAgents
import WritCore
import WritWire

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Find the agents on this machine, guard them, and prove it.",
        discussion: """
            Looks for agents' programs on PATH and for their folders in your home, shows what it would add to whose \
            settings, asks, installs at user level, and plays canaries through every hook (`writ doctor`). It ends with \
            what is protected and what is not. `writ uninstall --all` takes everything out again, byte for byte where \
            nobody has edited the files since.

            Exit codes:
              0  every agent that was found is protected
              1  something is not, or you said no
              2  it could not be done: arguments that make no sense, a home that is not there

            Examples:
              writ init
              writ init --dry-run
              writ init --yes --json
            """)

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @Flag(help: "Say what would be done, and do nothing.")
    var dryRun = false

    @OptionGroup var person: PersonOption

    @Flag(help: "Print one JSON object; asks nothing, so it needs --yes or --dry-run.")
    var json = false

    func validate() throws {
        guard !json || yes || dryRun else { throw ValidationError("--json goes with --yes or --dry-run") }
    }

    func run() throws {
        let home = try person.resolve()
        guard access(home.home, X_OK) == 0 else {
            throw CommandFault("the home `\(home.home)` does not exist", hint: "name an existing folder with --home")
        }
        let hook = try PersonHome.hook()
        guard access(hook, X_OK) == 0 else {
            throw CommandFault(
                "the hook is missing: `\(hook)` cannot be run", hint: "build or install `writ-hook` beside `writ` first"
            )
        }
        let path = Examiner.environment["PATH"] ?? ""
        let traces = AgentPresence.all.map { $0.trace(home: home.home, path: path) }.filter(\.isFound)
        guard !traces.isEmpty else {
            if json {
                Terminal.line(JSON.object([.init("agents", [])]).text)
            } else {
                Terminal.line("No agent was found on this machine; `writ install AGENT` installs for one all the same.")
            }
            return
        }
        var installers: [Installer] = []
        var plans: [(trace: AgentPresence.Trace, report: InstallReport?, fault: String)] = []
        for trace in traces {
            guard let layout = HookLayout.of(trace.agent) else { continue }
            let installer = try Installer(layout, hook: hook, home: home)
            do throws(SettingsFault) {
                plans.append((trace, try installer.planInstall(.user), ""))
                installers.append(installer)
            } catch {
                plans.append((trace, nil, error.description))
            }
        }
        if !json { for plan in plans { show(plan.trace, plan.report, plan.fault) } }
        if dryRun {
            if json { Terminal.line(planned(plans).text) }
            return
        }
        let hasWork = plans.contains { $0.report?.isNoop == false }
        if hasWork, !yes, !ask("Put Writ's hook into these settings? [y/N] ") {
            Terminal.line("nothing was changed")
            throw ExitCode(1)
        }
        var faults = plans.filter { !$0.fault.isEmpty }.map { "\($0.trace.agent): \($0.fault)" }
        var advice: [String] = []
        for installer in installers {
            do throws(SettingsFault) {
                advice += try installer.install(.user).advice
            } catch {
                faults.append("\(installer.layout.agent): \(error.description)")
            }
        }
        let doctor = try DoctorReport.make(traces.map(\.agent), home: home, directory: home.home)
        if json {
            var out = planned(plans)
            out.set("doctor", doctor.json)
            out.set("faults", .array(faults.map { .string($0) }))
            out.set("advice", .array(advice.map { .string($0) }))
            Terminal.line(out.text)
        } else {
            end(traces, doctor, faults, advice)
        }
        if !doctor.isSound || !faults.isEmpty { throw ExitCode(1) }
    }

    private func show(_ trace: AgentPresence.Trace, _ report: InstallReport?, _ fault: String) {
        let why = trace.program ?? trace.folders.first ?? ""
        Terminal.line("\(Terminal.styled(trace.agent.padded(to: 14), .bold))\(Terminal.harmless(why))")
        if !fault.isEmpty { Terminal.line(Terminal.styled("  ✗ \(Terminal.harmless(fault))", .red)) }
        for plan in report?.files ?? [] {
            let verb = plan.isNoop ? "already in" : plan.createsFile ? "would make" : "would change"
            Terminal.line("  \(verb) \(Terminal.harmless(plan.file)) (\(plan.changes.count) entries)")
            for note in plan.notes { Terminal.line(Terminal.styled("  ! \(note)", .yellow)) }
        }
    }

    private func end(
        _ traces: [AgentPresence.Trace], _ doctor: DoctorReport, _ faults: [String], _ advice: [String]
    ) {
        Terminal.line()
        for trace in traces {
            let own = doctor.examinations.filter { $0.agent == trace.agent }
            let count = own.reduce(0) { $0 + $1.checks.count }
            if !own.isEmpty, own.allSatisfy(\.isSound) {
                let dead = own.flatMap(\.openWhenDead).isEmpty ? "" : "; a dead hook lets calls through there"
                Terminal.line(
                    Terminal.styled("protected", .green) + "      \(trace.agent): \(count) canaries denied\(dead)")
            } else {
                Terminal.line(
                    Terminal.styled("not protected", .red) + "  \(trace.agent): see `writ doctor \(trace.agent)`")
            }
        }
        for fault in faults { Terminal.line(Terminal.styled("✗ \(Terminal.harmless(fault))", .red)) }
        for line in advice { Terminal.line(Terminal.styled("! \(line)", .yellow)) }
        for line in doctor.warnings { Terminal.line(Terminal.styled("! \(Terminal.harmless(line))", .yellow)) }
        Terminal.line("Undo with `writ uninstall --all`; look with `writ status`; start a new session of each agent.")
    }

    private func planned(_ plans: [(trace: AgentPresence.Trace, report: InstallReport?, fault: String)]) -> JSON {
        [
            "dry_run": .bool(dryRun),
            "agents": .array(
                plans.map { plan in
                    [
                        "agent": .string(plan.trace.agent),
                        "program": plan.trace.program.map { .string($0) } ?? .null,
                        "changes": .bool(plan.report?.isNoop == false), "fault": .string(plan.fault),
                        "files": .array((plan.report?.files ?? []).map { .string($0.file) }),
                    ]
                }),
        ]
    }

    /// Asks the person at the terminal; silence and everything but a yes is a no.
    private func ask(_ question: String) -> Bool {
        guard isatty(0) == 1 else {
            Terminal.error("nobody can be asked here", hint: "run it in a terminal, or with --yes")
            return false
        }
        Terminal.write(question, to: 1)
        guard let answer = readLine(strippingNewline: true) else { return false }
        return ["y", "yes"].contains(answer.lowercased())
    }
}
