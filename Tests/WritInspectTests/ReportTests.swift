// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritInspect
import WritScan

@Suite struct ReportTests {
    private let today = Day("2026-11-21") ?? Day(number: 0)

    private func found(_ path: String, _ rule: String, _ severity: Severity = .high) -> LocatedFinding {
        LocatedFinding(
            path: path,
            finding: Finding(
                scanner: "code", rule: rule, category: "c", severity: severity, confidence: 0.75, line: 3, cwe: "CWE-89",
                message: "a message", remedy: "a remedy"))
    }

    private func settings(_ suppressions: [Suppression]) -> ScanSettings {
        var settings = ScanSettings()
        settings.suppressions = suppressions
        return settings
    }

    @Test func `suppressions hold until they expire, and idle ones are named`() {
        let live = Suppression(rule: "a", reason: "is accepted", expires: today, line: 3)
        let past = Suppression(rule: "b", reason: "was accepted", expires: today.adding(-1), line: 7)
        let idle = Suppression(rule: "c", path: PathPattern("x/**"), reason: "covers nothing", expires: today, line: 11)
        var report = ScanReport(subject: "s", settings: settings([live, past, idle]), today: today)
        for rule in ["a", "b", "c"] { report.add(found("p", rule)) }
        report.finish(isWhole: true, milliseconds: 1)
        #expect(report.findings.map(\.finding.rule) == ["b", "c"])
        #expect(report.suppressed.map(\.finding.rule) == ["a"])
        #expect(
            report.notes.map { "\($0.path ?? ""): \($0.message)" } == [
                ".writ/scan.yaml:7: the suppression of b expired on 2026-11-20; its finding is back",
                ".writ/scan.yaml:11: the suppression of c covers nothing: delete it",
            ])
    }

    @Test func `exit codes`() {
        func code(_ severity: Severity?, unread: Bool = false, review: Bool = false, failOn: Severity = .medium) -> Int32 {
            var report = ScanReport(subject: "s", settings: ScanSettings(), today: today)
            if let severity { report.add(found("p", "r", severity)) }
            if unread { report.add(Note(.unreadable, path: "q", "cannot be opened")) }
            if review { report.add(ReviewItem(path: "p", area: "ci", reason: "It runs.", line: 1)) }
            return report.exitCode(failOn: failOn)
        }
        #expect(code(nil) == 0)
        #expect(code(.low) == 0)
        #expect(code(.medium) == 1)
        #expect(code(.high, failOn: .critical) == 0)
        #expect(code(nil, review: true) == 3)
        #expect(code(.high, review: true) == 1)
        #expect(code(.high, unread: true) == 2)
    }

    @Test func `SARIF has what the format asks for`() throws {
        var report = ScanReport(
            subject: "s", settings: settings([Suppression(rule: "b", reason: "is accepted", expires: today)]), today: today)
        report.add(found("a b/ü:c.py", "a"))
        report.add(found("/abs/x", "b", .low))
        report.add(ReviewItem(path: ".github/workflows/x.yml", area: "ci", reason: "It runs.", line: 4))
        report.add(Note(.unreadable, path: "q", "cannot be opened"))
        report.add(Note(.ignored, "left out", count: 3))
        report.finish(isWhole: true, milliseconds: 1)
        let sarif = try JSON(parsing: report.sarif(version: "1.2.3", root: "/r o").bytes)
        #expect(SARIFCheck.faults(of: sarif) == [])
        let results = sarif["runs"]?.array?.first?["results"]?.array ?? []
        #expect(
            results.map { $0["locations"]?.array?.first?["physicalLocation"]?["artifactLocation"]?["uri"]?.string } == [
                "a%20b/%C3%BC%3Ac.py", "file:///abs/x", ".github/workflows/x.yml",
            ])
        #expect(results.map { $0["suppressions"]?.array?.count } == [nil, 1, nil])
        let rules = sarif["runs"]?.array?.first?["tool"]?["driver"]?["rules"]?.array ?? []
        #expect(rules.first?["properties"]?["tags"]?.array == ["security", "code", "external/cwe/cwe-89"])
    }

    @Test func `the check of SARIF finds what is missing`() throws {
        var report = ScanReport(subject: "s", settings: ScanSettings(), today: today)
        report.add(found("a.py", "a"))
        let good = report.sarif(version: "1.2.3", root: "/r").text
        for (from, to) in [
            ("\"version\":\"2.1.0\"", "\"version\":\"2.0.0\""), ("\"ruleIndex\":0", "\"ruleIndex\":7"),
            ("\"level\":\"error\"", "\"level\":\"bad\""), ("\"startLine\":3", "\"startLine\":0"),
            ("\"text\":\"a message\"", "\"txt\":\"a message\""), ("\"name\":\"writ\"", "\"nam\":\"writ\""),
            ("a.py", "a b.py"),
        ] {
            let text = good.replacing(from, with: to)
            #expect(text != good, "\(from)")
            #expect(try SARIFCheck.faults(of: JSON(parsing: Array(text.utf8))) != [], "\(from)")
        }
    }

    @Test func `text reports obey no terminal sequence in a path or message`() {
        var bad = found("a\u{1B}[2Jb\n", "r")
        bad.finding.message = "x\u{202E}y\r\nz"
        let text = TextReport(style: .plain).lines(of: bad).joined(separator: "\n")
        #expect(
            text == """
                a\\u{1B}[2Jb\\u{A}:3: high: x\\u{202E}y\\u{D}\\u{A}z
                  a remedy
                  code/r · CWE-89 · confidence 75 % · fingerprint \(bad.identity)
                """)
    }
}

/// What the SARIF 2.1.0 schema demands of the parts that Writ writes: required properties, types, enumerations, ranges,
/// and that no property is one the schema does not know.
enum SARIFCheck {
    static func faults(of log: JSON) -> [String] {
        var check = Check()
        check.object(log, "log", ["version", "runs"], ["$schema", "version", "runs"])
        check.word(log["version"], "version", ["2.1.0"])
        for run in log["runs"]?.array ?? [] { check.run(run) }
        if (log["runs"]?.array ?? []).isEmpty { check.faults.append("no run") }
        return check.faults
    }

    private struct Check {
        var faults: [String] = []

        mutating func object(_ value: JSON?, _ what: String, _ required: [String], _ known: [String]) {
            guard let members = value?.members else {
                faults.append("\(what) is no object")
                return
            }
            for key in required where !members.contains(where: { $0.key == key }) { faults.append("\(what) lacks \(key)") }
            for member in members where !known.contains(member.key) { faults.append("\(what) has \(member.key)") }
        }

        mutating func word(_ value: JSON?, _ what: String, _ words: [String]) {
            guard let word = value?.string, words.contains(word) else {
                faults.append("\(what) is \(value?.text ?? "missing")")
                return
            }
        }

        mutating func message(_ value: JSON?, _ what: String) {
            object(value, what, ["text"], ["text", "markdown"])
            if value?["text"]?.string == nil { faults.append("\(what) has no text") }
        }

        mutating func artifact(_ value: JSON?) {
            object(value, "artifactLocation", ["uri"], ["uri", "uriBaseId"])
            let uri = value?["uri"]?.string ?? ""
            let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/:%")
            if uri.isEmpty || !uri.allSatisfy({ allowed.contains($0) }) { faults.append("uri `\(uri)`") }
        }

        mutating func location(_ value: JSON) {
            object(value, "location", ["physicalLocation"], ["physicalLocation"])
            let place = value["physicalLocation"]
            object(place, "physicalLocation", ["artifactLocation"], ["artifactLocation", "region"])
            artifact(place?["artifactLocation"])
            guard let region = place?["region"] else { return }
            object(region, "region", ["startLine"], ["startLine", "startColumn", "endLine", "endColumn", "snippet"])
            for member in region.members ?? [] where member.key != "snippet" {
                if (member.value.integer ?? 0) < 1 { faults.append("\(member.key) is \(member.value.text)") }
            }
            if let snippet = region["snippet"] { object(snippet, "snippet", ["text"], ["text"]) }
        }

        mutating func run(_ run: JSON) {
            object(
                run, "run", ["tool", "results"], ["tool", "invocations", "originalUriBaseIds", "columnKind", "results"])
            word(run["columnKind"], "columnKind", ["unicodeCodePoints", "utf16CodeUnits"])
            let driver = run["tool"]?["driver"]
            object(driver, "driver", ["name"], ["name", "semanticVersion", "version", "rules"])
            let rules = driver?["rules"]?.array ?? []
            if Set(rules.compactMap { $0["id"]?.string }).count != rules.count { faults.append("rule ids repeat") }
            for rule in rules {
                object(
                    rule, "rule", ["id"],
                    ["id", "name", "shortDescription", "fullDescription", "help", "defaultConfiguration", "properties"])
                for key in ["shortDescription", "fullDescription", "help"] { message(rule[key], key) }
                word(rule["defaultConfiguration"]?["level"], "level", ["none", "note", "warning", "error"])
                if Double(rule["properties"]?["security-severity"]?.string ?? "") == nil { faults.append("no severity") }
            }
            for invocation in run["invocations"]?.array ?? [] {
                object(
                    invocation, "invocation", ["executionSuccessful"],
                    ["executionSuccessful", "toolExecutionNotifications"])
                for note in invocation["toolExecutionNotifications"]?.array ?? [] {
                    object(note, "notification", ["message"], ["level", "message", "descriptor", "locations"])
                    word(note["level"], "level", ["none", "note", "warning", "error"])
                    message(note["message"], "message")
                    for place in note["locations"]?.array ?? [] { location(place) }
                }
            }
            for result in run["results"]?.array ?? [] {
                object(
                    result, "result", ["message", "ruleId"],
                    [
                        "ruleId", "ruleIndex", "kind", "level", "message", "locations", "partialFingerprints", "rank",
                        "suppressions",
                    ])
                message(result["message"], "message")
                word(result["level"], "level", ["none", "note", "warning", "error"])
                if let kind = result["kind"] {
                    word(kind, "kind", ["review"])
                    // The schema: a kind other than `fail` has the level `none`.
                    word(result["level"], "level", ["none"])
                }
                let index = Int(result["ruleIndex"]?.integer ?? -1)
                if !rules.indices.contains(index) || rules[index]["id"] != result["ruleId"] {
                    faults.append("ruleIndex \(index)")
                }
                for place in result["locations"]?.array ?? [] { location(place) }
                for suppression in result["suppressions"]?.array ?? [] {
                    object(suppression, "suppression", ["kind"], ["kind", "status", "justification"])
                    word(suppression["kind"], "kind", ["inSource", "external"])
                    word(suppression["status"], "status", ["accepted", "underReview", "rejected"])
                }
                if let prints = result["partialFingerprints"],
                    prints.members?.allSatisfy({ $0.value.string != nil }) != true
                {
                    faults.append("partialFingerprints")
                }
            }
        }
    }
}
