// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import WritCore
import WritInspect
import WritScan
import WritTestSupport

@Suite struct DependencyReviewTests {
    @Sendable private static func index() throws -> PackageIndex {
        let pypi = PackageIndex.Listing(
            ecosystem: "pypi", factKind: .lastRelease,
            entries: [.init(name: "requests", rank: 1), .init(name: "flask", rank: 2), .init(name: "pyyaml", rank: 3)])
        let npm = PackageIndex.Listing(
            ecosystem: "npm", factKind: .downloads,
            entries: [.init(name: "express", downloadsPerMonth: 300_000_000), .init(name: "lodash", downloadsPerMonth: 800_000_000)])
        return try PackageIndex(bytes: PackageIndex.build([pypi, npm], day: 20_261_119))
    }

    private func look(_ path: String, _ text: String, before: String? = nil, project: ProjectPackages? = nil) throws -> [String] {
        let review = DependencyReview(project: project, index: Self.index)
        let inspector = Inspector(detectors: DetectorSet([.supplyChain], others: [review]))
        let bytes = Array(text.utf8)
        let result =
            if let before {
                try inspector.inspect(
                    Subject(path: path, change: Change(kind: .changed, previous: [Array(before.utf8)])),
                    change: Change(kind: .changed, previous: [Array(before.utf8)]), bytes)
            } else {
                try inspector.inspect(Subject(path: path), BytesInMemory(bytes))
            }
        return result.findings.map { "\($0.finding.line) \($0.finding.severity.name) \($0.finding.rule)" }
            + result.notes.map { "note \($0.message)" }
    }

    @Test func `a manifest is judged as it stands`() throws {
        let rows: [(String, String, [String])] = [
            ("requirements.txt", "requests==2.0\nreqeusts\n", ["2 high look-alike", "2 low unknown-package"]),
            ("requirements.txt", "nobody-has-heard-of-this==1.0\n", ["1 low unknown-package"]),
            ("a/package.json", "{\"dependencies\": {\"lodash\": \"http://x.example/l.tgz\"}}", ["1 low archive-dependency", "1 high unencrypted-source"]),
            ("notes.txt", "reqeusts\n", []),
        ]
        for (path, text, expected) in rows { #expect(try look(path, text) == expected) }
    }

    @Test func `of a change, what it brings in and what it moves is judged`() throws {
        let old = "reqeusts==1.0\nflask==2.0\n"
        let rows: [(String, [String])] = [
            (old, []), (old + "pyyam1\n", ["3 high look-alike", "3 low unknown-package"]),
            ("reqeusts==1.0\nflask==3.0\n", ["2 low major-upgrade"]),
            ("--index-url https://p.example/simple\n" + old, ["1 high index-changed"]),
        ]
        for (text, expected) in rows { #expect(try look("requirements.txt", text, before: old) == expected) }
    }

    @Test func `a lock file that is longer than a window is read in one piece`() throws {
        var text = "{\"packages\": {"
        for number in 0..<30_000 { text += "\n\"node_modules/lodash-\(number)\": {\"version\": \"1.0.\(number)\"}," }
        text += "\n\"node_modules/lodahs\": {\"version\": \"1.0.0\", \"resolved\": \"http://x.example/l.tgz\"}}}\n"
        #expect(text.utf8.count > 1_200_000)
        let found = try look("package-lock.json", text)
        #expect(found.contains("30002 high unencrypted-source"))
        #expect(!found.contains { $0.hasPrefix("note over") })
    }

    @Test func `a lock file that no manifest explains is told`() throws {
        let review = DependencyReview(index: Self.index)
        let rows: [([String], [String])] = [
            (["package-lock.json", "readme.md"], ["package-lock.json:1 lock-without-manifest"]),
            (["package-lock.json", "package.json"], []), (["readme.md"], []),
        ]
        for (paths, expected) in rows {
            #expect(try review.strayLocks(paths).map { "\($0.path):\($0.finding.line) \($0.finding.rule)" } == expected)
        }
    }

    @Test func `imports are held against the manifests above them`() throws {
        let folder = NSTemporaryDirectory() + "writ-imports-\(UInt64.random(in: 0 ... .max))"
        defer {
            do { try FileManager.default.removeItem(atPath: folder) } catch { Issue.record("\(error)") }
        }
        var listed: [ListedFile] = []
        for (path, text) in [
            ("requirements.txt", "requests\npyyaml\n"), ("web/package.json", "{\"name\": \"@own/web\", \"dependencies\": {\"express\": \"1\"}}"),
            ("src/own_module.py", ""), ("web/lib/x.js", ""),
        ] {
            let location = folder + "/" + path
            try FileManager.default.createDirectory(
                atPath: URL(fileURLWithPath: location).deletingLastPathComponent().path, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(fileURLWithPath: location))
            listed.append(ListedFile(location: location, path: path, size: text.utf8.count, phase: nil, agent: nil))
        }
        let project = ProjectPackages(files: listed)
        let rows: [(String, String, [String])] = [
            ("src/a.py", "import os, requests\nimport yaml\nimport own_module\nimport quite_imaginary_client\n", ["4 medium invented-import"]),
            // Registered, but forgotten in the manifest: no matter of safety.
            ("src/a.py", "import flask\n", []),
            ("src/a.py", "import reqeusts\n", ["1 medium invented-import"]),
            ("web/lib/y.js", "const a = require('express')\nimport b from '@own/web'\nimport c from 'quite-imaginary-client'\n", ["3 medium invented-import"]),
            ("other/y.js", "import c from 'quite-imaginary-client'\n", []),
        ]
        for (path, text, expected) in rows { #expect(try look(path, text, project: project) == expected) }
    }
}
