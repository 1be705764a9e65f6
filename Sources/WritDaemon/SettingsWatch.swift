// SPDX-License-Identifier: Apache-2.0
import Synchronization
import WritCore
import WritGuard
import WritPolicy
import WritScan
import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A repository's settings of agents that are not what they were: trusted once, and changed since by a commit, a checkout
/// or a merge.
///
/// Hosts ask a person once whether a folder is to be trusted, and obey whatever comes into it later. Here each file that
/// can start a program is known by its digest; what is new is told once, recorded, and looked at like any instruction.
/// Nothing is refused: a colleague's change is mostly harmless, and it is a person who knows.
final class SettingsWatch: Sendable {
    private static let maximumFile = 1 << 20
    private static let maximumFiles = 400
    private static let maximumKnown = 16_384
    private static let maximumRoots = 256

    /// What the system says of a file without reading it.
    private struct Stamp: Hashable {
        var inode: UInt64
        var size: Int64
        var seconds: Int64
        var nanoseconds: Int64
    }

    private struct State {
        /// Digests by path; the root itself stands for "was looked at once".
        var known: [String: String]
        /// The files as they were at the last look, by root, so that a look costs no reading.
        var stamps: [String: [String: Stamp]] = [:]
    }

    private let file: LineFile
    private let withholding: Withholding
    private let state: Mutex<State>

    /// Reads what earlier daemons saw, and writes it anew without what was superseded.
    init(home: WritHome, withholding: Withholding) throws(DaemonFault) {
        file = LineFile(path: home.state + "/agent-settings", loss: "which settings of repositories were seen")
        self.withholding = withholding
        var known: [String: String] = [:]
        let seen = try file.entries { value -> (path: String, digest: String)? in
            guard let path = value["path"]?.string, let digest = value["digest"]?.string else { return nil }
            return (path, digest)
        }
        for file in seen { known[file.path] = file.digest }
        if known.count > Self.maximumKnown { known.removeAll() }
        state = Mutex(State(known: known))
        if !known.isEmpty {
            try file.write(
                known.sorted { $0.key < $1.key }.map { ["path": .string($0.key), "digest": .string($0.value)] })
        }
    }

    /// What is new in the repository of a call. Looks when a session starts, after a tool has run, and before the model
    /// gets a prompt; the files are read only where the system says that one has changed.
    func news(_ reader: InstructionWatch.Reader, isStart: Bool) throws -> SettingsNews {
        guard isStart || [.sessionStart, .prompt, .afterTool, .stop].contains(reader.call.event) else {
            return SettingsNews()
        }
        let root = reader.root
        guard root.hasPrefix("/"), root != "/", root != reader.call.home else { return SettingsNews() }
        let paths = try Self.files(below: root)
        var stamps: [String: Stamp] = [:]
        for path in paths { stamps[path] = Self.stamp(of: path) }
        let before = state.withLock { $0.stamps[root] }
        guard before != stamps else { return SettingsNews() }
        var digests: [String: String] = [:]
        var texts: [String: [UInt8]] = [:]
        for path in paths {
            do throws(DaemonFault) {
                guard let bytes = try SmallFile.read(path, limit: Self.maximumFile) else { continue }
                digests[path] = Engines.digest(Self.lasting(bytes, of: path))
                texts[path] = bytes
            } catch {
                digests[path] = "unreadable"
            }
        }
        let (changed, isFirst) = try state.withLock { state in
            let isFirst = state.known[root] == nil
            let changed = digests.filter { state.known[$0.key] != $0.value }.keys.sorted()
            let gone = state.known.filter { $0.value != "gone" && PathText.isUnder($0.key, root) && $0.key != root }
                .keys
                .filter { digests[$0] == nil }
            if state.known.count + changed.count > Self.maximumKnown { state.known.removeAll() }
            if state.stamps.count >= Self.maximumRoots { state.stamps.removeAll() }
            state.stamps[root] = stamps
            var lines: [JSON] = []
            func keep(_ path: String, _ digest: String) throws {
                state.known[path] = digest
                // A name that holds a secret is kept in memory alone.
                if try withholding.text(path) == path {
                    lines.append(["path": .string(path), "digest": .string(digest)])
                }
            }
            if isFirst { try keep(root, "seen") }
            for path in changed { try keep(path, digests[path] ?? "") }
            for path in gone { try keep(path, "gone") }
            try file.append(lines)
            return (changed, isFirst)
        }
        // A repository that is met for the first time has no past; its settings are looked at with its instructions.
        guard !isFirst, !changed.isEmpty else { return SettingsNews() }
        var news = SettingsNews()
        for path in changed {
            var finding = "it cannot be read"
            var isSuspect = true
            if let text = texts[path] {
                let review = reader.guardian.review(
                    instructions: text, at: path, phase: .skill, for: reader.call, in: reader.surroundings)
                isSuspect = review.isSuspect
                finding = review.findings.first?.message ?? review.decision.message
            }
            news.take(String(path.dropFirst(root.utf8.count + 1)), isSuspect ? finding : nil)
        }
        return news
    }

    /// What of a file counts. A person's own file grows with each call that they allow for good, which is no news.
    private static func lasting(_ bytes: [UInt8], of path: String) -> [UInt8] {
        guard path.hasSuffix(".local.json") else { return bytes }
        do {
            guard let members = try JSON(parsing: bytes).members else { return bytes }
            return JSON.object(members.filter { $0.key != "permissions" }).bytes
        } catch {
            // With comments, say: then every change counts.
            return bytes
        }
    }

    /// The files below a repository's root that agents and editors take hooks, plugins, servers and permissions from.
    private static func files(below root: String) throws -> [String] {
        var files: [String] = []
        for name in names {
            let path = "\(root)/\(name)"
            if name.hasSuffix("/") {
                for entry in visibleNames(in: path) where files.count < maximumFiles {
                    let file = path + entry
                    if stamp(of: file) != nil { files.append(file) }
                }
            } else if stamp(of: path) != nil {
                files.append(path)
            }
        }
        return files
    }

    /// Folders end in `/`; the files right below count.
    private static let names = [
        ".claude/settings.json", ".claude/settings.local.json", ".claude/hooks/", ".mcp.json", ".cursor/hooks.json",
        ".cursor/hooks/", ".cursor/mcp.json", ".cursor/cli.json", ".cursor/permissions.json", ".cursor/sandbox.json",
        ".codex/hooks.json", ".codex/config.toml", ".gemini/settings.json", ".qwen/settings.json", ".github/hooks/",
        ".github/mcp.json", ".github/copilot/settings.json", ".github/copilot/settings.local.json",
        ".windsurf/hooks.json",
        ".kiro/hooks/", ".kiro/agents/", ".kiro/settings/mcp.json", "opencode.json", "opencode.jsonc",
        ".opencode/opencode.json", ".opencode/plugins/", ".opencode/plugin/", ".clinerules/hooks/", ".cline/hooks/",
        ".amp/settings.json", ".amp/plugins/", ".factory/hooks.json", ".factory/settings.json", ".factory/mcp.json",
        ".agents/plugins/writ/hooks/hooks.json", ".agents/mcp_config.json", ".vscode/mcp.json", ".vscode/tasks.json",
        ".vscode/settings.json", ".devcontainer/devcontainer.json",
    ]

    /// Nil for what is no file.
    private static func stamp(of path: String) -> Stamp? {
        var facts = stat()
        guard stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
        #if canImport(Darwin)
        let time = facts.st_mtimespec
        #else
        let time = facts.st_mtim
        #endif
        return Stamp(
            inode: UInt64(facts.st_ino), size: Int64(facts.st_size), seconds: Int64(time.tv_sec),
            nanoseconds: Int64(time.tv_nsec))
    }
}

/// Settings that changed since they were last seen.
struct SettingsNews: Sendable {
    private static let maximumLines = 16

    /// One for each file, for the ledger.
    private(set) var lines: [String] = []
    private(set) var labels: Set<String> = []
    private var count = 0

    mutating func take(_ name: String, _ suspicion: String?) {
        count += 1
        if suspicion != nil { labels.insert("untrusted") }
        guard lines.count < Self.maximumLines else { return }
        let shown = String(
            name.unicodeScalars.prefix(160).map {
                $0.value < 0x20 || $0.properties.generalCategory == .format ? "?" : Character($0)
            })
        lines.append(
            "agent settings `\(shown)` changed since they were last seen" + (suspicion.map { ": \($0)" } ?? ""))
    }

    /// Tells the model, and with it the person.
    func add(to judgement: inout Judgement) {
        guard !lines.isEmpty else { return }
        judgement.decision.obligations.append(
            .annotate(
                "Writ: settings that decide what agents may run changed in this repository. Tell the user, who should look "
                    + "at them before going on:\n" + lines.prefix(8).map { "- \($0)" }.joined(separator: "\n")))
    }
}
