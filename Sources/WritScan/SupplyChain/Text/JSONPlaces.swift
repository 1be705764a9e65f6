// SPDX-License-Identifier: Apache-2.0
import WritCore

/// The lines on which keys and the values of `name` stand in a JSON text; what is asked for too often is said to be on
/// line 1.
struct JSONPlaces {
    private var keys: [String: [Int]] = [:]
    private var names: [String: [Int]] = [:]

    init(_ text: String) {
        let quote = UInt8(ascii: "\"")
        for (number, line) in TextLines(text) {
            var rest = line[...]
            var isName = false
            while let start = rest.firstIndex(of: quote) {
                let content = rest[(start + 1)...]
                guard let end = Self.end(of: content) else { break }
                rest = content[(end + 1)...]
                let isKey = rest.first { $0 != 32 } == UInt8(ascii: ":")
                if isKey || isName {
                    let word = String(decoding: content[..<end], as: UTF8.self)
                    if isKey { keys[word, default: []].append(number) } else { names[word, default: []].append(number) }
                    isName = isKey && word == "name"
                }
            }
        }
        // The next one is taken from the end.
        keys = keys.mapValues { $0.reversed() }
        names = names.mapValues { $0.reversed() }
    }

    /// Where the string that begins with `content` ends; nil where the line does first.
    private static func end(of content: ArraySlice<UInt8>) -> Int? {
        var isEscaped = false
        for (index, byte) in zip(content.indices, content) {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                return index
            }
        }
        return nil
    }

    /// The line of the next occurrence of a key that was not asked for yet.
    mutating func next(_ key: String) -> Int { keys[key]?.popLast() ?? 1 }

    /// The line on which the next entry of a name (`"name": "…"`) says so.
    mutating func next(named name: String) -> Int { names[name]?.popLast() ?? 1 }
}
