// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import WritLedger
import WritWire

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Which machine-wide Writ a command talks about.
struct HomeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The folder that stands for the home, below which policies, ledger and socket lie. Default: $WRIT_HOME, "
                + "then yours.", valueName: "folder"),
        completion: .directory)
    var home: String?

    func resolve() throws -> WritHome {
        do {
            if let home { return try WritHome(home) }
            return try WritHome.ofEnvironment { name in getenv(name).map { String(cString: $0) } }
        } catch {
            throw ValidationError(error.description)
        }
    }
}

extension WritHome {
    /// The ledger's folder.
    var ledger: String { state + "/ledger" }
    /// A copy of the newest checkpoint, outside the ledger's folder.
    var ledgerAnchor: String { config + "/ledger.anchor" }
}

/// A command could not do its work: a message, and the next step.
struct CommandFault: Error, CustomStringConvertible {
    let message: String
    let hint: String?

    init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    var description: String {
        hint.map { "\(message)\n       \($0)" } ?? message
    }
}
