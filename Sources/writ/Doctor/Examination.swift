// SPDX-License-Identifier: Apache-2.0
import WritAgents
import WritCore
import WritWire

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// One agent at one level, looked at and played through.
struct Examination {
    /// One canary of an event.
    struct Check {
        var event: String
        var subject: Canary.Subject
        var outcome: Canary.Outcome
        /// What became of the harmless call beside it.
        var harmless: Canary.Outcome
        var exitCode: Int32
        var milliseconds: Int
        /// Why there was no answer; empty for an answer.
        var fault = ""

        /// A refusal refuses.
        var isSound: Bool { outcome == .denied }
        /// The name under which the result is kept.
        func key(_ agent: String, _ level: String) -> String { "\(agent) \(level) \(event) \(subject.rawValue)" }
    }

    var agent: String
    /// `user`, `project` or `managed`.
    var level: String
    var files: [String]
    var checks: [Check] = []
    /// Something that should be protected isn't.
    var faults: [String] = []
    var warnings: [String] = []
    /// Events before a call or a prompt that go through when the hook cannot be started, is killed or is late.
    var openWhenDead: [String] = []

    var isSound: Bool { faults.isEmpty && checks.allSatisfy(\.isSound) }
}

/// Plays canaries through installed hooks.
struct Examiner {
    let home: WritHome
    /// The project, and where the agent works.
    let directory: String
    /// The hook beside this program.
    let hook: String

    /// All levels at which Writ is installed for an agent; empty when it is at none.
    func examine(_ adapter: any AgentAdapter, _ layout: HookLayout) throws -> [Examination] {
        let installer = try Installer(layout, hook: hook, home: home)
        var found: [Examination] = []
        var seen: Set<String> = []
        for (name, level) in [
            ("user", InstallLevel.user), ("project", .project(directory: directory)), ("managed", .managed(path: nil)),
        ] {
            let places = installer.places(of: level).map(\.path)
            // A project in the home itself has the same files.
            guard !places.isEmpty, seen.insert(places[0]).inserted else { continue }
            let hooks = InstalledHooks(installer, level)
            guard !hooks.isEmpty || !hooks.faults.isEmpty else { continue }
            found.append(examine(adapter, layout, installer, name, level, hooks))
        }
        return found
    }

    private func examine(
        _ adapter: any AgentAdapter, _ layout: HookLayout, _ installer: Installer, _ name: String,
        _ level: InstallLevel, _ hooks: InstalledHooks
    ) -> Examination {
        var files: [String] = []
        for start in hooks.starts where !files.contains(start.file) { files.append(start.file) }
        var result = Examination(agent: layout.agent, level: name, files: files, faults: hooks.faults)
        result.faults += DisablingSettings.found(agent: layout.agent, home: home.home, directory: directory)
        let settings = DisablingSettings.environment(agent: layout.agent, home: home.home, directory: directory)
        result.warnings += settings.warnings
        drift(installer, level, &result)
        programs(hooks, &result)
        for file in files where Self.isWritableByOthers(file) {
            result.warnings.append("\(file): others can write to it")
        }
        let before: [Call.Event] = [.beforeTool, .permissionRequest, .prompt, .configChange]
        for row in adapter.events where row.isInstalled && row.canBlock && before.contains(row.canonical) {
            if row.onCrash == .proceeds || row.onTimeout == .proceeds { result.openWhenDead.append(row.event) }
        }
        var environment = Self.environment
        for variable in ["CLAUDE_PROJECT_DIR", "GEMINI_PROJECT_DIR", "QWEN_PROJECT_DIR", "FACTORY_PROJECT_DIR"] {
            environment[variable] = nil
        }
        switch layout.agent {
        case "claude-code": environment["CLAUDE_PROJECT_DIR"] = directory
        case "gemini-cli": environment["GEMINI_PROJECT_DIR"] = directory
        case "qwen-code": environment["QWEN_PROJECT_DIR"] = directory
        case "factory-droid": environment["FACTORY_PROJECT_DIR"] = directory
        default: break
        }
        environment.merge(settings.variables) { $1 }
        let runner = HookRunner(environment: environment, directory: directory)
        for row in adapter.events { play(row, adapter, hooks, runner, &result) }
        return result
    }

    /// What the files hold beside what this version would write.
    private func drift(_ installer: Installer, _ level: InstallLevel, _ result: inout Examination) {
        do throws(SettingsFault) {
            let plan = try installer.planInstall(level)
            let added = plan.changes.filter { $0.action == .added }.map(\.event)
            let others = plan.changes.filter { $0.action != .added }.map(\.event)
            if !added.isEmpty { result.faults.append("not registered: \(added.joined(separator: ", "))") }
            if !others.isEmpty {
                result.warnings.append(
                    "entries differ from what this version writes (\(others.joined(separator: ", "))); "
                        + "`writ install` renews them")
            }
        } catch {
            result.faults.append(error.description)
        }
    }

    private func programs(_ hooks: InstalledHooks, _ result: inout Examination) {
        var seen: Set<String> = []
        for start in hooks.starts {
            if start.isOff { result.faults.append("the entry for \(start.event) is switched off in \(start.file)") }
            guard let program = start.program, seen.insert(program).inserted else { continue }
            // A script of ours stands in the agent's folder; the program is inside.
            guard !result.files.contains(program) else { continue }
            if !program.contains("/") {
                result.faults.append("the entry names `\(program)` without its folder, so PATH decides what runs")
            } else if access(program, F_OK) != 0 {
                result.faults.append("the hook `\(program)` does not exist")
            } else if access(program, X_OK) != 0 {
                result.faults.append("the hook `\(program)` may not be run")
            } else {
                if Self.isWritableByOthers(program) {
                    result.faults.append("others can write to the hook `\(program)`")
                }
                if program != hook { result.warnings.append("the entry starts another copy: `\(program)`") }
            }
        }
    }

    private func play(
        _ row: EventCapability, _ adapter: any AgentAdapter, _ hooks: InstalledHooks, _ runner: HookRunner,
        _ result: inout Examination
    ) {
        let nonce = String(UInt64.random(in: .min ... .max), radix: 36)
        let plays = Canary.plays(of: row, for: adapter, directory: directory, home: home.home, nonce: nonce)
        guard !plays.isEmpty else { return }
        guard let start = hooks.start(for: row.event), !start.isOff else {
            for subject in Canary.Subject.allCases where plays.contains(where: { $0.subject == subject }) {
                result.checks.append(
                    .init(
                        event: row.event, subject: subject, outcome: .unreadable, harmless: .unreadable, exitCode: -1,
                        milliseconds: 0, fault: "no entry starts the hook"))
            }
            return
        }
        for subject in Canary.Subject.allCases {
            guard let bad = plays.first(where: { $0.subject == subject && $0.isRefused }),
                let good = plays.first(where: { $0.subject == subject && !$0.isRefused })
            else { continue }
            let refusal = runner.run(start, payload: bad.payload)
            var check = Examination.Check(
                event: row.event, subject: subject,
                outcome: refusal.fault == nil ? Canary.outcome(of: refusal.answer, to: bad, for: adapter) : .unreadable,
                harmless: .unreadable, exitCode: refusal.answer.exitCode, milliseconds: refusal.milliseconds,
                fault: refusal.fault ?? "")
            // A hook that does not start need not be asked twice.
            if refusal.fault == nil {
                let passing = runner.run(start, payload: good.payload)
                if passing.fault == nil { check.harmless = Canary.outcome(of: passing.answer, to: good, for: adapter) }
                check.milliseconds = max(check.milliseconds, passing.milliseconds)
            }
            if check.outcome == .denied, check.harmless != .allowed {
                result.warnings.append(
                    "\(row.event): the harmless \(subject.rawValue) call is not allowed either (\(check.harmless.rawValue))"
                )
            }
            result.checks.append(check)
        }
    }

    // MARK: The machine

    /// What no agent's settings say: programs and shell words that take the hook's name.
    func surroundings() -> [String] {
        var found: [String] = []
        let path = Self.environment["PATH"] ?? ""
        for name in ["writ-hook", "writ"] {
            guard let first = AgentPresence.find(name, path: path), let own = ProgramPath.sibling(name) else {
                continue
            }
            if Self.real(first) != Self.real(own) {
                found.append("`\(name)` on PATH is another program: \(first) stands before \(own)")
            }
        }
        for name in [".bashrc", ".bash_profile", ".bash_aliases", ".profile", ".zshrc", ".zshenv", ".zprofile"] {
            guard let text = SmallText.read(home.home + "/" + name, limit: 1 << 20) else { continue }
            for line in text.split(separator: "\n") {
                let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
                guard let first = words.first else { continue }
                let second = words.count > 1 ? words[1] : ""
                let isAlias = first == "alias" && (second.hasPrefix("writ=") || second.hasPrefix("writ-hook="))
                let isFunction =
                    ["writ()", "writ-hook()"].contains(first)
                    || (first == "function" && ["writ", "writ()", "writ-hook", "writ-hook()"].contains(second))
                    || (["writ", "writ-hook"].contains(first) && second.hasPrefix("()"))
                if isAlias || isFunction {
                    found.append("\(home.home)/\(name) gives `writ` another meaning in the shell")
                    break
                }
            }
        }
        return found
    }

    static let environment: [String: String] = {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let cut = text.firstIndex(of: "=") {
                variables[String(text[..<cut])] = String(text[text.index(after: cut)...])
            }
            next += 1
        }
        return variables
    }()

    private static func isWritableByOthers(_ path: String) -> Bool {
        var facts = stat()
        return stat(path, &facts) == 0 && facts.st_mode & 0o022 != 0
    }

    private static func real(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }
}
