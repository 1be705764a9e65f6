// SPDX-License-Identifier: Apache-2.0
public import WritCore

extension ScanReport {
    /// The report for programs: format 1, described in `docs/scan.md`.
    public func json(version: String, failOn: Severity) -> JSON {
        var levels: [JSON.Member] = []
        for level in Severity.allCases.reversed() {
            levels.append(.init(level.name, .integer(Int64(counts.first { $0.severity == level }?.count ?? 0))))
        }
        return .object([
            .init("format", 1), .init("writ", .string(version)), .init("scanned", .string(subject)),
            .init("exit_code", .integer(Int64(exitCode(failOn: failOn)))), .init("fail_on", .string(failOn.name)),
            .init("findings", .array(findings.map(Self.json))),
            .init("suppressed", .array(suppressed.map(Self.json))),
            .init("review", .array(review.map(Self.json))),
            .init("notes", .array(notes.map(Self.json))),
            .init(
                "summary",
                .object([
                    .init("items", .integer(Int64(files))), .init("bytes", .integer(Int64(bytes))),
                    .init("cached", .integer(Int64(cached))), .init("milliseconds", .integer(Int64(milliseconds))),
                    .init("findings", .integer(Int64(findingCount))), .init("by_severity", .object(levels)),
                    .init("complete", .bool(!isIncomplete)),
                ])),
        ])
    }

    static func json(_ found: LocatedFinding) -> JSON {
        let finding = found.finding
        var members: [JSON.Member] = [
            .init("path", .string(found.path)), .init("line", .integer(Int64(finding.line))),
            .init("end_line", .integer(Int64(found.endLine))),
        ]
        func add(_ key: String, _ value: JSON?) {
            if let value { members.append(.init(key, value)) }
        }
        add("column", found.column.map { .integer(Int64($0)) })
        add("end_column", found.endColumn.map { .integer(Int64($0)) })
        if finding.span.end > finding.span.start {
            add("start", .integer(Int64(finding.span.start)))
            add("end", .integer(Int64(finding.span.end)))
        }
        add("commit", found.commit.map { .string($0) })
        add("agent", found.agent.map { .string($0) })
        members += [
            .init("scanner", .string(finding.scanner)), .init("rule", .string(finding.rule)),
            .init("category", .string(finding.category)), .init("severity", .string(finding.severity.name)),
            .init("confidence", .number((finding.confidence * 1000).rounded() / 1000)),
            .init("message", .string(finding.message)),
        ]
        add("remedy", finding.remedy.isEmpty ? nil : .string(finding.remedy))
        add("cwe", finding.cwe.map { .string($0) })
        add("environment", finding.environment.map { .string($0) })
        add("fingerprint", .string(found.identity))
        add("excerpt", found.excerpt.map { .string($0.text) })
        if let suppression = found.suppression {
            add(
                "suppression",
                ["reason": .string(suppression.reason), "expires": .string(suppression.expires.description)])
        }
        return .object(members)
    }

    private static func json(_ item: ReviewItem) -> JSON {
        var members: [JSON.Member] = [
            .init("path", .string(item.path)), .init("line", .integer(Int64(item.line))),
            .init("area", .string(item.area)), .init("reason", .string(item.reason)),
        ]
        if let commit = item.commit { members.append(.init("commit", .string(commit))) }
        return .object(members)
    }

    private static func json(_ note: Note) -> JSON {
        var members: [JSON.Member] = [.init("kind", .string(note.kind.rawValue))]
        if let path = note.path { members.append(.init("path", .string(path))) }
        members.append(.init("message", .string(note.message)))
        if note.count != 1 { members.append(.init("count", .integer(Int64(note.count)))) }
        return .object(members)
    }
}
