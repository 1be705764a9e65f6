// SPDX-License-Identifier: Apache-2.0

internal import Crypto

/// A SHA-256 value, kept inline so that trees of them cost no allocation.
public struct LedgerHash: Sendable, Hashable, CustomStringConvertible {
    private var words: (UInt64, UInt64, UInt64, UInt64)

    /// How many bytes a hash has.
    public static let count = 32

    /// Thirty-two bytes; nil for any other number.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.count else { return nil }
        words = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
    }

    /// The SHA-256 of some bytes.
    public init(hashing bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { Self.digest(of: $0) }
    }

    /// The hash of a Merkle leaf: SHA-256(0x00 || entry), RFC 6962 section 2.1.
    public static func leaf(_ entry: [UInt8]) -> LedgerHash {
        entry.withUnsafeBytes { leaf($0) }
    }

    static func leaf(_ entry: UnsafeRawBufferPointer) -> LedgerHash {
        var hasher = SHA256()
        var prefix: UInt8 = 0
        withUnsafeBytes(of: &prefix) { hasher.update(bufferPointer: $0) }
        hasher.update(bufferPointer: entry)
        return LedgerHash(hasher.finalize())
    }

    /// The hash of an inner node: SHA-256(0x01 || left || right), RFC 6962 section 2.1.
    public static func node(_ left: LedgerHash, _ right: LedgerHash) -> LedgerHash {
        withUnsafeTemporaryAllocation(byteCount: 65, alignment: 8) { buffer in
            buffer[0] = 1
            left.copy(to: buffer, at: 1)
            right.copy(to: buffer, at: 33)
            return digest(of: UnsafeRawBufferPointer(buffer))
        }
    }

    /// One step of the journal's chain: SHA-256(previous || leaf).
    static func link(_ previous: LedgerHash, _ leaf: LedgerHash) -> LedgerHash {
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { buffer in
            previous.copy(to: buffer, at: 0)
            leaf.copy(to: buffer, at: 32)
            return digest(of: UnsafeRawBufferPointer(buffer))
        }
    }

    /// The root of a tree without leaves: SHA-256 of nothing.
    public static let empty = LedgerHash(hashing: [])

    /// The thirty-two bytes.
    public var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

    /// Lower-case hexadecimal.
    public var description: String { Hex.text(bytes) }

    func append(to out: inout [UInt8]) {
        withUnsafeBytes(of: words) { out.append(contentsOf: $0) }
    }

    /// Compares all bytes.
    public static func == (left: LedgerHash, right: LedgerHash) -> Bool {
        left.words.0 == right.words.0 && left.words.1 == right.words.1 && left.words.2 == right.words.2
            && left.words.3 == right.words.3
    }

    /// Half of the bytes are more than enough.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.3)
    }

    private init(_ digest: SHA256.Digest) {
        words = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { target in
            digest.withUnsafeBytes { target.copyMemory(from: $0) }
        }
    }

    private static func digest(of bytes: UnsafeRawBufferPointer) -> LedgerHash {
        var hasher = SHA256()
        hasher.update(bufferPointer: bytes)
        return LedgerHash(hasher.finalize())
    }

    private func copy(to buffer: UnsafeMutableRawBufferPointer, at offset: Int) {
        withUnsafeBytes(of: words) { source in
            UnsafeMutableRawBufferPointer(rebasing: buffer[offset..<offset + 32]).copyMemory(from: source)
        }
    }
}

/// Lower-case hexadecimal.
enum Hex {
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var out: [UInt8] = []
        for byte in bytes {
            out.append(digits[Int(byte >> 4)])
            out.append(digits[Int(byte & 15)])
        }
        return String(decoding: out, as: UTF8.self)
    }

    static func bytes(_ text: String) -> [UInt8]? {
        var out: [UInt8] = []
        var high: UInt8?
        for unit in text.utf8 {
            let digit: UInt8
            switch unit {
            case 0x30...0x39: digit = unit - 0x30
            case 0x61...0x66: digit = unit - 0x61 + 10
            default: return nil
            }
            if let first = high {
                out.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return high == nil ? out : nil
    }
}

/// Standard base 64 (RFC 4648 section 4), strict: one text for each value, so that no bit of it can change unseen.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        var at = 0
        while at < bytes.count {
            let have = min(3, bytes.count - at)
            var group = UInt32(bytes[at]) << 16
            if have > 1 { group |= UInt32(bytes[at + 1]) << 8 }
            if have > 2 { group |= UInt32(bytes[at + 2]) }
            for position in 0..<4 {
                let six = Int(group >> UInt32(18 - 6 * position)) & 63
                out.append(position <= have ? alphabet[six] : UInt8(ascii: "="))
            }
            at += 3
        }
        return String(decoding: out, as: UTF8.self)
    }

    static func bytes(_ text: String) -> [UInt8]? {
        var group: UInt32 = 0
        var have = 0
        var padding = 0
        var out: [UInt8] = []
        for unit in text.utf8 {
            let six: UInt32
            switch unit {
            case 0x41...0x5A: six = UInt32(unit - 0x41)
            case 0x61...0x7A: six = UInt32(unit - 0x61 + 26)
            case 0x30...0x39: six = UInt32(unit - 0x30 + 52)
            case 0x2B: six = 62
            case 0x2F: six = 63
            case 0x3D:
                padding += 1
                six = 0
            default: return nil
            }
            if padding > 0, unit != 0x3D { return nil }
            group = group << 6 | six
            have += 1
            if have == 4 {
                out.append(UInt8(truncatingIfNeeded: group >> 16))
                out.append(UInt8(truncatingIfNeeded: group >> 8))
                out.append(UInt8(truncatingIfNeeded: group))
                (group, have) = (0, 0)
            }
        }
        guard have == 0, padding <= 2, out.count >= padding else { return nil }
        out.removeLast(padding)
        // Loose bits in the last group would be a second spelling of the same value.
        return self.text(out) == text ? out : nil
    }
}

/// Big-endian whole numbers in files.
enum BigEndian {
    static func append(_ value: some FixedWidthInteger, to out: inout [UInt8]) {
        withUnsafeBytes(of: value.bigEndian) { out.append(contentsOf: $0) }
    }

    /// Reads `width` bytes at an offset that the caller has checked.
    static func read(_ bytes: some RandomAccessCollection<UInt8>, at offset: Int, width: Int) -> UInt64 {
        var value: UInt64 = 0
        let start = bytes.index(bytes.startIndex, offsetBy: offset)
        for byte in bytes[start..<bytes.index(start, offsetBy: width)] { value = value << 8 | UInt64(byte) }
        return value
    }
}
