// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Testing
import WritCore

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

extension EndToEnd {
    @Suite struct Crashes {
        /// Times that the daemon is killed.
        private static let kills = 50

        @Test func `killing the daemon under load loses no acknowledged entry and opens nothing`() throws {
            let machine = try Machine()
            defer { machine.end() }
            _ = try machine.hook().run(machine.bash("ls"))
            let isOver = Mutex(false)
            let killed = Mutex(0)
            // One thread kills, the others call until it is done.
            let answers = Mutex<[String: String]>([:])
            let wrong = Mutex<[String]>([])
            _ = try concurrently(9, threads: 9) { worker in
                if worker == 0 {
                    defer { isOver.withLock { $0 = true } }
                    for round in 0..<Self.kills {
                        // Every third daemon lives long enough to fold its journal into the tree.
                        usleep(round % 3 == 2 ? 1_150_000 : UInt32(60_000 + round * 7_919 % 140_000))
                        if let daemon = machine.daemon {
                            kill(daemon, SIGKILL)
                            killed.withLock { $0 += 1 }
                        }
                    }
                    return
                }
                var turn = 0
                while !isOver.withLock({ $0 }) {
                    turn += 1
                    let id = "w\(worker)-\(turn)"
                    let isForbidden = turn % 2 == 0
                    let payload = machine.bash(isForbidden ? "forbidden-tool" : "ls", id: id, session: "w\(worker)")
                    let heard = try machine.hook().heard(payload)
                    switch (heard.word, isForbidden) {
                    case ("allow", false), ("deny", true): answers.withLock { $0[id] = heard.word }
                    case ("closed", _): break
                    default: wrong.withLock { $0.append("\(id): \(heard)") }
                    }
                }
            }
            #expect(wrong.withLock { $0 } == [])
            #expect(killed.withLock { $0 } >= Self.kills / 2)
            // One more daemon takes up what the dead ones left.
            #expect(try machine.hook().heard(machine.bash("ls", id: "last")) == .silence)
            let found = try machine.decisions()
            let acknowledged = answers.withLock { $0 }
            #expect(acknowledged.count > Self.kills)
            let lost = acknowledged.filter { found[$0.key]?.map(\.name).contains($0.value) != true }
            #expect(lost == [:])
            let disagreeing = found.filter { Set($0.value).count != 1 }
            #expect(disagreeing.isEmpty, "\(disagreeing)")
            try machine.stop()
            try machine.expectSoundLedger()
        }

        @Test func `a stop lets the calls in flight end`() throws {
            let machine = try Machine()
            defer { machine.end() }
            _ = try machine.startDaemon()
            // Large events keep the workers busy while the stop comes in.
            let long = "echo " + String(repeating: "word ", count: 4_000)
            let heard = try concurrently(9, threads: 9) { index -> String in
                if index == 8 {
                    usleep(30_000)
                    return try machine.writ("daemon", "stop").code == 0 ? "stopped" : "not stopped"
                }
                let payload = machine.bash("\(long); forbidden-tool", id: "t\(index)")
                return try machine.hook(["--deadline-ms", "30000"]).heard(payload).word
            }
            #expect(heard.prefix(8).allSatisfy { $0 == "deny" }, "\(heard)")
            #expect(heard.last == "stopped")
            #expect(try machine.decisions() == Dictionary(uniqueKeysWithValues: (0..<8).map { ("t\($0)", [.deny]) }))
        }
    }
}
