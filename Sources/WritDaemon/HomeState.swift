// SPDX-License-Identifier: Apache-2.0
import WritCore
public import WritGuard
import WritLedger
public import WritPolicy
import WritScan
public import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// What the daemon keeps between calls, for the commands with which a person looks at it or changes it.
///
/// A change needs the home to itself: the daemon is asked to end, its lock is held while the files are changed, and the
/// next hook starts it again. So nothing is changed under a daemon that holds the same state in memory, and the change
/// stands in the ledger.
public enum HomeState {
    /// The accounts of budgets as the daemon last wrote them.
    public static func budgets(of home: WritHome) throws(DaemonFault) -> BudgetAccounts {
        try BudgetFile.read(BudgetFile.path(of: home))
    }

    /// The files that prototyping sessions wrote and nobody has reviewed.
    public static func prototypes(of home: WritHome) throws(DaemonFault) -> PrototypePaths {
        try PrototypeFiles.read(PrototypeFiles.path(of: home))
    }

    /// Gives a budget back.
    ///
    /// - Returns: how many accounts were emptied.
    public static func resetBudget(_ budget: String, owner: String?, of home: WritHome) throws -> Int {
        try change(home, "the budget \(budget) was given back", unless: 0) { withholding in
            try BudgetFile(home: home, withholding: withholding).reset(budget, owner: owner)
        }
    }

    /// Takes a label off a session.
    ///
    /// - Parameters:
    ///   - agent: as the ledger names it.
    ///   - session: the agent's own name of the session.
    /// - Returns: whether the session had it.
    public static func clear(
        label: String, agent: String, session: String, of home: WritHome
    ) throws -> Bool {
        try change(home, "the label \(label) was taken off the session \(session) of \(agent)", unless: false) {
            withholding in
            let store = try SessionStore(directory: home.state + "/sessions", withholding: withholding)
            return try store.with("\(agent)|\(session)", now: Int64(time(nil))) { tracker in
                let hadIt = tracker.clear(label: label)
                return (hadIt, hadIt)
            }
        }
    }

    /// Notes that a person has reviewed what prototyping sessions wrote at or below a folder, and what agents wrote there
    /// to be read by agents.
    ///
    /// - Returns: how many entries that were.
    public static func clearPrototypes(below folder: String, of home: WritHome) throws -> Int {
        try change(home, "what agents wrote below \(folder) was reviewed", unless: 0) { withholding in
            try PrototypeFiles(home: home, withholding: withholding).clear(below: folder)
                + InstructionWatch(home: home, withholding: withholding).clear(below: folder)
        }
    }

    /// Where a folder stands: its repository's facts and the profile of calls from there.
    public static func place(
        of folder: String, home: WritHome
    ) throws -> (repository: Facts.Repo, remotes: [String], choice: ProfileChoice, faults: [String]) {
        let files = PolicyFiles(home: home, key: .random())
        let place = try Places(home: home, withholding: try withholding(home)).place(
            of: Call(workingDirectory: folder, workspace: folder), settings: files.settings,
            delegated: try delegatedEnvironments(of: folder, home: home))
        return (place.repository.facts, place.repository.remotes, place.choice, files.settingsFaults)
    }

    /// Where a folder's project policy is read from, and what is wrong with it; nil outside a repository.
    public static func projectPolicy(of folder: String) -> (
        origin: String, policy: PolicyLayer.Source?, fault: String?
    )? {
        let repository = Repositories().repository(at: folder)
        guard !repository.gitFolder.isEmpty else { return nil }
        let reading = ProjectPolicies.reading(repository)
        switch reading.result {
        case .success(let source): return (reading.origin, source, nil)
        case .failure(let fault): return (reading.origin, nil, fault.message)
        }
    }

    private static func withholding(_ home: WritHome) throws -> Withholding {
        // On a machine where nothing was installed yet there is no folder for the key.
        do { try WritHome.makeFolders(home.state) } catch { throw DaemonFault(error.message) }
        let key = FingerprintKey(bytes: try GuardService.secret(at: home.state + "/fingerprint.key"))
        return Withholding(detectors: try Engines.detectors(), key: key)
    }

    /// - Parameter nothing: what `body` returns when it changed nothing, of which the ledger hears nothing.
    private static func change<Result: Equatable>(
        _ home: WritHome, _ what: String, unless nothing: Result, _ body: (Withholding) throws -> Result
    ) throws -> Result {
        do {
            try WritHome.makeFolders(home.state)
            try home.prepareRuntime()
        } catch { throw DaemonFault(error.message) }
        let lock = try alone(home)
        let withholding = try withholding(home)
        let result = try body(withholding)
        if result != nothing {
            let service = try GuardService(home: home)
            service.record("\(what) by a person")
            service.close()
        }
        // Held to the end, and by the file that others look for.
        guard lock.isInPlace else { throw DaemonFault("the home was replaced while it was changed; look at it again") }
        return result
    }

    /// Ends the daemon and takes its place.
    private static func alone(_ home: WritHome) throws(DaemonFault) -> DaemonLock {
        for _ in 0..<600 {
            if let lock = try DaemonLock.take(home) { return lock }
            do { _ = try DaemonClient(home: home).control(.stop, by: Deadline(after: 5_000)) } catch {
                // It has just ended, or is about to: the lock says which.
            }
            usleep(20_000)
        }
        throw DaemonFault("the daemon of \(home.home) does not end; try again")
    }
}
