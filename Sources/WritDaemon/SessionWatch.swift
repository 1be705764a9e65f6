// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritAgents
import WritCore
import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The light proof of life: at the start of a session a look at the agent's settings, at the end of a turn a look at the
/// transcript for tools that ran without an event.
final class SessionWatch: Sendable {
    private static let maximumSessions = 256
    private static let maximumUses = 4_096
    /// How much of a transcript's end is read.
    private static let tail = 1 << 20

    private struct Session {
        var uses: Set<String> = []
        /// Uses that were reported once.
        var reported: Set<String> = []
        /// More uses than can be kept: what is missing here proves nothing.
        var isOverfull = false
        /// Its first event was seen, so that every use must be here.
        var isWhole = false
    }

    private let home: WritHome
    private let sessions = Mutex<[String: Session]>([:])

    init(home: WritHome) {
        self.home = home
    }

    /// Notes an event, and says what is wrong: one line for each fault, empty when all is well.
    func faults(on call: Call) -> [String] {
        switch call.event {
        case .sessionStart:
            begin(call)
            return settings(of: call)
        case .beforeTool, .permissionRequest, .afterTool:
            note(call)
            return []
        case .stop, .sessionEnd: return unseen(in: call)
        case .prompt, .subagentStart, .subagentStop, .configChange, .other: return []
        }
    }

    private func key(_ call: Call) -> String { "\(call.agent.kind)|\(call.session)" }

    private func begin(_ call: Call) {
        // A session that goes on has uses from before this daemon.
        let isNew = call.arguments["source"]?.string == "startup"
        sessions.withLock { sessions in
            if sessions.count >= Self.maximumSessions { sessions.removeAll() }
            if isNew { sessions[key(call)] = Session(isWhole: true) }
        }
    }

    private func note(_ call: Call) {
        guard let use = call.toolUse, !use.isEmpty else { return }
        sessions.withLock { sessions in
            guard sessions[key(call)] != nil else { return }
            if (sessions[key(call)]?.uses.count ?? 0) < Self.maximumUses {
                sessions[key(call)]?.uses.insert(use)
            } else {
                sessions[key(call)]?.isOverfull = true
            }
        }
    }

    /// Whether the agent's settings still start Writ at some level, and whether anything there switches hooks off.
    private func settings(of call: Call) -> [String] {
        guard let layout = HookLayout.of(call.agent.kind) else { return [] }
        var faults = InstalledHooks.lost(layout, home: home, directory: call.workspace)
        faults += DisablingSettings.found(agent: layout.agent, home: home.home, directory: call.workspace)
        faults +=
            DisablingSettings.environment(agent: layout.agent, home: home.home, directory: call.workspace).warnings
        return faults
    }

    /// Tools that ended in the transcript and were in no event.
    private func unseen(in call: Call) -> [String] {
        guard call.agent.kind == "claude-code", let path = call.transcript, path.hasPrefix("/") else { return [] }
        guard let known = sessions.withLock({ $0[key(call)] }), known.isWhole, !known.isOverfull else { return [] }
        guard let bytes = filePart(path, atMost: Self.tail, fromEnd: true) else { return [] }
        let missing = Transcript.endedUses(in: bytes).filter {
            !known.uses.contains($0.use) && !known.reported.contains($0.use)
        }
        guard !missing.isEmpty else { return [] }
        sessions.withLock { sessions in
            for item in missing { sessions[key(call)]?.reported.insert(item.use) }
        }
        var names: [String] = []
        for item in missing where !names.contains(item.tool) { names.append(item.tool) }
        let count = missing.count == 1 ? "a tool" : "\(missing.count) tools"
        return [
            "\(count) ran without an event in session \(call.session): \(names.prefix(8).joined(separator: ", "))"
        ]
    }
}
