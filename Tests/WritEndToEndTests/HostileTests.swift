// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritTestSupport

extension EndToEnd {
    @Suite struct HostilePayloads {
        @Test func `ten thousand random and truncated payloads are answered closed and well-formed`() throws {
            try send(10_000, seed: 20_260_502)
        }

        private func send(_ count: Int, seed: UInt64) throws {
            let machine = try Machine()
            defer { machine.end() }
            let daemon = try machine.startDaemon()
            let payloads = payloads(machine, count: count, seed: seed)
            let wrong = try concurrently(payloads.count, threads: 8) { index -> String? in
                let heard = try machine.hook(["--deadline-ms", "20000"]).heard(payloads[index])
                return heard == .refused ? nil : "seed \(seed), payload \(index): \(heard)"
            }.compactMap { $0 }
            #expect(wrong == [])
            #expect(machine.daemon == daemon)
            #expect(try machine.hook().heard(machine.bash("ls")) == .silence)
            try machine.expectSoundLedger()
        }

        private func payloads(_ machine: Machine, count: Int, seed: UInt64) -> [[UInt8]] {
            var random = SeededGenerator(seed: seed)
            let whole = machine.bash("forbidden-tool", id: "t1")
            let pieces: [[UInt8]] = ["{", "}", "[", "]", "\"", ":", ",", "\\u", "null", "1e999", "\u{0}", "PreToolUse"]
                .map { Array($0.utf8) }
            return (0..<count).map { index in
                switch index % 5 {
                case 0: return (Array(whole.prefix(Int.random(in: 0..<whole.count, using: &random))))
                case 1:
                    let length = Int.random(in: 0..<400, using: &random)
                    return ((0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
                case 2:
                    let length = Int.random(in: 1..<60, using: &random)
                    return ((0..<length).flatMap { _ in pieces.randomElement(using: &random) ?? [] })
                case 3:
                    let depth = Int.random(in: 129..<20_000, using: &random)
                    let open = Array(repeating: UInt8(ascii: index % 2 == 0 ? "[" : "{"), count: depth)
                    return (Array("{\"hook_event_name\":\"PreToolUse\",\"a\":".utf8) + open)
                default:
                    // A control character, which JSON allows in no string and in the place of no mark.
                    var bytes = whole
                    let place = Int.random(in: 0..<bytes.count, using: &random)
                    bytes[place] = UInt8.random(in: 0...31, using: &random)
                    return bytes
                }
            }
        }
    }
}
