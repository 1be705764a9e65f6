// SPDX-License-Identifier: Apache-2.0

import WritCore

/// Where an agent's hooks are written down, and which of them Writ wants: what an installer must know, as data.
///
/// The shape is the one Claude Code brought up: `hooks`, then the event, then groups with a matcher, then handlers.
public struct HookLayout: Sendable, Hashable {
    /// One event that Writ registers for.
    public struct Event: Sendable, Hashable {
        public var name: String
        /// Groups of this event take a `matcher`; elsewhere the agent ignores one.
        public var hasMatcher: Bool
        /// Seconds until the agent gives up on the hook. The hook's own deadline is far below.
        public var timeout: Int

        /// Creates an event.
        public init(_ name: String, hasMatcher: Bool, timeout: Int) {
            self.name = name
            self.hasMatcher = hasMatcher
            self.timeout = timeout
        }
    }

    /// The adapter's kind; the hook's first argument.
    public var agent: String
    /// Below the person's home.
    public var userFile: String
    /// Below the project's folder.
    public var projectFile: String
    /// Absolute.
    public var managedFile: String
    public var events: [Event]

    /// Creates a layout.
    public init(agent: String, userFile: String, projectFile: String, managedFile: String, events: [Event]) {
        self.agent = agent
        self.userFile = userFile
        self.projectFile = projectFile
        self.managedFile = managedFile
        self.events = events
    }

    /// The layout of an agent; nil when Writ cannot install itself there.
    public static func of(_ agent: String) -> HookLayout? {
        agent == claudeCode.agent ? claudeCode : nil
    }

    /// Claude Code's settings files.
    public static let claudeCode = HookLayout(
        agent: "claude-code", userFile: ".claude/settings.json", projectFile: ".claude/settings.json",
        managedFile: "/etc/claude-code/managed-settings.json",
        events: ClaudeCode.eventTable.filter(\.isInstalled).map { row in
            // The hook answers after 8.25 seconds at the latest, and the end of a session after 1.25: the agent gives
            // all hooks 1.5 seconds there.
            Event(
                row.event, hasMatcher: !["UserPromptSubmit", "Stop"].contains(row.event),
                timeout: row.event == "SessionEnd" ? 2 : 20)
        })
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
