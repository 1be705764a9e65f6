// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Testing
import WritCore
import WritInspect
import WritScan

@Suite struct TableTests {
    @Test func `changes that a person should look at`() throws {
        let gate = try ReviewGate.builtIn()
        func areas(_ path: String, _ before: String, _ after: String) -> [String] {
            let added = LineDiff.added(before: Array(before.utf8), after: Array(after.utf8))
            return gate.items(path: path, before: Array(before.utf8), after: Array(after.utf8), added: added).map {
                "\($0.area):\($0.line)"
            }
        }
        let cases: [(String, String, String, [String])] = [
            ("db/migrations/0007_add.py", "", "x\n", ["migrations:1"]),
            ("sql/report.sql", "select 1;\n", "select 1;\nALTER TABLE t DROP COLUMN c;\n", ["migrations:2"]),
            ("sql/report.sql", "select 1;\n", "select 2;\n", []), ("infra/main.tf", "a\n", "b\n", ["infrastructure:1"]),
            ("deploy/web.yaml", "", "apiVersion: apps/v1\nkind: Deployment\n", ["infrastructure:1"]),
            ("Dockerfile", "", "FROM x\n", ["infrastructure:1"]),
            ("charts/web/templates/x.yaml", "", "x\n", ["infrastructure:1"]),
            (".github/workflows/ci.yml", "", "on: push\n", ["ci:1"]), (".gitlab-ci.yml", "", "x\n", ["ci:1"]),
            ("Package.swift", "", "x\n", ["dependencies:1"]), ("web/package-lock.json", "", "{}\n", ["dependencies:1"]),
            ("requirements-dev.txt", "", "x\n", ["dependencies:1"]),
            ("src/auth/check.go", "", "x\n", ["authentication:1"]),
            ("src/views.py", "a\n", "a\n@login_required\n", ["authentication:2"]),
            ("src/views.py", "@login_required\na\n", "a\n", ["authentication:1"]), ("src/views.py", "a\n", "b\n", []),
            ("docs/views.md", "", "use login_required\n", []), ("src/author.py", "", "authorise = 1\n", []),
            ("CLAUDE.md", "", "x\n", ["security-settings:1"]), (".writ/scan.yaml", "", "x\n", ["security-settings:1"]),
            (".claude/settings.json", "", "{}\n", ["security-settings:1"]),
        ]
        for (path, before, after, expected) in cases { #expect(areas(path, before, after) == expected, "\(path)") }
    }

    @Test func `files that instruct agents, by their path`() throws {
        let places = try AgentPlaces.builtIn()
        let cases: [(String, String?)] = [
            ("AGENTS.md", "cross-tool instructions"), ("a/b/CLAUDE.md", "claude-code instructions"),
            (".claude/skills/x/SKILL.md", "claude-code skills"), ("sub/.cursor/rules/a.mdc", "cursor skills"),
            (".mcp.json", "claude-code mcp"), ("sub/.mcp.json", "claude-code mcp"), ("a/b/.codex/config.toml", "codex hooks"),
            ("a/.gemini/settings.json", "gemini-cli skills"), (".amazonq/rules/x.md", "amazon-q skills"),
            (".agent/rules/x.md", "antigravity instructions"), (".goose/recipes/x.yaml", "goose skills"),
            (".github/copilot-instructions.md", "copilot instructions"),
            (".github/workflows/ci.yml", nil), (".vscode/tasks.json", "vscode hooks"), ("src/main.py", nil),
            ("docs/agents.md", nil), (".codex/config.toml", "codex hooks"), (".kiro/steering/x.md", "kiro skills"),
        ]
        for (path, expected) in cases {
            let place = places.place(inRepository: path)
            #expect(place.map { "\($0.agent) \($0.kind.rawValue)" } == expected, "\(path)")
        }
        let elsewhere: [(String, String?)] = [
            ("/h/.config/opencode/skill/x/SKILL.md", "opencode skills"), ("/h/.config/opencode/plugin/x.js", "opencode hooks"),
            ("/etc/opencode/opencode.json", "opencode mcp"), ("/h/.config/amp/AGENTS.md", "amp instructions"),
            ("/h/.factory/AGENTS.md", "droid instructions"), ("/h/Documents/Cline/Workflows/x.md", "cline skills"),
            ("/h/.config/goose/recipes/x.yaml", "goose skills"), ("/h/.gemini/tmp/log.json", nil), ("/w/a/.mcp.json", "claude-code mcp"),
        ]
        for (path, expected) in elsewhere {
            let place = places.place(ofFile: path, home: "/h", workspace: "/w")
            #expect(place.map { "\($0.agent) \($0.kind.rawValue)" } == expected, "\(path)")
        }
        // Every agent has something in a home, on a machine or in a repository, and no row stands twice.
        #expect(Set(places.places.map(\.agent)).count >= 18)
        #expect(Set(places.places.map { "\($0.agent) \($0.root) \($0.path)" }).count == places.places.count)
    }

    @Test func `a damaged table is refused with its line`() {
        #expect(throws: Outline.Fault(message: "expected `ROOT KIND PATTERN`", line: 2)) {
            try AgentPlaces(table: Array("agent x\n  home nothing\n".utf8))
        }
        #expect(throws: Outline.Fault(message: "unknown key `lines`", line: 3)) {
            try ReviewGate(table: Array("area x\n  reason y\n  lines z\n".utf8))
        }
    }
}

/// Files in memory.
final class Drawer: CacheStorage {
    let files = Mutex<[String: [UInt8]]>([:])

    func read(_ name: String) -> [UInt8]? { files.withLock { $0[name] } }
    func write(_ name: String, _ bytes: [UInt8]) { files.withLock { $0[name] = bytes } }
}

@Suite struct FindingCacheTests {
    private let key = [UInt8](repeating: 7, count: 32)
    private let today = Day(number: 20_000)

    private func cache(_ drawer: Drawer, _ identity: String = "a", _ key: [UInt8]? = nil, day: Int = 0) -> FindingCache {
        FindingCache(storage: drawer, identity: identity, key: key ?? self.key, today: today.adding(day))
    }

    private func inspection(_ text: String, _ cache: FindingCache?) throws -> Inspection {
        try Inspector(detectors: DetectorSet([.secrets, .code]), cache: cache).inspect(
            Subject(path: "f.py"), BytesInMemory(Array(text.utf8)))
    }

    @Test func `unchanged content gives the same findings from the cache`() throws {
        let drawer = Drawer()
        let text = "import os\nos.system('x' + input())\ntoken = '\(Sample.token(20))'\n" + String(repeating: "#\n", count: 50)
        let first = cache(drawer)
        let plain = try inspection(text, first)
        #expect(!plain.wasCached && plain.findings.count >= 2)
        first.save()
        let again = try inspection(text, cache(drawer))
        #expect(again.wasCached)
        #expect(again.findings == plain.findings)
        #expect(try !inspection(text + "\n", cache(drawer)).wasCached)
        #expect(try !inspection(text, cache(drawer, "b")).wasCached)
        #expect(try !inspection(text, cache(drawer, "a", [UInt8](repeating: 8, count: 32))).wasCached)
        // Nothing that is stored is a secret.
        let stored = drawer.files.withLock { $0.values.map { String(decoding: $0, as: UTF8.self) } }
        #expect(stored.allSatisfy { !$0.contains(Sample.token(20)) })
    }

    @Test func `a damaged or forged file is as if it were not there`() throws {
        let text = "token = '\(Sample.token(21))'\n" + String(repeating: "#\n", count: 50)
        let made = Drawer()
        let first = cache(made)
        _ = try inspection(text, first)
        first.save()
        let files = made.files.withLock { $0 }
        let (name, bytes) = try #require(files.first)
        for place in stride(from: 0, to: bytes.count, by: 3) {
            var bad = bytes
            bad[place] ^= 1
            let drawer = Drawer()
            drawer.write(name, bad)
            let result = try inspection(text, cache(drawer))
            #expect(!result.wasCached && result.findings.count == 1, "byte \(place)")
        }
        for count in stride(from: 0, to: bytes.count, by: 5) {
            let drawer = Drawer()
            drawer.write(name, Array(bytes.prefix(count)))
            #expect(try !inspection(text, cache(drawer)).wasCached)
        }
    }

    @Test func `the cache stays bounded and forgets what is oldest`() {
        let drawer = Drawer()
        let found = (0..<40).map { number in
            LocatedFinding(
                path: "p",
                finding: Finding(
                    scanner: "code", rule: "r\(number)", category: "c", severity: .low, confidence: 1,
                    message: String(repeating: "m", count: 500)))
        }
        let old = FindingCache.Key(path: "old", phase: .output, content: [])
        let first = cache(drawer)
        first.remember(found, for: old)
        first.save()
        let later = cache(drawer, day: 1)
        let keys = (0..<4_000).map { FindingCache.Key(path: "p\($0)", phase: .output, content: []) }
        for key in keys { later.remember(found, for: key) }
        later.save()
        #expect(drawer.files.withLock { $0.values.allSatisfy { $0.count <= FindingCache.shardLimit + 128 } })
        let last = cache(drawer, day: 1)
        #expect(keys.contains { last.findings(for: $0) != nil })
        #expect(last.findings(for: old) == nil)
    }
}
