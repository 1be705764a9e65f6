// SPDX-License-Identifier: Apache-2.0

/// Tells production credentials from those of development by what stands around them.
enum EnvironmentHint {
    private static let production: Set<String> = ["prod", "production", "live", "prd"]
    private static let development: Set<String> = [
        "dev", "develop", "development", "test", "tests", "testing", "staging", "stage", "sandbox", "local", "localhost",
        "demo", "qa", "uat", "ci", "mock", "fixture", "fixtures", "example", "examples", "sample", "spec",
    ]

    /// From the secret's own prefix and the 64 bytes of its line before it.
    static func around(_ near: Int, _ range: Range<Int>, in bytes: UnsafeRawBufferPointer) -> String? {
        var start = min(near, range.lowerBound)
        let limit = max(0, start - 64)
        while start > limit, bytes.byte(start - 1) != 0x0A { start -= 1 }
        // Only the head of the secret: `sk_live_`, not letters that happen to read `dev`.
        let head = min(range.upperBound, range.lowerBound + 10)
        return of(Array(bytes.part(start..<head)))
    }

    /// From a path's segments: `config/production.yml`, `.env.test`.
    static func ofPath(_ path: String?) -> String? {
        guard let path else { return nil }
        return of(Array(path.utf8.suffix(512)))
    }

    private static func of(_ text: [UInt8]) -> String? {
        var hint: String?
        ValueShape.forEachWord(text) { word in
            guard word.count <= 11 else { return }
            let lower = String(decoding: word.map(\.lowercased), as: UTF8.self)
            if production.contains(lower) { hint = "production" } else if development.contains(lower) { hint = "development" }
        }
        return hint
    }
}
