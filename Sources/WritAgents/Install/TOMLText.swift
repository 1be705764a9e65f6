// SPDX-License-Identifier: Apache-2.0

/// A TOML file as its bytes: enough is read to add a block of tables at its end, to find it again, and to refuse where
/// that would make the file mean something else.
///
/// Nothing but the block between its two marks is ever changed.
struct TOMLText: Sendable {
    /// A table's header or a key of a table.
    private struct Name: Sendable {
        var path: [String]
        var isTable: Bool
        var offset: Int
    }

    static let begin = "# writ begin: made by `writ install`, taken out by `writ uninstall`"
    static let end = "# writ end"

    let bytes: [UInt8]
    /// The block with its marks and line ends.
    private(set) var block: Range<Int>?
    private var names: [Name] = []

    /// Reads a text.
    ///
    /// - Throws: a fault where a string, a bracket or the block has no end, or a line is none of TOML.
    init(_ bytes: [UInt8]) throws(SettingsSyntaxFault) {
        self.bytes = bytes
        guard bytes.count <= SettingsText.maximumLength else {
            throw SettingsSyntaxFault(message: "the file is over 4 MiB", offset: 0)
        }
        var scan = Scan(bytes: bytes)
        var table: [String] = []
        var start: Int?
        while scan.skipBlank() {
            let offset = scan.at
            switch scan.current {
            case UInt8(ascii: "#"):
                let line = scan.comment()
                if line == TOMLText.begin {
                    guard start == nil, block == nil else { throw scan.fault("Writ's block stands here twice", offset) }
                    start = offset
                } else if line == TOMLText.end, let first = start {
                    block = first..<scan.at
                    start = nil
                    table = []
                }
            case UInt8(ascii: "["):
                table = try scan.header()
                if start == nil { names.append(Name(path: table, isTable: true, offset: offset)) }
            default:
                let key = try scan.key()
                try scan.value()
                if start == nil { names.append(Name(path: table + key, isTable: false, offset: offset)) }
            }
        }
        if let start { throw scan.fault("Writ's block has no end", start) }
    }

    /// Whether a table of this name is opened outside of the block.
    func hasTable(_ path: [String]) -> Bool {
        names.contains { $0.isTable && $0.path == path }
    }

    /// The value of a key outside of the block, where it is a plain word.
    func holds(_ path: [String], _ word: String) -> Bool {
        guard let name = names.first(where: { !$0.isTable && $0.path == path }) else { return false }
        let line = bytes[name.offset...].prefix { $0 != 0x0A }
        return String(decoding: line, as: UTF8.self).split(separator: "=").last?.contains(word) ?? false
    }

    /// The text with the block, in its old place or at the end.
    ///
    /// - Throws: a fault when `hooks`, or one of the events, is written as a value: a table cannot be added to it.
    func withBlock(_ text: String, events: [String]) throws(SettingsSyntaxFault) -> [UInt8] {
        for name in names where !name.isTable {
            let isHooks = name.path == ["hooks"]
            if isHooks || name.path.count == 2 && name.path[0] == "hooks" && events.contains(name.path[1]) {
                throw SettingsSyntaxFault(
                    message: "`\(name.path.joined(separator: "."))` is a value here, to which no table can be added",
                    offset: name.offset)
            }
        }
        let lineEnd = bytes.contains(0x0D) ? "\r\n" : "\n"
        var lines = "\(TOMLText.begin)\n\(text)\n\(TOMLText.end)\n"
        if lineEnd == "\r\n" {
            lines = lines.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
        }
        if let block {
            return Array(bytes[..<block.lowerBound]) + Array(lines.utf8) + Array(bytes[block.upperBound...])
        }
        var before = bytes
        if let last = before.last, last != 0x0A { before += lineEnd.utf8 }
        if !before.isEmpty { before += lineEnd.utf8 }
        return before + Array(lines.utf8)
    }

    /// The text without the block, and without the empty line that was put before it.
    var withoutBlock: [UInt8] {
        guard let block else { return bytes }
        var start = block.lowerBound
        if start >= 2, bytes[start - 1] == 0x0A {
            if bytes[start - 2] == 0x0A {
                start -= 1
            } else if start >= 4, bytes[start - 2] == 0x0D, bytes[start - 3] == 0x0A {
                start -= 2
            }
        }
        return Array(bytes[..<start]) + Array(bytes[block.upperBound...])
    }

    private struct Scan {
        let bytes: [UInt8]
        var at = 0

        var current: UInt8? { at < bytes.count ? bytes[at] : nil }

        func fault(_ message: String, _ offset: Int) -> SettingsSyntaxFault {
            SettingsSyntaxFault(message: message, offset: min(offset, bytes.count))
        }

        /// Skips blanks and line ends; false at the end.
        mutating func skipBlank() -> Bool {
            if at == 0, bytes.starts(with: SettingsText.mark) { at = SettingsText.mark.count }
            while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { at += 1 }
            return at < bytes.count
        }

        /// The comment without its line end, which is skipped.
        mutating func comment() -> String {
            let start = at
            while let byte = current, byte != 0x0A { _ = byte; at += 1 }
            var end = at
            if end > start, bytes[end - 1] == 0x0D { end -= 1 }
            if at < bytes.count { at += 1 }
            return String(decoding: bytes[start..<end], as: UTF8.self)
        }

        private mutating func skipSpaces() {
            while let byte = current, byte == 0x20 || byte == 0x09 { at += 1 }
        }

        mutating func header() throws(SettingsSyntaxFault) -> [String] {
            let start = at
            let isArray = at + 1 < bytes.count && bytes[at + 1] == UInt8(ascii: "[")
            at += isArray ? 2 : 1
            skipSpaces()
            let path = try dotted()
            for _ in 0..<(isArray ? 2 : 1) {
                guard current == UInt8(ascii: "]") else { throw fault("the table's name has no end", start) }
                at += 1
            }
            try endOfLine()
            return path
        }

        mutating func key() throws(SettingsSyntaxFault) -> [String] {
            let path = try dotted()
            guard current == UInt8(ascii: "=") else { throw fault("expected `=` after the key", at) }
            at += 1
            return path
        }

        private mutating func dotted() throws(SettingsSyntaxFault) -> [String] {
            var path: [String] = []
            while true {
                skipSpaces()
                let start = at
                if let quote = current, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
                    try string()
                    path.append(String(decoding: bytes[(start + 1)..<(at - 1)], as: UTF8.self))
                } else {
                    while let byte = current, Scan.isBare(byte) { _ = byte; at += 1 }
                    guard at > start else { throw fault("expected a key", at) }
                    path.append(String(decoding: bytes[start..<at], as: UTF8.self))
                }
                skipSpaces()
                guard current == UInt8(ascii: ".") else { return path }
                at += 1
            }
        }

        private static func isBare(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: byte >= 0x80
            }
        }

        /// Skips a value, which may run over lines inside brackets.
        mutating func value() throws(SettingsSyntaxFault) {
            let start = at
            var depth = 0
            while let byte = current {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "'"): try string()
                case UInt8(ascii: "["), UInt8(ascii: "{"):
                    depth += 1
                    at += 1
                case UInt8(ascii: "]"), UInt8(ascii: "}"):
                    depth -= 1
                    guard depth >= 0 else { throw fault("a bracket without its beginning", at) }
                    at += 1
                case UInt8(ascii: "#"):
                    _ = comment()
                    if depth == 0 { return }
                case 0x0A:
                    at += 1
                    if depth == 0 { return }
                default: at += 1
                }
            }
            guard depth == 0 else { throw fault("a bracket without its end", start) }
        }

        private mutating func string() throws(SettingsSyntaxFault) {
            let start = at
            let quote = bytes[at]
            let isLong = at + 2 < bytes.count && bytes[at + 1] == quote && bytes[at + 2] == quote
            at += isLong ? 3 : 1
            while let byte = current {
                if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                    at += 2
                } else if byte == quote {
                    if !isLong {
                        at += 1
                        return
                    }
                    if at + 2 < bytes.count, bytes[at + 1] == quote, bytes[at + 2] == quote {
                        at += 3
                        // Up to two quotes may stand before the closing three.
                        for _ in 0..<2 where current == quote { at += 1 }
                        return
                    }
                    at += 1
                } else {
                    if byte == 0x0A, !isLong { break }
                    at += 1
                }
            }
            throw fault("the string has no end", start)
        }

        private mutating func endOfLine() throws(SettingsSyntaxFault) {
            skipSpaces()
            switch current {
            case nil: return
            case UInt8(ascii: "#"): _ = comment()
            case 0x0A: at += 1
            case 0x0D where at + 1 < bytes.count && bytes[at + 1] == 0x0A: at += 2
            default: throw fault("unexpected text after the table's name", at)
            }
        }
    }
}
