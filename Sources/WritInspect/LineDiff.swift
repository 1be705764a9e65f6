// SPDX-License-Identifier: Apache-2.0

/// Which lines a change adds.
public enum LineDiff {
    /// Steps of the exact comparison; above it, lines are counted instead.
    static let stepLimit = 1_000

    /// The lines of `after` that are not in `before` at their place, 1-based.
    ///
    /// The shortest edit script (Myers 1986) while it has at most ``stepLimit`` steps. Beyond, a line of the changed
    /// part is added when it stands there more often than before, so time stays linear.
    public static func added(before: [UInt8], after: [UInt8]) -> LineSet {
        let (old, new) = ids(before, after)
        var start = 0
        while start < old.count, start < new.count, old[start] == new[start] { start += 1 }
        var tail = 0
        while tail < old.count - start, tail < new.count - start,
            old[old.count - 1 - tail] == new[new.count - 1 - tail]
        { tail += 1 }
        let a = old[start..<old.count - tail]
        let b = new[start..<new.count - tail]
        if b.isEmpty { return LineSet() }
        if a.isEmpty { return LineSet((start + 1)..<(new.count - tail + 1)) }
        return LineSet((shortest(Array(a), Array(b)) ?? counted(a, b)).map { $0 + start + 1 })
    }

    /// The text of these lines, each with a line break.
    public static func text(of lines: LineSet, in content: [UInt8]) -> (text: [UInt8], numbers: [Int]) {
        let index = LineIndex(content)
        var text: [UInt8] = []
        var numbers: [Int] = []
        for range in lines.ranges {
            for line in range {
                guard let place = index.range(ofLine: line) else { continue }
                text += content[place]
                text.append(0x0A)
                numbers.append(line)
            }
        }
        return (text, numbers)
    }

    /// One number a different line. A missing line break at the end makes no difference.
    private static func ids(_ before: [UInt8], _ after: [UInt8]) -> ([Int32], [Int32]) {
        var known: [ArraySlice<UInt8>: Int32] = [:]
        func read(_ text: [UInt8]) -> [Int32] {
            var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
            if lines.last?.isEmpty == true { lines.removeLast() }
            return lines.map { line in
                let line = line.last == 0x0D ? line.dropLast() : line
                if let id = known[line] { return id }
                let id = Int32(truncatingIfNeeded: known.count)
                known[line] = id
                return id
            }
        }
        return (read(before), read(after))
    }

    /// Indices of `b` that the shortest edit script inserts; nil when it is longer than the limit.
    private static func shortest(_ a: [Int32], _ b: [Int32]) -> [Int]? {
        let most = min(a.count + b.count, stepLimit)
        let middle = most + 1
        var furthest = [Int](repeating: 0, count: 2 * most + 3)
        var trace: [[Int]] = []
        for steps in 0...most {
            trace.append(Array(furthest[(middle - steps - 1)...(middle + steps + 1)]))
            for k in stride(from: -steps, through: steps, by: 2) {
                var x: Int
                if k == -steps || k != steps && furthest[middle + k - 1] < furthest[middle + k + 1] {
                    x = furthest[middle + k + 1]
                } else {
                    x = furthest[middle + k - 1] + 1
                }
                var y = x - k
                while x < a.count, y < b.count, x >= 0, y >= 0, a[x] == b[y] {
                    x += 1
                    y += 1
                }
                furthest[middle + k] = x
                if x >= a.count, y >= b.count { return walk(trace, a.count, b.count) }
            }
        }
        return nil
    }

    private static func walk(_ trace: [[Int]], _ aCount: Int, _ bCount: Int) -> [Int] {
        var inserted: [Int] = []
        var (x, y) = (aCount, bCount)
        for steps in stride(from: trace.count - 1, through: 1, by: -1) {
            let row = trace[steps]
            func at(_ k: Int) -> Int { row[k + steps + 1] }
            let k = x - y
            let down = k == -steps || k != steps && at(k - 1) < at(k + 1)
            let before = down ? k + 1 : k - 1
            let (beforeX, beforeY) = (at(before), at(before) - before)
            if down { inserted.append(beforeY) }
            (x, y) = (beforeX, beforeY)
        }
        return inserted.reversed()
    }

    private static func counted(_ a: ArraySlice<Int32>, _ b: ArraySlice<Int32>) -> [Int] {
        var counts: [Int32: Int] = [:]
        for id in a { counts[id, default: 0] += 1 }
        var inserted: [Int] = []
        for (index, id) in b.enumerated() {
            if let count = counts[id], count > 0 { counts[id] = count - 1 } else { inserted.append(index) }
        }
        return inserted
    }
}
