// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCore
public import WritWire

/// A service that is opened once this process alone serves the home: its ledger has one writer, and a daemon that is on
/// its way out may still be that one.
public final class LateService: Sendable {
    private let home: WritHome
    private let service = Mutex<GuardService?>(nil)

    /// A service that is not open yet.
    public init(home: WritHome) {
        self.home = home
    }

    /// Opens it.
    public func open() throws(DaemonFault) {
        let opened = try GuardService(home: home)
        service.withLock { $0 = opened }
    }

    /// Writes down what is in memory; nothing when it was never opened.
    public func close() {
        service.withLock { $0 }?.close()
    }

    /// The closures for the server, which calls them only after ``open()``.
    public var services: DaemonServer.Services {
        DaemonServer.Services(
            answer: { request in
                if let service = self.service.withLock({ $0 }) { return service.services.answer(request) }
                return ClosedAnswer.answer(
                    agent: request.agent, event: request.event, reason: "writ: the daemon is not ready")
            },
            status: { self.service.withLock { $0 }?.services.status() ?? [] },
            reload: { self.service.withLock { $0 }?.services.reload() ?? ["reloaded": false] },
            hook: { process in self.service.withLock { $0 }?.services.hook(process) },
            approval: { payload, process in
                self.service.withLock { $0 }?.services.approval(payload, process)
                    ?? ["ok": false, "error": "the daemon is not ready"]
            },
            finish: { self.close() })
    }
}
