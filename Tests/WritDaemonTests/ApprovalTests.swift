// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Testing
import WritCore
import WritGuard
import WritPolicy
import WritScan
import WritWire

@testable import WritDaemon

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// A folder of its own, removed at the end.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        var name = Array("/tmp/writ-daemon-XXXXXX".utf8CString)
        try #require(mkdtemp(&name) != nil)
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in ["approvals.json", "approvals.json.new", "delegations.json", "delegations.json.new", "anchors.json"] { unlink("\(path)/\(name)") }
        rmdir(path)
    }
}

/// What was put on terminals.
final class Board: QuestionBoard {
    private let texts = Mutex<[String]>([])

    func show(_ text: String, on terminal: UInt64) { texts.withLock { $0.append(text) } }

    var last: String { texts.withLock { $0.last ?? "" } }

    /// The challenge in the last question.
    var challenge: String {
        guard let start = last.range(of: "type  ")?.upperBound, let end = last.range(of: "  and press")?.lowerBound else {
            return ""
        }
        return String(last[start..<end])
    }
}

extension String {
    /// Where `part` stands, without Foundation.
    fileprivate func range(of part: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(part) { return start..<index(start, offsetBy: part.count) }
            start = index(after: start)
        }
        return nil
    }
}

/// Policies, calls and approvals in one small world; the person is process 99, the agent's shell 70.
struct ApprovalWorld {
    static let policy = """
        version: "2"
        metadata: {name: trial, layer: user, owner: tests, description: 'Asks.', revision: 1}
        profiles: {prototyping: {hosts_ask: broker}}
        approvals:
          me: {approvers: ['user:dev'], expires: 2m, max_uses: 2}
          maintainer: {approvers: ['role:maintainer'], expires: 10m}
          pair: {approvers: ['user:dev', 'user:eve'], count: 2, expires: 10m}
          strong: {approvers: ['user:dev'], auth: mfa, expires: 10m}
          other: {approvers: ['user:dev'], exclude: [delegator], expires: 10m}
          chat: {approvers: ['user:dev'], channel: [chat], expires: 10m}
        rules:
          - {name: plain, action: ask, match: {actions: [shell.exec]}, when: 'op.program == "plain"'}
          - {name: mine, action: ask, approval: me, match: {actions: [shell.exec]}, when: 'op.program == "mine"'}
          - {name: theirs, action: ask, approval: maintainer, match: {actions: [shell.exec]}, when: 'op.program == "theirs"'}
          - {name: two, action: ask, approval: pair, match: {actions: [shell.exec]}, when: 'op.program == "two"'}
          - {name: mfa, action: ask, approval: strong, match: {actions: [shell.exec]}, when: 'op.program == "strong"'}
          - {name: not-me, action: ask, approval: other, match: {actions: [shell.exec]}, when: 'op.program == "other"'}
          - {name: by-chat, action: ask, approval: chat, match: {actions: [shell.exec]}, when: 'op.program == "chat"'}
          - {name: never, action: deny, match: {actions: [shell.exec]}, when: 'op.program == "never"'}

        """

    /// Made once: compiling the rules takes longer than all else.
    private static let detectors = Result { [try SecretDetector(rules: try SecretRules.builtIn())] as [any Detector] }

    let folder: TestFolder
    let guardian: Guard
    let board = Board()
    let key = FingerprintKey(bytes: Array(repeating: 7, count: 32))
    var approvals: Approvals
    var now: Int64 = 1_700_000_000_000

    init(policy: String = ApprovalWorld.policy) throws {
        folder = try TestFolder()
        let layer = try PolicyLayer.load(
            .user, [.init(file: "trial.yaml", bytes: Array(policy.utf8))],
            options: Engines.policyOptions(key: key, checksExamples: false))
        guardian = Guard(
            policies: PolicySet([layer]), detectors: try Self.detectors.get(), packages: nil, key: key)
        approvals = try Self.open(folder, guardian, board, key, boot: "first")
    }

    private static func open(
        _ folder: TestFolder, _ guardian: Guard, _ board: Board, _ key: FingerprintKey, boot: String
    ) throws -> Approvals {
        var view = ProcessTable.desktop
        view.add(70, 40, session: 30, terminal: 1, start: 290, "writ")
        view.add(98, 50, session: 50, terminal: 2, start: 300, "writ")
        view.add(99, 50, session: 50, terminal: 2, start: 300, "writ")
        // The agent (40) starts another (42, hook 91); a second hook of its own (92); a person's third agent (51, 93).
        view.add(41, 40, session: 30, terminal: 1, start: 301, "bash", ["-c", "codex exec"])
        view.add(42, 41, session: 30, terminal: 1, start: 302, "node", ["codex"])
        view.add(43, 42, session: 30, terminal: 1, start: 303, "timeout", ["9", "writ-hook", "codex"])
        view.add(91, 43, session: 30, terminal: 1, start: 303, "writ-hook")
        view.add(44, 40, session: 30, terminal: 1, start: 304, "sh", ["-c", "writ-hook claude-code"])
        view.add(92, 44, session: 30, terminal: 1, start: 305, "writ-hook")
        view.add(51, 50, session: 50, terminal: 2, start: 306, "node", ["claude"])
        view.add(52, 51, session: 50, terminal: 2, start: 307, "sh", ["-c", "writ-hook claude-code"])
        view.add(93, 52, session: 50, terminal: 2, start: 308, "writ-hook")
        // A hook whose agent has ended, adopted by what starts programs for everybody, and an agent that this started.
        view.add(8, 1, session: 8, terminal: 0, start: 5, "init")
        view.add(94, 8, session: 8, terminal: 0, start: 309, "writ-hook")
        view.add(53, 8, session: 53, terminal: 0, start: 310, "node", ["codex"])
        view.add(95, 53, session: 53, terminal: 0, start: 311, "writ-hook")
        let approvals = try Approvals(
            path: folder.path + "/approvals.json", key: key,
            withholding: Withholding(detectors: guardian.detectors, key: key), view: view, board: board, boot: boot,
            program: "/usr/bin/writ", user: (1000, "dev"))
        try approvals.note(hook: 90)
        return approvals
    }

    /// Another daemon takes over what this one kept.
    mutating func restart(boot: String = "first") throws {
        approvals = try Self.open(folder, guardian, board, key, boot: boot)
    }

    func call(_ command: String) -> Call {
        Call(
            agent: AgentIdentity(kind: "test-agent"), session: "s1", tool: Tool(name: "Bash", action: .shellExec),
            arguments: ["command": .string(command)], workingDirectory: "/home/dev/project", workspace: "/home/dev/project",
            home: "/home/dev")
    }

    func settle(_ call: Call, canAsk: Bool = false, canBlock: Bool = true) throws -> Approvals.Settled {
        var place = Guard.Surroundings(now: now / 1000, user: "dev")
        place.host = HostCapabilities(canBlock: canBlock, canAsk: canAsk)
        let judgement = guardian.judge(call, session: SessionState(), in: place)
        return try approvals.settle(judgement, policies: guardian.policies, now: now)
    }

    /// What the agent hears: the verdict, and the id when the call waits or was refused by a person.
    func heard(_ command: String) throws -> (Verdict, String?) {
        let settled = try settle(call(command))
        return (settled.answer.verdict, settled.approval?.id)
    }

    func ask(_ what: String, _ id: String, text: String = "", peer: Int32 = 99) throws -> JSON {
        let request: JSON = ["do": .string(what), "id": .string(id), "text": .string(text)]
        return try approvals.serve(request.bytes, peer: peer, now: now).answer
    }

    /// A person reads the challenge and types it.
    func approve(_ id: String) throws -> Bool {
        guard try ask("challenge", id)["ok"] == true else { return false }
        return try ask("answer", id, text: " \(board.challenge.uppercased())\r")["ok"] == true
    }
}

@Suite struct ApprovalTests {
    @Test func `a refused question passes once after a person agreed`() throws {
        let world = try ApprovalWorld()
        let first = try world.settle(world.call("plain --now"))
        let id = try #require(first.approval?.id)
        #expect(first.answer.verdict == .deny && first.judgement.decision.verdict == .ask)
        #expect(first.effect.decision.verdict == .deny)
        #expect(first.answer.message.contains("`writ approve \(id)`"), "\(first.answer.message)")
        #expect(first.events.map(\.kind) == [.requested])
        // The same call is the same request, and waiting changes nothing.
        #expect(try world.heard("plain --now") == (.deny, id))
        #expect(try world.approve(id))
        let second = try world.settle(world.call("plain --now"))
        #expect(second.answer.verdict == .allow && second.judgement.request.approvedGates == [""])
        #expect(second.events.map(\.kind) == [.used])
        let third = try world.settle(world.call("plain --now"))
        #expect(third.answer.verdict == .deny && third.approval?.id != id)
    }

    @Test func `an approval holds for the very call alone`() throws {
        let world = try ApprovalWorld()
        let id = try #require(try world.heard("plain --now").1)
        #expect(try world.approve(id))
        let changes: [(inout Call) -> Void] = [
            { $0.arguments = ["command": "plain --noW"] }, { $0.arguments = ["command": "plain  --now"] },
            { $0.arguments = ["command": "plain --now", "description": ""] }, { $0.session = "s2" },
            { $0.workingDirectory = "/home/dev/project/a" }, { $0.workspace = "/home/dev" },
            { $0.agent = AgentIdentity(kind: "other-agent") }, { $0.agent.id = "sub" }, { $0.tool.name = "Shell" },
            { $0.home = "/home/eve" },
        ]
        for (index, change) in changes.enumerated() {
            var other = world.call("plain --now")
            change(&other)
            #expect(try world.settle(other).answer.verdict == .deny, "change \(index)")
        }
        #expect(try world.heard("plain --now").0 == .allow)
    }

    @Test func `B48 one byte more or less in the arguments is another call`() throws {
        let world = try ApprovalWorld()
        let request = try world.settle(world.call("plain --now --here")).judgement.request
        let bound = CallBinding.digest(of: request, policies: "p", gates: [""])
        var bindings: Set<String> = [bound]
        let text = Array("plain --now --here".utf8)
        for index in text.indices {
            var changed = request
            var bytes = text
            bytes[index] ^= 1
            changed.call.arguments = ["command": .string(String(decoding: bytes, as: UTF8.self))]
            bindings.insert(CallBinding.digest(of: changed, policies: "p", gates: [""]))
        }
        bindings.insert(CallBinding.digest(of: request, policies: "q", gates: [""]))
        bindings.insert(CallBinding.digest(of: request, policies: "p", gates: ["g"]))
        var followed = request
        followed.operations = [Operation(.fileDelete, path: "/elsewhere")]
        bindings.insert(CallBinding.digest(of: followed, policies: "p", gates: [""]))
        #expect(bindings.count == text.count + 4)
        followed = request
        followed.call.event = .permissionRequest
        followed.call.toolUse = "another"
        followed.call.id = "another"
        #expect(CallBinding.digest(of: followed, policies: "p", gates: [""]) == bound)
    }

    @Test func `only a person who sees the challenge can agree`() throws {
        let world = try ApprovalWorld()
        let id = try #require(try world.heard("plain").1)
        #expect(try world.ask("challenge", id, peer: 70)["kind"] == "agent")
        #expect(world.board.last.isEmpty)
        #expect(try world.ask("answer", id, text: "x")["ok"] == false)
        #expect(try world.ask("challenge", id)["ok"] == true)
        let challenge = world.board.challenge
        #expect(challenge.count == Approvals.idLength)
        // Neither the agent nor another process of the person's can answer it, and a try spends it.
        #expect(try world.ask("answer", id, text: challenge, peer: 70)["kind"] == "agent")
        #expect(try world.ask("answer", id, text: challenge, peer: 98)["ok"] == false)
        #expect(try world.ask("answer", id, text: challenge)["ok"] == false)
        #expect(try world.ask("deny", id, peer: 70)["kind"] == "agent")
        #expect(try world.heard("plain") == (.deny, id))
        #expect(try world.approve(id))
        #expect(try world.heard("plain").0 == .allow)
    }

    @Test func `a challenge ends, and wrong answers end the request`() throws {
        var world = try ApprovalWorld()
        let id = try #require(try world.heard("plain").1)
        #expect(try world.ask("challenge", id)["ok"] == true)
        let late = world.board.challenge
        world.now += Approvals.challengeLifetime
        #expect(try world.ask("answer", id, text: late)["ok"] == false)
        for _ in 0..<ApprovalBook.maximumFailures {
            #expect(try world.ask("challenge", id)["ok"] == true)
            #expect(try world.ask("answer", id, text: "wrong")["ok"] == false)
        }
        #expect(try world.ask("challenge", id)["ok"] == false)
        #expect(try world.heard("plain").1 != id)
    }

    @Test func `a person's refusal stands, for a while`() throws {
        var world = try ApprovalWorld()
        let id = try #require(try world.heard("plain").1)
        #expect(try world.ask("deny", id)["ok"] == true)
        let settled = try world.settle(world.call("plain"))
        #expect(settled.answer.verdict == .deny && settled.answer.message.contains("A person has refused this call"))
        #expect(try world.ask("challenge", id)["ok"] == false)
        world.now += ApprovalBook.waiting
        #expect(try world.heard("plain").1 != id)
        // What was agreed to can be taken back until it is used.
        let other = try #require(try world.heard("plain 2").1)
        #expect(try world.approve(other))
        #expect(try world.ask("deny", other)["ok"] == true)
        #expect(try world.heard("plain 2") == (.deny, other))
    }

    @Test func `requests and approvals end`() throws {
        var world = try ApprovalWorld()
        let id = try #require(try world.heard("plain").1)
        world.now += ApprovalBook.waiting - 1
        #expect(try world.heard("plain").1 == id)
        // The last try has prolonged the wait.
        world.now += ApprovalBook.waiting - 1
        #expect(try world.approve(id))
        world.now += GateTerms.lifetime
        #expect(try world.heard("plain").1 != id)
        let gated = try #require(try world.heard("mine").1)
        #expect(try world.approve(gated))
        world.now += 119_999
        #expect(try world.heard("mine").0 == .allow)
        world.now += 1
        #expect(try world.heard("mine").0 == .deny)
    }

    @Test func `a gate says how often, and who`() throws {
        let world = try ApprovalWorld()
        let id = try #require(try world.heard("mine").1)
        #expect(try world.approve(id))
        #expect(try world.heard("mine").0 == .allow)
        #expect(try world.heard("mine").0 == .allow)
        #expect(try world.heard("mine").0 == .deny)
        for (command, reason) in [
            ("theirs", "needs role:maintainer, and the user here is `dev`"), ("two", "needs 2 people"),
            ("strong", "asks for mfa"), ("other", "needs somebody else than who the agent works for"),
            ("chat", "is answered by way of chat"), ("mine; theirs", "needs role:maintainer, and the user here is `dev`"),
        ] {
            let settled = try world.settle(world.call(command))
            #expect(settled.answer.message.contains(reason), "\(command): \(settled.answer.message)")
            #expect(try world.approve(settled.approval?.id ?? "") == false, "\(command)")
        }
    }

    @Test func `all gates of a call agree together, and a denial is never lifted`() throws {
        let world = try ApprovalWorld()
        let both = try world.settle(world.call("mine; plain"))
        #expect(both.approval?.gates == ["", "user/trial/me"])
        #expect(both.approval?.usesLeft == 1 && both.approval?.lifetime == 120_000)
        #expect(try world.approve(both.approval?.id ?? ""))
        #expect(try world.heard("mine; plain").0 == .allow)
        let denied = try world.settle(world.call("plain; never"))
        #expect(denied.answer.verdict == .deny && denied.approval == nil && denied.events.isEmpty)
    }

    @Test func `the host asks where it can, and what cannot be stopped waits for nobody`() throws {
        let native = """
            version: "2"
            metadata: {name: trial, layer: user, owner: tests, description: 'Asks.', revision: 1}
            rules:
              - {name: plain, action: ask, match: {actions: [shell.exec]}, when: 'op.program == "plain"'}

            """
        let world = try ApprovalWorld(policy: native)
        #expect(try world.settle(world.call("plain"), canAsk: true).answer.verdict == .ask)
        #expect(try world.settle(world.call("plain"), canAsk: false).answer.verdict == .deny)
        #expect(try world.settle(world.call("plain"), canAsk: false, canBlock: false).approval == nil)
        let gated = native.replacing(
            "rules:",
            with: """
                approvals:
                  me: {approvers: ['user:dev'], expires: 2m}
                  maintainer: {approvers: ['role:maintainer'], expires: 10m}
                rules:
                  - {name: a, action: ask, approval: me, match: {actions: [shell.exec]}, when: 'op.program == "mine"'}
                  - {name: b, action: ask, approval: maintainer, match: {actions: [shell.exec]}, when: 'op.program == "theirs"'}
                """)
        let mixed = try ApprovalWorld(policy: gated)
        #expect(try mixed.settle(mixed.call("mine"), canAsk: true).answer.verdict == .ask)
        // The host's prompt does not know who answers it.
        #expect(try mixed.settle(mixed.call("theirs"), canAsk: true).answer.verdict == .deny)
        let broker = try ApprovalWorld()
        #expect(try broker.settle(broker.call("plain"), canAsk: true).answer.verdict == .deny)
    }

    @Test func `the host's own question about a call that passed is covered once`() throws {
        var world = try ApprovalWorld()
        let id = try #require(try world.heard("plain").1)
        #expect(try world.approve(id))
        var question = world.call("plain")
        question.event = .permissionRequest
        #expect(try world.heard("plain").0 == .allow)
        #expect(try world.settle(question).answer.verdict == .allow)
        #expect(try world.settle(question).answer.verdict == .deny)
        let second = try #require(try world.heard("plain").1)
        #expect(try world.approve(second))
        #expect(try world.heard("plain").0 == .allow)
        world.now += ApprovalBook.following
        #expect(try world.settle(question).answer.verdict == .deny)
    }

    @Test func `what people said outlives the daemon, and a use outlives it too`() throws {
        var world = try ApprovalWorld()
        let (given, denied, waiting) = (
            try #require(try world.heard("plain 1").1), try #require(try world.heard("plain 2").1),
            try #require(try world.heard("plain 3").1)
        )
        #expect(try world.approve(given))
        #expect(try world.ask("deny", denied)["ok"] == true)
        try world.restart()
        #expect(try world.heard("plain 2") == (.deny, denied))
        #expect(try world.heard("plain 3") == (.deny, waiting))
        #expect(try world.heard("plain 1").0 == .allow)
        try world.restart()
        #expect(try world.heard("plain 1").0 == .deny)
        #expect(try world.approve(waiting))
        // What was agreed to before the machine started anew is void; processes have new numbers.
        try world.restart(boot: "second")
        #expect(try world.heard("plain 3").0 == .deny)
    }

    @Test func `a kept file that somebody changed holds nothing`() throws {
        var world = try ApprovalWorld()
        let id = try #require(try world.heard("plain").1)
        let path = world.folder.path + "/approvals.json"
        var bytes = try #require(try SmallFile.read(path, limit: 1 << 20))
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains("\"state\":\"waiting\""))
        bytes = Array(text.split(separator: "\"waiting\"", omittingEmptySubsequences: false).joined(separator: "\"given\"").utf8)
        try SmallFile.write(bytes, to: path)
        try world.restart()
        #expect(world.approvals.fault != nil)
        #expect(try world.heard("plain").1 != id)
        for damage in ["", "{", "[]", "{\"body\":{},\"seal\":\"\"}"] {
            try SmallFile.write(Array(damage.utf8), to: path)
            try world.restart()
            #expect(world.approvals.fault != nil, "\(damage)")
        }
    }

    @Test func `B48 a flood of one session pushes out its own alone`() throws {
        var book = ApprovalBook()
        func request(_ number: Int, session: String) -> Approval {
            Approval(
                id: "\(session)-\(number)", binding: "\(session) \(number)", agent: "a", session: session, tool: "Bash",
                shown: .init(), gates: [""], askedAt: 0, until: 1_000, lifetime: 1_000, usesLeft: 1)
        }
        func isOpen(_ id: String) -> Bool { book.approval(id)?.state.isOpen == true }
        for number in 0..<2 { _ = book.ask(request(number, session: "mine"), now: 0) }
        let given = book.answer("mine-1", agrees: true, by: "dev", now: 0)
        #expect(given?.kind == .given)
        var dropped: [String] = []
        for number in 0..<400 {
            dropped += book.ask(request(number, session: "flood"), now: 0).events
                .filter { $0.kind == .dropped }.map(\.approval.id)
        }
        #expect(dropped == (0..<400 - ApprovalBook.perSession).map { "flood-\($0)" })
        #expect(isOpen("mine-0") && isOpen("mine-1"))
        // Many sessions: those with the most go first, and what a person agreed to never goes.
        for number in 0..<300 { _ = book.ask(request(number, session: "s\(number / 4)"), now: 0) }
        #expect(book.all.filter(\.state.isOpen).count == ApprovalBook.maximumOpen)
        #expect(isOpen("mine-0") && isOpen("mine-1"))
        #expect(book.all.count <= ApprovalBook.maximumOpen + ApprovalBook.maximumEnded)
        #expect(ApprovalBook(book.json) == book)
    }

    @Test func `a secret in a call is not kept`() throws {
        let world = try ApprovalWorld()
        let token = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
        let settled = try world.settle(world.call("plain --token \(token)"))
        let kept = String(decoding: try #require(try SmallFile.read(world.folder.path + "/approvals.json", limit: 1 << 20)), as: UTF8.self)
        #expect(!kept.contains(token))
        #expect(settled.approval?.shown.call.hasPrefix("plain --token ") == true)
        #expect(!(settled.events.first?.ledgerRecord.text.contains(token) ?? true))
    }

    @Test func `nonsense on the socket is answered`() throws {
        let world = try ApprovalWorld()
        for payload in ["", "{", "[]", "{}", "{\"do\":7}", "{\"do\":\"answer\"}", "{\"do\":\"deny\",\"id\":null}"] {
            #expect(try world.approvals.serve(Array(payload.utf8), peer: 99, now: 0).answer["ok"] == false, "\(payload)")
        }
    }
}

@Suite struct ApprovalTextTests {
    @Test func `B48 what cannot be seen is shown as a number`() {
        for (text, lines) in [
            ("ls", ["ls"]), ("a\nb", ["a", "b"]), ("a\tb\r", ["a\\u{9}b\\u{D}"]),
            ("\u{1B}[2Jx", ["\\u{1B}[2Jx"]), ("a\u{202E}b\u{200B}", ["a\\u{202E}b\\u{200B}"]),
            ("x" + String(repeating: " ", count: 40) + "y", ["x ␠×40 y"]), ("\u{E0041}", ["\\u{E0041}"]),
            ("a\u{A0}b", ["a\\u{A0}b"]), ("é\u{3164}", ["é\\u{3164}"]),
            ("a\n\n\n\n\n\nb", ["a", "", "", "(more empty lines)", "b"]), ("", [""]),
        ] {
            #expect(ApprovalText.visible(text) == lines, "\(lines)")
        }
    }

    @Test func `the question says what is not shown`() throws {
        let world = try ApprovalWorld()
        let long = "plain " + String(repeating: "x", count: 20_000)
        let approval = try #require(try world.settle(world.call(long)).approval)
        #expect(approval.shown.hidden == long.utf8.count - ApprovalText.maximumCall)
        let question = ApprovalText.question(approval, challenge: "abcdef", now: 0)
        #expect(question.contains("… and 8006 bytes that are NOT shown here"))
        #expect(question.hasSuffix("type  abcdef  and press Enter; anything else leaves it refused.\r\n> "))
    }
}
