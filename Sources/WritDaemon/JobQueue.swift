// SPDX-License-Identifier: Apache-2.0
import WritLedger

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Work for the daemon's threads: first in, first out, bounded by whoever adds to it.
///
/// `@unchecked Sendable`: `jobs`, `first` and `isClosed` are only touched while the monitor is held.
final class JobQueue<Job: Sendable>: @unchecked Sendable {
    private let monitor = Monitor()
    private var jobs: [Job] = []
    private var first = 0
    private var isClosed = false

    func add(_ job: Job) {
        monitor.lock()
        jobs.append(job)
        monitor.signal()
        monitor.unlock()
    }

    /// Waits for a job; nil when the queue is closed and empty.
    func next() -> Job? {
        monitor.lock()
        defer { monitor.unlock() }
        while first == jobs.count {
            if isClosed { return nil }
            monitor.wait()
        }
        let job = jobs[first]
        first += 1
        if first == jobs.count {
            jobs.removeAll(keepingCapacity: jobs.capacity <= 1024)
            first = 0
        } else if first >= 1024 {
            jobs.removeFirst(first)
            first = 0
        }
        return job
    }

    func close() {
        monitor.lock()
        isClosed = true
        monitor.broadcast()
        monitor.unlock()
    }
}

/// A thread of the system, since the work blocks on files and on the ledger.
struct WorkerThread: Sendable {
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    #if canImport(Darwin)
    // An opaque pointer that any one thread may join.
    nonisolated(unsafe) private let thread: pthread_t
    #else
    private let thread: pthread_t
    #endif

    /// Starts a thread; nil when the system has none to give.
    init?(_ run: @escaping @Sendable () -> Void) {
        let body = Unmanaged.passRetained(Body(run)).toOpaque()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        // Parsers recurse to their stated depth limits; the default of other systems (512 KiB) is short for that.
        pthread_attr_setstacksize(&attributes, 8 << 20)
        #if canImport(Darwin)
        var thread: pthread_t?
        let code = pthread_create(
            &thread, &attributes,
            { argument in
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, body)
        guard code == 0, let thread else {
            Unmanaged<Body>.fromOpaque(body).release()
            return nil
        }
        self.thread = thread
        #else
        var thread = pthread_t()
        let code = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, body)
        guard code == 0 else {
            Unmanaged<Body>.fromOpaque(body).release()
            return nil
        }
        self.thread = thread
        #endif
    }

    /// Waits for its end; call once.
    func join() {
        pthread_join(thread, nil)
    }
}
