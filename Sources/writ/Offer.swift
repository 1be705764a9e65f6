// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritAgents
import WritCore
import WritDaemon
import WritDelegation
import WritGuard
import WritInspect
import WritLedger
import WritPolicy
import WritWire

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What the shell offers where a command takes the name of something on this machine.
///
/// Read from files in some milliseconds: no daemon is asked or started, nothing is written, and what cannot be read is no
/// offer. Shells expand what they are offered (bash's `compgen -W` runs `$(…)` in it), and agents choose the names of
/// their sessions: only names of letters, digits and `. _ - : / @ + #` are offered.
enum Offer {
    /// Fixed words.
    static let profiles = CompletionKind.list(Profile.allCases.map(\.rawValue))
    static let agents = CompletionKind.list(Agents.all.map(\.kind))
    static let decisions = CompletionKind.list(Verdict.allCases.map(\.name))
    static let layers = CompletionKind.list(Layer.allCases.filter { Layer(name: $0.name) != nil }.map(\.name))
    static let severities = CompletionKind.list(Severity.allCases.map(\.name))
    static let detectors = CompletionKind.list(DetectorName.allCases.map(\.rawValue))
    static let templates = CompletionKind.list(PolicyTemplate.allCases.map(\.rawValue))
    static let labels = CompletionKind.list(SessionState.Label.known.sorted())

    /// Writs that have not ended, by their last eight characters; whole ids where one was begun.
    static let writs = offering { home, prefix in
        let now = Moment.now / 1000
        return ids(try HomeState.writs(of: home).filter { $0.until > now }.map(\.id), prefix)
    }

    /// The same with those that have ended.
    static let allWrits = offering { home, prefix in ids(try HomeState.writs(of: home).map(\.id), prefix) }

    /// The tasks of writs.
    static let tasks = offering { home, _ in try HomeState.writs(of: home).compactMap { $0.link?.task.id } }

    /// Whose writs count here, besides this machine's.
    static let issuers = offering { home, _ in try HomeState.anchors(of: home).anchors.map(\.issuer) }

    /// Calls that wait for a person.
    static let waiting = offering { home, _ in try HomeState.waitingCalls(of: home, now: Moment.now) }

    /// Recent entries of the ledger, by their last eight characters.
    static let entries = offering { home, prefix in ids(try recent(home).map(\.id), prefix) }

    /// Recent decisions, and files that may hold a call.
    static let decisionsOrFiles = offering { home, prefix in
        prefix.contains("/") || prefix.contains(".")
            ? files(prefix, ending: ".json")
            : ids(try recent(home).filter { $0.kind == .decision }.map(\.id), prefix) + files(prefix, ending: ".json")
    }

    static let sessions = offering { home, _ in try recent(home).map(\.session) }

    /// Sessions with their agents: `claude-code:0b9c…`.
    static let agentSessions = offering { home, _ in
        try recent(home).filter { !$0.agent.isEmpty && !$0.session.isEmpty }.map { "\($0.agent):\($0.session)" }
    }

    /// Rules that recent entries name.
    static let recentRules = offering { home, _ in try recent(home).flatMap(\.rules) }

    /// Budgets of which something is used.
    static let budgets = offering { home, _ in
        try HomeState.budgets(of: home).lines(now: Moment.now / 1000).map { BudgetAccounts.budget(of: $0.account) }
    }

    static let budgetOwners = offering { home, _ in
        try HomeState.budgets(of: home).lines(now: Moment.now / 1000).map(\.owner)
    }

    /// Rules, flows and budgets of the built-in policies and of the person's own.
    static let rules = offering { home, _ in
        documents(home).flatMap { layer, document in
            (document.rules.map(\.name) + document.flows.map(\.name) + document.budgets.map(\.name)).map {
                "\(layer.name)/\(document.name)/\($0)"
            }
        }.filter { Waivers.refusal(of: $0) == nil }
    }

    /// Names of policies.
    static let policies = offering { home, _ in
        DefaultPolicy.sources.map { String($0.file.prefix { $0 != "." }) }
            + documents(home, besides: false).map(\.document.name)
    }

    // MARK: - Making an offer

    /// Never fails: a shell that completes has no place for a message.
    private static func offering(
        _ find: @escaping @Sendable (WritHome, String) throws -> [String]
    ) -> CompletionKind {
        .custom { words, _, prefix in
            do {
                return offer(try find(try home(in: words), prefix), prefix)
            } catch {
                return []
            }
        }
    }

    /// At most this many: more helps nobody to choose.
    private static let maximum = 200

    private static func offer(_ names: [String], _ prefix: String) -> [String] {
        var seen: Set<String> = []
        var out: [String] = []
        for name in names where name.hasPrefix(prefix) && isPlain(name) && seen.insert(name).inserted {
            out.append(name)
            if out.count == maximum { break }
        }
        return out
    }

    private static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 200 && !name.hasPrefix("-")
            && name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || "._-:/@+#".utf8.contains(byte)
            }
    }

    /// The home that the command line names so far, as ``HomeOptions`` reads it.
    private static func home(in words: [String]) throws -> WritHome {
        for (index, word) in words.enumerated() {
            if word == "--home", words.indices.contains(index + 1) { return try WritHome(words[index + 1]) }
            if word.hasPrefix("--home=") { return try WritHome(String(word.dropFirst("--home=".count))) }
        }
        return try WritHome.ofEnvironment { name in getenv(name).map { String(cString: $0) } }
    }

    /// Ids as lists show them; whole ones where their beginning was typed.
    private static func ids(_ ids: [String], _ prefix: String) -> [String] {
        ids.map { String($0.suffix(8)) } + (prefix.isEmpty ? [] : ids)
    }

    /// The newest entries, the newest first.
    private static func recent(_ home: WritHome) throws -> [LedgerEntry] {
        let reader = try LedgerReader(at: home.ledger)
        let count = try reader.count()
        return try reader.entries(from: count - min(count, 128)).reversed().map(\.entry)
    }

    /// The documents of the built-in layer, and the person's own as far as they can be read.
    private static func documents(
        _ home: WritHome, besides builtIn: Bool = true
    ) -> [(layer: Layer, document: PolicyDocument)] {
        var sources = builtIn ? DefaultPolicy.sources.map { (Layer.builtin, $0) } : []
        let folder = home.config + "/policies/"
        for path in [home.config + "/policy.yaml"] + files(folder, ending: ".yaml") {
            do { sources.append((.user, try PolicyArguments.source(path))) } catch { continue }
        }
        return sources.compactMap { layer, source in
            do {
                return (layer, try PolicyDocument.read(source.bytes, file: source.file).document)
            } catch {
                return nil
            }
        }
    }

    /// The files beside what was typed.
    private static func files(_ prefix: String, ending: String) -> [String] {
        let folder = prefix.lastIndex(of: "/").map { String(prefix[...$0]) } ?? ""
        guard let entries = opendir(folder.isEmpty ? "." : folder) else { return [] }
        defer { closedir(entries) }
        var names: [String] = []
        while names.count < maximum, let entry = readdir(entries) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(ending), !name.hasPrefix(".") { names.append(folder + name) }
        }
        return names.sorted()
    }
}
