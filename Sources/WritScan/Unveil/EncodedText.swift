// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Texts in base64, hexadecimal, percent and escape encodings, gzip and rot13, nested up to the limit.
enum EncodedText {
    /// The shortest run of base64 that is decoded.
    private static let base64Run = 20
    private static let hexRun = 24

    /// Reads `bytes`; when they are themselves unveiled, `at` is where their outermost layer stands in the content.
    static func read(
        _ bytes: UnsafeRawBufferPointer, at place: SourceSpan?, hiding: Hiding?, depth: Int, into pass: inout UnveilPass
    ) {
        guard depth < pass.limits.depth else { return }
        var at = 0
        var escapes = 0
        var braille = 0
        while at < bytes.count {
            let byte = bytes[at]
            if byte.isBase64, byte != UInt8(ascii: "-") {
                var end = at + 1
                var hex = byte.isHexDigit
                while end < bytes.count, bytes[end].isBase64 {
                    hex = hex && bytes[end].isHexDigit
                    end += 1
                }
                let length = end - at
                if length >= hexRun, hex, length.isMultiple(of: 2) {
                    keep(decodeHex(bytes.part(at..<end)), at, end, .hexadecimal, place, hiding, depth, into: &pass)
                } else if length >= base64Run {
                    // A path or an identifier is no base64: the text has digits, cases or padding.
                    var padded = end
                    while padded < bytes.count, bytes[padded] == UInt8(ascii: "="), padded - end < 2 { padded += 1 }
                    if looksEncoded(bytes.part(at..<end)) {
                        decodeBase64(bytes, at, padded, place, hiding, depth, into: &pass)
                    }
                    end = padded
                }
                at = end
                continue
            }
            if byte == UInt8(ascii: "%") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "&") { escapes += 1 }
            if byte == 0xE2, bytes.byte(at + 1) >= 0xA0, bytes.byte(at + 1) <= 0xA3 { braille += 1 }
            at += 1
        }
        if escapes >= 4 { readEscapes(bytes, place, hiding, depth, into: &pass) }
        if braille >= 8 { readBraille(bytes, place, hiding, depth, into: &pass) }
        readSpaced(bytes, place, hiding, depth, into: &pass)
        if depth == 0 || bytes.count < 65_536 { readRotated(bytes, place, hiding, depth, into: &pass) }
    }

    private static func keep(
        _ text: [UInt8], _ start: Int, _ end: Int, _ how: Hiding, _ place: SourceSpan?, _ hiding: Hiding?, _ depth: Int,
        into pass: inout UnveilPass
    ) {
        guard isProse(text) else { return }
        let span = place ?? SourceSpan(start: start, end: end)
        guard pass.keep(text, span.start, span.end, hiding ?? how, depth: depth + 1) else { return }
        text.withUnsafeBytes { read($0, at: span, hiding: hiding ?? how, depth: depth + 1, into: &pass) }
    }

    private static func looksEncoded(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var lower = 0
        var upper = 0
        var digits = 0
        var slashes = 0
        for byte in bytes.prefix(4096) {
            if byte.isLower {
                lower += 1
            } else if byte.isUpper {
                upper += 1
            } else if byte.isDigit {
                digits += 1
            } else {
                slashes += 1
            }
        }
        return lower > 0 && upper > 1 && slashes * 8 <= lower + upper + digits
    }

    private static func decodeBase64(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ place: SourceSpan?, _ hiding: Hiding?,
        _ depth: Int,
        into pass: inout UnveilPass
    ) {
        var out: [UInt8] = []
        out.reserveCapacity(min(pass.room, (end - start) / 4 * 3 + 3))
        var bits: UInt32 = 0
        var count = 0
        for i in start..<end {
            let byte = bytes[i]
            let value: UInt32
            switch byte {
            case 0x41...0x5A: value = UInt32(byte - 0x41)
            case 0x61...0x7A: value = UInt32(byte - 0x61 + 26)
            case 0x30...0x39: value = UInt32(byte - 0x30 + 52)
            case UInt8(ascii: "+"), UInt8(ascii: "-"): value = 62
            case UInt8(ascii: "/"), UInt8(ascii: "_"): value = 63
            default: continue
            }
            bits = bits << 6 | value
            count += 6
            if count >= 8 {
                count -= 8
                out.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
                // The first bytes of text are text; anything else is data and is not decoded to its end.
                if out.count == 12, !(out[0] == 0x1F && out[1] == 0x8B), !isProse(out), !isUTF16(out) { return }
            }
        }
        if out.count > 18, out[0] == 0x1F, out[1] == 0x8B {
            let inflated = Inflate.gzip(out, limit: min(pass.room, max(65_536, (end - start) * 3)))
            keep(inflated, start, end, .gzip, place, hiding, depth, into: &pass)
            return
        }
        if isUTF16(out) { out = stride(from: 0, to: out.count, by: 2).map { out[$0] } }
        keep(out, start, end, .base64, place, hiding, depth, into: &pass)
    }

    /// Every second byte is zero: what PowerShell's encoded commands hold.
    private static func isUTF16(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 12 else { return false }
        return stride(from: 1, to: 12, by: 2).allSatisfy { bytes[$0] == 0 } && bytes[0] != 0
    }

    private static func decodeHex(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var out: [UInt8] = []
        var at = 0
        while at + 1 < bytes.count {
            guard let high = Hex.value(bytes[at]), let low = Hex.value(bytes[at + 1]) else { return [] }
            out.append(high << 4 | low)
            if out.count == 12, !isProse(out) { return [] }
            at += 2
        }
        return out
    }

    /// Text that somebody wrote: nearly all printable, mostly letters and blanks.
    static func isProse(_ text: [UInt8]) -> Bool {
        guard text.count >= 8 else { return false }
        var letters = 0
        var odd = 0
        for byte in text.prefix(512) {
            if byte.isLetter || byte == 0x20 || byte >= 0xC2 { letters += 1 }
            if (byte < 0x20 && byte != 0x0A && byte != 0x0D && byte != 0x09) || byte == 0x7F || byte >= 0xF5 {
                odd += 1
            }
        }
        let seen = min(512, text.count)
        guard odd == 0, letters * 10 >= seen * 6 else { return false }
        if text.prefix(512).contains(where: { $0 >= 0x80 }) {
            // Cut at a scalar's start before asking whether this is UTF-8.
            var end = seen
            while end > 0, end < text.count, text[end] & 0xC0 == 0x80 { end -= 1 }
            if end == text.count || seen < 16 {
                var tail = end
                while tail > 0, tail > end - 4, text[tail - 1] & 0xC0 == 0x80 { tail -= 1 }
                if tail > 0, text[tail - 1] >= 0xC0 { end = tail - 1 }
            }
            return String(validating: text[..<end], as: UTF8.self) != nil
        }
        return true
    }

    /// `%NN`, `\xNN`, `\uNNNN`, `&#NN;` and `&#xNN;` in stretches with at least a third of escapes.
    private static func readEscapes(
        _ bytes: UnsafeRawBufferPointer, _ place: SourceSpan?, _ hiding: Hiding?, _ depth: Int,
        into pass: inout UnveilPass
    ) {
        var at = 0
        var out: [UInt8] = []
        var start = 0
        var escapes = 0
        func flush(_ end: Int, _ pass: inout UnveilPass) {
            if escapes >= 4, escapes * 6 >= out.count, isProse(out) {
                keep(out, start, end, .percentEncoding, place, hiding, depth, into: &pass)
            }
            out.removeAll(keepingCapacity: true)
            escapes = 0
        }
        while at < bytes.count {
            if let (value, length) = escape(bytes, at) {
                if out.isEmpty { start = at }
                escapes += 1
                if value < 0x100, bytes[at] == UInt8(ascii: "%") || bytes.byte(at + 1) == UInt8(ascii: "x") {
                    out.append(UInt8(value))
                } else {
                    appendScalar(value, to: &out)
                }
                at += length
                continue
            }
            let byte = bytes[at]
            if byte == 0x0A || (byte == 0x20 && escapes == 0) {
                flush(at, &pass)
            } else {
                if out.isEmpty { start = at }
                if out.count < 1 << 20 { out.append(byte) } else { flush(at, &pass) }
            }
            at += 1
        }
        flush(bytes.count, &pass)
    }

    private static func escape(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> (UInt32, Int)? {
        func hex(_ from: Int, _ count: Int) -> UInt32? {
            var value: UInt32 = 0
            for i in 0..<count {
                guard let digit = Hex.value(bytes.byte(from + i)) else { return nil }
                value = value << 4 | UInt32(digit)
            }
            return value
        }
        switch bytes[at] {
        case UInt8(ascii: "%"):
            return hex(at + 1, 2).map { ($0, 3) }
        case UInt8(ascii: "\\"):
            let next = bytes.byte(at + 1)
            if next == UInt8(ascii: "x") { return hex(at + 2, 2).map { ($0, 4) } }
            if next == UInt8(ascii: "u") { return hex(at + 2, 4).map { ($0, 6) } }
            return nil
        case UInt8(ascii: "&"):
            guard bytes.byte(at + 1) == UInt8(ascii: "#") else { return nil }
            var i = at + 2
            let isHex = bytes.byte(i) | 0x20 == UInt8(ascii: "x")
            if isHex { i += 1 }
            var value: UInt32 = 0
            let first = i
            while i - first < 7, let digit = Hex.value(bytes.byte(i)), isHex || digit < 10 {
                value = value * (isHex ? 16 : 10) + UInt32(digit)
                i += 1
            }
            return i > first && bytes.byte(i) == UInt8(ascii: ";") ? (value, i + 1 - at) : nil
        default:
            return nil
        }
    }

    /// Rot13 keeps spaces, so it is only tried where it spells words that instructions need.
    private static func readRotated(
        _ bytes: UnsafeRawBufferPointer, _ place: SourceSpan?, _ hiding: Hiding?, _ depth: Int,
        into pass: inout UnveilPass
    ) {
        guard hiding != .rot13 else { return }
        let words = RotatedWords.places(in: bytes)
        guard words.count >= 2 else { return }
        var last = -1
        for word in words where word > last {
            var start = word
            while start > 0, bytes[start - 1] != 0x0A, word - start < 512 { start -= 1 }
            var end = word
            while end < bytes.count, bytes[end] != 0x0A, end - word < 2048 { end += 1 }
            last = end
            let text = bytes.part(start..<end).map { byte -> UInt8 in
                byte.isLower ? (byte - 0x61 + 13) % 26 + 0x61 : byte.isUpper ? (byte - 0x41 + 13) % 26 + 0x41 : byte
            }
            keep(text, start, end, .rot13, place, hiding, depth, into: &pass)
        }
    }

    /// `i g n o r e`, `i-g-n-o-r-e` and `\i\g\n\o\r\e`: at least ten single letters, each set apart from the next by the
    /// same sign; a longer gap is a blank.
    private static func readSpaced(
        _ bytes: UnsafeRawBufferPointer, _ place: SourceSpan?, _ hiding: Hiding?, _ depth: Int,
        into pass: inout UnveilPass
    ) {
        var at = 0
        while at + 20 < bytes.count {
            let sign = bytes[at + 1]
            guard bytes[at].isLetter, isGap(sign),
                bytes[at + 2].isLetter || bytes[at + 2] == sign || bytes[at + 2] == 0x20,
                at == 0 || !bytes[at - 1].isAlphanumeric
            else {
                at += 1
                continue
            }
            var text: [UInt8] = []
            var letters = 0
            var end = at
            while end < bytes.count, bytes[end].isAlphanumeric, text.count < 65_536 {
                let next = bytes.byte(end + 1)
                if next != 0, next != sign, next.isAlphanumeric { break }
                text.append(bytes[end])
                if bytes[end].isLetter { letters += 1 }
                end += 1
                var gap = 0
                while end < bytes.count, gap < 4, bytes[end] == sign || (bytes[end] == 0x20 && gap > 0) {
                    end += 1
                    gap += 1
                }
                if gap == 0 { break }
                if gap > 1 { text.append(0x20) }
            }
            if letters >= 10, letters * 10 >= text.count * 7, Set(text).count >= 5, !isAlphabet(text) {
                keep(text, at, end, .spacedLetters, place, hiding, depth, into: &pass)
            }
            at = max(end, at + 1)
        }
    }

    private static func isGap(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "*")
            || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "|") || byte == UInt8(ascii: ",")
    }

    /// Letters in alphabetical order are a list, not a word.
    private static func isAlphabet(_ text: [UInt8]) -> Bool {
        var rising = 0
        for (a, b) in zip(text, text.dropFirst()) where b == a &+ 1 { rising += 1 }
        return rising * 2 >= text.count
    }

    private static func readBraille(
        _ bytes: UnsafeRawBufferPointer, _ place: SourceSpan?, _ hiding: Hiding?, _ depth: Int,
        into pass: inout UnveilPass
    ) {
        var out: [UInt8] = []
        var start: Int?
        var end = 0
        var at = 0
        while at < bytes.count {
            let (value, length) = decodeScalar(bytes, at)
            if (0x2800...0x28FF).contains(value) {
                if start == nil { start = at }
                out.append(Braille.letter(UInt8(value & 0xFF)))
                end = at + length
            } else if byteIsBlank(value), start != nil {
                out.append(0x20)
            }
            at += length
        }
        if let start { keep(out, start, end, .braille, place, hiding, depth, into: &pass) }
    }

    private static func byteIsBlank(_ value: UInt32) -> Bool { value == 0x20 || value == 0x0A }
}

/// Grade 1 Braille.
enum Braille {
    private static let cells: [UInt8: Character] = [
        0x01: "a", 0x03: "b", 0x09: "c", 0x19: "d", 0x11: "e", 0x0B: "f", 0x1B: "g", 0x13: "h", 0x0A: "i", 0x1A: "j",
        0x05: "k", 0x07: "l", 0x0D: "m", 0x1D: "n", 0x15: "o", 0x0F: "p", 0x1F: "q", 0x17: "r", 0x0E: "s", 0x1E: "t",
        0x25: "u", 0x27: "v", 0x3A: "w", 0x2D: "x", 0x3D: "y", 0x35: "z",
    ]

    static func letter(_ cell: UInt8) -> UInt8 { cells[cell]?.asciiValue ?? 0x20 }
}

/// Finds words that only rot13 text has.
enum RotatedWords {
    private static let words: [[UInt8]] = [
        "ignore", "previous", "instruction", "instructions", "system", "prompt", "reveal", "password", "secret",
        "please",
        "execute", "delete", "disregard", "forget", "assistant", "the", "your", "and", "send", "print", "with",
    ].map { word in Array(word.utf8).map { ($0 - 0x61 + 13) % 26 + 0x61 } }

    private static let table: Set<[UInt8]> = Set(words)

    /// Places of words that spell an instruction when rotated; at most 4,096.
    static func places(in bytes: UnsafeRawBufferPointer) -> [Int] {
        var out: [Int] = []
        var at = 0
        while at < bytes.count, out.count < 4096 {
            guard bytes[at].isLetter else {
                at += 1
                continue
            }
            var end = at
            while end < bytes.count, bytes[end].isLetter { end += 1 }
            let length = end - at
            if length >= 6, length <= 12, seconds[Int(bytes[at] & 0x1F)] & 1 << UInt32(bytes[at + 1] & 0x1F) != 0 {
                let word = bytes.part(at..<end).map(\.lowercased)
                if table.contains(word) { out.append(at) }
            }
            at = end
        }
        return out
    }

    /// By the first letter, the letters that may follow: most words need no look at the table.
    private static let seconds: [UInt32] = {
        var out = [UInt32](repeating: 0, count: 32)
        for word in words where word.count >= 6 { out[Int(word[0] & 0x1F)] |= 1 << UInt32(word[1] & 0x1F) }
        return out
    }()
}
