// SPDX-License-Identifier: Apache-2.0

/// Where the lines of some text begin.
public struct LineIndex: Sendable {
    private let starts: [Int]
    private let count: Int
    private let firstLine: Int

    /// Indexes the text. Linear.
    public init(_ bytes: [UInt8], firstLine: Int = 1) {
        var starts = [0]
        bytes.withUnsafeBytes { bytes in
            for at in 0..<bytes.count where bytes[at] == 0x0A { starts.append(at + 1) }
        }
        self.starts = starts
        self.firstLine = firstLine
        count = bytes.count
    }

    /// The line of an offset. Logarithmic.
    public func line(of offset: Int) -> Int {
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle } else { high = middle }
        }
        return low + firstLine
    }

    /// The bytes of a line without its line break; nil for one that is not there.
    public func range(ofLine line: Int) -> Range<Int>? {
        let index = line - firstLine
        guard index >= 0, index < starts.count else { return nil }
        let end = index + 1 < starts.count ? starts[index + 1] - 1 : count
        return starts[index]..<max(starts[index], end)
    }

    /// Line breaks in a part of some text.
    static func count(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
        bytes.withUnsafeBytes { bytes in
            var found = 0
            for at in range where bytes[at] == 0x0A { found += 1 }
            return found
        }
    }
}
