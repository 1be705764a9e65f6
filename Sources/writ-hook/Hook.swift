// SPDX-License-Identifier: Apache-2.0

import WritWire

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// One event from standard input to the agent's answer.
enum Hook {
    /// Well inside the `timeout` that the installer writes beside it.
    private static let usualMilliseconds = 8000
    /// Agents give the end of a session 1.5 seconds for all hooks together.
    private static let sessionEndMilliseconds = 1000

    static func run(_ words: [String]) -> Never {
        openStandardDescriptors()
        let startedAt = Deadline.wallClock
        // Until the arguments are read nothing is known but that this must be refused.
        Watchdog.arm(HookResponse(exitCode: 2, output: "", error: "writ: the hook was stopped\n"), milliseconds: 2000)
        if words.count == 2, words[1] == "--help" { Watchdog.finish(HookResponse(output: usage)) }
        let arguments: Arguments
        do {
            arguments = try Arguments(words.dropFirst())
        } catch {
            Watchdog.finish(HookResponse(exitCode: 2, output: "", error: "writ: \(error.message)\n\(usage)"))
        }
        var state = State(arguments: arguments, startedAt: startedAt)
        do {
            Watchdog.finish(try state.answer())
        } catch {
            state.note(error.cause)
            Watchdog.finish(state.closed(error.message))
        }
    }

    private static let usage = """
        usage: writ-hook AGENT [--home DIR] [--event NAME] [--deadline-ms N] [--daemon PATH|any]
        Reads one event of AGENT on standard input and prints Writ's answer to it.

        """

    /// With one of 0, 1, 2 closed, the next file opened would take its place and the answer would go there.
    private static func openStandardDescriptors() {
        for descriptor in 0...2 as ClosedRange<Int32> where fcntl(descriptor, F_GETFD) == -1 {
            _ = open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY)
        }
    }

    private struct Failure: Error {
        let cause: String
        let message: String
    }

    private struct State {
        let arguments: Arguments
        let startedAt: UInt64
        var deadline: Deadline
        var event: String
        var home: WritHome?

        init(arguments: Arguments, startedAt: UInt64) {
            self.arguments = arguments
            self.startedAt = startedAt
            event = arguments.event
            let milliseconds = State.milliseconds(arguments, event: arguments.event)
            deadline = Deadline(after: milliseconds)
            arm(milliseconds)
        }

        mutating func answer() throws(Failure) -> HookResponse {
            var facts: HookRequest.Facts = []
            let home = try findHome(&facts)
            self.home = home
            let payload = try readPayload()
            let named = ClosedAnswer.eventKey(agent: arguments.agent).flatMap {
                PayloadScan.topLevelString($0, in: payload)
            }
            event = ClosedAnswer.event(agent: arguments.agent, argument: arguments.event, payload: named)
            if event == "SessionEnd", arguments.milliseconds == nil {
                deadline = min(deadline, Deadline(after: sessionEndMilliseconds))
            }
            arm(deadline.remaining)
            addFacts(&facts)
            let request = HookRequest(
                agent: arguments.agent, home: home.home, event: arguments.event, workingDirectory: directory(),
                projectDirectory: projectDirectory(), process: getpid(), parent: getppid(), startedAt: startedAt,
                facts: facts, payload: payload)
            return try ask(request, home)
        }

        func closed(_ message: String) -> HookResponse {
            ClosedAnswer.answer(agent: arguments.agent, event: event, reason: "writ: \(message)")
        }

        func note(_ cause: String) {
            guard let home else { return }
            // A name that is not known may be anything, a secret included.
            let isKnown = ClosedAnswer.isKnown(agent: arguments.agent, event: event)
            let note = Unanswered(
                time: startedAt, agent: arguments.agent, event: isKnown ? event : "unknown", cause: cause,
                process: getpid())
            note.append(to: home)
        }

        private func arm(_ milliseconds: Int) {
            // A little after the deadline: the ordinary way out knows more about what went wrong.
            Watchdog.arm(closed("no answer in time, so this is refused"), milliseconds: milliseconds + 250)
        }

        private static func milliseconds(_ arguments: Arguments, event: String) -> Int {
            arguments.milliseconds ?? (event == "SessionEnd" ? sessionEndMilliseconds : usualMilliseconds)
        }

        private func findHome(_ facts: inout HookRequest.Facts) throws(Failure) -> WritHome {
            do {
                guard let pinned = arguments.home else {
                    facts.insert(.homeFromEnvironment)
                    return try WritHome.ofEnvironment(variable)
                }
                let home = try WritHome(pinned)
                if let other = variable("WRIT_HOME"), other != home.home { facts.insert(.homeDisagrees) }
                return home
            } catch {
                throw Failure(cause: "usage", message: error.message)
            }
        }

        private func readPayload() throws(Failure) -> [UInt8] {
            var payload: [UInt8] = []
            do {
                while true {
                    try Channel.wait(0, for: Int16(POLLIN), by: deadline)
                    switch try Channel.readSome(upTo: 65_536, from: 0, into: &payload) {
                    case .end: return payload
                    case .later: continue
                    case .read:
                        guard payload.count > Frame.maximumPayload else { continue }
                        drain()
                        throw Failure(cause: "oversized", message: "the event is larger than 16 MiB, so it is refused")
                    }
                }
            } catch let failure as Failure {
                throw failure
            } catch let fault as ChannelFault {
                throw failure(of: fault, "reading the event")
            } catch {
                throw Failure(cause: "broken", message: "the event could not be read")
            }
        }

        /// Reads on for a moment, so that an agent that is still writing gets the answer and not a broken pipe.
        private func drain() {
            let end = min(deadline, Deadline(after: 1000))
            var sink: [UInt8] = []
            while !end.hasPassed {
                do {
                    try Channel.wait(0, for: Int16(POLLIN), by: end)
                    guard try Channel.readSome(upTo: 65_536, from: 0, into: &sink) == .read else { return }
                    sink.removeAll(keepingCapacity: true)
                } catch { return }
            }
        }

        private func ask(_ request: HookRequest, _ home: WritHome) throws(Failure) -> HookResponse {
            var request = request
            guard let program = arguments.daemon ?? ProgramPath.sibling("writ") else {
                throw Failure(cause: "start", message: "cannot tell where this program is")
            }
            let client = DaemonClient(home: home, expectedProgram: arguments.trustsAnyProgram ? nil : program)
            var starter = DaemonStarter(home: home, program: program)
            while true {
                if starter.hasStarted { request.facts.insert(.startedDaemon) }
                request.deadline = UInt32(clamping: deadline.remaining)
                do {
                    return try client.exchange(try request.frame(), by: deadline)
                } catch ChannelFault.absent {
                    guard !deadline.hasPassed else {
                        throw Failure(
                            cause: "absent", message: "the daemon did not come up in time, so this is refused")
                    }
                    do { try starter.help(by: deadline) } catch {
                        throw Failure(cause: "start", message: error.message)
                    }
                } catch ChannelFault.reset {
                    // It went away before it had read the event: nothing was decided, so asking again is safe.
                    guard !deadline.hasPassed else { throw failure(of: .late, "asking the daemon") }
                    deadline.sleep(milliseconds: 1)
                } catch let fault as ChannelFault {
                    throw failure(of: fault, "asking the daemon")
                } catch let fault as FrameFault {
                    throw Failure(cause: "oversized", message: fault.message)
                } catch {
                    throw Failure(cause: "broken", message: "the daemon could not be asked")
                }
            }
        }

        private func failure(of fault: ChannelFault, _ doing: String) -> Failure {
            switch fault {
            case .absent: Failure(cause: "absent", message: "no daemon answers, so this is refused")
            case .reset, .late: Failure(cause: "late", message: "time ran out \(doing), so this is refused")
            case .broken(let why): Failure(cause: "broken", message: "\(why), so this is refused")
            case .stranger(let why): Failure(cause: "stranger", message: "\(why), so this is refused")
            case .system(let why): Failure(cause: "system", message: "\(why), so this is refused")
            }
        }

        private func addFacts(_ facts: inout HookRequest.Facts) {
            if variable("CLAUDE_CODE_REMOTE") != nil || variable("CURSOR_CODE_REMOTE") != nil {
                facts.insert(.remoteAgent)
            }
            for name in ["LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES"]
            where variable(name) != nil {
                facts.insert(.loaderVariables)
            }
        }

        private func projectDirectory() -> String {
            for name in [
                "CLAUDE_PROJECT_DIR", "CURSOR_PROJECT_DIR", "GEMINI_PROJECT_DIR", "QWEN_PROJECT_DIR",
                "FACTORY_PROJECT_DIR",
            ] {
                if let path = variable(name), path.hasPrefix("/"), path.utf8.count <= 4096 { return path }
            }
            return ""
        }

        private func variable(_ name: String) -> String? {
            getenv(name).map { String(cString: $0) }
        }

        private func directory() -> String {
            guard let path = getcwd(nil, 0) else { return "/" }
            defer { free(path) }
            return String(cString: path)
        }
    }
}
