// SPDX-License-Identifier: Apache-2.0
import WritAgents
import WritCore
import WritDaemon
import WritLedger
import WritWire

/// What is known of one agent's protection, and how.
struct Coverage {
    /// How sure it is that a refusal reaches this agent.
    enum Proof: String {
        /// The agent's own program started the hook, after it was last replaced.
        case measured
        /// Canaries were played through the installed entry.
        case simulated
        /// Canaries were played, and something was wrong.
        case broken
        /// Installed; what it does is what the host's documentation says.
        case declared
        /// Not installed.
        case unknown
    }

    var agent: String
    var trace: AgentPresence.Trace
    var levels: [String]
    /// The newest event, in milliseconds since 1970.
    var last: Int64?
    var lastEvent: String?
    var proof: Proof
    /// When the proof was made.
    var proven: Int64?
    /// Settings that keep the hooks from running.
    var faults: [String]

    static func all(_ home: WritHome, directory: String, path: String, reader: LedgerReader?) throws -> [Coverage] {
        let kept = KeptResults(home)
        var found: [Coverage] = []
        for layout in HookLayout.all {
            guard let presence = AgentPresence.of(layout.agent) else { continue }
            let trace = presence.trace(home: home.home, path: path)
            let installer = try Installer(layout, hook: try PersonHome.hook(), home: home)
            var levels: [String] = []
            var faults: [String] = []
            var seen: Set<String> = []
            for (name, level) in [
                ("user", InstallLevel.user), ("project", .project(directory: directory)),
                ("managed", .managed(path: nil)),
            ] {
                guard let first = installer.places(of: level).first, seen.insert(first.path).inserted else { continue }
                let hooks = InstalledHooks(installer, level)
                if !hooks.isEmpty { levels.append(name) }
                faults += hooks.faults
            }
            // An installation that somebody took out by hand is no agent that nobody protects.
            let lost = InstalledHooks.lost(layout, home: home, directory: directory)
            faults += lost
            if !levels.isEmpty {
                faults += DisablingSettings.found(agent: layout.agent, home: home.home, directory: directory)
            }
            let evidence = try Evidence(layout.agent, in: reader, program: trace.program)
            guard !levels.isEmpty || !lost.isEmpty || trace.isFound || evidence.last != nil else { continue }
            let newest = evidence.events.max { $0.value.last < $1.value.last }
            var proof = Proof.declared
            var proven: Int64?
            let result = kept.last(of: layout.agent)
            if !lost.isEmpty {
                proof = .broken
            } else if levels.isEmpty {
                proof = .unknown
            } else if let result, !result.isSound {
                (proof, proven) = (.broken, result.time)
            } else if let measured = evidence.measured {
                (proof, proven) = (.measured, measured)
            } else if let result {
                (proof, proven) = (.simulated, result.time)
            }
            found.append(
                Coverage(
                    agent: layout.agent, trace: trace, levels: levels, last: evidence.last, lastEvent: newest?.key,
                    proof: proof, proven: proven, faults: faults))
        }
        return found
    }

    var json: JSON {
        [
            "agent": .string(agent), "program": trace.program.map { .string($0) } ?? .null,
            "found": .bool(trace.isFound), "levels": .array(levels.map { .string($0) }),
            "last_seen": last.map { .integer($0) } ?? .null, "last_event": lastEvent.map { .string($0) } ?? .null,
            "proof": .string(proof.rawValue), "proven": proven.map { .integer($0) } ?? .null,
            "faults": .array(faults.map { .string($0) }),
        ]
    }
}
