// SPDX-License-Identifier: Apache-2.0

/// Zip archives (APPNOTE 6.3): by their directory, and by their local headers where the directory is missing.
enum ZipReader {
    private struct Entry {
        var name: String
        var flags: Int
        var method: Int
        var packed: Int
        var header: Int
    }

    static func read(_ bytes: [UInt8], inside prefix: String, depth: Int, into opening: inout Opening) {
        let directory = directory(bytes)?.entries
        if directory == nil {
            opening.gap(
                "the archive\(prefix.isEmpty ? "" : " `\(prefix.dropLast())`") has no directory; its parts were looked for one by one"
            )
        }
        let entries = directory ?? localEntries(bytes)
        let isOffice = entries.contains { $0.name == "[Content_Types].xml" || $0.name == "mimetype" }
        var hiddenStyles: Set<String> = []
        if isOffice, !opening.isFull, let styles = entries.first(where: { $0.name == "word/styles.xml" }),
            styles.flags & 1 == 0,
            let start = dataStart(bytes, styles)
        {
            // Most often packed, and seldom long.
            let end = min(bytes.count, start + max(0, styles.packed))
            let sheet =
                styles.method == 8
                ? Inflate.raw(bytes, from: start, limit: 1 << 20).out
                : Array(bytes[start..<max(start, end)].prefix(1 << 20))
            opening.unfold(sheet.count)
            hiddenStyles = OfficeText.hiddenStyles(sheet)
        }
        // Entries may share their data: what is unpacked again and again is work without a new part.
        var work = 4 * bytes.count + 1 << 20
        for entry in entries where !entry.name.hasSuffix("/") {
            if opening.isFull || work <= 0 {
                opening.gap("the limit of the archive was reached; the rest was not read")
                return
            }
            if entry.flags & 1 != 0 {
                opening.gap("`\(prefix)\(entry.name)` is encrypted and was not read")
                continue
            }
            guard let start = dataStart(bytes, entry) else {
                opening.gap("`\(prefix)\(entry.name)` lies outside the archive and was not read")
                continue
            }
            let limit = opening.room
            var content: [UInt8]
            switch entry.method {
            case 0:
                let end = min(bytes.count, start + max(0, entry.packed))
                content = Array(bytes[start..<max(start, end)].prefix(limit))
                work -= content.count
                if end - start > limit {
                    opening.gap("`\(prefix)\(entry.name)` is longer than its limit; the rest was not read")
                }
            case 8:
                let read = Inflate.raw(bytes, from: start, limit: limit)
                content = read.out
                work -= read.end - start
                if content.count >= limit { opening.see(packed: read.end - start, unpacked: content.count) }
                if !read.isWhole { opening.gap("`\(prefix)\(entry.name)` could not be read to its end") }
            default:
                opening.gap("`\(prefix)\(entry.name)` is packed in a way (\(entry.method)) that is not read")
                continue
            }
            if isOffice, entry.name.hasSuffix(".xml") || entry.name.hasSuffix(".rels") {
                opening.unfold(content.count)
                let text = OfficeText.read(content, hiddenStyles: hiddenStyles)
                opening.addText(prefix + entry.name, text.shown)
                opening.addText(prefix + entry.name + "!hidden", text.hidden, isHidden: true)
                opening.addText(prefix + entry.name + "!alternative text", text.spoken)
            } else {
                opening.add(entry.name, content, inside: prefix, depth: depth)
            }
        }
    }

    /// Bytes that are something else and end as an archive, which is what opens them: programs that unpack themselves,
    /// pictures with a tail.
    static func isTail(_ bytes: [UInt8]) -> Bool { directory(bytes)?.entries.isEmpty == false }

    private static func directory(_ bytes: [UInt8]) -> (entries: [Entry], shift: Int)? {
        guard bytes.count >= 22 else { return nil }
        var end = bytes.count - 22
        let floor = max(0, end - 65_535)
        while end >= floor, !(bytes[end] == 0x50 && word(bytes, end, 4) == 0x0605_4B50) { end -= 1 }
        guard end >= floor else { return nil }
        let count = word(bytes, end + 10, 2)
        let start = word(bytes, end + 16, 4)
        // Zip64 marks its numbers so; those archives are read by their local headers.
        guard count != 0xFFFF, start != 0xFFFF_FFFF else { return nil }
        // What stands before the archive moves all of it.
        var shift = end - word(bytes, end + 12, 4) - start
        if shift < 0 || word(bytes, start + shift, 4) != 0x0201_4B50 { shift = 0 }
        var at = start + shift
        var entries: [Entry] = []
        for _ in 0..<count {
            guard at + 46 <= bytes.count, word(bytes, at, 4) == 0x0201_4B50 else {
                return entries.isEmpty ? nil : (entries, shift)
            }
            let name = word(bytes, at + 28, 2)
            guard at + 46 + name <= bytes.count else { return (entries, shift) }
            entries.append(
                Entry(
                    name: String(decoding: bytes[(at + 46)..<(at + 46 + name)], as: UTF8.self),
                    flags: word(bytes, at + 8, 2), method: word(bytes, at + 10, 2), packed: word(bytes, at + 20, 4),
                    header: word(bytes, at + 42, 4) + shift))
            at += 46 + name + word(bytes, at + 30, 2) + word(bytes, at + 32, 2)
        }
        return (entries, shift)
    }

    private static func localEntries(_ bytes: [UInt8]) -> [Entry] {
        var entries: [Entry] = []
        var at = 0
        while at + 30 <= bytes.count, entries.count < 100_000 {
            guard bytes[at] == 0x50, word(bytes, at, 4) == 0x0403_4B50 else {
                at += 1
                continue
            }
            let name = word(bytes, at + 26, 2)
            guard at + 30 + name <= bytes.count else { break }
            let packed = word(bytes, at + 18, 4)
            entries.append(
                Entry(
                    name: String(decoding: bytes[(at + 30)..<(at + 30 + name)], as: UTF8.self),
                    flags: word(bytes, at + 6, 2), method: word(bytes, at + 8, 2), packed: packed, header: at))
            // A size that is written behind the data stands as 0 here: then the next header is looked for.
            at += 30 + name + word(bytes, at + 28, 2)
            if packed != 0xFFFF_FFFF { at = min(bytes.count, at + packed) }
        }
        return entries
    }

    private static func dataStart(_ bytes: [UInt8], _ entry: Entry) -> Int? {
        let at = entry.header
        guard at >= 0, at + 30 <= bytes.count, word(bytes, at, 4) == 0x0403_4B50 else { return nil }
        let start = at + 30 + word(bytes, at + 26, 2) + word(bytes, at + 28, 2)
        return start <= bytes.count ? start : nil
    }

    /// A little-endian number; 0 outside the bytes.
    private static func word(_ bytes: [UInt8], _ at: Int, _ count: Int) -> Int {
        guard at >= 0, at + count <= bytes.count else { return 0 }
        var value = 0
        for place in (0..<count).reversed() { value = value << 8 | Int(bytes[at + place]) }
        return value
    }
}

/// Tar archives: ustar, with the long names of GNU and pax.
enum TarReader {
    static func isTar(_ bytes: [UInt8]) -> Bool {
        bytes.count >= 512 && bytes[257..<262].elementsEqual("ustar".utf8)
    }

    static func read(_ bytes: [UInt8], inside prefix: String, depth: Int, into opening: inout Opening) {
        var at = 0
        var longName: String?
        while at + 512 <= bytes.count {
            let header = bytes[at..<(at + 512)]
            if header.allSatisfy({ $0 == 0 }) { return }
            guard let size = octal(bytes[(at + 124)..<(at + 136)]) else {
                opening.gap(
                    "the archive\(prefix.isEmpty ? "" : " `\(prefix.dropLast())`") is damaged; the rest was not read")
                return
            }
            let start = at + 512
            let end = min(bytes.count, start + size)
            if end - start < size {
                opening.gap("the archive\(prefix.isEmpty ? "" : " `\(prefix.dropLast())`") is cut short")
            }
            var name = text(bytes[at..<(at + 100)])
            let folder = text(bytes[(at + 345)..<(at + 500)])
            if !folder.isEmpty { name = folder + "/" + name }
            switch bytes[at + 156] {
            case UInt8(ascii: "L"):
                longName = text(bytes[start..<end].prefix(4_096))
            case UInt8(ascii: "x"):
                longName = paxPath(bytes[start..<end].prefix(65_536)) ?? longName
            case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
                if opening.isFull {
                    opening.gap("the limit of the archive was reached; the rest was not read")
                    return
                }
                let limit = opening.room
                if end - start > limit {
                    opening.gap("`\(prefix)\(longName ?? name)` is longer than its limit; the rest was not read")
                }
                opening.add(longName ?? name, Array(bytes[start..<end].prefix(limit)), inside: prefix, depth: depth)
                longName = nil
            default:
                longName = nil
            }
            at = start + (size + 511) / 512 * 512
        }
    }

    private static func text(_ field: ArraySlice<UInt8>) -> String {
        String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for byte in field where byte != 0 && byte != 32 {
            guard (48...55).contains(byte), value < 1 << 40 else { return nil }
            value = value * 8 + Int(byte - 48)
        }
        return value
    }

    private static func paxPath(_ records: ArraySlice<UInt8>) -> String? {
        for (_, line) in TextLines(String(decoding: records, as: UTF8.self)) {
            let text = String(decoding: line, as: UTF8.self)
            if let mark = text.firstRange(of: " path=") { return String(text[mark.upperBound...]) }
        }
        return nil
    }
}
