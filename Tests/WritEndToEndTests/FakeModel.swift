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

    /// Listens; `call` is the tool's name and its arguments as JSON text.
    init(call: (name: String, arguments: String)) throws {
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
                serve(connection, call)
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

    private func serve(_ connection: Int32, _ call: (name: String, arguments: String)) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !isWhole(bytes) {
            let count = read(connection, &buffer, buffer.count)
            guard count > 0, bytes.count < 8 << 20 else { return }
            bytes += buffer[..<count]
        }
        let text = String(decoding: bytes, as: UTF8.self)
        requests.withLock { $0.append(text) }
        let isAnswered = text.contains("function_call_output")
        let item: JSON =
            isAnswered
            ? [
                "type": "message", "role": "assistant",
                "content": [["type": "output_text", "text": "done"]],
            ]
            : [
                "type": "function_call", "call_id": "call-1", "name": .string(call.name),
                "arguments": .string(call.arguments),
            ]
        let usage: JSON = ["input_tokens": 1, "output_tokens": 1, "total_tokens": 2]
        let events: [JSON] = [
            ["type": "response.created", "response": ["id": "r1"]],
            ["type": "response.output_item.done", "item": item],
            ["type": "response.completed", "response": ["id": "r1", "usage": usage]],
        ]
        let body = events.map { "event: \($0["type"]?.string ?? "")\ndata: \($0.text)\n\n" }.joined()
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
