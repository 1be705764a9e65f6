// SPDX-License-Identifier: Apache-2.0

/// A line for people: without secrets, with everything visible that an editor would not show.
public struct Excerpt: Sendable, Hashable {
    /// At most ``width`` characters and a few marks; never holds a control character.
    public var text: String
    /// The part of ``text`` that the finding is about, in characters.
    public var mark: Range<Int>

    /// Characters that are shown around a finding in a long line.
    static let width = 160

    /// Creates an excerpt.
    public init(text: String, mark: Range<Int>) {
        self.text = text
        self.mark = mark
    }

    /// Shows one line.
    ///
    /// - Parameters:
    ///   - bytes: the content.
    ///   - line: the line's place in it.
    ///   - span: what the finding is about; may go beyond the line.
    ///   - secrets: what must not be shown, with its placeholder, in order of place.
    init(_ bytes: [UInt8], line: Range<Int>, span: Range<Int>, secrets: [(range: Range<Int>, mark: String)]) {
        let span =
            max(
                line.lowerBound, min(span.lowerBound, line.upperBound))..<max(
                line.lowerBound, min(span.upperBound, line.upperBound))
        // A window around the finding; a long line is cut on both sides.
        var low = line.lowerBound
        var high = line.upperBound
        if high - low > Self.width * 2 {
            low = max(low, span.lowerBound - Self.width / 2)
            high = min(high, low + Self.width * 2)
        }
        // Not inside a character.
        while low > line.lowerBound, bytes[low] & 0xC0 == 0x80 { low -= 1 }
        while high < line.upperBound, bytes[high] & 0xC0 == 0x80 { high += 1 }
        var text = low > line.lowerBound ? "…" : ""
        var shown = text.count
        var mark: (Int?, Int?) = (nil, nil)
        var at = low
        var next = secrets.startIndex
        // Secrets that end before the window are of no interest; others may begin before it.
        while next < secrets.endIndex, secrets[next].range.upperBound <= low { next += 1 }
        while at < high, shown < Self.width * 2 {
            if mark.0 == nil, at >= span.lowerBound { mark.0 = shown }
            if mark.1 == nil, at >= span.upperBound { mark.1 = shown }
            if next < secrets.endIndex, secrets[next].range.lowerBound <= at {
                if secrets[next].range.upperBound > at {
                    text += secrets[next].mark
                    shown += secrets[next].mark.count
                    at = secrets[next].range.upperBound
                }
                next += 1
                continue
            }
            let (piece, length) = Self.visible(bytes, at, line.upperBound)
            text += piece
            shown += piece.count
            at += length
        }
        if at < line.upperBound { text += "…" }
        let first = mark.0 ?? shown
        self.text = text
        self.mark = first..<max(first, mark.1 ?? shown)
    }

    /// The character at a place as it may be shown, and its length in bytes.
    static func visible(_ bytes: [UInt8], _ at: Int, _ end: Int) -> (String, Int) {
        let first = bytes[at]
        if first < 0x80 {
            if first >= 0x20, first < 0x7F { return (String(Unicode.Scalar(first)), 1) }
            return first == 0x09 ? (" ", 1) : first == 0x0D && at + 1 == end ? ("", 1) : (escape(UInt32(first)), 1)
        }
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        guard first >= 0xC2, first <= 0xF4, at + length <= end,
            let text = String(validating: bytes[at..<at + length], as: UTF8.self),
            let scalar = text.unicodeScalars.first
        else {
            let hex = String(first, radix: 16, uppercase: true)
            return ("\\x" + hex, 1)
        }
        return (isInvisible(scalar) ? escape(scalar.value) : text, length)
    }

    private static func escape(_ value: UInt32) -> String {
        "\\u{" + String(value, radix: 16, uppercase: true) + "}"
    }

    /// The character has no glyph of its own, or steers how others are shown.
    static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B...0x180F, 0x2800, 0x3164, 0xFFA0, 0xFE00...0xFE0F,
            0xE0100...0xE01EF, 0x00A0, 0x2000...0x200A, 0x202F, 0x205F, 0x3000:
            return true
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: return true
        default: return false
        }
    }

    /// Any text made harmless for a terminal or a report, on one line.
    public static func harmless(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var out = ""
        var at = 0
        while at < bytes.count {
            let (piece, length) = visible(bytes, at, bytes.count)
            out += piece
            at += length
        }
        return out
    }
}
