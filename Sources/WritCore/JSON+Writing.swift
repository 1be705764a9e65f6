// SPDX-License-Identifier: Apache-2.0

extension JSON {
    /// The shortest text of this value on one line, keys in their order. Non-ASCII stays as it is; control characters
    /// (C1 too), line separators and bidi controls are escaped so that no reader's terminal obeys them.
    public var text: String {
        var out: [UInt8] = []
        write(to: &out, indent: nil, depth: 0)
        return String(decoding: out, as: UTF8.self)
    }

    /// The same for people: two spaces a level.
    public var prettyText: String {
        var out: [UInt8] = []
        write(to: &out, indent: 2, depth: 0)
        return String(decoding: out, as: UTF8.self)
    }

    /// The bytes of ``text``.
    public var bytes: [UInt8] {
        var out: [UInt8] = []
        write(to: &out, indent: nil, depth: 0)
        return out
    }

    /// A form that is equal for equal values: keys sorted by their UTF-16 units as RFC 8785 (JCS) asks.
    ///
    /// Numbers follow Swift's shortest round-trip form, which agrees with JCS for whole numbers; Writ hashes no others.
    public var canonicalBytes: [UInt8] {
        var out: [UInt8] = []
        sorted.write(to: &out, indent: nil, depth: 0)
        return out
    }

    private var sorted: JSON {
        switch self {
        case .null, .bool, .integer, .number, .string: self
        case .array(let elements): .array(elements.map(\.sorted))
        case .object(let members):
            .object(
                members.map { Member($0.key, $0.value.sorted) }
                    .sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) })
        }
    }

    private func write(to out: inout [UInt8], indent: Int?, depth: Int) {
        switch self {
        case .null: out.append(contentsOf: "null".utf8)
        case .bool(let value): out.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): out.append(contentsOf: String(value).utf8)
        case .number(let value): out.append(contentsOf: (value.isFinite ? String(value) : "null").utf8)
        case .string(let value): JSON.write(value, to: &out)
        case .array(let elements):
            out.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                JSON.newline(to: &out, indent: indent, depth: depth + 1)
                element.write(to: &out, indent: indent, depth: depth + 1)
            }
            if !elements.isEmpty { JSON.newline(to: &out, indent: indent, depth: depth) }
            out.append(UInt8(ascii: "]"))
        case .object(let members):
            out.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                JSON.newline(to: &out, indent: indent, depth: depth + 1)
                JSON.write(member.key, to: &out)
                out.append(UInt8(ascii: ":"))
                if indent != nil { out.append(UInt8(ascii: " ")) }
                member.value.write(to: &out, indent: indent, depth: depth + 1)
            }
            if !members.isEmpty { JSON.newline(to: &out, indent: indent, depth: depth) }
            out.append(UInt8(ascii: "}"))
        }
    }

    private static func newline(to out: inout [UInt8], indent: Int?, depth: Int) {
        guard let indent else { return }
        out.append(0x0A)
        out.append(contentsOf: repeatElement(0x20, count: indent * depth))
    }

    private static func write(_ value: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for scalar in value.unicodeScalars {
            switch scalar.value {
            case 0x22: out.append(contentsOf: "\\\"".utf8)
            case 0x5C: out.append(contentsOf: "\\\\".utf8)
            case 0x08: out.append(contentsOf: "\\b".utf8)
            case 0x0C: out.append(contentsOf: "\\f".utf8)
            case 0x0A: out.append(contentsOf: "\\n".utf8)
            case 0x0D: out.append(contentsOf: "\\r".utf8)
            case 0x09: out.append(contentsOf: "\\t".utf8)
            case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069:
                let hex = String(scalar.value, radix: 16)
                out.append(contentsOf: "\\u".utf8)
                out.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 4 - hex.utf8.count))
                out.append(contentsOf: hex.utf8)
            case 0x20..<0x7F: out.append(UInt8(truncatingIfNeeded: scalar.value))
            default: out.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}
