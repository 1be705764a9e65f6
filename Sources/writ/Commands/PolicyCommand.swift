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
        subcommands: [
            PolicyShow.self, PolicyNew.self, PolicyCheckCommand.self, PolicyTest.self, PolicyDiffCommand.self,
            PolicySuggest.self, PolicyUpgradeCommand.self, PolicyImportCommand.self, PolicyEval.self,
            PolicyConformance.self, PolicySchemaCommand.self, PolicyWaive.self, PolicyTrust.self, PolicyTeam.self,
            PolicySign.self,
        ])
}

/// The layer that a policy file says it belongs to.
private func layer(of source: PolicyLayer.Source) throws -> Layer {
    try PolicyArguments.explained {
        try PolicyDocument.read(source.bytes, file: source.file).document.layer?.value ?? .user
    }
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
            A policy in ~/.config/writ/policies with the name of a default one takes its place: print it with
            --default NAME, change it, save it there. The policy `self-protection` always stays in force.
            """)

    @OptionGroup var home: HomeOptions

    @Flag(name: .customLong("default"), help: "Print the default policies.")
    var isDefault = false

    @Argument(help: "Only the policy of this name.")
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
        discussion: "Example: writ policy new --template coding > ~/.config/writ/policy.yaml")

    @Option(help: "coding, production, mcp or ci.")
    var template = "coding"

    func run() throws {
        guard let template = PolicyTemplate(rawValue: template) else {
            throw ValidationError(
                "`\(template)` is no template; there are \(PolicyTemplate.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        Terminal.line(template.text.trimmingNewlines)
    }
}

struct PolicyCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check policies: schema, types, examples, tests, and rules that cannot do what they say.",
        discussion: """
            Exits 0 when there is nothing to say, 1 on warnings or failing tests, 2 when a policy does not load. The
            report names also which parts the installed version enforces, and where.

            Example: writ policy check policy.yaml --sarif > policy.sarif
            """)

    @Flag(help: "Print the report as JSON.")
    var json = false

    @Flag(help: "Print the report as SARIF 2.1.0.")
    var sarif = false

    @Option(help: "The layer that the files are checked as; by default what they say themselves.")
    var layer: String?

    @Argument(help: "Policy files.", completion: .file(extensions: ["yaml", "yml"]))
    var files: [String]

    func run() throws {
        var worst: Int32 = 0
        let options = Engines.policyOptions(key: .random())
        let above = try PolicyArguments.explained {
            [
                try PolicyLayer.load(
                    .builtin, DefaultPolicy.sources,
                    options: Engines.policyOptions(key: .random(), checksExamples: false))
            ]
        }
        var checks: [WritPolicy.PolicyCheck] = []
        for file in files {
            let source = try PolicyArguments.source(file)
            var place = Layer.user
            if let named = layer {
                guard let found = Layer(name: named) else { throw ValidationError("`\(named)` is no layer") }
                place = found
            } else {
                do { place = try PolicyDocument.read(source.bytes, file: file).document.layer?.value ?? .user } catch {
                    // The check itself says what is wrong, with places.
                }
            }
            let check = WritPolicy.PolicyCheck.run(
                place, [source], above: above, options: options, now: Moment.now / 1000)
            worst = max(worst, check.exitCode)
            checks.append(check)
            if !sarif, !json { Terminal.line(check.text.trimmingNewlines) }
        }
        if sarif { Terminal.line(WritPolicy.PolicyCheck.sarif(checks).prettyText) }
        // One document whatever the number of files; of one file, its own object.
        if json, !sarif {
            Terminal.line((checks.count == 1 ? checks[0].json : .array(checks.map(\.json))).prettyText)
        }
        if worst > 0 { throw ExitCode(worst) }
    }
}

struct PolicyTest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Run the tests that policies carry.",
        discussion: "Each policy is tested alone, with the engine that enforces it. Exits 1 when a test fails.")

    @Flag(help: "Print the result as JSON.")
    var json = false

    @Argument(help: "Policy files.", completion: .file(extensions: ["yaml", "yml"]))
    var files: [String]

    func run() throws {
        var failures = 0
        var passed = 0
        for file in files {
            let source = try PolicyArguments.source(file)
            let report = try PolicyArguments.explained {
                PolicyTests.run(
                    try PolicyLayer.load(
                        try layer(of: source), [source], options: Engines.policyOptions(key: .random())))
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
            for failure in report.failures { Terminal.line(failure.description) }
            if !report.unexercised.isEmpty {
                Terminal.line("\(file): no test reaches \(report.unexercised.joined(separator: ", "))")
            }
        }
        if !json { Terminal.line("\(passed) passed, \(failures) failed") }
        if failures > 0 { throw ExitCode(1) }
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
            Replays the recorded calls of a ledger through both policies.

            Example: writ policy diff policy.yaml new.yaml --fail-on loosened
            """)

    @OptionGroup var home: HomeOptions

    @Option(help: "The ledger's folder; by default this machine's.", completion: .directory)
    var traffic: String?

    @Option(help: "Exit 1 when a call is `loosened` or anything `changed`.")
    var failOn: String?

    @Flag(help: "Leave the default policy out on both sides.")
    var noDefault = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    @Argument(help: "The policy as it is.", completion: .file())
    var old: String

    @Argument(help: "The policy as it would be.", completion: .file())
    var new: String

    func run() throws {
        if let failOn, failOn != "loosened", failOn != "changed" {
            throw ValidationError("--fail-on takes `loosened` or `changed`")
        }
        var diff = PolicyDiff(
            old: try set(of: [old], besidesDefault: !noDefault), new: try set(of: [new], besidesDefault: !noDefault))
        try forEachRecord(of: traffic, home: home.resolve()) { diff.add($0) }
        Terminal.endProgress()
        Terminal.line(json ? diff.json.prettyText : Terminal.harmlessLines(diff.text))
        if failOn == "loosened", diff.hasLoosened { throw ExitCode(1) }
        if failOn == "changed", !diff.changes.isEmpty { throw ExitCode(1) }
    }
}

struct PolicySuggest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suggest",
        abstract: "Propose the narrowest grants for what was denied or approved again and again.",
        discussion:
            "Prints a policy with tests for review; nothing is applied. What else it would have allowed follows.")

    @OptionGroup var home: HomeOptions

    @Option(help: "The ledger's folder; by default this machine's.", completion: .directory)
    var traffic: String?

    @Option(help: "How often a kind of operation must have been denied or approved.")
    var minimum = 2

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

    @Option(help: "rune (a flattened dialect 1.0 text too), claude (settings.json), codex (.rules), cursor, opencode.")
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
            imported = from == .opencode ? PolicyImport.opencode(settings) : PolicyImport.permissions(settings)
        }
        if from != .rune { imported = imported.loading(Engines.policyOptions(key: .random())) }
        for line in imported.leftOut { Terminal.error(Terminal.harmless(line)) }
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
            Example: writ policy eval 'xs.exists(x, x > y)' --bindings '{"xs": [1, 2, 3], "y": 2}'
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
        do { report = CELConformance.run(try JSON(parsing: source.bytes)) } catch {
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
