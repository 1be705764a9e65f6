// SPDX-License-Identifier: Apache-2.0

/// Backslash escapes of `echo -e`, `printf` and `$'…'`.
enum Escapes {
    enum Style {
        case echo, printf, ansiC
    }

    /// The text with its escapes replaced. `\c` ends the text in ``Style/echo`` and ``Style/printf``.
    static func decoded(_ text: String, style: Style) -> String {
        guard text.utf8.contains(0x5C) else { return text }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var at = 0
        func digits(_ start: Int, _ most: Int, _ radix: Int) -> (value: Int, end: Int) {
            var value = 0
            var place = start
            while place < bytes.count, place < start + most,
                let digit = Int(String(decoding: [bytes[place]], as: UTF8.self), radix: radix)
            {
                value = value &* radix &+ digit
                place += 1
            }
            return (value, place)
        }
        while at < bytes.count {
            guard bytes[at] == 0x5C, at + 1 < bytes.count else {
                result.append(bytes[at])
                at += 1
                continue
            }
            let letter = bytes[at + 1]
            at += 2
            switch letter {
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "a"): result.append(0x07)
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "v"): result.append(0x0B)
            case UInt8(ascii: "e"), UInt8(ascii: "E"): result.append(0x1B)
            case UInt8(ascii: "\\"): result.append(0x5C)
            case UInt8(ascii: "'") where style != .echo, UInt8(ascii: "\"") where style != .echo: result.append(letter)
            case UInt8(ascii: "c") where style != .ansiC: return String(decoding: result, as: UTF8.self)
            case UInt8(ascii: "x"):
                let (value, end) = digits(at, 2, 16)
                if end == at { result += [0x5C, letter] } else { result.append(UInt8(truncatingIfNeeded: value)) }
                at = end
            case UInt8(ascii: "0")...UInt8(ascii: "7"):
                let isZero = letter == 0x30 && style == .echo
                let (value, end) = digits(isZero ? at : at - 1, 3, 8)
                result.append(UInt8(truncatingIfNeeded: value))
                at = end
            case UInt8(ascii: "u"), UInt8(ascii: "U"):
                let (value, end) = digits(at, letter == UInt8(ascii: "u") ? 4 : 8, 16)
                if let scalar = UInt32(exactly: value).flatMap({ Unicode.Scalar($0) }), end > at {
                    result += Array(String(Character(scalar)).utf8)
                }
                at = end
            default: result += [0x5C, letter]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
