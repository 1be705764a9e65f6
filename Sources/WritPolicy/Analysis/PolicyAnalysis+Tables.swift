// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Tables of tests that test less than they seem to.
extension PolicyAnalysis {
    /// Linear in the cells of the table.
    mutating func table(of test: PolicyDocument.Test, _ document: PolicyDocument, _ layer: PolicyLayer) {
        guard let table = test.table else { return }
        let title = "the table of the test \(quoted(test.name))"
        guard !table.rows.isEmpty else {
            return section(
                .withoutEffect, document, layer, "tests", "\(title) has no rows, so it tests nothing", at: test.mark)
        }
        for (index, column) in table.columns.enumerated() {
            let name = table.names[index]
            let isStated = table.rows.map { $0.cells[index].content != .null }
            if !isStated.contains(true) {
                section(
                    .withoutEffect, document, layer, "tests",
                    "the column \(quoted(name.value)) of \(title) says nothing in any row", at: name.mark)
            }
            if !isStated.contains(false), let key = common(column, test) {
                section(
                    .withoutEffect, document, layer, "tests",
                    "what `\(key)` says of \(quoted(name.value)) in the test \(quoted(test.name)) is replaced in every row",
                    at: name.mark)
            }
        }
        repeats(table, title, document, layer)
    }

    /// The key of a test that says for all rows what a column says for each.
    private func common(_ column: PolicyDocument.Table.Column, _ test: PolicyDocument.Test) -> String? {
        switch column {
        case .name: return nil
        case .given(let path): return test.given.value(at: path) == nil ? nil : "given"
        case .expect(let key):
            let isStated =
                switch key {
                case "decision": test.expect.decision != nil
                case "by": test.expect.by != nil
                case "obligations": test.expect.obligations != nil
                default: test.expect.gate != nil
                }
            return isStated ? "expect" : nil
        }
    }

    private mutating func repeats(
        _ table: PolicyDocument.Table, _ title: String, _ document: PolicyDocument, _ layer: PolicyLayer
    ) {
        var seen: [String: Int] = [:]
        for (number, row) in table.rows.enumerated() {
            // The text of a cell tells `'1'` from `1`; places play no part in it.
            let call = zip(table.columns, row.cells).map { column, cell in
                if case .given = column { cell.json.text } else { "" }
            }.joined(separator: "\u{0}")
            guard let first = seen.updateValue(number, forKey: call) else { continue }
            seen[call] = first
            let same = table.rows[first].expect.decision == row.expect.decision
            section(
                .withoutEffect, document, layer, "tests",
                same
                    ? "row \(number + 1) of \(title) repeats the call of row \(first + 1)"
                    : "row \(number + 1) of \(title) is the call of row \(first + 1) with another decision: one of them fails",
                at: row.mark)
        }
    }
}
