// SPDX-License-Identifier: Apache-2.0
internal import WritScan

/// What kind of bytes content is made of, told from its beginning.
public enum ContentKind: Sendable, Hashable {
    /// ASCII, UTF-8, or any other encoding of one byte and more whose ASCII is ASCII.
    case text
    /// UTF-16 or UTF-32: bytes a unit, and the place of the low byte first.
    case wide(width: Int, isLittleEndian: Bool)
    /// Neither: an image, a program, a database.
    case binary
    /// A container, with the word for it.
    case container(String)

    private static let magics: [(bytes: [UInt8], name: String)] = [
        ([0x50, 0x4B, 0x03, 0x04], "zip archive"), ([0x50, 0x4B, 0x05, 0x06], "zip archive"),
        ([0x1F, 0x8B], "gzip file"), ([0x42, 0x5A, 0x68], "bzip2 file"),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "xz file"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd file"),
        ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "7z archive"), ([0x52, 0x61, 0x72, 0x21, 0x1A, 0x07], "rar archive"),
        ([0x25, 0x50, 0x44, 0x46, 0x2D], "PDF document"),
        ([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], "Office document"),
        ([0x4C, 0x5A, 0x49, 0x50], "lzip file"), ([0x04, 0x22, 0x4D, 0x18], "lz4 file"),
    ]

    /// Looks at the first bytes; 8 KiB are enough.
    ///
    /// - Parameter mustBeText: whoever reads this file takes it for text, whatever strange bytes are in it.
    public init(_ bytes: [UInt8], mustBeText: Bool = false) {
        for magic in Self.magics where bytes.starts(with: magic.bytes) {
            self = .container(magic.name)
            return
        }
        if bytes.count >= 262, bytes[257..<262].elementsEqual("ustar".utf8) {
            self = .container("tar archive")
            return
        }
        if !mustBeText, Container.isPicture(bytes) || Self.programs.contains(where: { bytes.starts(with: $0) }) {
            self = .binary
            return
        }
        if let wide = Self.wide(bytes) {
            self = wide
            return
        }
        // What text hardly ever has. A few zeros do not make it a binary file: readers pass over them.
        var strange = 0
        var zeros = 0
        let seen = bytes.prefix(8192)
        for byte in seen {
            if byte == 0 {
                zeros += 1
            } else if byte < 0x20, byte != 0x09, byte != 0x0A, byte != 0x0D, byte != 0x0C, byte != 0x1B, byte != 0x08 {
                strange += 1
            }
        }
        if mustBeText {
            self = .text
        } else if zeros > 0 {
            self = (strange + zeros) * 50 <= seen.count && Self.isPlain(seen) ? .text : .binary
        } else {
            self = strange * 10 > seen.count ? .binary : .text
        }
    }

    /// Files that people and agents read as text, by their name.
    static func isNamedText(_ path: String) -> Bool {
        let name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
        return textEndings.contains { name.hasSuffix($0) }
    }

    private static let textEndings = [
        ".md", ".mdc", ".mdx", ".markdown", ".txt", ".rst", ".adoc", ".json", ".jsonc", ".yaml", ".yml", ".toml",
        ".xml",
        ".html", ".htm", ".csv", ".py", ".js", ".ts", ".sh", ".rb", ".go", ".rs", ".java", ".c", ".h", ".swift",
    ]

    /// ELF and Mach-O: programs may hold more text than code.
    private static let programs: [[UInt8]] = [
        [0x7F, 0x45, 0x4C, 0x46], [0xCF, 0xFA, 0xED, 0xFE], [0xCE, 0xFA, 0xED, 0xFE],
    ]

    /// Nearly all bytes are printable ASCII, which two bytes a unit hardly ever are.
    private static func isPlain(_ bytes: ArraySlice<UInt8>) -> Bool {
        let printable = bytes.count { (0x20...0x7E).contains($0) || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
        return bytes.count >= 8 && printable * 10 >= bytes.count * 9
    }

    private static func wide(_ bytes: [UInt8]) -> ContentKind? {
        // A mark is only a claim: eight-bit text behind a wrong one must not turn into other characters and so be hidden.
        let isMarked = bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
        if isMarked, isPlain(bytes.dropFirst(2).prefix(1024)) { return nil }
        if bytes.starts(with: [0xFF, 0xFE, 0, 0]) { return .wide(width: 4, isLittleEndian: true) }
        if bytes.starts(with: [0, 0, 0xFE, 0xFF]) { return .wide(width: 4, isLittleEndian: false) }
        if bytes.starts(with: [0xFF, 0xFE]) { return .wide(width: 2, isLittleEndian: true) }
        if bytes.starts(with: [0xFE, 0xFF]) { return .wide(width: 2, isLittleEndian: false) }
        let sample = min(bytes.count, 1024) & ~3
        guard sample >= 8 else { return nil }
        var zeros = [0, 0, 0, 0]
        for at in 0..<sample where bytes[at] == 0 { zeros[at & 3] += 1 }
        let quarter = sample / 4
        let mostly = zeros.map { $0 * 10 >= quarter * 6 }
        let hardly = zeros.map { $0 * 10 <= quarter }
        if mostly[1], mostly[2], mostly[3], hardly[0] { return .wide(width: 4, isLittleEndian: true) }
        if mostly[0], mostly[1], mostly[2], hardly[3] { return .wide(width: 4, isLittleEndian: false) }
        if mostly[1], mostly[3], hardly[0], hardly[2] { return .wide(width: 2, isLittleEndian: true) }
        if mostly[0], mostly[2], hardly[1], hardly[3] { return .wide(width: 2, isLittleEndian: false) }
        // Characters beyond the first 65,536, as hidden text has them, bring bytes other than zero into every place.
        if isWide(bytes[..<sample], width: 4, isLittleEndian: true) { return .wide(width: 4, isLittleEndian: true) }
        if isWide(bytes[..<sample], width: 4, isLittleEndian: false) { return .wide(width: 4, isLittleEndian: false) }
        if isWide(bytes[..<sample], width: 2, isLittleEndian: true) { return .wide(width: 2, isLittleEndian: true) }
        if isWide(bytes[..<sample], width: 2, isLittleEndian: false) { return .wide(width: 2, isLittleEndian: false) }
        return nil
    }

    /// Every unit is printable ASCII, half of a well-formed pair, or a scalar far up, and a tenth at least is ASCII.
    private static func isWide(_ bytes: ArraySlice<UInt8>, width: Int, isLittleEndian: Bool) -> Bool {
        var ascii = 0
        var units = 0
        var isHigh = false
        for at in stride(from: bytes.startIndex, to: bytes.endIndex, by: width) {
            var value: UInt32 = 0
            for place in 0..<width {
                value = value << 8 | UInt32(bytes[isLittleEndian ? at + width - 1 - place : at + place])
            }
            units += 1
            let isPairHigh = width == 2 && (0xD800...0xDBFF).contains(value)
            let isPairLow = width == 2 && (0xDC00...0xDFFF).contains(value)
            if isHigh != isPairLow { return false }
            isHigh = isPairHigh
            if (0x20..<0x7F).contains(value) || value == 0x0A || value == 0x0D || value == 0x09 {
                ascii += 1
            } else if !isPairHigh, !isPairLow, !(width == 4 && (0xE0000...0xE01EF).contains(value)),
                !(0x2000...0x206F).contains(value), !(0xFE00...0xFE0F).contains(value), value != 0xFEFF
            {
                return false
            }
        }
        return ascii >= 8 && ascii * 10 >= units
    }
}

/// Leaves zeros out of text.
struct ZeroFilter: ByteSource {
    private var source: any ByteSource

    init(_ source: any ByteSource) {
        self.source = source
    }

    mutating func read(_ most: Int) throws -> [UInt8] {
        while true {
            let bytes = try source.read(most)
            guard bytes.contains(0) else { return bytes }
            let kept = bytes.filter { $0 != 0 }
            if !kept.isEmpty { return kept }
        }
    }
}

/// Turns UTF-16 and UTF-32 into UTF-8, piece by piece; what is no character becomes U+FFFD.
struct WideDecoder: ByteSource {
    private var source: any ByteSource
    private let width: Int
    private let isLittleEndian: Bool
    private var rest: [UInt8] = []
    private var high: UInt32?
    private var isAtStart = true

    init(_ source: any ByteSource, width: Int, isLittleEndian: Bool) {
        self.source = source
        self.width = width
        self.isLittleEndian = isLittleEndian
    }

    mutating func read(_ most: Int) throws -> [UInt8] {
        while true {
            // A unit of two bytes becomes at most three.
            let raw = try source.read(max(16, most / 3 & ~3))
            let isEnd = raw.isEmpty
            let bytes = rest + raw
            if isEnd, bytes.isEmpty, high == nil { return [] }
            var out: [UInt8] = []
            var at = 0
            while at + width <= bytes.count {
                append(unit(bytes, at), to: &out)
                at += width
            }
            rest = Array(bytes[at...])
            if isEnd {
                if high != nil || !rest.isEmpty { out += [0xEF, 0xBF, 0xBD] }
                high = nil
                rest = []
            }
            if !out.isEmpty || isEnd { return out }
        }
    }

    private func unit(_ bytes: [UInt8], _ at: Int) -> UInt32 {
        var value: UInt32 = 0
        for place in 0..<width {
            value = value << 8 | UInt32(bytes[isLittleEndian ? at + width - 1 - place : at + place])
        }
        return value
    }

    private mutating func append(_ unit: UInt32, to out: inout [UInt8]) {
        if isAtStart {
            isAtStart = false
            if unit == 0xFEFF { return }
        }
        var value = unit
        if width == 2 {
            if (0xDC00...0xDFFF).contains(unit), let first = high {
                high = nil
                value = 0x10000 + (first - 0xD800) << 10 + (unit - 0xDC00)
            } else {
                if high != nil { out += [0xEF, 0xBF, 0xBD] }
                high = nil
                if (0xD800...0xDBFF).contains(unit) {
                    high = unit
                    return
                }
            }
        }
        let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
        out.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [0xEF, 0xBF, 0xBD])
    }
}
