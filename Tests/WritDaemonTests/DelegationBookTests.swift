// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritDaemon

private func book(_ ids: String...) -> DelegationBook {
    var book = DelegationBook()
    for id in ids { _ = book.add(writ(id), now: 1_000) }
    return book
}

private func writ(_ id: String, until: Int64 = 10_000) -> DelegationBook.Writ {
    DelegationBook.Writ(
        id: id, chain: "a.b.c", key: Array(repeating: 5, count: 32), origin: .issued, since: 1_000, until: until,
        by: "dev")
}

private func origin(
    _ session: String, in workspace: String = "/home/dev/parser", agent: String = "claude-code",
    processes: [Int32] = [], of process: Int32? = nil
) -> DelegationBook.Origin {
    DelegationBook.Origin(
        session: "\(agent)|\(session)", agent: agent, workspace: workspace,
        processes: Set(processes.map { .init(number: $0, start: 7) }),
        agentProcess: process.map { .init(number: $0, start: 7) })
}

@Sendable private func none(_ id: String) -> Bool { false }

extension DelegationBook {
    /// The writs that a call is under, with a star where the session is under one that it was not under before.
    fileprivate mutating func says(_ origin: Origin, now: Int64 = 2_000) -> String {
        let found = standing(of: origin, now: now)
        return found.writs.joined(separator: " ") + (found.isNew ? " *" : "")
    }

    /// What gives way to a writ in a place.
    fileprivate mutating func puts(
        _ id: String, _ place: Place, agent: String = "", over: Set<String> = []
    ) -> [String]? {
        bind(id, to: place, agent: agent, by: "dev", isOver: { over.contains($0) })
    }
}

@Test func `a session is under the writs of its folder, its name and the processes above it`() {
    var book = book("f", "s", "p", "c")
    let bound = [
        book.puts("f", .folder("/home/dev/parser")), book.puts("s", .session("claude-code|s1")),
        book.puts("p", .process(.init(number: 40, start: 7))), book.puts("c", .folder("/home/dev"), agent: "codex"),
    ]
    #expect(bound == [[], [], [], []])
    let cases: [(origin: DelegationBook.Origin, writs: String)] = [
        (origin("s9"), "f *"),
        (origin("s9", in: "/home/dev/parser/sub"), "f"),
        (origin("s8", in: "/home/dev/parser-2"), ""),
        (origin("s7", in: "/home/dev"), ""),
        (origin("s1"), "f s *"),
        (origin("s1", in: "/elsewhere"), "f s"),
        (origin("s6", in: "/elsewhere", processes: [30, 40]), "p *"),
        (origin("s5", in: "/elsewhere", processes: [41]), ""),
        (origin("s4", agent: "codex"), "f c *"),
    ]
    for (origin, writs) in cases {
        let found = book.says(origin)
        #expect(found == writs, "\(origin)")
    }
    // Another process under the old number is another process.
    var other = origin("s3", in: "/elsewhere")
    other.processes = [.init(number: 40, start: 8)]
    let found = book.says(other)
    #expect(found == "")
}

@Test func `a session stays under its writ wherever it goes on, until it is taken off`() {
    var book = book("a", "b")
    _ = book.puts("a", .folder("/w"))
    var seen = [book.says(origin("s1", in: "/w")), book.says(origin("s1", in: "/elsewhere"))]
    #expect(seen == ["a *", "a"])
    // Further writs join; none goes.
    _ = book.puts("b", .folder("/elsewhere"))
    seen = [book.says(origin("s1", in: "/elsewhere")), book.says(origin("s1", in: "/w"))]
    #expect(seen == ["a b *", "a b"])
    let (early, count) = (book.remove("a"), book.unbind("a"))
    #expect((early, count) == (false, 2))
    seen = [book.says(origin("s1", in: "/w"))]
    #expect(seen == ["b"])
    let isGone = book.remove("a")
    #expect(isGone)
}

@Test func `only what has ended gives way to a successor in the same place`() {
    var book = book("old", "new", "newer")
    _ = book.puts("old", .folder("/w"))
    var seen = [book.says(origin("s1", in: "/w"))]
    var gone = [book.puts("new", .folder("/w"))]
    seen.append(book.says(origin("s1", in: "/w")))
    gone.append(book.puts("newer", .folder("/w"), over: ["old"]))
    seen.append(book.says(origin("s1", in: "/w")))
    // Elsewhere nobody takes its place.
    gone.append(book.puts("old", .folder("/x"), over: ["new"]))
    seen.append(book.says(origin("s1", in: "/w")))
    #expect(gone == [[], ["old"], []])
    #expect(seen == ["old *", "old new *", "new newer", "new newer"])
}

@Test func `everything is read back as it was kept, and what is not whole is refused`() throws {
    var book = book("a", "b")
    _ = book.bind("a", to: .folder("/w"), agent: "", by: "dev", isOver: none)
    _ = book.bind("b", to: .session("codex|s2"), agent: "codex", by: "dev", isOver: none)
    _ = book.bind("b", to: .process(.init(number: 3, start: 9)), agent: "", by: "dev", isOver: none)
    _ = book.standing(of: origin("s1", in: "/w", processes: [4, 5], of: 4), now: 2_000)
    _ = book.keep(writ("c"), for: .init(session: "claude-code|s1", parent: "a", agent: "a1"), now: 2_000)
    book.revocations = ["urn:x": "r.s.t"]
    let json = book.json
    #expect(DelegationBook(json) == book)
    #expect(DelegationBook(try JSON(parsing: json.bytes)) == book)
    for key in ["writs", "bindings", "sessions", "children", "revocations"] {
        let less = JSON.object((json.members ?? []).filter { $0.key != key })
        #expect(DelegationBook(less) == nil, "\(key)")
        var damaged = json
        damaged.set(key, [["id": 1]])
        #expect(DelegationBook(damaged) == nil, "\(key)")
    }
    // A start of the machine ends processes and nothing else.
    book.startAnew()
    #expect(book.bindings.map(\.writ) == ["a", "b"])
    #expect(book.sessions.mapValues(\.process) == ["claude-code|s1": nil])
}

@Test func `a session's agent is where its calls come from, and is written down when that changes`() {
    var book = book("f")
    _ = book.puts("f", .folder("/w"))
    let steps: [(processes: [Int32], agent: Int32?, isKept: Bool, process: Int32?)] = [
        ([], nil, true, nil), ([40, 30], 40, true, 40), ([40, 30], 40, false, 40),
        // A program between the agent and its hook is not the agent.
        ([81, 40, 30], 81, false, 40), ([82, 40, 30], 82, false, 40),
        // The session goes on in another process, and then where none can be told.
        ([60, 30], 60, true, 60), ([30], nil, true, nil),
    ]
    for step in steps {
        let found = book.standing(of: origin("s1", in: "/w", processes: step.processes, of: step.agent), now: 2_000)
        #expect(found.mustBeKept == step.isKept && found.writs == ["f"], "\(step)")
        #expect(book.sessions["claude-code|s1"]?.process?.number == step.process, "\(step)")
    }
}

@Test func `ids are found by their end or beginning, when only one fits`() {
    let book = book("0199a1b2-0000", "0199a1b2-1111")
    let cases = [
        ("0199a1b2-0000", "0199a1b2-0000"), ("1111", "0199a1b2-1111"), ("0199a1b2", ""), ("111", ""), ("", ""),
        ("2222", ""),
    ]
    for (text, id) in cases { #expect(book.find(text)?.id ?? "" == id, "\(text)") }
}

@Test func `what has long ended and what is too much gives way`() {
    var book = DelegationBook()
    var taken = (0..<DelegationBook.maximumWrits).count { book.add(writ("w\($0)"), now: 1_000) }
    #expect(taken == DelegationBook.maximumWrits)
    taken = ["more", "w1"].count { book.add(writ($0), now: 1_000) }
    #expect(taken == 0)
    _ = book.bind("w1", to: .folder("/w"), agent: "", by: "dev", isOver: none)
    _ = book.add(writ("later", until: .max), now: 10_001 + DelegationBook.afterlife)
    #expect(book.writs.map(\.id) == ["w1", "later"])
    // A session that is not seen for long makes room for others, and not before.
    for number in 0...DelegationBook.maximumSessions {
        _ = book.standing(of: origin("s\(number)", in: "/w"), now: Int64(number) * 3_600)
    }
    #expect(book.sessions.count == DelegationBook.memory / 3_600)
    #expect(book.sessions["claude-code|s0"] == nil)
}
