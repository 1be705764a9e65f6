// SPDX-License-Identifier: Apache-2.0
import WritCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Reads one JSON object a line from standard input and writes one a line, in the same order, to standard output.
///
/// A line that is no JSON, or that a handler cannot use, is answered with `{"id": …, "error": …}`; the batch goes on.
enum Batch {
    /// Runs `answer` on every line. Lines are at most 64 MiB.
    static func run(_ answer: (JSON) throws -> JSON) {
        var input = LineReader(descriptor: 0, maximumLength: 64 << 20)
        var output: [UInt8] = []
        while let line = input.next() {
            switch line {
            case .line(let bytes):
                if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
                output.append(contentsOf: self.answer(to: bytes, with: answer).bytes)
            case .tooLong:
                output.append(contentsOf: JSON.object([.init("id", .null), .init("error", "line over 64 MiB")]).bytes)
            }
            output.append(0x0A)
            if output.count > 1 << 16 { flush(&output) }
        }
        flush(&output)
    }

    private static func answer(to bytes: [UInt8], with answer: (JSON) throws -> JSON) -> JSON {
        var id = JSON.null
        do {
            let row = try JSON(parsing: bytes)
            id = row["id"] ?? .null
            var result = try answer(row)
            guard case .object(var members) = result else { return result }
            members.insert(JSON.Member("id", id), at: 0)
            result = .object(members)
            return result
        } catch {
            return .object([.init("id", id), .init("error", .string("\(error)"))])
        }
    }

    private static func flush(_ output: inout [UInt8]) {
        output.withUnsafeBytes { bytes in
            var at = 0
            while at < bytes.count {
                let count = write(1, bytes.baseAddress.map { $0 + at }, bytes.count - at)
                if count > 0 {
                    at += count
                } else if errno != EINTR {
                    exit(1)
                }
            }
        }
        output.removeAll(keepingCapacity: true)
    }
}

/// What a row lacks.
struct BatchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Lines of a descriptor, without their newline.
struct LineReader {
    enum Line {
        case line([UInt8])
        /// Longer than the limit; skipped to its end.
        case tooLong
    }

    private let descriptor: Int32
    private let maximumLength: Int
    private var buffer: [UInt8] = []
    private var at = 0
    private var isAtEnd = false

    init(descriptor: Int32, maximumLength: Int) {
        self.descriptor = descriptor
        self.maximumLength = maximumLength
    }

    /// The next line, or nil at the end.
    mutating func next() -> Line? {
        var searched = at
        var isTooLong = false
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                let line = Array(buffer[at..<end])
                at = end + 1
                return isTooLong ? .tooLong : .line(line)
            }
            if isAtEnd {
                guard at < buffer.count || isTooLong else { return nil }
                let line = Array(buffer[at...])
                at = buffer.count
                return isTooLong ? .tooLong : .line(line)
            }
            if buffer.count - at > maximumLength {
                isTooLong = true
                at = buffer.count
            }
            buffer.removeSubrange(..<at)
            at = 0
            searched = buffer.count
            fill()
        }
    }

    private mutating func fill() {
        let size = 1 << 16
        let old = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: size))
        let descriptor = descriptor
        let count = buffer.withUnsafeMutableBytes { bytes -> Int in
            while true {
                let count = read(descriptor, bytes.baseAddress.map { $0 + old }, size)
                if count >= 0 || errno != EINTR { return count }
            }
        }
        buffer.removeLast(size - max(0, count))
        if count <= 0 { isAtEnd = true }
    }
}
