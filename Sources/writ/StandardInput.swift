// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Why a descriptor was not read to its end.
enum DescriptorFault: Error {
    case unreadable
    case tooLong
}

/// Standard input as a whole, with a limit.
enum StandardInput {
    /// Reads to the end.
    ///
    /// - Throws: ``CommandFault`` past `limit` bytes or when reading fails.
    static func readAll(limit: Int) throws -> [UInt8] {
        do throws(DescriptorFault) {
            return try readAll(0, limit: limit)
        } catch .unreadable {
            throw CommandFault("cannot read standard input")
        } catch .tooLong {
            throw CommandFault("standard input is over \(limit >> 20) MiB")
        }
    }

    /// Reads any descriptor to its end.
    static func readAll(_ descriptor: Int32, limit: Int) throws(DescriptorFault) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= limit else { throw .tooLong }
        }
    }
}
