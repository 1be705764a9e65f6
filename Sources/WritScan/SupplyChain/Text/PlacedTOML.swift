// SPDX-License-Identifier: Apache-2.0

/// The assignments of a TOML text with their lines.
///
/// Made for reading files that an agent is in the middle of writing: a line that is no TOML is passed over and counted,
/// where a library would refuse the file and could not say where things stand.
struct PlacedTOML {
    indirect enum Value {
        case text(String)
        case array([Value])
        case table([(key: String, value: Value)])
        /// Numbers, truths and dates.
        case other

        var string: String? {
            if case .text(let text) = self { text } else { nil }
        }

        var array: [Value] {
            if case .array(let values) = self { values } else { [] }
        }

        subscript(key: String) -> Value? {
            guard case .table(let members) = self else { return nil }
            return members.first { $0.key == key }?.value
        }
    }

    struct Entry {
        /// The table's name; `[[package]]` has the name of every other `package`.
        var table: [String]
        /// Counts the table headers, so that two `[[package]]` are told apart.
        var section: Int
        var key: [String]
        var value: Value
        var line: Int
    }

    private(set) var entries: [Entry] = []
    /// Lines that are no TOML.
    private(set) var faults = 0

    private let bytes: [UInt8]
    private var at = 0
    private var line = 1

    /// Reads a text. Values nest at most 16 deep.
    init(_ text: String) {
        bytes = Array(text.utf8)
        var table: [String] = []
        var section = 0
        while at < bytes.count {
            skipBlank(lines: true)
            guard at < bytes.count else { break }
            if bytes[at] == UInt8(ascii: "[") {
                let isArray = at + 1 < bytes.count && bytes[at + 1] == UInt8(ascii: "[")
                at += isArray ? 2 : 1
                if let name = keyPath(), peek == UInt8(ascii: "]") {
                    table = name
                    section += 1
                } else {
                    faults += 1
                }
                skipLine()
                continue
            }
            let start = line
            guard let key = keyPath(), peek == UInt8(ascii: "=") else {
                faults += 1
                skipLine()
                continue
            }
            at += 1
            guard let value = value(depth: 0) else {
                faults += 1
                skipLine()
                continue
            }
            entries.append(Entry(table: table, section: section, key: key, value: value, line: start))
            skipLine()
        }
    }

    private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func step() {
        if bytes[at] == 10 { line += 1 }
        at += 1
    }

    private mutating func skipBlank(lines: Bool) {
        while let byte = peek {
            if byte == 32 || byte == 9 || byte == 13 || (lines && byte == 10) {
                step()
            } else if byte == UInt8(ascii: "#") {
                while let byte = peek, byte != 10 { at += 1 }
                if !lines { return }
            } else {
                return
            }
        }
    }

    private mutating func skipLine() {
        while let byte = peek {
            step()
            if byte == 10 { return }
        }
    }

    private mutating func keyPath() -> [String]? {
        var path: [String] = []
        while path.count < 32 {
            skipBlank(lines: false)
            guard let byte = peek else { return nil }
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                guard let text = quoted() else { return nil }
                path.append(text)
            } else {
                let start = at
                while let byte = peek, Self.isBare(byte) { at += 1 }
                guard at > start else { return nil }
                path.append(String(decoding: bytes[start..<at], as: UTF8.self))
            }
            skipBlank(lines: false)
            guard peek == UInt8(ascii: ".") else { return path }
            at += 1
        }
        return nil
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-") || byte >= 0x80
    }

    private mutating func value(depth: Int) -> Value? {
        skipBlank(lines: depth > 0)
        guard depth < 16, let byte = peek else { return nil }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            return quoted().map { .text($0) }
        case UInt8(ascii: "["):
            at += 1
            var values: [Value] = []
            while true {
                skipBlank(lines: true)
                guard let byte = peek else { return nil }
                if byte == UInt8(ascii: "]") {
                    at += 1
                    return .array(values)
                }
                if byte == UInt8(ascii: ",") {
                    at += 1
                    continue
                }
                guard let value = value(depth: depth + 1) else { return nil }
                values.append(value)
            }
        case UInt8(ascii: "{"):
            at += 1
            var members: [(key: String, value: Value)] = []
            while true {
                skipBlank(lines: true)
                guard let byte = peek else { return nil }
                if byte == UInt8(ascii: "}") {
                    at += 1
                    return .table(members)
                }
                if byte == UInt8(ascii: ",") {
                    at += 1
                    continue
                }
                guard let key = keyPath(), peek == UInt8(ascii: "=") else { return nil }
                at += 1
                guard let value = value(depth: depth + 1) else { return nil }
                members.append((key.joined(separator: "."), value))
            }
        default:
            let start = at
            while let byte = peek, byte != UInt8(ascii: ","), byte != UInt8(ascii: "]"), byte != UInt8(ascii: "}"),
                byte != UInt8(ascii: "#"), byte != 10
            {
                at += 1
            }
            return at > start ? .other : nil
        }
    }

    private mutating func quoted() -> String? {
        guard let quote = peek else { return nil }
        let isLong = at + 2 < bytes.count && bytes[at + 1] == quote && bytes[at + 2] == quote
        at += isLong ? 3 : 1
        var out: [UInt8] = []
        while let byte = peek {
            if byte == quote {
                if !isLong {
                    at += 1
                    return String(decoding: out, as: UTF8.self)
                }
                if at + 2 < bytes.count, bytes[at + 1] == quote, bytes[at + 2] == quote {
                    at += 3
                    return String(decoding: out, as: UTF8.self)
                }
            }
            if byte == 10, !isLong { return nil }
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\""), at + 1 < bytes.count {
                at += 1
                switch bytes[at] {
                case UInt8(ascii: "n"): out.append(10)
                case UInt8(ascii: "t"): out.append(9)
                // Other escapes do not occur in names, versions and addresses; what they stand for is not needed.
                default: out.append(bytes[at])
                }
                step()
                continue
            }
            out.append(byte)
            step()
        }
        return nil
    }
}
