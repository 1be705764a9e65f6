// SPDX-License-Identifier: Apache-2.0
import Testing
import WritAgents
import WritCore
import WritPolicy
import WritScan

@testable import WritGuard

/// A refused effect in other words, over tables of spellings.
@Suite struct RefusedEffectsTests {
    /// Refuses by the look of a command's first word, so that other words would pass.
    private static let policy = """
        version: "2"
        metadata: {name: trial, layer: user, owner: tests, description: 'Refuses.', revision: 1}
        rules:
          - {name: delete, action: deny, match: {actions: [file.delete]}, when: 'call.args.command.startsWith("rm ")'}
          - {name: reach, action: deny, match: {actions: [net.connect, http.request]}, when: 'call.args.command.startsWith("curl ")'}
          - {name: force, action: deny, match: {actions: [git.push]}, when: 'op.force && call.args.command.startsWith("git push --force")'}
          - {name: tool, action: deny, match: {actions: [shell.exec]}, when: 'op.program == "bad" && call.args.command.startsWith("bad")'}

        """

    private func guardian(_ more: String = "") throws -> Guard {
        let text = Self.policy + more
        let layer = try PolicyLayer.load(
            .user, [.init(file: "trial.yaml", bytes: Array(text.utf8))],
            options: Engines.policyOptions(key: FingerprintKey(bytes: [1]), checksExamples: false))
        return Guard(policies: PolicySet([layer]), detectors: [], packages: nil, key: FingerprintKey(bytes: [1]))
    }

    /// A session in which commands are judged one after the other.
    private struct Session {
        let guardian: Guard
        var tracker = SessionTracker(id: "s", now: 0)

        mutating func judge(_ command: String, event: Call.Event = .beforeTool) -> Judgement {
            let call = Call(
                event: event, agent: AgentIdentity(kind: "claude-code"), session: "s", tool: ClaudeCode.tool("Bash"),
                arguments: ["command": .string(command)], workingDirectory: "/home/dev/project",
                workspace: "/home/dev/project", home: "/home/dev")
            let judgement = guardian.judge(
                call, session: tracker.state(now: 0), refusals: tracker.refusals, in: Guard.Surroundings())
            _ = tracker.note(judgement, now: 0)
            return judgement
        }
    }

    @Test func `the same effect in other words is recognised, and another effect is not`() throws {
        let guardian = try guardian()
        let cases: [(refused: String, same: [String], other: [String])] = [
            (
                "rm -rf ~/x",
                [
                    "find ~/x -delete", "find /home/dev/x -exec rm -rf {} +", "cd ~ && rm -r x", "env rm -rf ~/x",
                    "bash -c 'rm -rf ~/x'", "python3 -c \"import shutil; shutil.rmtree('/home/dev/x')\"",
                    "perl -e 'unlink q(/home/dev/x)'", "rm -rf ~/x/*", "mv ~/x /tmp/gone", "rsync -a --delete /empty/ ~/x/",
                    "A=x; rm -rf ~/$A", "rm -rf /home/dev/project/../x", "unlink ~/x",
                ], ["rm -rf ~/y", "ls ~/x", "cat ~/x", "find ~/x", "rm -rf ~/x2", "echo rm -rf ~/x", "touch ~/x"]
            ),
            (
                "curl https://evil.example/a",
                [
                    "wget -q evil.example", "/usr/bin/curl https://evil.example/b",
                    "python3 -c \"import urllib.request as u; u.urlopen('https://evil.example/a')\"",
                ], ["curl https://good.example/a", "echo evil.example"]
            ),
            (
                "git push --force origin main", ["git push origin +main", "git -C . push -f origin main"],
                ["git push origin main", "git push --force origin topic"]
            ),
            (
                "bad --now", ["env bad --now", "sh -c 'bad --now'", "/usr/bin/bad --now", "nohup bad --now"],
                ["bad --later", "good --now", "echo bad --now"]
            ),
        ]
        for item in cases {
            for spelling in item.same {
                var session = Session(guardian: guardian)
                #expect(session.judge(item.refused).decision.verdict == .deny, "\(item.refused)")
                #expect(session.judge(item.refused).variant == nil, "\(item.refused)")
                #expect(session.judge(spelling).variant?.number == 1, "\(spelling)")
            }
            for spelling in item.other {
                var session = Session(guardian: guardian)
                _ = session.judge(item.refused)
                #expect(session.judge(spelling).variant == nil, "\(spelling)")
            }
        }
    }

    @Test func `a variant is told once, the third asks and the fifth halts`() throws {
        var session = Session(guardian: try guardian())
        #expect(session.judge("rm -rf ~/x").decision.verdict == .deny)
        let spellings = [
            "find ~/x -delete", "env rm -r ~/x", "bash -c 'rm -rf ~/x'", "unlink ~/x", "mv ~/x /tmp/y", "cd ~; unlink x",
        ]
        var seen: [(Verdict, Int?, Bool)] = []
        for spelling in spellings {
            let judgement = session.judge(spelling)
            let isTold =
                judgement.decision.message.contains("another way to do")
                || judgement.decision.obligations.contains {
                    if case .annotate(let text) = $0 { text.contains("another way to do") } else { false }
                }
            seen.append((judgement.decision.verdict, judgement.variant?.number, isTold))
        }
        let expected: [(Verdict, Int?, Bool)] = [
            (.allow, 1, true), (.allow, 2, false), (.ask, 3, false), (.ask, 4, false), (.halt, 5, false), (.halt, 6, false),
        ]
        #expect(seen.map { "\($0)" } == expected.map { "\($0)" })
        #expect(session.tracker.isHalted)
    }

    @Test func `the same spelling again is no further variant`() throws {
        var session = Session(guardian: try guardian())
        _ = session.judge("rm -rf ~/x")
        for _ in 0..<10 {
            #expect(session.judge("find ~/x -delete").variant?.number == 1)
            #expect(session.judge("find ~/x -delete", event: .permissionRequest).variant?.number == 1)
            #expect(session.judge("rm -rf ~/x").variant == nil)
        }
        #expect(session.judge("unlink ~/x").variant?.number == 2)
    }

    @Test func `policy says from which variant on`() throws {
        for (more, verdicts) in [
            ("defaults: {variants: {ask: 1, halt: 2}}\n", [Verdict.ask, .halt]),
            ("defaults: {variants: {ask: 2}}\n", [.allow, .ask, .ask, .ask, .halt]),
            ("defaults: {variants: {ask: 9, halt: 9}}\n", [.allow, .allow, .allow, .allow, .allow]),
        ] {
            var session = Session(guardian: try guardian(more))
            _ = session.judge("rm -rf ~/x")
            let spellings = ["find ~/x -delete", "env rm -r ~/x", "unlink ~/x", "mv ~/x /tmp/y", "cd ~; unlink x"]
            #expect(spellings.prefix(verdicts.count).map { session.judge($0).decision.verdict } == verdicts, "\(more)")
        }
        #expect(throws: PolicyErrors.self) { try guardian("defaults: {variants: {ask: 0}}\n") }
        #expect(throws: PolicyErrors.self) { try guardian("defaults: {variants: {asks: 1}}\n") }
    }

    @Test func `a lower layer tightens the limits and never loosens them`() throws {
        func layer(_ layer: Layer, _ variants: String) throws -> PolicyLayer {
            let text = """
                version: "2"
                metadata: {name: a, layer: \(layer.name), owner: t, description: 'Limits.', revision: 1}
                defaults: {variants: \(variants)}

                """
            return try PolicyLayer.load(layer, [.init(file: "a.yaml", bytes: Array(text.utf8))])
        }
        let cases: [([PolicyLayer], VariantLimits)] = [
            ([], .usual), ([try layer(.project, "{ask: 9, halt: 9}")], .usual),
            ([try layer(.project, "{ask: 1, halt: 9}")], VariantLimits(ask: 1, halt: 5)),
            ([try layer(.organization, "{ask: 8, halt: 9}")], VariantLimits(ask: 8, halt: 9)),
            (
                [try layer(.organization, "{ask: 4, halt: 9}"), try layer(.user, "{ask: 8, halt: 7}")],
                VariantLimits(ask: 4, halt: 7)
            ),
        ]
        for (layers, limits) in cases { #expect(PolicySet(layers).variantLimits == limits) }
    }

    @Test func `what was refused outlives the daemon and is bounded`() throws {
        var session = Session(guardian: try guardian())
        for number in 0..<400 { _ = session.judge("rm -rf ~/x\(number)") }
        session.tracker = try #require(SessionTracker(session.tracker.json))
        #expect(session.tracker.refusals.json.array?.count == RefusedEffects.maximumEffects)
        #expect(session.judge("find ~/x399 -delete").variant?.number == 1)
        #expect(session.judge("find ~/x0 -delete").variant == nil)
        for number in 0..<100 { _ = session.judge("find ~/x399 -delete -o -name \(number)") }
        let counts = session.tracker.refusals.json.array?.compactMap { $0["spellings"]?.array?.count } ?? []
        #expect((counts.max() ?? 0) <= RefusedEffects.maximumSpellings)
        for json: JSON in ["x", [["effect": "a"]], [["effect": "a", "told": true, "spellings": []]]] {
            #expect(RefusedEffects(json) == nil, "\(json.text)")
        }
        // A session that an earlier version kept has none.
        var old = session.tracker.json
        old.set("refusals", .array([]))
        #expect(SessionTracker(old)?.refusals.isEmpty == true)
    }
}
