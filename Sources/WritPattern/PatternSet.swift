// SPDX-License-Identifier: Apache-2.0
internal import CHyperscan

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif
internal import Synchronization

/// Many patterns searched for in one pass at gigabytes a second (Hyperscan, or Vectorscan elsewhere).
///
/// It reports where a pattern ends, not where it starts; callers confirm a hit on a small window with ``Pattern``.
/// Building takes from tens of milliseconds up, so keep it for large input or restore it from ``serialized()``.
/// Safe to share between threads: each search borrows a scratch space of its own.
public final class PatternSet: @unchecked Sendable {
    // Sendable: `database` is written once and read-only afterwards (hs.h: a compiled database may be shared between
    // threads); scratch spaces are handed out one at a time under the mutex.

    /// One pattern of a set.
    public struct Entry: Sendable, Hashable {
        /// PCRE syntax as far as Hyperscan supports it; taken literally when `isLiteral`.
        public var pattern: String
        public var isLiteral: Bool
        public var isCaseInsensitive: Bool
        public var dotMatchesNewline: Bool
        /// Report the leftmost start too. Costs speed and memory.
        public var reportsStart: Bool

        /// Creates an entry.
        public init(
            _ pattern: String, isLiteral: Bool = false, isCaseInsensitive: Bool = false,
            dotMatchesNewline: Bool = false, reportsStart: Bool = false
        ) {
            self.pattern = pattern
            self.isLiteral = isLiteral
            self.isCaseInsensitive = isCaseInsensitive
            self.dotMatchesNewline = dotMatchesNewline
            self.reportsStart = reportsStart
        }
    }

    /// Why a set was refused.
    public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        public let message: String
        /// The entry at fault, when one is.
        public let entry: Int?

        public init(message: String, entry: Int? = nil) {
            self.message = message
            self.entry = entry
        }

        public var description: String { message }
    }

    /// Names the library and the processor features that a compiled form belongs to: part of a cache's key.
    public static var platform: String {
        let version = hs_version().map { String(cString: $0) } ?? "unknown"
        var info = hs_platform_info_t()
        guard hs_populate_platform(&info) == HS_SUCCESS else { return version }
        return "\(version) tune=\(info.tune) features=\(info.cpu_features)"
    }

    private let database: OpaquePointer
    /// Scratch spaces not in use; at most as many as searches ever ran at once.
    private let idle = Mutex<[ScratchSpace]>([])

    // Sendable: a pointer that exactly one owner uses at a time, moved in and out of `idle`.
    private struct ScratchSpace: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    /// Compiles a set; a pattern's id is its place in the array.
    public init(_ entries: [Entry]) throws(Fault) {
        guard !entries.isEmpty else { throw Fault(message: "a pattern set needs at least one pattern") }
        // Everything is compiled as an expression, so literals are escaped.
        let texts = entries.map { $0.isLiteral ? Self.escaped($0.pattern) : $0.pattern }
        let flags = entries.map { entry in
            var flags: UInt32 = 0
            if entry.isCaseInsensitive { flags |= UInt32(HS_FLAG_CASELESS) }
            if entry.dotMatchesNewline { flags |= UInt32(HS_FLAG_DOTALL) }
            if entry.reportsStart { flags |= UInt32(HS_FLAG_SOM_LEFTMOST) }
            return flags
        }
        let ids = entries.indices.map { UInt32(truncatingIfNeeded: $0) }
        var database: OpaquePointer?
        var failure: UnsafeMutablePointer<hs_compile_error_t>?
        // One buffer of NUL-terminated texts, so that all pointers live through the call.
        var buffer: [CChar] = []
        var offsets: [Int] = []
        for text in texts {
            offsets.append(buffer.count)
            buffer.append(contentsOf: text.utf8.map { CChar(bitPattern: $0) })
            buffer.append(0)
        }
        let status = buffer.withUnsafeBufferPointer { characters in
            let pointers: [UnsafePointer<CChar>?] = offsets.map { offset in
                characters.baseAddress.map { $0 + offset }
            }
            return hs_compile_multi(
                pointers, flags, ids, UInt32(truncatingIfNeeded: entries.count), UInt32(HS_MODE_BLOCK), nil, &database,
                &failure)
        }
        defer { if let failure { hs_free_compile_error(failure) } }
        guard status == HS_SUCCESS, let database else {
            let text = failure.map { String(cString: $0.pointee.message) } ?? "error \(status)"
            let place = failure.map { Int($0.pointee.expression) } ?? -1
            throw Fault(message: text, entry: place < 0 ? nil : place)
        }
        self.database = database
    }

    /// Restores a set from its compiled form.
    ///
    /// The form is native input to the matcher, which trusts it: bytes that another could have written can take over
    /// the process. Only pass what the caller has authenticated with a key that the writer of the file cannot have.
    ///
    /// - Throws: ``Fault`` when the form is for another library version or processor.
    public init(trusted form: [UInt8]) throws(Fault) {
        var database: OpaquePointer?
        let status = form.withUnsafeBytes { bytes in
            hs_deserialize_database(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, &database)
        }
        guard status == HS_SUCCESS, let database else { throw Fault(message: "compiled form refused, error \(status)") }
        self.database = database
    }

    deinit {
        idle.withLock { spaces in
            for space in spaces { hs_free_scratch(space.pointer) }
            spaces = []
        }
        hs_free_database(database)
    }

    /// The compiled form, valid for the same ``platform`` alone. Authenticate it before storing it.
    public func serialized() throws(Fault) -> [UInt8] {
        var bytes: UnsafeMutablePointer<CChar>?
        var count = 0
        let status = hs_serialize_database(database, &bytes, &count)
        guard status == HS_SUCCESS, let bytes else { throw Fault(message: "not serialised, error \(status)") }
        defer { free(bytes) }
        return [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
    }

    /// Calls `body` with the pattern's id, its start (0 unless ``Entry/reportsStart``) and its end, for each match, in
    /// order of the end. `bytes` may be any size below 4 GiB.
    public func forEachMatch(in bytes: UnsafeRawBufferPointer, _ body: (Int, Int, Int) -> Void) throws(Fault) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        guard let length = UInt32(exactly: bytes.count) else { throw Fault(message: "more than 4 GiB in one block") }
        let scratch = try borrow()
        defer { idle.withLock { $0.append(scratch) } }
        let status = withoutActuallyEscaping(body) { body in
            var sink = Sink(body: body)
            return withUnsafeMutablePointer(to: &sink) { sink in
                hs_scan(
                    database, base.assumingMemoryBound(to: CChar.self), length, 0, scratch.pointer,
                    { id, from, to, _, context in
                        context?.assumingMemoryBound(to: Sink.self).pointee.body(
                            Int(id), Int(truncatingIfNeeded: from), Int(truncatingIfNeeded: to))
                        return 0
                    }, sink)
            }
        }
        guard status == HS_SUCCESS else { throw Fault(message: "search failed, error \(status)") }
    }

    private struct Sink {
        let body: (Int, Int, Int) -> Void
    }

    private func borrow() throws(Fault) -> ScratchSpace {
        if let space = idle.withLock({ $0.popLast() }) { return space }
        var scratch: OpaquePointer?
        guard hs_alloc_scratch(database, &scratch) == HS_SUCCESS, let scratch else {
            throw Fault(message: "no memory for a scratch space")
        }
        return ScratchSpace(pointer: scratch)
    }

    private static func escaped(_ literal: String) -> String {
        var text = ""
        let digits = Array("0123456789abcdef")
        for byte in literal.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += "\\x\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
        return text
    }
}
