// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore
import WritLedger

extension EndToEnd {
    @Suite struct Calls {
        @Test func `a call goes from payload to verdict, record and proof`() throws {
            let machine = try Machine()
            defer { machine.end() }
            #expect(try machine.hook().heard(machine.bash("ls -la", id: "t1")) == .silence)
            let refusal = try machine.hook().heard(machine.bash("forbidden-tool --now", id: "t2"))
            #expect(refusal.word == "deny", "\(refusal)")
            #expect(refusal.description.contains("writ[forbidden]"), "\(refusal)")
            #expect(refusal.description.contains("It runs the forbidden tool."), "\(refusal)")

            let log = try machine.writ("log", "--json")
            let entries = try log.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
            let decisions = entries.filter { $0["kind"] == "decision" }
            let shown = decisions.map { entry in
                [
                    entry["record"]?["tool_use"]?.string, entry["verdict"]?.string, entry["tool"]?.string,
                    entry["agent"]?.string, entry["session"]?.string,
                    entry["record"]?["request"]?["call"]?["args"]?["command"]?.string,
                ]
            }
            #expect(
                shown == [
                    ["t1", "allow", "Bash", "claude-code", "s1", "ls -la"],
                    ["t2", "deny", "Bash", "claude-code", "s1", "forbidden-tool --now"],
                ])
            #expect(decisions.last?["rules"]?.array?.first == "user/trial/forbidden")
            #expect(entries.first?["kind"] == "start")

            let only = try machine.writ("log", "--json", "--decision", "deny")
            #expect(only.output.split(separator: "\n").count == 1)
            try machine.expectSoundLedger()
        }

        @Test func `an event delivered twice is decided and recorded once`() throws {
            let machine = try Machine()
            defer { machine.end() }
            _ = try machine.startDaemon()
            let payload = machine.bash("forbidden-tool", id: "twice")
            let heard = try concurrently(8, threads: 8) { _ in try machine.hook().heard(payload) }
            #expect(Set(heard.map(\.description)).count == 1)
            #expect(heard.first?.word == "deny")
            // Another call under the same id is another call.
            #expect(try machine.hook().heard(machine.bash("ls", id: "twice")) == .silence)
            #expect(try machine.decisions()["twice"] == [.deny, .allow])
            // Calls without an id are never taken for one another.
            for _ in 0..<2 { _ = try machine.hook().run(machine.bash("ls")) }
            let nameless = try machine.entries().filter {
                $0.kind == .decision && $0.record["tool_use"] == nil
            }
            #expect(nameless.count == 2)
        }

        @Test func `a thousand hooks at once get a thousand right answers`() throws {
            let machine = try Machine()
            defer { machine.end() }
            _ = try machine.startDaemon()
            let wrong = try concurrently(1000, threads: 40) { index -> String? in
                let session = "s\(index % 17)"
                let payload: [UInt8]
                let expected: String
                switch index % 4 {
                case 0: (payload, expected) = (machine.bash("ls", id: "t\(index)", session: session), "allow")
                case 1:
                    (payload, expected) = (machine.bash("forbidden-tool", id: "t\(index)", session: session), "deny")
                case 2:
                    let text = "echo start && (true; env forbidden-tool \(index))"
                    (payload, expected) = (machine.bash(text, id: "t\(index)", session: session), "deny")
                default:
                    let input: JSON = ["file_path": .string("\(machine.workspace)/notes\(index).txt")]
                    (payload, expected) = (machine.tool("Read", input, id: "t\(index)", session: session), "allow")
                }
                let heard = try machine.hook(["--deadline-ms", "60000"]).heard(payload)
                return heard.word == expected ? nil : "t\(index): \(heard), not \(expected)"
            }.compactMap { $0 }
            #expect(wrong == [])

            var expected: [String: [Verdict]] = [:]
            for index in 0..<1000 { expected["t\(index)"] = [[1, 2].contains(index % 4) ? .deny : .allow] }
            #expect(try machine.decisions() == expected)
            #expect(try machine.status()["answered"]?.integer == 1000)
            try machine.expectSoundLedger()
        }
    }
}
