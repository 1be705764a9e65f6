// SPDX-License-Identifier: Apache-2.0

/// The tags of an XML text in order, with the text behind each and their lines. Only the five plain entities and
/// the numeric ones are resolved, and nothing is fetched, so that a hostile file costs no more than its length.
struct PlacedTags: Sequence, IteratorProtocol {
    struct Tag {
        var name: String
        var isEnd: Bool
        /// `<a/>`.
        var isEmpty: Bool
        var attributes: [String: String]
        /// What stands between this tag and the next one.
        var wholeText: String
        var line: Int

        /// The same without blanks at the ends.
        var text: String { String(LineText.trimmed(wholeText)) }
    }

    private let bytes: [UInt8]
    private var at = 0
    private var line = 1

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    mutating func next() -> Tag? {
        while let start = find([UInt8(ascii: "<")]) {
            advance(to: start + 1)
            if starts("!--") {
                skip(past: "-->")
            } else if starts("![CDATA[") {
                skip(past: "]]>")
            } else if starts("?") || starts("!") {
                skip(past: ">")
            } else {
                return tag()
            }
        }
        return nil
    }

    private mutating func tag() -> Tag? {
        let place = line
        let isEnd = starts("/")
        if isEnd { advance(to: at + 1) }
        var end = at
        var quote: UInt8?
        while end < bytes.count {
            if let open = quote {
                if bytes[end] == open { quote = nil }
            } else if bytes[end] == UInt8(ascii: "\"") || bytes[end] == UInt8(ascii: "'") {
                quote = bytes[end]
            } else if bytes[end] == UInt8(ascii: ">") {
                break
            }
            end += 1
        }
        guard end < bytes.count else {
            at = bytes.count
            return nil
        }
        var body = bytes[at..<end]
        let isEmpty = body.last == UInt8(ascii: "/")
        if isEmpty { body = body.dropLast() }
        let name = body.prefix { $0 > 32 }
        let attributes = Self.attributes(body.dropFirst(name.count))
        advance(to: end + 1)
        let stop = find([UInt8(ascii: "<")]) ?? bytes.count
        let text = String(decoding: bytes[at..<stop], as: UTF8.self)
        return Tag(
            name: String(decoding: name, as: UTF8.self), isEnd: isEnd, isEmpty: isEmpty, attributes: attributes,
            wholeText: Self.plain(text[...]), line: place)
    }

    private static func attributes(_ body: ArraySlice<UInt8>) -> [String: String] {
        var found: [String: String] = [:]
        var rest = body
        while let mark = rest.firstIndex(of: UInt8(ascii: "=")), found.count < 64 {
            let key = LineText.trimmed(String(decoding: rest[..<mark], as: UTF8.self))
            rest = rest[(mark + 1)...].drop { $0 <= 32 }
            guard let quote = rest.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"),
                let end = rest.dropFirst().firstIndex(of: quote)
            else { break }
            found[String(key)] = plain(Substring(String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self)))
            rest = rest[(end + 1)...]
        }
        return found
    }

    /// The text with its plain and numeric entities resolved, in one pass.
    static func plain(_ text: Substring) -> String {
        guard text.contains("&") else { return String(text) }
        var out = ""
        var rest = text
        while let mark = rest.firstIndex(of: "&") {
            out += rest[..<mark]
            rest = rest[mark...]
            guard let end = rest.prefix(12).firstIndex(of: ";"),
                let character = character(rest[rest.index(after: mark)..<end])
            else {
                out += "&"
                rest = rest.dropFirst()
                continue
            }
            out.unicodeScalars.append(character)
            rest = rest[rest.index(after: end)...]
        }
        return out + rest
    }

    private static func character(_ entity: Substring) -> Unicode.Scalar? {
        switch entity {
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        case "amp": return "&"
        default:
            guard entity.hasPrefix("#") else { return nil }
            let digits = entity.dropFirst()
            let value =
                digits.first == "x" || digits.first == "X" ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
            return value.flatMap { Unicode.Scalar($0) }
        }
    }

    private func find(_ needle: [UInt8]) -> Int? {
        guard let first = needle.first else { return nil }
        var place = at
        while let next = bytes[place...].firstIndex(of: first) {
            if bytes[next...].starts(with: needle) { return next }
            place = next + 1
        }
        return nil
    }

    private func starts(_ text: String) -> Bool {
        bytes[at...].starts(with: text.utf8)
    }

    private mutating func advance(to end: Int) {
        for byte in bytes[at..<end] where byte == 10 { line += 1 }
        at = end
    }

    private mutating func skip(past text: String) {
        let end = find(Array(text.utf8)).map { $0 + text.utf8.count } ?? bytes.count
        advance(to: end)
    }
}
