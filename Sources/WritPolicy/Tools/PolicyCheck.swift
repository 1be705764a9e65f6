// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// Everything that `writ policy check` says about a policy.
public struct PolicyCheck: Sendable {
    public var errors: [PolicyError]
    public var notes: [PolicyNote]
    public var findings: [PolicyFinding]
    /// Nil when the policy does not load.
    public var tests: PolicyTestReport?
    /// Which parts of the policy the installed version enforces, and where.
    public var enforcement: [String]

    /// Checks the policies of one layer.
    ///
    /// - Parameters:
    ///   - above: layers that are in force above it, for shadowing.
    ///   - now: seconds since 1970.
    public static func run(
        _ layer: Layer, _ sources: [PolicyLayer.Source], above: [PolicyLayer] = [],
        options: PolicyOptions = PolicyOptions(), now: Int64 = 0, host: PolicyAnalysis.HostProfile? = nil
    ) -> PolicyCheck {
        do throws(PolicyErrors) {
            let loaded = try PolicyLayer.load(layer, sources, options: options)
            let findings = PolicyAnalysis.run(above + [loaded], now: now, host: host)
            let files = Set(loaded.documents.map(\.file))
            return PolicyCheck(
                errors: [], notes: loaded.notes, findings: findings.filter { files.contains($0.file) },
                tests: PolicyTests.run(loaded), enforcement: enforcement(of: loaded))
        } catch {
            return PolicyCheck(errors: error.errors, notes: [], findings: [], tests: nil, enforcement: [])
        }
    }

    /// The check of files that could not even be tried, because they cannot be read.
    public init(refused errors: [PolicyError]) {
        self.init(errors: errors, notes: [], findings: [], tests: nil, enforcement: [])
    }

    init(
        errors: [PolicyError], notes: [PolicyNote], findings: [PolicyFinding], tests: PolicyTestReport?,
        enforcement: [String]
    ) {
        self.errors = errors
        self.notes = notes
        self.findings = findings
        self.tests = tests
        self.enforcement = enforcement
    }

    /// 0: nothing to say but notes; 1: warnings, or tests that fail; 2: the policy does not load.
    public var exitCode: Int32 {
        if !errors.isEmpty { return 2 }
        return findings.contains { $0.level == .warning } || tests?.isGood == false ? 1 : 0
    }

    /// What the engine decides itself, and what it can only hand on to another part of Writ.
    static func enforcement(of layer: PolicyLayer) -> [String] {
        var out: [String] = []
        for document in layer.documents {
            let scanners = Set(document.rules.compactMap(\.scanner?.name)).subtracting(["tool_call"]).sorted()
            if !scanners.isEmpty {
                out.append("scanners (\(scanners.joined(separator: ", "))): on the findings of the installed detectors")
            }
            if document.egress != nil {
                out.append("egress: on the hosts that a call names; what a program connects to by itself is not seen")
            }
            if document.mcp != nil {
                out.append("mcp: on calls, by server and tool; definitions, identities and lists of tools not yet")
            }
            if !document.budgets.isEmpty || document.rules.contains(where: { $0.limits != nil }) {
                let meters = document.budgets.compactMap(\.meter)
                out.append(
                    "budgets and limits: counts, in accounts that the daemon keeps"
                        + (document.budgets.contains { $0.per == "writ" }
                            ? "; per writ, for every link above, and without a writ per session" : "")
                        + (meters.isEmpty ? "" : "; nothing measures `\(meters[0])` yet, so it never runs out"))
            }
            if !document.flows.isEmpty {
                out.append("flows: on the labels that the daemon keeps for the session; `clear` by `writ flow clear`")
            }
            if !document.gates.isEmpty {
                out.append(
                    "approvals: `user:` is checked on this machine; what needs a role, a group, several people or more than a "
                        + "terminal is refused"
                )
            }
            if !document.profiles.isEmpty || document.rules.contains(where: { $0.match.environment != nil }) {
                let others = Set(document.profiles.map(\.name)).subtracting(["prototyping", "guarded", "production"])
                out.append(
                    "profiles: from the machine's settings and the repository; `writ profile` shows which"
                        + (others.isEmpty ? "" : "; nothing chooses `\(others.sorted()[0])`"))
            }
            if document.profiles.contains(where: { $0.writ == .required || $0.maximumRevocationAge != nil }) {
                out.append(
                    "delegations: on the writ that a person has bound to the session; where one is required and none is "
                        + "bound, every call is denied")
            }
            let obligations = Set(document.rules.flatMap { $0.obligations.map(\.word) })
                .subtracting(["annotate", "redact", "taint"]).sorted()
            if !obligations.isEmpty {
                out.append("obligations (\(obligations.joined(separator: ", "))): recorded, not carried out yet")
            }
        }
        return out
    }

    /// Lines for people.
    public var text: String {
        var lines = errors.map(\.description) + notes.map(\.description) + findings.map(\.description)
        if let tests {
            lines += tests.failures.map(\.description)
            let total = tests.passed + tests.failures.count
            lines.append(
                "\(Self.counted(total, "test")), \(tests.failures.count) failed; \(tests.unexercised.count) of \(Self.counted(tests.rules, "rule")) without a test"
            )
        }
        lines += enforcement.map { "enforced: \($0)" }
        if errors.isEmpty {
            let warnings = findings.filter { $0.level == .warning }.count
            let rest = notes.count + findings.count - warnings
            lines.append("loads; \(Self.counted(warnings, "warning")), \(Self.counted(rest, "note"))")
        } else {
            lines.append("does not load: \(Self.counted(errors.count, "error"))")
        }
        return lines.joined(separator: "\n")
    }

    private static func counted(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    /// One SARIF log of several checks.
    public static func sarif(_ checks: [PolicyCheck]) -> JSON {
        var log = PolicyCheck.log([])
        log.set("runs", .array(checks.flatMap { $0.sarif["runs"]?.array ?? [] }))
        return log
    }

    /// For programs.
    public var json: JSON {
        func place(_ file: String, _ mark: SourceMark?) -> [JSON.Member] {
            var members = [JSON.Member("file", .string(file))]
            if let mark {
                members.append(JSON.Member("line", .integer(Int64(mark.line))))
                members.append(JSON.Member("column", .integer(Int64(mark.column))))
            }
            return members
        }
        func optional(_ key: String, _ text: String?) -> [JSON.Member] {
            text.map { [JSON.Member(key, .string($0))] } ?? []
        }
        return .object([
            JSON.Member("ok", .bool(errors.isEmpty)),
            JSON.Member(
                "errors",
                .array(
                    errors.map {
                        .object(
                            [
                                JSON.Member("code", .string($0.code.rawValue)),
                                JSON.Member("message", .string($0.message)),
                            ]
                                + place($0.file, $0.at) + optional("hint", $0.hint))
                    })),
            JSON.Member(
                "notes",
                .array(
                    notes.map {
                        .object(
                            [
                                JSON.Member("code", .string($0.code)), JSON.Member("name", .string($0.name)),
                                JSON.Member("message", .string($0.message)),
                            ] + place($0.file, $0.at) + optional("hint", $0.hint))
                    })),
            JSON.Member(
                "findings",
                .array(
                    findings.map {
                        .object(
                            [
                                JSON.Member("kind", .string($0.kind.rawValue)),
                                JSON.Member("level", .string($0.level == .note ? "note" : "warning")),
                                JSON.Member("rule", .string($0.subject)), JSON.Member("message", .string($0.message)),
                            ] + optional("other", $0.other) + optional("witness", $0.witness) + place($0.file, $0.at)
                                + optional("hint", $0.hint))
                    })),
            JSON.Member("tests", tests.map(Self.json) ?? .null),
            JSON.Member("enforcement", .array(enforcement.map { .string($0) })),
        ])
    }

    private static func json(_ tests: PolicyTestReport) -> JSON {
        .object([
            JSON.Member("passed", .integer(Int64(tests.passed))),
            JSON.Member("failed", .integer(Int64(tests.failures.count))),
            JSON.Member("failures", .array(tests.failures.map { .string($0.description) })),
            JSON.Member("unexercised", .array(tests.unexercised.map { .string($0) })),
        ])
    }

    /// SARIF 2.1.0, for code hosts that show findings beside the changed lines.
    public var sarif: JSON {
        func result(_ rule: String, _ level: String, _ message: String, _ file: String, _ mark: SourceMark?) -> JSON {
            var physical: [JSON.Member] = [
                JSON.Member("artifactLocation", ["uri": .string(file)])
            ]
            if let mark {
                physical.append(
                    JSON.Member(
                        "region",
                        ["startLine": .integer(Int64(mark.line)), "startColumn": .integer(Int64(mark.column))]))
            }
            return [
                "ruleId": .string(rule), "level": .string(level), "message": ["text": .string(message)],
                "locations": [["physicalLocation": .object(physical)]],
            ]
        }
        let full = { (message: String, hint: String?) in hint.map { "\(message) (\($0))" } ?? message }
        var results = errors.map { result($0.code.rawValue, "error", full($0.message, $0.hint), $0.file, $0.at) }
        results += notes.map { result($0.code, "note", full($0.message, $0.hint), $0.file, $0.at) }
        results += findings.map { finding in
            let message = finding.witness.map { "\(finding.message); for example \($0)" } ?? finding.message
            return result(
                finding.kind.rawValue, finding.level == .note ? "note" : "warning", full(message, finding.hint),
                finding.file, finding.at)
        }
        results += (tests?.failures ?? []).map {
            result(
                "testFailed", "error", $0.summary, $0.file, $0.mark)
        }
        let rules = Set(results.compactMap { $0["ruleId"]?.string }).sorted()
        return Self.log([
            [
                "tool": [
                    "driver": [
                        "name": "writ policy check", "rules": .array(rules.map { ["id": .string($0)] }),
                    ]
                ],
                "columnKind": "unicodeCodePoints", "results": .array(results),
            ]
        ])
    }

    private static func log(_ runs: [JSON]) -> JSON {
        ["$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": .array(runs)]
    }
}
