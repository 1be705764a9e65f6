// SPDX-License-Identifier: Apache-2.0

/// A bounded reader of DEFLATE (RFC 1951), bare or in a frame of gzip (RFC 1952) or zlib (RFC 1950): stops at a limit,
/// at the end or at the first fault, and gives what it had by then.
package enum Inflate {
    static func gzip(_ bytes: [UInt8], limit: Int) -> [UInt8] { gzipRead(bytes, limit: limit).out }

    /// The same, with the offset up to which the bytes were read.
    static func gzipRead(_ bytes: [UInt8], limit: Int) -> (out: [UInt8], end: Int) {
        guard bytes.count > 18, bytes[0] == 0x1F, bytes[1] == 0x8B, bytes[2] == 8 else { return ([], 0) }
        let flags = bytes[3]
        var at = 10
        if flags & 4 != 0 {
            guard at + 2 <= bytes.count else { return ([], 0) }
            at += 2 + Int(bytes[at]) + Int(bytes[at + 1]) << 8
        }
        for bit: UInt8 in [8, 16] where flags & bit != 0 {
            while at < bytes.count, bytes[at] != 0 { at += 1 }
            at += 1
        }
        if flags & 2 != 0 { at += 2 }
        guard at < bytes.count else { return ([], 0) }
        var reader = Bits(bytes: bytes, at: at)
        let out = reader.inflate(limit: limit)
        return (out, reader.at)
    }

    /// DEFLATE without a frame, from an offset.
    ///
    /// - Returns: what was read, whether the end was reached, and the offset behind it.
    static func raw(_ bytes: [UInt8], from start: Int, limit: Int) -> (out: [UInt8], isWhole: Bool, end: Int) {
        guard start >= 0, start < bytes.count else { return ([], false, start) }
        var reader = Bits(bytes: bytes, at: start)
        let out = reader.inflate(limit: limit)
        return (out, !reader.failed && reader.isAtEnd, reader.at - reader.count / 8)
    }

    /// DEFLATE in a zlib frame (RFC 1950), as git and PDF have it. The checksum behind it is not looked at: a reader
    /// that ignores it sees the text too.
    ///
    /// - Returns: at most `limit` bytes, and whether the end was reached below it; nothing when the header is not that
    ///   of a frame that stands alone.
    package static func zlib(_ bytes: [UInt8], limit: Int) -> (out: [UInt8], isWhole: Bool) {
        // A frame that needs a dictionary from elsewhere (bit 5 of the flags) cannot be read without it.
        guard bytes.count > 2, bytes[0] & 15 == 8, bytes[1] & 32 == 0,
            (Int(bytes[0]) << 8 | Int(bytes[1])).isMultiple(of: 31)
        else { return ([], false) }
        let read = raw(bytes, from: 2, limit: limit)
        return (read.out, read.isWhole)
    }

    private struct Bits {
        let bytes: [UInt8]
        var at: Int
        var hold: UInt32 = 0
        var count = 0
        var failed = false
        /// The last block was read to its end.
        var isAtEnd = false

        init(bytes: [UInt8], at: Int) {
            self.bytes = bytes
            self.at = at
        }

        mutating func take(_ wanted: Int) -> Int {
            while count < wanted {
                guard at < bytes.count else {
                    failed = true
                    return 0
                }
                hold |= UInt32(bytes[at]) << UInt32(count)
                at += 1
                count += 8
            }
            let value = hold & ((1 << UInt32(wanted)) - 1)
            hold >>= UInt32(wanted)
            count -= wanted
            return Int(value)
        }

        mutating func symbol(_ code: Huffman) -> Int {
            var value = 0
            var first = 0
            var index = 0
            for length in 1...15 {
                value |= take(1)
                if failed { return -1 }
                let number = code.counts[length]
                if value - number < first { return code.symbols[index + value - first] }
                index += number
                first = (first + number) << 1
                value <<= 1
            }
            failed = true
            return -1
        }

        mutating func inflate(limit: Int) -> [UInt8] {
            var out: [UInt8] = []
            var isLast = false
            while !isLast, !failed, out.count < limit {
                isLast = take(1) == 1
                switch take(2) {
                case 0: stored(&out, limit)
                case 1: codes(.fixedLiterals, .fixedDistances, &out, limit)
                case 2: dynamic(&out, limit)
                default: failed = true
                }
            }
            isAtEnd = isLast && out.count < limit
            return out
        }

        private mutating func stored(_ out: inout [UInt8], _ limit: Int) {
            hold = 0
            count = 0
            guard at + 4 <= bytes.count else {
                failed = true
                return
            }
            let length = Int(bytes[at]) | Int(bytes[at + 1]) << 8
            at += 4
            let end = min(bytes.count, at + length)
            out.append(contentsOf: bytes[at..<end].prefix(max(0, limit - out.count)))
            if end - at < length { failed = true }
            at = end
        }

        private mutating func codes(_ literals: Huffman, _ distances: Huffman, _ out: inout [UInt8], _ limit: Int) {
            while out.count < limit {
                let value = symbol(literals)
                if failed || value == 256 { return }
                if value < 256 {
                    out.append(UInt8(value))
                    continue
                }
                guard value - 257 < Inflate.lengths.count else {
                    failed = true
                    return
                }
                let (base, extra) = Inflate.lengths[value - 257]
                let length = base + take(extra)
                let code = symbol(distances)
                guard !failed, code >= 0, code < Inflate.distances.count else {
                    failed = true
                    return
                }
                let (far, more) = Inflate.distances[code]
                let distance = far + take(more)
                guard !failed, distance <= out.count else {
                    failed = true
                    return
                }
                for _ in 0..<min(length, limit - out.count) { out.append(out[out.count - distance]) }
            }
        }

        private mutating func dynamic(_ out: inout [UInt8], _ limit: Int) {
            let literalCount = take(5) + 257
            let distanceCount = take(5) + 1
            let codeCount = take(4) + 4
            var lengths = [Int](repeating: 0, count: 19)
            for i in 0..<codeCount { lengths[Inflate.order[i]] = take(3) }
            guard !failed, let code = Huffman(lengths) else {
                failed = true
                return
            }
            var all: [Int] = []
            while all.count < literalCount + distanceCount, !failed {
                let value = symbol(code)
                switch value {
                case 0..<16: all.append(value)
                case 16:
                    let last = all.last ?? 0
                    for _ in 0..<(3 + take(2)) { all.append(last) }
                case 17: for _ in 0..<(3 + take(3)) { all.append(0) }
                case 18: for _ in 0..<(11 + take(7)) { all.append(0) }
                default: failed = true
                }
            }
            guard !failed, all.count == literalCount + distanceCount,
                let literals = Huffman(Array(all[..<literalCount])),
                let distances = Huffman(Array(all[literalCount...]))
            else {
                failed = true
                return
            }
            codes(literals, distances, &out, limit)
        }
    }

    private struct Huffman {
        var counts = [Int](repeating: 0, count: 16)
        var symbols: [Int]

        init?(_ lengths: [Int]) {
            for length in lengths {
                guard length <= 15 else { return nil }
                counts[length] += 1
            }
            counts[0] = 0
            var left = 1
            for length in 1...15 {
                left = left * 2 - counts[length]
                if left < 0 { return nil }
            }
            var offsets = [Int](repeating: 0, count: 16)
            for length in 1..<15 { offsets[length + 1] = offsets[length] + counts[length] }
            symbols = Array(repeating: 0, count: max(1, lengths.count))
            for (symbol, length) in lengths.enumerated() where length != 0 {
                symbols[offsets[length]] = symbol
                offsets[length] += 1
            }
        }

        private init(fixed lengths: [Int]) {
            symbols = []
            for length in lengths { counts[length] += 1 }
            counts[0] = 0
            for length in 1...15 {
                for (symbol, other) in lengths.enumerated() where other == length { symbols.append(symbol) }
            }
        }

        static let fixedLiterals = Huffman(
            fixed: (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
        static let fixedDistances = Huffman(fixed: Array(repeating: 5, count: 30))
    }

    private static let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    private static let lengths: [(Int, Int)] = {
        let extra = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5]
        var base = 3
        var out: [(Int, Int)] = []
        for bits in extra {
            out.append((base, bits))
            base += 1 << bits
        }
        out.append((258, 0))
        return out
    }()
    private static let distances: [(Int, Int)] = {
        var base = 1
        var out: [(Int, Int)] = []
        for i in 0..<30 {
            let bits = i < 4 ? 0 : i / 2 - 1
            out.append((base, bits))
            base += 1 << bits
        }
        return out
    }()
}
