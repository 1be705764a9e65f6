// SPDX-License-Identifier: Apache-2.0
import Foundation
import WritPolicy

/// Policy files named on a command line.
enum PolicyArguments {
    /// Reads a file.
    static func source(_ path: String) throws -> PolicyLayer.Source {
        do {
            return PolicyLayer.Source(file: path, bytes: Array(try Data(contentsOf: URL(fileURLWithPath: path))))
        } catch {
            throw CommandFault("\(path): cannot be read", hint: "check the path and its permissions")
        }
    }

    /// Turns the faults of policies into one message with all of them.
    static func explained<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let faults as PolicyErrors {
            throw CommandFault(faults.errors.map(\.description).joined(separator: "\n"))
        }
    }
}
