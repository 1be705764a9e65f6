// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// A settings file as keys and values, with places: JSON with comments and faults, TOML, and the part of YAML that
/// settings use. A fault ends nothing; what cannot be read is left out and the rest goes on.
indirect enum SettingsTree {
    case text(String, SourceSpan)
    case list([SettingsTree])
    case table([Entry])
    case other

    struct Entry {
        var key: String
        var value: SettingsTree
    }

    /// Nested deeper, values are left out.
    static let depth = 64
    /// Values of one file; past it the rest is left out, and ``isCut`` says so.
    static let most = 50_000

    static func read(_ bytes: UnsafeRawBufferPointer, path: String) -> (tree: SettingsTree, isCut: Bool) {
        let name = path.lowercased()
        if name.hasSuffix(".toml") {
            var reader = SettingsReader(bytes, style: .toml)
            return (reader.toml(), reader.isCut)
        }
        if name.hasSuffix(".yaml") || name.hasSuffix(".yml") || name.hasSuffix(".md") || name.hasSuffix(".mdc") {
            var reader = SettingsReader(bytes, style: .yaml)
            return (reader.yaml(), reader.isCut)
        }
        var reader = SettingsReader(bytes, style: .json)
        return (reader.value(0), reader.isCut)
    }

    /// The value of a key of a table, in any case of letters.
    subscript(key: String) -> SettingsTree? {
        guard case .table(let entries) = self else { return nil }
        return entries.first { $0.key.lowercased() == key }?.value
    }

    /// The text, or nil.
    var string: (text: String, span: SourceSpan)? {
        if case .text(let text, let span) = self { return (text, span) }
        return nil
    }

    /// The texts of a list, or nil when it is none.
    var strings: [String]? {
        guard case .list(let items) = self else { return nil }
        return items.compactMap { $0.string?.text }
    }
}

/// Reads ``SettingsTree``.
struct SettingsReader {
    private let bytes: UnsafeRawBufferPointer
    private let style: JSONValues.Style
    private var at = 0
    private var count = 0
    private(set) var isCut = false

    init(_ bytes: UnsafeRawBufferPointer, style: JSONValues.Style) {
        self.bytes = bytes
        self.style = style
    }

    private mutating func skip(_ lines: Bool = true) {
        while at < bytes.count {
            let byte = bytes[at]
            if byte.isBlank || byte == 0x0D || (lines && byte == 0x0A) || byte == 0xEF && bytes.byte(at + 1) == 0xBB {
                at += byte == 0xEF ? 3 : 1
            } else if style == .json, byte == UInt8(ascii: "/"), bytes.byte(at + 1) == UInt8(ascii: "/") {
                while at < bytes.count, bytes[at] != 0x0A { at += 1 }
            } else if style == .json, byte == UInt8(ascii: "/"), bytes.byte(at + 1) == UInt8(ascii: "*") {
                at += 2
                while at < bytes.count, !bytes.holds("*/", at: at) { at += 1 }
                at = min(bytes.count, at + 2)
            } else if style != .json, lines, byte == UInt8(ascii: "#") {
                while at < bytes.count, bytes[at] != 0x0A { at += 1 }
            } else {
                return
            }
        }
        at = min(at, bytes.count)
    }

    /// One value; at the end it stands behind it.
    mutating func value(_ depth: Int) -> SettingsTree {
        skip()
        count += 1
        guard at < bytes.count, depth < SettingsTree.depth, count < SettingsTree.most else {
            isCut = isCut || at < bytes.count
            at = bytes.count
            return .other
        }
        switch bytes[at] {
        case UInt8(ascii: "{"):
            at += 1
            return .table(entries(depth))
        case UInt8(ascii: "["):
            at += 1
            var items: [SettingsTree] = []
            while true {
                skip()
                guard at < bytes.count, bytes[at] != UInt8(ascii: "]"), bytes[at] != UInt8(ascii: "}") else { break }
                if bytes[at] == UInt8(ascii: ",") {
                    at += 1
                    continue
                }
                items.append(value(depth + 1))
            }
            at = min(bytes.count, at + 1)
            return .list(items)
        case 0x22, 0x27:
            return quoted()
        default:
            return plain()
        }
    }

    private mutating func entries(_ depth: Int) -> [SettingsTree.Entry] {
        var out: [SettingsTree.Entry] = []
        while true {
            skip()
            guard at < bytes.count, bytes[at] != UInt8(ascii: "}"), bytes[at] != UInt8(ascii: "]") else { break }
            if bytes[at] == UInt8(ascii: ",") || bytes[at] == UInt8(ascii: ":") || bytes[at] == UInt8(ascii: "=") {
                at += 1
                continue
            }
            let key: String
            if bytes[at] == 0x22 || bytes[at] == 0x27 {
                key = quoted().string?.text ?? ""
            } else {
                let start = at
                while at < bytes.count, bytes[at] > 0x20, bytes[at] != UInt8(ascii: ":"),
                    bytes[at] != UInt8(ascii: "="),
                    bytes[at] != UInt8(ascii: "}"), bytes[at] != UInt8(ascii: ",")
                { at += 1 }
                if at == start { at += 1 }
                key = String(decoding: bytes.part(start..<at), as: UTF8.self)
            }
            skip()
            if bytes.byte(at) == UInt8(ascii: ":") || bytes.byte(at) == UInt8(ascii: "=") {
                at += 1
                out.append(SettingsTree.Entry(key: key, value: value(depth + 1)))
            }
        }
        at = min(bytes.count, at + 1)
        return out
    }

    private mutating func quoted() -> SettingsTree {
        let quote = bytes[at]
        let start = at
        let isTriple = style == .toml && bytes.byte(at + 1) == quote && bytes.byte(at + 2) == quote
        at += isTriple ? 3 : 1
        let first = at
        while at < bytes.count {
            if bytes[at] == quote, !isTriple || (bytes.byte(at + 1) == quote && bytes.byte(at + 2) == quote) { break }
            at += bytes[at] == 0x5C && quote == 0x22 ? 2 : 1
        }
        let end = min(at, bytes.count)
        at = min(bytes.count, end + (isTriple ? 3 : 1))
        let raw = bytes.part(first..<end)
        let text = quote == 0x22 ? Escapes.decode(raw) : Array(raw)
        return .text(String(decoding: text, as: UTF8.self), SourceSpan(start: start, end: at))
    }

    /// A number, a word, or a plain scalar of YAML.
    private mutating func plain() -> SettingsTree {
        let start = at
        while at < bytes.count, bytes[at] != UInt8(ascii: ","), bytes[at] != UInt8(ascii: "]"),
            bytes[at] != UInt8(ascii: "}"), bytes[at] != 0x0A
        { at += 1 }
        if at == start { at += 1 }
        return text(start, at)
    }

    private func text(_ start: Int, _ end: Int) -> SettingsTree {
        var low = start
        var high = min(end, bytes.count)
        while low < high, bytes[low] <= 0x20 { low += 1 }
        while high > low, bytes[high - 1] <= 0x20 { high -= 1 }
        return .text(String(decoding: bytes.part(low..<high), as: UTF8.self), SourceSpan(start: low, end: high))
    }

    // MARK: TOML

    /// Every `[table]` as one table; which is in which does not matter for what is looked for.
    mutating func toml() -> SettingsTree {
        var tables: [SettingsTree.Entry] = []
        var name = ""
        var entries: [SettingsTree.Entry] = []
        while true {
            skip()
            guard at < bytes.count, count < SettingsTree.most else { break }
            count += 1
            if bytes[at] == UInt8(ascii: "[") {
                let start = at
                while at < bytes.count, bytes[at] != 0x0A { at += 1 }
                tables.append(SettingsTree.Entry(key: name, value: .table(entries)))
                entries = []
                name = String(
                    decoding: bytes.part(start..<at).filter { $0 != UInt8(ascii: "[") && $0 != UInt8(ascii: "]") },
                    as: UTF8.self)
                continue
            }
            let start = at
            while at < bytes.count, bytes[at] != UInt8(ascii: "="), bytes[at] != 0x0A { at += 1 }
            guard bytes.byte(at) == UInt8(ascii: "=") else { continue }
            var key = String(decoding: bytes.part(start..<at), as: UTF8.self)
            key.removeAll { $0 == " " || $0 == "\t" || $0 == "\"" || $0 == "'" }
            at += 1
            skip(false)
            entries.append(SettingsTree.Entry(key: key, value: value(1)))
            // Whatever follows on the line is a comment.
            while at < bytes.count, bytes[at] != 0x0A { at += 1 }
        }
        isCut = isCut || at < bytes.count
        tables.append(SettingsTree.Entry(key: name, value: .table(entries)))
        return .table(tables)
    }

    // MARK: YAML

    /// Keys by their indentation, lists, quoted, plain and block scalars, inline collections. In Markdown the front
    /// matter alone.
    mutating func yaml() -> SettingsTree {
        if bytes.holds("---", at: 0) { while at < bytes.count, bytes[at] != 0x0A { at += 1 } }
        return block(indent: 0, depth: 0)
    }

    /// Bytes of indentation of the next line with text; nil at the end or at a line of dashes.
    private mutating func nextIndent() -> Int? {
        while at < bytes.count {
            var text = at
            while text < bytes.count, bytes[text].isBlank { text += 1 }
            if text >= bytes.count || bytes[text] == 0x0A || bytes[text] == 0x0D || bytes[text] == UInt8(ascii: "#") {
                while at < bytes.count, bytes[at] != 0x0A { at += 1 }
                at = min(bytes.count, at + 1)
                continue
            }
            return bytes.holds("---", at: at) ? nil : text - at
        }
        return nil
    }

    private mutating func endLine() {
        while at < bytes.count, bytes[at] != 0x0A { at += 1 }
        at = min(bytes.count, at + 1)
    }

    private mutating func block(indent least: Int, depth: Int) -> SettingsTree {
        guard depth < SettingsTree.depth else {
            isCut = true
            at = bytes.count
            return .other
        }
        if bytes.byte(at) == 0x0A { at += 1 }
        guard let indent = nextIndent(), indent >= least else { return .other }
        var entries: [SettingsTree.Entry] = []
        var items: [SettingsTree] = []
        while count < SettingsTree.most, let here = nextIndent(), here >= indent {
            count += 1
            at += here
            if bytes.holds("- ", at: at) || bytes.holds("-\n", at: at) {
                at += 1
                while bytes.byte(at).isBlank { at += 1 }
                let column = column(of: at)
                items.append(isKeyLine() ? rest(of: column, depth + 1) : scalar(indent: here, depth + 1))
                continue
            }
            guard isKeyLine() else {
                endLine()
                continue
            }
            let key = key()
            entries.append(SettingsTree.Entry(key: key, value: scalar(indent: here, depth + 1)))
        }
        return items.isEmpty ? .table(entries) : .list(items + (entries.isEmpty ? [] : [.table(entries)]))
    }

    private func column(of place: Int) -> Int {
        var start = place
        while start > 0, bytes[start - 1] != 0x0A, place - start < 4096 { start -= 1 }
        return place - start
    }

    /// The table that begins behind a dash: its first key stands on the dash's line.
    private mutating func rest(of column: Int, _ depth: Int) -> SettingsTree {
        let key = key()
        var entries = [SettingsTree.Entry(key: key, value: scalar(indent: column, depth))]
        while count < SettingsTree.most, let here = nextIndent(), here == column, !bytes.holds("- ", at: at + here) {
            count += 1
            at += here
            guard isKeyLine() else {
                endLine()
                continue
            }
            let key = self.key()
            entries.append(SettingsTree.Entry(key: key, value: scalar(indent: column, depth)))
        }
        return .table(entries)
    }

    private func isKeyLine() -> Bool {
        var end = at
        if bytes.byte(at) == UInt8(ascii: "{") || bytes.byte(at) == UInt8(ascii: "[") { return false }
        while end < bytes.count, bytes[end] != 0x0A, end - at < 256 {
            if bytes[end] == UInt8(ascii: ":"), bytes.byte(end + 1) <= 0x20 { return true }
            end += 1
        }
        return false
    }

    private mutating func key() -> String {
        let start = at
        while at < bytes.count, bytes[at] != UInt8(ascii: ":") || bytes.byte(at + 1) > 0x20 { at += 1 }
        let text = bytes.part(start..<at).filter { $0 != 0x22 && $0 != 0x27 }
        at = min(bytes.count, at + 1)
        return String(decoding: text, as: UTF8.self)
    }

    /// What stands behind a key or a dash.
    private mutating func scalar(indent: Int, _ depth: Int) -> SettingsTree {
        while bytes.byte(at).isBlank, at < bytes.count { at += 1 }
        let byte = bytes.byte(at)
        switch byte {
        case 0, 0x0A, 0x0D, UInt8(ascii: "#"):
            endLine()
            guard let next = nextIndent() else { return .other }
            // A list may stand under its key without indentation.
            let isList = bytes.holds("- ", at: at + next)
            return next > indent || (isList && next == indent) ? block(indent: next, depth: depth) : .other
        case UInt8(ascii: "|"), UInt8(ascii: ">"):
            let start = at
            endLine()
            var text: [UInt8] = []
            while let next = nextIndent(), next > indent {
                let first = at + next
                endLine()
                text += bytes.part(first..<at)
                if text.last != 0x0A { text.append(0x0A) }
            }
            return .text(String(decoding: text, as: UTF8.self), SourceSpan(start: start, end: at))
        case 0x22, 0x27, UInt8(ascii: "{"), UInt8(ascii: "["):
            let out = value(depth)
            endLine()
            return out
        default:
            let start = at
            endLine()
            return text(start, at)
        }
    }
}
