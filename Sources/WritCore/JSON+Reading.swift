// SPDX-License-Identifier: Apache-2.0

extension JSON {
    /// Reads one JSON value that fills the whole text.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8. A byte-order mark is an error; lone surrogates (as `\u` escapes) and invalid UTF-8 become U+FFFD.
    ///   - maximumDepth: arrays and objects may nest this deep.
    /// - Throws: ``JSONError`` with the offset of the first fault.
    public init(parsing bytes: [UInt8], maximumDepth: Int = 128) throws(JSONError) {
        var reader = JSONReader(bytes: bytes, maximumDepth: maximumDepth)
        self = try reader.document()
    }

    /// Reads one JSON value that fills the whole text.
    public init(parsing text: String, maximumDepth: Int = 128) throws(JSONError) {
        try self.init(parsing: Array(text.utf8), maximumDepth: maximumDepth)
    }
}

private struct JSONReader {
    let bytes: [UInt8]
    let maximumDepth: Int
    var at = 0

    init(bytes: [UInt8], maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    mutating func document() throws(JSONError) -> JSON {
        let value = try value(depth: 0)
        skipBlanks()
        guard at == bytes.count else { throw fault("unexpected text after the value") }
        return value
    }

    func fault(_ message: String) -> JSONError {
        JSONError(message: message, offset: at)
    }

    var current: UInt8? { at < bytes.count ? bytes[at] : nil }

    mutating func skipBlanks() {
        while at < bytes.count {
            switch bytes[at] {
            case 0x20, 0x09, 0x0A, 0x0D: at += 1
            default: return
            }
        }
    }

    mutating func value(depth: Int) throws(JSONError) -> JSON {
        skipBlanks()
        guard let byte = current else { throw fault("unexpected end of text") }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw fault("expected a value")
        }
    }

    mutating func word(_ text: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        let length = text.utf8CodeUnitCount
        guard at + length <= bytes.count else { throw fault("unexpected end of text") }
        for index in 0..<length where bytes[at + index] != text.utf8Start[index] { throw fault("expected a value") }
        at += length
        return value
    }

    mutating func object(depth: Int) throws(JSONError) -> JSON {
        guard depth <= maximumDepth else { throw fault("nested more than \(maximumDepth) deep") }
        at += 1
        var members: [JSON.Member] = []
        // Few keys are compared one by one; many go through a set, or a hostile object would cost quadratic time.
        var seen: Set<String> = []
        skipBlanks()
        if current == UInt8(ascii: "}") {
            at += 1
            return .object(members)
        }
        while true {
            skipBlanks()
            guard current == UInt8(ascii: "\"") else { throw fault("expected a key in double quotes") }
            let start = at
            let key = try string()
            let isNew: Bool
            if members.count < 16 {
                isNew = !members.contains { $0.key == key }
            } else {
                if seen.isEmpty { seen = Set(members.map(\.key)) }
                isNew = seen.insert(key).inserted
            }
            guard isNew else { throw JSONError(message: "duplicate key", offset: start) }
            skipBlanks()
            guard current == UInt8(ascii: ":") else { throw fault("expected `:` after the key") }
            at += 1
            members.append(JSON.Member(key, try value(depth: depth)))
            skipBlanks()
            switch current {
            case UInt8(ascii: ","): at += 1
            case UInt8(ascii: "}"):
                at += 1
                return .object(members)
            default: throw fault("expected `,` or `}`")
            }
        }
    }

    mutating func array(depth: Int) throws(JSONError) -> JSON {
        guard depth <= maximumDepth else { throw fault("nested more than \(maximumDepth) deep") }
        at += 1
        var elements: [JSON] = []
        skipBlanks()
        if current == UInt8(ascii: "]") {
            at += 1
            return .array(elements)
        }
        while true {
            elements.append(try value(depth: depth))
            skipBlanks()
            switch current {
            case UInt8(ascii: ","): at += 1
            case UInt8(ascii: "]"):
                at += 1
                return .array(elements)
            default: throw fault("expected `,` or `]`")
            }
        }
    }

    mutating func string() throws(JSONError) -> String {
        at += 1
        let start = at
        // Most strings hold no escape and can be copied whole.
        while at < bytes.count {
            let byte = bytes[at]
            if byte == UInt8(ascii: "\"") {
                let text = String(decoding: bytes[start..<at], as: UTF8.self)
                at += 1
                return text
            }
            if byte == UInt8(ascii: "\\") { break }
            if byte < 0x20 { throw fault("control character in a string") }
            at += 1
        }
        var text = Array(bytes[start..<at])
        while at < bytes.count {
            let byte = bytes[at]
            switch byte {
            case UInt8(ascii: "\""):
                at += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                at += 1
                try escape(into: &text)
            case 0..<0x20: throw fault("control character in a string")
            default:
                text.append(byte)
                at += 1
            }
        }
        throw fault("unexpected end of text in a string")
    }

    mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        guard let byte = current else { throw fault("unexpected end of text in a string") }
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = try fourHexDigits()
            if (0xD800..<0xDC00).contains(code), at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"),
                bytes[at + 1] == UInt8(ascii: "u")
            {
                let back = at
                at += 2
                let low = try fourHexDigits()
                if (0xDC00..<0xE000).contains(low) {
                    code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
                } else {
                    at = back
                }
            }
            let scalar = Unicode.Scalar(code) ?? "\u{FFFD}"
            text.append(contentsOf: Array(String(Character(scalar)).utf8))
        default:
            at -= 1
            throw fault("unknown escape in a string")
        }
    }

    mutating func fourHexDigits() throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current else { throw fault("unexpected end of text in a string") }
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw fault("expected four hexadecimal digits")
            }
            code = code << 4 | UInt32(digit)
            at += 1
        }
        return code
    }

    mutating func number() throws(JSONError) -> JSON {
        let start = at
        if current == UInt8(ascii: "-") { at += 1 }
        guard let first = current, isDigit(first) else { throw fault("expected a digit") }
        at += 1
        if first != UInt8(ascii: "0") {
            while let byte = current, isDigit(byte) { at += 1 }
        }
        var isWhole = true
        if current == UInt8(ascii: ".") {
            isWhole = false
            at += 1
            guard let byte = current, isDigit(byte) else { throw fault("expected a digit") }
            while let byte = current, isDigit(byte) { at += 1 }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isWhole = false
            at += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { at += 1 }
            guard let byte = current, isDigit(byte) else { throw fault("expected a digit") }
            while let byte = current, isDigit(byte) { at += 1 }
        }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        if isWhole, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            throw JSONError(message: "number out of range", offset: start)
        }
        return .number(value)
    }

    func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
