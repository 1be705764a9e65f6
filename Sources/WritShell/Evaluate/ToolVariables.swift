// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Variables that by convention hold a program: `MAKE`, `PYTHON`, `CC`. The lines `program` of `shell/variables.table`.
enum ToolVariables {
    private static let programs: [String: String] = {
        var found: [String: String] = [:]
        for node in EmbeddedTable.nodes("shell/variables.table") where node.keyword == "program" {
            let words = node.value.split(separator: " ")
            guard let program = words.first else { continue }
            for word in words.dropFirst() { found[String(word)] = String(program) }
        }
        return found
    }()

    /// The program that a variable is known to hold when nobody has set it.
    static func program(of variable: String) -> String? {
        programs[variable]
    }
}
