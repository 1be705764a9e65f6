// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritDaemon

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// Who is taken for a person, over tables of processes; the asking process is always number 99.
@Suite struct PersonRuleTests {
    struct Case: Sendable {
        let name: String
        let expected: NotAPerson.Kind?
        let world: @Sendable (inout ProcessTable) -> Void

        init(_ name: String, _ expected: NotAPerson.Kind?, _ world: @escaping @Sendable (inout ProcessTable) -> Void) {
            self.name = name
            self.expected = expected
            self.world = world
        }
    }

    static let cases: [Case] = [
        // People.
        Case("another tab, opened after the agent began", nil) {
            $0.add(99, 50, session: 50, terminal: 2, start: 300, "writ")
        },
        Case("the agent's own terminal, once the agent stands in the background", nil) {
            $0.add(99, 30, session: 30, terminal: 1, start: 300, "writ")
        },
        Case("a script of the person's", nil) {
            $0.add(70, 50, session: 50, terminal: 2, start: 290, "bash", ["yes.sh"])
            $0.add(99, 70, session: 50, terminal: 2, start: 300, "writ")
        },
        Case("a terminal program that was started after the agent", nil) {
            $0.add(21, 2, start: 210, "alacritty", group: "/app/app-gnome-Alacritty-21.scope")
            $0.add(51, 21, terminal: 3, start: 220, "zsh")
            $0.hold(3, 21)
            $0.add(99, 51, session: 51, terminal: 3, start: 300, "writ")
        },
        Case("a terminal that was started from a shell", nil) {
            $0.add(21, 50, session: 50, terminal: 2, start: 210, "myterm", isSystem: false)
            $0.add(51, 21, terminal: 3, start: 220, "zsh")
            $0.hold(3, 21)
            $0.add(99, 51, session: 51, terminal: 3, start: 300, "writ")
        },
        Case("a terminal that runs nothing but the command", nil) {
            $0.add(99, 20, terminal: 3, start: 300, "writ")
            $0.hold(3, 20)
        },
        Case("a login over the network after the agent began", nil) {
            $0.add(10, 1, start: 5, "sshd", user: 0)
            $0.add(11, 10, start: 210, "sshd-session", user: 0)
            $0.add(12, 11, session: 11, start: 211, "sshd-session", isSeen: false)
            $0.add(51, 12, terminal: 3, start: 220, "bash")
            $0.add(99, 51, session: 51, terminal: 3, start: 300, "writ")
        },
        Case("a shell that was put into the container from outside", nil) {
            $0.add(51, 0, terminal: 3, start: 220, "bash")
            $0.add(99, 51, session: 51, terminal: 3, start: 300, "writ")
        },
        Case("a shell of su in the person's terminal", nil) {
            $0.add(70, 50, session: 50, terminal: 2, start: 230, "su", user: 0)
            $0.add(71, 70, session: 50, terminal: 2, start: 231, "bash")
            $0.add(99, 71, session: 50, terminal: 2, start: 300, "writ")
        },
        // Agents.
        Case("the agent's shell tool", .agent) {
            $0.add(70, 40, session: 30, terminal: 1, start: 290, "bash", ["-c", "writ approve x"])
            $0.add(99, 70, session: 30, terminal: 1, start: 300, "writ")
        },
        Case("setsid", .agent) {
            $0.add(70, 40, session: 30, terminal: 1, start: 290, "setsid")
            $0.add(99, 70, start: 300, "writ")
        },
        Case("setsid, and the parent has ended", .orphan) { $0.add(99, 2, start: 300, "writ") },
        Case("nohup, and the parent has ended", .orphan) {
            $0.add(99, 2, session: 30, terminal: 1, start: 300, "writ")
        },
        Case("forked twice, adopted by process 1", .orphan) {
            $0.add(99, 1, session: 30, terminal: 1, start: 300, "writ")
        },
        Case("forked twice, adopted by a supervisor from before the agent", .orphan) {
            $0.add(3, 1, session: 3, start: 2, "supervisor")
            $0.add(99, 3, session: 99, terminal: 5, start: 300, "writ")
        },
        Case("forked twice with a terminal of its own, adopted by a supervisor", .orphan) {
            $0.add(3, 1, session: 3, start: 2, "supervisor")
            $0.add(70, 3, session: 70, start: 290, "python3")
            $0.add(99, 70, terminal: 5, start: 300, "writ")
            $0.hold(5, 70)
        },
        Case("script", .agent) {
            $0.add(70, 40, session: 30, terminal: 1, start: 290, "script")
            $0.add(99, 70, terminal: 5, start: 300, "writ")
            $0.hold(5, 70)
        },
        Case("script, and its parent has ended", .orphan) {
            $0.add(70, 2, session: 30, terminal: 1, start: 290, "script")
            $0.add(99, 70, terminal: 5, start: 300, "writ")
            $0.hold(5, 70)
        },
        Case("a pseudo-terminal of a program", .agent) {
            $0.add(70, 40, session: 30, terminal: 1, start: 290, "python3")
            $0.add(99, 70, terminal: 5, start: 300, "writ")
            $0.hold(5, 70)
        },
        Case("at", .orphan) {
            $0.add(10, 1, start: 5, "atd", user: 0)
            $0.add(70, 10, start: 290, "sh")
            $0.add(99, 70, session: 70, start: 300, "writ")
        },
        Case("at with script", .orphan) {
            $0.add(10, 1, start: 5, "atd", user: 0)
            $0.add(70, 10, start: 290, "sh")
            $0.add(71, 70, session: 70, start: 291, "script")
            $0.add(99, 71, terminal: 5, start: 300, "writ")
            $0.hold(5, 71)
        },
        Case("cron", .orphan) {
            $0.add(10, 1, start: 5, "cron", user: 0)
            $0.add(11, 10, start: 289, "cron", user: 0)
            $0.add(70, 11, start: 290, "sh")
            $0.add(99, 70, session: 70, start: 300, "writ")
        },
        Case("systemd-run --user", .orphan) { $0.add(99, 2, start: 300, "writ", group: "/app/run-u1.service") },
        Case("systemd-run --user --pty", .orphan) {
            $0.add(70, 40, session: 30, terminal: 1, start: 290, "systemd-run")
            $0.add(99, 2, terminal: 5, start: 300, "writ", group: "/app/run-u1.service")
            $0.hold(5, 70)
        },
        Case("systemd-run --user with a terminal program", .orphan) {
            $0.add(70, 2, start: 290, "xterm", group: "/app/run-r7.service")
            $0.add(99, 70, terminal: 5, start: 300, "writ")
            $0.hold(5, 70)
        },
        Case("a terminal program forked twice beside the agent", .orphan) {
            $0.add(70, 2, start: 290, "xterm", group: "/app/vte-spawn-1.scope")
            $0.add(99, 70, terminal: 5, start: 300, "writ")
            $0.hold(5, 70)
        },
        Case("a program of the user's own that calls itself a terminal", .orphan) {
            $0.add(70, 2, start: 290, "xterm", isSystem: false, group: "/app/app-xterm-70.scope")
            $0.add(99, 70, terminal: 5, start: 300, "writ")
            $0.hold(5, 70)
        },
        Case("a program of the user's own that calls itself a login", .orphan) {
            $0.add(70, 2, start: 290, "sshd-session", isSeen: false)
            $0.add(99, 70, terminal: 5, start: 300, "writ")
        },
        Case("sudo", .stranger) {
            $0.add(70, 40, session: 30, terminal: 1, start: 290, "sudo", user: 0)
            $0.add(99, 70, session: 30, terminal: 1, start: 300, "writ", user: 0)
        },
        Case("sudo back to the user", .agent) {
            $0.add(70, 40, session: 30, terminal: 1, start: 290, "sudo", user: 0)
            $0.add(99, 70, session: 30, terminal: 1, start: 300, "writ")
        },
        Case("the terminal of an editor that is the agent", .agent) {
            $0.add(21, 2, start: 110, "cursor")
            $0.add(88, 21, start: 150, "sh", ["-c", "writ-hook cursor"])
            $0.add(91, 88, session: 88, start: 151, "writ-hook")
            $0.add(51, 21, terminal: 3, start: 220, "bash")
            $0.hold(3, 21)
            $0.add(99, 51, session: 51, terminal: 3, start: 300, "writ")
        },
        // Terminals.
        Case("a terminal of tmux from before the agent", .multiplexer) {
            $0.add(21, 2, start: 55, "tmux")
            $0.add(51, 21, terminal: 3, start: 70, "bash")
            $0.hold(3, 21)
            $0.add(99, 51, session: 51, terminal: 3, start: 300, "writ")
        },
        Case("a terminal of a screen that runs with more rights", .multiplexer) {
            $0.add(21, 2, start: 55, "SCREEN", user: 0, isSeen: false)
            $0.add(51, 21, terminal: 3, start: 70, "bash")
            $0.add(99, 51, session: 51, terminal: 3, start: 300, "writ")
        },
        Case("a terminal of an editor that others can drive", .multiplexer) {
            $0.add(21, 50, session: 50, terminal: 2, start: 210, "emacs")
            $0.add(51, 21, terminal: 3, start: 220, "bash")
            $0.hold(3, 21)
            $0.add(99, 51, session: 51, terminal: 3, start: 300, "writ")
        },
        Case("a terminal that another program holds too", .holder) {
            $0.add(99, 50, session: 50, terminal: 2, start: 300, "writ")
            $0.hold(2, 20, 40)
        },
        Case("a terminal that nobody can be seen to hold", .holder) {
            $0.add(99, 50, session: 50, terminal: 2, start: 300, "writ")
            $0.held = [:]
            $0.add(50, 20, terminal: 2, start: 90, "bash")
        },
        Case("no terminal", .noTerminal) { $0.add(99, 50, session: 50, start: 300, "writ") },
        Case("the background of the person's terminal", .background) {
            $0.add(99, 50, session: 50, terminal: 2, start: 300, "writ", foreground: 50)
        },
        Case("a session whose leader is not above", .leader) {
            $0.add(70, 20, session: 50, terminal: 2, start: 95, "bash")
            $0.add(99, 70, session: 50, terminal: 2, start: 300, "writ")
        },
        // The process itself.
        Case("a process that has ended", .gone) { $0.add(98, 50, start: 300, "writ") },
        Case("another user's process", .stranger) {
            $0.add(99, 50, session: 50, terminal: 2, start: 300, "writ", user: 1001)
        },
        Case("another program", .stranger) { $0.add(99, 50, session: 50, terminal: 2, start: 300, "curl") },
        Case("a container's process", .namespace) {
            $0.add(99, 50, session: 50, terminal: 2, start: 300, "writ", isElsewhere: true)
        },
        Case("a process under a debugger", .traced) {
            $0.add(99, 50, session: 50, terminal: 2, start: 300, "writ", isTraced: true)
        },
        Case("a parent's number that was given out again", .orphan) {
            $0.add(70, 50, session: 50, terminal: 2, start: 400, "bash")
            $0.add(99, 70, session: 50, terminal: 2, start: 300, "writ")
        },
        Case("a circle of parents", .orphan) {
            $0.add(70, 99, session: 50, terminal: 2, start: 300, "bash")
            $0.add(99, 70, session: 50, terminal: 2, start: 300, "writ")
        },
    ]

    @Test func `a person is whom no agent can have started, at a terminal that no agent has opened`() {
        for item in Self.cases {
            var world = ProcessTable.desktop
            item.world(&world)
            var agents = ProcessTable.desktopAgents
            if world.facts(91) != nil { _ = agents.note(hook: 91, in: world) }
            let found = refusal(world, agents)
            #expect(found?.kind == item.expected, "\(item.name): \(found?.message ?? "a person")")
        }
    }

    @Test func `nobody is a person when agents cannot be told apart or the past is unknown`() {
        var world = ProcessTable.desktop
        world.add(99, 50, session: 50, terminal: 2, start: 300, "writ")
        #expect(refusal(world, .ofUnknownPast)?.kind == nil)
        // Without the desktop's terminal nothing proves a beginning.
        world.add(20, 2, start: 50, "myterm", isSystem: false)
        #expect(refusal(world, .ofUnknownPast)?.kind == .orphan)
        #expect(refusal(world, AgentProcesses()) == nil)
    }

    @Test func `to refuse, no terminal is needed, but a person`() {
        var world = ProcessTable.desktop
        world.add(99, 50, session: 50, start: 300, "writ")
        #expect(refusal(world, ProcessTable.desktopAgents, needsTerminal: false) == nil)
        world.add(99, 40, session: 30, start: 300, "writ")
        #expect(refusal(world, ProcessTable.desktopAgents, needsTerminal: false)?.kind == .agent)
    }

    private func refusal(
        _ world: ProcessTable, _ agents: AgentProcesses, needsTerminal: Bool = true
    ) -> NotAPerson? {
        let rule = PersonRule(view: world, agents: agents, user: 1000, program: "/usr/bin/writ")
        do throws(NotAPerson) {
            _ = try rule.check(99, needsTerminal: needsTerminal)
            return nil
        } catch {
            return error
        }
    }
}

/// Which processes a hook gives away as its agent's.
@Suite struct AgentProcessesTests {
    struct Case: Sendable {
        let name: String
        let agents: Set<Int32>
        let world: @Sendable (inout ProcessTable) -> Void

        init(_ name: String, _ agents: Set<Int32>, _ world: @escaping @Sendable (inout ProcessTable) -> Void) {
            self.name = name
            self.agents = agents
            self.world = world
        }
    }

    static let cases: [Case] = [
        Case("an agent in a shell of a terminal", [80, 40]) { _ in },
        Case("an agent that a terminal starts by itself", [80, 40]) {
            $0.add(40, 20, terminal: 1, start: 100, "node")
        },
        Case("an agent in a session of its own", [80, 40, 41]) {
            $0.add(41, 30, session: 30, terminal: 1, start: 90, "claude")
            $0.add(40, 41, start: 100, "node")
        },
        Case("an agent that a script starts", [80, 40, 39]) {
            $0.add(39, 30, session: 30, terminal: 1, start: 90, "bash", ["start.sh"])
            $0.add(40, 39, session: 30, terminal: 1, start: 100, "node")
        },
        Case("an agent below a shell that runs one command in a terminal", [80, 40, 30]) {
            $0.add(30, 20, terminal: 1, start: 60, "bash", ["-c", "claude"])
        },
        Case("an editor on a desktop", [80, 40, 39]) {
            $0.add(39, 2, start: 90, "cursor")
            $0.add(40, 39, session: 39, start: 100, "cursor")
        },
        Case("an agent without a terminal, below a supervisor", [80, 40, 39]) {
            $0.add(39, 1, start: 90, "supervisor")
            $0.add(40, 39, session: 39, start: 100, "node")
        },
        Case("an agent in tmux", [80, 40]) {
            $0.add(30, 20, terminal: 1, start: 60, "node")
            $0.add(20, 2, start: 50, "tmux")
            $0.add(40, 20, terminal: 1, start: 100, "node")
        },
        Case("a hook that a person tries by hand", []) {
            $0.add(90, 30, session: 30, terminal: 1, start: 141, "writ-hook")
        },
        Case("a shell of an editor that loads a file first", [80, 40]) {
            $0.add(30, 20, terminal: 1, start: 60, "bash", ["--init-file", "/usr/share/editor/bash.sh"])
        },
    ]

    @Test func `a hook's ancestors up to a person's side are its agent's`() {
        for item in Self.cases {
            var world = ProcessTable.desktop
            item.world(&world)
            var agents = AgentProcesses()
            let hasLearnt = agents.note(hook: 90, in: world)
            #expect(hasLearnt == !item.agents.isEmpty, "\(item.name)")
            #expect(Set(agents.known.map(\.number)) == item.agents, "\(item.name)")
            #expect(agents.firstStart == agents.known.map(\.start).min(), "\(item.name)")
            // Once known, nothing is learnt anew, and nothing is lost on the way through the file.
            let learnsAgain = agents.note(hook: 90, in: world)
            #expect(!learnsAgain, "\(item.name)")
            #expect(AgentProcesses(agents.json)?.known == agents.known, "\(item.name)")
            #expect(AgentProcesses(agents.json)?.firstStart == agents.firstStart, "\(item.name)")
        }
    }

    @Test func `a wrapper around each hook of a known agent is not kept`() {
        var agents = ProcessTable.desktopAgents
        for number in 200..<300 as Range<Int32> {
            var world = ProcessTable.desktop
            world.add(number, 40, session: 30, terminal: 1, start: 400, "sh", ["-c", "writ-hook claude-code || true"])
            world.add(90, number, session: 30, terminal: 1, start: 401, "writ-hook")
            let hasLearnt = agents.note(hook: 90, in: world)
            #expect(!hasLearnt)
        }
        #expect(Set(agents.known.map(\.number)) == [80, 40])
    }

    @Test func `what ended gives room, and the first beginning stays`() {
        var agents = AgentProcesses()
        for round in 0..<5_000 as Range<Int32> {
            var world = ProcessTable()
            world.add(1, 0, session: 1, start: 0, "systemd", user: 0)
            world.add(100 + round, 1, start: UInt64(1_000 + round), "agent")
            world.add(50_000, 100 + round, start: 90_000, "writ-hook")
            _ = agents.note(hook: 50_000, in: world)
        }
        #expect(!agents.isOverfull)
        #expect(agents.known.count <= AgentProcesses.maximumCount)
        #expect(agents.firstStart == 1_000)
    }

    @Test func `a damaged record is none`() {
        let good = ProcessTable.desktopAgents.json
        #expect(AgentProcesses(good) != nil)
        for json: JSON in [
            [], [:], ["known": [], "groups": []], ["known": [[1]], "groups": [], "overfull": false],
            ["known": [[1, 2]], "groups": [], "overfull": false], ["known": [["1", 2]], "groups": [], "overfull": false],
        ] {
            #expect(AgentProcesses(json) == nil, "\(json.text)")
        }
    }
}

#if os(Linux)
@Suite struct SystemProcessesTests {
    @Test func `a name with spaces and parentheses steers nothing`() {
        let line = "4711 (a) 1 1 1 (x) S 12 4711 99 34818 4711 4194304 1 2 3 4 5 6 7 8 20 0 1 0 1208464 3133440 390"
        #expect(
            SystemProcesses.facts(4711, Array(line.utf8))
                == ProcessFacts(
                    identity: .init(number: 4711, start: 1_208_464), parent: 12, group: 4711, session: 99,
                    terminal: 34_818, foreground: 4711))
        for damaged in ["", "1", "1 (a", "1 (a)", "1 (a) S", "1 (a) S x 1 1 1 1", "1 (a) S 1 1 1 1 1 0 0"] {
            #expect(SystemProcesses.facts(1, Array(damaged.utf8)) == nil, "\(damaged)")
        }
    }

    @Test func `devices have the paths of terminals`() {
        let paths = [34_816, 34_818, 0x8801, 0x0401, 0x0440, 0x0500, 0].map { SystemProcesses.path(ofTerminal: $0) }
        #expect(
            paths == ["/dev/pts/0", "/dev/pts/2", "/dev/pts/1", "/dev/tty1", "/dev/ttyS0", nil, nil])
    }

    @Test func `this process is seen with its parent, user and program`() throws {
        let view = SystemProcesses()
        let facts = try #require(view.facts(getpid()))
        #expect((facts.parent, facts.session) == (getppid(), getsid(0)))
        let details = try #require(view.details(getpid()))
        #expect((details.user, details.effectiveUser) == (getuid(), geteuid()))
        #expect(!details.isTraced && !details.program.isEmpty && !details.arguments.isEmpty)
        #expect(view.sharesNamespaces(getpid()))
        #expect(view.facts(-1) == nil && view.details(0) == nil)
    }

    @Test func `the holder of a pseudo-terminal is found`() throws {
        var leader: Int32 = -1
        var terminal: Int32 = -1
        try #require(openpty(&leader, &terminal, nil, nil, nil) == 0)
        defer {
            close(leader)
            close(terminal)
        }
        var facts = stat()
        try #require(fstat(terminal, &facts) == 0)
        #expect(SystemProcesses().holders(ofTerminal: UInt64(facts.st_rdev)) == [getpid()])
    }
}
#endif
