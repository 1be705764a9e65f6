// SPDX-License-Identifier: Apache-2.0
internal import WritCore

/// Gives findings their lines, columns, excerpts and identities, window after window of one content.
struct Finisher {
    /// How excerpts are kept free of secrets.
    enum Redaction {
        /// The findings hold the secrets too.
        case known
        /// Nobody looked for secrets: the lines that are shown are looked at.
        case search(([UInt8]) throws -> [Finding])
    }

    let subject: Subject
    let redactor: Redaction
    var findings: [LocatedFinding] = []
    private var occurrences: [String: Int] = [:]

    init(subject: Subject, redactor: Redaction) {
        self.subject = subject
        self.redactor = redactor
    }

    private static let confidential: Set<String> = ["secrets", "pii"]

    mutating func take(
        _ found: [Finding], in bytes: [UInt8], firstLine: Int, beginsLine: Bool, base: Int = 0
    ) {
        guard !found.isEmpty else { return }
        let index = LineIndex(bytes, firstLine: firstLine)
        let secrets = found.filter { Self.confidential.contains($0.scanner) && $0.rule != "scan-limit" }.map {
            (range: $0.span.start..<min(max($0.span.start, $0.span.end), bytes.count), mark: "[\($0.rule)]")
        }.filter { !$0.range.isEmpty }.sorted { $0.range.lowerBound < $1.range.lowerBound }
        let ordered = found.sorted { ($0.line, $0.span.start, $0.rule) < ($1.line, $1.span.start, $1.rule) }
        for finding in ordered { add(finding, bytes, index, secrets, beginsLine, base) }
    }

    private mutating func add(
        _ finding: Finding, _ bytes: [UInt8], _ index: LineIndex, _ secrets: [(range: Range<Int>, mark: String)],
        _ beginsLine: Bool, _ base: Int
    ) {
        var finding = finding
        let hasSpan = finding.span.end > finding.span.start && finding.span.end <= bytes.count
        let line = hasSpan ? index.line(of: finding.span.start) : finding.line + index.line(of: 0) - 1
        let endLine = hasSpan ? index.line(of: finding.span.end - 1) : line
        let place = index.range(ofLine: line) ?? bytes.count..<bytes.count
        let span = hasSpan ? finding.span.start..<finding.span.end : place
        var hiding = secrets
        if case .search(let look) = redactor { hiding = searched(bytes, place, span, look) }
        let near = Self.near(hiding, place)
        let excerpt = place.isEmpty ? nil : Excerpt(bytes, line: place, span: span, secrets: near)

        var column: Int?
        var endColumn: Int?
        if hasSpan, beginsLine || line > index.line(of: 0), span.lowerBound - place.lowerBound <= 1 << 16 {
            column = Self.scalars(bytes, place.lowerBound..<span.lowerBound) + 1
            if endLine == line, span.count <= 1 << 16 {
                endColumn = (column ?? 1) + Self.scalars(bytes, span)
            }
        }
        let isSecret = Self.confidential.contains(finding.scanner)
        let text = Self.redacted(bytes, place, near)
        let secret = isSecret && hasSpan ? Array(bytes[span.prefix(65_536)]) : []
        let key = FindingIdentity.make(finding, path: subject.path, line: text, secret: secret, occurrence: 0)
        let occurrence = occurrences[key, default: 0]
        occurrences[key] = occurrence + 1
        let identity =
            occurrence == 0
            ? key
            : FindingIdentity.make(finding, path: subject.path, line: text, secret: secret, occurrence: occurrence)

        finding.line = number(line)
        finding.span =
            hasSpan
            ? SourceSpan(start: finding.span.start + base, end: finding.span.end + base) : finding.span
        // The keyed fingerprint belongs to this process alone.
        finding.fingerprint = nil
        findings.append(
            LocatedFinding(
                path: subject.path, commit: subject.commit, agent: subject.agent, finding: finding,
                endLine: number(endLine), column: column, endColumn: endColumn, identity: identity, excerpt: excerpt,
                suppression: nil))
    }

    /// The line's number in the file that the content was cut from.
    private func number(_ line: Int) -> Int {
        guard let numbers = subject.lineNumbers, !numbers.isEmpty else { return line }
        return numbers[min(max(0, line - 1), numbers.count - 1)]
    }

    private func searched(
        _ bytes: [UInt8], _ line: Range<Int>, _ span: Range<Int>, _ look: ([UInt8]) throws -> [Finding]
    ) -> [(range: Range<Int>, mark: String)] {
        let low = max(line.lowerBound, min(span.lowerBound, line.upperBound) - 4096)
        let high = min(line.upperBound, low + 16_384)
        do {
            return try look(Array(bytes[low..<high])).map {
                (range: low + $0.span.start..<low + $0.span.end, mark: "[\($0.rule)]")
            }
        } catch {
            // Without an answer nothing of the line is shown.
            return [(range: line, mark: "[not shown]")]
        }
    }

    /// The secrets that touch a line.
    private static func near(
        _ secrets: [(range: Range<Int>, mark: String)], _ line: Range<Int>
    ) -> [(range: Range<Int>, mark: String)] {
        secrets.filter { $0.range.overlaps(line) }
    }

    private static func redacted(
        _ bytes: [UInt8], _ line: Range<Int>, _ secrets: [(range: Range<Int>, mark: String)]
    ) -> [UInt8] {
        let line = line.lowerBound..<min(line.upperBound, line.lowerBound + 8192)
        var out: [UInt8] = []
        var at = line.lowerBound
        for secret in secrets {
            if secret.range.lowerBound > at { out += bytes[at..<min(secret.range.lowerBound, line.upperBound)] }
            out += secret.mark.utf8
            at = max(at, min(secret.range.upperBound, line.upperBound))
            if at >= line.upperBound { return out }
        }
        return out + bytes[at..<line.upperBound]
    }

    private static func scalars(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
        bytes[range].reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    }
}
