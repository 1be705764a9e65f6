// SPDX-License-Identifier: Apache-2.0
@testable import WritDaemon

/// A machine's processes as a table: number, parent, session, terminal (0 for none), start, name and what else is
/// special about them.
struct ProcessTable: ProcessView {
    struct Row: Sendable {
        var facts: ProcessFacts
        var details: ProcessDetails
        var isElsewhere = false
    }

    private(set) var rows: [Int32: Row] = [:]
    /// Who holds which terminal.
    var held: [UInt64: [Int32]] = [:]

    /// Adds or replaces a process. `terminal` is the number of a pseudo-terminal.
    mutating func add(
        _ number: Int32, _ parent: Int32, session: Int32? = nil, terminal: UInt64? = nil, start: UInt64, _ name: String,
        _ arguments: [String] = [], user: UInt32 = 1000, isSystem: Bool = true, isSeen: Bool = true, group: String = "",
        isTraced: Bool = false, isElsewhere: Bool = false, foreground: Int32? = nil
    ) {
        rows[number] = Row(
            facts: ProcessFacts(
                identity: .init(number: number, start: start), parent: parent, group: number,
                session: session ?? number, terminal: terminal.map { 136 << 8 | $0 } ?? 0,
                foreground: foreground ?? number),
            details: ProcessDetails(
                user: user, effectiveUser: user, isTraced: isTraced, name: name,
                program: isSeen ? (isSystem ? "/usr/bin/\(name)" : "/home/dev/bin/\(name)") : "",
                isSystemProgram: isSystem && isSeen, arguments: [name] + arguments, group: group),
            isElsewhere: isElsewhere)
    }

    mutating func hold(_ terminal: UInt64, _ holders: Int32...) { held[136 << 8 | terminal] = holders }

    func facts(_ number: Int32) -> ProcessFacts? { rows[number]?.facts }
    func details(_ number: Int32) -> ProcessDetails? { rows[number]?.details }
    func holders(ofTerminal terminal: UInt64) -> [Int32] { held[terminal] ?? [] }
    func sharesNamespaces(_ number: Int32) -> Bool { rows[number]?.isElsewhere == false }

    /// A desktop: a terminal from before the agent with two tabs; in the first, `claude` (40) runs with a hook (90); the
    /// second (50) was opened after the agent began. First agent: at 100.
    static var desktop: ProcessTable {
        var table = ProcessTable()
        table.add(1, 0, session: 1, start: 0, "systemd", user: 0)
        table.add(2, 1, start: 10, "systemd", ["--user"])
        table.add(20, 2, start: 50, "gnome-terminal-server", group: "/app/gnome-terminal-server.service")
        table.add(30, 20, terminal: 1, start: 60, "bash", group: "/app/vte-spawn-1.scope")
        table.add(40, 30, session: 30, terminal: 1, start: 100, "node", ["claude"], group: "/app/vte-spawn-1.scope")
        table.add(80, 40, session: 30, terminal: 1, start: 140, "sh", ["-c", "writ-hook claude-code"])
        table.add(90, 80, session: 30, terminal: 1, start: 141, "writ-hook")
        table.add(50, 20, terminal: 2, start: 200, "bash", group: "/app/vte-spawn-2.scope")
        table.hold(1, 20)
        table.hold(2, 20)
        return table
    }

    /// What the desktop's hook tells.
    static var desktopAgents: AgentProcesses {
        var agents = AgentProcesses()
        _ = agents.note(hook: 90, in: desktop)
        return agents
    }
}
