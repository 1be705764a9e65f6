// SPDX-License-Identifier: Apache-2.0

import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// How an agent shows on a machine: the programs that it is started as, and the folders that it keeps.
public struct AgentPresence: Sendable, Hashable {
    /// The adapter's kind.
    public var agent: String
    /// Names of its programs; the first that is on `PATH` counts. Also the names that its processes go by.
    public var programs: [String]
    /// Folders below the home that only this agent makes.
    public var folders: [String]

    /// One row for each agent that Writ can be installed for, in the order of ``HookLayout/all``.
    public static let all: [AgentPresence] = [
        AgentPresence("claude-code", ["claude", "claude-code"], [".claude"]),
        AgentPresence("cursor", ["cursor", "cursor-agent", "Cursor"], [".cursor"]),
        AgentPresence("codex", ["codex"], [".codex"]),
        AgentPresence("gemini-cli", ["gemini"], [".gemini"]),
        AgentPresence("copilot-cli", ["copilot"], [".copilot"]),
        AgentPresence(
            "vscode", ["code", "code-insiders", "codium"],
            [".config/Code", ".vscode", ".vscode-server", "Library/Application Support/Code"]),
        AgentPresence("windsurf", ["windsurf"], [".codeium/windsurf"]),
        AgentPresence("kiro", ["kiro", "kiro-cli", "kiro-cli-chat"], [".kiro"]),
        AgentPresence("opencode", ["opencode"], [".config/opencode", ".local/share/opencode"]),
        AgentPresence("qwen-code", ["qwen"], [".qwen"]),
        AgentPresence("cline", ["cline"], ["Documents/Cline"]),
        AgentPresence("amp", ["amp"], [".config/amp"]),
        AgentPresence("factory-droid", ["droid"], [".factory"]),
        AgentPresence("goose", ["goose", "goosed"], [".config/goose"]),
    ]

    init(_ agent: String, _ programs: [String], _ folders: [String]) {
        self.agent = agent
        self.programs = programs
        self.folders = folders
    }

    /// The row of an agent; nil when Writ does not know it.
    public static func of(_ agent: String) -> AgentPresence? {
        all.first { $0.agent == agent }
    }

    /// What of the agent is there.
    public struct Trace: Sendable, Hashable {
        public var agent: String
        /// Absolute path of its program; nil when none is on the path that was searched.
        public var program: String?
        /// Absolute paths of its folders.
        public var folders: [String]

        /// Anything was found.
        public var isFound: Bool { program != nil || !folders.isEmpty }
    }

    /// Looks for the agent's programs along a search path, and for its folders below a home.
    ///
    /// A folder that holds Writ's own entries alone does not count: an installation must not make its own reason.
    public func trace(home: String, path: String) -> Trace {
        var program: String?
        for name in programs where program == nil {
            program = AgentPresence.find(name, path: path)
        }
        let found = folders.map { home + "/" + $0 }.filter { AgentPresence.isFolder($0) && !isOwn($0, home) }
        return Trace(agent: agent, program: program, folders: found)
    }

    /// Every file in the folder is one that is there because of Writ alone.
    private func isOwn(_ folder: String, _ home: String) -> Bool {
        var own: Set<String> = []
        // Agents share folders: what Writ made for another one counts too.
        let places = HookLayout.all.flatMap { layout in layout.user.map { (layout.agent, home + "/" + $0.path) } }
        for (agent, path) in places where path.hasPrefix(folder + "/") {
            do {
                let record = try InstallRecord.read(of: path, agent: agent, in: try WritHome(home))
                if let record, record.original == nil { own.insert(path) }
            } catch {
                // Nothing says that Writ made it.
                continue
            }
        }
        guard !own.isEmpty else { return false }
        var left = 64
        return AgentPresence.holdsOnly(own, folder, &left)
    }

    private static func holdsOnly(_ own: Set<String>, _ folder: String, _ left: inout Int, depth: Int = 0) -> Bool {
        guard let listing = opendir(folder), depth < 6 else { return false }
        defer { closedir(listing) }
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            left -= 1
            guard left > 0 else { return false }
            let path = folder + "/" + name
            if isFolder(path) {
                guard holdsOnly(own, path, &left, depth: depth + 1) else { return false }
            } else if !own.contains(path) {
                return false
            }
        }
        return true
    }

    /// The first executable file of a name along a search path; empty and relative parts are passed over.
    public static func find(_ name: String, path: String) -> String? {
        for part in path.split(separator: ":") where part.hasPrefix("/") {
            let file = part == "/" ? "/" + name : "\(part)/\(name)"
            var facts = stat()
            if stat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG, access(file, X_OK) == 0 { return file }
        }
        return nil
    }

    private static func isFolder(_ path: String) -> Bool {
        var facts = stat()
        return stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
    }
}
