// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritAgents
import WritCore
import WritGuard
import WritPolicy
import WritScan

struct PolicyCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check policies: schema, types, examples, tests, and rules that cannot do what they say.",
        discussion: """
            Exits 0 when there is nothing to say, 1 on warnings or failing tests, 2 when a policy cannot be read or does \
            not load. The report names also which parts the installed version enforces, and where; with --host, the rules \
            that an agent's host cannot honour.

            Example:
              writ policy check policy.yaml --sarif > policy.sarif
            """)

    @Flag(help: "Print the report as JSON.")
    var json = false

    @Flag(help: "Print the report as SARIF 2.1.0.")
    var sarif = false

    @Option(
        help: "The layer that the files are checked as; by default what they say themselves.",
        completion: Offer.layers)
    var layer: String?

    @Option(
        help: ArgumentHelp(
            "Report also what the host of this agent cannot do; `writ agents` lists them.", valueName: "agent"),
        completion: Offer.agents)
    var host: String?

    @Argument(help: "Policy files.", completion: .file(extensions: ["yaml", "yml"]))
    var files: [String]

    func validate() throws {
        guard !json || !sarif else { throw ValidationError("choose one of --json and --sarif") }
        if let layer, Layer(name: layer) == nil { throw ValidationError("`\(layer)` is no layer") }
        if let host, Agents.adapter(host) == nil {
            throw ValidationError(
                "`\(host)` is no agent; there are \(Agents.all.map(\.kind).joined(separator: ", "))")
        }
    }

    func run() throws {
        let options = Engines.policyOptions(key: .random())
        let above = try PolicyArguments.explained {
            [
                try PolicyLayer.load(
                    .builtin, DefaultPolicy.sources,
                    options: Engines.policyOptions(key: .random(), checksExamples: false))
            ]
        }
        let profile = host.flatMap { Agents.adapter($0) }.map(HostReport.profile)
        var checks: [WritPolicy.PolicyCheck] = []
        for file in files {
            let check: WritPolicy.PolicyCheck
            do {
                let source = try PolicyArguments.source(file)
                check = WritPolicy.PolicyCheck.run(
                    layer.flatMap(Layer.init(name:)) ?? PolicyArguments.statedLayer(of: source), [source], above: above,
                    options: options, now: Moment.now / 1000, host: profile)
            } catch let fault as CommandFault {
                // The other files are still checked, and a program that reads the report learns of this one.
                check = WritPolicy.PolicyCheck(refused: [PolicyArguments.unreadable(file, fault)])
            }
            checks.append(check)
            if !sarif, !json { Terminal.line(Terminal.harmlessLines(check.text.trimmingNewlines)) }
        }
        if sarif { Terminal.line(WritPolicy.PolicyCheck.sarif(checks).prettyText) }
        // One document whatever the number of files; of one file, its own object.
        if json { Terminal.line((checks.count == 1 ? checks[0].json : .array(checks.map(\.json))).prettyText) }
        if let worst = checks.map(\.exitCode).max(), worst > 0 { throw ExitCode(worst) }
    }
}

/// What the analysis of policies may count on of an agent's host.
enum HostReport {
    /// A host can do what it can on every event of a phase that Writ is installed for. In a phase without one it can do
    /// nothing: what never reaches Writ cannot be held back.
    static func profile(_ adapter: any AgentAdapter) -> PolicyAnalysis.HostProfile {
        let moments: [(Phase, Call.Event)] = [(.input, .prompt), (.toolCall, .beforeTool), (.toolResponse, .afterTool)]
        var capabilities: [Phase: HostCapabilities] = [:]
        for (phase, moment) in moments {
            let rows = adapter.events.filter { $0.canonical == moment && $0.isInstalled }
            func can(_ ability: (EventCapability) -> Bool) -> Bool { !rows.isEmpty && rows.allSatisfy(ability) }
            capabilities[phase] = HostCapabilities(
                canBlock: can(\.canBlock), canAsk: can(\.canAsk), canReplaceContent: can(\.canReplaceOutput),
                canAddContext: can(\.canAddContext))
        }
        return PolicyAnalysis.HostProfile(name: adapter.kind, capabilities: capabilities)
    }
}

struct PolicyTest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Run the tests that policies carry.",
        discussion: """
            Each policy is tested alone, with the engine that enforces it; each row of a table counts as a test. Exits 1 \
            when a test fails, 2 when a policy cannot be read or does not load; the others are tested all the same.
            """)

    @Flag(help: "Print the result as JSON, one object a line for each file.")
    var json = false

    @Argument(help: "Policy files.", completion: .file(extensions: ["yaml", "yml"]))
    var files: [String]

    func run() throws {
        var failures = 0
        var passed = 0
        var unread = 0
        for file in files {
            let report: PolicyTestReport
            do {
                let source = try PolicyArguments.source(file)
                let layer = try PolicyLayer.load(
                    PolicyArguments.statedLayer(of: source), [source], options: Engines.policyOptions(key: .random()))
                report = PolicyTests.run(layer)
            } catch {
                let errors =
                    (error as? PolicyErrors)?.errors
                    ?? (error as? CommandFault).map { [PolicyArguments.unreadable(file, $0)] }
                guard let errors else { throw error }
                unread += 1
                if json {
                    Terminal.line(
                        JSON.object([
                            .init("file", .string(file)),
                            .init("errors", .array(errors.map { .string($0.description) })),
                        ]).text)
                } else {
                    for fault in errors { Terminal.error(Terminal.harmless(fault.description)) }
                }
                continue
            }
            passed += report.passed
            failures += report.failures.count
            if json {
                Terminal.line(
                    JSON.object([
                        .init("file", .string(file)), .init("passed", .integer(Int64(report.passed))),
                        .init("failures", .array(report.failures.map { .string($0.description) })),
                        .init("unexercised", .array(report.unexercised.map { .string($0) })),
                    ]).text)
                continue
            }
            for failure in report.failures { Terminal.line(Terminal.harmless(failure.description)) }
            if !report.unexercised.isEmpty {
                Terminal.line("\(file): no test reaches \(report.unexercised.joined(separator: ", "))")
            }
        }
        if !json {
            let rest = unread == 0 ? "" : ", \(unread) of \(files.count) files not tested"
            Terminal.line("\(passed) passed, \(failures) failed\(rest)")
        }
        if unread > 0 { throw ExitCode(2) }
        if failures > 0 { throw ExitCode(1) }
    }
}
