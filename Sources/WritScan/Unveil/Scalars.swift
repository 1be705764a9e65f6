// SPDX-License-Identifier: Apache-2.0

/// Reads one scalar of UTF-8 at a time; a byte that is not UTF-8 comes back as itself, flagged by `length` 1 and a value
/// of U+FFFD.
@inline(__always)
func decodeScalar(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> (value: UInt32, length: Int) {
    let first = bytes[at]
    if first < 0x80 { return (UInt32(first), 1) }
    let left = bytes.count - at
    func tail(_ offset: Int) -> UInt32? {
        let byte = bytes[at + offset]
        return byte & 0xC0 == 0x80 ? UInt32(byte & 0x3F) : nil
    }
    if first >= 0xC2, first < 0xE0, left >= 2, let a = tail(1) {
        return (UInt32(first & 0x1F) << 6 | a, 2)
    }
    if first >= 0xE0, first < 0xF0, left >= 3, let a = tail(1), let b = tail(2) {
        let value = UInt32(first & 0x0F) << 12 | a << 6 | b
        if value >= 0x800, !(0xD800...0xDFFF).contains(value) { return (value, 3) }
    }
    if first >= 0xF0, first < 0xF5, left >= 4, let a = tail(1), let b = tail(2), let c = tail(3) {
        let value = UInt32(first & 0x07) << 18 | a << 12 | b << 6 | c
        if value >= 0x10000, value <= 0x10FFFF { return (value, 4) }
    }
    return (0xFFFD, 1)
}

/// Appends a scalar as UTF-8; values that are none are dropped.
func appendScalar(_ value: UInt32, to out: inout [UInt8]) {
    guard let scalar = Unicode.Scalar(value) else { return }
    out.append(contentsOf: UTF8.encode(scalar) ?? UTF8.EncodedScalar())
}

/// What kind of character this is, as far as hiding text is concerned.
enum Glyph: UInt8 {
    case visible
    /// U+E0000 block.
    case tag
    /// U+FE00–FE0F.
    case selector
    /// U+E0100–E01EF.
    case selectorSupplement
    /// ZWSP, ZWNJ, ZWJ, word joiner, BOM inside a text, invisible operators.
    case zeroWidth
    /// Overrides, embeddings and isolates that reorder text.
    case bidi
    /// LRM, RLM, ALM: marks that right-to-left text needs.
    case mark
    /// Hangul fillers, Braille blank used as filler, Khmer inherent vowels, Mongolian separator.
    case filler
    case privateUse
    case softHyphen
    /// C0 and C1 controls beyond tab, line feed, form feed and carriage return.
    case control

    @inline(__always)
    init(_ value: UInt32) {
        if value < 0x7F {
            self = value >= 0x20 || value == 9 || value == 10 || value == 13 || value == 12 ? .visible : .control
            return
        }
        self = Self.rare(value)
    }

    private static func rare(_ value: UInt32) -> Glyph {
        switch value {
        case 0x7F...0x9F: .control
        case 0xAD: .softHyphen
        case 0x34F, 0x180B...0x180F, 0x17B4, 0x17B5, 0x115F, 0x1160, 0x3164, 0xFFA0: .filler
        case 0x200B, 0x200C, 0x200D, 0x2060...0x2064, 0xFEFF, 0x206A...0x206F, 0xFFF9...0xFFFB,
            0x1BCA0...0x1BCA3, 0x1D173...0x1D17A:
            .zeroWidth
        case 0x202A...0x202E, 0x2066...0x2069: .bidi
        case 0x200E, 0x200F, 0x61C: .mark
        case 0xFE00...0xFE0F: .selector
        case 0xE0100...0xE01EF: .selectorSupplement
        case 0xE0000...0xE007F: .tag
        case 0xE000...0xF8FF, 0xF0000...0xFFFFD, 0x100000...0x10FFFD: .privateUse
        default: .visible
        }
    }
}
