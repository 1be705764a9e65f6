// SPDX-License-Identifier: Apache-2.0
private import CWritResources

#if canImport(Darwin)
private import Darwin
#elseif canImport(Musl)
private import Musl
#else
private import Glibc
#endif

/// A file that is embedded in the executable.
public struct Resource: Sendable, Hashable {
    /// Path below the data folder, such as `programs/git.table`.
    public let name: String
    private let index: Int

    /// All of them, sorted by name.
    public static let all: [Resource] = (0..<Int(writ_resource_count)).map { index in
        Resource(name: String(cString: writ_resource_at(index).pointee.name), index: index)
    }

    /// Those in a folder, such as `programs/`.
    public static func all(under folder: String) -> [Resource] {
        all.filter { $0.name.hasPrefix(folder) }
    }

    /// The one with this name.
    public static func named(_ name: String) -> Resource? {
        all.first { $0.name == name }
    }

    /// Its bytes, which live as long as the process.
    public var bytes: UnsafeRawBufferPointer {
        let entry = writ_resource_at(index).pointee
        return UnsafeRawBufferPointer(start: entry.bytes, count: entry.length)
    }

    /// Gives back the memory that reading it took, for whoever has made a large copy; the next reader finds the bytes
    /// in the executable again.
    public func releasePages() {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        guard page > 0, let start = bytes.baseAddress else { return }
        // Whole pages of constant bytes alone: on no other is it certain that nothing was ever written.
        let first = (Int(bitPattern: start) + page - 1) / page * page
        let end = (Int(bitPattern: start) + bytes.count) / page * page
        guard end > first, let pages = UnsafeMutableRawPointer(bitPattern: first) else { return }
        // A refusal changes nothing that anybody reads.
        _ = madvise(pages, end - first, MADV_DONTNEED)
    }

    /// Its text.
    public var text: String {
        String(decoding: bytes, as: UTF8.self)
    }
}
