// SPDX-License-Identifier: Apache-2.0

/// Text in UTF-16 or UTF-32, seen as one byte a unit so that byte scanners read it.
struct WideText {
    /// ASCII units as they are; all others as 0xFF, which is in no credential.
    var narrow: [UInt8]
    /// Bytes a unit, and bytes before the first.
    var width: Int
    var offset: Int

    /// Recognises wide text by its byte order mark or by zeros in one place of every unit; nil for anything else.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 8, bytes.contains(0, upTo: 1024) else { return nil }
        let sample = min(bytes.count, 1024) & ~3
        var zeros = [0, 0, 0, 0]
        for i in 0..<sample where bytes[i] == 0 { zeros[i & 3] += 1 }
        let quarter = sample / 4
        let mostly = zeros.map { $0 * 10 >= quarter * 6 }
        let never = zeros.map { $0 * 10 <= quarter }
        // The place of a unit's low byte.
        let place: Int
        if mostly[1], mostly[2], mostly[3], never[0] {
            (width, place) = (4, 0)
        } else if mostly[0], mostly[1], mostly[2], never[3] {
            (width, place) = (4, 3)
        } else if mostly[1], mostly[3], never[0], never[2] {
            (width, place) = (2, 0)
        } else if mostly[0], mostly[2], never[1], never[3] {
            (width, place) = (2, 1)
        } else {
            return nil
        }
        offset = 0
        narrow = []
        narrow.reserveCapacity(bytes.count / width)
        var at = 0
        while at + width <= bytes.count {
            var isASCII = bytes[at + place] < 0x80
            for i in 0..<width where i != place && bytes[at + i] != 0 { isASCII = false }
            narrow.append(isASCII ? bytes[at + place] : 0xFF)
            at += width
        }
    }

    /// The bytes of the wide text that a range of units stands for.
    func original(_ range: Range<Int>) -> Range<Int> {
        offset + range.lowerBound * width..<offset + range.upperBound * width
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func contains(_ byte: UInt8, upTo limit: Int) -> Bool {
        var at = 0
        let end = Swift.min(limit, count)
        while at < end {
            if self[at] == byte { return true }
            at += 1
        }
        return false
    }
}
