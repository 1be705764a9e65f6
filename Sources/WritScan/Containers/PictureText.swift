// SPDX-License-Identifier: Apache-2.0

/// Texts in pictures beside what they show: comments, descriptions, Exif and XMP of PNG, JPEG, GIF and WebP, and what
/// stands behind the picture's end. What the picture itself shows is not read.
enum PictureText {
    /// Chunks and segments of one picture that are looked at.
    private static let most = 10_000

    static func isPicture(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) || bytes.starts(with: [0xFF, 0xD8, 0xFF])
            || bytes.starts(with: "GIF8".utf8)
            || bytes.starts(with: "RIFF".utf8) && bytes.count >= 12 && bytes[8..<12].elementsEqual("WEBP".utf8)
    }

    static func read(_ bytes: [UInt8], inside prefix: String, into opening: inout Opening) {
        var found: [(name: String, bytes: ArraySlice<UInt8>)] = []
        let end: Int?
        switch bytes.first {
        case 0x89: end = png(bytes, &found, &opening, prefix)
        case 0xFF: end = jpeg(bytes, &found)
        case UInt8(ascii: "G"): end = gif(bytes, &found)
        default: end = webp(bytes, &found)
        }
        if let end {
            if end < bytes.count { found.append(("behind the end", bytes[end...])) }
        } else {
            opening.gap("the picture has more than \(most) chunks; texts in the rest were not read")
        }
        for part in found { opening.addText(prefix + part.name, words(part.bytes)) }
    }

    /// Runs of printable text of eight letters and more, one a line: also of two bytes a character, as Exif has them.
    private static func words(_ bytes: ArraySlice<UInt8>) -> String {
        var out: [UInt8] = []
        var run: [UInt8] = []
        func flush() {
            if run.count(where: { $0.isLetter || $0 >= 0x80 }) >= 8, let text = String(validating: run, as: UTF8.self) {
                out += Array(text.utf8) + [0x0A]
            }
            run.removeAll(keepingCapacity: true)
        }
        var at = bytes.startIndex
        while at < bytes.endIndex {
            let byte = bytes[at]
            if byte >= 0x20 && byte != 0x7F || byte == 0x0A || byte == 0x0D || byte == 0x09 {
                run.append(byte)
            } else if byte == 0, at + 2 < bytes.endIndex, !run.isEmpty, bytes[at + 1] >= 0x20, bytes[at + 2] == 0 {
                // A zero after each letter: two bytes a character.
            } else {
                flush()
            }
            at += 1
        }
        flush()
        return String(decoding: out, as: UTF8.self)
    }

    private static func number(_ bytes: [UInt8], _ at: Int, _ count: Int, isLittle: Bool = false) -> Int {
        guard at >= 0, at + count <= bytes.count else { return 0 }
        var value = 0
        for place in 0..<count { value = value << 8 | Int(bytes[isLittle ? at + count - 1 - place : at + place]) }
        return value
    }

    private static func png(
        _ bytes: [UInt8], _ found: inout [(name: String, bytes: ArraySlice<UInt8>)], _ opening: inout Opening,
        _ prefix: String
    ) -> Int? {
        var at = 8
        for _ in 0..<most {
            guard at + 12 <= bytes.count else { return bytes.count }
            let length = number(bytes, at, 4)
            let name = String(decoding: bytes[(at + 4)..<(at + 8)], as: UTF8.self)
            let start = at + 8
            let end = min(bytes.count, start + length)
            switch name {
            case "tEXt", "eXIf": found.append((name, bytes[start..<end]))
            case "zTXt", "iTXt":
                found.append((name, bytes[start..<end]))
                // The packed text begins where a zlib frame does, behind keyword and flags.
                var packed = start
                while packed < end, bytes[packed] != 0x78 || packed == start || bytes[packed - 1] != 0 { packed += 1 }
                guard packed < end else { break }
                guard !opening.isFull else {
                    opening.gap("the texts of the picture unfold past the limit; the rest was not read")
                    break
                }
                let text = Inflate.zlib(Array(bytes[packed..<end]), limit: min(opening.room, 1 << 20)).out
                opening.unfold(text.count)
                opening.addText(prefix + name, words(text[...]))
            case "IEND": return min(bytes.count, end + 4)
            default: break
            }
            at = min(bytes.count, end + 4)
        }
        return nil
    }

    private static func jpeg(_ bytes: [UInt8], _ found: inout [(name: String, bytes: ArraySlice<UInt8>)]) -> Int? {
        var at = 2
        for _ in 0..<most where at + 4 <= bytes.count && bytes[at] == 0xFF {
            let marker = bytes[at + 1]
            if marker == 0xFF {
                at += 1
                continue
            }
            if marker == 0xD9 { return at + 2 }
            if marker == 0xDA {
                // The picture itself, up to its end mark: inside it 0xFF is followed by a zero or a restart mark.
                var end = at + 2
                while end + 1 < bytes.count, !(bytes[end] == 0xFF && bytes[end + 1] == 0xD9) { end += 1 }
                return min(bytes.count, end + 2)
            }
            let end = min(bytes.count, at + 2 + max(2, number(bytes, at + 2, 2)))
            switch marker {
            case 0xFE: found.append(("comment", bytes[min(at + 4, end)..<end]))
            case 0xE1: found.append(("Exif or XMP", bytes[min(at + 4, end)..<end]))
            case 0xED: found.append(("IPTC", bytes[min(at + 4, end)..<end]))
            default: break
            }
            at = end
        }
        guard at + 2 <= bytes.count, bytes[at] == 0xFF else { return bytes.count }
        if bytes[at + 1] == 0xD9 { return at + 2 }
        return at + 4 <= bytes.count ? nil : bytes.count
    }

    private static func gif(_ bytes: [UInt8], _ found: inout [(name: String, bytes: ArraySlice<UInt8>)]) -> Int {
        guard bytes.count > 13 else { return bytes.count }
        var at = 13
        if bytes[10] & 0x80 != 0 { at += 3 << (Int(bytes[10] & 7) + 1) }
        /// Behind a chain of blocks; the blocks' contents are joined.
        func blocks(_ start: Int, _ text: inout [UInt8]) -> Int {
            var at = start
            while at < bytes.count, bytes[at] != 0 {
                let end = min(bytes.count, at + 1 + Int(bytes[at]))
                text += bytes[(at + 1)..<end]
                at = end
            }
            return at + 1
        }
        for _ in 0..<most where at < bytes.count {
            switch bytes[at] {
            case 0x21:
                let kind = at + 1 < bytes.count ? bytes[at + 1] : 0
                var text: [UInt8] = []
                at = blocks(at + 2, &text)
                if kind == 0xFE || kind == 0x01 || kind == 0xFF { found.append(("comment", text[...])) }
            case 0x2C:
                guard at + 10 < bytes.count else { return bytes.count }
                let flags = bytes[at + 9]
                at += 10 + (flags & 0x80 != 0 ? 3 << (Int(flags & 7) + 1) : 0) + 1
                var picture: [UInt8] = []
                at = blocks(at, &picture)
            case 0x3B: return at + 1
            default: return bytes.count
            }
        }
        return min(at, bytes.count)
    }

    private static func webp(_ bytes: [UInt8], _ found: inout [(name: String, bytes: ArraySlice<UInt8>)]) -> Int? {
        var at = 12
        for _ in 0..<most where at + 8 <= bytes.count {
            let end = min(bytes.count, at + 8 + number(bytes, at + 4, 4, isLittle: true))
            let name = bytes[at..<(at + 4)]
            if name.elementsEqual("EXIF".utf8) || name.elementsEqual("XMP ".utf8) {
                found.append((String(decoding: name, as: UTF8.self), bytes[(at + 8)..<end]))
            }
            at = end + (end - at) % 2
        }
        let end = min(bytes.count, max(12, 8 + number(bytes, 4, 4, isLittle: true)))
        return at + 8 <= end ? nil : end
    }
}
