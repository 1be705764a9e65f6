// SPDX-License-Identifier: Apache-2.0

/// The framing between hook, commands and daemon: a fixed prefix, a bounded header, a bounded payload.
///
///     0   4  "WRIT"
///     4   1  version (1)
///     5   1  kind
///     6   2  zero
///     8   4  header length, big-endian, at most 65,536
///     12  4  payload length, big-endian, at most 16 MiB
///
/// A reader knows from the prefix alone how much it will be asked to hold, and refuses before it reads on.
public enum Frame {
    /// What a frame asks for, or that it answers.
    public enum Kind: UInt8, Sendable, Hashable, CaseIterable {
        case hook = 1
        case status = 2
        case stop = 3
        case reload = 4
        /// Asks about approvals or answers one; the payload is a JSON object.
        case approval = 5
        case answer = 0x80
    }

    public static let version: UInt8 = 1
    public static let prefixLength = 16
    public static let maximumHeader = 65_536
    /// 16 MiB: the largest event that is looked at. What is longer is answered closed.
    public static let maximumPayload = 16 * 1024 * 1024

    /// What the first sixteen bytes say.
    public struct Prefix: Sendable, Hashable {
        public var kind: Kind
        public var headerLength: Int
        public var payloadLength: Int

        /// Header and payload together, in bytes.
        public var bodyLength: Int { headerLength + payloadLength }

        /// Creates a prefix.
        public init(kind: Kind, headerLength: Int, payloadLength: Int) {
            self.kind = kind
            self.headerLength = headerLength
            self.payloadLength = payloadLength
        }
    }

    /// Reads a prefix.
    public static func prefix(_ bytes: some Collection<UInt8>) throws(FrameFault) -> Prefix {
        var reader = FieldReader(bytes.prefix(prefixLength))
        guard try reader.bytes(4) == Array("WRIT".utf8) else { throw FrameFault("not a Writ frame") }
        let version = try reader.byte()
        guard version == Frame.version else { throw FrameFault("protocol version \(version), expected 1") }
        let code = try reader.byte()
        guard let kind = Kind(rawValue: code) else { throw FrameFault("unknown kind of frame \(code)") }
        guard try reader.bytes(2) == [0, 0] else { throw FrameFault("reserved bytes are not zero") }
        let header = Int(try reader.word())
        let payload = Int(try reader.word())
        guard header <= maximumHeader else { throw FrameFault("header of \(header) bytes is too long") }
        guard payload <= maximumPayload else { throw FrameFault("payload of \(payload) bytes is too long") }
        return Prefix(kind: kind, headerLength: header, payloadLength: payload)
    }

    /// Joins a frame; both parts must be within their limits.
    static func join(_ kind: Kind, header: [UInt8], payload: [UInt8]) throws(FrameFault) -> [UInt8] {
        guard header.count <= maximumHeader else { throw FrameFault("header of \(header.count) bytes is too long") }
        guard payload.count <= maximumPayload else { throw FrameFault("payload of \(payload.count) bytes is too long") }
        var out: [UInt8] = []
        out.reserveCapacity(prefixLength + header.count + payload.count)
        out.append(contentsOf: "WRIT".utf8)
        out.append(version)
        out.append(kind.rawValue)
        out.append(contentsOf: [0, 0])
        var writer = FieldWriter(bytes: out)
        writer.word(UInt32(header.count))
        writer.word(UInt32(payload.count))
        writer.bytes.append(contentsOf: header)
        writer.bytes.append(contentsOf: payload)
        return writer.bytes
    }
}

/// Why bytes are no frame.
public struct FrameFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// One line, lower case, no full stop; holds nothing of the payload.
    public let message: String

    init(_ message: String) {
        self.message = message
    }

    /// A fault that the receiver's own rules find.
    package static func refused(_ message: String) -> FrameFault { FrameFault(message) }

    public var description: String { message }
}

/// Reads fields from a header; every length is checked against what is there.
struct FieldReader {
    private let source: [UInt8]
    private var at = 0

    init(_ source: some Collection<UInt8>) {
        self.source = Array(source)
    }

    var isAtEnd: Bool { at == source.count }

    mutating func bytes(_ count: Int) throws(FrameFault) -> [UInt8] {
        guard count >= 0, count <= source.count - at else { throw FrameFault("frame is cut short") }
        defer { at += count }
        return Array(source[at..<at + count])
    }

    mutating func byte() throws(FrameFault) -> UInt8 {
        guard at < source.count else { throw FrameFault("frame is cut short") }
        defer { at += 1 }
        return source[at]
    }

    mutating func word() throws(FrameFault) -> UInt32 {
        try bytes(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    mutating func long() throws(FrameFault) -> UInt64 {
        try bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func text() throws(FrameFault) -> String {
        let length = try word()
        guard length <= UInt32(Frame.maximumHeader) else { throw FrameFault("field is too long") }
        return String(decoding: try bytes(Int(length)), as: UTF8.self)
    }
}

/// Writes what ``FieldReader`` reads.
struct FieldWriter {
    var bytes: [UInt8] = []

    mutating func word(_ value: UInt32) {
        for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func long(_ value: UInt64) {
        word(UInt32(truncatingIfNeeded: value >> 32))
        word(UInt32(truncatingIfNeeded: value))
    }

    mutating func text(_ value: String) {
        let utf8 = Array(value.utf8)
        word(UInt32(clamping: utf8.count))
        bytes.append(contentsOf: utf8)
    }
}
