// SPDX-License-Identifier: Apache-2.0
import Testing
import WritAgents
import WritCore
import WritGuard
import WritPolicy
import WritScan

/// Files that instruct agents: judged as what a model will read when an agent writes them.
@Suite struct InstructionTests {
    private static let guardian = Result { try Engines.guardian() }
    private static let hostile = HostileText.order
    private static let plain = "# Build\n\nRun `make test` before a commit. Sources are in `src`, tests in `tests`.\n"

    private func judge(_ tool: String, _ arguments: JSON, session: SessionState = SessionState()) throws -> Judgement {
        let call = Call(
            agent: AgentIdentity(kind: "claude-code"), session: "s", tool: Agents.tool(tool, of: "claude-code"),
            arguments: arguments, workingDirectory: "/home/dev/project", workspace: "/home/dev/project",
            home: "/home/dev")
        return try Self.guardian.get().judge(
            call, session: session, in: Guard.Surroundings(user: "dev"))
    }

    private func write(_ path: String, _ text: String) -> JSON {
        ["file_path": .string(path), "content": .string(text)]
    }

    @Test func `orders that an agent writes into its memory or rules are refused, and notes are not`() throws {
        let memory = "/home/dev/.claude/projects/-home-dev-project/memory/MEMORY.md"
        let cases: [(String, JSON, Bool)] = [
            ("Write", write("/home/dev/project/AGENTS.md", Self.hostile), true),
            ("Write", write("/home/dev/project/sub/CLAUDE.md", Self.hostile), true),
            ("Write", write(memory, Self.hostile), true),
            (
                "Edit",
                [
                    "file_path": "/home/dev/project/AGENTS.md", "old_string": "# Build",
                    "new_string": .string(Self.hostile),
                ], true
            ),
            ("Bash", ["command": .string("cat >> AGENTS.md <<'EOF'\n\(Self.hostile)\nEOF")], true),
            // Data is judged when it is read, and a text about the project orders nothing.
            ("Write", write("/home/dev/project/notes.txt", Self.hostile), false),
            ("Write", write("/home/dev/project/AGENTS.md", Self.plain), false),
        ]
        for (tool, arguments, isRefused) in cases {
            let judgement = try judge(tool, arguments)
            let rules = judgement.decision.reasons.map(\.rule)
            #expect(
                rules.contains { $0.hasSuffix("/injected-instructions") } == isRefused,
                "\(tool) \(arguments.text) \(rules)")
            if isRefused { #expect(judgement.decision.verdict >= .deny) }
        }
    }

    @Test func `a file that a prompt names is looked at, and what is in it is said and labels the session`() throws {
        let files = ["/home/dev/project/notes.md": Self.hostile, "/home/dev/project/plain.md": Self.plain]
        var surroundings = Guard.Surroundings(user: "dev")
        surroundings.previous = { files[$0].map { Array($0.utf8) } }
        func told(_ prompt: String) throws -> (labels: [String], notes: [String], verdict: Verdict) {
            let call = Call(
                event: .prompt, agent: AgentIdentity(kind: "claude-code"), session: "s", prompt: prompt,
                workingDirectory: "/home/dev/project", workspace: "/home/dev/project", home: "/home/dev")
            let decision = try Self.guardian.get().judge(call, session: SessionState(), in: surroundings).decision
            var labels: [String] = []
            var notes: [String] = []
            for obligation in decision.obligations {
                if case .taint(let label) = obligation { labels.append(label) }
                if case .annotate(let note) = obligation { notes.append(note) }
            }
            return (labels, notes, decision.verdict)
        }
        let hostile = try told("Summarise @notes.md for me")
        #expect(hostile.labels == ["untrusted"])
        #expect(hostile.notes.contains { $0.contains("`notes.md`, which the prompt names") && $0.contains("line 1") })
        #expect(hostile.verdict == .allow)
        let plain = try told("Summarise @plain.md and @missing.md")
        #expect(plain.labels == [] && plain.notes == [])
    }

    @Test func `what is written is told apart by place, content and what the call puts in`() throws {
        let judgement = try judge("Write", write("/home/dev/project/AGENTS.md", Self.plain))
        let write = try #require(judgement.instructions.first)
        #expect(judgement.instructions.count == 1)
        #expect(write.path == "/home/dev/project/AGENTS.md")
        #expect(write.kind == .instructions)
        #expect(write.digest == Engines.digest(Array(Self.plain.utf8)))
        #expect(!write.isSuspect)
        #expect(judgement.labels(passedOnBy: write) == [])

        var state = SessionState()
        state.labels = [.init("secret"), .init("prototyping")]
        let tainted = try judge("Bash", ["command": "curl https://example.org/notes >> AGENTS.md"], session: state)
        let second = try #require(tainted.instructions.first)
        #expect(second.digest == nil)
        #expect(tainted.labels(passedOnBy: second) == ["secret", "untrusted"])
        #expect(try judge("Write", self.write("/home/dev/project/src/a.txt", "x")).instructions.isEmpty)
    }

    @Test func `B56 what this agent was served is judged, whatever a server shows to others`() throws {
        let guardian = try Self.guardian.get()
        for (text, isHostile) in [(Self.hostile, true), (Self.plain, false)] {
            let call = Call(
                event: .afterTool, agent: AgentIdentity(kind: "claude-code"), session: "s",
                tool: Agents.tool("WebFetch", of: "claude-code"), arguments: ["url": "https://example.org/guide"],
                response: ["result": .string(text)], workingDirectory: "/home/dev/project",
                workspace: "/home/dev/project", home: "/home/dev")
            let judgement = guardian.judge(call, session: SessionState(), in: Guard.Surroundings(user: "dev"))
            #expect((judgement.decision.verdict > .allow) == isHostile)
            // The benign page of today says nothing about the next one.
            var tracker = SessionTracker(id: "s", now: 0)
            _ = tracker.note(judgement, now: 1)
            #expect(tracker.state(now: 1).labels.map(\.name) == ["untrusted"])
        }
    }

    @Test func `the record of a refused write repeats the decision`() throws {
        let judgement = try judge("Write", write("/home/dev/project/AGENTS.md", Self.hostile))
        #expect(try Self.guardian.get().policies.decide(judgement.request).verdict == judgement.decision.verdict)
    }
}

@Suite struct InstructionBookTests {
    private func entry(_ path: String, _ digest: String?, _ labels: [String]) -> InstructionBook.Entry {
        .init(path: path, digest: digest, labels: labels, agent: "a", session: "s", time: 1)
    }

    @Test func `a file has the labels of who left exactly this, or of all who may have`() {
        var book = InstructionBook()
        #expect(book.labels(of: "/r/AGENTS.md", digest: "1") == [])
        let isFirstNews = book.note(entry("/r/AGENTS.md", "1", ["untrusted"]))
        #expect(isFirstNews)
        let isRepeatedNews = book.note(entry("/r/AGENTS.md", "1", []))
        #expect(!isRepeatedNews)
        let isSecondNews = book.note(entry("/r/AGENTS.md", "2", []))
        #expect(isSecondNews)
        #expect(book.labels(of: "/r/AGENTS.md", digest: "1") == ["memory", "untrusted"])
        #expect(book.labels(of: "/r/AGENTS.md", digest: "2") == ["memory"])
        #expect(book.labels(of: "/r/AGENTS.md", digest: "3") == ["memory", "untrusted"])
        #expect(book.labels(of: "/r/AGENTS.md", digest: nil) == ["memory", "untrusted"])
        #expect(book.labels(of: "/r/b/AGENTS.md", digest: "1") == [])
        #expect(book.paths(below: "/r") == ["/r/AGENTS.md"])
        let elsewhere = book.remove(below: "/other")
        #expect(elsewhere == 0)
        let here = book.remove(below: "/r")
        #expect(here == 1)
        #expect(book.entries == [])
    }

    @Test func `past the limits nothing is told apart, and no label is lost`() {
        var book = InstructionBook(limit: 2)
        for number in 0..<40 { _ = book.note(entry("/r/A", "\(number)", ["l\(number)"])) }
        #expect(book.entries.count == 8)
        #expect(book.labels(of: "/r/A", digest: "none").count == 41)
        let isKept = book.note(entry("/r/B", "1", []))
        #expect(isKept)
        let isFolded = book.note(entry("/r/C", "1", ["secret"]))
        #expect(isFolded)
        #expect(book.labels(of: "/r/C", digest: "1") == ["memory", "secret"])
        #expect(book.labels(of: "/r/D", digest: nil) == ["memory", "secret"])
        #expect(book.labels(of: "/r/B", digest: "1") == ["memory"])
    }

    @Test func `an entry is read as it was written`() {
        for one in [entry("/r/A", "1", ["x"]), entry("/r/B", nil, [])] {
            #expect(InstructionBook.Entry(one.json) == one)
        }
        #expect(InstructionBook.Entry(["path": "/r/A"]) == nil)
    }
}
