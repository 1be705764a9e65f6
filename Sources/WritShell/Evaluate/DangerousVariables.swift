// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Variables that make programs run, load or trust something else.
struct DangerousVariables: Sendable {
    /// What a program does with the value.
    enum Class: String, Sendable {
        /// A command line that a shell runs.
        case command
        /// A library that is loaded into every program.
        case library
        /// A script that an interpreter runs before anything else.
        case script
        /// Options of an interpreter that can load code.
        case options
        /// Settings in a file, which can run programs.
        case settings
        /// Folders that programs or modules are taken from.
        case path
        /// Checks are off when it is set.
        case verification
        /// Traffic goes elsewhere.
        case redirect
        /// Switches of guards and agents.
        case `guard`
    }

    static let builtIn = DangerousVariables()

    private var names: [String: Class] = [:]
    private var prefixes: [(String, Class)] = []

    private init() {
        for node in EmbeddedTable.nodes("shell/variables.table") {
            guard let found = Class(rawValue: node.keyword) else { continue }
            for word in node.value.split(separator: " ") {
                if word.hasSuffix("*") {
                    prefixes.append((String(word.dropLast()), found))
                } else {
                    names[String(word)] = found
                }
            }
        }
    }

    func `class`(of name: String) -> Class? {
        if let found = names[name] { return found }
        for (prefix, found) in prefixes where name.hasPrefix(prefix) { return found }
        return nil
    }

    var count: Int { names.count + prefixes.count }
}

extension Evaluator {
    /// Notes what variables make later programs do.
    func noteVariables(_ variables: [String: Value], _ state: inout ShellState, _ streams: Streams) {
        for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
            guard let found = DangerousVariables.builtIn.class(of: name) else { continue }
            if value.isEmpty, found != .guard { continue }
            let text = value.display
            switch found {
            case .command:
                if Self.usualCommands.contains(text) { continue }
                noteSetting(name, found, value)
                var copy = state
                depth += 1
                runShellCode(value, &copy, Streams())
                depth -= 1
            case .library:
                noteSetting(name, found, value, opaque: .unread, traits: isForeign(value, state) ? .unverified : [])
            case .script:
                if name == "ENV", !text.holds("/") { continue }
                noteSetting(name, found, value, traits: isForeign(value, state) ? .unverified : [])
                var copy = state
                runFile(value, language: "sh", arguments: [], &copy, Streams())
            case .options:
                if value.text == nil || Self.loadsCode(text) {
                    let traits: Operation.Traits = isForeign(value, state) ? .unverified : []
                    noteSetting(name, found, value, opaque: .unread, traits: traits)
                }
            case .settings:
                if text == "/dev/null" { continue }
                noteRead(value, state, wantsContent: false)
                noteSetting(name, found, value, opaque: .unread)
            case .path:
                // A folder that anyone can fill comes before the system's.
                let folders = text.split(separator: ":", omittingEmptySubsequences: false)
                let isRisky = folders.contains { folder in
                    let folder = String(folder)
                    return folder == "." || folder.isEmpty && name == "PATH" || folder.hasPrefix("/tmp")
                        || folder.hasPrefix("/var/tmp")
                        || folder.hasPrefix("/dev/shm") || folder.hasPrefix("./") && name == "PATH"
                }
                if isRisky,
                    name == "PATH" || folders.contains(where: { $0.hasPrefix("/tmp") || $0.hasPrefix("/dev/shm") })
                {
                    noteSetting(name, found, value)
                }
            case .verification:
                let isOff = ["0", "1", "true", "false", "yes", "no", "off"].contains(text.lowercased())
                if isOff, !(name == "PYTHONHTTPSVERIFY" && text == "1"),
                    !(name == "NODE_TLS_REJECT_UNAUTHORIZED" && text == "1")
                {
                    note(Operation(.configWrite, traits: .unverified, detail: "environment \(name)=\(text)"))
                }
            case .redirect:
                // Where packages come from is only of interest where it is elsewhere.
                let isElsewhere =
                    Self.namesIndex(name)
                    && text.split(whereSeparator: { $0 == " " || $0 == "," || $0 == "|" }).contains {
                        $0.contains("://") && !Publishers.supply(Value(String($0)))
                    }
                noteSetting(name, found, value, traits: isElsewhere && value.isKnown ? .unverified : [])
            case .guard: noteSetting(name, found, value)
            }
        }
    }

    private static func namesIndex(_ name: String) -> Bool {
        name.hasPrefix("PIP_") || name.hasPrefix("UV_") || name.lowercased() == "npm_config_registry"
            || name == "GOPROXY"
    }

    /// It names a file that lies neither in the workspace nor where packages of the system put their files.
    private func isForeign(_ value: Value, _ state: ShellState) -> Bool {
        guard let text = value.text else { return false }
        let workspace = context.workspace ?? context.workingDirectory
        return text.split(whereSeparator: { " \t:=,".contains($0) }).contains { word in
            guard word.hasPrefix("/") || word.hasPrefix("~") || word.hasPrefix("..") else { return false }
            let base = state.directories.count == 1 ? state.directories[0].text ?? workspace : workspace
            let path = PathText.absolute(String(word), in: base, home: context.home)
            return !PathText.isUnder(path, workspace)
                && !["/usr/", "/lib", "/opt/", "/snap/", "/nix/", "/app/", "/etc/"].contains { path.hasPrefix($0) }
                && !path.contains("/node_modules/") && !path.contains("/site-packages/")
        }
    }

    /// Options of an interpreter or tool that name code.
    private static func loadsCode(_ options: String) -> Bool {
        options.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\n" }).contains { word in
            loadingOptions.contains { word.hasPrefix($0) } || loadingParts.contains { word.contains($0) }
        }
    }

    private static let loadingOptions = [
        "-r", "-M", "-m", "-e", "-I", "-x", "-c", "-f", "-S", "-W", "@", "--import", "--checkpoint-action",
        "--to-command", "--use-compress-program", "--rsh-command", "--init-script",
    ]
    private static let loadingParts = ["require", "loader", "agent", "inspect", "eval", "XX:OnError"]

    /// Switching a pager or editor off, or naming a usual one, runs nothing of interest.
    private static let usualCommands: Set<String> = [
        "cat", "less", "more", "true", ":", "false", "vim", "vi", "nano", "code --wait", "less -R", "less -FRX", "bat",
        "/bin/true", "/bin/cat", "/bin/false", "ssh", "gcc", "g++", "clang", "clang++", "cc", "c++", "echo",
    ]

    private func noteSetting(
        _ name: String, _ found: DangerousVariables.Class, _ value: Value, opaque: Operation.Opaque? = nil,
        traits: Operation.Traits = []
    ) {
        note(
            Operation(
                .configWrite, traits: traits, opaque: opaque, detail: "environment \(name) (\(found.rawValue))",
                taints: value.taints))
    }
}
