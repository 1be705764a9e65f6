// SPDX-License-Identifier: Apache-2.0
import WritCore

/// Secrets that do not stand in the text as they are: in base64 or hexadecimal, with escapes, or in parts that the
/// program joins. What is near a telling mark is decoded and scanned again; nothing is decoded on suspicion alone, so
/// the cost stays with the marks.
enum Encoded {
    /// Decoded text, and the place it came from.
    struct View {
        var range: Range<Int>
        var decoded: [UInt8]
    }

    /// The longest text that is decoded at once, in bytes.
    static let longest = 16 << 10

    /// What `literal` looks like inside base64, at each of its three alignments: the characters that do not depend on
    /// the neighbours.
    static func base64Forms(of literal: [UInt8]) -> [[UInt8]] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        return (0..<3).compactMap { shift in
            let bits = literal.count * 8
            // Bits before the literal within its first group of 24.
            let lead = shift * 8
            var form: [UInt8] = []
            var at = (6 - lead % 6) % 6
            while at + 6 <= bits {
                var value = 0
                for bit in at..<(at + 6) { value = value << 1 | Int(literal[bit / 8] >> UInt8(7 - bit % 8) & 1) }
                form.append(alphabet[value])
                at += 6
            }
            return form.count >= 4 ? form : nil
        }
    }

    static let escapeMarks = [#":\/\/"#, "%3A%2F%2F", #"\u003d"#, #"\u0022"#, #"\x3d"#, "%22%3A%22"]
    static let joinMarks = [
        #"" + ""#, "' + '", #"""+""#, "'+'", #"" . ""#, "' . '", "\" \\\n", "\" +\n", "' +\n", "\"\n", "'\n", "+ \"",
    ]

    /// The run of base64 characters around a hit.
    static func base64Run(around hit: Int, in bytes: UnsafeRawBufferPointer) -> Range<Int> {
        run(around: hit, in: bytes) { $0.isBase64 }
    }

    /// The run of hexadecimal digits around a hit.
    static func hexRun(around hit: Int, in bytes: UnsafeRawBufferPointer) -> Range<Int> {
        run(around: hit, in: bytes) { $0.isHexDigit }
    }

    @inline(__always)
    private static func run(
        around hit: Int, in bytes: UnsafeRawBufferPointer, _ isPart: (UInt8) -> Bool
    ) -> Range<Int> {
        var start = hit
        let nearest = max(0, hit - longest)
        while start > nearest, isPart(bytes[start - 1]) { start -= 1 }
        var end = hit
        let farthest = min(bytes.count, hit + longest)
        while end < farthest, isPart(bytes[end]) { end += 1 }
        return start..<end
    }

    /// What a base64 run holds, when that is text.
    static func base64Text(_ run: Range<Int>, in bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        // A path or a word may stand right before: try where the run starts and at each of the four alignments.
        for offset in 0..<4 where run.count - offset >= 20 {
            let decoded = Base64.decode(bytes[(run.lowerBound + offset)..<run.upperBound])
            if isText(decoded) { return decoded }
        }
        return nil
    }

    /// What a hexadecimal run holds, when that is text; the hit tells where a pair begins.
    static func hexText(_ run: Range<Int>, hit: Int, in bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        guard run.count >= 24 else { return nil }
        var decoded: [UInt8] = []
        var at = run.lowerBound + (hit - run.lowerBound) % 2
        while at + 1 < run.upperBound {
            guard let high = Hex.value(bytes[at]), let low = Hex.value(bytes[at + 1]) else { return nil }
            decoded.append(high << 4 | low)
            at += 2
        }
        return isText(decoded) ? decoded : nil
    }

    /// The line around a hit with URL and JSON escapes read.
    static func escapedRun(around hit: Int, in bytes: UnsafeRawBufferPointer) -> View? {
        var start = hit
        let nearest = max(0, hit - 512)
        while start > nearest, bytes[start - 1] > 0x20 { start -= 1 }
        var end = hit
        let farthest = min(bytes.count, hit + 2048)
        while end < farthest, bytes[end] > 0x20 { end += 1 }
        var out: [UInt8] = []
        var at = start
        while at < end {
            let byte = bytes[at]
            if byte == UInt8(ascii: "%"), let high = Hex.value(bytes.byte(at + 1)),
                let low = Hex.value(bytes.byte(at + 2))
            {
                out.append(high << 4 | low)
                at += 3
            } else if byte == 0x5C, bytes.byte(at + 1) == UInt8(ascii: "u"), bytes.byte(at + 2) == 0x30,
                bytes.byte(at + 3) == 0x30, let high = Hex.value(bytes.byte(at + 4)),
                let low = Hex.value(bytes.byte(at + 5))
            {
                out.append(high << 4 | low)
                at += 6
            } else if byte == 0x5C, bytes.byte(at + 1) == UInt8(ascii: "x"), let high = Hex.value(bytes.byte(at + 2)),
                let low = Hex.value(bytes.byte(at + 3))
            {
                out.append(high << 4 | low)
                at += 4
            } else if byte == 0x5C, at + 1 < end {
                let next = bytes[at + 1]
                out.append(next == UInt8(ascii: "n") ? 0x0A : next)
                at += 2
            } else {
                out.append(byte)
                at += 1
            }
        }
        return out.count < end - start ? View(range: start..<end, decoded: out) : nil
    }

    /// The quoted parts around a join mark, put together, with what stands before the first of them.
    static func joinedRun(around hit: Int, _ hitEnd: Int, in bytes: UnsafeRawBufferPointer) -> View? {
        // Back to the closing quote of the left part.
        var close = hit
        while close < hitEnd, !bytes.byte(close).isQuote { close += 1 }
        if bytes.byte(hit) == UInt8(ascii: "+") {
            close = hit
            while close > 0, hit - close < 40, !bytes[close - 1].isQuote {
                guard bytes[close - 1] <= 0x20 || bytes[close - 1] == UInt8(ascii: "+") else { return nil }
                close -= 1
            }
            close -= 1
        }
        guard close > 0, close < bytes.count, bytes[close].isQuote, bytes[close - 1].isBase64 else { return nil }
        let quote = bytes[close]
        // Most marks are no joins: the next part must open before anything is read back.
        var ahead = close + 1
        while ahead < bytes.count, ahead - close < 120,
            bytes[ahead] <= 0x20 || bytes[ahead] == UInt8(ascii: "+") || bytes[ahead] == UInt8(ascii: ".")
                || bytes[ahead] == 0x5C
        {
            ahead += 1
        }
        guard bytes.byte(ahead) == quote, bytes.byte(ahead + 1).isBase64 else { return nil }
        var open = close
        let nearest = max(0, close - 512)
        while open > nearest, bytes[open - 1] != quote, bytes[open - 1] != 0x0A { open -= 1 }
        guard open > nearest, bytes[open - 1] == quote else { return nil }
        let first = open - 1
        var joined = Array(bytes[open..<close])
        guard !joined.contains(0x20) else { return nil }
        var at = close + 1
        var end = at
        var parts = 1
        while parts < 64, joined.count < longest {
            let gap = at
            var breaks = 0
            while at < bytes.count, at - gap < 120,
                bytes[at] <= 0x20 || bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: ".")
                    || bytes[at] == 0x5C
                    || bytes[at] == UInt8(ascii: "&")
            {
                if bytes[at] == 0x0A { breaks += 1 }
                at += 1
            }
            guard breaks <= 2, bytes.byte(at) == quote else { break }
            let start = at + 1
            var stop = start
            let farthest = min(bytes.count, start + 1024)
            while stop < farthest, bytes[stop] != quote, bytes[stop] != 0x0A { stop += 1 }
            guard stop < bytes.count, bytes.byte(stop) == quote, stop > start, bytes[start].isBase64 else { break }
            joined += bytes[start..<stop]
            at = stop + 1
            end = at
            parts += 1
        }
        guard parts > 1, joined.count >= 12 else { return nil }
        // The name and operator before, and a quote on either side, as if it had been written in one.
        var lead = first
        while lead > 0, first - lead < 100, bytes[lead - 1] != 0x0A { lead -= 1 }
        let text = Array(bytes[lead..<first]) + [quote] + joined + [quote]
        return View(range: first..<end, decoded: text)
    }

    /// Mostly printable: what is decoded is meant to be read.
    private static func isText(_ decoded: [UInt8]) -> Bool {
        guard decoded.count >= 12 else { return false }
        var odd = 0
        for byte in decoded where byte < 0x20 && byte != 0x0A && byte != 0x0D && byte != 0x09 || byte >= 0x7F {
            odd += 1
        }
        return odd * 20 <= decoded.count
    }
}
