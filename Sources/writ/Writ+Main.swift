// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension Writ {
    /// Runs the command line and ends with its exit code, which means the same for every command.
    ///
    /// 0: done. 1: done, and the answer is no: a test failed, a call would not be allowed, something is not sound.
    /// 2: it could not be done: arguments that make no sense, a file that cannot be read or does not load, no ledger. A
    /// check that did not take place must not look like one that found something, nor like one that found nothing.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            guard !(error is ExitCode), !exitCode(for: error).isSuccess else { exit(withError: error) }
            Terminal.endProgress()
            // Found while running, where the parser no longer knows which command's usage would help.
            let isLate = error is ValidationError
            Terminal.write((isLate ? "Error: \(message(for: error))" : fullMessage(for: error)) + "\n", to: 2)
            exitProcess(2)
        }
    }

    private static func exitProcess(_ code: Int32) -> Never {
        #if canImport(Glibc)
        Glibc.exit(code)
        #else
        Darwin.exit(code)
        #endif
    }
}
