// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import WritCore

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// A language model's service that says what a test wants: first one call of a tool, then that it is done.
final class FakeModel: Sendable {
    /// The port on the loopback interface.
    let port: UInt16
    private let listener: Int32
    private let isOver = Mutex(false)
    private let group = DispatchGroup()
    /// What was sent to the model, newest last.
    private let requests = Mutex<[String]>([])

    /// Whose protocol it speaks.
    enum Dialect: Sendable {
        case responses, messages, completions
    }

    /// Listens; `call` is the tool's name and its arguments as JSON text.
    init(_ dialect: Dialect, call: (name: String, arguments: String)) throws {
        #if os(Linux)
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        #else
        listener = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                let code = bind(listener, raw, length)
                return code == 0 ? getsockname(listener, raw, &length) : code
            }
        }
        guard code == 0, listen(listener, 16) == 0 else { throw Trouble("cannot listen on the loopback interface") }
        port = UInt16(bigEndian: address.sin_port)
        group.enter()
        let thread = Thread { [self] in
            defer { group.leave() }
            while true {
                let connection = accept(listener, nil, nil)
                if isOver.withLock({ $0 }) {
                    close(connection)
                    return
                }
                guard connection >= 0 else { continue }
                serve(connection, dialect, call)
                close(connection)
            }
        }
        thread.start()
    }

    /// The newest request.
    var lastRequest: String { requests.withLock { $0.last ?? "" } }

    /// Stops listening.
    func end() {
        isOver.withLock { $0 = true }
        shutdown(listener, Int32(SHUT_RDWR))
        group.wait()
        close(listener)
    }

    private func serve(_ connection: Int32, _ dialect: Dialect, _ call: (name: String, arguments: String)) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !isWhole(bytes) {
            let count = read(connection, &buffer, buffer.count)
            guard count > 0, bytes.count < 8 << 20 else { return }
            bytes += buffer[..<count]
        }
        let text = String(decoding: bytes, as: UTF8.self)
        requests.withLock { $0.append(text) }
        let body: String
        switch dialect {
        case .responses: body = Self.stream(responses(to: text, call))
        case .messages: body = Self.stream(messages(to: text, call))
        case .completions:
            body = completions(to: text, call).map { "data: \($0.text)\n\n" }.joined() + "data: [DONE]\n\n"
        }
        let isPost = text.hasPrefix("POST")
        let head =
            isPost
            ? "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n" : "HTTP/1.1 404 Not Found\r\n"
        let answer = Array("\(head)content-length: \(isPost ? body.utf8.count : 0)\r\nconnection: close\r\n\r\n\(isPost ? body : "")".utf8)
        var sent = 0
        while sent < answer.count {
            let count = answer[sent...].withUnsafeBytes { write(connection, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            sent += count
        }
    }

    private static func stream(_ events: [JSON]) -> String {
        events.map { "event: \($0["type"]?.string ?? "")\ndata: \($0.text)\n\n" }.joined()
    }

    /// The pieces of a message with the call; a request that offers no such tool is a side question of the agent's.
    private func completions(to request: String, _ call: (name: String, arguments: String)) -> [JSON] {
        let isCall = !request.contains(#""role":"tool""#) && request.contains("\"\(call.name)\"")
        let function: JSON = ["name": .string(call.name), "arguments": .string(call.arguments)]
        let said: JSON =
            isCall
            ? ["role": "assistant", "tool_calls": [["index": 0, "id": "c1", "type": "function", "function": function]]]
            : ["role": "assistant", "content": "done"]
        let usage: JSON = ["prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2]
        func piece(_ delta: JSON, _ end: JSON) -> JSON {
            [
                "id": "m1", "object": "chat.completion.chunk", "created": 1, "model": "fake",
                "choices": [["index": 0, "delta": delta, "finish_reason": end]], "usage": end == .null ? .null : usage,
            ]
        }
        return [piece(said, .null), piece(.object([]), isCall ? "tool_calls" : "stop")]
    }

    /// The tool's call, or the end when its result is there.
    private func responses(to request: String, _ call: (name: String, arguments: String)) -> [JSON] {
        let item: JSON =
            request.contains("function_call_output")
            ? ["type": "message", "role": "assistant", "content": [["type": "output_text", "text": "done"]]]
            : [
                "type": "function_call", "call_id": "call-1", "name": .string(call.name),
                "arguments": .string(call.arguments),
            ]
        let usage: JSON = ["input_tokens": 1, "output_tokens": 1, "total_tokens": 2]
        return [
            ["type": "response.created", "response": ["id": "r1"]],
            ["type": "response.output_item.done", "item": item],
            ["type": "response.completed", "response": ["id": "r1", "usage": usage]],
        ]
    }

    /// The same as blocks of a message. A request that offers no tools is a side question of the agent's.
    private func messages(to request: String, _ call: (name: String, arguments: String)) -> [JSON] {
        let isCall = !request.contains("tool_result") && request.contains("\"\(call.name)\"")
        let block: JSON =
            isCall
            ? ["type": "tool_use", "id": "call-1", "name": .string(call.name), "input": .object([])]
            : ["type": "text", "text": ""]
        let delta: JSON =
            isCall
            ? ["type": "input_json_delta", "partial_json": .string(call.arguments)]
            : ["type": "text_delta", "text": "done"]
        let message: JSON = [
            "id": "m1", "type": "message", "role": "assistant", "model": "fake", "content": [], "stop_reason": .null,
            "stop_sequence": .null, "usage": ["input_tokens": 1, "output_tokens": 1],
        ]
        let end: JSON = ["stop_reason": isCall ? "tool_use" : "end_turn", "stop_sequence": .null]
        return [
            ["type": "message_start", "message": message],
            ["type": "content_block_start", "index": 0, "content_block": block],
            ["type": "content_block_delta", "index": 0, "delta": delta], ["type": "content_block_stop", "index": 0],
            ["type": "message_delta", "delta": end, "usage": ["output_tokens": 1]], ["type": "message_stop"],
        ]
    }

    /// Whether the head and as much of a body as it promises are there.
    private func isWhole(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n") else { return false }
        let head = text[..<end.lowerBound].lowercased()
        guard let line = head.components(separatedBy: "\r\n").first(where: { $0.hasPrefix("content-length:") }),
            let length = Int(line.dropFirst(15).trimmingCharacters(in: .whitespaces))
        else { return true }
        return text[end.upperBound...].utf8.count >= length
    }
}
