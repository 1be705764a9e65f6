// SPDX-License-Identifier: Apache-2.0

import Synchronization
public import WritCore
public import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The daemon's socket side: takes hooks' requests, lets a closure answer them on a few threads, and looks after itself.
///
/// One thread polls all connections, so a client that sends slowly, or nothing, or nonsense, costs a table entry and no
/// thread. Only whole frames reach the workers. Everything is bounded: connections, bytes held, time for each step.
public final class DaemonServer: Sendable {
    /// Limits, with the values for ordinary use.
    public struct Options: Sendable, Hashable {
        /// Threads that answer.
        public var workers = 8
        /// Milliseconds without a request after which the daemon ends; nil for never.
        public var idle: Int? = 30 * 60 * 1000
        /// Milliseconds that a client may take to send its request, and to take its answer.
        public var patience = 5000
        /// Connections held at once; more wait in the system's queue.
        public var connections = 4096
        /// Bytes of requests held at once, over all connections.
        public var bufferedBytes = 256 << 20
        /// Milliseconds that a stop waits for calls in flight.
        public var drain = 5000
        /// Milliseconds to wait for a daemon that is on its way out to let go of the lock.
        public var lockPatience = 6000

        /// The values above.
        public init() {}
    }

    /// What the server itself does not know. The closures run on the workers' threads, several at once.
    public struct Services: Sendable {
        /// Answers an event. Must not trap; its own errors are its own closed answers.
        public var answer: @Sendable (HookRequest) -> HookResponse
        /// Members added to the status, such as the policies' digests.
        public var status: @Sendable () -> [JSON.Member]
        /// Reads the policies again; the result is the answer to `writ daemon reload`.
        public var reload: @Sendable () -> JSON
        /// Learns of the process of a hook, as the system names it, before its event is answered.
        public var hook: @Sendable (Int32) -> Void
        /// Answers a command about approvals from a process, as the system names it.
        public var approval: @Sendable ([UInt8], Int32) -> JSON
        /// Writes down what is in memory, once no call is in flight and while no other daemon can have begun.
        public var finish: @Sendable () -> Void

        /// Creates services.
        public init(
            answer: @escaping @Sendable (HookRequest) -> HookResponse,
            status: @escaping @Sendable () -> [JSON.Member] = { [] },
            reload: @escaping @Sendable () -> JSON = { ["reloaded": true] },
            hook: @escaping @Sendable (Int32) -> Void = { _ in },
            approval: @escaping @Sendable ([UInt8], Int32) -> JSON = { _, _ in ["ok": false] },
            finish: @escaping @Sendable () -> Void = {}
        ) {
            self.answer = answer
            self.status = status
            self.reload = reload
            self.hook = hook
            self.approval = approval
            self.finish = finish
        }
    }

    /// What has happened so far.
    public struct Counts: Sendable, Hashable {
        /// Events answered.
        public var answered = 0
        /// Connections that sent no whole, well-formed frame in time.
        public var refused = 0
        /// Events that nobody waited for any more when their turn came.
        public var expired = 0
        /// Times that the socket was found removed or replaced, and bound again.
        public var rebound = 0
    }

    struct Job: Sendable {
        let descriptor: Int32
        let prefix: Frame.Prefix
        let body: [UInt8]
        let received: UInt64
    }

    /// An answer that its client did not take at once.
    struct Leftover: Sendable {
        let descriptor: Int32
        let bytes: [UInt8]
    }

    struct Shared: Sendable {
        var counts = Counts()
        /// Jobs that are queued or being answered, and the bytes that they hold.
        var jobs = 0
        var jobBytes = 0
        var leftovers: [Leftover] = []
        var isStopping = false
        /// The polling thread waits for jobs to end: it stops, or holds back readers for want of room.
        var wantsWakes = false
    }

    public let home: WritHome
    public let options: Options
    let services: Services
    let shared = Mutex(Shared())
    let queue = JobQueue<Job>()
    let started = Deadline.now
    /// Both ends of a pipe: a byte wakes the polling thread.
    let wakeOut: Int32
    let wakeIn: Int32

    /// Prepares a server; nothing is opened in the file system before ``run()``.
    ///
    /// - Throws: ``DaemonFault`` when the system has no descriptors left.
    public init(_ home: WritHome, options: Options = Options(), services: Services) throws(DaemonFault) {
        self.home = home
        self.options = options
        self.services = services
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw DaemonFault("cannot make a pipe: \(systemText(errno))") }
        wakeOut = ends[0]
        wakeIn = ends[1]
        Channel.makePrivate(wakeOut)
        Channel.makePrivate(wakeIn)
    }

    deinit {
        close(wakeOut)
        close(wakeIn)
    }

    /// Serves until ``stop()``, a signal (``stopOnSignals()``) or the idle time.
    ///
    /// - Parameters:
    ///   - prepare: called once when this process alone serves the home, before any hook can connect.
    ///   - ready: called once when hooks can connect.
    /// - Throws: ``DaemonFault`` when the socket cannot be bound or another daemon serves this home.
    public func run(
        prepare: () throws(DaemonFault) -> Void = {}, ready: () -> Void = {}
    ) throws(DaemonFault) {
        do { try home.prepareRuntime() } catch { throw DaemonFault(error.message) }
        let lock = try takeLock()
        try prepare()
        let listener = try Listener(home)
        var threads: [WorkerThread] = []
        for _ in 0..<max(1, options.workers) {
            if let thread = WorkerThread({ self.work() }) { threads.append(thread) }
        }
        guard !threads.isEmpty else { throw DaemonFault("the system has no threads left") }
        var loop = PollLoop(server: self, lock: lock, listener: listener)
        ready()
        loop.run()
        queue.close()
        // A worker that hangs in a call must not keep the process; what it would answer is refused by its hook.
        if shared.withLock({ $0.jobs }) == 0 { threads.forEach { $0.join() } }
        services.finish()
        loop.end()
    }

    /// Asks ``run()`` to finish the calls in flight and return. From any thread.
    public func stop() {
        shared.withLock { $0.isStopping = true }
        wake()
    }

    /// What has happened so far.
    public var counts: Counts { shared.withLock { $0.counts } }

    /// SIGTERM and SIGINT stop the server, SIGHUP reloads. For the one server of a daemon process.
    public func stopOnSignals() {
        SignalPipe.descriptor.store(wakeIn, ordering: .releasing)
        for number in [SIGTERM, SIGINT] { signal(number) { _ in SignalPipe.send(UInt8(ascii: "t")) } }
        signal(SIGHUP) { _ in SignalPipe.send(UInt8(ascii: "h")) }
    }

    func wake() {
        var byte = UInt8(ascii: "w")
        // A full pipe wakes as well.
        _ = write(wakeIn, &byte, 1)
    }

    private func takeLock() throws(DaemonFault) -> DaemonLock {
        let deadline = Deadline(after: options.lockPatience)
        while true {
            if let lock = try DaemonLock.take(home) { return lock }
            let taken = DaemonFault("another daemon serves `\(home.home)`", isAlreadyRunning: true)
            // One that still listens stays; one that does not is on its way out, and hooks wait for its successor.
            do {
                _ = try Channel.connect(to: home.socket, by: deadline)
                throw taken
            } catch let fault as DaemonFault {
                throw fault
            } catch {
                guard !deadline.hasPassed else { throw taken }
            }
            deadline.sleep(milliseconds: 10)
        }
    }
}

/// Where signal handlers write.
private enum SignalPipe {
    /// Set once, before the handlers are installed: what a handler may load is an atomic.
    static let descriptor = Atomic<Int32>(-1)

    static func send(_ byte: UInt8) {
        var byte = byte
        let saved = errno
        _ = write(descriptor.load(ordering: .acquiring), &byte, 1)
        errno = saved
    }
}

// The workers' side.
extension DaemonServer {
    func work() {
        while let job = queue.next() {
            handle(job)
            let wakes = shared.withLock { shared in
                shared.jobs -= 1
                shared.jobBytes -= job.body.count
                return shared.wantsWakes || shared.isStopping || !shared.leftovers.isEmpty
            }
            if wakes { wake() }
        }
    }

    private func handle(_ job: Job) {
        let response: HookResponse
        switch job.prefix.kind {
        case .hook:
            guard let answer = answer(job) else {
                close(job.descriptor)
                return
            }
            response = answer
        case .status: response = HookResponse(output: status.text + "\n")
        case .reload: response = HookResponse(output: services.reload().text + "\n")
        case .approval: response = approval(job)
        case .stop:
            response = HookResponse(output: "{\"stopping\":true}\n")
            shared.withLock { $0.isStopping = true }
        case .answer:
            // No client sends answers; the polling thread lets none through.
            close(job.descriptor)
            return
        }
        send(response, to: job.descriptor)
    }

    private func answer(_ job: Job) -> HookResponse? {
        var request: HookRequest
        do {
            request = try HookRequest(job.prefix, body: job.body)
        } catch {
            shared.withLock { $0.counts.refused += 1 }
            return nil
        }
        let waited = (Deadline.now &- job.received) / 1_000_000
        guard waited < UInt64(request.deadline) else {
            shared.withLock { $0.counts.expired += 1 }
            return nil
        }
        guard request.home == home.home else {
            shared.withLock { $0.counts.refused += 1 }
            return ClosedAnswer.answer(
                agent: request.agent, event: request.event, reason: "writ: the daemon serves another home")
        }
        if let process = peer(job) {
            // What the system says counts, not what the frame says.
            request.process = process
            services.hook(process)
        }
        let response = services.answer(request)
        shared.withLock { $0.counts.answered += 1 }
        return response
    }

    private func approval(_ job: Job) -> HookResponse {
        guard let process = peer(job) else {
            return HookResponse(output: "{\"ok\":false,\"error\":\"the system does not say who asks\"}\n")
        }
        return HookResponse(output: services.approval(job.body, process).text + "\n")
    }

    /// The process at the other end; nil where the system does not say.
    private func peer(_ job: Job) -> Int32? {
        do throws(ChannelFault) {
            let process = try Channel.peer(of: job.descriptor).process
            return process > 0 ? process : nil
        } catch {
            return nil
        }
    }

    private func send(_ response: HookResponse, to descriptor: Int32) {
        var frame: [UInt8]
        do {
            frame = try response.frame()
        } catch {
            // Too large to send; the hook answers closed when the connection ends.
            close(descriptor)
            return
        }
        var sent = 0
        while sent < frame.count {
            let count = Channel.sendNow(frame[sent...], to: descriptor)
            guard count > 0 else { break }
            sent += count
        }
        guard sent < frame.count, errno == EAGAIN else {
            close(descriptor)
            return
        }
        frame.removeFirst(sent)
        let rest = frame
        shared.withLock { $0.leftovers.append(Leftover(descriptor: descriptor, bytes: rest)) }
    }

    private var status: JSON {
        let counts = counts
        var members: [JSON.Member] = [
            JSON.Member("pid", .integer(Int64(getpid()))),
            JSON.Member("home", .string(home.home)),
            JSON.Member("socket", .string(home.socket)),
            JSON.Member("uptime_ms", .integer(Int64(clamping: (Deadline.now &- started) / 1_000_000))),
            JSON.Member("answered", .integer(Int64(counts.answered))),
            JSON.Member("refused", .integer(Int64(counts.refused))),
            JSON.Member("expired", .integer(Int64(counts.expired))),
            JSON.Member("rebound", .integer(Int64(counts.rebound))),
            JSON.Member("resident_bytes", .integer(Int64(DaemonProcess.residentBytes))),
        ]
        members.append(contentsOf: services.status())
        return .object(members)
    }
}
