// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import WritCore
import WritDaemon
import WritGuard
import WritPolicy
import WritScan
import WritWire

struct PolicyTrust: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trust", abstract: "Accept the organisation's policies only when this key has signed them.",
        discussion: """
            Each policy in the organisation's folder then needs a signature beside it (`policy.yaml.sig`), and a revision \
            lower than one that was in force is refused. `writ policy sign` makes keys and signatures.

            Example:
              writ policy trust ed25519:… --folder /srv/policies/acme
            """)

    @OptionGroup var home: HomeOptions

    @Option(help: "Where the organisation's policies lie; by default /etc/writ/policies.", completion: .directory)
    var folder: String?

    @Flag(help: "Trust the key no longer.")
    var remove = false

    @Argument(help: "The key: ed25519: and base64.")
    var key: String

    func run() throws {
        let home = try home.resolve()
        guard let key = PolicyKey(key) else {
            throw CommandFault("`\(key.prefix(80))` is no key", hint: "one looks like `ed25519:` and 44 characters")
        }
        var settings = try SettingsStore.settings(of: home)
        settings.organizationKeys.removeAll { $0 == key.description }
        if !remove { settings.organizationKeys.append(key.description) }
        if let folder { settings.organizationFolder = CurrentFolder.absolute(folder) }
        try SettingsStore.save(settings, of: home)
        Terminal.line(remove ? "the key is not trusted any more" : "trusted: \(key)")
    }
}

struct PolicyTeam: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "team", abstract: "Read the team's policies from a folder.",
        discussion: "No agent may write there any more. `--none` reads none.")

    @OptionGroup var home: HomeOptions

    @Flag(help: "Read no team's policies.")
    var none = false

    @Argument(help: "The folder.", completion: .directory)
    var folder: String?

    func validate() throws {
        guard none != (folder != nil) else { throw ValidationError("name a folder, or give --none") }
    }

    func run() throws {
        let home = try home.resolve()
        var settings = try SettingsStore.settings(of: home)
        settings.teamFolder = folder.map(CurrentFolder.absolute)
        try SettingsStore.save(settings, of: home)
        Terminal.line(settings.teamFolder.map { "the team's policies lie in \($0)" } ?? "no team's policies are read")
    }
}

struct PolicySign: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Sign policies with a key, which is made when the file is missing.",
        discussion: """
            Writes `FILE.sig` beside each policy and prints the public key, which machines trust with `writ policy \
            trust`. Keep the key file away from agents. Signatures are Ed25519 over the file's exact bytes, in base64.

            Example:
              writ policy sign --key ~/keys/policy.key acme.yaml
            """)

    @Option(help: ArgumentHelp("The file with the private key.", valueName: "file"), completion: .file())
    var key: String

    @Argument(help: "Policies to sign.", completion: .file(extensions: ["yaml", "yml"]))
    var files: [String] = []

    func run() throws {
        let signer = try signer()
        for file in files {
            let source = try PolicyArguments.source(file)
            _ = try PolicyArguments.explained { try PolicyDocument.read(source.bytes, file: file) }
            let signature = try signer.signature(over: source.bytes)
            try Data((signature + "\n").utf8).write(to: URL(fileURLWithPath: file + ".sig"), options: .atomic)
        }
        Terminal.line(signer.publicKey.description)
    }

    private func signer() throws -> PolicySigner {
        let path = CurrentFolder.absolute(key)
        if FileManager.default.fileExists(atPath: path) {
            let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
            guard let signer = PolicySigner(text) else { throw CommandFault("\(key): holds no private key") }
            return signer
        }
        let fresh = PolicySigner()
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data((fresh.secretText + "\n").utf8), attributes: [.posixPermissions: 0o600])
        else { throw CommandFault("\(key): cannot be written") }
        return fresh
    }
}

struct PolicyWaive: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "waive", abstract: "Set a rule aside for a time, with a reason; every use is recorded.",
        discussion: """
            Rules that ship with Writ and your own can be waived. What an organisation, a team or a project forbids is \
            waived in their own policy, and what keeps agents from changing their guard not at all.

            Example:
              writ policy waive builtin/exfiltration/force-push --until 2d --reason 'new history' \\
                --repo 'git.example.com/me/*'
            """)

    @OptionGroup var home: HomeOptions

    @Option(
        help: ArgumentHelp(
            "How long, such as 4h or 14d, or the day it ends, such as 2027-01-31. At most a year.", valueName: "time"))
    var until: String?

    @Option(help: ArgumentHelp("Why.", valueName: "text"))
    var reason: String?

    @Option(help: ArgumentHelp("Who agreed; by default you.", valueName: "person"))
    var by: String?

    @Option(
        name: .customLong("command"),
        help: ArgumentHelp("Only for this command, such as `git push`. Can be given again.", valueName: "command"))
    var commands: [String] = []

    @Option(name: .customLong("path"), help: "Only for this path or glob. Can be given again.")
    var paths: [String] = []

    @Option(name: .customLong("repo"), help: "Only for repositories with this remote. Can be given again.")
    var repos: [String] = []

    @Flag(help: "List the waivers.")
    var list = false

    @Flag(help: "Take the waivers of the rule back.")
    var remove = false

    @Argument(help: "The rule's full id, as `writ explain` shows it.", completion: Offer.rules)
    var rule: String?

    func run() throws {
        let home = try home.resolve()
        var waivers = try SettingsStore.waivers(of: home)
        let now = Moment.now / 1000
        if list {
            for waiver in waivers.waivers {
                let state = waiver.until > now ? "until \(Moment.text(waiver.until * 1000))" : "over"
                let words = waiver.commands + waiver.paths + waiver.repos
                let narrowed = words.isEmpty ? "" : "  only \(words.joined(separator: ", "))"
                Terminal.line(
                    Terminal.harmless(
                        "\(waiver.rule)  \(state)  by \(waiver.approvedBy): \(waiver.reason)\(narrowed)"))
            }
            return
        }
        guard let rule else { throw ValidationError("name the rule, or give --list") }
        if remove {
            let before = waivers.waivers.count
            waivers.waivers.removeAll { $0.rule == rule }
            guard waivers.waivers.count < before else { throw CommandFault("no waiver is for `\(rule)`") }
            try SettingsStore.save(waivers, of: home)
            Terminal.line("removed")
            return
        }
        guard let reason, !reason.isEmpty, let until else {
            throw ValidationError("a waiver needs --reason and --until")
        }
        if let refusal = Waivers.refusal(of: rule) { throw CommandFault(refusal) }
        guard try MachinePolicies.load(home).ids.contains(rule) else {
            throw CommandFault("no rule in force has the id `\(rule)`", hint: "`writ explain` shows the ids")
        }
        guard let end = Self.moment(until, now), end > now, end - now <= Waivers.maximumSeconds else {
            throw ValidationError("--until takes a duration such as 4h or 14d, or a day within the next year")
        }
        let waiver = Waivers.Waiver(
            rule: rule, reason: reason, approvedBy: by ?? Self.person, until: end, commands: commands, paths: paths,
            repos: repos)
        // Compiled before it is kept, so that a pattern with a fault is told here.
        var options = Engines.policyOptions(key: .random(), checksExamples: false)
        options.waivers = Waivers([waiver]).byRule
        _ = try PolicyArguments.explained {
            try PolicyLayer.load(.builtin, DefaultPolicy.sources, options: options)
        }
        waivers.waivers.append(waiver)
        try SettingsStore.save(waivers, of: home)
        Terminal.line("waived until \(Moment.text(end * 1000)): \(rule)")
    }

    private static var person: String { NSUserName().isEmpty ? "the person" : NSUserName() }

    private static func moment(_ text: String, _ now: Int64) -> Int64? {
        if let ago = Moment.ago(text) { return now + (Moment.now - ago) / 1000 }
        return PolicyDate.seconds(text)
    }
}
