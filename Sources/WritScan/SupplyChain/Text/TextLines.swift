// SPDX-License-Identifier: Apache-2.0

/// The lines of a text with their numbers, from 1.
struct TextLines: Sequence, IteratorProtocol {
    private let bytes: [UInt8]
    private var at = 0
    private var number = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    mutating func next() -> (number: Int, line: ArraySlice<UInt8>)? {
        guard at < bytes.count else { return nil }
        let end = bytes[at...].firstIndex(of: 10) ?? bytes.count
        defer { at = end + 1 }
        number += 1
        return (number, bytes[at..<end])
    }
}

/// Small readings of a line of text.
enum LineText {
    /// Without blanks and carriage returns at its ends.
    static func trimmed(_ text: some StringProtocol) -> Substring {
        var text = Substring(text)
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }

    /// The texts between quotes, with their kind of quote removed; at most 64.
    static func quoted(_ line: some StringProtocol) -> [String] {
        var found: [String] = []
        var open: Character?
        var current = ""
        for character in line {
            if let quote = open {
                if character == quote {
                    found.append(current)
                    current = ""
                    open = nil
                    if found.count == 64 { return found }
                } else {
                    current.append(character)
                }
            } else if character == "\"" || character == "'" {
                open = character
            }
        }
        return found
    }
}
