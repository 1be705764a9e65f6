// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritPolicy

struct FindingCase: Sendable, CustomTestStringConvertible {
    let rules: String, findings: [String]
    var testDescription: String { rules }
}

@Suite struct AnalysisTests {
    private static func findings(_ rules: String, notes: Bool = false) throws -> [String] {
        let layer = try Fixture.layer("version: \"2\"\n" + rules)
        return PolicyAnalysis.run([layer], now: 1_800_000_000).filter { notes || $0.level == .warning }.map {
            "\($0.kind.rawValue) \($0.subject.split(separator: "/").last ?? "")"
        }
    }

    @Test(arguments: [
        FindingCase(rules: "rules: [{name: a, action: deny, match: {paths: []}}]", findings: ["never-matches a"]),
        FindingCase(
            rules: "rules: [{name: a, action: deny, match: {actions: [file.read]}, when: 'op.kind in [\"git.push\"]'}]",
            findings: ["never-matches a"]),
        FindingCase(
            rules: "rules: [{name: a, action: deny, match: {actions: [git.push]}, unless: 'op.kind == \"git.push\"'}]",
            findings: ["never-matches a"]),
        FindingCase(
            rules:
                "rules: [{name: a, action: deny, match: {actions: [shell.exec], commands: [git]}, when: 'op.program == \"svn\"'}]",
            findings: ["never-matches a"]),
        FindingCase(
            rules: "rules: [{name: a, action: deny, when: 'op.port > 70000'}]", findings: ["never-matches a"]),
        FindingCase(
            rules: "rules: [{name: a, action: deny, when: 'session.calls < 0'}]", findings: ["never-matches a"]),
        FindingCase(
            rules: "rules: [{name: a, action: deny, when: 'size(op.argv) < 0'}]", findings: ["never-matches a"]),
        FindingCase(rules: "rules: [{name: a, action: deny, when: 'op.argv.size() > 3'}]", findings: []),
        FindingCase(rules: "rules: [{name: a, action: deny, match: {tools: [Bsh]}}]", findings: ["never-matches a"]),
        FindingCase(rules: "rules: [{name: a, action: deny, match: {tools: [Bash, OurOwn]}}]", findings: []),
        FindingCase(
            rules: "rules: [{name: a, action: deny, match: {environment: [prod]}}]", findings: ["never-matches a"]),
        FindingCase(
            rules:
                "profiles: {staging: {decision: ask}}\nrules: [{name: a, action: deny, match: {environment: [staging, 'prod*']}}]",
            findings: []),
        FindingCase(rules: "rules: [{name: a, action: allow, match: {tools: ['mcp:*']}}]", findings: ["too-wide a"]),
        FindingCase(
            rules:
                "rules: [{name: a, action: allow, match: {actions: [http.request]}, when: 'op.host.endsWith(\"example.com\")'}]",
            findings: ["regex-trap a"]),
        FindingCase(
            rules:
                "rules: [{name: a, action: allow, match: {actions: [http.request]}, when: 'op.host.endsWith(\".example.com\")'}]",
            findings: []),
        FindingCase(
            rules:
                "rules: [{name: a, action: allow, match: {actions: [shell.exec]}, when: 'op.command.contains(\"git status\")'}]",
            findings: ["regex-trap a"]),
        FindingCase(
            rules:
                "rules: [{name: a, action: allow, match: {actions: [file.write]}, when: 'op.path.startsWith(\"/srv/project\")'}]",
            findings: ["regex-trap a"]),
        FindingCase(
            rules:
                "rules: [{name: a, action: deny, match: {actions: [git.push]}}, {name: b, action: alert, match: {actions: [git.push]}}]",
            findings: ["shadowed b"]),
        FindingCase(
            rules:
                "flows: [{name: a, from: [secret, pii], to: {actions: [net.connect, git.push]}, action: deny}, {name: b, from: [secret], to: {actions: [git.push]}, action: ask}]",
            findings: ["shadowed b"]),
        FindingCase(
            rules:
                "flows: [{name: a, from: [secret], within: 5m, to: {actions: [git.push]}, action: deny}, {name: b, from: [secret], to: {actions: [git.push]}, action: deny}]",
            findings: ["shadowed a"]),
        FindingCase(
            rules: "flows: [{name: a, from: [secrets], to: {actions: [git.push]}, action: deny}]",
            findings: ["never-matches a"]),
        FindingCase(
            rules:
                "rules: [{name: r, action: log, match: {actions: [file.read]}, obligations: [{taint: ours}]}]\nflows: [{name: a, from: [ours, 'mcp:db/*'], to: {actions: [git.push]}, action: deny}]",
            findings: []),
        FindingCase(
            rules: "budgets: [{name: a, per: session, count: 0, then: deny}]", findings: ["without-effect a"]),
        FindingCase(
            rules: "egress: {default: deny, allow: [{hosts: [a.example.com]}], deny: [{hosts: ['*.example.com']}]}",
            findings: ["dead-grant egress"]),
        FindingCase(
            rules: "rules: [{name: a, action: deny, when: 'op.force && !op.force'}]", findings: ["never-matches a"]),
        FindingCase(
            rules: "rules: [{name: a, action: deny, when: 'op.program == \"a\" && op.program == \"b\"'}]",
            findings: ["never-matches a"]),
        FindingCase(
            rules: "rules: [{name: a, action: deny, when: 'op.depth > 4 && op.depth < 3'}]",
            findings: ["never-matches a"]),
        FindingCase(
            rules: "rules: [{name: a, action: deny, when: 'op.kind == \"file.wirte\"'}]", findings: ["never-matches a"]),
        FindingCase(
            rules: "rules: [{name: a, action: deny, when: '\"nett\" in op.stdin_taint'}]", findings: ["never-matches a"]
        ),
        FindingCase(rules: "rules: [{name: a, action: deny, expires: 2020-01-01}]", findings: ["never-matches a"]),
        FindingCase(
            rules: "rules: [{name: a, action: deny, match: {actions: [mcp.call], paths: ['/x']}}]",
            findings: ["never-matches a"]),
        FindingCase(
            rules: "rules: [{name: a, action: deny, when: op.force, unless: op.force}]", findings: ["never-matches a"]),
        FindingCase(
            rules:
                "rules: [{name: a, action: deny, match: {actions: [file.write], paths: ['$repo/**']}}, {name: b, action: ask, match: {actions: [file.write], paths: ['$repo/src/**']}}]",
            findings: ["shadowed b"]),
        FindingCase(
            rules:
                "rules: [{name: a, action: deny, match: {actions: [file.write], paths: ['$repo/**']}, when: op.force}, {name: b, action: ask, match: {actions: [file.write], paths: ['$repo/src/**']}}]",
            findings: []),
        FindingCase(
            rules:
                "rules: [{name: a, action: deny, match: {actions: [git.push]}, when: op.force}, {name: b, action: deny, match: {actions: [git.push]}, when: 'repo.protected && op.force'}]",
            findings: ["shadowed b"]),
        FindingCase(
            rules:
                "rules: [{name: a, action: deny, match: {actions: ['file.*'], paths: ['**/.env']}}, {name: b, action: allow, match: {actions: [file.read], paths: ['$repo/.env']}}]",
            findings: ["dead-grant b"]),
        FindingCase(
            rules: "defaults: {decision: deny}\nrules: [{name: a, action: allow, match: {actions: [shell.exec]}}]",
            findings: ["too-wide a"]),
        FindingCase(rules: "rules: [{name: a, action: allow, match: {tools: ['mcp:*/*']}}]", findings: ["too-wide a"]),
        FindingCase(
            rules: "rules: [{name: a, action: allow, match: {actions: [file.write], paths: ['/**']}}]",
            findings: ["too-wide a"]),
        FindingCase(rules: "egress: {default: deny, allow: [{hosts: ['*']}]}", findings: ["too-wide egress"]),
        FindingCase(rules: "profiles: {production: {writ: ignored}}", findings: ["too-wide profiles"]),
        FindingCase(
            rules: "approvals: {g: {approvers: ['user:a'], count: 2, expires: 5m}}", findings: ["unsatisfiable-gate g"]),
        FindingCase(
            rules:
                "rules: [{name: a, scanner: tool_call, action: block, config: {blocked_patterns: ['evil.com', '[^github.com]', 'a|']}}]",
            findings: ["regex-trap a", "regex-trap a", "regex-trap a"]),
        FindingCase(
            rules:
                "rules: [{name: a, action: allow, match: {actions: [http.request]}, when: 'op.host.matches(\"acme\\\\.example\")'}]",
            findings: ["regex-trap a"]),
        FindingCase(
            rules: "rules: [{name: a, action: deny, match: {actions: [git.push]}, obligations: [{redact: [pii]}]}]",
            findings: ["without-effect a"]),
        FindingCase(
            rules: "rules: [{name: a, scanner: secrets, action: redact, scope: tool_call}]",
            findings: ["unenforceable a"]),
    ])
    func `finds`(_ c: FindingCase) throws {
        #expect(try Self.findings(c.rules) == c.findings)
    }

    @Test func `the worked examples and the templates give no warnings`() throws {
        for (name, layer) in [
            ("production.yaml", Layer.organization), ("mcp-gateway.yaml", .team), ("coding-structural.yaml", .project),
        ] {
            let loaded = try PolicyLayer.load(layer, [Fixture.source(name)])
            let warnings = PolicyAnalysis.run([loaded]).filter { $0.level == .warning }
            #expect(warnings.map(\.description) == [])
        }
        for template in PolicyTemplate.allCases {
            let document = try PolicyDocument.read(Array(template.text.utf8), file: "t.yaml").document
            let layer = try #require(document.layer?.value)
            let check = PolicyCheck.run(layer, [.init(file: "t.yaml", bytes: Array(template.text.utf8))])
            #expect(check.exitCode == 0, "\(template): \(check.text)")
            #expect(check.tests?.unexercised == [], "\(template)")
        }
    }

    @Test func `a finding names its witness`() throws {
        let layer = try Fixture.layer(
            """
            version: "2"
            rules:
              - {name: all, action: deny, match: {actions: [git.push]}}
              - {name: forced, action: ask, match: {actions: [git.push]}, when: op.force}
            """)
        let finding = try #require(PolicyAnalysis.run([layer]).first)
        #expect(
            finding.description
                == "policy.yaml:4:12: shadowed: the rule `forced` adds nothing to `all`, which says as much of every such call; for example git.push (delete one of them, or make them differ)"
        )
    }

    @Test func `a host that cannot block is named`() throws {
        let layer = try Fixture.layer(
            "version: \"2\"\nrules: [{name: a, scanner: secrets, action: redact, scope: tool_response}]")
        let host = PolicyAnalysis.HostProfile(
            name: "some-agent", capabilities: [.toolResponse: HostCapabilities(canReplaceContent: false)])
        #expect(
            PolicyAnalysis.run([layer], host: host).map(\.message) == [
                "some-agent cannot replace content in the phase `tool_response`, which `a` needs"
            ])
    }

    @Test func `reports have three forms`() throws {
        let bad = PolicyCheck.run(.user, [.init(file: "p.yaml", bytes: Array("version: \"2\"\nrulez: []".utf8))])
        #expect(bad.exitCode == 2)
        #expect(
            bad.text
                == "p.yaml:2:1: unknown key `rulez` in the document (did you mean `rules`?)\ndoes not load: 1 error")
        #expect(bad.json["errors"]?.array?.first?["line"]?.integer == 2)
        let result = bad.sarif["runs"]?.array?.first?["results"]?.array?.first
        #expect(result?["ruleId"]?.string == "unknownKey")
        #expect(result?["locations"]?.array?.first?["physicalLocation"]?["region"]?["startLine"]?.integer == 2)
    }

    @Test func `the schema for editors lists what the loader accepts`() {
        let schema = PolicySchema.jsonSchema
        #expect(schema["properties"]?.members?.map(\.key) == PolicySchema.document.keys.map(\.name))
        #expect(schema["properties"]?["rules"]?["items"]?["additionalProperties"]?.bool == false)
        #expect(PolicySchema.reference.contains("| **`name`** | text | Unique in its layer"))
    }
}
