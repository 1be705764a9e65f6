// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore
import WritTestSupport

@testable import WritPolicy

/// Good policies, made bad by seeded operators: the analyser must find the defect and name the rule.
@Suite struct DefectTests {
    struct Defect {
        let kind: PolicyFinding.Kind
        let subject: String
        let layer: Layer
        let text: String
    }

    private static let more = (ProcessInfo.processInfo.environment["WRIT_SEEDS"] ?? "").split(separator: ",").compactMap {
        UInt64($0)
    }

    /// The good policies, each with its layer and the place where a rule can be added.
    private static func good() throws -> [(layer: Layer, text: String)] {
        var out: [(layer: Layer, text: String)] = []
        for (name, layer) in [
            ("production.yaml", Layer.organization), ("mcp-gateway.yaml", .team), ("coding-structural.yaml", .project),
        ] {
            out.append((layer, String(decoding: try Fixture.source(name).bytes, as: UTF8.self)))
        }
        for template in PolicyTemplate.allCases {
            let layer = try PolicyDocument.read(Array(template.text.utf8), file: "t").document.layer?.value ?? .user
            out.append((layer, template.text))
        }
        return out
    }

    private static func adding(_ rules: String, to text: String) -> String {
        text.replacing("\nrules:\n", with: "\nrules:\n" + rules, maxReplacements: 1)
    }

    private static let programs = ["terraform", "helm", "cargo", "gradle", "pod", "mix", "bazel", "nix"]
    private static let folders = ["src", "lib", "infra", "charts", "web", "api"]
    private static let kinds = [
        "file.write", "git.push", "pkg.install", "deploy.apply", "net.connect", "resource.write",
    ]
    private static let strings = ["op.program", "op.host", "repo.branch", "task.workflow", "env.name", "op.path"]
    private static let numbers = ["op.depth", "session.calls", "op.port", "agent.trust"]
    private static let flags = ["op.force", "repo.protected", "op.recursive", "env.ci", "user.mfa", "op.interpreter"]

    private static func defect(_ g: inout SeededGenerator, _ good: [(layer: Layer, text: String)]) -> Defect {
        let base = good.randomElement(using: &g) ?? good[0]
        func pick(_ words: [String]) -> String { words.randomElement(using: &g) ?? "" }
        let action = pick(["ask", "deny"])
        let kind = pick(kinds)
        let flag = pick(flags)
        let program = pick(programs)
        let folder = pick(folders)
        let number = Int.random(in: 2...40, using: &g)
        func made(_ kind: PolicyFinding.Kind, _ subject: String, _ rules: String) -> Defect {
            Defect(kind: kind, subject: subject, layer: base.layer, text: adding(rules, to: base.text))
        }
        switch Int.random(in: 0..<20, using: &g) {
        case 0:
            return made(
                .neverMatches, "zz",
                "  - {name: zz, action: \(action), match: {actions: [\(kind)]}, when: '\(flag) && !\(flag)'}\n")
        case 1:
            let field = pick(strings)
            return made(
                .neverMatches, "zz",
                "  - {name: zz, action: \(action), when: '\(field) == \"\(program)\" && \(field) == \"\(folder)\"'}\n")
        case 2:
            let field = pick(numbers)
            return made(
                .neverMatches, "zz",
                "  - {name: zz, action: \(action), when: '\(field) > \(number) && \(field) <= \(number)'}\n")
        case 3:
            return made(
                .neverMatches, "zz",
                "  - {name: zz, action: \(action), match: {actions: [\(kind)], \(pick(["paths", "hosts", "tools", "users", "commands"])): []}}\n"
            )
        case 4:
            return made(
                .neverMatches, "zz",
                "  - {name: zz, action: \(action), match: {actions: [\(pick(["file.read", "git.commit", "process.signal"]))], hosts: ['\(folder).example']}}\n"
            )
        case 5:
            return made(
                .neverMatches, "zz",
                "  - {name: zz, action: \(action), expires: 20\(Int.random(in: 10...19, using: &g))-01-01, match: {actions: [\(kind)]}}\n"
            )
        case 6:
            return made(
                .neverMatches, "zz", "  - {name: zz, action: \(action), when: '\(flag) && op.kind == \"\(kind)s\"'}\n")
        case 7:
            return made(
                .neverMatches, "zz",
                "  - {name: zz, action: \(action), match: {actions: [\(kind)]}, when: '\(flag) && \(number) < 1'}\n")
        case 8:
            // The same path in a wider and a narrower rule.
            return made(
                .shadowed, "zz",
                "  - {name: yy, action: deny, match: {actions: ['file.*'], paths: ['$repo/\(folder)/**']}}\n  - {name: zz, action: \(action), match: {actions: [file.write], paths: ['$repo/\(folder)/\(program)/*.tf']}}\n"
            )
        case 9:
            return made(
                .shadowed, "zz",
                "  - {name: yy, action: halt, match: {actions: [shell.exec], commands: ['\(program)']}}\n  - {name: zz, action: \(action), match: {actions: [shell.exec], commands: ['\(program) apply']}, when: \(flag)}\n"
            )
        case 10:
            return made(
                .shadowed, "zz",
                "  - {name: yy, action: deny, match: {actions: [net.connect], hosts: ['*.\(folder).example']}, when: \(flag)}\n  - {name: zz, action: \(action), match: {actions: [net.connect], hosts: [a.\(folder).example]}, when: 'op.port == \(number) && \(flag)'}\n"
            )
        case 11:
            return made(
                .deadGrant, "zz",
                "  - {name: yy, action: deny, match: {actions: ['*'], paths: ['$repo/\(folder)/**']}}\n  - {name: zz, action: allow, match: {actions: [file.read], paths: ['$repo/\(folder)/\(program)/**']}}\n"
            )
        case 12:
            return made(
                .deadGrant, "zz",
                "  - {name: yy, action: deny, match: {actions: [shell.exec], commands: ['\(program)']}}\n  - {name: zz, action: allow, match: {actions: [shell.exec], commands: ['\(program) plan']}}\n"
            )
        case 13:
            return made(
                .tooWide, "zz",
                "  - {name: zz, action: allow, match: {actions: [\(pick(["file.write", "file.read", "file.delete"]))], paths: ['\(pick(["/**", "**", "$home/**", "**/*"]))']}}\n"
            )
        case 14:
            return made(
                .tooWide, "zz",
                "  - {name: zz, action: allow, match: {\(pick(["actions: ['*']", "tools: ['mcp:*/*']", "tools: ['*']", "actions: [shell.exec]", "actions: [shell.exec], commands: ['*']", "actions: [net.connect], hosts: ['*']", "users: [a]"]))}}\n"
            )
        case 15:
            return made(
                .tooWide, "zz",
                "  - {name: zz, action: allow, match: {actions: [net.connect], hosts: ['\(pick(["0.0.0.0/0", "10.0.0.0/4", "*.com", "*"]))']}}\n"
            )
        case 16:
            return made(
                .regexTrap, "zz",
                "  - {name: zz, scanner: tool_call, action: block, config: {tool_name: shell_execute, blocked_patterns: ['\(pick(["\(program).com", "\(program)|", "[^\(folder).\(program)]", "(\(program))?", ".*", "\(folder)\\.\(program).org/x"]))']}}\n"
            )
        case 17:
            return made(
                .regexTrap, "zz",
                "  - {name: zz, action: allow, match: {actions: [http.request]}, when: 'op.host.matches(\"\(program)\\\\.example\")'}\n"
            )
        case 18:
            return made(.unenforceable, "zz", "  - {name: zz, scanner: secrets, action: redact, scope: tool_call}\n")
        default:
            return made(
                .withoutEffect, "zz",
                "  - {name: zz, action: deny, match: {actions: [\(kind)]}, when: \(flag), \(pick(["obligations: [{redact: [pii]}]", "limits: {count: \(number)}", "obligations: [{sandbox: strict}]"]))}\n"
            )
        }
    }

    /// Seeds of development are below 100; these were not used while the analyser was written. `WRIT_SEEDS=1,2,3` adds more.
    @Test(arguments: [7_001, 7_002, 7_003] + more)
    func `seeded defects are found`(_ seed: UInt64) throws {
        let good = try Self.good()
        var generator = SeededGenerator(seed: seed)
        var found = 0
        var missed: [String] = []
        for _ in 0..<120 {
            let defect = Self.defect(&generator, good)
            let layer = try Fixture.layer(defect.text, as: defect.layer)
            let findings = PolicyAnalysis.run([layer], now: 1_800_000_000)
            // A defect may be a worse one by chance: a narrow rule that a rule of the policy already covers.
            let isNamed = findings.contains { $0.subject.hasSuffix("/\(defect.subject)") && $0.level == .warning }
            if isNamed {
                found += 1
            } else {
                missed.append(
                    "\(defect.kind.rawValue): \(defect.text.split(separator: "\n").filter { $0.contains("name: zz") }.joined())"
                )
            }
        }
        #expect(found >= 114, "found \(found) of 120; missed \(missed)")
    }

    @Test func `no finding of a good policy is a warning, and every witness holds`() throws {
        for (layer, text) in try Self.good() {
            let loaded = try Fixture.layer(text, as: layer)
            for finding in PolicyAnalysis.run([loaded]) {
                #expect(finding.level == .note, "\(finding)")
            }
        }
    }

    @Test func `removing a rule that is called needless changes no decision`() throws {
        var world = PropertyTests.World(seed: 42)
        var checked = 0
        for _ in 0..<60 {
            let rules = world.some(world.grants, 8) + world.some(world.restrictions, 10)
            let full = try Fixture.layer(PropertyTests.World.document("p", "deny", rules, []))
            let findings = PolicyAnalysis.run([full]).filter {
                [.shadowed, .deadGrant, .neverMatches].contains($0.kind)
            }
            guard let finding = findings.first, let name = finding.subject.split(separator: "/").last else { continue }
            checked += 1
            let less = try Fixture.layer(
                PropertyTests.World.document("p", "deny", rules.filter { !$0.contains("name: \(name),") }, []))
            let (one, other) = (PolicySet([full]), PolicySet([less]))
            for _ in 0..<200 {
                let request = world.request()
                #expect(
                    one.decide(request).verdict == other.decide(request).verdict,
                    "\(finding)\n\(rules.joined())\(request)")
            }
        }
        #expect(checked > 10)
    }
}
