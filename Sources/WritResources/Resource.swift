// SPDX-License-Identifier: Apache-2.0
private import CWritResources

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

    /// Its text.
    public var text: String {
        String(decoding: bytes, as: UTF8.self)
    }
}
