// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritCore
import WritDaemon
import WritWire

struct DelegationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delegation",
        abstract: "Give an agent a writ: who lets it do what, for which task, where and until when.",
        discussion: """
            A writ is a signed, short-lived document. A session that is under one can do what the writ grants and policies \
            allow: a writ never loosens a policy. Writs are issued and bound by a person in a terminal of their own, never \
            by an agent; sub-agents get narrower ones by themselves.

            Examples:
              writ delegation issue --task T-1842 --intent 'Fix the date parser' --grants fix.yaml --folder .
              writ delegation list
              writ delegation run 3f9a21bc -- claude
              writ delegation revoke 3f9a21bc

            IDs may be shortened to their last eight characters. Exits 0 when it is done, 1 when a person was asked and did \
            not agree (of `verify`: when the writ does not hold), and 2 when it could not be done.
            """,
        subcommands: [
            DelegationIssue.self, DelegationList.self, DelegationShow.self, DelegationBind.self, DelegationUnbind.self,
            DelegationRun.self, DelegationRevoke.self, DelegationDerive.self, DelegationVerify.self,
            DelegationImport.self, DelegationAnchors.self,
        ],
        defaultSubcommand: DelegationList.self)
}

/// What a writ grants, as the options of a command say it.
struct GrantOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "YAML or JSON with `grants`, and `deny`, `ask`, `budgets` and `delegates` where wanted; - is standard input.",
            valueName: "file"), completion: .file(extensions: ["yaml", "yml", "json"]))
    var grants: String

    @Option(
        name: .customLong("for"), help: ArgumentHelp("How long it holds: 90s, 30m, 2h; at most 24h.", valueName: "time")
    )
    var time = "2h"

    @Option(
        name: .customLong("environment"),
        help: ArgumentHelp(
            "Where it holds: prototyping, guarded or production; several times for several. Issued for prototyping, "
                + "and derived for what the first holds in, unless stated.", valueName: "profile"),
        completion: Offer.profiles)
    var environments: [String] = []

    /// The members of a request to the daemon.
    func members() throws -> [JSON.Member] {
        guard let seconds = Moment.seconds(time), seconds > 0 else {
            throw ValidationError("`\(time)` is no time; use 90s, 30m or 2h")
        }
        return [
            .init("terms", try DelegationTermsFile.json(grants)), .init("for", .integer(seconds)),
            .init("environments", .array(environments.map { .string($0) })),
        ]
    }
}

struct DelegationIssue: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "issue",
        abstract: "Issue a writ; a person confirms it in their terminal.",
        discussion: """
            The file of --grants says in the words of a rule's `match` what is granted; what no grant covers is denied:

              grants:
                - {actions: [file.read, file.search], paths: ['$repo/**']}
                - {actions: [file.write], paths: ['$repo/src/**']}
                - {actions: [shell.exec], commands: ['swift build', 'swift test', 'git status']}
                - {tools: ['mcp:git/create_pull_request'], args: {base: {one_of: [main, dev]}}}
              deny: [{actions: [pkg.publish]}]
              ask: [{tools: ['mcp:git/create_*']}]
              budgets: {calls: 300, writes: 80}
              delegates: ['agent:reviewer']

            With --folder it counts at once for every session whose workspace lies there; without, bind it with `writ \
            delegation bind` or start an agent with `writ delegation run`. A writ that has ended and was bound to the same \
            folder gives way. The daemon writes to your terminal what will be granted, and a challenge to type.

            Example:
              writ delegation issue --task T-1842 --intent 'Fix the date parser' --for 2h \\
                --environment prototyping --grants fix.yaml --folder .
            """)

    @OptionGroup var home: HomeOptions
    @OptionGroup var terms: GrantOptions

    @Option(help: "The task's id, such as a ticket's.")
    var task: String

    @Option(help: "What the agent shall do, in a sentence.")
    var intent: String

    @Option(help: "The kind of work, such as bugfix.")
    var workflow = ""

    @Option(help: "Where the task comes from, such as ticket:1842.")
    var origin = ""

    @Option(help: "Bind it to this folder and what lies below.", completion: .directory)
    var folder: String?

    @Option(help: "Only for this agent, such as claude-code.", completion: Offer.agents)
    var agent = ""

    @Option(
        help: ArgumentHelp(
            "How many times it may be narrowed for a sub-agent, and for that one's; 0 denies sub-agents' calls.",
            valueName: "count"))
    var maxDepth = 1

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func run() throws {
        var request = JSON.object(
            [
                .init("do", "delegation.issue"), .init("task", .string(task)), .init("intent", .string(intent)),
                .init("workflow", .string(workflow)), .init("origin", .string(origin)), .init("agent", .string(agent)),
                .init("max_depth", .integer(Int64(maxDepth))),
            ] + (try terms.members()))
        if let folder { request.set("folder", .string(CurrentFolder.absolute(folder))) }
        let answer = try DelegationRequest.confirm(request, home: home)
        try PersonRequest.finish(answer, json: json) { answer in
            let id = answer["id"]?.string ?? ""
            let place =
                folder == nil
                ? "bind it with `writ delegation bind \(id.suffix(8))`, or start the agent with "
                    + "`writ delegation run \(id.suffix(8)) -- …`" : "it counts from the next call on"
            return "issued \(Terminal.styled(id, .bold)): \(place)"
        }
    }
}

struct DelegationList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the writs and where they count.")

    @OptionGroup var home: HomeOptions

    @Flag(help: "Show those that have ended, too.")
    var all = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let answer = try PersonRequest.send(["do": "delegation.list", "all": .bool(all)], home: home)
        try PersonRequest.report(answer, json: json, show(list:))
    }

    private func show(list answer: JSON) {
        let items = answer["writs"]?.array ?? []
        if items.isEmpty {
            Terminal.line(all ? "there are no writs" : "no writ holds or is bound; `writ delegation issue` makes one")
        }
        for item in items { show(item) }
    }

    private func show(_ item: JSON) {
        func text(_ key: String) -> String { Terminal.harmless(item[key]?.string ?? "") }
        let state = text("state")
        let style: Terminal.Style = state == "valid" ? .green : .yellow
        let time = state == "valid" ? "\(Moment.span(item["left"]?.integer ?? 0)) left" : state
        let agent = text("agent")
        Terminal.line(
            "\(Terminal.styled(String(text("id").suffix(8)), .bold))  \(Terminal.styled(time.padded(to: 16), style))"
                + "\(text("task"))  \(text("intent"))")
        let environments = (item["environments"]?.array ?? []).compactMap(\.string).joined(separator: ", ")
        let places = (item["places"]?.array ?? []).compactMap(\.string).map(Terminal.harmless)
        Terminal.line(
            "          \(agent.isEmpty ? "any agent" : agent), \(Terminal.harmless(environments)), "
                + (places.isEmpty ? "bound to nothing" : places.joined(separator: ", "))
                + ", \(item["sessions"]?.integer ?? 0) session(s)")
    }
}

struct DelegationShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a writ: each of its links, and where it counts.")

    @OptionGroup var home: HomeOptions

    @Flag(help: "Print one JSON object, the claims as they were signed.")
    var json = false

    @Flag(help: "Print the writ itself: what `writ delegation verify` and `import` read.")
    var token = false

    @Argument(help: "The writ.", completion: Offer.allWrits)
    var id: String

    func run() throws {
        let answer = try PersonRequest.send(["do": "delegation.show", "id": .string(id)], home: home)
        try PersonRequest.report(answer, json: json, show)
    }

    private func show(_ answer: JSON) {
        if token {
            Terminal.line(answer["chain"]?.string ?? "")
            return
        }
        for line in answer["text"]?.array ?? [] { Terminal.line(Terminal.harmless(line.string ?? "")) }
    }
}
