// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore

/// Rows of a measuring set, or nil when the sets are not on this machine. They are never part of the repository.
func measuringRows(_ area: String, _ name: String) -> [JSON]? {
    var folder = URL(filePath: #filePath)
    while folder.path != "/" {
        folder.deleteLastPathComponent()
        let file = folder.appending(path: "shared/data/\(area)/\(name).jsonl")
        guard let data = FileManager.default.contents(atPath: file.path) else { continue }
        return data.split(separator: UInt8(ascii: "\n")).compactMap { line in
            do {
                return try JSON(parsing: Array(line))
            } catch {
                Issue.record("\(name): a row is not JSON: \(error)")
                return nil
            }
        }
    }
    print("SKIPPED: no shared/data/\(area)/\(name).jsonl above the package, so nothing was measured")
    return nil
}
