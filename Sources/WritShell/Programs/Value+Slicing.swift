// SPDX-License-Identifier: Apache-2.0
import WritCore

extension Value {
    /// The value without its first bytes, which must be known text.
    func dropping(_ count: Int) -> Value {
        var rest = count
        var kept = self
        kept.pieces = []
        for piece in pieces {
            if rest > 0, case .text(let text) = piece {
                let utf8 = text.utf8
                if utf8.count <= rest {
                    rest -= utf8.count
                    continue
                }
                kept.pieces.append(.text(String(Substring(utf8.dropFirst(rest)))))
                rest = 0
            } else {
                rest = 0
                kept.pieces.append(piece)
            }
        }
        return kept
    }

    /// The value up to a byte offset in its known beginning.
    func prefix(_ count: Int) -> Value {
        var rest = count
        var kept = self
        kept.pieces = []
        for piece in pieces {
            guard rest > 0, case .text(let text) = piece else { break }
            let part = text.utf8.prefix(rest)
            rest -= part.count
            kept.pieces.append(.text(String(Substring(part))))
        }
        return kept
    }

    /// The parts before and after the first such byte of the known beginning.
    func split(at byte: UInt8) -> (before: Value, after: Value)? {
        let known = knownPrefix
        var offset = 0
        for each in known.utf8 {
            if each == byte { return (prefix(offset), dropping(offset + 1)) }
            offset += 1
        }
        return nil
    }

    /// Begins, for all that is known, with this text.
    func hasPrefix(_ text: String) -> Bool {
        if pieces.count == 1, case .text(let whole) = pieces[0] { return whole.hasPrefix(text) }
        return knownPrefix.hasPrefix(text)
    }

    /// Some known piece contains the text.
    func contains(_ text: String) -> Bool {
        pieces.contains { piece in
            switch piece {
            case .text(let whole), .glob(let whole): whole.utf8.holds(text.utf8)
            case .unknown: false
            }
        }
    }

    /// Nothing is known about it.
    var isUnknown: Bool {
        !pieces.isEmpty && pieces.allSatisfy { if case .unknown = $0 { true } else { false } }
    }

    /// The values with a separator between them, as one.
    static func joining(_ values: some Sequence<Value>, with separator: String = " ") -> Value {
        var whole = Value(pieces: [])
        var isFirst = true
        for value in values {
            if !isFirst { whole.pieces.append(.text(separator)) }
            isFirst = false
            whole.pieces += value.pieces
            whole.taints.formUnion(value.taints)
            if let span = value.span {
                whole.span =
                    whole.span.map { .init(start: min($0.start, span.start), end: max($0.end, span.end)) } ?? span
            }
        }
        // One run of text stays one piece, so that `text` is cheap.
        if whole.pieces.count > 1, let text = whole.text { whole.pieces = text.isEmpty ? [] : [.text(text)] }
        return whole
    }

    /// The words of it, split at blanks, with simple quotes and backslashes taken off.
    func splitIntoWords() -> [Value] {
        var words: [Value] = []
        var pieces: [Piece] = []
        var text: [UInt8] = []
        var isOpen = false
        var quote: UInt8 = 0
        func flush() {
            if !text.isEmpty { pieces.append(.text(String(decoding: text, as: UTF8.self))) }
            text = []
        }
        func close() {
            guard isOpen else { return }
            flush()
            words.append(Value(pieces: pieces, taints: taints, span: span))
            pieces = []
            isOpen = false
        }
        for piece in self.pieces {
            guard case .text(let part) = piece else {
                flush()
                pieces.append(piece)
                isOpen = true
                continue
            }
            var isEscaped = false
            for byte in part.utf8 {
                if isEscaped {
                    text.append(byte)
                    isEscaped = false
                } else if byte == 0x5C, quote != 0x27 {
                    isEscaped = true
                    isOpen = true
                } else if quote != 0 {
                    if byte == quote { quote = 0 } else { text.append(byte) }
                } else if byte == 0x27 || byte == 0x22 {
                    quote = byte
                    isOpen = true
                } else if byte == 0x20 || byte == 0x09 || byte == 0x0A {
                    close()
                } else {
                    text.append(byte)
                    isOpen = true
                }
            }
        }
        close()
        return words
    }
}
