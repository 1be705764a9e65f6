// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Why a table of rules was refused.
public struct RuleTableFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// The table's name.
    public let table: String
    /// 1-based.
    public let line: Int
    /// One line, lower case, no full stop.
    public let message: String

    /// `table:line: message`.
    public var description: String { "\(table):\(line): \(message)" }
}

extension Outline {
    /// The lines of a table of rules.
    static func nodes(of table: [UInt8], named name: String) throws(RuleTableFault) -> [Node] {
        do {
            return try Outline(parsing: table).nodes
        } catch {
            throw RuleTableFault(table: name, line: error.line, message: error.message)
        }
    }
}
