// SPDX-License-Identifier: Apache-2.0
import WritCore

/// What the evaluator may know about files: the engine itself never touches a file system.
public protocol FileView: Sendable {
    /// The text of the file at an absolute path, when it is at hand and known to be what a run would find.
    func contents(of path: String) -> String?
    /// The absolute path with every symbolic link followed; nil where the file system cannot be asked.
    func resolved(_ path: String) -> String?
    /// Whether something is at an absolute path; nil where the file system cannot be asked.
    func exists(_ path: String) -> Bool?
}

extension FileView {
    /// Not known.
    public func exists(_ path: String) -> Bool? { nil }
}

/// Files given as a table: what an agent wrote in this session, and symbolic links that are known.
public struct KnownFiles: FileView {
    /// Text by absolute path.
    public var texts: [String: String]
    /// Target by the absolute path of a symbolic link.
    public var links: [String: String]

    /// Creates a view.
    public init(texts: [String: String] = [:], links: [String: String] = [:]) {
        self.texts = texts
        self.links = links
    }

    public func contents(of path: String) -> String? {
        texts[path]
    }

    public func resolved(_ path: String) -> String? {
        if links.isEmpty { return nil }
        var path = path
        // Chains are followed 8 deep, so that a loop ends.
        for _ in 0..<8 {
            guard
                let link = links.keys.filter({ PathText.isUnder(path, $0) }).max(by: { $0.utf8.count < $1.utf8.count }),
                let target = links[link]
            else { break }
            let parent = String(link.prefix(upTo: link.lastIndex(of: "/") ?? link.startIndex))
            path = PathText.absolute(target, in: parent, home: "/") + path.dropFirst(link.count)
        }
        return path
    }
}

/// Where and as whom a command would run.
public struct ShellContext: Sendable {
    /// Absolute.
    public var workingDirectory: String
    public var workspace: String?
    /// Absolute; what `~` stands for.
    public var home: String
    public var user: String
    /// Variables that are known to be set. `HOME`, `PWD`, `USER`, `LOGNAME`, `TMPDIR` and `SHELL` are added when missing.
    public var environment: [String: String]
    /// The shell whose rules apply.
    public var dialect: ShellDialect
    public var files: (any FileView)?
    /// File names differ by more than case (false) or not (true).
    public var isCaseInsensitive: Bool
    /// The shell lives on after the command, so that the next one closes what this one leaves open: a terminal that is
    /// typed into. False where every command gets a shell of its own, which refuses a fragment as a whole.
    public var keepsInput: Bool

    /// Creates a context.
    public init(
        workingDirectory: String = "/workspace", workspace: String? = nil, home: String = "/home/user",
        user: String = "user", environment: [String: String] = [:], dialect: ShellDialect = .bash,
        files: (any FileView)? = nil, isCaseInsensitive: Bool = false, keepsInput: Bool = true
    ) {
        self.workingDirectory = workingDirectory
        self.workspace = workspace
        self.home = home
        self.user = user
        self.environment = environment
        self.dialect = dialect
        self.files = files
        self.isCaseInsensitive = isCaseInsensitive
        self.keepsInput = keepsInput
    }

    /// The made-up project of examples and of scripts that nobody runs here.
    public static let example = ShellContext(
        workingDirectory: ExamplePlace.project, workspace: ExamplePlace.project, home: ExamplePlace.home)

    /// The value of a variable that the shell inherits.
    func inherited(_ name: String) -> String? {
        if let value = environment[name] { return value }
        switch name {
        case "HOME": return home
        case "PWD", "OLDPWD": return workingDirectory
        case "USER", "LOGNAME", "USERNAME": return user
        case "TMPDIR", "TMP", "TEMP": return "/tmp"
        case "SHELL": return dialect == .zsh ? "/bin/zsh" : "/bin/bash"
        case "BASH": return "/bin/bash"
        case "PATH": return "/usr/local/bin:/usr/bin:/bin"
        case "IFS": return " \t\n"
        case "XDG_CONFIG_HOME": return home + "/.config"
        case "XDG_DATA_HOME": return home + "/.local/share"
        case "XDG_CACHE_HOME": return home + "/.cache"
        case "BASH_VERSION": return "5.2.21(1)-release"
        case "OPTIND": return "1"
        case "LINENO", "SHLVL": return "1"
        case "UID", "EUID": return user == "root" ? "0" : "1000"
        default: return nil
        }
    }
}
