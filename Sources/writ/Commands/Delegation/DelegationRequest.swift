// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritDaemon
import WritPolicy
import WritWire

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What the commands about writs ask the daemon, which alone holds the keys.
enum DelegationRequest {
    /// Asks for something that a person confirms.
    static func confirm(_ request: JSON, home: HomeOptions) throws -> JSON {
        try PersonRequest.confirm {
            try PersonRequest.send(request, home: home)
        } answering: { text in
            try PersonRequest.send(["do": "delegation.answer", "text": .string(text)], home: home)
        }
    }
}

/// Files with the terms of a writ.
enum DelegationTermsFile {
    static let maximumBytes = 1 << 20

    /// The file as JSON, from YAML or JSON.
    static func json(_ file: String) throws -> JSON {
        let source = try bytes(of: file)
        let name = file == "-" ? "standard input" : file
        return try PolicyArguments.explained { try YAMLNode.json(source, file: name) }
    }

    static func bytes(of file: String) throws -> [UInt8] {
        file == "-" ? try StandardInput.readAll(limit: maximumBytes) : try contents(of: file)
    }

    /// A file as a whole.
    static func contents(of file: String) throws -> [UInt8] {
        try PolicyArguments.bytes(of: file, limit: maximumBytes)
    }
}

/// Starts the daemon for a person's command, as a hook does for an agent's call.
enum DaemonStart {
    static func ensure(_ home: WritHome) throws {
        if answers(home) { return }
        guard let program = ProgramPath.own else { throw CommandFault("this program's own file cannot be found") }
        do { try home.prepareRuntime() } catch { throw CommandFault(error.message) }
        do throws(Launch.Fault) {
            _ = try Launch.daemon(program, of: home).start()
        } catch {
            throw CommandFault("the daemon cannot be started: \(error.reason)")
        }
        for _ in 0..<1_000 {
            if answers(home) { return }
            usleep(10_000)
        }
        throw CommandFault("the daemon does not come up", hint: "`\(home.daemonLog)` says why")
    }

    private static func answers(_ home: WritHome) -> Bool {
        do {
            _ = try DaemonClient(home: home).control(.status, by: Deadline(after: 2_000))
            return true
        } catch {
            return false
        }
    }
}
