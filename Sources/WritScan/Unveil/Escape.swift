// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// One character that is written as a code: in addresses, mail, strings of code and HTML.
struct Escape {
    /// A byte, or a scalar; 0 for one that stands for nothing.
    var value: UInt32
    /// Bytes that the escape takes.
    var length: Int
    /// The value is a byte of UTF-8.
    var isByte = false

    /// Reads the escape that begins there; nil for anything else.
    init?(_ bytes: UnsafeRawBufferPointer, _ at: Int) {
        func hex(_ from: Int, _ count: Int) -> UInt32? {
            var value: UInt32 = 0
            for i in 0..<count {
                guard let digit = Hex.value(bytes.byte(from + i)) else { return nil }
                value = value << 4 | UInt32(digit)
            }
            return value
        }
        let next = bytes.byte(at + 1)
        switch bytes[at] {
        case UInt8(ascii: "%"):
            guard let byte = hex(at + 1, 2) else { return nil }
            self.init(value: byte, length: 3, isByte: true)
        case UInt8(ascii: "="):
            // Quoted-printable (RFC 2045, 6.7): a byte in capitals, or a line's end that does not count.
            if next == 0x0A || (next == 0x0D && bytes.byte(at + 2) == 0x0A) {
                self.init(value: 0, length: next == 0x0A ? 2 : 3)
                return
            }
            guard !next.isLower, !bytes.byte(at + 2).isLower, let byte = hex(at + 1, 2) else { return nil }
            self.init(value: byte, length: 3, isByte: true)
        case 0x5C:
            if next == UInt8(ascii: "x"), let byte = hex(at + 2, 2) {
                self.init(value: byte, length: 4, isByte: true)
            } else if next == UInt8(ascii: "u"), let unit = hex(at + 2, 4) {
                self.init(unit: unit, low: bytes.holds("\\u", at: at + 6) ? hex(at + 8, 4) : nil)
            } else if (0x30...0x33).contains(next), Self.isOctal(bytes.byte(at + 2)), Self.isOctal(bytes.byte(at + 3)) {
                let digits = (1...3).map { UInt32(bytes.byte(at + $0) - 0x30) }
                self.init(value: digits[0] << 6 | digits[1] << 3 | digits[2], length: 4, isByte: true)
            } else {
                return nil
            }
        case UInt8(ascii: "&"):
            guard let found = Self.reference(bytes, at) else { return nil }
            self = found
        default:
            return nil
        }
    }

    private init(value: UInt32, length: Int, isByte: Bool = false) {
        self.value = value
        self.length = length
        self.isByte = isByte
    }

    /// A unit of UTF-16, with the second half of a pair where one follows.
    private init(unit: UInt32, low: UInt32?) {
        if (0xD800...0xDBFF).contains(unit), let low, (0xDC00...0xDFFF).contains(low) {
            self.init(value: 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00), length: 12)
        } else {
            self.init(value: unit, length: 6)
        }
    }

    private static func isOctal(_ byte: UInt8) -> Bool { (0x30...0x37).contains(byte) }

    private static func reference(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Escape? {
        guard bytes.byte(at + 1) == UInt8(ascii: "#") else {
            guard let name = names.first(where: { bytes.holds($0.name, at: at + 1) }) else { return nil }
            return Escape(value: name.value, length: 1 + name.name.utf8CodeUnitCount)
        }
        var i = at + 2
        let isHex = bytes.byte(i) | 0x20 == UInt8(ascii: "x")
        if isHex { i += 1 }
        var value: UInt32 = 0
        let first = i
        while i - first < 7, let digit = Hex.value(bytes.byte(i)), isHex || digit < 10 {
            value = value * (isHex ? 16 : 10) + UInt32(digit)
            i += 1
        }
        guard i > first else { return nil }
        // Browsers read a reference without its semicolon too.
        return Escape(value: value, length: i - at + (bytes.byte(i) == UInt8(ascii: ";") ? 1 : 0))
    }

    /// Names of signs that ordinary text has, and of such as have no width.
    private static let names: [(name: StaticString, value: UInt32)] = [
        ("nbsp;", 0x20), ("ensp;", 0x20), ("emsp;", 0x20), ("thinsp;", 0x20), ("Tab;", 0x20), ("NewLine;", 0x20),
        ("period;", 0x2E), ("comma;", 0x2C), ("colon;", 0x3A), ("semi;", 0x3B), ("sol;", 0x2F), ("bsol;", 0x5C),
        ("lowbar;", 0x5F), ("excl;", 0x21), ("quest;", 0x3F), ("lpar;", 0x28), ("rpar;", 0x29), ("num;", 0x23),
        ("commat;", 0x40), ("dollar;", 0x24), ("hyphen;", 0x2D), ("dash;", 0x2D), ("plus;", 0x2B), ("equals;", 0x3D),
        ("apos;", 0x27), ("shy;", 0), ("zwj;", 0), ("zwnj;", 0), ("ZeroWidthSpace;", 0), ("NoBreak;", 0),
    ]
}
