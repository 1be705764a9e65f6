// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// Scans content of any length with bounded memory: a log of gigabytes, a response that is still arriving.
///
/// It holds at most ``blockLength`` plus ``overlap`` bytes. However the content is cut into chunks, the findings are
/// those of the whole, for credentials up to ``overlap`` bytes long (the longest form known, a PEM block, has 32 KiB).
public struct SecretStream: Sendable {
    /// Bytes that are scanned at once.
    public static let blockLength = 1 << 20
    /// Bytes that are scanned again with the next block, so that nothing hides on a seam.
    public static let overlap = 64 << 10
    /// Bytes before the seam that stay for context.
    private static let lookBehind = 8 << 10

    private let detector: SecretDetector
    private let context: ScanContext
    private let path: String?
    private var buffer: [UInt8] = []
    /// Offset of `buffer` in the whole, and the line it begins on.
    private var base = 0
    private var line = 1
    /// Everything that starts before this offset was reported.
    private var reported = 0
    private var count = 0

    /// Starts a stream.
    public init(detector: SecretDetector, path: String? = nil, context: ScanContext) {
        self.detector = detector
        self.context = context
        self.path = path
    }

    /// Takes the next bytes, and returns what can be said already; spans count from the stream's start.
    public mutating func append(_ chunk: [UInt8]) throws -> [Finding] {
        var findings: [Finding] = []
        var at = 0
        while at < chunk.count {
            let take = min(chunk.count - at, Self.blockLength + Self.overlap - buffer.count)
            buffer += chunk[at..<(at + take)]
            at += take
            if buffer.count >= Self.blockLength + Self.overlap {
                findings += try scan(upTo: buffer.count - Self.overlap)
                let drop = buffer.count - Self.overlap - Self.lookBehind
                for byte in buffer[..<drop] where byte == 0x0A { line += 1 }
                buffer.removeFirst(drop)
                base += drop
            }
        }
        return findings
    }

    /// Ends the stream, and returns the rest.
    public mutating func finish() throws -> [Finding] {
        let findings = try scan(upTo: buffer.count)
        buffer = []
        return findings
    }

    private mutating func scan(upTo end: Int) throws -> [Finding] {
        let seam = base + end
        defer { reported = seam }
        guard count <= context.findingLimit else { return [] }
        var findings: [Finding] = []
        let (base, line, reported) = (base, line, reported)
        try buffer.withUnsafeBytes { bytes in
            var lines = LineCounter(firstLine: line)
            let found = try detector.candidates(in: bytes, path: path, depth: 0, limit: context.findingLimit)
            for candidate in found {
                let start = base + candidate.range.lowerBound
                guard start >= reported, start < seam else { continue }
                count += 1
                let place = lines.line(of: candidate.range.lowerBound, in: bytes)
                if count > context.findingLimit {
                    findings.append(
                        SecretDetector.limitFinding(
                            at: start..<start, line: place,
                            "More than \(context.findingLimit) credentials: the rest of the stream was not listed."))
                    break
                }
                var finding = detector.finding(candidate, line: place, path: path, context)
                finding.span = SourceSpan(start: start, end: base + candidate.range.upperBound)
                findings.append(finding)
            }
            if found.wasCut, count <= context.findingLimit {
                count = context.findingLimit + 1
                findings.append(
                    SecretDetector.limitFinding(
                        at: seam..<seam, line: lines.line(of: end, in: bytes),
                        "More credentials than one block may hold: the rest of the stream was not listed."))
            }
        }
        return findings
    }
}
