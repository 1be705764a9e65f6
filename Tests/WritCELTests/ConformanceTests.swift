// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCEL
import WritCore

/// The specification's own tests, which are not part of this repository: they lie beside it or nowhere.
@Suite struct ConformanceTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../shared/data/cel").standardizedFileURL

    @Test func `every test of the specification passes`() throws {
        let files =
            (try? FileManager.default.contentsOfDirectory(at: Self.folder, includingPropertiesForKeys: nil)) ?? []
        let tables = files.filter { $0.pathExtension == "json" }.sorted { $0.path < $1.path }
        guard !tables.isEmpty else {
            print("SKIPPED: no conformance tests in \(Self.folder.path)")
            return
        }
        for table in tables {
            let report = CELConformance.run(try JSON(parsing: Array(try Data(contentsOf: table)), maximumDepth: 200))
            print("\(table.lastPathComponent): \(report.passed) passed, \(report.failed) failed")
            for failure in report.failures.prefix(40) {
                print("  \(failure.test): \(failure.expression): \(failure.message)")
            }
            #expect(report.failures == [])
            #expect(report.passed > 0)
        }
    }
}
