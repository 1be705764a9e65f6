// SPDX-License-Identifier: Apache-2.0
public import WritCore
internal import WritPattern

/// What a change takes away: checks removed, tests weakened, verification turned off. The finished file alone cannot
/// show it.
public struct CodeDiff: Sendable {
    private let detector: CodeDetector
    private let signs: [(sign: Sign, pattern: Pattern)]
    private let test: Pattern
    private let assertion: Pattern
    private let testPath: Pattern

    private struct Sign: Sendable {
        var rule: String
        var isRemoval: Bool
        var onlyTests: Bool
        var severity: Severity
        var cwe: String
        var message: String
        var fix: String
        var source: String
    }

    /// Creates the comparison around a detector.
    public init(detector: CodeDetector) throws {
        self.detector = detector
        var compiled: [(Sign, Pattern)] = []
        for sign in Self.table { compiled.append((sign, try Pattern(sign.source, .bytes))) }
        signs = compiled
        test = try Pattern(
            #"(?:^|\s)(?:def\s+test_\w+|(?:it|test)(?:\.each\([^)]*\))?\s*\(\s*["'`]|func\s+Test\w+|@Test\b|#\[(?:tokio::)?test\]|\[(?:Fact|Test|TestMethod|Theory)\]|public\s+function\s+test\w+|TEST(?:_F|_P)?\s*\()"#,
            .bytes)
        assertion = try Pattern(
            #"(?:\bassert\w*\b|\bexpect\s*\(|#expect|#require|\bshould\b|\brequire\.\w+\(t|t\.(?:Error|Fatal)|ASSERT_|EXPECT_|XCTAssert)"#,
            .bytes)
        testPath = try Pattern(
            #"(?i)(?:^|/)(?:tests?|specs?|__tests__)(?:/|$)|(?:[._-]|^)(?:test|spec)s?\.\w+$|_test\.\w+$|(?:^|/)test_\w+\.py$|Tests?\.\w+$"#,
            .bytes)
    }

    /// Compares two versions of one file. `before` empty means a new file, `after` empty a deleted one. Lines in the
    /// findings are of `after`; what was removed stands at the line that took its place. Linear in both texts.
    public func findings(before: [UInt8], after: [UInt8], path: String) throws -> [Finding] {
        let old = Self.lines(before)
        let new = Self.lines(after)
        var counts: [[UInt8]: Int] = [:]
        for line in new { counts[line.text, default: 0] += 1 }
        var removed: [(text: [UInt8], place: Int)] = []
        // The line of `after` that a removed line stood before: behind the last one that both have.
        var places: [[UInt8]: [Int]] = [:]
        for line in new { places[line.text, default: []].append(line.number) }
        var last = 0
        for line in old {
            if let count = counts[line.text], count > 0 {
                counts[line.text] = count - 1
                if let place = places[line.text]?.first(where: { $0 > last }) { last = place }
            } else {
                removed.append((line.text, last + 1))
            }
        }
        var oldCounts: [[UInt8]: Int] = [:]
        for line in old { oldCounts[line.text, default: 0] += 1 }
        var added: [(text: [UInt8], place: Int)] = []
        for line in new {
            if let count = oldCounts[line.text], count > 0 {
                oldCounts[line.text] = count - 1
            } else {
                added.append((line.text, line.number))
            }
        }

        let isTest = testPath.matches(path) || old.contains { matches(test, $0.text) }
        var found: [Finding] = []
        for (sign, pattern) in signs {
            if sign.onlyTests, !isTest { continue }
            if sign.isRemoval {
                guard !isTest else { continue }
                let gone = removed.filter { matches(pattern, $0.text) }
                // A check that was rewritten or moved is still there.
                let back = added.filter { matches(pattern, $0.text) }.count
                if gone.count > back, let first = gone.dropFirst(back).first {
                    found.append(finding(sign, at: first.place))
                }
            } else if let first = added.first(where: { matches(pattern, $0.text) }),
                removed.allSatisfy({ !matches(pattern, $0.text) })
            {
                found.append(finding(sign, at: first.place))
            }
        }
        if isTest { found += tests(old: old, new: new, removed: removed) }
        found += try protections(before: before, after: after, path: path)
        return found.sorted { ($0.line, $0.rule) < ($1.line, $1.rule) }
    }

    private func matches(_ pattern: Pattern, _ text: [UInt8]) -> Bool {
        text.withUnsafeBytes { pattern.matches($0.part(0..<4_000)) }
    }

    private func finding(_ sign: Sign, at line: Int) -> Finding {
        Finding(
            scanner: "code", rule: sign.rule, category: "diff", severity: sign.severity, confidence: 0.6,
            line: max(1, line),
            cwe: sign.cwe, message: sign.message, remedy: sign.fix)
    }

    private func tests(old: [Line], new: [Line], removed: [(text: [UInt8], place: Int)]) -> [Finding] {
        func count(_ pattern: Pattern, _ lines: [Line]) -> Int {
            lines.reduce(0) { $0 + (matches(pattern, $1.text) ? 1 : 0) }
        }
        let testsBefore = count(test, old)
        let testsAfter = count(test, new)
        let assertionsBefore = count(assertion, old)
        let assertionsAfter = count(assertion, new)
        let place = removed.first { matches(test, $0.text) || matches(assertion, $0.text) }?.place ?? 1
        if testsAfter < testsBefore {
            return [
                finding(
                    Sign(
                        rule: "diff-tests-removed", isRemoval: true, onlyTests: true, severity: .medium,
                        cwe: "CWE-1053",
                        message: "\(testsBefore - testsAfter) of \(testsBefore) tests are removed",
                        fix: "Keep the tests, or say why what they check is gone", source: ""), at: place)
            ]
        }
        if assertionsAfter < assertionsBefore {
            return [
                finding(
                    Sign(
                        rule: "diff-assertions-removed", isRemoval: true, onlyTests: true, severity: .medium,
                        cwe: "CWE-1053",
                        message: "\(assertionsBefore - assertionsAfter) of \(assertionsBefore) assertions are removed",
                        fix: "Keep the assertions and correct the code", source: ""), at: place)
            ]
        }
        return []
    }

    /// Rules about protections that fire more often than before.
    private func protections(before: [UInt8], after: [UInt8], path: String) throws -> [Finding] {
        let about: Set<String> = ["tls", "auth", "cookies", "cors", "xxe", "defaults", "permissions", "ci"]
        let language = CodeLanguage(path: path)
        func run(_ text: [UInt8]) throws -> [Finding] {
            try text.withUnsafeBytes { bytes in
                let part = bytes.part(0..<CodeDetector.sizeLimit)
                return try detector.findings(in: part, language ?? CodeLanguage(guessing: part), path: path)
            }
        }
        let risky = try run(after).filter { about.contains($0.category) }
        var result: [Finding] = []
        for var finding in risky.added(to: try run(before)) {
            finding.rule = "diff-protection-off"
            finding.category = "diff"
            finding.message = "this change turns a protection off: " + finding.message
            result.append(finding)
        }
        return result
    }

    private struct Line {
        var text: [UInt8]
        var number: Int
    }

    private static func lines(_ text: [UInt8]) -> [Line] {
        var result: [Line] = []
        var number = 0
        for line in text.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            var low = line.startIndex
            var high = line.endIndex
            while low < high, line[low].isBlank { low += 1 }
            while high > low, line[high - 1].isBlank || line[high - 1] == 0x0D { high -= 1 }
            if low < high { result.append(Line(text: Array(line[low..<high]), number: number)) }
        }
        return result
    }

    private static let table: [Sign] = [
        Sign(
            rule: "diff-authorization-removed", isRemoval: true, onlyTests: false, severity: .high, cwe: "CWE-862",
            message: "a check of who may do this is removed", fix: "Put the check back, or say where it is done now",
            source:
                #"(?i)(@\w*(?:login_required|permission_required|requires?_?auth|authenticated|PreAuthorize|RolesAllowed|Secured)|\[Authorize|before_action\s+:auth|is_?authenticated|has_?perm(?:ission)?|is_?admin\b|check_?(?:access|permission|auth)|require_?(?:auth|admin|login|user|permission)|current_user_can|authori[sz]e[!(]|ensure_?auth|verify_?(?:user|access|token|jwt)|passport\.authenticate|permission_classes)"#
        ),
        Sign(
            rule: "diff-validation-removed", isRemoval: true, onlyTests: false, severity: .medium, cwe: "CWE-20",
            message: "a check or cleaning of input is removed", fix: "Put it back, or say where it is done now",
            source:
                #"(?i)(\b\w*(?:sanitize|saniti[sz]er|validate|validator|escape(?:html)?|htmlspecialchars|shlex\.quote|escapeshellarg|secure_filename|is_safe_url|url_has_allowed_host|encodeURIComponent|DOMPurify|bleach|quote_identifier|realpath|is_relative_to)\w*\s*\()"#
        ),
        Sign(
            rule: "diff-verification-removed", isRemoval: true, onlyTests: false, severity: .high, cwe: "CWE-347",
            message: "a check of a signature, hash or certificate is removed", fix: "Put the check back",
            source:
                #"(?i)(compare_digest|timingSafeEqual|hash_equals|verify_?(?:signature|hash|checksum|mac|cert\w*)|check_?(?:signature|checksum|hash)|sha256sum\s+(?:-c|--check)|gpg\s+--verify|cosign\s+verify|CERT_REQUIRED|verify\s*=\s*True|rejectUnauthorized:\s*true|checkServerIdentity)"#
        ),
        Sign(
            rule: "diff-csrf-removed", isRemoval: true, onlyTests: false, severity: .high, cwe: "CWE-352",
            message: "protection against cross-site request forgery is removed", fix: "Put it back",
            source:
                #"(?i)(csrf_?(?:protect|token|middleware|field)|ValidateAntiForgeryToken|protect_from_forgery|CsrfViewMiddleware|csurf\()"#
        ),
        Sign(
            rule: "diff-limit-removed", isRemoval: true, onlyTests: false, severity: .low, cwe: "CWE-770",
            message: "a limit on how often or how much is removed", fix: "Put the limit back",
            source: #"(?i)(rate_?limit|throttle|max_?(?:length|size|attempts|retries)|LimitReader|timeout\s*[=:])"#),
        Sign(
            rule: "diff-test-skipped", isRemoval: false, onlyTests: true, severity: .medium, cwe: "CWE-1053",
            message: "a test is skipped", fix: "Let it run, and correct what fails",
            source:
                #"(@(?:pytest\.mark\.)?(?:skip|skipIf|xfail)\b|@unittest\.skip|\b(?:it|test|describe)\.(?:skip|todo|only)\b|\bx(?:it|describe|test)\s*\(|t\.Skip(?:Now|f)?\(|#\[ignore|@Ignore\b|@Disabled\b|\[Ignore\]|Skip\s*=\s*"|\.disabled\(|XCTSkip|pytest\.skip\(|GTEST_SKIP|markTestSkipped)"#
        ),
        Sign(
            rule: "diff-test-weakened", isRemoval: false, onlyTests: true, severity: .medium, cwe: "CWE-1053",
            message: "an assertion that always holds is added", fix: "Assert what the code must do",
            source:
                #"(\bassert\s+True\b|\bassert\s+1\b|assertTrue\(\s*[Tt]rue\s*\)|expect\(\s*true\s*\)\.(?:toBe\(\s*true|toBeTruthy|to\.)|assert!\(\s*true\s*\)|#expect\(\s*(?:Bool\()?true|XCTAssertTrue\(\s*true|assert\.ok\(\s*true|assert\.Equal\(t,\s*true,\s*true)"#
        ),
        Sign(
            rule: "diff-check-bypassed", isRemoval: false, onlyTests: false, severity: .medium, cwe: "CWE-693",
            message: "a failing check no longer stops anything", fix: "Let it fail, and correct what it found",
            source:
                #"(continue-on-error:\s*true|\|\|\s*true\s*$|--no-verify\b|\bif:\s*(?:\$\{\{\s*)?false|set\s+\+e\s*$|allow_failure:\s*true|# ?nosec\b|# ?noqa: ?S\d|eslint-disable(?:-next-line)?\s+[^\n]*security|//\s*nolint:[^\n]*gosec|NOSONAR|nosemgrep|@SuppressWarnings|exit\s+0\s*#)"#
        ),
    ]
}

extension [Finding] {
    /// Those that go beyond what each rule found before a change.
    package func added(to before: [Finding]) -> [Finding] {
        var known: [String: Int] = [:]
        for finding in before { known[finding.rule, default: 0] += 1 }
        return filter { finding in
            guard let count = known[finding.rule], count > 0 else { return true }
            known[finding.rule] = count - 1
            return false
        }
    }
}
