// SPDX-License-Identifier: Apache-2.0
internal import CRE2

/// A regular expression in RE2's syntax, compiled once and searched many times in time linear in the text.
///
/// Safe to share between threads: RE2 guards its own caches.
public final class Pattern: @unchecked Sendable {
    // Sendable: `handle` is set once, and RE2's const functions are thread-safe (re2.h, "const RE2 objects").

    /// How a pattern is read.
    public struct Options: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        public static let dotMatchesNewline = Options(rawValue: 1 << 0)
        public static let caseInsensitive = Options(rawValue: 1 << 1)
        public static let longestMatch = Options(rawValue: 1 << 2)
        /// `.` is one byte; for content that need not be UTF-8.
        public static let bytes = Options(rawValue: 1 << 3)
    }

    /// Why a pattern was refused.
    public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        public let message: String

        public init(message: String) {
            self.message = message
        }

        public var description: String { message }
    }

    /// The text it was compiled from.
    public let source: String
    /// Number of capturing groups.
    public let groupCount: Int
    private let handle: OpaquePointer

    /// Compiles a pattern.
    ///
    /// - Parameters:
    ///   - source: RE2 syntax, at most 64 KiB.
    ///   - memoryLimit: bound for the program and its automaton cache, in bytes.
    /// - Throws: ``Fault`` with RE2's own message.
    public init(_ source: String, _ options: Options = [], memoryLimit: Int = 8 << 20) throws(Fault) {
        guard source.utf8.count <= 64 << 10 else { throw Fault(message: "pattern is longer than 65536 bytes") }
        var message = [CChar](repeating: 0, count: 256)
        var text = source
        let compiled = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                writ_re2_compile(
                    characters.baseAddress, characters.count, options.rawValue, Int64(memoryLimit), &message,
                    message.count)
            }
        }
        guard let compiled else {
            throw Fault(
                message: String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        self.source = source
        handle = compiled
        groupCount = Int(writ_re2_groups(compiled))
    }

    deinit {
        writ_re2_free(handle)
    }

    /// The pattern occurs somewhere in the text.
    public func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { matches(UnsafeRawBufferPointer($0)) }
    }

    /// The pattern occurs somewhere in the bytes.
    public func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
        writ_re2_search(handle, characters(bytes), bytes.count, 0, bytes.count, nil, 0)
    }

    /// The whole text matches.
    public func matchesWhole(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { writ_re2_full_match(handle, characters(UnsafeRawBufferPointer($0)), $0.count) }
    }

    /// The first match at or after `start`: byte ranges of the whole match, then of each group (nil where it took no
    /// part).
    public func firstMatch(in bytes: UnsafeRawBufferPointer, from start: Int = 0, to end: Int? = nil) -> [Range<Int>?]?
    {
        let count = groupCount + 1
        return withUnsafeTemporaryAllocation(of: Int64.self, capacity: 2 * count) { spans in
            spans.initialize(repeating: -1)
            guard
                writ_re2_search(
                    handle, characters(bytes), bytes.count, start, end ?? bytes.count, spans.baseAddress, Int32(count))
            else { return nil }
            return (0..<count).map { spans[2 * $0] < 0 ? nil : Int(spans[2 * $0])..<Int(spans[2 * $0 + 1]) }
        }
    }

    // RE2 takes no null pointer for an empty text.
    private func characters(_ bytes: UnsafeRawBufferPointer) -> UnsafePointer<CChar>? {
        (bytes.baseAddress ?? UnsafeRawPointer(emptyText.utf8Start)).assumingMemoryBound(to: CChar.self)
    }
}

/// Text of the program itself, so that its address is good as long as the process lives.
private let emptyText: StaticString = ""
