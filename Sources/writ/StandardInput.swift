// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Standard input as a whole, with a limit.
enum StandardInput {
    /// Reads to the end.
    ///
    /// - Throws: ``CommandFault`` past `limit` bytes or when reading fails.
    static func readAll(limit: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(0, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw CommandFault("cannot read standard input") }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= limit else { throw CommandFault("standard input is over \(limit >> 20) MiB") }
        }
    }
}
