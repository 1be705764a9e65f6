// SPDX-License-Identifier: Apache-2.0
public import WritCore

extension PolicyDocument {
    /// What a call of a test must come to. What is not stated is not looked at.
    public struct Expectation: Sendable, Hashable {
        /// Nil only where the rows of a table say it.
        public var decision: Verdict?
        /// Rules that must be among the reasons of the verdict.
        public var by: [String]?
        public var obligations: [String]?
        public var gate: String?

        /// This expectation, with what another states in its place.
        func with(_ other: Expectation) -> Expectation {
            Expectation(
                decision: other.decision ?? decision, by: other.by ?? by,
                obligations: other.obligations ?? obligations, gate: other.gate ?? gate)
        }
    }

    /// A call with the decision that it must get, or a table of such calls.
    public struct Test: Sendable, Hashable {
        public var name: String
        public var mark: SourceMark
        /// What every call of the test has in common.
        public var given: YAMLNode
        /// What every call of the test must come to.
        public var expect: Expectation
        public var table: Table?

        /// The number of calls.
        public var count: Int { table?.rows.count ?? 1 }
    }

    /// Calls of a test that differ in a few values: a column for each value, a row for each call.
    public struct Table: Sendable, Hashable {
        /// What the cells of a column say.
        public enum Column: Sendable, Hashable {
            /// What the row is called in messages.
            case name
            /// A value of the call: the keys that lead to it in `given`.
            case given([String])
            /// A key of `expect`.
            case expect(String)
        }

        public struct Row: Sendable, Hashable {
            public var mark: SourceMark
            /// One for each column; `~` leaves what the test says for all rows.
            public var cells: [YAMLNode]
            /// What the row states itself.
            public var expect: Expectation
        }

        public var columns: [Column]
        /// The columns as they are written.
        public var names: [Marked<String>]
        public var rows: [Row]
    }
}

extension PolicyDocument.Table {
    /// `given` with the values of a row in their places.
    func given(_ row: Row, in common: YAMLNode) -> YAMLNode {
        var given = common
        for (column, cell) in zip(columns, row.cells) {
            guard case .given(let path) = column, cell.content != .null else { continue }
            given = given.setting(path[...], to: cell)
        }
        return given
    }

    /// What a row is called: by the column `name`, or by what it gives.
    func title(of row: Int) -> String {
        guard rows.indices.contains(row) else { return "" }
        let cells = zip(columns, rows[row].cells)
        var shown: [String] = []
        for (column, cell) in cells where cell.content != .null {
            switch column {
            case .name: return "row \(row + 1) (\(Self.shown(cell)))"
            case .given: shown.append(Self.shown(cell))
            case .expect: break
            }
        }
        let text = shown.joined(separator: ", ")
        return text.isEmpty ? "row \(row + 1)" : "row \(row + 1) (\(Self.short(text)))"
    }

    private static func shown(_ cell: YAMLNode) -> String {
        short(cell.members == nil && cell.elements == nil ? cell.string ?? cell.text : cell.json.text)
    }

    private static func short(_ text: String) -> String {
        text.unicodeScalars.count <= 80 ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(79))) + "…"
    }
}

extension YAMLNode {
    /// This node with a value at the end of a path of keys; what is missing on the way is made.
    fileprivate func setting(_ path: ArraySlice<String>, to value: YAMLNode) -> YAMLNode {
        guard let key = path.first else { return value }
        var node = self
        var members = members ?? []
        let rest = path.dropFirst()
        if let place = members.firstIndex(where: { $0.key == key }) {
            members[place].value = members[place].value.setting(rest, to: value)
        } else {
            let inner = YAMLNode(.mapping([]), mark: value.mark).setting(rest, to: value)
            members.append(Member(key: key, keyMark: value.mark, value: inner))
        }
        node.content = .mapping(members)
        return node
    }

    /// The value at the end of a path of keys.
    func value(at path: [String]) -> YAMLNode? {
        var node: YAMLNode? = self
        for key in path { node = node?[key] }
        return node
    }
}

extension DocumentReader {
    /// Reads a test. Its rows are put together with `given` only when the test runs: loading a policy does not pay for
    /// its tests.
    func test(_ fields: Fields) -> PolicyDocument.Test? {
        let isTable = fields.has("columns") || fields.has("rows")
        guard let name = fields.string("name") else { return nil }
        for key in ["given", "expect"] where !fields.has(key) && !isTable {
            diagnostics.error(.missingKey, "a test needs the key `\(key)`", at: fields.mark)
        }
        let given = fields.node("given") ?? YAMLNode(.mapping([]), mark: fields.mark)
        if given.members == nil { fields.wrong("given", "a mapping", given) }
        var expect = PolicyDocument.Expectation()
        if let node = fields.node("expect") {
            expect = expectation(Fields(node, PolicySchema.expectation, diagnostics))
            if !isTable, node["decision"] == nil {
                diagnostics.error(.missingKey, "`expect` needs the key `decision`", at: node.mark)
            }
        }
        var test = PolicyDocument.Test(name: name, mark: fields.mark, given: given, expect: expect)
        if isTable {
            guard let table = table(fields, given: given, expect: expect) else { return nil }
            test.table = table
        } else if expect.decision == nil {
            return nil
        }
        return test
    }

    private func expectation(_ fields: Fields) -> PolicyDocument.Expectation {
        .init(
            decision: fields.verdict("decision"), by: fields.strings("by")?.map(\.value),
            obligations: fields.strings("obligations")?.map(\.value), gate: fields.string("gate"))
    }

    private static let maximumColumns = 32

    private func table(
        _ fields: Fields, given: YAMLNode, expect: PolicyDocument.Expectation
    ) -> PolicyDocument.Table? {
        for key in ["columns", "rows"] where !fields.has(key) {
            diagnostics.error(.missingKey, "a test with a table needs the key `\(key)`", at: fields.mark)
        }
        guard let names = fields.strings("columns"), fields.has("rows") else { return nil }
        guard names.count <= Self.maximumColumns else {
            diagnostics.error(
                .tooMany, "`columns` has \(names.count) entries (at most \(Self.maximumColumns))",
                at: names[Self.maximumColumns].mark)
            return nil
        }
        let columns = names.compactMap { column($0, given) }
        guard columns.count == names.count, !areInEachOther(columns, names) else { return nil }
        var rows: [PolicyDocument.Table.Row] = []
        for (number, node) in fields.elements("rows").enumerated() {
            guard let cells = node.elements else {
                diagnostics.error(.wrongType, "row \(number + 1) must be a list, not \(node.typeName)", at: node.mark)
                continue
            }
            guard cells.count == columns.count else {
                diagnostics.error(
                    .wrongType, "row \(number + 1) has \(cells.count) cells for \(columns.count) columns",
                    at: node.mark, hint: "`~` stands for a cell that says nothing")
                continue
            }
            let stated = zip(columns, cells).compactMap { column, cell -> YAMLNode.Member? in
                guard case .expect(let key) = column, cell.content != .null else { return nil }
                return YAMLNode.Member(key: key, keyMark: cell.mark, value: cell)
            }
            let own = expectation(
                Fields(YAMLNode(.mapping(stated), mark: node.mark), PolicySchema.expectation, diagnostics))
            if expect.decision == nil, own.decision == nil, !stated.contains(where: { $0.key == "decision" }) {
                diagnostics.error(
                    .missingKey, "row \(number + 1) does not say the `decision`, and nor does `expect`", at: node.mark)
            }
            rows.append(.init(mark: node.mark, cells: cells, expect: own))
        }
        return .init(columns: columns, names: names, rows: rows)
    }

    private func column(_ name: Marked<String>, _ given: YAMLNode) -> PolicyDocument.Table.Column? {
        let expected = PolicySchema.expectation.keys.map(\.name)
        if name.value == "name" { return .name }
        if expected.contains(name.value) { return .expect(name.value) }
        let path = name.value.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard let first = path.first, GivenReader.keys.contains(first), !path.contains(""), path.count <= 8 else {
            let near =
                path.contains("")
                ? nil : Suggestion.nearest(to: path.first ?? "", in: GivenReader.keys + expected + ["name"])
            diagnostics.error(
                .unknownValue, "there is no column \(quoted(name.value))", at: name.mark,
                hint: near.map { "did you mean `\(([$0] + path.dropFirst()).joined(separator: "."))`?" }
                    ?? "a path into `given` such as `op.path`, a key of `expect`, or `name`")
            return nil
        }
        for end in path.indices.dropFirst() {
            let outer = Array(path[..<end])
            if let node = given.value(at: outer), node.members == nil {
                diagnostics.error(
                    .conflictingKeys,
                    "the column \(quoted(name.value)) lies in `\(outer.joined(separator: "."))`, which is "
                        + "\(node.typeName) in `given`", at: name.mark)
                return nil
            }
        }
        return .given(path)
    }

    /// Two columns for one value, or one for a part of another's value: a cell would undo the other.
    private func areInEachOther(_ columns: [PolicyDocument.Table.Column], _ names: [Marked<String>]) -> Bool {
        func path(_ column: PolicyDocument.Table.Column) -> [String] {
            switch column {
            case .name: ["name"]
            case .given(let path): ["given"] + path
            case .expect(let key): ["expect", key]
            }
        }
        for (index, column) in columns.enumerated() {
            let own = path(column)
            for (before, other) in zip(names, columns).prefix(index).map({ ($0, path($1)) }) {
                guard own.starts(with: other) || other.starts(with: own) else { continue }
                diagnostics.error(
                    .conflictingKeys,
                    own == other
                        ? "there are two columns \(quoted(names[index].value))"
                        : "the columns \(quoted(before.value)) and \(quoted(names[index].value)) lie in each other",
                    at: names[index].mark)
                return true
            }
        }
        return false
    }
}
