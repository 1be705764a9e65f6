// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Testing
import WritAgents
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

/// A folder that is removed with all that is in it.
private final class Scratch: Sendable {
    let path: String

    init() throws {
        var name = Array("/tmp/writ-state-XXXXXX".utf8CString)
        try #require(mkdtemp(&name) != nil)
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    var files: [String] {
        guard let listing = opendir(path) else { return [] }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    deinit {
        for name in files { unlink("\(path)/\(name)") }
        rmdir(path)
    }
}

@Suite struct SessionStoreTests {
    private func store(_ folder: Scratch) throws -> SessionStore {
        try SessionStore(
            directory: folder.path,
            withholding: Withholding(detectors: [], key: FingerprintKey(bytes: Array(repeating: 1, count: 32))))
    }

    /// A judgement whose operation leaves the label `secret`.
    private func touch() throws -> Judgement {
        let guardian = Guard(
            policies: PolicySet([]), detectors: [], packages: nil, key: FingerprintKey(bytes: [1]))
        let call = Call(
            tool: Tool(name: "Bash", action: .shellExec), arguments: ["command": "cat ~/.ssh/id_rsa"], home: "/home/dev")
        return guardian.judge(
            Call(
                agent: AgentIdentity(kind: "claude-code"), tool: ClaudeCode.tool("Bash"), arguments: call.arguments,
                home: call.home), session: SessionState(), in: Guard.Surroundings())
    }

    @Test func `what must be kept is read by the next daemon, and sessions stay apart`() throws {
        let folder = try Scratch()
        let judgement = try touch()
        let first = try store(folder)
        try first.with("claude-code|a", now: 100) { tracker in ((), tracker.note(judgement, now: 100)) }
        try first.with("claude-code|b", now: 100) { tracker in
            #expect(tracker.state(now: 100).labels.isEmpty)
            return ((), false)
        }
        #expect(folder.files.count == 1)
        let second = try store(folder)
        let state = try second.with("claude-code|a", now: 160) { ($0.state(now: 160), false) }
        #expect(state.id == "claude-code|a")
        #expect(state.age == 60)
        #expect(state.labels == [.init("secret", age: 60)])
        #expect(try second.with("claude-code|b", now: 160) { ($0.state(now: 160).labels, false) }.isEmpty)
        #expect(second.keepAll() == [])
        #expect(folder.files.count == 2)
    }

    @Test func `a damaged session file is an error, not a new session`() throws {
        let folder = try Scratch()
        let judgement = try touch()
        try store(folder).with("a", now: 1) { tracker in ((), tracker.note(judgement, now: 1)) }
        let path = try #require(folder.files.first.map { "\(folder.path)/\($0)" })
        let good = try #require(try SmallFile.read(path, limit: 1 << 20))
        for damage in [Array(good.dropLast(5)), [], Array("{}".utf8), Array("{\"v\":1,\"id\":\"x\"}".utf8)] {
            try SmallFile.write(damage, to: path)
            let store = try store(folder)
            #expect(throws: DaemonFault.self) { try store.with("a", now: 2) { _ in ((), false) } }
        }
        try SmallFile.write(good, to: path)
        #expect(try store(folder).with("a", now: 2) { ($0.state(now: 2).labels.count, false) } == 1)
    }

    @Test func `what a body throws leaves the session as it was kept`() throws {
        struct Stop: Error {}
        let folder = try Scratch()
        let store = try store(folder)
        #expect(throws: Stop.self) { try store.with("a", now: 1) { _ -> ((), Bool) in throw Stop() } }
        #expect(folder.files == [])
        #expect(try store.with("a", now: 5) { ($0.calls, false) } == 0)
    }

    @Test func `a session's name names no file`() throws {
        let folder = try Scratch()
        let store = try store(folder)
        for name in ["../x", "/etc/passwd", "a\u{0}b", String(repeating: "x", count: 10_000), ""] {
            try store.with(name, now: 1) { _ in ((), true) }
        }
        #expect(folder.files.count == 5)
        #expect(folder.files.allSatisfy { $0.utf8.count == 37 && $0.hasSuffix(".json") })
    }
}

@Suite struct RecentDeliveriesTests {
    private typealias Route = RecentDeliveries.Route

    private let usual = Route(agent: "a", event: "PreToolUse")

    private func call(_ id: String?, session: String = "s", event: Call.Event = .beforeTool, command: String = "p") -> Call {
        Call(
            event: event, agent: AgentIdentity(kind: "a"), session: session,
            tool: Tool(name: "Bash", action: .shellExec), arguments: ["command": .string(command)], toolUse: id)
    }

    private func decided(_ number: Int) -> RecentDeliveries.Decided {
        RecentDeliveries.Decided(decision: Decision(.allow, message: "\(number)"), replacement: nil)
    }

    @Test func `the same call is decided once within five seconds`() throws {
        let recent = RecentDeliveries()
        let count = Mutex(0)
        func answer(_ call: Call, by route: RecentDeliveries.Route? = nil, at now: Int64) throws -> String {
            try recent.decision(on: call, by: route ?? usual, now: now) {
                decided(
                    count.withLock { count in
                        count += 1
                        return count
                    })
            }.decision.message
        }
        #expect(try answer(call("t1"), at: 0) == "1")
        #expect(try answer(call("t1"), at: 4_999) == "1")
        #expect(try answer(call("t1"), by: Route(agent: "b", event: "preToolUse"), at: 4_999) == "1")
        #expect(try answer(call("t1"), at: 5_000) == "2")
        for (number, other) in [
            call("t2"), call("t1", session: "s2"), call("t1", event: .afterTool), call("t1", command: "q"),
            call(nil, command: "r"), call(nil, command: "r"), call("", command: "r"),
        ].enumerated() {
            #expect(try answer(other, at: 5_001) == "\(3 + number)", "\(number)")
        }
        // Without an id, the same call on another way is the same call.
        #expect(try answer(call(nil, command: "z"), at: 5_001) == "10")
        #expect(try answer(call(nil, command: "z"), by: Route(agent: "a", event: "beforeShell"), at: 5_002) == "10")
    }

    @Test func `a failure is not remembered`() throws {
        struct Stop: Error {}
        let recent = RecentDeliveries()
        #expect(throws: Stop.self) { try recent.decision(on: call("t1"), by: usual, now: 0) { throw Stop() } }
        #expect(try recent.decision(on: call("t1"), by: usual, now: 1) { decided(7) }.decision.message == "7")
    }

    @Test func `thousands of calls are forgotten in order`() throws {
        let recent = RecentDeliveries()
        for number in 0..<5_000 {
            _ = try recent.decision(on: call("t\(number)", command: "c\(number)"), by: usual, now: 0) { decided(0) }
        }
        func again(_ number: Int) throws -> String {
            try recent.decision(on: call("t\(number)", command: "c\(number)"), by: usual, now: 1) { decided(1) }.decision.message
        }
        #expect(try again(4_999) == "0")
        #expect(try again(0) == "1")
    }
}

@Suite struct WatchedTests {
    private final class Counter: Sendable {
        let count = Mutex(0)
        let fails = Mutex(false)

        func next() throws -> Int {
            if fails.withLock({ $0 }) { throw DaemonFault("broken") }
            return count.withLock { count in
                count += 1
                return count
            }
        }
    }

    @Test func `a change of the files is a new value, and a failure keeps the last good one`() throws {
        let folder = try Scratch()
        let file = folder.path + "/a"
        let counter = Counter()
        let watched = try Watched(interval: 0, paths: { [file] }, load: { try counter.next() })
        #expect(watched.current == 1 && watched.current == 1)
        try SmallFile.write([1], to: file)
        #expect(watched.current == 2)
        counter.fails.withLock { $0 = true }
        try SmallFile.write([1, 2], to: file)
        #expect(watched.current == 2)
        #expect(watched.fault == "broken")
        counter.fails.withLock { $0 = false }
        watched.reload()
        #expect(watched.current == 3 && watched.fault == nil && watched.generation == 2)
    }

    @Test func `a first value that cannot be loaded is an error`() {
        #expect(throws: DaemonFault.self) {
            _ = try Watched(interval: 0, paths: { [] }, load: { () throws -> Int in throw DaemonFault("broken") })
        }
    }

    @Test func `a reload waits for a look that has begun, and then looks itself`() throws {
        // The first load after the start blocks until it may go on; a reload that comes meanwhile must load anew.
        let state = Mutex((loads: 0, isBlocked: false, mayGo: true))
        let folder = try Scratch()
        let file = folder.path + "/a"
        let watched = try Watched(
            interval: 0, paths: { [file] },
            load: { () -> Int in
                let number = state.withLock { state -> Int in
                    state.loads += 1
                    state.isBlocked = !state.mayGo
                    return state.loads
                }
                while !state.withLock({ $0.mayGo }) { usleep(200) }
                return number
            })
        try SmallFile.write([1], to: file)
        state.withLock { $0.mayGo = false }
        let looker = try #require(WorkerThread { _ = watched.current })
        while !state.withLock({ $0.isBlocked }) { usleep(200) }
        // Whoever only wants the value does not wait.
        #expect(watched.current == 1)
        let isReloaded = Mutex(false)
        let reloader = try #require(
            WorkerThread {
                watched.reload()
                isReloaded.withLock { $0 = true }
            })
        #expect(isReloaded.withLock { $0 } == false)
        state.withLock { $0.mayGo = true }
        looker.join()
        reloader.join()
        #expect(state.withLock { $0.loads } == 3)
        #expect(watched.current == 3)
    }
}
