// SPDX-License-Identifier: Apache-2.0
internal import Crypto
import WritCore

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
