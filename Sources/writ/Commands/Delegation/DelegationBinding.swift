// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritCore
import WritDaemon
import WritWire

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

struct DelegationBind: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bind",
        abstract: "Put sessions under a writ; a person confirms it in their terminal.",
        discussion: """
            A session stays under its writ to the end, also when the writ has ended: then its calls are denied until \
            another writ takes its place or `writ delegation unbind` lets it go. Where several writs fit, all count.

            Examples:
              writ delegation bind 3f9a21bc --folder .
              writ delegation bind 3f9a21bc --session claude-code:0b9c1e52-…
            """)

    @OptionGroup var home: HomeOptions

    @Option(help: "Every session whose workspace is this folder or lies below.", completion: .directory)
    var folder: String?

    @Option(
        help: ArgumentHelp("One session, as `writ log` names it.", valueName: "agent:session"),
        completion: Offer.agentSessions)
    var session: String?

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    @Argument(help: "The writ.", completion: Offer.writs)
    var id: String

    func validate() throws {
        guard (folder == nil) != (session == nil) else { throw ValidationError("name a --folder or a --session") }
        if let session, !session.dropFirst().dropLast().contains(":") {
            throw ValidationError("--session takes the agent, a colon and the session")
        }
    }

    func run() throws {
        var request: JSON = ["do": "delegation.bind", "id": .string(id)]
        if let folder { request.set("folder", .string(CurrentFolder.absolute(folder))) }
        if let session, let colon = session.firstIndex(of: ":") {
            request.set("session", .string("\(session[..<colon])|\(session[session.index(after: colon)...])"))
        }
        let answer = try DelegationRequest.confirm(request, home: home)
        try PersonRequest.finish(answer, json: json) { _ in "bound: it counts from the next call on" }
    }
}

struct DelegationUnbind: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unbind",
        abstract: "Take a writ off all places and sessions; a person confirms it in their terminal.",
        discussion: "What was denied for want of a grant is then up to the policies alone.")

    @OptionGroup var home: HomeOptions

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    @Argument(help: "The writ.", completion: Offer.allWrits)
    var id: String

    func run() throws {
        let answer = try DelegationRequest.confirm(["do": "delegation.unbind", "id": .string(id)], home: home)
        try PersonRequest.finish(answer, json: json) { answer in
            "taken off \(answer["count"]?.integer ?? 0) places and sessions"
        }
    }
}

struct DelegationRun: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Start an agent under a writ.",
        discussion: """
            Every session of the program and of what it starts is under the writ. It works in a terminal that you opened \
            yourself.

            Example:
              writ delegation run 3f9a21bc -- claude
            """)

    @OptionGroup var home: HomeOptions

    @Argument(help: "The writ.", completion: Offer.writs)
    var id: String

    @Argument(parsing: .postTerminator, help: "The program and its arguments, after --.")
    var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("name the program after `--`") }
    }

    func run() throws {
        let answer = try PersonRequest.send(["do": "delegation.run", "id": .string(id)], home: home)
        guard answer["ok"]?.bool == true else { return try PersonRequest.finish(answer, json: false) { _ in "" } }
        // The process keeps its number and its start time, which is what the daemon knows it by.
        var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        execvp(command[0], &words)
        let reason = String(cString: strerror(errno))
        words.forEach { free($0) }
        throw CommandFault("`\(command[0])` cannot be started: \(reason)")
    }
}
