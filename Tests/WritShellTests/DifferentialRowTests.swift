// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore
import WritShell

/// Rows of agents, builds and the grammar under a real bash: every program that starts, and every file that its output
/// goes to, was predicted, or the prediction says openly what of it is not known.
///
/// Not compared is the environment that a program starts with: the analysis tells what dangerous variables do, and does
/// not list the others.
@Suite(.serialized, .enabled(if: BashOracle.isAvailable)) struct DifferentialRowTests {
    private static let home = "/home/ana"

    /// What does not hold on a row, and whether something of it was only said to be unknown.
    private static func compare(_ row: String) throws -> (faults: [String], isUnknown: Bool) {
        let words = Set(row.split { !($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }.map(String.init))
        let programs = DifferentialRows.programs.intersection(words)
        let ran = try BashOracle.run(row, programs: programs.sorted(), outputs: ["git": "abc1234", "seq": "1\n2\n3\n"])
        let context = ShellContext(workingDirectory: home, workspace: home, home: home, user: "writ")
        let analysis = ShellAnalyzer.analyze(row, in: context)
        let predicted = analysis.commands.map(\.text)
        let written = analysis.operations.filter { $0.kind == .fileWrite }
        var faults: [String] = []
        var isUnknown = analysis.operations.contains { $0.opaque == .computed || $0.opaque == .limit }
        for command in ran {
            let text = command.argv.joined(separator: " ")
            if predicted.contains(text) { continue }
            if predicted.contains(where: { covers($0, text) }) {
                isUnknown = true
            } else {
                faults.append("`\(text)` was not predicted: \(predicted)")
            }
        }
        for path in ran.flatMap({ [$0.output, $0.errors].compactMap { $0 } }) {
            let place = path.hasPrefix("~") ? home + path.dropFirst() : path
            let isForeseen = written.contains { $0.path == place || $0.isPattern && covers($0.path, place) }
            if !isForeseen { faults.append("a write to \(path) was not predicted: \(written.map(\.path))") }
        }
        return (faults.map { "\(row)\n  \($0)" }, isUnknown)
    }

    private static func covers(_ predicted: String, _ ran: String) -> Bool {
        guard predicted.contains("…") || predicted.contains("*") else { return false }
        var rest = Substring(ran)
        for piece in predicted.split(whereSeparator: { $0 == "…" || $0 == "*" }) {
            // A word that turns out empty takes its blank with it.
            let piece = String(piece).trimmingCharacters(in: .whitespaces)
            if piece.isEmpty { continue }
            guard let place = rest.range(of: piece) else { return false }
            rest = rest[place.upperBound...]
        }
        return true
    }

    @Test func `what programs start with and write to was predicted`() throws {
        var total = 0
        for (area, rows, limit) in [
            ("agent", DifferentialRows.agent, 10), ("build", DifferentialRows.build, 10),
            ("grammar", DifferentialRows.grammar, 10), ("spelling", DifferentialRows.spelling, 10),
        ] {
            var unknown: [String] = []
            var faults: [String] = []
            for row in rows {
                let result = try Self.compare(row)
                faults += result.faults
                if result.isUnknown { unknown.append(row) }
            }
            total += rows.count
            let share = Double(unknown.count) * 100 / Double(rows.count)
            print("\(area): \(rows.count) rows, \(faults.count) wrong, unknown on \(unknown.count) (\(share) %): \(unknown)")
            #expect(faults == [])
            #expect(unknown.count * 100 <= rows.count * limit, "\(area)")
        }
        total += EvaluatorDifferentialTests.scripts.count
        print("\(total) rows are compared with bash, those of the other suite included")
        #expect(total >= 300)
    }
}
