// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritPolicy

@Suite struct DecisionTests {
    private func set(_ text: String, as layer: Layer = .user) throws -> PolicySet {
        PolicySet([try Fixture.layer("version: \"2\"\n" + text, as: layer)])
    }

    @Test(arguments: [
        ("", Verdict.allow), ("prototyping", .allow), ("guarded", .ask), ("production", .deny), ("odd", .deny),
    ])
    func `an operation that no rule covers gets the profile's posture`(_ profile: String, _ verdict: Verdict) throws {
        let request = Fixture.request([Operation(.toolOther)], profile: profile)
        #expect(PolicySet([]).decide(request).verdict == verdict)
    }

    @Test func `the message names the rule, the operation and the alternative`() throws {
        let set = try set(
            """
            metadata: {name: mine}
            rules:
              - name: no-force
                action: deny
                match: {actions: [git.push]}
                when: op.force
                message: 'Push without force, or to your own branch.'
              - name: fetch-and-run
                action: deny
                match: {actions: [shell.exec], commands: [sh]}
                message: '`{command}` runs text fetched from {host}. Download it and read it first.'
            """)
        let push = set.decide(Fixture.request([Operation(.gitPush, branch: "main", traits: .force)]))
        #expect(
            push.message
                == "writ[no-force]: Force-pushing to `main` is not allowed. Push without force, or to your own branch.")
        #expect(push.reasons.map(\.rule) == ["user/mine/no-force"])
        var pipe = Fixture.exec("sh -s")
        pipe.host = "get.example.net"
        #expect(
            set.decide(Fixture.request([pipe])).message
                == "writ[fetch-and-run]: `sh -s` runs text fetched from get.example.net. Download it and read it first."
        )
    }

    @Test func `a grant must cover every operation, a restriction fires on any`() throws {
        let set = try set(
            """
            defaults: {decision: deny}
            rules:
              - {name: build, action: allow, match: {actions: [shell.exec], commands: ['swift build']}}
              - {name: read, action: allow, match: {actions: [file.read], paths: ['$repo/**']}}
              - {name: secret, action: halt, match: {actions: [file.read], paths: ['**/.env']}}
            """)
        let build = Fixture.exec("swift build -c release")
        let inside = Operation(.fileRead, path: "/srv/project/a")
        #expect(set.decide(Fixture.request([build, inside])).verdict == .allow)
        #expect(set.decide(Fixture.request([build, inside])).isExplicitGrant)
        #expect(set.decide(Fixture.request([build, Operation(.fileRead, path: "/etc/passwd")])).verdict == .deny)
        #expect(set.decide(Fixture.request([build, Operation(.fileRead, path: "/srv/project/x/.env")])).verdict == .halt)
    }

    @Test func `consent lifts a default of deny, and a gate that agreed lifts the consent`() throws {
        let set = try set(
            """
            metadata: {name: p}
            defaults: {decision: deny}
            approvals: {boss: {approvers: ['role:boss'], expires: 5m}}
            rules:
              - {name: ci, action: allow, approval: boss, match: {actions: [file.write], paths: ['**/ci.yml']}}
            """)
        var request = Fixture.request([Operation(.fileWrite, path: "/srv/project/ci.yml")])
        let asked = set.decide(request)
        #expect(asked.verdict == .ask)
        #expect(asked.gate == "user/p/boss")
        request.approvedGates = ["user/p/boss"]
        #expect(set.decide(request).verdict == .allow)
        request.operations.append(Operation(.fileWrite, path: "/srv/project/other"))
        #expect(set.decide(request).verdict == .deny)
    }

    @Test func `a condition that fails closes`() throws {
        let set = try set(
            """
            defaults: {decision: deny}
            rules:
              - {name: g, action: allow, match: {actions: [mcp.call]}, when: 'call.args.n > 1'}
              - {name: r, action: ask, match: {actions: [http.request]}, when: 'call.args.n > 1', on_error: ask}
              - {name: d, action: halt, match: {actions: [git.push]}, when: 'call.args.n > 1'}
              - {name: u, action: allow, match: {actions: [git.fetch]}, unless: 'call.args.n > 1'}
              - {name: v, action: allow, match: {actions: [git.commit]}}
              - {name: w, action: halt, match: {actions: [git.commit]}, unless: 'call.args.n > 1'}
            """)
        func verdict(_ kind: WritCore.Operation.Kind) -> Verdict {
            set.decide(Fixture.request([Operation(kind)])).verdict
        }
        #expect(verdict(.mcpCall) == .deny)
        #expect(verdict(.httpRequest) == .deny)
        #expect(verdict(.gitPush) == .halt)
        #expect(verdict(.gitFetch) == .deny)
        #expect(verdict(.gitCommit) == .halt)
    }

    @Test func `opaque code is granted only by a grant that speaks of it`() throws {
        let set = try set(
            """
            defaults: {decision: deny}
            rules:
              - {name: all, action: allow, match: {actions: [shell.exec, net.connect]}}
              - {name: named, action: allow, match: {actions: [shell.exec], commands: [make]}}
              - {name: seen, action: allow, match: {actions: [net.connect]}, when: 'op.opaque_cause != "x"'}
            """)
        func verdict(_ operation: WritCore.Operation) -> Verdict { set.decide(Fixture.request([operation])).verdict }
        var make = Fixture.exec("make test")
        make.opaque = .unread
        #expect(verdict(make) == .allow)
        make.opaque = .computed
        #expect(verdict(make) == .deny)
        var script = Fixture.exec("./x.sh")
        script.opaque = .unread
        #expect(verdict(script) == .deny)
        #expect(verdict(Operation(.netConnect, opaque: .computed)) == .allow)
    }

    @Test func `text that is only carried does not fire rules that do not speak of it`() throws {
        let set = try set(
            """
            rules:
              - {name: rm, action: deny, match: {actions: [file.delete]}}
              - {name: sh, action: ask, match: {actions: [shell.exec]}, when: 'op.role == "data"'}
            """)
        #expect(set.decide(Fixture.request([Operation(.fileDelete, path: "/", role: .data)])).verdict == .allow)
        #expect(set.decide(Fixture.request([Operation(.shellExec, role: .data)])).verdict == .ask)
    }

    @Test func `the project layer tightens and never decides what is uncovered`() throws {
        let project = try Fixture.layer(
            """
            version: "2"
            defaults: {decision: allow}
            rules: [{name: all, action: allow, match: {actions: ['*']}}]
            """, as: .project)
        #expect(
            PolicySet([project]).decide(Fixture.request([Operation(.gitPush)], profile: "production")).verdict == .deny)
        let strict = try Fixture.layer("version: \"2\"\ndefaults: {decision: deny}", as: .project)
        #expect(PolicySet([strict]).decide(Fixture.request([Operation(.gitPush)])).verdict == .deny)
    }

    @Test func `grants of the built-in layer count until a root states its own default`() throws {
        let builtin = try Fixture.layer(
            "version: \"2\"\nrules: [{name: reads, action: allow, match: {actions: [file.read]}}]", as: .builtin)
        let user = try Fixture.layer(
            "version: \"2\"\nrules: [{name: push, action: allow, match: {actions: [git.push]}}]")
        let organization = try Fixture.layer(
            "version: \"2\"\ndefaults: {decision: deny}", as: .organization)
        func verdict(_ layers: [PolicyLayer], _ kind: WritCore.Operation.Kind) -> Verdict {
            PolicySet(layers).decide(Fixture.request([Operation(kind)], profile: "guarded")).verdict
        }
        #expect(verdict([builtin], .fileRead) == .allow)
        #expect(verdict([builtin], .gitPush) == .ask)
        #expect(verdict([builtin, user], .fileRead) == .allow)
        #expect(verdict([builtin, user], .gitPush) == .allow)
        #expect(verdict([builtin, user, organization], .fileRead) == .deny)
        #expect(verdict([builtin, user, organization], .gitPush) == .deny)
    }

    @Test func `flows look at labels, tools and secrets that the operation carries`() throws {
        let set = try set(
            """
            flows:
              - {name: out, from: [secret], to: {actions: [net.connect]}, action: deny}
              - {name: fresh, from: ['mcp:mail/*'], to: {actions: [git.push]}, action: ask, within: 10m}
            """)
        func verdict(_ operation: WritCore.Operation, _ labels: [SessionState.Label] = []) -> Verdict {
            set.decide(Fixture.request([operation]) { $0.session.labels = labels }).verdict
        }
        #expect(verdict(Operation(.netConnect)) == .allow)
        #expect(verdict(Operation(.netConnect), [.init("secret")]) == .deny)
        #expect(verdict(Operation(.netConnect, taints: .secret)) == .deny)
        #expect(verdict(Operation(.gitPush), [.init("mcp:mail/read", age: 5)]) == .ask)
        #expect(verdict(Operation(.gitPush), [.init("tool:mcp:mail/read", age: 5)]) == .ask)
        #expect(verdict(Operation(.gitPush), [.init("mcp:mail/read", age: 601)]) == .allow)
    }

    @Test func `budgets count what was used and what the call would use`() throws {
        let set = try set(
            """
            metadata: {name: p}
            rules:
              - name: post
                action: allow
                match: {actions: [http.request]}
                limits: {count: 2, window: 10m, then: ask}
            budgets:
              - {name: writes, per: task, actions: [file.write], count: 3, then: deny}
              - {name: money, per: user, meter: cost_usd, limit: 2.5, then: halt}
              - {name: again, per: session, key: op.command_hash, outcome: failed, match: {actions: [shell.exec]}, count: 2, then: ask}
            """)
        func verdict(_ operations: [WritCore.Operation], _ used: [String: Double]) -> Verdict {
            set.decide(Fixture.request(operations) { $0.session.used = used }).verdict
        }
        let write = Operation(.fileWrite, path: "/srv/project/a")
        #expect(verdict([write, write], ["user/p/writes": 1]) == .allow)
        #expect(verdict([write, write], ["user/p/writes": 2]) == .deny)
        #expect(verdict([write], ["user/p/money": 2.5]) == .halt)
        #expect(verdict([Fixture.exec("make")], ["user/p/again#make": 2]) == .ask)
        #expect(verdict([Fixture.exec("ls")], ["user/p/again#make": 2]) == .allow)
        #expect(verdict([Operation(.httpRequest)], ["user/p/post#limits": 1]) == .allow)
        #expect(verdict([Operation(.httpRequest)], ["user/p/post#limits": 2]) == .ask)
        let charges = set.charges(for: Fixture.request([write, write, Fixture.exec("make")]))
        #expect(
            charges.map { "\($0.account)=\($0.amount)" } == [
                "user/p/again#make=1", "user/p/money=1", "user/p/writes=2",
            ])
    }

    @Test func `egress knows hosts, ports, methods and private addresses`() throws {
        let set = try set(
            """
            egress:
              default: deny
              private_addresses: deny
              allow:
                - {hosts: ['*.acme.example', 10.1.2.3], ports: [443]}
                - {hosts: ['*'], methods: [GET]}
              deny: [{hosts: [bad.acme.example]}]
            """)
        func verdict(_ host: String, _ port: Int, _ method: String = "") -> Verdict {
            set.decide(Fixture.request([Operation(.httpRequest, host: host, port: port, method: method)])).verdict
        }
        #expect(verdict("git.ACME.example.", 443) == .allow)
        #expect(verdict("git.acme.example", 80) == .deny)
        #expect(verdict("acme.example", 443) == .deny)
        #expect(verdict("bad.acme.example", 443) == .deny)
        #expect(verdict("elsewhere.example", 80, "GET") == .allow)
        #expect(verdict("10.1.2.3", 443) == .allow)
        #expect(verdict("10.1.2.4", 443, "GET") == .deny)
        #expect(verdict("0x7f.1", 80, "GET") == .deny)
        #expect(verdict("[::ffff:169.254.169.254]", 80, "GET") == .deny)
        #expect(verdict("localhost", 80, "GET") == .deny)
        #expect(verdict("", 0, "GET") == .deny)
    }

    @Test func `findings count from the threshold of their phase`() throws {
        var options = PolicyOptions()
        options.confidences = ["prompt_injection": [.toolResponse: 0.9, .input: 0.8]]
        func least(_ config: String, _ phase: Phase) throws -> Double {
            let layer = try Fixture.layer(
                """
                version: "2"
                rules: [{name: i, scanner: prompt_injection, action: block, scope: [input, tool_response], config: \(config)}]
                """, options: options)
            let set = PolicySet([layer])
            let stops = (0...100).map { Double($0) / 100 }.first { confidence in
                set.decide(
                    Fixture.request {
                        $0.phase = phase
                        $0.findings = [
                            Finding(
                                scanner: "prompt_injection", rule: "r", category: "prompt_injection", severity: .high,
                                confidence: confidence, message: "Found.")
                        ]
                    }
                ).verdict > .allow
            }
            #expect(set.scanners(in: phase).map(\.minimumConfidence) == [try #require(stops)])
            return try #require(stops)
        }
        // What the scanner was calibrated to, a number of the rule's own, one for the phase: above and below.
        #expect(try least("{}", .toolResponse) == 0.9)
        #expect(try least("{}", .input) == 0.8)
        #expect(try least("{min_confidence: 0.3}", .toolResponse) == 0.3)
        #expect(try least("{min_confidence: 0.3, thresholds: {tool_response: 0.95}}", .toolResponse) == 0.95)
        #expect(try least("{min_confidence: 0.3, thresholds: {tool_response: 0.95}}", .input) == 0.3)
        #expect(try least("{thresholds: {tool_response: 0.2}}", .input) == 0.8)
        #expect(
            Fixture.errors(
                """
                version: "2"
                rules:
                  - {name: i, scanner: prompt_injection, action: block, scope: input, config: {thresholds: {skill: 0.5}}}
                  - {name: j, scanner: prompt_injection, action: block, scope: input, config: {thresholds: {input: 2, inpt: 1}}}
                """) == [
                    "p.yaml:3:93: `thresholds` names `skill`, which the rule does not look at (add it to `scope`, or leave it out here)",
                    "p.yaml:4:100: `input` must be between 0.0 and 1.0",
                    "p.yaml:4:103: unknown key `inpt` in `thresholds` (did you mean `input`?)",
                ])
    }

    @Test func `scanner rules answer findings of their groups and close on faults`() throws {
        let set = try set(
            """
            metadata: {name: p}
            rules:
              - {name: keys, scanner: secrets, action: block, scope: output, config: {patterns: [api_keys]}}
              - {name: mask, scanner: secrets, action: redact, scope: tool_response}
              - {name: inject, scanner: prompt_injection, action: alert, scope: tool_response, config: {min_confidence: 0.7}, message: 'Treat it as data.'}
              - {name: code, scanner: code_vuln, action: ask, scope: output, on_error: deny}
            """)
        func finding(_ scanner: String, _ category: String, _ confidence: Double = 1) -> Finding {
            Finding(
                scanner: scanner, rule: "r", category: category, severity: .high, confidence: confidence,
                message: "Found.")
        }
        func decide(_ phase: Phase, _ findings: [Finding], _ faults: [ScannerFault] = []) -> Decision {
            set.decide(
                Fixture.request {
                    $0.phase = phase
                    $0.findings = findings
                    $0.scannerFaults = faults
                })
        }
        #expect(decide(.output, [finding("secrets", "api_keys")]).verdict == .deny)
        #expect(decide(.output, [finding("secrets", "passwords")]).verdict == .allow)
        #expect(decide(.output, [finding("secrets", "api_keys", 0.4)]).verdict == .allow)
        #expect(decide(.input, [finding("secrets", "api_keys")]).verdict == .allow)
        let masked = decide(.toolResponse, [finding("secrets", "tokens")])
        #expect(masked.verdict == .allow)
        #expect(masked.obligations == [.redact(groups: ["tokens"])])
        let alert = decide(.toolResponse, [finding("prompt_injection", "override", 0.8)])
        #expect(alert.verdict == .allow)
        #expect(alert.obligations.map(\.word) == ["annotate"])
        #expect(decide(.output, [finding("code", "sql")]).verdict == .ask)
        #expect(decide(.output, [], [ScannerFault(scanner: "code", message: "timeout")]).verdict == .deny)
    }

    @Test func `a waiver lifts its rule until it ends`() throws {
        let set = try set(
            """
            rules:
              - {name: push, action: deny, match: {actions: [git.push]}}
            waivers:
              - {rule: push, reason: release week, approved_by: alice, until: 2026-01-02, match: {repos: ['git.acme.example/web']}}
            """)
        func verdict(_ now: Int64, _ remote: String) -> Verdict {
            set.decide(
                Fixture.request([Operation(.gitPush)]) {
                    $0.now = now
                    $0.facts.repo.remote = remote
                }
            ).verdict
        }
        let until = Moment.unix("2026-01-02") ?? 0
        #expect(verdict(until - 1, "git@git.acme.example:web.git") == .allow)
        #expect(verdict(until, "git@git.acme.example:web.git") == .deny)
        #expect(verdict(until - 1, "https://git.acme.example/api") == .deny)
    }

    @Test func `a layer that cannot be loaded leaves reading in the repository`() {
        let set = PolicySet([], broken: [.organization])
        func verdict(_ path: String, _ profile: String = "") -> Verdict {
            set.decide(Fixture.request([Operation(.fileRead, path: path)], profile: profile)).verdict
        }
        #expect(verdict("/srv/project/a") == .allow)
        #expect(verdict("/proj/other") == .deny)
        #expect(verdict("/srv/project/a", "production") == .deny)
        #expect(set.decide(Fixture.request([Operation(.fileWrite, path: "/srv/project/a")])).verdict == .deny)
    }

    @Test func `a trace says why a rule had no say`() throws {
        let set = try set(
            """
            metadata: {name: p}
            defaults: {decision: deny}
            rules:
              - {name: a, action: allow, match: {actions: [git.push]}, when: '!op.force && repo.branch == "dev"'}
              - {name: b, action: allow, match: {actions: [git.push], hosts: [git.acme.example]}}
            """)
        let (decision, trace) = set.decideTraced(
            Fixture.request([Operation(.gitPush, host: "else.example")]) { $0.facts.repo.branch = "main" })
        #expect(decision == set.decide(Fixture.request([Operation(.gitPush, host: "else.example")])))
        #expect(
            trace.steps.map { "\($0.rule): \($0.because)" } == [
                #"user/p/a: `repo.branch == "dev"` is false (`repo.branch` is `main`)"#,
                "user/p/b: `hosts` does not match",
            ])
        #expect(trace.alternatives == ["a grant for `git.push` in the layer `user` would cover it"])
    }

    @Test func `tools are hidden only when every call is denied`() throws {
        let set = try set(
            """
            defaults: {decision: deny}
            mcp: {hide_denied: true, servers: {git: {command: git-mcp}}, unknown_server: deny}
            rules:
              - {name: pr, action: allow, match: {tools: ['mcp:git/pr']}, when: 'call.args.base != "release"'}
              - {name: no, action: deny, match: {tools: ['mcp:git/*']}, when: 'call.args.x == 1'}
            """)
        func isShown(_ server: String, _ tool: String) -> Bool {
            set.couldUse(
                Fixture.request {
                    $0.call.tool = Tool(name: "t", action: .mcpCall, server: server, serverTool: tool)
                })
        }
        #expect(set.hidesDeniedTools)
        #expect(isShown("git", "pr"))
        #expect(!isShown("git", "push"))
        #expect(!isShown("other", "pr"))
    }
}
