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
    processes: [Int32] = []
) -> DelegationBook.Origin {
    DelegationBook.Origin(
        session: "\(agent)|\(session)", agent: agent, workspace: workspace,
        processes: Set(processes.map { .init(number: $0, start: 7) }))
}

private let none: (String) -> Bool = { _ in false }

@Test func `a session is under the writs of its folder, its name and the processes above it`() {
    var book = book("f", "s", "p", "c")
    #expect(book.bind("f", to: .folder("/home/dev/parser"), agent: "", by: "dev", isOver: none) == [])
    #expect(book.bind("s", to: .session("claude-code|s1"), agent: "", by: "dev", isOver: none) == [])
    #expect(book.bind("p", to: .process(.init(number: 40, start: 7)), agent: "", by: "dev", isOver: none) == [])
    #expect(book.bind("c", to: .folder("/home/dev"), agent: "codex", by: "dev", isOver: none) == [])
    let cases: [(origin: DelegationBook.Origin, writs: [String])] = [
        (origin("s9"), ["f"]),
        (origin("s9", in: "/home/dev/parser/sub"), ["f"]),
        (origin("s8", in: "/home/dev/parser-2"), []),
        (origin("s7", in: "/home/dev"), []),
        (origin("s1"), ["f", "s"]),
        (origin("s1", in: "/elsewhere"), ["f", "s"]),
        (origin("s6", in: "/elsewhere", processes: [30, 40]), ["p"]),
        (origin("s5", in: "/elsewhere", processes: [41]), []),
        (origin("s4", agent: "codex"), ["f", "c"]),
    ]
    for (origin, writs) in cases { #expect(book.standing(of: origin, now: 2_000).writs == writs, "\(origin)") }
    // Another process under the old number is another process.
    var other = origin("s3", in: "/elsewhere")
    other.processes = [.init(number: 40, start: 8)]
    #expect(book.standing(of: other, now: 2_000).writs == [])
}

@Test func `a session stays under its writ wherever it goes on, until it is taken off`() {
    var book = book("a", "b")
    _ = book.bind("a", to: .folder("/w"), agent: "", by: "dev", isOver: none)
    let first = book.standing(of: origin("s1", in: "/w"), now: 2_000)
    #expect(first == (["a"], true))
    #expect(book.standing(of: origin("s1", in: "/elsewhere"), now: 2_100) == (["a"], false))
    // Further writs join; none goes.
    _ = book.bind("b", to: .folder("/elsewhere"), agent: "", by: "dev", isOver: none)
    #expect(book.standing(of: origin("s1", in: "/elsewhere"), now: 2_200) == (["a", "b"], true))
    #expect(!book.remove("a"))
    #expect(book.unbind("a") == 2)
    #expect(book.standing(of: origin("s1", in: "/w"), now: 2_300) == (["b"], false))
    #expect(book.remove("a"))
}

@Test func `only what has ended gives way to a successor in the same place`() {
    var book = book("old", "new", "newer")
    _ = book.bind("old", to: .folder("/w"), agent: "", by: "dev", isOver: none)
    _ = book.standing(of: origin("s1", in: "/w"), now: 2_000)
    #expect(book.bind("new", to: .folder("/w"), agent: "", by: "dev", isOver: none) == [])
    #expect(book.standing(of: origin("s1", in: "/w"), now: 2_000).writs == ["old", "new"])
    #expect(book.bind("newer", to: .folder("/w"), agent: "", by: "dev", isOver: { $0 == "old" }) == ["old"])
    #expect(book.standing(of: origin("s1", in: "/w"), now: 2_000).writs == ["new", "newer"])
    // Elsewhere nobody takes its place.
    var other = book
    #expect(other.bind("old", to: .folder("/x"), agent: "", by: "dev", isOver: { $0 == "new" }) == [])
    #expect(other.standing(of: origin("s1", in: "/w"), now: 2_000).writs == ["new", "newer"])
}

@Test func `everything is read back as it was kept, and what is not whole is refused`() throws {
    var book = book("a", "b")
    _ = book.bind("a", to: .folder("/w"), agent: "", by: "dev", isOver: none)
    _ = book.bind("b", to: .session("codex|s2"), agent: "codex", by: "dev", isOver: none)
    _ = book.bind("b", to: .process(.init(number: 3, start: 9)), agent: "", by: "dev", isOver: none)
    _ = book.standing(of: origin("s1", in: "/w"), now: 2_000)
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
    #expect(book.sessions.count == 1)
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
    for number in 0..<DelegationBook.maximumWrits { #expect(book.add(writ("w\(number)"), now: 1_000)) }
    #expect(!book.add(writ("more"), now: 1_000))
    #expect(!book.add(writ("w1"), now: 1_000))
    _ = book.bind("w1", to: .folder("/w"), agent: "", by: "dev", isOver: none)
    #expect(book.add(writ("later", until: .max), now: 10_001 + DelegationBook.afterlife))
    #expect(book.writs.map(\.id) == ["w1", "later"])
    // A session that is not seen for long makes room for others, and not before.
    for number in 0...DelegationBook.maximumSessions {
        _ = book.standing(of: origin("s\(number)", in: "/w"), now: Int64(number) * 3_600)
    }
    #expect(book.sessions.count == DelegationBook.memory / 3_600)
    #expect(book.sessions["claude-code|s0"] == nil)
}
