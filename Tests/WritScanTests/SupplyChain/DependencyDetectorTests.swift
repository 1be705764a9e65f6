// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritScan

private let commit = String(repeating: "ab12", count: 10)

private func detector(_ change: (inout DependencyDetector.Settings) -> Void = { _ in }) throws -> DependencyDetector {
    var pypi = PackageIndex.Listing(
        ecosystem: "pypi", factKind: .lastRelease,
        entries: [
            .init(name: "requests", rank: 1, firstRelease: 20_110_214), .init(name: "flask", rank: 2),
            .init(name: "jinja2", rank: 3), .init(name: "fresh-thing", firstRelease: 20_261_110),
            .init(name: "old-thing", firstRelease: 20_150_101),
        ])
    pypi.advisories = [
        Advisory(
            id: "PYSEC-1", name: "Jinja2", severity: .high,
            ranges: [.init(introduced: "0", end: "3.1.3", isEndIncluded: false)]),
        Advisory(id: "MAL-1", name: "old_thing", severity: .critical, ranges: []),
    ]
    let npm = PackageIndex.Listing(
        ecosystem: "npm", factKind: .downloads,
        entries: [.init(name: "express", downloadsPerMonth: 300_000_000), .init(name: "lodash", downloadsPerMonth: 800_000_000)])
    var settings = DependencyDetector.Settings()
    change(&settings)
    let index = try PackageIndex(bytes: PackageIndex.build([pypi, npm], day: 20_261_119))
    return DependencyDetector(packages: SupplyChain(index: index), settings: settings)
}

private func rules(_ findings: [Finding]) -> [String] {
    findings.map { "\($0.line) \($0.rule)" }
}

@Suite struct DependencyDetectorTests {
    @Test(
        arguments: [
            ("requirements.txt", "requests==2.0\nreqeusts\n", ["2 look-alike", "2 unknown-package"]),
            ("requirements.txt", "jinja2==3.1.2\n", ["1 known-vulnerability"]),
            ("requirements.txt", "jinja2==3.1.3\njinja2>=3\n", []),
            ("requirements.txt", "old-thing\n", ["1 malicious-package"]),
            ("requirements.txt", "flask*\n", []),
            ("requirements.txt", "--extra-index-url http://x.example/\n", ["1 additional-index", "1 unencrypted-source"]),
            ("requirements.txt", "git+https://g.example/a/b\n", ["1 git-dependency"]),
            ("requirements.txt", "git+https://g.example/a/b@\(commit)\n", []),
            ("package.json", "{\"dependencies\": {\"lodash\": \"*\"}}", ["1 unbounded-version"]),
            ("package.json", "{\"dependencies\": {\"a\": \"http://x.example/a.tgz\"}}", ["1 archive-dependency", "1 unencrypted-source"]),
            ("package.json", "{", ["1 unread-dependencies"]),
            (
                ".github/workflows/a.yml", "x:\n  - uses: actions/checkout@v4\n  - uses: o/r@main\n  - uses: o/r@\(commit)\n",
                ["2 unpinned-action", "3 unpinned-action"]
            ),
            ("Dockerfile", "FROM alpine\nFROM alpine:latest\nFROM alpine:3.20\n", ["1 unpinned-image", "2 unpinned-image"]),
            ("package-lock.json", "{\"packages\": {\"node_modules/never-heard-of\": {\"version\": \"1.0.0\"}}}", []),
            ("readme.md", "requests", []),
        ] as [(String, String, [String])])
    func `B59 a manifest is judged line by line`(path: String, text: String, expected: [String]) throws {
        let findings = try detector().findings(in: ScanRequest(text, path: path), ScanContext(key: .random()))
        #expect(rules(findings) == expected)
    }

    @Test func `an internal name that the public registry gave is told`() throws {
        let detector = try detector { $0.internalNames = ["@acme/*", "acme-*"] }
        let lock = """
            {"packages": {
              "node_modules/@acme/auth": {"version": "9.9.9", "resolved": "https://registry.npmjs.org/@acme/auth/-/auth-9.9.9.tgz"},
              "node_modules/@acme/log": {"version": "1.0.0", "resolved": "https://npm.acme.example/@acme/log/-/log-1.0.0.tgz"}
            }}
            """
        let findings = try detector.findings(
            in: ScanRequest(lock, path: "package-lock.json"), ScanContext(key: .random()))
        #expect(rules(findings) == ["2 dependency-confusion"])
    }

    @Test func `a name registered some days ago is told, and age that is not known is not guessed`() throws {
        let detector = try detector { $0.minimumAgeDays = 14 }
        let findings = try detector.findings(
            in: ScanRequest("fresh-thing\nrequests\n", path: "requirements.txt"), ScanContext(key: .random()))
        #expect(rules(findings) == ["1 too-new"])
        #expect(detector.packages.ageInDays(of: "Fresh_Thing", in: "pypi") == 9)
        #expect(detector.packages.ageInDays(of: "requests", in: "pypi") == 400)
        #expect(detector.packages.ageInDays(of: "nobody-knows", in: "pypi") == nil)
        #expect(detector.packages.ageInDays(of: "express", in: "npm") == nil)
    }

    @Test(
        arguments: [
            ("requirements.txt", "flask==2.3\n", "flask==3.0\n", ["1 major-upgrade"]),
            ("requirements.txt", "flask==2.3\n", "flask==2.4\n", []),
            ("requirements.txt", "flask==2.3\n", "flask==2.2\n", ["1 downgrade"]),
            ("requirements.txt", "reqeusts\n", "# moved\nreqeusts\n", []),
            ("requirements.txt", "flask\n", "flask\nreqeusts\n", ["2 look-alike", "2 unknown-package"]),
            ("requirements.txt", "flask\n", "-i https://x.example/\nflask\n", ["1 index-changed"]),
            ("package.json", "{\"dependencies\": {\"lodash\": \"4\"}}", "{\"dependencies\": {\"lodash\": \"o/lodash#\(commit)\"}}", ["1 source-changed"]),
            (
                "package-lock.json", "{\"packages\": {\"node_modules/lodash\": {\"version\": \"4.0.0\", \"integrity\": \"sha512-a\"}}}",
                "{\"packages\": {\"node_modules/lodash\": {\"version\": \"4.0.0\", \"integrity\": \"sha512-b\"}}}", ["1 integrity-changed"]
            ),
            (
                "package-lock.json", "{\"packages\": {\"node_modules/lodash\": {\"version\": \"4.0.0\", \"integrity\": \"sha512-a\"}}}",
                "{\"packages\": {\"node_modules/lodash\": {\"version\": \"4.0.0\"}}}", ["1 integrity-removed"]
            ),
            (
                "package-lock.json", "{\"packages\": {\"node_modules/lodash\": {\"version\": \"4.0.0\", \"integrity\": \"sha512-a\"}}}",
                "{\"packages\": {\"node_modules/lodash\": {\"version\": \"4.0.1\", \"integrity\": \"sha512-b\", \"hasInstallScript\": true}}}",
                ["1 new-install-script"]
            ),
            (
                ".github/workflows/a.yml", "x:\n  - uses: o/r@\(commit)\n", "x:\n  - uses: o/r@v1\n",
                ["2 pin-removed", "2 unpinned-action"]
            ),
        ] as [(String, String, String, [String])])
    func `a change is judged by what it changes`(path: String, before: String, after: String, expected: [String]) throws {
        let found = try detector().drift(path: path, before: Array(before.utf8), after: Array(after.utf8))
        #expect(rules(found) == expected)
    }

    @Test func `a lock file that changes alone is told`() throws {
        let stray = try detector().strayLocks(["a/package-lock.json", "b/Cargo.lock", "b/Cargo.toml", "src/x.js"])
        #expect(stray.map { "\($0.path) \($0.finding.rule)" } == ["a/package-lock.json lock-without-manifest"])
    }

    @Test func `imports that no manifest covers are told, invented ones more loudly`() throws {
        let imports = Imports()
        let code = """
            import os, sys
            import requests, yaml
            from flask import Flask
            from totally_invented_pkg.core import x
            from . import local
            from mine import y
            \"""
            import example_only
            \"""
            """
        let dependencies = [Dependency("pypi", "Flask"), Dependency("pypi", "PyYAML")]
        let missing = imports.undeclared(path: "a.py", text: code, dependencies: dependencies) { $0 == "mine" }
        #expect(missing.map(\.module) == ["requests", "totally_invented_pkg"])
        #expect(try detector().findings(for: missing).map(\.rule) == ["undeclared-import", "invented-import"])
        let guarded = """
            try:
                import simplejson_that_is_gone
            except ImportError:
                import another_made_up
            else:
                import third_made_up
            try:
                import fourth_made_up
            finally:
                pass
            """
        #expect(
            imports.read(path: "a.py", text: guarded).map(\.module) == ["third_made_up", "fourth_made_up"])
        let script = """
            import fs from 'fs'
            import x, { y } from "@scope/pkg/sub"
            const a = require('express'), b = require("./b")
            import('node:path'); import("lodash/fp")
            // require('commented')
            """
        #expect(imports.read(path: "a.ts", text: script).map(\.module) == ["@scope/pkg", "express", "lodash"])
    }
}

@Suite struct PackageVersionTests {
    @Test(
        arguments: [
            ("1.0", "1.0.0", "="), ("1.2", "1.10", "<"), ("2.0rc1", "2.0", "<"), ("1.0.0-alpha.1", "1.0.0-alpha.2", "<"),
            ("1.0.0-alpha", "1.0.0-beta", "<"), ("v1.2.3", "1.2.4", "<"), ("1!0.1", "2.0", ">"), ("1.0.post1", "1.0", "="),
            ("5.3.0.RELEASE", "5.3.0", "="), ("^1.2.3", "1.2.3", "="), ("1.2.3+build.5", "1.2.3", "="),
            ("99999999999999999999999", "1", ">"),
        ])
    func `versions are ordered as package tools order them`(left: String, right: String, order: String) throws {
        let left = try #require(PackageVersion(in: left))
        let right = try #require(PackageVersion(in: right))
        #expect((left < right ? "<" : right < left ? ">" : "=") == order)
    }

    @Test func `the breaking number is the first that is not zero`() {
        #expect(["1.9.2", "0.4.1", "0.0.3", "2"].map { PackageVersion(in: $0)?.breaking } == [[1], [0, 4], [0, 0, 3], [2]])
        #expect(PackageVersion(in: "latest") == nil)
    }

    @Test func `advisories are read from the open format`() throws {
        let record = try JSON(
            parsing: """
                {"id": "GHSA-1", "database_specific": {"severity": "HIGH"}, "affected": [
                  {"package": {"ecosystem": "PyPI", "name": "Thing"},
                   "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1.0"}, {"fixed": "1.5"}, {"introduced": "2.0"}, {"last_affected": "2.3"}]},
                              {"type": "GIT", "events": [{"introduced": "0"}]}]},
                  {"package": {"ecosystem": "npm", "name": "listed"}, "versions": ["3.0.0", "3.0.1"]},
                  {"package": {"ecosystem": "Debian", "name": "other"}}]}
                """)
        let read = Advisory.read(osv: record)
        #expect(read.map { "\($0.ecosystem) \($0.advisory.name) \($0.advisory.severity.name)" } == ["pypi Thing high", "npm listed high"])
        let versions = ["0.9", "1.0", "1.4.9", "1.5", "2.0", "2.3", "2.4"].compactMap { PackageVersion(in: $0) }
        #expect(versions.map { read[0].advisory.covers($0) } == [false, true, true, false, true, true, false])
        #expect(read[0].advisory.fixed == "1.5")
        #expect(["3.0.0", "3.0.2"].compactMap { PackageVersion(in: $0) }.map { read[1].advisory.covers($0) } == [true, false])
        #expect(Advisory.read(osv: ["id": "GHSA-2", "withdrawn": "2026-01-01T00:00:00Z"]).isEmpty)
    }
}
