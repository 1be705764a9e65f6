// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore

@testable import WritScan

@Suite struct CodeFlowTests {
    private func rules(_ text: String, _ language: String) throws -> Set<String> {
        Set(try CodeFixture.findings(text, language).compactMap(\.cwe))
    }

    @Test func `a weakness is where a value flows, not where a word stands`() throws {
        let rows: [(name: String, language: String, cwe: String, isFound: Bool, code: String)] = [
            (
                "a format without arguments is constant", "python", "CWE-89", false,
                "c.execute('select * from t where a = 1'.format())"
            ),
            (
                "a format with one is not", "python", "CWE-89", true,
                "def f(v):\n    c.execute('select * from t where a = {}'.format(v))"
            ),
            (
                "a constant through a builder", "go", "CWE-89", false,
                "func f() { q := fmt.Sprintf(\"select * from t where a = 1\"); db.Query(q) }"
            ),
            (
                "a constant through concat", "javascript", "CWE-89", false,
                "const q = \"SELECT * FROM t WHERE a = \".concat(\"1\"); db.query(q)"
            ),
            (
                "a bound parameter", "go", "CWE-89", false,
                "func f(r *http.Request) { db.Query(\"select * from t where a = $1\", r.FormValue(\"a\")) }"
            ),
            (
                "a fixed host", "python", "CWE-918", false,
                "requests.get(\"https://api.example.org/\" + request.args[\"p\"])"
            ),
            ("a host from outside", "python", "CWE-918", true, "requests.get(\"https://\" + request.args[\"h\"])"),
            (
                "a host that runs on", "python", "CWE-918", true,
                "requests.get(\"https://api.example.org\" + request.args[\"h\"])"
            ),
            ("a base that is configured", "javascript", "CWE-601", false, "res.redirect(config.base + req.query.next)"),
            (
                "a template that begins with one", "javascript", "CWE-601", false,
                "res.redirect(`${config.base}/x/${req.query.next}`)"
            ),
            ("a target from outside", "javascript", "CWE-601", true, "res.redirect(req.query.next)"),
            ("a path of this site", "php", "CWE-601", false, "<?php header(\"Location: /users/\" . $_GET[\"u\"]);"),
            ("a location from outside", "php", "CWE-601", true, "<?php header(\"Location: \" . $_GET[\"u\"]);"),
            (
                "a function that says it cleans", "javascript", "CWE-22", false,
                "fs.readFile(sanitizePath(req.query.f), cb)"
            ),
            (
                "a default address", "python", "CWE-939", false,
                "def f(u=\"https://example.org\"):\n    urllib.request.urlopen(u)"
            ),
            ("a list needs no shell", "python", "CWE-78", false, "subprocess.run([\"ping\", request.args[\"h\"]])"),
            (
                "a list for a shell does", "python", "CWE-78", true,
                "subprocess.run([\"sh\", \"-c\", request.args[\"h\"]])"
            ),
            (
                "a keyword is no assignment", "python", "CWE-798", false,
                "jwt.encode(p, secret_key, algorithm=\"HS256-abcdef1\")"
            ),
        ]
        for row in rows {
            #expect(try rules(row.code, row.language).contains(row.cwe) == row.isFound, "\(row.name)")
        }
    }

    @Test func `a range of addresses is wide when it reaches outside private networks`() {
        let rows: [(text: String, isWide: Bool)] = [
            ("\"0.0.0.0/0\"", true), ("[\"10.0.0.0/8\", \"0.0.0.0/0\"]", true), ("\"10.0.0.0/7\"", true),
            ("\"192.168.0.0/15\"", true), ("\"172.16.0.0/11\"", true), ("\"8.0.0.0/9\"", true), ("\"::/0\"", true),
            ("\"2000::/3\"", true), ("\"10.0.0.0/8\"", false), ("\"172.16.0.0/12\"", false),
            ("\"192.168.0.0/16\"", false), ("\"127.0.0.0/8\"", false), ("\"203.0.113.7/32\"", false),
            ("\"198.51.100.0/24\"", false), ("\"fd00::/8\"", false), ("\"fe80::/10\"", false), ("\"a/b/0\"", false),
            ("\"999.0.0.0/0\"", false), ("\"1.2.3/0\"", false), ("/", false), ("", false), ("0.0.0.0/", false),
            ("\"0.0.0.0/999999999999999999999\"", false),
        ]
        for row in rows {
            let isWide = Array(row.text.utf8).withUnsafeBytes { AddressRange.holdsWide($0) }
            #expect(isWide == row.isWide, "\(row.text)")
        }
    }

    @Test func `code that hides what it does is found in every language`() throws {
        let rows: [(language: String, code: String)] = [
            ("python", "import base64\nexec(base64.b64decode('cHJpbnQoMSk='))"),
            ("python", "import zlib, base64\np = zlib.decompress(base64.b64decode(blob))\nexec(p)"),
            ("javascript", "eval(atob('YWxlcnQoMSk='))"),
            ("javascript", "const s = atob(blob); eval(s)"),
            ("javascript", "eval(function(p,a,c,k,e,d){return p}('0 1',2,2,'a|b'.split('|'),0,{}))"),
            ("php", "<?php eval(gzinflate(base64_decode('x')));"),
            ("php", "<?php $s = base64_decode($x); eval($s);"),
            ("ruby", "eval(Base64.decode64('cHV0cyAx'))"),
            ("csharp", "class A { void F() { var b = Convert.FromBase64String(s); Assembly.Load(b); } }"),
            (
                "java",
                "class A { void f(String s) { byte[] b = Base64.getDecoder().decode(s); defineClass(null, b, 0, 1); } }"
            ),
            (
                "go",
                "package a\nfunc f(s string) {\n b, _ := base64.StdEncoding.DecodeString(s)\n exec.Command(\"sh\", string(b)) }"
            ),
            ("shell", "echo aGVsbG8= | base64 -d | sh"),
            ("shell", "powershell -nop -w hidden -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQA"),
        ]
        for row in rows {
            #expect(
                try CodeFixture.findings(row.code, row.language).contains {
                    $0.category == "obfuscation" && $0.severity == .critical
                }, "\(row.language): \(row.code)")
        }
        // Characters are looked at whatever the language.
        for language in CodeLanguage.allCases {
            let text = "a = 1 # \u{202E} \u{2066}x\u{2069}\nb\u{200B}c = 2\n"
            let found = Set(try CodeFixture.findings(text, language.rawValue).map(\.rule))
            #expect(found.isSuperset(of: ["code-bidi-control", "code-invisible-character"]), "\(language)")
        }
    }

    @Test func `a bundle beyond the limit is read up to it and says so`() throws {
        // One line of small functions, as a bundler makes it.
        let piece = Array("function a(b){return b.c(1,\"x\")};".utf8)
        var text: [UInt8] = []
        while text.count <= CodeDetector.sizeLimit { text += piece }
        // A debug build is slow: the shell reads the same bytes with the fewest rules.
        let found = try CodeFixture.detector().findings(
            in: ScanRequest(text: text, language: "other"), ScanContext(key: .random()))
        #expect(found.contains { $0.rule == "code-size-limit" })
    }
}
