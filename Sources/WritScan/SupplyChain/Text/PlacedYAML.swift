// SPDX-License-Identifier: Apache-2.0

/// The lines of a YAML text as keys and values with their depth: enough for lock files, workflows and compose files,
/// also while they are being written.
struct PlacedYAML {
    struct Entry {
        /// The keys above, outermost first; list items add nothing.
        var path: [String]
        /// Empty for a plain list item.
        var key: String
        /// As written, without quotes and comment.
        var value: String
        /// The line begins a list item.
        var isItem: Bool
        var line: Int
    }

    private(set) var entries: [Entry] = []

    init(_ text: String) {
        var stack: [(indent: Int, key: String)] = []
        /// Deeper lines than this belong to a block of text.
        var textIndent: Int?
        for (number, raw) in TextLines(text) {
            var content = raw[...]
            var indent = 0
            while content.first == UInt8(ascii: " ") {
                content = content.dropFirst()
                indent += 1
            }
            if content.last == 13 { content = content.dropLast() }
            guard let first = content.first else { continue }
            if let limit = textIndent {
                if indent > limit { continue }
                textIndent = nil
            }
            if first == UInt8(ascii: "#") { continue }
            var isItem = false
            while content.first == UInt8(ascii: "-"), content.count == 1 || content.dropFirst().first == 32 {
                isItem = true
                content = content.dropFirst()
                indent += 1
                while content.first == 32 {
                    content = content.dropFirst()
                    indent += 1
                }
            }
            while let last = stack.last, last.indent >= indent { stack.removeLast() }
            let (key, value) = Self.split(content)
            entries.append(Entry(path: stack.map(\.key), key: key, value: value, isItem: isItem, line: number))
            if value == "|" || value == ">" || value == "|-" || value == ">-" || value == "|+" {
                textIndent = indent
            } else if !key.isEmpty, value.isEmpty, stack.count < 32 {
                stack.append((indent, key))
            }
        }
    }

    private static func split(_ content: ArraySlice<UInt8>) -> (key: String, value: String) {
        var at = content.startIndex
        var key: ArraySlice<UInt8> = []
        if let quote = content.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            guard let end = content.dropFirst().firstIndex(of: quote), end + 1 < content.endIndex,
                content[end + 1] == UInt8(ascii: ":")
            else { return ("", scalar(content)) }
            key = content[content.index(after: content.startIndex)..<end]
            at = end + 2
        } else {
            while at < content.endIndex {
                if content[at] == UInt8(ascii: ":"), at + 1 == content.endIndex || content[at + 1] == 32 { break }
                at += 1
            }
            guard at < content.endIndex else { return ("", scalar(content)) }
            key = content[..<at]
            at += 1
        }
        return (String(decoding: key, as: UTF8.self), scalar(content[at...]))
    }

    private static func scalar(_ slice: ArraySlice<UInt8>) -> String {
        var slice = slice.drop { $0 == 32 || $0 == 9 }
        if let quote = slice.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            let rest = slice.dropFirst()
            if let end = rest.firstIndex(of: quote) { return String(decoding: rest[..<end], as: UTF8.self) }
        }
        if slice.first == UInt8(ascii: "#") { return "" }
        var at = slice.startIndex
        while at + 1 < slice.endIndex {
            if slice[at] == 32, slice[at + 1] == UInt8(ascii: "#") {
                slice = slice[..<at]
                break
            }
            at += 1
        }
        while slice.last == 32 || slice.last == 9 { slice = slice.dropLast() }
        return String(decoding: slice, as: UTF8.self)
    }
}
