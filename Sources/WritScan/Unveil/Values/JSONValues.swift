// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Strings of JSON, also with comments, faults and many documents in a row, and of YAML's and TOML's inline forms.
enum JSONValues {
    enum Style { case json, yaml, toml }

    /// Reads from `start` to the end, or with `isPart` to where the bracket that stands there is closed.
    ///
    /// - Returns: where reading ended.
    @discardableResult
    static func read(
        _ bytes: UnsafeRawBufferPointer, from start: Int, to limit: Int = .max, style: Style, isPart: Bool = false,
        into sink: inout StringValues.Sink
    ) -> Int {
        let end = min(bytes.count, limit)
        var path = KeyPath()
        var at = start
        var level = 0
        // Values on this line so far: a value alone on its line was read there.
        var onLine = 0
        while at < end {
            let byte = bytes[at]
            switch byte {
            case 0x0A:
                onLine = 0
                at += 1
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                path.push(isList: byte == UInt8(ascii: "["))
                level += 1
                at += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                path.pop()
                level -= 1
                at += 1
                if isPart, level <= 0 { return at }
            case UInt8(ascii: ","):
                if let last = path.steps.indices.last, path.beyond == 0 { path.steps[last].index += 1 }
                onLine += 1
                at += 1
            case 0x22:
                at = string(bytes, at, end, style, &path, &onLine, &sink)
            case 0x27 where style != .json:
                at = string(bytes, at, end, style, &path, &onLine, &sink)
            case UInt8(ascii: "/") where bytes.byte(at + 1) == UInt8(ascii: "/") && style == .json:
                while at < end, bytes[at] != 0x0A { at += 1 }
            case UInt8(ascii: "/") where bytes.byte(at + 1) == UInt8(ascii: "*") && style == .json:
                at += 2
                while at < end, !bytes.holds("*/", at: at) { at += 1 }
                at = min(end, at + 2)
            default:
                if style == .yaml, byte.isAlphanumeric || byte >= 0x80 {
                    at = plain(bytes, at, end, &path, &onLine, &sink)
                } else if style == .toml, byte.isWord {
                    at = bareKey(bytes, at, end, &path)
                } else {
                    at += 1
                }
            }
        }
        return end
    }

    /// A quoted string: a key when a colon follows.
    private static func string(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ style: Style, _ path: inout KeyPath,
        _ onLine: inout Int, _ sink: inout StringValues.Sink
    ) -> Int {
        let quote = bytes[start]
        let isPlain = quote == 0x27
        var at = start + 1
        var escapes = Escapes()
        while at < end, bytes[at] != quote {
            if bytes[at] == 0x5C, !isPlain {
                escapes.see(bytes.byte(at + 1))
                at += 1
            }
            at += 1
        }
        let close = min(at, end)
        let next = min(end, close + 1)
        var after = next
        while after < end, bytes[after].isBlank || bytes[after] == 0x0A || bytes[after] == 0x0D { after += 1 }
        let isKey = bytes.byte(after) == UInt8(ascii: ":") || (style == .toml && bytes.byte(after) == UInt8(ascii: "="))
        if isKey, let last = path.steps.indices.last, path.beyond == 0 {
            path.steps[last].start = start + 1
            path.steps[last].end = close
        }
        guard close - start > StringValues.shortest else {
            if !isKey { onLine += 1 }
            return next
        }
        let isAlone = !isKey && onLine == 0 && endsLine(bytes, next, end)
        if !isKey { onLine += 1 }
        guard !isAlone || escapes.isOdd || (escapes.count > 0 && holdsDocument(bytes, start + 1)) || sink.depth > 0
        else { return next }
        if sink.isEmbedded, !escapes.isOdd, !StringValues.isInLongLine(bytes, start, next) { return next }
        let raw = bytes.part((start + 1)..<close)
        let decoded = isPlain || escapes.count == 0 ? Array(raw) : Escapes.decode(raw)
        sink.take(
            decoded, start, next, key: path.text(bytes), isChanged: escapes.isOdd || holdsDocument(bytes, start + 1))
        return next
    }

    /// A key of an inline table, or a word that is none.
    private static func bareKey(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ path: inout KeyPath
    ) -> Int {
        var at = start
        while at < end, bytes[at].isWord || bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: ".") { at += 1 }
        var sign = at
        while sign < end, bytes[sign].isBlank { sign += 1 }
        if bytes.byte(sign) == UInt8(ascii: "="), let last = path.steps.indices.last, path.beyond == 0 {
            path.steps[last].start = start
            path.steps[last].end = at
        }
        return max(at, start + 1)
    }

    /// A plain scalar of a YAML flow collection.
    private static func plain(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ path: inout KeyPath, _ onLine: inout Int,
        _ sink: inout StringValues.Sink
    ) -> Int {
        var at = start
        while at < end {
            let byte = bytes[at]
            if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") || byte == 0x0A {
                break
            }
            if byte == UInt8(ascii: ":"), bytes.byte(at + 1) <= 0x20 { break }
            at += 1
        }
        if bytes.byte(at) == UInt8(ascii: ":") {
            if let last = path.steps.indices.last, path.beyond == 0 {
                path.steps[last].start = start
                path.steps[last].end = at
            }
            return at + 1
        }
        onLine += 1
        if at - start >= StringValues.shortest {
            sink.take(Array(bytes.part(start..<at)), start, at, key: path.text(bytes), isChanged: false)
        }
        return at
    }

    /// Nothing but closing signs follows on the line.
    private static func endsLine(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
        var at = start
        while at < end, at - start < 16 {
            switch bytes[at] {
            case 0x0A: return true
            case 0x20, 0x09, 0x0D, UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"): at += 1
            default: return false
            }
        }
        return at >= end
    }

    /// The string begins as a document of its own does.
    private static func holdsDocument(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Bool {
        var at = start
        while at < bytes.count, at - start < 8 {
            switch bytes[at] {
            case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "<"): return true
            case 0x20, 0x09: at += 1
            case 0x5C where bytes.byte(at + 1) == UInt8(ascii: "n"): at += 2
            default: return false
            }
        }
        return false
    }
}

/// Escapes of quoted strings.
struct Escapes {
    private(set) var count = 0
    /// There is one that can spell a letter: the text cannot be read as it stands.
    private(set) var isOdd = false

    mutating func see(_ letter: UInt8) {
        count += 1
        switch letter {
        case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"), UInt8(ascii: "\""), UInt8(ascii: "\\"),
            UInt8(ascii: "/"):
            break
        default: isOdd = true
        }
    }

    /// The text without escapes, as JSON, YAML and TOML write them; unknown ones stay as they are.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            guard byte == 0x5C, at + 1 < bytes.count else {
                out.append(byte)
                at += 1
                continue
            }
            let letter = bytes[at + 1]
            at += 2
            switch letter {
            case UInt8(ascii: "n"): out.append(0x0A)
            case UInt8(ascii: "t"): out.append(0x09)
            case UInt8(ascii: "r"): out.append(0x0D)
            case UInt8(ascii: "b"): out.append(0x08)
            case UInt8(ascii: "f"): out.append(0x0C)
            case UInt8(ascii: "e"): out.append(0x1B)
            case UInt8(ascii: "0"): break
            case UInt8(ascii: "x"): at += scalar(bytes, at, 2, &out)
            case UInt8(ascii: "u"): at += unit(bytes, at, &out)
            case UInt8(ascii: "U"): at += scalar(bytes, at, 8, &out)
            case 0x0A:
                // A folded line of YAML or TOML.
                while at < bytes.count, bytes[at].isBlank || bytes[at] == 0x0A { at += 1 }
            default: out.append(letter)
            }
        }
        return out
    }

    private static func value(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ count: Int) -> UInt32? {
        var value: UInt32 = 0
        for i in 0..<count {
            guard let digit = Hex.value(bytes.byte(at + i)) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    private static func scalar(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ count: Int, _ out: inout [UInt8]) -> Int {
        guard let value = value(bytes, at, count) else { return 0 }
        appendScalar(value, to: &out)
        return count
    }

    /// A unit of UTF-16, with the second half of a pair where one follows.
    private static func unit(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ out: inout [UInt8]) -> Int {
        guard let high = value(bytes, at, 4) else { return 0 }
        if (0xD800...0xDBFF).contains(high), bytes.holds("\\u", at: at + 4), let low = value(bytes, at + 6, 4),
            (0xDC00...0xDFFF).contains(low)
        {
            appendScalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00), to: &out)
            return 10
        }
        appendScalar(high, to: &out)
        return 4
    }
}
