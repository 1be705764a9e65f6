// SPDX-License-Identifier: Apache-2.0

/// The write-ahead journal: what was acknowledged but isn't in a tile yet.
///
/// A segment is a header and records. The header holds the index of the first record and the Merkle root of all entries
/// before it, the seed of the chain; each record ends with the chain's next link, SHA-256(previous link || leaf hash).
/// So a segment joins the tree at one place only, and no record can change, move or vanish before another one.
///
///     header  "writ journal 1\n" 00 | first index (8) | seed (32) | 00000000 | CRC-32 of the 60 bytes before
///     record  "WJR1" | length (4) | index (8) | CRC-32 of the 16 bytes before | entry | link (32)
///
/// Numbers are big-endian. A record whose header is whole and sound but which ends too early was torn by a crash and
/// never acknowledged; anything else that doesn't fit is damage.
enum Journal {
    static let headerBytes = 64
    static let recordHeaderBytes = 20
    static let recordOverhead = recordHeaderBytes + LedgerHash.count
    private static let magic = Array("writ journal 1\n\0".utf8)
    private static let recordMagic = Array("WJR1".utf8)

    static func fileName(first: UInt64) -> String {
        let digits = String(first)
        return String(repeating: "0", count: 20 - digits.utf8.count) + digits
    }

    static func isFileName(_ name: String) -> Bool {
        name.utf8.count == 20 && name.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }

    static func header(first: UInt64, seed: LedgerHash) -> [UInt8] {
        var out = magic
        BigEndian.append(first, to: &out)
        seed.append(to: &out)
        out.append(contentsOf: [0, 0, 0, 0])
        BigEndian.append(CRC32.of(out[...]), to: &out)
        return out
    }

    /// Adds a record and gives the chain's new link.
    static func append(
        _ entry: [UInt8], leaf: LedgerHash, index: UInt64, after link: LedgerHash, to out: inout [UInt8]
    ) -> LedgerHash {
        let start = out.count
        out.append(contentsOf: recordMagic)
        BigEndian.append(UInt32(truncatingIfNeeded: entry.count), to: &out)
        BigEndian.append(index, to: &out)
        BigEndian.append(CRC32.of(out[start..<start + 16]), to: &out)
        out.append(contentsOf: entry)
        let next = LedgerHash.link(link, leaf)
        next.append(to: &out)
        return next
    }

    /// One record as read back.
    struct Record {
        let index: UInt64
        let entry: Range<Int>
        let leaf: LedgerHash
    }

    /// A segment as read back.
    struct Segment {
        /// What follows the last sound record.
        enum Tail: Equatable {
            case clean
            /// An unfinished record of so many bytes.
            case torn(bytes: Int)
            /// Bytes that no crash of the process leaves behind.
            case damaged(String)
        }

        let first: UInt64
        let seed: LedgerHash
        var records: [Record] = []
        /// The chain's link after the last sound record.
        var link: LedgerHash
        /// Bytes up to the end of the last sound record.
        var length: Int
        var tail: Tail = .clean

        var next: UInt64 { first + UInt64(records.count) }
    }

    /// Reads a segment; nil when not even its header was finished.
    static func segment(_ bytes: [UInt8]) throws(LedgerError) -> Segment? {
        guard bytes.count >= headerBytes else { return nil }
        if bytes.allSatisfy({ $0 == 0 }) { return nil }
        guard bytes[0..<16].elementsEqual(magic),
            BigEndian.read(bytes, at: 60, width: 4) == UInt64(CRC32.of(bytes[0..<60])),
            let seed = LedgerHash(bytes[24..<56])
        else { throw LedgerError(.damaged, "the journal's header is damaged") }
        let first = BigEndian.read(bytes, at: 16, width: 8)
        guard first < 1 << 62 else { throw LedgerError(.damaged, "the journal's first index is impossible") }
        var found = Segment(first: first, seed: seed, link: seed, length: headerBytes)
        while found.length < bytes.count {
            let start = found.length
            let rest = bytes.count - start
            guard rest >= recordHeaderBytes else {
                found.tail = .torn(bytes: rest)
                break
            }
            guard bytes[start..<start + 4].elementsEqual(recordMagic),
                BigEndian.read(bytes, at: start + 16, width: 4) == UInt64(CRC32.of(bytes[start..<start + 16]))
            else {
                // A crash of the machine may leave a length without the bytes: all zero to the end.
                found.tail =
                    bytes[start...].allSatisfy { $0 == 0 }
                    ? .torn(bytes: rest) : .damaged("the head of a record is damaged")
                break
            }
            let length = Int(BigEndian.read(bytes, at: start + 4, width: 4))
            guard length > 0, length <= EntryBundle.maximumEntry,
                BigEndian.read(bytes, at: start + 8, width: 8) == found.next
            else {
                found.tail = .damaged("a record is out of order")
                break
            }
            guard rest >= recordOverhead + length else {
                found.tail = .torn(bytes: rest)
                break
            }
            let entry = start + recordHeaderBytes..<start + recordHeaderBytes + length
            let leaf = bytes.withUnsafeBytes { LedgerHash.leaf(UnsafeRawBufferPointer(rebasing: $0[entry])) }
            let link = LedgerHash.link(found.link, leaf)
            guard LedgerHash(bytes[entry.upperBound..<entry.upperBound + LedgerHash.count]) == link else {
                found.tail = .damaged("a record doesn't match its link of the chain")
                break
            }
            found.records.append(Record(index: found.next, entry: entry, leaf: leaf))
            found.link = link
            found.length = start + recordOverhead + length
        }
        return found
    }
}

/// CRC-32 (IEEE 802.3), to tell a torn record from a changed one.
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { (value: UInt32) in
        (0..<8).reduce(value) { sum, _ in sum & 1 == 1 ? 0xEDB8_8320 ^ (sum >> 1) : sum >> 1 }
    }

    static func of(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var sum: UInt32 = 0xFFFF_FFFF
        for byte in bytes { sum = table[Int((sum ^ UInt32(byte)) & 0xFF)] ^ (sum >> 8) }
        return ~sum
    }
}
