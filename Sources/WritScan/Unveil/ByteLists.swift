// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Texts that are written as lists of byte values: `49 67 6e`, `0x49, 0x67`, `73, 103, 110`, `01001001 01100111`.
enum ByteLists {
    /// Values of the shortest list that is read.
    static let shortest = 16

    private enum Base { case hexadecimal, decimal, binary }

    /// Calls `body` with each list that is printable text, and where it stands. Each byte is looked at twice at most.
    static func read(
        _ bytes: UnsafeRawBufferPointer, room: Int, _ body: (_ text: [UInt8], _ start: Int, _ end: Int) -> Void
    ) {
        var at = 0
        while at < bytes.count {
            guard bytes[at].isHexDigit, at == 0 || !bytes[at - 1].isWord else {
                at += 1
                continue
            }
            guard let base = base(bytes, at) else {
                while at < bytes.count, bytes[at].isWord { at += 1 }
                continue
            }
            var text: [UInt8] = []
            let start = at
            var end = at
            while text.count < room, let (value, next) = value(bytes, at, base) {
                text.append(value)
                end = next
                at = next
                var gap = 0
                while gap < 4, at < bytes.count, isGap(bytes[at]) {
                    at += 1
                    gap += 1
                }
                if gap == 0 { break }
            }
            if text.count >= shortest { body(text, start, end) }
            at = max(at, end, start + 1)
        }
    }

    private static func isGap(_ byte: UInt8) -> Bool {
        byte.isBlank || byte == 0x0A || byte == 0x0D || byte == UInt8(ascii: ",") || byte == UInt8(ascii: ":")
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ";")
    }

    /// How the first value is written, told from its length and the next one's.
    private static func base(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Base? {
        if bytes.holds("0x", at: at) || bytes.holds("0X", at: at) { return .hexadecimal }
        var end = at
        var isDecimal = true
        while end < bytes.count, end - at < 9, bytes[end].isHexDigit {
            isDecimal = isDecimal && bytes[end].isDigit
            end += 1
        }
        switch end - at {
        case 8: return isDecimal ? .binary : nil
        case 3: return isDecimal ? .decimal : nil
        case 2:
            guard isDecimal else { return .hexadecimal }
            // Two digits are both: the list's first values that are not decide, as far as 16 of them go.
            var letters = false
            var long = false
            var look = at
            var run = 0
            while look < bytes.count, look - at < 64 {
                if bytes[look].isWord {
                    letters = letters || !bytes[look].isDigit
                    run += 1
                    long = long || run == 3
                } else {
                    guard isGap(bytes[look]) else { break }
                    run = 0
                }
                look += 1
            }
            return long && !letters ? .decimal : .hexadecimal
        default: return nil
        }
    }

    private static func value(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ base: Base) -> (UInt8, Int)? {
        var from = at
        if base == .hexadecimal, bytes.holds("0x", at: at) || bytes.holds("0X", at: at) { from += 2 }
        var end = from
        var value = 0
        let radix = base == .hexadecimal ? 16 : base == .decimal ? 10 : 2
        let most = base == .hexadecimal ? 2 : base == .decimal ? 3 : 8
        while end - from < most, let digit = Hex.value(bytes.byte(end)), digit < radix {
            value = value * radix + Int(digit)
            end += 1
        }
        let isWhole = base == .decimal ? end > from : end - from == most
        guard isWhole, value < 256, !bytes.byte(end).isWord else { return nil }
        return (UInt8(value), end)
    }
}

/// Base32 (RFC 4648), which has no small letters.
enum Base32 {
    static let shortest = 32

    /// The bytes; nil when there are other letters, or the first of them are no text.
    static func decode(_ bytes: UnsafeRawBufferPointer, room: Int) -> [UInt8]? {
        var out: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        var hasDigit = false
        for byte in bytes {
            let value: UInt32
            switch byte {
            case 0x41...0x5A: value = UInt32(byte - 0x41)
            case 0x32...0x37:
                value = UInt32(byte - 0x32 + 26)
                hasDigit = true
            default: return nil
            }
            bits = bits << 5 | value
            count += 5
            if count >= 8 {
                count -= 8
                guard out.count < room else { return nil }
                out.append(UInt8(truncatingIfNeeded: bits >> count))
                bits &= (1 << count) - 1
                if out.count == 12, !EncodedText.mayBeText(out) { return nil }
            }
        }
        return hasDigit ? out : nil
    }
}

/// Encoded text that goes on over several lines.
enum WrappedLines {
    /// Where the lines end that go on with a run that ends at `end`: each after it holds nothing but such a run, perhaps
    /// behind blanks or the sign of a quotation or a comment.
    ///
    /// - Returns: `end` when the line has more behind the run, or the next line is none of them.
    static func end(_ bytes: UnsafeRawBufferPointer, from end: Int) -> Int {
        var last = end
        var at = end
        while true {
            if bytes.byte(at) == 0x0D { at += 1 }
            guard at < bytes.count, bytes[at] == 0x0A else { return last }
            at += 1
            let line = at
            while at < bytes.count, at - line < 16, isLead(bytes[at]) { at += 1 }
            let start = at
            while at < bytes.count, bytes[at].isBase64 { at += 1 }
            guard at - start >= 4 else { return last }
            let run = at
            while at < bytes.count, at - run < 2, bytes[at] == UInt8(ascii: "=") { at += 1 }
            guard at == bytes.count || bytes[at] == 0x0A || bytes[at] == 0x0D else { return last }
            last = at
            if at > run { return last }
        }
    }

    private static func isLead(_ byte: UInt8) -> Bool {
        byte.isBlank || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "#") || byte == UInt8(ascii: "*")
    }
}
