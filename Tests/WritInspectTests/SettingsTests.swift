// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritInspect
import WritScan

@Suite struct SettingsTests {
    private let today = Day("2026-11-21") ?? Day(number: 0)

    private func fault(_ text: String) -> String {
        do {
            _ = try ScanSettings(parsing: Array(text.utf8), today: today)
            return ""
        } catch {
            return error.description
        }
    }

    @Test func `a whole file`() throws {
        let text = """
            version: 1
            detectors: [secrets, code]
            fail_on: high
            min_confidence: {secrets: 0.5}
            exclude: [vendor/, '*.min.js']
            internal_packages: ['@acme/*']
            minimum_age_days: 30
            minimum_weekly_downloads: 500
            suppressions:
              # The reason is for those who come after.
              - rule: weak-hash
                path: legacy/**
                fingerprint: 0123456789abcdef
                reason: The old protocol needs it.
                expires: 2027-03-31
            """
        let settings = try ScanSettings(parsing: Array(text.utf8), today: today)
        var expected = ScanSettings()
        expected.detectors = [.secrets, .code]
        expected.failOn = .high
        expected.minimumConfidence = ["secrets": 0.5]
        expected.exclude = ["vendor/", "*.min.js"].compactMap { PathPattern($0) }
        expected.suppressions = [
            Suppression(
                rule: "weak-hash", path: PathPattern("legacy/**"), fingerprint: "0123456789abcdef",
                reason: "The old protocol needs it.", expires: Day(number: 20_908), line: 11)
        ]
        expected.internalPackages = ["@acme/*"]
        expected.minimumAgeDays = 30
        expected.minimumWeeklyDownloads = 500
        #expect(settings == expected)
        #expect(try ScanSettings(parsing: [], today: today) == ScanSettings())
    }

    @Test func `what is wrong is said with its line`() {
        let entry = "suppressions:\n  - rule: x\n    reason: long enough\n    expires: 2027-01-01\n"
        #expect(fault(entry) == "")
        let cases: [(String, String)] = [
            ("version: 2\n", ".writ/scan.yaml:1: `version` must be 1"),
            ("version: 1\nfail_on: bad\n", ".writ/scan.yaml:2: `fail_on` must be info, low, medium, high or critical"),
            (
                "version: 1\n\nexcludes: []\n",
                ".writ/scan.yaml:3: unknown key `excludes`; there are version, detectors, fail_on, min_confidence, exclude, internal_packages, minimum_age_days, minimum_weekly_downloads, suppressions"
            ),
            ("exclude: [/etc]\n", ".writ/scan.yaml:1: `exclude` needs patterns of relative paths"),
            (
                "a: &x 1\n",
                ".writ/scan.yaml:1: unknown key `a`; there are version, detectors, fail_on, min_confidence, exclude, internal_packages, minimum_age_days, minimum_weekly_downloads, suppressions"
            ),
            ("minimum_age_days: -1\n", ".writ/scan.yaml:1: `minimum_age_days` must be a number from 0 to 3650"),
            ("fail_on: [high]\n", ".writ/scan.yaml:1: `fail_on` must be a text"),
            (entry.replacing("    reason: long enough\n", with: ""), ".writ/scan.yaml:2: a suppression needs a `reason` of at least 10 characters"),
            (entry.replacing("long enough", with: "short"), ".writ/scan.yaml:2: a suppression needs a `reason` of at least 10 characters"),
            (entry.replacing("    expires: 2027-01-01\n", with: ""), ".writ/scan.yaml:2: a suppression needs `expires`, at most a year away"),
            (entry.replacing("2027-01-01", with: "2028-01-01"), ".writ/scan.yaml:4: `expires` is more than a year away"),
            (entry.replacing("2027-01-01", with: "2027-02-30"), ".writ/scan.yaml:4: `expires` must be a day such as 2027-01-31"),
            (entry.replacing("rule: x", with: "path: x"), ".writ/scan.yaml:2: a suppression needs `rule` or `fingerprint`"),
            (entry.replacing("rule: x", with: "fingerprint: abc"), ".writ/scan.yaml:2: `fingerprint` must be 16 hexadecimal digits, as a report shows them"),
            ("min_confidence: {secrets: 2}\n", ".writ/scan.yaml:1: `secrets` must be a number from 0 to 1"),
        ]
        for (text, message) in cases { #expect(fault(text) == message) }
        #expect(fault("a: [\n").hasPrefix(".writ/scan.yaml:"))
        #expect(fault("version: 1\nversion: 1\n").hasPrefix(".writ/scan.yaml:"))
    }

    @Test func `a suppression is added without changing the rest`() throws {
        let wish = Suppression(fingerprint: "0123456789abcdef", reason: "It's a test vector.", expires: Day("2027-01-01") ?? today)
        let entry = "  - fingerprint: '0123456789abcdef'\n    reason: 'It''s a test vector.'\n    expires: 2027-01-01\n"
        let first = "suppressions:\n  - rule: x\n    reason: long enough\n    expires: 2027-01-01\n"
        let cases: [(String, String)] = [
            ("", "version: 1\nsuppressions:\n" + entry), ("# ours\nfail_on: high\n", "# ours\nfail_on: high\nsuppressions:\n" + entry),
            (first, first + entry), (first + "fail_on: high\n", first + entry + "fail_on: high\n"),
            ("suppressions: []\n", "suppressions:\n" + entry),
        ]
        for (before, after) in cases {
            let made = try ScanSettings.adding(wish, to: Array(before.utf8), today: today)
            #expect(String(decoding: made, as: UTF8.self) == after)
        }
        let flow = "suppressions: [{rule: x, reason: long enough, expires: 2027-01-01}]\n"
        #expect(throws: ScanSettings.Fault.self) {
            try ScanSettings.adding(wish, to: Array(flow.utf8), today: today)
        }
    }

    @Test func `days are read and written as the calendar has them`() {
        for (text, number) in [("1970-01-01", 0), ("2000-02-29", 11_016), ("2026-11-21", 20_778), ("2100-03-01", 47_541)] {
            #expect(Day(text)?.number == number)
            #expect(Day(number: number).description == text)
        }
        for text in ["2026-02-29", "2100-02-29", "2026-13-01", "2026-1-01", "", "2026-11-21T", "0000-01-01"] {
            #expect(Day(text) == nil, "\(text)")
        }
        for number in stride(from: 0, to: 60_000, by: 7) { #expect(Day(Day(number: number).description)?.number == number) }
    }

    @Test func `path patterns`() {
        let cases: [(String, String, Bool)] = [
            ("*.js", "a/b.js", true), ("*.js", "a.jsx", false), ("vendor/", "vendor/a", true), ("vendor/", "x/vendor/a", true),
            ("a/*.c", "a/b.c", true), ("a/*.c", "a/b/c.c", false), ("a/**", "a/b/c", true), ("a/**/c", "a/c", true),
            ("**/x", "x", true), ("a/b", "z/a/b", false), ("./a", "a/q", true), ("./a", "b/a", false), ("?.c", "a.c", true),
            ("**/migrations/**", "db/migrations/1.sql", true), ("a", "ab", false),
        ]
        for (pattern, path, expected) in cases {
            #expect(PathPattern(pattern)?.matches(path) == expected, "\(pattern) \(path)")
        }
        #expect(PathPattern("/etc") == nil)
        #expect(PathPattern("../x") == nil)
    }
}
