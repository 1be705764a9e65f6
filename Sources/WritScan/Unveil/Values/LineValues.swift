// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Values of YAML and TOML: block scalars, quoted strings over several lines or with escapes, inline collections.
enum LineValues {
    static func read(
        _ bytes: UnsafeRawBufferPointer, from start: Int, to limit: Int, isTOML: Bool,
        into sink: inout StringValues.Sink
    ) {
        let end = min(bytes.count, limit)
        var at = start
        while at < end {
            let lineEnd = self.lineEnd(bytes, at, end)
            var text = at
            while text < lineEnd, bytes[text].isBlank { text += 1 }
            let indent = text - at
            while bytes.byte(text) == UInt8(ascii: "-"), bytes.byte(text + 1) == 0x20, text < lineEnd { text += 2 }
            guard text < lineEnd, bytes[text] != UInt8(ascii: "#") else {
                at = lineEnd + 1
                continue
            }
            let (key, value) = self.value(bytes, text, lineEnd, isTOML: isTOML)
            guard value < lineEnd else {
                at = lineEnd + 1
                continue
            }
            let name = key.isEmpty ? "" : String(decoding: KeyPath.name(bytes.part(key)), as: UTF8.self)
            switch bytes[value] {
            case UInt8(ascii: "|") where !isTOML, UInt8(ascii: ">") where !isTOML:
                at = block(bytes, value, lineEnd, end, indent, name, &sink)
            case 0x22, 0x27:
                at = quoted(bytes, value, lineEnd, end, name, isTOML, &sink)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                let style: JSONValues.Style = isTOML ? .toml : .yaml
                // A collection that is never closed ends with its line, so that nothing is read twice and again.
                let close = JSONValues.read(
                    bytes, from: value, to: min(end, lineEnd + 65_536), style: style, isPart: true, into: &sink)
                at = max(lineEnd + 1, self.lineEnd(bytes, close, end) + 1)
            default:
                at = lineEnd + 1
            }
        }
    }

    private static func lineEnd(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Int {
        var at = start
        while at < end, bytes[at] != 0x0A { at += 1 }
        return at
    }

    /// Where the key stands and where its value begins.
    private static func value(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int, isTOML: Bool
    ) -> (key: Range<Int>, value: Int) {
        var at = start
        if bytes[at] == UInt8(ascii: "{") || bytes[at] == UInt8(ascii: "[") { return (start..<start, start) }
        if bytes[at] == 0x22 || bytes[at] == 0x27 {
            let quote = bytes[at]
            at += 1
            while at < end, bytes[at] != quote { at += 1 }
            at += 1
            if at >= end { return (start..<start, start) }
        }
        let sign = isTOML ? UInt8(ascii: "=") : UInt8(ascii: ":")
        while at < end, bytes[at] != sign || (!isTOML && bytes.byte(at + 1) > 0x20) {
            if at - start > 256 { return (start..<start, start) }
            at += 1
        }
        guard at < end else { return (start..<start, start) }
        var key = start..<at
        if let quote = bytes.part(key).first, quote == 0x22 || quote == 0x27 {
            key = min(start + 1, at)..<max(min(start + 1, at), at - 1)
        }
        while let last = bytes.part(key).last, last.isBlank { key = key.lowerBound..<(key.upperBound - 1) }
        at += 1
        while at < end, bytes[at].isBlank { at += 1 }
        // Anchors and tags stand before the value.
        while at < end, bytes[at] == UInt8(ascii: "&") || bytes[at] == UInt8(ascii: "!"), !isTOML {
            while at < end, bytes[at] > 0x20 { at += 1 }
            while at < end, bytes[at].isBlank { at += 1 }
        }
        return (key, at)
    }

    /// A block scalar: the lines that are indented more than its key, in one text; folded ones joined.
    private static func block(
        _ bytes: UnsafeRawBufferPointer, _ sign: Int, _ header: Int, _ end: Int, _ indent: Int, _ key: String,
        _ sink: inout StringValues.Sink
    ) -> Int {
        let isFolded = bytes[sign] == UInt8(ascii: ">")
        // Only indicators and a comment stand there: `| text` is a plain scalar.
        for byte in bytes.part((sign + 1)..<header)
        where !byte.isDigit && byte != UInt8(ascii: "+") && byte != UInt8(ascii: "-") && byte > 0x20 {
            if byte == UInt8(ascii: "#") { break }
            return header + 1
        }
        var text: [UInt8] = []
        var at = header + 1
        while at < end {
            let lineEnd = self.lineEnd(bytes, at, end)
            var first = at
            while first < lineEnd, bytes[first].isBlank || bytes[first] == 0x0D { first += 1 }
            if first < lineEnd, first - at <= indent { break }
            if first < lineEnd {
                text += bytes.part(first..<lineEnd)
                while text.last == 0x0D { text.removeLast() }
                text.append(isFolded ? 0x20 : 0x0A)
            } else {
                text.append(0x0A)
            }
            at = lineEnd + 1
        }
        // A literal block is read in its lines; folded, or many short lines, it is another text.
        if isFolded || sink.depth > 0 { sink.take(text, sign, min(at, bytes.count), key: key, isChanged: false) }
        return max(at, header + 1)
    }

    private static func quoted(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ lineEnd: Int, _ end: Int, _ key: String, _ isTOML: Bool,
        _ sink: inout StringValues.Sink
    ) -> Int {
        let quote = bytes[start]
        let isTriple = isTOML && bytes.byte(start + 1) == quote && bytes.byte(start + 2) == quote
        var at = start + (isTriple ? 3 : 1)
        let first = at
        var escapes = Escapes()
        var hasBreak = false
        let furthest = min(end, start + 65_536)
        while at < furthest {
            if bytes[at] == quote {
                if isTriple {
                    if bytes.byte(at + 1) == quote, bytes.byte(at + 2) == quote { break }
                } else if quote == 0x27, !isTOML, bytes.byte(at + 1) == quote {
                    at += 1
                } else {
                    break
                }
            } else if bytes[at] == 0x5C, quote == 0x22 {
                escapes.see(bytes.byte(at + 1))
                at += 1
            } else if bytes[at] == 0x0A {
                if isTOML, !isTriple { break }
                hasBreak = true
            }
            at += 1
        }
        let close = min(at, furthest)
        let next = min(end, close + (isTriple ? 3 : 1))
        // Without an end it is no string: read on with the next line.
        guard close < furthest, bytes[close] == quote else { return lineEnd + 1 }
        if hasBreak || escapes.isOdd || sink.depth > 0 {
            let raw = bytes.part(first..<close)
            var decoded = escapes.count > 0 ? Escapes.decode(raw) : Array(raw)
            if hasBreak, !isTriple { decoded = decoded.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 } }
            sink.take(decoded, start, next, key: key, isChanged: escapes.isOdd)
        }
        return max(lineEnd + 1, self.lineEnd(bytes, next, end) + 1)
    }
}
