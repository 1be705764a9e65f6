// SPDX-License-Identifier: Apache-2.0

import WritCore

/// A settings file as its bytes, with the place of every value: JSON, and what people add to it (comments and trailing
/// commas).
///
/// Edits replace byte ranges and touch nothing else, so comments, order, blank lines, indentation, line ends, a
/// byte-order mark and a missing last line end stay as their owner left them.
struct SettingsText: Sendable {
    /// A value and where it stands.
    struct Node: Sendable {
        enum Content: Sendable {
            case scalar
            case array([Node])
            case object([Member])
        }

        var range: Range<Int>
        var content: Content

        var children: [Range<Int>] {
            switch content {
            case .scalar: []
            case .array(let elements): elements.map(\.range)
            case .object(let members): members.map(\.range)
            }
        }

        var elements: [Node]? {
            if case .array(let elements) = content { elements } else { nil }
        }

        var members: [Member]? {
            if case .object(let members) = content { members } else { nil }
        }
    }

    struct Member: Sendable {
        var key: String
        var keyRange: Range<Int>
        var value: Node

        var range: Range<Int> { keyRange.lowerBound..<value.range.upperBound }
    }

    /// 4 MiB: far more than any settings file, and little enough to be held a few times.
    static let maximumLength = 4 * 1024 * 1024
    /// As deep as ``WritCore/JSON`` reads.
    static let maximumDepth = 128

    private(set) var bytes: [UInt8]
    private(set) var root: Node

    /// Reads a text. One of blanks and comments alone counts as an empty object, which is put at its end.
    init(_ text: [UInt8]) throws(SettingsSyntaxFault) {
        bytes = text
        var reader = Reader(bytes: text)
        if let root = try reader.document() {
            self.root = root
        } else {
            if let last = text.last, last != 0x0A, text != SettingsText.mark { bytes.append(0x0A) }
            bytes += "{}\n".utf8
            reader = Reader(bytes: bytes)
            root = try reader.document() ?? Node(range: bytes.count..<bytes.count, content: .scalar)
        }
    }

    /// The byte-order mark in UTF-8.
    static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    // MARK: Looking

    /// The value at a path of keys; nil when it is not there.
    ///
    /// - Throws: a fault when a key on the way stands there twice: programs differ in which one they take.
    func node(at path: [String]) throws(SettingsSyntaxFault) -> Node? {
        var node = root
        for key in path {
            guard let next = try member(key, of: node) else { return nil }
            node = next.value
        }
        return node
    }

    func member(_ key: String, of node: Node) throws(SettingsSyntaxFault) -> Member? {
        guard let members = node.members else { return nil }
        let found = members.filter { $0.key == key }
        guard found.count <= 1 else {
            throw SettingsSyntaxFault(message: "`\(key)` stands here twice", offset: found[1].keyRange.lowerBound)
        }
        return found.first
    }

    /// The plain value of a node; nil past the limits of ``WritCore/JSON``.
    func value(of node: Node) -> JSON? {
        switch node.content {
        case .scalar:
            do { return try JSON(parsing: Array(bytes[node.range])) } catch { return nil }
        case .array(let elements):
            var values: [JSON] = []
            for element in elements {
                guard let value = value(of: element) else { return nil }
                values.append(value)
            }
            return .array(values)
        case .object(let members):
            var values: [JSON.Member] = []
            for member in members {
                guard let value = value(of: member.value) else { return nil }
                values.append(JSON.Member(member.key, value))
            }
            return .object(values)
        }
    }

    // MARK: Editing

    /// Adds a member at the end of the object at `path`.
    mutating func add(_ key: String, _ value: JSON, at path: [String]) throws(SettingsSyntaxFault) {
        guard let node = try node(at: path), node.members != nil else { return }
        try insert(into: node) { style, indent in
            style.string(key) + (style.isSpaced ? ": " : ":") + style.text(value, indent: indent)
        }
    }

    /// Adds an element at the end of the array at `path`.
    mutating func append(_ value: JSON, at path: [String]) throws(SettingsSyntaxFault) {
        guard let node = try node(at: path), node.elements != nil else { return }
        try insert(into: node) { style, indent in style.text(value, indent: indent) }
    }

    /// Puts a value in the place of a node of this text.
    mutating func replace(_ node: Node, with value: JSON) throws(SettingsSyntaxFault) {
        var style = style
        style.isCompact = !bytes[node.range].contains(0x0A)
        let text = style.text(value, indent: indentation(at: node.range.lowerBound))
        try splice([(node.range, Array(text.utf8))])
    }

    /// Takes out the child with this index, its comma, and its line when nothing else stands on it.
    mutating func remove(_ index: Int, from node: Node) throws(SettingsSyntaxFault) {
        let children = node.children
        guard children.indices.contains(index) else { return }
        let child = children[index]
        let inner = (node.range.lowerBound + 1)..<(node.range.upperBound - 1)
        var edits: [(range: Range<Int>, text: [UInt8])] = []
        var end = child.upperBound
        let next = trivia(from: end)
        if next < inner.upperBound, bytes[next] == UInt8(ascii: ",") {
            // A comment between the value and its comma stays where it is.
            if next == end { end = next + 1 } else { edits.append((next..<(next + 1), [])) }
        } else if index > 0 {
            let comma = trivia(from: children[index - 1].upperBound)
            if comma < child.lowerBound, bytes[comma] == UInt8(ascii: ",") { edits.append((comma..<(comma + 1), [])) }
        }
        var start = child.lowerBound
        let lineStart = startOfLine(before: start)
        let lineEnd = skipBlanks(from: end)
        let isAloneOnLine =
            lineStart > inner.lowerBound && isBlank(lineStart..<start)
            && (lineEnd == bytes.count || bytes[lineEnd] == 0x0A || bytes[lineEnd] == 0x0D)
        if isAloneOnLine {
            start = lineStart - 1
            if start > inner.lowerBound, bytes[start - 1] == 0x0D { start -= 1 }
            end = lineEnd
        } else if index + 1 < children.count {
            end = lineEnd
        } else if index > 0 {
            while start > inner.lowerBound, isBlankByte(bytes[start - 1]) { start -= 1 }
        }
        if children.count == 1 {
            // What is left is an empty container; without a comment in it, it is written as one.
            let before = inner.lowerBound..<min(start, child.lowerBound)
            let after = max(end, child.upperBound)..<inner.upperBound
            if isWhite(before), isWhite(after), edits.isEmpty {
                start = inner.lowerBound
                end = inner.upperBound
            }
        }
        edits.append((start..<end, []))
        try splice(edits)
    }

    // MARK: Style

    /// How the owner of this text writes.
    var style: Style {
        var style = Style()
        if let index = bytes.firstIndex(of: 0x0A) {
            style.lineEnd = index > 0 && bytes[index - 1] == 0x0D ? "\r\n" : "\n"
        }
        if let first = root.members?.first {
            let lineStart = startOfLine(before: first.range.lowerBound)
            if lineStart > root.range.lowerBound, isBlank(lineStart..<first.range.lowerBound) {
                let own = String(decoding: bytes[lineStart..<first.range.lowerBound], as: UTF8.self)
                let outer = indentation(at: root.range.lowerBound)
                let unit = own.hasPrefix(outer) ? String(own.dropFirst(outer.count)) : own
                if !unit.isEmpty, unit.utf8.count <= 16 { style.unit = unit }
            }
            let colon = trivia(from: first.keyRange.upperBound)
            style.isSpaced = colon + 1 < bytes.count && isBlankByte(bytes[colon + 1])
        }
        return style
    }

    private mutating func insert(
        into node: Node, _ write: (_ style: Style, _ indent: String) -> String
    ) throws(SettingsSyntaxFault) {
        var style = style
        let outer = indentation(at: node.range.lowerBound)
        let close = node.range.upperBound - 1
        guard let last = node.children.last else {
            let inner = (node.range.lowerBound + 1)..<close
            let indent = outer + style.unit
            let text = style.lineEnd + indent + write(style, indent) + style.lineEnd + outer
            if isWhite(inner) {
                try splice([(inner, Array(text.utf8))])
            } else {
                // Comments stand there. After them, since a line comment runs to its line's end.
                var at = inner.upperBound
                while at > inner.lowerBound, isWhiteByte(bytes[at - 1]) { at -= 1 }
                try splice([(at..<inner.upperBound, Array(text.utf8))])
            }
            return
        }
        let comma = trivia(from: last.upperBound)
        let hasComma = comma < close && bytes[comma] == UInt8(ascii: ",")
        guard bytes[node.range].contains(0x0A) else {
            style.isCompact = true
            let text = write(style, "")
            let gap = style.isSpaced ? " " : ""
            let edit = hasComma ? gap + text + "," : "," + gap + text
            let at = hasComma ? comma + 1 : last.upperBound
            try splice([(at..<at, Array(edit.utf8))])
            return
        }
        let lineStart = startOfLine(before: last.lowerBound)
        let indent =
            isBlank(lineStart..<last.lowerBound)
            ? String(decoding: bytes[lineStart..<last.lowerBound], as: UTF8.self) : outer + style.unit
        var text = style.lineEnd + indent + write(style, indent) + (hasComma ? "," : "")
        // After the comments that follow the last child, and before the blanks that indent the closing bracket.
        var at = hasComma ? comma + 1 : last.upperBound
        let end = trivia(from: at)
        let floor = at
        at = end
        while at > floor, isWhiteByte(bytes[at - 1]) { at -= 1 }
        var upTo = at
        if !bytes[at..<close].contains(0x0A) {
            // The bracket stood on the last child's line, and gets one of its own.
            text += style.lineEnd + outer
            upTo = close
        }
        var edits: [(range: Range<Int>, text: [UInt8])] = [(at..<upTo, Array(text.utf8))]
        if !hasComma {
            if at == last.upperBound {
                edits = [(at..<upTo, Array(("," + text).utf8))]
            } else {
                edits.append((last.upperBound..<last.upperBound, [UInt8(ascii: ",")]))
            }
        }
        try splice(edits)
    }

    /// Replaces ranges that do not overlap, and reads the text anew: an edit that breaks the text is found here and
    /// never reaches the file.
    private mutating func splice(_ edits: [(range: Range<Int>, text: [UInt8])]) throws(SettingsSyntaxFault) {
        var next = bytes
        for edit in edits.sorted(by: { $0.range.lowerBound > $1.range.lowerBound }) {
            next.replaceSubrange(edit.range, with: edit.text)
        }
        self = try SettingsText(next)
    }

    // MARK: Bytes

    private func isBlankByte(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    private func isWhiteByte(_ byte: UInt8) -> Bool { isBlankByte(byte) || byte == 0x0A || byte == 0x0D }
    private func isBlank(_ range: Range<Int>) -> Bool { bytes[range].allSatisfy(isBlankByte) }
    private func isWhite(_ range: Range<Int>) -> Bool { bytes[range].allSatisfy(isWhiteByte) }

    private func startOfLine(before offset: Int) -> Int {
        (bytes[..<offset].lastIndex(of: 0x0A) ?? -1) + 1
    }

    private func skipBlanks(from offset: Int) -> Int {
        var at = offset
        while at < bytes.count, isBlankByte(bytes[at]) { at += 1 }
        return at
    }

    /// The blanks that the line of `offset` begins with.
    private func indentation(at offset: Int) -> String {
        var start = startOfLine(before: offset)
        if start == 0, bytes.starts(with: SettingsText.mark) { start = SettingsText.mark.count }
        return String(decoding: bytes[start..<min(skipBlanks(from: start), offset)], as: UTF8.self)
    }

    /// The first byte after blanks, line ends and comments.
    private func trivia(from offset: Int) -> Int {
        var reader = Reader(bytes: bytes, at: offset)
        do { try reader.skipTrivia() } catch {
            // An open comment cannot be here: the text was read before.
            return offset
        }
        return reader.at
    }

    /// Indentation, line ends and spacing.
    struct Style: Sendable {
        var unit = "  "
        var lineEnd = "\n"
        /// A blank follows colons and commas.
        var isSpaced = true
        /// All on one line.
        var isCompact = false

        func string(_ text: String) -> String { JSON.string(text).text }

        func text(_ value: JSON, indent: String) -> String {
            let gap = isSpaced ? " " : ""
            switch value {
            case .null, .bool, .integer, .number, .string: return value.text
            case .array(let elements):
                let isFlat = elements.allSatisfy { $0.array == nil && $0.members == nil }
                return list("[", "]", elements.map { text($0, indent: indent + unit) }, indent, isFlat: isFlat)
            case .object(let members):
                let texts = members.map { string($0.key) + ":" + gap + text($0.value, indent: indent + unit) }
                return list("{", "}", texts, indent, isFlat: members.isEmpty)
            }
        }

        private func list(_ open: String, _ close: String, _ parts: [String], _ indent: String, isFlat: Bool) -> String
        {
            if isFlat || isCompact { return open + parts.joined(separator: isSpaced ? ", " : ",") + close }
            let inner = lineEnd + indent + unit
            return open + inner + parts.joined(separator: "," + inner) + lineEnd + indent + close
        }
    }
}

/// Where and why a text cannot be read.
struct SettingsSyntaxFault: Error, Sendable, Hashable {
    /// One line, lower case, no full stop; holds keys of the file, never values.
    var message: String
    /// Byte offset.
    var offset: Int
}

/// Reads JSON with comments and trailing commas, and keeps places instead of values.
private struct Reader {
    let bytes: [UInt8]
    var at = 0

    init(bytes: [UInt8], at: Int = 0) {
        self.bytes = bytes
        self.at = at
    }

    private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

    private func fault(_ message: String) -> SettingsSyntaxFault {
        SettingsSyntaxFault(message: message, offset: at)
    }

    mutating func document() throws(SettingsSyntaxFault) -> SettingsText.Node? {
        guard bytes.count <= SettingsText.maximumLength else { throw fault("the file is over 4 MiB") }
        if bytes.starts(with: SettingsText.mark) { at = SettingsText.mark.count }
        try skipTrivia()
        if at == bytes.count { return nil }
        let root = try value(depth: 0)
        try skipTrivia()
        guard at == bytes.count else { throw fault("unexpected text after the value") }
        return root
    }

    mutating func skipTrivia() throws(SettingsSyntaxFault) {
        while let byte = current {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: at += 1
            case UInt8(ascii: "/") where at + 1 < bytes.count && bytes[at + 1] == UInt8(ascii: "/"):
                while let byte = current, byte != 0x0A { _ = byte; at += 1 }
            case UInt8(ascii: "/") where at + 1 < bytes.count && bytes[at + 1] == UInt8(ascii: "*"):
                let start = at
                at += 2
                while at + 1 < bytes.count, !(bytes[at] == UInt8(ascii: "*") && bytes[at + 1] == UInt8(ascii: "/")) {
                    at += 1
                }
                guard at + 1 < bytes.count else {
                    throw SettingsSyntaxFault(message: "the comment has no end", offset: start)
                }
                at += 2
            default: return
            }
        }
    }

    private mutating func value(depth: Int) throws(SettingsSyntaxFault) -> SettingsText.Node {
        guard let byte = current else { throw fault("unexpected end of the file") }
        let start = at
        switch byte {
        case UInt8(ascii: "{"): return try container(UInt8(ascii: "}"), depth: depth + 1)
        case UInt8(ascii: "["): return try container(UInt8(ascii: "]"), depth: depth + 1)
        case UInt8(ascii: "\""): _ = try string()
        default:
            while let byte = current, Reader.isWord(byte) { _ = byte; at += 1 }
            do { _ = try JSON(parsing: Array(bytes[start..<at])) } catch {
                at = start
                throw fault("expected a value")
            }
        }
        return SettingsText.Node(range: start..<at, content: .scalar)
    }

    private mutating func container(_ close: UInt8, depth: Int) throws(SettingsSyntaxFault) -> SettingsText.Node {
        guard depth <= SettingsText.maximumDepth else { throw fault("nested more than 128 deep") }
        let start = at
        let isObject = close == UInt8(ascii: "}")
        var members: [SettingsText.Member] = []
        var elements: [SettingsText.Node] = []
        at += 1
        try skipTrivia()
        while current != close {
            if isObject {
                let keyStart = at
                guard current == UInt8(ascii: "\"") else { throw fault("expected a key in double quotes") }
                let key = try string()
                let keyRange = keyStart..<at
                try skipTrivia()
                guard current == UInt8(ascii: ":") else { throw fault("expected `:` after the key") }
                at += 1
                try skipTrivia()
                members.append(SettingsText.Member(key: key, keyRange: keyRange, value: try value(depth: depth)))
            } else {
                elements.append(try value(depth: depth))
            }
            try skipTrivia()
            if current == UInt8(ascii: ",") {
                at += 1
                try skipTrivia()
            } else if current != close {
                throw fault(isObject ? "expected `,` or `}`" : "expected `,` or `]`")
            }
        }
        at += 1
        return SettingsText.Node(range: start..<at, content: isObject ? .object(members) : .array(elements))
    }

    private mutating func string() throws(SettingsSyntaxFault) -> String {
        let start = at
        at += 1
        while let byte = current, byte != UInt8(ascii: "\"") {
            if byte < 0x20 { throw fault("a line end or control character in a string") }
            at += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        guard at < bytes.count else {
            at = start
            throw fault("the string has no end")
        }
        at += 1
        do {
            guard let text = try JSON(parsing: Array(bytes[start..<at])).string else {
                throw fault("expected a string")
            }
            return text
        } catch let error as SettingsSyntaxFault {
            throw error
        } catch {
            throw SettingsSyntaxFault(message: "unknown escape in a string", offset: start)
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
