// SPDX-License-Identifier: Apache-2.0
import WritCore

/// SQL that a client gets: statements become operations on the database, and on what they reach outside it.
extension Evaluator {
    func noteSQL(_ code: Value, _ state: ShellState) {
        let text = code.literalText ?? code.display
        if !code.isKnown, code.taints.isEmpty, code.knownPrefix.isEmpty {
            note(Operation(.resourceWrite, opaque: .computed, detail: "sql that is computed"))
            return
        }
        for statement in SQLStatements.classify(text).statements.prefix(50) {
            var operation = Operation(
                .resourceWrite, method: statement.effect.rawValue, detail: statement.detail, taints: code.taints)
            switch statement.effect {
            case .read: continue
            case .write: break
            case .administer: operation.traits = .loosens
            case .writeAll, .truncate, .drop:
                operation.kind = .resourceDelete
                operation.traits = statement.effect == .writeAll ? [.irreversible, .wide] : .irreversible
            case .fileRead:
                noteRead(Value(statement.outside), state, wantsContent: false)
                continue
            case .fileWrite:
                noteWrite(Value(statement.outside), appends: false, state)
                continue
            case .run:
                var inner = state
                runCode(
                    statement.outside.isEmpty ? .unknown(.output) : Value(statement.outside), language: "sh",
                    name: Value("sh"),
                    arguments: [], &inner, Streams())
                continue
            case .unknown:
                operation.opaque = code.isKnown ? nil : .computed
            }
            note(operation)
        }
    }
}
