// SPDX-License-Identifier: Apache-2.0
import WritCore

extension Value {
    /// Most bytes of text that a value keeps; what would be longer becomes unknown.
    static let textLimit = 262_144

    /// Known to be empty.
    var isEmpty: Bool { pieces.isEmpty }

    /// Nothing in it is unknown or a glob.
    var isKnown: Bool {
        pieces.allSatisfy { if case .text = $0 { true } else { false } }
    }

    /// Some of it is unknown (globs do not count).
    var hasUnknown: Bool {
        pieces.contains { if case .unknown = $0 { true } else { false } }
    }

    /// It begins with something unknown, so that nothing is known about where a path starts.
    var startsUnknown: Bool {
        if case .unknown? = pieces.first { true } else { false }
    }

    /// Bytes of known text and globs.
    var size: Int {
        pieces.reduce(0) { sum, piece in
            switch piece {
            case .text(let text), .glob(let text): sum + text.utf8.count
            case .unknown: sum + 1
            }
        }
    }

    /// Adds text at the end.
    mutating func append(text: String) {
        if text.isEmpty { return }
        if case .text(let last)? = pieces.last {
            pieces[pieces.count - 1] = .text(last + text)
        } else {
            pieces.append(.text(text))
        }
    }

    /// Adds a piece at the end; runs of the unknown stay one piece.
    mutating func append(_ piece: Piece) {
        switch piece {
        case .text(let text): append(text: text)
        case .glob(let text):
            if case .glob(let last)? = pieces.last {
                pieces[pieces.count - 1] = .glob(last + text)
            } else {
                pieces.append(piece)
            }
        case .unknown(let why):
            // Credentials stay apart: how many there are, and whose, tells a login from a leak.
            if case .unknown(let last)? = pieces.last, !(why.isCredential && last.isCredential) { return }
            pieces.append(piece)
        }
    }

    /// Adds another value at the end.
    mutating func append(_ other: Value) {
        taints.formUnion(other.taints)
        if pieces.count > 256 || (pieces.count > 8 && size + other.size > Value.textLimit) {
            self = .unknown(.limit, taints: taints, span: span)
            return
        }
        if case .text(let text)? = other.pieces.first, case .text(let last)? = pieces.last,
            last.utf8.count + text.utf8.count > Value.textLimit
        {
            self = .unknown(.limit, taints: taints, span: span)
            return
        }
        for piece in other.pieces { append(piece) }
    }

    /// The value with every glob as plain text: what quotes make of it.
    var withoutGlobs: Value {
        guard pieces.contains(where: { if case .glob = $0 { true } else { false } }) else { return self }
        var plain = Value(pieces: [], taints: taints, span: span)
        for piece in pieces {
            if case .glob(let text) = piece { plain.append(text: text) } else { plain.append(piece) }
        }
        return plain
    }

    /// All its text when globs are read as text; nil when some of it is unknown.
    var literalText: String? {
        text ?? withoutGlobs.text
    }

    /// The same with further taints.
    func tainted(_ more: Operation.Taints) -> Value {
        if more.isEmpty { return self }
        var value = self
        value.taints.formUnion(more)
        return value
    }

    /// The same without line ends at the end: what a command substitution keeps.
    var withoutTrailingNewlines: Value {
        guard case .text(let last)? = pieces.last, last.utf8.last == 0x0A else { return self }
        var value = self
        var bytes = Substring(last)
        while bytes.utf8.last == 0x0A { bytes = bytes.dropLast() }
        if bytes.isEmpty {
            value.pieces.removeLast()
        } else {
            value.pieces[value.pieces.count - 1] = .text(String(bytes))
        }
        return value
    }

    /// Values joined by a text.
    static func joined(_ values: [Value], separator: String) -> Value {
        guard var whole = values.first else { return Value("") }
        for value in values.dropFirst() {
            whole.append(text: separator)
            whole.append(value)
        }
        return whole
    }
}

extension String {
    /// The last segment of a path; the text itself without a slash.
    var baseName: String {
        utf8.contains(0x2F) ? PathText.name(self) : self
    }

    /// Where the bytes of a text stand first; nil where they don't. The library's own search looks for characters.
    func firstPlace(of needle: String) -> Range<Index>? {
        guard let start = utf8[...].firstPlace(of: needle.utf8) else { return nil }
        return start..<utf8.index(start, offsetBy: needle.utf8.count)
    }

    /// Whether the bytes of `needle` stand somewhere in the text.
    func holds(_ needle: StaticString) -> Bool {
        let count = needle.utf8CodeUnitCount
        return needle.withUTF8Buffer { wanted in
            var copy = self
            return copy.withUTF8 { bytes in
                guard count > 0, bytes.count >= count else { return false }
                var at = 0
                while at + count <= bytes.count {
                    if bytes[at] == wanted[0], isEqual(bytes, at, wanted) { return true }
                    at += 1
                }
                return false
            }
        }
    }
}

private func isEqual(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int, _ wanted: UnsafeBufferPointer<UInt8>) -> Bool {
    for index in 0..<wanted.count where bytes[at + index] != wanted[index] { return false }
    return true
}

extension String.UTF8View {
    /// Whether some bytes stand in the text; no bytes stand in every text.
    func holds(_ needle: String.UTF8View) -> Bool {
        needle.isEmpty || self[...].firstPlace(of: needle) != nil
    }
}

extension Substring.UTF8View {
    /// The index at which some bytes begin; nil for none.
    func firstPlace(of needle: String.UTF8View) -> Index? {
        guard let first = needle.first else { return nil }
        let count = needle.count
        var rest = self
        while let start = rest.firstIndex(of: first) {
            rest = rest[start...]
            if rest.count < count { return nil }
            if rest.starts(with: needle) { return start }
            rest = rest.dropFirst()
        }
        return nil
    }
}

extension [UInt8] {
    /// The place of the sign that closes a pair whose inside begins at `start`; the end where none does.
    func closing(_ close: UInt8, of open: UInt8, from start: Int) -> Int {
        var level = 1
        var place = start
        while place < count {
            if self[place] == open { level += 1 }
            if self[place] == close {
                level -= 1
                if level == 0 { return place }
            }
            place += 1
        }
        return count
    }
}
