// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Files below a path, whole, one after the other.
enum FileTree {
    /// Larger files are named as unread: they need a stream, not a buffer.
    static let maximumBytes = 1 << 30

    /// Calls `body` with each regular file; folders of version control are passed over.
    static func visit(_ path: String, _ body: (String, Result<[UInt8], CommandFault>) throws -> Void) throws {
        if path == "-" {
            do {
                try body("<standard input>", .success(try StandardInput.readAll(limit: maximumBytes)))
            } catch let fault as CommandFault {
                try body("<standard input>", .failure(fault))
            }
            return
        }
        let files = FileManager.default
        var isFolder: ObjCBool = false
        guard files.fileExists(atPath: path, isDirectory: &isFolder) else {
            try body(path, .failure(CommandFault("\(path): no such file")))
            return
        }
        guard isFolder.boolValue else {
            try body(path, read(path))
            return
        }
        guard let walk = files.enumerator(atPath: path) else {
            try body(path, .failure(CommandFault("\(path): cannot be listed")))
            return
        }
        var count = 0
        while let name = walk.nextObject() as? String {
            let file = path + "/" + name
            var isFolder: ObjCBool = false
            if name == ".git" || name.hasSuffix("/.git") {
                walk.skipDescendants()
                continue
            }
            guard files.fileExists(atPath: file, isDirectory: &isFolder), !isFolder.boolValue else { continue }
            count += 1
            if count.isMultiple(of: 200) { Terminal.progress("scanned \(count) files") }
            try body(file, read(file))
        }
    }

    private static func read(_ path: String) -> Result<[UInt8], CommandFault> {
        do {
            let facts = try FileManager.default.attributesOfItem(atPath: path)
            let size = (facts[.size] as? NSNumber)?.intValue ?? 0
            guard
                facts[.type] as? FileAttributeType == .typeRegular
                    || facts[.type] as? FileAttributeType == .typeSymbolicLink
            else { return .failure(CommandFault("\(path): is not a regular file")) }
            guard size <= maximumBytes else {
                return .failure(CommandFault("\(path): is over \(maximumBytes >> 20) MiB"))
            }
            return .success(Array(try Data(contentsOf: URL(fileURLWithPath: path))))
        } catch {
            return .failure(CommandFault("\(path): cannot be read"))
        }
    }
}
