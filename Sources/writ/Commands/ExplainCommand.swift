// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritAgents
import WritCore
import WritDaemon
import WritGuard
import WritLedger
import WritPolicy
import WritScan
import WritWire

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say why a call was decided as it was, and what would be allowed instead.",
        discussion: """
            The id is the one in `writ log`; its last eight characters are enough. The decision is repeated under the \
            policies in force now, rule by rule; when they say something else today, that is said.

            A call that was never made can be explained too, from a file: {"tool": "Bash", "args": {"command": "ls"}, \
            "cwd": "/srv/project", "agent": "claude-code", "profile": "production"}. All but `args` may be missing.

            Examples:
              writ explain 4f1c22ab
              writ explain call.json
            """)

    @OptionGroup var home: HomeOptions

    @Flag(help: "Show also the rules that did not apply, each with the first thing that did not fit.")
    var all = false

    @Flag(help: "Print the record and the trace as JSON.")
    var json = false

    @Argument(
        help: "The id of a decision, or a file (`x.json`, or a path with `/`) that holds a call.",
        completion: Offer.decisionsOrFiles)
    var id: String

    func run() throws {
        let home = try home.resolve()
        // No id has a point or a slash in it.
        if id.hasSuffix(".json") || id.contains("/") { return try explainFile(home) }
        let reader = try LedgerReader(at: home.ledger)
        let entry = try reader.resolved(try LedgerLookup.entry(id, in: reader))
        guard let record = RequestRecord(entry.record) else {
            Terminal.line(EntryText.line(entry))
            Terminal.line("this entry records no decision that can be repeated")
            return
        }
        let (decision, trace) = try MachinePolicies.load(home).decideTraced(record.request)
        if json {
            print([.init("entry", entry.json)], record.request, decision, trace)
            return
        }
        Terminal.line(EntryText.line(entry))
        if !entry.message.isEmpty { Terminal.line(Terminal.harmless(entry.message)) }
        print(record.request, trace, because: entry.record["profile"]?["because"]?.string)
        if decision.verdict != record.verdict {
            Terminal.line()
            Terminal.line("Under the policies in force now the answer would be \(decision.verdict.name).")
        }
    }

    /// Judges a call as ``Decide`` does, by the policies in force on the machine.
    private func explainFile(_ home: WritHome) throws {
        let source = try PolicyArguments.source(id)
        let fields: JSON
        do { fields = try JSON(parsing: source.bytes) } catch { throw CommandFault("\(id): is not JSON: \(error)") }
        guard fields.members != nil, let arguments = fields["args"], arguments.members != nil else {
            throw CommandFault("\(id): holds no call", hint: #"expected {"tool": "Bash", "args": {"command": "ls"}}"#)
        }
        let guardian = Guard(
            policies: try MachinePolicies.load(home), detectors: try Engines.detectors(),
            packages: try Engines.packageIndex().map { SupplyChain(index: $0) }, key: .random())
        var surroundings = Guard.Surroundings(user: "dev")
        surroundings.facts.environment.profile = fields["profile"]?.string ?? "prototyping"
        let call = Agents.call(
            of: fields["tool"]?.string ?? "Bash", arguments, agent: fields["agent"]?.string ?? "claude-code",
            workingDirectory: fields["cwd"]?.string ?? "/home/dev/project", home: "/home/dev")
        let judgement = guardian.judge(call, session: SessionState(), in: surroundings)
        let (_, trace) = guardian.policies.decideTraced(judgement.request)
        if json {
            print([], judgement.request, judgement.decision, trace)
            return
        }
        Terminal.line(EntryText.verdict(judgement.decision.verdict).trimmingBlanks)
        if !judgement.decision.message.isEmpty { Terminal.line(Terminal.harmless(judgement.decision.message)) }
        print(judgement.request, trace, because: nil)
    }

    /// For programs.
    private func print(
        _ head: [JSON.Member], _ request: PolicyRequest, _ decision: Decision, _ trace: DecisionTrace
    ) {
        Terminal.line(
            JSON.object(
                head + [
                    .init("profile", .string(request.facts.environment.profile)),
                    .init("verdict_now", .string(decision.verdict.name)),
                    .init("alternatives", .array(trace.alternatives.map { .string($0) })),
                    .init(
                        "trace",
                        .array(
                            trace.steps.filter { all || $0.applies }.map { step in
                                [
                                    "rule": .string(step.rule), "action": .string(step.action),
                                    "operation": step.operation.map { .integer(Int64($0)) } ?? .null,
                                    "applies": .bool(step.applies), "because": .string(step.because),
                                    "file": .string(step.file), "line": .integer(Int64(step.mark.line)),
                                ]
                            })),
                ]
            ).prettyText)
    }

    /// For people.
    private func print(_ request: PolicyRequest, _ trace: DecisionTrace, because: String?) {
        let facts = request.facts
        let environment = facts.environment
        if !environment.profile.isEmpty {
            let because = because.map { "  (\($0))" } ?? ""
            section("Profile")
            Terminal.line("  \(Terminal.harmless(environment.profile + because))")
        }
        if facts.writ.present {
            section("Writ")
            Terminal.line("  \(Terminal.harmless("\(facts.task.id)  \(facts.task.intent)"))")
            Terminal.line("  of \(Terminal.harmless(facts.user.id)), link by link:")
            for link in facts.writ.chain { Terminal.line("  \(Terminal.harmless(link))") }
        }
        section("Operations")
        for (index, operation) in request.operations.enumerated() {
            Terminal.line("  \(index)  \(OperationText.line(operation))")
        }
        if request.operations.isEmpty { Terminal.line("  none: judged as \(request.call.tool.canonicalName)") }
        if !request.findings.isEmpty {
            section("Findings")
            for finding in request.findings {
                Terminal.line("  \(finding.scanner)/\(finding.rule)  \(Terminal.harmless(finding.message))")
            }
        }
        section("Rules")
        let steps = trace.steps.filter { all || $0.applies }
        for step in steps {
            let mark = step.applies ? Terminal.styled(step.action, .yellow) : Terminal.styled("no", .dim)
            let place = step.operation.map { " on \($0)" } ?? ""
            Terminal.line("  \(mark)\(place)  \(step.rule)  \(Terminal.harmless(step.because))")
        }
        for base in trace.bases where base.verdict > .allow || all {
            Terminal.line("  \(base.verdict.name) on \(base.operation)  \(base.id)")
        }
        if steps.isEmpty, !trace.bases.contains(where: { $0.verdict > .allow }) {
            Terminal.line("  no rule applies; what no rule covers is allowed and recorded")
        }
        if !trace.alternatives.isEmpty {
            section("What would be allowed")
            for alternative in trace.alternatives { Terminal.line("  \(Terminal.harmless(alternative))") }
        }
    }

    private func section(_ title: String) {
        Terminal.line()
        Terminal.line(Terminal.styled(title, .bold))
    }
}

/// Finds entries by what people type of their ids.
enum LedgerLookup {
    /// The entry with this id, or the only one whose id ends so.
    static func entry(_ id: String, in reader: LedgerReader) throws -> LedgerEntry {
        var query = LedgerQuery()
        query.id = id
        query.limit = 1
        if let exact = try reader.entries(matching: query).first { return exact.entry }
        query.id = nil
        query.limit = 100_000
        query.newestFirst = true
        let matching = try reader.entries(matching: query).filter { $0.entry.id.hasSuffix(id) }
        guard let first = matching.first, id.count >= 4 else {
            throw CommandFault("no entry has the id `\(id)`", hint: "`writ log` shows the ids")
        }
        guard matching.count == 1 else {
            throw CommandFault("\(matching.count) entries end in `\(id)`", hint: "give more of the id")
        }
        return first.entry
    }
}

/// The policies in force on this machine, for commands that repeat decisions.
enum MachinePolicies {
    static func load(_ home: WritHome) throws -> PolicySet {
        let (policies, faults) = PolicyReading.policies(of: home)
        for fault in faults { Terminal.error(Terminal.harmless(fault)) }
        return policies
    }
}
