// SPDX-License-Identifier: Apache-2.0
import Testing
import WritInspect
import WritTestSupport

@Suite struct LineDiffTests {
    private func added(_ before: String, _ after: String) -> [Int] {
        LineDiff.added(before: Array(before.utf8), after: Array(after.utf8)).ranges.flatMap { Array($0) }
    }

    @Test func `the lines that a change adds`() {
        let cases: [(String, String, [Int])] = [
            ("", "a\nb\n", [1, 2]), ("a\nb\n", "a\nb\n", []), ("a\nb\n", "a\nx\nb\n", [2]), ("a\nb\nc\n", "a\nc\n", []),
            ("a\n", "a\nb", [2]), ("a\nb", "a\nb\n", []), ("a\r\nb\r\n", "a\nb\n", []), ("a\nb\nc\n", "c\na\nb\n", [1]),
            ("}\n}\n", "}\nx\n}\n", [2]), ("a\nb\nc\nd\n", "a\nB\nc\nD\n", [2, 4]), ("a\n", "", []),
        ]
        for (before, after, expected) in cases { #expect(added(before, after) == expected, "\(before)→\(after)") }
    }

    @Test func `what is not added is a common subsequence, whatever the texts`() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<2_000 {
            let old = (0..<Int.random(in: 0...12, using: &random)).map { _ in "\(Int.random(in: 0...4, using: &random))" }
            let new = (0..<Int.random(in: 0...12, using: &random)).map { _ in "\(Int.random(in: 0...4, using: &random))" }
            let lines = Set(added(old.map { $0 + "\n" }.joined(), new.map { $0 + "\n" }.joined()))
            let kept = new.enumerated().filter { !lines.contains($0.offset + 1) }.map(\.element)
            var rest = old[...]
            for line in kept {
                guard let place = rest.firstIndex(of: line) else {
                    Issue.record("\(old) \(new): \(lines)")
                    break
                }
                rest = rest[(place + 1)...]
            }
            #expect(kept.count == longestCommon(old, new), "\(old) \(new)")
        }
    }

    /// The textbook table.
    private func longestCommon(_ a: [String], _ b: [String]) -> Int {
        var row = [Int](repeating: 0, count: b.count + 1)
        for x in a {
            var next = [0]
            for (j, y) in b.enumerated() { next.append(x == y ? row[j] + 1 : max(row[j + 1], next[j])) }
            row = next
        }
        return row[b.count]
    }

    @Test func `two texts with nothing in common cost linear time`() {
        let old = (0..<40_000).map { "old \($0)\n" }.joined()
        let new = (0..<40_000).map { "new \($0)\n" }.joined() + "old 7\n"
        let start = ContinuousClock.now
        #expect(LineDiff.added(before: Array(old.utf8), after: Array(new.utf8)).count == 40_000)
        #expect(ContinuousClock.now - start < .seconds(20))
    }
}
