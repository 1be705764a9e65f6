// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritAgents

/// Which of an agent's own programs started a hook, as the hook's ancestors show: what makes a delivery a measurement.
///
/// A replayed entry has no such ancestor. The answer is kept for each parent, so a busy session costs one look.
final class HostPrograms: Sendable {
    private struct Key: Hashable {
        var parent: ProcessFacts.Identity
        var agent: String
    }

    private static let maximumKept = 1_024
    /// Between an agent and its hook stand a shell or two.
    private static let maximumDepth = 4

    private let kept = Mutex<[Key: String?]>([:])

    /// The name of the agent's program above a hook; nil when none is there, or it may not be seen.
    func program(above hook: Int32, of agent: String) -> String? {
        #if os(Linux)
        return program(above: hook, of: agent, in: SystemProcesses())
        #else
        return nil
        #endif
    }

    func program(above hook: Int32, of agent: String, in view: some ProcessView) -> String? {
        guard let names = AgentPresence.of(agent)?.programs, let own = view.facts(hook),
            let parent = view.facts(own.parent)
        else { return nil }
        let key = Key(parent: parent.identity, agent: agent)
        if let known = kept.withLock({ $0[key] }) { return known }
        let found = Self.search(from: parent, names: Set(names), in: view)
        kept.withLock { kept in
            if kept.count >= Self.maximumKept { kept.removeAll() }
            kept[key] = .some(found)
        }
        return found
    }

    private static func search(from parent: ProcessFacts, names: Set<String>, in view: some ProcessView) -> String? {
        var next: ProcessFacts? = parent
        var depth = 0
        while let facts = next, facts.identity.number > 1, depth < maximumDepth {
            guard let details = view.details(facts.identity.number) else { return nil }
            if names.contains(details.programName) { return details.programName }
            // A script: the interpreter runs, and the agent's file is among its first words.
            if let name = details.arguments.prefix(3).map(base).first(where: names.contains) { return name }
            guard ProgramKind.shells.contains(details.programName) else { return nil }
            next = view.facts(facts.parent).flatMap { $0.identity.start <= facts.identity.start ? $0 : nil }
            depth += 1
        }
        return nil
    }

    private static func base(_ word: String) -> String {
        var name = word.lastIndex(of: "/").map { String(word[word.index(after: $0)...]) } ?? word
        for suffix in [".js", ".mjs", ".cjs"] where name.hasSuffix(suffix) { name.removeLast(suffix.utf8.count) }
        return name
    }
}
