// SPDX-License-Identifier: Apache-2.0

import Synchronization
import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The polling thread of a ``DaemonServer``: owns the listener, the lock and every connection that has not yet sent a
/// whole request, or not yet taken its whole answer.
struct PollLoop: ~Copyable {
    private struct Connection {
        var descriptor: Int32
        var buffer: [UInt8] = []
        var prefix: Frame.Prefix?
        /// Bytes set aside for the rest of the frame; 0 until there is room.
        var reserved = 0
        /// What is still to be sent; a connection with something here is no longer read.
        var output: ArraySlice<UInt8> = []
        let deadline: Deadline
    }

    private let server: DaemonServer
    private var lock: DaemonLock
    private var listener: Listener
    private var connections: [Connection] = []
    private var reservedBytes = 0
    private var isStopping = false
    private var drainEnd: Deadline?
    private var idleEnd: Deadline?
    private var nextLook: Deadline
    private var isExhausted = false

    init(server: DaemonServer, lock: consuming DaemonLock, listener: consuming Listener) {
        self.server = server
        self.lock = lock
        self.listener = listener
        nextLook = Deadline(after: PollLoop.lookInterval)
        idleEnd = server.options.idle.map { Deadline(after: $0) }
    }

    deinit {
        for connection in connections { close(connection.descriptor) }
    }

    /// Lets go of the lock, and so lets the next daemon begin.
    consuming func end() {}

    /// Milliseconds between two looks at the socket and the lock file.
    private static let lookInterval = 2000

    mutating func run() {
        while true {
            if server.shared.withLock({ $0.isStopping }) { beginStopping() }
            let isHolding = connections.contains { $0.prefix != nil && $0.reserved == 0 }
            server.shared.withLock { $0.wantsWakes = isHolding || isStopping }
            if isStopping, isDrained || drainEnd.map(\.hasPassed) ?? true { return }
            var entries = [
                pollfd(fd: server.wakeOut, events: Int16(POLLIN), revents: 0),
                pollfd(fd: canAccept ? listener.descriptor : -1, events: Int16(POLLIN), revents: 0),
            ]
            for connection in connections { entries.append(entry(for: connection)) }
            let ready = poll(&entries, nfds_t(entries.count), Int32(clamping: timeout))
            isExhausted = false
            if ready > 0 {
                if entries[0].revents != 0 { readWakes() }
                step(entries)
                if entries[1].revents != 0 { acceptAll() }
            }
            takeLeftovers()
            dropLate()
            look()
        }
    }

    private var canAccept: Bool { !isStopping && !isExhausted && connections.count < server.options.connections }

    private var isDrained: Bool {
        connections.isEmpty && server.shared.withLock { $0.jobs == 0 && $0.leftovers.isEmpty }
    }

    private func entry(for connection: Connection) -> pollfd {
        if !connection.output.isEmpty {
            return pollfd(fd: connection.descriptor, events: Int16(POLLOUT), revents: 0)
        }
        // One that waits for room is not read; it still shows when its client goes away.
        let isHeld = connection.prefix != nil && connection.reserved == 0
        return pollfd(fd: connection.descriptor, events: isHeld ? 0 : Int16(POLLIN), revents: 0)
    }

    private var timeout: Int {
        var time = nextLook.remaining
        for connection in connections { time = min(time, connection.deadline.remaining) }
        if let drainEnd { time = min(time, drainEnd.remaining) }
        if let idleEnd, !isStopping { time = min(time, idleEnd.remaining) }
        return isExhausted ? min(time, 20) : time
    }

    private mutating func readWakes() {
        var bytes: [UInt8] = []
        do {
            _ = try Channel.readSome(upTo: 4096, from: server.wakeOut, into: &bytes)
        } catch {
            // The pipe is this process's own; a failed read only means that there was nothing to read.
            return
        }
        if bytes.contains(UInt8(ascii: "t")) { server.shared.withLock { $0.isStopping = true } }
        if bytes.contains(UInt8(ascii: "h")) {
            let prefix = Frame.Prefix(kind: .reload, headerLength: 0, payloadLength: 0)
            enqueue(-1, prefix, [])
        }
    }

    private mutating func acceptAll() {
        while connections.count < server.options.connections {
            switch listener.next() {
            case .connection(let descriptor):
                let deadline = Deadline(after: server.options.patience)
                connections.append(Connection(descriptor: descriptor, deadline: deadline))
                // The request is nearly always there already.
                if advance(connections.count - 1) { connections.removeLast() }
            case .none: return
            case .exhausted:
                isExhausted = true
                return
            }
        }
    }

    private mutating func step(_ entries: [pollfd]) {
        let count = connections.count
        var done: [Int] = []
        for index in 0..<count where entries[index + 2].revents != 0 {
            let isHangup = entries[index + 2].revents & Int16(POLLHUP | POLLERR) != 0
            let isHeld = connections[index].prefix != nil && connections[index].reserved == 0
            if isHeld, isHangup {
                refuse(index)
                done.append(index)
            } else if advance(index) {
                done.append(index)
            }
        }
        for index in done.reversed() { connections.remove(at: index) }
    }

    /// Reads or writes what is possible; true when the connection is no longer this thread's.
    private mutating func advance(_ index: Int) -> Bool {
        if !connections[index].output.isEmpty { return flush(index) }
        do {
            while true {
                let needed = try needed(index)
                if needed == 0 { return submit(index) }
                if connections[index].prefix != nil, connections[index].reserved == 0 { return false }
                let descriptor = connections[index].descriptor
                switch try Channel.readSome(
                    upTo: min(needed, 65_536), from: descriptor, into: &connections[index].buffer)
                {
                case .read: continue
                case .later: return false
                case .end:
                    refuse(index)
                    return true
                }
            }
        } catch {
            refuse(index)
            return true
        }
    }

    /// Bytes that the frame still lacks. Reads the prefix once it is there, and sets room aside for the rest.
    private mutating func needed(_ index: Int) throws(FrameFault) -> Int {
        let have = connections[index].buffer.count
        if connections[index].prefix == nil {
            guard have >= Frame.prefixLength else { return Frame.prefixLength - have }
            let prefix = try Frame.prefix(connections[index].buffer)
            guard prefix.kind != .answer else { throw FrameFault.refused("a client sent an answer") }
            connections[index].prefix = prefix
        }
        guard let prefix = connections[index].prefix else { return 0 }
        if connections[index].reserved == 0 {
            let held = reservedBytes + server.shared.withLock { $0.jobBytes }
            // A frame that is alone may always come in, or a small limit would shut out large events for good.
            if held == 0 || held + prefix.bodyLength <= server.options.bufferedBytes {
                connections[index].reserved = prefix.bodyLength + 1
                reservedBytes += prefix.bodyLength + 1
            }
        }
        return Frame.prefixLength + prefix.bodyLength - have
    }

    private mutating func submit(_ index: Int) -> Bool {
        guard let prefix = connections[index].prefix else { return false }
        reservedBytes -= connections[index].reserved
        enqueue(connections[index].descriptor, prefix, Array(connections[index].buffer.dropFirst(Frame.prefixLength)))
        return true
    }

    private mutating func enqueue(_ descriptor: Int32, _ prefix: Frame.Prefix, _ body: [UInt8]) {
        if prefix.kind == .hook { idleEnd = server.options.idle.map { Deadline(after: $0) } }
        server.shared.withLock { shared in
            shared.jobs += 1
            shared.jobBytes += body.count
        }
        server.queue.add(
            DaemonServer.Job(descriptor: descriptor, prefix: prefix, body: body, received: Deadline.now))
    }

    private mutating func flush(_ index: Int) -> Bool {
        let count = Channel.sendNow(connections[index].output, to: connections[index].descriptor)
        if count > 0 { connections[index].output = connections[index].output.dropFirst(count) }
        if count < 0, errno == EAGAIN { return false }
        guard count < 0 || connections[index].output.isEmpty else { return false }
        close(connections[index].descriptor)
        return true
    }

    private mutating func refuse(_ index: Int) {
        reservedBytes -= connections[index].reserved
        close(connections[index].descriptor)
        server.shared.withLock { $0.counts.refused += 1 }
    }

    private mutating func takeLeftovers() {
        let leftovers = server.shared.withLock { shared in
            defer { shared.leftovers = [] }
            return shared.leftovers
        }
        for leftover in leftovers {
            connections.append(
                Connection(
                    descriptor: leftover.descriptor, output: leftover.bytes[...],
                    deadline: Deadline(after: server.options.patience)))
        }
    }

    private mutating func dropLate() {
        var index = 0
        while index < connections.count {
            let isHeld = connections[index].prefix != nil && connections[index].reserved == 0
            if connections[index].deadline.hasPassed {
                refuse(index)
                connections.remove(at: index)
            } else if isHeld, advance(index) {
                connections.remove(at: index)
            } else {
                index += 1
            }
        }
    }

    /// Sees to the idle time, and that the socket and the lock are still this daemon's. An agent runs as the same user
    /// and can remove or replace both.
    private mutating func look() {
        guard !isStopping else { return }
        if let idleEnd, idleEnd.hasPassed, connections.isEmpty, server.shared.withLock({ $0.jobs == 0 }) {
            return beginStopping()
        }
        guard nextLook.hasPassed else { return }
        nextLook = Deadline(after: PollLoop.lookInterval)
        do {
            if !lock.isInPlace {
                try home.prepare()
                guard let fresh = try DaemonLock.take(home) else { return beginStopping() }
                lock = fresh
            }
            if !listener.isInPlace {
                acceptAll()
                listener = try Listener(home)
                server.shared.withLock { $0.counts.rebound += 1 }
            }
        } catch {
            // The folder cannot be used now; the next look tries again, and hooks answer closed until then.
            return
        }
    }

    private var home: WritHome { server.home }

    private mutating func beginStopping() {
        guard !isStopping else { return }
        isStopping = true
        server.shared.withLock { $0.isStopping = true }
        drainEnd = Deadline(after: server.options.drain)
        // First no new ones, then all that have knocked already.
        listener.remove()
        acceptAll()
    }
}

extension WritHome {
    fileprivate func prepare() throws(DaemonFault) {
        do { try prepareRuntime() } catch { throw DaemonFault(error.message) }
    }
}
