// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore
import WritLedger
import WritWire

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// All end-to-end tests: one after the other, because several count processes or measure time.
@Suite(.serialized) enum EndToEnd {}

/// A home of its own with the real executables. ``end()`` stops what runs in it and removes it.
struct Machine: Sendable {
    let root: String
    private(set) var home: WritHome

    /// Where the build put the executables: beside the tests.
    static let executables: String = {
        #if os(Linux)
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        #else
        let own = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL ?? Bundle.main.bundleURL
        #endif
        return own.deletingLastPathComponent().path
    }()
    static var writ: String { executables + "/writ" }
    static var hook: String { executables + "/writ-hook" }

    /// A policy that says plainly what it refuses; everything else is up to the default policy.
    static let trial = """
        version: "2"
        metadata: {name: trial, layer: user, owner: tests, description: 'Refuses one program.', revision: 1}
        rules:
          - name: forbidden
            action: deny
            severity: high
            match: {actions: [shell.exec]}
            when: 'op.program == "forbidden-tool"'
            message: 'It runs the forbidden tool.'
          - name: stop-all
            action: halt
            severity: critical
            match: {actions: [shell.exec]}
            when: 'op.program == "halting-tool"'
            message: 'It ends the session.'
          - name: forbidden-search
            action: deny
            severity: high
            match: {actions: [file.search]}
            when: 'op.path.endsWith("/forbidden")'
            message: 'It looks where it may not.'

        """

    /// Makes the folders and the policy; nothing runs yet.
    init(policy: String? = Machine.trial) throws {
        signal(SIGPIPE, SIG_IGN)
        for path in [Machine.writ, Machine.hook] where access(path, X_OK) != 0 {
            throw Trouble("\(path) is missing: build all products first")
        }
        var name = Array("/tmp/writ-e2e-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { throw Trouble("no folder in /tmp") }
        root = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        home = try WritHome(root + "/home")
        for folder in [workspace, home.config + "/policies"] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        if let policy { try write(policy, to: policyFile) }
    }

    /// The same executables with another home below this one's root.
    func at(_ home: WritHome) -> Machine {
        var other = self
        other.home = home
        return other
    }

    var workspace: String { root + "/home/project" }
    var policyFile: String { home.config + "/policies/trial.yaml" }
    var ledger: String { home.state + "/ledger" }
    var anchor: String { home.config + "/ledger.anchor" }

    func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    /// Stops the daemon and removes everything.
    func end() {
        killDaemon()
        do { try FileManager.default.removeItem(atPath: root) } catch { print("left behind: \(root) (\(error))") }
    }

    func killDaemon() {
        guard let daemon else { return }
        kill(daemon, SIGKILL)
        waitUntilGone(daemon)
    }

    /// The process that serves this home; nil when none holds the daemon's lock.
    var daemon: pid_t? {
        let file = open(home.daemonLock, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        guard flock(file, LOCK_SH | LOCK_NB) != 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = max(0, pread(file, &bytes, bytes.count, 0))
        return pid_t(String(decoding: bytes[..<count], as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
    }

    /// Stops the daemon in order and waits until it has closed its ledger and let go of the home.
    func stop(_ location: SourceLocation = #_sourceLocation) throws {
        let process = daemon
        #expect(try writ("daemon", "stop").code == 0, sourceLocation: location)
        if let process { waitUntilGone(process) }
        #expect(daemon == nil, sourceLocation: location)
    }

    func waitUntilGone(_ process: pid_t) {
        for _ in 0..<1000 where kill(process, 0) == 0 && daemon == process { usleep(10_000) }
    }

    /// The hook as an agent's settings start it.
    func hook(_ extra: [String] = [], environment: [String: String] = [:]) -> Program {
        Program(
            path: Machine.hook, arguments: ["claude-code", "--home", home.home] + extra,
            environment: ["PATH": "/usr/bin:/bin"].merging(environment) { $1 })
    }

    /// A command for people.
    func writ(_ arguments: String...) throws -> Program.Outcome {
        try Program(path: Machine.writ, arguments: arguments + ["--home", home.home]).run()
    }

    /// Starts a daemon that this test looks after, and waits until it answers.
    func startDaemon(_ extra: [String] = []) throws -> pid_t {
        let process = try Program(
            path: Machine.writ, arguments: ["daemon", "run", "--home", home.home] + extra
        ).start()
        for _ in 0..<500 {
            if try writ("daemon", "status").code == 0 { return process }
            usleep(20_000)
        }
        throw Trouble("the daemon does not come up")
    }

    func status() throws -> JSON {
        try JSON(parsing: Array(writ("daemon", "status", "--json").output.utf8))
    }

    /// A payload of the agent.
    func event(_ name: String, _ members: [JSON.Member], session: String = "s1") -> [UInt8] {
        var all: [JSON.Member] = [
            .init("session_id", .string(session)), .init("transcript_path", "/dev/null"),
            .init("cwd", .string(workspace)), .init("permission_mode", "default"),
            .init("hook_event_name", .string(name)),
        ]
        all += members
        return JSON.object(all).bytes
    }

    /// A command that is about to run.
    func bash(_ command: String, id: String = "", session: String = "s1") -> [UInt8] {
        tool("Bash", ["command": .string(command)], id: id, session: session)
    }

    /// A tool that is about to be used.
    func tool(_ name: String, _ input: JSON, id: String = "", session: String = "s1") -> [UInt8] {
        var members: [JSON.Member] = [.init("tool_name", .string(name)), .init("tool_input", input)]
        if !id.isEmpty { members.append(.init("tool_use_id", .string(id))) }
        return event("PreToolUse", members, session: session)
    }

    /// All entries of the ledger.
    func entries() throws -> [LedgerEntry] {
        let reader = try LedgerReader(at: ledger)
        var all: [LedgerEntry] = []
        while true {
            let more = try reader.entries(from: UInt64(all.count))
            if more.isEmpty { return all }
            all += more.map(\.entry)
        }
    }

    /// How often each tool use was decided, and how.
    func decisions() throws -> [String: [Verdict]] {
        var found: [String: [Verdict]] = [:]
        for entry in try entries() where entry.kind == .decision {
            guard let id = entry.record["tool_use"]?.string, let verdict = entry.verdict else { continue }
            found[id, default: []].append(verdict)
        }
        return found
    }

    /// Ends the daemon; then nothing was lost, added or changed in the ledger.
    func expectSoundLedger(_ location: SourceLocation = #_sourceLocation) throws {
        try stop(location)
        let outcome = try writ("ledger", "verify")
        #expect(outcome.code == 0, "\(outcome.output)\(outcome.error)", sourceLocation: location)
    }
}

/// What an agent makes of a hook's end.
enum Heard: Equatable, CustomStringConvertible {
    /// Nothing is in the way.
    case silence
    /// A decision in the event's own spelling, with its reason.
    case verdict(String, String)
    /// Exit code 2 with the decision in the event's own spelling: refused without a decision by policy.
    case closed(String)
    /// Exit code 2 and words on standard error alone.
    case refused
    /// What no agent understands, or takes for consent.
    case nonsense(String)

    init(_ outcome: Program.Outcome) {
        guard !outcome.wasLate else {
            self = .nonsense("late")
            return
        }
        if outcome.output.isEmpty {
            switch outcome.code {
            case 0: self = .silence
            case 2 where outcome.error.hasPrefix("writ: "): self = .refused
            default: self = .nonsense("code \(outcome.code), \(outcome.error)")
            }
            return
        }
        do {
            let json = try JSON(parsing: Array(outcome.output.utf8))
            let specific = json["hookSpecificOutput"]
            let word =
                specific?["permissionDecision"]?.string ?? specific?["decision"]?["behavior"]?.string
                ?? json["decision"]?.string ?? specific?["action"]?.string
            let reason =
                specific?["permissionDecisionReason"]?.string ?? specific?["decision"]?["message"]?.string
                ?? json["reason"]?.string ?? ""
            switch (outcome.code, word) {
            case (2, let word?): self = .closed(word)
            case (0, let word?): self = .verdict(word, reason)
            default: self = .nonsense("code \(outcome.code), \(outcome.output)")
            }
        } catch {
            self = .nonsense("\(error): \(outcome.output)")
        }
    }

    /// The word of a decision, whatever its reason.
    var word: String {
        switch self {
        case .silence: "allow"
        case .verdict(let word, _): word
        case .closed, .refused: "closed"
        case .nonsense: "nonsense"
        }
    }

    var description: String {
        switch self {
        case .silence: "silence"
        case .verdict(let word, let reason): "\(word): \(reason)"
        case .closed(let word): "closed with \(word)"
        case .refused: "refused"
        case .nonsense(let text): "nonsense: \(text)"
        }
    }
}

extension Program {
    /// Runs it and says what an agent makes of it.
    func heard(_ input: [UInt8]) throws -> Heard { Heard(try run(input)) }
}
