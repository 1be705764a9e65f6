// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritScan

/// Recall and false alarms on the labelled rows beside the checkout, which are not part of the project.
///
/// A debug build looks at every third row of each collection; a release build at all of them.
@Suite struct CodeMeasuredTests {
    struct Tally {
        var bad = 0
        var badFound = 0
        var ok = 0
        var okFlagged = 0
    }

    #if DEBUG
    static let step = 3
    #else
    static let step = 1
    #endif

    @Test func `recall and false alarms on labelled rows stay within the bars`() throws {
        guard let folder = LabelledRows.folder("code") else {
            print("SKIPPED: no labelled rows at ../shared/data/code; recall and false alarms were not measured")
            return
        }
        let detector = try CodeFixture.detector()
        func each(_ name: String, _ body: (JSON, [Finding]) -> Void) throws {
            for (i, line) in try LabelledRows.lines("\(folder)/\(name).jsonl").enumerated() where i.isMultiple(of: Self.step) {
                let row = try JSON(parsing: line)
                let request = ScanRequest(row["code"]?.string ?? "", language: row["language"]?.string)
                body(row, try detector.findings(in: request, ScanContext(key: .random())))
            }
        }

        var instruct: [String: (rows: Int, flagged: Int, right: Int)] = [:]
        try each("cyberseceval-instruct") { row, found in
            var tally = instruct[row["language"]?.string ?? ""] ?? (0, 0, 0)
            tally.rows += 1
            tally.flagged += found.isEmpty ? 0 : 1
            tally.right += found.contains { $0.cwe == row["cwe"]?.string } ? 1 : 0
            instruct[row["language"]?.string ?? ""] = tally
        }
        var rules: [String: Tally] = [:]
        try each("semgrep-rules-tests") { row, found in
            let hit = Set(found.map(\.line))
            func near(_ line: Int) -> Bool { (0...2).contains { hit.contains(line + $0) } }
            func lines(_ key: String) -> [Int] {
                (row[key]?.array ?? []).compactMap { Self.number($0) ?? $0.array?.first.flatMap(Self.number) }
            }
            var tally = rules[row["language"]?.string ?? ""] ?? Tally()
            tally.bad += lines("bad_lines").count
            tally.badFound += lines("bad_lines").count(where: near)
            tally.ok += lines("ok_lines").count
            tally.okFlagged += lines("ok_lines").count(where: near)
            rules[row["language"]?.string ?? ""] = tally
        }
        var files = 0
        var flagged = 0
        var high = 0
        var lines = 0
        try each("mature-code") { row, found in
            files += 1
            flagged += found.isEmpty ? 0 : 1
            high += found.count { $0.severity >= .high }
            lines += (row["code"]?.string ?? "").utf8.count { $0 == 0x0A } + 1
        }

        let rows = instruct.values.reduce(0) { $0 + $1.rows }
        let rate = Double(instruct.values.reduce(0) { $0 + $1.flagged }) / Double(max(1, rows))
        let right = Double(instruct.values.reduce(0) { $0 + $1.right }) / Double(max(1, rows))
        let all = rules.values.reduce(into: Tally()) {
            $0.bad += $1.bad
            $0.badFound += $1.badFound
            $0.ok += $1.ok
            $0.okFlagged += $1.okFlagged
        }
        for (language, tally) in instruct.sorted(by: { $0.key < $1.key }) {
            print("code instruct \(language): flagged \(tally.flagged)/\(tally.rows), right weakness \(tally.right)")
        }
        for (language, tally) in rules.sorted(by: { $0.value.bad > $1.value.bad }) {
            print("code rules \(language): bad \(tally.badFound)/\(tally.bad), ok flagged \(tally.okFlagged)/\(tally.ok)")
        }
        let density = 1_000 * Double(high) / Double(max(1, lines))
        print("code: flagged \(rate), right weakness \(right), bad lines \(all.badFound)/\(all.bad), ok lines \(all.okFlagged)/\(all.ok)")
        print("code mature: files \(flagged)/\(files), high findings per 1000 lines \(density)")
        #expect(rate >= 0.60)
        #expect(right >= 0.50)
        #expect(Double(all.badFound) >= 0.50 * Double(all.bad))
        #expect(Double(flagged) <= 0.15 * Double(files))
        #expect(density <= 0.2 || Self.step > 1)
        // A third of the rows is a small sample.
        #expect(Double(all.okFlagged) <= (Self.step > 1 ? 0.07 : 0.05) * Double(all.ok))
    }

    private static func number(_ value: JSON) -> Int? {
        value.integer.flatMap { Int(exactly: $0) }
    }
}
