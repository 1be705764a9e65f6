// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import WritWire

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// Another program that listens in the daemon's place.
final class FakeDaemon: Sendable {
    private let path: String
    private let listener: Int32
    private let isOver = Mutex(false)
    private let group = DispatchGroup()

    /// Binds the home's socket; `serve` gets each connection, which is closed when it returns.
    init(_ home: WritHome, serve: @escaping @Sendable (Int32) throws -> Void) throws {
        path = home.socket
        try home.prepareRuntime()
        #if os(Linux)
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        #else
        listener = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        let listener = listener
        let code = try Channel.withAddress(home.socket) { address, length in bind(listener, address, length) }
        guard code == 0, listen(listener, 16) == 0 else { throw Trouble("cannot listen at \(home.socket)") }
        group.enter()
        let thread = Thread { [self] in
            defer { group.leave() }
            while true {
                let connection = accept(listener, nil, nil)
                guard !isOver.withLock({ $0 }) else {
                    close(connection)
                    return
                }
                guard connection >= 0 else { continue }
                do { try serve(connection) } catch { print("a fake daemon failed: \(error)") }
                close(connection)
            }
        }
        thread.start()
    }

    /// Stops listening.
    func end() {
        isOver.withLock { $0 = true }
        // Wakes the thread that waits for a connection.
        do { _ = try Channel.connect(to: path, by: Deadline(after: 1_000)) } catch { print("\(error)") }
        group.wait()
        close(listener)
        unlink(path)
    }
}
