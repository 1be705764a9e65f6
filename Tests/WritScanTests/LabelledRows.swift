// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Labelled rows for measurements, which are not part of the project: they lie beside the checkout or nowhere.
enum LabelledRows {
    struct Missing: Error {
        let path: String
    }

    /// A collection's folder, next to the checkout or next to the checkout's parent; nil when there is none.
    static func folder(_ collection: String) -> String? {
        let here = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return ["\(here)/../shared/data/\(collection)", "\(here)/../../shared/data/\(collection)"]
            .first { access($0, R_OK) == 0 }
    }

    /// The lines of a file that are not empty.
    static func lines(_ path: String) throws -> [[UInt8]] {
        guard let file = fopen(path, "r") else { throw Missing(path: path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        return bytes.split(separator: 0x0A).map(Array.init)
    }
}
