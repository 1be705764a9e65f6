// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritCore
import WritDaemon
import WritGuard
import WritPolicy
import WritWire

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The folder a command was started in.
enum CurrentFolder {
    static var path: String {
        guard let text = getcwd(nil, 0) else { return "/" }
        defer { free(text) }
        return String(cString: text)
    }

    /// The absolute form of a path given on the command line.
    static func absolute(_ path: String) -> String {
        PathText.absolute(path, in: Self.path, home: getenv("HOME").map { String(cString: $0) } ?? "/")
    }
}

struct ProfileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile",
        abstract: "Say how strictly calls are judged, and where.",
        discussion: """
            prototyping   what no rule covers is allowed and recorded
            guarded       what no rule covers asks; so does whatever touches something shared
            production    what no rule covers is denied, and so is every change of something shared

            The profile comes from these settings and from the repository's own files: never from the agent.
            """,
        subcommands: [ProfileShow.self, ProfileList.self, ProfileSet.self, ProfileRemove.self],
        defaultSubcommand: ProfileShow.self)
}

struct ProfileShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Say which profile calls from a folder have, and why.")

    @OptionGroup var home: HomeOptions

    @Flag(help: "Print the answer as JSON.")
    var json = false

    @Argument(help: "The folder; by default this one.", completion: .directory)
    var folder: String?

    func run() throws {
        let folder = CurrentFolder.absolute(folder ?? CurrentFolder.path)
        let (repository, remotes, choice, faults) = try HomeState.place(of: folder, home: try home.resolve())
        let project = HomeState.projectPolicy(of: folder)
        if json {
            Terminal.line(
                JSON.object([
                    .init("folder", .string(folder)), .init("profile", .string(choice.profile.rawValue)),
                    .init("because", .string(choice.because)), .init("repository", .string(repository.root)),
                    .init("remotes", .array(remotes.map { .string(RemoteName.of($0)) })),
                    .init("branch", .string(repository.branch)),
                    .init("project_policy", project?.policy.map { .string($0.file) } ?? .null),
                    .init("faults", .array((faults + [project?.fault].compactMap { $0 }).map { .string($0) })),
                ]).prettyText)
            return
        }
        for fault in faults { Terminal.error(Terminal.harmless(fault)) }
        Terminal.line("\(Terminal.styled(choice.profile.rawValue, .bold))  (\(Terminal.harmless(choice.because)))")
        guard !repository.root.isEmpty else {
            Terminal.line("\(folder) lies in no repository")
            return
        }
        Terminal.line("repository  \(Terminal.harmless(repository.root))")
        Terminal.line("branch      \(repository.branch.isEmpty ? "none" : Terminal.harmless(repository.branch))")
        for remote in remotes { Terminal.line("remote      \(Terminal.harmless(RemoteName.of(remote)))") }
        guard let project else { return }
        if let fault = project.fault {
            Terminal.error(Terminal.harmless("the project's policy cannot be read: \(fault)"))
        } else if project.policy != nil {
            Terminal.line("policy      .writ/policy.yaml of \(Terminal.harmless(project.origin))")
        }
    }
}

struct ProfileList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the default and the rules that choose a profile.")

    @OptionGroup var home: HomeOptions

    @Flag(help: "Print the settings as JSON.")
    var json = false

    func run() throws {
        let settings = try SettingsStore.settings(of: try home.resolve())
        if json {
            Terminal.line(settings.json.prettyText)
            return
        }
        Terminal.line("\((settings.profile ?? .prototyping).rawValue.padded(to: 12)) by default")
        for rule in settings.profileRules {
            Terminal.line("\(rule.profile.rawValue.padded(to: 12)) \(Terminal.harmless(rule.text))")
        }
    }
}

/// Where a rule applies.
struct ProfilePlaceOptions: ParsableArguments {
    @Option(help: "Repositories with a remote of this name, such as `git.example.com/pay/*`; `**` crosses slashes.")
    var remote: String?

    @Option(help: "Branches of this name, such as `release/**`.")
    var branch: String?

    @Option(help: "Repositories and folders at or below this folder.", completion: .directory)
    var folder: String?

    var isEmpty: Bool { remote == nil && branch == nil && folder == nil }

    func fits(_ rule: MachineSettings.ProfileRule) -> Bool {
        rule.remote == remote && rule.branch == branch && rule.folder == folder.map(CurrentFolder.absolute)
    }
}

struct ProfileSet: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Choose a profile for everywhere, or for some repositories.",
        discussion: """
            Of several rules that fit a repository the strictest counts; where none fits, the default.

            Examples:
              writ profile set guarded
              writ profile set production --remote 'git.example.com/pay/*' --branch main
            """)

    @OptionGroup var home: HomeOptions
    @OptionGroup var place: ProfilePlaceOptions

    @Argument(
        help: "prototyping, guarded or production.", completion: Offer.profiles,
        transform: { text in
            guard let profile = Profile(rawValue: text) else {
                throw ValidationError("`\(text)` is no profile; there are prototyping, guarded and production")
            }
            return profile
        })
    var profile: Profile

    func run() throws {
        let home = try home.resolve()
        var settings = try SettingsStore.settings(of: home)
        if place.isEmpty {
            settings.profile = profile
        } else {
            settings.profileRules.removeAll(where: place.fits)
            guard settings.profileRules.count < MachineSettings.maximumEntries else {
                throw CommandFault("there are too many rules already", hint: "`writ profile list` shows them")
            }
            settings.profileRules.append(
                .init(
                    remote: place.remote, branch: place.branch, folder: place.folder.map(CurrentFolder.absolute),
                    profile: profile))
        }
        try SettingsStore.save(settings, of: home)
        Terminal.line("\(profile.rawValue) \(place.isEmpty ? "by default" : settings.profileRules.last?.text ?? "")")
    }
}

struct ProfileRemove: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Take a rule that chooses a profile away.")

    @OptionGroup var home: HomeOptions
    @OptionGroup var place: ProfilePlaceOptions

    func run() throws {
        let home = try home.resolve()
        var settings = try SettingsStore.settings(of: home)
        let before = settings
        if place.isEmpty { settings.profile = nil } else { settings.profileRules.removeAll(where: place.fits) }
        guard settings != before else {
            throw CommandFault("there is no such rule", hint: "`writ profile list` shows the rules")
        }
        try SettingsStore.save(settings, of: home)
        Terminal.line("removed")
    }
}
