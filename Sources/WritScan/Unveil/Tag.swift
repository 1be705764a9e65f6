// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// A start tag of HTML, read as browsers read it.
struct Tag {
    let name: Range<Int>
    /// Behind the closing bracket.
    let end: Int
    /// It ends in `/>`.
    let isClosed: Bool
    /// Its attributes.
    private let body: Range<Int>

    /// Reads the tag that begins there; nil when it is none, or does not end within `longest` bytes.
    ///
    /// - Parameter looked: grows by the bytes that were looked at.
    fileprivate init?(_ bytes: UnsafeRawBufferPointer, _ start: Int, longest: Int, looked: inout Int) {
        guard bytes.byte(start + 1).isLetter else { return nil }
        var at = start + 1
        while at < bytes.count, at - start < 64, bytes[at].isAlphanumeric || bytes[at] == UInt8(ascii: "-") { at += 1 }
        name = (start + 1)..<at
        let first = at
        // Quotes count where a value begins and nowhere else: elsewhere they are letters.
        var isValue = false
        defer { looked += at - start }
        while at < bytes.count, at - start < longest {
            let byte = bytes[at]
            if byte == UInt8(ascii: ">") || byte == UInt8(ascii: "<") { break }
            if isValue, byte == 0x22 || byte == 0x27 {
                at += 1
                while at < bytes.count, at - start < longest, bytes[at] != byte { at += 1 }
                isValue = false
            } else if byte == UInt8(ascii: "=") {
                isValue = true
            } else if byte > 0x20 {
                isValue = false
            }
            at += 1
        }
        guard at < bytes.count, bytes[at] == UInt8(ascii: ">") else { return nil }
        body = first..<at
        isClosed = bytes[at - 1] == UInt8(ascii: "/")
        end = at + 1
    }

    /// Cheap: whether an attribute could hide the element. Nearly none does.
    func mayHide(_ bytes: UnsafeRawBufferPointer, _ sheet: StyleSheet) -> Bool {
        if body.count < 5 { return !sheet.isEmpty }
        if !sheet.isEmpty { return true }
        for at in body {
            switch bytes[at] | 0x20 {
            case UInt8(ascii: "h") where HiddenMarkup.begins(bytes, at, "hidden"): return true
            case UInt8(ascii: "s") where HiddenMarkup.begins(bytes, at, "style"): return true
            case UInt8(ascii: "c") where HiddenMarkup.begins(bytes, at, "color") && name.count == 4: return true
            default: continue
            }
        }
        return false
    }

    /// Cheap: the element may be one whose content is never shown.
    func isUnshown(_ bytes: UnsafeRawBufferPointer) -> Bool {
        switch name.count {
        case 6:
            HiddenMarkup.begins(bytes, name.lowerBound, "dialog")
                || HiddenMarkup.begins(bytes, name.lowerBound, "script")
        case 8:
            HiddenMarkup.begins(bytes, name.lowerBound, "template")
                || HiddenMarkup.begins(bytes, name.lowerBound, "noscript")
        default: false
        }
    }

    /// Names in lower case and values, references in them resolved; at most 64.
    func attributes(_ bytes: UnsafeRawBufferPointer) -> [(name: String, value: [UInt8])] {
        var out: [(name: String, value: [UInt8])] = []
        var at = body.lowerBound
        let end = body.upperBound
        func skip() { while at < end, bytes[at] <= 0x20 || bytes[at] == UInt8(ascii: "/") { at += 1 } }
        while out.count < 64 {
            skip()
            guard at < end else { break }
            let first = at
            at += 1
            while at < end, bytes[at] > 0x20, bytes[at] != UInt8(ascii: "="), bytes[at] != UInt8(ascii: "/") { at += 1 }
            let name = String(decoding: bytes.part(first..<at).map(\.lowercased), as: UTF8.self)
            var sign = at
            while sign < end, bytes[sign] <= 0x20 { sign += 1 }
            var value: [UInt8] = []
            if sign < end, bytes[sign] == UInt8(ascii: "=") {
                at = sign + 1
                while at < end, bytes[at] <= 0x20 { at += 1 }
                let quote = bytes.byte(at)
                let isQuoted = at < end && (quote == 0x22 || quote == 0x27)
                if isQuoted { at += 1 }
                let start = at
                while at < end, isQuoted ? bytes[at] != quote : bytes[at] > 0x20 { at += 1 }
                value = Self.resolved(bytes.part(start..<at))
                if isQuoted, at < end { at += 1 }
            }
            // The first of a name counts.
            if !out.contains(where: { $0.name == name }) { out.append((name, value)) }
        }
        return out
    }

    private static func resolved(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        guard bytes.contains(UInt8(ascii: "&")) else { return Array(bytes) }
        var out: [UInt8] = []
        var at = 0
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "&"), let escape = Escape(bytes, at) {
                appendScalar(escape.value, to: &out)
                at += escape.length
            } else {
                out.append(bytes[at])
                at += 1
            }
        }
        return out
    }
}

/// Reads the tags of some content in linear time: each of many that never end would be looked through anew.
struct TagReader {
    /// Bytes of the longest tag.
    private static let longest = 65_536
    private static let longestOfMany = 512

    /// Bytes that were looked at for the ends of tags that have none.
    private var missed = 0
    /// So many tags had no end that only short ones are read.
    private(set) var isCut = false

    /// The tag that begins there; nil when it is none, or does not end within the limit.
    mutating func tag(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Tag? {
        var looked = 0
        let tag = Tag(bytes, start, longest: isCut ? Self.longestOfMany : Self.longest, looked: &looked)
        if tag == nil { missed += looked }
        if !isCut, missed / 4 > bytes.count, missed > 1 << 20 { isCut = true }
        return tag
    }
}

/// Whether a place in Markdown is code, which a reader sees as it stands.
struct CodeMarks {
    private var fence: UInt8 = 0
    private var fenceLength = 0
    private var span = 0

    /// Inside a fenced block or a span of code.
    var isOpen: Bool { fence != 0 || span != 0 }

    /// Looks at a line's beginning, and returns where its text goes on.
    mutating func begin(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Int {
        span = 0
        var at = start
        while at - start < 3, bytes.byte(at) == 0x20 { at += 1 }
        let sign = bytes.byte(at)
        guard sign == UInt8(ascii: "`") || sign == UInt8(ascii: "~") else { return start }
        let first = at
        while at < bytes.count, bytes[at] == sign { at += 1 }
        guard at - first >= 3 else { return start }
        if fence == 0 {
            (fence, fenceLength) = (sign, at - first)
        } else if sign == fence, at - first >= fenceLength {
            fence = 0
        }
        return at
    }

    /// Reads a run of backticks.
    mutating func tick(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Int {
        var at = start
        while at < bytes.count, bytes[at] == UInt8(ascii: "`") { at += 1 }
        if span == 0 { span = at - start } else if span == at - start { span = 0 }
        return at
    }
}
