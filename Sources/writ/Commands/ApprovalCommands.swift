// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritCore
import WritWire

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

struct ApprovalsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approvals",
        abstract: "List the calls that wait for a person.",
        discussion: """
            Where an agent cannot ask by itself, a call that policy wants a person for is refused with an id. `writ \
            approve ID` lets exactly this call pass once, `writ deny ID` refuses it.
            """)

    @OptionGroup var home: HomeOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    @Flag(help: "Show those that are answered, used or over, too.")
    var all = false

    func run() throws {
        let answer = try PersonRequest.send(["do": "list", "all": .bool(all)], home: home)
        if json {
            Terminal.line(answer.text)
            return
        }
        let items = answer["approvals"]?.array ?? []
        if items.isEmpty { Terminal.line(all ? "no call has waited for a person" : "no call waits for a person") }
        for item in items { show(item) }
    }

    private func show(_ item: JSON) {
        func text(_ key: String) -> String { Terminal.harmless(item[key]?.string ?? "") }
        let state = text("state")
        let left = (item["left_ms"]?.integer ?? 0) / 1000
        let time = left >= 120 ? "\(left / 60) min left" : "\(left) s left"
        let isOpen = state == "waiting" || state == "given"
        let head = "\(text("id"))  \(state)\(isOpen ? ", \(time)" : "")"
        Terminal.line(Terminal.styled(head, .bold) + "  \(text("agent")), session \(text("session"))")
        field("call", "\(text("tool")): \(short(text("call"), 300))")
        field("in", text("cwd"))
        for operation in (item["operations"]?.array ?? []).prefix(8) {
            field("would", short(Terminal.harmless(operation.string ?? ""), 200))
        }
        for reason in (item["reasons"]?.array ?? []).prefix(4) {
            field("asked by", short(Terminal.harmless(reason.string ?? ""), 300))
        }
        if !text("by").isEmpty { field("answered", "by \(text("by"))") }
        if !text("obstacle").isEmpty { field("but", "nobody can agree here: \(text("obstacle"))") }
    }

    private func field(_ name: String, _ value: String) {
        Terminal.line("    \(name)\(String(repeating: " ", count: max(1, 10 - name.count)))\(value)")
    }

    private func short(_ text: String, _ limit: Int) -> String {
        text.count > limit ? "\(text.prefix(limit))… (\(text.count) characters)" : text
    }
}

struct Approve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let a call that waits pass once.",
        discussion: """
            The daemon writes the call and a challenge to your terminal; type the challenge to agree. It works only in a \
            terminal that you opened yourself: not below an agent, not in a terminal of `tmux`, `screen` or an editor, \
            and not in the background. The agent then has to make the same call again.

            Exits 0 when the call may pass, 1 when the answer was not the challenge, 2 when it could not be asked.
            """)

    @OptionGroup var home: HomeOptions

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    @Argument(help: "The id in the refusal, as `writ approvals` shows it.", completion: Offer.waiting)
    var id: String

    func run() throws {
        let answer = try PersonRequest.confirm {
            try PersonRequest.send(["do": "challenge", "id": .string(id)], home: home)
        } answering: { text in
            try PersonRequest.send(["do": "answer", "id": .string(id), "text": .string(text)], home: home)
        }
        try PersonRequest.finish(answer, json: json) { answer in
            let seconds = (answer["left_ms"]?.integer ?? 0) / 1000
            return "approved: the same call passes once within \(max(1, seconds / 60)) min"
        }
    }
}

struct Deny: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Refuse a call that waits.",
        discussion: "The same call is refused from then on, until a quarter of an hour has passed.")

    @OptionGroup var home: HomeOptions

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    @Argument(help: "The id in the refusal, as `writ approvals` shows it.", completion: Offer.waiting)
    var id: String

    func run() throws {
        let answer = try PersonRequest.send(["do": "deny", "id": .string(id)], home: home)
        try PersonRequest.finish(answer, json: json) { _ in "refused: the call does not pass" }
    }
}

/// What commands that a person answers ask the daemon.
enum PersonRequest {
    /// Asks once; starts the daemon where none runs, because what it keeps outlives it.
    static func send(_ request: JSON, home: HomeOptions) throws -> JSON {
        let home = try home.resolve()
        try DaemonStart.ensure(home)
        let answer: HookResponse
        do {
            answer = try DaemonClient(home: home).control(
                .approval, payload: request.bytes, by: Deadline(after: 10_000))
        } catch {
            throw CommandFault("the daemon does not answer: \(error)")
        }
        return try JSON(parsing: answer.output)
    }

    /// Asks for something that a person confirms: the daemon writes the question to the terminal, and what is typed
    /// there goes back.
    ///
    /// - Returns: the answer to the last that was sent.
    static func confirm(asking: () throws -> JSON, answering: (String) throws -> JSON) throws -> JSON {
        // Opened first: what is typed as soon as the question stands there must not be lost.
        let terminal = openTerminal()
        defer { if terminal >= 0 { close(terminal) } }
        let answer = try asking()
        return answer["ok"]?.bool == true ? try answering(readLine(terminal)) : answer
    }

    /// The terminal itself, wherever standard input comes from, without what was typed before; -1 when there is none.
    private static func openTerminal() -> Int32 {
        let terminal = open("/dev/tty", O_RDONLY | O_CLOEXEC)
        if terminal >= 0 { tcflush(terminal, TCIFLUSH) }
        return terminal
    }

    /// One line that a person types.
    private static func readLine(_ terminal: Int32) -> String {
        guard terminal >= 0 else { return "" }
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while bytes.count < 200 {
            let count = read(terminal, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1, byte != UInt8(ascii: "\n") else { break }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func finish(_ answer: JSON, json: Bool, _ words: (JSON) -> String) throws {
        try report(answer, json: json) { Terminal.line(words($0)) }
    }

    /// Prints the answer for programs, why it is no, or lets `show` print it for people.
    ///
    /// - Throws: the exit code 1 where a person was asked and did not agree, 2 where it could not be done.
    static func report(_ answer: JSON, json: Bool, _ show: (JSON) throws -> Void) throws {
        let isDone = answer["ok"]?.bool == true
        if json {
            Terminal.line(answer.text)
        } else if isDone {
            try show(answer)
        } else {
            Terminal.error(Terminal.harmless(answer["error"]?.string ?? "the daemon gives no reason"))
        }
        if !isDone { throw ExitCode(answer["declined"]?.bool == true ? 1 : 2) }
    }
}
