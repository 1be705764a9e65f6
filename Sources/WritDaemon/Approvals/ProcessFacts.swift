// SPDX-License-Identifier: Apache-2.0

/// What the system says about one process, as far as its place among the others goes.
struct ProcessFacts: Sendable, Hashable {
    /// A process for as long as the machine runs: its number alone is given out again.
    struct Identity: Sendable, Hashable {
        var number: Int32
        /// When it started, in the system's ticks since boot.
        var start: UInt64
    }

    var identity: Identity
    /// 0 for a process that was put here from outside this process namespace.
    var parent: Int32
    var group: Int32
    var session: Int32
    /// Device number of the controlling terminal; 0 for none.
    var terminal: UInt64 = 0
    /// The process group that the terminal listens to.
    var foreground: Int32 = -1

    var isSessionLeader: Bool { session == identity.number }
}

/// What takes more looking: only asked for processes that matter.
struct ProcessDetails: Sendable, Hashable {
    /// Real and effective user.
    var user: UInt32
    var effectiveUser: UInt32
    /// Another process follows this one's every step and can change it.
    var isTraced = false
    /// The name that the process gives itself.
    var name: String
    /// The executable's path; empty when it may not be seen.
    var program = ""
    /// The executable belongs to the system and no ordinary user can change it.
    var isSystemProgram = false
    var arguments: [String] = []
    /// The control group; empty when the system has none.
    var group = ""

    /// The base name of the executable, or the process's own name where that may not be seen.
    var programName: String {
        guard let cut = program.lastIndex(of: "/") else { return name }
        return String(program[program.index(after: cut)...])
    }
}

/// Where facts about processes come from: the system, or a table in tests.
protocol ProcessView: Sendable {
    /// The place of a process; nil when it is gone or may not be seen.
    func facts(_ number: Int32) -> ProcessFacts?
    /// The rest; nil when it is gone or may not be seen.
    func details(_ number: Int32) -> ProcessDetails?
    /// The processes that can be seen to hold the other side of a pseudo-terminal.
    func holders(ofTerminal terminal: UInt64) -> [Int32]
    /// The process sees the same processes and files as this one.
    func sharesNamespaces(_ number: Int32) -> Bool
}

/// The kinds of programs that the rules about people's terminals know by name.
enum ProgramKind {
    /// Programs that run a person's commands.
    static let shells: Set<String> = [
        "ash", "bash", "busybox", "csh", "dash", "elvish", "fish", "ion", "ksh", "ksh93", "mksh", "nu", "nushell",
        "oksh",
        "osh", "pwsh", "rbash", "sh", "tcsh", "xonsh", "yash", "ysh", "zsh",
    ]

    /// Programs that do nothing of their own but start another: shells, and those that only set something for it.
    static let starters = shells.union([
        "env", "ionice", "nice", "nohup", "setsid", "stdbuf", "taskset", "time", "timeout",
    ])

    /// Programs that show a terminal to a person and let no other process read or type into it. Editors with a terminal
    /// inside are not among them: their extensions are agents.
    static let terminals: Set<String> = [
        "Terminal", "alacritty", "blackbox", "contour", "deepin-terminal", "foot", "footclient", "ghostty",
        "gnome-console", "gnome-terminal-", "gnome-terminal-server", "guake", "iTerm2", "kgx", "kitty", "konsole",
        "lxterminal", "mate-terminal", "ptyxis", "ptyxis-agent", "qterminal", "rio", "rxvt", "sakura", "st",
        "stterm", "terminator", "terminology", "termit", "tilda", "tilix", "urxvt", "urxvtd", "uxterm",
        "x-terminal-emul",
        "xfce4-terminal", "xterm", "yakuake",
    ]

    /// Programs whose terminals every process of the same user can read and type into.
    static let multiplexers: Set<String> = [
        "SCREEN", "abduco", "byobu", "dtach", "dvtm", "gotty", "mtm", "screen", "tmate", "tmux", "tmux: server", "ttyd",
        "wezterm", "wezterm-gui", "wezterm-mux-server", "zellij",
    ]

    /// Editors with a terminal inside that any process of the same user can drive; they may be agents themselves.
    static let editors: Set<String> = ["emacs", "nvim", "vim"]

    /// Programs that let a person in after asking who it is.
    static let logins: Set<String> = [
        "agetty", "dropbear", "gdm-session-wor", "gdm-session-worker", "getty", "lightdm", "login", "mingetty",
        "sddm-helper",
        "sshd", "sshd-auth", "sshd-session", "systemd-logind", "tailscaled",
    ]

    /// Programs that start others on a person's desktop.
    static let desktops: Set<String> = [
        "Hyprland", "cinnamon", "gnome-session-b", "gnome-session-binary", "gnome-shell", "i3", "kwin_wayland",
        "kwin_x11",
        "launchd", "mutter", "niri", "openbox", "plasmashell", "river", "startplasma-wayland", "sway", "systemd",
        "xfce4-panel",
        "xfce4-session", "xfdesktop", "xinit",
    ]

    /// The shell was started to take a person's commands: no command and no script among its arguments.
    static func isInteractive(_ details: ProcessDetails) -> Bool {
        guard shells.contains(details.programName) else { return false }
        var isOperand = false
        for argument in details.arguments.dropFirst() {
            if isOperand {
                isOperand = false
                continue
            }
            guard argument.hasPrefix("-") || argument.hasPrefix("+") else { return false }
            if argument == "--" { return false }
            if argument.hasPrefix("--") {
                if argument.hasPrefix("--command") { return false }
                isOperand = argument == "--init-file" || argument == "--rcfile"
            } else if argument.dropFirst().contains("c") {
                return false
            }
        }
        return true
    }

    /// What stands between a person and the agents that they start.
    static func isPersonsSide(_ facts: ProcessFacts, _ details: ProcessDetails) -> Bool {
        if facts.isSessionLeader, facts.terminal != 0, isInteractive(details) { return true }
        let name = details.programName
        return terminals.contains(name) || multiplexers.contains(name) || logins.contains(name)
            || desktops.contains(name)
    }

    /// Starts programs for everybody and adopts those whose parents ended.
    static func adopts(_ facts: ProcessFacts, _ details: ProcessDetails) -> Bool {
        facts.identity.number == 1
            || (facts.parent <= 1 && ["systemd", "launchd", "init", "runit", "runsvdir"].contains(details.programName))
    }
}
