// SPDX-License-Identifier: Apache-2.0

import WritCore

/// Where an agent's hooks are written down, and which of them Writ wants: what an installer must know, as data.
public struct HookLayout: Sendable, Hashable {
    /// One event that Writ registers for.
    public struct Event: Sendable, Hashable {
        public var name: String
        /// Entries of this event take a `matcher`; elsewhere the agent ignores one.
        public var hasMatcher: Bool
        /// Seconds until the agent gives up on the hook. The hook's own deadline is far below.
        public var timeout: Int
        /// A refusal of this event stops something, so a dead hook should block where the agent lets one choose.
        public var canBlock: Bool

        /// Creates an event.
        public init(_ name: String, hasMatcher: Bool, timeout: Int = 20, canBlock: Bool = false) {
            self.name = name
            self.hasMatcher = hasMatcher
            self.timeout = timeout
            self.canBlock = canBlock
        }
    }

    /// A file of a level, with the way hooks stand in it.
    public struct Place: Sendable, Hashable {
        /// Below the home or the project's folder; absolute for the machine.
        public var path: String
        public var form: Form

        /// Creates a place.
        public init(_ path: String, _ form: Form) {
            self.path = path
            self.form = form
        }
    }

    /// How hooks are written in a file.
    public enum Form: Sendable, Hashable {
        /// JSON: `hooks`, the event, groups with a matcher, handlers.
        case groups(Handler)
        /// JSON: `hooks`, the event, handlers.
        case handlers(Handler)
        /// TOML: an array of tables for each event, at the end of the file.
        case toml
        /// A file of Writ's own.
        case own(Text)
    }

    /// How one handler is spelled in JSON.
    public enum Handler: Sendable, Hashable {
        /// `command` and `args`, no shell.
        case program
        /// `command` as a line for a shell, seconds.
        case line
        /// The same with a name, milliseconds.
        case named
        /// `command`, seconds, `failClosed`.
        case failClosed
        /// `bash` with the event's name, `timeoutSec`. Copilot CLI knows `exec` with `args` too, but not in every version:
        /// 1.0.36 takes a file that holds one for invalid, and starts no hook of it.
        case bash
        /// `command` and `show_output`.
        case shown
        /// `command` as a line for a shell, seconds, `on_failure`.
        case onFailure
    }

    /// What stands in a file of Writ's own.
    public enum Text: Sendable, Hashable {
        /// Kiro's list of hooks.
        case kiroHooks
        /// The description of Goose's plugin.
        case goosePlugin
        /// A script for this event.
        case script(event: String)
        /// A plugin in TypeScript, by the name of the resource.
        case plugin(String)
    }

    /// The adapter's kind; the hook's first argument.
    public var agent: String
    /// Empty where the agent has no such level.
    public var user: [Place]
    public var project: [Place]
    public var managed: [Place]
    public var events: [Event]
    /// What a person must do or know after an installation, one sentence each.
    public var notes: [String]

    /// Creates a layout.
    public init(
        _ agent: String, user: [Place], project: [Place], managed: [Place] = [], events: [Event], notes: [String] = []
    ) {
        self.agent = agent
        self.user = user
        self.project = project
        self.managed = managed
        self.events = events
        self.notes = notes
    }

    /// The layout of an agent; nil when Writ cannot install itself there.
    public static func of(_ agent: String) -> HookLayout? {
        all.first { $0.agent == agent }
    }

    /// Every agent that Writ can install itself for.
    public static let all: [HookLayout] = [
        claudeCode, cursor, codex, geminiCLI, copilotCLI, vscode, windsurf, kiro, opencode, qwenCode, cline, amp,
        factoryDroid, goose,
    ]

    private static func events(
        _ table: AgentTable, matchers: (EventCapability) -> Bool = { _ in false },
        timeout: (EventCapability) -> Int = { _ in 20 }
    ) -> [Event] {
        table.events.filter(\.isInstalled).map {
            Event($0.event, hasMatcher: matchers($0), timeout: timeout($0), canBlock: $0.canBlock)
        }
    }

    private static func isAboutTool(_ row: EventCapability) -> Bool {
        [.beforeTool, .afterTool, .permissionRequest].contains(row.canonical)
    }

    /// Claude Code's settings files.
    public static let claudeCode = HookLayout(
        "claude-code", user: [Place(".claude/settings.json", .groups(.program))],
        project: [Place(".claude/settings.json", .groups(.program))],
        managed: [Place("/etc/claude-code/managed-settings.json", .groups(.program))],
        events: events(
            ClaudeCode.table, matchers: { !["UserPromptSubmit", "Stop"].contains($0.event) },
            // The hook answers after 8.25 seconds at the latest, and the end of a session after 1.25: the agent gives
            // all hooks 1.5 seconds there.
            timeout: { $0.event == "SessionEnd" ? 2 : 20 }))

    static let cursor = HookLayout(
        "cursor", user: [Place(".cursor/hooks.json", .handlers(.failClosed))],
        project: [Place(".cursor/hooks.json", .handlers(.failClosed))],
        managed: [Place("/etc/cursor/hooks.json", .handlers(.failClosed))], events: events(Cursor.table))

    static let codex = HookLayout(
        "codex", user: [Place(".codex/hooks.json", .groups(.line))],
        project: [Place(".codex/hooks.json", .groups(.line))], managed: [Place("/etc/codex/requirements.toml", .toml)],
        // Codex cuts a longer time at the end of a session down to 3 seconds, with a warning at every start.
        events: events(Codex.table, matchers: isAboutTool, timeout: { $0.event == "SessionEnd" ? 3 : 20 }),
        notes: ["Codex skips a hook until a person has reviewed it: start codex, and trust the entries under /hooks."])

    static let geminiCLI = HookLayout(
        "gemini-cli", user: [Place(".gemini/settings.json", .groups(.named))],
        project: [Place(".gemini/settings.json", .groups(.named))],
        managed: [Place("/etc/gemini-cli/settings.json", .groups(.named))],
        events: events(GeminiCLI.table, matchers: isAboutTool))

    static let copilotCLI = HookLayout(
        "copilot-cli", user: [Place(".copilot/hooks/writ.json", .handlers(.bash))],
        project: [Place(".github/hooks/writ.json", .handlers(.bash))],
        managed: [Place("/etc/github-copilot/policy.d/writ.json", .handlers(.bash))],
        events: events(CopilotCLI.table))

    static let vscode = HookLayout(
        "vscode", user: [Place(".copilot/hooks/writ-vscode.json", .handlers(.line))],
        project: [Place(".github/hooks/writ-vscode.json", .handlers(.line))], events: events(VSCode.table))

    static let windsurf = HookLayout(
        "windsurf", user: [Place(".codeium/windsurf/hooks.json", .handlers(.shown))],
        project: [Place(".windsurf/hooks.json", .handlers(.shown))],
        managed: [Place("/etc/windsurf/hooks.json", .handlers(.shown))], events: events(Windsurf.table))

    static let kiro = HookLayout(
        "kiro", user: [Place(".kiro/hooks/writ.json", .own(.kiroHooks))],
        project: [Place(".kiro/hooks/writ.json", .own(.kiroHooks))], events: events(Kiro.table, matchers: isAboutTool),
        notes: [
            "Agent files of the older command line (`.kiro/agents`) have hooks of their own, which stay as they are."
        ])

    static let opencode = HookLayout(
        "opencode", user: [Place(".config/opencode/plugins/writ.ts", .own(.plugin("agents/opencode.ts")))],
        project: [Place(".opencode/plugins/writ.ts", .own(.plugin("agents/opencode.ts")))],
        events: events(OpenCode.table))

    static let qwenCode = HookLayout(
        "qwen-code", user: [Place(".qwen/settings.json", .groups(.named))],
        project: [Place(".qwen/settings.json", .groups(.named))],
        managed: [Place("/etc/qwen-code/settings.json", .groups(.named))], events: events(QwenCode.table))

    static let cline: HookLayout = {
        let events = HookLayout.events(Cline.table)
        func places(_ folder: String) -> [Place] {
            events.map { Place("\(folder)/\($0.name)", .own(.script(event: $0.name))) }
        }
        return HookLayout(
            "cline", user: places("Documents/Cline/Hooks"), project: places(".clinerules/hooks"), events: events,
            notes: ["Cline's extension runs hooks only when they are turned on in its settings."])
    }()

    static let amp = HookLayout(
        "amp", user: [Place(".config/amp/plugins/writ.ts", .own(.plugin("agents/amp.ts")))],
        project: [Place(".amp/plugins/writ.ts", .own(.plugin("agents/amp.ts")))], events: events(Amp.table),
        notes: ["Start headless runs with `--plugin-ready-timeout 30`, or they can begin without plugins."])

    static let factoryDroid = HookLayout(
        "factory-droid", user: [Place(".factory/hooks.json", .groups(.line))],
        project: [Place(".factory/hooks.json", .groups(.line))],
        events: events(FactoryDroid.table, matchers: isAboutTool))

    static let goose = HookLayout(
        "goose", user: goosePlaces, project: goosePlaces, events: events(Goose.table))

    private static let goosePlaces = [
        Place(".agents/plugins/writ/hooks/hooks.json", .groups(.onFailure)),
        Place(".agents/plugins/writ/plugin.json", .own(.goosePlugin)),
    ]
}

/// Whose settings are edited.
public enum InstallLevel: Sendable, Hashable {
    /// The person's own, below the home.
    case user
    /// Those of the project in this folder, for everybody who works on it.
    case project(directory: String)
    /// Those of the machine, which users cannot override; nil for the agent's usual place.
    case managed(path: String?)
}
