// SPDX-License-Identifier: Apache-2.0

/// Where C2SP tlog-tiles puts a tile, relative to the ledger's folder.
enum TilePath {
    /// `tile/<L>/<N>[.p/<W>]`; a full tile has width 256.
    static func hashes(level: Int, index: UInt64, width: Int = TileStack.width) -> String {
        "tile/\(level)/" + name(index) + suffix(width)
    }

    /// `tile/entries/<N>[.p/<W>]`.
    static func entries(index: UInt64, width: Int = TileStack.width) -> String {
        "tile/entries/" + name(index) + suffix(width)
    }

    /// Three digits a folder, all but the last behind an `x`: 1234067 is `x001/x234/067`.
    static func name(_ index: UInt64) -> String {
        var parts = [threeDigits(index % 1000)]
        var rest = index / 1000
        while rest > 0 {
            parts.append("x" + threeDigits(rest % 1000))
            rest /= 1000
        }
        return parts.reversed().joined(separator: "/")
    }

    private static func suffix(_ width: Int) -> String {
        width == TileStack.width ? "" : ".p/\(width)"
    }

    private static func threeDigits(_ value: UInt64) -> String {
        let text = String(value)
        return String(repeating: "0", count: 3 - text.utf8.count) + text
    }
}

/// Entries one after the other, each behind its length as a big-endian 16-bit number.
enum EntryBundle {
    /// The greatest entry that the length can tell.
    static let maximumEntry = 65_535
    /// The greatest file that a full bundle can be.
    static let maximumBytes = TileStack.width * (2 + maximumEntry)

    static func append(_ entry: [UInt8], to out: inout [UInt8]) {
        BigEndian.append(UInt16(truncatingIfNeeded: entry.count), to: &out)
        out.append(contentsOf: entry)
    }

    /// The entries' places; nil when the lengths don't add up.
    static func ranges(_ bytes: [UInt8]) -> [Range<Int>]? {
        var found: [Range<Int>] = []
        var at = 0
        while at < bytes.count {
            guard bytes.count - at >= 2 else { return nil }
            let start = at + 2
            let length = Int(bytes[at]) << 8 | Int(bytes[at + 1])
            guard bytes.count - start >= length else { return nil }
            found.append(start..<start + length)
            at = start + length
        }
        return found
    }
}
