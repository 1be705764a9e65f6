// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Texts, CDATA sections and attributes of XML and HTML. Comments are read elsewhere.
enum MarkupValues {
    static func read(_ bytes: UnsafeRawBufferPointer, into sink: inout StringValues.Sink) {
        var at = 0
        var names: [Range<Int>] = []
        var beyond = 0
        var text = 0
        var lineHasMore = false
        /// Takes the text before a tag.
        func flush(_ end: Int) {
            guard end - text >= StringValues.shortest else { return }
            let raw = bytes.part(text..<end)
            let hasEntity = raw.contains(UInt8(ascii: "&"))
            // A sentence that marks are set in is read with its line. By itself a text counts where references spell its
            // letters, and in a line that is too long for one.
            let isSpelled = raw.indices.contains {
                raw[$0] == UInt8(ascii: "&") && raw.byte($0 + 1) == UInt8(ascii: "#")
            }
            guard isSpelled || sink.depth > 0 || StringValues.isInLongLine(bytes, text, end) else { return }
            sink.take(
                hasEntity ? Entities.decode(raw) : Array(raw), text, end, key: key(names, bytes), isChanged: hasEntity)
        }
        while at < bytes.count {
            guard bytes[at] == UInt8(ascii: "<") else {
                at += 1
                continue
            }
            flush(at)
            if bytes.holds("<!--", at: at) {
                at += 4
                while at < bytes.count, !bytes.holds("-->", at: at) { at += 1 }
                at = min(bytes.count, at + 3)
            } else if bytes.holds("<![CDATA[", at: at) {
                let start = at + 9
                at = start
                while at < bytes.count, !bytes.holds("]]>", at: at) { at += 1 }
                if at - start >= StringValues.shortest {
                    sink.take(Array(bytes.part(start..<at)), start, at, key: key(names, bytes), isChanged: false)
                }
                at = min(bytes.count, at + 3)
            } else if bytes.byte(at + 1) == UInt8(ascii: "/") {
                while at < bytes.count, bytes[at] != UInt8(ascii: ">") { at += 1 }
                if beyond > 0 { beyond -= 1 } else { _ = names.popLast() }
                at = min(bytes.count, at + 1)
            } else if bytes.byte(at + 1).isLetter || bytes.byte(at + 1) == UInt8(ascii: "?") {
                at = tag(bytes, at, &names, &beyond, &sink)
            } else {
                at += 1
            }
            text = at
            lineHasMore = true
        }
        if lineHasMore { flush(bytes.count) }
    }

    private static func key(_ names: [Range<Int>], _ bytes: UnsafeRawBufferPointer) -> String {
        var out: [UInt8] = []
        for name in names.suffix(4) {
            if !out.isEmpty { out.append(UInt8(ascii: "/")) }
            out += KeyPath.name(bytes.part(name))
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static let void: Set<String> = [
        "img", "br", "hr", "input", "meta", "link", "source", "area", "wbr", "base", "col", "embed",
    ]

    /// Elements without an end, of which all names have two to six letters.
    private static func isVoid(_ name: UnsafeRawBufferPointer) -> Bool {
        guard (2...6).contains(name.count) else { return false }
        return void.contains(String(decoding: name.map(\.lowercased), as: UTF8.self))
    }

    private static func tag(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ names: inout [Range<Int>], _ beyond: inout Int,
        _ sink: inout StringValues.Sink
    ) -> Int {
        var at = start + 1
        while at < bytes.count, bytes[at] > 0x20, bytes[at] != UInt8(ascii: ">"), bytes[at] != UInt8(ascii: "/") {
            at += 1
        }
        let name = (start + 1)..<at
        while at < bytes.count, bytes[at] != UInt8(ascii: ">") {
            let byte = bytes[at]
            guard byte == 0x22 || byte == 0x27 else {
                // A tag that is not closed ends where the next begins.
                if byte == UInt8(ascii: "<") { return at }
                at += 1
                continue
            }
            let first = at + 1
            at = first
            while at < bytes.count, bytes[at] != byte { at += 1 }
            if at - first >= StringValues.shortest {
                let raw = bytes.part(first..<at)
                let hasEntity = raw.contains(UInt8(ascii: "&"))
                sink.take(
                    hasEntity ? Entities.decode(raw) : Array(raw), first, at, key: key(names, bytes),
                    isChanged: hasEntity)
            }
            at = min(bytes.count, at + 1)
        }
        let isOpen = bytes.byte(at - 1) != UInt8(ascii: "/") && bytes[start + 1] != UInt8(ascii: "?")
        if isOpen, !isVoid(bytes.part(name)) {
            if names.count < KeyPath.depth { names.append(name) } else { beyond += 1 }
        }
        return min(bytes.count, at + 1)
    }
}

/// Character and entity references.
enum Entities {
    private static let named: [(name: StaticString, value: UInt8)] = [
        ("amp;", 0x26), ("lt;", 0x3C), ("gt;", 0x3E), ("quot;", 0x22), ("apos;", 0x27), ("nbsp;", 0x20),
        ("Tab;", 0x09), ("NewLine;", 0x0A),
    ]

    /// The text without references; unknown ones stay as they are.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var at = 0
        while at < bytes.count {
            guard bytes[at] == UInt8(ascii: "&") else {
                out.append(bytes[at])
                at += 1
                continue
            }
            if let entity = named.first(where: { bytes.holds($0.name, at: at + 1) }) {
                out.append(entity.value)
                at += 1 + entity.name.utf8CodeUnitCount
            } else if let (value, length) = number(bytes, at) {
                appendScalar(value, to: &out)
                at += length
            } else {
                out.append(bytes[at])
                at += 1
            }
        }
        return out
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> (UInt32, Int)? {
        guard bytes.byte(start + 1) == UInt8(ascii: "#") else { return nil }
        var at = start + 2
        let isHex = bytes.byte(at) | 0x20 == UInt8(ascii: "x")
        if isHex { at += 1 }
        let first = at
        var value: UInt32 = 0
        while at - first < 7, let digit = Hex.value(bytes.byte(at)), isHex || digit < 10 {
            value = value * (isHex ? 16 : 10) + UInt32(digit)
            at += 1
        }
        return at > first && bytes.byte(at) == UInt8(ascii: ";") ? (value, at + 1 - start) : nil
    }
}
