// SPDX-License-Identifier: Apache-2.0
import Testing
import WritCore
import WritInspect
import WritScan
import WritTestSupport

/// Made here, so that no scanner of this repository finds a secret in it.
enum Sample {
    static func token(_ seed: UInt64) -> String {
        var random = SeededGenerator(seed: seed)
        let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
        return "gl" + "pat-" + String((0..<20).map { _ in letters.randomElement(using: &random) ?? "x" })
    }
}

/// Content that arrives in pieces of one size.
struct Pieces: ByteSource {
    var bytes: ArraySlice<UInt8>
    var size: Int

    mutating func read(_ most: Int) -> [UInt8] {
        let part = bytes.prefix(min(most, size))
        bytes = bytes.dropFirst(part.count)
        return Array(part)
    }
}

@Suite struct InspectorTests {
    private let inspector = Inspector(detectors: DetectorSet([.secrets]))

    private func places(_ text: [UInt8], size: Int = 1 << 30) throws -> [String] {
        try inspector.inspect(Subject(path: "f"), Pieces(bytes: text[...], size: size)).findings.map {
            "\($0.finding.rule)@\($0.finding.line):\($0.column ?? 0) \($0.finding.span.start)"
        }
    }

    @Test func `a large file gives what a small one gives, wherever windows end`() throws {
        let block = WindowReader<BytesInMemory>.block
        var text: [UInt8] = []
        var expected: [String] = []
        var line = 1
        // Around every seam, at many distances.
        for (number, place) in [100, block - 30, block + 5, 2 * block - 3, 3 * block - 70_000, 3 * block + 40].enumerated() {
            while text.count < place {
                text += Array("nothing to see here but words\n".utf8)
                line += 1
            }
            let secret = Array("  t = \"\(Sample.token(UInt64(number)))\"\n".utf8)
            expected.append("gitlab-pat@\(line):8 \(text.count + 7)")
            text += secret
            line += 1
        }
        let whole = try places(text)
        #expect(whole == expected)
        #expect(try places(text, size: 4_093) == expected)
        #expect(try places(text, size: 1 << 20) == expected)
    }

    @Test func `one line of many megabytes is read to its end`() throws {
        var text = [UInt8](repeating: UInt8(ascii: "a"), count: 3_500_000)
        text += Array(" \(Sample.token(3)) ".utf8)
        let found = try inspector.inspect(Subject(path: "f"), BytesInMemory(text)).findings
        #expect(found.map { [$0.finding.line, $0.finding.span.start] } == [[1, 3_500_001]])
        #expect(found.first?.column == nil)
        #expect((found.first?.excerpt?.text.count ?? 999) < 400)
    }

    @Test func `text in UTF-16 and UTF-32 is read like any other`() throws {
        let text = "first\ntoken = \(Sample.token(4))\n"
        var expected: [Int]?
        for (width, isLittle, hasMark) in [(2, true, true), (2, false, true), (4, true, true), (4, false, true), (2, true, false)] {
            var bytes: [UInt8] = []
            for unit in (hasMark ? [0xFEFF] : []) + text.unicodeScalars.map(\.value) {
                let parts = (0..<width).map { UInt8(truncatingIfNeeded: unit >> (8 * UInt32($0))) }
                bytes += isLittle ? parts : parts.reversed()
            }
            let found = try inspector.inspect(Subject(path: "f"), BytesInMemory(bytes)).findings
            let lines = found.map(\.finding.line)
            expected = expected ?? lines
            #expect(lines == [2], "\(width) \(isLittle)")
        }
    }

    @Test func `bytes that are no text are read for secrets, and that is said`() throws {
        let secret = Array(" \(Sample.token(5)) ".utf8)
        let cases: [([UInt8], Note.Kind)] = [
            ([0x7F, 0x45, 0x4C, 0x46, 0, 1, 2, 3] + secret, .binary),
            ([0x50, 0x4B, 0x03, 0x04, 0, 0] + secret, .container), ([0x25, 0x50, 0x44, 0x46, 0x2D] + secret, .container),
        ]
        for (bytes, kind) in cases {
            let result = try inspector.inspect(Subject(path: "f"), BytesInMemory(bytes))
            #expect(result.findings.count == 1)
            #expect(result.notes.map(\.kind) == [kind])
        }
    }

    @Test func `invalid encodings of every kind neither stop a scan nor hide what follows`() throws {
        let all = Inspector(detectors: DetectorSet(DetectorSet.usual.union([.personalData])))
        let broken: [[UInt8]] = [
            [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF, 0x41], [0xE2, 0x82], [0x80, 0x80, 0x80],
            [0xF0, 0x9F, 0x98],
        ]
        for bytes in broken {
            let text = Array("a\n".utf8) + bytes + Array("\nk = \(Sample.token(6))\n".utf8) + bytes
            let found = try all.inspect(Subject(path: "f.py"), BytesInMemory(text)).findings
            #expect(found.contains { $0.finding.rule == "gitlab-pat" }, "\(bytes)")
            for one in found {
                #expect(one.excerpt?.text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0xFFFD } ?? true)
            }
        }
    }

    @Test func `an excerpt shows what is invisible and hides what is secret`() throws {
        let token = Sample.token(7)
        let text = "x\u{200B}y\u{1B}[31m\u{202E} key = \"\(token)\" # \u{E0041}"
        let found = try inspector.inspect(Subject(path: "f"), BytesInMemory(Array(text.utf8))).findings
        #expect(
            found.map(\.excerpt?.text) == [
                "x\\u{200B}y\\u{1B}[31m\\u{202E} key = \"[gitlab-pat]\" # \\u{E0041}"
            ])
        let marked = found.first?.excerpt.map { String(Array($0.text)[$0.mark]) }
        #expect(marked == "[gitlab-pat]")
    }

    @Test func `no excerpt shows a secret that nobody looked for`() throws {
        let code = Inspector(detectors: DetectorSet([.code]))
        let token = Sample.token(8)
        let text = "import os\nos.system('curl -H token:\(token) ' + input())\n"
        let found = try code.inspect(Subject(path: "f.py"), BytesInMemory(Array(text.utf8))).findings
        #expect(!found.isEmpty)
        #expect(found.allSatisfy { $0.excerpt?.text.contains(token) == false })
    }

    @Test func `an identity outlives moving and indenting, and no other change`() throws {
        func identity(_ text: String, path: String = "f") throws -> [String] {
            try inspector.inspect(Subject(path: path), BytesInMemory(Array(text.utf8))).findings.map(\.identity)
        }
        let line = "key = \(Sample.token(9))"
        let first = try identity(line)
        #expect(first.count == 1)
        #expect(try identity("\n\n\n    \(line)\n\n") == first)
        #expect(try identity("key = \(Sample.token(10))") != first)
        #expect(try identity("other = \(Sample.token(9))") != first)
        #expect(try identity(line, path: "g") != first)
        let twice = try identity("\(line)\n\(line)\n")
        #expect(twice.first == first.first && Set(twice).count == 2)
    }

    @Test func `of a change, only what it adds counts`() throws {
        let old = "a = \(Sample.token(11))\nb = 1\n"
        let new = "a = \(Sample.token(11))\nb = \(Sample.token(12))\n"
        let change = Change(kind: .changed, previous: [Array(old.utf8)])
        let found = try inspector.inspect(Subject(path: "f"), change: change, Array(new.utf8)).findings
        #expect(found.map(\.finding.line) == [2])
        let added = try inspector.inspect(
            Subject(path: "f"), change: Change(kind: .added, previous: []), Array(new.utf8))
        #expect(added.findings.map(\.finding.line) == [1, 2])
    }

    @Test func `what a change takes away counts, and what that makes of old lines`() throws {
        let code = Inspector(detectors: DetectorSet([.code]))
        let old =
            "from flask import request\nimport shlex, os\n\n@login_required\ndef f():\n    a = request.args['a']\n    a = shlex.quote(a)\n    os.system('ls ' + a)\n"
        let new = old.replacing("    a = shlex.quote(a)\n", with: "").replacing("@login_required\n", with: "")
        let change = Change(kind: .changed, previous: [Array(old.utf8)])
        let rules = try code.inspect(Subject(path: "f.py"), change: change, Array(new.utf8)).findings.map(\.finding.rule)
        #expect(rules.contains("diff-authorization-removed"), "\(rules)")
        #expect(rules.contains("diff-validation-removed"), "\(rules)")
        #expect(rules.contains { !$0.hasPrefix("diff-") }, "\(rules)")
    }

    @Test func `a byte order mark over eight-bit text hides nothing`() {
        let text = Array("password = 'what follows is plain'".utf8)
        for mark: [UInt8] in [[0xFF, 0xFE], [0xFE, 0xFF], [0xFF, 0xFE, 0xFF]] {
            #expect(ContentKind(mark + text) == .text)
        }
        #expect(ContentKind([0xFF, 0xFE] + text.flatMap { [$0, 0] }) == .wide(width: 2, isLittleEndian: true))
        let greek = Array("κωδικός πρόσβασης".utf16).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        #expect(ContentKind([0xFF, 0xFE] + greek) == .wide(width: 2, isLittleEndian: true))
    }
}
