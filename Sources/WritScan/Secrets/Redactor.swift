// SPDX-License-Identifier: Apache-2.0
public import WritCore
internal import WritPattern

/// Replaces what was found by typed, stable placeholders: `[writ:github-pat:1a2b3c4d5e6f]`.
///
/// The same secret has the same placeholder wherever it is found (under the same key), so that redacted logs can still
/// be compared. A placeholder has only letters, digits, `-`, `:`, `_` and brackets: it fits inside a JSON string, a URL
/// or a shell word without escapes, and replacing a whole value inside a JSON string leaves valid JSON.
public enum Redactor {
    /// The placeholder for a finding.
    public static func placeholder(for finding: Finding) -> String {
        let rule = String(
            decoding: finding.rule.utf8.prefix(64).map { $0.isWord || $0 == 0x2D ? $0 : 0x5F }, as: UTF8.self)
        guard let fingerprint = finding.fingerprint else { return "[writ:\(rule)]" }
        return "[writ:\(rule):\(fingerprint.prefix(12))]"
    }

    /// The text without what the findings point at, and without any other copy of it that is at least 8 bytes long:
    /// a token that was recognised once beside its name may stand elsewhere alone.
    ///
    /// Findings that do not point into the text change nothing. Overlapping ones become one placeholder, the first's.
    public static func redact(_ text: [UInt8], _ findings: [Finding]) throws -> [UInt8] {
        var places: [(range: Range<Int>, mark: String)] = []
        var copies: [[UInt8]: String] = [:]
        for finding in findings where finding.rule != "scan-limit" {
            let (start, end) = (finding.span.start, finding.span.end)
            guard start >= 0, end <= text.count, start < end else { continue }
            let mark = placeholder(for: finding)
            places.append((start..<end, mark))
            if end - start >= 8, end - start <= 4096 { copies[Array(text[start..<end])] = mark }
        }
        if !copies.isEmpty, copies.count <= 1_000, copies.keys.reduce(0, { $0 + $1.count }) < 60_000 {
            let secrets = copies.keys.sorted { $0.lexicographicallyPrecedes($1) }
            let index = try KeywordIndex(secrets)
            text.withUnsafeBytes { bytes in
                index.forEachHit(in: bytes) { id, end in
                    let secret = secrets[id]
                    let start = end - secret.count
                    // The index takes either case; a secret has one.
                    guard bytes[start..<end].elementsEqual(secret), let mark = copies[secret] else { return }
                    places.append((start..<end, mark))
                }
            }
        }
        places.sort { ($0.range.lowerBound, -$0.range.upperBound) < ($1.range.lowerBound, -$1.range.upperBound) }
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var at = 0
        for place in places {
            if place.range.upperBound <= at { continue }
            if place.range.lowerBound >= at {
                out += text[at..<place.range.lowerBound]
                out += place.mark.utf8
            }
            at = place.range.upperBound
        }
        out += text[at...]
        return out
    }

    /// The same for text.
    public static func redact(_ text: String, _ findings: [Finding]) throws -> String {
        String(decoding: try redact(Array(text.utf8), findings), as: UTF8.self)
    }
}
