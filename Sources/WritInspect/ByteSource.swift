// SPDX-License-Identifier: Apache-2.0

/// Content that arrives piece by piece.
public protocol ByteSource {
    /// The next bytes, at most `most`; empty at the end.
    ///
    /// - Throws: when reading fails; what was read before stands.
    mutating func read(_ most: Int) throws -> [UInt8]
}

/// Content that is in memory.
public struct BytesInMemory: ByteSource {
    private var bytes: [UInt8]
    private var at = 0

    /// Takes the content.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    public mutating func read(_ most: Int) -> [UInt8] {
        if at == 0, bytes.count <= most {
            defer { bytes = [] }
            return bytes
        }
        let end = min(bytes.count, at + max(1, most))
        defer { at = end }
        return Array(bytes[at..<end])
    }
}

/// Cuts content of any length into overlapping windows, so that memory stays bounded.
///
/// Every byte lies in the kept part of exactly one window. Before and behind it a window holds up to ``margin`` bytes
/// more, so that what stands across a seam is seen whole by one of the two.
public struct WindowReader<Source: ByteSource> {
    /// Bytes of content that one window keeps.
    public static var block: Int { 1 << 20 }
    /// Bytes before and behind them. The longest credential known, a PEM block, has 32 KiB.
    public static var margin: Int { 64 << 10 }

    /// One window.
    public struct Window {
        public var bytes: [UInt8]
        /// Offset of the window in the content.
        public var base: Int
        /// The line that the window begins on, and whether it begins at that line's start.
        public var firstLine: Int
        public var beginsLine: Bool
        /// What belongs to this window, in its own offsets.
        public var kept: Range<Int>
        public var isLast: Bool
    }

    private var source: Source
    private var buffer: [UInt8] = []
    private var base = 0
    private var line = 1
    private var beginsLine = true
    private var reported = 0
    private var isAtEnd = false
    private var isDone = false

    /// Starts at the content's beginning.
    public init(_ source: Source) {
        self.source = source
    }

    /// The next window; nil at the end. Empty content has no window.
    public mutating func next() throws -> Window? {
        guard !isDone else { return nil }
        let full = (reported - base) + Self.block + Self.margin
        while !isAtEnd, buffer.count < full {
            let more = try source.read(min(full - buffer.count, 256 << 10))
            if more.isEmpty {
                isAtEnd = true
            } else if buffer.isEmpty, more.count >= full {
                buffer = more
            } else {
                buffer.append(contentsOf: more)
            }
        }
        guard !buffer.isEmpty, reported - base < buffer.count || base == 0 else {
            isDone = true
            return nil
        }
        let from = reported - base
        let end = isAtEnd && buffer.count - from <= Self.block + Self.margin ? buffer.count : from + Self.block
        isDone = end == buffer.count && isAtEnd
        let window = Window(
            bytes: buffer, base: base, firstLine: line, beginsLine: beginsLine, kept: from..<end, isLast: isDone)
        reported = base + end
        if isDone {
            buffer = []
        } else {
            // Wide characters have 2 or 4 bytes: windows begin on a multiple of 4.
            let drop = max(0, end - Self.margin) & ~3
            line += LineIndex.count(buffer, 0..<drop)
            if drop > 0 { beginsLine = buffer[drop - 1] == 0x0A }
            buffer.removeFirst(drop)
            base += drop
        }
        return window
    }
}
