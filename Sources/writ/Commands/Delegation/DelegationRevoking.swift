// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritCore
import WritDaemon
import WritWire

struct DelegationRevoke: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Revoke writs at once; what is under them is denied from the next call on.",
        discussion: """
            Writs that were derived from a revoked one are revoked with it. Revoking cannot be undone; issue another writ \
            instead. It takes nothing but this user's account, because it only narrows.

            Examples:
              writ delegation revoke 3f9a21bc
              writ delegation revoke --task T-1842
              writ delegation revoke --all
            """)

    @OptionGroup var home: HomeOptions

    @Option(help: "All of this person's.")
    var principal: String?

    @Option(help: "All for this agent, such as claude-code.", completion: Offer.agents)
    var agent: String?

    @Option(help: "All for this task and its parts.", completion: Offer.tasks)
    var task: String?

    @Option(help: ArgumentHelp("All that were issued longer ago than this: 90s, 30m, 2h, 7d.", valueName: "age"))
    var issuedBefore: String?

    @Flag(help: "All of them.")
    var all = false

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    @Argument(help: "Writs.", completion: Offer.writs)
    var ids: [String] = []

    func run() throws {
        var entries: [JSON] = ids.map { ["id": .string($0)] }
        if let principal { entries.append(["principal": .string(principal)]) }
        if let agent { entries.append(["agent": .string(agent)]) }
        if let task { entries.append(["task": .string(task)]) }
        if let issuedBefore {
            guard let moment = Moment.ago(issuedBefore) else {
                throw ValidationError("`\(issuedBefore)` is no age; use 90s, 30m, 2h or 7d")
            }
            entries.append(["issued_before": .integer(moment / 1000)])
        }
        if all { entries.append(["all": true]) }
        guard !entries.isEmpty else { throw ValidationError("say which: a writ, or one of the options") }
        let answer = try PersonRequest.send(
            ["do": "delegation.revoke", "revoke": .array(entries)], home: home)
        try PersonRequest.finish(answer, json: json) { answer in
            switch answer["count"]?.integer ?? 0 {
            case 0: "revoked; no writ that held here is among them"
            case 1: "revoked: 1 writ that held here holds no more"
            case let count: "revoked: \(count) writs that held here hold no more"
            }
        }
    }
}

struct DelegationImport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take up a writ or a revocation list that another anchor has signed.",
        discussion: """
            FILE holds a writ, as `writ delegation show --token` prints it, or one revocation list. What no anchor has \
            signed is refused, and so is a list that is older than the one at hand. A writ counts once it is bound.
            """)

    @OptionGroup var home: HomeOptions

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    @Argument(help: "The file; - is standard input.", completion: .file())
    var file: String

    func run() throws {
        let text = String(decoding: try DelegationTermsFile.bytes(of: file), as: UTF8.self)
        let answer = try PersonRequest.send(["do": "delegation.import", "text": .string(text)], home: home)
        try PersonRequest.finish(answer, json: json) { answer in
            if let sequence = answer["sequence"]?.integer { return "the revocation list \(sequence) is in force" }
            return "taken up as \(answer["id"]?.string ?? "")"
        }
    }
}

struct DelegationDerive: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "derive",
        abstract: "Make a narrower writ from one, such as for a second agent.",
        discussion: """
            The derived writ allows what both allow, ends with the first at the latest, and is charged to both. It counts \
            once it is bound. The file of --grants is as for `writ delegation issue`. It works in a terminal that you \
            opened yourself.

            Example:
              writ delegation derive 3f9a21bc --grants read-only.yaml --for 30m --agent codex
            """)

    @OptionGroup var home: HomeOptions
    @OptionGroup var terms: GrantOptions

    @Option(help: "Only for this agent, such as codex.", completion: Offer.agents)
    var agent = ""

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    @Argument(help: "The writ.", completion: Offer.writs)
    var id: String

    func run() throws {
        let request = JSON.object(
            [.init("do", "delegation.derive"), .init("id", .string(id)), .init("agent", .string(agent))]
                + (try terms.members()))
        let answer = try PersonRequest.send(request, home: home)
        try PersonRequest.finish(answer, json: json) { "derived \($0["id"]?.string ?? "")" }
    }
}
