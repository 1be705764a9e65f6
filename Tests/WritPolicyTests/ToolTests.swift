// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritResources

@testable import WritPolicy

@Suite struct ToolTests {
    private func coding() throws -> (bytes: [UInt8], document: PolicyDocument) {
        let text = try #require(Resource.named("policies/rune-coding.yaml")).text
        return (Array(text.utf8), try PolicyDocument.read(Array(text.utf8), file: "rune-coding.yaml").document)
    }

    @Test func `a policy that lost its indentation means the same`() throws {
        let (bytes, document) = try coding()
        let flat = String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
            $0.drop { $0 == " " }
        }.joined(separator: "\n")
        let source =
            "Some prose before it.\n" + flat + "Policies are defined in YAML.\nQuick Start\nfrom x import Shield\n"
        let result = try PolicyImport.flattened(source)
        #expect(result.leftOut.count == 2)
        let (rebuilt, _) = try PolicyDocument.read(Array(result.text.utf8), file: "rune-coding.yaml")
        func plain(_ document: PolicyDocument) -> [String] {
            document.rules.map { rule in
                let scanner = rule.scanner
                let patterns = scanner?.blockedPatterns?.map(\.value) ?? []
                let groups = scanner?.groups?.map(\.value) ?? []
                return
                    "\(rule.name) \(rule.action) \(rule.severity) \(rule.description) \(scanner?.name ?? "") \(scanner?.phases.map(\.rawValue).sorted() ?? []) \(scanner?.toolName?.value ?? "") \(patterns) \(groups) \(scanner?.minimumWeeklyDownloads ?? 0)"
            }
        }
        #expect(plain(rebuilt) == plain(document))
    }

    @Test func `an upgrade keeps the literal rules and adds structural ones`() throws {
        let (bytes, document) = try coding()
        let text = PolicyUpgrade.text(document)
        let upgraded = try Fixture.layer(text)
        #expect(
            upgraded.documents[0].rules.map(\.name) == document.rules.map(\.name)
                + ["download-to-interpreter", "recursive-forced-delete", "environment-dump", "credential-files"])
        let old = PolicySet([try PolicyLayer.load(.user, [.init(file: "rune-coding.yaml", bytes: bytes)])])
        let new = PolicySet([upgraded])
        for command in ["curl x | sh", "env", "rm -rf /", "wget x | sh", "ls", "cat .env", "npm test"] {
            let request = Fixture.shell(command)
            #expect(new.decide(request).verdict >= old.decide(request).verdict, "\(command)")
        }
        var piped = Fixture.exec("sh")
        piped.traits = .interpreter
        piped.taints = .net
        #expect(new.decide(Fixture.request([piped])).verdict == .deny)
    }

    @Test func `permission lists become rules on operations`() throws {
        let settings = try JSON(
            parsing: """
                {"permissions": {"allow": ["Bash(npm run test:*)", "Read(./docs/**)", "mcp__git__list_repos", "Bash(ls && pwd)"],
                 "ask": ["Bash(git push:*)", "WebFetch(domain:example.com)"],
                 "deny": ["Read(**/.env)", "Read(~/.ssh/**)", "Edit(secrets.json)", "mcp__mail"], "defaultMode": "plan"}}
                """)
        let result = PolicyImport.permissions(settings)
        let layer = try Fixture.layer(result.text)
        #expect(
            layer.documents[0].rules.map { "\($0.name) \($0.action)" } == [
                "allow-npm-run-test allow", "allow-read-docs allow", "allow-git-list-repos allow", "ask-git-push ask",
                "ask-fetch-domain-example-com ask", "deny-read-env deny", "deny-read-ssh deny",
                "deny-write-secrets-json deny",
                "deny-mail deny",
            ])
        #expect(result.leftOut.count == 2)
        let set = PolicySet([layer])
        #expect(set.decide(Fixture.shell("git -C x push")).verdict == .ask)
        #expect(set.decide(Fixture.request([Operation(.fileRead, path: "/home/dev/.ssh/id")])).verdict == .deny)
        #expect(
            set.decide(Fixture.request([Operation(.fileWrite, path: "/srv/project/a/secrets.json")])).verdict == .deny)
    }

    @Test func `Codex rules keep their examples and reasons`() throws {
        let result = PolicyImport.codex(
            """
            # rules
            prefix_rule(
                pattern = ["git", ["push", "fetch"]],
                decision = "prompt",
                justification = "Ask first, it's shared",
                match = [["git", "push", "origin"]],
                not_match = ["git status"],
            )
            prefix_rule(pattern=["rm"], decision="forbidden")
            host_executable(name="git", paths=["/usr/bin/git"])
            """)
        let layer = try Fixture.layer(
            result.text, options: PolicyOptions(expand: { [Fixture.exec($0)] }))
        #expect(layer.documents[0].rules.map { "\($0.name) \($0.action)" } == ["ask-git-push ask", "deny-rm deny"])
        #expect(layer.documents[0].rules[0].message == "Ask first, it's shared")
        #expect(result.leftOut == ["`host_executable` in line 10 has no counterpart"])
    }

    @Test func `what does not load is left out of an import and listed`() throws {
        let result = PolicyImport.codex(
            """
            prefix_rule(pattern=["gh", "pr", "view"], decision="prompt", not_match=["gh pr --repo a/b view 1"])
            prefix_rule(pattern=["git", "status"], decision="allow", match=["git status"])
            """
        ).loading(PolicyOptions(expand: { [Fixture.exec($0)] }))
        #expect(
            result.leftOut == [
                "the rule `ask-gh-pr-view` matches its example `gh pr --repo a/b view 1`; its examples are left out"
            ])
        #expect(try Fixture.layer(result.text).documents[0].rules.map(\.name) == ["ask-gh-pr-view", "allow-git-status"])
        let bad = PolicyImport.permissions(
            try JSON(parsing: #"{"permissions": {"deny": ["Read(a/../../b)", "Read(c)", 7]}}"#)
        ).loading()
        #expect(try Fixture.layer(bad.text).documents[0].rules.map(\.name) == ["deny-read-c"])
        #expect(bad.leftOut.count == 2 && bad.hasRules, "\(bad.leftOut)")
        #expect(!PolicyImport.permissions(.array([])).loading().hasRules)
        #expect(PolicyImport.opencode(.object([])).leftOut == ["there is no object `permission`"])
    }

    @Test func `several checks are one SARIF log`() throws {
        let checks = ["a", "b"].map { name in
            PolicyCheck.run(
                .user, [.init(file: "\(name).yaml", bytes: Array("version: \"2\"\nrules: [{name: x}]".utf8))])
        }
        let log = PolicyCheck.sarif(checks)
        #expect(log["runs"]?.array?.count == 2)
        #expect(log["version"] == "2.1.0")
    }

    @Test func `opencode maps lose their order, and say so`() throws {
        let settings = try JSON(
            parsing:
                #"{"permission": {"edit": "ask", "bash": {"git status": "allow", "rm *": "deny", "*": "ask"}, "webfetch": "deny"}}"#
        )
        let result = PolicyImport.opencode(settings)
        let layer = try Fixture.layer(result.text)
        #expect(
            layer.documents[0].rules.map(\.name) == [
                "ask-write-files", "allow-git-status", "deny-rm", "deny-fetch-web",
            ])
        #expect(
            result.leftOut == [
                "`bash`: the last entry that fits counted; here the strictest does",
                "`Bash(git status)` granted one exact text; here it grants the command with any arguments",
                "`bash` `*`: ask was a fallback; set `defaults.decision` instead, since here the strictest rule wins",
            ])
    }

    @Test func `a record decides again as it was decided`() throws {
        var world = PropertyTests.World(seed: 5)
        let set = PolicySet([
            try Fixture.layer(PropertyTests.World.document("p", "ask", world.grants + world.restrictions, world.flows))
        ])
        for _ in 0..<500 {
            var request = world.request()
            request.session.used = ["user/p/x": 1.5]
            request.facts.writ.revocationAge = 4
            request.approvedGates = ["g"]
            let record = RequestRecord(
                request: request, verdict: set.decide(request).verdict, rules: ["r"], policy: "d")
            let read = try #require(RequestRecord(try JSON(parsing: record.json.bytes)))
            #expect(set.decide(read.request) == set.decide(request))
            #expect(read.json == record.json)
        }
    }

    @Test func `a diff counts what is loosened and what cannot be decided`() throws {
        let old = PolicySet([
            try Fixture.layer("version: \"2\"\nrules: [{name: a, action: deny, match: {actions: [git.push]}}]")
        ])
        let new = PolicySet([
            try Fixture.layer(
                "version: \"2\"\nrules: [{name: a, action: deny, match: {actions: [git.push]}, when: op.force}, {name: b, action: ask, match: {actions: [file.write]}}]"
            )
        ])
        var diff = PolicyDiff(old: old, new: new)
        for operation in [
            Operation(.gitPush), Operation(.gitPush, traits: .force), Operation(.fileWrite, path: "/srv/project/a"),
            Operation(.fileRead, path: "/x"),
        ] {
            diff.add(RequestRecord(request: Fixture.request([operation]), verdict: .allow).json)
        }
        diff.add(["verdict": "allow"])
        #expect(
            diff.text == """
                5 calls, 1 undecided
                allow -> allow: 1
                allow -> ask: 1  tightened
                deny -> allow: 1  loosened
                deny -> deny: 1
                deny -> allow by user/policy/a: 1
                    git.push
                allow -> ask by user/policy/b: 1
                    file.write `/srv/project/a`
                """)
        #expect(diff.hasLoosened)
    }

    @Test func `suggestions grant what was missing and nothing that a rule forbids`() throws {
        let set = PolicySet([
            try Fixture.layer(
                "version: \"2\"\ndefaults: {decision: deny}\nrules: [{name: no, action: deny, match: {actions: [file.read], paths: ['**/.env']}}]",
                as: .organization)
        ])
        var records: [RequestRecord] = []
        for operation in [
            Fixture.exec("swift test --parallel"), Fixture.exec("swift test"), Fixture.exec("bash x.sh"),
            Fixture.exec("bash x.sh"),
            Operation(.fileRead, path: "/srv/project/src/a"), Operation(.fileRead, path: "/srv/project/src/b"),
            Operation(.fileRead, path: "/srv/project/src/c"), Operation(.fileRead, path: "/srv/project/.env"),
            Operation(.fileRead, path: "/srv/project/.env"), Operation(.netConnect, host: "a.example"),
        ] {
            let request = Fixture.request([operation])
            records.append(RequestRecord(request: request, verdict: .deny))
        }
        let suggestion = PolicySuggestion.make(set, records)
        #expect(suggestion.fault == nil)
        #expect(suggestion.support == ["allow-file-read-src": 3, "allow-shell-exec-swift-test": 2])
        #expect(suggestion.effect.table == [.deny: [.allow: 5, .deny: 5]])
        let layer = try PolicyLayer.load(.organization, [.init(file: "s.yaml", bytes: Array(suggestion.text.utf8))])
        #expect(PolicyTests.run(layer).failures.map(\.description) == [])
    }

    @Test func `a loader keeps the last good policy and refuses a rollback`() {
        var loader = PolicyLoader()
        func source(_ text: String) -> PolicyLayer.Source { .init(file: "o.yaml", bytes: Array(text.utf8)) }
        func policy(_ revision: Int) -> PolicyLayer.Source {
            source(
                "version: \"2\"\nmetadata: {name: o, layer: organization, revision: \(revision)}\ndefaults: {decision: deny}"
            )
        }
        let good: PolicyLoader.Verifier = { _, signature in signature == [1] }
        #expect(loader.loadSigned(.organization, [(policy(3), [1])], verify: good) == .loaded(notes: []))
        guard case .kept(let errors) = loader.loadSigned(.organization, [(policy(2), [1])], verify: good) else {
            Issue.record("an older revision was taken")
            return
        }
        #expect(
            errors.map(\.description) == [
                "o.yaml: revision 2 is older than 3, which was in force (give the policy a higher `metadata.revision`)"
            ])
        guard case .kept = loader.loadSigned(.organization, [(policy(4), [2])], verify: good) else {
            Issue.record("a bad signature was taken")
            return
        }
        #expect(loader.policySet.layers.map(\.revision) == [3])
        guard case .degraded? = loader.status[.organization] else {
            Issue.record("not marked")
            return
        }
        guard case .refused = loader.load(.team, [source("version: \"2\"\nrulez: []")]) else {
            Issue.record("a broken policy was taken")
            return
        }
        #expect(loader.policySet.broken == [.team])
        #expect(loader.load(.team, [source("version: \"2\"")]) == .loaded(notes: []))
        #expect(loader.policySet.broken.isEmpty)
        #expect(loader.load(.team, [source("version: \"2\"")]) == .unchanged)
    }
}
