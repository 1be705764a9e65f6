// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritCEL
import WritCore
import WritGuard
import WritLedger
import WritPolicy
import WritScan
import WritWire

struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Write, check, test and compare policies.",
        discussion: """
            Exit codes: 0 done; 1 done, and the answer is no (warnings, a failed test, a loosened call); 2 it could not be \
            done (arguments, a file that cannot be read or does not load, no ledger).
            """,
        subcommands: [
            PolicyShow.self, PolicyNew.self, PolicyCheckCommand.self, PolicyTest.self, PolicyDiffCommand.self,
            PolicySuggest.self, PolicyUpgradeCommand.self, PolicyImportCommand.self, PolicyEval.self,
            PolicyConformance.self, PolicySchemaCommand.self, PolicyWaive.self, PolicyTrust.self, PolicyTeam.self,
            PolicySign.self,
        ])
}

private func set(of paths: [String], besidesDefault: Bool) throws -> PolicySet {
    try PolicyArguments.explained {
        try Engines.guardian(
            policies: try paths.map { try PolicyArguments.source($0) }, replacesDefault: !besidesDefault
        ).policies
    }
}

struct PolicyShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the policies in force, or the default ones as they ship.",
        discussion: """
            A policy in ~/.config/writ/policies with the name of a default one takes its place: print it with \
            --default NAME, change it, save it there. The policy `self-protection` always stays in force.
            """)

    @OptionGroup var home: HomeOptions

    @Flag(name: .customLong("default"), help: "Print the default policies.")
    var isDefault = false

    @Argument(help: "Only the policy of this name.", completion: Offer.policies)
    var name: String?

    func run() throws {
        if isDefault {
            let sources = DefaultPolicy.sources.filter { source in name.map { source.file.hasPrefix($0 + ".") } ?? true
            }
            guard !sources.isEmpty else {
                let names = DefaultPolicy.sources.map { String($0.file.prefix { $0 != "." }) }
                throw CommandFault(
                    "no default policy is named `\(name ?? "")`", hint: "there are \(names.joined(separator: ", "))")
            }
            for (index, source) in sources.enumerated() {
                if index > 0 { Terminal.line("---") }
                Terminal.line(String(decoding: source.bytes, as: UTF8.self).trimmingNewlines)
            }
            return
        }
        let policies = try MachinePolicies.load(home.resolve())
        let names = policies.layers.flatMap { $0.documents.map(\.name) }
        if let name, !names.contains(name) {
            throw CommandFault(
                "no policy in force is named `\(name)`", hint: "there are \(names.joined(separator: ", "))")
        }
        for layer in policies.layers {
            for document in layer.documents where name == nil || name == document.name {
                Terminal.line(
                    "\(layer.layer.name.padded(to: 13)) \(document.name.padded(to: 20)) \(document.rules.count) rules  \(document.file)"
                )
            }
        }
    }
}

struct PolicyNew: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Print a policy to start from.",
        discussion: """
            Example:
              writ policy new --template coding > ~/.config/writ/policy.yaml
            """)

    @Option(help: "coding, production, mcp or ci.", completion: Offer.templates)
    var template = "coding"

    func validate() throws {
        guard PolicyTemplate(rawValue: template) != nil else {
            throw ValidationError(
                "`\(template)` is no template; there are \(PolicyTemplate.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
    }

    func run() throws {
        guard let template = PolicyTemplate(rawValue: template) else { return try validate() }
        Terminal.line(template.text.trimmingNewlines)
    }
}

/// Recorded decisions, one after the other.
private func forEachRecord(of path: String?, home: WritHome, _ body: (JSON) -> Void) throws {
    let reader = try LedgerReader(at: path ?? home.ledger)
    var next: UInt64 = 0
    while true {
        let items = try reader.entries(from: next, limit: 4096)
        guard let last = items.last else { return }
        for item in items where item.entry.kind == .decision { body(try reader.resolved(item.entry).record) }
        next = last.index + 1
        Terminal.progress("replayed \(next) entries")
    }
}

struct PolicyDiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Say what a changed policy would have decided otherwise.",
        discussion: """
            Replays the recorded calls of a ledger through both policies. Records that lack what deciding needs are \
            counted as undecided, never as equal.

            Example:
              writ policy diff policy.yaml new.yaml --fail-on loosened
            """)

    @OptionGroup var home: HomeOptions

    @Option(
        help: ArgumentHelp("The ledger's folder; by default this machine's.", valueName: "folder"),
        completion: .directory)
    var traffic: String?

    @Option(
        help: ArgumentHelp(
            "Exit 1 when a call is `loosened`, anything `changed`, or a record is `undecided`; may be repeated.",
            valueName: "what"))
    var failOn: [Failure] = []

    /// What a review does not let pass.
    enum Failure: String, ExpressibleByArgument, CaseIterable {
        case loosened, changed, undecided
    }

    @Flag(help: "Leave the default policy out on both sides.")
    var noDefault = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    @Argument(help: "The policy as it is.", completion: .file())
    var old: String

    @Argument(help: "The policy as it would be.", completion: .file())
    var new: String

    func run() throws {
        var diff = PolicyDiff(
            old: try set(of: [old], besidesDefault: !noDefault), new: try set(of: [new], besidesDefault: !noDefault))
        try forEachRecord(of: traffic, home: home.resolve()) { diff.add($0) }
        Terminal.endProgress()
        Terminal.line(json ? diff.json.prettyText : Terminal.harmlessLines(diff.text))
        // A replay of nothing proves nothing, so that it is not taken for a good one it is said.
        if diff.records == 0 { Terminal.error("the ledger holds no recorded call: nothing was compared") }
        if diff.undecided > 0, !failOn.contains(.undecided) {
            Terminal.error(
                "\(diff.undecided) of \(diff.records) records lack what deciding needs; how they would be decided is not known"
            )
        }
        let hasFailed = failOn.contains { failure in
            switch failure {
            case .loosened: diff.hasLoosened
            case .changed: !diff.changes.isEmpty
            case .undecided: diff.undecided > 0
            }
        }
        if hasFailed { throw ExitCode(1) }
    }
}

struct PolicySuggest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suggest",
        abstract: "Propose the narrowest grants for what was denied or approved again and again.",
        discussion:
            "Prints a policy with tests for review; nothing is applied. What else it would have allowed follows.")

    @OptionGroup var home: HomeOptions

    @Option(
        help: ArgumentHelp("The ledger's folder; by default this machine's.", valueName: "folder"),
        completion: .directory)
    var traffic: String?

    @Option(
        help: ArgumentHelp(
            "How often a kind of operation must have been denied or approved, at least 1.", valueName: "count"))
    var minimum = 2

    func validate() throws {
        guard minimum >= 1 else { throw ValidationError("--minimum is at least 1") }
    }

    func run() throws {
        let home = try home.resolve()
        var records: [RequestRecord] = []
        try forEachRecord(of: traffic, home: home) { if let record = RequestRecord($0) { records.append(record) } }
        Terminal.endProgress()
        let suggestion = PolicySuggestion.make(try MachinePolicies.load(home), records, minimum: minimum)
        guard !suggestion.text.isEmpty else {
            Terminal.line("# nothing to suggest from \(records.count) recorded calls")
            return
        }
        Terminal.line(suggestion.text.trimmingNewlines)
        for line in suggestion.effect.text.split(separator: "\n") {
            Terminal.line("# " + Terminal.harmless(String(line)))
        }
        if let fault = suggestion.fault { Terminal.error("the suggestion does not load: \(fault)") }
    }
}

struct PolicyUpgradeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade", abstract: "Print the equivalent of a policy of dialect 1.0 in dialect 2.",
        discussion: "The literal rules stay; structural ones that close their gaps are added.")

    @Argument(help: "A policy of dialect 1.0.", completion: .file())
    var file: String

    func run() throws {
        let source = try PolicyArguments.source(file)
        let document = try PolicyArguments.explained { try PolicyDocument.read(source.bytes, file: file).document }
        guard document.dialect == .one else {
            throw CommandFault("\(file): is of dialect 2 already", hint: "nothing is to be done")
        }
        Terminal.line(PolicyUpgrade.text(document).trimmingNewlines)
    }
}

struct PolicyImportCommand: ParsableCommand {
    enum Origin: String, ExpressibleByArgument, CaseIterable {
        case rune, claude, codex, cursor, opencode

        /// What a file of this origin looks like.
        var expectation: String {
            switch self {
            case .rune: "it begins with the line `version: \"1.0\"`"
            case .claude: #"expected {"permissions": {"allow": ["Bash(git diff:*)"], "ask": [], "deny": []}}"#
            case .codex: #"expected prefix_rule(pattern = ["git", "status"], decision = "allow")"#
            case .cursor: #"expected {"permissions": {"allow": ["Shell(ls)"], "deny": []}}"#
            case .opencode: #"expected {"permission": {"edit": "ask", "bash": {"git push": "deny"}}}"#
            }
        }
    }

    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Print a policy made from what another tool was told.",
        discussion: "What could not be carried over is listed on standard error; read it.")

    @Option(
        help: ArgumentHelp(
            "rune (a flattened dialect 1.0 text too), claude (settings.json), codex (.rules), cursor, opencode.",
            valueName: "tool"))
    var from: Origin

    @Argument(help: "The file.", completion: .file())
    var file: String

    func run() throws {
        let source = try PolicyArguments.source(file)
        let text = String(decoding: source.bytes, as: UTF8.self)
        var imported: PolicyImport
        switch from {
        case .rune: imported = try PolicyArguments.explained { try PolicyImport.flattened(text) }
        case .codex: imported = PolicyImport.codex(text)
        case .claude, .cursor, .opencode:
            let settings: JSON
            do { settings = try JSON(parsing: source.bytes) } catch {
                throw CommandFault("\(file): is not JSON: \(error)", hint: "comments must be removed first")
            }
            switch from {
            case .opencode: imported = PolicyImport.opencode(settings)
            case .cursor: imported = PolicyImport.permissions(settings, of: .cursor)
            default: imported = PolicyImport.permissions(settings)
            }
        }
        if from != .rune { imported = imported.loading(Engines.policyOptions(key: .random())) }
        for line in imported.leftOut { Terminal.error(Terminal.harmless(line)) }
        if from == .rune {
            // Rebuilt line by line, so that what it says is only known when it is read.
            let rebuilt = PolicyLayer.Source(file: "import", bytes: Array(imported.text.utf8))
            _ = try PolicyArguments.explained {
                try PolicyLayer.load(.user, [rebuilt], options: Engines.policyOptions(key: .random()))
            }
        }
        guard imported.hasRules else {
            throw CommandFault("\(file): nothing in it could be carried over", hint: from.expectation)
        }
        Terminal.line(imported.text.trimmingNewlines)
    }
}

struct PolicyEval: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "Evaluate a CEL expression.",
        discussion: """
            Example:
              writ policy eval 'xs.exists(x, x > y)' --bindings '{"xs": [1, 2, 3], "y": 2}'
            """)

    @Option(help: "The variables, as one JSON object.")
    var bindings = "{}"

    @Argument(help: "The expression.")
    var expression: String

    func run() throws {
        let values: JSON
        do { values = try JSON(parsing: bindings) } catch { throw ValidationError("--bindings is not JSON: \(error)") }
        guard let members = values.members else {
            throw ValidationError("--bindings must be one JSON object, as in '{\"x\": 1}'")
        }
        var environment = CELEnvironment()
        var slots: [CELValue] = []
        for member in members {
            _ = environment.declare(member.key, .dyn)
            slots.append(CELValue(member.value))
        }
        do {
            let program = try CELProgram(expression, in: environment, expecting: nil)
            Terminal.line(try program.evaluate(slots, budget: CELProgram.defaultBudget).text(limit: 1 << 20))
        } catch {
            throw CommandFault("\(error)")
        }
    }
}

struct PolicyConformance: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance", abstract: "Run a file of the CEL conformance suite.",
        discussion: "Closes with `N passed, N failed`. Exits 1 when a test fails.")

    @Flag(help: "List all failures, not the first ten alone.")
    var verbose = false

    @Argument(help: "A JSON file of the suite.", completion: .file(extensions: ["json"]))
    var file: String

    func run() throws {
        let source = try PolicyArguments.source(file)
        let report: CELConformance.Report
        do {
            let suite = try JSON(parsing: source.bytes)
            guard suite.array != nil else { throw CommandFault("\(file): is no list of tests") }
            report = CELConformance.run(suite)
        } catch let error as JSONError {
            throw CommandFault("\(file): is not JSON: \(error)")
        }
        let shown = verbose ? report.failures.count : min(report.failures.count, 10)
        for failure in report.failures.prefix(shown) {
            Terminal.line(
                Terminal.harmless("failed \(failure.test): \(failure.expression.prefix(200)): \(failure.message)"))
        }
        if shown < report.failures.count {
            Terminal.line("… and \(report.failures.count - shown) more; --verbose lists them all")
        }
        Terminal.line("\(report.passed) passed, \(report.failed) failed")
        if report.failed > 0 { throw ExitCode(1) }
    }
}

struct PolicySchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the JSON Schema of policies, for editors.")

    func run() {
        Terminal.line(PolicySchema.jsonSchema.prettyText)
    }
}
