// SPDX-License-Identifier: Apache-2.0
import WritCore
import WritShell

/// SQL that a tool sends by itself, as operations on the database.
enum SQLReading {
    static func operations(of text: String) -> [Operation] {
        SQLStatements.classify(text).statements.flatMap(operations)
    }

    private static func operations(of statement: SQLStatements.Statement) -> [Operation] {
        func operation(_ kind: Operation.Kind, _ traits: Operation.Traits = []) -> Operation {
            Operation(kind, program: "sql", traits: traits, detail: statement.detail)
        }
        switch statement.effect {
        case .read: return []
        case .write: return [operation(.resourceWrite)]
        case .administer: return [operation(.resourceWrite, .wide)]
        case .writeAll: return [operation(.resourceDelete, .wide)]
        case .truncate, .drop: return [operation(.resourceDelete, .irreversible)]
        case .fileRead: return [Operation(.fileRead, path: statement.outside, detail: statement.detail)]
        case .fileWrite: return [Operation(.fileWrite, path: statement.outside, detail: statement.detail)]
        case .run: return ShellAnalyzer.analyze(statement.outside).operations
        case .unknown:
            return [Operation(.shellExec, program: "sql", opaque: .unparsable, detail: statement.detail)]
        }
    }
}
