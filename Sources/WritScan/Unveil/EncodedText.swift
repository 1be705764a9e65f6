// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Texts in base64, hexadecimal, percent and escape encodings, gzip and rot13, nested up to the limit.
enum EncodedText {
    /// The shortest run of base64 that is decoded.
    private static let base64Run = 20
    /// The shortest first line of one that is wrapped.
    private static let wrappedRun = 12
    private static let hexRun = 24

    /// Reads `bytes`; when they are themselves unveiled, `at` is where their outermost layer stands in the content.
    ///
    /// At the limit of depth nothing is taken off any more, but what could be is said: the unveiling is cut.
    static func read(
        _ bytes: UnsafeRawBufferPointer, at place: SourceSpan?, hiding: Hiding?, depth: Int, into pass: inout UnveilPass
    ) {
        let layer = Layer(place: place, hiding: hiding, depth: depth)
        var at = 0
        var escapes = 0
        var braille = 0
        var pairs = 0
        var digits = 0
        // Where the wrapped lines end that were looked at last.
        var wrapped = 0
        while at < bytes.count {
            let byte = bytes[at]
            if byte.isBase64, byte != UInt8(ascii: "-") {
                var end = at + 1
                var hex = byte.isHexDigit
                var decimal = byte.isDigit
                while end < bytes.count, bytes[end].isBase64 {
                    hex = hex && bytes[end].isHexDigit
                    decimal = decimal && bytes[end].isDigit
                    end += 1
                }
                let length = end - at
                if length == 2 || length == 4, hex || bytes.holds("0x", at: at) { pairs += 1 }
                if decimal, length <= 3 || length == 8 { digits += 1 }
                if length >= hexRun, hex, length.isMultiple(of: 2) {
                    keep(decodeHex(bytes.part(at..<end)), at, end, .hexadecimal, layer, into: &pass)
                } else if length >= Base32.shortest, let text = Base32.decode(bytes.part(at..<end), room: pass.room) {
                    keep(text, at, end, .base64, layer, into: &pass)
                } else if length >= wrappedRun {
                    end = readBase64(bytes, at, end, &wrapped, layer, into: &pass)
                }
                at = end
                continue
            }
            if byte == UInt8(ascii: "%") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "&") {
                escapes += 1
            } else if byte == UInt8(ascii: "="), Escape(bytes, at) != nil {
                escapes += 1
            }
            if byte == 0xE2, bytes.byte(at + 1) >= 0xA0, bytes.byte(at + 1) <= 0xA3 { braille += 1 }
            at += 1
        }
        if escapes >= 4 { readEscapes(bytes, layer, into: &pass) }
        if braille >= 8 { readBraille(bytes, layer, into: &pass) }
        if pairs >= ByteLists.shortest || digits >= ByteLists.shortest { readLists(bytes, layer, into: &pass) }
        readSpaced(bytes, layer, into: &pass)
        if depth == 0 || bytes.count < 65_536 { readRotated(bytes, layer, into: &pass) }
    }

    /// Where encoded text was found: the place of its outermost layer, how that was hidden, and the layers above.
    struct Layer {
        var place: SourceSpan?
        var hiding: Hiding?
        var depth: Int
    }

    /// Keeps a decoded text, and takes off what hides text in it; what is no prose may still be a document that holds
    /// some.
    private static func keep(
        _ text: [UInt8], _ start: Int, _ end: Int, _ how: Hiding, _ layer: Layer, into pass: inout UnveilPass
    ) {
        guard mayBeText(text) else { return }
        let isProse = isProse(text)
        guard layer.depth < pass.limits.depth else {
            if isProse { pass.cut() }
            return
        }
        let span = layer.place ?? SourceSpan(start: start, end: end)
        let hiding = layer.hiding ?? how
        if isProse {
            guard pass.keep(text, span.start, span.end, hiding, depth: layer.depth + 1) else { return }
        } else {
            guard text.count >= 16, pass.spend(text.count) else { return }
        }
        pass.unveil(inside: text, span, hiding: hiding, depth: layer.depth + 1)
    }

    private static func readLists(_ bytes: UnsafeRawBufferPointer, _ layer: Layer, into pass: inout UnveilPass) {
        ByteLists.read(bytes, room: pass.room) { text, start, end in
            keep(text, start, end, .hexadecimal, layer, into: &pass)
        }
    }

    /// Reads a run of base64, with the lines that go on with it, and returns where the text goes on.
    ///
    /// - Parameter wrapped: where such lines end, as far as that was found before: no line is looked at again and again.
    private static func readBase64(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ wrapped: inout Int, _ layer: Layer,
        into pass: inout UnveilPass
    ) -> Int {
        // A path or an identifier is no base64: the text has digits, cases or padding.
        var padded = end
        while padded < bytes.count, bytes[padded] == UInt8(ascii: "="), padded - end < 2 { padded += 1 }
        guard looksEncoded(bytes.part(start..<end)) else { return padded }
        // Text that is wrapped is read as one: each line alone could be too short, or end amid a word.
        if padded == end, end > wrapped { wrapped = WrappedLines.end(bytes, from: end) }
        let whole = padded == end ? max(end, wrapped) : padded
        guard whole - start >= base64Run else { return padded }
        let read = decodeBase64(bytes, start, whole, layer, into: &pass)
        if read == whole { return whole }
        // What is no text ended it: the line where that stands may begin a text of its own.
        var line = read
        while line > padded, bytes[line - 1] != 0x0A { line -= 1 }
        return max(padded, line)
    }

    private static func looksEncoded(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var lower = 0
        var upper = 0
        var digits = 0
        var slashes = 0
        for byte in bytes.prefix(256) {
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

    /// Decodes what stands there, blanks and line ends passed over, as far as it is text, and returns where that ends.
    private static func decodeBase64(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ layer: Layer, into pass: inout UnveilPass
    ) -> Int {
        var out: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        // Bytes that text has none of: nothing packed or of two bytes a character.
        var isPlain = false
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
                if out.count == 12 {
                    isPlain = mayBeText(out)
                    guard isPlain || isPacked(out) || isUTF16(out) else { return i }
                    out.reserveCapacity(min(pass.room, (end - start) / 4 * 3 + 3))
                }
                if isPlain, let last = out.last, isNoText(last) {
                    out.removeLast()
                    if out.count >= base64Run { keep(out, start, i, .base64, layer, into: &pass) }
                    return i
                }
                guard out.count <= pass.room else {
                    pass.cut()
                    return end
                }
            }
        }
        if !isPlain, isPacked(out) {
            let limit = min(pass.room, max(65_536, (end - start) * 3))
            let inflated = out[0] == 0x1F ? Inflate.gzip(out, limit: limit) : Inflate.zlib(out, limit: limit).out
            keep(inflated, start, end, .gzip, layer, into: &pass)
            return end
        }
        if !isPlain, isUTF16(out) { out = stride(from: 0, to: out.count, by: 2).map { out[$0] } }
        keep(out, start, end, .base64, layer, into: &pass)
        return end
    }

    /// A frame of gzip, or one of zlib with the usual window.
    private static func isPacked(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 12 else { return false }
        return bytes[0] == 0x1F && bytes[1] == 0x8B
            || bytes[0] == 0x78 && [0x01, 0x5E, 0x9C, 0xDA].contains(bytes[1])
    }

    private static func isNoText(_ byte: UInt8) -> Bool {
        byte < 0x20 && byte != 0x0A && byte != 0x0D && byte != 0x09 && byte != 0x1B || byte == 0x7F || byte >= 0xF5
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
            if out.count == 12, !mayBeText(out) { return [] }
            at += 2
        }
        return out
    }

    /// Printable and, as far as it goes beyond ASCII, UTF-8: text of any sort.
    static func mayBeText(_ text: [UInt8]) -> Bool {
        guard text.count >= 8 else { return false }
        let seen = min(512, text.count)
        var isWide = false
        for byte in text.prefix(seen) {
            if isNoText(byte) { return false }
            isWide = isWide || byte >= 0x80
        }
        guard isWide else { return true }
        // Cut at a scalar's start before asking whether this is UTF-8: what follows was not decoded yet.
        var end = seen
        while end > 0, seen - end < 3, text[end - 1] & 0xC0 == 0x80 { end -= 1 }
        if end > 0, text[end - 1] >= 0xC0 {
            let width = text[end - 1] >= 0xF0 ? 4 : text[end - 1] >= 0xE0 ? 3 : 2
            end = seen - end + 1 < width ? end - 1 : seen
        } else {
            end = seen
        }
        return String(validating: text[..<end], as: UTF8.self) != nil
    }

    /// Text that somebody wrote: printable, mostly letters and blanks. In letters beyond ASCII it takes more than a
    /// name or two: addresses are full of those.
    static func isProse(_ text: [UInt8]) -> Bool {
        guard mayBeText(text) else { return false }
        var letters = 0
        let least: UInt8 = text.count >= 80 ? 0x80 : 0xC2
        for byte in text.prefix(512) where byte.isLetter || byte == 0x20 || byte >= least { letters += 1 }
        return letters * 10 >= min(512, text.count) * 6
    }

    /// `%NN`, `=NN`, `\xNN`, `\NNN`, `\uNNNN` and references of HTML, in stretches with at least a seventh of escapes.
    private static func readEscapes(_ bytes: UnsafeRawBufferPointer, _ layer: Layer, into pass: inout UnveilPass) {
        var at = 0
        var out: [UInt8] = []
        var start = 0
        var escapes = 0
        func flush(_ end: Int, _ pass: inout UnveilPass) {
            if escapes >= 4, escapes * 7 >= out.count {
                keep(out, start, end, .percentEncoding, layer, into: &pass)
            }
            out.removeAll(keepingCapacity: true)
            escapes = 0
        }
        while at < bytes.count {
            let isEscape = isEscapeSign(bytes[at])
            if isEscape, let escape = Escape(bytes, at) {
                if out.isEmpty { start = at }
                escapes += 1
                if escape.isByte {
                    out.append(UInt8(truncatingIfNeeded: escape.value))
                } else if escape.value != 0 {
                    appendScalar(escape.value, to: &out)
                }
                at += escape.length
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

    private static func isEscapeSign(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "%") || byte == UInt8(ascii: "=") || byte == 0x5C || byte == UInt8(ascii: "&")
    }

    /// Rot13 keeps spaces, so it is only tried where it spells words that instructions need.
    private static func readRotated(_ bytes: UnsafeRawBufferPointer, _ layer: Layer, into pass: inout UnveilPass) {
        guard layer.hiding != .rot13 else { return }
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
            keep(text, start, end, .rot13, layer, into: &pass)
        }
    }

    /// `i g n o r e`, `i-g-n-o-r-e` and `\i\g\n\o\r\e`: at least ten single letters, each set apart from the next by the
    /// same sign; a longer gap is a blank.
    private static func readSpaced(_ bytes: UnsafeRawBufferPointer, _ layer: Layer, into pass: inout UnveilPass) {
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
                keep(text, at, end, .spacedLetters, layer, into: &pass)
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

    private static func readBraille(_ bytes: UnsafeRawBufferPointer, _ layer: Layer, into pass: inout UnveilPass) {
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
        if let start { keep(out, start, end, .braille, layer, into: &pass) }
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
