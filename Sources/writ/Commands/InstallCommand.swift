// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritAgents
import WritCore
import WritWire

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

struct Install: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put Writ between an agent and its tools.",
        discussion: """
            Adds Writ's hook to the agent's settings. Everything else in the file stays as it is, comments included, and \
            the command can be run again at any time; `writ uninstall` takes the hook out again.

            Examples:
              writ install claude-code
              writ install claude-code --project --dry-run
            """)

    @OptionGroup var options: InstallOptions

    func validate() throws {
        guard !options.agent.isEmpty else { throw ValidationError("name an agent; `writ agents` lists them") }
    }

    func run() throws {
        try options.run(verb: "install") { installer, level, isDryRun in
            try isDryRun ? installer.planInstall(level) : installer.install(level)
        }
    }
}

struct Uninstall: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take Writ's hook out of an agent's settings.",
        discussion: """
            A file that nobody has edited since the installation is put back byte by byte; of any other, only Writ's own \
            entries are taken out. Policies and ledger stay.

            `--all` does this for every agent, in your own settings, the machine's, and those of all projects that Writ \
            was installed for.
            """)

    @OptionGroup var options: InstallOptions

    @Flag(help: "Every agent, at every level and in every project that Writ was installed for.")
    var all = false

    func validate() throws {
        guard all == options.agent.isEmpty else {
            throw ValidationError(all ? "give an agent or --all" : "name an agent, or give --all")
        }
        guard !all || !(options.user || options.project || options.managed) else {
            throw ValidationError("--all takes no level")
        }
    }

    func run() throws {
        guard !all else { return try options.uninstallAll() }
        try options.run(verb: "uninstall") { installer, level, isDryRun in
            try isDryRun ? installer.planUninstall(level) : installer.uninstall(level)
        }
    }
}

/// What both commands take and print.
struct InstallOptions: ParsableArguments {
    @Argument(help: "The agent; `writ agents` lists them.", completion: Offer.agents)
    var agent: String = ""

    @Flag(help: "Your own settings, for all projects. The default.")
    var user = false

    @Flag(help: "The settings of one project, for everybody who works on it.")
    var project = false

    @Flag(help: "The settings of this machine, which users cannot override.")
    var managed = false

    @Option(
        help: ArgumentHelp("The project's folder, with --project. Default: the current one.", valueName: "folder"),
        completion: .directory)
    var directory: String?

    @Option(
        help: ArgumentHelp(
            "The home that the hook obeys. Default: yours, as the system's user database has it: an agent's settings "
                + "can set environment variables.", valueName: "folder"),
        completion: .directory)
    var home: String?

    @Flag(help: "Say what would be done, and do nothing.")
    var dryRun = false

    @Flag(help: "Print nothing but errors.")
    var quiet = false

    @Flag(help: "Print what was done as JSON.")
    var json = false

    func validate() throws {
        guard [user, project, managed].count(where: { $0 }) <= 1 else {
            throw ValidationError("give only one of --user, --project and --managed")
        }
        guard directory == nil || project else { throw ValidationError("--directory goes with --project") }
    }

    func run(
        verb: String,
        _ act: (_ installer: Installer, _ level: InstallLevel, _ isDryRun: Bool) throws -> InstallReport
    ) throws {
        guard let layout = HookLayout.of(agent) else {
            let known = HookLayout.all.map(\.agent).joined(separator: ", ")
            throw ValidationError("Writ cannot \(verb) itself for `\(agent)`; it knows \(known)")
        }
        let home = try pinnedHome()
        do {
            let installer = try Installer(layout, hook: try hookPath(isNeeded: verb == "install"), home: home)
            report(try act(installer, try level(), dryRun), verb: verb, home: home)
        } catch let fault as SettingsFault {
            Terminal.error(Terminal.harmless(fault.description), hint: fault.hint.isEmpty ? nil : fault.hint)
            throw ExitCode(2)
        }
    }

    /// Takes Writ out everywhere; a file that cannot be edited keeps no other from being put back.
    func uninstallAll() throws {
        let home = try pinnedHome()
        var files: [InstallPlan] = []
        var faults: [SettingsFault] = []
        for layout in HookLayout.all {
            for level in UninstallAll.levels(of: layout, home: home) {
                do throws(SettingsFault) {
                    let hook = ProgramPath.sibling("writ-hook") ?? "/writ-hook"
                    let installer = try Installer(layout, hook: hook, home: home)
                    let plan = try installer.planUninstall(level)
                    guard !plan.isNoop else { continue }
                    files += dryRun ? plan.files : try installer.uninstall(level).files
                } catch {
                    // What cannot be read, and never was Writ's, is nobody's business here.
                    if UninstallAll.isForeign(error.file, layout.agent, home) { continue }
                    faults.append(error)
                }
            }
        }
        report(InstallReport(files: files.filter { !$0.isNoop }), verb: "uninstall", home: home)
        if files.isEmpty, faults.isEmpty, !quiet, !json { Terminal.line("nothing of Writ's is installed") }
        for fault in faults { Terminal.error(Terminal.harmless(fault.description)) }
        if !faults.isEmpty { throw ExitCode(2) }
    }

    /// Beside this program, where every build and package puts it.
    private func hookPath(isNeeded: Bool) throws -> String {
        guard let path = ProgramPath.sibling("writ-hook") else {
            throw CommandFault("cannot tell where this program lies")
        }
        guard !isNeeded || access(path, X_OK) == 0 else {
            throw CommandFault(
                "the hook is missing: `\(path)` cannot be run", hint: "build or install `writ-hook` beside `writ` first"
            )
        }
        return path
    }

    private func pinnedHome() throws -> WritHome {
        do {
            if let home { return try WritHome(absolute(home)) }
            guard let entry = getpwuid(geteuid()), let directory = entry.pointee.pw_dir else {
                throw ValidationError("the system knows no home for this user; name one with --home")
            }
            let home = try WritHome(String(cString: directory))
            for name in ["WRIT_HOME", "HOME"] {
                guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { continue }
                if PathText.absolute(value, in: "/", home: "/") != home.home {
                    Terminal.error(
                        "\(name) names another home than \(home.home), and is not obeyed here",
                        hint: "name the home with --home if you mean that one")
                }
            }
            return home
        } catch let fault as HomeFault {
            throw ValidationError(fault.description)
        }
    }

    private func level() throws -> InstallLevel {
        if managed { return .managed(path: nil) }
        guard project else { return .user }
        let folder = try absolute(directory ?? ".")
        var facts = stat()
        guard stat(folder, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR else {
            throw ValidationError("`\(folder)` is no folder; name the project's folder with --directory")
        }
        return .project(directory: folder)
    }

    private func absolute(_ path: String) throws -> String {
        if path.hasPrefix("/") { return PathText.absolute(path, in: "/", home: "/") }
        guard let current = getcwd(nil, 0) else { throw CommandFault("the current folder is gone") }
        defer { free(current) }
        // A shell has expanded `~` already; one that is still there is a name.
        return PathText.absolute("./" + path, in: String(cString: current), home: "/")
    }

    private func report(_ report: InstallReport, verb: String, home: WritHome) {
        if json {
            Terminal.line(summary(report, verb: verb, home: home).text)
            return
        }
        guard !quiet else { return }
        for plan in report.files { self.report(plan, verb: verb) }
        guard !dryRun else { return }
        if verb == "install" {
            for advice in report.advice { Terminal.line(Terminal.styled(advice, .yellow)) }
            Terminal.line("Policies, ledger and socket: \(Terminal.harmless(home.home))")
            Terminal.line("Next: start a new \(agent) session, then see what it does with `writ log --follow`.")
        } else if !report.isNoop {
            Terminal.line(
                "Sessions that run now may keep the hook until they end. Policies and ledger are still there.")
        }
    }

    private func report(_ plan: InstallPlan, verb: String) {
        let file = Terminal.harmless(plan.file)
        for note in plan.notes { Terminal.error(note) }
        if plan.isNoop {
            Terminal.line(verb == "install" ? "already installed in \(file)" : "nothing of Writ's is in \(file)")
        } else {
            Terminal.line("\(dryRun ? "would change" : plan.removesFile ? "removed" : "changed") \(file)")
            if plan.target != plan.file { Terminal.line("  which is a link to \(Terminal.harmless(plan.target))") }
            for change in plan.changes { Terminal.line("  \(mark(change.action)) \(Terminal.harmless(change.event))") }
        }
    }

    private func mark(_ action: InstallPlan.Change.Action) -> String {
        switch action {
        case .added: Terminal.styled("+", .green)
        case .updated: Terminal.styled("~", .yellow)
        case .removed: Terminal.styled("-", .red)
        }
    }

    private func summary(_ report: InstallReport, verb: String, home: WritHome) -> JSON {
        let first = report.files.first
        return [
            "action": .string(verb), "agent": .string(agent), "file": .string(first?.file ?? ""),
            "target": .string(first?.target ?? ""), "home": .string(home.home), "dry_run": .bool(dryRun),
            "changed": .bool(!report.isNoop && !dryRun), "creates_file": .bool(report.createsFile),
            "removes_file": .bool(report.removesFile),
            "events": .array(
                report.changes.map { ["event": .string($0.event), "action": .string($0.action.rawValue)] }),
            "notes": .array((report.notes + report.advice).map { .string($0) }),
            "files": .array(
                report.files.map { plan in
                    [
                        "file": .string(plan.file), "target": .string(plan.target),
                        "changed": .bool(!plan.isNoop && !dryRun),
                    ]
                }),
        ]
    }
}
