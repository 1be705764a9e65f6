// SPDX-License-Identifier: Apache-2.0

/// Letters that look like ASCII letters, folded to them.
///
/// A compact table of our own for the letters that are used to disguise English words: Cyrillic, Greek, Armenian and
/// Latin look-alikes, full width, circled, mathematical and small-capital letters, and Latin letters with marks.
enum Folding {
    /// The ASCII lower-case letter or digit that this scalar looks like, 0 for none.
    @inline(__always)
    static func ascii(_ value: UInt32) -> UInt8 {
        if value < 0x80 { return 0 }
        if value < 0x600 { return value < UInt32(low.count) ? low[Int(value)] : 0 }
        return high(value)
    }

    /// The scalar is a letter of a script that a word in ASCII letters has no place for.
    @inline(__always)
    static func isForeign(_ value: UInt32) -> Bool {
        (0x370...0x58F).contains(value) || (0x13A0...0x13FF).contains(value)
            || (0xA4D0...0xA4FF).contains(value)
    }

    private static let low: [UInt8] = {
        var table = [UInt8](repeating: 0, count: 0x600)
        func put(_ letter: Character, _ look: String) {
            guard let ascii = letter.asciiValue else { return }
            for scalar in look.unicodeScalars where Int(scalar.value) < table.count { table[Int(scalar.value)] = ascii }
        }
        put("a", "àáâãäåāăąǎǟǡǻȁȃȧɑаАαΑὰÀÁÂÃÄÅĀĂĄªä")
        put("b", "ƀɓƄЬьвВΒβЪъƁʙ")
        put("c", "çćĉċčсСϲϹÇĆĈĊČ¢")
        put("d", "ďđԁɗĎĐðÐ")
        put("e", "èéêëēĕėęěеЕεΕЄєÈÉÊËĒĔĖĘĚёЁɘɛҽ€ǝ")
        put("f", "ƒϝſẝғ")
        put("g", "ĝğġģɡԍɠĜĞĠĢɢ")
        put("h", "ĥħһНнΗհĤĦʜ")
        put("i", "ìíîïĩīĭįıіІιΙїЇÌÍÎÏĨĪĬĮİɩ¡ӏӀɪ")
        put("j", "ĵјЈϳʝĴ")
        put("k", "ķĸкКκΚĶҡқ")
        put("l", "ĺļľŀłƖɭĹĻĽĿŁʟ")
        put("m", "мМΜɱ")
        put("n", "ñńņňŋոηпΝÑŃŅŇŊИиɴ")
        put("o", "òóôõöøōŏőоОοΟσօÒÓÔÕÖØŌŎŐӧөɔ")
        put("p", "рРρΡþ")
        put("q", "ԛգɋ")
        put("r", "ŕŗřгɼгŔŖŘяЯʀ")
        put("s", "śŝşšѕЅʂŚŜŞŠ§")
        put("t", "ţťŧтТτΤŢŤŦ")
        put("u", "ùúûüũūŭůűųυμսцЦÙÚÛÜŨŪŬŮŰŲµ")
        put("v", "νѵѴʋ")
        put("w", "ŵԝωшШщЩѡŴɯ")
        put("x", "хХχΧ×")
        put("y", "ýÿŷуУγΥүÝŶŸ¥ɣчʏ")
        put("z", "źżžΖʐŹŻŽȥ")
        return table
    }()

    private static func high(_ value: UInt32) -> UInt8 {
        func letter(_ offset: UInt32) -> UInt8 { UInt8(0x61 + offset % 26) }
        switch value {
        case 0x20B5: return 0x63
        case 0x2C6D: return 0x61
        case 0xFF21...0xFF3A: return letter(value - 0xFF21)
        case 0xFF41...0xFF5A: return letter(value - 0xFF41)
        case 0xFF10...0xFF19: return UInt8(0x30 + value - 0xFF10)
        case 0x1D400...0x1D6A3: return letter(value - 0x1D400)
        case 0x1D6A4: return 0x69
        case 0x1D6A5: return 0x6A
        case 0x1D7CE...0x1D7FF: return UInt8(0x30 + (value - 0x1D7CE) % 10)
        case 0x24B6...0x24CF: return letter(value - 0x24B6)
        case 0x24D0...0x24E9: return letter(value - 0x24D0)
        case 0x249C...0x24B5: return letter(value - 0x249C)
        case 0x1F110...0x1F129: return letter(value - 0x1F110)
        case 0x1F130...0x1F149: return letter(value - 0x1F130)
        case 0x1F150...0x1F169: return letter(value - 0x1F150)
        case 0x1F170...0x1F189: return letter(value - 0x1F170)
        case 0x1F1E6...0x1F1FF: return letter(value - 0x1F1E6)
        case 0x1E00...0x1EFF: return vietnamese(value)
        default: break
        }
        for (index, scalar) in smallCapitals.enumerated() where scalar == value { return UInt8(0x61 + index) }
        return others[value] ?? 0
    }

    private static let smallCapitals: [UInt32] = [
        0x1D00, 0x299, 0x1D04, 0x1D05, 0x1D07, 0xA730, 0x262, 0x29C, 0x26A, 0x1D0A, 0x1D0B, 0x29F, 0x1D0D, 0x274,
        0x1D0F, 0x1D18, 0x1EB, 0x280, 0xA731, 0x1D1B, 0x1D1C, 0x1D20, 0x1D21, 0, 0x28F, 0x1D22,
    ]

    private static let others: [UInt32: UInt8] = [
        0x212F: 0x65, 0x210A: 0x67, 0x2134: 0x6F, 0x210E: 0x68, 0x2110: 0x69, 0x2112: 0x6C, 0x211B: 0x72, 0x2130: 0x65,
        0x2131: 0x66, 0x2133: 0x6D, 0x212C: 0x62, 0x210B: 0x68, 0x2102: 0x63, 0x210D: 0x68, 0x2115: 0x6E, 0x2119: 0x70,
        0x211A: 0x71, 0x211D: 0x72, 0x2124: 0x7A, 0x212D: 0x63, 0x2128: 0x7A, 0x20AC: 0x65, 0x2170: 0x69, 0x2160: 0x69,
        0x217C: 0x6C, 0x216C: 0x6C, 0x2113: 0x6C, 0x2223: 0x69, 0x2C9F: 0x6F, 0x0D20: 0x6F, 0x10FF: 0x6F,
    ]

    /// Latin Extended Additional, by its alphabetical order.
    private static func vietnamese(_ value: UInt32) -> UInt8 {
        let starts: [(UInt32, UInt8)] = [
            (0x1E00, 0x61), (0x1E02, 0x62), (0x1E08, 0x63), (0x1E0A, 0x64), (0x1E14, 0x65), (0x1E1E, 0x66),
            (0x1E20, 0x67), (0x1E22, 0x68), (0x1E2C, 0x69), (0x1E30, 0x6B), (0x1E36, 0x6C), (0x1E3E, 0x6D),
            (0x1E44, 0x6E), (0x1E4C, 0x6F), (0x1E54, 0x70), (0x1E58, 0x72), (0x1E60, 0x73), (0x1E6A, 0x74),
            (0x1E72, 0x75), (0x1E7C, 0x76), (0x1E80, 0x77), (0x1E8A, 0x78), (0x1E8E, 0x79), (0x1E90, 0x7A),
            (0x1EA0, 0x61), (0x1EB8, 0x65), (0x1EC8, 0x69), (0x1ECC, 0x6F), (0x1EE4, 0x75), (0x1EF2, 0x79),
            (0x1EFA, 0x6C), (0x1EFC, 0x76), (0x1EFE, 0x79),
        ]
        var found: UInt8 = 0
        for (start, letter) in starts where start <= value { found = letter }
        return found
    }
}
