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

struct DaemonCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daemon",
        abstract: "Look after the daemon that answers the hooks.",
        discussion: """
            Hooks start the daemon by themselves, and it ends after half an hour without a call. `status` shows whether \
            one runs and with which policies; `reload` reads the policies at once, which it otherwise does within a \
            second of a change.
            """,
        subcommands: [DaemonRun.self, DaemonStatus.self, DaemonStop.self, DaemonReload.self])
}

struct DaemonRun: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Be the daemon, in the foreground, until stopped or idle.")

    @OptionGroup var home: HomeOptions

    @Option(help: ArgumentHelp("End after so many seconds without a call; 0 for never.", valueName: "seconds"))
    var idle = 1_800

    func validate() throws {
        guard (0...31_536_000).contains(idle) else { throw ValidationError("--idle takes 0 to 31536000 seconds") }
    }

    func run() throws {
        DaemonProcess.detach()
        let home = try home.resolve()
        var options = DaemonServer.Options()
        options.idle = idle == 0 ? nil : idle * 1000
        let service = LateService(home: home)
        do throws(DaemonFault) {
            let server = try DaemonServer(home, options: options, services: service.services)
            server.stopOnSignals()
            try server.run(prepare: { () throws(DaemonFault) in try service.open() })
            service.close()
        } catch {
            service.close()
            Terminal.error(error.message)
            throw ExitCode(error.exitCode)
        }
    }
}

struct DaemonStatus: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say whether the daemon runs, and with what.",
        discussion: "Exits 0 when it runs, 1 when not.")

    @OptionGroup var home: HomeOptions

    @Flag(help: "Print the status as JSON.")
    var json = false

    func run() throws {
        let home = try home.resolve()
        let answer: HookResponse
        do {
            answer = try DaemonClient(home: home).control(.status, by: Deadline(after: 2_000))
        } catch {
            Terminal.line(json ? JSON.object([.init("running", false)]).text : "no daemon runs for \(home.home)")
            throw ExitCode(1)
        }
        let text = String(decoding: answer.output, as: UTF8.self).trimmingNewlines
        if json {
            Terminal.line(text)
            return
        }
        let status = try JSON(parsing: text)
        for member in status.members ?? [] {
            let shown = member.value.string ?? member.value.text
            Terminal.line(
                "\(member.key)\(String(repeating: " ", count: max(1, 16 - member.key.count)))\(Terminal.harmless(shown))"
            )
        }
    }
}

struct DaemonStop: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Let the daemon finish its calls and end.")

    @OptionGroup var home: HomeOptions

    func run() throws {
        let home = try home.resolve()
        do {
            _ = try DaemonClient(home: home).control(.stop, by: Deadline(after: 5_000))
        } catch {
            Terminal.line("no daemon runs for \(home.home)")
            return
        }
        // The next command may want the ledger to itself: wait until the daemon has let go of its lock.
        for _ in 0..<1_000 where DaemonProcess.serves(home) { usleep(10_000) }
        Terminal.line("the daemon has ended")
    }
}

struct DaemonReload: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Read the policies again now.",
        discussion: "Exits 1 when a policy has faults; the last good version stays in force.")

    @OptionGroup var home: HomeOptions

    func run() throws {
        let home = try home.resolve()
        let answer: HookResponse
        do {
            answer = try DaemonClient(home: home).control(.reload, by: Deadline(after: 10_000))
        } catch {
            Terminal.line("no daemon runs for \(home.home); the next one reads the policies when it starts")
            return
        }
        let report = try JSON(parsing: answer.output)
        let faults = report["faults"]?.array?.compactMap(\.string) ?? []
        for fault in faults { Terminal.error(Terminal.harmless(fault)) }
        Terminal.line(report["changed"]?.bool == true ? "the policies in force have changed" : "nothing changed")
        if !faults.isEmpty { throw ExitCode(1) }
    }
}

extension String {
    var trimmingNewlines: String {
        var text = Substring(self)
        while text.last == "\n" || text.last == "\r\n" { text.removeLast() }
        return String(text)
    }
}
