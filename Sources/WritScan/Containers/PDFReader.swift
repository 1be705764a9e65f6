// SPDX-License-Identifier: Apache-2.0

/// The text of a PDF (ISO 32000): pages, annotations, scripts, form values and metadata, with what is drawn so that no
/// reader sees it told apart.
///
/// Objects are found by looking through the file rather than by its cross-reference table, which an attacker writes.
enum PDFReader {
    private struct Stream {
        var dictionary: [UInt8]
        var content: [UInt8]
    }

    static func read(_ bytes: [UInt8], inside prefix: String, into opening: inout Opening) {
        if find("/Encrypt", in: bytes, from: 0, to: bytes.count) != nil {
            opening.gap("the PDF is encrypted; only what stands outside its streams was read")
        }
        var objects: [Int: [UInt8]] = [:]
        var streams: [(number: Int, stream: Stream)] = []
        var plain: [UInt8] = []
        var at = 0
        var room = opening.limits.member
        // Looked for once each, so that a file without them costs no more than its length.
        var nextEnd = 0
        while let found = find("obj", in: bytes, from: at, to: bytes.count) {
            at = found + 3
            // `endobj` ends with the same letters.
            if found >= 3, bytes[(found - 3)..<found].elementsEqual("end".utf8) { continue }
            let number = objectNumber(bytes, before: found)
            if nextEnd < at { nextEnd = find("endobj", in: bytes, from: at, to: bytes.count) ?? bytes.count }
            let end = nextEnd
            guard let start = find("stream", in: bytes, from: at, to: end) else {
                plain += bytes[at..<end]
                plain.append(10)
                objects[number] = Array(bytes[at..<end])
                at = end
                continue
            }
            let dictionary = Array(bytes[at..<start])
            plain += dictionary
            plain.append(10)
            objects[number] = dictionary
            var body = start + 6
            if body < bytes.count, bytes[body] == 13 { body += 1 }
            if body < bytes.count, bytes[body] == 10 { body += 1 }
            var stop = find("endstream", in: bytes, from: body, to: bytes.count) ?? bytes.count
            // A stated length counts when the stream ends there: the data may hold the word itself.
            if let length = integer("/Length", dictionary), length > 0, length < bytes.count - body,
                let stated = find("endstream", in: bytes, from: body + length, to: min(bytes.count, body + length + 16))
            {
                stop = stated
            }
            at = min(bytes.count, stop + 9)
            guard room > 0 else {
                opening.gap("the PDF unfolds past \(opening.limits.member >> 20) MiB; the rest was not read")
                break
            }
            if has("/Image", dictionary) || has("/FontFile", dictionary) || has("/XRef", dictionary) { continue }
            guard let content = unpacked(Array(bytes[body..<max(body, stop)]), dictionary, limit: room, &opening) else {
                continue
            }
            room -= content.count
            streams.append((number, Stream(dictionary: dictionary, content: content)))
        }
        for (_, stream) in streams where has("/ObjStm", stream.dictionary) {
            plain += stream.content
            plain.append(10)
            for (number, object) in inner(stream) { objects[number] = object }
        }
        let fonts = fontMaps(objects, streams.reduce(into: [:]) { $0[$1.number] = $1.stream.content })
        var shown = ""
        var hidden = ""
        for (_, stream) in streams {
            if has("/ObjStm", stream.dictionary)
                || find("begincmap", in: stream.content, from: 0, to: stream.content.count) != nil
            {
                continue
            }
            if has("/Metadata", stream.dictionary) || stream.content.starts(with: "<?xpacket".utf8) {
                let description = OfficeText.read(Array(stream.content))
                shown += description.shown + "\n" + description.spoken + "\n"
                continue
            }
            guard
                find("Tj", in: stream.content, from: 0, to: stream.content.count) != nil
                    || find("TJ", in: stream.content, from: 0, to: stream.content.count) != nil
                    || find("'", in: stream.content, from: 0, to: stream.content.count) != nil
            else {
                // Scripts and attached files are streams of their own.
                if PDFText.looksLikeText(stream.content) {
                    hidden += String(decoding: stream.content, as: UTF8.self) + "\n"
                }
                continue
            }
            var page = PDFText(bytes: stream.content, fonts: fonts)
            page.run()
            shown += page.shown + "\n"
            hidden += page.hidden + (page.hidden.isEmpty ? "" : "\n")
        }
        opening.addText(prefix + "text", shown)
        opening.addText(prefix + "hidden text", hidden, isHidden: true)
        opening.addText(prefix + "annotations and scripts", PDFText.strings(of: plain))
        if shown.allSatisfy(\.isWhitespace), streams.isEmpty == false || has("/Image", plain) {
            opening.gap("the PDF shows pictures only; text in them was not read")
        }
    }

    private static func unpacked(
        _ raw: [UInt8], _ dictionary: [UInt8], limit: Int, _ opening: inout Opening
    ) -> [UInt8]? {
        var filters: [String] = []
        let text = String(decoding: dictionary, as: UTF8.self)
        if let mark = text.firstRange(of: "/Filter") {
            let rest = text[mark.upperBound...]
            let list = rest.drop { $0 == " " || $0 == "\n" || $0 == "\r" }
            let names =
                list.hasPrefix("[")
                ? list.prefix { $0 != "]" } : list.prefix { $0 == "/" || $0.isLetter || $0.isNumber }
            filters = names.split(whereSeparator: { !$0.isLetter && !$0.isNumber }).map(String.init)
        }
        var content = raw
        for filter in filters.prefix(4) {
            switch filter {
            case "FlateDecode", "Fl":
                // A predictor is for pictures and tables, which hold no text.
                let read = Inflate.zlib(content, limit: limit)
                if !read.isWhole, read.out.isEmpty { return note("a damaged stream", &opening) }
                if read.out.count >= limit {
                    opening.gap("a stream of the PDF unfolds past its limit; the rest was not read")
                }
                content = read.out
            case "ASCIIHexDecode", "AHx": content = PDFText.hexadecimal(content[...])
            case "ASCII85Decode", "A85": content = ascii85(content)
            case "DCTDecode", "JPXDecode", "CCITTFaxDecode", "JBIG2Decode", "DCT", "CCF": return nil
            default: return note("a stream packed by \(filter)", &opening)
            }
        }
        return content
    }

    private static func note(_ what: String, _ opening: inout Opening) -> [UInt8]? {
        opening.gap("\(what) of the PDF was not read")
        return nil
    }

    private static func ascii85(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var group: [UInt32] = []
        func flush(_ group: [UInt32]) -> [UInt8] {
            guard group.count > 1 else { return [] }
            let full = group + Array(repeating: 84, count: 5 - group.count)
            let value = full.reduce(UInt32(0)) { $0 &* 85 &+ $1 }
            return Array([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }.prefix(group.count - 1))
        }
        for byte in bytes {
            if byte == UInt8(ascii: "~") { break }
            if byte == UInt8(ascii: "z"), group.isEmpty { out += [0, 0, 0, 0] }
            guard (33...117).contains(byte) else { continue }
            group.append(UInt32(byte - 33))
            if group.count == 5 {
                out += flush(group)
                group = []
            }
        }
        return out + flush(group)
    }

    /// The objects of an object stream: pairs of number and offset, then the objects.
    private static func inner(_ stream: Stream) -> [(Int, [UInt8])] {
        guard let first = integer("/First", stream.dictionary), first > 0, first <= stream.content.count else {
            return []
        }
        let numbers = String(decoding: stream.content[..<first], as: UTF8.self).split(whereSeparator: \.isWhitespace)
            .compactMap { Int($0) }
        var found: [(Int, [UInt8])] = []
        for pair in stride(from: 0, to: numbers.count - 1, by: 2) {
            let start = first + max(0, min(numbers[pair + 1], stream.content.count))
            let end =
                pair + 3 < numbers.count
                ? first + max(0, min(numbers[pair + 3], stream.content.count)) : stream.content.count
            guard start < end, end <= stream.content.count else { continue }
            found.append((numbers[pair], Array(stream.content[start..<end])))
        }
        return found
    }

    /// For each font's name in the pages' resources, the tables by which its codes may be read.
    private static func fontMaps(_ objects: [Int: [UInt8]], _ streams: [Int: [UInt8]]) -> [String: [PDFText.CodeMap]] {
        var maps: [Int: PDFText.CodeMap] = [:]
        for (number, object) in objects {
            guard let target = integer("/ToUnicode", object), let content = streams[target] else { continue }
            maps[number] = PDFText.CodeMap(content)
        }
        guard !maps.isEmpty else { return [:] }
        var found: [String: [PDFText.CodeMap]] = [:]
        // `/F1 12 0 R` wherever it stands: a name that means several fonts has several tables.
        for (_, object) in objects.sorted(by: { $0.key < $1.key }) {
            let words = String(decoding: object.prefix(65_536), as: UTF8.self).split(whereSeparator: {
                " \n\r\t<>[]".contains($0)
            })
            for (place, word) in words.enumerated() where word.hasPrefix("/") && place + 3 < words.count {
                guard words[place + 3] == "R", let target = Int(words[place + 1]), let map = maps[target] else {
                    continue
                }
                let name = String(word.dropFirst())
                if found[name, default: []].count < 16 { found[name, default: []].append(map) }
            }
        }
        return found
    }

    private static func objectNumber(_ bytes: [UInt8], before end: Int) -> Int {
        let head = String(decoding: bytes[max(0, end - 24)..<end], as: UTF8.self).split(whereSeparator: \.isWhitespace)
        return head.dropLast().last.flatMap { Int($0) } ?? -1
    }

    static func find(_ word: String, in bytes: [UInt8], from start: Int, to end: Int) -> Int? {
        let word = Array(word.utf8)
        guard let first = word.first, end <= bytes.count else { return nil }
        var at = start
        while at + word.count <= end {
            if bytes[at] == first, bytes[at..<(at + word.count)].elementsEqual(word) { return at }
            at += 1
        }
        return nil
    }

    private static func has(_ word: String, _ bytes: [UInt8]) -> Bool {
        find(word, in: bytes, from: 0, to: bytes.count) != nil
    }

    /// The number behind a key.
    private static func integer(_ key: String, _ bytes: [UInt8]) -> Int? {
        guard let at = find(key, in: bytes, from: 0, to: bytes.count) else { return nil }
        let rest = bytes[(at + key.utf8.count)...].drop { $0 == 32 || $0 == 10 || $0 == 13 }
        return Int(String(decoding: rest.prefix(9).prefix { (48...57).contains($0) }, as: UTF8.self))
    }
}
