// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WritWire

@Suite struct FrameTests {
    private static let request = HookRequest(
        agent: "claude-code", home: "/home/dana", event: "PreToolUse", workingDirectory: "/proj/ä",
        projectDirectory: "/proj", process: 41, parent: 40, startedAt: 1_700_000_000_123, deadline: 7_900,
        facts: [.remoteAgent, .startedDaemon], payload: Array("{\"a\":1}".utf8))

    private static func read(_ frame: [UInt8]) throws -> HookRequest {
        let prefix = try Frame.prefix(frame)
        return try HookRequest(prefix, body: Array(frame.dropFirst(Frame.prefixLength)))
    }

    @Test func `a request comes back as it was sent`() throws {
        #expect(try Self.read(Self.request.frame()) == Self.request)
    }

    @Test func `a response comes back as it was sent`() throws {
        for response in [
            HookResponse(), HookResponse(exitCode: 2, output: "{}\n", error: "no\n"),
            HookResponse(exitCode: 0, output: [0, 255, 10], error: [0xFF]),
        ] {
            let frame = try response.frame()
            let prefix = try Frame.prefix(frame)
            #expect(prefix.kind == .answer)
            #expect(try HookResponse(prefix, body: Array(frame.dropFirst(Frame.prefixLength))) == response)
        }
    }

    @Test func `a frame that is cut anywhere is refused`() throws {
        let frame = try Self.request.frame()
        for length in 0..<frame.count {
            #expect(throws: FrameFault.self, "\(length) bytes") { try Self.read(Array(frame[..<length])) }
        }
    }

    @Test(arguments: [
        (0, UInt8(ascii: "X"), "not a Writ frame"), (4, 2, "protocol version 2, expected 1"),
        (5, 99, "unknown kind of frame 99"), (6, 1, "reserved bytes are not zero"),
        (8, 0x7F, "header of 2130706528 bytes is too long"), (12, 0xFF, "payload of 4278190087 bytes is too long"),
    ])
    func `a wrong prefix is refused before anything is held`(_ at: Int, _ byte: UInt8, _ message: String) throws {
        var frame = try Self.request.frame()
        frame[at] = byte
        let fault = #expect(throws: FrameFault.self) { try Frame.prefix(frame) }
        let stem = message.prefix { !$0.isNumber || at < 8 }
        #expect(fault?.message.hasPrefix(stem) == true)
    }

    @Test func `what is past the limits is not sent`() {
        var request = Self.request
        request.payload = [UInt8](repeating: 0x20, count: Frame.maximumPayload + 1)
        #expect(throws: FrameFault.self) { try request.frame() }
        request.payload = []
        request.workingDirectory = String(repeating: "a", count: Frame.maximumHeader)
        #expect(throws: FrameFault.self) { try request.frame() }
    }

    @Test func `random bodies never trap`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<5_000 {
            let body = (0..<Int.random(in: 0..<80, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            let header = Int.random(in: 0...body.count, using: &generator)
            for kind in [Frame.Kind.hook, .answer] {
                let prefix = Frame.Prefix(kind: kind, headerLength: header, payloadLength: body.count - header)
                do { _ = try HookRequest(prefix, body: body) } catch { #expect(!error.message.isEmpty) }
                do { _ = try HookResponse(prefix, body: body) } catch { #expect(!error.message.isEmpty) }
            }
        }
    }
}
