// SPDX-License-Identifier: Apache-2.0
#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// `read(2)`, where a method of that name stands in the way.
func readBytes(_ file: Int32, into buffer: inout [UInt8]) -> Int {
    read(file, &buffer, buffer.count)
}

/// `write(2)` of what follows the first `offset` bytes.
func writeBytes(_ bytes: [UInt8], from offset: Int = 0, to file: Int32) -> Int {
    bytes.withUnsafeBytes { buffer in
        let rest = buffer.dropFirst(offset)
        return write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
    }
}

/// The name of what `readdir(3)` found.
func entryName(_ entry: UnsafeMutablePointer<dirent>) -> String {
    withUnsafeBytes(of: &entry.pointee.d_name) { raw in
        String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
    }
}
