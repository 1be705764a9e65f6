// SPDX-License-Identifier: Apache-2.0

extension UInt8 {
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }
    var isLower: Bool { self >= 0x61 && self <= 0x7A }
    var isUpper: Bool { self >= 0x41 && self <= 0x5A }
    var isLetter: Bool { (self | 0x20) >= 0x61 && (self | 0x20) <= 0x7A }
    var isAlphanumeric: Bool { isDigit || isLetter }
    /// Letter, digit or underscore.
    var isWord: Bool { isAlphanumeric || self == 0x5F }
    var isHexDigit: Bool { isDigit || ((self | 0x20) >= 0x61 && (self | 0x20) <= 0x66) }
    var isBlank: Bool { self == 0x20 || self == 0x09 }
    var isQuote: Bool { self == 0x22 || self == 0x27 || self == 0x60 }
    /// Either base64 alphabet, without padding.
    var isBase64: Bool {
        isAlphanumeric || self == UInt8(ascii: "+") || self == UInt8(ascii: "/") || self == UInt8(ascii: "-")
            || self == UInt8(ascii: "_")
    }
    var lowercased: UInt8 { isUpper ? self | 0x20 : self }
}

extension UnsafeRawBufferPointer {
    /// The byte there, or 0 outside: lets scanners look around a hit without bounds arithmetic.
    @inline(__always)
    func byte(_ index: Int) -> UInt8 {
        index >= 0 && index < count ? self[index] : 0
    }

    /// The bytes there are exactly these.
    func holds(_ text: StaticString, at index: Int) -> Bool {
        let length = text.utf8CodeUnitCount
        guard index >= 0, index <= count, length <= count - index else { return false }
        let other = text.utf8Start
        for i in 0..<length where self[index + i] != other[i] { return false }
        return true
    }

    /// A part, cut to what exists.
    func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        let low = Swift.min(Swift.max(0, range.lowerBound), count)
        let high = Swift.min(Swift.max(low, range.upperBound), count)
        return UnsafeRawBufferPointer(rebasing: self[low..<high])
    }
}

/// Turns offsets into line numbers, asked in ascending order.
struct LineCounter {
    private var at = 0
    private var line: Int

    init(firstLine: Int = 1) {
        line = firstLine
    }

    mutating func line(of offset: Int, in bytes: UnsafeRawBufferPointer) -> Int {
        let end = min(offset, bytes.count)
        while at < end {
            if bytes[at] == 0x0A { line += 1 }
            at += 1
        }
        return line
    }
}
