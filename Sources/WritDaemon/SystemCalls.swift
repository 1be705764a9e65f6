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

/// At most so many bytes of a regular file, from its end or its beginning; nil when it cannot be read.
func filePart(_ path: String, atMost most: Int, fromEnd: Bool) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var facts = stat()
    guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
    let count = min(Int(facts.st_size), most)
    var bytes = [UInt8](repeating: 0, count: count)
    let got = pread(file, &bytes, count, fromEnd ? off_t(facts.st_size) - off_t(count) : 0)
    return got < 0 ? nil : Array(bytes.prefix(got))
}

/// When a file was last changed, links followed, in milliseconds since 1970; 0 when there is none.
package func lastChange(of path: String) -> Int64 {
    var facts = stat()
    guard stat(path, &facts) == 0 else { return 0 }
    #if canImport(Darwin)
    return Int64(facts.st_mtimespec.tv_sec) * 1000
    #else
    return Int64(facts.st_mtim.tv_sec) * 1000
    #endif
}

/// The names in a folder, sorted, without those that begin with a full stop; none when it cannot be read.
package func visibleNames(in folder: String, atMost most: Int = 10_000) -> [String] {
    guard let listing = opendir(folder) else { return [] }
    defer { closedir(listing) }
    var names: [String] = []
    while names.count < most, let entry = readdir(listing) {
        let name = entryName(entry)
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
}
