// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritScan

/// Shared: reading the tables takes a moment, and the detector holds no state.
enum CodeFixture {
    static let rules = Result { try CodeRules.builtIn() }

    static func detector() throws -> CodeDetector { CodeDetector(rules: try rules.get()) }

    static func findings(_ text: String, _ language: String) throws -> [Finding] {
        try detector().findings(in: ScanRequest(text, language: language), ScanContext(key: .random()))
    }
}

@Suite struct CodeDetectorTests {
    @Test func `every rule finds its own examples and leaves the others alone`() throws {
        var faults: [String] = []
        for rule in try CodeFixture.rules.get().rules {
            for (examples, isBad) in [(rule.matches, true), (rule.noMatches, false)] {
                for example in examples {
                    let code = example.split(separator: "\\n", omittingEmptySubsequences: false).joined(separator: "\n")
                    let found = try rule.languages.contains { language in
                        try CodeFixture.findings(code, language.rawValue).contains {
                            // Of two rules with one weakness on one line the surer is reported.
                            $0.rule == rule.id || isBad && $0.cwe == rule.cwe
                        }
                    }
                    if found != isBad { faults.append("\(rule.id) \(isBad ? "misses" : "flags") \(example)") }
                }
            }
        }
        #expect(faults == [])
    }

    @Test func `every expression of every rule compiles`() throws {
        // A text that holds every keyword makes the detector try every rule of a language.
        let rules = try CodeFixture.rules.get()
        for language in CodeLanguage.allCases {
            let words = rules.rules.filter { $0.languages.contains(language) }.flatMap(\.words)
            _ = try CodeFixture.findings(words.joined(separator: "\n"), language.rawValue)
        }
        #expect(Set(rules.rules.map(\.id)).count == rules.rules.count)
    }

    @Test func `a value is followed from the request to the query`() throws {
        let found = try CodeFixture.findings(
            """
            def view(request):
                name = request.GET["n"]
                query = "select * from t where n = '" + name + "'"
                cursor.execute(query)
            """, "python")
        #expect(found.contains { $0.line == 4 && $0.cwe == "CWE-89" && $0.severity == .high })
    }

    @Test func `a sanitizer ends the flow`() throws {
        let found = try CodeFixture.findings(
            "import os, shlex\ndef f(request):\n    n = shlex.quote(request.args['n'])\n    os.system(n)", "python")
        #expect(!found.contains { $0.rule == "python-os-system" })
    }

    @Test func `comments and strings are no code`() throws {
        #expect(try CodeFixture.findings("# eval(x)\ns = 'eval(x)'\n\"\"\"\nos.system(y)\n\"\"\"", "python") == [])
        #expect(try CodeFixture.findings("/* gets(b); */ const char *s = \"gets(b)\";", "c") == [])
    }

    @Test func `hidden characters are found with their line`() throws {
        let bidi = try CodeFixture.findings("a = 1\nif x: # \u{202E} }\n", "python")
        #expect(bidi.map(\.rule) == ["code-bidi-control"])
        #expect(bidi.map(\.line) == [2])
        #expect(try CodeFixture.findings("p\u{0430}ssword = f()", "python").map(\.rule) == ["code-mixed-alphabet"])
    }

    @Test func `any bytes have an answer in any language`() throws {
        var seed: UInt64 = 0x5EED
        func next() -> UInt8 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: seed >> 33)
        }
        let marks = Array("\"'`{}()[]<>#/*\\$%=:;,.\n -ab1f@?!|".utf8)
        let detector = try CodeFixture.detector()
        for language in CodeLanguage.allCases {
            for round in 0..<12 {
                let text = (0..<300).map { _ in round.isMultiple(of: 3) ? next() : marks[Int(next()) % marks.count] }
                let found = try detector.findings(
                    in: ScanRequest(text: text, language: language.rawValue), ScanContext(key: .random()))
                #expect(found.allSatisfy { $0.line >= 1 && $0.span.end <= text.count })
            }
        }
    }

    @Test func `names of languages as people write them are known`() {
        let names = ["py", "C++", "c#", "TypeScript", "Shell Script", "k8s", "objective-c", "klingon"]
        #expect(names.map { CodeLanguage(name: $0) } == [.python, .cpp, .csharp, .typescript, .shell, .yaml, .c, nil])
        #expect(CodeLanguage(path: "a/Dockerfile") == .dockerfile)
        #expect(CodeLanguage(path: "a/b.tsx") == .typescript)
    }

    @Test func `a change that takes a check away is found`() throws {
        let diff = try CodeDiff(detector: CodeFixture.detector())
        func rules(_ before: String, _ after: String, _ path: String) throws -> [String] {
            try diff.findings(before: Array(before.utf8), after: Array(after.utf8), path: path).map(\.rule)
        }
        #expect(try rules("@login_required\ndef f(): pass\n", "def f(): pass\n", "app/views.py") == ["diff-authorization-removed"])
        #expect(try rules("@login_required\ndef f(): pass\n", "@login_required\ndef g(): pass\n", "app/views.py") == [])
        #expect(try rules("requests.get(u)\n", "requests.get(u, verify=False)\n", "app/a.py") == ["diff-protection-off"])
        #expect(try rules("def test_a():\n    assert f() == 1\n", "def test_a():\n    f()\n", "tests/test_a.py") == ["diff-assertions-removed"])
        #expect(
            try rules("def test_a():\n    assert f()\ndef test_b():\n    assert g()\n", "def test_a():\n    assert f()\n", "tests/test_a.py") == [
                "diff-tests-removed"
            ])
        #expect(try rules("def test_a():\n    assert f()\n", "@pytest.mark.skip\ndef test_a():\n    assert f()\n", "tests/test_a.py") == ["diff-test-skipped"])
        #expect(try rules("a: make test\n", "a: make test || true\n", "ci.yml") == ["diff-check-bypassed"])
    }

    @Test func `a finding becomes a comment in the language of the code`() {
        let finding = Finding(
            scanner: "code", rule: "r", category: "c", severity: .high, confidence: 1, line: 2, cwe: "CWE-95",
            message: "m", remedy: "F")
        func annotated(_ text: String, _ language: CodeLanguage) -> String {
            String(decoding: CodeAnnotator.annotate(Array(text.utf8), [finding], language: language), as: UTF8.self)
        }
        #expect(annotated("a\n  b\n", .python) == "a\n  # WRIT CWE-95 (high): m. F\n  b\n")
        #expect(annotated("a\nb", .rust) == "a\n// WRIT CWE-95 (high): m. F\nb")
        #expect(annotated("a\nb", .html) == "a\n<!-- WRIT CWE-95 (high): m. F -->\nb")
        #expect(annotated("{\n}", .json) == "{\n}")
        // Never inside of a string.
        #expect(annotated("x = \"\"\"\ny\n\"\"\"\n", .python) == "# WRIT CWE-95 (high): m. F\nx = \"\"\"\ny\n\"\"\"\n")
    }

    @Test func `the safety score follows its formula`() {
        func finding(_ severity: Severity, _ confidence: Double, _ rule: String) -> Finding {
            Finding(scanner: "code", rule: rule, category: "c", severity: severity, confidence: confidence, message: "m")
        }
        #expect(CodeSafetyScore([]).value == 100)
        #expect(CodeSafetyScore([finding(.high, 0.5, "a")]).value == 90)
        #expect(CodeSafetyScore([finding(.high, 1, "a"), finding(.high, 1, "a")]).value == 70)
        #expect(CodeSafetyScore((0..<9).map { finding(.critical, 1, "\($0)") }).value == 0)
    }
}
