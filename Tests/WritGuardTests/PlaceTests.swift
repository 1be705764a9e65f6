// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritGuard
import WritPolicy
import WritScan

@Suite struct ProfileChoiceTests {
    @Test func `a stricter place that a call names decides on all of it`() throws {
        let guardian = try Engines.guardian()
        func judged(_ choice: ProfileChoice?) -> (Verdict, String) {
            let call = Call(
                tool: Tool(name: "Bash", action: .shellExec), arguments: ["command": "some-unknown-tool --x"],
                workingDirectory: "/srv/project", workspace: "/srv/project", home: "/home/dev")
            var surroundings = Guard.Surroundings()
            surroundings.profile = { operations in operations.isEmpty ? nil : choice }
            let judgement = guardian.judge(call, session: SessionState(), in: surroundings)
            return (judgement.decision.verdict, judgement.request.facts.environment.profile)
        }
        #expect(judged(nil) == (.allow, ""))
        #expect(judged(ProfileChoice(.guarded, because: "a rule")) == (.ask, "guarded"))
        #expect(judged(ProfileChoice(.production, because: "a rule")) == (.deny, "production"))
    }

    private static let rules: [MachineSettings.ProfileRule] = [
        .init(remote: "git.example.com/pay/*", branch: "main", profile: .production),
        .init(remote: "git.example.com/**", profile: .guarded),
        .init(folder: "/srv/prod", profile: .production),
        .init(remote: "git.example.com/sandbox/*", profile: .prototyping),
    ]

    struct Row: Sendable {
        var place: WorkPlace
        var profile: Profile
        var because: String
    }

    private static let pay = "git@git.example.com:Pay/ledger.git"

    static let rows: [Row] = [
        Row(place: WorkPlace(folder: "/w"), profile: .guarded, because: "the default"),
        Row(
            place: WorkPlace(folder: "/w", remotes: [pay], branch: "main"), profile: .production,
            because: "rule 1: remote git.example.com/pay/*, branch main"),
        Row(
            place: WorkPlace(folder: "/w", remotes: [pay], branch: "fix"), profile: .guarded,
            because: "rule 2: remote git.example.com/**"),
        // A detached head may be any branch's commit.
        Row(
            place: WorkPlace(folder: "/w", remotes: [pay], branch: ""), profile: .production,
            because: "rule 1: remote git.example.com/pay/*, branch main, which cannot be ruled out"),
        // Of all remotes, of old ones too, the strictest rule counts.
        Row(
            place: WorkPlace(folder: "/w", remotes: ["https://example.org/a", pay], branch: "main"),
            profile: .production, because: "rule 1: remote git.example.com/pay/*, branch main"),
        Row(
            place: WorkPlace(folder: "/w", remotes: ["ssh://git@git.example.com:22/sandbox/x"], branch: "x"),
            profile: .guarded, because: "rule 2: remote git.example.com/**"),
        Row(place: WorkPlace(folder: "/srv/prod/a"), profile: .production, because: "rule 3: folder /srv/prod"),
        Row(place: WorkPlace(folder: "/srv/production"), profile: .guarded, because: "the default"),
        Row(
            place: WorkPlace(folder: "/w", isCertain: false), profile: .production,
            because: "rule 1: remote git.example.com/pay/*, branch main, which cannot be ruled out"),
    ]

    @Test func `the strictest rule that fits, or might fit, chooses the profile`() {
        let settings = MachineSettings(profile: .guarded, profileRules: Self.rules)
        for row in Self.rows {
            let choice = ProfileChoice.choose(for: row.place, settings: [settings])
            #expect(choice == ProfileChoice(row.profile, because: row.because), "\(row.place)")
            // The order of the rules changes nothing but their numbers.
            let turned = MachineSettings(profile: .guarded, profileRules: Self.rules.reversed())
            #expect(ProfileChoice.choose(for: row.place, settings: [turned]).profile == row.profile, "\(row.place)")
        }
    }

    @Test func `several settings are asked apart, and a delegation is a lower bound`() {
        let place = WorkPlace(folder: "/w")
        let (relaxed, strict) = (MachineSettings(profile: .prototyping), MachineSettings(profile: .guarded))
        #expect(ProfileChoice.choose(for: place, settings: []).profile == .prototyping)
        #expect(ProfileChoice.choose(for: place, settings: [MachineSettings()]).profile == .prototyping)
        #expect(ProfileChoice.choose(for: place, settings: [relaxed, strict]).profile == .guarded)
        #expect(ProfileChoice.choose(for: place, settings: [strict, relaxed]).profile == .guarded)
        #expect(ProfileChoice.choose(for: place, settings: [relaxed], delegated: ["production"]).profile == .production)
        #expect(
            ProfileChoice.choose(for: place, settings: [strict], delegated: ["prototyping", "production"]).profile
                == .guarded)
        #expect(ProfileChoice.choose(for: place, settings: [relaxed], delegated: ["staging"]).profile == .production)
    }

    @Test func `a remote is known by host, owner and name in any spelling`() {
        for url in [
            "https://git.example.com/Acme/App.git", "https://user@git.example.com:8443/acme/app",
            "git@git.example.com:acme/app.git", "ssh://git@git.example.com:22/acme/app/", "git://git.example.com/acme/app",
            "GIT.example.com:acme/app.git", "git@git.example.com:/acme/app.git",
        ] {
            #expect(RemoteName.of(url) == "git.example.com/acme/app", "\(url)")
        }
        #expect(RemoteName.of("/srv/git/app.git") == "/srv/git/app")
        #expect(RemoteName.of("file:///srv/git/app.git") == "/srv/git/app")
    }

    @Test func `globs over names`() {
        let rows: [(name: String, pattern: String, fits: Bool)] = [
            ("a/b/c", "a/*/c", true), ("a/b/c", "a/*", false), ("a/b/c", "a/**", true), ("a/b/c", "**", true),
            ("a/b/c", "**/c", true), ("a/b/c", "a/**/c", true), ("a/c", "a/**/c", true), ("release/1.2", "release/*", true),
            ("release", "release/*", false), ("release-1", "release*", true), ("main", "ma?n", true), ("main", "main2", false),
            ("", "*", true), ("", "", true), ("x", "", false),
        ]
        for row in rows { #expect(NameGlob.matches(row.name, row.pattern) == row.fits, "\(row)") }
        // Linear where backtracking would not be.
        #expect(!NameGlob.matches(String(repeating: "a", count: 2_000), String(repeating: "*a", count: 500) + "b"))
    }

    @Test func `settings survive being written down, and a slip of the pen is a fault`() throws {
        let settings = MachineSettings(
            profile: .guarded, profileRules: Self.rules, teamFolder: "/srv/team", organizationFolder: "/srv/org",
            organizationKeys: [PolicySigner().publicKey.description])
        #expect(try MachineSettings(settings.json.bytes) == settings)
        #expect(try MachineSettings(Array("{}".utf8)) == MachineSettings())
        for text in [
            "", "[]", #"{"profile": {}}"#, #"{"profiles": {"default": "relaxed"}}"#,
            #"{"profiles": {"rules": [{"profile": "production"}]}}"#, #"{"profiles": {"rules": [{"remote": "a/*"}]}}"#,
            #"{"profiles": {"rules": [{"remotes": "a/*", "profile": "guarded"}]}}"#,
            #"{"profiles": {"rules": [{"folder": "a/../b", "profile": "guarded"}]}}"#,
            #"{"layers": {"team": "relative"}}"#, #"{"layers": {"organization": {"keys": ["x"]}}}"#,
        ] {
            #expect(throws: MachineSettings.Fault.self, "\(text)") { try MachineSettings(Array(text.utf8)) }
        }
    }

    @Test func `a signature is good for these bytes and this key alone`() throws {
        let (signer, other) = (PolicySigner(), PolicySigner())
        let text = Array("version: \"2\"\n".utf8)
        let signature = Array(try signer.signature(over: text).utf8)
        #expect(signer.publicKey.verifies(signature, over: text))
        #expect(PolicySigner(signer.secretText)?.publicKey == signer.publicKey)
        #expect(PolicyKey(signer.publicKey.description) == signer.publicKey)
        #expect(!other.publicKey.verifies(signature, over: text))
        for place in text.indices {
            var changed = text
            changed[place] ^= 1
            #expect(!signer.publicKey.verifies(signature, over: changed), "byte \(place)")
        }
        #expect(!signer.publicKey.verifies([], over: text))
        #expect(!signer.publicKey.verifies(Array("!!!!".utf8), over: text))
    }
}

@Suite struct PrototypePathsTests {
    @Test func `a path is met, and so is the repository that holds it`() {
        var paths = PrototypePaths()
        let news = [paths.insert(file: "/w/app/a.yaml"), paths.insert(file: "/w/app/a.yaml")]
        #expect(news == [true, false])
        paths.insert(folder: "/w/lib")
        let rows: [(operation: WritCore.Operation, folder: String, isMet: Bool)] = [
            (Operation(.fileRead, path: "/w/app/a.yaml"), "/w", true),
            (Operation(.fileRead, path: "/w/app/b.yaml"), "/w", false),
            (Operation(.fileRead, path: "/w/lib/deep/x"), "/w", true),
            (Operation(.fileRead, path: "/w/library/x"), "/w", false),
            (Operation(.fileRead, path: "/w/app/*", isPattern: true), "/w", true),
            (Operation(.fileRead, path: "/w/other/*", isPattern: true), "/w", false),
            (Operation(.deployApply), "/w/app", true), (Operation(.deployApply), "/w/else", false),
            (Operation(.gitPush), "/w", true), (Operation(.gitCommit), "/w", false),
        ]
        for row in rows { #expect(paths.isMet(by: [row.operation], in: row.folder) == row.isMet, "\(row)") }
        let removed = paths.remove(below: "/w/lib")
        #expect(removed == 1)
        #expect(!paths.covers("/w/lib/deep/x"))
    }

    @Test func `past the limit nothing is forgotten`() {
        var paths = PrototypePaths(limit: 50)
        var generator = SeededRandom(7)
        var all: [String] = []
        for index in 0..<2_000 {
            let path = "/w/\(generator.next() % 40)/\(generator.next() % 5)/f\(index)"
            all.append(path)
            _ = paths.insert(file: path)
            #expect(paths.files.count + paths.folders.count <= 50)
        }
        for path in all { #expect(paths.covers(path), "\(path)") }
    }
}

/// xorshift64*: the same numbers in every run.
private struct SeededRandom {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 2_685_821_657_736_338_717
    }
}

@Suite struct BudgetAccountsTests {
    private func charge(_ account: String, per: String = "session", window: Int? = nil, amount: Int = 1) -> BudgetCharge {
        BudgetCharge(
            account: account, budget: account, per: per, window: window, outcome: "any", meter: nil, amount: amount)
    }

    private func owners(_ session: String, agent: String = "claude-code", repo: String = "/r") -> BudgetAccounts.Owners {
        var facts = Facts()
        facts.repo.root = repo
        return BudgetAccounts.Owners(
            call: Call(agent: AgentIdentity(kind: agent), session: session), facts: facts)
    }

    @Test func `accounts belong to their owners`() {
        var accounts = BudgetAccounts()
        let isCharged = accounts.charge(
            [charge("u/p/a"), charge("u/p/b", per: "repo"), charge("u/p/c", per: "call")], to: owners("1"), now: 10)
        #expect(isCharged)
        let kinds = ["u/p/a": "session", "u/p/b": "repo", "u/p/c": "call"]
        #expect(accounts.used(by: owners("1"), kinds: kinds, now: 10) == ["u/p/a": 1, "u/p/b": 1])
        #expect(accounts.used(by: owners("2"), kinds: kinds, now: 10) == ["u/p/b": 1])
        #expect(accounts.used(by: owners("2", repo: "/s"), kinds: kinds, now: 10) == [:])
        // A policy that counts per person now does not look into the old accounts.
        #expect(accounts.used(by: owners("1"), kinds: ["u/p/a": "user"], now: 10) == [:])
        let emptied = accounts.reset("u/p/b")
        #expect(emptied == 1)
        #expect(accounts.lines(now: 10).map(\.account) == ["u/p/a"])
    }

    @Test func `a window never counts less than was used in it, and forgets what left it`() {
        var generator = SeededRandom(3)
        for window in [1, 7, 60, 3_600] {
            var accounts = BudgetAccounts()
            var uses: [Int64] = []
            var now: Int64 = 1_000_000
            for _ in 0..<500 {
                now += Int64(generator.next() % UInt64(window / 4 + 2))
                uses.append(now)
                _ = accounts.charge([charge("a", window: window)], to: owners("1"), now: now)
                let counted = accounts.used(by: owners("1"), kinds: ["a": "session"], now: now)["a"] ?? 0
                #expect(counted >= Double(uses.filter { $0 > now - Int64(window) }.count))
                let slack = Int64(max(1, window / 30))
                #expect(counted <= Double(uses.filter { $0 > now - Int64(window) - slack }.count))
            }
            #expect(accounts.used(by: owners("1"), kinds: ["a": "session"], now: now + 2 * Int64(window) + 2)["a"] == 0)
        }
    }

    @Test func `accounts survive being written down, and damage is seen`() throws {
        var accounts = BudgetAccounts()
        _ = accounts.charge([charge("a", window: 60, amount: 3), charge("b#x/y")], to: owners("s \"1\""), now: 99)
        #expect(BudgetAccounts(accounts.json) == accounts)
        let parsed = try JSON(parsing: accounts.json.bytes)
        #expect(BudgetAccounts(parsed)?.lines(now: 99) == accounts.lines(now: 99))
        for text in ["{}", #"{"v": 2, "accounts": []}"#, #"{"v": 1, "accounts": [{}]}"#] {
            #expect(BudgetAccounts(try JSON(parsing: text)) == nil, "\(text)")
        }
    }

    @Test func `what crowds the accounts does not crowd out the ones in use`() {
        var accounts = BudgetAccounts()
        for index in 0..<(BudgetAccounts.maximumAccounts + 100) {
            _ = accounts.charge([charge("k#\(index)")], to: owners("1"), now: Int64(index))
        }
        #expect(accounts.lines(now: 10_000).count <= BudgetAccounts.maximumAccounts)
        #expect(accounts.lines(now: 10_000).contains { $0.account == "k#\(BudgetAccounts.maximumAccounts + 99)" })
    }
}

@Suite struct DetectorGroupTests {
    @Test func `the groups that policies may name are those that detectors yield`() throws {
        let secrets = Set(try SecretRules.builtIn().rules.map(\.group))
        let code: Set = ["obfuscation", "backdoor", "diff"]
        let supplyChain: Set = ["typosquat", "reputation", "advisory", "confusion", "pin", "source", "drift"]
        #expect(PolicyOptions.defaultDetectorGroups == secrets.union(code).union(supplyChain).union(["all"]))
    }
}
