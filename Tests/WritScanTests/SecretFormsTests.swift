// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritTestSupport

@testable import WritScan

/// Shared by the suites: building it once keeps the tests quick.
let sharedDetector: SecretDetector = {
    do {
        return try SecretDetector(rules: .builtIn())
    } catch {
        fatalError("built-in rules do not load: \(error)")
    }
}()

/// A made-up GitHub token with a right checksum.
let sampleToken = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2" + "02oJ3j"

func rules(in text: String, path: String? = nil) throws -> [String] {
    try sharedDetector.findings(in: ScanRequest(text, path: path), ScanContext(key: .random())).map(\.rule)
}

@Suite struct SecretFormsTests {
    static func base64(_ text: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var out = ""
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let group = Array(bytes.prefix(3))
            bytes = bytes.dropFirst(3)
            let value =
                Int(group[0]) << 16 | Int(group.count > 1 ? group[1] : 0) << 8 | Int(group.count > 2 ? group[2] : 0)
            for i in 0..<4 { out.append(i <= group.count ? alphabet[value >> (18 - 6 * i) & 63] : "=") }
        }
        return out
    }

    @Test(arguments: ["", "x", "to", "key is "])
    func `a token in base64 is found at every alignment`(lead: String) throws {
        let text = "payload: \(Self.base64(lead + " token=" + sampleToken + " end of it"))"
        #expect(try rules(in: text) == ["github-pat"])
    }

    @Test func `a token in hexadecimal, in escapes and in parts is found`() throws {
        let hex = Hex.text(Array("t \(sampleToken) end".utf8))
        #expect(try rules(in: "blob \(hex)") == ["github-pat"])
        #expect(try rules(in: #"{"text":"GH=\u0022"# + sampleToken + #"\u0022"}"#) == ["github-pat"])
        #expect(try rules(in: "https://acme.dev/?next=%3Ftoken%3D" + sampleToken) == ["github-pat"])
        let (left, right) = (sampleToken.prefix(14), sampleToken.dropFirst(14))
        #expect(try rules(in: "t = \"\(left)\" + \"\(right)\"") == ["github-pat"])
        #expect(try rules(in: "t = (\"\(left)\"\n     \"\(right)\")") == ["github-pat"])
        #expect(try rules(in: "t = '\(left)' +\n    '\(right)';") == ["github-pat"])
    }

    @Test func `a token in UTF-16 is found where it stands`() throws {
        let text = "password file\n" + sampleToken + "\n"
        for bigEndian in [false, true] {
            var bytes: [UInt8] = bigEndian ? [0xFE, 0xFF] : [0xFF, 0xFE]
            for unit in text.utf16 {
                let pair = [UInt8(unit & 0xFF), UInt8(unit >> 8)]
                bytes += bigEndian ? pair.reversed() : pair
            }
            let findings = try sharedDetector.findings(in: ScanRequest(text: bytes), ScanContext(key: .random()))
            #expect(findings.map(\.rule) == ["github-pat"])
            #expect(findings.map(\.span) == [SourceSpan(start: 2 + 28, end: 2 + 28 + 80)])
        }
    }

    @Test func `the environment comes from the form, the name, the host or the path`() throws {
        func environment(_ text: String, path: String? = nil) throws -> [String?] {
            try sharedDetector.findings(in: ScanRequest(text, path: path), ScanContext(key: .random())).map(
                \.environment)
        }
        let body = "aB3dE5gH7jK9mN1pQ3sT5vW7"
        #expect(try environment("sk_" + "live_" + body) == ["production"])
        #expect(try environment("sk_" + "test_" + body) == ["development"])
        #expect(try environment("PROD_API_KEY=" + body) == ["production"])
        #expect(try environment("API_KEY=" + body) == [nil])
        #expect(try environment("API_KEY=" + body, path: "config/.env.staging") == ["development"])
        #expect(try environment("postgres://svc:" + body + "@localhost/app") == ["development"])
    }

    @Test func `a checksum tells a real token from one that only looks like it`() throws {
        func confidence(_ token: String) throws -> [Double] {
            try sharedDetector.findings(in: ScanRequest(token), ScanContext(key: .random())).map(\.confidence)
        }
        let body = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2"
        var sum = CRC32.checksum(Array(body.utf8))
        let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        var check = ""
        for _ in 0..<6 {
            check = String(digits[Int(sum % 62)]) + check
            sum /= 62
        }
        #expect(try confidence("ghp_" + body + check) == [0.99])
        #expect(try confidence("ghp_" + body + "000000") == [0.75])
    }

    @Test func `the bulk matcher finds what the index finds`() throws {
        let detector = try SecretDetector(rules: .builtIn(), bulkThreshold: 1)
        let key = FingerprintKey(bytes: Array(0..<32))
        var text: [UInt8] = []
        for rule in detector.rules.rules {
            for example in rule.matches + rule.noMatches { text += ExampleText.expand(example) + [0x0A, 0x0A] }
        }
        let context = ScanContext(key: key)
        let slow = try detector.findings(in: ScanRequest(text: text), context)
        let form = try detector.prepareForBulk(cached: nil, key: key)
        let fast = try detector.findings(in: ScanRequest(text: text), context)
        #expect(slow == fast)
        #expect(slow.count > 300)

        // The stored form serves; one flipped bit anywhere, or another key, and it is made anew.
        #expect(try detector.prepareForBulk(cached: form, key: key).isEmpty)
        for at in [0, 31, 32, form.count / 2, form.count - 1] {
            var broken = form
            broken[at] ^= 1
            #expect(try !detector.prepareForBulk(cached: broken, key: key).isEmpty)
        }
        #expect(try !detector.prepareForBulk(cached: form, key: .random()).isEmpty)
        #expect(try detector.findings(in: ScanRequest(text: text), context) == slow)
    }
}

@Suite struct SecretStreamTests {
    @Test func `however the stream is cut, the findings are those of the whole`() throws {
        let seed: UInt64 = 7
        var generator = SeededGenerator(seed: seed)
        var text = Array(repeating: UInt8(ascii: "a"), count: 0)
        // Filler lines, with a token near each seam of the blocks.
        let line = Array("2026-01-02 03:04:05 INFO request served in 12 ms\n".utf8)
        while text.count < 2_300_000 {
            text += line
            if text.count % 40_000 < line.count { text += Array("deploy used \(sampleToken)\n".utf8) }
        }
        let context = ScanContext(key: FingerprintKey(bytes: Array(0..<32)))
        let whole = try sharedDetector.findings(in: ScanRequest(text: text), context)
        #expect(whole.count > 40)
        var stream = SecretStream(detector: sharedDetector, context: context)
        var findings: [Finding] = []
        var at = 0
        while at < text.count {
            let end = min(text.count, at + Int.random(in: 1...200_000, using: &generator))
            findings += try stream.append(Array(text[at..<end]))
            at = end
        }
        findings += try stream.finish()
        #expect(findings == whole, "seed \(seed)")
    }

    @Test func `past the limit there is a finding that says so`() throws {
        let text = Array(repeating: "key " + sampleToken + "\n", count: 50).joined()
        let context = ScanContext(key: .random(), findingLimit: 10)
        let findings = try sharedDetector.findings(in: ScanRequest(text), context)
        #expect(findings.map(\.rule) == Array(repeating: "github-pat", count: 10) + ["scan-limit"])
        var stream = SecretStream(detector: sharedDetector, context: context)
        let streamed = try stream.append(Array(text.utf8)) + stream.finish()
        #expect(streamed.map(\.rule) == findings.map(\.rule))
    }

    @Test func `random bytes and broken encodings are scanned to the end`() throws {
        var generator = SeededGenerator(seed: 11)
        let context = ScanContext(key: .random())
        for round in 0..<200 {
            var bytes = (0..<Int.random(in: 0...600, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            if round.isMultiple(of: 2) {
                // Fragments that make the readers start.
                for part in [
                    "-----BEGIN RSA PRIVATE KEY-----\\n", "password=\"", "://a:", "eyJ", "\" + \"", "%3A%2F%2F", "'\n'",
                    "key: '",
                ] {
                    bytes.insert(contentsOf: part.utf8, at: Int.random(in: 0...bytes.count, using: &generator))
                }
            }
            for finding in try sharedDetector.findings(in: ScanRequest(text: bytes), context) {
                #expect(
                    finding.span.start >= 0 && finding.span.start < finding.span.end && finding.span.end <= bytes.count)
            }
        }
        let last =
            (0..<5_000).map { _ in UInt8.random(in: 128...255, using: &generator) } + Array((" " + sampleToken).utf8)
        #expect(try sharedDetector.findings(in: ScanRequest(text: last), context).map(\.rule) == ["github-pat"])
    }
}

@Suite struct RedactorTests {
    @Test func `a secret becomes a typed placeholder, the same for every copy`() throws {
        let key = FingerprintKey(bytes: Array(repeating: 7, count: 32))
        let text = #"{"auth":"# + "\"\(sampleToken)\"" + #","again":"x\#(sampleToken)y"}"#
        let findings = try sharedDetector.findings(in: ScanRequest(text), ScanContext(key: key))
        let mark = "[writ:github-pat:\(key.fingerprint(of: Array(sampleToken.utf8)).prefix(12))]"
        #expect(try Redactor.redact(text, findings) == #"{"auth":""# + mark + #"","again":"x"# + mark + #"y"}"#)
        #expect(findings.allSatisfy { !$0.message.contains(sampleToken) && !$0.remedy.contains(sampleToken) })
    }

    @Test func `findings outside the text change nothing`() throws {
        let stray = Finding(
            scanner: "secrets", rule: "x", category: "y", severity: .low, confidence: 1,
            span: SourceSpan(start: 5, end: 99),
            message: "")
        #expect(try Redactor.redact("abc", [stray]) == "abc")
    }
}

@Suite struct PersonalDataTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let text: String, kinds: [String]
        var testDescription: String { text }
        init(_ text: String, _ kinds: String...) {
            self.text = text
            self.kinds = kinds
        }
    }

    @Test(arguments: [
        Sample("write to ada.lovelace@acme.dev, please", "email"),
        Sample("git@git.acme.dev:x and icon@2x.png and a@example.com"),
        Sample("card 4539 5787 6362 1486 exp", "payment-card"), Sample("card 4539 5787 6362 1487 exp"),
        Sample("DE89 3704 0044 0532 0130 00", "iban"), Sample("DE88 3704 0044 0532 0130 00"),
        Sample("ssn 536-90-4399", "us-ssn"), Sample("ssn 000-12-3456, 666-12-3456, 123-45-6789"),
        Sample("dni 12345678Z", "es-dni"), Sample("dni 12345678A"), Sample("nie X1234567L", "es-dni"),
        Sample("cf RSSMRA85T10A562S", "it-codice-fiscale"), Sample("cf RSSMRA85T10A562T"),
        Sample("cpf 529.982.247-25", "br-cpf"), Sample("cpf 529.982.247-26"),
        Sample("aadhaar 2341 2341 2346", "in-aadhaar"), Sample("aadhaar 2341 2341 2347"),
        Sample("sin 046-454-286"), Sample("sin 130-692-544", "ca-sin"),
        Sample("call +44 20 7946 0958 now", "phone"), Sample("call (212) 664-7665 now", "phone"),
        Sample("version 1.2.3.4, 2026-01-02T03:04:05, id 1234567890123"),
        Sample("nino QQ 12 34 56 C"), Sample("nino AB 12 34 56 C", "uk-nino"),
    ])
    func `numbers count only where their own rules hold`(sample: Sample) {
        let findings = PersonalDataDetector().findings(in: ScanRequest(sample.text), ScanContext(key: .random()))
        #expect(findings.map(\.rule) == sample.kinds)
    }
}
