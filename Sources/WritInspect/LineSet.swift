// SPDX-License-Identifier: Apache-2.0

/// Line numbers, 1-based, as ascending ranges.
public struct LineSet: Sendable, Hashable {
    /// Ascending, not touching.
    public private(set) var ranges: [Range<Int>] = []

    /// An empty set.
    public init() {}

    /// The lines of these numbers, given in any order.
    public init(_ lines: some Sequence<Int>) {
        for line in lines.sorted() { append(line) }
    }

    /// Adds a line that is not below the last one.
    public mutating func append(_ line: Int) {
        if let last = ranges.last {
            if last.contains(line) { return }
            if last.upperBound == line {
                ranges[ranges.count - 1] = last.lowerBound..<line + 1
                return
            }
        }
        ranges.append(line..<line + 1)
    }

    /// How many lines there are.
    public var count: Int { ranges.reduce(0) { $0 + $1.count } }

    public var isEmpty: Bool { ranges.isEmpty }

    /// The line is in the set. Logarithmic.
    public func contains(_ line: Int) -> Bool {
        overlaps(line...line)
    }

    /// Some line of the range is in the set. Logarithmic.
    public func overlaps(_ lines: ClosedRange<Int>) -> Bool {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound <= lines.lowerBound { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].lowerBound <= lines.upperBound
    }

    /// The lines that both sets hold.
    public func intersection(_ other: LineSet) -> LineSet {
        var result = LineSet()
        var (a, b) = (0, 0)
        while a < ranges.count, b < other.ranges.count {
            let low = max(ranges[a].lowerBound, other.ranges[b].lowerBound)
            let high = min(ranges[a].upperBound, other.ranges[b].upperBound)
            if low < high { result.ranges.append(low..<high) }
            if ranges[a].upperBound < other.ranges[b].upperBound { a += 1 } else { b += 1 }
        }
        return result
    }
}
