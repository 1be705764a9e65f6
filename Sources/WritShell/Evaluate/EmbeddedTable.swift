// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritResources

/// The evaluator's own tables.
enum EmbeddedTable {
    /// The lines of a table that is part of the program.
    static func nodes(_ name: String) -> [Outline.Node] {
        guard let resource = Resource.named(name) else {
            preconditionFailure("the table \(name) is not embedded")
        }
        do {
            return try Outline(parsing: Array(resource.bytes)).nodes
        } catch {
            // Invariant: the tables are data of this program, and its tests read every one of them.
            preconditionFailure("the table \(name) is malformed: \(error)")
        }
    }
}
